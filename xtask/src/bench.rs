//! `cargo xtask bench`: builds what is measured for release, lets the measuring program run, and makes tables of its lines and
//! of the programs' sizes. What is measured, and against which bar, stands in `benches/measure`; how a line is judged stands
//! in the testkit.

use crate::progress::Steps;
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use portcullis_testkit::bench::{Bar, Comparison, Line, Outcome, Row, Spread};
use portcullis_testkit::lab::{Group, Lab, Profile, StdioPlan, built_exe, workspace_top};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// What measures.
const MEASURE: &str = "portcullis-measure";
/// What it starts on this system.
const STARTED: [&str; 3] = ["portcullis", "portcullis-floor", "portcullis-testkit"];
/// The benchmark that is made here: bytes of the programs that users get.
const SIZE: &str = "size";
/// The benchmarks that run Windows programs.
const ON_WINDOWS: [&str; 3] = ["lab", "wpf", PEERS];
/// The benchmark beside other servers.
const PEERS: &str = "peers";
/// Design section 10: an exe, stripped, in MB.
const EXE_MB: f64 = 15.0;
/// Letters of a reason that a table shows.
const REASON: usize = 150;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Fail when a number is past its bar
    #[arg(long)]
    check: bool,
    /// The same jobs for two Python servers beside ours, in turns on one desktop of the lab
    #[arg(long)]
    peers: bool,
    /// Measure nothing: show and judge the lines that an earlier run kept
    #[arg(long, value_name = "FILE", conflicts_with_all = ["peers", "names"])]
    from: Option<PathBuf>,
    /// Only these benchmarks; without any all but the one beside peers
    names: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let mut table = Table::default();
    if let Some(file) = &options.from {
        for line in kept(file)? {
            table.add(line);
        }
        table.end(&file.display().to_string());
        return Ok(exit_code(options.check, &table.lines));
    }
    let mut names = options.names.clone();
    if options.peers && !names.iter().any(|name| name == PEERS) {
        names.push(PEERS.to_owned());
    }
    let wants_size = names.is_empty() || names.iter().any(|name| name == SIZE);
    let measured: Vec<&String> = names.iter().filter(|name| *name != SIZE).collect();
    if measured.iter().any(|name| *name == PEERS) {
        // Before minutes go into a build: what cannot be fetched is known at once.
        Lab::make_peers(&Steps::default())?;
    }
    build(!wants_size && !measured.is_empty() && measured.iter().all(|name| *name == PEERS))?;
    let on_windows = names.is_empty() || measured.iter().any(|name| ON_WINDOWS.contains(&name.as_str()));
    if on_windows {
        // The desktop has the same fixture as in the tests.
        crate::build::run(false)?;
    }
    if wants_size || on_windows {
        crate::build::run(true)?;
    }
    if names.is_empty() || !measured.is_empty() {
        measure(&measured, &mut table)?;
    }
    if wants_size {
        sizes(&mut table)?;
    }
    let file = target().join("bench.json");
    fs::write(&file, serde_json::to_string_pretty(&table.lines)?).context("cannot write the results")?;
    table.end(&file.display().to_string());
    Ok(exit_code(options.check, &table.lines))
}

/// A check fails past a bar, and when there is nothing that could be past one.
fn exit_code(check: bool, lines: &[Line]) -> ExitCode {
    let fails = lines.is_empty() || lines.iter().any(Line::is_past);
    if check && fails { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The lines that an earlier run kept.
fn kept(file: &Path) -> Result<Vec<Line>> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(&text)
        .with_context(|| format!("{} holds no lines of a benchmark; `cargo xtask bench` writes them", file.display()))
}

fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => workspace_top().join(folder),
        None => workspace_top().join("target"),
    }
}

/// Builds for this system: what measures, and unless Windows programs alone are measured what it starts.
fn build(windows_alone: bool) -> Result<()> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(workspace_top()).args(["build", "--release", "--quiet", "-p", MEASURE]);
    if !windows_alone {
        STARTED.iter().for_each(|package| {
            cargo.args(["-p", package]);
        });
    }
    let status = cargo.status().context("cannot start cargo")?;
    ensure!(status.success(), "the release build failed ({status})");
    Ok(())
}

