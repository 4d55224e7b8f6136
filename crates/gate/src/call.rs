//! The way of one call through the door, step by step. Each step has one place here; a step that fails answers and is
//! recorded, and none is left out for any tool, transport or principal.

use crate::hold::Holds;
use crate::holders::Holders;
use crate::in_force::InForce;
use crate::lane::{Job, Lane, Refused};
use crate::redact::Redactor;
use crate::registry::{Registry, Running};
use crate::seam::{Approval, Approver, Journal, JournalEntry};
use crate::stop::{StopWatch, Stops};
use portcullis_model::{
    CallDenied, CallId, CallResult, Cancel, CancelReason, Deadline, Digest, Durability, Entry, Fault, FaultCode,
    Interrupted, Ledger, LedgerFault, Outcome, Principal, Reply, ServerStopped,
};
use portcullis_platform::Ports;
use portcullis_policy::{Ask, Decision, Denial, Grant, Meter, Permit, Rules, weight};
use portcullis_tools::{
    AnyTool, ApplyContext, Background, Catalogue, Descriptor, EndedTask, Explained, Explanation, ForeignTool,
    Lane as LaneName, PlanContext, PlannedCall, PolicyView, Progress, Readers, StepCall, StepCalls, Tables, Unwatched,
    Verdict, canonical, foreign_name, windows_mcp,
};
use serde_json::Value;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// Readers side by side.
const READ_WORKERS: usize = 4;
/// Long waits side by side.
const LONG_WORKERS: usize = 16;
/// Calls side by side that make others, and those that wait to.
const STEPS_WORKERS: usize = 8;
const STEPS_QUEUE: usize = 32;
/// Calls that wait for a reader.
const READ_QUEUE: usize = 256;
/// Calls that wait for the pointer and the keyboard.
const INPUT_QUEUE: usize = 64;
/// Long waits that wait for a worker.
const LONG_QUEUE: usize = 64;
/// How long a call may wait for its lane.
const QUEUE_WAIT: Duration = Duration::from_secs(30);
/// How often what is kept for callers is looked over, while calls come.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// What a call comes to.
pub type Answer = Result<Reply, Fault>;
/// Takes the answer, once.
pub type Responder = Box<dyn FnOnce(Answer) + Send>;

/// One call as it comes from a transport.
pub struct Call {
    /// Who calls: from authentication, never from the call itself.
    pub principal: Principal,
    /// The tool's name as given.
    pub tool: String,
    /// The arguments as given.
    pub arguments: Value,
    /// Ends the call early.
    pub cancel: Cancel,
}

/// What is known of who waits for a call.
pub struct Presence {
    /// Told how far the call is.
    pub progress: Arc<dyn Progress>,
    /// Of somebody who stays after the answer and may ask for the work later: the work may go on behind the answer, and ends with the
    /// call's `cancel`. It is dropped when the work has ended.
    pub stay: Option<Box<dyn Any + Send + Sync>>,
}

impl Default for Presence {
    /// Nobody who asks how far it is, or stays.
    fn default() -> Self {
        Self { progress: Arc::new(Unwatched), stay: None }
    }
}

/// Who makes a call, and by which name.
struct Caller {
    principal: Principal,
    called: String,
    cancel: Cancel,
    from: Presence,
}

impl Caller {
    /// The name of another system by which the tool was asked for.
    fn asked_as(&self, tool: &str) -> Option<&'static str> {
        foreign_name(&self.called).filter(|name| *name != tool)
    }
}

/// What a record says was called.
pub(crate) struct Called {
    pub(crate) tool: String,
    pub(crate) asked_as: Option<&'static str>,
    pub(crate) arguments: Digest,
}

/// What a gate is made of.
pub struct GateParts {
    /// The rules at the start.
    pub rules: Rules,
    /// Where calls are recorded.
    pub ledger: Arc<dyn Ledger>,
    /// The machine.
    pub ports: Ports,
    /// The tools.
    pub catalogue: Catalogue,
    /// Who asks the owner.
    pub approver: Arc<dyn Approver>,
    /// Who keeps what an undo needs.
    pub journal: Arc<dyn Journal>,
    /// What must not leave.
    pub redactor: Redactor,
}

