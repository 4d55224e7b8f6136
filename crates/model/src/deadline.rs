//! Deadlines and cancellation for synchronous code: a tool waits on its [`Cancel`], never on a bare sleep.
//! No clock is kept here beyond `std::time::Instant`.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
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
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    reason: Option<CancelReason>,
    /// Tokens that end with this one.
    children: Vec<Weak<Shared>>,
}

impl Shared {
    fn cancel(&self, reason: CancelReason) {
        let children = {
            let mut state = self.lock();
            state.reason.get_or_insert(reason);
            std::mem::take(&mut state.children)
        };
        self.changed.notify_all();
        for child in children.iter().filter_map(Weak::upgrade) {
            child.cancel(reason);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole at every moment, so a poisoned lock loses nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
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

    /// A token of its own that ends with this one, for a part of the work that may also end alone.
    pub fn child(&self) -> Self {
        let child = Self::new();
        let mut state = self.0.lock();
        match state.reason {
            Some(reason) => child.0.cancel(reason),
            None => {
                state.children.retain(|known| known.strong_count() > 0);
                state.children.push(Arc::downgrade(&child.0));
            }
        }
        drop(state);
        child
    }

    /// Ends the work that holds this token. Later reasons are ignored.
    pub fn cancel(&self, reason: CancelReason) {
        self.0.cancel(reason);
    }

    /// The reason, once there is one.
    pub fn reason(&self) -> Option<CancelReason> {
        self.0.lock().reason
    }

    /// Fails when the token was used: to be asked between steps of longer work.
    pub fn check(&self) -> Result<(), Interrupted> {
        self.reason().map_or(Ok(()), |reason| Err(Interrupted(reason)))
    }

    /// Waits for `span`, or less when cancelled.
    pub fn wait(&self, span: Duration) -> Result<(), Interrupted> {
        let guard = self.0.lock();
        let (guard, _) = self
            .0
            .changed
            .wait_timeout_while(guard, span, |state| state.reason.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        guard.reason.map_or(Ok(()), |reason| Err(Interrupted(reason)))
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
    fn a_part_ends_with_the_whole_and_the_whole_outlives_a_part() {
        let whole = Cancel::new();
        let (part, other) = (whole.child(), whole.child());
        part.cancel(CancelReason::Deadline);
        assert_eq!((whole.reason(), other.reason()), (None, None));
        whole.cancel(CancelReason::Stop);
        assert_eq!((part.reason(), other.reason()), (Some(CancelReason::Deadline), Some(CancelReason::Stop)));
        assert_eq!(whole.child().reason(), Some(CancelReason::Stop));
    }

    #[test]
    fn a_slice_never_outlives_the_whole() {
        let whole = Deadline::after(Duration::from_millis(5));
        assert!(whole.slice(Duration::from_secs(9)).remaining() <= Duration::from_millis(5));
    }
}
