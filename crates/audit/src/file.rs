//! The ledger on disk: one chain for each server process, appended to by every call and carried over into a new file when
//! one is full. A write that fails shuts the ledger: what comes after a hole could not be told from tampering, so nothing
//! more is allowed through it.

use crate::anchor::{Anchor, is_due};
use crate::chain::{self, Mac, hex};
use crate::folder::{heads, name_of, new_name};
use crate::key::AuditKey;
use portcullis_model::{Digest, Durability, Entry, Ledger, LedgerFault, ServerStarted};
use serde::Serialize;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use time::OffsetDateTime;

/// How long a line may stay unsynced.
const SYNC_EVERY: Duration = Duration::from_secs(1);
/// Bytes after which a chain goes on in a new file.
pub const FILE_SIZE: u64 = 64 * 1024 * 1024;
/// A file that could not be changed is tried again after this part of its size.
const RETRY_PART: u64 = 64;

/// The ledger could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("the audit file {path} cannot be written: {source}")]
pub struct LedgerError {
    path: PathBuf,
    source: std::io::Error,
}

/// Makes a new file that its owner alone can read, open for appending.
type Create = Box<dyn Fn(&Path) -> std::io::Result<File> + Send>;

/// The first entry of a chain names its own file, so that files cannot be put in each other's place.
#[derive(Serialize)]
struct Opening<'a, Event> {
    #[serde(flatten)]
    event: Event,
    file: &'a str,
}

/// What the ledger writes on its own account, beside the entries of `model`.
#[derive(Serialize)]
#[serde(rename_all = "snake_case", tag = "event")]
enum OwnEntry<'a> {
    /// The first entry of a file in which a chain goes on.
    ChainContinued { process: u32, from: &'a str, head: String, lines: u64 },
    /// The chain should have gone on in a new file, which could not be made; it stays where it is.
    ChainStays { problem: String },
}

/// One file that is appended to.
struct Open {
    path: PathBuf,
    file: Arc<File>,
    previous: Mac,
    number: u64,
    size: u64,
}

impl Open {
    /// Makes a file in `folder` and writes its first line. The file gets its name when that line is on the disk, so that
    /// nobody ever sees a chain without one, and what fails before leaves the folder as it was.
    fn begin(
        folder: &Path,
        process: u32,
        key: &AuditKey,
        create: &Create,
        event: impl Serialize,
    ) -> Result<Self, LedgerError> {
        let name = new_name(process);
        let path = folder.join(&name);
        let failed = |source| LedgerError { path: path.clone(), source };
        let unnamed = folder.join(format!("{name}.new"));
        let fields = chain::fields(&Opening { event, file: &name }).map_err(|error| failed(error.into()))?;
        let file = create(&unnamed).map_err(failed)?;
        let mut open = Self { path: path.clone(), file: Arc::new(file), previous: [0; 32], number: 0, size: 0 };
        let begun = open.append(key, &fields, Durability::Now).and_then(|()| std::fs::rename(&unnamed, &path));
        if let Err(error) = begun {
            // What cannot be removed either is no chain and is passed over.
            std::fs::remove_file(&unnamed).ok();
            return Err(failed(error));
        }
        Ok(open)
    }

    fn append(&mut self, key: &AuditKey, fields: &str, durability: Durability) -> std::io::Result<()> {
        let (line, mac) = chain::line(key, &self.previous, self.number + 1, OffsetDateTime::now_utc(), fields);
        (&*self.file).write_all(line.as_bytes())?;
        if durability == Durability::Now {
            self.file.sync_data()?;
        }
        self.previous = mac;
        self.number += 1;
        self.size += u64::try_from(line.len()).unwrap_or(u64::MAX);
        Ok(())
    }
}

impl Open {
    /// Whether the file that is written is the one at its place. Nobody else appends to it, so that another size is
    /// another file, or this one after somebody changed it.
    fn is_there(&self) -> std::io::Result<()> {
        let found = std::fs::symlink_metadata(&self.path)?;
        if found.is_file() && found.len() == self.size {
            return Ok(());
        }
        Err(std::io::Error::other("what lies at its place is not what was written"))
    }
}

