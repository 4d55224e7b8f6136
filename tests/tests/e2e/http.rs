//! The HTTP door: who is turned away before anything of MCP is read, and how. Every row is a request that a browser, a
//! scanner or a broken client could send.

use portcullis_testkit::client::{Client, Era, HttpEndpoint, HttpReply};
use portcullis_testkit::desktop::desktop;
use portcullis_testkit::server::{Server, Transport};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// What it is, the headers that differ, and the status.
type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], u16);

const LIMIT: Duration = Duration::from_secs(10);

fn server() -> Server {
    desktop().unwrap().own_server(Transport::Http, &[]).unwrap()
}

fn initialize() -> Value {
    json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": { "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } }
    })
}

/// Sends the usual headers but for those that `change` names: the old value, or several, or none.
fn post(endpoint: &HttpEndpoint, change: &[(&str, &str)], body: &str) -> HttpReply {
    let mut headers = endpoint.usual_headers();
    headers.retain(|(name, _)| !change.iter().any(|(changed, _)| changed.eq_ignore_ascii_case(name)));
    // An empty value takes the header away.
    let set = change.iter().filter(|(_, value)| !value.is_empty());
    headers.extend(set.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    endpoint.send("POST", &headers, body.as_bytes()).unwrap().finish(Instant::now() + LIMIT).unwrap()
}

#[test]
fn foreign_hosts_foreign_origins_and_missing_keys_are_turned_away() {
    let server = server();
    let endpoint = server.endpoint().unwrap();
    let own = endpoint.address.to_string();
    let key = format!("Bearer {}", endpoint.key.as_ref().unwrap());
    let port = endpoint.address.port();
    let (localhost, own_origin) = (format!("localhost:{port}"), format!("http://{own}"));
    let (wrong_port, secure) = (format!("http://127.0.0.1:{}", port ^ 1), format!("https://{own}"));
    let basic = key.replace("Bearer", "Basic");
    let longer = format!("{key}0");
    let rows: &[Row<'_>] = &[
        ("all well", &[], 200),
        ("its name", &[("Host", &localhost)], 200),
        ("its own origin", &[("Origin", &own_origin)], 200),
        ("no host", &[("Host", "")], 403),
        ("foreign host", &[("Host", "evil.example")], 403),
        ("host without port", &[("Host", "127.0.0.1")], 403),
        ("host with another port", &[("Host", "127.0.0.1:1")], 403),
        ("two hosts", &[("Host", &own), ("Host", &own)], 403),
        ("foreign origin", &[("Origin", "http://evil.example")], 403),
        ("no origin in words", &[("Origin", "null")], 403),
        ("origin without port", &[("Origin", "http://127.0.0.1")], 403),
        ("origin of another port", &[("Origin", &wrong_port)], 403),
        ("origin of another scheme", &[("Origin", &secure)], 403),
        ("two origins", &[("Origin", &own_origin), ("Origin", &own_origin)], 403),
        ("no key", &[("Authorization", "")], 401),
        ("wrong key", &[("Authorization", "Bearer 0000000000000000000000000000000000000000")], 401),
        ("longer key", &[("Authorization", &longer)], 401),
        ("another scheme", &[("Authorization", &basic)], 401),
        ("two keys", &[("Authorization", &key), ("Authorization", &key)], 401),
        ("foreign origin and no key", &[("Origin", "http://evil.example"), ("Authorization", "")], 403),
        ("wrong content type", &[("Content-Type", "text/plain")], 415),
        ("nothing accepted", &[("Accept", "")], 406),
        ("a session that never was", &[("Mcp-Session-Id", "11111111-1111-1111-1111-111111111111")], 404),
    ];
    let body = initialize().to_string();
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} }).to_string();
    let mut all = String::new();
    for (what, change, status) in rows {
        let sent = if *status == 404 { &list } else { &body };
        let reply = post(endpoint, change, sent);
        assert_eq!(reply.status, *status, "{what}: {}", reply.text());
        if *status == 401 {
            assert!(reply.header("www-authenticate").unwrap().starts_with("Bearer "), "{what}");
        }
        assert!(!reply.text().contains(endpoint.key.as_ref().unwrap()), "{what}");
        if *status != 200 {
            writeln!(all, "{what}: {status} {}", reply.text()).unwrap();
        }
    }
    insta::assert_snapshot!(all);
}

