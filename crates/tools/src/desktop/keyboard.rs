//! `Type` and `Shortcut`: text and chords to the control that is meant, read back where that is allowed. The typed text
//! stands in no answer of the call that typed it.

use crate::args::{Int, Text};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::desktop::invoke::{action_effects, settle_target};
use crate::desktop::pointer::{click_into, input_target};
use crate::desktop::target::{Target, TargetArgs, resolve_window, target_arguments, text_of};
use crate::desktop::watch::{Observe, Watch};
use crate::tool::{AnyTool, Planned, Tool};
use crate::wpf::name_operated;
use portcullis_model::{
    Deadline, Effect, ElementIdentity, Fault, FaultCode, Outcome, Reply, Resource, Reversibility, Role, Tier, UiNode,
    WindowIdentity, nearest,
};
use portcullis_platform::{Chord, ControlAct, Key, LentClipboard, PortFault, Shown, Step};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// Characters of one call.
const TYPE_CAP: usize = 20_000;
/// Time that a call gets besides what its characters take.
const BASE_DEADLINE: Duration = Duration::from_secs(4);
/// Time for each character: a program on a busy machine takes some 200 a second on a long line.
const PER_CHARACTER: Duration = Duration::from_millis(8);
/// Characters of a field that are read back.
const READ_BACK_CAP: usize = 200_000;
/// The keys by which programs paste.
const PASTE_KEYS: &str = "ctrl+v";
/// How long a field may stay unchanged before the text is called lost.
const STILL_LIMIT: Duration = Duration::from_millis(600);

/// How long to wait for a program that holds the clipboard open.
const CLIPBOARD_WAIT: Duration = Duration::from_millis(500);
/// How long a text stays on the clipboard for a field that cannot be read back.
const PASTE_WAIT: Duration = Duration::from_millis(500);

/// What Shortcut may ever do, and Type but for the clipboard.
const KEYBOARD_EFFECTS: &[Effect] = &[
    Effect::SendInput,
    Effect::OperateControl,
    Effect::ArrangeWindows,
    Effect::OperateCommandHost,
    Effect::ReadWindows,
    Effect::ReadPixels,
];
/// What Type may ever do.
const TYPE_EFFECTS: &[Effect] = &[
    Effect::SendInput,
    Effect::OperateControl,
    Effect::OperateApplications,
    Effect::ArrangeWindows,
    Effect::OperateCommandHost,
    Effect::ReadWindows,
    Effect::ReadPixels,
    Effect::ReadClipboard,
    Effect::WriteClipboard,
];

