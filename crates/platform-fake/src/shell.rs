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
    /// How many run now.
    running: usize,
}

/// A shell that runs until this is dropped.
struct Runs<'desktop>(&'desktop FakeDesktop);

impl<'desktop> Runs<'desktop> {
    fn begin(desktop: &'desktop FakeDesktop) -> Self {
        desktop.lock().shells.running += 1;
        Self(desktop)
    }
}

impl Drop for Runs<'_> {
    fn drop(&mut self) {
        self.0.lock().shells.running -= 1;
    }
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

    /// How many shells run now.
    pub fn running_shells(&self) -> usize {
        self.lock().shells.running
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

    fn run(
        &self,
        permit: &Permit,
        request: &ShellRequest,
        limit: Deadline,
        cancel: &Cancel,
        begun: &dyn Fn(),
    ) -> PortResult<ShellRun> {
        permit.require(Effect::RunShell, &request.resource())?;
        self.enter(Call::RunShell, Some(limit), Some(cancel))?;
        if request.folder.as_ref().is_some_and(|folder| !self.lies_at(folder)) {
            return Err(FileFault::NotFolder.into());
        }
        self.lock().shells.ran.push(request.clone());
        let _runs = Runs::begin(self);
        begun();
        let end = match self.enter(Call::EndShell, Some(limit), Some(cancel)) {
            Ok(()) => ShellEnd::Exited(0),
            Err(_) if limit.passed() && cancel.check().is_ok() => ShellEnd::OutOfTime,
            Err(fault) => return Err(fault),
        };
        Ok(self.lock().shells.answer.clone().unwrap_or_else(|| {
            let mut output = Captured::default();
            output.push(request.command.as_str().as_bytes());
            ShellRun { end, output, errors: Captured::default(), left: Vec::new(), held_open: false }
        }))
    }
}
