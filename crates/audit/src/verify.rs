//! Reading chains back and saying whether they are whole. A chain shows any change inside it; that its tail was cut can be
//! seen only from a later chain's first entry or from an anchor kept elsewhere, and the report says so.

use crate::anchor::{AnchorReport, read_anchor};
use crate::chain::{FORMAT_VERSION, Mac, hex, split, unhex};
use crate::folder::{EMPTY, chains, name_of, read_line};
use crate::key::AuditKey;
use portcullis_model::Cancel;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// What is wrong with a chain, at which line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Line number, from 1; 0 when the whole file is gone.
    pub line: u64,
    /// What is wrong.
    pub problem: String,
}

/// The chain that a file goes on from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Continued {
    /// The file's name.
    pub from: String,
    /// The code of its last line.
    pub head: String,
}

/// What a check of one file found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// The file's name.
    pub file: String,
    /// Lines that verified before the first finding.
    pub verified: u64,
    /// The last code that verified, in hexadecimal.
    pub head: String,
    /// The first thing that is wrong; what follows it cannot be judged.
    pub finding: Option<Finding>,
    /// Heads of earlier chains that this one's start record names.
    pub predecessors: BTreeMap<String, String>,
    /// The chain that this one goes on from, when a server changed files.
    pub continued: Option<Continued>,
    /// What cannot be known, without anything being wrong.
    pub notes: Vec<String>,
}

/// What a reading of a file must come across.
#[derive(Default)]
struct Wanted {
    /// Codes that another chain names.
    heads: BTreeSet<Mac>,
    /// The line that an anchor names last, and its code.
    anchored: Option<(u64, Mac)>,
}

/// Checks one chain.
pub fn verify_file(path: &Path, key: &AuditKey) -> std::io::Result<FileReport> {
    check_file(path, key, &mut Wanted::default(), &Cancel::new())
}

/// A file that is read until somebody wants no more of it.
struct Until<'cancel>(File, &'cancel Cancel);

impl Read for Until<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.1.check().map_err(|_| std::io::Error::other("the check was ended"))?;
        self.0.read(into)
    }
}

/// Checks one chain and takes out of `wanted` what it came across.
fn check_file(path: &Path, key: &AuditKey, wanted: &mut Wanted, until: &Cancel) -> std::io::Result<FileReport> {
    let mut reader = BufReader::new(Until(File::open(path)?, until));
    let mut report = FileReport {
        file: name_of(path),
        verified: 0,
        head: String::new(),
        finding: None,
        predecessors: BTreeMap::new(),
        continued: None,
        notes: Vec::new(),
    };
    let mut previous: Mac = [0; 32];
    let mut line = Vec::new();
    while read_line(&mut reader, &mut line)? {
        let number = report.verified + 1;
        let checked = check_line(&line, number, &previous, key).and_then(|(mac, body)| {
            if number == 1 {
                read_opening(&body, &mut report)?;
            }
            if wanted.anchored.is_some_and(|(n, head)| n == number && head != mac) {
                return Err("the anchor holds another code for the line: the chain was written anew".to_owned());
            }
            Ok(mac)
        });
        match checked {
            Ok(mac) => {
                previous = mac;
                report.verified = number;
                if !wanted.heads.is_empty() {
                    wanted.heads.remove(&mac);
                }
            }
            Err(problem) => {
                report.finding = Some(Finding { line: number, problem });
                break;
            }
        }
    }
    report.head = hex(&previous);
    if report.verified == 0 && report.finding.is_none() {
        report.finding = Some(Finding { line: 1, problem: "the file is empty".to_owned() });
    }
    if let (Some((n, _)), None) = (wanted.anchored, &report.finding)
        && n > report.verified
    {
        let problem =
            format!("the anchor holds line {n}, which is not there: the tail was cut, or an older copy was put back");
        report.finding = Some(Finding { line: report.verified + 1, problem });
    }
    Ok(report)
}

