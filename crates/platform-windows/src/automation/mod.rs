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
use self::protocol::{Act, Ask, Meant, Reply, Trouble};
use crate::identity;
use crate::security::is_elevated_over_us;
use crate::tree::part;
use portcullis_model::{
    Cancel, Deadline, Effect, ElementIdentity, ElementPath, Point, Reader, ReaderReport, Rect, Resource, Source,
    TreeReading, UiNode, Untrusted, WindowIdentity,
};
use portcullis_platform::{
    ControlAct, Delivered, ElementText, Permit, PortFault, PortResult, ReadBudget, Shown, TreePort,
};
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
    let program = identity::program_of(window);
    Ok(permit.require(Effect::ReadWindows, &Resource::Window { window: window.clone(), program })?)
}

/// As [`readable`], for operating.
fn operable(permit: &Permit, window: &WindowIdentity) -> PortResult<()> {
    identity::live(window)?;
    let program = identity::program_of(window);
    Ok(permit.require(Effect::OperateControl, &Resource::InputTarget { window: window.clone(), program })?)
}

fn meant(element: &ElementIdentity) -> PortResult<Meant> {
    match &element.path {
        ElementPath::Automation { runtime_id, mark } => Ok(Meant { runtime_id: runtime_id.clone(), mark: *mark }),
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
        let answer = self.ask(window, ask, budget.deadline, cancel);
        if matches!(answer, Err(PortFault::Hung)) {
            self.remember_large(window);
        }
        let Reply::Tree { nodes, cut, trouble } = answer? else { return Err(confused()) };
        let elements = nodes.len();
        let root = protocol::tree(nodes, window, budget.elements).ok_or_else(confused)?;
        let trouble = trouble.as_deref().map(protocol::words);
        let readers = vec![ReaderReport { reader: Reader::Automation, elements, trouble }];
        Ok(TreeReading { root, readers, cut })
    }

    fn ask(&self, window: &WindowIdentity, ask: Ask, deadline: Deadline, cancel: &Cancel) -> PortResult<Reply> {
        self.pool.ask(window, ask, deadline, cancel)?.map_err(PortFault::from)
    }

    fn one(&self, window: &WindowIdentity, ask: Ask, deadline: Deadline) -> PortResult<Option<UiNode>> {
        match self.ask(window, ask, deadline, &Cancel::new())? {
            Reply::Node(node) => Ok(node.map(|node| node.element(window))),
            _ => Err(confused()),
        }
    }
}

impl TreePort for AutomationTree {
    fn locate(&self, element: &ElementIdentity) -> PortResult<Rect> {
        identity::live(&element.window)?;
        let ask = Ask::Element { element: meant(element)? };
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
        let ask = Ask::Element { element: meant(element)? };
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
        let ask = Ask::Text { element: meant(element)?, from, max_chars };
        match self.ask(&element.window, ask, deadline, &Cancel::new())? {
            Reply::Text { text, total_chars } => {
                let text: String = text.chars().take(max_chars).collect();
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
        if is_elevated_over_us(element.window.process) {
            return Err(PortFault::Elevated);
        }
        let (meant, act) = (meant(element)?, as_data(act));
        let ask = |part| {
            let ask = Ask::Act { element: meant.clone(), act: act.clone(), part };
            self.pool.ask(&element.window, ask, deadline, cancel)
        };
        let mut answer = ask(None);
        if let Ok(Err(Trouble::OtherProgram(part))) = answer {
            part::require_operable(permit, &element.window, identity::hwnd(part))?;
            answer = ask(Some(part));
        }
        if matches!(answer, Err(PortFault::Hung) | Ok(Err(Trouble::Timeout))) {
            // The worker may have been ended while it only looked at what the act had brought about. To be told that a
            // repetition is harmless would make a caller toggle twice.
            return Ok(Delivered {
                by: "UI Automation, which did not answer: done or not".to_owned(),
                shown: Shown::Unknown,
            });
        }
        match answer?? {
            Reply::Done { by, pending, shown } => Ok(Delivered { by: by.words(pending), shown: shown.into() }),
            _ => Err(confused()),
        }
    }
}
