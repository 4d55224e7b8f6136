//! Bindings, and the dictionaries that a resource is looked up in.

use super::{Primitive, TypeRow};
use crate::{Capabilities, Handle, Val};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Asks for bindings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BindingsParams {
    /// Of which elements, at most [`super::WalkParams::FROM_CAP`]; none for the main window.
    #[serde(default)]
    pub from: Vec<Handle>,
    /// Whether their descendants count.
    #[serde(default)]
    pub recursive: bool,
    /// Whether elements count that a template made.
    #[serde(default)]
    pub templates: bool,
    /// Properties; none for all.
    #[serde(default)]
    pub names: Vec<String>,
    /// Whether the steps of paths are resolved, with values; needs the gate for view models.
    #[serde(default)]
    pub resolve: bool,
    /// Rows of the answer, at most [`BindingsParams::ROW_CAP`].
    pub max: u32,
    /// Elements that are looked at, at most [`super::WalkParams::VISIT_CAP`].
    pub visit: u32,
    /// Characters of a text, at most [`super::WalkParams::TEXT_CAP`].
    pub text: u32,
}

impl BindingsParams {
    /// Rows of an answer.
    pub const ROW_CAP: u32 = 5_000;
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PathStep {
    /// The name of the step.
    pub name: String,
    /// The declared type of the property, where there is one.
    pub ty: Option<u32>,
    /// The value, where values were asked for.
    pub value: Option<Val>,
    /// Whether the object has such a property.
    pub ok: bool,
}

/// Where a binding takes its source from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum BindingSource {
    /// The data context.
    DataContext,
    /// `ElementName`.
    ElementName,
    /// `RelativeSource`.
    RelativeSource,
    /// `Source`.
    Source,
    /// The parent of the template.
    TemplatedParent,
    /// Several, each with its own.
    Several,
}

/// One binding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BindingRow {
    /// The element.
    pub handle: Handle,
    /// The element's type.
    pub ty: u32,
    /// The element's name.
    pub name: Option<String>,
    /// Whether a template made the element.
    pub is_template_part: bool,
    /// The property that is bound.
    pub property: String,
    /// The type of the property.
    pub property_ty: u32,
    /// `Binding`, `MultiBinding`, `PriorityBinding` or `TemplateBinding`.
    pub kind: String,
    /// The path; of several the first.
    pub path: Option<String>,
    /// `BindingMode` in force.
    pub mode: String,
    /// `UpdateSourceTrigger` in force.
    pub trigger: String,
    /// `BindingStatus`.
    pub status: String,
    /// Whether validation found an error.
    pub has_error: bool,
    /// The type of the converter.
    pub converter: Option<String>,
    /// `StringFormat`.
    pub format: Option<String>,
    /// `FallbackValue`, where one is set.
    pub fallback: Option<Val>,
    /// `TargetNullValue`, where one is set.
    pub null_value: Option<Val>,
    /// Where it takes its source from.
    pub source: BindingSource,
    /// The element name or relative source, as XAML writes it.
    pub source_text: Option<String>,
    /// The type of the object that it is bound to.
    pub source_ty: Option<u32>,
    /// That object, where it is an element.
    pub source_handle: Option<Handle>,
    /// The steps of the path. Without values unless they were asked for.
    pub steps: Vec<PathStep>,
    /// The target's value now.
    pub value: Val,
    /// The bindings that it is made of.
    pub parts: Vec<BindingRow>,
}

/// The bindings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BindingsResult {
    /// The rows.
    pub rows: Vec<BindingRow>,
    /// Elements that were looked at.
    pub visited: u32,
    /// Whether elements were left out.
    pub cut_visits: bool,
    /// Rows that were left out.
    pub cut_rows: u32,
    /// The types.
    pub types: Vec<TypeRow>,
}

impl Primitive for BindingsParams {
    const METHOD: &'static str = "bindings";
    type Result = BindingsResult;

    fn needs(&self) -> Capabilities {
        let values = if self.resolve { Capabilities::VIEWMODEL } else { Capabilities::NONE };
        Capabilities::SENSITIVE_READS | values
    }
}

/// Looks a resource up, from an element outwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourceParams {
    /// The element; none for the main window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Handle>,
    /// The key as text: a string, `{x:Type Button}`, or the name of a static key such as `SystemColors.WindowBrushKey`.
    pub key: String,
    /// Characters of a text, at most [`super::WalkParams::TEXT_CAP`].
    pub text: u32,
}

/// Where a resource was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ResourceLevel {
    /// An element's own dictionary.
    Element,
    /// The application's.
    Application,
    /// The theme of the assembly of a type.
    Theme,
    /// The system's.
    System,
}

/// A place where the resource is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourceRow {
    /// Which level.
    pub level: ResourceLevel,
    /// The element, where it is one.
    pub handle: Option<Handle>,
    /// Its type.
    pub ty: Option<u32>,
    /// Its name.
    pub name: Option<String>,
    /// `Source` of the dictionary that has it.
    pub uri: Option<String>,
    /// How many dictionaries it was merged through.
    pub merged: u32,
    /// The value.
    pub value: Val,
    /// Whether it is the one that the element gets.
    pub wins: bool,
}

/// Where the resource is, from the element outwards; at most [`super::FacetsParams::ROW_CAP`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourceResult {
    /// The places.
    pub rows: Vec<ResourceRow>,
    /// Dictionaries that were looked in.
    pub searched: u32,
    /// Keys that were perhaps meant.
    pub candidates: Vec<String>,
    /// The types.
    pub types: Vec<TypeRow>,
}

impl Primitive for ResourceParams {
    const METHOD: &'static str = "resource";
    type Result = ResourceResult;

    fn needs(&self) -> Capabilities {
        Capabilities::SENSITIVE_READS
    }
}
