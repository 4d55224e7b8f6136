//! `portcullis wpf`: what the owner does about WPF applications outside of any call. What a secret proves is not known here.

use crate::cli::{WpfArgs, WpfCommand, WpfSecretCommand};
use crate::machine::Machine;
use serde_json::json;
use std::process::ExitCode;

pub(crate) fn run(machine: &dyn Machine, args: &WpfArgs) -> anyhow::Result<ExitCode> {
    let WpfCommand::Secret(args) = &args.command;
    let WpfSecretCommand::Rotate(args) = &args.command;
    let path = machine.rotate_wpf_secret()?;
    if args.json {
        out!("{}", json!({ "secret_file": path.display().to_string() }));
    } else {
        out!("A new secret is in {}, sealed for this user.", path.display());
        out!("Applications that run know the old one until they are started again.");
    }
    Ok(ExitCode::SUCCESS)
}
