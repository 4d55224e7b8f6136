//! How a command asks the servers of a data folder something and gets each one's answer: a lock that each server holds while it
//! runs, one file with the question, and one file for each answer. What is asked and done is the caller's.

use crate::files::{DataFolder, FileError, create_for_owner, random_digits, replace};
use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Bytes of an answer.
const ANSWER_CAP: u64 = 64 * 1024;
/// Servers that are looked at.
const SERVER_CAP: usize = 256;
/// How often a server tries to say that it runs, where a command takes its file for one that was left behind.
const TRIES: usize = 5;

/// The questions to the servers of one data folder.
#[derive(Clone, Debug)]
pub struct ReloadFiles(PathBuf);

/// That a server runs, as long as this is kept.
#[derive(Debug)]
pub struct Presence {
    /// Held locked.
    _file: File,
    path: PathBuf,
}

impl Drop for Presence {
    fn drop(&mut self) {
        // What is left behind is not locked, which says the same.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl ReloadFiles {
    /// Those of the servers with this data folder.
    pub fn of(data: &DataFolder) -> Self {
        Self(data.path().join("servers"))
    }

    /// The file of the question.
    pub fn question_file(&self) -> PathBuf {
        self.0.join("reload")
    }

    fn server_file(&self, process: u32) -> PathBuf {
        self.0.join(process.to_string())
    }

    fn answer_file(&self, process: u32) -> PathBuf {
        self.0.join(format!("{process}.answer"))
    }

    /// Says that this server runs.
    pub fn announce(&self, process: u32) -> Result<Presence, FileError> {
        let path = self.server_file(process);
        let failed = |source| FileError::Io { path: path.clone(), source };
        std::fs::create_dir_all(&self.0).map_err(failed)?;
        for _ in 0..TRIES {
            remove(&path)?;
            drop(create_for_owner(&path).map_err(failed)?);
            let file = for_locking(&path).map_err(failed)?;
            // A command that looked in between may have taken the file for one that was left behind.
            if file.try_lock().is_ok() && path.exists() {
                return Ok(Presence { _file: file, path });
            }
        }
        Err(failed(std::io::Error::other("another process keeps the file that says that this server runs")))
    }

    /// The processes of the servers that run. What servers left behind that were killed is removed.
    pub fn servers(&self) -> Result<Vec<u32>, FileError> {
        let failed = |source| FileError::Io { path: self.0.clone(), source };
        let entries = match std::fs::read_dir(&self.0) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut running = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let Some(process) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
            let Ok(file) = for_locking(&entry.path()) else { continue };
            match file.try_lock() {
                Err(TryLockError::WouldBlock) if running.len() < SERVER_CAP => running.push(process),
                Err(_) => {}
                Ok(()) => {
                    remove(&entry.path())?;
                    remove(&self.answer_file(process))?;
                }
            }
        }
        running.sort_unstable();
        Ok(running)
    }

    /// Puts the question; its number, which each answer repeats.
    pub fn ask(&self) -> Result<String, FileError> {
        let path = self.question_file();
        let number = random_digits().map_err(|source| FileError::Io { path: path.clone(), source })?;
        std::fs::create_dir_all(&self.0).map_err(|source| FileError::Io { path: self.0.clone(), source })?;
        replace(&path, number.as_bytes())?;
        Ok(number)
    }

    /// The number of the question that was put last.
    pub fn question(&self) -> Option<String> {
        read(&self.question_file()).filter(|text| !text.is_empty())
    }

    /// Answers the question.
    pub fn answer(&self, process: u32, text: &str) -> Result<(), FileError> {
        replace(&self.answer_file(process), text.as_bytes())
    }

    /// What a server answered last.
    pub fn answered(&self, process: u32) -> Option<String> {
        read(&self.answer_file(process))
    }
}

/// Windows locks no file that is only appended to.
fn for_locking(path: &Path) -> std::io::Result<File> {
    File::options().read(true).write(true).open(path)
}

fn remove(path: &Path) -> Result<(), FileError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => Err(FileError::Io { path: path.to_owned(), source }),
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Option<String> {
    let mut text = String::new();
    let read = File::open(path).ok()?.take(ANSWER_CAP + 1).read_to_string(&mut text).ok()?;
    (u64::try_from(read).unwrap_or(u64::MAX) <= ANSWER_CAP).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_runs_is_known_by_its_lock_and_each_question_by_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let files = ReloadFiles::of(&DataFolder::open(folder.path().join("data")).unwrap());
        assert_eq!((files.servers().unwrap(), files.question()), (vec![], None));
        let (one, two) = (files.announce(11).unwrap(), files.announce(7).unwrap());
        assert_eq!(files.servers().unwrap(), [7, 11]);
        let first = files.ask().unwrap();
        assert_eq!(files.question(), Some(first.clone()));
        assert_ne!(files.ask().unwrap(), first);
        files.answer(7, "done").unwrap();
        assert_eq!((files.answered(7), files.answered(11)), (Some("done".to_owned()), None));
        drop(two);
        assert_eq!(files.servers().unwrap(), [11]);
        // What a killed server leaves behind is not locked.
        std::fs::write(folder.path().join("data/servers/9"), "").unwrap();
        assert_eq!(files.servers().unwrap(), [11]);
        assert!(!folder.path().join("data/servers/9").exists());
        files.answer(11, &"x".repeat(64 * 1024 + 1)).unwrap();
        assert_eq!(files.answered(11), None, "an answer beyond its cap is none");
        drop(one);
        assert!(files.servers().unwrap().is_empty());
    }
}
