//! What `[oauth]` may say, and what stops the start.

use super::super::tests::{Folders, environment};
use super::*;
use crate::settings::{ServeFlags, TransportSettings};
use portcullis_model::Scope;

const BOTH: &str = "[serve]\ntransport = \"http\"\n[oauth]\nissuer = \"https://id.example.org/realm\"\n\
                    audience = \"https://desk.example.org/mcp\"\n";

fn load(machine: Option<&str>, owner: &str) -> Result<Option<OAuthSettings>, ConfigError> {
    let settings = Folders::new(machine, Some(owner)).load(ServeFlags::default())?;
    match settings.serve(&environment())?.transport {
        TransportSettings::Http(http) => Ok(http.oauth),
        TransportSettings::Stdio => panic!("not HTTP"),
    }
}

#[test]
fn issuer_and_audience_are_enough_and_nothing_is_no_oauth() {
    let found = load(None, BOTH).unwrap().unwrap();
    assert_eq!(found.issuer.as_str(), "https://id.example.org/realm");
    assert_eq!((found.jwks, found.scopes, found.scope_prefix.as_str()), (JwksPlace::Discovered, None, ""));
    assert_eq!(found.algorithms, TokenAlgorithm::DEFAULT);
    assert_eq!(load(None, "[serve]\ntransport = \"http\"\n").unwrap(), None);
}

#[test]
fn every_key_is_read_or_refused_by_name() {
    let with = |more: &str| load(None, &format!("{BOTH}{more}\n"));
    let found =
        with("jwks = \"/etc/keys.json\"\nscopes = [\"observe\"]\nalgorithms = [\"ES384\"]\nscope_prefix = \"desk:\"");
    let found = found.unwrap().unwrap();
    assert_eq!((found.jwks, found.algorithms), (JwksPlace::File("/etc/keys.json".into()), vec![TokenAlgorithm::Es384]));
    assert_eq!((found.scopes, found.scope_prefix.as_str()), (Some([Scope::Observe].into_iter().collect()), "desk:"));
    for (more, key, told) in [
        ("jwks = \"keys.json\"", "oauth.jwks", "absolute"),
        ("jwks = \"http://id.example.org/keys\"", "oauth.jwks", "https"),
        ("jwks = \"http://127.0.0.1/keys\"", "oauth.jwks", "fetched with https"),
        ("jwks = \"ftp://id.example.org/keys\"", "oauth.jwks", "https"),
        ("scopes = [\"observ\"]", "oauth.scopes", "nearest: observe"),
        ("algorithms = [\"none\"]", "oauth.algorithms", "with a public key"),
        ("algorithms = [\"HS256\"]", "oauth.algorithms", "with a public key"),
        ("algorithms = [\"RS265\"]", "oauth.algorithms", "nearest: RS256"),
        ("algorithms = []", "oauth.algorithms", "without an algorithm"),
        ("scope_prefix = \"a b\"", "oauth.scope_prefix", "visible ASCII"),
        ("scope_prefix = 'a\"'", "oauth.scope_prefix", "without quotes"),
    ] {
        let error = with(more).unwrap_err();
        assert_eq!(error.key, key, "{more}");
        assert!(error.to_string().contains(told) && error.to_string().contains("portcullis.toml:"), "{error}");
    }
}

#[test]
fn half_of_it_and_urls_that_are_none_stop_the_start() {
    for (lines, key) in [
        ("issuer = \"https://id.example.org\"", "oauth.issuer"),
        ("audience = \"https://desk.example.org/mcp\"", "oauth.audience"),
        ("jwks = \"/etc/keys.json\"", "oauth.jwks"),
        ("algorithms = [\"ES256\"]", "oauth.algorithms"),
        ("issuer = \"http://id.example.org\"\naudience = \"https://desk.example.org/mcp\"", "oauth.issuer"),
        ("issuer = \"https://id.example.org\"\naudience = \"desk\"", "oauth.audience"),
    ] {
        let error = load(None, &format!("[serve]\ntransport = \"http\"\n[oauth]\n{lines}\n")).unwrap_err();
        assert_eq!(error.key, key, "{lines}");
    }
}

#[test]
fn the_machines_file_is_a_ceiling() {
    let machine = "[oauth]\nissuer = \"https://id.example.org/realm\"\nscopes = [\"observe\", \"interact\"]\n\
                   algorithms = [\"ES256\", \"EdDSA\"]\n";
    assert!(load(Some(machine), &format!("{BOTH}scopes = [\"observe\"]\nalgorithms = [\"ES256\"]\n")).is_ok());
    for (owner, key) in [
        (BOTH.replace("/realm", "/other"), "oauth.issuer"),
        (format!("{BOTH}scopes = [\"observe\", \"alter\"]\n"), "oauth.scopes"),
        (format!("{BOTH}algorithms = [\"RS256\"]\n"), "oauth.algorithms"),
    ] {
        let error = load(Some(machine), &owner).unwrap_err();
        assert_eq!(error.key, key);
        assert!(error.to_string().contains("a later place"), "{error}");
    }
}
