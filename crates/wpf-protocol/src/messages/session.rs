//! Beginning, probing and ending a session, and the windows that an application has.

use super::{Primitive, TypeRow};
use crate::{Capabilities, Handle};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Begins the session, after both proofs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HelloParams {
    /// The first version that the server speaks.
    pub protocol_min: u16,
    /// The last version that the server speaks.
    pub protocol_max: u16,
    /// The server's build.
    pub server: String,
}

/// Who answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HelloResult {
    /// The version that is spoken from now on; none when both sides have none in common, and the session ends.
    pub protocol: Option<u16>,
    /// The first version that the inspector speaks.
    pub protocol_min: u16,
    /// The last version that the inspector speaks.
    pub protocol_max: u16,
    /// The inspector's build.
    pub build: String,
    /// The process that it runs in.
    pub process: u32,
    /// When that started, in 100 ns units since 1601.
    pub started: u64,
    /// `x64`, `x86` or `arm64`.
    pub architecture: String,
    /// The runtime: `.NET Core 3.1.2`, `.NET Framework 4.8`.
    pub runtime: String,
    /// The version of WPF's assembly.
    pub wpf: String,
    /// What this runtime has.
    pub has: InspectorHas,
    /// The application's threads with a dispatcher.
    pub dispatchers: Vec<DispatcherRow>,
}

/// Mechanisms that not every runtime has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InspectorHas {
    /// Failures of bindings are told with the binding itself.
    pub binding_diagnostics: bool,
    /// The handlers of an element can be listed.
    pub handlers: bool,
    /// Drag events can be made.
    pub drag_events: bool,
    /// Changes of the visual tree are told.
    pub tree_changes: bool,
}

/// A thread of the application that runs a dispatcher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DispatcherRow {
    /// Its number in this session.
    pub id: u32,
    /// The thread's number in the system.
    pub thread: u32,
    /// Whether it is that of `Application.Current`.
    pub is_application: bool,
}

impl Primitive for HelloParams {
    const METHOD: &'static str = "hello";
    type Result = HelloResult;

    fn needs(&self) -> Capabilities {
        Capabilities::NONE
    }
}

/// Asks every thread with a dispatcher whether it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HealthParams {
    /// How long a thread is waited for, at most [`HealthParams::PROBE_CAP_MS`].
    pub probe_ms: u32,
}

impl HealthParams {
    /// The most that a thread is waited for.
    pub const PROBE_CAP_MS: u32 = 2_000;
}

/// How the application is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HealthResult {
    /// Each thread.
    pub dispatchers: Vec<DispatcherHealth>,
    /// Handles in use.
    pub handles: u32,
    /// Tokens in use.
    pub tokens: u32,
    /// Subscriptions in use.
    pub subscriptions: u32,
    /// Hooks of every kind that the inspector has in the application now.
    pub hooks: u32,
    /// Bytes of managed memory of the process.
    pub managed_bytes: u64,
}

/// How one thread is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DispatcherHealth {
    /// Its number in this session.
    pub id: u32,
    /// Microseconds until it answered; none when it did not.
    pub answered_us: Option<u32>,
    /// Whether a modal window of the application disables others.
    pub modal: bool,
    /// Whether it has ended.
    pub ended: bool,
}

impl Primitive for HealthParams {
    const METHOD: &'static str = "health";
    type Result = HealthResult;

    fn needs(&self) -> Capabilities {
        Capabilities::NONE
    }
}

/// A kind of root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RootKind {
    /// A `Window`.
    Window,
    /// The content of an open `Popup`, menu or tool tip.
    Popup,
    /// WPF content in a window of another kind.
    HwndSource,
}

/// Asks for the roots of all trees. Without the gate for sensitive reads they come without titles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RootsParams {
    /// Whether windows count that are not shown.
    #[serde(default)]
    pub hidden: bool,
}

/// The roots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RootsResult {
    /// At most [`RootsParams::CAP`], windows first, the main window first of them.
    pub roots: Vec<Root>,
    /// How many more there are.
    pub cut: u32,
    /// The types.
    pub types: Vec<TypeRow>,
}

impl RootsParams {
    /// Roots of an answer.
    pub const CAP: usize = 256;
}

/// One root.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Root {
    /// Its element.
    pub handle: Handle,
    /// Its thread.
    pub dispatcher: u32,
    /// What it is.
    pub kind: RootKind,
    /// The system's window that it is shown in; 0 for none.
    pub hwnd: u64,
    /// Its type.
    pub ty: u32,
    /// The title of a window.
    pub title: Option<String>,
    /// Whether it is `Application.MainWindow`.
    pub is_main: bool,
    /// Whether it is the active window.
    pub is_active: bool,
    /// Whether it is shown.
    pub is_visible: bool,
    /// Whether a modal window keeps it from being used.
    pub is_disabled: bool,
    /// The window that owns it.
    pub owner: Option<Handle>,
    /// Where it lies, in physical pixels: x, y, width, height.
    pub bounds: [f64; 4],
    /// Physical pixels for 96 of its units.
    pub dpi: f64,
}

impl Primitive for RootsParams {
    const METHOD: &'static str = "roots";
    type Result = RootsResult;

    fn needs(&self) -> Capabilities {
        Capabilities::NONE
    }
}

/// Ends the session: every hook, adorner, token and subscription goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ByeParams {}

/// What was taken out of the application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ByeResult {
    /// Hooks that were removed.
    pub removed: u32,
    /// Hooks that could not be removed, because their thread does not answer; they go when it does.
    pub left: u32,
}

impl Primitive for ByeParams {
    const METHOD: &'static str = "bye";
    type Result = ByeResult;

    fn needs(&self) -> Capabilities {
        Capabilities::NONE
    }
}
