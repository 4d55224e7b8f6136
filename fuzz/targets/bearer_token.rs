//! Tokens and key sets: nothing that the issuer did not sign opens, and what it signed opens exactly as far as it says. The
//! first line is a token's head, the second its claims, which are signed here; the third is a token as it is sent, and the
//! rest is a key set.
#![no_main]

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use portcullis_config::{JwksPlace, OAuthSettings, TokenAlgorithm};
use portcullis_model::Scope;
use portcullis_server::fuzz::Issuer;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

const ISSUER: &str = "https://id.example.org";
const AUDIENCE: &str = "https://desk.example.org/mcp";
/// The time of the server's clock, in seconds.
const NOW: u64 = 1_000_000;
/// By how much the issuer's clock may differ.
const LEEWAY: f64 = 30.0;
const TOKEN_CAP: usize = 8 * 1024;
const KEY_CAP: usize = 64;

static PAIR: LazyLock<Ed25519KeyPair> =
    LazyLock::new(|| Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("any 32 bytes are a seed"));

static JUDGE: LazyLock<Issuer> = LazyLock::new(|| {
    Issuer::new(&OAuthSettings {
        issuer: ISSUER.parse().expect("a URL"),
        audience: AUDIENCE.parse().expect("a URL"),
        jwks: JwksPlace::File("/keys".into()),
        scope_prefix: "desk:".to_owned(),
        scopes: Some([Scope::Observe, Scope::Interact].into_iter().collect()),
        algorithms: TokenAlgorithm::DEFAULT.to_vec(),
    })
    .expect("nobody else reads tokens here")
});

fn own_set() -> String {
    let x = BASE64_URL_SAFE_NO_PAD.encode(PAIR.public_key());
    json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "k", "x": x }] }).to_string()
}

/// The words of a claim that is one text or a list of texts.
fn words(claim: &Value) -> Vec<&str> {
    match claim {
        Value::String(one) => vec![one],
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

libfuzzer_sys::fuzz_target!(|text: &str| {
    let mut lines = text.splitn(4, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (head, claims, sent, set) = (line(), line(), line(), line());
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
    assert!(JUDGE.keys(set.as_bytes()).is_none_or(|count| count <= KEY_CAP));

    // Nobody here can sign for the keys of a set that is made up, nor for ours with what is only sent.
    let own = own_set();
    for keys in [set, own.as_str()] {
        if let Ok(opened) = JUDGE.open(sent, keys.as_bytes(), now) {
            panic!("{sent} opens as {opened:?}");
        }
    }

    let message = format!("{}.{}", BASE64_URL_SAFE_NO_PAD.encode(head), BASE64_URL_SAFE_NO_PAD.encode(claims));
    let signature = PAIR.sign(message.as_bytes());
    let token = format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature.as_ref()));
    let Ok(opened) = JUDGE.open(&token, own.as_bytes(), now) else { return };
    assert!(token.len() <= TOKEN_CAP);
    let (head, claims): (Value, Value) =
        (serde_json::from_str(head).expect("JSON"), serde_json::from_str(claims).expect("JSON"));
    assert_eq!((&head["alg"], &head["kid"]), (&json!("EdDSA"), &json!("k")));
    let kind = head["typ"].as_str().expect("a type").to_ascii_lowercase();
    assert!(["at+jwt", "application/at+jwt", "jwt"].contains(&kind.as_str()), "{kind}");
    assert_eq!(claims["iss"], json!(ISSUER));
    assert!(words(&claims["aud"]).contains(&AUDIENCE), "{claims}");
    let time = |name: &str| claims[name].as_f64();
    let ends = time("exp").expect("an end");
    assert!(ends + LEEWAY > NOW as f64, "{claims}");
    let told = opened.ends.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs_f64();
    assert!((told - ends - LEEWAY).abs() <= ends * f64::EPSILON * 4.0 + 1e-6, "{claims}: {told}");
    for begin in ["nbf", "iat"].into_iter().filter_map(time) {
        assert!(begin <= NOW as f64 + LEEWAY, "{claims}");
    }
    assert!(claims["cnf"].is_null(), "a bound token is taken for one that is not");
    assert_eq!(claims["sub"], json!(opened.subject));
    assert!(!opened.subject.is_empty() && opened.subject.bytes().all(|byte| byte.is_ascii_graphic()));
    // Nothing above the owner's ceiling, and nothing that the token does not name.
    let said: Vec<&str> = ["scope", "scp"].iter().flat_map(|name| words(&claims[name])).collect();
    let named = |scope: Scope| {
        said.iter().flat_map(|words| words.split(' ')).any(|word| word == format!("desk:{}", scope.name()))
    };
    for scope in Scope::ALL {
        let may = [Scope::Observe, Scope::Interact].contains(&scope) && named(scope);
        assert_eq!(opened.scopes.holds(scope), may, "{scope:?} of {claims}");
    }
    assert_eq!(opened.scopes.tools().count(), 0, "the ceiling names no tool");
});
