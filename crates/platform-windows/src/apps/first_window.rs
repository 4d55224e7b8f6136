//! Waiting for the first window of a program that was just started, also when it hands over to another process of its
//! own. Windows are told apart by identity; titles and contents are not read.

use crate::identity::{handle_number, identify, owner, program, window_rect};
use crate::security::OwnedHandle;
use portcullis_model::{Cancel, Deadline, ProgramName, WindowIdentity};
use portcullis_platform::{Launch, PortResult};
use std::collections::HashSet;
use std::time::Duration;
use windows::Win32::Foundation::{HWND, LPARAM, WAIT_OBJECT_0};
use windows::Win32::System::Threading::{GetExitCodeProcess, WaitForSingleObject};
use windows::Win32::UI::WindowsAndMessaging::{
    EnumWindows, GWL_EXSTYLE, GetForegroundWindow, GetWindowLongPtrW, IsWindowVisible, WS_EX_TOOLWINDOW,
};
use windows::core::BOOL;

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(10);
/// How long a program that has ended may take to show a window of another process: launchers and single-instance
/// programs hand over and end.
const HANDOVER_WAIT: Duration = Duration::from_secs(1);
/// Top-level windows that are looked at.
const WINDOW_CAP: usize = 4_000;

/// Visible top-level windows, front first; tool windows are left out, as the task bar does.
fn visible_windows() -> Vec<HWND> {
    let mut windows: Vec<HWND> = Vec::new();
    let context = LPARAM(std::ptr::from_mut(&mut windows).expose_provenance().cast_signed());
    // SAFETY: the callback runs only during the call, on this thread, and gets the vector that lives through it. It
    // fails when the callback stops at the cap, which is no failure.
    let _ = unsafe { EnumWindows(Some(collect_window), context) };
    windows.retain(|window| is_shown(*window));
    windows
}

unsafe extern "system" fn collect_window(window: HWND, context: LPARAM) -> BOOL {
    let list: *mut Vec<HWND> = std::ptr::with_exposed_provenance_mut(context.0.cast_unsigned());
    // SAFETY: `visible_windows` passes its own vector, which nothing else touches during the enumeration.
    let list = unsafe { &mut *list };
    list.push(window);
    (list.len() < WINDOW_CAP).into()
}

fn is_shown(window: HWND) -> bool {
    // SAFETY: any handle value may be asked.
    let visible = unsafe { IsWindowVisible(window) }.as_bool();
    // SAFETY: any handle value may be asked.
    let style = unsafe { GetWindowLongPtrW(window, GWL_EXSTYLE) };
    let tool = u32::try_from(style & 0xFFFF_FFFF).unwrap_or(0) & WS_EX_TOOLWINDOW.0 != 0;
    visible && !tool && window_rect(window).is_ok_and(|rect| !rect.is_empty())
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

    /// A window that was not there before, of the program that was started or else in front.
    fn handed_over_to(&self, before: &Before, windows: &[HWND]) -> Option<WindowIdentity> {
        let new: Vec<HWND> = windows.iter().copied().filter(|window| before.is_new(*window)).collect();
        let same_program = new.iter().copied().find(|window| Some(program(owner(*window).1)) == self.program);
        // SAFETY: no preconditions.
        let foreground = unsafe { GetForegroundWindow() };
        same_program.or_else(|| new.into_iter().find(|window| *window == foreground)).and_then(identify)
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
            let until = exited.map(|_| *handover.get_or_insert_with(|| deadline.slice(HANDOVER_WAIT)));
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
