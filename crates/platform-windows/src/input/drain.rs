//! Waiting until a window has eaten the text that was sent to it, so that a long text neither fills its queue nor is
//! overtaken by a look at the result. Nothing is sent as input here, and no content is read: lengths only.

use crate::identity::class_name;
use portcullis_model::{Cancel, CancelReason, Deadline};
use portcullis_platform::{PortFault, PortResult};
use std::time::Duration;
use windows::Win32::Foundation::{HWND, LPARAM, WPARAM};
use windows::Win32::UI::WindowsAndMessaging::{
    GUITHREADINFO, GetGUIThreadInfo, GetWindowThreadProcessId, IsHungAppWindow, IsWindow, SMTO_ABORTIFHUNG,
    SMTO_NORMAL, SendMessageTimeoutW, WM_GETTEXTLENGTH, WM_NULL,
};

/// How long one question to the window may take before cancellation is looked at again.
const QUESTION_WAIT: Duration = Duration::from_millis(50);
/// Time between two looks at a text that grows.
const LOOK: Duration = Duration::from_millis(3);
/// How long a text must stay as it is to count as all there, when its length does not say so.
const STILL: Duration = Duration::from_millis(15);

/// The window that has the keyboard, and what can be learnt of its progress.
pub(super) struct Drain {
    window: HWND,
    /// Its text's length before the input, when it is a text field.
    length: Option<usize>,
}

impl Drain {
    /// Looks at the window before the input is sent.
    pub(super) fn before(foreground: HWND) -> Self {
        let window = focus_of(foreground);
        let length = if is_text_field(window) { ask(window, WM_GETTEXTLENGTH, QUESTION_WAIT) } else { None };
        Self { window, length }
    }

    /// Looks at nothing but whether the window's thread answers: for keys that are not text.
    pub(super) fn of_thread(foreground: HWND) -> Self {
        Self { window: focus_of(foreground), length: None }
    }

    /// Waits until the window has taken what was sent: a text field until it is `grown` units longer or keeps still,
    /// another window until its thread answers.
    pub(super) fn wait(&self, grown: usize, deadline: Deadline, cancel: &Cancel) -> PortResult<()> {
        let Some(before) = self.length else { return self.answers(WM_NULL, deadline, cancel).map(drop) };
        let mut last = before;
        let mut still = Deadline::after(STILL);
        loop {
            let now = self.answers(WM_GETTEXTLENGTH, deadline, cancel)?;
            if now == before.saturating_add(grown) {
                return Ok(());
            }
            if now != last {
                last = now;
                still = Deadline::after(STILL);
            } else if still.passed() {
                return Ok(());
            }
            cancel.wait(LOOK)?;
        }
    }

    /// Asks until the window answers.
    fn answers(&self, message: u32, deadline: Deadline, cancel: &Cancel) -> PortResult<usize> {
        loop {
            if let Some(answer) = ask(self.window, message, deadline.slice(QUESTION_WAIT).remaining()) {
                return Ok(answer);
            }
            cancel.check()?;
            // SAFETY: any handle value may be asked.
            if !unsafe { IsWindow(Some(self.window)) }.as_bool() {
                // The input closed it: nothing is left to wait for.
                return Ok(0);
            }
            // SAFETY: any handle value may be asked.
            if unsafe { IsHungAppWindow(self.window) }.as_bool() {
                return Err(PortFault::Hung);
            }
            if deadline.passed() {
                return Err(CancelReason::Deadline.into());
            }
        }
    }
}

/// The control of the window's thread that has the focus, or the window itself.
fn focus_of(window: HWND) -> HWND {
    // SAFETY: any handle value may be asked.
    let thread = unsafe { GetWindowThreadProcessId(window, None) };
    let mut info =
        GUITHREADINFO { cbSize: u32::try_from(size_of::<GUITHREADINFO>()).unwrap_or(0), ..GUITHREADINFO::default() };
    // SAFETY: the structure says its size and outlives the call.
    let told = unsafe { GetGUIThreadInfo(thread, &mut info) };
    if told.is_ok() && !info.hwndFocus.is_invalid() { info.hwndFocus } else { window }
}

/// Whether the class is one of the text fields, whose text grows by what is typed: Edit, the rich edits, and those that
/// frameworks derive from them.
fn is_text_field(window: HWND) -> bool {
    class_name(window).to_ascii_lowercase().contains("edit")
}

/// The window's answer to a message without pointers; nothing when it did not answer in time.
fn ask(window: HWND, message: u32, wait: Duration) -> Option<usize> {
    let wait = u32::try_from(wait.as_millis()).unwrap_or(0).max(1);
    let mut answer = 0;
    let flags = SMTO_ABORTIFHUNG | SMTO_NORMAL;
    // SAFETY: the out-pointer is a local that outlives the call, which ends within `wait`.
    let told = unsafe { SendMessageTimeoutW(window, message, WPARAM(0), LPARAM(0), flags, wait, Some(&mut answer)) };
    (told.0 != 0).then_some(answer)
}
