//! Waiting for the first window of a program that was just started, also when it hands over to another process of its
//! own. Windows are told apart by identity; titles and contents are not read.

use crate::identity::{handle_number, identify, owner, program};
use crate::security::OwnedHandle;
use crate::tree::facts;
use portcullis_model::{Cancel, Deadline, ProgramName, WindowIdentity};
use portcullis_platform::{Launch, PortResult};
use std::collections::HashSet;
use std::time::Duration;
use windows::Win32::Foundation::{HWND, WAIT_OBJECT_0};
use windows::Win32::Storage::FileSystem::FILE_FLAGS_AND_ATTRIBUTES;
use windows::Win32::System::Threading::{GetExitCodeProcess, WaitForSingleObject};
use windows::Win32::UI::Shell::{SHGFI_EXETYPE, SHGetFileInfoW};
use windows::Win32::UI::WindowsAndMessaging::{GetForegroundWindow, WS_EX_TOOLWINDOW};
use windows::core::HSTRING;

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(10);
/// How long a program that has ended may take to show a window of another process: launchers and single-instance
/// programs hand over and end. One without a console that ended well has until the deadline, since what it handed over
/// to may have to start first.
const HANDOVER_WAIT: Duration = Duration::from_secs(1);
/// The program that shows the windows of apps from the store, whatever their own is.
const APP_FRAME: &str = "applicationframehost.exe";
/// The program that shows the shell's own places.
const SHELL: &str = "explorer.exe";

/// Visible top-level windows, front first; tool windows are left out, as the task bar does.
fn visible_windows() -> Vec<HWND> {
    let mut windows = facts::top_levels();
    windows.retain(|window| is_shown(*window));
    windows
}

fn is_shown(window: HWND) -> bool {
    let tool = facts::extended_style(window) & WS_EX_TOOLWINDOW.0 != 0;
    facts::is_visible(window) && !tool && !facts::rect(window).is_empty()
}

/// Whether the file is a program for consoles.
fn is_console_program(image: &str) -> bool {
    // SAFETY: the path ends in NUL and outlives the call; nothing is written for this question.
    let kind = unsafe { SHGetFileInfoW(&HSTRING::from(image), FILE_FLAGS_AND_ATTRIBUTES(0), None, 0, SHGFI_EXETYPE) };
    // The low word says which format, the high one is 0 for consoles.
    kind != 0 && kind >> 16 == 0
}

/// Whether a window that came to the front is that of the program that was started: its own, or one in the frame that the
/// system gives it.
fn may_have_taken_over(started: Option<&ProgramName>, found: &ProgramName) -> bool {
    match started {
        Some(started) => found == started || found.as_str() == APP_FRAME,
        None => [SHELL, APP_FRAME].contains(&found.as_str()),
    }
}

/// What the desktop looked like before the start.
pub(super) struct Before(HashSet<u64>);

impl Before {
    pub(super) fn now() -> Self {
        Self(visible_windows().into_iter().map(handle_number).collect())
    }

    fn is_new(&self, window: HWND) -> bool {
        !self.0.contains(&handle_number(window))
    }
}

/// A program that was started. The shell may give no process: then another one took over at once.
pub(super) struct Started {
    pub(super) process: u32,
    pub(super) handle: Option<OwnedHandle>,
    /// The file of the program, when we started it by one.
    pub(super) image: Option<String>,
    pub(super) program: Option<ProgramName>,
}

impl Started {
    /// The exit code, once the process has ended.
    fn exited(&self) -> Option<u32> {
        let handle = self.handle.as_ref()?;
        // SAFETY: the handle is open; the call only looks.
        if unsafe { WaitForSingleObject(handle.raw(), 0) } != WAIT_OBJECT_0 {
            return None;
        }
        let mut code = 0;
        // SAFETY: the handle is open and the out-pointer is a local.
        unsafe { GetExitCodeProcess(handle.raw(), &mut code) }.ok()?;
        Some(code)
    }

    /// A window that was not there before, of the program that was started or of what shows windows for it. One of the
    /// program itself comes first, then one that is in front.
    fn handed_over_to(&self, before: &Before, windows: &[HWND]) -> Option<WindowIdentity> {
        // SAFETY: no preconditions.
        let foreground = unsafe { GetForegroundWindow() };
        let new = windows.iter().copied().filter(|window| before.is_new(*window));
        let with_program: Vec<(HWND, ProgramName)> = new.map(|window| (window, program(owner(window).1))).collect();
        let own = with_program.iter().find(|(_, program)| Some(program) == self.program.as_ref());
        let in_front = || {
            let takes_over = |found: &&(HWND, ProgramName)| may_have_taken_over(self.program.as_ref(), &found.1);
            with_program.iter().filter(|(window, _)| *window == foreground).find(takes_over)
        };
        own.or_else(in_front).and_then(|(window, _)| identify(*window))
    }

    /// How long another process's window is waited for after the end.
    fn handover_wait(&self, exited: u32, deadline: Deadline) -> Deadline {
        let hands_over = exited == 0 && self.image.as_deref().is_some_and(|image| !is_console_program(image));
        if hands_over { deadline } else { deadline.slice(HANDOVER_WAIT) }
    }

    /// Waits for the first window, the end, or the deadline.
    pub(super) fn wait(&self, before: &Before, deadline: Deadline, cancel: &Cancel) -> PortResult<Launch> {
        let mut handover: Option<Deadline> = None;
        loop {
            // Asked before the windows are: one that came up just before the end is then still found.
            let exited = self.exited();
            let windows = visible_windows();
            let own = |window: &HWND| self.process != 0 && owner(*window).1 == self.process;
            let mut window = windows.iter().copied().find(own).and_then(identify);
            if window.is_none() && (exited.is_some() || self.handle.is_none()) {
                window = self.handed_over_to(before, &windows);
            }
            let until = exited.map(|code| *handover.get_or_insert_with(|| self.handover_wait(code, deadline)));
            if window.is_some() || deadline.passed() || until.is_some_and(Deadline::passed) {
                let exited = if window.is_some() { None } else { exited };
                let process = match &window {
                    Some(window) if self.process == 0 => window.process,
                    _ => self.process,
                };
                return Ok(Launch { process, window, exited });
            }
            cancel.wait(LOOK)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_that_comes_to_the_front_is_not_what_was_started() {
        let name = ProgramName::from_image_path;
        for (started, found, expected) in [
            (Some("notepad.exe"), "notepad.exe", true),
            (Some("calc.exe"), "ApplicationFrameHost.exe", true),
            (Some("calc.exe"), "chat.exe", false),
            (None, "explorer.exe", true),
            (None, "chat.exe", false),
        ] {
            let started = started.map(name);
            assert_eq!(may_have_taken_over(started.as_ref(), &name(found)), expected, "{started:?} {found}");
        }
    }

    #[test]
    fn programs_for_consoles_are_told_from_others() {
        assert!(is_console_program(r"C:\windows\system32\cmd.exe"));
        assert!(!is_console_program(r"C:\windows\system32\notepad.exe"));
        assert!(!is_console_program(r"C:\no such.exe"));
    }
}
