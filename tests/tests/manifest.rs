//! The Windows program as the linker made it: what it loads at its start, and its manifest. Without that the system scales our pixels, cuts long
//! paths, speaks an old code page and may offer to elevate us. Read from the file that was built.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use portcullis_testkit::lab::{Profile, built_exe};
#[cfg(target_os = "linux")]
use portcullis_testkit::lab::{run_within, tool};
#[cfg(target_os = "linux")]
use std::{collections::BTreeSet, process::Command, time::Duration};

/// Libraries that few calls need are loaded by these calls: each costs every start some milliseconds. A build without
/// link-time optimisation also holds functions that nobody calls, and by them a few libraries more.
#[cfg(target_os = "linux")]
#[test]
fn the_program_starts_without_libraries_that_few_calls_need() {
    let mut reader = Command::new(tool("x86_64-w64-mingw32-objdump").unwrap());
    let said =
        run_within(reader.arg("-p").arg(built_exe("portcullis", Profile::Lab)), Duration::from_secs(60)).unwrap();
    let names = said.stdout.lines().filter_map(|line| line.trim().strip_prefix("DLL Name: "));
    let names: BTreeSet<String> = names.map(str::to_lowercase).collect();
    assert!(names.contains("advapi32.dll"), "{}", said.stdout);
    for late in [
        "bcrypt", "combase", "dwmapi", "gdi32", "iphlpapi", "ole32", "psapi", "shell32", "user32", "version",
        "wevtapi", "winmm", "wintrust", "wtsapi32",
    ] {
        assert!(!names.contains(&format!("{late}.dll")), "{late}: see bins/portcullis/build.rs");
    }
}

#[test]
fn the_program_carries_its_manifest() {
    let bytes = std::fs::read(built_exe("portcullis", Profile::Lab)).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    let start = text.find("<assembly").expect("the program has no manifest");
    let manifest = text.get(start..).and_then(|rest| rest.split_once("</assembly>")).unwrap().0.to_lowercase();
    let plain: String = manifest.chars().filter(|character| !character.is_whitespace()).collect();
    for wanted in [
        "permonitorv2",
        "longpathaware",
        ">true<",
        "activecodepage",
        "utf-8",
        "level=\"asinvoker\"",
        "uiaccess=\"false\"",
    ] {
        assert!(plain.contains(wanted), "{wanted} is not in {manifest}");
    }
}
