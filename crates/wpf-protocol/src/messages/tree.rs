//! Walking trees of elements, with a small search that spares the server thousands of nodes.

use super::{Primitive, TypeRow};
use crate::{Capabilities, Handle, Val};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which way a walk goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Axis {
    /// Down the visual tree.
    Visual,
    /// Down the logical tree.
    Logical,
    /// Down the visual tree, as far as the element's own template made it.
    Template,
    /// Up the visual tree, and on by the logical parent where that ends; the element itself first.
    Ancestors,
    /// Up the logical tree; the element itself first.
    LogicalAncestors,
    /// The containers of an items control that exist now.
    Items,
}

/// What a node tells besides its handle, type and place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum NodeField {
    /// Its name, automation id and automation name.
    Names,
    /// Its flags.
    Flags,
    /// Where it lies.
    Bounds,
    /// The text that it shows: of a text element, or of content that is text.
    Text,
}

/// Walks a tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WalkParams {
    /// Where it begins, at most [`WalkParams::FROM_CAP`]; none for the main window, or the first root where there is none.
    #[serde(default)]
    pub from: Vec<Handle>,
    /// Which way.
    pub axis: Axis,
    /// Levels below the beginning, at most [`WalkParams::DEPTH_CAP`].
    pub depth: u32,
    /// Nodes of the answer, at most [`WalkParams::NODE_CAP`].
    pub max: u32,
    /// Children of one node, at most [`WalkParams::CHILD_CAP`].
    pub max_children: u32,
    /// What nodes tell.
    #[serde(default)]
    pub fields: Vec<NodeField>,
    /// Properties whose values nodes tell, at most [`WalkParams::PROPS_CAP`].
    #[serde(default)]
    pub props: Vec<String>,
    /// Which nodes are wanted; without it all that are met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub find: Option<Find>,
    /// Elements that are looked at, at most [`WalkParams::VISIT_CAP`].
    pub visit: u32,
    /// How long it may take on the application's thread, at most [`WalkParams::TIME_CAP_MS`].
    pub ms: u32,
    /// Characters of a text, at most [`WalkParams::TEXT_CAP`].
    pub text: u32,
}

impl WalkParams {
    /// Beginnings.
    pub const FROM_CAP: usize = 100;
    /// Levels.
    pub const DEPTH_CAP: u32 = 256;
    /// Nodes of an answer.
    pub const NODE_CAP: u32 = 10_000;
    /// Children of a node.
    pub const CHILD_CAP: u32 = 10_000;
    /// Properties of a node.
    pub const PROPS_CAP: usize = 32;
    /// Elements that are looked at.
    pub const VISIT_CAP: u32 = 50_000;
    /// Milliseconds on the application's thread, all turns together.
    pub const TIME_CAP_MS: u32 = 2_000;
    /// Characters of a text.
    pub const TEXT_CAP: u32 = 8_192;
}

/// Which nodes are wanted: those that meet all that is said. Texts are compared without regard to case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Find {
    /// Types by their own or full names: one of them.
    #[serde(default)]
    pub types: Vec<String>,
    /// Whether a type that derives from one of `types` counts.
    #[serde(default)]
    pub derived: bool,
    /// `x:Name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `AutomationProperties.AutomationId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automation_id: Option<String>,
    /// A property that the element has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub property: Option<String>,
    /// The property's value as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Any of type, names, automation id and text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// Whether a text that contains what is said counts, and not an equal one alone.
    #[serde(default)]
    pub contains: bool,
}

/// One element. Its names are short because ten thousand of them may come at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// The element; none for a plain object in a logical tree, which is told by its type alone.
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<Handle>,
    /// The position of its parent among the nodes; none for a beginning, and in a search.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u32>,
    /// Levels below the beginning.
    #[serde(rename = "d")]
    pub depth: u32,
    /// Its type.
    #[serde(rename = "ty")]
    pub ty: u32,
    /// Its children that there are, listed or not.
    #[serde(rename = "cc")]
    pub children: u32,
    /// Its children that are not listed.
    #[serde(rename = "om", default, skip_serializing_if = "is_zero")]
    pub omitted: u32,
    /// `x:Name`.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `AutomationProperties.AutomationId`.
    #[serde(rename = "aid", default, skip_serializing_if = "Option::is_none")]
    pub automation_id: Option<String>,
    /// `AutomationProperties.Name`.
    #[serde(rename = "an", default, skip_serializing_if = "Option::is_none")]
    pub automation_name: Option<String>,
    /// See [`NodeFlags`].
    #[serde(rename = "fl", default, skip_serializing_if = "is_zero")]
    pub flags: u32,
    /// Where it lies, in physical pixels of the screen: x, y, width, height.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub bounds: Option<[f64; 4]>,
    /// The text that it shows.
    #[serde(rename = "tx", default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The values of the asked properties, in their order; none for one that it does not have.
    #[serde(rename = "pv", default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Option<Val>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
pub(super) fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// The bits of a node's flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeFlags(pub u32);

impl NodeFlags {
    /// `IsVisible`.
    pub const VISIBLE: u32 = 1;
    /// `IsEnabled`.
    pub const ENABLED: u32 = 2;
    /// `IsLoaded`.
    pub const LOADED: u32 = 4;
    /// `Focusable`.
    pub const FOCUSABLE: u32 = 8;
    /// `IsHitTestVisible`.
    pub const HIT_TEST: u32 = 16;
    /// A template made it.
    pub const TEMPLATE_PART: u32 = 32;
    /// It stands for an item of an items control.
    pub const ITEM_CONTAINER: u32 = 64;
    /// It has a name scope of its own.
    pub const NAME_SCOPE: u32 = 128;
    /// It has the keyboard.
    pub const FOCUSED: u32 = 256;
    /// What it shows is a secret.
    pub const SECRET: u32 = 512;

    /// Whether all of these bits are set.
    pub fn holds(self, bits: u32) -> bool {
        self.0 & bits == bits
    }
}

/// Why a walk ended before it had seen everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CutReason {
    /// Its levels.
    Depth,
    /// Its nodes.
    Nodes,
    /// The children of some node.
    Children,
    /// The elements that it may look at.
    Visits,
    /// Its time.
    Time,
    /// Its bytes.
    Bytes,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WalkResult {
    /// The nodes, each after its parent.
    pub nodes: Vec<Node>,
    /// Elements that were looked at.
    pub visited: u32,
    /// Every reason for which something was left out.
    pub cut: Vec<CutReason>,
    /// The types.
    pub types: Vec<TypeRow>,
    /// Where the one element lies that a walk of the visual axis began with, and with it all below it; none where it is in no
    /// window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Within>,
}

/// A window of the system's in which an element is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Within {
    /// The window, by its handle; never 0.
    pub hwnd: u64,
    /// Whether the element is all that the window shows.
    pub is_root: bool,
}

impl Primitive for WalkParams {
    const METHOD: &'static str = "walk";
    type Result = WalkResult;

    fn needs(&self) -> Capabilities {
        Capabilities::SENSITIVE_READS
    }
}
