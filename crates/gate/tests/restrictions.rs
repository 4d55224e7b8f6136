//! The owner's restrictions, from outside, on the fake desktop: what is hidden is in no text and in no picture, and what
//! is refused names the place that refused it and leaves the desktop as it was.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod common;

use common::open_gate;
use portcullis_gate::{Call, Gate};
use portcullis_model::{Cancel, Chord, Fault, FaultCode, Part, Principal, ProgramName, Reply, Valued, WindowPattern};
use portcullis_platform_fake::FakeDesktop;
use portcullis_policy::{Approval, FilterSpec, Restrictions};
use serde_json::{Value, json};

fn at<T>(value: T, line: usize) -> Valued<T> {
    Valued::new(value, common::at(line))
}

struct Door {
    gate: Gate,
    desktop: FakeDesktop,
}

fn door(restrictions: Restrictions, approval: Approval) -> Door {
    let desktop = FakeDesktop::demo();
    let gate = open_gate(&desktop, approval, |rules| rules.restricted(restrictions));
    Door { gate, desktop }
}

fn hiding(pattern: WindowPattern) -> Door {
    door(Restrictions { hidden: vec![at(pattern, 4)], ..Restrictions::default() }, Approval::Never)
}

impl Door {
    fn call(&self, tool: &str, arguments: Value) -> Result<Reply, Fault> {
        let (principal, tool) = (Principal::local(), tool.to_owned());
        self.gate.call(Call { principal, tool, arguments, cancel: Cancel::new() })
    }

    fn text(&self, tool: &str, arguments: Value) -> String {
        match self.call(tool, arguments).unwrap() {
            Reply::Data(value) => value.to_string(),
            Reply::View { parts, .. } => {
                let text = |part| if let Part::Text(text) = part { text } else { String::new() };
                parts.into_iter().map(text).collect()
            }
        }
    }

    /// `code: rule`.
    fn refusal(&self, tool: &str, arguments: Value) -> String {
        let fault = self.call(tool, arguments).unwrap_err();
        format!("{:?}: {}", fault.code, fault.rule.unwrap_or_default())
    }

    /// What was done to the desktop since it was set up.
    fn done(&self) -> Vec<String> {
        self.desktop.journal().into_iter().filter(|line| !line.starts_with("opened ")).collect()
    }
}

#[test]
fn a_hidden_program_is_in_no_text_and_is_not_operated() {
    let shown = door(Restrictions::default(), Approval::Never).text("Snapshot", json!({}));
    assert!(shown.contains("Customer") && shown.contains("Greet"), "{shown}");
    let door = hiding(WindowPattern::Program(ProgramName::parse("Form.EXE").unwrap()));
    let text = door.text("Snapshot", json!({"max_tokens": 20_000}));
    assert!(!text.contains("Customer") && !text.contains("Greet") && text.contains("Notepad"), "{text}");
    assert!(
        !door
            .call("FindElement", json!({"name": "Greet"}))
            .is_ok_and(|reply| format!("{reply:?}").contains("Greet\\\""))
    );
    let rule = "Denied: p.toml:4 names it in `capture.exclude`";
    let form = door.desktop.ports().windows.foreground().unwrap();
    let rect = door.desktop.ports().windows.rect(&form).unwrap();
    let middle = rect.centre();
    assert_eq!(door.refusal("Click", json!({"x": middle.x, "y": middle.y})), rule);
    assert_eq!(door.refusal("Type", json!({"text": "x"})), rule);
    assert!(door.done().is_empty(), "{:?}", door.done());
}

/// What was started runs, and a refusal would be taken for the word that it does not.
#[test]
fn a_program_that_is_started_and_hidden_is_told_of_as_started() {
    let door = hiding(WindowPattern::Program(ProgramName::parse("notepad.exe").unwrap()));
    let reply = door.call("App", json!({"action": "launch", "name": "Notepad"})).unwrap();
    let told = format!("{reply:?}");
    assert!(told.contains("Unverified") && told.contains("was started") && told.contains("not shown"), "{told}");
    assert!(!told.contains("Untitled"), "{told}");
    assert!(
        door.desktop.journal().iter().any(|line| line.starts_with("opened Untitled")),
        "{:?}",
        door.desktop.journal()
    );
}

#[test]
fn a_window_hidden_by_its_title_is_in_no_text() {
    let door = hiding(WindowPattern::TitlePart("untitled - NOTE".to_owned()));
    let text = door.text("Snapshot", json!({"max_tokens": 20_000}));
    assert!(!text.contains("Notepad") && text.contains("Customer"), "{text}");
    let windows = door.desktop.ports().windows;
    let named = |window: &_| windows.title(window).unwrap().raw().contains("Notepad");
    let handle = json!({ "handle": windows.identities().into_iter().find(named).unwrap().handle });
    // The decision knows programs; a title is looked at where the input is sent.
    let rule = "Denied: p.toml:4 names it in `capture.exclude`";
    for (tool, arguments) in [
        ("Click", json!({"x": 300, "y": 300})),
        ("Type", json!({"x": 300, "y": 300, "text": "x"})),
        ("Scroll", json!({"x": 300, "y": 300, "amount": 1})),
        ("FocusWindow", handle.clone()),
        ("App", json!({"action": "resize", "handle": handle["handle"], "width": 200})),
    ] {
        assert_eq!(door.refusal(tool, arguments), rule, "{tool}");
    }
    assert!(door.done().is_empty(), "{:?}", door.done());
}

