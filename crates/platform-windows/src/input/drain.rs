//! Waiting until a window has eaten the text that was sent to it, so that a long text neither fills its queue nor is
//! overtaken by a look at the result. Nothing is sent as input here, and no content is read: lengths only.

use crate::identity::{class_name, owner};
use crate::tree::facts::queue;
use portcullis_model::{Cancel, Deadline};
use portcullis_platform::{PortFault, PortResult};
use std::time::Duration;
use windows::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_TIMEOUT, GetLastError, HWND, LPARAM, NO_ERROR, SetLastError, WIN32_ERROR, WPARAM,
};
use windows::Win32::UI::WindowsAndMessaging::{
    IsHungAppWindow, IsWindow, SMTO_ABORTIFHUNG, SMTO_NORMAL, SendMessageTimeoutW, WM_GETTEXTLENGTH, WM_NULL,
};

/// How long one question to the window may take before cancellation is looked at again.
const QUESTION_WAIT: Duration = Duration::from_millis(50);
/// Time between two looks at a text that grows.
const LOOK: Duration = Duration::from_millis(3);
/// How long a text must stay as it is to count as all there when its length does not say so: a field that filters,
/// completes or limits what is typed. Long enough for a busy machine to give the field's thread its turn.
const STILL: Duration = Duration::from_millis(250);
/// Turns of a message loop that one key takes: going down, the character made of it, coming up.
const TURNS_PER_KEY: usize = 3;
/// How long the turns after an input may take together.
const TURNS_WAIT: Duration = Duration::from_millis(100);
/// The message by which a text field tells its selection; without pointers the answer packs both ends into 16 bits each.
const EM_GETSEL: u32 = 0x00B0;

/// How long a window that has just come to the front may take until one of its controls has the focus. Before that, keys
/// would reach nobody.
const FOCUS_WAIT: Duration = Duration::from_millis(200);

/// The window that has the keyboard, and what can be learnt of its progress.
pub(super) struct Drain {
    window: HWND,
    /// Its text's length before the input without what the input replaces, when it is a text field.
    length: Option<usize>,
}

impl Drain {
    /// Looks at the window before the input is sent.
    pub(super) fn before(foreground: HWND, deadline: Deadline, cancel: &Cancel) -> PortResult<Self> {
        let window = wait_for_focus(foreground, deadline, cancel)?;
        let length = if is_text_field(window) { length_without_selection(window) } else { None };
        Ok(Self { window, length })
    }

    /// Looks at nothing but whether the window's thread answers: for keys that are not text.
    pub(super) fn of_thread(foreground: HWND, deadline: Deadline, cancel: &Cancel) -> PortResult<Self> {
        Ok(Self { window: wait_for_focus(foreground, deadline, cancel)?, length: None })
    }

    /// Waits between two parts of a longer input: a text field until it has taken the part (`sent` UTF-16 units longer, or
    /// still), another window until its thread answers.
    pub(super) fn between(&self, sent: usize, deadline: Deadline, cancel: &Cancel) -> PortResult<()> {
        match self.length {
            Some(before) => self.grown(before, sent, deadline, cancel),
            None => self.answers(WM_NULL, deadline, cancel).map(drop),
        }
    }

    /// Waits after the last of `sent` units or keys: a text field as between, another window until its thread has
    /// answered as often as its message loop must turn for them, or [`TURNS_WAIT`]. Answers come before input in each
    /// turn, so that is likely and not certain; nothing better is told across processes.
    pub(super) fn after(&self, sent: usize, deadline: Deadline, cancel: &Cancel) -> PortResult<()> {
        if let Some(before) = self.length {
            return self.grown(before, sent, deadline, cancel);
        }
        let until = deadline.slice(TURNS_WAIT);
        for _ in 0..sent.saturating_mul(TURNS_PER_KEY).max(1) {
            self.answers(WM_NULL, deadline, cancel)?;
            if until.passed() {
                break;
            }
        }
        Ok(())
    }

    fn grown(&self, before: usize, sent: usize, deadline: Deadline, cancel: &Cancel) -> PortResult<()> {
        let mut last = before;
        let mut still = Deadline::after(STILL);
        loop {
            let now = self.answers(WM_GETTEXTLENGTH, deadline, cancel)?;
            // The key that moves the focus on comes last: all before it is there.
            if now == before.saturating_add(sent) || has_moved_on(self.window) {
                return Ok(());
            }
            if now != last {
                last = now;
                still = Deadline::after(STILL);
            } else if still.passed() {
                return Ok(());
            }
            // A field that goes on changing by itself is never still.
            if deadline.passed() {
                return Ok(());
            }
            cancel.wait(LOOK)?;
        }
    }

