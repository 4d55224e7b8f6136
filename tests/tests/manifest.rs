//! The manifest inside the Windows program, as the linker put it there: without it the system scales our pixels, cuts long
//! paths, speaks an old code page and may offer to elevate us. Read from the file that was built.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use portcullis_testkit::lab::{Profile, built_exe};

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
