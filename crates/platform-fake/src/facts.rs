//! All that a call can change on the fake desktop, as facts that a test compares before and after: what differs is what the
//! call did, whatever its answer says. Ports do not read them.

use crate::desktop::FakeDesktop;
use crate::files::What;
use crate::state::Window;
use portcullis_model::{
    FilePath, ProcessId, ProgramName, RegistryKey, RegistryView, ServiceName, TaskPath, WindowIdentity,
};
use std::collections::HashMap;
use std::net::SocketAddr;

/// One thing that a call can make, change or take away.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Thing {
    /// A running program.
    Process(ProcessId, ProgramName),
    /// A window with its controls.
    Window(WindowIdentity),
    /// Which window has the keyboard, and which of its controls.
    Focus,
    /// Where the pointer is.
    Pointer,
    /// What the clipboard holds.
    Clipboard,
    /// A file, a folder or a link.
    File(FilePath),
    /// A key of the registry with its values.
    Key(RegistryKey, RegistryView),
    /// A WPF application, from inside.
    Application(ProcessId),
    /// A service.
    Service(ServiceName),
    /// A scheduled task.
    ScheduledTask(TaskPath),
    /// A shell, by its path, and the commands that it ran.
    Shell(String),
    /// Every sound that was played.
    Sounds,
    /// Every notification that was shown.
    Notices,
    /// A session, by its number.
    Session(u32),
    /// A name that was looked up, and how often.
    LookUp(String),
    /// An address that was connected to, and how often.
    Connection(SocketAddr),
}

/// Things with their states, as texts that are only compared.
pub type Facts = HashMap<Thing, String>;

fn shown(window: &Window) -> String {
    let controls = window.root.all().into_iter();
    let controls = controls.map(|control| {
        format!(
            "{} {} {:?} {:?} {:?} {} {:?}",
            control.id, control.name, control.value, control.states, control.rect, control.scroll, control.selection
        )
    });
    format!("{:?} {:?} {}", window.rect, window.show, controls.collect::<Vec<_>>().join("; "))
}

impl FakeDesktop {
    /// Every thing there is with its state.
    pub fn facts(&self) -> Facts {
        let state = self.lock();
        let mut facts = HashMap::new();
        for process in state.all_processes() {
            facts.insert(Thing::Process(process.process, process.program), String::new());
        }
        for window in &state.windows {
            facts.insert(Thing::Window(window.identity.clone()), shown(window));
        }
        let focus = state.foreground.and_then(|handle| state.window(handle)).and_then(|window| window.focus);
        facts.insert(Thing::Focus, format!("{:?} {focus:?}", state.foreground));
        facts.insert(Thing::Pointer, format!("{:?}", state.pointer));
        facts.insert(Thing::Clipboard, format!("{} {:?}", state.sequence, state.clipboard));
        for (id, node) in &state.files.nodes {
            let holds = match &node.what {
                What::File(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                other => format!("{other:?}"),
            };
            facts.extend(state.files.path(*id).map(|path| (Thing::File(path), format!("{id} {holds}"))));
        }
        for known in state.registry.keys() {
            facts.insert(Thing::Key(known.key.clone(), known.view), format!("{:?}", known.values));
        }
        for application in self.wpf().applications() {
            let state = format!("{} {}", application.loaded(), application.model(|model| model.facts()));
            facts.insert(Thing::Application(application.process()), state);
        }
        for service in &state.services {
            facts.extend(service.fact().map(|(name, state)| (Thing::Service(name), state)));
        }
        facts.extend(state.tasks.iter().map(|(path, xml)| (Thing::ScheduledTask(path.clone()), xml.clone())));
        for (path, ran) in state.shells.ran() {
            facts.insert(Thing::Shell(path.to_owned()), ran);
        }
        if !state.sounds.is_empty() {
            facts.insert(Thing::Sounds, format!("{:?}", state.sounds));
        }
        if !state.notices.shown.is_empty() {
            facts.insert(Thing::Notices, format!("{:?}", state.notices.shown));
        }
        for session in &state.sessions {
            facts.insert(Thing::Session(session.id), format!("{:?}", session.link));
        }
        let mut count = |thing: Thing| {
            let times = facts.get(&thing).and_then(|times: &String| times.parse::<u32>().ok()).unwrap_or(0);
            facts.insert(thing, times.saturating_add(1).to_string());
        };
        state.network.lookups().iter().for_each(|name| count(Thing::LookUp(name.clone())));
        state.network.all_connected().iter().for_each(|address| count(Thing::Connection(*address)));
        facts
    }

    /// What is not as it was in `before`: made, changed or gone.
    pub fn changed_since(&self, before: &Facts) -> Vec<Thing> {
        differing(before, &self.facts())
    }
}

/// What was made, changed or gone between two moments.
pub fn differing(before: &Facts, after: &Facts) -> Vec<Thing> {
    let changed = after.iter().filter(|(thing, state)| before.get(*thing) != Some(*state)).map(|(thing, _)| thing);
    let gone = before.keys().filter(|thing| !after.contains_key(*thing));
    changed.chain(gone).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    type IsIt = fn(&Thing) -> bool;

    #[test]
    fn each_kind_of_change_is_a_changed_fact_and_nothing_else_is() {
        let desktop = FakeDesktop::demo();
        desktop.put_file(r"C:\a\b.txt", b"x");
        desktop.add_service("Spooler", "Print Spooler", &[]);
        desktop.put_value(r"HKCU\Software\A", RegistryView::Bits64, "n", "1");
        let process = desktop.start_process("a.exe", None);
        let before = desktop.facts();
        assert_eq!(desktop.changed_since(&before), []);
        let changes: [(&dyn Fn(), IsIt); 6] = [
            (&|| desktop.set_clipboard_text("t"), |thing| *thing == Thing::Clipboard),
            (&|| desktop.put_file(r"C:\a\b.txt", b"y"), |thing| matches!(thing, Thing::File(_))),
            (&|| desktop.remove_file(r"C:\a\b.txt"), |thing| matches!(thing, Thing::File(_))),
            (&|| desktop.run_service("Spooler", 7), |thing| matches!(thing, Thing::Service(_))),
            (&|| desktop.put_value(r"HKCU\Software\A", RegistryView::Bits64, "m", "1"), |thing| {
                matches!(thing, Thing::Key(..))
            }),
            (&|| desktop.end_process(process), |thing| matches!(thing, Thing::Process(..))),
        ];
        for (index, (change, is_it)) in changes.into_iter().enumerate() {
            let before = desktop.facts();
            change();
            let changed = desktop.changed_since(&before);
            assert!(changed.len() == 1 && changed.iter().all(is_it), "{index}: {changed:?}");
        }
    }
}
