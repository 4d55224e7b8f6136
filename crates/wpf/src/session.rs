//! One session with the inspector in one application: requests by number, several at once, and the events that come meanwhile.
//! A request that is not answered costs itself alone. What is asked and why is not known here; that its gates are open is asked
//! here last, before anything goes out.

use crate::channel::{Channel, ChannelFault};
use crate::connect::Way;
use crate::fault::CallFault;
use crate::home::Homes;
use crate::kinds::OwnTypes;
use crate::memory::Memory;
use crate::names::ElementNames;
use portcullis_model::{Cancel, CancelReason, Deadline, ProcessId, RunningProgram};
use portcullis_platform::HeldApplication;
use portcullis_wpf_protocol::{
    ALIVE_EVERY_MS, Blob, ByeParams, Capabilities, Credit, ErrorCode, Event, FRAME_CAP, Frame, FrameDecoder, FrameKind,
    HelloResult, IN_FLIGHT_CAP, Pace, Primitive, RenderParams, Request, Response, SILENCE_CAP_MS,
};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Events of a session that are kept for those who wait for one; of more the oldest go.
pub const EVENT_CAP: usize = 4_096;
/// Events that may come in a second. An inspector that sends more is no inspector of ours.
const EVENTS_A_SECOND: u32 = 20_000;
/// How long the reader waits for bytes before it looks whether the other side is alive.
const LOOK: Duration = Duration::from_millis(200);
/// How long a caller waits between two looks at whether its call was withdrawn.
const CALLER_LOOK: Duration = Duration::from_millis(15);
/// How long an answer to a withdrawal is waited for.
const WITHDRAWN_WAIT: Duration = Duration::from_millis(250);
/// How long a goodbye may take.
const BYE_WAIT: Duration = Duration::from_millis(1_000);
/// Bytes of a blob.
#[expect(clippy::as_conversions, reason = "four bytes for each pixel of a cap that is far below what a usize holds")]
const BLOB_CAP: usize = RenderParams::PIXEL_CAP as usize * 4;

/// How a wait for an event ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Waited<T> {
    /// It came.
    Met(T),
    /// It did not come in time.
    Late,
}

/// What a request comes to.
enum Terminal {
    Answer(Response, Vec<u8>),
    Lost,
}

struct Pending {
    sender: SyncSender<Terminal>,
    /// The response whose blob is coming, and what of it is there.
    blob: Option<(Response, Vec<u8>, usize, u32)>,
}

#[derive(Default)]
struct Ring {
    events: VecDeque<Event>,
    second: Option<Instant>,
    in_second: u32,
}

pub(crate) struct Shared {
    channel: Channel,
    pending: Mutex<HashMap<u64, Pending>>,
    ring: Mutex<Ring>,
    arrived: Condvar,
    /// Why the session is over.
    ended: Mutex<Option<&'static str>>,
    next: AtomicU64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Begins to read a channel on which both sides have proved themselves. `frames` holds what came with the last proof.
    pub(crate) fn start(channel: Channel, frames: FrameDecoder) -> std::io::Result<Arc<Self>> {
        let shared = Arc::new(Self {
            channel,
            pending: Mutex::default(),
            ring: Mutex::default(),
            arrived: Condvar::new(),
            ended: Mutex::default(),
            next: AtomicU64::new(1),
        });
        let reader = Arc::clone(&shared);
        thread::Builder::new().name("wpf-session".to_owned()).stack_size(256 * 1024).spawn(move || {
            let why = reader.read(frames);
            reader.end(why);
        })?;
        Ok(shared)
    }

