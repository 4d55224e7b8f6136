//! The log's files: one process writes one at a time, and the folder never holds more than its cap. What a line says is
//! decided elsewhere.

use portcullis_config::create_for_owner;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Bytes that a file holds at most; the next line begins a new one.
const FILE_CAP: usize = 4 << 20;
/// Files that the folder holds at most, of all servers that share it.
const FILES_CAP: usize = 16;
/// How the names begin, and end. Between them stand the time of the beginning and the process, as in the audit's names.
const NAME: (&str, &str) = ("log-", ".log");

/// The files of one process.
pub(super) struct LogFiles {
    folder: PathBuf,
    file: File,
    /// Bytes in it.
    length: usize,
    cap: usize,
}

impl LogFiles {
    /// A new file in the folder.
    pub(super) fn open(folder: PathBuf) -> std::io::Result<Self> {
        Self::with_cap(folder, FILE_CAP)
    }

    fn with_cap(folder: PathBuf, cap: usize) -> std::io::Result<Self> {
        let file = begin(&folder)?;
        Ok(Self { folder, file, length: 0, cap })
    }

    /// Adds a line whole; a line is never longer than a file.
    pub(super) fn append(&mut self, line: &[u8]) -> std::io::Result<()> {
        if self.length > 0 && self.length.saturating_add(line.len()) > self.cap {
            self.file = begin(&self.folder)?;
            self.length = 0;
        }
        let line = line.get(..self.cap).unwrap_or(line);
        self.file.write_all(line)?;
        self.length = self.length.saturating_add(line.len());
        Ok(())
    }
}

/// Makes the next file, and room for it first.
fn begin(folder: &Path) -> std::io::Result<File> {
    let mut names: Vec<(u128, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        names.extend(entry.file_name().to_str().and_then(began).map(|time| (time, entry.path())));
    }
    names.sort();
    for (_, oldest) in names.iter().take((names.len() + 1).saturating_sub(FILES_CAP)) {
        // Another server may have deleted it already; one that still writes it keeps it, where the system says so.
        let _ = std::fs::remove_file(oldest);
    }
    // The clock may stand still or go back, and the newest name must be the newest file.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    let time = now.max(names.last().map_or(0, |(time, _)| time.saturating_add(1)));
    create_for_owner(&folder.join(format!("{}{time}-{}{}", NAME.0, std::process::id(), NAME.1)))
}

/// When the file of this name was begun, in microseconds since 1970; nothing of a file that is none of ours.
fn began(name: &str) -> Option<u128> {
    let (time, process) = name.strip_prefix(NAME.0)?.strip_suffix(NAME.1)?.split_once('-')?;
    process.parse::<u32>().ok()?;
    time.parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
mod tests {
    use super::*;

    /// What the files hold, oldest first.
    fn held(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .filter_map(|entry| Some((began(entry.as_ref().unwrap().file_name().to_str()?)?, entry.unwrap().path())))
            .collect();
        names.sort();
        names.iter().map(|(_, path)| std::fs::read_to_string(path).unwrap()).collect()
    }

    #[test]
    fn a_full_file_is_followed_by_another_and_the_oldest_goes_at_the_cap() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("log-notes.log"), "not ours").unwrap();
        let mut files = LogFiles::with_cap(folder.path().to_owned(), 10).unwrap();
        for number in 10..30 {
            files.append(format!("{number}ab\n").as_bytes()).unwrap();
        }
        // Two lines of five bytes fill a file; the eleventh file would be the seventeenth of nothing else.
        let expected: Vec<_> = (5..15).map(|half| format!("{}ab\n{}ab\n", half * 2, half * 2 + 1)).collect();
        assert_eq!(held(folder.path()), expected);
        for number in 30..80 {
            files.append(format!("{number}ab\n").as_bytes()).unwrap();
        }
        let kept = held(folder.path());
        assert_eq!(kept.len(), FILES_CAP);
        assert_eq!(kept.last().unwrap(), "78ab\n79ab\n");
        assert_eq!(kept.first().unwrap(), "48ab\n49ab\n");
        assert!(folder.path().join("log-notes.log").exists());
    }

    #[test]
    fn a_line_that_is_longer_than_a_file_is_cut_and_two_servers_share_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let mut one = LogFiles::with_cap(folder.path().to_owned(), 8).unwrap();
        let mut other = LogFiles::with_cap(folder.path().to_owned(), 8).unwrap();
        one.append(b"0123456789").unwrap();
        other.append(b"other").unwrap();
        one.append(b"next").unwrap();
        assert_eq!(held(folder.path()), ["01234567", "other", "next"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        LogFiles::open(folder.path().to_owned()).unwrap();
        let entry = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
