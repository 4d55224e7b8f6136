//! Lanes: bounded queues with bounded threads. A worker whose call was given up is replaced, so that one hung target
//! does not shut a lane; how many may be given up is bounded too.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a worker without work stays.
const IDLE_LIMIT: Duration = Duration::from_secs(30);
/// Workers given up and still stuck, over which a lane takes no replacement.
const STUCK_CAP: usize = 16;

/// One piece of work. The flag tells its worker that it was given up and replaced.
pub(crate) struct Job {
    pub(crate) run: Box<dyn FnOnce() + Send>,
    pub(crate) given_up: Arc<AtomicBool>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Job>,
    workers: usize,
    idle: usize,
    closed: bool,
}

struct Shared {
    name: &'static str,
    worker_cap: usize,
    queue_cap: usize,
    state: Mutex<State>,
    work: Condvar,
    stuck: AtomicUsize,
}

/// A lane.
#[derive(Clone)]
pub(crate) struct Lane(Arc<Shared>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Jobs run outside the lock and catch their panics; the state is whole at every moment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane {
    pub(crate) fn new(name: &'static str, worker_cap: usize, queue_cap: usize) -> Self {
        Self(Arc::new(Shared {
            name,
            worker_cap,
            queue_cap,
            state: Mutex::default(),
            work: Condvar::new(),
            stuck: AtomicUsize::new(0),
        }))
    }

    /// Queues the job, or gives it back when the lane is full.
    pub(crate) fn submit(&self, job: Job) -> Result<(), Job> {
        let mut state = self.0.lock();
        if state.queue.len() >= self.0.queue_cap {
            return Err(job);
        }
        let spawn = state.queue.len() >= state.idle && state.workers < self.0.worker_cap;
        if spawn && self.spawn().is_ok() {
            state.workers += 1;
        } else if state.workers == 0 {
            return Err(job);
        }
        state.queue.push_back(job);
        self.0.work.notify_one();
        Ok(())
    }

    /// Gives up the worker that runs the job with this flag: it ends when its call does, and another takes its place.
    pub(crate) fn give_up(&self, given_up: &AtomicBool) {
        if self.0.stuck.load(Ordering::Relaxed) >= STUCK_CAP || given_up.swap(true, Ordering::SeqCst) {
            return;
        }
        self.0.stuck.fetch_add(1, Ordering::Relaxed);
        let mut state = self.0.lock();
        state.workers = state.workers.saturating_sub(1);
        if !state.queue.is_empty() && self.spawn().is_ok() {
            state.workers += 1;
        }
    }

    /// Lets idle workers end now, and busy ones after their call.
    pub(crate) fn close(&self) {
        self.0.lock().closed = true;
        self.0.work.notify_all();
    }

    /// Whether no worker is left but those that were given up.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().workers == 0
    }

    fn spawn(&self) -> std::io::Result<()> {
        let shared = Arc::clone(&self.0);
        std::thread::Builder::new().name(format!("lane-{}", shared.name)).spawn(move || work(&shared)).map(drop)
    }
}

fn work(shared: &Shared) {
    loop {
        let job = {
            let mut state = shared.lock();
            state.idle += 1;
            let (mut state, _) = shared
                .work
                .wait_timeout_while(state, IDLE_LIMIT, |state| state.queue.is_empty() && !state.closed)
                .unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
            match state.queue.pop_front() {
                Some(job) => job,
                None => {
                    state.workers = state.workers.saturating_sub(1);
                    return;
                }
            }
        };
        let given_up = job.given_up;
        (job.run)();
        if given_up.load(Ordering::SeqCst) {
            shared.stuck.fetch_sub(1, Ordering::Relaxed);
            return;
        }
    }
}
