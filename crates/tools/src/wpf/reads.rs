//! Bindings, properties, styles, layout, view models, performance: tools that read one kind of fact and judge it.

use super::args::{ElementId, Label, number, text, wpf_args};
use super::several::{Several, each, each_property};
use super::{Kind, Wpf, descriptor, wpf_tool};
use crate::args::{Int, List, Text};
use crate::tool::AnyTool;
use portcullis_model::WpfGate::{Destructive, SensitiveReads, Viewmodel};
use portcullis_model::{Fault, FaultCode};
use portcullis_wpf as wpf;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// The tools of this file.
pub(super) fn tools() -> Vec<AnyTool> {
    vec![
        AnyTool::of::<Wpf<GetBindings>>(),
        AnyTool::of::<Wpf<GetBindingErrors>>(),
        AnyTool::of::<Wpf<GetBindingMismatches>>(),
        AnyTool::of::<Wpf<GetAffectedElements>>(),
        AnyTool::of::<Wpf<GetBindingValueChain>>(),
        AnyTool::of::<Wpf<GetDatacontextChain>>(),
        AnyTool::of::<Wpf<GetDpValueSource>>(),
        AnyTool::of::<Wpf<GetDpMetadata>>(),
        AnyTool::of::<Wpf<GetAppliedStyles>>(),
        AnyTool::of::<Wpf<GetTriggers>>(),
        AnyTool::of::<Wpf<GetResourceChain>>(),
        AnyTool::of::<Wpf<GetEventHandlers>>(),
        AnyTool::of::<Wpf<GetLayoutInfo>>(),
        AnyTool::of::<Wpf<GetClippingInfo>>(),
        AnyTool::of::<Wpf<DiagnoseVisibility>>(),
        AnyTool::of::<Wpf<GetInteractionReadiness>>(),
        AnyTool::of::<Wpf<GetFocusState>>(),
        AnyTool::of::<Wpf<GetViewmodel>>(),
        AnyTool::of::<Wpf<GetCommands>>(),
        AnyTool::of::<Wpf<GetValidationErrors>>(),
        AnyTool::of::<Wpf<GetRenderStats>>(),
        AnyTool::of::<Wpf<FindBindingLeaks>>(),
    ]
}

type Ids = List<ElementId, 100>;

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
enum Status {
    #[default]
    All,
    Active,
    Error,
}

impl From<Status> for wpf::StatusFilter {
    fn from(status: Status) -> Self {
        match status {
            Status::All => Self::All,
            Status::Active => Self::Active,
            Status::Error => Self::Error,
        }
    }
}

wpf_args!(ElementArgs { element_id: Option<ElementId> });
wpf_args!(OneElementArgs { element_id: ElementId });
wpf_args!(ElementsArgs { element_id: Option<ElementId>, element_ids: Option<Ids> });
wpf_args!(BindingsArgs {
    element_id: Option<ElementId>,
    element_ids: Option<Ids>,
    /// Also of all in it
    recursive: Option<bool>,
    status_filter: Option<Status>,
});