    /// Reads until the session is over, and says why.
    fn read(&self, mut frames: FrameDecoder) -> &'static str {
        let (mut heard, mut said) = (Instant::now(), Instant::now());
        let every = Duration::from_millis(ALIVE_EVERY_MS.into());
        loop {
            loop {
                match frames.next_frame() {
                    Ok(None) => break,
                    Ok(Some(frame)) => {
                        if let Err(why) = self.take(frame) {
                            return why;
                        }
                    }
                    Err(_) => return "what came is no frame",
                }
            }
            if lock(&self.ended).is_some() {
                return "it was ended here";
            }
            match self.channel.receive(&mut frames, LOOK) {
                Ok(true) => heard = Instant::now(),
                Ok(false) => {}
                Err(ChannelFault::Ended) => return "the application closed it",
                Err(_) => return "the channel broke",
            }
            if heard.elapsed() > Duration::from_millis(SILENCE_CAP_MS.into()) {
                return "the inspector fell silent";
            }
            if said.elapsed() > every {
                said = Instant::now();
                if self.channel.send(FrameKind::Alive, &[]).is_err() {
                    return "the channel broke";
                }
            }
        }
    }

    /// Takes a frame in; an inspector that sends what it may not is not listened to any more.
    fn take(&self, frame: Frame) -> Result<(), &'static str> {
        match frame.kind {
            FrameKind::Alive => Ok(()),
            FrameKind::Response => {
                let response: Response = serde_json::from_slice(&frame.body).map_err(|_| "what came is no response")?;
                self.take_response(response)
            }
            FrameKind::Blob => {
                let blob = Blob::read(&frame.body).map_err(|_| "what came is no part of a blob")?;
                self.take_blob(blob)
            }
            FrameKind::Event => {
                let event: Event = serde_json::from_slice(&frame.body).map_err(|_| "what came is no event")?;
                self.take_event(event)
            }
            FrameKind::Request | FrameKind::Cancel | FrameKind::Credit | FrameKind::Proof => {
                Err("it sent what a server sends")
            }
        }
    }

    fn take_response(&self, response: Response) -> Result<(), &'static str> {
        let mut pending = lock(&self.pending);
        // One that nobody waits for any more was given up here; its answer came late.
        let Some(waiting) = pending.get_mut(&response.id) else { return Ok(()) };
        match response.blob.map(usize::try_from) {
            Some(Ok(length)) if length > 0 && length <= BLOB_CAP && waiting.blob.is_none() => {
                waiting.blob = Some((response, Vec::new(), length, 0));
                Ok(())
            }
            Some(Ok(0)) | None => {
                if let Some(waiting) = pending.remove(&response.id) {
                    // The caller may have gone away at this very moment.
                    waiting.sender.try_send(Terminal::Answer(response, Vec::new())).ok();
                }
                Ok(())
            }
            Some(_) => Err("it announced more than it may send"),
        }
    }

    fn take_blob(&self, part: Blob) -> Result<(), &'static str> {
        let mut pending = lock(&self.pending);
        let Some(waiting) = pending.get_mut(&part.request) else { return Ok(()) };
        let Some((_, bytes, length, parts)) = &mut waiting.blob else { return Err("it sent a blob unannounced") };
        if part.part != *parts || bytes.len() + part.bytes.len() > *length {
            return Err("it sent a blob that is not the one announced");
        }
        *parts = parts.saturating_add(1);
        bytes.extend_from_slice(&part.bytes);
        let (is_whole, count) = (bytes.len() == *length, part.bytes.len());
        if part.last != is_whole {
            return Err("it sent a blob that is not the one announced");
        }
        if is_whole {
            if let Some(Pending { sender, blob: Some((response, bytes, ..)) }) = pending.remove(&part.request) {
                sender.try_send(Terminal::Answer(response, bytes)).ok();
            }
            return Ok(());
        }
        drop(pending);
        let credit = Credit { request: part.request, bytes: u32::try_from(count).unwrap_or(u32::MAX) };
        self.channel.send(FrameKind::Credit, &credit.write()).map_err(|_| "the channel broke")
    }

    fn take_event(&self, event: Event) -> Result<(), &'static str> {
        let mut ring = lock(&self.ring);
        let now = Instant::now();
        if ring.second.is_none_or(|since| now.duration_since(since) > Duration::from_secs(1)) {
            ring.second = Some(now);
            ring.in_second = 0;
        }
        ring.in_second = ring.in_second.saturating_add(1);
        if ring.in_second > EVENTS_A_SECOND {
            return Err("it floods the channel with events");
        }
        if ring.events.len() >= EVENT_CAP {
            ring.events.pop_front();
        }
        ring.events.push_back(event);
        drop(ring);
        self.arrived.notify_all();
        Ok(())
    }

    /// Ends the session: every caller is told.
    fn end(&self, why: &'static str) {
        lock(&self.ended).get_or_insert(why);
        self.channel.close();
        for (_, waiting) in lock(&self.pending).drain() {
            waiting.sender.try_send(Terminal::Lost).ok();
        }
        // Whoever waits for an event holds the ring until it sleeps, so that it cannot miss this.
        drop(lock(&self.ring));
        self.arrived.notify_all();
    }

    fn lost(&self) -> Result<(), CallFault> {
        lock(&self.ended).map_or(Ok(()), |why| Err(CallFault::Lost(why)))
    }

    /// Asks, and waits for the answer.
    pub(crate) fn ask<P: Primitive>(
        &self,
        open: Capabilities,
        params: &P,
        pace: Pace,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> Result<(P::Result, Vec<u8>), CallFault> {
        let needed = params.needs();
        if !open.holds(needed) {
            return Err(CallFault::Shut(open.lacks(needed)));
        }
        self.lost()?;
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let params = serde_json::to_value(params).map_err(|_| CallFault::TooLarge)?;
        let deadline_ms = u32::try_from(deadline.remaining().as_millis()).unwrap_or(u32::MAX);
        let request = Request { id, method: P::METHOD.to_owned(), deadline_ms, pace, params };
        let body = serde_json::to_vec(&request).map_err(|_| CallFault::TooLarge)?;
        if body.len() > FRAME_CAP {
            return Err(CallFault::TooLarge);
        }
        let (sender, receiver) = sync_channel(1);
        {
            let mut pending = lock(&self.pending);
            if pending.len() >= IN_FLIGHT_CAP {
                return Err(CallFault::Full);
            }
            pending.insert(id, Pending { sender, blob: None });
        }
        let _leave = Leave { shared: self, id };
        if self.channel.send(FrameKind::Request, &body).is_err() {
            self.end("the channel broke");
            return Err(CallFault::Lost("the channel broke"));
        }
        let (response, blob) = self.wait(id, &receiver, deadline, cancel)?;
        match (response.result, response.error) {
            (Some(result), None) => {
                let result = serde_json::from_value(result).map_err(|_| CallFault::NoAnswer("it has other fields"))?;
                Ok((result, blob))
            }
            (None, Some(error)) => Err(CallFault::Wire(error)),
            _ => Err(CallFault::NoAnswer("it is neither a result nor an error")),
        }
    }

    fn wait(
        &self,
        id: u64,
        receiver: &Receiver<Terminal>,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> Result<(Response, Vec<u8>), CallFault> {
        let lost = || CallFault::Lost(lock(&self.ended).unwrap_or("the channel broke"));
        let given_up = loop {
            match receiver.recv_timeout(CALLER_LOOK) {
                Ok(Terminal::Answer(response, blob)) => return Ok((response, blob)),
                Ok(Terminal::Lost) | Err(RecvTimeoutError::Disconnected) => return Err(lost()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Err(interrupted) = cancel.check() {
                break CallFault::Interrupted(interrupted);
            }
            if deadline.passed() {
                break CallFault::Late;
            }
        };
        self.channel.send(FrameKind::Cancel, &id.to_le_bytes()).ok();
        match receiver.recv_timeout(WITHDRAWN_WAIT) {
            // What was done is told, though it was not wanted any more.
            Ok(Terminal::Answer(response, blob)) => match &response.error {
                Some(error) if error.code == ErrorCode::Cancelled => Err(given_up),
                Some(error) if error.code == ErrorCode::Busy => Err(CallFault::Wire(error.clone())),
                _ => Ok((response, blob)),
            },
            Ok(Terminal::Lost) | Err(RecvTimeoutError::Disconnected) => Err(lost()),
            Err(RecvTimeoutError::Timeout) => Err(given_up),
        }
    }
}

/// Takes a request off the table, however its caller leaves.
struct Leave<'all> {
    shared: &'all Shared,
    id: u64,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        lock(&self.shared.pending).remove(&self.id);
    }
}

/// A session with one application, of one caller.
pub struct Session {
    pub(crate) shared: Arc<Shared>,
    pub(crate) held: Box<dyn HeldApplication>,
    pub(crate) program: RunningProgram,
    pub(crate) capabilities: Capabilities,
    pub(crate) hello: HelloResult,
    pub(crate) way: Way,
    pub(crate) began: Instant,
    pub(crate) number: u64,
    pub(crate) names: Mutex<ElementNames>,
    pub(crate) homes: Mutex<Homes>,
    pub(crate) own_types: Mutex<OwnTypes>,
    pub(crate) memory: Mutex<Memory>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("process", &self.process()).finish_non_exhaustive()
    }
}

