//! Facets: raw facts of one kind about an element, as WPF's own calls give them. No judgement.

use super::{Primitive, TypeRow};
use crate::{Capabilities, Handle, Val, WireError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A kind of facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Facet {
    /// Sizes, margins, alignments, places.
    Layout,
    /// What cuts it off.
    Clip,
    /// How it scrolls, or the nearest that does.
    Scroll,
    /// Who has the keyboard.
    Focus,
    /// The command behind it.
    Command,
    /// Errors of validation.
    Validation,
    /// Its automation peer.
    Automation,
    /// The styles that it has.
    Style,
    /// The triggers of its style and templates.
    Triggers,
    /// Its templates.
    Template,
    /// The handlers of one routed event.
    Handlers,
    /// Its items.
    Items,
    /// Its data context; needs the gate for view models.
    DataContext,
}

/// Asks for facets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FacetsParams {
    /// Of which elements, at most [`FacetsParams::HANDLE_CAP`].
    pub handles: Vec<Handle>,
    /// Which.
    pub facets: Vec<Facet>,
    /// The routed event of [`Facet::Handlers`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// Whether the conditions of triggers are followed into view models; needs the gate for view models.
    #[serde(default)]
    pub resolve: bool,
    /// Characters of a text, at most [`super::WalkParams::TEXT_CAP`].
    pub text: u32,
}

impl FacetsParams {
    /// Elements of a request.
    pub const HANDLE_CAP: usize = 1_000;
    /// Rows of any list in a facet.
    pub const ROW_CAP: usize = 200;
}

/// Sizes and places, in the element's own units unless said otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LayoutFacet {
    /// `ActualWidth`, `ActualHeight`.
    pub actual: [f64; 2],
    /// `Width`, `Height`; none for NaN.
    pub wanted: [Option<f64>; 2],
    /// `MinWidth`, `MinHeight`.
    pub min: [f64; 2],
    /// `MaxWidth`, `MaxHeight`; none for infinity.
    pub max: [Option<f64>; 2],
    /// `DesiredSize`.
    pub desired: [f64; 2],
    /// `RenderSize`.
    pub render: [f64; 2],
    /// `Margin`: left, top, right, bottom.
    pub margin: [f64; 4],
    /// `Padding`, where it has one.
    pub padding: Option<[f64; 4]>,
    /// `HorizontalAlignment`, `VerticalAlignment`.
    pub alignment: [String; 2],
    /// `Visibility`.
    pub visibility: String,
    /// `Opacity`.
    pub opacity: f64,
    /// `IsMeasureValid`.
    pub measure_valid: bool,
    /// `IsArrangeValid`.
    pub arrange_valid: bool,
    /// Its place in its parent, where it has one: x, y.
    pub in_parent: Option<[f64; 2]>,
    /// Its place in its window, where it is in one: x, y, width, height.
    pub in_window: Option<[f64; 4]>,
    /// Its place on the screen in physical pixels, where it is shown: x, y, width, height.
    pub on_screen: Option<[f64; 4]>,
}

/// One element that cuts another off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClipRow {
    /// The element that cuts.
    pub handle: Handle,
    /// Its type.
    pub ty: u32,
    /// Its name.
    pub name: Option<String>,
    /// `clip`, `layoutClip`, `clipToBounds`, `viewport` or `window`.
    pub by: String,
    /// What it leaves, in the units of the window: x, y, width, height.
    pub leaves: [f64; 4],
}

/// What cuts an element off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClipFacet {
    /// The element's own bounds in its window: x, y, width, height; none where it has no place.
    pub bounds: Option<[f64; 4]>,
    /// `ClipToBounds`.
    pub clip_to_bounds: bool,
    /// The bounds of `VisualTreeHelper.GetClip`, in its own units.
    pub clip: Option<[f64; 4]>,
    /// The bounds of `LayoutInformation.GetLayoutClip`, in its own units.
    pub layout_clip: Option<[f64; 4]>,
    /// Itself and its ancestors that cut, from it outwards.
    pub by: Vec<ClipRow>,
}

