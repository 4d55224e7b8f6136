//! End-to-end tests live in `tests/`; what several of them need lives in the testkit. Nothing lives here.
