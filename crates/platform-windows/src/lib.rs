//! The ports of `platform` on Win32 and COM. Together with the loader this is the only product code that calls the
//! operating system and the only place for `unsafe`; decisions, texts for clients and folding of trees live elsewhere.
#![cfg(windows)]

mod apps;
mod clipboard;
mod helper;
mod identity;
mod input;
mod registry;
mod screen;
mod security;
mod session;
mod system;
