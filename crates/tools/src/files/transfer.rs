//! `FileDownload` and `FileUpload`: files as bytes for programs, in pieces that fit a message. What a file says is for
//! `FileRead` and `FileWrite`. An upload that is not ended leaves nothing.

use super::piece::{MASKED, Piece};
use super::{Held, PathArg, disclosure, hashed, hex};
use crate::args::{Int, Text};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::tool::{Planned, Tool};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis_model::{Access, Blob, Effect, Fault, FaultCode, FilePath, Outcome, Part, Reply, Reversibility, Tier};
use portcullis_platform::{FileFault, FileKind, LastLink, NewFile};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::time::{Duration, Instant};

/// Bytes of one piece when nothing is said, and at most: what clients take in one message.
const PIECE_DEFAULT: usize = 512 * 1024;
const PIECE_CAP: usize = 1024 * 1024;
/// Bytes up to which the digest of a whole file is told with its first piece; reading more takes longer than a call.
const HASHED_CAP: u64 = 64 * 1024 * 1024;
/// The largest number of a byte that arguments can name.
const OFFSET_CAP: i64 = 1_000_000_000;
/// Characters of base64 in one piece: two thirds of what a request may hold.
const DATA_CAP: usize = 2_700_000;
/// Uploads of one caller that are under way.
const UPLOADS_CAP: usize = 4;
/// How long the next piece of an upload may take to come.
const UPLOAD_LIMIT: Duration = Duration::from_secs(600);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FileDownloadArgs {
    /// Absolute path of a file
    path: PathArg,
    /// First byte, default 0
    offset: Option<Int<0, OFFSET_CAP>>,
    /// Bytes, default 524288
    limit: Option<Int<1, 1_048_576>>,
}

pub(super) struct FileDownload;

impl Tool for FileDownload {
    type Args = FileDownloadArgs;
    type Bound = (Held, usize, usize);

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "FileDownload",
        title: "Fetch a file's bytes",
        description: "A file's bytes as an embedded resource, in pieces, with sizes and SHA-256, for a client that keeps them. FileRead shows a file's text or base64 to the model.",
        tier: Tier::Alter,
        effects: &[Effect::ReadFiles],
        annotations: Annotations::READS,
        shape: Shape::View,
        lane: Lane::Read,
        deadline: Duration::from_secs(20),
        needs_administrator: false,
        gates: &[],
        answer_cap: PIECE_CAP + 2_000,
        secret_arguments: &[],
        examples: [
            (r#"{"path": "C:\\work\\report.pdf"}"#, "Fetch a small file"),
            (r#"{"path": "C:\\work\\disk.img", "offset": 524288}"#, "The next piece of a large one"),
        ],
    };

    fn plan(args: FileDownloadArgs, cx: &PlanContext<'_>) -> Result<Planned<Self::Bound>, Fault> {
        let file = cx.readers.resolve_file(&args.path.0, LastLink::Followed)?;
        let resource = file.place().one(Access::Read);
        let limit = args.limit.map_or(PIECE_DEFAULT, Int::size);
        Ok(disclosure(vec![Effect::ReadFiles], resource, (file, args.offset.map_or(0, Int::size), limit)))
    }

    fn apply((file, offset, limit): Self::Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let from = u64::try_from(offset).unwrap_or(u64::MAX);
        let piece = Piece::read(&file, permit, from, limit)?;
        if file.place().kind() != Some(FileKind::File) {
            return Err(FileFault::NotFile.into());
        }
        let Piece { bytes, more, masked } = piece;
        let next = offset.saturating_add(bytes.len());
        let own = hex(Sha256::new_with_prefix(&bytes));
        let mut text = format!("{} bytes from {offset}, sha256 {own}", bytes.len());
        text.push_str(&if more { format!("; more follows, go on with offset {next}") } else { "; the end".to_owned() });
        if masked {
            text.push_str(MASKED);
        }
        if offset == 0 && more {
            text.push_str(&whole(&file, permit, cx)?);
        }
        let uri = format!("portcullis://files/{}?offset={offset}", STANDARD.encode(file.place().path.to_string()));
        let blob = Blob { uri, mime: "application/octet-stream", bytes };
        Ok(Reply::View { parts: vec![Part::Text(text), Part::Blob(blob)], outcome: None })
    }
}

/// What is told of the whole file beside its first piece, when that is not all of it.
fn whole(file: &Held, permit: &Permit, cx: &ApplyContext<'_>) -> Result<String, Fault> {
    let (hash, size) = hashed(file, permit, cx, (Sha256::new(), 0), HASHED_CAP)?;
    Ok(if size <= HASHED_CAP {
        format!("; the whole file has {size} bytes, sha256 {}", hex(hash))
    } else {
        format!("; the whole file has more than {HASHED_CAP} bytes; FileInfo tells how many")
    })
}

/// One upload that is under way.
struct Pending {
    path: FilePath,
    file: Box<dyn NewFile>,
    hash: Sha256,
    size: u64,
    touched: Instant,
}

/// The uploads of one principal that are under way. What is taken out and dropped leaves nothing on the disk.
#[derive(Default)]
pub(crate) struct Uploads(Vec<Pending>);

impl std::fmt::Debug for Uploads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Uploads({})", self.0.len())
    }
}