fn check_line(line: &[u8], number: u64, previous: &Mac, key: &AuditKey) -> Result<(Mac, Vec<u8>), String> {
    let line = line
        .strip_suffix(b"\n")
        .ok_or("the line has no end: the file was cut, or the server was killed while writing")?;
    let (body, carried) = split(line).ok_or("the line is not in the ledger's form")?;
    if key.chain(previous, &body) != carried {
        return Err(
            "the line's code does not fit: it, or what stood before it, was changed, taken out or moved".to_owned()
        );
    }
    let says: Says = serde_json::from_slice(&body).map_err(|error| format!("the line is not JSON: {error}"))?;
    if says.v != Some(FORMAT_VERSION) {
        return Err(format!("the line is of another format than {FORMAT_VERSION}"));
    }
    if says.n != Some(number) {
        return Err(format!("the line's number is not {number}"));
    }
    Ok((carried, body))
}

/// What every line says of itself; the rest is read over without being kept.
#[derive(Deserialize)]
struct Says {
    v: Option<u32>,
    n: Option<u64>,
}

/// What the first line of a chain says about files.
#[derive(Default, Deserialize)]
struct Opening {
    file: Option<String>,
    #[serde(default)]
    predecessors: Vec<String>,
    #[serde(flatten)]
    continued: Option<Continued>,
}

/// Takes over what a first line says. It verified, so the server wrote it.
fn read_opening(body: &[u8], report: &mut FileReport) -> Result<(), String> {
    let opening: Opening = serde_json::from_slice(body).map_err(|error| format!("the line is not JSON: {error}"))?;
    if let Some(file) = opening.file
        && file != report.file
    {
        return Err(format!("the chain was written as {file}: files were renamed or put in each other's place"));
    }
    for named in &opening.predecessors {
        let Some((file, head)) = named.split_once('=') else { continue };
        if unhex(head.as_bytes()).is_none() {
            let why = if head == EMPTY { "held no whole line" } else { "could not be read" };
            report.notes.push(format!("{file} {why} when this chain began, so this chain holds none of its lines"));
        }
        report.predecessors.insert(file.to_owned(), head.to_owned());
    }
    report.continued = opening.continued;
    Ok(())
}

/// What the first line of a file names, whether or not it will verify: what to look for while reading the others.
fn peek(path: &Path) -> Option<Opening> {
    let mut line = Vec::new();
    read_line(&mut BufReader::new(File::open(path).ok()?), &mut line).ok()?;
    let (body, _) = split(line.strip_suffix(b"\n")?)?;
    serde_json::from_slice(&body).ok()
}

/// Every file and code that an opening names, as far as it names codes.
fn named(predecessors: &BTreeMap<String, String>, continued: Option<&Continued>) -> Vec<(String, Option<Mac>)> {
    let code = |head: &String| unhex(head.as_bytes());
    let mut all: Vec<_> = predecessors.iter().map(|(file, head)| (file.clone(), code(head))).collect();
    all.extend(continued.map(|continued| (continued.from.clone(), code(&continued.head))));
    all
}

/// Checks every chain of a folder, and that each file which a first entry names is still there with at least the lines
/// that it had then; one that a server went on from must have exactly those.
pub fn verify_folder(folder: &Path, key: &AuditKey) -> std::io::Result<Vec<FileReport>> {
    Ok(verify_anchored(folder, key, None)?.files)
}

/// As [`verify_folder`], given up with an error when `until` is cancelled.
pub fn verify_folder_until(folder: &Path, key: &AuditKey, until: &Cancel) -> std::io::Result<Vec<FileReport>> {
    Ok(verify(folder, key, None, until)?.files)
}

/// What a check of a folder found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FolderReport {
    /// Each chain, and each that is gone.
    pub files: Vec<FileReport>,
    /// The anchor, when one was given.
    pub anchor: Option<AnchorReport>,
}

impl FolderReport {
    /// Whether nothing is wrong. Where no chain is, nothing can be vouched for: all may have been taken away.
    pub fn is_whole(&self) -> bool {
        let anchor = self.anchor.as_ref().is_none_or(|anchor| anchor.finding.is_none());
        anchor && !self.files.is_empty() && self.files.iter().all(|file| file.finding.is_none())
    }
}

