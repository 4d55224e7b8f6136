//! What a token says and whether it holds, as pure functions of its text, the issuer's keys and the time. Nothing is fetched
//! here, and no text of a token is in any error.

use super::keyset::TrustedKey;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use portcullis_config::{OAuthSettings, TokenAlgorithm};
use portcullis_model::Scopes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Number;
use std::time::{Duration, SystemTime};

/// Bytes of a token.
pub(super) const TOKEN_CAP: usize = 8 * 1024;
/// By how much the issuer's clock may differ from ours.
pub(super) const LEEWAY: Duration = Duration::from_secs(30);
/// Bytes of a subject (OpenID Connect Core 1.0, 2).
const SUBJECT_CAP: usize = 255;
/// The kinds of token that are taken (RFC 9068, 2.1; RFC 7519, 5.1), in lower case.
const TYPES: [&str; 3] = ["at+jwt", "application/at+jwt", "jwt"];

/// Why a token opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    TooLong,
    Malformed,
    Algorithm,
    Type,
    NoKid,
    UnknownKid,
    Signature,
    Issuer,
    Audience,
    Expired,
    NotYet,
    Subject,
    Bound,
}

impl Flaw {
    /// For the owner's log.
    pub(super) fn why(self) -> &'static str {
        match self {
            Self::TooLong => "the token is too long",
            Self::Malformed => "the token is malformed",
            Self::Algorithm => "the token's algorithm is not taken, or not its key's",
            Self::Type => "the token is no access token by its type",
            Self::NoKid => "the token names no key",
            Self::UnknownKid => "the token's key is none of the issuer's",
            Self::Signature => "the token's signature is wrong",
            Self::Issuer => "the token's issuer is another",
            Self::Audience => "the token's audience is another",
            Self::Expired => "the token has ended",
            Self::NotYet => "the token is not yet good",
            Self::Subject => "the token's subject is missing or no name",
            Self::Bound => "the token is bound to a proof that is not read here",
        }
    }
}

/// What a token must fit.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    issuer: String,
    audience: String,
    prefix: String,
    ceiling: Option<Scopes>,
    algorithms: Vec<Algorithm>,
}

impl Rules {
    pub(super) fn new(settings: &OAuthSettings) -> Self {
        Self {
            issuer: settings.issuer.as_str().to_owned(),
            audience: settings.audience.as_str().to_owned(),
            prefix: settings.scope_prefix.clone(),
            ceiling: settings.scopes.clone(),
            algorithms: settings.algorithms.iter().map(|algorithm| signature(*algorithm)).collect(),
        }
    }

    /// Whose tokens they are about.
    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }
}

fn signature(algorithm: TokenAlgorithm) -> Algorithm {
    match algorithm {
        TokenAlgorithm::Rs256 => Algorithm::RS256,
        TokenAlgorithm::Rs384 => Algorithm::RS384,
        TokenAlgorithm::Rs512 => Algorithm::RS512,
        TokenAlgorithm::Ps256 => Algorithm::PS256,
        TokenAlgorithm::Ps384 => Algorithm::PS384,
        TokenAlgorithm::Ps512 => Algorithm::PS512,
        TokenAlgorithm::Es256 => Algorithm::ES256,
        TokenAlgorithm::Es384 => Algorithm::ES384,
        TokenAlgorithm::EdDsa => Algorithm::EdDSA,
    }
}

/// Which key a token claims to be signed with, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claimed {
    pub(super) kid: String,
    pub(super) algorithm: Algorithm,
}

/// Reads a token's head. What it says of keys besides their name (`jwk`, `jku`, `x5c`, `x5u`) is not read: a token does not
/// say by what it is checked.
pub(super) fn claimed(token: &str, rules: &Rules) -> Result<Claimed, Flaw> {
    if token.len() > TOKEN_CAP {
        return Err(Flaw::TooLong);
    }
    // A head with an algorithm that has no name here, as `none`, does not parse.
    let header = decode_header(token).map_err(|_| Flaw::Malformed)?;
    if !rules.algorithms.contains(&header.alg) {
        return Err(Flaw::Algorithm);
    }
    let typ = header.typ.unwrap_or_default().to_ascii_lowercase();
    if !TYPES.contains(&typ.as_str()) {
        return Err(Flaw::Type);
    }
    let kid = header.kid.filter(|kid| !kid.is_empty()).ok_or(Flaw::NoKid)?;
    Ok(Claimed { kid, algorithm: header.alg })
}

