//! The way through a tree of folders, breadth first, by what is held: links are seen and never followed, what a rule keeps
//! back is counted and never entered.

use super::Held;
use super::list::ENTRY_CAP;
use portcullis_model::{Cancel, Deadline, Effect, Fault};
use portcullis_platform::{FileFacts, FileFault, FileKind, PortFault};
use portcullis_policy::Permit;
use std::collections::VecDeque;
use std::ops::ControlFlow;

/// Entries that one walk looks at.
pub(super) const VISIT_CAP: usize = 200_000;
/// Folders below one another that a walk enters.
const DEPTH_CAP: usize = 64;
/// Folders that wait to be entered, each of them held open.
const WAITING_CAP: usize = 4_000;

/// What a walk came to.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// Entries that were looked at.
    pub(super) visited: usize,
    /// Entries that a rule keeps back.
    pub(super) withheld: usize,
    /// Folders that could not be entered.
    pub(super) unreadable: usize,
    /// Why it ended before everything was seen.
    pub(super) cut: Option<&'static str>,
}

/// Calls `visit` for each entry below `root`, with the folder that holds it and the path from the root, with `/` between
/// names. `recursive` enters folders;
/// `effect` is what they are looked at for.
pub(super) fn walk(
    root: &Held,
    recursive: bool,
    (permit, effect): (&Permit, Effect),
    (cancel, deadline): (&Cancel, Deadline),
    mut visit: impl FnMut(&Held, &str, &FileFacts) -> Result<ControlFlow<&'static str>, Fault>,
) -> Result<Walked, Fault> {
    let mut walked = Walked::default();
    let mut waiting: VecDeque<(Held, String, usize)> = VecDeque::new();
    let mut folder: Option<(Held, String, usize)> = None;
    loop {
        cancel.check()?;
        if deadline.passed() {
            walked.cut = Some("the time for it passed");
            return Ok(walked);
        }
        let (held, path, depth) = match &folder {
            None => (root, "", 0),
            Some((held, path, depth)) => (held, path.as_str(), *depth),
        };
        match held.entries(permit, effect, ENTRY_CAP, cancel) {
            Ok(found) => {
                walked.withheld = walked.withheld.saturating_add(found.withheld);
                if found.more {
                    walked.cut = Some("a folder holds more than is looked at");
                }
                for entry in &found.entries {
                    walked.visited = walked.visited.saturating_add(1);
                    if walked.visited > VISIT_CAP {
                        walked.cut = Some("there is more than one call looks at");
                        return Ok(walked);
                    }
                    let name = entry.name.raw();
                    let below = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
                    if let ControlFlow::Break(why) = visit(held, &below, entry)? {
                        walked.cut = Some(why);
                        return Ok(walked);
                    }
                    if recursive && entry.kind == FileKind::Folder {
                        if depth >= DEPTH_CAP || waiting.len() >= WAITING_CAP {
                            walked.cut = Some("folders lie deeper or are more than one call enters");
                        } else if let Ok(child) = held.child(name) {
                            // What is a link by now is not entered.
                            if child.place().kind() == Some(FileKind::Folder) {
                                waiting.push_back((child, below, depth.saturating_add(1)));
                            }
                        } else {
                            walked.unreadable = walked.unreadable.saturating_add(1);
                        }
                    }
                }
            }
            // The folder that was asked for must be readable; one below it may not be, or be gone.
            Err(fault) if folder.is_none() => return Err(fault.into()),
            Err(PortFault::File(FileFault::Missing | FileFault::AccessDenied | FileFault::InUse)) => {
                walked.unreadable = walked.unreadable.saturating_add(1);
            }
            Err(PortFault::OutsidePermit(_)) => walked.withheld = walked.withheld.saturating_add(1),
            Err(fault) => return Err(fault.into()),
        }
        folder = waiting.pop_front();
        if folder.is_none() {
            return Ok(walked);
        }
    }
}
