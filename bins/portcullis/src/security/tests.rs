//! Facts, and the rows that they are judged to be: once as safe as can be, and then each way of being less so.

use super::*;
use portcullis_platform::FirewallRule;

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()
}

fn key(name: &str, days_old: Option<i64>, days_left: Option<i64>) -> Key {
    Key {
        name: name.to_owned(),
        created: days_old.map(|days| now() - Duration::days(days)),
        expires: days_left.map(|days| now() + Duration::days(days)),
        alters: false,
    }
}

fn http(address: &str, loopback: bool, allowlist: bool, tls_days: Option<i64>) -> Reach {
    let tls = tls_days.map(|days| Ok(now() + Duration::days(days)));
    Reach::Http { address: address.to_owned(), loopback, allowlist, tls }
}

fn safe() -> Facts {
    Facts {
        now: now(),
        keys: Ok(vec![key("ci", Some(1), Some(80))]),
        reach: http("127.0.0.1:8090", true, false, None),
        firewall: Ok(Firewall { on: true, rule: None }),
        tier3: false,
        gates: Vec::new(),
        rights: Ok(None),
        rights_allowed: false,
        audit: Ok((2, None)),
        writable: Vec::new(),
        looked_at: 5,
        targets: Vec::new(),
        edition: Ok(Edition::Workstation),
    }
}

fn rule(lets_in: bool, from_anywhere: bool) -> Result<Firewall, PortFault> {
    Ok(Firewall { on: true, rule: Some(FirewallRule { lets_in, from_anywhere }) })
}

fn target(pinned: bool, lies: Lies) -> Target {
    Target { path: r"C:\Apps\One.exe".to_owned(), pinned, lies }
}

fn unsupported() -> PortFault {
    PortFault::Unsupported("tell".to_owned())
}

fn told(row: &Row) -> String {
    let level = serde_json::to_value(row.level).unwrap();
    let fix = row.fix.as_ref().map_or(String::new(), |fix| format!(" -> {fix}"));
    format!("{} {}: {}{fix}", level.as_str().unwrap(), row.what, row.found)
}

/// The rows that differ from those of the safest facts.
fn changed(facts: Facts) -> String {
    let safest: Vec<String> = judged(&safe()).iter().map(told).collect();
    let rows = judged(&facts);
    let lines: Vec<String> = rows.iter().map(told).filter(|line| !safest.contains(line)).collect();
    lines.join("\n")
}

#[test]
fn what_is_as_safe_as_can_be_passes_in_every_row() {
    let rows = judged(&safe());
    assert!(rows.iter().all(|row| row.level == Level::Pass && row.fix.is_none()), "{rows:?}");
    insta::assert_snapshot!(rows.iter().map(told).collect::<Vec<_>>().join("\n"));
}

#[test]
fn each_finding_has_its_level_and_its_fix() {
    let lan = |allowlist, tls| http("192.168.1.2:8090", false, allowlist, tls);
    let with = |change: fn(&mut Facts)| {
        let mut facts = safe();
        change(&mut facts);
        facts
    };
    let cases: Vec<(&str, Facts)> = vec![
        ("keys by age and end", {
            let keys = vec![
                key("default", None, None),
                key("old", Some(91), Some(10)),
                key("endless", Some(2), None),
                key("ended", Some(100), Some(-1)),
            ];
            Facts { keys: Ok(keys), ..safe() }
        }),
        ("no keys", with(|facts| facts.keys = Ok(Vec::new()))),
        ("keys that cannot be read", with(|facts| facts.keys = Err("http.key: too short".to_owned()))),
        ("stdio", with(|facts| facts.reach = Reach::Stdio)),
        ("the local network, narrowed", Facts { reach: lan(true, Some(300)), firewall: rule(true, false), ..safe() }),
        ("the local network, wide", Facts { reach: lan(false, Some(20)), firewall: rule(true, true), ..safe() }),
        ("the local network, no rule", Facts { reach: lan(true, Some(-1)), ..safe() }),
        ("the local network, plain", Facts { reach: lan(true, None), firewall: rule(true, false), ..safe() }),
        ("a certificate that cannot be read", {
            let reach = Reach::Http {
                address: "127.0.0.1:1".to_owned(),
                loopback: true,
                allowlist: false,
                tls: Some(Err("x.pem: it holds no certificate in PEM".to_owned())),
            };
            Facts { reach, ..safe() }
        }),
        ("a firewall that is off", with(|facts| facts.firewall = Ok(Firewall { on: false, rule: None }))),
        ("a rule for nobody", Facts { firewall: rule(true, true), ..safe() }),
        ("a rule that lets nothing in", Facts { firewall: rule(false, true), ..safe() }),
        ("tier 3", with(|facts| facts.tier3 = true)),
        ("tier 3 for a key", {
            let alters = Key { alters: true, ..key("ci", Some(1), Some(80)) };
            Facts { tier3: true, keys: Ok(vec![alters]), ..safe() }
        }),
        ("gates", with(|facts| facts.gates = vec!["viewmodel", "injection"])),
        ("targets that are kept", with(|facts| facts.targets = vec![target(true, Lies::Kept)])),
        ("targets that others can write", {
            let why = || Lies::Writable(r"C:\Apps\One.exe cannot be trusted: others can write it".to_owned());
            Facts { targets: vec![target(true, why()), target(false, Lies::Nowhere)], ..safe() }
        }),
        ("targets that are odd", {
            let targets = vec![target(true, Lies::Nowhere), target(true, Lies::Host), target(false, Lies::Kept)];
            Facts { targets, ..safe() }
        }),
        ("elevated and allowed", with(|facts| (facts.rights, facts.rights_allowed) = (Ok(Some("elevated")), true))),
        ("elevated and refused", with(|facts| facts.rights = Ok(Some("as SYSTEM")))),
        ("allowed without need", with(|facts| facts.rights_allowed = true)),
        ("no record", with(|facts| facts.audit = Ok((0, None)))),
        ("a broken record", with(|facts| facts.audit = Ok((1, Some("a.jsonl, line 3: changed".to_owned()))))),
        ("a record without its key", with(|facts| facts.audit = Err("audit.key: not there".to_owned()))),
        ("files", with(|facts| facts.writable = vec!["p.toml: others can write it".to_owned()])),
        ("a server", with(|facts| facts.edition = Ok(Edition::Server))),
        ("several people", with(|facts| facts.edition = Ok(Edition::MultiUser))),
        (
            "what cannot be asked",
            with(|facts| {
                facts.rights = Err(unsupported());
                facts.edition = Err(unsupported());
                facts.firewall = Err(unsupported());
            }),
        ),
    ];
    let all: Vec<String> = cases.into_iter().map(|(what, facts)| format!("== {what}\n{}", changed(facts))).collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn the_end_of_a_certificate_is_read_out_of_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("portcullis.crt");
    let made = portcullis_server::self_signed(&["desk.example.org".to_owned()], 40).unwrap();
    std::fs::write(&path, made.certificate).unwrap();
    let left = certificate_end(&path).unwrap() - OffsetDateTime::now_utc();
    assert!((38..=40).contains(&left.whole_days()), "{left}");
    std::fs::write(&path, "-----BEGIN NOTHING-----").unwrap();
    assert!(certificate_end(&path).unwrap_err().ends_with("it holds no certificate in PEM"));
}
