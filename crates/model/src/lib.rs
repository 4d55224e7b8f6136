//! The words that every other crate speaks: principals, effects, resources, deadlines, replies, faults and records.
//! Nothing here does I/O, waits on anything but its own condition variables, or knows an operating system.

mod call;
mod deadline;
mod effect;
mod fault;
mod geometry;
mod identity;
mod outcome;
mod principal;
mod record;
mod resource;
mod ui;
mod untrusted;

pub use call::{CallId, Digest};
pub use deadline::{Cancel, CancelReason, Deadline, Interrupted};
pub use effect::{Effect, Reversibility, Tier};
pub use fault::{Blame, Fault, FaultCode, nearest};
pub use geometry::{Point, Rect};
pub use identity::{ElementIdentity, ElementPath, Ref, WindowIdentity};
pub use outcome::{Evidence, Image, Outcome, Part, Reply};
pub use principal::{Principal, Scope};
pub use record::{
    CallDenied, CallFinished, CallGranted, CallResult, Durability, Entry, Ledger, LedgerFault, ServerStarted,
    ServerStopped,
};
pub use resource::{ProgramName, Resource};
pub use ui::{Check, Reader, ReaderReport, Role, States, TreeReading, UiNode};
pub use untrusted::{Source, Untrusted};
