//! One child window as the readers see it: handle, class, kind, style and id, taken together once. It is a look at a
//! moment, not a claim that the window still is the same; `mod.rs` checks that before every use.

use super::class::{self, Kind};
use super::facts;
use crate::identity;
use portcullis_model::{ElementPath, Rect};
use windows::Win32::Foundation::HWND;
use windows::Win32::UI::WindowsAndMessaging::{WS_CHILD, WS_DISABLED, WS_EX_MDICHILD};

/// The id of controls that need none, as a word.
const IDC_STATIC: i32 = 0xFFFF;

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
        Self::styled(window, facts::style(window))
    }

    /// Looks at a window whose style was just read. Each question to the system about another program's window may cost as
    /// much as a message, so none is asked whose answer decides nothing.
    pub(super) fn styled(window: HWND, style: u32) -> Self {
        let class = identity::class_name(window);
        let child = style & WS_CHILD.0 != 0;
        let inner = || child && facts::extended_style(window) & WS_EX_MDICHILD.0 == 0;
        let kind = match class::kind(&class, || facts::base_class(window)) {
            Kind::Other if !inner() => Kind::Window,
            // A dialog inside another window is a part of it.
            Kind::Window if inner() => Kind::Other,
            kind => kind,
        };
        Self { window, class, kind, style, id: if child { facts::control_id(window) } else { 0 } }
    }

    /// The edit inside a combo box, which holds its text and its selection.
    pub(super) fn edit(&self) -> Option<Self> {
        if self.kind != Kind::ComboBox {
            return None;
        }
        facts::child_of_class(self.window, "Edit").map(Self::of)
    }

    /// Where it is on the virtual desktop.
    pub(super) fn rect(&self) -> Rect {
        facts::rect(self.window)
    }

    /// Whether it lies inside another window.
    pub(super) fn is_child(&self) -> bool {
        self.style & WS_CHILD.0 != 0
    }

    /// Whether its own style lets it take input.
    pub(super) fn is_enabled(&self) -> bool {
        self.style & WS_DISABLED.0 == 0
    }

    /// Its id as text, when it has one that tells it from others.
    pub(super) fn automation_id(&self) -> Option<String> {
        (self.id > 0 && self.id != IDC_STATIC).then(|| self.id.to_string())
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
