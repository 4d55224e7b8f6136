//! The owner's stop as the gate knows it: the thread that looks at the owner's signal, and what a stop and its end do to
//! calls. Who gives the signal, and how, is for a port; nothing that a tool is handed leads here.

use crate::call::{Gate, Inner};
use portcullis_model::{Cancel, CancelReason, Durability, Entry, StopCause, WorkStopped};
use portcullis_platform::{PortResult, StopPort};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long one look at the signal lasts. A signal that can be waited for is seen at once; a stop file, and the end of a
/// stop, within this.
const LOOK: Duration = Duration::from_millis(50);

/// The thread that looks at the owner's signal.
pub(crate) struct StopWatch {
    ended: Cancel,
    thread: JoinHandle<()>,
}

impl StopWatch {
    /// Ends the thread and waits for it, which takes one look at most.
    pub(crate) fn end(self) {
        self.ended.cancel(CancelReason::Shutdown);
        // A watch that panicked has nothing more to tell.
        let _ = self.thread.join();
    }
}

impl Gate {
    /// Does what the owner's signal says from now on, on a thread of its own. A stop that stands already is in force when
    /// this returns.
    pub fn watch_stop(&self, signal: Arc<dyn StopPort>) -> std::io::Result<()> {
        let given = self.0.stops.given();
        heed(&self.0, signal.look(Duration::ZERO), given);
        let ended = Cancel::new();
        let (watched, end) = (Arc::downgrade(&self.0), ended.clone());
        let thread = std::thread::Builder::new().name("stop-watch".to_owned()).spawn(move || {
            let mut stopped = false;
            while end.check().is_ok() {
                let Some(given) = watched.upgrade().map(|inner| inner.stops.given()) else { return };
                // A signal that stands is seen at once, so the pause between two looks is ours.
                let look = if stopped {
                    if end.wait(LOOK).is_err() {
                        return;
                    }
                    signal.look(Duration::ZERO)
                } else {
                    signal.look(LOOK)
                };
                let Some(inner) = watched.upgrade() else { return };
                stopped = heed(&inner, look, given);
            }
        })?;
        let earlier = self.0.watch.lock().unwrap_or_else(PoisonError::into_inner).replace(StopWatch { ended, thread });
        if let Some(earlier) = earlier {
            earlier.end();
        }
        Ok(())
    }

    /// Stops all work: every call answers `stopped`, held keys are released, new calls are refused. `give` then gives the
    /// signal at which the watch looks and says whether it stands. No look that began earlier ends this stop; where the
    /// signal does not stand, none does, and it lasts as long as the server.
    pub fn stop(&self, by: StopCause, give: impl FnOnce() -> bool) {
        let mut held = self.0.stops.held.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.stop(by);
        *held |= !give();
        self.0.stops.given.fetch_add(1, Ordering::SeqCst);
    }
}

/// What decides whether a look may end a stop.
#[derive(Debug, Default)]
pub(crate) struct Stops {
    /// How many were given to the gate itself. A look that began before the last of them says nothing about it.
    given: AtomicU64,
    /// One of them has no signal that an owner could take back. Locked while one is given.
    held: Mutex<bool>,
}

impl Stops {
    fn given(&self) -> u64 {
        self.given.load(Ordering::SeqCst)
    }
}

/// Does what a look says that began after so many stops; whether the work is stopped. A look that fails stops it.
fn heed(inner: &Inner, look: PortResult<Option<StopCause>>, given: u64) -> bool {
    let by = look.unwrap_or_else(|fault| {
        if !inner.stopped.load(Ordering::SeqCst) {
            tracing::error!(%fault, "the stop signal cannot be looked at; the work is stopped");
        }
        Some(StopCause::Unreadable)
    });
    match by {
        Some(by) => inner.stop(by),
        None => inner.resume(given),
    }
    inner.stopped.load(Ordering::SeqCst)
}

impl Inner {
    fn stop(&self, by: StopCause) {
        if self.stopped.swap(true, Ordering::SeqCst) {
            return;
        }
        self.registry.cancel_all(CancelReason::Stop);
        if let Err(fault) = self.parts.ports.input.release_all() {
            tracing::warn!(%fault, "held keys could not be released");
        }
        tracing::warn!(?by, "the owner stopped the work; `portcullis resume` lets it go on");
        if let Err(fault) = self.parts.ledger.append(&Entry::WorkStopped(WorkStopped { by }), Durability::Now) {
            tracing::error!(%fault, "the stop could not be recorded");
        }
    }

    fn resume(&self, given: u64) {
        let held = match self.stops.held.try_lock() {
            Ok(held) => held,
            Err(TryLockError::Poisoned(held)) => held.into_inner(),
            // A stop is being given; a later look says what became of it.
            Err(TryLockError::WouldBlock) => return,
        };
        if !self.stopped.load(Ordering::SeqCst) || *held || self.stops.given() != given {
            return;
        }
        // A ledger that fails lets no call through, so that opening without the record opens nothing.
        if let Err(fault) = self.parts.ledger.append(&Entry::WorkResumed, Durability::Now) {
            tracing::error!(%fault, "the end of the stop could not be recorded");
        }
        self.stopped.store(false, Ordering::SeqCst);
        tracing::warn!("the owner resumed the work");
    }
}
