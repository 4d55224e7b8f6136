//! Choosing: rows, tabs, radio buttons; opening and closing what folds. Controls that tell their program of a choice only
//! when a person makes it are told for.

use super::{Operation, Told, not_operable};
use crate::tree::ask;
use crate::tree::class::{self, Kind};
use crate::tree::describe;
use crate::tree::items;
use portcullis_model::{Check, Role};
use portcullis_platform::{Delivered, PortFault, PortResult};
use windows::Win32::UI::Controls::{
    TCM_GETCURSEL, TCM_SETCURFOCUS, TCM_SETCURSEL, TCS_BUTTONS, TVE_COLLAPSE, TVE_EXPAND, TVGN_CARET, TVM_EXPAND,
    TVM_SELECTITEM,
};
use windows::Win32::UI::WindowsAndMessaging::{
    BM_CLICK, CB_GETCURSEL, CB_SETCURSEL, CB_SHOWDROPDOWN, CBN_SELCHANGE, CBN_SELENDOK, LB_GETSEL, LB_SETCURSEL,
    LB_SETSEL, LBN_SELCHANGE, LBS_NOTIFY,
};

impl Operation<'_> {
    pub(super) fn select(&self) -> PortResult<Delivered> {
        match (self.role(), self.control.kind) {
            (Role::RadioButton, Kind::Button) => {
                ask::post(self.window(), BM_CLICK, 0, 0)?;
                let shown = self.seen(|| Ok(describe::check(self.asker, self.window())? == Check::On));
                Ok(Delivered { by: "BM_CLICK posted".to_owned(), shown: shown.into() })
            }
            (Role::ListItem, Kind::ListBox) => self.select_list_row(),
            (Role::ListItem, Kind::ComboBox) => self.select_combo_row(self.position()?),
            (_, Kind::ListView) if self.item.is_some() => {
                let reached = items::select_list_view_row(self.asker, &self.control, self.position()?)?;
                Ok(self.delivered("LVM_SETITEMSTATE", reached.into(), || self.item_is_selected()))
            }
            (_, Kind::TreeView) if self.item.is_some() => {
                let told = self.tell(TVM_SELECTITEM, usize::try_from(TVGN_CARET).unwrap_or(0), self.tree_handle()?)?;
                Ok(self.delivered("TVM_SELECTITEM", told, || self.item_is_selected()))
            }
            (Role::TabItem, Kind::Tab) => self.select_tab(),
            _ => not_operable("be selected"),
        }
    }

    fn item_is_selected(&self) -> PortResult<bool> {
        Ok(self.item_now()?.states.selected)
    }

    /// The item as it is at this moment.
    pub(super) fn item_now(&self) -> PortResult<items::Item> {
        let index = self.item.as_ref().map(|item| item.index.as_slice()).ok_or(PortFault::Gone)?;
        items::one(self.asker, &self.control, index)
    }

    pub(super) fn tree_handle(&self) -> PortResult<isize> {
        let index = self.item.as_ref().map(|item| item.index.as_slice()).ok_or(PortFault::Gone)?;
        items::handle_at(self.asker, &self.control, index)
    }

    fn select_list_row(&self) -> PortResult<Delivered> {
        let position = self.position()?;
        let multiple = items::is_multiple(self.control.style);
        let (by, told) = if multiple {
            let row = isize::try_from(position).map_err(|_| PortFault::Gone)?;
            ("LB_SETSEL", self.tell(LB_SETSEL, 1, row)?)
        } else {
            ("LB_SETCURSEL", self.tell(LB_SETCURSEL, position, 0)?)
        };
        if class::has(self.control.style, LBS_NOTIFY) {
            self.notify(LBN_SELCHANGE)?;
        }
        Ok(self.delivered(by, told, || Ok(self.asker.send32(self.window(), LB_GETSEL, position, 0)? > 0)))
    }

    pub(super) fn select_combo_row(&self, position: usize) -> PortResult<Delivered> {
        let told = self.tell(CB_SETCURSEL, position, 0)?;
        if items::dropped(self.asker, &self.control)? && !class::is_simple_combo(self.control.style) {
            self.tell(CB_SHOWDROPDOWN, 0, 0)?;
            // Closing an open list may take the choice back to what it was when it opened.
            self.tell(CB_SETCURSEL, position, 0)?;
        }
        self.notify(CBN_SELENDOK)?;
        self.notify(CBN_SELCHANGE)?;
        let chosen = || Ok(usize::try_from(self.asker.send32(self.window(), CB_GETCURSEL, 0, 0)?) == Ok(position));
        Ok(self.delivered("CB_SETCURSEL", told, chosen))
    }

    /// Moving the focus between tabs makes the control tell its program itself. Tabs that look like buttons change their
    /// focus without choosing, so those can only be set, of which their program hears nothing.
    fn select_tab(&self) -> PortResult<Delivered> {
        let position = self.position()?;
        let current = || Ok(usize::try_from(self.asker.send32(self.window(), TCM_GETCURSEL, 0, 0)?) == Ok(position));
        if current()? {
            return Ok(Delivered::already("selected already"));
        }
        if self.control.style & TCS_BUTTONS != 0 {
            let told = self.tell(TCM_SETCURSEL, position, 0)?;
            return Ok(self.delivered("TCM_SETCURSEL, of which the program is not told", told, current));
        }
        let told = self.tell(TCM_SETCURFOCUS, position, 0)?;
        Ok(self.delivered("TCM_SETCURFOCUS", told, current))
    }

    /// Opens or closes.
    pub(super) fn open(&self, wanted: bool) -> PortResult<Delivered> {
        match (self.role(), self.control.kind) {
            (Role::ComboBox, _) if class::is_simple_combo(self.control.style) => {
                not_operable("be opened or closed: its list always shows")
            }
            (Role::ComboBox, _) if items::dropped(self.asker, &self.control)? == wanted => {
                Ok(Delivered::already("so already"))
            }
            (Role::ComboBox, _) => {
                let told = self.tell(CB_SHOWDROPDOWN, usize::from(wanted), 0)?;
                let shown = || Ok(items::dropped(self.asker, &self.control)? == wanted);
                Ok(self.delivered("CB_SHOWDROPDOWN", told, shown))
            }
            (Role::TreeItem, _) => {
                let Some(now) = self.item.as_ref().and_then(|item| item.states.expanded) else {
                    return not_operable("be opened: nothing lies in it");
                };
                if now == wanted {
                    return Ok(Delivered::already("so already"));
                }
                let action = if wanted { TVE_EXPAND } else { TVE_COLLAPSE };
                let told = self.tell(TVM_EXPAND, usize::try_from(action.0).unwrap_or(0), self.tree_handle()?)?;
                let shown = || Ok(self.item_now()?.states.expanded == Some(wanted));
                Ok(self.delivered("TVM_EXPAND", told, shown))
            }
            (Role::MenuItem, _) => not_operable("be opened through its messages: click it, or press its entries"),
            _ => not_operable(if wanted { "be opened" } else { "be closed" }),
        }
    }

    /// A combo box whose text can only be chosen: the row with that text.
    pub(super) fn choose_text(&self, value: &str) -> PortResult<Delivered> {
        use windows::Win32::UI::WindowsAndMessaging::CB_FINDSTRINGEXACT;
        if !class::combo_has_texts(self.control.style) {
            return not_operable("be set by a text: it draws its own items and keeps none");
        }
        match self.tell_text(CB_FINDSTRINGEXACT, ask::wide(-1), value)? {
            Told::Pending => Err(PortFault::Hung),
            Told::Answered(row) => match usize::try_from(ask::low(row)) {
                Ok(row) => self.select_combo_row(row),
                Err(_) => not_operable("take a text that is not in its list"),
            },
        }
    }
}
