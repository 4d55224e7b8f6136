//! Ending processes. A process is meant by its exact name, or by number and start; one name that several have is asked about.
//! What was found while planning is held, so that nothing else can end in its place.

use crate::args::{Int, Text};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::tool::{AnyTool, Planned, Tool};
use portcullis_model::{
    Deadline, Effect, Fault, FaultCode, Outcome, ProcessId, ProgramName, Reply, Resource, Reversibility, Standing,
    Tier, nearest, visible,
};
use portcullis_platform::{HeldProcess, PortFault};
use portcullis_policy::Permit;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The largest number of a process.
const PID_CAP: i64 = 2_147_483_647;
/// Processes of one name that one call ends.
const SAME_NAME_CAP: usize = 50;
/// Processes of one tree that one call ends, the first one among them.
const TREE_CAP: usize = 200;
/// How long processes that were told to end are waited for.
const END_WAIT: Duration = Duration::from_secs(8);
/// Characters of a program's name.
const NAME_CAP: usize = 255;
/// Characters of a start.
const START_CAP: usize = 40;
/// Characters of a program's name as it is answered.
const SHOWN_CAP: usize = 80;
/// 100 ns units from 1601 to 1970.
const TO_UNIX_EPOCH: i128 = 116_444_736_000_000_000;
/// Nanoseconds of such a unit.
const NANOSECONDS: i128 = 100;

/// The tools of this family.
pub(crate) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<KillProcess>()]
}

/// A start as `2026-01-31T12:00:00.1234567Z`, which tells it to the last unit; none where it is not known.
pub(crate) fn start_text(started: u64) -> Option<String> {
    if started == 0 {
        return None;
    }
    OffsetDateTime::from_unix_timestamp_nanos((i128::from(started) - TO_UNIX_EPOCH) * NANOSECONDS)
        .ok()?
        .format(&Rfc3339)
        .ok()
}

/// The start that a text tells.
fn start_of(text: &str) -> Option<u64> {
    let nanoseconds = OffsetDateTime::parse(text, &Rfc3339).ok()?.unix_timestamp_nanos();
    let whole = nanoseconds % NANOSECONDS == 0;
    whole.then(|| u64::try_from(nanoseconds / NANOSECONDS + TO_UNIX_EPOCH).ok()).flatten().filter(|start| *start > 0)
}

/// A start as an argument.
struct StartArg(u64);

impl<'de> Deserialize<'de> for StartArg {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(text) = Text::<START_CAP>::deserialize(deserializer)?;
        start_of(&text).map(Self).ok_or_else(|| D::Error::custom("it is a time as 2026-01-31T12:00:00.1234567Z"))
    }
}

impl JsonSchema for StartArg {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Start".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct KillProcessArgs {
    /// With `started`
    pid: Option<Int<1, PID_CAP>>,
    /// Its start, as ListProcesses tells it
    started: Option<StartArg>,
    /// Or the exact image name: notepad.exe
    name: Option<Text<NAME_CAP>>,
    /// Every process of that name; default: only one that is alone
    all: Option<bool>,
    /// Also all that it started
    tree: Option<bool>,
    /// Also when it is what started this server
    include_client: Option<bool>,
}

/// What the arguments mean.
enum Meant {
    One(ProcessId),
    Name { program: ProgramName, all: bool },
}

