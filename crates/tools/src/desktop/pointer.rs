//! `Click`, `Move`, `Drag` and `Scroll`. A control that can be operated through its own interface is; the pointer is used
//! where it must be, and the answer says so.

use crate::args::{Int, Seconds, Text};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::desktop::invoke::{CLICK_EFFECTS, action_effects, natural_act, role_of, settle_target};
use crate::desktop::snapshot::refs;
use crate::desktop::target::{
    Coordinate, Target, TargetArgs, is_window, place_of, resolve_point, resolve_ref, target_arguments, text_of,
};
use crate::desktop::watch::{Observe, Watch};
use crate::tool::{AnyTool, Planned, Tool};
use portcullis_model::{
    Effect, ElementIdentity, Fault, FaultCode, Outcome, Point, Rect, Reply, Resource, Reversibility, States, Tier,
    UiNode, WindowIdentity,
};
use portcullis_observe::{Line, Scene, Style, summary};
use portcullis_platform::{Bitmap, Button, Chord, Key, PointerAct, PortFault, Scroll as WheelTurn, Shown};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// How long a window in front may take to lie over the others, and how often that is looked at.
const RAISE_LIMIT: Duration = Duration::from_millis(500);
const RAISE_LOOK: Duration = Duration::from_millis(5);
/// What these tools may ever do.
const POINTER_EFFECTS: &[Effect] = &[
    Effect::SendInput,
    Effect::OperateControl,
    Effect::ArrangeWindows,
    Effect::OperateCommandHost,
    Effect::ReadWindows,
    Effect::ReadPixels,
];
/// How long a drag takes when nothing is said: long enough for programs that look for a drag to begin.
const DRAG_SPAN: Duration = Duration::from_millis(150);
/// The longest drag.
const DRAG_CAP_SECONDS: u32 = 10;
/// Pixels that must differ before a scroll is said to have moved something: more than a blinking caret.
const MOVED_PIXELS: usize = 64;
/// How far around a bare point the picture is compared when a scroll is judged.
const AROUND: i32 = 120;
/// How long a scroll without visible effect is watched before it is called so.
const SCROLL_WATCH: Duration = Duration::from_millis(300);
/// How long the pointer's place may take to be told as it is.
const POINTER_WATCH: Duration = Duration::from_millis(300);
/// The pause between two looks at it.
const POINTER_PAUSE: Duration = Duration::from_millis(3);

/// The tools of this file.
pub(super) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<Click>(), AnyTool::of::<Drag>(), AnyTool::of::<Move>(), AnyTool::of::<Scroll>()]
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ButtonArg {
    #[default]
    Left,
    Right,
    Middle,
}

