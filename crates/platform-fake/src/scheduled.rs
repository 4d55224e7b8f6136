//! Scheduled tasks in memory, as their definitions. None ever runs.

use crate::desktop::{Call, FakeDesktop};
use crate::places::untrusted;
use portcullis_model::{Cancel, Deadline, Effect, Resource, Source, TaskPath};
use portcullis_platform::{
    Permit, PortResult, ScheduledTasksPort, TaskFacts, TaskFault, TaskListing, TaskRequest, TaskState,
};

/// A definition with this in it is refused, as Windows would refuse one that it does not understand.
const NONSENSE: &str = "Nonsense";
/// `SCHED_E_MALFORMEDXML`.
const MALFORMED: u32 = 0x8004_131A;

impl FakeDesktop {
    /// Registers a task.
    pub fn put_task(&self, path: &str, xml: &str) {
        if let Ok(path) = TaskPath::parse(path) {
            let mut state = self.lock();
            state.tasks.retain(|(known, _)| *known != path);
            state.tasks.push((path, xml.to_owned()));
        }
    }

    /// The definition of a task.
    pub fn task_xml(&self, path: &str) -> Option<String> {
        let path = TaskPath::parse(path).ok()?;
        self.lock().tasks.iter().find(|(known, _)| *known == path).map(|(_, xml)| xml.clone())
    }

    /// What tasks were registered with, the first one first.
    pub fn task_requests(&self) -> Vec<TaskRequest> {
        self.lock().task_requests.clone()
    }
}

fn facts((path, xml): &(TaskPath, String)) -> TaskFacts {
    let disabled = xml.contains("<Enabled>false</Enabled>");
    TaskFacts {
        path: untrusted(Source::System, path.as_str()),
        state: if disabled { TaskState::Disabled } else { TaskState::Ready },
        last_run: None,
        last_result: None,
        next_run: None,
        xml: untrusted(Source::System, xml),
    }
}

fn change(permit: &Permit, path: &TaskPath) -> PortResult<()> {
    Ok(permit.require(Effect::ChangeScheduledTasks, &Resource::ScheduledTask { path: path.clone() })?)
}

impl ScheduledTasksPort for FakeDesktop {
    fn ready(&self, deadline: Deadline) -> PortResult<()> {
        self.enter(Call::ListTasks, Some(deadline), None)
    }

    fn list(&self, permit: &Permit, cap: usize, deadline: Deadline, cancel: &Cancel) -> PortResult<TaskListing> {
        permit.require(Effect::ReadScheduledTasks, &Resource::ScheduledTasks)?;
        self.enter(Call::ListTasks, Some(deadline), Some(cancel))?;
        let state = self.lock();
        Ok(TaskListing { tasks: state.tasks.iter().take(cap).map(facts).collect(), more: state.tasks.len() > cap })
    }

    fn find(&self, permit: &Permit, path: &TaskPath, deadline: Deadline, cancel: &Cancel) -> PortResult<TaskFacts> {
        if permit.require(Effect::ReadScheduledTasks, &Resource::ScheduledTasks).is_err() {
            change(permit, path)?;
        }
        self.enter(Call::FindTask, Some(deadline), Some(cancel))?;
        let state = self.lock();
        Ok(state.tasks.iter().find(|(known, _)| known == path).map(facts).ok_or(TaskFault::NoTask)?)
    }

    fn register(&self, permit: &Permit, request: &TaskRequest, deadline: Deadline, cancel: &Cancel) -> PortResult<()> {
        change(permit, &request.path)?;
        self.enter(Call::RegisterTask, Some(deadline), Some(cancel))?;
        let mut state = self.lock();
        if state.tasks.iter().any(|(known, _)| *known == request.path) && !request.replace {
            return Err(TaskFault::Exists.into());
        }
        if request.xml.contains(NONSENSE) {
            return Err(TaskFault::BadDefinition(MALFORMED).into());
        }
        state.tasks.retain(|(known, _)| *known != request.path);
        state.tasks.push((request.path.clone(), request.xml.clone()));
        state.task_requests.push(request.clone());
        Ok(())
    }

    fn delete(&self, permit: &Permit, path: &TaskPath, deadline: Deadline, cancel: &Cancel) -> PortResult<()> {
        change(permit, path)?;
        self.enter(Call::DeleteTask, Some(deadline), Some(cancel))?;
        let mut state = self.lock();
        let before = state.tasks.len();
        state.tasks.retain(|(known, _)| known != path);
        if state.tasks.len() == before { Err(TaskFault::NoTask.into()) } else { Ok(()) }
    }
}
