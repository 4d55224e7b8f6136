//! Pairs of rules, and what the second would allow that the first refuses. Each pair is compared both ways, so that what
//! only takes away is seen to be nothing.

use super::*;
use crate::files::FileRules;
use crate::filter::{ToolFilter, ToolWords};
use crate::hosts::HostRules;
use crate::rates::RateWords;
use crate::registry::RegistryRules;
use crate::roots::roots;
use portcullis_model::{Chord, Effect, Origin, ProgramName, Tier};

const TOOLS: &[ToolRow<'_>] = &[
    ToolRow { name: "Snapshot", tier: Tier::Observe, effects: &[Effect::ReadWindows], gates: &[] },
    ToolRow {
        name: "Click",
        tier: Tier::Interact,
        effects: &[Effect::SendInput, Effect::OperateCommandHost],
        gates: &[],
    },
    ToolRow { name: "SetClipboard", tier: Tier::Alter, effects: &[Effect::WriteClipboard], gates: &[] },
];
const KNOWN: &[(&str, Tier)] = &[("Snapshot", Tier::Observe), ("Click", Tier::Interact), ("SetClipboard", Tier::Alter)];

fn said<T>(value: T) -> Valued<T> {
    Valued::new(value, Origin::Flag("--x"))
}

fn with_words(words: &ToolWords, approval: Approval) -> Rules {
    Rules::new(ToolFilter::of_words(words, KNOWN).unwrap(), approval, 1)
}

fn rules() -> Rules {
    with_words(&ToolWords::default(), Approval::Never)
}

fn own(change: impl FnOnce(&mut OwnRules)) -> OwnRules {
    let mut own = OwnRules {
        filter: ToolFilter::narrowing(&ToolWords::default(), KNOWN).unwrap(),
        restrictions: Restrictions::default(),
        files: FileRules::default(),
        registry: RegistryRules::default(),
        hosts: HostRules::default(),
        rates: RateWords::default(),
    };
    change(&mut own);
    own
}

fn files(change: impl FnOnce(&mut FileRules)) -> Rules {
    let mut files = FileRules { profile: Some(path(r"C:\Users\me")), ..FileRules::default() };
    change(&mut files);
    rules().with_files(files)
}

fn path(text: &str) -> FilePath {
    FilePath::parse(text).unwrap()
}

fn key(text: &str) -> RegistryKey {
    RegistryKey::parse(text).unwrap()
}

fn places(list: &[&str]) -> Roots<FilePath> {
    roots(list.iter().map(|text| path(text)), &Origin::Flag("--x"))
}

fn keys(list: &[&str]) -> Roots<RegistryKey> {
    roots(list.iter().map(|text| key(text)), &Origin::Flag("--x"))
}

fn patterns(list: &[&str]) -> Roots<HostPattern> {
    roots(list.iter().map(|text| text.parse().unwrap()), &Origin::Flag("--x"))
}

fn hosts(change: impl FnOnce(&mut HostRules)) -> Rules {
    let mut hosts = HostRules::default();
    change(&mut hosts);
    rules().with_hosts(hosts)
}

fn restricted(change: impl FnOnce(&mut Restrictions)) -> Rules {
    let mut restrictions = Restrictions::default();
    change(&mut restrictions);
    rules().restricted(restrictions)
}

fn wider(old: &Rules, new: &Rules) -> Vec<String> {
    old.widened_by(new, TOOLS).iter().map(ToString::to_string).collect()
}

