//! Facts and the clipboard, each compared with what another program says: the X display, `tasklist`, `hostname`, the Linux
//! system below, the fixture's own text fields.

use crate::fixture::front;
use portcullis_testkit::client::Era;
use portcullis_testkit::desktop::{call_until, desktop};
use portcullis_testkit::server::Transport;
use serde_json::json;

/// A text that must be found nowhere but where it was put.
const CANARY: &str = "canary-7f3a-Zürich-你好-🙂";

#[test]
fn system_facts_are_those_that_other_programs_report() {
    let mut desktop = desktop().unwrap();
    let client = desktop.client(Transport::Stdio, &[]).unwrap();
    let facts = client.call("GetSystemInfo", json!({})).unwrap().data().unwrap();
    let host = desktop.windows_program("hostname.exe", &[]).unwrap().stdout;
    assert_eq!(facts["computer"].as_str().unwrap().to_lowercase(), host.trim().to_lowercase());
    let cores = std::thread::available_parallelism().unwrap().get();
    assert!(facts["processors"].as_u64().unwrap() >= cores.try_into().unwrap(), "{facts}");
    assert!(facts["drives"].as_array().unwrap().iter().any(|drive| drive["name"].as_str().unwrap().starts_with("C:")));
}

/// What is put on the clipboard is what a program pastes, and what a program copies is what is read.
#[test]
fn the_clipboard_is_the_one_that_programs_paste_from_and_copy_to() {
    let mut desktop = desktop().unwrap();
    front(&mut desktop);
    let server = desktop.own_server(Transport::Stdio, &["--enable-tier3"]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    let notes = json!({ "name": "Notes", "role": "document", "action": "focus" });
    client.call("Invoke", notes.clone()).unwrap().ok().unwrap();
    client.call("SetClipboard", json!({ "text": CANARY })).unwrap().ok().unwrap();
    let mark = desktop.mark().unwrap();
    client.call("Shortcut", json!({ "keys": "ctrl+v" })).unwrap().ok().unwrap();
    let pasted = desktop.journal().await_control(mark, "text", "notes").unwrap();
    assert_eq!(pasted["text"], CANARY);

    client.call("SetClipboard", json!({ "text": "something else" })).unwrap().ok().unwrap();
    client.call("Shortcut", json!({ "keys": "ctrl+a" })).unwrap().ok().unwrap();
    client.call("Shortcut", json!({ "keys": "ctrl+c" })).unwrap().ok().unwrap();
    call_until(&client, "GetClipboard", &json!({}), |read| read.text == CANARY).unwrap();
}

#[test]
fn displays_are_as_large_as_the_x_display() {
    let mut desktop = desktop().unwrap();
    let client = desktop.client(Transport::Stdio, &[]).unwrap();
    let displays = client.call("DisplayInventory", json!({})).unwrap().data().unwrap();
    let pixels = desktop.run().screen().unwrap().pixels().unwrap();
    let area = &displays["virtual_desktop"];
    assert_eq!((&area["width"], &area["height"]), (&json!(pixels.width), &json!(pixels.height)), "{displays}");
}

#[test]
fn processes_are_those_that_tasklist_lists() {
    let mut desktop = desktop().unwrap();
    let client = desktop.client(Transport::Stdio, &[]).unwrap();
    let listed = client.call("ListProcesses", json!({ "filter": "FIXTURE" })).unwrap().data().unwrap();
    let own = listed["processes"].as_array().unwrap();
    assert!(!own.is_empty(), "{listed}");
    let tasks = desktop.windows_program("tasklist.exe", &["/fo", "csv"]).unwrap().stdout;
    for process in own {
        let pid = format!("\"{}\"", process["pid"]);
        let line = tasks.lines().find(|line| line.contains(&pid)).unwrap_or_else(|| panic!("no {pid} in {tasks}"));
        assert!(line.to_lowercase().contains("fixture"), "{line}");
    }
    let capped = client.call("ListProcesses", json!({ "limit": 2 })).unwrap().data().unwrap();
    assert_eq!(capped["processes"].as_array().unwrap().len(), 2);
    assert!(capped["total"].as_u64().unwrap() > 2, "what was cut is said: {capped}");
}

#[test]
fn the_clipboard_goes_from_one_server_to_another_and_into_no_record() {
    let mut desktop = desktop().unwrap();
    let writer = desktop.own_server(Transport::Stdio, &["--enable-tier3"]).unwrap();
    let client = writer.client(Era::Legacy).unwrap();
    let written = client.call("SetClipboard", json!({ "text": CANARY })).unwrap().ok().unwrap();
    assert_eq!(written.outcome(), "confirmed");
    assert!(!written.text.contains("canary"), "the answer repeats the text: {}", written.text);
    let reader = desktop.client(Transport::Http, &[]).unwrap();
    assert_eq!(reader.call("GetClipboard", json!({})).unwrap().ok().unwrap().text, CANARY);
    let refused = client.call("SetClipboard", json!({ "text": { "canary": CANARY } })).unwrap();
    assert!(refused.is_error && !refused.text.contains("canary-7f3a"), "{}", refused.text);
    let reports = writer.verify_audit().unwrap();
    assert!(reports.iter().map(|report| report.verified).sum::<u64>() >= 4);
    let audit = writer.audit_text().unwrap();
    assert!(audit.contains("SetClipboard") && !audit.contains("canary-7f3a"), "{audit}");
    assert!(!writer.stderr().contains("canary-7f3a"));
}

portcullis_testkit::only_in_lab! {
    /// The lab's system has no lock, which is an error of its own and no success. Real Windows would lock the tests out.
    #[test]
    fn a_system_without_a_lock_says_so() {
        let desktop = desktop().unwrap();
        let server = desktop.own_server(Transport::Stdio, &["--enable-tier3"]).unwrap();
        let client = server.client(Era::Legacy).unwrap();
        let answer = client.call("LockScreen", json!({})).unwrap();
        assert_eq!(answer.fault("code"), Some("unsupported"), "{}", answer.text);
        client.call("Snapshot", json!({})).unwrap().ok().unwrap();
    }
}
