//! The calls under way, and the supervisor that ends those whose time is over. A call is answered once: by its worker, or
//! by the supervisor when the worker does not come back.

use crate::call::{Answer, Called, Responder};
use crate::lane::{Lane, Place};
use portcullis_model::{CallId, Cancel, CancelReason, Digest, Fault, FaultCode, Interrupted, Principal};
use portcullis_tools::{Progress, TaskInfo, TaskView};
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// What a call gets, once it is told to end, to come back by itself.
const GRACE: Duration = Duration::from_millis(200);
/// The same after a stop, so that all is answered 250 ms after the owner's word.
const STOP_GRACE: Duration = Duration::from_millis(150);
/// Works of one name that go on behind their answers.
const BEHIND_SHARE: usize = 4;
/// Those of all callers.
const BEHIND_CAP: usize = 16;
/// The longest that the supervisor sleeps.
const IDLE_WAIT: Duration = Duration::from_secs(3600);

/// One call under way.
pub(crate) struct Running {
    pub(crate) id: CallId,
    pub(crate) principal: Principal,
    pub(crate) tool: &'static str,
    /// The name of another system by which it was asked for.
    pub(crate) asked_as: Option<&'static str>,
    pub(crate) came: Instant,
    pub(crate) progress: Arc<dyn Progress>,
    pub(crate) cancel: Cancel,
    pub(crate) lane: Option<Lane>,
    pub(crate) started: AtomicBool,
    /// It holds a permit to change something.
    pub(crate) changing: AtomicBool,
    pub(crate) place: Arc<Place>,
    /// Kept until the work has ended, of a caller who stays and can ask for it later. What it is, is the transport's.
    pub(crate) stay: Option<Box<dyn Any + Send + Sync>>,
    /// It may be answered before its work has ended, and counts among those that are.
    pub(crate) reserved: AtomicBool,
    /// It was.
    pub(crate) behind: AtomicBool,
    /// Nobody waits for its work any more.
    pub(crate) abandoned: AtomicBool,
    /// When the supervisor acts next.
    pub(crate) due: Mutex<Instant>,
    pub(crate) responder: Mutex<Option<Responder>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every guarded value here is whole at every moment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Running {
    /// What a record says was called.
    pub(crate) fn called(&self, arguments: Digest) -> Called {
        Called { tool: self.tool.to_owned(), asked_as: self.asked_as, arguments }
    }

    /// Answers, unless somebody has.
    pub(crate) fn answer(&self, answer: Answer) {
        if let Some(responder) = lock(&self.responder).take() {
            responder(answer);
        }
    }

    /// What is said of an end that came from outside. Of a call whose turn never came it says nothing of a target.
    pub(crate) fn end_by(&self, reason: CancelReason) -> Fault {
        if reason == CancelReason::Deadline && !self.started.load(Ordering::SeqCst) {
            return Fault::new(FaultCode::Busy, "its turn did not come in time, and nothing was begun")
                .rule("a call waits 30 s for its lane at most, behind those that came before it")
                .remedy("wait for earlier calls to be answered, or make fewer at once, then try again");
        }
        self.end_of(Fault::from(Interrupted(reason)))
    }

    /// A fault of its work, as it is answered. One that tells of the end alone does not say how far a change had come: whoever
    /// reads it must not conclude that nothing happened.
    pub(crate) fn end_of(&self, mut fault: Fault) -> Fault {
        let ends_it = |reason| fault == Fault::from(Interrupted(reason));
        if self.changing.load(Ordering::SeqCst) && self.cancel.reason().is_some_and(ends_it) {
            fault.message.push_str("; what it had begun may have happened all the same, or happen still");
        }
        fault
    }

    fn is_answered(&self) -> bool {
        lock(&self.responder).is_none()
    }

    /// Whether somebody cares for its work still: who called, or who may ask for it later.
    fn is_awaited(&self) -> bool {
        let is_behind = self.behind.load(Ordering::SeqCst);
        if is_behind { !self.abandoned.load(Ordering::SeqCst) } else { !self.is_answered() }
    }
}

/// Ends a call; what does not come back by itself is answered in its place.
fn end_soon(call: &Running, reason: CancelReason) {
    // In this order: who sees the cancellation sees the earlier end too (`set_due`).
    let mut due = lock(&call.due);
    call.cancel.cancel(reason);
    *due = Instant::now() + if reason == CancelReason::Stop { STOP_GRACE } else { GRACE };
}

/// The calls under way.
#[derive(Default)]
pub(crate) struct Registry {
    calls: Mutex<BTreeMap<CallId, Arc<Running>>>,
    changed: Condvar,
    ended: AtomicBool,
    /// When the supervisor looks next; it is woken only for what is due before that.
    next_look: Mutex<Option<Instant>>,
}

impl Registry {
    /// A registry with its supervising thread, which ends when the registry is dropped or ended.
    pub(crate) fn start() -> std::io::Result<Arc<Self>> {
        let registry = Arc::new(Self::default());
        let watched = Arc::downgrade(&registry);
        std::thread::Builder::new().name("supervisor".to_owned()).spawn(move || supervise(&watched))?;
        Ok(registry)
    }

