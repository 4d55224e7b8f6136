//! The two ends of a request's bytes: a body that must come in time, and an answer that keeps its connection busy until its
//! last byte. No byte is looked at here.

use super::connections::{Beat, Connection, UnderWay};
use axum::body::Body;
use axum::http::StatusCode;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Bytes;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// What a request's body may take from its first byte to its last.
pub(super) const BODY_LIMIT: Duration = Duration::from_secs(20);
/// What a client is told whose body did not come in time.
pub(super) const LATE: (StatusCode, &str) = (StatusCode::REQUEST_TIMEOUT, "the request's body did not come in time");

/// A request's body, which fails once its time is over.
pub(super) struct TimedBody<B> {
    body: B,
    connection: Arc<Connection>,
    /// Set when the body is first waited for: most are there with their head.
    limit: Option<Pin<Box<Sleep>>>,
}

impl<B> TimedBody<B> {
    pub(super) fn new(body: B, connection: Arc<Connection>) -> Self {
        Self { body, connection, limit: None }
    }
}

impl<B> HttpBody for TimedBody<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<axum::BoxError>,
{
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let limit = self.limit.get_or_insert_with(|| Box::pin(sleep(BODY_LIMIT)));
        ready!(limit.as_mut().poll(context));
        self.connection.body_late.store(true, Ordering::Relaxed);
        Poll::Ready(Some(Err(LATE.1.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Bytes of a stream that are held for its head.
const EARLY_CAP: usize = 64 * 1024;

/// An answer's body; the request is under way until it is dropped.
pub(super) struct BusyBody {
    /// What was there before the head was sent.
    early: VecDeque<Result<Frame<Bytes>, axum::Error>>,
    /// Nothing when all of it was there.
    rest: Option<Body>,
    _under_way: UnderWay,
}

impl BusyBody {
    /// A body as it comes.
    pub(super) fn new(body: Body, under_way: UnderWay) -> Self {
        Self { early: VecDeque::new(), rest: Some(body), _under_way: under_way }
    }

    /// Waits for a stream until it has ended, at most until the next beat, and takes what it brings till then, which most
    /// answers bring whole: head and events then leave in one write and reach the client in one piece, instead of waking it
    /// for each.
    pub(super) async fn begin(body: Body, under_way: UnderWay, beat: &Beat) -> Self {
        let is_stream = body.size_hint().exact().is_none();
        let mut begun = Self::new(body, under_way);
        if !is_stream {
            return begun;
        }
        let mut size = 0;
        let mut late = pin!(beat.next());
        while let Some(body) = begun.rest.as_mut().filter(|_| size < EARLY_CAP) {
            let next = poll_fn(|context| match Pin::new(&mut *body).poll_frame(context) {
                Poll::Ready(next) => Poll::Ready(Some(next)),
                Poll::Pending => late.as_mut().poll(context).map(|()| None),
            });
            match next.await {
                Some(Some(frame)) => {
                    size += frame.as_ref().ok().and_then(Frame::data_ref).map_or(0, Bytes::len);
                    begun.early.push_back(frame);
                }
                Some(None) => begun.rest = None,
                None => break,
            }
        }
        begun
    }
}

impl HttpBody for BusyBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(frame) = self.early.pop_front() {
            return Poll::Ready(Some(frame));
        }
        match &mut self.rest {
            Some(rest) => Pin::new(rest).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.early.is_empty() && self.rest.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let early: usize = self.early.iter().flatten().filter_map(Frame::data_ref).map(Bytes::len).sum();
        let early = u64::try_from(early).unwrap_or(u64::MAX);
        let mut hint = self.rest.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint);
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(early));
        }
        hint.set_lower(hint.lower().saturating_add(early));
        hint
    }
}

#[cfg(test)]
mod tests {
    use super::super::connections::Connections;
    use super::*;
    use axum::body::to_bytes;
    use std::net::{Ipv4Addr, SocketAddr};
    use tokio::sync::mpsc;

    fn under_way() -> UnderWay {
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        Connections::new().admit(here, here, false).unwrap().0.begin()
    }

    /// A body that brings what is sent to it.
    struct Sent(mpsc::Receiver<Result<Bytes, axum::Error>>);

    impl HttpBody for Sent {
        type Data = Bytes;
        type Error = axum::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
            self.0.poll_recv(context).map(|found| found.map(|part| part.map(Frame::data)))
        }
    }

    #[tokio::test]
    async fn what_comes_soon_leaves_with_the_head_and_the_rest_is_not_waited_for() {
        let (send, sent) = mpsc::channel(4);
        tokio::spawn(async move {
            send.send(Ok(Bytes::from_static(b"one "))).await.unwrap();
            send.send(Ok(Bytes::from_static(b"two"))).await.unwrap();
        });
        let whole = BusyBody::begin(Body::new(Sent(sent)), under_way(), &Beat::default()).await;
        assert_eq!(whole.size_hint().exact(), Some(7), "its length is known, so it has ended");
        assert_eq!(to_bytes(Body::new(whole), 16).await.unwrap(), "one two");

        let (send, sent) = mpsc::channel(4);
        send.send(Ok(Bytes::from_static(b"now "))).await.unwrap();
        let begun = BusyBody::begin(Body::new(Sent(sent)), under_way(), &Beat::default()).await;
        assert_eq!((begun.size_hint().lower(), begun.size_hint().exact()), (4, None));
        send.send(Ok(Bytes::from_static(b"later"))).await.unwrap();
        drop(send);
        assert_eq!(to_bytes(Body::new(begun), 16).await.unwrap(), "now later");

        let (send, sent) = mpsc::channel(4);
        let beat = Beat::default();
        let late = BusyBody::begin(Body::new(Sent(sent)), under_way(), &beat);
        let late = tokio::time::timeout(BODY_LIMIT, late).await.unwrap();
        assert_eq!(late.early.len(), 0, "what has not begun by the next beat is not waited for");
        send.send(Ok(Bytes::from_static(b"late"))).await.unwrap();
        drop(send);
        assert_eq!(to_bytes(Body::new(late), 16).await.unwrap(), "late");

        let (send, sent) = mpsc::channel(4);
        send.send(Ok(Bytes::from_static(b"half"))).await.unwrap();
        send.send(Err(axum::Error::new("broken"))).await.unwrap();
        let broken = BusyBody::begin(Body::new(Sent(sent)), under_way(), &Beat::default()).await;
        assert!(to_bytes(Body::new(broken), 16).await.is_err(), "a stream that breaks off is no whole answer");

        let known = BusyBody::begin(Body::from("known"), under_way(), &Beat::default()).await;
        assert_eq!((known.early.len(), known.size_hint().exact()), (0, Some(5)));
    }

    #[tokio::test]
    async fn no_more_than_the_cap_is_held() {
        let (send, sent) = mpsc::channel(4);
        for _ in 0..3 {
            send.send(Ok(Bytes::from(vec![0; EARLY_CAP / 2]))).await.unwrap();
        }
        let begun = BusyBody::begin(Body::new(Sent(sent)), under_way(), &Beat::default()).await;
        assert_eq!(begun.early.len(), 2);
    }
}
