//! What new rules would allow that those in force refuse: to whom, of which tool, effect and class of things. Roots are
//! compared as containment. Where the comparison cannot tell, it counts as wider.

use crate::decision::{Approval, Rules, ToolRow};
use crate::hosts;
use crate::own::OwnRules;
use crate::places::CREDENTIALS;
use crate::registry;
use crate::restrict::Restrictions;
use crate::roots::{Place, Root, Roots};
use portcullis_model::{
    Access, Authenticated, FilePath, HostAccess, HostPattern, Principal, RegistryKey, Scope, Scopes, Valued,
    WindowPattern, WpfGate,
};
use std::collections::BTreeSet;
use std::fmt::Display;

/// Something that new rules would allow and those in force refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Widening {
    /// To whom: `everybody`, or a principal; `any other` is whoever has no rules of its own.
    pub principal: String,
    /// What, in words.
    pub what: String,
}

impl Display for Widening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.principal, self.what)
    }
}

/// What everybody is called who has no rules of its own. No principal has this name.
const OTHERS: &str = "any other";
/// What all are called together.
const EVERYBODY: &str = "everybody";
/// Every access to a place.
const ACCESSES: [Access; 2] = [Access::Read, Access::Write];

impl Rules {
    /// All that `new` would allow and these rules refuse, each principal holding every scope: scopes are of keys, which are
    /// no part of the rules. Empty when `new` only takes away.
    pub fn widened_by(&self, new: &Self, tools: &[ToolRow<'_>]) -> Vec<Widening> {
        let mut names: BTreeSet<&str> = ["local", OTHERS].into();
        names.extend(self.own_names().chain(new.own_names()));
        let each: Vec<(&str, Vec<String>)> =
            names.into_iter().map(|name| (name, self.widened_for(new, &holding_all(name), tools))).collect();
        let of_all = |what: &String| each.iter().all(|(_, found)| found.contains(what));
        let common = each.first().into_iter().flat_map(|(_, found)| found.iter().filter(|what| of_all(what)));
        let widening =
            |principal: &str, what: &String| Widening { principal: principal.to_owned(), what: what.clone() };
        let mut found: Vec<Widening> = common.map(|what| widening(EVERYBODY, what)).collect();
        for (name, own) in &each {
            found.extend(own.iter().filter(|what| !of_all(what)).map(|what| widening(name, what)));
        }
        found
    }

    fn widened_for(&self, new: &Self, principal: &Principal, tools: &[ToolRow<'_>]) -> Vec<String> {
        let mut found = Vec::new();
        for tool in tools {
            let opened = |effect: &&_| {
                let shut = self.check_effect(principal, *tool, **effect).is_err();
                shut && new.check_effect(principal, *tool, **effect).is_ok()
            };
            for effect in tool.effects.iter().filter(opened) {
                found.push(format!("{} with the effect {}", tool.name, crate::decision::effect_word(*effect)));
            }
        }
        let gates = WpfGate::ALL.into_iter().filter(|gate| !self.gates().is_open(*gate) && new.gates().is_open(*gate));
        found.extend(gates.map(|gate| format!("the gate `{}`", gate.name())));
        found.extend(self.wpf_targets().widened_by(new.wpf_targets()));
        if self.approval() == Approval::Ask && new.approval() == Approval::Never {
            found.push("effects of tier 3 without the owner's word".to_owned());
        }
        let (old_budget, new_budget) = (self.budget(principal), new.budget(principal));
        if new_budget.calls() > old_budget.calls() {
            found.push(format!("{} weighted calls a minute", new_budget.calls()));
        }
        if old_budget.bytes().is_some_and(|old| new_budget.bytes().is_none_or(|new| new > old)) {
            found.push("more bytes of answers a minute".to_owned());
        }
        let (old_own, new_own) = (self.own(principal), new.own(principal));
        let restrictions = |rules: &Self, own: Option<&std::sync::Arc<OwnRules>>| {
            let own = own.map(|own| own.restrictions.clone());
            [Some(rules.restrictions().clone()), own].into_iter().flatten().collect::<Vec<_>>()
        };
        widened_restrictions(&restrictions(self, old_own), &restrictions(new, new_own), &mut found);
        self.widened_files(new, principal, &mut found);
        self.widened_registry(new, principal, &mut found);
        self.widened_hosts(new, principal, &mut found);
        found
    }

    fn widened_files(&self, new: &Self, principal: &Principal, found: &mut Vec<String>) {
        let (old_own, new_own) = (self.own(principal), new.own(principal));
        let (old_files, new_files) = (old_own.map(|own| &own.files), new_own.map(|own| &own.files));
        let mut openers = Vec::new();
        for access in ACCESSES {
            let profile = new.files().profile.clone().filter(|_| access == Access::Read && principal.name() == "local");
            let roots = openers_of(new.files().roots(access), new_files.map(|own| own.roots(access)), profile);
            let meant = |root: &FilePath, by: Option<&FilePath>| {
                CREDENTIALS.iter().all(|store| !store.holds(root) || by.is_some_and(|by| store.holds(by)))
            };
            let old = |root: &FilePath| self.files().root(principal, old_files, root, access).map(place_of).ok();
            widened_roots(&roots, old, meant, crate::files::key(access), found);
            openers.extend(roots);
        }
        let denied = |rules: &Self, own: Option<&crate::files::FileRules>| {
            let own = own.map(|own| own.deny.clone()).unwrap_or_default();
            values(rules.files().deny.iter().chain(&own))
        };
        widened_denials(&denied(self, old_files), &denied(new, new_files), &openers, "files.deny", found);
    }

    fn widened_registry(&self, new: &Self, principal: &Principal, found: &mut Vec<String>) {
        let (old_own, new_own) = (self.own(principal), new.own(principal));
        let (old_keys, new_keys) = (old_own.map(|own| &own.registry), new_own.map(|own| &own.registry));
        let mut openers = Vec::new();
        for access in ACCESSES {
            let defaults = registry::defaults(principal, access);
            let roots = openers_of(new.registry().roots(access), new_keys.map(|own| own.roots(access)), defaults);
            let meant =
                |root: &RegistryKey, by: Option<&RegistryKey>| registry::opens_the_same_places(root, by, access);
            let old = |root: &RegistryKey| self.registry().root(principal, old_keys, root, access).map(place_of).ok();
            widened_roots(&roots, old, meant, registry::list(access), found);
            openers.extend(roots);
        }
        let denied = |rules: &Self, own: Option<&registry::RegistryRules>| {
            let own = own.map(|own| own.deny.clone()).unwrap_or_default();
            values(rules.registry().deny.iter().chain(&own))
        };
        widened_denials(&denied(self, old_keys), &denied(new, new_keys), &openers, "registry.deny", found);
    }
}

impl Rules {
    fn widened_hosts(&self, new: &Self, principal: &Principal, found: &mut Vec<String>) {
        let (old_own, new_own) = (self.own(principal), new.own(principal));
        let (old_hosts, new_hosts) = (old_own.map(|own| &own.hosts), new_own.map(|own| &own.hosts));
        let mut is_any_open = false;
        for access in [HostAccess::Fetch, HostAccess::Probe] {
            let defaults = hosts::defaults(principal, access);
            let roots = openers_of(new.hosts().roots(access), new_hosts.map(|own| own.roots(access)), defaults);
            let old = |root: &HostPattern| self.hosts().root(principal, old_hosts, root, access).map(place_of).ok();
            widened_roots(&roots, old, |_, _| true, hosts::key(access), found);
            is_any_open |= !roots.is_empty();
        }
        let denied = |rules: &Self, own: Option<&hosts::HostRules>| {
            let own = own.map(|own| own.deny.clone()).unwrap_or_default();
            values(rules.hosts().deny.iter().chain(&own))
        };
        let (old, new) = (denied(self, old_hosts), denied(new, new_hosts));
        // Where a name leads is not known, so whatever is open may lead to what was kept back.
        let freed = old.iter().filter(|kept| is_any_open && !new.iter().any(|still| kept.is_kept_by(still)));
        found.extend(freed.map(|kept| format!("{kept}, which is no longer in `hosts.deny`")));
    }
}

/// A principal of this name that lacks no scope.
fn holding_all(name: &str) -> Principal {
    let scopes: Scopes = Scope::ALL.into_iter().collect();
    match name.split_once(':') {
        Some(("oauth", name)) => Principal::remote(Authenticated::Token, name, scopes),
        Some(("cert", name)) => Principal::remote(Authenticated::Certificate, name, scopes),
        Some((_, name)) => Principal::remote(Authenticated::Key, name, scopes),
        None if name == OTHERS => Principal::remote(Authenticated::Key, OTHERS, scopes),
        None => Principal::local(),
    }
}

fn values<'said, T: Clone + 'said>(list: impl Iterator<Item = &'said Valued<T>>) -> Vec<T> {
    list.map(|said| said.value.clone()).collect()
}

fn place_of<T: Clone>(root: Root<'_, T>) -> Option<T> {
    root.place.cloned()
}

/// The places that open something: the principal's own, else those of all, else the default.
fn openers_of<T: Clone>(all: &Roots<T>, own: Option<&Roots<T>>, default: impl IntoIterator<Item = T>) -> Vec<T> {
    match own.and_then(Option::as_ref).or(all.as_ref()) {
        Some(list) => values(list.value.iter()),
        None => default.into_iter().collect(),
    }
}

/// Each new root must lie in an old one, and must have been meant for the same protected places.
fn widened_roots<T: Place + Display + Clone>(
    roots: &[T],
    old: impl Fn(&T) -> Option<Option<T>>,
    meant: impl Fn(&T, Option<&T>) -> bool,
    key: &str,
    found: &mut Vec<String>,
) {
    let held = |root: &&T| old(root).is_some_and(|by| meant(root, by.as_ref()));
    found.extend(roots.iter().filter(|root| !held(root)).map(|root| format!("{root} in `{key}`")));
}

/// What was kept back must still be, unless nothing opens it.
fn widened_denials<T: Place + Display>(old: &[T], new: &[T], openers: &[T], key: &str, found: &mut Vec<String>) {
    let is_kept = |place: &T| new.iter().any(|kept| place.lies_in(kept));
    let is_open = |place: &T| openers.iter().any(|root| root.lies_in(place) || place.lies_in(root));
    let freed = old.iter().filter(|place| !is_kept(place) && is_open(place));
    found.extend(freed.map(|place| format!("{place}, which is no longer in `{key}`")));
}

/// What was taken away must still be. Both are those of all and those of the principal alone.
fn widened_restrictions(old: &[Restrictions], new: &[Restrictions], found: &mut Vec<String>) {
    let still_hidden = |hidden: &WindowPattern| {
        new.iter().flat_map(|rules| &rules.hidden).any(|said| match (&said.value, hidden) {
            (WindowPattern::TitlePart(part), WindowPattern::TitlePart(was)) => {
                was.to_lowercase().contains(&part.to_lowercase())
            }
            (said, was) => said == was,
        })
    };
    for said in old.iter().flat_map(|rules| &rules.hidden).filter(|said| !still_hidden(&said.value)) {
        found.push(format!("windows of {}, which is no longer in `capture.exclude`", said.value));
    }
    for said in old.iter().flat_map(|rules| &rules.no_input) {
        if !new.iter().flat_map(|rules| &rules.no_input).any(|still| still.value == said.value) {
            found.push(format!("input to {}, which is no longer in `input.deny_programs`", said.value));
        }
    }
    for said in old.iter().flat_map(|rules| &rules.no_chords) {
        if !new.iter().flat_map(|rules| &rules.no_chords).any(|still| said.value.presses(&still.value)) {
            found.push(format!("{}, which is no longer in `input.deny_chords`", said.value));
        }
    }
    let allows = |rules: &[Restrictions], path: &str| {
        let lists = rules.iter().filter_map(|rules| rules.executables.as_ref());
        lists.into_iter().all(|list| list.value.iter().any(|said| said.value.eq_ignore_ascii_case(path)))
    };
    let lists: Vec<_> = new.iter().filter_map(|rules| rules.executables.as_ref()).collect();
    if lists.is_empty() && old.iter().any(|rules| rules.executables.is_some()) {
        found.push("every program by path, without `executables.allow`".to_owned());
    }
    for said in lists.iter().flat_map(|list| &list.value) {
        if allows(new, &said.value) && !allows(old, &said.value) {
            found.push(format!("{} in `executables.allow`", said.value));
        }
    }
}

#[cfg(test)]
mod tests;
