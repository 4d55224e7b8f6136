//! `portcullis serve`: opens what the settings ask for, says where it listens, and ends in order.

use crate::cli::ServeArgs;
use crate::{compose, logging};
use portcullis_config::{DataFolder, Environment, ServeSettings, TransportSettings};
use portcullis_gate::Gate;
use portcullis_server::{HttpServer, serve_stdio};
use serde_json::json;
use std::process::ExitCode;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What the calls under way get to end in, once the server is told to.
const END_LIMIT: Duration = Duration::from_secs(1);

pub(crate) fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    let settings = ServeSettings::resolve(args.flags()?, &Environment::read())?;
    let data = DataFolder::open(settings.data.value)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let stop = CancellationToken::new();
    let gate = match settings.transport {
        TransportSettings::Stdio => {
            let gate = compose::gate(settings.tools, &data, "stdio", Vec::new())?;
            runtime.block_on(async {
                end_on_signal(stop.clone());
                serve_stdio(gate.clone(), stop).await.map_err(anyhow::Error::msg)
            })?;
            gate
        }
        TransportSettings::Http(address) => {
            let key = data.http_key()?;
            let gate = compose::gate(settings.tools, &data, "http", vec![key.clone()])?;
            runtime.block_on(async {
                end_on_signal(stop.clone());
                let server = HttpServer::bind(address.value).await?;
                let listening = json!({
                    "event": "listening",
                    "url": server.url(),
                    "key_file": data.http_key_file(),
                });
                logging::announce(&listening);
                server.serve(gate.clone(), &key, stop).await.map_err(anyhow::Error::from)
            })?;
            gate
        }
    };
    end(&gate)
}

/// Ends in order and leaves. The runtime is not waited for: a thread that blocks on standard input would hold it until
/// the client's next line.
fn end(gate: &Gate) -> ! {
    gate.shut_down(END_LIMIT);
    std::process::exit(0)
}

/// Fires `stop` on Ctrl+C and, where the system has one, on a request to terminate.
fn end_on_signal(stop: CancellationToken) {
    tokio::spawn(async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = terminated() => {}
        }
        stop.cancel();
    });
}

#[cfg(unix)]
async fn terminated() {
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(error) => {
            tracing::warn!(%error, "requests to terminate will not be heard");
            std::future::pending().await
        }
    }
}

#[cfg(windows)]
async fn terminated() {
    use tokio::signal::windows::{ctrl_break, ctrl_close, ctrl_logoff, ctrl_shutdown};
    let (Ok(mut closed), Ok(mut shutdown), Ok(mut logoff), Ok(mut broken)) =
        (ctrl_close(), ctrl_shutdown(), ctrl_logoff(), ctrl_break())
    else {
        tracing::warn!("requests to terminate will not be heard");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = closed.recv() => {}
        _ = shutdown.recv() => {}
        _ = logoff.recv() => {}
        _ = broken.recv() => {}
    }
}
