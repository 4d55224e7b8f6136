//! One worker process, and two threads that hand questions and answers on. When to start and when to kill is decided in
//! `pool.rs`.

use super::protocol::{self, Answer};
use crate::start::OwnWorker;
use portcullis_platform::{PortFault, PortResult};
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// The hidden subcommand.
const SUBCOMMAND: [&str; 2] = ["worker", "automation"];
/// Answers that wait to be fetched. One question is under way at a time, so more than two are a defect.
const ANSWER_CAP: usize = 2;
/// Questions that wait to be written. One is under way at a time.
const QUESTION_CAP: usize = 1;

/// A worker and the way to it. Dropping it kills the process.
#[derive(Debug)]
pub(super) struct Worker {
    own: OwnWorker,
    requests: SyncSender<Vec<u8>>,
    pub(super) answers: Receiver<Answer>,
}

impl Worker {
    /// Has one question's frame sent, without waiting until the worker has read it. `false` when it reads nothing any more.
    pub(super) fn send(&self, frame: Vec<u8>) -> bool {
        self.requests.try_send(frame).is_ok()
    }

    /// Whether its process still runs.
    pub(super) fn is_alive(&self) -> bool {
        self.own.is_alive()
    }
}

fn trouble(error: &io::Error) -> PortFault {
    PortFault::Unsupported(format!("the UI Automation worker does not start ({})", error.kind()))
}

/// Starts a worker of our own exe.
pub(super) fn start() -> PortResult<Worker> {
    let mut own = OwnWorker::start(&SUBCOMMAND)?;
    let (input, output) = (own.input.take(), own.output.take());
    let (requests, frames) = sync_channel::<Vec<u8>>(QUESTION_CAP);
    let (to, answers) = sync_channel(ANSWER_CAP);
    let worker = Worker { own, requests, answers };
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
