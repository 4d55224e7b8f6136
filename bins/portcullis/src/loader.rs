//! Loading the inspector by a process of our own: it is given one request on its standard input and answers on its standard
//! output, so that whatever goes wrong in it costs the server nothing. How loading is done is the loader's.
#![cfg(windows)]

use portcullis_model::{Cancel, CancelReason, Deadline, Effect, LoadStage, Resource, RunningProgram, WpfGate};
use portcullis_platform::{HeldApplication, LoadFault, LoaderPort, Permit, PortResult};
use portcullis_platform_windows::{OwnWorker, own_folder};
use portcullis_wpf_loader::{LoadAnswer, LoadRequest};
use std::io::{BufRead, BufReader, Read, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// The hidden subcommand.
const SUBCOMMAND: [&str; 2] = ["worker", "wpf-load"];
/// Bytes of an answer.
const ANSWER_CAP: u64 = 4 * 1024;
/// How long one look at a withdrawn call lasts.
const LOOK: Duration = Duration::from_millis(10);
/// How long after a load the process for the next one is started: what was gone into has its first answers to give till then.
const PREPARE_AFTER: Duration = Duration::from_millis(500);

/// Loads by `portcullis worker wpf-load`.
#[derive(Default)]
pub(crate) struct ExeLoader {
    /// One that waits for a request. Whoever has gone into one application often goes into another, and to start the process is
    /// a good part of what loading takes.
    spare: Arc<Mutex<Option<OwnWorker>>>,
}

impl ExeLoader {
    fn worker(&self) -> PortResult<OwnWorker> {
        let spare = lock(&self.spare).take();
        spare.filter(OwnWorker::is_alive).map_or_else(|| OwnWorker::start(&SUBCOMMAND), Ok)
    }

    /// Starts a process for the next load, soon. Where that fails the next load starts its own.
    fn prepare(&self) {
        let spare = Arc::clone(&self.spare);
        let start = move || {
            thread::sleep(PREPARE_AFTER);
            let mut spare = lock(&spare);
            if spare.is_none() {
                *spare = OwnWorker::start(&SUBCOMMAND).ok();
            }
        };
        thread::Builder::new().name("wpf-prepare".to_owned()).spawn(start).ok();
    }
}

fn lock(spare: &Mutex<Option<OwnWorker>>) -> MutexGuard<'_, Option<OwnWorker>> {
    // There is one or there is none at every moment.
    spare.lock().unwrap_or_else(PoisonError::into_inner)
}

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
        let mut worker = self.worker()?;
        ask(&mut worker, &request)?;
        let answer = answer(&mut worker, deadline, cancel)?;
        match answer.failed {
            None => {
                self.prepare();
                Ok(())
            }
            Some(stage) => Err(LoadFault { stage, code: answer.code }.into()),
        }
    }
}

/// Gives it its request, which is the whole of its input.
fn ask(worker: &mut OwnWorker, request: &LoadRequest) -> Result<(), LoadFault> {
    let text = serde_json::to_vec(request).map_err(|_| internal(0))?;
    let mut input = worker.input.take().ok_or(internal(0))?;
    input.write_all(&text).map_err(|_| internal(0))
}

fn answer(worker: &mut OwnWorker, deadline: Deadline, cancel: &Cancel) -> PortResult<LoadAnswer> {
    let out = worker.output.take().ok_or(internal(0))?;
    let (send, answer) = mpsc::channel();
    let reader = thread::Builder::new().name("wpf-load".to_owned()).spawn(move || {
        // A line, so that the end of its process is not waited for.
        let mut text = Vec::new();
        let read = BufReader::new(out.take(ANSWER_CAP)).read_until(b'\n', &mut text).map(|_| text);
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
