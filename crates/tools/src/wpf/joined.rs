//! The inspector as one more reader of windows: what a desktop tool reads or does in a window of a connected application goes
//! through it, where the target's rule and the gates let it, and by the other readers where not. What is hidden from the caller is
//! kept back around this, and nothing is decided here that a permit does not name.

use super::target;
use crate::context::{PlanContext, Tables, TargetRules};
use portcullis_model::{
    Cancel, Deadline, Effect, ElementIdentity, ElementPath, Fault, FaultCode, Point, Principal, ProcessId, Reader,
    ReaderReport, Rect, Resource, TreeReading, UiNode, WindowIdentity, WpfGate, visible,
};
use portcullis_platform::{
    ControlAct, Delivered, ElementText, Permit, PortFault, PortResult, Ports, ReadBudget, TreePort, WindowPort,
};
use portcullis_wpf as wpf;
use portcullis_wpf::{Asker, Handle, Session, capabilities};
use std::sync::Arc;
use std::time::Duration;

/// The inspector's slice of the time for a window, in tenths: of a look's half second 350 ms, of a search's one and a half a
/// second.
const SLICE_TENTHS: u32 = 7;
/// The inspector's slice of the time for one element.
const ELEMENT_SLICE: Duration = Duration::from_secs(1);
/// What the other readers have in any case, where the inspector took its slice and told nothing.
const OTHERS: Duration = Duration::from_millis(350);
/// Characters that are said of why it told nothing.
const TROUBLE_CAP: usize = 160;

/// What is read of windows goes through this gate.
const READS: &[WpfGate] = &[WpfGate::SensitiveReads];
/// What is done to controls goes through this one.
const ACTS: &[WpfGate] = &[WpfGate::Destructive];

fn process_of(window: &WindowIdentity) -> ProcessId {
    ProcessId { number: window.process, started: window.process_start }
}

/// Fails, in policy's own words, unless this caller may go into the session's application through `gates`.
fn goes_through(
    session: &Session,
    gates: &[WpfGate],
    principal: &Principal,
    rules: &dyn TargetRules,
) -> Result<(), Fault> {
    rules.check_application(principal, session.program(), gates)?;
    match gates.iter().find(|gate| !session.capabilities().holds(capabilities(&[**gate]))) {
        None => Ok(()),
        Some(gate) => {
            let name = gate.name();
            Err(Fault::new(FaultCode::NotEnabled, format!("the session began while the gate `{name}` was shut"))
                .rule("a session holds the gates that were open when it began")
                .remedy("end the application or the server, and connect again"))
        }
    }
}

/// The session that an element of a connected application belongs to; none for another kind of element. Fails when the session is
/// over, or its application may not be gone into any more.
pub(crate) fn session_of_element(
    element: &ElementIdentity,
    cx: &PlanContext<'_>,
) -> Result<Option<Arc<Session>>, Fault> {
    let ElementPath::Wpf { session, .. } = element.path else { return Ok(None) };
    let found = cx.tables.wpf().numbered(session).filter(|found| found.process() == process_of(&element.window));
    let ended = || {
        Fault::new(FaultCode::StaleRef, "the session with the application has ended")
            .rule("a ref of an element of WPF is good for the session in which it was told, and never means another element")
            .remedy("look again with Snapshot; connect goes into the application anew")
    };
    let session = found.ok_or_else(ended)?;
    if !cx.readers.is_alive(&element.window) {
        return Err(PortFault::Gone.into());
    }
    goes_through(&session, READS, cx.principal, cx.targets)?;
    Ok(Some(session))
}

/// Whether what a call touches may be a window of this process.
fn touches(resource: &Resource, process: ProcessId) -> bool {
    match resource {
        Resource::Desktop => true,
        Resource::Window { window, .. } | Resource::InputTarget { window, .. } => process_of(window) == process,
        Resource::ProgramWindows { process: number, process_start, .. } => {
            *number == process.number && *process_start == process.started
        }
        _ => false,
    }
}

