//! Hosts, addresses and the rules about them: a host has one form that reads the same, and neither a pattern nor a default
//! ever opens a metadata service, however its address is written or wrapped.
#![no_main]

use portcullis_model::{AddressClass, Host, HostAccess, HostPattern, Principal, Resource};
use portcullis_policy::{Approval, FilterSpec, HostRules, Rules, ToolFilter};
use std::net::{IpAddr, Ipv6Addr};

fn is_class(address: IpAddr, class: AddressClass) -> bool {
    AddressClass::of(address) == class
}

libfuzzer_sys::fuzz_target!(|input: (&str, &str, u128, Option<u16>)| {
    let (host, pattern, bits, port) = input;
    let mut addresses = vec![IpAddr::V6(Ipv6Addr::from_bits(bits))];
    if let Ok(host) = Host::parse(host) {
        assert_eq!(Host::parse(&host.to_string()), Ok(host.clone()));
        assert_eq!(Host::parse(&host.in_url()), Ok(host.clone()));
        // Nobody else reads an address where we read a name.
        assert!(host.as_name().is_none_or(|name| name.parse::<IpAddr>().is_err()));
        addresses.extend(host.as_address());
        let pattern = pattern.parse::<HostPattern>().ok();
        if let Some(pattern) = &pattern {
            assert_eq!(pattern.to_string().parse().as_ref(), Ok(pattern));
            assert!(pattern.opens_within(pattern) && pattern.is_kept_by(pattern));
        }
        let list = portcullis_policy::roots(pattern.clone(), &portcullis_model::Origin::Default);
        let rules = HostRules { fetch: list.clone(), probe: list, ..HostRules::default() };
        let filter = ToolFilter::resolve(&FilterSpec::default(), &[]).expect("an empty filter is in order");
        for (rules, said) in [(HostRules::default(), None), (rules, pattern)] {
            let rules = Rules::new(filter.clone(), Approval::Never, 1).with_hosts(rules);
            for address in &addresses {
                for access in [HostAccess::Fetch, HostAccess::Probe] {
                    let one = vec![*address];
                    let resource = Resource::Host { host: host.clone(), port, addresses: one, access };
                    let opened = rules.check_host(&Principal::local(), &resource).is_ok();
                    assert!(!opened || !is_class(*address, AddressClass::Metadata));
                    let by_default = said.is_none() && access == HostAccess::Fetch;
                    assert!(!opened || !by_default || is_class(*address, AddressClass::Public));
                    assert!(!opened || said.as_ref().is_none_or(|said| said.opens(&host, port, *address)));
                }
            }
        }
    }
});
