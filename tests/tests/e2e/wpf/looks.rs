//! Where values, styles, resources and sizes come from on a live application, and what can be seen of an element: rows compared
//! with plain WPF code in the application, on the pages that have one element for each case.

use super::ground::{ALL, Ground};
use super::rows::{Row, Stage, row};
use portcullis_testkit::desktop::desktop;
use portcullis_testkit::wpf_app::WpfApp;

/// Values and styles, on the page of styles.
pub(crate) const STYLES: &[Row] = &[
    row(
        "get_dp_value_source",
        r#"{"elementId": "@LocalButton", "propertyName": "Background"}"#,
        &[
            ("propertyName", "=\"Background\""),
            ("baseValueSource", "?read LocalButton.Background > source"),
            ("rawBaseValueSource", "?read LocalButton.Background > source"),
            ("effectiveValue", "?read LocalButton.Background > value"),
            ("isExpression", "?read LocalButton.Background > expression"),
            ("hadLocalValue", "=true"),
            ("localValueKind", "=\"Value\""),
            ("localValueType", "=\"SolidColorBrush\""),
        ],
    ),
    row(
        "get_dp_value_source",
        r#"{"elementId": "@DerivedButton", "propertyName": "Background"}"#,
        &[
            ("baseValueSource", "?read DerivedButton.Background > source"),
            ("effectiveValue", "?read DerivedButton.Background > value"),
            ("hadLocalValue", "?read DerivedButton.Background > local"),
        ],
    ),
    row(
        "get_dp_value_source",
        r#"{"elementId": "@DerivedButton", "propertyName": "Background"}"#,
        &[
            ("baseValueSource", "=\"StyleTrigger\""),
            ("rawBaseValueSource", "?read DerivedButton.Background > source"),
            ("effectiveValue", "?read DerivedButton.Background > value"),
        ],
    )
    .before(&["press RankButton"]),
    row(
        "get_dp_value_source",
        r#"{"elementId": "@ImplicitLabel", "propertyName": "FontSize"}"#,
        &[
            ("baseValueSource", "?read ImplicitLabel.FontSize > source"),
            ("effectiveValue", "?read ImplicitLabel.FontSize > value"),
        ],
    ),
    row(
        "get_dp_value_source",
        r#"{"elementId": "@PlainButton", "propertyName": "Background"}"#,
        &[("baseValueSource", "?read PlainButton.Background > source")],
    ),
    row(
        "get_dp_value_source",
        r#"{"elementId": "@InheritedText", "propertyName": "FontSize"}"#,
        &[
            ("baseValueSource", "?read InheritedText.FontSize > source"),
            ("effectiveValue", "?read InheritedText.FontSize > value"),
        ],
    ),
    row(
        "get_dp_value_source",
        r#"{"elementId": "@AnimatedBorder", "propertyName": "Width"}"#,
        &[
            ("isAnimated", "=true"),
            ("rawBaseValueSource", "?read AnimatedBorder.Width > source"),
            ("baseValueSource", "=\"Animation\""),
            ("effectiveValue", "?read AnimatedBorder.Width > value"),
        ],
    ),
    row(
        "get_dp_value_source",
        r#"{"elementId": "@CoercedSlider", "propertyName": "Value"}"#,
        &[
            ("isCoerced", "?read CoercedSlider.Value > coerced"),
            ("baseValueSource", "=\"Coerced\""),
            ("effectiveValue", "?read CoercedSlider.Value > value"),
            ("localValue", "=50"),
        ],
    ),
    row(
        "get_dp_value_source",
        r#"{"elementId": "@LocalButton", "propertyName": "Background", "compact": true}"#,
        &[("baseValueSource", "?read LocalButton.Background > source"), ("isExpression", "-"), ("localValue", "-")],
    ),
    row(
        "get_dp_value_source",
        r#"{"elementIds": ["@LocalButton", "@BaseButton"], "propertyNames": ["Padding", "Nonsense"]}"#,
        &[
            ("resultCount", "=4"),
            ("successCount", "=2"),
            ("failureCount", "=2"),
            ("results[0].propertyName", "=\"Padding\""),
            ("results[0].elementId", "@LocalButton"),
            ("results[0].result.effectiveValue", "?read LocalButton.Padding > value"),
            ("results[1].success", "=false"),
            ("results[1].error", "~no such property"),
        ],
    ),
    row(
        "get_dp_metadata",
        r#"{"elementId": "@LocalButton", "propertyName": "Opacity"}"#,
        &[
            ("propertyName", "=\"Opacity\""),
            ("defaultValue", "?declared LocalButton.Opacity > value"),
            ("propertyType", "?declared LocalButton.Opacity > type"),
            ("ownerType", "?declared LocalButton.Opacity > owner"),
            ("isReadOnly", "?declared LocalButton.Opacity > readOnly"),
            ("affectsRender", "?declared LocalButton.Opacity > render"),
        ],
    ),
    row(
        "get_dp_metadata",
        r#"{"elementId": "@CoercedSlider", "propertyName": "Value"}"#,
        &[
            ("hasCoerceCallback", "?declared CoercedSlider.Value > coerces"),
            ("hasPropertyChangedCallback", "?declared CoercedSlider.Value > notifies"),
            ("bindsTwoWayByDefault", "?declared CoercedSlider.Value > twoWay"),
            ("isDataBindingAllowed", "?declared CoercedSlider.Value > binds"),
        ],
    ),
    row(
        "get_dp_metadata",
        r#"{"elementId": "@InheritedText", "propertyName": "FontSize"}"#,
        &[
            ("inherits", "?declared InheritedText.FontSize > inherits"),
            ("affectsMeasure", "?declared InheritedText.FontSize > measure"),
            ("affectsArrange", "?declared InheritedText.FontSize > arrange"),
            ("defaultValue", "?declared InheritedText.FontSize > value"),
        ],
    ),
    row(
        "get_dp_metadata",
        r#"{"elementId": "@LocalButton", "propertyName": "ActualWidth"}"#,
        &[("isReadOnly", "?declared LocalButton.ActualWidth > readOnly")],
    ),
    row(
        "get_dp_metadata",
        r#"{"elementId": "@LocalButton", "propertyName": "Grid.Row"}"#,
        &[("isAttached", "=true"), ("defaultValue", "=0"), ("propertyType", "=\"System.Int32\"")],
    ),
    row(
        "get_applied_styles",
        r#"{"elementId": "@DerivedButton"}"#,
        &[
            ("hasStyle", "?style DerivedButton > has"),
            ("styles[0].targetType", "?style DerivedButton > target"),
            ("styles[0].setterCount", "?style DerivedButton > setters"),
            ("styles[0].setters#", "?style DerivedButton > setters"),
            ("styles[0].triggerCount", "?style DerivedButton > triggers"),
            ("styles[0].hasBasedOn", "?style DerivedButton > based"),
            ("styles[0].baseValueSource", "?style DerivedButton > source"),
            ("styles[0].setters[0].property", "=\"Background\""),
            ("styles[0].setters[0].value", "=\"#FFADD8E6\""),
            ("styles[0].setters[0].ownerType", "=\"Panel\""),
            ("styles[1].setterCount", "=3"),
        ],
    ),
    row(
        "get_applied_styles",
        r#"{"elementId": "@PlainButton"}"#,
        &[("hasStyle", "?style PlainButton > has"), ("styleCount", ">=1"), ("notes[0]", "~theme")],
    ),
    row(
        "get_applied_styles",
        r#"{"elementIds": ["@BaseButton", "@ImplicitLabel"], "compact": true}"#,
        &[
            ("resultCount", "=2"),
            ("results[0].result.styles[0].setterCount", "?style BaseButton > setters"),
            ("results[0].result.styles[0].setters", "-"),
            ("results[1].result.styles[0].targetType", "?style ImplicitLabel > target"),
        ],
    ),
    row(
        "get_triggers",
        r#"{"elementId": "@DerivedButton"}"#,
        &[
            ("triggers[triggerType=DataTrigger].isActive", "=true"),
            ("triggers[triggerType=DataTrigger].conditions[0].bindingPath", "=\"Rank\""),
            ("triggers[triggerType=DataTrigger].conditions[0].value", "=\"High\""),
            ("triggers[triggerType=DataTrigger].conditions[0].currentValue", "?model DerivedButton.Rank > value"),
            ("triggers[triggerType=DataTrigger].setters#", "=2"),
            ("triggers[triggerType=MultiDataTrigger].isActive", "=true"),
            ("triggers[triggerType=MultiDataTrigger].conditions#", "=2"),
            ("triggers[triggerType=Trigger].isActive", "=false"),
        ],
    ),
    row(
        "get_triggers",
        r#"{"elementId": "@DerivedButton"}"#,
        &[
            ("triggers[triggerType=DataTrigger].isActive", "=false"),
            ("triggers[triggerType=MultiDataTrigger].isActive", "=false"),
        ],
    )
    .before(&["press RankButton"]),
    row(
        "get_triggers",
        r#"{"elementId": "@TriggeredCheck"}"#,
        &[
            ("triggers[triggerType=Trigger].isActive", "=true"),
            ("triggers[triggerType=Trigger].conditions[0].property", "=\"IsChecked\""),
            ("triggers[triggerType=MultiTrigger].isActive", "=true"),
            ("triggers[triggerType=EventTrigger].eventName", "~Loaded"),
        ],
    )
    .before(&["set TriggeredCheck.IsChecked True"]),
    row(
        "get_layout_info",
        r#"{"elementId": "@CoercedSlider"}"#,
        &[
            ("elementId", "@CoercedSlider"),
            ("actualWidth", "?layout CoercedSlider > width"),
            ("actualHeight", "?layout CoercedSlider > height"),
            ("width", "=200"),
            ("desiredSize", "?layout CoercedSlider > desired"),
            ("renderSize", "?layout CoercedSlider > render"),
            ("margin", "?layout CoercedSlider > margin"),
            ("horizontalAlignment", "?layout CoercedSlider > horizontal"),
            ("verticalAlignment", "?layout CoercedSlider > vertical"),
            ("positionInWindow", "?layout CoercedSlider > at"),
            ("layoutState", "=\"Rendered\""),
            ("notRenderedReason", "-"),
        ],
    ),
];

