//! How a command asks the servers of a data folder something and gets each one's answer: a lock that each server holds while it
//! runs, one file with the question, and one file for each answer. What is asked and done is the caller's.

use crate::files::{DataFolder, FileError, create_for_owner, lock, own_folder, random_digits, replace};
use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Bytes of an answer.
const ANSWER_CAP: u64 = 64 * 1024;
/// Servers that are looked at.
const SERVER_CAP: usize = 256;
/// How often a server tries to say that it runs, where a command takes its file for one that was left behind.
const TRIES: usize = 5;
/// What a command waits for another one that asks: longer than that one waits for its answers.
const ASKING_LIMIT: Duration = Duration::from_secs(10);

/// The questions to the servers of one data folder.
#[derive(Clone, Debug)]
pub struct ReloadFiles {
    /// Where servers say that they run, and answer.
    folder: PathBuf,
    /// Held by the one command that asks.
    lock: PathBuf,
}

/// A question that was put. Nobody else asks while it is kept, and with it the answers go.
#[derive(Debug)]
pub struct Question {
    number: String,
    asked: Vec<PathBuf>,
    /// Held locked.
    _lock: File,
}

impl Question {
    /// Its number, which each answer repeats.
    pub fn number(&self) -> &str {
        &self.number
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        for answer in &self.asked {
            // One that comes later is removed with its server, or by the next question.
            let _ = std::fs::remove_file(answer);
        }
    }
}

/// That a server runs, as long as this is kept.
#[derive(Debug)]
pub struct Presence {
    /// Held locked.
    _file: File,
    path: PathBuf,
    answer: PathBuf,
}

impl Drop for Presence {
    fn drop(&mut self) {
        // What is left behind is not locked, which says the same.
        let _ = std::fs::remove_file(&self.answer);
        let _ = std::fs::remove_file(&self.path);
    }
}

impl ReloadFiles {
    /// Those of the servers with this data folder.
    pub fn of(data: &DataFolder) -> Self {
        Self { folder: data.path().join("servers"), lock: data.path().join("reload.lock") }
    }

    /// The file of the question.
    pub fn question_file(&self) -> PathBuf {
        self.folder.join("reload")
    }

    fn server_file(&self, process: u32) -> PathBuf {
        self.folder.join(process.to_string())
    }

    fn answer_file(&self, process: u32) -> PathBuf {
        self.folder.join(format!("{process}.answer"))
    }

    /// Says that this server runs.
    pub fn announce(&self, process: u32) -> Result<Presence, FileError> {
        let path = self.server_file(process);
        let failed = |source| FileError::Io { path: path.clone(), source };
        own_folder(&self.folder)?;
        for _ in 0..TRIES {
            remove(&path)?;
            drop(create_for_owner(&path).map_err(failed)?);
            let file = for_locking(&path).map_err(failed)?;
            // A command that looked in between may have taken the file for one that was left behind.
            if file.try_lock().is_ok() && path.exists() {
                return Ok(Presence { _file: file, path, answer: self.answer_file(process) });
            }
        }
        Err(failed(std::io::Error::other("another process keeps the file that says that this server runs")))
    }

    /// The processes of the servers that run. What servers left behind that were killed is removed.
    pub fn servers(&self) -> Result<Vec<u32>, FileError> {
        let failed = |source| FileError::Io { path: self.folder.clone(), source };
        let entries = match std::fs::read_dir(&self.folder) {
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

    /// Puts the question to these servers, once no other command asks: a server looks at the last question alone, and has one
    /// file for its answer.
    pub fn ask(&self, servers: &[u32]) -> Result<Question, FileError> {
        let path = self.question_file();
        let held =
            lock(&self.lock, ASKING_LIMIT).map_err(|source| FileError::Io { path: self.lock.clone(), source })?;
        let _lock = held.ok_or_else(|| FileError::Asking { path: self.lock.clone() })?;
        let number = random_digits().map_err(|source| FileError::Io { path: path.clone(), source })?;
        own_folder(&self.folder)?;
        let asked: Vec<PathBuf> = servers.iter().map(|process| self.answer_file(*process)).collect();
        asked.iter().try_for_each(|answer| remove(answer))?;
        replace(&path, number.as_bytes())?;
        Ok(Question { number, asked, _lock })
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
        files.answer(11, "late").unwrap();
        let first = files.ask(&[7, 11]).unwrap();
        assert_eq!(files.question().as_deref(), Some(first.number()));
        files.answer(7, "done").unwrap();
        assert_eq!((files.answered(7), files.answered(11)), (Some("done".to_owned()), None));
        let number = first.number().to_owned();
        drop(first);
        assert_eq!(files.answered(7), None, "an answer outlives its question");
        assert_ne!(files.ask(&[7]).unwrap().number(), number);
        files.answer(7, "later").unwrap();
        drop(two);
        assert_eq!(files.answered(7), None, "an answer outlives its server");
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
