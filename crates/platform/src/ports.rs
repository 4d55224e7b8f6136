//! All ports of one machine, as the gate hands them to tools.

use crate::{
    AppPort, ClipboardPort, EventsPort, FilePort, InputPort, LoaderPort, NetworkPort, NoticePort, OcrPort, ProcessPort,
    RegistryPort, ScheduledTasksPort, ScreenPort, ServicePort, SessionPort, ShellPort, SoundPort, SystemPort, TreePort,
    WindowPort, WpfPort,
};
use std::sync::Arc;

/// One machine's ports.
#[derive(Clone)]
pub struct Ports {
    /// Starting programs.
    pub apps: Arc<dyn AppPort>,
    /// The clipboard.
    pub clipboard: Arc<dyn ClipboardPort>,
    /// The event log.
    pub events: Arc<dyn EventsPort>,
    /// Files and folders.
    pub files: Arc<dyn FilePort>,
    /// Loading the inspector.
    pub loader: Arc<dyn LoaderPort>,
    /// Pointer and keyboard.
    pub input: Arc<dyn InputPort>,
    /// Hosts and connections.
    pub network: Arc<dyn NetworkPort>,
    /// Notifications.
    pub notices: Arc<dyn NoticePort>,
    /// Engines that read text off pixels.
    pub ocr: Arc<dyn OcrPort>,
    /// Processes that are meant to end.
    pub processes: Arc<dyn ProcessPort>,
    /// Keys and values of the registry.
    pub registry: Arc<dyn RegistryPort>,
    /// Scheduled tasks.
    pub scheduled: Arc<dyn ScheduledTasksPort>,
    /// Displays and pixels.
    pub screen: Arc<dyn ScreenPort>,
    /// Services.
    pub services: Arc<dyn ServicePort>,
    /// Whether the desktop can be operated at all.
    pub session: Arc<dyn SessionPort>,
    /// Shells.
    pub shell: Arc<dyn ShellPort>,
    /// What plays sounds.
    pub sound: Arc<dyn SoundPort>,
    /// The machine and its processes.
    pub system: Arc<dyn SystemPort>,
    /// What is inside windows.
    pub tree: Arc<dyn TreePort>,
    /// Top-level windows.
    pub windows: Arc<dyn WindowPort>,
    /// WPF applications.
    pub wpf: Arc<dyn WpfPort>,
}