#[test]
fn bodies_that_are_too_large_too_deep_or_no_json_are_refused() {
    let server = server();
    let endpoint = server.endpoint().unwrap();
    let large = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"{}\"}}", "x".repeat(4 * 1024 * 1024));
    let deep = "[".repeat(5000) + &"]".repeat(5000);
    let mut all = String::new();
    for (body, status) in [(large.as_str(), 413), (deep.as_str(), 400), ("{", 400), ("", 400)] {
        let reply = post(endpoint, &[], body);
        assert_eq!(reply.status, status, "{} bytes: {}", body.len(), reply.text());
        writeln!(all, "{} bytes: {status} {}", body.len(), reply.text()).unwrap();
    }
    insta::assert_snapshot!(all);
    assert!(server.client(Era::Modern).unwrap().call("GetSystemInfo", json!({})).is_ok());
}

#[test]
fn health_needs_no_key_and_says_nothing_else() {
    let server = server();
    let mut endpoint = server.endpoint().unwrap().clone();
    endpoint.path = "/health".to_owned();
    endpoint.key = None;
    let get = |endpoint: &HttpEndpoint| {
        endpoint.send("GET", &endpoint.usual_headers(), b"").unwrap().finish(Instant::now() + LIMIT).unwrap()
    };
    let reply = get(&endpoint);
    assert_eq!((reply.status, reply.text().as_str()), (200, "{\"status\":\"ok\"}"));
    for path in ["/", "/metrics", "/mcp", "/mcp/x"] {
        endpoint.path = path.to_owned();
        assert!(matches!(get(&endpoint).status, 401 | 404), "{path}");
    }
}

#[test]
fn modern_requests_must_carry_headers_that_fit_the_body() {
    let server = server();
    let endpoint = server.endpoint().unwrap();
    let client = server.client(Era::Modern).unwrap();
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let body = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "GetSystemInfo", "arguments": {}, "_meta": meta }
    });
    let good = client.headers("tools/call", &body);
    let rows: &[(&str, &str, &str)] = &[
        ("as it is", "", ""),
        ("another tool", "Mcp-Name", "GetClipboard"),
        ("another method", "Mcp-Method", "tools/list"),
        ("no name", "Mcp-Name", "-"),
        ("no method", "Mcp-Method", "-"),
    ];
    for (what, changed, value) in rows {
        let mut headers = good.clone();
        headers.retain(|(name, _)| name != changed);
        if !changed.is_empty() && *value != "-" {
            headers.push(((*changed).to_owned(), (*value).to_owned()));
        }
        let reply = endpoint.start(&headers, &body.to_string()).unwrap().finish(Instant::now() + LIMIT).unwrap();
        let message = reply.message(1).unwrap();
        if changed.is_empty() {
            assert_eq!(reply.status, 200, "{what}: {message}");
        } else {
            assert_eq!((reply.status, &message["error"]["code"]), (400, &json!(-32020)), "{what}: {message}");
        }
    }
}

#[test]
fn one_principal_does_not_see_the_calls_of_another_server() {
    let desktop = desktop().unwrap();
    let one = desktop.own_server(Transport::Http, &[]).unwrap();
    let two = desktop.own_server(Transport::Http, &[]).unwrap();
    let foreign = HttpEndpoint { key: one.endpoint().unwrap().key.clone(), ..two.endpoint().unwrap().clone() };
    assert!(Client::over_http(foreign, Era::Modern).is_err(), "a key of one server opens another");
}

#[test]
fn a_target_that_names_another_host_than_the_header_is_turned_away() {
    let server = server();
    let own = server.endpoint().unwrap().address;
    for (target, status) in [
        ("/health".to_owned(), "200"),
        (format!("http://{own}/health"), "200"),
        ("http://evil.example/health".to_owned(), "403"),
        (format!("http://evil.example@{own}/health"), "403"),
    ] {
        let mut stream = TcpStream::connect_timeout(&own, LIMIT).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        write!(stream, "GET {target} HTTP/1.1\r\nHost: {own}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert_eq!(answer.split(' ').nth(1), Some(status), "{target}: {answer}");
    }
}
