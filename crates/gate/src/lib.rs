//! The one door: every call, from whatever transport, is admitted, planned, decided, recorded, applied and answered here.
//! No protocol, no command line and no operating system is known; lanes, deadlines and stopping live here because they
//! hold for all calls alike.

mod call;
mod lane;
mod redact;
mod registry;
mod seam;

pub use call::{Answer, Call, Gate, GateParts, Responder};
pub use portcullis_tools::{AnyTool, Catalogue};
pub use redact::Redactor;
pub use seam::{Approval, Approver, DeniesApproval, Journal, JournalEntry, KeepsNothing};
