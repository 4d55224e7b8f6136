//! Every tool of the family once, on a live application: that server and inspector mean the same. What each tells is compared with
//! what the application says of itself where it can say it.

use super::ground::{ALL, Ground};
use portcullis_testkit::desktop::desktop;
use portcullis_testkit::wpf_app::WpfApp;
use serde_json::{Value, json};

/// Whether `found` has all of `wanted`, at any depth of objects.
fn has(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            wanted.iter().all(|(key, wanted)| found.get(key).is_some_and(|found| has(found, wanted)))
        }
        _ => found == wanted,
    }
}

/// A tool, its arguments, and what its answer must have. `@Name` stands for the id of the element of that name.
const READS: &[(&str, &str, &str)] = &[
    ("get_active_process", "{}", r#"{"hasActiveProcess": true}"#),
    ("ping_inspector", "{}", r#"{"status": "pong"}"#),
    ("get_windows", "{}", r#"{"windowCount": 1}"#),
    ("get_visual_tree", r#"{"depth": 4}"#, r#"{"tree": {"type": "MainWindow"}}"#),
    ("get_logical_tree", r#"{"depth": 4}"#, r#"{"tree": {"type": "MainWindow"}}"#),
    ("get_template_tree", r#"{"elementId": "@SaveButton"}"#, "{}"),
    ("compare_trees", r#"{"elementId": "@SaveButton"}"#, r#"{"visualChildCount": 1}"#),
    ("get_namescope", "{}", r#"{"hasNameScope": true}"#),
    ("serialize_to_xaml", r#"{"elementId": "@SaveButton"}"#, "{}"),
    ("get_visual_count", "{}", "{}"),
    ("get_bindings", r#"{"elementId": "@NameBox"}"#, r#"{"bindingCount": 1}"#),
    ("get_binding_errors", "{}", "{}"),
    ("get_binding_mismatches", r#"{"recursive": true}"#, "{}"),
    ("get_affected_elements", r#"{"propertyName": "Name"}"#, "{}"),
    ("get_binding_value_chain", r#"{"elementId": "@NameBox", "propertyName": "Text"}"#, r#"{"hasBinding": true}"#),
    ("get_datacontext_chain", r#"{"elementId": "@NameBox"}"#, "{}"),
    (
        "get_dp_value_source",
        r#"{"elementId": "@NameBox", "propertyName": "Text"}"#,
        r#"{"isExpression": true, "currentValue": "Ada"}"#,
    ),
    ("get_dp_metadata", r#"{"elementId": "@NameBox", "propertyName": "Text"}"#, r#"{"isReadOnly": false}"#),
    ("get_applied_styles", r#"{"elementId": "@SaveButton"}"#, "{}"),
    ("get_triggers", r#"{"elementId": "@SaveButton"}"#, "{}"),
    ("get_resource_chain", r#"{"resourceKey": "NoSuchKey"}"#, r#"{"found": false}"#),
    ("get_event_handlers", r#"{"elementId": "@GreetButton", "eventName": "Click"}"#, "{}"),
    ("get_focus_state", "{}", "{}"),
    ("get_layout_info", r#"{"elementId": "@NameBox"}"#, "{}"),
    ("get_clipping_info", r#"{"elementId": "@NameBox"}"#, "{}"),
    ("get_viewmodel", r#"{"elementId": "@NameBox"}"#, r#"{"implementsINotifyPropertyChanged": true}"#),
    ("get_commands", r#"{"elementId": "@NameBox"}"#, "{}"),
    ("get_validation_errors", "{}", "{}"),
    ("get_render_stats", "{}", "{}"),
    ("find_binding_leaks", "{}", "{}"),
    ("get_ui_summary", "{}", "{}"),
    ("get_form_summary", "{}", "{}"),
    ("get_element_snapshot", r#"{"elementId": "@NameBox"}"#, "{}"),
    ("diagnose_visibility", r#"{"elementId": "@NameBox"}"#, r#"{"isUserVisible": true}"#),
    ("get_interaction_readiness", r#"{"elementId": "@RefuseButton"}"#, r#"{"isReady": false}"#),
    ("element_screenshot", r#"{"elementId": "@NameBox"}"#, r#"{"elementType": "TextBox", "outputMode": "metadata"}"#),
    ("element_screenshot", r#"{"elementId": "@NameBox", "outputMode": "base64"}"#, r#"{"rendered": true}"#),
    ("watch_dp_changes", r#"{"elementId": "@NameBox", "propertyName": "Text"}"#, "{}"),
    ("drain_events", "{}", "{}"),
    ("trace_routed_events", r#"{"mode": "start", "eventName": "Click", "elementId": "@GreetButton"}"#, "{}"),
    ("highlight_element", r#"{"elementId": "@NameBox", "duration": 100}"#, "{}"),
    ("invalidate_layout", r#"{"elementId": "@NameBox"}"#, "{}"),
    ("measure_element_render_time", r#"{"elementId": "@NameBox"}"#, "{}"),
    ("force_binding_update", r#"{"elementId": "@NameBox", "propertyName": "Text"}"#, "{}"),
    ("scroll_to_element", r#"{"elementId": "@NameBox"}"#, "{}"),
    ("focus_element", r#"{"elementId": "@NameBox"}"#, "{}"),
    ("simulate_keyboard", r#"{"elementId": "@NameBox", "key": "Right"}"#, "{}"),
    ("fire_routed_event", r#"{"elementId": "@GreetButton", "eventName": "Click"}"#, "{}"),
    ("click_element", r#"{"elementId": "@GreetButton"}"#, "{}"),
    ("wait_for_dp_change", r#"{"elementId": "@NameBox", "propertyName": "Text", "expectedValue": "Ada"}"#, "{}"),
];

#[test]
fn every_reading_and_acting_tool_answers_on_a_live_application() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let ground = Ground::form(&desktop, ALL, &["--enable-tier3"]);
    ground.connect(&app);
    let mut wrong = Vec::new();
    for (tool, arguments, wanted) in READS {
        let mut arguments: Value = serde_json::from_str(arguments).unwrap();
        for value in arguments.as_object_mut().unwrap().values_mut() {
            if let Some(name) = value.as_str().and_then(|text| text.strip_prefix('@')) {
                *value = json!(ground.element(name));
            }
        }
        let answer = ground.call(tool, arguments.clone());
        let wanted: Value = serde_json::from_str(wanted).unwrap();
        let told = answer.structured.clone().unwrap_or_default();
        if answer.is_error || told["success"] != true || !has(&told, &wanted) {
            wrong.push(format!("{tool} {arguments}: {}", answer.text.chars().take(700).collect::<String>()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    app.close().unwrap();
}

#[test]
fn what_is_written_is_seen_by_the_application_and_can_be_put_back() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let ground = Ground::form(&desktop, ALL, &["--enable-tier3"]);
    ground.connect(&app);
    let name = ground.element("NameBox");
    let binding = app.ask("identity NameBox.Text").unwrap();
    let kept = ground.told("capture_state_snapshot", json!({ "elementId": name, "propertyNames": ["Text", "Width"] }));
    ground.told("set_dp_value", json!({ "elementId": name, "propertyName": "Text", "value": "Grace" }));
    assert_eq!(app.ask("read NameBox.Text").unwrap()["value"], "Grace");
    let diff = ground.told("get_state_diff", json!({ "snapshotId": kept["snapshotId"] }));
    assert_eq!(diff["propertyChanges"].as_array().unwrap().len(), 1, "{diff}");
    ground.told("restore_state_snapshot", json!({ "snapshotId": kept["snapshotId"] }));
    let again = app.ask("identity NameBox.Text").unwrap();
    assert_eq!(app.ask("read NameBox.Text").unwrap()["value"], "Ada");
    assert_eq!(again["binding"], binding["binding"], "another binding than before");

    ground.told("modify_viewmodel", json!({ "elementId": name, "propertyName": "Name", "value": "Edsger" }));
    assert_eq!(app.ask("read NameBox.Text").unwrap()["value"], "Edsger");
    let mark = app.journal().mark().unwrap();
    ground.told("execute_command", json!({ "elementId": name, "commandName": "Save" }));
    let saved = |line: &Value| line["event"] == "command" && line["command"] == "Save";
    app.journal().await_event(mark, "the command", portcullis_testkit::journal::EVENT_LIMIT, saved).unwrap();
    app.close().unwrap();
}
