//! Certificates: what a client shows opens only by a listed name that stands in it, within its time; what the owner's files hold
//! is read or refused in words of ours. The input is a certificate in DER, and the same bytes are read as files in PEM.
#![no_main]

use portcullis_config::ClientCertificate;
use portcullis_server::fuzz::Holders;
use portcullis_server::{ClientAuthorities, TlsIdentity};
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

/// The time of the server's clock, in seconds: in 2027, when the inputs that are kept hold.
const NOW: u64 = 1_811_808_000;
const NAMES: [&str; 4] = ["ci.example.org", "ci@example.org", "spiffe://example.org/ci", "ci"];
/// Authorities that one file may hold, and certificates of a chain.
const AUTHORITY_CAP: usize = 64;
const CHAIN_CAP: usize = 16;
/// Characters of a refusal: it repeats nothing of what was read.
const REFUSAL_CAP: usize = 300;
/// A key that belongs to none of the inputs.
const KEY: &[u8] = b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH\n-----END PRIVATE KEY-----\n";
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

static HOLDERS: LazyLock<Holders> = LazyLock::new(|| {
    Holders::new(NAMES.map(|name| ClientCertificate::new(name, &["observe"]).expect("a name and a scope")).to_vec())
});

fn holds(bytes: &[u8], part: &[u8]) -> usize {
    bytes.windows(part.len()).filter(|window| *window == part).count()
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
    if let Some((name, ends)) = HOLDERS.open(bytes, now) {
        let listed = name.strip_prefix("cert:").expect("the way by which it came in");
        assert!(NAMES.contains(&listed), "{name}");
        assert!(holds(bytes, listed.as_bytes()) > 0, "{name} does not stand in it");
        assert!(ends > now);
        assert_eq!(HOLDERS.open(bytes, ends), None, "it opens when it has ended");
    }
    match ClientAuthorities::parse(bytes) {
        Ok(_) => assert!((1..=AUTHORITY_CAP).contains(&holds(bytes, BEGIN))),
        Err(refusal) => assert!(refusal.len() <= REFUSAL_CAP, "{refusal}"),
    }
    match TlsIdentity::parse(bytes, KEY) {
        Ok(identity) => {
            assert!((1..=CHAIN_CAP).contains(&holds(bytes, BEGIN)));
            assert_eq!(identity.fingerprint().to_string().len(), 95);
        }
        Err(refusal) => assert!(refusal.len() <= REFUSAL_CAP, "{refusal}"),
    }
    assert!(TlsIdentity::parse(bytes, bytes).is_err() || holds(bytes, b"PRIVATE KEY-----") > 0);
});
