//! JSON-RPC messages as lines of two byte streams, each served by a thread of its own: reading and writing then cost no
//! hand-over to a pool for every message, and messages that wait are written together. A line that cannot be read is answered
//! under its id, so that nobody waits for it. What a message means is the SDK's to say.

use portcullis_model::require_clear;
use rmcp::RoleServer;
use rmcp::model::{ErrorData, RequestId};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use serde::Deserialize;
use std::borrow::Cow;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Write};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Bytes of one line; more is passed over and logged. The SDK's own cap for a transport of lines.
const LINE_CAP: usize = 16 * 1024 * 1024;
/// Bytes read at once.
const READ_SIZE: usize = 64 * 1024;
/// Messages that were read and not yet taken, and messages that were sent and not yet written.
const QUEUE_CAP: usize = 64;
/// Bytes after which what is written together is written.
const BATCH_SIZE: usize = 64 * 1024;
/// What is still to be written gets so long once the transport closes; a client that reads nothing gets no more.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);
/// JSON may begin with a byte order mark, which a parser may ignore (RFC 8259, 8.1).
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

type Incoming = RxJsonRpcMessage<RoleServer>;
type Outgoing = TxJsonRpcMessage<RoleServer>;

/// A line as it came.
enum Received {
    Message(Box<Incoming>),
    /// It is no message; this is the answer to it.
    Unreadable(Box<Outgoing>),
}

/// Messages over two byte streams.
pub(crate) struct Lines {
    received: mpsc::Receiver<Received>,
    /// An answer to what was no message that is still to be sent: the SDK may drop the wait for it and come again.
    unsent: Option<Vec<u8>>,
    /// Gone once the transport is closed.
    send: Option<mpsc::Sender<Vec<u8>>>,
    written: Option<oneshot::Receiver<()>>,
}

impl Lines {
    /// Starts the two threads. The reading one ends with its stream or with the first line after the transport is gone,
    /// the writing one when all is written.
    pub(crate) fn start(read: impl Read + Send + 'static, write: impl Write + Send + 'static) -> Result<Self, Error> {
        let (receiving, received) = mpsc::channel(QUEUE_CAP);
        let (send, sent) = mpsc::channel(QUEUE_CAP);
        let (done, written) = oneshot::channel();
        std::thread::Builder::new().name("lines-in".to_owned()).spawn(move || {
            if let Err(error) = receive_all(BufReader::with_capacity(READ_SIZE, read), &receiving) {
                tracing::warn!(%error, "the input broke off");
            }
        })?;
        std::thread::Builder::new().name("lines-out".to_owned()).spawn(move || {
            if let Err(error) = write_all(write, sent) {
                tracing::warn!(%error, "the output broke off");
            }
            // Nobody waits for it unless the transport was closed.
            let _ = done.send(());
        })?;
        Ok(Self { received, unsent: None, send: Some(send), written: Some(written) })
    }
}

impl Transport<RoleServer> for Lines {
    type Error = Error;

    fn name() -> Cow<'static, str> {
        Cow::Borrowed("lines")
    }

    fn send(&mut self, message: Outgoing) -> impl Future<Output = Result<(), Error>> + Send + 'static {
        let send = self.send.clone();
        async move {
            let closed = || Error::new(ErrorKind::BrokenPipe, "the client reads no more");
            let line = line_of(&message)?;
            send.ok_or_else(closed)?.send(line).await.map_err(|_| closed())
        }
    }

    async fn receive(&mut self) -> Option<Incoming> {
        loop {
            if self.unsent.is_some() {
                let place = self.send.as_ref()?.reserve().await.ok()?;
                place.send(self.unsent.take()?);
            }
            match self.received.recv().await? {
                Received::Message(message) => return Some(*message),
                Received::Unreadable(answer) => self.unsent = line_of(&answer).ok(),
            }
        }
    }

    async fn close(&mut self) -> Result<(), Error> {
        self.send.take();
        if let Some(written) = self.written.take()
            && tokio::time::timeout(CLOSE_LIMIT, written).await.is_err()
        {
            return Err(Error::new(ErrorKind::TimedOut, "the client does not read what is left to write"));
        }
        Ok(())
    }
}

fn line_of(message: &Outgoing) -> Result<Vec<u8>, Error> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}

/// Writes what is sent until nobody can send any more. What waits at once is written at once.
fn write_all(mut write: impl Write, mut sent: mpsc::Receiver<Vec<u8>>) -> Result<(), Error> {
    while let Some(mut batch) = sent.blocking_recv() {
        while batch.len() < BATCH_SIZE
            && let Ok(more) = sent.try_recv()
        {
            batch.extend_from_slice(&more);
        }
        write.write_all(&batch)?;
        write.flush()?;
    }
    Ok(())
}

