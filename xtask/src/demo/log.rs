//! What the client wrote down: each call, its pictures and its own checks, in order.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;
use std::fs;
use std::path::Path;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// It only looked.
    Ask,
    /// It acted.
    Act,
    /// It was to be refused.
    Refused,
    /// It took a picture for the page.
    Picture,
}

/// One call.
#[derive(Debug, Deserialize)]
pub(super) struct Call {
    pub(super) kind: Kind,
    pub(super) order: usize,
    pub(super) title: String,
    pub(super) tool: String,
    pub(super) arguments: Value,
    pub(super) answer: String,
    pub(super) millis: f64,
    /// The picture before it.
    pub(super) before: Option<String>,
    /// The picture after it.
    #[serde(skip)]
    pub(super) after: Option<String>,
}

/// What the client compared by itself.
#[derive(Debug, Deserialize)]
pub(super) struct Check {
    pub(super) title: String,
    pub(super) ok: bool,
    pub(super) text: String,
}

#[derive(Debug)]
pub(super) enum Event {
    Call(Call),
    Check(Check),
}

/// The whole record.
#[derive(Debug, Default)]
pub(super) struct Story {
    pub(super) client: String,
    pub(super) server: String,
    pub(super) protocol: String,
    pub(super) tools: Vec<String>,
    pub(super) events: Vec<Event>,
}

impl Story {
    /// Every call, pictures too, in order.
    pub(super) fn calls(&self) -> impl Iterator<Item = &Call> {
        self.events.iter().filter_map(|event| match event {
            Event::Call(call) => Some(call),
            Event::Check(_) => None,
        })
    }

    fn set_after(&mut self, picture: Option<String>) {
        let acted = self.events.iter_mut().rev().find_map(|event| match event {
            Event::Call(call) if call.kind == Kind::Act => Some(call),
            _ => None,
        });
        if let Some(call) = acted {
            call.after = picture;
        }
    }
}

/// Reads the record; one that is not there yet is an empty one.
pub(super) fn read(path: &Path) -> Result<Story> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let mut story = Story::default();
    for (number, line) in text.lines().enumerate() {
        take(&mut story, line).with_context(|| format!("line {} of {}", number + 1, path.display()))?;
    }
    Ok(story)
}

fn take(story: &mut Story, line: &str) -> Result<()> {
    let value: Value = serde_json::from_str(line)?;
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    match text("kind").as_deref() {
        Some("connected") => {
            story.client = text("client").unwrap_or_default();
            story.server = text("server").unwrap_or_default();
            story.protocol = text("protocol").unwrap_or_default();
            let tools = value.get("tools").and_then(Value::as_array);
            story.tools = tools.into_iter().flatten().filter_map(|tool| tool.as_str().map(str::to_owned)).collect();
        }
        Some("after") => story.set_after(text("picture")),
        Some("check") => story.events.push(Event::Check(serde_json::from_value(value)?)),
        Some("wrong") => {}
        _ => story.events.push(Event::Call(serde_json::from_value(value)?)),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_gets_the_picture_that_was_taken_after_it() {
        let call = |kind: &str, more: &str| {
            format!(
                r#"{{"kind":"{kind}","order":1,"title":"t","tool":"Type","arguments":{{}},"answer":"a","is_error":false,"started":1.5,"millis":2.0,"images":[]{more}}}"#
            )
        };
        let mut story = Story::default();
        take(&mut story, &call("act", r#","before":"1.png""#)).unwrap();
        take(&mut story, &call("picture", "")).unwrap();
        take(&mut story, r#"{"kind":"after","order":2,"picture":"2.png"}"#).unwrap();
        let act = story.calls().next().unwrap();
        assert_eq!((act.before.as_deref(), act.after.as_deref()), (Some("1.png"), Some("2.png")));
        assert_eq!(story.calls().count(), 2);
    }
}
