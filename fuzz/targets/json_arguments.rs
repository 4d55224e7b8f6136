//! A tool's name and its arguments as a client sends them: each tool plans or refuses on a desktop in memory. The first
//! line is the name, the rest is JSON.
#![no_main]

use portcullis_gate::{Catalogue, DeniesApproval, Gate, GateParts, KeepsNothing, Redactor};
use portcullis_model::{Digest, Durability, Entry, Ledger, LedgerFault, Principal};
use portcullis_platform_fake::FakeDesktop;
use portcullis_policy::{Approval, FilterSpec, Rules, ToolFilter};
use std::sync::{Arc, LazyLock};

/// Takes nothing, so that nothing can happen.
struct TakesNothing;

impl Ledger for TakesNothing {
    fn append(&self, _entry: &Entry, _durability: Durability) -> Result<(), LedgerFault> {
        Err(LedgerFault("nothing is recorded".to_owned()))
    }

    fn digest(&self, bytes: &[u8]) -> Digest {
        Digest::of(bytes)
    }
}

static GATE: LazyLock<Gate> = LazyLock::new(|| {
    let catalogue = Catalogue::new();
    let spec = FilterSpec { enable_all: true, ..FilterSpec::default() };
    let filter = ToolFilter::resolve(&spec, &catalogue.names()).expect("no name is asked for");
    Gate::new(GateParts {
        rules: Rules::new(filter, Approval::Never, std::process::id()),
        ledger: Arc::new(TakesNothing),
        ports: FakeDesktop::demo().ports(),
        catalogue,
        approver: Arc::new(DeniesApproval),
        journal: Arc::new(KeepsNothing),
        redactor: Redactor::new(Vec::new()),
    })
    .expect("a thread can be started")
});

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (name, arguments) = text.split_once('\n').unwrap_or((text, "null"));
    let Ok(arguments) = serde_json::from_str(arguments) else { return };
    // An unknown tool is a fault, whose text goes to a client and a terminal alike.
    if let Err(fault) = GATE.explain(&Principal::local(), name, arguments) {
        assert!(!fault.to_string().contains(['\u{1b}', '\u{202e}']), "{fault:?}");
    }
});
