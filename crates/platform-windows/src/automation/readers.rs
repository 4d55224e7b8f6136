//! Several readers as one `TreePort`: who is asked for a window, how long one waits for the other, and whose tree it is.
//! An element belongs to the reader that gave it; its identity says which. Reading itself is done elsewhere.
//!
//! The native reader costs milliseconds and reads Win32 windows best; UI Automation sees into frameworks that draw all of
//! a window themselves. So a window of a kind not met before is read natively, and UI Automation is asked when that found
//! little ([`RICH`]) or left a large part blank. What came of it is remembered for the windows of that class in that
//! process: where UI Automation added nothing it is not asked again for [`ASK_AGAIN`], where it helped both read at once.

use super::AutomationTree;
use crate::tree::NativeTree;
use portcullis_model::{
    Cancel, Deadline, ElementIdentity, ElementPath, Point, Reader, ReaderReport, Rect, Role, TreeReading, UiNode,
    WindowIdentity,
};
use portcullis_platform::{ControlAct, Delivered, ElementText, Permit, PortFault, PortResult, ReadBudget, TreePort};
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// More actionable elements than this are a native reading that needs no help.
const RICH: usize = 3;
/// A child window without content that covers at least this share of its window (a quarter) may hold a whole program.
const BLANK_SHARE: u64 = 4;
/// How long a good native reading is held back for the other reader.
const GRACE: Duration = Duration::from_millis(150);
/// UI Automation's slice of a reading, when the native one found little.
const AUTOMATION_SLICE: Duration = Duration::from_millis(1_500);
/// How often a wait looks whether the call was withdrawn.
const POLL_STEP: Duration = Duration::from_millis(20);
/// How long UI Automation is not asked where it added nothing. A program may have been read while it was still loading.
const ASK_AGAIN: Duration = Duration::from_secs(10);
/// Readings by UI Automation that may be under way at once. Each has a thread, also when nobody waits for it any more.
const READING_CAP: usize = 8;
/// Kinds of windows that are remembered.
const MEMORY_CAP: usize = 256;

/// What UI Automation was worth for a kind of window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worth {
    Helps,
    AddsNothing,
}

impl Worth {
    /// By the actionable elements that each reader found.
    fn of(automation: usize, native: usize) -> Self {
        if automation > native { Self::Helps } else { Self::AddsNothing }
    }
}

/// A kind of window: the class in one process's life.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kind {
    process: u32,
    process_start: u64,
    class: String,
}

impl Kind {
    fn of(window: &WindowIdentity) -> Self {
        Self { process: window.process, process_start: window.process_start, class: window.class.clone() }
    }
}

#[derive(Debug, Default)]
struct Memory(Mutex<VecDeque<(Kind, Worth, Instant)>>);

impl Memory {
    fn of(&self, window: &WindowIdentity, now: Instant) -> Option<Worth> {
        let kind = Kind::of(window);
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, worth, since) = known.iter().find(|(other, ..)| *other == kind)?;
        let fresh = *worth == Worth::Helps || now.duration_since(*since) < ASK_AGAIN;
        fresh.then_some(*worth)
    }

    fn set(&self, window: &WindowIdentity, worth: Worth, now: Instant) {
        let kind = Kind::of(window);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(other, ..)| *other != kind);
        known.push_front((kind, worth, now));
        known.truncate(MEMORY_CAP);
    }
}

/// The native reader and UI Automation as one.
#[derive(Debug, Default)]
pub(crate) struct Readers {
    native: NativeTree,
    automation: Arc<AutomationTree>,
    memory: Arc<Memory>,
    /// One more reference for each reading that is under way.
    under_way: Arc<()>,
}

/// Elements of a tree that can be acted on.
fn actionable(node: &UiNode) -> usize {
    usize::from(node.role.is_actionable()) + node.children.iter().map(actionable).sum::<usize>()
}

fn area(rect: Rect) -> u64 {
    u64::from(rect.width()) * u64::from(rect.height())
}