/// The tools of this file.
pub(super) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<Shortcut>(), AnyTool::of::<Type>()]
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum TypeHow {
    #[default]
    Auto,
    Keys,
    Value,
    Paste,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Caret {
    #[default]
    Keep,
    Start,
    End,
}

target_arguments! {
    struct TypeArgs {
        text: Text<TYPE_CAP>,
        /// Replace what is there
        clear: Option<bool>,
        caret: Option<Caret>,
        /// Enter afterwards
        press_enter: Option<bool>,
        /// auto: keys, or the value when clearing. paste: tier 3
        how: Option<TypeHow>,
        observe: Option<Observe>,
    }
}

struct TypeBound {
    target: Option<Target>,
    window: WindowIdentity,
    text: String,
    clear: bool,
    caret: Caret,
    press_enter: bool,
    how: TypeHow,
    observe: Observe,
}

struct Type;

impl Tool for Type {
    type Args = TypeArgs;
    type Bound = TypeBound;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "Type",
        title: "Type text",
        description: "Type text into an element, or where the keyboard is: any Unicode, line ends as Enter. The field is read back to confirm; the answer does not repeat the text.",
        tier: Tier::Interact,
        effects: TYPE_EFFECTS,
        annotations: Annotations::ACTS,
        shape: Shape::View,
        lane: Lane::Input,
        deadline: BASE_DEADLINE,
        needs_administrator: false,
        gates: &[],
        answer_cap: 1_200_000,
        secret_arguments: &["text"],
        examples: [
            (r#"{"ref": "e7", "text": "Grüße 你好"}"#, "Type at the caret of an element"),
            (r#"{"name": "Search", "text": "rust", "clear": true, "press_enter": true}"#, "Fill a search field"),
        ],
    };

    fn shows(args: &TypeArgs) -> Option<&'static str> {
        Observe::shows(args.observe)
    }

    fn plan(args: TypeArgs, cx: &PlanContext<'_>) -> Result<Planned<TypeBound>, Fault> {
        cx.readers.require_active_session()?;
        if args.text.0.chars().any(|character| character.is_control() && !matches!(character, '\n' | '\r' | '\t')) {
            return Err(Fault::new(FaultCode::BadArgument, "`text` holds control characters")
                .field("text")
                .rule("text is characters, line ends and tabs")
                .remedy("use Shortcut for keys"));
        }
        if args.how == Some(TypeHow::Value) {
            let rule = "with how value the text takes the place of all that is there";
            let caret = match args.caret {
                None | Some(Caret::Keep) => None,
                Some(Caret::Start) => Some("start"),
                Some(Caret::End) => Some("end"),
            };
            if let Some(caret) = caret {
                return Err(Fault::bad_argument("caret", caret, rule, "leave out how, or the caret"));
            }
            if args.clear == Some(false) {
                return Err(Fault::bad_argument("clear", "false", rule, "leave out how, or clear"));
            }
        }
        let given: TargetArgs = args.target();
        let target = if given.is_empty() { None } else { Some(given.resolve(cx)?) };
        let window = match &target {
            Some(target) => target.window().cloned().ok_or_else(|| {
                Fault::new(FaultCode::NotFound, "no window is at the point").field("x,y").remedy("name an element")
            })?,
            None => resolve_window(given.window.as_deref(), cx)?,
        };
        let observe = args.observe.unwrap_or_default();
        let mut effects = action_effects(Effect::SendInput, observe);
        effects.extend([Effect::OperateControl, Effect::ArrangeWindows]);
        let count = u32::try_from(args.text.0.chars().count()).unwrap_or(u32::MAX);
        let mut resources = cx.readers.action_resources(&window)?;
        match &target {
            Some(target) => target.name_operated(false, &mut resources, &mut effects, cx)?,
            None => name_operated((None, Some(&window)), false, (&mut resources, &mut effects), cx)?,
        }
        let paste = args.how == Some(TypeHow::Paste);
        if paste {
            effects.extend([Effect::ReadClipboard, Effect::WriteClipboard]);
            resources.push(Resource::Clipboard);
        }
        // Line ends and tabs are keys unless they are pasted; what else is typed is characters and no key of its own.
        let typed = |characters: &[char]| !paste && args.text.0.contains(characters);
        let enters = args.press_enter == Some(true) || typed(&['\n', '\r']);
        for (pressed, key) in [(enters, "enter"), (typed(&['\t']), "tab"), (paste, PASTE_KEYS)] {
            if pressed {
                resources.push(Resource::Keys { chord: parse_chord("text", key)? });
            }
        }
        Ok(Planned {
            resources,
            effects,
            reversibility: Reversibility::Irreversible,
            state_digest: None,
            deadline: Some(BASE_DEADLINE + PER_CHARACTER.saturating_mul(count)),
            bound: TypeBound {
                target,
                window,
                text: args.text.0,
                clear: args.clear == Some(true),
                caret: args.caret.unwrap_or_default(),
                press_enter: args.press_enter == Some(true),
                how: args.how.unwrap_or_default(),
                observe,
            },
        })
    }

    fn apply(bound: TypeBound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let element = match &bound.target {
            Some(target) => Some(settle_target(target, permit, cx)?.0),
            None => cx.ports.tree.focused(permit, &bound.window, cx.deadline)?.map(|node| node.identity),
        };
        let node =
            element.as_ref().map(|element| cx.ports.tree.read_element(permit, element, cx.deadline)).transpose()?;
        if let Some(node) = &node {
            require_writable(node)?;
        }
        let watch =
            Watch::begin(permit, cx, Some(&bound.window), element.as_ref(), bound.observe, None).conceal(&bound.text);
        let secret = node.as_ref().is_some_and(|node| node.states.password);
        let before = if secret { None } else { element.as_ref().and_then(|element| field_text(element, permit, cx)) };
        let whole_value = node.as_ref().is_some_and(|node| matches!(node.role, Role::Edit | Role::ComboBox))
            && bound.clear
            && !bound.text.contains(['\n', '\r', '\t']);
        let by_value = bound.how == TypeHow::Value || (bound.how == TypeHow::Auto && whole_value);
        let (mut way, mut lent) = ("keys", None);
        if let (true, Some(element)) = (by_value, &element) {
            let set = ControlAct::SetValue(bound.text.clone());
            match cx.ports.tree.act(permit, element, &set, cx.deadline, cx.cancel) {
                Ok(_) => way = "value",
                Err(PortFault::NotOperable(_) | PortFault::Unsupported(_)) if bound.how == TypeHow::Auto => {
                    by_keys(&bound, Some(element), permit, cx)?;
                }
                Err(other) => return Err(other.into()),
            }
        } else if bound.how == TypeHow::Value {
            return Err(Fault::bad_argument("how", "value", "a value is set on an element", "name the element"));
        } else {
            lent = by_keys(&bound, element.as_ref(), permit, cx)?;
            way = if lent.is_some() { "the clipboard" } else { "keys" };
        }
        let mut outcome = judge(&bound, element.as_ref(), before.as_deref(), secret, way, permit, cx)?;
        if let Some(lent) = lent {
            outcome = given_back(lent, outcome, cx)?;
        }
        if bound.press_enter {
            let enter = Key::parse("enter").map(|key| Step::Chord(Chord(vec![key]), 1));
            send(&bound.window, enter.as_slice(), permit, cx)?;
        }
        watch.end_with(outcome)
    }
}

fn require_writable(node: &UiNode) -> Result<(), Fault> {
    if !node.states.enabled {
        return Err(PortFault::Disabled.into());
    }
    if node.states.read_only {
        return Err(Fault::new(FaultCode::NotOperable, "the field is read-only")
            .field("ref")
            .rule("text goes only where it is taken")
            .remedy("choose another field"));
    }
    Ok(())
}

/// The text of a field, where it can be read.
fn field_text(element: &ElementIdentity, permit: &Permit, cx: &ApplyContext<'_>) -> Option<String> {
    cx.ports.tree.text(permit, element, 0, READ_BACK_CAP, cx.deadline).ok().map(|read| read.text.raw().to_owned())
}

/// Puts back what was on the clipboard, once the field shows the text or has had the time to take it.
fn given_back(mut lent: Box<dyn LentClipboard>, outcome: Outcome, cx: &ApplyContext<'_>) -> Result<Outcome, Fault> {
    if !matches!(outcome, Outcome::Confirmed(_)) {
        cx.cancel.wait(PASTE_WAIT)?;
    }
    let told = match lent.put_back(Deadline::after(CLIPBOARD_WAIT)) {
        Ok(true) => return Ok(outcome),
        Ok(false) => "somebody else put something on the clipboard meanwhile, which stays".to_owned(),
        Err(fault) => {
            let why = format!("what was on the clipboard could not be put back: {}", Fault::from(fault).message);
            return Ok(Outcome::Unverified { why });
        }
    };
    Ok(match outcome {
        Outcome::Confirmed(mut evidence) => {
            evidence.lines.push(told);
            Outcome::Confirmed(evidence)
        }
        Outcome::Unverified { why } => Outcome::Unverified { why: format!("{why}; {told}") },
        Outcome::NoEffect { observed } => Outcome::NoEffect { observed: format!("{observed}; {told}") },
    })
}

/// Brings the window to the front, the keyboard to the element and the caret to its place, then types or pastes; all in one
/// turn, so that no other server comes in between. Pasting leaves the clipboard lent.
fn by_keys(
    bound: &TypeBound,
    element: Option<&ElementIdentity>,
    permit: &Permit,
    cx: &ApplyContext<'_>,
) -> Result<Option<Box<dyn LentClipboard>>, Fault> {
    let _turn = cx.ports.input.turn(cx.deadline, cx.cancel)?;
    bring_to_front(&bound.window, permit, cx)?;
    let mut steps = Vec::new();
    if let Some(element) = element {
        give_keyboard(element, permit, cx)?;
    }
    let place = match (bound.clear, bound.caret) {
        (true, _) => Some((ControlAct::SelectText { from: 0, to: usize::MAX }, "ctrl+a")),
        (false, Caret::Start) => Some((ControlAct::SelectText { from: 0, to: 0 }, "ctrl+home")),
        (false, Caret::End) => Some((ControlAct::SelectText { from: usize::MAX, to: usize::MAX }, "ctrl+end")),
        (false, Caret::Keep) => None,
    };
    if let Some((act, chord)) = place {
        let done = element.map(|element| cx.ports.tree.act(permit, element, &act, cx.deadline, cx.cancel));
        if !matches!(done, Some(Ok(_))) {
            steps.push(Step::Chord(parse_chord("text", chord)?, 1));
        }
    }
    let mut lent = None;
    if bound.clear && bound.text.is_empty() {
        steps.push(Step::Chord(parse_chord("text", "delete")?, 1));
    } else if bound.how == TypeHow::Paste {
        // Lines on the clipboard end as Windows ends them.
        let text = normal(&bound.text).replace('\n', "\r\n");
        lent = Some(cx.ports.clipboard.lend(permit, &text, cx.deadline.slice(CLIPBOARD_WAIT))?);
        steps.push(Step::Chord(parse_chord("text", PASTE_KEYS)?, 1));
    } else {
        steps.push(Step::Text(bound.text.clone()));
    }
    send(&bound.window, &steps, permit, cx)?;
    Ok(lent)
}

/// Gives the keyboard to the element, by its own interface or by a click into it, and makes sure that it has it: keys
/// that are sent to another field would be shown there.
fn give_keyboard(element: &ElementIdentity, permit: &Permit, cx: &ApplyContext<'_>) -> Result<(), Fault> {
    let has_it = || -> Result<bool, Fault> {
        let focused = cx.ports.tree.focused(permit, &element.window, cx.deadline)?;
        Ok(focused.is_some_and(|node| node.identity == *element))
    };
    match cx.ports.tree.act(permit, element, &ControlAct::Focus, cx.deadline, cx.cancel) {
        Ok(delivered) if matches!(delivered.shown, Shown::Yes | Shown::Already) => return Ok(()),
        Ok(_) | Err(PortFault::NotOperable(_) | PortFault::Unsupported(_)) => {}
        Err(other) => return Err(other.into()),
    }
    if has_it()? {
        return Ok(());
    }
    click_into(permit, element, cx)?;
    if has_it()? {
        return Ok(());
    }
    Err(Fault::new(FaultCode::NotOperable, "the element did not take the keyboard, so nothing was typed")
        .field("ref")
        .rule("text is sent only when the element that is meant has the keyboard")
        .remedy("name the field itself: an edit, a document or a combobox of Snapshot"))
}

fn bring_to_front(window: &WindowIdentity, permit: &Permit, cx: &ApplyContext<'_>) -> Result<(), Fault> {
    if cx.ports.windows.foreground().as_ref() == Some(window)
        || cx.ports.windows.focus(permit, window, cx.deadline, cx.cancel)?
    {
        return Ok(());
    }
    Err(Fault::new(FaultCode::NotOperable, "Windows did not let the window come to the front")
        .rule("the keyboard goes to the front window")
        .remedy("click into the window, or use Invoke with set_value"))
}

fn send(window: &WindowIdentity, steps: &[Step], permit: &Permit, cx: &ApplyContext<'_>) -> Result<(), Fault> {
    let target = input_target(window, cx)?;
    cx.ports.input.press(permit, &target, steps, cx.deadline, cx.cancel)?;
    Ok(())
}

/// Line ends as one character, so that what was typed and what a field holds can be compared.
fn normal(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Reads the field back until it holds the text, has stopped changing, or time is over.
fn judge(
    bound: &TypeBound,
    element: Option<&ElementIdentity>,
    before: Option<&str>,
    secret: bool,
    way: &str,
    permit: &Permit,
    cx: &ApplyContext<'_>,
) -> Result<Outcome, Fault> {
    let count = bound.text.chars().count();
    let what = format!("{count} characters by {way}");
    if secret {
        return Ok(Outcome::Unverified { why: format!("{what}; a password field is never read") });
    }
    let (Some(element), Some(before)) = (element, before) else {
        return Ok(Outcome::Unverified { why: format!("{what}; no field could be read back") });
    };
    let (wanted, was) = (normal(&bound.text), normal(before));
    let held_before = was.matches(&wanted).count();
    let mut pause = Duration::from_millis(2);
    let mut still = Duration::ZERO;
    let mut last = was.clone();
    loop {
        cx.cancel.wait(pause)?;
        let now = field_text(element, permit, cx).map(|text| normal(&text));
        let Some(now) = now else {
            return Ok(Outcome::Unverified { why: format!("{what}; the field can no longer be read") });
        };
        let held =
            if bound.clear { now == wanted } else { !wanted.is_empty() && now.matches(&wanted).count() > held_before };
        if held && now != was {
            return Ok(Outcome::confirmed(format!("{what}; the field holds them")));
        }
        still = if now == last { still + pause } else { Duration::ZERO };
        if still >= STILL_LIMIT || cx.deadline.passed() {
            return Ok(if now == was {
                Outcome::NoEffect { observed: format!("{what}; the field is as it was") }
            } else {
                Outcome::Unverified { why: format!("{what}; the field changed but does not hold exactly this text") }
            });
        }
        last = now;
        pause = (pause * 2).min(Duration::from_millis(40));
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ShortcutArgs {
    /// ctrl+s, alt+f4, win, ctrl++
    keys: Text<80>,
    /// Default 1
    times: Option<Int<1, 100>>,
    /// Window ref (default: front)
    window: Option<Text<24>>,
    observe: Option<Observe>,
}

struct ShortcutBound {
    chord: Chord,
    times: u16,
    window: WindowIdentity,
    observe: Observe,
}

fn parse_chord(field: &str, text: &str) -> Result<Chord, Fault> {
    Chord::parse(text).map_err(|part| {
        Fault::bad_argument(
            field,
            &part,
            "keys are joined by +, each a name (ctrl, shift, alt, win, enter, f5, page_up …) or one character",
            "write for example ctrl+shift+s; for text use Type",
        )
        .candidates(nearest(&part, Key::names()))
    })
}

struct Shortcut;

impl Tool for Shortcut {
    type Args = ShortcutArgs;
    type Bound = ShortcutBound;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "Shortcut",
        title: "Press keys",
        description: "Press a key or a chord in the front window, or in the one named. Answers with what changed.",
        tier: Tier::Interact,
        effects: KEYBOARD_EFFECTS,
        annotations: Annotations::ACTS,
        shape: Shape::View,
        lane: Lane::Input,
        deadline: Duration::from_secs(4),
        needs_administrator: false,
        gates: &[],
        answer_cap: 1_200_000,
        secret_arguments: &[],
        examples: [(r#"{"keys": "ctrl+s"}"#, "Save"), (r#"{"keys": "tab", "times": 3}"#, "Three fields on")],
    };

    fn shows(args: &ShortcutArgs) -> Option<&'static str> {
        Observe::shows(args.observe)
    }

    fn plan(args: ShortcutArgs, cx: &PlanContext<'_>) -> Result<Planned<ShortcutBound>, Fault> {
        cx.readers.require_active_session()?;
        let chord = parse_chord("keys", &args.keys.0)?;
        let window = resolve_window(text_of(&args.window), cx)?;
        let observe = args.observe.unwrap_or_default();
        let mut effects = action_effects(Effect::SendInput, observe);
        effects.push(Effect::ArrangeWindows);
        let mut resources = cx.readers.action_resources(&window)?;
        resources.push(Resource::Keys { chord: chord.clone() });
        Ok(Planned {
            resources,
            effects,
            reversibility: Reversibility::Irreversible,
            state_digest: None,
            deadline: None,
            bound: ShortcutBound {
                chord,
                times: args.times.and_then(|times| u16::try_from(times.get()).ok()).unwrap_or(1),
                window,
                observe,
            },
        })
    }

    fn apply(bound: ShortcutBound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let turn = cx.ports.input.turn(cx.deadline, cx.cancel)?;
        bring_to_front(&bound.window, permit, cx)?;
        let watch = Watch::begin(permit, cx, Some(&bound.window), None, bound.observe, None);
        send(&bound.window, &[Step::Chord(bound.chord, bound.times)], permit, cx)?;
        drop(turn);
        watch.end("pressed", Shown::Unknown)
    }
}
