//! The environment variables that are read, and nothing else of the environment. No variable turns a check off.

use std::path::PathBuf;

/// What the environment says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// Where this user's local application data lies: `%LOCALAPPDATA%` on Windows, `$XDG_STATE_HOME` or
    /// `~/.local/state` elsewhere.
    pub local_data: Option<PathBuf>,
}

impl Environment {
    /// Reads the process's environment.
    pub fn read() -> Self {
        let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let local_data = absolute("LOCALAPPDATA")
            .or_else(|| absolute("XDG_STATE_HOME"))
            .or_else(|| absolute("HOME").map(|home| home.join(".local").join("state")));
        Self { local_data }
    }
}