#[test]
fn a_picture_of_the_screen_is_another_when_a_window_is_hidden() {
    let open = door(Restrictions::default(), Approval::Never);
    let door = hiding(WindowPattern::TitlePart("customer".to_owned()));
    let picture =
        |door: &Door| match door.call("Screenshot", json!({"max_width": 8192, "max_bytes": 8_000_000})).unwrap() {
            Reply::View { parts, .. } => parts
                .into_iter()
                .find_map(|part| if let Part::Image(image) = part { Some(image.bytes) } else { None })
                .unwrap(),
            Reply::Data(_) => panic!("a picture"),
        };
    assert_ne!(picture(&open), picture(&door), "the gate's own ports hide it");
}

#[test]
fn what_the_owner_shuts_is_refused_with_its_place_and_does_not_happen() {
    let door = door(
        Restrictions { capture: Some(at(false, 3)), clipboard_read: Some(at(false, 6)), ..Restrictions::default() },
        Approval::Never,
    );
    door.desktop.set_clipboard_text("a secret");
    assert_eq!(door.refusal("Snapshot", json!({})), "Denied: p.toml:3 says `capture.allowed = false`");
    assert_eq!(door.refusal("Screenshot", json!({})), "Denied: p.toml:3 says `capture.allowed = false`");
    assert_eq!(door.refusal("GetClipboard", json!({})), "Denied: p.toml:6 says `clipboard.read = false`");
    let listed: Vec<&str> = door.gate.list(&Principal::local()).iter().map(|tool| tool.descriptor().name).collect();
    assert!(!listed.contains(&"GetClipboard") && !listed.contains(&"Screenshot"), "{listed:?}");
}

#[test]
fn only_listed_paths_are_started() {
    let executables = Some(at(vec![at("C:\\Tools\\One.exe".to_owned(), 9)], 9));
    let door = door(Restrictions { executables, ..Restrictions::default() }, Approval::Never);
    let launch = |path: &str| json!({"action": "launch", "name": path});
    let rule = "Denied: p.toml:9 leaves it out of `executables.allow`";
    for other in ["C:\\Tools\\Two.exe", "C:\\Tools\\x\\..\\One.exe", "C:\\Tools\\One.exe.exe"] {
        assert_eq!(door.refusal("App", launch(other)), rule, "{other}");
    }
    // The fake machine has no such file: that it is looked for shows that policy let it pass.
    let passed = door.call("App", launch("c:\\tools\\one.exe"));
    assert!(passed.as_ref().err().is_none_or(|fault| fault.code != FaultCode::Denied), "{passed:?}");
}

#[test]
fn a_program_that_takes_no_input_is_still_seen() {
    let no_input = vec![at(ProgramName::parse("form.exe").unwrap(), 5)];
    let door = door(Restrictions { no_input, ..Restrictions::default() }, Approval::Never);
    assert!(door.text("Snapshot", json!({})).contains("Greet"));
    let rule = "Denied: p.toml:5 names it in `input.deny_programs`";
    assert_eq!(door.refusal("Click", json!({"name": "Greet"})), rule);
    assert_eq!(door.refusal("Type", json!({"text": "x"})), rule);
    assert!(door.done().is_empty(), "{:?}", door.done());
}

#[test]
fn a_window_of_a_program_that_takes_no_input_is_not_closed_moved_or_brought_to_the_front() {
    let no_input = vec![at(ProgramName::parse("form.exe").unwrap(), 5)];
    let door = door(Restrictions { no_input, ..Restrictions::default() }, Approval::Never);
    let form = door.desktop.ports().windows.foreground().unwrap();
    let title = door.desktop.ports().windows.title(&form).unwrap().raw().to_owned();
    let rule = "Denied: p.toml:5 names it in `input.deny_programs`";
    for (key, named) in [("handle", json!(form.handle)), ("name", json!(title))] {
        for action in ["close", "switch", "resize"] {
            let mut arguments = json!({ "action": action, key: named });
            if action == "resize" {
                arguments["width"] = json!(300);
            }
            // The window is in front already, so there is nothing to switch.
            if (key, action) != ("name", "switch") {
                assert_eq!(door.refusal("App", arguments.clone()), rule, "{arguments}");
            }
        }
    }
    assert_eq!(door.refusal("FocusWindow", json!({"handle": form.handle})), rule);
    assert!(door.done().is_empty(), "{:?}", door.done());
    let text = door.text("MinimizeAll", json!({}));
    assert!(text.contains("left ") && text.contains("minimised "), "the others are: {text}");
    assert!(text.contains(": a rule of the owner keeps it as it is") && !text.contains("permit"), "{text}");
}

