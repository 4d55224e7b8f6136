//! From child windows to one tree: who lies in whom, what is shown, how much of it the budget allows. The tree that comes
//! out is whole even when the window stops answering half-way; then it says so.

use super::class::{self, Kind};
use super::control::Control;
use super::describe::{self, Scene};
use super::facts;
use super::items::{self, Items};
use portcullis_model::{CancelReason, Interrupted, Point, Reader, ReaderReport, Rect, Role, TreeReading, UiNode};
use portcullis_platform::{PortFault, PortResult, ReadBudget};
use std::collections::HashMap;
use windows::Win32::Foundation::HWND;

/// Levels of child windows that are followed.
const DEPTH_CAP: usize = 64;
/// Different troubles that one report names.
const TROUBLE_CAP: usize = 4;
/// Rows that are looked at for the one under a point.
const POINT_ROWS: usize = 200;

/// The child windows of every window below one, front first.
struct Family {
    children: HashMap<usize, Vec<HWND>>,
    cut: bool,
}

fn key(window: HWND) -> usize {
    window.0.addr()
}

impl Family {
    fn of(root: HWND) -> Self {
        let (all, cut) = facts::descendants(root);
        let mut children: HashMap<usize, Vec<HWND>> = HashMap::new();
        for window in all {
            children.entry(key(facts::parent(window))).or_default().push(window);
        }
        Self { children, cut }
    }

    fn below(&self, window: HWND) -> &[HWND] {
        self.children.get(&key(window)).map(Vec::as_slice).unwrap_or_default()
    }
}

/// One reading under way.
struct Reading<'scene, 'call> {
    scene: &'scene Scene<'call>,
    family: Family,
    /// Elements that may still be taken.
    left: usize,
    rows: usize,
    cut: bool,
    trouble: Vec<String>,
    /// The call was withdrawn or stopped: what was read is nobody's any more.
    stopped: Option<Interrupted>,
}

/// Reads a window.
pub(super) fn read(scene: &Scene<'_>, budget: ReadBudget) -> PortResult<TreeReading> {
    let control = Control::of(scene.root);
    let family = Family::of(scene.root);
    let cut = family.cut;
    let mut reading = Reading {
        scene,
        family,
        left: budget.elements.max(1),
        rows: budget.rows,
        cut,
        trouble: Vec::new(),
        stopped: None,
    };
    let mut root = reading.window(&control, control.rect(), 0);
    if let Some(stopped) = reading.stopped {
        return Err(stopped.into());
    }
    root.states.hung = scene.asker.is_hung(scene.root);
    let report = ReaderReport {
        reader: Reader::Native,
        elements: root.count(),
        trouble: (!reading.trouble.is_empty()).then(|| reading.trouble.join("; ")),
    };
    Ok(TreeReading { root, readers: vec![report], cut: reading.cut })
}

impl Reading<'_, '_> {
    /// Remembers why something is missing, once for each reason.
    fn note(&mut self, fault: &PortFault) {
        let trouble = match fault {
            PortFault::Interrupted(interrupted) if interrupted.0 == CancelReason::Deadline => {
                self.cut = true;
                "the time for this window was used up".to_owned()
            }
            PortFault::Interrupted(interrupted) => {
                self.stopped = Some(*interrupted);
                return;
            }
            PortFault::Hung => "the window's thread does not answer".to_owned(),
            PortFault::Unsupported(reason) => reason.clone(),
            other => other.to_string(),
        };
        if self.trouble.len() < TROUBLE_CAP && !self.trouble.contains(&trouble) {
            self.trouble.push(trouble);
        }
    }

    /// Takes one element from the budget.
    fn take(&mut self) -> bool {
        if self.left == 0 {
            self.cut = true;
            return false;
        }
        self.left -= 1;
        true
    }

