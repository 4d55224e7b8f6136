//! MCP over Streamable HTTP and HTTPS: the parts of the server put together, and what is looked after while it runs. What a
//! request must pass is in `check.rs`.

mod accept;
pub(crate) mod addressing;
mod body;
mod check;
pub(crate) mod client;
mod connections;
mod leaving;
mod limits;
mod metrics;
mod sessions;
mod step_up;
mod words;

pub(crate) use check::only;

use crate::auth::certificates::Certificates;
use crate::auth::challenge::Challenges;
use crate::auth::keys::{HttpKey, KeyRing};
use crate::auth::oauth::OAuth;
use crate::auth::{Authenticate, Credential, Ways};
use crate::handler::{Caller, Handler};
use crate::tls::{ClientAuthorities, Fingerprint, Served, TlsIdentity};
use accept::Answering;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use check::{Checks, HEALTH, METRICS, check, health};
use client::Clients;
use connections::Connections;
use limits::Limits;
use metrics::Metrics;
pub use metrics::{Number, Numbers};
use portcullis_config::{Dialect, HttpSettings};
use portcullis_gate::Gate;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use sessions::Sessions;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// Bytes of one request's body.
const BODY_CAP: usize = 4 * 1024 * 1024;
/// How often keys are looked at, and half as often the certificate: what the owner does to a key holds within a second.
const WATCH_EVERY: Duration = Duration::from_millis(500);

/// The HTTP server could not start.
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
    /// Certificate or key cannot be used.
    #[error("TLS cannot be served: {0}")]
    Tls(String),
    /// The issuer's tokens could not be checked.
    #[error("tokens cannot be taken: {0}")]
    OAuth(String),
    /// There are no keys, so nobody could come in.
    #[error("the keys cannot be read: {0}")]
    Keys(String),
    /// A proxy could not say from whom a request came.
    #[error("the proxies cannot be believed: {0}")]
    Proxies(String),
}

/// What the owner keeps in files and may change while the server runs. Each call says what is new, or nothing when it is
/// what it was; the first call says what there is.
pub type Source<T> = Box<dyn FnMut() -> Option<Result<T, String>> + Send>;

/// How to serve.
pub struct HttpOptions {
    /// Where to listen and whom to believe; a port 0 takes a free one.
    pub settings: HttpSettings,
    /// With which certificate; plain HTTP without one.
    pub tls: Option<Source<TlsIdentity>>,
    /// The authorities of clients' certificates, where these open the server.
    pub authorities: Option<Source<ClientAuthorities>>,
    /// The keys that open the server.
    pub keys: Source<Vec<HttpKey>>,
    /// The issuer's keys, where the owner keeps them in a file.
    pub jwks: Option<Source<Vec<u8>>>,
    /// What else `/metrics` says.
    pub numbers: Numbers,
    /// In whose names tools are listed.
    pub dialect: Dialect,
}

/// A listening server that has not answered anything yet.
pub struct HttpServer {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Tls>,
    keys: Source<Vec<HttpKey>>,
    ways: Ways,
    challenges: Challenges,
    jwks: Option<Source<Vec<u8>>>,
    settings: HttpSettings,
    numbers: Numbers,
    dialect: Dialect,
}

/// The certificate that is served, and where the next one comes from.
struct Tls {
    source: Source<TlsIdentity>,
    authorities: Option<Source<ClientAuthorities>>,
    served: Arc<Served>,
    fingerprint: Fingerprint,
}

impl Tls {
    fn start(
        mut source: Source<TlsIdentity>,
        mut authorities: Option<Source<ClientAuthorities>>,
    ) -> Result<Self, HttpError> {
        let first = source().unwrap_or_else(|| Err("there is no certificate".to_owned()));
        let identity = first.map_err(HttpError::Tls)?;
        let vouching = authorities.as_mut().map(|source| source().unwrap_or_else(|| Err("there are none".to_owned())));
        let vouching = vouching.transpose().map_err(HttpError::Tls)?;
        let fingerprint = identity.fingerprint();
        let served = Served::new(identity, vouching).map_err(|error| HttpError::Tls(error.to_string()))?;
        Ok(Self { source, authorities, served, fingerprint })
    }

    /// Takes over what changed in the files.
    fn look(&mut self, certificates: Option<&Certificates>) {
        match (self.source)() {
            None => {}
            Some(Ok(identity)) => {
                let fingerprint = identity.fingerprint();
                match self.served.replace(identity) {
                    Ok(()) => tracing::info!(%fingerprint, "the certificate was read again"),
                    Err(error) => tracing::warn!(%error, "the new certificate cannot be used; the old one stays"),
                }
            }
            Some(Err(why)) => tracing::warn!(why, "the new certificate cannot be used; the old one stays"),
        }
        let Some((certificates, authorities)) = certificates.zip(self.authorities.as_mut()) else { return };
        let Some(read) = authorities() else { return };
        let replaced = read.and_then(|new| self.served.replace_authorities(new).map_err(|error| error.to_string()));
        match &replaced {
            Ok(_) => tracing::info!("the authorities of clients were read again; what the old ones vouched for ends"),
            // Whose word still counts is not known, so nobody's does.
            Err(why) => {
                tracing::error!(
                    why,
                    "the authorities of clients cannot be read: no certificate opens this server until they can"
                );
            }
        }
        certificates.vouched_by(replaced.ok());
    }
}

