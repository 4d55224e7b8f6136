//! The folder in which the server keeps its keys and its audit, and the secrets in it. Files are made for their owner
//! alone; a key that is too short or malformed stops the start.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Characters that a supplied key has at least.
const KEY_FLOOR: usize = 32;
/// Random bytes of a key that is made here.
const KEY_BYTES: usize = 32;

/// A text that must not be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
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

/// The folder in which the server keeps its keys and its audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFolder(PathBuf);

impl DataFolder {
    /// The folder at this path, made when it is not there.
    pub fn open(path: PathBuf) -> Result<Self, FileError> {
        let folder = Self(path);
        let audit = folder.audit();
        std::fs::create_dir_all(&audit).map_err(|source| FileError::Io { path: audit, source })?;
        Ok(folder)
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where the audit's chains lie.
    pub fn audit(&self) -> PathBuf {
        self.0.join("audit")
    }

    /// The file of the HTTP key.
    pub fn http_key_file(&self) -> PathBuf {
        self.0.join("http.key")
    }

    /// The file of the audit's key.
    pub fn audit_key_file(&self) -> PathBuf {
        self.0.join("audit.key")
    }

    /// The HTTP key, made at the first start.
    pub fn http_key(&self) -> Result<Secret, FileError> {
        let path = self.http_key_file();
        let text = read_or_make(&path)?;
        let key = text.trim();
        let plain = key.bytes().all(|byte| byte.is_ascii_graphic());
        if key.len() < KEY_FLOOR || !plain {
            let rule = format!("a key has at least {KEY_FLOOR} visible ASCII characters and no spaces");
            return Err(FileError::NotAKey { path, rule });
        }
        Ok(Secret(key.to_owned()))
    }

    /// The file of the audit's key, made at the first start.
    pub fn ensure_audit_key(&self) -> Result<PathBuf, FileError> {
        let path = self.audit_key_file();
        read_or_make(&path)?;
        Ok(path)
    }
}

/// The file's text; a new one of random hexadecimal digits when there is none. Two servers that start at once agree: the
/// one that loses the race reads what the other made.
fn read_or_make(path: &Path) -> Result<String, FileError> {
    let failed = |source| FileError::Io { path: path.to_owned(), source };
    match create_for_owner(path) {
        Ok(mut file) => {
            let mut bytes = [0u8; KEY_BYTES];
            getrandom::fill(&mut bytes).map_err(|error| failed(std::io::Error::other(error)))?;
            let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            file.write_all(format!("{text}\n").as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
            Ok(text)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            std::fs::read_to_string(path).map_err(failed)
        }
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
        let first = data.http_key().unwrap();
        assert_eq!(first.expose().len(), 64);
        assert_eq!(data.http_key().unwrap(), first);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(data.http_key_file()).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_short_or_odd_key_stops_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path().to_owned()).unwrap();
        for wrong in ["", "short", &"ü".repeat(40), &"a b".repeat(20)] {
            std::fs::write(data.http_key_file(), wrong).unwrap();
            assert!(matches!(data.http_key(), Err(FileError::NotAKey { .. })), "{wrong}");
        }
    }
}
