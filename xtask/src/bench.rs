//! `cargo xtask bench`: builds what is measured for release, lets the measuring program run, and makes one table of its
//! rows and of the programs' sizes. What is measured, and against which bar, stands in `benches/measure`.

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use portcullis_testkit::lab::{Group, Profile, StdioPlan, built_exe, workspace_top};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

/// What the measuring program starts, and itself.
const PACKAGES: [&str; 4] = ["portcullis", "portcullis-floor", "portcullis-testkit", "portcullis-measure"];
/// The benchmark that is made here: bytes of the programs that users get.
const SIZE: &str = "size";
/// The benchmark that runs Windows programs.
const LAB: &str = "lab";
/// Design section 10: an exe, stripped, in MB.
const EXE_MB: f64 = 15.0;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Fail when a number is past its bar
    #[arg(long)]
    check: bool,
    /// Only these benchmarks; without any all
    names: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let wants_size = options.names.is_empty() || options.names.iter().any(|name| name == SIZE);
    let measured: Vec<&String> = options.names.iter().filter(|name| *name != SIZE).collect();
    build()?;
    if wants_size || measured.iter().any(|name| *name == LAB) {
        crate::build::run(true)?;
    }
    let mut rows = Vec::new();
    println!("{:<46} {:>10} {:>10} {:>7}  {:<22} {:<4}", "name", "ours", "baseline", "ratio", "bar", "");
    if options.names.is_empty() || !measured.is_empty() {
        measure(&measured, &mut rows)?;
    }
    if wants_size {
        sizes(&mut rows)?;
    }
    let over = rows.iter().filter(|row| row.get("ok") != Some(&Value::Bool(true))).count();
    let file = target().join("bench.json");
    std::fs::write(&file, serde_json::to_string_pretty(&rows)?).context("cannot write the results")?;
    println!("{} rows, {over} past their bar; {}", rows.len(), file.display());
    Ok(if options.check && over > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => workspace_top().join(folder),
        None => workspace_top().join("target"),
    }
}

fn build() -> Result<()> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(workspace_top()).args(["build", "--release", "--quiet"]);
    for package in PACKAGES {
        cargo.args(["-p", package]);
    }
    let status = cargo.status().context("cannot start cargo")?;
    ensure!(status.success(), "the release build failed ({status})");
    Ok(())
}

/// Runs the measuring program and shows each row as it comes.
fn measure(names: &[&String], rows: &mut Vec<Value>) -> Result<()> {
    let mut command = Command::new(target().join("release/portcullis-measure"));
    let stdio = StdioPlan { stdin: Stdio::null(), stdout: Stdio::piped(), stderr: Stdio::inherit() };
    let mut child = Group::spawn(command.args(names), stdio)?;
    let stdout = child.stdout().context("the measuring program's output")?;
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        let row: Value = serde_json::from_str(&line).with_context(|| format!("not a row: {line}"))?;
        println!("{}", table_line(&row));
        rows.push(row);
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("the measuring program ended with {status}");
    }
    Ok(())
}

/// The programs that users get.
fn sizes(rows: &mut Vec<Value>) -> Result<()> {
    let programs = [
        ("exe size, Linux", target().join("release/portcullis")),
        ("exe size, Windows", built_exe("portcullis", Profile::Release)),
    ];
    for (name, path) in programs {
        let metadata = path.metadata().with_context(|| path.display().to_string())?;
        let megabytes = f64::from(u32::try_from(metadata.len()).context("an odd size")?) / 1e6;
        let row = json!({
            "name": name, "unit": "MB", "ours": megabytes, "baseline": null, "limit": EXE_MB, "bar": "15 MB",
            "note": "", "ok": megabytes <= EXE_MB,
        });
        println!("{}", table_line(&row));
        rows.push(row);
    }
    Ok(())
}

fn table_line(row: &Value) -> String {
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| row.get(name).and_then(Value::as_f64);
    let unit = text("unit");
    let shown = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1} {unit}"));
    let ours = number("ours");
    let baseline = number("baseline");
    let ratio = match (ours, baseline) {
        (Some(ours), Some(baseline)) if baseline > 0.0 => format!("{:.2}", ours / baseline),
        _ => "-".to_owned(),
    };
    let word = if row.get("ok") == Some(&Value::Bool(true)) { "ok" } else { "OVER" };
    let line = format!(
        "{:<46} {:>10} {:>10} {ratio:>7}  {:<22} {word:<4}  {}",
        text("name"),
        shown(ours),
        shown(baseline),
        text("bar"),
        text("note")
    );
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_shows_its_ratio_and_whether_it_is_past_its_bar() {
        let row = json!({ "name": "x", "unit": "us", "ours": 30.0, "baseline": 20.0, "bar": "+ 5 us", "ok": false });
        let line = table_line(&row);
        assert!(line.contains("1.50") && line.ends_with("OVER"), "{line}");
        let row = json!({ "name": "x", "unit": "us", "ours": 3.0, "baseline": null, "bar": "10 us", "ok": true });
        assert!(table_line(&row).ends_with("ok"));
    }
}
