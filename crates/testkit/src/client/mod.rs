//! A bare MCP client for tests, over both transports and in both protocol eras. It keeps what came over the wire, judges
//! it by the rules of the protocol and knows nothing of what a tool means. No retries and no tolerance may live here:
//! what a strict client would choke on is an error.

mod http;
mod stdio;
#[cfg(feature = "tls")]
pub mod tls;
mod wire;

pub use http::{Channel, Dial, Exchange, HttpEndpoint, HttpReply};
pub use stdio::StdioWire;
pub use wire::{RpcError, ToolResult};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What any answer may take when a test says nothing else: a multiple of the longest default deadline of a tool.
pub const ANSWER_LIMIT: Duration = Duration::from_secs(75);
/// The pages of a list that are followed.
const MOST_PAGES: usize = 50;

/// Which protocol a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Era {
    /// 2025-11-25: a handshake, and over HTTP a session.
    Legacy,
    /// 2026-07-28: every request stands for itself.
    Modern,
}

impl Era {
    /// Both, for tables.
    pub const ALL: [Era; 2] = [Era::Legacy, Era::Modern];

    /// The revision that this client asks for.
    pub fn version(self) -> &'static str {
        match self {
            Era::Legacy => "2025-11-25",
            Era::Modern => "2026-07-28",
        }
    }
}

enum Wire {
    Stdio(Arc<StdioWire>),
    Http(HttpEndpoint),
}

/// A client that is connected. Clones are the same connection.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    era: Era,
    wire: Wire,
    session: Mutex<Option<String>>,
    next: AtomicU64,
    handshake: Mutex<Value>,
}

/// A request that was sent and not answered yet. Dropped over HTTP, its connection closes.
#[derive(Debug)]
pub struct Pending {
    id: u64,
    exchange: Option<Exchange>,
}

