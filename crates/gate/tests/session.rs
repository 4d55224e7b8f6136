//! Locking and connecting the session: seen in the session's own state, refused without tier 3, and never another user's.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod common;

use common::{gate_on, gate_with, open_gate};
use portcullis_gate::{Answer, Call, Gate};
use portcullis_model::{Cancel, FaultCode, Outcome, Principal, Reply};
use portcullis_platform::{
    Permit, PortFault, PortResult, SessionLink, SessionPort, SessionState, SessionUser, UserSession,
};
use portcullis_platform_fake::{Call as PortCall, FakeDesktop, Trouble};
use portcullis_policy::{Approval, FilterSpec};
use serde_json::{Value, json};
use std::sync::Arc;

fn call(gate: &Gate, tool: &str) -> Answer {
    call_with(gate, tool, json!({}))
}

fn call_with(gate: &Gate, tool: &str, arguments: Value) -> Answer {
    gate.call(Call { principal: Principal::local(), tool: tool.to_owned(), arguments, cancel: Cancel::new() })
}

fn word(answer: &Answer) -> Option<&'static str> {
    answer.as_ref().ok().and_then(Reply::outcome).map(Outcome::word)
}

#[test]
fn a_session_is_locked_once_and_nothing_is_seen_of_it_then() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    assert_eq!(word(&call(&gate, "LockScreen")), Some("confirmed"));
    assert_eq!(desktop.ports().session.state(), SessionState::Locked);
    assert_eq!(call(&gate, "Snapshot").unwrap_err().code, FaultCode::DesktopLocked);
    assert_eq!(word(&call(&gate, "LockScreen")), Some("no_effect"));
}

/// winremote-mcp says "Screen locked" whatever became of it.
#[test]
fn what_windows_does_not_do_is_not_called_done() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    for state in [SessionState::Disconnected, SessionState::ServiceSession] {
        desktop.set_session(state);
        assert_eq!(call(&gate, "LockScreen").unwrap_err().code, FaultCode::SessionDisconnected, "{state:?}");
    }
    desktop.set_session(SessionState::Active);
    desktop.trouble(PortCall::LockSession, Trouble::Fail(PortFault::Unsupported("lock".to_owned())));
    assert_eq!(call(&gate, "LockScreen").unwrap_err().code, FaultCode::Unsupported);
    assert_eq!(desktop.ports().session.state(), SessionState::Active);
}

/// A session that takes the request to lock and then is as `after` says.
struct Unlocked {
    desktop: FakeDesktop,
    after: SessionState,
}

impl SessionPort for Unlocked {
    fn state(&self) -> SessionState {
        self.desktop.ports().session.state()
    }

    fn lock(&self, _permit: &Permit) -> PortResult<()> {
        self.desktop.set_session(self.after);
        Ok(())
    }

    fn sessions(&self) -> PortResult<Vec<UserSession>> {
        self.desktop.ports().session.sessions()
    }

    /// The lab's system says so of every request, and does nothing.
    fn connect_to_console(&self, _permit: &Permit, _session: u32) -> PortResult<()> {
        Ok(())
    }
}

/// That Windows took the request is no lock. The one that shows none may come yet; another state is told.
#[test]
fn a_lock_that_is_not_seen_is_unverified() {
    for (after, told) in [
        (SessionState::Active, "shows no locked session yet"),
        (SessionState::SecureDesktop, "SecureDesktop"),
        (SessionState::Disconnected, "Disconnected"),
    ] {
        let desktop = FakeDesktop::demo();
        let mut ports = desktop.ports();
        ports.session = Arc::new(Unlocked { desktop: desktop.clone(), after });
        let spec = FilterSpec { enable_all: true, ..FilterSpec::default() };
        let gate = gate_on(ports, &spec, Approval::Never, |rules| rules);
        let answer = call(&gate, "LockScreen");
        assert_eq!(word(&answer), Some("unverified"), "{after:?}: {answer:?}");
        assert!(format!("{answer:?}").contains(told), "{after:?}: {answer:?}");
    }
}

#[test]
fn attack_without_tier_3_nobody_locks_the_owner_out() {
    let desktop = FakeDesktop::demo();
    let gate = gate_with(&desktop, &FilterSpec::default(), Approval::Never, |rules| rules);
    assert_eq!(call(&gate, "LockScreen").unwrap_err().code, FaultCode::NotEnabled);
    assert_eq!(desktop.ports().session.state(), SessionState::Active);
}

fn session(id: u32, link: SessionLink, user: SessionUser) -> UserSession {
    UserSession { id, link, user, is_ours: id == 2 }
}

fn links(desktop: &FakeDesktop) -> Vec<SessionLink> {
    desktop.ports().session.sessions().unwrap().iter().map(|known| known.link).collect()
}

