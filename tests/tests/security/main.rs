//! Attacks, each a test by name, against the product's own command line, policy file, keys and HTTP on the desktop in
//! memory. Each opens with the source systems that fall where ours stands. What needs Windows is attacked in `e2e`.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests fail as tests do")]

mod addresses;
mod alerts;
mod canary;
mod configuration;
mod dialect;
mod disk;
mod doctor;
mod ends;
mod floods;
mod keys;
mod limits;
mod messages;
mod mtls;
mod oauth;
mod profiles;
mod proxy;
mod raw;
mod rebinding;
mod resources;
mod rules;
mod scrape_tls;
mod targets;
mod tls;
mod tokens;
