//! Chains as rows for people and tables: a call's grant and end as one row, and what happened to the server and its files.
//! Nothing here verifies, and all that was read is a claim: texts leave with every character visible and with a cap.

use crate::folder::{chains, name_of, read_line};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Characters of one text in a row; more are counted and left out.
pub const TEXT_CAP: usize = 200;
/// Effects and resources that one row names; more are counted and left out.
pub const LIST_CAP: usize = 16;
/// Calls of one chain that may be open at once; above, the oldest is given out as unfinished.
pub const OPEN_CALLS_CAP: usize = 1024;

/// Every result that a call's row can have.
pub const RESULTS: [&str; 9] =
    ["answered", "confirmed", "unverified", "no_effect", "failed", "unknown", "denied", "unfinished", "granted"];

/// A text of a record as it is shown: one line, every character visible, capped.
pub fn visible(text: &str) -> String {
    portcullis_model::visible(text, TEXT_CAP)
}

/// One row: a call, or something that happened to the server or its files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The chain's file.
    pub file: String,
    /// The line at which it began.
    pub line: u64,
    /// When, as the record says.
    pub time: String,
    /// `call`, or the event's own name; `unreadable` for what is no record.
    pub event: String,
    /// Which call.
    pub call: String,
    /// Who called.
    pub principal: String,
    /// The tool.
    pub tool: String,
    /// The name of another system by which it was asked for; empty when it was asked for by its own.
    pub asked_as: String,
    /// One of [`RESULTS`]; empty when the row is no call.
    pub result: String,
    /// The code of a refusal or a failure.
    pub code: String,
    /// The rule that decided.
    pub rule: String,
    /// What it might bring about.
    pub effects: Vec<String>,
    /// What it might touch.
    pub resources: Vec<String>,
    /// What could be done about it afterwards.
    pub reversibility: String,
    /// Microseconds from grant to end.
    pub micros: Option<u64>,
    /// The keyed digest of the arguments.
    pub arguments: String,
    /// What else there is to say of what is no call.
    pub detail: String,
}

impl Row {
    /// When, as a time; the beginning of time when the record does not say it.
    pub(crate) fn when(&self) -> OffsetDateTime {
        OffsetDateTime::parse(&self.time, &Rfc3339).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// Date and time to the millisecond, in UTC; empty when the record does not say it.
    pub(crate) fn clock(&self) -> String {
        if self.time.is_empty() {
            return String::new();
        }
        let when = self.when();
        let (hour, minute, second) = (when.hour(), when.minute(), when.second());
        format!("{} {hour:02}:{minute:02}:{second:02}.{:03}", when.date(), when.millisecond())
    }

    /// What it might bring about and what it might touch, in words.
    pub(crate) fn subject(&self) -> String {
        match (self.effects.is_empty(), self.resources.is_empty()) {
            (true, _) => String::new(),
            (false, true) => self.effects.join(", "),
            (false, false) => format!("{} on {}", self.effects.join(", "), self.resources.join("; ")),
        }
    }

    /// The row as one line of text.
    pub fn text(&self) -> String {
        let mut parts = vec![self.clock()];
        if self.event == "call" {
            parts.extend([self.call.clone(), self.principal.clone(), self.tool.clone()]);
            if !self.asked_as.is_empty() {
                parts.push(format!("asked for as {}", self.asked_as));
            }
            let code = if self.code.is_empty() { String::new() } else { format!(" ({})", self.code) };
            parts.push(format!("{}{code}", self.result));
            parts.extend(self.micros.map(took));
            parts.push(self.subject());
            if !self.rule.is_empty() {
                parts.push(format!("[{}]", self.rule));
            }
        } else {
            parts.extend([self.event.replace('_', " "), self.detail.clone(), format!("({}:{})", self.file, self.line)]);
        }
        parts.retain(|part| !part.is_empty());
        parts.join("  ")
    }
}

/// A duration in the unit that fits.
pub(crate) fn took(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        _ => format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000),
    }
}

