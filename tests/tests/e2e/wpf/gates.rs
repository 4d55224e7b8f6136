//! The gates on a live application: shut, a tool behind one is not listed and refused by name; open alone, it does what needs no
//! other. Which tool is behind which gate is written down here once more, as the source documents it.

use super::ground::{ALL, Ground};
use super::rows::{Stage, at};
use portcullis_testkit::desktop::{Desktop, desktop};
use portcullis_testkit::server::{exe, new_data_folder};
use portcullis_testkit::wpf_app::WpfApp;
use serde_json::{Value, json};
use std::time::Duration;

/// Tools behind gates of their own; all others but [`FREE`] are behind `sensitive_reads` alone.
const BEHIND: &[(&str, &[&str])] = &[
    ("click_element", &["destructive"]),
    ("focus_element", &["destructive"]),
    ("drag_and_drop", &["destructive"]),
    ("scroll_to_element", &["destructive"]),
    ("simulate_keyboard", &["destructive"]),
    ("fire_routed_event", &["destructive"]),
    ("force_binding_update", &["destructive"]),
    ("highlight_element", &["destructive"]),
    ("invalidate_layout", &["destructive"]),
    ("batch_mutate", &["destructive"]),
    ("get_datacontext_chain", &["viewmodel"]),
    ("get_viewmodel", &["viewmodel"]),
    ("get_commands", &["viewmodel"]),
    ("execute_command", &["viewmodel", "destructive"]),
    ("modify_viewmodel", &["viewmodel", "destructive"]),
    ("element_screenshot", &["screenshots"]),
    ("set_dp_value", &["destructive", "sensitive_reads"]),
    ("clear_dp_value", &["destructive", "sensitive_reads"]),
    ("override_style_setter", &["destructive", "sensitive_reads"]),
    ("wait_for_dp_change_after_mutation", &["destructive", "sensitive_reads"]),
    ("drain_events", &["destructive", "sensitive_reads"]),
    ("measure_element_render_time", &["destructive", "sensitive_reads"]),
    ("capture_state_snapshot", &["destructive", "sensitive_reads"]),
    ("restore_state_snapshot", &["destructive", "sensitive_reads"]),
];
/// Tools behind no gate.
const FREE: &[&str] = &["get_processes", "connect", "select_active_process", "get_active_process", "ping_inspector"];
/// Gates of the inspector.
const GATES: [&str; 4] = ["sensitive_reads", "screenshots", "viewmodel", "destructive"];

fn behind(tool: &str) -> &'static [&'static str] {
    match BEHIND.iter().find(|(name, _)| *name == tool) {
        Some((_, gates)) => gates,
        None if FREE.contains(&tool) => &[],
        None => &["sensitive_reads"],
    }
}

fn listed(ground: &Ground) -> Vec<Value> {
    let is_wpf = |tool: &Value| tool["name"].as_str().unwrap().chars().all(|c| c.is_lowercase() || c == '_');
    ground.client.list_tools().unwrap().into_iter().filter(is_wpf).collect()
}

fn with_gates(desktop: &Desktop, gates: &[&str]) -> Ground {
    Ground::form(desktop, gates, &["--enable-tier3"])
}

#[test]
fn a_tool_whose_gate_is_shut_is_not_listed_and_names_the_gate() {
    let desktop = desktop().unwrap();
    let all = listed(&with_gates(&desktop, &GATES));
    assert_eq!(all.len(), 64);
    for shut in GATES {
        let open: Vec<&str> = GATES.into_iter().filter(|gate| *gate != shut).collect();
        let ground = with_gates(&desktop, &open);
        let here = listed(&ground);
        let mut wrong = Vec::new();
        for tool in &all {
            let name = tool["name"].as_str().unwrap();
            let is_listed = here.iter().any(|one| one["name"] == name);
            if !behind(name).contains(&shut) {
                if !is_listed {
                    wrong.push(format!("{name} is not listed"));
                }
                continue;
            }
            // Whatever it is called with: the gate is asked first.
            let refused = ground.refused(name, json!({}));
            let said = refused.starts_with("not_enabled: ")
                && refused.contains(&format!("rule: `gates.{shut}`"))
                && refused.contains(&format!("`gates.{shut} = true`"))
                && refused.ends_with("\nerrorCode: SecurityError");
            if is_listed || !said {
                wrong.push(format!("{name}, listed {is_listed}: {refused}"));
            }
        }
        assert!(wrong.is_empty(), "without {shut}:\n{}", wrong.join("\n"));
    }
}

