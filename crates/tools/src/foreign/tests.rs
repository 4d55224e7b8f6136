//! What each row of the table makes of a request, and what it refuses.

use super::*;
use crate::descriptor::Descriptor;
use portcullis_model::FOREIGN_TOOLS;
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// One catalogue for all tests: its schemas take their time.
fn catalogue() -> &'static Catalogue {
    static ONE: LazyLock<Catalogue> = LazyLock::new(Catalogue::new);
    &ONE
}

/// A request in other words, the tool of ours, and its arguments.
fn requests() -> Vec<(&'static str, Value, &'static str, Value)> {
    vec![
        ("App", json!({"mode": "launch", "name": "notepad"}), "App", json!({"action": "launch", "name": "notepad"})),
        (
            "App",
            json!({"mode": "launch_executable", "executable": "C:\\a.exe", "args": ["-v"], "cwd": "C:\\"}),
            "App",
            json!({"action": "launch", "name": "C:\\a.exe", "args": ["-v"], "cwd": "C:\\"}),
        ),
        (
            "App",
            json!({"mode": "resize", "name": "Notepad", "window_loc": [10, -20], "window_size": [640, 480]}),
            "App",
            json!({"action": "resize", "name": "Notepad", "x": 10, "y": -20, "width": 640, "height": 480}),
        ),
        ("App-Tool", json!({"mode": "switch", "name": "Edge"}), "App", json!({"action": "switch", "name": "Edge"})),
        (
            "Click",
            json!({"loc": [200, 340], "button": "right", "clicks": 2}),
            "Click",
            json!({"x": 200, "y": 340, "button": "right", "action": "double"}),
        ),
        ("Click", json!({"label": 12, "loc": null}), "Click", json!({"ref": "e12"})),
        (
            "Notification",
            json!({"title": "Done", "message": "All is copied"}),
            "Notification",
            json!({"title": "Done", "message": "All is copied"}),
        ),
        ("Click", json!({"label": 12.0, "clicks": 0}), "Click", json!({"ref": "e12", "action": "hover"})),
        ("Click-Tool", json!({"loc": [1, 2]}), "Click", json!({"x": 1, "y": 2})),
        ("Clipboard", json!({"mode": "get"}), "GetClipboard", json!({})),
        ("Clipboard", json!({"mode": "set", "text": "a"}), "SetClipboard", json!({"text": "a"})),
        ("Clipboard-Tool", json!({"mode": "copy", "text": "a"}), "SetClipboard", json!({"text": "a"})),
        ("Clipboard-Tool", json!({"mode": "paste"}), "GetClipboard", json!({})),
        ("DisplayInventory", json!({}), "DisplayInventory", json!({})),
        (
            "Drag-Tool",
            json!({"from_loc": [1, 2], "to_loc": [3, 4]}),
            "Drag",
            json!({"x": 1, "y": 2, "to_x": 3, "to_y": 4}),
        ),
        (
            "FileSystem",
            json!({"mode": "read", "path": "C:\\a", "offset": 1, "limit": 2, "encoding": "utf-8"}),
            "FileRead",
            json!({"path": "C:\\a", "offset": 1, "limit": 2, "encoding": "utf-8"}),
        ),
        (
            "FileSystem",
            json!({"mode": "write", "path": "C:\\a", "content": "x", "append": true, "overwrite": true}),
            "FileWrite",
            json!({"path": "C:\\a", "content": "x", "append": true}),
        ),
        (
            "FileSystem",
            json!({"mode": "copy", "path": "C:\\a", "destination": "C:\\b", "overwrite": false}),
            "FileCopy",
            json!({"path": "C:\\a", "destination": "C:\\b", "overwrite": false}),
        ),
        (
            "FileSystem",
            json!({"mode": "move", "path": "C:\\a", "destination": "C:\\b"}),
            "FileMove",
            json!({"path": "C:\\a", "destination": "C:\\b"}),
        ),
        (
            "FileSystem",
            json!({"mode": "delete", "path": "C:\\a", "recursive": true}),
            "FileDelete",
            json!({"path": "C:\\a", "recursive": true}),
        ),
        (
            "FileSystem",
            json!({"mode": "list", "path": "C:\\a", "show_hidden": true, "recursive": false}),
            "FileList",
            json!({"path": "C:\\a", "show_hidden": true}),
        ),
        (
            "FileSystem",
            json!({"mode": "search", "path": "C:\\a", "pattern": "*.txt"}),
            "FileSearch",
            json!({"path": "C:\\a", "pattern": "*.txt", "recursive": false}),
        ),
        ("FileSystem", json!({"mode": "info", "path": "C:\\a"}), "FileInfo", json!({"path": "C:\\a"})),
        ("Key-Tool", json!({"key": "enter"}), "Shortcut", json!({"keys": "enter"})),
        ("Launch-Tool", json!({"name": "notepad"}), "App", json!({"action": "launch", "name": "notepad"})),
        (
            "Move",
            json!({"loc": [5, 6], "drag": true, "from_loc": [1, 2], "duration": 1.5}),
            "Move",
            json!({"x": 5, "y": 6, "drag": true, "start_x": 1, "start_y": 2, "duration": 1.5}),
        ),
        ("Move-Tool", json!({"to_loc": [5, 6]}), "Move", json!({"x": 5, "y": 6})),
        (
            "MultiEdit",
            json!({"locs": [[1, 2, "a"]], "labels": [[7, "b"]]}),
            "Batch",
            json!({"steps": [
                {"tool": "Type", "args": {"x": 1, "y": 2, "text": "a", "clear": true}},
                {"tool": "Type", "args": {"ref": "e7", "text": "b", "clear": true}},
            ]}),
        ),
        (
            "MultiSelect",
            json!({"locs": [[1, 2]], "labels": [7]}),
            "Batch",
            json!({"steps": [
                {"tool": "Click", "args": {"x": 1, "y": 2, "held": "ctrl"}},
                {"tool": "Click", "args": {"ref": "e7", "held": "ctrl"}},
            ]}),
        ),
        (
            "MultiSelect",
            json!({"labels": [7], "press_ctrl": false}),
            "Batch",
            json!({"steps": [{"tool": "Click", "args": {"ref": "e7"}}]}),
        ),
        ("PowerShell", json!({"command": "ls", "timeout": 5}), "Shell", json!({"command": "ls", "timeout": 5})),
        ("Powershell-Tool", json!({"command": "ls"}), "Shell", json!({"command": "ls"})),
        (
            "Process",
            json!({"mode": "list", "name": "note", "sort_by": "cpu", "limit": 5}),
            "ListProcesses",
            json!({"filter": "note", "sort_by": "cpu", "limit": 5}),
        ),
        (
            "Process",
            json!({"mode": "kill", "name": "notepad.exe", "force": true}),
            "KillProcess",
            json!({"name": "notepad.exe"}),
        ),
        (
            "Process",
            json!({"mode": "kill", "pid": 12, "started": "x"}),
            "KillProcess",
            json!({"pid": 12, "started": "x"}),
        ),
        (
            "Registry",
            json!({"mode": "get", "path": "HKCU:\\Software\\A", "name": "B"}),
            "RegRead",
            json!({"key": "HKCU:\\Software\\A", "value_name": "B"}),
        ),
        (
            "Registry",
            json!({"mode": "set", "path": "HKCU:\\A", "name": "B", "value": 1, "type": "DWord", "create": true}),
            "RegWrite",
            json!({"key": "HKCU:\\A", "value_name": "B", "data": 1, "reg_type": "REG_DWORD", "create": true}),
        ),
        (
            "Registry",
            json!({"mode": "delete", "path": "HKCU:\\A", "name": "B"}),
            "RegDelete",
            json!({"key": "HKCU:\\A", "value_name": "B"}),
        ),
        ("Registry", json!({"mode": "list", "path": "HKCU:\\A"}), "RegList", json!({"key": "HKCU:\\A"})),
        (
            "Scrape",
            json!({"url": "https://a.example", "use_dom": false, "use_sampling": false}),
            "Scrape",
            json!({"url": "https://a.example"}),
        ),
        ("Scrape-Tool", json!({"url": "https://a.example"}), "Scrape", json!({"url": "https://a.example"})),
        ("Screenshot", json!({"display": [1], "use_annotation": false}), "Screenshot", json!({"monitor": 2})),
        (
            "Scroll",
            json!({"loc": [1, 2], "direction": "up", "wheel_times": 3}),
            "Scroll",
            json!({"x": 1, "y": 2, "amount": 3}),
        ),
        ("Scroll", json!({"label": 4, "type": "vertical"}), "Scroll", json!({"ref": "e4", "amount": -1})),
        (
            "Scroll",
            json!({"type": "horizontal", "direction": "left"}),
            "Scroll",
            json!({"amount": -1, "horizontal": true}),
        ),
        ("Scroll", json!({"type": "horizontal"}), "Scroll", json!({"amount": 1, "horizontal": true})),
        ("Scroll", json!({"loc": [1, 2], "amount": 5}), "Scroll", json!({"x": 1, "y": 2, "amount": 5})),
        ("Scroll-Tool", json!({}), "Scroll", json!({"amount": -1})),
        ("Shortcut", json!({"shortcut": "ctrl+c"}), "Shortcut", json!({"keys": "ctrl+c"})),
        ("Shortcut-Tool", json!({"shortcut": ["ctrl", "c"]}), "Shortcut", json!({"keys": "ctrl+c"})),
        (
            "Snapshot",
            json!({"use_vision": true, "use_dom": true, "use_ui_tree": true, "use_annotation": false, "display": [0]}),
            "Snapshot",
            json!({"use_vision": true, "root": "document", "monitor": 1}),
        ),
        ("State-Tool", json!({"use_vision": false}), "Snapshot", json!({"use_vision": false})),
        ("Switch-Tool", json!({"name": "Edge"}), "App", json!({"action": "switch", "name": "Edge"})),
        (
            "Type",
            json!({"loc": [1, 2], "text": "a", "clear": true, "caret_position": "idle", "press_enter": true}),
            "Type",
            json!({"x": 1, "y": 2, "text": "a", "clear": true, "caret": "keep", "press_enter": true}),
        ),
        ("Type", json!({"label": 3, "text": "a"}), "Type", json!({"ref": "e3", "text": "a"})),
        ("Type-Tool", json!({"loc": [1, 2], "text": "a"}), "Type", json!({"x": 1, "y": 2, "text": "a"})),
        ("Wait", json!({"duration": 2}), "Wait", json!({"seconds": 2})),
        ("Wait-Tool", json!({"duration": 2}), "Wait", json!({"seconds": 2})),
        (
            "WaitFor",
            json!({"condition": "element_exists", "text": "Save", "timeout": 5, "use_dom": false}),
            "WaitFor",
            json!({"condition": "element_exists", "name": "Save", "timeout": 5}),
        ),
        (
            "WaitFor",
            json!({"condition": "active_window", "text": "Save As"}),
            "WaitFor",
            json!({"condition": "active_window", "window_name": "Save As"}),
        ),
        (
            "WaitFor",
            json!({"condition": "text_exists", "text": "Done"}),
            "WaitFor",
            json!({"condition": "text_exists", "text": "Done"}),
        ),
    ]
}

