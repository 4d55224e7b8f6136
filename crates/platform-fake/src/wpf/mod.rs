//! WPF applications in memory: which run, the pipe to the inspector in one, and loading it. The inspector is a thread that
//! answers out of the application's model over the same channel as the real one, or misbehaves as a test says.

mod acts;
mod demo;
mod facets;
mod inspector;
mod line;
mod model;
mod pipe;
mod reads;
mod rendezvous;
mod types;

pub use model::{FakeBinding, FakeElement, FakeMember, FakeModel, FakeObject, FakeProperty};

use pipe::{End, pipe};
use portcullis_model::{
    Cancel, Deadline, Effect, FilePath, LoadStage, ProcessId, Resource, RunningProgram, WindowIdentity, WpfGate,
};
use portcullis_platform::{
    Architecture, ClrKind, HeldApplication, InspectorPipe, LoadFault, LoaderPort, Permit, PipeEnd, PortFault,
    PortResult, WpfFacts, WpfPort, WpfProcess, program_name,
};
use portcullis_wpf_protocol::ParameterBlock;
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How an inspector misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hostile {
    /// Another process comes to the pipe.
    OtherPeer,
    /// It says another process of itself.
    LiesAboutItself,
    /// It does not know the secret.
    WrongProof,
    /// It sends the server's proof back as its own.
    Reflects,
    /// It speaks another protocol.
    OtherVersion,
    /// It speaks no TLS.
    NoTls,
    /// It answers the greeting, and nothing else.
    Silent,
    /// It sends events without end.
    Floods,
    /// It answers with a frame beyond the cap.
    Oversized,
    /// It answers with what is no JSON.
    Malformed,
    /// It answers with other fields.
    OtherFields,
    /// It sends more bytes than it announced.
    LongBlob,
    /// It announces more bytes than a blob may have.
    HugeBlob,
    /// It goes away in the middle of a request.
    Leaves,
}

/// One application.
struct App {
    process: ProcessId,
    program: RunningProgram,
    facts: WpfFacts,
    windows: Vec<WindowIdentity>,
    alive: bool,
    hostile: Option<Hostile>,
    /// Inspectors that were loaded.
    loaded: u32,
    opens_itself: bool,
    model: Arc<Mutex<FakeModel>>,
}

#[derive(Default)]
struct Machine {
    apps: Vec<App>,
    /// Ends of the server that somebody connected to, by the pipe's name.
    came: HashMap<String, End>,
    pipes: u64,
    no_payload: bool,
    fail: Option<LoadFault>,
    pins_asked: Vec<(bool, bool)>,
    load_limits: Vec<Duration>,
    facts_asked: u32,
    secret: Option<Vec<u8>>,
}

#[derive(Default)]
struct Shared {
    machine: Mutex<Machine>,
    changed: Condvar,
}

/// The WPF applications of a machine. Clones share them.
#[derive(Clone, Default)]
pub struct FakeWpf(Arc<Shared>);

/// The runtime that every application has, by its file, and its version.
const RUNTIME_FILE: (&str, &str) = ("C:\\Program Files\\dotnet\\coreclr.dll", "3.1.2");
/// This server's own process, to the inspector.
const OWN: ProcessId = ProcessId { number: 4_000_000, started: 1 };

/// One application, as a test holds it.
#[derive(Clone)]
pub struct FakeApplication {
    wpf: FakeWpf,
    process: ProcessId,
    model: Arc<Mutex<FakeModel>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FakeApplication {
    /// Its process.
    pub fn process(&self) -> ProcessId {
        self.process
    }

    /// Its model, to be changed and looked at.
    pub fn model<T>(&self, look: impl FnOnce(&mut FakeModel) -> T) -> T {
        look(&mut lock(&self.model))
    }

    fn change(&self, change: impl FnOnce(&mut App)) {
        self.wpf.with(self.process, change);
    }

    /// Lets its next inspectors misbehave.
    pub fn hostile(&self, hostile: Hostile) {
        self.change(|app| app.hostile = Some(hostile));
    }

    /// Changes what is known of it from outside.
    pub fn facts(&self, change: impl FnOnce(&mut WpfFacts)) {
        self.change(|app| change(&mut app.facts));
    }

    /// Says which windows of the desktop are its.
    pub fn show(&self, windows: Vec<WindowIdentity>) {
        self.change(|app| app.windows = windows);
    }

    /// Changes what runs in it, as the rules see it.
    pub fn program(&self, change: impl FnOnce(&mut RunningProgram)) {
        self.change(|app| change(&mut app.program));
    }

    /// Lets it take the inspector in by itself.
    pub fn open_itself(&self) {
        self.change(|app| app.opens_itself = true);
    }

    /// Ends it.
    pub fn end(&self) {
        self.change(|app| app.alive = false);
    }

    /// How often an inspector was loaded into it.
    pub fn loaded(&self) -> u32 {
        let machine = lock(&self.wpf.0.machine);
        machine.apps.iter().find(|app| app.process == self.process).map_or(0, |app| app.loaded)
    }

    /// What `Resource` names it, gone into through these gates.
    pub fn resource(&self, load: bool, through: &[WpfGate]) -> Resource {
        let machine = lock(&self.wpf.0.machine);
        let app = machine.apps.iter().find(|app| app.process == self.process);
        let program = app.map(|app| app.program.clone()).unwrap_or_default();
        Resource::WpfTarget { process: self.process, program, load, through: through.to_vec() }
    }
}

impl FakeWpf {
    /// Starts an application whose program lies at `path`.
    pub fn start(&self, process: ProcessId, path: &str, model: FakeModel) -> FakeApplication {
        let model = Arc::new(Mutex::new(model));
        let app = App {
            process,
            program: RunningProgram { path: FilePath::parse(path).ok(), sha256: None, signer: None },
            facts: WpfFacts {
                name: program_name(path),
                architecture: Some(Architecture::X64),
                runtime: Some(ClrKind::Core),
                runtime_file: Some(RUNTIME_FILE.0.to_owned()),
                is_elevated: false,
                is_single_file: false,
                working_set: u64::from(process.number),
            },
            windows: Vec::new(),
            alive: true,
            hostile: None,
            loaded: 0,
            opens_itself: false,
            model: Arc::clone(&model),
        };
        let mut machine = lock(&self.0.machine);
        // One that has ended makes room for the next of its number.
        machine.apps.retain(|known| known.alive || known.process != process);
        machine.apps.push(app);
        drop(machine);
        FakeApplication { wpf: self.clone(), process, model }
    }

