//! Reading a chain back and saying whether it is whole. A chain shows any change inside it; that its tail was cut can be
//! seen only from a successor's start record or from an anchor kept elsewhere, and the report says so.

use crate::chain::{FORMAT_VERSION, Mac, push_hex, split};
use crate::key::AuditKey;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes of one line at the most: a longer one was not written by the ledger.
const LINE_CAP: u64 = 1 << 20;

/// What is wrong with a chain, at which line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Line number, from 1.
    pub line: u64,
    /// What is wrong.
    pub problem: String,
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
}

fn hex(mac: &Mac) -> String {
    let mut text = String::with_capacity(64);
    push_hex(&mut text, mac);
    text
}

/// Checks one chain.
pub fn verify_file(path: &Path, key: &AuditKey) -> std::io::Result<FileReport> {
    let mut reader = BufReader::new(File::open(path)?);
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut report =
        FileReport { file, verified: 0, head: hex(&[0; 32]), finding: None, predecessors: BTreeMap::new() };
    let mut previous: Mac = [0; 32];
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.by_ref().take(LINE_CAP).read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        match check_line(&line, report.verified + 1, &previous, key) {
            Ok((mac, body)) => {
                previous = mac;
                report.verified += 1;
                if report.verified == 1 {
                    report.predecessors = predecessors(&body);
                }
            }
            Err(problem) => {
                report.finding = Some(Finding { line: report.verified + 1, problem });
                break;
            }
        }
    }
    report.head = hex(&previous);
    if report.verified == 0 && report.finding.is_none() {
        report.finding = Some(Finding { line: 1, problem: "the file is empty".to_owned() });
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

fn predecessors(start: &[u8]) -> BTreeMap<String, String> {
    // It was read once already, so it is JSON.
    let start: serde_json::Value = serde_json::from_slice(start).unwrap_or_default();
    let named = start.get("predecessors").and_then(serde_json::Value::as_array);
    named
        .into_iter()
        .flatten()
        .filter_map(|text| text.as_str()?.split_once('='))
        .map(|(file, head)| (file.to_owned(), head.to_owned()))
        .collect()
}

/// Checks every chain of a folder, and that each file which a start record names is still there with at least the lines
/// that it had then.
pub fn verify_folder(folder: &Path, key: &AuditKey) -> std::io::Result<Vec<FileReport>> {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder)?.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    paths.sort();
    let mut reports = Vec::new();
    for path in &paths {
        reports.push(verify_file(path, key)?);
    }
    let named: Vec<(String, String)> = reports.iter().flat_map(|report| report.predecessors.clone()).collect();
    for (file, head) in named {
        let problem = match reports.iter().position(|report| report.file == file) {
            None => Some(format!("{file} is named by a later chain and is gone")),
            Some(at) => {
                let held = paths.get(at).is_some_and(|path| holds_mac(path, &head));
                (!held).then(|| format!("{file} no longer holds the line that a later chain names: its tail was cut"))
            }
        };
        if let Some(problem) = problem {
            match reports.iter_mut().find(|report| report.file == file) {
                Some(report) if report.finding.is_none() => {
                    report.finding = Some(Finding { line: report.verified + 1, problem });
                }
                Some(_) => {}
                None => reports.push(FileReport {
                    file,
                    verified: 0,
                    head: String::new(),
                    finding: Some(Finding { line: 0, problem }),
                    predecessors: BTreeMap::new(),
                }),
            }
        }
    }
    Ok(reports)
}

fn holds_mac(path: &Path, head: &str) -> bool {
    let ending = format!("\"mac\":\"{head}\"}}");
    File::open(path)
        .map(|file| BufReader::new(file).lines().map_while(Result::ok).any(|line| line.ends_with(&ending)))
        .unwrap_or(false)
}

/// The code at the end of a chain, read from its last bytes alone.
pub(crate) fn last_mac(path: &Path) -> Option<String> {
    const TAIL: u64 = 80;
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL))).ok()?;
    let mut tail = String::new();
    file.take(TAIL).read_to_string(&mut tail).ok()?;
    let (_, mac) = tail.trim_end().strip_suffix("\"}")?.rsplit_once("\"mac\":\"")?;
    Some(mac.to_owned())
}

#[cfg(test)]
mod tests;
