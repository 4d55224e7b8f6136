//! Rows of calls with their oracles: what is done before, what the answer must tell, what the application itself says afterwards,
//! and what its journal has. How a row is read and compared stands here; the rows are elsewhere.

use super::ground::Ground;
use portcullis_testkit::journal::EVENT_LIMIT;
use portcullis_testkit::wpf_app::WpfApp;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::HashMap;

/// A place in an answer, and what must be there:
///
/// | oracle | is |
/// |---|---|
/// | `=JSON` | this, as the application's sources say |
/// | `?QUESTION > PLACE` | what the application answers to the question, at that place |
/// | `@NAME` | the id of the element of that name |
/// | `~TEXT` | a text with this in it |
/// | `>=N` | a number, at least this |
/// | `-` | nothing |
///
/// A place is names with dots; `[2]` and `[name=Save]` choose from a list, `#` at the end is its length.
pub(crate) type Fact = (&'static str, &'static str);

/// One call.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) tool: &'static str,
    args: &'static str,
    before: &'static [&'static str],
    facts: &'static [Fact],
    after: &'static [(&'static str, &'static str, &'static str)],
    journal: &'static [&'static str],
}

/// A call of a tool; `@Name` in its arguments is the id of the element of that name, `$PID` the process.
pub(crate) const fn row(tool: &'static str, args: &'static str, facts: &'static [Fact]) -> Row {
    Row { tool, args, before: &[], facts, after: &[], journal: &[] }
}

impl Row {
    /// What the application is asked for first.
    pub(crate) const fn before(self, before: &'static [&'static str]) -> Self {
        Self { before, ..self }
    }

    /// What it says afterwards: a question, a place in its answer, what is there.
    pub(crate) const fn after(self, after: &'static [(&'static str, &'static str, &'static str)]) -> Self {
        Self { after, ..self }
    }

    /// Lines that its journal has then, by the members that are named.
    pub(crate) const fn journal(self, journal: &'static [&'static str]) -> Self {
        Self { journal, ..self }
    }
}

/// An application with a session in which rows are run.
pub(crate) struct Stage<'desk> {
    pub(crate) ground: &'desk Ground,
    pub(crate) app: &'desk WpfApp,
    ids: RefCell<HashMap<String, String>>,
}

/// What stands at a place.
pub(crate) fn at(value: &Value, place: &str) -> Value {
    let (place, length) = match place.strip_suffix('#') {
        Some(place) => (place, true),
        None => (place, false),
    };
    let mut found = value.clone();
    for step in place.split('.').flat_map(|part| part.split_inclusive(']')).flat_map(steps) {
        found = match step {
            Step::Name(name) if name.is_empty() => found,
            Step::Name(name) => found[name].clone(),
            Step::Index(index) => found[index].clone(),
            Step::With(name, wanted) => {
                let fits = |one: &&Value| one[&name].as_str() == Some(wanted.as_str());
                found.as_array().and_then(|all| all.iter().find(fits)).cloned().unwrap_or_default()
            }
        };
    }
    if !length {
        return found;
    }
    found.as_array().map_or(Value::Null, |all| json!(all.len()))
}

enum Step {
    Name(String),
    Index(usize),
    With(String, String),
}

fn steps(part: &str) -> Vec<Step> {
    let Some((name, choice)) = part.split_once('[') else { return vec![Step::Name(part.to_owned())] };
    let choice = choice.trim_end_matches(']');
    let chosen = match (choice.parse(), choice.split_once('=')) {
        (Ok(index), _) => Step::Index(index),
        (_, Some((name, value))) => Step::With(name.to_owned(), value.to_owned()),
        _ => panic!("`{part}` is no place"),
    };
    vec![Step::Name(name.to_owned()), chosen]
}

/// Whether two readings say the same: numbers by their value, truths and texts whatever writes them.
fn same(one: &Value, other: &Value) -> bool {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match (one, other) {
        (Value::Array(ones), Value::Array(others)) => {
            ones.len() == others.len() && ones.iter().zip(others).all(|(one, other)| same(one, other))
        }
        (Value::Array(parts), Value::String(_)) => {
            let joined = parts.iter().map(text).collect::<Vec<_>>().join(",");
            joined == text(other)
        }
        (Value::Null, _) | (_, Value::Null) => one == other,
        _ => {
            let (one, other) = (text(one), text(other));
            let close = |(one, other): (f64, f64)| (one - other).abs() < 0.011;
            one == other
                || (matches!(one.to_ascii_lowercase().as_str(), "true" | "false") && one.eq_ignore_ascii_case(&other))
                || one.parse().ok().zip(other.parse().ok()).is_some_and(close)
        }
    }
}

impl<'desk> Stage<'desk> {
    pub(crate) fn new(ground: &'desk Ground, app: &'desk WpfApp) -> Self {
        Self { ground, app, ids: RefCell::default() }
    }

    /// The id of the element of this name.
    pub(crate) fn id(&self, name: &str) -> String {
        if let Some(known) = self.ids.borrow().get(name) {
            return known.clone();
        }
        let id = self.ground.element(name);
        self.ids.borrow_mut().insert(name.to_owned(), id.clone());
        id
    }

