//! KillProcess behind the gate, on the fake desktop: which processes are meant, which never are, and what becomes of those
//! that were started. winremote-mcp ends every process whose name is similar enough; `notepad.exe` also means `notepad++.exe`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod common;

use common::{at, gate_with, open_gate};
use portcullis_gate::{Call, Gate};
use portcullis_model::{
    Cancel, Fault, FaultCode, Part, Principal, ProcessId, ProgramName, Reply, Standing, Valued, WindowPattern,
};
use portcullis_platform::PortFault;
use portcullis_platform_fake::{Call as PortCall, FakeDesktop, Trouble};
use portcullis_policy::{Approval, FilterSpec, Restrictions};
use serde_json::{Value, json};

fn gate(desktop: &FakeDesktop) -> Gate {
    open_gate(desktop, Approval::Never, |rules| rules)
}

fn call(gate: &Gate, tool: &str, arguments: Value) -> Result<Reply, Fault> {
    gate.call(Call { principal: Principal::local(), tool: tool.to_owned(), arguments, cancel: Cancel::new() })
}

/// What KillProcess answers, as one line.
fn kill(gate: &Gate, arguments: Value) -> String {
    match call(gate, "KillProcess", arguments) {
        Ok(Reply::View { parts, .. }) => match parts.first() {
            Some(Part::Text(text)) => text.clone(),
            other => panic!("{other:?}"),
        },
        Ok(other) => panic!("{other:?}"),
        Err(fault) => fault.to_string(),
    }
}

/// The process as an agent names it: by what ListProcesses tells.
fn by_number(gate: &Gate, process: ProcessId) -> Value {
    let Reply::Data(list) = call(gate, "ListProcesses", json!({ "limit": 500 })).unwrap() else { panic!("no data") };
    let all = list["processes"].as_array().unwrap();
    let found = all.iter().find(|known| known["pid"] == process.number).unwrap();
    json!({ "pid": found["pid"], "started": found["started"] })
}

fn with(mut arguments: Value, more: Value) -> Value {
    arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    arguments
}

#[test]
fn a_process_is_meant_by_its_whole_name_or_by_number_and_start() {
    let desktop = FakeDesktop::new();
    let similar =
        ["editor.exe.exe", "editor2.exe", "anEditor.exe", "edito.exe"].map(|name| desktop.start_process(name, None));
    let meant = desktop.start_process("Editor.exe", None);
    let gate = gate(&desktop);
    let told = kill(&gate, json!({ "name": "EDITOR.exe" }));
    assert_eq!(told, format!("confirmed: pid {} editor.exe ended with exit code 1", meant.number));
    assert!(!desktop.is_running(meant) && similar.iter().all(|process| desktop.is_running(*process)));
    let gone = kill(&gate, json!({ "name": "editor.exe" }));
    assert!(gone.starts_with("not_found: no process is editor.exe") && gone.contains("editor2.exe"), "{gone}");
    let told = kill(&gate, by_number(&gate, similar[1]));
    assert!(told.starts_with("confirmed: "), "{told}");
    assert!(!desktop.is_running(similar[1]) && desktop.is_running(similar[0]) && desktop.is_running(similar[2]));
}

#[test]
fn a_number_that_another_process_has_by_now_ends_nothing() {
    let desktop = FakeDesktop::new();
    let meant = desktop.start_process("a.exe", None);
    let gate = gate(&desktop);
    let arguments = by_number(&gate, meant);
    desktop.end_process(meant);
    let other = desktop.start_process("b.exe", None);
    let other = desktop.give_number(other, meant.number);
    let told = kill(&gate, arguments.clone());
    assert!(told.starts_with("no_effect: "), "{told}");
    let told = kill(&gate, with(arguments, json!({ "tree": true })));
    assert!(told.starts_with("no_effect: ") && desktop.is_running(other), "{told}");
}

