//! What a tool is given: identities while it plans, ports and a permit while it applies, and the tables of its caller.
//! A tool has no other way to the machine.

use crate::explain::PolicyView;
use crate::files::Uploads;
use crate::kept::{Kept, Total};
use portcullis_model::{
    Cancel, Deadline, ElementIdentity, Fault, FaultCode, FilePath, Host, HostAccess, Point, Principal, ProcessId,
    ProgramName, Rect, RegistryKey, RegistryView, Reply, Resource, RunningProgram, ServiceName, Shell, WindowIdentity,
    WpfGate,
};
use portcullis_observe::RefTable;
use portcullis_platform::{
    Display, FoundProcesses, HeldApplication, HeldFile, HeldKey, HeldProcess, HeldService, InstalledApp, LastLink,
    LoadFault, PortResult, Ports, SessionState, UserSession, WpfProcess,
};
use portcullis_policy::{Rules, ToolRow, WpfPins};
use portcullis_wpf::Sessions;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The half of the ports that tells who and where, and nothing of content: all that planning may use.
#[derive(Clone, Copy)]
pub struct Readers<'call>(&'call Ports);

impl<'call> Readers<'call> {
    /// The readers of these ports.
    pub fn new(ports: &'call Ports) -> Self {
        Self(ports)
    }

    /// The foreground window.
    pub fn foreground(&self) -> Option<WindowIdentity> {
        self.0.windows.foreground()
    }

    /// The top-level window at a point.
    pub fn window_at(&self, point: Point) -> Option<WindowIdentity> {
        self.0.windows.at(point)
    }

    /// The window that a handle names.
    pub fn identify(&self, handle: u64) -> Option<WindowIdentity> {
        self.0.windows.identify(handle)
    }

    /// Whether the window still lives.
    pub fn is_alive(&self, window: &WindowIdentity) -> bool {
        self.0.windows.is_alive(window)
    }

    /// Visible top-level windows, front first.
    pub fn identities(&self) -> Vec<WindowIdentity> {
        self.0.windows.identities()
    }

    /// Whether no window of the process is hidden from the caller.
    pub fn require_all_shown(&self, process: ProcessId) -> PortResult<()> {
        self.0.windows.require_all_shown(process)
    }

    /// A window's frame.
    pub fn window_rect(&self, window: &WindowIdentity) -> PortResult<Rect> {
        self.0.windows.rect(window)
    }

    /// Whether an element still is what it was, and where.
    pub fn locate(&self, element: &ElementIdentity) -> PortResult<Rect> {
        self.0.tree.locate(element)
    }

    /// The program behind a window.
    pub fn program(&self, window: &WindowIdentity) -> PortResult<ProgramName> {
        self.0.windows.program(window)
    }

    /// The displays.
    pub fn displays(&self) -> PortResult<Vec<Display>> {
        self.0.screen.displays()
    }

    /// The state of the session.
    pub fn session(&self) -> SessionState {
        self.0.session.state()
    }

    /// The sessions of this machine.
    pub fn sessions(&self) -> PortResult<Vec<UserSession>> {
        self.0.session.sessions()
    }

    /// Where the pointer is.
    pub fn pointer(&self) -> Option<Point> {
        self.0.input.pointer()
    }

    /// Where a path leads, held.
    pub fn resolve_file(&self, path: &FilePath, last: LastLink) -> PortResult<Box<dyn HeldFile>> {
        self.0.files.resolve(path, last)
    }

    /// Which key a name stands for, held.
    pub fn resolve_key(&self, key: &RegistryKey, view: RegistryView) -> PortResult<Box<dyn HeldKey>> {
        self.0.registry.resolve(key, view)
    }

    /// Every process of exactly this program, held.
    pub fn processes_of(&self, program: &ProgramName, cap: usize) -> PortResult<FoundProcesses> {
        self.0.processes.of_program(program, cap)
    }

    /// The process, held; none when it is gone.
    pub fn hold_process(&self, process: ProcessId) -> PortResult<Option<Box<dyn HeldProcess>>> {
        self.0.processes.hold(process)
    }

    /// The service of this name, held.
    pub fn resolve_service(&self, name: &ServiceName) -> PortResult<Box<dyn HeldService>> {
        self.0.services.resolve(name)
    }

    /// Processes that show windows of WPF, and whether there are more.
    pub fn wpf_processes(&self, cap: usize) -> PortResult<(Vec<WpfProcess>, bool)> {
        self.0.wpf.processes(cap)
    }

