//! How `dotnet` is run, in the lab and on Windows: without reports, greetings or files for a first use. Where it comes from
//! is the business of the system's own file; what it builds is the caller's.

use super::Run;
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Said to every `dotnet`. No process may stay behind to be quicker the next time: it would outlive the run's deadline.
const VARIABLES: &[(&str, &str)] = &[
    ("DOTNET_CLI_TELEMETRY_OPTOUT", "1"),
    ("DOTNET_SKIP_FIRST_TIME_EXPERIENCE", "1"),
    ("DOTNET_NOLOGO", "1"),
    ("MSBUILDDISABLENODEREUSE", "1"),
];

/// A .NET SDK.
#[derive(Debug, Clone)]
pub struct Dotnet {
    exe: PathBuf,
}

impl Dotnet {
    pub(super) fn at(exe: PathBuf) -> Dotnet {
        Dotnet { exe }
    }

    /// The program, as a run's `command` takes it.
    pub fn exe(&self) -> &Path {
        &self.exe
    }

    /// A command that runs `dotnet` on the desktop of a run.
    pub fn command(&self, run: &Run, arguments: &[&str]) -> Result<Command> {
        run.command(&self.exe, arguments, VARIABLES)
    }
}