    pub(crate) fn insert(&self, call: Arc<Running>) {
        let due = call.lane.is_some().then(|| *lock(&call.due));
        lock(&self.calls).insert(call.id, call);
        if let Some(due) = due {
            self.look_by(due);
        }
    }

    /// Sets when a call is due.
    pub(crate) fn set_due(&self, call: &Running, due: Instant) {
        {
            let mut at = lock(&call.due);
            // Who was told to end gets no more time by coming to its next step.
            *at = if call.cancel.reason().is_some() { due.min(*at) } else { due };
        }
        if call.lane.is_some() {
            self.look_by(due);
        }
    }

    /// Wakes the supervisor unless it looks by then anyway.
    fn look_by(&self, due: Instant) {
        if lock(&self.next_look).is_none_or(|next| due < next) {
            // Taken so that a supervisor between its look and its sleep does not miss the call.
            let calls = lock(&self.calls);
            self.changed.notify_one();
            drop(calls);
        }
    }

    pub(crate) fn remove(&self, id: CallId) {
        lock(&self.calls).remove(&id);
    }

    /// Tells every call to end.
    pub(crate) fn cancel_all(&self, reason: CancelReason) {
        let calls = lock(&self.calls);
        for call in calls.values() {
            end_soon(call, reason);
        }
        self.changed.notify_one();
        drop(calls);
    }

    /// Tells one call to end.
    pub(crate) fn cancel(&self, call: &Running, reason: CancelReason) {
        end_soon(call, reason);
        let calls = lock(&self.calls);
        self.changed.notify_one();
        drop(calls);
    }

    /// Tells those to end that go on behind their answers and are of such a principal.
    pub(crate) fn cancel_behind(&self, is_meant: impl Fn(&Principal) -> bool) {
        let calls = lock(&self.calls);
        let behind = |call: &&Arc<Running>| call.behind.load(Ordering::SeqCst) && is_meant(&call.principal);
        for call in calls.values().filter(behind) {
            end_soon(call, CancelReason::Client);
        }
        self.changed.notify_one();
        drop(calls);
    }

    /// Takes one of the places for work that goes on behind its answer; it is the call's until its work has ended.
    pub(crate) fn reserve(&self, call: &Running) -> Result<(), Fault> {
        if call.stay.is_none() {
            return Err(Fault::new(FaultCode::BadArgument, "nobody could ask for this call later")
                .field("background")
                .rule("work goes on behind a call that came to a running server by itself: no step of a batch, no call of one command")
                .remedy("make the call by itself, or leave `background` out"));
        }
        let calls = lock(&self.calls);
        let held = || calls.values().filter(|other| other.reserved.load(Ordering::SeqCst));
        // As places of lanes they are counted by name, whatever else a caller is known by.
        let own = held().filter(|other| other.principal.name() == call.principal.name()).count();
        let over = if own >= BEHIND_SHARE {
            Some(format!("{BEHIND_SHARE} calls of your name go on in the background"))
        } else {
            (held().count() >= BEHIND_CAP).then(|| format!("{BEHIND_CAP} calls go on in the background"))
        };
        if let Some(message) = over {
            return Err(Fault::new(FaultCode::Busy, message)
                .field("background")
                .rule(format!("at most {BEHIND_SHARE} of one name, whatever its keys, and {BEHIND_CAP} in all"))
                .remedy("wait for one, or end it with CancelTask; GetRunningTasks names yours"));
        }
        call.reserved.store(true, Ordering::SeqCst);
        Ok(())
    }

