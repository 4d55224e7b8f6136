//! Files that may change while the server runs: whether they did is told by what the system says of them, without reading.
//! What they hold is their reader's.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What the system says of one file; nothing when it is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp(Option<(u64, Option<SystemTime>, u64)>);

impl Stamp {
    fn of(path: &Path) -> Self {
        Self(std::fs::metadata(path).ok().map(|found| (found.len(), found.modified().ok(), identity(&found))))
    }
}

/// What tells a file from another that took its name.
#[cfg(unix)]
fn identity(found: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(found)
}

/// Elsewhere the time of making, which a renamed file brings along.
#[cfg(not(unix))]
fn identity(found: &std::fs::Metadata) -> u64 {
    let made = found.created().ok().and_then(|made| made.duration_since(SystemTime::UNIX_EPOCH).ok());
    made.map_or(0, |made| u64::try_from(made.as_nanos()).unwrap_or(u64::MAX))
}

/// Files whose changes are looked for.
#[derive(Debug)]
pub struct WatchedFiles {
    paths: Vec<PathBuf>,
    seen: Option<Vec<Stamp>>,
}

impl WatchedFiles {
    /// Those at these paths, whether they are there or not.
    pub fn new(paths: Vec<PathBuf>) -> Self {
        Self { paths, seen: None }
    }

    /// Whether one of them changed, came or went since this was last asked; the first time, yes.
    pub fn changed(&mut self) -> bool {
        let now: Vec<Stamp> = self.paths.iter().map(|path| Stamp::of(path)).collect();
        let changed = self.seen.as_ref() != Some(&now);
        self.seen = Some(now);
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_that_comes_changes_is_replaced_or_goes_is_seen_once() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        let mut files = WatchedFiles::new(vec![one.clone(), folder.path().join("absent")]);
        let mut seen = |what: &str| {
            assert!(files.changed(), "{what}");
            assert!(!files.changed(), "{what}, again");
        };
        seen("the first look");
        fs::write(&one, "a").unwrap();
        seen("it came");
        fs::write(&one, "ab").unwrap();
        seen("it changed");
        fs::write(&two, "ab").unwrap();
        let time = fs::metadata(&one).unwrap().modified().unwrap();
        fs::File::options().write(true).open(&two).unwrap().set_modified(time).unwrap();
        fs::rename(&two, &one).unwrap();
        seen("another took its name");
        fs::remove_file(&one).unwrap();
        seen("it went");
    }
}
