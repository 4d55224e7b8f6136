//! Attacks on a chain, and the line at which each is found. Random ones are in `tampering`.

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
        excess_rights: None,
    }
}

fn denied(number: u64) -> Entry {
    Entry::CallDenied(CallDenied {
        call: CallId::new(number),
        principal: "local".into(),
        tool: "Click".into(),
        asked_as: None,
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
    ledger.path()
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
fn a_check_that_may_be_ended_says_the_same_until_it_is() {
    let folder = tempfile::tempdir().unwrap();
    chain(folder.path(), 2);
    let until = Cancel::new();
    let found = verify_folder_until(folder.path(), &key(), &until).unwrap();
    assert_eq!(found, verify_folder(folder.path(), &key()).unwrap());
    assert_eq!(found[0].verified, 3);
    until.cancel(portcullis_model::CancelReason::Stop);
    assert!(verify_folder_until(folder.path(), &key(), &until).is_err(), "half a check is none");
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
    assert!(cut.iter().any(|report| report.finding.as_ref().is_some_and(|f| f.problem.contains("the tail was cut"))));

    std::fs::remove_file(&first).unwrap();
    let gone = verify_folder(folder.path(), &key()).unwrap();
    assert!(gone.iter().any(|report| report.finding.as_ref().is_some_and(|f| f.problem.contains("it is gone"))));
}

/// What becomes of a chain that lies there while its server runs, and the change is seen before an entry that must not be
/// lost; other entries learn of it within a second.
#[test]
fn a_chain_that_is_gone_or_changed_takes_nothing_more() {
    type Harm = fn(&Path);
    let harms: [(&str, Harm); 4] = [
        ("gone", |path| std::fs::remove_file(path).unwrap()),
        ("cut", |path| std::fs::write(path, "").unwrap()),
        ("another", |path| {
            std::fs::remove_file(path).unwrap();
            std::fs::write(path, "{}\n").unwrap();
        }),
        ("a folder", |path| {
            std::fs::remove_file(path).unwrap();
            std::fs::create_dir(path).unwrap();
        }),
    ];
    for (name, harm) in harms {
        let folder = tempfile::tempdir().unwrap();
        let ledger = FileLedger::open(folder.path(), key(), started(), |path| File::create_new(path)).unwrap();
        ledger.append(&denied(1), Durability::Now).unwrap();
        harm(&ledger.path());
        let fault = ledger.append(&denied(2), Durability::Now).unwrap_err();
        assert!(fault.to_string().contains("the audit file"), "{name}: {fault}");
        assert!(ledger.append(&denied(3), Durability::Soon).is_err(), "{name}: it stays shut");
    }
}

/// A chain in files of at most two lines or so; the files in order.
fn short_files(
    folder: &Path,
    calls: u64,
    create: impl Fn(&Path) -> std::io::Result<File> + Send + 'static,
) -> FileLedger {
    let ledger = FileLedger::open_sized(folder, key(), started(), create, 600, None).unwrap();
    for number in 0..calls {
        ledger.append(&denied(number), Durability::Soon).unwrap();
    }
    ledger
}

fn problems(folder: &Path) -> Vec<(String, u64, String)> {
    let reports = verify_folder(folder, &key()).unwrap();
    let found = |report: FileReport| report.finding.map(|finding| (report.file, finding.line, finding.problem));
    reports.into_iter().filter_map(found).collect()
}

#[test]
fn a_chain_goes_on_in_a_new_file_at_its_size_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    drop(short_files(folder.path(), 20, |path| File::create_new(path)));
    let reports = verify_folder(folder.path(), &key()).unwrap();
    assert!(reports.len() > 4, "{reports:#?}");
    for pair in reports.windows(2) {
        let expected = Continued { from: pair[0].file.clone(), head: pair[0].head.clone() };
        assert_eq!(pair[1].continued.as_ref(), Some(&expected));
    }
    assert_eq!(problems(folder.path()), []);
    let text: String = reports.iter().map(|r| std::fs::read_to_string(folder.path().join(&r.file)).unwrap()).collect();
    for number in 0..20 {
        assert_eq!(text.matches(&format!("\"c-{number}\"")).count(), 1, "c-{number}");
    }
    for report in &reports {
        let size = folder.path().join(&report.file).metadata().unwrap().len();
        assert!((600..1200).contains(&size) || report.file == reports.last().unwrap().file, "{size}");
    }
    // The default.
    assert_eq!(crate::FILE_SIZE, 64 * 1024 * 1024);

    // A file in the middle that is cut, lengthened or taken away is missed by the one that goes on from it.
    let second = folder.path().join(&reports[1].file);
    let whole = std::fs::read_to_string(&second).unwrap();
    let last = whole.trim_end().rfind('\n').unwrap() + 1;
    std::fs::write(&second, &whole[..last]).unwrap();
    assert!(problems(folder.path())[0].2.contains("the tail was cut"));
    std::fs::remove_file(&second).unwrap();
    assert!(problems(folder.path())[0].2.contains("it is gone"));
}

/// A chain may grow after another server named its head; one that its own server went on from may not.
#[test]
fn attack_lines_after_the_one_from_which_a_chain_goes_on_are_found_and_a_live_neighbour_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let live = FileLedger::open(folder.path(), key(), started(), |path| File::create_new(path)).unwrap();
    live.append(&denied(1), Durability::Now).unwrap();
    chain(folder.path(), 1);
    live.append(&denied(2), Durability::Now).unwrap();
    assert_eq!(problems(folder.path()), []);

    let folder = tempfile::tempdir().unwrap();
    drop(short_files(folder.path(), 4, |path| File::create_new(path)));
    let first = chains(folder.path()).unwrap().remove(0);
    let report = verify_file(&first, &key()).unwrap();
    let last = unhex(report.head.as_bytes()).unwrap();
    let fields = crate::chain::fields(&denied(9)).unwrap();
    let now = time::OffsetDateTime::UNIX_EPOCH;
    let (line, _) = crate::chain::line(&key(), &last, report.verified + 1, now, &fields);
    let text = std::fs::read_to_string(&first).unwrap();
    std::fs::write(&first, text + &line).unwrap();
    assert!(verify_file(&first, &key()).unwrap().finding.is_none(), "the line itself is in order");
    let found = problems(folder.path()).remove(0);
    assert!(found.2.contains("lines follow the one from which"), "{found:?}");
    assert_eq!(found.1, report.verified + 2, "the line after all that verified");
}

#[test]
fn a_new_file_that_cannot_be_made_leaves_the_chain_where_it_is() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    // The first file is made; then one cannot be created, one cannot be written, and from there on all is well.
    let made = AtomicUsize::new(0);
    let folder = tempfile::tempdir().unwrap();
    let ledger = short_files(folder.path(), 0, move |path| match made.fetch_add(1, Ordering::Relaxed) {
        1 => Err(std::io::Error::from(std::io::ErrorKind::StorageFull)),
        2 => File::create_new(path).and_then(|_| File::open(path)),
        _ => File::create_new(path),
    });
    for number in 0..12 {
        ledger.append(&denied(number), Durability::Soon).unwrap();
    }
    drop(ledger);
    assert_eq!(problems(folder.path()), []);
    let paths = chains(folder.path()).unwrap();
    assert!(paths.len() > 1);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), paths.len(), "nothing half made is left");
    let first = std::fs::read_to_string(&paths[0]).unwrap();
    assert_eq!(first.matches("chain_stays").count(), 2, "{first}");
    let all: String = paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert_eq!(all.matches("call_denied").count(), 12);
}

