//! The ports of `platform` on Win32 and COM. Together with the loader this is the only product code that calls the
//! operating system and the only place for `unsafe`; decisions, texts for clients and folding of trees live elsewhere.
#![cfg(windows)]

mod apps;
mod automation;
mod clipboard;
mod helper;
mod identity;
mod input;
mod registry;
mod screen;
mod security;
mod session;
mod system;
mod toplevel;
mod tree;

/// Runs this process as a worker of the UI Automation reader, until its standard input ends.
pub use automation::run_worker as run_automation_worker;

use portcullis_platform::Ports;
use std::sync::Arc;

/// The ports of this machine. Also makes the process aware of each monitor's DPI, so that every rectangle is in
/// physical pixels; call it once, before any window or display is asked about.
pub fn ports() -> Ports {
    identity::become_dpi_aware();
    Ports {
        apps: Arc::new(apps::Win32Apps),
        clipboard: Arc::new(clipboard::Win32Clipboard),
        input: Arc::new(input::Win32Input::default()),
        screen: Arc::new(screen::Win32Screen::default()),
        session: Arc::new(session::Win32Session),
        system: Arc::new(system::Win32System::default()),
        tree: Arc::new(automation::Readers::default()),
        windows: Arc::new(toplevel::Win32Windows),
    }
}
