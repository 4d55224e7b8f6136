//! The desktop as a test holds it: opens windows, switches faults on, looks at the truth, and hands out the ports. The
//! ports themselves are beside this module; each of their calls passes `FakeDesktop::enter` first.

use crate::build::WindowBuilder;
use crate::events::Events;
use crate::files::Files;
use crate::network::Network;
use crate::notice::Notices;
use crate::places::untrusted;
use crate::registry::Registry;
use crate::shell::Shells;
use crate::state::{State, Window};
use crate::wpf::FakeWpf;
use portcullis_model::{
    Cancel, CancelReason, Deadline, ElementIdentity, Interrupted, Point, ProgramName, Rect, Resource, Source,
    WindowIdentity,
};
use portcullis_platform::{
    ClipboardContent, Display, InstalledApp, PortFault, PortResult, Ports, SessionLink, SessionState, SessionUser,
    UserSession,
};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The longest that a call without a deadline can be blocked.
const BLOCK_CAP: Duration = Duration::from_secs(60);

/// A call of a port, for faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // Each variant is the port's method of the same name.
pub enum Call {
    Launch,
    ReadClipboard,
    WriteClipboard,
    Point,
    Press,
    Capture,
    CaptureWindow,
    ReadPixels,
    LockSession,
    Sessions,
    ConnectSession,
    SystemInfo,
    Processes,
    Locate,
    ElementAt,
    Read,
    ReadElement,
    Text,
    Focused,
    Act,
    List,
    Describe,
    Focus,
    Place,
    Resolve,
    FileFacts,
    FolderEntries,
    ReadFile,
    WriteFile,
    FinishFile,
    MoveFile,
    RemoveFile,
    RecycleFile,
    ReadRegistry,
    WriteRegistry,
    LookUp,
    Connect,
    Connections,
    HoldProcess,
    EndProcess,
    ListServices,
    ResolveService,
    ServiceStatus,
    ControlService,
    RunShell,
    /// The end of a shell that runs.
    EndShell,
    PlaySound,
    ShowNotice,
    QueryEvents,
    ListTasks,
    FindTask,
    RegisterTask,
    DeleteTask,
}

/// What goes wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It does not return until it is cancelled, its deadline passes, or [`FakeDesktop::unblock`].
    Block,
    /// It fails.
    Fail(PortFault),
}

type Hook = Box<dyn FnOnce(&FakeDesktop) + Send>;

#[derive(Default)]
struct Faults {
    troubles: HashMap<Call, Trouble>,
    hooks: HashMap<Call, Hook>,
    unblocked: Cancel,
}

/// A desktop in memory. Clones share it.
#[derive(Clone)]
pub struct FakeDesktop {
    state: Arc<Mutex<State>>,
    faults: Arc<Mutex<Faults>>,
    wpf: FakeWpf,
}

impl Default for FakeDesktop {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeDesktop {
    /// Two displays, one of them left of the primary one, and no window.
    pub fn new() -> Self {
        let display = |index: usize, primary, bounds: Rect, dpi| Display {
            index,
            device: format!(r"\\.\DISPLAY{}", index + 1),
            primary,
            bounds,
            work_area: Rect::new(bounds.left, bounds.top, bounds.right, bounds.bottom - 40),
            dpi,
        };
        let state = State {
            next: 0x1_0000,
            windows: Vec::new(),
            foreground: None,
            pointer: Point { x: 0, y: 0 },
            clipboard: ClipboardContent::Empty,
            sequence: 1,
            session: SessionState::Active,
            sessions: vec![UserSession { id: 1, link: SessionLink::Console, user: SessionUser::Own, is_ours: true }],
            input_busy: false,
            turns: 0,
            displays: vec![
                display(0, true, Rect::new(0, 0, 1920, 1080), 96),
                display(1, false, Rect::new(-1280, -200, 0, 824), 144),
            ],
            events: Events::default(),
            files: Files::default(),
            processes: Vec::new(),
            registry: Registry::default(),
            network: Network::default(),
            services: Vec::new(),
            tasks: Vec::new(),
            task_requests: Vec::new(),
            shells: Shells::default(),
            sounds: Vec::new(),
            notices: Notices::default(),
            written: None,
            installed: Vec::new(),
            journal: Vec::new(),
        };
        Self { state: Arc::new(Mutex::new(state)), faults: Arc::default(), wpf: FakeWpf::default() }
    }

