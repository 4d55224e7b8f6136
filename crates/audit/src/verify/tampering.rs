//! Random tampering with a folder of several servers' chains: what differs from what the servers wrote is always found,
//! and what does not is never called wrong. The oracle is the comparison of bytes.

use super::*;
use crate::{Anchor, FileLedger};
use portcullis_model::{CallDenied, CallId, Digest, Durability, Entry, FaultCode, Ledger, ServerStarted};
use proptest::prelude::*;
use proptest::sample::Index;
use std::sync::LazyLock;

/// Files by name and what is in them.
type Files = BTreeMap<String, Vec<u8>>;

const ANCHOR: &str = "anchor";

fn key() -> AuditKey {
    AuditKey::new([9; 32])
}

/// Three servers, the second with several files, and the anchor of all.
static WRITTEN: LazyLock<Files> = LazyLock::new(|| {
    let top = tempfile::tempdir().unwrap();
    let folder = top.path().join("audit");
    std::fs::create_dir(&folder).unwrap();
    let anchor = top.path().join(ANCHOR);
    for (process, full, calls) in [(1, 1 << 20, 4), (2, 900, 7), (3, 1 << 20, 3)] {
        let started = ServerStarted {
            version: "0".into(),
            process,
            transport: "stdio".into(),
            policy: Digest::of(b""),
            predecessors: Vec::new(),
            excess_rights: None,
        };
        let opened = Anchor::new(File::options().append(true).create(true).open(&anchor).unwrap());
        let create = |path: &Path| File::create_new(path);
        let ledger = FileLedger::open_sized(&folder, key(), started, create, full, Some(opened)).unwrap();
        for call in 0..calls {
            let denied = CallDenied {
                call: CallId::new(call),
                principal: "local".into(),
                tool: "Click".into(),
                asked_as: None,
                arguments: Digest::of(b"x"),
                code: FaultCode::Denied,
                rule: None,
            };
            ledger.append(&Entry::CallDenied(denied), Durability::Soon).unwrap();
        }
    }
    let paths = chains(&folder).unwrap();
    assert!(paths.len() > 4);
    let mut files: Files = paths.iter().map(|path| (name_of(path), std::fs::read(path).unwrap())).collect();
    files.insert(ANCHOR.to_owned(), std::fs::read(&anchor).unwrap());
    files
});

#[derive(Clone, Debug)]
enum Tamper {
    Flip { file: Index, at: Index, bit: u8 },
    Insert { file: Index, at: Index, of: Index, line: Index },
    Delete { file: Index, line: Index },
    Reorder { file: Index, one: Index, other: Index },
    Cut { file: Index, at: Index },
    CutLines { file: Index, keep: Index },
    SwapFiles { one: Index, other: Index },
    SwapLines { file: Index, line: Index, of: Index, with: Index },
    Remove { file: Index },
    FlipAnchor { at: Index, bit: u8 },
}

/// What the chains show by themselves.
fn inside() -> impl Strategy<Value = Tamper> {
    let index = any::<Index>;
    prop_oneof![
        (index(), index(), 0u8..8).prop_map(|(file, at, bit)| Tamper::Flip { file, at, bit }),
        (index(), index(), index(), index()).prop_map(|(file, at, of, line)| Tamper::Insert { file, at, of, line }),
        (index(), index()).prop_map(|(one, other)| Tamper::SwapFiles { one, other }),
    ]
}

