//! Messages to another program's windows, each with a time limit, all within one deadline. A thread that fails to answer
//! once is asked nothing more, so a hung window costs one time-out and not one for every control.

use crate::identity;
use portcullis_model::{Cancel, CancelReason, Deadline};
use portcullis_platform::{PortFault, PortResult};
use std::cell::RefCell;
use std::time::Duration;
use windows::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_INVALID_WINDOW_HANDLE, ERROR_TIMEOUT, HWND, LPARAM, SetLastError, WIN32_ERROR, WPARAM,
};
use windows::Win32::UI::WindowsAndMessaging::{
    PostMessageW, SMTO_ABORTIFHUNG, SMTO_BLOCK, SMTO_ERRORONEXIT, SendMessageTimeoutW, WM_COMMAND, WM_GETTEXT,
    WM_GETTEXTLENGTH,
};

/// How long one message may take. A thread that needs longer is not going to answer the next hundred.
const MESSAGE_SLICE: Duration = Duration::from_millis(250);
/// How long one message of an act may take: the program may do real work before it answers.
const ACT_MESSAGE_SLICE: Duration = Duration::from_secs(1);
/// UTF-16 units of the longest text that is fetched from a control: 8 MiB.
pub(super) const TEXT_UNITS_CAP: usize = 4 * 1024 * 1024;

/// Asks windows, and remembers which threads do not answer.
#[derive(Debug)]
pub(super) struct Asker<'call> {
    deadline: Deadline,
    /// What one message may take.
    slice: Duration,
    cancel: &'call Cancel,
    silent: RefCell<Vec<(u32, PortFault)>>,
}

impl<'call> Asker<'call> {
    /// Questions until `deadline`, which says how much of a call's time this window may take.
    pub(super) fn new(deadline: Deadline, cancel: &'call Cancel) -> Self {
        Self { deadline, slice: MESSAGE_SLICE, cancel, silent: RefCell::default() }
    }

    /// Questions and orders until `deadline`, for operating a control.
    pub(super) fn for_acts(deadline: Deadline, cancel: &'call Cancel) -> Self {
        Self { deadline, slice: ACT_MESSAGE_SLICE, cancel, silent: RefCell::default() }
    }

    /// Notes beforehand that the window's thread does not answer.
    pub(super) fn silence(&self, window: HWND, why: PortFault) {
        self.silent.borrow_mut().push((identity::owner(window).0, why));
    }

    /// Why the window's thread is not asked any more.
    pub(super) fn silenced(&self, window: HWND) -> Option<PortFault> {
        let silent = self.silent.borrow();
        if silent.is_empty() {
            return None;
        }
        let thread = identity::owner(window).0;
        silent.iter().find(|(known, _)| *known == thread).map(|(_, why)| why.clone())
    }

    /// Whether the window's thread was found not to answer.
    pub(super) fn is_hung(&self, window: HWND) -> bool {
        self.silenced(window) == Some(PortFault::Hung)
    }

    /// Fails when the call was withdrawn or the time is used up.
    pub(super) fn check(&self) -> PortResult<()> {
        self.cancel.check()?;
        if self.deadline.passed() { Err(CancelReason::Deadline.into()) } else { Ok(()) }
    }

    /// Fails when a question to the window would not be sent at all.
    pub(super) fn ready(&self, window: HWND) -> PortResult<()> {
        self.check()?;
        self.silenced(window).map_or(Ok(()), Err)
    }

    /// Until when one order may take.
    pub(super) fn one_slice(&self) -> Deadline {
        self.deadline.slice(self.slice)
    }

    /// When half of the time that is left now will have passed.
    pub(super) fn half_time(&self) -> Deadline {
        Deadline::after(self.deadline.remaining() / 2)
    }

    /// Sends a message whose parameters are numbers, or pointers that the system carries across for that message.
    pub(super) fn send(&self, window: HWND, message: u32, wparam: usize, lparam: isize) -> PortResult<isize> {
        self.ready(window)?;
        self.send_now(window, message, wparam, lparam)
    }

    /// As [`Self::send`] once the window is known to be [`Self::ready`]: the message is sent, whatever comes of it.
    pub(super) fn send_now(&self, window: HWND, message: u32, wparam: usize, lparam: isize) -> PortResult<isize> {
        let left = self.deadline.remaining();
        let span = left.min(self.slice);
        let millis = u32::try_from(span.as_millis()).unwrap_or(u32::MAX).max(1);
        let flags = SMTO_ABORTIFHUNG | SMTO_BLOCK | SMTO_ERRORONEXIT;
        let mut answer = 0_usize;
        // SAFETY: no pointers. Some systems report a time-out by leaving the last error as it was.
        unsafe { SetLastError(WIN32_ERROR(0)) };
        // SAFETY: the out-pointer is a local that outlives the call; pointers in the parameters are the caller's and
        // are lent for the call, after which the system writes to them no more.
        let sent = unsafe {
            SendMessageTimeoutW(window, message, WPARAM(wparam), LPARAM(lparam), flags, millis, Some(&mut answer))
        };
        if sent.0 != 0 {
            return Ok(answer.cast_signed());
        }
        let fault = match last_code() {
            code if code == ERROR_ACCESS_DENIED.0 => PortFault::Elevated,
            code if code == ERROR_INVALID_WINDOW_HANDLE.0 => return Err(PortFault::Gone),
            code if code != 0 && code != ERROR_TIMEOUT.0 => {
                return Err(PortFault::System { call: "SendMessageTimeoutW", code });
            }
            // The time was ours to spend, not the thread's to use: it may be well.
            _ if span < self.slice => return Err(CancelReason::Deadline.into()),
            _ => PortFault::Hung,
        };
        self.silence(window, fault.clone());
        Err(fault)
    }

