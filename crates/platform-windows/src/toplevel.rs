//! Top-level windows through Win32: their list, the one in front, placing and closing. No caller waits for another
//! program's thread: titles come from the system's own copy, changes are posted and then watched, and what may wait is
//! done by a helper thread.

use crate::helper::{Helpers, Missed};
use crate::identity::{self, as_window, is_desktop, permitted};
use crate::input::InputLock;
use crate::tree::facts;
use crate::tree::shared_input::SharedInput;
use portcullis_model::{
    Cancel, Deadline, Effect, Point, ProgramName, Rect, Resource, Source, Untrusted, WindowIdentity,
};
use portcullis_platform::{Permit, Placement, PortFault, PortResult, ShowState, WindowInfo, WindowPort};
use std::time::Duration;
use windows::Win32::Foundation::{ERROR_ACCESS_DENIED, HWND, LPARAM, WPARAM};
use windows::Win32::UI::WindowsAndMessaging::{
    GetForegroundWindow, HWND_TOP, PostMessageW, SHOW_WINDOW_CMD, SW_MAXIMIZE, SW_MINIMIZE, SW_RESTORE,
    SWP_ASYNCWINDOWPOS, SWP_NOACTIVATE, SWP_NOMOVE, SWP_NOOWNERZORDER, SWP_NOSIZE, SWP_NOZORDER, SetForegroundWindow,
    SetWindowPos, ShowWindowAsync, WM_CLOSE, WS_EX_TOOLWINDOW, WS_EX_TOPMOST, WindowFromPoint,
};

/// How often a change is looked for.
const POLL_STEP: Duration = Duration::from_millis(5);
/// How long the plain way to the foreground may take before the second is tried.
const FOREGROUND_SLICE: Duration = Duration::from_millis(150);
/// A window that keeps still for so long after a placement has settled, wherever it is.
const SETTLE_SPAN: Duration = Duration::from_millis(300);
/// A size or position changes within this, or the window ignores the wish.
const PLACE_SLICE: Duration = Duration::from_secs(1);
/// The class of menus that are open. They have no title, and yet are worth reading.
const MENU_CLASS: &str = "#32768";

static HELPERS: Helpers = Helpers::new();

/// Top-level windows of this session.
#[derive(Debug, Default)]
pub(crate) struct Win32Windows;

/// Whether a person would call it a window on the screen.
fn is_listed(window: HWND) -> bool {
    if !facts::is_visible(window) || is_desktop(window) || facts::is_cloaked(window) {
        return false;
    }
    if facts::rect(window).is_empty() && !facts::is_iconic(window) {
        return false;
    }
    let tool = facts::extended_style(window) & WS_EX_TOOLWINDOW.0 != 0;
    !tool || identity::class_name(window) == MENU_CLASS || !facts::kernel_text(window).is_empty()
}

fn foreground_window() -> Option<HWND> {
    // SAFETY: no arguments.
    let window = unsafe { GetForegroundWindow() };
    (!window.is_invalid()).then_some(window)
}

fn info(window: HWND, foreground: Option<HWND>) -> Option<WindowInfo> {
    let identity = identity::identify(window)?;
    let program = identity::program_of(&identity);
    Some(WindowInfo {
        program,
        title: Untrusted::new(Source::Window, facts::kernel_text(window)),
        rect: facts::rect(window),
        show: show_state(window),
        foreground: foreground == Some(window),
        hung: facts::is_hung(window),
        enabled: facts::is_enabled(window),
        owner: facts::owner(window).and_then(identity::identify),
        topmost: facts::extended_style(window) & WS_EX_TOPMOST.0 != 0,
        identity,
    })
}

fn show_state(window: HWND) -> ShowState {
    if facts::is_iconic(window) {
        ShowState::Minimised
    } else if facts::is_zoomed(window) {
        ShowState::Maximised
    } else {
        ShowState::Normal
    }
}

/// Waits in short steps until `done`, at most until `deadline`. Answers whether it was.
fn wait_until(deadline: Deadline, cancel: &Cancel, mut done: impl FnMut() -> bool) -> PortResult<bool> {
    loop {
        if done() {
            return Ok(true);
        }
        let left = deadline.remaining();
        if left.is_zero() {
            return Ok(false);
        }
        cancel.wait(left.min(POLL_STEP))?;
    }
}

