//! One question about the desktop and what it stands on, with its answer, time and remedy. Which questions there are is
//! the business of the system's own file.

use anyhow::Result;
use std::time::{Duration, Instant};

/// One question.
pub struct Check {
    /// What it is about.
    pub name: &'static str,
    /// What to do when it fails.
    pub remedy: &'static str,
    /// Answers with a short finding, or an error.
    pub ask: Box<dyn Fn() -> Result<String>>,
}

/// One question's answer.
#[derive(Debug)]
pub struct Row {
    /// What it is about.
    pub name: &'static str,
    /// Whether all is well.
    pub ok: bool,
    /// What was found, or what went wrong.
    pub finding: String,
    /// What to do when it failed.
    pub remedy: &'static str,
    /// How long the question took.
    pub took: Duration,
}

impl Check {
    pub(super) fn new(name: &'static str, remedy: &'static str, ask: impl Fn() -> Result<String> + 'static) -> Check {
        Check { name, remedy, ask: Box::new(ask) }
    }

    /// Asks and measures.
    pub fn answer(&self) -> Row {
        let started = Instant::now();
        let answer = (self.ask)();
        let ok = answer.is_ok();
        let finding = answer.unwrap_or_else(|error| format!("{error:#}"));
        Row { name: self.name, ok, finding, remedy: self.remedy, took: started.elapsed() }
    }
}
