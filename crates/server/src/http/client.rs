//! From whom a request comes: the socket's peer, or what a listed proxy says in the one header that the owner named; and
//! whether it may come from there. Pure: addresses and headers in, an answer out.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use portcullis_config::{Network, ProxySettings};
use std::net::IpAddr;

/// Why a proxy's word for its client is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unclear {
    /// The header is not there.
    Absent,
    /// It is there more than once, or with more than one address.
    Several,
    /// It is no address.
    NoAddress,
    /// Another header that proxies set says something else.
    Contradicted,
}

/// Headers in which proxies say it. One that was not named may still be set by the proxy while the named one is passed on
/// as the client wrote it; then the two differ.
const SPOKEN: [HeaderName; 3] = [
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("forwarded"),
];

/// The one address that a header's value is.
fn address(value: &HeaderValue) -> Option<IpAddr> {
    let address: IpAddr = value.to_str().ok()?.trim().parse().ok()?;
    Some(address.to_canonical())
}

/// Whom the server believes and whom it lets in.
pub(crate) struct Clients {
    allowlist: Option<Vec<Network>>,
    proxies: Option<(Vec<Network>, HeaderName)>,
}

impl Clients {
    /// Fails when the header's name is none that HTTP knows.
    pub(crate) fn new(allowlist: Option<Vec<Network>>, proxies: Option<ProxySettings>) -> Result<Self, String> {
        let named = |proxies: ProxySettings| match proxies.header.name().parse() {
            Ok(header) => Ok((proxies.networks, header)),
            Err(_) => Err(format!("{} is no name of a header", proxies.header.name())),
        };
        Ok(Self { allowlist, proxies: proxies.map(named).transpose()? })
    }

    /// Whether a peer is a listed proxy.
    pub(crate) fn is_proxy(&self, peer: IpAddr) -> bool {
        self.proxies.as_ref().is_some_and(|(networks, _)| networks.iter().any(|network| network.contains(peer)))
    }

    /// Whose request it is. From anybody but a listed proxy the header says nothing: whoever connects can write it. From a
    /// proxy it holds exactly one address; with more, the proxy passes on what its client wrote, and whichever is taken may
    /// be that client's invention.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Result<IpAddr, Unclear> {
        let peer = peer.to_canonical();
        let Some((_, header)) = self.proxies.as_ref().filter(|_| self.is_proxy(peer)) else { return Ok(peer) };
        let mut values = headers.get_all(header).iter();
        let value = values.next().ok_or(Unclear::Absent)?;
        if values.next().is_some() || value.as_bytes().contains(&b',') {
            return Err(Unclear::Several);
        }
        let client = address(value).ok_or(Unclear::NoAddress)?;
        let differs = |name: &HeaderName| headers.get_all(name).iter().any(|value| address(value) != Some(client));
        if SPOKEN.iter().any(differs) {
            return Err(Unclear::Contradicted);
        }
        Ok(client)
    }

    /// What a proxy's owner has to do, in words.
    pub(super) fn remedy(&self, why: &Unclear) -> String {
        let header = self.proxies.as_ref().map_or("", |(_, header)| header.as_str());
        let found = match why {
            Unclear::Absent => "is not there",
            Unclear::Several => "holds more than one address",
            Unclear::NoAddress => "holds no address",
            Unclear::Contradicted => "is contradicted by another one",
        };
        format!(
            "the proxy's header {header} {found}, so who asks is not clear. The proxy must set it anew to its client's \
             address, and send no other; in nginx: proxy_set_header {header} $remote_addr;"
        )
    }

    /// Whether a client may come from this address.
    pub(crate) fn may_come(&self, client: IpAddr) -> bool {
        self.allowlist.as_ref().is_none_or(|list| list.iter().any(|network| network.contains(client)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(list: &[&str]) -> Vec<Network> {
        list.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn proxied() -> Clients {
        let header = "X-Forwarded-For".parse().unwrap();
        let proxies = ProxySettings { networks: networks(&["10.0.0.0/8", "::1"]), header };
        Clients::new(None, Some(proxies)).unwrap()
    }

    fn client(clients: &Clients, peer: &str, lines: &[(&'static str, &str)]) -> Result<String, Unclear> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        clients.client(peer.parse().unwrap(), &headers).map(|address| address.to_string())
    }

    #[test]
    fn a_proxys_word_is_taken_when_it_is_one_address_and_nobody_elses_ever() {
        let (with, without) = (proxied(), Clients::new(None, None).unwrap());
        let forwarded = "x-forwarded-for";
        for (peer, lines, wanted) in [
            ("10.0.0.1", [(forwarded, "192.0.2.7")].as_slice(), Ok("192.0.2.7")),
            ("::ffff:10.0.0.1", &[(forwarded, " ::ffff:192.0.2.7 ")], Ok("192.0.2.7")),
            ("::1", &[(forwarded, "2001:db8::1")], Ok("2001:db8::1")),
            ("10.0.0.1", &[], Err(Unclear::Absent)),
            ("10.0.0.1", &[("x-real-ip", "192.0.2.7")], Err(Unclear::Absent)),
            ("10.0.0.1", &[(forwarded, "127.0.0.1, 192.0.2.7")], Err(Unclear::Several)),
            ("10.0.0.1", &[(forwarded, "192.0.2.7,")], Err(Unclear::Several)),
            ("10.0.0.1", &[(forwarded, "127.0.0.1"), (forwarded, "192.0.2.7")], Err(Unclear::Several)),
            ("10.0.0.1", &[(forwarded, "192.0.2.7:80")], Err(Unclear::NoAddress)),
            ("10.0.0.1", &[(forwarded, "unknown")], Err(Unclear::NoAddress)),
            ("10.0.0.1", &[(forwarded, "")], Err(Unclear::NoAddress)),
            ("10.0.0.1", &[(forwarded, "\u{ff}")], Err(Unclear::NoAddress)),
            ("10.0.0.1", &[(forwarded, "192.0.2.7"), ("x-real-ip", "198.51.100.9")], Err(Unclear::Contradicted)),
            ("10.0.0.1", &[(forwarded, "192.0.2.7"), ("forwarded", "for=192.0.2.7")], Err(Unclear::Contradicted)),
            ("10.0.0.1", &[(forwarded, "192.0.2.7"), ("x-real-ip", "::ffff:192.0.2.7")], Ok("192.0.2.7")),
            ("192.0.2.1", &[(forwarded, "127.0.0.1")], Ok("192.0.2.1")),
            ("127.0.0.1", &[(forwarded, "10.0.0.1"), (forwarded, "x")], Ok("127.0.0.1")),
        ] {
            assert_eq!(client(&with, peer, lines), wanted.map(str::to_owned), "{peer} {lines:?}");
            let own = peer.parse::<IpAddr>().unwrap().to_canonical().to_string();
            assert_eq!(client(&without, peer, lines), Ok(own), "{peer} {lines:?}");
        }
    }

    #[test]
    fn only_listed_addresses_may_come() {
        let listed = Clients::new(Some(networks(&["10.0.0.0/8", "::1"])), None).unwrap();
        for (address, may) in
            [("10.1.1.1", true), ("::ffff:10.1.1.1", true), ("::1", true), ("127.0.0.1", false), ("11.0.0.1", false)]
        {
            assert_eq!(listed.may_come(address.parse().unwrap()), may, "{address}");
        }
        assert!(Clients::new(None, None).unwrap().may_come("11.0.0.1".parse().unwrap()));
    }
}
