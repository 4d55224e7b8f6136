//! Acting on elements, writing what is behind them, and waiting for what follows.

use super::args::{ElementId, Label, number, text, wpf_args};
use super::{Answers, Kind, Wpf, descriptor, wpf_tool};
use crate::args::{Int, List, Text};
use crate::descriptor::{Annotations, Descriptor, Lane};
use crate::tool::AnyTool;
use portcullis_model::Fault;
use portcullis_model::WpfGate::{Destructive, SensitiveReads, Viewmodel};
use portcullis_wpf as wpf;
use portcullis_wpf::Asker;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

/// The tools of this file.
pub(super) fn tools() -> Vec<AnyTool> {
    vec![
        AnyTool::of::<Wpf<ClickElement>>(),
        AnyTool::of::<Wpf<FocusElement>>(),
        AnyTool::of::<Wpf<ScrollToElement>>(),
        AnyTool::of::<Wpf<SimulateKeyboard>>(),
        AnyTool::of::<Wpf<DragAndDrop>>(),
        AnyTool::of::<Wpf<FireRoutedEvent>>(),
        AnyTool::of::<Wpf<HighlightElement>>(),
        AnyTool::of::<Wpf<InvalidateLayout>>(),
        AnyTool::of::<Wpf<ForceBindingUpdate>>(),
        AnyTool::of::<Wpf<MeasureElementRenderTime>>(),
        AnyTool::of::<Wpf<SetDpValue>>(),
        AnyTool::of::<Wpf<ClearDpValue>>(),
        AnyTool::of::<Wpf<OverrideStyleSetter>>(),
        AnyTool::of::<Wpf<ModifyViewmodel>>(),
        AnyTool::of::<Wpf<ExecuteCommand>>(),
        AnyTool::of::<Wpf<WatchDpChanges>>(),
        AnyTool::of::<Wpf<WaitForDpChange>>(),
        AnyTool::of::<Wpf<TraceRoutedEvents>>(),
        AnyTool::of::<Wpf<DrainEvents>>(),
    ]
}

wpf_args!(OneElementArgs { element_id: ElementId });
wpf_args!(ElementArgs { element_id: Option<ElementId> });

