//! Calls that wait until something is ready that none of them may run without. Who holds them and why is the caller's.

use crate::Gate;
use portcullis_model::Cancel;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How long one look lasts; a call that is cancelled meanwhile is noticed between two.
const LOOK: Duration = Duration::from_millis(10);

/// How many hold the calls now.
#[derive(Debug, Default)]
pub(crate) struct Holds {
    count: Mutex<usize>,
    changed: Condvar,
}

impl Holds {
    /// Waits until nobody holds the calls, or this one is to end.
    pub(crate) fn wait(&self, cancel: &Cancel) {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        while *count > 0 && cancel.reason().is_none() {
            count = self.changed.wait_timeout(count, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Keeps calls waiting in their lanes; dropped, it lets them go on.
pub struct Hold(Gate);

impl std::fmt::Debug for Hold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hold")
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let holds = &self.0.0.holds;
        let mut count = holds.count.lock().unwrap_or_else(PoisonError::into_inner);
        *count = count.saturating_sub(1);
        holds.changed.notify_all();
    }
}

impl Gate {
    /// Lets calls wait before they are planned, as long as what is answered is kept. They are admitted, counted and ended as
    /// ever, and those that a server answers by itself do not wait.
    pub fn hold(&self) -> Hold {
        *self.0.holds.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Hold(self.clone())
    }
}
