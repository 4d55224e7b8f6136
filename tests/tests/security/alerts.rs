//! What an owner is told without asking. None of the three source systems tells anything: winremote-mcp logs to a file that
//! nobody reads, and no record of theirs shows that it was changed. Here denials in a row, an effect of tier 3 and a chain
//! that does not verify are said on standard error and counted for whoever watches `/metrics`.

use crate::raw::get;
use portcullis_testkit::client::{Client, Era};
use portcullis_testkit::fake_home::FakeHome;
use portcullis_testkit::server::{Server, Transport};
use serde_json::json;
use std::fs;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(20);

/// The lines of `/metrics` that begin so.
fn metrics(server: &Server, begin: &str) -> Vec<String> {
    let endpoint = server.endpoint().unwrap();
    let headers =
        [format!("Host: {}", endpoint.address), format!("Authorization: Bearer {}", endpoint.key.as_ref().unwrap())];
    let page = get(endpoint.address, "/metrics", &headers.each_ref().map(String::as_str));
    page.lines().filter(|line| line.starts_with(begin)).map(str::to_owned).collect()
}

pub(crate) fn await_said(server: &Server, words: &str) {
    let deadline = Instant::now() + LIMIT;
    while !server.stderr().contains(words) {
        assert!(Instant::now() < deadline, "`{words}` is not said: {}", server.stderr());
        std::thread::yield_now();
    }
}

fn try_what_is_shut(client: &Client, times: usize) {
    for _ in 0..times {
        assert!(client.call("SetClipboard", json!({ "text": "x" })).unwrap().is_error);
    }
}

#[test]
fn denials_in_a_row_are_an_alert_and_counted() {
    let home = FakeHome::new().unwrap();
    let server = home.start(Transport::Http, &[]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    try_what_is_shut(&client, 9);
    client.call("Wait", json!({ "seconds": 0.01 })).unwrap();
    try_what_is_shut(&client, 9);
    assert!(!server.stderr().contains("refused in a row"), "{}", server.stderr());
    try_what_is_shut(&client, 1);
    await_said(&server, "key:default: 10 calls were refused in a row, the last of SetClipboard");
    assert_eq!(
        metrics(&server, "portcullis_calls_denied_total"),
        ["portcullis_calls_denied_total{tool=\"SetClipboard\",code=\"not_enabled\"} 19"]
    );
    assert_eq!(
        metrics(&server, "portcullis_alerts_total{kind=\"denials\"}"),
        ["portcullis_alerts_total{kind=\"denials\"} 1"]
    );
}

#[test]
fn a_record_that_was_changed_is_an_alert_of_the_next_start() {
    let home = FakeHome::new().unwrap();
    let first = home.start(Transport::Stdio, &[]).unwrap();
    first.client(Era::Legacy).unwrap().call("Wait", json!({ "seconds": 0.01 })).unwrap();
    first.close().unwrap();
    let whole = home.start(Transport::Http, &[]).unwrap();
    whole.client(Era::Legacy).unwrap().call("Wait", json!({ "seconds": 0.01 })).unwrap();
    drop(whole);
    let oldest = fs::read_dir(home.data().join("audit")).unwrap().map(|entry| entry.unwrap().path()).min().unwrap();
    let text = fs::read_to_string(&oldest).unwrap().replacen("\"Wait\"", "\"Wiat\"", 1);
    fs::write(&oldest, text).unwrap();
    let next = home.start(Transport::Http, &[]).unwrap();
    await_said(&next, "alert: ");
    assert!(next.stderr().contains(oldest.file_name().unwrap().to_str().unwrap()), "{}", next.stderr());
    assert_eq!(
        metrics(&next, "portcullis_alerts_total{kind=\"broken\"}"),
        ["portcullis_alerts_total{kind=\"broken\"} 1"]
    );
}

#[test]
fn an_effect_of_tier_3_and_a_stop_are_alerts() {
    let home = FakeHome::new().unwrap();
    let server = home.start(Transport::Stdio, &["--enable-tier3"]).unwrap();
    let client = server.client(Era::Legacy).unwrap();
    client.call("SetClipboard", json!({ "text": "canary-3b9e" })).unwrap();
    await_said(&server, "local: SetClipboard was let through with an effect of tier 3");
    fs::write(home.data().join("stopped"), "").unwrap();
    await_said(&server, "all work was stopped");
    assert!(!server.stderr().contains("canary-3b9e"));
}
