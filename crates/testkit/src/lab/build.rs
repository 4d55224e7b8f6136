//! Builds the Windows programs of the workspace, on Linux and on Windows. Knows cargo's flags for it, and nothing of what
//! is built; what a system's own cargo lacks for it is in the system's file.

use super::cache::Cache;
use super::progress::{Progress, timed};
use super::system::{self, Library};
use super::{command, run_within};
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const FETCH_LIMIT: Duration = Duration::from_secs(300);
const RUSTC_LIMIT: Duration = Duration::from_secs(20);

/// How a Windows program is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Quick to build, with overflow checks: what tests run.
    Lab,
    /// What users get.
    Release,
}

impl Profile {
    /// The profile's name in Cargo.toml, which is also its folder below the target.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Lab => "lab",
            Profile::Release => "release",
        }
    }
}

/// The workspace that this crate was built from.
pub fn workspace_top() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

pub(super) fn target_folder() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => workspace_top().join(folder),
        None => workspace_top().join("target"),
    }
}

/// Where a Windows program is after it was built.
pub fn built_exe(name: &str, profile: Profile) -> PathBuf {
    built_for_windows(profile).join(format!("{name}.exe"))
}

/// Where a Windows library is after it was built.
pub fn built_library(name: &str, profile: Profile) -> PathBuf {
    built_for_windows(profile).join(format!("{name}.dll"))
}

fn built_for_windows(profile: Profile) -> PathBuf {
    // On Windows cargo builds for its own system, and so without a folder of the target's name.
    target_folder().join(system::TARGET.unwrap_or_default()).join(profile.name())
}

/// Where the inspector is after `cargo xtask inspector`: one folder in it for each framework.
pub fn built_inspector() -> PathBuf {
    target_folder().join("inspector")
}

/// Where the inspector's own tests are after `cargo xtask inspector`, as a folder that holds their program.
pub fn built_inspector_tests() -> PathBuf {
    target_folder().join("inspector-tests")
}

/// Where a WPF application of the tests is after `cargo xtask inspector`, as a folder that holds `NAME.exe`.
pub fn built_app(name: &str) -> PathBuf {
    target_folder().join("wpf-fixtures").join(name)
}

/// Where a program for this system is after `cargo build`, which the tests that run it come after.
pub fn native_exe(name: &str) -> PathBuf {
    target_folder().join("debug").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// The compiler's version, such as `1.95.0`.
pub(super) fn rustc_version() -> Result<String> {
    let said = run_within(Command::new("rustc").arg("--version"), RUSTC_LIMIT)?.stdout;
    let version = said.split_whitespace().nth(1).with_context(|| format!("`rustc --version` said: {said}"))?;
    Ok(version.to_owned())
}

/// The compiler must be at least what the workspace names.
pub(super) fn pinned_rust() -> Result<String> {
    let wanted = env!("CARGO_PKG_RUST_VERSION");
    let found = rustc_version()?;
    let number = |text: &str| text.split('.').map(|part| part.parse::<u32>().unwrap_or(0)).collect::<Vec<_>>();
    ensure!(number(&found) >= number(wanted), "rustc is {found}, Cargo.toml wants {wanted}");
    Ok(format!("{found}, at least {wanted}"))
}

/// Cargo, set up for Windows.
#[derive(Debug, Clone)]
pub struct WindowsBuild {
    library: Library,
}

impl WindowsBuild {
    /// Finds the standard library to build with; an error says how to get one.
    pub fn find() -> Result<WindowsBuild> {
        WindowsBuild::find_in(&Cache::of_user()?)
    }

    pub(super) fn find_in(cache: &Cache) -> Result<WindowsBuild> {
        Ok(WindowsBuild { library: system::library(cache)? })
    }

    /// `cargo SUBCOMMAND` for Windows with that profile; the caller adds packages and flags.
    pub fn cargo(&self, subcommand: &str, profile: Profile) -> Command {
        let mut cargo = self.bare(subcommand);
        cargo.args(["--profile", profile.name()]);
        cargo
    }

    fn bare(&self, subcommand: &str) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(workspace_top()).arg(subcommand);
        if let Some(target) = system::TARGET {
            cargo.args(["--target", target]);
        }
        // Cargo gives its children variables of the package that it runs, which would make every build look changed.
        for name in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME", "RUSTFLAGS"] {
            cargo.env_remove(name);
        }
        self.library.prepare(&mut cargo);
        cargo
    }
}

/// Fetches what the builds need, for Windows and for this system, so that they and the tests work without a network.
pub(super) fn fetch(cache: &Cache, progress: &dyn Progress) -> Result<()> {
    let build = WindowsBuild::find_in(cache)?;
    // Cargo answers in a fraction of a second when all is there, so there is no stamp that could be out of date.
    timed(progress, "crates", || {
        command::with_retry(command::NETWORK_TRIES, || {
            run_within(build.bare("fetch").arg("--locked"), FETCH_LIMIT)?;
            let mut own = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
            own.current_dir(workspace_top()).args(["fetch", "--locked"]);
            run_within(&mut own, FETCH_LIMIT)
        })
        .context("fetching crates")
        .map(drop)
    })
}
