//! What lies around the windows of the fake desktop: programs to start, the clipboard, displays and pixels, the session,
//! the machine. Facts are fixed, so that tests can compare them.

use crate::build::WindowBuilder;
use crate::desktop::{Call, FakeDesktop};
use crate::places::untrusted;
use crate::state::State;
use portcullis_model::{
    Cancel, Deadline, Effect, Point, ProgramName, Rect, Resource, Source, Untrusted, WindowIdentity, nearest,
};
use portcullis_platform::{
    AppPort, Bitmap, CaptureMethod, ClipboardContent, ClipboardPort, Display, Drive, InstalledApp, Launch,
    LaunchRequest, LentClipboard, Permit, PortFault, PortResult, ProcessInfo, ScreenPort, SessionLink, SessionPort,
    SessionState, ShowState, SystemInfo, SystemPort, UserSession,
};

/// `ERROR_FILE_NOT_FOUND`.
const FILE_NOT_FOUND: u32 = 2;
/// What the bare desktop looks like: red, green, blue.
const BACKGROUND: [u8; 3] = [0, 80, 120];

fn system(text: &str) -> Untrusted {
    untrusted(Source::System, text)
}

impl AppPort for FakeDesktop {
    fn find(&self, name: &str) -> PortResult<Vec<InstalledApp>> {
        let state = self.lock();
        let apps = || state.installed.iter().map(|(app, _)| app);
        let exact: Vec<InstalledApp> = apps().filter(|app| app.name.eq_ignore_ascii_case(name)).cloned().collect();
        if !exact.is_empty() {
            return Ok(exact);
        }
        let names = nearest(name, apps().map(|app| app.name.as_str()));
        Ok(names.iter().filter_map(|near| apps().find(|app| app.name == *near)).cloned().collect())
    }

    fn launch(
        &self,
        permit: &Permit,
        request: &LaunchRequest,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<Launch> {
        self.enter(Call::Launch, Some(deadline), Some(cancel))?;
        let mut state = self.lock();
        let window: WindowBuilder = match request {
            LaunchRequest::Installed(app) => {
                let resource = Resource::InstalledApp { name: app.name.clone(), program: app.program.clone() };
                permit.require(Effect::StartInstalledApp, &resource)?;
                let found = state.installed.iter().find(|(installed, _)| installed == app);
                found.map(|(_, window)| window.clone())
            }
            LaunchRequest::Executable { path, .. } => {
                permit.require(Effect::StartExecutable, &Resource::Executable { path: path.clone() })?;
                let found = state.installed.iter().find(|(app, _)| app.target.eq_ignore_ascii_case(path));
                found.map(|(_, window)| window.clone())
            }
        }
        .ok_or(PortFault::System { call: "CreateProcessW", code: FILE_NOT_FOUND })?;
        let window = state.open(window, None);
        Ok(Launch { process: window.process, window: Some(window), exited: None })
    }
}

impl ClipboardPort for FakeDesktop {
    fn sequence(&self) -> u32 {
        self.lock().sequence
    }

    fn read(&self, permit: &Permit, deadline: Deadline) -> PortResult<ClipboardContent> {
        self.enter(Call::ReadClipboard, Some(deadline), None)?;
        permit.require(Effect::ReadClipboard, &Resource::Clipboard)?;
        Ok(self.lock().clipboard.clone())
    }

    fn write(&self, permit: &Permit, text: &str, deadline: Deadline) -> PortResult<()> {
        self.enter(Call::WriteClipboard, Some(deadline), None)?;
        permit.require(Effect::WriteClipboard, &Resource::Clipboard)?;
        self.lock().copy(text);
        Ok(())
    }

    fn lend(&self, permit: &Permit, text: &str, deadline: Deadline) -> PortResult<Box<dyn LentClipboard>> {
        self.enter(Call::WriteClipboard, Some(deadline), None)?;
        permit.require(Effect::ReadClipboard, &Resource::Clipboard)?;
        permit.require(Effect::WriteClipboard, &Resource::Clipboard)?;
        let mut state = self.lock();
        if let ClipboardContent::Other(formats) = &state.clipboard
            && let Some(format) = formats.iter().find(|format| format.as_str() == "CF_ENHMETAFILE")
        {
            return Err(PortFault::NotOperable(format!(
                "keep what is on the clipboard: {format} is no block of memory"
            )));
        }
        let kept = Some((state.clipboard.clone(), state.sequence + 1));
        state.copy(text);
        Ok(Box::new(Lent { desktop: self.clone(), kept }))
    }
}

/// What was on the clipboard, and the number of the text that stands in for it.
struct Lent {
    desktop: FakeDesktop,
    kept: Option<(ClipboardContent, u32)>,
}

impl LentClipboard for Lent {
    fn put_back(&mut self, _: Deadline) -> PortResult<bool> {
        let Some((content, number)) = self.kept.take() else { return Ok(false) };
        let mut state = self.desktop.lock();
        if state.sequence != number {
            return Ok(false);
        }
        state.clipboard = content;
        state.sequence += 1;
        Ok(true)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // It cannot fail here.
        let _ = self.put_back(Deadline::after(std::time::Duration::ZERO));
    }
}

/// What a picture of this area shows, as far as it lies on displays.
pub(crate) fn screenshot(state: &State, area: Rect) -> Bitmap {
    let parts = state.displays.iter().map(|display| display.bounds.intersect(area));
    let rect = parts.fold(Rect::default(), Rect::union);
    Bitmap { rect, rgb: pixels(state, rect, None), method: CaptureMethod::Screen }
}

/// The pixels of an area: of one window alone, or of everything as it covers each other.
fn pixels(state: &State, area: Rect, only: Option<&WindowIdentity>) -> Vec<u8> {
    // Windows from the back to the front, each painting rows over what is behind it.
    let width = usize::try_from(area.width()).unwrap_or(0);
    let height = usize::try_from(area.height()).unwrap_or(0);
    let mut rgb = BACKGROUND.repeat(width * height);
    for window in state.windows.iter().rev() {
        let meant = only.is_none_or(|only| window.identity == *only);
        let shared = window.rect.intersect(area);
        if !meant || window.show == ShowState::Minimised || shared.is_empty() {
            continue;
        }
        let offset = |edge: i32, from: i32| usize::try_from(i64::from(edge) - i64::from(from)).unwrap_or(0);
        let (left, right) = (offset(shared.left, area.left), offset(shared.right, area.left));
        let (top, bottom) = (offset(shared.top, area.top), offset(shared.bottom, area.top));
        let row = window.colour.repeat(right - left);
        for line in top..bottom {
            let start = (line * width + left) * 3;
            if let Some(target) = rgb.get_mut(start..start + row.len()) {
                target.copy_from_slice(&row);
            }
        }
    }
    rgb
}

impl ScreenPort for FakeDesktop {
    fn displays(&self) -> PortResult<Vec<Display>> {
        Ok(self.lock().displays.clone())
    }

