//! The product: the command line on the machine that it runs on. Everything else is the library's.

use portcullis::ThisMachine;
use std::process::ExitCode;

fn main() -> ExitCode {
    portcullis::run(&ThisMachine, std::env::args_os())
}
