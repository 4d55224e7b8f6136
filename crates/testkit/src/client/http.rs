//! HTTP/1.1 by hand, one connection a request: tests send what no library would, such as two Host headers, and close a
//! stream in the middle. Knows requests, replies and event streams; nothing of tools.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// To connect and to send; both happen on one machine.
const SEND_LIMIT: Duration = Duration::from_secs(10);
/// Lines of a reply's head.
const MOST_HEADERS: usize = 100;

/// What bytes go through, over a connected socket.
pub trait Channel: Read + Write + Send {}

impl<T: Read + Write + Send> Channel for T {}

/// Makes a channel over a connected socket, as TLS does.
pub trait Dial: Send + Sync {
    /// The channel, ready for a request.
    fn dial(&self, socket: TcpStream) -> Result<Box<dyn Channel>>;
}

/// Where a server listens, and the key for it.
#[derive(Clone)]
pub struct HttpEndpoint {
    /// Such as `127.0.0.1:40123`.
    pub address: SocketAddr,
    /// Such as `/mcp`.
    pub path: String,
    /// The key, when there is one.
    pub key: Option<String>,
    /// What the Host header says, when it is not the address.
    pub host: Option<String>,
    /// What is between the socket and HTTP; nothing for plain HTTP.
    pub dial: Option<Arc<dyn Dial>>,
}

impl HttpEndpoint {
    /// Takes a URL such as `http://127.0.0.1:40123/mcp` apart. With `https`, the caller adds what to trust.
    pub fn of(url: &str, key: Option<String>) -> Result<HttpEndpoint> {
        let rest =
            url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).context("an http URL is needed")?;
        let (address, path) = rest.split_once('/').context("a URL with a path is needed")?;
        Ok(HttpEndpoint {
            address: address.parse().context("an address")?,
            path: format!("/{path}"),
            key,
            host: None,
            dial: None,
        })
    }

    /// The headers that every proper request carries.
    pub fn usual_headers(&self) -> Vec<(String, String)> {
        let mut headers = vec![
            ("Host".to_owned(), self.host.clone().unwrap_or_else(|| self.address.to_string())),
            ("Content-Type".to_owned(), "application/json".to_owned()),
            ("Accept".to_owned(), "application/json, text/event-stream".to_owned()),
        ];
        headers.extend(self.key.as_ref().map(|key| ("Authorization".to_owned(), format!("Bearer {key}"))));
        headers
    }

    /// Posts a body with the usual headers and more; the answer is read by the caller.
    pub fn start(&self, more: &[(String, String)], body: &str) -> Result<Exchange> {
        let mut headers = self.usual_headers();
        headers.extend(more.iter().cloned());
        self.send("POST", &headers, body.as_bytes())
    }

    /// Sends exactly these headers, besides the length of the body.
    pub fn send(&self, verb: &str, headers: &[(String, String)], body: &[u8]) -> Result<Exchange> {
        let mut head = format!("{verb} {} HTTP/1.1\r\n", self.path);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        let socket = TcpStream::connect_timeout(&self.address, SEND_LIMIT)
            .with_context(|| format!("nothing listens on {}", self.address))?;
        socket.set_nodelay(true)?;
        socket.set_write_timeout(Some(SEND_LIMIT))?;
        socket.set_read_timeout(Some(SEND_LIMIT))?;
        let same = socket.try_clone()?;
        let mut stream: Box<dyn Channel> = match &self.dial {
            None => Box::new(same),
            Some(dial) => dial.dial(same)?,
        };
        let sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        // A server may refuse by the head alone and close before it has read the body; its answer still counts.
        if let Err(error) = sent
            && !matches!(error.kind(), std::io::ErrorKind::BrokenPipe | std::io::ErrorKind::ConnectionReset)
        {
            return Err(error).context("cannot send");
        }
        stream.flush()?;
        Ok(Exchange { socket, reader: BufReader::new(stream) })
    }
}

