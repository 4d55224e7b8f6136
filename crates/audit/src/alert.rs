//! What in the record an owner should look at without reading it: denials in a row, effects of tier 3, a stop, a record
//! that cannot be written, a chain that does not verify. An alert names who and what kind; like the record it holds no
//! argument and no text of a caller.

use portcullis_model::{Digest, Durability, Entry, Ledger, LedgerFault, Tier};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Denials of one principal, with nothing granted in between, that make an alert.
pub const DENIALS_IN_A_ROW: u32 = 10;
/// How long the same alert about the same principal is only counted after it was raised.
pub const QUIET: Duration = Duration::from_secs(60);
/// Principals that are watched; above, the one that was heard of least is forgotten.
pub const WATCHED_CAP: usize = 1024;

/// Why an alert is raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertKind {
    /// One principal was refused [`DENIALS_IN_A_ROW`] times without a grant in between.
    Denials,
    /// An effect of tier 3 was granted.
    Alter,
    /// All work was stopped.
    Stopped,
    /// The record cannot be written any more, so no call is let through.
    Unrecorded,
    /// A chain, or what anchors it, does not verify.
    Broken,
}

impl AlertKind {
    /// Every kind, in the order of [`AlertCounts`].
    pub const ALL: [Self; 5] = [Self::Denials, Self::Alter, Self::Stopped, Self::Unrecorded, Self::Broken];

    /// The word in logs and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Denials => "denials",
            Self::Alter => "alter",
            Self::Stopped => "stopped",
            Self::Unrecorded => "unrecorded",
            Self::Broken => "broken",
        }
    }

    /// The number of the event in the system's event log: 1 and up, never given twice.
    pub fn event_id(self) -> u32 {
        match self {
            Self::Denials => 1,
            Self::Alter => 2,
            Self::Stopped => 3,
            Self::Unrecorded => 4,
            Self::Broken => 5,
        }
    }
}

/// One thing to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Why.
    pub kind: AlertKind,
    /// Whom it is about, when it is about a caller.
    pub principal: Option<String>,
    /// What happened, in a sentence without any text of a caller.
    pub what: String,
    /// How many like it were only counted since the last one that was raised.
    pub unraised: u64,
}

impl std::fmt::Display for Alert {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(principal) = &self.principal {
            write!(f, "{principal}: ")?;
        }
        f.write_str(&self.what)?;
        if self.unraised > 0 {
            write!(f, " (and {} more like it since the last of these)", self.unraised)?;
        }
        Ok(())
    }
}

/// Where alerts go. A sink does not block for long: it is called while a call waits for its record.
pub trait AlertSink: Send + Sync {
    /// Takes one.
    fn raise(&self, alert: &Alert);
}

/// How many alerts of each kind came up, raised or only counted.
#[derive(Debug, Default)]
pub struct AlertCounts([AtomicU64; AlertKind::ALL.len()]);

impl AlertCounts {
    fn count(&self, kind: AlertKind) {
        if let Some((_, counter)) = AlertKind::ALL.iter().zip(&self.0).find(|(known, _)| **known == kind) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Each kind with its count.
    pub fn all(&self) -> impl Iterator<Item = (AlertKind, u64)> + '_ {
        AlertKind::ALL.into_iter().zip(self.0.iter().map(|counter| counter.load(Ordering::Relaxed)))
    }
}

/// What is known of one principal, and of one kind of alert about it.
#[derive(Default)]
struct Watched {
    denials: u32,
    heard: u64,
    raised: BTreeMap<AlertKind, (Instant, u64)>,
}

#[derive(Default)]
struct Rules {
    /// By principal; what is about nobody stands under the empty name.
    watched: BTreeMap<String, Watched>,
    heard: u64,
}

impl Rules {
    fn of(&mut self, principal: &str) -> &mut Watched {
        self.heard += 1;
        if !self.watched.contains_key(principal) && self.watched.len() >= WATCHED_CAP {
            let least = self.watched.iter().min_by_key(|(_, watched)| watched.heard).map(|(name, _)| name.clone());
            least.map(|name| self.watched.remove(&name));
        }
        let heard = self.heard;
        let watched = self.watched.entry(principal.to_owned()).or_default();
        watched.heard = heard;
        watched
    }

