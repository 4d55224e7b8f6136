//! The lab itself, from outside: what `clean` leaves beside a live run, what an interruption costs, and what somebody without
//! root is told. In a cache folder of its own, whose large parts are links to those of the user's.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests fail as tests do")]

use portcullis_testkit::lab::{Cache, Lab, clean, finish_within, native_exe, offline};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);
/// Parts that a run stands on; absent where the host has them itself.
const GROUND: [&str; 3] = ["rootfs", "template", "dotnet"];

/// A cache with hard links to these parts of the user's.
fn cache_with(parts: &[&str], top: &Path) -> Cache {
    let own = Cache::of_user().unwrap();
    fs::create_dir_all(top.join("runs")).unwrap();
    for part in parts.iter().filter(|part| own.top().join(part).exists()) {
        let mut copy = Command::new("cp");
        copy.arg("-al").arg(own.top().join(part)).arg(top.join(part));
        assert!(finish_within(&mut copy, LIMIT).unwrap().status.success(), "{part}");
    }
    Cache::at(top)
}

/// A folder on the file system of the user's cache, since links do not reach further.
fn folder_beside_the_cache() -> tempfile::TempDir {
    tempfile::tempdir_in(Cache::of_user().unwrap().top().parent().unwrap()).unwrap()
}

#[test]
fn clean_leaves_what_a_live_run_stands_on() {
    let folder = folder_beside_the_cache();
    let cache = cache_with(&GROUND, &folder.path().join("portcullis/lab"));
    let lab = Lab::ready_in(cache.clone()).unwrap();
    let run = lab.start(None).unwrap();
    fs::create_dir(cache.top().join("runs/dead")).unwrap();
    fs::create_dir(cache.top().join("node")).unwrap();
    let cleaned = clean(&cache).unwrap();
    let removed = |name: &str| cleaned.removed.iter().any(|one| one == name);
    assert!(removed("runs/dead") && removed("node"), "{cleaned:?}");
    for part in GROUND.iter().filter(|part| cache.top().join(part).exists()) {
        assert!(cleaned.kept.iter().any(|kept| kept.starts_with(part)), "{part}: {cleaned:?}");
    }
    assert!(cleaned.kept.iter().any(|kept| kept.contains(run.name())), "{cleaned:?}");
    let said = run.output(Path::new("cmd.exe"), &["/c", "echo alive"], LIMIT).unwrap();
    assert!(said.stdout.contains("alive"), "{said:?}");
    run.end().unwrap();
    clean(&cache).unwrap();
    for part in GROUND {
        assert!(!cache.top().join(part).exists(), "{part} is left");
        let own = Cache::of_user().unwrap().top().join(part);
        assert!(!own.exists() || own.read_dir().unwrap().next().is_some(), "clean reached beyond its cache");
    }
}

/// The lab's own commands, with another cache.
fn xtask(cache_home: &Path, arguments: &[&str]) -> Command {
    let mut xtask = Command::new(native_exe("xtask"));
    xtask.args(arguments).env("XDG_CACHE_HOME", cache_home).env("CARGO_NET_OFFLINE", "true");
    xtask
}

#[test]
fn an_up_that_was_killed_goes_on_where_it_was() {
    let folder = folder_beside_the_cache();
    let own = fs::read_dir(Cache::of_user().unwrap().top()).unwrap().flatten();
    let sources = own.filter_map(|entry| entry.file_name().into_string().ok());
    let sources: Vec<String> = sources.filter(|name| name.starts_with("rust-src-")).collect();
    let mut parts = vec!["rootfs", "clients", "node", "dotnet", "cargo-mutants"];
    parts.extend(sources.iter().map(String::as_str));
    let cache = cache_with(&parts, &folder.path().join("portcullis/lab"));
    // Killed while it makes the one part that is missing.
    let mut up = xtask(folder.path(), &["lab", "up"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(up.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("Wine prefix")), "the step never began");
    up.kill().unwrap();
    up.wait().unwrap();
    assert!(!cache.top().join("template").exists(), "half a part has its name");
    let again = finish_within(&mut xtask(folder.path(), &["lab", "up"]), LIMIT).unwrap();
    assert!(again.status.success(), "{}", again.stderr);
    assert!(again.stderr.contains("Wine prefix") && !again.stderr.contains("chroot: Wine"), "{}", again.stderr);
    assert!(cache.top().join("template").exists() && !cache.top().join("template.partial").exists());
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains(folder.path().to_str().unwrap()), "{mounts}");
}

/// The suite runs its tests so; a download would fail there and not on the machine of whoever lacks a network.
#[test]
fn a_command_without_network_has_the_loopback_alone() {
    let mut devices = Command::new("cat");
    devices.arg("/proc/self/net/dev");
    let names = |said: String| -> Vec<String> {
        said.lines().filter_map(|line| Some(line.split_once(':')?.0.trim().to_owned())).collect()
    };
    assert_eq!(names(finish_within(&mut offline(&devices), LIMIT).unwrap().stdout), ["lo"]);
    let listener =
        "import socket; s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname())";
    let mut loopback = Command::new("python3");
    loopback.args(["-c", listener]);
    let done = finish_within(&mut offline(&loopback), LIMIT).unwrap();
    assert!(done.status.success(), "{}", done.stderr);
}

#[test]
fn without_root_the_command_that_needs_it_is_named_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let exe = folder.path().join("xtask");
    fs::copy(native_exe("xtask"), &exe).unwrap();
    let home = folder.path().join("home");
    fs::create_dir(&home).unwrap();
    for path in [folder.path(), &exe, &home] {
        assert!(Command::new("chmod").arg("a+rx").arg(path).status().unwrap().success());
    }
    let mut nobody = Command::new("setpriv");
    nobody.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]).arg(&exe).args(["lab", "up"]);
    let refused = finish_within(nobody.env("XDG_CACHE_HOME", &home), LIMIT).unwrap();
    assert!(!refused.status.success());
    assert!(refused.stderr.contains("sudo ") && refused.stderr.contains("lab up"), "{}", refused.stderr);
    assert_eq!(fs::read_dir(&home).unwrap().count(), 0, "something was made");
}
