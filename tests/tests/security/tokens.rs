//! Tokens as an attacker would make them, and as an issuer would: a head, claims and a signature with whichever key and
//! algorithm one likes. Nothing is checked here.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding,
    RsaKeyPair,
};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// One part of a token.
pub(crate) fn part(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token with this signature.
pub(crate) fn with_signature(head: &Value, claims: &Value, signature: &[u8]) -> String {
    format!("{}.{}.{}", part(head), part(claims), BASE64_URL_SAFE_NO_PAD.encode(signature))
}

/// A token signed with a private key in PKCS #8, as the algorithm named beside it does; its head may say something else.
pub(crate) fn signed(head: &Value, claims: &Value, algorithm: &str, key: &[u8]) -> String {
    let message = format!("{}.{}", part(head), part(claims));
    let signature = match algorithm {
        "RS256" => rsa(key, &RSA_PKCS1_SHA256, message.as_bytes()),
        "PS256" => rsa(key, &RSA_PSS_SHA256, message.as_bytes()),
        "ES256" => {
            let random = SystemRandom::new();
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key, &random).unwrap();
            pair.sign(&random, message.as_bytes()).unwrap().as_ref().to_vec()
        }
        "EdDSA" => Ed25519KeyPair::from_pkcs8_maybe_unchecked(key).unwrap().sign(message.as_bytes()).as_ref().to_vec(),
        "HS256" => {
            let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key);
            ring::hmac::sign(&secret, message.as_bytes()).as_ref().to_vec()
        }
        other => panic!("{other} is not made here"),
    };
    with_signature(head, claims, &signature)
}

fn rsa(key: &[u8], encoding: &'static dyn RsaEncoding, message: &[u8]) -> Vec<u8> {
    let pair = RsaKeyPair::from_pkcs8(key).unwrap();
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(encoding, &SystemRandom::new(), message, &mut signature).unwrap();
    signature
}

/// The head of an access token.
pub(crate) fn head(algorithm: &str, kid: &str) -> Value {
    json!({ "alg": algorithm, "typ": "at+jwt", "kid": kid })
}

/// A claim, or without it when it is null, in place of another.
pub(crate) fn but(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    let object = claims.as_object_mut().unwrap();
    if value.is_null() {
        object.remove(name);
    } else {
        object.insert(name.to_owned(), value);
    }
    claims
}
