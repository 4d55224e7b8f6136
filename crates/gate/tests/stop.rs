//! The owner's stop, from outside, on the fake desktop: whatever is under way ends and says so, nothing begins, and only
//! the owner's signal lets it go on.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

use portcullis_gate::{
    Answer, Call, Catalogue, DeniesApproval, Gate, GateParts, Journal, JournalEntry, KeepsNothing, Redactor,
};
use portcullis_model::{
    Cancel, Digest, Durability, Entry, Fault, FaultCode, Ledger, LedgerFault, Principal, StopCause,
};
use portcullis_platform::{InputWithoutStopKey, StopChord, StopPort};
use portcullis_platform_fake::{Call as PortCall, FakeDesktop, FakeOwner, Trouble};
use portcullis_policy::{Approval, FilterSpec, Rules, ToolFilter};
use serde_json::{Value, json};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// From the owner's word to the last answer.
const STOP_BAR: Duration = Duration::from_millis(250);
/// What a busy test machine may add to it.
const SLACK: Duration = Duration::from_millis(250);
/// For what must come at all.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Default)]
struct Lines(Mutex<Vec<Value>>);

impl Ledger for Lines {
    fn append(&self, entry: &Entry, _durability: Durability) -> Result<(), LedgerFault> {
        self.0.lock().unwrap().push(serde_json::to_value(entry).unwrap());
        Ok(())
    }

    fn digest(&self, bytes: &[u8]) -> Digest {
        Digest::of(bytes)
    }
}

impl Lines {
    /// What stopped the work and what let it go on, in order.
    fn stops(&self) -> Vec<String> {
        let entries = self.0.lock().unwrap();
        let stops = entries.iter().filter_map(|entry| match entry["event"].as_str()? {
            "work_stopped" => Some(format!("stopped by {}", entry["by"].as_str()?)),
            "work_resumed" => Some("resumed".to_owned()),
            _ => None,
        });
        stops.collect()
    }
}

struct Server {
    gate: Gate,
    desktop: FakeDesktop,
    ledger: Arc<Lines>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.desktop.unblock();
        self.gate.shut_down(Duration::from_secs(1));
    }
}

fn server_with(owner: &FakeOwner, journal: Arc<dyn Journal>, spec: &FilterSpec) -> Server {
    let desktop = FakeDesktop::demo();
    let mut ports = desktop.ports();
    let key = StopChord::parse("ctrl+alt+shift+q").unwrap();
    ports.input = Arc::new(InputWithoutStopKey::new(ports.input, owner.ports().key, key));
    let catalogue = Catalogue::new();
    let filter = ToolFilter::resolve(spec, &catalogue.names()).unwrap();
    let ledger = Arc::<Lines>::default();
    let gate = Gate::new(GateParts {
        rules: Rules::new(filter, Approval::Never, 1),
        ledger: ledger.clone(),
        ports,
        catalogue,
        approver: Arc::new(DeniesApproval),
        journal,
        redactor: Redactor::default(),
    })
    .unwrap();
    gate.watch_stop(owner.ports().stop).unwrap();
    Server { gate, desktop, ledger }
}

fn server(owner: &FakeOwner) -> Server {
    server_with(owner, Arc::new(KeepsNothing), &FilterSpec::default())
}

impl Server {
    fn start(&self, tool: &str, arguments: Value) -> Receiver<(Answer, Instant)> {
        let (send, receive) = channel();
        let call = Call { principal: Principal::local(), tool: tool.to_owned(), arguments, cancel: Cancel::new() };
        self.gate.submit(call, Box::new(move |answer| send.send((answer, Instant::now())).unwrap()));
        receive
    }

    fn call(&self, tool: &str, arguments: Value) -> Answer {
        self.start(tool, arguments).recv_timeout(PATIENCE).unwrap().0
    }

    fn code(&self) -> Option<FaultCode> {
        self.call("GetRunningTasks", json!({})).err().map(|fault| fault.code)
    }

    /// Waits until the record tells just these stops and resumptions. A stop is in force before it is recorded, so that the
    /// record of it keeps nobody waiting.
    fn await_stops(&self, expected: &[&str]) {
        let deadline = Instant::now() + PATIENCE;
        while self.ledger.stops() != expected {
            assert!(Instant::now() < deadline, "the record tells {:?}, not {expected:?}", self.ledger.stops());
            std::thread::yield_now();
        }
    }

