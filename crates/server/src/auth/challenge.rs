//! What a client that is turned away is told in `WWW-Authenticate`, in one place (RFC 6750, 3; RFC 9728, 5.1). All of it is
//! made of settings and words of ours; nothing that a caller sent is in it.

use axum::http::HeaderValue;
use portcullis_config::OAuthSettings;
use portcullis_model::Scope;

/// The scope that a client is told to ask for first.
const FIRST: [Scope; 1] = [Scope::Observe];

/// The challenges of one server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Challenges {
    /// Where the resource's metadata are, with OAuth.
    metadata: Option<String>,
    /// What stands before a scope in a token.
    prefix: String,
}

impl Challenges {
    pub(crate) fn new(oauth: Option<&OAuthSettings>) -> Self {
        let Some(settings) = oauth else { return Self::default() };
        let metadata = format!("{}{}{}", settings.audience.origin(), super::oauth::METADATA, settings.audience.path());
        Self { metadata: Some(metadata), prefix: settings.scope_prefix.clone() }
    }

    /// For a client without a good credential; `error` is one of RFC 6750's words, when it showed something.
    pub(crate) fn unauthorized(&self, error: Option<&'static str>) -> HeaderValue {
        self.challenge(&FIRST, error)
    }

    /// For a known client whose credential opens less than what it asked for: all the scopes that it takes.
    pub(crate) fn insufficient(&self, scopes: &[Scope]) -> HeaderValue {
        self.challenge(scopes, Some("insufficient_scope"))
    }

    fn challenge(&self, scopes: &[Scope], error: Option<&'static str>) -> HeaderValue {
        let words: Vec<String> = scopes.iter().map(|scope| format!("{}{}", self.prefix, scope.name())).collect();
        let metadata = self.metadata.as_ref().map(|url| format!(", resource_metadata=\"{url}\"")).unwrap_or_default();
        let error = error.map(|word| format!(", error=\"{word}\"")).unwrap_or_default();
        let text = format!("Bearer realm=\"portcullis\"{metadata}, scope=\"{}\"{error}", words.join(" "));
        // The types of the settings let through nothing that a header cannot hold.
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("Bearer realm=\"portcullis\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::oauth::tests::settings;

    #[test]
    fn challenges_name_metadata_scopes_and_error() {
        let without = Challenges::new(None);
        assert_eq!(without.unauthorized(None), "Bearer realm=\"portcullis\", scope=\"observe\"");
        assert_eq!(
            without.unauthorized(Some("invalid_token")),
            "Bearer realm=\"portcullis\", scope=\"observe\", error=\"invalid_token\""
        );
        let mut with = settings();
        with.scope_prefix = "desk:".to_owned();
        let metadata = "https://desk.example.org/.well-known/oauth-protected-resource/mcp";
        assert_eq!(
            Challenges::new(Some(&with)).insufficient(&[Scope::Alter, Scope::Files]),
            format!(
                "Bearer realm=\"portcullis\", resource_metadata=\"{metadata}\", scope=\"desk:alter desk:files\", \
                 error=\"insufficient_scope\""
            )
        );
    }
}