    /// Every application that runs.
    pub fn applications(&self) -> Vec<FakeApplication> {
        let machine = lock(&self.0.machine);
        let alive = machine.apps.iter().filter(|app| app.alive);
        alive
            .map(|app| FakeApplication { wpf: self.clone(), process: app.process, model: Arc::clone(&app.model) })
            .collect()
    }

    /// How often it was asked what is known of an application.
    pub fn facts_asked(&self) -> u32 {
        lock(&self.0.machine).facts_asked
    }

    /// How long each loading might have taken.
    pub fn load_limits(&self) -> Vec<Duration> {
        lock(&self.0.machine).load_limits.clone()
    }

    /// Takes the inspector out of the build.
    pub fn without_payload(&self) {
        lock(&self.0.machine).no_payload = true;
    }

    /// Makes the user's secret for applications that open themselves.
    pub fn make_secret(&self, secret: &[u8]) {
        lock(&self.0.machine).secret = Some(secret.to_vec());
    }

    /// Lets every load fail so.
    pub fn fail_loading(&self, stage: LoadStage, code: u32) {
        lock(&self.0.machine).fail = Some(LoadFault { stage, code });
    }

    /// Which of hash and signer were asked for, in order.
    pub fn pins_asked(&self) -> Vec<(bool, bool)> {
        lock(&self.0.machine).pins_asked.clone()
    }

    fn with<T>(&self, process: ProcessId, look: impl FnOnce(&mut App) -> T) -> Option<T> {
        let mut machine = lock(&self.0.machine);
        machine.apps.iter_mut().find(|app| app.process == process).map(look)
    }
}

impl FakeWpf {
    /// Connects to the pipe of the block, and answers there until the server is gone.
    fn call_back(
        &self,
        block: &ParameterBlock,
        process: ProcessId,
        hostile: Option<Hostile>,
        model: Arc<Mutex<FakeModel>>,
    ) {
        let seen = if hostile == Some(Hostile::OtherPeer) { ProcessId { number: 666, ..process } } else { process };
        let (server, own) = pipe(OWN, seen);
        lock(&self.0.machine).came.insert(block.pipe.clone(), server);
        self.0.changed.notify_all();
        inspector::run(own, block, process, hostile, &model);
    }
}

impl WpfPort for FakeWpf {
    fn processes(&self, cap: usize) -> PortResult<(Vec<WpfProcess>, bool)> {
        let machine = lock(&self.0.machine);
        let all = machine.apps.iter().filter(|app| app.alive);
        let mut all: Vec<WpfProcess> =
            all.map(|app| WpfProcess { process: app.process, windows: app.windows.clone() }).collect();
        let more = all.len() > cap;
        all.truncate(cap);
        Ok((all, more))
    }

    fn hold(&self, process: ProcessId) -> PortResult<Option<Box<dyn HeldApplication>>> {
        let alive = self.with(process, |app| app.alive).unwrap_or(false);
        Ok(alive.then(|| -> Box<dyn HeldApplication> { Box::new(Held { wpf: self.clone(), process }) }))
    }

    fn listen(&self) -> PortResult<Box<dyn InspectorPipe>> {
        let mut machine = lock(&self.0.machine);
        machine.pipes += 1;
        Ok(Box::new(Listening { wpf: self.clone(), name: format!("portcullis-fake-{}", machine.pipes) }))
    }

    fn opens_itself(&self, process: ProcessId) -> bool {
        self.with(process, |app| app.alive && app.opens_itself).unwrap_or(false)
    }

