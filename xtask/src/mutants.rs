//! `cargo xtask mutants`: has cargo-mutants break one thing after another in the crates that decide and record, runs each
//! crate's own tests, and compares what no test noticed with the list that is kept. What is broken, and how, is for
//! cargo-mutants; what must be noticed is for the tests.

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use portcullis_testkit::lab::{self, Finished, Group, Lab, StdioPlan, finish_within, run_within, workspace_top};
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

/// The crates whose every line must be held by a test of their own.
const CRATES: [(&str, &str); 2] = [("portcullis-audit", "crates/audit"), ("portcullis-policy", "crates/policy")];
/// What may go unnoticed, each with its reason.
const LIST: &str = "xtask/mutants.json";
/// Entries of the list.
const LIST_CAP: usize = 10;
/// Mutants of changed lines that one run tries: at two to four seconds each, it is for every change.
const TRIED_CAP: usize = 60;
/// What changed lines and all lines may take.
const CHANGED_LIMIT: Duration = Duration::from_secs(600);
const ALL_LIMIT: Duration = Duration::from_secs(3 * 3600);
const ASK_LIMIT: Duration = Duration::from_secs(120);
/// How long cargo-mutants may take to end what it started.
const GRACE: Duration = Duration::from_secs(30);
/// What `timeout` says of what it ended.
const TIMED_OUT: i32 = 124;
/// A branch that others start from, when the one that is checked out follows none.
const TRUNKS: [&str; 2] = ["origin/main", "main"];

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Options {
    /// All lines of both crates, which takes most of an hour; without it those that changed
    #[arg(long)]
    long: bool,
}

pub(crate) fn run(options: Options) -> Result<ExitCode> {
    let judged = try_mutants(options.long, if options.long { ALL_LIMIT } else { CHANGED_LIMIT })?;
    println!("{} passed, {} failed", judged.held, judged.wrong.len());
    Ok(if judged.wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Those of changed lines, as a stage of the tests: how many were noticed and how many things are wrong.
pub(crate) fn changed(limit: Duration) -> Result<(u64, u64)> {
    let judged = try_mutants(false, limit.min(CHANGED_LIMIT))?;
    Ok((u64::try_from(judged.held)?, u64::try_from(judged.wrong.len())?))
}

/// Those of all lines, as a stage of the tests.
pub(crate) fn all(limit: Duration) -> Result<(u64, u64)> {
    let judged = try_mutants(true, limit.min(ALL_LIMIT))?;
    Ok((u64::try_from(judged.held)?, u64::try_from(judged.wrong.len())?))
}

/// What is known of one mutant. Its name has no line, so that an entry of the list outlives changes above it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tried {
    name: String,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Caught,
    /// The tests did not end, which is noticed too.
    Late,
    Missed,
    /// It does not compile.
    Unviable,
}

/// An entry of the list: one mutant that may be missed. Two of one name are two entries.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    mutant: String,
    reason: String,
}

/// What a run comes to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Judged {
    /// Noticed, or on the list.
    held: usize,
    /// What is wrong, in words.
    wrong: Vec<String>,
}

fn try_mutants(long: bool, limit: Duration) -> Result<Judged> {
    lab::require_lab()?;
    let top = workspace_top();
    let listed = read_list(&fs::read_to_string(top.join(LIST)).context(LIST)?)?;
    let Some(scope) = (if long { Some(Vec::new()) } else { changed_lines(&top)? }) else {
        return Ok(Judged::default());
    };
    let count = count(&top, &scope)?;
    let mut words = scope;
    if count == 0 {
        ensure!(!long, "cargo-mutants finds nothing to break in {}", CRATES.map(|(name, _)| name).join(" and "));
        println!("no line that changed can be broken");
        return Ok(Judged::default());
    }
    if !long && count > TRIED_CAP {
        let parts = count.div_ceil(TRIED_CAP);
        println!("{count} mutants, of which every {parts}th is tried; all with `cargo xtask mutants --long`");
        words.extend(["--sharding".into(), "round-robin".into(), "--shard".into(), format!("0/{parts}")]);
    } else {
        println!("{count} mutants");
    }
    let out = folder().join("tried");
    emptied(&out)?;
    let ended = tried_by(&top, &out, &words, limit)?;
    let outcomes = out.join("mutants.out/outcomes.json");
    // Where the time ended while the crates were built, there are none.
    let tried = if ended || outcomes.exists() { read_outcomes(&fs::read_to_string(outcomes)?)? } else { Vec::new() };
    println!("{}", summary(&tried));
    if !ended {
        let left = format!("stopped after {} s with {} mutants tried", limit.as_secs(), tried.len());
        ensure!(!long, "{left}");
        println!("{left}; the others with `cargo xtask mutants --long`");
    }
    let judged = judge(&tried, &listed, long);
    judged.wrong.iter().for_each(|wrong| println!("{wrong}"));
    Ok(judged)
}