    /// Waits until a call is answered so.
    fn await_code(&self, code: Option<FaultCode>) {
        let deadline = Instant::now() + PATIENCE;
        while self.code() != code {
            assert!(Instant::now() < deadline, "the server is not {code:?}");
            std::thread::yield_now();
        }
    }
}

#[test]
fn all_that_is_under_way_answers_stopped_in_time() {
    let owner = FakeOwner::default();
    let (first, second) = (server(&owner), server(&owner));
    for desktop in [&first.desktop, &second.desktop] {
        desktop.trouble(PortCall::Read, Trouble::Block);
        desktop.trouble(PortCall::Press, Trouble::Block);
    }
    let rows = [
        ("Wait", json!({"seconds": 60})),
        ("WaitFor", json!({"condition": "text_exists", "text": "never", "timeout": 60})),
        ("Snapshot", json!({})),
        ("Shortcut", json!({"keys": "ctrl+a"})),
        // Waits for its turn behind the one before it.
        ("Shortcut", json!({"keys": "ctrl+c"})),
    ];
    let under_way: Vec<_> = [&first, &second]
        .into_iter()
        .flat_map(|server| rows.iter().map(|(tool, arguments)| (*tool, server.start(tool, arguments.clone()))))
        .collect();
    let said = Instant::now();
    owner.set().unwrap();
    for (tool, answer) in under_way {
        let (answer, at) = answer.recv_timeout(PATIENCE).unwrap();
        let fault = answer.unwrap_err();
        assert_eq!(fault.code, FaultCode::Stopped, "{tool}: {fault}");
        assert!(fault.remedy.unwrap().contains("portcullis resume"), "{tool}");
        assert!(at - said <= STOP_BAR + SLACK, "{tool}: {:?}", at - said);
    }
    for server in [&first, &second] {
        assert_eq!(server.code(), Some(FaultCode::Stopped));
        server.await_stops(&["stopped by signal"]);
    }
}

/// Of what only looks there is nothing to say, and of a change that had not begun neither.
#[test]
fn a_change_that_is_cut_off_says_that_it_may_have_happened() {
    for (tool, arguments, port, may) in
        [("Shortcut", json!({"keys": "ctrl+a"}), PortCall::Press, true), ("Snapshot", json!({}), PortCall::Read, false)]
    {
        let owner = FakeOwner::default();
        let server = server(&owner);
        server.desktop.trouble(port, Trouble::Block);
        server.desktop.before_next(port, move |_| owner.set().unwrap());
        let fault = server.call(tool, arguments).unwrap_err();
        assert_eq!(fault.code, FaultCode::Stopped, "{tool}: {fault}");
        assert_eq!(fault.message.contains("may have happened all the same"), may, "{tool}: {fault}");
    }
}

#[test]
fn only_the_owner_lets_it_go_on() {
    let owner = FakeOwner::default();
    let server = server(&owner);
    owner.set().unwrap();
    server.await_code(Some(FaultCode::Stopped));
    for tool in server.gate.tools().map(|tool| tool.descriptor().name).collect::<Vec<_>>() {
        assert_eq!(server.call(tool, json!({})).unwrap_err().code, FaultCode::Stopped, "{tool}");
    }
    server.await_stops(&["stopped by signal"]);
    owner.clear().unwrap();
    server.await_code(None);
    server.await_stops(&["stopped by signal", "resumed"]);
}

#[test]
fn a_server_that_starts_while_stopped_is_stopped() {
    let owner = FakeOwner::default();
    owner.set().unwrap();
    let server = server(&owner);
    assert_eq!(server.code(), Some(FaultCode::Stopped));
    owner.clear().unwrap();
    server.await_code(None);
}

#[test]
fn a_signal_that_cannot_be_read_stops() {
    let owner = FakeOwner::default();
    let server = server(&owner);
    assert_eq!(server.code(), None);
    owner.set_broken(true);
    server.await_code(Some(FaultCode::Stopped));
    server.await_stops(&["stopped by unreadable"]);
    owner.set_broken(false);
    server.await_code(None);
}

