//! `FindElement` and `GetText`: looking for elements by description, and reading one element's text in full.

use crate::args::{Int, Text};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::desktop::snapshot::refs;
use crate::desktop::target::{
    Nth, Target, describe, parse_role, pick, read_scene, resolve_window, target_arguments, text_of,
};
use crate::tool::{AnyTool, Planned, Tool};
use portcullis_model::{Effect, Fault, FaultCode, Reply, Tier, WindowIdentity};
use portcullis_observe::{Selector, Style, find, summary};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// Matches listed when nothing is said.
const DEFAULT_MATCHES: usize = 20;
/// Characters of text that one answer holds.
const TEXT_CAP: i64 = 100_000;
/// Characters when nothing is said.
const DEFAULT_TEXT: usize = 20_000;

/// The tools of this file.
pub(super) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<FindElement>(), AnyTool::of::<GetText>()]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FindElementArgs {
    /// Window ref (default: front)
    window: Option<Text<24>>,
    /// Whole name or part of it
    name: Option<Text<500>>,
    /// button, edit, listitem, …
    role: Option<Text<40>>,
    automation_id: Option<Text<200>>,
    nth: Option<Nth>,
    /// Default 20
    limit: Option<Int<1, 200>>,
}

struct FindElement;

impl Tool for FindElement {
    type Args = FindElementArgs;
    type Bound = (WindowIdentity, Selector, usize);

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "FindElement",
        title: "Find elements",
        description: "Elements of a window by name, role or automation id, also those that Snapshot only counts, with refs and rectangles.",
        tier: Tier::Observe,
        effects: &[Effect::ReadWindows],
        annotations: Annotations::READS,
        shape: Shape::View,
        lane: Lane::Read,
        deadline: Duration::from_secs(2),
        needs_administrator: false,
        answer_cap: 60_000,
        secret_arguments: &[],
        examples: [(r#"{"name": "Save"}"#, "Whatever is called Save"), (r#"{"role": "edit"}"#, "Every edit field")],
    };

    fn plan(args: FindElementArgs, cx: &PlanContext<'_>) -> Result<Planned<Self::Bound>, Fault> {
        cx.readers.require_active_session()?;
        let selector = Selector {
            role: text_of(&args.role).map(parse_role).transpose()?,
            name: args.name.map(|name| name.0),
            automation_id: args.automation_id.map(|id| id.0),
            nth: args.nth.map(Int::size),
        };
        if selector.role.is_none() && selector.name.is_none() && selector.automation_id.is_none() {
            return Err(Fault::bad_argument(
                "name",
                "nothing",
                "a search needs a name, a role or an automation_id",
                "give one of them, or use Snapshot to see everything",
            ));
        }
        let window = resolve_window(text_of(&args.window), cx)?;
        let resource = cx.readers.window_resource(&window)?;
        let limit = args.limit.map_or(DEFAULT_MATCHES, Int::size);
        Ok(Planned::disclosure(Effect::ReadWindows, resource, (window, selector, limit)))
    }

    fn apply((window, selector, limit): Self::Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let scene = read_scene(permit, &window, cx)?;
        let found = find(&scene, &selector);
        if found.is_empty() {
            // The same answer as an action with this description would give, with the nearest names.
            return pick(&scene, &selector, cx).map(|_| Reply::text(""));
        }
        let mut table = refs(cx);
        let mut text = format!("{} found ({})\n", found.len(), describe(&selector));
        for line in found.iter().take(limit) {
            text.push_str(&summary(line, &mut table, Style { with_rects: true }));
            text.push('\n');
        }
        if found.len() > limit {
            text.push_str(&format!("cut: {} more; raise limit or describe closer\n", found.len() - limit));
        }
        Ok(Reply::text(text))
    }
}

target_arguments! {
    struct GetTextArgs {
        /// First character, default 0
        from: Option<Int<0, 1_000_000_000>>,
        /// Default 20000
        max_chars: Option<Int<1, TEXT_CAP>>,
    }
}

struct GetText;

impl Tool for GetText {
    type Args = GetTextArgs;
    type Bound = (Target, usize, usize);

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "GetText",
        title: "Read an element's text",
        description: "The whole text of an element: an edit, a document, a list. Long texts in parts. A password field is never read.",
        tier: Tier::Observe,
        effects: &[Effect::ReadWindows],
        annotations: Annotations::READS,
        shape: Shape::View,
        lane: Lane::Read,
        deadline: Duration::from_secs(3),
        needs_administrator: false,
        answer_cap: 420_000,
        secret_arguments: &[],
        examples: [
            (r#"{"ref": "e7"}"#, "The text of an element"),
            (r#"{"role": "document", "from": 20000}"#, "The next part of a long document"),
        ],
    };

    fn plan(args: GetTextArgs, cx: &PlanContext<'_>) -> Result<Planned<Self::Bound>, Fault> {
        cx.readers.require_active_session()?;
        let target = args.target().resolve(cx)?;
        let Some(window) = target.window() else {
            return Err(Fault::new(FaultCode::NotFound, "no window is at the point").field("x,y").remedy("use a ref"));
        };
        let resource = cx.readers.window_resource(window)?;
        let from = args.from.map_or(0, Int::size);
        let count = args.max_chars.map_or(DEFAULT_TEXT, Int::size);
        Ok(Planned::disclosure(Effect::ReadWindows, resource, (target, from, count)))
    }

    fn apply((target, from, count): Self::Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let element = match target {
            Target::Element(element) => element,
            Target::Described(window, selector) => pick(&read_scene(permit, &window, cx)?, &selector, cx)?,
            Target::At(point, Some(window)) => cx.ports.tree.element_at(permit, &window, point, cx.deadline)?.identity,
            Target::At(..) => return Err(Fault::new(FaultCode::NotFound, "no window is at the point")),
        };
        let read = cx.ports.tree.text(permit, &element, from, count, cx.deadline)?;
        let got = read.text.raw().chars().count();
        let mut text = read.text.to_string();
        if let Some(total) = read.total_chars.filter(|total| *total > from + got) {
            text.push_str(&format!(
                "\n[cut: characters {from} to {} of {total}; go on with from={}]",
                from + got,
                from + got
            ));
        }
        Ok(Reply::text(text))
    }
}
