//! Calls by foreign names: what they come to is judged, metered, run and recorded, and nothing else; no name leads past a
//! rule.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod common;

use common::{gate_with, open_gate};
use portcullis_gate::{Call, Catalogue, DeniesApproval, Gate, GateParts, KeepsNothing, Redactor};
use portcullis_model::{
    Authenticated, Cancel, Digest, Durability, Entry, FOREIGN_TOOLS, Fault, FaultCode, Ledger, LedgerFault, Part,
    Principal, Reply, Scopes,
};
use portcullis_platform_fake::FakeDesktop;
use portcullis_policy::{Approval, FilterSpec, Rules, ToolFilter};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

fn call_as(gate: &Gate, principal: Principal, tool: &str, arguments: Value) -> Result<Reply, Fault> {
    gate.call(Call { principal, tool: tool.to_owned(), arguments, cancel: Cancel::new() })
}

fn call(gate: &Gate, tool: &str, arguments: Value) -> Result<Reply, Fault> {
    call_as(gate, Principal::local(), tool, arguments)
}

fn text(reply: &Reply) -> String {
    let Reply::View { parts, .. } = reply else { panic!("a view") };
    let texts = parts.iter().filter_map(|part| if let Part::Text(text) = part { Some(text.as_str()) } else { None });
    texts.collect::<Vec<_>>().join("\n")
}

/// A request by each foreign name and to each tool that it can come to.
fn requests() -> Vec<(&'static str, Value, &'static str)> {
    let file = |mode: &str| json!({"mode": mode, "path": "C:\\work\\a.txt", "destination": "C:\\work\\b.txt"});
    let only = |mode: &str| json!({"mode": mode, "path": "C:\\work\\a.txt"});
    let key = |mode: &str| json!({"mode": mode, "path": "HKCU:\\Software\\Example", "name": "a"});
    let at = json!({"loc": [10, 10]});
    vec![
        ("App-Tool", json!({"mode": "switch", "name": "x"}), "App"),
        ("Click-Tool", at.clone(), "Click"),
        ("Clipboard", json!({"mode": "get"}), "GetClipboard"),
        ("Clipboard", json!({"mode": "set", "text": "a"}), "SetClipboard"),
        ("Clipboard-Tool", json!({"mode": "paste"}), "GetClipboard"),
        ("Clipboard-Tool", json!({"mode": "copy", "text": "a"}), "SetClipboard"),
        ("Drag-Tool", json!({"from_loc": [1, 1], "to_loc": [9, 9]}), "Drag"),
        ("FileSystem", file("copy"), "FileCopy"),
        ("FileSystem", only("delete"), "FileDelete"),
        ("FileSystem", only("info"), "FileInfo"),
        ("FileSystem", only("list"), "FileList"),
        ("FileSystem", file("move"), "FileMove"),
        ("FileSystem", only("read"), "FileRead"),
        ("FileSystem", json!({"mode": "search", "path": "C:\\work", "pattern": "*"}), "FileSearch"),
        ("FileSystem", json!({"mode": "write", "path": "C:\\work\\a.txt", "content": "a"}), "FileWrite"),
        ("Key-Tool", json!({"key": "enter"}), "Shortcut"),
        ("Launch-Tool", json!({"name": "x"}), "App"),
        ("Move-Tool", json!({"to_loc": [10, 10]}), "Move"),
        ("MultiEdit", json!({"locs": [[10, 10, "a"]]}), "Batch"),
        ("MultiSelect", json!({"locs": [[10, 10]]}), "Batch"),
        ("PowerShell", json!({"command": "ls"}), "Shell"),
        ("Powershell-Tool", json!({"command": "ls"}), "Shell"),
        ("Process", json!({"mode": "kill", "name": "notepad.exe"}), "KillProcess"),
        ("Process", json!({"mode": "list"}), "ListProcesses"),
        ("Registry", key("delete"), "RegDelete"),
        (
            "Registry",
            key("list").as_object().map(|key| json!({"mode": "list", "path": key["path"]})).unwrap(),
            "RegList",
        ),
        ("Registry", key("get"), "RegRead"),
        ("Registry", json!({"mode": "set", "path": "HKCU:\\Software\\Example", "value": "a"}), "RegWrite"),
        ("Scrape-Tool", json!({"url": "https://a.example"}), "Scrape"),
        ("Scroll-Tool", at.clone(), "Scroll"),
        ("Shortcut-Tool", json!({"shortcut": ["ctrl", "c"]}), "Shortcut"),
        ("State-Tool", json!({}), "Snapshot"),
        ("Switch-Tool", json!({"name": "x"}), "App"),
        ("Type-Tool", json!({"loc": [10, 10], "text": "a"}), "Type"),
        ("Wait-Tool", json!({"duration": 0}), "Wait"),
    ]
}

#[test]
fn no_foreign_name_reaches_a_tool_that_is_shut() {
    let desktop = FakeDesktop::demo();
    for (name, tools) in FOREIGN_TOOLS {
        for tool in *tools {
            assert!(requests().iter().any(|(asked, _, to)| asked == name && to == tool), "{name} to {tool}");
        }
    }
    for (name, arguments, tool) in requests() {
        let shut = FilterSpec { enable_all: true, exclude_tools: vec![tool.to_owned()], ..FilterSpec::default() };
        let gate = gate_with(&desktop, &shut, Approval::Never, |rules| rules);
        let fault = call(&gate, name, arguments.clone()).unwrap_err();
        assert_eq!(fault.code, FaultCode::NotEnabled, "{name} {arguments}: {fault}");
        assert!(fault.message.contains(tool), "it is named as it is judged: {fault}");
    }
}

