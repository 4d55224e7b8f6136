//! The tools of the network, beside sockets of the test process: who connected, and what of it was sent.

use portcullis_testkit::desktop::desktop;
use portcullis_testkit::server::{Transport, new_data_folder};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// How long the other end of a connection is waited for.
const LIMIT: Duration = Duration::from_secs(10);

#[test]
fn an_open_port_is_connected_to_once_and_a_closed_one_is_told() {
    let mut desktop = desktop().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = desktop.client(Transport::Stdio, &[]).unwrap();
    let told = client.call("PortCheck", json!({ "host": "127.0.0.1", "port": port })).unwrap().data().unwrap();
    assert_eq!((&told["open"], &told["addresses"][0]["state"]), (&json!(true), &json!("open")), "{told}");
    // The connection came, and ended without a word; there is no second one.
    let (mut came, _) = listener.accept().unwrap();
    came.set_read_timeout(Some(LIMIT)).unwrap();
    let mut sent = Vec::new();
    let _ = came.read_to_end(&mut sent);
    assert_eq!(sent, b"");
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err());
    drop(listener);
    let told = client.call("PortCheck", json!({ "host": "127.0.0.1", "port": port })).unwrap().data().unwrap();
    assert_eq!((&told["open"], &told["addresses"][0]["state"]), (&json!(false), &json!("closed")), "{told}");
}

#[test]
fn a_port_is_found_at_the_addresses_of_a_name_and_over_ipv6() {
    let mut desktop = desktop().unwrap();
    let client = desktop.client(Transport::Stdio, &[]).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let told = client.call("PortCheck", json!({ "host": "LOCALHOST.", "port": port })).unwrap().data().unwrap();
    assert_eq!((&told["open"], &told["host"]), (&json!(true), &json!("localhost")), "{told}");
    assert!(listener.accept().is_ok());
    // A machine without IPv6 has no such listener.
    let Ok(listener) = TcpListener::bind("[::1]:0") else { return };
    let port = listener.local_addr().unwrap().port();
    let told = client.call("PortCheck", json!({ "host": "[::1]", "port": port })).unwrap().data().unwrap();
    assert_eq!((&told["open"], &told["addresses"][0]["address"]), (&json!(true), &json!("::1")), "{told}");
    assert!(listener.accept().is_ok());
}

#[test]
fn this_machine_answers_a_ping() {
    let mut desktop = desktop().unwrap();
    let client = desktop.client(Transport::Stdio, &[]).unwrap();
    for host in ["127.0.0.1", "localhost"] {
        let told = client.call("Ping", json!({ "host": host, "count": 2 })).unwrap().data().unwrap();
        assert_eq!((&told["sent"], &told["answered"]), (&json!(2), &json!(2)), "{told}");
        assert!(told["mean_ms"].as_f64().unwrap() < 2_000.0, "{told}");
    }
}