struct Lanes {
    read: Lane,
    input: Lane,
    long: Lane,
    steps: Lane,
}

pub(crate) struct Inner {
    pub(crate) parts: GateParts,
    pub(crate) in_force: RwLock<Arc<InForce>>,
    meter: Mutex<Meter>,
    lanes: Lanes,
    pub(crate) registry: Arc<Registry>,
    pub(crate) holders: Holders,
    /// When what is kept for callers was last looked over.
    swept: Mutex<Instant>,
    calls: AtomicU64,
    /// The owner stopped the work.
    pub(crate) stopped: AtomicBool,
    pub(crate) stops: Stops,
    /// The server is going away.
    closing: AtomicBool,
    pub(crate) watch: Mutex<Option<StopWatch>>,
    pub(crate) holds: Holds,
}

/// The door. Clones are the same door.
#[derive(Clone)]
pub struct Gate(pub(crate) Arc<Inner>);

impl Gate {
    /// A gate of these parts. Keys and buttons that an earlier, killed server left down are released first.
    pub fn new(parts: GateParts) -> std::io::Result<Self> {
        let in_force = InForce::new(parts.rules.clone(), &parts.ports);
        if let Err(fault) = parts.ports.input.release_all() {
            tracing::warn!(%fault, "keys left down by an earlier server could not be released");
        }
        Ok(Self(Arc::new(Inner {
            parts,
            in_force: RwLock::new(Arc::new(in_force)),
            meter: Mutex::default(),
            lanes: Lanes {
                read: Lane::new("read", READ_WORKERS, READ_QUEUE),
                input: Lane::new("input", 1, INPUT_QUEUE),
                long: Lane::new("long", LONG_WORKERS, LONG_QUEUE),
                steps: Lane::new("steps", STEPS_WORKERS, STEPS_QUEUE),
            },
            registry: Registry::start()?,
            holders: Holders::default(),
            swept: Mutex::new(Instant::now()),
            calls: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
            stops: Stops::default(),
            closing: AtomicBool::new(false),
            watch: Mutex::default(),
            holds: Holds::default(),
        })))
    }

    /// The tools open to a principal, sorted by name.
    pub fn list(&self, principal: &Principal) -> Vec<&AnyTool> {
        let rules = &self.0.in_force().rules;
        let open = |tool: &&AnyTool| rules.admit(principal, tool.descriptor().row()).is_ok();
        self.0.parts.catalogue.tools().iter().filter(open).collect()
    }