impl From<ButtonArg> for Button {
    fn from(button: ButtonArg) -> Self {
        match button {
            ButtonArg::Left => Self::Left,
            ButtonArg::Right => Self::Right,
            ButtonArg::Middle => Self::Middle,
        }
    }
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ClickAction {
    #[default]
    Click,
    Double,
    Triple,
    Hover,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ClickHow {
    #[default]
    Auto,
    Control,
    Pointer,
}

/// Keys held during a pointer act, as `ctrl+shift`.
fn held_keys(held: Option<&str>) -> Result<Vec<Key>, Fault> {
    let Some(text) = held else { return Ok(Vec::new()) };
    let rule = "it is a chord of ctrl, shift, alt and win";
    let Chord(keys) =
        Chord::parse(text).map_err(|part| Fault::bad_argument("held", part, rule, "write ctrl, or ctrl+shift"))?;
    if keys.iter().all(|key| key.is_modifier()) {
        Ok(keys)
    } else {
        Err(Fault::bad_argument("held", text, rule, "use Shortcut for other keys"))
    }
}

/// Brings the window to the front unless the point shows it already. Answers whether it had to.
fn uncover(permit: &Permit, window: &WindowIdentity, point: Point, cx: &ApplyContext<'_>) -> Result<bool, Fault> {
    if cx.ports.windows.at(point).as_ref() == Some(window) {
        return Ok(false);
    }
    cx.ports.windows.focus(permit, window, cx.deadline, cx.cancel)?;
    // A window is in front before its program has put it over the others.
    let limit = cx.deadline.slice(RAISE_LIMIT);
    loop {
        if cx.ports.windows.at(point).as_ref() == Some(window) {
            return Ok(true);
        }
        if limit.passed() {
            break;
        }
        cx.cancel.wait(RAISE_LOOK)?;
    }
    Err(Fault::new(FaultCode::NotOperable, "another window covers the target, also after it was brought to the front")
        .rule("the pointer acts only on what is visible at the point")
        .remedy("move or close the covering window, or use Invoke"))
}

/// The window as the port checks it.
pub(super) fn input_target(window: &WindowIdentity, cx: &ApplyContext<'_>) -> Result<Resource, Fault> {
    Ok(Resource::InputTarget { window: window.clone(), program: cx.ports.windows.program(window)? })
}

/// Where the pointer has to go for an element, scrolled into view when it is not.
fn aim(permit: &Permit, element: &ElementIdentity, cx: &ApplyContext<'_>) -> Result<Point, Fault> {
    let visible = |rect: Rect| -> Result<Option<Point>, Fault> {
        let frame = cx.ports.windows.rect(&element.window)?;
        let displays = cx.ports.screen.displays()?;
        let shown = rect.intersect(frame);
        Ok(displays
            .iter()
            .map(|display| shown.intersect(display.bounds))
            .find(|part| !part.is_empty())
            .map(Rect::centre))
    };
    if let Some(point) = visible(place_of(permit, element, cx)?)? {
        return Ok(point);
    }
    let scroll = portcullis_platform::ControlAct::ScrollIntoView;
    match cx.ports.tree.act(permit, element, &scroll, cx.deadline, cx.cancel) {
        Ok(_) | Err(PortFault::NotOperable(_) | PortFault::Unsupported(_)) => {}
        Err(other) => return Err(other.into()),
    }
    visible(place_of(permit, element, cx)?)?.ok_or_else(|| {
        Fault::new(FaultCode::OffScreen, "the element is not visible and cannot be scrolled into view")
            .field("ref")
            .rule("the pointer acts only on what is visible")
            .remedy("scroll its container, restore or move its window, or use Invoke")
    })
}

/// One plain click into an element, its window brought to the front.
pub(super) fn click_into(permit: &Permit, element: &ElementIdentity, cx: &ApplyContext<'_>) -> Result<(), Fault> {
    let at = aim(permit, element, cx)?;
    uncover(permit, &element.window, at, cx)?;
    let act = PointerAct::Click { at, button: Button::Left, count: 1, held: Vec::new() };
    Ok(cx.ports.input.point(permit, &input_target(&element.window, cx)?, &act, cx.deadline, cx.cancel)?)
}

target_arguments! {
    struct ClickArgs {
        button: Option<ButtonArg>,
        action: Option<ClickAction>,
        /// Keys held, e.g. ctrl
        held: Option<Text<40>>,
        /// auto: the control's own interface first
        how: Option<ClickHow>,
        observe: Option<Observe>,
    }
}

struct ClickBound {
    target: Target,
    button: Button,
    action: ClickAction,
    held: Vec<Key>,
    how: ClickHow,
    observe: Observe,
}

struct Click;

impl Tool for Click {
    type Args = ClickArgs;
    type Bound = ClickBound;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "Click",
        title: "Click",
        description: "Click an element or a point. A plain click on a control uses its own interface; else the pointer moves, and the answer says so. Answers with what changed.",
        tier: Tier::Interact,
        effects: CLICK_EFFECTS,
        annotations: Annotations::ACTS,
        shape: Shape::View,
        lane: Lane::Input,
        deadline: Duration::from_secs(3),
        needs_administrator: false,
        gates: &[],
        answer_cap: 1_200_000,
        secret_arguments: &[],
        examples: [
            (r#"{"ref": "e12"}"#, "Click a button"),
            (r#"{"x": 200, "y": 340, "button": "right"}"#, "Open a context menu at a point"),
        ],
    };

    fn shows(args: &ClickArgs) -> Option<&'static str> {
        Observe::shows(args.observe)
    }

    fn plan(args: ClickArgs, cx: &PlanContext<'_>) -> Result<Planned<ClickBound>, Fault> {
        cx.readers.require_active_session()?;
        let target = args.target().resolve(cx)?;
        let observe = args.observe.unwrap_or_default();
        let mut effects = action_effects(Effect::SendInput, observe);
        effects.extend([Effect::OperateControl, Effect::ArrangeWindows]);
        let held = held_keys(text_of(&args.held))?;
        let mut resources = target.action_resources(cx)?;
        if !held.is_empty() {
            resources.push(Resource::Keys { chord: Chord(held.clone()) });
        }
        let by_control = args.how == Some(ClickHow::Control);
        target.name_operated(by_control, &mut resources, &mut effects, cx)?;
        Ok(Planned {
            resources,
            effects,
            reversibility: Reversibility::Irreversible,
            state_digest: None,
            deadline: None,
            bound: ClickBound {
                target,
                button: args.button.unwrap_or_default().into(),
                action: args.action.unwrap_or_default(),
                held,
                how: args.how.unwrap_or_default(),
                observe,
            },
        })
    }

    fn apply(bound: ClickBound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        if let Target::At(point, window) = &bound.target {
            let about = window
                .as_ref()
                .and_then(|window| cx.ports.tree.element_at(permit, window, *point, cx.deadline).ok())
                .map(|node| node.identity);
            let watch = Watch::begin(permit, cx, window.as_ref(), about.as_ref(), bound.observe, None);
            let target = match window {
                Some(window) => input_target(window, cx)?,
                None => Resource::DesktopBackground,
            };
            press(permit, &target, *point, &bound, cx)?;
            return watch.end(&said(&bound, *point, false), Shown::Unknown);
        }
        let (element, scene) = settle_target(&bound.target, permit, cx)?;
        let watch = Watch::begin(permit, cx, Some(&element.window), Some(&element), bound.observe, scene);
        let plain = bound.button == Button::Left && bound.action == ClickAction::Click && bound.held.is_empty();
        if plain && bound.how != ClickHow::Pointer && !is_window(&element) {
            match by_control(&element, &watch, permit, cx) {
                Ok(delivered) => return watch.end(&delivered.by, delivered.shown),
                Err(fault) if fault.code != FaultCode::NotOperable || bound.how == ClickHow::Control => {
                    return Err(fault);
                }
                Err(_) => {}
            }
        } else if bound.how == ClickHow::Control {
            return Err(Fault::bad_argument(
                "how",
                "control",
                "only a plain left click has a counterpart in the control's own interface",
                "leave `how` out",
            ));
        }
        let turn = cx.ports.input.turn(cx.deadline, cx.cancel)?;
        let point = aim(permit, &element, cx)?;
        let raised = uncover(permit, &element.window, point, cx)?;
        press(permit, &input_target(&element.window, cx)?, point, &bound, cx)?;
        drop(turn);
        watch.end(&said(&bound, point, raised), Shown::Unknown)
    }
}

fn by_control(
    element: &ElementIdentity,
    watch: &Watch<'_>,
    permit: &Permit,
    cx: &ApplyContext<'_>,
) -> Result<portcullis_platform::Delivered, Fault> {
    let act = natural_act(role_of(element, watch.before(), permit, cx)?)?;
    Ok(cx.ports.tree.act(permit, element, &act, cx.deadline, cx.cancel)?)
}

fn press(
    permit: &Permit,
    target: &Resource,
    at: Point,
    bound: &ClickBound,
    cx: &ApplyContext<'_>,
) -> Result<(), Fault> {
    let count = match bound.action {
        ClickAction::Hover => {
            let act = PointerAct::Move { to: at };
            return Ok(cx.ports.input.point(permit, target, &act, cx.deadline, cx.cancel)?);
        }
        ClickAction::Click => 1,
        ClickAction::Double => 2,
        ClickAction::Triple => 3,
    };
    let act = PointerAct::Click { at, button: bound.button, count, held: bound.held.clone() };
    Ok(cx.ports.input.point(permit, target, &act, cx.deadline, cx.cancel)?)
}

fn said(bound: &ClickBound, point: Point, raised: bool) -> String {
    let action = match bound.action {
        ClickAction::Click => "clicked",
        ClickAction::Double => "double-clicked",
        ClickAction::Triple => "triple-clicked",
        ClickAction::Hover => "hovered",
    };
    let front = if raised { ", after bringing the window to the front" } else { "" };
    format!("{action} at {point} with the pointer{front}")
}

target_arguments! {
    struct MoveArgs {
        /// Drag instead, from start_x,start_y or from here
        drag: Option<bool>,
        start_x: Option<Coordinate>,
        start_y: Option<Coordinate>,
        /// Of a drag
        duration: Option<Seconds<DRAG_CAP_SECONDS>>,
        observe: Option<Observe>,
    }
}

/// One way of the pointer, from a place to a place.
struct Way {
    from: Option<Target>,
    to: Target,
    button: Button,
    held: Vec<Key>,
    span: Duration,
    observe: Observe,
}

fn plan_way(way: Way, cx: &PlanContext<'_>) -> Result<Planned<Way>, Fault> {
    let mut resources = way.to.action_resources(cx)?;
    if let Some(from) = &way.from {
        resources.extend(from.action_resources(cx)?);
    }
    let mut effects = action_effects(Effect::SendInput, way.observe);
    effects.extend([Effect::OperateControl, Effect::ArrangeWindows]);
    Ok(Planned {
        resources,
        effects,
        reversibility: Reversibility::Irreversible,
        state_digest: None,
        deadline: Some(Duration::from_secs(3) + way.span),
        bound: way,
    })
}

/// Where the pointer is to act.
struct Spot {
    point: Point,
    window: Option<WindowIdentity>,
    /// Unless it is a bare point.
    element: Option<ElementIdentity>,
}

/// Where a target is, with its window in front.
fn place(target: &Target, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Spot, Fault> {
    if let Target::At(point, window) = target {
        return Ok(Spot { point: *point, window: window.clone(), element: None });
    }
    let (element, _) = settle_target(target, permit, cx)?;
    let point = aim(permit, &element, cx)?;
    uncover(permit, &element.window, point, cx)?;
    Ok(Spot { point, window: Some(element.window.clone()), element: Some(element) })
}

fn drag(way: &Way, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
    let turn = cx.ports.input.turn(cx.deadline, cx.cancel)?;
    let Spot { point: from, window, .. } = match &way.from {
        Some(from) => place(from, permit, cx)?,
        None => return Err(Fault::new(FaultCode::Internal, "a drag has a start")),
    };
    let (to, to_window) = match &way.to {
        Target::At(point, window) => (*point, window.clone()),
        other => {
            let (element, _) = settle_target(other, permit, cx)?;
            (aim(permit, &element, cx)?, Some(element.window))
        }
    };
    let target = match &window {
        Some(window) => input_target(window, cx)?,
        None => Resource::DesktopBackground,
    };
    // What a drag changes is mostly where it ends.
    let seen = to_window.or(window);
    let watch = Watch::begin(permit, cx, seen.as_ref(), None, way.observe, None);
    let act = PointerAct::Drag { from, to, button: way.button, held: way.held.clone(), span: way.span };
    cx.ports.input.point(permit, &target, &act, cx.deadline, cx.cancel)?;
    drop(turn);
    watch.end(&format!("dragged from {from} to {to} with the pointer"), Shown::Unknown)
}

struct Move;

impl Tool for Move {
    type Args = MoveArgs;
    type Bound = Way;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "Move",
        title: "Move the pointer",
        description: "Move the pointer to an element or a point, to hover; with drag, hold the left button on the way (see Drag).",
        tier: Tier::Interact,
        effects: POINTER_EFFECTS,
        annotations: Annotations::ACTS,
        shape: Shape::View,
        lane: Lane::Input,
        deadline: Duration::from_secs(3),
        needs_administrator: false,
        gates: &[],
        answer_cap: 1_200_000,
        secret_arguments: &[],
        examples: [(r#"{"ref": "e3"}"#, "Hover over an element"), (r#"{"x": 10, "y": 10}"#, "Go to a corner")],
    };

    fn shows(args: &MoveArgs) -> Option<&'static str> {
        Observe::shows(args.observe)
    }

    fn plan(args: MoveArgs, cx: &PlanContext<'_>) -> Result<Planned<Way>, Fault> {
        cx.readers.require_active_session()?;
        let to = args.target().resolve(cx)?;
        let start = args.start_x.is_some() || args.start_y.is_some();
        let drag = args.drag == Some(true);
        if (start || args.duration.is_some()) && !drag {
            return Err(Fault::bad_argument(
                "drag",
                "false",
                "start_x, start_y and duration belong to a drag",
                "set drag to true, or leave them out",
            ));
        }
        let from = if !drag {
            None
        } else if start {
            Some(resolve_point(args.start_x.map(Int::get), args.start_y.map(Int::get), ("start_x", "start_y"), cx)?)
        } else {
            let here = cx
                .readers
                .pointer()
                .ok_or_else(|| Fault::new(FaultCode::SystemError, "the pointer's place is not known"))?;
            Some(Target::At(here, cx.readers.window_at(here)))
        };
        let span = args.duration.map_or(DRAG_SPAN, Seconds::span);
        plan_way(
            Way { from, to, button: Button::Left, held: Vec::new(), span, observe: args.observe.unwrap_or_default() },
            cx,
        )
    }

    fn apply(way: Way, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        if way.from.is_some() {
            return drag(&way, permit, cx);
        }
        let turn = cx.ports.input.turn(cx.deadline, cx.cancel)?;
        let Spot { point: to, window, .. } = place(&way.to, permit, cx)?;
        let target = match &window {
            Some(window) => input_target(window, cx)?,
            None => Resource::DesktopBackground,
        };
        let watch = Watch::begin(permit, cx, window.as_ref(), None, way.observe, None);
        // As late as can be: whoever else moves the pointer may do so while the windows are looked at.
        let before = cx.ports.input.pointer();
        cx.ports.input.point(permit, &target, &PointerAct::Move { to }, cx.deadline, cx.cancel)?;
        let until = cx.deadline.slice(POINTER_WATCH);
        // Input is delivered by a thread of the system, and a question may overtake it.
        while cx.ports.input.pointer() != Some(to) && !until.passed() {
            cx.cancel.wait(POINTER_PAUSE)?;
        }
        let now = cx.ports.input.pointer();
        drop(turn);
        let outcome = match now {
            Some(now) if now == to && before == Some(to) => {
                Outcome::NoEffect { observed: format!("the pointer was at {to} already") }
            }
            Some(now) if now == to => Outcome::confirmed(match before {
                Some(before) => format!("the pointer is at {to}, was at {before}"),
                None => format!("the pointer is at {to}"),
            }),
            Some(now) => Outcome::Unverified { why: format!("the pointer is at {now}, not at {to}") },
            None => Outcome::Unverified { why: "the pointer's place cannot be read".to_owned() },
        };
        watch.end_with(outcome)
    }
}

target_arguments! {
    struct DragArgs {
        /// End: element
        to_ref: Option<Text<24>>,
        to_x: Option<Coordinate>,
        to_y: Option<Coordinate>,
        button: Option<ButtonArg>,
        /// Keys held, e.g. ctrl
        held: Option<Text<40>>,
        duration: Option<Seconds<DRAG_CAP_SECONDS>>,
        observe: Option<Observe>,
    }
}

struct Drag;

impl Tool for Drag {
    type Args = DragArgs;
    type Bound = Way;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "Drag",
        title: "Drag and drop",
        description: "Press at one element or point, move to another, release. Answers with what changed where it ended.",
        tier: Tier::Interact,
        effects: POINTER_EFFECTS,
        annotations: Annotations::ACTS,
        shape: Shape::View,
        lane: Lane::Input,
        deadline: Duration::from_secs(4),
        needs_administrator: false,
        gates: &[],
        answer_cap: 1_200_000,
        secret_arguments: &[],
        examples: [
            (r#"{"ref": "e5", "to_ref": "e9"}"#, "Drag one element onto another"),
            (r#"{"x": 50, "y": 60, "to_x": 300, "to_y": 60}"#, "Drag between points"),
        ],
    };

    fn shows(args: &DragArgs) -> Option<&'static str> {
        Observe::shows(args.observe)
    }

    fn plan(args: DragArgs, cx: &PlanContext<'_>) -> Result<Planned<Way>, Fault> {
        cx.readers.require_active_session()?;
        let from = args.target().resolve(cx)?;
        let by_point = args.to_x.is_some() || args.to_y.is_some();
        let to = match (text_of(&args.to_ref), by_point) {
            (Some(text), false) => Target::Element(resolve_ref("to_ref", text, cx)?),
            (None, true) => resolve_point(args.to_x.map(Int::get), args.to_y.map(Int::get), ("to_x", "to_y"), cx)?,
            (given, _) => {
                return Err(Fault::bad_argument(
                    "to_ref",
                    if given.is_some() { "two ends" } else { "nothing" },
                    "a drag ends at an element or at a point",
                    "give to_ref, or to_x and to_y",
                ));
            }
        };
        let way = Way {
            from: Some(from),
            to,
            button: args.button.unwrap_or_default().into(),
            held: held_keys(text_of(&args.held))?,
            span: args.duration.map_or(DRAG_SPAN, Seconds::span),
            observe: args.observe.unwrap_or_default(),
        };
        plan_way(way, cx)
    }

    fn apply(way: Way, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        drag(&way, permit, cx)
    }
}

target_arguments! {
    struct ScrollArgs {
        /// Wheel notches (not the 120 units); negative is down or left
        amount: Int<-50, 50>,
        horizontal: Option<bool>,
        observe: Option<Observe>,
    }
}

struct ScrollBound {
    target: Target,
    turn: WheelTurn,
    observe: Observe,
}

struct Scroll;

impl Tool for Scroll {
    type Args = ScrollArgs;
    type Bound = ScrollBound;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "Scroll",
        title: "Scroll",
        description: "Turn the wheel over an element or a point, or over the front window. Confirmed when the picture there moved.",
        tier: Tier::Interact,
        effects: POINTER_EFFECTS,
        annotations: Annotations { read_only: false, destructive: false, idempotent: false, open_world: false },
        shape: Shape::View,
        lane: Lane::Input,
        deadline: Duration::from_secs(3),
        needs_administrator: false,
        gates: &[],
        answer_cap: 1_200_000,
        secret_arguments: &[],
        examples: [
            (r#"{"amount": -3}"#, "Three notches down in the front window"),
            (r#"{"ref": "e8", "amount": 5, "horizontal": true}"#, "To the right over an element"),
        ],
    };

    fn shows(args: &ScrollArgs) -> Option<&'static str> {
        Observe::shows(args.observe)
    }

    fn plan(args: ScrollArgs, cx: &PlanContext<'_>) -> Result<Planned<ScrollBound>, Fault> {
        cx.readers.require_active_session()?;
        let given: TargetArgs = args.target();
        let target = if given.is_empty() {
            let window = super::target::resolve_window(given.window.as_deref(), cx)?;
            Target::Element(ElementIdentity::of_window(window))
        } else {
            given.resolve(cx)?
        };
        let notches = i32::try_from(args.amount.get()).unwrap_or(0);
        if notches == 0 {
            return Err(Fault::bad_argument("amount", 0, "it is not zero", "one notch is 1 or -1"));
        }
        let turn = if args.horizontal == Some(true) {
            WheelTurn { vertical: 0, horizontal: notches }
        } else {
            WheelTurn { vertical: notches, horizontal: 0 }
        };
        let observe = args.observe.unwrap_or_default();
        let mut effects = action_effects(Effect::SendInput, observe);
        effects.extend([Effect::OperateControl, Effect::ArrangeWindows]);
        if !effects.contains(&Effect::ReadPixels) {
            effects.push(Effect::ReadPixels);
        }
        Ok(Planned {
            resources: target.action_resources(cx)?,
            effects,
            reversibility: Reversibility::Compensable,
            state_digest: None,
            deadline: None,
            bound: ScrollBound { target, turn, observe },
        })
    }

    fn apply(bound: ScrollBound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let turn = cx.ports.input.turn(cx.deadline, cx.cancel)?;
        let spot = place(&bound.target, permit, cx)?;
        let at = spot.point;
        let Some(window) = spot.window else {
            return Err(Fault::new(FaultCode::NotFound, "no window is at the point")
                .field("x,y")
                .remedy("scroll over a window"));
        };
        let target = input_target(&window, cx)?;
        let over = spot
            .element
            .filter(|element| !is_window(element))
            .and_then(|element| cx.ports.tree.read_element(permit, &element, cx.deadline).ok());
        // What scrolls is small beside its window, where other things may move.
        let area = over.as_ref().map_or_else(|| around(at), |node| node.rect);
        let picture = |cx: &ApplyContext<'_>| cx.ports.screen.capture_window(permit, &window, cx.deadline).ok();
        let before = picture(cx);
        let watch = Watch::begin(permit, cx, Some(&window), None, bound.observe, None);
        let act = PointerAct::Wheel { at, scroll: bound.turn };
        cx.ports.input.point(permit, &target, &act, cx.deadline, cx.cancel)?;
        drop(turn);
        let mut pause = Duration::from_millis(4);
        let mut waited = Duration::ZERO;
        let moved = loop {
            cx.cancel.wait(pause)?;
            waited += pause;
            if has_moved(before.as_ref(), picture(cx).as_ref(), area) {
                break true;
            }
            if waited >= SCROLL_WATCH || cx.deadline.passed() {
                break false;
            }
            pause *= 2;
        };
        let how = match over {
            Some(node) => format!("turned the wheel at {at} over {}", named(&node, watch.before(), cx)),
            None => format!("turned the wheel at {at}"),
        };
        watch.end_with(match (moved, before) {
            (true, _) => Outcome::confirmed(format!("{how}; the picture there moved")),
            (false, Some(_)) => Outcome::NoEffect { observed: format!("{how}; the picture there stayed as it was") },
            (false, None) => Outcome::Unverified { why: format!("{how}; the window's picture cannot be taken") },
        })
    }
}

/// An element by ref, role and name; the name that its window gives it, when that was read.
fn named(node: &UiNode, scene: Option<&Scene>, cx: &ApplyContext<'_>) -> String {
    let known = scene.and_then(|scene| scene.lines.iter().find(|line| line.identity == node.identity));
    let line = known.map_or_else(|| Line::of_node(node), Line::clone);
    let plain = Line { value: None, states: States::default(), choices: Vec::new(), more_choices: 0, ..line };
    summary(&Line { more_rows: 0, hidden: None, ..plain }, &mut refs(cx), Style::default())
}

/// The surroundings of a point.
fn around(at: Point) -> Rect {
    Rect::new(
        at.x.saturating_sub(AROUND),
        at.y.saturating_sub(AROUND),
        at.x.saturating_add(AROUND),
        at.y.saturating_add(AROUND),
    )
}

/// Whether enough pixels differ in an area of the desktop.
fn has_moved(before: Option<&Bitmap>, after: Option<&Bitmap>, area: Rect) -> bool {
    let (Some(before), Some(after)) = (before, after) else { return false };
    if before.rect != after.rect {
        return true;
    }
    let part = area.intersect(before.rect);
    let offset = |from: i32, to: i32| usize::try_from(to.saturating_sub(from)).unwrap_or(0);
    let (top, left) = (offset(before.rect.top, part.top), offset(before.rect.left, part.left));
    let (rows, columns) = (offset(part.top, part.bottom), offset(part.left, part.right));
    let width = offset(before.rect.left, before.rect.right).max(1);
    let lines = before.rgb.chunks_exact(width * 3).zip(after.rgb.chunks_exact(width * 3));
    let differ: usize = lines
        .skip(top)
        .take(rows)
        .map(|(a, b)| {
            let pixels = a.chunks_exact(3).zip(b.chunks_exact(3));
            pixels.skip(left).take(columns).filter(|(a, b)| a != b).count()
        })
        .sum();
    differ > MOVED_PIXELS
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_platform::CaptureMethod;

    /// A picture of 100 x 100 with a block of that size in another colour at 50, 50.
    fn picture(width: usize, height: usize) -> Bitmap {
        let mut rgb = vec![0; 100 * 100 * 3];
        for pixel in (50..50 + height).flat_map(|y| (50..50 + width).map(move |x| y * 100 + x)) {
            rgb[pixel * 3] = 255;
        }
        Bitmap { rect: Rect::new(200, 300, 300, 400), rgb, method: CaptureMethod::Screen }
    }

    #[test]
    fn a_caret_is_no_scroll_and_what_lies_elsewhere_does_not_count() {
        let all = Rect::new(200, 300, 300, 400);
        let rows = [
            ((0, 0), all, false),
            ((2, 32), all, false),
            ((13, 5), all, true),
            ((40, 40), Rect::new(240, 340, 260, 360), true),
            ((40, 40), Rect::new(200, 300, 250, 350), false),
            ((40, 40), Rect::new(0, 0, 10, 10), false),
            ((40, 40), Rect::new(-50, -50, 5_000, 5_000), true),
        ];
        for ((width, height), area, moved) in rows {
            let (before, after) = (picture(0, 0), picture(width, height));
            assert_eq!(has_moved(Some(&before), Some(&after), area), moved, "{width} x {height} in {area}");
        }
        assert!(!has_moved(None, Some(&picture(40, 40)), all));
    }
}
