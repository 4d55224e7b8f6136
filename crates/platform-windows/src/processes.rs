//! Processes that are meant to end. One is opened once, for questions, and held: while its handle is open the system gives its
//! number to no other. Who its parent is and what it is to us is asked of that handle.

use crate::identity::{ProcessHandle, failed};
use crate::security::{OwnedHandle, own_process};
use portcullis_model::{Cancel, Deadline, ProcessId, ProgramName, Standing};
use portcullis_platform::{FoundProcesses, HeldProcess, Permit, PortFault, PortResult, ProcessFacts, ProcessPort};
use std::time::Duration;
use windows::Wdk::System::Threading::{
    NtQueryInformationProcess, PROCESSINFOCLASS, ProcessBasicInformation, ProcessBreakOnTermination,
};
use windows::Win32::Foundation::{ERROR_INVALID_PARAMETER, WAIT_OBJECT_0};
use windows::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, PROCESSENTRY32W, Process32FirstW, Process32NextW, TH32CS_SNAPPROCESS,
};
use windows::Win32::System::Threading::{
    GetExitCodeProcess, PROCESS_BASIC_INFORMATION, PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SYNCHRONIZE,
    PROCESS_TERMINATE, TerminateProcess, WaitForSingleObject,
};

/// Processes that one listing gives.
const PROCESS_CAP: usize = 4_096;
/// Generations of those that started us.
const ANCESTOR_CAP: usize = 32;
/// How long one look at the end of a process lasts; a withdrawn call is noticed between two.
const LOOK: Duration = Duration::from_millis(10);
/// What a process that is ended ends with, as others end one.
const EXIT_CODE: u32 = 1;

/// The system's list of processes.
pub(crate) fn entries() -> PortResult<Vec<PROCESSENTRY32W>> {
    // SAFETY: no pointers; the handle is owned below.
    let snapshot = unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0) };
    let snapshot = OwnedHandle::new(snapshot.map_err(failed("CreateToolhelp32Snapshot"))?);
    let mut entry = PROCESSENTRY32W {
        dwSize: u32::try_from(size_of::<PROCESSENTRY32W>()).unwrap_or(0),
        ..PROCESSENTRY32W::default()
    };
    // SAFETY: the structure says its size and outlives the call.
    unsafe { Process32FirstW(snapshot.raw(), &mut entry) }.map_err(failed("Process32FirstW"))?;
    let mut entries = Vec::new();
    while entries.len() < PROCESS_CAP {
        entries.push(entry);
        // SAFETY: as above; the snapshot is open.
        if unsafe { Process32NextW(snapshot.raw(), &mut entry) }.is_err() {
            break;
        }
    }
    Ok(entries)
}

fn name(entry: &PROCESSENTRY32W) -> ProgramName {
    let units = entry.szExeFile.split(|unit| *unit == 0).next().unwrap_or_default();
    ProgramName::from_image_path(&String::from_utf16_lossy(units))
}

/// What the kernel says of one class about a process; none when it does not.
fn ask<T: Copy>(process: &ProcessHandle, class: PROCESSINFOCLASS, mut answer: T) -> Option<T> {
    let size = u32::try_from(size_of::<T>()).ok()?;
    let mut length = 0;
    // SAFETY: the handle is open; the answer is as large as said and outlives the call. Both classes that are asked for
    // here fill plain numbers and pointers that are not followed.
    let status =
        unsafe { NtQueryInformationProcess(process.raw(), class, (&raw mut answer).cast(), size, &mut length) };
    status.is_ok().then_some(answer)
}

/// The number of the process that started this one, whether or not it still is that one's.
fn parent(process: &ProcessHandle) -> Option<u32> {
    let told = ask(process, ProcessBasicInformation, PROCESS_BASIC_INFORMATION::default())?;
    u32::try_from(told.InheritedFromUniqueProcessId).ok().filter(|parent| *parent != 0)
}

/// Whether Windows stops when the process ends.
fn is_critical(process: &ProcessHandle) -> bool {
    ask(process, ProcessBreakOnTermination, 0u32).is_some_and(|critical| critical != 0)
}

pub(crate) fn has_ended(process: &ProcessHandle) -> bool {
    // SAFETY: the handle is open, with the right to wait; a wait of no length only looks.
    unsafe { WaitForSingleObject(process.raw(), 0) == WAIT_OBJECT_0 }
}

/// Those that started us, and our own program: what other processes are compared with.
#[derive(Clone)]
struct Kin {
    program: ProgramName,
    ancestors: Vec<ProcessId>,
}

impl Kin {
    /// Each ancestor is older than what it started; a younger process has only its number.
    fn find() -> Self {
        let mut kin = Self { program: ProgramName::from_image_path(""), ancestors: Vec::new() };
        let Ok(mut process) = ProcessHandle::query(own_process()) else { return kin };
        kin.program = ProgramName::from_image_path(&process.image_path().unwrap_or_default());
        while kin.ancestors.len() < ANCESTOR_CAP {
            let above = process.times().and_then(|(start, _)| {
                let number = parent(&process)?;
                let above = ProcessHandle::query(number).ok()?;
                let (started, _) = above.times()?;
                (started <= start).then_some((above, ProcessId { number, started }))
            });
            let Some((handle, above)) = above.filter(|(_, above)| !kin.ancestors.contains(above)) else { break };
            kin.ancestors.push(above);
            process = handle;
        }
        kin
    }

    fn standing(&self, process: ProcessId, program: &ProgramName, handle: &ProcessHandle) -> Standing {
        if process.number == own_process() || *program == self.program {
            Standing::Ours
        } else if is_critical(handle) {
            Standing::Critical
        } else if self.ancestors.contains(&process) {
            Standing::Client
        } else {
            Standing::Other
        }
    }
}

