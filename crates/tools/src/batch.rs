//! `Batch`: several calls in one, each decided and recorded by itself. What a step may do is its own tool's business; here
//! is only their order, what each must answer, and when to stop.

use crate::args::{List, Text};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::tool::{AnyTool, Planned, StepCall, Tool};
use portcullis_model::{Effect, Fault, FaultCode, Outcome, Part, Reply, Resource, Reversibility, Tier, visible};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::time::Duration;

/// Steps of one call.
const STEPS_CAP: usize = 50;
/// Bytes of a step's text that the answer repeats; of the last one, which is often why the others were made, more.
const STEP_TEXT: usize = 400;
const LAST_TEXT: usize = 8_000;
/// Bytes of pictures in one answer.
const PICTURES_CAP: usize = 1_000_000;
/// Characters of what a step that failed before is told by.
const DONE_TEXT: usize = 200;

/// The tools of this file.
pub(crate) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<Batch>()]
}

/// What a step must answer for the next one to be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Expect {
    /// Anything but an error.
    #[default]
    Answer,
    /// Its effect was seen.
    Confirmed,
    /// Its effect was seen, or could not be; it is not known to have had none.
    Effect,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Step {
    /// Any tool but Batch
    tool: Text<80>,
    /// Its arguments
    args: Option<Map<String, Value>>,
    /// answer (default): no error; confirmed: an effect was seen; effect: not no_effect
    expect: Option<Expect>,
    /// Text that its answer must hold
    holds: Option<Text<400>>,
}