    /// The name of the tool that a call would come to, whether it is open or not.
    pub fn comes_to(&self, name: &str, arguments: &Value) -> Option<&'static str> {
        let found = canonical(&self.0.parts.catalogue, name, arguments.clone());
        found.ok().map(|(tool, _)| tool.descriptor().name)
    }

    /// The tools of Windows-MCP that this build has, sorted by name.
    pub fn windows_mcp(&self) -> Vec<ForeignTool> {
        windows_mcp(&self.0.parts.catalogue)
    }

    /// Whether a tool under a foreign name can come to one that is open to a principal.
    pub fn opens(&self, principal: &Principal, foreign: &ForeignTool) -> bool {
        let rules = &self.0.in_force().rules;
        let tools = foreign.tools.iter().filter_map(|name| self.0.parts.catalogue.get(name));
        tools.into_iter().any(|tool| rules.admit(principal, tool.descriptor().row()).is_ok())
    }

    /// Every tool, open or not, sorted by name.
    pub fn tools(&self) -> impl Iterator<Item = &AnyTool> {
        self.0.parts.catalogue.tools().iter()
    }

    /// What would be said of this call by this principal, without making it.
    pub fn explain(&self, principal: &Principal, tool: &str, arguments: Value) -> Result<Explanation, Fault> {
        self.0.explain(principal, tool, arguments, &Cancel::new())
    }

    /// Takes a call as `submit` does, of somebody of whom more is known.
    pub fn submit_from(&self, call: Call, from: Presence, respond: Responder) {
        self.0.submit(self.0.next_id(), call, from, respond);
    }

    /// Takes a call; `respond` is called once, perhaps before this returns, perhaps on another thread.
    pub fn submit(&self, call: Call, respond: Responder) {
        self.submit_from(call, Presence::default(), respond);
    }

    /// Takes a call and waits for its answer: for the command line, which has nothing else to do.
    pub fn call(&self, call: Call) -> Answer {
        answered(|respond| self.submit(call, respond))
    }

    /// Forgets what is kept for who was known by a key that no longer is good: refs, ended calls, uploads under way. Files of
    /// uploads are removed, so it may take as long as a disk does. What such a caller left at work in the background ends.
    pub fn forget_ended_keys(&self, is_good: impl Fn(&Digest) -> bool) {
        self.0.registry.cancel_behind(|principal| principal.key_digest().is_some_and(|key| !is_good(&key)));
        self.0.holders.take_ended(is_good).iter().for_each(|tables| tables.close());
    }

    /// Ends the work in order: calls are cancelled, keys released, notices taken away, the chain closed. Waits at most `limit`.
    pub fn shut_down(&self, limit: Duration) {
        let inner = &self.0;
        inner.closing.store(true, Ordering::SeqCst);
        inner.registry.cancel_all(CancelReason::Shutdown);
        // The process ends after this; threads that are left could still be at work when it does.
        let lanes = [&inner.lanes.read, &inner.lanes.input, &inner.lanes.long, &inner.lanes.steps];
        lanes.iter().for_each(|lane| lane.close());
        let pause = Cancel::new();
        let deadline = Deadline::after(limit);
        let idle = || inner.registry.is_idle() && lanes.iter().all(|lane| lane.is_empty());
        while !idle() && !deadline.passed() {
            if pause.wait(Duration::from_millis(5)).is_err() {
                break;
            }
        }
        inner.registry.end();
        inner.holders.all().iter().for_each(|tables| tables.close());
        if let Some(watch) = inner.watch.lock().unwrap_or_else(PoisonError::into_inner).take() {
            watch.end();
        }
        if let Err(fault) = inner.parts.ports.input.release_all() {
            tracing::warn!(%fault, "held keys could not be released");
        }
        inner.parts.ports.notices.take_away();
        let calls = inner.calls.load(Ordering::Relaxed);
        if let Err(fault) = inner.parts.ledger.append(&Entry::ServerStopped(ServerStopped { calls }), Durability::Now) {
            tracing::error!(%fault, "the end of the server could not be recorded");
        }
    }
}

