//! Scheduled tasks through the scheduler's COM interface (Task Scheduler 2.0). Everything runs on a helper thread with an
//! apartment of its own, since the scheduler is a service that may have to start first.

use crate::apps::Apartment;
use crate::helper::Helpers;
use crate::identity::failed;
use portcullis_model::{Cancel, Deadline, Effect, Resource, Source, TaskPath, Untrusted};
use portcullis_platform::{
    Permit, PortFault, PortResult, ScheduledTasksPort, TaskFacts, TaskFault, TaskListing, TaskLogon, TaskRequest,
    TaskState,
};
use windows::Win32::Foundation::{
    E_ACCESSDENIED, E_NOTIMPL, ERROR_ALREADY_EXISTS, ERROR_FILE_NOT_FOUND, ERROR_NONE_MAPPED, ERROR_PATH_NOT_FOUND,
    SYSTEMTIME,
};
use windows::Win32::System::Com::{CLSCTX_INPROC_SERVER, CoCreateInstance};
use windows::Win32::System::TaskScheduler::{
    IRegisteredTask, ITaskFolder, ITaskService, TASK_CREATE, TASK_CREATE_OR_UPDATE, TASK_CREATION, TASK_ENUM_HIDDEN,
    TASK_LOGON_GROUP, TASK_LOGON_INTERACTIVE_TOKEN, TASK_LOGON_S4U, TASK_LOGON_SERVICE_ACCOUNT, TASK_LOGON_TYPE,
    TASK_STATE, TASK_STATE_DISABLED, TASK_STATE_QUEUED, TASK_STATE_READY, TASK_STATE_RUNNING, TaskScheduler,
};
use windows::Win32::System::Variant::{VARIANT, VariantTimeToSystemTime};
use windows::core::{BSTR, Error, HRESULT};

/// The folder that holds all others.
const ROOT: &str = "\\";
/// Folders that are looked through.
const FOLDER_CAP: usize = 2_000;
/// The scheduler's own codes for a definition that it does not take: `SCHED_E_INVALIDVALUE` to `SCHED_E_MALFORMEDXML` and
/// `SCHED_E_UNEXPECTEDNODE`, which lie together (winerror.h).
const BAD_DEFINITION: std::ops::RangeInclusive<u32> = 0x8004_1316..=0x8004_131A;

static HELPERS: Helpers = Helpers::new();

/// The scheduler of this machine.
pub(crate) struct Win32Tasks;

fn code(error: &Error) -> u32 {
    u32::from_ne_bytes(error.code().0.to_ne_bytes())
}

/// A failed call as what it means of a task.
fn fault(call: &'static str) -> impl FnOnce(Error) -> PortFault {
    move |error| {
        let is = |known: HRESULT| error.code() == known;
        let known = if is(ERROR_FILE_NOT_FOUND.to_hresult()) || is(ERROR_PATH_NOT_FOUND.to_hresult()) {
            TaskFault::NoTask
        } else if is(ERROR_ALREADY_EXISTS.to_hresult()) {
            TaskFault::Exists
        } else if is(E_ACCESSDENIED) {
            TaskFault::AccessDenied
        } else if is(ERROR_NONE_MAPPED.to_hresult()) {
            TaskFault::NoAccount
        } else if BAD_DEFINITION.contains(&code(&error)) {
            TaskFault::BadDefinition(code(&error))
        } else if is(E_NOTIMPL) {
            return PortFault::Unsupported(format!("do this with scheduled tasks: its scheduler lacks {call}"));
        } else {
            return failed(call)(error);
        };
        known.into()
    }
}

/// The root folder of this machine's scheduler, as this user.
fn root() -> PortResult<ITaskFolder> {
    // SAFETY: the class is the scheduler's; the thread is in an apartment.
    let service: ITaskService =
        unsafe { CoCreateInstance(&TaskScheduler, None, CLSCTX_INPROC_SERVER) }.map_err(fault("CoCreateInstance"))?;
    let none = VARIANT::default();
    // SAFETY: empty values mean this machine and this user.
    unsafe { service.Connect(&none, &none, &none, &none) }.map_err(fault("ITaskService::Connect"))?;
    // SAFETY: the service is connected.
    unsafe { service.GetFolder(&BSTR::from(ROOT)) }.map_err(fault("ITaskService::GetFolder"))
}

fn state(state: TASK_STATE) -> TaskState {
    match state {
        TASK_STATE_DISABLED => TaskState::Disabled,
        TASK_STATE_QUEUED => TaskState::Queued,
        TASK_STATE_READY => TaskState::Ready,
        TASK_STATE_RUNNING => TaskState::Running,
        _ => TaskState::Unknown,
    }
}

