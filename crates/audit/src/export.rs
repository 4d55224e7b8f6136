//! Chains as files for other programs: JSON lines, each with its chain's name, or a table. What is exported is not
//! verified by that, and the codes of exported lines cannot be checked without the chains.

use crate::folder::{chains, name_of};
use crate::rows::{Row, each_line, each_row, visible};
use serde::de::IgnoredAny;
use std::io::Write;
use std::path::Path;

/// The table's columns.
const COLUMNS: [&str; 17] = [
    "file",
    "line",
    "time",
    "event",
    "call",
    "principal",
    "tool",
    "asked_as",
    "result",
    "code",
    "rule",
    "effects",
    "resources",
    "reversibility",
    "micros",
    "arguments",
    "detail",
];

/// Writes every line of a folder, chain after chain, with the field `chain` before its own. What is no record stands as
/// `unreadable`. Returns how many lines were written.
pub fn export_jsonl(folder: &Path, out: &mut (impl Write + ?Sized)) -> std::io::Result<u64> {
    let mut written = 0;
    for path in chains(folder)? {
        let chain = serde_json::to_string(&name_of(&path))?;
        let mut number = 0u64;
        each_line(&path, |line| {
            number += 1;
            written += 1;
            let rest = line.strip_prefix(b"{\"").filter(|_| serde_json::from_slice::<IgnoredAny>(line).is_ok());
            match rest {
                Some(rest) => {
                    write!(out, "{{\"chain\":{chain},\"")?;
                    out.write_all(rest)?;
                    out.write_all(b"\n")
                }
                None => {
                    let text = serde_json::to_string(&visible(&String::from_utf8_lossy(line)))?;
                    writeln!(out, "{{\"chain\":{chain},\"n\":{number},\"unreadable\":{text}}}")
                }
            }
        })?;
    }
    Ok(written)
}

/// Writes every row of a folder as comma-separated values, chain after chain, under a line of column names. Returns how
/// many rows were written.
pub fn export_csv(folder: &Path, out: &mut (impl Write + ?Sized)) -> std::io::Result<u64> {
    let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    table.write_record(COLUMNS)?;
    let mut written = 0;
    for path in chains(folder)? {
        let mut wrote = Ok(());
        each_row(&path, |row| {
            if wrote.is_ok() {
                written += 1;
                wrote = table.write_record(cells(&row).map(|cell| defused(&cell)));
            }
        })?;
        wrote?;
    }
    table.flush()?;
    Ok(written)
}

fn cells(row: &Row) -> [String; COLUMNS.len()] {
    [
        row.file.clone(),
        row.line.to_string(),
        row.time.clone(),
        row.event.clone(),
        row.call.clone(),
        row.principal.clone(),
        row.tool.clone(),
        row.asked_as.clone(),
        row.result.clone(),
        row.code.clone(),
        row.rule.clone(),
        row.effects.join("; "),
        row.resources.join("; "),
        row.reversibility.clone(),
        row.micros.map(|micros| micros.to_string()).unwrap_or_default(),
        row.arguments.clone(),
        row.detail.clone(),
    ]
}

/// A cell that no spreadsheet takes for a formula: one that begins as a formula does gets an apostrophe before it.
fn defused(cell: &str) -> String {
    let first = cell.trim_start().chars().next();
    if matches!(first, Some('=' | '+' | '-' | '@')) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exported(text: &str, export: impl Fn(&Path, &mut Vec<u8>) -> std::io::Result<u64>) -> (u64, String) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("audit-1-1.jsonl"), text).unwrap();
        let mut out = Vec::new();
        let count = export(folder.path(), &mut out).unwrap();
        (count, String::from_utf8(out).unwrap())
    }

    const LINES: &str = concat!(
        r#"{"v":1,"n":1,"time":"2026-01-02T03:04:05Z","event":"call_denied","call":"c-1","tool":"=1+1","rule":"a \"b\", c"}"#,
        "\n",
        "no \u{1b} record\n",
        r#"{"v":1,"n":3,"event":"call_denied","principal":" @SUM(A1)","code":"-1","rule":"+2"}"#,
        "\n",
    );

    #[test]
    fn json_lines_stay_as_they_are_with_their_chains_name() {
        let (count, text) = exported(LINES, export_jsonl);
        assert_eq!(count, 3);
        insta::assert_snapshot!(text);
    }

    #[test]
    fn cells_that_would_be_formulas_are_defused() {
        let (count, text) = exported(LINES, export_csv);
        assert_eq!(count, 3);
        insta::assert_snapshot!(text.replace("\r\n", "\n"));
        for (cell, expected) in
            [("=1", "'=1"), ("+1", "'+1"), ("-1", "'-1"), ("@x", "'@x"), ("\t=1", "'\t=1"), ("a=1", "a=1")]
        {
            assert_eq!(defused(cell), expected);
        }
    }
}
