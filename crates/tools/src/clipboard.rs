//! Reading and replacing the clipboard's text.

use crate::args::{NoArgs, Text};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::tool::{AnyTool, Planned, Tool};
use portcullis_model::{Deadline, Effect, Fault, Outcome, Reply, Resource, Reversibility, Tier};
use portcullis_platform::ClipboardContent;
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// Characters of clipboard text that one answer holds.
const READ_CAP: usize = 100_000;
/// Characters that may be written at once.
const WRITE_CAP: usize = 1_000_000;
/// How long to wait for a program that holds the clipboard open.
const HELD_WAIT: Duration = Duration::from_millis(500);

/// The tools of this family.
pub(crate) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<GetClipboard>(), AnyTool::of::<SetClipboard>()]
}

struct GetClipboard;

impl Tool for GetClipboard {
    type Args = NoArgs;
    type Bound = ();

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "GetClipboard",
        title: "Read the clipboard",
        description: "The clipboard's text, or the names of the formats that it holds instead.",
        tier: Tier::Observe,
        effects: &[Effect::ReadClipboard],
        annotations: Annotations::READS,
        shape: Shape::View,
        lane: Lane::Read,
        deadline: Duration::from_secs(3),
        needs_administrator: false,
        gates: &[],
        answer_cap: 4 * READ_CAP + 200,
        secret_arguments: &[],
        examples: [("{}", "Read the clipboard"), ("{}", "Check what Ctrl+C took")],
    };

    fn plan(_: NoArgs, _cx: &PlanContext<'_>) -> Result<Planned<()>, Fault> {
        Ok(Planned::disclosure(Effect::ReadClipboard, Resource::Clipboard, ()))
    }

    fn apply((): (), permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        Ok(Reply::text(match cx.ports.clipboard.read(permit, cx.deadline.slice(HELD_WAIT))? {
            ClipboardContent::Empty => "the clipboard is empty".to_owned(),
            ClipboardContent::Other(formats) => format!("the clipboard holds no text but: {}", formats.join(", ")),
            ClipboardContent::Text(text) => {
                let total = text.raw().chars().count();
                if total <= READ_CAP {
                    text.to_string()
                } else {
                    let kept: String = text.raw().chars().take(READ_CAP).collect();
                    let kept = portcullis_model::Untrusted::new(text.source(), kept);
                    format!("{kept}\n[cut: {} of {total} characters are not shown]", total - READ_CAP)
                }
            }
        }))
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SetClipboardArgs {
    /// The new text
    text: Text<WRITE_CAP>,
}

struct SetClipboard;

impl Tool for SetClipboard {
    type Args = SetClipboardArgs;
    type Bound = String;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "SetClipboard",
        title: "Replace the clipboard",
        description: "Replace what is on the clipboard by this text. Type needs no clipboard.",
        tier: Tier::Alter,
        effects: &[Effect::WriteClipboard],
        annotations: Annotations { read_only: false, destructive: true, idempotent: true, open_world: false },
        shape: Shape::View,
        lane: Lane::Read,
        deadline: Duration::from_secs(3),
        needs_administrator: false,
        gates: &[],
        answer_cap: 300,
        secret_arguments: &["text"],
        examples: [(r#"{"text": "Hello"}"#, "Put a word on the clipboard"), (r#"{"text": ""}"#, "Empty it")],
    };

    fn plan(args: SetClipboardArgs, _cx: &PlanContext<'_>) -> Result<Planned<String>, Fault> {
        Ok(Planned {
            resources: vec![Resource::Clipboard],
            effects: vec![Effect::WriteClipboard],
            reversibility: Reversibility::Irreversible,
            state_digest: None,
            deadline: None,
            bound: args.text.0,
        })
    }

    fn apply(text: String, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let before = cx.ports.clipboard.sequence();
        cx.ports.clipboard.write(permit, &text, Deadline::after(HELD_WAIT))?;
        let after = cx.ports.clipboard.sequence();
        let size = text.chars().count();
        Ok(Reply::action(
            if after == before {
                Outcome::NoEffect { observed: "the clipboard's sequence number did not change".to_owned() }
            } else {
                Outcome::confirmed(format!("the clipboard changed ({size} characters)"))
            },
            Vec::new(),
        ))
    }
}
