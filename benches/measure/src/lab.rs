//! What the Windows server costs on the lab's desktop, measured from outside by a client of its own, beside a program that
//! does nothing and one that only captures. Each row of design that names the lab is here; what is right or wrong about
//! the answers is the end-to-end tests' business.

use crate::row::{Row, median};
use anyhow::{Context, Result, bail, ensure};
use portcullis_testkit::client::{Client, Era, ToolResult};
use portcullis_testkit::desktop::{Desktop, call_until, ref_of};
use portcullis_testkit::lab::{Profile, Size, StdioPlan, built_exe, process_of};
use portcullis_testkit::server::{Server, Transport};
use portcullis_testkit::wpf_app;
use rustix::thread::CpuSet;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant, SystemTime};

/// The display of these measurements.
const FULL_HD: Size = Size { width: 1_920, height: 1_080 };
/// Starts of each program.
const STARTS: usize = 9;
/// Calls of each kind.
const CALLS: usize = 21;
/// Pictures of each kind.
const PICTURES: usize = 15;
/// What the baseline may take for its pictures.
const CAPTURE_LIMIT: Duration = Duration::from_secs(60);

/// The bars of design section 10.
const START_RATIO: f64 = 1.3;
const IDLE_RATIO: f64 = 1.25;
const WINDOWS_MS: f64 = 60.0;
const ROWS_MS: f64 = 100.0;
const PICTURE_RATIO: f64 = 1.15;
const CLICK_MS: f64 = 10.0;
const DIFF_RATIO: f64 = 2.0;
const LIST_TOKENS: f64 = 3_800.0;
const WPF_TOKENS: f64 = 9_000.0;
const ALL_TOKENS: f64 = 18_000.0;
const SNAPSHOT_TOKENS: f64 = 2_000.0;
const CLICK_TOKENS: f64 = 150.0;
const STOP_MS: f64 = 250.0;

/// A token is four bytes of the text as sent.
const TOKEN_BYTES: usize = 4;
/// The tools of the main job, which the bar for the list is for.
const MAIN_JOB: [&str; 22] = [
    "App",
    "Click",
    "DisplayInventory",
    "Drag",
    "FindElement",
    "FocusWindow",
    "GetClipboard",
    "GetRunningTasks",
    "GetSystemInfo",
    "GetText",
    "Invoke",
    "ListProcesses",
    "MinimizeAll",
    "Move",
    "Screenshot",
    "Scroll",
    "SetClipboard",
    "Shortcut",
    "Snapshot",
    "Type",
    "Wait",
    "WaitFor",
];
/// How many the WPF family has.
const WPF_TOOLS: usize = 64;
/// The gates of the WPF family, by their names in a policy.
const GATES: [&str; 5] = ["injection", "sensitive_reads", "screenshots", "viewmodel", "destructive"];
/// Stops of which the middle counts.
const STOPS: usize = 5;
/// What a call that is stopped may take to be answered at all.
const STOP_LIMIT: Duration = Duration::from_secs(10);

fn baseline() -> PathBuf {
    built_exe("portcullis-fixture-baseline", Profile::Release)
}

pub(crate) fn milliseconds(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e3
}

/// As long as it lives, its thread and all that this starts run on one core.
pub(crate) struct OneCore(CpuSet);

impl Drop for OneCore {
    fn drop(&mut self) {
        // Where this fails, what comes next is measured on one core too.
        rustix::thread::sched_setaffinity(None, &self.0).ok();
    }
}

/// A question to the lab's system wakes another process and waits for it; on a virtual machine to do so across cores costs up to
/// ten times as much, and another time as much on each.
pub(crate) fn stay_on_one_core() -> Result<OneCore> {
    let allowed = rustix::thread::sched_getaffinity(None)?;
    let first = (0..CpuSet::MAX_CPU).find(|core| allowed.is_set(*core)).context("no core may be used")?;
    let mut one = CpuSet::new();
    one.set(first);
    rustix::thread::sched_setaffinity(None, &one)?;
    Ok(OneCore(allowed))
}

/// All rows; one desktop serves them.
pub(crate) fn rows() -> Result<Vec<Row>> {
    let _core = stay_on_one_core()?;
    let mut desktop = Desktop::start_sized(FULL_HD)?;
    desktop.reset()?;
    let mut rows = vec![start(&desktop)?, memory(&desktop)?];
    let server = ours(&desktop)?;
    let client = server.client(Era::Legacy)?;
    rows.push(snapshot(&desktop, &client, "many-windows", "Snapshot, 130 windows", WINDOWS_MS, "60 ms")?);
    rows.push(snapshot(&desktop, &client, "rows", "Snapshot, list of 2,000 rows", ROWS_MS, "100 ms")?);
    rows.push(picture(&desktop, &client)?);
    rows.extend(clicks(&desktop, &client)?);
    rows.extend(tokens(&desktop, &client)?);
    rows.push(stop(&desktop)?);
    Ok(rows)
}

