//! `cargo xtask generate`: the references that are written out of the code, so that they cannot say anything else than
//! the code does. No text about a tool is written here; it comes from the tool's descriptor and schema.

mod configuration;
mod twin;

use crate::attacks;
use anyhow::{Context, Result, ensure};
use portcullis_testkit::lab::workspace_top;
use portcullis_tools::{AnyTool, Catalogue, Lane, Shape};
use serde_json::Value;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;

const TOOLS_PAGE: &str = "docs/tools.md";
/// What clients are told of arguments and answers; a part of the program.
const SCHEMAS: &str = "crates/tools/src/schemas.jsonl";
/// Written by hand: what other systems' tools have, and ours beside it.
const PARITY_PAGES: [&str; 2] = ["docs/parity.md", "docs/wpf-parity.md"];
const HEAD: &str = "\
# Tools

<!-- Written by `cargo xtask generate` from the tools' descriptors and schemas. Do not edit. -->

What a client sees, and what the gate knows, of every tool of this build. A parameter that is not marked required may be
left out. Lengths of texts are capped too; a text that is too long is refused with its cap. An unknown parameter is
refused with the nearest name. *View* answers are text and pictures; *data* answers are one JSON object. The answer cap
holds for a whole answer, pictures included. An effect is open with its tier; see [the gate](../ARCHITECTURE.md).
";

/// Writes the references, or with `check` only compares them.
pub(crate) fn run(check: bool) -> Result<()> {
    let catalogue = Catalogue::new();
    let pages = [
        (TOOLS_PAGE, tools_page(&catalogue)?),
        (SCHEMAS, schemas(&catalogue)),
        ("docs/attacks.md", attacks::page(&catalogue)?),
        ("docs/configuration.md", configuration::configuration()?),
        ("docs/policy.md", configuration::policy(&catalogue)?),
        ("inspector/Protocol/Messages.g.cs", twin::messages()?),
    ];
    for (name, wanted) in pages {
        let path = workspace_top().join(name);
        if !check {
            fs::write(&path, wanted).with_context(|| format!("cannot write {name}"))?;
            eprintln!("{name}");
            continue;
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        ensure!(is_same(&found, &wanted), "{name} is not what the code says: run `cargo xtask generate`");
        println!("{name} is what the code says");
    }
    let mut parity = String::new();
    for page in PARITY_PAGES {
        parity.push_str(&fs::read_to_string(workspace_top().join(page)).context(page)?);
    }
    let left_out = unnamed(&catalogue, &parity);
    let pages = PARITY_PAGES.join(" and ");
    ensure!(left_out.is_empty(), "{pages} say nothing of {}: add their rows", left_out.join(", "));
    Ok(())
}

/// The tools that a page written by hand does not name.
fn unnamed(catalogue: &Catalogue, page: &str) -> Vec<&'static str> {
    let words: HashSet<&str> = page.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let names = catalogue.tools().iter().map(|tool| tool.descriptor().name);
    names.filter(|name| !words.contains(name)).collect()
}

/// Line ends are the checkout's business.
fn is_same(found: &str, wanted: &str) -> bool {
    found.lines().eq(wanted.lines())
}

fn tools_page(catalogue: &Catalogue) -> Result<String> {
    let mut page = HEAD.to_owned();
    page.push_str("\n| tool | tier | what it is | answer |\n|---|---|---|---|\n");
    for tool in catalogue.tools() {
        let descriptor = tool.descriptor();
        let (name, anchor) = (descriptor.name, descriptor.name.to_lowercase());
        let (tier, shape) = (descriptor.tier.number(), shape(descriptor.shape));
        writeln!(page, "| [{name}](#{anchor}) | {tier} | {} | {shape} |", cell(descriptor.title))?;
    }
    for tool in catalogue.tools() {
        section(&mut page, tool)?;
    }
    Ok(page)
}

