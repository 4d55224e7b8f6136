//! One of the servers under comparison: started over standard input and output, asked, and killed when dropped. What it is
//! asked is not decided here, and whether an answer is true neither.

use super::ground::Ground;
use anyhow::{Context, Result, bail};
use portcullis_testkit::client::{Client, Era, StdioWire};
use portcullis_testkit::lab::{Lab, Peer, Profile, process_of};
use portcullis_testkit::server::Server;
use serde_json::{Value, json};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// What any answer may take: the slowest job of the slowest peer, several times over.
const LIMIT: Duration = Duration::from_secs(15);

/// Whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Ours,
    Peer(Peer),
}

impl Who {
    pub(super) const ALL: [Self; 3] = [Self::Ours, Self::Peer(Peer::Winremote), Self::Peer(Peer::WindowsMcp)];
}

/// Keeps a server's process.
enum Process {
    Ours(Server),
    Peer(Child),
}

/// A server that runs and has been greeted.
pub(super) struct Contender {
    pub(super) who: Who,
    process: Process,
    client: Client,
}

impl Drop for Contender {
    fn drop(&mut self) {
        // A destructor has nobody to tell; the run's end ends it in any case.
        if let Process::Peer(child) = &mut self.process {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

/// What any of them answered, read as far as all of them have it.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) is_error: bool,
    /// All text.
    pub(super) text: String,
    /// Letters of base64 in all pictures and resources together.
    pub(super) bytes: usize,
}

impl Answer {
    fn read(result: &Value) -> Self {
        let mut text = String::new();
        let mut bytes = 0;
        for block in result.get("content").and_then(Value::as_array).into_iter().flatten() {
            let part = |at: &str| block.pointer(at).and_then(Value::as_str).unwrap_or_default();
            text.push_str(part("/text"));
            text.push_str(part("/resource/text"));
            bytes += part("/data").len() + part("/resource/blob").len();
        }
        Self { is_error: result.get("isError").and_then(Value::as_bool).unwrap_or(false), text, bytes }
    }
}

impl Contender {
    /// Starts one; it has answered the first request when this returns.
    pub(super) fn start(ground: &Ground, who: Who) -> Result<Self> {
        let run = ground.desktop.run();
        let (process, client) = match who {
            Who::Ours => {
                let config = run.windows_path(&ground.policy);
                let flags = ["--config", &config, "--transport", "stdio"];
                let server = Server::start_built(run, Profile::Release, &flags, &run.share().join("data-measured"))?;
                let client = server.client(Era::Legacy)?;
                (Process::Ours(server), client)
            }
            Who::Peer(peer) => {
                let mut command = Lab::ready()?.peers()?.command(run, peer)?;
                // What it says besides goes nowhere: a pipe that nobody reads would stop it.
                command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
                let mut child = command.spawn().with_context(|| format!("cannot start {}", peer.name()))?;
                let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
                    bail!("{} has no streams", peer.name())
                };
                let client = Client::over_stdio(Arc::new(StdioWire::new(stdin, stdout)), Era::Legacy);
                let client = client.with_context(|| format!("{} does not answer", peer.name()));
                if client.is_err() {
                    child.kill().ok();
                    child.wait().ok();
                }
                (Process::Peer(child), client?)
            }
        };
        Ok(Self { who, process, client })
    }

    /// The system's number of its process.
    pub(super) fn process(&self) -> Result<u32> {
        match &self.process {
            Process::Ours(server) => server.process(),
            Process::Peer(child) => process_of(child),
        }
    }

    pub(super) fn list_tools(&self) -> Result<usize> {
        Ok(self.client.list_tools()?.len())
    }

    /// Calls a tool; an error is of the transport or the protocol.
    pub(super) fn call(&self, tool: &str, arguments: Value) -> Result<Answer> {
        let pending = self.client.start("tools/call", json!({ "name": tool, "arguments": arguments }))?;
        let result = self.client.wait(pending, LIMIT)?.with_context(|| format!("{tool} was refused"))?;
        Ok(Answer::read(&result))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_are_counted_whatever_else_an_answer_holds() {
        let answer = Answer::read(&json!({
            "isError": true,
            "content": [
                { "type": "text", "text": "one " },
                { "type": "image", "data": "AAAA", "mimeType": "image/png" },
                { "type": "resource", "resource": { "uri": "x:y", "blob": "AA==" } },
                { "type": "something", "text": "two" },
            ],
        }));
        assert_eq!((answer.is_error, answer.text.as_str(), answer.bytes), (true, "one two", 8));
        assert!(!Answer::read(&json!({})).is_error);
    }
}
