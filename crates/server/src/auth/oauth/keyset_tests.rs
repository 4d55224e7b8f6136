//! Sets of keys as issuers write them, and when they are fetched: by a clock that the tests move.

use super::super::tests::{Pair, set};
use super::*;
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};

const EDDSA: Algorithm = Algorithm::EdDSA;

/// A set whose fetches are counted and answered by what lies in the cell.
struct Source {
    keys: Arc<KeySet>,
    answer: Arc<Mutex<Option<Vec<u8>>>>,
    count: Arc<AtomicUsize>,
}

impl Source {
    fn new(first: &[Value]) -> Self {
        let answer = Arc::new(Mutex::new(Some(set(first))));
        let count = Arc::new(AtomicUsize::new(0));
        let (answers, counted) = (Arc::clone(&answer), Arc::clone(&count));
        let fetch: Fetch = Box::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            let found = answers.lock().unwrap().clone().ok_or(FetchError::Broken);
            Box::pin(async move { found })
        });
        Self { keys: KeySet::new(Some(fetch)), answer, count }
    }

    fn says(&self, keys: Option<&[Value]>) {
        *self.answer.lock().unwrap() = keys.map(set);
    }

    async fn has(&self, kid: &str) -> bool {
        self.keys.key(kid, EDDSA).await.is_some()
    }

    fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_key_is_fetched_at_most_once_a_pause() {
    let source = Source::new(&[Pair::new("a").jwk()]);
    assert!(source.has("a").await && source.has("a").await);
    assert_eq!(source.count(), 1, "nothing is fetched before it is needed, and then once");
    for _ in 0..100 {
        assert!(!source.has("b").await);
    }
    assert_eq!(source.count(), 2);
    source.says(Some(&[Pair::new("b").jwk()]));
    assert!(!source.has("b").await, "within the pause nobody is asked");
    tokio::time::advance(PAUSE).await;
    assert!(source.has("b").await && !source.has("a").await, "keys that are gone are gone");
    assert_eq!(source.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn old_keys_hold_while_the_issuer_is_down_until_their_age_cap() {
    let source = Source::new(&[Pair::new("a").jwk()]);
    assert!(source.has("a").await);
    let digest = source.keys.state().keys[0].digest;
    source.says(None);
    tokio::time::advance(REFRESH_AGE).await;
    assert!(source.has("a").await, "the refresh is not waited for");
    while source.count() < 2 {
        tokio::task::yield_now().await;
    }
    tokio::time::advance(AGE_CAP - REFRESH_AGE - Duration::from_secs(1)).await;
    assert!(source.has("a").await && source.keys.holds(&digest));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(!source.has("a").await && !source.keys.holds(&digest), "they outlive their cap");
    let before = source.count();
    assert!(!source.has("a").await);
    assert_eq!(source.count(), before, "a fetch that failed is not tried again at once");
    source.says(Some(&[Pair::new("a").jwk()]));
    tokio::time::advance(PAUSE).await;
    assert!(source.has("a").await);
}

#[tokio::test(start_paused = true)]
async fn many_who_wait_share_one_fetch_and_one_that_hangs_ends() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let fetch: Fetch = Box::new(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::pending())
    });
    let keys = KeySet::new(Some(fetch));
    let began = Instant::now();
    let waiting: Vec<_> = (0..50)
        .map(|number| {
            let keys = Arc::clone(&keys);
            tokio::spawn(async move { keys.key(&format!("k{number}"), EDDSA).await.is_some() })
        })
        .collect();
    for task in waiting {
        assert!(!task.await.unwrap());
    }
    assert_eq!((count.load(Ordering::Relaxed), began.elapsed().as_secs()), (1, FETCH_LIMIT.as_secs()));
}

#[tokio::test(start_paused = true)]
async fn a_fetch_goes_on_when_who_asked_goes_away_and_one_that_panics_is_a_failure() {
    let source = Source::new(&[Pair::new("a").jwk()]);
    assert!(tokio::time::timeout(Duration::ZERO, source.keys.key("a", EDDSA)).await.is_err());
    while source.keys.state().came.is_none() {
        tokio::task::yield_now().await;
    }
    assert!(source.has("a").await);
    assert_eq!(source.count(), 1);
    let broken: Fetch = Box::new(|| Box::pin(async { panic!("a test") }));
    let keys = KeySet::new(Some(broken));
    assert!(keys.key("a", EDDSA).await.is_none());
    assert!(!keys.state().under_way, "no later fetch could begin");
}

#[test]
fn a_set_gives_the_keys_that_are_for_signatures() {
    let good = Pair::new("good").jwk();
    let but = |name: &str, value: Value| {
        let mut key = good.clone();
        key[name] = value;
        key
    };
    for (what, key, fits) in [
        ("plain", good.clone(), true),
        ("for signatures", but("use", json!("sig")), true),
        ("for encryption", but("use", json!("enc")), false),
        ("to verify", but("key_ops", json!(["verify"])), true),
        ("to encrypt", but("key_ops", json!(["encrypt"])), false),
        ("its algorithm", but("alg", json!("EdDSA")), true),
        ("another's algorithm", but("alg", json!("RS256")), false),
        ("a secret's algorithm", but("alg", json!("HS256")), false),
        ("no algorithm that is known", but("alg", json!("x")), false),
        ("without a name", but("kid", json!("")), false),
        ("another curve", but("crv", json!("X25519")), false),
        ("a secret", json!({ "kty": "oct", "kid": "good", "k": "AAAA" }), false),
        ("a name that is none", but("kid", json!(7)), false),
        ("no key at all", json!("key"), false),
    ] {
        let keys = parse(&set(&[key, Pair::new("other").jwk()])).unwrap();
        assert_eq!(keys.iter().any(|key| key.kid == "good" && key.fits(EDDSA)), fits, "{what}");
        assert!(keys.iter().any(|key| key.kid == "other"), "{what} keeps out others");
    }
}

#[test]
fn a_set_has_a_cap_and_what_is_none_is_refused() {
    let many = |count: usize| parse(&set(&vec![Pair::new("a").jwk(); count]));
    assert_eq!(many(KEY_CAP).unwrap().len(), KEY_CAP);
    assert!(matches!(many(KEY_CAP + 1), Err(FetchError::TooManyKeys(_))));
    for text in ["", "{", "[]", "{}", "{\"keys\":{}}", "null"] {
        assert!(matches!(parse(text.as_bytes()), Err(FetchError::NoKeySet)), "{text}");
    }
    assert!(parse(b"{\"keys\":[]}").unwrap().is_empty());
}

/// One key of RSA is for several algorithms unless its issuer says for which.
#[test]
fn a_keys_algorithms_are_those_of_its_type() {
    let n = "AQAB".repeat(86);
    let rsa = |alg: Option<&str>| {
        let mut key = json!({ "kty": "RSA", "kid": "r", "n": n, "e": "AQAB" });
        if let Some(alg) = alg {
            key["alg"] = json!(alg);
        }
        parse(&set(&[key])).unwrap().remove(0)
    };
    let fitting = |key: &TrustedKey| {
        [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA, Algorithm::HS256]
            .map(|one| key.fits(one))
    };
    assert_eq!(fitting(&rsa(None)), [true, true, false, false, false]);
    assert_eq!(fitting(&rsa(Some("PS256"))), [false, true, false, false, false]);
}
