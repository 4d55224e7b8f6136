//! One Windows desktop for all tests of a test binary: a lab run with the fixture app on it and servers beside it. It
//! hands out clients and oracles; what is asserted is the tests' business.

use crate::client::{Client, Era, ToolResult};
use crate::journal::{EVENT_LIMIT, Journal, Mark};
use crate::lab::{Finished, Lab, Profile, Run, Size, StdioPlan, built_exe, finish_within};
use crate::server::{self, Server, Transport};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::process::Child;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// What the shared fixture's window is called; commands name it, since a test may start another.
const FIXTURE_TITLE: &str = "Portcullis Fixture";
/// What a Windows program that does one thing may take.
const PROGRAM_LIMIT: Duration = Duration::from_secs(20);
/// From the start of the fixture to its first line.
const FIXTURE_LIMIT: Duration = Duration::from_secs(20);

static SHARED: OnceLock<std::result::Result<Mutex<Desktop>, String>> = OnceLock::new();

type Flags = (Transport, Vec<String>);

/// A desktop with the fixture and any number of servers.
pub struct Desktop {
    // Servers and the fixture end before the run that they live in: fields are dropped in this order.
    servers: HashMap<Flags, (Server, Client)>,
    fixture: Option<Fixture>,
    journal: Journal,
    fixtures: u32,
    run: Run,
}

/// A fixture app that runs; dropped, it is killed.
pub struct Fixture(Child);

impl Drop for Fixture {
    fn drop(&mut self) {
        // A destructor has nobody to tell; the run's end ends the fixture in any case.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The desktop of this test binary, for one test at a time, reset.
pub fn desktop() -> Result<MutexGuard<'static, Desktop>> {
    let shared = SHARED.get_or_init(|| Desktop::start().map(Mutex::new).map_err(|error| format!("{error:#}")));
    let shared = shared.as_ref().map_err(|error| anyhow::anyhow!("there is no desktop: {error}"))?;
    // A test that failed leaves a desktop that the reset puts right, or one that is past help and replaced.
    let mut desktop = shared.lock().unwrap_or_else(PoisonError::into_inner);
    if desktop.reset().is_err() {
        *desktop = Desktop::start()?;
        desktop.reset()?;
    }
    Ok(desktop)
}

impl Desktop {
    /// A desktop of its own.
    pub fn start() -> Result<Desktop> {
        Desktop::on(|lab| lab.start(None))
    }

    /// As `start`, on a display of another size.
    pub fn start_sized(size: Size) -> Result<Desktop> {
        Desktop::on(|lab| lab.start_sized(size))
    }

    fn on(start: impl FnOnce(&Lab) -> Result<Run>) -> Result<Desktop> {
        for program in ["portcullis", "portcullis-fixture-desktop"] {
            let exe = built_exe(program, Profile::Lab);
            ensure!(exe.exists(), "there is no {}: run `cargo xtask build`", exe.display());
        }
        let run = start(&Lab::ready()?)?;
        let journal = Journal::at(run.share().join("journal-0.jsonl"));
        Ok(Desktop { servers: HashMap::new(), fixture: None, journal, fixtures: 0, run })
    }

    /// The run, for oracles of its own: the screen, the C: drive, Windows programs.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// The fixture's journal.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Now, in the journal.
    pub fn mark(&self) -> Result<Mark> {
        self.journal.mark()
    }

    /// The fixture as at its start; started anew when it is gone.
    pub fn reset(&mut self) -> Result<()> {
        let lives = self.fixture.as_mut().is_some_and(|fixture| matches!(fixture.0.try_wait(), Ok(None)));
        if lives && self.fixture_command(&["send", "reset", "--title", FIXTURE_TITLE]).is_ok() {
            return Ok(());
        }
        // It may hang, which is what some tests are about.
        self.fixture.take();
        self.fixtures = self.fixtures.saturating_add(1);
        self.journal = Journal::at(self.run.share().join(format!("journal-{}.jsonl", self.fixtures)));
        self.fixture = Some(self.spawn_fixture(&self.journal, FIXTURE_TITLE, "10,10")?);
        Ok(())
    }

    /// Another fixture with its own journal, title and place.
    pub fn spawn_fixture(&self, journal: &Journal, title: &str, at: &str) -> Result<Fixture> {
        let journal_argument = self.run.windows_path(journal.path());
        let arguments = ["--journal", &journal_argument, "--title", title, "--at", at];
        let begin = journal.mark()?;
        let child = self.run.spawn(&fixture_exe(), &arguments, StdioPlan::null())?;
        journal.await_event(begin, "started", FIXTURE_LIMIT, |line| line["event"] == "started")?;
        Ok(Fixture(child))
    }

    /// Runs the fixture's exe as a command, such as `send page hang`; answers what it printed.
    pub fn fixture_command(&self, arguments: &[&str]) -> Result<Value> {
        let done = self.run.output(&fixture_exe(), arguments, PROGRAM_LIMIT)?;
        ensure!(done.status.success(), "the fixture's {arguments:?} failed: {}", done.stderr);
        serde_json::from_str(done.stdout.trim()).with_context(|| format!("not JSON: {}", done.stdout))
    }

    /// Shows a page of the fixture.
    pub fn page(&self, name: &str) -> Result<()> {
        let mark = self.mark()?;
        self.fixture_command(&["send", "page", name, "--title", FIXTURE_TITLE])?;
        self.journal.await_event(mark, "page", EVENT_LIMIT, |line| line["event"] == "page").map(drop)
    }

