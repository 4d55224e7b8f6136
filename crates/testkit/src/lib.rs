//! What tests share: servers, MCP clients, the lab.

pub mod lab;
