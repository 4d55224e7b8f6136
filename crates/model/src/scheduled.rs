//! Names of scheduled tasks: a path in the scheduler's library whose constructor is the check. Syntax only; whether there is
//! such a task is the scheduler's to say.

use serde::{Serialize, Serializer};
use std::fmt;
use std::hash::{Hash, Hasher};

/// Characters that no name of a task or folder holds.
const FORBIDDEN: &str = "/:*?\"<>|";

/// Where a task lies: `\Backup`, `\Company\Backup`. Compared without regard to the case of letters.
#[derive(Clone)]
pub struct TaskPath {
    text: String,
    folded: String,
}

impl TaskPath {
    /// Characters of a path.
    pub const CAP: usize = 230;

    /// Reads a path; one without a leading `\` begins in the root folder.
    pub fn parse(text: &str) -> Result<Self, BadTaskPath> {
        let inner = text.strip_prefix('\\').unwrap_or(text);
        if inner.is_empty() || text.chars().count() > Self::CAP {
            return Err(BadTaskPath("the path of a task has 1 to 230 characters"));
        }
        for name in inner.split('\\') {
            if name.is_empty() || name == "." || name == ".." {
                return Err(BadTaskPath(
                    r"a path names a task and the folders above it, divided by one backslash each: \Folder\Task",
                ));
            }
            if name.chars().any(|sign| FORBIDDEN.contains(sign) || sign.is_control()) {
                return Err(BadTaskPath(
                    "a name has no slash, colon, wildcard, quote, `<`, `>`, `|` or control character",
                ));
            }
            if name.trim() != name || name.ends_with('.') {
                return Err(BadTaskPath("a name neither begins nor ends with a space, nor ends with a point"));
            }
        }
        Ok(Self { text: format!("\\{inner}"), folded: crate::fold(inner) })
    }

    /// The path, with its leading backslash.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it lies in the folder of this name, at the top of the library, or below it; or has just this name.
    pub fn is_within(&self, folder: &str) -> bool {
        let top = self.folded.split('\\').next().unwrap_or_default();
        top == crate::fold(folder)
    }
}

impl fmt::Display for TaskPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for TaskPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskPath({})", self.text)
    }
}

impl PartialEq for TaskPath {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for TaskPath {}

impl Hash for TaskPath {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

impl Serialize for TaskPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// A text that names no task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadTaskPath(&'static str);

impl BadTaskPath {
    /// The rule that it breaks.
    pub fn rule(self) -> &'static str {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_named_whole_with_its_folders() {
        let long = "x".repeat(TaskPath::CAP);
        for text in ["Backup", r"\Backup", r"\Company\My task.1", "T\u{e4}glich", long.as_str()] {
            let path = TaskPath::parse(text).unwrap();
            assert_eq!(path.as_str().trim_start_matches('\\'), text.trim_start_matches('\\'));
        }
        let longer = format!("{long}x");
        for text in [
            "",
            r"\",
            r"\\",
            r"\a\",
            r"a\\b",
            "..",
            r"\a\..\b",
            "a/b",
            "a:b",
            "a*",
            "a?",
            "\"a",
            "a<b",
            "a|b",
            "a\0b",
            " a",
            "a ",
            "a.",
            longer.as_str(),
        ] {
            assert!(TaskPath::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn case_and_a_leading_backslash_make_no_difference() {
        let path = |text: &str| TaskPath::parse(text).unwrap();
        assert_eq!(path(r"\Company\A"), path(r"company\a"));
        assert!(path(r"\MICROSOFT\Windows\x").is_within("Microsoft") && path("microsoft").is_within("Microsoft"));
        assert!(!path(r"\Microsoft2\x").is_within("Microsoft") && !path(r"\a\Microsoft\x").is_within("Microsoft"));
    }
}
