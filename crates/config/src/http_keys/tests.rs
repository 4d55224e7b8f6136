//! Keys made, revoked and rotated in a folder, and files that are refused.

use super::*;

fn store() -> (tempfile::TempDir, KeyStore) {
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::open(folder.path().to_owned()).unwrap();
    (folder, KeyStore::of(&data))
}

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()
}

fn name(text: &str) -> KeyName {
    text.parse().unwrap()
}

fn digest_of(store: &KeyStore, wanted: &str) -> Option<Digest> {
    store.all().unwrap().into_iter().find(|key| key.name.as_str() == wanted).map(|key| key.digest)
}

#[test]
fn a_key_is_told_once_and_kept_as_its_digest() {
    let (_folder, store) = store();
    let scopes: Scopes = "observe, tool:Click".parse().unwrap();
    let life = KeyLife::For(time::Duration::days(90));
    let secret = store.make(name("ci"), scopes.clone(), life, now()).unwrap();
    assert!(secret.expose().starts_with("pcl_") && secret.expose().len() == 68, "not shown");
    let text = std::fs::read_to_string(store.file()).unwrap();
    assert!(!text.contains(secret.expose()) && !text.contains(&secret.expose()[4..]));
    let kept = store.all().unwrap();
    assert_eq!((kept.len(), kept[0].digest), (1, Digest::of(secret.expose().as_bytes())));
    assert_eq!((&kept[0].scopes, kept[0].expires), (&scopes, Some(now() + time::Duration::days(90))));
    assert!(matches!(store.make(name("ci"), scopes.clone(), life, now()), Err(KeyError::Taken(_))));
    for reserved in ["default", "local"] {
        let made = store.make(name(reserved), scopes.clone(), life, now());
        assert!(matches!(made, Err(KeyError::Reserved { .. })), "{reserved}");
    }
    assert!(matches!(store.make(name("late"), scopes, KeyLife::Until(now()), now()), Err(KeyError::Ended)));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(store.file()).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

fn observe() -> Scopes {
    [Scope::Observe].into_iter().collect()
}

#[test]
fn a_key_that_opens_nothing_is_not_made() {
    let (_folder, store) = store();
    let made = store.make(name("one"), Scopes::default(), KeyLife::Endless, now());
    assert!(matches!(made, Err(KeyError::NoScopes(_))));
}

#[test]
fn a_rotated_key_has_a_new_text_and_as_long_a_life_and_a_revoked_one_is_gone() {
    let (_folder, store) = store();
    let life = KeyLife::For(time::Duration::days(1));
    store.make(name("one"), observe(), life, now()).unwrap();
    store.make(name("two"), observe(), KeyLife::Endless, now()).unwrap();
    let (before, other) = (digest_of(&store, "one"), digest_of(&store, "two"));
    let later = now() + time::Duration::hours(5);
    let secret = store.rotate(&name("one"), later).unwrap();
    assert_ne!(digest_of(&store, "one"), before);
    assert_eq!(digest_of(&store, "one"), Some(Digest::of(secret.expose().as_bytes())));
    let kept = store.all().unwrap();
    assert_eq!(kept[0].expires, Some(later + time::Duration::days(1)));
    store.revoke(&name("one")).unwrap();
    assert_eq!((digest_of(&store, "one"), digest_of(&store, "two")), (None, other));
    for error in [store.revoke(&name("one")).unwrap_err(), store.rotate(&name("one"), now()).unwrap_err()] {
        assert_eq!(error.to_string(), "there is no key `one`; there are: two");
    }
}

#[test]
fn the_first_key_is_made_only_where_no_key_ever_was() {
    let (_folder, store) = store();
    store.ensure_one().unwrap();
    let first = digest_of(&store, "default").unwrap();
    store.ensure_one().unwrap();
    assert_eq!(digest_of(&store, "default"), Some(first));
    let secret = store.rotate(&name("default"), now()).unwrap();
    assert_eq!(store.default_key().unwrap(), Some(secret));
    assert_ne!(digest_of(&store, "default"), Some(first));
    store.revoke(&name("default")).unwrap();
    store.ensure_one().unwrap();
    assert!(store.all().unwrap().is_empty(), "a key that was taken away came back");
    assert!(matches!(store.revoke(&name("default")), Err(KeyError::Absent { .. })));
}

#[test]
fn there_are_at_most_so_many() {
    let (_folder, store) = store();
    let sum = "0".repeat(64);
    let key = |number: usize| {
        format!(
            r#"{{"name":"k{number}","sha256":"{sum}","scopes":["observe"],"created":"2026-01-01T00:00:00Z","expires":null}}"#
        )
    };
    let file =
        |count: usize| format!(r#"{{"version":1,"keys":[{}]}}"#, (0..count).map(key).collect::<Vec<_>>().join(","));
    std::fs::write(store.file(), file(KEY_CAP)).unwrap();
    assert_eq!(store.all().unwrap().len(), KEY_CAP);
    assert!(matches!(store.make(name("one"), observe(), KeyLife::Endless, now()), Err(KeyError::Full)));
    std::fs::write(store.file(), file(KEY_CAP + 1)).unwrap();
    assert!(matches!(store.all(), Err(FileError::Keys { .. })));
}

#[test]
fn a_file_that_is_not_in_order_gives_no_key_at_all() {
    let (_folder, store) = store();
    let sum = "0".repeat(64);
    let good = format!(
        r#"{{"name":"a","sha256":"{sum}","scopes":["observe"],"created":"2026-01-01T00:00:00Z","expires":null}}"#
    );
    let keys = |keys: &str| format!(r#"{{"version":1,"keys":[{keys}]}}"#);
    let changed = |from: &str, to: &str| keys(&good.replace(from, to));
    std::fs::write(store.file(), keys(&good)).unwrap();
    assert_eq!(store.all().unwrap().len(), 1);
    for (text, told) in [
        (String::new(), "EOF"),
        (keys(&good).replace("1,", "2,"), "version 2"),
        (keys(&format!("{good},{good}")), "two keys `a`"),
        (changed("\"a\"", "\"A\""), "lower-case"),
        (changed("\"a\"", "\"default\""), "http.key"),
        (changed(&sum, "00"), "64 hexadecimal"),
        (changed("0000", "00g0"), "64 hexadecimal"),
        (changed("observe", "observ"), "is no scope"),
        (changed("2026-01-01T00:00:00Z", "yesterday"), "a time is written"),
        (changed("null", "\"soon\""), "a time is written"),
        (changed("\"expires\":null", "\"expires\":null,\"x\":1"), "unknown field"),
        (" ".repeat(300_000), "more than 262144 bytes"),
    ] {
        std::fs::write(store.file(), &text).unwrap();
        let error = store.all().unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
        assert!(
            store.make(name("b"), Scopes::default(), KeyLife::Endless, now()).is_err(),
            "a bad file was written over"
        );
    }
}

#[test]
fn names_and_lives_are_read_or_refused() {
    for wrong in ["", "A", "a b", "-a", "_a", "key:a", "\u{fc}", &"a".repeat(33)] {
        assert!(wrong.parse::<KeyName>().is_err(), "{wrong}");
    }
    assert!("ci-runner_2".parse::<KeyName>().is_ok());
    assert_eq!("never".parse(), Ok(KeyLife::Endless));
    assert_eq!("90d".parse(), Ok(KeyLife::For(time::Duration::days(90))));
    assert_eq!("12h".parse(), Ok(KeyLife::For(time::Duration::hours(12))));
    assert_eq!("2027-01-15T08:00:00Z".parse(), Ok(KeyLife::Until(now())));
    for wrong in ["", "0d", "-1d", "3651d", "9223372036854775807d", "d", "1w", "2027-01-15", "Never"] {
        assert!(wrong.parse::<KeyLife>().is_err(), "{wrong}");
    }
}