/// Whether a large part of the window is a child window of which nothing is known.
fn has_blank(node: &UiNode, whole: u64) -> bool {
    let blank = node.role == Role::Pane
        && node.name.is_empty()
        && node.children.is_empty()
        && area(node.rect).saturating_mul(BLANK_SHARE) >= whole;
    (blank && whole > 0) || node.children.iter().any(|child| has_blank(child, whole))
}

impl Readers {
    /// The reader that an element belongs to.
    fn owner(&self, element: &ElementIdentity) -> &dyn TreePort {
        match element.path {
            ElementPath::Automation { .. } => &*self.automation,
            _ => &self.native,
        }
    }

    /// Starts a reading by UI Automation that nobody has to wait for. The caller has checked the permit. When it knows how
    /// many actionable elements the native reader found, the worth is remembered even if the answer comes too late.
    fn start(
        &self,
        window: &WindowIdentity,
        found: Option<usize>,
        budget: ReadBudget,
        cancel: &Cancel,
    ) -> Receiver<PortResult<TreeReading>> {
        let (to, from) = sync_channel(1);
        let place = Arc::clone(&self.under_way);
        // Ours and the one that is kept. Without a thread the channel is closed, and the caller sees that nobody answers.
        if Arc::strong_count(&place) > READING_CAP + 1 {
            return from;
        }
        let (automation, memory) = (Arc::clone(&self.automation), Arc::clone(&self.memory));
        let (window, cancel) = (window.clone(), cancel.clone());
        let started = std::thread::Builder::new().name("automation-read".to_owned()).spawn(move || {
            let slice = ReadBudget { deadline: budget.deadline.slice(AUTOMATION_SLICE), ..budget };
            let answer = automation.read_checked(&window, slice, &cancel);
            if let (Ok(reading), Some(found)) = (&answer, found) {
                memory.set(&window, Worth::of(actionable(&reading.root), found), Instant::now());
            }
            drop(place);
            // The caller may have gone on without it.
            let _ = to.send(answer);
        });
        drop(started);
        from
    }

    /// The better of both, with both reports; remembers whether asking was worth it.
    fn merge(&self, window: &WindowIdentity, native: TreeReading, automation: TreeReading) -> TreeReading {
        let worth = Worth::of(actionable(&automation.root), actionable(&native.root));
        self.memory.set(window, worth, Instant::now());
        let (mut best, other) = if worth == Worth::Helps { (automation, native) } else { (native, automation) };
        best.readers.extend(other.readers);
        best
    }
}

fn wait(
    from: &Receiver<PortResult<TreeReading>>,
    until: Deadline,
    cancel: &Cancel,
) -> PortResult<Result<TreeReading, String>> {
    loop {
        match from.recv_timeout(POLL_STEP.min(until.remaining())) {
            Ok(Ok(reading)) => return Ok(Ok(reading)),
            Ok(Err(fault)) => return Ok(Err(fault.to_string())),
            Err(RecvTimeoutError::Disconnected) => return Ok(Err("it could not be started".to_owned())),
            Err(RecvTimeoutError::Timeout) => {
                cancel.check()?;
                if until.passed() {
                    return Ok(Err("it had not answered when the native reader had".to_owned()));
                }
            }
        }
    }
}

/// Whether the other reader may know better.
fn falls_back<T>(answer: &PortResult<T>) -> bool {
    matches!(
        answer,
        Err(PortFault::Unsupported(_)
            | PortFault::Gone
            | PortFault::Hung
            | PortFault::Elevated
            | PortFault::System { .. })
    )
}

impl TreePort for Readers {
    fn locate(&self, element: &ElementIdentity) -> PortResult<Rect> {
        self.owner(element).locate(element)
    }

    fn element_at(
        &self,
        permit: &Permit,
        window: &WindowIdentity,
        point: Point,
        deadline: Deadline,
    ) -> PortResult<UiNode> {
        if self.memory.of(window, Instant::now()) == Some(Worth::Helps) {
            let half = deadline.slice(deadline.remaining() / 2);
            match self.automation.element_at(permit, window, point, half) {
                answer if falls_back(&answer) => {}
                answer => return answer,
            }
        }
        self.native.element_at(permit, window, point, deadline)
    }

