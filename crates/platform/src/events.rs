//! The event log, as it is read: channels, and the events of one that a query picks. What an event says to people is what its
//! provider's own texts make of it; reading it out is the tools' work. What we write there is in `owner`.

use crate::{Permit, PortResult};
use portcullis_model::{Cancel, Deadline, EventChannel, Resource, Untrusted};

/// Which events are asked for, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventQuery {
    /// The channel.
    pub channel: EventChannel,
    /// The query in the log's own language; Windows judges it.
    pub xpath: String,
    /// Events that are passed over.
    pub offset: u32,
    /// Events that are given at most.
    pub most: usize,
}

impl EventQuery {
    /// What the permit must cover.
    pub fn resource(&self) -> Resource {
        Resource::EventLog { channel: self.channel.clone() }
    }
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundEvent {
    /// All that was logged, as the log's XML.
    pub xml: Untrusted,
    /// What it says, by its provider's texts; none where they are not installed.
    pub message: Option<Untrusted>,
}

/// The events that were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundEvents {
    /// The newest first.
    pub events: Vec<FoundEvent>,
    /// Whether there are more.
    pub more: bool,
}

/// The event log of this machine.
pub trait EventsPort: Send + Sync {
    /// Names of channels, at most `cap`. Tells which there are, not what is in them, so no permit.
    fn channels(&self, cap: usize) -> PortResult<Vec<String>>;

    /// The events that a query picks. Needs `ReadEvents`.
    fn query(
        &self,
        permit: &Permit,
        query: &EventQuery,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<FoundEvents>;
}

/// Why the log could not be read so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventFault {
    /// There is no channel of this name.
    #[error("there is no such channel")]
    NoChannel,
    /// The user that runs the server may not read it.
    #[error("Windows refuses the channel to the user that runs the server")]
    AccessDenied,
    /// The query is none, in Windows' own words.
    #[error("Windows refuses the query: {0}")]
    BadQuery(String),
}
