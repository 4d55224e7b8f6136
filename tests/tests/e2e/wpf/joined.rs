//! The desktop's tools on a live application that is connected to: the same elements under the same refs as the WPF tools have.
//! What was done is told by the application's journal, and what is read compared with what it says itself.

use super::ground::{ALL, Ground, READS};
use portcullis_testkit::desktop::desktop;
use portcullis_testkit::journal::EVENT_LIMIT;
use portcullis_testkit::wpf_app::WpfApp;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What the application's window is called.
const TITLE: &str = "Portcullis WPF Fixture";
/// What its password box holds.
const SECRET: &str = "hunter2-box";

/// How long the application may take to have compiled what a reading runs.
const COMPILED: Duration = Duration::from_secs(20);

/// The answer of a view tool that must succeed.
fn shown(ground: &Ground, tool: &str, arguments: Value) -> String {
    let said = arguments.to_string();
    let answer = ground.call(tool, arguments);
    assert!(!answer.is_error, "{tool} {said}: {}", answer.text);
    assert!(!answer.text.contains(SECRET), "{tool} {said} tells a password: {}", answer.text);
    answer.text
}

/// The ref of the line that holds this.
fn of(text: &str, part: &str) -> String {
    let line = text.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("no {part}: {text}"));
    line.split_whitespace().next().unwrap().to_owned()
}

/// The ref of the application's window.
fn window(ground: &Ground) -> String {
    of(&shown(ground, "Snapshot", json!({})), &format!("window \"{TITLE}\""))
}

fn snapshot(ground: &Ground, window: &str) -> String {
    shown(ground, "Snapshot", json!({ "window": window, "max_tokens": 20_000 }))
}

/// A reading from inside. The application compiles what a reading runs when it runs first, which may take longer than the
/// inspector has; until then the others speak.
fn seen_from_inside(ground: &Ground, window: &str) -> String {
    let limit = Instant::now() + COMPILED;
    loop {
        let seen = snapshot(ground, window);
        if seen.contains("(read by wpf (") {
            return seen;
        }
        assert!(seen.contains("wpf gave 0: ") && Instant::now() < limit, "{seen}");
    }
}

