//! The session's stop signal: one named event that every server of the user looks at. It lasts as long as somebody has it
//! open; what lasts longer is a file, which is not here.

use crate::identity::{failed, last_error};
use crate::security::{OwnedHandle, UserOnly};
use portcullis_model::StopCause;
use portcullis_platform::{PortResult, StopPort};
use std::time::Duration;
use windows::Win32::Foundation::{WAIT_OBJECT_0, WAIT_TIMEOUT};
use windows::Win32::System::Threading::{CreateEventW, ResetEvent, SetEvent, WaitForSingleObject};
use windows::core::{PCWSTR, w};

/// The event's name, in the session's own namespace.
const NAME: PCWSTR = w!(r"Local\Portcullis.Stop");

/// The event, open. It is set while the work is stopped.
pub(crate) struct StopEvent(OwnedHandle);

// SAFETY: the value is a handle that is never changed; the calls below may be made from any thread at any time.
unsafe impl Sync for StopEvent {}

impl StopEvent {
    /// Opens the session's event, or makes it for this user alone, unset.
    pub(crate) fn open() -> PortResult<Self> {
        let user = UserOnly::object()?;
        let attributes = user.attributes();
        // SAFETY: the attributes point to a living descriptor; the name is a constant.
        let event = unsafe { CreateEventW(Some(&attributes), true, false, NAME) };
        Ok(Self(OwnedHandle::new(event.map_err(failed("CreateEventW"))?)))
    }
}

impl StopPort for StopEvent {
    fn look(&self, limit: Duration) -> PortResult<Option<StopCause>> {
        let limit = u32::try_from(limit.as_millis()).unwrap_or(u32::MAX - 1);
        // SAFETY: the handle is open; the wait is bounded.
        match unsafe { WaitForSingleObject(self.0.raw(), limit) } {
            WAIT_OBJECT_0 => Ok(Some(StopCause::Signal)),
            WAIT_TIMEOUT => Ok(None),
            _ => Err(last_error("WaitForSingleObject")),
        }
    }

    fn set(&self) -> PortResult<()> {
        // SAFETY: the handle is open.
        unsafe { SetEvent(self.0.raw()) }.map_err(failed("SetEvent"))
    }

    fn clear(&self) -> PortResult<()> {
        // SAFETY: the handle is open.
        unsafe { ResetEvent(self.0.raw()) }.map_err(failed("ResetEvent"))
    }
}
