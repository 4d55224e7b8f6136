//! `portcullis audit`: the record of all calls, checked and read. It needs no desktop and changes nothing: neither the
//! record nor its key is ever made or written here.

use crate::{Machine, settings};
use anyhow::Context;
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, ValueEnum};
use portcullis_audit::{
    AuditKey, FileReport, FolderReport, Follower, REPORT_ROWS, RESULTS, RowFilter, export_csv, export_jsonl, read_rows,
    report_html, verify_anchored, visible,
};
use portcullis_config::{DataFolder, Environment, ServeFlags, create_for_owner};
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Rows that `show` prints when nothing is said.
const SHOWN: u16 = 50;
/// Rows that it prints at the most.
const SHOWN_CAP: u16 = 10_000;
/// How often `follow` looks for new lines.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);

#[derive(Args, Clone, Debug)]
pub(crate) struct AuditArgs {
    /// Where keys and the audit lie (default: this user's local application data)
    #[arg(long, value_name = "FOLDER", global = true)]
    data: Option<PathBuf>,
    /// The policy file (default: portcullis.toml in this user's folder, if it is there)
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum AuditCommand {
    /// Say whether every chain is whole; ends with 0 only when all are
    Verify(AnchorArgs),
    /// Print the newest calls, one a line
    Show(ShowArgs),
    /// Print what is recorded from now on, looking twice a second, until Ctrl+C
    Follow(FilterArgs),
    /// Write one HTML page: whether the record is whole, and every call
    Report(ReportArgs),
    /// Write the whole record to a new file for another program; nothing is verified by that
    Export(ExportArgs),
}

#[derive(Args, Clone, Debug)]
struct AnchorArgs {
    /// The file that the server was given as --audit-anchor, or a copy of it
    #[arg(long, value_name = "PATH")]
    anchor: Option<PathBuf>,
}

#[derive(Args, Clone, Debug)]
struct ShowArgs {
    /// How many, counted from the newest
    #[arg(long, value_name = "N", default_value_t = SHOWN, value_parser = clap::value_parser!(u16).range(1..=i64::from(SHOWN_CAP)))]
    last: u16,
    #[command(flatten)]
    filter: FilterArgs,
}

#[derive(Args, Clone, Debug)]
struct FilterArgs {
    /// Only calls of this tool
    #[arg(long, value_name = "NAME")]
    tool: Option<String>,
    /// Only calls of this principal, such as `local` or `key:default`
    #[arg(long, value_name = "NAME")]
    principal: Option<String>,
    /// Only calls that ended so
    #[arg(long, value_name = "RESULT", value_parser = PossibleValuesParser::new(RESULTS))]
    result: Option<String>,
}

impl FilterArgs {
    fn filter(self) -> RowFilter {
        RowFilter { tool: self.tool, principal: self.principal, result: self.result }
    }
}

#[derive(Args, Clone, Debug)]
struct ReportArgs {
    /// The file to make
    #[arg(value_name = "FILE.html")]
    file: PathBuf,
    #[command(flatten)]
    anchor: AnchorArgs,
}

#[derive(Args, Clone, Debug)]
struct ExportArgs {
    /// Every line as it stands, or a table with a row for each call
    #[arg(long, value_enum)]
    format: Format,
    /// The file to make, or - for standard output
    file: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// JSON lines, each with its chain's name
    Jsonl,
    /// Comma-separated values; cells that a spreadsheet would take for a formula begin with an apostrophe
    Csv,
}

/// The audit that is read.
struct Place {
    data: DataFolder,
}

impl Place {
    fn open(machine: &dyn Machine, data: Option<PathBuf>, config: Option<PathBuf>) -> anyhow::Result<Self> {
        let flags = ServeFlags { data, ..ServeFlags::default() };
        let environment = Environment::read();
        let settings = settings::load(machine, config, flags, &environment)?;
        Ok(Self { data: DataFolder::existing(settings.data(&environment)?.value)? })
    }

    fn key(&self) -> anyhow::Result<AuditKey> {
        let file = self.data.audit_key_file();
        AuditKey::read(&file).with_context(|| {
            format!("{}: without the key of the server that wrote it, nothing can be verified", file.display())
        })
    }

