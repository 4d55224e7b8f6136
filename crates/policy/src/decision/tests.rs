//! Tables over `admit` and `decide`: who is let in with which effects, and what the refusal says.

use super::*;
use crate::filter::FilterSpec;
use portcullis_model::{Durability, Entry, Ledger, LedgerFault, ProgramName};
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct Lines(Mutex<Vec<String>>, bool);

impl Ledger for Lines {
    fn append(&self, entry: &Entry, durability: Durability) -> Result<(), LedgerFault> {
        if self.1 {
            return Err(LedgerFault("disk full".to_owned()));
        }
        let json = serde_json::to_value(entry).unwrap();
        self.0.lock().unwrap().push(format!("{} {} {durability:?}", json["event"], json["result"]));
        Ok(())
    }

    fn digest(&self, bytes: &[u8]) -> Digest {
        Digest::of(bytes)
    }
}

const CLICK: ToolRow<'_> = ToolRow {
    name: "Click",
    tier: Tier::Interact,
    effects: &[Effect::SendInput, Effect::OperateCommandHost, Effect::ReadWindows],
};
const SET_CLIPBOARD: ToolRow<'_> =
    ToolRow { name: "SetClipboard", tier: Tier::Alter, effects: &[Effect::WriteClipboard] };

fn rules(change: impl FnOnce(&mut FilterSpec), approval: Approval) -> Rules {
    let mut spec = FilterSpec::default();
    change(&mut spec);
    Rules::new(ToolFilter::resolve(&spec, &["Click", "SetClipboard"]).unwrap(), approval, 4242)
}

fn window(process: u32, class: &str) -> WindowIdentity {
    WindowIdentity { handle: 1, process, process_start: 1, thread: 1, class: class.to_owned() }
}

fn target(process: u32, program: &str, class: &str) -> Resource {
    Resource::InputTarget { window: window(process, class), program: ProgramName::from_image_path(program) }
}

fn ask<'call>(
    principal: &'call Principal,
    tool: ToolRow<'call>,
    effects: &[Effect],
    resources: Vec<Resource>,
) -> Ask<'call> {
    Ask {
        call: CallId::new(1),
        principal,
        tool,
        arguments: Digest::of(b""),
        effects: effects.to_vec(),
        resources,
        reversibility: Reversibility::Irreversible,
    }
}

fn verdict(decision: &Decision) -> String {
    match decision {
        Decision::Allow(grant) => format!("allow {:?}", grant.effects()),
        Decision::Deny(denial) => format!("{:?}: {}", denial.code, denial.rule),
        Decision::Approve(_) => "approve".to_owned(),
    }
}

#[test]
fn a_call_is_decided_by_tier_scope_and_target() {
    let local = Principal::local();
    let observer = Principal::key("reader", [Scope::Observe]);
    let plain = rules(|_| {}, Approval::Never);
    let open = rules(|spec| spec.enable_tier3 = true, Approval::Never);
    let asking = rules(|spec| spec.enable_tier3 = true, Approval::Ask);
    let click = |rules: &Rules, principal, resource| {
        verdict(&rules.decide(ask(principal, CLICK, &[Effect::SendInput], vec![resource])))
    };
    assert_eq!(click(&plain, &local, target(7, "C:\\x\\Notepad.EXE", "Notepad")), "allow [SendInput]");
    assert_eq!(
        click(&plain, &observer, target(7, "notepad.exe", "Notepad")),
        "NotEnabled: key:reader holds no `interact` scope"
    );
    for (program, class) in [
        ("cmd.exe", "x"),
        ("other.exe", "ConsoleWindowClass"),
        ("other.exe", "consolewindowclass"),
        ("explorer.exe", "#32770"),
        ("C:\\Windows\\System32\\PowerShell.exe", "x"),
    ] {
        assert_eq!(
            click(&plain, &local, target(7, program, class)),
            "NotEnabled: tier 3 (alter) is closed; the effect is operate_command_host",
            "{program} {class}"
        );
        assert_eq!(click(&open, &local, target(7, program, class)), "allow [SendInput, OperateCommandHost]");
        assert_eq!(click(&asking, &local, target(7, program, class)), "approve");
    }
    assert_eq!(
        click(&open, &local, target(4242, "portcullis.exe", "x")),
        "Denied: our own windows are refused to every tool; no configuration lifts this"
    );
    let undeclared = plain.decide(ask(&local, CLICK, &[Effect::ReadClipboard], vec![]));
    assert!(verdict(&undeclared).starts_with("Denied: a tool has the effects"));
}

#[test]
fn a_tool_is_admitted_when_one_of_its_effects_is_open() {
    let local = Principal::local();
    let observer = Principal::key("reader", [Scope::Observe]);
    let plain = rules(|_| {}, Approval::Never);
    assert!(plain.admit(&local, CLICK).is_ok());
    // Only the reading half of Click is open to this key, so the tool is listed and each call decides.
    assert!(plain.admit(&observer, CLICK).is_ok());
    let denial = plain.admit(&local, SET_CLIPBOARD).unwrap_err();
    assert_eq!(
        (denial.code, denial.remedy.as_deref()),
        (
            FaultCode::NotEnabled,
            Some("the owner can start the server with --enable-tier3, or with --tools SetClipboard")
        )
    );
    assert!(
        rules(|spec| spec.tools = vec!["SetClipboard".into()], Approval::Never).admit(&local, SET_CLIPBOARD).is_ok()
    );
}

fn permit(ledger: &Arc<Lines>) -> Result<crate::Permit, LedgerFault> {
    let open = rules(|spec| spec.enable_tier3 = true, Approval::Never);
    let local = Principal::local();
    let asked = ask(&local, SET_CLIPBOARD, &[Effect::WriteClipboard], vec![Resource::Clipboard]);
    match open.decide(asked) {
        Decision::Allow(grant) => grant.record(ledger.clone()),
        other => panic!("{}", verdict(&other)),
    }
}

#[test]
fn a_permit_is_recorded_first_and_says_unknown_when_dropped() {
    let ledger = Arc::new(Lines::default());
    drop(permit(&ledger).unwrap());
    permit(&ledger).unwrap().finish(portcullis_model::CallResult::Confirmed, None, None).unwrap();
    assert_eq!(
        *ledger.0.lock().unwrap(),
        [
            "\"call_granted\" null Now",
            "\"call_finished\" \"unknown\" Soon",
            "\"call_granted\" null Now",
            "\"call_finished\" \"confirmed\" Soon"
        ]
    );
}

#[test]
fn without_a_record_there_is_no_permit() {
    assert!(permit(&Arc::new(Lines(Mutex::default(), true))).is_err());
}

#[test]
fn a_permit_covers_what_it_names_and_nothing_else() {
    let ledger = Arc::new(Lines::default());
    let permit = permit(&ledger).unwrap();
    assert!(permit.require(Effect::WriteClipboard, &Resource::Clipboard).is_ok());
    assert!(permit.require(Effect::ReadClipboard, &Resource::Clipboard).is_err());
    assert!(permit.require(Effect::WriteClipboard, &Resource::System).is_err());
}
