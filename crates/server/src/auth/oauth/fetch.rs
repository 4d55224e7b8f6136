//! Fetches the issuer's metadata and keys: two small documents over HTTP/1.1, each with a cap, no redirect followed and no
//! cookie kept. The deadline is the caller's. What the documents are worth is judged elsewhere, but for whose they are.

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use portcullis_config::{JwksPlace, OAuthSettings, ServiceUrl};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Bytes of a document.
const DOCUMENT_CAP: usize = 256 * 1024;
/// Bytes of an answer's head.
const HEAD_CAP: usize = 32 * 1024;

/// Why there are no keys. No text of the other side is in it.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("{url} cannot be reached: {source}")]
    Unreachable { url: String, source: std::io::Error },
    #[error("{url} does not speak HTTP in order: {source}")]
    Http { url: String, source: hyper::Error },
    #[error("{0} answers with a redirect, which is not followed; name the place itself")]
    Redirect(String),
    #[error("{url} answers {status}")]
    Status { url: String, status: u16 },
    #[error("{url} sends more than {cap} bytes, or breaks off")]
    Body { url: String, cap: usize },
    #[error("{0} holds no metadata of an authorization server")]
    NoMetadata(String),
    #[error("{0} holds the metadata of another issuer; `oauth.issuer` is to be exactly what they say")]
    OtherIssuer(String),
    #[error("{0} names keys at a place that is not taken: {1}")]
    Place(String, String),
    #[error("the document is no set of keys (RFC 7517)")]
    NoKeySet,
    #[error("the set holds more than {0} keys")]
    TooManyKeys(usize),
    #[error("they did not come within {} s", .0.as_secs())]
    Late(Duration),
    #[error("the fetch broke off")]
    Broken,
}

/// Fetches documents of one issuer.
pub(super) struct Fetcher {
    issuer: ServiceUrl,
    /// Where the keys are, when that is said.
    jwks: Option<ServiceUrl>,
    tls: Option<TlsConnector>,
}

impl Fetcher {
    /// Nothing when the keys lie in a file. Certificates are checked by the roots of the operating system, so that an
    /// issuer of one's own company is trusted as a browser on this machine trusts it.
    pub(super) fn new(settings: &OAuthSettings) -> Result<Option<Self>, String> {
        let jwks = match &settings.jwks {
            JwksPlace::File(_) => return Ok(None),
            JwksPlace::Discovered => None,
            JwksPlace::Url(url) => Some(url.clone()),
        };
        let tls = settings.fetches_over_tls().then(|| connector(system_roots()?)).transpose()?;
        Ok(Some(Self { issuer: settings.issuer.clone(), jwks, tls }))
    }

    /// The key set's text.
    pub(super) async fn keys(&self) -> Result<Vec<u8>, FetchError> {
        let place = match &self.jwks {
            Some(place) => place.clone(),
            None => self.discover().await?,
        };
        Ok(self.get(&place).await?.to_vec())
    }

    /// Where the metadata say that the keys are: those of RFC 8414, else those of OpenID Connect.
    async fn discover(&self) -> Result<ServiceUrl, FetchError> {
        let path = self.issuer.path().trim_end_matches('/');
        let of_oauth = format!("/.well-known/oauth-authorization-server{path}");
        let of_openid = format!("{path}/.well-known/openid-configuration");
        let mut last = FetchError::Broken;
        for path in [of_oauth, of_openid] {
            let place = self.issuer.with_path(&path).map_err(|rule| FetchError::Place(path.clone(), rule))?;
            match self.get(&place).await {
                Ok(text) => return self.jwks_of(&place, &text),
                Err(error @ FetchError::Status { .. }) => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    fn jwks_of(&self, place: &ServiceUrl, text: &[u8]) -> Result<ServiceUrl, FetchError> {
        #[derive(Deserialize)]
        struct Metadata {
            issuer: String,
            jwks_uri: String,
        }
        let url = place.to_string();
        let found: Metadata = serde_json::from_slice(text).map_err(|_| FetchError::NoMetadata(url.clone()))?;
        if found.issuer != self.issuer.as_str() {
            return Err(FetchError::OtherIssuer(url));
        }
        let jwks: ServiceUrl =
            found.jwks_uri.parse().map_err(|rule: String| FetchError::Place(url.clone(), format!("it is {rule}")))?;
        if self.issuer.is_https() && !jwks.is_https() {
            return Err(FetchError::Place(url, "it is fetched with https, as its issuer is".to_owned()));
        }
        Ok(jwks)
    }

    async fn get(&self, place: &ServiceUrl) -> Result<Bytes, FetchError> {
        let unreachable = |source| FetchError::Unreachable { url: place.to_string(), source };
        let stream = TcpStream::connect((place.host(), place.port())).await.map_err(unreachable)?;
        if !place.is_https() {
            return speak(stream, place).await;
        }
        let tls = self.tls.as_ref().ok_or(FetchError::Broken)?;
        let name = ServerName::try_from(place.host().to_owned());
        let name = name.map_err(|_| unreachable(std::io::ErrorKind::InvalidInput.into()))?;
        speak(tls.connect(name, stream).await.map_err(unreachable)?, place).await
    }
}

fn system_roots() -> Result<RootCertStore, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        return Err("this system has no root certificates, by which the issuer of tokens could be checked".to_owned());
    }
    Ok(roots)
}

fn connector(roots: RootCertStore) -> Result<TlsConnector, String> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// One request, and the whole of its answer.
async fn speak(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    place: &ServiceUrl,
) -> Result<Bytes, FetchError> {
    let url = || place.to_string();
    let failed = |source| FetchError::Http { url: url(), source };
    let mut http = http1::Builder::new();
    http.max_buf_size(HEAD_CAP);
    let (mut sender, connection) = http.handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let path = if place.path().is_empty() { "/" } else { place.path() };
    let request = Request::get(path)
        .header(header::HOST, place.authority())
        .header(header::ACCEPT, "application/json")
        .header(header::CONNECTION, "close")
        .body(Body::empty())
        .map_err(|_| FetchError::Broken)?;
    let asking = async move {
        let answer = sender.send_request(request).await.map_err(failed)?;
        match answer.status() {
            StatusCode::OK => {}
            status if status.is_redirection() => return Err(FetchError::Redirect(url())),
            status => return Err(FetchError::Status { url: url(), status: status.as_u16() }),
        }
        let body = to_bytes(Body::new(answer.into_body()), DOCUMENT_CAP).await;
        body.map_err(|_| FetchError::Body { url: url(), cap: DOCUMENT_CAP })
    };
    // The connection ends when the one request is answered; what became of it then is no matter.
    let mut asking = std::pin::pin!(asking);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        answer = asking.as_mut() => answer,
        _ = connection.as_mut() => asking.await,
    }
}

#[cfg(test)]
#[path = "fetch_tests.rs"]
mod tests;
