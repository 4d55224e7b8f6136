//! The URL of a service that the owner trusts, as a type whose constructor is the check: https, or http on this machine,
//! without credentials, query and fragment. Nothing is resolved and nobody is asked here.

use crate::network::PublicHost;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

/// Bytes of a URL.
const URL_CAP: usize = 1_024;
/// The ports that are left out.
const HTTPS_PORT: u16 = 443;
const HTTP_PORT: u16 = 80;

/// An https URL, or an http one whose host is this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceUrl {
    text: String,
    is_https: bool,
    host: PublicHost,
    /// Where the path begins in the text.
    path: usize,
}

impl ServiceUrl {
    /// As it was written: what is compared with what others name.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is reached over TLS.
    pub fn is_https(&self) -> bool {
        self.is_https
    }

    /// The host's name or address, an IPv6 one without brackets.
    pub fn host(&self) -> &str {
        self.host.host().trim_start_matches('[').trim_end_matches(']')
    }

    /// The port, also where it is left out.
    pub fn port(&self) -> u16 {
        self.host.port().unwrap_or(if self.is_https { HTTPS_PORT } else { HTTP_PORT })
    }

    /// Scheme, host and port, as written, without a path.
    pub fn origin(&self) -> &str {
        self.text.split_at_checked(self.path).map_or("", |(origin, _)| origin)
    }

    /// The path: empty, or with the slash that it begins with.
    pub fn path(&self) -> &str {
        self.text.split_at_checked(self.path).map_or("", |(_, path)| path)
    }

    /// Host and port, as written and as a Host header names them.
    pub fn authority(&self) -> &str {
        self.origin().split_once("://").map_or("", |(_, authority)| authority)
    }

    /// Another path of the same service.
    pub fn with_path(&self, path: &str) -> Result<Self, String> {
        format!("{}{path}", self.origin()).parse()
    }
}

impl FromStr for ServiceUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rule = "a URL such as https://id.example.org/realm: https, or http on this machine alone; without credentials, \
                    query and fragment, in plain ASCII";
        let refuse = || rule.to_owned();
        // What ends a URL's path, or is written in another form by some who read it, is none of ours.
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"?#\\\"<>^`{|}".contains(&byte);
        if text.len() > URL_CAP || !text.bytes().all(is_plain) {
            return Err(refuse());
        }
        let (is_https, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            (None, None) => return Err(refuse()),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if path.split('/').any(|part| matches!(part, "." | "..")) {
            return Err(refuse());
        }
        let host: PublicHost = authority.parse().map_err(|_| refuse())?;
        let url = Self { is_https, host, path: text.len().saturating_sub(path.len()), text: text.to_owned() };
        let is_here = match url.host() {
            "localhost" => true,
            host => host.parse::<IpAddr>().unwrap_or(Ipv4Addr::UNSPECIFIED.into()).is_loopback(),
        };
        if is_https || is_here { Ok(url) } else { Err(refuse()) }
    }
}

impl fmt::Display for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart_as_they_are_written() {
        for (text, host, port, origin, path) in [
            ("https://id.example.org", "id.example.org", 443, "https://id.example.org", ""),
            ("https://id.example.org/", "id.example.org", 443, "https://id.example.org", "/"),
            ("https://id.example.org:8443/a/b", "id.example.org", 8443, "https://id.example.org:8443", "/a/b"),
            ("http://localhost:3000/x", "localhost", 3000, "http://localhost:3000", "/x"),
            ("http://127.0.0.1", "127.0.0.1", 80, "http://127.0.0.1", ""),
            ("http://[::1]:9/y", "::1", 9, "http://[::1]:9", "/y"),
        ] {
            let url: ServiceUrl = text.parse().unwrap();
            assert_eq!((url.host(), url.port(), url.origin(), url.path()), (host, port, origin, path), "{text}");
            assert_eq!(url.to_string(), text);
            assert_eq!(url.with_path("/z").unwrap().as_str(), format!("{origin}/z"));
        }
    }

    #[test]
    fn what_is_no_such_url_is_refused() {
        for wrong in [
            "",
            "id.example.org",
            "ftp://id.example.org",
            "HTTPS://id.example.org",
            "http://id.example.org",
            "http://10.0.0.1",
            "http://127.0.0.1.example.org",
            "https://user@id.example.org",
            "https://id.example.org?x",
            "https://id.example.org/#x",
            "https://id.example.org/../x",
            "https://id.example.org\\@evil.example",
            "https://id.example.org/a b",
            "https://id.exam\u{440}le.org",
            "https://",
            "https:///x",
        ] {
            assert!(wrong.parse::<ServiceUrl>().is_err(), "{wrong}");
        }
        let long = |length: usize| format!("https://x/{}", "a".repeat(length - 10));
        assert!(long(URL_CAP).parse::<ServiceUrl>().is_ok() && long(URL_CAP + 1).parse::<ServiceUrl>().is_err());
    }
}
