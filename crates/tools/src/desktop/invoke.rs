//! `Invoke`: operating a control through its own interface, without the pointer, the keyboard or the foreground.

use crate::args::{Int, Text};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::desktop::passage::Passage;
use crate::desktop::target::{Reach, Target, element_arguments, pick, read_scene};
use crate::desktop::watch::{Observe, Watch};
use crate::tool::{AnyTool, Planned, Tool};
use portcullis_model::{Effect, ElementIdentity, Fault, FaultCode, Reply, Reversibility, Role, Tier};
use portcullis_observe::Scene;
use portcullis_platform::ControlAct;
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// The tools of this file.
pub(super) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<Invoke>()]
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Action {
    #[default]
    Auto,
    Invoke,
    Toggle,
    Select,
    Expand,
    Collapse,
    SetValue,
    ScrollIntoView,
    Focus,
}

element_arguments! {
    struct InvokeArgs {
        /// auto: what the role suggests
        action: Option<Action>,
        /// For set_value
        value: Option<Text<100_000>>,
        /// Words of its text, or [from, to]
        select: Option<Passage>,
        observe: Option<Observe>,
    }
}

struct Bound {
    target: Target,
    action: Action,
    value: Option<String>,
    passage: Option<Passage>,
    /// Which of several words, where the element needs no count.
    nth: Option<usize>,
    observe: Observe,
}

struct Invoke;

impl Tool for Invoke {
    type Args = InvokeArgs;
    type Bound = Bound;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "Invoke",
        title: "Operate a control",
        description: "Press, toggle, select, expand or set a control through its own interface, leaving pointer and focus alone. Answers with what changed.",
        tier: Tier::Interact,
        effects: &[
            Effect::OperateControl,
            Effect::OperateApplications,
            Effect::OperateCommandHost,
            Effect::ReadWindows,
            Effect::ReadPixels,
        ],
        annotations: Annotations::ACTS,
        shape: Shape::View,
        lane: Lane::Input,
        deadline: Duration::from_secs(3),
        needs_administrator: false,
        gates: &[],
        answer_cap: 1_200_000,
        secret_arguments: &["value"],
        examples: [
            (r#"{"ref": "e12"}"#, "Press a button, toggle a check box, select a row"),
            (r#"{"ref": "e20", "action": "set_value", "value": "UTF-8"}"#, "Choose an entry, or fill a field"),
        ],
    };

    fn shows(args: &InvokeArgs) -> Option<&'static str> {
        Observe::shows(args.observe)
    }

    fn plan(args: InvokeArgs, cx: &PlanContext<'_>) -> Result<Planned<Bound>, Fault> {
        cx.readers.require_active_session()?;
        let target = args.element().resolve_element(cx)?;
        let action = args.action.unwrap_or_default();
        let value = args.value.map(|value| value.0);
        if (action == Action::SetValue) != value.is_some() {
            return Err(Fault::bad_argument(
                "value",
                if value.is_some() { "a value without set_value" } else { "nothing" },
                "`value` and the action `set_value` go together",
                "give both or neither",
            ));
        }
        let nth = args.element.is_some().then_some(args.nth).flatten().map(Int::size);
        let passage = args.select;
        if passage.is_some() && action != Action::Auto {
            let rule = "`select` is an action by itself";
            return Err(Fault::bad_argument("action", "another action", rule, "leave `action` out"));
        }
        let observe = args.observe.unwrap_or_default();
        let (mut resources, mut effects) =
            (target.action_resources(cx)?, action_effects(Effect::OperateControl, observe));
        target.name_operated(true, &mut resources, &mut effects, cx)?;
        Ok(Planned {
            resources,
            effects,
            reversibility: Reversibility::Irreversible,
            state_digest: None,
            deadline: None,
            bound: Bound { target, action, value, passage, nth, observe },
        })
    }

