//! How a session begins: a pipe of our own, the inspector loaded with its name or called by it, the system's word on who came, TLS, both proofs,
//! and the greeting. Nothing that depends on a secret is sent before the system has said who is there.

use crate::certificate::Endpoint;
use crate::channel::{Channel, ChannelFault};
use crate::fault::ConnectFault;
use crate::proof::{Secret, random};
use crate::rendezvous;
use crate::session::{BROKEN_OFF, Session, Shared};
use portcullis_model::{Cancel, Deadline, ProcessId, RunningProgram};
use portcullis_platform::{HeldApplication, InspectorPipe, LoaderPort, Permit, PipeEnd, PortFault, WpfPort};
use portcullis_wpf_protocol::{
    Capabilities, Frame, FrameDecoder, FrameKind, HANDSHAKE_CAP_MS, HelloParams, HelloResult, NONCE_BYTES,
    PROTOCOL_MAX, PROTOCOL_MIN, Pace, ParameterBlock, Peer, Speaker, Transcript,
};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// The number of the next session: each is given once, so that no element of one is ever taken for another's.
static SESSIONS: AtomicU64 = AtomicU64::new(1);

/// How the inspector came into the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// It was loaded.
    Loaded,
    /// The application took it in by itself, and called back.
    SdkHosted,
}

/// What a session begins with.
pub struct ConnectPlan<'call> {
    /// The machine's applications.
    pub applications: &'call dyn WpfPort,
    /// What loads the inspector.
    pub loader: &'call dyn LoaderPort,
    /// The right to load it there.
    pub permit: &'call Permit,
    /// The application, held.
    pub application: Box<dyn HeldApplication>,
    /// What the rules were asked of.
    pub program: RunningProgram,
    /// How the inspector comes in.
    pub way: Way,
    /// The gates that are open to the caller.
    pub capabilities: Capabilities,
    /// This server's build.
    pub build: &'static str,
}

/// How long the proofs may take, from when the inspector has come.
fn for_proofs(deadline: Deadline) -> Deadline {
    deadline.slice(Duration::from_millis(HANDSHAKE_CAP_MS.into()))
}

pub(crate) fn peer(process: ProcessId) -> Peer {
    Peer { process: process.number, started: process.started }
}

/// Has the inspector come in and begins a session with it.
pub fn connect(plan: ConnectPlan<'_>, deadline: Deadline, cancel: &Cancel) -> Result<Session, ConnectFault> {
    cancel.check().map_err(PortFault::from)?;
    let own = plan.applications.own()?;
    let endpoint = Endpoint::new()?;
    let secret = random().map_err(|_| ConnectFault::Insecure("no secret could be made"))?;
    let pipe = plan.applications.listen()?;
    let mut block =
        ParameterBlock { pipe: pipe.name().to_owned(), server: peer(own), certificate: endpoint.fingerprint, secret };
    let greeted = match plan.way {
        Way::Loaded => load(pipe, endpoint, &block, &plan, deadline, cancel)?,
        Way::SdkHosted => {
            let soon = for_proofs(deadline);
            block.secret = rendezvous::ask(plan.applications, plan.application.process(), &block, soon)?;
            let (channel, frames) = prove(pipe, endpoint, &block, &plan, soon, cancel)?;
            greet(channel, frames, &plan, deadline, cancel)?
        }
    };
    begin(plan, greeted)
}

/// Loads it, while the pipe is waited at: the inspector's start waits for the proofs, and the proofs for its start. It is
/// greeted while the loader cleans up behind itself.
fn load(
    pipe: Box<dyn InspectorPipe>,
    endpoint: Endpoint,
    block: &ParameterBlock,
    plan: &ConnectPlan<'_>,
    deadline: Deadline,
    cancel: &Cancel,
) -> Result<Greeted, ConnectFault> {
    let waiting = cancel.child();
    let (loaded, greeted) = thread::scope(|scope| {
        let load = scope.spawn(|| {
            let application = plan.application.as_ref();
            let done = plan.loader.load(plan.permit, application, &plan.program, &block.write(), deadline, cancel);
            if done.is_err() {
                waiting.cancel(BROKEN_OFF);
            }
            done
        });
        let proved = prove(pipe, endpoint, block, plan, deadline, &waiting);
        let greeted = proved.and_then(|(channel, frames)| greet(channel, frames, plan, deadline, cancel));
        (load.join(), greeted)
    });
    let loaded = loaded.unwrap_or(Err(PortFault::Unsupported("the loader broke".to_owned())));
    match (greeted, loaded) {
        (Ok(greeted), _) => Ok(greeted),
        // What the loader says is the cause of what the pipe says, unless the pipe found out more.
        (Err(ConnectFault::Port(PortFault::Interrupted(_)) | ConnectFault::Late), Err(fault)) => Err(fault.into()),
        (Err(fault), _) => Err(fault),
    }
}

