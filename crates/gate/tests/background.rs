//! Work that goes on behind its answer: told of, kept and ended for its own caller alone, within caps, and never longer than what it
//! was called by. winremote-mcp's tasks are everybody's, and cancelling one ends nothing.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

use portcullis_gate::{Answer, Call, Catalogue, DeniesApproval, Gate, GateParts, KeepsNothing, Presence, Redactor};
use portcullis_model::{
    Cancel, CancelReason, Digest, Durability, Entry, Fault, FaultCode, KnownBy, Ledger, LedgerFault, Origin, Outcome,
    Principal, Reply, Scope, StopCause, Valued,
};
use portcullis_platform::{Captured, ShellEnd, ShellRun};
use portcullis_platform_fake::{Call as PortCall, FakeDesktop, Trouble};
use portcullis_policy::{Approval, FilterSpec, RateWords, Rules, ToolFilter};
use serde_json::{Value, json};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);
/// From the owner's word to the end, and what a busy test machine may add.
const STOP_BAR: Duration = Duration::from_millis(250);
const SLACK: Duration = Duration::from_millis(250);

#[derive(Default)]
struct Record(Mutex<Vec<Value>>);

impl Ledger for Record {
    fn append(&self, entry: &Entry, _: Durability) -> Result<(), LedgerFault> {
        self.0.lock().unwrap().push(serde_json::to_value(entry).unwrap());
        Ok(())
    }

    fn digest(&self, bytes: &[u8]) -> Digest {
        Digest::of(bytes)
    }
}

struct Server {
    gate: Gate,
    desktop: FakeDesktop,
    record: Arc<Record>,
}

impl Server {
    /// A server on which a shell runs until it is ended.
    fn with_long_shells() -> Self {
        let server = Self::start();
        server.desktop.trouble(PortCall::EndShell, Trouble::Block);
        server
    }

    fn start() -> Self {
        let (desktop, record, catalogue) = (FakeDesktop::demo(), Arc::<Record>::default(), Catalogue::new());
        let spec = FilterSpec { enable_all: true, ..FilterSpec::default() };
        let filter = ToolFilter::resolve(&spec, &catalogue.names()).unwrap();
        let rates = RateWords { calls: Some(Valued::new(1_000_000_000, Origin::Default)), bytes: None };
        let gate = Gate::new(GateParts {
            rules: Rules::new(filter, Approval::Never, 1).with_rates(rates),
            ledger: record.clone(),
            ports: desktop.ports(),
            catalogue,
            approver: Arc::new(DeniesApproval),
            journal: Arc::new(KeepsNothing),
            redactor: Redactor::new(Vec::new()),
        })
        .unwrap();
        Self { gate, desktop, record }
    }

    /// A call of somebody who stays, with its token.
    fn call(&self, principal: &Principal, tool: &str, arguments: Value) -> (Answer, Cancel) {
        let ((send, receive), cancel) = (channel(), Cancel::new());
        let call = Call { principal: principal.clone(), tool: tool.to_owned(), arguments, cancel: cancel.clone() };
        let from = Presence { stay: Some(Box::new(())), ..Presence::default() };
        self.gate.submit_from(call, from, Box::new(move |answer| send.send(answer).unwrap()));
        (receive.recv_timeout(PATIENCE).unwrap(), cancel)
    }