#[test]
fn each_row_makes_one_request_of_ours() {
    let catalogue = catalogue();
    for (name, arguments, tool, ours) in requests() {
        let (found, made) =
            canonical(catalogue, name, arguments.clone()).unwrap_or_else(|fault| panic!("{name} {arguments}: {fault}"));
        assert_eq!((found.descriptor().name, &made), (tool, &ours), "{name} {arguments}");
        let again = canonical(catalogue, tool, made).unwrap();
        assert_eq!((again.0.descriptor().name, &again.1), (tool, &ours), "what is canonical stays: {name} {arguments}");
    }
}

#[test]
fn every_row_and_every_word_of_a_row_has_a_request_here() {
    let asked: BTreeSet<(&str, &str)> = requests().iter().map(|(name, _, tool, _)| (*name, *tool)).collect();
    for row in table::rows() {
        for arm in row.arms() {
            let there = catalogue().get(arm.tool).is_some();
            assert!(!there || asked.contains(&(row.name, arm.tool)), "{} to {}", row.name, arm.tool);
        }
    }
    assert!(table::rows().is_sorted_by_key(|row| row.name));
}

/// The names that lists, rules and scopes know are those of the table, with the same tools.
#[test]
fn a_name_stands_for_what_its_rows_come_to() {
    let catalogue = catalogue();
    let foreign: Vec<(&str, Vec<&str>)> = table::rows()
        .iter()
        .filter(|row| row.arms().iter().all(|arm| arm.tool != row.name))
        .map(|row| (row.name, row.arms().iter().map(|arm| arm.tool).collect::<BTreeSet<_>>().into_iter().collect()))
        .collect();
    let known: Vec<(&str, Vec<&str>)> = FOREIGN_TOOLS.iter().map(|(name, tools)| (*name, tools.to_vec())).collect();
    assert_eq!(foreign, known);
    for (name, tools) in FOREIGN_TOOLS {
        assert!(catalogue.get(name).is_none(), "{name} is a tool of ours");
        assert!(tools.iter().all(|tool| catalogue.get(tool).is_some()), "{name}");
    }
}

