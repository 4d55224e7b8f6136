//! OAuth 2.1, the side of the resource: a token of the one issuer that the owner names becomes a principal, and the
//! resource's metadata (RFC 9728) say who that issuer is. Nobody logs in here and no token is made or passed on.

mod fetch;
#[cfg(feature = "fuzz")]
pub(crate) mod fuzz;
mod keyset;
mod token;
mod verify;

use super::{Authenticate, Authenticated, Credential, Head, Refusal, Shown};
use fetch::Fetcher;
use keyset::{Fetch, KeySet};
use portcullis_config::OAuthSettings;
use portcullis_model::{Authenticated as By, Digest, KnownBy, Principal, Scopes};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::SystemTime;
use token::{Flaw, Rules};

/// Where the metadata of a resource are (RFC 9728, 3); the path of the resource may follow.
pub(crate) const METADATA: &str = "/.well-known/oauth-protected-resource";

/// Whether a bearer's text is a token: three parts, of which the first is the beginning of a JSON object.
pub(crate) fn is_token(text: &str) -> bool {
    text.starts_with("eyJ") && text.bytes().filter(|byte| *byte == b'.').count() == 2
}

/// The tokens of one issuer.
pub(crate) struct OAuth {
    rules: Rules,
    keys: Arc<KeySet>,
    metadata: Value,
    /// The paths at which they are.
    paths: [String; 3],
}

impl OAuth {
    /// Nothing is fetched before a token comes. Fails with what is in the way.
    pub(crate) fn new(settings: &OAuthSettings) -> Result<Self, String> {
        verify::install()?;
        let fetcher = Fetcher::new(settings)?.map(Arc::new);
        let fetch = fetcher.map(|fetcher| -> Fetch {
            Box::new(move || {
                let fetcher = Arc::clone(&fetcher);
                Box::pin(async move { fetcher.keys().await })
            })
        });
        let scopes = settings.scopes.clone().unwrap_or_else(Scopes::all);
        let prefix = &settings.scope_prefix;
        let written: Vec<String> = scopes.written().into_iter().map(|scope| format!("{prefix}{scope}")).collect();
        let metadata = json!({
            "resource": settings.audience.as_str(),
            "authorization_servers": [settings.issuer.as_str()],
            "scopes_supported": written,
            "bearer_methods_supported": ["header"],
            "resource_name": "Portcullis",
        });
        let paths = ["", "/mcp", settings.audience.path()].map(|path| format!("{METADATA}{path}"));
        Ok(Self { rules: Rules::new(settings), keys: KeySet::new(fetch), metadata, paths })
    }

    /// The resource's metadata, when they are at this path.
    pub(crate) fn metadata(&self, path: &str) -> Option<&Value> {
        self.paths.iter().any(|own| own == path).then_some(&self.metadata)
    }

    /// Takes the keys that the owner keeps in a file; with an error none is good.
    pub(crate) fn replace_keys(&self, text: Result<Vec<u8>, String>) {
        let read = text.and_then(|text| keyset::parse(&text).map_err(|error| error.to_string()));
        match &read {
            Ok(keys) => tracing::info!(count = keys.len(), "the issuer's keys were read again"),
            Err(why) => {
                tracing::error!(why, "the issuer's keys cannot be read: no token opens this server until they can")
            }
        }
        self.keys.replace(read.ok());
    }

    async fn open(&self, text: &str, now: SystemTime) -> Result<Authenticated, Flaw> {
        let claimed = token::claimed(text, &self.rules)?;
        let key = self.keys.key(&claimed.kid, claimed.algorithm).await.ok_or(Flaw::UnknownKid)?;
        let given = token::check(text, &claimed, &key, &self.rules, now)?;
        let digest = Digest::of(text.as_bytes());
        let credential = Credential::Token { digest, signer: key.digest, ends: given.ends };
        let known_by = KnownBy::subject(self.rules.issuer(), &given.subject, given.client.as_deref());
        let principal = Principal::remote(By::Token, &given.subject, given.scopes).known_by(known_by);
        Ok(Authenticated { principal, credential })
    }
}

impl Authenticate for OAuth {
    async fn authenticate(&self, head: &Head<'_>) -> Result<Authenticated, Refusal> {
        let Shown::Bearer(text) = head.shown() else { return Err(Refusal::Nothing("it shows no token")) };
        let shown = Some(Digest::of(text.as_bytes()));
        self.open(text, SystemTime::now()).await.map_err(|flaw| Refusal::Wrong { shown, why: flaw.why() })
    }

    fn is_good(&self, credential: &Credential) -> bool {
        match credential {
            Credential::Token { signer, ends, .. } => SystemTime::now() < *ends && self.keys.holds(signer),
            _ => false,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
