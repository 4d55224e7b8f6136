//! The words that every other crate speaks: principals, effects, resources, deadlines, replies, faults and records.
//! Nothing here does I/O, waits on anything but its own condition variables, or knows an operating system.

mod call;
mod chord;
mod deadline;
mod effect;
mod event;
mod fault;
mod file;
mod foreign;
mod geometry;
mod host;
mod identity;
mod json;
mod key;
mod notice;
mod ocr;
mod origin;
mod outcome;
mod principal;
mod process;
mod record;
mod registry;
mod resource;
mod scheduled;
mod service;
mod shell;
mod sound;
mod ui;
mod untrusted;
mod wpf;

pub use call::{CallId, Digest};
pub use chord::{Chord, Key, KeyName};
pub use deadline::{Cancel, CancelReason, Deadline, Interrupted};
pub use effect::{Effect, Reversibility, Tier};
pub use event::{BadEventFilter, EventChannel, EventFilter, EventLevel, EventProvider, EventTime};
pub use fault::{Blame, Fault, FaultCode, nearest};
pub use file::{Access, BadPath, FileIdentity, FilePath, fold};
pub use foreign::{FOREIGN_TOOLS, foreign_tools, tools_named};
pub use geometry::{Point, Rect};
pub use host::{AddressClass, BadHost, Host, HostAccess, HostPattern, Network};
pub use identity::{ElementIdentity, ElementPath, Ref, WindowIdentity};
pub use json::{Unclear, require_clear};
pub use key::{KEY_DIGITS, KEY_PREFIX, KEY_SPAN, MASK, mask_keys, without_keys};
pub use notice::{BadNotice, Notice};
pub use ocr::OcrLanguage;
pub use origin::{Origin, Valued, WindowPattern};
pub use outcome::{Blob, Evidence, Image, Link, Outcome, Part, Reply};
pub use principal::{Authenticated, KnownBy, PRINCIPAL_NAME_CAP, Principal, Scope, Scopes, UnknownScope, WpfGate};
pub use process::{ProcessId, Standing};
pub use record::{
    CallDenied, CallFinished, CallFollowed, CallGranted, CallResult, Durability, Entry, Ledger, LedgerFault,
    PolicyKept, PolicyReplaced, ServerStarted, ServerStopped, StopCause, WhyKept, WorkStopped,
};
pub use registry::{Hive, RegistryKey, RegistryView};
pub use resource::{BadProgram, ProgramName, Resource, is_image};
pub use scheduled::{BadTaskPath, TaskPath};
pub use service::{BadServiceName, ServiceName};
pub use shell::{BadShellCommand, Shell, ShellCommand};
pub use sound::{BadWave, SystemSound, Wave, WaveFormat};
pub use ui::{Check, Reader, ReaderReport, Role, States, TreeReading, UiNode};
pub use untrusted::{Source, Untrusted, all_visible, visible};
pub use wpf::{BadTarget, LoadStage, Pin, RunningProgram, WpfTarget};