#[test]
fn what_is_said_twice_or_not_at_all_is_refused_with_field_and_remedy() {
    let catalogue = catalogue();
    let refusals: Vec<String> = [
        ("Click", json!({"loc": [1, 2], "x": 1})),
        ("Click", json!({"label": 3, "ref": "e4"})),
        ("Click", json!({"label": -1})),
        ("Click", json!({"loc": [1]})),
        ("Click", json!({"loc": "1,2"})),
        ("Click", json!({"loc": [1, 2], "clicks": 4})),
        ("App", json!({"mode": "close", "name": "a"})),
        ("App", json!({"mode": "launch", "name": "a", "executable": "C:\\a.exe"})),
        ("FileSystem", json!({})),
        ("FileSystem", json!({"mode": "raed", "path": "C:\\a"})),
        ("FileSystem", json!({"mode": "read", "path": "C:\\a", "ofset": 1})),
        ("FileSystem", json!({"mode": "read", "path": "C:\\a", "content": "x"})),
        ("FileSystem", json!({"mode": "write", "path": "C:\\a", "content": "x", "overwrite": false})),
        ("FileSystem", json!({"mode": "list", "path": "C:\\a", "recursive": true})),
        ("FileSystem", json!([])),
        ("Launch-Tool", json!({"name": "a", "action": "close"})),
        ("MultiEdit", json!({"labels": [[1, "secret", 2]]})),
        ("MultiEdit", json!({"locs": "secret"})),
        ("MultiSelect", json!({})),
        ("MultiSelect", json!({"labels": [0]})),
        ("MultiSelect", json!({"labels": [1], "press_ctrl": "yes"})),
        ("Registry", json!({"mode": "set", "path": "HKCU:\\A", "value": "x", "type": "Dword"})),
        ("Registry", json!({"mode": "get", "path": "HKCU:\\A", "key": "HKCU"})),
        ("Scrape", json!({"url": "https://a.example", "query": "what"})),
        ("Screenshot", json!({"display": [0, 1]})),
        ("Screenshot", json!({"width_reference_line": 4})),
        ("Scroll", json!({"type": "vertical", "direction": "left"})),
        ("Scroll", json!({"direction": "up", "wheel_times": 0})),
        ("Scroll", json!({"direction": "up", "amount": 3})),
        ("Shortcut", json!({"shortcut": []})),
        ("Snapshot", json!({"use_ui_tree": false})),
        ("Type", json!({"text": "secret", "caret_position": "middle"})),
        ("WaitFor", json!({"condition": "element_exists", "text": "a", "name": "b"})),
        ("WaitFor", json!({"condition": "text_exists", "text": "a", "interval": 1})),
        ("powershell", json!({"command": "ls"})),
        ("getclipbord", json!({})),
    ]
    .into_iter()
    .map(|(name, arguments)| {
        let fault = canonical(catalogue, name, arguments.clone()).map(|_| ()).unwrap_err();
        assert!(fault.remedy.is_some(), "{name} {arguments}: {fault}");
        assert!(!fault.to_string().contains("secret"), "{name}: {fault}");
        format!("{name} {arguments}\n{fault}")
    })
    .collect();
    insta::assert_snapshot!(refusals.join("\n--\n"));
}

