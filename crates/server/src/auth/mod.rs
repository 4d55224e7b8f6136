//! Who calls over HTTP. One trait turns a request's head, its client's address and certificate into a principal or a refusal;
//! each way of authentication is one implementation, and [`Ways`] puts them together. What a principal may do is not decided
//! here.

pub(crate) mod certificates;
pub(crate) mod challenge;
pub(crate) mod keys;
pub(crate) mod oauth;

use crate::http::only;
use crate::tls::{Generation, ShownCertificate};
use axum::http::{HeaderMap, header};
use certificates::Certificates;
use keys::KeyRing;
use oauth::OAuth;
use portcullis_model::{Digest, Principal};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;

/// What is known of a request before its body is read.
pub(crate) struct Head<'request> {
    /// Its headers, as sent.
    pub(crate) headers: &'request HeaderMap,
    /// Its client's address: the socket's peer, or what a listed proxy says.
    #[expect(dead_code, reason = "a way of authentication may bind a credential to an address")]
    pub(crate) client: IpAddr,
    /// The certificate that the client showed and proved, if TLS asked for one. A proxy's is none of its client's.
    pub(crate) certificate: Option<&'request ShownCertificate>,
}

/// What a head's `Authorization` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown<'head> {
    /// There is none, or it is of another scheme.
    Nothing,
    /// This text of the scheme Bearer.
    Bearer(&'head str),
    /// Several, or no text: nothing that an honest client sends.
    Unclear,
}

impl Head<'_> {
    /// What the client shows beside its certificate.
    pub(crate) fn shown(&self) -> Shown<'_> {
        let Ok(value) = only(self.headers, &header::AUTHORIZATION) else { return Shown::Unclear };
        let bearer = value.and_then(|value| value.split_once(' '));
        match bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) {
            Some((_, text)) => Shown::Bearer(text.trim()),
            None => Shown::Nothing,
        }
    }
}

/// By what a caller is known. What was opened by a credential ends with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    /// A key of ours, by the digest of its text.
    Key(Digest),
    /// A token of an authorization server.
    Token {
        /// Of its text.
        digest: Digest,
        /// The issuer's key that signed it.
        signer: Digest,
        /// When it ends.
        ends: SystemTime,
    },
    /// A client's certificate.
    Certificate {
        /// Of the whole of it.
        digest: Digest,
        /// Which authorities vouched for it.
        vouched_by: Generation,
        /// When it ends.
        ends: SystemTime,
    },
}

/// A caller that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authenticated {
    /// Who it is.
    pub(crate) principal: Principal,
    /// By which credential.
    pub(crate) credential: Credential,
}

/// A caller that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It showed nothing that opens anything, and guessed at nothing; in words of ours, for the owner's log.
    Nothing(&'static str),
    /// It showed something that opens nothing: a wrong guess, which is counted.
    Wrong {
        /// The digest of what it showed, when that was one thing: the same again is stale, and no guess.
        shown: Option<Digest>,
        /// For the owner's log, in words of ours.
        why: &'static str,
    },
}

/// One way of authentication.
pub(crate) trait Authenticate: Send + Sync {
    /// Who sends this request. It may have to wait, at most for the deadline of a fetch, and holds up no other request.
    fn authenticate(&self, head: &Head<'_>) -> impl Future<Output = Result<Authenticated, Refusal>> + Send;

    /// Whether a credential that was good still is.
    fn is_good(&self, credential: &Credential) -> bool;
}

/// All ways of one server. What a client shows decides which one is asked, and that one alone: what one way refuses is not
/// tried on the next.
pub(crate) struct Ways {
    pub(crate) keys: KeyRing,
    pub(crate) oauth: Option<Arc<OAuth>>,
    pub(crate) certificates: Option<Arc<Certificates>>,
}

impl Authenticate for Ways {
    async fn authenticate(&self, head: &Head<'_>) -> Result<Authenticated, Refusal> {
        match (head.shown(), &self.oauth, &self.certificates) {
            (Shown::Bearer(text), Some(oauth), _) if oauth::is_token(text) => oauth.authenticate(head).await,
            // A certificate is looked at where nothing else is shown: beside a wrong key it opens nothing.
            (Shown::Nothing, _, Some(certificates)) => certificates.authenticate(head).await,
            _ => self.keys.authenticate(head).await,
        }
    }

    fn is_good(&self, credential: &Credential) -> bool {
        match credential {
            Credential::Key(_) => self.keys.is_good(credential),
            Credential::Token { .. } => self.oauth.as_ref().is_some_and(|oauth| oauth.is_good(credential)),
            Credential::Certificate { .. } => self.certificates.as_ref().is_some_and(|all| all.is_good(credential)),
        }
    }
}