    /// The ports of this desktop.
    pub fn ports(&self) -> Ports {
        Ports {
            apps: Arc::new(self.clone()),
            clipboard: Arc::new(self.clone()),
            events: Arc::new(self.clone()),
            files: Arc::new(self.clone()),
            input: Arc::new(self.clone()),
            loader: Arc::new(self.wpf.clone()),
            network: Arc::new(self.clone()),
            notices: Arc::new(self.clone()),
            ocr: Arc::new(self.clone()),
            processes: Arc::new(self.clone()),
            registry: Arc::new(self.clone()),
            scheduled: Arc::new(self.clone()),
            screen: Arc::new(self.clone()),
            services: Arc::new(self.clone()),
            session: Arc::new(self.clone()),
            shell: Arc::new(self.clone()),
            sound: Arc::new(self.clone()),
            system: Arc::new(self.clone()),
            tree: Arc::new(self.clone()),
            windows: Arc::new(self.clone()),
            wpf: Arc::new(self.wpf.clone()),
        }
    }

    /// Its WPF applications.
    pub fn wpf(&self) -> &FakeWpf {
        &self.wpf
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // A reaction that panicked leaves the desktop as far as it came, which is what a real one does.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a window in front.
    pub fn open(&self, window: WindowBuilder) -> WindowIdentity {
        self.lock().open(window, None)
    }

    /// Makes an application known to the machine; launching it opens `window`.
    pub fn install(&self, name: &str, program: &str, window: WindowBuilder) {
        let app = InstalledApp {
            name: name.to_owned(),
            program: Some(ProgramName::from_image_path(program)),
            target: format!(r"C:\Program Files\{name}\{program}"),
        };
        self.lock().installed.push((app, window));
    }

    /// Takes a window away, as its program might at any moment.
    pub fn close(&self, window: &WindowIdentity) {
        self.lock().remove(window.handle);
    }

    /// Lets the handle of a window come to mean a window of another process. Gives the new identity.
    pub fn recycle(&self, window: &WindowIdentity, program: &str) -> Option<WindowIdentity> {
        let mut state = self.lock();
        let (process, start) = (state.number(), state.number());
        let other = state.window_mut(window.handle)?;
        other.identity.process = u32::try_from(process).unwrap_or(1);
        other.identity.process_start = start;
        other.program = ProgramName::from_image_path(program);
        Some(other.identity.clone())
    }

    /// Lets a window's thread stop or start answering.
    pub fn set_hung(&self, window: &WindowIdentity, hung: bool) {
        if let Some(window) = self.lock().window_mut(window.handle) {
            window.hung = hung;
        }
    }

    /// Changes a window's title, as its program may at any time.
    pub fn set_title(&self, window: &WindowIdentity, title: &str) {
        if let Some(window) = self.lock().window_mut(window.handle) {
            title.clone_into(&mut window.root.name);
        }
    }

    /// Changes what the session is in.
    pub fn set_session(&self, session: SessionState) {
        self.lock().session = session;
    }

    /// Lets another server seem to be sending input.
    pub fn set_input_busy(&self, busy: bool) {
        self.lock().input_busy = busy;
    }

    /// Puts the pointer somewhere, as another program may at any time.
    pub fn put_pointer(&self, at: Point) {
        self.lock().pointer = at;
    }

    /// Whether an action holds pointer and keyboard now.
    pub fn in_turn(&self) -> bool {
        self.lock().turns > 0
    }

    /// Puts something on the clipboard, as another program would.
    pub fn set_clipboard(&self, content: ClipboardContent) {
        let mut state = self.lock();
        state.clipboard = content;
        state.sequence += 1;
    }

    /// Puts text on the clipboard.
    pub fn set_clipboard_text(&self, text: &str) {
        self.set_clipboard(ClipboardContent::Text(untrusted(Source::Clipboard, text)));
    }

    /// Lets every such call go wrong from now on.
    pub fn trouble(&self, call: Call, trouble: Trouble) {
        self.faults().troubles.insert(call, trouble);
    }

    /// Ends what [`Self::trouble`] began for the call.
    pub fn heal(&self, call: Call) {
        self.faults().troubles.remove(&call);
    }

    /// Does `change` once, just before the next such call looks at anything: what a program does between plan and act.
    /// A `change` that panics makes a port that panics; the desktop survives it.
    pub fn before_next(&self, call: Call, change: impl FnOnce(&Self) + Send + 'static) {
        self.faults().hooks.insert(call, Box::new(change));
    }

    /// Lets go of every call that is blocked and has no deadline.
    pub fn unblock(&self) {
        self.faults().unblocked.cancel(CancelReason::Shutdown);
    }

    /// What happened, a line each; the test's own truth.
    pub fn journal(&self) -> Vec<String> {
        self.lock().journal.clone()
    }

    /// The value of the control of this name in a window, whatever a port would tell: also of a password field.
    pub fn value(&self, window: &WindowIdentity, control: &str) -> Option<String> {
        let state = self.lock();
        let root = &state.window(window.handle)?.root;
        root.all().into_iter().find(|found| found.name == control)?.value.clone()
    }

    /// The identity of the first element of this name in a window.
    pub fn element(&self, window: &WindowIdentity, name: &str) -> Option<ElementIdentity> {
        let state = self.lock();
        let placed = crate::places::placed(state.window(window.handle)?);
        // The first element is the window itself, which may have the same name.
        let found = placed.into_iter().skip(1).find(|placed| placed.node.name.raw() == name);
        found.map(|placed| placed.node.identity)
    }

    /// What the window's input would be allowed by.
    pub fn input_target(&self, window: &WindowIdentity) -> Option<Resource> {
        self.lock().window(window.handle).map(|window| window.as_target())
    }

    /// What looking at the window would be allowed by.
    pub fn window_resource(&self, window: &WindowIdentity) -> Option<Resource> {
        self.lock().window(window.handle).map(|window| window.as_resource())
    }

    /// What every call passes first: hooks, troubles, then deadline and cancellation.
    pub(crate) fn enter(&self, call: Call, deadline: Option<Deadline>, cancel: Option<&Cancel>) -> PortResult<()> {
        let hook = self.faults().hooks.remove(&call);
        if let Some(hook) = hook {
            hook(self);
        }
        let trouble = self.faults().troubles.get(&call).cloned();
        match trouble {
            None => {}
            Some(Trouble::Fail(fault)) => return Err(fault),
            Some(Trouble::Block) => {
                let unblocked = self.faults().unblocked.clone();
                let span = deadline.map_or(BLOCK_CAP, Deadline::remaining);
                match (cancel, deadline) {
                    (Some(cancel), _) => cancel.wait(span)?,
                    // Nobody can withdraw it; it lasts until the deadline or until the test lets go.
                    (None, _) => drop(unblocked.wait(span)),
                }
            }
        }
        if let Some(cancel) = cancel {
            cancel.check()?;
        }
        if deadline.is_some_and(Deadline::passed) {
            return Err(Interrupted(CancelReason::Deadline).into());
        }
        Ok(())
    }

    /// Waits for a thread that does not answer: as long as the call may.
    pub(crate) fn wait_for_hung(deadline: Deadline, cancel: Option<&Cancel>) -> PortResult<()> {
        match cancel {
            Some(cancel) => cancel.wait(deadline.remaining())?,
            None => drop(Cancel::new().wait(deadline.remaining())),
        }
        Ok(())
    }
}

impl Window {
    pub(crate) fn as_resource(&self) -> Resource {
        Resource::Window { window: self.identity.clone(), program: self.program.clone() }
    }

    pub(crate) fn as_target(&self) -> Resource {
        Resource::InputTarget { window: self.identity.clone(), program: self.program.clone() }
    }
}

impl State {
    /// The window that an identity names, if it still does.
    pub(crate) fn living(&self, identity: &WindowIdentity) -> PortResult<&Window> {
        self.window(identity.handle).filter(|window| window.identity == *identity).ok_or(PortFault::Gone)
    }

    /// Fails unless the user's desktop takes input.
    pub(crate) fn operable(&self) -> PortResult<()> {
        match self.session {
            SessionState::Active => Ok(()),
            other => Err(PortFault::Session(other)),
        }
    }
}
