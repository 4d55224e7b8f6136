//! Calls that may never return, run on a thread of their own: the caller waits until its deadline and goes on without
//! them. Only the waiting lives here; what is run is the port's.

use portcullis_model::Deadline;
use portcullis_platform::{PortFault, PortResult};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// Helper threads of one kind that may exist at once. One that never returns takes a place for good, so a program that
/// hangs every caller cannot fill the process with threads, nor take the places of another kind.
const HELPER_CAP: usize = 8;

/// The places for helpers of one kind of call.
pub(crate) struct Helpers(AtomicUsize);

impl Helpers {
    /// Nothing runs yet.
    pub(crate) const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// Runs `work` elsewhere and waits for it until the deadline. `Hung` when it did not come back or no place was free.
    pub(crate) fn run<T: Send + 'static>(
        &'static self,
        deadline: Deadline,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> PortResult<T> {
        let place = Place::take(&self.0).ok_or(PortFault::Hung)?;
        let (answer, answers) = mpsc::sync_channel(1);
        let started = std::thread::Builder::new().name("helper".to_owned()).spawn(move || {
            let _place = place;
            // Nobody listens once the deadline has passed; then the answer is not wanted.
            let _ = answer.send(work());
        });
        if started.is_err() {
            return Err(PortFault::Unsupported("no further thread can be started".to_owned()));
        }
        answers.recv_timeout(deadline.remaining()).map_err(|_| PortFault::Hung)
    }
}

/// A place among the helpers, given back when the thread ends.
struct Place(&'static AtomicUsize);

impl Place {
    fn take(running: &'static AtomicUsize) -> Option<Self> {
        running
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |running| (running < HELPER_CAP).then_some(running + 1))
            .is_ok()
            .then_some(Self(running))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_does_not_return_is_left_behind_and_counted() {
        static HELPERS: Helpers = Helpers::new();
        assert_eq!(HELPERS.run(Deadline::after(Duration::from_secs(9)), || 7).unwrap(), 7);
        let (release, held) = mpsc::channel::<()>();
        let held = std::sync::Arc::new(std::sync::Mutex::new(held));
        for _ in 0..HELPER_CAP {
            let held = held.clone();
            let stuck = HELPERS.run(Deadline::after(Duration::ZERO), move || {
                let _ = held.lock().map(|held| held.recv());
            });
            assert_eq!(stuck, Err(PortFault::Hung));
        }
        assert_eq!(HELPERS.run(Deadline::after(Duration::from_secs(9)), || 7), Err(PortFault::Hung));
        drop(release);
    }
}
