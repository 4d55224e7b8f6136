//! Keys and whose they are. winremote-mcp compares its one key as text, byte by byte, and takes any text as one; Windows-MCP
//! keeps its key in plain text and has no names. The SDK knows a session by its id alone, whoever names it. Here each holder
//! has a key of its own that is kept as a digest, and what one opened is not there for another.

use crate::alerts::await_said;
use crate::raw::{LIMIT, get, status};
use portcullis_testkit::client::{Client, Era, HttpEndpoint, ToolResult};
use portcullis_testkit::desktop::call_until;
use portcullis_testkit::fake_home::FakeHome;
use portcullis_testkit::server::{Server, Transport};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::{Duration, Instant};

/// Runs `portcullis key` with these words; what it printed.
pub(crate) fn key(home: &FakeHome, words: &[&str]) -> String {
    let data = home.data().display().to_string();
    let done = home.run(&[&["key", "--data", &data], words].concat()).unwrap();
    assert!(done.status.success(), "{words:?}: {}", done.stderr);
    done.stdout.trim().to_owned()
}

fn refused(home: &FakeHome, words: &[&str]) -> String {
    let data = home.data().display().to_string();
    let done = home.run(&[&["key", "--data", &data], words].concat()).unwrap();
    assert!(!done.status.success(), "{words:?}: {}", done.stdout);
    done.stderr
}

pub(crate) fn of(server: &Server, key: &str) -> HttpEndpoint {
    HttpEndpoint { key: Some(key.to_owned()), ..server.endpoint().unwrap().clone() }
}

fn comes_in(endpoint: &HttpEndpoint) -> u16 {
    let host = format!("Host: {}", endpoint.address);
    let key = format!("Authorization: Bearer {}", endpoint.key.as_ref().unwrap());
    patiently(|| status(&get(endpoint.address, "/nothing", &[&host, &key])))
}

/// The first answer that is not "too fast": who polls meets the rate of its key, which says nothing about the key.
pub(crate) fn patiently(mut ask: impl FnMut() -> u16) -> u16 {
    let deadline = Instant::now() + LIMIT;
    loop {
        let status = ask();
        if status != 429 {
            return status;
        }
        assert!(Instant::now() < deadline, "it stays too fast");
        thread::yield_now();
    }
}

/// Waits until a key is answered so; it may take a second.
fn await_status(endpoint: &HttpEndpoint, wanted: u16) -> Duration {
    let began = Instant::now();
    while comes_in(endpoint) != wanted {
        assert!(began.elapsed() < LIMIT, "it is still answered {}", comes_in(endpoint));
        thread::yield_now();
    }
    began.elapsed()
}

/// Sends a message of the older era in a session; the status and the answer.
pub(crate) fn in_session(endpoint: &HttpEndpoint, verb: &str, session: &str, body: &Value) -> (u16, String) {
    let mut headers = endpoint.usual_headers();
    headers.push(("MCP-Protocol-Version".to_owned(), "2025-11-25".to_owned()));
    headers.push(("Mcp-Session-Id".to_owned(), session.to_owned()));
    let body = if verb == "POST" { body.to_string() } else { String::new() };
    let reply = endpoint.send(verb, &headers, body.as_bytes()).unwrap().finish(Instant::now() + LIMIT).unwrap();
    (reply.status, reply.text())
}

