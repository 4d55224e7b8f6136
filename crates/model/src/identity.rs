//! Who a window or a control is, so that a name given to a client can never come to mean another one.
//! An identity is compared, never dereferenced: no pointer and no open handle lives here.

use crate::Rect;
use serde::Serialize;
use std::fmt;
use std::str::FromStr;

/// The name of an element as clients use it: `e17`. Numbers are never given twice within one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ref(pub u64);

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "e{}", self.0)
    }
}

impl FromStr for Ref {
    type Err = ();

    /// Accepts `e17` alone: no sign, no space, no leading zero, so that one ref has one spelling.
    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = text.strip_prefix('e').ok_or(())?;
        if digits.starts_with('0') || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(());
        }
        digits.parse().map(Self).map_err(|_| ())
    }
}

/// A top-level window of one process. Two identities are equal only when handle, process and its start are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct WindowIdentity {
    /// The window handle's value.
    pub handle: u64,
    /// The process that owns the window.
    pub process: u32,
    /// When that process started, in 100 ns units since 1601; tells a recycled process id.
    pub process_start: u64,
    /// The thread that created the window.
    pub thread: u32,
    /// The window class; a recycled handle rarely has the same.
    pub class: String,
}

/// Where an element lies inside its window.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum ElementPath {
    /// The window itself.
    Window,
    /// A child window, known by handle, class and control id.
    Child {
        /// The child window's handle.
        handle: u64,
        /// Its window class.
        class: String,
        /// Its control id (`GetDlgCtrlID`).
        control_id: i32,
    },
    /// A part of a control that has no window of its own: a row, a tab, a tool button, a menu entry.
    Item {
        /// The control's window handle.
        handle: u64,
        /// Its window class.
        class: String,
        /// The control's id.
        control_id: i32,
        /// Zero-based positions from the control's root down.
        index: Vec<u32>,
        /// A digest of what tells the item from its neighbours (its text), so that a shifted row is noticed.
        mark: u64,
    },
    /// Something that was seen in the window's pixels and is in no tree: a word that was read off them.
    Pixels {
        /// Where it stands, from the window's top left corner.
        place: Rect,
        /// The window's width and height then: what is in another window of it stands elsewhere.
        size: (u32, u32),
        /// A digest of the pixels there, so that what has changed is noticed.
        mark: u64,
    },
    /// An element of UI Automation, known by its runtime id.
    Automation {
        /// `UIA_RuntimeIdPropertyId`.
        runtime_id: Vec<i32>,
        /// A digest of what the element is, since the system may give the same id again.
        mark: u64,
    },
    /// An element of a WPF application, as the inspector in it knows it.
    Wpf {
        /// The session with the application. A server gives each number once, so that another session of the same
        /// application has other elements.
        session: u64,
        /// The inspector's handle, which it never uses for another object.
        handle: u64,
    },
}

/// One element on the desktop.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct ElementIdentity {
    /// The top-level window that holds it.
    pub window: WindowIdentity,
    /// Where it lies there.
    pub path: ElementPath,
}

impl ElementIdentity {
    /// The window itself, as an element.
    pub fn of_window(window: WindowIdentity) -> Self {
        Self { window, path: ElementPath::Window }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ref_has_one_spelling() {
        assert_eq!("e17".parse(), Ok(Ref(17)));
        for wrong in ["", "e", "17", "e017", "E17", "e-1", "e+1", " e1", "e1 ", "e99999999999999999999", "e１"] {
            assert_eq!(wrong.parse::<Ref>(), Err(()), "{wrong}");
        }
        assert_eq!(Ref(17).to_string(), "e17");
    }
}