impl Uploads {
    /// Where the upload to this path is that has so many bytes; one whose next piece did not come in time is none.
    fn find(&mut self, path: &FilePath, offset: u64) -> Result<(usize, &Pending), Fault> {
        self.0.retain(|pending| pending.touched.elapsed() < UPLOAD_LIMIT);
        match self.0.iter().enumerate().find(|(_, pending)| pending.path == *path) {
            Some((at, pending)) if pending.size == offset => Ok((at, pending)),
            Some((_, pending)) => Err(Fault::bad_argument(
                "offset",
                offset,
                &format!("the next piece begins where the last one ended, at {}", pending.size),
                "send that piece, or begin anew with offset 0",
            )),
            _ => Err(Fault::new(FaultCode::NotFound, "no upload to this path is under way")
                .field("offset")
                .value(offset)
                .rule(format!(
                    "an upload begins with offset 0, and the next piece comes within {} s",
                    UPLOAD_LIMIT.as_secs()
                ))
                .remedy("begin anew with offset 0")),
        }
    }

    /// Makes room for an upload to this path: an earlier one to it is dropped.
    fn make_room(&mut self, path: &FilePath) -> Result<(), Fault> {
        self.0.retain(|pending| pending.path != *path && pending.touched.elapsed() < UPLOAD_LIMIT);
        if self.0.len() < UPLOADS_CAP {
            return Ok(());
        }
        Err(Fault::new(FaultCode::Busy, "as many uploads as one caller may have are under way")
            .rule(format!("at most {UPLOADS_CAP} at once"))
            .remedy("end one with its last piece first"))
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FileUploadArgs {
    /// Absolute path of the file; its folder is there
    path: PathArg,
    /// The bytes, or a piece of them, at most 2 MB
    data_base64: Text<DATA_CAP>,
    /// Where the piece begins, default 0: a new upload
    offset: Option<Int<0, OFFSET_CAP>>,
    /// More pieces follow
    more: Option<bool>,
    /// Of the whole, in hex; checked before the file takes its place
    sha256: Option<Text<64>>,
    /// Replace what is there (default false)
    overwrite: Option<bool>,
}

pub(super) struct Sent {
    file: Held,
    bytes: Vec<u8>,
    offset: u64,
    more: bool,
    expected: Option<String>,
    overwrite: bool,
}

pub(super) struct FileUpload;

impl Tool for FileUpload {
    type Args = FileUploadArgs;
    type Bound = Sent;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "FileUpload",
        title: "Store a file's bytes",
        description: "Store base64 bytes as a file, in one piece or several (`offset`, `more`). The file takes its place whole, once its last piece is there and its SHA-256 fits.",
        tier: Tier::Alter,
        effects: &[Effect::WriteFiles],
        annotations: Annotations { read_only: false, destructive: true, idempotent: false, open_world: false },
        shape: Shape::View,
        lane: Lane::Read,
        deadline: Duration::from_secs(20),
        needs_administrator: false,
        gates: &[],
        answer_cap: 1_000,
        secret_arguments: &["data_base64"],
        examples: [
            (r#"{"path": "C:\\work\\icon.png", "data_base64": "iVBORw0KGgo="}"#, "Store a small file"),
            (r#"{"path": "C:\\work\\disk.img", "data_base64": "AAAA", "more": true}"#, "Begin a large one"),
        ],
    };

    fn plan(args: FileUploadArgs, cx: &PlanContext<'_>) -> Result<Planned<Sent>, Fault> {
        let bytes = STANDARD.decode(args.data_base64.0.as_bytes()).map_err(|_| {
            Fault::new(FaultCode::BadArgument, "`data_base64` is not valid")
                .field("data_base64")
                .rule("it is base64 with padding and without line ends; its value is not repeated here")
                .remedy("encode the bytes anew")
        })?;
        let expected = args.sha256.map(|Text(digest)| super::parse_sha256("sha256", &digest)).transpose()?;
        let file = cx.readers.resolve_file(&args.path.0, LastLink::Followed)?;
        let sent = Sent {
            bytes,
            offset: args.offset.map_or(0, |offset| u64::try_from(offset.get()).unwrap_or(0)),
            more: args.more.unwrap_or(false),
            expected,
            overwrite: args.overwrite.unwrap_or(false),
            file,
        };
        Ok(Planned {
            resources: vec![sent.file.place().one(Access::Write)],
            effects: vec![Effect::WriteFiles],
            reversibility: Reversibility::Irreversible,
            state_digest: None,
            deadline: None,
            bound: sent,
        })
    }

    fn apply(sent: Sent, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let path = sent.file.place().path.clone();
        let replaced = sent.file.place().found.is_some();
        let mut uploads = cx.tables.uploads();
        let under_way = if sent.offset == 0 { None } else { Some(uploads.find(&path, sent.offset)?) };
        let before = under_way.as_ref().map_or_else(Sha256::new, |(_, pending)| pending.hash.clone());
        let at = under_way.map(|(at, _)| at);
        let hash = before.chain_update(&sent.bytes);
        // Before anything is written: a last piece that does not fit costs nothing but itself.
        if !sent.more {
            require_digest(sent.expected.as_deref(), &hash, at.is_some())?;
        }
        let mut pending = match at {
            Some(at) => uploads.0.swap_remove(at),
            None => {
                uploads.make_room(&path)?;
                let file = sent.file.fill(permit, sent.overwrite)?;
                Pending { path, file, hash: Sha256::new(), size: 0, touched: Instant::now() }
            }
        };
        pending.file.write(&sent.bytes)?;
        pending.hash = hash;
        pending.size = pending.size.saturating_add(u64::try_from(sent.bytes.len()).unwrap_or(u64::MAX));
        pending.touched = Instant::now();
        if sent.more {
            let size = pending.size;
            uploads.0.push(pending);
            return Ok(Reply::action(
                Outcome::confirmed(format!("{size} bytes are kept; the place is as it was. Go on with offset {size}")),
                Vec::new(),
            ));
        }
        drop(uploads);
        let digest = hex(pending.hash);
        let size = pending.file.finish(permit)?;
        let word = if replaced { "replaced" } else { "made" };
        Ok(Reply::action(
            if size == pending.size {
                Outcome::confirmed(format!("{word}, {size} bytes, sha256 {digest}"))
            } else {
                Outcome::Unverified { why: format!("{} bytes were written and the file has {size}", pending.size) }
            },
            Vec::new(),
        ))
    }
}

/// Fails unless the whole is what was meant, where that was said.
fn require_digest(expected: Option<&str>, whole: &Sha256, has_earlier: bool) -> Result<(), Fault> {
    let digest = hex(whole.clone());
    let Some(expected) = expected.filter(|expected| *expected != digest) else { return Ok(()) };
    let (kept, remedy) = if has_earlier {
        let seconds = UPLOAD_LIMIT.as_secs();
        let kept =
            format!("this piece was not taken; the earlier ones are kept for {seconds} s after the last of them");
        (kept, "send this piece as it is meant, or the file anew from offset 0")
    } else {
        ("nothing was kept".to_owned(), "send the file anew")
    };
    Err(Fault::new(FaultCode::BadArgument, "the bytes are not those that were meant")
        .field("sha256")
        .value(expected)
        .rule(format!("with this piece the whole would have sha256 {digest}; the place is as it was, and {kept}"))
        .remedy(remedy))
}