    fn verify(&self, args: &AnchorArgs) -> anyhow::Result<FolderReport> {
        let folder = self.data.audit();
        let anchor = args.anchor.as_deref();
        verify_anchored(&folder, &self.key()?, anchor).with_context(|| match anchor {
            None => folder.display().to_string(),
            Some(anchor) => format!("{} with the anchor {}", folder.display(), anchor.display()),
        })
    }
}

impl Place {
    /// A new file for what is made of the record. None is replaced, and none is made where the server keeps its own.
    fn new_file(&self, path: &Path) -> anyhow::Result<std::fs::File> {
        let ours = self.data.holds(path).with_context(|| path.display().to_string())?;
        anyhow::ensure!(!ours, "{}: this is the server's own folder; name a file elsewhere", path.display());
        create_for_owner(path)
            .with_context(|| format!("{}: a new file is made and none replaced; name another one", path.display()))
    }
}

pub(crate) fn run(machine: &dyn Machine, args: AuditArgs) -> anyhow::Result<ExitCode> {
    let place = Place::open(machine, args.data, args.config)?;
    match args.command {
        AuditCommand::Verify(anchor) => verify(&place, &anchor, args.json),
        AuditCommand::Show(show_args) => show(&place, show_args, args.json),
        AuditCommand::Follow(filter) => follow(&place, &filter.filter(), args.json),
        AuditCommand::Report(report_args) => report(&place, &report_args, args.json),
        AuditCommand::Export(export_args) => export(&place, &export_args, args.json),
    }
}

fn verify(place: &Place, args: &AnchorArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let checked = place.verify(args)?;
    let whole = checked.is_whole();
    if as_json {
        let report = json!({
            "folder": place.data.audit(),
            "whole": whole,
            "files": checked.files,
            "anchor": checked.anchor,
        });
        out!("{}", serde_json::to_string_pretty(&report)?);
        return Ok(ended(whole));
    }
    print_files(&checked.files);
    if let Some(anchor) = &checked.anchor {
        match &anchor.finding {
            None => out!("ok    anchor  {} lines, naming {} chains", anchor.verified, anchor.chains.len()),
            Some(finding) => out!("FAIL  anchor  line {}: {}", finding.line, finding.problem),
        }
    }
    let (files, lines) = (checked.files.len(), checked.files.iter().map(|file| file.verified).sum::<u64>());
    if whole {
        out!("whole (files: {files}, lines: {lines})");
    } else if files == 0 {
        out!("not whole: {} holds no chain", place.data.audit().display());
    } else {
        let wrong = checked.files.iter().filter(|file| file.finding.is_some()).count();
        out!("not whole: something is wrong in {wrong} of {files}");
    }
    Ok(ended(whole))
}

fn ended(whole: bool) -> ExitCode {
    if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print_files(files: &[FileReport]) {
    for file in files {
        let head = file.head.get(..16).unwrap_or_default();
        match &file.finding {
            None => out!("ok    {}  {} lines, head {head}…", visible(&file.file), file.verified),
            Some(finding) => out!(
                "FAIL  {}  line {}: {} ({} lines before it verified)",
                visible(&file.file),
                finding.line,
                finding.problem,
                file.verified
            ),
        }
        for note in &file.notes {
            out!("note  {}  {note}", visible(&file.file));
        }
    }
}

fn show(place: &Place, args: ShowArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let found = read_rows(&place.data.audit(), &args.filter.filter(), args.last.into())?;
    if as_json {
        out!("{}", serde_json::to_string_pretty(&json!({ "cut": found.cut(), "rows": found.rows }))?);
        return Ok(ExitCode::SUCCESS);
    }
    match (found.cut(), found.matched) {
        (0, 0) => out!("nothing in the record matches"),
        (0, _) => {}
        (cut, _) => out!("{cut} older ones are not shown: --last takes up to {SHOWN_CAP}, and export writes all"),
    }
    for row in &found.rows {
        out!("{}", row.text());
    }
    Ok(ExitCode::SUCCESS)
}

/// Ends when nobody reads any more; Ctrl+C ends the process.
fn follow(place: &Place, filter: &RowFilter, as_json: bool) -> anyhow::Result<ExitCode> {
    let mut follower = Follower::new(&place.data.audit())?;
    let mut out = std::io::stdout();
    loop {
        for row in follower.poll()?.iter().filter(|row| filter.takes(row)) {
            let line = if as_json { serde_json::to_string(row)? } else { row.text() };
            if writeln!(out, "{line}").is_err() {
                return Ok(ExitCode::SUCCESS);
            }
        }
        std::thread::sleep(FOLLOW_EVERY);
    }
}

fn export(place: &Place, args: &ExportArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let folder = place.data.audit();
    let write = |out: &mut dyn Write| match args.format {
        Format::Jsonl => export_jsonl(&folder, out),
        Format::Csv => export_csv(&folder, out),
    };
    if args.file.as_os_str() == "-" {
        write(&mut std::io::BufWriter::new(std::io::stdout().lock()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = std::io::BufWriter::new(place.new_file(&args.file)?);
    let written = write(&mut out).and_then(|written| out.flush().map(|()| written));
    let written = written.with_context(|| args.file.display().to_string())?;
    say_written(&args.file, written, as_json)
}

/// Ends as `verify` does, so that a page that says "not whole" is not missed.
fn report(place: &Place, args: &ReportArgs, as_json: bool) -> anyhow::Result<ExitCode> {
    let checked = place.verify(&args.anchor)?;
    let rows = read_rows(&place.data.audit(), &RowFilter::default(), REPORT_ROWS)?;
    let page = report_html(&checked, &rows, std::time::SystemTime::now());
    place.new_file(&args.file)?.write_all(page.as_bytes()).with_context(|| args.file.display().to_string())?;
    say_written(&args.file, rows.matched - rows.cut(), as_json)?;
    let whole = checked.is_whole();
    if !whole {
        crate::logging::complain("the record is not whole; the page says where");
    }
    Ok(ended(whole))
}

/// What was made, and of how many.
fn say_written(file: &Path, written: u64, as_json: bool) -> anyhow::Result<ExitCode> {
    if as_json {
        out!("{}", serde_json::to_string_pretty(&json!({ "file": file, "written": written }))?);
    } else {
        out!("{}: {written} written", file.display());
    }
    Ok(ExitCode::SUCCESS)
}
