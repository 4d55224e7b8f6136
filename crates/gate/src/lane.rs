//! Lanes: bounded queues with bounded threads, shared out among the callers. A worker whose call was given up is replaced, so
//! that one hung target does not shut a lane; how many may be given up is bounded too. Who a caller is, is not decided here.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a worker without work stays.
const IDLE_LIMIT: Duration = Duration::from_secs(30);
/// Workers given up and still stuck, over which a lane takes no replacement.
const STUCK_CAP: usize = 16;

/// How much of a lane's places, of its queue and of what may be given up one caller leaves to the others, whether they are
/// there or not: a quarter. What it holds already is not taken from it, so more could not be promised to who comes next.
const LEFT_TO_OTHERS: usize = 4;

/// The most of `cap` that one caller may hold. Of one place it is the whole, which the callers then take in turns.
fn share(cap: usize) -> usize {
    (cap - cap / LEFT_TO_OTHERS).max(1).min(cap)
}

/// Whether a piece of work has its lane's place still. It is taken from it once.
#[derive(Debug, Default)]
pub(crate) struct Place(AtomicU8);

impl Place {
    /// It was given up: its worker is replaced, and counts as stuck until it comes back.
    const GIVEN_UP: u8 = 1;
    /// It went on behind its answer, and counts elsewhere.
    const LEFT: u8 = 2;

    /// Whether it had its place until now.
    fn take(&self, why: u8) -> bool {
        self.0.compare_exchange(0, why, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    fn why(&self) -> u8 {
        self.0.load(Ordering::SeqCst)
    }
}

/// One piece of work.
pub(crate) struct Job {
    /// Who asks for it.
    pub(crate) caller: Arc<str>,
    pub(crate) run: Box<dyn FnOnce() + Send>,
    /// Tells its worker whether it was replaced.
    pub(crate) place: Arc<Place>,
}

/// Why a job is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Its caller has as many waiting as one may have.
    Share,
    /// The lane has as many waiting as it takes, or no thread for them.
    Full,
}

/// What one caller has in a lane. It is forgotten when that is nothing.
#[derive(Debug, Default)]
struct Held {
    waiting: usize,
    running: usize,
    /// Given up, and still stuck.
    stuck: usize,
    /// The number of its last turn; who waited longest since then is next.
    turn: u64,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Job>,
    callers: BTreeMap<Arc<str>, Held>,
    turns: u64,
    workers: usize,
    idle: usize,
    closed: bool,
}

impl State {
    fn held(&mut self, caller: &Arc<str>) -> &mut Held {
        self.callers.entry(Arc::clone(caller)).or_default()
    }

    /// The place in the queue of the job that is next: of the caller with the fewest places, and among those of who had its
    /// turn longest ago, the oldest. None while all that wait have their share.
    fn next(&self, places: usize) -> Option<usize> {
        let held = |job: &Job| self.callers.get(&job.caller).map_or((0, 0), |held| (held.running, held.turn));
        let waiting = self.queue.iter().enumerate().map(|(at, job)| (held(job), at));
        waiting.filter(|((running, _), _)| *running < places).min().map(|(_, at)| at)
    }

    /// Takes the next job; its caller has the place from here on.
    fn take(&mut self, places: usize) -> Option<Job> {
        let job = self.queue.remove(self.next(places)?)?;
        self.turns += 1;
        let turn = self.turns;
        let held = self.held(&job.caller);
        (held.waiting, held.running, held.turn) = (held.waiting.saturating_sub(1), held.running + 1, turn);
        Some(job)
    }

    /// Changes what a caller has, and forgets who has nothing.
    fn change(&mut self, caller: &Arc<str>, change: impl FnOnce(&mut Held)) {
        let held = self.held(caller);
        change(held);
        if (held.waiting, held.running, held.stuck) == (0, 0, 0) {
            self.callers.remove(caller);
        }
    }
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

