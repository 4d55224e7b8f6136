//! The worker processes as the server sees them: one at work, one warm spare, killed at the deadline. What is asked and
//! what an answer means is not known here.

use super::process::{self, Worker};
use super::protocol::{self, Ask, Reply, Request, Target, Trouble};
use portcullis_model::{Cancel, Deadline, WindowIdentity};
use portcullis_platform::{PortFault, PortResult};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Workers alive at the most: the one at work and its spare.
const WORKERS: usize = 2;
/// Kills that one program may cause within [`KILL_SPAN`]; with one more the reader lets it rest.
const KILL_CAP: usize = 3;
/// See [`KILL_CAP`].
const KILL_SPAN: Duration = Duration::from_secs(10);
/// How long a program rests then.
const REST: Duration = Duration::from_secs(30);
/// Kills and rests that are remembered.
const BLAME_CAP: usize = 64;
/// How often a wait looks whether its call was withdrawn.
const POLL_STEP: Duration = Duration::from_millis(10);
/// Kept back from the worker's time, so that what it gives at its end still comes in time.
const ANSWER_SPAN: Duration = Duration::from_millis(50);

/// A program in one process's life, as the one to blame for a kill.
type Program = (u32, u64);

/// Which programs hang their readers. One that does is left alone for a while, and no other.
#[derive(Debug, Default)]
struct Blame {
    kills: VecDeque<(Program, Instant)>,
    resting: VecDeque<(Program, Instant)>,
}

impl Blame {
    fn kill(&mut self, program: Program, now: Instant) {
        self.kills.retain(|(_, at)| now.duration_since(*at) < KILL_SPAN);
        self.resting.retain(|(_, until)| now < *until);
        self.kills.push_front((program, now));
        if self.kills.iter().filter(|(known, _)| *known == program).count() > KILL_CAP {
            self.kills.retain(|(known, _)| *known != program);
            self.resting.push_front((program, now + REST));
        }
        self.kills.truncate(BLAME_CAP);
        self.resting.truncate(BLAME_CAP);
    }

    fn rests(&self, program: Program, now: Instant) -> bool {
        self.resting.iter().any(|(known, until)| *known == program && now < *until)
    }
}

#[derive(Debug, Default)]
struct State {
    /// Who is free; the last one is asked first, because it knows the elements.
    idle: Vec<Worker>,
    /// Idle, at work or starting.
    alive: usize,
    blame: Blame,
    /// Why the last worker could not be started, until a later one is.
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
    fn leave(&self, broken: Option<PortFault>) {
        let mut state = self.lock();
        state.alive = state.alive.saturating_sub(1);
        if broken.is_some() {
            state.broken = broken;
        }
        drop(state);
        self.changed.notify_all();
    }
}

fn ended() -> PortFault {
    PortFault::Unsupported("the UI Automation worker has ended".to_owned())
}

