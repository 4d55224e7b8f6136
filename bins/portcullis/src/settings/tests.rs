//! The profiles, as a server would read them: which tools, effects and gates each opens to the owner's own client, exactly.

use super::*;
use portcullis_model::{Effect, Principal, WpfGate};
use portcullis_policy::Rules;
use std::path::Path;

fn rules(profile: &str) -> Rules {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../profiles").join(profile);
    let files = PolicyFiles::new(None, Some(path), &Environment::default());
    let settings = Settings::load(&files, ServeFlags::default(), &|_, _| Ok(())).unwrap();
    compose::rules(&crate::ThisMachine, &settings, &AnchorFlags::default(), &Catalogue::new()).unwrap()
}

const PROFILES: [&str; 8] = [
    "read-only",
    "operator",
    "administrator",
    "wpf-diagnostics",
    "wpf-screenshots",
    "wpf-viewmodel",
    "wpf-mutation",
    "wpf-emergency-loading",
];

/// An effect as it is written.
fn word(effect: Effect) -> String {
    serde_json::to_value(effect).unwrap().as_str().unwrap().to_owned()
}

/// Whether this effect of the tool is open to the owner's own client.
fn is_open(rules: &Rules, tool: &portcullis_tools::AnyTool, effect: Effect) -> bool {
    rules.opens(&Principal::local(), tool.descriptor().row(), effect)
}

/// Each tool, open or shut, with each of its effects; then each gate. What a profile allows and blocks, exactly.
fn told(profile: &str) -> String {
    let rules = rules(&format!("{profile}.toml"));
    let catalogue = Catalogue::new();
    let mut lines = vec![format!("== {profile}")];
    for tool in catalogue.tools() {
        let descriptor = tool.descriptor();
        let state = if rules.admit(&Principal::local(), descriptor.row()).is_ok() { "open" } else { "shut" };
        let of = |wanted: bool| {
            let effects = descriptor.effects.iter().filter(|effect| is_open(&rules, tool, **effect) == wanted);
            effects.map(|effect| word(*effect)).collect::<Vec<_>>().join(" ")
        };
        lines.push(format!("{state} {}: {} | {}", descriptor.name, of(true), of(false)).replace(":  |", ": |"));
    }
    for gate in WpfGate::ALL {
        let state = if rules.gates().is_open(gate) { "open" } else { "shut" };
        lines.push(format!("{state} gate {}", gate.name()));
    }
    let trimmed: Vec<&str> = lines.iter().map(|line| line.trim_end().trim_end_matches('|').trim_end()).collect();
    trimmed.join("\n")
}

/// Before the bar what is allowed, after it what is blocked.
#[test]
fn each_profile_allows_and_blocks_exactly_this() {
    let all: Vec<String> = PROFILES.iter().map(|profile| told(profile)).collect();
    insta::assert_snapshot!(all.join("\n\n"));
}

#[test]
fn every_profile_that_lies_there_is_tested() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../profiles");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    let mut wanted = PROFILES.map(|name| format!("{name}.toml"));
    names.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(names, wanted);
}

/// No effect above a profile's tiers is open, of no tool.
#[test]
fn a_profile_opens_no_effect_above_its_tiers() {
    let catalogue = Catalogue::new();
    for (profile, most) in [
        ("read-only", 1),
        ("operator", 2),
        ("wpf-diagnostics", 1),
        ("wpf-screenshots", 1),
        ("wpf-viewmodel", 1),
        ("wpf-emergency-loading", 1),
    ] {
        let rules = rules(&format!("{profile}.toml"));
        for tool in catalogue.tools() {
            for effect in Effect::ALL.into_iter().filter(|effect| effect.tier().number() > most) {
                assert!(!is_open(&rules, tool, effect), "{profile}: {} {effect:?}", tool.descriptor().name);
            }
        }
    }
}

#[test]
fn a_check_says_which_files_it_read_and_that_there_was_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let environment = Environment { local_data: Some("/x".into()), policy_folder: Some(folder.path().join("owner")) };
    let check = || {
        let files = PolicyFiles::new(Some(folder.path().join("machine")), None, &environment);
        let settings = Settings::load(&files, ServeFlags::default(), &|_, _| Ok(()))?;
        checked(&crate::ThisMachine, &settings, &environment)
    };
    let (machine, owner) = (path("machine/portcullis.toml"), path("owner/portcullis.toml"));
    let none = "no policy file was found: the defaults hold".to_owned();
    assert_eq!(check().unwrap(), [none, format!("not there: {machine}"), format!("not there: {owner}")]);
    std::fs::create_dir(folder.path().join("owner")).unwrap();
    std::fs::write(&owner, "version = 1\n[serve]\nstop_key = \"ctrl+f12\"\n").unwrap();
    assert_eq!(check().unwrap(), ["ok".to_owned(), format!("not there: {machine}"), format!("read: {owner}")]);
    std::fs::write(&owner, "version = 1\n[serve]\nstop_key = \"shift+q\"\n").unwrap();
    let wrong = check().unwrap_err().to_string();
    assert!(wrong.contains("portcullis.toml:3 `serve.stop_key` = `shift+q`: "), "{wrong}");
}
