//! Scheduled tasks: what there is, and one with its definition. Making and deleting one are beside this module; definitions as
//! XML are in `definition`.

mod change;
mod definition;

use crate::args::{Int, Text};
use crate::context::{ApplyContext, PlanContext, Readers};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::schema;
use crate::tool::{AnyTool, Planned, Tool, data, lacking};
use definition::Summary;
use portcullis_model::{Deadline, Effect, Fault, FaultCode, Reply, Resource, Source, TaskPath, Tier, Untrusted};
use portcullis_platform::{PortFault, TaskFacts, TaskFault, TaskState};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// Tasks that are looked through.
const TASK_CAP: usize = 4_096;
/// Tasks that one answer lists.
const LIST_CAP: i64 = 200;
/// Tasks listed when nothing is said.
const LIST_DEFAULT: usize = 50;
/// Characters of a part of a path.
const FILTER_CAP: usize = 200;
/// Characters of a path as an argument; what a path may have is less.
const PATH_CAP: usize = 300;
/// Characters of a definition.
const XML_CAP: usize = 64_000;

/// The tools of this family.
pub(crate) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<TaskList>(), AnyTool::of::<change::TaskCreate>(), AnyTool::of::<change::TaskDelete>()]
}

/// The path of a call.
fn path(Text(text): &Text<PATH_CAP>) -> Result<TaskPath, Fault> {
    TaskPath::parse(text)
        .map_err(|bad| Fault::bad_argument("name", text, bad.rule(), "give the path as TaskList tells it"))
}

