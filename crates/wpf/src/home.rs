//! In which of the system's windows an element of an application lies. The desktop's tools are judged by windows, and so a
//! name for both families needs one. What an element is or shows is not known here.

use crate::ask::Asker;
use crate::fault::CallFault;
use crate::tree::walk_from;
use portcullis_wpf_protocol::{Axis, Capabilities, Handle, Root, RootsParams, WalkParams};
use std::collections::HashMap;

/// Elements of a session whose window is remembered; with more all are looked for anew.
const HOME_CAP: usize = 50_000;
/// Elements that one request looks for.
const ASKED_CAP: usize = WalkParams::FROM_CAP;

/// Where an element lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Home {
    /// The system's window, by its handle.
    pub window: u64,
    /// Whether the element is all that the window shows, and so stands for the window itself.
    pub is_root: bool,
}

/// What is known of a session's elements.
#[derive(Debug, Default)]
pub(crate) struct Homes(HashMap<u64, Home>);

impl Homes {
    /// Remembers where an element lies.
    pub(crate) fn put(&mut self, handle: Handle, home: Home) {
        if self.0.len() >= HOME_CAP {
            self.0.clear();
        }
        self.0.insert(handle.0, home);
    }

    fn get(&self, handle: Handle) -> Option<Home> {
        self.0.get(&handle.0).copied()
    }
}

/// The roots that lie in a window of the system's.
pub(crate) fn roots(asker: &Asker<'_>) -> Result<Vec<Root>, CallFault> {
    let found = asker.try_call(&RootsParams { hidden: true })?;
    Ok(found.roots.into_iter().filter(|root| root.hwnd != 0).collect())
}

/// Where elements lie, found out now. A chain of ancestors begins with the element itself; the first of them that is a root is
/// it, since behind a pop-up the logical tree goes on into the window that opened it.
fn look(asker: &Asker<'_>, handles: &[Handle]) -> Result<Vec<(Handle, Home)>, CallFault> {
    let roots = roots(asker)?;
    let known = |handle: Handle| roots.iter().find(|root| root.handle == handle).map(|root| root.hwnd);
    let chains = WalkParams { from: handles.to_vec(), fields: Vec::new(), ..walk_from(None, Axis::Ancestors) };
    let found = asker.try_call(&chains)?;
    let mut homes: Vec<(Handle, Home)> = Vec::new();
    let mut sought: Option<Handle> = None;
    for node in &found.nodes {
        if node.depth == 0 {
            sought = node.handle;
        }
        let Some((from, handle)) = sought.zip(node.handle) else { continue };
        if let Some(window) = known(handle) {
            homes.push((from, Home { window, is_root: from == handle }));
            sought = None;
        }
    }
    Ok(homes)
}

/// Fails unless the element lies in this window at this moment.
pub(crate) fn require(asker: &Asker<'_>, handle: Handle, window: u64) -> Result<(), crate::reading::ReadFault> {
    let found = look(asker, &[handle])?;
    match found.first() {
        Some((_, home)) if home.window == window => Ok(()),
        _ => Err(crate::reading::ReadFault::Elsewhere),
    }
}

/// Where these elements lie, of those of which it is known or can be found out through the gates of the call. Of one that is in no
/// window nothing is said.
pub fn homes(asker: &Asker<'_>, handles: &[Handle]) -> HashMap<Handle, Home> {
    let known = |handle: &Handle| asker.session.homes().get(*handle);
    let mut unknown: Vec<Handle> = handles.iter().copied().filter(|handle| known(handle).is_none()).collect();
    unknown.truncate(ASKED_CAP);
    if !unknown.is_empty() && asker.holds(Capabilities::SENSITIVE_READS) {
        // An answer without refs is an answer all the same.
        let found = look(asker, &unknown).unwrap_or_default();
        let mut homes = asker.session.homes();
        found.into_iter().for_each(|(handle, home)| homes.put(handle, home));
    }
    let homes = asker.session.homes();
    handles.iter().filter_map(|handle| Some((*handle, homes.get(*handle)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_has_a_cap() {
        let mut homes = Homes::default();
        let home = Home { window: 7, is_root: false };
        for at in 0..=u64::try_from(HOME_CAP).unwrap() {
            homes.put(Handle(at), home);
        }
        assert_eq!(homes.0.len(), 1);
        assert_eq!(homes.get(Handle(0)), None);
        assert_eq!(homes.get(Handle(u64::try_from(HOME_CAP).unwrap())), Some(home));
    }
}
