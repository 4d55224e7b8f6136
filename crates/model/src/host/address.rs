//! Which kind of address one is: a pure table by the registries of special addresses (RFC 6890 and what came after it), and
//! the addresses that hide in others. Nothing is decided here.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressClass {
    /// Anybody's, on the internet.
    Public,
    /// Of a private network.
    Private,
    /// This machine's own.
    Loopback,
    /// Of the network that the machine is on, without a router.
    LinkLocal,
    /// Shared behind a provider's translation, or of an overlay network (100.64.0.0/10).
    Shared,
    /// Of a transition mechanism that leads to another address: 6to4, Teredo, ISATAP, compatible ones.
    Tunnel,
    /// Where a cloud tells its machines their credentials.
    Metadata,
    /// None, or "this network".
    Unspecified,
    /// Of a group.
    Multicast,
    /// Of all.
    Broadcast,
    /// For examples in documents.
    Documentation,
    /// For nobody yet, or for a purpose that is no host's.
    Reserved,
}

/// Where clouds tell their machines who they are: the common address, those of containers, and those of single providers.
const METADATA: &[IpAddr] = &[
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 0, 23)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 42, 42)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42)),
    IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe)),
];

const fn four(a: u8, b: u8, c: u8, d: u8, bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn six(a: u16, b: u16, c: u16, d: u16, bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), bits)
}

/// IPv4 networks that are not public; the first that holds an address counts.
const FOUR: &[(Ipv4Net, AddressClass)] = &[
    (four(0, 0, 0, 0, 8), AddressClass::Unspecified),
    (four(10, 0, 0, 0, 8), AddressClass::Private),
    (four(100, 64, 0, 0, 10), AddressClass::Shared),
    (four(127, 0, 0, 0, 8), AddressClass::Loopback),
    (four(169, 254, 0, 0, 16), AddressClass::LinkLocal),
    (four(172, 16, 0, 0, 12), AddressClass::Private),
    (four(192, 0, 0, 0, 24), AddressClass::Reserved),
    (four(192, 0, 2, 0, 24), AddressClass::Documentation),
    (four(192, 88, 99, 0, 24), AddressClass::Tunnel),
    (four(192, 168, 0, 0, 16), AddressClass::Private),
    (four(198, 18, 0, 0, 15), AddressClass::Reserved),
    (four(198, 51, 100, 0, 24), AddressClass::Documentation),
    (four(203, 0, 113, 0, 24), AddressClass::Documentation),
    (four(224, 0, 0, 0, 4), AddressClass::Multicast),
    (four(255, 255, 255, 255, 32), AddressClass::Broadcast),
    (four(240, 0, 0, 0, 4), AddressClass::Reserved),
];

/// IPv6 networks; the first that holds an address counts, and what none holds is reserved.
const SIX: &[(Ipv6Net, AddressClass)] = &[
    (six(0, 0, 0, 0, 128), AddressClass::Unspecified),
    (Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128), AddressClass::Loopback),
    (six(0, 0, 0, 0, 96), AddressClass::Tunnel),
    (six(0x64, 0xff9b, 1, 0, 48), AddressClass::Tunnel),
    (six(0x2001, 0, 0, 0, 32), AddressClass::Tunnel),
    (six(0x2001, 0, 0, 0, 23), AddressClass::Reserved),
    (six(0x2001, 0xdb8, 0, 0, 32), AddressClass::Documentation),
    (six(0x3fff, 0, 0, 0, 20), AddressClass::Documentation),
    (six(0x2002, 0, 0, 0, 16), AddressClass::Tunnel),
    (six(0xfc00, 0, 0, 0, 7), AddressClass::Private),
    (six(0xfe80, 0, 0, 0, 10), AddressClass::LinkLocal),
    (six(0xfec0, 0, 0, 0, 10), AddressClass::Private),
    (six(0xff00, 0, 0, 0, 8), AddressClass::Multicast),
    (six(0x2000, 0, 0, 0, 3), AddressClass::Public),
];

impl AddressClass {
    /// What an address is for. One that leads to a metadata service in whatever writing is that.
    pub fn of(address: IpAddr) -> Self {
        let address = address.to_canonical();
        if forms(address).iter().any(|form| METADATA.contains(form)) {
            return Self::Metadata;
        }
        match address {
            IpAddr::V4(four) => of_four(four),
            IpAddr::V6(six) => match translated(six) {
                Some(four) => of_four(four),
                None if isatap(six).is_some() && of_six(six) == Self::Public => Self::Tunnel,
                None => of_six(six),
            },
        }
    }