/// What the arguments of a call add: a step, a snapshot, a condition that hangs on a view model.
#[test]
fn what_a_call_does_besides_needs_its_gate_too() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &["--page", "styles"]).unwrap();
    let ground = with_gates(&desktop, &["injection", "sensitive_reads", "destructive"]);
    ground.connect(&app);
    let stage = Stage::new(&ground, &app);
    for (tool, arguments) in [
        ("capture_state_snapshot", r#"{"viewModelPropertyNames": ["Name"]}"#),
        ("batch_mutate", r#"{"mutations": [{"tool": "execute_command", "args": {"commandName": "Save"}}]}"#),
        (
            "batch_mutate",
            r#"{"mutations": [{"tool": "focus_element", "args": {"elementId": "@RankButton"}}],
                "captureSnapshot": {"viewModelPropertyNames": ["Name"]}}"#,
        ),
        (
            "wait_for_dp_change_after_mutation",
            r#"{"propertyName": "Title", "triggerMutation": {"tool": "modify_viewmodel", "args": {"propertyName": "Name", "value": "x"}}}"#,
        ),
    ] {
        let refused = ground.refused(tool, stage.meant(arguments));
        let said = refused.contains("`gates.viewmodel`") && refused.ends_with("\nerrorCode: SecurityError");
        assert!(said, "{tool} {arguments}: {refused}");
    }
    assert_eq!(app.ask("model RankButton.Name").unwrap()["value"], "Ada");
    // The view model is not asked for a trigger, nor for the steps of a path; its values are in no answer.
    app.ask("press RankButton").unwrap();
    let told = ground.told("get_triggers", stage.meant(r#"{"elementId": "@DerivedButton"}"#));
    let data = at(&told, "triggers[triggerType=DataTrigger]");
    assert!(data["isActive"].is_null() && at(&data, "conditions[0].currentValue").is_null(), "{data}");
    assert_eq!(at(&told, "triggers[triggerType=Trigger].isActive"), false, "{told}");
    let chain = stage.meant(r#"{"elementId": "@AddressContent", "propertyName": "Content"}"#);
    let told = ground.told("get_binding_value_chain", chain).to_string();
    assert!(!told.contains("Oslo"), "{told}");
    app.close().unwrap();
}

/// A property that names a path reads by it for whoever writes the path: what lies behind the elements, and secrets too.
#[test]
fn attack_a_path_that_is_written_opens_no_gate_and_no_secret() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let shut = ["injection", "sensitive_reads", "destructive"];
    for (gates, path, said) in [
        (&shut[..], "DataContext.Balance", "viewmodel"),
        (&shut, "Content", "viewmodel"),
        (ALL, "DataContext.Password", "a secret by its name"),
        (ALL, "DataContext.ApiKey", "a secret by its name"),
        (ALL, "Content.DataContext.Name", "the items are elements"),
    ] {
        let ground = with_gates(&desktop, gates);
        ground.connect(&app);
        let stage = Stage::new(&ground, &app);
        let tabs = stage.id("PageTabs");
        let write = json!({ "elementId": tabs, "propertyName": "SelectedValuePath", "value": path });
        let step = json!({ "mutations": [{ "tool": "set_dp_value", "args": write }] });
        for (tool, arguments) in [("set_dp_value", write), ("batch_mutate", step)] {
            let told = ground.call(tool, arguments).text;
            assert!(told.contains(said), "{tool} {path}: {told}");
        }
        let held = json!({ "elementId": tabs, "propertyName": "SelectedValuePath" });
        assert_eq!(ground.told("get_dp_value_source", held)["currentValue"], "", "{path}");
    }
    app.close().unwrap();
}

/// One gate open and no other: what is behind it alone works, and tells nothing that is behind another.
#[test]
fn a_gate_that_is_open_alone_is_enough_for_what_is_behind_it() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    for (gate, calls) in [
        ("viewmodel", &["get_viewmodel", "get_commands", "get_datacontext_chain"][..]),
        ("screenshots", &["element_screenshot"]),
        ("destructive", &["simulate_keyboard", "invalidate_layout"]),
        ("sensitive_reads", &["get_visual_tree", "get_windows", "get_bindings", "get_ui_summary"]),
    ] {
        let ground = with_gates(&desktop, &["injection", gate]);
        let connected = ground.connect(&app);
        assert_eq!(connected["openGates"].as_array().unwrap().len(), 2, "{connected}");
        for tool in calls {
            let arguments = match *tool {
                "simulate_keyboard" => json!({ "key": "F9" }),
                "get_bindings" => json!({ "recursive": true }),
                _ => json!({}),
            };
            let told = ground.told(tool, arguments).to_string();
            let has = |text: &str| told.contains(text);
            assert_eq!(
                has("ada@example.com"),
                matches!(*tool, "get_viewmodel" | "get_bindings" | "get_ui_summary"),
                "{tool}: {told}"
            );
            assert!(!has("hunter2") && !has("key-0123456789"), "{tool} tells a secret: {told}");
            assert!(gate == "sensitive_reads" || !has("Portcullis WPF Fixture"), "{tool} tells a title: {told}");
        }
    }
    app.close().unwrap();
}

/// The source takes words and numbers and does not trim; here a truth is a truth, and anything else stops the start.
#[test]
fn a_gate_that_is_set_to_no_truth_stops_the_start() {
    let desktop = desktop().unwrap();
    for value in [r#"" true""#, r#""maybe""#, r#""true""#, "1", "[true]"] {
        let data = new_data_folder(desktop.run()).unwrap();
        let file = data.join("policy.toml");
        std::fs::write(&file, format!("version = 1\n\n[gates]\nsensitive_reads = {value}\n")).unwrap();
        let (file, data) = (desktop.run().windows_path(&file), desktop.run().windows_path(&data));
        let arguments = ["serve", "--data", data.as_str(), "--config", file.as_str(), "--allow-elevated"];
        let ended = desktop.run().output(&exe(), &arguments, Duration::from_secs(30)).unwrap();
        assert!(!ended.status.success(), "{value} starts");
        assert!(
            ended.stderr.contains("gates.sensitive_reads") && ended.stderr.contains("policy.toml"),
            "{value}: {}",
            ended.stderr
        );
    }
}

/// What the desktop's tools see of the application is what anybody sees: nothing that the inspector alone knows.
#[test]
fn no_tool_of_the_desktop_goes_through_a_shut_gate() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let ground = with_gates(&desktop, &["injection"]);
    ground.connect(&app);
    app.ask("set SecretBox.Password hunter2-typed").unwrap();
    for (tool, arguments) in [
        ("Snapshot", json!({})),
        ("Snapshot", json!({ "window": "Portcullis WPF Fixture" })),
        ("FindElement", json!({ "name": "GreetButton" })),
        ("FindElement", json!({ "automation_id": "NameBox" })),
        ("GetText", json!({ "window": "Portcullis WPF Fixture" })),
        ("Click", json!({ "name": "GreetButton" })),
        ("Click", json!({ "automation_id": "GreetButton" })),
    ] {
        let told = ground.call(tool, arguments.clone()).text;
        for known in ["ada@example.com", "hunter2", "GoodColumn", "MainWindow"] {
            assert!(!told.contains(known), "{tool} {arguments} tells {known}: {told}");
        }
    }
    assert!(app.ask("model NameBox.Note").unwrap()["value"].is_null(), "a click went through the inspector");
    app.close().unwrap();
}