/// A line as it was written; what it lacks is empty.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Line {
    n: u64,
    time: String,
    event: String,
    call: String,
    principal: String,
    tool: String,
    asked_as: String,
    arguments: String,
    code: Option<String>,
    rule: Option<String>,
    effects: Vec<String>,
    resources: Vec<Value>,
    reversibility: String,
    result: String,
    micros: Option<u64>,
    version: String,
    process: Option<u64>,
    transport: String,
    calls: Option<u64>,
    from: String,
    problem: String,
    by: String,
    before: String,
    policy: String,
    why: String,
    widens: Vec<String>,
}

impl Line {
    fn row(self, file: &str) -> Row {
        let call = matches!(self.event.as_str(), "call_granted" | "call_denied" | "call_finished");
        let detail = match self.event.as_str() {
            "server_started" => {
                let process = self.process.unwrap_or_default();
                format!("version {}, {}, process {process}", self.version, self.transport)
            }
            "server_stopped" => format!("{} calls", self.calls.unwrap_or_default()),
            "chain_continued" => format!("from {}", self.from),
            "chain_stays" => self.problem,
            "work_stopped" => format!("by {}", self.by.replace('_', " ")),
            "policy_replaced" => format!("{} after {}", self.policy, self.before),
            "policy_kept" => {
                let widens = capped(self.widens.iter().map(|what| visible(what)));
                let why = self.why.replace('_', " ");
                if widens.is_empty() { why } else { format!("{why}: {}", widens.join("; ")) }
            }
            _ => String::new(),
        };
        let result = match self.event.as_str() {
            "call_denied" => "denied".to_owned(),
            "call_granted" => "granted".to_owned(),
            _ => self.result,
        };
        Row {
            file: file.to_owned(),
            line: self.n,
            time: visible(&self.time),
            event: if call { "call".to_owned() } else { visible(&self.event) },
            call: visible(&self.call),
            principal: visible(&self.principal),
            tool: visible(&self.tool),
            asked_as: visible(&self.asked_as),
            result: visible(&result),
            code: visible(&self.code.unwrap_or_default()),
            rule: visible(&self.rule.unwrap_or_default()),
            effects: capped(self.effects.iter().map(|effect| visible(effect))),
            resources: capped(self.resources.iter().map(|resource| visible(&words(resource)))),
            reversibility: visible(&self.reversibility),
            micros: self.micros,
            arguments: visible(&self.arguments),
            detail: visible(&detail),
        }
    }
}

fn capped(texts: impl ExactSizeIterator<Item = String>) -> Vec<String> {
    let more = texts.len().saturating_sub(LIST_CAP);
    let mut kept: Vec<String> = texts.take(LIST_CAP).collect();
    if more > 0 {
        kept.push(format!("… (+{more})"));
    }
    kept
}

/// A resource in a few words: its kind, and the program, name or path that it is about.
fn words(resource: &Value) -> String {
    let text = |name: &str| resource.get(name).and_then(Value::as_str);
    let kind = text("kind").unwrap_or("resource").replace('_', " ");
    match text("program").or_else(|| text("name")).or_else(|| text("path")) {
        Some(which) => format!("{kind} {which}"),
        None => kind,
    }
}

/// The lines of one chain on their way to rows.
pub(crate) struct Joiner {
    file: String,
    lines: u64,
    /// Of the last record, which stands for that of what is none.
    time: String,
    open: BTreeMap<String, Row>,
    /// Whether a grant is given out at once, and not only with its end.
    at_once: bool,
}

impl Joiner {
    pub(crate) fn new(file: &str, at_once: bool) -> Self {
        Self { file: visible(file), lines: 0, time: String::new(), open: BTreeMap::new(), at_once }
    }

