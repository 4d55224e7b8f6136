//! Processes that are meant to end: held by handle from plan to act, so that their numbers cannot pass to others meanwhile.
//! What a list of processes tells belongs to the port of the system.

use crate::{Permit, PortResult};
use portcullis_model::{Cancel, Deadline, Effect, ProcessId, ProgramName, Resource, Standing};

/// Who a process is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessFacts {
    /// Number and start.
    pub process: ProcessId,
    /// The program that runs in it.
    pub program: ProgramName,
    /// What it is to this server.
    pub standing: Standing,
    /// Where the tree begins that it was reached in; none of a process that was asked for by itself.
    pub root: Option<ProcessId>,
}

impl ProcessFacts {
    /// As a resource.
    pub fn resource(&self) -> Resource {
        let (process, program, standing) = (self.process, self.program.clone(), self.standing);
        match self.root {
            Some(root) => Resource::Descendant { root, process, program, standing },
            None => Resource::Process { process, program, standing },
        }
    }

    /// The effect that ending it is.
    pub fn ends_by(&self) -> Effect {
        if self.standing == Standing::Client { Effect::EndClient } else { Effect::EndProcesses }
    }
}

/// Processes that were looked for.
#[derive(Default)]
pub struct FoundProcesses {
    /// Those that are held.
    pub held: Vec<Box<dyn HeldProcess>>,
    /// Further ones that Windows does not let us look at.
    pub refused: usize,
    /// Whether there are more than were asked for.
    pub more: bool,
}

/// Processes, by identity.
pub trait ProcessPort: Send + Sync {
    /// Every process of exactly this program, at most `cap`, held. Tells identities, so no permit.
    fn of_program(&self, program: &ProgramName, cap: usize) -> PortResult<FoundProcesses>;

    /// The process, held; none when it is gone or its number is another's by now.
    fn hold(&self, process: ProcessId) -> PortResult<Option<Box<dyn HeldProcess>>>;
}

/// A process that is held.
pub trait HeldProcess: Send {
    /// Who it is.
    fn facts(&self) -> &ProcessFacts;

    /// The processes that it started itself and that still run, at most `cap`, held as parts of its tree. Its own start tells
    /// them from those of an earlier process of its number. Tells identities, so no permit.
    fn children(&self, cap: usize) -> PortResult<FoundProcesses>;

    /// Tells the system to end it. One that has ended is no fault. Needs what [`ProcessFacts::ends_by`] says.
    fn end(&self, permit: &Permit) -> PortResult<()>;

    /// Its exit code once it has ended; none when it has not by the deadline. Needs the same.
    fn exit_code(&self, permit: &Permit, deadline: Deadline, cancel: &Cancel) -> PortResult<Option<u32>>;
}
