//! The reading tools on a live application: trees, bindings, view models, scenes. Each row is compared with a second reading by
//! plain WPF code in the application, or with what its XAML says.

use super::ground::{ALL, Ground};
use super::rows::{Row, Stage, row};
use portcullis_testkit::desktop::desktop;
use portcullis_testkit::wpf_app::WpfApp;

/// Which applications there are, and their windows and trees.
pub(crate) const TREES: &[Row] = &[
    row(
        "get_processes",
        "{}",
        &[
            ("processes#", "=1"),
            ("processes[0].processId", "?process > id"),
            ("processes[0].processName", "=\"Fixture.Form\""),
            ("processes[0].windowTitle", "?windows > titles[0]"),
            ("processes[0].architecture", "=\"x64\""),
            ("processes[0].runtime", "=\".NET\""),
            ("processes[0].dotNetVersion", "?process > runtime"),
            ("processes[0].canConnectFromCurrentServer", "=true"),
            ("processes[0].isElevated", "=false"),
            ("processes[0].requiresElevationToConnect", "=false"),
            ("redactedTargetCount", "=0"),
        ],
    ),
    row("get_processes", r#"{"nameFilter": "FORM"}"#, &[("processes#", "=1")]),
    row("get_processes", r#"{"nameFilter": "nothing"}"#, &[("processes#", "=0"), ("redactedTargetCount", "=0")]),
    row(
        "connect",
        r#"{"processId": "$PID"}"#,
        &[
            ("processId", "?process > id"),
            ("connectionSource", "=\"active-session\""),
            ("reusedExistingHost", "=true"),
            ("autoDiscovered", "=false"),
            ("autoSelected", "=false"),
            ("candidateCount", "=1"),
            ("redactedCandidateCount", "=0"),
            ("openGates#", "=5"),
        ],
    ),
    row(
        "get_active_process",
        "{}",
        &[("hasActiveProcess", "=true"), ("processId", "?process > id"), ("selectedAtUtc", "~T")],
    ),
    row("select_active_process", r#"{"processId": "$PID"}"#, &[("processId", "?process > id")]),
    row(
        "ping_inspector",
        "{}",
        &[
            ("status", "=\"pong\""),
            ("processId", "?process > id"),
            ("latencyMs", ">=0"),
            ("uiResponds", "=true"),
            ("dispatchers#", "=1"),
            ("dispatchers[0].responds", "=true"),
            ("dispatchers[0].modal", "=false"),
        ],
    ),
    row(
        "get_windows",
        "{}",
        &[
            ("windowCount", "?windows > count"),
            ("windows[0].title", "?windows > titles[0]"),
            ("windows[0].isActive", "?windows > active[0]"),
            ("windows[0].index", "=0"),
            ("windows[0].type", "=\"MainWindow\""),
            ("windows[0].isMainWindow", "=true"),
            ("windows[0].isVisible", "=true"),
        ],
    ),
    row(
        "get_visual_tree",
        r#"{"elementId": "@GoodColumn", "depth": 100, "maxNodes": 10000}"#,
        &[
            ("tree.elementId", "@GoodColumn"),
            ("tree.type", "?tree GoodColumn > type"),
            ("tree.name", "=\"GoodColumn\""),
            ("tree.childCount", "?tree GoodColumn > visual"),
            ("tree.children#", "?tree GoodColumn > visual"),
            ("returnedNodeCount", "?tree GoodColumn > visuals"),
            ("omittedNodeCount", "=0"),
            ("truncated", "=false"),
            ("depthSufficiencyHint.isSufficient", "=true"),
            ("appliedOptions.depth", "=100"),
        ],
    ),
    row(
        "get_visual_tree",
        r#"{"elementId": "@GoodColumn", "depth": 1}"#,
        &[
            ("tree.children#", "?tree GoodColumn > visual"),
            ("tree.children[name=NameBox].childCount", "?tree NameBox > visual"),
            ("tree.children[name=NameBox].elementId", "@NameBox"),
            ("depthSufficiencyHint.isSufficient", "=false"),
            ("depthSufficiencyHint.reasonCode", "=\"DepthLimitReached\""),
            ("depthSufficiencyHint.recommendedDepth", "=2"),
        ],
    ),
    row(
        "get_visual_tree",
        r#"{"elementId": "@GoodColumn", "maxNodes": 5}"#,
        &[("returnedNodeCount", "=5"), ("truncated", "=true"), ("appliedOptions.maxNodes", "=5")],
    ),
    row(
        "get_visual_tree",
        r#"{"elementId": "@GoodColumn", "depth": 1, "maxChildrenPerNode": 3}"#,
        &[
            ("tree.children#", "=3"),
            ("tree.omittedChildCount", ">=1"),
            ("omittedNodeCount", ">=1"),
            ("truncated", "=true"),
        ],
    ),
    row(
        "get_visual_tree",
        r#"{"elementId": "@GoodColumn", "depth": 100, "summaryOnly": true}"#,
        &[
            ("format", "=\"table\""),
            ("columns", r#"=["elementId", "type", "name", "childCount", "depth", "parentId"]"#),
            ("nodes#", "?tree GoodColumn > visuals"),
            ("nodes[0][1]", "?tree GoodColumn > type"),
            ("tree", "-"),
        ],
    ),
    row(
        "get_visual_tree",
        r#"{"elementId": "@GoodColumn", "depth": 1, "compact": true}"#,
        &[("tree.children#", "?tree GoodColumn > visual"), ("tree.childCount", "-")],
    ),
    row(
        "get_logical_tree",
        r#"{"elementId": "@GoodColumn", "depth": 100}"#,
        &[
            ("tree.elementId", "@GoodColumn"),
            ("tree.childCount", "?tree GoodColumn > logical"),
            ("returnedNodeCount", ">=19"),
            ("truncated", "=false"),
        ],
    ),
    row(
        "get_template_tree",
        r#"{"elementId": "@SaveButton", "depth": 100}"#,
        &[("tree.type", "?tree SaveButton > first"), ("truncated", "=false")],
    ),
    row(
        "compare_trees",
        r#"{"elementId": "@NameLabel"}"#,
        &[
            ("visualChildCount", "?tree NameLabel > visual"),
            ("logicalChildCount", "?tree NameLabel > logical"),
            ("differences[type=VisualOnly].elementType", "?tree NameLabel > first"),
        ],
    ),
    row(
        "compare_trees",
        r#"{"elementId": "@GoodColumn"}"#,
        &[
            ("visualChildCount", "?tree GoodColumn > visual"),
            ("logicalChildCount", "?tree GoodColumn > logical"),
            ("differenceCount", "=0"),
            ("differences#", "=0"),
        ],
    ),
    row(
        "get_namescope",
        r#"{"elementId": "@GoodColumn"}"#,
        &[
            ("hasNameScope", "?tree GoodColumn > scoped"),
            ("namedElementCount", "?tree GoodColumn > named"),
            ("namedElements[name=NameBox].elementId", "@NameBox"),
            ("namedElements[name=NameBox].type", "=\"TextBox\""),
            ("traversalNodeCount", "?tree GoodColumn > visuals"),
            ("maxTraversalNodes", "=10000"),
            ("traversalTruncated", "=false"),
        ],
    ),
    row("get_namescope", r#"{"elementId": "@FormContent"}"#, &[("hasNameScope", "?tree FormContent > scoped")]),
    row(
        "get_visual_count",
        r#"{"elementId": "@GoodColumn"}"#,
        &[
            ("count", "?tree GoodColumn > visuals"),
            ("totalCount", "?tree GoodColumn > visuals"),
            ("visualCountTruncated", "=false"),
            ("elementType", "?tree GoodColumn > type"),
        ],
    ),
    row("get_visual_count", "{}", &[("count", "?windows > visuals"), ("elementType", "=\"MainWindow\"")]),
    row(
        "find_elements",
        r#"{"elementId": "@FormColumns", "typeName": "Button", "maxResults": 1000}"#,
        &[
            ("resultCount", "?tree FormColumns > buttons"),
            ("searchComplete", "=true"),
            ("truncated", "=false"),
            ("traversalNodeCount", "?tree FormColumns > visuals"),
            ("traversalTruncated", "=false"),
            ("recovery", "-"),
        ],
    ),
    row(
        "find_elements",
        r#"{"elementId": "@FormColumns", "controlType": "ButtonBase", "typeMatchMode": "assignable", "maxResults": 1000}"#,
        &[("resultCount", "?tree FormColumns > clickables")],
    ),
    row(
        "find_elements",
        r#"{"elementId": "@FormColumns", "typeName": "Button", "maxResults": 2}"#,
        &[("resultCount", "=2"), ("results#", "=2"), ("truncated", "=true"), ("searchComplete", "=false")],
    ),
    row(
        "find_elements",
        r#"{"automationId": "NameBox"}"#,
        &[
            ("resultCount", "=1"),
            ("results[0].elementId", "@NameBox"),
            ("results[0].elementType", "=\"TextBox\""),
            ("results[0].elementName", "=\"NameBox\""),
            ("results[0].automationId", "=\"NameBox\""),
            ("results[0].matchedProperty", "=\"AutomationId\""),
        ],
    ),
    row(
        "find_elements",
        r#"{"elementId": "@GoodColumn", "typeName": "TextBox", "propertyName": "Text", "propertyValue": "Ada"}"#,
        &[
            ("resultCount", "=1"),
            ("results[0].elementId", "@NameBox"),
            ("results[0].matchedProperty", "=\"Text\""),
            ("results[0].matchedValue", "?read NameBox.Text > value"),
        ],
    ),
    row(
        "find_elements",
        r#"{"query": "refus"}"#,
        &[("results[elementName=RefuseButton].elementType", "=\"Button\""), ("searchComplete", "=true")],
    ),
    row(
        "find_elements",
        r#"{"elementName": "GreetButton", "maxTraversalNodes": 5}"#,
        &[
            ("resultCount", "=0"),
            ("maxTraversalNodes", "=5"),
            ("searchComplete", "=false"),
            ("recovery.code", "=\"TraversalBudgetExceededBeforeMatch\""),
            ("recovery.retry.parameter", "=\"maxTraversalNodes\""),
            ("recovery.retry.suggestedValue", "=20"),
        ],
    ),
    row(
        "serialize_to_xaml",
        r#"{"elementId": "@GreetButton"}"#,
        &[
            ("xaml", "~x:Name=\"GreetButton\""),
            ("elementCount", "?tree GreetButton > logicals"),
            ("truncated", "=false"),
        ],
    ),
    row("serialize_to_xaml", r#"{"elementId": "@GreetButton"}"#, &[("xaml", "~Content=\"Greet\"")]),
    row("serialize_to_xaml", r#"{"elementId": "@NameBox"}"#, &[("xaml", "~Text=\"{Binding}\"")]),
];

/// Bindings, view models, commands, validation.
pub(crate) const BINDINGS: &[Row] = &[
    row(
        "get_bindings",
        r#"{"elementId": "@NameBox"}"#,
        &[
            ("bindingCount", "?bindings NameBox > count"),
            ("bindings[0].propertyName", "=\"Text\""),
            ("bindings[0].bindingType", "=\"Binding\""),
            ("bindings[0].path", "=\"Name\""),
            ("bindings[0].updateSourceTrigger", "=\"PropertyChanged\""),
            ("bindings[0].status", "?read NameBox.Text > binding"),
            ("bindings[0].currentValue", "?read NameBox.Text > value"),
            ("truncated", "=false"),
        ],
    ),
    row(
        "get_bindings",
        r#"{"elementId": "@MultiText"}"#,
        &[
            ("bindings[0].bindingType", "=\"MultiBinding\""),
            ("bindings[0].bindingPaths", r#"=["Name", "Age"]"#),
            ("bindings[0].converter", "~JoinConverter"),
            ("bindings[0].currentValue", "?read MultiText.Text > value"),
        ],
    ),
    row(
        "get_bindings",
        r#"{"elementId": "@GoodColumn", "recursive": true}"#,
        &[
            ("bindingCount", "?bindings GoodColumn > count"),
            ("bindings[path=Email].elementId", "@EmailBox"),
            ("bindings[path=Email].elementType", "=\"TextBox\""),
        ],
    ),
    row(
        "get_bindings",
        r#"{"elementId": "@BrokenColumn", "recursive": true, "statusFilter": "Error"}"#,
        &[("bindingCount", "?bindings BrokenColumn > failed#")],
    ),
    row(
        "get_bindings",
        r#"{"elementIds": ["@NameBox", "@EmailBox"]}"#,
        &[
            ("resultCount", "=2"),
            ("successCount", "=2"),
            ("failureCount", "=0"),
            ("results[1].elementId", "@EmailBox"),
            ("results[1].result.bindings[0].path", "=\"Email\""),
        ],
    ),
    row(
        "get_binding_errors",
        "{}",
        &[
            ("totalErrorCount", ">=8"),
            ("errors[bindingPath=NoSuchProperty].elementId", "@BrokenPath"),
            ("errors[bindingPath=NoSuchProperty].propertyName", "=\"Text\""),
            ("errors[bindingPath=NoSuchProperty].sourceKind", "=\"BindingExpression\""),
            ("errors[bindingPath=NoSuchProperty].message", "-"),
            ("truncated", "=false"),
        ],
    ),
    row(
        "get_binding_errors",
        r#"{"compact": false, "maxErrors": 2}"#,
        &[
            ("errorCount", "=2"),
            ("errors#", "=2"),
            ("totalErrorCount", ">=8"),
            ("truncated", "=true"),
            ("errors[1].message", "~is not found on"),
        ],
    ),
    row(
        "get_binding_mismatches",
        r#"{"elementId": "@BrokenColumn", "recursive": true}"#,
        &[
            ("mismatches[bindingPath=NoSuchProperty].diagnosis", "=\"PathMismatch\""),
            ("mismatches[bindingPath=NoSuchProperty].elementId", "@BrokenPath"),
            ("mismatches[bindingPath=NoSuchProperty].origin", "=\"UserCode\""),
            ("mismatches[propertyName=IsChecked].diagnosis", "=\"TypeMismatch\""),
            ("mismatches[propertyName=IsChecked].elementId", "@BrokenType"),
        ],
    ),
    row(
        "get_affected_elements",
        r#"{"elementId": "@GoodColumn", "propertyName": "Name"}"#,
        &[
            ("affectedCount", "?bindings GoodColumn > onName#"),
            ("affectedElements[elementName=NameBox].elementId", "@NameBox"),
            ("affectedElements[elementName=NameBox].dataContextType", "?above NameBox > context"),
            ("affectedElements[elementName=NameBox].propertyName", "=\"Text\""),
            ("affectedElements[elementName=NameBox].bindingPath", "=\"Name\""),
            ("affectedElements[elementName=NameBox].currentValue", "?read NameBox.Text > value"),
            ("affectedElements[elementName=NameBox].status", "=\"Active\""),
        ],
    ),
    row(
        "get_affected_elements",
        r#"{"elementId": "@GoodColumn", "propertyName": "Name", "viewModelType": "Nobody"}"#,
        &[("affectedCount", "=0")],
    ),
    row(
        "get_binding_value_chain",
        r#"{"elementId": "@CityBox", "propertyName": "Text"}"#,
        &[
            ("hasBinding", "=true"),
            ("propertyName", "=\"Text\""),
            ("chain[step=FinalValue].value", "?read CityBox.Text > value"),
            ("chain[step=Binding].name", "=\"Address.City\""),
        ],
    ),
    row(
        "get_binding_value_chain",
        r#"{"elementId": "@GoodHeading", "propertyName": "Text"}"#,
        &[("hasBinding", "=false")],
    ),
    row(
        "get_datacontext_chain",
        r#"{"elementId": "@NameBox"}"#,
        &[
            ("chain#", "?above NameBox > count"),
            ("chain[0].elementId", "@NameBox"),
            ("chain[0].elementName", "=\"NameBox\""),
            ("chain[0].dataContextType", "?above NameBox > context"),
            ("chain[0].hasDataContext", "=true"),
            ("chain[0].isInherited", "=true"),
            ("chain[elementType=MainWindow].isInherited", "=false"),
        ],
    ),
    row(
        "get_viewmodel",
        r#"{"elementId": "@NameBox"}"#,
        &[
            ("typeName", "?above NameBox > context"),
            ("viewModelType", "=\"Fixture.Form.Models.Person\""),
            ("implementsINotifyPropertyChanged", "=true"),
            ("properties[name=Name].value", "?model NameBox.Name > value"),
            ("properties[name=Name].type", "=\"String\""),
            ("properties[name=Name].canWrite", "=true"),
            ("properties[name=Age].value", "?model NameBox.Age > value"),
            ("properties[name=Greeting].canWrite", "=false"),
            ("properties[name=Greeting].value", "?model NameBox.Greeting > value"),
            ("properties[name=Password].isRedacted", "=true"),
            ("properties[name=Password].value", "=\"(redacted)\""),
            ("properties[name=ApiKey].value", "=\"(redacted)\""),
        ],
    ),
    row(
        "get_viewmodel",
        r#"{"elementId": "@NameBox", "propertyNames": ["Balance", "Nothing"]}"#,
        &[
            ("properties#", "=1"),
            ("properties[0].value", "?model NameBox.Balance > value"),
            ("missingProperties", r#"=["Nothing"]"#),
        ],
    ),
    row(
        "get_commands",
        r#"{"elementId": "@NameBox"}"#,
        &[
            ("commands#", "=3"),
            ("commands[name=Save].canExecute", "?command NameBox.Save > may"),
            ("commands[name=Refuse].canExecute", "?command NameBox.Refuse > may"),
            ("commands[name=Save].type", "=\"ICommand\""),
        ],
    ),
    row("get_validation_errors", "{}", &[("errorCount", "=0"), ("validationErrorsTruncated", "=false")]),
    row(
        "get_validation_errors",
        r#"{"elementId": "@EmailBox"}"#,
        &[
            ("errorCount", "=1"),
            ("errors[0].errorContent", "?errors EmailBox > errors[0]"),
            ("errors[0].elementName", "=\"EmailBox\""),
            ("errors[0].elementType", "=\"TextBox\""),
            ("errors[0].isRuleError", "=false"),
        ],
    )
    .before(&["set EmailBox.Text nothing"]),
    row(
        "get_validation_errors",
        r#"{"elementId": "@AgeBox"}"#,
        &[
            ("errorCount", "=1"),
            ("errors[0].errorContent", "?errors AgeBox > errors[0]"),
            ("errors[0].isRuleError", "=true"),
            ("errors[0].ruleType", "~RangeRule"),
        ],
    )
    .before(&["set AgeBox.Text 900"]),
    row("get_validation_errors", "{}", &[("errorCount", "=2")]),
    row(
        "get_binding_errors",
        "{}",
        &[("totalErrorCount", ">=8"), ("errors[bindingPath=Email].diagnosticKind", "=\"ValidationError\"")],
    ),
    row(
        "get_commands",
        r#"{"elementId": "@NameBox"}"#,
        &[("commands[name=Save].canExecute", "?command NameBox.Save > may")],
    ),
    row("get_validation_errors", "{}", &[("errorCount", "=0")])
        .before(&["set EmailBox.Text ada@example.com", "set AgeBox.Text 36"]),
];

/// What there is to see and do, and all of one element.
pub(crate) const SCENES: &[Row] = &[
    row(
        "get_ui_summary",
        r#"{"elementId": "@BrokenColumn", "depth": 20}"#,
        &[
            ("rootElementId", "@BrokenColumn"),
            ("rootElementType", "?tree BrokenColumn > type"),
            ("depthMode", "=\"semantic\""),
            ("isCurrentlyVisible", "=true"),
            ("nodes[elementName=GreetButton].elementId", "@GreetButton"),
            ("nodes[elementName=GreetButton].kind", "=\"action\""),
            ("nodes[elementName=GreetButton].text", "=\"Greet\""),
            ("nodes[elementName=DisabledButton].annotations[0]", "=\"disabled\""),
            ("nodes[elementName=SecretBox].kind", "=\"input\""),
            ("truncated", "=false"),
            ("summaryText", "~Greet"),
        ],
    ),
    row(
        "get_ui_summary",
        r#"{"elementId": "@BrokenColumn", "depthMode": "visual", "depth": 100, "summaryOnly": true}"#,
        &[("traversalNodeCount", "?tree BrokenColumn > visuals"), ("depthMode", "=\"visual\""), ("nodes", "-")],
    ),
    row(
        "get_form_summary",
        r#"{"elementId": "@GoodColumn"}"#,
        &[
            ("inputs#", "=4"),
            ("inputs[elementName=NameBox].elementId", "@NameBox"),
            ("inputs[elementName=NameBox].label", "~Name"),
            ("inputs[elementName=NameBox].currentValue", "?read NameBox.Text > value"),
            ("inputs[elementName=NameBox].bindingPath", "=\"Name\""),
            ("inputs[elementName=NameBox].isEmpty", "=false"),
            ("summary.totalInputs", "=4"),
            ("summary.emptyInputs", "=0"),
            ("summary.errorCount", "=0"),
            ("summary.validationSubmittable", "=true"),
        ],
    ),
    row(
        "get_form_summary",
        r#"{"elementId": "@BrokenColumn"}"#,
        &[
            ("commands[text=Refuse].isReady", "=false"),
            ("commands[text=Refuse].blockers[0]", "=\"ElementDisabled\""),
            ("commands[text=Greet].isReady", "=true"),
            ("commands[text=Greet].isPrimary", "=false"),
            ("inputs[elementName=SecretBox].currentValue", "=\"(redacted)\""),
            ("summary.interactionSubmittable", "=true"),
        ],
    ),
    row(
        "get_form_summary",
        r#"{"elementId": "@GoodColumn"}"#,
        &[
            ("inputs[elementName=EmailBox].validationErrors[0]", "?errors EmailBox > errors[0]"),
            ("inputs[elementName=NameBox].isEmpty", "=true"),
            ("summary.errorCount", "=2"),
            ("summary.emptyInputs", "=1"),
            ("summary.isSubmittable", "=false"),
        ],
    )
    .before(&["set EmailBox.Text nothing", "set NameBox.Text "]),
    row(
        "get_element_snapshot",
        r#"{"elementId": "@EmailBox", "includeProperties": ["FontSize"]}"#,
        &[
            ("elementId", "@EmailBox"),
            ("elementType", "=\"TextBox\""),
            ("properties.Text", "?read EmailBox.Text > value"),
            ("properties.Visibility", "?read EmailBox.Visibility > value"),
            ("properties.IsEnabled", "?read EmailBox.IsEnabled > value"),
            ("properties.Opacity", "?read EmailBox.Opacity > value"),
            ("properties.FontSize", "?read EmailBox.FontSize > value"),
            ("bindings.bindings[0].path", "=\"Email\""),
            ("validationErrors[0]", "?errors EmailBox > errors[0]"),
            ("layout.actualWidth", "?layout EmailBox > width"),
            ("style.hasStyle", "?style EmailBox > has"),
        ],
    ),
    row(
        "get_element_snapshot",
        r#"{"elementId": "@NameBox"}"#,
        &[("properties.Text", "=\"Ada\""), ("validationErrors#", "=0")],
    )
    .before(&["set EmailBox.Text ada@example.com", "set NameBox.Text Ada"]),
    row(
        "get_focus_state",
        "{}",
        &[("focusedElementId", "@NameBox"), ("focusedElementType", "=\"TextBox\""), ("focusKind", "=\"keyboard\"")],
    )
    .before(&["focused NameBox"]),
    row(
        "get_focus_state",
        r#"{"elementId": "@NameBox"}"#,
        &[
            ("hasKeyboardFocus", "=true"),
            ("windowTitle", "?windows > titles[0]"),
            ("windowIsActive", "?windows > active[0]"),
        ],
    ),
    row(
        "get_interaction_readiness",
        r#"{"elementId": "@RefuseButton"}"#,
        &[
            ("isReady", "=false"),
            ("elementState.isEnabled", "?read RefuseButton.IsEnabled > value"),
            ("commandReadiness.hasCommand", "=true"),
            ("commandReadiness.canExecute", "?command RefuseButton.Refuse > may"),
            ("blockers[reason=ElementDisabled].message", "~nabled"),
            ("blockers[reason=CommandCannotExecute].message", "~ommand"),
        ],
    ),
    row(
        "get_interaction_readiness",
        r#"{"elementId": "@SaveButton"}"#,
        &[
            ("isReady", "=true"),
            ("blockers#", "=0"),
            ("elementState.visibility", "=\"Visible\""),
            ("elementState.hasSize", "=true"),
            ("commandReadiness.canExecute", "?command SaveButton.Save > may"),
        ],
    ),
    row(
        "get_interaction_readiness",
        r#"{"elementId": "@GoodHeading"}"#,
        &[("isReady", "=false"), ("blockers[reason=ClickTargetUnsupported].message", "~ ")],
    ),
    row(
        "get_event_handlers",
        r#"{"elementId": "@GreetButton", "eventName": "Click"}"#,
        &[
            ("handlerCount", "?handlers GreetButton.Click > handlers"),
            ("handlers[0].methodName", "=\"OnGreet\""),
            ("handlers[0].targetType", "~FormPage"),
            ("reflectionSupported", "=true"),
            ("mayBeIncomplete", "=false"),
            ("routingStrategy", "=\"Bubble\""),
        ],
    ),
    row(
        "get_event_handlers",
        r#"{"elementId": "@SaveButton", "eventName": "Click"}"#,
        &[("handlerCount", "?handlers SaveButton.Click > handlers"), ("commands#", "=1")],
    ),
    row(
        "get_render_stats",
        "{}",
        &[
            ("visualCount", "?windows > visuals"),
            ("visualCountTruncated", "=false"),
            ("sampleCount", ">=1"),
            ("frameRate", ">=0.1"),
            ("monitoringDuration", ">=900"),
        ],
    ),
];

#[test]
fn trees_are_those_of_the_application() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let ground = Ground::form(&desktop, ALL, &["--enable-tier3"]);
    ground.connect(&app);
    Stage::new(&ground, &app).run(TREES);
    app.close().unwrap();
}

#[test]
fn bindings_and_view_models_are_those_of_the_application() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let ground = Ground::form(&desktop, ALL, &["--enable-tier3"]);
    ground.connect(&app);
    Stage::new(&ground, &app).run(BINDINGS);
    app.close().unwrap();
}

#[test]
fn scenes_are_those_of_the_application() {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap();
    let ground = Ground::form(&desktop, ALL, &["--enable-tier3"]);
    ground.connect(&app);
    Stage::new(&ground, &app).run(SCENES);
    app.close().unwrap();
}
