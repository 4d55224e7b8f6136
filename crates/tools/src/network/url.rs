//! The URL of a page, as a type whose constructor is the check: http or https, a host in its one form, no user and no password.
//! Paths are for the library to read; host and port are read here, strictly, before it sees them.

use portcullis_model::{BadHost, Host};
use std::fmt;
use url::Url;

/// Bytes of a URL.
const URL_CAP: usize = 2_048;

/// An http or https URL, without the part after `#`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WebUrl {
    url: Url,
    host: Host,
    port: u16,
}

/// Why a text is no such URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadUrl {
    #[error("a URL has at most 2048 bytes")]
    Length,
    #[error("a URL begins with http:// or https://")]
    Scheme,
    #[error("a URL holds no spaces, line ends and backslashes")]
    Characters,
    #[error("a port is a number from 1 to 65535")]
    Port,
    #[error("{0}; {remedy}", remedy = .0.remedy())]
    Host(#[from] BadHost),
    #[error("it is no URL")]
    Malformed,
    #[error("a page over https leads on only to https")]
    Downgrade,
}

impl WebUrl {
    /// Reads a URL.
    pub(super) fn parse(text: &str) -> Result<Self, BadUrl> {
        if text.len() > URL_CAP {
            return Err(BadUrl::Length);
        }
        if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(BadUrl::Characters);
        }
        let (scheme, rest) = text.split_once("://").ok_or(BadUrl::Scheme)?;
        let default = match scheme.to_ascii_lowercase().as_str() {
            "http" => 80,
            "https" => 443,
            _ => return Err(BadUrl::Scheme),
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(BadHost::Credentials.into());
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        // An IPv6 address stands in brackets here, so that its end is not taken for a port.
        if host.contains(':') && !host.starts_with('[') {
            return Err(BadHost::Colons.into());
        }
        let host = Host::parse(host)?;
        let port = match port {
            None => default,
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                port.parse().ok().filter(|port| *port > 0).ok_or(BadUrl::Port)?
            }
            Some(_) => return Err(BadUrl::Port),
        };
        let mut url = Url::parse(text).map_err(|_| BadUrl::Malformed)?;
        url.set_fragment(None);
        url.set_host(Some(&host.in_url())).map_err(|_| BadUrl::Malformed)?;
        // The library must mean what was read here, or nobody knows what would be connected to.
        let is_same = url.port_or_known_default() == Some(port) && url.host_str() == Some(host.in_url().as_str());
        if !is_same || !url.username().is_empty() || url.password().is_some() {
            return Err(BadUrl::Malformed);
        }
        Ok(Self { url, host, port })
    }

    /// Where a page leads on to.
    pub(super) fn join(&self, location: &str) -> Result<Self, BadUrl> {
        let is_whole = location.split(['/', '?', '#']).next().is_some_and(|first| first.ends_with(':'));
        let next = if is_whole {
            Self::parse(location)?
        } else if location.starts_with("//") {
            Self::parse(&format!("{}:{location}", self.url.scheme()))?
        } else if location.contains('\\') {
            return Err(BadUrl::Characters);
        } else {
            Self::parse(self.url.join(location).map_err(|_| BadUrl::Malformed)?.as_str())?
        };
        if self.is_https() && !next.is_https() {
            return Err(BadUrl::Downgrade);
        }
        Ok(next)
    }

    pub(super) fn host(&self) -> &Host {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    pub(super) fn as_str(&self) -> &str {
        self.url.as_str()
    }
}

impl fmt::Display for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(found: Result<WebUrl, BadUrl>) -> String {
        found.map_or_else(|bad| bad.to_string(), |url| format!("{url} {} {}", url.host(), url.port()))
    }

    #[test]
    fn a_url_has_one_host_and_port_or_is_refused() {
        for (text, is) in [
            ("https://Example.org", "https://example.org/ example.org 443"),
            ("HTTP://example.org.:8080/a?b#c", "http://example.org:8080/a?b example.org 8080"),
            ("http://[::1]:9/x", "http://[::1]:9/x ::1 9"),
            ("http://[::ffff:127.0.0.1]/", "http://127.0.0.1/ 127.0.0.1 80"),
            ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC xn--bcher-kva.example 443"),
            ("http://example.org?x@y", "http://example.org/?x@y example.org 80"),
            ("http://127.0.0.1/../x", "http://127.0.0.1/x 127.0.0.1 80"),
        ] {
            assert_eq!(told(WebUrl::parse(text)), is, "{text}");
        }
        for text in [
            "",
            "example.org",
            "ftp://example.org",
            "file:///c:/x",
            "javascript:alert(1)",
            "http:/example.org",
            "http:example.org",
            "http://",
            "http:///x",
            "http://me@example.org",
            "http://me:pw@example.org",
            "http://example.org@127.0.0.1",
            "http://example.org\\@127.0.0.1/",
            "http://example.org:0/",
            "http://example.org:/",
            "http://example.org:99999",
            "http://example.org:+80",
            "http://::1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://127.0.0.1./",
            "http://１２７.0.0.1/",
            "http://127%2e0.0.1/",
            "http://exa mple.org",
            " http://example.org",
            "http://example.org/\n",
            "http://*.example.org",
        ] {
            assert!(WebUrl::parse(text).is_err(), "{text}: {}", told(WebUrl::parse(text)));
        }
    }

    #[test]
    fn where_a_page_leads_is_read_as_strictly() {
        let (page, secure) =
            ["http://example.org/a/b?c", "https://example.org/a"].map(|text| WebUrl::parse(text).unwrap()).into();
        for (location, is) in [
            ("x", "http://example.org/a/x example.org 80"),
            ("/x", "http://example.org/x example.org 80"),
            ("?x", "http://example.org/a/b?x example.org 80"),
            ("//other.example/x", "http://other.example/x other.example 80"),
            ("https://other.example", "https://other.example/ other.example 443"),
            ("x?y=http://z", "http://example.org/a/x?y=http://z example.org 80"),
        ] {
            assert_eq!(told(page.join(location)), is, "{location}");
        }
        for location in [
            "//2130706433/",
            "http://0x7f.1/",
            "file:///c:/x",
            "javascript:1",
            "data:text/html,x",
            "\\\\other\\x",
            "/\\other",
            "//me@other.example",
        ] {
            assert!(page.join(location).is_err(), "{location}: {}", told(page.join(location)));
        }
        assert_eq!(secure.join("http://example.org/"), Err(BadUrl::Downgrade));
    }
}
