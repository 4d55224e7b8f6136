//! What every request passes before anything of MCP sees it, in one order: where it is meant to go and which page sent it,
//! from where it comes, who sends it. Each refusal is a status and a sentence; nothing that a caller sent is repeated.

use super::BODY_CAP;
use super::addressing::{Foreign, Names};
use super::body;
use super::client::Clients;
use super::connections::{Connection, Connections};
use super::limits::{Limits, Site};
use super::metrics::Metrics;
use super::sessions::{self, CALLER, Sessions};
use super::step_up;
use super::words;
use crate::auth::challenge::Challenges;
use crate::auth::{Authenticate, Authenticated, Head, Refusal, Shown, Ways};
use crate::calls::Calls;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use portcullis_gate::Gate;
use portcullis_model::{Principal, Scope, Unclear, require_clear};
use serde_json::json;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// The one path besides the resource's metadata that needs no key.
pub(super) const HEALTH: &str = "/health";
/// The header that names a session.
const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
/// The parameter of a query in which some clients send a token (RFC 6750, 2.3). Queries end in logs and histories.
const TOKEN_PARAMETER: &str = "access_token";
/// Where what was counted is read.
pub(super) const METRICS: &str = "/metrics";
/// Seconds after which a client that was refused a session may ask again.
const SESSION_PAUSE: u64 = 60;

/// What each request is checked against.
pub(super) struct Checks {
    /// What clients may call this server beside its own addresses.
    pub(super) public_hosts: Vec<String>,
    pub(super) clients: Arc<Clients>,
    /// Of this server's own pages.
    pub(super) scheme: &'static str,
    pub(super) ways: Ways,
    pub(super) challenges: Challenges,
    pub(super) gate: Gate,
    pub(super) sessions: Arc<Sessions>,
    pub(super) calls: Arc<Calls>,
    pub(super) connections: Arc<Connections>,
    pub(super) limits: Limits,
    pub(super) metrics: Metrics,
}

/// What was counted, for who may look.
pub(super) async fn metrics(State(checks): State<Arc<Checks>>, Extension(principal): Extension<Principal>) -> Response {
    if !principal.holds(Scope::Observe) {
        let turned = Turned::new(StatusCode::FORBIDDEN, "scope", "this needs the scope observe");
        let challenge = checks.challenges.insufficient(&[Scope::Observe]);
        return turned.with(header::WWW_AUTHENTICATE, challenge).response;
    }
    checks.metrics.page(checks.connections.count(), checks.sessions.count())
}

pub(super) async fn health() -> impl IntoResponse {
    Json(json!({ "status": "ok" }))
}

/// Any other path.
pub(super) async fn no_page() -> Response {
    let reason = format!("there is nothing at this path; MCP is at /mcp, beside it are {HEALTH} and {METRICS}");
    Turned::new(StatusCode::NOT_FOUND, "path", &reason).response
}

/// The only value of a header; `Err` when there are several or it is not text.
pub(crate) fn only<'headers>(headers: &'headers HeaderMap, name: &HeaderName) -> Result<Option<&'headers str>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| ()),
        (Some(_), Some(_)) => Err(()),
    }
}

/// A request that does not get through: the answer, and the word under which it is counted.
pub(super) struct Turned {
    why: &'static str,
    response: Response,
}

impl Turned {
    pub(super) fn new(status: StatusCode, why: &'static str, reason: &str) -> Self {
        let body = words::refusal(why, reason);
        let response = (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
        Self { why, response }
    }

    pub(super) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.response.headers_mut().insert(name, value);
        self
    }

    /// Too much of something, and when to try again: in whole seconds, at least one.
    fn too_much(why: &'static str, reason: &str, wait: Duration) -> Self {
        let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1);
        Self::new(StatusCode::TOO_MANY_REQUESTS, why, reason).with(header::RETRY_AFTER, HeaderValue::from(seconds))
    }
}

/// Whatever comes passes here, and is counted.
pub(super) async fn check(State(checks): State<Arc<Checks>>, request: Request, next: Next) -> Response {
    let response = match pass(&checks, request, next).await {
        Ok(response) => response,
        Err(turned) => {
            checks.metrics.refused(turned.why);
            turned.response
        }
    };
    checks.metrics.answered(response.status());
    response
}

