//! What is kept for a caller beyond an answer: whose it is, which right opens it, and when it is gone.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod common;

use common::{at, gate_with, open_gate};
use portcullis_gate::{Call, Catalogue, Gate, Presence, Progress, Replacement};
use portcullis_model::{
    Authenticated, Cancel, CancelReason, Digest, Fault, FaultCode, Image, KnownBy, Link, Part, Principal, Reply, Scope,
    Scopes, Valued, WindowPattern,
};
use portcullis_platform::{Captured, ShellEnd, ShellRun};
use portcullis_platform_fake::{Call as FakeCall, FakeDesktop};
use portcullis_policy::{Approval, FilterSpec, RateWords, Restrictions, Rules, ToolFilter};
use serde_json::{Value, json};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const NOBODYS: &str = "portcullis://shots/0123456789abcdef0123456789abcdef";

fn call(gate: &Gate, principal: &Principal, tool: &str, arguments: Value) -> Result<Reply, Fault> {
    gate.call(Call { principal: principal.clone(), tool: tool.to_owned(), arguments, cancel: Cancel::new() })
}

fn local(gate: &Gate, tool: &str, arguments: Value) -> Result<Reply, Fault> {
    call(gate, &Principal::local(), tool, arguments)
}

/// The texts, pictures and links of a view.
fn parts(reply: Reply) -> (String, Vec<Image>, Vec<Link>) {
    let Reply::View { parts, .. } = reply else { panic!("a view") };
    let mut told = (String::new(), Vec::new(), Vec::new());
    for part in parts {
        match part {
            Part::Text(text) => told.0.push_str(&text),
            Part::Image(image) => told.1.push(image),
            Part::Link(link) => told.2.push(link),
            Part::Blob(_) => panic!("bytes"),
        }
    }
    told
}

/// A part of the desktop: a picture of everything takes long in a build for tests.
fn part() -> Value {
    json!({ "left": 0, "top": 0, "width": 200, "height": 150 })
}

/// Takes a picture and keeps it.
fn keep(gate: &Gate, who: &Principal) -> Link {
    let (text, _, links) =
        parts(call(gate, who, "Screenshot", json!({ "keep": true, "max_width": 64, "region": part() })).unwrap());
    let [link] = links.as_slice() else { panic!("one link: {links:?}") };
    assert!(text.contains(&link.uri), "who is shown no links reads it: {text}");
    link.clone()
}

fn read(gate: &Gate, who: &Principal, uri: &str) -> Result<(String, Vec<Image>, Vec<Link>), Fault> {
    call(gate, who, "ReadResource", json!({ "uri": uri })).map(parts)
}

fn listed(gate: &Gate, who: &Principal) -> Vec<Value> {
    let Reply::Data(value) = call(gate, who, "ListResources", json!({})).unwrap() else { panic!("data") };
    value["resources"].as_array().unwrap().clone()
}

fn key(name: &str) -> Principal {
    Principal::key(name, Scope::ALL)
}

#[test]
fn a_kept_picture_is_the_whole_one_and_is_listed() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let link = keep(&gate, &Principal::local());
    let (text, images, _) = read(&gate, &Principal::local(), &link.uri).unwrap();
    let (_, whole, _) = parts(local(&gate, "Screenshot", json!({ "region": part() })).unwrap());
    assert!(images == whole, "the same pixels in full size: {text}");
    assert_eq!(u64::try_from(images[0].bytes.len()).unwrap(), link.size);
    let all = listed(&gate, &Principal::local());
    assert_eq!(
        (all.len(), all[0]["uri"].as_str(), all[0]["bytes"].as_u64()),
        (1, Some(link.uri.as_str()), Some(link.size))
    );
    let alias = link.uri.replace("portcullis://shots/", "wpf://screenshots/");
    assert!(read(&gate, &Principal::local(), &alias).unwrap().1 == whole);
}

