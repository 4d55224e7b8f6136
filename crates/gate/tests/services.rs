//! The service tools behind the gate, on the fake desktop: what is listed, what is waited for, and what is never stopped.
//! winremote-mcp stops a service with all that need it, and tells what PowerShell printed as success.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod common;

use common::{gate_with, open_gate};
use portcullis_gate::{Call, Gate};
use portcullis_model::{Cancel, Fault, FaultCode, Part, Principal, Reply, Standing};
use portcullis_platform::{ServiceStartType, ServiceState};
use portcullis_platform_fake::{Call as PortCall, FakeDesktop, ServiceHabit};
use portcullis_policy::{Approval, FilterSpec};
use serde_json::{Value, json};

/// A base that two services need, one of them needed by a third, and one beside them.
fn desktop() -> FakeDesktop {
    let desktop = FakeDesktop::new();
    desktop.add_service("Base", "The Base", &[]);
    desktop.add_service("Middle", "In the Middle", &["Base"]);
    desktop.add_service("Top", "On Top", &["middle"]);
    desktop.add_service("Other", "Another", &[]);
    desktop
}

fn running(desktop: &FakeDesktop, names: &[&str]) {
    for (number, name) in names.iter().enumerate() {
        desktop.run_service(name, 900 + u32::try_from(number).unwrap());
    }
}

fn gate(desktop: &FakeDesktop) -> Gate {
    open_gate(desktop, Approval::Never, |rules| rules)
}

fn call(gate: &Gate, tool: &str, arguments: Value) -> Result<Reply, Fault> {
    gate.call(Call { principal: Principal::local(), tool: tool.to_owned(), arguments, cancel: Cancel::new() })
}

/// What an action answers, as one line.
fn act(gate: &Gate, tool: &str, arguments: Value) -> String {
    match call(gate, tool, arguments) {
        Ok(Reply::View { parts, .. }) => match parts.first() {
            Some(Part::Text(text)) => text.clone(),
            other => panic!("{other:?}"),
        },
        Ok(other) => panic!("{other:?}"),
        Err(fault) => fault.to_string(),
    }
}

fn list(gate: &Gate, arguments: Value) -> Value {
    match call(gate, "ServiceList", arguments).unwrap() {
        Reply::Data(value) => value,
        other => panic!("{other:?}"),
    }
}

fn states(desktop: &FakeDesktop) -> Vec<ServiceState> {
    ["Base", "Middle", "Top", "Other"].into_iter().filter_map(|name| desktop.service_state(name)).collect()
}

#[test]
fn services_are_listed_by_name_state_start_and_process_a_page_at_a_time() {
    let desktop = desktop();
    running(&desktop, &["Middle", "Base"]);
    desktop.set_service_start("Other", ServiceStartType::Disabled);
    let gate = gate(&desktop);
    let names = |arguments: Value| {
        let page = list(&gate, arguments);
        let names =
            page["services"].as_array().unwrap().iter().map(|service| service["name"].as_str().unwrap().to_owned());
        (names.collect::<Vec<_>>().join(" "), page["matching"].as_u64().unwrap(), page["next_offset"].as_u64())
    };
    for (arguments, found) in [
        (json!({}), ("Base Middle Other Top", 4, None)),
        (json!({ "filter": "THE" }), ("Base Middle Other", 3, None)),
        (json!({ "state": "running" }), ("Base Middle", 2, None)),
        (json!({ "state": "stopped", "start_type": "manual" }), ("Top", 1, None)),
        (json!({ "start_type": "disabled" }), ("Other", 1, None)),
        (json!({ "pid": 900 }), ("Middle", 1, None)),
        (json!({ "limit": 3 }), ("Base Middle Other", 4, Some(3))),
        (json!({ "limit": 3, "offset": 3 }), ("Top", 4, None)),
        (json!({ "filter": "nothing" }), ("", 0, None)),
    ] {
        let (said, matching, next) = names(arguments.clone());
        assert_eq!((said.as_str(), matching, next), found, "{arguments}");
    }
    let one = list(&gate, json!({ "filter": "middle" }))["services"][0].clone();
    let wanted = json!({
        "name": "Middle", "display_name": "In the Middle", "state": "running", "start_type": "manual", "pid": 900,
        "accepts_stop": true,
    });
    assert_eq!(one, wanted);
    let past = call(&gate, "ServiceList", json!({ "offset": 5 })).unwrap_err();
    assert_eq!((past.code, past.field.as_deref()), (FaultCode::BadArgument, Some("offset")));
}

