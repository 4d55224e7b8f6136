//! `FileRead`: what a file holds, as text by lines or as bytes, in pieces with how to get the next.

use super::piece::{MASKED, Piece};
use super::text::{BINARY, Content, Known, Lines, SAMPLE, look};
use super::{Held, PathArg, disclosure};
use crate::args::{Int, Text};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::tool::{Planned, Tool};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use encoding_rs::Encoding;
use portcullis_model::{Access, Effect, Fault, FaultCode, Reply, Source, Tier, Untrusted};
use portcullis_platform::{FileFault, FileKind, LastLink};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// Characters of text that one answer holds.
const TEXT_CAP: usize = 100_000;
/// Lines of one answer when nothing is said.
const LINES_DEFAULT: usize = 2_000;
/// Bytes of one binary answer.
const BINARY_CAP: usize = 256 * 1024;
/// Bytes of one binary answer when nothing is said.
const BINARY_DEFAULT: usize = 48 * 1024;
/// Bytes read at a time.
pub(super) const PIECE: usize = 256 * 1024;
/// The furthest line or byte that can be asked for.
const OFFSET_CAP: i64 = 2_000_000_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FileReadArgs {
    /// Absolute path of a file
    path: PathArg,
    /// Lines to pass over; bytes of binary
    offset: Option<Int<0, OFFSET_CAP>>,
    /// Lines to read, default 2000; bytes of binary
    limit: Option<Int<1, 1_000_000>>,
    /// Such as utf-8, utf-16le, windows-1252, or binary for base64; found out when left out
    encoding: Option<Text<40>>,
}

