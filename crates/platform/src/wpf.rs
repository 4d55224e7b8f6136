//! WPF applications: which run, what is known of them, the one pipe to the inspector in one, and loading it. What is said on
//! the pipe is not known here, nor what an application may be asked.

use crate::{Permit, PortFault, PortResult};
use portcullis_model::{Cancel, Deadline, LoadStage, ProcessId, RunningProgram, WindowIdentity};
use std::time::Duration;

/// What a process is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Architecture {
    /// 64-bit, Intel's and AMD's.
    X64,
    /// 32-bit.
    X86,
    /// 64-bit, ARM's.
    Arm64,
}

impl Architecture {
    /// Its name, as the sources write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::X64 => "x64",
            Self::X86 => "x86",
            Self::Arm64 => "ARM64",
        }
    }
}

/// The runtime of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClrKind {
    /// .NET Core and .NET since.
    Core,
    /// .NET Framework.
    Framework,
}

/// What is known of an application that may be connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WpfFacts {
    /// What its program's file is called, as it is written there and without `.exe`.
    pub name: String,
    /// What it is built for; none when it could not be found out.
    pub architecture: Option<Architecture>,
    /// Its runtime; none when it has loaded none that can be seen.
    pub runtime: Option<ClrKind>,
    /// That runtime's file, by its path.
    pub runtime_file: Option<String>,
    /// Whether it runs with more rights than this server.
    pub is_elevated: bool,
    /// Whether the runtime is linked into the program's own file, so that nothing can be loaded into it.
    pub is_single_file: bool,
    /// Bytes of its working set.
    pub working_set: u64,
}

/// How a program's file ends.
const EXE: &str = ".exe";

/// What a program's file is called, without its folder and without `.exe`.
pub fn program_name(image: &str) -> String {
    let file = image.rsplit('\\').next().unwrap_or(image);
    let end = file.len().saturating_sub(EXE.len());
    match file.split_at_checked(end) {
        Some((name, ending)) if ending.eq_ignore_ascii_case(EXE) => name.to_owned(),
        _ => file.to_owned(),
    }
}

/// A process that shows windows of WPF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WpfProcess {
    /// Which.
    pub process: ProcessId,
    /// Its visible top-level windows that WPF made, the front one first.
    pub windows: Vec<WindowIdentity>,
}

/// WPF applications.
pub trait WpfPort: Send + Sync {
    /// Processes of this session with a visible top-level window that WPF made, the front one first, at most `cap`, and
    /// whether there are more. Tells identities, so no permit.
    fn processes(&self, cap: usize) -> PortResult<(Vec<WpfProcess>, bool)>;

    /// The process, held; none when it is gone or its number is another's by now.
    fn hold(&self, process: ProcessId) -> PortResult<Option<Box<dyn HeldApplication>>>;

    /// A new pipe for one inspector, under a name that cannot be guessed, which nobody else has: for this user alone, from
    /// this machine alone, for one connection.
    fn listen(&self) -> PortResult<Box<dyn InspectorPipe>>;

    /// Whether the application has opened itself, so that it can be asked to call back. Tells no more than that a pipe of that name
    /// is there, so no permit.
    fn opens_itself(&self, process: ProcessId) -> bool;

    /// The pipe at which an application that opened itself takes the question to call back; none when there is none. Who is at its
    /// other end is asked of [`PipeEnd::peer`].
    fn knock(&self, process: ProcessId) -> PortResult<Option<Box<dyn PipeEnd>>>;

    /// The user's secret for applications that open themselves; none when nobody has made one.
    fn sdk_secret(&self) -> PortResult<Option<Vec<u8>>>;

    /// The version that a runtime's file, as an application's facts name it, has of itself. To read it takes a while, so it is
    /// asked for apart.
    fn runtime_version(&self, file: &str) -> Option<String>;

    /// This server's own process.
    fn own(&self) -> PortResult<ProcessId>;
}

/// A process that is held, so that its number cannot pass to another one.
pub trait HeldApplication: Send + Sync {
    /// Which.
    fn process(&self) -> ProcessId;

    /// What the rules are asked of: where its program's file really lies, and, where they are wanted, the hash and the signer
    /// of that file. For the rules alone, so no permit.
    fn program(&self, sha256: bool, signer: bool) -> PortResult<RunningProgram>;

    /// The rest of what is known of it. Needs `ReadApplications` or `ConnectApplications` on it, with the program that the rules
    /// were asked of.
    fn facts(&self, permit: &Permit, program: &RunningProgram) -> PortResult<WpfFacts>;

    /// Whether it still runs.
    fn is_alive(&self) -> bool;
}

/// A pipe that nobody has connected to.
pub trait InspectorPipe: Send {
    /// Its name, without the prefix of pipes.
    fn name(&self) -> &str;

    /// Waits for the one connection.
    fn accept(self: Box<Self>, deadline: Deadline, cancel: &Cancel) -> PortResult<Box<dyn PipeEnd>>;
}

/// Our end of a pipe that is connected. Reading and writing go on beside each other.
pub trait PipeEnd: Send + Sync {
    /// The process at the other end, as the system knows it.
    fn peer(&self) -> PortResult<ProcessId>;

    /// Reads what is there: none when nothing came within `wait`, `Some(0)` when the other end is closed.
    fn read(&self, buffer: &mut [u8], wait: Duration) -> PortResult<Option<usize>>;

    /// Writes all of it, or fails when the other end does not take it within `wait`.
    fn write(&self, bytes: &[u8], wait: Duration) -> PortResult<()>;

    /// Closes it: whoever reads or writes here is told at once.
    fn close(&self);
}

/// Why an inspector was not loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the inspector was not loaded: it came as far as {stage:?}, code {code:#010x}")]
pub struct LoadFault {
    /// How far it came.
    pub stage: LoadStage,
    /// The system's or the runtime's code, 0 for none.
    pub code: u32,
}

/// Loads the inspector into an application.
pub trait LoaderPort: Send + Sync {
    /// Whether this build has an inspector to load; why not otherwise.
    fn ready(&self) -> Result<(), LoadFault>;

    /// Loads it and starts it with this parameter block. Needs `LoadInspector` on the application, to be loaded into. The block
    /// holds a secret: it is in no file, environment or command line on its way.
    fn load(
        &self,
        permit: &Permit,
        application: &dyn HeldApplication,
        program: &RunningProgram,
        block: &str,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<()>;
}

impl From<LoadFault> for PortFault {
    fn from(fault: LoadFault) -> Self {
        Self::Load(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_called_as_its_file_without_the_ending() {
        for (image, name) in [
            (r"C:\Work\My.App.exe", "My.App"),
            (r"C:\Work\SHOP.EXE", "SHOP"),
            ("shop", "shop"),
            (r"C:\a\ö.scr", "ö.scr"),
        ] {
            assert_eq!(program_name(image), name);
        }
    }
}