wpf_tool!(
    GetBindings, BindingsArgs => Several<wpf::Bindings>,
    descriptor(
        "get_bindings",
        "Bindings",
        "The bindings of an element: path, mode, status, converter, value.",
        Kind::Read,
        &[SensitiveReads],
        [(r#"{"elementId": "TextBox_3"}"#, "Of one element"), (r#"{"recursive": true, "statusFilter": "Error"}"#, "All that fail")],
    ),
    |args, asker| {
        let recursive = args.recursive.unwrap_or(false);
        let filter = args.status_filter.unwrap_or_default().into();
        each(args.element_id, args.element_ids, |id| wpf::bindings(asker, id, recursive, filter))
    }
);

wpf_args!(BindingErrorsArgs {
    max_errors: Option<Int<1, 1_000>>,
    /// Default true: without messages
    compact: Option<bool>,
});

wpf_tool!(
    GetBindingErrors, BindingErrorsArgs => wpf::BindingErrors,
    descriptor(
        "get_binding_errors",
        "Binding errors",
        "Bindings that are in error now, and failures since the session first asked.",
        Kind::Read,
        &[SensitiveReads],
        [("{}", "All"), (r#"{"compact": false, "maxErrors": 5}"#, "Five, explained")],
    ),
    |args, asker| wpf::binding_errors(asker, args.max_errors.map(Int::size), args.compact.unwrap_or(true))
);

wpf_args!(MismatchArgs {
    element_id: Option<ElementId>,
    recursive: Option<bool>,
    /// Also what templates made
    include_framework: Option<bool>,
});

wpf_tool!(
    GetBindingMismatches, MismatchArgs => wpf::Mismatches,
    descriptor(
        "get_binding_mismatches",
        "Bindings that fit badly",
        "Bindings whose path leads nowhere or to another type than the property's.",
        Kind::Read,
        &[SensitiveReads],
        [(r#"{"recursive": true}"#, "In the main window"), (r#"{"elementId": "TextBox_3"}"#, "Of one element")],
    ),
    |args, asker| wpf::mismatches(
        asker,
        text(args.element_id.as_ref()),
        args.recursive.unwrap_or(false),
        args.include_framework.unwrap_or(false),
    )
);

wpf_args!(AffectedArgs {
    property_name: Label,
    element_id: Option<ElementId>,
    view_model_type: Option<Label>,
    /// Default true
    recursive: Option<bool>,
});

wpf_tool!(
    GetAffectedElements, AffectedArgs => wpf::Affected,
    descriptor(
        "get_affected_elements",
        "Elements bound to a property",
        "Which elements are bound to a property of the view model.",
        Kind::Read,
        &[SensitiveReads],
        [(r#"{"propertyName": "Name"}"#, "Bound to Name"), (r#"{"propertyName": "Name", "viewModelType": "ShopViewModel"}"#, "Of this view model")],
    ),
    |args, asker| wpf::affected(
        asker,
        text(args.element_id.as_ref()),
        &args.property_name.0,
        text(args.view_model_type.as_ref()),
        args.recursive.unwrap_or(true),
    )
);

wpf_args!(PropertyArgs { property_name: Label, element_id: Option<ElementId> });

wpf_tool!(
    GetBindingValueChain, PropertyArgs => wpf::ValueChain,
    descriptor(
        "get_binding_value_chain",
        "How a bound value comes about",
        "From the binding over its source and each step of its path to the value. Values of the source need the gate viewmodel.",
        Kind::Read,
        &[SensitiveReads],
        [(r#"{"propertyName": "Text", "elementId": "TextBox_3"}"#, "Of a text"), (r#"{"propertyName": "Title"}"#, "Of the window's title")],
    ),
    if open [Viewmodel],
    |args, asker| wpf::value_chain(asker, text(args.element_id.as_ref()), &args.property_name.0)
);

wpf_tool!(
    GetDatacontextChain, ElementArgs => wpf::ContextChain,
    descriptor(
        "get_datacontext_chain",
        "Data contexts upwards",
        "The data context of an element and of all above it. Those above need the gate sensitive_reads.",
        Kind::Read,
        &[Viewmodel],
        [("{}", "Of the main window"), (r#"{"elementId": "TextBox_3"}"#, "From an element")],
    ),
    if open [SensitiveReads],
    |args, asker| wpf::context_chain(asker, text(args.element_id.as_ref()))
);

wpf_args!(ValueSourceArgs {
    property_name: Option<Label>,
    property_names: Option<List<Label, 100>>,
    element_id: Option<ElementId>,
    element_ids: Option<Ids>,
    compact: Option<bool>,
});

wpf_tool!(
    GetDpValueSource, ValueSourceArgs => Several<wpf::ValueSource>,
    descriptor(
        "get_dp_value_source",
        "Where a value comes from",
        "The value of a dependency property and where it comes from: local, style, trigger, template, inherited, default.",
        Kind::Read,
        &[SensitiveReads],
        [(r#"{"propertyName": "Background", "elementId": "Button_5"}"#, "One"), (r#"{"propertyNames": ["Text", "IsEnabled"], "elementIds": ["TextBox_3"]}"#, "Several")],
    ),
    |args, asker| {
        let names: Vec<Label> = args.property_names.map(|list| list.0).unwrap_or_default();
        let names: Vec<String> = names.into_iter().chain(args.property_name).map(|name| name.0).collect();
        if names.is_empty() {
            return Err(Fault::new(FaultCode::BadArgument, "no property is named")
                .field("propertyName")
                .rule("`propertyName` or `propertyNames` is given")
                .remedy("name a property, as `Width`")
                .source_code("MissingRequiredParameter"));
        }
        let compact = args.compact.unwrap_or(false);
        each_property(args.element_id, args.element_ids, &names, |id, name| {
            wpf::value_source(asker, id, name, compact)
        })
    }
);

wpf_tool!(
    GetDpMetadata, PropertyArgs => wpf::Metadata,
    descriptor(
        "get_dp_metadata",
        "What is declared of a property",
        "Default value, types and flags of a dependency property.",
        Kind::Read,
        &[SensitiveReads],
        [(r#"{"propertyName": "Text", "elementId": "TextBox_3"}"#, "Of Text"), (r#"{"propertyName": "Title"}"#, "Of the window")],
    ),
    |args, asker| wpf::metadata(asker, text(args.element_id.as_ref()), &args.property_name.0)
);

wpf_args!(StylesArgs { element_id: Option<ElementId>, element_ids: Option<Ids>, compact: Option<bool> });

wpf_tool!(
    GetAppliedStyles, StylesArgs => Several<wpf::Styles>,
    descriptor(
        "get_applied_styles",
        "Styles",
        "The style of an element, what it is based on and that of the theme, with their setters.",
        Kind::Read,
        &[SensitiveReads],
        [(r#"{"elementId": "Button_5"}"#, "Of a button"), (r#"{"elementIds": ["Button_5", "TextBox_3"], "compact": true}"#, "Of two, without setters")],
    ),
    |args, asker| {
        let compact = args.compact.unwrap_or(false);
        each(args.element_id, args.element_ids, |id| wpf::styles(asker, id, compact))
    }
);

wpf_tool!(
    GetTriggers, OneElementArgs => wpf::Triggers,
    descriptor(
        "get_triggers",
        "Triggers",
        "The triggers of an element's styles and templates, and whether they hold now. Conditions on a view model need the gate viewmodel.",
        Kind::Read,
        &[SensitiveReads],
        [(r#"{"elementId": "Button_5"}"#, "Of a button"), (r#"{"elementId": "TextBox_3"}"#, "Of a text box")],
    ),
    if open [Viewmodel],
    |args, asker| wpf::triggers(asker, &args.element_id.0)
);

wpf_args!(ResourceArgs { resource_key: Label, element_id: Option<ElementId> });

wpf_tool!(
    GetResourceChain, ResourceArgs => wpf::ResourceChain,
    descriptor(
        "get_resource_chain",
        "Where a resource is",
        "Every dictionary that has a resource, from an element to application, theme and system; which one wins.",
        Kind::Read,
        &[SensitiveReads],
        [(r#"{"resourceKey": "Accent"}"#, "From the window"), (r#"{"resourceKey": "Accent", "elementId": "Button_5"}"#, "From an element")],
    ),
    |args, asker| wpf::resource_chain(asker, text(args.element_id.as_ref()), &args.resource_key.0)
);

wpf_args!(HandlersArgs { event_name: Label, element_id: ElementId });

wpf_tool!(
    GetEventHandlers, HandlersArgs => wpf::Handlers,
    descriptor(
        "get_event_handlers",
        "Handlers of an event",
        "The handlers that an element has for a routed event, and its command.",
        Kind::Read,
        &[SensitiveReads],
        [(r#"{"eventName": "Click", "elementId": "Button_5"}"#, "Of a click"), (r#"{"eventName": "MouseDown", "elementId": "Button_5"}"#, "Of the mouse")],
    ),
    |args, asker| wpf::handlers(asker, &args.element_id.0, &args.event_name.0)
);

wpf_tool!(
    GetLayoutInfo, ElementsArgs => Several<wpf::LayoutInfo>,
    descriptor(
        "get_layout_info",
        "Layout",
        "Sizes, margins, alignment and place of an element.",
        Kind::Read,
        &[SensitiveReads],
        [("{}", "Of the window"), (r#"{"elementIds": ["Button_5", "TextBox_3"]}"#, "Of two")],
    ),
    |args, asker| each(args.element_id, args.element_ids, |id| wpf::layout(asker, id))
);

wpf_tool!(
    GetClippingInfo, ElementsArgs => Several<wpf::Clipping>,
    descriptor(
        "get_clipping_info",
        "Clipping",
        "How much of an element is cut off, by what, and what would help.",
        Kind::Read,
        &[SensitiveReads],
        [(r#"{"elementId": "Button_5"}"#, "Of a button"), (r#"{"elementIds": ["Button_5", "TextBox_3"]}"#, "Of two")],
    ),
    |args, asker| each(args.element_id, args.element_ids, |id| wpf::clipping(asker, id))
);

wpf_tool!(
    DiagnoseVisibility, OneElementArgs => wpf::Visibility,
    descriptor(
        "diagnose_visibility",
        "Why it is not seen",
        "Whether the user can see an element, check by check, with the cause and a fix.",
        Kind::Read,
        &[SensitiveReads],
        [(r#"{"elementId": "Button_5"}"#, "A button"), (r#"{"elementId": "TextBox_3"}"#, "A text box")],
    ),
    |args, asker| wpf::visibility(asker, &args.element_id.0)
);

wpf_args!(ReadinessArgs {
    element_id: ElementId,
    /// Default Click
    interaction_type: Option<Text<64>>,
});

wpf_tool!(
    GetInteractionReadiness, ReadinessArgs => wpf::Readiness,
    descriptor(
        "get_interaction_readiness",
        "Whether it can be used",
        "What keeps an element from being clicked or used, its command included.",
        Kind::Read,
        &[SensitiveReads],
        [(r#"{"elementId": "Button_5"}"#, "A button"), (r#"{"elementId": "TextBox_3", "interactionType": "Type"}"#, "A text box")],
    ),
    |args, asker| wpf::readiness(asker, &args.element_id.0, text(args.interaction_type.as_ref()).unwrap_or("Click"))
);

wpf_tool!(
    GetFocusState, ElementArgs => wpf::FocusState,
    descriptor(
        "get_focus_state",
        "Who has the keyboard",
        "Which element has the keyboard, and whether its window is active.",
        Kind::Read,
        &[SensitiveReads],
        [("{}", "In the main window"), (r#"{"elementId": "TextBox_3"}"#, "In the window of an element")],
    ),
    |args, asker| wpf::focus_state(asker, text(args.element_id.as_ref()))
);

wpf_args!(ViewmodelArgs { element_id: Option<ElementId>, property_names: Option<List<Label, 100>> });

wpf_tool!(
    GetViewmodel, ViewmodelArgs => wpf::ViewModel,
    descriptor(
        "get_viewmodel",
        "View model",
        "The data context of an element with its public properties. Secret ones are redacted.",
        Kind::Read,
        &[Viewmodel],
        [("{}", "Of the main window"), (r#"{"propertyNames": ["Name"]}"#, "One property")],
    ),
    |args, asker| {
        let names: Vec<String> =
            args.property_names.map(|list| list.0).unwrap_or_default().into_iter().map(|name| name.0).collect();
        wpf::view_model(asker, text(args.element_id.as_ref()), &names)
    }
);

wpf_tool!(
    GetCommands, ElementArgs => wpf::Commands,
    descriptor(
        "get_commands",
        "Commands",
        "The commands of an element's data context, and whether they can execute.",
        Kind::Read,
        &[Viewmodel],
        [("{}", "Of the main window"), (r#"{"elementId": "Button_5"}"#, "Of an element")],
    ),
    |args, asker| wpf::commands(asker, text(args.element_id.as_ref()))
);

wpf_tool!(
    GetValidationErrors, ElementsArgs => Several<wpf::ValidationErrors>,
    descriptor(
        "get_validation_errors",
        "Errors of validation",
        "The errors of validation in an element.",
        Kind::Read,
        &[SensitiveReads],
        [("{}", "In the main window"), (r#"{"elementId": "TextBox_3"}"#, "Of an element")],
    ),
    |args, asker| each(args.element_id, args.element_ids, |id| wpf::validation_errors(asker, id))
);

wpf_args!(StatsArgs {
    /// Listens three seconds instead of one
    warm_up: Option<bool>,
});

wpf_tool!(
    GetRenderStats, StatsArgs => wpf::RenderStats,
    descriptor(
        "get_render_stats",
        "Frames a second",
        "How often the application draws, over a second. Listening has WPF draw without pause.",
        Kind::Read,
        &[SensitiveReads],
        [("{}", "A second"), (r#"{"warmUp": true}"#, "Three seconds")],
    ),
    |args, asker| {
        let span = if args.warm_up.unwrap_or(false) { Duration::from_secs(3) } else { Duration::from_secs(1) };
        wpf::render_stats(asker, span)
    }
);

wpf_args!(LeaksArgs {
    /// As many count as suspect; default 100
    threshold: Option<Int<1, 1_000_000>>,
});

wpf_tool!(
    FindBindingLeaks, LeaksArgs => wpf::Leaks,
    descriptor(
        "find_binding_leaks",
        "Bindings that leak",
        "Bindings to plain properties that nothing else keeps alive. With the gate destructive open memory is collected first, which makes it sure.",
        Kind::Read,
        &[SensitiveReads],
        [("{}", "Look"), (r#"{"threshold": 10}"#, "Suspect ten and more")],
    ),
    if open [Destructive],
    |args, asker| wpf::leaks(asker, number(args.threshold, 100))
);
