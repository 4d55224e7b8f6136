//! `Notification`: a few words for the person at the machine. That they are an agent's is part of what is shown, so that nobody
//! takes them for the owner's, Windows' or this server's own; how they are shown is the port's.

use crate::args::Text;
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::tool::{AnyTool, Planned, Tool};
use portcullis_model::{Effect, Fault, Notice, Outcome, Reply, Resource, Reversibility, Tier};
use portcullis_platform::{NoticeShown, SessionState};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// The title when none is given.
const TITLE: &str = "Message";

/// The tools of this file.
pub(crate) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<Notification>()]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NotificationArgs {
    /// At most 56 characters; shown behind "Agent: "
    title: Option<Text<56>>,
    /// Plain text, at most 255 characters
    message: Text<255>,
}

struct Notification;

impl Tool for Notification {
    type Args = NotificationArgs;
    type Bound = Notice;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "Notification",
        title: "Notify the person",
        description: "Show the person at the machine a short notification, marked as an agent's: a toast where Portcullis has a registered identity, else a balloon; the answer says which. No answer comes back.",
        tier: Tier::Observe,
        effects: &[Effect::ShowNotification],
        annotations: Annotations { read_only: false, destructive: false, idempotent: false, open_world: false },
        shape: Shape::View,
        lane: Lane::Long,
        deadline: Duration::from_secs(10),
        needs_administrator: false,
        gates: &[],
        answer_cap: 500,
        secret_arguments: &[],
        examples: [
            (r#"{"message": "The report is done."}"#, "Tell that something is done"),
            (
                r#"{"title": "Backup", "message": "3 files were not copied.\nSee the log."}"#,
                "With a title, on two lines",
            ),
        ],
    };

    fn plan(args: NotificationArgs, cx: &PlanContext<'_>) -> Result<Planned<Notice>, Fault> {
        let state = cx.readers.session();
        if matches!(state, SessionState::Disconnected | SessionState::ServiceSession) {
            return Err(state.into());
        }
        let title = args.title.as_ref().map_or(TITLE, |title| &title.0);
        let notice = Notice::new(title, &args.message.0).map_err(|bad| {
            let value = if bad.field == "title" { title } else { &args.message.0 };
            Fault::bad_argument(bad.field, value, bad.rule, "say it shorter, or in other characters")
        })?;
        Ok(Planned {
            resources: vec![Resource::Notifications],
            effects: vec![Effect::ShowNotification],
            reversibility: Reversibility::Irreversible,
            state_digest: None,
            deadline: None,
            bound: notice,
        })
    }

    fn apply(notice: Notice, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let shown = cx.ports.notices.show(permit, &notice, cx.deadline, cx.cancel)?;
        Ok(Reply::action(outcome(shown), Vec::new()))
    }
}

fn outcome(shown: NoticeShown) -> Outcome {
    match shown {
        NoticeShown::Balloon { seen: true } => Outcome::confirmed("Windows told that the balloon came up"),
        NoticeShown::Balloon { seen: false } => Outcome::Unverified {
            why: "Windows took the balloon and did not tell that it came up; quiet hours or a full screen may keep it back"
                .to_owned(),
        },
        NoticeShown::Toast => Outcome::Unverified {
            why: "Windows took the toast, and does not tell whether it came up or was seen".to_owned(),
        },
        NoticeShown::TurnedOff => Outcome::NoEffect {
            observed: "nothing was shown: the user has these notifications turned off in Windows' settings".to_owned(),
        },
    }
}
