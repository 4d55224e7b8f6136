//! Whether a request is meant for this server, and by which page it was sent. Pure: the names of one connection and a head
//! in, an answer out; what is answered to whom does not fit is for `check.rs`.

use super::check::only;
use axum::http::{HeaderMap, Uri, header};
use std::net::SocketAddr;

/// Names of this machine that no other machine can have.
const LOOPBACK_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// What does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// The Host header or the target names another server, or there is not exactly one.
    Host,
    /// The Origin header names a page of another server.
    Origin,
}

/// By which names one connection reaches this server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names<'server> {
    /// Of this server's own pages.
    pub(crate) scheme: &'server str,
    /// This end of the connection.
    pub(crate) local: SocketAddr,
    /// The same as a Host header names it.
    pub(crate) authority: &'server str,
    /// What clients may call this server beside its own addresses.
    pub(crate) public_hosts: &'server [String],
}

impl Names<'_> {
    /// Refuses foreign hosts and origins: a web page that points a name of its own at this address must get nothing.
    pub(crate) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Foreign> {
        let host_fits = match only(headers, &header::HOST) {
            Ok(Some(host)) => self.is_host(host),
            Ok(None) | Err(()) => false,
        };
        // A target in absolute form names a host of its own, which RFC 9112 (3.2.2) puts above the header.
        let target_fits = uri.authority().is_none_or(|authority| self.is_host(authority.as_str()));
        if !host_fits || !target_fits {
            return Err(Foreign::Host);
        }
        match only(headers, &header::ORIGIN) {
            Ok(None) => Ok(()),
            Ok(Some(origin)) if self.is_origin(origin) => Ok(()),
            Ok(Some(_)) | Err(()) => Err(Foreign::Origin),
        }
    }

    fn is_own(&self, value: &str) -> bool {
        let is_port = |port: &str| port.parse() == Ok(self.local.port()) && !port.starts_with(['0', '+']);
        let is_loopback = |name: &str| LOOPBACK_NAMES.iter().any(|known| known.eq_ignore_ascii_case(name));
        let named = self.local.ip().is_loopback();
        // The address that the connection came to is no name, so nobody else can point it here.
        value == self.authority
            || named && value.rsplit_once(':').is_some_and(|(name, port)| is_loopback(name) && is_port(port))
    }

    fn is_public(&self, value: &str) -> bool {
        self.public_hosts.iter().any(|host| host.eq_ignore_ascii_case(value))
    }

    fn is_host(&self, value: &str) -> bool {
        self.is_own(value) || self.is_public(value)
    }

    /// The public name is that of a page with TLS, which may end at a proxy.
    fn is_origin(&self, value: &str) -> bool {
        match value.split_once("://") {
            Some((scheme, host)) => {
                scheme == self.scheme && self.is_own(host) || scheme == "https" && self.is_public(host)
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderName;

    fn judge(local: &str, target: &str, lines: &[(HeaderName, &str)]) -> Result<(), Foreign> {
        let local: SocketAddr = local.parse().unwrap();
        let (authority, public_hosts) = (local.to_string(), ["desk.example.org".to_owned()]);
        let names = Names { scheme: "http", local, authority: &authority, public_hosts: &public_hosts };
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, value.parse().unwrap());
        }
        names.check(&target.parse().unwrap(), &headers)
    }

    /// The address that is listened on, a host, and whether it is this server.
    #[test]
    fn attack_no_host_but_this_servers_own_gets_through_in_header_or_target() {
        let near = "127.0.0.1:8080";
        for (local, host, is_own) in [
            (near, "127.0.0.1:8080", true),
            (near, "LocalHost:8080", true),
            (near, "[::1]:8080", true),
            (near, "desk.EXAMPLE.org", true),
            (near, "desk.example.org:8080", false),
            (near, "localhost", false),
            (near, "localhost:80", false),
            (near, "localhost:08080", false),
            (near, "localhost:+8080", false),
            (near, "localhost.evil.example:8080", false),
            (near, "evil.example:8080", false),
            (near, "127.0.0.2:8080", false),
            ("10.0.0.1:8080", "10.0.0.1:8080", true),
            ("10.0.0.1:8080", "localhost:8080", false),
        ] {
            let expected = if is_own { Ok(()) } else { Err(Foreign::Host) };
            assert_eq!(judge(local, "/mcp", &[(header::HOST, host)]), expected, "{local} {host}");
            // A port that is no number is no target at all.
            if let Ok(target) = format!("http://{host}/mcp").parse::<Uri>() {
                let own = (header::HOST, local);
                assert_eq!(judge(local, &target.to_string(), &[own]), expected, "{local} {target}");
            }
        }
        assert_eq!(judge(near, "/mcp", &[]), Err(Foreign::Host));
        assert_eq!(judge(near, "/mcp", &[(header::HOST, near), (header::HOST, near)]), Err(Foreign::Host));
    }

    #[test]
    fn attack_no_page_but_this_servers_own_gets_through() {
        let near = "127.0.0.1:8080";
        for (origin, is_own) in [
            ("http://127.0.0.1:8080", true),
            ("http://localhost:8080", true),
            ("https://localhost:8080", false),
            ("https://desk.example.org", true),
            ("http://desk.example.org", false),
            ("http://localhost", false),
            ("http://evil.example", false),
            ("null", false),
            ("localhost:8080", false),
        ] {
            let expected = if is_own { Ok(()) } else { Err(Foreign::Origin) };
            assert_eq!(judge(near, "/", &[(header::HOST, near), (header::ORIGIN, origin)]), expected, "{origin}");
        }
        let own = (header::ORIGIN, "http://localhost:8080");
        assert_eq!(judge(near, "/", &[(header::HOST, near), own.clone(), own]), Err(Foreign::Origin));
    }
}
