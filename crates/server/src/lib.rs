//! MCP over stdio and HTTP: authentication to a principal, and one renderer of replies.
