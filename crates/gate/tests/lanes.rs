//! Lanes shared by callers: whoever fills one leaves places in it and in its queue to the others, and time that a caller
//! gave counts from when its call came.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod common;

use common::open_gate;
use portcullis_gate::{Answer, Call, Gate};
use portcullis_model::{Cancel, CancelReason, Digest, FaultCode, KnownBy, Principal, Reply, Scope};
use portcullis_platform_fake::FakeDesktop;
use portcullis_policy::Approval;
use serde_json::{Value, json};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);
/// Three quarters of the long lane's 16 places and of the 64 that its queue has.
const PLACES: usize = 12;
const WAITING: usize = 48;

struct Sent {
    cancel: Cancel,
    answer: Receiver<Answer>,
}

fn send(gate: &Gate, who: &Principal, tool: &str, arguments: Value) -> Sent {
    let (send, answer) = channel();
    let cancel = Cancel::new();
    let call = Call { principal: who.clone(), tool: tool.to_owned(), arguments, cancel: cancel.clone() };
    // Who no longer waits for an answer has ended its test.
    gate.submit(call, Box::new(move |answer| drop(send.send(answer))));
    Sent { cancel, answer }
}

fn wait(gate: &Gate, who: &Principal, seconds: f64) -> Sent {
    send(gate, who, "Wait", json!({ "seconds": seconds }))
}

fn come_to(sent: &Sent) -> Answer {
    sent.answer.recv_timeout(PATIENCE).unwrap()
}

/// How many of a caller's calls are in this state.
fn count(gate: &Gate, who: &Principal, state: &str) -> usize {
    let call = Call {
        principal: who.clone(),
        tool: "GetRunningTasks".to_owned(),
        arguments: json!({}),
        cancel: Cancel::new(),
    };
    let Reply::Data(answer) = gate.call(call).unwrap() else { panic!("data") };
    answer["tasks"].as_array().unwrap().iter().filter(|task| task["state"] == state).count()
}

fn await_running(gate: &Gate, who: &Principal, wanted: usize) {
    let deadline = Instant::now() + PATIENCE;
    while count(gate, who, "running") != wanted {
        assert!(Instant::now() < deadline, "{} run", count(gate, who, "running"));
        std::thread::yield_now();
    }
}

/// Without shares one caller holds all 16 places with calls of a minute, and every other waits 30 s and is refused.
#[test]
fn attack_who_fills_a_lane_does_not_shut_it_to_the_others() {
    let gate = open_gate(&FakeDesktop::demo(), Approval::Never, |rules| rules);
    let [greedy, other] = ["greedy", "other"].map(|name| Principal::key(name, Scope::ALL));
    let mut held: Vec<Sent> = (0..PLACES).map(|_| wait(&gate, &greedy, 60.0)).collect();
    await_running(&gate, &greedy, PLACES);
    held.extend((0..WAITING).map(|_| wait(&gate, &greedy, 60.0)));
    assert_eq!(count(&gate, &greedy, "queued"), WAITING);
    let refused = come_to(&wait(&gate, &greedy, 0.0)).unwrap_err();
    assert_eq!(refused.code, FaultCode::Busy, "{refused}");
    assert!(refused.message.contains("of your calls"), "{refused}");
    // The others have places, and a queue of their own.
    for _ in 0..3 {
        come_to(&wait(&gate, &other, 0.0)).unwrap();
    }
    let more: Vec<Sent> = (0..20).map(|_| wait(&gate, &other, 60.0)).collect();
    await_running(&gate, &other, 4);
    // A place that is free is for who has fewer.
    held[0].cancel.cancel(CancelReason::Client);
    come_to(&held[0]).unwrap_err();
    await_running(&gate, &other, 5);
    assert_eq!(count(&gate, &greedy, "running"), PLACES - 1);
    held.iter().chain(&more).for_each(|sent| sent.cancel.cancel(CancelReason::Client));
    gate.shut_down(PATIENCE);
}

