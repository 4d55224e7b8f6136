//! The tools for what is inside WPF applications. A tool here names its gates and hands its arguments to judgement in the
//! `wpf` crate; which session is meant, the resource and the answer's shape are the same for all and stand here.

mod acts;
mod args;
mod batch;
#[cfg(test)]
mod documented;
mod joined;
mod pictures;
mod reads;
mod refs;
mod scenes;
mod session;
mod several;
mod trees;

pub use joined::join;
pub(crate) use joined::{name_operated, name_readers, session_of_element};

use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::kept::Keeper;
use crate::schema;
use crate::tool::{AnyTool, Planned, Tool, data};
use args::OfProcess;
use portcullis_model::{Effect, Fault, FaultCode, Reply, Resource, Reversibility, Tier, WpfGate};
use portcullis_platform::PortResult;
use portcullis_policy::Permit;
use portcullis_wpf::{Asker, Session};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

/// How long a call may take where its arguments say nothing else.
const BUDGET: Duration = Duration::from_secs(5);
/// Bytes of an answer.
const ANSWER_CAP: usize = 4_000_000;

/// The tools of this family.
pub(crate) fn tools() -> Vec<AnyTool> {
    [session::tools, trees::tools, reads::tools, acts::tools, scenes::tools, batch::tools, pictures::tools]
        .into_iter()
        .flat_map(|family| family())
        .collect()
}

/// What a tool does to an application.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Reads.
    Read,
    /// Operates its elements.
    Act,
    /// Changes what is inside it.
    Write,
}

/// The descriptor of a tool that goes to the inspector.
const fn descriptor(
    name: &'static str,
    title: &'static str,
    description: &'static str,
    kind: Kind,
    gates: &'static [WpfGate],
    examples: [(&'static str, &'static str); 2],
) -> Descriptor {
    let (tier, effects, annotations): (Tier, &'static [Effect], Annotations) = match kind {
        Kind::Read => (Tier::Observe, &[Effect::ReadApplications], Annotations::READS),
        Kind::Act => (Tier::Interact, &[Effect::OperateApplications], Annotations::ACTS),
        Kind::Write => (Tier::Alter, &[Effect::WriteApplications], Annotations::ACTS),
    };
    Descriptor {
        name,
        title,
        description,
        tier,
        effects,
        annotations,
        shape: Shape::Data,
        lane: Lane::Read,
        deadline: BUDGET,
        needs_administrator: false,
        gates,
        answer_cap: ANSWER_CAP,
        secret_arguments: &[],
        examples,
    }
}

/// A tool that goes to the inspector of one session.
trait Answers: Send + Sync + 'static {
    /// Its arguments.
    type Args: DeserializeOwned + JsonSchema + OfProcess + Send + 'static;
    /// Its answer.
    type Answer: Serialize + JsonSchema;

    /// What is true of it.
    const DESCRIPTOR: Descriptor;

    /// Gates that the call goes through besides where they are open to the caller; without them it tells less.
    const IF_OPEN: &'static [WpfGate] = &[];

    /// Whether the elements of its answer lie in each other as in the visual tree.
    const VISUAL: bool = false;

    /// Gates that these very arguments, in this session, go through besides those of every call.
    fn more_gates(_: &Self::Args, _: &Session) -> Result<Vec<WpfGate>, Fault> {
        Ok(Vec::new())
    }

    /// How long the call may take, when its arguments say.
    fn lasts(_: &Self::Args) -> Option<Duration> {
        None
    }

    /// Does it.
    fn answer(args: Self::Args, asker: &Asker<'_>) -> Result<Self::Answer, Fault>;

    /// Puts what goes beyond the answer where the caller can ask for it.
    fn keep(_: &mut Self::Answer, _: &Keeper<'_>) -> Result<(), Fault> {
        Ok(())
    }
}

/// What every answer begins with.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Answered<A> {
    success: bool,
    process_id: u32,
    #[serde(flatten)]
    answer: A,
}

/// The session that a call means.
fn session_of(process: Option<u32>, cx: &PlanContext<'_>) -> Result<Arc<Session>, Fault> {
    let mut sessions = cx.tables.wpf();
    match process {
        None => sessions.active().map(|(session, _)| session).ok_or_else(|| {
            Fault::new(FaultCode::NotFound, "no application is connected to")
                .field("processId")
                .rule("without `processId` the application that was last connected to or selected is meant")
                .remedy("call connect first; get_processes tells what there is")
                .source_code("NoActiveProcess")
        }),
        Some(number) => sessions.get(number).ok_or_else(|| {
            let known: Vec<String> = sessions.all().iter().map(|one| one.process().number.to_string()).collect();
            Fault::new(FaultCode::NotFound, "this process is not connected to")
                .field("processId")
                .value(number)
                .rule("a session begins with connect and ends with its application")
                .remedy("call connect with this processId")
                .candidates(known)
                .source_code("NotConnected")
        }),
    }
}