/// The schemas of all tools, made of their types, a line each.
fn schemas(catalogue: &Catalogue) -> String {
    let line = |tool: &AnyTool| {
        let (input, output) = tool.derived_schemas();
        let name = Value::from(tool.descriptor().name);
        let output = output.map(|output| format!(r#","output":{output}"#)).unwrap_or_default();
        format!(r#"{{"name":{name},"input":{input}{output}}}"#) + "\n"
    };
    catalogue.tools().iter().map(line).collect()
}

fn section(page: &mut String, tool: &AnyTool) -> Result<()> {
    let descriptor = tool.descriptor();
    writeln!(page, "\n## {}\n\n{}\n", descriptor.name, descriptor.description)?;
    let mut effects = Vec::new();
    for effect in descriptor.effects {
        let word = serde_json::to_value(effect)?;
        let word = word.as_str().context("an effect is written as a word")?;
        effects.push(format!("`{word}` (tier {})", effect.tier().number()));
    }
    let hints = descriptor.annotations;
    let hints = [
        ("read-only", hints.read_only),
        ("destructive", hints.destructive),
        ("idempotent", hints.idempotent),
        ("open world", hints.open_world),
    ];
    let hints: Vec<&str> = hints.iter().filter(|(_, is)| *is).map(|(word, _)| *word).collect();
    let seconds = descriptor.deadline.as_secs_f64();
    let (title, tier) = (descriptor.title, descriptor.tier.number());
    writeln!(page, "- Title: {title}. Tier {tier}. Lane: {}.", lane(descriptor.lane))?;
    writeln!(page, "- Effects that it may have: {}.", effects.join(", "))?;
    writeln!(page, "- Hints for clients: {}.", or_none(&hints.join(", ")))?;
    writeln!(
        page,
        "- Answer: {}, at most {} bytes. Deadline when the arguments say nothing else: {seconds} s.",
        shape(descriptor.shape),
        descriptor.answer_cap
    )?;
    if !descriptor.secret_arguments.is_empty() {
        writeln!(page, "- Values never repeated, logged or recorded: `{}`.", descriptor.secret_arguments.join("`, `"))?;
    }
    if descriptor.needs_administrator {
        page.push_str("- Needs administrator rights.\n");
    }
    let (input, output) = tool.derived_schemas();
    let rows = rows(&input, "");
    if rows.is_empty() {
        page.push_str("\nNo parameters.\n");
    } else {
        page.push_str("\n| parameter | type | what |\n|---|---|---|\n");
        rows.iter().for_each(|row| page.push_str(row));
    }
    if let Some(schema) = output {
        page.push_str("\nThe answer:\n\n| field | type | what |\n|---|---|---|\n");
        answer_rows(&schema, "").iter().for_each(|row| page.push_str(row));
    }
    page.push_str("\nExamples:\n\n");
    for (arguments, purpose) in descriptor.examples {
        writeln!(page, "- {purpose}: `{arguments}`")?;
    }
    Ok(())
}

/// The parameters of an object's schema, those of objects in it by their path.
fn rows(schema: &Value, path: &str) -> Vec<String> {
    fields(schema, path, |full, field, required| {
        let what = [if required { "Required." } else { "" }, description(field)];
        format!("| `{full}` | {} | {} |\n", kind(field), cell(what.join(" ").trim()))
    })
}

/// As `rows`, for an answer: there it is the optional fields that are worth a word.
fn answer_rows(schema: &Value, path: &str) -> Vec<String> {
    fields(schema, path, |full, field, required| {
        let what = [if required { "" } else { "May be absent." }, description(field)];
        format!("| `{full}` | {} | {} |\n", kind(field), cell(what.join(" ").trim()))
    })
}

fn fields(schema: &Value, path: &str, row: impl Fn(&str, &Value, bool) -> String + Copy) -> Vec<String> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Vec::new() };
    let required = schema.get("required").and_then(Value::as_array);
    let mut rows = Vec::new();
    for (name, field) in properties {
        let full = format!("{path}{name}");
        let is_required = required.is_some_and(|names| names.iter().any(|n| n.as_str() == Some(name)));
        rows.push(row(&full, field, is_required));
        rows.extend(fields(field, &format!("{full}."), row));
        if let Some(item) = field.get("items") {
            rows.extend(fields(item, &format!("{full}[]."), row));
        }
    }
    rows
}

fn description(field: &Value) -> &str {
    field.get("description").and_then(Value::as_str).unwrap_or_default()
}

/// `integer, 1 to 500`; `click, double or hover`.
fn kind(field: &Value) -> String {
    let word = field.get("type").and_then(Value::as_str).unwrap_or("any");
    if let Some(values) = field.get("enum").and_then(Value::as_array) {
        let values: Vec<String> = values.iter().filter_map(Value::as_str).map(|value| format!("`{value}`")).collect();
        return values.join(", ");
    }
    if let Some(item) = field.get("items") {
        return format!("array of {}", kind(item));
    }
    match (field.get("minimum"), field.get("maximum")) {
        (Some(low), Some(high)) => format!("{word}, {low} to {high}"),
        (Some(low), None) => format!("{word}, at least {low}"),
        (None, Some(high)) => format!("{word}, at most {high}"),
        (None, None) => word.to_owned(),
    }
}

/// A text that may stand in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

fn shape(shape: Shape) -> &'static str {
    match shape {
        Shape::View => "view",
        Shape::Data => "data",
    }
}

