//! Several mutations in order, with a snapshot before, a difference after, and a rollback when one fails; and a mutation whose
//! effect is waited for. Every step is parsed, and its gates named, before the first is made.

use super::acts::{
    ClearDpValue, ClickElement, DragAndDrop, ExecuteCommand, FireRoutedEvent, FocusElement, ModifyViewmodel,
    OverrideStyleSetter, ScrollToElement, SetDpValue, SimulateKeyboard,
};
use super::args::{ElementId, Label, number, wpf_args};
use super::several::ends_the_call;
use super::{Answers, Kind, Wpf, descriptor};
use crate::args::{self, Int, List};
use crate::descriptor::{Descriptor, Lane};
use crate::schema;
use crate::tool::AnyTool;
use portcullis_model::WpfGate::{Destructive, SensitiveReads, Viewmodel};
use portcullis_model::{Effect, Fault, FaultCode, WpfGate, nearest};
use portcullis_wpf as wpf;
use portcullis_wpf::{Asker, Session};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Steps of a batch.
const STEP_CAP: usize = 100;
/// How long a batch may take.
const BATCH_BUDGET: Duration = Duration::from_secs(30);

/// The tools of this file.
pub(super) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<Wpf<BatchMutate>>(), AnyTool::of::<Wpf<WaitAfterMutation>>()]
}

/// A tool that may be a step.
struct StepTool {
    name: &'static str,
    gates: &'static [WpfGate],
    check: fn(&Value) -> Result<(), Fault>,
    run: fn(Value, &Asker<'_>) -> Result<Value, Fault>,
}

fn parsed<T: Answers>(arguments: &Value) -> Result<T::Args, Fault> {
    args::parse::<T::Args>(&schema::written(T::DESCRIPTOR.name).input, arguments.clone(), &[])
}

const fn step<T: Answers>() -> StepTool {
    StepTool {
        name: T::DESCRIPTOR.name,
        gates: T::DESCRIPTOR.gates,
        check: |arguments| parsed::<T>(arguments).map(drop),
        run: |arguments, asker| {
            let answer = T::answer(parsed::<T>(&arguments)?, asker)?;
            serde_json::to_value(answer).map_err(|error| Fault::new(FaultCode::Internal, error.to_string()))
        },
    }
}

const STEPS: [StepTool; 11] = [
    step::<ModifyViewmodel>(),
    step::<SetDpValue>(),
    step::<ClearDpValue>(),
    step::<ExecuteCommand>(),
    step::<ClickElement>(),
    step::<FireRoutedEvent>(),
    step::<FocusElement>(),
    step::<ScrollToElement>(),
    step::<SimulateKeyboard>(),
    step::<OverrideStyleSetter>(),
    step::<DragAndDrop>(),
];

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Step {
    tool: Label,
    args: Map<String, Value>,
    label: Option<Label>,
}

impl Step {
    fn tool(&self) -> Result<&'static StepTool, Fault> {
        STEPS.iter().find(|step| step.name == self.tool.0).ok_or_else(|| {
            let names = STEPS.iter().map(|step| step.name);
            Fault::new(FaultCode::BadArgument, "the tool is no step of a batch")
                .field("tool")
                .value(&self.tool.0)
                .rule(format!("a step is one of {}", names.clone().collect::<Vec<_>>().join(", ")))
                .remedy("call it by itself")
                .candidates(nearest(&self.tool.0, names))
                .source_code("InvalidArgument")
        })
    }

    /// Its arguments, with the element of the batch where it names none and its tool takes one.
    fn arguments(&self, element: Option<&ElementId>) -> Value {
        let mut all = self.args.clone();
        let takes_one = self.tool.0 != "drag_and_drop";
        if let Some(element) = element.filter(|_| takes_one && !all.contains_key("elementId")) {
            all.insert("elementId".to_owned(), element.0.clone().into());
        }
        Value::Object(all)
    }