/// The narrow rules, the wide ones, and a part of what is told of going from the first to the second.
#[test]
fn each_way_of_allowing_more_is_seen_and_its_reverse_is_none() {
    let tier3 = with_words(&ToolWords { tier3: Some(said(true)), ..ToolWords::default() }, Approval::Never);
    let asking = with_words(&ToolWords::default(), Approval::Ask);
    let listed = with_words(
        &ToolWords { list: Some(said(vec![said("Snapshot".to_owned())])), ..ToolWords::default() },
        Approval::Never,
    );
    let pattern = |text: &str| vec![said(WindowPattern::TitlePart(text.to_owned()))];
    let chord = |text: &str| vec![said(Chord::parse(text).unwrap())];
    let program = |name: &str| ProgramName::parse(name).unwrap();
    let programs = |paths: &[&str]| Some(said(paths.iter().map(|path| said((*path).to_owned())).collect()));
    let calls = |rate| RateWords { calls: Some(said(rate)), bytes: None };
    let narrow_key = |change: fn(&mut OwnRules)| rules().with_own([("key:ci".to_owned(), own(change))]);
    let pairs: Vec<(&str, Rules, Rules, &str)> = vec![
        ("a tier", rules(), tier3, "everybody: Click with the effect operate_command_host"),
        ("a list", listed, rules(), "everybody: Click with the effect send_input"),
        ("approval", asking, rules(), "everybody: effects of tier 3 without the owner's word"),
        (
            "capture",
            restricted(|r| r.capture = Some(said(false))),
            rules(),
            "everybody: Snapshot with the effect read_windows",
        ),
        ("hidden", restricted(|r| r.hidden = pattern("Bank of x")), rules(), "windows of title part Bank of x"),
        (
            "a longer part of a title",
            restricted(|r| r.hidden = pattern("bank")),
            restricted(|r| r.hidden = pattern("My Bank")),
            "windows of title part bank",
        ),
        (
            "input",
            restricted(|r| r.no_input = vec![said(ProgramName::parse("bank.exe").unwrap())]),
            rules(),
            "input to bank.exe",
        ),
        (
            "one program of several",
            restricted(|r| r.no_input = ["bank.exe", "form.exe"].map(program).map(said).into()),
            restricted(|r| r.no_input = vec![said(program("form.exe"))]),
            "input to bank.exe",
        ),
        (
            "one hidden program of several",
            restricted(|r| {
                r.hidden = ["bank.exe", "form.exe"].map(program).map(WindowPattern::Program).map(said).into()
            }),
            restricted(|r| r.hidden = vec![said(WindowPattern::Program(program("form.exe")))]),
            "windows of program bank.exe",
        ),
        ("chords", restricted(|r| r.no_chords = chord("alt+f4")), rules(), "alt+f4"),
        (
            "a longer chord",
            restricted(|r| r.no_chords = chord("alt+f4")),
            restricted(|r| r.no_chords = chord("alt+shift+f4")),
            "alt+f4",
        ),
        ("programs", restricted(|r| r.executables = programs(&[])), rules(), "every program by path"),
        (
            "another program",
            restricted(|r| r.executables = programs(&[r"C:\a.exe"])),
            restricted(|r| r.executables = programs(&[r"C:\A.exe", r"C:\b.exe"])),
            r"C:\b.exe in `executables.allow`",
        ),
        ("a rate", rules().with_rates(calls(10)), rules(), "300 weighted calls a minute"),
        (
            "bytes",
            rules().with_rates(RateWords { calls: None, bytes: Some(said(1_000)) }),
            rules(),
            "more bytes of answers a minute",
        ),
        (
            "more bytes",
            rules().with_rates(RateWords { calls: None, bytes: Some(said(1_000)) }),
            rules().with_rates(RateWords { calls: None, bytes: Some(said(1_001)) }),
            "more bytes of answers a minute",
        ),
        ("a root", files(|_| ()), files(|f| f.write = places(&[r"D:\x"])), r"everybody: D:\x in `files.write`"),
        (
            "a root above",
            files(|f| f.write = places(&[r"D:\x\y"])),
            files(|f| f.write = places(&[r"D:\x"])),
            r"D:\x in `files.write`",
        ),
        (
            "a store inside of a root",
            files(|f| f.read = places(&[r"C:\Users\me"])),
            files(|f| f.read = places(&[r"C:\Users\me", r"C:\Users\me\.ssh"])),
            r"C:\Users\me\.ssh in `files.read`",
        ),
        (
            "what was kept back",
            files(|f| f.deny = vec![said(path(r"C:\Users\me\x"))]),
            files(|_| ()),
            r"C:\Users\me\x, which is no longer in `files.deny`",
        ),
        (
            "a key of the registry",
            rules(),
            rules().with_registry(RegistryRules { write: keys(&[r"HKCU\Software\x"]), ..RegistryRules::default() }),
            r"HKCU\Software\x in `registry.write`",
        ),
        (
            "a place that starts programs",
            rules().with_registry(RegistryRules { write: keys(&["HKCU"]), ..RegistryRules::default() }),
            rules().with_registry(RegistryRules {
                write: keys(&["HKCU", r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run"]),
                ..RegistryRules::default()
            }),
            r"CurrentVersion\Run in `registry.write`",
        ),
        (
            "a host to fetch from",
            hosts(|hosts| hosts.fetch = patterns(&["public:443"])),
            hosts(|hosts| hosts.fetch = patterns(&["public"])),
            "everybody: public in `hosts.fetch`",
        ),
        (
            "a host to ask",
            hosts(|hosts| hosts.probe = patterns(&["private"])),
            hosts(|hosts| hosts.probe = patterns(&["private", "*.example.org"])),
            "everybody: *.example.org in `hosts.probe`",
        ),
        (
            "hosts of the default",
            hosts(|hosts| hosts.fetch = patterns(&["example.org"])).with_own([]),
            hosts(|hosts| hosts.fetch = patterns(&["example.org", "10.0.0.1"])),
            "everybody: 10.0.0.1 in `hosts.fetch`",
        ),
        (
            "a host that was kept back",
            hosts(|hosts| hosts.deny = ["bad.example", "public:80"].map(|text| said(text.parse().unwrap())).into()),
            hosts(|hosts| hosts.deny = vec![said("public:80".parse().unwrap())]),
            "bad.example, which is no longer in `hosts.deny`",
        ),
        (
            "rules of one key",
            narrow_key(|own| {
                let words = ToolWords { tier2: Some(said(false)), ..ToolWords::default() };
                own.filter = ToolFilter::narrowing(&words, KNOWN).unwrap();
            }),
            rules(),
            "key:ci: Click with the effect send_input",
        ),
        (
            "roots of one key",
            rules(),
            narrow_key(|own| own.files.read = places(&[r"D:\ci"])),
            r"key:ci: D:\ci in `files.read`",
        ),
        ("a rate of one key", narrow_key(|own| own.rates.calls = Some(said(5))), rules(), "key:ci: 300 weighted calls"),
    ];
    for (what, narrow, wide, told) in &pairs {
        let found = wider(narrow, wide);
        assert!(found.iter().any(|line| line.contains(told)), "{what}: {found:?}");
        assert_eq!(wider(wide, narrow), Vec::<String>::new(), "{what}, the other way");
        assert_eq!(wider(wide, wide), Vec::<String>::new(), "{what}, the same");
    }
}

#[test]
fn what_one_key_gains_is_told_of_that_key_alone() {
    let narrow = rules().with_own([("key:ci".to_owned(), own(|own| own.rates.calls = Some(said(5))))]);
    let found = wider(&narrow, &rules());
    assert!(!found.is_empty() && found.iter().all(|line| line.starts_with("key:ci: ")), "{found:?}");
}

#[test]
fn what_was_kept_back_may_go_where_nothing_opens_it() {
    let old = files(|files| files.deny = vec![said(path(r"E:\x"))]);
    assert_eq!(wider(&old, &files(|_| ())), Vec::<String>::new());
    let shut = |deny: &[&str]| {
        hosts(|hosts| {
            (hosts.fetch, hosts.probe) = (patterns(&[]), patterns(&[]));
            hosts.deny = deny.iter().map(|text| said(text.parse().unwrap())).collect();
        })
    };
    assert_eq!(wider(&shut(&["bad.example"]), &shut(&[])), Vec::<String>::new());
}

/// A list in place of the default takes from `local` and gives to everybody else.
#[test]
fn a_default_is_compared_as_the_roots_that_it_gives() {
    let (default, list) = (files(|_| ()), files(|files| files.read = places(&[r"C:\Users\me\x"])));
    assert_eq!(wider(&list, &default), [r"local: C:\Users\me in `files.read`"]);
    assert_eq!(wider(&default, &list), [r"any other: C:\Users\me\x in `files.read`"]);
}
