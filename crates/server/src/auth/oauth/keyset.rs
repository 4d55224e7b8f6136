//! The issuer's public keys (RFC 7517): read, kept, and fetched again when they are old or one is missing. How they are
//! fetched is handed in; whoever asks for a key that is there never waits.

use super::fetch::FetchError;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use portcullis_model::Digest;
use serde::Deserialize;
use serde_json::Value;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Keys of an issuer.
const KEY_CAP: usize = 64;
/// After so long the keys are fetched again; those that are there hold meanwhile.
const REFRESH_AGE: Duration = Duration::from_secs(300);
/// After so long without a good fetch the keys open nothing.
const AGE_CAP: Duration = Duration::from_secs(3_600);
/// The least time between two fetches for keys that are not there, and after a fetch that failed.
const PAUSE: Duration = Duration::from_secs(30);
/// What one fetch may take, metadata included.
const FETCH_LIMIT: Duration = Duration::from_secs(5);

/// A public key of the issuer.
#[derive(Debug)]
pub(super) struct TrustedKey {
    pub(super) kid: String,
    pub(super) key: DecodingKey,
    /// Of all that makes it this key.
    pub(super) digest: Digest,
    algorithms: Vec<Algorithm>,
}

impl TrustedKey {
    /// Whether the key is for this algorithm, by its type and by what its issuer says of it.
    pub(super) fn fits(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }

    /// Nothing when it is none for signatures that could be checked here: such a key is passed over (RFC 7517, 5).
    fn read(value: Value) -> Option<Self> {
        let digest = Digest::of(value.to_string().as_bytes());
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        let is_for_signatures = matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature))
            && jwk.common.key_operations.as_ref().is_none_or(|all| all.contains(&KeyOperations::Verify));
        let family = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => AlgorithmFamily::Rsa.algorithms(),
            AlgorithmParameters::EllipticCurve(point) if point.curve == EllipticCurve::P256 => &[Algorithm::ES256],
            AlgorithmParameters::EllipticCurve(point) if point.curve == EllipticCurve::P384 => &[Algorithm::ES384],
            AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => &[Algorithm::EdDSA],
            // A secret that is published is none.
            _ => return None,
        };
        let algorithms = match jwk.common.key_algorithm {
            None => family.to_vec(),
            Some(named) => {
                vec![*family.iter().find(|algorithm| Algorithm::try_from(named).as_ref() == Ok(*algorithm))?]
            }
        };
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        let kid = jwk.common.key_id.filter(|kid| !kid.is_empty())?;
        is_for_signatures.then_some(Self { kid, key, digest, algorithms })
    }
}

/// Reads a key set. Keys that are of no use here are passed over; a set that is none, or has too many, is refused whole.
pub(super) fn parse(text: &[u8]) -> Result<Vec<Arc<TrustedKey>>, FetchError> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let set: Set = serde_json::from_slice(text).map_err(|_| FetchError::NoKeySet)?;
    if set.keys.len() > KEY_CAP {
        return Err(FetchError::TooManyKeys(KEY_CAP));
    }
    Ok(set.keys.into_iter().filter_map(TrustedKey::read).map(Arc::new).collect())
}

/// The key that a token means.
pub(super) fn pick<'keys>(
    keys: &'keys [Arc<TrustedKey>],
    kid: &str,
    algorithm: Algorithm,
) -> Option<&'keys Arc<TrustedKey>> {
    let named = || keys.iter().filter(|key| key.kid == kid);
    // Where two have one name, the one that fits is meant; one that does not fit is still found, and refused by that.
    named().find(|key| key.fits(algorithm)).or_else(|| named().next())
}

/// A fetch under way.
type Fetching = Pin<Box<dyn Future<Output = Result<Vec<u8>, FetchError>> + Send>>;
/// Begins a fetch.
pub(super) type Fetch = Box<dyn Fn() -> Fetching + Send + Sync>;

#[derive(Default)]
struct State {
    keys: Vec<Arc<TrustedKey>>,
    /// When these keys came.
    came: Option<Instant>,
    /// When keys were last fetched because one was missing.
    asked: Option<Instant>,
    /// When a fetch last failed.
    failed: Option<Instant>,
    under_way: bool,
}

/// What a look at the keys comes to.
enum Look {
    Here(Arc<TrustedKey>),
    /// The key is here; others may have changed.
    HereButOld(Arc<TrustedKey>),
    /// It may come with a fetch that nobody has begun.
    Begin,
    /// It may come with the fetch under way.
    Wait,
    Absent,
}

impl State {
    fn find(&self, kid: &str, algorithm: Algorithm) -> Option<Arc<TrustedKey>> {
        pick(&self.keys, kid, algorithm).cloned()
    }

