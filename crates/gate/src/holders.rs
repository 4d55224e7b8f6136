//! Whose tables are whose: one set for each caller, by its name and by what it is known besides. What is in them is the tools';
//! who a caller is, is not decided here.

use portcullis_model::{Digest, KnownBy, Principal};
use portcullis_tools::{KeptTotal, Tables};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Callers whose tables are kept.
const HOLDER_CAP: usize = 1024;
/// Those of one name: an issuer may have any number of clients for a subject, which crowd out each other and nobody else.
const NAME_CAP: usize = 16;

/// A name, and by what it is known besides. A name alone may come to be another's.
type Holder = (Arc<str>, Option<KnownBy>);

struct Held {
    tables: Arc<Tables>,
    /// The number of the last use of any, greater when later.
    used: u64,
}

#[derive(Default)]
struct State {
    held: HashMap<Holder, Held>,
    uses: u64,
}

impl State {
    /// What the kept bytes of a name are counted with, when one of its callers has tables.
    fn total_of(&self, name: &Arc<str>) -> Option<Arc<KeptTotal>> {
        let mut own = self.held.iter().filter(|((other, _), _)| other == name);
        own.next().map(|(_, held)| held.tables.kept_total())
    }

    /// Who must go for one more of this name: who was at work longest ago, of the name when it is at its cap.
    fn surplus(&self, name: &Arc<str>) -> Option<Holder> {
        let own = || self.held.iter().filter(|((other, _), _)| other == name);
        let oldest = |all: &mut dyn Iterator<Item = (&Holder, &Held)>| {
            // Tables that a call is at work on are held by it, too.
            all.min_by_key(|(_, held)| (Arc::strong_count(&held.tables) > 1, held.used))
                .map(|(holder, _)| holder.clone())
        };
        if own().count() >= NAME_CAP {
            oldest(&mut own())
        } else if self.held.len() >= HOLDER_CAP {
            oldest(&mut self.held.iter())
        } else {
            None
        }
    }
}

/// The tables of all callers.
#[derive(Default)]
pub(crate) struct Holders {
    state: Mutex<State>,
    /// Bytes of what is kept for all callers.
    kept: Arc<KeptTotal>,
}

impl Holders {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole at every moment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tables of this caller.
    pub(crate) fn of(&self, principal: &Principal) -> Arc<Tables> {
        let holder = (principal.shared_name(), principal.proof());
        let (tables, gone) = {
            let mut state = self.lock();
            state.uses += 1;
            let used = state.uses;
            if let Some(held) = state.held.get_mut(&holder) {
                held.used = used;
                (Arc::clone(&held.tables), None)
            } else {
                let total = state.total_of(&holder.0).unwrap_or_else(|| Arc::new(KeptTotal::of_name(&self.kept)));
                let gone = state.surplus(&holder.0).and_then(|surplus| state.held.remove(&surplus));
                let tables = Arc::new(Tables::new(total));
                state.held.insert(holder, Held { tables: Arc::clone(&tables), used });
                (tables, gone)
            }
        };
        // Outside of the lock: it may take as long as a disk does.
        if let Some(gone) = gone {
            gone.tables.close();
        }
        tables
    }

    /// The tables of every caller.
    pub(crate) fn all(&self) -> Vec<Arc<Tables>> {
        self.lock().held.values().map(|held| Arc::clone(&held.tables)).collect()
    }

    /// Takes out the tables of those who were known by a key that is no longer good.
    pub(crate) fn take_ended(&self, is_good: impl Fn(&Digest) -> bool) -> Vec<Arc<Tables>> {
        let ended = |(_, known_by): &Holder| matches!(known_by, Some(KnownBy::Key(key)) if !is_good(key));
        self.lock().held.extract_if(|holder, _| ended(holder)).map(|(_, held)| held.tables).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_model::{Authenticated, Scopes};

    fn subject(name: &str, client: usize) -> Principal {
        let known_by = KnownBy::subject("https://issuer", name, Some(&client.to_string()));
        Principal::remote(Authenticated::Token, name, Scopes::default()).known_by(known_by)
    }

    #[test]
    fn what_is_kept_is_counted_by_name() {
        let holders = Holders::default();
        let [one, other, stranger] =
            [subject("me", 0), subject("me", 1), subject("you", 0)].map(|who| holders.of(&who).kept_total());
        assert!(Arc::ptr_eq(&one, &other) && !Arc::ptr_eq(&one, &stranger));
    }

    /// Whether the caller has the tables that it had.
    fn keeps(holders: &Holders, principal: &Principal, had: &Arc<Tables>) -> bool {
        Arc::ptr_eq(&holders.of(principal), had)
    }

    #[test]
    fn a_name_at_its_cap_loses_its_own_that_was_used_longest_ago() {
        let holders = Holders::default();
        let other = holders.of(&subject("other", 0));
        let first = Arc::downgrade(&holders.of(&subject("me", 0)));
        let second = holders.of(&subject("me", 1));
        (2..NAME_CAP).for_each(|client| drop(holders.of(&subject("me", client))));
        assert!(first.upgrade().is_some(), "at the cap all are there");
        drop(holders.of(&subject("me", NAME_CAP)));
        assert!(first.upgrade().is_none());
        assert!(keeps(&holders, &subject("me", 1), &second) && keeps(&holders, &subject("other", 0), &other));
        assert_eq!(holders.all().len(), NAME_CAP + 1);
    }

    #[test]
    fn at_the_cap_of_all_goes_who_was_at_work_longest_ago() {
        let holders = Holders::default();
        // A call is at work on the oldest.
        let at_work = holders.of(&subject("0", 0));
        let idle = Arc::downgrade(&holders.of(&subject("1", 0)));
        (2..HOLDER_CAP).for_each(|name| drop(holders.of(&subject(&name.to_string(), 0))));
        assert!(idle.upgrade().is_some(), "at the cap all are there");
        drop(holders.of(&subject("one more", 0)));
        assert!(idle.upgrade().is_none() && keeps(&holders, &subject("0", 0), &at_work));
        assert_eq!(holders.all().len(), HOLDER_CAP);
    }

    #[test]
    fn what_ends_with_a_key_is_that_of_keys_alone() {
        let holders = Holders::default();
        let key = |text: &[u8]| Principal::key("ci", []).known_by(KnownBy::Key(Digest::of(text)));
        let tables = [key(b"old"), key(b"new"), subject("me", 0), Principal::local()].map(|who| holders.of(&who));
        let gone = holders.take_ended(|digest| *digest == Digest::of(b"new"));
        assert!(gone.len() == 1 && Arc::ptr_eq(&gone[0], &tables[0]));
        assert_eq!(holders.all().len(), 3);
    }
}
