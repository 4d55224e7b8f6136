//! Facts about the machine, its processes, its displays, and the caller's own calls: data that is read and never cut in
//! silence.

use crate::args::{Int, NoArgs, Text};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::processes::start_text;
use crate::schema;
use crate::tool::{AnyTool, Planned, Tool, data};
use portcullis_model::{Effect, Fault, Rect, Reply, Resource, Tier};
use portcullis_platform::ProcessInfo;
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// Processes that one answer lists.
const PROCESS_CAP: i64 = 500;
/// Processes listed when nothing is said.
const PROCESS_DEFAULT: i64 = 30;

/// The tools of this family.
pub(crate) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<DisplayInventory>(), AnyTool::of::<GetSystemInfo>(), AnyTool::of::<ListProcesses>()]
}

#[derive(Serialize, JsonSchema)]
struct DriveFacts {
    name: String,
    total_bytes: u64,
    free_bytes: u64,
}

#[derive(Serialize, JsonSchema)]
struct SystemFacts {
    computer: String,
    user: String,
    os: String,
    architecture: String,
    language: String,
    processors: u32,
    /// Since the last question, in percent; absent at the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_percent: Option<f64>,
    memory_total_bytes: u64,
    memory_free_bytes: u64,
    drives: Vec<DriveFacts>,
    /// Since the system's start.
    #[serde(skip_serializing_if = "Option::is_none")]
    network_received_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    network_sent_bytes: Option<u64>,
    uptime_seconds: u64,
}

struct GetSystemInfo;

impl Tool for GetSystemInfo {
    type Args = NoArgs;
    type Bound = ();

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "GetSystemInfo",
        title: "System facts",
        description: "The machine's name, user, Windows version, processor and memory use, drives, network totals and uptime.",
        tier: Tier::Observe,
        effects: &[Effect::ReadSystem],
        annotations: Annotations::READS,
        shape: Shape::Data,
        lane: Lane::Read,
        deadline: Duration::from_secs(3),
        needs_administrator: false,
        gates: &[],
        answer_cap: 8_000,
        secret_arguments: &[],
        examples: [("{}", "Read the facts"), ("{}", "See how full the drives are")],
    };

    fn plan(_: NoArgs, _cx: &PlanContext<'_>) -> Result<Planned<()>, Fault> {
        Ok(Planned::disclosure(Effect::ReadSystem, Resource::System, ()))
    }

    fn apply((): (), permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let info = cx.ports.system.info(permit)?;
        data(&SystemFacts {
            computer: info.computer.to_string(),
            user: info.user.to_string(),
            os: info.os,
            architecture: info.architecture,
            language: info.language,
            processors: info.processors,
            cpu_percent: info.cpu_percent.map(one_decimal),
            memory_total_bytes: info.memory_total,
            memory_free_bytes: info.memory_free,
            drives: info
                .drives
                .into_iter()
                .map(|drive| DriveFacts { name: drive.name, total_bytes: drive.total, free_bytes: drive.free })
                .collect(),
            network_received_bytes: info.network.map(|(received, _)| received),
            network_sent_bytes: info.network.map(|(_, sent)| sent),
            uptime_seconds: info.uptime_seconds,
        })
    }

    fn output_schema() -> Option<Value> {
        Some(schema::output::<SystemFacts>())
    }
}

