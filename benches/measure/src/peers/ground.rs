//! What the servers under comparison work on: the fixture's window, a second one, a folder of files, and the eyes that see
//! what was done. Knows no server and no tool.

use super::server::{Contender, Who};
use anyhow::{Context, Result, bail, ensure};
use portcullis_testkit::desktop::{Desktop, Fixture};
use portcullis_testkit::journal::{Journal, Mark, is};
use portcullis_testkit::lab::StdioPlan;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long after an answer its effect is looked for.
const EFFECT_LIMIT: Duration = Duration::from_secs(2);
/// How long a program may take to come or go.
const PROGRAM_LIMIT: Duration = Duration::from_secs(5);
/// The two windows.
pub(super) const FIRST: &str = "Portcullis Fixture";
pub(super) const SECOND: &str = "Second Window";
/// The folder of files, and how many.
pub(super) const FOLDER: &str = r"C:\bench";
pub(super) const FILES: u32 = 200;
/// What the servers write into the registry.
pub(super) const KEY: &str = r"HKCU\Software\Portcullis Bench";
/// The program that is started and ended.
pub(super) const NOTEPAD: &str = "notepad.exe";

/// A place on the screen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) x: i64,
    pub(super) y: i64,
}

pub(super) struct Ground {
    // The second window ends before the desktop: fields are dropped in this order.
    _second: Fixture,
    second: Journal,
    pub(super) policy: PathBuf,
    /// The number of the first window.
    pub(super) window: i64,
    points: BTreeMap<String, Point>,
    pub(super) listener: TcpListener,
    pub(super) host: String,
    pub(super) desktop: Desktop,
}

/// How far both journals are.
#[derive(Clone, Copy)]
pub(super) struct Marks {
    first: Mark,
    second: Mark,
}

impl Ground {
    pub(super) fn new() -> Result<Self> {
        let mut desktop = Desktop::start()?;
        desktop.reset()?;
        let run = desktop.run();
        let policy = run.share().join("policy.toml");
        // As open as the others are on these places.
        let text = format!(
            "version = 1\n[tools]\ntier3 = true\n[files]\nread = ['{FOLDER}']\nwrite = ['{FOLDER}']\n[registry]\n\
             read = ['HKCU\\Software', 'HKLM\\SOFTWARE']\nwrite = ['{KEY}']\n"
        );
        fs::write(&policy, text)?;
        let second = Journal::at(run.share().join("journal-second.jsonl"));
        let window = desktop.spawn_fixture(&second, SECOND, "300,300")?;
        let started = desktop.journal().all()?;
        let started = started.iter().find(|line| line["event"] == "started").context("the fixture's first line")?;
        let points =
            started["controls"].as_array().context("the fixture's controls")?.iter().filter_map(centre).collect();
        let number = started["hwnd"].as_i64().context("the fixture's window")?;
        let host = desktop.windows_program("hostname.exe", &[])?.stdout.trim().to_owned();
        let ground = Self {
            _second: window,
            second,
            policy,
            window: number,
            points,
            listener: TcpListener::bind("127.0.0.1:0")?,
            host,
            desktop,
        };
        ground.listener.set_nonblocking(true)?;
        fs::create_dir_all(ground.here(""))?;
        for number in 1..=FILES {
            fs::write(ground.here(&format!("f{number}.txt")), format!("line {number}\n"))?;
        }
        Ok(ground)
    }

    /// The first window in front, as at its start.
    pub(super) fn ready(&self, servers: &[Contender]) -> Result<()> {
        self.desktop.fixture_command(&["send", "reset", "--title", FIRST])?;
        self.focus(servers, FIRST)
    }

    /// Brings a window to the front, by ours.
    pub(super) fn focus(&self, servers: &[Contender], title: &str) -> Result<()> {
        let answer = of(servers, Who::Ours)?.call("FocusWindow", json!({ "title": title }))?;
        ensure!(!answer.is_error, "the window does not come to the front: {}", answer.text);
        Ok(())
    }

    /// The middle of a control of the first window.
    pub(super) fn point(&self, control: &str) -> Point {
        self.points.get(control).copied().unwrap_or(Point { x: 0, y: 0 })
    }

