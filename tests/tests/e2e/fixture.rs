//! The fixture's window as the tests of tools use it. What is asserted of a tool lives with the tool's subject.

use portcullis_testkit::client::{Client, ToolResult};
use portcullis_testkit::desktop::{Desktop, call_until, ref_of};
use portcullis_testkit::server::Transport;
use serde_json::{Value, json};

/// What the shared fixture's window is called.
pub(crate) const TITLE: &str = "Portcullis Fixture";

/// A client with the fixture's window in front.
pub(crate) fn front(desktop: &mut Desktop) -> Client {
    let client = desktop.client(Transport::Stdio, &[]).unwrap();
    client.call("FocusWindow", json!({ "title": TITLE })).unwrap().ok().unwrap();
    client
}

/// The ref of an element of the front window.
pub(crate) fn find(client: &Client, role: &str, name: &str) -> String {
    let found = client.call("FindElement", json!({ "role": role, "name": name })).unwrap().ok().unwrap();
    ref_of(&found.text, name).unwrap()
}

/// Whether a line of the journal has every member of `detail` with that value.
pub(crate) fn says(line: &Value, detail: &Value) -> bool {
    detail.as_object().is_some_and(|members| members.iter().all(|(name, value)| line[name] == *value))
}

/// Starts Notepad; answers its window's ref.
pub(crate) fn start_notepad(client: &Client) -> String {
    let started = client.call("App", json!({ "action": "launch", "name": "notepad" })).unwrap();
    assert_eq!(started.outcome(), "confirmed", "{}", started.text);
    ref_of(&started.text, "Notepad").unwrap()
}

/// Closes a Notepad that asks whether to save, and lets it not save.
pub(crate) fn close_unsaved(client: &Client, window: &str) -> ToolResult {
    let asked = client.call("App", json!({ "action": "close", "ref": window })).unwrap();
    // Its question comes up in its own time.
    call_until(client, "Invoke", &json!({ "name": "No", "role": "button" }), |answer| !answer.is_error).unwrap();
    asked
}
