//! The sessions of one caller, and which of them is meant when none is named. Another caller's are in another table.

use crate::session::Session;
use portcullis_model::ProcessId;
use std::sync::Arc;
use std::thread;
use std::time::SystemTime;

/// Sessions of one caller at once.
pub const SESSION_CAP: usize = 16;

/// The sessions of one caller.
#[derive(Debug, Default)]
pub struct Sessions {
    all: Vec<Arc<Session>>,
    active: Option<(ProcessId, SystemTime)>,
}

impl Sessions {
    /// Takes those off the table that are over.
    fn sweep(&mut self) {
        self.all.retain(|session| session.is_alive());
        self.active = self.active.filter(|(process, _)| self.all.iter().any(|one| one.process() == *process));
    }

    /// The session with the process of this number.
    pub fn get(&mut self, number: u32) -> Option<Arc<Session>> {
        self.sweep();
        self.all.iter().find(|session| session.process().number == number).cloned()
    }

    /// The session of this number, and no later one with the same application.
    pub fn numbered(&mut self, number: u64) -> Option<Arc<Session>> {
        self.sweep();
        self.all.iter().find(|session| session.number() == number).cloned()
    }

    /// The session with this very process.
    pub fn with(&mut self, process: ProcessId) -> Option<Arc<Session>> {
        self.sweep();
        self.all.iter().find(|session| session.process() == process).cloned()
    }

    /// The session that is meant when none is named.
    pub fn active(&mut self) -> Option<(Arc<Session>, SystemTime)> {
        self.sweep();
        let (process, since) = self.active?;
        let found = self.all.iter().find(|session| session.process() == process)?;
        Some((Arc::clone(found), since))
    }

    /// Every session that goes on.
    pub fn all(&mut self) -> &[Arc<Session>] {
        self.sweep();
        &self.all
    }

    /// Whether one more may begin.
    pub fn has_room(&mut self) -> bool {
        self.sweep();
        self.all.len() < SESSION_CAP
    }

    /// Adds a session, which is meant from now on when none is named. Gives back one with the same process that it takes the place
    /// of, to be closed outside of any lock.
    pub fn insert(&mut self, session: Arc<Session>) -> Option<Arc<Session>> {
        self.sweep();
        let before = self.all.iter().position(|one| one.process() == session.process());
        let before = before.map(|at| self.all.swap_remove(at));
        self.active = Some((session.process(), SystemTime::now()));
        self.all.push(session);
        before
    }

    /// Says which session is meant from now on; false when there is none with this process.
    pub fn select(&mut self, number: u32) -> bool {
        let Some(session) = self.get(number) else { return false };
        self.active = Some((session.process(), SystemTime::now()));
        true
    }

    /// Ends all of them, side by side: each says goodbye.
    pub fn close(self) {
        thread::scope(|scope| {
            for session in &self.all {
                scope.spawn(|| session.close());
            }
        });
    }
}
