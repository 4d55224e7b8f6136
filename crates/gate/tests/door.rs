//! The door, from outside, on the fake desktop: every step of a call is there, every fault is an answer, and the record
//! says what happened. What the fake desktop journals is the oracle, not our answer.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

use portcullis_gate::{
    Answer, Approval as Word, Approver, Call, Catalogue, Gate, GateParts, Journal, JournalEntry, Redactor,
};
use portcullis_model::{
    CallGranted, Cancel, CancelReason, Deadline, Digest, Durability, Effect, Entry, Fault, FaultCode, Ledger,
    LedgerFault, Origin, Part, Principal, Rect, Reply, Scope, StopCause, Valued, WindowIdentity,
};
use portcullis_platform::{ClipboardContent, ClipboardPort, LentClipboard, Permit, PortResult, Ports, SessionState};
use portcullis_platform_fake::{Call as PortCall, FakeDesktop, FakeOwner, Trouble, WindowBuilder};
use portcullis_policy::{Approval, FilterSpec, RateWords, Rules, ToolFilter};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What answering a stop may take beyond the grace that calls get; the machines are noisy.
const STOP_LIMIT: Duration = Duration::from_millis(250);

#[derive(Default)]
struct Lines {
    entries: Mutex<Vec<Value>>,
    durable: Mutex<Vec<Durability>>,
    broken: AtomicBool,
}

impl Ledger for Lines {
    fn append(&self, entry: &Entry, durability: Durability) -> Result<(), LedgerFault> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(LedgerFault("no space left".to_owned()));
        }
        self.entries.lock().unwrap().push(serde_json::to_value(entry).unwrap());
        self.durable.lock().unwrap().push(durability);
        Ok(())
    }

    fn digest(&self, bytes: &[u8]) -> Digest {
        Digest::of(bytes)
    }
}

impl Lines {
    /// `granted Click`, `finished confirmed`, `denied Type not_enabled`.
    fn events(&self) -> Vec<String> {
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.entries
            .lock()
            .unwrap()
            .iter()
            .map(|entry| match entry["event"].as_str().unwrap() {
                "call_granted" => format!("granted {}", word(&entry["tool"])),
                "call_finished" => {
                    format!("finished {} {}", word(&entry["result"]), word(&entry["code"])).trim().to_owned()
                }
                "call_denied" => format!("denied {} {}", word(&entry["tool"]), word(&entry["code"])),
                other => other.to_owned(),
            })
            .collect()
    }
}

#[derive(Default)]
struct Asked(Mutex<Vec<String>>, bool);

impl Approver for Asked {
    fn ask(&self, call: &CallGranted, _cancel: &Cancel) -> Word {
        self.0.lock().unwrap().push(call.tool.clone());
        if self.1 { Word::Yes } else { Word::No { reason: "not today".to_owned() } }
    }
}

#[derive(Default)]
struct Kept(Mutex<Vec<String>>);

impl Journal for Kept {
    fn before(&self, entry: &JournalEntry<'_>) -> Result<(), Fault> {
        self.0.lock().unwrap().push(format!("{:?}", entry.effects.first().unwrap()));
        Ok(())
    }
}

struct Door {
    gate: Gate,
    desktop: FakeDesktop,
    ledger: Arc<Lines>,
    approver: Arc<Asked>,
    journal: Arc<Kept>,
}

fn door_with(spec: &FilterSpec, approval: Approval, secrets: Vec<String>) -> Door {
    door_on(spec, approval, secrets, |_| {})
}

fn door_on(spec: &FilterSpec, approval: Approval, secrets: Vec<String>, change: impl FnOnce(&mut Ports)) -> Door {
    let desktop = FakeDesktop::demo();
    let mut ports = desktop.ports();
    change(&mut ports);
    let catalogue = Catalogue::new();
    let filter = ToolFilter::resolve(spec, &catalogue.names()).unwrap();
    let (ledger, approver, journal) = (Arc::<Lines>::default(), Arc::<Asked>::default(), Arc::<Kept>::default());
    // No test here is about rates.
    let rates = RateWords { calls: Some(Valued::new(1_000_000_000, Origin::Default)), bytes: None };
    let gate = Gate::new(GateParts {
        rules: Rules::new(filter, approval, 1).with_rates(rates),
        ledger: ledger.clone(),
        ports,
        catalogue,
        approver: approver.clone(),
        journal: journal.clone(),
        redactor: Redactor::new(secrets),
    })
    .unwrap();
    Door { gate, desktop, ledger, approver, journal }
}

