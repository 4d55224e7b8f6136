//! A gate out of its parts: rules from flags, a ledger in the data folder, the ports of this machine.

use crate::machine;
use anyhow::Context;
use portcullis_audit::{AuditKey, FileLedger};
use portcullis_config::{DataFolder, Secret, ToolFlags, create_for_owner};
use portcullis_gate::{Catalogue, DeniesApproval, Gate, GateParts, KeepsNothing, Redactor};
use portcullis_model::ServerStarted;
use portcullis_policy::{Approval, FilterSpec, Rules, ToolFilter};
use std::sync::Arc;

/// The rules that these flags ask for. An unknown tool name stops the start.
pub(crate) fn rules(flags: ToolFlags, catalogue: &Catalogue) -> anyhow::Result<Rules> {
    let spec = FilterSpec {
        tools: flags.tools,
        exclude_tools: flags.exclude_tools,
        enable_all: flags.enable_all,
        enable_tier3: flags.enable_tier3,
        disable_tier2: flags.disable_tier2,
    };
    let filter = ToolFilter::resolve(&spec, &catalogue.names())?;
    Ok(Rules::new(filter, Approval::Never, std::process::id()))
}

/// A gate that records in `data`. `secrets` are masked in every answer.
pub(crate) fn gate(flags: ToolFlags, data: &DataFolder, transport: &str, secrets: Vec<Secret>) -> anyhow::Result<Gate> {
    let ports = machine::ports()?;
    let catalogue = Catalogue::new();
    let rules = rules(flags, &catalogue)?;
    let key_file = data.ensure_audit_key()?;
    let key = AuditKey::read(&key_file).with_context(|| format!("{}", key_file.display()))?;
    let started = ServerStarted {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        process: std::process::id(),
        transport: transport.to_owned(),
        policy: rules.digest(),
        predecessors: Vec::new(),
    };
    let ledger = FileLedger::open(&data.audit(), key, started, create_for_owner)?;
    Ok(Gate::new(GateParts {
        rules,
        ledger: Arc::new(ledger),
        ports,
        catalogue,
        approver: Arc::new(DeniesApproval),
        journal: Arc::new(KeepsNothing),
        redactor: Redactor::new(secrets.iter().map(|secret| secret.expose().to_owned())),
    })?)
}