/// Runs the measuring program and shows each line as it comes.
fn measure(names: &[&String], table: &mut Table) -> Result<()> {
    let mut command = Command::new(target().join("release/portcullis-measure"));
    let stdio = StdioPlan { stdin: Stdio::null(), stdout: Stdio::piped(), stderr: Stdio::inherit() };
    let mut child = Group::spawn(command.args(names), stdio)?;
    let stdout = child.stdout().context("the measuring program's output")?;
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        table.add(serde_json::from_str(&line).with_context(|| format!("not a line of a benchmark: {line}"))?);
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("the measuring program ended with {status}");
    }
    Ok(())
}

/// The programs that users get.
fn sizes(table: &mut Table) -> Result<()> {
    let programs = [
        ("exe size, Linux", target().join("release/portcullis")),
        ("exe size, Windows", built_exe("portcullis", Profile::Release)),
    ];
    for (name, path) in programs {
        let metadata = path.metadata().with_context(|| path.display().to_string())?;
        let megabytes = f64::from(u32::try_from(metadata.len()).context("an odd size")?) / 1e6;
        table.add(Line::Row(Row::fixed(name, "MB", megabytes, EXE_MB, "15 MB")));
    }
    Ok(())
}

/// The lines so far, each shown when it came.
#[derive(Default)]
struct Table {
    lines: Vec<Line>,
}

impl Table {
    fn add(&mut self, line: Line) {
        if let Some(head) = head(self.lines.last(), &line) {
            println!("{head}");
        }
        println!("{}", shown(&line));
        self.lines.push(line);
    }

    fn end(&self, file: &str) {
        for reason in self.lines.iter().flat_map(reasons) {
            println!("{reason}");
        }
        let past = self.lines.iter().filter(|line| line.is_past()).count();
        println!("{} rows, {past} past their bar; {file}", self.lines.len());
    }
}

/// The names of the columns, where another kind of line begins.
fn head(last: Option<&Line>, line: &Line) -> Option<String> {
    let same_kind = |last: &Line| std::mem::discriminant(last) == std::mem::discriminant(line);
    if last.is_some_and(same_kind) {
        return None;
    }
    Some(match line {
        Line::Row(_) => {
            format!("{:<46} {:>10} {:>10} {:>7}  {:<22} {:<4}", "name", "ours", "baseline", "ratio", "bar", "")
        }
        Line::Comparison(comparison) => {
            let names: Vec<&str> =
                ["ours p50 / p95"].into_iter().chain(comparison.peers.iter().map(|(name, _)| name.as_ref())).collect();
            columns("job", &names, "ratio", "bar", "")
        }
    })
}

fn columns(job: &str, cells: &[&str], ratio: &str, bar: &str, word: &str) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| format!("{cell:>18}")).collect();
    format!("{job:<28} {} {ratio:>7}  {bar:<24} {word}", cells.join(" ")).trim_end().to_owned()
}

fn shown(line: &Line) -> String {
    match line {
        Line::Row(row) => row_line(row),
        Line::Comparison(comparison) => comparison_line(comparison),
    }
}

fn ratio_of(ours: f64, baseline: Option<f64>) -> String {
    match baseline {
        Some(baseline) if baseline > 0.0 => format!("{:.2}", ours / baseline),
        _ => "-".to_owned(),
    }
}

fn row_line(row: &Row) -> String {
    let shown = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1} {}", row.unit));
    let word = if row.is_past() { "OVER" } else { "ok" };
    let line = format!(
        "{:<46} {:>10} {:>10} {:>7}  {:<22} {word:<4}  {}",
        row.name,
        shown(Some(row.ours)),
        shown(row.baseline),
        ratio_of(row.ours, row.baseline),
        row.bar,
        row.note
    );
    line.trim_end().to_owned()
}

