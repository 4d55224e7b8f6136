//! Attacks that every tool of the catalogue meets, made from its descriptor, its schema and its examples, so that a tool
//! which is added is attacked without a line here. What changed is read from the fake desktop and compared with what the
//! record says was granted; answers prove nothing. Which other attacks each tool meets is the table of `xtask`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod calls;
mod judge;
mod windows;
mod world;
