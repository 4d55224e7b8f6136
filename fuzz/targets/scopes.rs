//! Scopes as they stand in keys and tokens: what is read is written back as it reads again.
#![no_main]

use portcullis_model::Scopes;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(scopes) = text.parse::<Scopes>() {
        assert_eq!(scopes.to_string().parse(), Ok(scopes));
    }
});
