//! `portcullis audit` as a user runs it, on chains that a ledger wrote and on what somebody did to them. Needs no desktop.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail as tests do")]

use portcullis_audit::{Anchor, AuditKey, FileLedger};
use portcullis_config::{DataFolder, create_for_owner};
use portcullis_model::{CallDenied, CallId, Digest, Durability, Entry, FaultCode, Ledger, ServerStarted};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A data folder with the chains of two servers, each of three refused calls.
fn audit() -> (tempfile::TempDir, DataFolder, Vec<PathBuf>) {
    let top = tempfile::tempdir().unwrap();
    let data = DataFolder::open(top.path().join("data")).unwrap();
    let key = AuditKey::read(&data.ensure_audit_key().unwrap()).unwrap();
    let files = [1, 2].map(|process| {
        let started = ServerStarted {
            version: "0".into(),
            process,
            transport: "stdio".into(),
            policy: Digest::of(b""),
            predecessors: Vec::new(),
            excess_rights: None,
        };
        let ledger = FileLedger::open(&data.audit(), key.clone(), started, create_for_owner).unwrap();
        for call in 1..=3 {
            let denied = CallDenied {
                call: CallId::new(call),
                principal: "local".into(),
                tool: if call == 2 { "Type".into() } else { "=Click".into() },
                asked_as: None,
                arguments: Digest::of(b"x"),
                code: FaultCode::Denied,
                rule: None,
            };
            ledger.append(&Entry::CallDenied(denied), Durability::Soon).unwrap();
        }
        ledger.path()
    });
    (top, data, files.to_vec())
}

/// Whether it ended with 0, and all it said.
fn portcullis(data: &Path, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    let done = command.arg("audit").args(arguments).arg("--data").arg(data).output().unwrap();
    let said = String::from_utf8(done.stdout).unwrap() + &String::from_utf8(done.stderr).unwrap();
    (done.status.success(), said)
}

#[test]
fn verify_ends_with_0_only_when_all_is_whole() {
    let (_top, data, files) = audit();
    let verify = || portcullis(data.path(), &["verify"]);
    let (well, said) = verify();
    assert!(well && said.ends_with("whole (files: 2, lines: 8)\n"), "{said}");

    let whole = std::fs::read(&files[1]).unwrap();
    let mut flipped = whole.clone();
    flipped[700] ^= 1;
    std::fs::write(&files[1], &flipped).unwrap();
    let (well, said) = verify();
    assert!(!well && said.contains("FAIL") && said.ends_with("not whole: something is wrong in 1 of 2\n"), "{said}");
    let (well, said) = portcullis(data.path(), &["verify", "--json"]);
    assert!(!well && said.contains("\"whole\": false"), "{said}");
    std::fs::write(&files[1], &whole).unwrap();
    assert!(verify().0);

    std::fs::remove_file(&files[0]).unwrap();
    let (well, said) = verify();
    assert!(!well && said.contains("it is gone"), "{said}");

    std::fs::remove_file(&files[1]).unwrap();
    let (well, said) = verify();
    assert!(!well && said.contains("holds no chain"), "{said}");

    std::fs::remove_file(data.audit_key_file()).unwrap();
    let (well, said) = verify();
    assert!(!well && said.contains("audit.key") && !data.audit_key_file().exists(), "{said}");
}

#[test]
fn show_prints_the_newest_and_says_what_it_leaves_out() {
    let (_top, data, _) = audit();
    let (_, said) = portcullis(data.path(), &["show", "--last", "1", "--tool", "type"]);
    assert_eq!(said.lines().next().unwrap().split(':').next().unwrap(), "1 older ones are not shown");
    assert!(said.lines().nth(1).unwrap().contains("c-2  local  Type  denied (denied)"), "{said}");
    let (_, said) = portcullis(data.path(), &["show", "--result", "confirmed"]);
    assert_eq!(said, "nothing in the record matches\n");
    let (_, said) = portcullis(data.path(), &["show", "--json"]);
    assert_eq!(said.matches("\"result\": \"denied\"").count(), 6, "{said}");
    for wrong in [["--last", "0"], ["--last", "10001"], ["--result", "good"]] {
        assert!(!portcullis(data.path(), &[&["show"], &wrong[..]].concat()).0, "{wrong:?}");
    }
}

