//! Menus: the bar of a window and menus that are open. On Windows another program's menus can be read through their
//! handles; where they cannot, there are none, and nothing is made up.

use super::super::ask::Asker;
use super::super::class::{self, Kind};
use super::super::control::Control;
use super::{Item, Items};
use crate::identity::from_win32;
use portcullis_model::{Check, Rect, Role};
use portcullis_platform::{PortFault, PortResult};
use windows::Win32::Foundation::{HWND, RECT};
use windows::Win32::UI::WindowsAndMessaging::{
    GetMenu, GetMenuItemCount, GetMenuItemID, GetMenuItemRect, GetMenuState, GetMenuStringW, GetSubMenu, HMENU,
    MF_BYPOSITION, MF_CHECKED, MF_DISABLED, MF_GRAYED, MF_SEPARATOR, MN_GETHMENU,
};

/// Levels of menus that are read.
const DEPTH_CAP: usize = 4;
/// Entries of one menu that are looked at.
const ENTRY_CAP: i32 = 200;
/// Characters of an entry's text.
const TEXT_CAP: usize = 256;
/// What `GetMenuItemID` answers for an entry that opens a menu, and `GetMenuState` for one that is not there.
const NONE: u32 = u32::MAX;

fn count(menu: HMENU) -> i32 {
    // SAFETY: any handle value may be asked; a wrong one gives -1.
    unsafe { GetMenuItemCount(Some(menu)) }.max(0)
}

/// The menu bar of a window.
fn bar(window: HWND) -> Option<HMENU> {
    // SAFETY: any handle value may be asked; a child window gives its id, which no menu has as its handle.
    let menu = unsafe { GetMenu(window) };
    (!menu.is_invalid() && count(menu) > 0).then_some(menu)
}

/// The menu that an open menu's window shows.
fn popup(asker: &Asker<'_>, control: &Control) -> PortResult<Option<HMENU>> {
    let menu = asker.send(control.window, MN_GETHMENU, 0, 0)?;
    let menu = HMENU(std::ptr::with_exposed_provenance_mut(menu.cast_unsigned()));
    Ok((!menu.is_invalid() && count(menu) > 0).then_some(menu))
}

fn submenu(menu: HMENU, position: i32) -> Option<HMENU> {
    // SAFETY: any handle value may be asked; an entry that opens nothing gives NULL.
    let menu = unsafe { GetSubMenu(menu, position) };
    (!menu.is_invalid()).then_some(menu)
}

fn text(menu: HMENU, position: i32) -> String {
    let mut buffer = [0_u16; TEXT_CAP];
    // SAFETY: the buffer lives through the call and its length goes with it.
    let length = unsafe { GetMenuStringW(menu, position.cast_unsigned(), Some(&mut buffer), MF_BYPOSITION) };
    String::from_utf16_lossy(buffer.get(..usize::try_from(length).unwrap_or(0)).unwrap_or_default())
}

fn rect(owner: Option<HWND>, menu: HMENU, position: i32) -> Rect {
    let mut rect = RECT::default();
    // SAFETY: the out-pointer is a local that outlives the call; on failure it stays empty.
    let _ = unsafe { GetMenuItemRect(owner, menu, position.cast_unsigned(), &mut rect) };
    from_win32(rect)
}

/// One entry without what it opens; `None` for a separator or a place where nothing is.
fn entry(owner: Option<HWND>, menu: HMENU, position: i32, above: &[u32], open: bool) -> Option<Item> {
    // SAFETY: any handle value may be asked; a wrong one gives -1.
    let state = unsafe { GetMenuState(menu, position.cast_unsigned(), MF_BYPOSITION) };
    let opens = submenu(menu, position);
    // With a menu behind it the high byte counts its entries, and only the low one is flags.
    let flags = if opens.is_some() { state & 0xFF } else { state };
    if state == NONE || flags & MF_SEPARATOR.0 != 0 {
        return None;
    }
    let text = text(menu, position);
    let (name, keys) = text.split_once('\t').map_or((text.as_str(), None), |(name, keys)| (name, Some(keys)));
    let mut index = above.to_vec();
    index.push(position.cast_unsigned());
    let mut item = Item::new(index, Role::MenuItem, class::without_mark(name));
    item.value = keys.map(str::to_owned);
    item.states.enabled = flags & (MF_DISABLED.0 | MF_GRAYED.0) == 0;
    item.states.check = (flags & MF_CHECKED.0 != 0).then_some(Check::On);
    item.states.expanded = opens.map(|_| false);
    if opens.is_none() {
        // SAFETY: any handle value may be asked; a wrong one gives -1.
        let command = unsafe { GetMenuItemID(menu, position) };
        item.command = (command != NONE).then_some(command);
    }
    if open {
        item.rect = rect(owner, menu, position);
    }
    item.states.visible = open;
    item.states.offscreen = item.rect.is_empty();
    Some(item)
}

/// One reading of a menu. Menus may open each other in a circle, or one menu from each of their entries, so what is read
/// is bounded by entries and not only by levels.
struct Reading<'ask> {
    asker: &'ask Asker<'ask>,
    left: usize,
    unread: u32,
    fault: Option<PortFault>,
}

impl<'ask> Reading<'ask> {
    fn new(asker: &'ask Asker<'ask>, rows: usize) -> Self {
        Self { asker, left: rows, unread: 0, fault: None }
    }