impl HttpServer {
    /// Reads certificate and keys, and listens.
    pub async fn bind(options: HttpOptions) -> Result<Self, HttpError> {
        let HttpOptions { mut settings, tls, authorities, mut keys, mut jwks, numbers, dialect } = options;
        let address = settings.address.value;
        let tls = tls.map(|source| Tls::start(source, authorities)).transpose()?;
        let ring = KeyRing::default();
        let first = keys().unwrap_or_else(|| Err("there are none".to_owned()));
        ring.replace(first.map_err(HttpError::Keys)?);
        let oauth = settings.oauth.as_ref().map(OAuth::new).transpose().map_err(HttpError::OAuth)?.map(Arc::new);
        if let (Some(oauth), Some(jwks)) = (&oauth, &mut jwks) {
            let first = jwks().unwrap_or_else(|| Err("there are none".to_owned()));
            oauth.replace_keys(Ok(first.map_err(HttpError::OAuth)?));
        }
        let challenges = Challenges::new(settings.oauth.as_ref());
        let certificates = settings.certificates.take().map(|found| Arc::new(Certificates::new(found.holders)));
        let ways = Ways { keys: ring, oauth, certificates };
        let bind = |source| HttpError::Bind { address, source };
        let listener = TcpListener::bind(address).await.map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        Ok(Self { listener, address, tls, keys, ways, challenges, jwks, settings, numbers, dialect })
    }

    /// The address that clients use.
    pub fn url(&self) -> String {
        format!("{}://{}/mcp", self.scheme(), self.address)
    }

    /// The fingerprint of the certificate that is served first.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.tls.as_ref().map(|tls| tls.fingerprint)
    }

    fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Serves until `stop` fires.
    pub async fn serve(self, gate: Gate, stop: CancellationToken) -> Result<(), HttpError> {
        let scheme = self.scheme();
        let HttpSettings { allowlist, proxies, public_host, rate, .. } = self.settings;
        let clients = Arc::new(Clients::new(allowlist, proxies).map_err(HttpError::Proxies)?);
        let public_hosts = public_host.map(|host| host.authorities()).unwrap_or_default();
        let tls = self.tls.as_ref().map(|tls| Arc::clone(&tls.served));
        let sessions = Sessions::new();
        let connections = Connections::new();
        let checks = Arc::new(Checks {
            public_hosts,
            clients: Arc::clone(&clients),
            scheme,
            ways: self.ways,
            challenges: self.challenges,
            gate: gate.clone(),
            sessions: Arc::clone(&sessions),
            calls: Arc::default(),
            connections: Arc::clone(&connections),
            limits: Limits::new(rate),
            metrics: Metrics::new(self.numbers),
        });
        // Host and Origin were checked before the SDK sees a request, by a stricter rule than its own.
        let config = StreamableHttpServerConfig::default()
            .disable_allowed_hosts()
            .with_max_request_body_bytes(BODY_CAP)
            .with_cancellation_token(stop.clone());
        let handler = Handler::new(gate, self.dialect, Caller::FromRequest, Arc::clone(&checks.calls));
        let service = StreamableHttpService::new(move || Ok(handler.clone()), sessions, config);
        let router = Router::new()
            .nest_service("/mcp", service)
            .route(HEALTH, get(health))
            .route(METRICS, get(check::metrics))
            .fallback(check::no_page)
            .layer(from_fn_with_state(Arc::clone(&checks), check))
            .with_state(Arc::clone(&checks));
        let watching =
            Watching { checks: Arc::clone(&checks), keys: self.keys, jwks: self.jwks, tls: self.tls, is_even: false };
        tokio::spawn(watching.run(stop.clone()));
        let answering =
            Answering { router, tls, connections, stop, is_proxy: Arc::new(move |peer| clients.is_proxy(peer)) };
        accept::run(&self.listener, &answering).await;
        Ok(())
    }
}

/// What is looked after while the server runs.
struct Watching {
    checks: Arc<Checks>,
    keys: Source<Vec<HttpKey>>,
    jwks: Option<Source<Vec<u8>>>,
    tls: Option<Tls>,
    /// The certificate is looked at with every other look.
    is_even: bool,
}

impl Watching {
    /// Takes over what changed, and ends what was opened by keys that have ended, until `stop` fires.
    async fn run(mut self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(WATCH_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stop.cancelled() => return,
            }
            let checks = Arc::clone(&self.checks);
            // Files are read where waiting for them holds up no request.
            let Ok(back) = tokio::task::spawn_blocking(move || self.look()).await else {
                tracing::error!("keys and certificate are no longer watched: no key opens this server");
                checks.ways.keys.replace(Vec::new());
                if let Some(oauth) = &checks.ways.oauth {
                    oauth.replace_keys(Err("they are no longer watched".to_owned()));
                }
                if let Some(certificates) = &checks.ways.certificates {
                    certificates.vouched_by(None);
                }
                return;
            };
            self = back;
            let has_ended = |credential: &Credential| !self.checks.ways.is_good(credential);
            self.checks.calls.end_where(has_ended);
            self.checks.sessions.end_where(has_ended).await;
        }
    }

    fn look(mut self) -> Self {
        match (self.keys)() {
            None => {}
            Some(Ok(keys)) => {
                tracing::info!(count = keys.len(), "the keys were read again");
                self.checks.ways.keys.replace(keys);
            }
            Some(Err(why)) => {
                // Which of the keys that were good still are is not known, so none is.
                tracing::error!(why, "the keys cannot be read: no key opens this server until they can");
                self.checks.ways.keys.replace(Vec::new());
            }
        }
        // Also where no file changed: a key may have come to its end.
        self.checks.gate.forget_ended_keys(|key| self.checks.ways.is_good(&Credential::Key(*key)));
        if let (Some(oauth), Some(jwks)) = (&self.checks.ways.oauth, &mut self.jwks)
            && let Some(text) = jwks()
        {
            oauth.replace_keys(text);
        }
        self.is_even = !self.is_even;
        if let Some(tls) = self.tls.as_mut().filter(|_| self.is_even) {
            tls.look(self.checks.ways.certificates.as_deref());
        }
        self
    }
}
