//! The application is unharmed: after many calls, after many sessions, and after a server that was killed at any moment it has the
//! handlers, listeners, threads and memory that it had, by its own count.

use super::ground::{ALL, Ground, policy};
use super::rows::Stage;
use portcullis_testkit::desktop::desktop;
use portcullis_testkit::server::new_data_folder;
use portcullis_testkit::wpf_app::WpfApp;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Calls of one session.
const CALLS: usize = 10_000;
/// Sessions one after another.
const SESSIONS: usize = 100;
/// Those after which what a first session leaves for good, such as compiled code, is there.
const WARM: usize = 10;
/// After how long an inspector whose server fell silent has gone: 10 s, and the time that a busy machine takes.
const GONE: Duration = Duration::from_secs(30);
/// Bytes that the memory of .NET may differ by: caches of WPF fill as they are used.
const MEMORY_SLACK: i64 = 3_000_000;
/// Handles of the process that may come and go by themselves.
const HANDLE_SLACK: i64 = 30;

/// What a visitor could leave behind, by the application's own count.
fn left(app: &WpfApp) -> Value {
    let mut count = app.ask("count").unwrap();
    count.as_object_mut().unwrap().remove("threads");
    let listening =
        ["watchers NameBox.Text", "watchers UpperText.Text", "handlers GreetButton.Click", "handlers NameBox.KeyDown"];
    let identity = app.ask("identity NameBox.Text").unwrap()["binding"].clone();
    json!([
        count,
        listening.map(|question| app.ask(question).unwrap()),
        identity,
        app.ask("bindings FormColumns").unwrap()
    ])
}

fn threads(app: &WpfApp) -> i64 {
    app.ask("count").unwrap()["threads"].as_i64().unwrap()
}

/// Waits until the application is as it was.
fn await_left(app: &WpfApp, before: &Value, what: &str) {
    let limit = Instant::now() + GONE;
    loop {
        let now = left(app);
        if &now == before {
            return;
        }
        assert!(Instant::now() < limit, "{what}: {now}\nand not {before}");
    }
}

#[test]
fn ten_thousand_calls_leave_nothing_behind() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let before = left(&app);
    let (mut memory, mut working) = (0, 0);
    for (round, calls) in [200, CALLS].into_iter().enumerate() {
        let ground = Ground::form(&desktop, ALL, &["--enable-tier3"]);
        ground.connect(&app);
        let stage = Stage::new(&ground, &app);
        let (name, pin) = (stage.id("NameBox"), stage.id("PinToggle"));
        let plan = [
            ("get_visual_tree", json!({ "elementId": name, "depth": 5 })),
            ("get_dp_value_source", json!({ "elementId": name, "propertyName": "Text" })),
            ("find_elements", json!({ "elementName": "GreetButton" })),
            ("set_dp_value", json!({ "elementId": name, "propertyName": "Text", "value": "Grace" })),
            ("clear_dp_value", json!({ "elementId": name, "propertyName": "Text" })),
            ("get_viewmodel", json!({ "elementId": name })),
            ("wait_for_dp_change", json!({ "elementId": name, "propertyName": "Text", "timeoutMs": 1 })),
            ("click_element", json!({ "elementId": pin })),
            ("capture_state_snapshot", json!({ "elementId": name, "propertyNames": ["Text"], "includeFocus": true })),
            ("highlight_element", json!({ "elementId": name, "duration": 1 })),
        ];
        for call in 0..calls {
            let (tool, arguments) = &plan[call % plan.len()];
            let answer = ground.call(tool, arguments.clone());
            assert!(!answer.is_error, "call {call}, {tool}: {}", answer.text);
        }
        assert_eq!(ground.told("ping_inspector", json!({}))["uiResponds"], true);
        assert!(ground.server.close().unwrap().success());
        await_left(&app, &before, &format!("after {calls} calls"));
        let bytes = app.ask("gc").unwrap()["bytes"].as_i64().unwrap();
        if round == 0 {
            (memory, working) = (bytes, threads(&app));
        } else {
            assert!(bytes - memory < MEMORY_SLACK, "{bytes} bytes after {calls} calls, {memory} before");
        }
    }
    let limit = Instant::now() + GONE;
    while threads(&app) > working {
        assert!(Instant::now() < limit, "{} threads, {working} before", threads(&app));
    }
    assert_eq!(app.ask("read NameBox.Text").unwrap()["value"], "Ada");
    app.close().unwrap();
}

