//! Actions on the fixture, each judged by the fixture's own journal: one that changes something and says what, one that
//! changes nothing and says so, and every way in which a target can be wrong.

use portcullis_testkit::client::{Client, Era, ToolResult};
use portcullis_testkit::desktop::{Desktop, call_until, desktop, ref_of};
use portcullis_testkit::journal::{EVENT_LIMIT, Journal, is};
use portcullis_testkit::server::{Server, Transport};
use serde_json::{Value, json};
use std::fmt::Write;

const TITLE: &str = "Portcullis Fixture";
const CANARY: &str = "canary-91c4";

/// A client with the fixture's window in front.
fn front(desktop: &mut Desktop) -> Client {
    let client = desktop.client(Transport::Stdio, &[]).unwrap();
    client.call("FocusWindow", json!({ "title": TITLE })).unwrap().ok().unwrap();
    client
}

/// The ref of an element of the front window.
fn find(client: &Client, role: &str, name: &str) -> String {
    let found = client.call("FindElement", json!({ "role": role, "name": name })).unwrap().ok().unwrap();
    ref_of(&found.text, name).unwrap()
}

/// One action, the event that it must cause, and words that its answer must hold.
struct Effect {
    tool: &'static str,
    arguments: Value,
    event: (&'static str, &'static str),
    diff: &'static str,
}

fn effects() -> Vec<Effect> {
    let effect = |tool, arguments, event, diff| Effect { tool, arguments, event, diff };
    vec![
        effect("Invoke", json!({ "name": "Greet", "role": "button" }), ("click", "greet"), "Hello"),
        effect("Click", json!({ "name": "Subscribe" }), ("check", "subscribe"), "Subscribe"),
        effect("Click", json!({ "name": "Green" }), ("radio", "green"), "Green"),
        effect("Click", json!({ "name": "Open dialog" }), ("click", "open-dialog"), "Open file"),
        effect("Type", json!({ "name": "Name", "role": "edit", "text": "Ada" }), ("text", "name"), ""),
        effect("Shortcut", json!({ "keys": "ctrl+o" }), ("menu", "menu-file-open"), "Open file"),
    ]
}

#[test]
fn each_action_confirms_what_the_journal_shows_and_names_what_changed() {
    for effect in effects() {
        let mut desktop = desktop().unwrap();
        let client = front(&mut desktop);
        let mark = desktop.mark().unwrap();
        let answer = client.call(effect.tool, effect.arguments.clone()).unwrap();
        let what = format!("{} {}: {}", effect.tool, effect.arguments, answer.text);
        assert_eq!(answer.outcome(), "confirmed", "{what}");
        assert!(answer.text.contains(effect.diff), "{what}");
        let (event, control) = effect.event;
        desktop.journal().await_control(mark, event, control).unwrap_or_else(|error| panic!("{what}: {error:#}"));
        assert!(answer.text.lines().count() <= 14, "{what}");
    }
}

#[test]
fn each_action_that_changes_nothing_says_so() {
    let rows = [
        ("Invoke", json!({ "name": "Do nothing" }), Some(("click", "do-nothing"))),
        ("Click", json!({ "name": "Do nothing" }), Some(("click", "do-nothing"))),
        ("Shortcut", json!({ "keys": "f9" }), None),
    ];
    for (tool, arguments, event) in rows {
        let mut desktop = desktop().unwrap();
        let client = front(&mut desktop);
        let mark = desktop.mark().unwrap();
        let answer = client.call(tool, arguments.clone()).unwrap();
        assert_eq!(answer.outcome(), "no_effect", "{tool} {arguments}: {}", answer.text);
        if let Some((event, control)) = event {
            desktop.journal().await_control(mark, event, control).unwrap();
        }
    }
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
    // Which refs the nearest ones are depends on what was looked at before.
    insta::with_settings!({ filters => vec![(r"\be\d+ ", "eN ")] }, { insta::assert_snapshot!(all) });
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
    assert!(!desktop.journal().since(mark).unwrap().iter().any(|line| line["event"] == "click"));
}

#[test]
fn text_of_any_script_arrives_unit_by_unit() {
    let long = "Zürich-你好-🙂 ".repeat(416) + "abcdefgh";
    for text in ["Grüße aus Zürich", "你好，世界", "🙂🙃 𝔘nicode", &long] {
        let mut desktop = desktop().unwrap();
        let client = front(&mut desktop);
        let answer = client.call("Type", json!({ "name": "Notes", "role": "document", "text": text })).unwrap();
        assert_eq!(answer.outcome(), "confirmed", "{}", answer.text);
        assert!(!answer.text.contains(text), "the answer repeats what was typed");
        let state = desktop.state().unwrap();
        assert_eq!(state["controls"]["notes"]["text"], text);
    }
}

#[test]
fn a_password_is_in_no_answer_no_log_and_no_record() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let mut all: Vec<ToolResult> = Vec::new();
    all.push(client.call("Type", json!({ "name": "Password", "role": "edit", "text": CANARY })).unwrap());
    all.push(client.call("Snapshot", json!({})).unwrap());
    all.push(client.call("FindElement", json!({ "name": "Password" })).unwrap());
    all.push(client.call("GetText", json!({ "name": "Password", "role": "edit" })).unwrap());
    all.push(client.call("Invoke", json!({ "name": "Greet", "observe": "snapshot" })).unwrap());
    assert_eq!(desktop.state().unwrap()["controls"]["password"]["length"], CANARY.len(), "{}", all[0].text);
    for answer in &all {
        assert!(!answer.raw.to_string().contains(CANARY), "{}", answer.text);
    }
    let server = desktop.server(Transport::Stdio, &[]).unwrap();
    assert!(!server.audit_text().unwrap().contains(CANARY) && !server.stderr().contains(CANARY));
    server.verify_audit().unwrap();
}

