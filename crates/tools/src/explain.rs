//! `ExplainPolicy`: what the gate would say of a call, without making it. The question is put to the gate's own rules; no
//! rule is known here, and no other principal's are shown.

use crate::args::Text;
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::schema;
use crate::tool::{AnyTool, Planned, Tool, data};
use portcullis_model::{Cancel, Effect, Fault, FaultCode, Principal, Reply, Resource, Tier};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::Duration;

/// What the rules say of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It would happen.
    Allowed,
    /// It would be refused.
    Refused,
    /// The owner would be asked.
    AskOwner,
    /// The tool is open; its arguments decide, and they do not fit or could not be looked at.
    NotPlanned,
}

/// What the rules say of one call, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Explained {
    /// The tool.
    pub tool: String,
    /// What would happen.
    pub verdict: Verdict,
    /// Every effect that the call would have, when it could be planned.
    pub effects: Vec<String>,
    /// The code of the refusal.
    pub code: Option<String>,
    /// What is refused or wrong, in a sentence.
    pub message: Option<String>,
    /// The rule that decided, with file and line where a file says it.
    pub rule: Option<String>,
    /// The smallest change that would allow it.
    pub remedy: Option<String>,
}

/// What the rules say of a call of one caller, and of those that it makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Explanation {
    /// The caller that it was asked for.
    pub principal: String,
    /// The call itself.
    #[serde(flatten)]
    pub call: Explained,
    /// The calls that it makes, in order, each looked at as things are now: what an earlier one changes is not known.
    pub steps: Vec<Explained>,
}

impl Explanation {
    /// Whether all of it would be allowed.
    pub fn allowed(&self) -> bool {
        [&self.call].into_iter().chain(&self.steps).all(|said| said.verdict == Verdict::Allowed)
    }
}

impl Explained {
    /// A refusal, or arguments that do not fit.
    pub fn of_fault(tool: &str, verdict: Verdict, fault: Fault) -> Self {
        Self {
            tool: tool.to_owned(),
            verdict,
            effects: Vec::new(),
            code: word(&fault.code),
            message: Some(fault.message),
            rule: fault.rule,
            remedy: fault.remedy,
        }
    }

    /// A call that may happen, or of which the owner is asked.
    pub fn of_effects(tool: &str, verdict: Verdict, effects: &[Effect], rule: String) -> Self {
        Self {
            tool: tool.to_owned(),
            verdict,
            effects: effects.iter().filter_map(word).collect(),
            code: None,
            message: None,
            rule: Some(rule),
            remedy: None,
        }
    }
}

/// A word as it is written in answers.
fn word(value: &impl Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}

/// The gate's rules, to be asked.
pub trait PolicyView: Send + Sync {
    /// What would be said of this call by this principal, and of the calls that it makes. Nothing happens and nothing is
    /// disclosed. An unknown tool is a fault, and so is a call that is withdrawn before all was looked at.
    fn explain(
        &self,
        principal: &Principal,
        tool: &str,
        arguments: Value,
        cancel: &Cancel,
    ) -> Result<Explanation, Fault>;
}

/// The tools of this file.
pub(crate) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<ExplainPolicy>()]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ExplainArgs {
    /// The tool's name
    tool: Text<80>,
    /// Its arguments as for the call
    args: Option<Map<String, Value>>,
}

struct ExplainPolicy;

impl Tool for ExplainPolicy {
    type Args = ExplainArgs;
    type Bound = (String, Value);

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "ExplainPolicy",
        title: "Explain what is allowed",
        description: "Whether a call of yours would be allowed, by which rule of which file, and the smallest change that would allow it. The call is not made.",
        tier: Tier::Observe,
        effects: &[Effect::ReadPolicy],
        annotations: Annotations::READS,
        shape: Shape::Data,
        lane: Lane::Read,
        deadline: Duration::from_secs(3),
        needs_administrator: false,
        gates: &[],
        answer_cap: 40_000,
        secret_arguments: &["args"],
        examples: [
            (r#"{"tool": "SetClipboard"}"#, "Ask why a tool is not open"),
            (r#"{"tool": "App", "args": {"action": "launch", "name": "C:\\Tools\\One.exe"}}"#, "Ask about one call"),
        ],
    };

    fn plan(args: ExplainArgs, _cx: &PlanContext<'_>) -> Result<Planned<Self::Bound>, Fault> {
        let bound = (args.tool.0, Value::Object(args.args.unwrap_or_default()));
        Ok(Planned::disclosure(Effect::ReadPolicy, Resource::OwnRights, bound))
    }

    fn apply((tool, args): Self::Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        permit.require(Effect::ReadPolicy, &Resource::OwnRights)?;
        let explanation =
            cx.policy.explain(cx.principal, &tool, args, cx.cancel).map_err(|fault| match fault.code {
                // The tool that was called exists; it is an argument that names none.
                FaultCode::UnknownTool => Fault { code: FaultCode::BadArgument, ..fault }.field("tool"),
                _ => fault,
            })?;
        data(&explanation)
    }

    fn output_schema() -> Option<Value> {
        Some(schema::output::<Explanation>())
    }
}