#[test]
fn a_chain_that_could_not_be_read_at_a_start_is_no_cut_tail() {
    let folder = tempfile::tempdir().unwrap();
    let live = chain(folder.path(), 2);
    let whole = std::fs::read(&live).unwrap();
    // As a server that starts sees one that is in the middle of a line, and one whose first line is being written.
    std::fs::write(&live, [&whole[..], b"{\"v\":1,\"n\":4,"].concat()).unwrap();
    std::fs::write(folder.path().join("audit-1-1.jsonl"), "").unwrap();
    let next = chain(folder.path(), 1);
    std::fs::write(&live, &whole).unwrap();
    std::fs::remove_file(folder.path().join("audit-1-1.jsonl")).unwrap();
    let report = verify_file(&next, &key()).unwrap();
    assert_eq!(report.predecessors[live.file_name().unwrap().to_str().unwrap()].len(), 64);
    assert!(report.notes[0].contains("held no whole line"), "{report:?}");
    // Gone is gone, also when no line of it was known.
    let found = problems(folder.path());
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].0 == "audit-1-1.jsonl" && found[0].2.contains("it is gone"));
}

#[test]
fn a_renamed_chain_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = chain(folder.path(), 2);
    std::fs::rename(&path, folder.path().join("audit-2-2.jsonl")).unwrap();
    let found = problems(folder.path());
    assert!(found[0].1 == 1 && found[0].2.contains("was written as"), "{found:?}");
}

fn anchor(path: &Path) -> crate::Anchor {
    crate::Anchor::new(File::options().append(true).create(true).open(path).unwrap())
}