    fn entries(&mut self, owner: Option<HWND>, menu: HMENU, above: &[u32], open: bool) -> Vec<Item> {
        let mut items = Vec::new();
        let all = count(menu);
        for position in 0..all {
            if self.fault.is_none() {
                self.fault = self.asker.check().err();
            }
            if self.left == 0 || self.fault.is_some() || position >= ENTRY_CAP {
                // Separators among the rest are counted too.
                self.unread = self.unread.saturating_add(u32::try_from(all - position).unwrap_or(0));
                break;
            }
            let Some(mut item) = entry(owner, menu, position, above, open) else { continue };
            self.left -= 1;
            if let Some(menu) = submenu(menu, position)
                && item.index.len() < DEPTH_CAP
            {
                item.children = self.entries(None, menu, &item.index, false);
            }
            items.push(item);
        }
        items
    }
}

/// The menu bar of a top-level window as one item, without its entries, and its menu.
fn bar_item(control: &Control) -> Option<(Item, HMENU)> {
    // The same field of a child window holds its id.
    if control.kind != Kind::Window || control.is_child() {
        return None;
    }
    let menu = bar(control.window)?;
    let mut item = Item::new(Vec::new(), Role::MenuBar, String::new());
    let places = (0..count(menu).min(ENTRY_CAP)).map(|position| rect(Some(control.window), menu, position));
    item.rect = places.fold(Rect::default(), Rect::union);
    Some((item, menu))
}

/// The menu bar of a top-level window as one item with its entries, at most `rows` of them, and why it is not whole.
pub(in super::super) fn bar_of(asker: &Asker<'_>, control: &Control, rows: usize) -> Option<(Item, Option<PortFault>)> {
    let (mut item, menu) = bar_item(control)?;
    let mut reading = Reading::new(asker, rows);
    item.children = reading.entries(Some(control.window), menu, &[], true);
    item.unread = reading.unread;
    Some((item, reading.fault))
}

pub(super) fn read(asker: &Asker<'_>, control: &Control, rows: usize) -> Items {
    match popup(asker, control) {
        Ok(Some(menu)) => {
            let mut reading = Reading::new(asker, rows);
            let items = reading.entries(None, menu, &[], true);
            Items { items, unread: reading.unread, fault: reading.fault }
        }
        Ok(None) => Items::none(PortFault::Unsupported("an open menu does not tell its entries here".to_owned())),
        Err(fault) => Items::none(fault),
    }
}

pub(super) fn one(asker: &Asker<'_>, control: &Control, index: &[u32]) -> PortResult<Item> {
    let is_popup = control.kind == Kind::PopupMenu;
    let (last, above) = match index.split_last() {
        Some(split) => split,
        // The bar itself.
        None => return bar_item(control).map(|(bar, _)| bar).ok_or(PortFault::Gone),
    };
    let menu = if is_popup { popup(asker, control)? } else { bar(control.window) };
    let mut menu = menu.ok_or(PortFault::Gone)?;
    for position in above {
        let position = i32::try_from(*position).map_err(|_| PortFault::Gone)?;
        menu = submenu(menu, position).ok_or(PortFault::Gone)?;
    }
    let owner = (!is_popup && above.is_empty()).then_some(control.window);
    let position = i32::try_from(*last).map_err(|_| PortFault::Gone)?;
    entry(owner, menu, position, above, above.is_empty()).ok_or(PortFault::Gone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_model::{Cancel, Deadline};
    use std::time::Duration;
    use windows::Win32::UI::WindowsAndMessaging::{AppendMenuW, CreatePopupMenu, DestroyMenu, MF_POPUP, MF_STRING};
    use windows::core::w;

    /// A menu whose every entry opens the same one, several levels down.
    fn nested(entries: usize) -> HMENU {
        let mut inner: Option<HMENU> = None;
        for _ in 0..DEPTH_CAP {
            // SAFETY: no arguments.
            let menu = unsafe { CreatePopupMenu() }.unwrap();
            for _ in 0..entries {
                let (flags, id) = inner.map_or((MF_STRING, 1), |inner| (MF_POPUP, inner.0.expose_provenance()));
                // SAFETY: the menus are alive and the text is a constant.
                unsafe { AppendMenuW(menu, flags, id, w!("Entry")) }.unwrap();
            }
            inner = Some(menu);
        }
        inner.unwrap()
    }

    fn total(items: &[Item]) -> usize {
        items.iter().map(|item| 1 + total(&item.children)).sum()
    }

    #[test]
    fn a_menu_is_read_up_to_its_budget_however_its_entries_are_shared() {
        let cancel = Cancel::new();
        let asker = Asker::for_acts(Deadline::after(Duration::from_secs(60)), &cancel);
        let menu = nested(210);
        let mut reading = Reading::new(&asker, 30);
        assert_eq!(total(&reading.entries(None, menu, &[], true)), 30);
        assert_eq!((reading.unread > 0, reading.fault), (true, None));
        // What is beyond the cap of one menu is counted, not forgotten.
        let flat = {
            // SAFETY: no arguments.
            let flat = unsafe { CreatePopupMenu() }.unwrap();
            for _ in 0..210 {
                // SAFETY: the menu is alive and the text is a constant.
                unsafe { AppendMenuW(flat, MF_STRING, 1, w!("Entry")) }.unwrap();
            }
            flat
        };
        let mut reading = Reading::new(&asker, usize::MAX);
        assert_eq!(total(&reading.entries(None, flat, &[], true)), 200);
        assert_eq!(reading.unread, 10);
        // Time that is used up ends the reading of a menu too.
        let late = Asker::for_acts(Deadline::after(Duration::ZERO), &cancel);
        let mut reading = Reading::new(&late, usize::MAX);
        assert!(reading.entries(None, menu, &[], true).is_empty());
        assert!(reading.fault.is_some());
        // SAFETY: the menu is ours. The nested ones end with the test's process.
        let _ = unsafe { DestroyMenu(flat) };
    }
}
