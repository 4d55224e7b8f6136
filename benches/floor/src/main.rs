//! The floor that the server's own cost is measured against: rmcp with one tool that echoes.
fn main() {}