/// The server as users get it, on a data folder that it has made before: keys are made once.
fn ours(desktop: &Desktop) -> Result<Server> {
    ours_with(desktop, &[])
}

/// As `ours`, with flags.
pub(crate) fn ours_with(desktop: &Desktop, flags: &[&str]) -> Result<Server> {
    Server::start_built(desktop.run(), Profile::Release, flags, &desktop.run().share().join("data-measured"))
}

/// A baseline program that has said its word, and the time until then.
fn begin(desktop: &Desktop, arguments: &[&str]) -> Result<(Child, f64)> {
    let began = Instant::now();
    let mut child = desktop.run().spawn(&baseline(), arguments, StdioPlan::piped())?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().context("the baseline's output")?).read_line(&mut line)?;
    let took = milliseconds(began);
    ensure!(line.trim() == "ready", "the baseline program said `{}`", line.trim());
    Ok((child, took))
}

fn start(desktop: &Desktop) -> Result<Row> {
    let (mut own, mut base) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let (mut child, took) = begin(desktop, &["answer"])?;
        base.push(took);
        child.wait()?;
        let began = Instant::now();
        let server = ours(desktop)?;
        server.client(Era::Legacy)?;
        own.push(milliseconds(began));
    }
    let base = median(&mut base);
    Ok(Row {
        name: "start to first answer, lab".to_owned(),
        unit: "ms".into(),
        ours: median(&mut own),
        baseline: Some(base),
        limit: base * START_RATIO,
        bar: "1.3 x".into(),
        note: "beside a program that says one word".to_owned(),
    })
}

/// Memory of a server that has listed its tools, beside a program that loaded the same libraries and has as many threads: Wine
/// fills most of a megabyte of each thread's stack, whatever runs on it. What is mapped of files does not count: the system
/// shows those of a program in whole stretches of what it has read, wherever the program looked.
fn memory(desktop: &Desktop) -> Result<Row> {
    let server = ours(desktop)?;
    server.client(Era::Legacy)?.list_tools()?;
    let process = server.process()?;
    let (own, threads) = (crate::server::private_mb(process)?, threads(process)?);
    let libraries = libraries(process)?;
    // One of them is the first, which every program has.
    let more = threads.saturating_sub(1).to_string();
    let mut arguments = vec!["idle", more.as_str()];
    arguments.extend(libraries.iter().map(String::as_str));
    let (mut child, _) = begin(desktop, &arguments)?;
    let base = crate::server::private_mb(process_of(&child)?)?;
    // The end of its input is its own.
    drop(child.stdin.take());
    child.wait()?;
    Ok(Row {
        name: "idle memory of its own, lab".to_owned(),
        unit: "MB".into(),
        ours: own,
        baseline: Some(base),
        limit: base * IDLE_RATIO,
        bar: "1.25 x".into(),
        note: format!(
            "beside a program with the same {} libraries and {threads} threads; resident {:.1} MB",
            libraries.len(),
            crate::server::resident_mb(process)?
        ),
    })
}

/// How many threads a process has.
fn threads(process: u32) -> Result<usize> {
    Ok(std::fs::read_dir(format!("/proc/{process}/task"))?.count())
}

/// The libraries that a Windows process has mapped, by name.
fn libraries(process: u32) -> Result<BTreeSet<String>> {
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps"))?;
    let names = maps.lines().filter_map(|line| line.rsplit('/').next()).filter(|name| name.ends_with(".dll"));
    Ok(names.map(str::to_owned).collect())
}

/// How long a call takes, by the middle of several; each answer must begin with `outcome`.
fn timed(client: &Client, tool: &str, arguments: &Value, outcome: &str) -> Result<f64> {
    let mut times = Vec::new();
    for _ in 0..CALLS {
        let began = Instant::now();
        let answer = client.call(tool, arguments.clone())?.ok()?;
        times.push(milliseconds(began));
        ensure!(answer.text.starts_with(outcome), "{tool} {arguments} answers: {}", answer.text);
    }
    Ok(median(&mut times))
}

fn snapshot(desktop: &Desktop, client: &Client, page: &str, name: &str, limit: f64, bar: &'static str) -> Result<Row> {
    desktop.page(page)?;
    Ok(Row::fixed(name, "ms", timed(client, "Snapshot", &json!({}), "")?, limit, bar))
}

