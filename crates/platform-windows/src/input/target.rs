//! Who would receive the input at this moment, compared with who was meant. The answer is always put to the permit as
//! what was really found, so that a window which came in between is refused by name.

use super::drain::focus_of;
use crate::identity::{as_target, handle_number, identify, is_desktop, program_of, root};
use crate::security::is_elevated_over_us;
use crate::tree::facts::desktop;
use crate::tree::part::require_operable;
use portcullis_model::{Effect, Point, Resource, WindowIdentity};
use portcullis_platform::{Permit, PortFault, PortResult};
use windows::Win32::Foundation::{HWND, POINT};
use windows::Win32::UI::Input::KeyboardAndMouse::IsWindowEnabled;
use windows::Win32::UI::WindowsAndMessaging::{GA_ROOTOWNER, GetAncestor, GetForegroundWindow, WindowFromPoint};

/// Fails unless the pointer's input at `point` would go to `target`.
pub(super) fn check_pointer(permit: &Permit, target: &Resource, point: Point) -> PortResult<()> {
    admit(permit, target, &found_at(point, target)?)?;
    require_part(permit, target, under(point))
}

/// Fails unless what is dropped at `point` would go to a place that the permit names, or back to a window of the kind and
/// the program that it came from: a tab or a tool bar that is torn off follows the pointer as one.
pub(super) fn check_drop(permit: &Permit, from: &Resource, point: Point) -> PortResult<()> {
    let found = found_at(point, from)?;
    if is_of_the_same_kind(from, &found) {
        return Ok(());
    }
    admit(permit, &found, &found)
}

/// Whether the pointer's input at `point` would go to `target`.
pub(super) fn has_pointer(target: &Resource, point: Point) -> bool {
    found_at(point, target).as_ref() == Ok(target)
}

fn is_of_the_same_kind(from: &Resource, found: &Resource) -> bool {
    let (Resource::InputTarget { window: from, .. }, Resource::InputTarget { window: found, .. }) = (from, found)
    else {
        return false;
    };
    (from.process, from.process_start, from.thread, &from.class)
        == (found.process, found.process_start, found.thread, &found.class)
}

/// Who has the pointer at `point`. `target` is who was meant.
fn found_at(point: Point, target: &Resource) -> PortResult<Resource> {
    let under = under(point);
    // The desktop window itself has no root.
    if under.is_invalid() || under == desktop() {
        return Ok(Resource::DesktopBackground);
    }
    let found = identify(root(under)).ok_or(PortFault::Gone)?;
    Ok(match target {
        Resource::InputTarget { window, .. } if found == *window => described(found),
        _ if is_desktop(root(under)) => Resource::DesktopBackground,
        _ => described(found),
    })
}

/// The window at a point: a part of a top-level window, as a rule.
fn under(point: Point) -> HWND {
    // SAFETY: any point may be asked.
    unsafe { WindowFromPoint(POINT { x: point.x, y: point.y }) }
}

/// Input to a part of the window that belongs to another program needs what input to that program would have needed.
fn require_part(permit: &Permit, target: &Resource, part: HWND) -> PortResult<()> {
    match target {
        Resource::InputTarget { window, .. } => require_operable(permit, window, part),
        _ => Ok(()),
    }
}

/// The window that has the keyboard. There is none for a moment while another one is activated, and the next to have it
/// could be any: that is not the bare desktop.
pub(super) fn foreground() -> Option<HWND> {
    // SAFETY: no preconditions.
    let foreground = unsafe { GetForegroundWindow() };
    (!foreground.is_invalid()).then_some(foreground)
}

/// Fails unless the keyboard's input would go to `target`; gives the window that has it.
pub(super) fn check_keyboard(permit: &Permit, target: &Resource) -> PortResult<HWND> {
    let foreground = foreground().ok_or(PortFault::Gone)?;
    admit(permit, target, &keyboard_of(foreground, target)?)?;
    require_part(permit, target, focus_of(foreground).unwrap_or(foreground))?;
    Ok(foreground)
}

/// Whether the keyboard's input would go to `target`.
pub(super) fn has_keyboard(target: &Resource) -> bool {
    foreground().is_some_and(|foreground| keyboard_of(foreground, target).as_ref() == Ok(target))
}

fn keyboard_of(foreground: HWND, target: &Resource) -> PortResult<Resource> {
    if foreground == desktop() {
        return Ok(Resource::DesktopBackground);
    }
    let found = identify(root(foreground)).ok_or(PortFault::Gone)?;
    Ok(match target {
        Resource::InputTarget { window, .. } if found == *window => described(found),
        Resource::InputTarget { window, .. } if stands_for(foreground, &found, window) => described(window.clone()),
        _ if is_desktop(root(foreground)) => Resource::DesktopBackground,
        _ => described(found),
    })
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

fn described(window: WindowIdentity) -> Resource {
    let program = program_of(&window);
    as_target(window, program)
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

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_model::ProgramName;

    #[test]
    fn a_torn_off_window_is_one_of_the_same_thread_and_class() {
        let window = |thread, class: &str| {
            let window = WindowIdentity { handle: 1, process: 7, process_start: 8, thread, class: class.to_owned() };
            as_target(window, ProgramName::from_image_path("browser.exe"))
        };
        let from = window(5, "Browser");
        assert!(is_of_the_same_kind(&from, &window(5, "Browser")));
        for other in [window(6, "Browser"), window(5, "#32770"), Resource::DesktopBackground] {
            assert!(!is_of_the_same_kind(&from, &other), "{other:?}");
        }
        assert!(!is_of_the_same_kind(&Resource::DesktopBackground, &Resource::DesktopBackground));
    }
}
