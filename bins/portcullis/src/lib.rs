//! The composition root: the command line, and which parts a server is made of, on any machine that is handed in. Nothing
//! is decided here that policy, configuration or the gate decides.

/// One line on standard output, for commands that answer there; `serve` leaves it to the protocol. A reader that has
/// gone away, as `head` does, is no error.
macro_rules! out {
    ($($part:tt)*) => {{
        use std::io::Write;
        let _ = writeln!(std::io::stdout(), $($part)*);
    }};
}

mod audit;
mod call;
mod cli;
mod compose;
mod doctor;
mod explain;
mod keys;
#[cfg(windows)]
mod loader;
mod logging;
mod machine;
mod oauth;
mod reload;
mod security;
mod serve;
mod settings;
mod stop;
mod tls;
mod tools;
#[cfg(not(windows))]
mod trust;
mod watch;
mod wpf;

pub use machine::{Machine, ThisMachine, WorkerKind};

use clap::Parser;
use cli::{Cli, Command, ConfigCommand, PolicyCommand};
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command line `words`, whose first is the program's name, on `machine`. Answers the process's exit code: 2 for
/// what could not be parsed, 1 for what failed.
pub fn run(machine: &dyn Machine, words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(error) => return cli::refuse(&error),
    };
    logging::start(cli.log);
    let done = match cli.command {
        Command::Audit(args) => audit::run(machine, args),
        Command::Call(args) => call::run(machine, args),
        Command::Config(args) => match args.command {
            ConfigCommand::Show(args) => settings::show(machine, &args),
        },
        Command::Doctor(args) if args.security => security::run(machine, &args),
        Command::Doctor(args) => doctor::run(machine, &args),
        Command::Key(args) => keys::run(machine, args),
        Command::Policy(args) => match args.command {
            PolicyCommand::Check(args) => settings::check(machine, args),
            PolicyCommand::Explain(args) => explain::run(machine, *args),
        },
        Command::Reload(args) => reload::run(machine, args),
        Command::Resume(args) => stop::run(machine, args, stop::Word::Resume),
        Command::Serve(args) => serve::run(machine, *args),
        Command::Stop(args) => stop::run(machine, args, stop::Word::Stop),
        Command::Tls(args) => tls::run(args),
        Command::Tools(args) => tools::run(machine, &args),
        Command::Version => {
            out!("portcullis {}", env!("CARGO_PKG_VERSION"));
            Ok(ExitCode::SUCCESS)
        }
        Command::Worker(args) => machine.work(args.kind),
        Command::Wpf(args) => wpf::run(machine, &args),
    };
    done.unwrap_or_else(|error| {
        logging::complain(&format!("{error:#}"));
        ExitCode::FAILURE
    })
}
