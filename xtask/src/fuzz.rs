//! `cargo xtask fuzz`: builds the targets of `fuzz/` with coverage in them, replays their inputs and lets libFuzzer look for
//! more for some seconds. The targets and what they hold are in `fuzz/targets`; nothing is decided here.

use anyhow::{Context, Result, ensure};
use clap::Args;
use portcullis_testkit::lab::{run_within, workspace_top};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

/// From nothing on two cores that others use too; the server brings most of it.
const BUILD_LIMIT: Duration = Duration::from_secs(1_800);
/// What a target may take beyond the seconds that it is given: reading its inputs.
const REPLAY_LIMIT: Duration = Duration::from_secs(120);
/// Seconds that one input may take, and megabytes that a target may use, before it is a finding.
const INPUT_SECONDS: u32 = 5;
const MEMORY_MB: u32 = 1_024;
/// The coverage that libFuzzer steers by, as rustc passes it to LLVM.
const COVERAGE: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];

/// Seconds that each target looks for new inputs when nobody says.
const SECONDS: u32 = 10;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only these targets; without any all
    names: Vec<String>,
    /// Seconds that each target looks for new inputs, after replaying those that are kept
    #[arg(long, default_value_t = SECONDS)]
    seconds: u32,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let ran = fuzz_all(options)?;
    println!("{ran} passed, 0 failed");
    Ok(ExitCode::SUCCESS)
}

/// Every target for the usual time; how many there are.
pub(crate) fn all() -> Result<u64> {
    fuzz_all(&Options { names: Vec::new(), seconds: SECONDS })
}

fn fuzz_all(options: &Options) -> Result<u64> {
    let known = targets(&workspace_top().join("fuzz"))?;
    for name in &options.names {
        ensure!(known.contains(name), "there is no fuzz target `{name}`; there are {}", known.join(", "));
    }
    let wanted = |name: &&String| options.names.is_empty() || options.names.contains(name);
    let wanted: Vec<&String> = known.iter().filter(wanted).collect();
    let built = build()?;
    for name in &wanted {
        println!("{name}: {}", fuzz(&built, name, options.seconds)?);
    }
    Ok(u64::try_from(wanted.len())?)
}

/// The targets, by their files.
fn targets(fuzz: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(fuzz.join("targets")).context("fuzz/targets")? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "rs") {
            names.extend(path.file_stem().and_then(|name| name.to_str()).map(str::to_owned));
        }
    }
    names.sort();
    Ok(names)
}

fn target_folder() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => workspace_top().join(folder).join("fuzz"),
        None => workspace_top().join("target/fuzz"),
    }
}

/// Builds all targets; the folder in which they are.
fn build() -> Result<PathBuf> {
    let host = host()?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(workspace_top().join("fuzz")).args(["build", "--release", "--locked", "--quiet"]);
    // With a target named, flags reach the targets and not the build scripts, which have no fuzzing engine to link with.
    cargo.args(["--target", &host]).env("CARGO_TARGET_DIR", target_folder());
    // Passing LLVM's own options is not stable; the engine that reads the coverage is the stable libFuzzer.
    cargo.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", COVERAGE.join(" "));
    run_within(&mut cargo, BUILD_LIMIT).context("the fuzz targets do not build")?;
    Ok(target_folder().join(host).join("release"))
}

/// The system that this toolchain builds for when nobody says.
fn host() -> Result<String> {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let said = run_within(rustc.arg("-vV"), Duration::from_secs(30))?.stdout;
    let line = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line.context("rustc does not say its host")?.trim().to_owned())
}

/// Replays the inputs that are kept and looks for others; what libFuzzer said last.
fn fuzz(built: &Path, name: &str, seconds: u32) -> Result<String> {
    let kept = workspace_top().join("fuzz/corpus").join(name);
    ensure!(kept.is_dir(), "{} has no inputs to begin with", kept.display());
    let found = target_folder().join("found").join(name);
    fs::create_dir_all(&found)?;
    let artifacts = target_folder().join(format!("crash-of-{name}-"));
    let mut target = Command::new(built.join(name));
    // New inputs go to the first folder; those of the repository are only read.
    target.args([&found, &kept]).arg(format!("-artifact_prefix={}", artifacts.display()));
    target.arg(format!("-timeout={INPUT_SECONDS}")).arg(format!("-rss_limit_mb={MEMORY_MB}"));
    target.arg(format!("-max_total_time={seconds}")).arg("-print_final_stats=1");
    let limit = REPLAY_LIMIT + Duration::from_secs(seconds.into());
    let finished = run_within(&mut target, limit)
        .with_context(|| format!("{name}: the input is {}…; keep it in fuzz/corpus/{name}", artifacts.display()))?;
    let last = finished.stderr.lines().rfind(|line| line.starts_with("Done "));
    Ok(last.context("libFuzzer did not come to its end")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A target without a declared program or without an input would be one that nobody runs.
    #[test]
    fn each_target_is_built_and_has_inputs() {
        let fuzz = workspace_top().join("fuzz");
        let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
        let names = targets(&fuzz).unwrap();
        assert!(names.len() >= 3, "{names:?}");
        for name in names {
            assert!(manifest.contains(&format!("path = \"targets/{name}.rs\"")), "{name} is not in fuzz/Cargo.toml");
            assert!(fs::read_dir(fuzz.join("corpus").join(&name)).unwrap().count() > 0, "{name} has no input");
        }
    }
}
