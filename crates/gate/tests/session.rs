//! Locking the session: seen in the session's own state, refused without tier 3, and of no use where no desktop is.

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
use portcullis_platform::{Permit, PortFault, PortResult, SessionPort, SessionState};
use portcullis_platform_fake::{Call as PortCall, FakeDesktop, Trouble};
use portcullis_policy::{Approval, FilterSpec};
use serde_json::json;
use std::sync::Arc;

fn call(gate: &Gate, tool: &str) -> Answer {
    let call =
        Call { principal: Principal::local(), tool: tool.to_owned(), arguments: json!({}), cancel: Cancel::new() };
    gate.call(call)
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
