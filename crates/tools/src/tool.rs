//! The two halves of a tool, typed for those who write one and erased for the gate that runs them all.

use crate::args;
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Descriptor, Shape};
use crate::schema;
use portcullis_model::{Digest, Effect, Fault, Reply, Resource, Reversibility};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;
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

    /// The schema of a data tool's answer.
    fn output_schema() -> Option<Value> {
        None
    }
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
    /// Does it.
    pub apply: Applied,
}

/// A tool without its types.
pub struct AnyTool {
    descriptor: Descriptor,
    input_schema: Value,
    output_schema: Option<Value>,
    plan: fn(&Descriptor, &Value, Value, &PlanContext<'_>) -> Result<PlannedCall, Fault>,
}

impl std::fmt::Debug for AnyTool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("AnyTool").field(&self.descriptor.name).finish()
    }
}

impl AnyTool {
    /// Takes the types off.
    pub(crate) fn of<T: Tool>() -> Self {
        let output_schema = T::output_schema();
        debug_assert_eq!(output_schema.is_some(), T::DESCRIPTOR.shape == Shape::Data);
        Self {
            descriptor: T::DESCRIPTOR,
            input_schema: schema::input::<T::Args>(),
            output_schema,
            plan: |descriptor, schema, arguments, cx| {
                let args = args::parse::<T::Args>(schema, arguments, descriptor.secret_arguments)?;
                let planned = T::plan(args, cx)?;
                let bound = planned.bound;
                Ok(PlannedCall {
                    resources: planned.resources,
                    effects: planned.effects,
                    reversibility: planned.reversibility,
                    state_digest: planned.state_digest,
                    deadline: planned.deadline,
                    apply: Box::new(move |permit, cx| T::apply(bound, permit, cx)),
                })
            },
        }
    }

    /// What is true of it.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// The schema of its arguments.
    pub fn input_schema(&self) -> &Value {
        &self.input_schema
    }

    /// The schema of its answer, for a data tool.
    pub fn output_schema(&self) -> Option<&Value> {
        self.output_schema.as_ref()
    }

    /// Parses the arguments and plans the call.
    pub fn plan(&self, arguments: Value, cx: &PlanContext<'_>) -> Result<PlannedCall, Fault> {
        (self.plan)(&self.descriptor, &self.input_schema, arguments, cx)
    }
}
