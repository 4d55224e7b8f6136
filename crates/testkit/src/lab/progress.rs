//! How the lab tells what it is doing. The library only names its steps; whether that becomes a spinner, a plain line
//! or nothing is for whoever calls.

use anyhow::Result;
use std::time::{Duration, Instant};

/// Told of each step as it begins and ends.
pub trait Progress {
    /// A step that may take a while begins.
    fn begin(&self, step: &str);
    /// The step that began last has ended.
    fn end(&self, step: &str, took: Duration, ok: bool);
}

/// Says nothing.
#[derive(Debug, Clone, Copy)]
pub struct Quiet;

impl Progress for Quiet {
    fn begin(&self, _step: &str) {}
    fn end(&self, _step: &str, _took: Duration, _ok: bool) {}
}

/// Does the work between a `begin` and an `end`.
pub fn timed<T>(progress: &dyn Progress, step: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    progress.begin(step);
    let started = Instant::now();
    let result = work();
    progress.end(step, started.elapsed(), result.is_ok());
    result
}