fn folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    workspace_top().join(target).join("mutants")
}

/// An empty folder at this place.
fn emptied(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))
}

fn read_list(text: &str) -> Result<Vec<Listed>> {
    let listed: Vec<Listed> = serde_json::from_str(text).context(LIST)?;
    ensure!(
        listed.len() <= LIST_CAP,
        "{LIST} has {} entries and may have {LIST_CAP}: write tests, or delete what nobody needs",
        listed.len()
    );
    let bare = listed.iter().find(|entry| entry.reason.trim().is_empty());
    ensure!(bare.is_none(), "{LIST}: an entry needs a reason: {bare:?}");
    Ok(listed)
}

/// The words that limit cargo-mutants to lines that differ from where this work began; nothing when there is no such line
/// or nothing to compare with, which is said.
fn changed_lines(top: &Path) -> Result<Option<Vec<String>>> {
    if !top.join(".git").exists() {
        println!("no history lies here, so no line is known to have changed; all with `cargo xtask mutants --long`");
        return Ok(None);
    }
    let Some(base) = base(top)? else {
        println!(
            "this is the first commit that is here, so no line is known to have changed; all with `cargo xtask mutants --long`"
        );
        return Ok(None);
    };
    let folders = CRATES.map(|(_, folder)| folder);
    let new = git(top, &[["ls-files", "--others", "--exclude-standard", "--"].as_slice(), &folders].concat())?;
    new.lines()
        .filter(|path| path.ends_with(".rs"))
        .for_each(|path| println!("{path}: not looked at before `git add`"));
    let words = ["diff", "--no-ext-diff", "--no-color", "--src-prefix=a/", "--dst-prefix=b/", base.as_str(), "--"];
    let diff = git(top, &[words.as_slice(), &folders].concat())?;
    if diff.is_empty() {
        println!("neither {} differs from {base}", folders.join(" nor "));
        return Ok(None);
    }
    fs::create_dir_all(folder())?;
    let file = folder().join("changed.diff");
    fs::write(&file, diff)?;
    println!("lines that differ from {base}");
    Ok(Some(vec!["--in-diff".to_owned(), file.display().to_string()]))
}

/// The commit that this work began at: where it left the branch that it follows or the trunk, else the commit before.
fn base(top: &Path) -> Result<Option<String>> {
    let head = git(top, &["rev-parse", "HEAD"])?.trim().to_owned();
    for branch in ["@{upstream}"].iter().chain(&TRUNKS) {
        let left = ask_git(top, &["merge-base", "HEAD", branch])?;
        let left_at = left.stdout.trim();
        if left.status.success() && left_at != head {
            return Ok(Some(left_at.to_owned()));
        }
    }
    let before = ask_git(top, &["rev-parse", "--verify", "--quiet", "HEAD~1^{commit}"])?;
    Ok(before.status.success().then(|| before.stdout.trim().to_owned()))
}

fn git_command(top: &Path, words: &[&str]) -> Command {
    let mut git = Command::new("git");
    // In a container the files are often another user's. What runs here was built from these very files.
    git.current_dir(top).arg("-c").arg(format!("safe.directory={}", top.display())).args(words);
    git
}

fn ask_git(top: &Path, words: &[&str]) -> Result<Finished> {
    finish_within(&mut git_command(top, words), ASK_LIMIT)
}

fn git(top: &Path, words: &[&str]) -> Result<String> {
    Ok(run_within(&mut git_command(top, words), ASK_LIMIT)?.stdout)
}

/// cargo-mutants on both crates, with what it is always told.
fn mutants(top: &Path, words: &[String]) -> Result<Command> {
    let mut command = Command::new(Lab::ready()?.cargo_mutants()?);
    command.current_dir(top).args(["mutants", "--no-config", "--colors", "never"]);
    command.args(CRATES.iter().flat_map(|(name, _)| ["--package", name])).args(words);
    // Cargo gives its children variables of the package that it runs, which would make every build look changed.
    for name in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME", "CARGO_TARGET_DIR", "RUSTFLAGS"] {
        command.env_remove(name);
    }
    Ok(command)
}

