//! What is read of the desktop: snapshots, texts, waits and pictures, compared with what the fixture knows of itself and
//! with the pixels of the X display; and how many tokens the answers cost.

use crate::fixture::{TITLE, find, front};
use portcullis_testkit::client::{ANSWER_LIMIT, ToolResult};
use portcullis_testkit::desktop::{call_until, desktop, ref_of};
use portcullis_testkit::lab::Pixels;
use serde_json::{Value, json};

/// A token is four bytes of the text as sent.
const TOKEN_BYTES: usize = 4;
/// Tokens of a default Snapshot of a window with 200 controls.
const SNAPSHOT_TOKENS: usize = 2_000;
/// Tokens of the answer to a click.
const CLICK_TOKENS: usize = 150;
/// Pixels in which two pictures of the same desktop may differ: a blinking caret.
const CARET_PIXELS: usize = 64;

#[test]
fn a_snapshot_lists_what_the_form_has() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let snapshot = client.call("Snapshot", json!({})).unwrap().ok().unwrap().text;
    for (role, name) in [("button", "Greet"), ("edit", "Name"), ("checkbox", "Subscribe"), ("radio", "Red")] {
        let line = snapshot.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("no {name}: {snapshot}"));
        assert!(line.to_lowercase().contains(role), "{line}");
        ref_of(line, name).unwrap();
    }
}

#[test]
fn a_snapshot_of_200_controls_lists_them_all_within_its_tokens() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    desktop.page("many-controls").unwrap();
    let snapshot = client.call("Snapshot", json!({})).unwrap().ok().unwrap().text;
    let known = desktop.state().unwrap();
    let many = known["controls"].as_object().unwrap().keys().filter(|name| name.starts_with("many-")).count();
    assert_eq!(many, 200);
    let listed = snapshot.lines().filter(|line| {
        let line = line.trim_start();
        [" button \"Button ", " checkbox \"Check ", " edit = ", " text \"Label "].iter().any(|part| line.contains(part))
    });
    assert_eq!(listed.count(), many, "{snapshot}");
    let tokens = snapshot.len().div_ceil(TOKEN_BYTES);
    assert!(tokens <= SNAPSHOT_TOKENS, "{tokens} tokens:\n{snapshot}");
}

#[test]
fn the_answer_to_a_click_stays_within_its_tokens() {
    let rows = [
        ("many-controls", json!({ "name": "Check 011" })),
        ("many-controls", json!({ "name": "Button 001", "how": "pointer" })),
        ("form", json!({ "name": "Greet" })),
        ("form", json!({ "name": "Green" })),
        ("form", json!({ "name": "Open dialog" })),
        // All that the window shows is another page.
        ("form", json!({ "name": "Rows", "role": "tab" })),
    ];
    for (page, arguments) in rows {
        let mut desktop = desktop().unwrap();
        let client = front(&mut desktop);
        desktop.page(page).unwrap();
        let answer = client.call("Click", arguments.clone()).unwrap().ok().unwrap().text;
        let tokens = answer.len().div_ceil(TOKEN_BYTES);
        assert!(tokens <= CLICK_TOKENS, "{arguments}: {tokens} tokens:\n{answer}");
    }
}

#[test]
fn elements_are_found_where_the_fixture_says_they_are() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let mark = desktop.mark().unwrap();
    desktop.page("form").unwrap();
    let page = desktop.journal().await_control(mark, "page", "page-form").unwrap();
    let rows = [
        ("greet", "button", "Greet"),
        ("name", "edit", "Name"),
        ("notes", "document", "Notes"),
        ("disabled", "button", "Disabled"),
        ("month", "list", "Month"),
        ("scroll-area", "pane", "Scroll area"),
    ];
    for (control, role, name) in rows {
        let known = page["controls"].as_array().unwrap().iter().find(|known| known["name"] == control).unwrap();
        let place = known["rect"].as_object().unwrap();
        let at = format!("@{},{} {}x{}", place["x"], place["y"], place["w"], place["h"]);
        let found = client.call("FindElement", json!({ "role": role, "name": name })).unwrap().ok().unwrap().text;
        let line = found.lines().find(|line| line.contains(&format!("{role} \"{name}\""))).unwrap_or_default();
        assert!(line.contains(&at), "{control} is {at}: {found}");
        let id = json!({ "automation_id": known["id"].to_string(), "role": role });
        let by_id = client.call("FindElement", id).unwrap().ok().unwrap().text;
        assert!(by_id.contains(&at), "{control} is {at}: {by_id}");
    }
    let none = client.call("FindElement", json!({ "name": "No such control" })).unwrap();
    assert!(!none.text.contains('@'), "{}", none.text);
}

