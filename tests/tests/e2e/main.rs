//! The Windows server on a Windows desktop, driven as clients drive it and judged by what others see: the fixture's
//! journal, other Windows programs, the X display. One desktop serves all tests, so each begins with `desktop()`, which
//! waits for its turn and resets.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests fail as tests do")]

mod act;
mod audit;
mod batch;
mod boundaries;
mod calls;
mod cli;
mod clients;
mod controls;
mod events;
mod files;
mod fixture;
mod hang;
mod http;
mod kept;
mod keyboard;
mod look;
mod network;
mod ocr;
mod parallel;
mod parameters;
mod policy;
mod processes;
mod protocol;
mod refusals;
mod registry;
mod rows;
mod scheduled;
mod services;
mod shell;
mod stdio;
mod stop;
mod system;
mod typing;
mod windows;
mod wpf;
mod wpf_apps;
portcullis_testkit::only_in_lab! {
    mod layout;
    mod person;
    mod workers;
}
