//! Acting on elements, laying them out, drawing them, and marking them on the screen.

use super::{Primitive, TypeRow};
use crate::{Capabilities, Handle, NewValue, Val};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is done to an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ActKind {
    /// What a click does: the control's own way, then its automation peer's.
    Click,
    /// Gives it the keyboard.
    Focus,
    /// Brings it into view.
    ScrollIntoView,
    /// Makes the container of the item at `index`, and brings it into view.
    RealizeItem,
    /// Expands it.
    Expand,
    /// Collapses it.
    Collapse,
    /// Selects it.
    Select,
    /// Sets the text of an editable control, as its automation peer does.
    SetText,
    /// A key of WPF's `Key`, with `modifiers`, through the input manager.
    Key,
    /// Text, through WPF's text input.
    Text,
    /// Drags it onto `target`, by events.
    Drag,
    /// Raises the routed event `name`.
    Raise,
    /// Executes the command `name` of its data context; needs the gate for view models.
    Command,
    /// Closes a window.
    Close,
}

/// Acts on an element.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ActParams {
    /// The element; none for the main window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<Handle>,
    /// What is done.
    pub kind: ActKind,
    /// The event, the command, or the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The text, or the data of a drag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The format of a drag's data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The parameter of a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<NewValue>,
    /// `Control`, `Shift`, `Alt`, `Windows`.
    #[serde(default)]
    pub modifiers: Vec<String>,
    /// Whether the key goes up, and not down.
    #[serde(default)]
    pub key_up: bool,
    /// The element that is dragged onto.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Handle>,
    /// The position of the item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
    /// How long the act is waited for before the answer is `running`, at most [`ActParams::GRACE_CAP_MS`].
    pub grace_ms: u32,
}

impl ActParams {
    /// The most that an act is waited for.
    pub const GRACE_CAP_MS: u32 = 5_000;
    /// Effects of an answer.
    pub const EFFECT_CAP: usize = 32;
}

/// How an act stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ActState {
    /// It was done.
    Done,
    /// It is not done yet, as a modal window keeps it, or it takes long.
    Running,
}

/// The element that has the keyboard, and what of the application an act changed that can be told without reading it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ActResult {
    /// How it stands.
    pub state: ActState,
    /// The number of the operation that runs; an event `opDone` tells its end.
    pub op: Option<u64>,
    /// The means: `OnClick`, `InvokePattern`, `TogglePattern`, `RaiseEvent`, `BringIntoView`, ….
    pub used: String,
    /// The element's type.
    pub ty: u32,
    /// The type of what was dragged onto.
    pub target_ty: Option<u32>,
    /// The container that [`ActKind::RealizeItem`] made.
    pub item: Option<Handle>,
    /// What had the keyboard before.
    pub focus_before: Option<Handle>,
    /// What has it now.
    pub focus_after: Option<Handle>,
    /// The type of what has it now.
    pub focus_ty: Option<u32>,
    /// Windows and popups that came.
    pub roots_new: Vec<Handle>,
    /// How many windows and popups went.
    pub roots_gone: u32,
    /// What else the means itself told: `checked`, `expanded`, `selected`, `handled`, `textChanged`, `canExecute`,
    /// `hasDropHandler`, ….
    pub effects: Vec<ActEffect>,
    /// The types.
    pub types: Vec<TypeRow>,
}

/// One thing that an act told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ActEffect {
    /// What.
    pub name: String,
    /// Before the act; none where it was not known.
    pub before: Option<bool>,
    /// After it.
    pub after: Option<bool>,
}

impl Primitive for ActParams {
    const METHOD: &'static str = "act";
    type Result = ActResult;

    fn needs(&self) -> Capabilities {
        let command = if self.kind == ActKind::Command { Capabilities::VIEWMODEL } else { Capabilities::NONE };
        Capabilities::DESTRUCTIVE | command
    }
}

/// Lays an element out again, and tells how long that took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LayoutParams {
    /// The element; none for the main window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<Handle>,
    /// `InvalidateMeasure`.
    #[serde(default)]
    pub measure: bool,
    /// `InvalidateArrange`.
    #[serde(default)]
    pub arrange: bool,
    /// `InvalidateVisual`.
    #[serde(default)]
    pub visual: bool,
    /// How often, at most [`LayoutParams::REPEAT_CAP`].
    pub repeat: u32,
}

impl LayoutParams {
    /// Times in one request.
    pub const REPEAT_CAP: u32 = 10;
}

/// How long it took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LayoutResult {
    /// The element's type.
    pub ty: u32,
    /// Milliseconds of each time.
    pub ms: Vec<f64>,
    /// `IsMeasureValid` after.
    pub measure_valid: bool,
    /// `IsArrangeValid` after.
    pub arrange_valid: bool,
    /// The types.
    pub types: Vec<TypeRow>,
}