    /// Queues the job, unless its caller or all callers together have as many waiting as they may.
    pub(crate) fn submit(&self, job: Job) -> Result<(), Refused> {
        let mut state = self.0.lock();
        if state.queue.len() >= self.0.queue_cap {
            return Err(Refused::Full);
        }
        if state.callers.get(&job.caller).is_some_and(|held| held.waiting >= share(self.0.queue_cap)) {
            return Err(Refused::Share);
        }
        let spawn = state.queue.len() >= state.idle && state.workers < self.0.worker_cap;
        if spawn && self.spawn().is_ok() {
            state.workers += 1;
        } else if state.workers == 0 {
            return Err(Refused::Full);
        }
        state.held(&job.caller).waiting += 1;
        state.queue.push_back(job);
        self.0.work.notify_one();
        Ok(())
    }

    /// Gives up the worker that runs this caller's job in this place: it ends when its call does, and another takes its
    /// place.
    pub(crate) fn give_up(&self, caller: &Arc<str>, place: &Place) {
        let mut state = self.0.lock();
        let stuck = state.callers.get(caller).map_or(0, |held| held.stuck);
        let is_over = self.0.stuck.load(Ordering::Relaxed) >= STUCK_CAP || stuck >= share(STUCK_CAP);
        if is_over || !place.take(Place::GIVEN_UP) {
            return;
        }
        self.0.stuck.fetch_add(1, Ordering::Relaxed);
        state.change(caller, |held| (held.running, held.stuck) = (held.running.saturating_sub(1), held.stuck + 1));
        self.replace(&mut state);
    }

    /// Lets the worker that runs this caller's job in this place go on outside of the lane, whose place is free. How many do so
    /// is for the caller of this to cap.
    pub(crate) fn leave(&self, caller: &Arc<str>, place: &Place) {
        let mut state = self.0.lock();
        if place.take(Place::LEFT) {
            state.change(caller, |held| held.running = held.running.saturating_sub(1));
            self.replace(&mut state);
        }
    }

    /// Counts a worker as gone, and takes another when there is work.
    fn replace(&self, state: &mut State) {
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

    /// Whether no worker is left but those that have no place in it any more.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().workers == 0
    }

