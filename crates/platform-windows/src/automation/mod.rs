//! The UI Automation reader: a `TreePort` over worker processes, each of which can be killed while a provider blocks it.
//! What is done with its answers beside those of other readers is decided in `readers.rs`.
//!
//! NOT VERIFIED ON REAL WINDOWS. The lab's UI Automation gives one element per Win32 window, no pattern, no focus and no
//! hit test, so there only these are shown: starting, killing and replacing workers, walking what is there, and that what
//! is missing is answered as such. Requests for a whole tree, values, patterns and text await a Windows machine.

mod act;
mod com;
mod pool;
mod process;
mod protocol;
mod read;
mod readers;
mod worker;

pub(crate) use self::readers::Readers;
pub use self::worker::run as run_worker;

use self::pool::Pool;
use self::protocol::{Act, Ask, Reply};
use crate::identity;
use portcullis_model::{
    Cancel, Deadline, Effect, ElementIdentity, ElementPath, Point, Reader, ReaderReport, Rect, Resource, Source,
    TreeReading, UiNode, Untrusted, WindowIdentity,
};
use portcullis_platform::{ControlAct, Delivered, ElementText, Permit, PortFault, PortResult, ReadBudget, TreePort};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long finding an element may take.
const LOCATE_SLICE: Duration = Duration::from_millis(400);
/// Windows that are remembered as too large for one request.
const LARGE_CAP: usize = 64;

/// The UI Automation reader. No worker runs before the first question.
#[derive(Debug, Default)]
pub(crate) struct AutomationTree {
    pool: Pool,
    /// Windows whose whole tree did not come in time: they are read level by level, which can end half-way.
    large: Mutex<VecDeque<WindowIdentity>>,
}

/// The permit covers reading what the window is now.
fn readable(permit: &Permit, window: &WindowIdentity) -> PortResult<()> {
    identity::live(window)?;
    let program = identity::program(window.process);
    Ok(permit.require(Effect::ReadWindows, &Resource::Window { window: window.clone(), program })?)
}

/// As [`readable`], for operating.
fn operable(permit: &Permit, window: &WindowIdentity) -> PortResult<()> {
    identity::live(window)?;
    let program = identity::program(window.process);
    Ok(permit.require(Effect::OperateControl, &Resource::InputTarget { window: window.clone(), program })?)
}

fn runtime_id(element: &ElementIdentity) -> PortResult<Vec<i32>> {
    match &element.path {
        ElementPath::Automation { runtime_id } => Ok(runtime_id.clone()),
        _ => Err(PortFault::Unsupported("UI Automation knows its own elements alone".to_owned())),
    }
}

/// The worker answered something else than it was asked: a defect, not a state of the machine.
fn confused() -> PortFault {
    PortFault::Unsupported("the UI Automation worker gave the wrong answer".to_owned())
}

fn as_data(act: &ControlAct) -> Act {
    match act {
        ControlAct::Invoke => Act::Invoke,
        ControlAct::Toggle => Act::Toggle,
        ControlAct::Select => Act::Select,
        ControlAct::Expand => Act::Expand,
        ControlAct::Collapse => Act::Collapse,
        ControlAct::SetValue(value) => Act::SetValue(value.clone()),
        ControlAct::ScrollIntoView => Act::ScrollIntoView,
        ControlAct::Focus => Act::Focus,
        ControlAct::SelectText { from, to } => Act::SelectText { from: *from, to: *to },
    }
}

impl AutomationTree {
    fn is_large(&self, window: &WindowIdentity) -> bool {
        self.large.lock().unwrap_or_else(PoisonError::into_inner).contains(window)
    }

    fn remember_large(&self, window: &WindowIdentity) {
        let mut large = self.large.lock().unwrap_or_else(PoisonError::into_inner);
        if !large.contains(window) {
            large.push_front(window.clone());
            large.truncate(LARGE_CAP);
        }
    }

    /// Reads a window that the caller has checked against its permit.
    fn read_checked(&self, window: &WindowIdentity, budget: ReadBudget, cancel: &Cancel) -> PortResult<TreeReading> {
        let whole = !self.is_large(window);
        let ask = Ask::Read { elements: budget.elements, rows: budget.rows, whole };
        let answer = self.pool.ask(window.handle, ask, budget.deadline, cancel);
        if matches!(answer, Err(PortFault::Hung)) {
            self.remember_large(window);
        }
        let Reply::Tree { nodes, cut, trouble } = answer? else { return Err(confused()) };
        let elements = nodes.len();
        let root = protocol::tree(nodes, window).ok_or_else(confused)?;
        let readers = vec![ReaderReport { reader: Reader::Automation, elements, trouble }];
        Ok(TreeReading { root, readers, cut })
    }

    fn one(&self, window: &WindowIdentity, ask: Ask, deadline: Deadline) -> PortResult<Option<UiNode>> {
        match self.pool.ask(window.handle, ask, deadline, &Cancel::new())? {
            Reply::Node(node) => Ok(node.map(|node| node.element(window))),
            _ => Err(confused()),
        }
    }
}

impl TreePort for AutomationTree {
    fn locate(&self, element: &ElementIdentity) -> PortResult<Rect> {
        identity::live(&element.window)?;
        let ask = Ask::Element { runtime_id: runtime_id(element)? };
        let node = self.one(&element.window, ask, Deadline::after(LOCATE_SLICE))?.ok_or(PortFault::Gone)?;
        Ok(node.rect)
    }

    fn element_at(
        &self,
        permit: &Permit,
        window: &WindowIdentity,
        point: Point,
        deadline: Deadline,
    ) -> PortResult<UiNode> {
        readable(permit, window)?;
        self.one(window, Ask::At { x: point.x, y: point.y }, deadline)?.ok_or(PortFault::Gone)
    }

    fn read(
        &self,
        permit: &Permit,
        window: &WindowIdentity,
        budget: ReadBudget,
        cancel: &Cancel,
    ) -> PortResult<TreeReading> {
        readable(permit, window)?;
        self.read_checked(window, budget, cancel)
    }

    fn read_element(&self, permit: &Permit, element: &ElementIdentity, deadline: Deadline) -> PortResult<UiNode> {
        readable(permit, &element.window)?;
        let ask = Ask::Element { runtime_id: runtime_id(element)? };
        self.one(&element.window, ask, deadline)?.ok_or(PortFault::Gone)
    }

    fn text(
        &self,
        permit: &Permit,
        element: &ElementIdentity,
        from: usize,
        max_chars: usize,
        deadline: Deadline,
    ) -> PortResult<ElementText> {
        readable(permit, &element.window)?;
        let ask = Ask::Text { runtime_id: runtime_id(element)?, from, max_chars };
        match self.pool.ask(element.window.handle, ask, deadline, &Cancel::new())? {
            Reply::Text { text, total_chars } => {
                Ok(ElementText { text: Untrusted::new(Source::Window, text), total_chars, selection: None })
            }
            _ => Err(confused()),
        }
    }

    fn focused(&self, permit: &Permit, window: &WindowIdentity, deadline: Deadline) -> PortResult<Option<UiNode>> {
        readable(permit, window)?;
        self.one(window, Ask::Focused, deadline)
    }

    fn act(
        &self,
        permit: &Permit,
        element: &ElementIdentity,
        act: &ControlAct,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<Delivered> {
        operable(permit, &element.window)?;
        let ask = Ask::Act { runtime_id: runtime_id(element)?, act: as_data(act) };
        match self.pool.ask(element.window.handle, ask, deadline, cancel)? {
            Reply::Done { by, shown } => Ok(Delivered { by, shown }),
            _ => Err(confused()),
        }
    }
}
