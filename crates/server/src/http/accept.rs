//! Connections: accepted, held to their caps and time-outs, ended in order. HTTP/1.1 alone is spoken. What a request says is
//! none of this file's business.

use super::body::{BusyBody, TimedBody};
use super::connections::{Connection, Connections, Ending};
use crate::tls::{Served, ShownCertificate};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Method;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::Service as _;

/// What a request's head may take, and with it the wait for the next request on a connection.
pub(super) const HEAD_LIMIT: Duration = Duration::from_secs(20);
/// How often connections are looked at that wait.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// What the handshake of TLS may take.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// Headers of a request.
pub(super) const HEADER_CAP: usize = 64;
/// Bytes of a request's head.
pub(super) const HEAD_CAP: usize = 32 * 1024;
/// What connections get to finish their answers in, once the server ends.
const END_LIMIT: Duration = Duration::from_secs(1);
/// The wait after a connection that could not be accepted, as when the process has no file handles left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What answers on every connection.
#[derive(Clone)]
pub(super) struct Answering {
    pub(super) router: Router,
    /// With TLS, when there is one.
    pub(super) tls: Option<Arc<Served>>,
    pub(super) connections: Arc<Connections>,
    pub(super) stop: CancellationToken,
    /// Which peers are listed proxies.
    pub(super) is_proxy: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
}

/// Accepts until `stop` fires, then lets what is under way finish.
pub(super) async fn run(listener: &TcpListener, answering: &Answering) {
    let mut tasks = JoinSet::new();
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // Ended tasks are taken as they end, so that the set holds open connections alone.
            Some(_) = tasks.join_next() => continue,
            _ = looks.tick() => {
                answering.connections.end_idle(HEAD_LIMIT);
                continue;
            }
            () = answering.stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => admit(stream, peer, answering, &mut tasks),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    answering.connections.end_all();
    let finished = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(END_LIMIT, finished).await.is_err() {
        tracing::info!("connections that did not end in time are closed");
    }
}

fn admit(stream: TcpStream, peer: SocketAddr, answering: &Answering, tasks: &mut JoinSet<()>) {
    let Ok(local) = stream.local_addr() else { return };
    let shared = (answering.is_proxy)(peer.ip());
    let Some((connection, mut told, place)) = answering.connections.admit(peer, local, shared) else {
        tracing::info!("every connection is busy; a new one was closed");
        return;
    };
    // A reply is several small writes; with Nagle's algorithm each call would wait for a delayed acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::warn!(%error, "a connection keeps Nagle's algorithm and will be slow");
    }
    let answering = answering.clone();
    tasks.spawn(async move {
        let _place = place;
        let Some(tls) = answering.tls.clone() else { return speak(stream, connection, told, answering).await };
        let (config, vouched_by) = tls.now();
        let shaken = tokio::select! {
            shaken = tokio::time::timeout(HANDSHAKE_LIMIT, TlsAcceptor::from(config).accept(stream)) => shaken,
            _ = &mut told => return,
        };
        // Whoever cannot shake hands in time is told nothing: there is no channel yet to tell it by.
        let Ok(Ok(stream)) = shaken else { return };
        if let Some(shown) = stream.get_ref().1.peer_certificates().and_then(<[_]>::first) {
            // Set once, here.
            let shown = ShownCertificate { certificate: shown.clone().into_owned(), vouched_by };
            let _ = connection.certificate.set(shown);
        }
        speak(stream, connection, told, answering).await;
    });
}

/// Speaks HTTP until either side ends it.
async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    connection: Arc<Connection>,
    mut told: oneshot::Receiver<Ending>,
    answering: Answering,
) {
    let Answering { router, connections, .. } = answering;
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let under_way = connection.begin();
        // Other streams may bring nothing for long, and their clients wait for the head.
        let is_message = request.method() == Method::POST;
        let (mut router, connections) = (router.clone(), Arc::clone(&connections));
        let mut request: Request = request.map(|body| Body::new(TimedBody::new(body, Arc::clone(&connection))));
        request.extensions_mut().insert(Arc::clone(&connection));
        async move {
            let response = router.call(request).await?;
            let (parts, body) = response.into_parts();
            let body = if is_message {
                BusyBody::begin(body, under_way, connections.beat()).await
            } else {
                BusyBody::new(body, under_way)
            };
            Ok::<_, Infallible>(Response::from_parts(parts, body))
        }
    });
    let mut http = http1::Builder::new();
    // Who does not send a head in time is ended by the table; a timer here would be set anew with each request.
    http.header_read_timeout(None);
    http.max_headers(HEADER_CAP).max_header_size(HEAD_CAP).max_buf_size(HEAD_CAP.saturating_mul(2));
    let mut speaking = pin!(http.serve_connection(TokioIo::new(stream), service));
    let mut is_ending = false;
    loop {
        tokio::select! {
            biased;
            // A connection that breaks off is the client's business; a request that cannot be parsed was answered.
            _ = speaking.as_mut() => return,
            ending = &mut told, if !is_ending => match ending {
                Ok(Ending::AfterAnswer) => {
                    is_ending = true;
                    speaking.as_mut().graceful_shutdown();
                }
                Ok(Ending::Now) | Err(_) => return,
            },
        }
    }
}
