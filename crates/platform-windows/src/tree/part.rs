//! Parts of a window that belong to another program than the window: a preview, a browser's view, a console that somebody
//! has set into it. What lies in a window may be read with it; operating such a part needs what operating a window of
//! that program would have needed. Which programs those are is for policy to know.

use super::facts;
use crate::identity;
use portcullis_model::{Effect, Resource, WindowIdentity};
use portcullis_platform::{Permit, PortResult};
use portcullis_policy::is_command_host_window;
use windows::Win32::Foundation::HWND;

/// Windows that are climbed from a part to its top-level window.
const CLIMB_CAP: usize = 64;
/// The list of a combo box: a window of its own to the system, a part of the combo box to everybody else.
const COMBO_LIST_CLASS: &str = "ComboLBox";

/// A handle's significant half. Interfaces that carry handles as 32-bit numbers extend them in different ways.
fn significant(window: HWND) -> u64 {
    identity::handle_number(window) & u64::from(u32::MAX)
}

/// Whether two handles name one window.
pub(crate) fn is_same(one: HWND, other: HWND) -> bool {
    significant(one) == significant(other)
}

/// Whether a window lies in the top-level window, and is not merely owned by it, as a dialog is.
pub(crate) fn lies_in(part: HWND, window: HWND) -> bool {
    let root = identity::root(part);
    !root.is_invalid()
        && (is_same(root, window)
            || (identity::class_name(root) == COMBO_LIST_CLASS && identity::owner(root) == identity::owner(window)))
}

/// The part and the windows around it that belong to other processes than the top-level window.
pub(crate) fn strangers(part: HWND, process: u32) -> Vec<HWND> {
    let mut windows = Vec::new();
    let (mut at, desktop) = (part, facts::desktop());
    for _ in 0..CLIMB_CAP {
        if at.is_invalid() || at == desktop {
            break;
        }
        if identity::owner(at).1 != process {
            windows.push(at);
        }
        at = facts::parent(at);
    }
    windows
}

/// Fails unless the permit, which covers operating `window`, reaches as far as operating this part of it.
pub(crate) fn require_operable(permit: &Permit, window: &WindowIdentity, part: HWND) -> PortResult<()> {
    for stranger in strangers(part, window.process) {
        let (_, process) = identity::owner(stranger);
        let program = identity::program(process);
        // A program that may not be asked for its name could be any.
        let ours = process == std::process::id();
        let hosts = program.as_str().is_empty() || is_command_host_window(&program, &identity::class_name(stranger));
        if !ours && !hosts {
            continue;
        }
        // A window of ours is covered by no permit. Any other is when the window around it was allowed as such a one.
        let program = if ours { program } else { identity::program_of(window) };
        permit.require(Effect::OperateCommandHost, &Resource::InputTarget { window: window.clone(), program })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::facts::child_of_class;
    use windows::Win32::UI::Controls::{COMBOBOXINFO, GetComboBoxInfo};
    use windows::Win32::UI::WindowsAndMessaging::{
        CBS_DROPDOWN, CreateWindowExW, DestroyWindow, WINDOW_EX_STYLE, WINDOW_STYLE, WS_CHILD, WS_OVERLAPPED, WS_POPUP,
    };
    use windows::core::{PCWSTR, w};

    fn window(class: PCWSTR, style: WINDOW_STYLE, around: Option<HWND>) -> HWND {
        let none = WINDOW_EX_STYLE(0);
        // SAFETY: a class of the system, constant texts, and no parameter.
        let window = unsafe { CreateWindowExW(none, class, w!(""), style, 0, 0, 90, 90, around, None, None, None) };
        window.unwrap()
    }

    #[test]
    fn what_a_window_owns_lies_not_in_it() {
        let top = window(w!("STATIC"), WS_OVERLAPPED, None);
        let child = window(w!("STATIC"), WS_CHILD, Some(top));
        let grandchild = window(w!("EDIT"), WS_CHILD, Some(child));
        let dialog = window(w!("STATIC"), WS_POPUP, Some(top));
        let in_dialog = window(w!("EDIT"), WS_CHILD, Some(dialog));
        let combo = window(w!("COMBOBOX"), WS_CHILD | WINDOW_STYLE(CBS_DROPDOWN.cast_unsigned()), Some(child));
        let mut info = COMBOBOXINFO { cbSize: u32::try_from(size_of::<COMBOBOXINFO>()).unwrap(), ..Default::default() };
        // SAFETY: the structure says its size and outlives the call.
        unsafe { GetComboBoxInfo(combo, &mut info) }.unwrap();
        assert_eq!(identity::class_name(info.hwndList), COMBO_LIST_CLASS);
        for (part, inside) in [
            (top, true),
            (child, true),
            (grandchild, true),
            (dialog, false),
            (in_dialog, false),
            (child_of_class(combo, "Edit").unwrap(), true),
            (info.hwndList, true),
            (HWND::default(), false),
        ] {
            assert_eq!(lies_in(part, top), inside, "{part:?} {}", identity::class_name(part));
        }
        // SAFETY: the window is ours; what lies in it and what it owns ends with it.
        unsafe { DestroyWindow(top) }.unwrap();
        assert!(!lies_in(top, top));
    }

    #[test]
    fn parts_of_another_process_are_found_with_what_is_around_them() {
        let top = window(w!("STATIC"), WS_OVERLAPPED, None);
        let child = window(w!("STATIC"), WS_CHILD, Some(top));
        let own = std::process::id();
        assert!(strangers(child, own).is_empty());
        assert_eq!(strangers(child, own.wrapping_add(1)), [child, top]);
        // SAFETY: the window is ours.
        unsafe { DestroyWindow(top) }.unwrap();
    }
}
