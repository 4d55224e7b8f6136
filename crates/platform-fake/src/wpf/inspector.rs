//! One session of the inspector in memory: proofs, frames, and which primitive answers. It holds to the protocol as the real
//! one does, or breaks it in the one way that a test asked for.

use super::line::{Gone, Line};
use super::lock;
use super::model::FakeModel;
use super::pipe::End;
use super::types::{Types, error};
use super::{Hostile, OWN};
use portcullis_model::ProcessId;
use portcullis_platform::PipeEnd;
use portcullis_wpf_protocol::*;
use ring::hmac;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How long the line is looked at before the model is.
const LOOK: Duration = Duration::from_millis(3);
/// How long the server may take for its proofs.
const PROOF_WAIT: Duration = Duration::from_secs(5);
/// Events of a session that are kept.
const RING_CAP: usize = 4_096;

/// A subscription.
pub(super) struct Subscription {
    pub(super) id: u64,
    pub(super) params: SubscribeParams,
    pub(super) handle: Option<u64>,
}

/// What a token keeps.
#[derive(Clone)]
pub(super) enum Kept {
    Property(u64, String, super::FakeProperty),
    Member(u64, String, Val),
    Focus(Option<u64>),
}

/// What an inspector knows in one session.
pub(super) struct Inspector<'app> {
    pub(super) model: &'app Mutex<FakeModel>,
    pub(super) types: Types,
    pub(super) subscriptions: Vec<Subscription>,
    pub(super) tokens: BTreeMap<u64, Kept>,
    pub(super) events: Vec<Event>,
    pub(super) dropped: u32,
    pub(super) given: u64,
    pub(super) marks: u32,
    /// Subscriptions that there were.
    pub(super) subscribed: u64,
    process: ProcessId,
    open: Capabilities,
    sequence: u64,
    seen: usize,
    hostile: Option<Hostile>,
}

/// What a primitive gives: its answer, and bytes besides.
type Given = Result<(Value, Vec<u8>), WireError>;

/// Connects back and answers until the server is gone.
pub(super) fn run(
    end: End,
    block: &ParameterBlock,
    process: ProcessId,
    hostile: Option<Hostile>,
    model: &Mutex<FakeModel>,
) {
    let closing = end.clone();
    serve(end, block, process, hostile, model).ok();
    closing.close();
}

fn serve(
    end: End,
    block: &ParameterBlock,
    process: ProcessId,
    hostile: Option<Hostile>,
    model: &Mutex<FakeModel>,
) -> Result<(), Gone> {
    if hostile == Some(Hostile::NoTls) {
        return end.write(b"hello, I am the inspector", PROOF_WAIT).map_err(|_| Gone);
    }
    let server = end.peer().map_err(|_| Gone)?;
    if server.number != block.server.process || server != OWN {
        return Err(Gone);
    }
    let mut line = Line::secure(end, block.certificate)?;
    let first = proof_frame(&mut line)?;
    let (nonce, bits) = first.body.split_first_chunk::<NONCE_BYTES>().ok_or(Gone)?;
    let bits = u32::from_le_bytes(bits.try_into().map_err(|_| Gone)?);
    let open = Capabilities::from_bits(bits).ok_or(Gone)?;
    let own_nonce = [0x5A; NONCE_BYTES];
    let transcript = Transcript {
        pipe: &block.pipe,
        certificate: block.certificate,
        server: block.server,
        target: Peer { process: process.number, started: process.started },
        capabilities: open,
        server_nonce: *nonce,
        inspector_nonce: own_nonce,
    };
    let secret = if hostile == Some(Hostile::WrongProof) { [9; SECRET_BYTES] } else { block.secret };
    let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
    let speaker = if hostile == Some(Hostile::Reflects) { Speaker::Server } else { Speaker::Inspector };
    let own = hmac::sign(&key, &transcript.bytes(speaker));
    line.send(FrameKind::Proof, &[own_nonce.as_slice(), own.as_ref()].concat())?;
    let last = proof_frame(&mut line)?;
    hmac::verify(&key, &transcript.bytes(Speaker::Server), &last.body).map_err(|_| Gone)?;
    let seen = lock(model).changes.len();
    let inspector = Inspector {
        model,
        types: Types::default(),
        subscriptions: Vec::new(),
        tokens: BTreeMap::new(),
        events: Vec::new(),
        dropped: 0,
        given: 0,
        marks: 0,
        subscribed: 0,
        process,
        open,
        sequence: 0,
        seen,
        hostile,
    };
    inspector.answer_all(line)
}

