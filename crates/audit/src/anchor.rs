//! The anchor: places elsewhere that are only ever appended to and say how far which chain had come. A chain alone cannot
//! show that its tail was cut; an anchor that the owner of the chain cannot rewrite does. Chains are not read here.

use crate::chain::{FORMAT_VERSION, Mac, hex, seal, split, unhex};
use crate::key::AuditKey;
use crate::rows::each_line;
use crate::verify::Finding;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Lines of a chain after which its head is anchored again.
pub const ANCHOR_LINES: u64 = 256;
/// Time after which a head that has moved is anchored again.
pub const ANCHOR_EVERY: Duration = Duration::from_secs(60);

/// Whether a head must be anchored: `moved` lines after the last time, which is so long ago.
pub(crate) fn is_due(moved: u64, ago: Duration) -> bool {
    moved >= ANCHOR_LINES || (moved > 0 && ago >= ANCHOR_EVERY)
}

/// One line of the anchor, without its code.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    v: u32,
    time: String,
    file: &'a str,
    n: u64,
    head: String,
}

/// A place where the anchor's lines go. What was taken must be kept by it: a power cut may not take it back.
pub trait AnchorPlace: Send {
    /// Appends one line, which ends with a line feed.
    fn append(&mut self, line: &str) -> std::io::Result<()>;
}

impl AnchorPlace for File {
    fn append(&mut self, line: &str) -> std::io::Result<()> {
        self.write_all(line.as_bytes())?;
        self.sync_data()
    }
}

/// An anchor that is written to, in each of its places. Servers may share a place: each line is written at once and stands
/// by itself.
#[derive(Default)]
pub struct Anchor(Vec<Box<dyn AnchorPlace>>);

impl Anchor {
    /// The anchor in this file, which must be open for appending.
    pub fn new(file: File) -> Self {
        Self::default().also(file)
    }

    /// The same lines in a further place.
    #[must_use]
    pub fn also(mut self, place: impl AnchorPlace + 'static) -> Self {
        self.0.push(Box::new(place));
        self
    }

    /// Whether it has no place at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Says that line `n` of a chain has this code, and waits for the disk.
    pub(crate) fn write(&mut self, key: &AuditKey, file: &str, n: u64, head: &Mac) -> std::io::Result<()> {
        let time = OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default();
        let body = serde_json::to_string(&Line { v: FORMAT_VERSION, time, file, n, head: hex(head) })?;
        let mac = key.anchor(body.as_bytes());
        let line = seal(body, &mac);
        self.0.iter_mut().try_for_each(|place| place.append(&line))
    }
}

/// What a check of an anchor found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AnchorReport {
    /// Lines that verified.
    pub verified: u64,
    /// The first line that is wrong, or line 0 when there is none at all.
    pub finding: Option<Finding>,
    /// How far each chain had come by the lines that verified: its file and the number of its last anchored line.
    pub chains: BTreeMap<String, u64>,
}

/// The furthest line of each chain that an anchor names, and its code. All before it is bound by that code.
pub(crate) type Anchored = BTreeMap<String, (u64, Mac)>;

/// Reads an anchor. A line that does not verify is a finding and is passed over; the others still count.
pub(crate) fn read_anchor(path: &Path, key: &AuditKey) -> std::io::Result<(AnchorReport, Anchored)> {
    let mut report = AnchorReport::default();
    let mut anchored = Anchored::new();
    let mut number = 0;
    each_line(path, |line| {
        number += 1;
        match check(line, key) {
            Some((file, n, head)) => {
                report.verified += 1;
                let furthest = anchored.entry(file).or_insert((n, head));
                if n > furthest.0 {
                    *furthest = (n, head);
                }
            }
            None => {
                let problem = "the line is not one that a server wrote with this key: it was changed, or cut";
                report.finding.get_or_insert(Finding { line: number, problem: problem.to_owned() });
            }
        }
        Ok(())
    })?;
    if number == 0 {
        report.finding = Some(Finding { line: 0, problem: "the anchor is empty".to_owned() });
    }
    report.chains = anchored.iter().map(|(file, (n, _))| (file.clone(), *n)).collect();
    Ok((report, anchored))
}

fn check(line: &[u8], key: &AuditKey) -> Option<(String, u64, Mac)> {
    let (body, carried) = split(line)?;
    if key.anchor(&body) != carried {
        return None;
    }
    let line: Line<'_> = serde_json::from_slice(&body).ok()?;
    let head = unhex(line.head.as_bytes())?;
    (line.v == FORMAT_VERSION).then(|| (line.file.to_owned(), line.n, head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_anchored_after_its_lines_or_its_time() {
        let second = Duration::from_secs(1);
        for (moved, ago, due) in [
            (0, ANCHOR_EVERY * 2, false),
            (1, ANCHOR_EVERY - second, false),
            (1, ANCHOR_EVERY, true),
            (ANCHOR_LINES - 1, second, false),
            (ANCHOR_LINES, second, true),
        ] {
            assert_eq!(is_due(moved, ago), due, "{moved} lines after {ago:?}");
        }
    }

    #[derive(Clone)]
    struct Lines(std::sync::Arc<std::sync::Mutex<String>>, bool);

    impl AnchorPlace for Lines {
        fn append(&mut self, line: &str) -> std::io::Result<()> {
            self.0.lock().unwrap().push_str(line);
            if self.1 { Err(std::io::Error::other("full")) } else { Ok(()) }
        }
    }

    #[test]
    fn each_place_gets_the_line_and_one_that_fails_is_a_failure() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("anchor");
        let key = AuditKey::new([7; 32]);
        let lines = Lines(std::sync::Arc::default(), false);
        let mut anchor = Anchor::new(File::create(&path).unwrap()).also(lines.clone());
        anchor.write(&key, "a", 1, &[1; 32]).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), *lines.0.lock().unwrap());
        assert!(Anchor::default().is_empty() && !anchor.is_empty());
        let full = Lines(std::sync::Arc::default(), true);
        assert!(anchor.also(full).write(&key, "a", 2, &[2; 32]).is_err());
        // What another place kept, copied to a file, is an anchor to verify with.
        std::fs::write(&path, lines.0.lock().unwrap().as_str()).unwrap();
        assert_eq!(read_anchor(&path, &key).unwrap().0.chains["a"], 2);
    }

    #[test]
    fn the_furthest_line_of_each_chain_counts_and_a_wrong_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("anchor");
        let key = AuditKey::new([7; 32]);
        let mut anchor = Anchor::new(File::options().append(true).create(true).open(&path).unwrap());
        assert!(read_anchor(&path, &key).unwrap().0.finding.unwrap().problem.contains("empty"));
        for (file, n, code) in [("a", 1, 1), ("b", 1, 1), ("a", 9, 9), ("a", 4, 4), ("a", 9, 7)] {
            anchor.write(&key, file, n, &[code; 32]).unwrap();
        }
        let (report, anchored) = read_anchor(&path, &key).unwrap();
        assert_eq!((report.verified, report.finding), (5, None));
        assert_eq!(anchored["a"], (9, [9; 32]), "what was anchored first is not written over by a later line");
        assert_eq!(anchored["b"], (1, [1; 32]));

        let text = std::fs::read_to_string(&path).unwrap().replace("\"n\":9", "\"n\":8");
        std::fs::write(&path, text).unwrap();
        let (report, anchored) = read_anchor(&path, &key).unwrap();
        assert_eq!(
            (report.verified, report.finding.unwrap().line, anchored["a"].0),
            (3, 3, 4),
            "both lines with 9 count no more"
        );
    }
}
