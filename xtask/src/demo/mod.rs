//! `cargo xtask demo`: from nothing to a file that Notepad wrote, through the server, by a real client; checked from
//! outside and shown as a page. `--leave-encoding` is the demo's own test: the client then leaves the encoding alone,
//! the file is not UTF-8, and the demo must fail.

mod audit;
mod log;
mod oracle;
mod page;

use crate::progress::Steps;
use crate::serve::Listening;
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use oracle::Verdict;
use portcullis_testkit::lab::{Group, Lab, Profile, Progress, Run, StdioPlan, built_exe, timed, workspace_top};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// Weighted calls a minute: the client is a script, which does in seconds what takes an agent minutes.
const CALL_RATE: &str = "1200";
/// The tools that the server opens, and no others.
const TOOLS: &str = "Snapshot,Screenshot,FindElement,GetText,Invoke,Click,Type,Shortcut,Wait,WaitFor,FocusWindow,App,\
                     DisplayInventory";
/// The whole of the client's work; a run takes a tenth.
const CLIENT_LIMIT: Duration = Duration::from_secs(240);
/// The file that Notepad saves.
const NAME: &str = "hello.txt";
/// The page that the server makes of its record.
const RECORD_PAGE: &str = "record.html";
/// What a command that only reads may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(30);
/// Lines of a log that a failure repeats.
const TAIL: usize = 15;

#[derive(Debug, Default, Args)]
pub(crate) struct Options {
    /// Leave Notepad's encoding as it is; the demo must then fail
    #[arg(long, hide = true)]
    leave_encoding: bool,
}

/// How the client's work ended.
struct Ended {
    /// Nothing, or what went wrong.
    wrong: Option<String>,
    took: Duration,
}