impl Step {
    fn call(self) -> StepCall {
        StepCall { tool: self.tool.0, arguments: Value::Object(self.args.unwrap_or_default()) }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BatchArgs {
    /// In order
    steps: List<Step, STEPS_CAP>,
}

struct Batch;

impl Tool for Batch {
    type Args = BatchArgs;
    type Bound = Vec<Step>;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "Batch",
        title: "Make several calls",
        description: "Several calls in order, as one: fill a form, select items, wait (WaitFor) and check in between. Stops at the first step that fails or does not answer as expected, and says what was done. Each step is allowed or refused by itself.",
        tier: Tier::Interact,
        effects: &[Effect::MakeCalls],
        annotations: Annotations::ACTS,
        shape: Shape::View,
        lane: Lane::Steps,
        deadline: Duration::from_secs(120),
        needs_administrator: false,
        gates: &[],
        answer_cap: 1_200_000,
        secret_arguments: &["steps"],
        examples: [
            (
                r#"{"steps": [{"tool": "Type", "args": {"name": "Search", "text": "ada"}}, {"tool": "Click", "args": {"name": "Save"}, "expect": "confirmed"}]}"#,
                "Fill a field and go on",
            ),
            (
                r#"{"steps": [{"tool": "Click", "args": {"ref": "e4", "held": "ctrl"}}, {"tool": "Click", "args": {"ref": "e6", "held": "ctrl"}}, {"tool": "GetText", "args": {"ref": "e9"}, "holds": "2 selected"}]}"#,
                "Select several items and check it",
            ),
        ],
    };

    fn plan(args: BatchArgs, _cx: &PlanContext<'_>) -> Result<Planned<Self::Bound>, Fault> {
        if args.steps.0.is_empty() {
            return Err(Fault::bad_argument("steps", "none", "there is at least one step", "say what to do"));
        }
        Ok(Planned {
            resources: vec![Resource::OwnTasks],
            effects: vec![Effect::MakeCalls],
            // What can be done about it is each step's to say.
            reversibility: Reversibility::Irreversible,
            state_digest: None,
            deadline: None,
            bound: args.steps.0,
        })
    }

    fn steps(args: BatchArgs) -> Vec<StepCall> {
        args.steps.0.into_iter().map(Step::call).collect()
    }

    fn apply(steps: Self::Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        permit.require(Effect::MakeCalls, &Resource::OwnTasks)?;
        let count = steps.len();
        let mut told = Told::default();
        for (number, mut step) in (1_u32..).zip(steps) {
            let (expected, holds) = (step.expect.unwrap_or_default(), step.holds.take());
            let StepCall { tool, arguments } = step.call();
            let made = cx.cancel.check().map_err(Fault::from).and_then(|()| {
                let reply = cx.steps.call(number, &tool, arguments)?;
                require(&reply, expected, holds.as_ref().map(|text| text.0.as_str()))?;
                Ok(reply)
            });
            match made {
                Ok(reply) => told.step(number, &tool, reply, usize::try_from(number) == Ok(count)),
                Err(fault) => return Err(told.failed(number, count, &tool, fault)),
            }
        }
        Ok(told.reply(count))
    }
}

/// Fails unless a step answered as it must.
fn require(reply: &Reply, expected: Expect, holds: Option<&str>) -> Result<(), Fault> {
    let outcome = reply.outcome();
    let fits = match expected {
        Expect::Answer => true,
        Expect::Confirmed => matches!(outcome, Some(Outcome::Confirmed(_))),
        Expect::Effect => !matches!(outcome, Some(Outcome::NoEffect { .. })),
    };
    let text = text_of(reply);
    let unmet = |rule: String| {
        Fault::new(FaultCode::Unexpected, "the step answered otherwise than expected")
            .value(text.trim())
            .rule(rule)
            .remedy("look at what is there with Snapshot, then go on from this step")
    };
    if !fits {
        let word = if expected == Expect::Confirmed { "confirmed" } else { "not no_effect" };
        return Err(unmet(format!("its answer is {word}")));
    }
    match holds {
        // What is looked for may be what was typed, which no answer repeats.
        Some(wanted) if !text.contains(wanted) => Err(unmet("its answer holds the text of `holds`".to_owned())),
        _ => Ok(()),
    }
}

/// All that a reply says in words.
fn text_of(reply: &Reply) -> String {
    match reply {
        Reply::Data(value) => value.to_string(),
        Reply::View { parts, .. } => {
            let texts =
                parts.iter().filter_map(|part| if let Part::Text(text) = part { Some(text.as_str()) } else { None });
            texts.collect::<Vec<_>>().join("\n")
        }
    }
}

/// What the steps that were made came to.
#[derive(Default)]
struct Told {
    texts: Vec<String>,
    pictures: Vec<Part>,
    picture_bytes: usize,
    pictures_left_out: usize,
    /// The first step whose effect could not be seen.
    unverified: Option<String>,
    confirmed: usize,
    without_effect: usize,
}

impl Told {
    fn step(&mut self, number: u32, tool: &str, reply: Reply, last: bool) {
        let text = text_of(&reply);
        match reply.outcome() {
            Some(Outcome::Confirmed(_)) => self.confirmed += 1,
            Some(Outcome::Unverified { why }) => {
                self.unverified.get_or_insert_with(|| format!("step {number} ({tool}): {why}"));
            }
            Some(Outcome::NoEffect { .. }) => self.without_effect += 1,
            None => {}
        }
        let cap = if last { LAST_TEXT } else { STEP_TEXT };
        self.texts.push(format!("step {number} ({tool}): {}", cut(&text, cap)));
        let Reply::View { parts, .. } = reply else { return };
        for part in parts {
            let Part::Image(image) = &part else { continue };
            if self.picture_bytes.saturating_add(image.bytes.len()) > PICTURES_CAP {
                self.pictures_left_out += 1;
            } else {
                self.picture_bytes += image.bytes.len();
                self.pictures.push(part);
            }
        }
    }

    fn failed(self, number: u32, count: usize, tool: &str, fault: Fault) -> Fault {
        let place = format!("steps[{}]", number.saturating_sub(1));
        let field = match &fault.field {
            Some(field) => format!("{place}.args.{field}"),
            None => place,
        };
        let shown = visible(tool, Fault::VALUE_LIMIT);
        let done = self.texts.iter().map(|text| visible(text.lines().next().unwrap_or_default(), DONE_TEXT)).collect();
        // A name that is no tool's is the fault of an argument here: the tool that was called exists.
        let code = if fault.code == FaultCode::UnknownTool { FaultCode::BadArgument } else { fault.code };
        Fault { code, message: format!("step {number} of {count} ({shown}) failed: {}", fault.message), ..fault }
            .field(field)
            .done(done)
    }

