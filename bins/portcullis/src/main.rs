//! An MCP server that lets an AI agent see and operate a Windows desktop.
fn main() {}
