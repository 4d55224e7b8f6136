//! What is inside a window: reading its elements and operating one of them through its own interface. Several readers
//! stand behind this port; each answer says who spoke.

use crate::{Permit, PortResult};
use portcullis_model::{Cancel, Deadline, ElementIdentity, Rect, TreeReading, UiNode, Untrusted, WindowIdentity};

/// What one reading may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadBudget {
    /// Elements at the most.
    pub elements: usize,
    /// Rows of one list, tree or table at the most; the rest is counted in `unread_children`.
    pub rows: usize,
    /// When to stop reading and give what there is.
    pub deadline: Deadline,
}

/// The text of one element.
#[derive(Clone, Debug, PartialEq)]
pub struct ElementText {
    /// The text, at most as long as was asked for.
    pub text: Untrusted,
    /// Characters that the element holds in all, where that is known.
    pub total_chars: Option<usize>,
    /// The selection within it as character positions, where the control tells.
    pub selection: Option<(usize, usize)>,
}

/// What to do to a control through its own interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlAct {
    /// Press it: a button, a menu entry, a link. Posted, so that a modal dialog may follow.
    Invoke,
    /// Change its check state once.
    Toggle,
    /// Select this item (and, in single selection, no other).
    Select,
    /// Open it: a combo box, a tree item, a menu.
    Expand,
    /// Close it.
    Collapse,
    /// Replace its text, or move it to this position: an edit, a combo box's edit, a slider, a spinner.
    SetValue(String),
    /// Scroll so that it is visible.
    ScrollIntoView,
    /// Give it the keyboard.
    Focus,
    /// Select characters `from..to` of its text; both at the end when `from` is beyond it.
    SelectText {
        /// First character.
        from: usize,
        /// One after the last character; `usize::MAX` is the end.
        to: usize,
    },
}

/// How an act was delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The way in words: `BM_CLICK posted`, `Toggle pattern`.
    pub by: String,
    /// What the control's own state, read back, says of the effect.
    pub shown: Shown,
}

impl Delivered {
    /// Nothing was sent, because the control is as it was asked to be.
    pub fn already(by: &str) -> Self {
        Self { by: by.to_owned(), shown: Shown::Already }
    }
}

/// What a control's own state says of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The control has no state to show, or was not asked.
    Unknown,
    /// It is not, or not yet, as it was asked to be.
    No,
    /// It is as it was asked to be.
    Yes,
    /// It was so before, and nothing was done.
    Already,
}

impl From<Option<bool>> for Shown {
    fn from(seen: Option<bool>) -> Self {
        match seen {
            None => Self::Unknown,
            Some(false) => Self::No,
            Some(true) => Self::Yes,
        }
    }
}

/// What is inside windows.
pub trait TreePort: Send + Sync {
    /// Whether the element still is what it was, and where. No content, so no permit. `Gone` when it is not.
    fn locate(&self, element: &ElementIdentity) -> PortResult<Rect>;

    /// The deepest element at a point of a window. Needs `ReadWindows` on the window.
    fn element_at(
        &self,
        permit: &Permit,
        window: &WindowIdentity,
        point: portcullis_model::Point,
        deadline: Deadline,
    ) -> PortResult<UiNode>;

    /// Reads a window. A hung thread costs at most the budget's deadline and gives what can be had without asking it.
    /// Needs `ReadWindows` on the window.
    fn read(
        &self,
        permit: &Permit,
        window: &WindowIdentity,
        budget: ReadBudget,
        cancel: &Cancel,
    ) -> PortResult<TreeReading>;

    /// Reads one element afresh, without its children: an action's evidence. Needs `ReadWindows` on its window.
    fn read_element(&self, permit: &Permit, element: &ElementIdentity, deadline: Deadline) -> PortResult<UiNode>;

    /// The text of an element, at most `max_chars` characters from `from`. A password field is `NotOperable` and is not
    /// asked. Needs `ReadWindows` on its window.
    fn text(
        &self,
        permit: &Permit,
        element: &ElementIdentity,
        from: usize,
        max_chars: usize,
        deadline: Deadline,
    ) -> PortResult<ElementText>;

    /// The element that has the keyboard in the window, if it tells. Needs `ReadWindows` on the window.
    fn focused(&self, permit: &Permit, window: &WindowIdentity, deadline: Deadline) -> PortResult<Option<UiNode>>;

    /// Operates a control. Needs `OperateControl` on its window as input target.
    fn act(
        &self,
        permit: &Permit,
        element: &ElementIdentity,
        act: &ControlAct,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<Delivered>;
}