/// Names the applications through whose inspector a call that reads windows may read them, so that policy decides on each. One
/// that may not be gone into is not named: its windows are read by the other readers.
pub(crate) fn name_readers(effects: &[Effect], resources: &mut Vec<Resource>, cx: &PlanContext<'_>) {
    let of_applications = |effect: &Effect| {
        matches!(effect, Effect::ConnectApplications | Effect::ReadApplications | Effect::WriteApplications)
    };
    if !effects.contains(&Effect::ReadWindows) || effects.iter().any(of_applications) {
        return;
    }
    let sessions = cx.tables.wpf().all().to_vec();
    for session in sessions {
        let touched = resources.iter().any(|resource| touches(resource, session.process()));
        if touched && goes_through(&session, READS, cx.principal, cx.targets).is_ok() {
            resources.push(target(&session, READS.to_vec()));
        }
    }
}

/// Names the application of which a call operates an element from inside. `must` is a call that has no other way: it is
/// refused where the gate is shut, while one with another way goes that one.
pub(crate) fn name_operated(
    (element, window): (Option<&ElementIdentity>, Option<&WindowIdentity>),
    must: bool,
    (resources, effects): (&mut Vec<Resource>, &mut Vec<Effect>),
    cx: &PlanContext<'_>,
) -> Result<(), Fault> {
    let is_inside = match element {
        Some(element) => matches!(element.path, ElementPath::Wpf { .. }),
        // Which element a description fits is known when the window is read.
        None => true,
    };
    let Some(session) = window.filter(|_| is_inside).and_then(|window| cx.tables.wpf().with(process_of(window))) else {
        return Ok(());
    };
    let allowed = goes_through(&session, READS, cx.principal, cx.targets)
        .and_then(|()| goes_through(&session, ACTS, cx.principal, cx.targets));
    match allowed {
        Ok(()) => {
            resources.push(target(&session, ACTS.to_vec()));
            effects.push(Effect::OperateApplications);
            Ok(())
        }
        Err(fault) if must && element.is_some() => Err(fault),
        Err(_) => Ok(()),
    }
}

/// These ports, with the inspectors of the caller's sessions among the readers of windows.
pub fn join(
    ports: Ports,
    tables: Arc<Tables>,
    principal: Principal,
    rules: Arc<dyn TargetRules + Send + Sync>,
) -> Ports {
    let joined =
        Joined { inner: Arc::clone(&ports.tree), windows: Arc::clone(&ports.windows), tables, principal, rules };
    Ports { tree: Arc::new(joined), ..ports }
}

struct Joined {
    inner: Arc<dyn TreePort>,
    windows: Arc<dyn WindowPort>,
    tables: Arc<Tables>,
    principal: Principal,
    rules: Arc<dyn TargetRules + Send + Sync>,
}

impl Joined {
    fn session_with(&self, window: &WindowIdentity) -> Option<Arc<Session>> {
        self.tables.wpf().with(process_of(window))
    }

    /// The session of an element of WPF with the inspector's handle; none for an element of another reader.
    fn meant(&self, element: &ElementIdentity) -> PortResult<Option<(Arc<Session>, Handle)>> {
        let ElementPath::Wpf { session, handle } = element.path else { return Ok(None) };
        let found = self.tables.wpf().numbered(session);
        let found = found.filter(|found| found.process() == process_of(&element.window));
        Ok(Some((found.ok_or(PortFault::Gone)?, Handle(handle))))
    }

    /// Fails unless the permit covers reading this window, and through the inspector.
    fn require_read(&self, permit: &Permit, session: &Session, window: &WindowIdentity) -> PortResult<()> {
        let program = self.windows.program(window)?;
        permit.require(Effect::ReadWindows, &Resource::Window { window: window.clone(), program })?;
        Ok(permit.require(Effect::ReadWindows, &target(session, READS.to_vec()))?)
    }

    /// What the inspector tells of a window; none when the window shows nothing of WPF. Otherwise why it tells nothing.
    fn inside(
        &self,
        permit: &Permit,
        window: &WindowIdentity,
        budget: ReadBudget,
        cancel: &Cancel,
    ) -> Result<Option<TreeReading>, String> {
        let Some(session) = self.session_with(window) else { return Ok(None) };
        goes_through(&session, READS, &self.principal, self.rules.as_ref()).map_err(|fault| fault.message)?;
        self.require_read(permit, &session, window).map_err(|_| "the call does not go through it".to_owned())?;
        let slice = budget.deadline.slice(budget.deadline.remaining() * SLICE_TENTHS / 10);
        let asker = Asker::new(&session, READS, slice, cancel);
        wpf::read_window(&asker, window, budget.elements, budget.rows).map_err(|fault| fault.to_string())
    }
}

