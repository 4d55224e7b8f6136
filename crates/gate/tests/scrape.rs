//! Scrape behind the gate, on the fake network with HTTP servers of the test process behind its addresses: what is told, and
//! who was connected to. winremote-mcp checks one look-up and connects by another; Windows-MCP has no cap.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod common;

use common::{at, open_gate};
use portcullis_gate::{Call, Gate};
use portcullis_model::{Cancel, Fault, Principal, Reply, Scope, Valued};
use portcullis_platform_fake::FakeDesktop;
use portcullis_policy::{Approval, HostRules, roots};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

const PUBLIC: &str = "93.184.216.34";

/// A server that answers each request as `answer` says by its path, and keeps the heads of all.
struct Site {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Site {
    fn serve(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, heads) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let kept = Arc::clone(&heads);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
                    head.push(byte[0]);
                }
                let head = String::from_utf8(head).unwrap();
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                kept.lock().unwrap().push(head);
                // Who has read enough goes away before all is sent.
                let _ = stream.write_all(&answer(&path));
            }
        });
        Self { address, heads }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn page(kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn redirect(location: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n").into_bytes()
}

/// A public site, known by these names.
fn desktop(site: &Site, names: &[&str]) -> FakeDesktop {
    let desktop = FakeDesktop::demo();
    for name in names {
        desktop.put_host(name, &[PUBLIC]);
    }
    for port in [80, 8080] {
        desktop.put_route(SocketAddr::new(PUBLIC.parse().unwrap(), port), site.address);
    }
    desktop
}

fn gate(desktop: &FakeDesktop, hosts: HostRules) -> Gate {
    open_gate(desktop, Approval::Never, |rules| rules.with_hosts(hosts))
}

fn scrape(gate: &Gate, principal: Principal, arguments: Value) -> Result<Value, Fault> {
    match gate.call(Call { principal, tool: "Scrape".to_owned(), arguments, cancel: Cancel::new() })? {
        Reply::Data(value) => Ok(value),
        other => panic!("{other:?}"),
    }
}

fn local(gate: &Gate, url: &str) -> Result<Value, Fault> {
    scrape(gate, Principal::local(), json!({ "url": url }))
}

#[test]
fn a_page_comes_as_markdown_and_its_redirects_are_told() {
    let site = Site::serve(|path| match path {
        "/" => redirect("/second?x=1"),
        "/second?x=1" => redirect("http://www.example.org:8080/page"),
        "/page" => page("text/html; charset=utf-8", "<h1>Zürich\u{202e}</h1><script>x</script><p>one".as_bytes()),
        "/data" => page("application/json", b"{\"a\": 1}"),
        _ => b"HTTP/1.1 404 Not Found\r\ncontent-type: text/plain\r\ncontent-length: 4\r\n\r\ngone".to_vec(),
    });
    let desktop = desktop(&site, &["example.org", "www.example.org"]);
    let gate = gate(&desktop, HostRules::default());
    let told = local(&gate, "http://example.org/").unwrap();
    assert_eq!(told["url"], "http://www.example.org:8080/page");
    assert_eq!(told["redirected_from"], json!(["http://example.org/", "http://example.org/second?x=1"]));
    let text = told["text"].as_str().unwrap();
    assert!(text.starts_with("# Zürich") && text.contains("one") && !text.contains("script"), "{text}");
    assert!(!text.contains('\u{202e}'), "{text}");
    assert_eq!(local(&gate, "http://example.org/data").unwrap()["text"], "{\"a\": 1}");
    let gone = local(&gate, "http://example.org/x").unwrap();
    assert_eq!((&gone["status"], &gone["text"], &gone["cut"]), (&json!(404), &json!("gone"), &json!(false)));
    // One look-up for each host of each call; the host as it is named, nothing of this machine.
    assert_eq!(desktop.lookups().len(), 5, "{:?}", desktop.lookups());
    let heads = site.heads();
    assert_eq!(heads.len(), 5);
    assert!(heads[2].to_lowercase().contains("host: www.example.org:8080\r\n"), "{}", heads[2]);
    for head in heads {
        let head = head.to_lowercase();
        assert!(!head.contains("cookie") && !head.contains("authorization") && !head.contains("referer"), "{head}");
    }
}

#[test]
fn attack_no_url_and_no_redirect_leads_to_what_no_rule_opens() {
    let inner = Site::serve(|_| page("text/plain", b"canary-31c9"));
    let targets = [
        ("http://127.0.0.1:PORT/", "nobody says `hosts.fetch`"),
        ("http://localhost:PORT/", "nobody says `hosts.fetch`"),
        ("http://[::1]:PORT/", "nobody says `hosts.fetch`"),
        ("http://[::ffff:127.0.0.1]:PORT/", "nobody says `hosts.fetch`"),
        ("http://[2002:7f00:1::]:PORT/", "nobody says `hosts.fetch`"),
        ("http://[64:ff9b::7f00:1]:PORT/", "nobody says `hosts.fetch`"),
        ("http://intranet.example:PORT/", "nobody says `hosts.fetch`"),
        ("http://both.example:PORT/", "nobody says `hosts.fetch`"),
        ("http://100.64.0.1:PORT/", "nobody says `hosts.fetch`"),
        ("http://169.254.169.254/latest/meta-data/", "such an address is refused to all"),
        ("http://[fd00:ec2::254]/", "such an address is refused to all"),
        ("http://metadata.example/", "such an address is refused to all"),
        ("http://0.0.0.0:PORT/", "such an address is refused to all"),
        ("http://kept.example/", "p.toml:4 names kept.example"),
        ("http://2130706433:PORT/", "an IPv4 address is four"),
        ("http://0x7f000001:PORT/", "an IPv4 address is four"),
        ("http://0177.0.0.1:PORT/", "an IPv4 address is four"),
        ("http://127.1:PORT/", "an IPv4 address is four"),
        ("http://me:pw@example.org/", "a host is written without user and password"),
        ("http://example.org@127.0.0.1:PORT/", "a host is written without user and password"),
        ("file:///c:/windows/win.ini", "a URL begins with http"),
        ("ftp://example.org/", "a URL begins with http"),
        ("gopher://127.0.0.1:PORT/_x", "a URL begins with http"),
    ]
    .map(|(url, rule)| (url.replace("PORT", &inner.address.port().to_string()), rule));
    for (url, rule) in targets {
        let location = url.clone();
        let site = Site::serve(move |_| redirect(&location));
        let desktop = desktop(&site, &["example.org"]);
        desktop.put_host("localhost", &["127.0.0.1", "::1"]);
        desktop.put_host("intranet.example", &["127.0.0.1"]);
        desktop.put_host("both.example", &[PUBLIC, "127.0.0.1"]);
        desktop.put_host("metadata.example", &["169.254.169.254"]);
        desktop.put_route(inner.address, inner.address);
        let deny = vec![Valued::new("kept.example".parse().unwrap(), at(4))];
        let gate = gate(&desktop, HostRules { deny, ..HostRules::default() });
        let first = local(&gate, &url).unwrap_err();
        assert!(first.rule.clone().unwrap_or_default().starts_with(rule), "{url}: {first:?}");
        assert_eq!(desktop.connected(), [], "{url}");
        let led = local(&gate, "http://example.org/start").unwrap_err();
        assert!(led.rule.clone().unwrap_or_default().starts_with(rule), "{url}: {led:?}");
        // Both URLs are told, and nobody but the first host was connected to.
        assert!(led.message.contains("http://example.org/start leads on to") && led.message.contains(&url), "{led:?}");
        assert_eq!(desktop.connected(), [SocketAddr::new(PUBLIC.parse().unwrap(), 80)], "{url}");
        assert!(!desktop.lookups().contains(&"kept.example".to_owned()));
    }
    assert_eq!(inner.heads(), Vec::<String>::new());
}

/// The name leads to this machine as soon as it was checked, at first and after a redirect.
#[test]
fn attack_rebinding_between_check_and_connection_changes_nothing() {
    let inner = Site::serve(|_| page("text/plain", b"canary-31c9"));
    let site = Site::serve(|path| match path {
        "/" => redirect("http://other.example/x"),
        _ => page("text/plain", b"outside"),
    });
    let desktop = desktop(&site, &["rebind.example", "other.example"]);
    for name in ["rebind.example", "other.example"] {
        desktop.put_host(name, &["127.0.0.1"]);
    }
    desktop.put_route(SocketAddr::new("127.0.0.1".parse().unwrap(), 80), inner.address);
    let told = local(&gate(&desktop, HostRules::default()), "http://rebind.example/").unwrap();
    assert_eq!(told["text"], "outside");
    assert_eq!(desktop.lookups(), ["rebind.example", "other.example"]);
    assert!(desktop.connected().iter().all(|address| address.ip().to_string() == PUBLIC));
    assert_eq!(inner.heads(), Vec::<String>::new());
}

#[test]
fn a_redirect_needs_a_rule_of_its_own() {
    let site =
        Site::serve(|path| if path == "/" { redirect("http://other.example/") } else { page("text/plain", b"x") });
    let desktop = desktop(&site, &["example.org", "other.example"]);
    let fetch = roots(["example.org".parse().unwrap()], &at(3));
    let gate = gate(&desktop, HostRules { fetch, ..HostRules::default() });
    let key = || Principal::key("k", Scope::ALL);
    assert!(scrape(&gate, key(), json!({ "url": "http://example.org/x" })).is_ok());
    let refused = scrape(&gate, key(), json!({ "url": "http://example.org/" })).unwrap_err();
    assert_eq!(refused.rule.as_deref(), Some("p.toml:3 leaves it out of `hosts.fetch`"));
    assert_eq!(desktop.lookups(), ["example.org", "example.org"]);
}

#[test]
fn what_is_too_much_is_cut_or_refused_and_said() {
    let loops = Site::serve(|path| {
        let number: usize = path.trim_start_matches('/').parse().unwrap_or(0);
        if number == 0 { page("text/plain", b"end") } else { redirect(&format!("/{}", number - 1)) }
    });
    let desktop = desktop(&loops, &["loops.example"]);
    let gate_of_loops = gate(&desktop, HostRules::default());
    assert_eq!(local(&gate_of_loops, "http://loops.example/5").unwrap()["text"], "end");
    let endless = local(&gate_of_loops, "http://loops.example/6").unwrap_err();
    assert_eq!(endless.rule.as_deref(), Some("at most 5 redirects are followed"));

    let site = Site::serve(|path| match path {
        "/large" => page("text/plain", &vec![b'x'; 3_000_000]),
        "/image" => page("image/png", b"x"),
        "/deep" => page("text/html", "<div>".repeat(5_000).as_bytes()),
        "/head" => format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(100_000)).into_bytes(),
        "/broken" => b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 9\r\n\r\nx".to_vec(),
        _ => b"SSH-2.0-x\r\n".to_vec(),
    });
    let desktop = self::desktop(&site, &["example.org"]);
    let gate = gate(&desktop, HostRules::default());
    let told = local(&gate, "http://example.org/large").unwrap();
    assert_eq!((told["text"].as_str().unwrap().len(), &told["cut"]), (50_000, &json!(true)));
    let told =
        scrape(&gate, Principal::local(), json!({ "url": "http://example.org/large", "max_chars": 100 })).unwrap();
    assert_eq!((told["text"].as_str().unwrap().len(), &told["cut"]), (100, &json!(true)));
    for (path, said) in [
        ("image", "unsupported: the page is of the type image/png"),
        ("deep", "too_large: the page's elements lie too deep"),
        ("head", "system_error: the page could not be fetched"),
        ("broken", "system_error: the page could not be fetched"),
        ("other", "system_error: the page could not be fetched"),
    ] {
        let fault = local(&gate, &format!("http://example.org/{path}")).unwrap_err();
        assert!(fault.to_string().starts_with(said), "{path}: {fault}");
    }
    let refused = local(&gate, "http://example.org:9/").unwrap_err();
    assert!(refused.to_string().contains("refuses the connection"), "{refused}");
}

#[test]
fn a_host_that_is_silent_ends_with_the_call() {
    // It takes the connection and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let desktop = FakeDesktop::demo();
    desktop.put_route(SocketAddr::new(PUBLIC.parse().unwrap(), 80), silent.local_addr().unwrap());
    let gate = gate(&desktop, HostRules::default());
    let cancel = Cancel::new();
    let withdrawn = cancel.clone();
    let came = std::thread::spawn(move || {
        let came = silent.accept().unwrap();
        withdrawn.cancel(portcullis_model::CancelReason::Client);
        came
    });
    let call = Call {
        principal: Principal::local(),
        tool: "Scrape".to_owned(),
        arguments: json!({ "url": format!("http://{PUBLIC}/") }),
        cancel,
    };
    let fault = gate.call(call).unwrap_err();
    assert!(fault.to_string().starts_with("cancelled"), "{fault}");
    drop(came.join().unwrap());
}