    pub(super) fn mark(&self) -> Result<Marks> {
        Ok(Marks { first: self.desktop.mark()?, second: self.second.mark()? })
    }

    /// A line of the first window's journal after a mark.
    pub(super) fn event(&self, since: Marks, event: &str, control: &str, fits: impl Fn(&Value) -> bool) -> Result<()> {
        let what = format!("{event} of {control} as asked");
        let fits = |line: &Value| is(line, event, control) && fits(line);
        self.desktop.journal().await_event(since.first, &what, EFFECT_LIMIT, fits).map(drop).map_err(short)
    }

    /// A change of one of the windows after a mark.
    pub(super) fn window_event(&self, since: Marks, title: &str, change: &str) -> Result<()> {
        let (journal, mark) =
            if title == FIRST { (self.desktop.journal(), since.first) } else { (&self.second, since.second) };
        let fits = |line: &Value| line["event"] == "window" && line["change"] == change;
        journal.await_event(mark, &format!("{title} {change}"), EFFECT_LIMIT, fits).map(drop).map_err(short)
    }

    /// A file of the folder as this system sees it.
    pub(super) fn here(&self, name: &str) -> PathBuf {
        self.desktop.run().drive_c().join("bench").join(name)
    }

    /// The same as Windows names it.
    pub(super) fn there(&self, name: &str) -> String {
        format!(r"{FOLDER}\{name}")
    }

    /// What a program that comes with Windows prints.
    pub(super) fn said(&self, program: &str, arguments: &[&str]) -> Result<String> {
        Ok(self.desktop.windows_program(program, arguments)?.stdout)
    }

    /// Starts Notepad and waits until another program sees it.
    pub(super) fn start_notepad(&self) -> Result<()> {
        let child = self.desktop.run().spawn::<&str>(Path::new(NOTEPAD), &[], StdioPlan::null())?;
        // Whoever starts it does not wait for its end, which is what is measured.
        std::thread::spawn(move || child.wait_with_output());
        self.notepad(true)
    }

    /// Waits until Notepad runs, or does not.
    pub(super) fn notepad(&self, runs: bool) -> Result<()> {
        self.until(PROGRAM_LIMIT, || Ok(self.said("tasklist.exe", &[])?.contains(NOTEPAD) == runs))
            .with_context(|| format!("{NOTEPAD} {}", if runs { "does not run" } else { "still runs" }))
    }

    /// Ends every Notepad.
    pub(super) fn end_notepad(&self) -> Result<()> {
        self.said("taskkill.exe", &["/f", "/im", NOTEPAD])?;
        self.notepad(false)
    }

    /// Waits until something is so.
    pub(super) fn until(&self, limit: Duration, so: impl Fn() -> Result<bool>) -> Result<()> {
        let deadline = Instant::now() + limit;
        while !so()? {
            if Instant::now() >= deadline {
                bail!("not so within {limit:?}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// The state of a service as `sc.exe` tells it.
    pub(super) fn service_is(&self, name: &str, state: &str) -> Result<()> {
        self.until(EFFECT_LIMIT, || Ok(self.said("sc.exe", &["query", name])?.contains(state)))
            .with_context(|| format!("{name} is not {state}"))
    }
}

/// The server of that name.
pub(super) fn of(servers: &[Contender], who: Who) -> Result<&Contender> {
    servers.iter().find(|server| server.who == who).context("a server is missing")
}

/// A control's name and middle.
fn centre(control: &Value) -> Option<(String, Point)> {
    let side = |name: &str| control.get("rect")?.get(name)?.as_i64();
    let middle = Point { x: side("x")? + side("w")? / 2, y: side("y")? + side("h")? / 2 };
    Some((control.get("name")?.as_str()?.to_owned(), middle))
}

/// An error of the journal without the first of what happened instead.
fn short(error: anyhow::Error) -> anyhow::Error {
    let words = error.to_string();
    let (first, rest) = words.split_once('\n').unwrap_or((&words, ""));
    anyhow::anyhow!("{first} {}", rest.lines().last().unwrap_or("none"))
}