#[test]
fn a_session_is_there_for_its_own_principal_alone() {
    let home = FakeHome::new().unwrap();
    let (one, two) = (key(&home, &["new", "one"]), key(&home, &["new", "two", "--scopes", "observe,interact"]));
    let server = home.start(Transport::Http, &[]).unwrap();
    let (one, two) = (of(&server, &one), of(&server, &two));
    let client = Client::over_http(one.clone(), Era::Legacy).unwrap();
    let session = client.session().unwrap();
    let list = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": {} });
    let never = in_session(&two, "POST", "00000000-0000-0000-0000-000000000000", &list);
    for verb in ["POST", "GET", "DELETE"] {
        assert_eq!(in_session(&two, verb, &session, &list).0, 404, "{verb}");
    }
    // To a stranger it answers as one that never was.
    assert_eq!(in_session(&two, "POST", &session, &list), never);
    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 1 } });
    assert_eq!(in_session(&two, "POST", &session, &cancel).0, 404);
    client.call("GetSystemInfo", json!({})).unwrap().ok().unwrap();
    assert_eq!(in_session(&one, "POST", &session, &list).0, 200);
    // Each may do what its own scopes open, and no more.
    let click = |endpoint: &HttpEndpoint, era| {
        let client = Client::over_http(endpoint.clone(), era).unwrap();
        client.call("Click", json!({ "x": 1, "y": 1 })).unwrap().text
    };
    for era in Era::ALL {
        assert!(click(&one, era).contains("key:one holds no `interact` scope"), "{}", click(&one, era));
        assert!(!click(&two, era).contains("scope"), "{}", click(&two, era));
    }
    assert!(server.audit_text().unwrap().contains("key:one"));
    // Of 202, which the SDK answers, Python's client warns that the end has failed.
    assert_eq!(in_session(&one, "DELETE", &session, &list).0, 204);
    assert_eq!(in_session(&one, "POST", &session, &list).0, 404);
}

#[test]
fn a_revoked_or_rotated_key_ends_within_a_second_with_what_it_opened() {
    let home = FakeHome::new().unwrap();
    let (gone, turned, stays) =
        (key(&home, &["new", "gone"]), key(&home, &["new", "turned"]), key(&home, &["new", "stays"]));
    let server = home.start(Transport::Http, &[]).unwrap();
    let (gone, turned, stays) = (of(&server, &gone), of(&server, &turned), of(&server, &stays));
    let sessions: Vec<String> = [&gone, &turned, &stays]
        .map(|endpoint| Client::over_http(endpoint.clone(), Era::Legacy).unwrap().session().unwrap())
        .to_vec();
    key(&home, &["revoke", "gone"]);
    assert!(await_status(&gone, 401) < Duration::from_secs(2));
    let fresh = key(&home, &["rotate", "turned"]);
    assert!(await_status(&turned, 401) < Duration::from_secs(2));
    let fresh = of(&server, &fresh);
    assert_eq!((comes_in(&fresh), comes_in(&stays)), (404, 404));
    // A session does not outlive the key that opened it, though its principal is the same.
    let list = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": {} });
    let deadline = Instant::now() + LIMIT;
    while in_session(&fresh, "POST", &sessions[1], &list).0 != 404 {
        assert!(Instant::now() < deadline);
    }
    assert_eq!(patiently(|| in_session(&stays, "POST", &sessions[2], &list).0), 200);
    // A key that is made while the server runs opens it.
    let late = of(&server, &key(&home, &["new", "late"]));
    await_status(&late, 404);
}

/// What a key began does not go on without it: neither a long call nor the next step of a batch.
#[test]
fn attack_a_call_does_not_outlive_the_key_that_it_came_with() {
    for era in [Era::Legacy, Era::Modern] {
        let home = FakeHome::new().unwrap();
        let secret = key(&home, &["new", "gone", "--scopes", "observe,interact"]);
        let server = home.start(Transport::Http, &[]).unwrap();
        let client = Client::over_http(of(&server, &secret), era).unwrap();
        let step = json!({ "tool": "Wait", "args": { "seconds": 60 } });
        let _wait = client.start_call("Wait", json!({ "seconds": 60 })).unwrap();
        let _batch = client.start_call("Batch", json!({ "steps": [step, step] })).unwrap();
        let waits = |tasks: &ToolResult| tasks.text.matches("\"Wait\"").count() == 2;
        call_until(&client, "GetRunningTasks", &json!({}), waits).unwrap();
        key(&home, &["revoke", "gone"]);
        let deadline = Instant::now() + LIMIT;
        loop {
            let record = server.audit_text().unwrap();
            if record.matches("\"cancelled\"").count() >= 3 {
                assert_eq!(
                    record.matches("\"tool\":\"Wait\"").count(),
                    2,
                    "a step was made without its key:\n{record}"
                );
                break;
            }
            assert!(Instant::now() < deadline, "{era:?}: the calls go on:\n{record}");
        }
    }
}

