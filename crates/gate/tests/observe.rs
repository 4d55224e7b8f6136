//! What an action says of its effect when its caller wants to be shown nothing: evidence where there is some, and otherwise
//! what was looked at, without waiting for what could not be seen.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what went wrong by failing")]

mod common;

use common::open_gate;
use portcullis_gate::{Call, Gate};
use portcullis_model::{Cancel, Outcome, Part, Point, Principal, Rect, Reply};
use portcullis_platform_fake::{Call as PortCall, FakeDesktop, WindowBuilder};
use portcullis_policy::Approval;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What an action without visible effect is watched for when its window is read.
const WATCHED: Duration = Duration::from_millis(400);

fn desktop() -> FakeDesktop {
    let desktop = FakeDesktop::new();
    desktop.open(
        WindowBuilder::new("Words", "words.exe")
            .at(Rect::new(0, 0, 400, 300))
            .text("Here")
            .edit("Name", "")
            .button("Go", |_| {}),
    );
    desktop
}

fn gate() -> Gate {
    open_gate(&desktop(), Approval::Never, |rules| rules)
}

/// The outcome, what it says, and how long it took.
fn act(gate: &Gate, tool: &str, mut arguments: Value, observe: &str) -> (&'static str, String, Duration) {
    arguments.as_object_mut().unwrap().insert("observe".to_owned(), json!(observe));
    let began = Instant::now();
    let call = Call { principal: Principal::local(), tool: tool.to_owned(), arguments, cancel: Cancel::new() };
    let reply = gate.call(call).unwrap();
    let outcome = reply.outcome().unwrap();
    let said = match outcome {
        Outcome::Confirmed(evidence) => evidence.lines.join("; "),
        Outcome::Unverified { why } => why.clone(),
        Outcome::NoEffect { observed } => observed.clone(),
    };
    (outcome.word(), said, began.elapsed())
}

#[test]
fn where_windows_alone_are_looked_at_nothing_more_is_said_and_nothing_waited_for() {
    let only = "only windows were looked at, and none of its program came or went within 50 ms";
    let drag = json!({ "x": 5, "y": 5, "to_x": 9, "to_y": 9 });
    let background = json!({ "x": 1900, "y": 1000, "to_x": 1910, "to_y": 1010 });
    for (tool, arguments, what) in [
        ("Shortcut", json!({ "keys": "f9" }), only),
        ("Drag", drag, only),
        ("Drag", background, "nothing was looked at"),
    ] {
        let gate = gate();
        // A machine that is busy may take its time once.
        let quick = (0..5).any(|_| {
            let (outcome, said, took) = act(&gate, tool, arguments.clone(), "none");
            assert_eq!(outcome, "unverified", "{tool}: {said}");
            assert!(said.ends_with(what), "{tool}: {said}");
            took < WATCHED
        });
        assert!(quick, "{tool} waits for what it cannot see");
    }
}

/// A press of a button that shows no state, where nothing comes up.
#[test]
fn an_element_without_a_state_is_not_watched_for_one() {
    let (gate, cancel) = (gate(), Cancel::new());
    let arguments = json!({ "name": "Go" });
    let find = Call { principal: Principal::local(), tool: "FindElement".to_owned(), arguments, cancel };
    let reply = gate.call(find).unwrap();
    let Reply::View { parts, .. } = &reply else { panic!("{reply:?}") };
    let [Part::Text(found)] = parts.as_slice() else { panic!("{reply:?}") };
    let name = found.lines().last().and_then(|line| line.split_once(' ')).unwrap().0;
    let quick = (0..5).any(|_| {
        let (outcome, said, took) = act(&gate, "Click", json!({ "ref": name, "how": "pointer" }), "none");
        assert_eq!(outcome, "unverified", "{said}");
        let what =
            "the element itself shows no state; only windows were looked at, and none of its program came or went";
        assert!(said.ends_with(&format!("{what} within 50 ms")), "{said}");
        took < WATCHED
    });
    assert!(quick);
}

/// Another program brings the pointer there after the call has begun: the move changes nothing, and no target sees one.
#[test]
fn a_move_counts_from_where_the_pointer_was_at_the_act() {
    for brought in [false, true] {
        let desktop = desktop();
        let gate = open_gate(&desktop, Approval::Never, |rules| rules);
        let (_, said, _) = act(&gate, "Move", json!({ "name": "Name" }), "none");
        let place = said.split("is at ").nth(1).and_then(|rest| rest.split(", was").next()).unwrap();
        let (x, y) = place.split_once(',').unwrap();
        let there = Point { x: x.parse().unwrap(), y: y.parse().unwrap() };
        desktop.put_pointer(Point { x: 1, y: 1 });
        if brought {
            desktop.before_next(PortCall::Read, move |desktop| desktop.put_pointer(there));
        }
        let (outcome, said, _) = act(&gate, "Move", json!({ "name": "Name" }), "none");
        let expected = if brought { ("no_effect", "already") } else { ("confirmed", "was at 1,1") };
        assert!(outcome == expected.0 && said.ends_with(expected.1), "{outcome}: {said}");
    }
}

#[test]
fn a_window_that_goes_is_evidence_without_its_content() {
    let (outcome, said, _) = act(&gate(), "Shortcut", json!({ "keys": "alt+f4" }), "none");
    assert_eq!(outcome, "confirmed", "{said}");
}

#[test]
fn who_looks_at_the_window_says_that_nothing_changed_in_it() {
    let (outcome, said, took) = act(&gate(), "Shortcut", json!({ "keys": "f9" }), "diff");
    assert_eq!(outcome, "no_effect", "{said}");
    assert!(said.ends_with("nothing changed within 400 ms") && took >= WATCHED, "{said}");
    // The field's own value is all that was looked at.
    let click = json!({ "x": 20, "y": 70, "how": "pointer" });
    let (outcome, said, _) = act(&gate(), "Click", click, "none");
    assert!(outcome != "confirmed" && !said.contains("nothing changed"), "{outcome}: {said}");
}