    /// Takes the next line, without its end, and gives out what is complete by it.
    pub(crate) fn push(&mut self, line: &[u8], mut give: impl FnMut(Row)) {
        self.lines += 1;
        let Ok(line) = serde_json::from_slice::<Line>(line) else {
            let detail = visible(&String::from_utf8_lossy(line));
            let event = "unreadable".to_owned();
            let (file, time) = (self.file.clone(), self.time.clone());
            return give(Row { file, line: self.lines, time, event, detail, ..Row::default() });
        };
        let finished = line.event == "call_finished";
        let row = line.row(&self.file);
        self.time.clone_from(&row.time);
        if finished {
            // Without its grant, which may lie before what is read, its own words are all there is.
            let granted = self.open.remove(&row.call);
            return give(match granted {
                Some(granted) => Row { result: row.result, code: row.code, micros: row.micros, ..granted },
                None => row,
            });
        }
        if row.result != "granted" {
            return give(row);
        }
        if self.at_once {
            give(row.clone());
        }
        if self.open.len() >= OPEN_CALLS_CAP {
            let oldest = self.open.iter().min_by_key(|(_, row)| row.line).map(|(call, _)| call.clone());
            if let Some(row) = oldest.and_then(|call| self.open.remove(&call)) {
                self.give_unfinished(row, &mut give);
            }
        }
        self.open.insert(row.call.clone(), row);
    }

    fn give_unfinished(&self, row: Row, give: &mut impl FnMut(Row)) {
        if !self.at_once {
            give(Row { result: "unfinished".to_owned(), ..row });
        }
    }

    /// Gives out the calls that have no end.
    pub(crate) fn end(mut self, mut give: impl FnMut(Row)) {
        let mut open: Vec<Row> = std::mem::take(&mut self.open).into_values().collect();
        open.sort_by_key(|row| row.line);
        for row in open {
            self.give_unfinished(row, &mut give);
        }
    }
}

/// Every line of a chain without its end. What is longer than a line may be comes in pieces, which are no lines.
pub(crate) fn each_line(path: &Path, mut take: impl FnMut(&[u8]) -> std::io::Result<()>) -> std::io::Result<()> {
    let mut reader = BufReader::new(File::open(path)?);
    let mut line = Vec::new();
    while read_line(&mut reader, &mut line)? {
        take(line.strip_suffix(b"\n").unwrap_or(&line))?;
    }
    Ok(())
}

/// Every row of one chain.
pub(crate) fn each_row(path: &Path, mut give: impl FnMut(Row)) -> std::io::Result<()> {
    let mut joiner = Joiner::new(&name_of(path), false);
    each_line(path, |line| {
        joiner.push(line, &mut give);
        Ok(())
    })?;
    joiner.end(give);
    Ok(())
}

/// The event of a row that tells what must not happen to a file that is only ever appended to.
pub(crate) const DAMAGED: &str = "damaged";

/// Which rows are wanted. What is not said does not matter; a filter leaves out what is no call, except damage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowFilter {
    /// The tool, in any case.
    pub tool: Option<String>,
    /// Who called.
    pub principal: Option<String>,
    /// One of [`RESULTS`].
    pub result: Option<String>,
}

impl RowFilter {
    /// Whether the row is wanted.
    pub fn takes(&self, row: &Row) -> bool {
        let tool = self.tool.as_ref().is_none_or(|tool| row.tool.eq_ignore_ascii_case(tool));
        let principal = self.principal.as_ref().is_none_or(|principal| row.principal == *principal);
        let result = self.result.as_ref().is_none_or(|result| row.result == *result);
        let kind = row.event == "call" || *self == Self::default();
        (tool && principal && result && kind) || row.event == DAMAGED
    }
}

/// The newest rows of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rows {
    /// Oldest first.
    pub rows: Vec<Row>,
    /// How many there are of these, shown or not.
    pub matched: u64,
}

impl Rows {
    /// How many older ones are left out.
    pub fn cut(&self) -> u64 {
        self.matched.saturating_sub(u64::try_from(self.rows.len()).unwrap_or(u64::MAX))
    }
}

/// The newest `last` rows of all chains of a folder.
pub fn read_rows(folder: &Path, filter: &RowFilter, last: usize) -> std::io::Result<Rows> {
    let mut found = Rows { rows: Vec::new(), matched: 0 };
    for path in chains(folder)? {
        // No chain has more among the newest than are wanted of all.
        let mut newest = VecDeque::new();
        each_row(&path, |row| {
            if filter.takes(&row) {
                found.matched += 1;
                newest.push_back(row);
                if newest.len() > last {
                    newest.pop_front();
                }
            }
        })?;
        found.rows.extend(newest);
        found.rows.sort_by_cached_key(|row| (row.when(), row.file.clone(), row.line));
        found.rows.drain(..found.rows.len().saturating_sub(last));
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
