//! Finding installed applications and starting programs. What is started is a path that this module found or that the
//! permit names; a caller's text is never handed to a shell.

mod command_line;
mod installed;

use crate::identity::{self, failed};
use crate::toplevel::Win32Windows;
use portcullis_model::{Cancel, Deadline, Effect, ProgramName, Resource, WindowIdentity};
use portcullis_platform::{AppPort, InstalledApp, Launch, LaunchRequest, Permit, PortFault, PortResult, WindowPort};
use std::path::Path;
use std::time::Duration;
use windows::Win32::Foundation::{CloseHandle, HANDLE, WAIT_OBJECT_0};
use windows::Win32::System::Threading::{
    CREATE_UNICODE_ENVIRONMENT, CreateProcessW, GetExitCodeProcess, GetProcessId, PROCESS_INFORMATION, STARTUPINFOW,
    WaitForSingleObject,
};
use windows::Win32::UI::Shell::{SEE_MASK_FLAG_NO_UI, SEE_MASK_NOCLOSEPROCESS, SHELLEXECUTEINFOW, ShellExecuteExW};
use windows::Win32::UI::WindowsAndMessaging::SW_SHOWNORMAL;
use windows::core::{HSTRING, PCWSTR, PWSTR, w};

/// The pause between two looks for the first window.
const LOOK_EVERY: Duration = Duration::from_millis(15);

/// Applications of this machine.
#[derive(Debug, Default)]
pub(crate) struct Win32Apps;

/// A started process, whose handle closes itself.
struct Started {
    handle: HANDLE,
    id: u32,
}

impl Drop for Started {
    fn drop(&mut self) {
        // SAFETY: the handle is ours and is closed once. A failure leaves nothing to do.
        let _ = unsafe { CloseHandle(self.handle) };
    }
}

impl Started {
    /// The exit code, once the process has ended.
    fn exited(&self) -> Option<u32> {
        // SAFETY: the handle is open; no time is waited.
        let waited = unsafe { WaitForSingleObject(self.handle, 0) };
        if waited != WAIT_OBJECT_0 {
            return None;
        }
        let mut code = 0;
        // SAFETY: the handle is open and the out-pointer is a local.
        unsafe { GetExitCodeProcess(self.handle, &mut code) }.ok()?;
        Some(code)
    }
}

impl AppPort for Win32Apps {
    fn find(&self, name: &str) -> PortResult<Vec<InstalledApp>> {
        Ok(installed::find(name))
    }

    fn launch(
        &self,
        permit: &Permit,
        request: &LaunchRequest,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<Launch> {
        let windows = Win32Windows;
        let before = windows.identities();
        let (started, program) = match request {
            LaunchRequest::Installed(app) => {
                let resource = Resource::InstalledApp { name: app.name.clone(), program: app.program.clone() };
                permit.require(Effect::StartInstalledApp, &resource)?;
                (open(&app.target)?, app.program.clone())
            }
            LaunchRequest::Executable { path, args, cwd } => {
                permit.require(Effect::StartExecutable, &Resource::Executable { path: path.clone() })?;
                (Some(create(path, args, cwd.as_deref())?), Some(ProgramName::from_image_path(path)))
            }
        };
        let process = started.as_ref().map_or(0, |started| started.id);
        loop {
            let mut fresh = windows.identities().into_iter().filter(|window| !before.contains(window));
            if let Some(window) = fresh.find(|window| belongs(window, process, program.as_ref())) {
                return Ok(Launch { process: window.process, window: Some(window), exited: None });
            }
            let exited = started.as_ref().and_then(Started::exited);
            // A launcher that hands over to another process ends well before the window is there.
            if deadline.passed() || exited.is_some_and(|code| code != 0) {
                return Ok(Launch { process, window: None, exited });
            }
            cancel.wait(LOOK_EVERY.min(deadline.remaining()))?;
        }
    }
}

/// Whether a new window is the started program's: of its process, or of the same program where a launcher handed over.
fn belongs(window: &WindowIdentity, process: u32, program: Option<&ProgramName>) -> bool {
    window.process == process || program.is_some_and(|program| *program == identity::program(window.process))
}

/// Opens a file that was found on this machine, as a double click would. No process comes back when a running program
/// takes it.
fn open(target: &str) -> PortResult<Option<Started>> {
    let file = HSTRING::from(target);
    let mut info = SHELLEXECUTEINFOW {
        cbSize: u32::try_from(size_of::<SHELLEXECUTEINFOW>()).unwrap_or(0),
        fMask: SEE_MASK_NOCLOSEPROCESS | SEE_MASK_FLAG_NO_UI,
        lpVerb: w!("open"),
        lpFile: PCWSTR(file.as_ptr()),
        nShow: SW_SHOWNORMAL.0,
        ..SHELLEXECUTEINFOW::default()
    };
    // SAFETY: the structure says its size; the texts end in NUL and outlive the call.
    unsafe { ShellExecuteExW(&mut info) }.map_err(failed("ShellExecuteExW"))?;
    if info.hProcess.is_invalid() {
        return Ok(None);
    }
    // SAFETY: the handle is open.
    let id = unsafe { GetProcessId(info.hProcess) };
    Ok(Some(Started { handle: info.hProcess, id }))
}

/// Starts a program file with an argument vector. Nothing is searched, nothing inherited, no shell takes part.
fn create(path: &str, args: &[String], cwd: Option<&str>) -> PortResult<Started> {
    let extension = Path::new(path).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if extension.eq_ignore_ascii_case("bat") || extension.eq_ignore_ascii_case("cmd") {
        let reason = "a batch file reads its command line anew, so arguments could become commands; use Shell";
        return Err(PortFault::Unsupported(reason.to_owned()));
    }
    let application = HSTRING::from(path);
    let mut line: Vec<u16> = command_line::join(path, args).encode_utf16().chain([0]).collect();
    let folder = cwd.map(HSTRING::from);
    let startup = STARTUPINFOW { cb: u32::try_from(size_of::<STARTUPINFOW>()).unwrap_or(0), ..STARTUPINFOW::default() };
    let mut info = PROCESS_INFORMATION::default();
    let folder_pointer = folder.as_ref().map_or(PCWSTR::null(), |folder| PCWSTR(folder.as_ptr()));
    // SAFETY: the texts end in NUL, the command line is writable as the call demands, and all outlive it.
    unsafe {
        CreateProcessW(
            &application,
            Some(PWSTR(line.as_mut_ptr())),
            None,
            None,
            false,
            CREATE_UNICODE_ENVIRONMENT,
            None,
            folder_pointer,
            &startup,
            &mut info,
        )
    }
    .map_err(failed("CreateProcessW"))?;
    // SAFETY: the thread's handle is ours, is not used, and is closed once.
    let _ = unsafe { CloseHandle(info.hThread) };
    Ok(Started { handle: info.hProcess, id: info.dwProcessId })
}