fn lane(lane: Lane) -> &'static str {
    match lane {
        Lane::Inline => "inline, on the caller's thread",
        Lane::Read => "read, beside others",
        Lane::Input => "input, one at a time",
        Lane::Long => "long, beside others",
        Lane::Steps => "steps, beside others; each step also waits for its own",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_tool_that_the_comparison_leaves_out_is_named() {
        let catalogue = Catalogue::new();
        let mut page: Vec<&str> = catalogue.tools().iter().map(|tool| tool.descriptor().name).collect();
        assert_eq!(unnamed(&catalogue, &page.join("`, `")), [""; 0]);
        let left_out = page.remove(3);
        assert_eq!(unnamed(&catalogue, &page.join(" ")), [left_out]);
    }

    #[test]
    fn a_type_is_told_with_its_range_its_choices_or_its_items() {
        let told = [
            json!({ "type": "integer", "minimum": 1, "maximum": 9 }),
            json!({ "type": "integer", "minimum": 0 }),
            json!({ "enum": ["a", "b"] }),
            json!({ "type": "array", "items": { "type": "string" } }),
            json!({}),
        ]
        .map(|field| kind(&field));
        assert_eq!(told, ["integer, 1 to 9", "integer, at least 0", "`a`, `b`", "array of string", "any"]);
    }

    #[test]
    fn fields_of_objects_and_of_lists_stand_by_their_path() {
        let schema = json!({ "required": ["a"], "properties": {
            "a": { "type": "object", "properties": { "b": { "type": "string", "description": "x | y" } } },
            "c": { "type": "array", "items": { "properties": { "d": { "type": "boolean" } } } } } });
        assert_eq!(
            rows(&schema, ""),
            [
                "| `a` | object | Required. |\n",
                "| `a.b` | string | x \\| y |\n",
                "| `c` | array of any |  |\n",
                "| `c[].d` | boolean |  |\n"
            ]
        );
    }

    #[test]
    fn every_tool_has_a_section_and_a_changed_page_is_seen() {
        let catalogue = Catalogue::new();
        let page = tools_page(&catalogue).unwrap();
        for name in catalogue.names() {
            assert!(page.contains(&format!("\n## {name}\n")), "{name}");
        }
        assert!(is_same(&page.replace('\n', "\r\n"), &page));
        assert!(!is_same(&page.replace("Required", "Optional"), &page));
    }
}
