//! The folder in which chains lie: which files are chains, how a new one is named, how its lines are read, and its last code
//! without reading all. Nothing here checks a chain; that is the verifier's.

use crate::chain::{LINE_CAP, Mac, hex, split};
use std::fs::File;
use std::io::{BufRead, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;
use time::OffsetDateTime;

/// What a chain's file name ends in. A file that is being made has another ending and is no chain yet.
const ENDING: &str = "jsonl";
/// Chains named in a start record; older ones are named by those between.
pub(crate) const PREDECESSOR_CAP: usize = 8;
/// What a start record says of a file in which no line was whole yet.
pub(crate) const EMPTY: &str = "empty";
/// What it says of a file that could not be read, or that ended in something else than a line of a chain.
pub(crate) const UNREADABLE: &str = "unreadable";
/// Bytes at the end of a file in which its last whole line is looked for at first; then as many as a line may have.
const TAIL: u64 = 8_192;

/// How often a last line without an end is read again: a live server may be in the middle of it.
const TORN_RETRIES: u32 = 5;
/// Between two of these readings.
const TORN_PAUSE: Duration = Duration::from_millis(1);

/// The name of a chain that `process` begins now.
pub(crate) fn new_name(process: u32) -> String {
    let micros = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000;
    format!("audit-{micros}-{process}.{ENDING}")
}

/// Every chain of a folder, by name, which is by the time of its start.
pub(crate) fn chains(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == ENDING) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The next line with its end, or what there is of it; false at the end of the file.
pub(crate) fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<bool> {
    line.clear();
    reader.by_ref().take(LINE_CAP).read_until(b'\n', line)?;
    for _ in 0..TORN_RETRIES {
        let room = LINE_CAP.saturating_sub(u64::try_from(line.len()).unwrap_or(LINE_CAP));
        if line.is_empty() || line.ends_with(b"\n") || room == 0 {
            break;
        }
        std::thread::sleep(TORN_PAUSE);
        reader.by_ref().take(room).read_until(b'\n', line)?;
    }
    Ok(!line.is_empty())
}

/// A file's own name.
pub(crate) fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The last codes of the newest chains in a folder, oldest first: `audit-….jsonl=<code>`.
pub(crate) fn heads(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut paths = chains(folder)?;
    let newest = paths.split_off(paths.len().saturating_sub(PREDECESSOR_CAP));
    Ok(newest.iter().map(|path| format!("{}={}", name_of(path), head(path))).collect())
}

/// The code of the last whole line, or what stands for it. A line that another server is just writing is not whole yet;
/// the one before it is then the last.
fn head(path: &Path) -> String {
    for window in [TAIL, LINE_CAP] {
        match tail_head(path, window) {
            Ok(Tail::Head(mac)) => return hex(&mac),
            Ok(Tail::NoWholeLine { all: true }) => return EMPTY.to_owned(),
            Ok(Tail::NoWholeLine { all: false }) => {}
            Ok(Tail::Foreign) | Err(_) => break,
        }
    }
    UNREADABLE.to_owned()
}

enum Tail {
    Head(Mac),
    /// No line ends in the window; `all` when the window is the whole file.
    NoWholeLine {
        all: bool,
    },
    Foreign,
}

fn tail_head(path: &Path, window: u64) -> std::io::Result<Tail> {
    let mut file = File::open(path)?;
    let from = file.metadata()?.len().saturating_sub(window);
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    // The file may grow meanwhile.
    file.take(window).read_to_end(&mut tail)?;
    let Some(end) = tail.iter().rposition(|byte| *byte == b'\n') else {
        return Ok(Tail::NoWholeLine { all: from == 0 });
    };
    tail.truncate(end);
    Ok(split(&tail).map_or(Tail::Foreign, |(_, mac)| Tail::Head(mac)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_is_that_of_the_last_whole_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit-1-1.jsonl");
        let line = |digit: &str| format!("{{\"v\":1,\"mac\":\"{}\"}}\n", digit.repeat(64));
        let long = "x".repeat(usize::try_from(TAIL).unwrap() * 2);
        for (text, expected) in [
            (String::new(), EMPTY.to_owned()),
            ("{\"v\":1".to_owned(), EMPTY.to_owned()),
            (long.clone(), EMPTY.to_owned()),
            (line("a"), "a".repeat(64)),
            (line("a") + &line("b"), "b".repeat(64)),
            (line("a") + "{\"v\":1,\"n\":2", "a".repeat(64)),
            (line("a") + &long, "a".repeat(64)),
            (line("a") + "something else\n", UNREADABLE.to_owned()),
        ] {
            std::fs::write(&path, &text).unwrap();
            assert_eq!(head(&path), expected, "{} bytes", text.len());
        }
        std::fs::remove_file(&path).unwrap();
        assert_eq!(head(&path), UNREADABLE);
    }

    /// Gives one part at each reading, as a file does to which a live server appends.
    struct Growing(std::vec::IntoIter<&'static str>);

    impl Read for Growing {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let part = self.0.next().unwrap_or_default();
            into[..part.len()].copy_from_slice(part.as_bytes());
            Ok(part.len())
        }
    }

    #[test]
    fn a_line_that_is_being_written_is_waited_for_and_one_that_stays_torn_is_given_as_it_is() {
        for (parts, lines) in [
            (vec!["a\n", "b\n"], vec!["a\n", "b\n"]),
            (vec!["a", "", "b\n"], vec!["ab\n"]),
            (vec!["a", "", "", "b\n", "c"], vec!["ab\n", "c"]),
            (vec!["a"], vec!["a"]),
        ] {
            let mut reader = std::io::BufReader::new(Growing(parts.clone().into_iter()));
            let (mut line, mut found) = (Vec::new(), Vec::new());
            while read_line(&mut reader, &mut line).unwrap() {
                found.push(String::from_utf8(line.clone()).unwrap());
            }
            assert_eq!(found, lines, "{parts:?}");
        }
    }

    /// Chains are read in the order of their names, which must be that of their starts.
    #[test]
    fn a_new_name_says_when_and_by_which_process_in_microseconds() {
        let now = || OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000;
        let (before, name, after) = (now(), new_name(42), now());
        let words: Vec<&str> = name.split(['-', '.']).collect();
        let ["audit", micros, "42", "jsonl"] = words[..] else { panic!("{name}") };
        assert!((before..=after).contains(&micros.parse().unwrap()), "{name}");
    }

    #[test]
    fn the_newest_chains_are_named_up_to_the_cap() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..PREDECESSOR_CAP + 3 {
            std::fs::write(folder.path().join(format!("audit-{number:03}-1.jsonl")), "").unwrap();
        }
        std::fs::write(folder.path().join("audit-999-1.jsonl.new"), "").unwrap();
        let named = heads(folder.path()).unwrap();
        assert_eq!(named.len(), PREDECESSOR_CAP);
        assert_eq!(named.first().unwrap(), "audit-003-1.jsonl=empty");
    }
}