    /// Arguments with the ids that they name.
    pub(crate) fn meant(&self, arguments: &str) -> Value {
        self.with_ids(serde_json::from_str(arguments).unwrap_or_else(|error| panic!("{arguments}: {error}")))
    }

    fn with_ids(&self, value: Value) -> Value {
        match value {
            Value::String(text) if text == "$PID" => json!(self.app.process().unwrap()),
            Value::String(text) => match text.strip_prefix('@') {
                Some(name) => json!(self.id(name)),
                None => Value::String(text),
            },
            Value::Array(all) => all.into_iter().map(|one| self.with_ids(one)).collect(),
            Value::Object(all) => all.into_iter().map(|(name, one)| (name, self.with_ids(one))).collect(),
            plain => plain,
        }
    }

    /// What is wrong at a place; nothing when the oracle says the same.
    fn wrong(&self, told: &Value, place: &str, oracle: &str) -> Option<String> {
        let found = at(told, place);
        let wrong = |wanted: &str| Some(format!("`{place}` is {found}, where {wanted} is wanted"));
        if let Some(wanted) = oracle.strip_prefix('=') {
            let wanted: Value = serde_json::from_str(wanted).unwrap_or_else(|error| panic!("{oracle}: {error}"));
            return if same(&found, &wanted) { None } else { wrong(&wanted.to_string()) };
        }
        if let Some(asked) = oracle.strip_prefix('?') {
            let (question, there) = asked.split_once(" > ").unwrap_or_else(|| panic!("`{oracle}` names no place"));
            let said = at(&self.app.ask(question).unwrap(), there);
            assert!(!said.is_null(), "the application tells nothing at `{there}` of `{question}`");
            return if same(&found, &said) { None } else { wrong(&format!("{said} of `{question}`")) };
        }
        if let Some(least) = oracle.strip_prefix(">=") {
            let least: f64 = least.parse().unwrap();
            let number = found.as_f64().or_else(|| found.as_str()?.parse().ok());
            return if number.is_some_and(|found| found >= least) { None } else { wrong(oracle) };
        }
        if let Some(part) = oracle.strip_prefix('~') {
            return if found.as_str().is_some_and(|text| text.contains(part)) { None } else { wrong(oracle) };
        }
        match oracle.strip_prefix('@') {
            Some(name) => {
                let id = self.id(name);
                if found == id.as_str() { None } else { wrong(&format!("{id}, which is {name},")) }
            }
            None if oracle == "-" => {
                if found.is_null() {
                    None
                } else {
                    wrong("nothing")
                }
            }
            None => panic!("`{oracle}` is no oracle"),
        }
    }

    /// Runs rows one after another; fails with all that is wrong in any.
    pub(crate) fn run(&self, rows: &[Row]) {
        let mut wrong = Vec::new();
        for row in rows {
            for question in row.before {
                self.app.ask(question).unwrap();
            }
            let mark = self.app.journal().mark().unwrap();
            let arguments = self.meant(row.args);
            let answer = self.ground.call(row.tool, arguments.clone());
            let told = answer.structured.clone().unwrap_or_default();
            let mut here = Vec::new();
            if answer.is_error || told["success"] != true {
                here.push(answer.text.chars().take(700).collect::<String>());
            } else {
                here.extend(row.facts.iter().filter_map(|(place, oracle)| self.wrong(&told, place, oracle)));
                for line in row.journal {
                    let wanted: Value = serde_json::from_str(line).unwrap();
                    let fits = |line: &Value| wanted.as_object().unwrap().iter().all(|(name, one)| &line[name] == one);
                    if let Err(error) = self.app.journal().await_event(mark, line, EVENT_LIMIT, fits) {
                        here.push(error.to_string());
                    }
                }
                for (question, place, oracle) in row.after {
                    let said = self.app.ask(question).unwrap();
                    here.extend(self.wrong(&said, place, oracle).map(|wrong| format!("{question}: {wrong}")));
                }
            }
            if !here.is_empty() {
                let told: String = told.to_string().chars().take(1_500).collect();
                wrong.push(format!("{} {arguments}:\n  {}\n  told {told}", row.tool, here.join("\n  ")));
            }
        }
        assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
    }
}

#[test]
fn a_place_is_found_and_readings_are_compared_by_what_they_say() {
    let told = json!({ "all": [{ "name": "a", "n": 1 }, { "name": "b", "n": [2, 3] }] });
    assert_eq!(at(&told, "all[1].n[0]"), 2);
    assert_eq!(at(&told, "all[name=b].n#"), 2);
    assert_eq!(at(&told, "all[name=c].n"), Value::Null);
    for (one, other, is) in [
        (json!(20.0), json!("20"), true),
        (json!(true), json!("True"), true),
        (json!("Ada"), json!("ada"), false),
        (json!([1, 2.0]), json!([1.0, 2]), true),
        (json!(null), json!("null"), false),
    ] {
        assert_eq!(same(&one, &other), is, "{one} {other}");
    }
}
