//! The parts of a control that have no window of their own: rows, tabs, tool buttons, menu entries. Each kind of control
//! has a module that reads some of its items by position; choosing which to read, and telling whether an item still is
//! the one that it was, happens here.

mod bars;
mod list_view;
mod lists;
pub(super) mod menu;
mod tree_view;

use super::ask::Asker;
use super::class::Kind;
use super::control::Control;
use portcullis_model::{Rect, Role, States};
use portcullis_platform::{PortFault, PortResult};

pub(super) use bars::{picker_date, spinner_range, status_texts};
pub(super) use list_view::select_row as select_list_view_row;
pub(super) use lists::{combo_list, dropped, is_multiple};
pub(super) use tree_view::handle_at;

/// A part of a control.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    /// Positions from the control's root down.
    pub(super) index: Vec<u32>,
    pub(super) role: Role,
    pub(super) name: String,
    pub(super) value: Option<String>,
    /// On the virtual desktop; empty when the item has no place at present.
    pub(super) rect: Rect,
    pub(super) states: States,
    /// The command that it gives: tool buttons and menu entries.
    pub(super) command: Option<u32>,
    pub(super) children: Vec<Self>,
    pub(super) unread: u32,
}

impl Item {
    /// An item with a name and nothing else yet.
    pub(super) fn new(index: Vec<u32>, role: Role, name: String) -> Self {
        Self {
            index,
            role,
            name,
            value: None,
            rect: Rect::default(),
            states: States::default(),
            command: None,
            children: Vec::new(),
            unread: 0,
        }
    }

    /// What tells it from its neighbours, as one number: its text, and the command that it gives.
    pub(super) fn mark(&self) -> u64 {
        mark(&self.name, self.command)
    }
}

/// FNV-1a, 64 bits: stable between runs and versions, which `std`'s hasher does not promise.
fn mark(text: &str, command: Option<u32>) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let command = command.map(u32::to_le_bytes).unwrap_or_default();
    text.bytes().chain([0]).chain(command).fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

/// Some of a control's items.
#[derive(Debug, Default)]
pub(super) struct Items {
    pub(super) items: Vec<Item>,
    /// Items that exist and were not read.
    pub(super) unread: u32,
    /// Why not all were read that should have been.
    pub(super) fault: Option<PortFault>,
}

impl Items {
    /// None, and why.
    fn none(fault: PortFault) -> Self {
        Self { fault: Some(fault), ..Self::default() }
    }
}

/// What a flat list holds: how many items, and the first that shows.
#[derive(Clone, Copy, Debug, Default)]
struct Extent {
    count: usize,
    top: usize,
}

/// A number of items as replies carry it.
fn counted(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Whether such a control has items at all.
pub(super) fn has_items(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::ListBox
            | Kind::ComboBox
            | Kind::ListView
            | Kind::TreeView
            | Kind::Tab
            | Kind::Header
            | Kind::ToolBar
            | Kind::PopupMenu
    )
}

/// Items of a bar that are read whatever the budget for rows: tabs, headers and tools are no data.
const BAR_CAP: usize = 100;

/// Reads at most `rows` items, beginning with what shows.
pub(super) fn read(asker: &Asker<'_>, control: &Control, rows: usize) -> Items {
    let rows = if matches!(control.kind, Kind::Tab | Kind::Header | Kind::ToolBar) { BAR_CAP } else { rows };
    match control.kind {
        Kind::TreeView => return tree_view::read(asker, control, rows),
        Kind::PopupMenu => return menu::read(asker, control, rows),
        _ => {}
    }
    let extent = match extent(asker, control) {
        Ok(extent) => extent,
        Err(fault) => return Items::none(fault),
    };
    let first = extent.top.min(extent.count.saturating_sub(rows));
    let wanted = rows.min(extent.count - first);
    let (items, fault) = flat(asker, control, first, wanted);
    let missing =
        extent.count.saturating_sub(wanted) + if fault.is_some() { wanted.saturating_sub(items.len()) } else { 0 };
    Items { items, unread: counted(missing), fault }
}

/// Reads the one item at `index`, without what lies below it; `Gone` when there is none.
pub(super) fn one(asker: &Asker<'_>, control: &Control, index: &[u32]) -> PortResult<Item> {
    match control.kind {
        Kind::TreeView => return tree_view::one(asker, control, index),
        Kind::ListBox | Kind::ComboBox | Kind::ListView | Kind::Tab | Kind::Header | Kind::ToolBar => {}
        _ => return menu::one(asker, control, index),
    }
    let [position] = index else { return Err(PortFault::Gone) };
    let position = usize::try_from(*position).map_err(|_| PortFault::Gone)?;
    if position >= extent(asker, control)?.count {
        return Err(PortFault::Gone);
    }
    let (items, fault) = flat(asker, control, position, 1);
    match (items.into_iter().next(), fault) {
        (Some(item), _) => Ok(item),
        (None, Some(fault)) => Err(fault),
        (None, None) => Err(PortFault::Gone),
    }
}

/// Checks or unchecks a row of a list view or an item of a tree view, and tells by which message.
pub(super) fn set_check(asker: &Asker<'_>, control: &Control, index: &[u32], on: bool) -> PortResult<&'static str> {
    if control.kind == Kind::TreeView {
        tree_view::set_check(asker, control, index, on)?;
        return Ok("TVM_SETITEMW");
    }
    let [position] = index else { return Err(PortFault::Gone) };
    list_view::set_check(asker, control, usize::try_from(*position).map_err(|_| PortFault::Gone)?, on)?;
    Ok("LVM_SETITEMSTATE")
}

fn extent(asker: &Asker<'_>, control: &Control) -> PortResult<Extent> {
    match control.kind {
        Kind::ListBox => lists::list_extent(asker, control),
        Kind::ComboBox => lists::combo_extent(asker, control),
        Kind::ListView => list_view::extent(asker, control),
        Kind::Tab => bars::tab_extent(asker, control),
        Kind::Header => bars::header_extent(asker, control),
        Kind::ToolBar => bars::tool_extent(asker, control),
        _ => Ok(Extent::default()),
    }
}

/// Items `first..first + count` of a control that has its items in one row.
fn flat(asker: &Asker<'_>, control: &Control, first: usize, count: usize) -> (Vec<Item>, Option<PortFault>) {
    if count == 0 {
        return (Vec::new(), None);
    }
    match control.kind {
        Kind::ListBox => lists::list_rows(asker, control, first, count),
        Kind::ComboBox => lists::combo_rows(asker, control, first, count),
        Kind::ListView => list_view::rows(asker, control, first, count),
        Kind::Tab => bars::tabs(asker, control, first, count),
        Kind::Header => bars::header_items(asker, control, first, count),
        Kind::ToolBar => bars::tools(asker, control, first, count),
        _ => (Vec::new(), None),
    }
}

/// Whether a rectangle shows inside the control.
fn shows(rect: Rect, inside: Rect) -> bool {
    !rect.intersect(inside).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_of_text_and_command() {
        assert_eq!(mark("Row 1", None), mark("Row 1", None));
        assert_ne!(mark("Row 1", None), mark("Row 2", None));
        assert_ne!(mark("", Some(1)), mark("", Some(2)));
        assert_ne!(mark("", Some(0)), mark("a", Some(0)));
    }
}
