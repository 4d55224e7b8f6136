//! The closed set of errors that the inspector answers with. What a tool makes of them for its caller is not said here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Why a request has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ErrorCode {
    /// The message breaks a rule of the protocol; `message` names the field.
    BadRequest,
    /// There is no such method.
    UnknownMethod,
    /// The session's gates do not allow it.
    Denied,
    /// What was named is a secret, which is neither read nor written through the inspector.
    Secret,
    /// The handle's object is gone, or the handle was never given out.
    StaleHandle,
    /// The object is of another kind than the request needs.
    WrongKind,
    /// What was named is not there: a property, an event, a command, a resource. `data.candidates` has the nearest.
    NotFound,
    /// The value could not be brought into the target's type; `data.targetType` names it.
    ConvertFailed,
    /// What was to be written cannot be written.
    ReadOnly,
    /// The thread of the element does not answer; `data` has `dispatcher` and `modal`.
    Busy,
    /// It was begun and is not done yet; an `opDone` event with `data.op` tells its end.
    Running,
    /// It was taken back before it began.
    Cancelled,
    /// The element is in no state for it: disabled, not loaded, not visible. `data.blockers` says which.
    NotReady,
    /// This runtime or this application has no such mechanism.
    Unsupported,
    /// Code of the application threw; `data` has `type`.
    AppException,
    /// The answer would be larger than its cap.
    TooLarge,
    /// A table of the session is full: handles, tokens or subscriptions.
    Full,
    /// The session ends.
    ShuttingDown,
    /// A mistake of the inspector.
    Internal,
}

/// An error as it travels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WireError {
    /// Why.
    pub code: ErrorCode,
    /// The same for people, without values of the application.
    pub message: String,
    /// Facts of the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}
