//! KillProcess on real processes: those that `tasklist` lists before and no longer lists afterwards, and the fixture, which
//! goes on when another one ends. What is never ended is asked for by every name that it has.

use portcullis_testkit::client::{Client, Era};
use portcullis_testkit::desktop::{Desktop, call_until, desktop};
use portcullis_testkit::journal::Journal;
use portcullis_testkit::lab::StdioPlan;
use portcullis_testkit::server::{Transport, exe, new_data_folder, rights_flags};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

const FIXTURE: &str = "portcullis-fixture-desktop.exe";
const LIMIT: Duration = Duration::from_secs(30);

/// The numbers of all processes of a program, as `tasklist` tells them.
fn listed(desktop: &Desktop, program: &str) -> Vec<u64> {
    let tasks = desktop.windows_program("tasklist.exe", &["/fo", "csv"]).unwrap().stdout;
    let own = tasks.lines().filter(|line| line.to_lowercase().contains(&program.to_lowercase()));
    own.filter_map(|line| line.split(',').nth(1)?.trim_matches('"').parse().ok()).collect()
}

/// Number and start of each process of a program, as an agent learns them.
fn told(client: &Client, program: &str) -> Vec<Value> {
    let list = client.call("ListProcesses", json!({ "filter": program, "limit": 500 })).unwrap().data().unwrap();
    let all = list["processes"].as_array().unwrap().iter();
    all.map(|process| json!({ "pid": process["pid"], "started": process["started"] })).collect()
}

