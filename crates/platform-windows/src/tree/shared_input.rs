//! Sharing another thread's input queue for a moment: the documented way to move the keyboard or pass on the foreground.
//! A thread that does not answer must not be joined, because we would then wait with it; callers check that first.

use crate::identity::last_error;
use portcullis_platform::{PortFault, PortResult};
use windows::Win32::Foundation::ERROR_ACCESS_DENIED;
use windows::Win32::System::Threading::{AttachThreadInput, GetCurrentThreadId};
use windows::Win32::UI::WindowsAndMessaging::{MSG, PM_NOREMOVE, PeekMessageW};

/// The input queues of our thread and another one are one while this lives.
#[derive(Debug)]
pub(crate) struct SharedInput {
    ours: u32,
    theirs: u32,
}

impl SharedInput {
    /// Joins the queues; `None` for our own thread, and for one that cannot be joined.
    pub(crate) fn with(theirs: u32) -> Option<Self> {
        // SAFETY: no arguments.
        let ours = unsafe { GetCurrentThreadId() };
        if ours == theirs { None } else { Self::join(theirs).ok() }
    }

    /// Joins the queues, or says why that cannot be.
    pub(crate) fn join(theirs: u32) -> PortResult<Self> {
        if theirs == 0 {
            return Err(PortFault::Gone);
        }
        // SAFETY: no arguments.
        let ours = unsafe { GetCurrentThreadId() };
        let mut message = MSG::default();
        // A new thread has no queue before it first looks for a message, and a thread without one cannot share it.
        // SAFETY: the out-pointer is a local that outlives the call, and nothing is taken from the queue.
        let _ = unsafe { PeekMessageW(&mut message, None, 0, 0, PM_NOREMOVE) };
        // SAFETY: plain numbers.
        if unsafe { AttachThreadInput(ours, theirs, true) }.as_bool() {
            return Ok(Self { ours, theirs });
        }
        Err(match last_error("AttachThreadInput") {
            PortFault::System { code, .. } if code == ERROR_ACCESS_DENIED.0 => PortFault::Elevated,
            other => other,
        })
    }
}

impl Drop for SharedInput {
    fn drop(&mut self) {
        // SAFETY: detaches what `with` attached, once; nothing is to be done when the other thread has ended.
        let _ = unsafe { AttachThreadInput(self.ours, self.theirs, false) };
    }
}