#[test]
fn export_makes_new_files_alone_and_none_among_the_servers() {
    let (top, data, files) = audit();
    let out = top.path().join("out.csv");
    let export =
        |format: &str, file: &Path| portcullis(data.path(), &["export", "--format", format, file.to_str().unwrap()]);
    let (well, said) = export("csv", &out);
    assert!(well && said.contains("8 written"), "{said}");
    let table = std::fs::read_to_string(&out).unwrap();
    assert!(table.contains(",'=Click,") && !table.contains(",=Click,"), "{table}");
    let (well, said) = export("csv", &out);
    assert!(!well && said.contains("none replaced"), "{said}");
    for inside in [data.audit().join("x.jsonl"), data.path().join("audit").join("..").join("x"), files[0].clone()] {
        let (well, said) = export("jsonl", &inside);
        assert!(!well && said.contains("own folder"), "{said}");
    }
    let (_, lines) = export("jsonl", Path::new("-"));
    assert_eq!(lines.lines().count(), 8);
    assert!(portcullis(data.path(), &["verify"]).0);
}

#[test]
fn report_makes_a_page_and_ends_as_verify_does() {
    let (top, data, files) = audit();
    let report = |name: &str| {
        let file = top.path().join(name);
        let (well, said) = portcullis(data.path(), &["report", file.to_str().unwrap()]);
        (well, said, std::fs::read_to_string(file).unwrap())
    };
    let (well, _, page) = report("whole.html");
    assert!(well && page.contains("Whole: every code of 8 lines") && page.contains("=Click"), "{page}");
    std::fs::remove_file(&files[0]).unwrap();
    let (well, said, page) = report("gone.html");
    assert!(!well && said.contains("not whole") && page.contains("it is gone"), "{said}");
}

#[test]
fn an_anchor_finds_a_cut_tail() {
    let (top, data, _) = audit();
    let key = AuditKey::read(&data.audit_key_file()).unwrap();
    let path = top.path().join("anchor");
    let started = ServerStarted {
        version: "0".into(),
        process: 3,
        transport: "stdio".into(),
        policy: Digest::of(b""),
        predecessors: Vec::new(),
        excess_rights: None,
    };
    let anchor = Anchor::new(data.open_anchor(&path).unwrap());
    let ledger = FileLedger::open_anchored(&data.audit(), key, started, create_for_owner, anchor).unwrap();
    let denied = CallDenied {
        call: CallId::new(1),
        principal: "local".into(),
        tool: "Type".into(),
        asked_as: None,
        arguments: Digest::of(b"x"),
        code: FaultCode::Denied,
        rule: None,
    };
    ledger.append(&Entry::CallDenied(denied), Durability::Soon).unwrap();
    let file = ledger.path();
    drop(ledger);
    let verify = |options: &[&str]| portcullis(data.path(), &[&["verify"], options].concat());
    let with = ["--anchor", path.to_str().unwrap()];
    let (well, said) = verify(&with);
    assert!(well && said.contains("ok    anchor  2 lines, naming 1 chains"), "{said}");

    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.split_inclusive('\n').next().unwrap()).unwrap();
    assert!(verify(&[]).0, "the chains alone cannot show it");
    let (well, said) = verify(&with);
    assert!(!well && said.contains("the anchor holds line 2, which is not there"), "{said}");
    let page = top.path().join("page.html");
    let (well, _) = portcullis(data.path(), &[&["report", page.to_str().unwrap()], &with[..]].concat());
    assert!(!well && std::fs::read_to_string(page).unwrap().contains("the anchor holds line 2"));
    assert!(!verify(&["--anchor", "/nowhere/anchor"]).0);
}

#[test]
fn reading_makes_no_folder() {
    let top = tempfile::tempdir().unwrap();
    let data = top.path().join("data");
    for command in ["verify", "show", "follow"] {
        let (well, said) = portcullis(&data, &[command]);
        assert!(!well && said.contains("there is no audit here"), "{said}");
    }
    assert!(!data.exists());
}
