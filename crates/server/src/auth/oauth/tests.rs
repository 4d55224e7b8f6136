//! What the tests of this folder share: settings, a key of an issuer, and tokens signed with it.

use super::*;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use portcullis_config::{JwksPlace, TokenAlgorithm};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};

pub(crate) fn settings() -> OAuthSettings {
    OAuthSettings {
        issuer: "https://id.example.org".parse().unwrap(),
        audience: "https://desk.example.org/mcp".parse().unwrap(),
        jwks: JwksPlace::File("/keys".into()),
        scope_prefix: String::new(),
        scopes: None,
        algorithms: TokenAlgorithm::DEFAULT.to_vec(),
    }
}

/// A key pair of an issuer.
pub(super) struct Pair {
    pair: Ed25519KeyPair,
    kid: String,
}

impl Pair {
    pub(super) fn new(kid: &str) -> Self {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self { pair: Ed25519KeyPair::from_pkcs8(made.as_ref()).unwrap(), kid: kid.to_owned() }
    }

    pub(super) fn jwk(&self) -> Value {
        let x = BASE64_URL_SAFE_NO_PAD.encode(self.pair.public_key());
        json!({ "kty": "OKP", "crv": "Ed25519", "kid": self.kid, "x": x })
    }

    pub(super) fn token(&self, claims: &Value) -> String {
        self.signed(&json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": self.kid }), claims)
    }

    pub(super) fn signed(&self, head: &Value, claims: &Value) -> String {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(head), part(claims));
        let signature = BASE64_URL_SAFE_NO_PAD.encode(self.pair.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }
}

pub(super) fn set(keys: &[Value]) -> Vec<u8> {
    json!({ "keys": keys }).to_string().into_bytes()
}

#[test]
fn a_token_is_told_from_a_key_by_its_form() {
    let token = Pair::new("k").token(&json!({}));
    assert!(is_token(&token) && is_token("eyJ.."));
    let long = "pcl_".to_owned() + &"0".repeat(64);
    for key in [long.as_str(), "", "eyJ", "eyJ.a", "eyJ.a.b.c", "a.b.c", &token[1..]] {
        assert!(!is_token(key), "{key}");
    }
}

#[tokio::test]
async fn a_good_token_is_a_principal_until_it_ends_or_its_key_goes() {
    let (pair, oauth) = (Pair::new("k"), OAuth::new(&settings()).unwrap());
    oauth.replace_keys(Ok(set(&[pair.jwk()])));
    let now = SystemTime::now();
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let claims = |ends: u64| {
        json!({
            "iss": "https://id.example.org", "aud": "https://desk.example.org/mcp", "sub": "key:admin", "exp": ends,
            "scope": "observe tool:Click openid",
        })
    };
    let known = oauth.open(&pair.token(&claims(seconds + 60)), now).await.unwrap();
    assert_eq!(
        (known.principal.name(), known.principal.scopes().to_string()),
        ("oauth:key:admin", "observe, tool:Click".into())
    );
    assert!(oauth.is_good(&known.credential));
    // A later token is the same caller's; through another client, or of another issuer, it would be another's.
    let with = |name: &str, client: &str| {
        let mut claims = claims(seconds + 90);
        claims[name] = json!(client);
        pair.token(&claims)
    };
    for (token, same) in [(pair.token(&claims(seconds + 90)), true), (with("client_id", "app"), false)] {
        let later = oauth.open(&token, now).await.unwrap();
        assert_eq!(later.principal.is_same(&known.principal), same);
    }
    let of_app = oauth.open(&with("client_id", "app"), now).await.unwrap().principal;
    assert!(oauth.open(&with("azp", "app"), now).await.unwrap().principal.is_same(&of_app));
    assert_eq!(known.principal.proof(), Some(KnownBy::subject("https://id.example.org", "key:admin", None)));
    let ended = oauth.open(&pair.token(&claims(seconds - 60)), now - std::time::Duration::from_secs(60)).await.unwrap();
    assert!(!oauth.is_good(&ended.credential), "it has ended");
    oauth.replace_keys(Ok(set(&[Pair::new("k").jwk()])));
    assert!(!oauth.is_good(&known.credential), "its key has gone");
    oauth.replace_keys(Ok(set(&[pair.jwk()])));
    assert!(oauth.is_good(&known.credential));
    oauth.replace_keys(Err("gone".to_owned()));
    assert!(!oauth.is_good(&known.credential), "no key is known");
}
