//! The keys that open the HTTP server: `keys.json`, which holds the digests of named keys, and `http.key`, the one key that
//! lies open in its owner's file. Both become the same entries here; nobody is authenticated in this file.

use crate::files::{DataFolder, FileError, HTTP_KEY_FILE, Secret, http_key_text, lock, replace};
use portcullis_model::{Digest, Scope, Scopes, visible};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Keys in the file.
pub const KEY_CAP: usize = 256;
/// Characters of a key's name.
const NAME_CAP: usize = 32;
/// Bytes of the file.
const FILE_CAP: u64 = 256 * 1024;
/// The one version of the file.
const VERSION: u32 = 1;
/// The name of the key in `http.key`.
const DEFAULT: &str = "default";
/// The name of the principal that has no key.
const LOCAL: &str = "local";
/// What a wait for another command's change may take.
const LOCK_LIMIT: Duration = Duration::from_secs(5);
/// The longest life of a key that ends.
const LIFE_CAP_DAYS: i64 = 3_650;

/// The name of a key: what records and rules call its holder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyName(String);

impl KeyName {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it stands for already, so that no key is made under it.
    fn meaning(&self) -> Option<&'static str> {
        match self.as_str() {
            DEFAULT => {
                Some("the key in http.key, which the first start of an HTTP server makes while there is no other")
            }
            LOCAL => Some("who starts a server over standard input and output"),
            _ => None,
        }
    }

    /// Whether it is that of the key in `http.key`.
    pub fn is_default(&self) -> bool {
        self.0 == DEFAULT
    }
}

impl FromStr for KeyName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        if text.is_empty() || text.len() > NAME_CAP || !text.bytes().all(plain) || text.starts_with(['-', '_']) {
            return Err(format!(
                "a key's name has 1 to {NAME_CAP} lower-case letters, digits, `-` and `_`, and begins with \
                                one of the first two"
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// When a key ends, as asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyLife {
    /// Never.
    Endless,
    /// After so long.
    For(time::Duration),
    /// At that time.
    Until(OffsetDateTime),
}

impl KeyLife {
    fn end(self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        match self {
            Self::Endless => None,
            Self::For(long) => now.checked_add(long),
            Self::Until(end) => Some(end),
        }
    }
}

impl FromStr for KeyLife {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "never" {
            return Ok(Self::Endless);
        }
        let counted = |unit: char, hours: i64| {
            let count: i64 = text.strip_suffix(unit)?.parse().ok()?;
            let fits = (1..=LIFE_CAP_DAYS * 24).contains(&count.checked_mul(hours)?);
            fits.then(|| Self::For(time::Duration::hours(count * hours)))
        };
        let at = || OffsetDateTime::parse(text, &Rfc3339).ok().map(Self::Until);
        counted('d', 24).or_else(|| counted('h', 1)).or_else(at).ok_or_else(|| {
            format!(
                "write days or hours such as 90d or 12h, at most {LIFE_CAP_DAYS}d, a time such as \
                     2027-01-31T00:00:00Z, or never"
            )
        })
    }
}

/// A key as it is kept: who has it, what it opens, and not its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// Its name.
    pub name: KeyName,
    /// The SHA-256 of its text.
    pub digest: Digest,
    /// What it opens.
    pub scopes: Scopes,
    /// When it was made; unknown of the key in `http.key`.
    pub created: Option<OffsetDateTime>,
    /// When it ends, if it does.
    pub expires: Option<OffsetDateTime>,
}

/// The file, as written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    keys: Vec<WrittenKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKey {
    name: String,
    sha256: String,
    scopes: Vec<String>,
    created: String,
    expires: Option<String>,
}

impl WrittenKey {
    fn of(key: &StoredKey) -> Self {
        let text = |time: OffsetDateTime| time.format(&Rfc3339).unwrap_or_default();
        Self {
            name: key.name.0.clone(),
            sha256: key.digest.to_string(),
            scopes: key.scopes.written(),
            created: key.created.map(text).unwrap_or_default(),
            expires: key.expires.map(text),
        }
    }