struct Chain {
    open: Open,
    folder: PathBuf,
    process: u32,
    create: Create,
    /// The size of a full file.
    full: u64,
    /// The size at which the next file is tried.
    change_at: u64,
    dirty: bool,
    broken: Option<String>,
}

impl Chain {
    fn append(&mut self, key: &AuditKey, fields: &str, durability: Durability) -> Result<(), String> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        // What may not be lost is not written where nobody can find it.
        let there = if durability == Durability::Now { self.open.is_there() } else { Ok(()) };
        let written =
            there.and_then(|()| self.change_file(key)).and_then(|()| self.open.append(key, fields, durability));
        if let Err(error) = written {
            return Err(self.shut(&format!("the audit file cannot be written: {error}")));
        }
        self.dirty = durability == Durability::Soon;
        Ok(())
    }

    /// Goes on in a new file when this one is full. The old file is whole and on the disk before the new one names its
    /// head; when the new one cannot be made, the old one stays in use and says so.
    fn change_file(&mut self, key: &AuditKey) -> std::io::Result<()> {
        if self.open.size < self.change_at {
            return Ok(());
        }
        self.open.file.sync_data()?;
        let event = OwnEntry::ChainContinued {
            process: self.process,
            from: &name_of(&self.open.path),
            head: hex(&self.open.previous),
            lines: self.open.number,
        };
        match Open::begin(&self.folder, self.process, key, &self.create, event) {
            Ok(next) => {
                self.open = next;
                self.change_at = self.full;
                Ok(())
            }
            Err(error) => {
                self.change_at = self.open.size.saturating_add(self.full / RETRY_PART);
                let fields = chain::fields(&OwnEntry::ChainStays { problem: error.source.kind().to_string() })?;
                self.open.append(key, &fields, Durability::Soon)
            }
        }
    }

    fn shut(&mut self, reason: &str) -> String {
        self.broken.get_or_insert_with(|| reason.to_owned()).clone()
    }
}

/// Syncs what was written since. The disk may take long, and calls must not wait for it: the chain is not held meanwhile.
fn sync(chain: &Mutex<Chain>) {
    let file = {
        let mut chain = lock(chain);
        if let Err(error) = chain.open.is_there() {
            chain.shut(&format!("the audit file is gone or was changed: {error}"));
        }
        std::mem::take(&mut chain.dirty).then(|| Arc::clone(&chain.open.file))
    };
    if let Some(file) = file
        && let Err(error) = file.sync_data()
    {
        lock(chain).shut(&format!("the audit file cannot be synced: {error}"));
    }
}

/// An anchor, and what it says of the chain by now.
struct Anchoring {
    anchor: Anchor,
    file: String,
    number: u64,
    at: Instant,
}

/// Chain and anchor, shared with the thread that looks after them.
struct Shared {
    chain: Mutex<Chain>,
    anchoring: Option<Mutex<Anchoring>>,
    key: AuditKey,
}

impl Shared {
    /// Anchors the chain's head when it is due, or `now` when it has moved at all. What the owner wants anchored must
    /// not go on unanchored, so a failure shuts the ledger.
    fn anchor(&self, now: bool) -> Result<(), String> {
        let Some(anchoring) = &self.anchoring else { return Ok(()) };
        let mut anchoring = anchoring.lock().unwrap_or_else(PoisonError::into_inner);
        let (written, file, number, head) = {
            let Open { file, path, number, previous, .. } = &lock(&self.chain).open;
            (Arc::clone(file), name_of(path), *number, *previous)
        };
        let changed = file != anchoring.file;
        let moved = if changed { number } else { number.saturating_sub(anchoring.number) };
        if !(changed || now && moved > 0 || is_due(moved, anchoring.at.elapsed())) {
            return Ok(());
        }
        // The chain's line first: an anchor must never hold one that a power cut took from the chain.
        match written.sync_data().and_then(|()| anchoring.anchor.write(&self.key, &file, number, &head)) {
            Ok(()) => {
                (anchoring.file, anchoring.number, anchoring.at) = (file, number, Instant::now());
                Ok(())
            }
            Err(error) => Err(lock(&self.chain).shut(&format!("the audit's anchor cannot be written: {error}"))),
        }
    }

