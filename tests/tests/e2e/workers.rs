//! The processes of our own that a server starts beside itself. Those in which UI Automation is asked may block for ever in
//! somebody's program, so they are ended and replaced, and neither the call nor a ref that was given before is lost. Linux looks at
//! them and stops them.

use crate::fixture::{find, front, start_notepad};
use crate::wpf::ground::{Ground, READS};
use portcullis_testkit::desktop::desktop;
use portcullis_testkit::journal::EVENT_LIMIT;
use portcullis_testkit::server::Transport;
use portcullis_testkit::wpf_app::WpfApp;
use serde_json::json;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// What a Snapshot may take when a worker does not answer: its own limit is two seconds.
const SNAPSHOT_LIMIT: Duration = Duration::from_secs(4);

/// What the programs of one desktop share.
fn namespace(process: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{process}/ns/pid")).ok()
}

/// The workers of this kind on a desktop: each is our own program with the hidden subcommand.
fn workers(here: &Path, kind: &str) -> BTreeSet<u32> {
    let line = format!("portcullis.exe worker {kind}");
    let is_worker = |process: &u32| {
        let command = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        command.contains(&line) && namespace(*process).as_deref() == Some(here)
    };
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_worker).collect()
}

fn await_workers(here: &Path, kind: &str, what: &str, fits: impl Fn(&BTreeSet<u32>) -> bool) -> BTreeSet<u32> {
    let deadline = Instant::now() + EVENT_LIMIT;
    loop {
        let now = workers(here, kind);
        if fits(&now) {
            return now;
        }
        assert!(Instant::now() < deadline, "{what}: {now:?}");
    }
}

/// Sends a signal; a process that is gone by then needs none.
fn signal(name: &str, processes: &BTreeSet<u32>) {
    for process in processes {
        Command::new("kill").args([name, &process.to_string()]).status().unwrap();
    }
}

#[test]
fn a_worker_that_does_not_answer_is_replaced_and_nothing_is_lost() {
    let mut desktop = desktop().unwrap();
    let client = front(&mut desktop);
    let greet = find(&client, "button", "Greet");
    let here = namespace(desktop.server(Transport::Stdio, &[]).unwrap().process().unwrap()).unwrap();
    let await_workers = |what: &str, fits: &dyn Fn(&BTreeSet<u32>) -> bool| await_workers(&here, "automation", what, fits);
    // A window in which the native reader finds little, so that UI Automation is asked.
    let first = start_notepad(&client);
    client.call("Snapshot", json!({ "window": first })).unwrap().ok().unwrap();
    let before = await_workers("no worker was started", &|now| !now.is_empty());
    signal("-STOP", &before);
    client.call("App", json!({ "action": "close", "ref": first })).unwrap();
    // Another process, of which nothing is remembered.
    let second = start_notepad(&client);
    let began = Instant::now();
    let seen = client.call("Snapshot", json!({ "window": second })).unwrap().ok().unwrap().text;
    let took = began.elapsed();
    assert!(seen.contains("document"), "the native reader's answer stands: {seen}");
    assert!(took <= SNAPSHOT_LIMIT, "{took:?}");
    // A process that is stopped ends only when it goes on.
    signal("-CONT", &before);
    await_workers("the worker that was asked was not ended", &|now| {
        before.iter().any(|worker| !now.contains(worker))
    });
    client.call("App", json!({ "action": "close", "ref": second })).unwrap();
    let third = start_notepad(&client);
    client.call("Snapshot", json!({ "window": third })).unwrap().ok().unwrap();
    await_workers("no worker took its place", &|now| now.iter().any(|worker| !before.contains(worker)));
    client.call("App", json!({ "action": "close", "ref": third })).unwrap();
    let mark = desktop.mark().unwrap();
    client.call("Invoke", json!({ "ref": greet })).unwrap().ok().unwrap();
    desktop.journal().await_control(mark, "click", "greet").unwrap();
}

/// How long a process must have been there to be called one that waits: one that loads is gone when its load is over.
const STAYS: Duration = Duration::from_millis(500);

/// After a load there is one for the next, which takes it; the last one ends with the server.
#[test]
fn a_worker_waits_for_the_next_load_and_ends_with_its_server() {
    let desktop = desktop().unwrap();
    let mut ground = Ground::form(&desktop, READS, &[]);
    let here = namespace(ground.server.process().unwrap()).unwrap();
    let await_workers = |what: &str, fits: &dyn Fn(&BTreeSet<u32>) -> bool| await_workers(&here, "wpf-load", what, fits);
    let await_one = |what: &str| {
        let since = RefCell::new((BTreeSet::new(), Instant::now()));
        await_workers(what, &|now| {
            let mut since = since.borrow_mut();
            if since.0 != *now {
                *since = (now.clone(), Instant::now());
            }
            now.len() == 1 && since.1.elapsed() >= STAYS
        })
    };
    assert!(workers(&here, "wpf-load").is_empty(), "nothing was loaded yet");
    let [one, two] = [0, 1].map(|_| WpfApp::start(desktop.run(), "Fixture.Form", &[]).unwrap());
    ground.connect(&one);
    let first = await_one("none waits for the next load");
    ground.connect(&two);
    // In the very moment in which the next one is made.
    let third = await_workers("none is made after the second load", &|now| now.iter().any(|one| !first.contains(one)));
    assert!(third.is_disjoint(&first), "the one that waited was not taken");
    ground.server.kill().unwrap();
    await_workers("one outlived its server", &BTreeSet::is_empty);
    one.close().unwrap();
    two.close().unwrap();
}