/// What came out of it.
struct Played {
    verdict: Verdict,
    /// Nothing, or what the client could not do.
    wrong: Option<String>,
    /// Whether all of it is as it must be: the file, the client's work and the record.
    good: bool,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    Ok(if play(options)?.good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The demo as it must end, and before that as it must fail: with the encoding left alone the client's work is done and
/// the file is another one from its first byte on. The page that stays is that of the good run.
pub(crate) fn check() -> Result<u64> {
    let left = play(&Options { leave_encoding: true })?;
    ensure!(
        !left.good && left.verdict.found.is_some() && left.verdict.differs_at == Some(0),
        "the demo does not notice an encoding that was left alone: {} ({:?})",
        left.verdict.sentence(),
        left.wrong
    );
    let whole = play(&Options::default())?;
    ensure!(whole.good, "the demo does not hold: {} ({:?})", whole.verdict.sentence(), whole.wrong);
    Ok(2)
}

fn play(options: &Options) -> Result<Played> {
    let started = Instant::now();
    let lab = Lab::up(&Steps::default())?;
    timed(&Steps::default(), "building the server for Windows", || crate::build::run(false))?;
    let folder = fresh_folder()?;
    let run = timed(&Steps::default(), "starting a desktop", || lab.start(None))?;
    let file = run.windows_path(&run.save_folder().join(NAME));
    let result = on_desktop(&lab, &run, &folder, options);
    let (ended, verdict) = match result {
        Ok(both) => both,
        Err(error) => {
            print_tail("the server's log", &folder.join("server.log"));
            return Err(error);
        }
    };
    let data = run.share().join("data");
    let records = audit::read(&data)?;
    let tampering = audit::tamper(&data, &folder.join("tampered"))?;
    let record_page = record_page(&run, &data, &folder)?;
    let story = log::read(&folder.join("client.jsonl"))?;
    let report = folder.join("report.html");
    let page = page::write(&page::Facts {
        folder: &folder,
        verdict: &verdict,
        wrong: ended.wrong.as_deref(),
        story: &story,
        audit: &records,
        tampering: &tampering,
        client_took: ended.took,
    })?;
    fs::write(&report, &page)?;
    run.end()?;
    let good = verdict.holds() && ended.wrong.is_none() && records.whole && tampering.is_found();
    if !good {
        print_answers(&story);
        print_tail("the server's log", &folder.join("server.log"));
        print_tail("the client's own words", &folder.join("client.err"));
    }
    summary(good, &file, &verdict, &ended, &story, &records, &report, started.elapsed());
    println!("  record    {}", record_page.display());
    println!("  tampering {}", tampering.sentence());
    Ok(Played { verdict, wrong: ended.wrong, good })
}

/// The server's record as a page, made by its own command.
fn record_page(run: &Run, data: &Path, folder: &Path) -> Result<PathBuf> {
    let made = run.share().join(RECORD_PAGE);
    let (file, data) = (run.windows_path(&made), run.windows_path(data));
    let arguments = ["audit", "report", &file, "--data", &data];
    let done = run.output(&built_exe("portcullis", Profile::Lab), &arguments, COMMAND_LIMIT)?;
    ensure!(done.status.success(), "`portcullis audit report` ended with {}: {}", done.status, done.stderr);
    let page = folder.join(RECORD_PAGE);
    fs::copy(&made, &page).with_context(|| format!("cannot copy {}", made.display()))?;
    Ok(page)
}

/// `target/demo`, without what an earlier run left there.
fn fresh_folder() -> Result<PathBuf> {
    let folder = workspace_top().join("target/demo");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// Serves, lets the client work, and reads the file from outside.
fn on_desktop(lab: &Lab, run: &Run, folder: &Path, options: &Options) -> Result<(Ended, Verdict)> {
    let saved = run.save_folder().join(NAME);
    fs::create_dir_all(run.save_folder())?;
    let data = run.share().join("data");
    let exe = built_exe("portcullis", Profile::Lab);
    let mut server_log = File::create(folder.join("server.log"))?;
    let data = run.windows_path(&data);
    let flags = ["--data", &data, "--tools", TOOLS, "--call-rate", CALL_RATE].map(str::to_owned);
    let server = timed(&Steps::default(), "starting the server", || {
        Listening::start(run, &exe, &flags, move |line| {
            // A log that cannot be written is no reason to end what it tells of.
            writeln!(server_log, "{line}").ok();
        })
    })?;
    let plan = json!({
        "url": server.url()?,
        "key_file": server.key_file(run)?.context("the server named no key file")?,
        "folder": folder,
        "file": run.windows_path(&saved),
        "lines": oracle::LINES,
        "leave_encoding": options.leave_encoding,
    });
    fs::write(folder.join("plan.json"), plan.to_string())?;
    let ended = client(&lab.client_python()?, run, folder);
    let found = fs::read(&saved).ok();
    if let Some(bytes) = &found {
        fs::write(folder.join(NAME), bytes)?;
    }
    server.kill()?;
    Ok((ended?, Verdict::of(found)))
}

/// Runs the client to its end; each of its steps is a step of ours.
fn client(python: &Path, run: &Run, folder: &Path) -> Result<Ended> {
    let mut command = Command::new(python);
    command.arg(workspace_top().join("lab/clients/demo_client.py")).arg(folder.join("plan.json"));
    let stderr = File::create(folder.join("client.err"))?.into();
    let stdio = StdioPlan { stdin: Stdio::piped(), stdout: Stdio::piped(), stderr };
    let started = Instant::now();
    let mut child = Group::spawn(&command, stdio).context("the client")?;
    let ended = follow(&mut child, run, folder, started + CLIENT_LIMIT);
    if ended.is_err() {
        child.kill()?;
    }
    let status = child.wait()?;
    let wrong = match ended? {
        None if !status.success() => Some(format!("the client ended with {status}; see client.err")),
        wrong => wrong,
    };
    Ok(Ended { wrong, took: started.elapsed() })
}

/// Passes on what the client says until it says no more.
fn follow(child: &mut Group, run: &Run, folder: &Path, deadline: Instant) -> Result<Option<String>> {
    let stdout = child.stdout().context("the client's standard output")?;
    let mut stdin = child.stdin().context("the client's standard input")?;
    let (send, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    let steps = Steps::default();
    let mut current: Option<(String, Instant)> = None;
    let mut wrong = None;
    loop {
        let line = match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => line,
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                bail!("the client was stopped after {} s, at: {:?}", CLIENT_LIMIT.as_secs(), current.map(|c| c.0))
            }
        };
        let event: Value = serde_json::from_str(&line).with_context(|| format!("the client said: {line}"))?;
        let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some((title, since)) = current.take() {
            steps.end(&title, since.elapsed(), text("event") != "wrong");
        }
        match text("event").as_str() {
            "step" => {
                let title = format!("client: {}", text("title"));
                steps.begin(&title);
                current = Some((title, Instant::now()));
            }
            "look" => {
                run.screenshot(&folder.join("outside.png"))?;
                stdin.write_all(b"seen\n")?;
            }
            "wrong" => wrong = Some(text("text")),
            _ => {}
        }
    }
    Ok(wrong)
}

fn print_tail(what: &str, path: &Path) {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    eprintln!("-- {what} ({}), its last lines:", path.display());
    for line in lines.iter().skip(lines.len().saturating_sub(TAIL)) {
        eprintln!("   {line}");
    }
}

fn print_answers(story: &log::Story) {
    eprintln!("-- the client's last answers:");
    let calls: Vec<&log::Call> = story.calls().filter(|call| call.kind != log::Kind::Picture).collect();
    for call in calls.iter().skip(calls.len().saturating_sub(3)) {
        eprintln!("   {} {}\n   {}", call.tool, call.arguments, call.answer.replace('\n', "\n   "));
    }
}

#[expect(clippy::too_many_arguments, reason = "one line of the summary each")]
fn summary(
    good: bool,
    file: &str,
    verdict: &Verdict,
    ended: &Ended,
    story: &log::Story,
    records: &audit::Records,
    report: &Path,
    took: Duration,
) {
    println!("{}", if good { "VERIFIED from outside" } else { "NOT VERIFIED" });
    println!("  file      {file}: {}", verdict.sentence());
    if let Some(bytes) = &verdict.found {
        println!("  bytes     {}", oracle::hex(bytes, 24));
    }
    if let Some(wrong) = &ended.wrong {
        println!("  client    {}", wrong.lines().next().unwrap_or_default());
    }
    println!(
        "  calls     {} ({} confirmed, {} refused), {} with {} over {}",
        story.calls().count(),
        records.count("confirmed"),
        records.count("denied"),
        story.client,
        story.server,
        story.protocol
    );
    println!("  audit     {}", records.sentence);
    println!("  time      {:.1} s, of that the client {:.1} s", took.as_secs_f32(), ended.took.as_secs_f32());
    println!("  page      {}", report.display());
}
