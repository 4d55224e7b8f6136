//! Loading the inspector by a process of our own: it is given one request on its standard input and answers on its standard
//! output, so that whatever goes wrong in it costs the server nothing. How loading is done is the loader's.
#![cfg(windows)]

use portcullis_model::{Cancel, CancelReason, Deadline, Effect, LoadStage, Resource, RunningProgram, WpfGate};
use portcullis_platform::{HeldApplication, LoadFault, LoaderPort, Permit, PortResult};
use portcullis_platform_windows::own_folder;
use portcullis_wpf_loader::{LoadAnswer, LoadRequest};
use std::io::{Read, Write};
use std::os::windows::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// `DETACHED_PROCESS` of CreateProcessW: for a console, even one without a window, Windows would start another program.
const DETACHED: u32 = 0x0000_0008;
/// Bytes of an answer.
const ANSWER_CAP: u64 = 4 * 1024;
/// How long one look at a withdrawn call lasts.
const LOOK: Duration = Duration::from_millis(10);

/// Loads by `portcullis worker wpf-load`.
pub(crate) struct ExeLoader;

fn internal(code: u32) -> LoadFault {
    LoadFault { stage: LoadStage::Internal, code }
}

impl LoaderPort for ExeLoader {
    fn ready(&self) -> Result<(), LoadFault> {
        if portcullis_wpf_loader::is_here() { Ok(()) } else { Err(LoadFault { stage: LoadStage::NoPayload, code: 0 }) }
    }

    fn load(
        &self,
        permit: &Permit,
        application: &dyn HeldApplication,
        program: &RunningProgram,
        block: &str,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<()> {
        let process = application.process();
        let through = vec![WpfGate::Injection];
        let target = Resource::WpfTarget { process, program: program.clone(), load: true, through };
        permit.require(Effect::LoadInspector, &target)?;
        self.ready()?;
        let request = LoadRequest {
            process: process.number,
            started: process.started,
            folder: own_folder().ok_or(LoadFault { stage: LoadStage::Payload, code: 0 })?,
            block: block.to_owned(),
            limit_ms: u32::try_from(deadline.remaining().as_millis()).unwrap_or(u32::MAX),
        };
        let mut worker = Worker(start(&request)?);
        let answer = worker.answer(deadline, cancel)?;
        match answer.failed {
            None => Ok(()),
            Some(stage) => Err(LoadFault { stage, code: answer.code }.into()),
        }
    }
}

/// A process that is ended when nobody waits for it any more.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        // One that has ended is no fault.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Worker {
    fn answer(&mut self, deadline: Deadline, cancel: &Cancel) -> PortResult<LoadAnswer> {
        let out = self.0.stdout.take().ok_or(internal(0))?;
        let (send, answer) = mpsc::channel();
        let reader = thread::Builder::new().name("wpf-load".to_owned()).spawn(move || {
            let mut text = Vec::new();
            let read = out.take(ANSWER_CAP).read_to_end(&mut text).map(|_| text);
            // Nobody may wait for it any more.
            send.send(read).ok();
        });
        reader.map_err(|_| internal(0))?;
        loop {
            match answer.recv_timeout(deadline.slice(LOOK).remaining()) {
                Ok(read) => {
                    let text = read.map_err(|_| internal(0))?;
                    return Ok(serde_json::from_slice(&text).map_err(|_| internal(1))?);
                }
                Err(RecvTimeoutError::Disconnected) => return Err(internal(0).into()),
                Err(RecvTimeoutError::Timeout) if deadline.passed() => return Err(CancelReason::Deadline.into()),
                Err(RecvTimeoutError::Timeout) => cancel.check()?,
            }
        }
    }
}

fn start(request: &LoadRequest) -> Result<Child, LoadFault> {
    let exe = std::env::current_exe().map_err(|_| internal(0))?;
    let mut child = Command::new(exe)
        .args(["worker", "wpf-load"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .creation_flags(DETACHED)
        .spawn()
        .map_err(|_| internal(0))?;
    let text = serde_json::to_vec(request).map_err(|_| internal(0))?;
    let mut input = child.stdin.take().ok_or(internal(0))?;
    input.write_all(&text).map_err(|_| internal(0))?;
    Ok(child)
}