enum Wanted {
    Found,
    Named(&'static Encoding),
    Binary,
}

pub(super) struct Bound {
    file: Held,
    offset: usize,
    limit: Option<usize>,
    wanted: Wanted,
}

pub(super) struct FileRead;

impl Tool for FileRead {
    type Args = FileReadArgs;
    type Bound = Bound;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "FileRead",
        title: "Read a file",
        description: "What a file holds: text by lines, its encoding found out, or bytes as base64. Says what was left out and where to go on.",
        tier: Tier::Alter,
        effects: &[Effect::ReadFiles],
        annotations: Annotations::READS,
        shape: Shape::View,
        lane: Lane::Read,
        deadline: Duration::from_secs(20),
        needs_administrator: false,
        gates: &[],
        answer_cap: 4 * TEXT_CAP + 400,
        secret_arguments: &[],
        examples: [
            (r#"{"path": "C:\\Users\\me\\notes.txt"}"#, "Read it from the start"),
            (r#"{"path": "C:\\Users\\me\\app.log", "offset": 2000, "limit": 100}"#, "A hundred lines further down"),
        ],
    };

    fn plan(args: FileReadArgs, cx: &PlanContext<'_>) -> Result<Planned<Bound>, Fault> {
        let wanted = match &args.encoding {
            None => Wanted::Found,
            Some(Text(name)) if name.eq_ignore_ascii_case(BINARY) => Wanted::Binary,
            Some(Text(name)) => match Encoding::for_label(name.as_bytes()) {
                Some(encoding) => Wanted::Named(encoding),
                None => {
                    let rule = "it is the name of an encoding of the WHATWG list, or binary";
                    return Err(Fault::bad_argument("encoding", name, rule, "leave it out to have it found out"));
                }
            },
        };
        let file = cx.readers.resolve_file(&args.path.0, LastLink::Followed)?;
        let resource = file.place().one(Access::Read);
        let offset = args.offset.map_or(0, Int::size);
        let bound = Bound { file, offset, limit: args.limit.map(Int::size), wanted };
        Ok(disclosure(vec![Effect::ReadFiles], resource, bound))
    }

    fn apply(bound: Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let sample = bound.file.read(permit, 0, SAMPLE)?;
        if bound.file.place().kind() != Some(FileKind::File) {
            return Err(FileFault::NotFile.into());
        }
        let (encoding, known) = match bound.wanted {
            Wanted::Binary => return binary(&bound, permit),
            Wanted::Named(encoding) => (encoding, Known::Named),
            Wanted::Found => match look(&sample, sample.len() < SAMPLE) {
                Content::Text(encoding, known) => (encoding, known),
                Content::Binary => {
                    return Err(Fault::new(FaultCode::BadArgument, "the file holds no text")
                        .field("encoding")
                        .rule("text holds no NUL bytes but in UTF-16")
                        .remedy("read it with encoding `binary`, or name the encoding"));
                }
            },
        };
        text(&bound, permit, cx, encoding, known)
    }
}

fn binary(bound: &Bound, permit: &Permit) -> Result<Reply, Fault> {
    let limit = bound.limit.unwrap_or(BINARY_DEFAULT).min(BINARY_CAP);
    let from = u64::try_from(bound.offset).unwrap_or(u64::MAX);
    let Piece { bytes, more, masked } = Piece::read(&bound.file, permit, from, limit)?;
    let next = bound.offset.saturating_add(bytes.len());
    let end = if more { format!("more follows, go on with offset {next}") } else { "to the end".to_owned() };
    let masked = if masked { MASKED } else { "" };
    let head = format!("[{} bytes from {}, base64; {end}{masked}]", bytes.len(), bound.offset);
    Ok(Reply::text(format!("{head}\n{}", STANDARD.encode(bytes))))
}

/// Reads until enough lines were taken; a file is never held whole.
fn text(
    bound: &Bound,
    permit: &Permit,
    cx: &ApplyContext<'_>,
    encoding: &'static Encoding,
    known: Known,
) -> Result<Reply, Fault> {
    let limit = bound.limit.unwrap_or(LINES_DEFAULT);
    let (mut lines, mut taken) = (Lines::new(encoding), Taken { skip: bound.offset, limit, ..Taken::default() });
    let mut at = 0_u64;
    loop {
        cx.cancel.check()?;
        let bytes = bound.file.read(permit, at, PIECE)?;
        let last = bytes.is_empty();
        lines.feed(&bytes, last, TEXT_CAP * 4, |line| taken.line(line));
        if last || taken.full {
            break;
        }
        at = at.saturating_add(u64::try_from(bytes.len()).unwrap_or(0));
    }
    let how = match known {
        Known::Named => "as asked",
        Known::Marked => "marked",
        Known::Fits => "found",
        Known::Guessed => "guessed",
    };
    let mut head = format!("[{}, {how}", encoding.name());
    let last = bound.offset.saturating_add(taken.count);
    if taken.count == 0 {
        head.push_str(&format!("; no line from offset {} on, the file has {}", bound.offset, taken.seen));
    } else {
        head.push_str(&format!("; lines {} to {last}", bound.offset.saturating_add(1)));
        let end = if taken.full { format!(", more follow, go on with offset {last}") } else { ", the end".to_owned() };
        head.push_str(&end);
    }
    if taken.cut {
        head.push_str("; a line is longer than an answer and is cut");
    }
    if lines.malformed {
        head.push_str("; some bytes are no character of it and stand as U+FFFD");
    }
    Ok(Reply::text(format!("{head}]\n{}", Untrusted::new(Source::File, taken.text))))
}

/// The lines of one answer.
#[derive(Default)]
struct Taken {
    skip: usize,
    limit: usize,
    seen: usize,
    count: usize,
    characters: usize,
    text: String,
    /// Whether no further line has room, and there is one.
    full: bool,
    /// Whether a line was cut.
    cut: bool,
}

impl Taken {
    fn line(&mut self, line: &str) {
        self.seen = self.seen.saturating_add(1);
        if self.seen <= self.skip || self.full {
            return;
        }
        let length = line.chars().count();
        if self.count >= self.limit || (self.count > 0 && self.characters.saturating_add(length) > TEXT_CAP) {
            self.full = true;
            return;
        }
        if self.count > 0 {
            self.text.push('\n');
        }
        self.cut |= length > TEXT_CAP;
        self.text.extend(line.chars().take(TEXT_CAP));
        self.characters = self.characters.saturating_add(length);
        self.count = self.count.saturating_add(1);
    }
}
