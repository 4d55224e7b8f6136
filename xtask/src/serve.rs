//! Starts the Windows server in the lab for a client: over HTTP with a ready-made configuration, or on standard input
//! and output. Reads one line of what the server says and knows nothing else of it.

use crate::lab::{code_of, live};
use crate::progress::Steps;
use anyhow::{Context, Result, bail};
use clap::Args;
use portcullis_testkit::lab::{Lab, Profile, Run, built_exe, tethered, timed};
use portcullis_testkit::server::rights_flags;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// From the start of the server to its word that it listens.
const LISTEN_LIMIT: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The run to serve from; without it a new one that ends with the server
    #[arg(long = "run", value_name = "NAME")]
    name: Option<String>,
    /// What the server is given besides, after `--`
    #[arg(last = true)]
    flags: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct StdioOptions {
    #[command(flatten)]
    common: Options,
    /// Print a client configuration that starts this command, and end
    #[arg(long)]
    print_config: bool,
}

/// The server's exe; built when it is not there, and never rebuilt behind a client's back.
fn server_exe() -> Result<PathBuf> {
    let exe = built_exe("portcullis", Profile::Lab);
    if !exe.exists() {
        crate::build::run(false)?;
    }
    Ok(exe)
}

/// The named run when it is live, else a new one that ends with this process.
fn run_for(name: Option<&str>) -> Result<Run> {
    if name.is_some()
        && let Some(run) = live(name)?
    {
        return Ok(run);
    }
    timed(&Steps::default(), "starting a desktop", || Lab::ready()?.start(name))
}

/// A server that listens, and what it said when it began to.
#[derive(Debug)]
pub(crate) struct Listening {
    child: Child,
    event: Value,
}

impl Listening {
    /// Starts the server over HTTP on a free port and waits for its word. Each line of its log goes to `tell`.
    pub(crate) fn start<S: AsRef<str>>(
        run: &Run,
        exe: &Path,
        flags: &[S],
        mut tell: impl FnMut(&str) + Send + 'static,
    ) -> Result<Listening> {
        let mut arguments: Vec<&str> = vec!["serve", "--transport", "http", "--port", "0"];
        arguments.extend(rights_flags(run, exe)?);
        arguments.extend(flags.iter().map(AsRef::as_ref));
        // It goes with this process however that ends, also in a run that goes on.
        let mut server = tethered(&run.command(exe, &arguments, &[])?);
        server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = server.spawn().context("cannot start the server")?;
        let stderr = child.stderr.take().context("the server's standard error")?;
        let (say, listening) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if let Some(event) = listening_event(&line) {
                    say.send(event).ok();
                }
                tell(&line);
            }
        });
        match listening.recv_timeout(LISTEN_LIMIT) {
            Ok(event) => Ok(Listening { child, event }),
            Err(_) => {
                child.kill().ok();
                let status = child.wait()?;
                bail!("the server did not say that it listens ({status}); its log says why");
            }
        }
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> Result<&str> {
        self.event.get("url").and_then(Value::as_str).context("the server's line has no url")
    }

    /// The file with its key, as the host sees it.
    pub(crate) fn key_file(&self, run: &Run) -> Result<Option<PathBuf>> {
        self.event.get("key_file").and_then(Value::as_str).map(|file| run.linux_path(file)).transpose()
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait(mut self) -> Result<ExitStatus> {
        // The relay is not waited for: a program that the server started may hold the log's other end for as long as it
        // lives, which is until the run ends.
        Ok(self.child.wait()?)
    }

    /// Ends it.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.child.kill().ok();
        self.wait().map(drop)
    }
}

pub(crate) fn serve(options: &Options) -> Result<ExitCode> {
    let exe = server_exe()?;
    let run = run_for(options.name.as_deref())?;
    let server = Listening::start(&run, &exe, &options.flags, |line| eprintln!("{line}"))?;
    eprintln!("serving run `{}` on display {}; Ctrl+C ends it", run.name(), run.display());
    println!("{:#}", http_config(&run, &server)?);
    Ok(code_of(server.wait()?))
}

/// The one line of the server that this file understands.
fn listening_event(line: &str) -> Option<Value> {
    let event: Value = serde_json::from_str(line).ok()?;
    (event.get("event")?.as_str()? == "listening").then_some(event)
}

fn http_config(run: &Run, server: &Listening) -> Result<Value> {
    let mut entry = json!({ "type": "http", "url": server.url()? });
    if let Some(path) = server.key_file(run)? {
        let key = fs::read_to_string(&path)
            .with_context(|| format!("cannot read the server's key file {}", path.display()))?;
        if let Some(entry) = entry.as_object_mut() {
            entry.insert("headers".to_owned(), json!({ "Authorization": format!("Bearer {}", key.trim()) }));
        }
    }
    Ok(json!({ "mcpServers": { "portcullis": entry } }))
}

pub(crate) fn stdio(options: &StdioOptions) -> Result<ExitCode> {
    if options.print_config {
        println!("{:#}", stdio_config(&options.common)?);
        return Ok(ExitCode::SUCCESS);
    }
    let exe = built_exe("portcullis", Profile::Lab);
    if !exe.exists() {
        // A build would talk on the client's channel and hold it up for minutes.
        bail!("there is no {}: run `cargo xtask build` first", exe.display());
    }
    let run = run_for(options.common.name.as_deref())?;
    let mut arguments: Vec<&str> = vec!["serve", "--transport", "stdio"];
    arguments.extend(rights_flags(&run, &exe)?);
    arguments.extend(options.common.flags.iter().map(String::as_str));
    // A client that gives up kills what it started, which is this process; the server goes with it, also in a run that
    // goes on.
    let status = tethered(&run.command(&exe, &arguments, &[])?).spawn().context("cannot start the server")?.wait()?;
    Ok(code_of(status))
}

/// The built xtask itself is the command, so that a client never waits for cargo's build lock.
fn stdio_config(options: &Options) -> Result<Value> {
    let me = std::env::current_exe().context("cannot tell where this program is")?;
    let mut arguments = vec!["lab".to_owned(), "stdio".to_owned()];
    if let Some(name) = &options.name {
        arguments.extend(["--run".to_owned(), name.clone()]);
    }
    if !options.flags.is_empty() {
        arguments.push("--".to_owned());
        arguments.extend(options.flags.iter().cloned());
    }
    Ok(json!({ "mcpServers": { "portcullis": { "type": "stdio", "command": me, "args": arguments } } }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_listening_line_is_understood() {
        assert!(listening_event("plain text").is_none());
        assert!(listening_event(r#"{"event":"other"}"#).is_none());
        let event = listening_event(r#"{"event":"listening","url":"http://127.0.0.1:1/mcp"}"#).unwrap();
        assert_eq!(event["url"], "http://127.0.0.1:1/mcp");
    }

    #[test]
    fn the_stdio_configuration_names_this_program_and_passes_flags() {
        let options = Options { name: Some("a".into()), flags: vec!["--tier".into(), "3".into()] };
        let config = stdio_config(&options).unwrap();
        let entry = &config["mcpServers"]["portcullis"];
        assert!(Path::new(entry["command"].as_str().unwrap()).is_absolute());
        assert_eq!(entry["args"], json!(["lab", "stdio", "--run", "a", "--", "--tier", "3"]));
    }
}
