//! Which hosts may be fetched from and asked whether they are there: what the owner names, what he keeps back, and what no
//! configuration opens. Hosts arrive here with the addresses that they were found to have; nothing is looked up.

use crate::decision::Denial;
use crate::roots::{Place, Root, Roots, refused, root};
use portcullis_model::{AddressClass, Host, HostAccess, HostPattern, Principal, Resource, Valued};
use std::net::{IpAddr, SocketAddr};

/// The principal that has hosts by default.
const LOCAL: &str = "local";
/// Why something is refused whatever is said.
const NEVER: &str = "no configuration lifts this";

impl Place for HostPattern {
    const WORD: &'static str = "host";
    const OUTSIDE: &'static str = "the host is none of those that are open";

    fn lies_in(&self, above: &Self) -> bool {
        self.opens_within(above)
    }
}

/// The rules about hosts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostRules {
    /// What may be fetched from, when that is said.
    pub fetch: Roots<HostPattern>,
    /// What may be asked whether it is there, when that is said.
    pub probe: Roots<HostPattern>,
    /// What is refused although it is open.
    pub deny: Vec<Valued<HostPattern>>,
    /// Where this server listens itself, which is never fetched from. On an address that stands for all, every address that
    /// is not public counts as its own.
    pub own: Vec<SocketAddr>,
    /// By which names and ports clients know this server.
    pub own_names: Vec<(Host, u16)>,
    /// The variable of the environment that puts other roots in place of the system's, if one does.
    pub replaced_roots: Option<&'static str>,
}

/// A host as it is about to be used.
#[derive(Clone, Copy)]
struct Asked<'call> {
    host: &'call Host,
    port: Option<u16>,
    access: HostAccess,
}

impl HostRules {
    /// The rules that open what is touched; nothing when it is no host.
    pub(crate) fn check_resource(
        &self,
        principal: &Principal,
        own: Option<&Self>,
        resource: &Resource,
    ) -> Result<Option<String>, Denial> {
        let Resource::Host { host, port, addresses, access } = resource else { return Ok(None) };
        let asked = Asked { host, port: *port, access: *access };
        let mut opened = None;
        for address in addresses {
            opened = Some(self.check(principal, own, asked, *address)?);
        }
        // What has no address is nowhere to be connected to, and opened by nothing.
        opened.map(Some).ok_or_else(|| refused("the host has no address", NEVER.to_owned(), None))
    }

    /// Whether a name may be looked up at all: whoever answers for it learns that somebody asked.
    pub(crate) fn check_name(
        &self,
        principal: &Principal,
        own: Option<&Self>,
        host: &Host,
        access: HostAccess,
    ) -> Result<(), Denial> {
        if host.as_name().is_none() {
            return Ok(());
        }
        self.check_kept(own, |pattern| pattern.port().is_none() && pattern.names(host))?;
        let lists = self.lists(own, access);
        if lists.iter().all(Option::is_none) && defaults(principal, access).is_empty() {
            return Err(outside(nobody(access), access));
        }
        for list in lists.into_iter().flatten() {
            let could = |said: &Valued<HostPattern>| said.value.is_of_addresses() || said.value.names(host);
            if !list.value.iter().any(could) {
                return Err(left_out(list, access));
            }
        }
        Ok(())
    }

