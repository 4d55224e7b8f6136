//! Pointer and keyboard through `SendInput`. Here is the order of an act: the session's input lock, what a killed server
//! left held, the session's state, who would receive the input, their rights; then the act. The parts are beside it.

mod drain;
mod events;
mod held;
mod keyboard;
mod keys;
mod lock;
mod pointer;
mod reserved;
mod target;

use crate::system::own_folder;
use held::HeldInputs;
pub(crate) use lock::InputLock;
use portcullis_model::{Cancel, Deadline, Point, Resource};
use portcullis_platform::{InputPort, InputTurn, Permit, PointerAct, PortFault, PortResult, SessionState, Step};
pub(crate) use reserved::chord_codes;
use std::path::PathBuf;

/// Pointer and keyboard of the session.
pub(crate) struct Win32Input {
    held: HeldInputs,
}

impl Win32Input {
    /// Notes of what is held down are kept in `state_folder`, which is made for this user alone when it is not there.
    /// Without a folder nothing can be held down.
    pub(crate) fn new(state_folder: Option<PathBuf>) -> Self {
        Self { held: HeldInputs::new(state_folder) }
    }

    /// What comes before every act, in this order: cheap questions under the lock, so that nothing changes hands between
    /// the question and the act.
    fn begin(&self, deadline: Deadline, cancel: &Cancel) -> PortResult<InputLock> {
        cancel.check()?;
        let lock = InputLock::acquire(deadline, cancel)?;
        match crate::session::state() {
            SessionState::Active => {}
            other => return Err(PortFault::Session(other)),
        }
        self.held.release_abandoned(&lock)?;
        Ok(lock)
    }
}

impl Default for Win32Input {
    /// Keeps its notes in the user's local application data.
    fn default() -> Self {
        Self::new(own_folder())
    }
}

impl InputPort for Win32Input {
    fn pointer(&self) -> Option<Point> {
        pointer::position()
    }

    fn turn(&self, deadline: Deadline, cancel: &Cancel) -> PortResult<Box<dyn InputTurn>> {
        Ok(Box::new(InputLock::acquire(deadline, cancel)?))
    }

    fn point(
        &self,
        permit: &Permit,
        target: &Resource,
        act: &PointerAct,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<()> {
        let _lock = self.begin(deadline, cancel)?;
        pointer::perform(&self.held, permit, target, act, deadline, cancel)
    }

    fn press(
        &self,
        permit: &Permit,
        target: &Resource,
        steps: &[Step],
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<usize> {
        let _lock = self.begin(deadline, cancel)?;
        keyboard::perform(&self.held, permit, target, steps, deadline, cancel)
    }

    fn release_all(&self) -> PortResult<usize> {
        self.held.release_all()
    }
}