fn door() -> Door {
    door_with(&FilterSpec::default(), Approval::Never, Vec::new())
}

fn open_door() -> Door {
    door_with(&FilterSpec { enable_all: true, ..FilterSpec::default() }, Approval::Never, Vec::new())
}

impl Door {
    fn call_as(&self, principal: Principal, tool: &str, arguments: Value) -> Answer {
        self.gate.call(Call { principal, tool: tool.to_owned(), arguments, cancel: Cancel::new() })
    }

    fn call(&self, tool: &str, arguments: Value) -> Answer {
        self.call_as(Principal::local(), tool, arguments)
    }

    fn text(&self, tool: &str, arguments: Value) -> String {
        text(&self.call(tool, arguments).unwrap())
    }

    fn fault(&self, tool: &str, arguments: Value) -> Fault {
        self.call(tool, arguments).unwrap_err()
    }

    /// The ref of the element whose line holds `what`.
    fn find(&self, what: &str) -> String {
        let text = self.text("Snapshot", json!({"max_tokens": 20_000}));
        let line = text.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("no `{what}` in\n{text}"));
        line.split_whitespace().next().unwrap().to_owned()
    }

    /// What was done to the desktop since it was set up.
    fn done(&self) -> Vec<String> {
        self.desktop.journal().into_iter().filter(|line| !line.starts_with("opened ")).collect()
    }

    fn front(&self) -> WindowIdentity {
        self.desktop.ports().windows.foreground().unwrap()
    }
}

fn text(reply: &Reply) -> String {
    match reply {
        Reply::Data(value) => value.to_string(),
        Reply::View { parts, .. } => parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.as_str(),
                Part::Image(_) => "<image>",
                Part::Blob(_) => "<bytes>",
                Part::Link(link) => link.uri.as_str(),
            })
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

#[test]
fn a_call_is_recorded_before_and_after() {
    let door = door();
    door.text("Click", json!({"name": "Greet"}));
    assert_eq!(door.ledger.events(), ["granted Click", "finished confirmed"]);
    assert_eq!(*door.journal.0.lock().unwrap(), ["SendInput"]);
}

#[test]
fn reading_asks_neither_the_journal_nor_the_owner() {
    let door = door_with(&FilterSpec { enable_all: true, ..FilterSpec::default() }, Approval::Ask, Vec::new());
    door.text("Snapshot", json!({}));
    assert!(door.journal.0.lock().unwrap().is_empty());
    assert!(door.approver.0.lock().unwrap().is_empty());
}

#[test]
fn an_effect_of_tier_3_is_put_to_the_owner_when_the_rules_say_so() {
    let door = door_with(&FilterSpec { enable_all: true, ..FilterSpec::default() }, Approval::Ask, Vec::new());
    door.desktop.set_clipboard_text("before");
    let fault = door.fault("SetClipboard", json!({"text": "after"}));
    assert_eq!(fault.code, FaultCode::ApprovalRequired);
    assert_eq!(*door.approver.0.lock().unwrap(), ["SetClipboard"]);
    assert_eq!(door.ledger.events(), ["denied SetClipboard approval_required"]);
    assert_eq!(door.text("GetClipboard", json!({})), "before");
}

#[test]
fn what_is_shut_is_refused_with_rule_and_remedy() {
    let door = door();
    let fault = door.fault("SetClipboard", json!({"text": "x"}));
    assert_eq!(fault.code, FaultCode::NotEnabled);
    assert!(fault.remedy.unwrap().contains("--enable-tier3"));
    assert_eq!(door.ledger.events(), ["denied SetClipboard not_enabled"]);
    assert!(!door.gate.list(&Principal::local()).iter().any(|tool| tool.descriptor().name == "SetClipboard"));
    let observer = Principal::key("reader", [Scope::Observe]);
    let fault = door.call_as(observer, "Click", json!({"name": "Greet"})).unwrap_err();
    assert_eq!(fault.rule.as_deref(), Some("key:reader holds no `interact` scope"));
    assert!(door.done().is_empty(), "{:?}", door.done());
}

#[test]
fn a_name_that_is_no_tool_stands_in_the_record_as_a_digest() {
    let door = door();
    assert_eq!(door.fault("Snapshoot", json!({})).code, FaultCode::UnknownTool);
    let events = door.ledger.events();
    assert!(events[0].starts_with("denied unknown:") && !events[0].contains("Snapshoot"), "{events:?}");
}

