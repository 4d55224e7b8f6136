//! Text that is typed: it arrives as it is, whatever script it is in, and a password stands nowhere.

use crate::fixture::{TITLE, close_unsaved, front, start_notepad};
use portcullis_testkit::client::{Era, ToolResult};
use portcullis_testkit::desktop::desktop;
use portcullis_testkit::server::Transport;
use serde_json::json;

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

#[test]
fn words_that_are_selected_are_what_typing_replaces() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let notes = json!({ "name": "Notes", "role": "document" });
    let with = |more: &serde_json::Value| {
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
