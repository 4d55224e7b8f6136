//! Rules of one principal alone, rates, and rules that are replaced while the gate is open: what a caller gets by them, on the
//! fake desktop.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod common;

use common::{at, gate_with, open_gate};
use portcullis_gate::{Call, Catalogue, Gate, Replacement};
use portcullis_model::{
    Cancel, Fault, FilePath, Part, Principal, ProgramName, Reply, Scope, Tier, Valued, WindowPattern,
};
use portcullis_platform_fake::FakeDesktop;
use portcullis_policy::{
    Approval, FileRules, FilterSpec, HostRules, OwnRules, RateWords, RegistryRules, Restrictions, Rules, ToolFilter,
    ToolWords, roots,
};
use serde_json::{Value, json};
use std::path::Path;

fn own(change: impl FnOnce(&mut OwnRules)) -> OwnRules {
    let known: Vec<(&str, Tier)> = Catalogue::new().names().iter().map(|name| (*name, Tier::Observe)).collect();
    let mut own = OwnRules {
        filter: ToolFilter::narrowing(&ToolWords::default(), &known).unwrap(),
        restrictions: Restrictions::default(),
        files: FileRules::default(),
        registry: RegistryRules::default(),
        hosts: HostRules::default(),
        rates: RateWords::default(),
    };
    change(&mut own);
    own
}

fn of_ci(change: impl FnOnce(&mut OwnRules)) -> [(String, OwnRules); 1] {
    [("key:ci".to_owned(), own(change))]
}

fn ci() -> Principal {
    Principal::key("ci", Scope::ALL)
}

fn other() -> Principal {
    Principal::key("other", Scope::ALL)
}

fn call(gate: &Gate, principal: Principal, tool: &str, arguments: Value) -> Result<Reply, Fault> {
    gate.call(Call { principal, tool: tool.to_owned(), arguments, cancel: Cancel::new() })
}

fn text(answer: Result<Reply, Fault>) -> String {
    match answer {
        Ok(Reply::Data(value)) => value.to_string(),
        Ok(Reply::View { parts, .. }) => {
            parts.into_iter().map(|part| if let Part::Text(text) = part { text } else { String::new() }).collect()
        }
        Err(fault) => fault.to_string(),
    }
}

#[test]
fn a_window_that_is_hidden_from_one_key_is_seen_by_another() {
    let desktop = FakeDesktop::demo();
    let hidden = vec![Valued::new(WindowPattern::Program(ProgramName::parse("form.exe").unwrap()), at(4))];
    let gate =
        open_gate(&desktop, Approval::Never, |rules| rules.with_own(of_ci(|own| own.restrictions.hidden = hidden)));
    let snapshot = |who| text(call(&gate, who, "Snapshot", json!({"max_tokens": 20_000})));
    assert!(!snapshot(ci()).contains("Greet") && snapshot(ci()).contains("Notepad"), "{}", snapshot(ci()));
    for who in [other(), Principal::local()] {
        assert!(snapshot(who).contains("Greet"));
    }
}

#[test]
fn a_key_reads_below_its_own_root_and_another_does_not() {
    let desktop = FakeDesktop::demo();
    desktop.put_file(r"D:\ci\notes.txt", b"for ci alone");
    let read = roots([FilePath::parse(r"D:\ci").unwrap()], &at(4));
    let gate = open_gate(&desktop, Approval::Never, |rules| rules.with_own(of_ci(|own| own.files.read = read)));
    let read = |who| text(call(&gate, who, "FileRead", json!({"path": r"D:\ci\notes.txt"})));
    assert!(read(ci()).contains("for ci alone"), "{}", read(ci()));
    let refused = read(other());
    assert!(refused.contains("nobody says `files.read`") && !refused.contains("p.toml"), "{refused}");
}

#[test]
fn a_key_is_told_the_name_of_a_policy_file_and_its_owner_the_path() {
    let path = Path::new("/home/me/config/p.toml");
    let place = portcullis_model::Origin::File { path: path.into(), line: 4 };
    let restrictions = Restrictions { clipboard_read: Some(Valued::new(false, place)), ..Restrictions::default() };
    let gate =
        open_gate(&FakeDesktop::demo(), Approval::Never, |rules| rules.restricted(restrictions).read_from([path]));
    for (tool, arguments) in [("GetClipboard", json!({})), ("ExplainPolicy", json!({"tool": "GetClipboard"}))] {
        let (told, owner) =
            (text(call(&gate, ci(), tool, arguments.clone())), text(call(&gate, Principal::local(), tool, arguments)));
        assert!(told.contains("p.toml:4 says") && !told.contains("/home"), "{told}");
        assert!(owner.contains("/home/me/config/p.toml:4 says"), "{owner}");
    }
}

