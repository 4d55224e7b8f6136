//! The tools of Windows-MCP as a client lists them, made out of the table and of our own tools: names and arguments are
//! theirs, what they do is ours.

use super::{Arguments, Arm, Becomes, Literal, Row, Way, table};
use crate::catalogue::Catalogue;
use crate::descriptor::Annotations;
use crate::tool::AnyTool;
use serde_json::{Map, Value, json};

/// A tool under a foreign name.
#[derive(Clone, Debug)]
pub struct ForeignTool {
    /// The name by which it is called.
    pub name: &'static str,
    /// Its title, as people read it.
    pub title: &'static str,
    /// What it does, in at most [`crate::Descriptor::DESCRIPTION_CAP`] characters.
    pub description: &'static str,
    /// The schema of its arguments, closed.
    pub input_schema: Value,
    /// The schema of its answer, when there is one answer and it is data.
    pub output_schema: Option<Value>,
    /// What is true of all tools that it can come to.
    pub annotations: Annotations,
    /// The tools that it can come to.
    pub tools: Vec<&'static str>,
}

/// The tools of Windows-MCP that this build has, sorted by name.
pub fn windows_mcp(catalogue: &Catalogue) -> Vec<ForeignTool> {
    table::rows().iter().filter(|row| row.listed).filter_map(|row| listed(row, catalogue)).collect()
}

fn listed(row: &Row, catalogue: &Catalogue) -> Option<ForeignTool> {
    let arms: Option<Vec<(&Arm, &AnyTool)>> =
        row.arms().into_iter().map(|arm| Some((arm, catalogue.get(arm.tool)?))).collect();
    let arms = arms?;
    let hints = |of: fn(&Annotations) -> bool| arms.iter().map(move |(_, tool)| of(&tool.descriptor().annotations));
    let (title, description) = match (row.about, arms.as_slice()) {
        (Some(about), _) => about,
        (None, [(_, tool), ..]) => (tool.descriptor().title, tool.descriptor().description),
        (None, []) => return None,
    };
    Some(ForeignTool {
        name: row.name,
        title,
        description,
        input_schema: schema(row, &arms),
        output_schema: match arms.as_slice() {
            [(_, only)] => only.output_schema(),
            _ => None,
        },
        annotations: Annotations {
            read_only: hints(|hints| hints.read_only).all(|hint| hint),
            destructive: hints(|hints| hints.destructive).any(|hint| hint),
            idempotent: hints(|hints| hints.idempotent).all(|hint| hint),
            open_world: hints(|hints| hints.open_world).any(|hint| hint),
        },
        tools: arms.iter().map(|(arm, _)| arm.tool).collect(),
    })
}

fn schema(row: &Row, arms: &[(&Arm, &AnyTool)]) -> Value {
    let mut properties = Arguments::new();
    let mut required: Option<Vec<&str>> = None;
    for (arm, tool) in arms {
        let mut needed = Vec::new();
        for (name, becomes) in arm.arguments {
            if let Some(schema) = property(*becomes, name, tool) {
                let known = properties.remove(*name);
                properties.insert((*name).to_owned(), known.map_or(schema.clone(), |known| shared(known, &schema)));
            }
            let to = match becomes {
                Becomes::Same => Some(*name),
                Becomes::Named(to) => Some(*to),
                _ => None,
            };
            // Two of theirs may become one of ours; then neither is needed by itself.
            let alone = |to: &str| {
                let same = |(name, becomes): &&(&str, Becomes)| match becomes {
                    Becomes::Same => *name == to,
                    Becomes::Named(other) => *other == to,
                    _ => false,
                };
                arm.arguments.iter().filter(same).count() == 1
            };
            if to.is_some_and(|to| is_required(tool, to) && alone(to)) {
                needed.push(*name);
            }
        }
        required = Some(match required {
            None => needed,
            Some(before) => before.into_iter().filter(|name| needed.contains(name)).collect(),
        });
    }
    let mut required = required.unwrap_or_default();
    if let Way::By(argument, words) = row.way {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        properties.insert(argument.to_owned(), json!({ "type": "string", "enum": words }));
        required.insert(0, argument);
    }
    let mut schema = Map::from_iter([
        ("type".to_owned(), "object".into()),
        ("properties".to_owned(), properties.into()),
        ("additionalProperties".to_owned(), false.into()),
    ]);
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    schema.into()
}

/// What two schemas of one argument have in common: what the tools that it may go to all say of it.
fn shared(mut one: Value, other: &Value) -> Value {
    if let Some(parts) = one.as_object_mut() {
        parts.retain(|name, part| other.get(name) == Some(part));
    }
    one
}

fn is_required(tool: &AnyTool, name: &str) -> bool {
    let required = tool.input_schema().get("required").and_then(Value::as_array);
    required.is_some_and(|all| all.iter().any(|one| one.as_str() == Some(name)))
}

/// The schema of one argument; none where every value is refused.
fn property(becomes: Becomes, name: &str, tool: &AnyTool) -> Option<Value> {
    let of_tool = |name: &str| tool.input_schema().get("properties")?.get(name).cloned();
    match becomes {
        Becomes::Same => of_tool(name),
        Becomes::Named(to) => of_tool(to),
        Becomes::Pair(first, _) => {
            let mut item = of_tool(first)?;
            if let Some(item) = item.as_object_mut() {
                item.remove("description");
            }
            Some(json!({ "type": "array", "items": item, "minItems": 2, "maxItems": 2 }))
        }
        Becomes::Label => {
            Some(json!({ "type": "integer", "minimum": 1, "description": "Number of a ref: 12 for e12" }))
        }
        Becomes::Chord => of_tool("keys"),
        Becomes::Display => {
            Some(json!({ "type": "array", "items": { "type": "integer", "minimum": 0 }, "minItems": 1, "maxItems": 1 }))
        }
        Becomes::Words { words, .. } => {
            let kind = match words.first()? {
                (Literal::Text(_), _) => "string",
                (Literal::Number(_), _) => "integer",
                (Literal::Truth(_), _) => "boolean",
            };
            let all: Vec<Value> = words.iter().map(|(word, _)| word.value()).collect();
            Some(if kind == "boolean" && all.len() == 2 {
                json!({ "type": kind })
            } else {
                json!({ "type": kind, "enum": all })
            })
        }
        Becomes::Refused(_) => None,
        Becomes::Own(schema) => serde_json::from_str(schema).ok(),
    }
}
