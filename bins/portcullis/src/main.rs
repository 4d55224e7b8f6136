//! The product: the command line on the machine that it runs on. Everything else is the library's.

use portcullis::ThisMachine;
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    if let Err(fault) = ThisMachine.settle() {
        // The exit code says it too.
        let _ = writeln!(std::io::stderr(), "portcullis: {fault}");
        return ExitCode::FAILURE;
    }
    portcullis::run(&ThisMachine, std::env::args_os())
}