#[test]
fn texts_are_those_of_the_fixture_whole_and_in_parts() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let text = |arguments: Value| client.call("GetText", arguments).unwrap().ok().unwrap().text;
    assert_eq!(text(json!({ "name": "Read only", "role": "edit" })), "You may look");
    assert_eq!(text(json!({ "name": "Notes", "role": "document" })), "[the text is empty]");
    assert_eq!(text(json!({ "name": "Read only", "role": "edit", "from": 12 })), "[the text ends at character 12]");
    let long: String = (0..60).map(|line| format!("line {line}: Zürich 你好 🙂\n")).collect();
    client.call("Type", json!({ "name": "Notes", "role": "document", "text": long })).unwrap().ok().unwrap();
    let held = desktop.state().unwrap()["controls"]["notes"]["text"].as_str().unwrap().replace("\r\n", "\n");
    assert!(held == long, "the field holds {} bytes of {}", held.len(), long.len());
    let notes = find(&client, "document", "Notes");
    let read = text(json!({ "ref": notes }));
    assert!(read == held, "{} bytes of {} were read", read.len(), held.len());
    // The first part ends between the two characters of the first line's end, as the field has it.
    let (mut joined, mut from) = (String::new(), json!(0));
    loop {
        let part = text(json!({ "ref": notes, "from": from, "max_chars": 20 }));
        let Some((part, rest)) = part.split_once("\n[cut: characters ") else {
            joined.push_str(&part);
            break;
        };
        joined.push_str(part);
        let next: u64 = rest.split_once("from=").unwrap().1.trim_end_matches(']').parse().unwrap();
        assert!(from.as_u64().unwrap() < next, "{rest}");
        from = json!(next);
    }
    assert!(joined == held, "joined, the parts are:\n{joined}");
    let password = client.call("GetText", json!({ "name": "Password", "role": "edit" })).unwrap();
    assert!(password.is_error, "{}", password.text);
}

#[test]
fn a_wait_ends_when_its_state_comes_about() {
    let name = |name: &str| json!({ "name": name });
    let rows = [
        (json!({ "condition": "text_exists", "text": "Hello" }), "Invoke", name("Greet")),
        (json!({ "condition": "text_gone", "text": "chapter one" }), "Click", json!({ "name": "Two", "role": "tab" })),
        (json!({ "condition": "element_exists", "name": "Orders", "role": "grid" }), "Click", name("Lists")),
        (json!({ "condition": "element_gone", "name": "Greet" }), "Click", name("Lists")),
        (json!({ "condition": "focused_element", "name": "Key pad" }), "Click", name("Key pad")),
        (json!({ "condition": "window_exists", "window_name": "Open file" }), "Invoke", name("Open dialog")),
        (json!({ "condition": "active_window", "window_name": "Open file" }), "Invoke", name("Open dialog")),
    ];
    for (awaited, tool, arguments) in rows {
        let mut desktop = desktop().unwrap();
        let client = front(&mut desktop);
        let pending = client.start_call("WaitFor", awaited.clone()).unwrap();
        let waits = |tasks: &ToolResult| tasks.text.contains("\"WaitFor\"");
        call_until(&client, "GetRunningTasks", &json!({}), waits).unwrap();
        client.call(tool, arguments).unwrap().ok().unwrap();
        let answer = client.wait_call(pending, ANSWER_LIMIT).unwrap();
        assert!(answer.text.starts_with("after "), "{awaited}: {}", answer.text);
    }
}

#[test]
fn a_wait_for_what_does_not_come_says_what_was_there_instead() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let rows = [
        (json!({ "condition": "text_exists", "text": "Hello" }), "no element"),
        (json!({ "condition": "element_gone", "name": "Greet" }), "button \"Greet\""),
        (json!({ "condition": "element_enabled", "name": "Disabled", "role": "button" }), "disabled"),
        (json!({ "condition": "focused_element", "name": "Key pad" }), "pane \"Key pad\""),
        (json!({ "condition": "window_exists", "window_name": "Open file" }), "no such window"),
        (json!({ "condition": "window_gone", "window_name": TITLE }), TITLE),
    ];
    for (mut arguments, instead) in rows {
        arguments["timeout"] = json!(0.2);
        let answer = client.call("WaitFor", arguments.clone()).unwrap();
        assert_eq!(answer.fault("code"), Some("timed_out"), "{arguments}: {}", answer.text);
        assert!(answer.fault("rule").unwrap_or_default().contains(instead), "{arguments}: {}", answer.text);
    }
}

/// How many pixels of a picture differ from a part of the display that begins at a point.
fn different(picture: &Pixels, display: &Pixels, (left, top): (u32, u32)) -> usize {
    let places = (0..picture.height).flat_map(|y| (0..picture.width).map(move |x| (x, y)));
    places.filter(|(x, y)| picture.at(*x, *y) != display.at(left + x, top + y)).count()
}

