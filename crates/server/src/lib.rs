//! MCP over stdio and HTTP: a client becomes a principal, a request becomes a call at the gate, and an answer becomes a
//! result, in one place each. Only this crate names rmcp; nothing here decides what a principal may do.

mod auth;
mod calls;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod handler;
mod http;
mod lines;
mod render;
mod stdio;
mod tls;

pub use auth::keys::HttpKey;
pub use http::{HttpError, HttpOptions, HttpServer, Number, Numbers, Source};
pub use stdio::serve_stdio;
pub use tls::{ClientAuthorities, Fingerprint, SelfSigned, TlsIdentity, self_signed};
