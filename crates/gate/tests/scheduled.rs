//! The tools of scheduled tasks behind the gate, on the fake desktop: what the scheduler would be given, what is never changed,
//! and what bad input gets. What a real scheduler keeps is seen in the lab.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod common;

use common::{at, gate_with, open_gate};
use portcullis_gate::{Call, Gate};
use portcullis_model::{Cancel, Fault, FaultCode, Part, Principal, Reply, Valued};
use portcullis_platform::{PortFault, TaskFault, TaskLogon};
use portcullis_platform_fake::{Call as PortCall, FakeDesktop, Trouble};
use portcullis_policy::{Approval, FilterSpec, Restrictions};
use serde_json::{Value, json};

const NAMESPACE: &str = "http://schemas.microsoft.com/windows/2004/02/mit/task";

fn xml(command: &str) -> String {
    format!(
        "<Task xmlns=\"{NAMESPACE}\"><Triggers><BootTrigger/></Triggers><Principals><Principal><UserId>PC\\Anna</UserId>\
         <RunLevel>HighestAvailable</RunLevel></Principal></Principals><Actions><Exec><Command>{command}</Command>\
         <Arguments>/a</Arguments></Exec></Actions></Task>"
    )
}

fn desktop() -> FakeDesktop {
    let desktop = FakeDesktop::new();
    desktop.put_task(r"\Backup", &xml("backup.exe"));
    desktop.put_task(r"\Company\Report", "<Task><Settings><Enabled>false</Enabled></Settings></Task>");
    desktop.put_task(r"\Microsoft\Windows\Defrag\ScheduledDefrag", &xml("defrag.exe"));
    desktop
}

fn open(desktop: &FakeDesktop) -> Gate {
    open_gate(desktop, Approval::Never, |rules| rules)
}

fn call(gate: &Gate, tool: &str, arguments: Value) -> Result<Reply, Fault> {
    gate.call(Call { principal: Principal::local(), tool: tool.to_owned(), arguments, cancel: Cancel::new() })
}

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
    match call(gate, "TaskList", arguments).unwrap() {
        Reply::Data(value) => value,
        other => panic!("{other:?}"),
    }
}

#[test]
fn tasks_are_listed_by_path_and_state_a_page_at_a_time_and_one_with_its_definition() {
    let desktop = desktop();
    let gate = gate_with(&desktop, &FilterSpec::default(), Approval::Never, |rules| rules);
    let paths = |arguments: Value| {
        let page = list(&gate, arguments);
        let paths = page["tasks"].as_array().unwrap().iter().map(|task| task["path"].as_str().unwrap().to_owned());
        (paths.collect::<Vec<_>>().join(" "), page["matching"].as_u64().unwrap(), page["next_offset"].as_u64())
    };
    let defrag = r"\Microsoft\Windows\Defrag\ScheduledDefrag";
    for (arguments, found, matching, next) in [
        (json!({}), format!(r"\Backup \Company\Report {defrag}"), 3, None),
        (json!({ "filter": "COMPANY" }), r"\Company\Report".to_owned(), 1, None),
        (json!({ "state": "disabled" }), r"\Company\Report".to_owned(), 1, None),
        (json!({ "limit": 2 }), r"\Backup \Company\Report".to_owned(), 3, Some(2)),
        (json!({ "limit": 2, "offset": 2 }), defrag.to_owned(), 3, None),
        (json!({ "filter": "*" }), String::new(), 0, None),
    ] {
        assert_eq!(paths(arguments.clone()), (found, matching, next), "{arguments}");
    }
    let one = list(&gate, json!({ "name": "backup" }))["tasks"][0].clone();
    let wanted = json!({
        "path": "\\Backup", "state": "ready", "triggers": ["BootTrigger"], "actions": ["backup.exe /a"], "user": "PC\\Anna",
        "highest": true, "xml": xml("backup.exe"),
    });
    assert_eq!(one, wanted);
    assert!(list(&gate, json!({ "filter": "Backup" }))["tasks"][0].get("xml").is_none());
}

