//! One child window as the readers see it: handle, class, kind, style and id, taken together once. It is a look at a
//! moment, not a claim that the window still is the same; `mod.rs` checks that before every use.

use super::class::{self, Kind};
use super::facts;
use crate::identity;
use portcullis_model::{ElementPath, Rect};
use windows::Win32::Foundation::HWND;
use windows::Win32::UI::WindowsAndMessaging::{WS_CHILD, WS_DISABLED};

/// A window and what it is.
#[derive(Clone, Debug)]
pub(super) struct Control {
    pub(super) window: HWND,
    pub(super) class: String,
    pub(super) kind: Kind,
    pub(super) style: u32,
    /// `GetDlgCtrlID`; zero for a top-level window, whose field holds its menu.
    pub(super) id: i32,
}

impl Control {
    /// Looks at a window.
    pub(super) fn of(window: HWND) -> Self {
        let class = identity::class_name(window);
        let style = facts::style(window);
        let child = style & WS_CHILD.0 != 0;
        let kind = match class::kind(&class, || facts::base_class(window)) {
            Kind::Other if !child => Kind::Window,
            kind => kind,
        };
        Self { window, class, kind, style, id: if child { facts::control_id(window) } else { 0 } }
    }

    /// Where it is on the virtual desktop.
    pub(super) fn rect(&self) -> Rect {
        facts::rect(self.window)
    }

    /// Whether its own style lets it take input.
    pub(super) fn is_enabled(&self) -> bool {
        self.style & WS_DISABLED.0 == 0
    }

    /// Its path, as a child of its top-level window.
    pub(super) fn path(&self) -> ElementPath {
        ElementPath::Child {
            handle: identity::handle_number(self.window),
            class: self.class.clone(),
            control_id: self.id,
        }
    }

    /// The path of one of its items.
    pub(super) fn item_path(&self, index: Vec<u32>, mark: u64) -> ElementPath {
        ElementPath::Item {
            handle: identity::handle_number(self.window),
            class: self.class.clone(),
            control_id: self.id,
            index,
            mark,
        }
    }

    /// What it is called in a sentence to the owner of the call: never by its text.
    pub(super) fn noun(&self) -> String {
        format!("{} {}", class::role(self.kind, self.style).word(), self.id)
    }
}
