//! The project's own commands, as one command line. Each command is a module; the lab's work itself is in the
//! testkit, so that tests can use it too.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool talks on both")]

mod attacks;
mod bench;
mod build;
mod demo;
mod fuzz;
mod generate;
mod inspector;
mod lab;
mod mutants;
mod progress;
mod serve;
mod test;
mod tidy;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Portcullis: build it, test it, and try it on a Windows desktop that runs on Linux.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    command: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Everything that must hold, or one suite of it
    Test {
        /// The suite; without it all
        suite: Option<test::Suite>,
        /// Also what is heavy: the mutants of all lines
        #[arg(long)]
        long: bool,
    },
    /// The rules of this repository that no compiler checks
    Tidy,
    /// The Windows desktop on Linux
    #[command(subcommand)]
    Lab(lab::Action),
    /// What the server costs, beside the bars that it must hold
    Bench(bench::Options),
    /// Replay the fuzz targets' inputs and look for new ones
    Fuzz(fuzz::Options),
    /// Break one thing after another in what decides and records, and see whether a test notices
    Mutants(mutants::Options),
    /// Let a real client write a file with Notepad on a Windows desktop, and show what happened
    Demo(demo::Options),
    /// Build the Windows programs
    Build {
        /// What users get, instead of what tests run
        #[arg(long)]
        release: bool,
    },
    /// Build what is written in C#: the inspector, and the WPF applications of the tests
    Inspector,
    /// Write the references that come out of the code
    Generate {
        /// Only say whether they are up to date
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(action: Action) -> Result<ExitCode> {
    match action {
        Action::Test { suite, long } => test::run(suite, long),
        Action::Tidy => tidy::run().map(|()| ExitCode::SUCCESS),
        Action::Lab(action) => lab::run(action),
        Action::Bench(options) => bench::run(&options),
        Action::Fuzz(options) => fuzz::run(&options),
        Action::Mutants(options) => mutants::run(options),
        Action::Demo(options) => demo::run(&options),
        Action::Build { release } => build::run(release).map(|()| ExitCode::SUCCESS),
        Action::Inspector => inspector::run().map(|()| ExitCode::SUCCESS),
        Action::Generate { check } => generate::run(check).map(|()| ExitCode::SUCCESS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_in_the_documents_exists() {
        let top = portcullis_testkit::lab::workspace_top();
        let mut asked = 0;
        for page in ["README.md", "CONTRIBUTING.md"] {
            let text = std::fs::read_to_string(top.join(page)).unwrap();
            let commands = tidy::workflows::commands(&text);
            for command in &commands {
                let Some(rest) = command.strip_prefix("cargo ").filter(|rest| rest.starts_with("xtask ")) else {
                    continue;
                };
                Arguments::try_parse_from(rest.split_whitespace())
                    .unwrap_or_else(|e| panic!("{page}: `{command}`: {e}"));
                asked += 1;
            }
        }
        assert!(asked >= 5, "only {asked} commands were found");
    }
}