#[test]
fn what_is_kept_for_one_caller_is_not_there_for_another() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let (mine, theirs) = (key("mine"), key("theirs"));
    let link = keep(&gate, &mine);
    assert!(read(&gate, &mine, &link.uri).is_ok());
    let refused = read(&gate, &theirs, &link.uri).unwrap_err();
    let nothing = read(&gate, &theirs, NOBODYS).unwrap_err();
    assert_eq!(refused.code, FaultCode::NotFound);
    let same = |fault: &Fault| (fault.code, fault.message.clone(), fault.rule.clone(), fault.remedy.clone());
    assert_eq!(same(&refused), same(&nothing), "it does not tell that there is something");
    assert!(listed(&gate, &theirs).is_empty());
    let named_so = Principal::key("mine", Scope::ALL).known_by(KnownBy::Key(Digest::of(b"a later key of that name")));
    assert!(read(&gate, &named_so, &link.uri).is_err(), "a name is not its holder");
}

#[test]
fn a_bad_name_is_answered_with_what_it_should_be() {
    let gate = open_gate(&FakeDesktop::demo(), Approval::Never, |rules| rules);
    for uri in ["", "file:///C:/Windows/win.ini", "portcullis://shots/1", "portcullis://files/QQ==?offset=0"] {
        let fault = read(&gate, &Principal::local(), uri).unwrap_err();
        assert_eq!((fault.code, fault.field.as_deref()), (FaultCode::BadArgument, Some("uri")), "{uri}");
    }
}

#[test]
fn it_is_read_by_the_right_by_which_it_was_made_and_gone_with_the_rules_that_it_was_made_under() {
    let desktop = FakeDesktop::demo();
    let calm = |rules: Rules| rules.with_rates(RateWords::default());
    let gate = gate_with(&desktop, &FilterSpec::default(), Approval::Never, calm);
    let link = keep(&gate, &Principal::local());
    let hidden = vec![Valued::new(WindowPattern::TitlePart("notepad".to_owned()), at(4))];
    let filter = ToolFilter::resolve(&FilterSpec::default(), &Catalogue::new().names()).unwrap();
    let narrow =
        calm(Rules::new(filter, Approval::Never, 1)).restricted(Restrictions { hidden, ..Restrictions::default() });
    assert!(matches!(gate.replace_rules(narrow), Replacement::Replaced));
    let fault = read(&gate, &Principal::local(), &link.uri).unwrap_err();
    assert_eq!(fault.code, FaultCode::NotFound, "the picture shows what is hidden now");
    let blind = Restrictions { capture: Some(Valued::new(false, at(5))), ..Restrictions::default() };
    let shut = gate_with(&desktop, &FilterSpec::default(), Approval::Never, |rules| calm(rules).restricted(blind));
    let fault = local(&shut, "Screenshot", json!({ "keep": true, "region": part() })).unwrap_err();
    assert_ne!(fault.code, FaultCode::NotFound);
}

#[test]
fn a_key_that_is_taken_back_takes_what_was_kept_for_it_along() {
    let gate = open_gate(&FakeDesktop::demo(), Approval::Never, |rules| rules);
    let holder = key("mine").known_by(KnownBy::Key(Digest::of(b"a key")));
    let link = keep(&gate, &holder);
    assert!(read(&gate, &holder, &link.uri).is_ok());
    gate.forget_ended_keys(|_| false);
    assert_eq!(read(&gate, &holder, &link.uri).unwrap_err().code, FaultCode::NotFound);
}

/// Hands on what it is told.
struct Told(Mutex<Sender<(Duration, Duration, String)>>);

impl Progress for Told {
    fn report(&self, done: Duration, of: Duration, what: &str) {
        let _ = self.0.lock().unwrap().send((done, of, what.to_owned()));
    }
}