    /// What an entry gives reason for.
    fn see(&mut self, entry: &Entry) -> Option<(AlertKind, Option<String>, String)> {
        match entry {
            Entry::CallDenied(denied) => {
                let watched = self.of(&denied.principal);
                watched.denials += 1;
                if watched.denials < DENIALS_IN_A_ROW {
                    return None;
                }
                watched.denials = 0;
                let what = format!("{DENIALS_IN_A_ROW} calls were refused in a row, the last of {}", denied.tool);
                Some((AlertKind::Denials, Some(denied.principal.clone()), what))
            }
            Entry::CallGranted(granted) => {
                self.of(&granted.principal).denials = 0;
                let alters = granted.effects.iter().any(|effect| effect.tier() == Tier::Alter);
                alters.then(|| {
                    let what = format!("{} was let through with an effect of tier 3", granted.tool);
                    (AlertKind::Alter, Some(granted.principal.clone()), what)
                })
            }
            Entry::WorkStopped(_) => Some((AlertKind::Stopped, None, "all work was stopped".to_owned())),
            _ => None,
        }
    }

    /// The alert, unless one like it was raised lately.
    fn alert(&mut self, kind: AlertKind, principal: Option<String>, what: String, now: Instant) -> Option<Alert> {
        let watched = self.of(principal.as_deref().unwrap_or_default());
        let unraised = match watched.raised.get_mut(&kind) {
            Some((at, unraised)) if now.saturating_duration_since(*at) < QUIET => {
                *unraised += 1;
                return None;
            }
            Some((_, unraised)) => *unraised,
            None => 0,
        };
        watched.raised.insert(kind, (now, 0));
        Some(Alert { kind, principal, what, unraised })
    }
}

/// A ledger that raises alerts about what is written to it.
pub struct AlertingLedger {
    ledger: Arc<dyn Ledger>,
    rules: Mutex<Rules>,
    counts: Arc<AlertCounts>,
    sinks: Vec<Box<dyn AlertSink>>,
}

impl AlertingLedger {
    /// Over another ledger.
    pub fn new(ledger: Arc<dyn Ledger>, sinks: Vec<Box<dyn AlertSink>>) -> Self {
        Self { ledger, rules: Mutex::default(), counts: Arc::default(), sinks }
    }

    /// How many alerts came up.
    pub fn counts(&self) -> Arc<AlertCounts> {
        Arc::clone(&self.counts)
    }

    /// Raises the alert that a chain does not verify; `what` says which file and why.
    pub fn broken(&self, what: String) {
        self.raise(AlertKind::Broken, None, what, Instant::now());
    }

    fn raise(&self, kind: AlertKind, principal: Option<String>, what: String, now: Instant) {
        self.counts.count(kind);
        // A panic between two of its steps leaves a count that is one off, and nothing else.
        let alert = self.rules.lock().unwrap_or_else(PoisonError::into_inner).alert(kind, principal, what, now);
        if let Some(alert) = alert {
            self.sinks.iter().for_each(|sink| sink.raise(&alert));
        }
    }
}

impl Ledger for AlertingLedger {
    fn append(&self, entry: &Entry, durability: Durability) -> Result<(), LedgerFault> {
        if let Err(fault) = self.ledger.append(entry, durability) {
            let what = "the record cannot be written; no call is let through".to_owned();
            self.raise(AlertKind::Unrecorded, None, what, Instant::now());
            return Err(fault);
        }
        let seen = self.rules.lock().unwrap_or_else(PoisonError::into_inner).see(entry);
        if let Some((kind, principal, what)) = seen {
            self.raise(kind, principal, what, Instant::now());
        }
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
        CallDenied, CallGranted, CallId, Effect, FaultCode, Resource, Reversibility, StopCause, WorkStopped,
    };

    #[derive(Default)]
    struct Takes(Mutex<bool>);

    impl Ledger for Takes {
        fn append(&self, _entry: &Entry, _durability: Durability) -> Result<(), LedgerFault> {
            if *self.0.lock().unwrap() { Err(LedgerFault("full".to_owned())) } else { Ok(()) }
        }

        fn digest(&self, bytes: &[u8]) -> Digest {
            Digest::of(bytes)
        }
    }

    #[derive(Clone, Default)]
    struct Heard(Arc<Mutex<Vec<String>>>);

    impl AlertSink for Heard {
        fn raise(&self, alert: &Alert) {
            self.0.lock().unwrap().push(format!("{} {alert}", alert.kind.word()));
        }
    }

    fn denied(principal: &str) -> Entry {
        Entry::CallDenied(CallDenied {
            call: CallId::new(1),
            principal: principal.to_owned(),
            tool: "Shell".to_owned(),
            asked_as: None,
            arguments: Digest::of(b""),
            code: FaultCode::NotEnabled,
            rule: None,
        })
    }

