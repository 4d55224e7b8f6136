//! A server under measurement: started, asked for its figures, and killed when dropped.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// Ticks of `/proc/<pid>/stat` in a second, the same on every Linux that we know (USER_HZ).
const TICKS: f64 = 100.0;

/// Which of the two is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Ours,
    Floor,
}

impl Which {
    pub(crate) const BOTH: [Self; 2] = [Self::Ours, Self::Floor];

    /// The trivial call of each.
    pub(crate) fn call(self) -> (&'static str, &'static str) {
        match self {
            Self::Ours => ("GetRunningTasks", "{}"),
            Self::Floor => ("echo", r#"{"text":"hello"}"#),
        }
    }
}

/// A child that ends with this value, and the folder that it kept its data in.
pub(crate) struct Server {
    pub(crate) child: Child,
    _data: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the release programs lie: beside this one.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    let me = std::env::current_exe().context("cannot tell where this program is")?;
    let path = me.with_file_name(name);
    if !path.exists() {
        bail!("there is no {}: `cargo xtask bench` builds it", path.display());
    }
    Ok(path)
}

impl Server {
    /// Starts one over `stdio` or `http`.
    pub(crate) fn start(which: Which, transport: &str) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let mut command = match which {
            Which::Ours => Command::new(program("portcullis-fake")?),
            Which::Floor => Command::new(program("portcullis-floor")?),
        };
        if which == Which::Ours {
            command.args(["serve", "--transport", transport, "--data"]).arg(data.path());
            // The rates of one principal are not what is measured.
            command.args(["--call-rate", "1000000000"]);
            command.args(if transport == "http" { &["--port", "0", "--rate", "1000000000"] } else { &[][..] });
            // What the owner of this machine configured is not what is measured.
            command.env("XDG_CONFIG_HOME", data.path());
        } else {
            command.arg(transport);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(if transport == "http" { Stdio::piped() } else { Stdio::null() });
        let child = command.spawn().context("cannot start the server")?;
        Ok(Self { child, _data: data })
    }

    /// Waits for the word that it listens: address and key.
    pub(crate) fn listening(&mut self) -> Result<(String, String)> {
        let stderr = self.child.stderr.take().context("the server's standard error")?;
        let mut line = String::new();
        BufReader::new(stderr).read_line(&mut line)?;
        let event: Value = serde_json::from_str(&line).with_context(|| format!("the server said: {line}"))?;
        let text = |name: &str| event.get(name).and_then(Value::as_str).map(str::to_owned);
        let url = text("url").context("the server named no url")?;
        let address = url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).context("an odd url")?.0;
        let key = match text("key_file") {
            Some(file) => std::fs::read_to_string(Path::new(&file))?.trim().to_owned(),
            None => text("key").context("the server named no key")?,
        };
        Ok((address.to_owned(), key))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

/// Processor time that a process has used, in microseconds.
pub(crate) fn cpu_micros(pid: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields = stat.rsplit_once(')').context("an odd stat file")?.1;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || -> Result<f64> { Ok(fields.next().context("an odd stat file")?.parse()?) };
    Ok((next()? + next()?) / TICKS * 1e6)
}

/// Resident memory of a process in MB, private and shared.
pub(crate) fn resident_mb(pid: u32) -> Result<f64> {
    status_mb(pid, "VmRSS:")
}

/// Resident memory of a process in MB that is in no file.
pub(crate) fn private_mb(pid: u32) -> Result<f64> {
    status_mb(pid, "RssAnon:")
}

fn status_mb(pid: u32, field: &str) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)).with_context(|| format!("no {field}"))?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1024.0 / 1e6)
}