/// The fault behind an error of the `windows` crate: refused for its rights, gone, or whatever else.
fn posted(call: &'static str, result: windows::core::Result<()>) -> PortResult<()> {
    result.map_err(|error| {
        if error.code() == ERROR_ACCESS_DENIED.to_hresult() {
            PortFault::Elevated
        } else {
            identity::failed(call)(error)
        }
    })
}

fn show(window: HWND, command: SHOW_WINDOW_CMD) {
    // SAFETY: plain numbers. It answers the earlier visibility; the effect is watched by the caller.
    let _ = unsafe { ShowWindowAsync(window, command) };
}

fn bring_to_front(window: HWND) {
    // SAFETY: plain numbers; refused by the foreground lock at times, which the caller sees.
    let _ = unsafe { SetForegroundWindow(window) };
}

/// The second way to the foreground: with the input queue of the thread that has it now. While queues are joined the
/// activation is told to the other threads by messages that wait for an answer, so this may never return. A hung thread is
/// left alone all the same.
fn bring_to_front_together(window: HWND) {
    let holder = foreground_window().filter(|holder| !facts::is_hung(*holder));
    let _shared = holder.and_then(|holder| SharedInput::with(identity::owner(holder).0));
    if !facts::is_hung(window) {
        let flags = SWP_ASYNCWINDOWPOS | SWP_NOMOVE | SWP_NOSIZE | SWP_NOOWNERZORDER;
        // SAFETY: plain numbers; the effect is watched by the caller.
        let _ = unsafe { SetWindowPos(window, Some(HWND_TOP), 0, 0, 0, 0, flags) };
    }
    bring_to_front(window);
}

/// Brings the window to the front in one way; a helper does it, and the caller looks at what became of it.
fn bring(way: fn(HWND), window: &WindowIdentity, deadline: Deadline, cancel: &Cancel) -> PortResult<()> {
    let handle = window.handle;
    match HELPERS.run(deadline, cancel, move || way(identity::hwnd(handle))) {
        Err(Missed::Left(interrupted)) => cancel.check().map_err(|_| PortFault::from(interrupted)),
        other => Ok(other?),
    }
}

impl Win32Windows {
    /// Moves and sizes, then waits until the window stands there or has settled where it wanted to.
    fn move_to(window: HWND, to: Rect, deadline: Deadline, cancel: &Cancel) -> PortResult<()> {
        let extent = |span: u32| i32::try_from(span).unwrap_or(i32::MAX);
        if show_state(window) != ShowState::Normal {
            show(window, SW_RESTORE);
            wait_until(deadline.slice(PLACE_SLICE), cancel, || show_state(window) == ShowState::Normal)?;
        }
        let flags = SWP_ASYNCWINDOWPOS | SWP_NOZORDER | SWP_NOACTIVATE | SWP_NOOWNERZORDER;
        let before = facts::rect(window);
        // SAFETY: plain numbers.
        let result =
            unsafe { SetWindowPos(window, None, to.left, to.top, extent(to.width()), extent(to.height()), flags) };
        posted("SetWindowPos", result)?;
        let mut last = before;
        let mut still_until = None;
        wait_until(deadline.slice(PLACE_SLICE), cancel, || {
            let now = facts::rect(window);
            if now != last {
                last = now;
                still_until = Some(Deadline::after(SETTLE_SPAN));
            }
            now == to || still_until.is_some_and(Deadline::passed)
        })?;
        Ok(())
    }
}

impl WindowPort for Win32Windows {
    fn foreground(&self) -> Option<WindowIdentity> {
        let window = foreground_window().map(identity::root).filter(|window| !is_desktop(*window))?;
        identity::identify(window)
    }

    fn at(&self, point: Point) -> Option<WindowIdentity> {
        // SAFETY: a point by value.
        let hit = unsafe { WindowFromPoint(facts::point(point)) };
        if hit.is_invalid() {
            return None;
        }
        let window = identity::root(hit);
        if window.is_invalid() || is_desktop(window) { None } else { identity::identify(window) }
    }

    fn is_alive(&self, window: &WindowIdentity) -> bool {
        identity::is_alive(window)
    }

