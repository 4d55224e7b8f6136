//! `cargo xtask lab …`: a thin command line over the lab of the testkit. Decides only which run a command means and
//! what to print.

use crate::progress::Steps;
use crate::serve;
use anyhow::{Context, Result, bail};
use clap::Subcommand;
use portcullis_testkit::lab::{self, Cache, Lab, Run, StdioPlan, timed};
use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus};
use std::time::Instant;

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Make the lab, or what is missing of it
    Up,
    /// Ask the lab whether it is well
    Doctor,
    /// Run the server over HTTP and print a client configuration with its key
    Serve(serve::Options),
    /// Run the server on standard input and output, for a client that starts it
    Stdio(serve::StdioOptions),
    /// Run a Windows program on a desktop that stays up afterwards
    Run {
        /// The run to use; without it the only live one, or a new one
        #[arg(long = "run", value_name = "NAME")]
        name: Option<String>,
        /// A Linux path, or a name that Windows finds, such as notepad.exe
        exe: PathBuf,
        /// What the program is given
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// A Linux shell beside Wine, in the run's own system
    Shell {
        /// The run to use; without it the only live one, or a new one
        #[arg(long = "run", value_name = "NAME")]
        name: Option<String>,
    },
    /// Write what a run's desktop shows as a PNG
    Screenshot {
        /// The run to look at; without it the only live one
        #[arg(long = "run", value_name = "NAME")]
        name: Option<String>,
        /// The PNG to write
        file: PathBuf,
    },
    /// End one run, or all
    Down {
        /// The run to end; without it all
        #[arg(long = "run", value_name = "NAME")]
        name: Option<String>,
    },
    /// Remove what the lab keeps; what a live run needs stays
    Clean,
}

pub(crate) fn run(action: Action) -> Result<ExitCode> {
    lab::require_lab()?;
    match action {
        Action::Up => up(),
        Action::Doctor => doctor(),
        Action::Serve(options) => serve::serve(&options),
        Action::Stdio(options) => serve::stdio(&options),
        Action::Run { name, exe, arguments } => {
            let run = live_or_new(name.as_deref())?;
            let mut child = run.spawn(&exe, &arguments, StdioPlan::inherited())?;
            Ok(code_of(child.wait()?))
        }
        Action::Shell { name } => {
            let run = live_or_new(name.as_deref())?;
            let term = std::env::var("TERM").unwrap_or_else(|_| "dumb".to_owned());
            let status = run.linux_command(&["/bin/bash"], &[("TERM", &term)])?.status()?;
            Ok(code_of(status))
        }
        Action::Screenshot { name, file } => {
            live(name.as_deref())?
                .context("no run is live: start one with `cargo xtask lab run EXE`")?
                .screenshot(&file)?;
            Ok(ExitCode::SUCCESS)
        }
        Action::Down { name } => down(name),
        Action::Clean => clean(),
    }
}

fn up() -> Result<ExitCode> {
    let started = Instant::now();
    let lab = Lab::up(&Steps::default())?;
    eprintln!("the lab is ready in {} ({:.1} s)", lab.cache().top().display(), started.elapsed().as_secs_f32());
    Ok(ExitCode::SUCCESS)
}

fn doctor() -> Result<ExitCode> {
    let steps = Steps::default();
    let mut failed = 0_u32;
    for check in lab::checks() {
        steps.quietly_begin(check.name);
        let row = check.answer();
        steps.quietly_end();
        let word = if row.ok { "ok  " } else { "FAIL" };
        println!("{word} {:<30} {:>6} ms  {}", row.name, row.took.as_millis(), row.finding);
        if !row.ok {
            failed = failed.saturating_add(1);
            println!("     {:<30}            remedy: {}", "", row.remedy);
        }
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The exit code of a program as our own.
pub(crate) fn code_of(status: ExitStatus) -> ExitCode {
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// The live run of that name; without a name the only one. `None` when there is none.
pub(crate) fn live(name: Option<&str>) -> Result<Option<Run>> {
    let lab = Lab::ready()?;
    let runs = lab.live_runs()?;
    let name = match (name, runs.as_slice()) {
        (Some(name), _) if runs.iter().any(|run| run == name) => name,
        (Some(_), _) | (None, []) => return Ok(None),
        (None, [only]) => only,
        (None, several) => bail!("several runs are live: pick one with --run ({})", several.join(", ")),
    };
    lab.attach(name).map(Some)
}

fn live_or_new(name: Option<&str>) -> Result<Run> {
    if let Some(run) = live(name)? {
        return Ok(run);
    }
    let run = timed(&Steps::default(), "starting a desktop", || Lab::ready()?.start_detached(name))?;
    eprintln!("run `{0}` is up on display {1}; `cargo xtask lab down --run {0}` ends it", run.name(), run.display());
    Ok(run)
}

fn down(name: Option<String>) -> Result<ExitCode> {
    let cache = Cache::of_user()?;
    let live = lab::live_runs(&cache)?;
    let names = match name {
        Some(name) if !live.contains(&name) => bail!("no live run `{name}` (live: {})", live.join(" ")),
        Some(name) => vec![name],
        None => live,
    };
    for name in &names {
        lab::end_run(&cache, name)?;
        eprintln!("run `{name}` has ended");
    }
    if names.is_empty() {
        eprintln!("no run is live");
    }
    Ok(ExitCode::SUCCESS)
}

fn clean() -> Result<ExitCode> {
    let cleaned = lab::clean(&Cache::of_user()?)?;
    for removed in &cleaned.removed {
        eprintln!("removed {removed}");
    }
    for kept in &cleaned.kept {
        eprintln!("kept {kept}");
    }
    if cleaned.removed.is_empty() && cleaned.kept.is_empty() {
        eprintln!("there is nothing to clean");
    }
    Ok(ExitCode::SUCCESS)
}
