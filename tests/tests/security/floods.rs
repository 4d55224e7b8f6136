//! Too much of everything: bytes, depth, requests, connections, time. winremote-mcp and Windows-MCP have no cap on any of it
//! (their HTTP servers' defaults apply); the SDK under this server caps a body and nothing else. Throughout each flood an
//! honest client must be served, and the server's memory must stay what it was.

use crate::raw::{LIMIT, connect, exchange, status};
use portcullis_testkit::client::{Client, Era, HttpEndpoint};
use portcullis_testkit::fake_home::FakeHome;
use portcullis_testkit::server::{Server, Transport};
use rustix::process::{Pid, Resource, Signal, getrlimit, kill_process, setrlimit};
use serde_json::json;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What an honest call may take in the middle of a flood, on a small machine with a server that is not optimised.
const HONEST: Duration = Duration::from_secs(5);
/// What a flood may add to the server's memory, in kB: every connection's buffers, and one large body.
const MEMORY_KB: u64 = 120_000;

fn served() -> (FakeHome, Server) {
    let home = FakeHome::new().unwrap();
    // The honest client asks as often as it can, which is what is measured.
    let server = home.start(Transport::Http, &["--call-rate", "1000000000"]).unwrap();
    (home, server)
}

fn memory_kb(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.started_process())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}

fn open_files(server: &Server) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", server.started_process())).unwrap().count()
}

/// An honest call on a connection of its own, and what it took.
fn honest(endpoint: &HttpEndpoint) -> Duration {
    let began = Instant::now();
    let client = Client::over_http(endpoint.clone(), Era::Modern).unwrap();
    client.call("GetRunningTasks", json!({})).unwrap().ok().unwrap();
    began.elapsed()
}

fn post_head(endpoint: &HttpEndpoint, more: &str) -> String {
    let mut head = format!("POST {} HTTP/1.1\r\n", endpoint.path);
    for (name, value) in endpoint.usual_headers() {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    format!("{head}MCP-Protocol-Version: 2025-11-25\r\n{more}\r\n")
}

#[test]
fn an_argument_of_100_mb_is_refused_before_it_is_held() {
    let (_home, server) = served();
    let endpoint = server.endpoint().unwrap();
    honest(endpoint);
    let before = memory_kb(&server);
    let part = vec![b'x'; 1 << 20];
    for chunked in [false, true] {
        let mut stream = connect(endpoint.address);
        let length = if chunked {
            "Transfer-Encoding: chunked\r\n".to_owned()
        } else {
            "Content-Length: 104857600\r\n".to_owned()
        };
        stream.write_all(post_head(endpoint, &length).as_bytes()).unwrap();
        let begin = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"Type\",\"arguments\":{\"text\":\"";
        let mut send = |bytes: &[u8]| {
            if chunked {
                write!(stream, "{:x}\r\n", bytes.len())
                    .and_then(|()| stream.write_all(bytes))
                    .and_then(|()| stream.write_all(b"\r\n"))
            } else {
                stream.write_all(bytes)
            }
        };
        let all = send(begin.as_bytes()).and_then(|()| (0..100).try_for_each(|_| send(&part)));
        assert!(all.is_err(), "the server took 100 MB");
        let mut answer = [0; 12];
        // What was sent after the refusal may have taken the answer with it.
        if stream.read_exact(&mut answer).is_ok() {
            assert_eq!(&answer, b"HTTP/1.1 413");
        }
        honest(endpoint);
    }
    assert!(memory_kb(&server) < before + MEMORY_KB, "{before} kB became {} kB", memory_kb(&server));
}

#[test]
fn json_10000_deep_is_refused_and_the_server_goes_on() {
    let (_home, server) = served();
    let endpoint = server.endpoint().unwrap();
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        let call = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{{\"name\":\"Wait\",\"arguments\":{{\"x\":{deep}}}}}}}"
        );
        for body in [deep, call] {
            let more = format!("Connection: close\r\nContent-Length: {}\r\n", body.len());
            let answer = exchange(endpoint.address, format!("{}{body}", post_head(endpoint, &more)).as_bytes());
            assert_eq!(status(&answer), 400, "{answer}");
        }
    }
    honest(endpoint);
}

#[test]
fn heads_are_capped_in_lines_and_bytes() {
    let (_home, server) = served();
    let endpoint = server.endpoint().unwrap();
    let host = format!("Host: {}\r\n", endpoint.address);
    let get = |target: &str, more: &str| {
        let head = format!("GET {target} HTTP/1.1\r\n{host}Connection: close\r\n{more}\r\n");
        status(&exchange(endpoint.address, head.as_bytes()))
    };
    let lines = |count: usize| (0..count).map(|number| format!("X-{number}: 1\r\n")).collect::<String>();
    // At the cap of 64 headers and one over it, Host and Connection among them.
    assert_eq!(get("/health", &lines(62)), 200);
    assert_eq!(get("/health", &lines(63)), 431);
    assert_eq!(get("/health", &format!("X: {}\r\n", "x".repeat(30_000))), 200);
    assert_eq!(get("/health", &format!("X: {}\r\n", "x".repeat(40_000))), 431);
    assert!(matches!(get(&format!("/{}", "x".repeat(100_000)), ""), 414 | 431));
    honest(endpoint);
}

/// 1,000,000 are sent, or as many as ten seconds allow: a key-less flood, pipelined on several connections.
#[test]
fn a_million_short_requests_do_not_keep_an_honest_client_out() {
    let (_home, server) = served();
    let endpoint = server.endpoint().unwrap();
    honest(endpoint);
    let before = memory_kb(&server);
    let (sent, over) = (AtomicU64::new(0), AtomicBool::new(false));
    let deadline = Instant::now() + Duration::from_secs(10);
    let request = format!("GET /mcp HTTP/1.1\r\nHost: {}\r\n\r\n", endpoint.address);
    let batch = request.repeat(64);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut stream = connect(endpoint.address);
                let mut answers = vec![0; 1 << 16];
                while sent.load(Ordering::Relaxed) < 1_000_000 && Instant::now() < deadline {
                    let went = stream.write_all(batch.as_bytes()).and_then(|()| stream.read(&mut answers));
                    if matches!(went, Ok(0) | Err(_)) {
                        stream = connect(endpoint.address);
                        continue;
                    }
                    sent.fetch_add(64, Ordering::Relaxed);
                }
                over.store(true, Ordering::Relaxed);
            });
        }
        let mut worst = Duration::ZERO;
        while !over.load(Ordering::Relaxed) {
            worst = worst.max(honest(endpoint));
        }
        assert!(worst < HONEST, "an honest call took {worst:?}");
    });
    assert!(sent.load(Ordering::Relaxed) > 10_000, "the flood was none");
    assert!(memory_kb(&server) < before + MEMORY_KB, "{before} kB became {} kB", memory_kb(&server));
}

