//! Files and folders: their facts, their lists, what they hold. Paths are resolved while planning and held from then on;
//! which of them may be touched is for policy to say. No path is built from text of the machine.

mod copy;
mod info;
mod list;
mod piece;
mod read;
mod remove;
mod search;
mod text;
mod transfer;
mod walk;
mod write;

pub(crate) use transfer::Uploads;

use crate::context::ApplyContext;
use crate::tool::{AnyTool, Planned};
use portcullis_model::{Effect, Fault, FilePath, Resource};
use portcullis_platform::{FileFacts, FileKind, HeldFile};
use portcullis_policy::Permit;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Hundreds of nanoseconds from 1601, where Windows begins to count, to 1970.
const TO_UNIX_EPOCH: i128 = 116_444_736_000_000_000;
/// Nanoseconds in the unit of Windows' file times.
const NANOSECONDS: i128 = 100;

/// The tools of this family.
pub(crate) fn tools() -> Vec<AnyTool> {
    vec![
        AnyTool::of::<copy::FileCopy>(),
        AnyTool::of::<transfer::FileDownload>(),
        AnyTool::of::<info::FileInfo>(),
        AnyTool::of::<list::FileList>(),
        AnyTool::of::<read::FileRead>(),
        AnyTool::of::<remove::FileDelete>(),
        AnyTool::of::<remove::FileMove>(),
        AnyTool::of::<search::FileSearch>(),
        AnyTool::of::<transfer::FileUpload>(),
        AnyTool::of::<write::FileWrite>(),
    ]
}

/// A path as an argument.
#[derive(Debug)]
pub(crate) struct PathArg(pub(crate) FilePath);

impl<'de> Deserialize<'de> for PathArg {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        FilePath::parse(&text).map(Self).map_err(|bad| D::Error::custom(bad.rule()))
    }
}

impl JsonSchema for PathArg {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Path".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// A file that was resolved while planning.
pub(crate) type Held = Box<dyn HeldFile>;

/// A fault of the place that something is copied or moved to, which says so: one of the other place is the call's own.
fn of_destination<Cause: Into<Fault>>(path: &FilePath) -> impl Fn(Cause) -> Fault {
    move |cause| {
        let fault = cause.into();
        if fault.field.is_none() { fault.field("destination").value(path) } else { fault }
    }
}

/// A plan that discloses of files.
fn disclosure<Bound>(effects: Vec<Effect>, resource: Resource, bound: Bound) -> Planned<Bound> {
    let first = effects.first().copied().unwrap_or(Effect::ListFiles);
    Planned { effects, ..Planned::disclosure(first, resource, bound) }
}

/// The SHA-256 of what a file holds, in hex.
fn digest(file: &Held, permit: &Permit, cx: &ApplyContext<'_>) -> Result<String, Fault> {
    Ok(hex(hashed(file, permit, cx, (Sha256::new(), 0), u64::MAX)?.0))
}

/// Goes on with a hash of what a file holds from a byte on, until its end or beyond the cap; the hash, and where that was.
fn hashed(
    file: &Held,
    permit: &Permit,
    cx: &ApplyContext<'_>,
    (mut hash, mut at): (Sha256, u64),
    cap: u64,
) -> Result<(Sha256, u64), Fault> {
    while at <= cap {
        cx.cancel.check()?;
        let bytes = file.read(permit, at, read::PIECE)?;
        if bytes.is_empty() {
            break;
        }
        hash.update(&bytes);
        at = at.saturating_add(u64::try_from(bytes.len()).unwrap_or(0));
    }
    Ok((hash, at))
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A digest as an argument, in lower case.
fn parse_sha256(field: &str, digest: &str) -> Result<String, Fault> {
    if digest.len() != 64 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let rule = "it is 64 hexadecimal digits";
        return Err(Fault::bad_argument(field, digest, rule, "leave it out when the content does not matter"));
    }
    Ok(digest.to_lowercase())
}

/// Facts as they are answered.
#[derive(Serialize, JsonSchema)]
struct Facts {
    name: String,
    /// `file`, `folder` or `link`.
    kind: &'static str,
    /// Bytes, of files alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    /// UTC; absent where the file system keeps none.
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    /// Those that are set, of `read_only`, `hidden` and `system`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attributes: Vec<&'static str>,
}

impl From<&FileFacts> for Facts {
    fn from(facts: &FileFacts) -> Self {
        let set = [(facts.read_only, "read_only"), (facts.hidden, "hidden"), (facts.system, "system")];
        Self {
            name: facts.name.to_string(),
            kind: facts.kind.word(),
            size: (facts.kind == FileKind::File).then_some(facts.size),
            modified: moment(facts.modified),
            attributes: set.into_iter().filter_map(|(is_set, word)| is_set.then_some(word)).collect(),
        }
    }
}

/// A file time as `2026-01-31T12:00:00Z`; none where there is none.
fn moment(time: u64) -> Option<String> {
    if time == 0 {
        return None;
    }
    let nanoseconds = (i128::from(time) - TO_UNIX_EPOCH) * NANOSECONDS;
    let second = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok()?.replace_nanosecond(0).ok()?;
    second.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests;
