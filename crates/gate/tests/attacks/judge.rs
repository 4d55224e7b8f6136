//! What must hold after every call, whatever it was: the record says what was granted, and nothing else changed. Answers are only
//! looked at for faults of ours.

use crate::world::{Door, PREY, Tried};
use portcullis_gate::{Answer, Catalogue};
use portcullis_model::{Access, CallId, Effect, Entry, FaultCode, Part, ProgramName, Reply, Resource, WindowIdentity};
use portcullis_platform_fake::{Facts, Thing};
use serde_json::{Value, json};
use std::sync::Mutex;

/// What the record says that the call might do: effects and resources of its grant, and what was followed.
pub(crate) fn granted(record: &[Entry]) -> (Vec<Effect>, Vec<Resource>) {
    let (mut effects, mut resources) = (Vec::new(), Vec::new());
    for entry in record {
        match entry {
            Entry::CallGranted(grant) => {
                effects.extend(&grant.effects);
                resources.extend(grant.resources.iter().cloned());
            }
            Entry::CallFollowed(followed) => resources.push(followed.resource.clone()),
            _ => {}
        }
    }
    (effects, resources)
}

pub(crate) fn names_program(resource: &Resource, program: &ProgramName) -> bool {
    match resource {
        Resource::InstalledApp { program: named, .. } => named.as_ref() == Some(program),
        Resource::Executable { path } => ProgramName::from_image_path(path) == *program,
        _ => false,
    }
}

pub(crate) fn is_of_process(resource: &Resource, number: u32, started: u64) -> bool {
    let same = |window: &WindowIdentity| window.process == number && window.process_start == started;
    match resource {
        Resource::Window { window, .. } | Resource::InputTarget { window, .. } => same(window),
        Resource::ProgramWindows { process, process_start, .. } => *process == number && *process_start == started,
        Resource::Process { process, .. } | Resource::Descendant { process, .. } => {
            process.number == number && process.started == started
        }
        _ => false,
    }
}

/// Whether the grant speaks of this change.
pub(crate) fn is_granted(thing: &Thing, before: &Facts, effects: &[Effect], resources: &[Resource]) -> bool {
    let has = |effect: Effect| effects.contains(&effect);
    let any = |test: &dyn Fn(&Resource) -> bool| resources.iter().any(test);
    let changes = effects.iter().any(|effect| effect.changes());
    match thing {
        Thing::Process(id, _) if before.contains_key(thing) => any(&|one| is_of_process(one, id.number, id.started)),
        Thing::Process(id, program) => {
            any(&|one| names_program(one, program) || is_of_process(one, id.number, id.started))
        }
        Thing::Window(window) => {
            let started = || {
                let is_it = |thing: &Thing, program: &ProgramName| matches!(thing, Thing::Process(id, of) if id.number == window.process && of == program);
                !before.keys().any(|thing| matches!(thing, Thing::Process(id, _) if id.number == window.process))
                    && any(&|one| matches!(one, Resource::InstalledApp { .. } | Resource::Executable { .. }))
                    && !before.keys().any(|thing| is_it(thing, &ProgramName::from_image_path(PREY)))
            };
            let placed = has(Effect::ArrangeWindows) && any(&|one| *one == Resource::Desktop);
            changes && (placed || started() || any(&|one| is_of_process(one, window.process, window.process_start)))
        }
        Thing::Focus | Thing::Pointer => changes,
        Thing::Clipboard => {
            has(Effect::WriteClipboard) && any(&|one| *one == Resource::Clipboard)
                || any(&|one| matches!(one, Resource::Keys { .. }))
        }
        Thing::File(path) => any(&|one| match one {
            Resource::File { path: named, access: Access::Write, .. } => path == named,
            Resource::FileTree { path: folder, access: Access::Write, .. } => path.is_within(folder),
            _ => false,
        }),
        Thing::Key(key, view) => any(&|one| match one {
            Resource::RegistryKey { key: above, view: eyes, access: Access::Write } => {
                view == eyes && key.is_within(above)
            }
            _ => false,
        }),
        Thing::Application(process) => {
            changes && any(&|one| matches!(one, Resource::WpfTarget { process: of, .. } if of == process))
        }
        Thing::Service(name) => {
            has(Effect::ControlServices)
                && any(&|one| matches!(one, Resource::Service { name: named, .. } if named == name))
        }
        Thing::ScheduledTask(path) => {
            has(Effect::ChangeScheduledTasks)
                && any(&|one| matches!(one, Resource::ScheduledTask { path: named } if named == path))
        }
        Thing::Shell(path) => {
            has(Effect::RunShell) && any(&|one| matches!(one, Resource::Executable { path: named } if named == path))
        }
        Thing::Sounds => has(Effect::PlaySound) && any(&|one| *one == Resource::Speakers),
        Thing::Notices => has(Effect::ShowNotification) && any(&|one| *one == Resource::Notifications),
        Thing::Session(session) => {
            has(Effect::ConnectSession)
                && any(&|one| matches!(one, Resource::UserSession { id, own: true } if id == session))
        }
        Thing::LookUp(name) => {
            any(&|one| matches!(one, Resource::Host { host, .. } if host.as_name() == Some(name.as_str())))
        }
        Thing::Connection(address) => any(&|one| match one {
            Resource::Host { addresses, port, .. } => {
                addresses.contains(&address.ip()) && port.unwrap_or_default() == address.port()
            }
            _ => false,
        }),
    }
}

