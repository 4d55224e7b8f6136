//! The two halves of a tool, typed for those who write one and erased for the gate that runs them all.

use crate::args;
use crate::context::{ApplyContext, PlanContext, Readers};
use crate::descriptor::Descriptor;
use crate::schema;
use crate::wpf::name_readers;
use portcullis_model::{Deadline, Digest, Effect, Fault, FaultCode, Reply, Resource, Reversibility};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::OnceLock;
use std::time::Duration;

/// What a plan found out: what the call would touch and do, and what applying it needs.
pub(crate) struct Planned<Bound> {
    /// What it would touch.
    pub(crate) resources: Vec<Resource>,
    /// Every effect that it would have.
    pub(crate) effects: Vec<Effect>,
    /// What could be done about it afterwards.
    pub(crate) reversibility: Reversibility,
    /// A digest of the state that the plan was made against, where there is one: a later plan is compared with it.
    pub(crate) state_digest: Option<Digest>,
    /// How long the call may take, when its arguments say.
    pub(crate) deadline: Option<Duration>,
    /// What `apply` takes.
    pub(crate) bound: Bound,
}

impl<Bound> Planned<Bound> {
    /// A plan that discloses: no change, nothing to take back.
    pub(crate) fn disclosure(effect: Effect, resource: Resource, bound: Bound) -> Self {
        Self {
            resources: vec![resource],
            effects: vec![effect],
            reversibility: Reversibility::Nothing,
            state_digest: None,
            deadline: None,
            bound,
        }
    }
}

/// A call that another one makes.
#[derive(Debug)]
pub struct StepCall {
    /// The tool, as it is called.
    pub tool: String,
    /// Its arguments, not looked at yet.
    pub arguments: Value,
}

/// A tool. `plan` parses, resolves and binds, changes nothing and discloses nothing; `apply` does it.
pub(crate) trait Tool: Send + Sync + 'static {
    /// Its arguments: a closed structure.
    type Args: DeserializeOwned + JsonSchema;
    /// What a plan hands to `apply`.
    type Bound: Send + 'static;

    /// What is true of it.
    const DESCRIPTOR: Descriptor;

    /// Finds out what the call would touch and do.
    fn plan(args: Self::Args, cx: &PlanContext<'_>) -> Result<Planned<Self::Bound>, Fault>;

    /// Does it.
    fn apply(bound: Self::Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault>;

    /// What this machine lacks for it, a sentence each for its owner; nothing where the tool can do all that it says.
    fn lacks(_readers: Readers<'_>, _deadline: Deadline) -> Vec<String> {
        Vec::new()
    }

    /// The schema of a data tool's answer, for who writes it down.
    #[cfg_attr(
        not(any(test, feature = "derive-schemas")),
        expect(dead_code, reason = "a server does not make schemas")
    )]
    fn output_schema() -> Option<Value> {
        None
    }

    /// The tool whose whole answer these arguments ask for besides: who may not call that one does not get it here.
    fn shows(_args: &Self::Args) -> Option<&'static str> {
        None
    }

    /// The calls that these arguments ask for, in order, for who wants to know what would be said of them.
    fn steps(_args: Self::Args) -> Vec<StepCall> {
        Vec::new()
    }
}

/// A port that was asked whether it is there, as what [`Tool::lacks`] tells.
pub(crate) fn lacking<Found, Missing: Into<Fault>>(asked: Result<Found, Missing>) -> Vec<String> {
    let told = asked.err().map(Into::into).map(|fault| match fault.remedy {
        Some(remedy) => format!("{}; {remedy}", fault.message),
        None => fault.message,
    });
    told.into_iter().collect()
}

/// A structure as the JSON of a data reply.
pub(crate) fn data(value: &impl Serialize) -> Result<Reply, Fault> {
    serde_json::to_value(value)
        .map(Reply::Data)
        .map_err(|error| Fault::new(FaultCode::Internal, format!("the answer could not be written: {error}")))
}