#[test]
fn a_task_is_registered_as_its_definition_and_read_back() {
    let desktop = desktop();
    let gate = open(&desktop);
    let told = act(
        &gate,
        "TaskCreate",
        json!({
            "name": "Nightly", "command": r"C:\work\a & b.exe", "arguments": "/x \"<y>\"", "schedule": "WEEKLY",
            "start": "2026-01-31T02:30", "every": 2, "days": ["fri", "mon", "fri"], "user": "SYSTEM", "highest": true,
        }),
    );
    assert!(
        told.starts_with(
            r"confirmed: \Nightly is registered; starts by CalendarTrigger StartBoundary=2026-01-31T02:30:00"
        ),
        "{told}"
    );
    let request = desktop.task_requests().pop().unwrap();
    assert_eq!((request.path.as_str(), request.logon, request.replace), (r"\Nightly", TaskLogon::Service, false));
    for part in [
        "<StartBoundary>2026-01-31T02:30:00</StartBoundary><ScheduleByWeek><DaysOfWeek><Friday/><Monday/></DaysOfWeek><WeeksInterval>2<",
        "<UserId>S-1-5-18</UserId><RunLevel>HighestAvailable</RunLevel>",
        "<Command>C:\\work\\a &amp; b.exe</Command><Arguments>/x \"&lt;y&gt;\"</Arguments>",
    ] {
        assert!(request.xml.contains(part), "{part}: {}", request.xml);
    }
    assert_eq!(desktop.task_xml(r"\Nightly").unwrap(), request.xml);

    // A definition of the caller's own goes to the scheduler as it is.
    let own = xml("tool.exe");
    let told = act(&gate, "TaskCreate", json!({ "name": r"\Company\Own", "xml": own }));
    assert!(told.starts_with(r"confirmed: \Company\Own is registered"), "{told}");
    assert_eq!(desktop.task_xml(r"\company\own").unwrap(), own);

    let again = json!({ "name": "Backup", "command": "other.exe", "schedule": "onlogon" });
    let told = act(&gate, "TaskCreate", again.clone());
    assert!(told.starts_with("bad_argument: there is a task of this path") && told.contains("overwrite"), "{told}");
    assert_eq!(desktop.task_xml("Backup").unwrap(), xml("backup.exe"), "nothing was lost");
    let mut over = again;
    over["overwrite"] = json!(true);
    assert!(act(&gate, "TaskCreate", over).starts_with("confirmed"));
    assert!(desktop.task_xml("Backup").unwrap().contains("other.exe"));
}

#[test]
fn a_task_is_deleted_whole_by_its_own_path() {
    let desktop = desktop();
    let gate = open(&desktop);
    for name in ["Report", "Company", r"\Company\Rep", "Backup2"] {
        let told = act(&gate, "TaskDelete", json!({ "name": name }));
        assert!(told.starts_with("not_found: there is no such task"), "{name}: {told}");
    }
    assert_eq!(act(&gate, "TaskDelete", json!({ "name": r"\COMPANY\report" })), r"confirmed: \COMPANY\report is gone");
    assert!(desktop.task_xml(r"\Company\Report").is_none() && desktop.task_xml("Backup").is_some());
    desktop.trouble(PortCall::FindTask, Trouble::Fail(PortFault::Hung));
    let told = act(&gate, "TaskDelete", json!({ "name": "Backup" }));
    assert!(told.starts_with(r"unverified: \Backup was deleted"), "{told}");
}

#[test]
fn attack_tasks_of_windows_and_of_this_server_are_neither_made_nor_deleted() {
    let desktop = desktop();
    desktop.put_task(r"\Portcullis\Start", &xml("portcullis.exe"));
    let gate = open(&desktop);
    let before = desktop.facts();
    for name in [
        r"\Microsoft\Windows\Defrag\ScheduledDefrag",
        r"microsoft\new",
        r"\MICROSOFT\Windows\x",
        "Microsoft",
        r"\Portcullis\Start",
        r"portcullis\x",
        "PORTCULLIS",
    ] {
        for (tool, arguments) in [
            ("TaskDelete", json!({ "name": name })),
            ("TaskCreate", json!({ "name": name, "command": "x.exe", "schedule": "onlogon", "overwrite": true })),
            ("TaskCreate", json!({ "name": name, "xml": xml("x.exe"), "overwrite": true })),
        ] {
            let told = act(&gate, tool, arguments);
            assert!(
                told.starts_with("denied: ") && told.contains("no configuration lifts this"),
                "{tool} {name}: {told}"
            );
        }
    }
    assert_eq!(desktop.changed_since(&before), []);
    let shut = gate_with(&desktop, &FilterSpec::default(), Approval::Never, |rules| rules);
    for tool in ["TaskCreate", "TaskDelete"] {
        assert_eq!(call(&shut, tool, json!({ "name": "Backup" })).unwrap_err().code, FaultCode::NotEnabled);
    }
}

#[test]
fn attack_a_list_of_programs_that_may_be_started_holds_for_tasks_in_whatever_form() {
    let desktop = desktop();
    let only = Valued::new(vec![Valued::new(r"C:\work\ok.exe".to_owned(), at(7))], at(7));
    let restricted = Restrictions { executables: Some(only), ..Restrictions::default() };
    let gate = open_gate(&desktop, Approval::Never, |rules| rules.restricted(restricted));
    let two = xml(r"C:\work\ok.exe").replace("</Exec>", "</Exec><Exec><Command>calc.exe</Command></Exec>");
    let com = xml(r"C:\work\ok.exe").replace("</Exec>", "</Exec><ComHandler><ClassId>{1}</ClassId></ComHandler>");
    let daily = |command: &str| json!({ "name": "x", "command": command, "schedule": "onlogon" });
    for arguments in [
        daily("calc.exe"),
        daily(r"C:\work\ok.exe "),
        daily(r"%SystemRoot%\calc.exe"),
        json!({ "name": "x", "xml": two }),
        json!({ "name": "x", "xml": com }),
        json!({ "name": "x", "xml": xml("<![CDATA[calc.exe]]>") }),
    ] {
        let told = act(&gate, "TaskCreate", arguments.clone());
        assert!(told.starts_with("denied: ") && told.contains("executables.allow"), "{arguments}: {told}");
    }
    assert!(desktop.task_requests().is_empty());
    assert!(act(&gate, "TaskCreate", daily(r"C:\work\OK.exe")).starts_with("confirmed"));
    assert!(act(&gate, "TaskCreate", json!({ "name": "y", "xml": xml(r"C:\work\ok.exe") })).starts_with("confirmed"));
}