/// First where it is meant to go and which page sent it, then from where it comes, then by what it is known. Only [`HEALTH`]
/// and the resource's metadata need no credential.
async fn pass(checks: &Checks, mut request: Request, next: Next) -> Result<Response, Turned> {
    let Some(connection) = request.extensions().get::<Arc<Connection>>().cloned() else {
        return Err(Turned::new(StatusCode::INTERNAL_SERVER_ERROR, "connection", "the request came by no connection"));
    };
    check_addressing(checks, &connection, &request)?;
    if request.uri().path() == HEALTH {
        // Who asks for a proxy's own health names no client.
        let client = checks.clients.client(connection.peer.ip(), request.headers());
        count_stranger(checks, Site::of(client.unwrap_or(connection.peer.ip())))?;
        return Ok(next.run(request).await);
    }
    let client = find_client(checks, &connection, &request)?;
    if let Some(found) = checks.ways.oauth.as_ref().and_then(|oauth| oauth.metadata(request.uri().path())) {
        count_stranger(checks, Site::of(client))?;
        return match *request.method() {
            Method::GET | Method::HEAD => Ok(Json(found).into_response()),
            _ => Err(Turned::new(StatusCode::METHOD_NOT_ALLOWED, "method", "the metadata are read with GET")),
        };
    }
    let known = authenticate(checks, &connection, request.headers(), request.uri(), client).await?;
    connection.is_known();
    checks
        .limits
        .principal(&known.principal)
        .map_err(|wait| Turned::too_much("principal", "this principal has sent too many requests", wait))?;
    check_end_of_session(checks, &request, &known)?;
    if request.method() == Method::POST {
        let (parts, bytes) = read_clear(&connection, request).await?;
        request = step_up::check(checks, &known, parts, bytes).await?;
    }
    request.extensions_mut().insert(known.principal.clone());
    request.extensions_mut().insert(known.credential.clone());
    // Work that a call leaves in the background ends with the session, so the call has to know of it.
    let session = only(request.headers(), &SESSION).ok().flatten();
    let end = session.filter(|id| checks.sessions.belongs(id, &known)).map(|id| checks.sessions.end_of(id));
    if let Some(end) = end {
        request.extensions_mut().insert(end);
    }
    let caller = sessions::Caller::new(known);
    let sent_json = words::is_json(request.headers());
    let ends_session = request.method() == Method::DELETE;
    let response = CALLER.scope(Arc::clone(&caller), next.run(request)).await;
    if caller.was_refused() {
        let reason = "there are too many sessions; try again when others have ended";
        let turned = Turned::new(StatusCode::SERVICE_UNAVAILABLE, "sessions", reason);
        return Err(turned.with(header::RETRY_AFTER, HeaderValue::from(SESSION_PAUSE)));
    }
    check_body(&connection)?;
    if ends_session && response.status() == StatusCode::ACCEPTED {
        // The SDK answers as if the end were still to come, and clients take that for a failure; the session is gone.
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Ok(words::in_words(response, sent_json))
}

/// Reads a request's body, and refuses one in which a name stands twice: the SDK takes the last of two and says nothing.
async fn read_clear(connection: &Connection, request: Request) -> Result<(Parts, Bytes), Turned> {
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, BODY_CAP).await else {
        check_body(connection)?;
        // One that broke off has nobody left to read this.
        return Err(Turned::new(StatusCode::PAYLOAD_TOO_LARGE, "body", &words::too_large()));
    };
    match require_clear(&bytes) {
        Err(unclear @ Unclear::Repeated(_)) => {
            Err(Turned::new(StatusCode::BAD_REQUEST, "message", &unclear.to_string()))
        }
        // What cannot be read is the SDK's to refuse.
        Ok(()) | Err(Unclear::Unreadable) => Ok((parts, bytes)),
    }
}

/// Refuses a request whose body did not come in time.
pub(super) fn check_body(connection: &Connection) -> Result<(), Turned> {
    if !connection.body_late.load(Ordering::Relaxed) {
        return Ok(());
    }
    let (status, reason) = body::LATE;
    Err(Turned::new(status, "body", reason).with(header::CONNECTION, HeaderValue::from_static("close")))
}

/// Refuses what is not meant for this server or was sent by a page of another.
fn check_addressing(checks: &Checks, connection: &Connection, request: &Request) -> Result<(), Turned> {
    let names = Names {
        scheme: checks.scheme,
        local: connection.local,
        authority: &connection.authority,
        public_hosts: &checks.public_hosts,
    };
    names.check(request.uri(), request.headers()).map_err(|foreign| {
        let (why, reason) = match foreign {
            Foreign::Host => (
                "host",
                "the `Host` header or the request target names no address of this server; use the address that it \
                 printed, or have the owner name this one with --public-host",
            ),
            Foreign::Origin => {
                ("origin", "the `Origin` header names no page of this server; a program that is no browser sends none")
            }
        };
        Turned::new(StatusCode::FORBIDDEN, why, reason)
    })
}

