//! The tools of the network behind the gate, on the fake desktop: what is answered, and every way by which a host could be
//! reached that no rule opens. winremote-mcp and Windows-MCP ask any host.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod common;

use common::{at, open_gate};
use portcullis_gate::{Call, Gate};
use portcullis_model::{Cancel, Fault, Principal, Reply, Scope, Valued};
use portcullis_platform_fake::{Call as PortCall, FakeDesktop, Trouble};
use portcullis_policy::{Approval, HostRules, roots};
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};

fn socket(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn gate(desktop: &FakeDesktop, hosts: HostRules) -> Gate {
    open_gate(desktop, Approval::Never, |rules| rules.with_hosts(hosts))
}

fn call(gate: &Gate, principal: Principal, tool: &str, arguments: Value) -> Result<Value, Fault> {
    match gate.call(Call { principal, tool: tool.to_owned(), arguments, cancel: Cancel::new() })? {
        Reply::Data(value) => Ok(value),
        other => panic!("{other:?}"),
    }
}

fn local(gate: &Gate, tool: &str, arguments: Value) -> Result<Value, Fault> {
    call(gate, Principal::local(), tool, arguments)
}

#[test]
fn each_address_of_a_host_is_asked_and_told() {
    let (desktop, listener) = (FakeDesktop::demo(), TcpListener::bind("127.0.0.1:0").unwrap());
    desktop.put_host("nas", &["192.168.1.7", "fd00::7"]);
    desktop.put_route(socket("[fd00::7]:445"), listener.local_addr().unwrap());
    desktop.put_answering("192.168.1.7".parse().unwrap());
    let gate = gate(&desktop, HostRules::default());
    let told = local(&gate, "PortCheck", json!({ "host": "NAS.", "port": 445 })).unwrap();
    assert_eq!((&told["open"], &told["host"]), (&json!(true), &json!("nas")), "{told}");
    let states: Vec<_> = told["addresses"].as_array().unwrap().iter().map(|a| (&a["address"], &a["state"])).collect();
    assert_eq!(states, [(&json!("192.168.1.7"), &json!("closed")), (&json!("fd00::7"), &json!("open"))]);
    let told = local(&gate, "Ping", json!({ "host": "nas", "count": 2 })).unwrap();
    assert_eq!((&told["sent"], &told["answered"], &told["address"]), (&json!(2), &json!(2), &json!("192.168.1.7")));
    let told = local(&gate, "Ping", json!({ "host": "fd00::9", "count": 1 })).unwrap();
    assert_eq!((&told["answered"], &told["echoes"][0]["result"]), (&json!(0), &json!("silent")), "{told}");
    let unknown = local(&gate, "Ping", json!({ "host": "nobody" })).unwrap_err();
    assert!(unknown.to_string().starts_with("not_found: no address is known"), "{unknown}");
}

#[test]
fn attack_no_writing_of_a_host_leads_around_the_rules() {
    let desktop = FakeDesktop::demo();
    desktop.put_host("metadata.google.internal", &["169.254.169.254"]);
    desktop.put_host("two.example", &["192.168.1.7", "169.254.169.254"]);
    desktop.put_host("public.example", &["1.1.1.1"]);
    desktop.put_host("kept.example", &["192.168.1.9"]);
    let deny =
        vec![Valued::new("192.168.1.9".parse().unwrap(), at(4)), Valued::new("*.evil.example".parse().unwrap(), at(5))];
    let gate = gate(&desktop, HostRules { deny, ..HostRules::default() });
    for (host, rule) in [
        ("169.254.169.254", "such an address is refused to all"),
        ("[::ffff:a9fe:a9fe]", "such an address is refused to all"),
        ("64:ff9b::169.254.169.254", "such an address is refused to all"),
        ("2002:a9fe:a9fe::1", "such an address is refused to all"),
        ("fd00:ec2::254", "such an address is refused to all"),
        ("metadata.google.internal", "such an address is refused to all"),
        ("two.example", "such an address is refused to all"),
        ("0.0.0.0", "such an address is refused to all"),
        ("255.255.255.255", "such an address is refused to all"),
        ("public.example", "nobody says `hosts.probe`"),
        ("1.1.1.1", "nobody says `hosts.probe`"),
        ("100.64.0.1", "nobody says `hosts.probe`"),
        ("2002:c0a8:107::1", "nobody says `hosts.probe`"),
        ("192.168.1.9", "p.toml:4 names 192.168.1.9"),
        ("::ffff:192.168.1.9", "p.toml:4 names 192.168.1.9"),
        ("kept.example", "p.toml:4 names 192.168.1.9"),
        ("secret.evil.example", "p.toml:5 names *.evil.example"),
        ("3232235783", "an IPv4 address is four decimal numbers"),
        ("0300.0250.1.7", "an IPv4 address is four decimal numbers"),
        ("0xc0a80107", "an IPv4 address is four decimal numbers"),
        ("192.168.263", "an IPv4 address is four decimal numbers"),
        ("１９２.168.1.7", "an IPv4 address is four decimal numbers"),
        ("me:secret@192.168.1.7", "a host is written without user and password"),
        ("http://192.168.1.7/", "a host stands alone"),
        ("192.168.1.7:22", "what has colons is one IPv6 address"),
        ("fe80::1%2", "a host has no escapes and no zone"),
        ("192.168.1.7 -n 100", "a host's name has letters"),
        ("192.168.1.7;calc", "a host's name has letters"),
        ("*", "a host's name has letters"),
        ("", "a host is not empty"),
    ] {
        for (tool, arguments) in [("Ping", json!({ "host": host })), ("PortCheck", json!({ "host": host, "port": 80 }))]
        {
            let fault = local(&gate, tool, arguments).unwrap_err();
            let said = fault.rule.clone().unwrap_or_default();
            assert!(said.starts_with(rule), "{tool} {host}: {said}");
            assert!(fault.remedy.is_some() || said.contains("no configuration lifts this"), "{fault:?}");
        }
    }
    assert_eq!(desktop.connected(), []);
    // What a rule about names refuses is not looked up: its servers would learn what the caller put into it.
    assert!(!desktop.lookups().iter().any(|name| name.contains("evil")), "{:?}", desktop.lookups());
}

/// The name leads elsewhere as soon as it was checked; it is looked up once, and what was checked is connected to.
#[test]
fn attack_rebinding_a_name_between_check_and_connection_changes_nothing() {
    let desktop = FakeDesktop::demo();
    desktop.put_host("rebind.example", &["192.168.1.7"]);
    desktop.put_host("rebind.example", &["169.254.169.254"]);
    let gate = gate(&desktop, HostRules::default());
    let told = local(&gate, "PortCheck", json!({ "host": "rebind.example", "port": 80 })).unwrap();
    assert_eq!(told["addresses"][0]["address"], "192.168.1.7");
    assert_eq!(
        (desktop.connected(), desktop.lookups()),
        (vec![socket("192.168.1.7:80")], vec!["rebind.example".to_owned()])
    );
    let refused = local(&gate, "PortCheck", json!({ "host": "rebind.example", "port": 80 })).unwrap_err();
    assert!(refused.rule.unwrap().starts_with("such an address is refused to all"));
    assert_eq!(desktop.connected().len(), 1);
}

#[test]
fn keys_ask_nobody_by_default_and_what_is_named_opens_its_port_alone() {
    let desktop = FakeDesktop::demo();
    desktop.put_host("nas", &["192.168.1.7"]);
    let key = || Principal::key("k", Scope::ALL);
    let shut = gate(&desktop, HostRules::default());
    let refused = call(&shut, key(), "Ping", json!({ "host": "nas" })).unwrap_err();
    assert!(refused.rule.unwrap().starts_with("nobody says `hosts.probe`"));
    assert_eq!(desktop.lookups(), Vec::<String>::new());
    let probe = roots(["192.168.1.7:445".parse().unwrap()], &at(3));
    let open = gate(&desktop, HostRules { probe, ..HostRules::default() });
    assert!(call(&open, key(), "PortCheck", json!({ "host": "nas", "port": 445 })).is_ok());
    for (tool, arguments) in [("PortCheck", json!({ "host": "nas", "port": 22 })), ("Ping", json!({ "host": "nas" }))] {
        let refused = call(&open, key(), tool, arguments).unwrap_err();
        assert_eq!(refused.rule.as_deref(), Some("p.toml:3 leaves it out of `hosts.probe`"));
    }
    let explained = open.explain(&key(), "PortCheck", json!({ "host": "nas", "port": 445 })).unwrap();
    assert_eq!(explained.call.rule.as_deref(), Some("the tier is open; p.toml:3 opens it in `hosts.probe`"));
}

#[test]
fn what_is_out_of_range_or_unknown_is_refused_with_the_rule() {
    let gate = gate(&FakeDesktop::demo(), HostRules::default());
    for (tool, arguments, said) in [
        ("Ping", json!({ "host": "127.0.0.1", "count": 0 }), "from 1 to 10"),
        ("Ping", json!({ "host": "127.0.0.1", "count": 11 }), "from 1 to 10"),
        ("Ping", json!({}), "it is required"),
        ("PortCheck", json!({ "host": "127.0.0.1" }), "it is required"),
        ("PortCheck", json!({ "host": "127.0.0.1", "port": 0 }), "from 1 to 65535"),
        ("PortCheck", json!({ "host": "127.0.0.1", "port": 65_536 }), "from 1 to 65535"),
        ("PortCheck", json!({ "host": "127.0.0.1", "port": 1, "timeout": 31 }), "from 0 to 30"),
        ("PortCheck", json!({ "host": "127.0.0.1", "ports": 1 }), "the tool takes"),
        ("NetConnections", json!({ "limit": 0 }), "from 1 to 1000"),
        ("NetConnections", json!({ "limit": 1_001 }), "from 1 to 1000"),
        ("NetConnections", json!({ "filter": "x".repeat(201) }), "at most 200 characters"),
    ] {
        let fault = local(&gate, tool, arguments.clone()).unwrap_err();
        assert!(fault.rule.clone().unwrap_or_default().contains(said), "{tool} {arguments}: {fault:?}");
    }
}

#[test]
fn connections_are_filtered_cut_and_paged_and_it_is_said() {
    let desktop = FakeDesktop::demo();
    for number in 0..60_u16 {
        let (near, far) = (SocketAddr::new(socket("10.0.0.1:0").ip(), 1_000 + number), socket("1.1.1.1:443"));
        desktop.put_connection(
            near,
            far,
            7 + u32::from(number % 2),
            if number % 2 == 0 { "one.exe" } else { "t\u{202e}wo.exe" },
        );
    }
    let gate = gate(&desktop, HostRules::default());
    let told = local(&gate, "NetConnections", json!({})).unwrap();
    assert_eq!(
        (told["connections"].as_array().unwrap().len(), &told["matching"], &told["total"]),
        (50, &json!(60), &json!(60))
    );
    let rest = local(&gate, "NetConnections", json!({ "offset": 50 })).unwrap();
    assert_eq!(
        (rest["connections"].as_array().unwrap().len(), &rest["connections"][0]["local"]),
        (10, &json!("10.0.0.1:1050"))
    );
    for (filter, matching) in
        [("ONE.exe", 30), ("pid 8", 30), ("pid", 0), (":1007", 1), ("established", 60), ("tcp", 60), ("udp", 0)]
    {
        let told = local(&gate, "NetConnections", json!({ "filter": filter })).unwrap();
        assert_eq!(told["matching"], matching, "{filter}");
    }
    let shown = local(&gate, "NetConnections", json!({ "filter": "pid 8", "limit": 1 })).unwrap().to_string();
    assert!(!shown.contains('\u{202e}'), "{shown}");
}

#[test]
fn a_host_that_never_answers_ends_with_the_call() {
    let desktop = FakeDesktop::demo();
    desktop.trouble(PortCall::Connect, Trouble::Block);
    let gate = gate(&desktop, HostRules::default());
    let fault = local(&gate, "PortCheck", json!({ "host": "192.168.1.7", "port": 80, "timeout": 0.05 })).unwrap_err();
    assert!(fault.to_string().starts_with("timed_out"), "{fault}");
}