#[test]
fn pictures_show_what_the_display_shows() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let window = ref_of(&client.call("Snapshot", json!({})).unwrap().ok().unwrap().text, TITLE).unwrap();
    let frame = desktop.state().unwrap()["window"]["rect"].clone();
    let side = |name: &str| u32::try_from(frame[name].as_u64().unwrap()).unwrap();
    let region = json!({ "left": 30, "top": 100, "width": 320, "height": 200 });
    let rows = [
        (json!({}), (0, 0), (1_280, 800)),
        (json!({ "monitor": 1 }), (0, 0), (1_280, 800)),
        (json!({ "region": region }), (30, 100), (320, 200)),
        (json!({ "window": window }), (side("x"), side("y")), (side("w"), side("h"))),
    ];
    for (arguments, corner, size) in rows {
        let answer = client.call("Screenshot", arguments.clone()).unwrap().ok().unwrap();
        let display = desktop.run().screen().unwrap().pixels().unwrap();
        assert_eq!(answer.images.len(), 1, "{arguments}");
        let picture = answer.images[0].pixels().unwrap();
        assert_eq!((picture.width, picture.height), size, "{arguments}: {}", answer.text);
        let different = different(&picture, &display, corner);
        assert!(different <= CARET_PIXELS, "{arguments}: {different} pixels differ; {}", answer.text);
    }
}

/// The red of a box, and the white of the number on it.
const BOX: (u8, u8, u8) = (214, 0, 0);
const INK: (u8, u8, u8) = (255, 255, 255);

#[test]
fn boxes_lie_around_the_controls_that_the_fixture_has_and_their_numbers_are_refs() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let mark = desktop.mark().unwrap();
    desktop.page("form").unwrap();
    let page = desktop.journal().await_control(mark, "page", "page-form").unwrap();
    let frame = desktop.state().unwrap()["window"]["rect"].clone();
    let answer = client.call("AnnotatedSnapshot", json!({ "max_elements": 200 })).unwrap().ok().unwrap();
    let picture = answer.images[0].pixels().unwrap();
    let number = |value: &Value, name: &str| i32::try_from(value[name].as_i64().unwrap()).unwrap();
    let at = |x: i32, y: i32| {
        let place = |value: i32, name: &str| u32::try_from(value - number(&frame, name)).ok();
        place(x, "x").zip(place(y, "y")).and_then(|(x, y)| picture.at(x, y))
    };
    let rows = [
        ("greet", "button", "Greet"),
        ("subscribe", "checkbox", "Subscribe"),
        ("blue", "radio", "Blue"),
        ("month", "list", "Month"),
    ];
    for (control, role, name) in rows {
        let known = page["controls"].as_array().unwrap().iter().find(|known| known["name"] == control).unwrap();
        let side = |name: &str| number(&known["rect"], name);
        let (x, y, right, bottom) = (side("x"), side("y"), side("x") + side("w") - 1, side("y") + side("h") - 1);
        // The number lies over the corner at the top left, so that the other three show the box.
        for (x, y) in [(right, y), (right, bottom), (x, bottom)] {
            assert_eq!(at(x, y), Some(BOX), "{name}: no box at {x},{y}\n{}", answer.text);
        }
        let inked = (y..y + 10).any(|y| (x..x + 24).any(|x| at(x, y) == Some(INK)));
        assert!(inked, "{name}: no number at {x},{y}");
        let given = ref_of(&answer.text, &format!("\"{name}\"")).unwrap();
        assert_eq!(given, find(&client, role, name));
    }
    let few = client.call("AnnotatedSnapshot", json!({ "max_elements": 3 })).unwrap().ok().unwrap();
    assert_eq!(few.text.lines().filter(|line| line.starts_with("  e")).count(), 3, "{}", few.text);
    assert!(few.text.contains("more controls have no box; raise max_elements"), "{}", few.text);
}

#[test]
fn a_grid_lies_at_the_screens_coordinates() {
    const LINE: (u8, u8, u8) = (0, 84, 204);
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let region = json!({ "left": 30, "top": 110, "width": 320, "height": 200 });
    let answer = client.call("Screenshot", json!({ "region": region, "grid": 100 })).unwrap().ok().unwrap();
    let picture = answer.images[0].pixels().unwrap();
    let column = |x: u32| (0..picture.height).filter(|y| picture.at(x, *y) == Some(LINE)).count() > 150;
    let row = |y: u32| (0..picture.width).filter(|x| picture.at(*x, y) == Some(LINE)).count() > 250;
    // 100, 200 and 300 across, 200 and 300 down.
    assert_eq!((0..picture.width).filter(|x| column(*x)).collect::<Vec<_>>(), [70, 170, 270]);
    assert_eq!((0..picture.height).filter(|y| row(*y)).collect::<Vec<_>>(), [90, 190]);
}
