//! Actions on the fixture's controls, each judged by the fixture's own journal: one that changes something and says what,
//! and one that changes nothing and says so. What is refused lives in `refusals`, what windows do in `windows`.

use crate::fixture::{find, front, says};
use portcullis_testkit::client::{Client, ToolResult};
use portcullis_testkit::desktop::{call_until, desktop};
use portcullis_testkit::journal::{EVENT_LIMIT, is};
use serde_json::{Value, json};

/// Places inside controls of the fixture's first page: the mouse pad, the drag source and the drop target.
const ON_MOUSE_PAD: (i32, i32) = (700, 420);
const ON_DRAG_SOURCE: (i32, i32) = (380, 540);
const ON_DROP_TARGET: (i32, i32) = (500, 560);
/// A place where nothing is: a drop there misses, a pointer there hovers over the background.
const NOWHERE: (i32, i32) = (1_200, 700);

/// One action and what it must cause.
struct Row {
    tool: &'static str,
    /// A text `ref of NAME` becomes that element's ref.
    arguments: Value,
    /// An action that makes the state in which this one is tried.
    first: Option<(&'static str, Value)>,
    /// The event and its control.
    event: Option<(&'static str, &'static str)>,
    /// What the event must say.
    detail: Value,
    /// Words that the answer must hold.
    diff: &'static str,
}

impl Row {
    fn first(mut self, tool: &'static str, arguments: Value) -> Row {
        self.first = Some((tool, arguments));
        self
    }
}

fn effect(
    tool: &'static str,
    arguments: Value,
    event: (&'static str, &'static str),
    detail: Value,
    diff: &'static str,
) -> Row {
    Row { tool, arguments, first: None, event: Some(event), detail, diff }
}

fn nothing(tool: &'static str, arguments: Value, event: Option<(&'static str, &'static str)>, detail: Value) -> Row {
    Row { tool, arguments, first: None, event, detail, diff: "" }
}

fn at((x, y): (i32, i32)) -> Value {
    json!({ "x": x, "y": y })
}

fn effects() -> Vec<Row> {
    let name = json!({ "name": "Name", "role": "edit", "text": "Ada" });
    let drag = json!({ "ref": "ref of Drag me", "to_ref": "ref of Drop here" });
    let moved = json!({ "action": "move", "screen": at(ON_MOUSE_PAD) });
    let move_drag = json!({
        "drag": true, "start_x": ON_DRAG_SOURCE.0, "start_y": ON_DRAG_SOURCE.1,
        "x": ON_DROP_TARGET.0, "y": ON_DROP_TARGET.1,
    });
    vec![
        effect("Invoke", json!({ "name": "Greet", "role": "button" }), ("click", "greet"), json!({}), "Hello"),
        effect("Invoke", json!({ "name": "Subscribe" }), ("check", "subscribe"), json!({ "state": 1 }), "Subscribe"),
        effect("Click", json!({ "name": "Subscribe" }), ("check", "subscribe"), json!({ "state": 1 }), "Subscribe"),
        effect("Click", json!({ "name": "Green" }), ("radio", "green"), json!({ "state": 1 }), "Green"),
        effect("Click", json!({ "name": "Open dialog" }), ("click", "open-dialog"), json!({}), "Open file"),
        effect(
            "Click",
            json!({ "name": "Subscribe", "how": "pointer" }),
            ("check", "subscribe"),
            json!({ "state": 1 }),
            "Subscribe",
        ),
        effect("Type", name, ("text", "name"), json!({ "text": "Ada" }), "edit \"Name\": value 0 -> 3 characters"),
        effect("Shortcut", json!({ "keys": "ctrl+o" }), ("menu", "menu-file-open"), json!({}), "Open file"),
        effect(
            "Scroll",
            json!({ "role": "list", "name": "Month", "amount": -1 }),
            ("scroll", "month"),
            json!({ "top": 3 }),
            "list \"Month\"",
        ),
        effect(
            "Scroll",
            json!({ "name": "Scroll area", "amount": -3 }),
            ("scroll", "scroll-area"),
            json!({ "top": 144 }),
            "pane \"Scroll area\"",
        ),
        effect("Move", at(ON_MOUSE_PAD), ("mouse", "mouse-pad"), moved, "700,420").first("Move", at(NOWHERE)),
        effect(
            "Drag",
            drag,
            ("drop", "drop-target"),
            json!({ "source": "drag-source" }),
            "\"Drop here\" -> \"Dropped\"",
        ),
        effect(
            "Move",
            move_drag,
            ("drop", "drop-target"),
            json!({ "source": "drag-source", "screen": at(ON_DROP_TARGET) }),
            "\"Drop here\" -> \"Dropped\"",
        ),
    ]
}

fn no_effects() -> Vec<Row> {
    let missed = json!({ "name": "Drag me", "to_x": NOWHERE.0, "to_y": NOWHERE.1 });
    let right = json!({ "action": "up", "button": "right" });
    let double = json!({ "action": "double", "button": "left", "modifiers": ["ctrl"] });
    vec![
        nothing("Invoke", json!({ "name": "Do nothing" }), Some(("click", "do-nothing")), json!({})),
        nothing("Click", json!({ "name": "Do nothing" }), Some(("click", "do-nothing")), json!({})),
        nothing("Click", json!({ "name": "Mouse pad", "button": "right" }), Some(("mouse", "mouse-pad")), right),
        nothing(
            "Click",
            json!({ "name": "Mouse pad", "action": "double", "held": "ctrl" }),
            Some(("mouse", "mouse-pad")),
            double,
        )
        // Where the pointer enters a window, the lab's display tells the keys anew, and those that were injected are up.
        .first("Move", json!({ "name": "Mouse pad" })),
        nothing("Shortcut", json!({ "keys": "f9" }), None, json!({})),
        nothing("Scroll", json!({ "name": "Scroll area", "amount": 3 }), None, json!({})),
        nothing("Drag", missed, Some(("drag", "drag-source")), json!({ "phase": "missed" })),
        // The field takes digits alone.
        nothing(
            "Type",
            json!({ "name": "Quantity", "role": "edit", "text": "abc" }),
            Some(("focus", "quantity")),
            json!({}),
        ),
    ]
}

/// The arguments with refs in the places of names.
fn with_refs(client: &Client, mut arguments: Value) -> Value {
    for value in arguments.as_object_mut().unwrap().values_mut() {
        if let Some(name) = value.as_str().and_then(|text| text.strip_prefix("ref of ")) {
            *value = json!(find(client, "pane", name));
        }
    }
    arguments
}

#[test]
fn each_action_confirms_what_the_journal_shows_and_names_what_changed() {
    for row in effects() {
        let mut desktop = desktop().unwrap();
        let client = front(&mut desktop);
        if let Some((tool, arguments)) = &row.first {
            client.call(tool, arguments.clone()).unwrap().ok().unwrap();
        }
        let arguments = with_refs(&client, row.arguments.clone());
        let mark = desktop.mark().unwrap();
        let answer = client.call(row.tool, arguments).unwrap();
        let what = format!("{} {}: {}", row.tool, row.arguments, answer.text);
        assert_eq!(answer.outcome(), "confirmed", "{what}");
        assert!(answer.text.contains(row.diff), "{what}");
        assert!(answer.text.lines().count() <= 14, "{what}");
        let (event, control) = row.event.unwrap();
        let fits = |line: &Value| is(line, event, control) && says(line, &row.detail);
        desktop
            .journal()
            .await_event(mark, &format!("{event} of {control}"), EVENT_LIMIT, fits)
            .unwrap_or_else(|error| panic!("{what}: {error:#}"));
    }
}

#[test]
fn each_action_that_changes_nothing_says_so() {
    for row in no_effects() {
        let mut desktop = desktop().unwrap();
        let client = front(&mut desktop);
        if let Some((tool, arguments)) = &row.first {
            client.call(tool, arguments.clone()).unwrap().ok().unwrap();
        }
        let before = desktop.state_after_input().unwrap();
        let mark = desktop.mark().unwrap();
        let answer = client.call(row.tool, row.arguments.clone()).unwrap();
        let what = format!("{} {}: {}", row.tool, row.arguments, answer.text);
        assert_eq!(answer.outcome(), "no_effect", "{what}");
        if let Some((event, control)) = row.event {
            let fits = |line: &Value| is(line, event, control) && says(line, &row.detail);
            desktop
                .journal()
                .await_event(mark, &format!("{event} of {control}"), EVENT_LIMIT, fits)
                .unwrap_or_else(|error| panic!("{what}: {error:#}"));
        }
        assert_eq!(desktop.state().unwrap()["controls"], before["controls"], "{what}");
    }
}

#[test]
fn a_pointer_that_is_there_already_is_said_to_be() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    // Windows asks the display where the pointer is, and the display follows in its own time.
    let there = |answer: &ToolResult| answer.outcome() == "no_effect";
    let answer = call_until(&client, "Move", &at(NOWHERE), there).unwrap();
    assert!(answer.text.contains("1200,700"), "{}", answer.text);
}
