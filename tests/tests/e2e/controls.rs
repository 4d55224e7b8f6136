//! Every kind of control that the fixture has: read as the fixture knows itself to be, and operated by its own interface,
//! judged by the fixture's journal. What has no interface to be operated by is refused, and nothing happens to it.

use crate::fixture::{front, says};
use portcullis_testkit::client::Client;
use portcullis_testkit::desktop::desktop;
use portcullis_testkit::journal::{EVENT_LIMIT, is};
use serde_json::{Value, json};

/// The line of a Snapshot with these words.
fn line<'text>(snapshot: &'text str, words: &str) -> &'text str {
    snapshot.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("no {words} in\n{snapshot}"))
}

fn snapshot(client: &Client) -> String {
    client.call("Snapshot", json!({ "max_tokens": 20_000 })).unwrap().ok().unwrap().text
}

/// (page, the line's words, the fixture's control and what it must say of itself, what the line must end with then).
const READ: &[(&str, &str, &str, &str, &str)] = &[
    ("form", "checkbox \"Three states\"", "three-state", r#"{"state": 0}"#, "off"),
    ("form", "combobox \"Simple\"", "combo-simple", r#"{"text": "", "count": 5}"#, "= \"\" expanded"),
    (
        "form",
        "combobox \"Drop-down\"",
        "combo-drop-down",
        r#"{"text": "", "open": false}"#,
        r#"choices: "Athens", "Berlin", "Cairo", "Dublin", "Essen""#,
    ),
    (
        "form",
        "combobox \"Choice\"",
        "combo-list",
        r#"{"text": "", "open": false}"#,
        r#"choices: "Tiny", "Small", "Medium", "Large", "Huge""#,
    ),
    ("form", "date \"Date\"", "date", r#"{"value": "2026-01-15"}"#, "= \"2026-01-15\""),
    ("form", "slider \"Volume\"", "volume", r#"{"value": 0}"#, "= \"0\""),
    ("form", "spinner", "quantity-spin", r#"{"value": 0}"#, "= \"0\""),
    ("form", "progress \"Progress\"", "progress", r#"{"value": 40}"#, "= \"40%\""),
    ("form", "statusbar", "status-bar", r#"{"parts": ["Ready", "form"]}"#, "= \"Ready | form\""),
    ("form", "button \"New\"", "tool-bar", r#"{"enabled": true}"#, "button \"New\""),
    ("form", "tab \"One\"", "chapters", r#"{"index": 0, "text": "One"}"#, "selected"),
    ("form", "tab \"Form\"", "pages", r#"{"index": 0, "text": "Form"}"#, "selected"),
    ("form", "radio \"Red\"", "red", r#"{"state": 1}"#, "on"),
    ("form", "treeitem \"Animals\"", "tree", r#"{"expanded": []}"#, "collapsed"),
    ("form", "edit \"Read only\"", "read-only", r#"{"text": "You may look"}"#, "= \"You may look\" readonly"),
    ("form", "button \"Disabled\"", "disabled", r#"{"enabled": false}"#, "disabled"),
    ("text", "document \"Rich text\"", "rich-edit", r#"{"text": ""}"#, "= \"\" focused"),
    ("lists", "row \"Order 0002\"", "list-view", r#"{"count": 20}"#, "= \"Blaise | 20.00\""),
    ("lists", "list \"Long list\"", "long-list", r#"{"count": 100}"#, "+80 more rows"),
];

#[test]
fn every_kind_of_control_is_read_as_it_is() {
    for page in ["form", "text", "lists"] {
        let mut desktop = desktop().unwrap();
        let client = front(&mut desktop);
        desktop.page(page).unwrap();
        let seen = snapshot(&client);
        let known = desktop.state().unwrap();
        for (_, words, control, detail, end) in READ.iter().filter(|row| row.0 == page) {
            let detail: Value = serde_json::from_str(detail).unwrap();
            let state = &known["controls"][control];
            assert!(says(state, &detail), "{control} is {state} and not {detail}");
            let line = line(&seen, words);
            assert!(line.ends_with(end), "{control}, which is {state}, is read as {line}");
        }
    }
}

/// One act, what the journal must say of it, and words of the answer.
struct Act {
    page: &'static str,
    arguments: Value,
    event: &'static str,
    control: &'static str,
    detail: Value,
    diff: &'static str,
}

fn act(arguments: Value, event: &'static str, control: &'static str, detail: Value, diff: &'static str) -> Act {
    Act { page: "form", arguments, event, control, detail, diff }
}

fn set(role: &str, name: &str, value: &str) -> Value {
    json!({ "role": role, "name": name, "action": "set_value", "value": value })
}

fn acts() -> Vec<Act> {
    let named = |name: &str, action: &str| json!({ "name": name, "action": action });
    let on_text = |act: Act| Act { page: "text", ..act };
    vec![
        act(set("combobox", "Simple", "Cherry"), "text", "combo-simple", json!({ "text": "Cherry" }), "\"Simple\""),
        act(
            set("combobox", "Drop-down", "Oslo"),
            "text",
            "combo-drop-down",
            json!({ "text": "Oslo" }),
            "\"Drop-down\"",
        ),
        act(set("combobox", "Choice", "Large"), "select", "combo-list", json!({ "index": 3 }), "\"Choice\""),
        act(set("slider", "Volume", "70"), "value", "volume", json!({ "value": 70 }), "slider \"Volume\""),
        act(
            json!({ "role": "spinner", "action": "set_value", "value": "7" }),
            "value",
            "quantity-spin",
            json!({ "value": 7 }),
            "spinner",
        ),
        act(set("edit", "Name", "Ada"), "text", "name", json!({ "text": "Ada" }), "edit \"Name\""),
        act(set("document", "Notes", "a\nb"), "text", "notes", json!({ "text": "a\r\nb" }), "document \"Notes\""),
        on_text(act(
            set("document", "Rich text", "Grüße"),
            "text",
            "rich-edit",
            json!({ "text": "Grüße" }),
            "document \"Rich text\"",
        )),
        act(named("Three states", "toggle"), "check", "three-state", json!({ "state": 1 }), "off -> on"),
        act(
            json!({ "role": "combobox", "name": "Choice", "action": "expand" }),
            "drop-down",
            "combo-list",
            json!({ "open": true }),
            "\"Choice\": expanded",
        ),
        act(
            named("Animals", "expand"),
            "expand",
            "tree",
            json!({ "text": "Animals", "expanded": true }),
            "\"Animals\"",
        ),
        act(
            json!({ "role": "tab", "name": "Two", "action": "select" }),
            "select",
            "chapters",
            json!({ "text": "Two" }),
            "\"Two\": selected",
        ),
        act(named("Tuesday", "select"), "select", "weekdays", json!({ "texts": ["Tuesday"] }), "\"Tuesday\": selected"),
        act(
            json!({ "role": "document", "name": "Notes", "action": "focus" }),
            "focus",
            "notes",
            json!({}),
            "\"Notes\": focused",
        ),
        act(named("December", "scroll_into_view"), "scroll", "month", json!({ "top": 5 }), ""),
        act(json!({ "role": "button", "name": "Open…" }), "click", "tool-open", json!({ "tool": true }), "Open file"),
    ]
}

#[test]
fn every_kind_of_control_is_operated_by_its_own_interface() {
    for Act { page, arguments, event, control, detail, diff } in acts() {
        let mut desktop = desktop().unwrap();
        let client = front(&mut desktop);
        desktop.page(page).unwrap();
        let mark = desktop.mark().unwrap();
        let answer = client.call("Invoke", arguments.clone()).unwrap();
        let what = format!("{arguments}: {}", answer.text);
        assert_eq!(answer.outcome(), "confirmed", "{what}");
        assert!(answer.text.contains(diff), "{what}");
        let fits = |line: &Value| is(line, event, control) && says(line, &detail);
        desktop
            .journal()
            .await_event(mark, &format!("{event} of {control}"), EVENT_LIMIT, fits)
            .unwrap_or_else(|error| panic!("{what}: {error:#}"));
    }
}

/// What is as it was asked to be, or cannot be operated by messages: the outcome or code, and that nothing happened.
#[test]
fn what_is_so_already_or_has_no_interface_is_left_alone() {
    let rows = [
        (json!({ "role": "combobox", "name": "Choice", "action": "collapse" }), "no_effect"),
        (json!({ "name": "Animals", "action": "collapse" }), "no_effect"),
        (json!({ "role": "tab", "name": "One", "action": "select" }), "no_effect"),
        (json!({ "name": "January", "action": "scroll_into_view" }), "no_effect"),
        (json!({ "role": "combobox", "name": "Simple", "action": "collapse" }), "not_operable"),
        (set("date", "Date", "2026-03-05"), "not_operable"),
        (set("progress", "Progress", "50"), "not_operable"),
        (set("combobox", "Choice", "No such size"), "not_operable"),
        (json!({ "name": "Greet", "action": "expand" }), "not_operable"),
        (json!({ "name": "Greet", "action": "toggle" }), "not_operable"),
        (json!({ "role": "edit", "name": "Read only", "action": "set_value", "value": "x" }), "not_operable"),
        (json!({ "name": "Disabled" }), "disabled"),
    ];
    for (arguments, expected) in rows {
        let mut desktop = desktop().unwrap();
        let client = front(&mut desktop);
        let before = desktop.state().unwrap();
        let answer = client.call("Invoke", arguments.clone()).unwrap();
        let found = answer.fault("code").unwrap_or_else(|| answer.outcome());
        assert_eq!(found, expected, "{arguments}: {}", answer.text);
        assert_eq!(desktop.state().unwrap()["controls"], before["controls"], "{arguments}: {}", answer.text);
    }
}
