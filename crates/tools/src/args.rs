//! From a client's JSON to a tool's own type. What does not fit is answered with the argument, its value, the rule and
//! the remedy; nothing is guessed, and a secret argument's value is never repeated.

use crate::located;
use portcullis_model::{Fault, FaultCode, nearest};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::borrow::Cow;

/// How the rule of a cap begins. It repeats nothing of what was sent, so it is told of a secret argument as well.
const AT_MOST: &str = "it has at most ";

/// The rule of an argument that is missing.
const REQUIRED: &str = "it is required";

/// Whether a fault is that an argument is missing.
pub(crate) fn is_missing(fault: &Fault) -> bool {
    fault.rule.as_deref() == Some(REQUIRED)
}

/// Parses the arguments of a call.
pub(crate) fn parse<T: DeserializeOwned>(schema: &Value, arguments: Value, secret: &[&str]) -> Result<T, Fault> {
    let arguments = if arguments.is_null() { Value::Object(serde_json::Map::new()) } else { arguments };
    let Value::Object(given) = &arguments else { return Err(no_object()) };
    let known = names(schema);
    if let Some(unknown) = given.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(unknown_argument(unknown, &known));
    }
    located::deserialize(&arguments)
        .map_err(|misfit| explain(schema, &arguments, &misfit.path, &misfit.message, secret))
}

/// The names of the arguments that a schema has.
pub(crate) fn names(schema: &Value) -> Vec<&str> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.map(|properties| properties.keys().map(String::as_str).collect()).unwrap_or_default()
}

/// Arguments that are a list, a text or a number.
pub(crate) fn no_object() -> Fault {
    Fault::new(FaultCode::BadArgument, "the arguments are not a JSON object")
        .rule("arguments are one JSON object")
        .remedy("send {} when there are none")
}

/// An argument that is none of these.
pub(crate) fn unknown_argument(name: &str, known: &[&str]) -> Fault {
    let fault = Fault::new(FaultCode::UnknownArgument, "there is no such argument")
        .field(name)
        .rule(if known.is_empty() {
            "the tool takes no arguments".to_owned()
        } else {
            format!("the tool takes: {}", known.join(", "))
        })
        .candidates(nearest(name, known.iter().copied()));
    match nearest(name, known.iter().copied()).first() {
        Some(meant) => fault.remedy(format!("did you mean `{meant}`?")),
        None => fault.remedy("leave it out"),
    }
}

/// Turns serde's message into a fault that can be acted on.
fn explain(schema: &Value, arguments: &Value, path: &str, message: &str, secret: &[&str]) -> Fault {
    let quoted = |start: &str| message.strip_prefix(start).and_then(|rest| rest.split('`').next()).map(str::to_owned);
    let top = path.split(['.', '[']).next().unwrap_or_default();
    if let Some(field) = quoted("missing field `") {
        let full = if path == "." { field.clone() } else { format!("{path}.{field}") };
        return Fault::new(FaultCode::BadArgument, format!("`{full}` is missing"))
            .field(full)
            .rule(REQUIRED)
            .remedy(describe(schema, &field));
    }
    if let Some(field) = quoted("unknown field `") {
        // The path ends with the name that is unknown.
        return Fault::new(FaultCode::UnknownArgument, "there is no such argument")
            .field(if path == "." { field } else { path.to_owned() })
            .rule(message.to_owned())
            .remedy("leave it out");
    }
    let fault = Fault::new(FaultCode::BadArgument, format!("`{path}` is not valid")).field(path);
    let fault = if secret.contains(&top) && message.starts_with(AT_MOST) {
        fault.rule(message.to_owned())
    } else if let Some(known) = known_words(message).filter(|_| secret.contains(&top)) {
        fault.rule(format!("it is {known}; what was given is not repeated here"))
    } else if secret.contains(&top) {
        fault.rule("it has the wrong type or length; its value is not repeated here")
    } else {
        let pointer = format!("/{}", path.replace(['.', '['], "/").replace(']', ""));
        let value = arguments.pointer(&pointer).map(Value::to_string).unwrap_or_default();
        fault.value(value).rule(message.to_owned())
    };
    fault.remedy(describe(schema, top))
}

/// Of serde's message about a word that is none of ours, what ours are. The word itself stands before them.
fn known_words(message: &str) -> Option<&str> {
    const KNOWN: &str = "`, expected ";
    message.starts_with("unknown variant `").then_some(())?;
    message.rfind(KNOWN).and_then(|at| message.get(at.saturating_add(KNOWN.len())..))
}

/// What the schema says of an argument, as a remedy.
fn describe(schema: &Value, name: &str) -> String {
    let property = schema.get("properties").and_then(|properties| properties.get(name));
    let text = property.and_then(|property| property.get("description")).and_then(Value::as_str).unwrap_or_default();
    let kind = property.and_then(|property| property.get("type")).and_then(Value::as_str).unwrap_or("value");
    let choices = property.and_then(|property| property.get("enum")).and_then(Value::as_array);
    let words: Option<Vec<&str>> = choices.and_then(|choices| choices.iter().map(Value::as_str).collect());
    let kind = words.map_or_else(|| kind.to_owned(), |words| format!("one of {}", words.join(", ")));
    if text.is_empty() { format!("give `{name}` as {kind}") } else { format!("give `{name}` as {kind}: {text}") }
}

/// Bounds from here on are no part of a schema.
const FAR: u64 = 50_000;

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Int<const MIN: i64, const MAX: i64>(i64);

impl<const MIN: i64, const MAX: i64> Int<MIN, MAX> {
    pub(crate) fn get(self) -> i64 {
        self.0
    }