    fn apply(bound: Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let (element, scene) = settle_target(&bound.target, permit, cx)?;
        let watch = Watch::begin(permit, cx, Some(&element.window), Some(&element), bound.observe, scene);
        if let Some(passage) = &bound.passage {
            return watch.end_with(passage.select(bound.nth, &element, permit, cx)?);
        }
        let watch = match &bound.value {
            Some(value) => watch.conceal(value),
            None => watch,
        };
        let act = match (bound.action, bound.value.clone()) {
            (Action::Auto, _) => natural_act(role_of(&element, watch.before(), permit, cx)?)?,
            (Action::Toggle, _) => ControlAct::Toggle,
            (Action::Select, _) => ControlAct::Select,
            (Action::Expand, _) => ControlAct::Expand,
            (Action::Collapse, _) => ControlAct::Collapse,
            (Action::SetValue, Some(value)) => ControlAct::SetValue(value),
            (Action::ScrollIntoView, _) => ControlAct::ScrollIntoView,
            (Action::Focus, _) => ControlAct::Focus,
            (Action::Invoke | Action::SetValue, _) => ControlAct::Invoke,
        };
        let delivered = cx.ports.tree.act(permit, &element, &act, cx.deadline, cx.cancel)?;
        watch.end(&delivered.by, delivered.shown)
    }
}

/// What Click may ever do: what the pointer tools may, and operate an element of WPF from inside.
pub(super) const CLICK_EFFECTS: &[Effect] = &[
    Effect::SendInput,
    Effect::OperateControl,
    Effect::OperateApplications,
    Effect::ArrangeWindows,
    Effect::OperateCommandHost,
    Effect::ReadWindows,
    Effect::ReadPixels,
];

/// The effects of an action and of looking at what it brought about.
pub(super) fn action_effects(own: Effect, observe: Observe) -> Vec<Effect> {
    let mut effects = vec![own, Effect::ReadWindows];
    if observe == Observe::Image {
        effects.push(Effect::ReadPixels);
    }
    effects
}

/// The element that a target means, and the reading that was made to find it.
pub(super) fn settle_target(
    target: &Target,
    permit: &Permit,
    cx: &ApplyContext<'_>,
) -> Result<(ElementIdentity, Option<Scene>), Fault> {
    match target {
        Target::Element(element) => Ok((element.clone(), None)),
        Target::Described(window, selector) => {
            let scene = read_scene(permit, window, Reach::Search, cx)?;
            Ok((pick(&scene, selector, cx)?, Some(scene)))
        }
        Target::At(point, Some(window)) => {
            Ok((cx.ports.tree.element_at(permit, window, *point, cx.deadline)?.identity, None))
        }
        Target::At(..) => Err(Fault::new(FaultCode::NotFound, "no window is at the point")),
    }
}

/// What the element is: from the reading when it stands there, else asked.
pub(super) fn role_of(
    element: &ElementIdentity,
    scene: Option<&Scene>,
    permit: &Permit,
    cx: &ApplyContext<'_>,
) -> Result<Role, Fault> {
    match scene.and_then(|scene| scene.line(element)) {
        Some(line) => Ok(line.role),
        None => Ok(cx.ports.tree.read_element(permit, element, cx.deadline)?.role),
    }
}

/// What one does to a control of this role.
pub(super) fn natural_act(role: Role) -> Result<ControlAct, Fault> {
    match role {
        Role::Button | Role::MenuItem | Role::Link | Role::HeaderItem => Ok(ControlAct::Invoke),
        Role::CheckBox => Ok(ControlAct::Toggle),
        Role::RadioButton | Role::ListItem | Role::DataItem | Role::TreeItem | Role::TabItem => Ok(ControlAct::Select),
        Role::ComboBox => Ok(ControlAct::Expand),
        Role::Edit
        | Role::Document
        | Role::Slider
        | Role::Spinner
        | Role::DateTime
        | Role::Calendar
        | Role::List
        | Role::Tree
        | Role::DataGrid => Ok(ControlAct::Focus),
        other => Err(Fault::new(FaultCode::NotOperable, format!("a {} has no action of its own", other.word()))
            .field("ref")
            .value(other.word())
            .rule("auto does what the role suggests: press, toggle, select, expand or focus")
            .remedy("name an action, or use Click")),
    }
}