/// winremote-mcp takes the last line that a program prints, whosever session that is.
#[test]
fn the_session_of_the_server_is_connected_and_seen_to_be() {
    use SessionLink::{Console, Disconnected, NoUser, Remote};
    use SessionUser::{Nobody, Other, Own};
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let other = session(3, Disconnected, Other);
    desktop.set_sessions(&[session(1, NoUser, Nobody), session(2, Disconnected, Own), other]);
    let answer = call(&gate, "ReconnectSession");
    assert_eq!(word(&answer), Some("confirmed"));
    assert!(format!("{answer:?}").contains("session 2 "), "{answer:?}");
    assert_eq!(links(&desktop), [NoUser, Console, Disconnected]);
    assert_eq!(word(&call(&gate, "ReconnectSession")), Some("no_effect"));
    // One that is used from elsewhere is taken only when the call says so; one's own at the screen is put aside.
    desktop.set_sessions(&[session(1, Console, Own), session(2, Remote, Own), other]);
    assert_eq!(call(&gate, "ReconnectSession").unwrap_err().field.as_deref(), Some("force"));
    assert_eq!(links(&desktop), [Console, Remote, Disconnected]);
    let forced = json!({ "session": 2, "force": true });
    assert_eq!(word(&call_with(&gate, "ReconnectSession", forced)), Some("confirmed"));
    assert_eq!(links(&desktop), [Disconnected, Console, Disconnected]);
}

#[test]
fn attack_no_session_of_another_user_is_connected_or_put_aside() {
    use SessionLink::{Console, Disconnected, NoUser, Remote};
    use SessionUser::{Nobody, Other, Own};
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let own = session(2, Disconnected, Own);
    for (sessions, arguments) in [
        ([own, session(3, Disconnected, Other)], json!({ "session": 3 })),
        ([own, session(3, Remote, Other)], json!({ "session": 3, "force": true })),
        ([own, session(3, Remote, Other)], json!({ "session": 3 })),
        ([own, session(3, NoUser, Nobody)], json!({ "session": 3 })),
        // The screen is somebody else's.
        ([own, session(3, Console, Other)], json!({})),
        ([own, session(3, Console, Other)], json!({ "session": 2, "force": true })),
    ] {
        desktop.set_sessions(&sessions);
        let before = links(&desktop);
        let fault = call_with(&gate, "ReconnectSession", arguments.clone()).unwrap_err();
        assert_eq!(fault.code, FaultCode::Denied, "{arguments}: {fault}");
        assert!(fault.message.contains("session 3 ") && fault.rule.is_some(), "{fault}");
        assert_eq!(links(&desktop), before, "{arguments}");
    }
    // Whose it is, is looked at again when it is connected.
    desktop.set_sessions(&[own]);
    desktop.before_next(PortCall::ConnectSession, |desktop| desktop.set_sessions(&[session(2, Disconnected, Other)]));
    call(&gate, "ReconnectSession").unwrap_err();
    assert_eq!(links(&desktop), [Disconnected]);
    let shut = gate_with(&desktop, &FilterSpec::default(), Approval::Never, |rules| rules);
    assert_eq!(call(&shut, "ReconnectSession").unwrap_err().code, FaultCode::NotEnabled);
}

#[test]
fn a_session_that_is_not_seen_at_the_screen_is_unverified() {
    let desktop = FakeDesktop::demo();
    desktop.set_sessions(&[session(2, SessionLink::Disconnected, SessionUser::Own)]);
    let mut ports = desktop.ports();
    ports.session = Arc::new(Unlocked { desktop: desktop.clone(), after: SessionState::Active });
    let spec = FilterSpec { enable_all: true, ..FilterSpec::default() };
    let gate = gate_on(ports, &spec, Approval::Never, |rules| rules);
    let answer = call(&gate, "ReconnectSession");
    assert_eq!(word(&answer), Some("unverified"), "{answer:?}");
    assert!(format!("{answer:?}").contains("disconnected"), "{answer:?}");
}

#[test]
fn a_session_that_is_not_there_or_not_clear_is_answered_with_those_that_are() {
    use SessionLink::{Disconnected, Remote};
    use SessionUser::{Other, Own};
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let away = |id: u32, user| UserSession { id, link: Disconnected, user, is_ours: false };
    for (sessions, arguments, candidates) in [
        (vec![away(4, Own), away(5, Own)], json!({}), vec!["4 (disconnected)", "5 (disconnected)"]),
        (vec![away(4, Other)], json!({}), vec![]),
        (vec![session(2, Remote, Own), away(5, Other)], json!({ "session": 9 }), vec!["2 (used from another machine)"]),
    ] {
        desktop.set_sessions(&sessions);
        let fault = call_with(&gate, "ReconnectSession", arguments).unwrap_err();
        assert_eq!((fault.code, fault.field.as_deref()), (FaultCode::NotFound, Some("session")), "{fault}");
        assert_eq!(fault.candidates, candidates, "{fault}");
    }
    desktop.set_sessions(&[away(4, Own), away(5, Other)]);
    assert_eq!(word(&call(&gate, "ReconnectSession")), Some("confirmed"), "the only one of its user");
    for (arguments, code) in [
        (json!({ "session": 0 }), FaultCode::BadArgument),
        (json!({ "session": 1.5 }), FaultCode::BadArgument),
        (json!({ "force": "yes" }), FaultCode::BadArgument),
        (json!({ "user": "ada" }), FaultCode::UnknownArgument),
    ] {
        assert_eq!(call_with(&gate, "ReconnectSession", arguments.clone()).unwrap_err().code, code, "{arguments}");
    }
    for (fault, code) in [
        (PortFault::Unsupported("x".to_owned()), FaultCode::Unsupported),
        (PortFault::NeedsAdministrator, FaultCode::Denied),
    ] {
        desktop.set_sessions(&[away(4, Own)]);
        desktop.trouble(PortCall::ConnectSession, Trouble::Fail(fault));
        assert_eq!(call(&gate, "ReconnectSession").unwrap_err().code, code);
    }
}
