//! A passage of a control's text, by its words or by character positions, and selecting it. Words are looked for in what the
//! control holds now; nothing is typed and nothing is changed here.

use crate::context::ApplyContext;
use portcullis_model::{ElementIdentity, Fault, FaultCode, Outcome};
use portcullis_platform::ControlAct;
use portcullis_policy::Permit;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::borrow::Cow;

/// Characters of a text in which words are looked for.
const SEARCHED: usize = 200_000;
/// Characters of the words.
const WORDS_CAP: usize = 2_000;
/// Places that are told when words stand there several times.
const TOLD: usize = 5;

/// Which characters are meant: words, or the first position and one after the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    /// These words.
    Words(String),
    /// From the first character to one after the last.
    Range(usize, usize),
}

impl<'de> Deserialize<'de> for Passage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = Value::deserialize(deserializer)?;
        let position = |value: &Value| value.as_u64().and_then(|number| usize::try_from(number).ok());
        let found = match &given {
            Value::String(words) if (1..=WORDS_CAP).contains(&words.chars().count()) => {
                Some(Self::Words(words.clone()))
            }
            Value::Array(both) => match both.as_slice() {
                [from, to] => position(from).zip(position(to)).map(|(from, to)| Self::Range(from, to)),
                _ => None,
            },
            _ => None,
        };
        found.filter(|found| !matches!(found, Self::Range(from, to) if from > to)).ok_or_else(|| {
            D::Error::custom(format!(
                "it is words, at most {WORDS_CAP} characters, or a list of two positions in order"
            ))
        })
    }
}

impl JsonSchema for Passage {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Passage".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}

impl Passage {
    /// Selects it, and reads back what is selected. `nth` says which of several places the words mean.
    pub(crate) fn select(
        &self,
        nth: Option<usize>,
        element: &ElementIdentity,
        permit: &Permit,
        cx: &ApplyContext<'_>,
    ) -> Result<Outcome, Fault> {
        let read = cx.ports.tree.text(permit, element, 0, SEARCHED, cx.deadline)?;
        let (text, total) = (read.text.raw(), read.total_chars);
        let (from, to) = match self {
            Self::Words(words) => find(text, words, nth, total)?,
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
        return Err(Fault::bad_argument("select", from, &rule, "look with GetText"));
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
                .field("select")
                .value(words)
                .rule("one passage is selected")
                .remedy("name the element by its ref, and which words with `nth`; or give the positions")
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
            .field("select")
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
        let parse = |text: &str| serde_json::from_str::<Passage>(text);
        assert_eq!(parse(r#""a""#).unwrap(), Passage::Words("a".to_owned()));
        assert_eq!(parse("[2, 2]").unwrap(), Passage::Range(2, 2));
        for wrong in [r#""""#, "{}", "[1]", "[2, 1]", "[-1, 2]", "[1, 2, 3]", r#"["a", "b"]"#, "7"] {
            assert!(parse(wrong).unwrap_err().to_string().contains("two positions"), "{wrong}");
        }
        assert_eq!(within(2, 9, 5).unwrap(), (2, 5));
        assert_eq!(within(6, 9, 5).unwrap_err().field.as_deref(), Some("select"));
    }
}