#[test]
fn keys_that_lead_to_a_shell_need_tier_3_also_while_the_pointer_acts() {
    let desktop = FakeDesktop::demo();
    let spec = FilterSpec::default();
    let gate = common::gate_with(&desktop, &spec, Approval::Never, |rules| rules);
    let door = Door { gate, desktop };
    let rule = "NotEnabled: tier 3 (alter) is closed; the effect is operate_command_host";
    assert_eq!(door.refusal("Shortcut", json!({"keys": "win+r"})), rule);
    assert_eq!(door.refusal("Click", json!({"name": "Greet", "held": "win"})), rule);
    assert!(door.done().is_empty(), "{:?}", door.done());
    door.call("Click", json!({"name": "Greet", "held": "ctrl"})).unwrap();
    let no_chords = vec![at(Chord::parse("enter").unwrap(), 6)];
    let rules = Restrictions { no_chords, ..Restrictions::default() };
    let denying = crate::door(rules, Approval::Never);
    let denied = "Denied: p.toml:6 names it in `input.deny_chords`";
    for (tool, arguments) in [
        ("Shortcut", json!({"keys": "ctrl+enter"})),
        ("Type", json!({"text": "a\nb"})),
        ("Type", json!({"text": "a", "press_enter": true})),
    ] {
        assert_eq!(denying.refusal(tool, arguments), denied, "{tool}");
    }
    assert!(denying.done().is_empty(), "{:?}", denying.done());
}

#[test]
fn asking_the_owner_without_a_way_to_ask_refuses() {
    let asked_by = Some(common::at(8));
    let door = door(Restrictions { asked_by, ..Restrictions::default() }, Approval::Ask);
    door.desktop.set_clipboard_text("before");
    assert_eq!(
        door.refusal("SetClipboard", json!({"text": "after"})),
        "ApprovalRequired: effects of tier 3 are put to the owner: p.toml:8, `approval.tier3`"
    );
    assert_eq!(door.text("GetClipboard", json!({})), "before");
}

#[test]
fn a_call_is_explained_by_the_rule_and_the_place_that_would_decide_it_and_not_made() {
    let no_input = vec![at(ProgramName::parse("form.exe").unwrap(), 5)];
    let restrictions = Restrictions { no_input, clipboard_read: Some(at(false, 6)), ..Restrictions::default() };
    let door = door(restrictions, Approval::Never);
    let explain = |tool: &str, args: Value| {
        let Reply::Data(said) = door.call("ExplainPolicy", json!({"tool": tool, "args": args})).unwrap() else {
            panic!("data")
        };
        let word = |name: &str| said[name].as_str().unwrap_or("-").to_owned();
        format!("{} by {}; {}", word("verdict"), word("rule"), word("remedy"))
    };
    assert_eq!(explain("SetClipboard", json!({"text": "x"})), "allowed by tier 3 is open; -");
    assert_eq!(
        explain("GetClipboard", json!({})),
        "refused by p.toml:6 says `clipboard.read = false`; the owner can say `clipboard.read = true` there"
    );
    assert_eq!(
        explain("Type", json!({"text": "x"})),
        "refused by p.toml:5 names it in `input.deny_programs`; the owner can take it from `input.deny_programs` there"
    );
    assert!(explain("Wait", json!({"sekonds": 1})).starts_with("not_planned by "));
    let steps = json!({"steps": [
        {"tool": "Click", "args": {"name": "Greet"}},
        {"tool": "GetClipboard"},
        {"tool": "Batch", "args": {"steps": []}},
        {"tool": "Wait", "args": {"sekonds": 1}},
    ]});
    let Reply::Data(said) = door.call("ExplainPolicy", json!({"tool": "Batch", "args": steps})).unwrap() else {
        panic!("data")
    };
    let verdicts: Vec<_> = said["steps"].as_array().unwrap().iter().map(|step| step["verdict"].clone()).collect();
    assert_eq!(
        (&said["verdict"], verdicts),
        (&json!("allowed"), ["refused", "refused", "not_planned", "not_planned"].map(Value::from).to_vec())
    );
    assert_eq!(said["steps"][1]["rule"], "p.toml:6 says `clipboard.read = false`");
    let unknown = door.call("ExplainPolicy", json!({"tool": "Snapshoot"})).unwrap_err();
    assert_eq!((unknown.code, unknown.field.as_deref()), (FaultCode::BadArgument, Some("tool")));
    assert!(door.done().is_empty(), "{:?}", door.done());
}
