//! Rows, tree items and tabs: each is told where it is and by which number, which the fixture's journal shows when it is
//! clicked or selected. The rows lie behind the first group of a reading as well as in it.

use portcullis_testkit::desktop::desktop;
use portcullis_testkit::server::Transport;
use serde_json::{Value, json};

const TITLE: &str = "Portcullis Fixture";

/// A page, what to call with which arguments, and the event that must follow: its control and its text.
type Row = (&'static str, &'static str, Value, &'static str, &'static str);

fn rows() -> Vec<Row> {
    let row = |name: &str| json!({ "name": name });
    vec![
        ("rows", "Click", row("Order 0003"), "rows-view", "Order 0003"),
        ("rows", "Click", row("Order 0020"), "rows-view", "Order 0020"),
        ("rows", "Invoke", json!({ "name": "Order 0090", "action": "select" }), "rows-view", "Order 0090"),
        ("rows", "Invoke", json!({ "name": "Order 0200", "action": "select" }), "rows-view", "Order 0200"),
        ("rows", "Click", row("Line 0021"), "rows-list", "Line 0021"),
        ("rows", "Invoke", json!({ "name": "Line 0150", "action": "select" }), "rows-list", "Line 0150"),
        ("lists", "Click", row("Order 0020"), "list-view", "Order 0020"),
        ("form", "Click", row("Plants"), "tree", "Plants"),
        ("form", "Invoke", json!({ "name": "Minerals", "action": "select" }), "tree", "Minerals"),
    ]
}

#[test]
fn a_row_is_the_one_that_it_was_told_to_be() {
    for (page, tool, arguments, control, text) in rows() {
        let mut desktop = desktop().unwrap();
        desktop.page(page).unwrap();
        let client = desktop.client(Transport::Stdio, &[]).unwrap();
        client.call("FocusWindow", json!({ "title": TITLE })).unwrap().ok().unwrap();
        let mark = desktop.mark().unwrap();
        let answer = client.call(tool, arguments.clone()).unwrap();
        assert_eq!(answer.outcome(), "confirmed", "{tool} {arguments}: {}", answer.text);
        let line = desktop.journal().await_control(mark, "select", control).unwrap();
        assert!(line.to_string().contains(text), "{tool} {arguments}: {line}");
    }
}