/// The whole display, from the call to the encoded bytes, beside the copy alone and the encoder alone. What an answer of these
/// bytes takes on its way is what reading the same picture takes that was kept.
fn picture(desktop: &Desktop, client: &Client) -> Result<Row> {
    desktop.page("form")?;
    let taken = json!({ "max_width": FULL_HD.width });
    let mut drawn = 0;
    for _ in 0..PICTURES {
        let answer = client.call("Screenshot", taken.clone())?.ok()?;
        let size = answer.images.first().context("a picture")?.base64.len();
        if size == drawn {
            break;
        }
        drawn = size;
    }
    let kept = client.call("Screenshot", json!({ "max_width": FULL_HD.width, "keep": true }))?.ok()?;
    let uri =
        kept.text.split_whitespace().find(|word| word.starts_with("portcullis://")).context("no picture was kept")?;
    let read = json!({ "uri": uri });
    let (mut whole, mut way, mut mime, mut sizes) = (Vec::new(), Vec::new(), String::new(), Vec::new());
    for _ in 0..PICTURES {
        for (tool, arguments, times) in [("Screenshot", &taken, &mut whole), ("ReadResource", &read, &mut way)] {
            let began = Instant::now();
            let answer = client.call(tool, arguments.clone())?.ok()?;
            times.push(milliseconds(began));
            let image = answer.images.first().context("a picture")?;
            mime.clone_from(&image.mime);
            sizes.push(image.base64.len());
        }
    }
    let (least, most) = (sizes.iter().min().context("no sizes")?, sizes.iter().max().context("no sizes")?);
    // The clock of the task bar may change a few.
    ensure!(most - least <= most / 20, "the pictures have {least} to {most} characters, so they are not the same");
    let way = median(&mut way);
    let done = desktop.run().output(&baseline(), &["capture", &PICTURES.to_string()], CAPTURE_LIMIT)?;
    let times: Value = serde_json::from_str(done.stdout.trim()).with_context(|| done.stderr.clone())?;
    let middle = |part: &str| -> Result<f64> {
        let list = times.get(part).and_then(Value::as_array).with_context(|| format!("times of {part}"))?;
        Ok(median(&mut list.iter().filter_map(Value::as_f64).collect::<Vec<_>>()))
    };
    let encoder = mime.trim_start_matches("image/");
    let (copy, encode) = (middle("copy")?, middle(encoder)?);
    let base = copy + encode;
    Ok(Row {
        name: "screenshot, full HD".to_owned(),
        unit: "ms".into(),
        ours: median(&mut whole) - way,
        baseline: Some(base),
        limit: base * PICTURE_RATIO,
        bar: "1.15 x".into(),
        note: format!("BitBlt {copy:.1} ms + {encoder} {encode:.1} ms; {way:.1} ms of transport are left out"),
    })
}

/// A click that the control itself confirms, and one that says what changed in the window.
fn clicks(desktop: &Desktop, client: &Client) -> Result<Vec<Row>> {
    desktop.page("form")?;
    let found = client.call("FindElement", json!({ "name": "Subscribe" }))?.ok()?;
    let target = ref_of(&found.text, "Subscribe")?;
    let plain = timed(client, "Click", &json!({ "ref": target, "observe": "none" }), "confirmed")?;
    let whole = timed(client, "Snapshot", &json!({}), "")?;
    let told = timed(client, "Click", &json!({ "ref": target }), "confirmed")?;
    Ok(vec![
        Row::fixed("click, confirmed by the control's state", "ms", plain, CLICK_MS, "10 ms"),
        Row {
            name: "click, with what changed".to_owned(),
            unit: "ms".into(),
            ours: told,
            baseline: Some(whole),
            limit: whole * DIFF_RATIO,
            bar: "2 x Snapshot".into(),
            note: String::new(),
        },
    ])
}

