//! A host as somebody writes it: a name or an address, as a type whose constructor is the check, and what is done with it.
//! Nothing is resolved here; which kind of address one is stands in `address`, what a rule names in `pattern`.

mod address;
mod pattern;

pub use address::AddressClass;
pub use pattern::{HostPattern, Network};

use serde::{Serialize, Serializer};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Bytes of a host as it is written, before it is brought into its one form.
const TEXT_CAP: usize = 1_024;
/// Characters of a host's name (RFC 1035, 2.3.4).
const NAME_CAP: usize = 253;
/// Characters of one label of a host's name.
const LABEL_CAP: usize = 63;

/// What is done with a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HostAccess {
    /// What it serves is fetched and told.
    Fetch,
    /// It is asked whether it is there.
    Probe,
}

/// A host: a name in lower-case ASCII without the dot at its end, or an address, an IPv4 one in an IPv6 one being the IPv4
/// one. Writings of an address that are read in more than one way are refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Host(Kind);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Name(String),
    Address(IpAddr),
}

/// Why a text is no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHost {
    /// There is nothing.
    #[error("a host is not empty")]
    Empty,
    /// It is too long.
    #[error("a host's name has at most 253 characters, each part of it 1 to 63")]
    Length,
    /// A user or a password stands in it.
    #[error("a host is written without user and password")]
    Credentials,
    /// More than a host.
    #[error("a host stands alone, without scheme, path, port or query")]
    NotAlone,
    /// `%`, as of escapes and of zones.
    #[error("a host has no escapes and no zone")]
    Escaped,
    /// Characters that no host has.
    #[error("a host's name has letters, digits, hyphens and dots")]
    Characters,
    /// Not an IPv6 address, or one without brackets before a port.
    #[error("what has colons is one IPv6 address")]
    Colons,
    /// An IPv4 address in decimal, octal, hexadecimal or short form.
    #[error(
        "an IPv4 address is four decimal numbers without zeros before them: other forms are read in more than one way"
    )]
    Ambiguous,
    /// Not a name by the rules for international names.
    #[error("the name is none by the rules for international names (UTS 46)")]
    International,
}

impl BadHost {
    /// What to write instead.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Empty | Self::Length | Self::Characters | Self::International => {
                "write a name such as www.example.org, or an address"
            }
            Self::Credentials => "leave out what stands before the @",
            Self::NotAlone => "write only the name or the address",
            Self::Escaped => "write the characters themselves, and an address without %",
            Self::Colons => "write an address such as fd00::1; a port has an argument of its own",
            Self::Ambiguous => "write it as 192.0.2.1 is written",
        }
    }
}

impl Host {
    /// Reads a host.
    pub fn parse(text: &str) -> Result<Self, BadHost> {
        if text.is_empty() {
            return Err(BadHost::Empty);
        }
        if text.len() > TEXT_CAP {
            return Err(BadHost::Length);
        }
        for (characters, bad) in [
            ("@", BadHost::Credentials),
            ("/\\?#", BadHost::NotAlone),
            ("%", BadHost::Escaped),
            ("*", BadHost::Characters),
        ] {
            if text.contains(|c| characters.contains(c)) {
                return Err(bad);
            }
        }
        if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(BadHost::Characters);
        }
        let bare = text.strip_prefix('[').map(|rest| rest.strip_suffix(']').unwrap_or_default());
        if bare.is_some() || text.contains(':') {
            let six: Ipv6Addr = bare.unwrap_or(text).parse().map_err(|_| BadHost::Colons)?;
            return Ok(Self::from(IpAddr::V6(six)));
        }
        if let Ok(four) = text.parse::<Ipv4Addr>() {
            return Ok(Self(Kind::Address(four.into())));
        }
        Self::name(text)
    }

    fn name(text: &str) -> Result<Self, BadHost> {
        let ascii = idna::domain_to_ascii_cow(text.as_bytes(), idna::AsciiDenyList::URL);
        let ascii = ascii.map_err(|_| BadHost::International)?;
        let name = ascii.strip_suffix('.').unwrap_or(&ascii);
        if is_number(name) {
            return Err(BadHost::Ambiguous);
        }
        if name.len() > NAME_CAP || name.split('.').any(|label| label.is_empty() || label.len() > LABEL_CAP) {
            return Err(BadHost::Length);
        }
        let is_plain = |label: &str| {
            let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
            label.bytes().all(known) && !label.starts_with('-') && !label.ends_with('-')
        };
        if !name.split('.').all(is_plain) {
            return Err(BadHost::Characters);
        }
        Ok(Self(Kind::Name(name.to_owned())))
    }

    /// The name, when it is one that has to be looked up.
    pub fn as_name(&self) -> Option<&str> {
        match &self.0 {
            Kind::Name(name) => Some(name),
            Kind::Address(_) => None,
        }
    }

    /// The address, when it is one.
    pub fn as_address(&self) -> Option<IpAddr> {
        match self.0 {
            Kind::Name(_) => None,
            Kind::Address(address) => Some(address),
        }
    }

    /// As it stands in a URL: an IPv6 address in brackets.
    pub fn in_url(&self) -> String {
        match &self.0 {
            Kind::Address(IpAddr::V6(six)) => format!("[{six}]"),
            _ => self.to_string(),
        }
    }
}

/// Whether the name's last part is a number, so that some would read the whole as an IPv4 address.
fn is_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_hex = last.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    is_hex || (!last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()))
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Self {
        Self(Kind::Address(address.to_canonical()))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Name(name) => f.write_str(name),
            Kind::Address(address) => write!(f, "{address}"),
        }
    }
}

impl Serialize for Host {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests;