    /// Answers a call that has such a place, and lets its work go on outside of its lane. A call that was answered in its place
    /// meanwhile stays as it is.
    pub(crate) fn answer_behind(&self, call: &Running, answer: Answer) {
        let responder = {
            let mut responder = lock(&call.responder);
            if responder.is_some() {
                call.behind.store(true, Ordering::SeqCst);
            }
            responder.take()
        };
        let Some(responder) = responder else { return };
        if let Some(lane) = &call.lane {
            lane.leave(&call.principal.shared_name(), &call.place);
        }
        responder(answer);
    }

    /// Whether nothing is under way.
    pub(crate) fn is_idle(&self) -> bool {
        !lock(&self.calls).values().any(|call| call.is_awaited())
    }

    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        let calls = lock(&self.calls);
        self.changed.notify_one();
        drop(calls);
    }

    /// Ends what is due; answers how long until the next is.
    fn tend(&self, calls: &BTreeMap<CallId, Arc<Running>>) -> Duration {
        let now = Instant::now();
        let mut next = IDLE_WAIT;
        for call in calls.values().filter(|call| call.lane.is_some() && call.is_awaited()) {
            let due = *lock(&call.due);
            if due > now {
                next = next.min(due - now);
                continue;
            }
            match call.cancel.reason() {
                None => {
                    call.cancel.cancel(CancelReason::Deadline);
                    *lock(&call.due) = now + GRACE;
                    next = next.min(GRACE);
                }
                // It has no place to give back, and its answer is gone; what it started ends with the process at the latest.
                Some(_) if call.behind.load(Ordering::SeqCst) => call.abandoned.store(true, Ordering::SeqCst),
                Some(reason) => {
                    call.answer(Err(call.end_by(reason)));
                    if let Some(lane) = &call.lane
                        && call.started.load(Ordering::SeqCst)
                    {
                        lane.give_up(&call.principal.shared_name(), &call.place);
                    }
                }
            }
        }
        next
    }
}

fn supervise(registry: &Weak<Registry>) {
    // Between two looks the registry is held; its owner ends it before dropping it.
    while let Some(registry) = registry.upgrade() {
        if registry.ended.load(Ordering::SeqCst) {
            return;
        }
        let calls = lock(&registry.calls);
        let next = registry.tend(&calls);
        *lock(&registry.next_look) = Some(Instant::now() + next);
        let _ = registry.changed.wait_timeout(calls, next);
    }
}

impl TaskView for Registry {
    fn running(&self, principal: &Principal) -> Vec<TaskInfo> {
        let state = |call: &Running| match (call.is_awaited(), call.started.load(Ordering::SeqCst)) {
            (false, _) => "given_up",
            (true, true) => "running",
            (true, false) => "queued",
        };
        lock(&self.calls)
            .values()
            .filter(|call| call.principal.is_same(principal))
            .map(|call| TaskInfo {
                id: call.id.to_string(),
                tool: call.tool.to_owned(),
                state: state(call).to_owned(),
                elapsed_ms: u64::try_from(call.came.elapsed().as_millis()).unwrap_or(u64::MAX),
                background: call.behind.load(Ordering::SeqCst),
            })
            .collect()
    }

    fn withdraw(&self, principal: &Principal, id: &str) -> bool {
        let own = |call: &&Arc<Running>| call.principal.is_same(principal) && call.id.to_string() == id;
        let found = lock(&self.calls).values().find(own).cloned();
        let Some(call) = found else { return false };
        self.cancel(&call, CancelReason::Client);
        true
    }
}
