//! The Python environment in which real MCP clients run: the `mcp` package and what it needs, at fixed versions, in a
//! folder of the cache. Knows nothing of what the clients do.

use super::cache::{self, Cache, Draft};
use super::progress::{Progress, timed};
use super::{command, finish_within, run_within, system};
use anyhow::{Context, Result, ensure};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

const ASK_LIMIT: Duration = Duration::from_secs(20);
const VENV_LIMIT: Duration = Duration::from_secs(120);
const PACKAGES_LIMIT: Duration = Duration::from_secs(300);
/// Raised when the recipe below changes in a way that its inputs do not show.
const RECIPE: u32 = 1;
const REQUIREMENTS: &str = include_str!("../../../../lab/clients/requirements.txt");

/// An environment holds links to the Python that it was made with, so it is as good as that Python is the same.
fn stamp() -> Result<String> {
    let ask = "import sys; print(sys.base_prefix, sys.version.split()[0])";
    let python = run_within(system::python().args(["-c", ask]), ASK_LIMIT)?.stdout;
    Ok(format!("clients recipe {RECIPE}\n{python}{REQUIREMENTS}{}", system::REQUIREMENTS))
}

/// The interpreter to run a client with, or an error that says how to get it.
pub(super) fn python(cache: &Cache) -> Result<PathBuf> {
    let folder = cache.clients();
    ensure!(
        stamp().is_ok_and(|stamp| cache::is_stamped(&folder, &stamp)),
        "the Python environment of the lab's clients is missing or out of date: run `cargo xtask lab up`"
    );
    // The scripts beside it name the folder in which they were made; the interpreter finds its packages wherever it is.
    Ok(folder.join(system::PYTHON_IN_ENVIRONMENT))
}

/// Makes the environment unless it is there already.
pub(super) fn make(cache: &Cache, progress: &dyn Progress) -> Result<()> {
    if python(cache).is_ok() {
        return Ok(());
    }
    // Debian ships Python without what makes an environment, and no program's absence shows it.
    let can = finish_within(system::python().args(["-c", "import ensurepip, venv"]), ASK_LIMIT);
    if !can.is_ok_and(|finished| finished.status.success()) {
        system::install_python(progress)?;
    }
    timed(progress, "Python clients: the mcp package", || {
        command::with_retry(command::NETWORK_TRIES, || {
            let draft = Draft::start(&cache.clients())?;
            run_within(system::python().args(["-m", "venv"]).arg(draft.path()), VENV_LIMIT)?;
            let list = draft.path().join("requirements.txt");
            std::fs::write(&list, format!("{REQUIREMENTS}{}", system::REQUIREMENTS))?;
            let mut pip = Command::new(draft.path().join(system::PYTHON_IN_ENVIRONMENT));
            pip.args(["-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]);
            // Wheels only: a compiler for C or Rust extensions is not among what the lab installs.
            pip.args(["--only-binary", ":all:", "--requirement"]).arg(&list);
            run_within(&mut pip, PACKAGES_LIMIT)?;
            draft.publish(&stamp()?)
        })
        .context("installing the packages of lab/clients/requirements.txt")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_requirement_is_pinned_and_the_client_package_is_among_them() {
        let lines: Vec<&str> = REQUIREMENTS.lines().filter(|l| !l.starts_with('#') && !l.is_empty()).collect();
        assert!(lines.iter().all(|line| line.split("==").count() == 2), "{lines:?}");
        assert_eq!(lines.iter().filter(|line| line.starts_with("mcp==")).count(), 1);
    }

    #[test]
    fn without_an_environment_the_error_names_the_command() {
        let top = tempfile::tempdir().unwrap();
        let error = python(&Cache::at(top.path())).unwrap_err();
        assert!(error.to_string().contains("lab up"), "{error}");
    }
}