    /// Fails unless it can be made; the gates that it goes through.
    fn check(&self, element: Option<&ElementId>) -> Result<&'static [WpfGate], Fault> {
        let tool = self.tool()?;
        if self.args.contains_key("processId") {
            return Err(Fault::new(FaultCode::BadArgument, "a step names a process")
                .field("processId")
                .rule("all steps are made in the process of the call")
                .remedy("give `processId` beside the steps")
                .source_code("InvalidArgument"));
        }
        (tool.check)(&self.arguments(element)).map_err(|fault| fault.source_code("InvalidArgument"))?;
        Ok(tool.gates)
    }

    fn run(&self, element: Option<&ElementId>, asker: &Asker<'_>) -> Result<Value, Fault> {
        (self.tool()?.run)(self.arguments(element), asker)
    }
}

#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Keep {
    property_names: Option<List<Label, 100>>,
    view_model_property_names: Option<List<Label, 100>>,
    include_focus: Option<bool>,
}

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Capture {
    Whether(bool),
    These(Keep),
}

wpf_args!(BatchArgs {
    mutations: List<Step, STEP_CAP>,
    /// Of steps without one
    element_id: Option<ElementId>,
    /// true: all that the steps set
    capture_snapshot: Option<Capture>,
    include_diff: Option<bool>,
    rollback_on_failure: Option<bool>,
    trigger: Option<Label>,
});