    fn spawn(&self) -> std::io::Result<()> {
        let shared = Arc::clone(&self.0);
        std::thread::Builder::new().name(format!("lane-{}", shared.name)).spawn(move || work(&shared)).map(drop)
    }
}

fn work(shared: &Shared) {
    let places = share(shared.worker_cap);
    loop {
        let job = {
            let mut state = shared.lock();
            state.idle += 1;
            let (mut state, _) = shared
                .work
                .wait_timeout_while(state, IDLE_LIMIT, |state| state.next(places).is_none() && !state.closed)
                .unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
            match state.take(places) {
                Some(job) => job,
                None => {
                    state.workers = state.workers.saturating_sub(1);
                    return;
                }
            }
        };
        let Job { caller, run, place } = job;
        run();
        let mut state = shared.lock();
        match place.why() {
            Place::GIVEN_UP => {
                state.change(&caller, |held| held.stuck = held.stuck.saturating_sub(1));
                shared.stuck.fetch_sub(1, Ordering::Relaxed);
                return;
            }
            Place::LEFT => return,
            _ => {}
        }
        state.change(&caller, |held| held.running = held.running.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    const PATIENCE: Duration = Duration::from_secs(20);

    struct Seen(Sender<String>, Receiver<String>);

    impl Seen {
        fn job(&self, caller: &str, name: &str, work: impl FnOnce() + Send + 'static) -> Job {
            let (told, name) = (self.0.clone(), name.to_owned());
            let run = Box::new(move || {
                // Who tests no longer listens when it has failed.
                let _ = told.send(name);
                work();
            });
            Job { caller: caller.into(), run, place: Arc::default() }
        }

        fn next(&self) -> String {
            self.1.recv_timeout(PATIENCE).unwrap()
        }
    }

    fn seen() -> Seen {
        let (send, receive) = channel();
        Seen(send, receive)
    }

    /// Work that lasts until the other end is dropped.
    fn held() -> (Sender<()>, impl FnOnce() + Send + 'static) {
        let (hold, released) = channel::<()>();
        // Its other end is dropped or it has waited long enough; nothing is ever sent.
        (hold, move || assert!(released.recv_timeout(PATIENCE).is_err()))
    }

    #[test]
    fn a_share_is_three_quarters_and_never_nothing() {
        assert_eq!([1, 2, 3, 4, 8, 16, 64, 256].map(share), [1, 2, 3, 3, 6, 12, 48, 192]);
    }

    #[test]
    fn callers_take_one_place_in_turns() {
        let (lane, seen) = (Lane::new("test", 1, 8), seen());
        let (hold, work) = held();
        lane.submit(seen.job("a", "a1", work)).unwrap();
        for (caller, name) in [("a", "a2"), ("a", "a3"), ("a", "a4"), ("b", "b1"), ("c", "c1"), ("b", "b2")] {
            lane.submit(seen.job(caller, name, || {})).unwrap();
        }
        drop(hold);
        let order: Vec<String> = (0..7).map(|_| seen.next()).collect();
        assert_eq!(order, ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]);
        lane.close();
    }

    #[test]
    fn at_its_cap_a_queue_takes_no_more_and_of_one_caller_less() {
        let (lane, seen) = (Lane::new("test", 1, 4), seen());
        let (hold, work) = held();
        lane.submit(seen.job("a", "a1", work)).unwrap();
        assert_eq!(seen.next(), "a1");
        for _ in 0..3 {
            lane.submit(seen.job("a", "a", || {})).unwrap();
        }
        assert_eq!(lane.submit(seen.job("a", "a", || {})), Err(Refused::Share));
        lane.submit(seen.job("b", "b", || {})).unwrap();
        assert_eq!(lane.submit(seen.job("c", "c", || {})), Err(Refused::Full));
        drop(hold);
        lane.close();
    }

    #[test]
    fn one_caller_gives_up_no_more_workers_than_its_share() {
        let (lane, seen) = (Lane::new("test", 64, 64), seen());
        let mut holds = Vec::new();
        let mut give_up = |caller: &str| {
            let (hold, work) = held();
            holds.push(hold);
            let job = seen.job(caller, "stuck", work);
            let place = Arc::clone(&job.place);
            lane.submit(job).unwrap();
            seen.next();
            lane.give_up(&caller.into(), &place);
            place.why() == Place::GIVEN_UP
        };
        let given_up: Vec<bool> = (0..STUCK_CAP).map(|_| give_up("a")).collect();
        assert_eq!(given_up.iter().filter(|given_up| **given_up).count(), share(STUCK_CAP));
        assert!(give_up("b"));
        drop(holds);
        lane.close();
    }

    #[test]
    fn what_leaves_its_place_frees_it_and_counts_no_more() {
        let (lane, seen) = (Lane::new("test", 1, 8), seen());
        let (hold, work) = held();
        let job = seen.job("a", "behind", work);
        let place = Arc::clone(&job.place);
        lane.submit(job).unwrap();
        assert_eq!(seen.next(), "behind");
        lane.submit(seen.job("a", "next", || {})).unwrap();
        lane.leave(&"a".into(), &place);
        assert_eq!(seen.next(), "next");
        // It has no place that could be given up.
        lane.give_up(&"a".into(), &place);
        assert_eq!((lane.0.stuck.load(Ordering::Relaxed), place.why()), (0, Place::LEFT));
        lane.close();
        let deadline = std::time::Instant::now() + PATIENCE;
        while !lane.is_empty() {
            assert!(std::time::Instant::now() < deadline);
            std::thread::yield_now();
        }
        assert!(lane.0.lock().callers.is_empty());
        drop(hold);
    }

    #[test]
    fn who_has_nothing_in_a_lane_is_forgotten() {
        let (lane, seen) = (Lane::new("test", 2, 8), seen());
        for name in ["a", "b", "c"] {
            lane.submit(seen.job(name, name, || {})).unwrap();
        }
        (0..3).for_each(|_| drop(seen.next()));
        lane.close();
        let deadline = std::time::Instant::now() + PATIENCE;
        while !lane.is_empty() {
            assert!(std::time::Instant::now() < deadline);
            std::thread::yield_now();
        }
        assert!(lane.0.lock().callers.is_empty());
    }
}
