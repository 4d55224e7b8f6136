//! `Snapshot`: the desktop as text, the front window in full and the others by their headers; pixels on request.

use crate::args::{Int, Text};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::desktop::area::Area;
use crate::desktop::image::{Limits, picture};
use crate::desktop::target::{Reach, read_page, read_scene, resolve_window, text_of};
use crate::tool::{AnyTool, Planned, Tool};
use portcullis_model::{Effect, Fault, FaultCode, Part, Reply, Resource, Reversibility, Tier, WindowIdentity};
use portcullis_observe::{Budget, DiffView, RefTable, Style, WindowHeader, render_window};
use portcullis_platform::{ShowState, WindowInfo};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

/// Tokens of text when nothing is said.
const DEFAULT_TOKENS: usize = 2_000;
/// Tokens kept for the headers of other windows.
const HEADER_TOKENS: usize = 400;

/// The tools of this file.
pub(super) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<Snapshot>()]
}

/// What of a window is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Root {
    Document,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SnapshotArgs {
    /// Only this window (ref)
    window: Option<Text<24>>,
    /// Only the page in it
    root: Option<Root>,
    /// Add a picture
    use_vision: Option<bool>,
    /// Default 2000
    max_tokens: Option<Int<100, 50_000>>,
    /// Add each element's rectangle
    with_rects: Option<bool>,
    /// Of the picture: 0 is all, 1 the first
    monitor: Option<Int<0, 16>>,
    /// Of the picture
    max_width: Option<Int<64, 8_192>>,
    /// Of a JPEG
    quality: Option<Int<10, 95>>,
}

struct Bound {
    window: Option<WindowIdentity>,
    root: Option<Root>,
    vision: Option<(Limits, Area)>,
    tokens: usize,
    style: Style,
}

struct Snapshot;

impl Tool for Snapshot {
    type Args = SnapshotArgs;
    type Bound = Bound;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "Snapshot",
        title: "See the desktop",
        description: "The front window's controls as text, one line each with ref, role, name, value and state, and the other windows' titles. Refs stay good until the element is gone.",
        tier: Tier::Observe,
        effects: &[Effect::ReadWindows, Effect::ReadPixels],
        annotations: Annotations::READS,
        shape: Shape::View,
        lane: Lane::Read,
        deadline: Duration::from_secs(2),
        needs_administrator: false,
        gates: &[],
        answer_cap: 1_200_000,
        secret_arguments: &[],
        examples: [
            ("{}", "See what is on the screen"),
            (r#"{"window": "e4", "use_vision": true}"#, "One window, with a picture"),
        ],
    };

    fn plan(args: SnapshotArgs, cx: &PlanContext<'_>) -> Result<Planned<Bound>, Fault> {
        cx.readers.require_active_session()?;
        // A page is that of one window.
        let window = match (text_of(&args.window), args.root) {
            (None, None) => None,
            (named, _) => Some(resolve_window(named, cx)?),
        };
        let limits = Limits::of(args.max_width, None, args.quality);
        let display = Area::monitor(args.monitor.map_or(0, Int::size), cx)?;
        let shown = window.clone().map_or(display, Area::Window);
        let vision = (args.use_vision == Some(true)).then_some((limits, shown));
        let resource = match &window {
            Some(window) => cx.readers.window_resource(window)?,
            None => Resource::Desktop,
        };
        let mut effects = vec![Effect::ReadWindows];
        if vision.is_some() {
            effects.push(Effect::ReadPixels);
        }
        Ok(Planned {
            resources: vec![resource],
            effects,
            reversibility: Reversibility::Nothing,
            state_digest: None,
            deadline: None,
            bound: Bound {
                window,
                root: args.root,
                vision,
                tokens: args.max_tokens.map_or(DEFAULT_TOKENS, Int::size),
                style: Style { with_rects: args.with_rects == Some(true) },
            },
        })
    }

    fn apply(bound: Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let text = match &bound.window {
            Some(window) if bound.root == Some(Root::Document) => page_text(permit, window, &bound, cx)?,
            Some(window) => window_text(permit, window, bound.tokens, bound.style.with_rects, DiffView::default(), cx)?,
            None => desktop_text(permit, &bound, cx)?,
        };
        let mut parts = vec![Part::Text(text)];
        if let Some((limits, shown)) = bound.vision {
            parts.extend(picture(shown.capture(permit, cx)?, limits)?);
        }
        Ok(Reply::View { parts, outcome: None })
    }
}

/// The caller's refs.
pub(super) fn refs<'call>(cx: &ApplyContext<'call>) -> MutexGuard<'call, RefTable> {
    // A panic while a ref is given leaves the table whole: the number is taken before the entry stands.
    cx.tables.refs.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A window's header; `all` tells which window it waits for.