/// A batch cannot hold a foreign name for another batch, and its steps are judged one by one.
#[test]
fn a_step_by_a_foreign_name_is_judged_as_what_it_comes_to() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let steps = |tool: &str, args: Value| json!({"steps": [{"tool": tool, "args": args}]});
    for name in ["MultiSelect", "MultiEdit"] {
        let inner = if name == "MultiEdit" { json!({"locs": [[1, 1, "a"]]}) } else { json!({"locs": [[1, 1]]}) };
        let fault = call(&gate, "Batch", steps(name, inner)).unwrap_err();
        assert!(fault.message.contains("a step cannot have steps of its own"), "{fault}");
    }
    let reply = call(&gate, "Batch", steps("Clipboard", json!({"mode": "set", "text": "mine"}))).unwrap();
    assert!(text(&reply).contains("step 1 (Clipboard): confirmed"), "{}", text(&reply));
    let shut = FilterSpec { exclude_tools: vec!["Click".to_owned()], ..FilterSpec::default() };
    let gate = gate_with(&desktop, &shut, Approval::Never, |rules| rules);
    let fault = call(&gate, "MultiSelect", json!({"locs": [[10, 10]]})).unwrap_err();
    assert_eq!(fault.code, FaultCode::NotEnabled, "{fault}");
}

#[test]
fn a_scope_by_a_foreign_name_opens_what_it_stands_for_and_no_more() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let scopes: Scopes = "tool:CLIPBOARD".parse().unwrap();
    let caller = Principal::remote(Authenticated::Key, "one", scopes);
    for (arguments, name) in [(json!({"mode": "set", "text": "a"}), "Clipboard"), (json!({}), "GetClipboard")] {
        let answer = call_as(&gate, caller.clone(), name, arguments);
        assert!(answer.is_ok(), "{name}: {answer:?}");
    }
    let fault = call_as(&gate, caller, "State-Tool", json!({})).unwrap_err();
    assert_eq!(fault.code, FaultCode::NotEnabled, "{fault}");
}

/// Keeps what is recorded, by event and tool.
#[derive(Default)]
struct Kept(Mutex<Vec<String>>);

impl Ledger for Kept {
    fn append(&self, entry: &Entry, _: Durability) -> Result<(), LedgerFault> {
        let line = match entry {
            Entry::CallGranted(granted) => format!("granted {}", granted.tool),
            Entry::CallDenied(denied) => format!("denied {}", denied.tool),
            _ => return Ok(()),
        };
        self.0.lock().unwrap().push(line);
        Ok(())
    }

    fn digest(&self, bytes: &[u8]) -> Digest {
        Digest::of(bytes)
    }
}

#[test]
fn the_record_has_our_names_and_what_came_to_no_tool_by_its_foreign_one() {
    let desktop = FakeDesktop::demo();
    let kept = Arc::new(Kept::default());
    let catalogue = Catalogue::new();
    let filter = ToolFilter::resolve(&FilterSpec::default(), &catalogue.names()).unwrap();
    let gate = Gate::new(GateParts {
        rules: Rules::new(filter, Approval::Never, 1),
        ledger: kept.clone(),
        ports: desktop.ports(),
        catalogue,
        approver: Arc::new(DeniesApproval),
        journal: Arc::new(KeepsNothing),
        redactor: Redactor::new(Vec::new()),
    })
    .unwrap();
    call(&gate, "Clipboard", json!({"mode": "get"})).unwrap();
    call(&gate, "PowerShell", json!({"command": "ls"})).unwrap_err();
    call(&gate, "FileSystem", json!({"mode": "burn"})).unwrap_err();
    call(&gate, "filesystem", json!({"mode": "burn"})).unwrap_err();
    let kept = kept.0.lock().unwrap();
    assert_eq!(kept[..3], ["granted GetClipboard", "denied Shell", "denied FileSystem"]);
    assert!(kept[3].starts_with("denied unknown:"), "{kept:?}");
}

#[test]
fn a_foreign_tool_is_listed_while_any_of_its_tools_is_open() {
    let desktop = FakeDesktop::demo();
    let listed = |spec: FilterSpec| {
        let gate = gate_with(&desktop, &spec, Approval::Never, |rules| rules);
        let all = gate.windows_mcp();
        let open = all.iter().filter(|tool| gate.opens(&Principal::local(), tool));
        open.map(|tool| tool.name).collect::<Vec<_>>().join(" ")
    };
    let default = listed(FilterSpec::default());
    for name in ["Clipboard", "Process", "Registry", "FileSystem", "Click", "MultiSelect"] {
        assert!(default.split(' ').any(|listed| listed == name), "{name}: {default}");
    }
    assert!(!default.contains("PowerShell"), "{default}");
    let tools = vec!["SetClipboard".to_owned(), "Shell".to_owned()];
    assert_eq!(listed(FilterSpec { tools, ..FilterSpec::default() }), "Clipboard PowerShell");
}
