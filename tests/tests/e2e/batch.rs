//! Several calls in one, judged by what the fixture holds afterwards and by the server's own record.

use crate::fixture::front;
use portcullis_testkit::client::Era;
use portcullis_testkit::desktop::desktop;
use portcullis_testkit::server::Transport;
use serde_json::json;

#[test]
fn a_form_is_filled_in_one_call_and_the_record_names_each_step() {
    let desktop = desktop().unwrap();
    let server = desktop.own_server(Transport::Stdio, &[]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    client.call("FocusWindow", json!({ "title": crate::fixture::TITLE })).unwrap().ok().unwrap();
    let steps = json!([
        { "tool": "Type", "args": { "name": "Name", "role": "edit", "text": "Ada 你好" }, "expect": "confirmed" },
        { "tool": "Invoke", "args": { "name": "Subscribe" }, "expect": "effect" },
        { "tool": "Click", "args": { "name": "Green" } },
        { "tool": "Invoke", "args": { "name": "Greet", "role": "button" } },
        { "tool": "WaitFor", "args": { "condition": "text_exists", "text": "Hello", "timeout": 2 } },
        { "tool": "GetText", "args": { "name": "Name", "role": "edit" }, "holds": "你好" },
    ]);
    let answer = client.call("Batch", json!({ "steps": steps })).unwrap().ok().unwrap();
    assert_eq!(answer.outcome(), "confirmed", "{}", answer.text);
    let state = desktop.state_after_input().unwrap();
    let held = |place: &str| state.pointer(place).unwrap().clone();
    assert_eq!(held("/controls/name/text"), "Ada 你好");
    assert_eq!(held("/controls/subscribe/state"), 1);
    assert_eq!(held("/controls/green/state"), 1);
    assert!(held("/controls/greeting/text").as_str().unwrap().contains("Ada"), "{state}");
    let record = server.audit_text().unwrap();
    let batch = record.lines().find(|line| line.contains("\"tool\":\"Batch\"")).unwrap();
    let number = batch.split("\"call\":\"").nth(1).unwrap().split('"').next().unwrap();
    for (step, tool) in (1..).zip(["Type", "Invoke", "Click", "Invoke", "WaitFor", "GetText"]) {
        let told = |line: &str| {
            line.contains(&format!("\"call\":\"{number}.{step}\"")) && line.contains(&format!("\"tool\":\"{tool}\""))
        };
        assert!(record.lines().any(told), "no line for step {step} ({tool}) in\n{record}");
    }
    assert!(!record.contains("Ada"), "what was typed is in the record");
}

#[test]
fn what_comes_after_a_step_that_fails_does_not_happen() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let steps = json!([
        { "tool": "Type", "args": { "name": "Name", "role": "edit", "text": "kept" } },
        { "tool": "Click", "args": { "name": "No such button" } },
        { "tool": "Invoke", "args": { "name": "Subscribe" } },
    ]);
    let answer = client.call("Batch", json!({ "steps": steps })).unwrap();
    assert_eq!(answer.fault("code"), Some("not_found"), "{}", answer.text);
    assert!(
        answer.text.contains("step 2 of 3 (Click)") && answer.text.contains("done before: step 1 (Type)"),
        "{}",
        answer.text
    );
    let state = desktop.state_after_input().unwrap();
    assert_eq!(state.pointer("/controls/name/text").unwrap(), "kept");
    assert_eq!(state.pointer("/controls/subscribe/state").unwrap(), 0);
}
