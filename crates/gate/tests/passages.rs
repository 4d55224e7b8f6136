//! Parts of texts: selecting words in a field, pasting through a clipboard that is put back, and a window's document alone.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod common;

use common::{gate_with, open_gate};
use portcullis_gate::{Call, Gate};
use portcullis_model::{Cancel, Fault, FaultCode, Part, Principal, Reply, Valued, WindowIdentity};
use portcullis_platform::{Chord, ClipboardContent};
use portcullis_platform_fake::{Call as PortCall, FakeDesktop, WindowBuilder};
use portcullis_policy::{Approval, FilterSpec, Restrictions};
use serde_json::{Value, json};

fn call(gate: &Gate, tool: &str, arguments: Value) -> Result<Reply, Fault> {
    gate.call(Call { principal: Principal::local(), tool: tool.to_owned(), arguments, cancel: Cancel::new() })
}

fn text(reply: &Reply) -> String {
    let Reply::View { parts, .. } = reply else { panic!("a view") };
    let texts = parts.iter().filter_map(|part| if let Part::Text(text) = part { Some(text.as_str()) } else { None });
    texts.collect::<Vec<_>>().join("\n")
}

/// A form with one field in front.
fn form(field: &str) -> (FakeDesktop, WindowIdentity) {
    let desktop = FakeDesktop::new();
    let window = desktop
        .open(WindowBuilder::new("Form", "form.exe").edit("Name", field).password("Secret", "x").button("Go", |_| {}));
    (desktop, window)
}

fn clipboard(gate: &Gate) -> String {
    text(&call(gate, "GetClipboard", json!({})).unwrap())
}

#[test]
fn words_are_selected_by_themselves_and_typing_takes_their_place() {
    let (desktop, window) = form("one two one");
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let select = |select: Value| call(&gate, "Invoke", json!({"name": "Name", "select": select}));
    let told = text(&select(json!("two")).unwrap());
    assert!(told.starts_with("confirmed: characters 4 to 7"), "{told}");
    call(&gate, "Type", json!({"name": "Name", "text": "2"})).unwrap();
    assert_eq!(desktop.value(&window, "Name").as_deref(), Some("one 2 one"));
    let fault = select(json!("one")).unwrap_err();
    assert_eq!((fault.code, fault.candidates.len()), (FaultCode::Ambiguous, 2), "{fault}");
    let found = text(&call(&gate, "FindElement", json!({"name": "Name", "role": "edit"})).unwrap());
    let named = found.split_whitespace().find(|word| word.strip_prefix('e').is_some_and(|n| n.parse::<u32>().is_ok()));
    call(&gate, "Invoke", json!({"ref": named.unwrap(), "select": "one", "nth": 2})).unwrap();
    call(&gate, "Type", json!({"name": "Name", "text": "1"})).unwrap();
    assert_eq!(desktop.value(&window, "Name").as_deref(), Some("one 2 1"));
    let told = text(&select(json!([4, 999])).unwrap());
    assert!(told.starts_with("confirmed: characters 4 to 7"), "the end is the text's: {told}");
    let fault = select(json!("three")).unwrap_err();
    assert_eq!((fault.code, fault.field.as_deref()), (FaultCode::NotFound, Some("select")), "{fault}");
    for (name, code) in [("Secret", FaultCode::NotOperable), ("Go", FaultCode::NotOperable)] {
        let fault = call(&gate, "Invoke", json!({"name": name, "select": [0, 1]})).unwrap_err();
        assert_eq!(fault.code, code, "{name}: {fault}");
    }
    let fault = call(&gate, "Invoke", json!({"name": "Name", "action": "focus", "select": "one"})).unwrap_err();
    assert_eq!(fault.field.as_deref(), Some("action"), "{fault}");
}

#[test]
fn a_value_takes_the_place_of_all_and_has_neither_caret_nor_rest() {
    let (desktop, _) = form("there");
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let value = |more: (&str, Value)| {
        let mut arguments = json!({"name": "Name", "text": "a", "how": "value"});
        arguments[more.0] = more.1;
        call(&gate, "Type", arguments)
    };
    for (argument, given) in [("caret", json!("start")), ("caret", json!("end")), ("clear", json!(false))] {
        let fault = value((argument, given.clone())).unwrap_err();
        assert_eq!((fault.code, fault.field.as_deref()), (FaultCode::BadArgument, Some(argument)), "{given}: {fault}");
        assert!(fault.value.is_some_and(|shown| !shown.is_empty()), "{given}");
    }
    value(("caret", json!("keep"))).unwrap();
}

