//! What tests share: the lab, MCP clients that are not built on the server's SDK, and a desktop with the fixture app and
//! servers on it. Assertions about the product live in the tests.

pub mod bench;
pub mod client;
pub mod desktop;
pub mod fake_home;
pub mod issuer;
pub mod journal;
pub mod lab;
pub mod server;
pub mod wpf_app;