fn meant(args: &KillProcessArgs) -> Result<Meant, Fault> {
    match (args.pid, &args.started, &args.name) {
        (Some(pid), Some(started), None) => {
            if args.all.is_some() {
                let (rule, remedy) = ("a `pid` is one process", "leave `all` out, or give `name` alone");
                return Err(Fault::bad_argument("all", args.all.unwrap_or_default(), rule, remedy));
            }
            // The range fits.
            let number = u32::try_from(pid.get()).unwrap_or_default();
            Ok(Meant::One(ProcessId { number, started: started.0 }))
        }
        (Some(pid), None, None) => Err(Fault::bad_argument(
            "pid",
            pid.get(),
            "it comes with `started`, since Windows gives a number again",
            "give `started` as ListProcesses tells it, or `name`",
        )),
        (None, None, Some(Text(name))) => ProgramName::parse(name)
            .map(|program| Meant::Name { program, all: args.all.unwrap_or(false) })
            .map_err(|bad| {
                let fault = Fault::bad_argument("name", name, bad.rule, "give the exact image name");
                fault.candidates(vec![bad.nearest])
            }),
        (None, Some(_), _) => Err(Fault::new(FaultCode::BadArgument, "`started` stands alone")
            .field("started")
            .rule("it belongs to a `pid`")
            .remedy("give `pid` with it, or `name` alone")),
        (Some(_), _, Some(Text(name))) => Err(Fault::bad_argument(
            "name",
            name,
            "a process is meant by `name`, or by `pid` with `started`",
            "give one of the two",
        )),
        (None, None, None) => Err(Fault::new(FaultCode::BadArgument, "no process is named")
            .field("name")
            .rule("a process is meant by `name`, or by `pid` with `started`")
            .remedy("give one of the two; ListProcesses tells them")),
    }
}

/// What planning found.
enum Bound {
    /// To end, with the further processes of that name that Windows keeps from us.
    End { held: Vec<Box<dyn HeldProcess>>, refused: usize, tree: bool },
    /// The process of this number and start is gone.
    Gone(ProcessId),
    /// There is none of this name, or none that we may look at.
    None { program: ProgramName, refused: usize },
    /// Several, of which the call means one.
    Several { program: ProgramName, held: Vec<Box<dyn HeldProcess>>, more: bool },
    /// More than one call ends.
    TooMany(ProgramName),
}

struct KillProcess;

impl Tool for KillProcess {
    type Args = KillProcessArgs;
    type Bound = Bound;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "KillProcess",
        title: "End a process",
        description: "End a process by exact image `name`, or by `pid` with its start, and wait until it is gone; unsaved work is lost. `tree` ends what it started too. Several of one name need `all`.",
        tier: Tier::Alter,
        effects: &[Effect::EndProcesses, Effect::EndClient, Effect::ReadProcesses],
        annotations: Annotations { read_only: false, destructive: true, idempotent: true, open_world: false },
        shape: Shape::View,
        lane: Lane::Read,
        deadline: Duration::from_secs(12),
        needs_administrator: false,
        gates: &[],
        answer_cap: 100_000,
        secret_arguments: &[],
        examples: [
            (r#"{"name": "notepad.exe"}"#, "The one Notepad that runs"),
            (
                r#"{"pid": 4242, "started": "2026-01-31T12:00:00.1234567Z", "tree": true}"#,
                "A process with all that it started",
            ),
        ],
    };

    fn plan(args: KillProcessArgs, cx: &PlanContext<'_>) -> Result<Planned<Bound>, Fault> {
        let tree = args.tree.unwrap_or(false);
        let bound = match meant(&args)? {
            Meant::One(process) => match cx.readers.hold_process(process)? {
                Some(held) => Bound::End { held: vec![held], refused: 0, tree },
                None => Bound::Gone(process),
            },
            Meant::Name { program, all } => {
                let found = cx.readers.processes_of(&program, SAME_NAME_CAP)?;
                match found.held.len() {
                    0 => Bound::None { program, refused: found.refused },
                    1 => Bound::End { held: found.held, refused: found.refused, tree },
                    _ if !all => Bound::Several { program, held: found.held, more: found.more },
                    _ if found.more => Bound::TooMany(program),
                    _ => Bound::End { held: found.held, refused: found.refused, tree },
                }
            }
        };
        let Bound::End { held, .. } = &bound else {
            // Whether there is such a process is told under a permit alone.
            return Ok(Planned::disclosure(Effect::ReadProcesses, Resource::Processes, bound));
        };
        let mut resources: Vec<Resource> = held.iter().map(|held| held.facts().resource()).collect();
        if tree {
            resources.extend(held.iter().map(|held| Resource::ProcessTree { root: held.facts().process }));
        }
        let mut effects = vec![Effect::EndProcesses];
        let is_client = held.iter().any(|held| held.facts().standing == Standing::Client);
        // What a tree holds is found when it is looked through.
        if (is_client || tree) && args.include_client.unwrap_or(false) {
            effects.push(Effect::EndClient);
        }
        Ok(Planned {
            resources,
            effects,
            reversibility: Reversibility::Irreversible,
            state_digest: None,
            deadline: None,
            bound,
        })
    }

