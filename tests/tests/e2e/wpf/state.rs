//! Keeping a state and putting it back on a live application: by the very objects, whatever they are; batches that undo
//! themselves; and bindings that leak, which are found.

use super::ground::{ALL, Ground};
use super::rows::{Row, Stage, at, row};
use portcullis_testkit::desktop::desktop;
use portcullis_testkit::wpf_app::WpfApp;
use serde_json::{Value, json};

/// A page, an element, its property, and another value for it.
const KEPT: &[(&str, &str, &str, &str)] = &[
    ("form", "NameBox", "Text", r#""Grace""#),
    ("form", "MultiText", "Text", r#""Grace""#),
    ("form", "PriorityText", "Text", r#""Grace""#),
    ("form", "GoodHeading", "Foreground", r#""Red""#),
    ("styles", "LocalButton", "Background", r#""Red""#),
    ("styles", "DerivedButton", "Style", "null"),
    ("styles", "RoundButton", "Template", "null"),
    ("styles", "LocalButton", "Content", r#""Other""#),
    ("resources", "PageBorder", "Background", r#""Red""#),
    ("resources", "AccentBorder", "Background", r#""Red""#),
];

#[test]
fn whatever_is_kept_comes_back_as_the_same_object() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let ground = Ground::form(&desktop, ALL, &["--enable-tier3"]);
    ground.connect(&app);
    let stage = Stage::new(&ground, &app);
    let mut wrong = Vec::new();
    for (page, element, property, other) in KEPT {
        app.ask(&format!("page {page}")).unwrap();
        let id = stage.id(element);
        let look = || {
            let identity = app.ask(&format!("identity {element}.{property}")).unwrap();
            let read = app.ask(&format!("read {element}.{property}")).unwrap();
            // An expression is made anew for the same binding, and gives text of its own.
            let value = if read["expression"] == true { json!(read["value"]) } else { identity["value"].clone() };
            json!([value, identity["binding"], read["source"], read["expression"], read["local"]])
        };
        let before = look();
        let kept = ground.told("capture_state_snapshot", json!({ "elementId": id, "propertyNames": [property] }));
        let other: Value = serde_json::from_str(other).unwrap();
        ground.told("set_dp_value", json!({ "elementId": id, "propertyName": property, "value": other }));
        let diff = ground.told("get_state_diff", json!({ "snapshotId": kept["snapshotId"], "trigger": "test" }));
        if look() == before || at(&diff, "propertyChanges[0].propertyName") != *property || diff["trigger"] != "test" {
            wrong.push(format!("{element}.{property} was not changed, or that is not told: {diff}"));
        }
        let back = ground.told("restore_state_snapshot", json!({ "snapshotId": kept["snapshotId"] }));
        let row = at(&back, "restoredDependencyProperties[0]");
        if row["verified"] != true || row["restoreDisposition"] != "Restored" || back["snapshotRemoved"] != true {
            wrong.push(format!("{element}.{property}: {back}"));
        }
        let after = look();
        if after != before {
            wrong.push(format!("{element}.{property} is {after}, and was {before}"));
        }
        let gone = ground.refused("get_state_diff", json!({ "snapshotId": kept["snapshotId"] }));
        assert!(gone.contains("no such snapshot"), "{gone}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // A resource that is asked for dynamically still is.
    app.ask("press RepaintButton").unwrap();
    let painted = app.ask("read PageBorder.Background").unwrap();
    assert_eq!(painted["value"], app.ask("resource PageBorder PageBrush").unwrap()["value"], "{painted}");
    app.close().unwrap();
}

#[test]
fn view_models_focus_and_errors_are_kept_compared_and_put_back() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let ground = Ground::form(&desktop, ALL, &["--enable-tier3"]);
    ground.connect(&app);
    let stage = Stage::new(&ground, &app);
    app.ask("focused EmailBox").unwrap();
    let email = stage.id("EmailBox");
    let kept = ground.told(
        "capture_state_snapshot",
        json!({ "elementId": email, "propertyNames": ["Width", "Nonsense"], "viewModelPropertyNames": ["Email", "Age", "Greeting"],
            "includeFocus": true, "snapshotName": "before" }),
    );
    for (place, value) in [
        ("snapshotName", json!("before")),
        ("snapshotSummary.dependencyPropertyCount", json!(1)),
        ("snapshotSummary.skippedDependencyPropertyCount", json!(1)),
        ("snapshotSummary.viewModelPropertyCount", json!(3)),
        ("snapshotSummary.capturedFocus", json!(true)),
        ("snapshotCompleteness.validationBaselineCaptured", json!(true)),
        ("skippedDependencyProperties", json!(["Nonsense"])),
    ] {
        assert_eq!(at(&kept, place), value, "{place}: {kept}");
    }
    ground.told("modify_viewmodel", json!({ "elementId": email, "propertyName": "Email", "value": "nobody" }));
    ground.told("modify_viewmodel", json!({ "elementId": email, "propertyName": "Age", "value": 7 }));
    app.ask("focused NameBox").unwrap();
    let diff = ground.told("get_state_diff", json!({ "snapshotId": kept["snapshotId"] }));
    let errors = app.ask("errors EmailBox").unwrap();
    for (place, value) in [
        ("propertyChanges#", json!(0)),
        ("viewModelChanges#", json!(2)),
        ("viewModelChanges[propertyName=Email].oldValue", json!("ada@example.com")),
        ("viewModelChanges[propertyName=Email].newValue", json!("nobody")),
        ("viewModelChanges[propertyName=Age].newValue", json!(7)),
        ("validationChanges.added", errors["errors"].clone()),
        ("validationChanges.removed#", json!(0)),
    ] {
        assert_eq!(at(&diff, place), value, "{place}: {diff}");
    }
    let back =
        ground.told("restore_state_snapshot", json!({ "snapshotId": kept["snapshotId"], "removeAfterRestore": false }));
    assert_eq!(back["restoredFocus"], true, "{back}");
    assert_eq!(at(&back, "skipped[0].propertyName"), "Greeting", "what cannot be written: {back}");
    for (question, place, value) in [
        ("model EmailBox.Email", "value", json!("ada@example.com")),
        ("model EmailBox.Age", "value", json!("36")),
        ("errors EmailBox", "errors", json!([])),
        ("focus", "name", json!("EmailBox")),
    ] {
        assert_eq!(at(&app.ask(question).unwrap(), place), value, "{question}");
    }
    let diff = ground.told("get_state_diff", json!({ "snapshotId": kept["snapshotId"] }));
    assert_eq!(diff["changeCount"], 0, "{diff}");
    app.close().unwrap();
}

#[test]
fn a_batch_that_fails_leaves_the_application_as_it_was() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let ground = Ground::form(&desktop, ALL, &["--enable-tier3"]);
    ground.connect(&app);
    let stage = Stage::new(&ground, &app);
    let look = || {
        let binding = app.ask("identity NameBox.Text").unwrap()["binding"].clone();
        let brush = app.ask("identity GoodHeading.Foreground").unwrap()["value"].clone();
        let values = ["model NameBox.Age", "read NameBox.Text", "read GoodHeading.Foreground", "focus"];
        json!([binding, brush, values.map(|question| app.ask(question).unwrap())])
    };
    app.ask("focused EmailBox").unwrap();
    let before = look();
    let steps = r#"[
        {"tool": "set_dp_value", "args": {"elementId": "@NameBox", "propertyName": "Text", "value": "Grace"}, "label": "first"},
        {"tool": "override_style_setter", "args": {"elementId": "@GoodHeading", "propertyName": "Foreground", "value": "Red"}},
        {"tool": "modify_viewmodel", "args": {"elementId": "@NameBox", "propertyName": "Age", "value": 50}},
        {"tool": "focus_element", "args": {"elementId": "@NameBox"}},
        {"tool": "click_element", "args": {"elementId": "@DisabledButton"}},
        {"tool": "execute_command", "args": {"elementId": "@NameBox", "commandName": "Save"}}]"#;
    let steps = stage.meant(steps);
    let mark = app.journal().mark().unwrap();
    let failed = json!({ "mutations": steps, "captureSnapshot": true, "rollbackOnFailure": true, "trigger": "try" });
    let told = ground.told("batch_mutate", failed);
    for (place, value) in [
        ("executionMode", json!("sequential-stop-on-error")),
        ("mutationCount", json!(6)),
        ("successCount", json!(4)),
        ("failureCount", json!(1)),
        ("skippedCount", json!(1)),
        ("mutations[0].label", json!("first")),
        ("mutations[0].result.replacedExpression", json!(true)),
        ("mutations[4].errorCode", json!("InteractionNotReady")),
        ("mutations[5].skipped", json!(true)),
        ("rollback.attempted", json!(true)),
        ("rollback.succeeded", json!(true)),
        ("rollback.rollbackOnFailure", json!(true)),
    ] {
        assert_eq!(at(&told, place), value, "{place}: {told}");
    }
    assert_eq!(look(), before, "not as it was: {told}");
    let done = app.journal().since(mark).unwrap();
    assert!(!done.iter().any(|line| line["event"] == "command"), "a step was made after one that failed: {done:?}");

    // Without it the application is left where the batch stopped, and the answer says how it is put back.
    let told = ground.told(
        "batch_mutate",
        json!({ "mutations": stage.meant(
        r#"[{"tool": "set_dp_value", "args": {"elementId": "@NameBox", "propertyName": "Text", "value": "Grace"}},
            {"tool": "set_dp_value", "args": {"elementId": "@NameBox", "propertyName": "Nonsense", "value": 1}}]"#),
        "captureSnapshot": true }),
    );
    assert_eq!(
        (&told["rollback"]["available"], &told["rollback"]["attempted"]),
        (&json!(true), &json!(false)),
        "{told}"
    );
    assert_eq!(app.ask("read NameBox.Text").unwrap()["value"], "Grace");
    let (tool, params) = (told["rollback"]["tool"].as_str().unwrap(), told["rollback"]["params"].clone());
    ground.told(tool, params);
    assert_eq!(app.ask("identity NameBox.Text").unwrap()["binding"], before[0], "{told}");
    stage.run(&[row(
        "batch_mutate",
        r#"{"mutations": [{"tool": "modify_viewmodel", "args": {"elementId": "@NameBox", "propertyName": "Age", "value": 51}},
            {"tool": "click_element", "args": {"elementId": "@GreetButton"}}], "captureSnapshot": true, "includeDiff": true}"#,
        &[
            ("allSucceeded", "=true"),
            ("stateDiff.viewModelChanges[propertyName=Age].newValue", "=51"),
            ("rollback.available", "=true"),
        ],
    )
    .journal(&[r#"{"event": "click", "control": "GreetButton"}"#])
    .after(&[("model NameBox.Age", "value", "=51")])]);
    app.close().unwrap();
}

/// Elements that nothing but their binding keeps alive, and the same without the fault.
pub(crate) const LEAKS: &[Row] = &[
    row("find_binding_leaks", "{}", &[("hasLeaks", "=false"), ("collectedMemory", "=true")])
        .before(&["press CleanButton"]),
    row(
        "find_binding_leaks",
        "{}",
        &[
            ("hasLeaks", "=true"),
            ("deadBindings", "?leaks > leaky"),
            ("suspects[propertyName=Text].sourceType", "=\"LeakySource\""),
            ("suspects[propertyName=Text].dead", "?leaks > leaky"),
            ("potentialLeaks", "=1"),
            ("confidence", "=\"high\""),
        ],
    )
    .before(&["press LeakButton"]),
];

#[test]
fn bindings_that_leak_are_found_and_others_are_not() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &["--page", "leak"]).unwrap();
    let ground = Ground::form(&desktop, ALL, &["--enable-tier3"]);
    ground.connect(&app);
    Stage::new(&ground, &app).run(LEAKS);
    app.close().unwrap();
}
