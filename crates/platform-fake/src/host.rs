//! The machine around the fake desktop, as its owner asks about it: what a test says it is.

use portcullis_platform::{Edition, Firewall, HostPort, PortResult};

/// A machine of this edition with this firewall.
#[derive(Clone, Copy, Debug)]
pub struct FakeHost {
    /// Its edition.
    pub edition: Edition,
    /// Its firewall, whatever rule is asked for.
    pub firewall: Firewall,
}

impl Default for FakeHost {
    /// A workstation whose firewall is on and lets nothing in.
    fn default() -> Self {
        Self { edition: Edition::Workstation, firewall: Firewall { on: true, rule: None } }
    }
}

impl HostPort for FakeHost {
    fn edition(&self) -> PortResult<Edition> {
        Ok(self.edition)
    }

    fn firewall(&self, _rule: &str) -> PortResult<Firewall> {
        Ok(self.firewall)
    }
}