/// What is wrong, with that anchor.
fn against(folder: &Path, anchor: &Path) -> Vec<String> {
    let checked = verify_anchored(folder, &key(), Some(anchor)).unwrap();
    let findings = checked.files.iter().filter_map(|file| file.finding.clone());
    let all: Vec<_> = findings.chain(checked.anchor.and_then(|anchor| anchor.finding)).map(|f| f.problem).collect();
    all
}

#[test]
fn an_anchor_kept_elsewhere_finds_what_the_chains_cannot() {
    let top = tempfile::tempdir().unwrap();
    let folder = top.path().join("audit");
    std::fs::create_dir(&folder).unwrap();
    let (local, elsewhere) = (top.path().join("anchor"), top.path().join("elsewhere"));
    let create = |path: &Path| File::create_new(path);
    let ledger = FileLedger::open_anchored(&folder, key(), started(), create, anchor(&local)).unwrap();
    let path = ledger.path();
    let (old_chain, old_anchor) = (std::fs::read(&path).unwrap(), std::fs::read(&local).unwrap());
    for number in 0..3 {
        ledger.append(&denied(number), Durability::Soon).unwrap();
    }
    let stopped = Entry::ServerStopped(portcullis_model::ServerStopped { calls: 3 });
    ledger.append(&stopped, Durability::Now).unwrap();
    // The end is anchored when the append returns: the process may end without dropping the ledger.
    assert_eq!(read_anchor(&local, &key()).unwrap().0.chains[&name_of(&path)], 5);
    drop(ledger);
    std::fs::copy(&local, &elsewhere).unwrap();
    assert_eq!((against(&folder, &local), against(&folder, &elsewhere)), (Vec::new(), Vec::new()));

    // The chain and its anchor as they were before: only the copy elsewhere knows better.
    std::fs::write(&path, old_chain).unwrap();
    std::fs::write(&local, old_anchor).unwrap();
    assert_eq!(against(&folder, &local), Vec::<String>::new());
    assert!(against(&folder, &elsewhere)[0].contains("line 5, which is not there"));
    let report = &verify_anchored(&folder, &key(), Some(&elsewhere)).unwrap().files[0];
    assert_eq!((report.verified, report.finding.as_ref().unwrap().line), (1, 2), "the first line that is not there");
    assert_eq!(problems(&folder), []);

    // The whole file.
    std::fs::remove_file(&path).unwrap();
    assert!(against(&folder, &elsewhere)[0].contains("it is gone"));
}

#[test]
fn a_chain_written_anew_with_the_key_does_not_fit_its_anchor() {
    let top = tempfile::tempdir().unwrap();
    let folder = top.path().join("audit");
    std::fs::create_dir(&folder).unwrap();
    let create = |path: &Path| File::create_new(path);
    let path = top.path().join("anchor");
    let ledger = FileLedger::open_anchored(&folder, key(), started(), create, anchor(&path)).unwrap();
    ledger.append(&denied(1), Durability::Soon).unwrap();
    let file = ledger.path();
    drop(ledger);
    let text = std::fs::read_to_string(&file).unwrap();
    let mut previous = [0; 32];
    let mut anew = String::new();
    for line in text.lines() {
        let (body, _) = split(line.replace("Click", "Wait").as_bytes()).unwrap();
        previous = key().chain(&previous, &body);
        anew += &crate::chain::seal(String::from_utf8(body).unwrap(), &previous);
    }
    std::fs::write(&file, anew).unwrap();
    assert_eq!(problems(&folder), []);
    assert!(against(&folder, &path)[0].contains("written anew"));
}

#[test]
fn an_anchor_that_cannot_be_written_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("anchor");
    std::fs::write(&path, "").unwrap();
    let read_only = crate::Anchor::new(File::open(&path).unwrap());
    let create = |path: &Path| File::create_new(path);
    let error = FileLedger::open_anchored(folder.path(), key(), started(), create, read_only).err().unwrap();
    assert!(error.to_string().contains("anchor cannot be written"), "{error}");
}

#[test]
fn a_chain_whose_end_nothing_holds_is_noted() {
    let top = tempfile::tempdir().unwrap();
    let folder = top.path().join("audit");
    std::fs::create_dir(&folder).unwrap();
    let path = top.path().join("anchor");
    drop(FileLedger::open_anchored(&folder, key(), started(), |path| File::create_new(path), anchor(&path)).unwrap());
    chain(&folder, 1);
    let checked = verify_anchored(&folder, &key(), Some(&path)).unwrap();
    assert!(checked.is_whole() && checked.files[1].notes[0].contains("would not be seen"), "{checked:?}");
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
