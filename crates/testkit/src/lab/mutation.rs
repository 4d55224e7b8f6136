//! cargo-mutants at a fixed version, in a folder of the cache: the program that breaks one thing in a crate after another,
//! to see whether a test notices. Knows nothing of what is broken.

use super::cache::{self, Cache, Draft};
use super::command;
use super::progress::{Progress, timed};
use super::run_within;
use anyhow::{Context, Result, ensure};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// From nothing on two cores that others use too.
const INSTALL_LIMIT: Duration = Duration::from_secs(900);
/// Raised when the recipe below changes in a way that its inputs do not show.
const RECIPE: u32 = 1;
const VERSION: &str = "27.1.0";

fn stamp() -> String {
    format!("cargo-mutants recipe {RECIPE}\n{VERSION}\n")
}

/// The program, or an error that says how to get it.
pub(super) fn find(cache: &Cache) -> Result<PathBuf> {
    let folder = cache.mutation();
    ensure!(
        cache::is_stamped(&folder, &stamp()),
        "cargo-mutants {VERSION} is missing or out of date: run `cargo xtask lab up`"
    );
    Ok(folder.join("bin/cargo-mutants"))
}

/// Installs it unless it is there already.
pub(super) fn make(cache: &Cache, progress: &dyn Progress) -> Result<()> {
    if find(cache).is_ok() {
        return Ok(());
    }
    timed(progress, &format!("cargo-mutants {VERSION}"), || {
        command::with_retry(command::NETWORK_TRIES, || {
            let draft = Draft::start(&cache.mutation())?;
            let build = draft.path().join("build");
            let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
            // Not optimized: what takes time is cargo, which it starts.
            cargo.args(["install", "--quiet", "--locked", "--debug", "cargo-mutants"]);
            cargo.arg("--version").arg(format!("={VERSION}"));
            cargo.arg("--root").arg(draft.path()).arg("--target-dir").arg(&build);
            // Settings of whoever builds this workspace are not meant for another program.
            cargo.env_remove("RUSTFLAGS");
            run_within(&mut cargo, INSTALL_LIMIT)?;
            super::system::remove_tree(&build)?;
            draft.publish(&stamp())
        })
        .context("installing cargo-mutants")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_program_the_error_names_the_command() {
        let top = tempfile::tempdir().unwrap();
        let error = find(&Cache::at(top.path())).unwrap_err().to_string();
        assert!(error.contains(VERSION) && error.contains("lab up"), "{error}");
    }
}
