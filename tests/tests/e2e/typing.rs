//! Text that is typed: it arrives as it is, whatever script it is in, and a password stands nowhere.

use crate::fixture::{TITLE, close_unsaved, front, start_notepad};
use portcullis_testkit::client::{Client, Era, ToolResult};
use portcullis_testkit::desktop::{Desktop, desktop};
use portcullis_testkit::lab::Pixels;
use portcullis_testkit::server::Transport;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const CANARY: &str = "canary-91c4";
/// The control id of the fixture's password field.
const PASSWORD_ID: &str = "1001";

#[test]
fn text_of_any_script_arrives_unit_by_unit() {
    let long = "Zürich-你好-🙂 ".repeat(416) + "abcdefgh";
    for text in ["Grüße aus Zürich", "你好，世界", "🙂🙃 𝔘nicode", &long] {
        let mut desktop = desktop().unwrap();
        let client = front(&mut desktop);
        let answer = client.call("Type", json!({ "name": "Notes", "role": "document", "text": text })).unwrap();
        assert_eq!(answer.outcome(), "confirmed", "{}", answer.text);
        assert!(!answer.text.contains(text), "the answer repeats what was typed");
        let state = desktop.state().unwrap();
        assert_eq!(state["controls"]["notes"]["text"], text);
    }
}

#[test]
fn a_password_is_in_no_answer_no_log_and_no_record() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let mark = desktop.mark().unwrap();
    let mut all: Vec<ToolResult> = Vec::new();
    all.push(client.call("Type", json!({ "name": "Password", "role": "edit", "text": CANARY })).unwrap());
    all.push(client.call("Snapshot", json!({})).unwrap());
    all.push(client.call("FindElement", json!({ "name": "Password" })).unwrap());
    all.push(client.call("GetText", json!({ "name": "Password", "role": "edit" })).unwrap());
    all.push(client.call("Invoke", json!({ "name": "Greet", "observe": "snapshot" })).unwrap());
    assert_eq!(desktop.state().unwrap()["controls"]["password"]["length"], CANARY.len(), "{}", all[0].text);
    // The style says what the field is, so that its text is not even asked for.
    let asked = desktop.journal().since(mark).unwrap();
    assert!(!asked.iter().any(|line| line["event"] == "asked"), "{asked:?}");
    // Whoever does ask is noted, so that the absence above says something; in the lab he is even answered.
    desktop.fixture_command(&["text", PASSWORD_ID, "--title", TITLE]).unwrap();
    desktop.journal().await_control(mark, "asked", "password").unwrap();
    for answer in &all {
        assert!(!answer.raw.to_string().contains(CANARY), "{}", answer.text);
    }
    let server = desktop.server(Transport::Stdio, &[]).unwrap();
    assert!(!server.audit_text().unwrap().contains(CANARY) && !server.stderr().contains(CANARY));
    server.verify_audit().unwrap();
}

#[test]
fn what_is_typed_is_not_logged_however_much_is() {
    for transport in [Transport::Stdio, Transport::Http] {
        let mut desktop = desktop().unwrap();
        front(&mut desktop);
        let server = desktop.own_server(transport, &["--log", "debug"]).unwrap();
        let client = server.client(Era::Legacy).unwrap();
        client.call("Type", json!({ "name": "Notes", "role": "document", "text": CANARY })).unwrap().ok().unwrap();
        let read = client.call("GetText", json!({ "name": "Notes", "role": "document" })).unwrap();
        assert!(read.text.contains(CANARY), "{}", read.text);
        client.call(CANARY, json!({ CANARY: CANARY })).unwrap_err();
        assert!(!server.stderr().contains(CANARY), "{transport:?}: {}", server.stderr());
    }
}

