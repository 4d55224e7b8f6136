//! The one keyboard of a session: keys come up on every way out, and two servers take turns.

use crate::fixture::{TITLE, find, front};
use portcullis_testkit::client::{ANSWER_LIMIT, Era, ToolResult};
use portcullis_testkit::desktop::{Desktop, call_until, desktop};
use portcullis_testkit::journal::{EVENT_LIMIT, Journal};
use portcullis_testkit::server::{Server, Transport, verify_audit};
use serde_json::{Value, json};
use std::time::Instant;

const SHIFT: u64 = 0x10;
const CTRL: u64 = 0x11;

/// Waits until a program that is not ours finds both keys down.
fn await_keys_down(desktop: &Desktop) {
    let deadline = Instant::now() + EVENT_LIMIT;
    loop {
        let down = desktop.keys_down().unwrap();
        if down.contains(&CTRL) && down.contains(&SHIFT) {
            return;
        }
        assert!(Instant::now() < deadline, "the keys are never down: {down:?}");
    }
}

/// How a call with held keys ends before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Withdrawn,
    Killed,
    InputEnds,
}

#[test]
fn keys_are_up_however_a_call_that_holds_them_ends() {
    for end in [End::Withdrawn, End::Killed, End::InputEnds] {
        let mut desktop = desktop().unwrap();
        let hanging = front(&mut desktop);
        let mut server = desktop.own_server(Transport::Stdio, &[]).unwrap();
        let client = server.client(Era::Legacy).unwrap();
        // A window that does not answer keeps the server between two presses, with the held keys down.
        desktop.page("hang").unwrap();
        let mark = desktop.mark().unwrap();
        hanging.call("Invoke", json!({ "name": "Hang", "role": "button", "observe": "none" })).unwrap();
        desktop.journal().await_control(mark, "hang", "hang").unwrap();
        let keys = json!({ "keys": "ctrl+shift+f9", "times": 100, "observe": "none" });
        let pending = client.start_call("Shortcut", keys).unwrap();
        await_keys_down(&desktop);
        if end == End::InputEnds {
            let data = server.data().to_owned();
            assert_eq!(server.close().unwrap().code(), Some(0));
            assert_eq!(desktop.keys_down().unwrap(), Vec::<u64>::new(), "after the end of input");
            verify_audit(&data).unwrap();
        } else if end == End::Killed {
            let data = server.data().to_owned();
            server.kill().unwrap();
            await_keys_down(&desktop);
            let anew = Server::start_on(desktop.run(), Transport::Stdio, &[], &data).unwrap();
            anew.client(Era::Legacy).unwrap();
            assert_eq!(desktop.keys_down().unwrap(), Vec::<u64>::new(), "after the next start");
        } else {
            client.withdraw(pending).unwrap();
            let idle = |tasks: &ToolResult| !tasks.text.contains("Shortcut");
            call_until(&client, "GetRunningTasks", &json!({}), idle).unwrap();
            assert_eq!(desktop.keys_down().unwrap(), Vec::<u64>::new(), "after the call was withdrawn");
            assert!(server.audit_text().unwrap().contains("cancelled"));
        }
    }
}

/// The text of the notes in a window, as the fixture knows it.
fn notes(desktop: &Desktop, journal: &Journal, title: &str) -> Value {
    let mark = journal.mark().unwrap();
    desktop.fixture_command(&["state", "--title", title]).unwrap();
    let state = journal.await_event(mark, "state", EVENT_LIMIT, |line| line["event"] == "state").unwrap();
    state["controls"]["notes"]["text"].clone()
}

#[test]
fn two_servers_type_into_two_windows_at_once_without_mixing() {
    let desktop = desktop().unwrap();
    let journal = Journal::at(desktop.run().share().join("journal-second.jsonl"));
    let _second = desktop.spawn_fixture(&journal, "Second window", "200,200").unwrap();
    let texts = ["a".repeat(2_000), "b".repeat(500)];
    let servers = [(); 2].map(|()| desktop.own_server(Transport::Stdio, &[]).unwrap());
    let calls: Vec<_> = servers
        .iter()
        .zip([TITLE, "Second window"])
        .zip(&texts)
        .map(|((server, title), text)| {
            let client = server.client(Era::Legacy).unwrap();
            client.call("FocusWindow", json!({ "title": title })).unwrap().ok().unwrap();
            let notes = find(&client, "document", "Notes");
            (client, json!({ "ref": notes, "text": text, "how": "keys" }))
        })
        .collect();
    let [(one, one_text), (two, two_text)] = calls.as_slice() else { panic!("two servers") };
    let mark = desktop.mark().unwrap();
    let first = one.start_call("Type", one_text.clone()).unwrap();
    desktop.journal().await_control(mark, "text", "notes").unwrap();
    // The second is asked while the first types, and is at work before the first has ended.
    let second = two.start_call("Type", two_text.clone()).unwrap();
    let at_work = |tasks: &ToolResult| tasks.text.contains("\"Type\"");
    call_until(two, "GetRunningTasks", &json!({}), at_work).unwrap();
    let typed = |line: &Value| line["control"] == "notes" && line["text"] == texts[0];
    let whole = desktop.journal().since(mark).unwrap().iter().any(typed);
    assert!(!whole, "the first had ended before the second was at work: type more");
    assert_eq!(one.wait_call(first, ANSWER_LIMIT).unwrap().outcome(), "confirmed");
    let answer = two.wait_call(second, ANSWER_LIMIT).unwrap();
    if answer.fault("code") == Some("input_busy") {
        // The first had the keyboard for longer than the second waits; that nothing was typed is judged below.
        two.call("Type", two_text.clone()).unwrap().ok().unwrap();
    } else {
        assert_eq!(answer.outcome(), "confirmed", "{}", answer.text);
    }
    assert_eq!(notes(&desktop, desktop.journal(), TITLE), texts[0]);
    assert_eq!(notes(&desktop, &journal, "Second window"), texts[1]);
}