impl Primitive for LayoutParams {
    const METHOD: &'static str = "layout";
    type Result = LayoutResult;

    fn needs(&self) -> Capabilities {
        Capabilities::DESTRUCTIVE
    }
}

/// Draws an element into pixels. They come as a blob, top row first, four bytes a pixel: blue, green, red, alpha.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RenderParams {
    /// The element; none for the main window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<Handle>,
    /// Pixels for one unit of the element, at most [`RenderParams::SCALE_CAP`]; none for what the screen has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
    /// Whether the size alone is wanted.
    #[serde(default)]
    pub size_only: bool,
    /// Whether adorners over it are drawn too.
    #[serde(default)]
    pub adorners: bool,
}

impl RenderParams {
    /// Pixels for one unit.
    pub const SCALE_CAP: u32 = 4;
    /// Pixels of a picture.
    pub const PIXEL_CAP: u32 = 16_000_000;
}

/// A picture without its pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RenderResult {
    /// The element's type.
    pub ty: u32,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// The element's size in its own units.
    pub size: [f64; 2],
    /// Where it lies on the screen, in physical pixels; none where it is not shown.
    pub bounds: Option<[f64; 4]>,
    /// How many parts another technology draws, which are missing in the picture.
    pub airspace: u32,
    /// Whether popups are open, which are pictures of their own.
    pub has_popups: bool,
    /// Whether secrets were covered.
    pub covered: u32,
    /// The types.
    pub types: Vec<TypeRow>,
}

impl Primitive for RenderParams {
    const METHOD: &'static str = "render";
    type Result = RenderResult;

    fn needs(&self) -> Capabilities {
        Capabilities::SCREENSHOTS
    }
}

/// Marks an element on the screen, or takes every mark away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdornParams {
    /// The element; none takes every mark away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<Handle>,
    /// The colour as XAML writes it.
    pub color: String,
    /// How long, at most [`AdornParams::TIME_CAP_MS`].
    pub ms: u32,
}

impl AdornParams {
    /// The longest that a mark stays.
    pub const TIME_CAP_MS: u32 = 300_000;
    /// Marks at once.
    pub const CAP: usize = 128;
}

/// How it was marked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdornResult {
    /// `adorner` or `popup`; none when marks were taken away.
    pub surface: Option<String>,
    /// The element's type.
    pub ty: Option<u32>,
    /// Marks on the screen now.
    pub marks: u32,
    /// The types.
    pub types: Vec<TypeRow>,
}

impl Primitive for AdornParams {
    const METHOD: &'static str = "adorn";
    type Result = AdornResult;

    fn needs(&self) -> Capabilities {
        Capabilities::DESTRUCTIVE
    }
}

/// A kind of check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Check {
    /// Bindings to plain properties, which the type's descriptor keeps alive.
    BindingLeaks,
    /// Freezables that are not frozen.
    Freezables,
    /// Items controls that make a container for every item.
    Virtualization,
    /// References to dynamic resources that find nothing.
    DynamicResources,
}

/// Runs checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DiagParams {
    /// Which.
    pub checks: Vec<Check>,
    /// Whether memory is collected first; needs the gate for destructive work.
    #[serde(default)]
    pub collect: bool,
    /// Elements that are looked at, at most [`super::WalkParams::VISIT_CAP`].
    pub visit: u32,
    /// Rows of the answer, at most [`DiagParams::ROW_CAP`].
    pub max: u32,
}

impl DiagParams {
    /// Rows of an answer.
    pub const ROW_CAP: u32 = 500;
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DiagRow {
    /// Which check.
    pub check: Check,
    /// The element, where it is one.
    pub handle: Option<Handle>,
    /// The type that it is about.
    pub ty: Option<u32>,
    /// The property or key that it is about.
    pub name: Option<String>,
    /// How many.
    pub count: u32,
    /// How many of them nothing else keeps alive any more: those that leak.
    pub dead: u32,
    /// A value that explains it.
    pub value: Option<Val>,
}

/// What the checks found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DiagResult {
    /// The rows.
    pub rows: Vec<DiagRow>,
    /// Rows that were left out.
    pub cut: u32,
    /// Bindings that are alive, where leaks were looked for.
    pub alive: u32,
    /// Elements that were looked at.
    pub visited: u32,
    /// Whether elements were left out.
    pub cut_visits: bool,
    /// Checks that this runtime does not let be made.
    pub unsupported: Vec<Check>,
    /// The types.
    pub types: Vec<TypeRow>,
}

impl Primitive for DiagParams {
    const METHOD: &'static str = "diag";
    type Result = DiagResult;

    fn needs(&self) -> Capabilities {
        let collect = if self.collect { Capabilities::DESTRUCTIVE } else { Capabilities::NONE };
        Capabilities::SENSITIVE_READS | collect
    }
}
