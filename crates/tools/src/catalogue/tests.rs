//! What must hold of every tool, whoever adds one.

use super::*;
use crate::descriptor::{Descriptor, Shape};
use crate::schema::{self, Schemas};
use portcullis_model::Tier;
use serde_json::Value;
use std::collections::BTreeSet;

fn each(mut check: impl FnMut(&AnyTool, &Descriptor)) {
    for tool in Catalogue::new().tools() {
        check(tool, tool.descriptor());
    }
}

#[test]
fn names_are_unique_and_sorted() {
    let names = Catalogue::new().names();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    assert!(names.is_sorted());
    for name in names {
        assert!(name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{name}");
    }
}

#[test]
fn descriptors_are_complete_and_truthful() {
    each(|_, d| {
        assert!(!d.title.is_empty() && !d.description.is_empty(), "{}", d.name);
        assert!(d.description.chars().count() <= Descriptor::DESCRIPTION_CAP, "{}", d.name);
        assert!(!d.effects.is_empty(), "{}: what declares no effect is allowed nothing", d.name);
        assert!(d.effects.iter().any(|effect| effect.tier() == d.tier), "{}: no effect of its own tier", d.name);
        let changes = d.effects.iter().any(|effect| effect.changes());
        assert_eq!(d.annotations.read_only, !changes, "{}: read-only means no effect changes anything", d.name);
        assert!(!(d.annotations.read_only && d.annotations.destructive), "{}", d.name);
        // Starting a program and playing a sound take nothing away.
        let adds = ["App", "PlaySound"].contains(&d.name);
        assert!(d.tier != Tier::Alter || !changes || d.annotations.destructive || adds, "{}", d.name);
        assert!(d.answer_cap > 0, "{}", d.name);
    });
}

#[test]
fn the_schemas_that_are_written_down_are_those_of_the_types() {
    assert_eq!(schema::written_names(), Catalogue::new().names(), "run `cargo xtask generate`");
    each(|tool, d| {
        let (input, output) = tool.derived_schemas();
        assert_eq!(schema::written(d.name), Schemas { input, output }, "{}: run `cargo xtask generate`", d.name);
    });
    assert_eq!(schema::written("Ap"), Schemas { input: Value::Null, output: None }, "part of a name is none");
}

#[test]
fn schemas_are_closed_and_examples_fit_them() {
    each(|tool, d| {
        let schema = tool.input_schema();
        assert_eq!(schema["additionalProperties"], false, "{}", d.name);
        assert!(!schema.to_string().contains("$ref"), "{}", d.name);
        // The HTTP transport is told no schema of a tool, so that no argument can also be a header.
        assert!(!schema.to_string().contains("x-mcp-header"), "{}", d.name);
        assert_eq!(tool.output_schema().is_some(), d.shape == Shape::Data, "{}", d.name);
        for (arguments, purpose) in d.examples {
            assert!(!purpose.is_empty(), "{}", d.name);
            let value: Value = serde_json::from_str(arguments).unwrap_or_else(|e| panic!("{}: {e}", d.name));
            for name in value.as_object().unwrap().keys() {
                assert!(!schema["properties"][name].is_null(), "{}: example names `{name}`", d.name);
            }
        }
    });
}

/// What the list of the main job's tools, that of all for WPF, and that of all may cost a model; a token is four bytes.
const MAIN_JOB_TOKENS: usize = 3_800;
const WPF_TOKENS: usize = 9_000;
const ALL_TOKENS: usize = 18_000;

const MAIN_JOB: [&str; 22] = [
    "App",
    "Click",
    "DisplayInventory",
    "Drag",
    "FindElement",
    "FocusWindow",
    "GetClipboard",
    "GetRunningTasks",
    "GetSystemInfo",
    "GetText",
    "Invoke",
    "ListProcesses",
    "MinimizeAll",
    "Move",
    "Screenshot",
    "Scroll",
    "SetClipboard",
    "Shortcut",
    "Snapshot",
    "Type",
    "Wait",
    "WaitFor",
];

#[test]
fn the_list_of_tools_stays_small_for_a_model() {
    let mut sizes = Vec::new();
    each(|tool, d| {
        let shown = serde_json::json!({
            "name": d.name, "description": d.description, "inputSchema": tool.input_schema(),
        });
        sizes.push((shown.to_string().len(), d.name));
    });
    sizes.sort_unstable_by(|one, other| other.cmp(one));
    let main: Vec<_> = sizes.iter().filter(|(_, name)| MAIN_JOB.contains(name)).copied().collect();
    assert_eq!(main.len(), MAIN_JOB.len());
    // The tools for WPF have the source's names, in small letters.
    let wpf: Vec<_> = sizes.iter().filter(|(_, name)| name.starts_with(char::is_lowercase)).copied().collect();
    let groups = [(main, MAIN_JOB_TOKENS), (wpf, WPF_TOKENS), (sizes, ALL_TOKENS)];
    for (listed, bar) in groups {
        let tokens = listed.iter().map(|(bytes, _)| bytes).sum::<usize>().div_ceil(4);
        assert!(tokens <= bar, "{tokens} tokens for {} tools; bytes of each: {listed:?}", listed.len());
    }
}