/// A moment of COM (days since the end of 1899, in local time) as a text; none for the first moments, which mean never.
fn moment(date: f64) -> Option<String> {
    let mut time = SYSTEMTIME::default();
    // SAFETY: the out-pointer is a local that outlives the call.
    let told = unsafe { VariantTimeToSystemTime(date, &mut time) };
    let SYSTEMTIME { wYear, wMonth, wDay, wHour, wMinute, wSecond, .. } = time;
    (told != 0 && wYear > 1999)
        .then(|| format!("{wYear:04}-{wMonth:02}-{wDay:02}T{wHour:02}:{wMinute:02}:{wSecond:02}"))
}

fn facts(task: &IRegisteredTask) -> PortResult<TaskFacts> {
    // SAFETY: the object is alive. The same holds for each call below.
    let path = unsafe { task.Path() }.map_err(fault("IRegisteredTask::get_Path"))?;
    // SAFETY: as above.
    let xml = unsafe { task.Xml() }.map_err(fault("IRegisteredTask::get_Xml"))?;
    // SAFETY: as above.
    let now = unsafe { task.State() }.map_or(TaskState::Unknown, state);
    // SAFETY: as above.
    let last_run = unsafe { task.LastRunTime() }.ok().and_then(moment);
    // SAFETY: as above.
    let last_result = unsafe { task.LastTaskResult() }.ok().map(i32::cast_unsigned).filter(|_| last_run.is_some());
    // SAFETY: as above.
    let next_run = unsafe { task.NextRunTime() }.ok().and_then(moment);
    let text = |text: BSTR| Untrusted::new(Source::System, text.to_string());
    Ok(TaskFacts { path: text(path), state: now, last_run, last_result, next_run, xml: text(xml) })
}

/// Adds the tasks of a folder; gives the folders in it.
fn tasks_of(folder: &ITaskFolder, cap: usize, listing: &mut TaskListing) -> PortResult<Vec<ITaskFolder>> {
    // SAFETY: the object is alive. The same holds for each call below.
    let tasks = unsafe { folder.GetTasks(TASK_ENUM_HIDDEN.0) }.map_err(fault("ITaskFolder::GetTasks"))?;
    // SAFETY: as above.
    let count = unsafe { tasks.Count() }.map_err(fault("IRegisteredTaskCollection::get_Count"))?;
    for index in 1..=count {
        if listing.tasks.len() >= cap {
            listing.more = true;
            return Ok(Vec::new());
        }
        // SAFETY: as above; collections count from 1.
        let task = unsafe { tasks.get_Item(&VARIANT::from(index)) };
        // One that is gone meanwhile, or that may not be read, is left out.
        listing.tasks.extend(task.ok().and_then(|task| facts(&task).ok()));
    }
    // SAFETY: as above.
    let folders = unsafe { folder.GetFolders(0) }.map_err(fault("ITaskFolder::GetFolders"))?;
    // SAFETY: as above.
    let count = unsafe { folders.Count() }.map_err(fault("ITaskFolderCollection::get_Count"))?;
    // SAFETY: as above.
    let one = |index: i32| unsafe { folders.get_Item(&VARIANT::from(index)) }.ok();
    Ok((1..=count).filter_map(one).collect())
}

fn list(cap: usize, cancel: &Cancel) -> PortResult<TaskListing> {
    let mut listing = TaskListing::default();
    let (mut folders, mut seen) = (vec![root()?], 0);
    while let Some(folder) = folders.pop() {
        cancel.check()?;
        seen += 1;
        if seen > FOLDER_CAP {
            listing.more = true;
        }
        if listing.more {
            break;
        }
        folders.extend(tasks_of(&folder, cap, &mut listing)?);
    }
    Ok(listing)
}

fn task(path: &TaskPath) -> PortResult<TaskFacts> {
    // SAFETY: the folder is alive.
    let task = unsafe { root()?.GetTask(&BSTR::from(path.as_str())) }.map_err(fault("ITaskFolder::GetTask"))?;
    facts(&task)
}

fn logon(logon: TaskLogon) -> TASK_LOGON_TYPE {
    match logon {
        TaskLogon::Interactive => TASK_LOGON_INTERACTIVE_TOKEN,
        TaskLogon::S4u => TASK_LOGON_S4U,
        TaskLogon::Group => TASK_LOGON_GROUP,
        TaskLogon::Service => TASK_LOGON_SERVICE_ACCOUNT,
    }
}