impl TreePort for Joined {
    fn locate(&self, element: &ElementIdentity) -> PortResult<Rect> {
        match self.meant(element)? {
            None => self.inner.locate(element),
            // Where it is, only the application knows, which is asked under a permit alone.
            Some(_) => {
                Err(PortFault::Unsupported("the place of an element of WPF is told with the element".to_owned()))
            }
        }
    }

    fn element_at(
        &self,
        permit: &Permit,
        window: &WindowIdentity,
        point: Point,
        deadline: Deadline,
    ) -> PortResult<UiNode> {
        self.inner.element_at(permit, window, point, deadline)
    }

    fn read(
        &self,
        permit: &Permit,
        window: &WindowIdentity,
        budget: ReadBudget,
        cancel: &Cancel,
    ) -> PortResult<TreeReading> {
        let trouble = match self.inside(permit, window, budget, cancel) {
            Ok(Some(reading)) => return Ok(reading),
            Ok(None) => None,
            Err(why) => Some(why),
        };
        let mut budget = budget;
        if trouble.is_some() && budget.deadline.remaining() < OTHERS {
            budget.deadline = Deadline::after(OTHERS);
        }
        let mut reading = self.inner.read(permit, window, budget, cancel)?;
        let trouble = trouble.map(|why| visible(&why, TROUBLE_CAP));
        let report = trouble.map(|why| ReaderReport { reader: Reader::Wpf, elements: 0, trouble: Some(why) });
        reading.readers.extend(report);
        Ok(reading)
    }

    fn read_element(&self, permit: &Permit, element: &ElementIdentity, deadline: Deadline) -> PortResult<UiNode> {
        let Some((session, handle)) = self.meant(element)? else {
            return self.inner.read_element(permit, element, deadline);
        };
        self.require_read(permit, &session, &element.window)?;
        let cancel = Cancel::new();
        let asker = Asker::new(&session, READS, deadline.slice(ELEMENT_SLICE), &cancel);
        Ok(wpf::read_element(&asker, element, handle)?)
    }

    fn text(
        &self,
        permit: &Permit,
        element: &ElementIdentity,
        from: usize,
        max_chars: usize,
        deadline: Deadline,
    ) -> PortResult<ElementText> {
        let Some((session, handle)) = self.meant(element)? else {
            return self.inner.text(permit, element, from, max_chars, deadline);
        };
        self.require_read(permit, &session, &element.window)?;
        let cancel = Cancel::new();
        let asker = Asker::new(&session, READS, deadline.slice(ELEMENT_SLICE), &cancel);
        Ok(wpf::element_text(&asker, element, handle, from, max_chars)?)
    }

    fn focused(&self, permit: &Permit, window: &WindowIdentity, deadline: Deadline) -> PortResult<Option<UiNode>> {
        let budget = ReadBudget { elements: usize::MAX, rows: usize::MAX, deadline };
        match self.inside(permit, window, budget, &Cancel::new()) {
            Ok(Some(reading)) => Ok(first_focused(reading.root)),
            Ok(None) | Err(_) => self.inner.focused(permit, window, deadline),
        }
    }

    fn act(
        &self,
        permit: &Permit,
        element: &ElementIdentity,
        act: &ControlAct,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<Delivered> {
        let Some((session, handle)) = self.meant(element)? else {
            return self.inner.act(permit, element, act, deadline, cancel);
        };
        let program = self.windows.program(&element.window)?;
        permit.require(Effect::OperateControl, &Resource::InputTarget { window: element.window.clone(), program })?;
        self.require_read(permit, &session, &element.window)?;
        if permit.require(Effect::OperateApplications, &target(&session, ACTS.to_vec())).is_err() {
            // The pointer may still reach it, where the tool has that way.
            let shut = "be operated from inside its application: the gate `destructive` is shut";
            return Err(PortFault::NotOperable(shut.to_owned()));
        }
        let gates = [READS, ACTS].concat();
        let asker = Asker::new(&session, &gates, deadline, cancel);
        Ok(wpf::operate(&asker, element, handle, act)?)
    }
}

/// The element that has the keyboard: the innermost that says so.
fn first_focused(root: UiNode) -> Option<UiNode> {
    let mut open = vec![root];
    let mut found = None;
    while let Some(mut next) = open.pop() {
        open.append(&mut next.children);
        if next.states.focused {
            found = Some(next);
        }
    }
    found
}
