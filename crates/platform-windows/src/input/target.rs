//! Who would receive the input at this moment, compared with who was meant. The answer is always put to the permit as
//! what was really found, so that a window which came in between is refused by name.

use crate::identity::{handle_number, identify, program, root};
use crate::security::is_elevated_over_us;
use portcullis_model::{Effect, Point, Resource, WindowIdentity};
use portcullis_platform::{Permit, PortFault, PortResult};
use windows::Win32::Foundation::{HWND, POINT};
use windows::Win32::UI::Input::KeyboardAndMouse::IsWindowEnabled;
use windows::Win32::UI::WindowsAndMessaging::{
    GA_ROOTOWNER, GetAncestor, GetDesktopWindow, GetForegroundWindow, GetShellWindow, WindowFromPoint,
};

/// Classes of the windows behind the desktop's icons, when they belong to the shell.
const SHELL_CLASSES: [&str; 2] = ["Progman", "WorkerW"];

/// Fails unless the pointer's input at `point` would go to `target`.
pub(super) fn check_pointer(permit: &Permit, target: &Resource, point: Point) -> PortResult<()> {
    // SAFETY: any point may be asked.
    let under = unsafe { WindowFromPoint(POINT { x: point.x, y: point.y }) };
    let found = if under.is_invalid() { None } else { identify(root(under)) };
    let actual = match (found, target) {
        (Some(found), Resource::InputTarget { window, .. }) if found == *window => as_target(found),
        (Some(found), _) if !is_desktop(&found) => as_target(found),
        _ => Resource::DesktopBackground,
    };
    admit(permit, target, &actual)
}

/// Fails unless the keyboard's input would go to `target`; gives the window that has it.
pub(super) fn check_keyboard(permit: &Permit, target: &Resource) -> PortResult<HWND> {
    // SAFETY: no preconditions.
    let foreground = unsafe { GetForegroundWindow() };
    let found = if foreground.is_invalid() { None } else { identify(root(foreground)) };
    let actual = match (found, target) {
        (Some(found), Resource::InputTarget { window, .. }) if found == *window => as_target(found),
        (Some(found), Resource::InputTarget { window, .. }) if stands_for(foreground, &found, window) => {
            as_target(window.clone())
        }
        (Some(found), _) if !is_desktop(&found) => as_target(found),
        _ => Resource::DesktopBackground,
    };
    admit(permit, target, &actual)?;
    Ok(foreground)
}

/// Whether `found` is a palette or the like of `wanted`: owned by it, of the same thread, and no modal dialog, which
/// would have disabled its owner.
fn stands_for(foreground: HWND, found: &WindowIdentity, wanted: &WindowIdentity) -> bool {
    // SAFETY: any handle value may be asked.
    let owner = unsafe { GetAncestor(foreground, GA_ROOTOWNER) };
    if handle_number(owner) != wanted.handle || found.thread != wanted.thread {
        return false;
    }
    // SAFETY: any handle value may be asked.
    let enabled = unsafe { IsWindowEnabled(owner) }.as_bool();
    enabled && identify(owner).as_ref() == Some(wanted)
}

fn as_target(window: WindowIdentity) -> Resource {
    Resource::InputTarget { program: program(window.process), window }
}

/// Whether the window is the bare desktop: the desktop window, or what the shell shows behind all others.
fn is_desktop(window: &WindowIdentity) -> bool {
    // SAFETY: no preconditions.
    let shell = unsafe { GetShellWindow() };
    // SAFETY: no preconditions.
    let desktop = unsafe { GetDesktopWindow() };
    window.handle == handle_number(desktop)
        || window.handle == handle_number(shell)
        || (SHELL_CLASSES.contains(&window.class.as_str())
            && identify(shell).is_some_and(|shell| shell.process == window.process))
}

fn admit(permit: &Permit, target: &Resource, actual: &Resource) -> PortResult<()> {
    permit.require(Effect::SendInput, actual)?;
    if target != actual {
        // The permit speaks for both, the step was for one of them: that one is not there any more.
        return Err(PortFault::Gone);
    }
    match actual {
        Resource::InputTarget { window, .. } if is_elevated_over_us(window.process) => Err(PortFault::Elevated),
        _ => Ok(()),
    }
}