    /// As a `usize`; negative ranges have no such use.
    pub(crate) fn size(self) -> usize {
        usize::try_from(self.0).unwrap_or(0)
    }
}

impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Int<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Models often send 5.0 for 5; a number that is whole is taken, another is refused.
        let number = f64::deserialize(deserializer)?;
        let bounds = bound(MIN)..=bound(MAX);
        if number.fract() != 0.0 || !bounds.contains(&number) {
            return Err(D::Error::custom(format!("it is a whole number from {MIN} to {MAX}")));
        }
        // In range and whole, so the text form is exact.
        format!("{number:.0}").parse().map(Self).map_err(D::Error::custom)
    }
}

/// A bound as a float: bounds lie far below 2^53, where floats are exact.
fn bound(value: i64) -> f64 {
    i32::try_from(value).map_or(f64::MAX.copysign(if value < 0 { -1.0 } else { 1.0 }), f64::from)
}

impl<const MIN: i64, const MAX: i64> JsonSchema for Int<MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Int_{MIN}_{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut schema = json_schema!({ "type": "integer" });
        for (name, bound) in [("minimum", MIN), ("maximum", MAX)] {
            // A bound far beyond what anybody asks for is told when it is met, and costs each model's list nothing.
            if bound.unsigned_abs() < FAR {
                schema.insert(name.to_owned(), bound.into());
            }
        }
        schema
    }
}

/// A number of seconds from 0 to `MAX`, fractions allowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Seconds<const MAX: u32>(f64);

impl<const MAX: u32> Seconds<MAX> {
    pub(crate) fn span(self) -> std::time::Duration {
        std::time::Duration::from_secs_f64(self.0)
    }
}

impl<'de, const MAX: u32> Deserialize<'de> for Seconds<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        if (0.0..=f64::from(MAX)).contains(&number) {
            Ok(Self(number))
        } else {
            Err(D::Error::custom(format!("it is a number of seconds from 0 to {MAX}")))
        }
    }
}

impl<const MAX: u32> JsonSchema for Seconds<MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Seconds_{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": 0, "maximum": MAX })
    }
}

/// Text of at most `MAX` characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text<const MAX: usize>(pub(crate) String);

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.chars().count() > MAX {
            return Err(D::Error::custom(format!("{AT_MOST}{MAX} characters")));
        }
        Ok(Self(text))
    }
}

impl<const MAX: usize> JsonSchema for Text<MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Text_{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// A list of at most `MAX` items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List<T, const MAX: usize>(pub(crate) Vec<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for List<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let items = Vec::deserialize(deserializer)?;
        if items.len() > MAX {
            return Err(D::Error::custom(format!("{AT_MOST}{MAX} items")));
        }
        Ok(Self(items))
    }
}

impl<T: JsonSchema, const MAX: usize> JsonSchema for List<T, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("List_{}_{MAX}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "maxItems": MAX, "items": T::json_schema(generator) })
    }
}

/// For tools without arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoArgs {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;
    use serde_json::json;

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        /// What to say
        #[allow(dead_code)]
        text: Text<5>,
        #[allow(dead_code)]
        count: Option<Int<1, 3>>,
    }

    fn refusal(arguments: Value) -> String {
        parse::<Sample>(&schema::input::<Sample>(), arguments, &["text"]).unwrap_err().to_string()
    }

    #[test]
    fn what_does_not_fit_is_answered_with_field_value_rule_and_remedy() {
        let refusals: Vec<String> = [
            json!([]),
            json!({}),
            json!({"text": "a", "cuont": 1}),
            json!({"text": "a", "count": 4}),
            json!({"text": "a", "count": 1.5}),
            json!({"text": "a", "count": "1"}),
            json!({"text": "too long a secret"}),
            json!({"text": 7}),
        ]
        .into_iter()
        .map(refusal)
        .collect();
        insta::assert_snapshot!(refusals.join("\n--\n"));
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Listed {
        #[allow(dead_code)]
        steps: List<Sample, 2>,
    }

    #[test]
    fn what_is_wrong_deep_inside_is_named_once_and_a_cap_by_its_number() {
        let refusal =
            |arguments: Value| parse::<Listed>(&schema::input::<Listed>(), arguments, &["steps"]).unwrap_err();
        let fault = refusal(json!({"steps": [{"text": "a", "text2": "secret"}]}));
        assert_eq!(fault.field.as_deref(), Some("steps[0].text2"), "{fault}");
        assert!(!fault.to_string().contains("secret"), "{fault}");
        let fault = refusal(json!({"steps": [{"text": "a"}, {"text": "a"}, {"text": "mine"}]}));
        assert_eq!(fault.rule.as_deref(), Some("it has at most 2 items"), "{fault}");
        assert!(!fault.to_string().contains("mine"), "{fault}");
        let fault = refusal(json!({"steps": [{"count": 1}]}));
        assert_eq!(fault.field.as_deref(), Some("steps[0].text"), "{fault}");
    }

    #[test]
    fn a_whole_float_is_a_whole_number() {
        let schema = schema::input::<Sample>();
        assert_eq!(parse::<Sample>(&schema, json!({"text": "a", "count": 2.0}), &[]).unwrap().count.unwrap().get(), 2);
        assert!(parse::<Sample>(&schema, json!({"text": "a", "count": null}), &[]).unwrap().count.is_none());
    }

    #[test]
    fn the_schema_is_short_and_closed() {
        insta::assert_json_snapshot!(schema::input::<Sample>());
    }
}