#[test]
fn what_cannot_be_recorded_does_not_happen() {
    let door = open_door();
    door.desktop.set_clipboard_text("before");
    door.ledger.broken.store(true, Ordering::SeqCst);
    assert_eq!(door.fault("SetClipboard", json!({"text": "after"})).code, FaultCode::AuditUnavailable);
    assert_eq!(door.fault("Click", json!({"name": "Greet"})).code, FaultCode::AuditUnavailable);
    door.ledger.broken.store(false, Ordering::SeqCst);
    assert_eq!(door.text("GetClipboard", json!({})), "before");
    assert!(door.done().is_empty(), "{:?}", door.done());
}

#[test]
fn a_panic_in_a_port_is_an_answer_and_the_server_goes_on() {
    let door = door();
    door.desktop.before_next(PortCall::Processes, |_| panic!("a port that breaks"));
    let fault = door.fault("ListProcesses", json!({}));
    assert_eq!(fault.code, FaultCode::Internal);
    assert!(!fault.to_string().contains("a port that breaks"));
    assert_eq!(door.ledger.events(), ["granted ListProcesses", "finished failed internal"]);
    assert!(door.call("ListProcesses", json!({})).is_ok());
}

#[test]
fn a_stop_ends_what_blocks_and_only_the_owner_resumes() {
    let door = door();
    door.desktop.trouble(PortCall::Read, Trouble::Block);
    let gate = door.gate.clone();
    let (send, receive) = std::sync::mpsc::channel();
    let wait = Call {
        principal: Principal::local(),
        tool: "Wait".to_owned(),
        arguments: json!({"seconds": 60}),
        cancel: Cancel::new(),
    };
    gate.submit(wait, Box::new(move |answer| send.send((answer, Instant::now())).unwrap()));
    let started = Instant::now();
    gate.stop(StopCause::Key, || true);
    let (answer, at) = receive.recv_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!(answer.unwrap_err().code, FaultCode::Stopped);
    assert!(at - started <= STOP_LIMIT, "{:?}", at - started);
    assert_eq!(door.fault("GetRunningTasks", json!({})).code, FaultCode::Stopped);
    door.gate.watch_stop(Arc::new(FakeOwner::default())).unwrap();
    assert!(door.call("GetRunningTasks", json!({})).is_ok());
    door.gate.shut_down(Duration::from_secs(1));
}

#[test]
fn a_withdrawn_call_ends_and_is_recorded() {
    let door = door();
    let cancel = Cancel::new();
    let (send, receive) = std::sync::mpsc::channel();
    let call = Call {
        principal: Principal::local(),
        tool: "Wait".to_owned(),
        arguments: json!({"seconds": 60}),
        cancel: cancel.clone(),
    };
    door.gate.submit(call, Box::new(move |answer| send.send(answer).unwrap()));
    cancel.cancel(CancelReason::Client);
    let answer = receive.recv_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!(answer.unwrap_err().code, FaultCode::Cancelled);
    assert!(door.ledger.events().iter().any(|event| event.ends_with("cancelled")), "{:?}", door.ledger.events());
}

/// What is granted is on the disk before an effect of tier 3 and within a second otherwise.
#[test]
fn a_tier_3_grant_waits_for_the_disk() {
    let door = open_door();
    door.text("Click", json!({"name": "Subscribe"}));
    door.text("SetClipboard", json!({"text": "x"}));
    let synced = door.ledger.durable.lock().unwrap().clone();
    let events = door.ledger.events();
    assert_eq!(events[0], "granted Click");
    assert_eq!(events[2], "granted SetClipboard");
    assert_eq!((synced[0], synced[2]), (Durability::Soon, Durability::Now), "{events:?}");
}

/// A clipboard that takes what it is given and keeps what it has.
struct Stubborn(Arc<dyn ClipboardPort>);

impl ClipboardPort for Stubborn {
    fn sequence(&self) -> u32 {
        self.0.sequence()
    }

    fn read(&self, permit: &Permit, deadline: Deadline) -> PortResult<ClipboardContent> {
        self.0.read(permit, deadline)
    }

    fn write(&self, _permit: &Permit, _text: &str, _deadline: Deadline) -> PortResult<()> {
        Ok(())
    }

    fn lend(&self, permit: &Permit, text: &str, deadline: Deadline) -> PortResult<Box<dyn LentClipboard>> {
        self.0.lend(permit, text, deadline)
    }
}

#[test]
fn a_clipboard_that_keeps_what_it_has_is_no_effect() {
    let spec = FilterSpec { enable_all: true, ..FilterSpec::default() };
    let door = door_on(&spec, Approval::Never, Vec::new(), |ports| {
        ports.clipboard = Arc::new(Stubborn(ports.clipboard.clone()));
    });
    let answer = door.text("SetClipboard", json!({"text": "x"}));
    assert!(answer.starts_with("no_effect: the clipboard's sequence number did not change"), "{answer}");
}

