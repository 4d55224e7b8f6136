//! The client over standard input and output: one pipe, up to as many requests in flight as asked for, on one thread.

use crate::server::{Server, Which};
use crate::wire::{Era, INITIALIZED, answered};
use anyhow::{Context, Result, ensure};
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout};
use std::time::{Duration, Instant};

/// A conversation with a server.
pub(crate) struct Stdio {
    pub(crate) server: Server,
    pub(crate) which: Which,
    era: Era,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    next: usize,
    line: String,
}

impl Stdio {
    /// Starts a server and opens the conversation; answers also how long the first answer took from the start.
    pub(crate) fn open(which: Which, era: Era) -> Result<(Self, Duration)> {
        let began = Instant::now();
        let mut server = Server::start(which, "stdio")?;
        let input = server.child.stdin.take().context("the server's standard input")?;
        let output = BufReader::new(server.child.stdout.take().context("the server's standard output")?);
        let mut client = Self { server, which, era, input, output, next: 1, line: String::new() };
        client.send(&era.opening(0).1)?;
        client.receive()?;
        let first = began.elapsed();
        if era == Era::Legacy {
            client.send(INITIALIZED)?;
        }
        Ok((client, first))
    }

    fn send(&mut self, message: &str) -> Result<()> {
        self.line.clear();
        self.line.push_str(message);
        self.line.push('\n');
        self.input.write_all(self.line.as_bytes())?;
        Ok(())
    }

    fn receive(&mut self) -> Result<usize> {
        loop {
            self.line.clear();
            ensure!(self.output.read_line(&mut self.line)? > 0, "the server closed its output");
            // A notification is no answer.
            if !self.line.contains(r#""method":"#) {
                return answered(&self.line);
            }
        }
    }

    /// Lists the tools, once.
    pub(crate) fn list(&mut self) -> Result<()> {
        let id = self.next;
        self.next += 1;
        self.send(&self.era.request(id, "tools/list", ""))?;
        self.receive().map(drop)
    }

    /// Makes `count` trivial calls with at most `width` in flight; how long each took, in microseconds.
    pub(crate) fn load(&mut self, count: usize, width: usize) -> Result<Vec<f64>> {
        let (tool, arguments) = self.which.call();
        let first = self.next;
        let mut sent: Vec<Instant> = Vec::with_capacity(count);
        let mut took = Vec::with_capacity(count);
        while took.len() < count {
            while sent.len() < count && sent.len() - took.len() < width {
                let message = self.era.call(first + sent.len(), tool, arguments);
                sent.push(Instant::now());
                self.send(&message)?;
            }
            let id = self.receive()?;
            let at = id.checked_sub(first).and_then(|at| sent.get(at)).context("an answer to no question")?;
            took.push(at.elapsed().as_secs_f64() * 1e6);
        }
        self.next = first + count;
        Ok(took)
    }
}
