//! The worker processes as the server sees them: one at work, one warm spare, killed at the deadline. What is asked and
//! what an answer means is not known here.

use super::process::{self, Worker};
use super::protocol::{Ask, Reply, Request};
use portcullis_model::{Cancel, Deadline};
use portcullis_platform::{PortFault, PortResult};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Workers alive at the most: the one at work and its spare.
const WORKERS: usize = 2;
/// Kills within [`KILL_SPAN`] after which the reader rests.
const KILL_CAP: usize = 3;
/// See [`KILL_CAP`].
const KILL_SPAN: Duration = Duration::from_secs(10);
/// How long the reader rests then.
const REST: Duration = Duration::from_secs(30);
/// How often a wait looks whether its call was withdrawn.
const POLL_STEP: Duration = Duration::from_millis(10);
/// Kept back from the worker's time, so that what it gives at its end still comes in time.
const ANSWER_SPAN: Duration = Duration::from_millis(50);

#[derive(Debug, Default)]
struct State {
    /// Who is free; the last one is asked first, because it knows the elements.
    idle: Vec<Worker>,
    /// Idle, at work or starting.
    alive: usize,
    kills: VecDeque<Instant>,
    resting_until: Option<Instant>,
    /// Why no worker could be started, until one is.
    broken: Option<PortFault>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// The workers. Nothing runs before the first question.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    shared: Arc<Shared>,
    next: Arc<AtomicU64>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change under the lock is whole at once, so a poisoned lock loses nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a worker's place back.
    fn leave(&self) {
        let mut state = self.lock();
        state.alive = state.alive.saturating_sub(1);
        drop(state);
        self.changed.notify_all();
    }
}

impl Pool {
    /// Asks a worker and waits until the deadline; a worker that has not answered by then is killed.
    pub(super) fn ask(&self, window: u64, ask: Ask, deadline: Deadline, cancel: &Cancel) -> PortResult<Reply> {
        let mut worker = self.take(deadline, cancel)?;
        self.ensure_spare();
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let remaining = deadline.remaining();
        let own = remaining.saturating_sub(ANSWER_SPAN).max(remaining / 2);
        let millis = u64::try_from(own.as_millis()).unwrap_or(u64::MAX);
        if worker.send(&Request { id, window, millis, ask }).is_err() {
            self.discard(worker, true);
            return Err(PortFault::Unsupported("the UI Automation worker has ended".to_owned()));
        }
        loop {
            match worker.answers.recv_timeout(POLL_STEP.min(deadline.remaining())) {
                Ok(answer) if answer.id == id => {
                    self.give_back(worker);
                    return answer.result.map_err(PortFault::from);
                }
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    self.discard(worker, true);
                    return Err(PortFault::Unsupported("the UI Automation worker has ended".to_owned()));
                }
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(interrupted) = cancel.check() {
                        self.discard(worker, false);
                        return Err(interrupted.into());
                    }
                    if deadline.passed() {
                        self.discard(worker, true);
                        return Err(PortFault::Hung);
                    }
                }
            }
        }
    }

    fn take(&self, deadline: Deadline, cancel: &Cancel) -> PortResult<Worker> {
        let mut state = self.shared.lock();
        loop {
            if state.resting_until.is_some_and(|until| Instant::now() < until) {
                return Err(PortFault::Unsupported("UI Automation keeps hanging".to_owned()));
            }
            if let Some(worker) = state.idle.pop() {
                return Ok(worker);
            }
            if state.alive < WORKERS {
                state.alive += 1;
                drop(state);
                return match process::start() {
                    Ok(worker) => Ok(worker),
                    Err(fault) => {
                        self.shared.leave();
                        Err(fault)
                    }
                };
            }
            cancel.check()?;
            if deadline.passed() {
                return Err(PortFault::Hung);
            }
            let (next, _) = self
                .shared
                .changed
                .wait_timeout(state, POLL_STEP.min(deadline.remaining()))
                .unwrap_or_else(PoisonError::into_inner);
            state = next;
            if let Some(fault) = state.broken.take() {
                return Err(fault);
            }
        }
    }

    fn give_back(&self, worker: Worker) {
        self.shared.lock().idle.push(worker);
        self.shared.changed.notify_all();
    }

    /// Kills a worker. `counts` when it is its fault.
    fn discard(&self, worker: Worker, counts: bool) {
        drop(worker);
        if counts {
            let mut state = self.shared.lock();
            let now = Instant::now();
            state.kills.retain(|kill| now.duration_since(*kill) < KILL_SPAN);
            state.kills.push_back(now);
            if state.kills.len() > KILL_CAP {
                state.kills.clear();
                state.resting_until = Some(now + REST);
            }
        }
        self.shared.leave();
        self.ensure_spare();
    }

    /// Starts a spare in the background when there is none.
    fn ensure_spare(&self) {
        let mut state = self.shared.lock();
        let resting = state.resting_until.is_some_and(|until| Instant::now() < until);
        if resting || !state.idle.is_empty() || state.alive >= WORKERS {
            return;
        }
        state.alive += 1;
        drop(state);
        let shared = Arc::clone(&self.shared);
        let started =
            std::thread::Builder::new().name("automation-spare".to_owned()).spawn(move || match process::start() {
                Ok(worker) => {
                    shared.lock().idle.insert(0, worker);
                    shared.changed.notify_all();
                }
                Err(fault) => {
                    shared.lock().broken = Some(fault);
                    shared.leave();
                }
            });
        if started.is_err() {
            self.shared.leave();
        }
    }
}
