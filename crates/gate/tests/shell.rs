//! Shell behind the gate, on the fake desktop: what the port is asked for, what shuts it, and what becomes of a command that is
//! withdrawn. What a real shell is started with is seen in the lab.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod common;

use common::{at, gate_with, open_gate};
use portcullis_gate::{Call, Gate};
use portcullis_model::{Cancel, CancelReason, Fault, FaultCode, Part, Principal, Reply, Scope, Valued};
use portcullis_platform::{PortFault, ShellRequest};
use portcullis_platform_fake::{Call as PortCall, FakeDesktop, Trouble};
use portcullis_policy::{Approval, FilterSpec, Restrictions};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn call_as(gate: &Gate, principal: Principal, arguments: Value) -> Result<Reply, Fault> {
    gate.call(Call { principal, tool: "Shell".to_owned(), arguments, cancel: Cancel::new() })
}

fn call(gate: &Gate, arguments: Value) -> Result<Reply, Fault> {
    call_as(gate, Principal::local(), arguments)
}

fn text(answer: Result<Reply, Fault>) -> String {
    match answer {
        Ok(Reply::View { parts, .. }) => {
            let text = |part: Part| if let Part::Text(text) = part { text } else { panic!("{part:?}") };
            parts.into_iter().map(text).collect::<Vec<_>>().join("\n")
        }
        Ok(other) => panic!("{other:?}"),
        Err(fault) => fault.to_string(),
    }
}

fn open(desktop: &FakeDesktop) -> Gate {
    open_gate(desktop, Approval::Never, |rules| rules)
}

#[test]
fn the_port_gets_the_callers_own_text_the_shell_and_the_folder() {
    let desktop = FakeDesktop::new();
    desktop.put_folder(r"C:\work");
    desktop.install_pwsh();
    let gate = open(&desktop);
    for (arguments, path, command, folder) in [
        (json!({ "command": "Get-Date" }), "powershell.exe", "Get-Date", None),
        (json!({ "command": " 'a'\n\"b\" ", "shell": "powershell" }), "powershell.exe", " 'a'\n\"b\" ", None),
        (json!({ "command": "$x", "shell": "pwsh", "cwd": "C:/work" }), "pwsh.exe", "$x", Some(r"C:\work")),
        (json!({ "command": "dir & ver", "shell": "cmd" }), "cmd.exe", "dir & ver", None),
    ] {
        let told = text(call(&gate, arguments.clone()));
        assert!(told.starts_with("confirmed: ") && told.contains("ended with exit code 0"), "{arguments}: {told}");
        let ShellRequest { path: at, command: asked, folder: within } = desktop.shell_requests().pop().unwrap();
        assert!(at.ends_with(path) && at.starts_with("C:\\"), "{at}");
        assert_eq!((asked.as_str(), within.as_deref()), (command, folder), "{arguments}");
    }
}

#[test]
fn attack_a_shell_is_run_by_tier_3_alone_and_by_no_key_without_its_scope() {
    let desktop = FakeDesktop::new();
    let shut = gate_with(&desktop, &FilterSpec::default(), Approval::Never, |rules| rules);
    let open = open(&desktop);
    let command = || json!({ "command": "whoami" });
    let observer = Principal::key("k", [Scope::Observe, Scope::Interact, Scope::Files]);
    for (gate, principal) in [(&shut, Principal::local()), (&open, observer)] {
        assert_eq!(call_as(gate, principal, command()).unwrap_err().code, FaultCode::NotEnabled);
    }
    let asked = open_gate(&desktop, Approval::Ask, |rules| rules);
    assert_eq!(call(&asked, command()).unwrap_err().code, FaultCode::ApprovalRequired);
    assert!(desktop.shell_requests().is_empty());
    call_as(&open, Principal::key("a", [Scope::Alter]), command()).unwrap();
    assert_eq!(desktop.shell_requests().len(), 1);
}

#[test]
fn attack_a_list_of_programs_that_may_be_started_holds_for_shells() {
    let desktop = FakeDesktop::new();
    let list = |paths: &[&str]| {
        let paths = paths.iter().map(|path| Valued::new((*path).to_owned(), at(7))).collect();
        Restrictions { executables: Some(Valued::new(paths, at(7))), ..Restrictions::default() }
    };
    let only_notepad = list(&[r"C:\Windows\notepad.exe"]);
    let gate = open_gate(&desktop, Approval::Never, |rules| rules.restricted(only_notepad));
    for shell in ["powershell", "cmd"] {
        let told = text(call(&gate, json!({ "command": "ver", "shell": shell })));
        assert!(told.starts_with("denied: ") && told.contains("executables.allow"), "{told}");
    }
    assert!(desktop.shell_requests().is_empty());
    let only_cmd = list(&[r"c:\windows\system32\CMD.EXE"]);
    let gate = open_gate(&desktop, Approval::Never, |rules| rules.restricted(only_cmd));
    assert!(text(call(&gate, json!({ "command": "ver", "shell": "cmd" }))).starts_with("confirmed"));
    assert!(text(call(&gate, json!({ "command": "ver" }))).starts_with("denied: "));
}

#[test]
fn a_command_that_is_withdrawn_or_takes_too_long_is_answered_so() {
    let desktop = FakeDesktop::new();
    desktop.trouble(PortCall::RunShell, Trouble::Block);
    let gate = open(&desktop);
    let (cancel, began) = (Cancel::new(), Instant::now());
    let withdrawn = std::thread::scope(|scope| {
        let arguments = json!({ "command": "wait", "timeout": 600 });
        let call = Call { principal: Principal::local(), tool: "Shell".to_owned(), arguments, cancel: cancel.clone() };
        let call = scope.spawn(|| gate.call(call));
        cancel.cancel(CancelReason::Client);
        call.join().unwrap()
    });
    assert_eq!(withdrawn.unwrap_err().code, FaultCode::Cancelled);
    assert!(began.elapsed() < Duration::from_secs(9));
    desktop.trouble(PortCall::RunShell, Trouble::Fail(PortFault::Unsupported("x".to_owned())));
    assert_eq!(call(&gate, json!({ "command": "x" })).unwrap_err().code, FaultCode::Unsupported);
}

#[test]
fn bad_input_is_answered_with_rule_and_remedy_and_never_repeated() {
    let desktop = FakeDesktop::new();
    let gate = open(&desktop);
    for (arguments, said) in [
        (json!({ "command": "" }), "at least one character"),
        (json!({ "command": "secret\nline", "shell": "cmd" }), "`&`"),
        (json!({ "command": "secret\0", "shell": "cmd" }), "leave the NUL out"),
        (json!({ "command": "secret".repeat(2_000) }), "FileWrite"),
        (json!({ "command": "secret".repeat(2_001) }), "it has at most 12000 characters"),
        (json!({ "command": ["secret"] }), "its value is not repeated here"),
        (json!({ "command": "secret", "shell": "pwsh" }), "pwsh is not installed"),
        (json!({ "command": "secret", "cwd": r"C:\absent" }), "field: cwd"),
        (json!({ "command": "secret", "cwd": "work" }), "a path is absolute"),
        (json!({ "command": "secret", "timeout": -1 }), "from 0 to 3600"),
        (json!({ "command": "secret", "args": ["x"] }), "unknown_argument"),
    ] {
        let told = text(call(&gate, arguments.clone()));
        assert!(told.contains(said) && !told.contains("secret"), "{arguments}: {told}");
    }
    assert!(desktop.shell_requests().is_empty());
}