#[test]
fn bad_input_is_answered_with_rule_and_remedy() {
    let desktop = desktop();
    let gate = open(&desktop);
    let make = |more: Value| {
        let mut all = json!({ "name": "x", "command": "x.exe", "schedule": "once", "start": "2026-01-31T09:00" });
        for (name, value) in more.as_object().unwrap() {
            if value.is_null() {
                all.as_object_mut().unwrap().remove(name);
            } else {
                all[name] = value.clone();
            }
        }
        all
    };
    for (arguments, said) in [
        (make(json!({ "name": "a/b" })), "field: name"),
        (make(json!({ "name": "" })), "1 to 230 characters"),
        (make(json!({ "command": null })), "`command` is missing"),
        (make(json!({ "command": "a\u{1b}" })), "field: command"),
        (make(json!({ "schedule": null })), "`schedule` is missing"),
        (make(json!({ "schedule": "hourly" })), "unknown variant"),
        (make(json!({ "start": null })), "`start` is missing"),
        (make(json!({ "start": "09:00" })), "field: start"),
        (make(json!({ "start": "2026-02-30T09:00" })), "field: start"),
        (make(json!({ "start": "2026-01-31T09:00:00Z" })), "without an offset"),
        (make(json!({ "days": ["mon"] })), "`days` does not belong here"),
        (make(json!({ "schedule": "weekly" })), "`days` is missing"),
        (make(json!({ "schedule": "weekly", "days": ["mon"], "every": 53 })), "at most every 52 weeks"),
        (make(json!({ "schedule": "monthly" })), "`month_days` is missing"),
        (make(json!({ "schedule": "monthly", "month_days": [32] })), "from 0 to 31"),
        (make(json!({ "schedule": "monthly", "month_days": [30, 31], "months": [2] })), "comes in one of the months"),
        (
            make(json!({ "schedule": "monthly", "month_days": [31], "months": [4, 6, 9, 11] })),
            "comes in one of the months",
        ),
        (make(json!({ "schedule": "monthly", "month_days": [1], "months": [] })), "comes in one of the months"),
        (make(json!({ "schedule": "onlogon" })), "this schedule takes no times"),
        (make(json!({ "schedule": "onidle", "start": null })), "`idle_minutes` is missing"),
        (make(json!({ "xml": xml("a") })), "stands in place of all"),
        (json!({ "name": "x", "xml": "<Task/>" }), "its root is"),
        (
            json!({ "name": "x", "xml": xml("a").replace("<RunLevel>", "<LogonType>Password</LogonType><RunLevel>") }),
            "no password",
        ),
        (json!({ "name": "x", "xml": xml("Nonsense") }), "the scheduler refuses the definition"),
        (json!({ "name": "x", "xml": "y".repeat(64_001) }), "it has at most 64000 characters"),
        (make(json!({ "password": "x" })), "unknown_argument"),
    ] {
        let told = act(&gate, "TaskCreate", arguments.clone());
        assert!(told.contains(said), "{arguments}: {told}");
    }
    assert!(desktop.task_requests().is_empty());
    for (tool, arguments, said) in [
        ("TaskList", json!({ "name": "x", "filter": "y" }), "`name` stands alone"),
        ("TaskList", json!({ "name": "absent" }), "not_found: there is no such task"),
        ("TaskList", json!({ "offset": 4 }), "only 3 tasks fit"),
        ("TaskList", json!({ "limit": 201 }), "from 1 to 200"),
        ("TaskDelete", json!({}), "`name` is missing"),
        ("TaskDelete", json!({ "name": r"\a\" }), "field: name"),
    ] {
        let told = call(&gate, tool, arguments.clone()).unwrap_err().to_string();
        assert!(told.contains(said), "{tool} {arguments}: {told}");
    }
    for (fault, code) in [
        (PortFault::from(TaskFault::AccessDenied), FaultCode::Denied),
        (PortFault::from(TaskFault::NoAccount), FaultCode::BadArgument),
        (PortFault::Unsupported("x".to_owned()), FaultCode::Unsupported),
    ] {
        desktop.trouble(PortCall::RegisterTask, Trouble::Fail(fault));
        let told = call(&gate, "TaskCreate", make(json!({}))).unwrap_err();
        assert!(told.code == code && told.remedy.is_some(), "{told}");
    }
}
