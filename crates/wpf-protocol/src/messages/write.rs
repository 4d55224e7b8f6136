//! Keeping what is, and changing it. What is kept is the object itself, so that what comes back is the same object.

use super::{LocalKind, ObjectRef, Primitive, TypeRow};
use crate::{Capabilities, Handle, NewValue, Val, WireError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The properties of an element that are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CaptureItem {
    /// The element.
    pub handle: Handle,
    /// Its properties.
    pub names: Vec<String>,
}

/// The members of an object that are kept; needs the gate for view models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CaptureObject {
    /// The object.
    pub object: ObjectRef,
    /// Its members.
    pub members: Vec<String>,
}

/// Keeps local values, members and the keyboard's place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CaptureParams {
    /// Properties of elements; all names together at most [`CaptureParams::TOKEN_CAP`].
    #[serde(default)]
    pub items: Vec<CaptureItem>,
    /// Members of objects.
    #[serde(default)]
    pub objects: Vec<CaptureObject>,
    /// An element whose thread's focus is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub focus_of: Option<Handle>,
    /// Tokens that are not needed any more.
    #[serde(default)]
    pub forget: Vec<u64>,
    /// Characters of a text, at most [`super::WalkParams::TEXT_CAP`].
    pub text: u32,
}

impl CaptureParams {
    /// Tokens of one request.
    pub const TOKEN_CAP: usize = 200;
    /// Tokens of a session.
    pub const SESSION_CAP: usize = 4_000;
    /// Milliseconds after which a token that was not used is forgotten.
    pub const AGE_CAP_MS: u32 = 30 * 60 * 1000;
}

/// Something that is kept, or why it is not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenRow {
    /// Its number; none where nothing could be kept.
    pub token: Option<u64>,
    /// The element or object.
    pub handle: Option<Handle>,
    /// The property or member; none for the focus.
    pub name: Option<String>,
    /// Whether it is a member of an object.
    pub is_member: bool,
    /// What the local value is.
    pub local_kind: LocalKind,
    /// The value in force.
    pub value: Val,
    /// Where it comes from.
    pub source: Option<String>,
    /// Whether it can be put back.
    pub restorable: bool,
    /// Why it is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<WireError>,
}

/// What is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CaptureResult {
    /// One for each name and member, in their order, then the focus.
    pub tokens: Vec<TokenRow>,
    /// The types.
    pub types: Vec<TypeRow>,
}

impl Primitive for CaptureParams {
    const METHOD: &'static str = "capture";
    type Result = CaptureResult;

    fn needs(&self) -> Capabilities {
        let members = if self.objects.is_empty() { Capabilities::NONE } else { Capabilities::VIEWMODEL };
        Capabilities::DESTRUCTIVE | Capabilities::SENSITIVE_READS | members
    }
}

/// What a write does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WriteKind {
    /// Sets the local value, over a binding too.
    Set,
    /// Sets the value and leaves its source as it is.
    SetCurrent,
    /// Clears the local value.
    Clear,
    /// Puts back what a token keeps.
    Restore,
    /// Sets a member of an object; needs the gate for view models.
    SetMember,
    /// Has a binding write its source.
    UpdateSource,
    /// Has a binding write its target.
    UpdateTarget,
}

/// One write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WriteOp {
    /// What it does.
    pub kind: WriteKind,
    /// The element; none for the main window, for a restore, and for a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<Handle>,
    /// The object of a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectRef>,
    /// The property or member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The new value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<NewValue>,
    /// The token of a restore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<u64>,
}

/// Writes, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WriteParams {
    /// The writes, at most [`WriteParams::OP_CAP`].
    pub ops: Vec<WriteOp>,
    /// Whether what was there is kept, under a token of each answer.
    #[serde(default)]
    pub keep: bool,
    /// Whether the first that fails is the last that is tried.
    #[serde(default)]
    pub stop_on_error: bool,
    /// Characters of a text, at most [`super::WalkParams::TEXT_CAP`].
    pub text: u32,
}

impl WriteParams {
    /// Writes of a request.
    pub const OP_CAP: usize = 100;
}

/// What one write did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WriteRow {
    /// Whether it was done.
    pub done: bool,
    /// The value in force before.
    pub before: Option<Val>,
    /// Where it came from.
    pub before_source: Option<String>,
    /// What the local value was.
    pub before_kind: Option<LocalKind>,
    /// The local value before, where it was a value.
    pub before_local: Option<Val>,
    /// The value in force after.
    pub after: Option<Val>,
    /// Where it comes from.
    pub after_source: Option<String>,
    /// What the local value is now.
    pub after_kind: Option<LocalKind>,
    /// The type of the property or member.
    pub ty: Option<u32>,
    /// The type of the object whose member was set.
    pub object_ty: Option<u32>,
    /// Whether that object tells of changes.
    pub notifies: Option<bool>,
    /// What was there, where it was to be kept.
    pub token: Option<u64>,
    /// Of a restore: whether the very object that was kept is there again.
    pub same_object: Option<bool>,
    /// Why it was not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<WireError>,
}

/// What the writes did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WriteResult {
    /// One for each write that was tried, in their order.
    pub rows: Vec<WriteRow>,
    /// The types.
    pub types: Vec<TypeRow>,
}

impl Primitive for WriteParams {
    const METHOD: &'static str = "write";
    type Result = WriteResult;

    fn needs(&self) -> Capabilities {
        let updates = |op: &WriteOp| matches!(op.kind, WriteKind::UpdateSource | WriteKind::UpdateTarget);
        let member = self.ops.iter().any(|op| op.kind == WriteKind::SetMember);
        let reads = self.ops.iter().any(|op| !updates(op) && op.kind != WriteKind::SetMember);
        let mut needed = Capabilities::DESTRUCTIVE;
        if reads {
            needed = needed | Capabilities::SENSITIVE_READS;
        }
        if member {
            needed = needed | Capabilities::VIEWMODEL;
        }
        needed
    }
}
