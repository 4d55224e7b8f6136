//! `cargo xtask test`: every check of the repository as stages, each with a budget and its time, and one line at the
//! end that counts the tests of all suites. Nothing here downloads; `lab up`, the first stage, does.

use crate::progress::Steps;
use crate::{generate, tidy};
use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use portcullis_testkit::lab::{self, Lab, Profile, WindowsBuild, workspace_top};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// A stage that takes this much longer than its budget is stopped; less is only said, because machines differ.
const LIMIT_OVER_BUDGET: u32 = 5;
/// What is linted for Windows: all that becomes part of a Windows program, and the crate behind it.
const WINDOWS_PACKAGES: &[&str] =
    &["portcullis", "portcullis-platform-windows", "portcullis-fixture-desktop", "portcullis-lab-probe"];

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// Formatting, lints, tidy, unit, property and doc tests
    Unit,
    /// The end-to-end tests on the Windows desktop
    Lab,
}

/// How many tests passed and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
}

struct Stage {
    name: &'static str,
    budget: Duration,
    run: fn(&mut Tally, Duration) -> Result<()>,
}

const fn stage(name: &'static str, seconds: u64, run: fn(&mut Tally, Duration) -> Result<()>) -> Stage {
    Stage { name, budget: Duration::from_secs(seconds), run }
}

/// From nothing on two cores; a warm machine needs a tenth.
const GROUND: &[Stage] = &[stage("lab up", 150, up)];
const UNIT: &[Stage] = &[
    stage("formatting", 10, formatting),
    stage("tidy, licences and sources", 10, tidiness),
    stage("generated references", 5, references),
    stage("clippy for Linux", 120, clippy_linux),
    stage("clippy for Windows", 180, clippy_windows),
    stage("unit, property and doc tests", 240, unit_tests),
];
const LAB: &[Stage] = &[
    stage("Windows build", 240, windows_build),
    stage("lab doctor", 60, doctor),
    stage("end-to-end tests", 300, end_to_end),
];

pub(crate) fn run(suite: Option<Suite>) -> Result<ExitCode> {
    let mut stages: Vec<&Stage> = GROUND.iter().collect();
    if suite != Some(Suite::Lab) {
        stages.extend(UNIT);
    }
    if suite != Some(Suite::Unit) {
        stages.extend(LAB);
    }
    let mut total = Tally::default();
    let mut times = Vec::new();
    for stage in stages {
        println!("== {}", stage.name);
        let started = Instant::now();
        let mut tally = Tally::default();
        let result = (stage.run)(&mut tally, stage.budget.saturating_mul(LIMIT_OVER_BUDGET));
        if let Err(error) = &result {
            println!("error: {error:#}");
            // A stage without tests of its own, or one that broke before they ran, counts as one failure.
            tally.failed = tally.failed.max(1);
        }
        total.passed = total.passed.saturating_add(tally.passed);
        total.failed = total.failed.saturating_add(tally.failed);
        times.push(time_line(stage, started.elapsed(), result.is_ok()));
    }
    println!("== stages");
    for line in times {
        println!("{line}");
    }
    println!("{} passed, {} failed", total.passed, total.failed);
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn time_line(stage: &Stage, took: Duration, ok: bool) -> String {
    let word = if ok { "ok" } else { "FAILED" };
    let over = if took > stage.budget { "  over its budget" } else { "" };
    format!("{:<30} {:>7.1} s of {:>3} s  {word}{over}", stage.name, took.as_secs_f32(), stage.budget.as_secs())
}

fn up(_: &mut Tally, _: Duration) -> Result<()> {
    Lab::up(&Steps::default()).map(drop)
}

fn formatting(_: &mut Tally, limit: Duration) -> Result<()> {
    stream(cargo(&["fmt", "--all", "--check"]), limit, &mut Tally::default())
}

fn tidiness(_: &mut Tally, _: Duration) -> Result<()> {
    tidy::run()
}

fn references(_: &mut Tally, _: Duration) -> Result<()> {
    generate::run(true)
}

fn clippy_linux(_: &mut Tally, limit: Duration) -> Result<()> {
    let clippy = cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]);
    stream(clippy, limit, &mut Tally::default())
}