    fn read(&self) -> Result<StoredKey, String> {
        let name: KeyName = self.name.parse()?;
        if name.is_default() {
            return Err(format!("`{DEFAULT}` is the key in http.key"));
        }
        if self.scopes.is_empty() {
            return Err(format!("`{name}`: it has no scope and would open nothing; give it one, such as `observe`"));
        }
        let time = |text: &str| {
            OffsetDateTime::parse(text, &Rfc3339)
                .map_err(|_| format!("`{name}`: a time is written 2027-01-31T00:00:00Z"))
        };
        Ok(StoredKey {
            digest: digest(&self.sha256).ok_or_else(|| format!("`{name}`: sha256 has 64 hexadecimal digits"))?,
            scopes: Scopes::parse(self.scopes.iter().map(String::as_str))
                .map_err(|wrong| format!("`{name}`: {wrong}"))?,
            created: Some(time(&self.created)?),
            expires: self.expires.as_deref().map(time).transpose()?,
            name,
        })
    }
}

fn digest(text: &str) -> Option<Digest> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(Digest::new(bytes))
}

/// A change of the keys that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file cannot be read, written or understood.
    #[error(transparent)]
    File(#[from] FileError),
    /// There is a key of that name.
    #[error("there is a key `{0}`; revoke or rotate it, or choose another name")]
    Taken(KeyName),
    /// The name means something else.
    #[error("`{name}` is {meaning}; choose another name")]
    Reserved {
        /// The name.
        name: KeyName,
        /// What it stands for.
        meaning: &'static str,
    },
    /// There is none.
    #[error("there is no key `{name}`; there are: {there}")]
    Absent {
        /// The name.
        name: KeyName,
        /// The names that there are.
        there: String,
    },
    /// It would open nothing.
    #[error("the key `{0}` would have no scope and open nothing; give it `observe`, or what it is for")]
    NoScopes(KeyName),
    /// There are too many.
    #[error("there are {KEY_CAP} keys; revoke one that nobody uses")]
    Full,
    /// It would have ended already.
    #[error("--expires: the key would have ended before now; choose a later time")]
    Ended,
    /// Another command holds the keys.
    #[error("another command changes the keys; try again when it has ended")]
    Busy,
}

/// The keys in a data folder.
#[derive(Clone, Debug)]
pub struct KeyStore(PathBuf);

impl KeyStore {
    /// Those in this folder.
    pub fn of(data: &DataFolder) -> Self {
        Self::at(data.path().to_owned())
    }