/// Waits for the one connection, and has both sides prove themselves.
fn prove(
    pipe: Box<dyn InspectorPipe>,
    endpoint: Endpoint,
    block: &ParameterBlock,
    plan: &ConnectPlan<'_>,
    deadline: Deadline,
    cancel: &Cancel,
) -> Result<(Channel, FrameDecoder), ConnectFault> {
    let end: Arc<dyn PipeEnd> = Arc::from(pipe.accept(deadline, cancel)?);
    // Loading starts programs and compiles code, for which a busy machine takes its time. Whoever has come has none to lose.
    let deadline = for_proofs(deadline);
    if end.peer()? != plan.application.process() || !plan.application.is_alive() {
        end.close();
        return Err(ConnectFault::WrongPeer);
    }
    let limit = deadline.instant();
    let channel = Channel::secure(end, endpoint.tls, limit).map_err(|fault| channel_fault(fault, "TLS"))?;
    let secret = Secret::new(&block.secret);
    let nonce: [u8; NONCE_BYTES] = random().map_err(|_| ConnectFault::Insecure("no nonce could be made"))?;
    let first = [nonce.as_slice(), &plan.capabilities.bits().to_le_bytes()].concat();
    channel.send(FrameKind::Proof, &first).map_err(|fault| channel_fault(fault, "the first proof"))?;
    let mut frames = FrameDecoder::default();
    let answer = next_frame(&channel, &mut frames, limit)?;
    let insecure = ConnectFault::Insecure("the inspector's proof");
    if answer.kind != FrameKind::Proof {
        return Err(insecure);
    }
    let Some((theirs, proof)) = answer.body.split_first_chunk::<NONCE_BYTES>() else { return Err(insecure) };
    let transcript = Transcript {
        pipe: &block.pipe,
        certificate: endpoint.fingerprint,
        server: block.server,
        target: peer(plan.application.process()),
        capabilities: plan.capabilities,
        server_nonce: nonce,
        inspector_nonce: *theirs,
    };
    if !secret.holds(&transcript, Speaker::Inspector, proof) {
        return Err(insecure);
    }
    let ours = secret.prove(&transcript, Speaker::Server);
    channel.send(FrameKind::Proof, &ours).map_err(|fault| channel_fault(fault, "the last proof"))?;
    Ok((channel, frames))
}

fn next_frame(channel: &Channel, frames: &mut FrameDecoder, limit: Instant) -> Result<Frame, ConnectFault> {
    loop {
        if let Some(frame) = frames.next_frame().map_err(|_| ConnectFault::Insecure("the inspector's proof"))? {
            return Ok(frame);
        }
        let left = limit.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ConnectFault::Late);
        }
        channel.receive(frames, left).map_err(|fault| channel_fault(fault, "the inspector's proof"))?;
    }
}

fn channel_fault(fault: ChannelFault, step: &'static str) -> ConnectFault {
    match fault {
        ChannelFault::Late => ConnectFault::Late,
        ChannelFault::Port(port @ PortFault::Interrupted(_)) => ConnectFault::Port(port),
        _ => ConnectFault::Insecure(step),
    }
}

/// What a session begins with on the wire: its channel, and what the inspector says of itself.
type Greeted = (Arc<Shared>, HelloResult);

/// Greets.
fn greet(
    channel: Channel,
    frames: FrameDecoder,
    plan: &ConnectPlan<'_>,
    deadline: Deadline,
    cancel: &Cancel,
) -> Result<Greeted, ConnectFault> {
    let shared =
        Shared::start(channel, frames).map_err(|_| ConnectFault::Insecure("no thread could be begun for it"))?;
    let params = HelloParams { protocol_min: PROTOCOL_MIN, protocol_max: PROTOCOL_MAX, server: plan.build.to_owned() };
    let (hello, _) = shared.ask(Capabilities::NONE, &params, Pace::Normal, deadline, cancel)?;
    Ok((shared, hello))
}

/// The session, unless what the inspector says of itself is not what the system knows.
fn begin(plan: ConnectPlan<'_>, (shared, hello): Greeted) -> Result<Session, ConnectFault> {
    let process = plan.application.process();
    let session = Session {
        shared,
        held: plan.application,
        program: plan.program,
        capabilities: plan.capabilities,
        hello,
        way: plan.way,
        began: Instant::now(),
        number: SESSIONS.fetch_add(1, Ordering::Relaxed),
        names: Mutex::default(),
        homes: Mutex::default(),
        own_types: Mutex::default(),
        memory: Mutex::default(),
    };
    let hello = session.hello();
    if hello.process != process.number || hello.started != process.started {
        return Err(ConnectFault::Lies("its process"));
    }
    match hello.protocol {
        Some(version) if (PROTOCOL_MIN..=PROTOCOL_MAX).contains(&version) => Ok(session),
        _ => Err(ConnectFault::Version {
            inspector_min: hello.protocol_min,
            inspector_max: hello.protocol_max,
            server_min: PROTOCOL_MIN,
            server_max: PROTOCOL_MAX,
        }),
    }
}
