//! Which process is meant, so that a number that the system gives again can never come to mean another one, and what it is
//! to this server. Compared, never dereferenced: no handle lives here.

use serde::Serialize;

/// One process: its number and when it started. Two are equal only when both are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ProcessId {
    /// The process id, which the system gives again once the process is gone.
    pub number: u32,
    /// When it started, in 100 ns units since 1601.
    pub started: u64,
}

/// What a process is to this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Any other program.
    Other,
    /// It started this server, directly or through others: the client, and what the client runs in.
    Client,
    /// This server, one of its workers, or another server of ours.
    Ours,
    /// Windows stops when it ends.
    Critical,
}
