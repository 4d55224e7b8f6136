//! Dependency properties of elements: values, where they come from, and what is declared of them.

use super::{Primitive, TypeRow};
use crate::{Capabilities, Handle, Val, WireError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which properties of an element besides those that are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PropertySet {
    /// Those with a local value.
    Local,
    /// All that its type has.
    All,
}

/// The properties of one element.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PropsItem {
    /// The element.
    pub handle: Handle,
    /// Names: `Width`, `Grid.Row`, `System.Windows.Controls.Grid.Row`; at most [`PropsParams::NAME_CAP`].
    #[serde(default)]
    pub names: Vec<String>,
    /// A set besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<PropertySet>,
}

/// Reads properties.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PropsParams {
    /// Of which elements, at most [`PropsParams::ITEM_CAP`].
    pub items: Vec<PropsItem>,
    /// Whether what is declared of each property is told.
    #[serde(default)]
    pub meta: bool,
    /// Whether values come with handles of the objects that they are.
    #[serde(default)]
    pub handles: bool,
    /// Characters of a text, at most [`super::WalkParams::TEXT_CAP`].
    pub text: u32,
    /// Characters of each text before those that are told. As all counts of characters here, in units of UTF-16.
    #[serde(default, skip_serializing_if = "super::is_zero")]
    pub text_from: u32,
}

impl PropsParams {
    /// Elements of a request.
    pub const ITEM_CAP: usize = 100;
    /// Names of an element.
    pub const NAME_CAP: usize = 256;
    /// Rows of an answer.
    pub const ROW_CAP: usize = 5_000;
}

/// What is declared of a property for a type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PropertyMeta {
    /// Its default value.
    pub default: Val,
    /// The type of its values.
    pub ty: u32,
    /// The type that declares it.
    pub owner: u32,
    /// Whether it cannot be written.
    pub is_read_only: bool,
    /// Whether it was registered as attached.
    pub is_attached: bool,
    /// Whether a value can be coerced.
    pub coerces: bool,
    /// Whether a change is told to its owner.
    pub notifies: bool,
    /// Whether a change measures again.
    pub affects_measure: bool,
    /// Whether a change arranges again.
    pub affects_arrange: bool,
    /// Whether a change draws again.
    pub affects_render: bool,
    /// Whether children inherit it.
    pub inherits: bool,
    /// Whether it can be bound.
    pub can_bind: bool,
    /// Whether it binds both ways unless the binding says otherwise.
    pub binds_two_way: bool,
}

/// One property of one element.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PropRow {
    /// Its name, with the owner before it where it is attached.
    pub name: String,
    /// The value in force.
    pub value: Val,
    /// `BaseValueSource` by its name.
    pub source: String,
    /// Whether an expression makes it.
    pub is_expression: bool,
    /// Whether it is being animated.
    pub is_animated: bool,
    /// Whether it was coerced.
    pub is_coerced: bool,
    /// Whether it was set by `SetCurrentValue`.
    pub is_current: bool,
    /// The local value, where there is one: of an expression its kind as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<Val>,
    /// What the local value is.
    pub local_kind: LocalKind,
    /// What is declared of it, where that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<PropertyMeta>,
}

/// What a local value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LocalKind {
    /// There is none.
    Unset,
    /// A value.
    Value,
    /// A `BindingExpression`.
    Binding,
    /// A `MultiBindingExpression`.
    MultiBinding,
    /// A `PriorityBindingExpression`.
    PriorityBinding,
    /// A reference to a dynamic resource.
    DynamicResource,
    /// Another expression.
    Expression,
}

/// The properties of one element, or why there are none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PropsRows {
    /// The element.
    pub handle: Handle,
    /// The rows, those by name in the order of the names.
    pub rows: Vec<PropRow>,
    /// Names that it has no property for, each with why.
    pub missing: Vec<MissingProperty>,
    /// Why there are no rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<WireError>,
}

/// A name without a property.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MissingProperty {
    /// The name.
    pub name: String,
    /// Names that were perhaps meant, or that the name fits equally well.
    pub candidates: Vec<String>,
    /// Whether the name fits several.
    pub ambiguous: bool,
}

/// The properties.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PropsResult {
    /// One for each item, in their order.
    pub items: Vec<PropsRows>,
    /// Rows that were left out.
    pub cut: u32,
    /// The types.
    pub types: Vec<TypeRow>,
}

impl Primitive for PropsParams {
    const METHOD: &'static str = "props";
    type Result = PropsResult;

    fn needs(&self) -> Capabilities {
        Capabilities::SENSITIVE_READS
    }
}
