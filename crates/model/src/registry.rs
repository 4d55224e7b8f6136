//! Names of registry keys: a key whose constructor is the check, with the view through which it is seen. Syntax only;
//! which key really stands behind a name is for the port to say.

use crate::{BadPath, fold};
use serde::{Serialize, Serializer};
use std::fmt;
use std::hash::{Hash, Hasher};

/// The tops of the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hive {
    /// `HKCR`.
    ClassesRoot,
    /// `HKCU`.
    CurrentUser,
    /// `HKLM`.
    LocalMachine,
    /// `HKU`.
    Users,
    /// `HKCC`.
    CurrentConfig,
}

impl Hive {
    /// Every hive, with its short and its long name.
    pub const ALL: [(Self, &'static str, &'static str); 5] = [
        (Self::ClassesRoot, "HKCR", "HKEY_CLASSES_ROOT"),
        (Self::CurrentUser, "HKCU", "HKEY_CURRENT_USER"),
        (Self::LocalMachine, "HKLM", "HKEY_LOCAL_MACHINE"),
        (Self::Users, "HKU", "HKEY_USERS"),
        (Self::CurrentConfig, "HKCC", "HKEY_CURRENT_CONFIG"),
    ];

    /// The short name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(hive, ..)| *hive == self).map_or("HKCU", |(_, short, _)| short)
    }
}

/// Through which eyes a key is seen where 32- and 64-bit programs have their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistryView {
    /// As 64-bit programs see it.
    #[default]
    Bits64,
    /// As 32-bit programs see it.
    Bits32,
}

/// A key: `HKCU\Software\Example`. Compared without regard to the case of letters. Its name is whole: `*` and `?` stand for
/// nothing and are refused.
#[derive(Clone)]
pub struct RegistryKey {
    hive: Hive,
    /// Below the hive; empty for the hive itself.
    path: String,
    folded: String,
}

impl RegistryKey {
    /// Characters of a key's whole name.
    pub const CAP: usize = 4_096;
    /// Characters of one name in it ("Registry Element Size Limits").
    pub const NAME_CAP: usize = 255;

    /// Reads a key with the short or the long name of its hive, with or without the colon that PowerShell puts after it.
    pub fn parse(text: &str) -> Result<Self, BadPath> {
        if text.chars().count() > Self::CAP {
            return Err(BadPath::new("a key has at most 4096 characters"));
        }
        let (top, rest) = text.split_once('\\').unwrap_or((text, ""));
        let top = top.strip_suffix(':').unwrap_or(top);
        let hive = Hive::ALL
            .into_iter()
            .find(|(_, short, long)| top.eq_ignore_ascii_case(short) || top.eq_ignore_ascii_case(long))
            .map(|(hive, ..)| hive)
            .ok_or(BadPath::new("a key begins with HKCR, HKCU, HKLM, HKU or HKCC, or their long names"))?;
        Self::below(hive, rest.strip_suffix('\\').unwrap_or(rest))
    }

    /// The key of this path in a hive; the hive itself when the path is empty.
    pub fn below(hive: Hive, path: &str) -> Result<Self, BadPath> {
        for name in path.split('\\').filter(|_| !path.is_empty()) {
            if name.is_empty() {
                return Err(BadPath::new("a key has one separator between two names"));
            }
            if name.chars().count() > Self::NAME_CAP {
                return Err(BadPath::new("a name has at most 255 characters"));
            }
            if name.contains(['*', '?']) {
                return Err(BadPath::new("a key is named whole: * and ? stand for nothing here"));
            }
            if name.chars().any(char::is_control) {
                return Err(BadPath::new("a name holds no control character"));
            }
        }
        Ok(Self { hive, path: path.to_owned(), folded: fold(path) })
    }

    /// The top.
    pub fn hive(&self) -> Hive {
        self.hive
    }

    /// The names below the hive, as written.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The names below the hive, folded for comparing.
    pub fn folded_names(&self) -> impl Iterator<Item = &str> {
        self.folded.split('\\').filter(|name| !name.is_empty())
    }

    /// Whether it is `above` or lies anywhere below it.
    pub fn is_within(&self, above: &Self) -> bool {
        self.hive == above.hive
            && (above.folded.is_empty()
                || self
                    .folded
                    .strip_prefix(above.folded.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('\\')))
    }
}

impl PartialEq for RegistryKey {
    fn eq(&self, other: &Self) -> bool {
        self.hive == other.hive && self.folded == other.folded
    }
}

impl Eq for RegistryKey {}

impl Hash for RegistryKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.hive.hash(state);
        self.folded.hash(state);
    }
}

impl fmt::Display for RegistryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.hive.name())?;
        if self.path.is_empty() { Ok(()) } else { write!(f, "\\{}", self.path) }
    }
}

impl fmt::Debug for RegistryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for RegistryKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