#[test]
fn a_request_of_ours_comes_out_as_it_is() {
    let catalogue = catalogue();
    for tool in catalogue.tools() {
        let d = tool.descriptor();
        for (arguments, _) in d.examples {
            let arguments: Value = serde_json::from_str(arguments).unwrap();
            let (found, made) = canonical(catalogue, d.name, arguments.clone()).unwrap();
            assert_eq!((found.descriptor().name, made), (d.name, arguments), "{}", d.name);
        }
    }
    let (_, made) = canonical(catalogue, "Click", json!([1])).unwrap();
    assert_eq!(made, json!([1]), "what is no object is the tool's to refuse");
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z+]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| prop::collection::vec(inner, 0..4).prop_map(Value::from))
}

proptest! {
    /// Whatever is sent by a name of ours: arguments of ours stay as they are, and what came out once comes out again.
    #[test]
    fn what_is_canonical_stays(at in any::<prop::sample::Index>(), values in prop::collection::vec(any_value(), 1..6), seed in any::<u64>()) {
        let catalogue = catalogue();
        let rows = table::rows();
        let row = &rows[at.index(rows.len())];
        let Some(arm) = row.arms().into_iter().find(|arm| catalogue.get(arm.tool).is_some()) else { return Ok(()) };
        let tool = catalogue.get(arm.tool).unwrap();
        let foreign: Vec<&str> = arm.arguments.iter().map(|(name, _)| *name).collect();
        let ours: Vec<&str> = tool.argument_names().into_iter().filter(|name| !foreign.contains(name)).collect();
        let pick = |from: &[&str], number: usize| -> Option<String> {
            let at = seed.rotate_left(u32::try_from(number).unwrap() * 7) % u64::try_from(from.len().max(1)).unwrap();
            from.get(usize::try_from(at).unwrap()).map(|name| (*name).to_owned())
        };
        let own: Arguments =
            values.iter().enumerate().filter_map(|(number, value)| Some((pick(&ours, number)?, value.clone()))).collect();
        let (found, made) = canonical(catalogue, arm.tool, Value::Object(own.clone())).unwrap();
        prop_assert_eq!((found.descriptor().name, made), (arm.tool, Value::Object(own)));
        let mixed: Vec<&str> = foreign.iter().chain(&ours).copied().collect();
        let given: Arguments =
            values.iter().enumerate().filter_map(|(number, value)| Some((pick(&mixed, number)?, value.clone()))).collect();
        if let Ok((found, made)) = canonical(catalogue, row.name, Value::Object(given)) {
            let name = found.descriptor().name;
            if let Ok((again, same)) = canonical(catalogue, name, made.clone()) {
                prop_assert_eq!((again.descriptor().name, same), (name, made));
            }
        }
    }
}