    /// All that the fixture knows of itself now.
    pub fn state(&self) -> Result<Value> {
        let mark = self.mark()?;
        self.fixture_command(&["state", "--title", FIXTURE_TITLE])?;
        self.journal.await_event(mark, "state", EVENT_LIMIT, |line| line["event"] == "state")
    }

    /// The same once the fixture has taken all input that it was sent until now: its timer, whose turn comes after all input,
    /// has fired twice.
    pub fn state_after_input(&self) -> Result<Value> {
        let beats = |state: &Value| state.get("beats").and_then(Value::as_u64).context("the beats of the fixture");
        let first = beats(&self.state()?)?;
        let deadline = Instant::now() + EVENT_LIMIT;
        loop {
            let state = self.state()?;
            // One beat may have been under way already.
            if beats(&state)? >= first.saturating_add(2) {
                return Ok(state);
            }
            ensure!(Instant::now() < deadline, "the fixture's timer does not fire: {state}");
        }
    }

    /// The virtual keys that are down, as a program that is not ours sees them.
    pub fn keys_down(&self) -> Result<Vec<u64>> {
        let down = self.fixture_command(&["keys"])?;
        let down = down.get("down").and_then(Value::as_array).context("a list of keys")?;
        Ok(down.iter().filter_map(Value::as_u64).collect())
    }

    /// Runs a program that comes with Windows, such as `tasklist.exe`.
    pub fn windows_program(&self, name: &str, arguments: &[&str]) -> Result<Finished> {
        self.run.output(Path::new(name), arguments, PROGRAM_LIMIT)
    }

    /// Runs the server's exe as a command to its end. A call acts, so it is told what a server is told.
    pub fn portcullis(&self, arguments: &[&str]) -> Result<Finished> {
        self.portcullis_with(arguments, &[])
    }

    /// The same, with variables of the lab's system besides, such as those that Wine's drivers read.
    pub fn portcullis_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Result<Finished> {
        let (exe, mut arguments) = (server::exe(), arguments.to_vec());
        if arguments.first() == Some(&"call") {
            arguments.extend(server::rights_flags(&self.run, &exe)?);
        }
        finish_within(&mut self.run.command(&exe, &arguments, variables)?, PROGRAM_LIMIT)
    }

    /// A client of a server with these flags, legacy over stdio and modern over HTTP. The server is kept and used
    /// again by whoever asks for the same.
    pub fn client(&mut self, transport: Transport, flags: &[&str]) -> Result<Client> {
        let key = (transport, flags.iter().map(|flag| (*flag).to_owned()).collect::<Vec<_>>());
        if let Some((server, client)) = self.servers.get_mut(&key)
            && server.is_alive()
        {
            return Ok(client.clone());
        }
        let server = Server::start(&self.run, transport, flags)?;
        let era = if transport == Transport::Http { Era::Modern } else { Era::Legacy };
        let client = server.client(era)?;
        self.servers.insert(key, (server, client.clone()));
        Ok(client)
    }

    /// The server behind a client that `client` handed out for the same flags.
    pub fn server(&self, transport: Transport, flags: &[&str]) -> Result<&Server> {
        let key = (transport, flags.iter().map(|flag| (*flag).to_owned()).collect::<Vec<_>>());
        self.servers.get(&key).map(|found| &found.0).context("no such server was asked for")
    }

    /// A new server that nobody else gets.
    pub fn own_server(&self, transport: Transport, flags: &[&str]) -> Result<Server> {
        Server::start(&self.run, transport, flags)
    }
}

/// The ref in a line of a snapshot, such as `e12` in `  e12 button "Greet"`, by words that the line contains.
pub fn ref_of(text: &str, words: &str) -> Result<String> {
    let is_ref = |word: &&str| {
        word.strip_prefix('e').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let fitting = text.lines().filter(|line| line.contains(words));
    let found = fitting.flat_map(|line| line.split_whitespace().find(is_ref)).next();
    found.map(str::to_owned).with_context(|| format!("no line with {words} and a ref in:\n{text}"))
}

/// Calls a tool again and again until its answer fits: for what another program does in its own time.
pub fn call_until(
    client: &Client,
    tool: &str,
    arguments: &Value,
    fits: impl Fn(&ToolResult) -> bool,
) -> Result<ToolResult> {
    let deadline = Instant::now() + EVENT_LIMIT;
    loop {
        let result = client.call(tool, arguments.clone())?;
        if fits(&result) {
            return Ok(result);
        }
        if Instant::now() >= deadline {
            bail!("{tool} {arguments} does not come to what is waited for: {}", json!(result.text));
        }
    }
}

/// The fixture app.
pub fn fixture_exe() -> std::path::PathBuf {
    built_exe("portcullis-fixture-desktop", Profile::Lab)
}

#[cfg(test)]
mod tests {
    use super::ref_of;

    #[test]
    fn refs_are_found_by_the_words_of_their_line() {
        let text = "1 found (role button, name \"Greet\")\nwindow \"Portcullis Fixture\"\n  e11 edit \"Name:\"\n  e12 button \"Greet\" [focused]\n";
        assert_eq!(ref_of(text, "Greet").unwrap(), "e12");
        assert!(ref_of(text, "\"Portcullis Fixture\"").is_err());
        assert!(ref_of(text, "Nothing").is_err());
    }
}