/// What answers cost a model: the list of tools, a window with many controls, a click.
fn tokens(desktop: &Desktop, client: &Client) -> Result<Vec<Row>> {
    let row = |name: &str, bytes: usize, limit: f64, bar: &'static str| -> Result<Row> {
        Ok(Row::fixed(name, "tokens", f64::from(u32::try_from(bytes.div_ceil(TOKEN_BYTES))?), limit, bar))
    };
    // With every tier and every gate open the list holds them all.
    let file = desktop.run().share().join("open.toml");
    std::fs::write(&file, wpf_app::policy(desktop.run(), &[], &GATES))?;
    let open =
        desktop.own_server(Transport::Stdio, &["--enable-all", "--config", &desktop.run().windows_path(&file)])?;
    let listed = open.client(Era::Legacy)?.list_tools()?;
    let bytes_of = |counts: &dyn Fn(&str) -> bool| -> Result<(usize, usize)> {
        let mut sum = (0, 0);
        for tool in &listed {
            let part = |name: &str| tool.get(name).cloned().unwrap_or_default();
            let name = part("name");
            if counts(name.as_str().context("a tool's name")?) {
                let seen =
                    json!({ "name": name, "description": part("description"), "inputSchema": part("inputSchema") });
                sum = (sum.0 + 1, sum.1 + seen.to_string().len());
            }
        }
        Ok(sum)
    };
    let (main_count, main) = bytes_of(&|name| MAIN_JOB.contains(&name))?;
    ensure!(main_count == MAIN_JOB.len(), "{main_count} of the main job's tools are listed");
    // Names of the WPF family are in small letters.
    let (wpf_count, wpf) = bytes_of(&|name| name.starts_with(|first: char| first.is_ascii_lowercase()))?;
    ensure!(wpf_count == WPF_TOOLS, "{wpf_count} of {WPF_TOOLS} tools of the WPF family are listed");
    let (_, all) = bytes_of(&|_| true)?;
    desktop.page("many-controls")?;
    let snapshot = client.call("Snapshot", json!({}))?.ok()?.text;
    let click = client.call("Click", json!({ "name": "Check 011" }))?.ok()?.text;
    desktop.page("form")?;
    Ok(vec![
        row("tools/list, the main job's 22", main, LIST_TOKENS, "3,800")?,
        row("tools/list, the WPF family's 64", wpf, WPF_TOKENS, "9,000")?,
        row("tools/list, all", all, ALL_TOKENS, "18,000")?,
        row("Snapshot, 200 controls", snapshot.len(), SNAPSHOT_TOKENS, "2,000")?,
        row("answer to a click", click.len(), CLICK_TOKENS, "150")?,
    ])
}

/// From the owner's word, whose file says when it was given, to the last answer of two servers.
fn stop(desktop: &Desktop) -> Result<Row> {
    let servers = [Transport::Stdio, Transport::Http].map(|transport| desktop.own_server(transport, &[]));
    let [first, second] = servers;
    let (first, second) = (first?, second?);
    let clients = [first.client(Era::Legacy)?, second.client(Era::Modern)?];
    let data = desktop.run().windows_path(first.data());
    let mut times = Vec::new();
    for _ in 0..STOPS {
        let mut under_way = Vec::new();
        for client in &clients {
            for (tool, arguments) in [
                ("Wait", json!({ "seconds": 60 })),
                ("WaitFor", json!({ "condition": "text_exists", "text": "never", "timeout": 60 })),
            ] {
                under_way.push((client, client.start_call(tool, arguments)?));
            }
            let runs =
                |tasks: &ToolResult| ["Wait", "WaitFor"].iter().all(|tool| tasks.text.contains(&format!("\"{tool}\"")));
            call_until(client, "GetRunningTasks", &json!({}), runs)?;
        }
        // The command ends some time after its word, so the answers are waited for beside it.
        let last = std::thread::scope(|scope| -> Result<SystemTime> {
            let waiting: Vec<_> = under_way
                .into_iter()
                .map(|(client, pending)| {
                    scope.spawn(move || (client.wait_call(pending, STOP_LIMIT), SystemTime::now()))
                })
                .collect();
            let done = desktop.portcullis(&["stop", "--json", "--data", &data])?;
            ensure!(done.status.success(), "stop failed: {}", done.stderr);
            let mut last = SystemTime::UNIX_EPOCH;
            for waiting in waiting {
                let Ok((answer, at)) = waiting.join() else { bail!("a waiting thread failed") };
                let answer = answer?;
                ensure!(answer.fault("code") == Some("stopped"), "{}", answer.text);
                last = last.max(at);
            }
            Ok(last)
        })?;
        let said = std::fs::metadata(first.data().join("stopped"))?.modified()?;
        times.push(last.duration_since(said).unwrap_or_default().as_secs_f64() * 1e3);
        ensure!(desktop.portcullis(&["resume", "--data", &data])?.status.success(), "resume failed");
        for client in &clients {
            call_until(client, "GetRunningTasks", &json!({}), |tasks| !tasks.is_error)?;
        }
    }
    Ok(Row::fixed("stop to all answered, two servers", "ms", median(&mut times), STOP_MS, "250 ms"))
}
