//! EventLog behind the gate, on the fake desktop: which query Windows would be asked, what is told of an event, and what bad
//! input gets. The log itself is not verified on real Windows.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod common;

use common::{gate_with, open_gate};
use portcullis_gate::{Call, Gate};
use portcullis_model::{Cancel, Fault, FaultCode, Principal, Reply, Scope};
use portcullis_platform::{EventFault, PortFault};
use portcullis_platform_fake::{Call as PortCall, FakeDesktop, Trouble};
use portcullis_policy::{Approval, FilterSpec};
use serde_json::{Value, json};

fn event(number: usize) -> String {
    format!(
        "<Event><System><Provider Name='P'/><EventID>{number}</EventID><Level>2</Level><TimeCreated \
         SystemTime='2026-01-31T12:00:00.0000000Z'/><EventRecordID>{number}</EventRecordID></System></Event>"
    )
}

fn desktop() -> FakeDesktop {
    let desktop = FakeDesktop::new();
    for number in 1..=25 {
        desktop.log_event("System", &event(number), Some("it happened"));
    }
    desktop.log_event("Application", &event(1), None);
    desktop.log_event("Microsoft-Windows-TaskScheduler/Operational", &event(2), None);
    desktop
}

fn call(gate: &Gate, arguments: Value) -> Result<Reply, Fault> {
    gate.call(Call { principal: Principal::local(), tool: "EventLog".to_owned(), arguments, cancel: Cancel::new() })
}

fn page(gate: &Gate, arguments: Value) -> Value {
    match call(gate, arguments).unwrap() {
        Reply::Data(value) => value,
        other => panic!("{other:?}"),
    }
}

#[test]
fn events_come_newest_first_a_page_at_a_time() {
    let desktop = desktop();
    // Tier 1: what is open by default shows it.
    let gate = gate_with(&desktop, &FilterSpec::default(), Approval::Never, |rules| rules);
    let numbers = |page: &Value| -> Vec<u64> {
        page["events"].as_array().unwrap().iter().map(|event| event["record"].as_u64().unwrap()).collect()
    };
    let first = page(&gate, json!({}));
    assert_eq!((&first["channel"], numbers(&first).len(), &first["next_offset"]), (&json!("System"), 20, &json!(20)));
    assert_eq!(numbers(&first)[..2], [25, 24]);
    let second = page(&gate, json!({ "offset": 20 }));
    assert_eq!((numbers(&second), second.get("next_offset")), (vec![5, 4, 3, 2, 1], None));
    let wanted = json!({
        "record": 25, "time": "2026-01-31T12:00:00.0000000Z", "level": "error", "provider": "P", "id": 25,
        "message": "it happened",
    });
    assert_eq!(first["events"][0], wanted);
    let past = page(&gate, json!({ "offset": 400, "count": 200 }));
    assert!(numbers(&past).is_empty());
}

#[test]
fn a_filter_becomes_one_query_and_a_callers_own_stays_as_it_is() {
    let desktop = desktop();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let own = " *[System[(EventID=1) and Provider[@Name='a\"b']]] ";
    for (arguments, xpath) in [
        (json!({}), "*".to_owned()),
        (json!({ "level": "error" }), "*[System[(Level=2)]]".to_owned()),
        (json!({ "level": "information", "ids": [1, 2] }), "*[System[(Level=4 or Level=0) and (EventID=1 or EventID=2)]]".to_owned()),
        (json!({ "provider": "'] | *" }), "*[System[Provider[@Name=\"'] | *\"]]]".to_owned()),
        (
            json!({ "since": "2026-01-31T01:00:00+01:00", "until": "2026-02-01T00:00:00Z" }),
            "*[System[TimeCreated[@SystemTime>='2026-01-31T00:00:00.000Z' and @SystemTime<='2026-02-01T00:00:00.000Z']]]"
                .to_owned(),
        ),
        (json!({ "xpath": own }), own.to_owned()),
    ] {
        page(&gate, arguments.clone());
        let asked = desktop.event_queries().pop().unwrap();
        assert_eq!((asked.xpath, asked.offset, asked.most), (xpath, 0, 20), "{arguments}");
    }
    page(&gate, json!({ "log_name": "APPLICATION", "count": 3, "offset": 7 }));
    let asked = desktop.event_queries().pop().unwrap();
    assert_eq!((asked.channel.as_str(), asked.offset, asked.most), ("APPLICATION", 7, 3));
}

