//! Pressing: buttons, check boxes, menu entries, tool buttons. All of it is posted, because a program may answer a press
//! with a dialog and would then not return for as long as that is open.

use super::{Operation, not_operable, posted};
use crate::identity;
use crate::tree::ask;
use crate::tree::class::{self, Kind};
use crate::tree::describe;
use crate::tree::facts;
use crate::tree::items;
use portcullis_model::{Check, Role};
use portcullis_platform::{Delivered, PortFault, PortResult};
use windows::Win32::UI::Controls::TB_CHECKBUTTON;
use windows::Win32::UI::WindowsAndMessaging::{BM_CLICK, SC_SIZE, WM_CANCELMODE, WM_COMMAND, WM_SYSCOMMAND};

impl Operation<'_> {
    pub(super) fn invoke(&self) -> PortResult<Delivered> {
        match (self.role(), self.control.kind) {
            (Role::Group, Kind::Button) => not_operable("be pressed: it only surrounds others"),
            (_, Kind::Button) => {
                ask::post(self.window(), BM_CLICK, 0, 0)?;
                Ok(posted("BM_CLICK posted"))
            }
            (Role::MenuItem, _) => self.menu_command(),
            (Role::Button, Kind::ToolBar) => self.tool_command("WM_COMMAND posted"),
            (Role::TabItem, _) => self.select(),
            (Role::ListItem | Role::DataItem | Role::TreeItem, _) => {
                not_operable("be pressed: select it, or double-click it")
            }
            (Role::HeaderItem | Role::Link, _) => not_operable("be pressed through its messages: click it"),
            _ => not_operable("be pressed"),
        }
    }

    /// A menu entry gives its command to the window that the menu belongs to, as if it had been chosen.
    fn menu_command(&self) -> PortResult<Delivered> {
        let command = self.item.as_ref().and_then(|item| item.command);
        let Some(command) = command else {
            return not_operable("be pressed: it opens a menu, whose entries can be pressed");
        };
        let mut receiver = self.window();
        if self.control.kind == Kind::PopupMenu {
            // The menu may have closed by now, and its handle be nobody's: the receiver must be of the menu's own thread.
            let owner = identity::owner(self.window());
            let menu_owner = facts::queue(owner.0).hwndMenuOwner;
            receiver =
                if menu_owner.is_invalid() { facts::owner(self.window()).unwrap_or_default() } else { menu_owner };
            if owner.0 == 0 || identity::owner(receiver) != owner {
                return Err(PortFault::Gone);
            }
            // An open menu holds the keyboard; it closes before the command arrives.
            ask::post(receiver, WM_CANCELMODE, 0, 0)?;
        }
        let (message, by) = menu_message(command);
        ask::post(receiver, message, usize::try_from(command & 0xFFFF).unwrap_or(0), 0)?;
        Ok(posted(by))
    }

    fn tool_command(&self, by: &str) -> PortResult<Delivered> {
        let command = self.item.as_ref().and_then(|item| item.command).ok_or(PortFault::Gone)?;
        let command = usize::try_from(command & 0xFFFF).unwrap_or(0);
        ask::post(self.parent(), WM_COMMAND, command, ask::handle(self.window()))?;
        Ok(posted(by))
    }

    pub(super) fn toggle(&self) -> PortResult<Delivered> {
        if class::is_checkable(self.control.kind, self.control.style) {
            let before = describe::check(self.asker, self.window())?;
            ask::post(self.window(), BM_CLICK, 0, 0)?;
            let shown = self.seen(|| Ok(describe::check(self.asker, self.window())? != before));
            return Ok(Delivered { by: "BM_CLICK posted".to_owned(), shown: shown.into() });
        }
        let Some(item) = &self.item else { return not_operable("be checked") };
        let Some(before) = item.states.check else { return not_operable("be checked: it has no check box") };
        let on = before != Check::On;
        match self.control.kind {
            Kind::ToolBar => {
                let command = usize::try_from(item.command.unwrap_or(0)).unwrap_or(0);
                self.tell(TB_CHECKBUTTON, command, isize::from(on))?;
                let mut delivered = self.tool_command("TB_CHECKBUTTON and WM_COMMAND posted")?;
                delivered.shown = self.seen(|| self.item_check_is_not(before)).into();
                Ok(delivered)
            }
            Kind::ListView | Kind::TreeView => {
                let (by, reached) = items::set_check(self.asker, &self.control, &item.index, on)?;
                Ok(self.delivered(by, reached.into(), || self.item_check_is_not(before)))
            }
            _ => not_operable("be checked through its messages: click it"),
        }
    }

    fn item_check_is_not(&self, before: Check) -> PortResult<bool> {
        let index = self.item.as_ref().map(|item| item.index.as_slice()).unwrap_or_default();
        Ok(items::one(self.asker, &self.control, index)?.states.check != Some(before))
    }
}

/// The message by which a menu entry gives its command: those of the system menu have one of their own.
fn menu_message(command: u32) -> (u32, &'static str) {
    if command & 0xFFFF >= SC_SIZE {
        (WM_SYSCOMMAND, "WM_SYSCOMMAND posted")
    } else {
        (WM_COMMAND, "WM_COMMAND posted")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windows::Win32::UI::WindowsAndMessaging::SC_CLOSE;

    #[test]
    fn commands_of_the_system_menu_have_their_own_message() {
        for (command, message) in
            [(0, WM_COMMAND), (40_001, WM_COMMAND), (SC_SIZE, WM_SYSCOMMAND), (SC_CLOSE, WM_SYSCOMMAND)]
        {
            assert_eq!(menu_message(command).0, message, "{command:#x}");
        }
    }
}
