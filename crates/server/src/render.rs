//! The one renderer from our answers and descriptors to MCP. View replies are content alone; data replies are the same
//! JSON as structure and as text, because some clients show their model only the one and some only the other.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis_gate::{Annotations, Answer, AnyTool, ForeignTool, RESOURCE_TEMPLATES};
use portcullis_model::{Blob, Fault, FaultCode, Image, Part, Reply};
use rmcp::ErrorData;
use rmcp::model::{
    CallToolResult, ContentBlock, JsonObject, Resource, ResourceContents, ResourceTemplate, Tool, ToolAnnotations,
};
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
        Part::Link(link) => ContentBlock::resource_link(
            Resource::new(link.uri, link.name).with_mime_type(link.mime).with_size(link.size),
        ),
    }
}

/// What is kept for a caller, out of the answer of ListResources.
pub(crate) fn resources(answer: Reply) -> Vec<Resource> {
    let Reply::Data(mut value) = answer else { return Vec::new() };
    let listed = value.get_mut("resources").map(Value::take);
    let listed = listed.and_then(|listed| serde_json::from_value::<Vec<Listed>>(listed).ok()).unwrap_or_default();
    let resource =
        |one: Listed| {
            let size = one.width.zip(one.height).map(|(width, height)| format!("{width}x{height} pixels, "));
            Resource::new(one.uri, one.name)
                .with_mime_type(one.mime_type)
                .with_size(one.bytes)
                .with_description(format!("{}made {}, kept until {}", size.unwrap_or_default(), one.made, one.expires))
        };
    listed.into_iter().map(resource).collect()
}

/// One entry of that answer.
#[derive(serde::Deserialize)]
struct Listed {
    uri: String,
    name: String,
    mime_type: String,
    bytes: u64,
    width: Option<u32>,
    height: Option<u32>,
    made: String,
    expires: String,
}

/// What can be asked for, by the form of its name.
pub(crate) fn templates() -> Vec<ResourceTemplate> {
    RESOURCE_TEMPLATES
        .iter()
        .map(|(name, template)| ResourceTemplate::new(*template, *name).with_description("What is kept for you"))
        .collect()
}

/// What an answer of ReadResource holds behind its first words, under the name by which it was asked for.
pub(crate) fn contents(uri: &str, answer: Reply) -> Vec<ResourceContents> {
    let Reply::View { parts, .. } = answer else { return Vec::new() };
    let held = |part: Part| match part {
        Part::Image(Image { bytes, mime, .. }) | Part::Blob(Blob { bytes, mime, .. }) => {
            Some(ResourceContents::BlobResourceContents {
                uri: uri.to_owned(),
                mime_type: Some(mime.to_owned()),
                blob: STANDARD.encode(bytes),
                meta: None,
            })
        }
        Part::Text(text) => Some(ResourceContents::text(text, uri)),
        Part::Link(_) => None,
    };
    parts.into_iter().skip(1).filter_map(held).collect()
}

/// A fault as the answer to a request that is no tool's call.
pub(crate) fn refusal(uri: &str, fault: &Fault) -> ErrorData {
    let data = json!({ "uri": uri, "code": fault.code.word(), "rule": fault.rule, "remedy": fault.remedy });
    match fault.code {
        FaultCode::NotFound => ErrorData::resource_not_found(fault.to_string(), Some(data)),
        FaultCode::Internal => ErrorData::internal_error(fault.to_string(), Some(data)),
        _ => ErrorData::invalid_params(fault.to_string(), Some(data)),
    }
}

/// A tool as clients list it.
pub(crate) fn tool(tool: &AnyTool) -> Tool {
    let descriptor = tool.descriptor();
    let listed = Tool::new(descriptor.name, descriptor.description, object(tool.input_schema()));
    described(listed, descriptor.title, tool.output_schema().map(taken), descriptor.annotations)
}

/// A tool under a foreign name as clients list it.
pub(crate) fn foreign(tool: &ForeignTool) -> Tool {
    let listed = Tool::new(tool.name, tool.description, object(&tool.input_schema));
    described(listed, tool.title, tool.output_schema.as_ref().map(object), tool.annotations)
}

fn described(mut listed: Tool, title: &str, output_schema: Option<Arc<JsonObject>>, hints: Annotations) -> Tool {
    listed.title = Some(title.to_owned());
    listed.output_schema = output_schema;
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
    taken(schema.clone())
}

fn taken(schema: Value) -> Arc<JsonObject> {
    Arc::new(if let Value::Object(schema) = schema { schema } else { JsonObject::default() })
}
