//! Calls that make others: each step goes through the whole door as the same caller, the first that fails ends the rest,
//! and what was done is told.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod common;

use common::{gate_with, open_gate};
use portcullis_gate::{Call, Gate};
use portcullis_model::{Cancel, CancelReason, Fault, FaultCode, Outcome, Part, Principal, Reply, Scope};
use portcullis_platform_fake::FakeDesktop;
use portcullis_policy::{Approval, FilterSpec};
use serde_json::{Value, json};

fn call_as(gate: &Gate, principal: Principal, steps: &Value) -> Result<Reply, Fault> {
    let arguments = json!({ "steps": steps });
    gate.call(Call { principal, tool: "Batch".to_owned(), arguments, cancel: Cancel::new() })
}

fn call(gate: &Gate, steps: &Value) -> Result<Reply, Fault> {
    call_as(gate, Principal::local(), steps)
}

fn text(reply: &Reply) -> String {
    let Reply::View { parts, .. } = reply else { panic!("a view") };
    let texts = parts.iter().filter_map(|part| if let Part::Text(text) = part { Some(text.as_str()) } else { None });
    texts.collect::<Vec<_>>().join("\n")
}

fn type_into(name: &str, text: &str) -> Value {
    json!({ "tool": "Type", "args": { "name": name, "role": "edit", "text": text } })
}

#[test]
fn steps_are_made_in_order_and_told_in_one_answer() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let steps = json!([
        { "tool": "SetClipboard", "args": { "text": "first" }, "expect": "confirmed" },
        { "tool": "GetClipboard", "holds": "first" },
        { "tool": "SetClipboard", "args": { "text": "second" }, "expect": "effect" },
        { "tool": "GetClipboard", "holds": "second" },
    ]);
    let reply = call(&gate, &steps).unwrap();
    assert_eq!(reply.outcome().map(Outcome::word), Some("confirmed"));
    let told = text(&reply);
    assert!(told.starts_with("confirmed: 4 steps were made, 2 confirmed"), "{told}");
    for step in ["step 1 (SetClipboard): confirmed", "step 2 (GetClipboard)", "step 4 (GetClipboard)"] {
        assert!(told.contains(step), "{told}");
    }
}

#[test]
fn the_first_step_that_fails_ends_the_rest_and_what_was_done_is_told() {
    let set = |text: &str| json!({ "tool": "SetClipboard", "args": { "text": text } });
    let rows = [
        (json!({ "tool": "Click", "args": { "ref": "e999999" } }), FaultCode::UnknownRef, "steps[1].args.ref"),
        (json!({ "tool": "Click", "args": { "reff": "e1" } }), FaultCode::UnknownArgument, "steps[1].args.reff"),
        (json!({ "tool": "Klick" }), FaultCode::BadArgument, "steps[1]"),
        (json!({ "tool": "GetClipboard", "holds": "another" }), FaultCode::Unexpected, "steps[1]"),
        (json!({ "tool": "GetClipboard", "expect": "confirmed" }), FaultCode::Unexpected, "steps[1]"),
        (
            json!({ "tool": "Batch", "args": { "steps": [set("nested")] } }),
            FaultCode::BadArgument,
            "steps[1].args.tool",
        ),
    ];
    for (failing, code, field) in rows {
        let desktop = FakeDesktop::demo();
        let gate = open_gate(&desktop, Approval::Never, |rules| rules);
        let fault = call(&gate, &json!([set("before"), failing, set("after")])).unwrap_err();
        assert_eq!((fault.code, fault.field.as_deref()), (code, Some(field)), "{failing}: {fault}");
        assert!(fault.message.starts_with("step 2 of 3 ("), "{fault}");
        assert_eq!(fault.done.len(), 1, "{fault}");
        assert!(fault.to_string().contains("done before: step 1 (SetClipboard): confirmed"), "{fault}");
        let held = gate.call(Call {
            principal: Principal::local(),
            tool: "GetClipboard".to_owned(),
            arguments: json!({}),
            cancel: Cancel::new(),
        });
        let held = held.unwrap();
        let held = if let Reply::Data(value) = held { value.to_string() } else { text(&held) };
        assert!(held.contains("before") && !held.contains("after"), "{failing}: {held}");
    }
}