/// A request whose answer has not been read. Dropped, the connection closes.
pub struct Exchange {
    socket: TcpStream,
    reader: BufReader<Box<dyn Channel>>,
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange").field("socket", &self.socket).finish_non_exhaustive()
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct HttpReply {
    /// The status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Exchange {
    /// Reads the answer to its end.
    pub fn finish(mut self, deadline: Instant) -> Result<HttpReply> {
        let status_line = self.line(deadline)?;
        let status = status_line
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.get(..3)?.parse().ok())
            .with_context(|| format!("not an HTTP/1.1 answer: {status_line}"))?;
        let mut headers = Vec::new();
        for _ in 0..MOST_HEADERS {
            let line = self.line(deadline)?;
            if line.is_empty() {
                let mut reply = HttpReply { status, headers, body: Vec::new() };
                reply.body = self.body(&reply, deadline)?;
                return Ok(reply);
            }
            let (name, value) = line.split_once(':').with_context(|| format!("not a header: {line}"))?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        bail!("the answer has more than {MOST_HEADERS} headers")
    }

    fn body(&mut self, reply: &HttpReply, deadline: Instant) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        if reply.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            loop {
                let size = self.line(deadline)?;
                let size = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16)
                    .with_context(|| format!("not the size of a chunk: {size}"))?;
                body.extend(self.bytes(size, deadline)?);
                ensure!(self.line(deadline)?.is_empty(), "a chunk does not end where it says");
                if size == 0 {
                    return Ok(body);
                }
            }
        }
        match reply.header("content-length") {
            Some(length) => self.bytes(length.parse().context("a length")?, deadline),
            None if matches!(reply.status, 202 | 204) => Ok(body),
            None => bail!("the answer does not say how long it is"),
        }
    }

    fn arm(&self, deadline: Instant) -> Result<()> {
        let left = deadline.saturating_duration_since(Instant::now());
        ensure!(!left.is_zero(), "no whole answer in time");
        self.socket.set_read_timeout(Some(left))?;
        Ok(())
    }

    fn line(&mut self, deadline: Instant) -> Result<String> {
        self.arm(deadline)?;
        let mut line = String::new();
        let read = self.reader.read_line(&mut line).context("no answer in time")?;
        ensure!(read > 0, "the connection was closed before the answer was complete");
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    }

    fn bytes(&mut self, count: usize, deadline: Instant) -> Result<Vec<u8>> {
        self.arm(deadline)?;
        let mut bytes = vec![0; count];
        self.reader.read_exact(&mut bytes).context("the body was not complete in time")?;
        Ok(bytes)
    }
}

impl HttpReply {
    /// The first header of that lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Every JSON-RPC message in the body, whether it is one document or a stream of events.
    pub fn messages(&self) -> Result<Vec<Value>> {
        let text = self.text();
        let kind = self.header("content-type").unwrap_or_default();
        if kind.starts_with("application/json") {
            return Ok(vec![serde_json::from_str(&text).with_context(|| format!("not JSON: {text}"))?]);
        }
        ensure!(kind.starts_with("text/event-stream"), "answered {} with {kind}: {text}", self.status);
        let mut messages = Vec::new();
        for event in text.replace("\r\n", "\n").split("\n\n") {
            let data: Vec<&str> =
                event.lines().filter_map(|line| line.strip_prefix("data:").map(|data| data.trim_start())).collect();
            let data = data.join("\n");
            if !data.is_empty() {
                messages.push(serde_json::from_str(&data).with_context(|| format!("not JSON: {data}"))?);
            }
        }
        Ok(messages)
    }

    /// The message that answers request `id`.
    pub fn message(&self, id: u64) -> Result<Value> {
        self.messages()?
            .into_iter()
            .find(|message| message.get("id").and_then(Value::as_u64) == Some(id))
            .with_context(|| format!("answered {} without an answer to request {id}: {}", self.status, self.text()))
    }
}
