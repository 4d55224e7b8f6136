//! The WPF applications of the fixtures, by themselves: each starts, tells its own truth, and ends. What the server says of
//! them is for other files; here they are shown to be an oracle that one can go by.

use crate::fixture::says;
use portcullis_testkit::desktop::{Desktop, desktop};
use portcullis_testkit::journal::{EVENT_LIMIT, Mark, is};
use portcullis_testkit::wpf_app::WpfApp;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn start(desktop: &Desktop, name: &str, arguments: &[&str]) -> WpfApp {
    let app = WpfApp::start(desktop.run(), name, arguments).unwrap();
    // Windows' own list knows the program by its own name, and not as one of `dotnet.exe`.
    let pid = app.process().unwrap().to_string();
    let list = desktop.windows_program("tasklist.exe", &[]).unwrap().stdout;
    let program = format!("{name}.exe");
    let fits = |line: &str| line.contains(&program) && line.split([' ', ',', '"']).any(|word| word == pid);
    assert!(list.lines().any(fits), "no {program} with {pid} in\n{list}");
    app
}

fn await_event(app: &WpfApp, mark: Mark, event: &str, detail: &Value) -> Value {
    let fits = |line: &Value| line["event"] == event && says(line, detail);
    app.journal().await_event(mark, &format!("{event} {detail}"), EVENT_LIMIT, fits).unwrap()
}

