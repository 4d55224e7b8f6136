//! One measured number beside its bar, as it goes to `xtask bench`: one JSON line on standard output.

use serde_json::json;
use std::io::Write;

/// A number, what it is compared with, and the most that it may be.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) ours: f64,
    pub(crate) baseline: Option<f64>,
    pub(crate) limit: f64,
    /// The bar in words.
    pub(crate) bar: &'static str,
    /// What else was seen.
    pub(crate) note: String,
}

impl Row {
    /// A number that must stay under a fixed one.
    pub(crate) fn fixed(name: &str, unit: &'static str, ours: f64, limit: f64, bar: &'static str) -> Self {
        Self { name: name.to_owned(), unit, ours, baseline: None, limit, bar, note: String::new() }
    }

    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    pub(crate) fn print(&self) {
        let line = json!({
            "name": self.name, "unit": self.unit, "ours": self.ours, "baseline": self.baseline,
            "limit": self.limit, "bar": self.bar, "note": self.note, "ok": self.ours <= self.limit,
        });
        // When nobody reads, the exit code of the writer's reader says so.
        let _ = writeln!(std::io::stdout(), "{line}");
    }
}

/// The middle value; 0 of nothing.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
