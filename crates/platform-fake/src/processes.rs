//! Processes in memory beside those of windows: with parents, standings, and some that do not end.

use crate::desktop::{Call, FakeDesktop};
use crate::state::State;
use portcullis_model::{Cancel, Deadline, ProcessId, ProgramName, Standing};
use portcullis_platform::{FoundProcesses, HeldProcess, Permit, PortFault, PortResult, ProcessFacts, ProcessPort};

/// What a process that is ended ends with.
const EXIT_CODE: u32 = 1;

/// A process without a window.
#[derive(Clone, Debug)]
pub(crate) struct FakeProcess {
    pub(crate) process: ProcessId,
    pub(crate) parent: u32,
    pub(crate) program: ProgramName,
    standing: Standing,
    /// Whether it goes on when it is told to end.
    stubborn: bool,
    /// Whether it may not be looked at.
    shut: bool,
}

impl FakeDesktop {
    /// Starts a program without a window, as a child of `parent`.
    pub fn start_process(&self, program: &str, parent: Option<ProcessId>) -> ProcessId {
        let mut state = self.lock();
        let number = u32::try_from(state.number()).unwrap_or(1);
        let process = ProcessId { number, started: state.number() };
        state.processes.push(FakeProcess {
            process,
            parent: parent.map_or(0, |parent| parent.number),
            program: ProgramName::from_image_path(program),
            standing: Standing::Other,
            stubborn: false,
            shut: false,
        });
        process
    }

    fn change_process(&self, process: ProcessId, change: impl FnOnce(&mut FakeProcess)) {
        if let Some(found) = self.lock().processes.iter_mut().find(|known| known.process == process) {
            change(found);
        }
    }

    /// Makes a process stand to the server as said.
    pub fn set_standing(&self, process: ProcessId, standing: Standing) {
        self.change_process(process, |found| found.standing = standing);
    }

    /// Lets a process go on when it is told to end.
    pub fn set_stubborn(&self, process: ProcessId) {
        self.change_process(process, |found| found.stubborn = true);
    }

    /// Lets Windows refuse a process to the server's user.
    pub fn set_shut(&self, process: ProcessId) {
        self.change_process(process, |found| found.shut = true);
    }

    /// Gives a process the number of another one, which ended before: as the system does, later.
    pub fn give_number(&self, process: ProcessId, number: u32) -> ProcessId {
        self.change_process(process, |found| found.process.number = number);
        ProcessId { number, ..process }
    }

    /// Ends a process, as it might itself at any moment.
    pub fn end_process(&self, process: ProcessId) {
        self.lock().end_process(process);
    }

    /// Whether the process runs.
    pub fn is_running(&self, process: ProcessId) -> bool {
        self.lock().all_processes().iter().any(|known| known.process == process)
    }

    fn found(&self, all: Vec<FakeProcess>, root: Option<ProcessId>, cap: usize) -> FoundProcesses {
        let mut found = FoundProcesses::default();
        for process in all {
            if process.shut {
                found.refused += 1;
            } else if found.held.len() < cap {
                found.held.push(self.held(process, root));
            } else {
                found.more = true;
            }
        }
        found
    }

    fn held(&self, found: FakeProcess, root: Option<ProcessId>) -> Box<dyn HeldProcess> {
        let FakeProcess { process, program, standing, stubborn, .. } = found;
        let facts = ProcessFacts { process, program, standing, root };
        Box::new(Held { desktop: self.clone(), facts, stubborn })
    }
}

impl State {
    /// Every process that can be asked for: those without windows, and those of windows.
    pub(crate) fn all_processes(&self) -> Vec<FakeProcess> {
        let mut all = self.processes.clone();
        for window in &self.windows {
            let process = ProcessId { number: window.identity.process, started: window.identity.process_start };
            if all.iter().all(|known| known.process != process) {
                let program = window.program.clone();
                let standing = Standing::Other;
                all.push(FakeProcess { process, parent: 0, program, standing, stubborn: false, shut: false });
            }
        }
        all
    }

    fn end_process(&mut self, process: ProcessId) {
        self.processes.retain(|known| known.process != process);
        let own: Vec<u64> = self
            .windows
            .iter()
            .map(|window| &window.identity)
            .filter(|identity| identity.process == process.number && identity.process_start == process.started)
            .map(|identity| identity.handle)
            .collect();
        for handle in own {
            self.remove(handle);
        }
        self.note(format!("ended {}", process.number));
    }
}

impl ProcessPort for FakeDesktop {
    fn of_program(&self, program: &ProgramName, cap: usize) -> PortResult<FoundProcesses> {
        self.enter(Call::HoldProcess, None, None)?;
        let mut all = self.lock().all_processes();
        all.retain(|known| known.program == *program);
        Ok(self.found(all, None, cap))
    }

    fn hold(&self, process: ProcessId) -> PortResult<Option<Box<dyn HeldProcess>>> {
        self.enter(Call::HoldProcess, None, None)?;
        let found = self.lock().all_processes().into_iter().find(|known| known.process == process);
        match found {
            Some(found) if found.shut => Err(PortFault::Elevated),
            found => Ok(found.map(|found| self.held(found, None))),
        }
    }
}

struct Held {
    desktop: FakeDesktop,
    facts: ProcessFacts,
    stubborn: bool,
}

impl HeldProcess for Held {
    fn facts(&self) -> &ProcessFacts {
        &self.facts
    }

    fn children(&self, cap: usize) -> PortResult<FoundProcesses> {
        let own = self.facts.process;
        let mut all = self.desktop.lock().all_processes();
        all.retain(|known| known.parent == own.number && known.process.started >= own.started && known.process != own);
        Ok(self.desktop.found(all, Some(self.facts.root.unwrap_or(own)), cap))
    }

    fn end(&self, permit: &Permit) -> PortResult<()> {
        self.desktop.enter(Call::EndProcess, None, None)?;
        permit.require(self.facts.ends_by(), &self.facts.resource())?;
        if !self.stubborn && self.desktop.is_running(self.facts.process) {
            self.desktop.end_process(self.facts.process);
        }
        Ok(())
    }

    fn exit_code(&self, permit: &Permit, _: Deadline, cancel: &Cancel) -> PortResult<Option<u32>> {
        permit.require(self.facts.ends_by(), &self.facts.resource())?;
        if self.desktop.is_running(self.facts.process) {
            // It would go on past any deadline, so none is waited for.
            cancel.check()?;
            return Ok(None);
        }
        Ok(Some(EXIT_CODE))
    }
}