fn proof_frame(line: &mut Line) -> Result<Frame, Gone> {
    let limit = Instant::now() + PROOF_WAIT;
    while Instant::now() < limit {
        match line.next(Duration::from_millis(50))? {
            Some(frame) if frame.kind == FrameKind::Proof => return Ok(frame),
            Some(_) => return Err(Gone),
            None => {}
        }
    }
    Err(Gone)
}

fn respond(line: &mut Line, id: u64, given: Given) -> Result<(), Gone> {
    let (result, error, bytes) = match given {
        Ok((result, bytes)) => (Some(result), None, bytes),
        Err(error) => (None, Some(error), Vec::new()),
    };
    let blob = if bytes.is_empty() { None } else { u32::try_from(bytes.len()).ok() };
    let response = Response { id, result, error, blob };
    line.send(FrameKind::Response, &serde_json::to_vec(&response).map_err(|_| Gone)?)?;
    let count = bytes.len().div_ceil(BLOB_PART_CAP);
    for (part, bytes) in bytes.chunks(BLOB_PART_CAP).enumerate() {
        let last = part + 1 == count;
        let blob = Blob { request: id, part: u32::try_from(part).unwrap_or(u32::MAX), last, bytes: bytes.to_vec() };
        line.send(FrameKind::Blob, &blob.write())?;
    }
    Ok(())
}