/// The application of a session, gone into through these gates.
fn target(session: &Session, through: Vec<WpfGate>) -> Resource {
    Resource::WpfTarget { process: session.process(), program: session.program().clone(), load: false, through }
}

/// Refuses an application of which the owner hides a window: whoever goes into it sees them all.
fn shown(asked: PortResult<()>) -> Result<(), Fault> {
    asked.map_err(|fault| Fault::from(fault).source_code("SecurityError"))
}

/// A tool of the inspector as the gate knows tools.
struct Wpf<T>(PhantomData<T>);

/// What a plan hands on.
struct Bound<A> {
    session: Arc<Session>,
    gates: Vec<WpfGate>,
    args: A,
}

impl<T: Answers> Tool for Wpf<T> {
    type Args = T::Args;
    type Bound = Bound<T::Args>;

    const DESCRIPTOR: Descriptor = T::DESCRIPTOR;

    fn plan(args: T::Args, cx: &PlanContext<'_>) -> Result<Planned<Self::Bound>, Fault> {
        let session = session_of(args.process(), cx)?;
        shown(cx.readers.require_all_shown(session.process()))?;
        let mut gates = T::DESCRIPTOR.gates.to_vec();
        gates.extend(T::more_gates(&args, &session)?);
        let open = cx.targets.open_gates(cx.principal);
        gates.extend(T::IF_OPEN.iter().filter(|gate| open.contains(gate)));
        gates.sort_unstable();
        gates.dedup();
        let changes = T::DESCRIPTOR.effects.iter().any(|effect| effect.changes());
        Ok(Planned {
            resources: vec![target(&session, gates.clone())],
            effects: T::DESCRIPTOR.effects.to_vec(),
            reversibility: if changes { Reversibility::Compensable } else { Reversibility::Nothing },
            state_digest: None,
            deadline: T::lasts(&args),
            bound: Bound { session, gates, args },
        })
    }

    fn apply(bound: Self::Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let Bound { session, gates, args } = bound;
        let application = target(&session, gates.clone());
        for effect in T::DESCRIPTOR.effects {
            permit.require(*effect, &application)?;
        }
        let require_all_shown = || shown(cx.ports.windows.require_all_shown(session.process()));
        require_all_shown()?;
        let named = |field: &str, given| refs::named(field, given, &session, cx.tables);
        let asker = Asker::new(&session, &gates, cx.deadline, cx.cancel).with_refs(&named);
        let mut answer = T::answer(args, &asker)?;
        if !T::DESCRIPTOR.effects.iter().any(|effect| effect.changes()) {
            // A window that came up meanwhile may be in the answer.
            require_all_shown()?;
        }
        T::keep(&mut answer, &Keeper::new(Effect::ReadApplications, &application, permit, cx))?;
        let mut reply = data(&Answered { success: true, process_id: session.process().number, answer })?;
        if let Reply::Data(told) = &mut reply {
            refs::tell(told, T::VISUAL, &session, &asker, cx);
        }
        Ok(reply)
    }

    fn output_schema() -> Option<Value> {
        let mut told = schema::output::<Answered<T::Answer>>();
        refs::in_schema(&mut told);
        Some(told)
    }
}

/// Declares a tool whose call is one function of the `wpf` crate.
macro_rules! wpf_tool {
    (
        $tool:ident, $args:ty => $answer:ty, $descriptor:expr, $(if open [$($gate:expr),*],)? $(visual $visual:literal,)?
        |$given:ident, $asker:ident| $body:expr
    ) => {
        pub(super) struct $tool;

        impl super::Answers for $tool {
            type Args = $args;
            type Answer = $answer;

            const DESCRIPTOR: crate::descriptor::Descriptor = $descriptor;
            $(const IF_OPEN: &'static [portcullis_model::WpfGate] = &[$($gate),*];)?
            $(const VISUAL: bool = $visual;)?

            fn answer($given: $args, $asker: &portcullis_wpf::Asker<'_>) -> Result<$answer, portcullis_model::Fault> {
                $body
            }
        }
    };
}
use wpf_tool;