/// Text that may be one or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    One(String),
    Several(Vec<String>),
}

impl Words {
    fn all(&self) -> &[String] {
        match self {
            Self::One(word) => std::slice::from_ref(word),
            Self::Several(words) => words,
        }
    }
}

#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    aud: Option<Words>,
    sub: Option<String>,
    exp: Option<Number>,
    nbf: Option<Number>,
    iat: Option<Number>,
    scope: Option<Words>,
    scp: Option<Words>,
    client_id: Option<String>,
    azp: Option<String>,
    cnf: Option<IgnoredAny>,
}

/// What a good token gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) subject: String,
    /// The client that got it (RFC 9068, 2.2; OpenID Connect Core 1.0, 2), where it says one.
    pub(super) client: Option<String>,
    pub(super) scopes: Scopes,
    /// With the leeway.
    pub(super) ends: SystemTime,
}

/// A time in a token: seconds, perhaps with a fraction (RFC 7519, 2).
fn time(number: &Number) -> Result<SystemTime, Flaw> {
    let seconds = Duration::try_from_secs_f64(number.as_f64().ok_or(Flaw::Malformed)?).map_err(|_| Flaw::Malformed)?;
    SystemTime::UNIX_EPOCH.checked_add(seconds).ok_or(Flaw::Malformed)
}

/// Checks the signature first, then what the token says.
pub(super) fn check(
    token: &str,
    claimed: &Claimed,
    key: &TrustedKey,
    rules: &Rules,
    now: SystemTime,
) -> Result<Given, Flaw> {
    if !key.fits(claimed.algorithm) {
        return Err(Flaw::Algorithm);
    }
    let mut only_signature = Validation::new(claimed.algorithm);
    only_signature.required_spec_claims.clear();
    // These are checked below, by the clock that is passed in and with no claim left out.
    (only_signature.validate_exp, only_signature.validate_nbf, only_signature.validate_aud) = (false, false, false);
    let claims = decode::<Claims>(token, &key.key, &only_signature).map_err(|error| match error.kind() {
        ErrorKind::InvalidSignature => Flaw::Signature,
        ErrorKind::InvalidAlgorithm => Flaw::Algorithm,
        _ => Flaw::Malformed,
    })?;
    judge(&claims.claims, rules, now)
}

fn judge(claims: &Claims, rules: &Rules, now: SystemTime) -> Result<Given, Flaw> {
    if claims.iss.as_deref() != Some(rules.issuer.as_str()) {
        return Err(Flaw::Issuer);
    }
    if !claims.aud.as_ref().is_some_and(|audience| audience.all().contains(&rules.audience)) {
        return Err(Flaw::Audience);
    }
    let ends = time(claims.exp.as_ref().ok_or(Flaw::Expired)?)?.checked_add(LEEWAY).ok_or(Flaw::Malformed)?;
    if now >= ends {
        return Err(Flaw::Expired);
    }
    let latest = now.checked_add(LEEWAY).ok_or(Flaw::Malformed)?;
    for begin in claims.nbf.iter().chain(&claims.iat) {
        if time(begin)? > latest {
            return Err(Flaw::NotYet);
        }
    }
    // Whoever has such a token must prove more than having it (RFC 7800), which a bearer does not.
    if claims.cnf.is_some() {
        return Err(Flaw::Bound);
    }
    let subject = claims.sub.clone().unwrap_or_default();
    let is_name = subject.bytes().all(|byte| byte.is_ascii_graphic()) && !subject.is_empty();
    if !is_name || subject.len() > SUBJECT_CAP {
        return Err(Flaw::Subject);
    }
    let said = claims.scope.iter().chain(&claims.scp).flat_map(Words::all).flat_map(|words| words.split(' '));
    let scopes = Scopes::known(said.filter_map(|word| word.strip_prefix(rules.prefix.as_str())));
    let scopes = match &rules.ceiling {
        Some(ceiling) => scopes.within(ceiling),
        None => scopes,
    };
    let client = claims.client_id.clone().or_else(|| claims.azp.clone());
    Ok(Given { subject, client, scopes, ends })
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