    fn apply(bound: Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        match bound {
            Bound::End { held, refused, tree } => {
                let mut ending = Ending { refused, ..Ending::default() };
                ending.take(held, tree, permit)?;
                ending.end_all(tree, permit, cx).map(|outcome| Reply::action(outcome, Vec::new()))
            }
            Bound::Gone(process) => {
                permit.require(Effect::ReadProcesses, &Resource::Processes)?;
                let number = process.number;
                let observed = format!("no process of the number {number} and this start runs: it has ended");
                Ok(Reply::action(Outcome::NoEffect { observed }, Vec::new()))
            }
            Bound::None { program, refused } => Err(none_of(&program, refused, permit, cx)?),
            Bound::Several { program, held, more } => {
                permit.require(Effect::ReadProcesses, &Resource::Processes)?;
                let at_least = if more { "at least " } else { "" };
                let told = |held: &dyn HeldProcess| {
                    let ProcessId { number, started } = held.facts().process;
                    format!("pid {number}, started {}", start_text(started).unwrap_or_default())
                };
                let message = format!("{at_least}{} processes are {}", held.len(), shown(&program));
                Err(Fault::new(FaultCode::Ambiguous, message)
                    .field("name")
                    .value(&program)
                    .rule("a name that several processes have means none of them")
                    .remedy("give one by `pid` and `started`, or say `all: true`")
                    .candidates(held.iter().map(|held| told(held.as_ref()))))
            }
            Bound::TooMany(program) => {
                permit.require(Effect::ReadProcesses, &Resource::Processes)?;
                let message = format!("more than {SAME_NAME_CAP} processes are {}", shown(&program));
                Err(Fault::new(FaultCode::TooLarge, message)
                    .rule(format!("one call ends at most {SAME_NAME_CAP} processes of one name"))
                    .remedy("end them one by one, or their parent with `tree: true`"))
            }
        }
    }
}

fn shown(program: &ProgramName) -> String {
    visible(program.as_str(), SHOWN_CAP)
}

