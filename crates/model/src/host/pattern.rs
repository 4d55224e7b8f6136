//! What a rule about hosts names: a name, all names below one, a network, or a kind of address, perhaps with a port.
//! A pattern is compared with what was asked for and with what it really leads to; nothing is resolved here.

use super::address::{forms, is_all_of};
use super::{AddressClass, Host};
use ipnet::{IpNet, Ipv4Net};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Bits of an IPv6 address that say that it holds an IPv4 address (`::ffff:0:0/96`, RFC 4291, 2.5.5.2).
const MAPPED_BITS: u8 = 96;

/// An address, or all addresses with the same first bits. An IPv4 address in an IPv6 one is the IPv4 address, here and in
/// what is looked for: one machine has one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpNet);

impl Network {
    /// Whether the address is one of them.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// Whether all of these are among those of `other`.
    pub fn is_within(&self, other: &Self) -> bool {
        other.0.contains(&self.0)
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rule = || "an IP address, or a network such as 192.168.1.0/24 or fd00::/8".to_owned();
        let net: IpNet = match text.parse::<IpAddr>() {
            Ok(address) => IpNet::from(address),
            Err(_) => text.parse().map_err(|_| rule())?,
        };
        let net = match net {
            IpNet::V6(six) => match (six.addr().to_ipv4_mapped(), six.prefix_len().checked_sub(MAPPED_BITS)) {
                (Some(four), Some(bits)) => IpNet::V4(Ipv4Net::new(four, bits).map_err(|_| rule())?),
                (Some(_), None) => {
                    return Err("a network of at least 96 bits, since it is of IPv4 addresses in IPv6 ones".to_owned());
                }
                (None, _) => net,
            },
            IpNet::V4(_) => net,
        };
        if net.trunc() != net {
            return Err(format!(
                "a network without bits beyond its length; write {}, or the one address alone",
                net.trunc()
            ));
        }
        Ok(Self(net))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() {
            write!(f, "{}", self.0.addr())
        } else {
            write!(f, "{}", self.0)
        }
    }
}

/// What an entry of a rule about hosts names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPattern {
    what: What,
    /// This port alone; without one any, and what has none.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum What {
    /// This name.
    Name(String),
    /// Every name below this one, in however many parts.
    Below(String),
    /// These addresses.
    Network(Network),
    /// A kind of address.
    Kind(KindWord),
}

/// Kinds of addresses that have a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum KindWord {
    Public,
    Private,
    Loopback,
}

impl KindWord {
    const ALL: [(Self, &'static str, &'static [AddressClass]); 3] = [
        (Self::Public, "public", &[AddressClass::Public]),
        (Self::Private, "private", &[AddressClass::Private, AddressClass::LinkLocal]),
        (Self::Loopback, "loopback", &[AddressClass::Loopback]),
    ];

    fn classes(self) -> &'static [AddressClass] {
        Self::ALL.iter().find(|(word, ..)| *word == self).map_or(&[], |(.., classes)| classes)
    }
}

impl HostPattern {
    /// What it is, in words.
    pub const RULE: &'static str = "a name, `*.` and a name, an address, a network, `public`, `private` or `loopback`; \
                                    each may end in `:` and a port, an IPv6 one then in brackets";

    /// Every public address.
    pub const PUBLIC: Self = Self { what: What::Kind(KindWord::Public), port: None };
    /// Every address of private networks and of the link.
    pub const PRIVATE: Self = Self { what: What::Kind(KindWord::Private), port: None };
    /// This machine's own addresses.
    pub const LOOPBACK: Self = Self { what: What::Kind(KindWord::Loopback), port: None };

    /// Whether it opens this address of `host`, at this port. A name opens public addresses alone: whoever says where a name
    /// leads could otherwise open any network. An address in another opens it where that is how it is reached.
    pub fn opens(&self, host: &Host, port: Option<u16>, address: IpAddr) -> bool {
        self.is_at(port)
            && match &self.what {
                What::Name(_) | What::Below(_) => self.names(host) && AddressClass::of(address) == AddressClass::Public,
                What::Network(network) => network.contains(address),
                What::Kind(word) => word.classes().contains(&AddressClass::of(address)),
            }
    }

    /// Whether it keeps back this host, or this address of it in whatever form, at this port.
    pub fn keeps(&self, host: &Host, port: Option<u16>, address: IpAddr) -> bool {
        self.is_at(port)
            && match &self.what {
                What::Name(_) | What::Below(_) => self.names(host),
                What::Network(network) => forms(address).into_iter().any(|form| network.contains(form)),
                What::Kind(word) => {
                    forms(address).into_iter().any(|form| word.classes().contains(&AddressClass::of(form)))
                }
            }
    }