/// Without the word a task of this path is left as it is.
fn flags(replace: bool) -> TASK_CREATION {
    if replace { TASK_CREATE_OR_UPDATE } else { TASK_CREATE }
}

fn register(request: &TaskRequest) -> PortResult<()> {
    let (path, xml) = (BSTR::from(request.path.as_str()), BSTR::from(request.xml.as_str()));
    let (flags, logon, none) = (flags(request.replace).0, logon(request.logon), VARIANT::default());
    // SAFETY: the folder is alive. The user is the definition's; there is no password, and the folder's rights hold.
    unsafe { root()?.RegisterTask(&path, &xml, flags, &none, &none, logon, &none) }
        .map(drop)
        .map_err(fault("ITaskFolder::RegisterTask"))
}

fn delete(path: &TaskPath) -> PortResult<()> {
    // SAFETY: the folder is alive.
    unsafe { root()?.DeleteTask(&BSTR::from(path.as_str()), 0) }.map_err(fault("ITaskFolder::DeleteTask"))
}

/// Runs something on a thread that has an apartment.
fn run<T: Send + 'static>(
    deadline: Deadline,
    cancel: &Cancel,
    work: impl FnOnce() -> PortResult<T> + Send + 'static,
) -> PortResult<T> {
    HELPERS.run(deadline, cancel, move || {
        let _apartment = Apartment::enter().map_err(failed("CoInitializeEx"))?;
        work()
    })?
}

fn change(permit: &Permit, path: &TaskPath) -> PortResult<()> {
    Ok(permit.require(Effect::ChangeScheduledTasks, &Resource::ScheduledTask { path: path.clone() })?)
}

impl ScheduledTasksPort for Win32Tasks {
    fn ready(&self, deadline: Deadline) -> PortResult<()> {
        run(deadline, &Cancel::new(), || tasks_of(&root()?, 1, &mut TaskListing::default()).map(drop))
    }

    fn list(&self, permit: &Permit, cap: usize, deadline: Deadline, cancel: &Cancel) -> PortResult<TaskListing> {
        permit.require(Effect::ReadScheduledTasks, &Resource::ScheduledTasks)?;
        let inner = cancel.clone();
        run(deadline, cancel, move || list(cap, &inner))
    }

    fn find(&self, permit: &Permit, path: &TaskPath, deadline: Deadline, cancel: &Cancel) -> PortResult<TaskFacts> {
        if permit.require(Effect::ReadScheduledTasks, &Resource::ScheduledTasks).is_err() {
            change(permit, path)?;
        }
        let path = path.clone();
        run(deadline, cancel, move || task(&path))
    }

    fn register(&self, permit: &Permit, request: &TaskRequest, deadline: Deadline, cancel: &Cancel) -> PortResult<()> {
        change(permit, &request.path)?;
        let request = request.clone();
        run(deadline, cancel, move || register(&request))
    }

    fn delete(&self, permit: &Permit, path: &TaskPath, deadline: Deadline, cancel: &Cancel) -> PortResult<()> {
        change(permit, path)?;
        let path = path.clone();
        run(deadline, cancel, move || delete(&path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_replaced_by_word_alone_and_never_with_a_password() {
        assert_eq!((flags(false).0, flags(true).0), (2, 6));
        let numbers =
            [TaskLogon::S4u, TaskLogon::Interactive, TaskLogon::Group, TaskLogon::Service].map(|one| logon(one).0);
        // 1 and 6 are those with a password.
        assert_eq!(numbers, [2, 3, 4, 5]);
    }

    #[test]
    fn what_a_failed_call_means() {
        let meaning = |code: u32| fault("x")(Error::from_hresult(HRESULT(code.cast_signed())));
        for (code, fault) in [
            (0x8007_0002, TaskFault::NoTask),
            (0x8007_0003, TaskFault::NoTask),
            (0x8007_00B7, TaskFault::Exists),
            (0x8007_0005, TaskFault::AccessDenied),
            (0x8007_0534, TaskFault::NoAccount),
            (0x8004_131A, TaskFault::BadDefinition(0x8004_131A)),
        ] {
            assert_eq!(meaning(code), PortFault::from(fault), "{code:#x}");
        }
        assert!(matches!(meaning(0x8000_4001), PortFault::Unsupported(_)));
        assert!(matches!(meaning(0x8004_1309), PortFault::System { .. }));
    }

    #[test]
    fn moments_of_com_are_local_times_and_the_first_ones_mean_never() {
        assert_eq!(moment(46_053.5).as_deref(), Some("2026-01-31T12:00:00"));
        assert_eq!((moment(0.0), moment(36_493.0)), (None, None));
    }
}