/// A scroll viewer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScrollFacet {
    /// The `ScrollViewer`: the element, inside its template, or the nearest around it.
    pub handle: Handle,
    /// Whether it is an ancestor of the element.
    pub is_ancestor: bool,
    /// `ExtentWidth`, `ExtentHeight`.
    pub extent: [f64; 2],
    /// `ViewportWidth`, `ViewportHeight`.
    pub viewport: [f64; 2],
    /// `HorizontalOffset`, `VerticalOffset`.
    pub offset: [f64; 2],
    /// `HorizontalScrollBarVisibility`, `VerticalScrollBarVisibility`.
    pub visibility: [String; 2],
    /// `ComputedHorizontalScrollBarVisibility`, `ComputedVerticalScrollBarVisibility`.
    pub computed: [String; 2],
    /// Whether it scrolls by items and not by units.
    pub by_item: bool,
}

/// Who has the keyboard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FocusFacet {
    /// `Keyboard.FocusedElement` of its thread.
    pub keyboard: Option<Handle>,
    /// Its type.
    pub keyboard_ty: Option<u32>,
    /// `FocusManager.GetFocusedElement` of its scope.
    pub logical: Option<Handle>,
    /// Its type.
    pub logical_ty: Option<u32>,
    /// The window of the element.
    pub window: Option<Handle>,
    /// Whether that window is active.
    pub window_active: bool,
    /// `IsKeyboardFocused`.
    pub has_keyboard: bool,
    /// `IsKeyboardFocusWithin`.
    pub has_keyboard_within: bool,
    /// `Focusable`.
    pub focusable: bool,
    /// `IsTabStop`, where it is a control.
    pub tab_stop: Option<bool>,
}

/// The command behind an element.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CommandFacet {
    /// The element that has it: the element, or the nearest around it.
    pub source: Handle,
    /// The type of the command.
    pub ty: u32,
    /// The name of a routed command, or the last name of the path that it is bound by.
    pub name: Option<String>,
    /// `routed`, `binding` or `none`: where the name comes from.
    pub name_from: String,
    /// `CanExecute` with its parameter; none when asking threw.
    pub can_execute: Option<bool>,
    /// The type of the parameter; none for null.
    pub parameter_ty: Option<u32>,
    /// The element that a routed command is sent to.
    pub target: Option<Handle>,
}

/// One error of validation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ValidationRow {
    /// `ErrorContent` as text.
    pub content: Val,
    /// The type of the rule.
    pub rule: Option<String>,
    /// Whether a rule of the binding found it, and not the source itself.
    pub is_rule_error: bool,
    /// The path of the binding in error.
    pub path: Option<String>,
    /// The property that is bound.
    pub property: Option<String>,
    /// The type of the exception, where one was thrown.
    pub exception: Option<String>,
}

/// An automation peer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AutomationFacet {
    /// `AutomationControlType` by its name.
    pub control_type: String,
    /// `GetName`.
    pub name: Val,
    /// `GetAutomationId`.
    pub id: String,
    /// `IsPassword`.
    pub is_password: bool,
    /// `IsOffscreen`.
    pub is_offscreen: bool,
    /// Patterns that it has: `Invoke`, `Toggle`, ….
    pub patterns: Vec<String>,
}

/// A setter of a style or trigger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetterRow {
    /// The property, or the event of an event setter.
    pub property: String,
    /// The type that declares it.
    pub owner: u32,
    /// The part of the template that it sets.
    pub target: Option<String>,
    /// Its value.
    pub value: Val,
    /// Whether it is an event setter.
    pub is_event: bool,
}

/// One style of an element.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StyleRow {
    /// `style`, `basedOn` or `theme`.
    pub role: String,
    /// How many `BasedOn` lie between it and the element's own.
    pub level: u32,
    /// `TargetType`.
    pub target: Option<u32>,
    /// `BaseValueSource` of the style, of the first one.
    pub source: String,
    /// Its key in a dictionary of resources, where one was found.
    pub key: Option<String>,
    /// Its setters.
    pub setters: Vec<SetterRow>,
    /// How many triggers it has.
    pub triggers: u32,
    /// Whether it has a `BasedOn`.
    pub has_based_on: bool,
}

/// One condition of a trigger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConditionRow {
    /// The property, of a property trigger.
    pub property: Option<String>,
    /// The part of the template whose property it is.
    pub source: Option<String>,
    /// The path, of a data trigger.
    pub path: Option<String>,
    /// The element name or relative source of the path.
    pub path_source: Option<String>,
    /// What the value must be.
    pub value: Val,
    /// What it is now; none where it could not be found out.
    pub current: Option<Val>,
    /// Whether it is met now; none where that could not be found out.
    pub met: Option<bool>,
}

