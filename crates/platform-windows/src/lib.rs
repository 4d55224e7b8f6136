//! The ports of `platform` on Win32 and COM. Together with the loader this is the only product code that calls the
//! operating system and the only place for `unsafe`; decisions, texts for clients and folding of trees live elsewhere.
#![cfg(windows)]

mod apps;
mod automation;
mod clipboard;
mod helper;
mod identity;
mod registry;
mod screen;
mod security;
mod session;
mod system;
mod toplevel;
mod tree;

/// Runs this process as a worker of the UI Automation reader, until its standard input ends.
pub use automation::run_worker as run_automation_worker;
