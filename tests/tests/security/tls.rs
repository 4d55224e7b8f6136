//! HTTPS. winremote-mcp starts plain HTTP when half of a TLS pair is given and listens beyond the machine without any;
//! Windows-MCP has no TLS. Here a pair is whole or the server does not start, its key is for its owner alone, and only with
//! it a server listens beyond loopback.

use crate::raw::{LIMIT, connect, exchange, status};
use portcullis_testkit::client::tls::Trusting;
use portcullis_testkit::client::{Client, Era, HttpEndpoint};
use portcullis_testkit::fake_home::FakeHome;
use portcullis_testkit::server::{Server, Transport};
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// A home with a certificate for `localhost` and 127.0.0.1 in this folder, and the flags that serve it.
fn with_certificate(folder: &str) -> (FakeHome, String, [String; 4]) {
    let home = FakeHome::new().unwrap();
    let pem = certificate(&home, folder);
    let path = |name: &str| home.path(folder).join(name).display().to_string();
    let flags = ["--tls-cert".to_owned(), path("portcullis.crt"), "--tls-key".to_owned(), path("portcullis.key")];
    (home, pem, flags)
}

fn certificate(home: &FakeHome, folder: &str) -> String {
    let out = home.path(folder).display().to_string();
    let made = home.run(&["tls", "self-signed", "--out", &out, "--host", "localhost", "127.0.0.1", "--json"]).unwrap();
    assert!(made.status.success(), "{}", made.stderr);
    let said: Value = serde_json::from_str(&made.stdout).unwrap();
    assert_eq!(said["fingerprint"].as_str().unwrap().split(':').count(), 32);
    fs::read_to_string(home.path(folder).join("portcullis.crt")).unwrap()
}

fn start(home: &FakeHome, flags: &[String], more: &[&str]) -> Server {
    let flags: Vec<&str> = flags.iter().map(String::as_str).chain(more.iter().copied()).collect();
    home.start(Transport::Http, &flags).unwrap()
}

fn trusting(server: &Server, pem: &str) -> HttpEndpoint {
    let dial = Trusting::new(pem, "127.0.0.1", &[]).unwrap();
    HttpEndpoint { dial: Some(dial), ..server.endpoint().unwrap().clone() }
}

#[test]
fn https_is_served_in_both_eras_and_nothing_beside_it() {
    let (home, pem, flags) = with_certificate("pair");
    let server = start(&home, &flags, &[]);
    assert!(server.stderr().contains("\"url\":\"https://127.0.0.1:"), "{}", server.stderr());
    let endpoint = trusting(&server, &pem);
    for era in Era::ALL {
        let client = Client::over_http(endpoint.clone(), era).unwrap();
        client.call("GetSystemInfo", json!({})).unwrap().ok().unwrap();
    }
    let own = endpoint.address;
    let plain = exchange(own, format!("GET /health HTTP/1.1\r\nHost: {own}\r\n\r\n").as_bytes());
    assert_eq!(status(&plain), 0, "plain HTTP is answered: {plain}");
    // A page that was served without TLS is none of this server's.
    let get = |origin: String| {
        let mut headers = endpoint.usual_headers();
        headers.push(("Origin".to_owned(), origin));
        let health = HttpEndpoint { path: "/health".to_owned(), ..endpoint.clone() };
        health.send("GET", &headers, b"").unwrap().finish(Instant::now() + LIMIT).unwrap().status
    };
    assert_eq!((get(format!("https://{own}")), get(format!("http://{own}"))), (200, 403));
}

#[test]
fn only_http_1_1_comes_out_of_the_handshake() {
    let (home, pem, flags) = with_certificate("pair");
    let server = start(&home, &flags, &[]);
    let own = server.endpoint().unwrap().address;
    let shake = |alpn: &[&str]| Trusting::new(&pem, "localhost", alpn).unwrap().connect(connect(own));
    assert!(shake(&["h2"]).is_err(), "HTTP/2 was agreed to");
    for alpn in [["h2", "http/1.1"].as_slice(), &["http/1.1"], &[]] {
        let stream = shake(alpn).unwrap();
        let agreed = stream.conn.alpn_protocol().map(<[u8]>::to_vec);
        assert_eq!(agreed, (!alpn.is_empty()).then(|| b"http/1.1".to_vec()), "{alpn:?}");
    }
    let mut stream = shake(&[]).unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    assert!(matches!(status(&String::from_utf8_lossy(&answer)), 0 | 400 | 505));
}