    fn age(&self, now: Instant) -> Option<Duration> {
        self.came.map(|came| now.saturating_duration_since(came))
    }

    fn look(&mut self, kid: &str, algorithm: Algorithm, now: Instant) -> Look {
        let since = |time: Option<Instant>| time.is_none_or(|time| now.saturating_duration_since(time) >= PAUSE);
        let is_due = self.age(now).is_none_or(|age| age >= REFRESH_AGE);
        let may_begin = !self.under_way && since(self.failed);
        let is_alive = self.age(now).is_some_and(|age| age < AGE_CAP);
        match self.find(kid, algorithm).filter(|_| is_alive) {
            Some(key) if is_due && may_begin => {
                self.under_way = true;
                Look::HereButOld(key)
            }
            Some(key) => Look::Here(key),
            None if self.under_way => Look::Wait,
            None if may_begin && (is_due || since(self.asked)) => {
                // Keys that are due are fetched whoever asks; the rest is somebody's doing, and has its own pace.
                if !is_due {
                    self.asked = Some(now);
                }
                self.under_way = true;
                Look::Begin
            }
            None => Look::Absent,
        }
    }
}

/// The keys of one issuer.
pub(super) struct KeySet {
    state: Mutex<State>,
    /// Nothing where somebody else brings them.
    fetch: Option<Fetch>,
    /// Counts fetches that ended.
    ended: watch::Sender<u64>,
}

impl KeySet {
    pub(super) fn new(fetch: Option<Fetch>) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), fetch, ended: watch::Sender::new(0) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each value is whole at every moment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts these in place of all, or none when they could not be read: which of those that were good still are is not
    /// known.
    pub(super) fn replace(&self, keys: Option<Vec<Arc<TrustedKey>>>) {
        self.state().keys = keys.unwrap_or_default();
    }

    /// The key of this name, fetched when it is not there.
    pub(super) async fn key(self: &Arc<Self>, kid: &str, algorithm: Algorithm) -> Option<Arc<TrustedKey>> {
        if self.fetch.is_none() {
            return self.state().find(kid, algorithm);
        }
        let mut ended = self.ended.subscribe();
        let look = self.state().look(kid, algorithm, Instant::now());
        match look {
            Look::Here(key) => return Some(key),
            Look::HereButOld(key) => {
                self.begin();
                return Some(key);
            }
            Look::Absent => return None,
            Look::Begin => self.begin(),
            Look::Wait => {}
        }
        // The fetch has its own deadline; this one is for a fetch that does not even end.
        let _ = tokio::time::timeout(FETCH_LIMIT.saturating_mul(2), ended.changed()).await;
        let state = self.state();
        let is_alive = state.age(Instant::now()).is_some_and(|age| age < AGE_CAP);
        state.find(kid, algorithm).filter(|_| is_alive)
    }

    /// Whether the key is still one of the issuer's.
    pub(super) fn holds(&self, digest: &Digest) -> bool {
        let state = self.state();
        let is_alive = self.fetch.is_none() || state.age(Instant::now()).is_some_and(|age| age < AGE_CAP);
        is_alive && state.keys.iter().any(|key| key.digest == *digest)
    }

    /// Fetches on a task of its own, which goes on when whoever asked goes away.
    fn begin(self: &Arc<Self>) {
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let found = match this.fetch.as_ref().map(|fetch| tokio::spawn(tokio::time::timeout(FETCH_LIMIT, fetch())))
            {
                Some(task) => match task.await {
                    Ok(Ok(answer)) => answer.and_then(|text| parse(&text)),
                    Ok(Err(_)) => Err(FetchError::Late(FETCH_LIMIT)),
                    Err(_) => Err(FetchError::Broken),
                },
                None => Err(FetchError::Broken),
            };
            this.take(found, Instant::now());
            this.ended.send_modify(|count| *count = count.wrapping_add(1));
        });
    }

    fn take(&self, found: Result<Vec<Arc<TrustedKey>>, FetchError>, now: Instant) {
        let mut state = self.state();
        state.under_way = false;
        match found {
            Ok(keys) => {
                tracing::info!(count = keys.len(), "the issuer's keys were fetched");
                state.keys = keys;
                (state.came, state.failed) = (Some(now), None);
            }
            Err(error) => {
                let left = state.age(now).map(|age| AGE_CAP.saturating_sub(age).as_secs()).unwrap_or(0);
                tracing::warn!(%error, left, "the issuer's keys cannot be fetched; the old ones hold for so many seconds");
                state.failed = Some(now);
            }
        }
    }
}

#[cfg(test)]
#[path = "keyset_tests.rs"]
mod tests;
