//! New rows as they are written, over all chains of a folder. It polls: who calls decides when, and each poll has a cap.

use crate::chain::LINE_CAP;
use crate::folder::{chains, name_of};
use crate::rows::{DAMAGED, Joiner, Row};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Bytes of one chain that a poll reads at the most; the next poll reads on.
pub const POLL_CAP: u64 = LINE_CAP;

/// Where reading of a chain has come to.
struct Place {
    joiner: Joiner,
    read: u64,
    /// What was read of a line whose end is not there yet.
    partial: Vec<u8>,
    /// Whether what comes up to the next end of line is the rest of a line whose beginning was not read.
    in_line: bool,
}

/// Follows the chains of a folder from now on.
pub struct Follower {
    folder: PathBuf,
    places: BTreeMap<PathBuf, Place>,
}

impl Follower {
    /// Begins at the end of what is there.
    pub fn new(folder: &Path) -> std::io::Result<Self> {
        let mut places = BTreeMap::new();
        for path in chains(folder)? {
            let mut file = File::open(&path)?;
            let read = file.metadata()?.len();
            let mut last = [b'\n'];
            if let Some(before) = read.checked_sub(1) {
                file.seek(SeekFrom::Start(before))?;
                file.read_exact(&mut last)?;
            }
            let place = Place { read, in_line: last != *b"\n", ..Place::new(&path) };
            places.insert(path, place);
        }
        Ok(Self { folder: folder.to_owned(), places })
    }

    /// What was written since the last poll. A grant is given out at once and again with its end.
    pub fn poll(&mut self) -> std::io::Result<Vec<Row>> {
        let mut rows = Vec::new();
        let paths = chains(&self.folder)?;
        self.places.retain(|path, _| {
            let there = paths.contains(path);
            if !there {
                rows.push(alarm(path, "the file is gone"));
            }
            there
        });
        for path in paths {
            let place = self.places.entry(path.clone()).or_insert_with(|| Place::new(&path));
            place.poll(&path, &mut rows)?;
        }
        Ok(rows)
    }
}

impl Place {
    fn new(path: &Path) -> Self {
        Self { joiner: Joiner::new(&name_of(path), true), read: 0, partial: Vec::new(), in_line: false }
    }

    fn poll(&mut self, path: &Path, rows: &mut Vec<Row>) -> std::io::Result<()> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        if length < self.read {
            rows.push(alarm(path, "the file has become shorter"));
            *self = Self { read: length, ..Self::new(path) };
            return Ok(());
        }
        file.seek(SeekFrom::Start(self.read))?;
        let read = file.take(POLL_CAP).read_to_end(&mut self.partial)?;
        self.read += u64::try_from(read).unwrap_or_default();
        let whole = self.partial.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let rest = self.partial.split_off(whole);
        for line in std::mem::replace(&mut self.partial, rest).split_inclusive(|byte| *byte == b'\n') {
            if !std::mem::take(&mut self.in_line) {
                self.joiner.push(line.strip_suffix(b"\n").unwrap_or(line), |row| rows.push(row));
            }
        }
        // No line is longer than a poll; what has no end by then is none.
        if u64::try_from(self.partial.len()).unwrap_or(u64::MAX) > POLL_CAP {
            rows.push(alarm(path, "a line has no end"));
            self.partial.clear();
            self.in_line = true;
        }
        Ok(())
    }
}

fn alarm(path: &Path, detail: &str) -> Row {
    let file = crate::rows::visible(&name_of(path));
    Row { file, event: DAMAGED.to_owned(), detail: detail.to_owned(), ..Row::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::OpenOptions;
    use std::io::Write;

    #[test]
    fn only_what_is_new_comes_whole_and_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit-1-1.jsonl");
        let write = |text: &str| {
            let mut file = OpenOptions::new().append(true).create(true).open(&path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        let texts = |follower: &mut Follower| -> Vec<String> {
            follower.poll().unwrap().iter().map(|row| format!("{} {} {}", row.call, row.tool, row.result)).collect()
        };
        write("{\"event\":\"call_denied\",\"call\":\"c-1\"}\n{\"event\":\"call_den");
        let mut follower = Follower::new(folder.path()).unwrap();
        assert!(texts(&mut follower).is_empty());
        write("ied\",\"call\":\"c-2\"}\n{\"event\":\"call_granted\",\"call\":\"c-3\",\"tool\":\"Click\"}\n{\"eve");
        assert_eq!(texts(&mut follower), ["c-3 Click granted"]);
        write("nt\":\"call_finished\",\"call\":\"c-3\",\"result\":\"confirmed\"}\n");
        assert_eq!(texts(&mut follower), ["c-3 Click confirmed"]);
        assert!(texts(&mut follower).is_empty());

        // A server that starts later is followed from its first line on.
        let other = folder.path().join("audit-2-2.jsonl");
        std::fs::write(&other, "{\"event\":\"call_denied\",\"call\":\"c-1\",\"tool\":\"Type\"}\n").unwrap();
        assert_eq!(texts(&mut follower), ["c-1 Type denied"]);

        std::fs::remove_file(&other).unwrap();
        std::fs::write(&path, "{\"event\":\"call_denied\",\"call\":\"c-9\"}\n").unwrap();
        let rows = follower.poll().unwrap();
        let files: Vec<&str> = rows.iter().map(|row| row.file.as_str()).collect();
        assert_eq!(files, ["audit-2-2.jsonl", "audit-1-1.jsonl"]);
        let filter = crate::RowFilter { tool: Some("Type".to_owned()), ..Default::default() };
        assert!(rows.iter().all(|row| filter.takes(row)), "damage passes every filter");
        let alarms: Vec<String> = rows.into_iter().map(|row| row.detail).collect();
        assert_eq!(alarms, ["the file is gone", "the file has become shorter"]);
        write("{\"event\":\"call_denied\",\"call\":\"c-10\",\"tool\":\"Click\"}\n");
        assert_eq!(texts(&mut follower), ["c-10 Click denied"], "what stands in its place is not new");
    }

    #[test]
    fn a_poll_reads_up_to_its_cap_and_the_next_reads_on() {
        let folder = tempfile::tempdir().unwrap();
        let mut follower = Follower::new(folder.path()).unwrap();
        let line = "{\"event\":\"call_denied\"}\n";
        let lines = usize::try_from(POLL_CAP).unwrap() / line.len() + 10;
        std::fs::write(folder.path().join("audit-1-1.jsonl"), line.repeat(lines)).unwrap();
        let first = follower.poll().unwrap().len();
        assert!(first < lines, "{first}");
        assert_eq!(first + follower.poll().unwrap().len(), lines);

        let endless = "x".repeat(usize::try_from(POLL_CAP).unwrap() * 2);
        std::fs::write(folder.path().join("audit-2-2.jsonl"), endless).unwrap();
        let alarms: Vec<String> = (0..3).flat_map(|_| follower.poll().unwrap()).map(|row| row.detail).collect();
        assert_eq!(alarms, ["a line has no end"]);
    }
}
