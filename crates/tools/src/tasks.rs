//! The caller's own calls: which are under way, what became of the last ones, and the way to end one. Calls of others are
//! not there for a caller, by whatever name.

use crate::args::{NoArgs, Text};
use crate::catalogue::Catalogue;
use crate::context::{ApplyContext, EndedTask, PlanContext, TaskInfo};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::schema;
use crate::tool::{AnyTool, Planned, Tool, data};
use portcullis_model::{Effect, Fault, FaultCode, Outcome, Part, Reply, Resource, Reversibility, Tier};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::{Duration, Instant};

/// Ended calls that one answer lists.
const LISTED: usize = 20;
/// How long the end of a call is waited for, and how often it is looked for.
const END_LIMIT: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(5);

/// The tools of this file.
pub(crate) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<CancelTask>(), AnyTool::of::<GetRunningTasks>(), AnyTool::of::<GetTaskStatus>()]
}

#[derive(Serialize, JsonSchema)]
struct RunningTasks {
    tasks: Vec<TaskInfo>,
}

struct GetRunningTasks;

impl Tool for GetRunningTasks {
    type Args = NoArgs;
    type Bound = ();

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "GetRunningTasks",
        title: "List running calls",
        description: "Your own calls that are queued or running, oldest first. Other clients' calls are not shown.",
        tier: Tier::Observe,
        effects: &[Effect::ReadTasks],
        annotations: Annotations::READS,
        shape: Shape::Data,
        lane: Lane::Inline,
        deadline: Duration::from_secs(3),
        needs_administrator: false,
        gates: &[],
        answer_cap: 40_000,
        secret_arguments: &[],
        examples: [("{}", "List them"), ("{}", "See whether a long wait still runs")],
    };

    fn plan(_: NoArgs, _cx: &PlanContext<'_>) -> Result<Planned<()>, Fault> {
        Ok(Planned::disclosure(Effect::ReadTasks, Resource::OwnTasks, ()))
    }

    fn apply((): (), permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        permit.require(Effect::ReadTasks, &Resource::OwnTasks)?;
        data(&RunningTasks { tasks: others(permit, cx) })
    }

    fn output_schema() -> Option<Value> {
        Some(schema::output::<RunningTasks>())
    }
}

