//! The texts that an element is made of: the cells of a row, the parts of a status bar, the captions inside a button,
//! the choices of a combo box. Only gathers; which of them lose their own line is `fold`'s business.

use crate::labels::{is_blank, static_text};
use portcullis_model::{Role, Source, UiNode, Untrusted};

/// What stands between two cells of a row.
pub(crate) const CELL_MARK: &str = " | ";
/// Texts that one element gathers from what lies in it.
const TEXT_CAP: usize = 32;
/// Levels that the gathering goes down.
const LEVELS: usize = 8;

/// Whether an element of a row is a cell: it says something and nobody would press it.
pub(crate) fn is_cell(role: Role) -> bool {
    matches!(role, Role::Text | Role::Edit | Role::DataItem | Role::HeaderItem | Role::Unknown | Role::Image)
}

/// Whether the role holds others without saying anything when it has no name.
pub(crate) fn is_wrapper(role: Role) -> bool {
    matches!(role, Role::Pane | Role::Group | Role::Unknown | Role::Image)
}

/// What a cell says.
fn cell_text(node: &UiNode) -> Option<&Untrusted> {
    let value = node.value.as_ref().filter(|value| !is_blank(value));
    let text = match node.role {
        Role::Text => static_text(node),
        Role::Edit => value?,
        _ => value.unwrap_or(&node.name),
    };
    (!is_blank(text)).then_some(text)
}

fn gather<'tree>(node: &'tree UiNode, wanted: fn(Role) -> bool, level: usize, out: &mut Vec<&'tree str>) {
    if level == 0 {
        return;
    }
    for child in node.children.iter().filter(|child| child.states.visible && !child.states.password) {
        if out.len() >= TEXT_CAP {
            return;
        }
        // A focused cell is being edited and has a line of its own.
        let text = if wanted(child.role) && !child.states.focused { cell_text(child) } else { None };
        match text {
            Some(text) => out.push(text.raw().trim()),
            None if is_wrapper(child.role) => gather(child, wanted, level - 1, out),
            None => {}
        }
    }
}

/// The name of a row: its cells, joined. A list's or tree's row keeps its own name when no cell repeats it.
pub(crate) fn row_name(node: &UiNode) -> Option<Untrusted> {
    let mut cells = Vec::new();
    gather(node, is_cell, LEVELS, &mut cells);
    let own = node.name.raw().trim();
    let keeps_name = node.role != Role::DataItem && !own.is_empty() && !cells.contains(&own);
    if keeps_name {
        cells.retain(|cell| !own.contains(cell));
        cells.insert(0, own);
    }
    (!cells.is_empty()).then(|| Untrusted::new(Source::Window, cells.join(CELL_MARK)))
}

/// The captions inside a button-like element that has no name; only the first of a tab, whose page may lie in it.
pub(crate) fn caption(node: &UiNode) -> Option<Untrusted> {
    let mut texts = Vec::new();
    gather(node, |role| role == Role::Text, LEVELS, &mut texts);
    if node.role == Role::TabItem {
        texts.truncate(1);
    }
    (!texts.is_empty()).then(|| Untrusted::new(Source::Window, texts.join(" ")))
}

/// The choices of a combo box, and whether each is selected.
pub(crate) fn choices(node: &UiNode) -> Vec<(&Untrusted, bool)> {
    let mut out = Vec::new();
    gather_choices(node, LEVELS, &mut out);
    out
}

fn gather_choices<'tree>(node: &'tree UiNode, level: usize, out: &mut Vec<(&'tree Untrusted, bool)>) {
    if level == 0 {
        return;
    }
    for child in &node.children {
        match child.role {
            Role::ListItem | Role::DataItem | Role::TreeItem => out.push((&child.name, child.states.selected)),
            Role::List | Role::Tree | Role::DataGrid | Role::Pane | Role::Group => {
                gather_choices(child, level - 1, out);
            }
            _ => {}
        }
    }
}

/// Choices that exist but were not read.
pub(crate) fn unread_choices(node: &UiNode) -> usize {
    let mut lists = vec![node];
    lists.extend(node.children.iter().filter(|child| matches!(child.role, Role::List | Role::Tree | Role::DataGrid)));
    lists.iter().map(|list| usize::try_from(list.unread_children).unwrap_or(usize::MAX)).fold(0, usize::saturating_add)
}
