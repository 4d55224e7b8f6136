//! The composition root: the command line, and which parts a server is made of. Nothing is decided here that policy,
//! configuration or the gate decides.

/// One line on standard output, for commands that answer there; `serve` leaves it to the protocol. A reader that has
/// gone away, as `head` does, is no error.
macro_rules! out {
    ($($part:tt)*) => {{
        use std::io::Write;
        let _ = writeln!(std::io::stdout(), $($part)*);
    }};
}

mod call;
mod cli;
mod compose;
mod doctor;
mod logging;
mod machine;
mod serve;
mod tools;
mod worker;

use clap::Parser;
use cli::{Cli, Command};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return cli::refuse(&error),
    };
    logging::start(cli.log);
    let done = match cli.command {
        Command::Call(args) => call::run(args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Serve(args) => serve::run(args),
        Command::Tools(args) => tools::run(&args),
        Command::Version => {
            out!("portcullis {}", env!("CARGO_PKG_VERSION"));
            Ok(ExitCode::SUCCESS)
        }
        Command::Worker(args) => worker::run(&args),
    };
    done.unwrap_or_else(|error| {
        logging::complain(&format!("{error:#}"));
        ExitCode::FAILURE
    })
}
