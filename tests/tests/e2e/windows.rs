//! Windows and programs: brought to the front, placed, minimised, closed and started. Judged by what the fixture's journal
//! says of its own window and by what `tasklist` lists.

use crate::fixture::{TITLE, close_unsaved, front, says, start_notepad};
use portcullis_testkit::client::{Era, ToolResult};
use portcullis_testkit::desktop::{Desktop, Fixture, call_until, desktop, fixture_exe};
use portcullis_testkit::journal::{EVENT_LIMIT, Journal, Mark};
use portcullis_testkit::server::Transport;
use serde_json::{Value, json};
use std::time::Instant;

const SECOND: &str = "Second window";

/// Another fixture over the first, which has its own journal.
fn second(desktop: &Desktop, name: &str) -> (Fixture, Journal) {
    let journal = Journal::at(desktop.run().share().join(format!("journal-{name}.jsonl")));
    let fixture = desktop.spawn_fixture(&journal, SECOND, "300,120").unwrap();
    (fixture, journal)
}

fn await_change(journal: &Journal, mark: Mark, change: &str) -> Value {
    let fits = |line: &Value| line["event"] == "window" && says(line, &json!({ "change": change }));
    journal.await_event(mark, change, EVENT_LIMIT, fits).unwrap()
}

/// The process ids of a program, as Windows' own `tasklist` lists them.
fn processes(desktop: &Desktop, program: &str) -> Vec<String> {
    let list = desktop.windows_program("tasklist.exe", &["/fo", "csv"]).unwrap().stdout;
    let own = list.lines().filter(|line| line.to_lowercase().contains(program));
    own.map(|line| line.split('"').nth(3).unwrap().to_owned()).collect()
}

/// Waits until `tasklist` lists so many processes of a program.
fn await_processes(desktop: &Desktop, program: &str, count: usize) {
    let deadline = Instant::now() + EVENT_LIMIT;
    loop {
        let now = processes(desktop, program);
        if now.len() == count {
            return;
        }
        assert!(Instant::now() < deadline, "{program}: {now:?}, not {count}");
    }
}

#[test]
fn a_window_comes_to_the_front_once() {
    let rows = [
        ("FocusWindow", json!({ "title": TITLE })),
        ("FocusWindow", json!({ "title": "PORTCULLIS fix" })),
        ("App", json!({ "action": "switch", "name": TITLE })),
    ];
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    for (turn, (tool, arguments)) in rows.into_iter().enumerate() {
        let (_second, _) = second(&desktop, &format!("front-{turn}"));
        client.call("FocusWindow", json!({ "title": SECOND })).unwrap().ok().unwrap();
        let mark = desktop.mark().unwrap();
        let answer = client.call(tool, arguments.clone()).unwrap();
        assert_eq!(answer.outcome(), "confirmed", "{tool} {arguments}: {}", answer.text);
        assert!(answer.text.contains(TITLE), "{}", answer.text);
        await_change(desktop.journal(), mark, "activated");
        let again = client.call(tool, arguments.clone()).unwrap();
        assert_eq!(again.outcome(), "no_effect", "{tool} {arguments}: {}", again.text);
    }
}

#[test]
fn a_minimised_window_is_restored_when_it_is_focused() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    client.call("MinimizeAll", json!({})).unwrap().ok().unwrap();
    assert_eq!(desktop.state().unwrap()["window"]["minimised"], true);
    let answer = client.call("FocusWindow", json!({ "title": TITLE })).unwrap();
    assert_eq!(answer.outcome(), "confirmed", "{}", answer.text);
    assert_eq!(desktop.state().unwrap()["window"]["minimised"], false);
}

#[test]
fn all_windows_are_minimised_and_named_and_then_none_is_left() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let (_second, journal) = second(&desktop, "minimise");
    let marks = [desktop.mark().unwrap(), journal.mark().unwrap()];
    let answer = client.call("MinimizeAll", json!({})).unwrap();
    assert_eq!(answer.outcome(), "confirmed", "{}", answer.text);
    for (journal, (mark, title)) in
        [desktop.journal(), &journal].into_iter().zip(marks.into_iter().zip([TITLE, SECOND]))
    {
        await_change(journal, mark, "minimised");
        assert!(answer.text.contains(title), "{}", answer.text);
    }
    let again = client.call("MinimizeAll", json!({})).unwrap();
    assert_eq!(again.outcome(), "no_effect", "{}", again.text);
}

