//! MCP over Streamable HTTP on a loopback address. Host and Origin are checked before anything else, the key before
//! anything of MCP; only `/health` needs no key, and it says nothing but that the server lives.

use crate::handler::{Caller, Handler};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use portcullis_config::Secret;
use portcullis_gate::Gate;
use portcullis_model::{Digest, Principal, Scope};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Bytes of one request's body.
const BODY_CAP: usize = 4 * 1024 * 1024;
/// How long an idle session of the older protocol is kept; many clients do not begin anew by themselves.
const SESSION_IDLE: Duration = Duration::from_secs(3600);

/// The HTTP server could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The address cannot be used.
    #[error("{address} cannot be listened on: {source}; choose another with --port")]
    Bind {
        /// Which address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The server failed while serving.
    #[error("the HTTP server failed: {0}")]
    Serve(std::io::Error),
}

/// A listening server that has not answered anything yet.
pub struct HttpServer {
    listener: TcpListener,
    address: SocketAddr,
}

/// What each request is checked against.
struct Checks {
    hosts: Vec<String>,
    origins: Vec<String>,
    key: Digest,
    principal: Principal,
}

impl HttpServer {
    /// Listens on a loopback address; port 0 takes a free one.
    pub async fn bind(address: SocketAddr) -> Result<Self, HttpError> {
        let bind = |source| HttpError::Bind { address, source };
        let listener = TcpListener::bind(address).await.map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        Ok(Self { listener, address })
    }

    /// The address that clients use.
    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// Serves until `stop` fires.
    pub async fn serve(self, gate: Gate, key: &Secret, stop: CancellationToken) -> Result<(), HttpError> {
        let port = self.address.port();
        let mut names = vec!["127.0.0.1".to_owned(), "localhost".to_owned(), "[::1]".to_owned()];
        let own = match self.address {
            SocketAddr::V4(address) => address.ip().to_string(),
            SocketAddr::V6(address) => format!("[{}]", address.ip()),
        };
        if !names.contains(&own) {
            names.push(own);
        }
        let hosts: Vec<String> = names.iter().map(|name| format!("{name}:{port}")).collect();
        let origins: Vec<String> = hosts.iter().map(|host| format!("http://{host}")).collect();
        let checks = Arc::new(Checks {
            hosts: hosts.clone(),
            origins: origins.clone(),
            key: Digest::of(key.expose().as_bytes()),
            principal: Principal::key("default", [Scope::Observe, Scope::Interact]),
        });
        let mut sessions = LocalSessionManager::default();
        sessions.session_config.keep_alive = Some(SESSION_IDLE);
        let config = StreamableHttpServerConfig::default()
            .with_allowed_hosts(hosts)
            .with_allowed_origins(origins)
            .enforce_origin_validation()
            .with_max_request_body_bytes(BODY_CAP)
            .with_cancellation_token(stop.clone());
        let service = StreamableHttpService::new(
            move || Ok(Handler::new(gate.clone(), Caller::FromRequest)),
            Arc::new(sessions),
            config,
        );
        let app = Router::new()
            .nest_service("/mcp", service)
            .layer(from_fn_with_state(Arc::clone(&checks), authenticate))
            .route("/health", get(health))
            .layer(from_fn_with_state(checks, check_addressing));
        // A reply is several small writes; with Nagle's algorithm each call would wait for a delayed acknowledgement.
        let listener = self.listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::warn!(%error, "a connection keeps Nagle's algorithm and will be slow");
            }
        });
        axum::serve(listener, app)
            .with_graceful_shutdown(async move { stop.cancelled().await })
            .await
            .map_err(HttpError::Serve)
    }
}

async fn health() -> impl IntoResponse {
    Json(json!({ "status": "ok" }))
}

/// The only value of a header; `Err` when there are several or it is not text.
fn only<'headers>(headers: &'headers HeaderMap, name: &HeaderName) -> Result<Option<&'headers str>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| ()),
        (Some(_), Some(_)) => Err(()),
    }
}

/// Refuses foreign hosts and origins: a web page that points a name of its own at this address must get nothing.
async fn check_addressing(State(checks): State<Arc<Checks>>, request: Request, next: Next) -> Response {
    let listed = |list: &[String], value: &str| list.iter().any(|known| known.eq_ignore_ascii_case(value));
    let host_fits = match only(request.headers(), &header::HOST) {
        Ok(Some(host)) => listed(&checks.hosts, host),
        Ok(None) | Err(()) => false,
    };
    // A target in absolute form names a host of its own, which RFC 9112 (3.2.2) puts above the header.
    let target_fits = request.uri().authority().is_none_or(|authority| listed(&checks.hosts, authority.as_str()));
    if !host_fits || !target_fits {
        return refusal(StatusCode::FORBIDDEN, "the Host header or the request target names no address of this server");
    }
    let origin_fits = match only(request.headers(), &header::ORIGIN) {
        Ok(None) => true,
        Ok(Some(origin)) => listed(&checks.origins, origin),
        Err(()) => false,
    };
    if !origin_fits {
        return refusal(StatusCode::FORBIDDEN, "the Origin header names no page of this server");
    }
    next.run(request).await
}

/// Turns the key into a principal, or refuses.
async fn authenticate(State(checks): State<Arc<Checks>>, mut request: Request, next: Next) -> Response {
    let given = match only(request.headers(), &header::AUTHORIZATION) {
        Ok(Some(value)) => value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")),
        Ok(None) | Err(()) => None,
    };
    // Digests are compared, so neither the length nor the place of a difference shows in the time taken.
    let fits =
        given.is_some_and(|(_, key)| Digest::of(key.trim().as_bytes()).as_bytes().ct_eq(checks.key.as_bytes()).into());
    if !fits {
        let mut response = refusal(StatusCode::UNAUTHORIZED, "a key is needed: Authorization: Bearer <key>");
        let challenge = HeaderValue::from_static("Bearer realm=\"portcullis\", scope=\"observe\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        return response;
    }
    request.extensions_mut().insert(checks.principal.clone());
    next.run(request).await
}

fn refusal(status: StatusCode, reason: &str) -> Response {
    let body = json!({ "error": reason }).to_string();
    (status, [(header::CONTENT_TYPE, "application/json")], Body::from(body)).into_response()
}
