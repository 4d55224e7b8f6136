//! Acting on a live application and writing into it: what each call says it did is compared with the application's journal, its
//! handlers' work and a second reading; what is put back is the same object as before.

use super::ground::{ALL, Ground};
use super::rows::{Row, Stage, at, row};
use portcullis_testkit::client::ANSWER_LIMIT;
use portcullis_testkit::desktop::desktop;
use portcullis_testkit::journal::EVENT_LIMIT;
use portcullis_testkit::wpf_app::WpfApp;
use serde_json::{Value, json};
use std::time::Instant;

/// Acts on the form.
pub(crate) const ACTS: &[Row] = &[
    row(
        "click_element",
        r#"{"elementId": "@GreetButton"}"#,
        &[("elementType", "=\"Button\""), ("used", "=\"OnClick\""), ("message", "~OnClick"), ("running", "=false")],
    )
    .journal(&[r#"{"event": "click", "control": "GreetButton"}"#])
    .after(&[("model NameBox.Note", "value", "=\"Greeted Ada\"")]),
    row("click_element", r#"{"elementId": "@PinToggle"}"#, &[("outcome", "=\"confirmed\"")])
        .journal(&[r#"{"event": "check", "control": "PinToggle", "checked": true}"#])
        .after(&[("read PinToggle.IsChecked", "value", "=true")]),
    row("click_element", r#"{"elementId": "@SubscribedCheck"}"#, &[("elementType", "=\"CheckBox\"")]).after(&[
        ("model NameBox.Subscribed", "value", "=false"),
        ("read SubscribedCheck.IsChecked", "binding", "=\"Active\""),
    ]),
    row("click_element", r#"{"elementId": "@BlueRadio"}"#, &[])
        .after(&[("read BlueRadio.IsChecked", "value", "=true"), ("read RedRadio.IsChecked", "value", "=false")]),
    row("click_element", r#"{"elementId": "@SaveButton"}"#, &[])
        .journal(&[r#"{"event": "command", "command": "Save", "may": true}"#])
        .after(&[("model NameBox.Saved", "value", "=1")]),
    row("click_element", r#"{"elementId": "@ListTab"}"#, &[("elementType", "=\"TabItem\"")])
        .journal(&[r#"{"event": "page", "page": "list"}"#]),
    row("click_element", r#"{"elementId": "@FormTab"}"#, &[]).journal(&[r#"{"event": "page", "page": "form"}"#]),
    row(
        "fire_routed_event",
        r#"{"elementId": "@GreetButton", "eventName": "Click"}"#,
        &[("eventName", "=\"Click\""), ("usedOnClick", "=true"), ("message", "~OnClick")],
    )
    .journal(&[r#"{"event": "click", "control": "GreetButton"}"#]),
    row("fire_routed_event", r#"{"elementId": "@PinToggle", "eventName": "Unchecked"}"#, &[("usedOnClick", "=false")])
        .journal(&[r#"{"event": "check", "control": "PinToggle"}"#]),
    row(
        "focus_element",
        r#"{"elementId": "@EmailBox"}"#,
        &[
            ("focused", "=true"),
            ("focusKind", "=\"keyboard\""),
            ("focusedElementId", "@EmailBox"),
            ("outcome", "=\"confirmed\""),
        ],
    )
    .before(&["focused NameBox"])
    .journal(&[r#"{"event": "focus", "control": "EmailBox"}"#])
    .after(&[("focus", "name", "=\"EmailBox\"")]),
    row("focus_element", r#"{"elementId": "@EmailBox"}"#, &[("focused", "=true"), ("outcome", "=\"no_effect\"")]),
    row(
        "simulate_keyboard",
        r#"{"elementId": "@NameBox", "key": "Tab"}"#,
        &[
            ("key", "=\"Tab\""),
            ("eventType", "=\"KeyDown\""),
            ("elementType", "=\"TextBox\""),
            ("focusChanged", "=true"),
            ("semanticEffectObserved", "=true"),
            ("focusedElementIdBefore", "@NameBox"),
            ("focusedElementIdAfter", "@EmailBox"),
        ],
    )
    .before(&["focused NameBox"])
    .after(&[("focus", "name", "=\"EmailBox\"")]),
    row("simulate_keyboard", r#"{"elementId": "@NameBox", "key": "Enter"}"#, &[])
        .journal(&[r#"{"event": "command", "command": "Save"}"#])
        .after(&[("model NameBox.Saved", "value", "=2")]),
    row(
        "simulate_keyboard",
        r#"{"elementId": "@NameBox", "key": "Enter", "eventType": "KeyUp"}"#,
        &[("eventType", "=\"KeyUp\"")],
    )
    .after(&[("model NameBox.Saved", "value", "=2")]),
    row(
        "highlight_element",
        r#"{"elementId": "@NameBox", "color": "Blue", "duration": 600000}"#,
        &[
            ("color", "=\"Blue\""),
            ("duration", "=300000"),
            ("requestedDuration", "=600000"),
            ("effectiveDuration", "=300000"),
            ("durationCapped", "=true"),
            ("elementType", "=\"TextBox\""),
            ("highlightSurface", "=\"adorner\""),
            ("outcome", "=\"confirmed\""),
        ],
    )
    .after(&[("count", "adorners", ">=1")]),
    row(
        "invalidate_layout",
        r#"{"elementId": "@NameBox"}"#,
        &[("message", "~laid out"), ("outcome", "=\"confirmed\"")],
    )
    .before(&["layouts"])
    .after(&[("layouts", "count", ">=1")]),
    row(
        "measure_element_render_time",
        r#"{"elementId": "@NameBox"}"#,
        &[
            ("renderTimeMs", ">=0"),
            ("samplesMs#", "=5"),
            ("recommendedSampleCount", "=5"),
            ("elementType", "=\"TextBox\""),
            ("confidence", "~"),
        ],
    )
    .before(&["layouts"])
    .after(&[("layouts", "count", ">=1")]),
    row(
        "force_binding_update",
        r#"{"elementId": "@CityBox", "propertyName": "Text"}"#,
        &[("direction", "=\"Source\""), ("propertyName", "=\"Text\"")],
    )
    .before(&["set CityBox.Text Bergen"])
    .after(&[("model CityBox.Address.City", "value", "=\"Bergen\"")]),
    row(
        "force_binding_update",
        r#"{"elementId": "@CityBox", "propertyName": "Text", "direction": "Target"}"#,
        &[("direction", "=\"Target\"")],
    )
    .before(&["set CityBox.Text Rome"])
    .after(&[("read CityBox.Text", "value", "=\"Bergen\""), ("model CityBox.Address.City", "value", "=\"Bergen\"")]),
    row(
        "execute_command",
        r#"{"elementId": "@NameBox", "commandName": "Save"}"#,
        &[("commandName", "=\"Save\""), ("canExecute", "=true"), ("executed", "=true"), ("running", "=false")],
    )
    .journal(&[r#"{"event": "command", "command": "Save", "may": true}"#])
    .after(&[("model NameBox.Saved", "value", "=3")]),
    row(
        "execute_command",
        r#"{"elementId": "@NameBox", "commandName": "Add", "parameter": "four"}"#,
        &[("executed", "=true")],
    )
    .journal(&[r#"{"event": "command", "command": "Add", "parameter": "four"}"#])
    .after(&[("model NameBox.Tags.Count", "value", "=4")]),
    row(
        "execute_command",
        r#"{"elementId": "@NameBox", "commandName": "Refuse"}"#,
        &[("canExecute", "=false"), ("executed", "=false"), ("outcome", "=\"no_effect\"")],
    ),
    row(
        "modify_viewmodel",
        r#"{"elementId": "@NameBox", "propertyName": "Name", "value": "Grace"}"#,
        &[
            ("oldValue", "=\"Ada\""),
            ("newValue", "=\"Grace\""),
            ("propertyType", "=\"String\""),
            ("convertedValueType", "=\"String\""),
            ("requestedValueType", "=\"string\""),
            ("canWrite", "=true"),
            ("viewModelType", "=\"Person\""),
            ("implementsINotifyPropertyChanged", "=true"),
            ("outcome", "=\"confirmed\""),
        ],
    )
    .journal(&[r#"{"event": "property", "property": "Name", "value": "Grace"}"#])
    .after(&[("read NameBox.Text", "value", "=\"Grace\""), ("read GreetingText.Text", "value", "=\"Hello, Grace\"")]),
    row(
        "modify_viewmodel",
        r#"{"elementId": "@NameBox", "propertyName": "Level", "value": 55}"#,
        &[
            ("propertyType", "=\"Double\""),
            ("requestedValueType", "=\"number\""),
            ("convertedValueType", "=\"Double\""),
        ],
    )
    .after(&[("read LevelSlider.Value", "value", "=55")]),
    row(
        "modify_viewmodel",
        r#"{"elementId": "@NameBox", "propertyName": "Rank", "value": "High"}"#,
        &[("newValue", "=\"High\"")],
    )
    .after(&[("model NameBox.Rank", "value", "=\"High\"")]),
    row(
        "modify_viewmodel",
        r#"{"elementId": "@NameBox", "propertyName": "Note", "value": null}"#,
        &[("newValue", "-"), ("requestedValueType", "=\"null\"")],
    )
    .after(&[("read NullText.Text", "value", "=\"(no note)\"")]),
    row(
        "modify_viewmodel",
        r#"{"elementId": "@NameBox", "propertyName": "Name", "value": "Ada"}"#,
        &[("oldValue", "=\"Grace\"")],
    ),
];

/// Writes of properties of the form.
pub(crate) const WRITES: &[Row] = &[
    row(
        "set_dp_value",
        r#"{"elementId": "@NameBox", "propertyName": "Width", "value": 150}"#,
        &[
            ("newValue", "=150"),
            ("requestedValue", "=150"),
            ("hadLocalValueBefore", "=false"),
            ("previousBaseValueSource", "=\"Default\""),
            ("replacedExpression", "=false"),
            ("baseValueSource", "=\"Local\""),
            ("valueType", "=\"Double\""),
            ("outcome", "=\"confirmed\""),
        ],
    )
    .after(&[("read NameBox.Width", "value", "=150"), ("read NameBox.Width", "source", "=\"Local\"")]),
    row(
        "set_dp_value",
        r#"{"elementId": "@NameBox", "propertyName": "Width", "value": "160"}"#,
        &[
            ("oldValue", "=150"),
            ("newValue", "=160"),
            ("hadLocalValueBefore", "=true"),
            ("previousLocalValue", "=150"),
            ("previousBaseValueSource", "=\"Local\""),
        ],
    ),
    row(
        "clear_dp_value",
        r#"{"elementId": "@NameBox", "propertyName": "Width"}"#,
        &[
            ("hadLocalValue", "=true"),
            ("clearedValue", "=160"),
            ("restoredExpression", "=false"),
            ("baseValueSource", "=\"Default\""),
            ("outcome", "=\"confirmed\""),
        ],
    )
    .after(&[("read NameBox.Width", "source", "=\"Default\""), ("read NameBox.Width", "local", "=false")]),
    row("clear_dp_value", r#"{"elementId": "@NameBox", "propertyName": "Width"}"#, &[("outcome", "=\"no_effect\"")]),
    row(
        "set_dp_value",
        r#"{"elementId": "@NameBox", "propertyName": "Text", "value": "Grace"}"#,
        &[
            ("oldValue", "=\"Ada\""),
            ("newValue", "=\"Grace\""),
            ("replacedExpression", "=true"),
            ("replacedExpressionKind", "=\"Binding\""),
            ("capturedRollbackExpression", "=true"),
        ],
    )
    .after(&[
        ("read NameBox.Text", "value", "=\"Grace\""),
        ("read NameBox.Text", "expression", "=false"),
        ("model NameBox.Name", "value", "=\"Ada\""),
    ]),
    row(
        "clear_dp_value",
        r#"{"elementId": "@NameBox", "propertyName": "Text"}"#,
        &[("restoredExpression", "=true"), ("expressionKind", "=\"Binding\""), ("newValue", "=\"Ada\"")],
    )
    .after(&[("read NameBox.Text", "value", "=\"Ada\""), ("read NameBox.Text", "binding", "=\"Active\"")]),
    row(
        "set_dp_value",
        r#"{"elementId": "@GreetButton", "propertyName": "Margin", "value": "1,2,3,4"}"#,
        &[("valueType", "=\"Thickness\"")],
    )
    .after(&[("layout GreetButton", "margin", "=[1, 2, 3, 4]")]),
    row("set_dp_value", r#"{"elementId": "@GreetButton", "propertyName": "Visibility", "value": "Hidden"}"#, &[])
        .after(&[("read GreetButton.Visibility", "value", "=\"Hidden\"")]),
    row("set_dp_value", r#"{"elementId": "@GreetButton", "propertyName": "Grid.Row", "value": 3}"#, &[]).after(&[(
        "read GreetButton.Grid.Row",
        "value",
        "=3",
    )]),
    row(
        "override_style_setter",
        r#"{"elementId": "@GoodHeading", "propertyName": "Foreground", "value": "Red"}"#,
        &[
            ("hadLocalValueBefore", "=false"),
            ("previousBaseValueSource", "=\"Style\""),
            ("newValue", "=\"#FFFF0000\""),
            ("valueType", "=\"Brush\""),
            ("baseValueSource", "=\"Local\""),
        ],
    )
    .after(&[
        ("read GoodHeading.Foreground", "value", "=\"#FFFF0000\""),
        ("read GoodHeading.Foreground", "source", "=\"Local\""),
    ]),
    row(
        "clear_dp_value",
        r#"{"elementId": "@GoodHeading", "propertyName": "Foreground"}"#,
        &[("baseValueSource", "=\"Style\"")],
    )
    .after(&[("read GoodHeading.Foreground", "source", "=\"Style\"")]),
    row(
        "wait_for_dp_change_after_mutation",
        r#"{"elementId": "@GreetingText", "propertyName": "Text", "expectedValue": "Hello, Hedy", "triggerMutation":
            {"tool": "modify_viewmodel", "args": {"elementId": "@NameBox", "propertyName": "Name", "value": "Hedy"}}}"#,
        &[
            ("changed", "=true"),
            ("timedOut", "=false"),
            ("observedChange", "=true"),
            ("matchedExpectedValueAtStart", "=false"),
            ("completionReason", "=\"ExpectedValueReached\""),
            ("initialValue", "=\"Hello, Ada\""),
            ("currentValue", "?read GreetingText.Text > value"),
            ("baseValueSource", "?read GreetingText.Text > source"),
            ("triggerResult.newValue", "=\"Hedy\""),
        ],
    )
    .after(&[("watchers GreetingText.Text", "watchers", "=0")]),
    row(
        "wait_for_dp_change",
        r#"{"elementId": "@GreetingText", "propertyName": "Text", "expectedValue": "Hello, Hedy"}"#,
        &[("completionReason", "=\"ExpectedValueAlreadySatisfied\""), ("matchedExpectedValueAtStart", "=true")],
    ),
    row(
        "wait_for_dp_change",
        r#"{"elementId": "@GreetingText", "propertyName": "Text", "timeoutMs": 50}"#,
        &[
            ("completionReason", "=\"TimedOut\""),
            ("timedOut", "=true"),
            ("changed", "=false"),
            ("elapsedMs", ">=50"),
            ("initialValue", "?read GreetingText.Text > value"),
        ],
    )
    .after(&[("watchers GreetingText.Text", "watchers", "=0")]),
];

/// On the page of layout.
pub(crate) const MOVES: &[Row] = &[
    row("scroll_to_element", r#"{"elementId": "@BottomButton"}"#, &[("elementType", "=\"Button\"")]).after(&[(
        "read SmallScroll.VerticalOffset",
        "value",
        ">=1",
    )]),
    row(
        "get_clipping_info",
        r#"{"elementId": "@BottomButton"}"#,
        &[("geometricClippingSeverity", "=\"none\""), ("visibleRatio", "=1")],
    ),
    row(
        "drag_and_drop",
        r#"{"sourceElementId": "@DragSource", "targetElementId": "@DropTarget"}"#,
        &[
            ("sourceType", "=\"TextBlock\""),
            ("targetType", "=\"Border\""),
            ("dataFormat", "=\"Text\""),
            ("targetHandlerHints.targetAllowsDrop", "=true"),
            ("targetHandlerHints.hasDropHandler", "=true"),
            ("targetHandlerHints.hasDragOverHandler", "=false"),
            ("outcome", "=\"confirmed\""),
        ],
    )
    .journal(&[r#"{"event": "drop", "control": "DropTarget", "text": "Drag me"}"#])
    .after(&[("read DropText.Text", "value", "=\"Dropped: Drag me\"")]),
];

#[test]
fn acts_do_in_the_application_what_they_say() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let ground = Ground::form(&desktop, ALL, &["--enable-tier3"]);
    ground.connect(&app);
    Stage::new(&ground, &app).run(ACTS);
    app.close().unwrap();
}

#[test]
fn writes_are_seen_by_the_application_and_bindings_come_back_as_the_same_objects() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let ground = Ground::form(&desktop, ALL, &["--enable-tier3"]);
    ground.connect(&app);
    let before = app.ask("identity NameBox.Text").unwrap();
    Stage::new(&ground, &app).run(WRITES);
    let after = app.ask("identity NameBox.Text").unwrap();
    assert_eq!(after["binding"], before["binding"], "another binding than before");
    app.close().unwrap();
}

#[test]
fn what_is_scrolled_and_dragged_arrives() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &["--page", "layout"]).unwrap();
    let ground = Ground::form(&desktop, ALL, &["--enable-tier3"]);
    ground.connect(&app);
    Stage::new(&ground, &app).run(MOVES);
    app.close().unwrap();
}

/// What happens while it is listened to: the tool that waits, the watch and the trace.
#[test]
fn what_happens_in_the_application_is_told_once_and_in_order() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let ground = Ground::form(&desktop, ALL, &["--enable-tier3"]);
    ground.connect(&app);
    let stage = Stage::new(&ground, &app);
    let (name, greet) = (stage.id("NameBox"), stage.id("GreetButton"));

    let wait = json!({ "elementId": name, "propertyName": "Text", "timeoutMs": 20_000 });
    let pending = ground.client.start_call("wait_for_dp_change", wait).unwrap();
    let limit = Instant::now() + EVENT_LIMIT;
    while app.ask("watchers NameBox.Text").unwrap()["watchers"] == 0 {
        assert!(Instant::now() < limit, "nothing listens");
    }
    app.ask("set NameBox.Text Edsger").unwrap();
    let waited = ground.client.wait_call(pending, ANSWER_LIMIT).unwrap().structured.unwrap();
    for (field, value) in [
        ("completionReason", json!("ValueChanged")),
        ("initialValue", json!("Ada")),
        ("currentValue", json!("Edsger")),
        ("changeCount", json!(1)),
        ("timedOut", json!(false)),
    ] {
        assert_eq!(waited[field], value, "{field}: {waited}");
    }

    let watched = ground.told("watch_dp_changes", json!({ "elementId": name, "propertyName": "Text" }));
    assert_eq!((&watched["elementId"], &watched["currentValue"]), (&json!(name), &json!("Edsger")), "{watched}");
    assert_eq!(app.ask("watchers NameBox.Text").unwrap()["watchers"], 1);
    let trace = json!({ "mode": "start", "eventName": "Click", "elementId": greet });
    let traced = ground.told("trace_routed_events", trace);
    assert_eq!((&traced["isTracing"], &traced["resolvedElementId"]), (&json!(true), &json!(greet)), "{traced}");
    assert_eq!(
        (&traced["effectiveDuration"], &traced["requestedDuration"]),
        (&json!(30_000), &json!(5_000)),
        "{traced}"
    );
    ground.told("drain_events", json!({}));
    app.ask("set NameBox.Text Ada").unwrap();
    app.ask("set NameBox.Text Grace").unwrap();
    let mark = app.journal().mark().unwrap();
    app.ask("press GreetButton").unwrap();
    app.journal().await_control(mark, "click", "GreetButton").unwrap();
    let traced = ground.told("trace_routed_events", json!({ "mode": "get" }));
    for (place, value) in [
        ("events[0].eventName", json!("ButtonBase.Click")),
        ("events[0].senderName", json!("GreetButton")),
        ("events[0].sender", json!("Button")),
        ("events[0].routingStrategy", json!("Bubble")),
        ("events[0].handled", json!(false)),
        ("events[0].originalSource", json!("Button")),
        ("eventsTruncated", json!(false)),
    ] {
        assert_eq!(at(&traced, place), value, "{place}: {traced}");
    }
    let drained = ground.told("drain_events", json!({ "eventTypes": ["DpChange"] }));
    let told: Vec<&Value> = drained["pendingEvents"].as_array().unwrap().iter().map(|one| &one["newValue"]).collect();
    assert_eq!(told, ["Ada", "Grace"], "{drained}");
    for (place, value) in [
        ("pendingEvents[0].eventType", json!("DpChange")),
        ("pendingEvents[0].elementId", json!(name)),
        ("pendingEvents[0].propertyName", json!("Text")),
        ("pendingEvents[0].sourceKey", json!(format!("{name}.Text"))),
        ("pendingEventCount", json!(2)),
        ("droppedEventCount", json!(0)),
    ] {
        assert_eq!(at(&drained, place), value, "{place}: {drained}");
    }
    assert!(
        at(&drained, "pendingEvents[0].timestampUtc").as_str().is_some_and(|time| time.ends_with('Z')),
        "{drained}"
    );
    // Nothing is told twice, and a drain does not end the watch.
    assert_eq!(ground.told("drain_events", json!({}))["pendingEventCount"], 0);
    app.ask("set NameBox.Text Ada").unwrap();
    let drained = ground.told("drain_events", json!({ "elementId": name, "maxEvents": 1 }));
    assert_eq!(at(&drained, "pendingEvents[0].newValue"), "Ada", "{drained}");
    app.close().unwrap();
}
