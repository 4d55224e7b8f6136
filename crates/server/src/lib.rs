//! MCP over stdio and HTTP: a client becomes a principal, a request becomes a call at the gate, and an answer becomes a
//! result, in one place each. Only this crate names rmcp; nothing here decides what a principal may do.

mod handler;
mod http;
mod render;
mod stdio;

pub use http::{HttpError, HttpServer};
pub use stdio::serve_stdio;