    /// The process as one that may be an application of WPF, held.
    pub fn hold_application(&self, process: ProcessId) -> PortResult<Option<Box<dyn HeldApplication>>> {
        self.0.wpf.hold(process)
    }

    /// Whether the application has opened itself.
    pub fn opens_itself(&self, process: ProcessId) -> bool {
        self.0.wpf.opens_itself(process)
    }

    /// Whether this build has an inspector to load.
    pub fn loader_ready(&self) -> Result<(), LoadFault> {
        self.0.loader.ready()
    }

    /// Whether the machine has an event log.
    pub fn events_ready(&self) -> PortResult<()> {
        self.0.events.channels(1).map(drop)
    }

    /// Whether scheduled tasks can be listed.
    pub fn scheduler_ready(&self, deadline: Deadline) -> PortResult<()> {
        self.0.scheduled.ready(deadline)
    }

    /// Whether there is a sound device.
    pub fn sound_ready(&self, deadline: Deadline) -> PortResult<()> {
        self.0.sound.ready(deadline)
    }

    /// Whether an engine reads text off pixels.
    pub fn ocr_ready(&self) -> PortResult<()> {
        self.0.ocr.ready()
    }

    /// Where the shell's program lies; none when it is not installed.
    pub fn find_shell(&self, shell: Shell) -> PortResult<Option<String>> {
        self.0.shell.find(shell)
    }

    /// Installed applications of that name, or the nearest.
    pub fn find_app(&self, name: &str) -> PortResult<Vec<InstalledApp>> {
        self.0.apps.find(name)
    }

    /// The window as a resource to look at.
    pub fn window_resource(&self, window: &WindowIdentity) -> Result<Resource, Fault> {
        Ok(Resource::Window { window: window.clone(), program: self.program(window)? })
    }

    /// The window as a place for input, and all windows of its program to see the effect in.
    pub fn action_resources(&self, window: &WindowIdentity) -> Result<Vec<Resource>, Fault> {
        let program = self.program(window)?;
        let seen = Resource::ProgramWindows {
            process: window.process,
            process_start: window.process_start,
            program: program.clone(),
        };
        Ok(vec![Resource::InputTarget { window: window.clone(), program }, seen])
    }

    /// Fails with the session's own code unless the desktop can be operated.
    pub fn require_active_session(&self) -> Result<(), Fault> {
        match self.session() {
            SessionState::Active => Ok(()),
            other => Err(other.into()),
        }
    }
}

/// Ended calls of one principal that are remembered.
const ENDED_CAP: usize = 50;
/// Answers of work in the background that are kept of one principal, and how long.
const ANSWERS_CAP: usize = 8;
const ANSWERS_FOR: Duration = Duration::from_secs(3600);

/// What is kept for one principal and seen by no other.
#[derive(Debug, Default)]
pub struct Tables {
    /// The refs that it was given.
    pub refs: Mutex<RefTable>,
    /// Its last calls that ended, oldest first.
    ended: Mutex<VecDeque<EndedTask>>,
    /// Files that it is sending.
    uploads: Mutex<Uploads>,
    /// Its sessions with WPF applications.
    wpf: Mutex<Sessions>,
    /// Pictures and recordings beyond an answer.
    kept: Mutex<Kept>,
}

impl Tables {
    /// Empty tables, whose kept bytes are counted with those of all others of the name.
    pub fn new(total: Arc<Total>) -> Self {
        Self { kept: Mutex::new(Kept::new(total)), ..Self::default() }
    }