#[test]
fn several_of_one_name_are_asked_about() {
    let desktop = FakeDesktop::new();
    let all: Vec<ProcessId> = (0..3).map(|_| desktop.start_process("worker.exe", None)).collect();
    let gate = gate(&desktop);
    let told = kill(&gate, json!({ "name": "worker.exe" }));
    assert!(told.starts_with("ambiguous: 3 processes are worker.exe"), "{told}");
    assert!(all.iter().all(|process| told.contains(&format!("pid {}, started 1601-", process.number))), "{told}");
    assert!(all.iter().all(|process| desktop.is_running(*process)));
    let told = kill(&gate, json!({ "name": "worker.exe", "all": true }));
    assert!(told.starts_with("confirmed: ") && told.matches("ended with exit code 1").count() == 3, "{told}");
    assert!(all.iter().all(|process| !desktop.is_running(*process)));
    for _ in 0..51 {
        desktop.start_process("worker.exe", None);
    }
    let told = kill(&gate, json!({ "name": "worker.exe", "all": true }));
    assert!(told.starts_with("too_large: more than 50"), "{told}");
    let told = kill(&gate, json!({ "name": "worker.exe" }));
    assert!(told.starts_with("ambiguous: at least 50"), "{told}");
}

#[test]
fn a_tree_is_what_a_process_started_and_what_is_started_meanwhile() {
    let desktop = FakeDesktop::new();
    let older = desktop.start_process("older.exe", None);
    let root = desktop.start_process("root.exe", None);
    let child = desktop.start_process("child.exe", Some(root));
    let grandchild = desktop.start_process("grandchild.exe", Some(child));
    let stranger = desktop.start_process("stranger.exe", None);
    // What an earlier process of the root's number started is none of the root's.
    let of_earlier = desktop.give_number(older, older.number);
    let orphan = desktop.start_process("orphan.exe", None);
    let gate = gate(&desktop);
    let told = kill(&gate, by_number(&gate, child));
    assert!(told.starts_with("confirmed: ") && desktop.is_running(grandchild), "without `tree` one alone: {told}");
    let child = desktop.start_process("child.exe", Some(root));
    let late = desktop.start_process("late.exe", Some(child));
    desktop.before_next(PortCall::EndProcess, move |desktop| {
        desktop.start_process("latest.exe", Some(child));
    });
    let told = kill(&gate, json!({ "name": "root.exe", "tree": true }));
    assert!(told.starts_with("confirmed: ") && told.contains("latest.exe"), "{told}");
    let place = |name: &str| told.find(name).unwrap_or_else(|| panic!("{name}: {told}"));
    assert!(place("root.exe") < place("child.exe") && place("child.exe") < place("late.exe"), "top down: {told}");
    assert!([root, child, late].iter().all(|process| !desktop.is_running(*process)));
    assert!([of_earlier, stranger, orphan].iter().all(|process| desktop.is_running(*process)));
}

#[test]
fn attack_a_child_of_an_earlier_process_of_that_number_is_not_in_the_tree() {
    let desktop = FakeDesktop::new();
    let earlier = desktop.start_process("earlier.exe", None);
    let orphan = desktop.start_process("orphan.exe", Some(earlier));
    desktop.end_process(earlier);
    let root = desktop.start_process("root.exe", None);
    let root = desktop.give_number(root, earlier.number);
    let gate = gate(&desktop);
    let told = kill(&gate, json!({ "name": "root.exe", "tree": true }));
    assert!(told.starts_with("confirmed: ") && !desktop.is_running(root) && desktop.is_running(orphan), "{told}");
}

