//! Things that happen in an application, told once they were asked for. An event carries its number, so that none is lost
//! unnoticed and none is read twice.

use super::{Primitive, TypeRow};
use crate::{Capabilities, Handle, Val};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum EventKind {
    /// The value of a dependency property changed.
    Property,
    /// A routed event came by.
    Routed,
    /// A binding failed.
    Binding,
    /// An error of validation came or went.
    Validation,
    /// A property of a view model changed; needs the gate for view models.
    Member,
    /// A frame was drawn.
    Frame,
    /// Code of the application threw on a dispatcher's thread.
    Exception,
    /// An act that was `running` has ended.
    OpDone,
}

/// Asks to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubscribeParams {
    /// Of what. `OpDone` is always told.
    pub kind: EventKind,
    /// The element; none for the main window, and for what belongs to no element.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<Handle>,
    /// Properties, members or routed events, at most [`SubscribeParams::NAME_CAP`].
    #[serde(default)]
    pub names: Vec<String>,
    /// Whether routed events count that were handled.
    #[serde(default)]
    pub handled_too: bool,
    /// Whether the preview twin of a routed event, and the window of the element, are listened at too.
    #[serde(default)]
    pub with_preview: bool,
    /// Events that are kept, at most [`SubscribeParams::RING_CAP`]; the oldest go.
    pub ring: u32,
    /// After how long it ends by itself, at most [`SubscribeParams::TTL_CAP_MS`].
    pub ttl_ms: u32,
}

impl SubscribeParams {
    /// Names of a subscription.
    pub const NAME_CAP: usize = 32;
    /// Events that are kept.
    pub const RING_CAP: u32 = 4_096;
    /// How long a subscription lives.
    pub const TTL_CAP_MS: u32 = 30 * 60 * 1000;
    /// Subscriptions of a session.
    pub const SESSION_CAP: usize = 256;
    /// Events that are sent in a second, of one subscription; more are counted and kept in the ring.
    pub const SECOND_CAP: u32 = 1_000;
}

/// A subscription.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubscribeResult {
    /// Its number.
    pub subscription: u64,
    /// The element that is listened at.
    pub handle: Option<Handle>,
    /// Hooks that it has in the application.
    pub hooks: u32,
    /// The values of the properties as the listening began, in the order of the names.
    pub values: Vec<Val>,
    /// Where those come from.
    pub sources: Vec<String>,
    /// The types.
    pub types: Vec<TypeRow>,
}

impl Primitive for SubscribeParams {
    const METHOD: &'static str = "subscribe";
    type Result = SubscribeResult;

    fn needs(&self) -> Capabilities {
        match self.kind {
            EventKind::Member => Capabilities::VIEWMODEL,
            _ => Capabilities::SENSITIVE_READS,
        }
    }
}

/// Ends subscriptions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UnsubscribeParams {
    /// Which; none for all.
    #[serde(default)]
    pub subscriptions: Vec<u64>,
}

/// What ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UnsubscribeResult {
    /// Hooks that were removed.
    pub removed: u32,
    /// Hooks that go when their thread answers again.
    pub left: u32,
}

impl Primitive for UnsubscribeParams {
    const METHOD: &'static str = "unsubscribe";
    type Result = UnsubscribeResult;

    fn needs(&self) -> Capabilities {
        Capabilities::NONE
    }
}

/// Reads what was kept. Reading takes nothing away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventsParams {
    /// Of which subscriptions; none for all.
    #[serde(default)]
    pub subscriptions: Vec<u64>,
    /// Those after this number.
    pub after: u64,
    /// At most [`EventsParams::CAP`].
    pub max: u32,
}

impl EventsParams {
    /// Events of an answer.
    pub const CAP: u32 = 1_000;
}

/// What was kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventsResult {
    /// The events, the oldest first.
    pub events: Vec<Event>,
    /// Events after `after` that were not kept.
    pub dropped: u32,
    /// How many more there are.
    pub more: u32,
    /// The types.
    pub types: Vec<TypeRow>,
}

impl Primitive for EventsParams {
    const METHOD: &'static str = "events";
    type Result = EventsResult;

    fn needs(&self) -> Capabilities {
        Capabilities::SENSITIVE_READS
    }
}

/// Something that happened. Which fields are there depends on its kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Event {
    /// Its number in the session.
    pub seq: u64,
    /// The subscription; 0 for `opDone`.
    pub subscription: u64,
    /// What it is.
    pub kind: EventKind,
    /// When, in 100 ns units since 1601.
    pub at: u64,
    /// The element that it happened at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<Handle>,
    /// The type of that element, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub type_name: Option<String>,
    /// The name of that element.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub element_name: Option<String>,
    /// The property, member, routed event or exception.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The new value; of a binding the path; of an error of validation its content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Val>,
    /// The strategy of a routed event; the source of a property's value; the trouble of a binding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Whether a routed event was handled; whether an error of validation came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag: Option<bool>,
    /// The type of the original source of a routed event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_type: Option<String>,
    /// The operation that ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub op: Option<u64>,
    /// Milliseconds since the frame before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame_ms: Option<f64>,
}