#[test]
fn a_window_that_hangs_costs_its_deadline_and_no_more() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let greet = find(&client, "button", "Greet");
    let mark = desktop.mark().unwrap();
    client.call("Invoke", json!({ "name": "Hang for 2 s", "observe": "none" })).unwrap();
    desktop.journal().await_control(mark, "hang", "hang-2").unwrap();
    let started = std::time::Instant::now();
    let snapshot = client.call("Snapshot", json!({})).unwrap();
    assert!(started.elapsed() < std::time::Duration::from_secs(3), "{:?}", started.elapsed());
    assert!(!snapshot.text.is_empty());
    let invoked = client.call("Invoke", json!({ "ref": greet })).unwrap();
    assert!(invoked.is_error || invoked.outcome() != "confirmed", "{}", invoked.text);
    let end = |line: &Value| is(line, "hang", "hang-2") && line["phase"] == "end";
    desktop.journal().await_event(mark, "the end of the hang", EVENT_LIMIT, end).unwrap();
}

#[test]
fn keys_are_up_after_a_call_is_withdrawn_and_after_a_server_is_killed() {
    let mut desktop = desktop().unwrap();
    front(&mut desktop);
    for kill in [false, true] {
        let mut server = desktop.own_server(Transport::Stdio, &[]).unwrap();
        let client = server.client(Era::Legacy).unwrap();
        let pending = client.start_call("Shortcut", json!({ "keys": "ctrl+shift+f9", "times": 100 })).unwrap();
        let anew: Option<Server> = if kill {
            let data = server.data().to_owned();
            server.kill().unwrap();
            let anew = Server::start_on(desktop.run(), Transport::Stdio, &[], &data).unwrap();
            anew.client(Era::Legacy).unwrap();
            Some(anew)
        } else {
            client.withdraw(pending).unwrap();
            let idle = |tasks: &ToolResult| !tasks.text.contains("Shortcut");
            call_until(&client, "GetRunningTasks", &json!({}), idle).unwrap();
            None
        };
        assert_eq!(desktop.keys_down().unwrap(), Vec::<u64>::new(), "killed: {kill}");
        drop(anew);
    }
}

#[test]
fn two_servers_type_into_two_windows_without_mixing() {
    let desktop = desktop().unwrap();
    let journal = Journal::at(desktop.run().share().join("journal-second.jsonl"));
    let _second = desktop.spawn_fixture(&journal, "Second window", "200,200").unwrap();
    let texts = ["a".repeat(300), "b".repeat(300)];
    let servers = [(); 2].map(|()| desktop.own_server(Transport::Stdio, &[]).unwrap());
    let mut pending = Vec::new();
    for ((server, title), text) in servers.iter().zip([TITLE, "Second window"]).zip(&texts) {
        let client = server.client(Era::Legacy).unwrap();
        client.call("FocusWindow", json!({ "title": title })).unwrap().ok().unwrap();
        let notes = find(&client, "document", "Notes");
        let arguments = json!({ "ref": notes, "text": text, "how": "keys" });
        pending.push((client, arguments));
    }
    let started: Vec<_> =
        pending.iter().map(|(client, arguments)| client.start_call("Type", arguments.clone())).collect();
    for ((client, arguments), started) in pending.iter().zip(started) {
        let answer = client.wait_call(started.unwrap(), portcullis_testkit::client::ANSWER_LIMIT).unwrap();
        if answer.fault("code") == Some("input_busy") {
            // The other server had the keyboard; that nothing was typed is judged below.
            client.call("Type", arguments.clone()).unwrap().ok().unwrap();
        }
    }
    assert_eq!(desktop.state().unwrap()["controls"]["notes"]["text"], texts[0]);
    let mark = journal.mark().unwrap();
    desktop.fixture_command(&["state", "--title", "Second window"]).unwrap();
    let state = journal.await_event(mark, "state", EVENT_LIMIT, |line| line["event"] == "state").unwrap();
    assert_eq!(state["controls"]["notes"]["text"], texts[1]);
}

#[test]
fn a_snapshot_lists_what_the_form_has_and_a_screenshot_is_a_picture() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let snapshot = client.call("Snapshot", json!({})).unwrap().ok().unwrap().text;
    for (role, name) in [("button", "Greet"), ("edit", "Name"), ("checkbox", "Subscribe"), ("radio", "Red")] {
        let line = snapshot.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("no {name}: {snapshot}"));
        assert!(line.to_lowercase().contains(role), "{line}");
        ref_of(line, name).unwrap();
    }
    assert!(snapshot.len() <= 4 * 2_000, "{} bytes", snapshot.len());
    let shot = client.call("Screenshot", json!({})).unwrap().ok().unwrap();
    assert_eq!(shot.images.len(), 1);
    assert!(shot.images[0].base64.len() > 1_000);
}