    /// As [`Self::send`], for answers that are 32 bits wide whatever the target is.
    pub(super) fn send32(&self, window: HWND, message: u32, wparam: usize, lparam: isize) -> PortResult<i32> {
        self.send(window, message, wparam, lparam).map(low)
    }

    /// A count: what is negative or absurd is zero.
    pub(super) fn count(&self, window: HWND, message: u32) -> PortResult<usize> {
        Ok(usize::try_from(self.send32(window, message, 0, 0)?).unwrap_or(0))
    }

    /// Characters that `WM_GETTEXT` would give, in UTF-16 units.
    pub(super) fn text_length(&self, window: HWND) -> PortResult<usize> {
        self.count(window, WM_GETTEXTLENGTH)
    }

    /// The window's own text, at most `units` UTF-16 units of it. Never to be asked of a password field.
    pub(super) fn text(&self, window: HWND, units: usize) -> PortResult<String> {
        let mut buffer = vec![0_u16; units.min(TEXT_UNITS_CAP).saturating_add(1)];
        let address = buffer.as_mut_ptr().expose_provenance().cast_signed();
        // The size goes along, so the system writes no further.
        let length = usize::try_from(self.send32(window, WM_GETTEXT, buffer.len(), address)?).unwrap_or(0);
        Ok(String::from_utf16_lossy(up_to_nul(buffer.get(..length.min(buffer.len())).unwrap_or_default())))
    }

    /// Sends a message that carries a text to the window. The system copies it across.
    pub(super) fn send_text(&self, window: HWND, message: u32, wparam: usize, text: &str) -> PortResult<isize> {
        let units: Vec<u16> = text.encode_utf16().chain([0]).collect();
        self.send(window, message, wparam, units.as_ptr().expose_provenance().cast_signed())
    }

    /// What [`Self::cancel`] watches, for waits between questions.
    pub(super) fn cancel(&self) -> &'call Cancel {
        self.cancel
    }
}

fn last_code() -> u32 {
    std::io::Error::last_os_error().raw_os_error().map_or(0, i32::cast_unsigned)
}

/// Posts a message: it waits for nobody.
pub(super) fn post(window: HWND, message: u32, wparam: usize, lparam: isize) -> PortResult<()> {
    // SAFETY: plain numbers; messages that carry pointers are never posted.
    unsafe { PostMessageW(Some(window), message, WPARAM(wparam), LPARAM(lparam)) }.map_err(|error| {
        if error.code() == ERROR_ACCESS_DENIED.to_hresult() {
            PortFault::Elevated
        } else if error.code() == ERROR_INVALID_WINDOW_HANDLE.to_hresult() {
            PortFault::Gone
        } else {
            identity::failed("PostMessageW")(error)
        }
    })
}

/// Tells a control's parent what the control would have told it itself, had a person done it.
pub(super) fn post_notification(parent: HWND, control: HWND, control_id: i32, code: u32) -> PortResult<()> {
    let id = usize::try_from(control_id & 0xFFFF).unwrap_or(0);
    let code = usize::try_from(code).unwrap_or(0);
    post(parent, WM_COMMAND, id | (code << 16), handle(control))
}

/// A handle as a message parameter.
pub(super) fn handle(window: HWND) -> isize {
    window.0.expose_provenance().cast_signed()
}

/// The low 32 bits of an answer, with their sign: 32-bit programs and 64-bit ones fill the rest differently.
pub(super) fn low(answer: isize) -> i32 {
    let [a, b, c, d, ..] = answer.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

/// A signed number as the first message parameter.
pub(super) fn wide(number: i32) -> usize {
    isize::try_from(number).unwrap_or(0).cast_unsigned()
}

/// The units before the terminator.
pub(super) fn up_to_nul(units: &[u16]) -> &[u16] {
    units.split(|unit| *unit == 0).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_32_bit_programs_keep_their_sign() {
        assert_eq!(low(-1), -1);
        assert_eq!(low(0xFFFF_FFFF), -1);
        assert_eq!(low(0x1_0000_0007), 7);
    }

    #[test]
    fn a_text_ends_at_its_terminator() {
        assert_eq!(up_to_nul(&[65, 66, 0, 67]), &[65, 66]);
        assert!(up_to_nul(&[]).is_empty());
    }
}
