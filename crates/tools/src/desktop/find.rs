//! `FindElement` and `GetText`: looking for elements by description, and reading one element's text in full.

use crate::args::{Int, Text};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::desktop::snapshot::refs;
use crate::desktop::target::{
    Nth, Reach, Target, describe, parse_role, pick, read_scene, resolve_window, target_arguments, text_of,
};
use crate::tool::{AnyTool, Planned, Tool};
use portcullis_model::{Effect, Fault, FaultCode, Reply, Tier, Untrusted, WindowIdentity};
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
        gates: &[],
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
        let scene = read_scene(permit, &window, Reach::Search, cx)?;
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
        gates: &[],
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
            Target::Described(window, selector) => {
                pick(&read_scene(permit, &window, Reach::Search, cx)?, &selector, cx)?
            }
            Target::At(point, Some(window)) => cx.ports.tree.element_at(permit, &window, point, cx.deadline)?.identity,
            Target::At(..) => return Err(Fault::new(FaultCode::NotFound, "no window is at the point")),
        };
        let read = cx.ports.tree.text(permit, &element, from, count, cx.deadline)?;
        let (text, got) = whole_line_ends(&read.text);
        let mut text = text.to_string();
        text.push_str(&remainder(from, got, read.total_chars));
        Ok(Reply::text(text))
    }
}

/// What is said behind a part of a text that has `total` characters, when that is known: where it goes on, and something
/// where there is no word, since such an answer reads as one that was lost.
fn remainder(from: usize, got: usize, total: Option<usize>) -> String {
    let next = from + got;
    match (total, got) {
        (Some(total), _) if total > next => {
            format!("\n[cut: characters {from} to {next} of {total}; go on with from={next}]")
        }
        (None, 1..) => {
            format!("\n[cut: characters {from} to {next} of a text that may be longer; go on with from={next}]")
        }
        (Some(0), 0) => "[the text is empty]".to_owned(),
        (Some(total), 0) => format!("[the text ends at character {total}]"),
        (None, 0) => format!("[nothing can be read from character {from} on]"),
        (Some(_), _) => String::new(),
    }
}

/// A part without the half of a line end that it may end with, which would be shown as a stray character; and how many
/// characters it has then. A part that is nothing else stays, so that there is a next one.
fn whole_line_ends(part: &Untrusted) -> (Untrusted, usize) {
    let raw = part.raw();
    let whole = raw.strip_suffix('\r').filter(|rest| !rest.is_empty()).unwrap_or(raw);
    (Untrusted::new(part.source(), whole), whole.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_model::Source;

    #[test]
    fn what_is_left_of_a_text_is_said() {
        for (from, got, total, said) in [
            (0, 5, Some(5), ""),
            (0, 3, Some(5), "\n[cut: characters 0 to 3 of 5; go on with from=3]"),
            (5, 0, Some(5), "[the text ends at character 5]"),
            (9, 0, Some(5), "[the text ends at character 5]"),
            (0, 0, Some(0), "[the text is empty]"),
            (2, 3, None, "\n[cut: characters 2 to 5 of a text that may be longer; go on with from=5]"),
            (2, 0, None, "[nothing can be read from character 2 on]"),
        ] {
            assert_eq!(remainder(from, got, total), said, "{from} {got} {total:?}");
        }
    }

    #[test]
    fn a_part_does_not_end_within_a_line_end() {
        for (raw, shown, count) in [("ab\r\n", "ab\n", 4), ("ab\r", "ab", 2), ("\r", "⟨U+000D⟩", 1), ("", "", 0)] {
            let (text, got) = whole_line_ends(&Untrusted::new(Source::Window, raw));
            assert_eq!((text.to_string().as_str(), got), (shown, count), "{raw:?}");
        }
    }
}