fn clippy_windows(_: &mut Tally, limit: Duration) -> Result<()> {
    let mut clippy = WindowsBuild::find()?.cargo("clippy", Profile::Lab);
    clippy.args(WINDOWS_PACKAGES.iter().flat_map(|package| ["-p", package]));
    clippy.args(["--all-targets", "--", "-D", "warnings"]);
    stream(clippy, limit, &mut Tally::default())
}

fn unit_tests(tally: &mut Tally, limit: Duration) -> Result<()> {
    stream(cargo(&["test", "--no-fail-fast"]), limit, tally)
}

fn windows_build(_: &mut Tally, _: Duration) -> Result<()> {
    crate::build::run(false)
}

fn doctor(tally: &mut Tally, _: Duration) -> Result<()> {
    for check in lab::checks() {
        let row = check.answer();
        println!(
            "{} {:<32} {:>6} ms  {}",
            if row.ok { "ok  " } else { "FAIL" },
            row.name,
            row.took.as_millis(),
            row.finding
        );
        let count = if row.ok { &mut tally.passed } else { &mut tally.failed };
        *count = count.saturating_add(1);
    }
    ensure!(tally.failed == 0, "the lab is not well: `cargo xtask lab doctor` names the remedies");
    Ok(())
}

/// One desktop has one focus, so these run one after another.
fn end_to_end(tally: &mut Tally, limit: Duration) -> Result<()> {
    stream(cargo(&["test", "--no-fail-fast", "-p", "portcullis-tests", "--", "--test-threads=1"]), limit, tally)
}

fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(workspace_top()).args(arguments);
    cargo
}

/// Runs a command without network, passes its lines on as they come and counts the tests that they report.
fn stream(mut command: Command, limit: Duration, tally: &mut Tally) -> Result<()> {
    command.env("CARGO_NET_OFFLINE", "true");
    // A group of its own, so that the deadline ends also what it started; tethered, so that Ctrl+C does too.
    let mut command = lab::tethered(&command);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0);
    let mut child = command.spawn().context("cannot start cargo")?;
    let stdout = child.stdout.take().context("cargo's standard output")?;
    let (send, lines) = mpsc::channel();
    let reader = thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    let deadline = Instant::now() + limit;
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                println!("{line}");
                count(&line, tally);
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                lab::kill_group(&child);
                child.wait().ok();
                bail!("stopped after {} s: find the test that hangs above", limit.as_secs());
            }
        }
    }
    reader.join().ok();
    let status = child.wait()?;
    ensure!(status.success(), "cargo ended with {status}");
    Ok(())
}

/// Adds what one line of a test runner says, such as `test result: ok. 3 passed; 1 failed; …`.
fn count(line: &str, tally: &mut Tally) {
    let Some(result) = line.trim().strip_prefix("test result: ") else { return };
    let number = |word: &str| -> u64 {
        let words: Vec<&str> = result.split([' ', ';', '.']).filter(|w| !w.is_empty()).collect();
        words
            .windows(2)
            .find_map(|pair| {
                if let [n, w] = pair
                    && *w == word
                {
                    n.parse().ok()
                } else {
                    None
                }
            })
            .unwrap_or(0)
    };
    tally.passed = tally.passed.saturating_add(number("passed"));
    tally.failed = tally.failed.saturating_add(number("failed"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_are_summed_and_others_are_not() {
        let mut tally = Tally::default();
        count(
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.00s",
            &mut tally,
        );
        count("test result: FAILED. 10 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out", &mut tally);
        count("running 9 passed; 9 failed", &mut tally);
        assert_eq!(tally, Tally { passed: 13, failed: 2 });
    }

    #[test]
    fn a_stage_over_its_budget_says_so() {
        let stage = stage("x", 1, up);
        assert!(time_line(&stage, Duration::from_millis(1500), true).ends_with("over its budget"));
        assert!(time_line(&stage, Duration::from_millis(500), false).ends_with("FAILED"));
    }

    #[test]
    fn a_command_that_hangs_is_stopped_with_what_it_started() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo 'test result: ok. 1 passed; 0 failed'; sleep 60 & wait"]);
        let started = Instant::now();
        let mut tally = Tally::default();
        let error = stream(command, Duration::from_millis(300), &mut tally).unwrap_err();
        assert!(error.to_string().contains("hangs"));
        assert!(started.elapsed() < Duration::from_secs(20));
        assert_eq!(tally.passed, 1);
    }
}
