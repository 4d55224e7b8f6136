//! The head of a request, before a key is looked at: no host, target or page but this server's own gets through, and only a
//! listed proxy says for whom it asks. The first line is the peer's place in a list, the second the target, the rest are
//! headers.
#![no_main]

use http::header::{AUTHORIZATION, HOST, ORIGIN};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use portcullis_config::{HttpSettings, ProxySettings};
use portcullis_model::{Origin, Valued};
use portcullis_server::fuzz::{Listener, only_value};
use std::net::IpAddr;
use std::sync::LazyLock;

/// Two proxies, one of them in its mapped form, what is near one of them, this machine, and strangers.
const PEERS: [&str; 6] = ["10.1.2.3", "::ffff:10.9.9.9", "11.0.0.1", "127.0.0.1", "::1", "192.0.2.1"];
/// All that this server may be called, and nothing else.
const HOSTS: [&str; 5] = ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "desk.example.org", "desk.example.org:443"];
const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");
const SPOKEN: [&str; 3] = ["x-forwarded-for", "x-real-ip", "forwarded"];

static LISTENER: LazyLock<Listener> = LazyLock::new(|| {
    let networks = |list: &[&str]| list.iter().map(|text| text.parse().expect("a network")).collect();
    let proxies =
        ProxySettings { networks: networks(&["10.0.0.0/8"]), header: "X-Forwarded-For".parse().expect("a header") };
    Listener::new(HttpSettings {
        address: Valued::new("127.0.0.1:8080".parse().expect("an address"), Origin::Default),
        tls: None,
        certificates: None,
        oauth: None,
        allowlist: Some(networks(&["127.0.0.0/8", "::1", "192.0.2.0/24", "11.0.0.0/8"])),
        proxies: Some(proxies),
        public_host: Some("desk.example.org".parse().expect("a host")),
        rate: 60,
    })
    .expect("these settings are in order")
});

fn is_host(text: &str) -> bool {
    HOSTS.iter().any(|own| own.eq_ignore_ascii_case(text))
}

/// Its own addresses have pages without TLS, its public name with it alone.
fn is_page(text: &str) -> bool {
    let (scheme, host) = text.split_once("://").unwrap_or_default();
    let is_public = host.to_ascii_lowercase().starts_with("desk.example.org");
    is_host(host) && scheme == if is_public { "https" } else { "http" }
}

/// The values of a header, each as text where it is that.
fn values<'headers>(headers: &'headers HeaderMap, name: &HeaderName) -> Vec<Option<&'headers str>> {
    headers.get_all(name).iter().map(|value| value.to_str().ok()).collect()
}

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let mut lines = text.split(|byte| *byte == b'\n');
    let place = usize::from(*lines.next().and_then(|line| line.first()).unwrap_or(&0));
    let peer: IpAddr = PEERS[place % PEERS.len()].parse().expect("an address");
    let Ok(uri) = Uri::try_from(lines.next().unwrap_or_default()) else { return };
    let mut headers = HeaderMap::new();
    for line in lines.take(64) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..colon]);
        // What reads requests takes white space from around a value, as here.
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    let Some(taken) = LISTENER.take(peer, &uri, &headers) else { return };

    // Exactly one host, this server's own; the same of a target with one, and of a page.
    assert!(matches!(values(&headers, &HOST)[..], [Some(host)] if is_host(host)), "{headers:?}");
    assert!(uri.authority().is_none_or(|authority| is_host(authority.as_str())), "{uri}");
    match values(&headers, &ORIGIN)[..] {
        [] => {}
        [Some(page)] => assert!(is_page(page), "{page}"),
        _ => panic!("{headers:?}"),
    }
    // Another host beside it shuts what was open.
    let mut rebound = headers.clone();
    rebound.append(HOST, HeaderValue::from_static("evil.example"));
    assert_eq!(LISTENER.take(peer, &uri, &rebound), None);

    let peer = peer.to_canonical();
    let is_proxy = matches!(peer, IpAddr::V4(v4) if v4.octets()[0] == 10);
    if is_proxy {
        // It said one address, and no other header says another.
        let said = values(&headers, &FORWARDED);
        let [Some(one)] = said[..] else { panic!("{said:?}") };
        let address: IpAddr = one.trim().parse().expect("a client's address");
        assert_eq!(address.to_canonical(), taken.client);
        for name in SPOKEN.map(HeaderName::from_static) {
            for other in values(&headers, &name) {
                let other: IpAddr = other.expect("text").trim().parse().expect("an address");
                assert_eq!(other.to_canonical(), taken.client, "{name}");
            }
        }
    } else {
        assert_eq!(taken.client, peer, "nobody but a proxy says who asks");
        // Whatever it says of that, nothing changes.
        let mut louder = headers.clone();
        louder.append(FORWARDED, HeaderValue::from_static("127.0.0.1"));
        assert_eq!(LISTENER.take(peer, &uri, &louder).as_ref(), Some(&taken));
    }
    let may_come = match taken.client {
        IpAddr::V4(v4) => v4.octets()[0] == 127 || v4.octets()[0] == 11 || v4.octets()[..3] == [192, 0, 2],
        IpAddr::V6(v6) => v6.is_loopback(),
    };
    assert!(may_come, "{}", taken.client);

    let shown = values(&headers, &AUTHORIZATION);
    match &taken.bearer {
        None => assert!(shown.len() < 2, "{shown:?}"),
        Some(bearer) => {
            let [Some(one)] = shown[..] else { panic!("{shown:?}") };
            assert!(one.len() > "bearer".len() && one[.."bearer".len()].eq_ignore_ascii_case("bearer"));
            assert_eq!(one["bearer".len()..].trim(), bearer);
        }
    }
    for name in headers.keys() {
        // A header that stands twice has no value: neither a session nor a version is picked from several.
        let all = values(&headers, name);
        assert_eq!(only_value(&headers, name), if let [one] = all[..] { one } else { None }, "{name}");
    }
});
