//! What looking inside a WPF application costs in the lab: from the call that loads the inspector to the first tree, trees of
//! two sizes, and a question that asks for nothing. The application tells how many visuals it has; whether what is told of
//! them is right is the end-to-end tests' business.

use crate::lab::{milliseconds, ours_with, stay_on_one_core};
use crate::row::{Row, median};
use anyhow::{Context, Result, ensure};
use portcullis_testkit::client::{Client, Era};
use portcullis_testkit::desktop::Desktop;
use portcullis_testkit::server::Server;
use portcullis_testkit::wpf_app::{WpfApp, policy};
use serde_json::{Value, json};
use std::time::Instant;

/// The application that is gone into.
const APP: &str = "Fixture.Form";
/// What its owner opens for this.
const GATES: [&str; 2] = ["injection", "sensitive_reads"];
/// Applications that are started and loaded into.
const LOADS: usize = 5;
/// Trees of each size.
const TREES: usize = 11;
/// Questions that ask for nothing.
const ROUND_TRIPS: usize = 201;

/// The bars of the WPF family.
const LOAD_MS: f64 = 200.0;
const SMALL_TREE: (u64, f64, &str) = (1_000, 40.0, "40 ms");
const LARGE_TREE: (u64, f64, &str) = (10_000, 300.0, "300 ms");
const ROUND_TRIP_MS: f64 = 2.0;

/// A desktop with a server that may go into the application.
struct Ground {
    client: Client,
    _server: Server,
    desktop: Desktop,
}

impl Ground {
    fn start() -> Result<Self> {
        let desktop = Desktop::start()?;
        let file = desktop.run().share().join("measured.toml");
        std::fs::write(&file, policy(desktop.run(), &[APP], &GATES))?;
        let server = ours_with(&desktop, &["--config", &desktop.run().windows_path(&file)])?;
        let client = server.client(Era::Legacy)?;
        Ok(Self { client, _server: server, desktop })
    }
}

/// All rows. What is loaded is compiled on several threads of the application and begun by another program, on the cores that
/// there are; questions are asked on one.
pub(crate) fn rows() -> Result<Vec<Row>> {
    let mut rows = vec![load(&Ground::start()?)?];
    let _core = stay_on_one_core()?;
    let ground = Ground::start()?;
    let app = WpfApp::start(ground.desktop.run(), APP, &["--page", "visuals"])?;
    let client = &ground.client;
    connect(client, &app)?;
    let found = told(client, "find_elements", json!({ "elementName": "VisualsPanel", "matchMode": "exact" }))?;
    let panel = found.pointer("/results/0/elementId").and_then(Value::as_str).context("the panel of many visuals")?;
    for size in [SMALL_TREE, LARGE_TREE] {
        rows.push(tree(client, panel, size)?);
    }
    rows.push(round_trip(client)?);
    app.close()?;
    Ok(rows)
}

/// What a call tells that must succeed.
fn told(client: &Client, tool: &str, arguments: Value) -> Result<Value> {
    client.call(tool, arguments)?.ok()?.structured.with_context(|| format!("{tool} tells nothing"))
}

fn connect(client: &Client, app: &WpfApp) -> Result<Value> {
    told(client, "connect", json!({ "processId": app.process()? }))
}

/// Each time an application that was never gone into; the first one pays for what is made once, and does not count.
fn load(ground: &Ground) -> Result<Row> {
    let client = &ground.client;
    let mut times = Vec::new();
    for round in 0..=LOADS {
        let app = WpfApp::start(ground.desktop.run(), APP, &[])?;
        let began = Instant::now();
        connect(client, &app)?;
        let tree = told(client, "get_visual_tree", json!({}))?;
        let took = milliseconds(began);
        ensure!(tree.get("returnedNodeCount").and_then(Value::as_u64) > Some(1), "the tree is empty: {tree}");
        if round > 0 {
            times.push(took);
        }
        app.close()?;
    }
    Ok(Row::fixed("WPF, load to first tree", "ms", median(&mut times), LOAD_MS, "200 ms"))
}

fn tree(client: &Client, panel: &str, (nodes, limit, bar): (u64, f64, &'static str)) -> Result<Row> {
    let arguments = json!({ "elementId": panel, "maxNodes": nodes, "maxChildrenPerNode": 1_000 });
    let mut times = Vec::new();
    for _ in 0..TREES {
        let began = Instant::now();
        let tree = told(client, "get_visual_tree", arguments.clone())?;
        times.push(milliseconds(began));
        let returned = tree.get("returnedNodeCount").and_then(Value::as_u64);
        ensure!(returned == Some(nodes), "{returned:?} nodes of {nodes}");
    }
    Ok(Row::fixed(&format!("WPF, get_visual_tree of {nodes} nodes"), "ms", median(&mut times), limit, bar))
}

fn round_trip(client: &Client) -> Result<Row> {
    let mut times = Vec::new();
    for _ in 0..ROUND_TRIPS {
        let began = Instant::now();
        told(client, "ping_inspector", json!({}))?;
        times.push(milliseconds(began));
    }
    Ok(Row::fixed("WPF, ping_inspector", "ms", median(&mut times), ROUND_TRIP_MS, "2 ms"))
}
