//! What the fake desktop is made of: windows, controls, and the reach that a control's reaction has. Only data and
//! look-ups; how controls behave is in `behave`, where they stand in `places`.

use crate::build::WindowBuilder;
use crate::events::Events;
use crate::files::Files;
use crate::network::Network;
use crate::notice::Notices;
use crate::processes::FakeProcess;
use crate::registry::Registry;
use crate::services::FakeService;
use crate::shell::Shells;
use portcullis_model::{Point, ProgramName, Rect, Role, States, TaskPath, WindowIdentity};
use portcullis_platform::{
    ClipboardContent, Display, InstalledApp, SessionState, ShowState, Sound, TaskRequest, UserSession,
};
use std::sync::Arc;

/// What happens when a control is pressed.
pub type Reaction = Arc<dyn Fn(&mut Reach<'_>) + Send + Sync>;

/// One control, or one item of a control.
#[derive(Clone)]
pub(crate) struct Control {
    /// Its handle; items have one too, which nobody outside sees.
    pub(crate) id: u64,
    pub(crate) class: &'static str,
    pub(crate) control_id: i32,
    pub(crate) role: Role,
    pub(crate) name: String,
    pub(crate) value: Option<String>,
    pub(crate) automation_id: Option<String>,
    pub(crate) states: States,
    /// Relative to the window; of items, computed.
    pub(crate) rect: Rect,
    /// Whether it has no window of its own.
    pub(crate) item: bool,
    /// Least and greatest value of a slider or spinner.
    pub(crate) range: Option<(i64, i64)>,
    /// The first row in view.
    pub(crate) scroll: usize,
    /// Selected characters of an edit.
    pub(crate) selection: (usize, usize),
    pub(crate) on_click: Option<Reaction>,
    pub(crate) children: Vec<Control>,
}

impl Control {
    pub(crate) fn find_mut(&mut self, id: u64) -> Option<&mut Self> {
        if self.id == id { Some(self) } else { self.children.iter_mut().find_map(|child| child.find_mut(id)) }
    }

    fn find_named_mut(&mut self, name: &str) -> Option<&mut Self> {
        if self.name == name || self.automation_id.as_deref() == Some(name) {
            Some(self)
        } else {
            self.children.iter_mut().find_map(|child| child.find_named_mut(name))
        }
    }

    /// The control whose children include `id`.
    pub(crate) fn parent_of_mut(&mut self, id: u64) -> Option<&mut Self> {
        if self.children.iter().any(|child| child.id == id) {
            return Some(self);
        }
        self.children.iter_mut().find_map(|child| child.parent_of_mut(id))
    }

    /// Every control in it, itself first.
    pub(crate) fn all(&self) -> Vec<&Self> {
        let mut out = vec![self];
        for child in &self.children {
            out.extend(child.all());
        }
        out
    }

    /// Changes itself and every control in it.
    pub(crate) fn for_all(&mut self, change: &mut impl FnMut(&mut Self)) {
        change(self);
        for child in &mut self.children {
            child.for_all(change);
        }
    }

    pub(crate) fn takes_text(&self) -> bool {
        matches!(self.role, Role::Edit | Role::Document) && !self.states.read_only && self.states.enabled
    }
}

/// One top-level window.
#[derive(Clone)]
pub(crate) struct Window {
    pub(crate) identity: WindowIdentity,
    pub(crate) program: ProgramName,
    pub(crate) rect: Rect,
    /// Where it was before it was maximised.
    pub(crate) restored: Option<Rect>,
    pub(crate) show: ShowState,
    pub(crate) hung: bool,
    pub(crate) elevated: bool,
    pub(crate) modal: bool,
    pub(crate) topmost: bool,
    pub(crate) owner: Option<u64>,
    pub(crate) focus: Option<u64>,
    pub(crate) colour: [u8; 3],
    /// The window itself, with its title as name and its controls as children.
    pub(crate) root: Control,
}

/// The whole desktop.
pub(crate) struct State {
    pub(crate) next: u64,
    /// Front first.
    pub(crate) windows: Vec<Window>,
    pub(crate) foreground: Option<u64>,
    pub(crate) pointer: Point,
    pub(crate) clipboard: ClipboardContent,
    pub(crate) sequence: u32,
    pub(crate) session: SessionState,
    /// Every session of the machine.
    pub(crate) sessions: Vec<UserSession>,
    pub(crate) input_busy: bool,
    /// Actions that hold pointer and keyboard.
    pub(crate) turns: usize,
    pub(crate) displays: Vec<Display>,
    pub(crate) events: Events,
    pub(crate) files: Files,
    /// Those without a window.
    pub(crate) processes: Vec<FakeProcess>,
    pub(crate) registry: Registry,
    pub(crate) network: Network,
    pub(crate) services: Vec<FakeService>,
    /// Scheduled tasks with their definitions.
    pub(crate) tasks: Vec<(TaskPath, String)>,
    pub(crate) task_requests: Vec<TaskRequest>,
    pub(crate) shells: Shells,
    pub(crate) sounds: Vec<Sound>,
    pub(crate) notices: Notices,
    /// Words that stand in the pixels, line by line; none without an engine that reads them.
    pub(crate) written: Option<Vec<Vec<(String, Rect)>>>,
    pub(crate) installed: Vec<(InstalledApp, WindowBuilder)>,
    /// What happened, a line each: the test's own truth.
    pub(crate) journal: Vec<String>,
}

impl State {
    /// A number that was never given before: a handle, a process, a moment.
    pub(crate) fn number(&mut self) -> u64 {
        self.next += 4;
        self.next
    }

    pub(crate) fn window(&self, handle: u64) -> Option<&Window> {
        self.windows.iter().find(|window| window.identity.handle == handle)
    }

    pub(crate) fn window_mut(&mut self, handle: u64) -> Option<&mut Window> {
        self.windows.iter_mut().find(|window| window.identity.handle == handle)
    }

    pub(crate) fn control_mut(&mut self, window: u64, id: u64) -> Option<&mut Control> {
        self.window_mut(window)?.root.find_mut(id)
    }

    /// Whether a window takes input: none that is modal belongs to it.
    pub(crate) fn enabled(&self, handle: u64) -> bool {
        !self.windows.iter().any(|window| window.modal && window.owner == Some(handle))
    }

    pub(crate) fn note(&mut self, line: impl Into<String>) {
        self.journal.push(line.into());
    }

    /// Puts a window in front.
    pub(crate) fn raise(&mut self, handle: u64) {
        if let Some(position) = self.windows.iter().position(|window| window.identity.handle == handle) {
            let window = self.windows.remove(position);
            let place = if window.topmost { 0 } else { self.windows.iter().take_while(|other| other.topmost).count() };
            self.windows.insert(place, window);
            self.foreground = Some(handle);
        }
    }

    /// Takes a window away, and those that it owns.
    pub(crate) fn remove(&mut self, handle: u64) {
        self.windows.retain(|window| window.identity.handle != handle && window.owner != Some(handle));
        if self.foreground.is_none_or(|front| self.window(front).is_none()) {
            let next = self.windows.iter().find(|window| window.show != ShowState::Minimised);
            self.foreground = next.map(|window| window.identity.handle);
        }
    }

    /// Opens a window in front and gives its identity.
    pub(crate) fn open(&mut self, builder: WindowBuilder, owner: Option<u64>) -> WindowIdentity {
        let own = owner.and_then(|handle| self.window(handle)).map(|window| window.identity.clone());
        let window = builder.build(self, own);
        let identity = window.identity.clone();
        self.windows.insert(0, window);
        self.raise(identity.handle);
        self.note(format!("opened {}", self.title(identity.handle)));
        identity
    }

    pub(crate) fn title(&self, handle: u64) -> String {
        self.window(handle).map(|window| window.root.name.clone()).unwrap_or_default()
    }

    pub(crate) fn copy(&mut self, text: &str) {
        self.clipboard = ClipboardContent::Text(crate::places::untrusted(portcullis_model::Source::Clipboard, text));
        self.sequence += 1;
    }
}

/// What a reaction can do: change its own window, open another, close its own.
pub struct Reach<'desktop> {
    pub(crate) state: &'desktop mut State,
    pub(crate) window: u64,
}

