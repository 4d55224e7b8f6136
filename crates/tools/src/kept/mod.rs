//! What is kept for a caller beyond an answer, and the two tools that lead to it: `ListResources` and `ReadResource`. The
//! protocol's own requests for resources are calls of these two, so that they pass the same door.

mod store;

use crate::args::{NoArgs, Text};
use crate::context::{ApplyContext, PlanContext, Tables};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::schema;
use crate::tool::{AnyTool, Planned, Tool, data};
use portcullis_model::{Effect, Fault, FaultCode, Image, Part, Reply, Resource, Tier};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::KeptId;
pub use store::Total;
pub(crate) use store::{ITEM_BYTES, Item, Kept, Shot};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A place for what goes beyond an answer: the caller's own, under the right by which it was made.
pub(crate) struct Keeper<'call> {
    effect: Effect,
    resource: &'call Resource,
    permit: &'call Permit,
    tables: &'call Tables,
}

impl<'call> Keeper<'call> {
    /// For what is disclosed by this effect on this resource.
    pub(crate) fn new(
        effect: Effect,
        resource: &'call Resource,
        permit: &'call Permit,
        cx: &ApplyContext<'call>,
    ) -> Self {
        Self { effect, resource, permit, tables: cx.tables }
    }

    /// Keeps it.
    pub(crate) fn keep(&self, shot: Shot) -> Result<Arc<Item>, Fault> {
        Ok(self.tables.kept().keep(shot, (self.effect, self.resource), self.permit, Instant::now())?)
    }
}

/// The templates of what can be asked for: name, and how it is written.
pub const RESOURCE_TEMPLATES: [(&str, &str); 2] =
    [("shot", "portcullis://shots/{id}"), ("element screenshot", "wpf://screenshots/{id}")];

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
    width: u32,
    height: u32,
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
            width: item.width,
            height: item.height,
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
    type Bound = ();

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "ListResources",
        title: "List what is kept for you",
        description: "Pictures and recordings that the server keeps for you, the newest first: at most 100, for 24 hours, in memory. Other clients' are not shown.",
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

    fn plan(_: NoArgs, _cx: &PlanContext<'_>) -> Result<Planned<()>, Fault> {
        Ok(Planned::disclosure(Effect::ReadTasks, Resource::OwnTasks, ()))
    }

    fn apply((): (), permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        permit.require(Effect::ReadTasks, &Resource::OwnTasks)?;
        data(&Entries { resources: cx.tables.kept().all().into_iter().map(Entry::from).collect() })
    }

    fn output_schema() -> Option<Value> {
        Some(schema::output::<Entries>())
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ReadResourceArgs {
    /// As an answer or ListResources tells it
    uri: Text<100>,
}

struct ReadResource;

impl Tool for ReadResource {
    type Args = ReadResourceArgs;
    type Bound = Arc<Item>;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "ReadResource",
        title: "See what is kept for you",
        description: "A picture or recording that the server keeps for you, by its uri. It needs the right by which it was made, as it stands now.",
        tier: Tier::Observe,
        effects: &[Effect::ReadPixels, Effect::ReadApplications],
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
        Ok(Planned::disclosure(item.effect, item.resource.clone(), item))
    }

    fn apply(item: Arc<Item>, permit: &Permit, _cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        permit.require(item.effect, &item.resource)?;
        let text = format!(
            "{} {}x{}, {} bytes, made {}, kept until {}",
            item.mime,
            item.width,
            item.height,
            item.bytes.len(),
            written(item.made_at),
            written(item.expires_at())
        );
        let bytes = item.bytes.clone();
        let image = Image { mime: item.mime, bytes, width: item.width, height: item.height };
        Ok(Reply::View { parts: vec![Part::Text(text), Part::Image(image)], outcome: None })
    }
}
