//! The unit tests of platform-windows, which only Windows can run: built for Windows and run in the lab. What they test is
//! written beside the code; here is only the way to them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail as tests do")]

use portcullis_testkit::lab::{Lab, Profile, WindowsBuild, run_within};
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;

const PACKAGE: &str = "portcullis-platform-windows";
const BUILD_LIMIT: Duration = Duration::from_secs(900);
const TESTS_LIMIT: Duration = Duration::from_secs(120);

/// Builds the tests as one program; cargo says where it is.
fn tests_exe() -> PathBuf {
    let mut cargo = WindowsBuild::find().unwrap().cargo("test", Profile::Lab);
    cargo.args(["-p", PACKAGE, "--lib", "--no-run", "--message-format=json"]);
    let built = run_within(&mut cargo, BUILD_LIMIT).unwrap();
    let messages = built.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut programs = messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    programs.next_back().unwrap()
}

#[test]
fn the_unit_tests_of_platform_windows_pass_on_a_windows_desktop() {
    let run = Lab::ready().unwrap().start(None).unwrap();
    let finished = run.output(&tests_exe(), &["--test-threads=1"], TESTS_LIMIT).unwrap();
    let said = format!("{}\n{}", finished.stdout, finished.stderr);
    assert!(finished.stdout.contains("test result: ok. "), "{said}");
    assert!(!finished.stdout.contains("test result: ok. 0 passed"), "{said}");
    run.end().unwrap();
}
