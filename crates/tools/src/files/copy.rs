//! `FileCopy`: a file, or a folder with all in it, to another place. Links are not copied and not followed.

use super::read::PIECE;
use super::walk::walk;
use super::{Held, PathArg, of_destination};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::tool::{Planned, Tool};
use portcullis_model::{Access, Effect, Fault, FaultCode, FilePath, Outcome, Reply, Reversibility, Tier};
use portcullis_platform::{FileFault, FileKind, LastLink};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::ControlFlow;
use std::time::Duration;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FileCopyArgs {
    /// Absolute path of a file or folder
    path: PathArg,
    /// Absolute path of the copy itself, not of the folder it goes into
    destination: PathArg,
    /// Replace files that are there
    overwrite: Option<bool>,
}

pub(super) struct Bound {
    from: Held,
    to: Held,
    overwrite: bool,
}

pub(super) struct FileCopy;

impl Tool for FileCopy {
    type Args = FileCopyArgs;
    type Bound = Bound;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "FileCopy",
        title: "Copy a file or folder",
        description: "Copy a file, or a folder with all in it, to another path. Nothing is replaced unless `overwrite`. Links are left out and counted.",
        tier: Tier::Alter,
        effects: &[Effect::WriteFiles, Effect::ReadFiles],
        annotations: Annotations { read_only: false, destructive: true, idempotent: false, open_world: false },
        shape: Shape::View,
        lane: Lane::Long,
        deadline: Duration::from_secs(300),
        needs_administrator: false,
        gates: &[],
        answer_cap: 2_000,
        secret_arguments: &[],
        examples: [
            (r#"{"path": "C:\\work\\a.txt", "destination": "C:\\work\\b.txt"}"#, "Copy a file"),
            (r#"{"path": "C:\\work\\site", "destination": "C:\\work\\site-old"}"#, "Copy a folder"),
        ],
    };

    fn plan(args: FileCopyArgs, cx: &PlanContext<'_>) -> Result<Planned<Bound>, Fault> {
        let from = cx.readers.resolve_file(&args.path.0, LastLink::Followed)?;
        let destination = &args.destination.0;
        let to = cx.readers.resolve_file(destination, LastLink::Itself).map_err(of_destination(destination))?;
        require_apart(&from.place().path, &to.place().path)?;
        Ok(Planned {
            resources: vec![to.place().tree(Access::Write), from.place().tree(Access::Read)],
            effects: vec![Effect::WriteFiles, Effect::ReadFiles],
            reversibility: Reversibility::Compensable,
            state_digest: None,
            deadline: None,
            bound: Bound { from, to, overwrite: args.overwrite.unwrap_or(false) },
        })
    }

    fn apply(bound: Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        match bound.from.place().kind() {
            None => Err(FileFault::Missing.into()),
            Some(FileKind::Link) => Err(FileFault::NotFile.into()),
            Some(FileKind::File) => {
                let size = copy_file(&bound.from, bound.to, bound.overwrite, permit, cx)?;
                Ok(Reply::action(Outcome::confirmed(format!("copied, {size} bytes")), Vec::new()))
            }
            Some(FileKind::Folder) => copy_folder(&bound, permit, cx),
        }
    }
}

/// Fails when one lies in the other, or both are the same.
pub(super) fn require_apart(from: &FilePath, to: &FilePath) -> Result<(), Fault> {
    if to.is_within(from) {
        let rule =
            "it is another path, and does not lie in what is copied or moved; the case of letters does not count";
        return Err(Fault::bad_argument("destination", to, rule, "choose a path outside of `path`"));
    }
    Ok(())
}

fn copy_file(from: &Held, to: Held, overwrite: bool, permit: &Permit, cx: &ApplyContext<'_>) -> Result<u64, Fault> {
    let path = to.place().path.clone();
    let at_destination = of_destination(&path);
    let (mut new, mut at) = (to.fill(permit, overwrite).map_err(&at_destination)?, 0_u64);
    loop {
        cx.cancel.check()?;
        let bytes = from.read(permit, at, PIECE)?;
        if bytes.is_empty() {
            break;
        }
        new.write(&bytes).map_err(&at_destination)?;
        at = at.saturating_add(u64::try_from(bytes.len()).unwrap_or(0));
    }
    let size = new.finish(permit).map_err(&at_destination)?;
    if size == at {
        Ok(size)
    } else {
        Err(Fault::new(FaultCode::SystemError, "the copy has another size than was read"))
    }
}

fn copy_folder(bound: &Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
    let root = bound.to.place().path.clone();
    // What may not be read is refused before anything is made.
    bound.from.entries(permit, Effect::ReadFiles, 1, cx.cancel)?;
    match bound.to.place().kind() {
        None => bound.to.make_folder(permit).map_err(of_destination(&root))?,
        Some(FileKind::Folder) if bound.overwrite => {}
        Some(_) => return Err(of_destination(&root)(FileFault::Exists)),
    }
    let (mut files, mut bytes, mut links) = (0_usize, 0_u64, 0_usize);
    let bounds = (cx.cancel, cx.deadline);
    let walked = walk(&bound.from, true, (permit, Effect::ReadFiles), bounds, |folder, below, entry| {
        let mut path = root.clone();
        for name in below.split('/') {
            path = path.join(name).map_err(|bad| Fault::bad_argument("path", below, bad.rule(), "rename it first"))?;
        }
        match entry.kind {
            FileKind::Link => links = links.saturating_add(1),
            FileKind::Folder => {
                let to = cx.ports.files.resolve(&path, LastLink::Itself).map_err(of_destination(&path))?;
                if !(bound.overwrite && to.place().kind() == Some(FileKind::Folder)) {
                    to.make_folder(permit).map_err(of_destination(&path))?;
                }
            }
            FileKind::File => {
                let to = cx.ports.files.resolve(&path, LastLink::Itself).map_err(of_destination(&path))?;
                let from = folder.child(entry.name.raw())?;
                bytes = bytes.saturating_add(copy_file(&from, to, bound.overwrite, permit, cx)?);
                files = files.saturating_add(1);
            }
        }
        Ok(ControlFlow::Continue(()))
    });
    let walked = walked.map_err(|fault| {
        let made = format!("the folder {} is there and holds {files} files of the copy, {bytes} bytes", root.as_str());
        fault.done(vec![made])
    })?;
    let mut lines = vec![format!("copied, {files} files, {bytes} bytes")];
    for (count, what) in
        [(links, "links left out"), (walked.withheld, "kept back by a rule"), (walked.unreadable, "not readable")]
    {
        if count > 0 {
            lines.push(format!("{count} {what}"));
        }
    }
    Ok(Reply::action(
        match walked.cut {
            None => Outcome::Confirmed(portcullis_model::Evidence { lines }),
            Some(why) => Outcome::Unverified { why: format!("{}; not all: {why}", lines.join("; ")) },
        },
        Vec::new(),
    ))
}
