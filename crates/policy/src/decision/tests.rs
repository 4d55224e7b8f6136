//! Tables over `admit` and `decide`: who is let in with which effects, and what the refusal says.

use super::*;
use crate::filter::{FilterSpec, ToolWords};
use crate::permit::Permit;
use crate::rates::RateWords;
use crate::roots::roots;
use portcullis_model::{
    Access, Authenticated, Chord, Durability, Entry, FilePath, Ledger, LedgerFault, ProcessId, ProgramName,
    ServiceName, Standing, TaskPath, Valued, WindowIdentity, WindowPattern,
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
        asked_as: None,
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

fn permit(ledger: &Arc<Lines>) -> Result<Permit, LedgerFault> {
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
    assert!(permit.require_effect(Effect::WriteClipboard).is_ok());
    assert!(permit.require_effect(Effect::ReadPixels).is_err());
}

#[test]
fn the_session_of_another_user_is_refused_whatever_is_open() {
    let (local, open) = (Principal::local(), rules(|spec| spec.enable_tier3 = true, Approval::Never));
    let row = ToolRow { effects: &[Effect::ConnectSession], ..SET_CLIPBOARD };
    let said = |own: bool| {
        let session = Resource::UserSession { id: 3, own };
        verdict(&open.decide(ask(&local, row, &[Effect::ConnectSession], vec![session])))
    };
    assert_eq!(said(true), "allow [ConnectSession]");
    assert!(
        said(false).starts_with("Denied: sessions of others are neither connected nor put aside"),
        "{}",
        said(false)
    );
}

/// The tasks of Windows itself mend and guard it, and ours is what the owner set up.
#[test]
fn a_task_of_windows_or_of_ours_is_refused_whatever_is_open() {
    let (local, open) = (Principal::local(), rules(|spec| spec.enable_tier3 = true, Approval::Never));
    let row = ToolRow { effects: &[Effect::ChangeScheduledTasks], ..SET_CLIPBOARD };
    for (path, is_open) in [
        (r"\Backup", true),
        (r"\MicrosoftOffice\Update", true),
        (r"\Backup\Microsoft", true),
        (r"\Microsoft\Windows\Defrag\ScheduledDefrag", false),
        (r"microsoft\x", false),
        (r"\Portcullis\Server", false),
    ] {
        let task = Resource::ScheduledTask { path: TaskPath::parse(path).unwrap() };
        let said = verdict(&open.decide(ask(&local, row, &[Effect::ChangeScheduledTasks], vec![task])));
        let wanted =
            if is_open { "allow [ChangeScheduledTasks]" } else { r"Denied: tasks in \Microsoft and \Portcullis" };
        assert!(said.starts_with(wanted), "{path}: {said}");
    }
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
        "win+num1",
        "winleft+r",
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
    let no_chords = vec![at(Chord::parse("ctrl+s").unwrap(), 5)];
    let denying = rules(|_| {}, Approval::Never).restricted(Restrictions { no_chords, ..Restrictions::default() });
    for (text, said) in [
        ("ctrl+s", "ctrl+s is not pressed"),
        ("ctrl++", "ctrl+s is not pressed, and a sign may lie on any key of a layout"),
    ] {
        let decision = denying.decide(ask(&local, CLICK, &[Effect::SendInput], vec![keys(text)]));
        let Decision::Deny(denial) = decision else { panic!("{text} is let through") };
        assert_eq!(denial.message, said, "{text}");
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
    let both = [Effect::CloseWindows, Effect::OperateCommandHost];
    let Decision::Allow(grant) = open.decide(ask(&local, WINDOWS, &both, vec![Resource::Desktop])) else { panic!() };
    let allowed = grant.record(Arc::new(Lines::default())).unwrap();
    assert!(allowed.require(Effect::CloseWindows, &shown("cmd.exe", "x")).is_ok(), "that effect was asked for too");
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
        let remedy = denial.remedy.unwrap_or_default();
        assert!(remedy.contains("portcullis key new NAME --scopes …,alter"), "{remedy}");
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

/// Name and standing of a service, and what is said of starting or stopping it.
#[test]
fn services_are_controlled_by_what_they_are_to_us_and_to_windows() {
    const CONTROL: ToolRow<'_> =
        ToolRow { name: "Click", tier: Tier::Alter, effects: &[Effect::ControlServices], gates: &[] };
    let open = rules(|spec| spec.enable_all = true, Approval::Never);
    for (name, standing, said) in [
        ("Spooler", Standing::Other, "allow [ControlServices]"),
        ("Spooler", Standing::Ours, "Denied: what this server lives in"),
        ("Spooler", Standing::Client, "Denied: what this server lives in"),
        ("Spooler", Standing::Critical, "Denied: such services are refused"),
        ("WinDefend", Standing::Other, "Denied: such services are refused"),
        ("EventLog", Standing::Other, "Denied: such services are refused"),
        ("EventLogger", Standing::Other, "allow [ControlServices]"),
    ] {
        let service = Resource::Service { name: ServiceName::parse(name).unwrap(), standing };
        let found = verdict(&open.decide(ask(&Principal::local(), CONTROL, &[Effect::ControlServices], vec![service])));
        assert!(found.starts_with(said), "{name} {standing:?}: {found}");
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

fn told<T>(asked: Result<T, Denial>, open: impl FnOnce(T) -> String) -> String {
    asked.map_or_else(|denial| denial.rule, open)
}

#[test]
fn a_host_is_asked_about_before_and_without_a_call() {
    let (local, remote) = (Principal::local(), Principal::key("k", Scope::ALL));
    let deny = vec![at("bad.example".parse().unwrap(), 5)];
    let rules = rules(|_| {}, Approval::Never).with_hosts(HostRules { deny, ..HostRules::default() });
    let name =
        |who, name| told(rules.check_name(who, &Host::parse(name).unwrap(), HostAccess::Fetch), |()| "open".to_owned());
    assert_eq!(name(&local, "good.example"), "open");
    assert_eq!(name(&local, "bad.example"), "p.toml:5 names bad.example in `hosts.deny`");
    assert!(name(&remote, "good.example").starts_with("nobody says `hosts.fetch`"));
    let host = |who, name, address: &str| {
        let addresses = vec![address.parse().unwrap()];
        let host = Host::parse(name).unwrap();
        let resource = Resource::Host { host, port: Some(443), addresses, access: HostAccess::Fetch };
        told(rules.check_host(who, &resource), |rule| rule.unwrap_or_else(|| "no host".to_owned()))
    };
    assert_eq!(host(&local, "good.example", "1.1.1.1"), "by default `local` fetches from public hosts");
    assert_eq!(host(&local, "bad.example", "1.1.1.1"), "p.toml:5 names bad.example in `hosts.deny`");
    assert!(host(&remote, "good.example", "1.1.1.1").starts_with("nobody says `hosts.fetch`"));
    assert_eq!(rules.check_host(&local, &Resource::Clipboard), Ok(None), "no host is opened or refused by no rule");
}

#[test]
fn only_the_owners_own_client_is_told_in_which_folder_a_policy_file_lies() {
    let path = Path::new("/home/owner/secret-project/portcullis.toml");
    let rules = rules(|_| {}, Approval::Never).read_from([path]);
    let text = format!("{}:5 names it in `files.deny`", path.display());
    assert_eq!(rules.tell(&Principal::local(), text.clone()), text);
    assert_eq!(
        rules.tell(&Principal::key("k", Scope::ALL), text),
        "portcullis.toml:5 names it in `files.deny`",
        "a key learns no folder of the machine"
    );
}

/// A reload may say less of our own places than the rules before did.
#[test]
fn attack_a_reload_opens_none_of_the_files_and_listeners_that_were_ours() {
    let path = |text: &str| FilePath::parse(text).unwrap();
    let with = |own: &[&str], port: u16, name: &str| {
        let files = FileRules {
            write: roots([path(r"C:\")], &Origin::Default),
            own: own.iter().map(|text| path(text)).collect(),
            ..FileRules::default()
        };
        let hosts = HostRules {
            fetch: roots(["127.0.0.1".parse().unwrap(), "public".parse().unwrap()], &Origin::Default),
            own: vec![([127, 0, 0, 1], port).into()],
            own_names: vec![(Host::parse(name).unwrap(), 443)],
            ..HostRules::default()
        };
        rules(|_| {}, Approval::Never).with_files(files).with_hosts(hosts)
    };
    let before = with(&[r"C:\a", r"C:\both"], 8000, "before.example");
    let new = with(&[r"C:\b", r"C:\both"], 9000, "new.example").keeping_own_files_of(&before);
    let local = Principal::local();
    for (text, ours) in [(r"C:\a\x", true), (r"C:\b\x", true), (r"C:\both\x", true), (r"C:\c\x", false)] {
        let file = Resource::File { path: path(text), identity: None, access: Access::Write };
        assert_eq!(new.view(&local).check_place(&file).is_err(), ours, "{text}");
    }
    assert_eq!(new.files.own.len(), 3, "what both name stands there once: {:?}", new.files.own);
    for (name, port, address, ours) in [
        ("127.0.0.1", 8000, [127, 0, 0, 1], true),
        ("127.0.0.1", 9000, [127, 0, 0, 1], false),
        ("before.example", 443, [1, 1, 1, 1], true),
        ("new.example", 443, [1, 1, 1, 1], false),
    ] {
        let host = Host::parse(name).unwrap();
        let addresses = vec![address.into()];
        let resource = Resource::Host { host, port: Some(port), addresses, access: HostAccess::Fetch };
        assert_eq!(new.check_host(&local, &resource).is_err(), ours, "{name}:{port}: the server listens where it did");
    }
}

fn own_rules(restrictions: Restrictions) -> OwnRules {
    OwnRules {
        filter: ToolFilter::narrowing(&ToolWords::default(), &[]).unwrap(),
        restrictions,
        files: FileRules::default(),
        registry: RegistryRules::default(),
        hosts: HostRules::default(),
        rates: RateWords::default(),
    }
}

#[test]
fn who_has_windows_hidden_from_it_alone_also_has_those_hidden_that_are_from_all() {
    let hiding = |text: &str, line| Restrictions {
        hidden: vec![at(WindowPattern::TitlePart(text.to_owned()), line)],
        ..Restrictions::default()
    };
    let rules = rules(|_| {}, Approval::Never).restricted(hiding("bank", 3)).with_own([
        ("key:ci".to_owned(), own_rules(hiding("mail", 7))),
        ("key:other".to_owned(), own_rules(Restrictions::default())),
    ]);
    let found: Vec<(String, Vec<String>)> = rules
        .own_hidden()
        .map(|(name, all)| (name.to_owned(), all.hidden.iter().map(|said| said.origin.to_string()).collect()))
        .collect();
    assert_eq!(found, [("key:ci".to_owned(), vec!["p.toml:3".to_owned(), "p.toml:7".to_owned()])]);
}

const LOOK: ToolRow<'_> =
    ToolRow { name: "Click", tier: Tier::Observe, effects: &[Effect::ReadClipboard, Effect::ReadWindows], gates: &[] };

#[test]
fn one_open_effect_of_several_admits_a_tool_and_the_first_denial_is_told_where_there_is_none() {
    let local = Principal::local();
    let shut = |clipboard: bool, capture: bool| {
        let clipboard_read = Some(at(!clipboard, 4));
        let restrictions = Restrictions { clipboard_read, capture: Some(at(!capture, 5)), ..Restrictions::default() };
        rules(|_| {}, Approval::Never).restricted(restrictions)
    };
    let admitted = |rules: &Rules| told(rules.admit(&local, LOOK), |()| "open".to_owned());
    assert_eq!(admitted(&shut(false, false)), "open");
    assert_eq!(admitted(&shut(true, false)), "open", "the plan will say which effect the call needs");
    assert_eq!(admitted(&shut(false, true)), "open");
    assert_eq!(admitted(&shut(true, true)), "p.toml:4 says `clipboard.read = false`");
    let opens = |rules: &Rules, effect| rules.opens(&local, LOOK, effect);
    assert!(opens(&shut(true, false), Effect::ReadWindows) && !opens(&shut(true, false), Effect::ReadClipboard));
    assert!(!opens(&shut(false, false), Effect::ReadSystem), "it is open, and none of the tool's");
}

/// The caller's filter words, and what the record says opened the call.
#[test]
fn a_grant_says_which_word_opened_it_and_each_place_once() {
    let path = |text: &str| FilePath::parse(text).unwrap();
    let local = Principal::local();
    let read = |text: &str| Resource::File { path: path(text), identity: None, access: Access::Read };
    let known = [("Click", Tier::Interact), ("SetClipboard", Tier::Alter)];
    let of_words = |words: &ToolWords| Rules::new(ToolFilter::of_words(words, &known).unwrap(), Approval::Never, 1);
    let flag = |tier3| ToolWords { tier3, ..ToolWords::default() };
    let by_file = of_words(&flag(Some(at(true, 3))));
    let by_flag = of_words(&flag(Some(Valued::new(true, Origin::Flag("--enable-tier3")))));
    let plain = of_words(&ToolWords::default());
    let rule = |rules: &Rules, tool, effect, resources| match rules.decide(ask(&local, tool, &[effect], resources)) {
        Decision::Allow(grant) => grant.rule().to_owned(),
        other => verdict(&other),
    };
    let set = |rules: &Rules| rule(rules, SET_CLIPBOARD, Effect::WriteClipboard, vec![]);
    assert_eq!(set(&by_file), "p.toml:3 opens it");
    assert_eq!(set(&by_flag), "tier 3 is open");
    assert_eq!(rule(&by_flag, CLICK, Effect::SendInput, vec![]), "the tier is open");
    assert_eq!(rule(&plain, CLICK, Effect::SendInput, vec![]), "the tier is open");
    let files =
        FileRules { read: Some(at(vec![at(path(r"C:\a"), 7), at(path(r"C:\b"), 8)], 6)), ..FileRules::default() };
    assert_eq!(
        rule(&plain.with_files(files), CLICK, Effect::SendInput, [r"C:\a\1", r"C:\a\2", r"C:\b\1"].map(read).into()),
        "the tier is open; p.toml:7 opens it in `files.read`; p.toml:8 opens it in `files.read`"
    );
}

#[test]
fn an_effect_on_files_needs_its_own_scope_beside_that_of_the_tier() {
    const READ: ToolRow<'_> = ToolRow { name: "Click", tier: Tier::Alter, effects: &[Effect::ReadFiles], gates: &[] };
    let rules = rules(|spec| spec.enable_tier3 = true, Approval::Never);
    for (scopes, said) in [
        (vec![Scope::Alter, Scope::Files], "open"),
        (vec![Scope::Alter], "key:k holds no `files` scope"),
        (vec![Scope::Files], "key:k holds no `alter` scope"),
    ] {
        assert_eq!(told(rules.admit(&Principal::key("k", scopes), READ), |()| "open".to_owned()), said);
    }
}

/// What a flag says has no line to point at: the flag is named, and not the file.
#[test]
fn what_flags_shut_is_said_with_the_flag_that_opens_it() {
    let local = Principal::local();
    let list = "the owner's list of tools leaves it out";
    let add = "the owner can add `Click` to --tools or take it from --exclude-tools";
    let tier = "tier 2 (interact) is closed; the effect is send_input";
    let start = "the owner can start the server without --disable-tier2, or with --tools Click";
    let names = |name: &str| vec![name.to_owned()];
    for (what, spec, rule, remedy) in [
        ("excluded", FilterSpec { exclude_tools: names("Click"), ..FilterSpec::default() }, list, add),
        ("unlisted", FilterSpec { tools: names("SetClipboard"), ..FilterSpec::default() }, list, add),
        ("shut", FilterSpec { disable_tier2: true, ..FilterSpec::default() }, tier, start),
    ] {
        let denial = rules(|said| *said = spec, Approval::Never).admit(&local, CLICK).unwrap_err();
        assert_eq!((denial.rule.as_str(), denial.remedy.as_deref()), (rule, Some(remedy)), "{what}");
    }
}

const FETCH: ToolRow<'_> = ToolRow {
    name: "Click",
    tier: Tier::Interact,
    effects: &[Effect::FetchHosts, Effect::ProbeHosts, Effect::ReadWindows],
    gates: &[],
};

fn host(name: &str, address: [u8; 4], access: HostAccess) -> Resource {
    let addresses = vec![address.into()];
    Resource::Host { host: Host::parse(name).unwrap(), port: Some(443), addresses, access }
}

fn fetching(effects: &[Effect], resources: Vec<Resource>) -> (Permit, Arc<Lines>) {
    let ledger = Arc::new(Lines::default());
    let deny = vec![at("bad.example".parse().unwrap(), 5)];
    let rules = rules(|_| {}, Approval::Never).with_hosts(HostRules { deny, ..HostRules::default() });
    let Decision::Allow(grant) = rules.decide(ask(&Principal::local(), FETCH, effects, resources)) else { panic!() };
    (grant.record(ledger.clone()).unwrap(), ledger)
}

/// Where a call is led on to: with which effect, to what, whether the call may follow and what is said.
#[test]
fn attack_a_call_is_led_on_only_to_hosts_of_the_kind_that_it_was_granted() {
    let first = || host("first.example", [1, 1, 1, 1], HostAccess::Fetch);
    let next = host("next.example", [1, 0, 0, 1], HostAccess::Fetch);
    for (effect, resources, to, said) in [
        (Effect::FetchHosts, vec![first()], next.clone(), "followed"),
        (Effect::FetchHosts, vec![first()], host("bad.example", [1, 0, 0, 1], HostAccess::Fetch), "bad.example"),
        (Effect::FetchHosts, vec![first()], host("next.example", [10, 0, 0, 1], HostAccess::Fetch), "hosts.fetch"),
        (Effect::FetchHosts, vec![first()], host("nas", [10, 0, 0, 1], HostAccess::Probe), "does not cover"),
        (Effect::FetchHosts, vec![first()], Resource::Clipboard, "does not cover"),
        (Effect::ReadWindows, vec![first()], next.clone(), "does not cover"),
        (Effect::FetchHosts, vec![], next.clone(), "does not cover"),
        (Effect::FetchHosts, vec![Resource::Clipboard], next, "does not cover"),
    ] {
        let (permit, ledger) = fetching(&[Effect::FetchHosts], resources);
        assert!(permit.require(effect, &to).is_err(), "before it is followed: {to:?}");
        let found = permit.follow(effect, to.clone()).map_or_else(
            |refused| {
                let fault = Fault::from(refused);
                format!("{fault} {:?}", fault.rule)
            },
            |()| "followed".to_owned(),
        );
        assert!(found.contains(said), "{effect:?} {to:?}: {found}");
        let is_followed = said == "followed";
        assert_eq!(permit.require(effect, &to).is_ok(), is_followed, "{to:?}");
        let recorded = ledger.0.lock().unwrap().iter().any(|line| line.contains("call_followed"));
        assert_eq!(recorded, is_followed, "{to:?}");
    }
}

#[test]
fn a_permit_says_what_it_names_and_which_names_may_be_looked_up() {
    let first = host("first.example", [1, 1, 1, 1], HostAccess::Fetch);
    let (permit, _) = fetching(&[Effect::FetchHosts, Effect::ReadWindows], vec![first]);
    assert!(permit.names(Effect::ReadWindows) && !permit.names(Effect::ProbeHosts));
    let may = |name: &str| permit.check_name(&Host::parse(name).unwrap(), HostAccess::Fetch);
    assert_eq!(may("next.example"), Ok(()));
    assert_eq!(told(may("bad.example"), |()| String::new()), "p.toml:5 names bad.example in `hosts.deny`");
    // What a failing test or a log shows of one.
    let shown = format!("{permit:?}");
    assert!(
        ["CallId { number: 1, step: 0 }", "FetchHosts", "first.example"].iter().all(|part| shown.contains(part)),
        "{shown}"
    );
}

#[test]
fn what_stands_in_for_the_systems_roots_is_told_as_it_was_found() {
    let with = |replaced_roots| {
        rules(|_| {}, Approval::Never).with_hosts(HostRules { replaced_roots, ..HostRules::default() })
    };
    assert_eq!(with(None).replaced_roots(), None);
    let before = with(Some("SSL_CERT_FILE"));
    assert_eq!(before.replaced_roots(), Some("SSL_CERT_FILE"));
    assert_eq!(with(Some("SSL_CERT_FILE")).keeping_own_files_of(&before).replaced_roots(), Some("SSL_CERT_FILE"));
}