impl Reach<'_> {
    fn control(&mut self, name: &str) -> Option<&mut Control> {
        self.state.window_mut(self.window)?.root.find_named_mut(name)
    }

    /// Changes the name of a control of this window. Controls are found by name or automation id.
    pub fn rename(&mut self, control: &str, name: &str) {
        if let Some(control) = self.control(control) {
            name.clone_into(&mut control.name);
        }
    }

    /// Changes the value of a control.
    pub fn set_value(&mut self, control: &str, value: &str) {
        if let Some(control) = self.control(control) {
            control.value = Some(value.to_owned());
        }
    }

    /// The value of a control.
    pub fn value(&mut self, control: &str) -> String {
        self.control(control).and_then(|control| control.value.clone()).unwrap_or_default()
    }

    /// Enables or disables a control.
    pub fn enable(&mut self, control: &str, enabled: bool) {
        if let Some(control) = self.control(control) {
            control.states.enabled = enabled;
        }
    }

    /// Changes the window's title.
    pub fn set_title(&mut self, title: &str) {
        if let Some(window) = self.state.window_mut(self.window) {
            title.clone_into(&mut window.root.name);
        }
    }

    /// Opens a window of the same program, owned by this one.
    pub fn open(&mut self, window: WindowBuilder) {
        let own = self.window;
        self.state.open(window, Some(own));
    }

    /// Closes the window.
    pub fn close(&mut self) {
        let own = self.window;
        self.state.remove(own);
    }

    /// Writes a line into the journal.
    pub fn note(&mut self, line: &str) {
        self.state.note(line);
    }
}