/// That, and what may cut a tail that no other chain names: only an anchor shows it.
fn tamper() -> impl Strategy<Value = Tamper> {
    let index = any::<Index>;
    prop_oneof![
        3 => inside(),
        1 => (index(), index()).prop_map(|(file, line)| Tamper::Delete { file, line }),
        1 => (index(), index(), index()).prop_map(|(file, one, other)| Tamper::Reorder { file, one, other }),
        1 => (index(), index()).prop_map(|(file, at)| Tamper::Cut { file, at }),
        1 => (index(), index()).prop_map(|(file, keep)| Tamper::CutLines { file, keep }),
        1 => (index(), index(), index(), index())
            .prop_map(|(file, line, of, with)| Tamper::SwapLines { file, line, of, with }),
        1 => index().prop_map(|file| Tamper::Remove { file }),
        1 => (index(), 0u8..8).prop_map(|(at, bit)| Tamper::FlipAnchor { at, bit }),
    ]
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

impl Tamper {
    fn apply(&self, files: &mut Files) {
        let names: Vec<String> = files.keys().filter(|name| *name != ANCHOR).cloned().collect();
        if names.is_empty() {
            return;
        }
        let flip = |bytes: &mut Vec<u8>, at: &Index, bit: u8| {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
        };
        let mut edit = |file: &Index, change: &dyn Fn(&mut Vec<Vec<u8>>)| {
            let bytes = files.get_mut(file.get(&names)).unwrap();
            let mut all = lines(bytes);
            if !all.is_empty() {
                change(&mut all);
                *bytes = all.concat();
            }
        };
        match self {
            Self::Flip { file, at, bit } => flip(files.get_mut(file.get(&names)).unwrap(), at, *bit),
            Self::FlipAnchor { at, bit } => flip(files.get_mut(ANCHOR).unwrap(), at, *bit),
            Self::Insert { file, at, of, line } => {
                let from = lines(&WRITTEN[of.get(&names)]);
                edit(file, &|all| all.insert(at.index(all.len() + 1), line.get(&from).clone()));
            }
            Self::Delete { file, line } => edit(file, &|all| drop(all.remove(line.index(all.len())))),
            Self::Reorder { file, one, other } => {
                edit(file, &|all| {
                    let (one, other) = (one.index(all.len()), other.index(all.len()));
                    all.swap(one, other);
                });
            }
            Self::Cut { file, at } => {
                let bytes = files.get_mut(file.get(&names)).unwrap();
                bytes.truncate(at.index(bytes.len() + 1));
            }
            Self::CutLines { file, keep } => edit(file, &|all| all.truncate(keep.index(all.len()))),
            Self::SwapFiles { one, other } => {
                let (one, other) = (one.get(&names), other.get(&names));
                let (of_one, of_other) = (files[one].clone(), files[other].clone());
                files.insert(one.clone(), of_other);
                files.insert(other.clone(), of_one);
            }
            Self::SwapLines { file, line, of, with } => {
                let from = lines(&WRITTEN[of.get(&names)]);
                edit(file, &|all| {
                    let line = line.index(all.len());
                    all[line].clone_from(with.get(&from));
                });
            }
            Self::Remove { file } => drop(files.remove(file.get(&names))),
        }
    }
}

fn checked(files: &Files, with_anchor: bool) -> FolderReport {
    let top = tempfile::tempdir().unwrap();
    let folder = top.path().join("audit");
    std::fs::create_dir(&folder).unwrap();
    for (name, bytes) in files {
        let path = if name == ANCHOR { top.path().join(ANCHOR) } else { folder.join(name) };
        std::fs::write(path, bytes).unwrap();
    }
    let anchor = top.path().join(ANCHOR);
    verify_anchored(&folder, &key(), with_anchor.then_some(anchor.as_path())).unwrap()
}

#[test]
fn an_untouched_folder_is_whole() {
    for with_anchor in [false, true] {
        let report = checked(&WRITTEN, with_anchor);
        assert!(report.is_whole(), "{report:#?}");
        assert!(report.files.iter().all(|file| file.notes.is_empty() || !with_anchor), "{report:#?}");
    }
}

proptest! {
    // Enough that each kind of tampering stands alone on each file a few times.
    #![proptest_config(ProptestConfig { cases: 768, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tampering_is_found_and_nothing_else_is(acts in proptest::collection::vec(tamper(), 0..3)) {
        let mut files = WRITTEN.clone();
        for act in &acts {
            act.apply(&mut files);
        }
        let report = checked(&files, true);
        prop_assert_eq!(report.is_whole(), files == *WRITTEN, "{:#?}", report);
    }

    #[test]
    fn what_is_changed_inside_is_found_without_an_anchor(act in inside()) {
        let mut files = WRITTEN.clone();
        act.apply(&mut files);
        let report = checked(&files, false);
        prop_assert_eq!(report.is_whole(), files == *WRITTEN, "{:#?}", report);
    }
}
