//! `WaitFor`: waiting for a state of the desktop, by looking as seldom as the state allows and no longer than asked.

use crate::args::{Seconds, Text};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::desktop::snapshot::{header, refs};
use crate::desktop::target::{
    Nth, Reach, WINDOW_SLICE, describe, parse_role, read_scene, resolve_ref, resolve_window, text_of,
};
use crate::tool::{AnyTool, Planned, Tool};
use portcullis_model::{Effect, ElementIdentity, Fault, FaultCode, Reply, Resource, Tier, WindowIdentity};
use portcullis_observe::{Line, Scene, Selector, Style, find, summary};
use portcullis_platform::PortFault;
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::{Duration, Instant};

/// Seconds that may be waited.
const WAIT_CAP_SECONDS: u32 = 120;
/// Seconds when nothing is said.
const DEFAULT_WAIT: Duration = Duration::from_secs(10);
/// The first pause between two looks; each further one is half as long again.
const FIRST_PAUSE: Duration = Duration::from_millis(30);
/// The longest pause between two looks.
const LAST_PAUSE: Duration = Duration::from_millis(250);
/// Windows of one name that one look reads.
const NAMED_WINDOWS: usize = 8;
/// Time on top of the wait for the call itself.
const MARGIN: Duration = Duration::from_secs(3);

