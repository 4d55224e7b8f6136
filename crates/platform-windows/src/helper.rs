//! Calls that may never return, run on a thread of their own: the caller waits until its deadline or its withdrawal and
//! goes on without them. Only the waiting lives here; what is run is the port's.

use portcullis_model::{Cancel, CancelReason, Deadline, Interrupted};
use portcullis_platform::PortFault;
use std::os::windows::io::AsRawHandle;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;
use windows::Win32::Foundation::HANDLE;
use windows::Win32::System::Threading::WaitForSingleObject;

/// Helper threads of one kind that may exist at once. One that never returns takes a place for good, so a program that
/// hangs every caller cannot fill the process with threads, nor take the places of another kind.
const HELPER_CAP: usize = 8;
/// How long one look at the answer lasts; a withdrawn call is noticed between two.
const LOOK: Duration = Duration::from_millis(10);

/// How long a helper that has answered may take to end before nobody waits for that any more, in milliseconds.
const ENDING_MS: u32 = 50;

/// What a caller is told when every helper hangs.
const FULL: &str = "as many programs as it waits for hang; restart the server or end them";

/// The places for helpers of one kind of call.
pub(crate) struct Helpers(AtomicUsize);

/// Why there is no answer of a helper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Missed {
    /// Nothing was begun: all places are taken by calls that did not return, or there is no thread.
    NotBegun(PortFault),
    /// The work goes on, and nobody waits for it any more.
    Left(Interrupted),
}

impl From<Missed> for PortFault {
    fn from(missed: Missed) -> Self {
        match missed {
            Missed::NotBegun(fault) => fault,
            Missed::Left(Interrupted(CancelReason::Deadline)) => Self::Hung,
            Missed::Left(interrupted) => interrupted.into(),
        }
    }
}

impl Helpers {
    /// Nothing runs yet.
    pub(crate) const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// Runs `work` elsewhere and waits for it until the deadline or the withdrawal. A panic in it is the caller's.
    pub(crate) fn run<T: Send + 'static>(
        &'static self,
        deadline: Deadline,
        cancel: &Cancel,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Missed> {
        let place = Place::take(&self.0).ok_or_else(|| Missed::NotBegun(PortFault::Unsupported(FULL.to_owned())))?;
        let (answer, answers) = mpsc::sync_channel(1);
        let started = std::thread::Builder::new().name("helper".to_owned()).spawn(move || {
            let _place = place;
            // Nobody listens once the deadline has passed; then the answer is not wanted.
            let _ = answer.send(work());
        });
        let Ok(thread) = started else {
            return Err(Missed::NotBegun(PortFault::Unsupported("no further thread can be started".to_owned())));
        };
        loop {
            match answers.recv_timeout(deadline.slice(LOOK).remaining()) {
                Ok(answer) => {
                    let_end(&thread);
                    return Ok(answer);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => match thread.join() {
                    Err(panic) => std::panic::resume_unwind(panic),
                    Ok(()) => return Err(Missed::NotBegun(PortFault::Hung)),
                },
            }
            cancel.check().map_err(Missed::Left)?;
            if deadline.passed() {
                return Err(Missed::Left(Interrupted(CancelReason::Deadline)));
            }
        }
    }
}

/// Lets a thread that has answered end. A process that ends while one of its threads is just ending may get that thread's exit
/// code and lose its own.
fn let_end(thread: &JoinHandle<()>) {
    // SAFETY: the handle is open as long as the value lives.
    let _ = unsafe { WaitForSingleObject(HANDLE(thread.as_raw_handle()), ENDING_MS) };
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

    fn soon() -> Deadline {
        Deadline::after(Duration::from_secs(9))
    }

    #[test]
    fn what_does_not_return_is_left_behind_and_counted() {
        static HELPERS: Helpers = Helpers::new();
        let cancel = Cancel::new();
        assert_eq!(HELPERS.run(soon(), &cancel, || 7), Ok(7));
        let (release, held) = mpsc::channel::<()>();
        let held = std::sync::Arc::new(std::sync::Mutex::new(held));
        for _ in 0..HELPER_CAP {
            let held = held.clone();
            let stuck = HELPERS.run(Deadline::after(Duration::ZERO), &cancel, move || {
                let _ = held.lock().map(|held| held.recv());
            });
            assert_eq!(stuck, Err(Missed::Left(Interrupted(CancelReason::Deadline))));
        }
        assert_eq!(HELPERS.run(soon(), &cancel, || 7), Err(Missed::NotBegun(PortFault::Unsupported(FULL.to_owned()))));
        drop(release);
    }

    #[test]
    fn a_withdrawn_call_does_not_wait_for_its_helper() {
        static HELPERS: Helpers = Helpers::new();
        let cancel = Cancel::new();
        let (_release, held) = mpsc::channel::<()>();
        cancel.cancel(CancelReason::Stop);
        let left = HELPERS.run(soon(), &cancel, move || held.recv());
        assert_eq!(left, Err(Missed::Left(Interrupted(CancelReason::Stop))));
        assert_eq!(PortFault::from(left.unwrap_err()), PortFault::Interrupted(Interrupted(CancelReason::Stop)));
    }

    /// Takes its time when its thread ends.
    struct Slow;

    static ENDED: AtomicUsize = AtomicUsize::new(0);

    std::thread_local! {
        static SLOW: Slow = Slow::begin();
    }

    impl Slow {
        fn begin() -> Self {
            Self
        }
    }

    impl Drop for Slow {
        fn drop(&mut self) {
            let begun = std::time::Instant::now();
            while begun.elapsed() < Duration::from_millis(10) {
                std::thread::yield_now();
            }
            ENDED.fetch_add(1, Ordering::AcqRel);
        }
    }

    #[test]
    fn a_helper_that_has_answered_has_ended_when_its_answer_is_given() {
        static HELPERS: Helpers = Helpers::new();
        assert_eq!(HELPERS.run(soon(), &Cancel::new(), || SLOW.with(|_| 7)), Ok(7));
        assert_eq!(ENDED.load(Ordering::Acquire), 1);
    }

    #[test]
    fn a_panic_of_the_work_is_the_callers() {
        static HELPERS: Helpers = Helpers::new();
        let caught = std::panic::catch_unwind(|| HELPERS.run(soon(), &Cancel::new(), || panic!("a defect")));
        assert_eq!(caught.unwrap_err().downcast_ref::<&str>(), Some(&"a defect"));
    }
}
