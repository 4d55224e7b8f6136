//! What an owner wants to know of the machine before it is opened to agents: its edition and its firewall. Only questions;
//! nothing is changed, and no tool is handed this.

use crate::PortResult;

/// For whom the edition of Windows is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    /// One person at a time.
    Workstation,
    /// A workstation that several people use at once (`PRODUCT_SERVERRDSH`, multi-session).
    MultiUser,
    /// A server.
    Server,
}

/// A rule of the firewall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirewallRule {
    /// It is enabled, for connections that come in, and allows them.
    pub lets_in: bool,
    /// From every address.
    pub from_anywhere: bool,
}

/// The firewall as it stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Firewall {
    /// It is on in every network that the machine is in.
    pub on: bool,
    /// The rule that was asked for, when there is one.
    pub rule: Option<FirewallRule>,
}

/// The machine as its owner asks about it.
pub trait HostPort: Send + Sync {
    /// For whom this Windows is made.
    fn edition(&self) -> PortResult<Edition>;

    /// The firewall, and the rule of this name in it.
    fn firewall(&self, rule: &str) -> PortResult<Firewall>;
}