    fn reply(self, count: usize) -> Reply {
        let mut text = self.texts.join("\n");
        if self.pictures_left_out > 0 {
            text.push_str(&format!(
                "\ncut: {} pictures more; take them with a call of their own",
                self.pictures_left_out
            ));
        }
        let mut parts = vec![Part::Text(text)];
        parts.extend(self.pictures);
        let all = format!("{count} steps were made, {} confirmed", self.confirmed);
        let outcome = match (self.unverified, self.confirmed, self.without_effect) {
            (Some(why), _, _) => Outcome::Unverified { why },
            (None, 0, 1..) => Outcome::NoEffect { observed: format!("{count} steps were made, none changed anything") },
            (None, 0, 0) => {
                parts.insert(0, Part::Text(format!("{count} steps were made")));
                return Reply::View { parts, outcome: None };
            }
            (None, _, _) => Outcome::confirmed(all),
        };
        Reply::action(outcome, parts)
    }
}

/// The beginning of a text, with what was cut.
fn cut(text: &str, cap: usize) -> String {
    if text.len() <= cap {
        return text.to_owned();
    }
    let end = (0..=cap).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let (kept, rest) = text.split_at(end);
    format!("{kept}… (+{} bytes; a call of its own tells them)", rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(outcome: Outcome) -> Reply {
        Reply::action(outcome, Vec::new())
    }

    #[test]
    fn a_step_must_answer_as_expected() {
        let confirmed = action(Outcome::confirmed("Subscribe: off -> on"));
        let unverified = action(Outcome::Unverified { why: "the window is gone".to_owned() });
        let nothing = action(Outcome::NoEffect { observed: "nothing changed".to_owned() });
        let read = Reply::text("2 selected");
        for (reply, answer, confirms, effect) in [
            (&confirmed, true, true, true),
            (&unverified, true, false, true),
            (&nothing, true, false, false),
            (&read, true, false, true),
        ] {
            let fits = |expected| require(reply, expected, None).is_ok();
            assert_eq!(
                (fits(Expect::Answer), fits(Expect::Confirmed), fits(Expect::Effect)),
                (answer, confirms, effect),
                "{reply:?}"
            );
        }
        assert!(require(&read, Expect::Answer, Some("2 sel")).is_ok());
        let fault = require(&read, Expect::Answer, Some("3 selected")).unwrap_err();
        assert_eq!((fault.code, fault.value.as_deref()), (FaultCode::Unexpected, Some("2 selected")));
    }

    #[test]
    fn the_whole_is_no_better_than_its_steps() {
        let outcome = |replies: Vec<Reply>| {
            let mut told = Told::default();
            let count = replies.len();
            for (number, reply) in (1..).zip(replies) {
                told.step(number, "Click", reply, false);
            }
            told.reply(count).outcome().map(|outcome| outcome.word())
        };
        let confirmed = || action(Outcome::confirmed("x"));
        let unverified = || action(Outcome::Unverified { why: "x".to_owned() });
        let nothing = || action(Outcome::NoEffect { observed: "x".to_owned() });
        assert_eq!(outcome(vec![confirmed(), nothing()]), Some("confirmed"));
        assert_eq!(outcome(vec![confirmed(), unverified()]), Some("unverified"));
        assert_eq!(outcome(vec![nothing(), Reply::text("read")]), Some("no_effect"));
        assert_eq!(outcome(vec![Reply::text("read")]), None);
    }

    #[test]
    fn long_answers_and_many_pictures_are_cut_and_said() {
        let mut told = Told::default();
        told.step(1, "GetText", Reply::text("ü".repeat(STEP_TEXT)), false);
        told.step(2, "GetText", Reply::text("ü".repeat(STEP_TEXT)), true);
        for number in 3..6 {
            let image =
                portcullis_model::Image { mime: "image/png", bytes: vec![0; PICTURES_CAP / 2], width: 1, height: 1 };
            told.step(number, "Screenshot", Reply::View { parts: vec![Part::Image(image)], outcome: None }, false);
        }
        let Reply::View { parts, .. } = told.reply(5) else { panic!("a view") };
        let text = text_of(&Reply::View { parts: parts.clone(), outcome: None });
        assert!(
            text.contains(&format!("step 1 (GetText): {}… (+{STEP_TEXT} bytes", "ü".repeat(STEP_TEXT / 2))),
            "{text}"
        );
        assert!(text.contains(&format!("step 2 (GetText): {}\n", "ü".repeat(STEP_TEXT))), "{text}");
        assert!(text.contains("cut: 1 pictures more"), "{text}");
        assert_eq!(parts.iter().filter(|part| matches!(part, Part::Image(_))).count(), 2);
    }
}
