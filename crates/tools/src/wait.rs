//! Letting time pass: the one tool whose effect is that nothing happens.

use crate::args::Seconds;
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::tool::{AnyTool, Planned, Tool};
use portcullis_model::{Effect, Fault, Reply, Resource, Tier};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::{Duration, Instant};

/// The longest wait: what a client's own patience allows.
const WAIT_CAP_SECONDS: u32 = 60;
/// Time on top of the wait for the call itself.
const MARGIN: Duration = Duration::from_secs(2);
/// How often it is said how far the wait is.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// The tools of this family.
pub(crate) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<Wait>()]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WaitArgs {
    /// How long
    seconds: Option<Seconds<WAIT_CAP_SECONDS>>,
}

struct Wait;

impl Tool for Wait {
    type Args = WaitArgs;
    type Bound = Duration;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "Wait",
        title: "Wait",
        description: "Let a fixed time pass (default 1 s). WaitFor is nearly always better: it returns as soon as the awaited thing is there.",
        tier: Tier::Observe,
        effects: &[Effect::Wait],
        annotations: Annotations::READS,
        shape: Shape::View,
        lane: Lane::Long,
        deadline: Duration::from_secs(62),
        needs_administrator: false,
        gates: &[],
        answer_cap: 200,
        secret_arguments: &[],
        examples: [("{}", "Wait one second"), (r#"{"seconds": 0.2}"#, "Wait 200 milliseconds")],
    };

    fn plan(args: WaitArgs, _cx: &PlanContext<'_>) -> Result<Planned<Duration>, Fault> {
        let span = args.seconds.map_or(Duration::from_secs(1), Seconds::span);
        let planned = Planned::disclosure(Effect::Wait, Resource::OwnTasks, span);
        Ok(Planned { deadline: Some(span + MARGIN), ..planned })
    }

    fn apply(span: Duration, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        permit.require(Effect::Wait, &Resource::OwnTasks)?;
        let begun = Instant::now();
        while begun.elapsed() < span {
            cx.progress.report(begun.elapsed(), span, "waiting");
            cx.cancel.wait(span.saturating_sub(begun.elapsed()).min(TELL_EVERY))?;
        }
        Ok(Reply::text(format!("waited {} s", span.as_secs_f64())))
    }
}
