//! What the tools of one session remember from one call to the next: snapshots, traces, and how far events were read. Each
//! list has a cap. Nothing here asks the inspector.

use crate::events::Trace;
use crate::state::Snapshot;
use std::collections::VecDeque;

/// Snapshots of a session; of more the oldest go.
const SNAPSHOT_CAP: usize = 20;
/// Traces of a session; of more the oldest go.
pub(crate) const TRACE_CAP: usize = 16;
/// Bindings that are kept to be brought back; of more the oldest are forgotten.
const REPLACED_CAP: usize = 200;

/// What is remembered.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    snapshots: VecDeque<Snapshot>,
    /// Bindings that set_dp_value took the place of: element, property, token.
    replaced: VecDeque<(u64, String, u64)>,
    pub(crate) traces: VecDeque<Trace>,
    /// The number of the last event that was read by drain_events.
    pub(crate) drained: u64,
    /// The subscription to failures of bindings.
    pub(crate) failures: Option<u64>,
    /// Subscriptions of watch_dp_changes: element, property and number.
    pub(crate) watched: Vec<(u64, String, u64)>,
    numbered: u64,
}

impl Memory {
    /// A number that none of this session had before.
    pub(crate) fn number(&mut self) -> u64 {
        self.numbered = self.numbered.saturating_add(1);
        self.numbered
    }

    /// Keeps a snapshot. Gives the one that it takes the place of, whose tokens can go.
    pub(crate) fn keep(&mut self, snapshot: Snapshot) -> Option<Snapshot> {
        let oldest = if self.snapshots.len() >= SNAPSHOT_CAP { self.snapshots.pop_front() } else { None };
        self.snapshots.push_back(snapshot);
        oldest
    }

    /// The snapshot of this id.
    pub(crate) fn snapshot(&self, id: &str) -> Option<Snapshot> {
        self.snapshots.iter().find(|one| one.id == id).cloned()
    }

    /// Takes a snapshot off the list.
    pub(crate) fn forget(&mut self, id: &str) {
        self.snapshots.retain(|one| one.id != id);
    }

    /// The ids of all snapshots.
    pub(crate) fn snapshot_ids(&self) -> Vec<String> {
        self.snapshots.iter().map(|one| one.id.clone()).collect()
    }

    /// Keeps a trace. Gives the one that it takes the place of, which is to be ended.
    pub(crate) fn keep_trace(&mut self, trace: Trace) -> Option<Trace> {
        let oldest = if self.traces.len() >= TRACE_CAP { self.traces.pop_front() } else { None };
        self.traces.push_back(trace);
        oldest
    }

    /// Remembers what a write took the place of. The first that is kept for a property stays.
    pub(crate) fn replaced(&mut self, element: u64, property: &str, token: u64) {
        let is_it = |(of, name, _): &(u64, String, u64)| *of == element && name == property;
        if self.replaced.iter().any(is_it) {
            return;
        }
        if self.replaced.len() >= REPLACED_CAP {
            self.replaced.pop_front();
        }
        self.replaced.push_back((element, property.to_owned(), token));
    }

    /// Takes out what is remembered of a property.
    pub(crate) fn take_replaced(&mut self, element: u64, property: &str) -> Option<u64> {
        let at = self.replaced.iter().position(|(of, name, _)| *of == element && name == property)?;
        self.replaced.remove(at).map(|(.., token)| token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_was_replaced_comes_back_and_the_list_has_a_cap() {
        let mut memory = Memory::default();
        memory.replaced(1, "Text", 10);
        memory.replaced(1, "Text", 11);
        assert_eq!(memory.take_replaced(1, "Text"), Some(10), "a later value was kept in place of the binding");
        assert_eq!(memory.take_replaced(1, "Text"), None);
        for at in 0..=u64::try_from(REPLACED_CAP).unwrap() {
            memory.replaced(at, "Text", at);
        }
        assert_eq!(memory.replaced.len(), REPLACED_CAP);
        assert_eq!(memory.take_replaced(0, "Text"), None);
    }
}