/// Resources, on their page.
pub(crate) const RESOURCES: &[Row] = &[
    row(
        "get_resource_chain",
        r#"{"elementId": "@NearBorder", "resourceKey": "PageBrush"}"#,
        &[
            ("found", "?resource NearBorder PageBrush > found"),
            ("chain[0].level", "=\"Element\""),
            ("chain[0].elementId", "@NearPanel"),
            ("chain[0].resourceKey", "=\"PageBrush\""),
            ("chain[0].resourceType", "?resource NearBorder PageBrush > type"),
            ("chain[0].resourceValue", "?resource NearBorder PageBrush > value"),
            ("chain[0].isWinner", "=true"),
            ("chain[1].elementId", "@ResourcesContent"),
            ("chain[1].resourceValue", "?resource PageBorder PageBrush > value"),
            ("chain[1].isWinner", "=false"),
        ],
    ),
    row(
        "get_resource_chain",
        r#"{"elementId": "@PageBorder", "resourceKey": "OverriddenBrush"}"#,
        &[
            ("chain[0].level", "=\"Application\""),
            ("chain[0].resourceValue", "?resource PageBorder OverriddenBrush > value"),
        ],
    ),
    row(
        "get_resource_chain",
        r#"{"elementId": "@PageBorder", "resourceKey": "NoSuchBrush"}"#,
        &[("found", "?resource PageBorder NoSuchBrush > found"), ("chain#", "=0")],
    ),
    row(
        "get_resource_chain",
        r#"{"elementId": "@PageBorder", "resourceKey": "PageBrush"}"#,
        &[("chain[0].resourceValue", "?resource PageBorder PageBrush > value")],
    )
    .before(&["press RepaintButton"]),
    row(
        "get_dp_value_source",
        r#"{"elementId": "@PageBorder", "propertyName": "Background"}"#,
        &[
            ("localValueKind", "=\"DynamicResource\""),
            ("effectiveValue", "?read PageBorder.Background > value"),
            ("isExpression", "?read PageBorder.Background > expression"),
        ],
    ),
    row(
        "get_applied_styles",
        r#"{"elementId": "@PageBorder"}"#,
        &[
            ("hasStyle", "=false"),
            ("localResourceReferenceCount", "=1"),
            ("localResourceReferences[0].property", "=\"Background\""),
            ("localResourceReferences[0].expressionType", "=\"DynamicResource\""),
        ],
    ),
];

