//! What is inside windows, read by the native reader: child windows, classes and window messages with time limits. It
//! works on hung and provider-less windows; UI Automation has its own reader elsewhere. Deciding what an agent sees of a
//! tree is not done here.

mod act;
mod ask;
mod bay;
mod class;
mod control;
mod describe;
pub(crate) mod facts;
mod items;
pub(crate) mod part;
mod remote;
pub(crate) mod shared_input;
mod text;
mod walk;

pub(crate) use self::text::is_same_text;

use self::ask::Asker;
use self::control::Control;
use self::describe::Scene;
use self::items::Item;
use crate::identity;
use crate::screen;
use portcullis_model::{
    Cancel, Deadline, Effect, ElementIdentity, ElementPath, Point, Rect, Resource, TreeReading, UiNode, WindowIdentity,
};
use portcullis_platform::{ControlAct, Delivered, ElementText, Permit, PortFault, PortResult, ReadBudget, TreePort};
use std::time::Duration;
use windows::Win32::Foundation::HWND;

/// How long finding an element may take.
const LOCATE_SLICE: Duration = Duration::from_millis(400);

/// The native reader. It keeps nothing between calls.
#[derive(Debug, Default)]
pub(crate) struct NativeTree;

/// An element that was found to be what it was.
#[derive(Debug)]
struct Found {
    root: HWND,
    control: Control,
    item: Option<Item>,
}

/// The handle of a window, once it is checked and the permit covers it.
fn readable(permit: &Permit, window: &WindowIdentity) -> PortResult<HWND> {
    let root = identity::live(window)?;
    let fresh = identity::identify(root).ok_or(PortFault::Gone)?;
    let program = identity::program_of(&fresh);
    permit.require(Effect::ReadWindows, &Resource::Window { window: fresh, program })?;
    Ok(root)
}

/// As [`readable`], for operating.
fn operable(permit: &Permit, window: &WindowIdentity) -> PortResult<HWND> {
    let root = identity::live(window)?;
    let fresh = identity::identify(root).ok_or(PortFault::Gone)?;
    let program = identity::program_of(&fresh);
    permit.require(Effect::OperateControl, &Resource::InputTarget { window: fresh, program })?;
    Ok(root)
}

/// The control that an element's path names, if it still is that one. What is hidden by now is gone: where it was,
/// something else is.
fn control_of(element: &ElementIdentity) -> PortResult<(HWND, Control)> {
    let root = identity::live(&element.window)?;
    let (handle, class, control_id) = match &element.path {
        ElementPath::Window => return Ok((root, Control::of(root))),
        ElementPath::Child { handle, class, control_id } | ElementPath::Item { handle, class, control_id, .. } => {
            (*handle, class, *control_id)
        }
        ElementPath::Pixels { .. } => {
            return Err(PortFault::NotOperable(
                "be operated: it is text on pixels; Click can press where it stands".to_owned(),
            ));
        }
        // Its inspector knows it, as long as the application is connected to.
        ElementPath::Wpf { .. } => return Err(PortFault::Gone),
        ElementPath::Automation { .. } => {
            return Err(PortFault::Unsupported("the native reader knows no elements of UI Automation".to_owned()));
        }
    };
    let window = identity::hwnd(handle);
    if window.is_invalid() || identity::root(window) != root {
        return Err(PortFault::Gone);
    }
    let control = Control::of(window);
    let same = control.class == *class && control.id == control_id && (window == root || facts::is_visible(window));
    if same { Ok((root, control)) } else { Err(PortFault::Gone) }
}

/// The element itself, item included, if it still is what it was.
fn find(asker: &Asker<'_>, element: &ElementIdentity) -> PortResult<Found> {
    let (root, control) = control_of(element)?;
    let item = match &element.path {
        ElementPath::Item { index, mark, .. } => {
            let item = items::one(asker, &control, index)?;
            if !item.is_marked(*mark) {
                return Err(PortFault::Gone);
            }
            Some(item)
        }
        _ => None,
    };
    Ok(Found { root, control, item })
}

/// What of a window's inside is shown at all.
fn clip(root: HWND) -> Rect {
    facts::rect(root)
}

