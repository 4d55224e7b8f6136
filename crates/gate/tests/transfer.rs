//! Files as bytes behind the gate: pieces in order, nothing half done, and nobody else's upload.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod common;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{at, open_gate};
use portcullis_gate::{Call, Gate};
use portcullis_model::{Cancel, Digest, Fault, FaultCode, FilePath, KnownBy, Part, Principal, Reply, Scope};
use portcullis_platform_fake::FakeDesktop;
use portcullis_policy::{Approval, FileRules, roots};
use serde_json::{Value, json};
use std::time::Duration;

const PLACE: &str = r"C:\root\new.bin";

fn door() -> (Gate, FakeDesktop) {
    let desktop = FakeDesktop::demo();
    desktop.put_folder(r"C:\root");
    let root = || roots([FilePath::parse(r"C:\root").unwrap()], &at(3));
    let files = FileRules { read: root(), write: root(), ..FileRules::default() };
    (open_gate(&desktop, Approval::Never, |rules| rules.with_files(files)), desktop)
}

fn call_as(gate: &Gate, principal: &Principal, tool: &str, arguments: Value) -> Result<(String, Vec<u8>), Fault> {
    let call = Call { principal: principal.clone(), tool: tool.to_owned(), arguments, cancel: Cancel::new() };
    let Reply::View { parts, .. } = gate.call(call)? else { panic!("a view") };
    let mut told = (String::new(), Vec::new());
    for part in parts {
        match part {
            Part::Text(text) => told.0.push_str(&text),
            Part::Blob(blob) => told.1.extend(blob.bytes),
            Part::Image(_) | Part::Link(_) => panic!("a picture"),
        }
    }
    Ok(told)
}

fn send(gate: &Gate, bytes: &[u8], more: Value) -> Result<String, Fault> {
    let mut arguments = json!({ "path": PLACE, "data_base64": STANDARD.encode(bytes) });
    arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    call_as(gate, &Principal::local(), "FileUpload", arguments).map(|told| told.0)
}

/// More bytes than one piece holds, no two pieces alike.
fn content() -> Vec<u8> {
    (0_u32..400_000).flat_map(u32::to_le_bytes).collect()
}

#[test]
fn a_file_is_fetched_in_pieces_that_join_to_the_whole() {
    let (gate, desktop) = door();
    let whole = content();
    desktop.put_file(PLACE, &whole);
    let (mut joined, mut offset) = (Vec::new(), json!(0));
    loop {
        let arguments = json!({ "path": PLACE, "offset": offset });
        let (text, bytes) = call_as(&gate, &Principal::local(), "FileDownload", arguments).unwrap();
        assert!(
            text.contains(&format!("{} bytes from {offset}, sha256 {}", bytes.len(), Digest::of(&bytes))),
            "{text}"
        );
        let all = format!("the whole file has {} bytes, sha256 {}", whole.len(), Digest::of(&whole));
        assert_eq!(text.contains(&all), offset == 0, "{text}");
        joined.extend(bytes);
        let Some((_, next)) = text.split_once("go on with offset ") else { break };
        offset = json!(next.split(';').next().unwrap().parse::<u64>().unwrap());
    }
    assert!(joined == whole, "{} bytes of {}", joined.len(), whole.len());
    let (text, bytes) =
        call_as(&gate, &Principal::local(), "FileDownload", json!({ "path": PLACE, "limit": 3 })).unwrap();
    assert_eq!(bytes, whole[..3], "{text}");
    let (text, bytes) =
        call_as(&gate, &Principal::local(), "FileDownload", json!({ "path": PLACE, "offset": whole.len() })).unwrap();
    assert!(bytes.is_empty() && text.ends_with("; the end"), "{text}");
}

#[test]
fn a_file_takes_its_place_when_its_last_piece_is_there_and_fits() {
    let (gate, desktop) = door();
    let whole = content();
    let (first, last) = whole.split_at(1_000_000);
    let digest = Digest::of(&whole).to_string();
    let told = send(&gate, first, json!({ "more": true })).unwrap();
    assert!(told.contains("Go on with offset 1000000"), "{told}");
    assert_eq!(desktop.file(PLACE), None, "half of a file lies there");
    let told = send(&gate, last, json!({ "offset": 1_000_000, "sha256": digest.to_uppercase() })).unwrap();
    assert!(told.starts_with(&format!("confirmed: made, {} bytes, sha256 {digest}", whole.len())), "{told}");
    assert!(desktop.file(PLACE) == Some(whole.clone()));

    let refused = send(&gate, b"other", json!({})).unwrap_err();
    assert!(desktop.file(PLACE) == Some(whole.clone()), "{refused}");
    let refused = send(&gate, b"other", json!({ "overwrite": true, "sha256": digest })).unwrap_err();
    assert_eq!((refused.code, refused.field.as_deref()), (FaultCode::BadArgument, Some("sha256")), "{refused}");
    assert!(desktop.file(PLACE) == Some(whole), "{refused}");
    let told = send(&gate, b"other", json!({ "overwrite": true })).unwrap();
    assert!(told.starts_with("confirmed: replaced, 5 bytes"), "{told}");
    assert_eq!(desktop.file(PLACE).as_deref(), Some(&b"other"[..]));
}

