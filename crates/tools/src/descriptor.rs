//! What is true of a tool before anybody calls it: the single source of its schema, its policy row, its documentation
//! and its command line. Nothing here runs.

use crate::args;
use portcullis_model::{Effect, Fault, FaultCode, Tier, WpfGate};
use portcullis_policy::ToolRow;
use std::time::Duration;

/// The lane in which a tool runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// On the caller's own thread: what waits for nothing.
    Inline,
    /// Beside other readers.
    Read,
    /// One at a time: what uses the pointer, the keyboard or the foreground.
    Input,
    /// What waits long by its nature.
    Long,
    /// What makes calls in the other lanes and waits for them, so that none waits for a worker that it holds itself.
    Steps,
}

/// The shape of a tool's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Text and pictures.
    View,
    /// One JSON object with a schema.
    Data,
}

/// Hints for clients. They describe; they enforce nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Annotations {
    /// It changes nothing.
    pub read_only: bool,
    /// It may overwrite, delete, stop or send something that cannot be taken back.
    pub destructive: bool,
    /// A second call with the same arguments changes nothing more.
    pub idempotent: bool,
    /// It reaches beyond this machine.
    pub open_world: bool,
}

impl Annotations {
    /// For a tool that only reads.
    pub const READS: Self = Self { read_only: true, destructive: false, idempotent: true, open_world: false };
    /// For a tool that acts and may do anything that a person at the desktop could.
    pub const ACTS: Self = Self { read_only: false, destructive: true, idempotent: false, open_world: false };
    /// For a tool that changes only how the desktop is arranged.
    pub const ARRANGES: Self = Self { read_only: false, destructive: false, idempotent: true, open_world: false };
}

/// What is true of a tool.
#[derive(Clone, Copy, Debug)]
pub struct Descriptor {
    /// Its name, as clients call it.
    pub name: &'static str,
    /// Its title, as people read it.
    pub title: &'static str,
    /// What it does and answers, in at most [`Descriptor::DESCRIPTION_CAP`] characters.
    pub description: &'static str,
    /// Its own tier: that of its main effect.
    pub tier: Tier,
    /// Every effect that it may ever have.
    pub effects: &'static [Effect],
    /// Hints for clients.
    pub annotations: Annotations,
    /// The shape of its answer.
    pub shape: Shape,
    /// Where it runs.
    pub lane: Lane,
    /// How long a call may take when its arguments say nothing else.
    pub deadline: Duration,
    /// Whether it needs administrator rights.
    pub needs_administrator: bool,
    /// The gates of WPF's inspector that every call of it goes through.
    pub gates: &'static [WpfGate],
    /// The most bytes that an answer may have, pictures included.
    pub answer_cap: usize,
    /// Arguments whose values are never repeated, logged or recorded.
    pub secret_arguments: &'static [&'static str],
    /// Two examples: arguments as JSON and what they do.
    pub examples: [(&'static str, &'static str); 2],
}

impl Descriptor {
    /// Characters of a description.
    pub const DESCRIPTION_CAP: usize = 250;

    /// A fault of this tool as its clients know it: WPF tools have an `errorCode` beside our code, whoever refused.
    pub fn told(&self, fault: Fault) -> Fault {
        // A tool of the desktop may go into an application besides, and stays what it is.
        let is_wpf = self.effects.iter().any(|effect| effect.is_of_applications())
            && !self.effects.contains(&Effect::OperateControl);
        if !is_wpf || fault.source_code.is_some() {
            return fault;
        }
        let code = match fault.code {
            FaultCode::BadArgument if args::is_missing(&fault) => "MissingRequiredParameter",
            FaultCode::BadArgument | FaultCode::UnknownArgument => "InvalidArgument",
            FaultCode::Denied | FaultCode::NotEnabled | FaultCode::ApprovalRequired => "SecurityError",
            FaultCode::RateLimited | FaultCode::Busy => "RateLimitExceeded",
            FaultCode::TimedOut | FaultCode::HungTarget => "Timeout",
            FaultCode::Internal => "InternalError",
            _ => "OperationFailed",
        };
        fault.source_code(code)
    }

    /// What policy needs to know.
    pub fn row(&self) -> ToolRow<'static> {
        ToolRow { name: self.name, tier: self.tier, effects: self.effects, gates: self.gates }
    }
}
