//! The policy file: whatever stands there is a layer of words or an error that names a line; nothing panics, and an error
//! repeats nothing that could steer a terminal.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Err(error) = portcullis_config::check_policy_text(text) {
        let said = error.to_string();
        assert!(!said.contains(['\n', '\u{1b}', '\u{202e}']), "{said:?}");
    }
});
