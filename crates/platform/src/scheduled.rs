//! Scheduled tasks: what there is, one of them with its definition, and one that is registered or deleted. Definitions are the
//! scheduler's own XML; what they mean to a caller belongs to the tools.

use crate::{Permit, PortResult};
use portcullis_model::{Cancel, Deadline, TaskPath, Untrusted};

/// What a task does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// The scheduler does not tell.
    Unknown,
    /// It is not started.
    Disabled,
    /// It waits for its turn.
    Queued,
    /// It waits for its time.
    Ready,
    /// It runs.
    Running,
}

/// One task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskFacts {
    /// Its path.
    pub path: Untrusted,
    /// What it does now.
    pub state: TaskState,
    /// When it ran last, in local time (`2026-01-31T12:00:00`); none where it never did or the scheduler does not tell.
    pub last_run: Option<String>,
    /// What it ended with then, where the scheduler tells.
    pub last_result: Option<u32>,
    /// When it runs next, in local time.
    pub next_run: Option<String>,
    /// Its definition.
    pub xml: Untrusted,
}

/// Tasks as they are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskListing {
    /// Folder by folder.
    pub tasks: Vec<TaskFacts>,
    /// Whether there are more than were asked for.
    pub more: bool,
}

/// Under which logon a task runs (`TASK_LOGON_TYPE`). Those with a password are none of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskLogon {
    /// With the user's own session.
    Interactive,
    /// Without it, and without the network.
    S4u,
    /// As any member of a group.
    Group,
    /// As the system or a service.
    Service,
}

/// A task that is to be registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRequest {
    /// Where.
    pub path: TaskPath,
    /// Its definition.
    pub xml: String,
    /// Under which logon it runs.
    pub logon: TaskLogon,
    /// Whether a task of this path may be replaced.
    pub replace: bool,
}

/// The scheduler of this machine.
pub trait ScheduledTasksPort: Send + Sync {
    /// Whether tasks can be listed; `Unsupported` where the scheduler cannot. Tells none of them, so no permit.
    fn ready(&self, deadline: Deadline) -> PortResult<()>;

    /// Every task that the user may see, hidden ones too, at most `cap`. Needs `ReadScheduledTasks`.
    fn list(&self, permit: &Permit, cap: usize, deadline: Deadline, cancel: &Cancel) -> PortResult<TaskListing>;

    /// One task. Needs `ReadScheduledTasks`, or `ChangeScheduledTasks` on it.
    fn find(&self, permit: &Permit, path: &TaskPath, deadline: Deadline, cancel: &Cancel) -> PortResult<TaskFacts>;

    /// Registers a task. Needs `ChangeScheduledTasks` on it.
    fn register(&self, permit: &Permit, request: &TaskRequest, deadline: Deadline, cancel: &Cancel) -> PortResult<()>;

    /// Deletes a task. Needs `ChangeScheduledTasks` on it.
    fn delete(&self, permit: &Permit, path: &TaskPath, deadline: Deadline, cancel: &Cancel) -> PortResult<()>;
}

/// Why a task could not be used so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TaskFault {
    /// There is none of this path.
    #[error("there is no such task")]
    NoTask,
    /// There is one of this path.
    #[error("there is a task of this path")]
    Exists,
    /// The user that runs the server may not.
    #[error("Windows refuses the task to the user that runs the server")]
    AccessDenied,
    /// The definition is none, by the scheduler's own code.
    #[error("the scheduler refuses the definition: {0:#010x}")]
    BadDefinition(u32),
    /// The account of the definition is not known.
    #[error("there is no such account")]
    NoAccount,
}
