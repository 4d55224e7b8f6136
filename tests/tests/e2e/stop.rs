//! The owner's stop on a real desktop: said by another process or by the stop key, heard by every server of the session.
//! When it was said is told by the stop file's time, what was typed and which keys are down by the fixture.

use portcullis_testkit::client::{ANSWER_LIMIT, Client, Era, ToolResult};
use portcullis_testkit::desktop::{Desktop, call_until, desktop};
use portcullis_testkit::server::{Server, Transport};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

const TITLE: &str = "Portcullis Fixture";
/// From the owner's word to the last answer.
const STOP_BAR: Duration = Duration::from_millis(250);
/// What a busy test machine may add to it.
const SLACK: Duration = Duration::from_millis(250);
/// A key that only these tests use, so that no other server of this desktop has it.
const KEY: &str = "ctrl+alt+shift+f12";
/// Calls in a row, so that one of them is under way whenever the stop comes.
const ROW: usize = 12;

/// Lets the desktop's servers work again at the end of a test, however it ends.
struct Resumes<'desktop>(&'desktop Desktop);

impl Drop for Resumes<'_> {
    fn drop(&mut self) {
        self.0.portcullis(&["resume"]).ok();
    }
}

fn own_server(desktop: &Desktop, transport: Transport, flags: &[&str]) -> (Server, Client) {
    let server = desktop.own_server(transport, flags).unwrap();
    let client = server.client(if transport == Transport::Http { Era::Modern } else { Era::Legacy }).unwrap();
    (server, client)
}

fn is_stopped(answer: &ToolResult) -> bool {
    answer.fault("code") == Some("stopped")
}

fn await_stopped(client: &Client) {
    call_until(client, "GetRunningTasks", &json!({}), is_stopped).unwrap();
}

fn await_work(client: &Client) {
    call_until(client, "GetRunningTasks", &json!({}), |answer| !answer.is_error).unwrap();
}

/// Stops with the data folder of `server`, and answers when.
fn stop(desktop: &Desktop, server: &Server) -> SystemTime {
    let data = desktop.run().windows_path(server.data());
    let done = desktop.portcullis(&["stop", "--json", "--data", &data]).unwrap();
    assert!(done.status.success(), "{}", done.stderr);
    assert_eq!(serde_json::from_str::<Value>(&done.stdout).unwrap()["stopped"], true);
    std::fs::metadata(server.data().join("stopped")).unwrap().modified().unwrap()
}

fn resume(desktop: &Desktop, server: &Server) {
    let data = desktop.run().windows_path(server.data());
    let done = desktop.portcullis(&["resume", "--data", &data]).unwrap();
    assert!(done.status.success(), "{}{}", done.stdout, done.stderr);
}

#[test]
fn a_stop_from_another_process_ends_everything_in_time_in_every_server() {
    let text = "stop ".repeat(200);
    let rows = [
        ("Type", json!({ "name": "Notes", "role": "document", "text": text, "how": "keys" })),
        ("Shortcut", json!({ "keys": "ctrl+shift+f9", "times": 100 })),
    ];
    for (tool, arguments) in rows {
        let desktop = desktop().unwrap();
        let (first, client) = own_server(&desktop, Transport::Stdio, &[]);
        let (second, other) = own_server(&desktop, Transport::Http, &[]);
        client.call("FocusWindow", json!({ "title": TITLE })).unwrap().ok().unwrap();
        let wait = json!({ "seconds": 60 });
        let wait_for = json!({ "condition": "text_exists", "text": "never", "timeout": 60 });
        let mut under_way = vec![
            (&client, client.start_call("Wait", wait.clone()).unwrap()),
            (&client, client.start_call("WaitFor", wait_for.clone()).unwrap()),
            (&other, other.start_call("Wait", wait).unwrap()),
            (&other, other.start_call("WaitFor", wait_for).unwrap()),
        ];
        let mark = desktop.mark().unwrap();
        let row: Vec<_> = (0..ROW).map(|_| client.start_call(tool, arguments.clone()).unwrap()).collect();
        let running = |tasks: &ToolResult| tasks.text.contains(tool);
        call_until(&client, "GetRunningTasks", &json!({}), running).unwrap();
        if tool == "Type" {
            desktop.journal().await_control(mark, "text", "notes").unwrap();
        }
        let _resumes = Resumes(&desktop);
        let said = stop(&desktop, &first);
        let mut late = Duration::ZERO;
        for (client, pending) in under_way.drain(..) {
            let answer = client.wait_call(pending, ANSWER_LIMIT).unwrap();
            late = late.max(SystemTime::now().duration_since(said).unwrap_or_default());
            assert!(is_stopped(&answer) && answer.text.contains("portcullis resume"), "{}", answer.text);
        }
        let answers: Vec<_> = row.into_iter().map(|pending| client.wait_call(pending, ANSWER_LIMIT).unwrap()).collect();
        let stopped = answers.iter().filter(|answer| is_stopped(answer)).count();
        assert!(stopped > 0, "all of {tool} was done before the stop: {}", answers[ROW - 1].text);
        assert!(answers[ROW - stopped..].iter().all(is_stopped), "{tool} went on after the stop");
        assert_eq!(desktop.keys_down().unwrap(), Vec::<u64>::new());
        eprintln!("{tool}: {stopped} of {ROW} stopped, the last answer {late:?} after the word");
        for client in [&client, &other] {
            await_stopped(client);
            assert!(is_stopped(&client.call(tool, arguments.clone()).unwrap()));
        }
        // What was sent before the stop may still be on its way through the fixture.
        let typed =
            desktop.state_after_input().unwrap()["controls"]["notes"]["text"].as_str().unwrap_or_default().len();
        assert!(typed < text.len() * ROW, "everything was typed");
        resume(&desktop, &first);
        for (server, client) in [(&first, &client), (&second, &other)] {
            await_work(client);
            let audit = server.audit_text().unwrap();
            assert!(audit.contains("work_stopped") && audit.contains("work_resumed"), "{audit}");
            server.verify_audit().unwrap();
        }
        let after =
            desktop.state_after_input().unwrap()["controls"]["notes"]["text"].as_str().unwrap_or_default().len();
        assert_eq!(after, typed, "what was stopped went on");
        assert!(late <= STOP_BAR + SLACK, "the last answer came {late:?} after the word");
    }
}