/// Finds out from where the request comes, and refuses what may not come from there.
fn find_client(checks: &Checks, connection: &Connection, request: &Request) -> Result<IpAddr, Turned> {
    let client = checks.clients.client(connection.peer.ip(), request.headers()).map_err(|why| {
        if checks.limits.stranger(Site::of(connection.peer.ip())).is_ok() {
            tracing::warn!(peer = %connection.peer.ip(), ?why, "a listed proxy does not say clearly for whom it asks");
        }
        Turned::new(StatusCode::BAD_REQUEST, "proxy", &checks.clients.remedy(&why))
    })?;
    if !checks.clients.may_come(client) {
        return Err(Turned::new(StatusCode::FORBIDDEN, "address", &format!("requests from {client} are not taken")));
    }
    Ok(client)
}

/// Counts a request without a good key.
fn count_stranger(checks: &Checks, site: Site) -> Result<(), Turned> {
    let reason = "too many requests without a good key came from this address";
    checks.limits.stranger(site).map_err(|wait| Turned::too_much("stranger", reason, wait))
}

/// Whether a query carries a token, however its name is written.
fn has_token(uri: &Uri) -> bool {
    let mut pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    pairs.any(|(name, _)| name.eq_ignore_ascii_case(TOKEN_PARAMETER))
}

/// Finds out who sends the request, or refuses.
async fn authenticate(
    checks: &Checks,
    connection: &Connection,
    headers: &HeaderMap,
    uri: &Uri,
    client: IpAddr,
) -> Result<Authenticated, Turned> {
    let site = Site::of(client);
    if let Some(wait) = checks.limits.penalties.left(site, Instant::now()) {
        let reason = "this address has guessed at keys; nothing that it sends is looked at until the wait is over";
        return Err(Turned::too_much("penalty", reason, wait));
    }
    // What a listed proxy shows proves the proxy, and not for whom it asks.
    let is_proxy = checks.clients.is_proxy(connection.peer.ip().to_canonical());
    let certificate = connection.certificate.get().filter(|_| !is_proxy);
    let head = Head { headers, client, certificate };
    // A token there is never read. Beside one in its place the request is refused (RFC 6750, 2), without one it has none.
    if has_token(uri) && head.shown() != Shown::Nothing {
        let reason = "a token in the query is refused: it is sent in the Authorization header alone";
        let turned = Turned::new(StatusCode::BAD_REQUEST, "query", reason);
        let challenge = checks.challenges.unauthorized(Some("invalid_request"));
        return Err(turned.with(header::WWW_AUTHENTICATE, challenge));
    }
    let refused = match checks.ways.authenticate(&head).await {
        Ok(known) => return Ok(known),
        Err(refused) => refused,
    };
    let (error, count, why) = match refused {
        Refusal::Nothing(why) => (None, "no_key", why),
        Refusal::Wrong { shown, why } => {
            checks.limits.penalties.guess(site, shown, Instant::now());
            (Some("invalid_token"), "wrong_key", why)
        }
    };
    // The rate holds for lines of the log too.
    count_stranger(checks, site)?;
    tracing::info!(%client, why, "a request without a good key");
    let reason = match error {
        None => {
            "a key is needed: send `Authorization: Bearer KEY`; the owner has it in http.key or makes one with \
             `portcullis key new`"
        }
        // Which of these it is, is the owner's to know.
        Some(_) => {
            "what was sent opens nothing here: it is unknown, was taken back or has ended; the owner sees the keys with \
             `portcullis key list`"
        }
    };
    let turned = Turned::new(StatusCode::UNAUTHORIZED, count, reason);
    Err(turned.with(header::WWW_AUTHENTICATE, checks.challenges.unauthorized(error)))
}

/// The SDK ends a session without asking whether it is there, so whose it is is asked here.
fn check_end_of_session(checks: &Checks, request: &Request, known: &Authenticated) -> Result<(), Turned> {
    if request.method() != Method::DELETE {
        return Ok(());
    }
    let is_own = match only(request.headers(), &SESSION) {
        Ok(None) => true,
        Ok(Some(id)) => checks.sessions.belongs(id, known),
        Err(()) => false,
    };
    if is_own {
        Ok(())
    } else {
        Err(Turned::new(StatusCode::NOT_FOUND, "session", "there is no such session of this caller"))
    }
}
