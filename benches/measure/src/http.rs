//! The client over HTTP: one kept connection and, in the older protocol, one session for each worker; a thread each.

use crate::server::{Server, Which};
use crate::wire::{Era, INITIALIZED, answered};
use anyhow::{Context, Result, ensure};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// A server and the connections to it.
pub(crate) struct Http {
    pub(crate) server: Server,
    pub(crate) which: Which,
    era: Era,
    address: String,
    key: String,
    lines: Vec<Line>,
}

/// One connection.
struct Line {
    stream: BufReader<TcpStream>,
    /// Headers that every request carries.
    head: String,
    era: Era,
    session: Option<String>,
    message: Vec<u8>,
    body: Vec<u8>,
    text: String,
}

impl Http {
    /// Starts a server and opens one connection; answers also how long the first answer took from the start.
    pub(crate) fn open(which: Which, era: Era) -> Result<(Self, Duration)> {
        let began = Instant::now();
        let mut server = Server::start(which, "http")?;
        let (address, key) = server.listening()?;
        let mut http = Self { server, which, era, address, key, lines: Vec::new() };
        let (line, first) = Line::open(&http.address, &http.key, era, began)?;
        http.lines.push(line);
        Ok((http, first))
    }

    /// As many trivial calls as asked for, spread over `width` connections; how long each took, in microseconds.
    pub(crate) fn load(&mut self, count: usize, width: usize) -> Result<Vec<f64>> {
        while self.lines.len() < width {
            let (line, _) = Line::open(&self.address, &self.key, self.era, Instant::now())?;
            self.lines.push(line);
        }
        let call = self.which.call();
        let each = count / width.max(1);
        if let ([line, ..], 1) = (self.lines.as_mut_slice(), width) {
            return line.load(each, call);
        }
        let mut took = Vec::with_capacity(count);
        std::thread::scope(|scope| {
            let workers: Vec<_> =
                self.lines.iter_mut().take(width).map(|line| scope.spawn(move || line.load(each, call))).collect();
            for worker in workers {
                took.extend(worker.join().map_err(|_| anyhow::anyhow!("a worker panicked"))??);
            }
            Ok(took)
        })
    }
}

impl Line {
    fn open(address: &str, key: &str, era: Era, began: Instant) -> Result<(Self, Duration)> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let version = era.version();
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nAccept: application/json, \
             text/event-stream\r\nAuthorization: Bearer {key}\r\nMCP-Protocol-Version: {version}\r\n"
        );
        let mut line = Self {
            stream: BufReader::new(stream),
            head,
            era,
            session: None,
            message: Vec::new(),
            body: Vec::new(),
            text: String::new(),
        };
        let (method, opening) = era.opening(0);
        line.exchange(method, None, &opening)?;
        answered(std::str::from_utf8(&line.body)?)?;
        let first = began.elapsed();
        if era == Era::Legacy {
            let session = line.session.clone().context("the server gave no session")?;
            line.head.push_str(&format!("Mcp-Session-Id: {session}\r\n"));
            line.exchange("notifications/initialized", None, INITIALIZED)?;
        }
        Ok((line, first))
    }

    fn exchange(&mut self, method: &str, name: Option<&str>, message: &str) -> Result<()> {
        self.message.clear();
        write!(self.message, "{}", self.head)?;
        if self.era == Era::Modern {
            write!(self.message, "Mcp-Method: {method}\r\n")?;
            if let Some(name) = name {
                write!(self.message, "Mcp-Name: {name}\r\n")?;
            }
        }
        write!(self.message, "Content-Length: {}\r\n\r\n{message}", message.len())?;
        self.stream.get_mut().write_all(&self.message)?;
        self.read()
    }

    /// Reads one response; its body is left in `body`.
    fn read(&mut self) -> Result<()> {
        self.body.clear();
        let status = self.line()?.split(' ').nth(1).unwrap_or_default().to_owned();
        let (mut length, mut chunked) = (0_u64, false);
        loop {
            let header = self.line()?;
            let Some((name, value)) = header.split_once(':') else { break };
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                length = value.parse()?;
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                chunked = value.eq_ignore_ascii_case("chunked");
            } else if name.eq_ignore_ascii_case("mcp-session-id") {
                self.session = Some(value.to_owned());
            }
        }
        if chunked {
            loop {
                let size = u64::from_str_radix(self.line()?, 16)?;
                self.stream.by_ref().take(size).read_to_end(&mut self.body)?;
                self.line()?;
                if size == 0 {
                    break;
                }
            }
        } else {
            self.stream.by_ref().take(length).read_to_end(&mut self.body)?;
        }
        ensure!(status.starts_with('2'), "HTTP {status}: {}", String::from_utf8_lossy(&self.body));
        Ok(())
    }

    fn line(&mut self) -> Result<&str> {
        self.text.clear();
        ensure!(self.stream.read_line(&mut self.text)? > 0, "the server closed the connection");
        Ok(self.text.trim_end())
    }

    fn load(&mut self, count: usize, (tool, arguments): (&str, &str)) -> Result<Vec<f64>> {
        let mut took = Vec::with_capacity(count);
        for id in 1..=count {
            let message = self.era.call(id, tool, arguments);
            let began = Instant::now();
            self.exchange("tools/call", Some(tool), &message)?;
            took.push(began.elapsed().as_secs_f64() * 1e6);
            answered(std::str::from_utf8(&self.body)?)?;
        }
        Ok(took)
    }
}
