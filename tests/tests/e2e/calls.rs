//! Calls under way: they are seen while they run, withdrawing one stops the work and not only the answer, and a panic in
//! one is an answer.

use portcullis_testkit::client::{Client, Era};
use portcullis_testkit::desktop::{call_until, desktop};
use portcullis_testkit::server::{Server, Transport};
use serde_json::json;
use std::time::{Duration, Instant};

fn running(client: &Client) -> Vec<String> {
    let tasks = client.call("GetRunningTasks", json!({})).unwrap().data().unwrap();
    let tools = tasks["tasks"].as_array().unwrap().iter().map(|task| task["tool"].as_str().unwrap().to_owned());
    tools.collect()
}

#[test]
fn waiting_takes_the_time_that_it_says() {
    let mut desktop = desktop().unwrap();
    let client = desktop.client(Transport::Stdio, &[]).unwrap();
    let started = Instant::now();
    assert_eq!(client.call("Wait", json!({ "seconds": 0.3 })).unwrap().text, "waited 0.3 s");
    assert!(started.elapsed() >= Duration::from_millis(300));
}

#[test]
fn withdrawing_a_call_stops_its_work_at_every_door() {
    let desktop = desktop().unwrap();
    for transport in [Transport::Stdio, Transport::Http] {
        for era in Era::ALL {
            let server = desktop.own_server(transport, &[]).unwrap();
            let client = server.client(era).unwrap();
            let pending = client.start_call("Wait", json!({ "seconds": 60 })).unwrap();
            call_until(&client, "GetRunningTasks", &json!({}), |tasks| tasks.text.contains("\"Wait\"")).unwrap();
            assert_eq!(running(&client), ["Wait"], "{transport:?} {era:?}");
            client.withdraw(pending).unwrap();
            let gone = |tasks: &portcullis_testkit::client::ToolResult| !tasks.text.contains("\"Wait\"");
            call_until(&client, "GetRunningTasks", &json!({}), gone)
                .unwrap_or_else(|error| panic!("{transport:?} {era:?}: {error:#}"));
            assert!(server.audit_text().unwrap().contains("cancelled"), "{transport:?} {era:?}");
        }
    }
}

#[test]
fn a_panic_in_a_tool_is_an_answer_and_the_server_goes_on() {
    let desktop = desktop().unwrap();
    let server = Server::start_panicking(desktop.run()).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    let answer = client.call("ListProcesses", json!({})).unwrap();
    assert!(answer.is_error, "{}", answer.text);
    insta::assert_snapshot!(answer.text);
    // The place alone: a panic's words could hold what a caller sent.
    let said = server.stderr();
    assert!(said.contains("panic") && said.contains("main.rs"), "{said}");
    assert!(!said.contains("a defect of a port"), "{said}");
    client.call("ListProcesses", json!({})).unwrap().ok().unwrap();
    let record = server.audit_text().unwrap();
    assert!(record.contains("\"failed\"") && record.contains("\"internal\""), "{record}");
}
