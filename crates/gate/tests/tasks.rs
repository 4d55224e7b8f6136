//! The caller's own calls: seen, ended and remembered, and those of others not there at all.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod common;

use common::open_gate;
use portcullis_gate::{Answer, Call, Gate};
use portcullis_model::{Cancel, Digest, Fault, FaultCode, KnownBy, Outcome, Part, Principal, Reply, Scope};
use portcullis_platform_fake::{Call as PortCall, FakeDesktop, Trouble};
use portcullis_policy::Approval;
use serde_json::{Value, json};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

fn call_as(gate: &Gate, principal: &Principal, tool: &str, arguments: Value) -> Answer {
    gate.call(Call { principal: principal.clone(), tool: tool.to_owned(), arguments, cancel: Cancel::new() })
}

fn tasks(gate: &Gate, principal: &Principal, tool: &str, arguments: Value) -> Result<Vec<Value>, Fault> {
    let Reply::Data(answer) = call_as(gate, principal, tool, arguments)? else { panic!("data") };
    Ok(answer["tasks"].as_array().unwrap().clone())
}

/// Starts a call and waits until it runs; its number and where its answer comes.
fn start(gate: &Gate, principal: &Principal, tool: &str, arguments: Value) -> (String, Receiver<Answer>) {
    let (send, receive) = channel();
    let call = Call { principal: principal.clone(), tool: tool.to_owned(), arguments, cancel: Cancel::new() };
    gate.submit(call, Box::new(move |answer| send.send(answer).unwrap()));
    let deadline = Instant::now() + PATIENCE;
    loop {
        let running = tasks(gate, principal, "GetRunningTasks", json!({})).unwrap();
        let own = running.iter().find(|task| task["tool"] == tool && task["state"] == "running");
        if let Some(own) = own {
            return (own["id"].as_str().unwrap().to_owned(), receive);
        }
        assert!(Instant::now() < deadline, "{running:?}");
        std::thread::yield_now();
    }
}

#[test]
fn a_call_that_is_cancelled_ends_and_is_remembered_so() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let me = Principal::local();
    let (id, answer) = start(&gate, &me, "Wait", json!({ "seconds": 60 }));
    let status = tasks(&gate, &me, "GetTaskStatus", json!({ "task_id": id })).unwrap();
    assert_eq!((status.len(), &status[0]["state"]), (1, &json!("running")));
    let ended = call_as(&gate, &me, "CancelTask", json!({ "task_id": id })).unwrap();
    assert_eq!(ended.outcome().map(Outcome::word), Some("confirmed"), "{ended:?}");
    assert_eq!(answer.recv_timeout(PATIENCE).unwrap().unwrap_err().code, FaultCode::Cancelled);
    let status = tasks(&gate, &me, "GetTaskStatus", json!({ "task_id": id })).unwrap();
    assert_eq!((&status[0]["state"], &status[0]["result"]), (&json!("ended"), &json!("cancelled")));
    let again = call_as(&gate, &me, "CancelTask", json!({ "task_id": id })).unwrap();
    assert_eq!(again.outcome().map(Outcome::word), Some("no_effect"), "{again:?}");
    assert!(tasks(&gate, &me, "GetRunningTasks", json!({})).unwrap().is_empty());
}

/// What blocks in a port cannot be made to come back: it is answered in its place, its slot is free, and nobody says that
/// it ended.
#[test]
fn a_call_that_does_not_come_back_is_given_up_and_its_place_is_free() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let me = Principal::local();
    desktop.trouble(PortCall::SystemInfo, Trouble::Block);
    let (send, entered) = channel();
    desktop.before_next(PortCall::SystemInfo, move |_| send.send(()).unwrap());
    let (id, answer) = start(&gate, &me, "GetSystemInfo", json!({}));
    // From here on it can only be given up.
    entered.recv_timeout(PATIENCE).unwrap();
    let told = call_as(&gate, &me, "CancelTask", json!({ "task_id": id })).unwrap();
    assert_eq!(told.outcome().map(Outcome::word), Some("unverified"), "{told:?}");
    assert_eq!(answer.recv_timeout(PATIENCE).unwrap().unwrap_err().code, FaultCode::Cancelled);
    let status = tasks(&gate, &me, "GetTaskStatus", json!({ "task_id": id })).unwrap();
    assert_eq!(status[0]["state"], "given_up");
    desktop.unblock();
}