#[test]
fn the_process_that_is_meant_ends_and_no_other() {
    let desktop = desktop().unwrap();
    let server = desktop.own_server(Transport::Stdio, &["--enable-tier3"]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    let before = told(&client, FIXTURE);
    let journal = Journal::at(desktop.run().share().join("journal-victim.jsonl"));
    let _victim = desktop.spawn_fixture(&journal, "Victim", "300,300").unwrap();
    let all = told(&client, FIXTURE);
    let several = client.call("KillProcess", json!({ "name": FIXTURE })).unwrap();
    assert_eq!(several.fault("code"), Some("ambiguous"), "{}", several.text);
    assert!(
        all.iter().all(|one| several.text.contains(&format!(
            "pid {}, started {}",
            one["pid"],
            one["started"].as_str().unwrap()
        ))),
        "{}",
        several.text
    );
    let victim = all.into_iter().find(|one| !before.contains(one)).unwrap();
    let number = victim["pid"].as_u64().unwrap();
    assert!(listed(&desktop, FIXTURE).contains(&number));
    let other = json!({ "pid": number, "started": "2026-01-31T12:00:00Z" });
    let none = client.call("KillProcess", other).unwrap();
    assert_eq!(none.outcome(), "no_effect", "{}", none.text);
    let half = client.call("KillProcess", json!({ "name": "portcullis-fixture" })).unwrap();
    assert_eq!(half.fault("code"), Some("bad_argument"), "{}", half.text);
    assert!(listed(&desktop, FIXTURE).contains(&number));
    let done = client.call("KillProcess", victim.clone()).unwrap();
    assert!(
        done.text.starts_with(&format!("confirmed: pid {number} {FIXTURE} ended with exit code 1")),
        "{}",
        done.text
    );
    assert!(!listed(&desktop, FIXTURE).contains(&number));
    desktop.state().unwrap();
    let again = client.call("KillProcess", victim).unwrap();
    assert_eq!(again.outcome(), "no_effect", "{}", again.text);
}

#[test]
fn a_tree_ends_from_the_top_down() {
    let desktop = desktop().unwrap();
    let server = desktop.own_server(Transport::Stdio, &["--enable-tier3"]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    let started = |arguments: &[&str], leaf: &str| {
        let child = desktop.run().spawn(Path::new("cmd.exe"), arguments, StdioPlan::null()).unwrap();
        let filter = json!({ "filter": leaf });
        call_until(&client, "ListProcesses", &filter, |list| list.text.contains("\"pid\"")).unwrap();
        child
    };
    let before = told(&client, "cmd.exe");
    let mut child = started(&["/c", "cmd.exe /c winver.exe"], "winver.exe");
    let mut shells = told(&client, "cmd.exe");
    shells.retain(|one| !before.contains(one));
    assert_eq!(shells.len(), 2, "{shells:?}");
    // The outer shell is the older one, and is told by its start.
    let outer = shells.iter().min_by_key(|one| one["started"].as_str().unwrap().to_owned()).unwrap().clone();
    let mut tree = outer;
    tree["tree"] = json!(true);
    let done = client.call("KillProcess", tree).unwrap();
    assert!(
        done.text.starts_with("confirmed: ") && done.text.matches("ended with exit code").count() == 3,
        "{}",
        done.text
    );
    assert!(done.text.find("cmd.exe").unwrap() < done.text.find("winver.exe").unwrap(), "{}", done.text);
    let left = listed(&desktop, "cmd.exe");
    assert!(shells.iter().all(|one| !left.contains(&one["pid"].as_u64().unwrap())), "{shells:?} {left:?}");
    assert!(listed(&desktop, "winver.exe").is_empty());
    child.wait().unwrap();
}

#[test]
fn attack_neither_ourselves_nor_what_started_us_ends_unasked() {
    let desktop = desktop().unwrap();
    let server = desktop.own_server(Transport::Stdio, &["--enable-all"]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    for mut arguments in told(&client, "portcullis.exe").into_iter().chain([
        json!({ "name": "portcullis.exe" }),
        json!({ "name": "PORTCULLIS.EXE", "all": true, "tree": true, "include_client": true }),
    ]) {
        if arguments["pid"].is_u64() {
            arguments["include_client"] = json!(true);
        }
        let refused = client.call("KillProcess", arguments.clone()).unwrap();
        assert!(refused.is_error, "{arguments}: {}", refused.text);
        if refused.fault("code") != Some("ambiguous") {
            assert!(refused.text.contains("no configuration lifts this"), "{arguments}: {}", refused.text);
        }
    }
    client.call("Wait", json!({ "seconds": 0 })).unwrap().ok().unwrap();

    // A shell under a name of its own, which nothing else on the desktop has.
    let data = new_data_folder(desktop.run()).unwrap();
    let launcher = data.join("launcher.exe");
    let shell = desktop.run().linux_path(r"C:\windows\system32\cmd.exe").unwrap();
    std::fs::copy(shell, &launcher).unwrap();
    let one_shot = |name: &str, arguments: &Value| {
        let file = data.join(name);
        std::fs::write(&file, arguments.to_string()).unwrap();
        let file = format!("@{}", desktop.run().windows_path(&file));
        let (program, data) = (desktop.run().windows_path(&exe()), desktop.run().windows_path(&data));
        let mut line = vec!["/c", &program, "call", "KillProcess", "--enable-tier3", "--args", &file, "--data", &data];
        line.extend(rights_flags(desktop.run(), &exe()).unwrap());
        desktop.run().output(&launcher, &line, LIMIT).unwrap()
    };
    let refused = one_shot("refused.json", &json!({ "name": "launcher.exe" }));
    let said = format!("{}{}", refused.stdout, refused.stderr);
    assert!(!refused.status.success() && said.contains("launcher.exe started this server"), "{said}");
    let with_tree = one_shot("tree.json", &json!({ "name": "launcher.exe", "tree": true, "include_client": true }));
    let said = format!("{}{}", with_tree.stdout, with_tree.stderr);
    assert!(!with_tree.status.success() && said.contains("no configuration lifts this"), "the tree holds us: {said}");
    // Its own exit code is the shell's word that it was ended: the command that it ran succeeds.
    let ended = one_shot("meant.json", &json!({ "name": "launcher.exe", "include_client": true }));
    assert_eq!(ended.status.code(), Some(1), "{}{}", ended.stdout, ended.stderr);
    assert!(listed(&desktop, "launcher.exe").is_empty());
}
