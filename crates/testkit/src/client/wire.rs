//! What a JSON-RPC answer and a tool's result are made of, and the rules that both must keep. Nothing here reads or
//! writes a wire.

use crate::lab::Pixels;
use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::fmt;
use std::io::Cursor;

/// The server refused a request as such.
#[derive(Debug, Clone, PartialEq)]
pub struct RpcError {
    /// The JSON-RPC code.
    pub code: i64,
    /// One sentence.
    pub message: String,
    /// What else there is to it.
    pub data: Value,
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        if self.data.is_null() { Ok(()) } else { write!(f, "\ndata: {}", self.data) }
    }
}

impl std::error::Error for RpcError {}

/// The result or the error of a JSON-RPC answer.
pub(super) fn outcome(message: &Value, id: u64) -> Result<Result<Value, RpcError>> {
    ensure!(message.get("jsonrpc").and_then(Value::as_str) == Some("2.0"), "not JSON-RPC 2.0: {message}");
    ensure!(message.get("id").and_then(Value::as_u64) == Some(id), "the answer is to another request: {message}");
    match (message.get("result"), message.get("error")) {
        (Some(result), None) => Ok(Ok(result.clone())),
        (None, Some(error)) => Ok(Err(RpcError {
            code: error.get("code").and_then(Value::as_i64).context("an error has a code")?,
            message: error.get("message").and_then(Value::as_str).unwrap_or_default().to_owned(),
            data: error.get("data").cloned().unwrap_or_default(),
        })),
        _ => bail!("an answer has a result or an error, not both and not neither: {message}"),
    }
}

/// A picture in a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageContent {
    /// Such as `image/png`.
    pub mime: String,
    /// The picture, still as base64.
    pub base64: String,
}

impl ImageContent {
    /// The picture's pixels. Only what loses nothing can be compared, so a picture that is no PNG is an error.
    pub fn pixels(&self) -> Result<Pixels> {
        ensure!(self.mime == "image/png", "{} loses pixels: ask for a picture that is smaller as PNG", self.mime);
        let bytes = STANDARD.decode(&self.base64).context("a picture is base64")?;
        Pixels::from_png(Cursor::new(bytes))
    }
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolResult {
    /// Whether it is an error.
    pub is_error: bool,
    /// All text content, one block after the other.
    pub text: String,
    /// Structured content, when there is any.
    pub structured: Option<Value>,
    /// All pictures.
    pub images: Vec<ImageContent>,
    /// Bytes of embedded resources, one after the other.
    pub bytes: Vec<u8>,
    /// What can be asked for by `resources/read`.
    pub links: Vec<String>,
    /// The whole result as it came.
    pub raw: Value,
}

impl ToolResult {
    /// Reads a result; content of a kind that no tool of ours sends is an error.
    pub fn read(result: &Value) -> Result<ToolResult> {
        let mut read = ToolResult {
            is_error: result.get("isError").and_then(Value::as_bool).unwrap_or(false),
            text: String::new(),
            structured: result.get("structuredContent").filter(|value| !value.is_null()).cloned(),
            images: Vec::new(),
            bytes: Vec::new(),
            links: Vec::new(),
            raw: result.clone(),
        };
        for block in result.get("content").and_then(Value::as_array).context("a result has content")? {
            let field = |name: &str| block.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            match field("type").as_str() {
                "text" => {
                    if !read.text.is_empty() {
                        read.text.push('\n');
                    }
                    read.text.push_str(&field("text"));
                }
                "resource" => {
                    let blob =
                        block.pointer("/resource/blob").and_then(Value::as_str).context("a resource has bytes")?;
                    read.bytes.extend(STANDARD.decode(blob).context("bytes are base64")?);
                }
                "image" => read.images.push(ImageContent { mime: field("mimeType"), base64: field("data") }),
                "resource_link" => read.links.push(field("uri")),
                other => bail!("content of the kind `{other}`"),
            }
        }
        Ok(read)
    }

