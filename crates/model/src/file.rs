//! Names of files on this machine's drives: a path whose constructor is the check, and the identity of what lies there.
//! Syntax only: nothing here asks the file system, so a path says what was meant and not what is there.

use serde::{Serialize, Serializer};
use std::fmt;
use std::hash::{Hash, Hasher};

/// Names that Windows gives to devices in every folder, with any extension ("Naming Files, Paths, and Namespaces").
const DEVICES: [&str; 7] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"];
/// Devices with a number: `COM1`, `LPT¹`.
const NUMBERED: [&str; 2] = ["COM", "LPT"];
/// What stands after the name of a numbered device; superscripts count as digits there.
const NUMBERS: &str = "0123456789¹²³";
/// Characters that no file name holds.
const FORBIDDEN: &str = "<>\"|?*:";

/// A text that is no path of a file here: the rule that it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadPath(&'static str);

impl BadPath {
    pub(crate) const fn new(rule: &'static str) -> Self {
        Self(rule)
    }

    /// The rule in words.
    pub fn rule(self) -> &'static str {
        self.0
    }
}

/// An absolute path on a drive of this machine: `C:\Users\me\a.txt`. No share, device, stream, `.` or `..`, no name that
/// Windows would read as another one. Compared without regard to the case of letters. A short name (`PROGRA~1`) is
/// allowed here, and replaced by the real one when the path is resolved.
#[derive(Clone)]
pub struct FilePath {
    text: String,
    /// For comparing: as the file system compares names.
    folded: String,
}

impl FilePath {
    /// Characters of a path.
    pub const CAP: usize = 4_096;
    /// Characters of one name in it.
    pub const NAME_CAP: usize = 255;

    /// Reads a path; `/` stands for `\`.
    pub fn parse(text: &str) -> Result<Self, BadPath> {
        if text.chars().count() > Self::CAP {
            return Err(BadPath("a path has at most 4096 characters"));
        }
        let text = text.replace('/', "\\");
        if text.starts_with(r"\\?\") || text.starts_with(r"\\.\") || text.starts_with(r"\??\") {
            return Err(BadPath("a path names a file on a drive, not a device"));
        }
        if text.starts_with(r"\\") {
            return Err(BadPath("a path lies on a drive of this machine, not on a share"));
        }
        let mut characters = text.chars();
        let drive = characters.next().filter(char::is_ascii_alphabetic);
        let (Some(drive), Some(':'), Some('\\')) = (drive, characters.next(), characters.next()) else {
            return Err(BadPath(r"a path is absolute, with its drive: C:\folder\name"));
        };
        let drive = drive.to_ascii_uppercase();
        let rest = characters.as_str();
        let rest = rest.strip_suffix('\\').filter(|rest| !rest.is_empty()).unwrap_or(rest);
        let mut clean = format!("{drive}:");
        if rest.is_empty() {
            clean.push('\\');
        }
        for name in rest.split('\\').filter(|_| !rest.is_empty()) {
            check_name(name)?;
            clean.push('\\');
            clean.push_str(name);
        }
        let folded = fold(&clean);
        Ok(Self { text: clean, folded })
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The drive's letter.
    pub fn drive(&self) -> char {
        self.text.chars().next().unwrap_or('C')
    }

    /// The names below the drive, from the top.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.text.split('\\').skip(1).filter(|name| !name.is_empty())
    }

    /// The names, folded for comparing.
    pub fn folded_names(&self) -> impl Iterator<Item = &str> {
        self.folded.split('\\').skip(1).filter(|name| !name.is_empty())
    }

    /// The last name; none of a drive.
    pub fn name(&self) -> Option<&str> {
        self.names().last()
    }

    /// The folder that holds it; none of a drive.
    pub fn parent(&self) -> Option<Self> {
        self.name()?;
        let (above, _) = self.text.rsplit_once('\\')?;
        // A drive is written with its separator.
        let text = if above.ends_with(':') { format!("{above}\\") } else { above.to_owned() };
        let folded = fold(&text);
        Some(Self { text, folded })
    }

    /// What lies in it under this name.
    pub fn join(&self, name: &str) -> Result<Self, BadPath> {
        check_name(name)?;
        let text = format!("{}\\{name}", self.text.trim_end_matches('\\'));
        if text.chars().count() > Self::CAP {
            return Err(BadPath("a path has at most 4096 characters"));
        }
        let folded = fold(&text);
        Ok(Self { text, folded })
    }

    /// Whether it is `folder` or lies anywhere below it.
    pub fn is_within(&self, folder: &Self) -> bool {
        let above = folder.folded.trim_end_matches('\\');
        self.folded.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('\\'))
    }
}

/// Folds letters as file systems of Windows do: one character to one, by its upper case where that is one character.
pub fn fold(text: &str) -> String {
    let one = |character: char| {
        let mut upper = character.to_uppercase();
        match (upper.next(), upper.next()) {
            (Some(only), None) => only,
            _ => character,
        }
    };
    text.chars().map(one).collect()
}

fn check_name(name: &str) -> Result<(), BadPath> {
    if name.is_empty() {
        return Err(BadPath("a path has one separator between two names"));
    }
    if name == "." || name == ".." {
        return Err(BadPath("a path has no `.` and no `..`"));
    }
    if name.contains(':') {
        return Err(BadPath("a path names a file, not a stream of it: `:` stands only after the drive"));
    }
    if name.chars().any(|character| u32::from(character) < 32 || FORBIDDEN.contains(character) || character == '\\') {
        return Err(BadPath("a name holds no control character and none of < > \" | ? *"));
    }
    if name.ends_with(['.', ' ']) {
        return Err(BadPath("a name does not end in a dot or a space, which Windows would leave out"));
    }
    if name.chars().count() > FilePath::NAME_CAP {
        return Err(BadPath("a name has at most 255 characters"));
    }
    if is_device(name) {
        return Err(BadPath("a name is not that of a device, such as NUL or COM1, with any extension"));
    }
    Ok(())
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end_matches(' ');
    let upper = fold(stem);
    let numbered = |device: &str| {
        let mut rest = upper.strip_prefix(device).unwrap_or_default().chars();
        matches!((rest.next(), rest.next()), (Some(number), None) if NUMBERS.contains(number))
    };
    DEVICES.contains(&upper.as_str()) || NUMBERED.into_iter().any(numbered)
}

impl PartialEq for FilePath {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for FilePath {}

impl Hash for FilePath {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for FilePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Which file it is, whatever it is called: the volume's serial number and the file's number on it (`FILE_ID_INFO`).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileIdentity {
    /// The volume's serial number.
    pub volume: u64,
    /// The file's number on the volume.
    pub file: u128,
}

impl fmt::Display for FileIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}:{:x}", self.volume, self.file)
    }
}

impl fmt::Debug for FileIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for FileIdentity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What is done with a file or a key: roots are given for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Names, facts and contents are disclosed.
    Read,
    /// It is made, changed, moved or deleted.
    Write,
}

#[cfg(test)]
mod tests;
