//! What each parameter of the desktop's tools changes, one row each: the ways to name an element, what an action answers
//! with, how it is done. The journal, the fixture's own state and the size of pictures are the judges; what the tools do
//! without these parameters lives with their subjects.

use crate::fixture::{TITLE, find, front, says};
use portcullis_testkit::client::{Client, ToolResult};
use portcullis_testkit::desktop::{Desktop, desktop, ref_of};
use portcullis_testkit::journal::{EVENT_LIMIT, Journal, is};
use portcullis_testkit::server::Transport;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Points inside controls of the fixture's first page.
const ON_NAME: (i32, i32) = (202, 126);
const ON_MOUSE_PAD: (i32, i32) = (700, 420);
const ON_MOUSE_PAD_TOO: (i32, i32) = (760, 440);
/// How long an event may take to be journalled, once all input was taken.
const SOON: Duration = Duration::from_secs(1);
/// How long a drag lasts that was asked to, in milliseconds.
const SLOW_MS: u64 = 400;

/// One call and what the fixture must then say.
struct Row {
    /// Calls that come before, whose effect is not judged.
    first: &'static [(&'static str, &'static str)],
    tool: &'static str,
    /// A value `ref of ROLE NAME` becomes that element's ref.
    arguments: Value,
    /// An event, its control and its details; or a member of the fixture's state by its JSON pointer, and its value.
    told: Told,
}