#[test]
fn a_start_is_waited_for_and_told_by_what_it_came_to() {
    let desktop = desktop();
    let gate = gate(&desktop);
    let start = |name: &str| act(&gate, "ServiceStart", json!({ "name": name, "timeout": 1 }));
    let told = start("base");
    assert!(told.starts_with("confirmed: base runs, in process "), "{told}");
    assert_eq!(desktop.service_state("Base"), Some(ServiceState::Running));
    let told = start("BASE");
    assert!(told.starts_with("no_effect: base runs already, in process "), "{told}");
    desktop.set_service_habit("Middle", ServiceHabit::AfterLooks(3));
    let told = start("Middle");
    assert!(told.starts_with("confirmed: middle runs"), "{told}");
    for (habit, said) in [
        (ServiceHabit::Fails(1_067), "system_error: other started and stopped again, with exit code 1067"),
        (ServiceHabit::Shut, "denied: Windows refuses the service"),
        (ServiceHabit::Slow, "unverified: other was told, and is start_pending after 0.2 s"),
    ] {
        desktop.set_service_habit("Other", habit);
        let told = act(&gate, "ServiceStart", json!({ "name": "Other", "timeout": 0.2 }));
        assert!(told.starts_with(said), "{habit:?}: {told}");
    }
    desktop.set_service_start("Top", ServiceStartType::Disabled);
    let told = start("Top");
    assert!(told.starts_with("disabled: the service is disabled"), "{told}");
    let told = start("Absent");
    assert!(told.starts_with("not_found: there is no such service"), "{told}");
}

#[test]
fn a_stop_names_what_needs_the_service_and_stops_it_only_when_asked() {
    use ServiceState::{Running, Stopped};
    let desktop = desktop();
    running(&desktop, &["Base", "Middle", "Top", "Other"]);
    let gate = gate(&desktop);
    let stop = |arguments: Value| act(&gate, "ServiceStop", arguments);
    let told = stop(json!({ "name": "Base" }));
    assert!(told.starts_with("bad_argument: 2 services that run need base"), "{told}");
    assert!(told.contains("say `dependents: true`") && told.contains("nearest: top, middle"), "{told}");
    assert_eq!(states(&desktop), [Running; 4], "nothing has stopped");
    let told = stop(json!({ "name": "base", "dependents": true }));
    assert_eq!(told, "confirmed: top has stopped; middle has stopped; base has stopped");
    assert_eq!(states(&desktop), [Stopped, Stopped, Stopped, Running]);
    let told = stop(json!({ "name": "Base", "dependents": true }));
    assert_eq!(told, "no_effect: base does not run");
    desktop.set_service_habit("Other", ServiceHabit::AfterLooks(3));
    assert_eq!(stop(json!({ "name": "Other" })), "confirmed: other has stopped");
    for (habit, said) in [
        (ServiceHabit::Unstoppable, "not_operable: other: the service does not take the word to stop now"),
        (ServiceHabit::Shut, "denied: Windows refuses the service"),
        (ServiceHabit::Slow, "unverified: other was told, and is stop_pending after 0.2 s"),
    ] {
        running(&desktop, &["Other"]);
        desktop.set_service_habit("Other", habit);
        let told = stop(json!({ "name": "Other", "timeout": 0.2 }));
        assert!(told.starts_with(said), "{habit:?}: {told}");
    }
}

#[test]
fn as_many_services_stop_at_once_as_the_cap_says_and_no_more() {
    let desktop = desktop();
    running(&desktop, &["Base"]);
    for number in 0..51 {
        let name = format!("Needs{number}");
        desktop.add_service(&name, &name, &["Base"]);
        desktop.run_service(&name, 2_000);
    }
    let gate = gate(&desktop);
    let told = act(&gate, "ServiceStop", json!({ "name": "Base", "dependents": true }));
    assert!(told.starts_with("bad_argument: 1 services that run need base"), "{told}");
    assert!(told.contains("one call stops at most 50 services"), "{told}");
    assert_eq!(desktop.service_state("Base"), Some(ServiceState::Running));
    let told = act(&gate, "ServiceStop", json!({ "name": "Needs0" }));
    assert!(told.starts_with("confirmed: "), "{told}");
    let told = act(&gate, "ServiceStop", json!({ "name": "Base", "dependents": true }));
    assert!(told.starts_with("confirmed: ") && told.matches("has stopped").count() == 51, "{told}");
}

