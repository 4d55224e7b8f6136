//! How far tools read a window with a long list, from outside, on the fake desktop: a look stops early and says so, a search
//! goes on, and an action compares readings that went equally far.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod common;

use common::open_gate;
use portcullis_gate::{Call, Gate};
use portcullis_model::{Cancel, Check, Part, Principal, Reply};
use portcullis_platform_fake::{FakeDesktop, WindowBuilder};
use portcullis_policy::Approval;
use serde_json::{Value, json};

/// More rows than a search reads.
const ROWS: usize = 300;

fn gate() -> Gate {
    let desktop = FakeDesktop::new();
    let names: Vec<String> = (1..=ROWS).map(|row| format!("Row {row:03}")).collect();
    desktop.open(WindowBuilder::new("Rows", "rows.exe").list("All", &names).checkbox("Done", Check::Off));
    open_gate(&desktop, Approval::Never, |rules| rules)
}

fn text(gate: &Gate, tool: &str, arguments: Value) -> String {
    let call = Call { principal: Principal::local(), tool: tool.to_owned(), arguments, cancel: Cancel::new() };
    let Reply::View { parts, .. } = gate.call(call).unwrap() else { return String::new() };
    let text = |part| if let Part::Text(text) = part { text } else { String::new() };
    parts.into_iter().map(text).collect()
}

#[test]
fn a_look_counts_the_rows_that_it_does_not_read() {
    let seen = text(&gate(), "Snapshot", json!({}));
    assert!(seen.contains("Row 020") && seen.contains("+280 more rows"), "{seen}");
    assert!(!seen.contains("Row 021") && !seen.contains("cut short"), "{seen}");
}

#[test]
fn a_search_goes_on_where_a_look_stops_and_says_how_far() {
    let gate = gate();
    assert!(text(&gate, "FindElement", json!({ "name": "Row 200" })).contains("Row 200"));
    let missed = text(&gate, "WaitFor", json!({ "condition": "text_exists", "text": "Row 200", "timeout": 1 }));
    assert!(missed.contains("Row 200"), "{missed}");
}

#[test]
fn readings_before_and_after_an_action_go_equally_far() {
    let gate = gate();
    // By name the window is searched first, and that reading is what the answer is compared with.
    let by_name = text(&gate, "Click", json!({ "name": "Done" }));
    let seen = text(&gate, "Snapshot", json!({}));
    let done = seen.lines().find(|line| line.contains("Done")).and_then(|line| line.split_whitespace().next()).unwrap();
    let by_ref = text(&gate, "Click", json!({ "ref": done }));
    for answer in [by_name, by_ref] {
        assert!(answer.contains("Done") && !answer.contains("Row"), "{answer}");
    }
}