/// How many mutants there are in this scope.
fn count(top: &Path, scope: &[String]) -> Result<usize> {
    let mut list = mutants(top, scope)?;
    let said = run_within(list.args(["--list", "--json"]), ASK_LIMIT)?.stdout;
    // Of a difference without any line of Rust it says so instead.
    if !said.trim_start().starts_with('[') {
        return Ok(0);
    }
    let all: Vec<serde_json::Value> = serde_json::from_str(&said).context("the list of cargo-mutants")?;
    Ok(all.len())
}

/// Tries them; whether all were, or the time ended before.
fn tried_by(top: &Path, out: &Path, words: &[String], limit: Duration) -> Result<bool> {
    let inner = mutants(top, words)?;
    // cargo-mutants gives each test a group of its own. Interrupted it ends them and removes its copy; killed it would do neither.
    let mut command = Command::new("timeout");
    command.args(["--signal", "INT", "--kill-after"]).args([GRACE, limit].map(|time| time.as_secs().to_string()));
    // In the background of whatever else this machine does.
    command.args(["nice", "-n", "10"]).arg(inner.get_program()).args(inner.get_args()).current_dir(top);
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.args(["--profile", "mutants", "--jobs", "1", "--output"]).arg(out);
    // Tests stand in the crates themselves; there is no other program to link for each mutant.
    command.args(["--", "--lib"]);
    command.env("CARGO_NET_OFFLINE", "true").env("INSTA_UPDATE", "no").env("INSTA_FORCE_PASS", "0");
    let stdio = StdioPlan { stdin: Stdio::null(), stdout: Stdio::inherit(), stderr: Stdio::inherit() };
    let status = Group::spawn(&command, stdio)?.wait()?;
    match status.code() {
        // None missed, some missed, some that did not end: which of these is all right is judged by the list.
        Some(0 | 2 | 3) => Ok(true),
        Some(TIMED_OUT) => Ok(false),
        Some(4) => bail!("the crates' own tests fail before anything is broken: run `cargo xtask test unit`"),
        _ => bail!("cargo-mutants ended with {status}"),
    }
}

/// What cargo-mutants wrote of each mutant.
fn read_outcomes(text: &str) -> Result<Vec<Tried>> {
    #[derive(Deserialize)]
    struct Outcomes {
        outcomes: Vec<Outcome>,
    }
    #[derive(Deserialize)]
    struct Outcome {
        scenario: Scenario,
        summary: String,
    }
    #[derive(Deserialize)]
    enum Scenario {
        Baseline,
        Mutant { name: String },
    }
    let read: Outcomes = serde_json::from_str(text).context("the outcomes of cargo-mutants")?;
    let mut tried = Vec::new();
    for outcome in read.outcomes {
        let Scenario::Mutant { name } = outcome.scenario else { continue };
        let fate = match outcome.summary.as_str() {
            "CaughtMutant" => Fate::Caught,
            "Timeout" => Fate::Late,
            "MissedMutant" => Fate::Missed,
            "Unviable" => Fate::Unviable,
            other => bail!("cargo-mutants says `{other}` of {name}"),
        };
        tried.push(Tried { name: without_place(&name)?, fate });
    }
    Ok(tried)
}

/// `crates/a/src/b.rs:12:5: replace …` without line and column.
fn without_place(name: &str) -> Result<String> {
    let (place, what) = name.split_once(": ").with_context(|| format!("a mutant without a place: {name}"))?;
    let file = place.split(':').next().unwrap_or(place);
    Ok(format!("{file}: {what}"))
}

fn summary(tried: &[Tried]) -> String {
    let of = |fate| tried.iter().filter(|one| one.fate == fate).count();
    format!(
        "{} tried: {} caught, {} did not end, {} missed, {} do not compile",
        tried.len(),
        of(Fate::Caught),
        of(Fate::Late),
        of(Fate::Missed),
        of(Fate::Unviable)
    )
}

