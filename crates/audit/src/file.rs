//! The ledger on disk: one file for each server process, appended to by every call. A write that fails shuts the ledger:
//! what comes after a hole could not be told from tampering, so nothing more is allowed through it.

use crate::chain::{self, Mac};
use crate::key::AuditKey;
use crate::verify::last_mac;
use portcullis_model::{Digest, Durability, Entry, Ledger, LedgerFault, ServerStarted};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use time::OffsetDateTime;

/// How long a line may stay unsynced.
const SYNC_EVERY: Duration = Duration::from_secs(1);
/// Chains named in a start record; older ones are named by those between.
const PREDECESSOR_CAP: usize = 8;

/// The ledger could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("the audit file {path} cannot be written: {source}")]
pub struct LedgerError {
    path: PathBuf,
    source: std::io::Error,
}

struct Chain {
    file: File,
    previous: Mac,
    number: u64,
    dirty: bool,
    broken: Option<String>,
}

impl Chain {
    fn append(&mut self, key: &AuditKey, entry: &Entry, durability: Durability) -> Result<(), String> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        let (line, mac) = chain::line(key, &self.previous, self.number + 1, OffsetDateTime::now_utc(), entry)
            .map_err(|error| error.to_string())?;
        let written = self.file.write_all(line.as_bytes()).and_then(|()| match durability {
            Durability::Now => self.file.sync_data(),
            Durability::Soon => Ok(()),
        });
        if let Err(error) = written {
            let reason = format!("the audit file cannot be written: {error}");
            self.broken = Some(reason.clone());
            return Err(reason);
        }
        self.dirty = durability == Durability::Soon;
        self.previous = mac;
        self.number += 1;
        Ok(())
    }

    fn sync(&mut self) {
        if std::mem::take(&mut self.dirty)
            && let Err(error) = self.file.sync_data()
        {
            self.broken = Some(format!("the audit file cannot be synced: {error}"));
        }
    }
}

/// A chain of one server process, and the thread that syncs it.
pub struct FileLedger {
    chain: Arc<Mutex<Chain>>,
    key: AuditKey,
    path: PathBuf,
    /// Dropped first, which ends the syncing thread.
    alive: Option<Sender<()>>,
    syncing: Option<JoinHandle<()>>,
}

impl Drop for FileLedger {
    /// Waits for the last sync, so that nothing is at work any more when the process ends.
    fn drop(&mut self) {
        drop(self.alive.take());
        if let Some(syncing) = self.syncing.take() {
            // A sync that panicked has nothing to tell that the next append would not.
            let _ = syncing.join();
        }
    }
}

fn lock(chain: &Mutex<Chain>) -> MutexGuard<'_, Chain> {
    // A panic while appending leaves either a whole line or a broken chain that says so.
    chain.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FileLedger {
    /// Opens a new chain in `folder` and writes its first entry. `started.predecessors` is filled in here from the
    /// chains that lie there. `create` makes a new file that its owner alone can read, open for appending.
    pub fn open(
        folder: &Path,
        key: AuditKey,
        mut started: ServerStarted,
        create: impl FnOnce(&Path) -> std::io::Result<File>,
    ) -> Result<Self, LedgerError> {
        let name = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000;
        let path = folder.join(format!("audit-{name}-{}.jsonl", started.process));
        let failed = |source| LedgerError { path: path.clone(), source };
        started.predecessors = heads(folder).map_err(failed)?;
        let file = create(&path).map_err(failed)?;
        let mut chain = Chain { file, previous: [0; 32], number: 0, dirty: false, broken: None };
        chain
            .append(&key, &Entry::ServerStarted(started), Durability::Now)
            .map_err(|reason| failed(std::io::Error::other(reason)))?;
        let chain = Arc::new(Mutex::new(chain));
        let (alive, ended) = channel::<()>();
        let synced = Arc::clone(&chain);
        let syncing = std::thread::Builder::new()
            .name("audit-sync".to_owned())
            .spawn(move || {
                while ended.recv_timeout(SYNC_EVERY) == Err(RecvTimeoutError::Timeout) {
                    lock(&synced).sync();
                }
                lock(&synced).sync();
            })
            .map_err(failed)?;
        Ok(Self { chain, key, path, alive: Some(alive), syncing: Some(syncing) })
    }

    /// Where the chain is written.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Ledger for FileLedger {
    fn append(&self, entry: &Entry, durability: Durability) -> Result<(), LedgerFault> {
        lock(&self.chain).append(&self.key, entry, durability).map_err(LedgerFault)
    }

    fn digest(&self, bytes: &[u8]) -> Digest {
        Digest::new(self.key.digest(bytes))
    }
}

/// The last codes of the newest chains in a folder, oldest first: `audit-….jsonl=<code>`.
fn heads(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut names: Vec<PathBuf> = std::fs::read_dir(folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .collect();
    names.sort();
    let newest = names.split_off(names.len().saturating_sub(PREDECESSOR_CAP));
    Ok(newest
        .iter()
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?;
            Some(format!("{name}={}", last_mac(path).unwrap_or_else(|| "unreadable".to_owned())))
        })
        .collect())
}
