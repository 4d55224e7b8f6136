//! `FocusWindow` and `MinimizeAll`: which window is in front.

use crate::args::{Int, Text};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::desktop::snapshot::{header, refs};
use crate::desktop::target::{resolve_ref, text_of};
use crate::tool::{AnyTool, Planned, Tool};
use portcullis_model::{
    Effect, Fault, FaultCode, Outcome, Reply, Resource, Reversibility, Tier, WindowIdentity, nearest,
};
use portcullis_platform::{Placement, PortFault, ShowState, WindowInfo};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// The tools of this file.
pub(super) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<FocusWindow>(), AnyTool::of::<MinimizeAll>()]
}

/// A window handle as a number.
pub(super) type Handle = Int<1, 2_147_483_647>;

/// How a call names a window.
pub(super) enum Named {
    /// By its identity.
    Exactly(WindowIdentity),
    /// By its title, to be matched under the permit, and the argument that it came by.
    Titled(String, &'static str),
}

/// The one way of several that is given.
pub(super) fn named(
    element: Option<&str>,
    handle: Option<Handle>,
    title: Option<&str>,
    title_field: &'static str,
    cx: &PlanContext<'_>,
) -> Result<Named, Fault> {
    match (element, handle, title) {
        (Some(text), None, None) => resolve_ref("ref", text, cx).map(|element| Named::Exactly(element.window)),
        (None, Some(handle), None) => {
            let number = u64::try_from(handle.get()).unwrap_or(0);
            cx.readers.identify(number).map(Named::Exactly).ok_or_else(|| {
                Fault::new(FaultCode::NotFound, "no top-level window has this handle")
                    .field("handle")
                    .value(number)
                    .rule("a handle names a living top-level window")
                    .remedy("use a ref from Snapshot; refs never come to mean another window")
            })
        }
        (None, None, Some(title)) => Ok(Named::Titled(title.to_owned(), title_field)),
        (element, handle, title) => {
            let count = [element.is_some(), handle.is_some(), title.is_some()].iter().filter(|given| **given).count();
            Err(Fault::bad_argument(
                title_field,
                if count == 0 { "nothing" } else { "several ways at once" },
                &format!("a window is named by ref, by handle or by {title_field}"),
                "give exactly one",
            ))
        }
    }
}

/// The resource that naming a window this way touches.
pub(super) fn named_resource(named: &Named, cx: &PlanContext<'_>) -> Result<Resource, Fault> {
    match named {
        Named::Exactly(window) => cx.readers.window_resource(window),
        // A title is matched against all titles.
        Named::Titled(..) => Ok(Resource::Desktop),
    }
}

/// The one window that is meant: the whole title first, then a part of it, in any case of letters.
pub(super) fn settle(named: Named, permit: &Permit, cx: &ApplyContext<'_>) -> Result<WindowIdentity, Fault> {
    let (title, field) = match named {
        Named::Exactly(window) => return Ok(window),
        Named::Titled(title, field) => (title, field),
    };
    let all = cx.ports.windows.list(permit)?;
    let wanted = title.to_lowercase();
    let whole: Vec<&WindowInfo> = all.iter().filter(|info| info.title.raw().to_lowercase() == wanted).collect();
    let fitting = if whole.is_empty() {
        all.iter().filter(|info| info.title.raw().to_lowercase().contains(&wanted)).collect()
    } else {
        whole
    };
    match fitting.as_slice() {
        [only] => Ok(only.identity.clone()),
        [] => Err(Fault::new(FaultCode::NotFound, "no window has this title")
            .field(field)
            .value(&title)
            .rule("the title or a part of it, in any case of letters")
            .remedy("see Snapshot for the windows that there are")
            .candidates(nearest(&title, all.iter().map(|info| info.title.raw())))),
        several => {
            let mut table = refs(cx);
            let lines: Vec<String> = several.iter().map(|info| header(info, &all).line(&mut table)).collect();
            Err(Fault::new(FaultCode::Ambiguous, format!("{} windows have such a title", several.len()))
                .field(field)
                .value(&title)
                .rule("an action has one target")
                .remedy("use the ref of the one you mean")
                .candidates(lines))
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FocusWindowArgs {
    #[serde(rename = "ref")]
    element: Option<Text<24>>,
    /// Title or part of it
    title: Option<Text<500>>,
    handle: Option<Handle>,
}

struct FocusWindow;

impl Tool for FocusWindow {
    type Args = FocusWindowArgs;
    type Bound = Named;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "FocusWindow",
        title: "Bring a window to the front",
        description: "Bring a window to the front, restoring it when minimised. Confirmed when it is there.",
        tier: Tier::Interact,
        effects: &[Effect::ArrangeWindows, Effect::ReadWindows],
        annotations: Annotations::ARRANGES,
        shape: Shape::View,
        lane: Lane::Input,
        deadline: Duration::from_secs(3),
        needs_administrator: false,
        gates: &[],
        answer_cap: 2_000,
        secret_arguments: &[],
        examples: [(r#"{"title": "Notepad"}"#, "By a part of the title"), (r#"{"ref": "e4"}"#, "By ref")],
    };

    fn plan(args: FocusWindowArgs, cx: &PlanContext<'_>) -> Result<Planned<Named>, Fault> {
        cx.readers.require_active_session()?;
        let named = named(text_of(&args.element), args.handle, text_of(&args.title), "title", cx)?;
        arrange(named, cx)
    }

    fn apply(named: Named, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let window = settle(named, permit, cx)?;
        focus(&window, permit, cx)
    }
}

/// A plan that arranges a named window.
fn arrange(named: Named, cx: &PlanContext<'_>) -> Result<Planned<Named>, Fault> {
    Ok(Planned {
        resources: vec![named_resource(&named, cx)?],
        effects: vec![Effect::ArrangeWindows, Effect::ReadWindows],
        reversibility: Reversibility::Compensable,
        state_digest: None,
        deadline: None,
        bound: named,
    })
}

/// Brings a window to the front and says what came of it.
pub(super) fn focus(window: &WindowIdentity, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
    let was = cx.ports.windows.describe(permit, window)?;
    if was.foreground && was.show != ShowState::Minimised {
        return Ok(Reply::action(
            Outcome::NoEffect { observed: "the window was in front already".to_owned() },
            Vec::new(),
        ));
    }
    let came = cx.ports.windows.focus(permit, window, cx.deadline, cx.cancel)?;
    let info = cx.ports.windows.describe(permit, window)?;
    let line = header(&info, &[]).line(&mut refs(cx));
    Ok(Reply::action(
        if came {
            Outcome::confirmed(line)
        } else {
            Outcome::NoEffect { observed: format!("Windows keeps another window in front; {line}") }
        },
        Vec::new(),
    ))
}

struct MinimizeAll;

impl Tool for MinimizeAll {
    type Args = crate::args::NoArgs;
    type Bound = ();

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "MinimizeAll",
        title: "Minimise all windows",
        description: "Minimise every window that can be. A second call changes nothing more.",
        tier: Tier::Interact,
        effects: &[Effect::ArrangeWindows, Effect::ReadWindows],
        annotations: Annotations::ARRANGES,
        shape: Shape::View,
        lane: Lane::Input,
        deadline: Duration::from_secs(5),
        needs_administrator: false,
        gates: &[],
        answer_cap: 20_000,
        secret_arguments: &[],
        examples: [("{}", "Clear the desktop"), ("{}", "See the desktop's background")],
    };

    fn plan(_: crate::args::NoArgs, cx: &PlanContext<'_>) -> Result<Planned<()>, Fault> {
        cx.readers.require_active_session()?;
        Ok(Planned {
            resources: vec![Resource::Desktop],
            effects: vec![Effect::ArrangeWindows, Effect::ReadWindows],
            reversibility: Reversibility::Compensable,
            state_digest: None,
            deadline: None,
            bound: (),
        })
    }

    fn apply((): (), permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let mut minimised = Vec::new();
        let mut left = Vec::new();
        let all = cx.ports.windows.list(permit)?;
        // A dialog goes with its owner.
        for info in all.iter().filter(|info| info.show != ShowState::Minimised && info.owner.is_none()) {
            cx.cancel.check()?;
            let placed = cx.ports.windows.place(permit, &info.identity, Placement::Minimise, cx.deadline, cx.cancel);
            let line = header(info, &all).line(&mut refs(cx));
            match placed {
                Ok(()) => minimised.push(line),
                Err(PortFault::OutsidePermit(_)) => left.push(format!("{line}: a rule of the owner keeps it as it is")),
                Err(fault) => left.push(format!("{line}: {fault}")),
            }
        }
        let mut lines: Vec<String> = minimised.iter().map(|line| format!("minimised {line}")).collect();
        lines.extend(left.iter().map(|line| format!("left {line}")));
        let parts = if lines.is_empty() { Vec::new() } else { vec![portcullis_model::Part::Text(lines.join("\n"))] };
        Ok(Reply::action(
            if minimised.is_empty() {
                Outcome::NoEffect { observed: "no window could be minimised that was not already".to_owned() }
            } else {
                Outcome::confirmed(format!("windows minimised: {}", minimised.len()))
            },
            parts,
        ))
    }
}