/// A fault of the scheduler, about this task.
fn about(path: &TaskPath) -> impl Fn(PortFault) -> Fault {
    move |fault| match fault {
        PortFault::Task(TaskFault::NoAccount) => Fault::from(fault).field("user"),
        PortFault::Task(_) => Fault::from(fault).field("name").value(path),
        PortFault::Unsupported(_) => Fault::from(fault)
            .rule("tasks are asked of the scheduler itself")
            .remedy("run the server on Windows; a task of a known name can be read with `name`"),
        other => other.into(),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum StateWord {
    Disabled,
    Queued,
    Ready,
    Running,
}

fn state_word(state: TaskState) -> Option<StateWord> {
    match state {
        TaskState::Disabled => Some(StateWord::Disabled),
        TaskState::Queued => Some(StateWord::Queued),
        TaskState::Ready => Some(StateWord::Ready),
        TaskState::Running => Some(StateWord::Running),
        TaskState::Unknown => None,
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TaskListArgs {
    /// Part of the path, any case
    filter: Option<Text<FILTER_CAP>>,
    /// This one, with its XML: \Folder\Task
    name: Option<Text<PATH_CAP>>,
    state: Option<StateWord>,
    /// Default 50
    limit: Option<Int<1, LIST_CAP>>,
    /// How many to pass over, for the next page
    offset: Option<Int<0, 4_096>>,
}

#[derive(Serialize, JsonSchema)]
struct TaskRow {
    path: String,
    /// Absent where the scheduler does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<StateWord>,
    /// What starts it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    triggers: Vec<String>,
    /// What it starts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actions: Vec<String>,
    /// The account that it runs as.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// Whether it runs with the account's highest rights.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    highest: bool,
    /// Local time.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_run: Option<String>,
    /// What it ended with then.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_result: Option<u32>,
    /// Local time.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_run: Option<String>,
    /// Its definition, of a single task.
    #[serde(skip_serializing_if = "Option::is_none")]
    xml: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct TaskPage {
    tasks: Vec<TaskRow>,
    /// Tasks that fit, listed or not.
    matching: usize,
    /// The `offset` of the next page, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
    /// Whether there are more than were looked through.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more: bool,
}

fn row(task: TaskFacts, with_xml: bool) -> TaskRow {
    let Summary { triggers, actions, user, highest } = Summary::of(task.xml.raw());
    TaskRow {
        path: task.path.to_string(),
        state: state_word(task.state),
        triggers,
        actions,
        user,
        highest,
        last_run: task.last_run,
        last_result: task.last_result,
        next_run: task.next_run,
        xml: with_xml.then(|| {
            // Without the mark of its bytes, so that it can be sent back as it is told.
            let text = task.xml.raw().trim_start_matches('\u{feff}');
            let kept: String = text.chars().take(XML_CAP).collect();
            Untrusted::new(Source::System, kept).to_string()
        }),
    }
}

struct Listing {
    args: TaskListArgs,
    one: Option<TaskPath>,
}

struct TaskList;

impl Tool for TaskList {
    type Args = TaskListArgs;
    type Bound = Listing;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "TaskList",
        title: "List scheduled tasks",
        description: "Scheduled tasks by path, with state, triggers, actions, account and last and next run, a page at a time; or one with its XML.",
        tier: Tier::Observe,
        effects: &[Effect::ReadScheduledTasks],
        annotations: Annotations::READS,
        shape: Shape::Data,
        lane: Lane::Long,
        deadline: Duration::from_secs(20),
        needs_administrator: false,
        gates: &[],
        answer_cap: 4_000_000,
        secret_arguments: &[],
        examples: [
            (r#"{"filter": "backup"}"#, "Tasks with backup in their path"),
            (r#"{"name": "\\Company\\Backup"}"#, "One task and its XML"),
        ],
    };

    fn lacks(readers: Readers<'_>, deadline: Deadline) -> Vec<String> {
        lacking(readers.scheduler_ready(deadline))
    }

    fn plan(args: TaskListArgs, _cx: &PlanContext<'_>) -> Result<Planned<Listing>, Fault> {
        let one = args.name.as_ref().map(path).transpose()?;
        if one.is_some()
            && (args.filter.is_some() || args.state.is_some() || args.offset.is_some() || args.limit.is_some())
        {
            return Err(Fault::new(FaultCode::BadArgument, "the call names one task and filters many")
                .field("name")
                .rule("`name` stands alone")
                .remedy("leave out `filter`, `state`, `limit` and `offset`, or `name`"));
        }
        let bound = Listing { args, one };
        Ok(Planned::disclosure(Effect::ReadScheduledTasks, Resource::ScheduledTasks, bound))
    }

    fn apply(Listing { args, one }: Listing, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let scheduler = &cx.ports.scheduled;
        if let Some(one) = one {
            let task = scheduler.find(permit, &one, cx.deadline, cx.cancel).map_err(about(&one))?;
            return data(&TaskPage { tasks: vec![row(task, true)], matching: 1, next_offset: None, more: false });
        }
        let found = scheduler.list(permit, TASK_CAP, cx.deadline, cx.cancel).map_err(|fault| match fault {
            fault @ PortFault::Unsupported(_) => Fault::from(fault)
                .rule("tasks are asked of the scheduler itself")
                .remedy("run the server on Windows; a task of a known name can be read with `name`"),
            other => other.into(),
        })?;
        let part = args.filter.as_ref().map(|Text(part)| part.to_lowercase());
        let fits = |task: &TaskFacts| {
            part.as_ref().is_none_or(|part| task.path.raw().to_lowercase().contains(part))
                && args.state.is_none_or(|wanted| state_word(task.state) == Some(wanted))
        };
        let mut fitting: Vec<TaskFacts> = found.tasks.into_iter().filter(fits).collect();
        let matching = fitting.len();
        fitting.sort_by_cached_key(|task| task.path.raw().to_lowercase());
        let offset = args.offset.map_or(0, Int::size);
        if offset > matching {
            return Err(Fault::new(FaultCode::BadArgument, format!("only {matching} tasks fit"))
                .field("offset")
                .value(offset)
                .rule("a page begins within what fits")
                .remedy("leave `offset` out, or take `next_offset` of the page before"));
        }
        let limit = args.limit.map_or(LIST_DEFAULT, Int::size);
        let end = offset.saturating_add(limit);
        data(&TaskPage {
            tasks: fitting.into_iter().skip(offset).take(limit).map(|task| row(task, false)).collect(),
            matching,
            next_offset: (end < matching).then_some(end),
            more: found.more,
        })
    }

    fn output_schema() -> Option<Value> {
        Some(schema::output::<TaskPage>())
    }
}
