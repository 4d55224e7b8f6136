//! What is kept for a caller beyond an answer, and the two tools that lead to it: `ListResources` and `ReadResource`. The
//! protocol's own requests for resources are calls of these two, so that they pass the same door.

mod store;

use crate::args::{Int, NoArgs, Text};
use crate::context::{ApplyContext, PlanContext, Tables};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::schema;
use crate::tool::{AnyTool, Planned, Tool, data};
use portcullis_model::{Effect, Fault, FaultCode, Image, Part, Reply, Resource, Source, Tier, Untrusted};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::KeptId;
pub use store::Total;
pub(crate) use store::{Artifact, ITEM_BYTES, Item, Kept, TEXT};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A place for what goes beyond an answer: the caller's own, under the right by which it was made.
pub(crate) struct Keeper<'call> {
    made_by: (Effect, &'call Resource),
    read_by: (Effect, &'call Resource),
    permit: &'call Permit,
    tables: &'call Tables,
}

impl<'call> Keeper<'call> {
    /// For what is disclosed by this effect on this resource, now and later.
    pub(crate) fn new(
        effect: Effect,
        resource: &'call Resource,
        permit: &'call Permit,
        cx: &ApplyContext<'call>,
    ) -> Self {
        let right = (effect, resource);
        Self { made_by: right, read_by: right, permit, tables: cx.tables }
    }

    /// For what came of a call: it is read as what became of one's own calls is.
    pub(crate) fn of_own_call(
        made_by: (Effect, &'call Resource),
        permit: &'call Permit,
        cx: &ApplyContext<'call>,
    ) -> Self {
        Self { made_by, read_by: (Effect::ReadTasks, &Resource::OwnTasks), permit, tables: cx.tables }
    }

    /// Keeps it.
    pub(crate) fn keep(&self, artifact: Artifact) -> Result<Arc<Item>, Fault> {
        Ok(self.tables.kept().keep(artifact, [self.made_by, self.read_by], self.permit, Instant::now())?)
    }
}

/// The templates of what can be asked for: name, and how it is written.
pub const RESOURCE_TEMPLATES: [(&str, &str); 3] = [
    ("shot", "portcullis://shots/{id}"),
    ("element screenshot", "wpf://screenshots/{id}"),
    ("output", "portcullis://outputs/{id}"),
];

/// The tools of this file.
pub(crate) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<ListResources>(), AnyTool::of::<ReadResource>()]
}

/// A moment as answers write it.
pub(crate) fn written(at: OffsetDateTime) -> String {
    at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).unwrap_or_default()
}

/// One thing that is kept.
#[derive(Serialize, JsonSchema)]
struct Entry {
    uri: String,
    name: String,
    mime_type: String,
    bytes: usize,
    /// Of a picture
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    /// UTC
    made: String,
    /// UTC; earlier when there is too much
    expires: String,
}

impl From<Arc<Item>> for Entry {
    fn from(item: Arc<Item>) -> Self {
        Self {
            uri: item.uri(),
            name: item.name(),
            mime_type: item.mime.to_owned(),
            bytes: item.bytes.len(),
            width: item.pixels.map(|(width, _)| width),
            height: item.pixels.map(|(_, height)| height),
            made: written(item.made_at),
            expires: written(item.expires_at()),
        }
    }
}

#[derive(Serialize, JsonSchema)]
struct Entries {
    resources: Vec<Entry>,
}

struct ListResources;

impl Tool for ListResources {
    type Args = NoArgs;
    type Bound = Vec<Arc<Item>>;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "ListResources",
        title: "List what is kept for you",
        description: "Pictures, recordings and outputs that the server keeps for you, the newest first: at most 100, for 24 hours, in memory. Other clients' are not shown.",
        tier: Tier::Observe,
        effects: &[Effect::ReadTasks],
        annotations: Annotations::READS,
        shape: Shape::Data,
        lane: Lane::Inline,
        deadline: Duration::from_secs(3),
        needs_administrator: false,
        gates: &[],
        answer_cap: 40_000,
        secret_arguments: &[],
        examples: [("{}", "List them"), ("{}", "See until when a recording is kept")],
    };

    fn plan(_: NoArgs, cx: &PlanContext<'_>) -> Result<Planned<Self::Bound>, Fault> {
        let mut all = cx.tables.kept().all();
        all.retain(|item| require_tool(item, cx).is_ok());
        Ok(Planned::disclosure(Effect::ReadTasks, Resource::OwnTasks, all))
    }

    fn apply(all: Self::Bound, permit: &Permit, _cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        permit.require(Effect::ReadTasks, &Resource::OwnTasks)?;
        data(&Entries { resources: all.into_iter().map(Entry::from).collect() })
    }

    fn output_schema() -> Option<Value> {
        Some(schema::output::<Entries>())
    }
}

