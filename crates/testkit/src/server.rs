//! The Windows server in a lab run, started as a user would start it: with flags, a data folder of its own and its three
//! standard streams. It is watched from outside; nothing here speaks MCP.

use crate::client::{Client, Era, HttpEndpoint, StdioWire};
use crate::lab::{self, Profile, Run, StdioPlan, built_exe};
use anyhow::{Context, Result, bail};
use portcullis_audit::{AuditKey, FileReport, verify_folder};
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
        let exe = exe();
        Server::start_exe(run, &exe, &serve(run, &exe, transport, flags, data)?, transport, data)
    }

    /// The server on a desktop in memory, whose first list of processes panics; over standard input and output.
    pub fn start_panicking(run: &Run) -> Result<Server> {
        let data = new_data_folder(run)?;
        let arguments = ["--panic-once".to_owned(), "serve".to_owned(), "--data".to_owned(), run.windows_path(&data)];
        Server::start_exe(run, &built_exe("portcullis-fake", Profile::Lab), &arguments, Transport::Stdio, &data)
    }

    /// As `start_on`, of another build, over standard input and output.
    pub fn start_built(run: &Run, profile: Profile, flags: &[&str], data: &Path) -> Result<Server> {
        let transport = Transport::Stdio;
        let exe = built_exe("portcullis", profile);
        Server::start_exe(run, &exe, &serve(run, &exe, transport, flags, data)?, transport, data)
    }

    fn start_exe(run: &Run, exe: &Path, arguments: &[String], transport: Transport, data: &Path) -> Result<Server> {
        let child = run.spawn(exe, arguments, StdioPlan::piped())?;
        Server::watch(child, transport, data, &|path| run.linux_path(path))
    }

    /// Keeps what a started server says. `here` turns a path that it names into one of this system.
    pub(crate) fn watch(
        mut child: Child,
        transport: Transport,
        data: &Path,
        here: &dyn Fn(&str) -> Result<PathBuf>,
    ) -> Result<Server> {
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
            server.endpoint = Some(server.await_listening(here)?);
        }
        Ok(server)
    }

    fn await_listening(&mut self, here: &dyn Fn(&str) -> Result<PathBuf>) -> Result<HttpEndpoint> {
        let deadline = Instant::now() + START_LIMIT;
        loop {
            let event = self.stderr().lines().find_map(|line| {
                let event: Value = serde_json::from_str(line).ok()?;
                (event.get("event")?.as_str()? == "listening").then_some(event)
            });
            if let Some(event) = event {
                let field = |name: &str| event.get(name).and_then(Value::as_str).context("url and key_file");
                // Where all keys are named ones, the caller has them.
                let key = match event.get("key_file").and_then(Value::as_str) {
                    Some(file) => Some(fs::read_to_string(here(file)?).context("the key file")?.trim().to_owned()),
                    None => None,
                };
                return HttpEndpoint::of(field("url")?, key);
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

    /// The system's number of the server's process.
    pub fn process(&self) -> Result<u32> {
        lab::process_of(&self.child)
    }

    /// The number of the process that was started, which is the server's own where nothing stands between.
    pub fn started_process(&self) -> u32 {
        self.child.id()
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

    /// Interrupts the program itself, as Ctrl+C in a terminal would.
    pub fn interrupt(&mut self) -> Result<()> {
        lab::interrupt(&self.child)
    }

    /// Asks the program itself to end, as the system does when it shuts down.
    pub fn terminate(&mut self) -> Result<()> {
        lab::terminate(&self.child)
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

/// The arguments of `serve`.
fn serve(run: &Run, exe: &Path, transport: Transport, flags: &[&str], data: &Path) -> Result<Vec<String>> {
    let mut arguments = vec!["serve".to_owned(), "--data".to_owned(), run.windows_path(data)];
    arguments.extend(rights_flags(run, exe)?.iter().map(|flag| (*flag).to_owned()));
    if transport == Transport::Http {
        arguments.extend(["--transport", "http", "--port", "0"].map(str::to_owned));
    }
    if !flags.contains(&"--call-rate") {
        // Many tests share one server, and none of them is about rates.
        arguments.extend(["--call-rate", "1000000000"].map(str::to_owned));
    }
    arguments.extend(flags.iter().map(|flag| (*flag).to_owned()));
    Ok(arguments)
}

/// The program under test.
pub fn exe() -> PathBuf {
    built_exe("portcullis", Profile::Lab)
}

/// What the program has to be told to act on this machine: `--allow-elevated` where its `doctor` says that a start from
/// here has more rights than a signed-in user's, as it has in the lab. Asked once a process, of whichever build comes first.
pub fn rights_flags(run: &Run, exe: &Path) -> Result<&'static [&'static str]> {
    static FLAGS: Mutex<Option<&'static [&'static str]>> = Mutex::new(None);
    let mut known = FLAGS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(flags) = *known {
        return Ok(flags);
    }
    let said = run.output(exe, &["doctor", "--json"], START_LIMIT)?;
    let rows: Vec<Value> = serde_json::from_str(&said.stdout).with_context(|| format!("doctor: {}", said.stderr))?;
    let row = rows
        .iter()
        .find(|row| row.get("what").is_some_and(|what| what == "rights"))
        .context("doctor has no row for rights")?;
    let flags: &[&str] = if row.get("ok") == Some(&Value::Bool(true)) { &[] } else { &["--allow-elevated"] };
    *known = Some(flags);
    Ok(flags)
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
