//! Text read off pixels: what is told of it, and that a ref for it never comes to mean other pixels.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod common;

use common::{at, open_gate};
use portcullis_gate::{Call, Gate};
use portcullis_model::{Cancel, Fault, FaultCode, Part, Principal, Rect, Reply, Valued};
use portcullis_platform_fake::FakeDesktop;
use portcullis_policy::{Approval, Restrictions};
use serde_json::{Value, json};

fn call(gate: &Gate, tool: &str, arguments: Value) -> Result<String, Fault> {
    let call = Call { principal: Principal::local(), tool: tool.to_owned(), arguments, cancel: Cancel::new() };
    let Reply::View { parts, .. } = gate.call(call)? else { panic!("a view") };
    Ok(parts.into_iter().map(|part| if let Part::Text(text) = part { text } else { String::new() }).collect())
}

/// The ref of the line of an answer that holds this text.
fn name_of(text: &str, said: &str) -> String {
    let line = text.lines().find(|line| line.contains(said)).unwrap_or_else(|| panic!("{said}: {text}"));
    line.split_whitespace().next().unwrap().to_owned()
}

/// The rectangle of the window in front, and of what is named in it.
fn rect_of(gate: &Gate, name: &str) -> Rect {
    let found = call(gate, "FindElement", json!({ "name": name })).unwrap();
    let place = found.lines().nth(1).unwrap().split_once(" @").unwrap().1;
    let sides: Vec<i32> = place.split([',', ' ', 'x']).take(4).map(|side| side.parse().unwrap()).collect();
    Rect::new(sides[0], sides[1], sides[0] + sides[2], sides[1] + sides[3])
}

#[test]
fn lines_and_words_have_places_and_refs_that_are_clicked() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let greet = rect_of(&gate, "Greet");
    let (half, end) = (greet.centre().x, greet.right);
    desktop.write_pixels(&[&[
        ("Greet", Rect::new(greet.left, greet.top, half, greet.bottom)),
        ("\u{202e}them", Rect::new(half, greet.top, end, greet.bottom)),
    ]]);
    let text = call(&gate, "OCR", json!({ "words": true, "lang": "deu" })).unwrap();
    assert!(text.starts_with("1 lines read by Windows in de on the desktop area "), "{text}");
    assert!(text.contains(&format!("\" @{greet} 90%")), "the line has the place of its words: {text}");
    assert!(!text.contains('\u{202e}'), "what reorders is visible: {text}");
    let before = desktop.journal().len();
    let clicked = call(&gate, "Click", json!({ "ref": name_of(&text, "Greet") })).unwrap();
    assert!(clicked.starts_with("confirmed"), "{clicked}");
    assert!(desktop.journal()[before..].iter().any(|line| line.contains("Greet")), "{:?}", desktop.journal());
}

#[test]
fn attack_a_ref_of_pixels_that_have_changed_hits_nothing() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let greet = rect_of(&gate, "Greet");
    desktop.write_pixels(&[&[("Greet", greet)]]);
    let text = call(&gate, "OCR", json!({})).unwrap();
    let name = name_of(&text, "Greet");
    // Another window comes to lie over it.
    let other = call(&gate, "Snapshot", json!({ "max_tokens": 20_000 })).unwrap();
    let notepad = name_of(&other, "Notepad");
    call(&gate, "FocusWindow", json!({ "ref": notepad })).unwrap();
    call(
        &gate,
        "App",
        json!({ "action": "resize", "ref": notepad, "x": greet.left - 5, "y": greet.top - 5,
        "width": 400, "height": 300 }),
    )
    .unwrap();
    let before = desktop.journal().len();
    let fault = call(&gate, "Click", json!({ "ref": name })).unwrap_err();
    assert_eq!((fault.code, fault.field.as_deref()), (FaultCode::StaleRef, Some("ref")));
    assert_eq!(desktop.journal().len(), before);
}

#[test]
fn what_a_ref_of_pixels_cannot_is_said() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    desktop.write_pixels(&[&[("Greet", rect_of(&gate, "Greet"))]]);
    let name = name_of(&call(&gate, "OCR", json!({})).unwrap(), "Greet");
    let fault = call(&gate, "Invoke", json!({ "ref": name })).unwrap_err();
    assert!(matches!(fault.code, FaultCode::NotOperable | FaultCode::BadArgument), "{fault}");
}

#[test]
fn a_machine_without_an_engine_and_a_bad_argument_are_answered() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    assert_eq!(call(&gate, "OCR", json!({})).unwrap_err().code, FaultCode::Unsupported);
    for (arguments, field) in [
        (json!({ "lang": "klingon" }), "lang"),
        (json!({ "lang": "eng+deu" }), "lang"),
        (json!({ "left": 1, "top": 1, "right": 1, "bottom": 1 }), "right"),
        (json!({ "limit": 0 }), "limit"),
    ] {
        assert_eq!(call(&gate, "OCR", arguments.clone()).unwrap_err().field.as_deref(), Some(field), "{arguments}");
    }
}

#[test]
fn attack_what_may_not_be_captured_is_not_read_either() {
    let desktop = FakeDesktop::demo();
    let blind = Restrictions { capture: Some(Valued::new(false, at(3))), ..Restrictions::default() };
    let gate = open_gate(&desktop, Approval::Never, |rules| rules.restricted(blind));
    desktop.write_pixels(&[&[("secret", Rect::new(10, 10, 90, 30))]]);
    let fault = call(&gate, "OCR", json!({})).unwrap_err();
    assert!(!fault.to_string().contains("secret") && fault.to_string().contains("p.toml:3"), "{fault}");
}