fn one_decimal(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ProcessOrder {
    Cpu,
    #[default]
    Memory,
    Name,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListProcessesArgs {
    /// Part of the name, any case
    filter: Option<Text<200>>,
    sort_by: Option<ProcessOrder>,
    /// Default 30
    limit: Option<Int<1, PROCESS_CAP>>,
}

#[derive(Serialize, JsonSchema)]
struct ProcessFacts {
    pid: u32,
    parent_pid: u32,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// As KillProcess takes it; absent where Windows does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<String>,
    memory_bytes: u64,
    cpu_ms: u64,
    /// Since the last listing; absent at the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_percent: Option<f64>,
    threads: u32,
}

#[derive(Serialize, JsonSchema)]
struct ProcessList {
    processes: Vec<ProcessFacts>,
    /// Processes that fit the filter, listed or not.
    matching: usize,
    /// All processes.
    total: usize,
}

struct ListProcesses;

impl Tool for ListProcesses {
    type Args = ListProcessesArgs;
    type Bound = ListProcessesArgs;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "ListProcesses",
        title: "List processes",
        description: "Running processes with id, start, name, path, memory and processor time, largest first.",
        tier: Tier::Observe,
        effects: &[Effect::ReadProcesses],
        annotations: Annotations::READS,
        shape: Shape::Data,
        lane: Lane::Read,
        deadline: Duration::from_secs(5),
        needs_administrator: false,
        gates: &[],
        answer_cap: 300_000,
        secret_arguments: &[],
        examples: [
            ("{}", "The 30 largest processes"),
            (r#"{"filter": "notepad", "sort_by": "name"}"#, "Every Notepad that runs"),
        ],
    };

    fn plan(args: ListProcessesArgs, _cx: &PlanContext<'_>) -> Result<Planned<ListProcessesArgs>, Fault> {
        Ok(Planned::disclosure(Effect::ReadProcesses, Resource::Processes, args))
    }

    fn apply(args: ListProcessesArgs, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let mut all = cx.ports.system.processes(permit)?;
        let total = all.len();
        if let Some(filter) = &args.filter {
            let wanted = filter.0.to_lowercase();
            all.retain(|process| process.name.raw().to_lowercase().contains(&wanted));
        }
        let matching = all.len();
        sort(&mut all, args.sort_by.unwrap_or_default());
        all.truncate(args.limit.map_or_else(|| usize::try_from(PROCESS_DEFAULT).unwrap_or(0), Int::size));
        let processes = all
            .into_iter()
            .map(|process| ProcessFacts {
                pid: process.id,
                parent_pid: process.parent,
                name: process.name.to_string(),
                path: process.path.map(|path| path.to_string()),
                started: start_text(process.started),
                memory_bytes: process.memory,
                cpu_ms: process.cpu_ms,
                cpu_percent: process.cpu_percent.map(one_decimal),
                threads: process.threads,
            })
            .collect();
        data(&ProcessList { processes, matching, total })
    }

    fn output_schema() -> Option<Value> {
        Some(schema::output::<ProcessList>())
    }
}

fn sort(processes: &mut [ProcessInfo], order: ProcessOrder) {
    let share = |process: &ProcessInfo| process.cpu_percent.unwrap_or(0.0);
    processes.sort_by(|a, b| {
        match order {
            ProcessOrder::Cpu => share(b).total_cmp(&share(a)).then(b.cpu_ms.cmp(&a.cpu_ms)),
            ProcessOrder::Memory => b.memory.cmp(&a.memory),
            ProcessOrder::Name => a.name.raw().to_lowercase().cmp(&b.name.raw().to_lowercase()),
        }
        .then(a.id.cmp(&b.id))
    });
}

#[derive(Serialize, JsonSchema)]
struct Bounds {
    left: i32,
    top: i32,
    width: u32,
    height: u32,
}

impl From<Rect> for Bounds {
    fn from(rect: Rect) -> Self {
        Self { left: rect.left, top: rect.top, width: rect.width(), height: rect.height() }
    }
}

#[derive(Serialize, JsonSchema)]
struct DisplayFacts {
    index: usize,
    device: String,
    primary: bool,
    bounds: Bounds,
    work_area: Bounds,
    /// 96 is 100 %.
    dpi: u32,
    scale_percent: u32,
    /// `landscape` or `portrait`.
    orientation: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct DisplayList {
    displays: Vec<DisplayFacts>,
    /// All displays together; coordinates of every tool are physical pixels of this area.
    virtual_desktop: Bounds,
}

struct DisplayInventory;

impl Tool for DisplayInventory {
    type Args = NoArgs;
    type Bound = ();

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "DisplayInventory",
        title: "List displays",
        description: "Displays with position, size, work area and scaling, in the physical pixels that all tools use.",
        tier: Tier::Observe,
        effects: &[Effect::ReadSystem],
        annotations: Annotations::READS,
        shape: Shape::Data,
        lane: Lane::Read,
        deadline: Duration::from_secs(3),
        needs_administrator: false,
        gates: &[],
        answer_cap: 8_000,
        secret_arguments: &[],
        examples: [("{}", "List the displays"), ("{}", "Find the origin of the second display")],
    };

    fn plan(_: NoArgs, _cx: &PlanContext<'_>) -> Result<Planned<()>, Fault> {
        Ok(Planned::disclosure(Effect::ReadSystem, Resource::System, ()))
    }

    fn apply((): (), permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        permit.require(Effect::ReadSystem, &Resource::System)?;
        let displays = cx.ports.screen.displays()?;
        let whole = displays.iter().fold(Rect::default(), |all, display| all.union(display.bounds));
        let displays = displays
            .into_iter()
            .map(|display| DisplayFacts {
                index: display.index,
                device: display.device,
                primary: display.primary,
                orientation: if display.bounds.height() > display.bounds.width() { "portrait" } else { "landscape" },
                bounds: display.bounds.into(),
                work_area: display.work_area.into(),
                dpi: display.dpi,
                scale_percent: display.dpi * 100 / 96,
            })
            .collect();
        data(&DisplayList { displays, virtual_desktop: whole.into() })
    }

    fn output_schema() -> Option<Value> {
        Some(schema::output::<DisplayList>())
    }
}