#[test]
fn attack_no_text_of_a_filter_leaves_its_place_in_the_query_or_names_a_file() {
    let desktop = desktop();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    for text in ["a' or 'b", "a\" or \"b", "'; calc.exe; '", "\u{2019}] or *[", "]]></Select>", "a' or \"b"] {
        let before = desktop.event_queries().len();
        let answer = call(&gate, json!({ "provider": text }));
        let Some(asked) = desktop.event_queries().get(before).cloned() else {
            assert_eq!(answer.unwrap_err().field.as_deref(), Some("provider"), "{text}");
            continue;
        };
        let literal =
            asked.xpath.strip_prefix("*[System[Provider[@Name=").and_then(|rest| rest.strip_suffix("]]]")).unwrap();
        let quote = literal.chars().next().unwrap();
        assert_eq!(literal.matches(quote).count(), 2, "{text}: {}", asked.xpath);
        assert_eq!(literal.trim_matches(quote), text);
    }
    let before = desktop.event_queries().len();
    for name in [r"C:\logs\x.evtx", r"\\host\share\x.evtx", "<QueryList/>", "Sys*", "", "System\0", " System"] {
        let refused = call(&gate, json!({ "log_name": name })).unwrap_err();
        assert_eq!((refused.code, refused.field.as_deref()), (FaultCode::BadArgument, Some("log_name")), "{name:?}");
    }
    let key = Principal::key("k", [Scope::Interact]);
    let call = Call { principal: key, tool: "EventLog".to_owned(), arguments: json!({}), cancel: Cancel::new() };
    assert_eq!(gate.call(call).unwrap_err().code, FaultCode::NotEnabled);
    assert_eq!(desktop.event_queries().len(), before);
}

#[test]
fn bad_input_is_answered_with_rule_and_remedy() {
    let desktop = desktop();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    for (arguments, said) in [
        (json!({ "log_name": "Aplication" }), "nearest: Application"),
        (json!({ "log_name": "Security" }), "not_found: there is no such channel"),
        (json!({ "xpath": "nonsense" }), "Windows refuses the query: an invalid query"),
        (json!({ "xpath": "*", "level": "error" }), "`xpath` stands in place of"),
        (json!({ "xpath": " " }), "field: xpath"),
        (json!({ "level": "fatal" }), "unknown variant"),
        (json!({ "since": "yesterday" }), "field: since"),
        (json!({ "until": "2026-01-31" }), "field: until"),
        (json!({ "ids": [65_536] }), "from 0 to 65535"),
        (json!({ "ids": vec![1; 17] }), "at most 16 items"),
        (json!({ "count": 201 }), "from 1 to 200"),
        (json!({ "offset": -1 }), "from 0 to 1000000"),
        (json!({ "filter": "x" }), "unknown_argument"),
    ] {
        let told = call(&gate, arguments.clone()).unwrap_err().to_string();
        assert!(told.contains(said), "{arguments}: {told}");
    }
    for (fault, code) in [
        (PortFault::from(EventFault::AccessDenied), FaultCode::Denied),
        (PortFault::Unsupported("read its event log".to_owned()), FaultCode::Unsupported),
        (PortFault::Hung, FaultCode::HungTarget),
    ] {
        desktop.trouble(PortCall::QueryEvents, Trouble::Fail(fault));
        let told = call(&gate, json!({})).unwrap_err();
        assert!(told.code == code && told.remedy.is_some(), "{told}");
    }
}