/// The second half of a planned call.
pub type Applied = Box<dyn FnOnce(&Permit, &ApplyContext<'_>) -> Result<Reply, Fault> + Send>;

/// A planned call, whatever the tool.
pub struct PlannedCall {
    /// What it would touch.
    pub resources: Vec<Resource>,
    /// Every effect that it would have.
    pub effects: Vec<Effect>,
    /// What could be done about it afterwards.
    pub reversibility: Reversibility,
    /// A digest of the state that the plan was made against.
    pub state_digest: Option<Digest>,
    /// How long the call may take, when its arguments say.
    pub deadline: Option<Duration>,
    /// The tool whose whole answer it gives besides its own.
    pub shows: Option<&'static str>,
    /// Does it.
    pub apply: Applied,
}

/// What a call was aimed at, as its arguments say it: a fault of the target names it, wherever it came up.
struct Aim {
    target: Option<(&'static str, String)>,
    path: Option<(&'static str, String)>,
}

impl Aim {
    /// The arguments that say which window or element it is, the surest first.
    const TARGET: [&'static str; 6] = ["ref", "automation_id", "name", "role", "title", "window"];
    /// The one that says what is looked for on the disk.
    const PATH: [&'static str; 1] = ["path"];

    fn of(arguments: &Value, secret: &[&str]) -> Self {
        let said = |field: &&'static str| {
            let text = arguments.get(*field)?.as_str().filter(|_| !secret.contains(field))?;
            Some((*field, text.to_owned()))
        };
        Self { target: Self::TARGET.iter().find_map(said), path: Self::PATH.iter().find_map(said) }
    }

    fn name(&self, fault: Fault) -> Fault {
        const OF_TARGETS: [FaultCode; 5] = [
            FaultCode::Disabled,
            FaultCode::ElevatedTarget,
            FaultCode::HungTarget,
            FaultCode::NotOperable,
            FaultCode::StaleRef,
        ];
        let said = match fault.code {
            code if OF_TARGETS.contains(&code) => &self.target,
            FaultCode::NotFound => &self.path,
            _ => &None,
        };
        match said {
            Some((field, value)) if fault.field.is_none() => fault.field(*field).value(value),
            _ => fault,
        }
    }
}

/// A tool without its types.
pub struct AnyTool {
    descriptor: Descriptor,
    /// Read when it is first asked for: most tools of a server are never called.
    input_schema: OnceLock<Value>,
    #[cfg(any(test, feature = "derive-schemas"))]
    derive_schemas: fn() -> (Value, Option<Value>),
    lacks: fn(Readers<'_>, Deadline) -> Vec<String>,
    plan: fn(&Descriptor, &Value, Value, &PlanContext<'_>) -> Result<PlannedCall, Fault>,
    steps: fn(&Descriptor, &Value, Value) -> Result<Vec<StepCall>, Fault>,
}

impl std::fmt::Debug for AnyTool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("AnyTool").field(&self.descriptor.name).finish()
    }
}

impl AnyTool {
    /// Takes the types off.
    pub(crate) fn of<T: Tool>() -> Self {
        Self {
            descriptor: T::DESCRIPTOR,
            input_schema: OnceLock::new(),
            #[cfg(any(test, feature = "derive-schemas"))]
            derive_schemas: || (schema::input::<T::Args>(), T::output_schema()),
            lacks: T::lacks,
            plan: |descriptor, schema, arguments, cx| {
                let args = args::parse::<T::Args>(schema, arguments, descriptor.secret_arguments)?;
                let shows = T::shows(&args);
                let mut planned = T::plan(args, cx)?;
                name_readers(&planned.effects, &mut planned.resources, cx);
                let bound = planned.bound;
                Ok(PlannedCall {
                    resources: planned.resources,
                    effects: planned.effects,
                    reversibility: planned.reversibility,
                    state_digest: planned.state_digest,
                    deadline: planned.deadline,
                    shows,
                    apply: Box::new(move |permit, cx| T::apply(bound, permit, cx)),
                })
            },
            steps: |descriptor, schema, arguments| {
                args::parse::<T::Args>(schema, arguments, descriptor.secret_arguments).map(T::steps)
            },
        }
    }

    /// What is true of it.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// What this machine lacks for it, a sentence each for its owner; nothing where the tool can do all that it says.
    /// Changes nothing and tells nothing of what the machine holds.
    pub fn lacks(&self, readers: Readers<'_>, deadline: Deadline) -> Vec<String> {
        (self.lacks)(readers, deadline)
    }

    /// The schema of its arguments.
    pub fn input_schema(&self) -> &Value {
        self.input_schema.get_or_init(|| schema::written(self.descriptor.name).input)
    }

    /// The names of its arguments.
    pub(crate) fn argument_names(&self) -> Vec<&str> {
        args::names(self.input_schema())
    }

    /// The schema of its answer, for a data tool. Clients alone have a use for it, so that it is made anew and not kept.
    pub fn output_schema(&self) -> Option<Value> {
        schema::written(self.descriptor.name).output
    }

    /// The schemas of its arguments and of its answer, made of the types.
    #[cfg(any(test, feature = "derive-schemas"))]
    pub fn derived_schemas(&self) -> (Value, Option<Value>) {
        (self.derive_schemas)()
    }

    /// The calls that a call with these arguments makes, in order. Arguments that do not fit are a fault.
    pub fn steps(&self, arguments: Value) -> Result<Vec<StepCall>, Fault> {
        (self.steps)(&self.descriptor, self.input_schema(), arguments)
    }

    /// Parses the arguments and plans the call.
    pub fn plan(&self, arguments: Value, cx: &PlanContext<'_>) -> Result<PlannedCall, Fault> {
        let aim = Aim::of(&arguments, self.descriptor.secret_arguments);
        let planned =
            (self.plan)(&self.descriptor, self.input_schema(), arguments, cx).map_err(|fault| aim.name(fault))?;
        let PlannedCall { apply, .. } = planned;
        let apply: Applied = Box::new(move |permit, cx| apply(permit, cx).map_err(|fault| aim.name(fault)));
        Ok(PlannedCall { apply, ..planned })
    }
}