    /// A window and what lies in it. The caller has taken it from the budget, the root apart.
    fn window(&mut self, control: &Control, clip: Rect, depth: usize) -> UiNode {
        if depth == 0 {
            self.left = self.left.saturating_sub(1);
        }
        let scene = self.scene;
        let (mut node, trouble) = scene.node(control, clip);
        if let Err(fault) = trouble {
            self.note(&fault);
        }
        let inside = if depth == 0 { node.rect } else { clip.intersect(node.rect) };
        if let Some((bar, fault)) = items::menu::bar_of(&scene.asker, control, self.rows) {
            if let Some(fault) = fault {
                self.note(&fault);
            }
            self.cut |= bar.unread > 0;
            let bar = scene.item_node(control, bar, inside);
            self.adopt(&mut node, bar);
        }
        // What a combo box is made of says nothing that the combo box does not.
        if control.kind != Kind::ComboBox {
            self.children(&mut node, control, inside, depth);
        }
        if items::has_items(control.kind) && self.stopped.is_none() {
            let Items { items, unread, fault } = items::read(&scene.asker, control, self.rows);
            if let Some(fault) = fault {
                self.note(&fault);
            }
            node.unread_children = node.unread_children.saturating_add(unread);
            for item in items {
                let item = scene.item_node(control, item, inside);
                self.adopt(&mut node, item);
            }
        }
        node
    }

    fn children(&mut self, node: &mut UiNode, control: &Control, clip: Rect, depth: usize) {
        if depth >= DEPTH_CAP {
            self.cut = true;
            return;
        }
        for window in self.family.below(control.window).to_vec() {
            if self.stopped.is_some() {
                return;
            }
            let style = facts::style(window);
            if !facts::shows(style) {
                continue;
            }
            if !self.take() {
                node.unread_children = node.unread_children.saturating_add(1);
                continue;
            }
            let child = self.window(&Control::styled(window, style), clip, depth + 1);
            if describe::is_empty_pane(&child) {
                self.left += 1;
            } else {
                node.children.push(child);
            }
        }
    }

    /// Puts an item below its control as far as the budget goes.
    fn adopt(&mut self, parent: &mut UiNode, mut item: UiNode) {
        if !self.take() {
            parent.unread_children = parent.unread_children.saturating_add(1);
            return;
        }
        let children = std::mem::take(&mut item.children);
        for child in children {
            self.adopt(&mut item, child);
        }
        parent.children.push(item);
    }
}

/// The deepest element at a point: the front-most shown child window at every level, then its item.
pub(super) fn at(scene: &Scene<'_>, point: Point) -> PortResult<UiNode> {
    let family = Family::of(scene.root);
    let mut control = Control::of(scene.root);
    let mut clip = control.rect();
    for _ in 0..DEPTH_CAP {
        if control.kind == Kind::ComboBox {
            break;
        }
        let Some(inner) = front_most(&family, &control, point) else { break };
        clip = clip.intersect(facts::rect(control.window));
        control = inner;
    }
    if items::has_items(control.kind) {
        let inside = clip.intersect(control.rect());
        let Items { items, fault, .. } = items::read(&scene.asker, &control, POINT_ROWS);
        if let Some(item) = deepest(items, point) {
            return Ok(scene.item_node(&control, item, inside));
        }
        if let Some(PortFault::Interrupted(interrupted)) = fault
            && interrupted.0 != CancelReason::Deadline
        {
            return Err(interrupted.into());
        }
    }
    let (node, _) = scene.node(&control, clip);
    Ok(node)
}

/// Group boxes surround what they hold without being its parent, so they are hit only where nothing else is.
fn front_most(family: &Family, control: &Control, point: Point) -> Option<Control> {
    let mut surrounding = None;
    for window in family.below(control.window) {
        let style = facts::style(*window);
        if !facts::shows(style) || !facts::rect(*window).contains(point) {
            continue;
        }
        let hit = Control::styled(*window, style);
        if class::role(hit.kind, hit.style) != Role::Group {
            return Some(hit);
        }
        surrounding = surrounding.or(Some(hit));
    }
    surrounding
}

fn deepest(items: Vec<items::Item>, point: Point) -> Option<items::Item> {
    for mut item in items {
        let children = std::mem::take(&mut item.children);
        if let Some(inner) = deepest(children, point) {
            return Some(inner);
        }
        if item.rect.contains(point) && !item.states.offscreen {
            return Some(item);
        }
    }
    None
}