    fn knock(&self, process: ProcessId) -> PortResult<Option<Box<dyn PipeEnd>>> {
        if !self.opens_itself(process) {
            return Ok(None);
        }
        let known = self.with(process, |app| (app.hostile, Arc::clone(&app.model)));
        let (hostile, model) = known.ok_or(PortFault::Gone)?;
        let seen = if hostile == Some(Hostile::OtherPeer) { ProcessId { number: 666, ..process } } else { process };
        let (server, own) = pipe(OWN, seen);
        let secret = lock(&self.0.machine).secret.clone().unwrap_or_default();
        let wpf = self.clone();
        let begun = thread::Builder::new().name("fake-rendezvous".to_owned()).spawn(move || {
            let Some(block) = rendezvous::answer(&own, process, hostile, &secret) else { return own.close() };
            wpf.call_back(&block, process, hostile, model);
        });
        begun.map_err(|_| PortFault::Gone)?;
        Ok(Some(Box::new(server)))
    }

    fn sdk_secret(&self) -> PortResult<Option<Vec<u8>>> {
        Ok(lock(&self.0.machine).secret.clone())
    }

    fn runtime_version(&self, file: &str) -> Option<String> {
        (file == RUNTIME_FILE.0).then(|| RUNTIME_FILE.1.to_owned())
    }

    fn own(&self) -> PortResult<ProcessId> {
        Ok(OWN)
    }
}

struct Held {
    wpf: FakeWpf,
    process: ProcessId,
}

impl HeldApplication for Held {
    fn process(&self) -> ProcessId {
        self.process
    }

    fn program(&self, sha256: bool, signer: bool) -> PortResult<RunningProgram> {
        lock(&self.wpf.0.machine).pins_asked.push((sha256, signer));
        let mut program = self.wpf.with(self.process, |app| app.program.clone()).ok_or(PortFault::Gone)?;
        program.sha256 = program.sha256.filter(|_| sha256);
        program.signer = program.signer.filter(|_| signer);
        Ok(program)
    }

    fn facts(&self, permit: &Permit, program: &RunningProgram) -> PortResult<WpfFacts> {
        let facts = self.wpf.with(self.process, |app| app.facts.clone()).ok_or(PortFault::Gone)?;
        let effect = [Effect::ReadApplications, Effect::ConnectApplications].into_iter().find(|one| permit.names(*one));
        let target =
            Resource::WpfTarget { process: self.process, program: program.clone(), load: false, through: Vec::new() };
        permit.require(effect.unwrap_or(Effect::ReadApplications), &target)?;
        lock(&self.wpf.0.machine).facts_asked += 1;
        Ok(facts)
    }

    fn is_alive(&self) -> bool {
        self.wpf.with(self.process, |app| app.alive).unwrap_or(false)
    }
}

struct Listening {
    wpf: FakeWpf,
    name: String,
}

impl InspectorPipe for Listening {
    fn name(&self) -> &str {
        &self.name
    }

    fn accept(self: Box<Self>, deadline: Deadline, cancel: &Cancel) -> PortResult<Box<dyn PipeEnd>> {
        let shared = &self.wpf.0;
        let mut machine = lock(&shared.machine);
        loop {
            cancel.check()?;
            if let Some(end) = machine.came.remove(&self.name) {
                return Ok(Box::new(end));
            }
            if deadline.passed() {
                return Err(portcullis_model::CancelReason::Deadline.into());
            }
            let waited = shared.changed.wait_timeout(machine, Duration::from_millis(5));
            machine = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl LoaderPort for FakeWpf {
    fn ready(&self) -> Result<(), LoadFault> {
        let missing = lock(&self.0.machine).no_payload;
        if missing { Err(LoadFault { stage: LoadStage::NoPayload, code: 0 }) } else { Ok(()) }
    }

    fn load(
        &self,
        permit: &Permit,
        application: &dyn HeldApplication,
        program: &RunningProgram,
        block: &str,
        deadline: Deadline,
        _: &Cancel,
    ) -> PortResult<()> {
        lock(&self.0.machine).load_limits.push(deadline.remaining());
        let process = application.process();
        let through = vec![WpfGate::Injection];
        let target = Resource::WpfTarget { process, program: program.clone(), load: true, through };
        permit.require(Effect::LoadInspector, &target)?;
        self.ready()?;
        if let Some(fault) = lock(&self.0.machine).fail {
            return Err(fault.into());
        }
        let parameters = LoadFault { stage: LoadStage::Parameters, code: 0 };
        let block = ParameterBlock::read(block).map_err(|_| parameters)?;
        let begun = self.with(process, |app| {
            app.loaded += 1;
            (app.hostile, Arc::clone(&app.model))
        });
        let (hostile, model) = begun.ok_or(PortFault::Gone)?;
        let wpf = self.clone();
        let begun = thread::Builder::new()
            .name("fake-inspector".to_owned())
            .spawn(move || wpf.call_back(&block, process, hostile, model));
        begun.map(drop).map_err(|_| LoadFault { stage: LoadStage::Thread, code: 0 }.into())
    }
}
