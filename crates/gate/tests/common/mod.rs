//! What tests of the owner's rules share: a gate with every tool open on a fake desktop, so that nothing but the rule under
//! test refuses, and places in a policy file. What a test looks at stays with the test.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use portcullis_gate::{Catalogue, DeniesApproval, Gate, GateParts, KeepsNothing, Redactor};
use portcullis_model::{Origin, Valued};
use portcullis_platform::Ports;
use portcullis_platform_fake::{FakeDesktop, SilentLedger};
use portcullis_policy::{Approval, FilterSpec, RateWords, Rules, ToolFilter};
use std::path::Path;
use std::sync::Arc;

/// A line of the policy file.
pub(crate) fn at(line: usize) -> Origin {
    Origin::File { path: Path::new("p.toml").into(), line }
}

/// A rate that no test meets which is not about rates.
fn as_many_as_come() -> RateWords {
    RateWords { calls: Some(Valued::new(1_000_000_000, at(1))), bytes: None }
}

/// A gate on this desktop in which every tool is open, but for what `narrow` says.
pub(crate) fn open_gate(desktop: &FakeDesktop, approval: Approval, narrow: impl FnOnce(Rules) -> Rules) -> Gate {
    gate_with(desktop, &FilterSpec { enable_all: true, ..FilterSpec::default() }, approval, narrow)
}

/// The same with the tools of `spec`.
pub(crate) fn gate_with(
    desktop: &FakeDesktop,
    spec: &FilterSpec,
    approval: Approval,
    narrow: impl FnOnce(Rules) -> Rules,
) -> Gate {
    gate_on(desktop.ports(), spec, approval, narrow)
}

/// The same on these ports.
pub(crate) fn gate_on(
    ports: Ports,
    spec: &FilterSpec,
    approval: Approval,
    narrow: impl FnOnce(Rules) -> Rules,
) -> Gate {
    let catalogue = Catalogue::new();
    let filter = ToolFilter::resolve(spec, &catalogue.names()).unwrap();
    Gate::new(GateParts {
        rules: narrow(Rules::new(filter, approval, 1).with_rates(as_many_as_come())),
        ledger: Arc::new(SilentLedger),
        ports,
        catalogue,
        approver: Arc::new(DeniesApproval),
        journal: Arc::new(KeepsNothing),
        redactor: Redactor::new(Vec::new()),
    })
    .unwrap()
}