    fn program(&self, window: &WindowIdentity) -> PortResult<ProgramName> {
        identity::live(window)?;
        Ok(identity::program_of(window))
    }

    fn title(&self, window: &WindowIdentity) -> PortResult<Untrusted> {
        Ok(Untrusted::new(Source::Window, facts::kernel_text(identity::live(window)?)))
    }

    fn rect(&self, window: &WindowIdentity) -> PortResult<Rect> {
        identity::window_rect(identity::live(window)?)
    }

    fn identify(&self, handle: u64) -> Option<WindowIdentity> {
        let window = identity::hwnd(handle);
        if window.is_invalid() || identity::root(window) != window || is_desktop(window) {
            return None;
        }
        identity::identify(window)
    }

    fn identities(&self) -> Vec<WindowIdentity> {
        facts::top_levels()
            .into_iter()
            .filter(|window| is_listed(*window))
            .filter_map(identity::identify)
            .take(<dyn WindowPort>::LIST_CAP)
            .collect()
    }

    fn list(&self, permit: &Permit) -> PortResult<Vec<WindowInfo>> {
        permit.require(Effect::ReadWindows, &Resource::Desktop)?;
        let foreground = foreground_window();
        Ok(facts::top_levels()
            .into_iter()
            .filter(|window| is_listed(*window))
            .filter_map(|window| info(window, foreground))
            .take(<dyn WindowPort>::LIST_CAP)
            .collect())
    }

    fn describe(&self, permit: &Permit, window: &WindowIdentity) -> PortResult<WindowInfo> {
        let handle = permitted(permit, Effect::ReadWindows, window, as_window)?;
        info(handle, foreground_window()).ok_or(PortFault::Gone)
    }

    fn focus(&self, permit: &Permit, window: &WindowIdentity, deadline: Deadline, cancel: &Cancel) -> PortResult<bool> {
        let handle = permitted(permit, Effect::ArrangeWindows, window, as_window)?;
        // Another server may be typing into the window that is in front.
        let _turn = InputLock::acquire(deadline, cancel)?;
        let in_front = || foreground_window() == Some(handle);
        if facts::is_iconic(handle) {
            show(handle, SW_RESTORE);
            wait_until(deadline, cancel, || !facts::is_iconic(handle))?;
        }
        for way in [bring_to_front, bring_to_front_together] {
            if in_front() {
                return Ok(true);
            }
            let slice = deadline.slice(FOREGROUND_SLICE);
            bring(way, window, slice, cancel)?;
            if wait_until(slice, cancel, in_front)? {
                return Ok(true);
            }
        }
        identity::live(window)?;
        Ok(in_front())
    }

    /// A window that asks back, keeps its own size or ignores the wish is no fault: the caller looks at it afterwards.
    fn place(
        &self,
        permit: &Permit,
        window: &WindowIdentity,
        placement: Placement,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<()> {
        let handle = permitted(permit, placement.effect(), window, as_window)?;
        let (command, wanted) = match placement {
            Placement::MoveTo(to) => return Self::move_to(handle, to, deadline, cancel),
            Placement::Close => {
                let enabled = facts::is_enabled(handle);
                // SAFETY: plain numbers.
                let result = unsafe { PostMessageW(Some(handle), WM_CLOSE, WPARAM(0), LPARAM(0)) };
                posted("PostMessageW", result)?;
                // A window that becomes disabled has opened a question of its own.
                let asks_back = || enabled && !facts::is_enabled(handle);
                wait_until(deadline, cancel, || !identity::is_alive(window) || asks_back())?;
                return Ok(());
            }
            Placement::Minimise => (SW_MINIMIZE, ShowState::Minimised),
            Placement::Maximise => (SW_MAXIMIZE, ShowState::Maximised),
            Placement::Restore => (SW_RESTORE, ShowState::Normal),
        };
        let before = show_state(handle);
        show(handle, command);
        // A minimised window that was maximised before is restored to a maximised one.
        let placed = || {
            let now = show_state(handle);
            now == wanted || (placement == Placement::Restore && before == ShowState::Minimised && now != before)
        };
        if !wait_until(deadline.slice(PLACE_SLICE), cancel, placed)? && facts::is_hung(handle) {
            return Err(PortFault::Hung);
        }
        Ok(())
    }
}