/// The tools of this file.
pub(super) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<WaitFor>()]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Condition {
    TextExists,
    TextGone,
    ElementExists,
    ElementGone,
    ElementEnabled,
    FocusedElement,
    ActiveWindow,
    WindowExists,
    WindowGone,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WaitForArgs {
    condition: Condition,
    /// For text_*
    text: Option<Text<2_000>>,
    /// Title part of the windows meant
    window_name: Option<Text<500>>,
    #[serde(rename = "ref")]
    element: Option<Text<24>>,
    /// Window ref to look in (default: front)
    window: Option<Text<24>>,
    name: Option<Text<500>>,
    role: Option<Text<40>>,
    automation_id: Option<Text<200>>,
    nth: Option<Nth>,
    /// Default 10
    timeout: Option<Seconds<WAIT_CAP_SECONDS>>,
}

enum Sought {
    Text(String),
    Described(Selector),
    Element(ElementIdentity),
    Titled(String),
}

/// In which windows a text or a description is looked for.
enum Place {
    /// In the one that is in front at each look.
    Front,
    Window(WindowIdentity),
    /// In all whose title holds this, at each look.
    Titled(String),
}

struct Bound {
    condition: Condition,
    sought: Sought,
    place: Place,
    limit: Duration,
}

struct WaitFor;

impl Tool for WaitFor {
    type Args = WaitForArgs;
    type Bound = Bound;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "WaitFor",
        title: "Wait for a state",
        description: "Wait until a text, an element or a window is there, gone, enabled, focused or in front, and say what it is. Fails after timeout with what was there instead.",
        tier: Tier::Observe,
        effects: &[Effect::ReadWindows, Effect::Wait],
        annotations: Annotations::READS,
        shape: Shape::View,
        lane: Lane::Long,
        deadline: Duration::from_secs(123),
        needs_administrator: false,
        gates: &[],
        answer_cap: 4_000,
        secret_arguments: &[],
        examples: [
            (r#"{"condition": "window_exists", "window_name": "Save As"}"#, "Until a dialog is there"),
            (r#"{"condition": "element_enabled", "ref": "e9", "timeout": 30}"#, "Until a button can be pressed"),
        ],
    };

    fn plan(args: WaitForArgs, cx: &PlanContext<'_>) -> Result<Planned<Bound>, Fault> {
        cx.readers.require_active_session()?;
        let sought = sought(&args, cx)?;
        let place = place(&args, &sought, cx)?;
        let resource = match &place {
            Place::Window(window) => cx.readers.window_resource(window)?,
            Place::Front | Place::Titled(_) => Resource::Desktop,
        };
        let limit = args.timeout.map_or(DEFAULT_WAIT, Seconds::span);
        Ok(Planned {
            effects: vec![Effect::ReadWindows, Effect::Wait],
            deadline: Some(limit + MARGIN),
            ..Planned::disclosure(
                Effect::ReadWindows,
                resource,
                Bound { condition: args.condition, sought, place, limit },
            )
        })
    }

    fn apply(bound: Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let started = Instant::now();
        let limit = cx.left_of("timeout", bound.limit)?;
        let mut pause = FIRST_PAUSE;
        loop {
            let look = look(&bound, permit, cx)?;
            let waited = started.elapsed();
            match look {
                Look::Holds(what) => return Ok(Reply::text(format!("after {:.1} s: {what}", waited.as_secs_f64()))),
                Look::NotYet(instead) if waited >= limit => {
                    return Err(Fault::new(FaultCode::TimedOut, "the state did not come about in time")
                        .field("timeout")
                        .value(format!("{} s", bound.limit.as_secs_f64()))
                        .rule(instead)
                        .remedy("look with Snapshot; allow more time, or wait for something else"));
                }
                Look::NotYet(_) => {}
            }
            cx.cancel.wait(pause.min(limit.saturating_sub(waited).max(Duration::from_millis(1))))?;
            pause = (pause * 3 / 2).min(LAST_PAUSE);
        }
    }
}

/// What a condition needs, and nothing else.
fn sought(args: &WaitForArgs, cx: &PlanContext<'_>) -> Result<Sought, Fault> {
    let need = |field: &str, what: &str| {
        Fault::bad_argument(field, "nothing", &format!("this condition needs {what}"), "give it")
    };
    match args.condition {
        Condition::TextExists | Condition::TextGone => {
            let text = text_of(&args.text).filter(|text| !text.is_empty()).ok_or_else(|| need("text", "`text`"))?;
            Ok(Sought::Text(text.to_owned()))
        }
        Condition::ActiveWindow | Condition::WindowExists | Condition::WindowGone => {
            match (text_of(&args.window_name), text_of(&args.element)) {
                (Some(title), None) => Ok(Sought::Titled(title.to_owned())),
                (None, Some(text)) => {
                    Ok(Sought::Element(ElementIdentity::of_window(resolve_ref("ref", text, cx)?.window)))
                }
                _ => Err(need("window_name", "`window_name` or `ref`, one of them")),
            }
        }
        Condition::ElementExists | Condition::ElementGone | Condition::ElementEnabled | Condition::FocusedElement => {
            let selector = Selector {
                role: text_of(&args.role).map(parse_role).transpose()?,
                name: text_of(&args.name).map(str::to_owned),
                automation_id: text_of(&args.automation_id).map(str::to_owned),
                nth: args.nth.map(crate::args::Int::size),
            };
            let described = selector.role.is_some() || selector.name.is_some() || selector.automation_id.is_some();
            match (text_of(&args.element), described) {
                (Some(text), false) => Ok(Sought::Element(resolve_ref("ref", text, cx)?)),
                (None, true) => Ok(Sought::Described(selector)),
                _ => Err(need("ref", "`ref`, or one of `name`, `role` and `automation_id`")),
            }
        }
    }
}

/// Where a condition is looked for. A ref says so itself.
fn place(args: &WaitForArgs, sought: &Sought, cx: &PlanContext<'_>) -> Result<Place, Fault> {
    let one = |value: &str, rule: &str| Fault::bad_argument("window_name", value, rule, "leave one of them out");
    match (sought, text_of(&args.window), text_of(&args.window_name)) {
        (Sought::Element(_), _, Some(title)) => Err(one(title, "a ref says which window it lies in")),
        (Sought::Element(element), ..) => Ok(Place::Window(element.window.clone())),
        (Sought::Text(_) | Sought::Described(_), Some(_), Some(title)) => {
            Err(one(title, "the window to look in is named by its ref or by its title"))
        }
        (_, Some(text), _) => Ok(Place::Window(resolve_window(Some(text), cx)?)),
        (Sought::Text(_) | Sought::Described(_), None, Some(title)) => Ok(Place::Titled(title.to_owned())),
        (_, None, _) => Ok(Place::Front),
    }
}

enum Look {
    Holds(String),
    NotYet(String),
}

fn look(bound: &Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Look, Fault> {
    match &bound.sought {
        Sought::Titled(title) => look_at_windows(bound.condition, title, permit, cx),
        Sought::Element(element) => look_at_element(bound.condition, element, permit, cx),
        Sought::Text(_) | Sought::Described(_) => match &bound.place {
            Place::Window(window) => look_in(bound, window, permit, cx),
            Place::Front => match cx.ports.windows.foreground() {
                Some(window) => look_in(bound, &window, permit, cx),
                None => Ok(absent(bound.condition, "no window is in front")),
            },
            Place::Titled(title) => look_in_titled(bound, title, permit, cx),
        },
    }
}

/// Looks in one window for what stands in it.
fn look_in(bound: &Bound, window: &WindowIdentity, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Look, Fault> {
    let time = cx.deadline.slice(WINDOW_SLICE);
    let scene = match read_scene(permit, window, Reach::Watch, cx) {
        Ok(scene) => scene,
        Err(fault) if fault.code == FaultCode::StaleRef => {
            return Ok(absent(bound.condition, "the window is gone"));
        }
        Err(fault) if fault.code == FaultCode::HungTarget => return Ok(Look::NotYet(fault.message)),
        Err(fault) => return Err(fault),
    };
    let seen = match &bound.sought {
        Sought::Text(text) => look_for_text(bound.condition, text, &scene, cx),
        Sought::Described(selector) => look_for_described(bound.condition, selector, &scene, cx),
        Sought::Element(_) | Sought::Titled(_) => Look::NotYet(String::new()),
    };
    Ok(as_far_as_read(bound.condition, seen, &scene, time.passed()))
}

/// Looks in the windows of a name: what is to be there is in one of them, what is to be gone in none.
fn look_in_titled(bound: &Bound, title: &str, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Look, Fault> {
    let wanted = title.to_lowercase();
    let all = cx.ports.windows.list(permit)?;
    let mut named = all.iter().filter(|info| info.title.raw().to_lowercase().contains(&wanted));
    let mut looks = Vec::new();
    for info in named.by_ref().take(NAMED_WINDOWS) {
        looks.push(look_in(bound, &info.identity, permit, cx)?);
    }
    Ok(together(bound.condition, looks, named.count()))
}

/// What looks into several windows come to, where so many more were not looked into.
fn together(condition: Condition, looks: Vec<Look>, more: usize) -> Look {
    let wants_absence = matches!(condition, Condition::TextGone | Condition::ElementGone);
    let (mut holds, mut not_yet) = (None, None);
    for look in looks {
        match look {
            Look::Holds(what) => holds = holds.or(Some(what)),
            Look::NotYet(what) => not_yet = not_yet.or(Some(what)),
        }
    }
    let over = || Look::NotYet(format!("{more} more windows have this in their title; give a longer part of it"));
    match (wants_absence, holds, not_yet) {
        (false, Some(what), _) => Look::Holds(what),
        (_, _, Some(what)) => Look::NotYet(what),
        (true, _, None) if more > 0 => over(),
        (true, Some(what), None) => Look::Holds(what),
        (_, None, None) => absent(condition, "no window has this in its title"),
    }
}

/// What was not read may still be there. A reading that ran out of time shows no absence; one that ended at a cap shows it
/// for what the cap let in, and says so.
fn as_far_as_read(condition: Condition, seen: Look, scene: &Scene, out_of_time: bool) -> Look {
    match (condition, seen) {
        (Condition::TextGone | Condition::ElementGone, Look::Holds(what)) if scene.partial => {
            if out_of_time {
                Look::NotYet("the window could not be read to its end in time".to_owned())
            } else {
                Look::Holds(format!("{what}, as far as it was read: {} elements", scene.lines.len()))
            }
        }
        (_, seen) => seen,
    }
}

/// Nothing is there: what that means for a condition.
fn absent(condition: Condition, why: &str) -> Look {
    match condition {
        Condition::TextGone | Condition::ElementGone | Condition::WindowGone => Look::Holds(why.to_owned()),
        _ => Look::NotYet(why.to_owned()),
    }
}

fn present(condition: Condition, what: String) -> Look {
    match condition {
        Condition::TextGone | Condition::ElementGone | Condition::WindowGone => {
            Look::NotYet(format!("still there: {what}"))
        }
        _ => Look::Holds(what),
    }
}

fn told(line: &Line, cx: &ApplyContext<'_>) -> String {
    summary(line, &mut refs(cx), Style::default())
}

fn look_for_text(condition: Condition, text: &str, scene: &Scene, cx: &ApplyContext<'_>) -> Look {
    let wanted = text.to_lowercase();
    let holds = |line: &&Line| {
        line.name.raw().to_lowercase().contains(&wanted)
            || line.value.as_ref().is_some_and(|value| value.raw().to_lowercase().contains(&wanted))
    };
    match scene.lines.iter().find(holds) {
        Some(line) => present(condition, told(line, cx)),
        None => absent(condition, "no element of the window holds the text"),
    }
}

fn look_for_described(condition: Condition, selector: &Selector, scene: &Scene, cx: &ApplyContext<'_>) -> Look {
    let found = find(scene, selector);
    let fits = |line: &&&Line| match condition {
        Condition::ElementEnabled => line.states.enabled,
        Condition::FocusedElement => line.states.focused,
        _ => true,
    };
    match (found.iter().find(fits), found.first()) {
        (Some(line), _) => present(condition, told(line, cx)),
        (None, Some(other)) => Look::NotYet(format!("there is {}", told(other, cx))),
        (None, None) => absent(condition, &format!("nothing fits {}", describe(selector))),
    }
}

fn look_at_element(
    condition: Condition,
    element: &ElementIdentity,
    permit: &Permit,
    cx: &ApplyContext<'_>,
) -> Result<Look, Fault> {
    if condition == Condition::ActiveWindow {
        let front = cx.ports.windows.foreground().as_ref() == Some(&element.window);
        return Ok(if front {
            Look::Holds("the window is in front".to_owned())
        } else {
            Look::NotYet("another window is in front".to_owned())
        });
    }
    match cx.ports.tree.read_element(permit, element, cx.deadline) {
        Ok(node) => {
            let line = Line::of_node(&node);
            let holds = match condition {
                Condition::ElementEnabled => node.states.enabled,
                Condition::FocusedElement => node.states.focused,
                _ => true,
            };
            Ok(if holds { present(condition, told(&line, cx)) } else { Look::NotYet(told(&line, cx)) })
        }
        Err(PortFault::Gone) => Ok(absent(condition, "the element is gone")),
        Err(PortFault::Hung) => Ok(Look::NotYet("the window does not answer".to_owned())),
        Err(other) => Err(other.into()),
    }
}

fn look_at_windows(condition: Condition, title: &str, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Look, Fault> {
    let wanted = title.to_lowercase();
    let all = cx.ports.windows.list(permit)?;
    let fits = |info: &&portcullis_platform::WindowInfo| {
        info.title.raw().to_lowercase().contains(&wanted) && (condition != Condition::ActiveWindow || info.foreground)
    };
    Ok(match all.iter().find(fits) {
        Some(info) => present(condition, header(info, &all).line(&mut refs(cx))),
        None => absent(condition, "no such window"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_observe::Counts;

    /// (what is waited for, whether the reading was cut, whether it ran out of time), and what comes of an absence.
    #[test]
    fn an_absence_is_told_as_far_as_the_window_was_read() {
        let whole = "gone";
        let cut = "gone, as far as it was read: 0 elements";
        let late = "not yet: the window could not be read to its end in time";
        for (condition, is_cut, out_of_time, expected) in [
            (Condition::TextGone, false, false, whole),
            (Condition::TextGone, false, true, whole),
            (Condition::TextGone, true, false, cut),
            (Condition::TextGone, true, true, late),
            (Condition::ElementGone, true, false, cut),
            (Condition::ElementGone, true, true, late),
            (Condition::WindowGone, true, true, whole),
            (Condition::TextExists, true, true, whole),
        ] {
            let (lines, readers) = (Vec::new(), Vec::new());
            let scene = Scene { lines, counts: Counts::default(), readers, cut: is_cut, partial: is_cut };
            let seen = as_far_as_read(condition, Look::Holds(whole.to_owned()), &scene, out_of_time);
            let said = match seen {
                Look::Holds(what) => what,
                Look::NotYet(what) => format!("not yet: {what}"),
            };
            assert_eq!(said, expected, "{condition:?}, cut {is_cut}, out of time {out_of_time}");
        }
    }

    /// What each window showed, how many more there were, and what comes of it.
    #[test]
    fn what_is_to_be_there_is_in_one_window_and_what_is_to_be_gone_in_none() {
        let none = "no window has this in its title";
        for (condition, windows, more, expected) in [
            (Condition::TextExists, "", 0, format!("not yet: {none}")),
            (Condition::TextGone, "", 0, none.to_owned()),
            (Condition::TextExists, "nh", 0, "1".to_owned()),
            (Condition::TextExists, "nn", 0, "not yet: 0".to_owned()),
            (Condition::ElementEnabled, "nh", 3, "1".to_owned()),
            (Condition::TextGone, "hn", 0, "not yet: 1".to_owned()),
            (Condition::ElementGone, "hh", 0, "0".to_owned()),
            (
                Condition::ElementGone,
                "hh",
                2,
                "not yet: 2 more windows have this in their title; give a longer part of it".to_owned(),
            ),
        ] {
            let look = |(at, kind): (usize, char)| match kind {
                'h' => Look::Holds(at.to_string()),
                _ => Look::NotYet(at.to_string()),
            };
            let said = match together(condition, windows.chars().enumerate().map(look).collect(), more) {
                Look::Holds(what) => what,
                Look::NotYet(what) => format!("not yet: {what}"),
            };
            assert_eq!(said, expected, "{condition:?} {windows} and {more}");
        }
    }
}