#[test]
fn a_recording_moves_and_says_how_far_it_is() {
    let gate = open_gate(&FakeDesktop::demo(), Approval::Never, |rules| rules);
    let (send, told) = channel();
    let (answer, answered) = channel();
    let arguments =
        json!({ "duration": 0.5, "fps": 10, "max_width": 64, "right": 200, "bottom": 150, "left": 0, "top": 0 });
    let call =
        Call { principal: Principal::local(), tool: "ScreenRecord".to_owned(), arguments, cancel: Cancel::new() };
    let from = Presence { progress: Arc::new(Told(Mutex::new(send))), ..Presence::default() };
    gate.submit_from(call, from, Box::new(move |reply| drop(answer.send(reply))));
    let (text, images, links) = parts(answered.recv().unwrap().unwrap());
    assert!(text.contains("0.5 s of the desktop area"), "{text}");
    assert_eq!((images.len(), links.len(), images[0].width), (1, 0, 64));
    assert!(told.try_iter().any(|(done, of, what)| done == of && what == "encoding"));
}

#[test]
fn what_is_under_way_when_the_rules_are_replaced_is_not_kept() {
    let desktop = FakeDesktop::demo();
    let calm = |rules: Rules| rules.with_rates(RateWords::default());
    let gate = Arc::new(gate_with(&desktop, &FilterSpec::default(), Approval::Never, calm));
    let filter = ToolFilter::resolve(&FilterSpec::default(), &Catalogue::new().names()).unwrap();
    let same = calm(Rules::new(filter, Approval::Never, 1));
    let theirs = Arc::clone(&gate);
    // The picture is being taken when the rules are replaced.
    desktop.before_next(FakeCall::Capture, move |_| {
        assert!(matches!(theirs.replace_rules(same), Replacement::Replaced));
    });
    let fault = local(&gate, "Screenshot", json!({ "keep": true, "region": part() })).unwrap_err();
    assert!(fault.code == FaultCode::Denied && fault.message.contains("rules were replaced"), "{fault}");
    assert!(listed(&gate, &Principal::local()).is_empty());
    keep(&gate, &Principal::local());
}

#[test]
fn a_recording_ends_when_it_is_withdrawn() {
    let gate = open_gate(&FakeDesktop::demo(), Approval::Never, |rules| rules);
    let cancel = Cancel::new();
    let (answer, answered) = channel();
    let arguments =
        json!({ "duration": 60, "fps": 10, "max_width": 64, "right": 200, "bottom": 150, "left": 0, "top": 0 });
    let call =
        Call { principal: Principal::local(), tool: "ScreenRecord".to_owned(), arguments, cancel: cancel.clone() };
    gate.submit(call, Box::new(move |reply| drop(answer.send(reply))));
    cancel.cancel(CancelReason::Client);
    let fault = answered.recv_timeout(Duration::from_secs(10)).unwrap().unwrap_err();
    assert_eq!(fault.code, FaultCode::Cancelled);
}

#[test]
fn an_area_is_named_in_one_way_and_whole() {
    let gate = open_gate(&FakeDesktop::demo(), Approval::Never, |rules| rules);
    let fault = |arguments: Value| local(&gate, "ScreenRecord", arguments).unwrap_err();
    for (arguments, field) in [
        (json!({ "left": 10, "top": 10, "right": 60 }), "right"),
        (json!({ "left": 60, "top": 10, "right": 10, "bottom": 40 }), "right"),
        (json!({ "left": 60_000, "top": 10, "right": 60_010, "bottom": 40 }), "left"),
        (json!({ "duration": 61 }), "duration"),
        (json!({ "fps": 11 }), "fps"),
        (json!({ "window": "e99999" }), "window"),
    ] {
        assert_eq!(fault(arguments.clone()).field.as_deref(), Some(field), "{arguments}");
    }
}

/// What a command is to have written, in a shell of the fake.
fn writes(desktop: &FakeDesktop, output: &[u8]) {
    let mut captured = Captured::default();
    captured.push(output);
    desktop.set_shell_answer(ShellRun {
        end: ShellEnd::Exited(0),
        output: captured,
        errors: Captured::default(),
        left: Vec::new(),
        held_open: false,
    });
}

