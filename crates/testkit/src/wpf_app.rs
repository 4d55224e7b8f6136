//! A WPF application of the fixtures on the desktop of a run: started, asked, and ended. Its journal and its answers are the
//! oracle for what the server says of it. What is asserted is the tests' business; what can be asked is told in `docs/lab.md`.

use crate::journal::Journal;
use crate::lab::{Run, StdioPlan, built_app};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// From the start to a window that is drawn; .NET compiles all of it anew each time.
const START_LIMIT: Duration = Duration::from_secs(30);
/// The application itself waits 5 s for each of its threads.
const ASK_LIMIT: Duration = Duration::from_secs(15);
/// From the wish to end to the end of the process.
const END_LIMIT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(10);

/// A policy that admits fixture applications, loading among it, and opens gates by their names.
pub fn policy(run: &Run, programs: &[&str], gates: &[&str]) -> String {
    let gates: String = gates.iter().map(|gate| format!("{gate} = true\n")).collect();
    let entry = |program: &&str| {
        format!("\n[[wpf.targets]]\npath = '{}'\nload = true\n", run.windows_path(&WpfApp::exe(program)))
    };
    format!("version = 1\n\n[gates]\n{gates}{}", programs.iter().map(entry).collect::<String>())
}

/// How many were started by this process, so that each has a journal of its own.
static STARTED: AtomicU32 = AtomicU32::new(0);

/// An application that runs; dropped, it is killed.
#[derive(Debug)]
pub struct WpfApp {
    child: Child,
    journal: Journal,
    asks: PathBuf,
    asked: AtomicU32,
    ready: Value,
}

impl WpfApp {
    /// Its program, such as that of `Fixture.Form`.
    pub fn exe(name: &str) -> PathBuf {
        built_app(name).join(format!("{name}.exe"))
    }

    /// Starts an application on a run's desktop; returns when its window is there and it answers.
    pub fn start(run: &Run, name: &str, arguments: &[&str]) -> Result<WpfApp> {
        WpfApp::start_at(run, &WpfApp::exe(name), arguments)
    }

    /// As `start`, of a program that lies elsewhere.
    pub fn start_at(run: &Run, exe: &Path, arguments: &[&str]) -> Result<WpfApp> {
        ensure!(exe.exists(), "there is no {}: run `cargo xtask inspector`", exe.display());
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let journal = Journal::at(run.share().join(format!("wpf-{number}.jsonl")));
        let begin = journal.mark()?;
        let journal_argument = run.windows_path(journal.path());
        let words: Vec<&str> = ["--journal", &journal_argument].into_iter().chain(arguments.iter().copied()).collect();
        let child = run.spawn(exe, &words, StdioPlan::null())?;
        let asks = with_ending(journal.path(), ".asks");
        let mut app = WpfApp { child, journal, asks, asked: AtomicU32::new(0), ready: Value::Null };
        app.ready = app.journal.await_event(begin, "ready", START_LIMIT, |line| line["event"] == "ready")?;
        Ok(app)
    }

    /// What it told when it was ready: `pid`, `window`, `title`.
    pub fn ready(&self) -> &Value {
        &self.ready
    }

    /// Its number as programs on the desktop know it.
    pub fn process(&self) -> Result<u32> {
        let pid = self.ready.get("pid").and_then(Value::as_u64).context("a process number")?;
        Ok(u32::try_from(pid)?)
    }

    /// The handle of its main window.
    pub fn window(&self) -> Result<u64> {
        self.ready.get("window").and_then(Value::as_u64).context("a window's handle")
    }

    /// Its journal.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Asks for something, such as `read NameBox.Text`, and answers the application's answer; what it refuses is an error.
    pub fn ask(&self, question: &str) -> Result<Value> {
        ensure!(!question.contains('\n'), "a question is one line");
        let id = self.asked.fetch_add(1, Ordering::Relaxed).to_string();
        let begin = self.journal.mark()?;
        let mut file = OpenOptions::new().create(true).append(true).open(&self.asks)?;
        file.write_all(format!("{id} {question}\n").as_bytes())?;
        let says = |line: &Value, name: &str, value: &str| line.get(name).and_then(Value::as_str) == Some(value);
        let fits = |line: &Value| says(line, "event", "reply") && says(line, "id", &id);
        let reply = self.journal.await_event(begin, question, ASK_LIMIT, fits)?;
        if let Some(refused) = reply.get("error") {
            bail!("the application refused `{question}`: {refused}");
        }
        reply.get("answer").cloned().context("an answer")
    }

    /// Has it close its window, and waits until it has ended.
    pub fn close(mut self) -> Result<()> {
        self.ask("quit")?;
        let deadline = Instant::now() + END_LIMIT;
        loop {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "the application ended with {status}");
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "the application did not end within {END_LIMIT:?}");
            thread::sleep(POLL);
        }
    }
}

impl Drop for WpfApp {
    fn drop(&mut self) {
        // A destructor has nobody to tell; the run's end ends the application in any case.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_stands_beside_the_journal() {
        assert_eq!(with_ending(Path::new("/s/wpf-0.jsonl"), ".asks"), Path::new("/s/wpf-0.jsonl.asks"));
        assert!(WpfApp::exe("Fixture.Form").ends_with("wpf-fixtures/Fixture.Form/Fixture.Form.exe"));
    }
}