impl Pending {
    /// The request's id.
    pub fn id(&self) -> u64 {
        self.id
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A test that failed while it held the lock is not the reason for the next to fail.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Client {
    /// Speaks over a program's standard input and output.
    pub fn over_stdio(wire: Arc<StdioWire>, era: Era) -> Result<Client> {
        Client::connect(Wire::Stdio(wire), era)
    }

    /// Speaks over HTTP.
    pub fn over_http(endpoint: HttpEndpoint, era: Era) -> Result<Client> {
        Client::connect(Wire::Http(endpoint), era)
    }

    fn connect(wire: Wire, era: Era) -> Result<Client> {
        let client = Client(Arc::new(Inner {
            era,
            wire,
            session: Mutex::default(),
            next: AtomicU64::new(1),
            handshake: Mutex::new(Value::Null),
        }));
        let answer = match era {
            Era::Legacy => {
                let hello = json!({
                    "protocolVersion": era.version(),
                    "capabilities": {},
                    "clientInfo": client_info(),
                });
                let answer = client.request("initialize", hello)?.context("initialize was refused")?;
                ensure!(
                    answer.get("protocolVersion").and_then(Value::as_str) == Some(era.version()),
                    "another version was negotiated: {answer}"
                );
                client.notify("notifications/initialized", json!({}))?;
                answer
            }
            Era::Modern => client.request("server/discover", json!({}))?.context("server/discover was refused")?,
        };
        *lock(&client.0.handshake) = answer;
        Ok(client)
    }

    /// Which protocol this client speaks.
    pub fn era(&self) -> Era {
        self.0.era
    }

    /// What the server said of itself at the start.
    pub fn handshake(&self) -> Value {
        lock(&self.0.handshake).clone()
    }

    /// The session of the older protocol over HTTP.
    pub fn session(&self) -> Option<String> {
        lock(&self.0.session).clone()
    }

    /// The wire, when it is standard input and output.
    pub fn stdio(&self) -> Option<&Arc<StdioWire>> {
        match &self.0.wire {
            Wire::Stdio(wire) => Some(wire),
            Wire::Http(_) => None,
        }
    }

    /// Sends a request and does not wait.
    pub fn start(&self, method: &str, params: Value) -> Result<Pending> {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": self.params(params) });
        let exchange = match &self.0.wire {
            Wire::Stdio(wire) => {
                wire.send_line(&message.to_string())?;
                None
            }
            Wire::Http(endpoint) => Some(endpoint.start(&self.headers(method, &message), &message.to_string())?),
        };
        Ok(Pending { id, exchange })
    }

    /// Waits for the answer to a request.
    pub fn wait(&self, pending: Pending, limit: Duration) -> Result<Result<Value, RpcError>> {
        let deadline = Instant::now() + limit;
        let message = match (&self.0.wire, pending.exchange) {
            (Wire::Stdio(wire), _) => wire.answer(pending.id, deadline)?,
            (Wire::Http(_), Some(exchange)) => {
                let reply = exchange.finish(deadline)?;
                if let Some(session) = reply.header("mcp-session-id") {
                    *lock(&self.0.session) = Some(session.to_owned());
                }
                reply.message(pending.id)?
            }
            (Wire::Http(_), None) => bail!("the request was sent over another wire"),
        };
        wire::outcome(&message, pending.id)
    }

    /// Sends a request and waits for its answer. The outer error is the transport's, the inner one the server's.
    pub fn request(&self, method: &str, params: Value) -> Result<Result<Value, RpcError>> {
        let pending = self.start(method, params)?;
        self.wait(pending, ANSWER_LIMIT).with_context(|| format!("{method} over {:?}", self.0.era))
    }

    /// Sends a notification.
    pub fn notify(&self, method: &str, params: Value) -> Result<()> {
        let message = json!({ "jsonrpc": "2.0", "method": method, "params": self.params(params) });
        match &self.0.wire {
            Wire::Stdio(wire) => wire.send_line(&message.to_string()),
            Wire::Http(endpoint) => {
                let reply = endpoint
                    .start(&self.headers(method, &message), &message.to_string())?
                    .finish(Instant::now() + ANSWER_LIMIT)?;
                ensure!(reply.status == 202, "{method} was answered {}: {}", reply.status, reply.text());
                Ok(())
            }
        }
    }

    /// Withdraws a request in the way that the transport and the era have for it.
    pub fn withdraw(&self, pending: Pending) -> Result<()> {
        let closing = pending.exchange.is_some() && self.0.era == Era::Modern;
        if !closing {
            self.notify("notifications/cancelled", json!({ "requestId": pending.id, "reason": "a test" }))?;
        }
        drop(pending);
        Ok(())
    }

    /// Calls a tool and does not wait.
    pub fn start_call(&self, tool: &str, arguments: Value) -> Result<Pending> {
        self.start("tools/call", json!({ "name": tool, "arguments": arguments }))
    }

    /// Waits for the answer to a call, and judges it as every reply is judged.
    pub fn wait_call(&self, pending: Pending, limit: Duration) -> Result<ToolResult> {
        let result = self.wait(pending, limit)?.context("the call was a protocol error")?;
        let result = ToolResult::read(&result)?;
        result.check_both_client_rules()?;
        Ok(result)
    }

    /// Calls a tool. An answer that one of the two kinds of client would lose something of is an error.
    pub fn call(&self, tool: &str, arguments: Value) -> Result<ToolResult> {
        let pending = self.start_call(tool, arguments)?;
        self.wait_call(pending, ANSWER_LIMIT).with_context(|| format!("{tool} over {:?}", self.0.era))
    }

    /// Every tool, all pages.
    pub fn list_tools(&self) -> Result<Vec<Value>> {
        let mut tools = Vec::new();
        let mut params = json!({});
        for _ in 0..MOST_PAGES {
            let page = self.request("tools/list", params)?.context("tools/list was refused")?;
            let listed = page.get("tools").and_then(Value::as_array).context("a list of tools")?;
            tools.extend(listed.iter().cloned());
            match page.get("nextCursor").filter(|cursor| !cursor.is_null()) {
                Some(cursor) => params = json!({ "cursor": cursor }),
                None => return Ok(tools),
            }
        }
        bail!("tools/list has more than {MOST_PAGES} pages")
    }

    /// The headers that a request of this client carries.
    pub fn headers(&self, method: &str, message: &Value) -> Vec<(String, String)> {
        let mut headers = vec![("MCP-Protocol-Version".to_owned(), self.0.era.version().to_owned())];
        match self.0.era {
            Era::Legacy => headers.extend(self.session().map(|id| ("Mcp-Session-Id".to_owned(), id))),
            Era::Modern => {
                headers.push(("Mcp-Method".to_owned(), method.to_owned()));
                if let Some(name) = ["/params/name", "/params/uri"].iter().find_map(|at| message.pointer(at)?.as_str())
                {
                    headers.push(("Mcp-Name".to_owned(), name.to_owned()));
                }
            }
        }
        headers
    }

    /// Parameters as this era wants them.
    fn params(&self, params: Value) -> Value {
        let mut params = match params {
            Value::Object(params) => params,
            _ => Map::new(),
        };
        if self.0.era == Era::Modern {
            params.insert(
                "_meta".to_owned(),
                json!({
                    "io.modelcontextprotocol/protocolVersion": self.0.era.version(),
                    "io.modelcontextprotocol/clientCapabilities": {},
                    "io.modelcontextprotocol/clientInfo": client_info(),
                }),
            );
        }
        Value::Object(params)
    }
}

fn client_info() -> Value {
    json!({ "name": "portcullis-testkit", "version": env!("CARGO_PKG_VERSION") })
}
