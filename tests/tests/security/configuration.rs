//! A flag or a file that would open more than was said before. winremote-mcp passes over unknown keys and starts plain HTTP
//! for half a TLS pair; Windows-MCP leaves a tool open when its exclusion is misspelt. Here the start is refused.

use portcullis_testkit::fake_home::FakeHome;
use portcullis_testkit::lab::{finish_within, native_exe};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

#[test]
fn a_flag_that_would_widen_a_file_stops_the_start() {
    let home = FakeHome::new().unwrap();
    home.write_ceiling("[tools]\ntier3 = false\n").unwrap();
    home.write_policy("[tools]\nlist = [\"Wait\"]\n").unwrap();
    for (flags, told) in [
        (["--enable-tier3", ""], "machine/portcullis.toml:3 says `tools.tier3 = false`"),
        (["--enable-all", ""], "machine/portcullis.toml:3 says `tools.tier3 = false`"),
        (["--tools", "Wait,Click"], "config/portcullis/portcullis.toml:3 says `tools.list = Wait`"),
    ] {
        let flags: Vec<&str> = flags.into_iter().filter(|flag| !flag.is_empty()).collect();
        let said = home.refusal(&flags).unwrap();
        assert!(said.contains(told), "{flags:?}: {said}");
    }
}

#[test]
fn a_misspelt_name_or_key_stops_the_start() {
    let home = FakeHome::new().unwrap();
    assert!(home.refusal(&["--exclude-tools", "Clik"]).unwrap().contains("Click"));
    home.write_policy("[tools]\nexclud = [\"Click\"]\n").unwrap();
    assert!(home.refusal(&[]).unwrap().contains("nearest: exclude"));
}

/// A policy file from somebody else is checked before it is used, at a terminal.
#[test]
fn nothing_that_a_file_holds_steers_the_terminal() {
    let home = FakeHome::new().unwrap();
    let file = home.path("theirs.toml").display().to_string();
    for (text, ends_well) in [
        ("version = 1\n[tools]\n\"a\\u001b[2J\" = 1\n", false),
        ("version = 1\n[tools]\nlist = [\"x\\u001b[2J\\nok\"]\n", false),
        ("version = 1\n[input]\ndeny_programs = [\"a\\u001b[31m\\u202e.exe\"]\n", false),
        ("version = 1\n[capture]\nexclude = [{ title_part = \"a\\u001b[31m\\u202e\" }]\n", true),
    ] {
        fs::write(&file, text).unwrap();
        for words in [&["policy", "check", &file][..], &["config", "show", "--config", &file]] {
            let done = home.run(words).unwrap();
            let said = done.stdout + &done.stderr;
            assert!(!said.contains(['\u{1b}', '\u{202e}']) && !said.contains("\nok"), "{words:?}: {said:?}");
            if words[0] == "policy" {
                assert_eq!(done.status.success(), ends_well, "{text:?}: {said}");
            }
        }
    }
}

#[test]
fn the_list_of_tools_says_what_shuts_each_that_is_shut() {
    let home = FakeHome::new().unwrap();
    let line = |flags: &[&str], name: &str| {
        let done = home.run(&[&["tools"], flags].concat()).unwrap();
        assert!(done.status.success(), "{flags:?}: {}", done.stderr);
        done.stdout.lines().find(|line| line.split(' ').next() == Some(name)).unwrap().to_owned()
    };
    let without: &[&str] = &["--exclude-tools", "Snapshot"];
    for (flags, name, state, why) in [
        (&[][..], "Snapshot", "open", ""),
        (&[], "Shell", "shut", "tier 3 (alter) is closed; the effect is run_shell"),
        (&[], "click_element", "shut", "`gates.destructive` is false"),
        (without, "Snapshot", "shut", "the owner's list of tools leaves it out"),
    ] {
        let line = line(flags, name);
        assert!(line.contains(&format!("  {state}  ")) && line.contains(why), "{line}");
        assert_eq!(line.contains(": "), state == "shut", "{line}");
    }
}

#[test]
fn each_flag_of_the_tool_filter_opens_what_it_says_and_an_exclusion_subtracts() {
    let home = FakeHome::new().unwrap();
    let open = |flags: &[&str]| -> BTreeMap<String, u64> {
        let done = home.run(&[&["tools", "--json"], flags].concat()).unwrap();
        assert!(done.status.success(), "{flags:?}: {}", done.stderr);
        let tools: Vec<Value> = serde_json::from_str(&done.stdout).unwrap();
        tools.iter().map(|tool| (tool["name"].as_str().unwrap().to_owned(), tool["tier"].as_u64().unwrap())).collect()
    };
    let all = open(&["--enable-all"]);
    let of_tiers = |tiers: &[u64]| -> BTreeMap<String, u64> {
        all.iter().filter(|(_, tier)| tiers.contains(tier)).map(|(name, tier)| (name.clone(), *tier)).collect()
    };
    assert!([1, 2, 3].iter().all(|tier| !of_tiers(&[*tier]).is_empty()), "{all:?}");
    for (flags, tiers) in [
        (&[][..], &[1, 2][..]),
        (&["--disable-tier2"], &[1]),
        (&["--enable-tier3"], &[1, 2, 3]),
        (&["--enable-tier3", "--disable-tier2"], &[1, 3]),
        (&["--enable-all", "--disable-tier2"], &[1, 2, 3]),
    ] {
        assert_eq!(open(flags), of_tiers(tiers), "{flags:?}");
    }
    let names = |flags: &[&str]| open(flags).into_keys().collect::<Vec<_>>();
    assert_eq!(names(&["--tools", "setclipboard,WAIT", "--disable-tier2"]), ["SetClipboard", "Wait"]);
    assert_eq!(names(&["--tools", "SetClipboard,Wait", "--exclude-tools", "wait"]), ["SetClipboard"]);
    assert!(!open(&["--enable-all", "--exclude-tools", "click"]).contains_key("Click"));
}

