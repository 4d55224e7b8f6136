//! Deadlines and cancellation for synchronous code: a tool waits on its [`Cancel`], never on a bare sleep.
//! No clock is kept here beyond `std::time::Instant`.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The moment by which something must have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// A deadline `span` from now.
    pub fn after(span: Duration) -> Self {
        Self(Instant::now() + span)
    }

    /// What is left, zero when it has passed.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether nothing is left.
    pub fn passed(self) -> bool {
        self.remaining().is_zero()
    }

    /// The earlier of this deadline and `span` from now: a slice for one part of the work.
    pub fn slice(self, span: Duration) -> Self {
        Self(self.0.min(Instant::now() + span))
    }

    /// The instant itself, for timers.
    pub fn instant(self) -> Instant {
        self.0
    }
}

/// Why a call must end early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelReason {
    /// The client withdrew the call.
    Client,
    /// The call's deadline passed.
    Deadline,
    /// The owner stopped the server's work.
    Stop,
    /// The server is going away.
    Shutdown,
}

/// A wait or a piece of work was interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted: {0:?}")]
pub struct Interrupted(pub CancelReason);

#[derive(Default)]
struct Shared {
    reason: Mutex<Option<CancelReason>>,
    changed: Condvar,
}

/// A token that ends work and the waits inside it. Clones share one state; the first reason stays.
#[derive(Clone, Default)]
pub struct Cancel(Arc<Shared>);

impl std::fmt::Debug for Cancel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Cancel").field(&self.reason()).finish()
    }
}

impl Cancel {
    /// A token that nobody has used yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Option<CancelReason>> {
        // The value is a plain Option, whole at every moment, so a poisoned lock loses nothing.
        self.0.reason.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the work that holds this token. Later reasons are ignored.
    pub fn cancel(&self, reason: CancelReason) {
        self.lock().get_or_insert(reason);
        self.0.changed.notify_all();
    }

    /// The reason, once there is one.
    pub fn reason(&self) -> Option<CancelReason> {
        *self.lock()
    }

    /// Fails when the token was used: to be asked between steps of longer work.
    pub fn check(&self) -> Result<(), Interrupted> {
        self.reason().map_or(Ok(()), |reason| Err(Interrupted(reason)))
    }

    /// Waits for `span`, or less when cancelled.
    pub fn wait(&self, span: Duration) -> Result<(), Interrupted> {
        let guard = self.lock();
        let (guard, _) = self
            .0
            .changed
            .wait_timeout_while(guard, span, |reason| reason.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        guard.map_or(Ok(()), |reason| Err(Interrupted(reason)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_when_another_thread_cancels() {
        let cancel = Cancel::new();
        let other = cancel.clone();
        let waiter = std::thread::spawn(move || other.wait(Duration::from_secs(60)));
        cancel.cancel(CancelReason::Stop);
        assert_eq!(waiter.join().unwrap(), Err(Interrupted(CancelReason::Stop)));
    }

    #[test]
    fn the_first_reason_stays() {
        let cancel = Cancel::new();
        cancel.cancel(CancelReason::Client);
        cancel.cancel(CancelReason::Stop);
        assert_eq!(cancel.reason(), Some(CancelReason::Client));
        assert!(cancel.check().is_err());
    }

    #[test]
    fn a_slice_never_outlives_the_whole() {
        let whole = Deadline::after(Duration::from_millis(5));
        assert!(whole.slice(Duration::from_secs(9)).remaining() <= Duration::from_millis(5));
    }
}