/// The caller's calls under way but for the one that asks.
fn others(permit: &Permit, cx: &ApplyContext<'_>) -> Vec<TaskInfo> {
    let own = permit.call().to_string();
    cx.tasks.running(cx.principal).into_iter().filter(|task| task.id != own).collect()
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetTaskStatusArgs {
    /// As GetRunningTasks names it (c-17); none: the last 20
    task_id: Option<Text<40>>,
}

/// One call, under way or ended.
#[derive(Serialize, JsonSchema)]
struct TaskStatus {
    id: String,
    tool: String,
    /// `queued`, `running`, `given_up` or `ended`.
    state: String,
    /// Of one that ended: `answered`, the word of its outcome, or the code of its error.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<String>,
    /// Milliseconds from its coming until now, or until it ended.
    elapsed_ms: u64,
    /// Of one that ended: milliseconds since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_ms_ago: Option<u64>,
    /// Whether it was answered and its work goes on, or went on.
    background: bool,
    /// Of one that ended in the background, and is asked for by its name: what it came to, as its call would have answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
}

impl TaskStatus {
    /// With what its work came to.
    fn with_answer(task: EndedTask) -> Self {
        let answer = task.kept.as_deref().map(answer);
        Self { answer, ..Self::from(task) }
    }
}

/// An answer as text.
fn answer(answer: &Result<Reply, Fault>) -> String {
    match answer {
        Err(fault) => fault.to_string(),
        Ok(Reply::Data(value)) => value.to_string(),
        Ok(Reply::View { parts, .. }) => {
            let text = |part: &Part| match part {
                Part::Text(text) => text.clone(),
                Part::Image(_) => "[a picture]".to_owned(),
                Part::Blob(_) => "[bytes]".to_owned(),
                Part::Link(link) => format!("[{}]", link.uri),
            };
            parts.iter().map(text).collect::<Vec<_>>().join("\n")
        }
    }
}

impl From<TaskInfo> for TaskStatus {
    fn from(task: TaskInfo) -> Self {
        let TaskInfo { id, tool, state, elapsed_ms, background } = task;
        Self { id, tool, state, result: None, elapsed_ms, ended_ms_ago: None, background, answer: None }
    }
}

impl From<EndedTask> for TaskStatus {
    fn from(task: EndedTask) -> Self {
        Self {
            id: task.id,
            tool: task.tool.to_owned(),
            state: "ended".to_owned(),
            result: Some(task.result),
            elapsed_ms: milliseconds(task.took),
            ended_ms_ago: Some(milliseconds(task.at.elapsed())),
            background: task.background,
            answer: None,
        }
    }
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[derive(Serialize, JsonSchema)]
struct Statuses {
    tasks: Vec<TaskStatus>,
}

struct GetTaskStatus;

impl Tool for GetTaskStatus {
    type Args = GetTaskStatusArgs;
    type Bound = Option<String>;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "GetTaskStatus",
        title: "See what became of a call",
        description: "Whether one of your own calls is queued, running or ended, and how; or your running calls and the last 20 that ended. Of one that ended in the background also its answer, kept for an hour.",
        tier: Tier::Observe,
        effects: &[Effect::ReadTasks],
        annotations: Annotations::READS,
        shape: Shape::Data,
        lane: Lane::Inline,
        deadline: Duration::from_secs(3),
        needs_administrator: false,
        gates: &[],
        answer_cap: 1_000_000,
        secret_arguments: &[],
        examples: [("{}", "The last ones"), (r#"{"task_id": "c-17"}"#, "One of them")],
    };

    fn plan(args: GetTaskStatusArgs, cx: &PlanContext<'_>) -> Result<Planned<Self::Bound>, Fault> {
        let ended = cx.tables.ended();
        let asked = args.task_id.as_ref().and_then(|id| ended.iter().find(|task| task.id == id.0));
        if let Some(task) = asked.filter(|task| task.kept.is_some())
            && let Some(tool) = Catalogue::new().get(task.tool)
        {
            // To whom the tool is shut by now, so is its answer.
            cx.tools.require_open(cx.principal, tool.descriptor().row())?;
        }
        Ok(Planned::disclosure(Effect::ReadTasks, Resource::OwnTasks, args.task_id.map(|id| id.0)))
    }

    fn apply(wanted: Self::Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        permit.require(Effect::ReadTasks, &Resource::OwnTasks)?;
        // The running ones first: one that ends between the two looks stands in both and not in neither.
        let running = others(permit, cx);
        let ended = cx.tables.ended();
        let is_over = |id: &str| ended.iter().any(|task| task.id == id);
        let running: Vec<TaskStatus> =
            running.into_iter().filter(|task| !is_over(&task.id)).map(TaskStatus::from).collect();
        let Some(id) = wanted else {
            let ended = ended.into_iter().take(LISTED).map(TaskStatus::from);
            return data(&Statuses { tasks: running.into_iter().chain(ended).collect() });
        };
        let all = running.into_iter().chain(ended.into_iter().map(TaskStatus::with_answer));
        let tasks: Vec<TaskStatus> = all.filter(|task| task.id == id).collect();
        if tasks.is_empty() { Err(no_such_task(&id)) } else { data(&Statuses { tasks }) }
    }

    fn output_schema() -> Option<Value> {
        Some(schema::output::<Statuses>())
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CancelTaskArgs {
    /// As GetRunningTasks names it (c-17)
    task_id: Text<40>,
}

struct CancelTask;

impl Tool for CancelTask {
    type Args = CancelTaskArgs;
    type Bound = String;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "CancelTask",
        title: "End a running call",
        description: "End one of your own calls: its work stops, its place is free, and what it started for itself ends. What it did until then stays.",
        tier: Tier::Interact,
        effects: &[Effect::EndTasks],
        annotations: Annotations::ACTS,
        shape: Shape::View,
        lane: Lane::Read,
        deadline: Duration::from_secs(3),
        needs_administrator: false,
        gates: &[],
        answer_cap: 400,
        secret_arguments: &[],
        examples: [
            (r#"{"task_id": "c-17"}"#, "End a wait"),
            (r#"{"task_id": "c-17.3"}"#, "End the third step of a batch"),
        ],
    };

    fn plan(args: CancelTaskArgs, _cx: &PlanContext<'_>) -> Result<Planned<String>, Fault> {
        Ok(Planned {
            resources: vec![Resource::OwnTasks],
            effects: vec![Effect::EndTasks],
            reversibility: Reversibility::Irreversible,
            state_digest: None,
            deadline: None,
            bound: args.task_id.0,
        })
    }

    fn apply(id: String, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        permit.require(Effect::EndTasks, &Resource::OwnTasks)?;
        if !cx.tasks.withdraw(cx.principal, &id) {
            let ended = cx.tables.ended().into_iter().find(|task| task.id == id);
            return match ended {
                Some(task) => Ok(Reply::action(
                    Outcome::NoEffect { observed: format!("{id} ({}) had ended: {}", task.tool, task.result) },
                    Vec::new(),
                )),
                None => Err(no_such_task(&id)),
            };
        }
        let limit = Instant::now() + END_LIMIT;
        loop {
            let left = cx.tasks.running(cx.principal).into_iter().find(|task| task.id == id);
            let Some(left) = left else {
                let result = cx.tables.ended().into_iter().find(|task| task.id == id).map(|task| task.result);
                let how = result.map_or_else(String::new, |result| format!(": {result}"));
                return Ok(Reply::action(Outcome::confirmed(format!("{id} ended{how}")), Vec::new()));
            };
            if Instant::now() >= limit {
                let why = format!("{id} ({}) was told to end and is {} still", left.tool, left.state);
                return Ok(Reply::action(Outcome::Unverified { why }, Vec::new()));
            }
            cx.cancel.wait(LOOK)?;
        }
    }
}

fn no_such_task(id: &str) -> Fault {
    Fault::new(FaultCode::NotFound, "you have no call of that name")
        .field("task_id")
        .value(id)
        .rule("a call is named as GetRunningTasks names it, and is the caller's own; of those that ended the last 50 are remembered")
        .remedy("see GetTaskStatus without task_id")
}