#[test]
fn the_dialect_lists_the_tools_of_windows_mcp() {
    let catalogue = catalogue();
    let names: Vec<&str> = table::rows().iter().filter(|row| row.listed).map(|row| row.name).collect();
    assert_eq!(
        names,
        [
            "App",
            "Click",
            "Clipboard",
            "DisplayInventory",
            "FileSystem",
            "Move",
            "MultiEdit",
            "MultiSelect",
            "Notification",
            "PowerShell",
            "Process",
            "Registry",
            "Scrape",
            "Screenshot",
            "Scroll",
            "Shortcut",
            "Snapshot",
            "Type",
            "Wait",
            "WaitFor"
        ]
    );
    let listed = windows_mcp(catalogue);
    for tool in &listed {
        assert!(tool.description.chars().count() <= Descriptor::DESCRIPTION_CAP, "{}", tool.name);
        assert_eq!(tool.input_schema["additionalProperties"], false, "{}", tool.name);
        let tools: Vec<_> = tool.tools.iter().map(|name| catalogue.get(name).unwrap().descriptor()).collect();
        let acts = tools.iter().any(|tool| tool.effects.iter().any(|effect| effect.changes()));
        assert_eq!(tool.annotations.read_only, !acts, "{}: read-only means that none of its tools acts", tool.name);
        for name in tool.input_schema["required"].as_array().into_iter().flatten() {
            assert!(!tool.input_schema["properties"][name.as_str().unwrap()].is_null(), "{}: {name}", tool.name);
        }
    }
    // What the schema lets through is taken by the table: each request above that has no argument of ours.
    for (name, arguments, ..) in requests() {
        let Some(tool) = listed.iter().find(|tool| tool.name == name) else { continue };
        let properties = tool.input_schema["properties"].as_object().unwrap();
        let foreign = arguments.as_object().unwrap().keys().all(|name| properties.contains_key(name));
        let ours = ["amount", "create", "started"].iter().any(|ours| arguments.get(ours).is_some());
        assert!(foreign || ours, "{name} {arguments}");
    }
    let shown: Vec<String> = listed
        .iter()
        .map(|tool| format!("{}: {}\n{:?}\n{}", tool.name, tool.description, tool.annotations, tool.input_schema))
        .collect();
    insta::assert_snapshot!(shown.join("\n\n"));
}
