//! Scenes, forms and all facts of one element; snapshots of state, what differs from one, and putting it back.

use super::args::{ElementId, Label, number, text, wpf_args};
use super::{Answers, Kind, Wpf, descriptor, wpf_tool};
use crate::args::{Int, List};
use crate::tool::AnyTool;
use portcullis_model::WpfGate::{Destructive, SensitiveReads, Viewmodel};
use portcullis_model::{Fault, WpfGate};
use portcullis_wpf as wpf;
use portcullis_wpf::{Asker, Session};
use schemars::JsonSchema;
use serde::Deserialize;

/// The tools of this file.
pub(super) fn tools() -> Vec<AnyTool> {
    vec![
        AnyTool::of::<Wpf<GetUiSummary>>(),
        AnyTool::of::<Wpf<GetFormSummary>>(),
        AnyTool::of::<Wpf<GetElementSnapshot>>(),
        AnyTool::of::<Wpf<CaptureStateSnapshot>>(),
        AnyTool::of::<Wpf<GetStateDiff>>(),
        AnyTool::of::<Wpf<RestoreStateSnapshot>>(),
    ]
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum DepthMode {
    Semantic,
    Visual,
}

wpf_args!(SummaryArgs {
    element_id: Option<ElementId>,
    /// Default 3
    depth: Option<Int<0, 100>>,
    depth_mode: Option<DepthMode>,
    /// Text alone
    summary_only: Option<bool>,
});

wpf_tool!(
    GetUiSummary, SummaryArgs => wpf::Summary,
    descriptor(
        "get_ui_summary",
        "What there is to see and do",
        "Controls, texts and regions in an element, without what only arranges them. Begin here.",
        Kind::Read,
        &[SensitiveReads],
        [("{}", "The main window"), (r#"{"depth": 6, "summaryOnly": true}"#, "Deeper, as text")],
    ),
    |args, asker| wpf::summary(
        asker,
        text(args.element_id.as_ref()),
        number(args.depth, 3),
        args.depth_mode == Some(DepthMode::Visual),
        args.summary_only.unwrap_or(false),
    )
);

wpf_args!(FormArgs { element_id: Option<ElementId>, include_framework: Option<bool> });

wpf_tool!(
    GetFormSummary, FormArgs => wpf::Form,
    descriptor(
        "get_form_summary",
        "A form",
        "The fields in an element with labels, values and errors, its buttons, and whether it can be submitted.",
        Kind::Read,
        &[SensitiveReads],
        [("{}", "The main window"), (r#"{"elementId": "StackPanel_2"}"#, "An element")],
    ),
    |args, asker| wpf::form(asker, text(args.element_id.as_ref()), args.include_framework.unwrap_or(false))
);

wpf_args!(ElementSnapshotArgs {
    element_id: ElementId,
    /// More properties
    include_properties: Option<List<Label, 100>>,
});

fn names(list: Option<List<Label, 100>>) -> Vec<String> {
    list.map(|list| list.0).unwrap_or_default().into_iter().map(|name| name.0).collect()
}

wpf_tool!(
    GetElementSnapshot, ElementSnapshotArgs => wpf::ElementSnapshot,
    descriptor(
        "get_element_snapshot",
        "All of one element",
        "Properties, bindings, validation, style and layout of one element at once.",
        Kind::Read,
        &[SensitiveReads],
        [(r#"{"elementId": "TextBox_3"}"#, "A text box"), (r#"{"elementId": "Button_5", "includeProperties": ["Background"]}"#, "With its background")],
    ),
    |args, asker| wpf::element_snapshot(asker, &args.element_id.0, &names(args.include_properties))
);

wpf_args!(CaptureArgs {
    element_id: Option<ElementId>,
    property_names: Option<List<Label, 100>>,
    view_model_property_names: Option<List<Label, 100>>,
    include_focus: Option<bool>,
    snapshot_name: Option<Label>,
});

struct CaptureStateSnapshot;

impl Answers for CaptureStateSnapshot {
    type Args = CaptureArgs;
    type Answer = wpf::Captured;

    const DESCRIPTOR: crate::descriptor::Descriptor = descriptor(
        "capture_state_snapshot",
        "Keep a state",
        "Keep properties, view model properties and focus as the objects that they are, to compare and put back.",
        Kind::Act,
        &[Destructive, SensitiveReads],
        [
            (r#"{"elementId": "TextBox_3", "propertyNames": ["Text"]}"#, "A text"),
            (r#"{"viewModelPropertyNames": ["Name"], "includeFocus": true}"#, "Of the view model"),
        ],
    );

    fn more_gates(args: &CaptureArgs, _: &Session) -> Result<Vec<WpfGate>, Fault> {
        let names = args.view_model_property_names.as_ref().is_some_and(|list| !list.0.is_empty());
        Ok(if names { vec![Viewmodel] } else { Vec::new() })
    }

    fn answer(args: CaptureArgs, asker: &Asker<'_>) -> Result<wpf::Captured, Fault> {
        let ask = wpf::CaptureAsk {
            element: args.element_id.map(|id| id.0),
            properties: names(args.property_names),
            members: names(args.view_model_property_names),
            focus: args.include_focus.unwrap_or(false),
        };
        wpf::capture(asker, &[ask], text(args.snapshot_name.as_ref()))
    }
}

wpf_args!(DiffArgs { snapshot_id: Label, trigger: Option<Label> });

wpf_tool!(
    GetStateDiff, DiffArgs => wpf::Diff,
    descriptor(
        "get_state_diff",
        "What changed",
        "What is not as a snapshot kept it.",
        Kind::Read,
        &[SensitiveReads],
        [(r#"{"snapshotId": "snapshot_1"}"#, "Since then"), (r#"{"snapshotId": "snapshot_1", "trigger": "save"}"#, "With a note of the cause")],
    ),
    if open [Viewmodel],
    |args, asker| wpf::diff(asker, &args.snapshot_id.0, text(args.trigger.as_ref()))
);

wpf_args!(RestoreArgs {
    snapshot_id: Label,
    /// Default true
    remove_after_restore: Option<bool>,
});

struct RestoreStateSnapshot;

impl Answers for RestoreStateSnapshot {
    type Args = RestoreArgs;
    type Answer = wpf::Restored;

    const DESCRIPTOR: crate::descriptor::Descriptor = descriptor(
        "restore_state_snapshot",
        "Put a state back",
        "Put back what a snapshot kept, the very objects, and look whether it is there.",
        Kind::Write,
        &[Destructive, SensitiveReads],
        [
            (r#"{"snapshotId": "snapshot_1"}"#, "All of it"),
            (r#"{"snapshotId": "snapshot_1", "removeAfterRestore": false}"#, "And keep it"),
        ],
    );

    /// What a view model had is written into it, which is what modify_viewmodel needs its gate for.
    fn more_gates(args: &RestoreArgs, session: &Session) -> Result<Vec<WpfGate>, Fault> {
        Ok(if wpf::keeps_members(session, &args.snapshot_id.0) { vec![Viewmodel] } else { Vec::new() })
    }

    fn answer(args: RestoreArgs, asker: &Asker<'_>) -> Result<wpf::Restored, Fault> {
        wpf::restore(asker, &args.snapshot_id.0, args.remove_after_restore.unwrap_or(true))
    }
}