#[test]
fn attack_what_is_ours_critical_or_the_client_is_not_ended() {
    let desktop = FakeDesktop::new();
    let root = desktop.start_process("root.exe", None);
    let inner = desktop.start_process("inner.exe", Some(root));
    let kept = desktop.start_process("kept.exe", Some(inner));
    let gate = gate(&desktop);
    let spellings = |name: &str| {
        let all = json!({ "all": true, "tree": true, "include_client": true });
        [
            json!({ "name": name }),
            with(json!({ "name": name }), all),
            by_number(&gate, kept),
            with(by_number(&gate, kept), json!({ "tree": true, "include_client": true })),
            json!({ "name": "root.exe", "tree": true, "include_client": true }),
        ]
    };
    for (standing, rule) in [
        (Standing::Ours, "our own processes are refused to every tool; no configuration lifts this"),
        (Standing::Critical, "processes that Windows stops without are refused to every tool; no configuration"),
    ] {
        desktop.set_standing(kept, standing);
        for arguments in spellings("kept.exe") {
            let told = kill(&gate, arguments.clone());
            assert!(told.starts_with("denied: ") && told.contains(rule), "{standing:?} {arguments}: {told}");
        }
        assert!([root, inner, kept].iter().all(|process| desktop.is_running(*process)), "nothing of the tree went");
    }
    desktop.set_standing(kept, Standing::Client);
    for arguments in
        [json!({ "name": "kept.exe" }), by_number(&gate, kept), json!({ "name": "root.exe", "tree": true })]
    {
        let told = kill(&gate, arguments.clone());
        assert!(told.starts_with("denied: ") && told.contains("say `include_client: true`"), "{arguments}: {told}");
    }
    assert!([root, inner, kept].iter().all(|process| desktop.is_running(*process)));
    let told = kill(&gate, json!({ "name": "kept.exe", "include_client": true }));
    assert!(told.starts_with("confirmed: ") && !desktop.is_running(kept), "{told}");
    let again = desktop.start_process("again.exe", Some(inner));
    desktop.set_standing(again, Standing::Client);
    let told = kill(&gate, json!({ "name": "root.exe", "tree": true, "include_client": true }));
    assert!(told.starts_with("confirmed: ") && !desktop.is_running(again), "{told}");
}

#[test]
fn attack_names_of_what_windows_cannot_go_on_without_are_refused_whatever_runs_under_them() {
    let desktop = FakeDesktop::new();
    let gate = gate(&desktop);
    for name in ["csrss.exe", "LSASS.EXE", "services.exe", "smss.exe", "wininit.exe", "winlogon.exe", "System"] {
        let process = desktop.start_process(name, None);
        let told = kill(&gate, by_number(&gate, process));
        assert!(told.starts_with("denied: Windows cannot go on without"), "{name}: {told}");
        assert!(desktop.is_running(process));
    }
}

#[test]
fn a_program_that_takes_no_input_or_is_hidden_is_not_ended() {
    let desktop = FakeDesktop::new();
    let parent = desktop.start_process("shell.exe", None);
    let bank = desktop.start_process("bank.exe", Some(parent));
    let hidden = desktop.start_process("hidden.exe", Some(parent));
    let program = |name: &str| ProgramName::parse(name).unwrap();
    let restrictions = Restrictions {
        no_input: vec![Valued::new(program("bank.exe"), at(5))],
        hidden: vec![Valued::new(WindowPattern::Program(program("hidden.exe")), at(6))],
        ..Restrictions::default()
    };
    let gate = open_gate(&desktop, Approval::Never, |rules| rules.restricted(restrictions));
    for (arguments, rule) in [
        (json!({ "name": "bank.exe" }), "p.toml:5 names it in `input.deny_programs`"),
        (json!({ "name": "hidden.exe" }), "p.toml:6 names it in `capture.exclude`"),
        (json!({ "name": "shell.exe", "tree": true }), "p.toml:5 names it in `input.deny_programs`"),
    ] {
        let told = kill(&gate, arguments.clone());
        assert!(told.starts_with("denied: ") && told.contains(rule), "{arguments}: {told}");
    }
    assert!([parent, bank, hidden].iter().all(|process| desktop.is_running(*process)));
}