/// The processes of this machine.
pub(crate) struct Win32Processes(Kin);

impl Default for Win32Processes {
    /// Looks at once for what started us: it may end before it is asked about, with others behind it.
    fn default() -> Self {
        Self(Kin::find())
    }
}

impl Win32Processes {
    /// What the process of this number is to us now; one that is gone or may not be asked is any other.
    pub(crate) fn standing_of(&self, number: u32) -> Standing {
        if number == 0 {
            return Standing::Other;
        }
        let held = ProcessHandle::query(number).ok().and_then(|handle| Held::of(handle, number, &self.0, None));
        held.map_or(Standing::Other, |held| held.facts.standing)
    }
}

/// Opens a process of the list, unless it has ended; the fault says that it is there and may not be looked at.
fn open(number: u32) -> PortResult<Option<ProcessHandle>> {
    match ProcessHandle::open(number, PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_SYNCHRONIZE) {
        Ok(handle) => Ok((!has_ended(&handle)).then_some(handle)),
        Err(PortFault::System { code, .. }) if code == u32::from_ne_bytes(no_such_process().to_ne_bytes()) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// What opening a number that is no process's fails with.
fn no_such_process() -> i32 {
    ERROR_INVALID_PARAMETER.to_hresult().0
}

/// Holds those of the list that fit: `fits` is asked again of what was opened.
fn hold_all(
    kin: &Kin,
    root: Option<ProcessId>,
    cap: usize,
    listed: impl Fn(&PROCESSENTRY32W) -> bool,
    fits: impl Fn(&Held) -> bool,
) -> PortResult<FoundProcesses> {
    let mut found = FoundProcesses::default();
    for entry in entries()?.iter().filter(|entry| listed(entry)) {
        match open(entry.th32ProcessID) {
            Ok(None) => {}
            Ok(Some(handle)) => match Held::of(handle, entry.th32ProcessID, kin, root) {
                Some(held) if !fits(&held) => {}
                Some(_) if found.held.len() >= cap => found.more = true,
                Some(held) => found.held.push(Box::new(held)),
                None => found.refused = found.refused.saturating_add(1),
            },
            Err(_) => found.refused = found.refused.saturating_add(1),
        }
    }
    Ok(found)
}

impl ProcessPort for Win32Processes {
    fn of_program(&self, program: &ProgramName, cap: usize) -> PortResult<FoundProcesses> {
        hold_all(&self.0, None, cap, |entry| name(entry) == *program, |held| held.facts.program == *program)
    }

    fn hold(&self, process: ProcessId) -> PortResult<Option<Box<dyn HeldProcess>>> {
        let held = open(process.number)?.and_then(|handle| Held::of(handle, process.number, &self.0, None));
        match held.filter(|held| held.facts.process == process) {
            Some(held) => Ok(Some(Box::new(held))),
            None => Ok(None),
        }
    }
}

/// A process by its open handle.
struct Held {
    handle: ProcessHandle,
    facts: ProcessFacts,
    kin: Kin,
}

// SAFETY: the handle of a process belongs to this process, not to a thread.
unsafe impl Send for Held {}

impl Held {
    fn of(handle: ProcessHandle, number: u32, kin: &Kin, root: Option<ProcessId>) -> Option<Self> {
        let (started, _) = handle.times()?;
        let process = ProcessId { number, started };
        let program = ProgramName::from_image_path(&handle.image_path()?);
        let standing = kin.standing(process, &program, &handle);
        Some(Self { handle, facts: ProcessFacts { process, program, standing, root }, kin: kin.clone() })
    }
}

impl HeldProcess for Held {
    fn facts(&self) -> &ProcessFacts {
        &self.facts
    }

    fn children(&self, cap: usize) -> PortResult<FoundProcesses> {
        let own = self.facts.process;
        let listed =
            |entry: &PROCESSENTRY32W| entry.th32ParentProcessID == own.number && entry.th32ProcessID != own.number;
        let fits = |held: &Self| parent(&held.handle) == Some(own.number) && held.facts.process.started >= own.started;
        hold_all(&self.kin, Some(self.facts.root.unwrap_or(own)), cap, listed, fits)
    }

    fn end(&self, permit: &Permit) -> PortResult<()> {
        permit.require(self.facts.ends_by(), &self.facts.resource())?;
        if has_ended(&self.handle) {
            return Ok(());
        }
        // The number is still that of the process that is held, so this opens the same one.
        let rights = PROCESS_TERMINATE | PROCESS_QUERY_LIMITED_INFORMATION;
        let handle = ProcessHandle::open(self.facts.process.number, rights)?;
        if handle.times().map(|(started, _)| started) != Some(self.facts.process.started) {
            return Err(PortFault::Gone);
        }
        // SAFETY: the handle is open, with the right to end the process.
        match unsafe { TerminateProcess(handle.raw(), EXIT_CODE) } {
            // One that is on its way out already may not be ended again.
            Err(_) if has_ended(&self.handle) => Ok(()),
            done => done.map_err(failed("TerminateProcess")),
        }
    }

    fn exit_code(&self, permit: &Permit, deadline: Deadline, cancel: &Cancel) -> PortResult<Option<u32>> {
        permit.require(self.facts.ends_by(), &self.facts.resource())?;
        while !has_ended(&self.handle) {
            if deadline.passed() {
                return Ok(None);
            }
            cancel.wait(deadline.slice(LOOK).remaining())?;
        }
        let mut code = 0;
        // SAFETY: the handle is open and the out-pointer is a local that outlives the call.
        unsafe { GetExitCodeProcess(self.handle.raw(), &mut code) }.map_err(failed("GetExitCodeProcess"))?;
        Ok(Some(code))
    }
}

#[cfg(test)]
mod tests;