impl Inspector<'_> {
    fn answer_all(mut self, mut line: Line) -> Result<(), Gone> {
        let mut stuck: Vec<Request> = Vec::new();
        let mut said = Instant::now();
        loop {
            if let Some(frame) = line.next(LOOK)? {
                match frame.kind {
                    FrameKind::Request => {
                        let request: Request = serde_json::from_slice(&frame.body).map_err(|_| Gone)?;
                        if self.hostile.is_some() && request.method != "hello" {
                            self.misbehave(&mut line, &request)?;
                            continue;
                        }
                        if !["hello", "health", "bye"].contains(&request.method.as_str()) {
                            let mut model = lock(self.model);
                            model.asked += 1;
                            if model.hung {
                                stuck.push(request);
                                continue;
                            }
                        }
                        self.take(&mut line, request)?;
                    }
                    FrameKind::Cancel => {
                        let id = frame.body.as_slice().try_into().map(u64::from_le_bytes).map_err(|_| Gone)?;
                        if let Some(at) = stuck.iter().position(|request| request.id == id) {
                            stuck.remove(at);
                            respond(&mut line, id, Err(error(ErrorCode::Cancelled, "it was taken back")))?;
                        }
                    }
                    _ => {}
                }
            }
            if !stuck.is_empty() && !lock(self.model).hung {
                for request in std::mem::take(&mut stuck) {
                    self.take(&mut line, request)?;
                }
            }
            self.push(&mut line)?;
            if said.elapsed() > Duration::from_millis(ALIVE_EVERY_MS.into()) {
                said = Instant::now();
                line.send(FrameKind::Alive, &[])?;
            }
        }
    }

    fn take(&mut self, line: &mut Line, request: Request) -> Result<(), Gone> {
        let ends = request.method == "bye";
        let given = self.dispatch(&request.method, request.params);
        respond(line, request.id, given)?;
        if ends {
            line.close();
            return Err(Gone);
        }
        Ok(())
    }

    fn misbehave(&mut self, line: &mut Line, request: &Request) -> Result<(), Gone> {
        match self.hostile {
            Some(Hostile::Floods) => loop {
                self.sequence += 1;
                let event = Event { seq: self.sequence, ..empty_event(EventKind::Frame) };
                line.send(FrameKind::Event, &serde_json::to_vec(&event).map_err(|_| Gone)?)?;
            },
            Some(Hostile::Oversized) => {
                let length = u32::try_from(FRAME_CAP + 1).map_err(|_| Gone)?;
                let header = [length.to_le_bytes().as_slice(), &[FrameKind::Response.byte()]].concat();
                line.send_raw(&header)
            }
            Some(Hostile::Malformed) => line.send(FrameKind::Response, b"{\"id\":"),
            Some(Hostile::OtherFields) => {
                respond(line, request.id, Ok((serde_json::json!({ "surprise": 1 }), Vec::new())))
            }
            Some(Hostile::LongBlob) => {
                let response = Response { id: request.id, result: Some(Value::Null), error: None, blob: Some(4) };
                line.send(FrameKind::Response, &serde_json::to_vec(&response).map_err(|_| Gone)?)?;
                let blob = Blob { request: request.id, part: 0, last: true, bytes: vec![0; 8] };
                line.send(FrameKind::Blob, &blob.write())
            }
            Some(Hostile::HugeBlob) => {
                let response =
                    Response { id: request.id, result: Some(Value::Null), error: None, blob: Some(u32::MAX) };
                line.send(FrameKind::Response, &serde_json::to_vec(&response).map_err(|_| Gone)?)
            }
            Some(Hostile::Leaves) => {
                line.close();
                Err(Gone)
            }
            _ => Ok(()),
        }
    }

    /// Sends what happened since, to those who subscribed.
    fn push(&mut self, line: &mut Line) -> Result<(), Gone> {
        self.collect();
        let sent = self.sequence;
        let new: Vec<Event> = self.events.iter().filter(|event| event.seq > self.given).cloned().collect();
        self.given = sent;
        for event in new {
            line.send(FrameKind::Event, &serde_json::to_vec(&event).map_err(|_| Gone)?)?;
        }
        Ok(())
    }

    /// Takes over what happened in the model since the last look.
    pub(super) fn collect(&mut self) {
        let model = lock(self.model);
        let changes = model.changes.get(self.seen..).unwrap_or_default().to_vec();
        self.seen = model.changes.len();
        for change in changes {
            let wants = |one: &&Subscription| {
                let names = &one.params.names;
                let named = names.is_empty() || names.iter().any(|name| name.eq_ignore_ascii_case(&change.name));
                let there = match change.kind {
                    EventKind::Binding | EventKind::Exception | EventKind::Frame => true,
                    EventKind::Routed => is_within(&model, change.handle, one.handle) || one.params.with_preview,
                    _ => one.handle == change.handle,
                };
                one.params.kind == change.kind && named && there
            };
            for subscription in self.subscriptions.iter().filter(wants) {
                self.sequence += 1;
                let element = change.handle.and_then(|handle| model.elements.get(&handle));
                self.events.push(Event {
                    seq: self.sequence,
                    subscription: subscription.id,
                    at: self.process.started.saturating_add(self.sequence),
                    handle: change.handle.map(Handle),
                    type_name: element.map(|element| element.ty.clone()),
                    element_name: element.and_then(|element| element.name.clone()),
                    name: Some(change.name.clone()),
                    value: change.value.clone(),
                    detail: change.detail.clone(),
                    flag: change.flag,
                    source_type: element.map(|element| element.ty.clone()),
                    ..empty_event(change.kind)
                });
            }
        }
        let over = self.events.len().saturating_sub(RING_CAP);
        self.events.drain(..over);
        self.dropped = self.dropped.saturating_add(u32::try_from(over).unwrap_or(u32::MAX));
    }

    fn dispatch(&mut self, method: &str, params: Value) -> Given {
        fn read<P: Primitive>(params: Value, open: Capabilities) -> Result<P, WireError> {
            let params: P = serde_json::from_value(params)
                .map_err(|bad| error(ErrorCode::BadRequest, &format!("no request: {bad}")))?;
            if open.holds(params.needs()) { Ok(params) } else { Err(error(ErrorCode::Denied, "the gates are shut")) }
        }
        fn written<R: serde::Serialize>(result: R) -> Given {
            let value = serde_json::to_value(result).map_err(|_| error(ErrorCode::Internal, "no answer"))?;
            Ok((value, Vec::new()))
        }
        let open = self.open;
        match method {
            "hello" => {
                read::<HelloParams>(params, open)?;
                written(self.hello())
            }
            "health" => {
                read::<HealthParams>(params, open)?;
                written(self.health())
            }
            "roots" => written(self.roots(&read(params, open)?, open)),
            "walk" => written(self.walk(&read(params, open)?)?),
            "props" => written(self.props(&read(params, open)?)),
            "facets" => written(self.facets(&read(params, open)?)),
            "bindings" => written(self.bindings(&read(params, open)?)?),
            "resource" => written(self.resource(&read(params, open)?)),
            "describe" => written(self.describe(&read(params, open)?)),
            "object" => written(self.object(&read(params, open)?)?),
            "capture" => written(self.capture(&read(params, open)?)),
            "write" => written(self.write(&read(params, open)?)),
            "act" => written(self.act(&read(params, open)?)?),
            "layout" => written(self.layout(&read(params, open)?)?),
            "render" => {
                let (result, bytes) = self.render(&read(params, open)?)?;
                Ok((written(result)?.0, bytes))
            }
            "adorn" => written(self.adorn(&read(params, open)?)?),
            "subscribe" => written(self.subscribe(read(params, open)?)?),
            "unsubscribe" => written(self.unsubscribe(&read(params, open)?)),
            "events" => written(self.kept_events(&read(params, open)?)),
            "diag" => written(self.diag(&read(params, open)?)),
            "bye" => {
                let removed = u32::try_from(self.subscriptions.len()).unwrap_or(u32::MAX);
                written(ByeResult { removed, left: 0 })
            }
            _ => Err(error(ErrorCode::UnknownMethod, "there is no such method")),
        }
    }

    fn hello(&self) -> HelloResult {
        let lies = self.hostile == Some(Hostile::LiesAboutItself);
        let other = self.hostile == Some(Hostile::OtherVersion);
        HelloResult {
            protocol: if other { None } else { Some(PROTOCOL_MAX) },
            protocol_min: if other { 700 } else { PROTOCOL_MIN },
            protocol_max: if other { 701 } else { PROTOCOL_MAX },
            build: "fake".to_owned(),
            process: if lies { 1 } else { self.process.number },
            started: self.process.started,
            architecture: "x64".to_owned(),
            runtime: ".NET Core 3.1.2".to_owned(),
            wpf: "4.8.0.0".to_owned(),
            has: InspectorHas { binding_diagnostics: false, handlers: true, drag_events: true, tree_changes: false },
            dispatchers: vec![DispatcherRow { id: 1, thread: 11, is_application: true }],
        }
    }

    fn health(&self) -> HealthResult {
        let answered_us = if lock(self.model).hung { None } else { Some(150) };
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        HealthResult {
            dispatchers: vec![DispatcherHealth { id: 1, answered_us, modal: false, ended: false }],
            handles: count(lock(self.model).elements.len()),
            tokens: count(self.tokens.len()),
            subscriptions: count(self.subscriptions.len()),
            hooks: count(self.subscriptions.len()),
            managed_bytes: 1_000_000,
        }
    }

    fn kept_events(&mut self, params: &EventsParams) -> EventsResult {
        self.collect();
        let fits = |event: &&Event| {
            let wanted = &params.subscriptions;
            event.seq > params.after && (wanted.is_empty() || wanted.contains(&event.subscription))
        };
        let all: Vec<Event> = self.events.iter().filter(fits).cloned().collect();
        let max = usize::try_from(params.max.min(EventsParams::CAP)).unwrap_or(usize::MAX);
        let more = u32::try_from(all.len().saturating_sub(max)).unwrap_or(u32::MAX);
        let events = all.into_iter().take(max).collect();
        EventsResult { events, dropped: self.dropped, more, types: self.types.rows() }
    }
}

/// Whether an element lies in another, or is it.
fn is_within(model: &FakeModel, handle: Option<u64>, above: Option<u64>) -> bool {
    let mut at = handle;
    while let Some(number) = at {
        if Some(number) == above {
            return true;
        }
        at = model.elements.get(&number).and_then(|element| element.parent);
    }
    false
}

fn empty_event(kind: EventKind) -> Event {
    Event {
        seq: 0,
        subscription: 0,
        kind,
        at: 0,
        handle: None,
        type_name: None,
        element_name: None,
        name: None,
        value: None,
        detail: None,
        flag: None,
        source_type: None,
        op: None,
        frame_ms: None,
    }
}