/// Over the wire: a key of the same name is another holder, and a session is not the name's but the key's.
#[test]
fn attack_a_new_key_of_an_old_name_inherits_nothing() {
    let home = FakeHome::new().unwrap();
    let make = || key(&home, &["new", "ci", "--scopes", "observe,interact"]);
    let old = make();
    let server = home.start(Transport::Http, &[]).unwrap();
    let client = Client::over_http(of(&server, &old), Era::Modern).unwrap();
    client.call("Wait", json!({ "seconds": 0 })).unwrap().ok().unwrap();
    let remembered = |client: &Client| client.call("GetTaskStatus", json!({})).unwrap().text.contains("\"Wait\"");
    assert!(remembered(&client));
    key(&home, &["revoke", "ci"]);
    let new = of(&server, &make());
    await_status(&new, 404);
    assert!(!remembered(&Client::over_http(new, Era::Modern).unwrap()));
}

/// In the older era a connection that closes may be taken up again; a client that does not come back is gone, and what it
/// began ends as if it had cancelled it.
#[test]
fn attack_a_call_does_not_outlive_the_client_that_went_away() {
    for era in Era::ALL {
        let home = FakeHome::new().unwrap();
        let server = home.start(Transport::Http, &[]).unwrap();
        let client = Client::over_http(server.endpoint().unwrap().clone(), era).unwrap();
        let began = Instant::now();
        let waiting = client.start_call("Wait", json!({ "seconds": 60 })).unwrap();
        let batch = json!({ "steps": [{ "tool": "Wait", "args": { "seconds": 60 } }] });
        let batch = client.start_call("Batch", batch).unwrap();
        let waits = |tasks: &ToolResult| tasks.text.matches("\"Wait\"").count() == 2;
        call_until(&client, "GetRunningTasks", &json!({}), waits).unwrap();
        drop((waiting, batch));
        while server.audit_text().unwrap().matches("\"cancelled\"").count() < 3 {
            assert!(began.elapsed() < Duration::from_secs(30), "{era:?}: they run to their end");
            thread::yield_now();
        }
    }
}

#[test]
fn a_client_that_comes_back_in_time_finds_its_call() {
    let home = FakeHome::new().unwrap();
    let server = home.start(Transport::Http, &[]).unwrap();
    let endpoint = server.endpoint().unwrap();
    let client = Client::over_http(endpoint.clone(), Era::Legacy).unwrap();
    let waiting = client.start_call("Wait", json!({ "seconds": 6 })).unwrap();
    let waits = |tasks: &ToolResult| tasks.text.contains("\"Wait\"");
    call_until(&client, "GetRunningTasks", &json!({}), waits).unwrap();
    let id = waiting.id();
    drop(waiting);
    let mut headers = endpoint.usual_headers();
    headers.push(("MCP-Protocol-Version".to_owned(), Era::Legacy.version().to_owned()));
    headers.push(("Mcp-Session-Id".to_owned(), client.session().unwrap()));
    // The streams of a session are numbered; this is the first, of which nothing was read.
    headers.push(("Last-Event-ID".to_owned(), "0/0".to_owned()));
    let reply = endpoint.send("GET", &headers, b"").unwrap().finish(Instant::now() + LIMIT).unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(reply.text().contains(&format!("\"id\":{id}")), "{}", reply.text());
    assert!(!server.audit_text().unwrap().contains("\"cancelled\""));
}

#[test]
fn a_key_that_has_ended_opens_nothing() {
    let home = FakeHome::new().unwrap();
    let secret = key(&home, &["new", "short", "--expires", "1h"]);
    let file = home.data().join("keys.json");
    let set_end = |end: &str| {
        let mut keys: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        keys["keys"][0]["expires"] = json!(end);
        fs::write(&file, keys.to_string()).unwrap();
    };
    let server = home.start(Transport::Http, &[]).unwrap();
    let endpoint = of(&server, &secret);
    assert_eq!(comes_in(&endpoint), 404);
    set_end("2026-01-01T00:00:00Z");
    await_status(&endpoint, 401);
    assert!(key(&home, &["list"]).contains("ENDED"));
}