#[test]
fn beyond_this_machine_nothing_is_served_without_tls() {
    let (home, pem, flags) = with_certificate("pair");
    for host in ["0.0.0.0", "::", "192.0.2.1", "::ffff:192.0.2.1"] {
        let said = home.refusal(&["--host", host]).unwrap();
        assert!(said.contains("with TLS alone") && said.contains("tls self-signed"), "{said}");
    }
    home.write_policy("[serve]\ntransport = \"http\"\nhost = \"0.0.0.0\"\nport = 0\n").unwrap();
    assert!(home.refusal(&[]).unwrap().contains("portcullis.toml:4"));
    home.write_policy("").unwrap();
    // With it, whoever connects may name the address that it connected to, and no other.
    let server = start(&home, &flags, &["--host", "0.0.0.0"]);
    let port = server.endpoint().unwrap().address.port();
    let mut endpoint = trusting(&server, &pem);
    endpoint.address = ([127, 0, 0, 1], port).into();
    Client::over_http(endpoint.clone(), Era::Modern).unwrap().call("GetSystemInfo", json!({})).unwrap().ok().unwrap();
    for host in [format!("0.0.0.0:{port}"), format!("127.0.0.2:{port}"), format!("rebind.example:{port}")] {
        let headers = [("Host".to_owned(), host.clone())];
        let reply = endpoint.send("GET", &headers, b"").unwrap().finish(Instant::now() + LIMIT).unwrap();
        assert_eq!(reply.status, 403, "{host}");
    }
}

#[test]
fn half_a_pair_a_mixed_pair_or_a_key_that_others_can_read_stops_the_start() {
    let (home, _, flags) = with_certificate("pair");
    let [cert, cert_file, key, key_file] = flags.each_ref().map(String::as_str);
    assert!(home.refusal(&[cert, cert_file]).unwrap().contains("--tls-key"));
    assert!(home.refusal(&[key, key_file]).unwrap().contains("--tls-cert"));
    certificate(&home, "other");
    let other = home.path("other/portcullis.key").display().to_string();
    assert!(home.refusal(&[cert, cert_file, key, &other]).unwrap().contains("cannot be used together"));
    assert!(home.refusal(&[cert, cert_file, key, "/absent"]).unwrap().contains("/absent"));
    let mode = |bits| fs::set_permissions(key_file, fs::Permissions::from_mode(bits)).unwrap();
    assert_eq!(fs::metadata(key_file).unwrap().permissions().mode() & 0o777, 0o600, "as it was made");
    for (bits, told) in [(0o640, "others can read it"), (0o604, "others can read it"), (0o620, "others can write it")] {
        mode(bits);
        assert!(home.refusal(&[cert, cert_file, key, key_file]).unwrap().contains(told), "{bits:o}");
    }
    // Nothing that is there is overwritten.
    let out = home.path("pair").display().to_string();
    assert!(!home.run(&["tls", "self-signed", "--out", &out, "--host", "x"]).unwrap().status.success());
}

/// Whether a client that trusts this certificate alone comes in, within the time that a server may take to notice.
fn await_trust(server: &Server, pem: &str) -> bool {
    let deadline = Instant::now() + LIMIT;
    while Instant::now() < deadline {
        if Client::over_http(trusting(server, pem), Era::Modern).is_ok() {
            return true;
        }
    }
    false
}

#[test]
fn a_new_pair_is_served_without_a_restart_and_a_bad_one_is_not() {
    let (home, old, flags) = with_certificate("pair");
    let server = start(&home, &flags, &[]);
    let working = Client::over_http(trusting(&server, &old), Era::Legacy).unwrap();
    let new = certificate(&home, "new");
    let put = |name: &str, from: &str| {
        // As a renewal does it: another file takes the name.
        let beside = home.path("pair/beside");
        fs::copy(home.path(from), &beside).unwrap();
        fs::rename(beside, home.path("pair").join(name)).unwrap();
    };
    put("portcullis.crt", "new/portcullis.crt");
    let deadline = Instant::now() + LIMIT;
    while !server.stderr().contains("the old one stays") {
        assert!(Instant::now() < deadline, "{}", server.stderr());
        thread::yield_now();
    }
    assert!(await_trust(&server, &old), "the old pair went with half of the new one");
    put("portcullis.key", "new/portcullis.key");
    assert!(await_trust(&server, &new), "{}", server.stderr());
    assert!(Client::over_http(trusting(&server, &old), Era::Modern).is_err());
    assert!(!server.stderr().contains("PRIVATE KEY"));
    drop(working);
}

/// Whoever connects and does not shake hands is closed after 10 s.
#[test]
fn a_handshake_that_does_not_come_is_not_waited_for() {
    let (home, pem, flags) = with_certificate("pair");
    let server = start(&home, &flags, &[]);
    let endpoint = Arc::new(trusting(&server, &pem));
    let began = Instant::now();
    let mut silent = connect(endpoint.address);
    silent.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    Client::over_http((*endpoint).clone(), Era::Modern).unwrap();
    assert_eq!(silent.read(&mut [0; 16]).unwrap_or(0), 0);
    assert!((9..16).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}