/// Compares with the list. Where all were tried, an entry that a test notices by now is wrong too: it would let another
/// mutant of that name through.
fn judge(tried: &[Tried], listed: &[Listed], all: bool) -> Judged {
    let mut left: Vec<&str> = listed.iter().map(|entry| entry.mutant.as_str()).collect();
    let mut judged = Judged::default();
    for one in tried {
        match one.fate {
            Fate::Caught | Fate::Late => judged.held += 1,
            Fate::Unviable => {}
            Fate::Missed => match left.iter().position(|entry| *entry == one.name) {
                Some(place) => {
                    left.swap_remove(place);
                    judged.held += 1;
                }
                None => judged.wrong.push(format!("no test notices: {}", one.name)),
            },
        }
    }
    if all {
        judged.wrong.extend(left.iter().map(|entry| format!("{LIST} lists what is not missed any more: {entry}")));
    }
    judged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(name: &str, fate: Fate) -> Tried {
        Tried { name: name.to_owned(), fate }
    }

    fn listed(mutant: &str) -> Listed {
        Listed { mutant: mutant.to_owned(), reason: "r".to_owned() }
    }

    #[test]
    fn what_is_missed_must_be_listed_and_what_is_listed_missed() {
        let (a, b) = ("f.rs: replace a", "f.rs: replace b");
        let missed = |name| format!("no test notices: {name}");
        let idle = |name| format!("{LIST} lists what is not missed any more: {name}");
        for (fates, list, all, held, wrong) in [
            ([(a, Fate::Caught), (b, Fate::Late)].as_slice(), [].as_slice(), true, 2, Vec::new()),
            (&[(a, Fate::Unviable), (b, Fate::Missed)], &[], false, 0, vec![missed(b)]),
            (&[(a, Fate::Missed), (b, Fate::Missed)], &[a], true, 1, vec![missed(b)]),
            (&[(a, Fate::Missed), (a, Fate::Missed)], &[a], true, 1, vec![missed(a)]),
            (&[(a, Fate::Missed), (a, Fate::Missed)], &[a, a], true, 2, Vec::new()),
            (&[(a, Fate::Caught)], &[a], true, 1, vec![idle(a)]),
            (&[(b, Fate::Caught)], &[a], false, 1, Vec::new()),
        ] {
            let fates: Vec<Tried> = fates.iter().map(|(name, fate)| tried(name, *fate)).collect();
            let list: Vec<Listed> = list.iter().map(|name| listed(name)).collect();
            assert_eq!(judge(&fates, &list, all), Judged { held, wrong }, "{fates:?} {list:?}");
        }
    }

    #[test]
    fn outcomes_are_read_as_they_are_written() {
        let mutant = |name: &str, summary: &str| {
            format!(r#"{{"scenario":{{"Mutant":{{"name":"{name}","file":"f.rs"}}}},"summary":"{summary}"}}"#)
        };
        let text = |rows: &[String]| format!(r#"{{"outcomes":[{}],"missed":1}}"#, rows.join(","));
        let rows = [
            r#"{"scenario":"Baseline","summary":"Success"}"#.to_owned(),
            mutant("f.rs:3:4: replace < with <= in C::f", "MissedMutant"),
            mutant("f.rs:5:1: replace g with ()", "Timeout"),
        ];
        let expected =
            [tried("f.rs: replace < with <= in C::f", Fate::Missed), tried("f.rs: replace g with ()", Fate::Late)];
        assert_eq!(read_outcomes(&text(&rows)).unwrap(), expected);
        assert!(read_outcomes(&text(&[mutant("f.rs:1:1: x", "Exploded")])).is_err(), "a fate that is not known");
        assert_eq!(summary(&expected), "2 tried: 0 caught, 1 did not end, 1 missed, 0 do not compile");
    }

    #[test]
    fn the_list_has_a_cap_and_each_entry_a_reason() {
        let text = |count: usize, reason: &str| {
            let entry = format!(r#"{{"mutant":"m","reason":"{reason}"}}"#);
            format!("[{}]", vec![entry; count].join(","))
        };
        assert_eq!(read_list(&text(LIST_CAP, "r")).unwrap().len(), LIST_CAP);
        for bad in [text(LIST_CAP + 1, "r"), text(1, " "), r#"[{"mutant":"m"}]"#.to_owned()] {
            assert!(read_list(&bad).is_err(), "{bad}");
        }
        read_list(&fs::read_to_string(workspace_top().join(LIST)).unwrap()).unwrap();
    }

    /// A folder with a history of its own.
    #[test]
    fn what_changed_is_told_from_where_the_work_left_the_trunk_or_from_the_commit_before() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path();
        let run = |words: &[&str]| {
            let who = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"];
            git(top, &[who.as_slice(), words].concat()).unwrap().trim().to_owned()
        };
        let commit = |name: &str| {
            run(&["commit", "--quiet", "--allow-empty", "-m", name]);
            run(&["rev-parse", "HEAD"])
        };
        run(&["init", "--quiet", "--initial-branch", "main"]);
        let first = commit("one");
        assert_eq!(base(top).unwrap(), None, "the first commit has none before it");
        let second = commit("two");
        assert_eq!(base(top).unwrap(), Some(first), "on the trunk the commit before");
        run(&["checkout", "--quiet", "-b", "work"]);
        commit("three");
        commit("four");
        assert_eq!(base(top).unwrap(), Some(second), "on a branch where it left the trunk");
    }
}