#[test]
fn what_an_answer_leaves_out_of_an_output_is_kept_for_its_caller() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let (mine, theirs) = (key("mine"), key("theirs"));
    let long: String = (0..10_000).map(|line| format!("line {line} ä\n")).collect();
    writes(&desktop, long.as_bytes());
    let (told, _, links) = parts(call(&gate, &mine, "Shell", json!({ "command": "x" })).unwrap());
    let [link] = links.as_slice() else { panic!("one link: {links:?}") };
    assert!(told.contains(&format!("all of it is kept as {}", link.uri)), "{}", &told[..400]);
    assert!(!told.contains("line 5000 "), "the answer has it already");
    assert_eq!((link.mime, link.size), ("text/plain", u64::try_from(long.len()).unwrap()));
    let piece = |who: &Principal, more: Value| {
        let mut arguments = json!({ "uri": link.uri });
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let Reply::View { parts, .. } = call(&gate, who, "ReadResource", arguments)? else { panic!("a view") };
        let [Part::Text(head), Part::Text(body)] = parts.as_slice() else { panic!("two texts: {parts:?}") };
        Ok::<_, Fault>((head.clone(), body.clone()))
    };
    let characters = |from: usize, count: usize| long.chars().skip(from).take(count).collect::<String>();
    let total = long.chars().count();
    let (head, first) = piece(&mine, json!({})).unwrap();
    assert_eq!(first, characters(0, 20_000));
    assert!(head.contains(&format!("characters 0 to 20000 of {total}; go on with from=20000")), "{head}");
    let (head, last) = piece(&mine, json!({ "from": total - 7, "max_chars": 50 })).unwrap();
    assert_eq!(last, characters(total - 7, 50));
    assert!(!head.contains("go on"), "{head}");
    assert_eq!(piece(&mine, json!({ "max_chars": 8_000_000 })).unwrap().1, long);
    assert_eq!(piece(&theirs, json!({})).unwrap_err().code, FaultCode::NotFound);
    let entry = &listed(&gate, &mine)[0];
    assert_eq!((entry["uri"].as_str(), entry.get("width")), (Some(link.uri.as_str()), None));
    // What fits into the answer is not kept.
    writes(&desktop, b"short");
    assert!(parts(call(&gate, &mine, "Shell", json!({ "command": "x" })).unwrap()).2.is_empty());
    // Of what is more than is kept, the beginning is, and the answer says so.
    writes(&desktop, &vec![b'a'; Captured::FIRST_CAP + 40_000]);
    let (told, _, links) = parts(call(&gate, &mine, "Shell", json!({ "command": "x" })).unwrap());
    assert_eq!(links[0].size, u64::try_from(Captured::FIRST_CAP).unwrap());
    assert!(told.contains("its first 4000000 bytes are kept") && told.contains("`> file`"), "{}", &told[..500]);
}

/// A token's later word from its issuer may give its holder less than the one by which the work was done.
#[test]
fn attack_what_a_shell_wrote_is_not_read_by_who_may_not_run_one() {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, Approval::Never, |rules| rules);
    let (able, observer) = (key("ci"), Principal::key("ci", [Scope::Observe]));
    let single = Scopes::parse(["tool:ReadResource"]).unwrap();
    let reader = Principal::remote(Authenticated::Key, "ci", single);
    writes(&desktop, &b"line\n".repeat(10_000));
    let (told, _, links) = parts(call(&gate, &able, "Shell", json!({ "command": "x" })).unwrap());
    assert!(told.contains(&links[0].uri));
    assert!(read(&gate, &able, &links[0].uri).is_ok());
    for less in [&observer, &reader] {
        let fault = read(&gate, less, &links[0].uri).unwrap_err();
        assert!(fault.code == FaultCode::NotEnabled && fault.to_string().contains("Shell"), "{fault}");
    }
    assert_eq!((listed(&gate, &able).len(), listed(&gate, &observer).len()), (1, 0));
}