#[test]
fn what_began_to_need_the_service_meanwhile_is_not_stopped() {
    let desktop = desktop();
    running(&desktop, &["Base"]);
    let gate = gate(&desktop);
    desktop.before_next(PortCall::ServiceStatus, |desktop| desktop.run_service("Middle", 901));
    let told = act(&gate, "ServiceStop", json!({ "name": "Base", "dependents": true }));
    assert!(told.starts_with("bad_argument: 1 services that run need base"), "{told}");
    assert_eq!(desktop.service_state("Base"), Some(ServiceState::Running));
}

#[test]
fn attack_services_that_the_server_lives_in_or_that_guard_the_machine_are_refused() {
    let desktop = desktop();
    let gate = gate(&desktop);
    let both = |name: &str| {
        let answers =
            [("ServiceStart", json!({ "name": name })), ("ServiceStop", json!({ "name": name, "dependents": true }))];
        answers.map(|(tool, arguments)| act(&gate, tool, arguments))
    };
    for standing in [Standing::Ours, Standing::Client, Standing::Critical] {
        running(&desktop, &["Base", "Top"]);
        desktop.set_service_standing("Top", standing);
        for told in both("Top") {
            assert!(
                told.starts_with("denied: ") && told.contains("no configuration lifts this"),
                "{standing:?}: {told}"
            );
        }
        // Also as one that needs the service that is named.
        desktop.run_service("Middle", 902);
        let told = act(&gate, "ServiceStop", json!({ "name": "Base", "dependents": true }));
        assert!(told.starts_with("denied: ") && told.contains("no configuration lifts this"), "{standing:?}: {told}");
        assert_eq!(desktop.service_state("Base"), Some(ServiceState::Running));
    }
    for name in ["WinDefend", "MPSSVC", "EventLog", "rpcss", "BFE", "SamSs"] {
        desktop.add_service(name, name, &[]);
        desktop.run_service(name, 950);
        for told in both(name) {
            assert!(told.starts_with("denied: Windows cannot go on without"), "{name}: {told}");
        }
        assert_eq!(desktop.service_state(name), Some(ServiceState::Running));
    }
}

#[test]
fn attack_a_service_that_becomes_ours_between_plan_and_act_is_not_touched() {
    let desktop = desktop();
    running(&desktop, &["Other"]);
    let gate = gate(&desktop);
    desktop.before_next(PortCall::ServiceStatus, |desktop| desktop.set_service_standing("Other", Standing::Ours));
    let told = act(&gate, "ServiceStop", json!({ "name": "Other" }));
    assert!(told.starts_with("denied: "), "{told}");
    assert_eq!(desktop.service_state("Other"), Some(ServiceState::Running));
}

#[test]
fn bad_names_are_answered_with_rule_and_remedy() {
    let gate = gate(&desktop());
    for (name, said) in [
        ("", "1 to 256 characters"),
        ("B*", "named whole"),
        ("Bas?", "named whole"),
        (r"\\machine\Base", "named whole"),
        (" Base", "a space"),
        ("The Base", "not_found: "),
        ("Bas", "not_found: "),
    ] {
        for tool in ["ServiceStart", "ServiceStop"] {
            let told = act(&gate, tool, json!({ "name": name }));
            assert!(told.contains(said), "{tool} {name:?}: {told}");
        }
    }
    for (tool, arguments, said) in [
        ("ServiceStart", json!({ "name": "Base", "dependents": true }), "unknown_argument: "),
        ("ServiceStart", json!({ "name": "Base", "timeout": 121 }), "from 0 to 120"),
        ("ServiceStop", json!({ "name": "Base", "force": true }), "unknown_argument: "),
        ("ServiceStop", json!({}), "`name` is missing"),
        ("ServiceList", json!({ "state": "crashed" }), "unknown variant"),
        ("ServiceList", json!({ "limit": 0 }), "from 1 to 500"),
    ] {
        let told = act(&gate, tool, arguments.clone());
        assert!(told.contains(said), "{tool} {arguments}: {told}");
    }
}

#[test]
fn without_tier_3_services_are_listed_and_not_touched() {
    let desktop = desktop();
    running(&desktop, &["Other"]);
    let gate = gate_with(&desktop, &FilterSpec::default(), Approval::Never, |rules| rules);
    assert_eq!(list(&gate, json!({}))["total"], 4);
    for tool in ["ServiceStart", "ServiceStop"] {
        assert_eq!(call(&gate, tool, json!({ "name": "Other" })).unwrap_err().code, FaultCode::NotEnabled);
    }
    assert_eq!(desktop.service_state("Other"), Some(ServiceState::Running));
}
