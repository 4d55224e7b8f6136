//! Services: what there is and what state it is in. A service is named whole; starting and stopping are beside this module.

mod control;
mod wait;

use crate::args::{Int, Text};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::schema;
use crate::tool::{AnyTool, Planned, Tool, data};
use portcullis_model::{Effect, Fault, FaultCode, Reply, Resource, Tier};
use portcullis_platform::{ServiceInfo, ServiceStartType, ServiceState};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// Services that are looked through.
const SERVICE_CAP: usize = 4_096;
/// Services that one answer lists.
const LIST_CAP: i64 = 500;
/// Services listed when nothing is said.
const LIST_DEFAULT: usize = 50;
/// The largest number of a process.
const PID_CAP: i64 = 2_147_483_647;
/// Characters of a part of a name.
const FILTER_CAP: usize = 200;

/// The tools of this family.
pub(crate) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<ServiceList>(), AnyTool::of::<control::ServiceStart>(), AnyTool::of::<control::ServiceStop>()]
}

/// A state as it is told and asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum StateWord {
    Running,
    Stopped,
    Paused,
    Pending,
}

fn state_word(state: ServiceState) -> Option<StateWord> {
    match state {
        ServiceState::Running => Some(StateWord::Running),
        ServiceState::Stopped => Some(StateWord::Stopped),
        ServiceState::Paused => Some(StateWord::Paused),
        ServiceState::StartPending
        | ServiceState::StopPending
        | ServiceState::ContinuePending
        | ServiceState::PausePending => Some(StateWord::Pending),
        ServiceState::Other(_) => None,
    }
}

/// A state by its name in Windows' own documentation, in lower case.
fn state_text(state: ServiceState) -> String {
    match state {
        ServiceState::Stopped => "stopped".to_owned(),
        ServiceState::StartPending => "start_pending".to_owned(),
        ServiceState::StopPending => "stop_pending".to_owned(),
        ServiceState::Running => "running".to_owned(),
        ServiceState::ContinuePending => "continue_pending".to_owned(),
        ServiceState::PausePending => "pause_pending".to_owned(),
        ServiceState::Paused => "paused".to_owned(),
        ServiceState::Other(number) => format!("state {number}"),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum StartWord {
    Auto,
    Manual,
    Disabled,
    Boot,
    System,
}

impl From<ServiceStartType> for StartWord {
    fn from(start: ServiceStartType) -> Self {
        match start {
            ServiceStartType::Boot => Self::Boot,
            ServiceStartType::System => Self::System,
            ServiceStartType::Auto => Self::Auto,
            ServiceStartType::Manual => Self::Manual,
            ServiceStartType::Disabled => Self::Disabled,
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ServiceListArgs {
    /// Part of the name or of the shown name, any case
    filter: Option<Text<FILTER_CAP>>,
    state: Option<StateWord>,
    start_type: Option<StartWord>,
    /// Those that run in this process
    pid: Option<Int<1, PID_CAP>>,
    /// Default 50
    limit: Option<Int<1, LIST_CAP>>,
    /// How many to pass over, for the next page
    offset: Option<Int<0, 4_096>>,
}

impl ServiceListArgs {
    fn fits(&self, service: &ServiceInfo) -> bool {
        let named = self.filter.as_ref().is_none_or(|Text(part)| {
            let part = part.to_lowercase();
            let holds = |text: &str| text.to_lowercase().contains(&part);
            holds(service.name.raw()) || holds(service.display_name.raw())
        });
        let start = service.start.map(StartWord::from);
        let process = i64::from(service.status.process);
        named
            && self.state.is_none_or(|wanted| state_word(service.status.state) == Some(wanted))
            && self.start_type.is_none_or(|wanted| start == Some(wanted))
            && self.pid.is_none_or(|wanted| wanted.get() == process)
    }
}

#[derive(Serialize, JsonSchema)]
struct ServiceFacts {
    name: String,
    display_name: String,
    /// As Windows has it: `running`, `stopped`, `start_pending`, ….
    state: String,
    /// Absent where Windows does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    start_type: Option<StartWord>,
    /// Absent while it does not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    /// Whether it takes the word to stop now.
    accepts_stop: bool,
}

#[derive(Serialize, JsonSchema)]
struct ServicePage {
    services: Vec<ServiceFacts>,
    /// Services that fit, listed or not.
    matching: usize,
    /// All services that were looked through.
    total: usize,
    /// The `offset` of the next page, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
    /// Whether there are more than were looked through.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more: bool,
}

struct ServiceList;

impl Tool for ServiceList {
    type Args = ServiceListArgs;
    type Bound = ServiceListArgs;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "ServiceList",
        title: "List services",
        description: "Services with name, shown name, state, start type and process, by name, a page at a time. Drivers are not listed.",
        tier: Tier::Observe,
        effects: &[Effect::ReadServices],
        annotations: Annotations::READS,
        shape: Shape::Data,
        lane: Lane::Read,
        deadline: Duration::from_secs(10),
        needs_administrator: false,
        gates: &[],
        answer_cap: 600_000,
        secret_arguments: &[],
        examples: [
            (r#"{"filter": "spool"}"#, "The print spooler"),
            (r#"{"state": "stopped", "start_type": "auto"}"#, "What should run and does not"),
        ],
    };

    fn plan(args: ServiceListArgs, _cx: &PlanContext<'_>) -> Result<Planned<ServiceListArgs>, Fault> {
        Ok(Planned::disclosure(Effect::ReadServices, Resource::Services, args))
    }

    fn apply(args: ServiceListArgs, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let found = cx.ports.services.list(permit, SERVICE_CAP, cx.cancel)?;
        let total = found.services.len();
        let mut fitting: Vec<ServiceInfo> = found.services.into_iter().filter(|service| args.fits(service)).collect();
        let matching = fitting.len();
        fitting.sort_by_cached_key(|service| service.name.raw().to_lowercase());
        let offset = args.offset.map_or(0, Int::size);
        if offset > matching {
            return Err(Fault::new(FaultCode::BadArgument, format!("only {matching} services fit"))
                .field("offset")
                .value(offset)
                .rule("a page begins within what fits")
                .remedy("leave `offset` out, or take `next_offset` of the page before"));
        }
        let limit = args.limit.map_or(LIST_DEFAULT, Int::size);
        let end = offset.saturating_add(limit);
        let one = |service: ServiceInfo| ServiceFacts {
            name: service.name.to_string(),
            display_name: service.display_name.to_string(),
            state: state_text(service.status.state),
            start_type: service.start.map(StartWord::from),
            pid: Some(service.status.process).filter(|process| *process != 0),
            accepts_stop: service.status.accepts_stop,
        };
        data(&ServicePage {
            services: fitting.into_iter().skip(offset).take(limit).map(one).collect(),
            matching,
            total,
            next_offset: (end < matching).then_some(end),
            more: found.more,
        })
    }

    fn output_schema() -> Option<Value> {
        Some(schema::output::<ServicePage>())
    }
}
