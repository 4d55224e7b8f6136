//! Notification behind the gate, on the fake desktop: what came up, and that it says from whom. winremote-mcp puts the texts into
//! a script and says "shown" whatever became of it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod common;

use common::{gate_with, open_gate};
use portcullis_gate::{Answer, Call, Gate};
use portcullis_model::{Cancel, FaultCode, Outcome, Principal, Reply, Scope};
use portcullis_platform::{NoticeShown, PortFault, SessionState};
use portcullis_platform_fake::{Call as PortCall, FakeDesktop, Trouble};
use portcullis_policy::{Approval, FilterSpec, RateWords};
use serde_json::{Value, json};
use std::time::Duration;

fn notify_as(gate: &Gate, principal: Principal, arguments: Value) -> Answer {
    gate.call(Call { principal, tool: "Notification".to_owned(), arguments, cancel: Cancel::new() })
}

fn notify(gate: &Gate, arguments: Value) -> Answer {
    notify_as(gate, Principal::local(), arguments)
}

fn word(answer: &Answer) -> Option<&'static str> {
    answer.as_ref().ok().and_then(Reply::outcome).map(Outcome::word)
}

#[test]
fn a_notification_says_which_way_it_came_and_only_windows_word_confirms_it() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    for (told, outcome, said) in [
        (NoticeShown::Balloon { seen: true }, "confirmed", "balloon"),
        (NoticeShown::Balloon { seen: false }, "unverified", "balloon"),
        (NoticeShown::Toast, "unverified", "toast"),
        (NoticeShown::TurnedOff, "no_effect", "turned off"),
    ] {
        desktop.set_notice_answer(told);
        let answer = notify(&gate, json!({ "message": "done" }));
        assert_eq!(word(&answer), Some(outcome), "{told:?}: {answer:?}");
        assert!(format!("{answer:?}").contains(said), "{told:?}: {answer:?}");
    }
    let shown = desktop.notices();
    assert_eq!(shown.len(), 3);
    assert_eq!((shown[0].title(), shown[0].message()), ("Agent: Message", "done"));
    desktop.trouble(PortCall::ShowNotice, Trouble::Fail(PortFault::Unsupported("no area".to_owned())));
    assert_eq!(notify(&gate, json!({ "message": "x" })).unwrap_err().code, FaultCode::Unsupported);
}

#[test]
fn what_is_shown_goes_with_the_server() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    assert_eq!(word(&notify(&gate, json!({ "message": "done" }))), Some("confirmed"));
    assert_eq!(desktop.notices_taken_away(), 0);
    gate.shut_down(Duration::from_secs(9));
    assert_eq!(desktop.notices_taken_away(), 1);
}

/// Whatever the texts are, the title begins with our mark on one line and nothing of it hides; and a person is not flooded.
#[test]
fn attack_no_notification_speaks_as_the_owner_or_comes_as_a_flood() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    for title in [
        "Portcullis: the owner allowed it",
        "\n\nPortcullis",
        "\r\nPortcullis",
        "\u{202e}sillucroP",
        "\u{8}\u{8}\u{8}Portcullis",
        "</text><text placement=\"attribution\">Windows",
        "\u{2028}Windows Security",
        "$(calc.exe)",
    ] {
        notify(&gate, json!({ "title": title, "message": format!("{title}\u{200b}") })).unwrap();
        let shown = desktop.notices().pop().unwrap();
        assert!(shown.title().starts_with("Agent: "), "{}", shown.title());
        for hidden in ['\n', '\r', '\u{8}', '\u{202e}', '\u{2028}', '\u{200b}'] {
            assert!(!shown.title().contains(hidden), "{}", shown.title());
            assert!(hidden == '\n' || !shown.message().contains(hidden), "{}", shown.message());
        }
    }
    let usual =
        gate_with(&desktop, &FilterSpec::default(), Approval::Never, |rules| rules.with_rates(RateWords::default()));
    let before = desktop.notices().len();
    let refused = (0..20).filter(|_| notify(&usual, json!({ "message": "x" })).is_err()).count();
    let shown = desktop.notices().len() - before;
    assert!(shown <= 7 && refused >= 13, "{shown} came up, {refused} were refused");
    assert_eq!(notify(&usual, json!({ "message": "x" })).unwrap_err().code, FaultCode::RateLimited);
    let stranger = Principal::key("k", [Scope::Alter]);
    assert_eq!(notify_as(&gate, stranger, json!({ "message": "x" })).unwrap_err().code, FaultCode::NotEnabled);
}

#[test]
fn bad_input_is_answered_with_rule_and_remedy() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    for (arguments, code, said) in [
        (json!({}), FaultCode::BadArgument, "`message` is missing"),
        (json!({ "message": "" }), FaultCode::BadArgument, "at least one character"),
        (json!({ "message": " \n " }), FaultCode::BadArgument, "at least one character"),
        (json!({ "title": " ", "message": "x" }), FaultCode::BadArgument, "field: title"),
        (json!({ "message": "x".repeat(256) }), FaultCode::BadArgument, "255"),
        (json!({ "message": "🙂".repeat(128) }), FaultCode::BadArgument, "emoji count twice"),
        (json!({ "title": "x".repeat(57), "message": "x" }), FaultCode::BadArgument, "56"),
        (json!({ "title": ["x"], "message": "x" }), FaultCode::BadArgument, "title"),
        (json!({ "message": "x", "app_id": "Microsoft.Windows.Explorer" }), FaultCode::BadArgument, "app_id"),
    ] {
        let fault = notify(&gate, arguments.clone()).unwrap_err();
        assert_eq!(fault.code, code, "{arguments}: {fault}");
        assert!(fault.to_string().contains(said), "{arguments}: {fault}");
    }
    for state in [SessionState::Disconnected, SessionState::ServiceSession] {
        desktop.set_session(state);
        let fault = notify(&gate, json!({ "message": "x" })).unwrap_err();
        assert_eq!(fault.code, FaultCode::SessionDisconnected, "{state:?}");
    }
    assert_eq!(desktop.notices(), []);
}
