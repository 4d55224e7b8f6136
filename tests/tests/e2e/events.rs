//! EventLog in the lab, whose system keeps no events: that is told, and is no empty answer. Queries and answers are tested behind
//! the gate (`crates/gate/tests/events.rs`); nothing of it is verified on real Windows.

use portcullis_testkit::desktop::desktop;
use portcullis_testkit::server::Transport;
use serde_json::json;

#[test]
fn a_system_without_a_log_says_so_and_bad_input_is_refused_before() {
    let mut desktop = desktop().unwrap();
    // What Windows' own program prints of the log is the oracle: nothing.
    let printed = desktop.windows_program("wevtutil.exe", &["qe", "System", "/c:1"]).unwrap().stdout;
    assert!(printed.trim().is_empty(), "the lab has a log by now, which wants a test: {printed}");
    let client = desktop.client(Transport::Stdio, &[]).unwrap();
    for arguments in
        [json!({}), json!({ "level": "error" }), json!({ "xpath": "*" }), json!({ "log_name": "Application" })]
    {
        let told = client.call("EventLog", arguments.clone()).unwrap();
        assert_eq!(told.fault("code"), Some("unsupported"), "{arguments}: {}", told.text);
        assert!(told.fault("remedy").is_some(), "{}", told.text);
    }
    let refused = client.call("EventLog", json!({ "log_name": r"C:\x.evtx" })).unwrap();
    assert_eq!(
        (refused.fault("code"), refused.fault("field")),
        (Some("bad_argument"), Some("log_name")),
        "{}",
        refused.text
    );
}
