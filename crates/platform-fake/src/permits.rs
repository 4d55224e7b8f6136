//! Permits for tests of ports and tools. They come the only way there is, from a decision of policy and a ledger; the
//! rules here open everything and the ledger keeps nothing.

use portcullis_model::{
    CallId, Digest, Durability, Effect, Entry, FilePath, Hive, Ledger, LedgerFault, Origin, Principal, RegistryKey,
    Resource, Reversibility, Tier, Valued, WpfGate, WpfTarget,
};
use portcullis_policy::{
    Approval, Ask, Decision, FileRules, FilterSpec, HostRules, Permit, RegistryRules, Rules, ToolFilter, ToolRow,
    WpfTargets, roots,
};
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
        tool: ToolRow { name: "Test", tier: Tier::Alter, effects: &Effect::ALL, gates: &[] },
        asked_as: None,
        arguments: Digest::of(b""),
        effects: effects.to_vec(),
        resources: resources.to_vec(),
        reversibility: Reversibility::Irreversible,
    };
    let drives = ('A'..='Z').filter_map(|drive| FilePath::parse(&format!(r"{drive}:\")).ok());
    let all = roots(drives, &Origin::Default);
    let hives = Hive::ALL.into_iter().filter_map(|(_, name, _)| RegistryKey::parse(name).ok());
    let hives = roots(hives, &Origin::Default);
    let registry = RegistryRules { read: hives.clone(), write: hives, ..RegistryRules::default() };
    let files = FileRules { read: all.clone(), write: all, ..FileRules::default() };
    let everywhere = ["0.0.0.0/0", "::/0"].into_iter().filter_map(|net| net.parse().ok());
    let everywhere = roots(everywhere, &Origin::Default);
    let hosts = HostRules { fetch: everywhere.clone(), probe: everywhere, ..HostRules::default() };
    let applications = resources.iter().filter_map(|resource| match resource {
        Resource::WpfTarget { program, .. } => WpfTarget::new(program.path.as_ref()?.as_str(), None, None, true).ok(),
        _ => None,
    });
    let targets = WpfTargets(roots(applications, &Origin::Default));
    let gates = WpfGate::ALL.into_iter().map(|gate| (gate, Valued::new(true, Origin::Default))).collect();
    let rules = Rules::new(filter, Approval::Never, OWN_PROCESS).with_wpf_targets(targets).with_gates(gates);
    match rules.with_files(files).with_registry(registry).with_hosts(hosts).decide(ask) {
        Decision::Allow(grant) => grant.record(Arc::new(SilentLedger)).ok(),
        Decision::Deny(_) | Decision::Approve(_) => None,
    }
}