/// winremote-mcp shows and ends the tasks of every client.
#[test]
fn attack_calls_of_another_principal_are_not_there() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let (owner, other) = (Principal::key("one", Scope::ALL), Principal::key("other", Scope::ALL));
    let (id, answer) = start(&gate, &owner, "Wait", json!({ "seconds": 60 }));
    assert!(tasks(&gate, &other, "GetRunningTasks", json!({})).unwrap().is_empty());
    assert!(tasks(&gate, &other, "GetTaskStatus", json!({})).unwrap().is_empty());
    for tool in ["GetTaskStatus", "CancelTask"] {
        for name in [id.clone(), id.to_uppercase(), format!("{id} "), "c-999".to_owned(), String::new()] {
            let fault = call_as(&gate, &other, tool, json!({ "task_id": name })).unwrap_err();
            assert_eq!((fault.code, fault.field.as_deref()), (FaultCode::NotFound, Some("task_id")), "{tool} {name}");
        }
    }
    assert_eq!(tasks(&gate, &owner, "GetRunningTasks", json!({})).unwrap().len(), 1);
    call_as(&gate, &owner, "CancelTask", json!({ "task_id": id })).unwrap();
    answer.recv_timeout(PATIENCE).unwrap().unwrap_err();
    // And what ended is remembered for its own caller alone.
    let fault = call_as(&gate, &other, "GetTaskStatus", json!({ "task_id": id })).unwrap_err();
    assert_eq!(fault.code, FaultCode::NotFound);
}

/// Who gets a key of a name that was another's learns nothing of what that one did, and cannot end it.
#[test]
fn attack_calls_end_with_the_key_and_do_not_stay_with_the_name() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let of = |text: &[u8]| Principal::key("ci", Scope::ALL).known_by(KnownBy::Key(Digest::of(text)));
    let (old, new) = (of(b"old"), of(b"new"));
    call_as(&gate, &old, "Wait", json!({ "seconds": 0 })).unwrap();
    let (id, answer) = start(&gate, &old, "Wait", json!({ "seconds": 60 }));
    for tool in ["GetRunningTasks", "GetTaskStatus"] {
        assert!(tasks(&gate, &new, tool, json!({})).unwrap().is_empty(), "{tool}");
    }
    let fault = call_as(&gate, &new, "CancelTask", json!({ "task_id": id })).unwrap_err();
    assert_eq!(fault.code, FaultCode::NotFound);
    call_as(&gate, &old, "CancelTask", json!({ "task_id": id })).unwrap();
    answer.recv_timeout(PATIENCE).unwrap().unwrap_err();
    assert!(!tasks(&gate, &old, "GetTaskStatus", json!({})).unwrap().is_empty());
    gate.forget_ended_keys(|_| false);
    assert!(tasks(&gate, &old, "GetTaskStatus", json!({})).unwrap().is_empty());
}

/// Callers of one name who are known by something else have nothing of each other, and what is theirs does not end with keys.
#[test]
fn attack_a_name_from_another_issuer_or_certificate_finds_nothing_of_the_first() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let all = [
        KnownBy::subject("https://one", "me", Some("app")),
        KnownBy::subject("https://two", "me", Some("app")),
        KnownBy::subject("https://one", "me", Some("other app")),
        KnownBy::subject("https://one", "me", None),
        KnownBy::PublicKey(Digest::of(b"one")),
        KnownBy::PublicKey(Digest::of(b"two")),
    ]
    .map(|known_by| Principal::key("me", Scope::ALL).known_by(known_by));
    let Reply::View { parts, .. } = call_as(&gate, &all[0], "FindElement", json!({ "name": "Greet" })).unwrap() else {
        panic!("a view")
    };
    let text = |part| if let Part::Text(text) = part { text } else { String::new() };
    let found: String = parts.into_iter().map(text).collect();
    let is_ref = |word: &&str| word.strip_prefix('e').is_some_and(|number| number.parse::<u32>().is_ok());
    let greet = found.split_whitespace().find(is_ref).unwrap();
    let greet = json!({ "condition": "element_exists", "ref": greet, "timeout": 1 });
    let (id, answer) = start(&gate, &all[0], "Wait", json!({ "seconds": 60 }));
    for other in &all[1..] {
        let fault = call_as(&gate, other, "WaitFor", greet.clone()).unwrap_err();
        assert_eq!(fault.code, FaultCode::UnknownRef, "{other:?}");
        assert!(tasks(&gate, other, "GetRunningTasks", json!({})).unwrap().is_empty(), "{other:?}");
        let fault = call_as(&gate, other, "CancelTask", json!({ "task_id": id })).unwrap_err();
        assert_eq!(fault.code, FaultCode::NotFound, "{other:?}");
    }
    gate.forget_ended_keys(|_| false);
    call_as(&gate, &all[0], "WaitFor", greet).unwrap();
    call_as(&gate, &all[0], "CancelTask", json!({ "task_id": id })).unwrap();
    answer.recv_timeout(PATIENCE).unwrap().unwrap_err();
}

#[test]
fn the_last_fifty_that_ended_are_remembered_and_twenty_listed() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let me = Principal::local();
    for _ in 0..52 {
        call_as(&gate, &me, "Wait", json!({ "seconds": 0 })).unwrap();
    }
    assert_eq!(tasks(&gate, &me, "GetTaskStatus", json!({})).unwrap().len(), 20);
    let known = |number: u32| tasks(&gate, &me, "GetTaskStatus", json!({ "task_id": format!("c-{number}") })).is_ok();
    assert_eq!([known(1), known(2), known(3), known(52)], [false, false, true, true]);
}
