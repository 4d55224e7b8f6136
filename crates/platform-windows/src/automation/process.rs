//! One worker process: our own exe with a hidden subcommand, its two pipes, and the job that ends it with us. When to
//! start and when to kill is decided in `pool.rs`.

use super::protocol::{self, Answer};
use crate::job::Job;
use portcullis_platform::{PortFault, PortResult};
use std::io::{self, Write};
use std::os::windows::io::AsRawHandle;
use std::os::windows::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use windows::Win32::Foundation::HANDLE;
use windows::Win32::System::Threading::DETACHED_PROCESS;

/// The hidden subcommand.
const SUBCOMMAND: [&str; 2] = ["worker", "automation"];
/// Answers that wait to be fetched. One question is under way at a time, so more than two are a defect.
const ANSWER_CAP: usize = 2;
/// Questions that wait to be written. One is under way at a time.
const QUESTION_CAP: usize = 1;

/// A worker and the way to it. Dropping it kills the process.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    requests: SyncSender<Vec<u8>>,
    pub(super) answers: Receiver<Answer>,
}

impl Worker {
    /// Has one question's frame sent, without waiting until the worker has read it. `false` when it reads nothing any more.
    pub(super) fn send(&self, frame: Vec<u8>) -> bool {
        self.requests.try_send(frame).is_ok()
    }

    /// Whether its process still runs.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may hang inside a call of COM, so it is terminated and not asked to end. It may have ended already.
        let _ = self.child.kill();
        // Reaps the handle; the process was just terminated, so this does not wait.
        let _ = self.child.try_wait();
    }
}

/// The job that every worker belongs to: it ends them when the server's process ends, however that ends.
fn job() -> Option<&'static Job> {
    static JOB: OnceLock<Option<Job>> = OnceLock::new();
    JOB.get_or_init(|| Job::new().ok()).as_ref()
}

fn trouble(error: &io::Error) -> PortFault {
    PortFault::Unsupported(format!("the UI Automation worker does not start ({})", error.kind()))
}

/// Starts a worker of our own exe.
pub(super) fn start() -> PortResult<Worker> {
    let exe = std::env::current_exe().map_err(|error| trouble(&error))?;
    let mut child = Command::new(exe)
        .args(SUBCOMMAND)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        // It has pipes; for a console, even one without a window, Windows would start another program.
        .creation_flags(DETACHED_PROCESS.0)
        .spawn()
        .map_err(|error| trouble(&error))?;
    if let Some(job) = job() {
        // Where a job cannot be had, the end of its input still ends the worker.
        let _ = job.assign(HANDLE(child.as_raw_handle()));
    }
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let (requests, frames) = sync_channel::<Vec<u8>>(QUESTION_CAP);
    let (to, answers) = sync_channel(ANSWER_CAP);
    let worker = Worker { child, requests, answers };
    let (Some(mut input), Some(mut output)) = (input, output) else {
        return Err(PortFault::Unsupported("the worker has no pipes".to_owned()));
    };
    // A pipe takes no more than its buffer from a worker that does not read, so writing is not done by whoever asks. Ends
    // with the value, which closes the pipe, or with the process, whose end of the pipe closes then.
    std::thread::Builder::new()
        .name("automation-questions".to_owned())
        .spawn(move || {
            while let Ok(frame) = frames.recv() {
                if input.write_all(&frame).and_then(|()| input.flush()).is_err() {
                    return;
                }
            }
        })
        .map_err(|error| trouble(&error))?;
    // Ends with the process, whose end of the pipe closes then, or when nobody waits for its answers any more.
    std::thread::Builder::new()
        .name("automation-answers".to_owned())
        .spawn(move || {
            while let Ok(Some(answer)) = protocol::read::<Answer>(&mut output) {
                if to.send(answer).is_err() {
                    return;
                }
            }
        })
        .map_err(|error| trouble(&error))?;
    Ok(worker)
}
