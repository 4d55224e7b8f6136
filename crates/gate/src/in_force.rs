//! The rules in force, and the machine as they show it to each caller. They are replaced as a whole, by rules that only take
//! away; a call keeps those that it was decided by. What a rule says is for `policy`.

use crate::call::{Gate, Inner};
use crate::shield::shield;
use portcullis_model::{Durability, Entry, LedgerFault, PolicyKept, PolicyReplaced, Principal, WhyKept};
use portcullis_platform::Ports;
use portcullis_policy::{Restrictions, Rules, Widening};
use portcullis_tools::{Tables, join};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

/// What new rules would widen, as far as it is recorded.
const RECORDED_CAP: usize = 40;

/// Rules, and the ports without what they hide.
pub(crate) struct InForce {
    pub(crate) rules: Rules,
    ports: Ports,
    /// Of who has windows hidden from it alone, with all that hide one from it.
    own: HashMap<String, (Restrictions, Ports)>,
}

impl InForce {
    pub(crate) fn new(rules: Rules, bare: &Ports) -> Self {
        let ports = shield(bare.clone(), rules.restrictions());
        let own = rules.own_hidden().map(|(name, hidden)| {
            let ports = shield(bare.clone(), &hidden);
            (name.to_owned(), (hidden, ports))
        });
        let own = own.collect();
        Self { ports, own, rules }
    }

    /// The machine as this caller may see it.
    pub(crate) fn ports(&self, principal: &Principal) -> &Ports {
        self.own.get(principal.name()).map_or(&self.ports, |(_, ports)| ports)
    }

    /// The machine as a caller may see it who has sessions with applications: the inspectors are among the readers, and what is
    /// hidden from the caller is hidden in what they read too. None for a caller without a session.
    pub(crate) fn joined(&self, bare: &Ports, principal: &Principal, tables: &Arc<Tables>) -> Option<Ports> {
        if !tables.has_sessions() {
            return None;
        }
        let hidden = self.own.get(principal.name()).map_or(self.rules.restrictions(), |(hidden, _)| hidden);
        let rules = Arc::new(self.rules.clone());
        Some(shield(join(bare.clone(), Arc::clone(tables), principal.clone(), rules), hidden))
    }
}

/// What became of new rules.
#[derive(Debug)]
pub enum Replacement {
    /// They are in force.
    Replaced,
    /// They would allow what those in force refuse, so those stay.
    Wider(Vec<Widening>),
    /// The change could not be recorded, so the rules in force stay.
    Unrecorded(LedgerFault),
}

impl Gate {
    /// Puts new rules in force, unless they would allow something that those in force refuse. Calls under way end by the
    /// rules that they began with. Either way it is recorded.
    pub fn replace_rules(&self, new: Rules) -> Replacement {
        let inner = &self.0;
        let mut current = inner.in_force.write().unwrap_or_else(PoisonError::into_inner);
        let rows: Vec<_> = inner.parts.catalogue.tools().iter().map(|tool| tool.descriptor().row()).collect();
        let wider = current.rules.widened_by(&new, &rows);
        if !wider.is_empty() {
            let widens = wider.iter().take(RECORDED_CAP).map(ToString::to_string).collect();
            inner.record_kept(PolicyKept { why: WhyKept::Wider, widens });
            return Replacement::Wider(wider);
        }
        let new = new.keeping_own_files_of(&current.rules);
        let entry = PolicyReplaced { before: current.rules.digest(), policy: new.digest() };
        if let Err(fault) = inner.parts.ledger.append(&Entry::PolicyReplaced(entry), Durability::Now) {
            return Replacement::Unrecorded(fault);
        }
        *current = Arc::new(InForce::new(new, &inner.parts.ports));
        // What was seen under the old rules may show what the new ones hide.
        inner.holders.all().iter().for_each(|tables| tables.forget_kept());
        Replacement::Replaced
    }

    /// Records that the rules in force stay because the new ones are not in order.
    pub fn keep_rules(&self) {
        self.0.record_kept(PolicyKept { why: WhyKept::NotInOrder, widens: Vec::new() });
    }
}

impl Inner {
    pub(crate) fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn record_kept(&self, kept: PolicyKept) {
        // Nothing is opened without the record.
        if let Err(fault) = self.parts.ledger.append(&Entry::PolicyKept(kept), Durability::Now) {
            tracing::error!(%fault, "that the rules stay could not be recorded");
        }
    }
}
