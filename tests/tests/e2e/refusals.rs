//! Every way in which a target can be wrong: each is refused with the reason, and nothing is hit in its place.

use crate::fixture::{find, front};
use portcullis_testkit::desktop::{call_until, desktop};
use portcullis_testkit::journal::{EVENT_LIMIT, is};
use portcullis_testkit::server::Transport;
use serde_json::{Value, json};
use std::fmt::Write;

const CANARY: &str = "canary-91c4";

/// Compares with the snapshot of the test. Which refs there are depends on what was looked at before.
macro_rules! assert_same {
    ($text:expr) => {
        insta::with_settings!({ filters => vec![(r"\be\d{1,5}\b", "eN")] }, { insta::assert_snapshot!($text) })
    };
}

#[test]
fn targets_that_are_wrong_are_refused_with_the_reason() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let rows = [
        ("Invoke", json!({ "ref": "e999999" })),
        ("Invoke", json!({ "ref": "button" })),
        ("Invoke", json!({})),
        ("Click", json!({ "x": 60_000, "y": 60_000 })),
        ("Click", json!({ "x": 1 })),
        ("Click", json!({ "x": "left", "y": 1 })),
        ("Invoke", json!({ "name": "Disabled", "role": "button" })),
        ("Invoke", json!({ "name": "No such control" })),
        ("Shortcut", json!({ "keys": "ctrl+nothing" })),
        ("Scroll", json!({ "amount": 101 })),
        ("Type", json!({ "name": "Name", "text": { "canary-91c4": 1 } })),
        // Each says by which of its own arguments.
        ("FocusWindow", json!({ "title": "xyzzy" })),
        ("App", json!({ "action": "switch", "name": "xyzzy" })),
    ];
    let mut all = String::new();
    let mark = desktop.mark().unwrap();
    for (tool, arguments) in rows {
        let answer = client.call(tool, arguments.clone()).unwrap();
        assert!(answer.is_error, "{tool} {arguments}: {}", answer.text);
        assert!(!answer.text.contains(CANARY), "{}", answer.text);
        writeln!(all, "{tool} {arguments}\n{}\n", answer.text).unwrap();
    }
    let happened = desktop.journal().since(mark).unwrap();
    assert!(!happened.iter().any(|line| line["event"] == "click"), "{happened:?}");
    assert_same!(all);
}

#[test]
fn a_ref_of_a_closed_window_is_stale_and_hits_nothing_else() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let mark = desktop.mark().unwrap();
    client.call("Invoke", json!({ "name": "Open dialog" })).unwrap().ok().unwrap();
    desktop.journal().await_control(mark, "dialog", "open-dialog").unwrap();
    client.call("FocusWindow", json!({ "title": "Open file" })).unwrap().ok().unwrap();
    let ok = find(&client, "button", "OK");
    client.call("Invoke", json!({ "name": "Cancel", "role": "button" })).unwrap().ok().unwrap();
    let closed = |line: &Value| is(line, "dialog", "open-dialog") && line["phase"] == "closed";
    desktop.journal().await_event(mark, "dialog closed", EVENT_LIMIT, closed).unwrap();
    let answer = client.call("Invoke", json!({ "ref": ok })).unwrap();
    assert_eq!(answer.fault("code"), Some("stale_ref"), "{}", answer.text);
    assert_same!(answer.text);
}

#[test]
fn a_ref_of_another_principal_is_unknown() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let greet = find(&client, "button", "Greet");
    let other = desktop.client(Transport::Http, &[]).unwrap();
    let mark = desktop.mark().unwrap();
    let answer = other.call("Invoke", json!({ "ref": greet })).unwrap();
    assert_eq!(answer.fault("code"), Some("unknown_ref"), "{}", answer.text);
    assert_same!(answer.text);
    assert!(!desktop.journal().since(mark).unwrap().iter().any(|line| line["event"] == "click"));
}

#[test]
fn what_a_window_that_hangs_cannot_answer_is_refused() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let notes = find(&client, "document", "Notes");
    let mark = desktop.mark().unwrap();
    client.call("Invoke", json!({ "name": "Hang for 2 s", "observe": "none" })).unwrap();
    desktop.journal().await_control(mark, "hang", "hang-2").unwrap();
    let answer = client.call("GetText", json!({ "ref": notes })).unwrap();
    assert_same!(answer.text);
    let end = |line: &Value| is(line, "hang", "hang-2") && line["phase"] == "end";
    desktop.journal().await_event(mark, "the end of the hang", EVENT_LIMIT, end).unwrap();
    // The window's thread catches up with what was asked meanwhile.
    call_until(&client, "GetText", &json!({ "ref": notes }), |answer| !answer.is_error).unwrap();
}
