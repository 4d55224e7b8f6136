//! Shells in memory: each keeps what it was told and answers what a test lays down, the command itself when nothing is. No
//! command is ever run.

use crate::desktop::{Call, FakeDesktop};
use portcullis_model::{Cancel, Deadline, Effect, Shell};
use portcullis_platform::{Captured, FileFault, Permit, PortResult, ShellEnd, ShellPort, ShellRequest, ShellRun};

/// What the shells of one desktop are and did.
#[derive(Default)]
pub(crate) struct Shells {
    /// Whether PowerShell 7 is installed; the others belong to Windows.
    has_pwsh: bool,
    answer: Option<ShellRun>,
    ran: Vec<ShellRequest>,
}

impl Shells {
    /// Every shell that ran something, with what it ran.
    pub(crate) fn ran(&self) -> impl Iterator<Item = (&str, String)> {
        Shell::ALL.into_iter().filter_map(|shell| {
            let ran = self.ran.iter().filter(|request| request.path == path(shell));
            let told: Vec<&str> = ran.map(|request| request.command.as_str()).collect();
            (!told.is_empty()).then(|| (path(shell), told.join("\n")))
        })
    }
}

fn path(shell: Shell) -> &'static str {
    match shell {
        Shell::PowerShell => r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe",
        Shell::Pwsh => r"C:\Program Files\PowerShell\7\pwsh.exe",
        Shell::Cmd => r"C:\Windows\System32\cmd.exe",
    }
}

impl FakeDesktop {
    /// Installs PowerShell 7.
    pub fn install_pwsh(&self) {
        self.lock().shells.has_pwsh = true;
    }

    /// Lays down what every command comes to from now on.
    pub fn set_shell_answer(&self, answer: ShellRun) {
        self.lock().shells.answer = Some(answer);
    }

    /// What shells were told, the first command first.
    pub fn shell_requests(&self) -> Vec<ShellRequest> {
        self.lock().shells.ran.clone()
    }
}

impl ShellPort for FakeDesktop {
    fn find(&self, shell: Shell) -> PortResult<Option<String>> {
        let there = shell != Shell::Pwsh || self.lock().shells.has_pwsh;
        Ok(there.then(|| path(shell).to_owned()))
    }

    fn run(&self, permit: &Permit, request: &ShellRequest, limit: Deadline, cancel: &Cancel) -> PortResult<ShellRun> {
        permit.require(Effect::RunShell, &request.resource())?;
        self.enter(Call::RunShell, Some(limit), Some(cancel))?;
        if request.folder.as_ref().is_some_and(|folder| !self.lies_at(folder)) {
            return Err(FileFault::NotFolder.into());
        }
        let mut state = self.lock();
        state.shells.ran.push(request.clone());
        Ok(state.shells.answer.clone().unwrap_or_else(|| {
            let mut output = Captured::default();
            output.push(request.command.as_str().as_bytes());
            let errors = Captured::default();
            ShellRun { end: ShellEnd::Exited(0), output, errors, left: Vec::new(), held_open: false }
        }))
    }
}
