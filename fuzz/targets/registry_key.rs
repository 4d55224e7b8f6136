//! Keys of the registry as they stand in rules and arguments: what is read has one form that reads the same, holds no
//! wildcard, and lies in what it was made below.
#![no_main]

use portcullis_model::RegistryKey;

libfuzzer_sys::fuzz_target!(|input: (&str, &str)| {
    let (text, name) = input;
    let Ok(key) = RegistryKey::parse(text) else { return };
    let shown = key.to_string();
    assert_eq!(RegistryKey::parse(&shown).as_ref(), Ok(&key));
    assert!(!shown.contains(['*', '?', '\0']), "{shown:?}");
    assert!(!key.path().split('\\').any(str::is_empty) || key.path().is_empty(), "{shown:?}");
    assert!(key.is_within(&key));
    if let Ok(below) = RegistryKey::below(key.hive(), &format!("{}\\{name}", key.path())) {
        assert!(below.is_within(&key), "{below:?} {key:?}");
    }
});
