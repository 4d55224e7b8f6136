//! From where a client comes. winremote-mcp's IP allowlist believes X-Forwarded-For from loopback, and behind the nginx sample
//! of its manual, which appends to the header that a client sent, whatever the client writes. Here a header counts from a
//! listed proxy alone, by the one name that the owner gave, and only when it holds one address.

use crate::raw::{get, status};
use portcullis_testkit::fake_home::FakeHome;
use portcullis_testkit::server::{Server, Transport};

fn start(home: &FakeHome, flags: &[&str]) -> Server {
    home.start(Transport::Http, flags).unwrap()
}

/// The status for a request with a good key and these lines: 404, there being nothing, for whom it lets in.
fn asks(server: &Server, lines: &[&str]) -> (u16, String) {
    let endpoint = server.endpoint().unwrap();
    let (host, key) = (format!("Host: {}", endpoint.address), endpoint.key.as_ref().unwrap());
    let key = format!("Authorization: Bearer {key}");
    let mut all = vec![host.as_str(), key.as_str()];
    all.extend_from_slice(lines);
    let answer = get(endpoint.address, "/nothing", &all);
    (status(&answer), answer)
}

const NAMES: [&str; 6] =
    ["X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP"];

#[test]
fn forwarded_headers_from_anybody_say_nothing() {
    let home = FakeHome::new().unwrap();
    let outside = start(&home, &["--ip-allowlist", "192.0.2.0/24"]);
    for name in NAMES {
        let line = format!("{name}: {}192.0.2.7", if name == "Forwarded" { "for=" } else { "" });
        assert_eq!(asks(&outside, &[&line]).0, 403, "{name} opened the allowlist");
    }
    let endpoint = outside.endpoint().unwrap();
    let host = format!("Host: {}", endpoint.address);
    assert_eq!(status(&get(endpoint.address, "/health", &[&host])), 200, "/health is for everybody");
    assert_eq!(status(&get(endpoint.address, "/health", &["Host: rebind.example"])), 403, "but not by every name");
    let home = FakeHome::new().unwrap();
    let inside = start(&home, &["--ip-allowlist", "127.0.0.0/8"]);
    for name in NAMES {
        assert_eq!(asks(&inside, &[&format!("{name}: 192.0.2.7")]).0, 404, "{name} shut the allowlist");
    }
}

/// There is a proxy, and this client is not it.
#[test]
fn a_forwarded_header_past_the_proxy_says_nothing() {
    let home = FakeHome::new().unwrap();
    let proxy = ["--trusted-proxies", "192.0.2.1", "--forwarded-header", "X-Forwarded-For"];
    let server = start(&home, &[&proxy[..], &["--ip-allowlist", "192.0.2.0/24"]].concat());
    for lines in [[].as_slice(), &["X-Forwarded-For: 192.0.2.7"], &["X-Forwarded-For: 192.0.2.1"]] {
        assert_eq!(asks(&server, lines).0, 403, "{lines:?}");
    }
}

#[test]
fn a_proxy_that_appends_to_what_its_client_sent_is_refused_with_the_remedy() {
    let home = FakeHome::new().unwrap();
    let flags =
        ["--trusted-proxies", "127.0.0.1", "--forwarded-header", "X-Forwarded-For", "--ip-allowlist", "192.0.2.0/24"];
    let server = start(&home, &flags);
    assert_eq!(asks(&server, &["X-Forwarded-For: 192.0.2.7"]).0, 404);
    assert_eq!(asks(&server, &["X-Forwarded-For: 198.51.100.9"]).0, 403);
    for lines in [
        ["X-Forwarded-For: 192.0.2.7, 198.51.100.9"].as_slice(),
        &["X-Forwarded-For: 198.51.100.9, 192.0.2.7"],
        &["X-Forwarded-For: 192.0.2.7", "X-Forwarded-For: 198.51.100.9"],
        &["X-Forwarded-For: unknown"],
        &["X-Real-IP: 192.0.2.7"],
        &[],
    ] {
        let (found, answer) = asks(&server, lines);
        assert_eq!(found, 400, "{lines:?}: {answer}");
        assert!(answer.contains("proxy_set_header x-forwarded-for $remote_addr;"), "{answer}");
    }
}

/// The address of an IPv4 client is written in an IPv6 one where a socket serves both.
#[test]
fn a_mapped_address_is_the_address_it_maps() {
    let home = FakeHome::new().unwrap();
    for (list, lets_in) in [
        ("127.0.0.1", true),
        ("::ffff:127.0.0.1", true),
        ("::ffff:127.0.0.0/104", true),
        ("::1", false),
        ("::/0", false),
    ] {
        for host in ["127.0.0.1", "::ffff:127.0.0.1"] {
            let server = start(&home, &["--host", host, "--ip-allowlist", list]);
            let mut endpoint = server.endpoint().unwrap().clone();
            endpoint.address = ([127, 0, 0, 1], endpoint.address.port()).into();
            let (name, key) = (format!("Host: {}", endpoint.address), endpoint.key.as_ref().unwrap());
            let answer = get(endpoint.address, "/nothing", &[&name, &format!("Authorization: Bearer {key}")]);
            assert_eq!(status(&answer), if lets_in { 404 } else { 403 }, "{list} on {host}: {answer}");
        }
    }
}

#[test]
fn a_later_place_lists_no_more_addresses() {
    let home = FakeHome::new().unwrap();
    home.write_ceiling("[http]\nip_allowlist = [\"10.0.0.0/8\"]\n").unwrap();
    let said = home.refusal(&["--ip-allowlist", "10.1.0.0/16,192.0.2.1"]).unwrap();
    assert!(said.contains("192.0.2.1") && said.contains("machine/portcullis.toml:3"), "{said}");
    assert!(home.refusal(&["--trusted-proxies", "10.0.0.1"]).unwrap().contains("forwarded_header"));
    assert!(home.refusal(&["--ip-allowlist", "10.0.0.1/8"]).unwrap().contains("10.0.0.0/8"));
}

#[test]
fn the_public_name_is_the_only_other_one() {
    let home = FakeHome::new().unwrap();
    let server = start(&home, &["--public-host", "desk.example.org"]);
    let endpoint = server.endpoint().unwrap();
    let own = format!("Host: {}", endpoint.address);
    for (lines, wanted) in [
        (["Host: desk.example.org", "X: 1"], 200),
        (["Host: Desk.Example.org:443", "X: 1"], 200),
        (["Host: desk.example.org:8443", "X: 1"], 403),
        (["Host: desk.example.org.", "X: 1"], 403),
        (["Host: x.desk.example.org", "X: 1"], 403),
        (["Host: desk.example.org", "Origin: https://desk.example.org"], 200),
        (["Host: desk.example.org", "Origin: http://desk.example.org"], 403),
        (["Host: desk.example.org", "Origin: null"], 403),
        ([own.as_str(), "Origin: https://desk.example.org"], 200),
    ] {
        assert_eq!(status(&get(endpoint.address, "/health", &lines)), wanted, "{lines:?}");
    }
}
