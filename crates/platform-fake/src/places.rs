//! Where everything stands and how it is read: builds the tree of elements of one window, with identities and
//! rectangles on the virtual desktop, and finds elements in it by identity or by point. Changes nothing.

use crate::build::{ROW, ROWS_IN_VIEW};
use crate::state::{Control, Window};
use portcullis_model::{ElementIdentity, ElementPath, Point, Rect, Role, Source, UiNode, Untrusted};
use portcullis_platform::ShowState;
use std::hash::{DefaultHasher, Hash, Hasher};

pub(crate) fn untrusted(source: Source, text: &str) -> Untrusted {
    Untrusted::new(source, text)
}

/// One element of a window as it stands.
pub(crate) struct Placed {
    pub(crate) id: u64,
    pub(crate) node: UiNode,
    /// How far down.
    depth: usize,
    /// Whether it belongs to something that is open above the rest: a combo box's list, a menu.
    popup: bool,
}

/// The control or window that an item belongs to, and the place in it.
#[derive(Clone)]
struct Host<'window> {
    control: &'window Control,
    index: Vec<u32>,
}

struct Walk<'window> {
    window: &'window Window,
    out: Vec<Placed>,
}

/// Every element of a window, the window first, each without its children.
pub(crate) fn placed(window: &Window) -> Vec<Placed> {
    let mut walk = Walk { window, out: Vec::new() };
    walk.visit(&window.root, None, window.rect, false, 0, false);
    walk.out
}

/// The whole tree of a window.
pub(crate) fn tree(window: &Window) -> Option<UiNode> {
    let mut placed = placed(window).into_iter().rev();
    // From the end, each node takes the deeper ones that were seen since as its children.
    let mut open: Vec<(usize, UiNode)> = Vec::new();
    for Placed { mut node, depth, .. } in &mut placed {
        while let Some((_, child)) = open.pop_if(|(below, _)| *below == depth + 1) {
            node.children.push(child);
        }
        open.push((depth, node));
    }
    open.pop().map(|(_, root)| root)
}

/// The element of this identity.
pub(crate) fn by_identity(window: &Window, wanted: &ElementIdentity) -> Option<Placed> {
    placed(window).into_iter().find(|placed| placed.node.identity == *wanted)
}

/// The deepest element at a point: of what is open above the rest first.
pub(crate) fn by_point(window: &Window, point: Point) -> Option<Placed> {
    let hit = |placed: &Placed| {
        let states = &placed.node.states;
        states.visible && !states.offscreen && placed.node.rect.contains(point)
    };
    placed(window).into_iter().filter(hit).max_by_key(|placed| (placed.popup, placed.depth))
}

fn shifted(rect: Rect, by: Rect) -> Rect {
    Rect::new(rect.left + by.left, rect.top + by.top, rect.right + by.left, rect.bottom + by.top)
}

fn mark(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

impl<'window> Walk<'window> {
    fn visit(
        &mut self,
        control: &'window Control,
        host: Option<&Host<'window>>,
        rect: Rect,
        popup: bool,
        depth: usize,
        away: bool,
    ) {
        let window = self.window;
        let path = match host {
            None if depth == 0 => ElementPath::Window,
            Some(host) if control.item => ElementPath::Item {
                handle: host.control.id,
                class: host.control.class.to_owned(),
                control_id: host.control.control_id,
                index: host.index.clone(),
                mark: mark(&control.name),
            },
            _ => ElementPath::Child {
                handle: control.id,
                class: control.class.to_owned(),
                control_id: control.control_id,
            },
        };
        let mut states = control.states;
        states.offscreen |= away || window.show == ShowState::Minimised;
        states.focused = window.focus == Some(control.id);
        states.hung = window.hung;
        states.modal = depth == 0 && window.modal;
        let value = if states.password || window.hung { None } else { control.value.as_deref() };
        self.out.push(Placed {
            id: control.id,
            depth,
            popup,
            node: UiNode {
                identity: ElementIdentity { window: window.identity.clone(), path },
                role: control.role,
                name: untrusted(Source::Window, &control.name),
                value: value.map(|value| untrusted(Source::Window, value)),
                automation_id: control.automation_id.clone(),
                rect,
                states,
                children: Vec::new(),
                unread_children: 0,
            },
        });
        if depth == 0 {
            for child in &control.children {
                self.visit(child, None, shifted(child.rect, window.rect), false, 1, false);
            }
        } else {
            self.visit_items(control, host, rect, popup, depth, away);
        }
    }

    fn visit_items(
        &mut self,
        control: &'window Control,
        host: Option<&Host<'window>>,
        rect: Rect,
        popup: bool,
        depth: usize,
        away: bool,
    ) {
        let closed = control.states.expanded == Some(false);
        // The rows of a closed combo box can be read; what a closed menu or branch holds cannot.
        if closed && control.role != Role::ComboBox {
            return;
        }
        let mut row = 0;
        for (index, child) in control.children.iter().enumerate() {
            let mut path = host.map(|host| host.index.clone()).unwrap_or_default();
            path.push(u32::try_from(index).unwrap_or(u32::MAX));
            let own = Host { control: host.map_or(control, |host| host.control), index: path };
            let line = |place: usize| {
                let place = i32::try_from(place).unwrap_or(0);
                Rect::new(rect.left, rect.top + place * ROW, rect.right, rect.top + (place + 1) * ROW)
            };
            let (place, above, out) = match control.role {
                Role::ComboBox | Role::MenuItem => (line(index + 1), true, closed),
                Role::List | Role::Tree | Role::DataGrid | Role::Table => {
                    let in_view = (control.scroll..control.scroll + ROWS_IN_VIEW).contains(&row);
                    (line(row.saturating_sub(control.scroll)), popup, !in_view)
                }
                Role::TreeItem => (line(index + 1), popup, false),
                _ => (column(rect, index, control.children.len()), popup, false),
            };
            let before = self.out.len();
            self.visit(child, Some(&own), place, above, depth + 1, away || out);
            // A branch that is open takes as many rows as it has leaves.
            let branches = self.out.iter().skip(before).filter(|placed| placed.node.role == Role::TreeItem).count();
            row += branches.max(1);
        }
    }
}

/// One of several cells side by side.
fn column(rect: Rect, index: usize, count: usize) -> Rect {
    let width = i32::try_from(rect.width()).unwrap_or(0) / i32::try_from(count.max(1)).unwrap_or(1);
    let left = rect.left + width * i32::try_from(index).unwrap_or(0);
    Rect::new(left, rect.top, left + width, rect.bottom)
}
