//! Where the lab keeps what it made: one folder under the user's cache, the names in it, and the locks between
//! processes. Knows paths only; what goes into them is the business of the step that makes it.

use super::progress::Progress;
use anyhow::{Context, Result, bail};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How often a waiting process asks for a lock again.
const LOCK_POLL: Duration = Duration::from_millis(50);
/// The file in a finished part that says what it was made of.
const STAMP: &str = ".portcullis-stamp";

/// The lab's folder.
#[derive(Debug, Clone)]
pub struct Cache {
    top: PathBuf,
}

impl Cache {
    /// `$XDG_CACHE_HOME/portcullis/lab`, or the same below the system's own folder for what can be made again.
    pub fn of_user() -> Result<Cache> {
        let base = match std::env::var_os("XDG_CACHE_HOME").filter(|v| Path::new(v).is_absolute()) {
            Some(base) => PathBuf::from(base),
            None => super::system::cache_home().context("no home folder: set XDG_CACHE_HOME to a folder")?,
        };
        Ok(Cache { top: base.join("portcullis").join("lab") })
    }

    /// A cache at a given folder, for tests.
    pub fn at(top: impl Into<PathBuf>) -> Cache {
        Cache { top: top.into() }
    }

    /// The folder itself.
    pub fn top(&self) -> &Path {
        &self.top
    }

    pub(super) fn create(&self) -> Result<()> {
        fs::create_dir_all(self.runs()).with_context(|| format!("cannot make {}", self.runs().display()))
    }

    pub(super) fn clients(&self) -> PathBuf {
        self.top.join("clients")
    }

    pub(super) fn node(&self) -> PathBuf {
        self.top.join("node")
    }

    pub(super) fn runs(&self) -> PathBuf {
        self.top.join("runs")
    }

    fn lock_file(&self, name: &str) -> Result<File> {
        let path = self.top.join(format!("{name}.lock"));
        OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))
    }

    /// The lock of that name, or `None` when another process holds it. It is let go when the file is dropped.
    pub(super) fn try_lock(&self, name: &str) -> Result<Option<File>> {
        let file = self.lock_file(name)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) => Err(e).with_context(|| format!("cannot lock {name}.lock")),
        }
    }

    pub(super) fn lock_within(&self, name: &str, limit: Duration, progress: &dyn Progress) -> Result<File> {
        if let Some(file) = self.try_lock(name)? {
            return Ok(file);
        }
        super::timed(progress, "waiting for another lab command to end", || {
            let started = Instant::now();
            while started.elapsed() < limit {
                thread::sleep(LOCK_POLL);
                if let Some(file) = self.try_lock(name)? {
                    return Ok(file);
                }
            }
            bail!(
                "another process has held {} for {} s: end it, then try again",
                self.top.join(format!("{name}.lock")).display(),
                limit.as_secs()
            )
        })
    }
}

/// A part of the cache under work: a folder with a temporary name, which takes its real name when it is complete.
#[derive(Debug)]
pub(super) struct Draft {
    path: PathBuf,
    target: PathBuf,
}

impl Draft {
    /// Throws away what an interrupted attempt left and starts anew.
    pub(super) fn start(target: &Path) -> Result<Draft> {
        let name = target.file_name().context("a part of the cache has a name")?;
        let path = target.with_file_name(format!("{}.partial", name.to_string_lossy()));
        super::system::remove_tree(&path)?;
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Draft { path, target: target.to_owned() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the stamp and moves the folder to its real name, in place of an older one.
    pub(super) fn publish(self, stamp: &str) -> Result<()> {
        fs::write(self.path.join(STAMP), stamp)?;
        super::system::remove_tree(&self.target)?;
        fs::rename(&self.path, &self.target).with_context(|| format!("cannot move {} into place", self.path.display()))
    }
}

/// Whether a part is complete and was made of exactly these inputs.
pub(super) fn is_stamped(target: &Path, stamp: &str) -> bool {
    fs::read_to_string(target.join(STAMP)).is_ok_and(|found| found == stamp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::Quiet;

    #[test]
    fn a_draft_is_seen_only_when_published_and_replaces_the_older() {
        let top = tempfile::tempdir().unwrap();
        let target = top.path().join("part");
        let draft = Draft::start(&target).unwrap();
        fs::write(draft.path().join("left"), "half").unwrap();
        drop(draft); // interrupted
        assert!(!is_stamped(&target, "one"));
        let draft = Draft::start(&target).unwrap();
        assert!(!draft.path().join("left").exists());
        draft.publish("one").unwrap();
        assert!(is_stamped(&target, "one"));
        assert!(!is_stamped(&target, "two"));
        Draft::start(&target).unwrap().publish("two").unwrap();
        assert!(is_stamped(&target, "two"));
    }

    #[test]
    fn a_lock_is_exclusive_and_waiting_for_it_ends() {
        let top = tempfile::tempdir().unwrap();
        let cache = Cache::at(top.path());
        cache.create().unwrap();
        let held = cache.try_lock("up").unwrap().unwrap();
        assert!(cache.try_lock("up").unwrap().is_none());
        let error = cache.lock_within("up", Duration::from_millis(120), &Quiet).unwrap_err();
        assert!(error.to_string().contains("up.lock"), "{error}");
        drop(held);
        assert!(cache.try_lock("up").unwrap().is_some());
    }
}