#[test]
fn what_does_not_end_or_may_not_be_looked_at_is_said() {
    let desktop = FakeDesktop::new();
    let stubborn = desktop.start_process("stubborn.exe", None);
    let child = desktop.start_process("child.exe", Some(stubborn));
    desktop.set_stubborn(stubborn);
    let shut = desktop.start_process("shut.exe", None);
    desktop.set_shut(shut);
    let mixed = [desktop.start_process("mixed.exe", None), desktop.start_process("mixed.exe", None)];
    desktop.set_shut(mixed[0]);
    let gate = gate(&desktop);
    let told = kill(&gate, json!({ "name": "stubborn.exe", "tree": true }));
    assert!(told.starts_with("unverified: ") && told.contains("stubborn.exe still runs"), "{told}");
    assert!(told.contains("child.exe ended") && !desktop.is_running(child), "{told}");
    let told = kill(&gate, json!({ "name": "shut.exe" }));
    assert!(told.starts_with("elevated_target: ") && desktop.is_running(shut), "{told}");
    let told = kill(&gate, json!({ "name": "mixed.exe" }));
    assert!(told.starts_with("unverified: 1 more may belong to it") && !desktop.is_running(mixed[1]), "{told}");
    let failing = desktop.start_process("failing.exe", None);
    desktop.trouble(PortCall::EndProcess, Trouble::Fail(PortFault::Elevated));
    let told = kill(&gate, json!({ "name": "failing.exe" }));
    assert!(told.starts_with("elevated_target: ") && desktop.is_running(failing), "{told}");
}

#[test]
fn a_tree_at_its_cap_ends_and_a_larger_one_stays_whole() {
    let desktop = FakeDesktop::new();
    let root = desktop.start_process("root.exe", None);
    for _ in 0..200 {
        desktop.start_process("leaf.exe", Some(root));
    }
    let gate = gate(&desktop);
    let told = kill(&gate, json!({ "name": "root.exe", "tree": true }));
    assert!(told.starts_with("too_large: more than 200 processes would end") && desktop.is_running(root), "{told}");
    let root = desktop.start_process("root2.exe", None);
    for _ in 0..199 {
        desktop.start_process("leaf.exe", Some(root));
    }
    let told = kill(&gate, json!({ "name": "root2.exe", "tree": true }));
    assert!(told.starts_with("confirmed: ") && told.matches("ended with").count() == 200, "{told}");
}

#[test]
fn bad_arguments_are_answered_with_rule_and_remedy() {
    let gate = gate(&FakeDesktop::demo());
    let start = "2026-01-31T12:00:00.1234567Z";
    for (arguments, said) in [
        (json!({}), "no process is named"),
        (json!({ "pid": 12 }), "it comes with `started`, since Windows gives a number again"),
        (json!({ "pid": 0, "started": start }), "it is a whole number from 1 to 2147483647"),
        (json!({ "pid": 12, "started": "today" }), "it is a time as 2026-01-31T12:00:00.1234567Z"),
        (json!({ "pid": 12, "started": start, "name": "a.exe" }), "a process is meant by `name`, or by `pid`"),
        (json!({ "pid": 12, "started": start, "all": true }), "a `pid` is one process"),
        (json!({ "started": start }), "it belongs to a `pid`"),
        (json!({ "name": "notepad" }), "a program is named with its extension"),
        (json!({ "name": "note*" }), "a program is named with its extension"),
        (json!({ "name": "C:\\Windows\\notepad.exe" }), "a program is named without its folder"),
        (json!({ "name": "" }), "a program is named with its extension"),
        (json!({ "name": "*.exe" }), "not_found: no process is *.exe"),
        (json!({ "name": "notepad++.exe" }), "not_found: no process is notepad++.exe"),
        (json!({ "name": "notepad.exe", "force": true }), "unknown_argument: "),
    ] {
        let told = kill(&gate, arguments.clone());
        assert!(told.contains(said), "{arguments}: {told}");
    }
}

#[test]
fn without_tier_3_no_process_is_looked_for() {
    let desktop = FakeDesktop::new();
    let process = desktop.start_process("a.exe", None);
    let gate = gate_with(&desktop, &FilterSpec::default(), Approval::Never, |rules| rules);
    let refused = call(&gate, "KillProcess", json!({ "name": "a.exe" })).unwrap_err();
    assert_eq!(refused.code, FaultCode::NotEnabled, "{refused}");
    assert!(desktop.is_running(process));
}