#[test]
fn a_server_that_starts_while_stopped_is_stopped() {
    let desktop = desktop().unwrap();
    let _resumes = Resumes(&desktop);
    let stopped = desktop.portcullis(&["stop"]).unwrap();
    assert!(stopped.status.success(), "{}", stopped.stderr);
    let (server, client) = own_server(&desktop, Transport::Stdio, &[]);
    assert!(is_stopped(&client.call("Snapshot", json!({})).unwrap()));
    let call = desktop.portcullis(&["call", "GetSystemInfo"]).unwrap();
    assert!(!call.status.success() && call.stderr.contains("stopped"), "{}", call.stderr);
    let doctor = desktop.portcullis(&["doctor", "--json"]).unwrap();
    assert!(doctor.stdout.contains("portcullis resume") && !doctor.status.success(), "{}", doctor.stdout);
    let resumed = desktop.portcullis(&["resume", "--json"]).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&resumed.stdout).unwrap()["stopped"], false);
    await_work(&client);
    drop(server);
}

#[test]
fn the_stop_key_stops_every_server_and_no_caller_of_its_server_may_press_it() {
    let desktop = desktop().unwrap();
    let (server, client) = own_server(&desktop, Transport::Stdio, &["--stop-key", KEY]);
    let (_other, presses) = own_server(&desktop, Transport::Stdio, &["--stop-key", "none"]);
    assert!(!server.stderr().contains("stop key"), "{}", server.stderr());
    client.call("FocusWindow", json!({ "title": TITLE })).unwrap().ok().unwrap();
    let refused = client.call("Shortcut", json!({ "keys": KEY })).unwrap();
    assert_eq!(refused.fault("code"), Some("denied"), "{}", refused.text);
    await_work(&client);
    let _resumes = Resumes(&desktop);
    // A server without a stop key stands for the owner's hand: its keys are the session's.
    presses.call("Shortcut", json!({ "keys": KEY })).unwrap();
    for client in [&client, &presses] {
        await_stopped(client);
    }
    assert!(server.audit_text().unwrap().contains(r#""by":"key""#), "{}", server.audit_text().unwrap());
    assert_eq!(desktop.keys_down().unwrap(), Vec::<u64>::new());
    resume(&desktop, &server);
    await_work(&client);
    await_work(&presses);
}

#[test]
fn a_stop_does_not_wait_for_a_policy_file_that_is_in_order() {
    let desktop = desktop().unwrap();
    let (server, client) = own_server(&desktop, Transport::Stdio, &[]);
    let (wrong, data) = (server.data().join("wrong.toml"), desktop.run().windows_path(server.data()));
    std::fs::write(&wrong, "version = 7\n").unwrap();
    let wrong = desktop.run().windows_path(&wrong);
    let say = |word: &str| desktop.portcullis(&[word, "--config", &wrong, "--data", &data]).unwrap();
    let _resumes = Resumes(&desktop);
    let stopped = say("stop");
    assert!(stopped.status.success() && stopped.stderr.contains("wrong.toml:1"), "{}", stopped.stderr);
    await_stopped(&client);
    assert!(!say("resume").status.success());
    assert!(is_stopped(&client.call("GetRunningTasks", json!({})).unwrap()));
    resume(&desktop, &server);
    await_work(&client);
}

portcullis_testkit::only_in_lab! {
    /// Everything that Wine starts is elevated.
    #[test]
    fn an_elevated_start_is_refused_unless_told_so_and_then_recorded() {
        let desktop = desktop().unwrap();
        let data = portcullis_testkit::server::new_data_folder(desktop.run()).unwrap();
        let refused = desktop.portcullis(&["serve", "--data", &desktop.run().windows_path(&data)]).unwrap();
        assert!(!refused.status.success() && refused.stdout.is_empty(), "{}", refused.stdout);
        assert!(refused.stderr.contains("elevated") && refused.stderr.contains("--allow-elevated"), "{}", refused.stderr);
        assert_eq!(portcullis_testkit::server::audit_text(&data).unwrap(), "", "a server that refuses to start has begun a record");
        let (server, _client) = own_server(&desktop, Transport::Stdio, &[]);
        assert!(server.stderr().contains("running elevated"), "{}", server.stderr());
        assert!(server.audit_text().unwrap().contains(r#""excess_rights":"elevated""#));
    }
}
