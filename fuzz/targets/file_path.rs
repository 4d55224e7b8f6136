//! Paths as they stand in rules and arguments: what is read has one form that reads the same, names no place but one on a
//! drive, and lies in what it was made below.
#![no_main]

use portcullis_model::FilePath;

libfuzzer_sys::fuzz_target!(|input: (&str, &str)| {
    let (text, name) = input;
    let Ok(path) = FilePath::parse(text) else { return };
    let shown = path.to_string();
    assert_eq!(FilePath::parse(&shown).as_ref(), Ok(&path));
    assert!(path.drive().is_ascii_alphabetic() && shown.as_bytes().get(1) == Some(&b':'));
    // The one colon is the drive's: a second one would name a stream.
    assert_eq!(shown.matches(':').count(), 1);
    for part in path.names() {
        assert!(!part.is_empty() && part != "." && part != ".." && !part.ends_with(['.', ' ']), "{part:?}");
        assert!(!part.contains(['/', '\\', '*', '?', '<', '>', '|', '"']) && part.chars().all(|c| c >= ' '), "{part:?}");
    }
    assert!(path.is_within(&path));
    if let Some(parent) = path.parent() {
        assert!(path.is_within(&parent) && !parent.is_within(&path));
    }
    if let Ok(below) = path.join(name) {
        assert!(below.is_within(&path) && below.names().count() == path.names().count() + 1);
        assert_eq!(below.parent(), Some(path));
    }
});
