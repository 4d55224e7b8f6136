//! What goes over the wire in either era of the protocol, made once for each call and looked at as little as possible, so
//! that the client costs little beside the server.

use anyhow::{Context, Result, ensure};

/// The protocol with sessions, and the one without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    Legacy,
    Modern,
}

impl Era {
    pub(crate) const fn version(self) -> &'static str {
        match self {
            Self::Legacy => "2025-11-25",
            Self::Modern => "2026-07-28",
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Legacy => "session",
            Self::Modern => "modern",
        }
    }

    /// The request that opens a conversation.
    pub(crate) fn opening(self, id: usize) -> (&'static str, String) {
        match self {
            Self::Legacy => {
                let version = self.version();
                let params = format!(
                    r#"{{"protocolVersion":"{version}","capabilities":{{}},"clientInfo":{{"name":"measure","version":"1"}}}}"#
                );
                ("initialize", format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"initialize","params":{params}}}"#))
            }
            Self::Modern => ("server/discover", self.request(id, "server/discover", "")),
        }
    }

    /// Any other request; `fields` are members of its parameters.
    pub(crate) fn request(self, id: usize, method: &str, fields: &str) -> String {
        let comma = if fields.is_empty() { "" } else { "," };
        match self {
            Self::Legacy => {
                format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{{{fields}}}}}"#)
            }
            Self::Modern => {
                let version = self.version();
                let key = "io.modelcontextprotocol";
                format!(
                    r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{{{fields}{comma}"_meta":{{"{key}/protocolVersion":"{version}","{key}/clientInfo":{{"name":"measure","version":"1"}},"{key}/clientCapabilities":{{}}}}}}}}"#
                )
            }
        }
    }

    /// A call of a tool.
    pub(crate) fn call(self, id: usize, tool: &str, arguments: &str) -> String {
        self.request(id, "tools/call", &format!(r#""name":"{tool}","arguments":{arguments}"#))
    }
}

/// What a client of the older protocol says after the handshake.
pub(crate) const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

/// The number of the answered request; an error or a failed tool is an error here.
pub(crate) fn answered(text: &str) -> Result<usize> {
    let good = text.contains(r#""result":"#) && !text.contains(r#""isError":true"#);
    ensure!(good, "the call failed: {}", text.chars().take(400).collect::<String>());
    let rest = text.split_once(r#""id":"#).context("an answer without a number")?.1;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().with_context(|| format!("an answer with an odd number: {digits}"))
}
