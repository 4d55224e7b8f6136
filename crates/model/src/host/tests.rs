//! Writings of hosts, kinds of addresses and patterns, as tables; and what holds of all of them, as properties.

use super::*;
use crate::host::address::forms;

#[test]
fn a_host_has_one_form_or_is_refused() {
    for (text, form) in [
        ("example.org", "example.org"),
        ("Example.ORG.", "example.org"),
        ("localhost", "localhost"),
        ("my_nas", "my_nas"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("MÜNCHEN。example", "xn--mnchen-3ya.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("[FD00::1]", "fd00::1"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("[::ffff:7f00:1]", "127.0.0.1"),
        ("1.2.3.4.example", "1.2.3.4.example"),
    ] {
        assert_eq!(Host::parse(text).map(|host| host.to_string()), Ok(form.to_owned()), "{text}");
    }
    for (text, bad) in [
        ("", BadHost::Empty),
        (".", BadHost::Length),
        ("a..b", BadHost::Length),
        ("me@example.org", BadHost::Credentials),
        ("me:secret@example.org", BadHost::Credentials),
        ("http://example.org", BadHost::NotAlone),
        ("example.org/x", BadHost::NotAlone),
        ("example.org\\x", BadHost::NotAlone),
        ("example.org#@127.0.0.1", BadHost::Credentials),
        ("example.org:80", BadHost::Colons),
        ("[::1", BadHost::Colons),
        ("[127.0.0.1]", BadHost::Colons),
        ("fe80::1%eth0", BadHost::Escaped),
        ("%31%32%37.0.0.1", BadHost::Escaped),
        ("exa mple.org", BadHost::Characters),
        ("example.org\n", BadHost::Characters),
        ("*.example.org", BadHost::Characters),
        ("-a.example", BadHost::Characters),
        ("2130706433", BadHost::Ambiguous),
        ("0177.0.0.1", BadHost::Ambiguous),
        ("127.000.0.1", BadHost::Ambiguous),
        ("0x7f000001", BadHost::Ambiguous),
        ("0X7F.0.0.0x1", BadHost::Ambiguous),
        ("127.1", BadHost::Ambiguous),
        ("127.0.0.1.", BadHost::Ambiguous),
        ("256.256.256.256", BadHost::Ambiguous),
        ("1.2.3.4.5", BadHost::Ambiguous),
        ("１２７.0.0.1", BadHost::Ambiguous),
        ("①②⑦.0.0.1", BadHost::Ambiguous),
        ("127。0。0。1", BadHost::Ambiguous),
        ("a\u{202e}b.example", BadHost::International),
        ("xn--a", BadHost::International),
    ] {
        assert_eq!(Host::parse(text), Err(bad), "{text}");
        assert!(!bad.remedy().is_empty());
    }
    let label = |length| "a".repeat(length);
    let long = |last| [label(63), label(63), label(63), label(last)].join(".");
    assert!(Host::parse(&label(63)).is_ok() && Host::parse(&label(64)).is_err());
    assert!(Host::parse(&long(61)).is_ok() && Host::parse(&long(62)).is_err());
    assert_eq!(Host::parse(&"a.".repeat(600)), Err(BadHost::Length));
}

/// By the registries of special addresses, and the documents that name each.
#[test]
fn each_address_has_its_kind() {
    use AddressClass::*;
    for (text, class) in [
        ("1.1.1.1", Public),
        ("100.63.255.255", Public),
        ("100.64.0.0", Shared),
        ("100.127.255.255", Shared),
        ("100.128.0.0", Public),
        ("172.15.255.255", Public),
        ("172.16.0.1", Private),
        ("172.31.255.255", Private),
        ("172.32.0.0", Public),
        ("10.255.255.255", Private),
        ("192.168.0.1", Private),
        ("127.255.255.254", Loopback),
        ("169.254.1.1", LinkLocal),
        ("0.0.0.0", Unspecified),
        ("0.1.2.3", Unspecified),
        ("192.0.0.8", Reserved),
        ("192.0.2.1", Documentation),
        ("198.51.100.1", Documentation),
        ("203.0.113.1", Documentation),
        ("198.18.0.1", Reserved),
        ("198.19.255.255", Reserved),
        ("192.88.99.1", Tunnel),
        ("224.0.0.1", Multicast),
        ("239.255.255.255", Multicast),
        ("240.0.0.1", Reserved),
        ("255.255.255.255", Broadcast),
        ("2606:4700::1111", Public),
        ("::", Unspecified),
        ("::1", Loopback),
        ("::2", Tunnel),
        ("::10.0.0.1", Tunnel),
        ("fc00::1", Private),
        ("fdff::1", Private),
        ("fe80::1", LinkLocal),
        ("fec0::1", Private),
        ("ff02::1", Multicast),
        ("2001:db8::1", Documentation),
        ("3fff::1", Documentation),
        ("2001:1::1", Reserved),
        ("2001:20::1", Reserved),
        ("2001:200::1", Public),
        ("100::1", Reserved),
        ("4000::1", Reserved),
        ("5f00::1", Reserved),
        ("::ffff:10.0.0.1", Private),
        ("::ffff:1.1.1.1", Public),
        ("64:ff9b::1.1.1.1", Public),
        ("64:ff9b::10.0.0.1", Private),
        ("64:ff9b::127.0.0.1", Loopback),
        ("64:ff9b:1::1.1.1.1", Tunnel),
        ("2002:0a00:1::", Tunnel),
        ("2002:0101:0101::", Tunnel),
        ("2001:0:1:2::3", Tunnel),
        ("2600::5efe:1.1.1.1", Tunnel),
        ("2600::200:5efe:10.0.0.1", Tunnel),
        // Where clouds tell credentials, in every writing.
        ("169.254.169.254", Metadata),
        ("::ffff:169.254.169.254", Metadata),
        ("::169.254.169.254", Metadata),
        ("64:ff9b::169.254.169.254", Metadata),
        ("64:ff9b::a9fe:a9fe", Metadata),
        ("64:ff9b:1::a9fe:a9fe", Metadata),
        ("2002:a9fe:a9fe::1", Metadata),
        ("2001:0:a9fe:a9fe::1", Metadata),
        ("2001:0:1:2::5601:5601", Metadata),
        ("fe80::5efe:a9fe:a9fe", Metadata),
        ("2600::200:5efe:169.254.169.254", Metadata),
        ("169.254.170.2", Metadata),
        ("100.100.100.200", Metadata),
        ("168.63.129.16", Metadata),
        ("192.0.0.192", Metadata),
        ("fd00:ec2::254", Metadata),
        ("fd20:ce::254", Metadata),
        ("fe80::a9fe:a9fe", Metadata),
    ] {
        assert_eq!(AddressClass::of(text.parse().unwrap()), class, "{text}");
    }
}

fn pattern(text: &str) -> HostPattern {
    text.parse().unwrap()
}

#[test]
fn a_pattern_is_read_in_one_form_or_refused() {
    for (text, form) in [
        ("Example.org.", "example.org"),
        ("*.Bücher.example:443", "*.xn--bcher-kva.example:443"),
        ("10.0.0.0/8:22", "10.0.0.0/8:22"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("fd00::/8", "fd00::/8"),
        ("[fd00::/8]:22", "[fd00::/8]:22"),
        ("[::1]:80", "[::1]:80"),
        ("[::1]", "::1"),
        ("PUBLIC", "public"),
        ("private:8080", "private:8080"),
        ("loopback", "loopback"),
    ] {
        assert_eq!(pattern(text).to_string(), form, "{text}");
        assert_eq!(pattern(form), pattern(text), "{text}");
    }
    for text in [
        "",
        "*",
        "*.",
        "*.*.example",
        "a.*.example",
        "*.127.0.0.1",
        "*.10",
        "example.org:",
        "example.org:0",
        "example.org:65536",
        "example.org:+1",
        "http://example.org",
        "example.org/x",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "010.0.0.1",
        "0x7f.1",
        "me@example.org",
        "[::1",
        "[::1]80",
        "fe80::1%1",
        "a b",
    ] {
        assert!(text.parse::<HostPattern>().is_err(), "{text}");
    }
}

#[test]
fn a_pattern_opens_and_keeps_what_it_says() {
    for (text, host, port, address, opens, keeps) in [
        ("example.org", "example.org", Some(80), "1.1.1.1", true, true),
        ("example.org", "example.org", Some(80), "10.0.0.1", false, true),
        ("example.org", "www.example.org", Some(80), "1.1.1.1", false, false),
        ("*.example.org", "a.www.example.org", None, "1.1.1.1", true, true),
        ("*.example.org", "example.org", None, "1.1.1.1", false, false),
        ("*.example.org", "badexample.org", None, "1.1.1.1", false, false),
        ("example.org:443", "example.org", Some(443), "1.1.1.1", true, true),
        ("example.org:443", "example.org", Some(80), "1.1.1.1", false, false),
        ("example.org:443", "example.org", None, "1.1.1.1", false, false),
        ("10.0.0.0/8", "x.example", Some(1), "10.9.9.9", true, true),
        ("10.0.0.0/8", "x.example", Some(1), "2002:a09:909::1", false, true),
        ("10.0.0.0/8", "x.example", Some(1), "64:ff9b::10.9.9.9", false, true),
        ("public", "x.example", Some(1), "1.1.1.1", true, true),
        ("public", "x.example", Some(1), "64:ff9b::1.1.1.1", true, true),
        ("public", "x.example", Some(1), "10.0.0.1", false, false),
        ("private", "x.example", Some(1), "fe80::1", true, true),
        ("private", "x.example", Some(1), "2002:a00:1::", false, true),
        ("private", "x.example", Some(1), "127.0.0.1", false, false),
        ("loopback", "localhost", Some(1), "::1", true, true),
    ] {
        let (said, host, address) = (pattern(text), Host::parse(host).unwrap(), address.parse().unwrap());
        assert_eq!(said.opens(&host, port, address), opens, "{text} opens {host} {address}");
        assert_eq!(said.keeps(&host, port, address), keeps, "{text} keeps {host} {address}");
    }
}

#[test]
fn what_lies_within_what_is_known_or_counts_as_no() {
    for (inner, outer, opens, kept) in [
        ("a.example", "*.example", true, true),
        ("*.a.example", "*.example", true, true),
        ("*.example", "a.example", false, false),
        ("a.example", "public", true, false),
        ("*.example", "public:443", false, false),
        ("a.example:443", "a.example", true, true),
        ("a.example", "a.example:443", false, false),
        ("10.1.0.0/16", "10.0.0.0/8", true, true),
        ("10.1.0.0/16", "private", true, true),
        ("169.254.0.0/16", "private", true, true),
        ("172.0.0.0/8", "private", false, false),
        ("1.1.1.0/24", "public", true, true),
        ("1.0.0.0/8", "public", true, true),
        ("0.0.0.0/0", "public", false, false),
        ("2600::/32", "public", false, false),
        ("2606:4700::1111", "public", true, true),
        ("fd00::/8", "private", true, true),
        ("127.0.0.1", "loopback", true, true),
        ("public", "0.0.0.0/0", false, false),
        ("private", "public", false, false),
    ] {
        let (inner, outer) = (pattern(inner), pattern(outer));
        assert_eq!(inner.opens_within(&outer), opens, "{inner} opens within {outer}");
        assert_eq!(inner.is_kept_by(&outer), kept, "{inner} kept by {outer}");
    }
}

proptest::proptest! {
    #[test]
    fn what_is_read_is_written_as_what_reads_the_same(text in "[0-9a-fx:./\\[\\]A-Z*@%-]{0,24}|\\PC{0,24}") {
        if let Ok(host) = Host::parse(&text) {
            proptest::prop_assert_eq!(Host::parse(&host.to_string()), Ok(host.clone()));
            proptest::prop_assert_eq!(Host::parse(&host.in_url()), Ok(host.clone()));
            // Nobody else reads an address where we read a name.
            let is_address = host.as_name().is_some_and(|name| name.parse::<IpAddr>().is_ok());
            proptest::prop_assert!(!is_address);
        }
        if let Ok(pattern) = text.parse::<HostPattern>() {
            proptest::prop_assert_eq!(pattern.to_string().parse::<HostPattern>(), Ok(pattern));
        }
    }

    /// Whatever leads to an address that is not public is not public, however it is wrapped.
    #[test]
    fn no_wrapping_makes_an_address_public(bits: u32, low: u64) {
        let four = Ipv4Addr::from_bits(bits);
        let inner = AddressClass::of(four.into());
        let mapped: IpAddr = four.to_ipv6_mapped().into();
        proptest::prop_assert_eq!(AddressClass::of(mapped), inner);
        let wide = u128::from(bits);
        for wrapped in [
            wide,
            (0x64_ff9b << 96) | wide,
            (0x64_ff9b_0001 << 80) | wide,
            (0x2002 << 112) | (wide << 80) | u128::from(low),
            (0x2001_0000 << 96) | (wide << 64) | u128::from(low),
            (0x2001_0000 << 96) | (u128::from(low & 0xffff_ffff) << 64) | u128::from(!bits),
            (0x2600 << 112) | (0x5efe << 32) | wide,
        ] {
            let class = AddressClass::of(IpAddr::V6(Ipv6Addr::from_bits(wrapped)));
            if inner == AddressClass::Metadata {
                proptest::prop_assert_eq!(class, AddressClass::Metadata);
            }
            proptest::prop_assert!(class != AddressClass::Public || inner == AddressClass::Public);
        }
        proptest::prop_assert_eq!(forms(mapped), vec![IpAddr::V4(four)]);
    }

    /// What opens less never opens what the other refuses.
    #[test]
    fn a_pattern_within_another_opens_nothing_more(
        one in "((\\*\\.)?[ab](\\.[ab]){0,2}|1?[0-2]\\.0\\.0\\.0/(8|16|32)|public|private|loopback)(:(1|2))?",
        other in "((\\*\\.)?[ab](\\.[ab]){0,2}|1?[0-2]\\.0\\.0\\.0/(8|16|32)|public|private|loopback)(:(1|2))?",
        name in "[ab](\\.[ab]){0,3}", port in 0_u16..3, bits: u32, small: bool,
    ) {
        let address: IpAddr = if small { Ipv4Addr::from_bits((bits & 0x0fff_ffff) | 0x0a00_0000) } else { Ipv4Addr::from_bits(bits) }.into();
        let (host, port) = (Host::parse(&name).unwrap(), Some(port).filter(|port| *port > 0));
        let (Ok(one), Ok(other)) = (one.parse::<HostPattern>(), other.parse::<HostPattern>()) else { return Ok(()) };
        if one.opens_within(&other) && one.opens(&host, port, address) {
            proptest::prop_assert!(other.opens(&host, port, address), "{one} {other} {host} {address}");
        }
        if one.is_kept_by(&other) && one.keeps(&host, port, address) {
            proptest::prop_assert!(other.keeps(&host, port, address), "{one} {other} {host} {address}");
        }
    }
}
