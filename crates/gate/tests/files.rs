//! The file tools behind the gate, on the fake desktop: what is answered, and every way by which a path could lead to what
//! no rule opens. Neither winremote-mcp nor Windows-MCP checks paths: each of these attacks succeeds there.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod common;

use common::{at, open_gate};
use portcullis_gate::{Call, Gate};
use portcullis_model::{Cancel, CancelReason, Fault, FaultCode, FilePath, Part, Principal, Reply, Scope, Valued};
use portcullis_platform_fake::{Call as PortCall, FakeDesktop};
use portcullis_policy::{Approval, FileRules, roots};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const SECRET: &str = "canary-5d1f";

fn path(text: &str) -> FilePath {
    FilePath::parse(text).unwrap()
}

struct Door {
    gate: Gate,
    desktop: FakeDesktop,
}

/// Reads `C:\root`, writes `C:\root\out`, keeps `C:\root\private` back.
fn rules() -> FileRules {
    FileRules {
        read: roots([path(r"C:\root")], &at(3)),
        write: roots([path(r"C:\root\out")], &at(4)),
        deny: vec![Valued::new(path(r"C:\root\private"), at(5))],
        profile: None,
        own: vec![path(r"C:\root\Portcullis")],
        beside: Vec::new(),
    }
}

fn door(files: FileRules) -> Door {
    let desktop = FakeDesktop::demo();
    desktop.put_file(r"C:\root\notes.txt", b"first\nsecond\nthird\n");
    desktop.put_file(r"C:\root\sub\deep\notes.md", "Grüße, second".as_bytes());
    desktop.put_file(r"C:\root\private\diary.txt", SECRET.as_bytes());
    desktop.put_file(r"C:\root\.ssh\id_ed25519", SECRET.as_bytes());
    desktop.put_file(r"C:\root\Portcullis\audit.key", SECRET.as_bytes());
    desktop.put_file(r"C:\root\.cursor\mcp.json", SECRET.as_bytes());
    desktop.put_file(r"C:\root\picture.png", b"\x89PNG\0\0\x01");
    desktop.put_file(r"C:\outside\secret.txt", SECRET.as_bytes());
    desktop.put_folder(r"C:\root\out");
    let gate = open_gate(&desktop, Approval::Never, |rules| rules.with_files(files));
    Door { gate, desktop }
}

impl Door {
    fn call_as(&self, principal: Principal, tool: &str, arguments: Value) -> Result<Reply, Fault> {
        self.gate.call(Call { principal, tool: tool.to_owned(), arguments, cancel: Cancel::new() })
    }

    fn call(&self, tool: &str, arguments: Value) -> Result<Reply, Fault> {
        self.call_as(Principal::local(), tool, arguments)
    }

    fn data(&self, tool: &str, arguments: Value) -> Value {
        match self.call(tool, arguments) {
            Ok(Reply::Data(value)) => value,
            other => panic!("{tool}: {other:?}"),
        }
    }

    fn text(&self, tool: &str, arguments: Value) -> String {
        match self.call(tool, arguments) {
            Ok(Reply::View { parts, .. }) => match parts.into_iter().next() {
                Some(Part::Text(text)) => text,
                other => panic!("{tool}: {other:?}"),
            },
            other => panic!("{tool}: {other:?}"),
        }
    }

    /// `Code: rule`, of a call that must fail without telling the canary.
    fn refusal(&self, tool: &str, arguments: Value) -> String {
        let answer = self.call(tool, arguments.clone());
        assert!(!format!("{answer:?}").contains(SECRET), "{tool} {arguments}: {answer:?}");
        let Err(fault) = answer else { panic!("{tool} {arguments}: {answer:?}") };
        format!("{:?}: {}", fault.code, fault.rule.unwrap_or_default())
    }
}

/// What reads or lists: each is asked for a path that must be refused.
const READERS: [&str; 5] = ["FileDownload", "FileInfo", "FileList", "FileRead", "FileSearch"];

fn arguments(tool: &str, path: &str) -> Value {
    match tool {
        "FileSearch" => json!({ "path": path, "pattern": "*", "content": "canary" }),
        _ => json!({ "path": path }),
    }
}