#[test]
fn arguments_of_a_call_come_from_a_word_a_file_or_standard_input() {
    let home = FakeHome::new().unwrap();
    fs::write(home.path("arguments"), r#"{ "seconds": 0.01 }"#).unwrap();
    fs::write(home.path("broken"), r#"{ "seconds": "#).unwrap();
    let (data, from, broken, gone) = (
        home.data().display().to_string(),
        format!("@{}", home.path("arguments").display()),
        format!("@{}", home.path("broken").display()),
        format!("@{}", home.path("gone").display()),
    );
    for (given, input, told) in [
        (r#"{ "seconds": 0.01 }"#, "", Ok("waited 0.01 s")),
        (&from, "", Ok("waited 0.01 s")),
        ("-", r#"{ "seconds": 0.01 }"#, Ok("waited 0.01 s")),
        ("-", "", Err("--args is not JSON")),
        (&broken, "", Err("--args is not JSON")),
        (&gone, "", Err("gone")),
        (r#"{ "minutes": 1 }"#, "", Err("field: minutes")),
        ("[]", "", Err("object")),
    ] {
        let mut command = home.command(&["call", "Wait", "--data", &data, "--args", given]);
        fs::write(home.path("input"), input).unwrap();
        command.stdin(fs::File::open(home.path("input")).unwrap());
        let done = command.output().unwrap();
        let (out, err) = (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap());
        match told {
            Ok(text) => assert!(done.status.success() && out.contains(text), "{given}: {out}{err}"),
            Err(text) => assert!(!done.status.success() && err.contains(text) && out.is_empty(), "{given}: {out}{err}"),
        }
    }
}

/// Each of these was once taken without a word.
#[test]
fn what_would_fit_nothing_or_wait_for_ever_is_refused() {
    let home = FakeHome::new().unwrap();
    let data = home.data().display().to_string();
    let refused = |words: &[&str], told: &str| {
        let done = home.run(words).unwrap();
        assert!(!done.status.success() && done.stderr.contains(told), "{words:?}: {}{}", done.stdout, done.stderr);
    };
    let new = |scopes| ["key", "--data", &data, "new", "one", "--scopes", scopes].map(str::to_owned);
    for (scopes, told) in
        [("tool:Clik", "nearest: Click"), ("observe,tool:NOPE", "`tool:NOPE` names no tool"), ("", "no scope")]
    {
        refused(&new(scopes).each_ref().map(String::as_str), told);
    }
    let listed = home.run(&["key", "--data", &data, "list"]).unwrap();
    assert!(listed.status.success() && listed.stdout.starts_with("there are no keys"), "{}", listed.stdout);
    // A stop of a folder that is not there would stop nobody's work.
    let typo = home.path("dta").display().to_string();
    for word in ["stop", "resume"] {
        refused(&[word, "--data", &typo], "there is no such folder");
    }
    assert!(!home.path("dta").exists());
    let pipe = home.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    refused(&["policy", "check", &pipe.display().to_string()], "no plain file");
    refused(&["policy", "check", &home.path("machine").display().to_string()], "no plain file");
    let (one, other) = (home.run(&["--version"]).unwrap(), home.run(&["version"]).unwrap());
    assert!(
        one.status.success() && one.stdout == other.stdout && one.stdout.starts_with("portcullis "),
        "{}",
        one.stdout
    );
}

#[test]
fn a_key_of_an_unknown_tool_or_without_a_scope_stops_the_start() {
    let home = FakeHome::new().unwrap();
    let data = home.data().display().to_string();
    let made = home.run(&["key", "--data", &data, "new", "one", "--scopes", "observe,tool:Click"]).unwrap();
    assert!(made.status.success(), "{}", made.stderr);
    let file = home.data().join("keys.json");
    let good = fs::read_to_string(&file).unwrap();
    for (scopes, told) in [(r#"["tool:Clik"]"#, "nearest: Click"), ("[]", "it has no scope")] {
        let mut keys: Value = serde_json::from_str(&good).unwrap();
        keys["keys"][0]["scopes"] = serde_json::from_str(scopes).unwrap();
        fs::write(&file, keys.to_string()).unwrap();
        let said = home.refusal(&[]).unwrap();
        assert!(said.contains(told), "{said}");
    }
}

/// The product itself, which has no desktop on this system.
#[test]
fn where_there_is_no_desktop_no_key_and_no_folder_is_made() {
    let home = FakeHome::new().unwrap();
    let data = home.data().display().to_string();
    let mut command = std::process::Command::new(native_exe("portcullis"));
    command
        .args(["serve", "--transport", "http", "--port", "0", "--data", &data])
        .env_clear()
        .env("HOME", home.path(""));
    let done = finish_within(&mut command, Duration::from_secs(20)).unwrap();
    assert!(!done.status.success() && done.stderr.contains("unsupported_platform"), "{}", done.stderr);
    assert!(!home.data().exists());
}