/// The fixture says what it holds, and what the clipboard holds afterwards it pastes itself.
#[test]
fn a_text_is_pasted_and_the_clipboard_is_what_it_was() {
    let mut desktop = desktop().unwrap();
    front(&mut desktop);
    let server = desktop.own_server(Transport::Stdio, &["--enable-tier3"]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    client.call("SetClipboard", json!({ "text": "mine" })).unwrap().ok().unwrap();
    let notes = |text: &str, how: &str| json!({ "name": "Notes", "role": "document", "text": text, "how": how });
    let answer = client.call("Type", notes("Grüße 🙂\nund mehr", "paste")).unwrap();
    assert_eq!(answer.outcome(), "confirmed", "{}", answer.text);
    assert_eq!(desktop.state().unwrap()["controls"]["notes"]["text"], "Grüße 🙂\r\nund mehr");
    client.call("Shortcut", json!({ "keys": "ctrl+v" })).unwrap().ok().unwrap();
    let held = desktop.state_after_input().unwrap();
    assert_eq!(held["controls"]["notes"]["text"], "Grüße 🙂\r\nund mehrmine");
}

/// What a display may take to show a text that its window has.
const SHOWN_LIMIT: Duration = Duration::from_secs(10);
/// Inside a field's frame; the first line of its text; where the caret of the second line is not.
const FRAME: u32 = 3;
const LINE: u32 = 13;
const CARET: u32 = 5;
const WIDTH: u32 = 120;

/// The display's pixels where the first line of the fixture's notes stands, as soon as they fit and stay.
fn first_line(desktop: &Desktop, notes: &Value, fits: impl Fn(&[bool]) -> bool) -> Vec<bool> {
    let side = |name: &str| u32::try_from(notes[name].as_i64().unwrap()).unwrap();
    let (left, top) = (side("x") + FRAME + CARET, side("y") + FRAME);
    let read = |picture: &Pixels| -> Vec<bool> {
        let places = (top..top + LINE).flat_map(|y| (left..left + WIDTH).map(move |x| (x, y)));
        places
            .map(|(x, y)| picture.at(x, y).is_some_and(|(r, g, b)| u32::from(r) + u32::from(g) + u32::from(b) < 384))
            .collect()
    };
    let screen = desktop.run().screen().unwrap();
    let deadline = Instant::now() + SHOWN_LIMIT;
    let mut before = Vec::new();
    while Instant::now() < deadline {
        let now = read(&screen.pixels().unwrap());
        if fits(&now) && now == before {
            return now;
        }
        before = now;
    }
    panic!("the display does not come to show it");
}

/// Characters that no font has are drawn alike, as a box; so whoever is not drawn alike has a font.
#[test]
fn umlauts_and_chinese_are_drawn_and_what_no_font_has_is_a_box() {
    let mut desktop = desktop().unwrap();
    let client: Client = front(&mut desktop);
    let mark = desktop.mark().unwrap();
    desktop.page("form").unwrap();
    let page = desktop.journal().await_control(mark, "page", "page-form").unwrap();
    let known = page["controls"].as_array().unwrap().iter().find(|known| known["name"] == "notes").unwrap();
    let notes = &known["rect"];
    let drawn = |character: &str| {
        let typed = |text: &str| json!({ "name": "Notes", "role": "document", "text": text, "clear": true });
        client.call("Type", typed("")).unwrap().ok().unwrap();
        first_line(&desktop, notes, |line| !line.contains(&true));
        client.call("Type", typed(&format!("{}\n", character.repeat(4)))).unwrap().ok().unwrap();
        first_line(&desktop, notes, |line| line.contains(&true))
    };
    // Of the area for private use, which fonts leave free.
    let [one_box, same_box] = ["\u{e7a1}", "\u{e7a2}"].map(drawn);
    let shown = |line: &[bool]| -> String {
        let row = |row: &[bool]| row.iter().map(|ink| if *ink { '#' } else { '.' }).collect::<String>() + "\n";
        line.chunks(usize::try_from(WIDTH).unwrap()).map(row).collect()
    };
    let boxes = [&one_box, &same_box].map(|line| shown(line)).join("\n");
    assert!(one_box == same_box, "what no font has is not drawn alike, so that this test sees nothing:\n{boxes}");
    let letters = ["ä", "ö", "ß", "你", "好", "世", "界"].map(drawn);
    for (at, letter) in letters.iter().enumerate() {
        assert!(*letter != one_box, "{at} is drawn as a box:\n{}", shown(letter));
        assert!(!letters[..at].contains(letter), "{at} is drawn as another character:\n{}", shown(letter));
    }
}

#[test]
fn words_that_are_selected_are_what_typing_replaces() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let notes = json!({ "name": "Notes", "role": "document" });
    let with = |more: &Value| {
        let mut all = notes.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    client.call("Type", with(&json!({ "text": "ein 🙂 Satz\nund ein Wort" }))).unwrap().ok().unwrap();
    for (select, told) in
        [(json!("Satz"), "confirmed: characters 6 to 10"), (json!("ein Wort"), "confirmed: characters ")]
    {
        let answer = client.call("Invoke", with(&json!({ "select": select }))).unwrap();
        assert!(answer.text.starts_with(told), "{}", answer.text);
        client.call("Type", with(&json!({ "text": "*" }))).unwrap().ok().unwrap();
    }
    assert_eq!(desktop.state().unwrap()["controls"]["notes"]["text"], "ein 🙂 *\r\nund *");
    let answer = client.call("Invoke", with(&json!({ "select": "Satz" }))).unwrap();
    assert!(answer.is_error && answer.text.contains("not_found"), "{}", answer.text);
}

/// What the lab's Notepad gets: umlauts, Chinese, characters beyond the BMP, and line ends.
const FOR_NOTEPAD: &str = "Grüße aus Zürich: äöüß\n你好，世界\n🙂🙃 𝔘nicode";

#[test]
fn notepad_holds_what_was_typed_into_it_as_another_program_reads_it() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let window = start_notepad(&client);
    let area = json!({ "window": window, "role": "document" });
    let mut typed = area.clone();
    typed["text"] = json!(FOR_NOTEPAD);
    let answer = client.call("Type", typed).unwrap();
    assert_eq!(answer.outcome(), "confirmed", "{}", answer.text);
    let held = desktop.fixture_command(&["text", "Edit", "--title", "Notepad"]).unwrap();
    assert_eq!(held["text"], FOR_NOTEPAD.replace('\n', "\r\n"));
    let read = client.call("GetText", area).unwrap().ok().unwrap().text;
    assert_eq!(read.replace("\r\n", "\n"), FOR_NOTEPAD);
    close_unsaved(&client, &window);
}