/// What is seen and what is not, on the page of layout.
pub(crate) const LAYOUT: &[Row] = &[
    row(
        "get_layout_info",
        r#"{"elementIds": ["@SeenButton", "@CollapsedButton"]}"#,
        &[
            ("resultCount", "=2"),
            ("results[0].result.margin", "=[1, 2, 3, 4]"),
            ("results[0].result.actualWidth", "?layout SeenButton > width"),
            ("results[0].result.positionInWindow", "?layout SeenButton > at"),
            ("results[1].result.layoutState", "=\"NotRendered\""),
            ("results[1].result.notRenderedReason", "~Collapsed"),
        ],
    ),
    row(
        "get_clipping_info",
        r#"{"elementId": "@ClippedButton"}"#,
        &[
            ("isClipped", "=true"),
            ("geometricClippingSeverity", "=\"partial\""),
            ("visibleContentImpact", "=\"partial\""),
            // 40 of 120 units lie in a border that is 80 wide.
            ("visibleRatio", "=0.333"),
            ("overflowAmount.right", "=80"),
            ("overflowAmount.left", "=0"),
            ("clippingAncestors[elementName=ClippingBorder].elementId", "@ClippingBorder"),
            ("hasEffectiveClip", "=true"),
            ("suggestedFix", "~ "),
        ],
    ),
    row(
        "get_clipping_info",
        r#"{"elementId": "@OutsideButton"}"#,
        &[("geometricClippingSeverity", "=\"full\""), ("visibleRatio", "=0")],
    ),
    row(
        "get_clipping_info",
        r#"{"elementId": "@SeenButton"}"#,
        &[
            ("isClipped", "=false"),
            ("geometricClippingSeverity", "=\"none\""),
            ("visibleRatio", "=1"),
            ("clipToBounds", "=false"),
            ("suggestedFix", "-"),
        ],
    ),
    row(
        "get_clipping_info",
        r#"{"elementId": "@BottomButton"}"#,
        &[
            ("geometricClippingSeverity", "=\"full\""),
            ("nearestScrollContainer.elementId", "@SmallScroll"),
            ("nearestScrollContainer.extent[1]", "?read SmallScroll.ExtentHeight > value"),
            ("nearestScrollContainer.viewport[1]", "?read SmallScroll.ViewportHeight > value"),
            ("nearestScrollContainer.offset[1]", "?read SmallScroll.VerticalOffset > value"),
            ("nearestScrollContainer.isTargetClippedByViewport", "=true"),
            ("nearestScrollContainer.canBringTargetIntoView", "=true"),
            ("suggestedFix", "~scroll_to_element"),
        ],
    ),
    row(
        "diagnose_visibility",
        r#"{"elementId": "@SeenButton"}"#,
        &[
            ("isUserVisible", "=true"),
            ("checks[key=selfVisibility].passed", "=true"),
            ("checks[key=clipping].passed", "=true"),
            ("rootCause", "-"),
            ("clipping.geometricClippingSeverity", "=\"none\""),
        ],
    ),
    row(
        "diagnose_visibility",
        r#"{"elementId": "@CollapsedButton"}"#,
        &[
            ("isUserVisible", "=false"),
            ("checks[key=selfVisibility].value", "?read CollapsedButton.Visibility > value"),
            ("checks[key=selfVisibility].passed", "=false"),
            ("rootCause", "~selfVisibility"),
            ("suggestedFix", "~Visible"),
        ],
    ),
    row(
        "diagnose_visibility",
        r#"{"elementId": "@HiddenButton"}"#,
        &[("isUserVisible", "=false"), ("rootCause", "~Hidden")],
    ),
    row(
        "diagnose_visibility",
        r#"{"elementId": "@TransparentButton"}"#,
        &[("isUserVisible", "=false"), ("rootCause", "~selfOpacity"), ("checks[key=selfOpacity].passed", "=false")],
    ),
    row(
        "diagnose_visibility",
        r#"{"elementId": "@EmptyButton"}"#,
        &[("isUserVisible", "=false"), ("rootCause", "~layoutSize")],
    ),
    row(
        "diagnose_visibility",
        r#"{"elementId": "@OutsideButton"}"#,
        &[("isUserVisible", "=false"), ("rootCause", "~clipping"), ("checks[key=clipping].passed", "=false")],
    ),
    row(
        "diagnose_visibility",
        r#"{"elementId": "@BottomButton"}"#,
        &[("isUserVisible", "=false"), ("suggestedFix", "~scroll_to_element")],
    ),
    row(
        "get_interaction_readiness",
        r#"{"elementId": "@UntouchableButton"}"#,
        &[
            ("isReady", "=false"),
            ("blockers[0].reason", "=\"HitTestingDisabled\""),
            ("elementState.isHitTestVisible", "?read UntouchableButton.IsHitTestVisible > value"),
        ],
    ),
    row(
        "get_interaction_readiness",
        r#"{"elementId": "@HiddenButton"}"#,
        &[("isReady", "=false"), ("blockers[reason=ElementHidden].message", "~ ")],
    ),
    row(
        "get_interaction_readiness",
        r#"{"elementId": "@TransparentButton"}"#,
        &[("isReady", "=false"), ("blockers[reason=ElementTransparent].message", "~ ")],
    ),
    row(
        "get_interaction_readiness",
        r#"{"elementId": "@EmptyButton"}"#,
        &[("isReady", "=false"), ("blockers[reason=NoLayoutSize].message", "~ "), ("elementState.hasSize", "=false")],
    ),
    row(
        "element_screenshot",
        r#"{"elementId": "@SeenButton"}"#,
        &[
            ("width", "?layout SeenButton > width"),
            ("outputMode", "=\"metadata\""),
            ("elementType", "=\"Button\""),
            ("sourceWidth", "?layout SeenButton > width"),
            ("sourceHeight", "?layout SeenButton > height"),
            ("scaleFactor", "=1"),
            ("downscaled", "=false"),
            ("base64Image", "-"),
        ],
    ),
    row(
        "element_screenshot",
        r#"{"elementId": "@SeenButton", "outputMode": "base64", "maxWidth": 60}"#,
        &[
            ("width", "=60"),
            ("downscaled", "=true"),
            ("scaleFactor", "=0.5"),
            ("format", "=\"png\""),
            ("rendered", "=true"),
            ("byteLength", ">=60"),
            ("base64Image", "~iVBORw0KGgo"),
        ],
    ),
];

fn on(page: &str, rows: &[Row]) {
    let desktop = desktop().unwrap();
    let app = WpfApp::start(desktop.run(), "Fixture.Form", &["--page", page]).unwrap();
    let ground = Ground::form(&desktop, ALL, &["--enable-tier3"]);
    ground.connect(&app);
    Stage::new(&ground, &app).run(rows);
    app.close().unwrap();
}

#[test]
fn values_and_styles_come_from_where_the_application_says() {
    on("styles", STYLES);
}

#[test]
fn resources_are_found_where_the_application_finds_them() {
    on("resources", RESOURCES);
}

#[test]
fn what_is_seen_is_judged_by_the_applications_own_layout() {
    on("layout", LAYOUT);
}
