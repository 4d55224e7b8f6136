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
    unsafe { GetMenuItemCount(Some(menu)) }.clamp(0, ENTRY_CAP)
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

struct Reading {
    left: usize,
    unread: u32,
}

impl Reading {
    fn entries(&mut self, owner: Option<HWND>, menu: HMENU, above: &[u32], open: bool) -> Vec<Item> {
        let mut items = Vec::new();
        for position in 0..count(menu) {
            let Some(mut item) = entry(owner, menu, position, above, open) else { continue };
            if self.left == 0 {
                self.unread = self.unread.saturating_add(1);
                continue;
            }
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

/// The menu bar of a top-level window as one item with its entries, at most `rows` of them.
pub(in super::super) fn bar_of(control: &Control, rows: usize) -> Option<Item> {
    // The same field of a child window holds its id.
    if control.kind != Kind::Window || control.is_child() {
        return None;
    }
    let menu = bar(control.window)?;
    let mut reading = Reading { left: rows, unread: 0 };
    let mut item = Item::new(Vec::new(), Role::MenuBar, String::new());
    item.children = reading.entries(Some(control.window), menu, &[], true);
    item.unread = reading.unread;
    item.rect = item.children.iter().fold(Rect::default(), |all, entry| all.union(entry.rect));
    Some(item)
}

pub(super) fn read(asker: &Asker<'_>, control: &Control, rows: usize) -> Items {
    match popup(asker, control) {
        Ok(Some(menu)) => {
            let mut reading = Reading { left: rows, unread: 0 };
            let items = reading.entries(None, menu, &[], true);
            Items { items, unread: reading.unread, fault: None }
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
        None => return bar_of(control, usize::MAX).map(without_entries).ok_or(PortFault::Gone),
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

fn without_entries(item: Item) -> Item {
    Item { children: Vec::new(), unread: 0, ..item }
}
