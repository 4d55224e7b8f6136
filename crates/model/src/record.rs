//! What the ledger writes down, field by field: an allowlist by construction, since only these structures can be
//! written. Arguments stand as keyed digests; texts that were typed or read never appear.

use crate::{CallId, Digest, Effect, FaultCode, Resource, Reversibility};
use serde::Serialize;

/// When an entry must have reached the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Written now, synced within a second.
    Soon,
    /// Synced before the append returns: before an effect of tier 3.
    Now,
}

/// The server began. The first entry of a chain.
#[derive(Clone, Debug, Serialize)]
pub struct ServerStarted {
    /// The program's version.
    pub version: String,
    /// The process id.
    pub process: u32,
    /// `stdio`, `http` or `call`.
    pub transport: String,
    /// A digest of the rules in force.
    pub policy: Digest,
    /// The last hashes of the chains that lay beside this one at the start, oldest file first.
    pub predecessors: Vec<String>,
    /// With which rights it runs beyond a signed-in user's, when its owner allowed that: `elevated`, `as SYSTEM`,
    /// `in session 0`.
    pub excess_rights: Option<String>,
}

/// A call was refused before anything happened.
#[derive(Clone, Debug, Serialize)]
pub struct CallDenied {
    /// Which call.
    pub call: CallId,
    /// Who called.
    pub principal: String,
    /// The tool, or the digest of a name that is no tool's.
    pub tool: String,
    /// The name of another system by which it was asked for, where that is not the tool's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_as: Option<&'static str>,
    /// A keyed digest of the arguments.
    pub arguments: Digest,
    /// Why.
    pub code: FaultCode,
    /// The rule that decided.
    pub rule: Option<String>,
}

/// A call was allowed and is about to happen.
#[derive(Clone, Debug, Serialize)]
pub struct CallGranted {
    /// Which call.
    pub call: CallId,
    /// Who called.
    pub principal: String,
    /// The tool.
    pub tool: String,
    /// The name of another system by which it was asked for, where that is not the tool's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_as: Option<&'static str>,
    /// A keyed digest of the arguments.
    pub arguments: Digest,
    /// Every effect that it may have.
    pub effects: Vec<Effect>,
    /// What it may touch.
    pub resources: Vec<Resource>,
    /// What could be done about it afterwards.
    pub reversibility: Reversibility,
    /// The rule that allowed it.
    pub rule: String,
}

/// What a granted call was asked for led on to another host, which the same rules open.
#[derive(Clone, Debug, Serialize)]
pub struct CallFollowed {
    /// Which call.
    pub call: CallId,
    /// What it may touch besides.
    pub resource: Resource,
    /// The rule that allowed it.
    pub rule: String,
}

/// How a granted call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallResult {
    /// A disclosure or a wait was answered.
    Answered,
    /// The effect was seen.
    Confirmed,
    /// Delivered, not seen.
    Unverified,
    /// Delivered, nothing changed.
    NoEffect,
    /// It failed.
    Failed,
    /// Nobody knows: the permit was dropped unfinished.
    Unknown,
}

/// A granted call ended.
#[derive(Clone, Debug, Serialize)]
pub struct CallFinished {
    /// Which call.
    pub call: CallId,
    /// How.
    pub result: CallResult,
    /// The code, when it failed.
    pub code: Option<FaultCode>,
    /// A keyed digest of what was answered.
    pub reply: Option<Digest>,
    /// Microseconds from grant to end.
    pub micros: u64,
}

/// The server ended in order.
#[derive(Clone, Debug, Serialize)]
pub struct ServerStopped {
    /// Calls that were recorded in this chain.
    pub calls: u64,
}

/// What stopped the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StopCause {
    /// The stop key, heard by this server.
    Key,
    /// The session's stop signal: `portcullis stop`, or the key as another server heard it.
    Signal,
    /// A stop file.
    File,
    /// Signal or file could not be looked at, which counts as a stop.
    Unreadable,
}

/// All work was stopped.
#[derive(Clone, Debug, Serialize)]
pub struct WorkStopped {
    /// By what.
    pub by: StopCause,
}

/// Other rules are in force.
#[derive(Clone, Debug, Serialize)]
pub struct PolicyReplaced {
    /// A digest of the rules until then.
    pub before: Digest,
    /// A digest of the rules from now on.
    pub policy: Digest,
}

/// Why rules stay although others were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyKept {
    /// The others would allow what those in force refuse.
    Wider,
    /// The others are not in order.
    NotInOrder,
}

/// The owner asked for other rules, and those in force stay.
#[derive(Clone, Debug, Serialize)]
pub struct PolicyKept {
    /// Why.
    pub why: WhyKept,
    /// What the others would allow, as far as it is recorded.
    pub widens: Vec<String>,
}

/// One entry of the ledger.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Entry {
    /// See [`ServerStarted`].
    ServerStarted(ServerStarted),
    /// See [`CallDenied`].
    CallDenied(CallDenied),
    /// See [`CallGranted`].
    CallGranted(CallGranted),
    /// See [`CallFollowed`].
    CallFollowed(CallFollowed),
    /// See [`CallFinished`].
    CallFinished(CallFinished),
    /// See [`ServerStopped`].
    ServerStopped(ServerStopped),
    /// See [`WorkStopped`].
    WorkStopped(WorkStopped),
    /// The owner let the work go on.
    WorkResumed,
    /// See [`PolicyReplaced`].
    PolicyReplaced(PolicyReplaced),
    /// See [`PolicyKept`].
    PolicyKept(PolicyKept),
}

/// The ledger could not take an entry; what the entry was to allow must not happen.
#[derive(Debug, thiserror::Error)]
#[error("the record could not be written: {0}")]
pub struct LedgerFault(pub String);

/// Where decisions and outcomes are recorded. Shared by all calls; an implementation orders its entries itself.
pub trait Ledger: Send + Sync {
    /// Writes one entry, or fails without having written a usable one.
    fn append(&self, entry: &Entry, durability: Durability) -> Result<(), LedgerFault>;

    /// A keyed digest: stands for `bytes` in an entry without letting anybody guess them who lacks the key.
    fn digest(&self, bytes: &[u8]) -> Digest;
}
