//! `TaskCreate` and `TaskDelete`: a task is registered as one definition and read back, or deleted and looked for. That the
//! scheduler took it is no evidence.

use super::definition::{Day, Definition, Trigger, fits_xml, own};
use super::{PATH_CAP, XML_CAP, about, path};
use crate::args::{Int, List, Text};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::files::PathArg;
use crate::tool::{Planned, Tool};
use portcullis_model::{
    Effect, Evidence, Fault, FaultCode, Outcome, Reply, Resource, Reversibility, TaskPath, Tier, visible,
};
use portcullis_platform::{PortFault, TaskFault, TaskRequest};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Characters of a program's path, of its arguments, of an account and of a description.
const COMMAND_CAP: usize = 1_000;
const ARGUMENTS_CAP: usize = 8_000;
const USER_CAP: usize = 200;
const DESCRIPTION_CAP: usize = 1_000;
/// Characters of a local time without its seconds, and with them.
const MINUTES: usize = 16;
const SECONDS: usize = 19;
/// Characters of a path as it is answered.
const SHOWN_CAP: usize = 230;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Schedule {
    #[serde(alias = "ONCE")]
    Once,
    #[serde(alias = "DAILY")]
    Daily,
    #[serde(alias = "WEEKLY")]
    Weekly,
    #[serde(alias = "MONTHLY")]
    Monthly,
    #[serde(alias = "ONSTART")]
    Onstart,
    #[serde(alias = "ONLOGON")]
    Onlogon,
    #[serde(alias = "ONIDLE")]
    Onidle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum DayWord {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl DayWord {
    fn day(self) -> Day {
        Day(match self {
            Self::Mon => "Monday",
            Self::Tue => "Tuesday",
            Self::Wed => "Wednesday",
            Self::Thu => "Thursday",
            Self::Fri => "Friday",
            Self::Sat => "Saturday",
            Self::Sun => "Sunday",
        })
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TaskCreateArgs {
    /// \Folder\Task
    name: Text<PATH_CAP>,
    /// Program
    command: Option<Text<COMMAND_CAP>>,
    /// Rest of its command line
    arguments: Option<Text<ARGUMENTS_CAP>>,
    cwd: Option<PathArg>,
    schedule: Option<Schedule>,
    /// Local: 2026-01-31T09:00; for once to monthly
    start: Option<Text<30>>,
    /// daily, weekly: each so many
    every: Option<Int<1, 365>>,
    /// weekly
    days: Option<List<DayWord, 7>>,
    /// monthly; 0 is the last
    month_days: Option<List<Int<0, 31>, 32>>,
    /// monthly, default all
    months: Option<List<Int<1, 12>, 12>>,
    /// onidle
    idle_minutes: Option<Int<1, 999>>,
    /// Account, default ours; SYSTEM
    user: Option<Text<USER_CAP>>,
    /// With its highest rights
    highest: Option<bool>,
    description: Option<Text<DESCRIPTION_CAP>>,
    /// In place of all but name and overwrite
    xml: Option<Text<XML_CAP>>,
    /// Replace a task of this name
    overwrite: Option<bool>,
}

pub(super) struct TaskCreate;

impl Tool for TaskCreate {
    type Args = TaskCreateArgs;
    type Bound = TaskRequest;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "TaskCreate",
        title: "Schedule a task",
        description: "Register a task that starts a program once, daily, weekly, monthly, at start, logon or idle, or one of any kind by its XML; answer what the scheduler keeps. No passwords.",
        tier: Tier::Alter,
        effects: &[Effect::ChangeScheduledTasks],
        annotations: Annotations { read_only: false, destructive: true, idempotent: false, open_world: false },
        shape: Shape::View,
        lane: Lane::Long,
        deadline: Duration::from_secs(20),
        needs_administrator: false,
        gates: &[],
        answer_cap: 4_000,
        secret_arguments: &["arguments", "xml"],
        examples: [
            (
                r#"{"name": "\\Company\\Backup", "command": "C:\\work\\backup.exe", "schedule": "daily", "start": "2026-01-31T02:30"}"#,
                "Every night at half past two",
            ),
            (
                r#"{"name": "Hello", "command": "C:\\work\\hello.exe", "schedule": "onlogon", "overwrite": true}"#,
                "At each logon, in place of one of that name",
            ),
        ],
    };

    fn plan(args: TaskCreateArgs, _cx: &PlanContext<'_>) -> Result<Planned<TaskRequest>, Fault> {
        let path = path(&args.name)?;
        let replace = args.overwrite.unwrap_or(false);
        let (xml, logon, starts) = match &args.xml {
            Some(Text(xml)) => {
                if let Some(other) = beside_xml(&args) {
                    return Err(misplaced(other, "`xml` stands in place of all but `name` and `overwrite`"));
                }
                let own = own(xml).map_err(|rule| {
                    Fault::new(FaultCode::BadArgument, "`xml` is not a definition of a task")
                        .field("xml")
                        .rule(rule)
                        .remedy("take the XML of a task from TaskList with `name`, and change that")
                })?;
                (xml.clone(), own.logon, own.starts)
            }
            None => {
                let definition = definition(args)?;
                let (xml, logon) = definition.xml();
                (xml, logon, vec![definition.command])
            }
        };
        // What it starts is started as if the call did: a list of programs holds for it.
        let mut resources = vec![Resource::ScheduledTask { path: path.clone() }];
        resources.extend(starts.into_iter().map(|path| Resource::Executable { path }));
        Ok(planned(resources, TaskRequest { path, xml, logon, replace }))
    }

    fn apply(request: TaskRequest, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let scheduler = &cx.ports.scheduled;
        let about = about(&request.path);
        scheduler.register(permit, &request, cx.deadline, cx.cancel).map_err(&about)?;
        let name = visible(request.path.as_str(), SHOWN_CAP);
        let kept = match scheduler.find(permit, &request.path, cx.deadline, cx.cancel) {
            Ok(kept) => kept,
            Err(fault @ PortFault::Interrupted(_)) => return Err(fault.into()),
            Err(fault) => {
                let why = format!("the scheduler took {name}, and it could not be read back: {fault}");
                return Ok(Reply::action(Outcome::Unverified { why }, Vec::new()));
            }
        };
        let mut lines = vec![format!("{} is registered", visible(kept.path.raw(), SHOWN_CAP))];
        let summary = super::definition::Summary::of(kept.xml.raw());
        lines.extend(summary.triggers.into_iter().map(|trigger| format!("starts by {trigger}")));
        lines.extend(kept.next_run.map(|next| format!("runs next at {next}, local time")));
        Ok(Reply::action(Outcome::Confirmed(Evidence { lines }), Vec::new()))
    }
}

fn planned<B>(resources: Vec<Resource>, bound: B) -> Planned<B> {
    Planned {
        resources,
        effects: vec![Effect::ChangeScheduledTasks],
        reversibility: Reversibility::Compensable,
        state_digest: None,
        deadline: None,
        bound,
    }
}

fn misplaced(field: &str, rule: &str) -> Fault {
    Fault::new(FaultCode::BadArgument, format!("`{field}` does not belong here"))
        .field(field)
        .rule(rule)
        .remedy("leave it out")
}

/// An argument that a definition of the caller's own leaves no place for.
fn beside_xml(args: &TaskCreateArgs) -> Option<&'static str> {
    let given = [
        ("command", args.command.is_some()),
        ("arguments", args.arguments.is_some()),
        ("cwd", args.cwd.is_some()),
        ("schedule", args.schedule.is_some()),
        ("user", args.user.is_some()),
        ("highest", args.highest.is_some()),
        ("description", args.description.is_some()),
    ];
    given.into_iter().chain(times(args)).find(|(_, given)| *given).map(|(name, _)| name)
}

/// The arguments that belong to some schedules alone.
fn times(args: &TaskCreateArgs) -> [(&'static str, bool); 6] {
    [
        ("start", args.start.is_some()),
        ("every", args.every.is_some()),
        ("days", args.days.is_some()),
        ("month_days", args.month_days.is_some()),
        ("months", args.months.is_some()),
        ("idle_minutes", args.idle_minutes.is_some()),
    ]
}

fn missing(field: &str, rule: &str, remedy: &str) -> Fault {
    Fault::new(FaultCode::BadArgument, format!("`{field}` is missing")).field(field).rule(rule).remedy(remedy)
}

/// A local time, as the scheduler has it: with its seconds and without an offset.
fn local(text: &str) -> Result<String, Fault> {
    let whole = if text.len() == MINUTES { format!("{text}:00") } else { text.to_owned() };
    let is_moment = whole.len() == SECONDS && OffsetDateTime::parse(&format!("{whole}Z"), &Rfc3339).is_ok();
    is_moment.then_some(whole).ok_or_else(|| {
        Fault::bad_argument(
            "start",
            text,
            "it is a local date and time without an offset",
            "write it as 2026-01-31T09:00",
        )
    })
}

/// The days of a month at its longest.
fn longest_month(number: i64) -> i64 {
    match number {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn definition(args: TaskCreateArgs) -> Result<Definition, Fault> {
    let schedule = args.schedule.ok_or_else(|| {
        missing(
            "schedule",
            "a task is started by something",
            "say once, daily, weekly, monthly, onstart, onlogon or onidle, or give `xml`",
        )
    })?;
    let allowed: &[&str] = match schedule {
        Schedule::Once => &["start"],
        Schedule::Daily => &["start", "every"],
        Schedule::Weekly => &["start", "every", "days"],
        Schedule::Monthly => &["start", "month_days", "months"],
        Schedule::Onstart | Schedule::Onlogon => &[],
        Schedule::Onidle => &["idle_minutes"],
    };
    if let Some((stray, _)) = times(&args).into_iter().find(|(name, given)| *given && !allowed.contains(name)) {
        let takes = if allowed.is_empty() { "no times".to_owned() } else { allowed.join(", ") };
        return Err(misplaced(stray, &format!("this schedule takes {takes}")));
    }
    let start = args.start.map(|Text(start)| local(&start)).transpose()?;
    let start = match (start, allowed.contains(&"start")) {
        (Some(start), _) => start,
        (None, false) => String::new(),
        (None, true) => {
            return Err(missing("start", "such a task has its first time", "write it as 2026-01-31T09:00"));
        }
    };
    let every = args.every.map_or(1, Int::get);
    let numbers = |list: Vec<i64>| {
        let mut list = list;
        list.sort_unstable();
        list.dedup();
        list
    };
    let trigger = match schedule {
        Schedule::Once => Trigger::Once(start),
        Schedule::Daily => Trigger::Daily(start, every),
        Schedule::Weekly => {
            let mut days: Vec<Day> = Vec::new();
            for day in args.days.map(|List(days)| days).unwrap_or_default() {
                if !days.contains(&day.day()) {
                    days.push(day.day());
                }
            }
            if days.is_empty() {
                return Err(missing("days", "a weekly task has its days", "name some: [\"mon\", \"fri\"]"));
            }
            if every > 52 {
                return Err(Fault::bad_argument("every", every, "at most every 52 weeks", "take fewer, or monthly"));
            }
            Trigger::Weekly(start, every, days)
        }
        Schedule::Monthly => {
            let days =
                numbers(args.month_days.map(|List(days)| days.into_iter().map(Int::get).collect()).unwrap_or_default());
            if days.is_empty() {
                return Err(missing("month_days", "a monthly task has its days", "name some: [1, 15], 0 for the last"));
            }
            let months = args.months.map(|List(months)| months.into_iter().map(Int::get).collect());
            let months = numbers(months.unwrap_or_else(|| (1..=12).collect()));
            let longest = months.iter().copied().map(longest_month).max();
            if !longest.is_some_and(|longest| days.iter().any(|day| *day <= longest)) {
                let shown = days.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
                let rule = "one of the days comes in one of the months";
                return Err(Fault::bad_argument(
                    "month_days",
                    shown,
                    rule,
                    "take a day that `months` have, 0 for the last",
                ));
            }
            Trigger::Monthly(start, days, months)
        }
        Schedule::Onstart => Trigger::Boot,
        Schedule::Onlogon => Trigger::Logon,
        Schedule::Onidle => Trigger::Idle(args.idle_minutes.map(Int::get).ok_or_else(|| {
            missing("idle_minutes", "such a task waits for so many minutes without input", "say how many")
        })?),
    };
    let command = args.command.map(|Text(command)| command).filter(|command| !command.trim().is_empty());
    let command = command.ok_or_else(|| missing("command", "a task starts a program", "give its path, or `xml`"))?;
    let definition = Definition {
        description: args.description.map(|Text(text)| text),
        trigger,
        user: args.user.map(|Text(user)| user).filter(|user| !user.trim().is_empty()),
        highest: args.highest.unwrap_or(false),
        command,
        arguments: args.arguments.map(|Text(text)| text),
        folder: args.cwd.map(|PathArg(folder)| folder.as_str().to_owned()),
    };
    let texts = [
        ("command", Some(&definition.command)),
        ("arguments", definition.arguments.as_ref()),
        ("user", definition.user.as_ref()),
        ("description", definition.description.as_ref()),
    ];
    let bad = texts.into_iter().find(|(_, text)| text.is_some_and(|text| !fits_xml(text))).map(|(field, _)| field);
    match bad {
        Some(field) => Err(Fault::new(FaultCode::BadArgument, format!("`{field}` is not valid"))
            .field(field)
            .rule("it has no control character but tab and line ends: a definition cannot hold one")
            .remedy("leave it out")),
        None => Ok(definition),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TaskDeleteArgs {
    /// \Folder\Task, as TaskList tells it
    name: Text<PATH_CAP>,
}

pub(super) struct TaskDelete;

impl Tool for TaskDelete {
    type Args = TaskDeleteArgs;
    type Bound = TaskPath;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "TaskDelete",
        title: "Delete a scheduled task",
        description: "Delete one scheduled task, by its whole path, and see that it is gone. What it has started goes on. Tasks of Windows itself are refused.",
        tier: Tier::Alter,
        effects: &[Effect::ChangeScheduledTasks],
        annotations: Annotations { read_only: false, destructive: true, idempotent: true, open_world: false },
        shape: Shape::View,
        lane: Lane::Long,
        deadline: Duration::from_secs(20),
        needs_administrator: false,
        gates: &[],
        answer_cap: 1_000,
        secret_arguments: &[],
        examples: [
            (r#"{"name": "\\Company\\Backup"}"#, "A task in a folder"),
            (r#"{"name": "Hello"}"#, "One in the root folder"),
        ],
    };

    fn plan(args: TaskDeleteArgs, _cx: &PlanContext<'_>) -> Result<Planned<TaskPath>, Fault> {
        let path = path(&args.name)?;
        Ok(planned(vec![Resource::ScheduledTask { path: path.clone() }], path))
    }

    fn apply(path: TaskPath, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let scheduler = &cx.ports.scheduled;
        scheduler.delete(permit, &path, cx.deadline, cx.cancel).map_err(about(&path))?;
        let name = visible(path.as_str(), SHOWN_CAP);
        let outcome = match scheduler.find(permit, &path, cx.deadline, cx.cancel) {
            Err(PortFault::Task(TaskFault::NoTask)) => Outcome::confirmed(format!("{name} is gone")),
            Err(fault @ PortFault::Interrupted(_)) => return Err(fault.into()),
            Err(fault) => {
                Outcome::Unverified { why: format!("{name} was deleted, and could not be looked for: {fault}") }
            }
            Ok(_) => Outcome::Unverified { why: format!("the scheduler deleted {name}, and it is there still") },
        };
        Ok(Reply::action(outcome, Vec::new()))
    }
}