    fn begin_with(&self, principal: &Principal, arguments: Value) -> Result<(String, Cancel), Fault> {
        let (answer, cancel) = self.call(principal, "Shell", arguments);
        let text = format!("{:?}", answer?);
        let id =
            text.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '-').find(|word| word.starts_with("c-"));
        Ok((id.unwrap_or_else(|| panic!("{text}")).to_owned(), cancel))
    }

    fn begin(&self, principal: &Principal) -> Result<(String, Cancel), Fault> {
        self.begin_with(principal, json!({ "command": "long", "background": true }))
    }

    fn tasks(&self, principal: &Principal, tool: &str, arguments: Value) -> Result<Vec<Value>, Fault> {
        let Reply::Data(answer) = self.call(principal, tool, arguments).0? else { panic!("data") };
        Ok(answer["tasks"].as_array().unwrap().clone())
    }

    fn status(&self, principal: &Principal, id: &str) -> Value {
        self.tasks(principal, "GetTaskStatus", json!({ "task_id": id })).unwrap().remove(0)
    }

    /// Waits until it has ended, and gives what is told of it then.
    fn ended(&self, principal: &Principal, id: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = self.status(principal, id);
            if status["state"] == "ended" {
                return status;
            }
            assert!(Instant::now() < deadline, "{status}");
            std::thread::yield_now();
        }
    }

    fn wait_for_shells(&self, count: usize, limit: Duration) {
        let deadline = Instant::now() + limit;
        while self.desktop.running_shells() != count {
            assert!(Instant::now() < deadline, "{} shells run, and not {count}", self.desktop.running_shells());
            std::thread::yield_now();
        }
    }

    /// How the record says that the call ended; none while it has not.
    fn recorded(&self, id: &str) -> Option<String> {
        let record = self.record.0.lock().unwrap();
        let end = record.iter().find(|entry| entry["event"] == "call_finished" && entry["call"] == id)?;
        Some(format!("{} {}", end["result"].as_str()?, end["code"].as_str().unwrap_or("-")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.desktop.unblock();
        self.gate.shut_down(Duration::from_secs(5));
    }
}

fn word(answer: &Answer) -> Option<&'static str> {
    answer.as_ref().ok().and_then(Reply::outcome).map(Outcome::word)
}

#[test]
fn a_command_goes_on_behind_its_answer_and_its_end_is_kept() {
    let server = Server::start();
    let me = Principal::local();
    let (send, entered) = channel();
    let (release, released) = channel::<()>();
    server.desktop.before_next(PortCall::EndShell, move |_| {
        send.send(()).unwrap();
        assert!(released.recv_timeout(PATIENCE).is_err(), "only dropped");
    });
    let mut output = Captured::default();
    output.push(b"forty-two\n");
    server.desktop.set_shell_answer(ShellRun {
        end: ShellEnd::Exited(3),
        output,
        errors: Captured::default(),
        left: Vec::new(),
        held_open: false,
    });
    let (answer, _) = server.call(&me, "Shell", json!({ "command": "long", "background": true }));
    assert_eq!(word(&answer), Some("confirmed"), "{answer:?}");
    assert!(format!("{answer:?}").contains("runs in the background as c-1, for at most 600 s"), "{answer:?}");
    entered.recv_timeout(PATIENCE).unwrap();
    let running = server.tasks(&me, "GetRunningTasks", json!({})).unwrap();
    assert_eq!((running.len(), &running[0]["state"], &running[0]["background"]), (1, &json!("running"), &json!(true)));
    assert_eq!(server.recorded("c-1"), None, "the permit is held until the end");
    drop(release);
    let ended = server.ended(&me, "c-1");
    let told = ended["answer"].as_str().unwrap();
    assert!(told.starts_with("confirmed: powershell ended with exit code 3") && told.contains("forty-two"), "{told}");
    assert_eq!((&ended["result"], &ended["background"]), (&json!("confirmed"), &json!(true)));
    assert_eq!(server.recorded("c-1").as_deref(), Some("confirmed -"));
    // A list of all does not repeat what was written.
    let all = server.tasks(&me, "GetTaskStatus", json!({})).unwrap();
    assert!(all.iter().all(|task| task.get("answer").is_none()), "{all:?}");
}

#[test]
fn attack_an_answer_of_the_background_is_not_read_by_who_may_not_run_a_shell() {
    let server = Server::start();
    let (able, observer) = (Principal::key("ci", Scope::ALL), Principal::key("ci", [Scope::Observe]));
    let (answer, _) = server.call(&able, "Shell", json!({ "command": "x", "background": true }));
    assert_eq!(word(&answer), Some("confirmed"), "{answer:?}");
    assert!(server.ended(&able, "c-1")["answer"].is_string());
    let fault = server.tasks(&observer, "GetTaskStatus", json!({ "task_id": "c-1" })).unwrap_err();
    assert!(fault.code == FaultCode::NotEnabled && fault.to_string().contains("Shell"), "{fault}");
    let all = server.tasks(&observer, "GetTaskStatus", json!({})).unwrap();
    assert!(all.iter().all(|task| task.get("answer").is_none()), "{all:?}");
}

