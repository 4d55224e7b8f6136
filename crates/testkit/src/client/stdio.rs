//! A program's standard input and output as a wire of lines. Every byte of the output is kept, so that a test can say
//! that nothing but the protocol was on it; what the lines mean is for the client.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

/// The wire. Several clients may not share one: ids would collide.
#[derive(Debug)]
pub struct StdioWire {
    stdin: Mutex<Option<ChildStdin>>,
    lines: Mutex<Inbox>,
    kept: Arc<Mutex<Vec<u8>>>,
}

#[derive(Debug)]
struct Inbox {
    from: Receiver<Vec<u8>>,
    answers: BTreeMap<u64, Value>,
    others: Vec<Value>,
}

impl StdioWire {
    /// Takes both ends and reads from now on.
    pub fn new(stdin: ChildStdin, stdout: ChildStdout) -> StdioWire {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&kept);
        let (send, from) = channel();
        thread::spawn(move || {
            let mut reader = BufReader::new(stdout);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                super::lock(&keep).extend_from_slice(&line);
                if send.send(std::mem::take(&mut line)).is_err() {
                    break;
                }
            }
        });
        let inbox = Inbox { from, answers: BTreeMap::new(), others: Vec::new() };
        StdioWire { stdin: Mutex::new(Some(stdin)), lines: Mutex::new(inbox), kept }
    }

    /// Sends bytes as they are.
    pub fn send_bytes(&self, bytes: &[u8]) -> Result<()> {
        let mut stdin = super::lock(&self.stdin);
        let stdin = stdin.as_mut().context("standard input is closed")?;
        stdin.write_all(bytes)?;
        stdin.flush()?;
        Ok(())
    }

    /// Sends one line.
    pub fn send_line(&self, line: &str) -> Result<()> {
        self.send_bytes(format!("{line}\n").as_bytes())
    }

    /// Closes the program's standard input.
    pub fn close(&self) {
        super::lock(&self.stdin).take();
    }

    /// The next message with that id, whatever else comes before it.
    pub fn answer(&self, id: u64, deadline: Instant) -> Result<Value> {
        let mut inbox = super::lock(&self.lines);
        loop {
            if let Some(answer) = inbox.answers.remove(&id) {
                return Ok(answer);
            }
            let line = match inbox.from.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => line,
                Err(RecvTimeoutError::Timeout) => bail!("no answer to request {id} in time"),
                Err(RecvTimeoutError::Disconnected) => bail!("the output ended before request {id} was answered"),
            };
            let message: Value = serde_json::from_slice(&line)
                .with_context(|| format!("not JSON on standard output: {}", String::from_utf8_lossy(&line)))?;
            match (message.get("id").and_then(Value::as_u64), message.get("method")) {
                (Some(answered), None) => {
                    ensure!(inbox.answers.insert(answered, message).is_none(), "request {answered} answered twice");
                }
                _ => inbox.others.push(message),
            }
        }
    }

    /// The notifications of this method that came before the answers that were asked for.
    pub fn notifications(&self, method: &str) -> Vec<Value> {
        let inbox = super::lock(&self.lines);
        let is_so = |message: &&Value| message.get("method").and_then(Value::as_str) == Some(method);
        inbox.others.iter().filter(is_so).cloned().collect()
    }

    /// Whether request `id` has been answered, without waiting for more than what came by `deadline`.
    pub fn is_answered(&self, id: u64, deadline: Instant) -> bool {
        self.answer(id, deadline).is_ok()
    }

    /// Fails unless all that the program wrote were whole JSON-RPC messages, one a line.
    pub fn check_purity(&self) -> Result<()> {
        let kept = super::lock(&self.kept);
        check_purity(&kept)
    }
}

fn check_purity(bytes: &[u8]) -> Result<()> {
    for (number, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let shown = || format!("line {}: {}", number + 1, String::from_utf8_lossy(line));
        ensure!(line.ends_with(b"\n"), "standard output ends within a line, {}", shown());
        ensure!(!line.ends_with(b"\r\n"), "a carriage return ends {}", shown());
        let message: Value = serde_json::from_slice(line).with_context(shown)?;
        ensure!(message.get("jsonrpc").and_then(Value::as_str) == Some("2.0"), "not JSON-RPC, {}", shown());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_purity;

    #[test]
    fn anything_but_the_protocol_is_found() {
        let message = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}";
        assert!(check_purity(format!("{message}\n{message}\n").as_bytes()).is_ok());
        for wrong in [format!("hello\n{message}\n"), message.to_owned(), format!("{message}\r\n"), "{}\n".to_owned()] {
            assert!(check_purity(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
