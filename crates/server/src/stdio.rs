//! MCP over standard input and output. Standard output belongs to the protocol; the end of input ends the server.

use crate::handler::{Caller, Handler};
use crate::lines::Lines;
use portcullis_config::Dialect;
use portcullis_gate::Gate;
use portcullis_model::Principal;
use rmcp::ServiceExt;
use rmcp::service::ServerInitializeError;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Serves one client until it closes its end or `stop` fires. A client that goes away before its first message is no
/// error.
pub async fn serve_stdio(gate: Gate, dialect: Dialect, stop: CancellationToken) -> Result<(), String> {
    let handler = Handler::new(gate, dialect, Caller::Fixed(Principal::local()), Arc::default());
    let lines = Lines::start(std::io::stdin(), std::io::stdout()).map_err(|error| error.to_string())?;
    let service = match handler.serve_with_ct(lines, stop).await {
        Ok(service) => service,
        Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled) => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    service.waiting().await.map(drop).map_err(|error| error.to_string())
}
