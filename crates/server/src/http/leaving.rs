//! Clients of the older protocol era that go away: a stream that is dropped before its answer, and whether its client comes
//! back for it. What is withdrawn, and how, is for the sessions; nothing is decided about a call here.

use super::sessions::Sessions;
use futures_core::Stream;
use rmcp::model::RequestId;
use rmcp::transport::streamable_http_server::SessionId;
use rmcp::transport::streamable_http_server::session::ServerSseMessage;
use std::pin::Pin;
use std::sync::Weak;
use std::task::{Context, Poll};
use std::time::Duration;

/// How long a client may be away that lost its connection: in the older era it may fetch the rest of a stream over another one
/// (2025-11-25, Streamable HTTP, "Resumability and Redelivery"), so a connection that closes is no word to stop yet.
pub(super) const AWAY: Duration = Duration::from_secs(3);

/// Requests whose answers a stream was to bring.
pub(super) struct Awaited {
    pub(super) sessions: Weak<Sessions>,
    pub(super) session: SessionId,
    pub(super) requests: Vec<RequestId>,
}

/// A stream that says when its client left.
pub(super) struct Attended<S> {
    stream: Pin<Box<S>>,
    /// Nothing once the stream has come to its end.
    awaited: Option<Awaited>,
}

impl<S> Attended<S> {
    pub(super) fn new(stream: S, awaited: Awaited) -> Self {
        Self { stream: Box::pin(stream), awaited: Some(awaited) }
    }
}

impl<S: Stream<Item = ServerSseMessage>> Stream for Attended<S> {
    type Item = ServerSseMessage;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ServerSseMessage>> {
        let polled = self.stream.as_mut().poll_next(cx);
        if matches!(polled, Poll::Ready(None)) {
            self.awaited = None;
        }
        polled
    }
}

impl<S> Drop for Attended<S> {
    fn drop(&mut self) {
        let Some(Awaited { sessions, session, requests }) = self.awaited.take() else { return };
        let Some(sessions) = sessions.upgrade().filter(|_| !requests.is_empty()) else { return };
        let Some(number) = sessions.leave(&session, requests) else { return };
        // Streams are dropped by the server's own tasks, or with the runtime, which ends the calls by itself.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            tokio::time::sleep(AWAY).await;
            sessions.withdraw(&session, number).await;
        });
    }
}
