//! The journal of the fixture app, read by the test process: the oracle for what really happened on the desktop. This
//! is the one place where tests wait for it; nothing here knows what a control is.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How long what a call caused may take to reach the journal.
pub const EVENT_LIMIT: Duration = Duration::from_secs(5);
/// How often the file is looked at while it is waited for.
const POLL: Duration = Duration::from_millis(10);
/// Events that an error repeats.
const SHOWN: usize = 12;

/// A place in the journal: all before it is past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark(usize);

/// One fixture's journal.
#[derive(Debug, Clone)]
pub struct Journal {
    path: PathBuf,
}

impl Journal {
    /// The journal in this file, which need not exist yet.
    pub fn at(path: impl Into<PathBuf>) -> Journal {
        Journal { path: path.into() }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Every whole line so far.
    pub fn all(&self) -> Result<Vec<Value>> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).with_context(|| format!("{}", self.path.display())),
        };
        let whole = text.rfind('\n').map_or("", |end| text.get(..end).unwrap_or_default());
        whole.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
    }

    /// Now.
    pub fn mark(&self) -> Result<Mark> {
        Ok(Mark(self.all()?.len()))
    }

    /// What was journalled after a mark.
    pub fn since(&self, mark: Mark) -> Result<Vec<Value>> {
        Ok(self.all()?.split_off(mark.0))
    }

    /// The first event after a mark that fits. `what` says in an error what was waited for.
    pub fn await_event(&self, mark: Mark, what: &str, limit: Duration, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        let deadline = Instant::now() + limit;
        loop {
            let events = self.since(mark)?;
            if let Some(event) = events.iter().find(|event| fits(event)) {
                return Ok(event.clone());
            }
            if Instant::now() >= deadline {
                let from = events.len().saturating_sub(SHOWN);
                let last: Vec<String> = events.iter().skip(from).map(Value::to_string).collect();
                bail!("no `{what}` in the journal within {limit:?}; its last events:\n{}", last.join("\n"));
            }
            thread::sleep(POLL);
        }
    }

    /// The first event of that kind on that control after a mark.
    pub fn await_control(&self, mark: Mark, event: &str, control: &str) -> Result<Value> {
        self.await_event(mark, &format!("{event} of {control}"), EVENT_LIMIT, |line| is(line, event, control))
    }
}

/// Whether a line is that event of that control.
pub fn is(line: &Value, event: &str, control: &str) -> bool {
    let says = |name: &str, value: &str| line.get(name).and_then(Value::as_str) == Some(value);
    says("event", event) && says("control", control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_line_is_not_read_and_waiting_says_what_came_instead() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::at(folder.path().join("j"));
        assert!(journal.all().unwrap().is_empty());
        let line = r#"{"event":"click","control":"greet"}"#;
        fs::write(journal.path(), format!("{line}\n{{\"event\":\"te")).unwrap();
        assert_eq!(journal.all().unwrap().len(), 1);
        assert!(journal.await_control(Mark(0), "click", "greet").is_ok());
        let late = journal.await_event(Mark(0), "text", Duration::ZERO, |_| false).unwrap_err();
        assert!(late.to_string().contains("greet"), "{late}");
    }
}
