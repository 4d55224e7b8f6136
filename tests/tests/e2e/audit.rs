//! The record of the Windows server read by its own command, and what somebody does to it. The oracle is the test's hand:
//! it knows which bytes it changed.

use portcullis_testkit::client::Era;
use portcullis_testkit::desktop::desktop;
use portcullis_testkit::server::Transport;
use serde_json::{Value, json};
use std::fs;

#[test]
fn the_anchor_and_the_commands_find_what_was_done_to_the_record() {
    let desktop = desktop().unwrap();
    let anchor = desktop.run().share().join("audit-anchor");
    let anchor_argument = desktop.run().windows_path(&anchor);
    let server = desktop.own_server(Transport::Stdio, &["--audit-anchor", &anchor_argument]).unwrap();
    let data = server.data().to_owned();
    let client = server.client(Era::Legacy).unwrap();
    assert!(!client.call("GetSystemInfo", json!({})).unwrap().is_error);
    assert!(client.call("SetClipboard", json!({ "text": "canary" })).unwrap().is_error);
    assert_eq!(server.close().unwrap().code(), Some(0));

    let data_argument = desktop.run().windows_path(&data);
    let audit = |arguments: &[&str]| {
        let done = desktop.portcullis(&[&["audit"], arguments, &["--data", &data_argument]].concat()).unwrap();
        (done.status.success(), done.stdout + &done.stderr)
    };
    let with_anchor = ["verify", "--anchor", &anchor_argument];
    let (well, said) = audit(&with_anchor);
    assert!(well && said.contains("naming 1 chains"), "{said}");

    let (_, shown) = audit(&["show", "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let calls: Vec<_> = shown["rows"].as_array().unwrap().iter().filter(|row| row["event"] == "call").collect();
    let results: Vec<_> = calls.iter().map(|row| (row["tool"].as_str().unwrap(), &row["result"])).collect();
    assert_eq!(results, [("GetSystemInfo", &json!("answered")), ("SetClipboard", &json!("denied"))]);

    let page = desktop.run().share().join("audit-report.html");
    let (well, said) = audit(&["report", &desktop.run().windows_path(&page)]);
    assert!(well, "{said}");
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("SetClipboard") && !page.contains("canary"));

    // The files are read and written from outside.
    let file = fs::read_dir(data.join("audit")).unwrap().next().unwrap().unwrap().path();
    let whole = fs::read(&file).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    fs::write(&file, flipped).unwrap();
    let (well, said) = audit(&["verify"]);
    assert!(!well && said.contains("FAIL"), "{said}");

    // The end of the chain: the chain alone cannot show it.
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap();
    fs::write(&file, &whole[..=first]).unwrap();
    assert!(audit(&["verify"]).0);
    let (well, said) = audit(&with_anchor);
    assert!(!well && said.contains("which is not there"), "{said}");

    fs::write(&file, &whole).unwrap();
    assert!(audit(&with_anchor).0);
}
