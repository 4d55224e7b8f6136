//! How many calls were granted, refused and ended, and how: what is written to the ledger as numbers, for whoever watches a
//! server from outside. Names of tools and words of ours alone are counted by; a caller's text never becomes a label.

use portcullis_model::{Digest, Durability, Entry, Ledger, LedgerFault};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What stands for every name that is no tool's.
const UNKNOWN: &str = "unknown";

/// The numbers by now. Each stands for all calls since the server began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallCounts {
    /// By tool.
    pub granted: BTreeMap<String, u64>,
    /// By tool, or `unknown`, and code.
    pub denied: BTreeMap<(String, String), u64>,
    /// By result.
    pub finished: BTreeMap<String, u64>,
}

/// A word as records write it.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

impl CallCounts {
    fn see(&mut self, entry: &Entry) {
        match entry {
            Entry::CallGranted(granted) => add(&mut self.granted, granted.tool.as_str()),
            Entry::CallDenied(denied) => {
                // The record holds a digest of a name that is no tool's; a caller could make as many as it likes.
                let tool = if denied.tool.contains(':') { UNKNOWN } else { denied.tool.as_str() };
                *self.denied.entry((tool.to_owned(), word(&denied.code))).or_default() += 1;
            }
            Entry::CallFinished(finished) => add(&mut self.finished, word(&finished.result).as_str()),
            _ => {}
        }
    }
}

/// One more; the name is copied the first time only.
fn add(counts: &mut BTreeMap<String, u64>, name: &str) {
    match counts.get_mut(name) {
        Some(count) => *count += 1,
        None => {
            counts.insert(name.to_owned(), 1);
        }
    }
}

/// A ledger that counts what is written to it.
pub struct CountingLedger {
    ledger: Arc<dyn Ledger>,
    counts: Mutex<CallCounts>,
}

impl CountingLedger {
    /// Over another ledger.
    pub fn new(ledger: Arc<dyn Ledger>) -> Self {
        Self { ledger, counts: Mutex::default() }
    }

    /// The numbers by now.
    pub fn counts(&self) -> CallCounts {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, CallCounts> {
        // A panic between two steps leaves one number that is one off, and nothing else.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger for CountingLedger {
    fn append(&self, entry: &Entry, durability: Durability) -> Result<(), LedgerFault> {
        self.ledger.append(entry, durability)?;
        self.lock().see(entry);
        Ok(())
    }

    fn digest(&self, bytes: &[u8]) -> Digest {
        self.ledger.digest(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_model::{
        CallDenied, CallFinished, CallGranted, CallId, CallResult, Effect, FaultCode, Resource, Reversibility,
    };

    #[test]
    fn calls_are_counted_by_words_of_ours_alone() {
        let mut counts = CallCounts::default();
        let denied = |tool: &str, code| {
            Entry::CallDenied(CallDenied {
                call: CallId::new(1),
                principal: "local".to_owned(),
                tool: tool.to_owned(),
                asked_as: None,
                arguments: Digest::of(b""),
                code,
                rule: None,
            })
        };
        for number in 0..1_000 {
            counts.see(&denied(&format!("unknown:{number}"), FaultCode::UnknownTool));
        }
        counts.see(&denied("Click", FaultCode::NotEnabled));
        for result in [CallResult::NoEffect, CallResult::Confirmed, CallResult::Confirmed] {
            let finished = CallFinished { call: CallId::new(1), result, code: None, reply: None, micros: 1 };
            counts.see(&Entry::CallFinished(finished));
        }
        let pair = |tool: &str, code: &str| (tool.to_owned(), code.to_owned());
        let expected = [(pair("Click", "not_enabled"), 1), (pair("unknown", "unknown_tool"), 1_000)];
        assert_eq!(counts.denied, BTreeMap::from(expected));
        let expected = [("confirmed".to_owned(), 2), ("no_effect".to_owned(), 1)];
        assert_eq!(counts.finished, BTreeMap::from(expected));
    }

    /// Takes what it is given until it is full.
    struct Takes(u32, Mutex<u32>);

    impl Ledger for Takes {
        fn append(&self, _entry: &Entry, _durability: Durability) -> Result<(), LedgerFault> {
            let mut taken = self.1.lock().unwrap();
            if *taken >= self.0 {
                return Err(LedgerFault("full".to_owned()));
            }
            *taken += 1;
            Ok(())
        }

        fn digest(&self, bytes: &[u8]) -> Digest {
            Digest::of(bytes)
        }
    }

    #[test]
    fn what_is_written_is_counted_and_what_cannot_be_written_is_not() {
        let ledger = CountingLedger::new(Arc::new(Takes(3, Mutex::default())));
        let granted = |tool: &str| {
            Entry::CallGranted(CallGranted {
                call: CallId::new(1),
                principal: "local".to_owned(),
                tool: tool.to_owned(),
                asked_as: None,
                arguments: Digest::of(b""),
                effects: vec![Effect::SendInput],
                resources: vec![Resource::Clipboard],
                reversibility: Reversibility::Irreversible,
                rule: String::new(),
            })
        };
        for tool in ["Click", "Type", "Click"] {
            ledger.append(&granted(tool), Durability::Soon).unwrap();
        }
        assert!(ledger.append(&granted("Click"), Durability::Soon).is_err());
        assert_eq!(ledger.counts().granted, BTreeMap::from([("Click".to_owned(), 2), ("Type".to_owned(), 1)]));
        assert_eq!(ledger.digest(b"x"), Digest::of(b"x"), "digests are those of the ledger below");
    }
}
