//! The door of the fuzz targets to tokens and key sets: without a fetch and by a clock that is passed in.

use super::keyset::{parse, pick};
use super::token::{self, Rules};
use super::verify;
use portcullis_config::OAuthSettings;
use portcullis_model::Scopes;
use std::time::SystemTime;

/// What a good token gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Whom it names.
    pub subject: String,
    /// What it lets that one do.
    pub scopes: Scopes,
    /// When it ends, with the leeway for clocks that differ.
    pub ends: SystemTime,
}

/// One issuer, by what the owner says of it.
pub struct Issuer(Rules);

impl Issuer {
    /// By these settings. Fails when the process has another provider of cryptography.
    pub fn new(settings: &OAuthSettings) -> Result<Self, &'static str> {
        verify::install()?;
        Ok(Self(Rules::new(settings)))
    }

    /// How many keys of a set could check a token; nothing when it is no key set.
    pub fn keys(&self, set: &[u8]) -> Option<usize> {
        parse(set).ok().map(|keys| keys.len())
    }

    /// What a token gives by the keys of a set, or in words of ours why it gives nothing.
    pub fn open(&self, text: &str, set: &[u8], now: SystemTime) -> Result<Opened, &'static str> {
        let claimed = token::claimed(text, &self.0).map_err(token::Flaw::why)?;
        let keys = parse(set).map_err(|_| "it is no key set")?;
        let key = pick(&keys, &claimed.kid, claimed.algorithm).ok_or(token::Flaw::UnknownKid.why())?;
        let given = token::check(text, &claimed, key, &self.0, now).map_err(token::Flaw::why)?;
        Ok(Opened { subject: given.subject, scopes: given.scopes, ends: given.ends })
    }
}