/// Refuses what is a part of the answer of a tool that is shut to the caller by now.
fn require_tool(item: &Item, cx: &PlanContext<'_>) -> Result<(), Fault> {
    item.of_tool.map_or(Ok(()), |tool| cx.tools.require_open(cx.principal, tool))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ReadResourceArgs {
    /// As an answer or ListResources tells it
    uri: Text<100>,
    /// Of a text: first character, default 0
    from: Option<Int<0, 1_000_000_000>>,
    /// Of a text, default 20000
    max_chars: Option<Int<1, TEXT_CAP>>,
}

/// Characters of a text in one answer: more than any has that is kept.
pub const TEXT_CAP: i64 = 8_000_000;
/// Those when nothing is said.
const TEXT_DEFAULT: usize = 20_000;

struct ReadResource;

impl Tool for ReadResource {
    type Args = ReadResourceArgs;
    type Bound = (Arc<Item>, usize, usize);

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "ReadResource",
        title: "See what is kept for you",
        description: "A picture, recording or output that the server keeps for you, by its uri; a long text in parts. It needs the right by which it was made, as it stands now.",
        tier: Tier::Observe,
        effects: &[Effect::ReadPixels, Effect::ReadApplications, Effect::ReadTasks],
        annotations: Annotations::READS,
        shape: Shape::View,
        lane: Lane::Read,
        deadline: Duration::from_secs(3),
        needs_administrator: false,
        gates: &[],
        answer_cap: ITEM_BYTES + 1_000,
        secret_arguments: &[],
        examples: [
            (r#"{"uri": "portcullis://shots/0123456789abcdef0123456789abcdef"}"#, "A kept picture"),
            (r#"{"uri": "wpf://screenshots/0123456789abcdef0123456789abcdef"}"#, "The same, as older prompts name it"),
        ],
    };

    fn plan(args: ReadResourceArgs, cx: &PlanContext<'_>) -> Result<Planned<Self::Bound>, Fault> {
        let id = KeptId::parse(&args.uri.0)?;
        let item = cx.tables.kept().get(id).ok_or_else(|| {
            Fault::new(FaultCode::NotFound, "nothing of that name is kept for you")
                .field("uri")
                .value(&args.uri.0)
                .rule("what is kept is the caller's own, and goes after 24 hours, when there is too much, when the rules change, and with the session and the server that made it")
                .remedy("see ListResources, or make it anew")
        })?;
        require_tool(&item, cx)?;
        let from = args.from.map_or(0, Int::size);
        let count = args.max_chars.map_or(TEXT_DEFAULT, Int::size);
        Ok(Planned::disclosure(item.effect, item.resource.clone(), (item, from, count)))
    }

    fn apply((item, from, count): Self::Bound, permit: &Permit, _cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        permit.require(item.effect, &item.resource)?;
        let mut text =
            format!("{}, made {}, kept until {}", item.described(), written(item.made_at), written(item.expires_at()));
        let body = match item.pixels {
            Some((width, height)) => Part::Image(Image { mime: item.mime, bytes: item.bytes.clone(), width, height }),
            None => {
                let (part, total) = characters(&item.bytes, from, count);
                let next = from + part.chars().count();
                if next < total || from > 0 {
                    text.push_str(&format!("; characters {from} to {next} of {total}"));
                }
                if next < total {
                    text.push_str(&format!("; go on with from={next}"));
                }
                Part::Text(Untrusted::new(Source::Program, part).to_string())
            }
        };
        Ok(Reply::View { parts: vec![Part::Text(text), body], outcome: None })
    }
}

/// So many characters of a text from this one on, and how many it has. Bytes that are no UTF-8 stand as U+FFFD.
fn characters(bytes: &[u8], from: usize, count: usize) -> (String, usize) {
    let text = String::from_utf8_lossy(bytes);
    (text.chars().skip(from).take(count).collect(), text.chars().count())
}