/// Each by a server of its own, which connects, reads and ends.
#[test]
fn a_hundred_sessions_leak_nothing() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let before = left(&app);
    let data = new_data_folder(desktop.run()).unwrap();
    let file = data.join("policy.toml");
    std::fs::write(&file, policy(&desktop, &["Fixture.Form"], ALL)).unwrap();
    let (file, data) = (desktop.run().windows_path(&file), desktop.run().windows_path(&data));
    let mut warm = Value::Null;
    for session in 1..=SESSIONS {
        let words = ["call", "connect", "--json", "--data", data.as_str(), "--config", file.as_str()];
        let ended = desktop.portcullis(&words).unwrap();
        assert!(
            ended.status.success() && ended.stdout.contains("raw-injection"),
            "{session}: {}{}",
            ended.stdout,
            ended.stderr
        );
        // What waits to be collected is no leak, and the lab's system counts the most handles that there were at once.
        app.ask("gc").unwrap();
        if session == WARM {
            await_left(&app, &before, "after the first sessions");
            warm = json!([app.ask("gc").unwrap(), app.ask("process").unwrap()]);
        }
    }
    await_left(&app, &before, "after the last session");
    let limit = Instant::now() + GONE;
    loop {
        let now = json!([app.ask("gc").unwrap(), app.ask("process").unwrap()]);
        let grown = |pointer: &str| {
            now.pointer(pointer).unwrap().as_i64().unwrap() - warm.pointer(pointer).unwrap().as_i64().unwrap()
        };
        let (bytes, handles, threads) = (grown("/0/bytes"), grown("/1/handles"), grown("/1/threads"));
        if bytes < MEMORY_SLACK && handles < HANDLE_SLACK && threads <= 0 {
            let stays = json!(["Portcullis.Inspector.dll"]);
            assert_eq!(now[1]["libraries"], stays, "the library that starts the inspector stays loaded");
            assert_eq!(now[1]["assemblies"], json!(["Portcullis.Inspector"]), "it was loaded more than once");
            break;
        }
        assert!(Instant::now() < limit, "{bytes} bytes, {handles} handles and {threads} threads more: {now}\n{warm}");
    }
    app.close().unwrap();
}

/// Moments of a session: what is called, and by what the application shows that it is under way.
const MOMENTS: &[(&str, &str, &str, &str)] = &[
    (
        "wait_for_dp_change",
        r#"{"elementId": "@NameBox", "propertyName": "Text", "timeoutMs": 25000}"#,
        "watchers NameBox.Text",
        "watchers",
    ),
    (
        "trace_routed_events",
        r#"{"elementId": "@NameBox", "eventName": "KeyDown", "durationMs": 25000}"#,
        "handlers NameBox.KeyDown",
        "handlers",
    ),
    ("highlight_element", r#"{"elementId": "@NameBox", "duration": 300000}"#, "count", "adorners"),
];

#[test]
fn a_server_that_is_killed_at_any_moment_leaves_the_application_free() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let before = left(&app);
    // While it connects: at once, and when the inspector is seen to be in.
    for is_in in [false, true] {
        let mut ground = Ground::form(&desktop, ALL, &["--enable-tier3"]);
        let arguments = json!({ "processId": app.process().unwrap() });
        let _pending = ground.client.start_call("connect", arguments).unwrap();
        let limit = Instant::now() + GONE;
        while is_in && app.ask("process").unwrap()["assemblies"] == json!([]) {
            assert!(Instant::now() < limit, "the inspector does not come");
        }
        ground.server.kill().unwrap();
        await_left(&app, &before, "killed while it connected");
    }
    for (tool, arguments, question, place) in MOMENTS {
        let mut ground = Ground::form(&desktop, ALL, &["--enable-tier3"]);
        ground.connect(&app);
        let stage = Stage::new(&ground, &app);
        let _pending = ground.client.start_call(tool, stage.meant(arguments)).unwrap();
        let limit = Instant::now() + GONE;
        let nothing = app.ask(question).unwrap()[place].clone();
        while app.ask(question).unwrap()[place] == nothing && nothing == 0 {
            assert!(Instant::now() < limit, "{tool} does not begin");
        }
        ground.server.kill().unwrap();
        await_left(&app, &before, &format!("killed in {tool}"));
    }
    let again = Ground::form(&desktop, ALL, &["--enable-tier3"]);
    again.connect(&app);
    assert_eq!(again.told("get_windows", json!({}))["windowCount"], 1);
    app.close().unwrap();
}