impl Session {
    /// The application's process.
    pub fn process(&self) -> ProcessId {
        self.held.process()
    }

    /// What the rules are asked of.
    pub fn program(&self) -> &RunningProgram {
        &self.program
    }

    /// The application, held.
    pub fn application(&self) -> &dyn HeldApplication {
        self.held.as_ref()
    }

    /// The gates that were open to the caller when the session began. None opens later.
    pub fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    /// What the inspector said of itself.
    pub fn hello(&self) -> &HelloResult {
        &self.hello
    }

    /// How the inspector came in.
    pub fn way(&self) -> Way {
        self.way
    }

    /// When the session began.
    pub fn began(&self) -> Instant {
        self.began
    }

    /// Its number, which no other session of this server has or had.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// In which of the system's windows its elements lie.
    pub(crate) fn homes(&self) -> MutexGuard<'_, Homes> {
        lock(&self.homes)
    }

    /// What the application's own types are.
    pub(crate) fn own_types(&self) -> MutexGuard<'_, OwnTypes> {
        lock(&self.own_types)
    }

    /// The names of its elements.
    pub fn names(&self) -> MutexGuard<'_, ElementNames> {
        lock(&self.names)
    }

    /// What its tools remember from one call to the next.
    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        lock(&self.memory)
    }

    /// Whether it goes on.
    pub fn is_alive(&self) -> bool {
        lock(&self.shared.ended).is_none() && self.held.is_alive()
    }

    /// Asks the inspector. `open` are the gates that this call's permit goes through; what the session does not have is not
    /// asked either.
    pub fn call<P: Primitive>(
        &self,
        open: Capabilities,
        params: &P,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> Result<P::Result, CallFault> {
        self.paced(open, params, Pace::Normal, deadline, cancel).map(|(result, _)| result)
    }

    /// The same, with the bytes that come besides, and once bindings and layout have settled where `pace` says so.
    pub fn paced<P: Primitive>(
        &self,
        open: Capabilities,
        params: &P,
        pace: Pace,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> Result<(P::Result, Vec<u8>), CallFault> {
        let needed = params.needs();
        if !self.capabilities.holds(needed) {
            return Err(CallFault::Shut(self.capabilities.lacks(needed)));
        }
        self.shared.ask(open, params, pace, deadline, cancel)
    }

    /// The number of the last event that came; 0 for none.
    pub fn last_event(&self) -> u64 {
        lock(&self.shared.ring).events.back().map_or(0, |event| event.seq)
    }

    /// Waits until `look` finds something in an event after the number `after`; each event is looked at once.
    pub fn wait_event<T>(
        &self,
        after: u64,
        deadline: Deadline,
        cancel: &Cancel,
        mut look: impl FnMut(&Event) -> Option<T>,
    ) -> Result<Waited<T>, CallFault> {
        let mut seen = after;
        let mut ring = lock(&self.shared.ring);
        loop {
            let found = ring.events.iter().filter(|event| event.seq > seen).find_map(&mut look);
            if let Some(found) = found {
                return Ok(Waited::Met(found));
            }
            seen = ring.events.back().map_or(seen, |event| event.seq.max(seen));
            self.shared.lost()?;
            cancel.check()?;
            let left = deadline.remaining();
            if left.is_zero() {
                return Ok(Waited::Late);
            }
            let waited = self.shared.arrived.wait_timeout(ring, left.min(CALLER_LOOK));
            ring = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Ends it: the inspector takes all its hooks out first, when its threads answer.
    pub fn close(&self) {
        let never = Cancel::new();
        let deadline = Deadline::after(BYE_WAIT);
        self.shared.ask(Capabilities::NONE, &ByeParams {}, Pace::Normal, deadline, &never).ok();
        self.shared.end("it was ended here");
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The inspector takes its hooks out when the pipe is gone.
        self.shared.end("it was ended here");
    }
}

/// The reason for which a wait of the beginning is broken off.
pub(crate) const BROKEN_OFF: CancelReason = CancelReason::Client;
