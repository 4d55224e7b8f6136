//! The way of one call through the door, step by step. Each step has one place here; a step that fails answers and is
//! recorded, and none is left out for any tool, transport or principal.

use crate::lane::{Job, Lane};
use crate::redact::Redactor;
use crate::registry::{Registry, Running};
use crate::seam::{Approval, Approver, Journal, JournalEntry};
use portcullis_model::{
    CallDenied, CallId, CallResult, Cancel, CancelReason, Deadline, Digest, Durability, Entry, Fault, FaultCode,
    Ledger, LedgerFault, Outcome, Principal, Reply, ServerStopped,
};
use portcullis_platform::Ports;
use portcullis_policy::{Ask, Decision, Grant, Permit, Rules};
use portcullis_tools::{
    AnyTool, ApplyContext, Catalogue, Descriptor, Lane as LaneName, PlanContext, PlannedCall, Readers, Tables,
    canonical,
};
use serde_json::Value;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Readers side by side.
const READ_WORKERS: usize = 4;
/// Long waits side by side.
const LONG_WORKERS: usize = 16;
/// Calls that wait for a reader.
const READ_QUEUE: usize = 256;
/// Calls that wait for the pointer and the keyboard.
const INPUT_QUEUE: usize = 64;
/// Long waits that wait for a worker.
const LONG_QUEUE: usize = 64;
/// How long a call may wait for its lane.
const QUEUE_WAIT: Duration = Duration::from_secs(30);
/// Principals whose tables are kept.
const PRINCIPAL_CAP: usize = 1024;

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

/// What a gate is made of.
pub struct GateParts {
    /// The rules in force.
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
}

struct Inner {
    parts: GateParts,
    lanes: Lanes,
    registry: Arc<Registry>,
    tables: Mutex<HashMap<String, Arc<Tables>>>,
    calls: AtomicU64,
    stopped: AtomicBool,
}

/// The door. Clones are the same door.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

impl Gate {
    /// A gate of these parts. Keys and buttons that an earlier, killed server left down are released first.
    pub fn new(parts: GateParts) -> std::io::Result<Self> {
        if let Err(fault) = parts.ports.input.release_all() {
            tracing::warn!(%fault, "keys left down by an earlier server could not be released");
        }
        Ok(Self(Arc::new(Inner {
            parts,
            lanes: Lanes {
                read: Lane::new("read", READ_WORKERS, READ_QUEUE),
                input: Lane::new("input", 1, INPUT_QUEUE),
                long: Lane::new("long", LONG_WORKERS, LONG_QUEUE),
            },
            registry: Registry::start()?,
            tables: Mutex::default(),
            calls: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        })))
    }

    /// The tools open to a principal, sorted by name.
    pub fn list(&self, principal: &Principal) -> Vec<&AnyTool> {
        let open = |tool: &&AnyTool| self.0.parts.rules.admit(principal, tool.descriptor().row()).is_ok();
        self.0.parts.catalogue.tools().iter().filter(open).collect()
    }

    /// The tool of this name, open or not.
    pub fn tool(&self, name: &str) -> Option<&AnyTool> {
        self.0.parts.catalogue.get(name)
    }

    /// Takes a call; `respond` is called once, perhaps before this returns, perhaps on another thread.
    pub fn submit(&self, call: Call, respond: Responder) {
        let inner = &self.0;
        let id = CallId::new(inner.calls.fetch_add(1, Ordering::Relaxed) + 1);
        let arguments = inner.parts.ledger.digest(call.arguments.to_string().as_bytes());
        match inner.admit(id, &call, arguments) {
            Err(fault) => respond(Err(inner.parts.redactor.fault(fault))),
            Ok(at) => inner.dispatch(id, at, call, arguments, respond),
        }
    }

    /// Takes a call and waits for its answer: for the command line, which has nothing else to do.
    pub fn call(&self, call: Call) -> Answer {
        let (send, receive) = std::sync::mpsc::sync_channel(1);
        self.submit(
            call,
            Box::new(move |answer| {
                // The receiver waits below; it cannot be gone.
                let _ = send.send(answer);
            }),
        );
        receive.recv().unwrap_or_else(|_| Err(Fault::new(FaultCode::Internal, "the call ended without an answer")))
    }

