//! Tables over `admit` and `decide`: who is let in with which effects, and what the refusal says.

use super::*;
use crate::filter::FilterSpec;
use portcullis_model::{
    Authenticated, Chord, Durability, Entry, Ledger, LedgerFault, ProcessId, ProgramName, Standing, Valued,
    WindowIdentity,
};
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
    gates: &[],
};
const SET_CLIPBOARD: ToolRow<'_> =
    ToolRow { name: "SetClipboard", tier: Tier::Alter, effects: &[Effect::WriteClipboard], gates: &[] };

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
fn an_installed_app_is_decided_by_the_program_that_it_stands_for() {
    const APP: ToolRow<'_> = ToolRow {
        name: "App",
        tier: Tier::Interact,
        effects: &[Effect::StartInstalledApp, Effect::StartExecutable],
        gates: &[],
    };
    let local = Principal::local();
    let mut spec = FilterSpec::default();
    let plain = Rules::new(ToolFilter::resolve(&spec, &["App"]).unwrap(), Approval::Never, 4242);
    spec.enable_tier3 = true;
    let open = Rules::new(ToolFilter::resolve(&spec, &["App"]).unwrap(), Approval::Never, 4242);
    let start = |rules: &Rules, program: Option<&str>| {
        let program = program.map(ProgramName::from_image_path);
        let app = Resource::InstalledApp { name: "it".to_owned(), program };
        verdict(&rules.decide(ask(&local, APP, &[Effect::StartInstalledApp], vec![app])))
    };
    assert_eq!(start(&plain, Some("notepad.exe")), "allow [StartInstalledApp]");
    for program in [None, Some("cmd.exe"), Some("mmc.exe"), Some("regedit.exe"), Some("rundll32.exe")] {
        assert_eq!(
            start(&plain, program),
            "NotEnabled: tier 3 (alter) is closed; the effect is start_executable",
            "{program:?}"
        );
        assert_eq!(start(&open, program), "allow [StartInstalledApp, StartExecutable]", "{program:?}");
    }
}

