//! The folder in which the server keeps its keys and its audit, and the secrets in it. Files are made for their owner
//! alone; a key that is too short or malformed stops the start.

use portcullis_model::KEY_PREFIX;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// Characters that a supplied key has at least.
const KEY_FLOOR: usize = 32;
/// Random bytes of a key that is made here.
const KEY_BYTES: usize = 32;

/// How often a lock that another command holds is tried.
const LOCK_POLL: Duration = Duration::from_millis(20);

/// The file of the HTTP key that lies open.
pub(crate) const HTTP_KEY_FILE: &str = "http.key";
/// Different characters that a key has at least: 32 random hexadecimal digits with fewer are not to be seen.
const KEY_VARIETY: usize = 8;
/// What the keys in other servers' manuals and in templates are made of. Who pads one to the length has no key.
const SAMPLES: &[&str] = &["my-secret-key", "your-secret-key", "your-key", "your_key", "changeme", "change-me"];

/// A text that must not be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A new HTTP key of 256 random bits, which begins so that a search for leaked keys knows it.
    pub(crate) fn random() -> Result<Self, FileError> {
        let failed = |source| FileError::Io { path: PathBuf::from("the system's random numbers"), source };
        Ok(Self(format!("{KEY_PREFIX}{}", random_digits().map_err(failed)?)))
    }

    /// The text, for comparing and for masking alone.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// A file of ours cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A folder of ours leads elsewhere.
    #[error(
        "{path}: this folder is a link, and what the server writes would lie wherever it leads; remove the link, or choose \
         another place for the whole data folder with --data"
    )]
    Link {
        /// Which folder.
        path: PathBuf,
    },
    /// Another command asks the servers.
    #[error("{path}: another command asks the servers; try again when it has ended")]
    Asking {
        /// What it holds.
        path: PathBuf,
    },
    /// There is no folder with an audit.
    #[error("{path}: there is no audit here; name the data folder of the server with --data")]
    NoAudit {
        /// Which folder.
        path: PathBuf,
    },
    /// An anchor would lie beside what it is to vouch for.
    #[error(
        "{path}: an anchor lies outside the data folder, best where this account cannot rewrite it; name a file elsewhere"
    )]
    AnchorInside {
        /// Which file.
        path: PathBuf,
    },
    /// The file of the named keys is not in order.
    #[error("{path}: {rule}; no key opens the server until that is mended, or the file deleted")]
    Keys {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        rule: String,
    },
    /// It does not hold a key.
    #[error("{path}: {rule}; delete the file and a new key is made at the next start")]
    NotAKey {
        /// Which file.
        path: PathBuf,
        /// What it must hold.
        rule: String,
    },
}

