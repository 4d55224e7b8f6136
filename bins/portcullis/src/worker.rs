//! `portcullis worker …`: the server's own worker processes. They are started by the server alone, over pipes that it
//! made; no tool and no client reaches them, and they decide nothing.

use crate::cli::{WorkerArgs, WorkerKind};
use std::process::ExitCode;

pub(crate) fn run(args: &WorkerArgs) -> anyhow::Result<ExitCode> {
    match args.kind {
        WorkerKind::Automation => automation(),
    }
}

#[cfg(windows)]
fn automation() -> anyhow::Result<ExitCode> {
    let in_order = portcullis_platform_windows::run_automation_worker();
    Ok(if in_order { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(not(windows))]
fn automation() -> anyhow::Result<ExitCode> {
    anyhow::bail!("unsupported_platform: this system has no UI Automation")
}