enum Told {
    Event(&'static str, &'static str, Value),
    State(&'static str, Value),
}

fn row(tool: &'static str, arguments: Value, told: Told) -> Row {
    Row { first: &[], tool, arguments, told }
}

fn mouse(detail: Value) -> Told {
    Told::Event("mouse", "mouse-pad", detail)
}

/// How long a row with a held key is tried.
const HELD_LIMIT: Duration = Duration::from_secs(40);

/// The pointer elsewhere on the pad: where it enters a window, the lab's display tells the keys anew, and those that were
/// injected are up.
const AFAR: &[(&str, &str)] = &[("Move", r#"{"x": 600, "y": 380}"#)];

fn rows() -> Vec<Row> {
    let greeted = || Told::Event("click", "greet", json!({}));
    let holds = |control, text: &str| Told::State(control, json!(text));
    let (x, y) = ON_MOUSE_PAD;
    let (to_x, to_y) = ON_MOUSE_PAD_TOO;
    let middle = json!({ "action": "up", "button": "middle" });
    let shifted = json!({ "action": "up", "button": "left", "modifiers": ["shift"], "screen": { "x": x, "y": y } });
    let dragged =
        json!({ "action": "up", "button": "right", "modifiers": ["ctrl"], "screen": { "x": to_x, "y": to_y } });
    let name = "/controls/name/text";
    let in_name: &[_] = &[("Type", r#"{"name": "Name", "role": "edit", "text": "old"}"#)];
    vec![
        row("Click", json!({ "automation_id": "1010" }), Told::Event("check", "subscribe", json!({ "state": 1 }))),
        row("Click", json!({ "role": "radio", "nth": 2 }), Told::Event("radio", "green", json!({ "state": 1 }))),
        row("Click", json!({ "ref": "ref of button Greet" }), greeted()),
        row("Click", json!({ "ref": "ref of button Greet", "how": "pointer" }), greeted()),
        row("Click", json!({ "ref": "ref of pane Mouse pad", "button": "middle" }), mouse(middle)),
        Row { first: AFAR, ..row("Click", json!({ "x": x, "y": y, "held": "shift" }), mouse(shifted)) },
        row("Click", json!({ "name": "Mouse pad", "action": "triple" }), mouse(json!({ "action": "double" }))),
        Row {
            first: AFAR,
            ..row(
                "Drag",
                json!({ "x": x, "y": y, "to_x": to_x, "to_y": to_y, "button": "right", "held": "ctrl" }),
                mouse(dragged),
            )
        },
        row(
            "Drag",
            json!({ "name": "Drag me", "role": "pane", "nth": 1, "to_ref": "ref of pane Drop here" }),
            Told::Event("drop", "drop-target", json!({ "source": "drag-source" })),
        ),
        row(
            "Drag",
            json!({ "automation_id": "1028", "to_ref": "ref of pane Drop here" }),
            Told::Event("drop", "drop-target", json!({ "source": "drag-source" })),
        ),
        row("Scroll", json!({ "automation_id": "1019", "amount": -1 }), Told::State("/controls/month/top", json!(3))),
        row(
            "Scroll",
            json!({ "ref": "ref of list Month", "amount": -1 }),
            Told::State("/controls/month/top", json!(3)),
        ),
        row("Scroll", json!({ "role": "list", "nth": 1, "amount": -1 }), Told::State("/controls/month/top", json!(3))),
        row("Scroll", json!({ "x": x, "y": y, "amount": 2 }), mouse(json!({ "action": "wheel", "delta": 240 }))),
        row(
            "Scroll",
            json!({ "x": x, "y": y, "amount": 1, "horizontal": true }),
            mouse(json!({ "action": "horizontal-wheel", "delta": 120 })),
        ),
        row("Type", json!({ "automation_id": "1000", "text": "id" }), holds(name, "id")),
        row("Type", json!({ "role": "edit", "nth": 1, "text": "nth" }), holds(name, "nth")),
        row("Type", json!({ "ref": "ref of edit Name", "text": "ref" }), holds(name, "ref")),
        row("Type", json!({ "x": ON_NAME.0, "y": ON_NAME.1, "text": "at" }), holds(name, "at")),
        row("Type", json!({ "name": "Name", "role": "edit", "text": "v", "how": "value" }), holds(name, "v")),
        row("Type", json!({ "name": "Name", "role": "edit", "text": "k", "how": "keys" }), holds(name, "k")),
        Row {
            first: in_name,
            ..row("Type", json!({ "name": "Name", "role": "edit", "text": "new", "clear": true }), holds(name, "new"))
        },
        Row {
            first: in_name,
            ..row("Type", json!({ "name": "Name", "role": "edit", "text": "<", "caret": "start" }), holds(name, "<old"))
        },
        Row {
            first: in_name,
            ..row("Type", json!({ "name": "Name", "role": "edit", "text": ">", "caret": "end" }), holds(name, "old>"))
        },
        Row {
            first: &[
                ("Type", r#"{"name": "Name", "role": "edit", "text": "old"}"#),
                ("Shortcut", r#"{"keys": "home"}"#),
            ],
            ..row("Type", json!({ "name": "Name", "role": "edit", "text": "+", "caret": "keep" }), holds(name, "+old"))
        },
        row(
            "Type",
            json!({ "name": "Notes", "role": "document", "text": "one", "press_enter": true }),
            holds("/controls/notes/text", "one\r\n"),
        ),
        row("Invoke", json!({ "automation_id": "1004" }), greeted()),
        row("Invoke", json!({ "role": "button", "name": "Greet", "nth": 1 }), greeted()),
        row(
            "Invoke",
            json!({ "role": "checkbox", "nth": 1 }),
            Told::Event("check", "subscribe", json!({ "state": 1 })),
        ),
        row(
            "Invoke",
            json!({ "automation_id": "1018", "action": "set_value", "value": "Large" }),
            Told::State("/controls/combo-list/text", json!("Large")),
        ),
    ]
}

/// The arguments with refs in the places of names.
fn with_refs(client: &Client, mut arguments: Value) -> Value {
    for value in arguments.as_object_mut().unwrap().values_mut() {
        let named = value.as_str().and_then(|text| text.strip_prefix("ref of ")?.split_once(' '));
        if let Some((role, name)) = named {
            *value = json!(find(client, role, name));
        }
    }
    arguments
}

#[test]
fn each_parameter_of_an_action_does_what_it_says() {
    for row in rows() {
        let mut desktop = desktop().unwrap();
        let client = front(&mut desktop);
        // The lab's display reports the keys in its own time, which may come while one is held and let it up: the longer it is
        // held, the more often.
        let deadline = Instant::now() + HELD_LIMIT;
        while let Err(problem) = happens(&row, &desktop, &client) {
            let again = row.arguments["held"].is_string();
            assert!(again && Instant::now() < deadline, "{} {}: {problem}", row.tool, row.arguments);
        }
    }
}

/// Makes the calls of a row; what the fixture did not say.
fn happens(row: &Row, desktop: &Desktop, client: &Client) -> Result<(), String> {
    for (tool, arguments) in row.first {
        client.call(tool, serde_json::from_str(arguments).unwrap()).unwrap().ok().unwrap();
    }
    let arguments = with_refs(client, row.arguments.clone());
    desktop.state_after_input().unwrap();
    let mark = desktop.mark().unwrap();
    let answer = client.call(row.tool, arguments).unwrap();
    assert!(!answer.is_error, "{} {}: {}", row.tool, row.arguments, answer.text);
    let state = desktop.state_after_input().unwrap();
    match &row.told {
        Told::Event(event, control, detail) => {
            let fits = |line: &Value| is(line, event, control) && says(line, detail);
            let told = desktop.journal().await_event(mark, &format!("{event} of {control}"), SOON, fits);
            told.map(drop).map_err(|error| format!("{}: {error:#}", answer.text))
        }
        Told::State(place, value) if state.pointer(place) == Some(value) => Ok(()),
        Told::State(place, _) => Err(format!("{}: {place} is {:?}", answer.text, state.pointer(place))),
    }
}

#[test]
fn a_drag_takes_the_time_that_it_was_given() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let ((x, y), (to_x, to_y)) = (ON_MOUSE_PAD, ON_MOUSE_PAD_TOO);
    let duration = f64::from(u32::try_from(SLOW_MS).unwrap()) / 1e3;
    let rows = [
        ("Drag", json!({ "x": x, "y": y, "to_x": to_x, "to_y": to_y, "duration": duration })),
        ("Move", json!({ "drag": true, "start_x": x, "start_y": y, "x": to_x, "y": to_y, "duration": duration })),
    ];
    for (tool, arguments) in rows {
        let mark = desktop.mark().unwrap();
        client.call(tool, arguments).unwrap().ok().unwrap();
        let at = |action: &str| {
            let fits = |line: &Value| is(line, "mouse", "mouse-pad") && says(line, &json!({ "action": action }));
            let line = desktop.journal().await_event(mark, action, EVENT_LIMIT, fits).unwrap();
            line["ms"].as_u64().unwrap()
        };
        let took = at("up") - at("down");
        assert!(took >= SLOW_MS, "{tool}: {took} ms");
    }
}

#[test]
fn an_action_answers_with_what_was_asked_for() {
    let actions = [
        ("Click", json!({ "name": "Subscribe" })),
        ("Invoke", json!({ "name": "Subscribe" })),
        ("Type", json!({ "name": "Name", "role": "edit", "text": "a" })),
        ("Scroll", json!({ "name": "Scroll area", "amount": -1 })),
        ("Drag", json!({ "name": "Drag me", "to_x": ON_MOUSE_PAD.0, "to_y": ON_MOUSE_PAD.1 })),
        ("Move", json!({ "name": "Mouse pad" })),
        ("Shortcut", json!({ "keys": "f9" })),
    ];
    for (tool, mut arguments) in actions {
        for observe in ["none", "diff", "snapshot", "image"] {
            let mut desktop = desktop().unwrap();
            let client = front(&mut desktop);
            arguments["observe"] = json!(observe);
            let answer = client.call(tool, arguments.clone()).unwrap();
            let what = format!("{tool} {arguments}: {}", answer.text);
            assert!(!answer.is_error, "{what}");
            let lists = answer.text.contains("button \"Do nothing\"");
            assert_eq!(lists, observe == "snapshot", "{what}");
            assert_eq!(answer.images.len(), usize::from(observe == "image"), "{what}");
            if observe == "none" {
                // The outcome, and at most the line of the target that it is shown by.
                assert!(answer.text.lines().count() <= 2, "{what}");
            }
        }
    }
}

#[test]
fn a_window_that_is_named_is_used_and_not_the_one_in_front() {
    const OTHER: &str = "Another window";
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let journal = Journal::at(desktop.run().share().join("journal-named.jsonl"));
    let _other = desktop.spawn_fixture(&journal, OTHER, "300,60").unwrap();
    let started = journal.all().unwrap().into_iter().find(|line| line["event"] == "started").unwrap();
    let shown = client.call("Snapshot", json!({})).unwrap().ok().unwrap().text;
    let other = ref_of(&shown, OTHER).unwrap();
    let back = |desktop: &Desktop| {
        client.call("FocusWindow", json!({ "title": TITLE })).unwrap().ok().unwrap();
        desktop.mark().unwrap()
    };
    let acts = [
        ("Invoke", json!({ "name": "Greet", "role": "button" }), "click", "greet"),
        ("Click", json!({ "name": "Subscribe" }), "check", "subscribe"),
        ("Type", json!({ "name": "Name", "role": "edit", "text": "x" }), "text", "name"),
        ("Scroll", json!({ "name": "Scroll area", "amount": -1 }), "scroll", "scroll-area"),
        ("Move", json!({ "name": "Mouse pad" }), "mouse", "mouse-pad"),
        ("Drag", json!({ "name": "Drag me", "to_x": 620, "to_y": 560 }), "drag", "drag-source"),
        ("Shortcut", json!({ "keys": "ctrl+o" }), "menu", "menu-file-open"),
    ];
    for (tool, mut arguments, event, control) in acts {
        let before = back(&desktop);
        let mark = journal.mark().unwrap();
        arguments["window"] = json!(other);
        let answer = client.call(tool, arguments.clone()).unwrap();
        assert!(!answer.is_error, "{tool} {arguments}: {}", answer.text);
        journal
            .await_event(mark, event, EVENT_LIMIT, |line| is(line, event, control))
            .unwrap_or_else(|error| panic!("{tool} {arguments}: {error:#}"));
        let here = desktop.journal().since(before).unwrap();
        assert!(!here.iter().any(|line| is(line, event, control)), "{tool} acted on the window in front: {here:?}");
    }
    // A dialog came up there, which its owner waits for.
    client.call("Invoke", json!({ "name": "Cancel", "role": "button" })).unwrap().ok().unwrap();
    back(&desktop);
    let looks = [
        ("FindElement", json!({ "role": "window" }), OTHER),
        ("GetText", json!({ "name": "Name", "role": "edit" }), "x"),
        ("WaitFor", json!({ "condition": "element_exists", "name": "Greet", "timeout": 1 }), "Greet"),
        ("Snapshot", json!({}), OTHER),
    ];
    for (tool, mut arguments, words) in looks {
        arguments["window"] = json!(other);
        let answer = client.call(tool, arguments.clone()).unwrap();
        assert!(!answer.is_error && answer.text.contains(words), "{tool} {arguments}: {}", answer.text);
        assert!(!answer.text.contains(TITLE), "{tool} {arguments}: {}", answer.text);
    }
    // And by the number that Windows has for it.
    let handle = started["hwnd"].as_u64().unwrap();
    for (tool, arguments, words) in [
        ("FocusWindow", json!({ "handle": handle }), OTHER),
        ("App", json!({ "action": "switch", "handle": handle }), OTHER),
        ("App", json!({ "action": "resize", "handle": handle, "x": 40, "y": 50 }), "at 40,50"),
    ] {
        back(&desktop);
        let answer = client.call(tool, arguments.clone()).unwrap();
        assert_eq!(answer.outcome(), "confirmed", "{tool} {arguments}: {}", answer.text);
        assert!(answer.text.contains(words), "{tool} {arguments}: {}", answer.text);
    }
}

#[test]
fn each_parameter_of_a_look_does_what_it_says() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let text = |tool: &str, arguments: Value| client.call(tool, arguments).unwrap().ok().unwrap().text;
    client.call("Type", json!({ "name": "Name", "role": "edit", "text": "Grace" })).unwrap().ok().unwrap();
    for arguments in [
        json!({ "automation_id": "1000" }),
        json!({ "role": "edit", "nth": 1 }),
        json!({ "x": ON_NAME.0, "y": ON_NAME.1 }),
    ] {
        assert_eq!(text("GetText", arguments.clone()), "Grace", "{arguments}");
    }
    let all = text("FindElement", json!({ "role": "button" }));
    let found = all.lines().filter(|line| line.contains(" button ")).count();
    assert!(found > 3, "{all}");
    let some = text("FindElement", json!({ "role": "button", "limit": 2 }));
    assert_eq!(some.lines().filter(|line| line.contains(" button ")).count(), 2, "{some}");
    assert!(some.contains(&found.to_string()), "what was left out is not said: {some}");
    let second = text("FindElement", json!({ "role": "radio", "nth": 2 }));
    assert!(second.contains("Green") && !second.contains("Red"), "{second}");
    for awaited in [
        json!({ "automation_id": "1004" }),
        json!({ "role": "radio", "nth": 3 }),
        json!({ "ref": find(&client, "button", "Greet") }),
    ] {
        let mut arguments = awaited.clone();
        arguments
            .as_object_mut()
            .unwrap()
            .extend([("condition".to_owned(), json!("element_enabled")), ("timeout".to_owned(), json!(1))]);
        let there = text("WaitFor", arguments);
        assert!(there.contains("Greet") || there.contains("Blue"), "{awaited}: {there}");
    }
    let mark = desktop.mark().unwrap();
    desktop.page("form").unwrap();
    let page = desktop.journal().await_control(mark, "page", "page-form").unwrap();
    let greet = page["controls"].as_array().unwrap().iter().find(|known| known["name"] == "greet").unwrap();
    let place = &greet["rect"];
    let at = format!("button \"Greet\" @{},{} {}x{}", place["x"], place["y"], place["w"], place["h"]);
    let with = text("Snapshot", json!({ "with_rects": true }));
    assert!(with.contains(&at), "{at}: {with}");
    let without = text("Snapshot", json!({}));
    assert!(!without.contains(" @"), "rectangles that nobody asked for: {without}");
}

/// The origin and the factor by which a picture's text leads back to the screen.
fn way_back(text: &str) -> (f64, f64, f64) {
    let number = |after: &str| -> f64 {
        let rest = text.split_once(after).unwrap_or_else(|| panic!("no `{after}`: {text}")).1;
        rest.split([' ', ',']).next().unwrap().parse().unwrap()
    };
    (number("screen x = "), number("y = "), number("px * "))
}

#[test]
fn a_scaled_picture_says_the_way_back_by_which_a_click_hits() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let mark = desktop.mark().unwrap();
    desktop.page("form").unwrap();
    let page = desktop.journal().await_control(mark, "page", "page-form").unwrap();
    let known = page["controls"].as_array().unwrap().iter().find(|known| known["name"] == "subscribe").unwrap();
    let side = |name: &str| known["rect"][name].as_f64().unwrap();
    let region = json!({ "left": 11, "top": 90, "width": 900, "height": 500 });
    for (turn, arguments) in [
        json!({ "max_width": 640 }),
        json!({ "region": region, "max_width": 300 }),
        json!({ "monitor": 1, "max_width": 777 }),
        json!({ "max_bytes": 10_000 }),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = client.call("Screenshot", arguments.clone()).unwrap().ok().unwrap();
        let (left, top, factor) = way_back(&answer.text);
        assert!(factor > 1.0, "{arguments}: {}", answer.text);
        // Where a model would find the middle of the box, in whole pixels of the picture.
        let px = ((side("x") + side("w") / 2.0 - left) / factor).round();
        let py = ((side("y") + side("h") / 2.0 - top) / factor).round();
        let (x, y) = ((left + px * factor).round(), (top + py * factor).round());
        let mark = desktop.mark().unwrap();
        let to = json!({ "x": whole(x), "y": whole(y) });
        client.call("Click", to.clone()).unwrap().ok().unwrap();
        let state = json!({ "state": (turn + 1) % 2 });
        desktop
            .journal()
            .await_event(mark, "a click", EVENT_LIMIT, |line| is(line, "check", "subscribe") && says(line, &state))
            .unwrap_or_else(|error| panic!("{arguments}, {}, {to}: {error:#}", answer.text));
    }
}

fn whole(number: f64) -> i64 {
    format!("{number}").parse().unwrap()
}

#[test]
fn a_picture_has_the_size_and_weight_that_was_asked_for() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let sizes = |tool: &str, arguments: Value| {
        let answer = client.call(tool, arguments.clone()).unwrap().ok().unwrap();
        assert_eq!(answer.images.len(), 1, "{tool} {arguments}: {}", answer.text);
        let said = answer.text.lines().find_map(|line| line.split_once("picture ")).unwrap().1;
        (said.split('x').next().unwrap().parse::<u32>().unwrap(), answer.images[0].base64.len() / 4 * 3)
    };
    assert_eq!(sizes("Screenshot", json!({ "max_width": 640 })).0, 640);
    assert_eq!(sizes("Snapshot", json!({ "use_vision": true, "max_width": 500 })).0, 500);
    assert_eq!(sizes("Snapshot", json!({ "use_vision": true, "max_width": 400, "monitor": 1 })).0, 400);
    let (_, bytes) = sizes("Screenshot", json!({ "max_bytes": 12_000 }));
    assert!(bytes <= 12_000, "{bytes} bytes");
    let jpeg = |arguments: Value| -> ToolResult { client.call("Screenshot", arguments).unwrap().ok().unwrap() };
    // A list of many rows is no flat area, so that the quality can show.
    desktop.page("rows").unwrap();
    let (low, high) = (jpeg(json!({ "quality": 10 })), jpeg(json!({ "quality": 95 })));
    if low.images[0].mime == "image/jpeg" && high.images[0].mime == "image/jpeg" {
        assert!(low.images[0].base64.len() < high.images[0].base64.len());
    }
    assert!(low.images[0].base64.len() <= high.images[0].base64.len());
    let display = client.call("Snapshot", json!({ "use_vision": true, "monitor": 9 })).unwrap();
    assert!(display.is_error && display.text.contains("monitor"), "{}", display.text);
}

#[test]
fn a_program_starts_in_the_folder_that_was_named() {
    const OTHER: &str = "In a folder";
    let desktop = desktop().unwrap();
    let open = desktop.own_server(Transport::Stdio, &["--enable-tier3"]).unwrap();
    let client = open.client(portcullis_testkit::client::Era::Legacy).unwrap();
    let folder = desktop.run().share().join("started-here");
    std::fs::create_dir_all(&folder).unwrap();
    let exe = desktop.run().windows_path(&portcullis_testkit::desktop::fixture_exe());
    let arguments = json!({
        "action": "launch", "name": exe, "cwd": desktop.run().windows_path(&folder),
        "args": ["--journal", "journal.jsonl", "--title", OTHER],
    });
    let answer = client.call("App", arguments).unwrap();
    assert_eq!(answer.outcome(), "confirmed", "{}", answer.text);
    assert!(folder.join("journal.jsonl").exists(), "{}", answer.text);
    client.call("App", json!({ "action": "close", "name": OTHER })).unwrap().ok().unwrap();
}
