//! The ports of `platform` on Win32 and COM. Together with the loader this is the only product code that calls the
//! operating system and the only place for `unsafe`; decisions, texts for clients and folding of trees live elsewhere.
#![cfg(windows)]

mod apps;
mod automation;
mod clipboard;
mod events;
mod files;
mod helper;
mod host;
mod identity;
mod input;
mod job;
mod keys;
mod network;
mod notice;
mod ocr;
mod owner;
mod processes;
mod registry;
mod scheduled;
mod screen;
mod security;
mod services;
mod session;
mod shell;
mod sound;
mod start;
mod system;
mod toplevel;
mod tree;
mod trust;
mod wpf;

/// Runs this process as a worker of the UI Automation reader, until its standard input ends.
pub use automation::run_worker as run_automation_worker;

/// Runs a shell for a server that started this process; gives the code to end with.
pub use shell::run_console_worker;

pub use host::Win32Host;
pub use start::OwnWorker;
pub use system::{own_folder, search_system_folder_alone};
pub use trust::{AccessLists, program_data};

use portcullis_platform::{LoaderPort, OwnRights, OwnerPorts, PortResult, Ports};
use std::sync::Arc;

/// The ports of this machine. Rectangles are in physical pixels where the program's manifest says that it is aware of each
/// monitor's DPI. What loads an inspector is another crate's.
pub fn ports(loader: Arc<dyn LoaderPort>) -> Ports {
    let processes = Arc::new(processes::Win32Processes::default());
    Ports {
        apps: Arc::new(apps::Win32Apps),
        clipboard: Arc::new(clipboard::Win32Clipboard),
        events: Arc::new(events::Win32Events),
        files: Arc::new(files::Win32Files),
        input: Arc::new(input::Win32Input::default()),
        loader,
        network: Arc::new(network::Win32Network),
        notices: Arc::new(notice::Win32Notices::default()),
        ocr: Arc::new(ocr::Win32Ocr::default()),
        processes: processes.clone(),
        registry: Arc::new(keys::Win32Registry),
        scheduled: Arc::new(scheduled::Win32Tasks),
        screen: Arc::new(screen::Win32Screen::default()),
        services: Arc::new(services::Win32Services::new(processes)),
        session: Arc::new(session::Win32Session),
        shell: Arc::new(shell::Win32Shell),
        sound: Arc::new(sound::Win32Sound),
        system: Arc::new(system::Win32System::default()),
        tree: Arc::new(automation::Readers::default()),
        windows: Arc::new(toplevel::Win32Windows),
        wpf: Arc::new(wpf::Win32Wpf),
    }
}

/// What the owner has to this session: the stop signal, the stop key and the log of events.
pub fn owner_ports() -> PortResult<OwnerPorts> {
    Ok(OwnerPorts {
        stop: Arc::new(owner::StopEvent::open()?),
        key: Arc::new(owner::Win32StopKey),
        events: Arc::new(owner::Win32EventLog),
    })
}

/// With which rights this process was started.
pub fn own_rights() -> PortResult<OwnRights> {
    owner::own_rights()
}

/// Makes a new secret for WPF applications that open themselves, and says where it is kept.
pub fn rotate_sdk_secret() -> PortResult<std::path::PathBuf> {
    wpf::rotate_sdk_secret()
}