fn comparison_line(comparison: &Comparison) -> String {
    let cells: Vec<String> = [&comparison.ours]
        .into_iter()
        .chain(comparison.peers.iter().map(|(_, outcome)| outcome))
        .map(|outcome| cell(outcome, &comparison.unit))
        .collect();
    let ratio = match &comparison.ours {
        Outcome::Done(spread) => ratio_of(spread.p50, comparison.better_peer()),
        _ => "-".to_owned(),
    };
    let limit = comparison.limit().map_or_else(|| "-".to_owned(), |limit| format!("{limit:.1} {}", comparison.unit));
    let bar = match comparison.bar {
        Bar::Most(_) => limit,
        Bar::BetterPeer => format!("{limit} (better peer)"),
        Bar::PartOfBetterPeer(part) => format!("{limit} (1/{part} of it)"),
    };
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    columns(&comparison.job, &cells, &ratio, &bar, comparison.verdict().word())
}

fn cell(outcome: &Outcome, unit: &str) -> String {
    let spread = |spread: &Spread| format!("{:.1} / {:.1} {unit}", spread.p50, spread.p95);
    match outcome {
        Outcome::Done(took) => spread(took),
        Outcome::Hollow { took, .. } => format!("hollow {:.1} {unit}", took.p50),
        Outcome::Failed { .. } => "failed".to_owned(),
        Outcome::Absent => "-".to_owned(),
    }
}

/// Why what was not done was not, one line each, below the table.
fn reasons(line: &Line) -> Vec<String> {
    let Line::Comparison(comparison) = line else { return Vec::new() };
    let servers = [("ours", &comparison.ours)]
        .into_iter()
        .chain(comparison.peers.iter().map(|(name, peer)| (name.as_ref(), peer)));
    let told = servers.filter_map(|(name, outcome)| match outcome {
        Outcome::Hollow { why, .. } => Some((name, "hollow", why)),
        Outcome::Failed { why } => Some((name, "failed", why)),
        Outcome::Done(_) | Outcome::Absent => None,
    });
    let one_line =
        |why: &str| why.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(REASON).collect::<String>();
    told.map(|(name, word, why)| format!("{}: {name} {word}: {}", comparison.job, one_line(why))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(p50: f64) -> Spread {
        Spread { p50, p95: p50 + 1.0 }
    }

    fn comparison(ours: Outcome, bar: Bar) -> Comparison {
        let peers = vec![
            ("winremote".into(), Outcome::Done(spread(52.0))),
            ("windows-mcp".into(), Outcome::Hollow { took: spread(1.4), why: "no\nclick".to_owned() }),
        ];
        Comparison { job: "Click".to_owned(), unit: "ms".into(), ours, peers, bar }
    }

    #[test]
    fn a_row_shows_its_ratio_and_whether_it_is_past_its_bar() {
        let mut row = Row::fixed("x", "us", 30.0, 25.0, "+ 5 us");
        row.baseline = Some(20.0);
        let line = row_line(&row);
        assert!(line.contains("1.50") && line.ends_with("OVER"), "{line}");
        assert!(row_line(&Row::fixed("x", "us", 3.0, 10.0, "10 us")).ends_with("ok"));
    }

    #[test]
    fn a_job_shows_each_server_the_ratio_the_bar_and_what_was_hollow() {
        let line = Line::Comparison(comparison(Outcome::Done(spread(5.2)), Bar::BetterPeer));
        let text = shown(&line);
        for part in ["Click", "5.2 / 6.2 ms", "52.0 / 53.0 ms", "hollow 1.4 ms", "0.10", "52.0 ms (better peer)"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(text.ends_with("ok"), "{text}");
        assert_eq!(reasons(&line), ["Click: windows-mcp hollow: no click"]);
        let past = shown(&Line::Comparison(comparison(Outcome::Done(spread(5.2)), Bar::Most(5.0))));
        assert!(past.ends_with("PAST"), "{past}");
    }

    #[test]
    fn columns_are_named_once_for_each_kind_of_line() {
        let row = Line::Row(Row::fixed("x", "us", 1.0, 2.0, "2 us"));
        let job = Line::Comparison(comparison(Outcome::Absent, Bar::BetterPeer));
        let heads = [(None, &row), (Some(&row), &row), (Some(&row), &job), (Some(&job), &job)]
            .map(|(last, line)| head(last, line).is_some());
        assert_eq!(heads, [true, false, true, false]);
        assert!(head(None, &job).unwrap().contains("winremote"));
    }
}
