//! Which applications there are, connecting to one, and which one is meant. An application that the rules do not admit is a
//! number in an answer and nothing else.

use super::args::{OfProcess, Pid, wpf_args};
use super::{BUDGET, Kind, Wpf, descriptor, session_of, shown, target, wpf_tool};
use crate::args::{NoArgs, Text};
use crate::context::{ApplyContext, PlanContext, Readers};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::schema;
use crate::tool::{AnyTool, Planned, Tool, data, lacking};
use portcullis_model::{
    Deadline, Effect, Fault, FaultCode, Reply, Resource, Reversibility, RunningProgram, Tier, WindowIdentity, WpfGate,
};
use portcullis_platform::{HeldApplication, WpfFacts};
use portcullis_policy::Permit;
use portcullis_wpf as wpf;
use portcullis_wpf::{ConnectPlan, ProcessRow, Session, Way};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Applications that are looked at.
const PROCESS_CAP: usize = 100;
/// How long connecting may take.
const CONNECT_BUDGET: Duration = Duration::from_secs(30);

/// The tools of this file.
pub(super) fn tools() -> Vec<AnyTool> {
    vec![
        AnyTool::of::<GetProcesses>(),
        AnyTool::of::<Connect>(),
        AnyTool::of::<SelectActiveProcess>(),
        AnyTool::of::<GetActiveProcess>(),
        AnyTool::of::<Wpf<PingInspector>>(),
    ]
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum WindowFilter {
    #[default]
    Visible,
    All,
    Foreground,
}

/// An application that the rules admit, held.
struct Candidate {
    held: Box<dyn HeldApplication>,
    program: RunningProgram,
    windows: Vec<WindowIdentity>,
    way: Way,
}

impl Candidate {
    /// As connecting to it touches it.
    fn as_connected(&self) -> Resource {
        self.target(self.way == Way::Loaded)
    }

    fn target(&self, load: bool) -> Resource {
        let through = if load { vec![WpfGate::Injection] } else { Vec::new() };
        Resource::WpfTarget { process: self.held.process(), program: self.program.clone(), load, through }
    }

    /// What is known of it from outside.
    fn facts(&self, permit: &Permit) -> Result<WpfFacts, Fault> {
        Ok(self.held.facts(permit, &self.program)?)
    }

    /// What is told of it, but for the version of its runtime. A window that is hidden from the caller has no title.
    fn row(&self, facts: &WpfFacts, permit: &Permit, cx: &ApplyContext<'_>) -> ProcessRow {
        let titles = self.windows.iter().filter_map(|window| cx.ports.windows.describe(permit, window).ok());
        let titles: Vec<String> = titles.map(|window| window.title.raw().to_owned()).collect();
        ProcessRow::new(self.held.process(), facts, &titles)
    }
}

fn version_of(facts: &WpfFacts, cx: &ApplyContext<'_>) -> Option<String> {
    cx.ports.wpf.runtime_version(facts.runtime_file.as_deref()?)
}

/// The applications that the rules admit, and how many they do not.
struct Surveyed {
    candidates: Vec<Candidate>,
    denied: usize,
    more: bool,
}

/// What is known of a program as far as the rules need it; the rest is not even looked for.
fn program_of(held: &dyn HeldApplication, cx: &PlanContext<'_>) -> Result<RunningProgram, Fault> {
    let program = held.program(false, false)?;
    match program.path.as_ref().and_then(|path| cx.targets.asks_of(path)) {
        Some(pins) if pins.sha256 || pins.signer => Ok(held.program(pins.sha256, pins.signer)?),
        _ => Ok(program),
    }
}

fn survey(filter: WindowFilter, only: Option<u32>, cx: &PlanContext<'_>) -> Result<Surveyed, Fault> {
    let (processes, more) = cx.readers.wpf_processes(PROCESS_CAP)?;
    let front = cx.readers.foreground();
    let mut found = Surveyed { candidates: Vec::new(), denied: 0, more };
    for one in processes {
        let is_front = front.as_ref().is_some_and(|window| window.process == one.process.number);
        if only.is_some_and(|number| number != one.process.number) || (filter == WindowFilter::Foreground && !is_front)
        {
            continue;
        }
        // One that ends meanwhile, or that Windows keeps from us, is none that could be connected to.
        let Ok(Some(held)) = cx.readers.hold_application(one.process) else { continue };
        let Ok(program) = program_of(held.as_ref(), cx) else {
            found.denied = found.denied.saturating_add(1);
            continue;
        };
        // One that is named is left to the rules, so that the refusal is theirs and recorded.
        let is_open = || cx.targets.admits(&program, false) && cx.readers.require_all_shown(one.process).is_ok();
        if only.is_some() || is_open() {
            let way = if cx.readers.opens_itself(one.process) { Way::SdkHosted } else { Way::Loaded };
            found.candidates.push(Candidate { held, program, windows: one.windows, way });
        } else {
            found.denied = found.denied.saturating_add(1);
        }
    }
    Ok(found)
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GetProcessesArgs {
    /// Part of the program's name
    name_filter: Option<Text<256>>,
    window_filter: Option<WindowFilter>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ProcessesAnswer {
    success: bool,
    processes: Vec<ProcessRow>,
    /// Applications that the rules do not admit, or of which they hide a window.
    redacted_target_count: usize,
    /// Whether there are more than were looked at.
    truncated: bool,
    message: String,
}

struct GetProcesses;

impl Tool for GetProcesses {
    type Args = GetProcessesArgs;
    type Bound = (Surveyed, Option<String>);

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "get_processes",
        title: "WPF applications",
        description: "WPF applications that the owner admits and that show a window: runtime, architecture, whether connect can work. Others are a count.",
        tier: Tier::Observe,
        effects: &[Effect::ReadApplications, Effect::ReadWindows],
        annotations: Annotations::READS,
        shape: Shape::Data,
        lane: Lane::Read,
        deadline: BUDGET,
        needs_administrator: false,
        gates: &[],
        answer_cap: 200_000,
        secret_arguments: &[],
        examples: [("{}", "All of them"), (r#"{"nameFilter": "shop"}"#, "Those whose program is named so")],
    };

    fn plan(args: GetProcessesArgs, cx: &PlanContext<'_>) -> Result<Planned<Self::Bound>, Fault> {
        let found = survey(args.window_filter.unwrap_or_default(), None, cx)?;
        let mut resources = vec![Resource::Desktop];
        resources.extend(found.candidates.iter().map(|one| one.target(false)));
        Ok(Planned {
            resources,
            effects: Self::DESCRIPTOR.effects.to_vec(),
            reversibility: Reversibility::Nothing,
            state_digest: None,
            deadline: None,
            bound: (found, args.name_filter.map(|name| name.0)),
        })
    }

    fn apply((found, name): Self::Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let mut processes = Vec::new();
        for candidate in &found.candidates {
            cx.cancel.check()?;
            // One that has ended since is none.
            let Ok(facts) = candidate.facts(permit) else { continue };
            let row = candidate.row(&facts, permit, cx);
            if name.as_deref().is_none_or(|part| row.is_named(part)) {
                processes.push(row.with_version(version_of(&facts, cx).as_deref()));
            }
        }
        let message = match (processes.len(), found.denied) {
            (0, 0) => "no WPF application shows a window".to_owned(),
            (0, _) => {
                "none of those that the owner admits fits; ExplainPolicy says how the owner admits one".to_owned()
            }
            (count, _) => format!("{count} can be asked for by connect"),
        };
        data(&ProcessesAnswer {
            success: true,
            processes,
            redacted_target_count: found.denied,
            truncated: found.more,
            message,
        })
    }

    fn output_schema() -> Option<Value> {
        Some(schema::output::<ProcessesAnswer>())
    }
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Strategy {
    #[default]
    SingleOnly,
    LargestWorkingSet,
}

wpf_args!(ConnectArgs {
    selection_strategy: Option<Strategy>,
    window_filter: Option<WindowFilter>,
});

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ConnectAnswer {
    success: bool,
    process_id: u32,
    #[serde(flatten)]
    application: Option<ProcessRow>,
    /// `active-session`, `sdk-hosted-inspector` or `raw-injection`.
    connection_source: &'static str,
    reused_existing_host: bool,
    auto_discovered: bool,
    auto_selected: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    selection_reason: Option<&'static str>,
    candidate_count: usize,
    redacted_candidate_count: usize,
    /// Gates that are open in this session.
    open_gates: Vec<&'static str>,
    inspector_build: String,
}

/// What connecting comes to.
enum Meant {
    Session(Arc<Session>),
    /// One, or those of which the largest is meant.
    Load(Vec<Candidate>),
    Several(Vec<Candidate>),
    None,
}

struct Connecting {
    meant: Meant,
    is_named: bool,
    candidates: usize,
    denied: usize,
    gates: Vec<WpfGate>,
}

struct Connect;

impl Tool for Connect {
    type Args = ConnectArgs;
    type Bound = Connecting;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "connect",
        title: "Connect to a WPF application",
        description: "Begin a session with a WPF application that the owner admits; without `processId` with the only one. It is meant from then on when none is named.",
        tier: Tier::Observe,
        effects: &[Effect::ConnectApplications, Effect::LoadInspector, Effect::ReadApplications, Effect::ReadWindows],
        annotations: Annotations { read_only: false, destructive: true, idempotent: true, open_world: false },
        shape: Shape::Data,
        lane: Lane::Long,
        deadline: CONNECT_BUDGET,
        needs_administrator: false,
        gates: &[],
        answer_cap: 20_000,
        secret_arguments: &[],
        examples: [("{}", "The only application there is"), (r#"{"processId": 4242}"#, "This one")],
    };

    fn lacks(readers: Readers<'_>, _deadline: Deadline) -> Vec<String> {
        lacking(readers.loader_ready())
    }

    fn plan(args: ConnectArgs, cx: &PlanContext<'_>) -> Result<Planned<Connecting>, Fault> {
        let is_named = args.process_id.is_some();
        let gates = cx.targets.open_gates(cx.principal);
        let found = survey(args.window_filter.unwrap_or_default(), args.process(), cx)?;
        let (count, denied) = (found.candidates.len(), found.denied);
        let known = |number: u32| cx.tables.wpf().get(number);
        let numbers: Vec<u32> = found.candidates.iter().map(|one| one.held.process().number).collect();
        let largest = args.selection_strategy == Some(Strategy::LargestWorkingSet);
        let meant = match numbers.as_slice() {
            // A session whose application shows no window at the moment goes on.
            [] => args.process().and_then(known).map_or(Meant::None, Meant::Session),
            [only] => known(*only).map_or_else(|| Meant::Load(found.candidates), Meant::Session),
            _ if largest => Meant::Load(found.candidates),
            _ => Meant::Several(found.candidates),
        };
        let (mut resources, mut effects) = (Vec::new(), vec![Effect::ConnectApplications]);
        match &meant {
            Meant::Session(session) => {
                shown(cx.readers.require_all_shown(session.process()))?;
                resources.push(target(session, Vec::new()));
            }
            Meant::Load(all) => {
                resources.extend(all.iter().map(Candidate::as_connected));
                resources.push(Resource::Desktop);
                effects.push(Effect::ReadWindows);
                if all.iter().any(|one| one.way == Way::Loaded) {
                    effects.push(Effect::LoadInspector);
                }
            }
            Meant::Several(all) => {
                resources.extend(all.iter().map(|one| one.target(false)));
                resources.push(Resource::Desktop);
                effects.push(Effect::ReadWindows);
            }
            // That there is none is told under a permit alone.
            Meant::None => resources.push(Resource::Processes),
        }
        let loads = effects.contains(&Effect::LoadInspector);
        Ok(Planned {
            resources,
            effects,
            reversibility: if loads { Reversibility::Compensable } else { Reversibility::Nothing },
            state_digest: None,
            deadline: None,
            bound: Connecting { meant, is_named, candidates: count, denied, gates },
        })
    }

    fn apply(bound: Connecting, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let Connecting { meant, is_named, candidates, denied, gates } = bound;
        let (session, application, selected, source) = match meant {
            Meant::None => {
                permit.require(Effect::ConnectApplications, &Resource::Processes)?;
                return Err(nothing(is_named, denied));
            }
            Meant::Several(all) => return Err(several(&all, permit, cx)),
            Meant::Session(session) => {
                permit.require(Effect::ConnectApplications, &target(&session, Vec::new()))?;
                cx.tables.wpf().select(session.process().number);
                (session, None, false, "active-session")
            }
            Meant::Load(all) => {
                let selected = all.len() > 1;
                // What is known of one is asked once: in a large application it takes its time.
                let mut best: Option<(Candidate, WpfFacts)> = None;
                for candidate in all {
                    let facts = candidate.facts(permit)?;
                    if best.as_ref().is_none_or(|(_, most)| facts.working_set > most.working_set) {
                        best = Some((candidate, facts));
                    }
                }
                let Some((candidate, facts)) = best else { return Err(nothing(is_named, denied)) };
                let row = candidate.row(&facts, permit, cx);
                let source = match candidate.way {
                    Way::Loaded => "raw-injection",
                    Way::SdkHosted => "sdk-hosted-inspector",
                };
                // Another call may have connected to it meanwhile.
                let known = cx.tables.wpf().get(candidate.held.process().number);
                // The one waits for the application, the other for a file.
                let (session, version) = std::thread::scope(|scope| {
                    let version = scope.spawn(|| version_of(&facts, cx));
                    let session = match known {
                        Some(session) => Ok(session),
                        None => begin(candidate, &facts, &gates, permit, cx),
                    };
                    (session, version.join().ok().flatten())
                });
                (session?, Some(row.with_version(version.as_deref())), selected, source)
            }
        };
        data(&ConnectAnswer {
            success: true,
            process_id: session.process().number,
            application,
            connection_source: source,
            reused_existing_host: source == "active-session",
            auto_discovered: !is_named,
            auto_selected: selected,
            selection_reason: selected.then_some("it has the largest working set"),
            candidate_count: candidates,
            redacted_candidate_count: denied,
            open_gates: gates.iter().map(|gate| gate.name()).collect(),
            inspector_build: portcullis_model::visible(&session.hello().build, 80),
        })
    }

    fn output_schema() -> Option<Value> {
        Some(schema::output::<ConnectAnswer>())
    }
}

/// Why there is none to connect to.
fn nothing(is_named: bool, denied: usize) -> Fault {
    if is_named {
        return Fault::new(FaultCode::NotFound, "no WPF application of this number shows a window")
            .field("processId")
            .rule("a process is connected to while it shows a window that WPF made")
            .remedy("get_processes tells which there are")
            .source_code("NotWpfApplication");
    }
    if denied > 0 {
        return Fault::new(FaultCode::Denied, "no WPF application is admitted")
            .rule(format!(
                "{denied} run, which `wpf.targets` does not admit or of which `capture.exclude` hides a window"
            ))
            .remedy("the owner can add an entry to the policy file: its program's exact path, in `[[wpf.targets]]`")
            .source_code("SecurityError");
    }
    Fault::new(FaultCode::NotFound, "no WPF application shows a window")
        .remedy("start the application, or see with get_processes")
        .source_code("NoWpfProcessesFound")
}

fn several(all: &[Candidate], permit: &Permit, cx: &ApplyContext<'_>) -> Fault {
    let lines = all.iter().filter_map(|one| Some(one.row(&one.facts(permit).ok()?, permit, cx).line()));
    Fault::new(FaultCode::Ambiguous, format!("{} WPF applications can be connected to", all.len()))
        .field("processId")
        .rule("one application is meant, or the one with the largest working set")
        .remedy("give `processId`, or `selectionStrategy: \"largest_working_set\"`")
        .candidates(lines)
        .source_code("MultipleWpfProcessesFound")
}

fn begin(
    candidate: Candidate,
    facts: &WpfFacts,
    gates: &[WpfGate],
    permit: &Permit,
    cx: &ApplyContext<'_>,
) -> Result<Arc<Session>, Fault> {
    permit.require(Effect::ConnectApplications, &candidate.as_connected())?;
    shown(cx.ports.windows.require_all_shown(candidate.held.process()))?;
    if candidate.way == Way::Loaded {
        permit.require(Effect::LoadInspector, &candidate.target(true))?;
        cx.ports.loader.ready().map_err(Fault::from)?;
        wpf::refuse_loading(facts)?;
    }
    if !cx.tables.wpf().has_room() {
        return Err(Fault::new(FaultCode::TooLarge, "too many applications are connected to")
            .rule(format!("a caller has at most {} sessions", wpf::SESSION_CAP))
            .remedy("end applications that are not needed any more")
            .source_code("SessionLimitExceeded"));
    }
    let plan = ConnectPlan {
        applications: cx.ports.wpf.as_ref(),
        loader: cx.ports.loader.as_ref(),
        permit,
        application: candidate.held,
        program: candidate.program,
        capabilities: wpf::capabilities(gates),
        way: candidate.way,
        build: env!("CARGO_PKG_VERSION"),
    };
    let session = Arc::new(wpf::connect(plan, cx.deadline, cx.cancel)?);
    let before = cx.tables.wpf().insert(Arc::clone(&session));
    if let Some(before) = before {
        before.close();
    }
    Ok(session)
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SelectArgs {
    process_id: Pid,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SelectAnswer {
    success: bool,
    process_id: u32,
    message: &'static str,
}

struct SelectActiveProcess;

impl Tool for SelectActiveProcess {
    type Args = SelectArgs;
    type Bound = Arc<Session>;

    const DESCRIPTOR: Descriptor = Descriptor {
        effects: &[Effect::ConnectApplications],
        lane: Lane::Inline,
        ..descriptor(
            "select_active_process",
            "Select an application",
            "Say which connected application is meant when none is named.",
            Kind::Read,
            &[],
            [(r#"{"processId": 4242}"#, "Mean this one"), (r#"{"processId": 4243}"#, "Mean that one")],
        )
    };

    fn plan(args: SelectArgs, cx: &PlanContext<'_>) -> Result<Planned<Self::Bound>, Fault> {
        let session = session_of(Some(args.process_id.0), cx)?;
        Ok(Planned::disclosure(Effect::ConnectApplications, target(&session, Vec::new()), session))
    }

    fn apply(session: Self::Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        permit.require(Effect::ConnectApplications, &target(&session, Vec::new()))?;
        let number = session.process().number;
        if !cx.tables.wpf().select(number) {
            return Err(Fault::new(FaultCode::StaleRef, "the session has ended")
                .field("processId")
                .value(number)
                .remedy("connect again")
                .source_code("NotConnected"));
        }
        data(&SelectAnswer { success: true, process_id: number, message: "it is meant from now on when none is named" })
    }

    fn output_schema() -> Option<Value> {
        Some(schema::output::<SelectAnswer>())
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ActiveAnswer {
    success: bool,
    has_active_process: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    process_id: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    selected_at_utc: Option<String>,
    connected_process_ids: Vec<u32>,
}

struct GetActiveProcess;

impl Tool for GetActiveProcess {
    type Args = NoArgs;
    type Bound = ();

    const DESCRIPTOR: Descriptor = Descriptor {
        lane: Lane::Inline,
        ..descriptor(
            "get_active_process",
            "Which application is meant",
            "Which connected application is meant when none is named, and which others are connected.",
            Kind::Read,
            &[],
            [("{}", "Which one"), ("{}", "Whether any is connected")],
        )
    };

    fn plan(_: NoArgs, _: &PlanContext<'_>) -> Result<Planned<()>, Fault> {
        Ok(Planned::disclosure(Effect::ReadApplications, Resource::OwnTasks, ()))
    }

    fn apply((): (), permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        permit.require(Effect::ReadApplications, &Resource::OwnTasks)?;
        let mut sessions = cx.tables.wpf();
        let active = sessions.active();
        data(&ActiveAnswer {
            success: true,
            has_active_process: active.is_some(),
            process_id: active.as_ref().map(|(session, _)| session.process().number),
            selected_at_utc: active.and_then(|(_, since)| OffsetDateTime::from(since).format(&Rfc3339).ok()),
            connected_process_ids: sessions.all().iter().map(|session| session.process().number).collect(),
        })
    }

    fn output_schema() -> Option<Value> {
        Some(schema::output::<ActiveAnswer>())
    }
}

wpf_args!(PingArgs {});

wpf_tool!(
    PingInspector, PingArgs => wpf::Pong,
    descriptor(
        "ping_inspector",
        "Ping an application",
        "Whether the inspector answers, and whether each UI thread of the application does.",
        Kind::Read,
        &[],
        [("{}", "The active application"), (r#"{"processId": 4242}"#, "Another one")],
    ),
    |_args, asker| wpf::ping(asker)
);