/// One trigger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TriggerRow {
    /// `style`, `basedOn`, `theme`, `template` or `element`.
    pub from: String,
    /// `Trigger`, `MultiTrigger`, `DataTrigger`, `MultiDataTrigger`, `EventTrigger`.
    pub kind: String,
    /// Its conditions.
    pub conditions: Vec<ConditionRow>,
    /// Its event, of an event trigger.
    pub event: Option<String>,
    /// Its setters.
    pub setters: Vec<SetterRow>,
    /// Actions on entering and leaving.
    pub actions: u32,
}

/// The templates of an element.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TemplateFacet {
    /// `BaseValueSource` of `Template`; none for what has none.
    pub template_source: Option<String>,
    /// `TargetType` of the control template.
    pub target: Option<u32>,
    /// The root that it made.
    pub root: Option<Handle>,
    /// The element whose template made this one.
    pub parent: Option<Handle>,
    /// `ContentTemplate` or `ItemTemplate` is there.
    pub has_data_template: bool,
}

/// A handler of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HandlerRow {
    /// The type of the delegate.
    pub handler: String,
    /// The type that has the method.
    pub target: String,
    /// The method.
    pub method: String,
    /// Whether every element of a type has it.
    pub is_class: bool,
    /// Whether it wants handled events too.
    pub handled_too: bool,
}

/// The handlers of one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HandlersFacet {
    /// The event with its owner: `ButtonBase.Click`.
    pub event: String,
    /// Its strategy.
    pub strategy: String,
    /// The handlers.
    pub handlers: Vec<HandlerRow>,
    /// Whether this runtime lets them be listed.
    pub supported: bool,
}

/// The items of an items control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ItemsFacet {
    /// How many.
    pub count: u32,
    /// How many have a container now.
    pub realized: u32,
    /// Whether it virtualises.
    pub virtualizing: bool,
    /// The positions that are selected, at most [`FacetsParams::ROW_CAP`].
    pub selected: Vec<u32>,
}

/// A data context.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DataContextFacet {
    /// The object.
    pub value: Val,
    /// `BaseValueSource` of the property.
    pub source: String,
    /// Whether it is the same object as the parent's.
    pub is_inherited: bool,
    /// Whether it tells of changes of its properties.
    pub notifies: bool,
}

/// The facets of one element: those that were asked for and that it has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FacetsRow {
    /// The element.
    pub handle: Handle,
    /// Its type.
    pub ty: Option<u32>,
    /// See [`Facet::Layout`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<LayoutFacet>,
    /// See [`Facet::Clip`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<ClipFacet>,
    /// See [`Facet::Scroll`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scroll: Option<ScrollFacet>,
    /// See [`Facet::Focus`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub focus: Option<FocusFacet>,
    /// See [`Facet::Command`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandFacet>,
    /// See [`Facet::Validation`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Vec<ValidationRow>>,
    /// See [`Facet::Automation`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automation: Option<AutomationFacet>,
    /// See [`Facet::Style`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub style: Option<Vec<StyleRow>>,
    /// See [`Facet::Triggers`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub triggers: Option<Vec<TriggerRow>>,
    /// See [`Facet::Template`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateFacet>,
    /// See [`Facet::Handlers`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handlers: Option<HandlersFacet>,
    /// See [`Facet::Items`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<ItemsFacet>,
    /// See [`Facet::DataContext`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_context: Option<DataContextFacet>,
    /// Why there are no facets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<WireError>,
}

/// The facets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FacetsResult {
    /// One for each element, in their order.
    pub items: Vec<FacetsRow>,
    /// The types.
    pub types: Vec<TypeRow>,
}

impl Primitive for FacetsParams {
    const METHOD: &'static str = "facets";
    type Result = FacetsResult;

    fn needs(&self) -> Capabilities {
        let context = self.resolve || self.facets.contains(&Facet::DataContext);
        let other = self.facets.iter().any(|facet| *facet != Facet::DataContext) || self.facets.is_empty();
        let reads = if other { Capabilities::SENSITIVE_READS } else { Capabilities::NONE };
        reads | if context { Capabilities::VIEWMODEL } else { Capabilities::NONE }
    }
}
