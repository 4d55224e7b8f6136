//! The ports through which tools reach a machine: synchronous traits, one for each kind of thing, and the types that
//! they speak. Everything that discloses or changes content takes a [`Permit`] and checks it against what it really
//! opened; what takes none tells identities and positions only. No implementation lives here.

mod apps;
mod clipboard;
mod events;
mod fault;
mod files;
mod host;
mod input;
mod network;
mod notice;
mod ocr;
mod owner;
mod ports;
mod processes;
mod registry;
mod scheduled;
mod screen;
mod services;
mod session;
mod shell;
mod sound;
mod system;
mod tree;
mod trust;
mod windows;
mod wpf;

pub use apps::{AppPort, InstalledApp, Launch, LaunchRequest};
pub use clipboard::{ClipboardContent, ClipboardPort, LentClipboard};
pub use events::{EventFault, EventQuery, EventsPort, FoundEvent, FoundEvents};
pub use fault::{PortFault, PortResult};
pub use files::{
    FileFacts, FileFault, FileKind, FilePlace, FilePort, FolderEntries, HeldFile, LastLink, NewFile, access_for,
};
pub use host::{Edition, Firewall, FirewallRule, HostPort};
pub use input::{Button, InputPort, InputTurn, PointerAct, PointerButtonState, Scroll, Step};
pub use network::{ADDRESS_CAP, Carrier, ConnectionInfo, Echo, HostTarget, NetworkFault, NetworkPort, Reach};
pub use notice::{NoticePort, NoticeShown};
pub use ocr::{OCR_WORDS, OcrPort, OcrReading, OcrWord, lines_of_tsv};
pub use owner::{
    EventGravity, EventLogPort, InputWithoutStopKey, OwnRights, OwnerPorts, StopChord, StopKeyPort, StopKeyState,
    StopKeyWatch, StopPort,
};
pub use portcullis_model::{Chord, Key, KeyName};
pub use portcullis_policy::Permit;
pub use ports::Ports;
pub use processes::{FoundProcesses, HeldProcess, ProcessFacts, ProcessPort};
pub use registry::{
    HeldKey, KeyEntries, KeyNames, KeyPlace, Put, RegistryData, RegistryFault, RegistryPort, RegistryValue,
};
pub use scheduled::{ScheduledTasksPort, TaskFacts, TaskFault, TaskListing, TaskLogon, TaskRequest, TaskState};
pub use screen::{Bitmap, CaptureMethod, Display, ScreenPort, rgb_of};
pub use services::{
    HeldService, ServiceFault, ServiceInfo, ServiceListing, ServicePlace, ServicePort, ServiceStartType, ServiceState,
    ServiceStatus,
};
pub use session::{SessionLink, SessionPort, SessionState, SessionUser, UserSession};
pub use shell::{Captured, ShellEnd, ShellPort, ShellRequest, ShellRun};
pub use sound::{Played, Sound, SoundPort};
pub use system::{Drive, ProcessInfo, SystemInfo, SystemPort};
pub use tree::{ControlAct, Delivered, ElementText, ReadBudget, Shown, TreePort};
pub use trust::{Distrust, FileTrustPort, Keepers};
pub use windows::{Placement, ShowState, WindowInfo, WindowPort};
pub use wpf::{
    Architecture, ClrKind, HeldApplication, InspectorPipe, LoadFault, LoaderPort, PipeEnd, WpfFacts, WpfPort,
    WpfProcess, program_name,
};