/// What must hold after every call, whatever it was: the record has one line that decided and at most one that ended it;
/// nothing changed that it does not grant; the prey does not run; the answer is no fault of ours.
pub(crate) fn check(tool: &str, arguments: &Value, tried: &Tried, door: &Door) {
    let say = |what: &str| format!("{tool} {arguments}: {what}\n{:?}\n{:?}", tried.answer, tried.record);
    let of_tool = |name: &str| name == tool || name.starts_with("unknown:");
    match tried.record.as_slice() {
        [Entry::CallDenied(denied)] => {
            assert!(of_tool(&denied.tool), "{}", say("another tool is recorded"));
            assert!(tried.answer.is_err(), "{}", say("denied in the record and answered"));
            assert!(!json!(denied).to_string().contains("calc"), "{}", say("the record repeats what was sent"));
        }
        [Entry::CallGranted(granted), between @ .., Entry::CallFinished(finished)] => {
            let step = |call: CallId| call.to_string().starts_with(&format!("{}.", granted.call));
            let own = |entry: &Entry| match entry {
                Entry::CallFollowed(_) => true,
                // A call that makes others is recorded around them, and each of them by itself.
                Entry::CallGranted(of) => step(of.call),
                Entry::CallDenied(of) => step(of.call),
                Entry::CallFinished(of) => step(of.call),
                _ => false,
            };
            assert!(between.iter().all(own), "{}", say("more than one line"));
            assert!(granted.tool == tool && granted.call == finished.call, "{}", say("another call is recorded"));
        }
        // Its deadline answered in its place; that it ended is recorded when it has.
        [Entry::CallGranted(granted)]
            if tried.answer.as_ref().is_err_and(|fault| fault.code == FaultCode::TimedOut) && granted.tool == tool => {}
        _ => panic!("{}", say("the record has not one line for the call")),
    }
    if let Err(fault) = &tried.answer {
        assert!(fault.code != FaultCode::Internal, "{}", say("a fault of ours"));
        assert!(fault.code != FaultCode::RateLimited, "{}", say("the attack did not arrive"));
    }
    let (effects, resources) = granted(&tried.record);
    for thing in &tried.changed {
        assert!(
            is_granted(thing, &tried.before, &effects, &resources),
            "{}",
            say(&format!("{thing:?} changed, which nothing granted"))
        );
    }
    let runs = |thing: &&Thing| matches!(thing, Thing::Process(_, program) if program.as_str() == PREY);
    assert!(tried.after.keys().filter(runs).count() == 0, "{}", say("the prey runs"));
    assert!(!door.desktop.lies_at("C:\\pwned.txt"), "{}", say("a redirection wrote"));
}

/// Runs an attack on every tool, on two threads.
pub(crate) fn every_tool(attack: impl Fn(&str, &Value, &[(&str, &str)]) + Sync) {
    let catalogue = Catalogue::new();
    let (next, tools) = (Mutex::new(0), catalogue.tools());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let mut next_tool = next.lock().unwrap();
                    let Some(tool) = tools.get(*next_tool) else { return };
                    *next_tool += 1;
                    drop(next_tool);
                    let descriptor = tool.descriptor();
                    attack(descriptor.name, tool.input_schema(), &descriptor.examples);
                }
            });
        }
    });
}

/// Every text of an answer.
pub(crate) fn texts(answer: &Answer) -> Vec<String> {
    fn of(value: &Value, all: &mut Vec<String>) {
        match value {
            Value::String(text) => all.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|item| of(item, all)),
            Value::Object(object) => object.iter().for_each(|(name, item)| {
                all.push(name.clone());
                of(item, all);
            }),
            _ => {}
        }
    }
    let mut all = Vec::new();
    match answer {
        Ok(Reply::Data(value)) => of(value, &mut all),
        Ok(Reply::View { parts, .. }) => {
            all.extend(
                parts.iter().filter_map(|part| if let Part::Text(text) = part { Some(text.clone()) } else { None }),
            );
        }
        Err(fault) => {
            let facts = [Some(&fault.message), fault.field.as_ref(), fault.value.as_ref(), fault.rule.as_ref()];
            let listed = fault.candidates.iter().chain(&fault.done);
            all.extend(facts.into_iter().flatten().chain(&fault.remedy).chain(listed).cloned());
        }
    }
    all
}
