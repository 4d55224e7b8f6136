//! The session-wide mutex that lets one server at a time send input. Only waiting for it and giving it back live here.

use crate::identity::failed;
use crate::security::{OwnedHandle, UserOnly};
use portcullis_model::{Cancel, Deadline};
use portcullis_platform::{InputTurn, PortFault, PortResult};
use std::marker::PhantomData;
use std::time::Duration;
use windows::Win32::Foundation::{ERROR_ACCESS_DENIED, WAIT_ABANDONED, WAIT_OBJECT_0, WAIT_TIMEOUT};
use windows::Win32::System::Threading::{CreateMutexW, ReleaseMutex, WaitForSingleObject};
use windows::core::{PCWSTR, w};

/// The mutex's name, in the session's own namespace.
const NAME: PCWSTR = w!(r"Local\Portcullis.Input");
/// How long to wait for another server's input to end.
pub(crate) const INPUT_LOCK_WAIT: Duration = Duration::from_secs(2);
/// How long one look at the mutex lasts; a withdrawn call is noticed between two.
const LOOK: Duration = Duration::from_millis(10);

/// The right to send input in this session, held by the thread that made it. A thread that holds it gets it again at once,
/// as a Windows mutex has it: <https://learn.microsoft.com/windows/win32/sync/mutex-objects>.
pub(crate) struct InputLock {
    mutex: OwnedHandle,
    /// A mutex belongs to a thread.
    not_send: PhantomData<*const ()>,
}

impl InputLock {
    /// Waits for the right, at most [`INPUT_LOCK_WAIT`]; `InputBusy` when another holder kept it.
    pub(crate) fn acquire(deadline: Deadline, cancel: &Cancel) -> PortResult<Self> {
        let mutex = create()?;
        let until = deadline.slice(INPUT_LOCK_WAIT);
        loop {
            let look = u32::try_from(until.slice(LOOK).remaining().as_millis()).unwrap_or(0);
            // SAFETY: the handle is open; the wait is short.
            match unsafe { WaitForSingleObject(mutex.raw(), look) } {
                // Abandoned: its holder was killed. What that left held is released before the next act.
                WAIT_OBJECT_0 | WAIT_ABANDONED => return Ok(Self { mutex, not_send: PhantomData }),
                WAIT_TIMEOUT => {}
                _ => return Err(crate::identity::last_error("WaitForSingleObject")),
            }
            cancel.check()?;
            if until.passed() {
                return Err(PortFault::InputBusy);
            }
        }
    }
}

impl InputTurn for InputLock {}

/// Makes the mutex, or opens the one that is there. An elevated server's has the label of a plain one, so that both can
/// wait for it (elevation is not verified on real Windows).
fn create() -> PortResult<OwnedHandle> {
    let make = |user: UserOnly| {
        let attributes = user.attributes();
        // SAFETY: the attributes point to a living descriptor; the name is a constant.
        unsafe { CreateMutexW(Some(&attributes), false, NAME) }.map(OwnedHandle::new)
    };
    // A server with fewer rights than a plain one may not give the label.
    let made = make(UserOnly::shared_object()?).or_else(|error| match UserOnly::object() {
        Ok(user) => make(user),
        Err(_) => Err(error),
    });
    made.map_err(|error| {
        // Somebody with more rights made it without the label: their input and ours cannot take turns.
        if error.code() == ERROR_ACCESS_DENIED.to_hresult() {
            PortFault::InputBusy
        } else {
            failed("CreateMutexW")(error)
        }
    })
}

impl Drop for InputLock {
    fn drop(&mut self) {
        // SAFETY: this thread acquired it, since the value cannot leave its thread.
        let _ = unsafe { ReleaseMutex(self.mutex.raw()) };
    }
}
