//! Permits for tests of ports and tools. They come the only way there is, from a decision of policy and a ledger; the
//! rules here open everything and the ledger keeps nothing.

use portcullis_model::{
    CallId, Digest, Durability, Effect, Entry, Ledger, LedgerFault, Principal, Resource, Reversibility, Tier,
};
use portcullis_policy::{Approval, Ask, Decision, FilterSpec, Permit, Rules, ToolFilter, ToolRow};
use std::sync::Arc;

/// A ledger that accepts everything and keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct SilentLedger;

impl Ledger for SilentLedger {
    fn append(&self, _entry: &Entry, _durability: Durability) -> Result<(), LedgerFault> {
        Ok(())
    }

    fn digest(&self, bytes: &[u8]) -> Digest {
        Digest::of(bytes)
    }
}

/// The process id that stands for the server's own; no fake process has it.
const OWN_PROCESS: u32 = u32::MAX;

/// A permit for these effects on these resources; `None` when policy refuses them, as it does for an empty list.
pub fn permit(effects: &[Effect], resources: &[Resource]) -> Option<Permit> {
    let spec = FilterSpec { enable_all: true, ..FilterSpec::default() };
    let filter = ToolFilter::resolve(&spec, &["Test"]).ok()?;
    let principal = Principal::local();
    let ask = Ask {
        call: CallId::new(1),
        principal: &principal,
        tool: ToolRow { name: "Test", tier: Tier::Alter, effects: &Effect::ALL },
        arguments: Digest::of(b""),
        effects: effects.to_vec(),
        resources: resources.to_vec(),
        reversibility: Reversibility::Irreversible,
    };
    match Rules::new(filter, Approval::Never, OWN_PROCESS).decide(ask) {
        Decision::Allow(grant) => grant.record(Arc::new(SilentLedger)).ok(),
        Decision::Deny(_) | Decision::Approve(_) => None,
    }
}
