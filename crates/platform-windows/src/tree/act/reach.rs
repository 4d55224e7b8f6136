//! Reaching: giving a control the keyboard, scrolling an item into view. Neither changes what the control holds.

use super::{Operation, Told, not_operable, posted};
use crate::helper::Helpers;
use crate::identity;
use crate::tree::class::Kind;
use crate::tree::facts;
use crate::tree::items;
use crate::tree::shared_input::SharedInput;
use crate::tree::{ask, class};
use portcullis_platform::{Delivered, PortResult};
use windows::Win32::UI::Controls::{EM_SCROLLCARET, LVM_ENSUREVISIBLE};
use windows::Win32::UI::Input::KeyboardAndMouse::SetFocus;
use windows::Win32::UI::WindowsAndMessaging::{LB_SETTOPINDEX, WM_NEXTDLGCTL};

/// `TVM_ENSUREVISIBLE`.
const TVM_ENSUREVISIBLE: u32 = 0x1100 + 20;
/// The class of dialogs, which move their focus themselves when asked.
const DIALOG_CLASS: &str = "#32770";

/// The focus moves with messages that have no time limit, so it is moved by a thread that may be left behind.
static FOCUSING: Helpers = Helpers::new();

fn set_focus(window: u64, thread: u32) -> PortResult<()> {
    let shared = SharedInput::join(thread)?;
    // SAFETY: plain numbers. The threads share a queue while `shared` lives. Whether it has the focus is looked for.
    let _ = unsafe { SetFocus(Some(identity::hwnd(window))) };
    drop(shared);
    Ok(())
}

impl Operation<'_> {
    /// Whether the control has the keyboard in its thread, or the edit inside a combo box has.
    fn has_focus(&self) -> bool {
        let focus = facts::queue(identity::owner(self.window()).0).hwndFocus;
        focus == self.window()
            || (self.control.kind == Kind::ComboBox && !focus.is_invalid() && facts::parent(focus) == self.window())
    }

    pub(super) fn focus(&self) -> PortResult<Delivered> {
        if self.window() == self.root {
            return not_operable("take the keyboard here: bring the window to the front");
        }
        let role = class::role(self.control.kind, self.control.style);
        let takes = !matches!(self.control.kind, Kind::Static | Kind::ToolTip | Kind::Progress | Kind::StatusBar)
            && role != portcullis_model::Role::Group;
        if !takes {
            return not_operable("take the keyboard");
        }
        if self.has_focus() {
            return Ok(Delivered::already("focused already"));
        }
        let dialog = self.parent();
        let by = if identity::class_name(dialog) == DIALOG_CLASS {
            // The dialog moves its default button and its selection along.
            ask::post(dialog, WM_NEXTDLGCTL, ask::handle(self.window()).cast_unsigned(), 1)?;
            "WM_NEXTDLGCTL posted"
        } else {
            let (window, thread) = (identity::handle_number(self.window()), identity::owner(self.window()).0);
            FOCUSING.run(self.asker.one_slice(), self.asker.cancel(), move || set_focus(window, thread))??;
            "SetFocus"
        };
        Ok(self.delivered(by, Told::Answered(0), || Ok(self.has_focus())))
    }

    pub(super) fn scroll_into_view(&self) -> PortResult<Delivered> {
        let Some(item) = &self.item else { return self.scroll_control() };
        if !item.states.offscreen {
            return Ok(Delivered::already("in view already"));
        }
        let (by, told) = match self.control.kind {
            Kind::ListBox => ("LB_SETTOPINDEX", self.tell(LB_SETTOPINDEX, self.position()?, 0)?),
            Kind::ComboBox => {
                let Some(list) = items::combo_list(self.asker, &self.control)? else {
                    return not_operable("be scrolled to: its list is closed");
                };
                let answer = self.asker.send(list, LB_SETTOPINDEX, self.position()?, 0);
                ("LB_SETTOPINDEX", super::told(answer)?)
            }
            Kind::ListView => ("LVM_ENSUREVISIBLE", self.tell(LVM_ENSUREVISIBLE, self.position()?, 0)?),
            Kind::TreeView => ("TVM_ENSUREVISIBLE", self.tell(TVM_ENSUREVISIBLE, 0, self.tree_handle()?)?),
            _ => return not_operable("be scrolled to through its messages"),
        };
        Ok(self.delivered(by, told, || Ok(!self.item_now()?.states.offscreen)))
    }

    fn scroll_control(&self) -> PortResult<Delivered> {
        if class::is_edit(self.control.kind) {
            // Which part of its text shows is the only thing to scroll here, and nothing tells whether it does.
            self.tell(EM_SCROLLCARET, 0, 0)?;
            return Ok(posted("EM_SCROLLCARET"));
        }
        if facts::rect(self.root).intersect(self.control.rect()).is_empty() {
            return not_operable("be scrolled to through its messages: scroll what it lies in");
        }
        Ok(Delivered::already("in view already"))
    }
}
