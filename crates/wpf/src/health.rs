//! Whether an inspector answers, and the threads of its application.

use crate::ask::Asker;
use portcullis_model::Fault;
use portcullis_wpf_protocol::HealthParams;
use schemars::JsonSchema;
use serde::Serialize;
use std::time::Instant;

/// How long a thread is waited for.
const PROBE_MS: u32 = 500;

/// One UI thread.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ThreadRow {
    dispatcher: u32,
    /// Absent when it does not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<f64>,
    responds: bool,
    modal: bool,
    ended: bool,
}

/// What answered.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pong {
    status: &'static str,
    latency_ms: f64,
    /// Whether every UI thread answers.
    ui_responds: bool,
    dispatchers: Vec<ThreadRow>,
    hooks: u32,
    /// Milliseconds since the session began.
    session_age_ms: u64,
}

/// Asks the inspector, and it every UI thread.
pub fn ping(asker: &Asker<'_>) -> Result<Pong, Fault> {
    let began = Instant::now();
    let health = asker.call(&HealthParams { probe_ms: PROBE_MS })?;
    let latency_ms = began.elapsed().as_secs_f64() * 1_000.0;
    let dispatchers: Vec<ThreadRow> = health
        .dispatchers
        .iter()
        .map(|one| ThreadRow {
            dispatcher: one.id,
            latency_ms: one.answered_us.map(|micros| f64::from(micros) / 1_000.0),
            responds: one.answered_us.is_some(),
            modal: one.modal,
            ended: one.ended,
        })
        .collect();
    Ok(Pong {
        status: "pong",
        latency_ms,
        ui_responds: dispatchers.iter().all(|one| one.responds || one.ended),
        dispatchers,
        hooks: health.hooks,
        session_age_ms: u64::try_from(asker.session.began().elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}
