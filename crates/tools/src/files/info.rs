//! `FileInfo`: what is told of one file, folder or link without reading it.

use super::{Held, PathArg, disclosure, moment};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::schema;
use crate::tool::{Planned, Tool, data};
use portcullis_model::{Access, Effect, Fault, Reply, Tier};
use portcullis_platform::{FileKind, LastLink};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FileInfoArgs {
    /// Absolute path on a drive
    path: PathArg,
}

#[derive(Serialize, JsonSchema)]
struct FileDetails {
    /// Where it really lies: links and short names on the way are replaced.
    path: String,
    /// `file`, `folder` or `link`.
    kind: &'static str,
    /// Bytes, of files alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    /// Times in UTC; absent where the file system keeps none.
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accessed: Option<String>,
    read_only: bool,
    hidden: bool,
    system: bool,
}

pub(super) struct FileInfo;

impl Tool for FileInfo {
    type Args = FileInfoArgs;
    type Bound = Held;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "FileInfo",
        title: "File facts",
        description: "Kind, size, times and attributes of a file, folder or link (the link itself), without reading it.",
        tier: Tier::Observe,
        effects: &[Effect::ListFiles],
        annotations: Annotations::READS,
        shape: Shape::Data,
        lane: Lane::Read,
        deadline: Duration::from_secs(5),
        needs_administrator: false,
        gates: &[],
        answer_cap: 20_000,
        secret_arguments: &[],
        examples: [
            (r#"{"path": "C:\\Users\\me\\notes.txt"}"#, "How large it is and when it changed"),
            (r#"{"path": "C:\\Users\\me\\link"}"#, "Whether it is a link"),
        ],
    };

    fn plan(args: FileInfoArgs, cx: &PlanContext<'_>) -> Result<Planned<Held>, Fault> {
        let held = cx.readers.resolve_file(&args.path.0, LastLink::Itself)?;
        Ok(disclosure(vec![Effect::ListFiles], held.place().one(Access::Read), held))
    }

    fn apply(held: Held, permit: &Permit, _cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let facts = held.facts(permit)?;
        data(&FileDetails {
            path: portcullis_model::visible(held.place().path.as_str(), portcullis_model::FilePath::CAP),
            kind: facts.kind.word(),
            size: (facts.kind == FileKind::File).then_some(facts.size),
            created: moment(facts.created),
            modified: moment(facts.modified),
            accessed: moment(facts.accessed),
            read_only: facts.read_only,
            hidden: facts.hidden,
            system: facts.system,
        })
    }

    fn output_schema() -> Option<Value> {
        Some(schema::output::<FileDetails>())
    }
}
