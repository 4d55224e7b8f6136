//! The Windows server in a lab run, started as a user would start it: with flags, a data folder of its own and its three
//! standard streams. It is watched from outside; nothing here speaks MCP.

use crate::client::{Client, Era, HttpEndpoint, StdioWire};
use crate::lab::{Profile, Run, StdioPlan, built_exe};
use anyhow::{Context, Result, bail};
use portcullis_audit::{AuditKey, FileReport, verify_folder};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// From the start of a server to its first word.
const START_LIMIT: Duration = Duration::from_secs(30);
/// What a server may take to end once it is told to.
pub const END_LIMIT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(5);

/// The names of data folders, counted over all runs of this process.
static NEXT_DATA: AtomicU32 = AtomicU32::new(1);

/// How clients reach a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Standard input and output.
    Stdio,
    /// Streamable HTTP on a free port.
    Http,
}

/// A server that runs; dropped, it is killed.
pub struct Server {
    child: Child,
    data: PathBuf,
    stderr: Arc<Mutex<String>>,
    wire: Option<Arc<StdioWire>>,
    endpoint: Option<HttpEndpoint>,
}

impl Server {
    /// Starts a server with a new data folder; over HTTP it listens when this returns.
    pub fn start(run: &Run, transport: Transport, flags: &[&str]) -> Result<Server> {
        let data = new_data_folder(run)?;
        Server::start_on(run, transport, flags, &data)
    }

    /// As `start`, on a data folder that may have been used before.
    pub fn start_on(run: &Run, transport: Transport, flags: &[&str], data: &Path) -> Result<Server> {
        let data_argument = run.windows_path(data);
        let mut arguments = vec!["serve", "--data", &data_argument];
        if transport == Transport::Http {
            arguments.extend(["--transport", "http", "--port", "0"]);
        }
        arguments.extend(flags);
        let mut child = run.spawn(&exe(), &arguments, StdioPlan::piped())?;
        let said = child.stderr.take().context("the server's standard error")?;
        let stderr = Arc::new(Mutex::new(String::new()));
        let keep = Arc::clone(&stderr);
        thread::spawn(move || {
            for line in BufReader::new(said).lines().map_while(Result::ok) {
                let mut kept = keep.lock().unwrap_or_else(PoisonError::into_inner);
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        let stdin = child.stdin.take().context("the server's standard input")?;
        let stdout = child.stdout.take().context("the server's standard output")?;
        let wire = Arc::new(StdioWire::new(stdin, stdout));
        let mut server = Server { child, data: data.to_owned(), stderr, wire: Some(wire), endpoint: None };
        if transport == Transport::Http {
            server.endpoint = Some(server.await_listening(run)?);
        }
        Ok(server)
    }

    fn await_listening(&mut self, run: &Run) -> Result<HttpEndpoint> {
        let deadline = Instant::now() + START_LIMIT;
        loop {
            let event = self.stderr().lines().find_map(|line| {
                let event: Value = serde_json::from_str(line).ok()?;
                (event.get("event")?.as_str()? == "listening").then_some(event)
            });
            if let Some(event) = event {
                let field = |name: &str| event.get(name).and_then(Value::as_str).context("url and key_file");
                let key = fs::read_to_string(run.linux_path(field("key_file")?)?).context("the key file")?;
                return HttpEndpoint::of(field("url")?, Some(key.trim().to_owned()));
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended ({status}) before it listened: {}", self.stderr());
            }
            if Instant::now() >= deadline {
                bail!("the server does not listen: {}", self.stderr());
            }
            thread::sleep(POLL);
        }
    }

    /// A new client in that era. Over stdio there can be one only.
    pub fn client(&self, era: Era) -> Result<Client> {
        match &self.endpoint {
            Some(endpoint) => Client::over_http(endpoint.clone(), era),
            None => Client::over_stdio(Arc::clone(self.wire()?), era),
        }
        .with_context(|| format!("the server said: {}", self.stderr()))
    }

    /// The address and key, when it listens.
    pub fn endpoint(&self) -> Result<&HttpEndpoint> {
        self.endpoint.as_ref().context("the server serves stdio")
    }

    /// Its standard input and output.
    pub fn wire(&self) -> Result<&Arc<StdioWire>> {
        self.wire.as_ref().context("the server's streams")
    }

    /// All it said on standard error by now.
    pub fn stderr(&self) -> String {
        self.stderr.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where its keys and its audit lie.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Whether it still runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Closes its standard input and waits for its end.
    pub fn close(mut self) -> Result<ExitStatus> {
        self.wire()?.close();
        self.await_end()
    }

    /// Sends a signal to the program itself, as a terminal or a system that ends would.
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        let pid = inner_process(self.child.id())?;
        kill_process(pid, signal).context("cannot signal the server")
    }

    /// Waits for its end.
    pub fn await_end(&mut self) -> Result<ExitStatus> {
        let deadline = Instant::now() + END_LIMIT;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() >= deadline {
                bail!("the server has not ended within {} s: {}", END_LIMIT.as_secs(), self.stderr());
            }
            thread::sleep(POLL);
        }
    }

    /// Kills it, as a client that loses patience does.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Checks its audit chains with its own key.
    pub fn verify_audit(&self) -> Result<Vec<FileReport>> {
        verify_audit(&self.data)
    }

    /// All text of its audit.
    pub fn audit_text(&self) -> Result<String> {
        audit_text(&self.data)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A destructor has nobody to tell; the run's end ends the server in any case.
        self.kill().ok();
    }
}

/// The program under test.
pub fn exe() -> PathBuf {
    built_exe("portcullis", Profile::Lab)
}

/// A data folder of its own below the run's share.
pub fn new_data_folder(run: &Run) -> Result<PathBuf> {
    let data = run.share().join(format!("data-{}", NEXT_DATA.fetch_add(1, Ordering::Relaxed)));
    fs::create_dir_all(&data)?;
    Ok(data)
}

/// Checks the audit chains of a data folder with the key that lies there; an error names the first thing wrong.
pub fn verify_audit(data: &Path) -> Result<Vec<FileReport>> {
    let key = AuditKey::read(&data.join("audit.key")).context("the audit's key")?;
    let reports = verify_folder(&data.join("audit"), &key)?;
    for report in &reports {
        if let Some(finding) = &report.finding {
            bail!("{}, line {}: {}", report.file, finding.line, finding.problem);
        }
    }
    Ok(reports)
}

/// All text of the audit in a data folder.
pub fn audit_text(data: &Path) -> Result<String> {
    let mut text = String::new();
    for entry in fs::read_dir(data.join("audit"))? {
        text.push_str(&fs::read_to_string(entry?.path())?);
    }
    Ok(text)
}

/// The program behind `nsenter`, which forks once to get into the run's process namespace.
fn inner_process(outer: u32) -> Result<Pid> {
    let children = fs::read_to_string(format!("/proc/{outer}/task/{outer}/children"))?;
    let child = children.split_whitespace().next().context("the server has no process")?;
    Pid::from_raw(child.parse()?).context("a process number")
}