impl BatchArgs {
    /// What a snapshot keeps before the first step; none for no snapshot.
    fn kept(&self) -> Option<Vec<wpf::CaptureAsk>> {
        let own = |list: Option<&List<Label, 100>>| {
            list.map(|list| list.0.iter().map(|name| name.0.clone()).collect()).unwrap_or_default()
        };
        match self.capture_snapshot.as_ref()? {
            Capture::Whether(false) => None,
            Capture::These(keep) => Some(vec![wpf::CaptureAsk {
                element: self.element_id.as_ref().map(|id| id.0.clone()),
                properties: own(keep.property_names.as_ref()),
                members: own(keep.view_model_property_names.as_ref()),
                focus: keep.include_focus.unwrap_or(false),
            }]),
            Capture::Whether(true) => {
                let mut all: BTreeMap<Option<String>, wpf::CaptureAsk> = BTreeMap::new();
                for step in &self.mutations.0 {
                    let arguments = step.arguments(self.element_id.as_ref());
                    let text = |name: &str| arguments.get(name).and_then(Value::as_str).map(str::to_owned);
                    let element = text("elementId");
                    let Some(name) = text("propertyName") else { continue };
                    let ask =
                        all.entry(element.clone()).or_insert_with(|| wpf::CaptureAsk { element, ..Default::default() });
                    let list = if step.tool.0 == "modify_viewmodel" { &mut ask.members } else { &mut ask.properties };
                    if !list.contains(&name) {
                        list.push(name);
                    }
                }
                let mut all: Vec<_> = all.into_values().collect();
                // Steps that set nothing by name may move the keyboard.
                match all.first_mut() {
                    Some(first) => first.focus = true,
                    None => all.push(wpf::CaptureAsk {
                        element: self.element_id.as_ref().map(|id| id.0.clone()),
                        focus: true,
                        ..Default::default()
                    }),
                }
                Some(all)
            }
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct MutationRow {
    index: usize,
    tool: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    success: bool,
    skipped: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Value>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Rollback {
    available: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot_id: Option<String>,
    tool: &'static str,
    params: Value,
    rollback_on_failure: bool,
    attempted: bool,
    succeeded: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct BatchAnswer {
    execution_mode: &'static str,
    stop_on_error: bool,
    /// Whether every step was made.
    all_succeeded: bool,
    mutations: Vec<MutationRow>,
    mutation_count: usize,
    success_count: usize,
    failure_count: usize,
    skipped_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_diff: Option<wpf::Diff>,
    rollback: Rollback,
}

struct BatchMutate;

impl Answers for BatchMutate {
    type Args = BatchArgs;
    type Answer = BatchAnswer;

    const DESCRIPTOR: Descriptor = Descriptor {
        effects: &[Effect::WriteApplications, Effect::OperateApplications],
        lane: Lane::Long,
        deadline: BATCH_BUDGET,
        ..descriptor(
            "batch_mutate",
            "Several mutations",
            "Steps {tool, args} in order, until one fails. captureSnapshot keeps what was; rollbackOnFailure puts it back, restore_state_snapshot later.",
            Kind::Write,
            &[Destructive],
            [
                (
                    r#"{"mutations": [{"tool": "set_dp_value", "args": {"propertyName": "Text", "value": "Grace", "elementId": "TextBox_3"}}], "captureSnapshot": true, "includeDiff": true}"#,
                    "One step, and what it changed",
                ),
                (r#"{"mutations": [{"tool": "click_element", "args": {"elementId": "Button_5"}}]}"#, "A click"),
            ],
        )
    };

    fn more_gates(args: &BatchArgs, _: &Session) -> Result<Vec<WpfGate>, Fault> {
        if args.mutations.0.is_empty() {
            return Err(Fault::bad_argument("mutations", "[]", "there is at least one step", "add a step")
                .source_code("InvalidArgument"));
        }
        let mut gates = Vec::new();
        for (at, step) in args.mutations.0.iter().enumerate() {
            gates.extend(step.check(args.element_id.as_ref()).map_err(|fault| {
                let field = fault.field.clone().unwrap_or_else(|| "tool".to_owned());
                fault.field(format!("mutations[{at}].{field}"))
            })?);
        }
        let kept = args.kept();
        if args.include_diff.unwrap_or(false) && kept.is_none() {
            return Err(Fault::bad_argument("includeDiff", true, "it needs a snapshot", "say `captureSnapshot: true`")
                .source_code("InvalidArgument"));
        }
        if args.rollback_on_failure.unwrap_or(false) && kept.is_none() {
            return Err(Fault::bad_argument(
                "rollbackOnFailure",
                true,
                "it needs a snapshot",
                "say `captureSnapshot: true`",
            )
            .source_code("InvalidArgument"));
        }
        if let Some(kept) = kept {
            gates.push(SensitiveReads);
            if kept.iter().any(|ask| !ask.members.is_empty()) {
                gates.push(Viewmodel);
            }
        }
        Ok(gates)
    }

    fn answer(args: BatchArgs, asker: &Asker<'_>) -> Result<BatchAnswer, Fault> {
        let trigger = args.trigger.as_ref().map_or("batch_mutate", |trigger| trigger.0.as_str()).to_owned();
        let snapshot = match args.kept() {
            Some(asks) => Some(wpf::capture(asker, &asks, Some(&trigger))?.id().to_owned()),
            None => None,
        };
        let mut mutations = Vec::new();
        let mut failed: Option<Fault> = None;
        for (index, step) in args.mutations.0.iter().enumerate() {
            let mut row = MutationRow {
                index,
                tool: step.tool.0.clone(),
                label: step.label.as_ref().map(|label| portcullis_model::visible(&label.0, 256)),
                success: false,
                skipped: failed.is_some(),
                error: None,
                error_code: None,
                result: None,
            };
            if failed.is_none() {
                match step.run(args.element_id.as_ref(), asker) {
                    Ok(result) => {
                        row.success = true;
                        row.result = Some(result);
                    }
                    Err(fault) => {
                        row.error = Some(fault.to_string());
                        row.error_code = fault.source_code;
                        failed = Some(fault);
                    }
                }
            }
            mutations.push(row);
        }
        let wanted = args.rollback_on_failure.unwrap_or(false);
        let mut rollback = Rollback {
            available: snapshot.is_some(),
            params: json!({ "snapshotId": snapshot }),
            snapshot_id: snapshot.clone(),
            tool: "restore_state_snapshot",
            rollback_on_failure: wanted,
            attempted: false,
            succeeded: false,
            reason: None,
        };
        let mut state_diff = None;
        match (&failed, &snapshot) {
            (Some(fault), Some(_)) if wanted && ends_the_call(fault) => {
                rollback.reason = Some("the application does not answer: what it did is not known".to_owned());
            }
            (Some(_), Some(id)) if wanted => {
                rollback.attempted = true;
                match wpf::restore(asker, id, false) {
                    Ok(restored) => rollback.succeeded = restored.is_whole(),
                    Err(fault) => rollback.reason = Some(fault.to_string()),
                }
            }
            (None, Some(id)) if args.include_diff.unwrap_or(false) => {
                state_diff = Some(wpf::diff(asker, id, Some(&trigger))?);
            }
            _ => {}
        }
        let count = |is: fn(&MutationRow) -> bool| mutations.iter().filter(|row| is(row)).count();
        Ok(BatchAnswer {
            execution_mode: "sequential-stop-on-error",
            stop_on_error: true,
            all_succeeded: failed.is_none(),
            mutation_count: mutations.len(),
            success_count: count(|row| row.success),
            failure_count: count(|row| row.error.is_some()),
            skipped_count: count(|row| row.skipped),
            mutations,
            snapshot_id: snapshot,
            state_diff,
            rollback,
        })
    }
}

wpf_args!(WaitAfterArgs {
    property_name: Label,
    trigger_mutation: Step,
    element_id: Option<ElementId>,
    /// Default 5000
    timeout_ms: Option<Int<1, 25_000>>,
    expected_value: Option<Value>,
});

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct WaitAfterAnswer {
    #[serde(flatten)]
    waited: wpf::DpWaited,
    trigger_result: Value,
}

struct WaitAfterMutation;

impl Answers for WaitAfterMutation {
    type Args = WaitAfterArgs;
    type Answer = WaitAfterAnswer;

    const DESCRIPTOR: Descriptor = Descriptor {
        effects: &[Effect::WriteApplications, Effect::OperateApplications],
        lane: Lane::Long,
        deadline: Duration::from_secs(7),
        ..descriptor(
            "wait_for_dp_change_after_mutation",
            "Do, and wait",
            "Make one step {tool, args} and wait until a property changes or comes to a value. The listening begins first.",
            Kind::Write,
            &[Destructive, SensitiveReads],
            [
                (
                    r#"{"propertyName": "Text", "elementId": "TextBox_3", "triggerMutation": {"tool": "set_dp_value", "args": {"propertyName": "Text", "value": "Grace", "elementId": "TextBox_3"}}}"#,
                    "Until the text changes",
                ),
                (
                    r#"{"propertyName": "Title", "timeoutMs": 1, "triggerMutation": {"tool": "click_element", "args": {"elementId": "Button_5"}}}"#,
                    "Whether a click changes the title at once",
                ),
            ],
        )
    };

    fn more_gates(args: &WaitAfterArgs, _: &Session) -> Result<Vec<WpfGate>, Fault> {
        let gates = args.trigger_mutation.check(None).map_err(|fault| {
            let field = fault.field.clone().unwrap_or_else(|| "tool".to_owned());
            fault.field(format!("triggerMutation.{field}"))
        })?;
        Ok(gates.to_vec())
    }

    fn lasts(args: &WaitAfterArgs) -> Option<Duration> {
        Some(Duration::from_millis(number(args.timeout_ms, 5_000).into()) + Duration::from_secs(2))
    }

    fn answer(args: WaitAfterArgs, asker: &Asker<'_>) -> Result<WaitAfterAnswer, Fault> {
        let ask = wpf::WaitAsk {
            element: args.element_id.map(|id| id.0),
            property: args.property_name.0,
            expected: args.expected_value,
            wait: Duration::from_millis(number(args.timeout_ms, 5_000).into()),
        };
        let (waited, trigger_result) = wpf::wait_for(asker, &ask, || args.trigger_mutation.run(None, asker))?;
        Ok(WaitAfterAnswer { waited, trigger_result })
    }
}