#[test]
fn a_window_is_placed_where_it_was_asked_to() {
    let rows = [
        (json!({ "x": 60, "y": 70, "width": 950, "height": 700 }), json!({ "x": 60, "y": 70, "w": 950, "h": 700 })),
        (json!({ "x": 20, "y": 30 }), json!({ "x": 20, "y": 30, "w": 950, "h": 700 })),
        (json!({ "width": 900, "height": 640 }), json!({ "x": 20, "y": 30, "w": 900, "h": 640 })),
    ];
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    for (place, rect) in rows {
        let mut arguments = json!({ "action": "resize", "name": TITLE });
        arguments.as_object_mut().unwrap().extend(place.as_object().unwrap().clone());
        let answer = client.call("App", arguments.clone()).unwrap();
        assert_eq!(answer.outcome(), "confirmed", "{place}: {}", answer.text);
        assert_eq!(desktop.state().unwrap()["window"]["rect"], rect, "{place}: {}", answer.text);
        let again = client.call("App", arguments).unwrap();
        assert_eq!(again.outcome(), "no_effect", "{place}: {}", again.text);
        assert_eq!(desktop.state().unwrap()["window"]["rect"], rect, "{place}");
    }
}

#[test]
fn a_window_that_closes_is_gone_with_its_program() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let (_second, journal) = second(&desktop, "close");
    assert_eq!(processes(&desktop, "fixture").len(), 2);
    let mark = journal.mark().unwrap();
    let answer = client.call("App", json!({ "action": "close", "name": SECOND })).unwrap();
    assert_eq!(answer.outcome(), "confirmed", "{}", answer.text);
    await_change(&journal, mark, "closing");
    await_processes(&desktop, "fixture", 1);
    let again = client.call("App", json!({ "action": "close", "name": SECOND })).unwrap();
    assert_eq!(again.fault("code"), Some("not_found"), "{}", again.text);
}

#[test]
fn an_installed_program_starts_and_one_that_asks_back_is_not_called_closed() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    assert!(processes(&desktop, "notepad").is_empty());
    let window = start_notepad(&client);
    assert_eq!(processes(&desktop, "notepad").len(), 1);
    // Another program sees the window.
    desktop.fixture_command(&["text", "Edit", "--title", "Notepad"]).unwrap();
    client.call("Type", json!({ "window": window, "role": "document", "text": "unsaved" })).unwrap().ok().unwrap();
    let asked = close_unsaved(&client, &window);
    assert_eq!(asked.outcome(), "no_effect", "{}", asked.text);
    await_processes(&desktop, "notepad", 0);
    let gone = |answer: &ToolResult| answer.fault("code") == Some("stale_ref");
    call_until(&client, "App", &json!({ "action": "close", "ref": window }), gone).unwrap();
}

#[test]
fn a_path_needs_tier_3_and_then_starts_with_its_arguments() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let journal = Journal::at(desktop.run().share().join("journal-path.jsonl"));
    let mark = journal.mark().unwrap();
    let exe = desktop.run().windows_path(&fixture_exe());
    let written = desktop.run().windows_path(journal.path());
    let arguments = json!({ "action": "launch", "name": exe, "args": ["--journal", written, "--title", SECOND] });
    let refused = client.call("App", arguments.clone()).unwrap();
    assert_eq!(refused.fault("code"), Some("not_enabled"), "{}", refused.text);
    assert!(journal.since(mark).unwrap().is_empty());
    let open = desktop.own_server(Transport::Stdio, &["--enable-tier3"]).unwrap();
    let client = open.client(Era::Legacy).unwrap();
    let answer = client.call("App", arguments).unwrap();
    assert_eq!(answer.outcome(), "confirmed", "{}", answer.text);
    assert!(answer.text.contains(SECOND), "{}", answer.text);
    let started = journal.await_event(mark, "started", EVENT_LIMIT, |line| line["event"] == "started").unwrap();
    assert_eq!(started["title"], SECOND);
    client.call("App", json!({ "action": "close", "name": SECOND })).unwrap().ok().unwrap();
    await_processes(&desktop, "fixture", 1);
}

#[test]
fn programs_that_are_not_there_are_refused_with_the_nearest() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let answer = client.call("App", json!({ "action": "launch", "name": "notepda" })).unwrap();
    assert_eq!(answer.fault("code"), Some("not_found"), "{}", answer.text);
    assert!(answer.fault("nearest").unwrap_or_default().contains("notepad"), "{}", answer.text);
}
