//! Finding applications, going into one, and coming out again.

use super::ground::{ALL, Ground, READS, policy};
use portcullis_testkit::desktop::desktop;
use portcullis_testkit::journal::EVENT_LIMIT;
use portcullis_testkit::wpf_app::WpfApp;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

#[test]
fn an_application_is_found_connected_to_and_read() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let ground = Ground::form(&desktop, READS, &[]);
    let found = ground.told("get_processes", json!({}));
    assert_eq!(found["processes"][0]["processId"], app.process().unwrap(), "{found}");
    assert_eq!(found["processes"][0]["processName"], "Fixture.Form", "{found}");
    let connected = ground.connect(&app);
    assert_eq!(connected["connectionSource"], "raw-injection", "{connected}");
    let pong = ground.told("ping_inspector", json!({}));
    assert_eq!(pong["status"], "pong", "{pong}");
    let windows = ground.told("get_windows", json!({}));
    assert_eq!(windows["windows"][0]["title"], app.ready()["title"], "{windows}");
    let tree = ground.told("get_visual_tree", json!({ "depth": 3 }));
    assert_eq!(tree["tree"]["type"], "MainWindow", "{tree}");
    let name = ground.element("NameBox");
    assert!(name.starts_with("TextBox_"), "{name}");
    app.close().unwrap();
}

#[test]
fn an_application_that_no_entry_names_is_a_number_and_nothing_else() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Plain", &["--title", "A secret title"]).unwrap();
    let ground = Ground::with(&desktop, &policy(&desktop, &["Fixture.Form"], ALL), &[]);
    let found = ground.call("get_processes", json!({}));
    assert!(!found.is_error && !found.text.contains("Plain") && !found.text.contains("secret"), "{}", found.text);
    let told = found.structured.unwrap();
    assert_eq!((told["processes"].as_array().unwrap().len(), &told["redactedTargetCount"]), (0, &json!(1)), "{told}");
    let refused = ground.refused("connect", json!({ "processId": app.process().unwrap() }));
    assert!(refused.contains("none of those that may be connected to") && !refused.contains("secret"), "{refused}");
    app.close().unwrap();
}

#[test]
fn no_gate_is_opened_by_anything_but_its_own_word() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let ground = Ground::form(&desktop, &[], &["--enable-all"]);
    let listed: Vec<String> =
        ground.client.list_tools().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect();
    assert!(!listed.iter().any(|name| name == "get_visual_tree"), "{listed:?}");
    let refused = ground.refused("connect", json!({ "processId": app.process().unwrap() }));
    assert!(refused.contains("gates.injection"), "{refused}");
    app.close().unwrap();
}

/// Killed at any moment, a server leaves the application running and free of hooks.
#[test]
fn a_killed_server_leaves_an_application_as_it_was() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let before = (app.ask("watchers NameBox.Text").unwrap(), app.ask("handlers GreetButton.Click").unwrap());
    let mut ground = Ground::form(&desktop, ALL, &["--enable-tier3"]);
    ground.connect(&app);
    let name = ground.element("NameBox");
    let greet = ground.element("GreetButton");
    ground.told("watch_dp_changes", json!({ "elementId": name, "propertyName": "Text" }));
    ground.told("trace_routed_events", json!({ "mode": "start", "eventName": "Click", "elementId": greet }));
    ground.told("highlight_element", json!({ "elementId": name, "duration": 300_000 }));
    assert_ne!(app.ask("watchers NameBox.Text").unwrap(), before.0, "nothing was hooked");
    ground.server.kill().unwrap();
    let limit = Instant::now() + Duration::from_secs(20);
    let now = || (app.ask("watchers NameBox.Text").unwrap(), app.ask("handlers GreetButton.Click").unwrap());
    while now() != before || app.ask("count").unwrap()["adorners"] != 0 {
        assert!(Instant::now() < limit, "{:?} and not {before:?}", now());
    }
    // It can be gone into again.
    let again = Ground::form(&desktop, READS, &[]);
    again.connect(&app);
    again.told("get_windows", json!({}));
    app.close().unwrap();
}

/// A thread that hangs costs the calls that need it, and neither the session nor another call.
#[test]
fn a_blocked_application_costs_no_session() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &["--page", "blocking"]).unwrap();
    let ground = Ground::form(&desktop, READS, &[]);
    ground.connect(&app);
    ground.told("get_windows", json!({}));
    let mark = app.journal().mark().unwrap();
    app.ask("set BlockSeconds.Text 7").unwrap();
    app.ask("press BlockButton").unwrap();
    let blocked = |line: &Value| line["event"] == "blocked";
    app.journal().await_event(mark, "blocked", EVENT_LIMIT, blocked).unwrap();
    let refused = ground.refused("get_visual_tree", json!({}));
    assert!(refused.contains("hung_target"), "{refused}");
    let unblocked = |line: &Value| line["event"] == "unblocked";
    app.journal().await_event(mark, "unblocked", Duration::from_secs(15), unblocked).unwrap();
    let tree = ground.told("get_visual_tree", json!({ "depth": 1 }));
    assert_eq!(tree["tree"]["type"], "MainWindow", "{tree}");
    app.close().unwrap();
}

/// What the desktop's tools may not see through a shut gate: a session without the gates reads nothing by itself either.
#[test]
fn a_session_does_what_its_gates_let_it_and_nothing_else() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let ground = Ground::form(&desktop, READS, &["--enable-tier3"]);
    ground.connect(&app);
    let name = ground.element("NameBox");
    for (tool, arguments, gate) in [
        ("get_viewmodel", json!({ "elementId": name }), "viewmodel"),
        ("element_screenshot", json!({ "elementId": name }), "screenshots"),
        ("click_element", json!({ "elementId": name }), "destructive"),
        ("set_dp_value", json!({ "elementId": name, "propertyName": "Text", "value": "x" }), "destructive"),
    ] {
        let refused = ground.refused(tool, arguments);
        assert!(refused.contains(&format!("`gates.{gate}`")), "{tool}: {refused}");
    }
    app.ask("set SecretBox.Password hunter3-secret").unwrap();
    let tree = ground.call("get_visual_tree", json!({ "maxNodes": 3000, "depth": 60 }));
    assert!(!tree.is_error && !tree.text.contains("hunter3"), "a password is in a tree");
    app.close().unwrap();
}
