//! What a machine lacks for single tools, as its owner is told: asked of the ports without a permit.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use portcullis_gate::Catalogue;
use portcullis_model::{Deadline, Rect};
use portcullis_platform::PortFault;
use portcullis_platform_fake::{Call, FakeDesktop, Trouble};
use portcullis_tools::Readers;
use std::time::Duration;

/// The tools that the machine lacks something for, each with what is told.
fn lacking(desktop: &FakeDesktop) -> Vec<(&'static str, String)> {
    let (ports, catalogue) = (desktop.ports(), Catalogue::new());
    let asked = catalogue.tools().iter().map(|tool| {
        let reasons = tool.lacks(Readers::new(&ports), Deadline::after(Duration::from_secs(5)));
        (tool.descriptor().name, reasons.join("; "))
    });
    asked.filter(|(_, reasons)| !reasons.is_empty()).collect()
}

#[test]
fn what_a_machine_lacks_is_told_of_the_tools_that_need_it_and_of_no_other() {
    let desktop = FakeDesktop::new();
    let missing = |what: &str| format!("this machine cannot do it: {what}");
    let pwsh = ("Shell", "pwsh is not installed".to_owned());
    assert_eq!(lacking(&desktop), [("OCR", missing("no engine reads text off pixels")), pwsh.clone()]);
    desktop.write_pixels(&[&[("word", Rect::new(0, 0, 9, 9))]]);
    assert_eq!(lacking(&desktop), std::slice::from_ref(&pwsh));
    for (call, tool) in [
        (Call::ListTasks, "TaskList"),
        (Call::PlaySound, "PlaySound"),
        (Call::Sessions, "ReconnectSession"),
        (Call::QueryEvents, "EventLog"),
    ] {
        desktop.trouble(call, Trouble::Fail(PortFault::Unsupported("it has none".to_owned())));
        let mut told = lacking(&desktop);
        told.retain(|lack| *lack != pwsh);
        assert_eq!(told, [(tool, missing("it has none"))]);
        desktop.heal(call);
    }
    desktop.wpf().without_payload();
    let connect = lacking(&desktop).into_iter().find(|(tool, _)| *tool == "connect");
    assert!(connect.unwrap().1.contains("no inspector"), "{:?}", lacking(&desktop));
}