/// Calls of one caller that wait for pointer and keyboard, beside the one that has them: three quarters of the queue's 64.
const INPUT_SHARE: usize = 48;

#[test]
fn a_full_lane_answers_busy_and_the_calls_in_it_are_answered() {
    let door = door();
    let ((begun, first), (release, held)) = (std::sync::mpsc::channel(), std::sync::mpsc::channel::<()>());
    door.desktop.before_next(PortCall::Press, move |_| {
        begun.send(()).unwrap();
        held.recv_timeout(Duration::from_secs(10)).unwrap();
    });
    let (send, answers) = std::sync::mpsc::channel();
    let withdrawn = Cancel::new();
    let submit = || {
        let send = send.clone();
        let call = Call {
            principal: Principal::local(),
            tool: "Shortcut".to_owned(),
            arguments: json!({"keys": "f9"}),
            cancel: withdrawn.clone(),
        };
        door.gate.submit(call, Box::new(move |answer| send.send(answer).unwrap()));
    };
    submit();
    first.recv_timeout(Duration::from_secs(10)).unwrap();
    (0..INPUT_SHARE).for_each(|_| submit());
    assert!(answers.try_recv().is_err(), "as many as the queue takes of one caller wait");
    submit();
    let refused = answers.recv_timeout(Duration::from_secs(10)).unwrap().unwrap_err();
    assert_eq!(refused.code, FaultCode::Busy);
    assert!(refused.remedy.unwrap().contains("wait for earlier calls"));
    withdrawn.cancel(CancelReason::Client);
    release.send(()).unwrap();
    for _ in 0..=INPUT_SHARE {
        assert!(answers.recv_timeout(Duration::from_secs(10)).is_ok());
    }
}

#[test]
fn an_action_is_confirmed_by_what_changed_and_only_by_that() {
    let door = door();
    let answer = door.text("Click", json!({"name": "Subscribe"}));
    assert!(answer.starts_with("confirmed") && answer.contains("\"Subscribe\": off -> on"), "{answer}");
    let answer = door.text("Click", json!({"name": "Inert"}));
    assert!(answer.starts_with("no_effect"), "{answer}");
}

#[test]
fn typed_text_is_confirmed_and_not_repeated() {
    let door = door();
    let canary = "canary-Grüße-你好-🙂";
    let answer = door.text("Type", json!({"name": "Name", "role": "edit", "text": canary}));
    assert!(answer.starts_with("confirmed") && !answer.contains(canary), "{answer}");
    assert_eq!(door.desktop.value(&door.front(), "Name").as_deref(), Some(canary));
    let record = format!("{:?}", door.ledger.entries.lock().unwrap());
    assert!(!record.contains("canary"), "{record}");
}

#[test]
fn an_action_of_several_acts_holds_pointer_and_keyboard_through_them() {
    let rows = [
        ("Type", json!({"text": "Ada"}), PortCall::Press),
        ("Click", json!({"how": "pointer"}), PortCall::Point),
        ("Move", json!({}), PortCall::Point),
        ("Scroll", json!({"amount": 1}), PortCall::Point),
        ("Drag", json!({"to_x": 1, "to_y": 1}), PortCall::Point),
    ];
    for (tool, mut arguments, last) in rows {
        let door = door();
        arguments["ref"] = json!(door.find("edit \"Name\""));
        let over = WindowBuilder::new("Over it", "over.exe").at(Rect::new(-4_000, -4_000, 4_000, 4_000));
        door.desktop.open(over);
        let seen = Arc::<Mutex<Vec<(PortCall, bool)>>>::default();
        for act in [PortCall::Focus, last] {
            let seen = Arc::clone(&seen);
            door.desktop.before_next(act, move |desktop| seen.lock().unwrap().push((act, desktop.in_turn())));
        }
        door.text(tool, arguments);
        assert_eq!(*seen.lock().unwrap(), [(PortCall::Focus, true), (last, true)], "{tool}");
        assert!(!door.desktop.in_turn(), "{tool}");
    }
}

#[test]
fn nothing_is_typed_when_the_field_does_not_take_the_keyboard() {
    let door = door();
    door.text("Click", json!({"name": "Name", "role": "edit"}));
    let fault = door.fault("Type", json!({"name": "Ready", "text": "canary"}));
    assert_eq!(fault.code, FaultCode::NotOperable);
    assert_eq!(door.desktop.value(&door.front(), "Name").as_deref(), Some(""));
}

