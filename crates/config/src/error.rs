//! The one error of a setting: where, which key, which value, by which rule, and what was perhaps meant.

use portcullis_model::{Origin, visible};
use std::fmt;

/// Characters of a value that an error repeats, and of a name that was perhaps meant.
const VALUE_LIMIT: usize = 80;
/// Characters of a rule: one may list all keys of a table.
const RULE_LIMIT: usize = 4_000;

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
    /// Of a setting that its reader refuses.
    pub fn new(origin: Origin, key: &str, value: &str, rule: impl Into<String>) -> Self {
        // Cut here, so that a file of any size leaves a small error.
        let (key, value) = (visible(key, VALUE_LIMIT), visible(value, VALUE_LIMIT));
        Self { origin, column: None, key, value, rule: rule.into(), nearest: Vec::new() }
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
        // A file is somebody's text until it is found to be in order: whatever part of it a rule or a guess at what was
        // meant repeats is shown in visible form.
        write!(f, ": {}", visible(&self.rule, RULE_LIMIT))?;
        for (at, near) in self.nearest.iter().enumerate() {
            write!(f, "{}{}", if at == 0 { "; nearest: " } else { ", " }, visible(near, VALUE_LIMIT))?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