#[test]
fn the_stop_key_is_the_owners_to_press() {
    let owner = FakeOwner::default();
    let server = server(&owner);
    for keys in ["ctrl+alt+shift+q", "shift+ctrl+alt+Q", "ctrl+alt+shift+q+a"] {
        let fault = server.call("Shortcut", json!({ "keys": keys })).unwrap_err();
        assert_eq!(fault.code, FaultCode::Denied, "{keys}: {fault}");
        assert!(fault.rule.is_some() && fault.remedy.is_some(), "{fault}");
    }
    assert!(!server.desktop.journal().iter().any(|line| line.contains("shift")), "{:?}", server.desktop.journal());
    assert!(server.call("Shortcut", json!({ "keys": "ctrl+a" })).is_ok());
    let gate = server.gate.clone();
    let key = StopChord::parse("ctrl+alt+shift+q").unwrap();
    let signal = owner.clone();
    let pressed = move || {
        gate.stop(StopCause::Key, || {
            signal.set().unwrap();
            true
        });
    };
    let _watch = owner.ports().key.listen(&key, Box::new(pressed)).unwrap();
    assert!(owner.press(key.chord()));
    assert_eq!(server.code(), Some(FaultCode::Stopped));
    assert_eq!(server.ledger.stops(), ["stopped by key"]);
}

/// Waits until a look that began after this was called has been heeded: the third that ends does not begin before.
fn await_looks(owner: &FakeOwner) {
    let (looks, deadline) = (owner.looks(), Instant::now() + PATIENCE);
    while owner.looks() < looks + 3 {
        assert!(Instant::now() < deadline, "nobody looks at the signal");
        std::thread::yield_now();
    }
}

/// The watch looks every few milliseconds and finds no signal: neither a look that was under way nor a later one may take
/// the press for over.
#[test]
fn a_stop_whose_signal_could_not_be_given_stands() {
    let owner = FakeOwner::default();
    let server = server(&owner);
    server.gate.stop(StopCause::Key, || {
        await_looks(&owner);
        false
    });
    await_looks(&owner);
    assert_eq!(server.code(), Some(FaultCode::Stopped));
    owner.set().unwrap();
    owner.clear().unwrap();
    await_looks(&owner);
    assert_eq!((server.code(), server.ledger.stops()), (Some(FaultCode::Stopped), vec!["stopped by key".to_owned()]));
}

#[test]
fn a_look_that_began_before_the_press_does_not_end_the_stop() {
    let owner = FakeOwner::default();
    let server = server(&owner);
    let signal = owner.clone();
    server.gate.stop(StopCause::Key, || {
        // The watch looks again before the signal is there.
        await_looks(&signal);
        signal.set().unwrap();
        true
    });
    await_looks(&owner);
    assert_eq!((server.code(), server.ledger.stops()), (Some(FaultCode::Stopped), vec!["stopped by key".to_owned()]));
    owner.clear().unwrap();
    server.await_code(None);
}

/// A journal at which the owner stops: after the decision, before the effect.
struct StopsThere(FakeOwner, Mutex<Option<Gate>>);

impl Journal for StopsThere {
    fn before(&self, _entry: &JournalEntry<'_>) -> Result<(), Fault> {
        self.0.set().unwrap();
        self.1.lock().unwrap().as_ref().unwrap().stop(StopCause::Key, || true);
        Ok(())
    }
}

#[test]
fn what_was_allowed_and_has_not_begun_does_not_begin() {
    let owner = FakeOwner::default();
    let journal = Arc::new(StopsThere(owner.clone(), Mutex::default()));
    let all = FilterSpec { enable_all: true, ..FilterSpec::default() };
    let server = server_with(&owner, journal.clone(), &all);
    *journal.1.lock().unwrap() = Some(server.gate.clone());
    // Its port is told of no stop, so that nothing but the gate keeps it back.
    let before = server.desktop.journal();
    let fault = server.call("SetClipboard", json!({"text": "after"})).unwrap_err();
    assert_eq!(fault.code, FaultCode::Stopped);
    assert!(!fault.message.contains("may have happened"), "{fault}");
    assert_eq!(server.desktop.journal(), before);
    assert_eq!(server.desktop.ports().clipboard.sequence(), 1);
    journal.1.lock().unwrap().take();
}