impl Inner {
    fn next_id(&self) -> CallId {
        CallId::new(self.calls.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn submit(self: &Arc<Self>, id: CallId, call: Call, from: Presence, respond: Responder) {
        let arguments = self.parts.ledger.digest(call.arguments.to_string().as_bytes());
        let Call { principal, tool, arguments: given, cancel } = call;
        let found = canonical(&self.parts.catalogue, &tool, given);
        self.submit_found(id, Caller { principal, called: tool, cancel, from }, found, arguments, respond);
    }

    /// Takes a call whose canonical form is known.
    fn submit_found(
        self: &Arc<Self>,
        id: CallId,
        caller: Caller,
        found: Result<(&AnyTool, Value), Fault>,
        arguments: Digest,
        respond: Responder,
    ) {
        // Whoever refuses, and wherever: what the tool's clients are told of it is the tool's to say.
        let descriptor = found.as_ref().ok().map(|(tool, _)| *tool.descriptor());
        let respond: Responder = match descriptor {
            Some(descriptor) => Box::new(move |answer: Answer| respond(answer.map_err(|fault| descriptor.told(fault)))),
            None => respond,
        };
        match self.admit(id, &caller, found, arguments) {
            Err(fault) => respond(Err(self.parts.redactor.fault(fault))),
            Ok((tool, values)) => self.dispatch(id, tool, (caller, values), arguments, respond),
        }
    }

    /// Why no call is taken now.
    fn shut_by(&self) -> Option<CancelReason> {
        if self.stopped.load(Ordering::SeqCst) {
            Some(CancelReason::Stop)
        } else {
            self.closing.load(Ordering::SeqCst).then_some(CancelReason::Shutdown)
        }
    }

    /// Admission of what a call stands for: the tool with its arguments, or why not.
    fn admit<'all>(
        &self,
        id: CallId,
        caller: &Caller,
        found: Result<(&'all AnyTool, Value), Fault>,
        arguments: Digest,
    ) -> Result<(&'all AnyTool, Value), Fault> {
        let row = found.as_ref().ok().map(|(tool, _)| tool.descriptor().row());
        let tool = row.map_or_else(|| self.name_for_record(&caller.called), |row| row.name.to_owned());
        let called = Called { asked_as: caller.asked_as(&tool), tool, arguments };
        let denied = |fault| Err(self.denied(id, &caller.principal, called, fault));
        if let Some(reason) = self.shut_by() {
            return denied(Fault::from(Interrupted(reason)));
        }
        let rules = &self.in_force().rules;
        if let Err(denial) = self.meter(rules, &caller.principal, row.map_or(1, weight)) {
            return denied(denial.into());
        }
        match found.map(|(tool, values)| (rules.admit(&caller.principal, tool.descriptor().row()), tool, values)) {
            Ok((Ok(()), tool, values)) => Ok((tool, values)),
            Ok((Err(denial), ..)) => denied(denial.into()),
            Err(fault) => denied(fault),
        }
    }

    /// Counts a call of this weight against what the caller may have in a minute.
    fn meter(&self, rules: &Rules, principal: &Principal, weight: u32) -> Result<(), Denial> {
        let budget = rules.budget(principal);
        let mut meter = self.meter.lock().unwrap_or_else(PoisonError::into_inner);
        meter.take(principal, &budget, weight, Instant::now())
    }

    /// Counts an answer, where answers are counted.
    fn count_answer(&self, principal: &Principal, rules: &Rules, reply: &Reply) {
        let budget = rules.budget(principal);
        if budget.bytes().is_some() {
            let mut meter = self.meter.lock().unwrap_or_else(PoisonError::into_inner);
            meter.answered(principal, &budget, reply.bytes(), Instant::now());
        }
    }

    /// Refuses to show in an action's answer what a tool shows that is shut to the caller.
    fn require_shown(&self, rules: &Rules, principal: &Principal, planned: &PlannedCall) -> Result<(), Denial> {
        let shown = planned.shows.and_then(|name| self.parts.catalogue.get(name));
        shown.map_or(Ok(()), |tool| rules.admit(principal, tool.descriptor().row()))
    }

    /// A tool's name as it may be written down, ours or one of the table of foreign ones: any other is text from outside and
    /// stands as a digest.
    fn name_for_record(&self, name: &str) -> String {
        match self.parts.catalogue.get(name).map(|tool| tool.descriptor().name).or_else(|| foreign_name(name)) {
            Some(known) => known.to_owned(),
            None => format!("unknown:{}", self.parts.ledger.digest(name.as_bytes())),
        }
    }

    /// Records a refusal; the fault to answer, which is another when the record cannot be written.
    fn denied(&self, call: CallId, principal: &Principal, called: Called, fault: Fault) -> Fault {
        let entry = CallDenied {
            call,
            principal: principal.name().to_owned(),
            tool: called.tool,
            asked_as: called.asked_as,
            arguments: called.arguments,
            code: fault.code,
            // A rule may repeat what the caller sent; only policy's own rules are written down.
            rule: matches!(fault.code, FaultCode::Denied | FaultCode::NotEnabled | FaultCode::RateLimited)
                .then(|| fault.rule.clone())
                .flatten(),
        };
        match self.parts.ledger.append(&Entry::CallDenied(entry), Durability::Soon) {
            Ok(()) => told(&self.in_force().rules, principal, fault),
            Err(error) => audit_unavailable(&error),
        }
    }

    fn lane(&self, name: LaneName) -> Option<Lane> {
        match name {
            LaneName::Inline => None,
            LaneName::Read => Some(self.lanes.read.clone()),
            LaneName::Input => Some(self.lanes.input.clone()),
            LaneName::Long => Some(self.lanes.long.clone()),
            LaneName::Steps => Some(self.lanes.steps.clone()),
        }
    }

    fn dispatch(
        self: &Arc<Self>,
        id: CallId,
        tool: &AnyTool,
        (caller, values): (Caller, Value),
        arguments: Digest,
        respond: Responder,
    ) {
        let descriptor = tool.descriptor();
        let lane = self.lane(descriptor.lane);
        let running = Arc::new(Running {
            id,
            asked_as: caller.asked_as(descriptor.name),
            principal: caller.principal,
            tool: descriptor.name,
            came: Instant::now(),
            progress: caller.from.progress,
            cancel: caller.cancel,
            lane: lane.clone(),
            started: AtomicBool::new(false),
            changing: AtomicBool::new(false),
            place: Arc::default(),
            stay: caller.from.stay,
            reserved: AtomicBool::new(false),
            behind: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
            due: Mutex::new(Instant::now() + QUEUE_WAIT),
            responder: Mutex::new(Some(respond)),
        });
        self.registry.insert(Arc::clone(&running));
        // A stop that came after the admission has not seen this call.
        if let Some(reason) = self.shut_by() {
            self.registry.cancel(&running, reason);
        }
        let inner = Arc::clone(self);
        let own = Arc::clone(&running);
        let work = move || {
            let answer = inner.run(&own, values, arguments);
            // In this order: a call is never in neither place.
            if own.lane.is_some() {
                inner.holders.of(&own.principal).remember(ended(&own, &answer));
            }
            inner.registry.remove(own.id);
            own.answer(answer);
        };
        let Some(lane) = lane else {
            work();
            return;
        };
        // By its name: several keys, clients or certificates of one name are no more callers than one.
        let caller = running.principal.shared_name();
        let job = Job { caller, run: Box::new(work), place: Arc::clone(&running.place) };
        if let Err(refused) = lane.submit(job) {
            self.registry.remove(id);
            let fault = Fault::new(
                FaultCode::Busy,
                match refused {
                    Refused::Share => "as many of your calls as this lane takes of one name are waiting",
                    Refused::Full => "as many calls as this lane takes are waiting",
                },
            )
            .remedy("wait for earlier calls to be answered, then try again");
            running.answer(Err(self.denied(id, &running.principal, running.called(arguments), fault)));
        }
    }

    /// Everything from planning to the redacted answer, on a worker's thread.
    fn run(self: &Arc<Self>, running: &Running, values: Value, arguments: Digest) -> Answer {
        let refuse = |fault: Fault| {
            let called = running.called(arguments);
            Err(self.parts.redactor.fault(self.denied(running.id, &running.principal, called, fault)))
        };
        if running.lane.is_some() {
            self.holds.wait(&running.cancel);
        }
        if let Some(reason) = running.cancel.reason() {
            return refuse(running.end_by(reason));
        }
        running.started.store(true, Ordering::SeqCst);
        let Some(tool) = self.parts.catalogue.get(running.tool) else {
            return refuse(Fault::new(FaultCode::Internal, "the tool is gone"));
        };
        self.sweep();
        let waited = running.came.elapsed();
        let descriptor = tool.descriptor();
        // Rules that were narrowed while it waited hold for it.
        let force = self.in_force();
        let tables = self.holders.of(&running.principal);
        let joined = force.joined(&self.parts.ports, &running.principal, &tables);
        let ports = joined.as_ref().unwrap_or_else(|| force.ports(&running.principal));
        self.registry.set_due(running, Instant::now() + descriptor.deadline);
        let planned = {
            let cx = PlanContext {
                principal: &running.principal,
                readers: Readers::new(ports),
                tables: &tables,
                names: &force.rules,
                targets: &force.rules,
                tools: &force.rules,
                cancel: &running.cancel,
            };
            match catch(descriptor, "plan", || tool.plan(values, &cx)) {
                Ok(planned) => planned,
                Err(fault) => return refuse(fault),
            }
        };
        if let Err(denial) = self.require_shown(&force.rules, &running.principal, &planned) {
            return refuse(denial.into());
        }
        let span = planned.deadline.unwrap_or(descriptor.deadline);
        let ask = Ask {
            call: running.id,
            principal: &running.principal,
            tool: descriptor.row(),
            asked_as: running.asked_as,
            arguments,
            effects: planned.effects.clone(),
            resources: planned.resources.clone(),
            reversibility: planned.reversibility,
        };
        let grant = match force.rules.decide(ask) {
            Decision::Allow(grant) => grant,
            Decision::Deny(denial) => return refuse(denial.into()),
            Decision::Approve(challenge) => match self.parts.approver.ask(challenge.entry(), &running.cancel) {
                Approval::Yes => challenge.approve(),
                Approval::No { reason } => {
                    return refuse(
                        Fault::new(FaultCode::ApprovalRequired, format!("the owner did not allow it: {reason}"))
                            .rule(force.rules.restrictions().approval_rule()),
                    );
                }
            },
        };
        self.registry.set_due(running, Instant::now() + span);
        let seen = (&*tables, ports, &force.rules);
        match self.apply(running, descriptor, grant, planned, (span, waited), seen) {
            // What ended behind its answer is counted when it is told.
            Ok(reply) if running.behind.load(Ordering::SeqCst) => Ok(self.parts.redactor.reply(reply)),
            Ok(reply) => {
                self.count_answer(&running.principal, &force.rules, &reply);
                Ok(self.parts.redactor.reply(reply))
            }
            Err(fault) => Err(self.parts.redactor.fault(told(&force.rules, &running.principal, fault))),
        }
    }

    fn apply(
        self: &Arc<Self>,
        running: &Running,
        descriptor: &Descriptor,
        grant: Grant,
        planned: PlannedCall,
        (span, waited): (Duration, Duration),
        (tables, ports, rules): (&Tables, &Ports, &Rules),
    ) -> Answer {
        let effects = grant.effects().to_vec();
        let permit = grant.record(Arc::clone(&self.parts.ledger)).map_err(|error| audit_unavailable(&error))?;
        let changes = effects.iter().any(|effect| effect.changes());
        if changes {
            let entry = JournalEntry {
                call: running.id,
                effects: &effects,
                resources: &planned.resources,
                reversibility: planned.reversibility,
            };
            if let Err(fault) = self.parts.journal.before(&entry) {
                return finish(permit, Err(fault));
            }
        }
        // What was decided meanwhile may no longer be wanted: no tool has to ask before its first act.
        if let Err(interrupted) = running.cancel.check() {
            return finish(permit, Err(interrupted.into()));
        }
        running.changing.store(changes, Ordering::SeqCst);
        let answer = {
            let cx = ApplyContext {
                principal: &running.principal,
                ports,
                tables,
                tasks: &*self.registry,
                policy: &**self,
                steps: &Steps { inner: self, of: running },
                progress: &*running.progress,
                background: &Behind { inner: self, of: running, rules },
                cancel: &running.cancel,
                deadline: Deadline::after(span),
                waited,
            };
            catch(descriptor, "apply", || (planned.apply)(&permit, &cx))
        };
        finish(permit, answer.map_err(|fault| running.end_of(fault)))
    }

    /// Deletes what is kept too long for callers who do not come back, now and then.
    fn sweep(&self) {
        {
            let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
            if swept.elapsed() < SWEEP_EVERY {
                return;
            }
            *swept = Instant::now();
        }
        self.holders.all().iter().for_each(|tables| tables.sweep());
    }
}

impl PolicyView for Inner {
    fn explain(
        &self,
        principal: &Principal,
        tool: &str,
        arguments: Value,
        cancel: &Cancel,
    ) -> Result<Explanation, Fault> {
        let (tool, arguments) = canonical(&self.parts.catalogue, tool, arguments)?;
        let call = self.explain_found(principal, tool, arguments.clone(), cancel);
        // Arguments that do not fit are told of with the call itself.
        let mut steps = Vec::new();
        for StepCall { tool, arguments } in tool.steps(arguments).unwrap_or_default() {
            steps.push(match self.step(&tool, arguments) {
                Ok((found, arguments)) => self.explain_found(principal, found, arguments, cancel),
                Err(fault) => Explained::of_fault(&tool, Verdict::NotPlanned, fault),
            });
            // A plan may ask the machine or the network, each step for itself.
            cancel.check()?;
        }
        Ok(Explanation { principal: principal.name().to_owned(), call, steps })
    }
}

impl Inner {
    /// The canonical form of a call that another one makes, which is never one that makes calls itself.
    fn step(&self, tool: &str, arguments: Value) -> Result<(&AnyTool, Value), Fault> {
        let found = canonical(&self.parts.catalogue, tool, arguments)?;
        if found.0.descriptor().lane == LaneName::Steps {
            return Err(Fault::new(FaultCode::BadArgument, "a step cannot have steps of its own")
                .field("tool")
                .value(tool)
                .rule("a step is one call of a tool that makes no others")
                .remedy("put its steps here"));
        }
        Ok(found)
    }

    /// The same steps as a call's up to the decision, on the same rules; the grant is dropped unrecorded, which allows
    /// nothing.
    fn explain_found(&self, principal: &Principal, tool: &AnyTool, arguments: Value, cancel: &Cancel) -> Explained {
        let descriptor = tool.descriptor();
        let name = descriptor.name;
        let force = self.in_force();
        let rules = &force.rules;
        let refused = |denial: Denial| {
            let remedy = denial.remedy.map(|remedy| rules.tell(principal, remedy));
            let denial = Denial { rule: rules.tell(principal, denial.rule), remedy, ..denial };
            Explained::of_fault(name, Verdict::Refused, denial.into())
        };
        if let Err(denial) = rules.admit(principal, descriptor.row()) {
            return refused(denial);
        }
        let tables = self.holders.of(principal);
        let joined = force.joined(&self.parts.ports, principal, &tables);
        let readers = Readers::new(joined.as_ref().unwrap_or_else(|| force.ports(principal)));
        let cx =
            PlanContext { principal, readers, tables: &tables, names: rules, targets: rules, tools: rules, cancel };
        let planned = match catch(descriptor, "plan", || tool.plan(arguments, &cx)) {
            Ok(planned) => planned,
            Err(fault) => return Explained::of_fault(name, Verdict::NotPlanned, fault),
        };
        if let Err(denial) = self.require_shown(rules, principal, &planned) {
            return refused(denial);
        }
        let ask = Ask {
            call: CallId::new(0),
            principal,
            tool: descriptor.row(),
            asked_as: None,
            arguments: Digest::of(b""),
            effects: planned.effects,
            resources: planned.resources,
            reversibility: planned.reversibility,
        };
        match rules.decide(ask) {
            Decision::Deny(denial) => refused(denial),
            Decision::Allow(grant) => {
                let rule = rules.tell(principal, grant.rule().to_owned());
                Explained::of_effects(name, Verdict::Allowed, grant.effects(), rule)
            }
            Decision::Approve(challenge) => {
                let rule = rules.tell(principal, rules.restrictions().approval_rule());
                Explained::of_effects(name, Verdict::AskOwner, &challenge.entry().effects, rule)
            }
        }
    }
}

/// Calls that another one makes: as the same caller, each through the whole door, and never one that makes calls itself.
struct Steps<'call> {
    inner: &'call Arc<Inner>,
    of: &'call Running,
}

impl StepCalls for Steps<'_> {
    fn call(&self, step: u32, tool: &str, arguments: Value) -> Answer {
        // By whatever name the door knows it.
        let digest = self.inner.parts.ledger.digest(arguments.to_string().as_bytes());
        let found = self.inner.step(tool, arguments);
        let caller = Caller {
            principal: self.of.principal.clone(),
            called: tool.to_owned(),
            cancel: self.of.cancel.child(),
            from: Presence { progress: Arc::clone(&self.of.progress), stay: None },
        };
        answered(|respond| self.inner.submit_found(self.of.id.step(step), caller, found, digest, respond))
    }
}

