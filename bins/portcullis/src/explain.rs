//! `portcullis policy explain`: what the rules would say of a call, asked of the same gate and not made. The gate here has
//! a ledger that takes nothing, so that no call could happen by it.

use crate::cli::{AnchorFlags, PolicyExplainArgs};
use crate::{Machine, call, compose, keys, settings};
use anyhow::bail;
use portcullis_config::{Environment, KeyName, KeyStore, ServeFlags, Settings};
use portcullis_gate::{
    Catalogue, DeniesApproval, Explained, Explanation, Gate, GateParts, KeepsNothing, Redactor, Verdict,
};
use portcullis_model::{
    Digest, Durability, Entry, Fault, Ledger, LedgerFault, Pin, Principal, RunningProgram, Scope, WpfTarget,
};
use portcullis_policy::Rules;
use serde_json::Value;
use std::process::ExitCode;
use std::sync::Arc;

/// Takes nothing, so that nothing is granted.
struct TakesNothing;

impl Ledger for TakesNothing {
    fn append(&self, _entry: &Entry, _durability: Durability) -> Result<(), LedgerFault> {
        Err(LedgerFault("a question is not recorded".to_owned()))
    }

    fn digest(&self, bytes: &[u8]) -> Digest {
        Digest::of(bytes)
    }
}

pub(crate) fn run(machine: &dyn Machine, args: PolicyExplainArgs) -> anyhow::Result<ExitCode> {
    let flags = ServeFlags { tools: args.filter.flags(), data: args.data, ..ServeFlags::default() };
    let environment = Environment::read();
    let settings = settings::load(machine, args.policy.config, flags, &environment)?;
    let rules = compose::rules(machine, &settings, &AnchorFlags::default(), &Catalogue::new())?;
    let said = if let Some(path) = &args.wpf_target {
        wpf_target(&rules, &running(path, args.sha256.as_deref(), args.signer)?)
    } else {
        let principal = principal(&settings, &environment, &args.principal)?;
        let arguments = call::read_arguments(&args.args)?;
        // Whoever asks here is the owner, for whom policy files are named with their folders whoever would call.
        explain(machine, rules.read_from([]), &principal, &args.tool.unwrap_or_default(), arguments)?
    };
    if args.json {
        out!("{}", serde_json::to_string_pretty(&said)?);
    } else {
        tell("", &said.call, &said.principal)?;
        for (number, step) in (1..).zip(&said.steps) {
            tell(&format!("step {number}: "), step, &said.principal)?;
        }
    }
    Ok(if said.allowed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(step: &str, said: &Explained, principal: &str) -> anyhow::Result<()> {
    let verdict = serde_json::to_value(said.verdict)?;
    out!("{step}{}: {} for {principal}", said.tool, verdict.as_str().unwrap_or_default());
    for (name, fact) in [("message", &said.message), ("rule", &said.rule), ("remedy", &said.remedy)] {
        if let Some(fact) = fact {
            out!("{name}: {fact}");
        }
    }
    Ok(())
}

/// The owner's own client, or the holder of a key, whose name may stand as in the record.
fn principal(settings: &Settings, environment: &Environment, name: &str) -> anyhow::Result<Principal> {
    if name == "local" {
        return Ok(Principal::local());
    }
    let key: KeyName = name.strip_prefix("key:").unwrap_or(name).parse().map_err(anyhow::Error::msg)?;
    let folder = settings.data(environment)?.value;
    let stored = KeyStore::at(folder.clone()).all()?;
    if let Some(found) = stored.iter().find(|stored| stored.name == key) {
        return Ok(keys::principal(found));
    }
    // The first start of a server would make it.
    if key.is_default() {
        return Ok(Principal::key(key.as_str(), [Scope::Observe, Scope::Interact]));
    }
    let names: Vec<&str> = stored.iter().map(|stored| stored.name.as_str()).collect();
    let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    bail!("--as {key}: there is no such key in {}; there are: {there}; `local` has none", folder.display())
}

/// A program as a process that runs it would be found. What is not said of it is not known.
fn running(path: &str, sha256: Option<&str>, signer: Option<String>) -> anyhow::Result<RunningProgram> {
    let program = WpfTarget::new(path, sha256, None, false)?;
    let sha256 = program.pin().and_then(|pin| if let Pin::Sha256(hash) = pin { Some(*hash) } else { None });
    Ok(RunningProgram { path: Some(program.path().clone()), sha256, signer })
}

/// Whether an application may be connected to, and whether the inspector may be loaded into it.
fn wpf_target(rules: &Rules, program: &RunningProgram) -> Explanation {
    let name = "wpf.targets";
    let call = match (rules.wpf_targets().check(program, true), rules.wpf_targets().check(program, false)) {
        (Ok(rule), _) => Explained::of_effects(name, Verdict::Allowed, &[], format!("{rule}, with `load = true`")),
        (Err(_), Ok(rule)) => Explained::of_effects(name, Verdict::Allowed, &[], rule),
        (Err(_), Err(denial)) => Explained::of_fault(name, Verdict::Refused, Fault::from(denial)),
    };
    of_one(&Principal::local(), call)
}

/// What was said of a call that makes no others, or of whose steps nothing can be said.
fn of_one(principal: &Principal, call: Explained) -> Explanation {
    Explanation { principal: principal.name().to_owned(), call, steps: Vec::new() }
}

fn explain(
    machine: &dyn Machine,
    rules: Rules,
    principal: &Principal,
    tool: &str,
    arguments: Value,
) -> anyhow::Result<Explanation> {
    let Ok(ports) = machine.ports() else { return without_desktop(&rules, principal, tool, arguments) };
    let gate = Gate::new(GateParts {
        rules,
        ledger: Arc::new(TakesNothing),
        ports,
        catalogue: Catalogue::new(),
        approver: Arc::new(DeniesApproval),
        journal: Arc::new(KeepsNothing),
        redactor: Redactor::new(Vec::new()),
    })?;
    Ok(gate.explain(principal, tool, arguments)?)
}

/// Where there is no desktop the arguments cannot be looked at; whether the tool is open at all can be told.
fn without_desktop(rules: &Rules, principal: &Principal, tool: &str, arguments: Value) -> anyhow::Result<Explanation> {
    let catalogue = Catalogue::new();
    let (found, _) = portcullis_tools::canonical(&catalogue, tool, arguments)?;
    let (name, row) = (found.descriptor().name, found.descriptor().row());
    let call = match rules.admit(principal, row) {
        Err(denial) => Explained::of_fault(name, Verdict::Refused, Fault::from(denial)),
        Ok(()) => {
            let rule =
                "the tool is open; its arguments were not looked at, because there is no desktop here".to_owned();
            Explained::of_effects(name, Verdict::NotPlanned, &[], rule)
        }
    };
    Ok(of_one(principal, call))
}
