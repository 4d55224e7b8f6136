//! The calls under way, each by the credential that it came with, so that it ends when that does. What a call may do is the
//! gate's business.

use crate::auth::Credential;
use portcullis_model::{Cancel, CancelReason};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// As many as there are requests under way, which connections and lanes cap.
#[derive(Debug, Default)]
pub(crate) struct Calls(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    last: u64,
    held: HashMap<u64, (Credential, Cancel)>,
}

/// A call that is under way; dropped, it no longer is.
pub(crate) struct UnderWay {
    calls: Arc<Calls>,
    number: u64,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.calls.lock().held.remove(&self.number);
    }
}

impl Calls {
    fn lock(&self) -> MutexGuard<'_, Table> {
        // Each change is one step, so a poisoned table is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call as under way until the answer is dropped.
    pub(crate) fn hold(self: &Arc<Self>, credential: Credential, cancel: Cancel) -> UnderWay {
        let mut table = self.lock();
        table.last = table.last.wrapping_add(1);
        let number = table.last;
        table.held.insert(number, (credential, cancel));
        drop(table);
        UnderWay { calls: Arc::clone(self), number }
    }

    /// Withdraws the calls whose credential has ended.
    pub(crate) fn end_where(&self, is_bad: impl Fn(&Credential) -> bool) {
        let ended: Vec<Cancel> = {
            let table = self.lock();
            table.held.values().filter(|(credential, _)| is_bad(credential)).map(|(_, cancel)| cancel.clone()).collect()
        };
        ended.iter().for_each(|cancel| cancel.cancel(CancelReason::Client));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_model::Digest;

    #[test]
    fn a_call_ends_with_its_credential_and_with_no_other() {
        let calls = Arc::<Calls>::default();
        let key = |name: &str| Credential::Key(Digest::of(name.as_bytes()));
        let [first, second, done] = [(); 3].map(|()| Cancel::new());
        let _first = calls.hold(key("a"), first.clone());
        let _second = calls.hold(key("b"), second.clone());
        drop(calls.hold(key("a"), done.clone()));
        calls.end_where(|credential| *credential == key("a"));
        assert_eq!([first.reason(), second.reason(), done.reason()], [Some(CancelReason::Client), None, None]);
        assert_eq!(calls.lock().held.len(), 2);
    }
}
