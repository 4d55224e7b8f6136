//! How often. winremote-mcp and Windows-MCP answer guesses at their key as fast as they come, and have no rate for a client
//! that has one. Here guesses cost an address growing waits, loopback too, and each principal has a rate of its own.

use crate::raw::{LIMIT, get, status};
use portcullis_testkit::client::{Client, Era, HttpEndpoint};
use portcullis_testkit::fake_home::FakeHome;
use portcullis_testkit::server::{Server, Transport};
use serde_json::json;
use std::thread;
use std::time::Instant;

/// The status for `/nothing` with this key, and the seconds to wait when there are some.
fn ask(server: &Server, path: &str, key: Option<&str>) -> (u16, Option<u64>) {
    let address = server.endpoint().unwrap().address;
    let mut lines = vec![format!("Host: {address}")];
    lines.extend(key.map(|key| format!("Authorization: Bearer {key}")));
    let answer = get(address, path, &lines.iter().map(String::as_str).collect::<Vec<_>>());
    let wait = answer.to_ascii_lowercase().lines().find_map(|line| line.strip_prefix("retry-after: ")?.parse().ok());
    (status(&answer), wait)
}

fn guess(number: u32) -> String {
    format!("pcl_{number:064x}")
}

fn named(home: &FakeHome, name: &str, scopes: &str) -> String {
    let data = home.data().display().to_string();
    let done = home.run(&["key", "--data", &data, "new", name, "--scopes", scopes]).unwrap();
    assert!(done.status.success(), "{}", done.stderr);
    done.stdout.trim().to_owned()
}

#[test]
fn guesses_at_keys_cost_growing_waits() {
    let home = FakeHome::new().unwrap();
    let server = home.start(Transport::Http, &[]).unwrap();
    let good = server.endpoint().unwrap().key.clone().unwrap();
    for number in 0..6 {
        assert_eq!(ask(&server, "/nothing", Some(&guess(number))), (401, None), "{number}");
    }
    for (number, wait) in [(6, 1), (7, 2)] {
        // Within the wait nothing is looked at, so that a good key tells a guesser nothing.
        let (found, told) = ask(&server, "/nothing", Some(&guess(100)));
        assert_eq!(found, 429);
        assert!(told.is_some_and(|told| (1..=wait).contains(&told)), "{told:?} for {wait}");
        assert_eq!(ask(&server, "/nothing", Some(&good)).0, 429);
        let deadline = Instant::now() + LIMIT;
        while ask(&server, "/nothing", Some(&good)).0 == 429 {
            assert!(Instant::now() < deadline, "the wait does not end");
            thread::yield_now();
        }
        assert_eq!(ask(&server, "/nothing", Some(&good)).0, 404);
        assert_eq!(ask(&server, "/nothing", Some(&guess(number))).0, 401);
    }
    assert_eq!(ask(&server, "/health", None).0, 200, "/health tells nothing about keys");
}

/// An agent with a revoked key asks again and again, and must not keep others on its machine out.
#[test]
fn a_stale_key_that_is_sent_again_is_no_guess() {
    let home = FakeHome::new().unwrap();
    let server = home.start(Transport::Http, &[]).unwrap();
    let good = server.endpoint().unwrap().key.clone().unwrap();
    let mut found = Vec::new();
    for _ in 0..400 {
        found.push(ask(&server, "/nothing", Some(&guess(1))).0);
        assert_eq!(ask(&server, "/nothing", Some(&good)).0, 404);
    }
    assert!(found.iter().all(|status| matches!(status, 401 | 429)), "{found:?}");
    assert!(found.contains(&429), "without a good key there is a rate too");
}

#[test]
fn each_principal_has_a_rate_of_its_own() {
    let home = FakeHome::new().unwrap();
    let (one, two) = (named(&home, "one", "observe"), named(&home, "two", "observe"));
    let server = home.start(Transport::Http, &["--rate", "60"]).unwrap();
    let found: Vec<_> = (0..20).map(|_| ask(&server, "/nothing", Some(&one))).collect();
    let through = found.iter().filter(|(status, _)| *status == 404).count();
    assert!((6..=12).contains(&through), "{found:?}");
    assert!(found.iter().all(|(status, wait)| *status == 404 || (*status == 429 && *wait == Some(1))), "{found:?}");
    assert_eq!(ask(&server, "/nothing", Some(&two)).0, 404);
    home.write_ceiling("[http]\nrate = 100\n").unwrap();
    assert!(home.refusal(&["--rate", "101"]).unwrap().contains("may only lower it"));
}

#[test]
fn health_has_a_rate_and_needs_nothing_else() {
    let home = FakeHome::new().unwrap();
    let server = home.start(Transport::Http, &[]).unwrap();
    let found: Vec<_> = (0..400).map(|_| ask(&server, "/health", None)).collect();
    assert!(found.iter().take(100).all(|(status, _)| *status == 200), "{found:?}");
    assert!(found.iter().any(|(status, wait)| *status == 429 && *wait == Some(1)), "{found:?}");
    let good = server.endpoint().unwrap().key.clone().unwrap();
    assert_eq!(ask(&server, "/nothing", Some(&good)).0, 404, "who has a key is not kept out by that");
}

#[test]
fn metrics_need_a_key_with_observe_and_name_nobody() {
    let home = FakeHome::new().unwrap();
    let (sees, blind) = (named(&home, "watcher-of-things", "observe"), named(&home, "blind", "files"));
    let server = home.start(Transport::Http, &[]).unwrap();
    assert_eq!(ask(&server, "/metrics", None).0, 401);
    assert_eq!(ask(&server, "/metrics", Some(&blind)).0, 403);
    assert_eq!(ask(&server, "/metrics", Some(&guess(1))).0, 401);
    let endpoint = HttpEndpoint { key: Some(sees.clone()), ..server.endpoint().unwrap().clone() };
    let client = Client::over_http(endpoint.clone(), Era::Legacy).unwrap();
    client.call("GetSystemInfo", json!({})).unwrap().ok().unwrap();
    let lines = [format!("Host: {}", endpoint.address), format!("Authorization: Bearer {sees}")];
    let page = get(endpoint.address, "/metrics", &lines.each_ref().map(String::as_str));
    for line in [
        "portcullis_http_sessions 1",
        "portcullis_http_requests_total{status=\"401\"} 2",
        "portcullis_http_refused_total{why=\"wrong_key\"} 1",
    ] {
        assert!(page.contains(line), "{line} is not in\n{page}");
    }
    for secret in ["watcher-of-things", "127.0.0.1", &sees[4..], &client.session().unwrap()] {
        assert!(!page.contains(secret), "a name, an address, a session or a key is in the page");
    }
}