    fn granted(principal: &str, effect: Effect) -> Entry {
        Entry::CallGranted(CallGranted {
            call: CallId::new(1),
            principal: principal.to_owned(),
            tool: "SetClipboard".to_owned(),
            asked_as: None,
            arguments: Digest::of(b""),
            effects: vec![effect],
            resources: vec![Resource::Clipboard],
            reversibility: Reversibility::Compensable,
            rule: String::new(),
        })
    }

    fn ledger() -> (AlertingLedger, Heard, Arc<Takes>) {
        let (heard, takes) = (Heard::default(), Arc::new(Takes::default()));
        (AlertingLedger::new(takes.clone(), vec![Box::new(heard.clone())]), heard, takes)
    }

    #[test]
    fn each_kind_is_raised_once_in_its_quiet_time_and_counted_always() {
        let (ledger, heard, takes) = ledger();
        let append = |entry: &Entry| ledger.append(entry, Durability::Soon);
        for _ in 0..DENIALS_IN_A_ROW - 1 {
            append(&denied("key:a")).unwrap();
        }
        append(&denied("key:b")).unwrap();
        assert_eq!(*heard.0.lock().unwrap(), Vec::<String>::new(), "nine of one and one of another");
        append(&denied("key:a")).unwrap();
        append(&granted("local", Effect::ReadWindows)).unwrap();
        append(&granted("local", Effect::WriteClipboard)).unwrap();
        append(&granted("local", Effect::WriteClipboard)).unwrap();
        append(&Entry::WorkStopped(WorkStopped { by: StopCause::File })).unwrap();
        ledger.broken("a.jsonl, line 3: changed".to_owned());
        *takes.0.lock().unwrap() = true;
        assert!(append(&denied("key:b")).is_err());
        insta::assert_snapshot!(heard.0.lock().unwrap().join("\n"), @r"
        denials key:a: 10 calls were refused in a row, the last of Shell
        alter local: SetClipboard was let through with an effect of tier 3
        stopped all work was stopped
        broken a.jsonl, line 3: changed
        unrecorded the record cannot be written; no call is let through
        ");
        let counts: Vec<u64> = ledger.counts().all().map(|(_, count)| count).collect();
        assert_eq!(counts, [1, 2, 1, 1, 1]);
    }

    /// Who watches the system's log filters by these; a number that comes to mean another kind breaks that unseen.
    #[test]
    fn each_kind_keeps_its_number_and_word() {
        let known = [(1, "denials"), (2, "alter"), (3, "stopped"), (4, "unrecorded"), (5, "broken")];
        assert_eq!(AlertKind::ALL.map(|kind| (kind.event_id(), kind.word())), known);
    }

    #[test]
    fn a_grant_between_denials_begins_their_count_anew() {
        let (ledger, heard, _) = ledger();
        for _ in 0..3 {
            for _ in 0..DENIALS_IN_A_ROW - 1 {
                ledger.append(&denied("local"), Durability::Soon).unwrap();
            }
            ledger.append(&granted("local", Effect::ReadWindows), Durability::Soon).unwrap();
        }
        assert_eq!(heard.0.lock().unwrap().len(), 0);
    }

    #[test]
    fn what_was_only_counted_is_told_with_the_next() {
        let mut rules = Rules::default();
        let began = Instant::now();
        let mut at = |after| rules.alert(AlertKind::Alter, Some("local".to_owned()), "x".to_owned(), began + after);
        assert_eq!(at(Duration::ZERO).map(|alert| alert.unraised), Some(0));
        assert_eq!(at(Duration::from_secs(1)), None);
        assert_eq!(at(QUIET - Duration::from_nanos(1)), None);
        let next = at(QUIET).unwrap();
        assert_eq!(next.to_string(), "local: x (and 2 more like it since the last of these)");
        assert_eq!(at(QUIET * 2).map(|alert| alert.unraised), Some(0));
    }

    #[test]
    fn more_principals_than_are_watched_push_out_the_one_heard_of_least() {
        let mut rules = Rules::default();
        for number in 0..WATCHED_CAP {
            rules.see(&denied(&format!("key:{number}")));
        }
        rules.see(&denied("key:0"));
        rules.see(&denied("key:new"));
        assert_eq!(rules.watched.len(), WATCHED_CAP);
        assert!(rules.watched.contains_key("key:0") && !rules.watched.contains_key("key:1"));
    }
}