#[test]
fn a_key_is_shown_once_and_is_in_no_file_list_log_record_or_error() {
    let home = FakeHome::new().unwrap();
    let secret = key(&home, &["new", "ci"]);
    assert!(secret.starts_with("pcl_") && secret.len() == 68, "not a key");
    let server = home.start(Transport::Http, &["--log", "debug", "--log-files"]).unwrap();
    let client = Client::over_http(of(&server, &secret), Era::Legacy).unwrap();
    client.call("GetSystemInfo", json!({})).unwrap().ok().unwrap();
    let wrong = format!("{}0", &secret[..67]);
    comes_in(&of(&server, &wrong));
    let listed = key(&home, &["list"]) + &key(&home, &["list", "--json"]);
    let again = refused(&home, &["new", "ci"]);
    let files = home.log().unwrap();
    assert!(!files.is_empty(), "no log was kept");
    // What the server says to the program that started it is no part of the log.
    let logged: String =
        server.stderr().lines().filter(|line| !line.starts_with('{')).map(|line| format!("{line}\n")).collect();
    assert_eq!(files, logged);
    let texts = [
        listed,
        again,
        files,
        logged,
        server.audit_text().unwrap(),
        fs::read_to_string(home.data().join("keys.json")).unwrap(),
    ];
    for text in texts {
        assert!(!text.contains(&secret[4..20]), "the key is in: {}", text.replace(&secret[4..], "*"));
    }
}

#[test]
fn key_files_that_others_can_write_or_that_are_not_in_order_open_nothing() {
    let home = FakeHome::new().unwrap();
    let secret = key(&home, &["new", "one"]);
    let file = home.data().join("keys.json");
    let mode = |bits| fs::set_permissions(&file, fs::Permissions::from_mode(bits)).unwrap();
    mode(0o620);
    assert!(home.refusal(&[]).unwrap().contains("others can write it"));
    assert!(refused(&home, &["new", "two"]).contains("others can write it"));
    mode(0o600);
    let server = home.start(Transport::Http, &[]).unwrap();
    let endpoint = of(&server, &secret);
    assert_eq!(comes_in(&endpoint), 404);
    let good = fs::read(&file).unwrap();
    fs::write(&file, "{").unwrap();
    await_status(&endpoint, 401);
    await_said(&server, "no key opens this server");
    fs::write(&file, good).unwrap();
    await_status(&endpoint, 404);
    for words in [
        ["new", "default"].as_slice(),
        &["new", "Upper"],
        &["new", "x", "--scopes", "everything"],
        &["new", "x", "--expires", "soon"],
        &["revoke", "nobody"],
        &["rotate", "nobody"],
    ] {
        refused(&home, words);
    }
}

/// Once the owner names keys, no other is made unasked, and with none at all there is no server.
#[test]
fn no_key_is_made_unasked_where_the_owner_names_them() {
    let home = FakeHome::new().unwrap();
    key(&home, &["new", "one"]);
    let server = home.start(Transport::Http, &[]).unwrap();
    assert!(server.endpoint().unwrap().key.is_none() && !home.data().join("http.key").exists());
    key(&home, &["revoke", "one"]);
    assert!(home.refusal(&[]).unwrap().contains("portcullis key new"));
    let other = FakeHome::new().unwrap();
    other.start(Transport::Http, &[]).unwrap();
    key(&other, &["revoke", "default"]);
    assert!(other.refusal(&[]).unwrap().contains("portcullis key new"));
}

/// A token in a query ends in logs and histories. It is not read, wherever it stands.
#[test]
fn a_key_counts_in_its_header_alone() {
    let home = FakeHome::new().unwrap();
    let server = home.start(Transport::Http, &[]).unwrap();
    let endpoint = server.endpoint().unwrap();
    let (host, secret) = (format!("Host: {}", endpoint.address), endpoint.key.as_ref().unwrap());
    for name in ["access_token", "token", "key", "api_key", "authorization", "Authorization"] {
        let target = format!("/nothing?{name}={secret}");
        assert_eq!(status(&get(endpoint.address, &target, &[&host])), 401, "{name}");
    }
    for line in [
        format!("X-API-Key: {secret}"),
        format!("Cookie: key={secret}"),
        format!("Proxy-Authorization: Bearer {secret}"),
        format!("Authorization: {secret}"),
        format!("Authorization: Token {secret}"),
    ] {
        assert_eq!(
            status(&get(endpoint.address, "/nothing", &[&host, &line])),
            401,
            "{}",
            line.replace(secret.as_str(), "*")
        );
    }
}