/// The way of a call to be answered before its work has ended.
struct Behind<'call> {
    inner: &'call Inner,
    of: &'call Running,
    rules: &'call Rules,
}

impl Background for Behind<'_> {
    fn reserve(&self) -> Result<(), Fault> {
        self.inner.registry.reserve(self.of)
    }

    fn answer(&self, reply: Reply) {
        self.inner.count_answer(&self.of.principal, self.rules, &reply);
        self.inner.registry.answer_behind(self.of, Ok(self.inner.parts.redactor.reply(reply)));
    }
}

/// What is remembered of a call that came to this.
fn ended(call: &Running, answer: &Answer) -> EndedTask {
    let result = match answer {
        Ok(reply) => reply.outcome().map_or("answered", Outcome::word).to_owned(),
        Err(fault) => fault.code.word(),
    };
    let now = Instant::now();
    let background = call.behind.load(Ordering::SeqCst);
    let kept = background.then(|| Arc::new(answer.clone()));
    EndedTask { id: call.id.to_string(), tool: call.tool, result, took: now - call.came, at: now, background, kept }
}

/// Waits for the answer to what is submitted.
fn answered(submit: impl FnOnce(Responder)) -> Answer {
    let (send, receive) = std::sync::mpsc::sync_channel(1);
    submit(Box::new(move |answer| {
        // The receiver waits below; it cannot be gone.
        let _ = send.send(answer);
    }));
    receive.recv().unwrap_or_else(|_| Err(Fault::new(FaultCode::Internal, "the call ended without an answer")))
}

