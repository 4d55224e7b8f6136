//! A server started with each profile, as a client finds it: what is listed, what is refused by which rule. Exactly what each
//! opens is kept in `bins/portcullis/src/settings/tests.rs`; winremote-mcp's tiers are flags that nobody keeps.

use portcullis_testkit::client::Era;
use portcullis_testkit::fake_home::FakeHome;
use portcullis_testkit::server::Transport;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// (profile, whether it lists a look, an action, a change of the machine).
const PROFILES: [(&str, bool, bool, bool); 8] = [
    ("administrator", true, true, true),
    ("operator", true, true, false),
    ("read-only", true, false, false),
    ("wpf-diagnostics", true, false, false),
    ("wpf-emergency-loading", true, false, false),
    ("wpf-mutation", true, true, false),
    ("wpf-screenshots", true, false, false),
    ("wpf-viewmodel", true, false, false),
];

#[test]
fn a_server_of_each_profile_lists_and_refuses_what_it_says() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../profiles");
    let found: BTreeSet<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(found, PROFILES.map(|(name, ..)| name.to_owned()).into());
    for (name, look, act, change) in PROFILES {
        let home = FakeHome::new().unwrap();
        let profile = folder.join(format!("{name}.toml"));
        let server = home.start(Transport::Stdio, &["--config", profile.to_str().unwrap()]).unwrap();
        let client = server.client(Era::Legacy).unwrap();
        let listed: BTreeSet<String> =
            client.list_tools().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect();
        let rows = [
            ("Snapshot", json!({}), look),
            ("Click", json!({ "name": "No such button" }), act),
            ("FileUpload", json!({ "path": r"C:\Users\ada\x", "data_base64": "" }), change),
            ("KillProcess", json!({ "name": "nothing.exe" }), change),
        ];
        for (tool, arguments, open) in rows {
            assert_eq!(listed.contains(tool), open, "{name}: {tool} in {listed:?}");
            let answer = client.call(tool, arguments).unwrap();
            assert_eq!(answer.fault("code") == Some("not_enabled"), !open, "{name}: {tool}: {}", answer.text);
        }
    }
}