#[test]
fn a_tool_that_is_shut_is_not_shown_by_another_ones_answer() {
    let desktop = FakeDesktop::demo();
    let spec = FilterSpec { enable_all: true, exclude_tools: vec!["Snapshot".into()], ..FilterSpec::default() };
    let gate = gate_with(&desktop, &spec, Approval::Never, |rules| rules);
    let click =
        |observe: &str| text(call(&gate, Principal::local(), "Click", json!({"name": "Greet", "observe": observe})));
    assert!(click("snapshot").starts_with("not_enabled: Snapshot is not enabled"), "{}", click("snapshot"));
    for observe in ["none", "diff", "image"] {
        assert!(!click(observe).contains("not enabled"), "{observe}: {}", click(observe));
    }
    let explained = json!({"tool": "Click", "args": {"name": "Greet", "observe": "snapshot"}});
    assert!(text(call(&gate, Principal::local(), "ExplainPolicy", explained)).contains("refused"));
}

fn calls(rate: u32) -> RateWords {
    RateWords { calls: Some(Valued::new(rate, at(6))), bytes: None }
}

#[test]
fn a_call_over_the_rate_is_refused_before_anything_is_planned() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules.with_rates(calls(10)));
    let wait = |who| text(call(&gate, who, "Wait", json!({"seconds": 0})));
    assert!((0..2).all(|_| !wait(ci()).contains("rate_limited")), "a fifth of ten at once");
    let refused = wait(ci());
    assert!(refused.starts_with("rate_limited: more than 10 weighted calls a minute"), "{refused}");
    assert!(refused.contains("rule: p.toml:6 says `rates.calls = 10`"), "{refused}");
    assert!(refused.contains("remedy: try again in "), "{refused}");
    // Arguments that no plan takes are not looked at, and what is no tool counts, too.
    assert!(text(call(&gate, ci(), "Wait", json!({"sekonds": 1}))).starts_with("rate_limited"));
    assert!(text(call(&gate, ci(), "Nothing", json!({}))).starts_with("rate_limited"));
    assert!(!wait(other()).contains("rate_limited"), "each has its own");
}

#[test]
fn answers_are_counted_where_the_owner_says_so() {
    let desktop = FakeDesktop::demo();
    let bytes = RateWords { calls: None, bytes: Some(Valued::new(100, at(7))) };
    let gate = open_gate(&desktop, Approval::Never, |rules| rules.with_rates(bytes));
    let snapshot = || text(call(&gate, ci(), "Snapshot", json!({})));
    assert!(snapshot().contains("Greet"));
    let refused = snapshot();
    assert!(refused.starts_with("rate_limited") && refused.contains("p.toml:7 says `rates.bytes = 100`"), "{refused}");
}

fn new_rules(spec: &FilterSpec) -> Rules {
    Rules::new(ToolFilter::resolve(spec, &Catalogue::new().names()).unwrap(), Approval::Never, 1)
}

#[test]
fn narrower_rules_are_taken_while_the_gate_is_open_and_wider_ones_are_not() {
    let desktop = FakeDesktop::demo();
    let gate =
        gate_with(&desktop, &FilterSpec::default(), Approval::Never, |rules| rules.with_rates(RateWords::default()));
    let click = || text(call(&gate, Principal::local(), "Click", json!({"name": "Greet"})));
    assert!(!click().contains("not_enabled"), "{}", click());
    let all = FilterSpec { enable_all: true, ..FilterSpec::default() };
    let Replacement::Wider(wider) = gate.replace_rules(new_rules(&all)) else { panic!("tier 3 was opened") };
    assert!(
        wider.iter().any(|one| one.to_string() == "everybody: SetClipboard with the effect write_clipboard"),
        "{wider:?}"
    );
    assert!(text(call(&gate, Principal::local(), "SetClipboard", json!({"text": "x"}))).contains("not_enabled"));
    let hidden = vec![Valued::new(WindowPattern::TitlePart("notepad".to_owned()), at(4))];
    let narrow = new_rules(&FilterSpec { disable_tier2: true, ..FilterSpec::default() })
        .restricted(Restrictions { hidden, ..Restrictions::default() });
    assert!(matches!(gate.replace_rules(narrow), Replacement::Replaced));
    assert!(click().contains("not_enabled"), "{}", click());
    let seen = text(call(&gate, Principal::local(), "Snapshot", json!({"max_tokens": 20_000})));
    assert!(seen.contains("Greet") && !seen.contains("Notepad"), "the ports are those of the new rules: {seen}");
    assert!(
        matches!(gate.replace_rules(new_rules(&FilterSpec::default())), Replacement::Wider(_)),
        "and there is no way back"
    );
}
