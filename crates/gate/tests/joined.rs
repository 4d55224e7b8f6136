//! The desktop's tools on a connected WPF application, through the one door, on a fake with an inspector in memory: one space of
//! refs for both families, which reader spoke, and no desktop tool as a way around a gate, a rule or another caller's refs. What
//! the application and the desktop journal is the oracle.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

#[expect(dead_code, reason = "other tests of the gate use the rest")]
mod common;

use common::{at, gate_with};
use portcullis_gate::{Call, Gate, Replacement};
use portcullis_model::{
    Cancel, Fault, FaultCode, Part, Principal, ProcessId, Rect, Reply, Scope, Valued, WindowIdentity, WindowPattern,
    WpfGate, WpfTarget,
};
use portcullis_platform_fake::protocol::{LocalKind, Val};
use portcullis_platform_fake::{FakeApplication, FakeDesktop, FakeModel, WindowBuilder};
use portcullis_policy::{Approval, FilterSpec, Restrictions, Rules, WpfTargets, roots};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const SHOP: &str = r"C:\work\Shop.exe";
const READS: [WpfGate; 2] = [WpfGate::Injection, WpfGate::SensitiveReads];

/// A desktop with one window, whose program is an application that may be connected to.
struct Desk {
    desktop: FakeDesktop,
    window: WindowIdentity,
    application: FakeApplication,
    gate: Gate,
    rules: Rules,
}

fn gates(rules: Rules, open: &[WpfGate]) -> Rules {
    rules.with_gates(open.iter().map(|gate| (*gate, Valued::new(true, at(7)))).collect())
}

fn targets(rules: Rules, paths: &[&str]) -> Rules {
    let entries = paths.iter().map(|path| WpfTarget::new(path, None, None, true).unwrap()).collect::<Vec<_>>();
    rules.with_wpf_targets(WpfTargets(roots(entries, &at(6))))
}

fn text(reply: Reply) -> String {
    match reply {
        Reply::Data(value) => value.to_string(),
        Reply::View { parts, outcome } => {
            let text = |part| if let Part::Text(text) = part { text } else { String::new() };
            let said = outcome.map(|outcome| format!("{outcome:?}\n")).unwrap_or_default();
            said + &parts.into_iter().map(text).collect::<String>()
        }
    }
}

impl Desk {
    fn new(open: &[WpfGate]) -> Self {
        let desktop = FakeDesktop::new();
        let seen =
            WindowBuilder::new("Shop", "Shop.exe").at(Rect::new(0, 0, 400, 300)).text("only a native reader says it");
        let window = desktop.open(seen);
        let process = ProcessId { number: window.process, started: window.process_start };
        let mut model = FakeModel::demo("");
        model.show_in(window.handle);
        let application = desktop.wpf().start(process, SHOP, model);
        let spec = FilterSpec { enable_all: true, ..FilterSpec::default() };
        let mut said = None;
        let gate = gate_with(&desktop, &spec, Approval::Never, |rules| {
            said.insert(gates(targets(rules, &[SHOP]), open)).clone()
        });
        Self { desktop, window, application, gate, rules: said.unwrap() }
    }

    fn connected(open: &[WpfGate]) -> Self {
        let desk = Self::new(open);
        desk.told("connect", json!({}));
        desk
    }

    fn as_(&self, principal: &Principal, tool: &str, arguments: Value) -> Result<Reply, Fault> {
        let (principal, tool) = (principal.clone(), tool.to_owned());
        self.gate.call(Call { principal, tool, arguments, cancel: Cancel::new() })
    }

    fn call(&self, tool: &str, arguments: Value) -> Result<Reply, Fault> {
        self.as_(&Principal::local(), tool, arguments)
    }

    fn text(&self, tool: &str, arguments: Value) -> String {
        let said = arguments.to_string();
        self.call(tool, arguments).map_or_else(|fault| panic!("{tool} {said}: {fault}"), text)
    }

    fn told(&self, tool: &str, arguments: Value) -> Value {
        serde_json::from_str(&self.text(tool, arguments)).unwrap()
    }

    fn refused(&self, tool: &str, arguments: Value) -> Fault {
        let said = arguments.to_string();
        self.call(tool, arguments).map_or_else(|fault| fault, |reply| panic!("{tool} {said}: {}", text(reply)))
    }

