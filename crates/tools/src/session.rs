//! The session of the signed-in user as a whole: locked by an agent, unlocked by the person alone.

use crate::args::NoArgs;
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::tool::{AnyTool, Planned, Tool};
use portcullis_model::{Effect, Fault, Outcome, Reply, Resource, Reversibility, Tier};
use portcullis_platform::SessionState;
use portcullis_policy::Permit;
use std::time::Duration;

/// How long the lock may take, and how often it is looked at.
const LOCK_LIMIT: Duration = Duration::from_secs(3);
const LOCK_LOOK: Duration = Duration::from_millis(20);

/// The tools of this file.
pub(crate) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<LockScreen>()]
}

struct LockScreen;

impl Tool for LockScreen {
    type Args = NoArgs;
    type Bound = SessionState;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "LockScreen",
        title: "Lock the session",
        description: "Lock the signed-in user's session, as Win+L does. No tool unlocks it: looking and operating fail until the person at the machine signs in.",
        tier: Tier::Alter,
        effects: &[Effect::LockSession],
        annotations: Annotations { read_only: false, destructive: true, idempotent: true, open_world: false },
        shape: Shape::View,
        lane: Lane::Input,
        deadline: Duration::from_secs(5),
        needs_administrator: false,
        gates: &[],
        answer_cap: 300,
        secret_arguments: &[],
        examples: [("{}", "Lock it"), ("{}", "Leave the machine as one would on going away")],
    };

    fn plan(_: NoArgs, cx: &PlanContext<'_>) -> Result<Planned<SessionState>, Fault> {
        let state = cx.readers.session();
        if matches!(state, SessionState::Disconnected | SessionState::ServiceSession) {
            return Err(state.into());
        }
        Ok(Planned {
            resources: vec![Resource::Session],
            effects: vec![Effect::LockSession],
            // What was on the screen comes back; that it was gone meanwhile does not.
            reversibility: Reversibility::Irreversible,
            state_digest: None,
            deadline: None,
            bound: state,
        })
    }

    fn apply(before: SessionState, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        permit.require(Effect::LockSession, &Resource::Session)?;
        let outcome = if before == SessionState::Locked {
            Outcome::NoEffect { observed: "the session is locked already".to_owned() }
        } else {
            cx.ports.session.lock(permit)?;
            let limit = cx.deadline.slice(LOCK_LIMIT);
            while cx.ports.session.state() == SessionState::Active && !limit.passed() {
                cx.cancel.wait(LOCK_LOOK)?;
            }
            match cx.ports.session.state() {
                SessionState::Locked => Outcome::confirmed("the session is locked"),
                SessionState::Active => {
                    Outcome::Unverified { why: "Windows took the request and shows no locked session yet".to_owned() }
                }
                other => Outcome::Unverified { why: format!("the user's desktop is not in front any more: {other:?}") },
            }
        };
        Ok(Reply::action(outcome, Vec::new()))
    }
}