/// As [`verify_folder`], and that each chain which the anchor names is there as far as it says.
pub fn verify_anchored(folder: &Path, key: &AuditKey, anchor: Option<&Path>) -> std::io::Result<FolderReport> {
    verify(folder, key, anchor, &Cancel::new())
}

fn verify(folder: &Path, key: &AuditKey, anchor: Option<&Path>, until: &Cancel) -> std::io::Result<FolderReport> {
    // Before the chains: a live server writes them first.
    let anchor = anchor.map(|path| read_anchor(path, key)).transpose()?;
    let paths = chains(folder)?;
    let mut wanted: BTreeMap<String, Wanted> = BTreeMap::new();
    if let Some((_, anchored)) = &anchor {
        for (file, furthest) in anchored {
            wanted.entry(file.clone()).or_default().anchored = Some(*furthest);
        }
    }
    for opening in paths.iter().filter_map(|path| peek(path)) {
        let predecessors = opening.predecessors.iter().filter_map(|text| text.split_once('='));
        let predecessors = predecessors.map(|(file, head)| (file.to_owned(), head.to_owned())).collect();
        for (file, head) in named(&predecessors, opening.continued.as_ref()) {
            wanted.entry(file).or_default().heads.extend(head);
        }
    }
    let mut reports = Vec::new();
    for path in &paths {
        let mut nothing = Wanted::default();
        let wanted = wanted.get_mut(&name_of(path)).unwrap_or(&mut nothing);
        reports.push(check_file(path, key, wanted, until)?);
    }
    let mut problems = Vec::new();
    if let Some((_, anchored)) = &anchor {
        let held: BTreeSet<String> = reports
            .iter()
            .flat_map(|report| named(&report.predecessors, report.continued.as_ref()))
            .filter_map(|(file, head)| head.map(|_| file))
            .collect();
        for report in reports.iter_mut().filter(|report| !anchored.contains_key(&report.file)) {
            if !held.contains(&report.file) {
                report
                    .notes
                    .push("neither the anchor nor a later chain names it: a cut tail would not be seen".to_owned());
            }
        }
        let gone = anchored.iter().filter(|(file, _)| reports.iter().all(|report| report.file != **file));
        problems
            .extend(gone.map(|(file, (n, _))| (file.clone(), format!("the anchor holds {n} lines of it: it is gone"))));
    }
    // Only what a verified line names counts.
    for report in &reports {
        for (file, head) in named(&report.predecessors, report.continued.as_ref()) {
            let by = &report.file;
            match reports.iter().find(|other| other.file == file) {
                None => problems.push((file, format!("{by} names the file and it is gone"))),
                Some(other) => {
                    let lost = wanted.get(&file).zip(head).is_some_and(|(wanted, head)| wanted.heads.contains(&head));
                    let goes_on = report.continued.as_ref().is_some_and(|continued| continued.from == file);
                    if lost {
                        problems.push((file, format!("a line that {by} names is no longer there: the tail was cut")));
                    } else if goes_on && head.is_some_and(|head| hex(&head) != other.head) {
                        problems.push((file, format!("lines follow the one from which {by} goes on")));
                    }
                }
            }
        }
    }
    for (file, problem) in problems {
        put(&mut reports, file, problem);
    }
    Ok(FolderReport { files: reports, anchor: anchor.map(|(report, _)| report) })
}

/// Notes a problem of a file, unless something that comes first is wrong with it already.
fn put(reports: &mut Vec<FileReport>, file: String, problem: String) {
    match reports.iter_mut().find(|report| report.file == file) {
        Some(report) => {
            if report.finding.is_none() {
                report.finding = Some(Finding { line: report.verified + 1, problem });
            }
        }
        None => reports.push(FileReport {
            file,
            verified: 0,
            head: String::new(),
            finding: Some(Finding { line: 0, problem }),
            predecessors: BTreeMap::new(),
            continued: None,
            notes: Vec::new(),
        }),
    }
}

#[cfg(test)]
mod tampering;
#[cfg(test)]
mod tests;