    /// Some clients show their model only structured content when there is any, others only content. Neither may lose
    /// a fact or a picture.
    pub fn check_both_client_rules(&self) -> Result<()> {
        // A client that shows its model no links shows it the text.
        ensure!(self.links.iter().all(|link| self.text.contains(link)), "a link is not in the text: {}", self.raw);
        let Some(structured) = &self.structured else {
            ensure!(!self.text.is_empty() || !self.images.is_empty(), "the result says nothing: {}", self.raw);
            return Ok(());
        };
        ensure!(self.images.is_empty(), "a client that prefers structure loses the picture");
        ensure!(self.bytes.is_empty(), "a client that prefers structure loses the bytes");
        ensure!(self.links.is_empty(), "a client that prefers structure loses the link");
        let text: Value = serde_json::from_str(&self.text)
            .with_context(|| format!("beside structure the text must be the same JSON: {}", self.text))?;
        ensure!(&text == structured, "text and structure differ:\n{text}\n{structured}");
        Ok(())
    }

    /// The text of a success; an error otherwise.
    pub fn ok(self) -> Result<ToolResult> {
        ensure!(!self.is_error, "the tool failed: {}", self.text);
        Ok(self)
    }

    /// The structure of a data tool's success.
    pub fn data(self) -> Result<Value> {
        self.ok()?.structured.context("a data tool answers with structure")
    }

    /// One line of an error's text, such as `field`; the code is `code`.
    pub fn fault(&self, name: &str) -> Option<&str> {
        if name == "code" {
            return self.text.split(':').next().filter(|_| self.is_error);
        }
        self.text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The first word of an action's answer: `confirmed`, `unverified`, `no_effect`.
    pub fn outcome(&self) -> &str {
        self.text.split([':', '\n']).next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn judged(result: &Value) -> bool {
        ToolResult::read(result).unwrap().check_both_client_rules().is_ok()
    }

    #[test]
    fn what_one_kind_of_client_would_lose_is_found() {
        let text = |text: &str| json!({ "type": "text", "text": text });
        let image = json!({ "type": "image", "mimeType": "image/png", "data": "AA==" });
        assert!(judged(&json!({ "content": [text("a"), image] })));
        assert!(judged(&json!({ "content": [text("{\"a\":1}")], "structuredContent": {"a": 1} })));
        assert!(!judged(&json!({ "content": [text("{\"a\":1}")], "structuredContent": {"a": 2} })));
        assert!(!judged(&json!({ "content": [text("see above")], "structuredContent": {"a": 2} })));
        assert!(!judged(&json!({ "content": [image], "structuredContent": {"a": 2} })));
        assert!(!judged(&json!({ "content": [] })));
    }

    #[test]
    fn faults_are_read_line_by_line() {
        let result = json!({ "isError": true, "content": [{ "type": "text", "text": "bad_argument: no\nfield: x" }] });
        let result = ToolResult::read(&result).unwrap();
        assert_eq!(
            (result.fault("code"), result.fault("field"), result.fault("rule")),
            (Some("bad_argument"), Some("x"), None)
        );
    }

    #[test]
    fn an_answer_has_a_result_or_an_error() {
        assert!(outcome(&json!({ "jsonrpc": "2.0", "id": 1, "result": {} }), 1).unwrap().is_ok());
        assert!(
            outcome(&json!({ "jsonrpc": "2.0", "id": 1, "error": {"code": -1, "message": ""} }), 1).unwrap().is_err()
        );
        for wrong in [
            json!({ "jsonrpc": "2.0", "id": 1 }),
            json!({ "jsonrpc": "2.0", "id": 2, "result": {} }),
            json!({ "id": 1, "result": {} }),
            json!({ "jsonrpc": "2.0", "id": 1, "result": {}, "error": {} }),
        ] {
            assert!(outcome(&wrong, 1).is_err(), "{wrong}");
        }
    }
}