    fn check(
        &self,
        principal: &Principal,
        own: Option<&Self>,
        asked: Asked<'_>,
        address: IpAddr,
    ) -> Result<String, Denial> {
        let class = AddressClass::of(address);
        if class.is_never_open() {
            let message = format!("the address is {}", class.words());
            return Err(refused(&message, format!("such an address is refused to all; {NEVER}"), None));
        }
        if asked.access == HostAccess::Fetch && self.is_own(asked, address, class) {
            let rule = format!("what this server serves itself is not fetched; {NEVER}");
            return Err(refused("the address is that of Portcullis itself", rule, None));
        }
        self.check_kept(own, |pattern| pattern.keeps(asked.host, asked.port, address))?;
        let mut rule = None;
        for list in self.lists(own, asked.access).into_iter().flatten() {
            let opens = |said: &&Valued<HostPattern>| said.value.opens(asked.host, asked.port, address);
            let found = list.value.iter().find(opens).ok_or_else(|| {
                let denial = left_out(list, asked.access);
                Denial { message: format!("{}; its address is {}", denial.message, class.words()), ..denial }
            })?;
            rule = Some(format!("{} opens it in `{}`", found.origin, key(asked.access)));
        }
        if let Some(rule) = rule {
            return Ok(rule);
        }
        let default = defaults(principal, asked.access);
        match default.iter().find(|open| open.opens(asked.host, asked.port, address)) {
            Some(open) => Ok(format!("by default `local` {} {open} hosts", word(asked.access))),
            None => {
                let denial = outside(nobody(asked.access), asked.access);
                Err(Denial { message: format!("{}; its address is {}", denial.message, class.words()), ..denial })
            }
        }
    }

    fn is_own(&self, asked: Asked<'_>, address: IpAddr, class: AddressClass) -> bool {
        let Some(port) = asked.port else { return false };
        let is_there = |own: &SocketAddr| {
            let ip = own.ip().to_canonical();
            let of_all = ip.is_unspecified() && class != AddressClass::Public;
            // Every loopback address leads to this machine, whichever of them the listener has.
            let near = ip.is_loopback() && class == AddressClass::Loopback;
            own.port() == port && (of_all || near || ip == address.to_canonical())
        };
        self.own.iter().any(is_there) || self.own_names.iter().any(|(host, at)| host == asked.host && *at == port)
    }

    fn check_kept(&self, own: Option<&Self>, keeps: impl Fn(&HostPattern) -> bool) -> Result<(), Denial> {
        let all = self.deny.iter().chain(own.into_iter().flat_map(|own| &own.deny));
        match all.into_iter().find(|said| keeps(&said.value)) {
            Some(said) => Err(refused(
                "the host is kept back",
                format!("{} names {} in `hosts.deny`", said.origin, said.value),
                Some("the owner can take it from `hosts.deny` there".to_owned()),
            )),
            None => Ok(()),
        }
    }

    fn lists<'rules>(
        &'rules self,
        own: Option<&'rules Self>,
        access: HostAccess,
    ) -> [Option<&'rules Valued<Vec<Valued<HostPattern>>>>; 2] {
        [self.roots(access).as_ref(), own.and_then(|own| own.roots(access).as_ref())]
    }

    /// The list for this access.
    pub(crate) fn roots(&self, access: HostAccess) -> &Roots<HostPattern> {
        match access {
            HostAccess::Fetch => &self.fetch,
            HostAccess::Probe => &self.probe,
        }
    }

    /// The entry that opens all that a pattern opens.
    pub(crate) fn root<'rules>(
        &'rules self,
        principal: &Principal,
        own: Option<&'rules Self>,
        pattern: &HostPattern,
        access: HostAccess,
    ) -> Result<Root<'rules, HostPattern>, Denial> {
        root(self.roots(access), own.map(|own| own.roots(access)), pattern, key(access), || {
            let default = defaults(principal, access).into_iter().find(|open| pattern.opens_within(open));
            default.map(|open| open.to_string()).ok_or_else(|| nobody(access))
        })
    }
}

/// The key of the policy file that opens hosts.
pub(crate) fn key(access: HostAccess) -> &'static str {
    match access {
        HostAccess::Fetch => "hosts.fetch",
        HostAccess::Probe => "hosts.probe",
    }
}

fn word(access: HostAccess) -> &'static str {
    match access {
        HostAccess::Fetch => "fetches from",
        HostAccess::Probe => "asks",
    }
}