    /// Stops all work: every call answers `stopped`, held keys are released, new calls are refused.
    pub fn stop(&self) {
        self.0.stopped.store(true, Ordering::SeqCst);
        self.0.registry.cancel_all(CancelReason::Stop);
        if let Err(fault) = self.0.parts.ports.input.release_all() {
            tracing::warn!(%fault, "held keys could not be released");
        }
    }

    /// Takes calls again. Only the owner's side calls this; no tool can.
    pub fn resume(&self) {
        self.0.stopped.store(false, Ordering::SeqCst);
    }

    /// Ends the work in order: calls are cancelled, keys released, the chain closed. Waits at most `limit`.
    pub fn shut_down(&self, limit: Duration) {
        let inner = &self.0;
        inner.stopped.store(true, Ordering::SeqCst);
        inner.registry.cancel_all(CancelReason::Shutdown);
        // The process ends after this; threads that are left could still be at work when it does.
        let lanes = [&inner.lanes.read, &inner.lanes.input, &inner.lanes.long];
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
        if let Err(fault) = inner.parts.ports.input.release_all() {
            tracing::warn!(%fault, "held keys could not be released");
        }
        let calls = inner.calls.load(Ordering::Relaxed);
        if let Err(fault) = inner.parts.ledger.append(&Entry::ServerStopped(ServerStopped { calls }), Durability::Now) {
            tracing::error!(%fault, "the end of the server could not be recorded");
        }
    }
}

impl Inner {
    /// Canonical form and admission. The position of the tool in the catalogue, or why not.
    fn admit(&self, id: CallId, call: &Call, arguments: Digest) -> Result<&AnyTool, Fault> {
        if self.stopped.load(Ordering::SeqCst) {
            let fault = Fault::from(portcullis_model::Interrupted(CancelReason::Stop));
            return Err(self.denied(id, &call.principal, self.name_for_record(&call.tool), arguments, fault));
        }
        let tool = match canonical(&self.parts.catalogue, &call.tool, Value::Null) {
            Ok((tool, _)) => tool,
            Err(fault) => {
                return Err(self.denied(id, &call.principal, self.name_for_record(&call.tool), arguments, fault));
            }
        };
        match self.parts.rules.admit(&call.principal, tool.descriptor().row()) {
            Ok(()) => Ok(tool),
            Err(denial) => {
                let name = tool.descriptor().name.to_owned();
                Err(self.denied(id, &call.principal, name, arguments, denial.into()))
            }
        }
    }

    /// A tool's name as it may be written down: a name that is no tool's is text from outside and stands as a digest.
    fn name_for_record(&self, name: &str) -> String {
        match self.parts.catalogue.get(name) {
            Some(tool) => tool.descriptor().name.to_owned(),
            None => format!("unknown:{}", self.parts.ledger.digest(name.as_bytes())),
        }
    }

    /// Records a refusal; the fault to answer, which is another when the record cannot be written.
    fn denied(&self, call: CallId, principal: &Principal, tool: String, arguments: Digest, fault: Fault) -> Fault {
        let entry = CallDenied {
            call,
            principal: principal.name().to_owned(),
            tool,
            arguments,
            code: fault.code,
            // A rule may repeat what the caller sent; only policy's own rules are written down.
            rule: matches!(fault.code, FaultCode::Denied | FaultCode::NotEnabled).then(|| fault.rule.clone()).flatten(),
        };
        match self.parts.ledger.append(&Entry::CallDenied(entry), Durability::Soon) {
            Ok(()) => fault,
            Err(error) => audit_unavailable(&error),
        }
    }

    fn lane(&self, name: LaneName) -> Option<Lane> {
        match name {
            LaneName::Inline => None,
            LaneName::Read => Some(self.lanes.read.clone()),
            LaneName::Input => Some(self.lanes.input.clone()),
            LaneName::Long => Some(self.lanes.long.clone()),
        }
    }