wpf_tool!(
    ClickElement, OneElementArgs => wpf::Acted,
    descriptor(
        "click_element",
        "Click an element",
        "What a click does to the control: its own way or its automation peer's, also for menus, lists, tabs, links and check boxes.",
        Kind::Act,
        &[Destructive],
        [(r#"{"elementId": "Button_5"}"#, "A button"), (r#"{"elementId": "CheckBox_7"}"#, "A check box")],
    ),
    |args, asker| wpf::click(asker, &args.element_id.0)
);

wpf_tool!(
    FocusElement, OneElementArgs => wpf::Acted,
    descriptor(
        "focus_element",
        "Focus an element",
        "Give an element the keyboard.",
        Kind::Act,
        &[Destructive],
        [(r#"{"elementId": "TextBox_3"}"#, "A text box"), (r#"{"elementId": "Button_5"}"#, "A button")],
    ),
    |args, asker| wpf::focus(asker, &args.element_id.0)
);

wpf_tool!(
    ScrollToElement, OneElementArgs => wpf::Acted,
    descriptor(
        "scroll_to_element",
        "Bring into view",
        "Scroll until an element is in view.",
        Kind::Act,
        &[Destructive],
        [(r#"{"elementId": "Button_5"}"#, "A button"), (r#"{"elementId": "TextBox_3"}"#, "A text box")],
    ),
    |args, asker| wpf::scroll_to(asker, &args.element_id.0)
);

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
enum KeyEvent {
    KeyDown,
    KeyUp,
}

wpf_args!(KeyArgs {
    /// Of WPF's Key: Enter, Tab, A
    key: Text<64>,
    element_id: Option<ElementId>,
    event_type: Option<KeyEvent>,
});

wpf_tool!(
    SimulateKeyboard, KeyArgs => wpf::Acted,
    descriptor(
        "simulate_keyboard",
        "Press a key inside",
        "Press or release a key through WPF's input; nothing of the real keyboard.",
        Kind::Act,
        &[Destructive],
        [(r#"{"key": "Enter", "elementId": "TextBox_3"}"#, "Enter in a text box"), (r#"{"key": "Tab", "eventType": "KeyDown"}"#, "Tab")],
    ),
    |args, asker| wpf::key(asker, text(args.element_id.as_ref()), &args.key.0, args.event_type == Some(KeyEvent::KeyUp))
);

wpf_args!(DragArgs {
    source_element_id: ElementId,
    target_element_id: ElementId,
    /// Default Text
    data_format: Option<Label>,
});

wpf_tool!(
    DragAndDrop, DragArgs => wpf::Acted,
    descriptor(
        "drag_and_drop",
        "Drag inside",
        "Drag one element onto another by WPF's events.",
        Kind::Act,
        &[Destructive],
        [
            (r#"{"sourceElementId": "Button_5", "targetElementId": "TextBox_3"}"#, "Onto a text box"),
            (r#"{"sourceElementId": "Button_5", "targetElementId": "TextBox_3", "dataFormat": "FileDrop"}"#, "As files"),
        ],
    ),
    |args, asker| wpf::drag(
        asker,
        &args.source_element_id.0,
        &args.target_element_id.0,
        text(args.data_format.as_ref()).unwrap_or("Text"),
    )
);

wpf_args!(FireArgs { event_name: Label, element_id: ElementId });

wpf_tool!(
    FireRoutedEvent, FireArgs => wpf::Acted,
    descriptor(
        "fire_routed_event",
        "Raise an event",
        "Raise a routed event at an element.",
        Kind::Act,
        &[Destructive],
        [(r#"{"eventName": "Click", "elementId": "Button_5"}"#, "A click"), (r#"{"eventName": "MouseDown", "elementId": "Button_5"}"#, "The mouse")],
    ),
    |args, asker| wpf::raise(asker, &args.element_id.0, &args.event_name.0)
);

wpf_args!(HighlightArgs {
    element_id: ElementId,
    /// Default Red
    color: Option<Text<64>>,
    /// ms; default 2000, at most 300000
    duration: Option<Int<1, 2_000_000_000>>,
});

wpf_tool!(
    HighlightElement, HighlightArgs => wpf::Highlighted,
    descriptor(
        "highlight_element",
        "Mark an element",
        "Mark an element on the screen for a while.",
        Kind::Act,
        &[Destructive],
        [(r#"{"elementId": "Button_5"}"#, "In red"), (r#"{"elementId": "Button_5", "color": "Blue", "duration": 500}"#, "In blue")],
    ),
    |args, asker| wpf::highlight(
        asker,
        &args.element_id.0,
        text(args.color.as_ref()).unwrap_or("Red"),
        number(args.duration, 2_000),
    )
);

wpf_tool!(
    InvalidateLayout, ElementArgs => wpf::Relaid,
    descriptor(
        "invalidate_layout",
        "Lay out again",
        "Have an element measured, arranged and drawn again.",
        Kind::Act,
        &[Destructive],
        [("{}", "The main window"), (r#"{"elementId": "Button_5"}"#, "An element")],
    ),
    |args, asker| wpf::invalidate(asker, text(args.element_id.as_ref()))
);

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
enum Direction {
    Source,
    Target,
}

wpf_args!(UpdateArgs { property_name: Label, element_id: Option<ElementId>, direction: Option<Direction> });

wpf_tool!(
    ForceBindingUpdate, UpdateArgs => wpf::Updated,
    descriptor(
        "force_binding_update",
        "Update a binding",
        "Have a binding write its source (default) or its target now.",
        Kind::Act,
        &[Destructive],
        [(r#"{"propertyName": "Text", "elementId": "TextBox_3"}"#, "Its source"), (r#"{"propertyName": "Text", "elementId": "TextBox_3", "direction": "Target"}"#, "Its target")],
    ),
    |args, asker| wpf::update(
        asker,
        text(args.element_id.as_ref()),
        &args.property_name.0,
        args.direction == Some(Direction::Target),
    )
);

wpf_tool!(
    MeasureElementRenderTime, ElementArgs => wpf::RenderTime,
    descriptor(
        "measure_element_render_time",
        "Time of drawing",
        "How long drawing and laying out an element takes on its thread, of five times.",
        Kind::Act,
        &[Destructive, SensitiveReads],
        [("{}", "The main window"), (r#"{"elementId": "Button_5"}"#, "An element")],
    ),
    |args, asker| wpf::render_time(asker, text(args.element_id.as_ref()))
);

wpf_args!(SetArgs { property_name: Label, value: Value, element_id: Option<ElementId> });

wpf_tool!(
    SetDpValue, SetArgs => wpf::Written,
    descriptor(
        "set_dp_value",
        "Set a property",
        "Set the local value of a dependency property, as XAML writes it. A binding there is kept: clear_dp_value brings it back.",
        Kind::Write,
        &[Destructive, SensitiveReads],
        [(r#"{"propertyName": "Text", "value": "Grace", "elementId": "TextBox_3"}"#, "A text"), (r#"{"propertyName": "Opacity", "value": 0.5, "elementId": "Button_5"}"#, "A number")],
    ),
    |args, asker| wpf::set(asker, text(args.element_id.as_ref()), &args.property_name.0, &args.value)
);

wpf_args!(ClearArgs { property_name: Label, element_id: Option<ElementId> });

wpf_tool!(
    ClearDpValue, ClearArgs => wpf::Cleared,
    descriptor(
        "clear_dp_value",
        "Clear a property",
        "Clear the local value of a dependency property; a binding that set_dp_value replaced comes back.",
        Kind::Write,
        &[Destructive, SensitiveReads],
        [(r#"{"propertyName": "Text", "elementId": "TextBox_3"}"#, "A text"), (r#"{"propertyName": "Opacity", "elementId": "Button_5"}"#, "A number")],
    ),
    |args, asker| wpf::clear(asker, text(args.element_id.as_ref()), &args.property_name.0)
);

wpf_args!(OverrideArgs { property_name: Label, value: Value, element_id: ElementId });

wpf_tool!(
    OverrideStyleSetter, OverrideArgs => wpf::Written,
    descriptor(
        "override_style_setter",
        "Override a style",
        "Set a property over what the style says; clear_dp_value takes it back.",
        Kind::Write,
        &[Destructive, SensitiveReads],
        [(r#"{"propertyName": "Background", "value": "Red", "elementId": "Button_5"}"#, "A brush"), (r#"{"propertyName": "Opacity", "value": 1, "elementId": "Button_5"}"#, "A number")],
    ),
    |args, asker| wpf::set(asker, Some(&args.element_id.0), &args.property_name.0, &args.value)
);

wpf_tool!(
    ModifyViewmodel, SetArgs => wpf::Modified,
    descriptor(
        "modify_viewmodel",
        "Set a view model's property",
        "Set a property of an element's data context. Names that say that they are secret are refused.",
        Kind::Write,
        &[Destructive, Viewmodel],
        [(r#"{"propertyName": "Name", "value": "Grace"}"#, "Of the window's"), (r#"{"propertyName": "City", "value": "Paris", "elementId": "TextBox_3"}"#, "Of an element's")],
    ),
    |args, asker| wpf::modify(asker, text(args.element_id.as_ref()), &args.property_name.0, &args.value)
);

wpf_args!(CommandArgs { command_name: Label, element_id: Option<ElementId>, parameter: Option<Text<8_192>> });

wpf_tool!(
    ExecuteCommand, CommandArgs => wpf::Executed,
    descriptor(
        "execute_command",
        "Execute a command",
        "Execute a command of an element's data context, when CanExecute allows it.",
        Kind::Write,
        &[Destructive, Viewmodel],
        [(r#"{"commandName": "SaveCommand"}"#, "Save"), (r#"{"commandName": "SaveCommand", "parameter": "all"}"#, "With a parameter")],
    ),
    |args, asker| wpf::execute(
        asker,
        text(args.element_id.as_ref()),
        &args.command_name.0,
        text(args.parameter.as_ref()),
    )
);

wpf_tool!(
    WatchDpChanges, ClearArgs => wpf::Watching,
    descriptor(
        "watch_dp_changes",
        "Watch a property",
        "Listen to changes of a dependency property for half an hour; drain_events tells them.",
        Kind::Read,
        &[SensitiveReads],
        [(r#"{"propertyName": "Text", "elementId": "TextBox_3"}"#, "A text"), (r#"{"propertyName": "Title"}"#, "The window's title")],
    ),
    |args, asker| wpf::watch(asker, text(args.element_id.as_ref()), &args.property_name.0)
);

/// Milliseconds that a wait takes where nothing is said.
const WAIT_MS: u32 = 5_000;

wpf_args!(WaitArgs {
    property_name: Label,
    element_id: Option<ElementId>,
    /// Default 5000
    timeout_ms: Option<Int<1, 25_000>>,
    /// Taken and not needed: changes are pushed
    poll_interval_ms: Option<Int<50, 5_000>>,
    expected_value: Option<Value>,
});

struct WaitForDpChange;

impl Answers for WaitForDpChange {
    type Args = WaitArgs;
    type Answer = wpf::DpWaited;

    const DESCRIPTOR: Descriptor = Descriptor {
        lane: Lane::Long,
        deadline: Duration::from_secs(7),
        ..descriptor(
            "wait_for_dp_change",
            "Wait for a property",
            "Wait until a dependency property changes, or comes to a value.",
            Kind::Read,
            &[SensitiveReads],
            [
                (r#"{"propertyName": "Text", "expectedValue": "Ada", "elementId": "TextBox_3"}"#, "Until it is Ada"),
                (r#"{"propertyName": "Title", "timeoutMs": 1}"#, "Whether it changes at once"),
            ],
        )
    };

    fn lasts(args: &WaitArgs) -> Option<Duration> {
        Some(wait_of(args) + Duration::from_secs(2))
    }

    fn answer(args: WaitArgs, asker: &Asker<'_>) -> Result<wpf::DpWaited, Fault> {
        let wait = wait_of(&args);
        let _ = args.poll_interval_ms;
        let ask = wpf::WaitAsk {
            element: args.element_id.map(|id| id.0),
            property: args.property_name.0,
            expected: args.expected_value,
            wait,
        };
        wpf::wait_for(asker, &ask, || Ok(())).map(|(answer, ())| answer)
    }
}

fn wait_of(args: &WaitArgs) -> Duration {
    Duration::from_millis(number(args.timeout_ms, WAIT_MS).into())
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Mode {
    #[default]
    Capture,
    Start,
    Get,
}

wpf_args!(TraceArgs {
    /// Not for get
    event_name: Option<Label>,
    element_id: Option<ElementId>,
    /// ms, default 5000
    duration_ms: Option<Int<0, 60_000>>,
    mode: Option<Mode>,
    allow_short_start_duration: Option<bool>,
    max_events: Option<Int<1, 1_000>>,
});

struct TraceRoutedEvents;

impl Answers for TraceRoutedEvents {
    type Args = TraceArgs;
    type Answer = wpf::Traced;

    const DESCRIPTOR: Descriptor = Descriptor {
        lane: Lane::Long,
        deadline: Duration::from_secs(7),
        ..descriptor(
            "trace_routed_events",
            "Trace routed events",
            "Listen to a routed event on an element and its window: capture waits and tells, start goes on, get tells what came since.",
            Kind::Read,
            &[SensitiveReads],
            [
                (r#"{"eventName": "Click", "durationMs": 0}"#, "What comes at once"),
                (r#"{"eventName": "Click", "mode": "start"}"#, "Begin, to be read with get"),
            ],
        )
    };

    fn lasts(args: &TraceArgs) -> Option<Duration> {
        Some(Duration::from_millis(number(args.duration_ms, WAIT_MS).into()) + Duration::from_secs(2))
    }

    fn answer(args: TraceArgs, asker: &Asker<'_>) -> Result<wpf::Traced, Fault> {
        let ask = wpf::TraceAsk {
            element: args.element_id.map(|id| id.0),
            event: args.event_name.map(|name| name.0),
            mode: match args.mode.unwrap_or_default() {
                Mode::Capture => wpf::TraceMode::Capture,
                Mode::Start => wpf::TraceMode::Start,
                Mode::Get => wpf::TraceMode::Get,
            },
            ms: number(args.duration_ms, WAIT_MS),
            short: args.allow_short_start_duration.unwrap_or(false),
            max: number(args.max_events, 500),
        };
        wpf::trace(asker, &ask)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
enum EventType {
    #[serde(rename = "all")]
    All,
    DpChange,
    RoutedEvent,
    BindingError,
    ValidationChange,
}

wpf_args!(DrainArgs {
    /// Default 50
    max_events: Option<Int<1, 1_000>>,
    event_types: Option<List<EventType, 5>>,
    element_id: Option<ElementId>,
});

struct DrainEvents;

impl Answers for DrainEvents {
    type Args = DrainArgs;
    type Answer = wpf::Drained;

    const DESCRIPTOR: Descriptor = Descriptor {
        annotations: Annotations { idempotent: false, ..Annotations::READS },
        ..descriptor(
            "drain_events",
            "What happened",
            "What was watched or traced since the last drain. Watches go on.",
            Kind::Read,
            &[Destructive, SensitiveReads],
            [("{}", "All"), (r#"{"eventTypes": ["DpChange"], "maxEvents": 5}"#, "Five changes")],
        )
    };

    fn answer(args: DrainArgs, asker: &Asker<'_>) -> Result<wpf::Drained, Fault> {
        let types = args.event_types.map(|list| list.0).unwrap_or_default();
        let kinds = types.iter().filter_map(|kind| match kind {
            EventType::All => None,
            EventType::DpChange => Some(wpf::DrainKind::DpChange),
            EventType::RoutedEvent => Some(wpf::DrainKind::RoutedEvent),
            EventType::BindingError => Some(wpf::DrainKind::BindingError),
            EventType::ValidationChange => Some(wpf::DrainKind::ValidationChange),
        });
        let kinds = if types.contains(&EventType::All) { Vec::new() } else { kinds.collect() };
        let max = args.max_events.map(|max| number(Some(max), 0));
        wpf::drain(asker, &wpf::DrainAsk { max, kinds, element: args.element_id.map(|id| id.0) })
    }
}
