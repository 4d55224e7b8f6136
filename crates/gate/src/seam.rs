//! The two parts of the seam that others fill in: who asks the owner, and who keeps what an undo needs. The ones that
//! stand here refuse and keep nothing, and say so.

use portcullis_model::{CallGranted, CallId, Cancel, Effect, Fault, Resource, Reversibility};

/// What the owner said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Approval {
    /// Yes, this once.
    Yes,
    /// No, or nobody could be asked.
    No {
        /// Why, for the caller.
        reason: String,
    },
}

/// Puts a call to the owner, outside the agent's reach.
pub trait Approver: Send + Sync {
    /// Asks, and waits for the answer, the cancellation or the approver's own deadline.
    fn ask(&self, call: &CallGranted, cancel: &Cancel) -> Approval;
}

/// The approver of a server without a channel to its owner: it denies.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeniesApproval;

impl Approver for DeniesApproval {
    fn ask(&self, _call: &CallGranted, _cancel: &Cancel) -> Approval {
        Approval::No { reason: "this server has no way to ask its owner".to_owned() }
    }
}

/// What a journal is told before an effect happens.
#[derive(Debug)]
pub struct JournalEntry<'call> {
    /// Which call.
    pub call: CallId,
    /// Every effect that it will have.
    pub effects: &'call [Effect],
    /// What it will touch.
    pub resources: &'call [Resource],
    /// What could be done about it afterwards.
    pub reversibility: Reversibility,
}

/// Keeps what a reversal needs, before the effect happens.
pub trait Journal: Send + Sync {
    /// Called once for every call that changes something, after it was recorded and before it is applied. A fault stops
    /// the call.
    fn before(&self, entry: &JournalEntry<'_>) -> Result<(), Fault>;
}

/// The journal of a server without undo: it keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeepsNothing;

impl Journal for KeepsNothing {
    fn before(&self, _entry: &JournalEntry<'_>) -> Result<(), Fault> {
        Ok(())
    }
}
