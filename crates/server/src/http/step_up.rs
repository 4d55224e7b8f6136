//! A call whose token lacks a scope, answered as OAuth wants it: 403 with all the scopes that the call takes, so that the
//! client can ask for them. The gate decides and records, as for every call; here its answer becomes a status.

use super::check::{Checks, Turned};
use crate::auth::{Authenticated, Credential};
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use portcullis_gate::{Call, Gate};
use portcullis_model::{Authenticated as By, Cancel, FaultCode, Principal, Scope, Scopes};
use serde::Deserialize;
use serde_json::Value;

/// A request of MCP, as far as it says which tool is called.
#[derive(Deserialize)]
struct Message {
    method: String,
    params: Option<Params>,
}

#[derive(Deserialize)]
struct Params {
    name: String,
    #[serde(default)]
    arguments: Value,
}

/// Whether a request may be a call whose scopes a client could ask for. Who holds a key has no one to ask.
fn concerns(known: &Authenticated) -> bool {
    matches!(known.credential, Credential::Token { .. })
}

/// Gives the request back, which was read, unless it is a call that lacks a scope.
pub(super) async fn check(
    checks: &Checks,
    known: &Authenticated,
    parts: Parts,
    bytes: Bytes,
) -> Result<Request, Turned> {
    if !concerns(known) {
        return Ok(request_of(parts, bytes));
    }
    // What is no such message is the SDK's to refuse.
    let call = serde_json::from_slice::<Message>(&bytes).ok().filter(|message| message.method == "tools/call");
    if let Some(Params { name, arguments }) = call.and_then(|message| message.params) {
        let tool = checks.gate.comes_to(&name, &arguments);
        let scopes = tool.map_or_else(Vec::new, |tool| missing(&checks.gate, &known.principal, tool));
        if !scopes.is_empty() {
            return refuse(checks, known.principal.clone(), name, arguments, &scopes)
                .await
                .map(|()| request_of(parts, bytes));
        }
    }
    Ok(request_of(parts, bytes))
}

fn request_of(parts: Parts, bytes: Bytes) -> Request {
    Request::from_parts(parts, Body::from(bytes))
}

/// All the scopes that a tool takes, when the principal's scopes alone keep it from being listed; otherwise none.
fn missing(gate: &Gate, principal: &Principal, tool: &str) -> Vec<Scope> {
    let is_open = |scopes: Scopes| {
        let as_if = Principal::remote(By::Token, "", scopes);
        gate.list(&as_if).iter().any(|open| open.descriptor().name == tool)
    };
    if is_open(principal.scopes().clone()) || !is_open(Scopes::all()) {
        return Vec::new();
    }
    let without = |left_out: Scope| Scope::ALL.into_iter().filter(|scope| *scope != left_out).collect();
    Scope::ALL.into_iter().filter(|scope| !is_open(without(*scope))).collect()
}

/// Takes the call to the gate, which refuses and records it, and makes a status of its answer.
async fn refuse(
    checks: &Checks,
    principal: Principal,
    tool: String,
    arguments: Value,
    scopes: &[Scope],
) -> Result<(), Turned> {
    let (send, receive) = tokio::sync::oneshot::channel();
    let call = Call { principal, tool, arguments, cancel: Cancel::new() };
    checks.gate.submit(
        call,
        Box::new(move |answer| {
            // The client may have gone away; the record holds the outcome.
            let _ = send.send(answer);
        }),
    );
    match receive.await {
        Ok(Err(fault)) if fault.code == FaultCode::NotEnabled => {
            let turned = Turned::new(StatusCode::FORBIDDEN, "scope", &fault.to_string());
            Err(turned.with(header::WWW_AUTHENTICATE, checks.challenges.insufficient(scopes)))
        }
        // Stopped, or not recorded: no scope would help, and the usual way says so.
        Ok(Err(_)) => Ok(()),
        Ok(Ok(_)) | Err(_) => {
            Err(Turned::new(StatusCode::INTERNAL_SERVER_ERROR, "scope", "the call ended without a refusal"))
        }
    }
}