/// A question and what the answer must have.
const READINGS: &[(&str, &str)] = &[
    ("read NameBox.Text", r#"{"value": "Ada", "source": "Local", "expression": true, "binding": "Active"}"#),
    ("read GreetingText.Text", r#"{"value": "Hello, Ada"}"#),
    ("read UpperText.Text", r#"{"value": "ADA!"}"#),
    ("read MultiText.Text", r#"{"value": "Ada / 36", "expression": true}"#),
    ("read PriorityText.Text", r#"{"value": "ada@example.com"}"#),
    ("read NullText.Text", r#"{"value": "(no note)"}"#),
    ("read AncestorText.Text", r#"{"value": "Portcullis WPF Fixture"}"#),
    ("read BrokenPath.Text", r#"{"value": "", "binding": "PathError"}"#),
    ("read BrokenDeep.Text", r#"{"value": "fallback", "binding": "PathError"}"#),
    ("read BrokenElement.Text", r#"{"binding": "PathError"}"#),
    ("read BrokenConverter.Text", r#"{"binding": "UpdateTargetError"}"#),
    ("read BrokenType.IsChecked", r#"{"value": "False"}"#),
    ("read SaveButton.IsEnabled", r#"{"value": "True"}"#),
    ("read RefuseButton.IsEnabled", r#"{"value": "False", "coerced": true}"#),
    ("read NameBox.Grid.Row", r#"{"value": "0", "source": "Default", "local": false}"#),
    ("read DerivedButton.Background", r##"{"value": "#FFADD8E6", "source": "Style"}"##),
    ("read LocalButton.Background", r##"{"value": "#FFFFC0CB", "source": "Local"}"##),
    ("read PlainButton.Background", r#"{"source": "DefaultStyle"}"#),
    ("read InheritedText.FontSize", r#"{"value": "20", "source": "Inherited"}"#),
    ("read ImplicitLabel.FontSize", r#"{"value": "15", "source": "Style"}"#),
    ("read CoercedSlider.Value", r#"{"value": "10", "coerced": true}"#),
    ("read OverriddenBorder.Background", r##"{"value": "#FFFFA500"}"##),
    ("read NearBorder.Background", r##"{"value": "#FF800080", "expression": true}"##),
    ("read MissingBorder.Background", r#"{"value": null}"#),
    ("read OtherEditor.AddressEditor.Mark", r#"{"value": "marked", "source": "Local"}"#),
    ("read HomeEditor.Changes", r#"{"value": "1"}"#),
    ("read RowList.Items.Count", ""),
    ("model NameBox.Address.City", r#"{"value": "Oslo"}"#),
    ("handlers GreetButton.Click", r#"{"handlers": 1}"#),
    ("handlers SaveButton.Click", r#"{"handlers": 0}"#),
    ("watchers UpperText.Text", r#"{"watchers": 1}"#),
    ("watchers NameBox.Text", r#"{"watchers": 0}"#),
    ("count", r#"{"adorners": 0, "roots": 1}"#),
    ("no such thing", ""),
    ("read Nowhere.Text", ""),
    ("read NameBox.Colour", ""),
];

#[test]
fn the_form_reads_its_own_values_and_refuses_what_it_does_not_know() {
    let desktop = desktop().unwrap();
    let app = start(&desktop, "Fixture.Form", &[]);
    for page in ["styles", "resources", "host", "form"] {
        app.ask(&format!("page {page}")).unwrap();
    }
    let mut wrong = Vec::new();
    for (question, expected) in READINGS {
        let answer = app.ask(question);
        let fits = match &answer {
            Ok(answer) => !expected.is_empty() && says(answer, &serde_json::from_str(expected).unwrap()),
            Err(_) => expected.is_empty(),
        };
        if !fits {
            wrong.push(format!("{question}: {answer:?} and not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let identity = app.ask("identity NameBox.Text").unwrap();
    assert_eq!(identity, app.ask("identity NameBox.Text").unwrap());
    assert_ne!(identity["binding"], app.ask("identity EmailBox.Text").unwrap()["binding"]);
    app.close().unwrap();
}

#[test]
fn the_form_journals_what_happens_and_no_password() {
    let desktop = desktop().unwrap();
    let app = start(&desktop, "Fixture.Form", &["--at", "200,40"]);
    let mark = app.journal().mark().unwrap();
    app.ask("press GreetButton").unwrap();
    await_event(&app, mark, "click", &json!({ "control": "GreetButton" }));
    await_event(&app, mark, "property", &json!({ "property": "Note", "value": "Greeted Ada" }));
    app.ask("press SaveButton").unwrap();
    await_event(&app, mark, "command", &json!({ "command": "Save", "may": true }));
    assert!(app.ask("press RefuseButton").is_err(), "a disabled button is not pressed");
    app.ask("set NameBox.Text").unwrap();
    await_event(&app, mark, "text", &json!({ "control": "NameBox", "text": "" }));
    await_event(&app, mark, "validation", &json!({ "control": "NameBox", "errors": ["A name is needed"] }));
    app.ask("set AgeBox.Text 151").unwrap();
    await_event(&app, mark, "validation", &json!({ "control": "AgeBox", "action": "Added" }));
    app.ask("set SecretBox.Password hunter3-typed").unwrap();
    await_event(&app, mark, "password", &json!({ "control": "SecretBox", "length": 13 }));
    app.ask("press SecondItem").unwrap();
    await_event(&app, mark, "second-ready", &json!({}));
    app.ask("press SecondButton").unwrap();
    await_event(&app, mark, "click", &json!({ "control": "SecondButton" }));
    assert_eq!(app.ask("count").unwrap()["roots"], 2);
    let text = std::fs::read_to_string(app.journal().path()).unwrap();
    assert!(!text.contains("hunter"), "a password is in the journal");
    app.close().unwrap();
}

#[test]
fn the_forms_troubles_are_as_bad_as_they_should_be() {
    let desktop = desktop().unwrap();
    let app = start(&desktop, "Fixture.Form", &["--page", "visuals"]);
    // The panel itself comes on top.
    assert_eq!(app.ask("visuals VisualsPanel").unwrap()["visuals"], 10_001);

    app.ask("page list").unwrap();
    let realised = app.ask("visuals RowList").unwrap()["visuals"].as_u64().unwrap();
    assert!(realised < 2_000, "10,000 rows and {realised} visuals: nothing is virtual");

    let mark = app.journal().mark().unwrap();
    app.ask("page leak").unwrap();
    for button in ["LeakButton", "CleanButton"] {
        app.ask(&format!("press {button}")).unwrap();
        app.journal().await_control(mark, "click", button).unwrap();
    }
    let alive = app.ask("leaks").unwrap();
    assert!(says(&alive, &json!({ "leaky": 100, "made": 200 })), "{alive}");
    assert!(alive["clean"].as_u64().unwrap() < 10, "{alive}");

    app.ask("page storm").unwrap();
    app.ask("press StormStart").unwrap();
    app.journal().await_control(mark, "click", "StormStart").unwrap();
    let deadline = Instant::now() + EVENT_LIMIT;
    while app.ask("model StormValue.Value").unwrap()["value"].as_str().unwrap().parse::<u32>().unwrap() < 5_000 {
        assert!(Instant::now() < deadline, "no storm");
    }
    app.ask("press StormStop").unwrap();
    let storm = await_event(&app, mark, "storm", &json!({}));
    assert!(storm["rate"].as_f64().unwrap() > 4_000.0, "{storm}");

    app.ask("page blocking").unwrap();
    app.ask("set BlockSeconds.Text 1").unwrap();
    app.ask("press BlockButton").unwrap();
    await_event(&app, mark, "blocked", &json!({ "control": "BlockButton" }));
    app.ask("ping").unwrap();
    let unblocked = |line: &Value| is(line, "unblocked", "BlockButton");
    assert!(!app.journal().since(mark).unwrap().iter().any(unblocked), "it answers only when it is free again");
    app.journal().await_event(mark, "unblocked", Duration::from_secs(10), unblocked).unwrap();
    app.close().unwrap();
}

#[test]
fn the_plain_host_has_a_tree_and_no_application() {
    let desktop = desktop().unwrap();
    let app = start(&desktop, "Fixture.Plain", &["--title", "A plain host"]);
    assert!(says(app.ready(), &json!({ "title": "A plain host", "application": false })), "{}", app.ready());
    let mark = app.journal().mark().unwrap();
    app.ask("press PlainButton").unwrap();
    app.journal().await_control(mark, "click", "PlainButton").unwrap();
    let text = app.ask("read CountText.Text").unwrap();
    assert_eq!(text["value"], "Pressed 1 times");
    app.close().unwrap();
}
