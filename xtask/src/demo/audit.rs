//! The server's own record of the same calls, and whether its chain is whole. The client made its calls one after
//! another, so its n-th call is the record's n-th.

use anyhow::{Context, Result};
use portcullis_audit::{AuditKey, verify_folder};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What the server wrote down of one call.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) call: String,
    pub(super) principal: String,
    pub(super) tool: String,
    pub(super) effects: Vec<String>,
    pub(super) resources: Vec<String>,
    pub(super) reversibility: String,
    pub(super) rule: String,
    /// `confirmed`, `answered`, …, or `denied`.
    pub(super) result: String,
    pub(super) micros: Option<u64>,
}

/// All of them, and the verifier's word.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) calls: Vec<Record>,
    pub(super) whole: bool,
    pub(super) sentence: String,
}

impl Records {
    /// How many calls ended so.
    pub(super) fn count(&self, result: &str) -> usize {
        self.calls.iter().filter(|record| record.result == result).count()
    }

    /// The record of the client's call with that number, if it is of that tool.
    pub(super) fn of(&self, order: usize, tool: &str) -> Option<&Record> {
        self.calls.get(order.checked_sub(1)?).filter(|record| record.tool == tool || record.result == "denied")
    }
}

/// One word of the record, changed in a copy by somebody who has the files and not the key.
#[derive(Debug)]
pub(super) struct Tampering {
    pub(super) file: String,
    pub(super) line: u64,
    /// Where the verifier found the copy broken, and its words; `None` when it found nothing.
    pub(super) found: Option<(u64, String)>,
}

impl Tampering {
    /// Whether the verifier pointed at the very line.
    pub(super) fn is_found(&self) -> bool {
        self.found.as_ref().is_some_and(|(line, _)| *line == self.line)
    }

    pub(super) fn sentence(&self) -> String {
        let Self { file, line, found } = self;
        let change = format!("`{SAID}` made `{FORGED}` in line {line} of a copy of {file}");
        match found {
            Some((found, problem)) if found == line => format!("{change}: found there ({problem})"),
            Some((found, problem)) => format!("{change}: found in line {found} instead ({problem})"),
            None => format!("{change}: NOT found"),
        }
    }
}

/// What the tampering changes, and into what.
const SAID: &str = r#""result":"confirmed""#;
const FORGED: &str = r#""result":"unverified""#;

/// Copies the record to `copy`, changes one word in the middle of it, and lets the verifier look.
pub(super) fn tamper(data: &Path, copy: &Path) -> Result<Tampering> {
    fs::create_dir_all(copy)?;
    let mut changed = None;
    for report in verify_folder(&data.join("audit"), &key(data)?)? {
        let mut text = fs::read_to_string(data.join("audit").join(&report.file))?;
        let places: Vec<usize> = text.match_indices(SAID).map(|(at, _)| at).collect();
        if let Some(at) = places.get(places.len() / 2).copied().filter(|_| changed.is_none()) {
            let line = text.get(..at).unwrap_or_default().lines().count();
            text.replace_range(at..at + SAID.len(), FORGED);
            changed = Some((report.file.clone(), u64::try_from(line)?));
        }
        fs::write(copy.join(&report.file), text)?;
    }
    let (file, line) = changed.context("the record has no confirmed call to change")?;
    let reports = verify_folder(copy, &key(data)?)?;
    let finding = reports.into_iter().find_map(|report| report.finding);
    Ok(Tampering { file, line, found: finding.map(|finding| (finding.line, finding.problem.to_string())) })
}

fn key(data: &Path) -> Result<AuditKey> {
    AuditKey::read(&data.join("audit.key")).context("cannot read the audit's key")
}

/// Reads and verifies the audit of a server's data folder.
pub(super) fn read(data: &Path) -> Result<Records> {
    let folder = data.join("audit");
    let key = key(data)?;
    let reports = verify_folder(&folder, &key).context("cannot read the audit")?;
    let whole = !reports.is_empty() && reports.iter().all(|report| report.finding.is_none());
    let lines: u64 = reports.iter().map(|report| report.verified).sum();
    let sentence = match reports.iter().find_map(|report| report.finding.as_ref().map(|f| (report, f))) {
        Some((report, finding)) => format!("{} line {}: {}", report.file, finding.line, finding.problem),
        None => format!("{lines} lines, hash chain whole"),
    };
    let mut calls = Vec::new();
    for report in &reports {
        gather(&fs::read_to_string(folder.join(&report.file))?, &mut calls);
    }
    Ok(Records { calls, whole, sentence })
}

fn gather(text: &str, calls: &mut Vec<Record>) {
    let mut places = BTreeMap::new();
    for entry in text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let event = text("event");
        match event.as_str() {
            "call_granted" | "call_denied" => {
                let denied = event == "call_denied";
                places.insert(text("call"), calls.len());
                calls.push(Record {
                    call: text("call"),
                    principal: text("principal"),
                    tool: text("tool"),
                    effects: list(&entry, "effects").filter_map(|effect| effect.as_str().map(str::to_owned)).collect(),
                    resources: list(&entry, "resources").map(short).collect(),
                    reversibility: text("reversibility"),
                    rule: text("rule"),
                    result: if denied { "denied".to_owned() } else { "unfinished".to_owned() },
                    micros: None,
                });
            }
            "call_finished" => {
                if let Some(record) = places.get(&text("call")).and_then(|place| calls.get_mut(*place)) {
                    record.result = text("result");
                    record.micros = entry.get("micros").and_then(Value::as_u64);
                }
            }
            _ => {}
        }
    }
}

fn list<'entry>(entry: &'entry Value, name: &str) -> impl Iterator<Item = &'entry Value> {
    entry.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// A resource in a few words: its kind, and the program or name that it is about.
fn short(resource: &Value) -> String {
    let text = |name: &str| resource.get(name).and_then(Value::as_str);
    let kind = text("kind").unwrap_or("resource").replace('_', " ");
    match text("program").or_else(|| text("name")).or_else(|| text("path")) {
        Some(which) => format!("{kind} {which}"),
        None => kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tampering_is_found_only_in_its_own_line() {
        for (found, good, word) in [
            (Some((7, "broken".to_owned())), true, "found there (broken)"),
            (Some((8, "broken".to_owned())), false, "line 8 instead"),
            (None, false, "NOT found"),
        ] {
            let tampering = Tampering { file: "a.jsonl".to_owned(), line: 7, found };
            assert_eq!(tampering.is_found(), good);
            assert!(tampering.sentence().contains(word), "{}", tampering.sentence());
        }
    }

    #[test]
    fn grants_are_joined_with_their_ends_and_refusals_stand_alone() {
        let text = concat!(
            r#"{"event":"server_started"}"#,
            "\n",
            r#"{"event":"call_denied","call":"c-1","principal":"http:default","tool":"SetClipboard","rule":"tools"}"#,
            "\n",
            r#"{"event":"call_granted","call":"c-2","tool":"Type","effects":["send_input"],"resources":[{"kind":"input_target","program":"notepad.exe"}]}"#,
            "\n",
            r#"{"event":"call_finished","call":"c-2","result":"confirmed","micros":1200}"#,
            "\n"
        );
        let mut calls = Vec::new();
        gather(text, &mut calls);
        let records = Records { calls, ..Records::default() };
        assert_eq!((records.count("denied"), records.count("confirmed")), (1, 1));
        let typed = records.of(2, "Type").unwrap();
        assert_eq!(typed.resources, ["input target notepad.exe"]);
        assert_eq!(typed.micros, Some(1200));
        assert!(records.of(3, "Type").is_none());
    }
}