/// What was typed is in no answer to the call that typed it, also where it is what the answer was to hold.
#[test]
fn attack_what_a_step_must_hold_is_not_repeated() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let steps = json!([{ "tool": "SetClipboard", "args": { "text": "canary-9d2" }, "holds": "canary-9d2" }]);
    let fault = call(&gate, &steps).unwrap_err();
    assert_eq!(fault.code, FaultCode::Unexpected);
    assert!(!format!("{fault:?}").contains("canary"), "{fault:?}");
}

/// A batch is no way around a rule: what the caller may not do it may not do in a step.
#[test]
fn attack_a_step_may_no_more_than_its_caller() {
    let desktop = FakeDesktop::demo();
    let shut = FilterSpec { exclude_tools: vec!["SetClipboard".to_owned()], enable_all: true, ..FilterSpec::default() };
    let tier2 = FilterSpec::default();
    let all = FilterSpec { enable_all: true, ..FilterSpec::default() };
    let observer = Principal::key("looks", [Scope::Observe]);
    let interacts = Principal::key("acts", [Scope::Observe, Scope::Interact]);
    let step = json!([{ "tool": "SetClipboard", "args": { "text": "gone" } }]);
    let rows = [
        (&shut, Principal::local(), FaultCode::NotEnabled),
        (&tier2, Principal::local(), FaultCode::NotEnabled),
        (&tier2, interacts.clone(), FaultCode::NotEnabled),
        // All is open to the owner, and a step is not the owner's.
        (&all, interacts, FaultCode::NotEnabled),
        (&tier2, observer, FaultCode::NotEnabled),
    ];
    for (spec, principal, code) in rows {
        let gate = gate_with(&desktop, spec, Approval::Never, |rules| rules);
        let before = desktop.journal();
        let who = principal.name().to_owned();
        let fault = call_as(&gate, principal, &step).unwrap_err();
        assert_eq!(fault.code, code, "{who}: {fault}");
        assert_eq!(desktop.journal(), before, "{who}");
    }
}

/// The steps may hold what is typed, so that a wrong word is not repeated; the right ones are said.
#[test]
fn a_wrong_expectation_is_answered_with_those_that_there_are() {
    let gate = open_gate(&FakeDesktop::demo(), Approval::Never, |rules| rules);
    let fault = call(&gate, &json!([{ "tool": "GetClipboard", "expect": "hunter2`, expected x" }])).unwrap_err();
    assert_eq!(fault.field.as_deref(), Some("steps[0].expect"), "{fault}");
    let rule = fault.rule.clone().unwrap();
    assert!(rule.contains("one of `answer`, `confirmed`, `effect`"), "{rule}");
    assert!(!fault.to_string().contains("hunter2"), "{fault}");
}

#[test]
fn steps_end_with_the_call_that_makes_them() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let cancel = Cancel::new();
    let (send, receive) = std::sync::mpsc::channel();
    let arguments = json!({ "steps": [{ "tool": "Wait", "args": { "seconds": 60 } }, type_into("Name", "late")] });
    let call = Call { principal: Principal::local(), tool: "Batch".to_owned(), arguments, cancel: cancel.clone() };
    gate.submit(call, Box::new(move |answer| send.send(answer).unwrap()));
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let tasks = || {
        let call = Call {
            principal: Principal::local(),
            tool: "GetRunningTasks".to_owned(),
            arguments: json!({}),
            cancel: Cancel::new(),
        };
        let Ok(Reply::Data(tasks)) = gate.call(call) else { panic!("no tasks") };
        tasks.to_string()
    };
    // The step goes by the number of the call that makes it.
    while !(tasks().contains("\"c-1\"") && tasks().contains("\"c-1.1\"")) {
        assert!(std::time::Instant::now() < deadline, "{}", tasks());
        std::thread::yield_now();
    }
    cancel.cancel(CancelReason::Client);
    let fault = receive.recv_timeout(std::time::Duration::from_secs(20)).unwrap().unwrap_err();
    assert_eq!(fault.code, FaultCode::Cancelled, "{fault}");
    while tasks().contains("\"c-1.1\"") {
        assert!(std::time::Instant::now() < deadline, "the step goes on: {}", tasks());
        std::thread::yield_now();
    }
}

#[test]
fn as_many_steps_as_there_may_be_are_taken_and_no_more() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let step = json!({ "tool": "GetSystemInfo" });
    assert!(call(&gate, &json!(vec![step.clone(); 50])).is_ok());
    for steps in [vec![step; 51], Vec::new()] {
        let fault = call(&gate, &json!(steps)).unwrap_err();
        assert_eq!((fault.code, fault.field.as_deref()), (FaultCode::BadArgument, Some("steps")), "{fault}");
    }
}