    /// With what the kept bytes are counted.
    pub fn kept_total(&self) -> Arc<Total> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).total()
    }

    /// What is kept for the caller, without what is too old and what was made in sessions that are over.
    pub(crate) fn kept(&self) -> MutexGuard<'_, Kept> {
        let living: Vec<ProcessId> = self.wpf().all().iter().map(|session| session.process()).collect();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.expire(Instant::now());
        kept.forget_applications(|process| living.contains(&process));
        kept
    }

    /// Deletes what is too old, and what was made in sessions that are over.
    pub fn sweep(&self) {
        drop(self.kept());
    }

    /// Deletes what is kept: it was made under rules that are no longer in force.
    pub fn forget_kept(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear(Instant::now());
    }

    /// Remembers a call that ended, and forgets the oldest when there are too many.
    pub fn remember(&self, ended: EndedTask) {
        let mut all = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= ENDED_CAP {
            all.pop_front();
        }
        all.push_back(ended);
        let over = all.iter().filter(|task| task.kept.is_some()).count().saturating_sub(ANSWERS_CAP);
        all.iter_mut().filter(|task| task.kept.is_some()).take(over).for_each(|task| task.kept = None);
    }

    /// The files that it is sending.
    pub(crate) fn uploads(&self) -> MutexGuard<'_, Uploads> {
        // A panic while a piece is written loses that upload, which was taken out of the table.
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its sessions with WPF applications.
    pub(crate) fn wpf(&self) -> MutexGuard<'_, Sessions> {
        self.wpf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it has a session with an application that goes on.
    pub fn has_sessions(&self) -> bool {
        !self.wpf().all().is_empty()
    }

    /// Forgets what would leave something behind when the process ends.
    pub fn close(&self) {
        *self.uploads() = Uploads::default();
        self.forget_kept();
        let sessions = std::mem::take(&mut *self.wpf());
        sessions.close();
    }

    /// The calls that are remembered, the last one first.
    pub fn ended(&self) -> Vec<EndedTask> {
        let mut all = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter_mut().filter(|task| task.at.elapsed() >= ANSWERS_FOR).for_each(|task| task.kept = None);
        all.iter().rev().cloned().collect()
    }
}

/// One call that ended.
#[derive(Clone, Debug)]
pub struct EndedTask {
    /// The call's name.
    pub id: String,
    /// The tool.
    pub tool: &'static str,
    /// `answered`, the word of its outcome, or the code of its fault.
    pub result: String,
    /// How long it took, with the time in which it waited for its turn.
    pub took: Duration,
    /// When it ended.
    pub at: Instant,
    /// Whether its work went on in the background.
    pub background: bool,
    /// What that came to, while it is kept.
    pub kept: Option<Arc<Result<Reply, Fault>>>,
}

/// One running call.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct TaskInfo {
    /// The call's name.
    pub id: String,
    /// The tool.
    pub tool: String,
    /// `queued` or `running`; `given_up` when it was answered and its work has not come back.
    pub state: String,
    /// Milliseconds since the call came.
    pub elapsed_ms: u64,
    /// Whether it was answered and its work goes on.
    pub background: bool,
}

/// The calls under way.
pub trait TaskView: Send + Sync {
    /// Calls of this principal whose work has not ended, oldest first.
    fn running(&self, principal: &Principal) -> Vec<TaskInfo>;

    /// Tells a call of this principal to end, and whether there is one of that name. What it does is for its own work: it
    /// is answered in its place when it does not end by itself.
    fn withdraw(&self, principal: &Principal, id: &str) -> bool;
}

/// Told how far a long call is, for a client that asked to know.
pub trait Progress: Send + Sync {
    /// So much of that is done; `what` is a word for what is being done.
    fn report(&self, done: Duration, of: Duration, what: &str);
}

/// Nobody asked.
pub struct Unwatched;

impl Progress for Unwatched {
    fn report(&self, _: Duration, _: Duration, _: &str) {}
}

/// The way back through the door, for a call that makes others.
pub trait StepCalls: Sync {
    /// Makes a call as the same caller and waits for its answer. It is admitted, decided and recorded as any other, under
    /// the number of this call and its own: `step` counts from 1. It ends with this call.
    fn call(&self, step: u32, tool: &str, arguments: serde_json::Value) -> Result<Reply, Fault>;
}

/// The way of a call to be answered before its work has ended. Its permit is held, and its time counts, until then; what it comes
/// to is kept for who called, and it ends with what it was called by.
pub trait Background: Sync {
    /// Takes a place for work that goes on behind its answer, before anything is begun. Fails when there is none, and for a call
    /// whose caller does not stay.
    fn reserve(&self) -> Result<(), Fault>;

    /// Answers the call, once it has a place, when its work has begun. What `apply` gives later is no longer sent.
    fn answer(&self, reply: Reply);
}

/// Which names may be looked up: whoever answers for one learns that it was asked for, and by what stands in it more.
pub trait NameRules {
    /// Fails unless this principal may look up the host to use it so.
    fn check_name(&self, principal: &Principal, host: &Host, access: HostAccess) -> Result<(), Fault>;

    /// The variable of the environment that puts other roots in place of the system's, if one does.
    fn replaced_roots(&self) -> Option<&'static str>;
}

impl NameRules for Rules {
    fn check_name(&self, principal: &Principal, host: &Host, access: HostAccess) -> Result<(), Fault> {
        self.check_name(principal, host, access).map_err(Fault::from)
    }

    fn replaced_roots(&self) -> Option<&'static str> {
        self.replaced_roots()
    }
}

