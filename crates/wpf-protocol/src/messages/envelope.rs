//! What surrounds a message: its number, its method, and what each method takes and gives. The table of methods is here alone.

use super::*;
use crate::{Capabilities, ErrorCode, WireError};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// When a request's work is done on the application's thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Pace {
    /// Among the application's own work.
    #[default]
    Normal,
    /// Once bindings and layout have settled.
    Settled,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// Its number, never used again in the session.
    pub id: u64,
    /// The method.
    pub method: String,
    /// After how many milliseconds the answer is not waited for any more.
    pub deadline_ms: u32,
    /// When the work is done.
    #[serde(default)]
    pub pace: Pace,
    /// What the method takes.
    pub params: Value,
}

/// The answer to a request: a result or an error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Response {
    /// The request's number.
    pub id: u64,
    /// What the method gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<WireError>,
    /// The bytes that follow in blob frames.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob: Option<u32>,
}

/// A primitive: what it takes, gives and needs.
pub trait Primitive: Serialize + DeserializeOwned + JsonSchema {
    /// Its name on the wire.
    const METHOD: &'static str;
    /// What it gives.
    type Result: Serialize + DeserializeOwned + JsonSchema;

    /// The gates that this request needs.
    fn needs(&self) -> Capabilities;
}

/// One row of the table of methods, for what is written out of it.
pub struct MethodRow {
    /// Its name on the wire.
    pub name: &'static str,
    /// The schema of what it takes.
    pub params: fn(&mut SchemaGenerator) -> Schema,
    /// The schema of what it gives.
    pub result: fn(&mut SchemaGenerator) -> Schema,
}

const fn row<P: Primitive>() -> MethodRow {
    MethodRow {
        name: P::METHOD,
        params: |generator| generator.subschema_for::<P>(),
        result: |generator| generator.subschema_for::<P::Result>(),
    }
}

/// Every method.
pub const METHODS: [MethodRow; 21] = [
    row::<HelloParams>(),
    row::<HealthParams>(),
    row::<RootsParams>(),
    row::<WalkParams>(),
    row::<PropsParams>(),
    row::<FacetsParams>(),
    row::<BindingsParams>(),
    row::<ResourceParams>(),
    row::<DescribeParams>(),
    row::<ObjectParams>(),
    row::<CaptureParams>(),
    row::<WriteParams>(),
    row::<ActParams>(),
    row::<LayoutParams>(),
    row::<RenderParams>(),
    row::<AdornParams>(),
    row::<SubscribeParams>(),
    row::<UnsubscribeParams>(),
    row::<EventsParams>(),
    row::<DiagParams>(),
    row::<ByeParams>(),
];

/// The types besides the methods' own that the inspector's twin must have.
pub fn envelopes(generator: &mut SchemaGenerator) {
    generator.subschema_for::<Request>();
    generator.subschema_for::<Response>();
    generator.subschema_for::<WireError>();
    generator.subschema_for::<ErrorCode>();
    generator.subschema_for::<Event>();
}
