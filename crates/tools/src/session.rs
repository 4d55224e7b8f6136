//! The session of the signed-in user as a whole: locked by an agent, unlocked by the person alone; connected to the machine's own
//! screen. Whose sessions may be touched is for policy to say.

use crate::args::{Int, NoArgs};
use crate::context::{ApplyContext, PlanContext, Readers};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::tool::{AnyTool, Planned, Tool, lacking};
use portcullis_model::{Deadline, Effect, Fault, FaultCode, Outcome, Reply, Resource, Reversibility, Tier};
use portcullis_platform::{SessionLink, SessionState, SessionUser, UserSession};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// How long the lock may take, and how often it is looked at.
const LOCK_LIMIT: Duration = Duration::from_secs(3);
const LOCK_LOOK: Duration = Duration::from_millis(20);

/// How long the connection may take, and how often it is looked at.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
const CONNECT_LOOK: Duration = Duration::from_millis(50);
/// Sessions that an error names.
const NAMED_CAP: usize = 10;

/// The tools of this file.
pub(crate) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<LockScreen>(), AnyTool::of::<ReconnectSession>()]
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

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ReconnectSessionArgs {
    /// Its number; default the server's own
    session: Option<Int<1, 65_535>>,
    /// Also one that somebody uses from another machine
    #[serde(default)]
    force: bool,
}

struct ReconnectSession;

impl Tool for ReconnectSession {
    type Args = ReconnectSessionArgs;
    type Bound = UserSession;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "ReconnectSession",
        title: "Connect a session to the screen",
        description: "Connect a disconnected session of the user that runs the server to the machine's own screen, so that it can be seen and operated. Whoever is at that screen finds it open. Never another user's.",
        tier: Tier::Alter,
        effects: &[Effect::ConnectSession],
        annotations: Annotations { read_only: false, destructive: true, idempotent: true, open_world: false },
        shape: Shape::View,
        lane: Lane::Input,
        deadline: Duration::from_secs(10),
        needs_administrator: true,
        gates: &[],
        answer_cap: 400,
        secret_arguments: &[],
        examples: [
            ("{}", "Bring the desktop back after a remote connection was closed"),
            (r#"{"session": 2, "force": true}"#, "Take session 2 from the machine that it is used from"),
        ],
    };

    fn lacks(readers: Readers<'_>, _deadline: Deadline) -> Vec<String> {
        lacking(readers.sessions())
    }

    fn plan(args: ReconnectSessionArgs, cx: &PlanContext<'_>) -> Result<Planned<UserSession>, Fault> {
        let all = cx.readers.sessions()?;
        let meant = meant(&all, args.session.and_then(|id| u32::try_from(id.get()).ok()))?;
        if meant.user == SessionUser::Own && meant.link == SessionLink::Remote && !args.force {
            return Err(Fault::new(
                FaultCode::BadArgument,
                format!("session {} is used from another machine", meant.id),
            )
            .field("force")
            .value(false)
            .rule("a session that is in use is taken away only when the call says so")
            .remedy("say `force: true` when that is meant"));
        }
        // What is at the screen now is put aside by it.
        let aside = all.iter().filter(|other| other.link == SessionLink::Console && other.id != meant.id);
        Ok(Planned {
            resources: std::iter::once(&meant).chain(aside).map(UserSession::resource).collect(),
            effects: vec![Effect::ConnectSession],
            reversibility: Reversibility::Compensable,
            state_digest: None,
            deadline: None,
            bound: meant,
        })
    }

    fn apply(meant: UserSession, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        permit.require(Effect::ConnectSession, &meant.resource())?;
        let id = meant.id;
        let link = || -> Result<Option<SessionLink>, Fault> {
            Ok(cx.ports.session.sessions()?.iter().find(|known| known.id == id).map(|known| known.link))
        };
        if link()? == Some(SessionLink::Console) {
            let observed = format!("session {id} is at the machine's own screen already");
            return Ok(Reply::action(Outcome::NoEffect { observed }, Vec::new()));
        }
        cx.ports.session.connect_to_console(permit, id)?;
        let limit = cx.deadline.slice(CONNECT_LIMIT);
        let mut now = link()?;
        while now != Some(SessionLink::Console) && !limit.passed() {
            cx.cancel.wait(CONNECT_LOOK)?;
            now = link()?;
        }
        Ok(Reply::action(connected(id, now), Vec::new()))
    }
}

/// The session that a call means: the one of the number, the server's own, or the only one of its user that nothing shows.
fn meant(all: &[UserSession], number: Option<u32>) -> Result<UserSession, Fault> {
    let own = || all.iter().filter(|known| known.user == SessionUser::Own);
    let no_session = |message: String| {
        let named = own().take(NAMED_CAP).map(|known| format!("{} ({})", known.id, word(known.link)));
        Fault::new(FaultCode::NotFound, message)
            .field("session")
            .rule("a session is named by its number, and is one of the user that runs the server")
            .remedy("name one of these sessions; without any the user has to sign in")
            .candidates(named.collect::<Vec<_>>())
    };
    if let Some(number) = number {
        let found = all.iter().find(|known| known.id == number);
        return found.copied().ok_or_else(|| no_session(format!("there is no session {number}")));
    }
    if let Some(ours) = own().find(|known| known.is_ours) {
        return Ok(*ours);
    }
    let mut unseen = own().filter(|known| known.link == SessionLink::Disconnected);
    match (unseen.next(), unseen.next()) {
        (Some(only), None) => Ok(*only),
        _ => Err(no_session("it is not clear which session is meant".to_owned())),
    }
}

fn word(link: SessionLink) -> &'static str {
    match link {
        SessionLink::Console => "at the machine's own screen",
        SessionLink::Remote => "used from another machine",
        SessionLink::NoUser => "nobody is signed in",
        SessionLink::Disconnected => "disconnected",
    }
}

fn connected(id: u32, now: Option<SessionLink>) -> Outcome {
    match now {
        Some(SessionLink::Console) => Outcome::confirmed(format!("session {id} is at the machine's own screen")),
        Some(other) => Outcome::Unverified {
            why: format!(
                "Windows took the request, and session {id} is not at the machine's own screen: {}",
                word(other)
            ),
        },
        None => Outcome::Unverified { why: format!("Windows took the request, and session {id} is gone") },
    }
}
