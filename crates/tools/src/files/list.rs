//! `FileList`: what one folder holds, in one enumeration, sorted and cut with what was cut said.

use super::{Facts, Held, PathArg, disclosure};
use crate::args::Int;
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::schema;
use crate::tool::{Planned, Tool, data};
use portcullis_model::{Access, Effect, Fault, Reply, Tier, fold};
use portcullis_platform::{FileFacts, FileFault, FileKind, LastLink};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// Entries that one answer lists.
const LIST_CAP: i64 = 1_000;
/// Entries listed when nothing is said.
const LIST_DEFAULT: usize = 200;
/// Entries of a folder that are looked at, so that they can be sorted.
pub(super) const ENTRY_CAP: usize = 20_000;

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Order {
    #[default]
    Name,
    Size,
    Modified,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FileListArgs {
    /// Absolute path of a folder
    path: PathArg,
    /// Also what is marked hidden or system
    show_hidden: Option<bool>,
    /// Folders first by name; largest or newest first otherwise
    sort_by: Option<Order>,
    /// Default 200
    limit: Option<Int<1, LIST_CAP>>,
}

#[derive(Serialize, JsonSchema)]
struct Listing {
    entries: Vec<Facts>,
    /// Entries that fit, listed or not.
    matching: usize,
    /// Entries that a rule keeps back.
    withheld: usize,
    /// Whether the folder holds more than was looked at.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
}

pub(super) struct Bound {
    folder: Held,
    show_hidden: bool,
    order: Order,
    limit: usize,
}

pub(super) struct FileList;

impl Tool for FileList {
    type Args = FileListArgs;
    type Bound = Bound;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "FileList",
        title: "List a folder",
        description: "What a folder holds: name, kind, size, time of change, attributes. Links are listed as links.",
        tier: Tier::Observe,
        effects: &[Effect::ListFiles],
        annotations: Annotations::READS,
        shape: Shape::Data,
        lane: Lane::Read,
        deadline: Duration::from_secs(10),
        needs_administrator: false,
        gates: &[],
        answer_cap: 1_200_000,
        secret_arguments: &[],
        examples: [
            (r#"{"path": "C:\\Users\\me\\Documents"}"#, "List it by name"),
            (r#"{"path": "C:\\Users\\me\\Downloads", "sort_by": "modified", "limit": 5}"#, "The five newest"),
        ],
    };

    fn plan(args: FileListArgs, cx: &PlanContext<'_>) -> Result<Planned<Bound>, Fault> {
        let folder = cx.readers.resolve_file(&args.path.0, LastLink::Followed)?;
        let resource = folder.place().tree(Access::Read);
        let bound = Bound {
            folder,
            show_hidden: args.show_hidden.unwrap_or(false),
            order: args.sort_by.unwrap_or_default(),
            limit: args.limit.map_or(LIST_DEFAULT, Int::size),
        };
        Ok(disclosure(vec![Effect::ListFiles], resource, bound))
    }

    fn apply(bound: Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let found = bound.folder.entries(permit, Effect::ListFiles, ENTRY_CAP, cx.cancel)?;
        if bound.folder.place().kind() != Some(FileKind::Folder) {
            return Err(FileFault::NotFolder.into());
        }
        let mut entries = found.entries;
        entries.retain(|entry| bound.show_hidden || !(entry.hidden || entry.system));
        let matching = entries.len();
        sort(&mut entries, bound.order);
        entries.truncate(bound.limit);
        let entries = entries.iter().map(Facts::from).collect();
        data(&Listing { entries, matching, withheld: found.withheld, cut: found.more })
    }

    fn output_schema() -> Option<Value> {
        Some(schema::output::<Listing>())
    }
}

fn sort(entries: &mut [FileFacts], order: Order) {
    let folder_last = |entry: &FileFacts| entry.kind != FileKind::Folder;
    match order {
        Order::Name => entries.sort_by_cached_key(|entry| (folder_last(entry), fold(entry.name.raw()))),
        Order::Size => entries.sort_by_cached_key(|entry| (u64::MAX - entry.size, fold(entry.name.raw()))),
        Order::Modified => entries.sort_by_cached_key(|entry| (u64::MAX - entry.modified, fold(entry.name.raw()))),
    }
}
