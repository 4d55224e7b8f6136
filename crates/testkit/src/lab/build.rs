//! Builds the Windows programs of the workspace on Linux. Knows cargo's flags for it, and nothing of what is built.

use super::cache::Cache;
use super::progress::{Progress, timed};
use super::rust_src::{self, Std, TARGET};
use super::{command, host, run_within};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const FETCH_LIMIT: Duration = Duration::from_secs(300);

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
    target_folder().join(TARGET).join(profile.name()).join(format!("{name}.exe"))
}

/// Cargo, set up for Windows.
#[derive(Debug, Clone)]
pub struct WindowsBuild {
    library: Std,
}

impl WindowsBuild {
    /// Finds the standard library to build with; an error says how to get one.
    pub fn find() -> Result<WindowsBuild> {
        WindowsBuild::find_in(&Cache::of_user()?)
    }

    pub(super) fn find_in(cache: &Cache) -> Result<WindowsBuild> {
        host::require_tools().context("run `cargo xtask lab up`")?;
        Ok(WindowsBuild { library: rust_src::find(cache)? })
    }

    /// `cargo SUBCOMMAND` for Windows with that profile; the caller adds packages and flags.
    pub fn cargo(&self, subcommand: &str, profile: Profile) -> Command {
        let mut cargo = self.bare(subcommand);
        cargo.args(["--profile", profile.name()]);
        cargo
    }

    fn bare(&self, subcommand: &str) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(workspace_top()).arg(subcommand).args(["--target", TARGET]);
        // Cargo gives its children variables of the package that it runs, which would make every build look changed.
        for name in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME", "RUSTFLAGS"] {
            cargo.env_remove(name);
        }
        if self.library != Std::Installed {
            cargo.env("RUSTC_BOOTSTRAP", "1").arg("-Zbuild-std=std,panic_unwind");
        }
        if let Std::Source(library) = &self.library {
            // Cargo reads this in place of the toolchain's own folder, so no link into the toolchain is needed.
            cargo.env("__CARGO_TESTS_ONLY_SRC_ROOT", library);
        }
        cargo
    }
}

/// Fetches what the builds for both systems need, so that they and the tests work without a network.
pub(super) fn fetch(cache: &Cache, progress: &dyn Progress) -> Result<()> {
    let build = WindowsBuild::find_in(cache)?;
    // Cargo answers in a fraction of a second when all is there, so there is no stamp that could be out of date.
    timed(progress, "crates for both systems", || {
        command::with_retry(host::NETWORK_TRIES, || {
            run_within(build.bare("fetch").arg("--locked"), FETCH_LIMIT)?;
            let mut linux = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
            linux.current_dir(workspace_top()).args(["fetch", "--locked"]);
            run_within(&mut linux, FETCH_LIMIT)
        })
        .context("fetching crates")
        .map(drop)
    })
}