/// Questions to a window, none at all when it is known not to answer.
fn asker<'call>(root: HWND, deadline: Deadline, cancel: &'call Cancel) -> Asker<'call> {
    let asker = Asker::new(deadline, cancel);
    if facts::is_hung(root) {
        asker.silence(root, PortFault::Hung);
    }
    asker
}

impl TreePort for NativeTree {
    fn locate(&self, element: &ElementIdentity) -> PortResult<Rect> {
        if let ElementPath::Pixels { place, size, mark } = &element.path {
            return screen::locate_pixels(identity::live(&element.window)?, *place, *size, *mark);
        }
        let cancel = Cancel::new();
        let asker = asker(identity::live(&element.window)?, Deadline::after(LOCATE_SLICE), &cancel);
        let found = find(&asker, element)?;
        Ok(found.item.map_or_else(|| found.control.rect(), |item| item.rect))
    }

    fn element_at(
        &self,
        permit: &Permit,
        window: &WindowIdentity,
        point: Point,
        deadline: Deadline,
    ) -> PortResult<UiNode> {
        let root = readable(permit, window)?;
        let cancel = Cancel::new();
        walk::at(&Scene::of(window, root, asker(root, deadline, &cancel)), point)
    }

    fn read(
        &self,
        permit: &Permit,
        window: &WindowIdentity,
        budget: ReadBudget,
        cancel: &Cancel,
    ) -> PortResult<TreeReading> {
        let root = readable(permit, window)?;
        walk::read(&Scene::of(window, root, asker(root, budget.deadline, cancel)), budget)
    }

    fn read_element(&self, permit: &Permit, element: &ElementIdentity, deadline: Deadline) -> PortResult<UiNode> {
        let root = readable(permit, &element.window)?;
        let cancel = Cancel::new();
        let scene = Scene::of(&element.window, root, asker(root, deadline, &cancel));
        let found = find(&scene.asker, element)?;
        let mut node = match found.item {
            Some(item) => scene.item_node(&found.control, item, clip(root).intersect(found.control.rect())),
            None => scene.node(&found.control, clip(root)).0,
        };
        node.states.hung = found.control.window == root && scene.asker.is_hung(root);
        Ok(node)
    }

    fn text(
        &self,
        permit: &Permit,
        element: &ElementIdentity,
        from: usize,
        max_chars: usize,
        deadline: Deadline,
    ) -> PortResult<ElementText> {
        let root = readable(permit, &element.window)?;
        let cancel = Cancel::new();
        let scene = Scene::of(&element.window, root, asker(root, deadline, &cancel));
        let found = find(&scene.asker, element)?;
        match found.item {
            Some(item) => {
                let all = item.value.map_or_else(|| item.name.clone(), |value| format!("{} | {value}", item.name));
                Ok(text::part(&all, from, max_chars, None))
            }
            None => {
                let shown = || {
                    let (node, _) = scene.node(&found.control, clip(root));
                    node.value.unwrap_or(node.name).raw().to_owned()
                };
                text::of_control(&scene.asker, &found.control, shown, from, max_chars)
            }
        }
    }

    fn focused(&self, permit: &Permit, window: &WindowIdentity, deadline: Deadline) -> PortResult<Option<UiNode>> {
        let root = readable(permit, window)?;
        let cancel = Cancel::new();
        let scene = Scene::of(window, root, asker(root, deadline, &cancel));
        let focus = scene.focus;
        if focus.is_invalid() || identity::root(focus) != root {
            return Ok(None);
        }
        // The edit inside a combo box is the combo box, for everybody but the system.
        let parent = Control::of(facts::parent(focus));
        let control = if parent.kind == class::Kind::ComboBox { parent } else { Control::of(focus) };
        Ok(Some(scene.node(&control, clip(root)).0))
    }

    fn act(
        &self,
        permit: &Permit,
        element: &ElementIdentity,
        act: &ControlAct,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<Delivered> {
        let root = operable(permit, &element.window)?;
        if facts::is_hung(root) {
            return Err(PortFault::Hung);
        }
        let asker = Asker::for_acts(deadline, cancel);
        let found = find(&asker, element)?;
        part::require_operable(permit, &element.window, found.control.window)?;
        act::act(&asker, found, act)
    }
}