    /// Those in the folder at this path, which need not be there: for reading.
    pub fn at(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// The file of the named keys.
    pub fn file(&self) -> PathBuf {
        self.0.join("keys.json")
    }

    fn default_file(&self) -> PathBuf {
        self.0.join(HTTP_KEY_FILE)
    }

    /// The files that hold keys, whether they are there or not.
    pub fn files(&self) -> Vec<PathBuf> {
        vec![self.file(), self.default_file()]
    }

    /// Makes `http.key` when no key was ever made here. Once the owner names keys, none is made unasked.
    pub fn ensure_one(&self) -> Result<(), FileError> {
        if self.file().exists() || self.default_file().exists() {
            return Ok(());
        }
        http_key_text(&self.default_file(), true).map(drop)
    }

    /// The key in `http.key`, if it is there.
    pub fn default_key(&self) -> Result<Option<Secret>, FileError> {
        let path = self.default_file();
        match http_key_text(&path, false) {
            Err(FileError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
            other => other.map(Some),
        }
    }

    /// All keys, that of `http.key` first, also those that have ended.
    pub fn all(&self) -> Result<Vec<StoredKey>, FileError> {
        let default = self.default_key()?.map(|secret| StoredKey {
            name: KeyName(DEFAULT.to_owned()),
            digest: Digest::of(secret.expose().as_bytes()),
            scopes: [Scope::Observe, Scope::Interact].into_iter().collect(),
            created: None,
            expires: None,
        });
        Ok(default.into_iter().chain(self.named()?).collect())
    }

    fn named(&self) -> Result<Vec<StoredKey>, FileError> {
        let path = self.file();
        let wrong = |rule: String| FileError::Keys { path: path.clone(), rule };
        let mut text = String::new();
        match File::open(&path) {
            Ok(file) => file.take(FILE_CAP + 1).read_to_string(&mut text),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => Err(error),
        }
        .map_err(|source| FileError::Io { path: path.clone(), source })?;
        if u64::try_from(text.len()).unwrap_or(u64::MAX) > FILE_CAP {
            return Err(wrong(format!("it has more than {FILE_CAP} bytes")));
        }
        // What serde says of a wrong name repeats it.
        let written: Written = serde_json::from_str(&text).map_err(|error| wrong(visible(&error.to_string(), 200)))?;
        if written.version != VERSION {
            return Err(wrong(format!("it is of version {}; this build reads version {VERSION}", written.version)));
        }
        if written.keys.len() > KEY_CAP {
            return Err(wrong(format!("it has more than {KEY_CAP} keys")));
        }
        let keys: Vec<StoredKey> =
            written.keys.iter().map(WrittenKey::read).collect::<Result<_, _>>().map_err(wrong)?;
        let mut names: Vec<&KeyName> = keys.iter().map(|key| &key.name).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find_map(|pair| (pair.first() == pair.last()).then(|| pair.first())?) {
            return Err(wrong(format!("it has two keys `{twice}`")));
        }
        Ok(keys)
    }

    /// Makes a key; its text is in the answer and nowhere else.
    pub fn make(&self, name: KeyName, scopes: Scopes, life: KeyLife, now: OffsetDateTime) -> Result<Secret, KeyError> {
        self.change(|keys| {
            if let Some(meaning) = name.meaning() {
                return Err(KeyError::Reserved { name, meaning });
            }
            if keys.iter().any(|key| key.name == name) {
                return Err(KeyError::Taken(name));
            }
            if scopes.is_empty() {
                return Err(KeyError::NoScopes(name));
            }
            if keys.len() >= KEY_CAP {
                return Err(KeyError::Full);
            }
            let expires = life.end(now);
            if expires.is_some_and(|end| end <= now) {
                return Err(KeyError::Ended);
            }
            let secret = Secret::random()?;
            let digest = Digest::of(secret.expose().as_bytes());
            keys.push(StoredKey { name, digest, scopes, created: Some(now), expires });
            Ok(secret)
        })
    }

    /// Takes a key away.
    pub fn revoke(&self, name: &KeyName) -> Result<(), KeyError> {
        if name.is_default() {
            let path = self.default_file();
            // Named keys are from now on the only ones: none is made in its place at the next start.
            self.change(|_| Ok(()))?;
            return match std::fs::remove_file(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => Err(self.absent(name)),
                done => Ok(done.map_err(|source| FileError::Io { path, source })?),
            };
        }
        self.change(|keys| {
            let before = keys.len();
            keys.retain(|key| key.name != *name);
            if keys.len() == before { Err(self.absent(name)) } else { Ok(()) }
        })
    }

    /// Gives a key a new text, for as long a life as it had. That of `http.key` is written into its file.
    pub fn rotate(&self, name: &KeyName, now: OffsetDateTime) -> Result<Secret, KeyError> {
        let secret = Secret::random()?;
        if name.is_default() {
            let path = self.default_file();
            if self.default_key()?.is_none() {
                return Err(self.absent(name));
            }
            replace(&path, format!("{}\n", secret.expose()).as_bytes())?;
            return Ok(secret);
        }
        self.change(|keys| {
            let Some(key) = keys.iter_mut().find(|key| key.name == *name) else { return Err(self.absent(name)) };
            let life = key.expires.zip(key.created).map(|(end, begin)| end - begin);
            key.digest = Digest::of(secret.expose().as_bytes());
            key.expires = life.and_then(|life| now.checked_add(life));
            key.created = Some(now);
            Ok(())
        })?;
        Ok(secret)
    }

    fn absent(&self, name: &KeyName) -> KeyError {
        let names: Vec<String> = self.all().unwrap_or_default().iter().map(|key| key.name.to_string()).collect();
        let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        KeyError::Absent { name: name.clone(), there }
    }

    /// Reads, changes and writes the file while no other command does. A change that fails writes nothing.
    fn change<T>(&self, change: impl FnOnce(&mut Vec<StoredKey>) -> Result<T, KeyError>) -> Result<T, KeyError> {
        let path = self.0.join("keys.lock");
        let failed = |source| FileError::Io { path: path.clone(), source };
        let Some(_lock) = lock(&path, LOCK_LIMIT).map_err(failed)? else { return Err(KeyError::Busy) };
        let mut keys = self.named()?;
        let answer = change(&mut keys)?;
        let written = Written { version: VERSION, keys: keys.iter().map(WrittenKey::of).collect() };
        let text = serde_json::to_string_pretty(&written).map_err(|error| failed(std::io::Error::other(error)))?;
        replace(&self.file(), text.as_bytes())?;
        Ok(answer)
    }
}

#[cfg(test)]
mod tests;