/// Makes a new file that its owner alone can read, open for appending. On Windows the folder's own access list decides,
/// which in a user's local application data names the user, the system and administrators.
pub fn create_for_owner(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Locks a file that is there to be locked, made for its owner alone; nothing when another command holds it for longer.
/// Who may open it may hold it, so one that others can open is closed to them.
pub(crate) fn lock(path: &Path, limit: Duration) -> std::io::Result<Option<File>> {
    let file = match create_for_owner(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => File::options().read(true).write(true).open(path)?,
        // Windows locks no file that is only appended to.
        made => made.and_then(|_| File::options().read(true).write(true).open(path))?,
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        }
    }
    let deadline = Instant::now() + limit;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(LOCK_POLL),
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// Makes a folder of ours where it is not there, and refuses one that leads elsewhere.
pub(crate) fn own_folder(path: &Path) -> Result<(), FileError> {
    let failed = |source| FileError::Io { path: path.to_owned(), source };
    std::fs::create_dir_all(path).map_err(failed)?;
    // Windows' junctions count as links here, too.
    if std::fs::symlink_metadata(path).map_err(failed)?.is_symlink() {
        return Err(FileError::Link { path: path.to_owned() });
    }
    Ok(())
}

/// Writes a file for its owner alone, which takes the name of the old one when it is whole.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let beside = path.with_extension("new");
    let write = || {
        // What a command that was killed left behind is nobody's.
        match std::fs::remove_file(&beside) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = create_for_owner(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        drop(file);
        std::fs::rename(&beside, path)
    };
    write().map_err(|source| FileError::Io { path: path.to_owned(), source })
}

/// The folder in which the server keeps its keys and its audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFolder(PathBuf);

impl DataFolder {
    /// The folder at this path, made when it is not there.
    pub fn open(path: PathBuf) -> Result<Self, FileError> {
        let folder = Self(path);
        own_folder(&folder.audit())?;
        Ok(folder)
    }

    /// The folder at this path, which must be there with an audit in it: for reading alone, nothing is made.
    pub fn existing(path: PathBuf) -> Result<Self, FileError> {
        let folder = Self(path);
        let audit = folder.audit();
        if audit.is_dir() { Ok(folder) } else { Err(FileError::NoAudit { path: audit }) }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where the audit's chains lie.
    pub fn audit(&self) -> PathBuf {
        self.0.join("audit")
    }

    /// The folder of the log's files, made when it is not there.
    pub fn log(&self) -> Result<PathBuf, FileError> {
        let log = self.0.join("log");
        own_folder(&log)?;
        Ok(log)
    }

    /// The file of the HTTP key.
    pub fn http_key_file(&self) -> PathBuf {
        self.0.join(HTTP_KEY_FILE)
    }

    /// The file of the audit's key.
    pub fn audit_key_file(&self) -> PathBuf {
        self.0.join("audit.key")
    }

    /// Whether a file of this name would lie in this folder. Its own folder must be there.
    pub fn holds(&self, path: &Path) -> std::io::Result<bool> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Ok(parent.canonicalize()?.starts_with(self.0.canonicalize()?))
    }

    /// The audit's anchor at this path, open for appending and made for its owner alone when it is not there.
    pub fn open_anchor(&self, path: &Path) -> Result<File, FileError> {
        let failed = |source| FileError::Io { path: path.to_owned(), source };
        if self.holds(path).map_err(failed)? {
            return Err(FileError::AnchorInside { path: path.to_owned() });
        }
        match create_for_owner(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => OpenOptions::new().append(true).open(path),
            other => other,
        }
        .map_err(failed)
    }

    /// The file of the audit's key, made at the first start.
    pub fn ensure_audit_key(&self) -> Result<PathBuf, FileError> {
        let path = self.audit_key_file();
        read_or_make(&path, random_digits)?;
        Ok(path)
    }
}

/// The HTTP key in this file; a new one is made when there is none and one is wanted.
pub(crate) fn http_key_text(path: &Path, make: bool) -> Result<Secret, FileError> {
    let text = if make {
        read_or_make(path, || Ok(format!("{KEY_PREFIX}{}", random_digits()?)))?
    } else {
        std::fs::read_to_string(path).map_err(|source| FileError::Io { path: path.to_owned(), source })?
    };
    let key = text.trim();
    let path = path.to_owned();
    let plain = key.bytes().all(|byte| byte.is_ascii_graphic());
    if key.len() < KEY_FLOOR || !plain {
        let rule = format!("a key has at least {KEY_FLOOR} visible ASCII characters and no spaces");
        return Err(FileError::NotAKey { path, rule });
    }
    let lower = key.to_ascii_lowercase();
    let variety = key.bytes().collect::<std::collections::BTreeSet<u8>>().len();
    if variety < KEY_VARIETY || SAMPLES.iter().any(|sample| lower.contains(sample)) {
        let rule = "a key is random; this one is a sample's, or nearly one character over and over".to_owned();
        return Err(FileError::NotAKey { path, rule });
    }
    Ok(Secret(key.to_owned()))
}

/// Random hexadecimal digits.
pub(crate) fn random_digits() -> std::io::Result<String> {
    let mut bytes = [0u8; KEY_BYTES];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The file's text; a new one when there is none. Two servers that start at once agree: the
/// one that loses the race reads what the other made.
fn read_or_make(path: &Path, make: impl FnOnce() -> std::io::Result<String>) -> Result<String, FileError> {
    let failed = |source| FileError::Io { path: path.to_owned(), source };
    match create_for_owner(path) {
        Ok(mut file) => {
            let text = make().map_err(failed)?;
            file.write_all(format!("{text}\n").as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
            Ok(text)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => std::fs::read_to_string(path).map_err(failed),
        Err(error) => Err(failed(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_for_the_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path().join("data")).unwrap();
        let key = || http_key_text(&data.http_key_file(), true).unwrap();
        let first = key();
        assert_eq!(first.expose().len(), KEY_PREFIX.len() + 2 * KEY_BYTES);
        assert_eq!(key(), first);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(data.http_key_file()).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_folder_that_is_read_is_never_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        assert!(matches!(DataFolder::existing(path.clone()), Err(FileError::NoAudit { .. })));
        assert!(!path.exists());
        DataFolder::open(path.clone()).unwrap();
        assert!(DataFolder::existing(path).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_of_ours_that_leads_elsewhere_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = folder.path().join("elsewhere");
        std::fs::create_dir(&elsewhere).unwrap();
        let data = DataFolder::open(folder.path().join("data")).unwrap();
        data.log().unwrap();
        for name in ["log", "audit"] {
            std::fs::remove_dir(data.path().join(name)).unwrap();
            std::os::unix::fs::symlink(&elsewhere, data.path().join(name)).unwrap();
        }
        assert!(matches!(data.log(), Err(FileError::Link { .. })));
        assert!(matches!(DataFolder::open(data.path().to_owned()), Err(FileError::Link { .. })));
        // A data folder that the owner reaches by a link is the owner's choice.
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
        DataFolder::open(link).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_is_its_owners_alone_and_is_waited_for_no_longer_than_said() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        // One that an earlier version left for others to open is closed to them.
        File::create(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let held = lock(&path, Duration::ZERO).unwrap();
        assert!(held.is_some());
        assert_eq!(mode(), 0o600);
        assert!(lock(&path, Duration::ZERO).unwrap().is_none());
        drop(held);
        assert!(lock(&path, Duration::ZERO).unwrap().is_some());
        std::fs::remove_file(&path).unwrap();
        assert!(lock(&path, Duration::ZERO).unwrap().is_some());
        assert_eq!(mode(), 0o600);
    }

    #[test]
    fn an_anchor_lies_elsewhere_and_is_only_appended_to() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path().join("data")).unwrap();
        for inside in [data.path().join("anchor"), data.audit().join("anchor"), data.audit().join("../../data/anchor")]
        {
            assert!(matches!(data.open_anchor(&inside), Err(FileError::AnchorInside { .. })), "{}", inside.display());
        }
        assert!(matches!(data.open_anchor(&folder.path().join("none/anchor")), Err(FileError::Io { .. })));
        let path = folder.path().join("anchor");
        for text in ["a", "b"] {
            data.open_anchor(&path).unwrap().write_all(text.as_bytes()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), "ab");
    }

    #[test]
    fn a_short_or_odd_key_stops_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path().to_owned()).unwrap();
        let samples = [&"my-secret-key".repeat(3), &format!("Your-Secret-Key-{}", "x1".repeat(20)), &"ab".repeat(20)];
        let odd = ["", "short", &"ü".repeat(40), &"a b".repeat(20)];
        for wrong in odd.into_iter().chain(samples.into_iter().map(String::as_str)) {
            std::fs::write(data.http_key_file(), wrong).unwrap();
            let found = http_key_text(&data.http_key_file(), true);
            assert!(matches!(found, Err(FileError::NotAKey { .. })), "{wrong}");
        }
    }
}