#[test]
fn the_reading_tools_tell_what_is_there() {
    let door = door(rules());
    let facts = door.data("FileInfo", json!({ "path": r"c:\ROOT\notes.txt" }));
    assert_eq!((&facts["kind"], &facts["size"]), (&json!("file"), &json!(19)), "{facts}");
    let listing = door.data("FileList", json!({ "path": r"C:\root" }));
    let names: Vec<&str> = listing["entries"].as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap()).collect();
    // Folders first; what is kept back is counted: private, .ssh, Portcullis. What is hidden is left out.
    assert_eq!(names, ["out", "sub", "notes.txt", "picture.png"], "{listing}");
    assert_eq!((&listing["withheld"], &listing["matching"]), (&json!(3), &json!(4)), "{listing}");
    let cut = door.data("FileList", json!({ "path": r"C:\root", "limit": 1, "show_hidden": true }));
    assert_eq!((cut["entries"].as_array().unwrap().len(), &cut["matching"]), (1, &json!(5)), "{cut}");
    assert_eq!(
        door.text("FileRead", json!({ "path": r"C:\root\notes.txt", "offset": 1, "limit": 1 })),
        "[UTF-8, found; lines 2 to 2, more follow, go on with offset 2]\nsecond"
    );
    assert_eq!(
        door.text("FileRead", json!({ "path": r"C:\root\notes.txt", "offset": 2 })),
        "[UTF-8, found; lines 3 to 3, the end]\nthird"
    );
    assert_eq!(
        door.text("FileRead", json!({ "path": r"C:\root\notes.txt", "offset": 9 })),
        "[UTF-8, found; no line from offset 9 on, the file has 3]\n"
    );
    assert_eq!(
        door.text("FileRead", json!({ "path": r"C:\root\picture.png", "encoding": "binary", "limit": 4 })),
        "[4 bytes from 0, base64; more follows, go on with offset 4]\niVBORw=="
    );
    assert!(door.refusal("FileRead", json!({ "path": r"C:\root\picture.png" })).starts_with("BadArgument"));
    let found = door.data("FileSearch", json!({ "path": r"C:\root", "pattern": "notes.*" }));
    let paths: Vec<&str> = found["found"].as_array().unwrap().iter().map(|f| f["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["notes.txt", r"sub\deep\notes.md"], "{found}");
    let found = door.data("FileSearch", json!({ "path": r"C:\root", "pattern": "**/*.md", "content": "SECOND" }));
    assert_eq!(found["found"][0]["lines"][0], json!({ "number": 1, "text": "Grüße, second" }), "{found}");
    let shallow = door.data("FileSearch", json!({ "path": r"C:\root", "pattern": "*.md", "recursive": false }));
    assert_eq!(shallow["found"], json!([]), "{shallow}");
}

#[test]
fn a_search_ends_at_its_limit_and_says_so() {
    let door = door(rules());
    for number in 0..60 {
        door.desktop.put_file(&format!(r"C:\root\many\{number:02}.log"), b"x");
    }
    let found = door.data("FileSearch", json!({ "path": r"C:\root", "pattern": "*.log" }));
    assert_eq!(found["found"].as_array().unwrap().len(), 50, "the default");
    assert_eq!(found["cut"], "as many as asked for were found");
    let found = door.data("FileSearch", json!({ "path": r"C:\root", "pattern": "*.log", "limit": 60 }));
    assert_eq!((found["found"].as_array().unwrap().len(), &found["cut"]), (60, &Value::Null));
    for what_finds_nothing in [
        json!({ "pattern": "" }),
        json!({ "pattern": "../**" }),
        json!({ "pattern": "many//x" }),
        json!({ "pattern": "*", "content": "a\nb" }),
        json!({ "pattern": "*", "match_case": true }),
    ] {
        let mut arguments = json!({ "path": r"C:\root" });
        arguments.as_object_mut().unwrap().extend(what_finds_nothing.as_object().unwrap().clone());
        assert!(door.refusal("FileSearch", arguments).starts_with("BadArgument: "), "{what_finds_nothing}");
    }
}

#[test]
fn attack_nothing_outside_of_the_roots_is_told_not_even_whether_it_is_there() {
    let door = door(rules());
    for tool in READERS {
        for path in [r"C:\outside\secret.txt", r"C:\outside\absent.txt", r"C:\root2", r"C:\", r"D:\x"] {
            let said = door.call(tool, arguments(tool, path)).map_err(|fault| (fault.code, fault.rule));
            let rule = said.as_ref().err().and_then(|(_, rule)| rule.clone()).unwrap_or_default();
            let expected = ["p.toml:3 leaves it out of `files.read`", "files lie on drives of this machine"];
            assert!(expected.iter().any(|words| rule.starts_with(words)), "{tool} {path}: {said:?}");
        }
    }
    assert!(door.refusal("FileRead", json!({ "path": r"C:\root\absent.txt" })).starts_with("NotFound"));
}

#[test]
fn attack_a_link_and_a_short_name_lead_to_what_they_are_judged_by() {
    let door = door(rules());
    door.desktop.put_link(r"C:\root\away", r"C:\outside");
    door.desktop.put_link(r"C:\root\dir", r"C:\root\private");
    door.desktop.put_link(r"C:\root\file.txt", r"C:\outside\secret.txt");
    door.desktop.put_link(r"C:\root\chain", r"C:\root\away");
    door.desktop.put_link(r"C:\root\share", r"\\attacker\share");
    door.desktop.put_link(r"C:\root\device", r"\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy1");
    door.desktop.put_link(r"C:\root\loop", r"C:\root\loop");
    door.desktop.put_link(r"C:\elsewhere", r"C:\root");
    door.desktop.put_short_name(r"C:\root\private", "PRIVAT~1");
    door.desktop.put_short_name(r"C:\root\.ssh", "SSH~1");
    for tool in ["FileRead", "FileSearch"] {
        for (path, rule) in [
            (r"C:\root\away\secret.txt", "Denied: p.toml:3 leaves it out"),
            (r"C:\root\chain\secret.txt", "Denied: p.toml:3 leaves it out"),
            (r"C:\root\file.txt", "Denied: p.toml:3 leaves it out"),
            (r"C:\root\dir\diary.txt", r"Denied: p.toml:5 names C:\root\private in `files.deny`"),
            (r"C:\root\PRIVAT~1\diary.txt", r"Denied: p.toml:5 names C:\root\private in `files.deny`"),
            (r"C:\root\SSH~1\id_ed25519", "Denied: .ssh is refused to all"),
            (r"C:\root\share\x", "Denied: files lie on drives of this machine"),
            (r"C:\root\device\x", "Denied: files lie on drives of this machine"),
            (r"C:\root\loop\x", "BadArgument: "),
        ] {
            let said = door.refusal(tool, arguments(tool, path));
            assert!(said.starts_with(rule), "{tool} {path}: {said}");
        }
    }
    // A link is listed as itself and not gone through.
    let found = door.data("FileSearch", json!({ "path": r"C:\root", "pattern": "*", "content": "canary" }));
    assert_eq!(found["found"], json!([]), "{found}");
    assert_eq!(door.data("FileInfo", json!({ "path": r"C:\root\away" }))["kind"], "link");
    // From outside of the roots a link into one is what it leads to.
    assert!(door.text("FileRead", json!({ "path": r"C:\elsewhere\notes.txt" })).contains("first"));
}

#[test]
fn attack_a_junction_swapped_between_check_and_use_leads_nowhere() {
    for (tool, call) in [
        ("FileRead", PortCall::ReadFile),
        ("FileInfo", PortCall::FileFacts),
        ("FileList", PortCall::FolderEntries),
        ("FileSearch", PortCall::FolderEntries),
    ] {
        let door = door(rules());
        door.desktop.put_file(r"C:\root\box\secret.txt", b"harmless");
        // What was checked is moved away, and a link to a secret of the same name takes its place.
        door.desktop.before_next(call, |desktop| {
            desktop.move_file(r"C:\root\box", r"C:\root\box-before");
            desktop.put_link(r"C:\root\box", r"C:\outside");
        });
        let path = if tool == "FileRead" || tool == "FileInfo" { r"C:\root\box\secret.txt" } else { r"C:\root\box" };
        let said = door.refusal(tool, arguments(tool, path));
        assert!(said.starts_with("Denied: the permit of "), "{tool}: {said}");
    }
    // What was checked is moved to where no rule opens it: the same file, and still not read.
    let door = door(rules());
    door.desktop.before_next(PortCall::ReadFile, |desktop| {
        desktop.move_file(r"C:\root\notes.txt", r"C:\root\private\notes.txt");
    });
    let said = door.refusal("FileRead", json!({ "path": r"C:\root\notes.txt" }));
    assert!(said.starts_with("Denied: the permit of "), "{said}");
}

#[test]
fn attack_our_own_files_credentials_and_client_files_are_kept_back_inside_a_root() {
    let door = door(FileRules { read: roots([path(r"C:\")], &at(3)), ..rules() });
    for path in [
        r"C:\root\Portcullis\audit.key",
        r"C:\ROOT\portcullis",
        r"C:\root\.ssh\id_ed25519",
        r"C:\root\.cursor\mcp.json",
        r"C:\Windows\System32\config\SAM",
        r"C:\root\private\diary.txt",
    ] {
        for tool in READERS {
            assert!(door.refusal(tool, arguments(tool, path)).starts_with("Denied: "), "{tool} {path}");
        }
    }
    let found = door.data("FileSearch", json!({ "path": r"C:\root", "pattern": "*", "content": "canary" }));
    assert_eq!((&found["found"], &found["withheld"]), (&json!([]), &json!(4)), "{found}");
}

#[test]
fn a_key_needs_the_scope_for_files_beside_the_tier() {
    let door = door(rules());
    let notes = json!({ "path": r"C:\root\notes.txt" });
    let ask = |scopes: &[Scope], tool: &str| {
        let key = Principal::key("k", scopes.iter().copied());
        door.call_as(key, tool, notes.clone()).map(drop).map_err(|fault| fault.rule.unwrap_or_default())
    };
    let no_files = Err("key:k holds no `files` scope".to_owned());
    assert_eq!(ask(&[Scope::Observe], "FileInfo"), no_files);
    assert_eq!(ask(&[Scope::Observe, Scope::Alter], "FileRead"), no_files);
    assert_eq!(ask(&[Scope::Observe, Scope::Files], "FileInfo"), Ok(()));
    assert_eq!(ask(&[Scope::Observe, Scope::Files], "FileRead"), Err("key:k holds no `alter` scope".to_owned()));
    assert_eq!(ask(&[Scope::Alter, Scope::Files], "FileRead"), Ok(()));
    let named = Principal::remote(portcullis_model::Authenticated::Key, "k", "tool:FileInfo".parse().unwrap());
    let said = door.call_as(named, "FileInfo", notes.clone()).unwrap_err();
    assert_eq!(said.rule.as_deref(), Some("key:k holds no `files` scope"), "naming a tool is not naming files");
}

#[test]
fn the_line_that_decided_is_named() {
    let door = door(rules());
    let explain = |tool: &str, path: &str| {
        door.gate.explain(&Principal::local(), tool, arguments(tool, path)).unwrap().call.rule.unwrap_or_default()
    };
    assert!(explain("FileRead", r"C:\root\notes.txt").ends_with("; p.toml:3 opens it in `files.read`"));
    assert_eq!(explain("FileRead", r"C:\root\private\x"), r"p.toml:5 names C:\root\private in `files.deny`");
    assert_eq!(explain("FileInfo", r"C:\nowhere"), "p.toml:3 leaves it out of `files.read`");
}

/// SHA-256 of `old`, by sha256sum.
const OLD_DIGEST: &str = "cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4";

#[test]
fn a_file_is_written_whole_or_at_its_end() {
    let door = door(rules());
    let write = |more: Value| {
        let mut arguments = json!({ "path": r"C:\root\out\a.txt", "content": "new" });
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        arguments
    };
    let holds = || door.desktop.file(r"C:\root\out\a.txt");
    assert!(door.text("FileWrite", write(json!({}))).starts_with("confirmed: made, 3 bytes, sha256 "));
    assert!(door.text("FileWrite", write(json!({ "content": "old" }))).starts_with("confirmed: replaced, 3 bytes"));
    assert_eq!(holds(), Some(b"old".to_vec()));
    let said = door.text("FileWrite", write(json!({ "append": true, "content": "\r\nü", "encoding": "windows-1252" })));
    assert_eq!((said.as_str(), holds()), ("confirmed: 3 bytes added; the file has 6", Some(b"old\r\n\xfc".to_vec())));
    let wide = |more: Value| {
        let mut arguments = json!({ "path": r"C:\root\out\wide.txt", "append": true, "encoding": "utf-16le" });
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        arguments
    };
    let holds_wide = || door.desktop.file(r"C:\root\out\wide.txt");
    door.text("FileWrite", wide(json!({ "content": "a" })));
    let said = door.text("FileWrite", wide(json!({ "content": "ü" })));
    assert_eq!(said, "confirmed: 2 bytes added; the file has 6");
    assert_eq!(holds_wide(), Some(vec![0xFF, 0xFE, b'a', 0, 0xFC, 0]), "one mark, at the begin");
    let said = door.refusal("FileWrite", wide(json!({ "content": "b", "encoding": "utf-16be" })));
    assert_eq!(said, "BadArgument: what is added has the encoding of what is there");
    assert_eq!(holds_wide().unwrap().len(), 6, "nothing was added");
    let said = door.refusal("FileWrite", write(json!({ "expect_sha256": OLD_DIGEST })));
    assert_eq!(
        (said.as_str(), holds().unwrap().len()),
        ("BadArgument: what is replaced is what the caller last saw", 6)
    );
    door.text("FileWrite", write(json!({ "content": "old" })));
    door.text("FileWrite", write(json!({ "expect_sha256": OLD_DIGEST.to_uppercase() })));
    assert_eq!(holds(), Some(b"new".to_vec()));
    door.text("FileWrite", json!({ "path": r"C:\root\out\deep\er\b.bin", "content": "AAE=", "encoding": "binary" }));
    assert_eq!(door.desktop.file(r"C:\root\out\deep\er\b.bin"), Some(b"\0\x01".to_vec()));
    assert!(
        door.refusal("FileWrite", json!({ "path": r"C:\root\out\deep", "content": "x" })).starts_with("BadArgument")
    );
    let echoed = door.call("FileWrite", json!({ "path": r"C:\root\a", "content": SECRET })).unwrap_err();
    assert!(!echoed.to_string().contains(SECRET), "{echoed}");
}

#[test]
fn files_and_folders_are_copied_moved_and_deleted() {
    let door = door(rules());
    let pair = |from: &str, to: &str| json!({ "path": from, "destination": to });
    let there = |path: &str| door.desktop.file(path).map(|bytes| String::from_utf8(bytes).unwrap());
    let said = door.text("FileCopy", pair(r"C:\root\notes.txt", r"C:\root\out\n.txt"));
    assert_eq!((said.as_str(), there(r"C:\root\out\n.txt").unwrap().len()), ("confirmed: copied, 19 bytes", 19));
    let exists = door.refusal("FileCopy", pair(r"C:\root\picture.png", r"C:\root\out\n.txt"));
    assert_eq!(exists, "BadArgument: what is there is replaced only when the call says so");
    let said = door.text("FileCopy", pair(r"C:\root\sub", r"C:\root\out\sub"));
    assert_eq!(said, "confirmed: copied, 1 files, 15 bytes");
    assert!(there(r"C:\root\out\sub\deep\notes.md").is_some());
    assert!(door.refusal("FileCopy", pair(r"C:\root\out\sub", r"C:\root\out\sub\deep\x")).starts_with("BadArgument"));
    let said = door.text("FileMove", pair(r"C:\root\out\sub", r"C:\root\out\moved"));
    assert_eq!(said, "confirmed: the folder lies there now");
    assert!(there(r"C:\root\out\moved\deep\notes.md").is_some() && !door.desktop.lies_at(r"C:\root\out\sub"));
    assert!(door.refusal("FileMove", pair(r"C:\root\out\n.txt", r"C:\root\out\N.TXT")).starts_with("BadArgument"));
    let said = door.refusal("FileDelete", json!({ "path": r"C:\root\out\moved", "permanent": true }));
    assert_eq!(said, "BadArgument: a folder with what it holds is deleted only when the call says so");
    let all = json!({ "path": r"C:\root\out\moved", "permanent": true, "recursive": true });
    assert_eq!(door.text("FileDelete", all), "confirmed: the folder is gone, for good");
    let said = door.text("FileDelete", json!({ "path": r"C:\root\out\n.txt" }));
    assert_eq!(said, "confirmed: the file is gone, into the recycle bin");
    assert!(door.desktop.journal().contains(&"recycled n.txt".to_owned()));
    assert!(door.refusal("FileDelete", json!({ "path": r"C:\root\out\absent" })).starts_with("NotFound"));
}

#[test]
fn a_question_that_is_withdrawn_looks_at_no_further_step() {
    let door = door(rules());
    let (cancel, looked) = (Cancel::new(), Arc::new(AtomicBool::new(false)));
    let (withdrawn, again) = (cancel.clone(), Arc::clone(&looked));
    door.desktop.before_next(PortCall::Resolve, move |desktop| {
        withdrawn.cancel(CancelReason::Client);
        desktop.before_next(PortCall::Resolve, move |_| again.store(true, Ordering::SeqCst));
    });
    let read = json!({ "tool": "FileRead", "args": { "path": r"C:\root\notes.txt" } });
    let arguments = json!({ "tool": "Batch", "args": { "steps": [read, read] } });
    let (principal, tool) = (Principal::local(), "ExplainPolicy".to_owned());
    let answer = door.gate.call(Call { principal, tool, arguments, cancel });
    assert_eq!(answer.unwrap_err().code, FaultCode::Cancelled);
    assert!(!looked.load(Ordering::SeqCst));
}

#[test]
fn what_is_not_there_or_in_the_way_is_named_by_the_argument_that_says_it() {
    let door = door(rules());
    let (absent, taken) = (r"C:\root\out\absent", r"C:\root\out\plain.txt");
    let below = r"C:\root\out\absent\x";
    door.call("FileCopy", json!({ "path": r"C:\root\notes.txt", "destination": taken })).unwrap();
    for (tool, from, to, field, value) in [
        ("FileCopy", absent, r"C:\root\out\new", "path", absent),
        ("FileCopy", r"C:\root\notes.txt", below, "destination", below),
        ("FileCopy", r"C:\root\sub", below, "destination", below),
        ("FileCopy", r"C:\root\notes.txt", taken, "destination", taken),
        ("FileCopy", r"C:\root\sub", taken, "destination", taken),
        ("FileMove", absent, r"C:\root\out\new", "path", absent),
        ("FileMove", taken, below, "destination", below),
    ] {
        let fault = door.call(tool, json!({ "path": from, "destination": to })).unwrap_err();
        assert_eq!((fault.field.as_deref(), fault.value.as_deref()), (Some(field), Some(value)), "{tool} {from} {to}");
    }
    let fault = door.call("FileRead", json!({ "path": absent })).unwrap_err();
    assert_eq!((fault.field.as_deref(), fault.value.as_deref()), (Some("path"), Some(absent)));
}

/// What a call that changes something is asked to do with a path that it may not change.
fn changes(path: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("FileWrite", json!({ "path": path, "content": "x" })),
        ("FileWrite", json!({ "path": path, "content": "x", "append": true })),
        ("FileUpload", json!({ "path": path, "data_base64": "eA==", "overwrite": true })),
        ("FileUpload", json!({ "path": path, "data_base64": "eA==", "overwrite": true, "more": true })),
        ("FileCopy", json!({ "path": r"C:\root\notes.txt", "destination": path, "overwrite": true })),
        ("FileMove", json!({ "path": r"C:\root\out\plain.txt", "destination": path, "overwrite": true })),
        ("FileMove", json!({ "path": path, "destination": r"C:\root\out\taken" })),
        ("FileDelete", json!({ "path": path, "recursive": true })),
        ("FileDelete", json!({ "path": path, "recursive": true, "permanent": true })),
    ]
}

#[test]
fn attack_nothing_is_changed_outside_of_the_roots_or_of_what_is_ours() {
    let door = door(FileRules { own: vec![path(r"C:\root\out\Portcullis")], ..rules() });
    door.desktop.put_file(r"C:\root\out\plain.txt", b"plain");
    door.desktop.put_file(r"C:\root\out\Portcullis\audit.key", SECRET.as_bytes());
    door.desktop.put_link(r"C:\root\out\away", r"C:\outside");
    for path in [
        r"C:\outside\secret.txt",
        r"C:\root\notes.txt",
        r"C:\root\out\away\secret.txt",
        r"C:\root\out\Portcullis\audit.key",
        r"C:\root\out\portcullis",
        r"C:\root\out",
        r"C:\root\out\.cursor\mcp.json",
        r"C:\root\out\.ssh\authorized_keys",
        r"C:\root\out\.ssh",
    ] {
        for (tool, arguments) in changes(path) {
            let said = door.refusal(tool, arguments.clone());
            assert!(
                said.starts_with("Denied") || said.starts_with("BadArgument: it is another path"),
                "{arguments}: {said}"
            );
        }
    }
    for (path, holds) in [
        (r"C:\outside\secret.txt", SECRET),
        (r"C:\root\out\plain.txt", "plain"),
        (r"C:\root\out\Portcullis\audit.key", SECRET),
    ] {
        assert_eq!(door.desktop.file(path).as_deref(), Some(holds.as_bytes()), "{path}");
    }
}

/// Windows-MCP resolves a path before it deletes, so that deleting a link deletes what it leads to.
#[test]
fn attack_a_link_is_deleted_and_moved_itself() {
    for permanent in [true, false] {
        let door = door(rules());
        door.desktop.put_link(r"C:\root\out\link", r"C:\outside");
        door.desktop.put_link(r"C:\root\out\box\inner", r"C:\outside");
        door.text("FileMove", json!({ "path": r"C:\root\out\link", "destination": r"C:\root\out\renamed" }));
        door.text("FileDelete", json!({ "path": r"C:\root\out\renamed", "permanent": permanent }));
        door.text("FileDelete", json!({ "path": r"C:\root\out\box", "permanent": permanent, "recursive": true }));
        assert!(!door.desktop.lies_at(r"C:\root\out\renamed") && !door.desktop.lies_at(r"C:\root\out\box"));
        assert!(door.desktop.file(r"C:\outside\secret.txt").is_some(), "what it led to is there");
    }
}

#[test]
fn attack_a_folder_does_not_take_along_what_a_rule_keeps_back() {
    let door = door(rules());
    door.desktop.put_file(r"C:\root\out\home\a.txt", b"a");
    door.desktop.put_file(r"C:\root\out\home\deep\.ssh\id_ed25519", SECRET.as_bytes());
    door.desktop.put_file(r"C:\root\out\x\mcp.json", b"{}");
    let (kept, shut) = ("what a rule keeps back is not moved or deleted", "all in it may be written at its new place");
    for (tool, arguments, rule) in [
        ("FileDelete", json!({ "path": r"C:\root\out\home", "recursive": true, "permanent": true }), kept),
        ("FileDelete", json!({ "path": r"C:\root\out\home", "recursive": true }), kept),
        ("FileMove", json!({ "path": r"C:\root\out\home", "destination": r"C:\root\out\h" }), kept),
        ("FileMove", json!({ "path": r"C:\root\out\x", "destination": r"C:\root\out\.cursor" }), shut),
        ("FileMove", json!({ "path": r"C:\root\out\x\mcp.json", "destination": r"C:\root\out\.vscode\mcp.json" }), ""),
    ] {
        let said = door.refusal(tool, arguments.clone());
        assert!(said.starts_with("Denied: ") && said.contains(rule), "{arguments}: {said}");
    }
    assert!(door.desktop.file(r"C:\root\out\home\a.txt").is_some(), "nothing of it is gone");
    let copied = door.text("FileCopy", json!({ "path": r"C:\root\out\home", "destination": r"C:\root\out\copy" }));
    assert!(copied.contains("1 kept back by a rule"), "{copied}");
    assert!(!door.desktop.lies_at(r"C:\root\out\copy\deep\.ssh"));
    let copied = door.call("FileCopy", json!({ "path": r"C:\root\out\x", "destination": r"C:\root\out\.cursor" }));
    assert!(copied.is_err() && !door.desktop.lies_at(r"C:\root\out\.cursor\mcp.json"), "{copied:?}");
}

#[test]
fn attack_a_junction_swapped_between_check_and_use_changes_nothing_behind_it() {
    let inside = r"C:\root\out\box\secret.txt";
    for (tool, call, arguments) in [
        ("FileWrite", PortCall::WriteFile, json!({ "path": inside, "content": "x" })),
        ("FileWrite", PortCall::FinishFile, json!({ "path": inside, "content": "x" })),
        ("FileWrite", PortCall::WriteFile, json!({ "path": inside, "content": "x", "append": true })),
        ("FileUpload", PortCall::FinishFile, json!({ "path": inside, "data_base64": "eA==", "overwrite": true })),
        (
            "FileCopy",
            PortCall::FinishFile,
            json!({ "path": r"C:\root\notes.txt", "destination": inside, "overwrite": true }),
        ),
        ("FileMove", PortCall::MoveFile, json!({ "path": inside, "destination": r"C:\root\out\taken.txt" })),
        ("FileDelete", PortCall::RemoveFile, json!({ "path": inside, "permanent": true })),
        ("FileDelete", PortCall::RecycleFile, json!({ "path": inside })),
    ] {
        let door = door(rules());
        door.desktop.put_file(inside, b"harmless");
        door.desktop.before_next(call, |desktop| {
            desktop.move_file(r"C:\root\out\box", r"C:\root\out-before");
            desktop.put_link(r"C:\root\out\box", r"C:\outside");
        });
        let said = door.refusal(tool, arguments.clone());
        assert!(said.starts_with("Denied: the permit of "), "{arguments}: {said}");
        assert_eq!(door.desktop.file(r"C:\outside\secret.txt").as_deref(), Some(SECRET.as_bytes()), "{arguments}");
        assert_eq!(
            door.desktop.file(r"C:\root\out-before\secret.txt").as_deref(),
            Some(&b"harmless"[..]),
            "{arguments}"
        );
    }
}

/// A key that lies in a file is a key, whichever bytes a caller asks for and however they are written.
#[test]
fn attack_a_key_is_not_read_in_pieces_or_as_bytes() {
    use base64::Engine as _;
    let door = door(rules());
    let digits = "0123456789abcdef".repeat(4);
    let text = format!("before pcl_{digits} behind");
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let hidden = format!("before pcl_{} behind", "*".repeat(64));
    let wide_hidden: Vec<u8> = hidden.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (held, shown) in [(text.as_bytes().to_vec(), hidden.into_bytes()), (wide, wide_hidden)] {
        door.desktop.put_file(r"C:\root\held.bin", &held);
        for limit in [1, 20, 1000] {
            let (mut read, mut fetched) = (Vec::new(), Vec::new());
            while read.len() < held.len() {
                let arguments = json!({ "path": r"C:\root\held.bin", "offset": read.len(), "limit": limit });
                let mut binary = arguments.clone();
                binary["encoding"] = json!("binary");
                let Reply::View { parts, .. } = door.call_as(Principal::local(), "FileRead", binary).unwrap() else {
                    panic!("a view")
                };
                let [Part::Text(answer)] = parts.as_slice() else { panic!("a text") };
                read.extend(base64::prelude::BASE64_STANDARD.decode(answer.lines().last().unwrap()).unwrap());
                let Reply::View { parts, .. } = door.call_as(Principal::local(), "FileDownload", arguments).unwrap()
                else {
                    panic!("a view")
                };
                let [Part::Text(said), Part::Blob(blob)] = parts.as_slice() else { panic!("a text and a blob") };
                assert!(said.contains("are masked") || !blob.bytes.contains(&b'*'), "{said}");
                fetched.extend(blob.bytes.clone());
            }
            assert!(read == shown, "{limit}: {}", String::from_utf8_lossy(&read));
            assert!(fetched == shown, "{limit}: {}", String::from_utf8_lossy(&fetched));
        }
    }
    let name = format!(r"C:\root\pcl_{digits}.txt");
    door.desktop.put_file(&name, b"x");
    let listed = format!("{:?}", door.call_as(Principal::local(), "FileDownload", json!({ "path": name })));
    assert!(!listed.contains(&digits), "{listed}");
}
