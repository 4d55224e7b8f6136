//! How far tools read a window with a long list, from outside, on the fake desktop: a look stops early and says so, a search
//! goes on, an action compares readings that went equally far, and a wait looks in the windows that it names and no other.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

mod common;

use common::open_gate;
use portcullis_gate::{Answer, Call, Gate};
use portcullis_model::{Cancel, Check, FaultCode, Part, Principal, Reply};
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

fn answer(gate: &Gate, tool: &str, arguments: Value) -> Answer {
    gate.call(Call { principal: Principal::local(), tool: tool.to_owned(), arguments, cancel: Cancel::new() })
}

fn text(gate: &Gate, tool: &str, arguments: Value) -> String {
    said(answer(gate, tool, arguments).unwrap())
}

fn said(reply: Reply) -> String {
    let Reply::View { parts, .. } = reply else { return String::new() };
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

#[test]
fn a_wait_looks_in_the_windows_of_the_name_and_in_no_other() {
    let desktop = FakeDesktop::new();
    for (title, here) in [("Inbox - mail", "Second"), ("Draft - mail", "Third"), ("Front", "First")] {
        desktop.open(WindowBuilder::new(title, "words.exe").text("Everywhere").text(here));
    }
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let none = Some("no element of the window holds the text");
    for (condition, what, window_name, expected) in [
        ("text_exists", "Everywhere", None, Ok("Everywhere")),
        ("text_exists", "Everywhere", Some("MAIL"), Ok("Everywhere")),
        ("text_exists", "Third", Some("mail"), Ok("Third")),
        ("text_exists", "Second", Some("inbox"), Ok("Second")),
        // What the window in front shows counts for nothing when another one is meant.
        ("text_exists", "First", Some("mail"), Err(none)),
        ("text_exists", "Third", Some("Inbox"), Err(none)),
        ("text_exists", "Everywhere", Some("Outbox"), Err(Some("no window has this in its title"))),
        ("text_gone", "First", Some("mail"), Ok("no element of the window holds the text")),
        ("text_gone", "Third", Some("Inbox"), Ok("no element of the window holds the text")),
        ("text_gone", "Second", Some("mail"), Err(None)),
        ("element_exists", "Third", Some("mail"), Ok("Third")),
        ("element_exists", "First", Some("mail"), Err(None)),
        ("element_gone", "First", Some("mail"), Ok("nothing fits")),
    ] {
        let field = if condition.starts_with("text") { "text" } else { "name" };
        let mut arguments = json!({ "condition": condition, field: what, "timeout": 0.05 });
        if let Some(window_name) = window_name {
            arguments["window_name"] = json!(window_name);
        }
        let asked = arguments.to_string();
        let answer = answer(&gate, "WaitFor", arguments);
        match expected {
            Ok(part) => assert!(said(answer.unwrap()).contains(part), "{asked}"),
            Err(rule) => {
                let fault = answer.unwrap_err();
                assert_eq!(fault.code, FaultCode::TimedOut, "{asked}: {fault}");
                assert!(rule.is_none_or(|rule| fault.rule.as_deref() == Some(rule)), "{asked}: {fault}");
            }
        }
    }
}

#[test]
fn a_wait_takes_one_name_of_its_window() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let found = text(&gate, "FindElement", json!({ "name": "Greet" }));
    let greet = found.split_whitespace().find(|word| word.starts_with('e') && word[1..].parse::<u32>().is_ok());
    let greet = greet.unwrap();
    for arguments in [
        json!({ "condition": "text_exists", "text": "Ready", "window": greet, "window_name": "Customer" }),
        json!({ "condition": "element_exists", "name": "Greet", "window": greet, "window_name": "Customer" }),
        json!({ "condition": "element_enabled", "ref": greet, "window_name": "Customer" }),
    ] {
        let asked = arguments.to_string();
        let fault = answer(&gate, "WaitFor", arguments).unwrap_err();
        assert_eq!((fault.code, fault.field.as_deref()), (FaultCode::BadArgument, Some("window_name")), "{asked}");
    }
}

#[test]
fn a_wait_reads_so_many_windows_of_a_name_and_says_when_there_are_more() {
    let desktop = FakeDesktop::new();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let ask = |condition: &str| {
        answer(
            &gate,
            "WaitFor",
            json!({ "condition": condition, "text": "Absent", "window_name": "page", "timeout": 0.05 }),
        )
    };
    (0..8).for_each(|page| drop(desktop.open(WindowBuilder::new(&format!("page {page}"), "words.exe").text("x"))));
    ask("text_gone").unwrap();
    desktop.open(WindowBuilder::new("page 8", "words.exe").text("x"));
    let fault = ask("text_gone").unwrap_err();
    assert_eq!(fault.rule.as_deref(), Some("1 more windows have this in their title; give a longer part of it"));
}
