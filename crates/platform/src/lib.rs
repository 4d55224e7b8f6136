//! The ports through which tools reach a machine: synchronous traits, one for each kind of thing, and the types that
//! they speak. Everything that discloses or changes content takes a [`Permit`] and checks it against what it really
//! opened; what takes none tells identities and positions only. No implementation lives here.

mod apps;
mod clipboard;
mod fault;
mod input;
mod ports;
mod screen;
mod session;
mod system;
mod tree;
mod windows;

pub use apps::{AppPort, InstalledApp, Launch, LaunchRequest};
pub use clipboard::{ClipboardContent, ClipboardPort};
pub use fault::{PortFault, PortResult};
pub use input::{Button, Chord, InputPort, Key, KeyName, PointerAct, PointerButtonState, Scroll, Step};
pub use portcullis_policy::Permit;
pub use ports::Ports;
pub use screen::{Bitmap, CaptureMethod, Display, ScreenPort};
pub use session::{SessionPort, SessionState};
pub use system::{Drive, ProcessInfo, SystemInfo, SystemPort};
pub use tree::{ControlAct, Delivered, ElementText, ReadBudget, TreePort};
pub use windows::{Placement, ShowState, WindowInfo, WindowPort};
