//! Attacks by way of windows: one that changes hands during a call, one that the owner hides, one that runs commands.
//! Windows-MCP clicks where a window was, and has no rule by which one is hidden; neither source system keeps input from consoles.

use crate::judge::{check, every_tool, granted, is_granted, texts};
use crate::world::{Door, at, bases, open_rules, put, world};
use portcullis_model::{Effect, Point, ProgramName, Resource, Valued, WindowIdentity, WindowPattern};
use portcullis_platform_fake::{Call as PortCall, FakeDesktop, Thing};
use portcullis_policy::{FilterSpec, Restrictions};
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// Every way in which a port looks at a window or acts on it.
const WINDOW_CALLS: [PortCall; 15] = [
    PortCall::Act,
    PortCall::Capture,
    PortCall::CaptureWindow,
    PortCall::Describe,
    PortCall::ElementAt,
    PortCall::Focus,
    PortCall::Focused,
    PortCall::List,
    PortCall::Locate,
    PortCall::Place,
    PortCall::Point,
    PortCall::Press,
    PortCall::Read,
    PortCall::ReadElement,
    PortCall::Text,
];

fn window_of(desktop: &FakeDesktop, program: &str) -> WindowIdentity {
    let windows = desktop.facts().into_keys().filter_map(|thing| match thing {
        Thing::Window(window) => Some(window),
        _ => None,
    });
    let shows = |window: &WindowIdentity| matches!(desktop.window_resource(window), Some(Resource::Window { program: of, .. }) if of.as_str() == program);
    windows.into_iter().find(shows).unwrap()
}

#[test]
fn attack_a_window_that_changes_hands_during_a_call_is_not_touched() {
    every_tool(|tool, schema, examples| {
        for index in 0..2 {
            // Which of them this call makes.
            let door = Door::all();
            let base = bases(tool, examples, schema, &door.snapshot()).swap_remove(index);
            let made = Arc::new(Mutex::new(Vec::new()));
            for call in WINDOW_CALLS {
                let made = Arc::clone(&made);
                door.desktop.before_next(call, move |_| made.lock().unwrap().push(call));
            }
            door.call(tool, base).ok();
            let made = made.lock().unwrap().clone();
            for call in made {
                let door = Door::all();
                let base = bases(tool, examples, schema, &door.snapshot()).swap_remove(index);
                let form = window_of(&door.desktop, "form.exe");
                let after = Arc::new(Mutex::new(None));
                let kept = Arc::clone(&after);
                door.desktop.before_next(call, move |desktop| {
                    desktop.recycle(&form, "other.exe").unwrap();
                    *kept.lock().unwrap() = Some(desktop.facts());
                });
                let tried = door.try_call(tool, base.clone());
                let after = after.lock().unwrap().take().unwrap_or_else(|| panic!("{tool} {base}: no {call:?}"));
                let (effects, resources) = granted(&tried.record);
                for thing in door.desktop.changed_since(&after) {
                    let fits = is_granted(&thing, &after, &effects, &resources);
                    assert!(fits, "{tool} {base} at {call:?}: {thing:?}\n{:?}\n{:?}", tried.answer, tried.record);
                }
            }
        }
    });
}

/// The same call about a control of another window: by its ref, its name and its place.
fn aimed(base: &Value, reference: &str, names: [&str; 2], point: Point) -> Vec<Value> {
    let mut aimed = Vec::new();
    let bare = |keys: &[&str]| {
        let mut base = base.clone();
        base.as_object_mut().unwrap().retain(|name, _| !keys.contains(&name.as_str()));
        base
    };
    let targets = ["ref", "name", "role", "automation_id", "title", "window", "window_name", "x", "y"];
    let given = |field: &str, value: Value| put(&bare(&targets), &[field.to_owned()], value);
    aimed.push(given("ref", reference.into()));
    aimed.push(given("window", reference.into()));
    for field in ["name", "title", "window_name"] {
        aimed.extend(names.map(|name| given(field, name.into())));
    }
    aimed.push(put(&given("x", point.x.into()), &["y".to_owned()], point.y.into()));
    aimed
}

#[test]
fn attack_no_tool_tells_or_touches_a_window_that_is_hidden() {
    let spec = FilterSpec { enable_all: true, ..FilterSpec::default() };
    let hidden = vec![Valued::new(WindowPattern::Program(ProgramName::parse("form.exe").unwrap()), at(6))];
    let closed = || {
        let restrictions = Restrictions { hidden: hidden.clone(), ..Restrictions::default() };
        let door = Door::on(world(), open_rules(&spec).restricted(restrictions));
        door.snapshot();
        door
    };
    every_tool(|tool, schema, examples| {
        let seen = Door::all().snapshot();
        let (mut door, greet) = (closed(), Door::find(&seen, "Greet"));
        for base in bases(tool, examples, schema, &seen) {
            // Refs of another door mean nothing here, as those of another caller; the numbers are tried all the same.
            for arguments in aimed(&base, &greet, ["Greet", "Customer"], Point { x: 900, y: 300 }) {
                let form = window_of(&door.desktop, "form.exe");
                let tried = door.try_call(tool, arguments.clone());
                check(tool, &arguments, &tried, &door);
                let touched = tried.changed.contains(&Thing::Window(form));
                assert!(!touched, "{tool} {arguments}: {:?}", tried.answer);
                for text in texts(&tried.answer) {
                    let told = ["Subscribe", "C-1001", "Belgium", "nameBox"].iter().any(|word| text.contains(word));
                    assert!(!told, "{tool} {arguments}: {text}");
                }
                if !tried.changed.is_empty() {
                    door = closed();
                }
            }
        }
    });
}

#[test]
fn attack_no_act_on_a_console_passes_without_tier_3() {
    let fresh = || {
        let door = Door::open(&FilterSpec::default());
        let seen = door.snapshot_with(&["Command Prompt"]);
        (door, seen)
    };
    every_tool(|tool, schema, examples| {
        let (mut door, mut seen) = fresh();
        let all = |seen: &str| {
            let (names, point) = (["Console", "Command Prompt"], Point { x: -900, y: 200 });
            let of = |base: &Value| aimed(base, &Door::find(seen, "Console"), names, point);
            bases(tool, examples, schema, seen).iter().flat_map(of).collect::<Vec<_>>()
        };
        for at in 0..all(&seen).len() {
            let arguments = all(&seen).swap_remove(at);
            let console = window_of(&door.desktop, "cmd.exe");
            let tried = door.try_call(tool, arguments.clone());
            check(tool, &arguments, &tried, &door);
            let (effects, _) = granted(&tried.record);
            let acts = effects.iter().any(|effect| matches!(effect, Effect::SendInput | Effect::OperateControl));
            let touched = acts && tried.changed.contains(&Thing::Window(console));
            assert!(!touched, "{tool} {arguments}: {:?}", tried.answer);
            if !tried.changed.is_empty() {
                (door, seen) = fresh();
            }
        }
    });
}
