//! Who can write a file: the policy and the keys are worth what their access rights are.

use std::path::{Path, PathBuf};

/// Who may write a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keepers {
    /// The user that runs the server, and administrators.
    User,
    /// Administrators alone.
    Administrators,
}

/// A file that others than its keepers can change, or whose rights cannot be known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} cannot be trusted: {why}; {remedy}", path.display())]
pub struct Distrust {
    /// The file, or its folder.
    pub path: PathBuf,
    /// Who can write it, or why that cannot be known.
    pub why: String,
    /// What to do.
    pub remedy: String,
}

/// Looks at access rights. The files are our own, so no permit; nothing of what they say is read.
pub trait FileTrustPort: Send + Sync {
    /// Fails unless the file and the folder that holds it can be written by their keepers alone.
    fn check(&self, path: &Path, keepers: Keepers) -> Result<(), Distrust>;

    /// As [`FileTrustPort::check`], and fails also when others can read the file.
    fn check_secret(&self, path: &Path, keepers: Keepers) -> Result<(), Distrust>;
}
