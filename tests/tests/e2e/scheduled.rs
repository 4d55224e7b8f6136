//! The tools of scheduled tasks on the lab's scheduler, whose store on the C: drive is the oracle. It registers, tells and deletes
//! tasks; it lists none, which is told as such. Of a definition it keeps settings and description, no trigger and no command, and
//! no text with markup: those are tested with another parser beside the definition (`crates/tools/src/scheduled/definition.rs`).

use portcullis_testkit::client::{Client, Era};
use portcullis_testkit::desktop::{Desktop, desktop};
use portcullis_testkit::server::Transport;
use serde_json::json;
use std::path::PathBuf;

/// Where the scheduler keeps a task.
fn stored(desktop: &Desktop, path: &str) -> PathBuf {
    desktop.run().linux_path(&format!(r"C:\windows\system32\tasks\{path}")).unwrap()
}

fn text(path: &PathBuf) -> String {
    let bytes = std::fs::read(path).unwrap();
    if bytes.get(1) == Some(&0) || bytes.starts_with(&[0xff, 0xfe]) {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        return String::from_utf16_lossy(&units);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn client(desktop: &Desktop) -> (portcullis_testkit::server::Server, Client) {
    let server = desktop.own_server(Transport::Stdio, &["--enable-tier3"]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    (server, client)
}

#[test]
fn a_task_is_registered_told_and_deleted_as_the_schedulers_own_store_says() {
    let desktop = desktop().unwrap();
    let (_server, client) = client(&desktop);
    let file = stored(&desktop, r"PortcullisLab\Daily");
    let arguments = json!({
        "name": r"PortcullisLab\Daily", "command": r"C:\windows\notepad.exe", "arguments": "a 'b'", "schedule": "daily",
        "start": "2026-01-31T02:30", "description": "It's \"mine\"",
    });
    let made = client.call("TaskCreate", arguments.clone()).unwrap();
    assert_eq!(made.outcome(), "confirmed", "{}", made.text);
    let kept = text(&file);
    for part in ["It's \"mine\"", "<StopIfGoingOnBatteries>false<", "<StartWhenAvailable>true<", "<Exec"] {
        assert!(kept.contains(part), "{part}: {kept}");
    }
    let page = client.call("TaskList", json!({ "name": r"\portcullislab\daily" })).unwrap().data().unwrap();
    let xml = page["tasks"][0]["xml"].as_str().unwrap();
    assert!(xml.contains("<Task") && xml.contains("It's \"mine\""), "{page}");

    let again = client.call("TaskCreate", arguments.clone()).unwrap();
    assert_eq!(again.fault("code"), Some("bad_argument"), "{}", again.text);
    let mut over = arguments;
    over["overwrite"] = json!(true);
    over["description"] = json!("another");
    assert_eq!(client.call("TaskCreate", over).unwrap().outcome(), "confirmed");
    assert!(text(&file).contains("another") && !text(&file).contains("mine"));

    // A definition of the caller's own, made of the one that was told.
    let command = "<Command>C:\\windows\\winver.exe</Command>";
    let own = xml.replace("<Exec/>", &format!("<Exec>{command}</Exec>")).replace("mine", "copied");
    let made = client.call("TaskCreate", json!({ "name": r"PortcullisLab\Copy", "xml": own })).unwrap();
    assert_eq!(made.outcome(), "confirmed", "{} {own}", made.text);
    assert!(text(&stored(&desktop, r"PortcullisLab\Copy")).contains("copied"));

    for name in ["Daily", "Copy"] {
        let gone = client.call("TaskDelete", json!({ "name": format!(r"\PortcullisLab\{name}") })).unwrap();
        assert_eq!(gone.text, format!(r"confirmed: \PortcullisLab\{name} is gone"));
        assert!(!stored(&desktop, &format!(r"PortcullisLab\{name}")).exists());
    }
    let gone = client.call("TaskDelete", json!({ "name": r"PortcullisLab\Daily" })).unwrap();
    assert_eq!(gone.fault("code"), Some("not_found"), "{}", gone.text);
}

#[test]
fn what_this_scheduler_lacks_and_what_is_guarded_is_told() {
    let desktop = desktop().unwrap();
    let (_server, client) = client(&desktop);
    let listed = client.call("TaskList", json!({})).unwrap();
    assert_eq!(listed.fault("code"), Some("unsupported"), "{}", listed.text);
    assert!(listed.fault("remedy").is_some(), "{}", listed.text);
    for name in [r"\Microsoft\Windows\Lab", r"Portcullis\Lab"] {
        let arguments = json!({ "name": name, "command": "notepad.exe", "schedule": "onlogon" });
        let refused = client.call("TaskCreate", arguments).unwrap();
        assert_eq!(refused.fault("code"), Some("denied"), "{}", refused.text);
        assert!(!stored(&desktop, name.trim_start_matches('\\')).exists());
    }
    let shut = desktop.own_server(Transport::Stdio, &[]).unwrap();
    let refused = shut.client(Era::Legacy).unwrap().call("TaskDelete", json!({ "name": "x" })).unwrap();
    assert_eq!(refused.fault("code"), Some("not_enabled"), "{}", refused.text);
}
