//! Starting programs: installed applications by their name, executables by their exact path.

use crate::{Permit, PortResult};
use portcullis_model::{Cancel, Deadline, ProgramName, WindowIdentity};

/// An application that the machine's owner installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledApp {
    /// Its name as the start menu or `App Paths` gives it.
    pub name: String,
    /// The program that it starts, when that is certain: policy takes one that is not for the most powerful.
    pub program: Option<ProgramName>,
    /// What the implementation starts it by: a path or a shell link. Never shown, never built from input.
    pub target: String,
}

/// What to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LaunchRequest {
    /// An installed application, without arguments.
    Installed(InstalledApp),
    /// A program by absolute path, with an argument vector.
    Executable {
        /// Absolute path of the image.
        path: String,
        /// Arguments, one a string; quoted by the port for `CommandLineToArgvW`.
        args: Vec<String>,
        /// Working folder; the image's own when absent.
        cwd: Option<String>,
    },
}

/// A program that was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// Its process id.
    pub process: u32,
    /// Its first visible top-level window, when one came up before the deadline.
    pub window: Option<WindowIdentity>,
    /// Its exit code, when it ended before showing a window.
    pub exited: Option<u32>,
}

/// Starting programs.
pub trait AppPort: Send + Sync {
    /// Installed applications whose name is `name` in any case of letters, or, when none is, those nearest to it. At
    /// most 5. Names only; the list of installed programs is not content that needs a permit.
    fn find(&self, name: &str) -> PortResult<Vec<InstalledApp>>;

    /// Starts it and waits for its first window, its end or the deadline. Needs `StartInstalledApp` or
    /// `StartExecutable` on it. A program that wants more rights than ours is `Elevated` and not started; a path that leads
    /// to another file is `Unsupported`. After `Interrupted` it may still start.
    fn launch(
        &self,
        permit: &Permit,
        request: &LaunchRequest,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<Launch>;
}
