//! Schemas from Rust types, in the short form that models are shown: no titles, no formats, no null alternatives, no
//! references. The types stay the truth; this only leaves out what says nothing. A server does not make them: they are
//! written down in `schemas.jsonl` by `cargo xtask generate`, because the code that makes them of some 300 types was a
//! twelfth of the program and most of its start.

#[cfg(any(test, feature = "derive-schemas"))]
pub(crate) use derived::input;
pub(crate) use derived::output;
use serde::Deserialize;
use serde_json::Value;

/// A tool's schemas as they are written down, a line each: `{"name":…,"input":…,"output":…}`.
const WRITTEN: &str = include_str!("schemas.jsonl");
/// How a line begins, before the name.
const LINE_HEAD: &str = r#"{"name":""#;

/// The schemas of one tool.
#[derive(Debug, Deserialize, PartialEq)]
pub(crate) struct Schemas {
    /// Of its arguments: always an object that is closed.
    pub(crate) input: Value,
    /// Of a data tool's answer.
    pub(crate) output: Option<Value>,
}

/// The schemas of the tool of this name as they are written down; of one that is not there, that it takes nothing.
pub(crate) fn written(name: &str) -> Schemas {
    let is_own = |line: &&str| {
        line.strip_prefix(LINE_HEAD).and_then(|rest| rest.strip_prefix(name)).is_some_and(|rest| rest.starts_with('"'))
    };
    let line = WRITTEN.lines().find(is_own);
    line.and_then(|line| serde_json::from_str(line).ok()).unwrap_or(Schemas { input: Value::Null, output: None })
}

/// The names of all that are written down.
#[cfg(test)]
pub(crate) fn written_names() -> Vec<&'static str> {
    let name = |line: &'static str| line.strip_prefix(LINE_HEAD)?.split('"').next();
    WRITTEN.lines().filter_map(name).collect()
}

/// From the types.
#[cfg_attr(not(any(test, feature = "derive-schemas")), expect(dead_code, reason = "a server does not make schemas"))]
mod derived {
    use schemars::JsonSchema;
    use schemars::generate::SchemaSettings;
    use serde_json::{Map, Value};

    /// The schema of a tool's arguments: always an object that is closed.
    pub(crate) fn input<T: JsonSchema>() -> Value {
        let mut schema = generate::<T>();
        if let Value::Object(object) = &mut schema {
            object.insert("type".to_owned(), "object".into());
            object.insert("additionalProperties".to_owned(), false.into());
        }
        schema
    }

    /// The schema of a data tool's answer.
    pub(crate) fn output<T: JsonSchema>() -> Value {
        generate::<T>()
    }

    fn generate<T: JsonSchema>() -> Value {
        let mut settings = SchemaSettings::draft2020_12();
        settings.inline_subschemas = true;
        settings.meta_schema = None;
        let schema = settings.into_generator().into_root_schema_for::<T>();
        let mut value = serde_json::to_value(schema).unwrap_or_default();
        shorten(&mut value, true);
        value
    }

    fn shorten(value: &mut Value, is_schema: bool) {
        match value {
            Value::Object(object) => {
                if is_schema {
                    shorten_schema(object);
                }
                for (key, child) in object.iter_mut() {
                    // The values of `properties` are schemas, but its keys are names and must stay.
                    shorten(child, key != "properties" && key != "default");
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| shorten(item, is_schema)),
            _ => {}
        }
    }

    fn shorten_schema(object: &mut Map<String, Value>) {
        object.remove("title");
        object.remove("format");
        if object.get("default").is_some_and(Value::is_null) {
            object.remove("default");
        }
        // An optional field may be left out; that it may also be null says nothing more.
        if let Some(Value::Array(types)) = object.get_mut("type") {
            types.retain(|name| name != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                object.insert("type".to_owned(), only);
            }
        }
        if let Some(Value::Array(values)) = object.get_mut("enum") {
            values.retain(|value| !value.is_null());
        }
        if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
            choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
            if let [Value::Object(only)] = choices.as_mut_slice() {
                let only = std::mem::take(only);
                object.remove("anyOf");
                for (key, child) in only {
                    object.entry(key).or_insert(child);
                }
            }
        }
    }
}
