//! A passage of a control's text, by its words or by character positions, and selecting it. Words are looked for in what the
//! control holds now; nothing is typed and nothing is changed here.

use crate::args::{Int, Text};
use crate::context::ApplyContext;
use crate::desktop::target::Nth;
use portcullis_model::{ElementIdentity, Fault, FaultCode, Outcome};
use portcullis_platform::ControlAct;
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::Deserialize;

/// Characters of a text in which words are looked for.
const SEARCHED: usize = 200_000;
/// Characters of the words.
const WORDS_CAP: usize = 2_000;
/// Places that are told when words stand there several times.
const TOLD: usize = 5;

/// Which characters are meant, as they come.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SelectArgs {
    /// These words
    text: Option<Text<WORDS_CAP>>,
    nth: Option<Nth>,
    /// Or by position, as GetText counts
    from: Option<Int<0, 2_000_000_000>>,
    to: Option<Int<0, 2_000_000_000>>,
}

/// Which characters are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    /// The words, and which of several places.
    Words(String, Option<usize>),
    /// From the first character to one after the last.
    Range(usize, usize),
}

impl SelectArgs {
    /// One way of saying it, whole.
    pub(crate) fn parse(self) -> Result<Passage, Fault> {
        let rule = "it has `text`, perhaps with `nth`, or `from` and `to`, of which `to` is no less";
        match (self.text, self.nth, self.from, self.to) {
            (Some(text), nth, None, None) if !text.0.is_empty() => Ok(Passage::Words(text.0, nth.map(Int::size))),
            (None, None, Some(from), Some(to)) if from.get() <= to.get() => Ok(Passage::Range(from.size(), to.size())),
            _ => Err(Fault::bad_argument("select", "another combination", rule, "say which characters to select")),
        }
    }
}

impl Passage {
    /// Selects it, and reads back what is selected.
    pub(crate) fn select(
        &self,
        element: &ElementIdentity,
        permit: &Permit,
        cx: &ApplyContext<'_>,
    ) -> Result<Outcome, Fault> {
        let read = cx.ports.tree.text(permit, element, 0, SEARCHED, cx.deadline)?;
        let (text, total) = (read.text.raw(), read.total_chars);
        let (from, to) = match self {
            Self::Words(words, nth) => find(text, words, *nth, total)?,
            Self::Range(from, to) => within(*from, *to, total.unwrap_or_else(|| text.chars().count()))?,
        };
        let act = ControlAct::SelectText { from, to };
        let by = cx.ports.tree.act(permit, element, &act, cx.deadline, cx.cancel)?.by;
        let asked = format!("characters {from} to {to}, by {by}");
        Ok(match cx.ports.tree.text(permit, element, 0, 0, cx.deadline).ok().and_then(|read| read.selection) {
            Some(found) if found == (from, to) => Outcome::confirmed(format!("{asked}; they are selected")),
            Some((start, end)) => Outcome::NoEffect { observed: format!("{asked}; selected are {start} to {end}") },
            None => Outcome::Unverified { why: format!("{asked}; the control does not tell what is selected") },
        })
    }
}

/// A range that begins inside the text; its end is the text's at the latest.
fn within(from: usize, to: usize, total: usize) -> Result<(usize, usize), Fault> {
    if from > total {
        let rule = format!("the text has {total} characters");
        return Err(Fault::bad_argument("select.from", from, &rule, "look with GetText"));
    }
    Ok((from, to.min(total)))
}

/// Where the words stand, in characters.
fn find(text: &str, words: &str, nth: Option<usize>, total: Option<usize>) -> Result<(usize, usize), Fault> {
    let length = words.chars().count();
    let (mut at, mut counted) = (0, 0);
    let mut places = Vec::new();
    for (byte, _) in text.match_indices(words) {
        at += text.get(counted..byte).map_or(0, |between| between.chars().count());
        counted = byte;
        places.push((at, at.saturating_add(length)));
    }
    let found = match nth {
        Some(nth) => nth.checked_sub(1).and_then(|index| places.get(index)),
        None if places.len() > 1 => {
            let told = places.iter().zip(1..).take(TOLD);
            let told = told.map(|((from, to), number)| format!("nth {number}: characters {from} to {to}"));
            return Err(Fault::new(FaultCode::Ambiguous, format!("the words stand there {} times", places.len()))
                .field("select.text")
                .value(words)
                .rule("one passage is selected")
                .remedy("say which one with `nth`")
                .candidates(told));
        }
        None => places.first(),
    };
    found.copied().ok_or_else(|| {
        let searched = text.chars().count();
        let rule = match total {
            Some(total) if total > searched => format!("only the first {searched} of {total} characters were searched"),
            _ => format!("the words stand there {} times, letter for letter", places.len()),
        };
        Fault::new(FaultCode::NotFound, "there is no such passage")
            .field("select.text")
            .value(words)
            .rule(rule)
            .remedy("look with GetText, and say it as it stands there")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_by_characters_and_counted() {
        let text = "Grüße 😀 an alle, Grüße";
        assert_eq!(find(text, "an", None, None).unwrap(), (8, 10));
        assert_eq!(find(text, "Grüße", Some(2), None).unwrap(), (17, 22));
        let fault = find(text, "Grüße", None, None).unwrap_err();
        assert_eq!((fault.code, fault.candidates.len()), (FaultCode::Ambiguous, 2), "{fault}");
        for (words, nth) in [("grüße", None), ("Grüße", Some(3))] {
            assert_eq!(find(text, words, nth, None).unwrap_err().code, FaultCode::NotFound);
        }
        let fault = find(text, "later", None, Some(500)).unwrap_err();
        assert!(fault.rule.unwrap().contains("first 22 of 500"));
    }

    #[test]
    fn a_passage_is_said_in_one_way() {
        let parse = |text: &str| serde_json::from_str::<SelectArgs>(text).unwrap().parse();
        assert_eq!(parse(r#"{"text": "a", "nth": 2}"#).unwrap(), Passage::Words("a".to_owned(), Some(2)));
        assert_eq!(parse(r#"{"from": 2, "to": 2}"#).unwrap(), Passage::Range(2, 2));
        for wrong in [
            "{}",
            r#"{"text": ""}"#,
            r#"{"nth": 1}"#,
            r#"{"from": 1}"#,
            r#"{"from": 2, "to": 1}"#,
            r#"{"text": "a", "from": 1, "to": 2}"#,
            r#"{"from": 1, "to": 2, "nth": 1}"#,
        ] {
            assert_eq!(parse(wrong).unwrap_err().field.as_deref(), Some("select"), "{wrong}");
        }
        assert_eq!(within(2, 9, 5).unwrap(), (2, 5));
        assert_eq!(within(6, 9, 5).unwrap_err().field.as_deref(), Some("select.from"));
    }
}