    /// The ref of the line of Snapshot that holds this.
    fn seen(&self, part: &str) -> String {
        let shown = self.text("Snapshot", json!({}));
        let line = shown.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("no {part}: {shown}"));
        line.split_whitespace().next().unwrap().to_owned()
    }

    fn did(&self) -> Vec<String> {
        self.application.model(|model| model.journal().to_vec())
    }

    fn replace(&self, rules: Rules) {
        assert!(matches!(self.gate.replace_rules(rules), Replacement::Replaced));
    }
}

#[test]
fn a_first_tree_takes_one_question_and_its_elements_have_refs() {
    let desk = Desk::connected(&READS);
    let asked = || desk.application.model(|model| model.asked);
    let before = asked();
    let tree = desk.told("get_visual_tree", json!({}));
    assert_eq!(asked() - before, 1, "{tree}");
    let of = |at: &str| tree.pointer(at).and_then(Value::as_str).unwrap_or_else(|| panic!("{at}: {tree}")).to_owned();
    assert!(desk.text("GetText", json!({ "ref": of("/tree/children/0/children/0/ref") })).contains("Ada"), "{tree}");
    // The root is all that its window shows, and so is meant by the window's ref.
    assert!(desk.text("Snapshot", json!({})).contains(&format!("{} window", of("/tree/ref"))), "{tree}");
}