    /// Whether it names this host, whatever address that has.
    pub fn names(&self, host: &Host) -> bool {
        match (&self.what, host.as_name()) {
            (What::Name(own), Some(name)) => own == name,
            (What::Below(above), Some(name)) => is_below(name, above),
            _ => false,
        }
    }

    /// Whether it speaks of addresses, so that only where a name leads tells whether it is meant.
    pub fn is_of_addresses(&self) -> bool {
        matches!(self.what, What::Network(_) | What::Kind(_))
    }

    /// The port, if it speaks of one alone.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Whether it opens nothing that `other` does not open. What cannot be told is no.
    pub fn opens_within(&self, other: &Self) -> bool {
        let is_public = |what: &What| matches!(what, What::Name(_) | What::Below(_));
        self.is_port_of(other)
            && (self.is_part_of(other) || (is_public(&self.what) && other.what == What::Kind(KindWord::Public)))
    }

    /// Whether `other` keeps back all that it keeps back. What cannot be told is no.
    pub fn is_kept_by(&self, other: &Self) -> bool {
        self.is_port_of(other) && self.is_part_of(other)
    }

    fn is_at(&self, port: Option<u16>) -> bool {
        self.port.is_none() || self.port == port
    }

    fn is_port_of(&self, other: &Self) -> bool {
        other.port.is_none() || self.port == other.port
    }

    fn is_part_of(&self, other: &Self) -> bool {
        match (&self.what, &other.what) {
            (What::Name(own), What::Below(above)) => is_below(own, above),
            (What::Below(own), What::Below(above)) => own == above || is_below(own, above),
            (What::Network(own), What::Network(net)) => own.is_within(net),
            (What::Network(own), What::Kind(word)) => word.classes().iter().any(|class| is_all_of(own.0, *class)),
            (own, other) => own == other,
        }
    }
}

fn is_below(name: &str, above: &str) -> bool {
    name.strip_suffix(above).and_then(|rest| rest.strip_suffix('.')).is_some_and(|rest| !rest.is_empty())
}

impl FromStr for HostPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((six, "")) => (six, None),
            Some((six, rest)) => (six, Some(rest.strip_prefix(':').ok_or_else(|| format!("it is {}", Self::RULE))?)),
            // More than one colon is an address without a port.
            None => match text.split_once(':') {
                Some((host, port)) if !port.contains(':') => (host, Some(port)),
                _ => (text, None),
            },
        };
        let is_port = |port: &&str| port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port
            .map(|port| {
                let number = Some(port).filter(is_port).and_then(|port| port.parse::<u16>().ok());
                number.filter(|port| *port > 0).ok_or_else(|| "a port is a number from 1 to 65535".to_owned())
            })
            .transpose()?;
        Ok(Self { what: What::parse(host)?, port })
    }
}

impl What {
    fn parse(text: &str) -> Result<Self, String> {
        if let Some((word, ..)) = KindWord::ALL.iter().find(|(_, word, _)| word.eq_ignore_ascii_case(text)) {
            return Ok(Self::Kind(*word));
        }
        if text.contains('/') || text.contains(':') {
            return text.parse().map(Self::Network).map_err(|rule: String| format!("it is {rule}"));
        }
        let (name, is_below) = text.strip_prefix("*.").map_or((text, false), |rest| (rest, true));
        let host = Host::parse(name).map_err(|bad| format!("{bad}; {}", bad.remedy()))?;
        match (host.as_name(), host.as_address()) {
            (Some(name), _) if is_below => Ok(Self::Below(name.to_owned())),
            (Some(name), _) => Ok(Self::Name(name.to_owned())),
            (None, Some(address)) if !is_below => Ok(Self::Network(Network(IpNet::from(address)))),
            (None, _) => Err(format!("it is {}", HostPattern::RULE)),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match &self.what {
            What::Name(name) => name.clone(),
            What::Below(name) => format!("*.{name}"),
            What::Network(network) => network.to_string(),
            What::Kind(kind) => {
                KindWord::ALL.iter().find(|(word, ..)| word == kind).map_or("", |(_, word, _)| word).to_owned()
            }
        };
        match self.port {
            Some(port) if text.contains(':') => write!(f, "[{text}]:{port}"),
            Some(port) => write!(f, "{text}:{port}"),
            None => f.write_str(&text),
        }
    }
}
