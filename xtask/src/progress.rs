//! Shows steps as a spinner on a terminal and as plain lines elsewhere, always on standard error, because standard
//! output belongs to what the command was asked for.

use indicatif::{ProgressBar, ProgressStyle};
use portcullis_testkit::lab::Progress;
use std::cell::RefCell;
use std::io::IsTerminal;
use std::time::Duration;

/// How often the spinner turns.
const TICK: Duration = Duration::from_millis(120);

/// Steps on standard error.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    bar: RefCell<Option<ProgressBar>>,
}

impl Steps {
    /// A spinner without a line of its own afterwards; nothing when standard error is no terminal.
    pub(crate) fn quietly_begin(&self, step: &str) {
        if std::io::stderr().is_terminal() {
            self.begin(step);
        }
    }

    /// Takes the spinner away.
    pub(crate) fn quietly_end(&self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Steps {
    fn begin(&self, step: &str) {
        if !std::io::stderr().is_terminal() {
            eprintln!("{step} ...");
            return;
        }
        let bar = ProgressBar::new_spinner().with_message(step.to_owned());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} [{elapsed}]") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(TICK);
        self.bar.replace(Some(bar));
    }

    fn end(&self, step: &str, took: Duration, ok: bool) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        let word = if ok { "done" } else { "FAILED" };
        eprintln!("{step}: {word} in {:.1} s", took.as_secs_f32());
    }
}