#[test]
fn what_does_not_begin_is_answered_as_if_it_were_waited_for() {
    let server = Server::start();
    let me = Principal::local();
    for (arguments, said) in [
        (json!({ "command": "x", "background": true, "cwd": r"C:\absent" }), "cwd"),
        (json!({ "command": "x", "background": "yes" }), "background"),
        (json!({ "command": "x", "timeout": 601 }), "background: true"),
        (json!({ "command": "x", "timeout": 3_601, "background": true }), "from 0 to 3600"),
    ] {
        let fault = server.begin_with(&me, arguments.clone()).unwrap_err();
        assert!(fault.to_string().contains(said), "{arguments}: {fault}");
    }
    assert!(server.desktop.shell_requests().is_empty());
    // What failed has given back its place.
    for _ in 0..6 {
        let (id, _) = server.begin(&me).unwrap();
        server.ended(&me, &id);
    }
    // Who does not stay cannot ask for it: a command of the command line, a step of a batch.
    let arguments = json!({ "command": "x", "background": true });
    let tool = "Shell".to_owned();
    let gone = Call { principal: me.clone(), tool, arguments: arguments.clone(), cancel: Cancel::new() };
    assert_eq!(server.gate.call(gone).unwrap_err().field.as_deref(), Some("background"));
    let batch = json!({ "steps": [{ "tool": "Shell", "args": arguments }] });
    let fault = server.call(&me, "Batch", batch).0.unwrap_err();
    assert!(fault.to_string().contains("step of a batch"), "{fault}");
}

#[test]
fn a_cancelled_command_ends_and_the_record_says_so() {
    let server = Server::with_long_shells();
    let me = Principal::local();
    let (id, _) = server.begin(&me).unwrap();
    server.wait_for_shells(1, PATIENCE);
    let (ended, _) = server.call(&me, "CancelTask", json!({ "task_id": id }));
    assert_eq!(word(&ended), Some("confirmed"), "{ended:?}");
    assert_eq!(server.desktop.running_shells(), 0);
    let status = server.ended(&me, &id);
    assert_eq!(status["result"], "cancelled");
    assert!(status["answer"].as_str().unwrap().starts_with("cancelled"), "{status}");
    assert_eq!(server.recorded(&id).as_deref(), Some("failed cancelled"));
}

#[test]
fn attack_work_in_the_background_is_there_for_its_caller_alone() {
    let server = Server::with_long_shells();
    let (owner, other) = (Principal::key("one", Scope::ALL), Principal::key("other", Scope::ALL));
    let (id, _) = server.begin(&owner).unwrap();
    assert!(server.tasks(&other, "GetRunningTasks", json!({})).unwrap().is_empty());
    for tool in ["GetTaskStatus", "CancelTask"] {
        let fault = server.call(&other, tool, json!({ "task_id": id })).0.unwrap_err();
        assert_eq!(fault.code, FaultCode::NotFound, "{tool}");
    }
    assert_eq!(server.desktop.running_shells(), 1);
    server.call(&owner, "CancelTask", json!({ "task_id": id })).0.unwrap();
    server.ended(&owner, &id);
    // What it wrote is nobody else's either, by no name.
    let fault = server.call(&other, "GetTaskStatus", json!({ "task_id": id })).0.unwrap_err();
    assert_eq!(fault.code, FaultCode::NotFound);
    let of = |text: &[u8]| Principal::key("one", Scope::ALL).known_by(KnownBy::Key(Digest::of(text)));
    let fault = server.call(&of(b"new"), "GetTaskStatus", json!({ "task_id": id })).0.unwrap_err();
    assert_eq!(fault.code, FaultCode::NotFound);
}