/// Reads lines until the stream ends or nobody takes them any more. A line without an end is no message.
fn receive_all(mut read: impl BufRead, receiving: &mpsc::Sender<Received>) -> Result<(), Error> {
    let mut line = Vec::new();
    let mut is_too_long = false;
    loop {
        let available = match read.fill_buf() {
            Ok([]) => return Ok(()),
            Ok(available) => available,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let (part, is_end) = match available.iter().position(|byte| *byte == b'\n') {
            Some(end) => (available.split_at(end).0, true),
            None => (available, false),
        };
        let taken = part.len() + usize::from(is_end);
        is_too_long |= line.len() + part.len() > LINE_CAP;
        if !is_too_long {
            line.extend_from_slice(part);
        }
        read.consume(taken);
        if !is_end {
            continue;
        }
        if is_too_long {
            tracing::warn!(cap = LINE_CAP, "a line was longer than any message may be and was passed over");
        } else if let Some(received) = read_line(&line)
            && receiving.blocking_send(received).is_err()
        {
            return Ok(());
        }
        is_too_long = false;
        line.clear();
        line.shrink_to(READ_SIZE);
    }
}

/// What can be seen of a line that is no message. Everything else in it is passed over unread, so numbers beyond any type,
/// halves of characters and depth without end do not hide its id.
#[derive(Deserialize)]
struct Envelope<'line> {
    #[serde(borrow, default)]
    jsonrpc: Option<Cow<'line, str>>,
    #[serde(default)]
    id: Option<RequestId>,
    #[serde(borrow, default)]
    method: Option<Cow<'line, str>>,
}