#[test]
fn nothing_of_a_password_field_is_told() {
    let door = door();
    let field = door.find("\"Password\"");
    let said = [
        door.text("Snapshot", json!({})),
        door.text("FindElement", json!({"name": "Password"})),
        door.fault("GetText", json!({"ref": field})).to_string(),
        door.text("Type", json!({"ref": field, "text": "tr0ub4dor", "clear": true})),
    ]
    .join("\n");
    assert!(!said.contains("hunter2") && !said.contains("tr0ub4dor"), "{said}");
    assert!(said.contains("unverified"), "{said}");
}

#[test]
fn a_ref_is_good_for_its_owner_and_for_its_element_alone() {
    let door = door();
    let greet = door.find("\"Greet\"");
    let stranger = Principal::key("other", [Scope::Observe, Scope::Interact]);
    let fault = door.call_as(stranger, "Click", json!({"ref": greet})).unwrap_err();
    assert_eq!((fault.code, fault.field.as_deref()), (FaultCode::UnknownRef, Some("ref")));
    let window = door.front();
    door.desktop.recycle(&window, "evil.exe").unwrap();
    assert_eq!(door.fault("Click", json!({"ref": greet})).code, FaultCode::StaleRef);
    assert!(door.done().is_empty(), "{:?}", door.done());
}

#[test]
fn a_window_that_changes_between_plan_and_act_is_not_touched() {
    let door = door();
    let greet = door.find("\"Greet\"");
    let window = door.front();
    door.desktop.before_next(PortCall::Read, move |desktop| {
        desktop.recycle(&window, "evil.exe");
    });
    assert!(door.call("Click", json!({"ref": greet})).is_err());
    assert!(!door.desktop.journal().iter().any(|line| line.contains("Greet")), "{:?}", door.desktop.journal());
}

#[test]
fn input_to_a_console_needs_tier_3() {
    let door = door();
    let fault = door.fault("Click", json!({"x": -900, "y": 200}));
    assert_eq!(fault.code, FaultCode::NotEnabled);
    assert!(fault.rule.unwrap().contains("operate_command_host"));
}

#[test]
fn a_desktop_that_cannot_be_operated_has_its_own_code() {
    let door = door();
    for (state, code) in [
        (SessionState::Locked, FaultCode::DesktopLocked),
        (SessionState::SecureDesktop, FaultCode::SecureDesktop),
        (SessionState::Disconnected, FaultCode::SessionDisconnected),
        (SessionState::ServiceSession, FaultCode::SessionDisconnected),
    ] {
        door.desktop.set_session(state);
        for (tool, arguments) in [
            ("Snapshot", json!({})),
            ("Screenshot", json!({})),
            ("Click", json!({"x": 900, "y": 100})),
            ("Type", json!({"text": "x"})),
            ("Shortcut", json!({"keys": "ctrl+a"})),
            ("MinimizeAll", json!({})),
            ("WaitFor", json!({"condition": "text_exists", "text": "x"})),
        ] {
            assert_eq!(door.fault(tool, arguments).code, code, "{tool} {state:?}");
        }
    }
}

#[test]
fn a_hung_window_is_called_so() {
    let door = door();
    door.desktop.set_hung(&door.front(), true);
    assert!(door.text("Snapshot", json!({})).contains("hung"));
}

#[test]
fn our_own_secrets_never_leave() {
    let secret = "0123456789abcdef0123456789abcdef".to_owned();
    let door = door_with(&FilterSpec::default(), Approval::Never, vec![secret.clone()]);
    door.desktop.set_clipboard_text(&format!("key: {secret}"));
    assert_eq!(door.text("GetClipboard", json!({})), "key: ⟨redacted⟩");
}

#[test]
fn every_effect_in_the_record_was_declared() {
    let door = door();
    door.text("Click", json!({"name": "Greet"}));
    door.text("Type", json!({"name": "Name", "role": "edit", "text": "x"}));
    for entry in door.ledger.entries.lock().unwrap().iter().filter(|entry| entry["event"] == "call_granted") {
        let tool = door.gate.tools().find(|tool| entry["tool"] == tool.descriptor().name).unwrap();
        for effect in entry["effects"].as_array().unwrap() {
            let declared =
                tool.descriptor().effects.iter().any(|own: &Effect| serde_json::to_value(own).unwrap() == *effect);
            assert!(declared, "{effect}");
        }
    }
}
