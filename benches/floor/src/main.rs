//! The floor that the server's own cost is measured against: rmcp with one tool that echoes, over the same two transports
//! and with the same settings as the server. Whatever this costs is the SDK's; whatever the server costs more is ours.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, JsonObject, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt};
use serde_json::{Value, json};
use std::error::Error;
use std::io::Write;
use std::net::Ipv4Addr;
use std::sync::Arc;
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;

/// Threads of the runtime, as many as the server's.
const WORKERS: usize = 2;
/// The same cap on a request's body as the server's.
const BODY_CAP: usize = 4 * 1024 * 1024;
/// The key that HTTP clients send; it guards nothing.
const KEY: &str = "floor";

#[derive(Clone)]
struct Floor {
    echo: Tool,
}

impl Floor {
    fn new() -> Self {
        let schema = json!({
            "type": "object",
            "properties": { "text": { "type": "string" } },
            "additionalProperties": false,
        });
        let schema: JsonObject = schema.as_object().cloned().unwrap_or_default();
        Self { echo: Tool::new("echo", "Returns the text that was given.", Arc::new(schema)) }
    }
}

impl ServerHandler for Floor {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("floor", env!("CARGO_PKG_VERSION")))
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(vec![self.echo.clone()]))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        (name == self.echo.name).then(|| self.echo.clone())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let text = request.arguments.as_ref().and_then(|arguments| arguments.get("text")).and_then(Value::as_str);
        let text = text.ok_or_else(|| ErrorData::invalid_params("`text` is missing", None))?;
        Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    let http = match std::env::args().nth(1).as_deref() {
        Some("stdio") => false,
        Some("http") => true,
        _ => return Err("usage: portcullis-floor stdio|http".into()),
    };
    let served = runtime.block_on(async { if http { serve_http().await } else { serve_stdio().await } });
    // A thread that blocks on standard input would hold the runtime until the client's next line.
    std::process::exit(i32::from(served.is_err()))
}

async fn serve_stdio() -> Result<(), Box<dyn Error>> {
    Floor::new().serve(rmcp::transport::stdio()).await?.waiting().await?;
    Ok(())
}

async fn serve_http() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let config = StreamableHttpServerConfig::default()
        .with_allowed_hosts(vec![address.to_string()])
        .with_allowed_origins(vec![format!("http://{address}")])
        .enforce_origin_validation()
        .with_max_request_body_bytes(BODY_CAP);
    let floor = Floor::new();
    let service =
        StreamableHttpService::new(move || Ok(floor.clone()), Arc::new(LocalSessionManager::default()), config);
    let key = Arc::new(format!("Bearer {KEY}"));
    let app = Router::new().nest_service("/mcp", service).layer(from_fn_with_state(key, authenticate));
    // Without it each call waits for a delayed acknowledgement, here as in the server.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let listening = json!({ "event": "listening", "url": format!("http://{address}/mcp"), "key": KEY });
    writeln!(std::io::stderr(), "{listening}")?;
    axum::serve(listener, app).await?;
    Ok(())
}

async fn authenticate(State(key): State<Arc<String>>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION);
    let fits = given.is_some_and(|given| bool::from(given.as_bytes().ct_eq(key.as_bytes())));
    if fits { next.run(request).await } else { StatusCode::UNAUTHORIZED.into_response() }
}