/// As many as this process may open, which it asks to be more than the 5,000.
#[test]
fn five_thousand_idle_connections_leave_room_for_an_honest_one() {
    const COUNT: usize = 5_000;
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum.map_or(Some(20_000), |most| Some(most.min(20_000)));
    setrlimit(Resource::Nofile, limit).unwrap();
    let (_home, server) = served();
    let endpoint = server.endpoint().unwrap();
    let working = Client::over_http(endpoint.clone(), Era::Legacy).unwrap();
    let long = working.start_call("Wait", json!({ "seconds": 4 })).unwrap();
    let before = memory_kb(&server);
    let began = Instant::now();
    let mut idle = Vec::with_capacity(COUNT);
    for number in 0..COUNT {
        let mut stream = connect(endpoint.address);
        // Every other one begins a request, so that it is not mere silence that makes room.
        if number % 2 == 0 {
            stream.write_all(b"GET /health HTTP/1.1\r\nHo").ok();
        }
        idle.push(stream);
        if number % 1_000 == 0 {
            assert!(honest(endpoint) < HONEST);
        }
    }
    assert!(honest(endpoint) < HONEST);
    assert!(open_files(&server) < 600, "{} files are open", open_files(&server));
    assert!(memory_kb(&server) < before + MEMORY_KB, "{before} kB became {} kB", memory_kb(&server));
    let left = LIMIT.saturating_sub(began.elapsed()).max(Duration::from_secs(5));
    working.wait_call(long, left).unwrap().ok().unwrap();
}

/// Who holds a connection open does not hold the server.
#[test]
fn an_end_does_not_wait_for_idle_connections() {
    let (_home, mut server) = served();
    let endpoint = server.endpoint().unwrap().clone();
    let session = Client::over_http(endpoint.clone(), Era::Legacy).unwrap();
    let mut idle: Vec<TcpStream> = (0..10).map(|_| connect(endpoint.address)).collect();
    for stream in idle.iter_mut().step_by(2) {
        stream.write_all(b"GET /health HTTP/1.1\r\nHo").unwrap();
    }
    let long = session.start_call("Wait", json!({ "seconds": 60 })).unwrap();
    honest(&endpoint);
    let process = Pid::from_raw(server.started_process().cast_signed()).unwrap();
    let began = Instant::now();
    kill_process(process, Signal::TERM).unwrap();
    assert!(server.await_end().unwrap().success());
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    drop(long);
}

/// Bytes that come slowly: nothing at all, a head, a body. All are closed when their time is over, 20 s, none before.
#[test]
fn slow_senders_are_closed_when_their_time_is_over() {
    let (_home, server) = served();
    let endpoint = server.endpoint().unwrap();
    let body = post_head(endpoint, "Content-Length: 1000\r\n");
    let cases = [
        ("nothing", String::new(), None, 0),
        ("a head", format!("GET /health HTTP/1.1\r\nHost: {}\r\n", endpoint.address), Some("X"), 0),
        ("a body", body, Some(" "), 408),
    ];
    let began = Instant::now();
    thread::scope(|scope| {
        for (what, first, drip, wanted) in &cases {
            scope.spawn(move || {
                let mut stream = connect(endpoint.address);
                stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
                stream.write_all(first.as_bytes()).unwrap();
                let answer = drip_until_closed(&mut stream, *drip, began);
                let took = began.elapsed();
                assert!((18..28).contains(&took.as_secs()), "{what}: closed after {took:?}: {answer}");
                assert_eq!(status(&answer), *wanted, "{what}: {answer}");
            });
        }
        assert!(honest(endpoint) < HONEST);
    });
    assert!(honest(endpoint) < HONEST);
}

/// Sends a little again and again, until the server closes; what it said.
fn drip_until_closed(stream: &mut TcpStream, drip: Option<&str>, began: Instant) -> String {
    let (mut said, mut part) = (Vec::new(), [0; 1024]);
    while began.elapsed() < Duration::from_secs(40) {
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(count) => said.extend_from_slice(&part[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                // A failure to write is seen as an end by the next read.
                drip.map(|drip| stream.write_all(drip.as_bytes()).ok());
            }
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&said).into_owned()
}
