//! `FileWrite`: text or bytes into a file, whole or at its end. The new file takes the old one's place at once, so that
//! nobody ever sees half of it.

use super::text::{UnknownEncoding, Written, encoded};
use super::{Held, PathArg};
use crate::args::Text;
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::tool::{Planned, Tool};
use portcullis_model::{Access, Digest, Effect, Fault, FaultCode, FilePath, Outcome, Reply, Reversibility, Tier};
use portcullis_platform::{FileFault, FileKind, LastLink};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// Characters of one call.
const CONTENT_CAP: usize = 4_000_000;
/// Folders above a file that are made with it.
const FOLDER_CAP: usize = 32;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FileWriteArgs {
    /// Absolute path of the file; folders that are missing are made
    path: PathArg,
    /// Line ends are kept as they are
    content: Text<CONTENT_CAP>,
    /// Default utf-8; utf-16le and utf-16be with their mark, windows-1252, …, or binary for base64
    encoding: Option<Text<40>>,
    /// Add to the end
    append: Option<bool>,
    /// Of the content to be replaced, in hex; another content is left as it is
    expect_sha256: Option<Text<64>>,
}

pub(super) struct Bound {
    file: Held,
    /// Folders that are missing, the highest first.
    folders: Vec<FilePath>,
    written: Written,
    append: bool,
    expected: Option<String>,
}

pub(super) struct FileWrite;

impl Tool for FileWrite {
    type Args = FileWriteArgs;
    type Bound = Bound;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "FileWrite",
        title: "Write a file",
        description: "Write text or base64 bytes to a file, replacing what it holds at once, or add to its end. `expect_sha256` guards against changes in between.",
        tier: Tier::Alter,
        effects: &[Effect::WriteFiles, Effect::ReadFiles],
        annotations: Annotations { read_only: false, destructive: true, idempotent: false, open_world: false },
        shape: Shape::View,
        lane: Lane::Read,
        deadline: Duration::from_secs(20),
        needs_administrator: false,
        gates: &[],
        answer_cap: 2_000,
        secret_arguments: &["content"],
        examples: [
            (r#"{"path": "C:\\work\\notes.txt", "content": "Hello"}"#, "Write a text file"),
            (r#"{"path": "C:\\work\\app.log", "content": "done\r\n", "append": true}"#, "Add a line"),
        ],
    };

    fn plan(args: FileWriteArgs, cx: &PlanContext<'_>) -> Result<Planned<Bound>, Fault> {
        let label = args.encoding.as_ref().map(|Text(label)| label.as_str());
        let written = match encoded(&args.content.0, label) {
            Ok(written) => written,
            Err(UnknownEncoding(rule)) => {
                let shown = label.unwrap_or_default();
                return Err(Fault::bad_argument("encoding", shown, rule, "leave it out for utf-8"));
            }
        };
        let expected =
            args.expect_sha256.map(|Text(digest)| super::parse_sha256("expect_sha256", &digest)).transpose()?;
        let file = cx.readers.resolve_file(&args.path.0, LastLink::Followed)?;
        let mut resources = vec![file.place().one(Access::Write)];
        let mut effects = vec![Effect::WriteFiles];
        let append = args.append.unwrap_or(false);
        let joins_marked = append && written.mark > 0 && file.place().kind() == Some(FileKind::File);
        if expected.is_some() || joins_marked {
            resources.push(file.place().one(Access::Read));
            effects.push(Effect::ReadFiles);
        }
        let mut folders = Vec::new();
        let mut above = file.place().path.parent();
        while let Some(folder) = above {
            let place = cx.readers.resolve_file(&folder, LastLink::Itself)?;
            if place.place().found.is_some() {
                break;
            }
            if folders.len() >= FOLDER_CAP {
                return Err(FileFault::Missing.into());
            }
            resources.push(place.place().one(Access::Write));
            folders.insert(0, folder.clone());
            above = folder.parent();
        }
        Ok(Planned {
            resources,
            effects,
            reversibility: Reversibility::Irreversible,
            state_digest: None,
            deadline: None,
            bound: Bound { file, folders, written, append, expected },
        })
    }

    fn apply(bound: Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let mut file = bound.file;
        if let Some(expected) = bound.expected {
            let found = super::digest(&file, permit, cx)?;
            if found != expected {
                return Err(Fault::new(FaultCode::BadArgument, "the file holds something else than was expected")
                    .field("expect_sha256")
                    .rule("what is replaced is what the caller last saw")
                    .remedy("read the file again with FileRead, then write"));
            }
        }
        for folder in &bound.folders {
            match cx.ports.files.resolve(folder, LastLink::Itself)?.make_folder(permit) {
                // Another program was quicker.
                Ok(()) | Err(portcullis_platform::PortFault::File(FileFault::Exists)) => {}
                Err(fault) => return Err(fault.into()),
            }
        }
        if !bound.folders.is_empty() {
            file = cx.ports.files.resolve(&file.place().path.clone(), LastLink::Itself)?;
        }
        let Written { bytes, mark } = bound.written;
        let length = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if bound.append && file.place().kind() == Some(FileKind::File) {
            let added = added(&file, permit, &bytes, mark)?;
            let (size, total) = (file.append(permit, added)?, length(added));
            return Ok(Reply::action(
                Outcome::confirmed(format!("{total} bytes added; the file has {size}")),
                Vec::new(),
            ));
        }
        let replaced = file.place().found.is_some();
        let total = length(&bytes);
        let mut new = file.fill(permit, true)?;
        new.write(&bytes)?;
        let size = new.finish(permit)?;
        let word = if replaced { "replaced" } else { "made" };
        let digest = Digest::of(&bytes);
        Ok(Reply::action(
            if size == total {
                Outcome::confirmed(format!("{word}, {size} bytes, sha256 {digest}"))
            } else {
                Outcome::Unverified { why: format!("{total} bytes were written and the file has {size}") }
            },
            Vec::new(),
        ))
    }
}

/// What is added of the bytes to what a file holds: the mark in front of them is that of the file's begin, and not added again.
fn added<'bytes>(file: &Held, permit: &Permit, bytes: &'bytes [u8], mark: usize) -> Result<&'bytes [u8], Fault> {
    let (Some((mark, text)), true) = (bytes.split_at_checked(mark), mark > 0) else { return Ok(bytes) };
    match file.read(permit, 0, mark.len())?.as_slice() {
        [] => Ok(bytes),
        begin if begin == mark => Ok(text),
        _ => Err(Fault::new(FaultCode::BadArgument, "the file does not begin with the mark of this encoding")
            .field("encoding")
            .rule("what is added has the encoding of what is there")
            .remedy("FileRead says which that is")),
    }
}