#[test]
fn a_snapshot_of_a_connected_window_is_the_inspectors_and_says_so() {
    let desk = Desk::new(&READS);
    let before = desk.text("Snapshot", json!({}));
    assert!(before.contains("only a native reader says it") && !before.contains("wpf"), "{before}");
    desk.told("connect", json!({}));
    let shown = desk.text("Snapshot", json!({}));
    for line in
        [r#" edit = "Ada""#, r#" text "City""#, r#" button "Save""#, r#" checkbox "Subscribe" off"#, " edit password"]
    {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    assert!(shown.contains(r#"listitem "Two""#) && shown.contains(r#"button "Cancel" disabled"#), "{shown}");
    assert!(shown.contains("(read by wpf (") && !shown.contains("native"), "{shown}");
    // The window alone, and an action's own look, are read by the same reader.
    let window = desk.seen("window \"Shop\"");
    assert!(desk.text("Snapshot", json!({ "window": window })).contains("read by wpf"));
    let found = desk.text("FindElement", json!({ "automation_id": "save", "window": window }));
    assert!(found.contains("button \"Save\"") && found.contains("@10,70 80x24"), "{found}");
}

#[test]
fn one_ref_names_an_element_to_the_tools_of_both_families() {
    let desk = Desk::connected(&WpfGate::ALL);
    let save = desk.seen("button \"Save\"");
    let told = desk.told("find_elements", json!({ "elementName": "saveButton" }));
    let row = &told["results"][0];
    assert_eq!(row["ref"], json!(save), "{told}");
    for named in [json!(save), row["elementId"].clone()] {
        let ready = desk.told("get_interaction_readiness", json!({ "elementId": named }));
        assert_eq!(ready["activationTarget"], row["elementId"], "{ready}");
    }
    desk.told("click_element", json!({ "elementId": save }));
    assert_eq!(desk.did().iter().filter(|line| *line == "executed SaveCommand").count(), 1, "{:?}", desk.did());
    // The window's ref stands for all that WPF shows in it, in both directions.
    let window = desk.seen("window \"Shop\"");
    let tree = desk.told("get_visual_tree", json!({ "elementId": window }));
    assert_eq!((&tree["tree"]["type"], &tree["tree"]["ref"]), (&json!("Window"), &json!(window)), "{tree}");
    assert_eq!(tree["tree"]["children"][0]["children"][2]["ref"], json!(save), "{tree}");
    // A ref that a WPF tool told first is one for the desktop's tools.
    let border = tree["tree"]["children"][0]["children"][2]["children"][0]["ref"].as_str().unwrap().to_owned();
    assert!(desk.text("WaitFor", json!({ "condition": "element_exists", "ref": border })).contains("unknown"));
    let field = desk.refused("get_visual_tree", json!({ "elementId": "e9999" }));
    assert_eq!((field.code, field.source_code), (FaultCode::UnknownRef, Some("ElementNotFound")));
}

#[test]
fn a_button_is_clicked_from_inside_and_the_answer_tells_how() {
    let desk = Desk::connected(&WpfGate::ALL);
    let save = desk.seen("button \"Save\"");
    for (tool, arguments, count) in [
        ("Click", json!({ "ref": save, "observe": "none" }), 1),
        ("Invoke", json!({ "ref": save, "observe": "none" }), 2),
        ("Click", json!({ "name": "Save", "role": "button", "observe": "none" }), 3),
        ("Invoke", json!({ "automation_id": "save", "observe": "none" }), 4),
    ] {
        let said = desk.text(tool, arguments.clone());
        assert!(said.contains("OnClick inside the application"), "{tool} {arguments}: {said}");
        let did = desk.did();
        assert_eq!(did.iter().filter(|line| *line == "executed SaveCommand").count(), count, "{tool}: {did:?}");
    }
    let pointed: Vec<String> = desk.desktop.journal().into_iter().filter(|line| !line.starts_with("opened ")).collect();
    assert!(pointed.is_empty(), "the pointer or a native control was used: {pointed:?}");
    let cancel = desk.seen("button \"Cancel\"");
    assert_eq!(desk.refused("Invoke", json!({ "ref": cancel })).code, FaultCode::Disabled);
    assert!(!desk.did().contains(&"executed CancelCommand".to_owned()));
}

/// The inspector tells a text in parts, none of which ends within a character.
#[test]
fn a_long_text_is_read_to_its_end() {
    let desk = Desk::connected(&WpfGate::ALL);
    let name = desk.seen("edit = \"Ada\"");
    let all: String = (0..24_000).map(|at| if at % 3 == 0 { '🙂' } else { 'ü' }).chain("-end".chars()).collect();
    desk.application.model(|model| {
        let handle = model.named("nameBox").unwrap();
        model.set(handle, "Text", Val::text(&all), "Local", LocalKind::Value);
    });
    let read = |from: usize, max: usize| desk.text("GetText", json!({ "ref": name, "from": from, "max_chars": max }));
    assert_eq!(read(23_999, 10), "ü-end");
    let part: String = all.chars().skip(6_000).take(6_000).collect();
    let more = "characters 6000 to 12000 of a text that may be longer; go on with from=12000";
    assert_eq!(read(6_000, 6_000), format!("{part}\n[cut: {more}]"));
}

#[test]
fn a_text_box_is_read_written_and_waited_for() {
    let desk = Desk::connected(&WpfGate::ALL);
    let name = desk.seen("edit = \"Ada\"");
    assert_eq!(desk.text("GetText", json!({ "ref": name })), "Ada");
    assert_eq!(
        desk.text("GetText", json!({ "ref": name, "from": 1, "max_chars": 1 })),
        "d\n[cut: characters 1 to 2 of 3; go on with from=2]"
    );
    let value = || {
        desk.application.model(|model| {
            let handle = model.named("nameBox").unwrap();
            model.property(handle, "Text").unwrap().value.s.clone().unwrap()
        })
    };
    let said = desk.text("Type", json!({ "ref": name, "text": "Grace", "clear": true }));
    assert!(said.contains("Confirmed") && !said.contains("Grace"), "{said}");
    assert_eq!(value(), "Grace");
    let said = desk.text("Invoke", json!({ "ref": name, "action": "set_value", "value": "Hedy" }));
    assert!(said.contains("Confirmed") && !said.contains("Hedy"), "{said}");
    assert_eq!((value().as_str(), desk.text("GetText", json!({ "ref": name })).as_str()), ("Hedy", "Hedy"));
    std::thread::scope(|scope| {
        let wait = json!({ "condition": "text_exists", "text": "Katherine", "timeout": 20 });
        let waiting = scope.spawn(|| desk.text("WaitFor", wait));
        desk.application.model(|model| {
            let handle = model.named("nameBox").unwrap();
            let text = Val::text("Katherine");
            model.set(handle, "Text", text, "Local", LocalKind::Value);
        });
        let seen = waiting.join().unwrap();
        assert!(seen.contains(&format!("{name} edit = \"Katherine\"")), "{seen}");
    });
    desk.application.model(|model| {
        let handle = model.named("nameBox").unwrap();
        model.remove(handle);
    });
    assert!(desk.text("WaitFor", json!({ "condition": "element_gone", "ref": name })).contains("gone"));
    assert_eq!(desk.refused("GetText", json!({ "ref": name })).code, FaultCode::StaleRef);
}

#[test]
fn the_other_readers_speak_when_the_inspector_does_not_and_the_answer_says_why() {
    let desk = Desk::connected(&WpfGate::ALL);
    let save = desk.seen("button \"Save\"");
    desk.application.model(|model| model.hung = true);
    let began = Instant::now();
    let shown = desk.text("Snapshot", json!({}));
    assert!(shown.contains("only a native reader says it"), "{shown}");
    assert!(
        shown.contains("read by native") && shown.contains("wpf gave 0: the application did not answer"),
        "{shown}"
    );
    assert!(began.elapsed() < Duration::from_secs(2), "the slower reader held back the faster");
    assert_eq!(desk.refused("GetText", json!({ "ref": save })).code, FaultCode::HungTarget);
    desk.application.model(|model| model.hung = false);
    assert_eq!(desk.seen("button \"Save\""), save, "an element has another ref than before");
    let explained = desk.told("ExplainPolicy", json!({ "tool": "Snapshot", "args": {} }));
    assert!(explained.to_string().contains("wpf.targets"), "{explained}");
}

/// Tools of the desktop, each on a ref of WPF.
fn on(named: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("Click", json!({ "ref": named })),
        ("Invoke", json!({ "ref": named })),
        ("GetText", json!({ "ref": named })),
        ("Type", json!({ "ref": named, "text": "x" })),
        ("WaitFor", json!({ "condition": "element_enabled", "ref": named, "timeout": 1 })),
        ("Move", json!({ "ref": named })),
        ("Scroll", json!({ "ref": named, "amount": 1 })),
        ("Drag", json!({ "ref": named, "to_ref": named })),
    ]
}

#[test]
fn attack_no_desktop_tool_reads_through_a_gate_that_is_shut() {
    let desk = Desk::connected(&[WpfGate::Injection, WpfGate::Destructive, WpfGate::Viewmodel, WpfGate::Screenshots]);
    let shown = desk.text("Snapshot", json!({}));
    assert!(shown.contains("only a native reader says it"), "{shown}");
    assert!(
        shown.contains("wpf gave 0: the inspector goes through the gate `sensitive_reads`, which is shut"),
        "{shown}"
    );
    let answers = [
        ("FindElement", json!({ "name": "Save" })),
        ("GetText", json!({ "automation_id": "nameBox" })),
        ("WaitFor", json!({ "condition": "text_exists", "text": "Ada", "timeout": 1 })),
        ("Invoke", json!({ "name": "Save" })),
        ("Click", json!({ "name": "Save" })),
    ];
    for (tool, arguments) in answers {
        let refused = desk.refused(tool, arguments);
        assert!(!refused.to_string().contains("Ada\""), "{tool}: {refused}");
    }
    assert!(!shown.contains("Ada") && desk.did().is_empty(), "{:?}", desk.did());
}

#[test]
fn attack_a_gate_that_is_shut_later_shuts_the_refs_that_came_through_it() {
    let desk = Desk::connected(&WpfGate::ALL);
    let save = desk.seen("button \"Save\"");
    desk.replace(gates(desk.rules.clone(), &[WpfGate::Injection, WpfGate::Destructive]));
    let before = desk.desktop.journal();
    for (tool, arguments) in on(&save) {
        let refused = desk.refused(tool, arguments);
        assert_eq!((refused.code, refused.source_code), (FaultCode::NotEnabled, None), "{tool}: {refused}");
        assert!(refused.to_string().contains("`gates.sensitive_reads`"), "{tool}: {refused}");
    }
    assert!(desk.text("Snapshot", json!({})).contains("only a native reader says it"));
    assert!(desk.did().is_empty() && desk.desktop.journal() == before, "{:?}", desk.did());
}

/// What is operated from inside needs the gate that click_element needs; the pointer goes through no gate.
#[test]
fn attack_nothing_is_operated_from_inside_through_a_shut_gate() {
    let desk = Desk::connected(&READS);
    let save = desk.seen("button \"Save\"");
    let name = desk.seen("edit = \"Ada\"");
    for (tool, arguments) in [
        ("Invoke", json!({ "ref": save })),
        ("Invoke", json!({ "ref": name, "action": "set_value", "value": "x" })),
        ("Invoke", json!({ "ref": save, "action": "focus" })),
        ("Click", json!({ "ref": save, "how": "control" })),
    ] {
        let refused = desk.refused(tool, arguments.clone());
        assert_eq!(refused.code, FaultCode::NotEnabled, "{tool} {arguments}: {refused}");
        assert!(refused.to_string().contains("`gates.destructive`"), "{tool} {arguments}: {refused}");
    }
    assert_eq!(desk.refused("Invoke", json!({ "name": "Save" })).code, FaultCode::NotOperable);
    assert_eq!(desk.refused("Type", json!({ "ref": name, "text": "x", "how": "value" })).code, FaultCode::NotOperable);
    let said = desk.text("Click", json!({ "ref": save }));
    assert!(said.contains("with the pointer"), "{said}");
    assert!(desk.did().is_empty(), "{:?}", desk.did());
    assert!(desk.desktop.journal().iter().any(|line| line == "pressed window Shop"), "{:?}", desk.desktop.journal());
    // One that is shut while the session goes on is shut for it too.
    let narrowed = Desk::connected(&WpfGate::ALL);
    let save = narrowed.seen("button \"Save\"");
    narrowed.replace(gates(narrowed.rules.clone(), &READS));
    assert!(narrowed.text("Click", json!({ "ref": save })).contains("with the pointer"));
    assert!(narrowed.did().is_empty(), "{:?}", narrowed.did());
    // A key without the scope of the gate is told so, though the owner opened it.
    let all = Desk::new(&WpfGate::ALL);
    let key = Principal::key("k", [Scope::Observe, Scope::Interact, Scope::Injection, Scope::SensitiveReads]);
    all.as_(&key, "connect", json!({})).unwrap();
    let shown = text(all.as_(&key, "Snapshot", json!({})).unwrap());
    let save = shown.lines().find(|line| line.contains("button \"Save\"")).unwrap().split_whitespace().next().unwrap();
    let refused = all.as_(&key, "Invoke", json!({ "ref": save })).unwrap_err();
    assert!(refused.to_string().contains("holds no `destructive` scope"), "{refused}");
    assert!(all.did().is_empty(), "{:?}", all.did());
}

#[test]
fn attack_no_secret_and_nothing_behind_the_elements_is_told_by_a_desktop_tool() {
    let desk = Desk::connected(&WpfGate::ALL);
    desk.application.model(|model| {
        let handle = model.named("secret").unwrap();
        let text = Val::text("hunter2");
        model.set(handle, "Text", text, "Local", LocalKind::Value);
    });
    let secret = desk.seen("edit password");
    let mut answers = vec![
        desk.text("Snapshot", json!({ "max_tokens": 50_000, "with_rects": true })),
        desk.text("FindElement", json!({ "role": "edit" })),
        desk.refused("GetText", json!({ "ref": secret })).to_string(),
        desk.refused("WaitFor", json!({ "condition": "text_exists", "text": "hunter2", "timeout": 1 })).to_string(),
        desk.text("WaitFor", json!({ "condition": "element_exists", "ref": secret })),
        desk.text("Click", json!({ "ref": secret, "observe": "snapshot", "how": "pointer" })),
    ];
    assert!(answers[2].contains("holds a secret"), "{}", answers[2]);
    // What waiting was for is the caller's own word, and stands in no answer either.
    answers
        .retain(|answer| answer.contains("hunter2") || answer.contains("London") || answer.contains("ShopViewModel"));
    assert!(answers.is_empty(), "{answers:?}");
}

#[test]
fn attack_a_ref_is_its_callers_and_its_sessions_alone() {
    let desk = Desk::connected(&WpfGate::ALL);
    let save = desk.seen("button \"Save\"");
    let other = Principal::key("other", Scope::ALL);
    desk.as_(&other, "connect", json!({})).unwrap();
    for (tool, arguments) in on(&save) {
        let fault = desk.as_(&other, tool, arguments).unwrap_err();
        assert_eq!(fault.code, FaultCode::UnknownRef, "{tool}: {fault}");
    }
    let fault = desk.as_(&other, "click_element", json!({ "elementId": save })).unwrap_err();
    assert_eq!(fault.code, FaultCode::UnknownRef, "{fault}");
    let process = desk.application.process();
    desk.application.end();
    let before = desk.desktop.journal();
    for (tool, arguments) in on(&save) {
        let fault = desk.refused(tool, arguments);
        assert_eq!(fault.code, FaultCode::StaleRef, "{tool}: {fault}");
        assert!(fault.to_string().contains("session") && fault.to_string().contains("connect"), "{tool}: {fault}");
    }
    assert!(desk.text("Snapshot", json!({})).contains("only a native reader says it"));
    // Another session of the same application has other elements, though the inspector's handles are the same.
    let mut model = FakeModel::demo("");
    model.show_in(desk.window.handle);
    let again = desk.desktop.wpf().start(process, SHOP, model);
    desk.told("connect", json!({}));
    assert_eq!(desk.refused("Click", json!({ "ref": save })).code, FaultCode::StaleRef);
    assert_eq!(desk.refused("click_element", json!({ "elementId": save })).code, FaultCode::StaleRef);
    assert_ne!(desk.seen("button \"Save\""), save, "a ref of an ended session means an element of the next");
    assert!(again.model(|model| model.journal().is_empty()) && desk.did().is_empty());
    assert_eq!(desk.desktop.journal(), before);
}

#[test]
fn attack_an_application_that_is_taken_off_the_list_is_not_gone_into_by_desktop_tools() {
    let desk = Desk::connected(&WpfGate::ALL);
    let save = desk.seen("button \"Save\"");
    desk.replace(targets(desk.rules.clone(), &[]));
    let before = desk.desktop.journal();
    for (tool, arguments) in on(&save) {
        let refused = desk.refused(tool, arguments);
        assert_eq!(refused.code, FaultCode::Denied, "{tool}: {refused}");
        assert!(refused.to_string().contains("`wpf.targets`"), "{tool}: {refused}");
    }
    let shown = desk.text("Snapshot", json!({}));
    assert!(shown.contains("only a native reader says it") && !shown.contains("Ada"), "{shown}");
    assert!(shown.contains("wpf gave 0: the application is none of those that may be connected to"), "{shown}");
    assert!(desk.did().is_empty() && desk.desktop.journal() == before, "{:?}", desk.did());
}

#[test]
fn attack_a_hidden_window_is_not_read_or_operated_through_the_inspector() {
    let desk = Desk::connected(&WpfGate::ALL);
    let (save, window) = (desk.seen("button \"Save\""), desk.seen("window \"Shop\""));
    let pattern = Valued::new(WindowPattern::TitlePart("shop".to_owned()), at(4));
    desk.replace(desk.rules.clone().restricted(Restrictions { hidden: vec![pattern], ..Restrictions::default() }));
    let before = desk.desktop.journal();
    let mut calls = on(&save);
    calls.extend([
        ("Snapshot", json!({ "window": window })),
        ("FindElement", json!({ "window": window, "name": "Save" })),
        ("WaitFor", json!({ "window": window, "condition": "text_exists", "text": "Ada", "timeout": 1 })),
    ]);
    for (tool, arguments) in calls {
        let refused = desk.refused(tool, arguments);
        assert!(refused.to_string().contains("capture.exclude"), "{tool}: {refused}");
    }
    let shown = desk.text("Snapshot", json!({}));
    assert!(!shown.contains("Ada") && !shown.contains("Save"), "{shown}");
    assert!(desk.did().is_empty() && desk.desktop.journal() == before, "{:?}", desk.did());
}

/// A rule is about a window, so that an element is operated in the window in which it was named and in no other.
#[test]
fn attack_an_element_that_moved_to_another_window_is_gone() {
    let desk = Desk::connected(&WpfGate::ALL);
    let save = desk.seen("button \"Save\"");
    let other = desk.desktop.open(WindowBuilder::new("Other", "Other.exe").text("x"));
    desk.application.model(|model| model.show_in(other.handle));
    let before = desk.desktop.journal();
    for (tool, arguments) in on(&save).into_iter().filter(|(tool, _)| *tool != "WaitFor") {
        assert_eq!(desk.refused(tool, arguments).code, FaultCode::StaleRef, "{tool}");
    }
    assert!(desk.did().is_empty() && desk.desktop.journal() == before, "{:?}", desk.did());
}
