//! DNS rebinding: a web page that points a name of its own at this address, so that the user's browser asks the server.
//! winremote-mcp answers 200 to a foreign Host on its default server without a key, and so did the SDK under this server
//! before 1.4.0 (CVE-2026-42559). Here Host, Origin and the target's own authority must name this server, each at most
//! once, before a key is looked at.

use crate::raw::{exchange, get, status};
use portcullis_testkit::fake_home::FakeHome;
use portcullis_testkit::server::Transport;

#[test]
fn a_foreign_host_or_origin_gets_nothing_on_any_path() {
    let home = FakeHome::new().unwrap();
    let server = home.start(Transport::Http, &[]).unwrap();
    let endpoint = server.endpoint().unwrap();
    let own = endpoint.address;
    let port = own.port();
    let key = format!("Authorization: Bearer {}", endpoint.key.as_ref().unwrap());
    let host = format!("Host: {own}");
    let line = |name: &str, value: String| format!("{name}: {value}");
    // (what it is, header lines, the status on /health).
    let rows: Vec<(&str, Vec<String>, u16)> = vec![
        ("as it should be", vec![host.clone()], 200),
        ("by another name of loopback", vec![line("Host", format!("localhost:{port}"))], 200),
        ("its own page", vec![host.clone(), line("Origin", format!("http://{own}"))], 200),
        ("no Host", vec![], 400),
        ("a foreign Host", vec![line("Host", "rebind.example".into())], 403),
        ("a foreign Host on the port", vec![line("Host", format!("rebind.example:{port}"))], 403),
        ("a Host that begins with ours", vec![line("Host", format!("{own}.rebind.example"))], 403),
        ("a Host with a name before ours", vec![line("Host", format!("x@{own}"))], 403),
        ("a Host without the port", vec![line("Host", "127.0.0.1".into())], 403),
        ("a Host with another port", vec![line("Host", "127.0.0.1:1".into())], 403),
        ("an address in another writing", vec![line("Host", format!("2130706433:{port}"))], 403),
        ("two Hosts, ours first", vec![host.clone(), line("Host", "rebind.example".into())], 403),
        ("two Hosts, ours last", vec![line("Host", "rebind.example".into()), host.clone()], 403),
        ("an empty Host", vec!["Host:".into()], 403),
        ("a foreign Origin", vec![host.clone(), line("Origin", "http://rebind.example".into())], 403),
        (
            "a foreign Origin on the port",
            vec![host.clone(), line("Origin", format!("http://rebind.example:{port}"))],
            403,
        ),
        ("the null Origin", vec![host.clone(), line("Origin", "null".into())], 403),
        ("an Origin without a port", vec![host.clone(), line("Origin", "http://127.0.0.1".into())], 403),
        ("an Origin of another scheme", vec![host.clone(), line("Origin", format!("https://{own}"))], 403),
        (
            "two Origins, ours first",
            vec![host.clone(), line("Origin", format!("http://{own}")), line("Origin", "null".into())],
            403,
        ),
        ("an Origin that is no text", vec![host.clone(), "Origin: \u{fc}".into()], 403),
        ("a foreign forwarded Host", vec![host.clone(), line("X-Forwarded-Host", "rebind.example".into())], 200),
    ];
    for (what, lines, wanted) in rows {
        for (path, with_key) in [("/health", false), ("/mcp", true), ("/metrics", true), ("/nothing", true)] {
            let mut lines = lines.clone();
            if with_key {
                lines.push(key.clone());
            }
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let found = status(&get(own, path, &lines));
            if wanted == 200 {
                assert!(!matches!(found, 0 | 400 | 403), "{what}, {path}: {found}");
            } else {
                assert!(found == wanted || found == 403, "{what}, {path}: {found}");
            }
        }
    }
}

#[test]
fn a_target_with_a_foreign_authority_gets_nothing() {
    let home = FakeHome::new().unwrap();
    let server = home.start(Transport::Http, &[]).unwrap();
    let own = server.endpoint().unwrap().address;
    let host = format!("Host: {own}");
    for (target, wanted) in [
        (format!("http://{own}/health"), 200),
        ("http://rebind.example/health".to_owned(), 403),
        (format!("http://rebind.example@{own}/health"), 403),
        (format!("http://{own}@rebind.example/health"), 403),
    ] {
        assert_eq!(status(&get(own, &target, &[&host])), wanted, "{target}");
    }
}

/// HTTP/2 brings an authority beside the Host header, and with it a second truth. It is not spoken: its preface, and the
/// way into it from HTTP/1.1, lead nowhere.
#[test]
fn http2_is_not_spoken() {
    let home = FakeHome::new().unwrap();
    let server = home.start(Transport::Http, &[]).unwrap();
    let own = server.endpoint().unwrap().address;
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let preface = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &settings].concat();
    let answer = exchange(own, &preface);
    assert!(matches!(status(&answer), 0 | 400 | 505), "{answer}");
    let host = format!("Host: {own}");
    let upgrade = [&host, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"];
    assert_eq!(status(&get(own, "/health", &upgrade)), 200, "the upgrade is passed over");
}
