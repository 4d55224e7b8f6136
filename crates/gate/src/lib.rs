//! The one door: every call, from whatever transport, is admitted, planned, decided, recorded, applied and answered here.
//! No protocol, no command line and no operating system is known; lanes, deadlines and stopping live here because they
//! hold for all calls alike.

mod call;
mod hold;
mod holders;
mod in_force;
mod lane;
mod redact;
mod registry;
mod seam;
mod shield;
mod stop;

pub use call::{Answer, Call, Gate, GateParts, Presence, Responder};
pub use hold::Hold;
pub use in_force::Replacement;
pub use portcullis_tools::{
    Annotations, AnyTool, Catalogue, Explained, Explanation, ForeignTool, Progress, RESOURCE_TEMPLATES,
    RESOURCE_TEXT_CAP, Verdict,
};
pub use redact::Redactor;
pub use seam::{Approval, Approver, DeniesApproval, Journal, JournalEntry, KeepsNothing};