#[test]
fn pieces_come_in_order_and_too_many_uploads_at_once_are_refused() {
    let (gate, desktop) = door();
    let wrong = |offset: u64| send(&gate, b"x", json!({ "offset": offset })).unwrap_err();
    assert_eq!(wrong(5).code, FaultCode::NotFound);
    send(&gate, b"abc", json!({ "more": true })).unwrap();
    for offset in [1, 2, 4] {
        let fault = wrong(offset);
        assert_eq!((fault.code, fault.field.as_deref()), (FaultCode::BadArgument, Some("offset")), "{fault}");
        assert!(fault.rule.as_deref().unwrap().ends_with("at 3"), "{fault}");
    }
    // From the start is anew.
    send(&gate, b"de", json!({ "more": true })).unwrap();
    send(&gate, b"f", json!({ "offset": 2 })).unwrap();
    assert_eq!(desktop.file(PLACE).as_deref(), Some(&b"def"[..]));
    let begin = |number: usize| {
        let arguments = json!({ "path": format!(r"C:\root\{number}"), "data_base64": "eA==", "more": true });
        call_as(&gate, &Principal::local(), "FileUpload", arguments)
    };
    for number in 0..4 {
        begin(number).unwrap();
    }
    let fault = begin(4).unwrap_err();
    assert_eq!(fault.code, FaultCode::Busy, "{fault}");
    for number in 0..4 {
        assert!(!desktop.lies_at(&format!(r"C:\root\{number}")));
    }
    gate.shut_down(Duration::from_secs(5));
    assert!(!desktop.journal().iter().any(|line| line.contains(r"root\0")), "{:?}", desktop.journal());
}

#[test]
fn what_is_no_base64_or_no_digest_is_refused_and_not_repeated() {
    let (gate, _) = door();
    let arguments = json!({ "path": PLACE, "data_base64": "canary-4c1" });
    let fault = call_as(&gate, &Principal::local(), "FileUpload", arguments).unwrap_err();
    assert_eq!((fault.code, fault.field.as_deref()), (FaultCode::BadArgument, Some("data_base64")));
    assert!(!fault.to_string().contains("canary"), "{fault}");
    let fault = send(&gate, b"x", json!({ "sha256": "12" })).unwrap_err();
    assert_eq!((fault.code, fault.field.as_deref()), (FaultCode::BadArgument, Some("sha256")));
}

#[test]
fn a_last_piece_that_does_not_fit_costs_nothing_but_itself() {
    let (gate, desktop) = door();
    let digest = Digest::of(b"abcdef").to_string();
    send(&gate, b"abc", json!({ "more": true })).unwrap();
    // Neither a wrong end nor a whole that is wrong takes away what came before.
    for arguments in [json!({ "offset": 3, "sha256": digest }), json!({ "sha256": digest })] {
        let fault = send(&gate, b"xyz", arguments).unwrap_err();
        assert_eq!((fault.code, fault.field.as_deref()), (FaultCode::BadArgument, Some("sha256")), "{fault}");
        assert_eq!(desktop.file(PLACE), None);
    }
    let told = send(&gate, b"def", json!({ "offset": 3, "sha256": digest })).unwrap();
    assert!(told.starts_with("confirmed: made, 6 bytes"), "{told}");
    assert_eq!(desktop.file(PLACE).as_deref(), Some(&b"abcdef"[..]));
}

/// What a key began is not gone on with by who gets a new key of the same name.
#[test]
fn an_upload_ends_with_the_key_that_began_it() {
    let (gate, desktop) = door();
    let of = |text: &[u8]| Principal::key("ci", Scope::ALL).known_by(KnownBy::Key(Digest::of(text)));
    let (old, new) = (of(b"old"), of(b"new"));
    let piece = |who: &Principal, offset: u64| {
        let arguments = json!({ "path": PLACE, "data_base64": "eA==", "offset": offset, "more": offset == 0 });
        call_as(&gate, who, "FileUpload", arguments)
    };
    piece(&old, 0).unwrap();
    assert_eq!(piece(&new, 1).unwrap_err().code, FaultCode::NotFound);
    // The key is still good: nothing of it is lost because another came.
    gate.forget_ended_keys(|key| *key == Digest::of(b"old"));
    piece(&old, 1).unwrap();
    assert_eq!(desktop.file(PLACE).as_deref(), Some(&b"xx"[..]));
    desktop.put_file(PLACE, b"before");
    let begin = json!({ "path": PLACE, "data_base64": "eA==", "more": true, "overwrite": true });
    call_as(&gate, &old, "FileUpload", begin).unwrap();
    gate.forget_ended_keys(|_| false);
    assert_eq!(piece(&old, 1).unwrap_err().code, FaultCode::NotFound);
    assert_eq!(desktop.file(PLACE).as_deref(), Some(&b"before"[..]));
}

/// An upload under way belongs to who began it.
#[test]
fn attack_nobody_goes_on_with_the_upload_of_another() {
    let (gate, desktop) = door();
    send(&gate, b"abc", json!({ "more": true })).unwrap();
    let arguments = json!({ "path": PLACE, "data_base64": "eA==", "offset": 3 });
    let other = Principal::key("other", Scope::ALL);
    let fault = call_as(&gate, &other, "FileUpload", arguments).unwrap_err();
    assert!(matches!(fault.code, FaultCode::NotFound | FaultCode::Denied), "{fault}");
    assert_eq!(desktop.file(PLACE), None);
    send(&gate, b"d", json!({ "offset": 3 })).unwrap();
    assert_eq!(desktop.file(PLACE).as_deref(), Some(&b"abcd"[..]));
}