/// Which WPF applications a caller may know of: asked before anything of one is told, or even found out.
pub trait TargetRules {
    /// What must be found out of the program at this path before it can be decided on; none when no entry names the path.
    fn asks_of(&self, path: &FilePath) -> Option<WpfPins>;

    /// Whether the program may be connected to, or, with `load`, be loaded into.
    fn admits(&self, program: &RunningProgram, load: bool) -> bool;

    /// The gates that are open to this principal.
    fn open_gates(&self, principal: &Principal) -> Vec<WpfGate>;

    /// Fails unless this principal may go into the program through these gates.
    fn check_application(
        &self,
        principal: &Principal,
        program: &RunningProgram,
        through: &[WpfGate],
    ) -> Result<(), Fault>;
}

/// Which tools are open to whom.
pub trait ToolRules {
    /// Fails unless the tool is open to this principal at this moment.
    fn require_open(&self, principal: &Principal, tool: ToolRow<'_>) -> Result<(), Fault>;
}

impl ToolRules for Rules {
    fn require_open(&self, principal: &Principal, tool: ToolRow<'_>) -> Result<(), Fault> {
        Ok(self.admit(principal, tool)?)
    }
}

impl TargetRules for Rules {
    fn asks_of(&self, path: &FilePath) -> Option<WpfPins> {
        self.wpf_targets().asks_of(path)
    }

    fn admits(&self, program: &RunningProgram, load: bool) -> bool {
        self.wpf_targets().check(program, load).is_ok()
    }

    fn open_gates(&self, principal: &Principal) -> Vec<WpfGate> {
        WpfGate::ALL.into_iter().filter(|gate| self.gates().is_open(*gate) && principal.holds(gate.scope())).collect()
    }

    fn check_application(
        &self,
        principal: &Principal,
        program: &RunningProgram,
        through: &[WpfGate],
    ) -> Result<(), Fault> {
        self.check_application(principal, program, through).map_err(Fault::from)
    }
}

/// What planning sees.
pub struct PlanContext<'call> {
    /// Who calls.
    pub principal: &'call Principal,
    /// Identities and positions.
    pub readers: Readers<'call>,
    /// The caller's tables.
    pub tables: &'call Tables,
    /// Which names may be looked up.
    pub names: &'call dyn NameRules,
    /// Which WPF applications may be known of.
    pub targets: &'call dyn TargetRules,
    /// Which tools are open, for what such a tool has left.
    pub tools: &'call dyn ToolRules,
    /// Ends the work early.
    pub cancel: &'call Cancel,
}

impl PlanContext<'_> {
    /// The addresses of a host, looked up once, when the rules let its name be asked for.
    pub(crate) fn resolve_host(&self, host: &Host, access: HostAccess, wait: Duration) -> Result<Vec<IpAddr>, Fault> {
        self.names.check_name(self.principal, host, access)?;
        Ok(self.readers.0.network.resolve(host, Deadline::after(wait), self.cancel)?)
    }
}

/// What applying sees.
pub struct ApplyContext<'call> {
    /// Who calls.
    pub principal: &'call Principal,
    /// The machine.
    pub ports: &'call Ports,
    /// The caller's tables.
    pub tables: &'call Tables,
    /// The calls under way.
    pub tasks: &'call dyn TaskView,
    /// The rules in force, to be asked.
    pub policy: &'call dyn PolicyView,
    /// Calls that this one makes.
    pub steps: &'call dyn StepCalls,
    /// The way to answer before the work has ended.
    pub background: &'call dyn Background,
    /// Told how far the call is.
    pub progress: &'call dyn Progress,
    /// Ends the work early.
    pub cancel: &'call Cancel,
    /// When the call must have ended.
    pub deadline: Deadline,
    /// How long the call waited for its turn.
    pub waited: Duration,
}

impl ApplyContext<'_> {
    /// What is left of a time that the caller gave in `field`: the wait for its turn is part of it. Fails when that was all.
    pub(crate) fn left_of(&self, field: &str, limit: Duration) -> Result<Duration, Fault> {
        let left = limit.saturating_sub(self.waited);
        if !left.is_zero() || limit.is_zero() {
            return Ok(left);
        }
        Err(Fault::new(FaultCode::Busy, "the call's turn came when its time was over; nothing was done")
            .field(field)
            .value(format!("{} s", limit.as_secs_f64()))
            .rule(format!("the wait for its turn counts, which was {:.1} s", self.waited.as_secs_f64()))
            .remedy("allow more time, or make fewer calls at once"))
    }
}
