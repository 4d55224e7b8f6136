//! A home of its own for `portcullis-fake` on this system: data folder, policy files and environment, so that tests run the
//! product's whole command line in milliseconds and see nothing of the machine's owner. No desktop and no lab here.

use crate::lab::{Finished, StdioPlan, finish_within, native_exe, tethered};
use crate::server::{Server, Transport};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// What one command of the command line may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(20);

/// The folders of one user of one machine. Servers end before they are removed, or find them gone.
pub struct FakeHome {
    top: TempDir,
}

impl FakeHome {
    /// An empty home.
    pub fn new() -> Result<FakeHome> {
        let exe = native_exe("portcullis-fake");
        ensure!(exe.is_file(), "there is no {}: `cargo xtask test security` builds it", exe.display());
        let home = FakeHome { top: tempfile::tempdir()? };
        for folder in ["config/portcullis", "machine"] {
            fs::create_dir_all(home.top.path().join(folder))?;
        }
        Ok(home)
    }

    /// A file or folder in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.top.path().join(name)
    }

    /// Where keys and audit lie.
    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// What the files of the log hold, together.
    pub fn log(&self) -> Result<String> {
        let mut text = String::new();
        for entry in fs::read_dir(self.data().join("log"))? {
            text.push_str(&fs::read_to_string(entry?.path())?);
        }
        Ok(text)
    }

    /// Writes the owner's policy file; the version line is put before the text.
    pub fn write_policy(&self, text: &str) -> Result<()> {
        Ok(fs::write(self.path("config/portcullis/portcullis.toml"), format!("version = 1\n{text}"))?)
    }

    /// Writes the machine's policy file, the ceiling.
    pub fn write_ceiling(&self, text: &str) -> Result<()> {
        Ok(fs::write(self.path("machine/portcullis.toml"), format!("version = 1\n{text}"))?)
    }

    /// The command line with these words.
    pub fn command<S: AsRef<std::ffi::OsStr>>(&self, words: &[S]) -> Command {
        let mut command = Command::new(native_exe("portcullis-fake"));
        command.arg("--machine-folder").arg(self.path("machine")).args(words);
        command.env_clear().env("HOME", self.top.path()).env("XDG_CONFIG_HOME", self.path("config"));
        command.env("XDG_STATE_HOME", self.path("state"));
        command
    }

    /// Runs one command to its end.
    pub fn run(&self, words: &[&str]) -> Result<Finished> {
        finish_within(&mut self.command(words), COMMAND_LIMIT)
    }

    /// What a start with these flags is refused with; an error when it is not refused.
    pub fn refusal(&self, flags: &[&str]) -> Result<String> {
        let words = self.serve_words(Transport::Http, flags);
        let done = finish_within(&mut self.command(&words), COMMAND_LIMIT)?;
        ensure!(!done.status.success(), "the server ended in order: {}", done.stderr);
        Ok(done.stderr)
    }

    /// Starts a server; over HTTP on a free port, and it listens when this returns.
    pub fn start(&self, transport: Transport, flags: &[&str]) -> Result<Server> {
        self.start_after(&[], transport, flags)
    }

    /// The same on a desktop whose first list of processes panics.
    pub fn start_panicking(&self, transport: Transport, flags: &[&str]) -> Result<Server> {
        self.start_after(&["--panic-once"], transport, flags)
    }

    fn start_after(&self, before: &[&str], transport: Transport, flags: &[&str]) -> Result<Server> {
        let mut words: Vec<String> = before.iter().map(|word| (*word).to_owned()).collect();
        words.extend(self.serve_words(transport, flags));
        let mut command = tethered(&self.command(&words));
        let plan = StdioPlan::piped();
        command.stdin(plan.stdin).stdout(plan.stdout).stderr(plan.stderr);
        let child = command.spawn().context("cannot start portcullis-fake")?;
        Server::watch(child, transport, &self.data(), &|path| Ok(Path::new(path).to_owned()))
    }

    fn serve_words(&self, transport: Transport, flags: &[&str]) -> Vec<String> {
        let data = self.data().display().to_string();
        let mut words = ["serve", "--data", &data].map(str::to_owned).to_vec();
        if transport == Transport::Http {
            words.extend(["--transport", "http"].map(str::to_owned));
            if !flags.contains(&"--port") {
                words.extend(["--port", "0"].map(str::to_owned));
            }
        }
        words.extend(flags.iter().map(|flag| (*flag).to_owned()));
        words
    }
}