/// Who has several keys, clients or certificates is one caller all the same.
#[test]
fn attack_many_keys_of_one_name_have_one_share() {
    let gate = open_gate(&FakeDesktop::demo(), Approval::Never, |rules| rules);
    let keys: Vec<Principal> = (0..PLACES + WAITING)
        .map(|number| {
            let known_by = match number % 3 {
                0 => KnownBy::Key(Digest::of(&number.to_le_bytes())),
                1 => KnownBy::subject("https://issuer", "greedy", Some(&number.to_string())),
                _ => KnownBy::PublicKey(Digest::of(&number.to_le_bytes())),
            };
            Principal::key("greedy", Scope::ALL).known_by(known_by)
        })
        .collect();
    let other = Principal::key("other", Scope::ALL);
    let mut held: Vec<Sent> = keys[..PLACES].iter().map(|key| wait(&gate, key, 60.0)).collect();
    keys[..PLACES].iter().for_each(|key| await_running(&gate, key, 1));
    held.extend(keys[PLACES..].iter().map(|key| wait(&gate, key, 60.0)));
    assert!(keys[PLACES..].iter().all(|key| count(&gate, key, "queued") == 1), "no more of the name run");
    for known_by in [KnownBy::Key(Digest::of(b"new")), KnownBy::PublicKey(Digest::of(b"new"))] {
        let one_more = Principal::key("greedy", Scope::ALL).known_by(known_by);
        let refused = come_to(&wait(&gate, &one_more, 0.0)).unwrap_err();
        assert_eq!(refused.code, FaultCode::Busy, "{refused}");
    }
    come_to(&wait(&gate, &other, 0.0)).unwrap();
    held.iter().for_each(|sent| sent.cancel.cancel(CancelReason::Client));
    gate.shut_down(PATIENCE);
}

#[test]
fn time_that_a_caller_gave_counts_from_when_its_call_came() {
    let gate = open_gate(&FakeDesktop::demo(), Approval::Never, |rules| rules);
    let [me, other] = ["me", "other"].map(|name| Principal::key(name, Scope::ALL));
    let held: Vec<Sent> = (0..PLACES).map(|_| wait(&gate, &me, 60.0)).collect();
    await_running(&gate, &me, PLACES);
    let asked = |seconds: f64| {
        let arguments = json!({ "condition": "window_exists", "window_name": "Nothing", "timeout": seconds });
        send(&gate, &me, "WaitFor", arguments)
    };
    let late = asked(0.1);
    come_to(&wait(&gate, &other, 0.2)).unwrap();
    held[0].cancel.cancel(CancelReason::Client);
    let fault = come_to(&late).unwrap_err();
    assert_eq!((fault.code, fault.field.as_deref()), (FaultCode::Busy, Some("timeout")), "{fault}");
    // Where some of it is left, the rest is waited for.
    let fault = come_to(&asked(0.1)).unwrap_err();
    assert_eq!(fault.code, FaultCode::TimedOut, "{fault}");
    held.iter().for_each(|sent| sent.cancel.cancel(CancelReason::Client));
    gate.shut_down(PATIENCE);
}

/// Nothing runs before what every call needs is ready, whoever asks; what is answered at once tells of the calls that wait.
#[test]
fn calls_that_are_held_wait_for_the_last_who_holds_them() {
    let gate = open_gate(&FakeDesktop::demo(), Approval::Never, |rules| rules);
    let who = Principal::local();
    let (first, second) = (gate.hold(), gate.hold());
    let [waits, ended] = [wait(&gate, &who, 0.0), wait(&gate, &who, 0.0)];
    assert_eq!((count(&gate, &who, "queued"), count(&gate, &who, "running")), (2, 0));
    drop(first);
    ended.cancel.cancel(CancelReason::Client);
    assert_eq!(come_to(&ended).unwrap_err().code, FaultCode::Cancelled);
    assert_eq!(count(&gate, &who, "queued"), 1, "one holds them yet");
    drop(second);
    come_to(&waits).unwrap();
    come_to(&wait(&gate, &who, 0.0)).unwrap();
}
