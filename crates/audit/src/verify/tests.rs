//! Attacks on a chain, and the line at which each is found.

use super::*;
use crate::FileLedger;
use portcullis_model::{CallDenied, CallId, Digest, Durability, Entry, FaultCode, Ledger, ServerStarted};
use proptest::prelude::*;
use std::path::PathBuf;

fn key() -> AuditKey {
    AuditKey::new([7; 32])
}

fn started() -> ServerStarted {
    ServerStarted {
        version: "0".into(),
        process: 1,
        transport: "stdio".into(),
        policy: Digest::of(b""),
        predecessors: Vec::new(),
    }
}

fn denied(number: u64) -> Entry {
    Entry::CallDenied(CallDenied {
        call: CallId::new(number),
        principal: "local".into(),
        tool: "Click".into(),
        arguments: Digest::of(b"x"),
        code: FaultCode::Denied,
        rule: None,
    })
}

/// A chain of a start record and `calls` denials.
fn chain(folder: &Path, calls: u64) -> PathBuf {
    let ledger = FileLedger::open(folder, key(), started(), |path| File::create_new(path)).unwrap();
    for number in 0..calls {
        ledger.append(&denied(number), Durability::Soon).unwrap();
    }
    ledger.path().to_owned()
}

fn after(change: impl FnOnce(&mut Vec<String>)) -> (u64, Option<u64>) {
    let folder = tempfile::tempdir().unwrap();
    let path = chain(folder.path(), 5);
    let mut lines: Vec<String> =
        std::fs::read_to_string(&path).unwrap().split_inclusive('\n').map(str::to_owned).collect();
    change(&mut lines);
    std::fs::write(&path, lines.concat()).unwrap();
    let report = verify_file(&path, &key()).unwrap();
    (report.verified, report.finding.map(|finding| finding.line))
}

#[test]
fn every_change_inside_a_chain_is_found_at_its_line() {
    assert_eq!(after(|_| {}), (6, None));
    assert_eq!(after(|lines| lines[2] = lines[2].replace("Click", "Clack")), (2, Some(3)));
    assert_eq!(after(|lines| drop(lines.remove(2))), (2, Some(3)));
    assert_eq!(after(|lines| lines.swap(2, 3)), (2, Some(3)));
    assert_eq!(after(|lines| lines.insert(2, lines[2].clone())), (3, Some(4)));
    assert_eq!(after(|lines| drop(lines.remove(0))), (0, Some(1)));
    assert_eq!(after(|lines| lines[5].truncate(40)), (5, Some(6)));
    assert_eq!(after(Vec::clear), (0, Some(1)));
}

#[test]
fn another_key_verifies_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = chain(folder.path(), 2);
    assert_eq!(verify_file(&path, &AuditKey::new([8; 32])).unwrap().verified, 0);
}

#[test]
fn a_cut_tail_and_a_missing_file_are_found_by_the_next_chain() {
    let folder = tempfile::tempdir().unwrap();
    let first = chain(folder.path(), 3);
    chain(folder.path(), 1);
    let clean = verify_folder(folder.path(), &key()).unwrap();
    assert!(clean.iter().all(|report| report.finding.is_none()), "{clean:?}");

    let whole = std::fs::read_to_string(&first).unwrap();
    let kept: Vec<&str> = whole.split_inclusive('\n').take(3).collect();
    std::fs::write(&first, kept.concat()).unwrap();
    let cut = verify_folder(folder.path(), &key()).unwrap();
    assert!(cut.iter().any(|report| report.finding.as_ref().is_some_and(|f| f.problem.contains("tail was cut"))));

    std::fs::remove_file(&first).unwrap();
    let gone = verify_folder(folder.path(), &key()).unwrap();
    assert!(gone.iter().any(|report| report.finding.as_ref().is_some_and(|f| f.problem.contains("is gone"))));
}

proptest! {
    #[test]
    fn one_flipped_bit_is_found(at in 0usize..900, bit in 0u8..8) {
        let folder = tempfile::tempdir().unwrap();
        let path = chain(folder.path(), 3);
        let mut bytes = std::fs::read(&path).unwrap();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        std::fs::write(&path, &bytes).unwrap();
        prop_assert!(verify_file(&path, &key()).unwrap().finding.is_some());
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        std::fs::write(&path, &bytes).unwrap();
        prop_assert!(verify_file(&path, &key()).unwrap().finding.is_some());
    }
}