/// Why no process of this name could be held.
fn none_of(program: &ProgramName, refused: usize, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Fault, Fault> {
    if refused > 0 {
        permit.require(Effect::ReadProcesses, &Resource::Processes)?;
        let fault = Fault::from(PortFault::Elevated);
        return Ok(fault.field("name").value(program));
    }
    let all = cx.ports.system.processes(permit)?;
    let names: Vec<String> = all.iter().map(|process| process.name.to_string()).collect();
    Ok(Fault::new(FaultCode::NotFound, format!("no process is {}", shown(program)))
        .field("name")
        .value(program)
        .rule("names are compared whole")
        .remedy("ListProcesses tells the names")
        .candidates(nearest(program.as_str(), names.iter().map(String::as_str))))
}

/// Processes on their way out.
#[derive(Default)]
struct Ending {
    /// Each before those that it started.
    all: Vec<Box<dyn HeldProcess>>,
    /// How many of them were told to end.
    told: usize,
    /// Processes that belong to it and that Windows keeps from us.
    refused: usize,
    /// What went wrong with single ones.
    failed: Vec<String>,
}

impl Ending {
    /// Adds processes, with all that they started. Nothing has ended when this fails at the first time.
    fn take(&mut self, held: Vec<Box<dyn HeldProcess>>, tree: bool, permit: &Permit) -> Result<(), Fault> {
        let mut looked_at = self.all.len();
        self.add(held, permit)?;
        while let Some(parent) = self.all.get(looked_at).filter(|_| tree) {
            let found = parent.children(TREE_CAP)?;
            self.refused = self.refused.saturating_add(found.refused);
            self.add(found.held, permit)?;
            looked_at = looked_at.saturating_add(1);
        }
        Ok(())
    }

    fn add(&mut self, held: Vec<Box<dyn HeldProcess>>, permit: &Permit) -> Result<(), Fault> {
        for held in held {
            let facts = held.facts();
            if self.all.iter().any(|known| known.facts().process == facts.process) {
                continue;
            }
            if facts.standing == Standing::Client && !permit.names(Effect::EndClient) {
                return Err(Fault::new(
                    FaultCode::Denied,
                    format!("what started this server is among them: {}", name_of(held.as_ref())),
                )
                .rule("what started the server is ended only by a call that says so")
                .remedy("say `include_client: true`; the connection may end with it"));
            }
            permit.require(facts.ends_by(), &facts.resource())?;
            if self.all.len() >= TREE_CAP {
                return Err(Fault::new(FaultCode::TooLarge, format!("more than {TREE_CAP} processes would end"))
                    .rule(format!("one call ends at most {TREE_CAP} processes"))
                    .remedy("end parts of the tree first"));
            }
            self.all.push(held);
        }
        Ok(())
    }

    /// Ends them from the top down, and what they start meanwhile, until nothing is left.
    fn end_all(&mut self, tree: bool, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Outcome, Fault> {
        let until = cx.deadline.slice(END_WAIT);
        let mut ended = Vec::new();
        while self.told < self.all.len() {
            let first = self.told;
            for held in self.all.iter().skip(first) {
                cx.cancel.check()?;
                self.told = self.told.saturating_add(1);
                if let Err(fault) = held.end(permit) {
                    if ended.is_empty() && self.told == 1 {
                        return Err(fault.into());
                    }
                    self.failed.push(format!("{}: {fault}", name_of(held.as_ref())));
                }
            }
            for held in self.all.iter().skip(first) {
                match held.exit_code(permit, until, cx.cancel)? {
                    Some(code) => ended.push(format!("{} ended with exit code {code}", name_of(held.as_ref()))),
                    None => self.failed.push(format!("{} still runs", name_of(held.as_ref()))),
                }
            }
            if tree {
                self.take_late(first, until, permit)?;
            }
        }
        if self.refused > 0 {
            let count = self.refused;
            self.failed.push(format!("{count} more may belong to it, which Windows does not let this user look at"));
        }
        if self.failed.is_empty() {
            return Ok(Outcome::Confirmed(portcullis_model::Evidence { lines: ended }));
        }
        self.failed.extend(ended);
        Ok(Outcome::Unverified { why: self.failed.join("; ") })
    }

    /// Adds what the processes from `first` on started before they ended. A rule that keeps one back, or too many, is told
    /// beside what has ended.
    fn take_late(&mut self, first: usize, until: Deadline, permit: &Permit) -> Result<(), Fault> {
        if until.passed() {
            return Ok(());
        }
        let mut late = Vec::new();
        for held in self.all.iter().skip(first) {
            late.extend(held.children(TREE_CAP)?.held);
        }
        if let Err(fault) = self.take(late, true, permit) {
            self.failed.push(format!("what they started meanwhile was left: {}", fault.message));
            self.told = self.all.len();
        }
        Ok(())
    }
}

fn name_of(held: &dyn HeldProcess) -> String {
    let facts = held.facts();
    format!("pid {} {}", facts.process.number, shown(&facts.program))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_told_to_the_last_unit_and_read_back() {
        for (started, text) in [
            (134_143_344_001_234_567, "2026-01-31T12:00:00.1234567Z"),
            (134_143_344_000_000_000, "2026-01-31T12:00:00Z"),
            (134_143_344_000_000_001, "2026-01-31T12:00:00.0000001Z"),
        ] {
            assert_eq!(start_text(started).as_deref(), Some(text));
            assert_eq!(start_of(text), Some(started));
        }
        assert_eq!(start_text(0), None);
        assert_eq!(start_of("2026-01-31T13:00:00+01:00"), Some(134_143_344_000_000_000), "any offset");
        for wrong in
            ["", "now", "2026-01-31", "2026-01-31T12:00:00", "2026-01-31T12:00:00.00000001Z", "0001-01-01T00:00:00Z"]
        {
            assert_eq!(start_of(wrong), None, "{wrong}");
        }
    }
}
