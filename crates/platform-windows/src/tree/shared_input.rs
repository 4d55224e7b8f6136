//! Sharing another thread's input queue for a moment: the documented way to move the keyboard or pass on the foreground.
//! A thread that does not answer must not be joined, because we would then wait with it; callers check that first.

use windows::Win32::System::Threading::{AttachThreadInput, GetCurrentThreadId};

/// The input queues of our thread and another one are one while this lives.
#[derive(Debug)]
pub(crate) struct SharedInput {
    ours: u32,
    theirs: u32,
}

impl SharedInput {
    /// Joins the queues; `None` for our own thread, and for one that has no queue or more rights.
    pub(crate) fn with(theirs: u32) -> Option<Self> {
        // SAFETY: no arguments.
        let ours = unsafe { GetCurrentThreadId() };
        if ours == theirs || theirs == 0 {
            return None;
        }
        // SAFETY: plain numbers.
        let attached = unsafe { AttachThreadInput(ours, theirs, true) }.as_bool();
        attached.then_some(Self { ours, theirs })
    }
}

impl Drop for SharedInput {
    fn drop(&mut self) {
        // SAFETY: detaches what `with` attached, once; nothing is to be done when the other thread has ended.
        let _ = unsafe { AttachThreadInput(self.ours, self.theirs, false) };
    }
}