/// A line without its end as a message or as the answer to one; nothing for what wants no answer.
fn read_line(line: &[u8]) -> Option<Received> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
    if line.is_empty() {
        return None;
    }
    let error = match serde_json::from_slice::<Incoming>(line) {
        // The SDK takes the last of two that have one name, and would not say so.
        Ok(message) => match require_clear(line) {
            Ok(()) => return Some(Received::Message(Box::new(message))),
            Err(unclear) => {
                let id = serde_json::from_slice::<Envelope<'_>>(line).ok().and_then(|envelope| envelope.id);
                tracing::debug!("a line is no clear message");
                // What wants no answer has no id; one that has two has none that could be told.
                let answer = ErrorData::invalid_params(unclear.to_string(), None);
                return Some(Received::Unreadable(Box::new(Outgoing::error(answer, id))));
            }
        },
        Err(error) => error,
    };
    // The parser's own words repeat what the client sent; where it stood is told instead.
    tracing::debug!(column = error.column(), "a line is no message");
    let is_json = error.is_data();
    let (id, method, is_current) = match serde_json::from_slice::<Envelope<'_>>(line) {
        Ok(Envelope { jsonrpc, id, method }) => (id, method.is_some(), jsonrpc.as_deref() == Some("2.0")),
        Err(_) => (None, false, false),
    };
    let answer = match &id {
        Some(_) if !is_json => ErrorData::parse_error(
            format!(
                "the line cannot be read from column {} on: a number, a character or a depth that no message has; send it \
                 anew as JSON in UTF-8, at most 128 deep",
                error.column()
            ),
            None,
        ),
        Some(_) if method && is_current => {
            ErrorData::invalid_params("`params` is not the object that it must be", None)
        }
        // Other programs' notices on the same pipe are nobody's business, and what is no JSON at all has no id to answer.
        None if method || !is_json => return None,
        _ => ErrorData::invalid_request(
            "the line is JSON but no request, notification or response of JSON-RPC 2.0; send one object with `jsonrpc`, \
             `id`, `method` and `params`",
            None,
        ),
    };
    Some(Received::Unreadable(Box::new(Outgoing::error(answer, id))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::io::Cursor;
    use std::sync::{Arc, Mutex};

    fn answered(line: &[u8]) -> Value {
        match read_line(line) {
            None => Value::Null,
            Some(Received::Message(_)) => json!("message"),
            Some(Received::Unreadable(answer)) => {
                let answer = serde_json::to_value(&*answer).unwrap();
                json!([answer["id"], answer["error"]["code"]])
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_answered_under_its_id() {
        let call = |arguments: &str| {
            format!(
                r#"{{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{{"name":"Wait","arguments":{arguments}}}}}"#
            )
        };
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        let rows = [
            (call("{}"), json!("message")),
            (format!("\u{FEFF}{}\r", call("{}")), json!("message")),
            (call(r#"{"seconds":1e400}"#), json!(["a", -32700])),
            (call(r#"{"text":"\ud800"}"#), json!(["a", -32700])),
            (call(&deep), json!(["a", -32700])),
            (r#"{"jsonrpc":"1.0","id":7,"method":"ping"}"#.to_owned(), json!([7, -32600])),
            (r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":[1]}"#.to_owned(), json!([7, -32602])),
            ("[1,2]".to_owned(), json!([null, -32600])),
            ("null".to_owned(), json!([null, -32600])),
            ("hello".to_owned(), Value::Null),
            (call(r#"{"seconds":1,"seconds":60}"#), json!(["a", -32602])),
            (call(r#"{"seconds":1,"s\u0065conds":60}"#), json!(["a", -32602])),
            (r#"{"jsonrpc":"2.0","id":7,"method":"ping","id":8}"#.to_owned(), json!([null, -32600])),
            (String::new(), Value::Null),
            (r#"{"jsonrpc":"2.0","#.to_owned(), Value::Null),
            (r#"{"jsonrpc":"1.0","method":"window/logMessage"}"#.to_owned(), Value::Null),
        ];
        for (line, expected) in rows {
            let shown: String = line.chars().take(120).collect();
            assert_eq!(answered(line.as_bytes()), expected, "{shown}");
        }
        assert_eq!(answered(b"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"\xff\"}"), Value::Null);
    }

    fn ping(id: u32) -> String {
        format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"ping\"}}\n")
    }

    fn received(text: String) -> Vec<String> {
        let (receiving, mut received) = mpsc::channel(QUEUE_CAP);
        receive_all(Cursor::new(text), &receiving).unwrap();
        drop(receiving);
        std::iter::from_fn(|| received.try_recv().ok())
            .map(|each| match each {
                Received::Message(message) => serde_json::to_value(&*message).unwrap()["id"].to_string(),
                Received::Unreadable(_) => "unreadable".to_owned(),
            })
            .collect()
    }

    #[test]
    fn a_line_at_the_cap_is_read_and_a_longer_one_passed_over() {
        let padded = |length: usize| {
            let (start, end) = (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"x":""#, "\"}}}");
            format!("{start}{}{end}\n", "x".repeat(length - start.len() - end.len()))
        };
        assert_eq!(received(padded(LINE_CAP) + &ping(2)), ["1", "2"]);
        assert_eq!(received(padded(LINE_CAP + 1) + &ping(2)), ["2"]);
        assert_eq!(received(ping(1) + ping(2).trim_end()), ["1"], "a line without an end");
    }

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> Result<(), Error> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn all_that_was_sent_is_written_before_the_end() {
        let out = Shared::default();
        let input =
            r#"{"jsonrpc":"2.0","id":7,"method":"ping","params":{"_meta":{"x":1e400}}}"#.to_owned() + "\n" + &ping(8);
        let mut lines = Lines::start(Cursor::new(input), out.clone()).unwrap();
        assert!(lines.receive().await.is_some());
        assert!(lines.receive().await.is_none());
        for number in 0..u32::try_from(QUEUE_CAP * 2).unwrap() {
            let answer = ErrorData::internal_error(number.to_string(), None);
            lines.send(Outgoing::error(answer, Some(RequestId::Number(number.into())))).await.unwrap();
        }
        lines.close().await.unwrap();
        assert!(lines.send(Outgoing::error(ErrorData::internal_error("late", None), None)).await.is_err());
        let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        let ids: Vec<Value> =
            text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone()).collect();
        assert_eq!(ids.first(), Some(&json!(7)), "{text}");
        assert_eq!(ids.len(), 1 + QUEUE_CAP * 2);
    }

    /// A client that does not read.
    struct Stuck;

    impl Write for Stuck {
        fn write(&mut self, _bytes: &[u8]) -> Result<usize, Error> {
            std::thread::park();
            Ok(0)
        }

        fn flush(&mut self) -> Result<(), Error> {
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_read_holds_up_the_end_for_its_limit_only() {
        let mut lines = Lines::start(Cursor::new(String::new()), Stuck).unwrap();
        lines.send(Outgoing::error(ErrorData::internal_error("x", None), None)).await.unwrap();
        assert_eq!(lines.close().await.unwrap_err().kind(), ErrorKind::TimedOut);
    }
}
