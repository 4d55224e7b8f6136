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
use super::remote::Reached;
use crate::identity::mark;
use portcullis_model::{Rect, Role, States};
use portcullis_platform::{PortFault, PortResult};
use std::collections::HashMap;

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
    /// What the items are called that it lies in, outermost first: an item of a tree is told by its whole path.
    pub(super) above: Vec<String>,
    /// Whether its name does not tell it from its neighbours, so that its value must.
    pub(super) alike: bool,
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
            above: Vec::new(),
            alike: false,
            children: Vec::new(),
            unread: 0,
        }
    }

    /// What tells it from its neighbours, as one number.
    pub(super) fn mark(&self) -> u64 {
        self.mark_with(self.alike)
    }

    /// Whether a mark that was given earlier is this item's. It was made with the value when the item was one of several of
    /// that name then, which a look at the item alone does not tell.
    pub(super) fn is_marked(&self, earlier: u64) -> bool {
        [false, true].into_iter().any(|alike| self.mark_with(alike) == earlier)
    }

    fn mark_with(&self, value: bool) -> u64 {
        let value = if value { self.value.as_deref().unwrap_or_default() } else { "" };
        let above = self.above.iter().map(String::as_str);
        mark(above.chain([self.name.as_str(), value]), self.command)
    }
}

/// Notes which items of a level no name tells apart: those without one, and those that share it.
fn note_alike(items: &mut [Item]) {
    let mut seen = HashMap::new();
    for item in items.iter() {
        *seen.entry(item.name.clone()).or_insert(0_usize) += 1;
    }
    for item in items {
        item.alike = item.name.is_empty() || seen.get(&item.name).is_some_and(|count| *count > 1);
    }
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
    let (mut items, fault) = flat(asker, control, first, wanted);
    note_alike(&mut items);
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

/// Checks or unchecks a row of a list view or an item of a tree view; tells by which message, and whether it was answered.
pub(super) fn set_check(
    asker: &Asker<'_>,
    control: &Control,
    index: &[u32],
    on: bool,
) -> PortResult<(&'static str, Reached)> {
    if control.kind == Kind::TreeView {
        return Ok(("TVM_SETITEMW", tree_view::set_check(asker, control, index, on)?));
    }
    let [position] = index else { return Err(PortFault::Gone) };
    let position = usize::try_from(*position).map_err(|_| PortFault::Gone)?;
    Ok(("LVM_SETITEMSTATE", list_view::set_check(asker, control, position, on)?))
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

/// Rows in a group: few enough that a slow control answers for some of them whole.
const GROUP_ROWS: usize = 32;

/// Reads rows `0..count` group by group, each with all that is asked of it, until one is not whole. What a row is and
/// where it is are separate questions; were the second asked for all rows after the first, a control that is slow at
/// answering would have told the texts of all and the places of none.
fn in_groups(
    count: usize,
    mut read: impl FnMut(usize, usize) -> (Vec<Item>, Option<PortFault>),
) -> (Vec<Item>, Option<PortFault>) {
    let mut items = Vec::new();
    for first in (0..count).step_by(GROUP_ROWS) {
        let (mut some, fault) = read(first, GROUP_ROWS.min(count - first));
        items.append(&mut some);
        if fault.is_some() {
            return (items, fault);
        }
    }
    (items, None)
}

/// Whether a rectangle shows inside the control.
fn shows(rect: Rect, inside: Rect) -> bool {
    !rect.intersect(inside).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_slow_control_are_read_group_by_group_until_it_fails() {
        // A control that answers so many questions and then no more; each row is two of them.
        let read = |answers: usize, rows: usize| {
            let mut left = answers;
            in_groups(rows, |first, count| {
                let texts = count.min(left);
                left -= texts;
                let places = texts.min(left);
                left -= places;
                let row = |at| Item::new(vec![counted(at)], Role::ListItem, String::new());
                let fault = (places < count).then_some(PortFault::Hung);
                ((first..first + places).map(row).collect(), fault)
            })
        };
        assert_eq!(read(1000, 0), (Vec::new(), None));
        let (items, fault) = read(1000, 100);
        assert_eq!((items.len(), fault), (100, None));
        assert_eq!(items.last().map(|item| item.index.clone()), Some(vec![99]));
        let (items, fault) = read(120, 100);
        assert_eq!((items.len(), fault), (32 + 24, Some(PortFault::Hung)));
    }

    #[test]
    fn a_mark_is_of_text_and_command() {
        let mark = |text: &'static str, command| mark([text].into_iter(), command);
        assert_eq!(mark("Row 1", None), mark("Row 1", None));
        assert_ne!(mark("Row 1", None), mark("Row 2", None));
        assert_ne!(mark("", Some(1)), mark("", Some(2)));
        assert_ne!(mark("", Some(0)), mark("a", Some(0)));
    }

    /// Rows as (name, value); what a later reading has in the row's place; whether that still is the row.
    #[test]
    fn rows_of_one_name_are_told_by_their_values() {
        let row = |(name, value): (&str, &str)| {
            let mut item = Item::new(vec![0], Role::DataItem, name.to_owned());
            item.value = Some(value.to_owned());
            item
        };
        for (rows, later, same) in [
            ([("svchost.exe", "10"), ("svchost.exe", "11")], ("svchost.exe", "11"), false),
            ([("svchost.exe", "10"), ("svchost.exe", "11")], ("svchost.exe", "10"), true),
            ([("", "x"), ("b", "y")], ("", "z"), false),
            // One of a kind may change what it says of itself.
            ([("a", "10"), ("b", "11")], ("a", "12"), true),
            ([("a", "10"), ("b", "11")], ("b", "10"), false),
        ] {
            let mut items = rows.map(row);
            note_alike(&mut items);
            assert_eq!(row(later).is_marked(items[0].mark()), same, "{rows:?} {later:?}");
        }
    }

    #[test]
    fn an_item_is_told_by_what_it_lies_in() {
        let below = |above: &[&str]| {
            let mut item = Item::new(vec![2, 0], Role::TreeItem, "bin".to_owned());
            item.above = above.iter().map(|text| (*text).to_owned()).collect();
            item
        };
        assert!(below(&["C"]).is_marked(below(&["C"]).mark()));
        assert!(!below(&["B"]).is_marked(below(&["C"]).mark()));
        assert!(!below(&["C", ""]).is_marked(below(&["C"]).mark()));
    }
}
