//! Each way in which a token can be wrong, as a table.

use super::super::keyset::parse;
use super::super::tests::{Pair, set, settings};
use super::*;
use serde_json::{Value, json};

fn open(pair: &Pair, token: &str, rules: &Rules) -> Result<Given, Flaw> {
    super::super::verify::install().unwrap();
    let keys = parse(&set(&[pair.jwk()])).unwrap();
    let claimed = claimed(token, rules)?;
    let key = keys.iter().find(|key| key.kid == claimed.kid).ok_or(Flaw::UnknownKid)?;
    check(token, &claimed, key, rules, SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000))
}

fn claims() -> Value {
    json!({
        "iss": "https://id.example.org", "aud": "https://desk.example.org/mcp", "sub": "agent",
        "iat": 999_990, "nbf": 999_990, "exp": 1_000_100, "scope": "observe",
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name);
    } else {
        claims[name] = value;
    }
    claims
}

#[test]
fn every_claim_is_judged() {
    let (pair, rules) = (Pair::new("k"), Rules::new(&settings()));
    assert_eq!(open(&pair, &pair.token(&claims()), &rules).unwrap().scopes.to_string(), "observe");
    for (name, value, flaw) in [
        ("iss", json!("https://id.example.org/"), Flaw::Issuer),
        ("iss", json!(null), Flaw::Issuer),
        ("iss", json!(["https://id.example.org"]), Flaw::Malformed),
        ("aud", json!("https://desk.example.org/mcp/"), Flaw::Audience),
        ("aud", json!(["a", "b"]), Flaw::Audience),
        ("aud", json!(null), Flaw::Audience),
        ("exp", json!(999_970), Flaw::Expired),
        ("exp", json!(null), Flaw::Expired),
        ("exp", json!(-5), Flaw::Malformed),
        ("exp", json!(1e300), Flaw::Malformed),
        ("exp", json!("1000100"), Flaw::Malformed),
        ("nbf", json!(1_000_031), Flaw::NotYet),
        ("iat", json!(1_000_031), Flaw::NotYet),
        ("sub", json!(null), Flaw::Subject),
        ("sub", json!(""), Flaw::Subject),
        ("sub", json!("two words"), Flaw::Subject),
        ("sub", json!("s".repeat(SUBJECT_CAP + 1)), Flaw::Subject),
        ("cnf", json!({ "x5t#S256": "x" }), Flaw::Bound),
        ("filler", json!("x".repeat(TOKEN_CAP)), Flaw::TooLong),
    ] {
        assert_eq!(open(&pair, &pair.token(&with(name, value.clone())), &rules), Err(flaw), "{name} {value}");
    }
    for (name, value) in [
        ("aud", json!(["a", "https://desk.example.org/mcp"])),
        ("exp", json!(999_970.5)),
        ("nbf", json!(1_000_030)),
        ("iat", json!(null)),
        ("nbf", json!(null)),
        ("sub", json!("s".repeat(SUBJECT_CAP))),
    ] {
        assert!(open(&pair, &pair.token(&with(name, value.clone())), &rules).is_ok(), "{name} {value}");
    }
}

#[test]
fn a_token_of_the_longest_length_is_read_and_one_byte_more_is_not() {
    let (pair, rules) = (Pair::new("k"), Rules::new(&settings()));
    let of_length = |filler: usize| pair.token(&with("filler", json!("x".repeat(filler))));
    // Base 64 makes four bytes of three.
    let filler = (0..TOKEN_CAP * 3 / 4).rev().find(|filler| of_length(*filler).len() <= TOKEN_CAP).unwrap();
    assert!(open(&pair, &of_length(filler), &rules).is_ok());
    assert_eq!(open(&pair, &of_length(filler + 2), &rules), Err(Flaw::TooLong));
}

#[test]
fn every_head_is_judged() {
    let (pair, rules) = (Pair::new("k"), Rules::new(&settings()));
    for (head, flaw) in [
        (json!({ "alg": "none", "typ": "at+jwt", "kid": "k" }), Flaw::Malformed),
        (json!({ "typ": "at+jwt", "kid": "k" }), Flaw::Malformed),
        (json!({ "alg": "HS256", "typ": "at+jwt", "kid": "k" }), Flaw::Algorithm),
        (json!({ "alg": "ES384", "typ": "at+jwt", "kid": "k" }), Flaw::Algorithm),
        (json!({ "alg": "ES256", "typ": "at+jwt", "kid": "k" }), Flaw::Algorithm),
        (json!({ "alg": "RS256", "typ": "at+jwt", "kid": "k" }), Flaw::Algorithm),
        (json!({ "alg": "EdDSA", "kid": "k" }), Flaw::Type),
        (json!({ "alg": "EdDSA", "typ": "dpop+jwt", "kid": "k" }), Flaw::Type),
        (json!({ "alg": "EdDSA", "typ": "at+jwt" }), Flaw::NoKid),
        (json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": "" }), Flaw::NoKid),
        (json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": "other" }), Flaw::UnknownKid),
        (json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": "k", "crit": ["b64"], "b64": false }), Flaw::Malformed),
    ] {
        assert_eq!(open(&pair, &pair.signed(&head, &claims()), &rules), Err(flaw), "{head}");
    }
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "JWT"] {
        let head = json!({ "alg": "EdDSA", "typ": typ, "kid": "k" });
        assert!(open(&pair, &pair.signed(&head, &claims()), &rules).is_ok(), "{typ}");
    }
    let other = Pair::new("k").token(&claims());
    assert_eq!(open(&pair, &other, &rules), Err(Flaw::Signature));
}

#[test]
fn scopes_are_those_with_the_prefix_below_the_ceiling() {
    let pair = Pair::new("k");
    let given = |prefix: &str, ceiling: Option<&str>, said: Value| {
        let mut settings = settings();
        settings.scope_prefix = prefix.to_owned();
        settings.scopes = ceiling.map(|text| text.parse().unwrap());
        let mut claims = claims();
        claims["scope"] = json!("");
        claims["scp"] = said;
        open(&pair, &pair.token(&claims), &Rules::new(&settings)).unwrap().scopes.to_string()
    };
    assert_eq!(given("", None, json!("observe alter openid tool:Click")), "observe, alter, tool:Click");
    assert_eq!(given("", None, json!(["observe", "alter"])), "observe, alter");
    assert_eq!(given("desk:", None, json!("desk:observe alter desk:")), "observe");
    assert_eq!(given("", Some("observe"), json!("observe alter tool:Click")), "observe");
    assert_eq!(given("", Some(""), json!("observe")), "");
}
