//! Hosts and connections. A name is looked up once, before the decision; what is connected to afterwards is an address that
//! the permit names, and nothing here looks a name up again.

use crate::{Permit, PortResult};
use portcullis_model::{Cancel, Deadline, Effect, Host, HostAccess, Resource, Untrusted};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

/// Addresses of one host that are looked at; others are as if they were not there.
pub const ADDRESS_CAP: usize = 16;

/// One address of a host, to be reached for a purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostTarget {
    /// As it was asked for.
    pub host: Host,
    /// The port; none where none is used.
    pub port: Option<u16>,
    /// Which of its addresses.
    pub address: IpAddr,
    /// What for.
    pub access: HostAccess,
}

impl HostTarget {
    /// As the resource that a permit must cover.
    pub fn resource(&self) -> Resource {
        let addresses = vec![self.address];
        Resource::Host { host: self.host.clone(), port: self.port, addresses, access: self.access }
    }

    /// The effect that reaching it has.
    pub fn effect(&self) -> Effect {
        match self.access {
            HostAccess::Fetch => Effect::FetchHosts,
            HostAccess::Probe => Effect::ProbeHosts,
        }
    }
}

/// How a host answers at a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Something listens there.
    Open,
    /// The host says that nothing listens there.
    Closed,
    /// Nobody answered in time.
    Silent,
    /// The host or its network cannot be reached.
    Unreachable,
}

/// How a host answers an echo request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// It answered after this time, with this many hops left where that is told.
    Answered(Duration, Option<u8>),
    /// Nobody answered in time.
    Silent,
    /// A host on the way says that it cannot be reached.
    Unreachable,
}

/// How a connection is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// A connection, or a place where one is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// How it is carried.
    pub carrier: Carrier,
    /// Its end on this machine.
    pub local: SocketAddr,
    /// Its other end, where there is one.
    pub remote: Option<SocketAddr>,
    /// Its state, of TCP.
    pub state: Option<&'static str>,
    /// The process that has it; 0 when that is gone.
    pub process: u32,
    /// The file name of that process's image, where we may know it.
    pub program: Option<Untrusted>,
}

/// The network.
pub trait NetworkPort: Send + Sync {
    /// The addresses of a host, at most [`ADDRESS_CAP`]; of an address itself that one, and nobody is asked. Tells nothing of
    /// this machine, so no permit; but whoever answers for the name learns that it was asked for.
    fn resolve(&self, host: &Host, deadline: Deadline, cancel: &Cancel) -> PortResult<Vec<IpAddr>>;

    /// A connection to exactly this address. Needs the target's effect on it.
    fn connect(
        &self,
        permit: &Permit,
        target: &HostTarget,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<TcpStream>;

    /// Whether something listens there; the connection is closed without a word. Needs `ProbeHosts` on it.
    fn probe(&self, permit: &Permit, target: &HostTarget, deadline: Deadline, cancel: &Cancel) -> PortResult<Reach>;

    /// One echo request. Needs `ProbeHosts` on it.
    fn echo(&self, permit: &Permit, target: &HostTarget, deadline: Deadline, cancel: &Cancel) -> PortResult<Echo>;

    /// Every connection of this machine. Needs `ReadConnections`.
    fn connections(&self, permit: &Permit) -> PortResult<Vec<ConnectionInfo>>;
}

/// Why a host could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkFault {
    /// Nobody knows the name.
    #[error("no address is known for the host")]
    UnknownHost,
    /// Nobody answered for the name in time.
    #[error("the host's name was not answered for in time")]
    NameLate,
    /// Nothing listens there.
    #[error("the host refuses the connection")]
    Refused,
    /// Nobody answered in time.
    #[error("the host did not answer in time")]
    Silent,
    /// There is no way to it.
    #[error("the host cannot be reached")]
    Unreachable,
}

impl Reach {
    /// Why there is no connection; nothing when there is one.
    pub fn fault(self) -> Option<NetworkFault> {
        match self {
            Self::Open => None,
            Self::Closed => Some(NetworkFault::Refused),
            Self::Silent => Some(NetworkFault::Silent),
            Self::Unreachable => Some(NetworkFault::Unreachable),
        }
    }
}
