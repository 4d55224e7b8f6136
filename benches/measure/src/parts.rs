//! Parts of the server measured by themselves, in this process: from a tree of controls to text, and the ledger.

use crate::row::{Row, median};
use anyhow::{Result, ensure};
use portcullis_audit::{AuditKey, FileLedger, verify_folder};
use portcullis_model::{
    CallFinished, CallGranted, CallId, CallResult, Durability, Effect, ElementIdentity, ElementPath, Entry, Ledger,
    Reader, ReaderReport, Rect, Resource, Reversibility, Role, ServerStarted, Source, States, TreeReading, UiNode,
    Untrusted, WindowIdentity,
};
use portcullis_observe::{Budget, RefTable, Style, WindowHeader, fold, render_window};
use std::fs::File;
use std::path::Path;
use std::time::Instant;

/// Groups of the tree, and controls of each: 2,000 nodes with the window and the groups themselves.
const GROUPS: i32 = 99;
const CONTROLS: i32 = 19;
/// Tokens of the text; so many that nothing is left out.
const NO_BUDGET: usize = 1_000_000;
const TREE_ROUNDS: usize = 50;
/// Calls recorded, of two entries each; with the start record one line more than are to be verified.
const RECORDED: u64 = 500_000;
/// Calls in one lap of the clock.
const LAP: u64 = 1_000;

/// The bars of design section 10.
const TREE_MS: f64 = 10.0;
const RECORDS_US: f64 = 10.0;
const VERIFY_S: f64 = 5.0;

fn window() -> WindowIdentity {
    WindowIdentity { handle: 7, process: 40, process_start: 9, thread: 41, class: "Form".to_owned() }
}

fn node(number: i32, role: Role, name: &str, rect: Rect, children: Vec<UiNode>) -> UiNode {
    let mut identity = ElementIdentity::of_window(window());
    if number > 0 {
        identity.path = ElementPath::Automation { runtime_id: vec![42, number], mark: 0 };
    }
    UiNode {
        identity,
        role,
        name: Untrusted::new(Source::Window, name),
        value: (role == Role::Edit).then(|| Untrusted::new(Source::Window, "Ada Lovelace")),
        automation_id: None,
        rect,
        states: States::default(),
        children,
        unread_children: 0,
    }
}

/// A window of groups with labels, fields and buttons in them, none alike.
fn tree() -> TreeReading {
    const KINDS: [Role; 4] = [Role::Text, Role::Edit, Role::CheckBox, Role::Button];
    let mut number = 0;
    let groups = (0..GROUPS).map(|group| {
        let mut kinds = KINDS.into_iter().cycle();
        let controls = (0..CONTROLS).map(|control| {
            number += 1;
            let (left, top) = (control % 4 * 90, group * 60 + control / 4 * 20);
            let role = kinds.next().unwrap_or(Role::Text);
            node(number, role, &format!("Control {number}"), Rect::new(left, top, left + 80, top + 18), Vec::new())
        });
        let controls = controls.collect();
        let rect = Rect::new(0, group * 60, 400, group * 60 + 58);
        node(1_000_000 + group, Role::Group, &format!("Group {group}"), rect, controls)
    });
    let root = node(0, Role::Window, "Form", Rect::new(0, 0, 400, 6_000), groups.collect());
    let elements = root.count();
    TreeReading { root, readers: vec![ReaderReport { reader: Reader::Native, elements, trouble: None }], cut: false }
}

/// From what a reader gives to the text that an agent reads.
pub(crate) fn tree_to_text() -> Row {
    let reading = tree();
    let header = WindowHeader {
        identity: window(),
        title: Untrusted::new(Source::Window, "Form"),
        program: "form.exe".to_owned(),
        rect: Rect::new(0, 0, 400, 6_000),
        front: true,
        modal: false,
        minimised: false,
        maximised: false,
        hung: false,
        enabled: true,
        behind: None,
    };
    let mut times = Vec::new();
    let mut bytes = 0;
    for _ in 0..TREE_ROUNDS {
        let began = Instant::now();
        let scene = fold(&reading);
        let mut text = String::new();
        let mut budget = Budget::tokens(NO_BUDGET);
        render_window(&mut text, &header, &scene, &mut RefTable::new(), &mut budget, Style::default());
        times.push(began.elapsed().as_secs_f64() * 1e3);
        bytes = text.len();
    }
    Row::fixed("tree of 2,000 nodes to text", "ms", median(&mut times), TREE_MS, "10 ms")
        .note(format!("{} nodes, {bytes} bytes of text", reading.root.count()))
}

fn record(ledger: &FileLedger, number: u64) -> Result<()> {
    let call = CallId::new(number);
    let arguments = ledger.digest(br#"{"ref":"e12","button":"left"}"#);
    let granted = CallGranted {
        call,
        principal: "key:default".to_owned(),
        tool: "GetRunningTasks".to_owned(),
        asked_as: None,
        arguments,
        effects: vec![Effect::ReadTasks],
        resources: vec![Resource::OwnTasks],
        reversibility: Reversibility::Nothing,
        rule: "tier 1 is open".to_owned(),
    };
    ledger.append(&Entry::CallGranted(granted), Durability::Soon)?;
    let reply = Some(ledger.digest(b"the answer"));
    let finished = CallFinished { call, result: CallResult::Answered, code: None, reply, micros: 25 };
    ledger.append(&Entry::CallFinished(finished), Durability::Soon)?;
    Ok(())
}

/// Both records of a call, and the check of a million lines.
pub(crate) fn audit() -> Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let key = AuditKey::new([7; 32]);
    let started = ServerStarted {
        version: "0".to_owned(),
        process: std::process::id(),
        transport: "stdio".to_owned(),
        policy: portcullis_model::Digest::of(b"rules"),
        predecessors: Vec::new(),
        excess_rights: None,
    };
    let create = |path: &Path| File::options().append(true).create_new(true).open(path);
    let ledger = FileLedger::open(folder.path(), key.clone(), started, create)?;
    let mut laps = Vec::new();
    for lap in 0..RECORDED / LAP {
        let began = Instant::now();
        for number in 1..=LAP {
            record(&ledger, lap * LAP + number)?;
        }
        laps.push(began.elapsed().as_secs_f64() * 1e6 / f64::from(u32::try_from(LAP)?));
    }
    drop(ledger);
    let began = Instant::now();
    let reports = verify_folder(folder.path(), &key)?;
    let took = began.elapsed().as_secs_f64();
    let mut lines = 0;
    for report in &reports {
        ensure!(report.finding.is_none(), "the ledger does not verify: {:?}", report.finding);
        lines += report.verified;
    }
    Ok(vec![
        Row::fixed("audit: both records of a call", "us", median(&mut laps), RECORDS_US, "10 us")
            .note("median of 500 laps of 1,000 calls; both digests and the writes included, no sync"),
        Row::fixed("audit: 1,000,000 lines verified", "s", took, VERIFY_S, "5 s")
            .note(format!("{lines} lines in {} files", reports.len())),
    ])
}
