//! Errors of the WPF tools on a live application: what every tool answers to arguments that are none, and the errors that are
//! documented of single tools, each by our code and the source's.

use super::acts::{ACTS, MOVES, WRITES};
use super::ground::{ALL, Ground, READS};
use super::looks::{LAYOUT, RESOURCES, STYLES};
use super::reads::{BINDINGS, SCENES, TREES};
use super::rows::Stage;
use super::state::LEAKS;
use portcullis_testkit::desktop::desktop;
use portcullis_testkit::journal::EVENT_LIMIT;
use portcullis_testkit::wpf_app::WpfApp;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// From the close of a window with a thread of its own to the end of that thread.
const THREAD_END: Duration = Duration::from_secs(15);

/// Tools that the tests beside the rows call.
const CALLED: &[&str] = &[
    "watch_dp_changes",
    "trace_routed_events",
    "drain_events",
    "capture_state_snapshot",
    "get_state_diff",
    "restore_state_snapshot",
    "batch_mutate",
];

/// A tool, its arguments, our code and the source's.
const ERRORS: &[(&str, &str, &str, &str)] = &[
    ("get_processes", r#"{"windowFilter": "some"}"#, "bad_argument", "InvalidArgument"),
    ("connect", r#"{"processId": 4}"#, "not_found", "NotWpfApplication"),
    ("connect", r#"{"processId": 0}"#, "bad_argument", "InvalidArgument"),
    ("select_active_process", r#"{"processId": 4}"#, "not_found", "NotConnected"),
    ("get_visual_tree", r#"{"depth": 101}"#, "bad_argument", "InvalidArgument"),
    ("get_visual_tree", r#"{"maxNodes": 0}"#, "bad_argument", "InvalidArgument"),
    ("get_template_tree", r#"{"elementId": "@GoodColumn"}"#, "not_operable", "ElementNotLoaded"),
    ("find_elements", "{}", "bad_argument", "MissingRequiredParameter"),
    ("find_elements", r#"{"propertyValue": "x"}"#, "bad_argument", "InvalidArgument"),
    ("serialize_to_xaml", r#"{"elementId": "@window"}"#, "bad_argument", "InvalidArgument"),
    ("get_bindings", r#"{"elementIds": []}"#, "bad_argument", "InvalidArgument"),
    ("get_bindings", r#"{"elementId": "@NameBox", "elementIds": ["@NameBox"]}"#, "bad_argument", "InvalidArgument"),
    ("get_bindings", r#"{"statusFilter": "Broken"}"#, "bad_argument", "InvalidArgument"),
    ("get_binding_errors", r#"{"maxErrors": 0}"#, "bad_argument", "InvalidArgument"),
    ("force_binding_update", r#"{"elementId": "@NameBox", "propertyName": "Width"}"#, "not_found", "InvalidArgument"),
    ("get_binding_value_chain", r#"{"elementId": "@NameBox", "propertyName": "Nope"}"#, "not_found", "InvalidArgument"),
    ("get_dp_value_source", "{}", "bad_argument", "MissingRequiredParameter"),
    ("get_dp_value_source", r#"{"elementId": "@NameBox", "propertyName": "Txt"}"#, "not_found", "InvalidArgument"),
    ("get_dp_metadata", r#"{"elementId": "@NameBox", "propertyName": "Txt"}"#, "not_found", "InvalidArgument"),
    ("set_dp_value", r#"{"elementId": "@NameBox", "propertyName": "Txt", "value": 1}"#, "not_found", "InvalidArgument"),
    (
        "set_dp_value",
        r#"{"elementId": "@NameBox", "propertyName": "ActualWidth", "value": 1}"#,
        "not_operable",
        "InvalidArgument",
    ),
    (
        "set_dp_value",
        r#"{"elementId": "@NameBox", "propertyName": "Width", "value": "wide"}"#,
        "bad_argument",
        "InvalidArgument",
    ),
    (
        "set_dp_value",
        r#"{"elementId": "@NameBox", "propertyName": "Width", "value": -5}"#,
        "bad_argument",
        "InvalidArgument",
    ),
    (
        "clear_dp_value",
        r#"{"elementId": "@NameBox", "propertyName": "ActualWidth"}"#,
        "not_operable",
        "InvalidArgument",
    ),
    ("watch_dp_changes", r#"{"elementId": "@NameBox", "propertyName": "Txt"}"#, "not_found", "InvalidArgument"),
    ("wait_for_dp_change", r#"{"propertyName": "Title", "timeoutMs": 25001}"#, "bad_argument", "InvalidArgument"),
    (
        "wait_for_dp_change_after_mutation",
        r#"{"propertyName": "Title", "triggerMutation": {"tool": "get_windows", "args": {}}}"#,
        "bad_argument",
        "InvalidArgument",
    ),
    (
        "wait_for_dp_change_after_mutation",
        r#"{"propertyName": "Title", "triggerMutation": "{\"tool\": \"click_element\"}"}"#,
        "bad_argument",
        "InvalidArgument",
    ),
    (
        "override_style_setter",
        r#"{"elementId": "@NameBox", "propertyName": "Txt", "value": 1}"#,
        "not_found",
        "InvalidArgument",
    ),
    ("trace_routed_events", "{}", "bad_argument", "MissingRequiredParameter"),
    ("trace_routed_events", r#"{"mode": "get"}"#, "not_found", "OperationFailed"),
    ("trace_routed_events", r#"{"eventName": "Clck", "durationMs": 0}"#, "not_found", "InvalidArgument"),
    ("get_event_handlers", r#"{"elementId": "@GreetButton", "eventName": "Clck"}"#, "not_found", "InvalidArgument"),
    ("fire_routed_event", r#"{"elementId": "@GreetButton", "eventName": "Clck"}"#, "not_found", "EventNotFound"),
    ("click_element", r#"{"elementId": "@DisabledButton"}"#, "not_operable", "InteractionNotReady"),
    ("click_element", r#"{"elementId": "@RefuseButton"}"#, "not_operable", "InteractionNotReady"),
    ("focus_element", r#"{"elementId": "@DisabledButton"}"#, "not_operable", "InteractionNotReady"),
    ("simulate_keyboard", r#"{"elementId": "@NameBox", "key": "Entr"}"#, "not_found", "InvalidArgument"),
    ("simulate_keyboard", r#"{"key": "Enter", "eventType": "KeyPress"}"#, "bad_argument", "InvalidArgument"),
    (
        "drag_and_drop",
        r#"{"sourceElementId": "@GoodHeading", "targetElementId": "@GreetButton"}"#,
        "not_operable",
        "InteractionNotReady",
    ),
    ("element_screenshot", r#"{"maxWidth": 0}"#, "bad_argument", "InvalidArgument"),
    ("element_screenshot", r#"{"outputPath": "C:\\x.png"}"#, "unknown_argument", "InvalidArgument"),
    ("highlight_element", r#"{"elementId": "@NameBox", "color": "Rde"}"#, "bad_argument", "InvalidArgument"),
    ("get_viewmodel", r#"{"elementId": "@NameBox", "propertyNames": "Name"}"#, "bad_argument", "InvalidArgument"),
    ("execute_command", r#"{"elementId": "@NameBox", "commandName": "Sav"}"#, "not_found", "CommandNotFound"),
    (
        "modify_viewmodel",
        r#"{"elementId": "@NameBox", "propertyName": "Password", "value": "x"}"#,
        "denied",
        "SecurityError",
    ),
    (
        "modify_viewmodel",
        r#"{"elementId": "@NameBox", "propertyName": "Greeting", "value": "x"}"#,
        "not_operable",
        "InvalidArgument",
    ),
    (
        "modify_viewmodel",
        r#"{"elementId": "@NameBox", "propertyName": "Age", "value": "x"}"#,
        "bad_argument",
        "InvalidArgument",
    ),
    (
        "modify_viewmodel",
        r#"{"elementId": "@NameBox", "propertyName": "Nam", "value": "x"}"#,
        "not_found",
        "InvalidArgument",
    ),
    ("capture_state_snapshot", "{}", "bad_argument", "InvalidArgument"),
    ("get_state_diff", r#"{"snapshotId": "snapshot_99"}"#, "not_found", "InvalidArgument"),
    ("restore_state_snapshot", r#"{"snapshotId": "snapshot_99"}"#, "not_found", "InvalidArgument"),
    ("batch_mutate", r#"{"mutations": []}"#, "bad_argument", "InvalidArgument"),
    (
        "batch_mutate",
        r#"{"mutations": [{"tool": "click_element", "arguments": {}}]}"#,
        "unknown_argument",
        "InvalidArgument",
    ),
    (
        "batch_mutate",
        r#"{"mutations": [{"tool": "click_element", "args": {"processId": 4, "elementId": "x"}}]}"#,
        "bad_argument",
        "InvalidArgument",
    ),
    ("drain_events", r#"{"eventTypes": "DpChange"}"#, "bad_argument", "InvalidArgument"),
];

#[test]
fn every_documented_error_is_answered_with_its_codes() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let ground = Ground::form(&desktop, ALL, &["--enable-tier3"]);
    ground.connect(&app);
    let stage = Stage::new(&ground, &app);
    let window = ground.told("get_windows", json!({}))["windows"][0]["elementId"].clone();
    let mut wrong = Vec::new();
    let mut check = |tool: &str, arguments: Value, code: &str, source: &str| {
        let answer = ground.call(tool, arguments.clone());
        let ends = format!("\nerrorCode: {source}");
        if !answer.is_error || !answer.text.starts_with(&format!("{code}: ")) || !answer.text.ends_with(&ends) {
            let said: String = answer.text.chars().take(400).collect();
            wrong.push(format!("{tool} {arguments}, where {code} and {source} are wanted: {said}"));
        }
    };
    for (tool, arguments, code, source) in ERRORS {
        let arguments = arguments.replace("\"@window\"", &window.to_string());
        check(tool, stage.meant(&arguments), code, source);
    }
    // What holds for every tool, by what it says it takes.
    let (name, process) = (stage.id("NameBox"), app.process().unwrap());
    for tool in ground.client.list_tools().unwrap() {
        let properties = &tool["inputSchema"]["properties"];
        let is_wpf = tool["name"].as_str().unwrap().chars().all(|c| c.is_lowercase() || c == '_');
        if !is_wpf {
            continue;
        }
        let tool_name = tool["name"].as_str().unwrap();
        let given = |field: &str| match field {
            "processId" => json!(process),
            "elementId" | "sourceElementId" | "targetElementId" => json!(name),
            "mutations" => json!([{ "tool": "focus_element", "args": { "elementId": name } }]),
            "triggerMutation" => json!({ "tool": "focus_element", "args": { "elementId": name } }),
            "propertyName" => json!("Text"),
            "key" => json!("Right"),
            _ => json!("x"),
        };
        let required: Vec<&str> =
            tool["inputSchema"]["required"].as_array().into_iter().flatten().map(|one| one.as_str().unwrap()).collect();
        let whole: serde_json::Map<String, Value> =
            required.iter().map(|field| ((*field).to_owned(), given(field))).collect();
        let with = |field: &str, value: Value| {
            let mut changed = whole.clone();
            changed.insert(field.to_owned(), value);
            Value::Object(changed)
        };
        check(tool_name, with("elementid", json!(name)), "unknown_argument", "InvalidArgument");
        for field in &required {
            let mut less = whole.clone();
            less.remove(*field);
            check(tool_name, Value::Object(less), "bad_argument", "MissingRequiredParameter");
        }
        if properties.get("elementId").is_some() {
            if tool_name == "find_elements" {
                let missing = json!({ "elementId": "Button_99999", "query": "x" });
                check(tool_name, missing, "not_found", "ElementNotFound");
            } else if !matches!(
                tool_name,
                "get_dp_value_source" | "trace_routed_events" | "batch_mutate" | "capture_state_snapshot"
            ) {
                check(tool_name, with("elementId", json!("Button_99999")), "not_found", "ElementNotFound");
            }
            check(tool_name, with("elementId", json!("x".repeat(257))), "bad_argument", "InvalidArgument");
        }
        if properties.get("processId").is_some() && !matches!(tool_name, "connect" | "select_active_process") {
            check(tool_name, with("processId", json!(4)), "not_found", "NotConnected");
            check(tool_name, with("processId", json!("one")), "bad_argument", "InvalidArgument");
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    app.close().unwrap();
}

/// An element that is gone is said to be, and no other answers for it.
#[test]
fn the_id_of_an_element_that_is_gone_is_good_for_no_other() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &["--second-window"]).unwrap();
    let ground = Ground::form(&desktop, ALL, &["--enable-tier3"]);
    ground.connect(&app);
    let windows = ground.told("get_windows", json!({}));
    let second =
        windows["windows"].as_array().unwrap().iter().find(|one| one["title"] == "Portcullis WPF Second").unwrap();
    let second = second["elementId"].clone();
    let found = ground.told("find_elements", json!({ "elementId": second, "elementName": "SecondBox" }));
    let boxed = found["results"][0]["elementId"].clone();
    let read = json!({ "elementId": boxed, "propertyName": "Text" });
    assert_eq!(
        ground.told("get_dp_value_source", read.clone())["effectiveValue"],
        app.ask("read SecondBox.Text").unwrap()["value"]
    );
    let mark = app.journal().mark().unwrap();
    app.ask("shut-second").unwrap();
    let closed = |line: &Value| line["event"] == "second-closed";
    app.journal().await_event(mark, "second-closed", EVENT_LIMIT, closed).unwrap();
    app.ask("gc").unwrap();
    for (tool, arguments) in [
        ("get_dp_value_source", read),
        ("click_element", json!({ "elementId": boxed })),
        ("get_visual_tree", json!({ "elementId": second })),
        ("set_dp_value", json!({ "elementId": boxed, "propertyName": "Text", "value": "x" })),
    ] {
        // Its thread may be about to end with it, and answers nothing until it has.
        let limit = Instant::now() + THREAD_END;
        let refused = loop {
            let refused = ground.refused(tool, arguments.clone());
            if !refused.starts_with("hung_target: the thread of the element does not answer") || Instant::now() > limit
            {
                break refused;
            }
        };
        let said = refused.starts_with("stale_ref: ") && refused.ends_with("errorCode: ElementNotFound")
            || refused.starts_with("hung_target: the thread of the element has ended");
        assert!(said, "{tool}: {refused}");
    }
    app.close().unwrap();
}

#[test]
fn without_a_session_or_an_application_it_is_said() {
    let desktop = desktop().unwrap();
    let ground = Ground::form(&desktop, READS, &[]);
    for (tool, arguments, source) in [
        ("get_windows", json!({}), "NoActiveProcess"),
        ("get_windows", json!({ "processId": 77 }), "NotConnected"),
        ("connect", json!({}), "NoWpfProcessesFound"),
        ("connect", json!({ "processId": 77 }), "NotWpfApplication"),
    ] {
        let refused = ground.refused(tool, arguments);
        assert!(refused.ends_with(&format!("errorCode: {source}")), "{tool}: {refused}");
    }
    let (one, two) = (
        WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap(),
        WpfApp::start(desktop.run(), "Fixture.Form", &["--title", "The other"]).unwrap(),
    );
    let refused = ground.refused("connect", json!({}));
    assert!(refused.ends_with("errorCode: MultipleWpfProcessesFound") && refused.contains("The other"), "{refused}");
    let picked = ground.told("connect", json!({ "selectionStrategy": "largest_working_set" }));
    assert_eq!((&picked["autoSelected"], &picked["candidateCount"]), (&json!(true), &json!(2)), "{picked}");
    ground.connect(&one);
    ground.connect(&two);
    ground.told("select_active_process", json!({ "processId": one.process().unwrap() }));
    let windows = ground.told("get_windows", json!({}));
    assert_eq!(windows["windows"][0]["title"], one.ready()["title"], "{windows}");
    two.close().unwrap();
    let refused = ground.refused("select_active_process", json!({ "processId": 77 }));
    assert!(refused.ends_with("errorCode: NotConnected"), "{refused}");
    one.close().unwrap();
}

/// A tool that is added has no row, and is not forgotten.
#[test]
fn every_wpf_tool_is_called_live() {
    let desktop = desktop().unwrap();
    let ground = Ground::form(&desktop, ALL, &["--enable-tier3"]);
    let rows = [TREES, BINDINGS, SCENES, STYLES, RESOURCES, LAYOUT, ACTS, WRITES, MOVES, LEAKS].into_iter().flatten();
    let called: BTreeSet<String> = rows.map(|row| row.tool).chain(CALLED.iter().copied()).map(str::to_owned).collect();
    let listed = ground.client.list_tools().unwrap();
    let listed = listed.iter().map(|tool| tool["name"].as_str().unwrap().to_owned());
    let wpf: BTreeSet<String> = listed.filter(|name| name.chars().all(|c| c.is_lowercase() || c == '_')).collect();
    assert_eq!(called, wpf);
    assert_eq!(wpf.len(), 64);
}