#[test]
fn attack_a_flood_of_work_in_the_background_meets_its_caps() {
    let server = Server::with_long_shells();
    let mut cancels = Vec::new();
    for caller in 0..4 {
        let principal = Principal::key(&format!("k{caller}"), Scope::ALL);
        for _ in 0..4 {
            cancels.push(server.begin(&principal).unwrap().1);
        }
        let fault = server.begin(&principal).unwrap_err();
        assert_eq!((fault.code, fault.field.as_deref()), (FaultCode::Busy, Some("background")), "{fault}");
    }
    let late = Principal::key("late", Scope::ALL);
    assert!(server.begin(&late).unwrap_err().message.starts_with("16 calls"));
    assert_eq!(server.desktop.running_shells(), 16);
    assert_eq!(server.desktop.shell_requests().len(), 16, "what is refused is not begun");
    // None of them holds a place of the lane: who waits for something is not kept waiting.
    server.call(&late, "Wait", json!({ "seconds": 0 })).0.unwrap();
    cancels.pop().unwrap().cancel(CancelReason::Client);
    server.wait_for_shells(15, PATIENCE);
    let deadline = Instant::now() + PATIENCE;
    while server.begin(&late).is_err() {
        assert!(Instant::now() < deadline);
    }
}

#[test]
fn attack_many_keys_of_one_name_have_one_share_of_the_background() {
    let server = Server::with_long_shells();
    let of = |number: usize| {
        let known_by = match number % 2 {
            0 => KnownBy::subject("https://issuer", "one", Some(&number.to_string())),
            _ => KnownBy::PublicKey(Digest::of(&number.to_le_bytes())),
        };
        Principal::key("one", Scope::ALL).known_by(known_by)
    };
    (0..4).for_each(|number| drop(server.begin(&of(number)).unwrap()));
    let fault = server.begin(&of(4)).unwrap_err();
    assert_eq!((fault.code, fault.field.as_deref()), (FaultCode::Busy, Some("background")), "{fault}");
    server.begin(&Principal::key("other", Scope::ALL)).unwrap();
}

#[test]
fn work_in_the_background_ends_with_a_stop_its_key_its_caller_its_time_and_the_server() {
    let of = |text: &[u8]| Principal::key("ci", Scope::ALL).known_by(KnownBy::Key(Digest::of(text)));
    let (old, new) = (of(b"old"), of(b"new"));
    let server = Server::with_long_shells();
    // Its key.
    server.begin(&old).unwrap();
    let (kept, _) = server.begin(&new).unwrap();
    server.gate.forget_ended_keys(|key| *key == Digest::of(b"new"));
    server.wait_for_shells(1, PATIENCE);
    assert_eq!(server.status(&new, &kept)["state"], "running");
    // What it was called by.
    let (id, cancel) = server.begin(&new).unwrap();
    cancel.cancel(CancelReason::Client);
    assert_eq!(server.ended(&new, &id)["result"], "cancelled");
    // Its time.
    let timed = json!({ "command": "long", "background": true, "timeout": 0.2 });
    let (id, _) = server.begin_with(&new, timed).unwrap();
    let ended = server.ended(&new, &id);
    assert!(ended["answer"].as_str().unwrap().contains("had not ended after 0.2 s"), "{ended}");
    // A stop, within its bar, and nothing can be begun.
    server.begin(&new).unwrap();
    let began = Instant::now();
    server.gate.stop(StopCause::Signal, || true);
    server.wait_for_shells(0, PATIENCE);
    assert!(began.elapsed() < STOP_BAR + SLACK, "{:?}", began.elapsed());
    assert_eq!(server.begin(&new).unwrap_err().code, FaultCode::Stopped);
    // The server.
    let server = Server::with_long_shells();
    server.begin(&new).unwrap();
    server.gate.shut_down(PATIENCE);
    assert_eq!(server.desktop.running_shells(), 0);
}

#[test]
fn the_last_eight_answers_are_kept() {
    let server = Server::start();
    let me = Principal::local();
    let ids: Vec<String> = (0..9)
        .map(|_| {
            let (id, _) = server.begin(&me).unwrap();
            server.ended(&me, &id);
            id
        })
        .collect();
    let kept: Vec<bool> = ids.iter().map(|id| server.status(&me, id).get("answer").is_some()).collect();
    assert_eq!(kept, [false, true, true, true, true, true, true, true, true]);
}