#[test]
fn a_listener_and_its_connection_are_told_with_their_program() {
    let mut desktop = desktop().unwrap();
    let server = desktop.own_server(Transport::Http, &[]).unwrap();
    let address = server.endpoint().unwrap().address;
    let stream = TcpStream::connect(address).unwrap();
    let near = stream.local_addr().unwrap();
    let client = desktop.client(Transport::Stdio, &[]).unwrap();
    let filter = address.to_string();
    let told = client.call("NetConnections", json!({ "filter": filter, "limit": 1000 })).unwrap().data().unwrap();
    let rows = told["connections"].as_array().unwrap();
    // The server's own record says which process it is.
    let record = server.audit_text().unwrap();
    let has = |state: &str, remote: Option<String>| {
        rows.iter().any(|row| {
            row["state"] == state
                && row["local"] == address.to_string()
                && row["remote"] == remote.clone().map_or(Value::Null, Value::String)
                && row["program"] == "portcullis.exe"
                && record.contains(&format!(r#""process":{},"#, row["pid"]))
        })
    };
    assert!(has("listening", None), "{told}");
    assert!(has("established", Some(near.to_string())), "{told}");
    assert_eq!(told["matching"], json!(rows.len()), "{told}");
    drop(stream);
}

#[test]
fn attack_a_host_that_no_rule_opens_is_not_reached_by_any_writing() {
    let mut desktop = desktop().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = desktop.client(Transport::Stdio, &[]).unwrap();
    for (host, code) in [
        ("2130706433", "bad_argument"),
        ("0x7f000001", "bad_argument"),
        ("0177.0.0.1", "bad_argument"),
        ("127.1", "bad_argument"),
        ("127.0.0.1/", "bad_argument"),
        ("x@127.0.0.1", "bad_argument"),
        ("0.0.0.0", "denied"),
        ("::", "denied"),
        ("2002:7f00:1::", "denied"),
        ("169.254.169.254", "denied"),
        ("fd00:ec2::254", "denied"),
        ("1.1.1.1", "denied"),
    ] {
        for (tool, arguments) in
            [("PortCheck", json!({ "host": host, "port": port })), ("Ping", json!({ "host": host, "count": 1 }))]
        {
            let answer = client.call(tool, arguments).unwrap();
            assert_eq!(answer.fault("code"), Some(code), "{tool} {host}: {}", answer.text);
        }
    }
    // A key over HTTP asks nobody unless that is said.
    let server = desktop.own_server(Transport::Http, &[]).unwrap();
    let client = server.client(portcullis_testkit::client::Era::Modern).unwrap();
    let answer = client.call("PortCheck", json!({ "host": "127.0.0.1", "port": port })).unwrap();
    assert_eq!(answer.fault("code"), Some("denied"), "{}", answer.text);
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err());
}

/// A server of the test process: what it answers by path, and how many requests came.
fn site(answer: fn(&str) -> String) -> (u16, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&count);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
                head.push(byte[0]);
            }
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let head = String::from_utf8_lossy(&head).into_owned();
            let _ = stream.write_all(answer(head.split(' ').nth(1).unwrap_or_default()).as_bytes());
        }
    });
    (port, count)
}

#[test]
fn a_page_is_read_where_a_rule_opens_it_and_nowhere_else() {
    let mut desktop = desktop().unwrap();
    let (port, count) = site(|path| match path {
        "/" => "HTTP/1.1 302 Found\r\nlocation: /page\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "/away" => {
            "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest\r\ncontent-length: 0\r\n\r\n".to_owned()
        }
        _ => "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<h1>Here</h1><script>x</script>".to_owned(),
    });
    let reached = || count.load(std::sync::atomic::Ordering::SeqCst);
    let client = desktop.client(Transport::Stdio, &[]).unwrap();
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[2002:7f00:1::]", "0.0.0.0"] {
        let answer = client.call("Scrape", json!({ "url": format!("http://{host}:{port}/") })).unwrap();
        assert_eq!(answer.fault("code"), Some("denied"), "{host}: {}", answer.text);
    }
    assert_eq!(reached(), 0);
    let folder = new_data_folder(desktop.run()).unwrap();
    let policy = folder.join("policy.toml");
    std::fs::write(&policy, format!("version = 1\n[hosts]\nfetch = ['loopback:{port}']\n")).unwrap();
    let config = desktop.run().windows_path(&policy);
    let server = desktop.own_server(Transport::Stdio, &["--config", &config]).unwrap();
    let client = server.client(portcullis_testkit::client::Era::Legacy).unwrap();
    let told = client.call("Scrape", json!({ "url": format!("http://127.0.0.1:{port}/") })).unwrap().data().unwrap();
    assert_eq!((told["text"].as_str().unwrap().trim(), &told["status"]), ("# Here", &json!(200)), "{told}");
    assert_eq!(told["redirected_from"], json!([format!("http://127.0.0.1:{port}/")]));
    assert_eq!(reached(), 2);
    let answer = client.call("Scrape", json!({ "url": format!("http://127.0.0.1:{port}/away") })).unwrap();
    assert_eq!(answer.fault("code"), Some("denied"), "{}", answer.text);
    assert!(answer.text.contains("169.254.169.254") && answer.text.contains("/away"), "{}", answer.text);
    assert_eq!(reached(), 3);
    // The redirects stand in the record, each before its page was asked for.
    assert_eq!(server.audit_text().unwrap().matches("call_followed").count(), 1);
}
