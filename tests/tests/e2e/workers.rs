//! The processes in which UI Automation is asked: they may block for ever in somebody's program, so they are ended and
//! replaced, and neither the call nor a ref that was given before is lost. Linux looks at them and stops them.

use crate::fixture::{find, front, start_notepad};
use portcullis_testkit::desktop::desktop;
use portcullis_testkit::journal::EVENT_LIMIT;
use portcullis_testkit::server::Transport;
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

/// What a Snapshot may take when a worker does not answer: its own limit is two seconds.
const SNAPSHOT_LIMIT: Duration = Duration::from_secs(4);

/// The workers beside this program in its desktop's namespace: each is our own program with the hidden subcommand.
fn workers(beside: u32) -> BTreeSet<u32> {
    let namespace = |process: u32| fs::read_link(format!("/proc/{process}/ns/pid")).ok();
    let here = namespace(beside);
    let is_worker = |process: &u32| {
        let command = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        command.contains("portcullis.exe worker automation") && namespace(*process) == here
    };
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_worker).collect()
}

fn await_workers(beside: u32, what: &str, fits: impl Fn(&BTreeSet<u32>) -> bool) -> BTreeSet<u32> {
    let deadline = Instant::now() + EVENT_LIMIT;
    loop {
        let now = workers(beside);
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
    let own = desktop.server(Transport::Stdio, &[]).unwrap().process().unwrap();
    // A window in which the native reader finds little, so that UI Automation is asked.
    let first = start_notepad(&client);
    client.call("Snapshot", json!({ "window": first })).unwrap().ok().unwrap();
    let before = await_workers(own, "no worker was started", |now| !now.is_empty());
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
    await_workers(own, "the worker that was asked was not ended", |now| {
        before.iter().any(|worker| !now.contains(worker))
    });
    client.call("App", json!({ "action": "close", "ref": second })).unwrap();
    let third = start_notepad(&client);
    client.call("Snapshot", json!({ "window": third })).unwrap().ok().unwrap();
    await_workers(own, "no worker took its place", |now| now.iter().any(|worker| !before.contains(worker)));
    client.call("App", json!({ "action": "close", "ref": third })).unwrap();
    let mark = desktop.mark().unwrap();
    client.call("Invoke", json!({ "ref": greet })).unwrap().ok().unwrap();
    desktop.journal().await_control(mark, "click", "greet").unwrap();
}
