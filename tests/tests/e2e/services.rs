//! The service tools on real services: the fixture as one, which journals what it is told, and `sc.exe`, which makes it and
//! says what state it is in.

use portcullis_testkit::client::Era;
use portcullis_testkit::desktop::{Desktop, desktop, fixture_exe};
use portcullis_testkit::journal::{EVENT_LIMIT, Journal, Mark};
use portcullis_testkit::server::Transport;
use serde_json::{Value, json};

const BASE: &str = "PortcullisLabBase";
const NEEDS: &str = "PortcullisLabNeeds";

/// What `sc.exe` says of a service: the line of its state.
fn state(desktop: &Desktop, name: &str) -> String {
    let said = desktop.windows_program("sc.exe", &["query", name]).unwrap().stdout;
    said.lines().find(|line| line.contains("STATE")).unwrap_or_default().to_owned()
}

/// Makes the fixture a service under this name; gives its journal.
fn install(desktop: &Desktop, name: &str, needs: Option<&str>) -> (Journal, Mark) {
    desktop.windows_program("sc.exe", &["stop", name]).unwrap();
    desktop.windows_program("sc.exe", &["delete", name]).unwrap();
    let path = desktop.run().share().join(format!("journal-{name}.jsonl"));
    std::fs::write(&path, "").unwrap();
    let (exe, log) = (desktop.run().windows_path(&fixture_exe()), desktop.run().windows_path(&path));
    let line = format!("{exe} service --journal {log}");
    let mut arguments = vec!["create", name, "binPath=", &line, "start=", "demand"];
    arguments.extend(needs.iter().flat_map(|needs| ["depend=", *needs]));
    let done = desktop.windows_program("sc.exe", &arguments).unwrap();
    assert!(done.status.success(), "{}{}", done.stdout, done.stderr);
    let journal = Journal::at(path);
    let begin = journal.mark().unwrap();
    (journal, begin)
}

#[test]
fn services_start_and_stop_as_their_own_journal_says() {
    let desktop = desktop().unwrap();
    let base = install(&desktop, BASE, None);
    let needs = install(&desktop, NEEDS, Some(BASE));
    let server = desktop.own_server(Transport::Stdio, &["--enable-tier3"]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    let listed = |name: &str| {
        let page = client.call("ServiceList", json!({ "filter": name })).unwrap().data().unwrap();
        page["services"][0].clone()
    };
    let awaited = |(journal, begin): &(Journal, Mark), event: &str| {
        journal.await_event(*begin, event, EVENT_LIMIT, |line| line["event"] == event).unwrap()
    };
    let before = listed(BASE);
    assert_eq!(
        (&before["name"], &before["state"], &before["start_type"]),
        (&json!(BASE), &json!("stopped"), &json!("manual"))
    );
    let started = client.call("ServiceStart", json!({ "name": BASE })).unwrap();
    assert_eq!(started.outcome(), "confirmed", "{}", started.text);
    let line = awaited(&base, "service-started");
    assert_eq!((&listed(BASE)["pid"], &listed(BASE)["state"]), (&line["pid"], &json!("running")));
    assert!(started.text.contains(&format!("in process {}", line["pid"])), "{} {line}", started.text);
    assert!(state(&desktop, BASE).contains("RUNNING"), "{}", state(&desktop, BASE));
    let again = client.call("ServiceStart", json!({ "name": BASE.to_uppercase() })).unwrap();
    assert_eq!(again.outcome(), "no_effect", "{}", again.text);

    client.call("ServiceStart", json!({ "name": NEEDS })).unwrap().ok().unwrap();
    awaited(&needs, "service-started");
    assert!(state(&desktop, BASE).contains("RUNNING") && state(&desktop, NEEDS).contains("RUNNING"));
    // The lab's system tells of no service that another needs it, so each is named; `gate/services.rs` has the rest.
    for name in [NEEDS, BASE] {
        let stopped = client.call("ServiceStop", json!({ "name": name })).unwrap();
        assert_eq!(stopped.text, format!("confirmed: {} has stopped", name.to_lowercase()));
    }
    for journal in [&base, &needs] {
        awaited(journal, "service-stopped");
    }
    for name in [BASE, NEEDS] {
        assert!(state(&desktop, name).contains("STOPPED"), "{}", state(&desktop, name));
        assert_eq!(listed(name).get("pid"), None::<&Value>);
    }
    let none = client.call("ServiceStop", json!({ "name": BASE })).unwrap();
    assert_eq!(none.outcome(), "no_effect", "{}", none.text);
    for name in [NEEDS, BASE] {
        desktop.windows_program("sc.exe", &["delete", name]).unwrap();
    }
    let gone = client.call("ServiceStart", json!({ "name": BASE })).unwrap();
    assert_eq!(gone.fault("code"), Some("not_found"), "{}", gone.text);
}

#[test]
fn attack_services_that_guard_the_machine_stay() {
    let desktop = desktop().unwrap();
    let server = desktop.own_server(Transport::Stdio, &["--enable-all"]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    for (name, tool) in [("RpcSs", "ServiceStop"), ("EVENTLOG", "ServiceStop"), ("PlugPlay", "ServiceStop")] {
        let before = state(&desktop, name);
        let refused = client.call(tool, json!({ "name": name, "dependents": true })).unwrap();
        assert!(refused.is_error, "{name}: {}", refused.text);
        assert!(refused.text.contains("no configuration lifts this") || before.is_empty(), "{name}: {}", refused.text);
        assert_eq!(state(&desktop, name), before);
    }
    let page = client.call("ServiceList", json!({ "limit": 2 })).unwrap().data().unwrap();
    assert_eq!((page["services"].as_array().unwrap().len(), &page["next_offset"]), (2, &json!(2)), "{page}");
}
