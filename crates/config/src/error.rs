//! The one error of a setting: where, which key, which value, by which rule, and what was perhaps meant.

use portcullis_model::{Origin, visible};
use std::fmt;

/// Characters of a value that an error repeats.
const VALUE_LIMIT: usize = 80;

/// A setting that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Where it came from.
    pub origin: Origin,
    /// The column in a file, from 1.
    pub column: Option<usize>,
    /// Which setting; empty when the file as a whole is at fault.
    pub key: String,
    /// The value at fault, cut; empty when the key itself is at fault.
    pub value: String,
    /// The rule, and what to do.
    pub rule: String,
    /// What was perhaps meant.
    pub nearest: Vec<String>,
}

impl ConfigError {
    /// Of a setting that its reader refuses; `key` and `value` are shown cut and in visible form.
    pub fn new(origin: Origin, key: &str, value: &str, rule: impl Into<String>) -> Self {
        // A file is somebody's text until it is found to be in order; it is shown in visible form.
        let (key, value, nearest) = (visible(key, VALUE_LIMIT), visible(value, VALUE_LIMIT), Vec::new());
        Self { origin, column: None, key, value, rule: rule.into(), nearest }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.origin)?;
        if let Some(column) = self.column {
            write!(f, ":{column}")?;
        }
        if !self.key.is_empty() {
            write!(f, " `{}`", self.key)?;
        }
        if !self.value.is_empty() || matches!(self.origin, Origin::Flag(_) | Origin::Default) {
            write!(f, " = `{}`", self.value)?;
        }
        write!(f, ": {}", self.rule)?;
        if !self.nearest.is_empty() {
            write!(f, "; nearest: {}", self.nearest.join(", "))?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
