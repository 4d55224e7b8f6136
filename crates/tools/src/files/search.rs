//! `FileSearch`: files by a pattern of their names, and by a text that they hold. Only looking at names is of tier 1; a
//! search for text reads files and needs what reading them needs.

use super::read::PIECE;
use super::text::{Content, Lines, SAMPLE, look};
use super::walk::walk;
use super::{Held, PathArg, disclosure, moment};
use crate::args::{Int, Text};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::schema;
use crate::tool::{Planned, Tool, data};
use glob::{MatchOptions, Pattern};
use portcullis_model::{Access, Effect, Fault, FilePath, Reply, Source, Tier, Untrusted, fold, visible};
use portcullis_platform::{FileFacts, FileKind, LastLink, PortFault};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::ops::ControlFlow;
use std::time::Duration;

/// Results of one answer.
const RESULT_CAP: i64 = 500;
/// Results when nothing is said.
const RESULT_DEFAULT: usize = 50;
/// Characters of a line that is shown.
const LINE_CAP: usize = 200;
/// Bytes of a line that are compared.
const LINE_BYTES: usize = 64 * 1024;
/// Lines of one file that are shown.
const LINES_PER_FILE: usize = 20;
/// Bytes of a file that is searched for text.
const FILE_CAP: u64 = 64 * 1024 * 1024;

/// How names are compared: as Windows does, and `*` stays within one name.
const MATCHING: MatchOptions =
    MatchOptions { case_sensitive: false, require_literal_separator: true, require_literal_leading_dot: false };

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FileSearchArgs {
    /// Of names, such as *.txt, or of paths below the folder, such as src/**/*.rs
    pattern: Text<500>,
    /// Absolute path of the folder
    path: PathArg,
    /// Default true
    recursive: Option<bool>,
    /// Default 50
    limit: Option<Int<1, RESULT_CAP>>,
    /// Text that a line of the file holds
    content: Option<Text<500>>,
    /// Whether the case of letters in content counts
    match_case: Option<bool>,
}

#[derive(Serialize, JsonSchema)]
struct Line {
    /// From 1.
    number: usize,
    text: String,
}

#[derive(Serialize, JsonSchema)]
struct Found {
    /// Below the folder.
    path: String,
    /// `file`, `folder` or `link`.
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    /// Lines that hold the text, the first 20.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lines: Vec<Line>,
}

#[derive(Serialize, JsonSchema)]
struct Results {
    found: Vec<Found>,
    /// Entries looked at.
    visited: usize,
    /// Entries that a rule keeps back.
    withheld: usize,
    /// Folders and files that could not be read.
    unreadable: usize,
    /// Files whose text was not searched: no text, or too large.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_searched: Option<usize>,
    /// Why there may be more.
    #[serde(skip_serializing_if = "Option::is_none")]
    cut: Option<&'static str>,
}

struct Needle {
    text: String,
    match_case: bool,
}

impl Needle {
    fn is_in(&self, line: &str) -> bool {
        if self.match_case { line.contains(&self.text) } else { fold(line).contains(&self.text) }
    }
}

pub(super) struct Bound {
    folder: Held,
    pattern: Pattern,
    whole_path: bool,
    recursive: bool,
    limit: usize,
    needle: Option<Needle>,
}

pub(super) struct FileSearch;

impl Tool for FileSearch {
    type Args = FileSearchArgs;
    type Bound = Bound;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "FileSearch",
        title: "Find files",
        description: "Files below a folder by name pattern, and with `content` by a text that they hold (needs tier 3, as FileRead). Links are not followed.",
        tier: Tier::Observe,
        effects: &[Effect::ListFiles, Effect::ReadFiles],
        annotations: Annotations::READS,
        shape: Shape::Data,
        lane: Lane::Read,
        deadline: Duration::from_secs(30),
        needs_administrator: false,
        gates: &[],
        answer_cap: 2_000_000,
        secret_arguments: &[],
        examples: [
            (r#"{"path": "C:\\Users\\me\\Documents", "pattern": "*.xlsx"}"#, "Every workbook"),
            (r#"{"path": "C:\\src", "pattern": "**/*.toml", "content": "edition"}"#, "Files that hold a word"),
        ],
    };

    fn plan(args: FileSearchArgs, cx: &PlanContext<'_>) -> Result<Planned<Bound>, Fault> {
        let written = args.pattern.0.replace('\\', "/");
        let pattern = Pattern::new(&written).map_err(|error| {
            Fault::bad_argument("pattern", &args.pattern.0, error.msg, "use * ? [a-z] and ** between separators")
        })?;
        if written.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
            let rule = "it names what lies in or below the folder, as a name or as names between single separators";
            return Err(Fault::bad_argument("pattern", &args.pattern.0, rule, "say * for all names"));
        }
        if let (None, Some(match_case)) = (&args.content, args.match_case) {
            let rule = "it goes with content; names are compared as Windows does, whatever their case";
            return Err(Fault::bad_argument("match_case", match_case.to_string(), rule, "leave it out"));
        }
        let needle = args.content.map(|Text(text)| {
            let match_case = args.match_case.unwrap_or(false);
            Needle { text: if match_case { text } else { fold(&text) }, match_case }
        });
        if needle.as_ref().is_some_and(|needle| needle.text.is_empty()) {
            return Err(Fault::bad_argument("content", "", "the text is not empty", "leave it out to search names"));
        }
        if needle.as_ref().is_some_and(|needle| needle.text.contains(['\n', '\r'])) {
            let rule = "the text is looked for in each line, and holds no line end";
            return Err(Fault::bad_argument("content", "", rule, "look for one line of it"));
        }
        let folder = cx.readers.resolve_file(&args.path.0, LastLink::Followed)?;
        let mut effects = vec![Effect::ListFiles];
        effects.extend(needle.is_some().then_some(Effect::ReadFiles));
        let resource = folder.place().tree(Access::Read);
        let bound = Bound {
            folder,
            whole_path: written.contains('/'),
            pattern,
            recursive: args.recursive.unwrap_or(true),
            limit: args.limit.map_or(RESULT_DEFAULT, Int::size),
            needle,
        };
        Ok(disclosure(effects, resource, bound))
    }

