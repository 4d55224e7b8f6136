//! Types, and the objects behind elements: view models.

use super::{Primitive, TypeRow};
use crate::{Capabilities, Handle, Val};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Asks what types are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DescribeParams {
    /// Of which elements, at most [`super::PropsParams::ITEM_CAP`].
    #[serde(default)]
    pub handles: Vec<Handle>,
    /// Whether their dependency properties are listed.
    #[serde(default)]
    pub properties: bool,
    /// Whether their routed events are listed.
    #[serde(default)]
    pub events: bool,
}

/// A routed event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventRow {
    /// Its name.
    pub name: String,
    /// The type that declares it.
    pub owner: String,
    /// `Bubble`, `Tunnel` or `Direct`.
    pub strategy: String,
}

/// One type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TypeFacts {
    /// Which.
    pub ty: u32,
    /// Its assembly's name and version.
    pub assembly: String,
    /// What it derives from, the nearest first, by full names.
    pub bases: Vec<String>,
    /// Its dependency properties by name, at most [`DescribeParams::ROW_CAP`].
    pub properties: Vec<String>,
    /// Its routed events, at most [`DescribeParams::ROW_CAP`].
    pub events: Vec<EventRow>,
}

impl DescribeParams {
    /// Rows of any list of a type.
    pub const ROW_CAP: usize = 1_000;
}

/// The types.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DescribeResult {
    /// One for each element, in their order; none for one that is gone.
    pub items: Vec<Option<TypeFacts>>,
    /// The types.
    pub types: Vec<TypeRow>,
}

impl Primitive for DescribeParams {
    const METHOD: &'static str = "describe";
    type Result = DescribeResult;

    fn needs(&self) -> Capabilities {
        Capabilities::SENSITIVE_READS
    }
}

/// An object: an element's data context, or what lies behind a handle, and the way from there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectRef {
    /// The element or object; none for the main window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<Handle>,
    /// Whether the element's data context is meant, and not the element.
    #[serde(default)]
    pub data_context: bool,
    /// Names of properties to follow, at most [`ObjectParams::PATH_CAP`].
    #[serde(default)]
    pub path: Vec<String>,
}

/// Asks for the members of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectParams {
    /// Which.
    pub object: ObjectRef,
    /// Members; none for all public ones.
    #[serde(default)]
    pub members: Vec<String>,
    /// Whether commands alone count.
    #[serde(default)]
    pub commands: bool,
    /// Members of the answer, at most [`ObjectParams::MEMBER_CAP`].
    pub max: u32,
    /// Items of a collection that are told, at most [`ObjectParams::ITEM_CAP`].
    #[serde(default)]
    pub items: u32,
    /// Characters of a text, at most [`super::WalkParams::TEXT_CAP`].
    pub text: u32,
}

impl ObjectParams {
    /// Names of a path.
    pub const PATH_CAP: usize = 8;
    /// Members of an answer.
    pub const MEMBER_CAP: u32 = 500;
    /// Items of a collection.
    pub const ITEM_CAP: u32 = 200;
}

/// One public property of an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MemberRow {
    /// Its name.
    pub name: String,
    /// Its declared type.
    pub ty: u32,
    /// Whether it can be read.
    pub can_read: bool,
    /// Whether it can be written.
    pub can_write: bool,
    /// Its value; one that threw is of kind `error`.
    pub value: Val,
    /// Whether it is a command.
    pub is_command: bool,
    /// `CanExecute` without a parameter, of a command; none where asking threw.
    pub can_execute: Option<bool>,
    /// Milliseconds that reading took, where it took long.
    pub slow_ms: Option<u32>,
}

/// An object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectResult {
    /// The object itself.
    pub value: Val,
    /// Its type; none for null.
    pub ty: Option<u32>,
    /// Whether it tells of changes of its properties.
    pub notifies: bool,
    /// Whether it tells of errors.
    pub tells_errors: bool,
    /// Its members.
    pub members: Vec<MemberRow>,
    /// Members that were left out.
    pub cut: u32,
    /// Names that it has no member for.
    pub missing: Vec<String>,
    /// Of a collection: how many, where that is known without walking.
    pub count: Option<u32>,
    /// Of a collection: the first items.
    pub items: Vec<Val>,
    /// The types.
    pub types: Vec<TypeRow>,
}

impl Primitive for ObjectParams {
    const METHOD: &'static str = "object";
    type Result = ObjectResult;

    fn needs(&self) -> Capabilities {
        Capabilities::VIEWMODEL
    }
}
