//! Keys in the `Authorization` header. Only their digests are known here, and each request's is compared with all of them in
//! constant time: neither which key is nearly right nor where it differs shows in the time taken.

use super::{Authenticate, Authenticated, Credential, Head, Refusal, Shown};
use portcullis_model::{Digest, KnownBy, Principal};
use std::sync::{PoisonError, RwLock};
use std::time::SystemTime;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// Why a client that shows no key gets nothing.
const NO_KEY: &str = "it shows none";

/// A key that opens the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpKey {
    /// The SHA-256 of its text.
    pub digest: Digest,
    /// Who holds it.
    pub principal: Principal,
    /// When it ends; never when there is none.
    pub expires: Option<SystemTime>,
}

/// The keys that open the server now.
#[derive(Default)]
pub(crate) struct KeyRing(RwLock<Vec<HttpKey>>);

impl KeyRing {
    /// Puts these in place of all.
    pub(crate) fn replace(&self, keys: Vec<HttpKey>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    fn find(&self, digest: &Digest, now: SystemTime) -> Option<Authenticated> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let place = matching(keys.iter().map(|key| &key.digest), digest)?;
        let key = keys.get(place).filter(|key| key.expires.is_none_or(|end| now < end))?;
        let principal = key.principal.clone().known_by(KnownBy::Key(key.digest));
        Some(Authenticated { principal, credential: Credential::Key(key.digest) })
    }
}

impl Authenticate for KeyRing {
    async fn authenticate(&self, head: &Head<'_>) -> Result<Authenticated, Refusal> {
        let key = match head.shown() {
            Shown::Bearer(key) => key,
            Shown::Nothing => return Err(Refusal::Nothing(NO_KEY)),
            Shown::Unclear => return Err(Refusal::Wrong { shown: None, why: "the Authorization header is unclear" }),
        };
        let digest = Digest::of(key.as_bytes());
        self.find(&digest, SystemTime::now()).ok_or(Refusal::Wrong { shown: Some(digest), why: "no such key" })
    }

    fn is_good(&self, credential: &Credential) -> bool {
        matches!(credential, Credential::Key(digest) if self.find(digest, SystemTime::now()).is_some())
    }
}

/// The place of `wanted` among `digests`. All are compared, whichever fits.
fn matching<'digest>(digests: impl Iterator<Item = &'digest Digest>, wanted: &Digest) -> Option<usize> {
    let (mut found, mut place) = (Choice::from(0), 0_u64);
    for (index, digest) in (0_u64..).zip(digests) {
        let fits = digest.as_bytes().ct_eq(wanted.as_bytes());
        place.conditional_assign(&index, fits);
        found |= fits;
    }
    bool::from(found).then(|| usize::try_from(place).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderMap, HeaderValue, header};
    use portcullis_model::Scope;
    use std::cell::Cell;
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::Duration;

    fn key(name: &str, text: &str, expires: Option<SystemTime>) -> HttpKey {
        HttpKey { digest: Digest::of(text.as_bytes()), principal: Principal::key(name, [Scope::Observe]), expires }
    }

    async fn answer(ring: &KeyRing, values: &[&str]) -> Result<String, Refusal> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        let head = Head { headers: &headers, client: IpAddr::V4(Ipv4Addr::LOCALHOST), certificate: None };
        ring.authenticate(&head).await.map(|known| known.principal.name().to_owned())
    }

    /// The structure and not the clock is tested: a comparison that ends early has an iterator that was not used up.
    #[test]
    fn every_digest_is_compared_wherever_the_right_one_stands() {
        let digests: Vec<Digest> = (0_u8..5).map(|number| Digest::of(&[number])).collect();
        for wanted in 0_u8..6 {
            let seen = Cell::new(0);
            let counted = digests.iter().inspect(|_| seen.set(seen.get() + 1));
            let place = matching(counted, &Digest::of(&[wanted]));
            assert_eq!(place, (wanted < 5).then_some(usize::from(wanted)));
            assert_eq!(seen.get(), digests.len(), "{wanted}");
        }
    }

    #[tokio::test]
    async fn a_key_opens_until_it_ends_and_only_as_the_one_bearer() {
        let now = SystemTime::now();
        let (past, future) = (now - Duration::from_secs(1), now + Duration::from_secs(60));
        let ring = KeyRing::default();
        ring.replace(vec![key("one", "k1", None), key("old", "k2", Some(past)), key("new", "k3", Some(future))]);
        assert_eq!(answer(&ring, &["Bearer k1"]).await, Ok("key:one".to_owned()));
        assert_eq!(answer(&ring, &["bEARER  k3 "]).await, Ok("key:new".to_owned()));
        for wrong in [["Bearer k2"].as_slice(), &["Bearer k"], &["Bearer "], &["Bearer k1", "Bearer k1"]] {
            assert!(matches!(answer(&ring, wrong).await, Err(Refusal::Wrong { .. })), "{wrong:?}");
        }
        for nothing in [[].as_slice(), &["Basic k1"], &["k1"]] {
            assert_eq!(answer(&ring, nothing).await, Err(Refusal::Nothing(NO_KEY)), "{nothing:?}");
        }
        assert!(
            ring.is_good(&Credential::Key(Digest::of(b"k3"))) && !ring.is_good(&Credential::Key(Digest::of(b"k2")))
        );
        ring.replace(Vec::new());
        let shown = Some(Digest::of(b"k1"));
        assert_eq!(answer(&ring, &["Bearer k1"]).await, Err(Refusal::Wrong { shown, why: "no such key" }));
    }
}