    fn capture(&self, permit: &Permit, area: Rect, deadline: Deadline) -> PortResult<Bitmap> {
        self.enter(Call::Capture, Some(deadline), None)?;
        permit.require(Effect::ReadPixels, &Resource::Desktop)?;
        let state = self.lock();
        state.operable()?;
        Ok(screenshot(&state, area))
    }

    fn capture_window(&self, permit: &Permit, window: &WindowIdentity, deadline: Deadline) -> PortResult<Bitmap> {
        self.enter(Call::CaptureWindow, Some(deadline), None)?;
        let state = self.lock();
        let found = state.living(window)?;
        permit.require(Effect::ReadPixels, &found.as_resource())?;
        state.operable()?;
        let rect = if found.show == ShowState::Minimised { Rect::default() } else { found.rect };
        Ok(Bitmap { rect, rgb: pixels(&state, rect, Some(window)), method: CaptureMethod::Window })
    }
}

impl SessionPort for FakeDesktop {
    fn state(&self) -> SessionState {
        self.lock().session
    }

    fn lock(&self, permit: &Permit) -> PortResult<()> {
        self.enter(Call::LockSession, None, None)?;
        permit.require(Effect::LockSession, &Resource::Session)?;
        self.set_session(SessionState::Locked);
        Ok(())
    }

    fn sessions(&self) -> PortResult<Vec<UserSession>> {
        self.enter(Call::Sessions, None, None)?;
        Ok(self.lock().sessions.clone())
    }

    fn connect_to_console(&self, permit: &Permit, session: u32) -> PortResult<()> {
        self.enter(Call::ConnectSession, None, None)?;
        let mut state = self.lock();
        let found = state.sessions.iter().find(|known| known.id == session).ok_or(PortFault::Gone)?;
        permit.require(Effect::ConnectSession, &found.resource())?;
        for known in &mut state.sessions {
            if known.id == session {
                known.link = SessionLink::Console;
            } else if known.link == SessionLink::Console {
                known.link = SessionLink::Disconnected;
            }
        }
        Ok(())
    }
}

impl SystemPort for FakeDesktop {
    fn info(&self, permit: &Permit) -> PortResult<SystemInfo> {
        self.enter(Call::SystemInfo, None, None)?;
        permit.require(Effect::ReadSystem, &Resource::System)?;
        Ok(SystemInfo {
            computer: system("FAKE-PC"),
            user: system("ada"),
            os: "Windows 11 Pro 10.0.26100".to_owned(),
            architecture: "x86_64".to_owned(),
            language: "en-US".to_owned(),
            processors: 8,
            cpu_percent: Some(12.5),
            memory_total: 16 << 30,
            memory_free: 6 << 30,
            drives: vec![Drive { name: "C:".to_owned(), total: 512 << 30, free: 100 << 30 }],
            network: Some((1_000_000, 200_000)),
            uptime_seconds: 3_600,
        })
    }

    fn processes(&self, permit: &Permit) -> PortResult<Vec<ProcessInfo>> {
        self.enter(Call::Processes, None, None)?;
        permit.require(Effect::ReadProcesses, &Resource::Processes)?;
        let state = self.lock();
        let process = |id: u32, parent: u32, started: u64, program: &ProgramName| ProcessInfo {
            id,
            parent,
            name: system(program.as_str()),
            path: Some(system(&format!(r"C:\Program Files\{}", program.as_str()))),
            started,
            cpu_ms: 250,
            cpu_percent: None,
            memory: 20 << 20,
            threads: 4,
        };
        const SHELL: u32 = 1_000;
        let mut all = vec![process(SHELL, 0, 1, &ProgramName::from_image_path("explorer.exe"))];
        for window in &state.windows {
            let identity = &window.identity;
            if all.iter().all(|known| known.id != identity.process) {
                all.push(process(identity.process, SHELL, identity.process_start, &window.program));
            }
        }
        for known in &state.processes {
            let id = known.process;
            all.push(process(id.number, known.parent, id.started, &known.program));
        }
        Ok(all)
    }
}

impl FakeDesktop {
    /// Lays down the sessions of the machine.
    pub fn set_sessions(&self, sessions: &[UserSession]) {
        self.lock().sessions = sessions.to_vec();
    }

    /// Where the middle of an element is, for tests that click.
    pub fn centre_of(&self, window: &WindowIdentity, name: &str) -> Option<Point> {
        let element = self.element(window, name)?;
        let state = self.lock();
        let window = state.window(window.handle)?;
        crate::places::by_identity(window, &element).map(|placed| placed.node.rect.centre())
    }
}