    /// Syncs and anchors until the ledger is dropped, and a last time then.
    fn look_after(&self, ended: &Receiver<()>) {
        let mut end = false;
        while !end {
            end = ended.recv_timeout(SYNC_EVERY) != Err(RecvTimeoutError::Timeout);
            sync(&self.chain);
            // A failure has shut the ledger, which the next append tells.
            self.anchor(end).ok();
        }
    }
}

/// A chain of one server process, and the thread that syncs and anchors it.
pub struct FileLedger {
    shared: Arc<Shared>,
    /// Dropped first, which ends the thread.
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
        started: ServerStarted,
        create: impl Fn(&Path) -> std::io::Result<File> + Send + 'static,
    ) -> Result<Self, LedgerError> {
        Self::open_sized(folder, key, started, create, FILE_SIZE, None)
    }

    /// As `open`, with the chain's head written to an anchor: now, within a second after [`crate::ANCHOR_LINES`] lines or
    /// a change of files, every minute in which it moved, and at the end.
    pub fn open_anchored(
        folder: &Path,
        key: AuditKey,
        started: ServerStarted,
        create: impl Fn(&Path) -> std::io::Result<File> + Send + 'static,
        anchor: Anchor,
    ) -> Result<Self, LedgerError> {
        Self::open_sized(folder, key, started, create, FILE_SIZE, Some(anchor))
    }

    /// As the others, with files of another size.
    pub(crate) fn open_sized(
        folder: &Path,
        key: AuditKey,
        mut started: ServerStarted,
        create: impl Fn(&Path) -> std::io::Result<File> + Send + 'static,
        full: u64,
        anchor: Option<Anchor>,
    ) -> Result<Self, LedgerError> {
        let failed = |source| LedgerError { path: folder.to_owned(), source };
        started.predecessors = heads(folder).map_err(failed)?;
        let process = started.process;
        let create: Create = Box::new(create);
        let open = Open::begin(folder, process, &key, &create, Entry::ServerStarted(started))?;
        let path = open.path.clone();
        let chain = Mutex::new(Chain {
            open,
            folder: folder.to_owned(),
            process,
            create,
            full,
            change_at: full,
            dirty: false,
            broken: None,
        });
        // No file has this name, so the first head is due.
        let anchoring = |anchor| Mutex::new(Anchoring { anchor, file: String::new(), number: 0, at: Instant::now() });
        let shared = Arc::new(Shared { chain, anchoring: anchor.map(anchoring), key });
        let unanchored = |reason: String| LedgerError { path, source: std::io::Error::other(reason) };
        shared.anchor(true).map_err(unanchored)?;
        let (alive, ended) = channel::<()>();
        let looked_after = Arc::clone(&shared);
        let syncing = std::thread::Builder::new()
            .name("audit-sync".to_owned())
            .spawn(move || looked_after.look_after(&ended))
            .map_err(failed)?;
        Ok(Self { shared, alive: Some(alive), syncing: Some(syncing) })
    }

    /// Where the chain is written now.
    pub fn path(&self) -> PathBuf {
        lock(&self.shared.chain).open.path.clone()
    }
}

impl Ledger for FileLedger {
    fn append(&self, entry: &Entry, durability: Durability) -> Result<(), LedgerFault> {
        let fields = chain::fields(entry).map_err(|error| LedgerFault(error.to_string()))?;
        lock(&self.shared.chain).append(&self.shared.key, &fields, durability).map_err(LedgerFault)?;
        if matches!(entry, Entry::ServerStopped(_)) {
            // The process may end without dropping anything.
            return self.shared.anchor(true).map_err(LedgerFault);
        }
        Ok(())
    }

    fn digest(&self, bytes: &[u8]) -> Digest {
        Digest::new(self.shared.key.digest(bytes))
    }
}

#[cfg(test)]
mod tests;
