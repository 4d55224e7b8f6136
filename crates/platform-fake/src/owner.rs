//! The owner of the fake desktop, as a test plays them: the stop signal, the stop key and the log of events. Clones share
//! them. What a stop does to calls is the gate's.

use portcullis_model::StopCause;
use portcullis_platform::{
    Chord, EventGravity, EventLogPort, OwnerPorts, PortFault, PortResult, StopChord, StopKeyPort, StopKeyState,
    StopKeyWatch, StopPort,
};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

#[derive(Default)]
struct Signal {
    stopped: bool,
    broken: bool,
}

struct Listener {
    key: StopChord,
    pressed: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct Shared {
    signal: Mutex<Signal>,
    changed: Condvar,
    taken: Mutex<bool>,
    /// Servers that listen, first come first.
    listeners: Mutex<Vec<Arc<Listener>>>,
    events: Mutex<Vec<(u32, EventGravity, String)>>,
    looks: AtomicU64,
}

/// The owner at the fake desktop.
#[derive(Clone, Default)]
pub struct FakeOwner(Arc<Shared>);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each value is whole at every moment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FakeOwner {
    /// What a server is given of it.
    pub fn ports(&self) -> OwnerPorts {
        OwnerPorts { stop: Arc::new(self.clone()), key: Arc::new(self.clone()), events: Arc::new(self.clone()) }
    }

    /// How often a server has looked at the signal and found out what it says.
    pub fn looks(&self) -> u64 {
        self.0.looks.load(Ordering::SeqCst)
    }

    /// What was written to the log of events, oldest first.
    pub fn events(&self) -> Vec<(u32, EventGravity, String)> {
        lock(&self.0.events).clone()
    }

    /// Lets the signal become unreadable, or readable again.
    pub fn set_broken(&self, broken: bool) {
        lock(&self.0.signal).broken = broken;
        self.0.changed.notify_all();
    }

    /// Lets a program that is no server of ours have the stop key.
    pub fn set_taken(&self, taken: bool) {
        *lock(&self.0.taken) = taken;
    }

    /// Presses a chord at the keyboard; whether a server heard it.
    pub fn press(&self, chord: &Chord) -> bool {
        let first = lock(&self.0.listeners).first().cloned();
        let heard = first.filter(|listener| !*lock(&self.0.taken) && self.would_press(&listener.key, chord));
        heard.inspect(|listener| (listener.pressed)()).is_some()
    }
}

impl StopPort for FakeOwner {
    fn look(&self, limit: Duration) -> PortResult<Option<StopCause>> {
        let (signal, _) = self
            .0
            .changed
            .wait_timeout_while(lock(&self.0.signal), limit, |signal| !signal.stopped && !signal.broken)
            .unwrap_or_else(PoisonError::into_inner);
        self.0.looks.fetch_add(1, Ordering::SeqCst);
        if signal.broken {
            return Err(PortFault::Unsupported("read the signal".to_owned()));
        }
        Ok(signal.stopped.then_some(StopCause::Signal))
    }

    fn set(&self) -> PortResult<()> {
        lock(&self.0.signal).stopped = true;
        self.0.changed.notify_all();
        Ok(())
    }

    fn clear(&self) -> PortResult<()> {
        lock(&self.0.signal).stopped = false;
        Ok(())
    }
}

struct Watch {
    owner: FakeOwner,
    own: Weak<Listener>,
}

impl Watch {
    fn position(&self) -> Option<usize> {
        lock(&self.owner.0.listeners).iter().position(|listener| Weak::ptr_eq(&Arc::downgrade(listener), &self.own))
    }
}

impl StopKeyWatch for Watch {
    fn state(&self) -> StopKeyState {
        match self.position() {
            _ if *lock(&self.owner.0.taken) => StopKeyState::Taken,
            Some(0) => StopKeyState::Ours,
            _ => StopKeyState::AnotherServer,
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(position) = self.position() {
            lock(&self.owner.0.listeners).remove(position);
        }
    }
}

impl StopKeyPort for FakeOwner {
    fn listen(&self, key: &StopChord, pressed: Box<dyn Fn() + Send + Sync>) -> PortResult<Box<dyn StopKeyWatch>> {
        let listener = Arc::new(Listener { key: key.clone(), pressed });
        let own = Arc::downgrade(&listener);
        lock(&self.0.listeners).push(listener);
        Ok(Box::new(Watch { owner: self.clone(), own }))
    }

    fn would_press(&self, key: &StopChord, chord: &Chord) -> bool {
        key.is_within(chord)
    }
}

impl EventLogPort for FakeOwner {
    fn write(&self, number: u32, gravity: EventGravity, text: &str) -> PortResult<()> {
        lock(&self.0.events).push((number, gravity, text.to_owned()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stop_key_goes_from_server_to_server() {
        let owner = FakeOwner::default();
        let chord = Chord::parse("ctrl+alt+shift+q").unwrap();
        let key = StopChord::parse("ctrl+alt+shift+q").unwrap();
        assert!(!owner.press(&chord));
        let stops = owner.clone();
        let first = owner.listen(&key, Box::new(move || stops.set().unwrap())).unwrap();
        let second = owner.listen(&key, Box::new(|| {})).unwrap();
        assert_eq!((first.state(), second.state()), (StopKeyState::Ours, StopKeyState::AnotherServer));
        assert!(owner.press(&chord) && !owner.press(&Chord::parse("ctrl+q").unwrap()));
        assert_eq!(owner.look(Duration::ZERO), Ok(Some(StopCause::Signal)));
        drop(first);
        assert_eq!(second.state(), StopKeyState::Ours);
        owner.set_taken(true);
        assert_eq!(second.state(), StopKeyState::Taken);
        assert!(!owner.press(&chord));
    }
}
