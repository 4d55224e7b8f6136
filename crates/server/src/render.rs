//! The one renderer from our answers and descriptors to MCP. View replies are content alone; data replies are the same
//! JSON as structure and as text, because some clients show their model only the one and some only the other.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis_gate::{Annotations, Answer, AnyTool, ForeignTool};
use portcullis_model::{Fault, FaultCode, Part, Reply};
use rmcp::ErrorData;
use rmcp::model::{CallToolResult, ContentBlock, JsonObject, ResourceContents, Tool, ToolAnnotations};
use serde_json::{Value, json};
use std::sync::Arc;

/// An answer as a tool result. A name that is no tool's is a protocol error; every other fault is a result that the model
/// can read and act on.
pub(crate) fn result(answer: Answer) -> Result<CallToolResult, ErrorData> {
    match answer {
        Ok(Reply::View { parts, .. }) => Ok(CallToolResult::success(parts.into_iter().map(content).collect())),
        Ok(Reply::Data(value)) => {
            let mut result = CallToolResult::success(vec![ContentBlock::text(value.to_string())]);
            result.structured_content = Some(value);
            Ok(result)
        }
        Err(fault) if fault.code == FaultCode::UnknownTool => {
            Err(ErrorData::invalid_params(fault.to_string(), Some(json!({ "nearest": fault.candidates }))))
        }
        Err(fault) => Ok(failure(&fault)),
    }
}

fn failure(fault: &Fault) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(fault.to_string())])
}

fn content(part: Part) -> ContentBlock {
    match part {
        Part::Text(text) => ContentBlock::text(text),
        Part::Image(image) => ContentBlock::image(STANDARD.encode(image.bytes), image.mime),
        Part::Blob(blob) => ContentBlock::resource(ResourceContents::BlobResourceContents {
            uri: blob.uri,
            mime_type: Some(blob.mime.to_owned()),
            blob: STANDARD.encode(blob.bytes),
            meta: None,
        }),
    }
}

/// A tool as clients list it.
pub(crate) fn tool(tool: &AnyTool) -> Tool {
    let descriptor = tool.descriptor();
    let listed = Tool::new(descriptor.name, descriptor.description, object(tool.input_schema()));
    described(listed, descriptor.title, tool.output_schema(), descriptor.annotations)
}

/// A tool under a foreign name as clients list it.
pub(crate) fn foreign(tool: &ForeignTool) -> Tool {
    let listed = Tool::new(tool.name, tool.description, object(&tool.input_schema));
    described(listed, tool.title, tool.output_schema.as_ref(), tool.annotations)
}

fn described(mut listed: Tool, title: &str, output_schema: Option<&Value>, hints: Annotations) -> Tool {
    listed.title = Some(title.to_owned());
    listed.output_schema = output_schema.map(object);
    listed.annotations = Some(
        ToolAnnotations::new()
            .read_only(hints.read_only)
            .destructive(hints.destructive)
            .idempotent(hints.idempotent)
            .open_world(hints.open_world),
    );
    listed
}

fn object(schema: &Value) -> Arc<JsonObject> {
    Arc::new(schema.as_object().cloned().unwrap_or_default())
}
