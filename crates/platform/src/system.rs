//! The machine and its processes, read through the system's own tables.

use crate::{Permit, PortResult};
use portcullis_model::Untrusted;

/// One drive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drive {
    /// `C:`.
    pub name: String,
    /// Bytes in all.
    pub total: u64,
    /// Bytes free to the caller.
    pub free: u64,
}

/// Facts about the machine.
#[derive(Clone, Debug, PartialEq)]
pub struct SystemInfo {
    /// The computer's name.
    pub computer: Untrusted,
    /// The signed-in user.
    pub user: Untrusted,
    /// Product and version: `Windows 10 Pro 10.0.19043`.
    pub os: String,
    /// `x86_64`, `aarch64`.
    pub architecture: String,
    /// The user's interface language: `en-US`.
    pub language: String,
    /// Logical processors.
    pub processors: u32,
    /// Share of processor time in use since the last question or since start, 0 to 100; `None` when there is no
    /// earlier reading to compare with.
    pub cpu_percent: Option<f64>,
    /// Bytes of memory.
    pub memory_total: u64,
    /// Bytes of memory free.
    pub memory_free: u64,
    /// Fixed and mapped drives.
    pub drives: Vec<Drive>,
    /// Bytes received and sent by all adapters since start, where the system tells.
    pub network: Option<(u64, u64)>,
    /// Seconds since start.
    pub uptime_seconds: u64,
}

/// One process.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessInfo {
    /// Its id.
    pub id: u32,
    /// Its parent's id; 0 when the parent is gone.
    pub parent: u32,
    /// The image's file name.
    pub name: Untrusted,
    /// The image's path, where we may know it.
    pub path: Option<Untrusted>,
    /// When it started, in 100 ns units since 1601; 0 where we may not know it.
    pub started: u64,
    /// Processor time used, in milliseconds.
    pub cpu_ms: u64,
    /// Share of all processors since the last listing, where there was one.
    pub cpu_percent: Option<f64>,
    /// Working set in bytes.
    pub memory: u64,
    /// Threads.
    pub threads: u32,
}

/// The machine.
pub trait SystemPort: Send + Sync {
    /// Facts about the machine. Needs `ReadSystem`. Takes no sample time of its own.
    fn info(&self, permit: &Permit) -> PortResult<SystemInfo>;

    /// Every process. Needs `ReadProcesses`.
    fn processes(&self, permit: &Permit) -> PortResult<Vec<ProcessInfo>>;
}