#[test]
fn what_is_pasted_passes_through_a_clipboard_that_is_put_back() {
    let (desktop, window) = form("");
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let paste = |text: &str| call(&gate, "Type", json!({"name": "Name", "text": text, "how": "paste"}));
    desktop.set_clipboard_text("mine");
    let told = text(&paste("pasted\ttext").unwrap());
    assert!(told.starts_with("confirmed: 11 characters by the clipboard"), "{told}");
    assert_eq!(desktop.value(&window, "Name").as_deref(), Some("pasted\ttext"));
    assert_eq!(clipboard(&gate), "mine");
    // Pictures and files come back, too.
    desktop.set_clipboard(ClipboardContent::Other(vec!["CF_HDROP".to_owned()]));
    paste(" more").unwrap();
    assert!(clipboard(&gate).contains("CF_HDROP"));
    // Where nothing can be read back.
    let told = text(&call(&gate, "Type", json!({"name": "Secret", "text": "s3", "how": "paste"})).unwrap());
    assert!(told.starts_with("unverified"), "{told}");
    assert!(clipboard(&gate).contains("CF_HDROP"));
    // What cannot be kept is left alone, and nothing is pasted.
    desktop.set_clipboard(ClipboardContent::Other(vec!["CF_ENHMETAFILE".to_owned()]));
    let fault = paste("never").unwrap_err();
    assert_eq!(fault.code, FaultCode::NotOperable, "{fault}");
    assert!(clipboard(&gate).contains("CF_ENHMETAFILE"));
    assert!(!desktop.value(&window, "Name").unwrap().contains("never"));
    // What somebody else copies meanwhile is theirs.
    desktop.set_clipboard_text("mine");
    desktop.before_next(PortCall::Press, |desktop| desktop.set_clipboard_text("theirs"));
    let told = text(&paste("x").unwrap());
    assert!(told.contains("somebody else put something on the clipboard meanwhile"), "{told}");
    assert_eq!(clipboard(&gate), "theirs");
}

/// Pasting takes what replacing the clipboard takes; the other ways of typing do not.
#[test]
fn pasting_is_refused_where_the_clipboard_or_its_keys_are() {
    let (desktop, window) = form("");
    desktop.set_clipboard_text("mine");
    let arguments = json!({"name": "Name", "text": "a", "how": "paste"});
    let tier2 = gate_with(&desktop, &FilterSpec::default(), Approval::Never, |rules| rules);
    let fault = call(&tier2, "Type", arguments.clone()).unwrap_err();
    assert_eq!(fault.code, FaultCode::NotEnabled, "{fault}");
    assert!(fault.rule.as_deref().is_some_and(|rule| rule.contains("write_clipboard")), "{fault}");
    call(&tier2, "Type", json!({"name": "Name", "text": "a", "how": "keys"})).unwrap();
    let said =
        |restrictions: Restrictions| open_gate(&desktop, Approval::Never, |rules| rules.restricted(restrictions));
    let shut =
        said(Restrictions { clipboard_read: Some(Valued::new(false, common::at(3))), ..Restrictions::default() });
    assert_eq!(call(&shut, "Type", arguments.clone()).unwrap_err().code, FaultCode::Denied);
    let chord = Valued::new(Chord::parse("ctrl+v").unwrap(), common::at(4));
    let no_chord = said(Restrictions { no_chords: vec![chord], ..Restrictions::default() });
    assert_eq!(call(&no_chord, "Type", arguments).unwrap_err().code, FaultCode::Denied);
    assert_eq!(desktop.value(&window, "Name").as_deref(), Some("a"));
    assert_eq!(clipboard(&tier2), "mine");
}

#[test]
fn a_document_is_shown_without_what_lies_around_it() {
    let desktop = FakeDesktop::new();
    desktop.open(
        WindowBuilder::new("A page - Browser", "browser.exe")
            .edit("Address", "https://a.example")
            .button("Back", |_| {})
            .document("A page", "Hello"),
    );
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let whole = text(&call(&gate, "Snapshot", json!({})).unwrap());
    assert!(whole.contains("Address") && whole.contains("Hello"), "{whole}");
    for (tool, arguments) in [("Snapshot", json!({"root": "document"})), ("State-Tool", json!({"use_dom": true}))] {
        let page = text(&call(&gate, tool, arguments).unwrap());
        assert!(page.contains("A page - Browser") && page.contains("Hello"), "{page}");
        assert!(!page.contains("Address") && !page.contains("Back"), "{page}");
    }
    let (desktop, _) = form("");
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let fault = call(&gate, "Snapshot", json!({"root": "document"})).unwrap_err();
    assert_eq!((fault.code, fault.field.as_deref()), (FaultCode::NotFound, Some("root")), "{fault}");
    assert_eq!(call(&gate, "Snapshot", json!({"root": "page"})).unwrap_err().field.as_deref(), Some("root"));
}