/// A fault as this caller is told it.
fn told(rules: &Rules, principal: &Principal, fault: Fault) -> Fault {
    let told = |text: Option<String>| text.map(|text| rules.tell(principal, text));
    Fault { rule: told(fault.rule), remedy: told(fault.remedy), ..fault }
}

/// Records how an applied call ended.
fn finish(permit: Permit, answer: Answer) -> Answer {
    let (result, code, reply) = match &answer {
        Err(fault) => (CallResult::Failed, Some(fault.code), None),
        Ok(reply) => {
            let result = match reply.outcome() {
                None => CallResult::Answered,
                Some(Outcome::Confirmed(_)) => CallResult::Confirmed,
                Some(Outcome::Unverified { .. }) => CallResult::Unverified,
                Some(Outcome::NoEffect { .. }) => CallResult::NoEffect,
            };
            (result, None, Some(reply.digest()))
        }
    };
    match permit.finish(result, code, reply) {
        Ok(()) => answer,
        Err(error) => Err(audit_unavailable(&error).rule("the call happened, but its end could not be recorded")),
    }
}

fn audit_unavailable(error: &LedgerFault) -> Fault {
    Fault::new(FaultCode::AuditUnavailable, error.to_string())
        .rule("what cannot be recorded does not happen")
        .remedy("the owner has to make the audit folder writable and restart the server")
}

/// Runs one half of a tool; a panic in it is an answer, not an exit.
fn catch<T>(descriptor: &Descriptor, half: &str, work: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        tracing::error!(tool = descriptor.name, half, "a tool panicked");
        Err(Fault::new(FaultCode::Internal, format!("{} failed by a fault of ours", descriptor.name))
            .remedy("the server still runs; report it with the server's log"))
    })
}