/// The hosts that are open when nobody says anything.
pub(crate) fn defaults(principal: &Principal, access: HostAccess) -> Vec<HostPattern> {
    match access {
        _ if principal.name() != LOCAL => Vec::new(),
        HostAccess::Fetch => vec![HostPattern::PUBLIC],
        HostAccess::Probe => vec![HostPattern::PRIVATE, HostPattern::LOOPBACK],
    }
}

fn nobody(access: HostAccess) -> String {
    match access {
        HostAccess::Fetch => "nobody says `hosts.fetch`: `local` fetches from public hosts, others from none",
        HostAccess::Probe => "nobody says `hosts.probe`: `local` asks private hosts and this machine, others none",
    }
    .to_owned()
}

fn outside(rule: String, access: HostAccess) -> Denial {
    let remedy =
        format!("the owner can name the host in `{}` of the policy file, a private one by its address", key(access));
    refused(HostPattern::OUTSIDE, rule, Some(remedy))
}

fn left_out(list: &Valued<Vec<Valued<HostPattern>>>, access: HostAccess) -> Denial {
    let key = key(access);
    refused(
        HostPattern::OUTSIDE,
        format!("{} leaves it out of `{key}`", list.origin),
        Some(format!(
            "the owner can add a host to `{key}` there; a name opens its public addresses, a private one is named"
        )),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roots::roots;
    use portcullis_model::{Origin, Scope};
    use std::path::Path;

    fn at(line: usize) -> Origin {
        Origin::File { path: Path::new("p.toml").into(), line }
    }

    fn list<const N: usize>(texts: [&str; N], line: usize) -> Roots<HostPattern> {
        roots(texts.map(|text| text.parse().unwrap()), &at(line))
    }

    fn verdict(
        rules: &HostRules,
        own: Option<&HostRules>,
        who: &Principal,
        (host, port, address): (&str, u16, &str),
        access: HostAccess,
    ) -> String {
        let resource = Resource::Host {
            host: Host::parse(host).unwrap(),
            port: Some(port).filter(|port| *port > 0),
            addresses: address.split(' ').filter(|text| !text.is_empty()).map(|text| text.parse().unwrap()).collect(),
            access,
        };
        rules.check_resource(who, own, &resource).map_or_else(|denial| denial.rule, |rule| rule.unwrap())
    }

    #[test]
    fn by_default_local_fetches_public_hosts_and_asks_private_ones() {
        let (none, local, remote) = (HostRules::default(), Principal::local(), Principal::key("k", Scope::ALL));
        for (host, fetch, probe) in [
            (("example.org", 443, "1.1.1.1"), true, false),
            (("example.org", 443, "1.1.1.1 2606:4700::1"), true, false),
            (("example.org", 443, "1.1.1.1 10.0.0.1"), false, false),
            (("nas", 80, "192.168.1.7"), false, true),
            (("nas", 0, "fd00::7"), false, true),
            (("localhost", 80, "127.0.0.1 ::1"), false, true),
            (("x.example", 80, "100.64.0.1"), false, false),
            (("x.example", 80, "2002:a00:1::"), false, false),
            (("x.example", 80, "64:ff9b::10.0.0.1"), false, true),
            (("x.example", 80, ""), false, false),
        ] {
            for (access, open) in [(HostAccess::Fetch, fetch), (HostAccess::Probe, probe)] {
                let said = verdict(&none, None, &local, host, access);
                assert_eq!(said.starts_with("by default `local`"), open, "{host:?} {access:?}: {said}");
                let said = verdict(&none, None, &remote, host, access);
                assert!(said.starts_with("nobody says") || said == NEVER, "{said}");
            }
        }
    }

    #[test]
    fn attack_no_list_opens_metadata_or_what_is_no_host() {
        let everything = ["0.0.0.0/0", "::/0", "public", "private", "loopback", "*.internal", "169.254.169.254"];
        let open = HostRules { fetch: list(everything, 3), probe: list(everything, 4), ..HostRules::default() };
        for address in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::",
            "fd00:ec2::254",
            "100.100.100.200",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "ff02::1",
            "255.255.255.255",
        ] {
            for access in [HostAccess::Fetch, HostAccess::Probe] {
                for host in ["metadata.google.internal", address] {
                    let said = verdict(&open, None, &Principal::local(), (host, 80, address), access);
                    assert_eq!(said, "such an address is refused to all; no configuration lifts this", "{address}");
                }
            }
        }
    }

    #[test]
    fn what_is_said_opens_and_what_is_denied_stays_shut() {
        let (local, remote) = (Principal::local(), Principal::key("k", Scope::ALL));
        let some = HostRules {
            fetch: list(["*.example.org", "10.1.0.0/16:8080"], 3),
            probe: list(["public"], 4),
            deny: vec![
                Valued::new("bad.example.org".parse().unwrap(), at(5)),
                Valued::new("10.1.9.0/24".parse().unwrap(), at(6)),
            ],
            ..HostRules::default()
        };
        let own = HostRules { fetch: list(["www.example.org"], 9), ..HostRules::default() };
        for (who, own, host, access, rule) in [
            (
                &local,
                None,
                ("www.example.org", 443, "1.1.1.1"),
                HostAccess::Fetch,
                "p.toml:3 opens it in `hosts.fetch`",
            ),
            (
                &remote,
                None,
                ("www.example.org", 443, "1.1.1.1"),
                HostAccess::Fetch,
                "p.toml:3 opens it in `hosts.fetch`",
            ),
            (
                &local,
                None,
                ("www.example.org", 443, "10.1.0.1"),
                HostAccess::Fetch,
                "p.toml:3 leaves it out of `hosts.fetch`",
            ),
            (
                &local,
                None,
                ("www.example.org", 443, "127.0.0.1"),
                HostAccess::Fetch,
                "p.toml:3 leaves it out of `hosts.fetch`",
            ),
            (&local, None, ("wiki", 8080, "10.1.0.1"), HostAccess::Fetch, "p.toml:3 opens it in `hosts.fetch`"),
            (&local, None, ("wiki", 22, "10.1.0.1"), HostAccess::Fetch, "p.toml:3 leaves it out of `hosts.fetch`"),
            (
                &local,
                None,
                ("other.example", 443, "1.1.1.1"),
                HostAccess::Fetch,
                "p.toml:3 leaves it out of `hosts.fetch`",
            ),
            (
                &local,
                None,
                ("bad.example.org", 443, "1.1.1.1"),
                HostAccess::Fetch,
                "p.toml:5 names bad.example.org in `hosts.deny`",
            ),
            (
                &local,
                None,
                ("bad.example.org", 0, "1.1.1.1"),
                HostAccess::Probe,
                "p.toml:5 names bad.example.org in `hosts.deny`",
            ),
            (&local, None, ("wiki", 8080, "10.1.9.1"), HostAccess::Fetch, "p.toml:6 names 10.1.9.0/24 in `hosts.deny`"),
            (
                &local,
                None,
                ("x.example", 1, "64:ff9b::10.1.9.1"),
                HostAccess::Probe,
                "p.toml:6 names 10.1.9.0/24 in `hosts.deny`",
            ),
            (&local, None, ("nas", 0, "192.168.0.1"), HostAccess::Probe, "p.toml:4 leaves it out of `hosts.probe`"),
            (
                &remote,
                Some(&own),
                ("www.example.org", 443, "1.1.1.1"),
                HostAccess::Fetch,
                "p.toml:9 opens it in `hosts.fetch`",
            ),
            (
                &remote,
                Some(&own),
                ("api.example.org", 443, "1.1.1.1"),
                HostAccess::Fetch,
                "p.toml:9 leaves it out of `hosts.fetch`",
            ),
        ] {
            assert_eq!(verdict(&some, own, who, host, access), rule, "{host:?}");
        }
    }

    /// Who asks a name learns what kind of address it has, and so what the owner would have to name; never the address.
    #[test]
    fn a_refusal_says_what_kind_of_address_the_host_has() {
        let none = HostRules::default();
        let named = HostRules { fetch: list(["*.example.org"], 3), ..HostRules::default() };
        for (rules, address, said) in [
            (&none, "10.1.2.3", "the host is none of those that are open; its address is one of a private network"),
            (&none, "127.0.0.1", "the host is none of those that are open; its address is this machine's own"),
            (&named, "10.1.2.3", "the host is none of those that are open; its address is one of a private network"),
        ] {
            let resource = Resource::Host {
                host: Host::parse("www.example.org").unwrap(),
                port: Some(443),
                addresses: vec![address.parse().unwrap()],
                access: HostAccess::Fetch,
            };
            let denial = rules.check_resource(&Principal::local(), None, &resource).unwrap_err();
            assert_eq!(denial.message, said, "{address}");
            assert!(!format!("{denial:?}").contains(address), "{denial:?}");
            assert!(denial.remedy.is_some(), "{denial:?}");
        }
    }

    #[test]
    fn attack_what_this_server_serves_is_not_fetched() {
        let all = |own: &str| HostRules {
            fetch: list(["0.0.0.0/0", "::/0"], 3),
            own: vec![own.parse().unwrap()],
            own_names: vec![(Host::parse("desk.example.org").unwrap(), 8443)],
            ..HostRules::default()
        };
        for (own, host, shut) in [
            ("127.0.0.1:8443", ("localhost", 8443, "127.0.0.1"), true),
            ("127.0.0.1:8443", ("x.example", 8443, "127.8.8.8"), true),
            ("127.0.0.1:8443", ("x.example", 8443, "::1"), true),
            ("127.0.0.1:8443", ("x.example", 8444, "127.0.0.1"), false),
            ("127.0.0.1:8443", ("x.example", 8443, "10.0.0.1"), false),
            ("10.0.0.1:8443", ("x.example", 8443, "::ffff:10.0.0.1"), true),
            ("0.0.0.0:8443", ("x.example", 8443, "192.168.0.9"), true),
            ("[::]:8443", ("x.example", 8443, "fd00::1"), true),
            ("[::]:8443", ("x.example", 8443, "1.1.1.1"), false),
            ("[::]:8443", ("DESK.example.org", 8443, "1.1.1.1"), true),
        ] {
            let said = verdict(&all(own), None, &Principal::local(), host, HostAccess::Fetch);
            assert_eq!(said.starts_with("what this server serves itself"), shut, "{own} {host:?}: {said}");
            let said = verdict(&all(own), None, &Principal::local(), host, HostAccess::Probe);
            assert!(!said.starts_with("what this server serves itself"), "{said}");
        }
    }

    /// A name that no rule could open is not even looked up: its servers would learn what the caller put into it.
    #[test]
    fn attack_a_name_that_nothing_opens_is_not_looked_up() {
        let (local, remote) = (Principal::local(), Principal::key("k", Scope::ALL));
        let none = HostRules::default();
        let named = HostRules { fetch: list(["*.example.org"], 3), ..HostRules::default() };
        let networks = HostRules {
            fetch: list(["10.0.0.0/8"], 3),
            deny: vec![Valued::new("*.evil.example".parse().unwrap(), at(4))],
            ..HostRules::default()
        };
        for (rules, who, host, open) in [
            (&none, &local, "secret.evil.example", true),
            (&none, &remote, "secret.evil.example", false),
            (&none, &remote, "10.0.0.1", true),
            (&named, &local, "www.example.org", true),
            (&named, &local, "secret.evil.example", false),
            (&named, &local, "example.org.evil.example", false),
            (&networks, &local, "wiki", true),
            (&networks, &local, "secret.evil.example", false),
        ] {
            let found = rules.check_name(who, None, &Host::parse(host).unwrap(), HostAccess::Fetch);
            assert_eq!(found.is_ok(), open, "{host}: {found:?}");
        }
    }
}
