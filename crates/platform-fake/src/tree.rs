//! Reading and operating the controls of the fake desktop. A hung window costs the whole slice and then gives names and
//! places without values, as a reader that never asks the thread would.

use crate::behave::Deed;
use crate::desktop::{Call, FakeDesktop};
use crate::places::{by_identity, by_point, placed, tree, untrusted};
use crate::state::State;
use crate::surroundings::screenshot;
use portcullis_model::{
    Cancel, Deadline, Effect, ElementIdentity, ElementPath, Point, Reader, ReaderReport, Rect, Role, Source,
    TreeReading, UiNode, WindowIdentity,
};
use portcullis_platform::{
    ControlAct, Delivered, ElementText, Permit, PortFault, PortResult, ReadBudget, ShowState, TreePort,
};

fn is_row(node: &UiNode) -> bool {
    matches!(node.role, Role::ListItem | Role::DataItem | Role::TreeItem)
}

/// Cuts a tree to its budget; what is cut is counted where it was. Answers whether anything but rows was cut.
fn cut(node: &mut UiNode, budget: ReadBudget, left: &mut usize) -> bool {
    let mut rows = 0;
    let mut any = false;
    for mut child in std::mem::take(&mut node.children) {
        if is_row(&child) {
            rows += 1;
        }
        if is_row(&child) && rows > budget.rows {
            node.unread_children = node.unread_children.saturating_add(1);
        } else if *left == 0 {
            node.unread_children = node.unread_children.saturating_add(1);
            any = true;
        } else {
            *left -= 1;
            any |= cut(&mut child, budget, left);
            node.children.push(child);
        }
    }
    any
}

impl FakeDesktop {
    /// Waits when the window is hung, then says so.
    fn answering(&self, window: &WindowIdentity, deadline: Deadline, cancel: Option<&Cancel>) -> PortResult<()> {
        let hung = self.lock().living(window)?.hung;
        if hung {
            Self::wait_for_hung(deadline, cancel)?;
            return Err(PortFault::Hung);
        }
        Ok(())
    }
}

/// One element, after the permit for its window was asked for.
fn readable(state: &State, permit: &Permit, element: &ElementIdentity) -> PortResult<(u64, UiNode)> {
    let window = state.living(&element.window)?;
    permit.require(Effect::ReadWindows, &window.as_resource())?;
    let found = by_identity(window, element).ok_or(PortFault::Gone)?;
    Ok((found.id, found.node))
}

fn clip(text: &str, from: usize, to: usize) -> String {
    text.chars().skip(from).take(to.saturating_sub(from)).collect()
}

impl TreePort for FakeDesktop {
    fn locate(&self, element: &ElementIdentity) -> PortResult<Rect> {
        self.enter(Call::Locate, None, None)?;
        let state = self.lock();
        let window = state.living(&element.window)?;
        if let ElementPath::Pixels { place, size, mark } = element.path {
            let area = place.moved(window.rect.left, window.rect.top);
            let same = (window.rect.width(), window.rect.height()) == size
                && window.show != ShowState::Minimised
                && screenshot(&state, area).mark(area) == Some(mark);
            return if same { Ok(area) } else { Err(PortFault::Gone) };
        }
        let found = by_identity(window, element).ok_or(PortFault::Gone)?;
        Ok(found.node.rect)
    }

    fn element_at(
        &self,
        permit: &Permit,
        window: &WindowIdentity,
        point: Point,
        deadline: Deadline,
    ) -> PortResult<UiNode> {
        self.enter(Call::ElementAt, Some(deadline), None)?;
        let state = self.lock();
        let found = state.living(window)?;
        permit.require(Effect::ReadWindows, &found.as_resource())?;
        by_point(found, point).map(|placed| placed.node).ok_or(PortFault::Gone)
    }

    fn read(
        &self,
        permit: &Permit,
        window: &WindowIdentity,
        budget: ReadBudget,
        cancel: &Cancel,
    ) -> PortResult<TreeReading> {
        self.enter(Call::Read, Some(budget.deadline), Some(cancel))?;
        permit.require(Effect::ReadWindows, &self.lock().living(window)?.as_resource())?;
        let hung = match self.answering(window, budget.deadline, Some(cancel)) {
            Ok(()) => false,
            Err(PortFault::Hung) => true,
            Err(fault) => return Err(fault),
        };
        let state = self.lock();
        let mut root = tree(state.living(window)?).ok_or(PortFault::Gone)?;
        let cut = cut(&mut root, budget, &mut budget.elements.saturating_sub(1)) || hung;
        let trouble = hung.then(|| "the window does not answer".to_owned());
        let report = ReaderReport { reader: Reader::Native, elements: root.count(), trouble };
        Ok(TreeReading { root, readers: vec![report], cut })
    }

    fn read_element(&self, permit: &Permit, element: &ElementIdentity, deadline: Deadline) -> PortResult<UiNode> {
        self.enter(Call::ReadElement, Some(deadline), None)?;
        readable(&self.lock(), permit, element)?;
        self.answering(&element.window, deadline, None)?;
        readable(&self.lock(), permit, element).map(|(_, node)| node)
    }

    fn text(
        &self,
        permit: &Permit,
        element: &ElementIdentity,
        from: usize,
        max_chars: usize,
        deadline: Deadline,
    ) -> PortResult<ElementText> {
        self.enter(Call::Text, Some(deadline), None)?;
        let (_, node) = readable(&self.lock(), permit, element)?;
        if node.states.password {
            return Err(PortFault::NotOperable("be read: it holds a secret".to_owned()));
        }
        self.answering(&element.window, deadline, None)?;
        let mut state = self.lock();
        let (id, node) = readable(&state, permit, element)?;
        let all = node.value.unwrap_or(node.name);
        let edits = matches!(node.role, Role::Edit | Role::Document);
        let selection = state.control_mut(element.window.handle, id).map(|control| control.selection);
        Ok(ElementText {
            text: untrusted(Source::Window, &clip(all.raw(), from, from.saturating_add(max_chars))),
            total_chars: Some(all.raw().chars().count()),
            selection: selection.filter(|_| edits),
        })
    }

    fn focused(&self, permit: &Permit, window: &WindowIdentity, deadline: Deadline) -> PortResult<Option<UiNode>> {
        self.enter(Call::Focused, Some(deadline), None)?;
        permit.require(Effect::ReadWindows, &self.lock().living(window)?.as_resource())?;
        self.answering(window, deadline, None)?;
        let state = self.lock();
        let found = placed(state.living(window)?).into_iter().find(|placed| placed.node.states.focused);
        Ok(found.map(|placed| placed.node))
    }

    fn act(
        &self,
        permit: &Permit,
        element: &ElementIdentity,
        act: &ControlAct,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<Delivered> {
        self.enter(Call::Act, Some(deadline), Some(cancel))?;
        {
            let state = self.lock();
            let window = state.living(&element.window)?;
            permit.require(Effect::OperateControl, &window.as_target())?;
            if window.elevated {
                return Err(PortFault::Elevated);
            }
        }
        self.answering(&element.window, deadline, Some(cancel))?;
        let mut state = self.lock();
        let window = state.living(&element.window)?;
        let found = by_identity(window, element).ok_or(PortFault::Gone)?;
        if !found.node.states.enabled || !state.enabled(element.window.handle) {
            return Err(PortFault::Disabled);
        }
        let deed = Deed { window: element.window.handle, id: found.id };
        deed.act(&mut state, &found.node, act)
    }
}