#[test]
fn a_ref_of_snapshot_leads_to_the_binding_and_is_operated_from_inside() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let ground = Ground::form(&desktop, ALL, &["--enable-tier3"]);
    let before = snapshot(&ground, &window(&ground));
    assert!(!before.contains("\"Greet\"") && !before.contains("wpf"), "{before}");
    ground.connect(&app);
    let window = window(&ground);
    let seen = seen_from_inside(&ground, &window);
    for line in [
        " = \"Ada\"",
        "button \"Save\"",
        "button \"Disabled\" disabled",
        "checkbox \"Subscribed\" on",
        "edit \"Password\" password",
    ] {
        assert!(seen.contains(line), "{line}: {seen}");
    }
    // From the line of Snapshot to the binding and the command behind it.
    let (name, refuse, greet) =
        (of(&seen, " = \"Ada\""), of(&seen, "button \"Refuse\""), of(&seen, "button \"Greet\""));
    let bindings = ground.told("get_bindings", json!({ "elementId": name }));
    assert_eq!(bindings["bindings"][0]["path"], "Name", "{bindings}");
    let ready = ground.told("get_interaction_readiness", json!({ "elementId": refuse }));
    assert_eq!(ready["isReady"], false, "{ready}");
    let found = ground.told("find_elements", json!({ "elementName": "GreetButton", "matchMode": "exact" }));
    assert_eq!(found["results"][0]["ref"], json!(greet), "{found}");
    let tree = ground.told("get_visual_tree", json!({ "elementId": window, "depth": 1 }));
    assert_eq!((&tree["tree"]["type"], &tree["tree"]["ref"]), (&json!("MainWindow"), &json!(window)), "{tree}");
    // What is done through it, the application tells.
    for tool in ["Click", "Invoke"] {
        let mark = app.journal().mark().unwrap();
        let said = shown(&ground, tool, json!({ "ref": greet }));
        assert!(said.contains("OnClick inside the application"), "{tool}: {said}");
        let clicked = |line: &Value| line["event"] == "click" && line["control"] == "GreetButton";
        app.journal().await_event(mark, "click", EVENT_LIMIT, clicked).unwrap();
    }
    assert_eq!(app.ask("model NameBox.Note").unwrap()["value"], "Greeted Ada");
    let said = shown(&ground, "Click", json!({ "name": "Subscribed", "role": "checkbox", "window": window }));
    assert!(said.contains("confirmed"), "{said}");
    assert_eq!(app.ask("model NameBox.Subscribed").unwrap()["value"], "False");
    // Reading, writing and waiting.
    let own = |question: &str| app.ask(question).unwrap()["value"].as_str().unwrap().to_owned();
    assert_eq!(shown(&ground, "GetText", json!({ "ref": name })), own("read NameBox.Text"));
    let typed = shown(&ground, "Type", json!({ "ref": name, "text": "Grace", "clear": true }));
    assert!(typed.contains("confirmed"), "{typed}");
    assert_eq!(own("model NameBox.Name"), "Grace");
    let wait = json!({ "condition": "text_exists", "text": "Katherine", "window": window, "timeout": 1 });
    assert!(ground.call("WaitFor", wait).is_error);
    app.ask("set NameBox.Text Katherine").unwrap();
    let wait = json!({ "condition": "text_exists", "text": "Katherine", "window": window, "timeout": 20 });
    let seen = shown(&ground, "WaitFor", wait);
    assert!(seen.contains(&name) && seen.contains("Katherine"), "{seen}");
    // A password is in no answer: `shown` looks at each.
    let secret = of(&snapshot(&ground, &window), "edit \"Password\" password");
    let refused = ground.refused("GetText", json!({ "ref": secret }));
    assert!(refused.contains("secret") && !refused.contains(SECRET), "{refused}");
    shown(&ground, "FindElement", json!({ "window": window, "role": "edit" }));
    app.close().unwrap();
    // The session has ended with its application, and no ref of it means anything of another one.
    let again = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    for (tool, arguments) in [
        ("Click", json!({ "ref": greet })),
        ("GetText", json!({ "ref": name })),
        ("WaitFor", json!({ "condition": "element_exists", "ref": greet, "timeout": 1 })),
    ] {
        let refused = ground.refused(tool, arguments);
        assert!(refused.contains("stale_ref") && refused.contains("session"), "{tool}: {refused}");
    }
    let seen = snapshot(&ground, &self::window(&ground));
    assert!(!seen.contains("\"Greet\"") && !seen.contains("wpf"), "{seen}");
    again.close().unwrap();
}

/// With the gate for reading alone, elements are seen from inside and operated as from outside.
#[test]
fn what_may_only_be_read_from_inside_is_clicked_with_the_pointer() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let ground = Ground::form(&desktop, READS, &["--enable-tier3"]);
    ground.connect(&app);
    let greet = of(&seen_from_inside(&ground, &window(&ground)), "button \"Greet\"");
    let refused = ground.refused("Invoke", json!({ "ref": greet }));
    assert!(refused.contains("`gates.destructive`"), "{refused}");
    let mark = app.journal().mark().unwrap();
    let said = shown(&ground, "Click", json!({ "ref": greet }));
    assert!(said.contains("with the pointer"), "{said}");
    let clicked = |line: &Value| line["event"] == "click" && line["control"] == "GreetButton";
    app.journal().await_event(mark, "click", EVENT_LIMIT, clicked).unwrap();
    app.close().unwrap();
}

/// A thread that hangs costs the inspector's slice: the others speak, and the answer says why.
#[test]
fn a_blocked_application_is_read_by_the_other_readers() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &["--page", "blocking"]).unwrap();
    let ground = Ground::form(&desktop, READS, &[]);
    ground.connect(&app);
    let window = window(&ground);
    seen_from_inside(&ground, &window);
    let mark = app.journal().mark().unwrap();
    app.ask("set BlockSeconds.Text 7").unwrap();
    app.ask("press BlockButton").unwrap();
    let blocked = |line: &Value| line["event"] == "blocked";
    app.journal().await_event(mark, "blocked", EVENT_LIMIT, blocked).unwrap();
    let seen = snapshot(&ground, &window);
    assert!(seen.contains("wpf gave 0"), "{seen}");
    let unblocked = |line: &Value| line["event"] == "unblocked";
    app.journal().await_event(mark, "unblocked", Duration::from_secs(15), unblocked).unwrap();
    seen_from_inside(&ground, &window);
    app.close().unwrap();
}
