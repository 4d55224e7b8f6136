//! `FileMove` and `FileDelete`: a file, a folder with all in it, or a link itself, never what it leads to.

use super::copy::require_apart;
use super::walk::walk;
use super::{Held, PathArg, of_destination};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::tool::{Planned, Tool};
use portcullis_model::{Access, Effect, Fault, FaultCode, Outcome, Reply, Reversibility, Tier};
use portcullis_platform::{FileFault, FileKind, HeldFile, LastLink, PortFault};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::ControlFlow;
use std::time::Duration;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FileMoveArgs {
    /// Absolute path of a file, folder or link
    path: PathArg,
    /// Its new absolute path on the same drive
    destination: PathArg,
    /// Replace a file that is there
    overwrite: Option<bool>,
}

pub(super) struct MoveBound {
    from: Held,
    to: Held,
    overwrite: bool,
}

pub(super) struct FileMove;

impl Tool for FileMove {
    type Args = FileMoveArgs;
    type Bound = MoveBound;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "FileMove",
        title: "Move or rename",
        description: "Move or rename a file, folder or link (the link itself) on its drive. Nothing is replaced unless `overwrite`, and then only a file.",
        tier: Tier::Alter,
        effects: &[Effect::RemoveFiles, Effect::WriteFiles],
        annotations: Annotations { read_only: false, destructive: true, idempotent: false, open_world: false },
        shape: Shape::View,
        lane: Lane::Long,
        deadline: Duration::from_secs(60),
        needs_administrator: false,
        gates: &[],
        answer_cap: 2_000,
        secret_arguments: &[],
        examples: [
            (r#"{"path": "C:\\work\\a.txt", "destination": "C:\\work\\b.txt"}"#, "Rename a file"),
            (r#"{"path": "C:\\work\\old", "destination": "C:\\work\\archive\\old"}"#, "Move a folder"),
        ],
    };

    fn plan(args: FileMoveArgs, cx: &PlanContext<'_>) -> Result<Planned<MoveBound>, Fault> {
        let from = cx.readers.resolve_file(&args.path.0, LastLink::Itself)?;
        let destination = &args.destination.0;
        let to = cx.readers.resolve_file(destination, LastLink::Itself).map_err(of_destination(destination))?;
        require_apart(&from.place().path, &to.place().path)?;
        let resources = vec![from.place().tree(Access::Write), to.place().tree(Access::Write)];
        let effects = vec![Effect::RemoveFiles, Effect::WriteFiles];
        let bound = MoveBound { from, to, overwrite: args.overwrite.unwrap_or(false) };
        let reversibility = if bound.overwrite { Reversibility::Irreversible } else { Reversibility::Reversible };
        Ok(Planned { resources, effects, reversibility, state_digest: None, deadline: None, bound })
    }

    fn apply(bound: MoveBound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let target = bound.to.place().path.clone();
        let kind = bound.from.place().kind().ok_or(FileFault::Missing)?;
        if kind == FileKind::Folder {
            require_all(&bound.from, Some(&*bound.to), permit, cx)?;
        }
        bound.from.move_to(permit, bound.to, bound.overwrite).map_err(|fault| match fault {
            // What is moved was seen above.
            PortFault::File(FileFault::Exists | FileFault::Missing) => of_destination(&target)(fault),
            other => other.into(),
        })?;
        let identity = bound.from.place().found;
        let now = cx.ports.files.resolve(&target, LastLink::Itself)?;
        Ok(Reply::action(
            if now.place().found == identity {
                Outcome::confirmed(format!("the {} lies there now", kind.word()))
            } else {
                Outcome::Unverified { why: "another thing lies there by now".to_owned() }
            },
            Vec::new(),
        ))
    }
}

/// Fails when a rule keeps back anything in the folder, where it lies or where it would come to lie.
fn require_all(from: &Held, to: Option<&dyn HeldFile>, permit: &Permit, cx: &ApplyContext<'_>) -> Result<(), Fault> {
    let kept = || {
        Fault::new(FaultCode::Denied, "the folder holds what a rule keeps back")
            .rule("what a rule keeps back is not moved or deleted with the folder around it")
            .remedy("move or delete what else is in it one by one")
    };
    let shut = || {
        Fault::new(
            FaultCode::Denied,
            "something in the folder would come to lie where a rule keeps it from being written",
        )
        .field("destination")
        .rule("a folder is moved only when all in it may be written at its new place")
        .remedy("choose another destination, or move what is in it one by one")
    };
    let root = from.place().path.clone();
    let walked = walk(from, true, (permit, Effect::RemoveFiles), (cx.cancel, cx.deadline), |folder, below, entry| {
        let child = folder.child(entry.name.raw())?;
        permit.require(Effect::RemoveFiles, &child.place().one(Access::Write)).map_err(|_| kept())?;
        if let Some(to) = to {
            let mut place = portcullis_platform::FilePlace { path: to.place().path.clone(), found: None };
            for name in below.split('/') {
                place.path = place.path.join(name).map_err(|_| shut())?;
            }
            permit.require(Effect::WriteFiles, &place.one(Access::Write)).map_err(|_| shut())?;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    if walked.withheld > 0 {
        return Err(kept());
    }
    if walked.cut.is_some() || walked.unreadable > 0 {
        let why = walked.cut.unwrap_or("a folder in it cannot be read");
        return Err(Fault::new(FaultCode::TooLarge, format!("not all of {root} could be looked at: {why}"))
            .rule("a folder is moved or deleted whole only when all in it was looked at")
            .remedy("do it in parts"));
    }
    Ok(())
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FileDeleteArgs {
    /// Absolute path of a file, folder or link
    path: PathArg,
    /// A folder with all in it
    recursive: Option<bool>,
    /// Not into the recycle bin
    permanent: Option<bool>,
}

pub(super) struct DeleteBound {
    held: Held,
    recursive: bool,
    permanent: bool,
}

pub(super) struct FileDelete;

impl Tool for FileDelete {
    type Args = FileDeleteArgs;
    type Bound = DeleteBound;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "FileDelete",
        title: "Delete",
        description: "Put a file, folder or link (the link itself) into the recycle bin, or delete it for good with `permanent`. A folder that holds something needs `recursive`.",
        tier: Tier::Alter,
        effects: &[Effect::RemoveFiles],
        annotations: Annotations { read_only: false, destructive: true, idempotent: false, open_world: false },
        shape: Shape::View,
        lane: Lane::Long,
        deadline: Duration::from_secs(120),
        needs_administrator: false,
        gates: &[],
        answer_cap: 2_000,
        secret_arguments: &[],
        examples: [
            (r#"{"path": "C:\\work\\old.txt"}"#, "Put it into the recycle bin"),
            (r#"{"path": "C:\\work\\build", "recursive": true, "permanent": true}"#, "Delete a folder for good"),
        ],
    };

    fn plan(args: FileDeleteArgs, cx: &PlanContext<'_>) -> Result<Planned<DeleteBound>, Fault> {
        let held = cx.readers.resolve_file(&args.path.0, LastLink::Itself)?;
        let (resources, effects) = (vec![held.place().tree(Access::Write)], vec![Effect::RemoveFiles]);
        let permanent = args.permanent.unwrap_or(false);
        let reversibility = if permanent { Reversibility::Irreversible } else { Reversibility::Compensable };
        let bound = DeleteBound { held, recursive: args.recursive.unwrap_or(false), permanent };
        Ok(Planned { resources, effects, reversibility, state_digest: None, deadline: None, bound })
    }

    fn apply(bound: DeleteBound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let path = bound.held.place().path.clone();
        let kind = bound.held.place().kind().ok_or(FileFault::Missing)?;
        if kind == FileKind::Folder {
            if !bound.recursive && !is_empty(&bound.held, permit, cx)? {
                return Err(FileFault::NotEmpty.into());
            }
            // All of it is looked at before any of it goes.
            require_all(&bound.held, None, permit, cx)?;
        }
        let mut binned = false;
        if bound.permanent {
            if kind == FileKind::Folder {
                remove_all(&bound.held, permit, cx)?;
            }
            bound.held.remove(permit)?;
        } else {
            binned = bound.held.recycle(permit, cx.deadline, cx.cancel)?;
        }
        let now = cx.ports.files.resolve(&path, LastLink::Itself)?;
        let how = match (bound.permanent, binned) {
            (true, _) => "for good",
            (false, true) => "into the recycle bin",
            (false, false) => "but the recycle bin was not seen to grow",
        };
        Ok(Reply::action(
            if now.place().found.is_none() && !(bound.permanent || binned) {
                Outcome::Unverified { why: format!("the {} is gone, {how}", kind.word()) }
            } else if now.place().found.is_none() {
                Outcome::confirmed(format!("the {} is gone, {how}", kind.word()))
            } else {
                Outcome::NoEffect {
                    observed: format!("a {} lies there still", now.place().kind().unwrap_or(kind).word()),
                }
            },
            Vec::new(),
        ))
    }
}

fn is_empty(held: &Held, permit: &Permit, cx: &ApplyContext<'_>) -> Result<bool, Fault> {
    let found = held.entries(permit, Effect::RemoveFiles, 1, cx.cancel)?;
    Ok(found.entries.is_empty() && found.withheld == 0)
}

/// Deletes all in a folder, what lies deepest first. Links go themselves.
fn remove_all(folder: &Held, permit: &Permit, cx: &ApplyContext<'_>) -> Result<(), Fault> {
    let mut all: Vec<(usize, Held)> = Vec::new();
    walk(folder, true, (permit, Effect::RemoveFiles), (cx.cancel, cx.deadline), |inside, below, entry| {
        if entry.kind == FileKind::Folder {
            all.push((below.matches('/').count(), inside.child(entry.name.raw())?));
        } else {
            cx.cancel.check()?;
            inside.child(entry.name.raw())?.remove(permit)?;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    all.sort_by_key(|(depth, _)| std::cmp::Reverse(*depth));
    for (_, held) in all {
        cx.cancel.check()?;
        held.remove(permit)?;
    }
    Ok(())
}