    /// In words, after "the address is".
    pub fn words(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "one of a private network",
            Self::Loopback => "this machine's own",
            Self::LinkLocal => "one of the link alone",
            Self::Shared => "one that a provider or an overlay network shares out",
            Self::Tunnel => "one that leads through a tunnel to another",
            Self::Metadata => "that of a cloud's metadata service",
            Self::Unspecified => "none of a host",
            Self::Multicast => "that of a group",
            Self::Broadcast => "that of all hosts",
            Self::Documentation => "one for documents",
            Self::Reserved => "reserved",
        }
    }

    /// Whether no rule opens such an address: no host is there, or one that tells credentials to whoever asks.
    pub fn is_never_open(self) -> bool {
        matches!(self, Self::Metadata | Self::Unspecified | Self::Multicast | Self::Broadcast)
    }
}

fn of_four(address: Ipv4Addr) -> AddressClass {
    FOUR.iter().find(|(net, _)| net.contains(&address)).map_or(AddressClass::Public, |(_, class)| *class)
}

fn of_six(address: Ipv6Addr) -> AddressClass {
    SIX.iter().find(|(net, _)| net.contains(&address)).map_or(AddressClass::Reserved, |(_, class)| *class)
}

/// Whether every address of the network is of this class. When that cannot be told, it is not.
pub(super) fn is_all_of(network: IpNet, class: AddressClass) -> bool {
    if network.prefix_len() == network.max_prefix_len() {
        return AddressClass::of(network.addr()) == class;
    }
    match network {
        IpNet::V4(net) => match FOUR.iter().find(|(known, _)| known.contains(&net) || net.contains(known)) {
            Some((known, of)) => *of == class && known.contains(&net),
            None => class == AddressClass::Public,
        },
        // Of public IPv6 networks each holds addresses of ISATAP.
        IpNet::V6(net) => {
            let first = SIX.iter().find(|(known, _)| known.contains(&net) || net.contains(known));
            class != AddressClass::Public && first.is_some_and(|(known, of)| *of == class && known.contains(&net))
        }
    }
}

/// The address and those that hide in it: each may be where a connection to it ends.
pub(super) fn forms(address: IpAddr) -> Vec<IpAddr> {
    let address = address.to_canonical();
    let mut all = vec![address];
    let IpAddr::V6(six) = address else { return all };
    let mut add = |four: Ipv4Addr| all.push(four.into());
    let bits = six.to_bits();
    let groups = six.segments();
    // Compatible (RFC 4291), translated (RFC 6052), and translated for local use (RFC 8215): the last 32 bits.
    if of_six(six) == AddressClass::Tunnel && groups.starts_with(&[0, 0, 0, 0, 0, 0]) {
        add(low(bits));
    }
    if let Some(four) = translated(six) {
        add(four);
    }
    if groups.starts_with(&[0x64, 0xff9b, 1]) {
        add(low(bits));
    }
    // 6to4 (RFC 3056): the bits after the first 16.
    if groups.starts_with(&[0x2002]) {
        add(low(bits >> 80));
    }
    // Teredo (RFC 4380): the server's, and the client's with every bit turned.
    if groups.starts_with(&[0x2001, 0]) {
        add(low(bits >> 64));
        add(low(!bits));
    }
    if let Some(four) = isatap(six) {
        add(four);
    }
    all
}

/// The IPv4 address that a translator reaches by this one (64:ff9b::/96, RFC 6052).
fn translated(six: Ipv6Addr) -> Option<Ipv4Addr> {
    six.segments().starts_with(&[0x64, 0xff9b, 0, 0, 0, 0]).then(|| low(six.to_bits()))
}

/// The IPv4 address in an identifier of ISATAP (RFC 5214).
fn isatap(six: Ipv6Addr) -> Option<Ipv4Addr> {
    matches!(six.segments(), [_, _, _, _, 0 | 0x200, 0x5efe, _, _]).then(|| low(six.to_bits()))
}

/// The last 32 bits as an address.
fn low(bits: u128) -> Ipv4Addr {
    let [.., a, b, c, d] = bits.to_be_bytes();
    Ipv4Addr::new(a, b, c, d)
}
