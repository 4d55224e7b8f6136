//! Top-level windows through Win32: their list, the one in front, placing and closing. Nothing here waits for another
//! program's thread: titles come from the system's own copy, and changes are posted and then watched.

use crate::identity;
use crate::input::InputLock;
use crate::tree::facts;
use crate::tree::shared_input::SharedInput;
use portcullis_model::{
    Cancel, Deadline, Effect, Point, ProgramName, Rect, Resource, Source, Untrusted, WindowIdentity,
};
use portcullis_platform::{Permit, Placement, PortFault, PortResult, ShowState, WindowInfo, WindowPort};
use std::time::Duration;
use windows::Win32::Foundation::{ERROR_ACCESS_DENIED, HWND, LPARAM, WPARAM};
use windows::Win32::Graphics::Dwm::{DWMWA_CLOAKED, DwmGetWindowAttribute};
use windows::Win32::UI::WindowsAndMessaging::{
    BringWindowToTop, GetForegroundWindow, PostMessageW, SHOW_WINDOW_CMD, SW_MAXIMIZE, SW_MINIMIZE, SW_RESTORE,
    SWP_ASYNCWINDOWPOS, SWP_NOACTIVATE, SWP_NOOWNERZORDER, SWP_NOZORDER, SetForegroundWindow, SetWindowPos,
    ShowWindowAsync, WM_CLOSE, WS_EX_TOOLWINDOW, WS_EX_TOPMOST, WindowFromPoint,
};

/// How often a change is looked for.
const POLL_STEP: Duration = Duration::from_millis(5);
/// How long the plain way to the foreground may take before the second is tried.
const FOREGROUND_SLICE: Duration = Duration::from_millis(150);
/// A window that keeps still for so long after a placement has settled, wherever it is.
const SETTLE_SPAN: Duration = Duration::from_millis(300);
/// A size or position changes within this, or the window ignores the wish.
const PLACE_SLICE: Duration = Duration::from_secs(1);
/// The classes of the desktop itself.
const SHELL_CLASSES: &[&str] = &["Progman", "WorkerW", "#32769"];
/// The class of menus that are open. They have no title, and yet are worth reading.
const MENU_CLASS: &str = "#32768";

/// Top-level windows of this session.
#[derive(Debug, Default)]
pub(crate) struct Win32Windows;

/// Whether the compositor hides the window: a suspended app, another virtual desktop. A system that cannot say does not.
fn is_cloaked(window: HWND) -> bool {
    let mut cloaked = 0_u32;
    let size = u32::try_from(size_of_val(&cloaked)).unwrap_or(0);
    // SAFETY: the out-pointer is a local of the size given, and outlives the call.
    let answer = unsafe { DwmGetWindowAttribute(window, DWMWA_CLOAKED, std::ptr::from_mut(&mut cloaked).cast(), size) };
    answer.is_ok() && cloaked != 0
}

/// Whether the window is the bare desktop.
fn is_desktop(window: HWND) -> bool {
    window == facts::desktop() || SHELL_CLASSES.contains(&identity::class_name(window).as_str())
}

/// Whether a person would call it a window on the screen.
fn is_listed(window: HWND) -> bool {
    if !facts::is_visible(window) || is_desktop(window) || is_cloaked(window) {
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
    let program = identity::program(identity.process);
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

/// The handle behind an identity, once the permit covers it.
fn allowed(permit: &Permit, window: &WindowIdentity, effect: Effect) -> PortResult<HWND> {
    let handle = identity::live(window)?;
    let fresh = identity::identify(handle).ok_or(PortFault::Gone)?;
    let program = identity::program(fresh.process);
    permit.require(effect, &Resource::Window { window: fresh, program })?;
    Ok(handle)
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

/// The second way to the foreground: with the input queue of the thread that has it now. A hung thread is left alone,
/// because sharing its queue would make us wait for it.
fn bring_to_front_together(window: HWND) {
    let holder = foreground_window().filter(|holder| !facts::is_hung(*holder));
    let _shared = holder.and_then(|holder| SharedInput::with(identity::owner(holder).0));
    if !facts::is_hung(window) {
        // SAFETY: plain numbers; the effect is watched by the caller.
        let _ = unsafe { BringWindowToTop(window) };
    }
    bring_to_front(window);
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
        Ok(identity::program(window.process))
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
        let handle = allowed(permit, window, Effect::ReadWindows)?;
        info(handle, foreground_window()).ok_or(PortFault::Gone)
    }

    fn focus(&self, permit: &Permit, window: &WindowIdentity, deadline: Deadline, cancel: &Cancel) -> PortResult<bool> {
        let handle = allowed(permit, window, Effect::ArrangeWindows)?;
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
            way(handle);
            if wait_until(deadline.slice(FOREGROUND_SLICE), cancel, in_front)? {
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
        let handle = allowed(permit, window, Effect::ArrangeWindows)?;
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
