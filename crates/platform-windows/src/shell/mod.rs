//! Shells: one worker process for each command, with its shell in it, in a job that ends with the call. The output is read while
//! it is written, so that no program waits for us; what it says is not looked into.

mod console;
mod line;

pub use console::run_console_worker;

use crate::identity::{failed, program};
use crate::security::OwnedHandle;
use crate::start::{Started, Streams, start};
use crate::system::known_folder;
use portcullis_model::{Cancel, Deadline, Effect, ProgramName, Shell};
use portcullis_platform::{Captured, Permit, PortFault, PortResult, ShellEnd, ShellPort, ShellRequest, ShellRun};
use std::fs::File;
use std::io::{PipeReader, Read};
use std::os::windows::io::AsRawHandle;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use windows::Win32::Foundation::{HANDLE, WAIT_OBJECT_0};
use windows::Win32::System::IO::CancelSynchronousIo;
use windows::Win32::System::Threading::{GetExitCodeProcess, WaitForSingleObject};
use windows::Win32::UI::Shell::{FOLDERID_Profile, FOLDERID_ProgramFiles, FOLDERID_System};
use windows::core::GUID;

/// How long one look at the shell lasts; a withdrawn call is noticed between two.
const LOOK: Duration = Duration::from_millis(10);
/// How long the end of the output is waited for once all that wrote it has ended. Only what left the job could hold it open.
const DRAIN: Duration = Duration::from_millis(500);
/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;
/// What processes are ended with that their call does not outlive.
const ENDED: u32 = 1;
/// The programs that draw consoles, which come and go with what runs in them.
const CONSOLE_HOSTS: [&str; 2] = ["conhost.exe", "openconsole.exe"];

/// The shells of this machine.
pub(crate) struct Win32Shell;

/// Where a shell lies when it is installed: in a folder that only administrators can write.
fn place(shell: Shell) -> Option<String> {
    let (folder, name) = match shell {
        Shell::PowerShell => (&FOLDERID_System, r"WindowsPowerShell\v1.0\powershell.exe"),
        Shell::Pwsh => (&FOLDERID_ProgramFiles, r"PowerShell\7\pwsh.exe"),
        Shell::Cmd => (&FOLDERID_System, "cmd.exe"),
    };
    folder_path(folder).map(|folder| format!(r"{folder}\{name}"))
}

fn folder_path(folder: &GUID) -> Option<String> {
    known_folder(folder)?.to_str().map(str::to_owned)
}

impl ShellPort for Win32Shell {
    fn find(&self, shell: Shell) -> PortResult<Option<String>> {
        Ok(place(shell).filter(|path| Path::new(path).is_file()))
    }

    fn run(
        &self,
        permit: &Permit,
        request: &ShellRequest,
        limit: Deadline,
        cancel: &Cancel,
        begun: &dyn Fn(),
    ) -> PortResult<ShellRun> {
        permit.require(Effect::RunShell, &request.resource())?;
        cancel.check()?;
        let exe = std::env::current_exe().map_err(system("GetModuleFileNameW"))?;
        let line = console::worker_line(&exe.to_string_lossy(), &line::shell_line(&request.path, &request.command));
        let own = || folder_path(&FOLDERID_Profile);
        let folder = request
            .folder
            .clone()
            .or_else(own)
            .ok_or_else(|| PortFault::Unsupported("the user's own folder has no path".to_owned()))?;
        let (output, output_end) = std::io::pipe().map_err(system("CreatePipe"))?;
        let (errors, errors_end) = std::io::pipe().map_err(system("CreatePipe"))?;
        let input = File::open("NUL").map_err(system("CreateFileW"))?;
        let started = start(
            &line,
            &folder,
            Streams { input: input.into(), output: output_end.into(), errors: errors_end.into() },
        )?;
        let (output, errors) = (Reading::begin(output)?, Reading::begin(errors)?);
        begun();
        let code = wait(&started, limit, cancel)?;
        let left = if code.is_some() { left_in(&started) } else { Vec::new() };
        started.job.end(ENDED)?;
        let until = Deadline::after(DRAIN);
        let ((output, first), (errors, second)) = (output.end(until), errors.end(until));
        let end = match code {
            Some(code) => ShellEnd::Exited(console::meaning(code)?),
            None => ShellEnd::OutOfTime,
        };
        Ok(ShellRun { end, output, errors, left, held_open: first || second })
    }
}

pub(crate) fn system(call: &'static str) -> impl FnOnce(std::io::Error) -> PortFault {
    move |error| PortFault::System { call, code: error.raw_os_error().map_or(0, i32::cast_unsigned) }
}

/// Waits until the process has ended; none when its time was over first. A call that is withdrawn drops the job.
pub(crate) fn wait(started: &Started, limit: Deadline, cancel: &Cancel) -> PortResult<Option<u32>> {
    while !has_ended(&started.process) {
        if limit.passed() {
            return Ok(None);
        }
        cancel.wait(limit.slice(LOOK).remaining())?;
    }
    let mut code = 0;
    // SAFETY: the handle is open and the out-pointer is a local that outlives the call.
    unsafe { GetExitCodeProcess(started.process.raw(), &mut code) }.map_err(failed("GetExitCodeProcess"))?;
    Ok(Some(code))
}

fn has_ended(process: &OwnedHandle) -> bool {
    // SAFETY: the handle is open; a wait of no length only looks.
    unsafe { WaitForSingleObject(process.raw(), 0) == WAIT_OBJECT_0 }
}

/// The programs that run in the job still.
fn left_in(started: &Started) -> Vec<ProgramName> {
    let mut left: Vec<ProgramName> = started.job.processes().into_iter().map(program).collect();
    // One that has ended meanwhile has no name any more.
    left.retain(|program| !program.as_str().is_empty() && !CONSOLE_HOSTS.contains(&program.as_str()));
    left
}

/// A stream that is read on a thread of its own until its end.
struct Reading {
    captured: Arc<Mutex<Captured>>,
    thread: JoinHandle<()>,
}

impl Reading {
    fn begin(mut pipe: PipeReader) -> PortResult<Self> {
        let captured = Arc::<Mutex<Captured>>::default();
        let kept = Arc::clone(&captured);
        // Ends when every end for writing is closed: with the job, or when its reading is cancelled.
        let thread = std::thread::Builder::new().name("shell-output".to_owned()).spawn(move || {
            let mut piece = vec![0; PIECE];
            while let Ok(length) = pipe.read(&mut piece) {
                if length == 0 {
                    return;
                }
                let bytes = piece.get(..length).unwrap_or_default();
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
            }
        });
        Ok(Self { captured, thread: thread.map_err(system("CreateThread"))? })
    }

    /// What was read, and whether the end had not come by the deadline.
    fn end(self, until: Deadline) -> (Captured, bool) {
        while !self.thread.is_finished() && !until.passed() {
            std::thread::sleep(until.slice(LOOK).remaining());
        }
        let held_open = !self.thread.is_finished();
        if held_open {
            // SAFETY: the thread's handle is open as long as `self.thread` is. One that is between two reads ends with the pipe.
            let _ = unsafe { CancelSynchronousIo(HANDLE(self.thread.as_raw_handle())) };
        }
        (self.captured.lock().unwrap_or_else(PoisonError::into_inner).clone(), held_open)
    }
}

#[cfg(test)]
mod tests;