    fn read(
        &self,
        permit: &Permit,
        window: &WindowIdentity,
        budget: ReadBudget,
        cancel: &Cancel,
    ) -> PortResult<TreeReading> {
        let worth = self.memory.of(window, Instant::now());
        if worth == Some(Worth::AddsNothing) {
            return self.native.read(permit, window, budget, cancel);
        }
        let early = if worth == Some(Worth::Helps) {
            super::readable(permit, window)?;
            Some(self.start(window, None, budget, cancel))
        } else {
            None
        };
        let mut native = self.native.read(permit, window, budget, cancel)?;
        let rich = actionable(&native.root) > RICH && !has_blank(&native.root, area(native.root.rect));
        if native.root.states.hung || (early.is_none() && rich) {
            return Ok(native);
        }
        // A good reading is held back a little, a poor one as long as UI Automation may take.
        let found = actionable(&native.root);
        let poor = early.is_some() || found <= RICH;
        let from = early.unwrap_or_else(|| self.start(window, Some(found), budget, cancel));
        let until = budget.deadline.slice(if poor { AUTOMATION_SLICE } else { GRACE });
        match wait(&from, until, cancel)? {
            Ok(automation) => Ok(self.merge(window, native, automation)),
            Err(trouble) => {
                native.readers.push(ReaderReport { reader: Reader::Automation, elements: 0, trouble: Some(trouble) });
                Ok(native)
            }
        }
    }

    fn read_element(&self, permit: &Permit, element: &ElementIdentity, deadline: Deadline) -> PortResult<UiNode> {
        self.owner(element).read_element(permit, element, deadline)
    }

    fn text(
        &self,
        permit: &Permit,
        element: &ElementIdentity,
        from: usize,
        max_chars: usize,
        deadline: Deadline,
    ) -> PortResult<ElementText> {
        self.owner(element).text(permit, element, from, max_chars, deadline)
    }

    fn focused(&self, permit: &Permit, window: &WindowIdentity, deadline: Deadline) -> PortResult<Option<UiNode>> {
        if self.memory.of(window, Instant::now()) == Some(Worth::Helps) {
            let half = deadline.slice(deadline.remaining() / 2);
            match self.automation.focused(permit, window, half) {
                Ok(None) => {}
                answer if falls_back(&answer) => {}
                answer => return answer,
            }
        }
        self.native.focused(permit, window, deadline)
    }

    fn act(
        &self,
        permit: &Permit,
        element: &ElementIdentity,
        act: &ControlAct,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<Delivered> {
        self.owner(element).act(permit, element, act, deadline, cancel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(process: u32) -> WindowIdentity {
        WindowIdentity { handle: 1, process, process_start: 2, thread: 3, class: "C".to_owned() }
    }

    #[test]
    fn what_added_nothing_is_asked_again_and_what_helped_is_kept() {
        let (memory, start) = (Memory::default(), Instant::now());
        assert_eq!(memory.of(&window(1), start), None);
        memory.set(&window(1), Worth::of(0, 0), start);
        memory.set(&window(2), Worth::of(9, 2), start);
        assert_eq!(memory.of(&window(1), start), Some(Worth::AddsNothing));
        // What was a loading screen then may be a whole program now.
        assert_eq!(memory.of(&window(1), start + ASK_AGAIN), None);
        assert_eq!(memory.of(&window(2), start + ASK_AGAIN * 9), Some(Worth::Helps));
        memory.set(&window(1), Worth::Helps, start + ASK_AGAIN);
        assert_eq!(memory.of(&window(1), start + ASK_AGAIN * 9), Some(Worth::Helps));
    }

    #[test]
    fn kinds_that_are_remembered_have_a_cap() {
        let (memory, now) = (Memory::default(), Instant::now());
        for process in 0..=u32::try_from(MEMORY_CAP).unwrap() {
            memory.set(&window(process), Worth::Helps, now);
        }
        assert_eq!(memory.of(&window(0), now), None);
        assert_eq!(memory.of(&window(1), now), Some(Worth::Helps));
    }
}
