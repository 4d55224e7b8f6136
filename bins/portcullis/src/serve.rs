//! `portcullis serve`: opens what the settings ask for, says where it listens, and ends in order.

use crate::cli::ServeArgs;
use crate::machine::{self, Machine};
use crate::reload::Reloading;
use crate::stop::{self, OwnerSignal};
use crate::{compose, keys, logging, oauth, settings, tls};
use anyhow::Context;
use portcullis_audit::AuditKey;
use portcullis_config::{DataFolder, Environment, KeyStore, Place, TransportSettings};
use portcullis_gate::Gate;
use portcullis_server::{HttpOptions, HttpServer, serve_stdio};
use serde_json::json;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What the calls under way get to end in, once the server is told to.
const END_LIMIT: Duration = Duration::from_secs(1);

pub(crate) fn run(machine: &dyn Machine, args: ServeArgs) -> anyhow::Result<ExitCode> {
    let anchor = args.anchor.clone();
    let environment = Environment::read();
    let config = args.policy.config.clone();
    let flags = args.flags()?;
    let settings = settings::load(machine, config.clone(), flags.clone(), &environment)?;
    let serve = settings.serve(&environment)?;
    // Where there is nothing to serve, nothing is written: no folder and no key.
    machine.ports()?;
    let data = DataFolder::open(serve.data.value)?;
    if settings.log_files().value {
        let folder = data.log()?;
        machine::trust(&*machine.file_trust(), &folder, Place::User).map_err(anyhow::Error::msg)?;
        logging::keep(folder.clone()).with_context(|| format!("no log can be kept in {}", folder.display()))?;
    }
    let dialect = settings.dialect();
    let reloading = Reloading::new(machine, (config, flags, anchor.clone()), settings.clone(), &data)?;
    // Calls run in lanes of their own, so that one thread is enough for what is left; a second would only be handed to.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let end_all = CancellationToken::new();
    let stop_key = stop::chord(settings.stop_key())?;
    let listen = |gate: &Gate| -> anyhow::Result<_> {
        let Some(key) = stop_key.clone() else { return Ok(None) };
        Ok(Some(stop::Listening::begin(gate, machine.owner_ports()?.key, key, OwnerSignal::of(machine, &data)?)?))
    };
    tracing::info!(version = env!("CARGO_PKG_VERSION"), process = std::process::id(), "the server starts");
    let (gate, watch, watched) = match serve.transport {
        TransportSettings::Stdio => {
            let (gate, mut watched) = compose::gate(machine, &settings, &data, &anchor, "stdio", Vec::new())?;
            watched.check_chains(data.audit(), AuditKey::read(&data.audit_key_file())?)?;
            let watch = listen(&gate)?;
            reloading.during(&gate, &runtime, async {
                end_on_signal(end_all.clone());
                serve_stdio(gate.clone(), dialect, end_all).await.map_err(anyhow::Error::msg)
            })?;
            (gate, watch, watched)
        }
        TransportSettings::Http(http) => {
            http.oauth.as_ref().map(oauth::check_roots).transpose()?;
            let store = KeyStore::of(&data);
            // Where the owner has named others who may come in, no key is made unasked and none is needed.
            if http.oauth.is_none() && http.certificates.is_none() {
                store.ensure_one()?;
                let mut all = keys::watched(machine.file_trust(), store.clone());
                let found = all().unwrap_or_else(|| Ok(Vec::new())).map_err(anyhow::Error::msg)?;
                anyhow::ensure!(!found.is_empty(), "no key opens this server: make one with `portcullis key new NAME`");
            }
            let key = store.default_key()?;
            let secrets = key.iter().cloned().collect();
            let (gate, mut watched) = compose::gate(machine, &settings, &data, &anchor, "http", secrets)?;
            watched.check_chains(data.audit(), AuditKey::read(&data.audit_key_file())?)?;
            let numbers = Arc::clone(&watched.numbers);
            let watch = listen(&gate)?;
            reloading.during(&gate, &runtime, async {
                end_on_signal(end_all.clone());
                let options = HttpOptions {
                    tls: http.tls.clone().map(|files| tls::watched(machine.file_trust(), files)),
                    authorities: tls::watched_authorities(machine.file_trust(), http.certificates.as_ref()),
                    keys: keys::watched(machine.file_trust(), store.clone()),
                    jwks: oauth::watched(machine.file_trust(), http.oauth.as_ref()),
                    settings: *http,
                    dialect,
                    numbers,
                };
                let server = HttpServer::bind(options).await?;
                let listening = json!({
                    "event": "listening",
                    "url": server.url(),
                    "fingerprint": server.fingerprint().map(|fingerprint| fingerprint.to_string()),
                    "key_file": key.map(|_| data.http_key_file()),
                });
                logging::announce(&listening);
                server.serve(gate.clone(), end_all).await.map_err(anyhow::Error::from)
            })?;
            (gate, watch, watched)
        }
    };
    drop(watch);
    watched.end();
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