impl Pool {
    /// Asks a worker and waits until the deadline; a worker that has not answered by then is killed. The inner result is
    /// the worker's own.
    pub(super) fn ask(
        &self,
        window: &WindowIdentity,
        ask: Ask,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<Result<Reply, Trouble>> {
        let program = (window.process, window.process_start);
        let worker = self.take(program, matches!(ask, Ask::Act { .. }), deadline, cancel)?;
        self.ensure_spare();
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let remaining = deadline.remaining();
        let own = remaining.saturating_sub(ANSWER_SPAN).max(remaining / 2);
        let millis = u64::try_from(own.as_millis()).unwrap_or(u64::MAX);
        let Ok(frame) = protocol::frame(&Request { id, window: Target::from(window), millis, ask }) else {
            self.give_back(worker);
            return Err(PortFault::Unsupported("the question is longer than UI Automation is asked".to_owned()));
        };
        if !worker.send(frame) {
            self.discard(worker, None);
            return Err(ended());
        }
        loop {
            match worker.answers.recv_timeout(POLL_STEP.min(deadline.remaining())) {
                Ok(answer) if answer.id == id => {
                    self.give_back(worker);
                    return Ok(answer.result);
                }
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    self.discard(worker, Some(program));
                    return Err(ended());
                }
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(interrupted) = cancel.check() {
                        self.discard(worker, None);
                        return Err(interrupted.into());
                    }
                    if deadline.passed() {
                        self.discard(worker, Some(program));
                        return Err(PortFault::Hung);
                    }
                }
            }
        }
    }

    /// A worker that is free. A program that keeps hanging its readers is not read for a while; acts on it are somebody's
    /// own wish, and have their own deadline.
    fn take(&self, program: Program, for_act: bool, deadline: Deadline, cancel: &Cancel) -> PortResult<Worker> {
        let mut state = self.shared.lock();
        let mut asked = false;
        loop {
            if !for_act && state.blame.rests(program, Instant::now()) {
                return Err(PortFault::Unsupported("UI Automation keeps hanging in this program".to_owned()));
            }
            while let Some(worker) = state.idle.pop() {
                if worker.is_alive() {
                    return Ok(worker);
                }
                state.alive = state.alive.saturating_sub(1);
            }
            if asked && let Some(fault) = state.broken.take() {
                return Err(fault);
            }
            asked |= self.start_one(&mut state);
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
        }
    }

    fn give_back(&self, worker: Worker) {
        self.shared.lock().idle.push(worker);
        self.shared.changed.notify_all();
    }

    /// Kills a worker; `blame` is the program that is at fault.
    fn discard(&self, worker: Worker, blame: Option<Program>) {
        drop(worker);
        if let Some(program) = blame {
            self.shared.lock().blame.kill(program, Instant::now());
        }
        self.shared.leave(None);
        self.ensure_spare();
    }

    /// Starts a spare in the background when there is none.
    fn ensure_spare(&self) {
        let mut state = self.shared.lock();
        if state.idle.is_empty() {
            self.start_one(&mut state);
        }
    }

    /// Starts a worker in the background if there may be one more: starting a process has no deadline of its own.
    fn start_one(&self, state: &mut State) -> bool {
        if state.alive >= WORKERS {
            return false;
        }
        state.alive += 1;
        state.broken = None;
        let shared = Arc::clone(&self.shared);
        let started =
            std::thread::Builder::new().name("automation-start".to_owned()).spawn(move || match process::start() {
                Ok(worker) => {
                    let mut state = shared.lock();
                    state.idle.insert(0, worker);
                    state.broken = None;
                    drop(state);
                    shared.changed.notify_all();
                }
                Err(fault) => shared.leave(Some(fault)),
            });
        if let Err(error) = started {
            state.alive = state.alive.saturating_sub(1);
            state.broken = Some(PortFault::Unsupported(format!("no thread could be started ({})", error.kind())));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_hangs_its_readers_rests_and_no_other() {
        let (bad, good, start) = ((1, 1), (1, 2), Instant::now());
        let mut blame = Blame::default();
        for kill in 0..KILL_CAP {
            blame.kill(bad, start);
            blame.kill(good, start + KILL_SPAN * u32::try_from(kill).unwrap());
        }
        assert!(!blame.rests(bad, start));
        // The old kills of both are forgotten by now; four new ones are too many.
        let late = start + KILL_SPAN * 4;
        for _ in 0..=KILL_CAP {
            assert!(!blame.rests(bad, late));
            blame.kill(bad, late);
        }
        assert!(blame.rests(bad, late));
        assert!(!blame.rests(good, late));
        assert!(!blame.rests(bad, late + REST));
    }

    #[test]
    fn what_is_remembered_of_kills_has_a_cap() {
        let (now, mut blame) = (Instant::now(), Blame::default());
        for process in 0..500 {
            for _ in 0..=KILL_CAP {
                blame.kill((process, 0), now);
            }
        }
        blame.kill((0, 0), now);
        assert_eq!(blame.resting.len(), BLAME_CAP);
        assert!(blame.kills.len() <= BLAME_CAP);
        assert!(blame.rests((499, 0), now));
    }
}
