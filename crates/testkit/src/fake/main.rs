//! `portcullis-fake`: the server with everything but a desktop, on any system: full gate, ledger on disk, both transports.
//! For benchmarks and protocol tests; never part of what users get.

mod ports;

use anyhow::{Context, Result, bail};
use portcullis_audit::{AuditKey, FileLedger};
use portcullis_config::{DataFolder, Secret, create_for_owner};
use portcullis_gate::{Catalogue, DeniesApproval, Gate, GateParts, KeepsNothing, Redactor};
use portcullis_model::ServerStarted;
use portcullis_policy::{Approval, FilterSpec, Rules, ToolFilter};
use portcullis_server::{HttpServer, serve_stdio};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Threads of the runtime, as many as the server's.
const WORKERS: usize = 2;
/// What the calls under way get to end in.
const END_LIMIT: Duration = Duration::from_secs(1);

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let transport = arguments.next();
    let folder = arguments.next().map(PathBuf::from);
    let (Some(transport), Some(folder)) = (transport.as_ref().and_then(|name| name.to_str()), folder) else {
        bail!("usage: portcullis-fake stdio|http DATA-FOLDER");
    };
    let data = DataFolder::open(folder)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    let stop = CancellationToken::new();
    let gate = match transport {
        "stdio" => {
            let gate = gate(&data, transport, Vec::new())?;
            runtime.block_on(serve_stdio(gate.clone(), stop)).map_err(anyhow::Error::msg)?;
            gate
        }
        "http" => {
            let key = data.http_key()?;
            let gate = gate(&data, transport, vec![key.clone()])?;
            runtime.block_on(async {
                let server = HttpServer::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
                let listening =
                    serde_json::json!({ "event": "listening", "url": server.url(), "key_file": data.http_key_file() });
                writeln!(std::io::stderr(), "{listening}")?;
                server.serve(gate.clone(), &key, stop).await.map_err(anyhow::Error::from)
            })?;
            gate
        }
        other => bail!("there is no transport `{other}`"),
    };
    gate.shut_down(END_LIMIT);
    // A thread that blocks on standard input would hold the runtime until the client's next line.
    std::process::exit(0)
}

/// The gate as the product composes it, with its default rules.
fn gate(data: &DataFolder, transport: &str, secrets: Vec<Secret>) -> Result<Gate> {
    let catalogue = Catalogue::new();
    let filter = ToolFilter::resolve(&FilterSpec::default(), &catalogue.names())?;
    let rules = Rules::new(filter, Approval::Never, std::process::id());
    let key_file = data.ensure_audit_key()?;
    let key = AuditKey::read(&key_file).with_context(|| key_file.display().to_string())?;
    let started = ServerStarted {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        process: std::process::id(),
        transport: transport.to_owned(),
        policy: rules.digest(),
        predecessors: Vec::new(),
    };
    let ledger = FileLedger::open(&data.audit(), key, started, create_for_owner)?;
    Ok(Gate::new(GateParts {
        rules,
        ledger: Arc::new(ledger),
        ports: ports::none(),
        catalogue,
        approver: Arc::new(DeniesApproval),
        journal: Arc::new(KeepsNothing),
        redactor: Redactor::new(secrets.iter().map(|secret| secret.expose().to_owned())),
    })?)
}