    /// Asks until the window answers.
    fn answers(&self, message: u32, deadline: Deadline, cancel: &Cancel) -> PortResult<usize> {
        loop {
            match ask(self.window, message, deadline.slice(QUESTION_WAIT).remaining()) {
                Ok(answer) => return Ok(answer),
                Err(NoAnswer::Forbidden) => return Err(PortFault::Elevated),
                Err(NoAnswer::Late) => cancel.check()?,
                // Told at once: asked again at once, it would keep a processor busy.
                Err(NoAnswer::Refused) => cancel.wait(LOOK)?,
            }
            // SAFETY: any handle value may be asked.
            if !unsafe { IsWindow(Some(self.window)) }.as_bool() {
                // The input closed it: nothing is left to wait for.
                return Ok(0);
            }
            // SAFETY: any handle value may be asked.
            let hung = unsafe { IsHungAppWindow(self.window) }.as_bool();
            if hung || deadline.passed() {
                return Err(PortFault::Hung);
            }
        }
    }
}

/// The control of the window's thread that has the focus, once there is one; the window itself when there is none.
fn wait_for_focus(window: HWND, deadline: Deadline, cancel: &Cancel) -> PortResult<HWND> {
    let until = deadline.slice(FOCUS_WAIT);
    loop {
        if let Some(focus) = focus_of(window) {
            return Ok(focus);
        }
        if until.passed() {
            return Ok(window);
        }
        cancel.wait(LOOK)?;
    }
}

/// The control of the window's thread that has the focus.
pub(super) fn focus_of(window: HWND) -> Option<HWND> {
    let (thread, _) = owner(window);
    // Thread 0 would stand for whoever is in front.
    let focus = if thread == 0 { HWND::default() } else { queue(thread).hwndFocus };
    (!focus.is_invalid()).then_some(focus)
}

/// Whether the keys of the window's thread go elsewhere by now, or the window is gone.
fn has_moved_on(window: HWND) -> bool {
    // SAFETY: any handle value may be asked.
    let there = unsafe { IsWindow(Some(window)) }.as_bool();
    !there || focus_of(window).is_some_and(|focus| focus != window)
}

/// Whether the class is one of the text fields, whose text grows by what is typed: Edit, the rich edits, and those that
/// frameworks derive from them.
fn is_text_field(window: HWND) -> bool {
    class_name(window).to_ascii_lowercase().contains("edit")
}

/// The length of a field's text without its selection, which the next character replaces.
fn length_without_selection(window: HWND) -> Option<usize> {
    let length = ask(window, WM_GETTEXTLENGTH, QUESTION_WAIT).ok()?;
    let selection = ask(window, EM_GETSEL, QUESTION_WAIT).ok()?;
    let (start, end) = (selection & 0xFFFF, selection >> 16 & 0xFFFF);
    Some(length.saturating_sub(end.saturating_sub(start)))
}

/// Why a window did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NoAnswer {
    /// Not in time.
    Late,
    /// It has more rights than we do.
    Forbidden,
    /// At once, for whatever reason.
    Refused,
}

impl NoAnswer {
    /// By the error of `SendMessageTimeout`; a time-out may come without one.
    fn of(error: WIN32_ERROR) -> Self {
        match error {
            ERROR_TIMEOUT | NO_ERROR => Self::Late,
            ERROR_ACCESS_DENIED => Self::Forbidden,
            _ => Self::Refused,
        }
    }
}

/// The window's answer to a message without pointers.
fn ask(window: HWND, message: u32, wait: Duration) -> Result<usize, NoAnswer> {
    let wait = u32::try_from(wait.as_millis()).unwrap_or(0).max(1);
    let mut answer = 0;
    let flags = SMTO_ABORTIFHUNG | SMTO_NORMAL;
    // SAFETY: no preconditions. A failure without an error is then told from an earlier call's error.
    unsafe { SetLastError(NO_ERROR) };
    // SAFETY: the out-pointer is a local that outlives the call, which ends within `wait`.
    let told = unsafe { SendMessageTimeoutW(window, message, WPARAM(0), LPARAM(0), flags, wait, Some(&mut answer)) };
    if told.0 != 0 {
        return Ok(answer);
    }
    // SAFETY: no preconditions.
    Err(NoAnswer::of(unsafe { GetLastError() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use windows::Win32::Foundation::ERROR_INVALID_WINDOW_HANDLE;

    #[test]
    fn a_refusal_is_told_from_a_late_answer() {
        for (error, expected) in [
            (NO_ERROR, NoAnswer::Late),
            (ERROR_TIMEOUT, NoAnswer::Late),
            (ERROR_ACCESS_DENIED, NoAnswer::Forbidden),
            (ERROR_INVALID_WINDOW_HANDLE, NoAnswer::Refused),
        ] {
            assert_eq!(NoAnswer::of(error), expected, "{error:?}");
        }
    }
}