    fn apply(bound: Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let (mut found, mut not_searched, mut unreadable) = (Vec::new(), 0_usize, 0_usize);
        let bounds = (cx.cancel, cx.deadline);
        let walked =
            walk(&bound.folder, bound.recursive, (permit, Effect::ListFiles), bounds, |folder, path, entry| {
                let compared = if bound.whole_path { path } else { entry.name.raw() };
                if !bound.pattern.matches_with(compared, MATCHING) {
                    return Ok(ControlFlow::Continue(()));
                }
                let mut lines = Vec::new();
                if let Some(needle) = &bound.needle {
                    if entry.kind != FileKind::File {
                        return Ok(ControlFlow::Continue(()));
                    }
                    match search(folder, entry, needle, permit, cx)? {
                        Searched::Lines(found) if found.is_empty() => return Ok(ControlFlow::Continue(())),
                        Searched::Lines(found) => lines = found,
                        Searched::NoText => {
                            not_searched = not_searched.saturating_add(1);
                            return Ok(ControlFlow::Continue(()));
                        }
                        Searched::Unreadable => {
                            unreadable = unreadable.saturating_add(1);
                            return Ok(ControlFlow::Continue(()));
                        }
                    }
                }
                if found.len() >= bound.limit {
                    return Ok(ControlFlow::Break("as many as asked for were found"));
                }
                found.push(Found {
                    path: visible(&path.replace('/', "\\"), FilePath::CAP),
                    kind: entry.kind.word(),
                    size: (entry.kind == FileKind::File).then_some(entry.size),
                    modified: moment(entry.modified),
                    lines,
                });
                Ok(ControlFlow::Continue(()))
            })?;
        data(&Results {
            found,
            visited: walked.visited,
            withheld: walked.withheld,
            unreadable: walked.unreadable.saturating_add(unreadable),
            not_searched: bound.needle.is_some().then_some(not_searched),
            cut: walked.cut,
        })
    }

    fn output_schema() -> Option<Value> {
        Some(schema::output::<Results>())
    }
}

enum Searched {
    Lines(Vec<Line>),
    NoText,
    Unreadable,
}

fn search(
    folder: &Held,
    entry: &FileFacts,
    needle: &Needle,
    permit: &Permit,
    cx: &ApplyContext<'_>,
) -> Result<Searched, Fault> {
    if entry.size > FILE_CAP {
        return Ok(Searched::NoText);
    }
    let read = |file: &Held, at, limit| match file.read(permit, at, limit) {
        Ok(bytes) => Ok(Some(bytes)),
        // One file of many that is open elsewhere, gone or kept back ends no search.
        Err(PortFault::File(_) | PortFault::OutsidePermit(_)) => Ok(None),
        Err(fault) => Err(Fault::from(fault)),
    };
    let Ok(file) = folder.child(entry.name.raw()) else { return Ok(Searched::Unreadable) };
    let Some(sample) = read(&file, 0, SAMPLE)? else { return Ok(Searched::Unreadable) };
    let Content::Text(encoding, _) = look(&sample, sample.len() < SAMPLE) else { return Ok(Searched::NoText) };
    let (mut lines, mut found, mut number, mut at) = (Lines::new(encoding), Vec::new(), 0_usize, 0_u64);
    loop {
        cx.cancel.check()?;
        let Some(bytes) = read(&file, at, PIECE)? else { return Ok(Searched::Unreadable) };
        let last = bytes.is_empty() || at > FILE_CAP;
        lines.feed(&bytes, last, LINE_BYTES, |line| {
            number = number.saturating_add(1);
            if found.len() < LINES_PER_FILE && needle.is_in(line) {
                let text = Untrusted::new(Source::File, line).one_line(LINE_CAP);
                found.push(Line { number, text });
            }
        });
        if last || found.len() >= LINES_PER_FILE {
            return Ok(Searched::Lines(found));
        }
        at = at.saturating_add(u64::try_from(bytes.len()).unwrap_or(0));
    }
}
