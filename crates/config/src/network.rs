//! What the `http` section names: networks, hosts and headers, each a type whose constructor is the check. Nothing is
//! resolved and nobody is asked here.

pub use portcullis_model::Network;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Characters of a host's name (RFC 1035, 2.3.4).
const HOST_CAP: usize = 253;
/// Characters of one label of a host's name.
const LABEL_CAP: usize = 63;
/// The port of HTTPS, which clients leave out.
const HTTPS_PORT: u16 = 443;

/// The name, and perhaps the port, by which clients know the server beside its own addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicHost {
    host: String,
    port: Option<u16>,
}

impl PublicHost {
    /// The name or address in lower case, an IPv6 one in brackets.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The port, if one is written.
    pub(crate) fn port(&self) -> Option<u16> {
        self.port
    }

    /// What clients may write for it in a Host header, in lower case. The port of HTTPS may be left out.
    pub fn authorities(&self) -> Vec<String> {
        match self.port {
            None | Some(HTTPS_PORT) => vec![self.host.clone(), format!("{}:{HTTPS_PORT}", self.host)],
            Some(port) => vec![format!("{}:{port}", self.host)],
        }
    }
}

impl FromStr for PublicHost {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rule =
            || "a host's name or address, perhaps with a port: desk.example.org or desk.example.org:8443".to_owned();
        let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((six, rest)) => {
                let six: Ipv6Addr = six.parse().map_err(|_| rule())?;
                let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':').ok_or_else(rule)?) };
                (format!("[{six}]"), port)
            }
            None => match text.split_once(':') {
                Some((host, port)) => (host.to_ascii_lowercase(), Some(port)),
                None => (text.to_ascii_lowercase(), None),
            },
        };
        let is_label = |label: &str| {
            let plain = label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            plain && !label.is_empty() && label.len() <= LABEL_CAP && !label.starts_with('-') && !label.ends_with('-')
        };
        // A name whose last label is a number is an address in some writing, and which one differs by who reads it.
        let is_number =
            |host: &str| host.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit()));
        let is_name = host.len() <= HOST_CAP && host.split('.').all(is_label) && !is_number(&host);
        if !host.starts_with('[') && !is_name && host.parse::<Ipv4Addr>().is_err() {
            return Err(rule());
        }
        let port = port.map(|port| port.parse::<u16>().ok().filter(|port| *port > 0).ok_or_else(rule)).transpose()?;
        Ok(Self { host, port })
    }
}

/// The header in which a listed proxy says from whom a request came, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardedHeader(String);

impl ForwardedHeader {
    /// Headers that have a meaning of their own and another form.
    const OTHERS: &[&str] = &["host", "forwarded", "authorization", "origin", "cookie", "content-length"];

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl FromStr for ForwardedHeader {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.to_ascii_lowercase();
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') && !name.is_empty();
        if !plain || name.len() > LABEL_CAP || Self::OTHERS.contains(&name.as_str()) {
            return Err("the name of a header that holds one address, such as X-Forwarded-For or X-Real-IP".to_owned());
        }
        Ok(Self(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    #[test]
    fn networks_are_read_in_one_form() {
        for (text, shown) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("192.168.1.7", "192.168.1.7"),
            ("192.168.1.7/32", "192.168.1.7"),
            ("::1", "::1"),
            ("fd00::/8", "fd00::/8"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:10.1.2.3", "10.1.2.3"),
            ("0.0.0.0/0", "0.0.0.0/0"),
        ] {
            assert_eq!(text.parse::<Network>().map(|net| net.to_string()), Ok(shown.to_owned()), "{text}");
        }
        for text in [
            "",
            "10",
            "10.0.0.1/8",
            "10.0.0.0/33",
            "fd00::1/8",
            "::ffff:0:0/90",
            "localhost",
            "10.0.0.0/08x",
            "010.0.0.1",
        ] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_read_is_written_as_what_reads_the_same(text in "[0-9a-f:./\\[\\]A-Z-]{0,24}|\\PC{0,24}") {
            if let Ok(network) = text.parse::<Network>() {
                proptest::prop_assert_eq!(network.to_string().parse::<Network>(), Ok(network));
            }
            if let Ok(host) = text.parse::<PublicHost>() {
                for authority in host.authorities() {
                    let again = authority.parse::<PublicHost>();
                    proptest::prop_assert!(again.is_ok_and(|again| again.authorities().contains(&authority)));
                }
            }
            if let Ok(header) = text.parse::<ForwardedHeader>() {
                proptest::prop_assert_eq!(header.name().parse::<ForwardedHeader>(), Ok(header.clone()));
            }
        }

        #[test]
        fn an_address_is_in_the_networks_of_its_first_bits_and_in_no_other(bits: u32, other: u32, length in 1_u8..=32) {
            let mask = u32::MAX << (32 - u32::from(length));
            let network: Network = format!("{}/{length}", Ipv4Addr::from_bits(bits & mask)).parse().unwrap();
            let (four, mapped) = (Ipv4Addr::from_bits(other), Ipv4Addr::from_bits(other).to_ipv6_mapped());
            proptest::prop_assert!(network.contains(Ipv4Addr::from_bits(bits).into()));
            proptest::prop_assert_eq!(network.contains(four.into()), other & mask == bits & mask);
            proptest::prop_assert_eq!(network.contains(mapped.into()), other & mask == bits & mask);
        }
    }

    #[test]
    fn a_mapped_address_is_the_address() {
        let inside: Network = "10.0.0.0/8".parse().unwrap();
        let all_six: Network = "::/0".parse().unwrap();
        for (text, in_ten, in_six) in [
            ("10.9.9.9", true, false),
            ("::ffff:10.9.9.9", true, false),
            ("::ffff:11.9.9.9", false, false),
            ("::10.9.9.9", false, true),
            ("fd00::1", false, true),
        ] {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!((inside.contains(address), all_six.contains(address)), (in_ten, in_six), "{text}");
        }
        assert!(
            "10.1.0.0/16".parse::<Network>().unwrap().is_within(&inside)
                && !inside.is_within(&"10.1.0.0/16".parse().unwrap())
        );
    }

    #[test]
    fn hosts_and_headers_are_names_or_refused() {
        let told = |text: &str| text.parse::<PublicHost>().map(|host| host.authorities());
        assert_eq!(told("Desk.example.org").unwrap(), ["desk.example.org", "desk.example.org:443"]);
        assert_eq!(told("desk.example.org:8443").unwrap(), ["desk.example.org:8443"]);
        assert_eq!(told("10.0.0.1:1").unwrap(), ["10.0.0.1:1"]);
        assert_eq!(told("[fd00::1]:443").unwrap(), ["[fd00::1]", "[fd00::1]:443"]);
        for wrong in [
            "",
            "*",
            "*.example.org",
            "a b",
            "https://x",
            "x/y",
            "x:",
            "x:0",
            "x:65536",
            "x@y",
            "a..b",
            "-a",
            "2130706433",
            "a.1",
            "fd00::1",
            "[x]",
        ] {
            assert!(told(wrong).is_err(), "{wrong}");
        }
        assert_eq!("X-Real-IP".parse::<ForwardedHeader>().unwrap().name(), "x-real-ip");
        for wrong in ["", "X Real", "Forwarded", "Host", "x:"] {
            assert!(wrong.parse::<ForwardedHeader>().is_err(), "{wrong}");
        }
    }
}