pub(super) fn header(info: &WindowInfo, all: &[WindowInfo]) -> WindowHeader {
    let blocked = |other: &&WindowInfo| other.owner.as_ref() == Some(&info.identity) && other.enabled;
    WindowHeader {
        identity: info.identity.clone(),
        title: info.title.clone(),
        program: info.program.as_str().to_owned(),
        rect: info.rect,
        front: info.foreground,
        modal: info
            .owner
            .as_ref()
            .is_some_and(|owner| all.iter().any(|other| other.identity == *owner && !other.enabled)),
        minimised: info.show == ShowState::Minimised,
        maximised: info.show == ShowState::Maximised,
        hung: info.hung,
        enabled: info.enabled,
        behind: if info.enabled { None } else { all.iter().find(blocked).map(|other| other.identity.clone()) },
    }
}

/// One window as text, without what `view` conceals.
pub(super) fn window_text(
    permit: &Permit,
    window: &WindowIdentity,
    tokens: usize,
    with_rects: bool,
    view: DiffView<'_>,
    cx: &ApplyContext<'_>,
) -> Result<String, Fault> {
    let mut info = cx.ports.windows.describe(permit, window)?;
    info.title = view.text(&info.title);
    let mut out = String::new();
    let mut budget = Budget::tokens(tokens);
    append(&mut out, &info, std::slice::from_ref(&info), permit, (Style { with_rects }, view), &mut budget, cx)?;
    Ok(out)
}

/// The document that a window shows, below the window's header.
fn page_text(permit: &Permit, window: &WindowIdentity, bound: &Bound, cx: &ApplyContext<'_>) -> Result<String, Fault> {
    let info = cx.ports.windows.describe(permit, window)?;
    let scene = read_page(permit, window, cx)?;
    let (mut out, mut budget) = (String::new(), Budget::tokens(bound.tokens));
    let head = header(&info, std::slice::from_ref(&info));
    render_window(&mut out, &head, &scene, &mut refs(cx), &mut budget, bound.style);
    Ok(out)
}

/// Appends one window, its header alone when it cannot be read.
fn append(
    out: &mut String,
    info: &WindowInfo,
    all: &[WindowInfo],
    permit: &Permit,
    (style, view): (Style, DiffView<'_>),
    budget: &mut Budget,
    cx: &ApplyContext<'_>,
) -> Result<(), Fault> {
    let mut head = header(info, all);
    match read_scene(permit, &info.identity, Reach::Look, cx) {
        Ok(scene) => {
            // A thread that stops answering while it is read is found out by the reader, not by the window list.
            head.hung |= scene.lines.iter().any(|line| line.states.hung);
            render_window(out, &head, &view.scene(scene), &mut refs(cx), budget, style);
            Ok(())
        }
        Err(fault) if matches!(fault.code, FaultCode::HungTarget | FaultCode::StaleRef) => {
            head.hung |= fault.code == FaultCode::HungTarget;
            let line = head.line(&mut refs(cx));
            budget.spend(&line);
            out.push_str(&format!("{line}\n  ({})\n", fault.message));
            Ok(())
        }
        Err(fault) => Err(fault),
    }
}

/// The front window and what blocks it in full, the others by their headers.
fn desktop_text(permit: &Permit, bound: &Bound, cx: &ApplyContext<'_>) -> Result<String, Fault> {
    let all = cx.ports.windows.list(permit)?;
    let mut out = String::new();
    let front = all.iter().find(|info| info.foreground);
    let mut shown: Vec<&WindowInfo> = Vec::new();
    if let Some(front) = front {
        // A dialog that blocks the front window, or that the front window is, comes first.
        shown.extend(all.iter().filter(|info| info.owner.as_ref() == Some(&front.identity) && info.enabled));
        shown.push(front);
    }
    let others = all.iter().filter(|info| !shown.iter().any(|known| known.identity == info.identity));
    let mut budget = Budget::tokens(bound.tokens.saturating_sub(HEADER_TOKENS.min(bound.tokens / 4)));
    if front.is_none() {
        out.push_str(if all.is_empty() {
            "no window is open; App with action launch starts a program\n"
        } else {
            "no window is in front; FocusWindow brings one there\n"
        });
    }
    for info in &shown {
        append(&mut out, info, &all, permit, (bound.style, DiffView::default()), &mut budget, cx)?;
    }
    let mut rest = Budget::tokens(HEADER_TOKENS.min(bound.tokens / 4) + budget.left());
    let mut left_out = 0usize;
    let mut heads = String::new();
    for info in others {
        if rest.left() == 0 {
            left_out += 1;
            continue;
        }
        let line = header(info, &all).line(&mut refs(cx));
        rest.spend(&line);
        heads.push_str(&format!("{line}\n"));
    }
    if !heads.is_empty() {
        out.push_str("other windows:\n");
        out.push_str(&heads);
    }
    if left_out > 0 {
        out.push_str(&format!("cut: {left_out} more windows; raise max_tokens to see them\n"));
    }
    Ok(out)
}