    fn dispatch(self: &Arc<Self>, id: CallId, tool: &AnyTool, call: Call, arguments: Digest, respond: Responder) {
        let descriptor = tool.descriptor();
        let lane = self.lane(descriptor.lane);
        let running = Arc::new(Running {
            id,
            principal: call.principal,
            tool: descriptor.name,
            came: Instant::now(),
            cancel: call.cancel,
            lane: lane.clone(),
            started: AtomicBool::new(false),
            given_up: Arc::default(),
            due: Mutex::new(Instant::now() + QUEUE_WAIT),
            responder: Mutex::new(Some(respond)),
        });
        self.registry.insert(Arc::clone(&running));
        let inner = Arc::clone(self);
        let own = Arc::clone(&running);
        let values = call.arguments;
        let work = move || {
            let answer = inner.run(&own, values, arguments);
            inner.registry.remove(own.id);
            own.answer(answer);
        };
        let Some(lane) = lane else {
            work();
            return;
        };
        let job = Job { run: Box::new(work), given_up: Arc::clone(&running.given_up) };
        if lane.submit(job).is_err() {
            self.registry.remove(id);
            let fault = Fault::new(FaultCode::Busy, "as many calls as this lane takes are waiting")
                .remedy("wait for earlier calls to be answered, then try again");
            let name = descriptor.name.to_owned();
            running.answer(Err(self.denied(id, &running.principal, name, arguments, fault)));
        }
    }

    /// Everything from planning to the redacted answer, on a worker's thread.
    fn run(&self, running: &Running, values: Value, arguments: Digest) -> Answer {
        let refuse = |fault: Fault| {
            let name = running.tool.to_owned();
            Err(self.parts.redactor.fault(self.denied(running.id, &running.principal, name, arguments, fault)))
        };
        if let Err(interrupted) = running.cancel.check() {
            return refuse(interrupted.into());
        }
        running.started.store(true, Ordering::SeqCst);
        let Some(tool) = self.parts.catalogue.get(running.tool) else {
            return refuse(Fault::new(FaultCode::Internal, "the tool is gone"));
        };
        let descriptor = tool.descriptor();
        let tables = self.tables(&running.principal);
        self.registry.set_due(running, Instant::now() + descriptor.deadline);
        let planned = {
            let cx = PlanContext {
                principal: &running.principal,
                readers: Readers::new(&self.parts.ports),
                tables: &tables,
            };
            match catch(descriptor, "plan", || tool.plan(values, &cx)) {
                Ok(planned) => planned,
                Err(fault) => return refuse(fault),
            }
        };
        let span = planned.deadline.unwrap_or(descriptor.deadline);
        let ask = Ask {
            call: running.id,
            principal: &running.principal,
            tool: descriptor.row(),
            arguments,
            effects: planned.effects.clone(),
            resources: planned.resources.clone(),
            reversibility: planned.reversibility,
        };
        let grant = match self.parts.rules.decide(ask) {
            Decision::Allow(grant) => grant,
            Decision::Deny(denial) => return refuse(denial.into()),
            Decision::Approve(challenge) => match self.parts.approver.ask(challenge.entry(), &running.cancel) {
                Approval::Yes => challenge.approve(),
                Approval::No { reason } => {
                    return refuse(
                        Fault::new(FaultCode::ApprovalRequired, format!("the owner did not allow it: {reason}"))
                            .rule("effects of tier 3 are put to the owner"),
                    );
                }
            },
        };
        self.registry.set_due(running, Instant::now() + span);
        let answer = self.apply(running, descriptor, grant, planned, span, &tables);
        match answer {
            Ok(reply) => Ok(self.parts.redactor.reply(reply)),
            Err(fault) => Err(self.parts.redactor.fault(fault)),
        }
    }

    fn apply(
        &self,
        running: &Running,
        descriptor: &Descriptor,
        grant: Grant,
        planned: PlannedCall,
        span: Duration,
        tables: &Tables,
    ) -> Answer {
        let effects = grant.effects().to_vec();
        let permit = grant.record(Arc::clone(&self.parts.ledger)).map_err(|error| audit_unavailable(&error))?;
        if effects.iter().any(|effect| effect.changes()) {
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
        let answer = {
            let cx = ApplyContext {
                principal: &running.principal,
                ports: &self.parts.ports,
                tables,
                tasks: &*self.registry,
                cancel: &running.cancel,
                deadline: Deadline::after(span),
            };
            catch(descriptor, "apply", || (planned.apply)(&permit, &cx))
        };
        finish(permit, answer)
    }

    fn tables(&self, principal: &Principal) -> Arc<Tables> {
        let mut all = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.contains_key(principal.name()) && all.len() >= PRINCIPAL_CAP {
            // Principals come from the configuration, so this is never reached by calls alone; refs start anew if it is.
            all.clear();
        }
        Arc::clone(all.entry(principal.name().to_owned()).or_default())
    }
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
