//! The settings of OAuth: whose tokens open the server, for which audience, signed how, and what they can give at most.
//! Issuer and audience belong together; without both there is no OAuth, and half of it is refused.

use super::Settings;
use crate::error::ConfigError;
use crate::url::ServiceUrl;
use portcullis_model::{Scopes, Valued, nearest};
use std::path::PathBuf;

/// Characters of a prefix.
const PREFIX_CAP: usize = 128;

/// An algorithm of signatures with a public key (RFC 7518, 3.1; RFC 8037, 3.1). There is none with a shared secret: whoever
/// can check such a signature can make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "these are the names that the standards give them")]
pub enum TokenAlgorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

impl TokenAlgorithm {
    /// All that can be named.
    pub const ALL: [Self; 9] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
    ];
    /// Those that are taken when nothing is said.
    pub const DEFAULT: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    /// As a token's head has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// Where the issuer's public keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JwksPlace {
    /// Where its metadata say (RFC 8414, OpenID Connect Discovery 1.0).
    Discovered,
    /// There.
    Url(ServiceUrl),
    /// In this file.
    File(PathBuf),
}

/// Whose tokens open the server, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuthSettings {
    /// Who issues them.
    pub issuer: ServiceUrl,
    /// For whom they must be: this server, as clients know it.
    pub audience: ServiceUrl,
    /// Where the issuer's keys are.
    pub jwks: JwksPlace,
    /// What stands before our scopes in a token; may be empty.
    pub scope_prefix: String,
    /// What a token gives at most; all that it says when there is none.
    pub scopes: Option<Scopes>,
    /// How it may be signed; at least one.
    pub algorithms: Vec<TokenAlgorithm>,
}

impl OAuthSettings {
    /// Whether keys are fetched from a server whose certificate must be checked.
    pub fn fetches_over_tls(&self) -> bool {
        match &self.jwks {
            JwksPlace::Discovered => self.issuer.is_https(),
            JwksPlace::Url(url) => url.is_https(),
            JwksPlace::File(_) => false,
        }
    }
}

impl Settings {
    /// Whose tokens open the server, whether HTTP is served or not.
    pub fn oauth(&self) -> Result<Option<OAuthSettings>, ConfigError> {
        let issuer: Option<Valued<ServiceUrl>> = self.parsed("oauth.issuer")?;
        let audience: Option<Valued<ServiceUrl>> = self.parsed("oauth.audience")?;
        let (issuer, audience) = match (issuer, audience) {
            (Some(issuer), Some(audience)) => (issuer, audience.value),
            (Some(issuer), None) => {
                let rule = "a token for anybody would open this server: add `oauth.audience`, the URL by which clients know it";
                return Err(ConfigError::new(issuer.origin, "oauth.issuer", issuer.value.as_str(), rule));
            }
            (None, _) => {
                let keys = ["oauth.audience", "oauth.jwks", "oauth.scope_prefix", "oauth.scopes", "oauth.algorithms"];
                let Some((key, said)) = keys.iter().find_map(|key| Some((*key, self.merged.0.get(*key)?))) else {
                    return Ok(None);
                };
                let rule = "it means nothing without `oauth.issuer`; add that or leave it out";
                return Err(ConfigError::new(said.origin.clone(), key, &said.value.to_string(), rule));
            }
        };
        let jwks = self.jwks(&issuer.value)?;
        Ok(Some(OAuthSettings {
            issuer: issuer.value,
            audience,
            jwks,
            scope_prefix: self.scope_prefix()?,
            scopes: self.scope_ceiling()?,
            algorithms: self.algorithms()?,
        }))
    }

    fn jwks(&self, issuer: &ServiceUrl) -> Result<JwksPlace, ConfigError> {
        const KEY: &str = "oauth.jwks";
        let Some(said) = self.text(KEY) else { return Ok(JwksPlace::Discovered) };
        if !said.value.contains("://") {
            return Ok(JwksPlace::File(self.absolute(KEY, said)?.value));
        }
        let refuse = |rule: String| ConfigError::new(said.origin.clone(), KEY, &said.value, rule);
        let url: ServiceUrl = said.value.parse().map_err(|rule| refuse(format!("it is {rule}, or a file")))?;
        if issuer.is_https() && !url.is_https() {
            return Err(refuse("the keys of an issuer with https are fetched with https".to_owned()));
        }
        Ok(JwksPlace::Url(url))
    }

    fn scope_prefix(&self) -> Result<String, ConfigError> {
        let Some(said) = self.text("oauth.scope_prefix") else { return Ok(String::new()) };
        // What a scope is made of (RFC 6749, 3.3): it stands in a quoted string of a challenge.
        let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        if said.value.len() > PREFIX_CAP || !said.value.bytes().all(is_plain) {
            let rule = format!("it is at most {PREFIX_CAP} visible ASCII characters without quotes and backslashes");
            return Err(ConfigError::new(said.origin, "oauth.scope_prefix", &said.value, rule));
        }
        Ok(said.value)
    }

    fn scope_ceiling(&self) -> Result<Option<Scopes>, ConfigError> {
        let Some(said) = self.list("oauth.scopes") else { return Ok(None) };
        for word in &said.value {
            if let Err(unknown) = Scopes::parse([word.value.as_str()]) {
                return Err(ConfigError::new(word.origin.clone(), "oauth.scopes", &word.value, unknown.to_string()));
            }
        }
        Ok(Some(Scopes::known(said.value.iter().map(|word| word.value.as_str()))))
    }

    fn algorithms(&self) -> Result<Vec<TokenAlgorithm>, ConfigError> {
        const KEY: &str = "oauth.algorithms";
        let Some(said) = self.list(KEY) else { return Ok(TokenAlgorithm::DEFAULT.to_vec()) };
        let names = TokenAlgorithm::ALL.map(TokenAlgorithm::name);
        let one = |word: &Valued<String>| {
            let found = TokenAlgorithm::ALL.into_iter().find(|algorithm| algorithm.name() == word.value);
            found.ok_or_else(|| {
                let rule = format!("it is one of {}: signatures with a public key", names.join(", "));
                let mut error = ConfigError::new(word.origin.clone(), KEY, &word.value, rule);
                error.nearest = nearest(&word.value, names);
                error
            })
        };
        let found: Vec<TokenAlgorithm> = said.value.iter().map(one).collect::<Result<_, _>>()?;
        if found.is_empty() {
            let rule = "without an algorithm no token could be checked; name one, or leave it out for the default";
            return Err(ConfigError::new(said.origin, KEY, "", rule));
        }
        Ok(found)
    }
}

#[cfg(test)]
#[path = "oauth_tests.rs"]
mod tests;
