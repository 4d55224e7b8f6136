//! Windows that do not answer: what they cost, what is said of them, and what is left alone. The times here are measured
//! on the desktop that all tests share, one test at a time; what a busy machine may add is a constant of its own.

use crate::fixture::{TITLE, find, front};
use portcullis_testkit::client::Client;
use portcullis_testkit::desktop::{desktop, ref_of};
use portcullis_testkit::journal::{EVENT_LIMIT, Journal, is};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const HANGING: &str = "Hanging window";
/// What a window that hangs may cost a Snapshot more than one that answers.
const HANG_COST: Duration = Duration::from_millis(550);
/// How much longer than before a Snapshot of another window may take right after, as a fraction.
const AFTER_HANG: (u32, u32) = (6, 5);
/// What a machine with other work may add to one measurement.
const SLACK: Duration = Duration::from_millis(30);
/// Snapshots of which the slowest is the measure before a hang.
const MEASURED: u32 = 5;
/// Measurements of which the fastest counts while a window hangs: other work on the machine slows one of them, a hang that
/// costs more than its slice slows all.
const ROUNDS: u32 = 3;

fn timed(client: &Client, arguments: &Value) -> (Duration, String) {
    let started = Instant::now();
    let answer = client.call("Snapshot", arguments.clone()).unwrap();
    (started.elapsed(), answer.ok().unwrap().text)
}

/// The slowest of some Snapshots.
fn slowest(client: &Client, arguments: &Value) -> Duration {
    (0..MEASURED).map(|_| timed(client, arguments).0).max().unwrap_or_default()
}

#[test]
fn a_window_that_hangs_costs_a_snapshot_its_slice_and_the_next_one_nothing() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let journal = Journal::at(desktop.run().share().join("journal-hanging.jsonl"));
    let _hanging = desktop.spawn_fixture(&journal, HANGING, "40,40").unwrap();
    client.call("FocusWindow", json!({ "title": HANGING })).unwrap().ok().unwrap();
    let mark = journal.mark().unwrap();
    desktop.fixture_command(&["send", "page", "hang", "--title", HANGING]).unwrap();
    journal.await_event(mark, "page", EVENT_LIMIT, |line| line["event"] == "page").unwrap();
    let (_, seen) = timed(&client, &json!({}));
    let hanging = json!({ "window": ref_of(&seen, HANGING).unwrap() });
    let other = json!({ "window": ref_of(&seen, TITLE).unwrap() });
    let hang = json!({ "ref": find(&client, "button", "Hang"), "observe": "none" });
    let before = [json!({}), hanging, other].map(|arguments| (slowest(&client, &arguments), arguments));
    let [front, window, (other_before, other)] = before;

    client.call("Invoke", hang).unwrap();
    journal.await_control(mark, "hang", "hang").unwrap();
    for (before, arguments) in [front, window] {
        let (mut hung_took, mut other_took) = (Duration::MAX, Duration::MAX);
        for _ in 0..ROUNDS {
            let (took, text) = timed(&client, &arguments);
            hung_took = hung_took.min(took);
            let line = text.lines().find(|line| line.contains(HANGING)).unwrap();
            assert!(line.contains(" hung"), "{arguments}: {text}");
            let (took, text) = timed(&client, &other);
            other_took = other_took.min(took);
            assert!(text.contains("Greet") && !text.contains(" hung"), "{text}");
        }
        assert!(hung_took <= before + HANG_COST + SLACK, "{arguments}: {hung_took:?}, and {before:?} before it hung");
        let bar = other_before * AFTER_HANG.0 / AFTER_HANG.1 + SLACK;
        assert!(other_took <= bar, "another window: {other_took:?}, and {other_before:?} before one hung");
    }
    let ended = |line: &Value| is(line, "hang", "hang") && line["phase"] == "end";
    assert!(!journal.since(mark).unwrap().iter().any(ended), "the window answered before all was measured");
}

#[test]
fn a_control_of_a_window_that_hangs_is_not_called_operated() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let greet = find(&client, "button", "Greet");
    let mark = desktop.mark().unwrap();
    client.call("Invoke", json!({ "name": "Hang for 2 s", "observe": "none" })).unwrap();
    desktop.journal().await_control(mark, "hang", "hang-2").unwrap();
    let invoked = client.call("Invoke", json!({ "ref": greet })).unwrap();
    assert!(invoked.is_error || invoked.outcome() != "confirmed", "{}", invoked.text);
    let end = |line: &Value| is(line, "hang", "hang-2") && line["phase"] == "end";
    desktop.journal().await_event(mark, "the end of the hang", EVENT_LIMIT, end).unwrap();
}
