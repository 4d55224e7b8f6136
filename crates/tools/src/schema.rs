//! Schemas from Rust types, in the short form that models are shown: no titles, no formats, no null alternatives, no
//! references. The types stay the truth; this only leaves out what says nothing.

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
