//! A German keyboard, on which y and z have changed places with ours and letters have keys that other layouts lack. In the
//! lab alone: on a desktop of one's own the layout is its owner's.

use crate::fixture::front;
use portcullis_testkit::desktop::Desktop;
use portcullis_testkit::journal::{EVENT_LIMIT, is};
use portcullis_testkit::lab::{run_within, tool};
use serde_json::{Value, json};
use std::process::Command;

#[test]
fn keys_are_those_of_the_layout_and_text_is_the_same_on_any() {
    let mut desktop = Desktop::start().unwrap();
    let mut layout = Command::new(tool("setxkbmap").unwrap());
    // Before any program of the test begins: each asks for the layout once.
    run_within(layout.args(["-display", desktop.run().display(), "de"]), EVENT_LIMIT).unwrap();
    desktop.reset().unwrap();
    let client = front(&mut desktop);
    client.call("Click", json!({ "name": "Key pad", "role": "pane" })).unwrap().ok().unwrap();
    // What a key gives is the system's to say, by the window's own layout.
    for (keys, vk, scan, gives) in [
        ("y", 0x59, Some(0x2C), Some('y')),
        ("z", 0x5A, Some(0x15), Some('z')),
        ("/", 0x37, Some(0x08), Some('/')),
        ("=", 0x30, Some(0x0B), Some('=')),
        ("ctrl+z", 0x5A, Some(0x15), None),
        // For the number block and what lies beyond it the lab's layouts have neither scan codes nor signs.
        ("num7", 0x67, None, None),
        ("ctrl+num_add", 0x6B, None, None),
        ("browser_back", 0xA6, None, None),
    ] {
        let mark = desktop.mark().unwrap();
        client.call("Shortcut", json!({ "keys": keys, "observe": "none" })).unwrap().ok().unwrap();
        let down = |line: &Value| is(line, "key", "key-pad") && line["action"] == "down" && line["vk"] == vk;
        let line = desktop.journal().await_event(mark, keys, EVENT_LIMIT, down).unwrap();
        if let Some(scan) = scan {
            assert_eq!(line["scan"], scan, "{keys}: {line}");
        }
        if let Some(character) = gives {
            let given = |line: &Value| line["action"] == "char" && line["text"] == json!(character);
            desktop.journal().await_event(mark, keys, EVENT_LIMIT, given).unwrap();
        }
    }
    let lacking = client.call("Shortcut", json!({ "keys": "ctrl+ñ" })).unwrap();
    assert!(lacking.text.contains("the keyboard layout lacks it"), "{}", lacking.text);
    let text = "zyäöü ß / @ñ 你好";
    let typed = json!({ "name": "Notes", "role": "document", "text": text, "how": "keys" });
    client.call("Type", typed).unwrap().ok().unwrap();
    assert_eq!(desktop.state_after_input().unwrap()["controls"]["notes"]["text"], text);
}