#[test]
fn a_tool_is_admitted_when_something_that_it_is_for_is_open() {
    let local = Principal::local();
    let observer = Principal::key("reader", [Scope::Observe]);
    let plain = rules(|_| {}, Approval::Never);
    assert!(plain.admit(&local, CLICK).is_ok());
    // Only the reading half of Click is open to this key, and that is not what the tool is for.
    assert!(plain.admit(&observer, CLICK).is_err());
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

/// A scope of one tool opens what the tool does at its own tier, and neither another tool nor a higher tier.
#[test]
fn a_scope_of_one_tool_opens_that_tool_alone() {
    let open = rules(|spec| spec.enable_tier3 = true, Approval::Never);
    let clicker = Principal::remote(Authenticated::Key, "c", "observe, tool:click".parse().unwrap());
    let click = |resource| verdict(&open.decide(ask(&clicker, CLICK, &[Effect::SendInput], vec![resource])));
    assert_eq!(click(target(7, "notepad.exe", "Notepad")), "allow [SendInput]");
    assert_eq!(click(target(7, "cmd.exe", "x")), "NotEnabled: key:c holds no `alter` scope");
    assert!(open.admit(&clicker, SET_CLIPBOARD).is_err());
    let setter = Principal::remote(Authenticated::Key, "s", "tool:SetClipboard".parse().unwrap());
    assert!(open.admit(&setter, SET_CLIPBOARD).is_ok());
    assert!(open.admit(&setter, CLICK).is_err());
    let shut = rules(|_| {}, Approval::Never);
    assert!(shut.admit(&setter, SET_CLIPBOARD).is_err(), "a scope opens no tier");
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

fn keys(text: &str) -> Resource {
    Resource::Keys { chord: Chord::parse(text).unwrap() }
}

fn at<T>(value: T, line: usize) -> Valued<T> {
    Valued::new(value, Origin::File { path: Path::new("p.toml").into(), line })
}

#[test]
fn a_chord_that_leads_to_a_place_that_runs_what_is_typed_needs_tier_3() {
    let (local, plain) = (Principal::local(), rules(|_| {}, Approval::Never));
    let press =
        |rules: &Rules, text: &str| verdict(&rules.decide(ask(&local, CLICK, &[Effect::SendInput], vec![keys(text)])));
    let shut = "NotEnabled: tier 3 (alter) is closed; the effect is operate_command_host";
    for text in [
        "win+r",
        "R+win",
        "win+x",
        "win+shift+s",
        "ctrl+shift+esc",
        "ctrl+esc",
        "win",
        "win+shift",
        "win+1",
        "win+к",
        "win+a+r",
    ] {
        assert_eq!(press(&plain, text), shut, "{text}");
    }
    for text in ["ctrl+s", "alt+f4", "win+d", "win+up", "ctrl+r", "shift", "r"] {
        assert_eq!(press(&plain, text), "allow [SendInput]", "{text}");
    }
    let no_chords = vec![at(Chord::parse("alt+f4").unwrap(), 5)];
    let denying = plain.restricted(Restrictions { no_chords, ..Restrictions::default() });
    for (text, denied) in [("alt+f4", true), ("shift+alt+f4", true), ("alt+f5", false), ("f4", false)] {
        let wanted = if denied { "Denied: p.toml:5 names it in `input.deny_chords`" } else { "allow [SendInput]" };
        assert_eq!(press(&denying, text), wanted, "{text}");
    }
}

const WINDOWS: ToolRow<'_> = ToolRow {
    name: "Click",
    tier: Tier::Interact,
    effects: &[Effect::ArrangeWindows, Effect::CloseWindows, Effect::OperateCommandHost, Effect::ReadWindows],
    gates: &[],
};

fn shown(program: &str, class: &str) -> Resource {
    Resource::Window { window: window(7, class), program: ProgramName::from_image_path(program) }
}

#[test]
fn closing_a_console_is_what_input_to_it_is_and_a_denied_program_is_not_arranged() {
    let local = Principal::local();
    let no_input = vec![at(ProgramName::parse("bank.exe").unwrap(), 5)];
    let plain = rules(|_| {}, Approval::Never).restricted(Restrictions { no_input, ..Restrictions::default() });
    let open = rules(|spec| spec.enable_tier3 = true, Approval::Never);
    let act = |rules: &Rules, effect, resource| verdict(&rules.decide(ask(&local, WINDOWS, &[effect], vec![resource])));
    let shut = "NotEnabled: tier 3 (alter) is closed; the effect is operate_command_host";
    for (program, class) in [("regedit.exe", "x"), ("taskmgr.exe", "x"), ("other.exe", "ConsoleWindowClass")] {
        assert_eq!(act(&plain, Effect::CloseWindows, shown(program, class)), shut);
        assert_eq!(act(&open, Effect::CloseWindows, shown(program, class)), "allow [CloseWindows, OperateCommandHost]");
        assert_eq!(act(&plain, Effect::ArrangeWindows, shown(program, class)), "allow [ArrangeWindows]");
    }
    let denied = "Denied: p.toml:5 names it in `input.deny_programs`";
    assert_eq!(act(&plain, Effect::ArrangeWindows, shown("BANK.exe", "x")), denied);
    assert_eq!(act(&plain, Effect::CloseWindows, shown("BANK.exe", "x")), denied);
    assert_eq!(act(&plain, Effect::ReadWindows, shown("BANK.exe", "x")), "allow [ReadWindows]", "it is seen");
}

/// A window that is named by its title is known to the port alone.
#[test]
fn a_permit_for_the_desktop_does_not_cover_what_the_rules_keep_from_the_window_that_is_meant() {
    let local = Principal::local();
    let no_input = vec![at(ProgramName::parse("bank.exe").unwrap(), 5)];
    let open = rules(|spec| spec.enable_tier3 = true, Approval::Never);
    let open = open.restricted(Restrictions { no_input, ..Restrictions::default() });
    let effects = [Effect::ArrangeWindows, Effect::CloseWindows, Effect::ReadWindows];
    let Decision::Allow(grant) = open.decide(ask(&local, WINDOWS, &effects, vec![Resource::Desktop])) else { panic!() };
    let permit = grant.record(Arc::new(Lines::default())).unwrap();
    let rule = |effect, resource| {
        let outside = permit.require(effect, &resource).err();
        outside.map_or("covered".to_owned(), |outside| Fault::from(outside).rule.unwrap())
    };
    assert_eq!(rule(Effect::ArrangeWindows, shown("form.exe", "x")), "covered");
    assert_eq!(rule(Effect::ReadWindows, shown("bank.exe", "x")), "covered");
    assert_eq!(rule(Effect::ArrangeWindows, shown("bank.exe", "x")), "p.toml:5 names it in `input.deny_programs`");
    assert!(rule(Effect::CloseWindows, shown("cmd.exe", "x")).starts_with("closing one is an effect of tier 3"));
    let own = Resource::Window { window: window(4242, "x"), program: ProgramName::from_image_path("portcullis.exe") };
    assert!(rule(Effect::CloseWindows, own).starts_with("our own windows"));
}

#[test]
fn a_scope_of_one_tool_gives_its_own_tier_and_no_other() {
    let open = rules(|spec| spec.enable_tier3 = true, Approval::Never);
    let clicker = Principal::remote(Authenticated::Key, "c", "tool:Click".parse().unwrap());
    let with = |effects: &[Effect]| {
        verdict(&open.decide(ask(&clicker, CLICK, effects, vec![target(7, "notepad.exe", "Notepad")])))
    };
    assert_eq!(with(&[Effect::SendInput]), "allow [SendInput]");
    assert_eq!(with(&[Effect::SendInput, Effect::ReadWindows]), "NotEnabled: key:c holds no `observe` scope");
}

/// Which tiers the owner opened is not told to who may not use them in any case.
#[test]
fn who_lacks_the_scope_is_told_of_that_and_not_of_the_owners_words() {
    let observer = Principal::key("reader", [Scope::Observe]);
    let excluded = rules(|spec| spec.exclude_tools = vec!["SetClipboard".into()], Approval::Never);
    for rules in [rules(|_| {}, Approval::Never), rules(|spec| spec.enable_tier3 = true, Approval::Never), excluded] {
        let denial = rules.admit(&observer, SET_CLIPBOARD).unwrap_err();
        assert_eq!(denial.rule, "key:reader holds no `alter` scope");
    }
}

/// Standing and program of a process, with the effects asked for, and what is said.
#[test]
fn processes_are_ended_by_what_they_are_to_us() {
    const KILL: ToolRow<'_> =
        ToolRow { name: "Click", tier: Tier::Alter, effects: &[Effect::EndProcesses, Effect::EndClient], gates: &[] };
    let open = rules(|spec| spec.enable_all = true, Approval::Never);
    let both = [Effect::EndProcesses, Effect::EndClient];
    for (number, program, standing, effects, said) in [
        (7, "a.exe", Standing::Other, &both[..1], "allow [EndProcesses]"),
        (7, "a.exe", Standing::Client, &both[..1], "Denied: what started the server is ended only by"),
        (7, "a.exe", Standing::Client, &both, "allow [EndProcesses, EndClient]"),
        (7, "a.exe", Standing::Ours, &both, "Denied: our own processes"),
        (4242, "a.exe", Standing::Other, &both, "Denied: our own processes"),
        (7, "a.exe", Standing::Critical, &both, "Denied: processes that Windows stops without"),
        (7, "LSASS.exe", Standing::Other, &both, "Denied: processes that Windows stops without"),
    ] {
        let process = ProcessId { number, started: 1 };
        let program = ProgramName::from_image_path(program);
        let alone = Resource::Process { process, program: program.clone(), standing };
        let below = Resource::Descendant { root: process, process, program, standing };
        for resource in [alone, below] {
            let found = verdict(&open.decide(ask(&Principal::local(), KILL, effects, vec![resource.clone()])));
            assert!(found.starts_with(said), "{resource:?}: {found}");
        }
    }
}

#[test]
fn a_permit_for_a_tree_covers_what_its_root_started_and_nothing_else() {
    let process = |number| ProcessId { number, started: 1 };
    let part = |root, number| Resource::Descendant {
        root: process(root),
        process: process(number),
        program: ProgramName::from_image_path("a.exe"),
        standing: Standing::Other,
    };
    let tree = Resource::ProcessTree { root: process(7) };
    assert!(tree.covers(&part(7, 8)) && tree.covers(&part(7, 9)));
    assert!(!tree.covers(&part(6, 8)) && !part(7, 8).covers(&part(7, 9)));
    let later = Resource::ProcessTree { root: ProcessId { started: 2, ..process(7) } };
    assert!(!later.covers(&part(7, 8)), "another process of that number");
}
