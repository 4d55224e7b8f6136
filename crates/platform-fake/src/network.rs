//! A network in memory: names with the answers that they are given, one after another, and addresses behind which a socket
//! of the test process stands. What was looked up and connected to is kept, for tests to see.

use crate::desktop::{Call, FakeDesktop};
use crate::places::untrusted;
use portcullis_model::{Cancel, Deadline, Effect, Host, Resource, Source};
use portcullis_platform::{
    ADDRESS_CAP, Carrier, ConnectionInfo, Echo, HostTarget, NetworkFault, NetworkPort, Permit, PortResult, Reach,
};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

/// How long an answer of a host that is there takes.
const ANSWER: Duration = Duration::from_millis(3);
/// Hops that are left of one.
const HOPS: u8 = 57;

/// Names, addresses and what was done with them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Network {
    /// What each name is answered with, the next one first; the last stays.
    names: HashMap<String, Vec<Vec<IpAddr>>>,
    /// Behind which address and port which socket stands.
    routes: Vec<(SocketAddr, SocketAddr)>,
    /// Hosts that answer an echo.
    answering: Vec<IpAddr>,
    connections: Vec<ConnectionInfo>,
    lookups: Vec<String>,
    connected: Vec<SocketAddr>,
}

impl Network {
    pub(crate) fn lookups(&self) -> &[String] {
        &self.lookups
    }

    pub(crate) fn all_connected(&self) -> &[SocketAddr] {
        &self.connected
    }
}

impl FakeDesktop {
    /// Gives a name one more answer. The first is given first, the last for ever. What is no address is left out.
    pub fn put_host(&self, name: &str, addresses: &[&str]) {
        let addresses = addresses.iter().filter_map(|text| text.parse().ok()).collect();
        self.lock().network.names.entry(name.to_owned()).or_default().push(addresses);
    }

    /// Lets a socket of this process stand behind an address and port.
    pub fn put_route(&self, from: SocketAddr, to: SocketAddr) {
        self.lock().network.routes.push((from, to));
    }

    /// Lets a host answer echoes.
    pub fn put_answering(&self, address: IpAddr) {
        self.lock().network.answering.push(address);
    }

    /// Puts a connection of TCP into the machine's table.
    pub fn put_connection(&self, local: SocketAddr, remote: SocketAddr, process: u32, program: &str) {
        self.lock().network.connections.push(ConnectionInfo {
            carrier: Carrier::Tcp,
            local,
            remote: Some(remote),
            state: Some("established"),
            process,
            program: Some(untrusted(Source::System, program)),
        });
    }

    /// Every name that was looked up, in order.
    pub fn lookups(&self) -> Vec<String> {
        self.lock().network.lookups.clone()
    }

    /// Every address that was connected to, in order, whether somebody was there or not.
    pub fn connected(&self) -> Vec<SocketAddr> {
        self.lock().network.connected.clone()
    }

    fn reach(
        &self,
        permit: &Permit,
        target: &HostTarget,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<Option<SocketAddr>> {
        self.enter(Call::Connect, Some(deadline), Some(cancel))?;
        permit.require(target.effect(), &target.resource())?;
        let network = &mut self.lock().network;
        let address = SocketAddr::new(target.address, target.port.unwrap_or_default());
        network.connected.push(address);
        Ok(network.routes.iter().find(|(from, _)| *from == address).map(|(_, to)| *to))
    }
}

impl NetworkPort for FakeDesktop {
    fn resolve(&self, host: &Host, deadline: Deadline, cancel: &Cancel) -> PortResult<Vec<IpAddr>> {
        let Some(name) = host.as_name() else { return Ok(host.as_address().into_iter().collect()) };
        self.enter(Call::LookUp, Some(deadline), Some(cancel))?;
        let network = &mut self.lock().network;
        network.lookups.push(name.to_owned());
        let answers = network.names.get_mut(name).ok_or(NetworkFault::UnknownHost)?;
        let mut found =
            if answers.len() > 1 { answers.remove(0) } else { answers.first().cloned().unwrap_or_default() };
        found.truncate(ADDRESS_CAP);
        if found.is_empty() { Err(NetworkFault::UnknownHost.into()) } else { Ok(found) }
    }

    fn connect(
        &self,
        permit: &Permit,
        target: &HostTarget,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<TcpStream> {
        let route = self.reach(permit, target, deadline, cancel)?.ok_or(NetworkFault::Refused)?;
        TcpStream::connect(route).map_err(|_| NetworkFault::Refused.into())
    }

    fn probe(&self, permit: &Permit, target: &HostTarget, deadline: Deadline, cancel: &Cancel) -> PortResult<Reach> {
        let route = self.reach(permit, target, deadline, cancel)?;
        Ok(if route.is_some() { Reach::Open } else { Reach::Closed })
    }

    fn echo(&self, permit: &Permit, target: &HostTarget, deadline: Deadline, cancel: &Cancel) -> PortResult<Echo> {
        self.reach(permit, target, deadline, cancel)?;
        let answers = self.lock().network.answering.contains(&target.address);
        Ok(if answers { Echo::Answered(ANSWER, Some(HOPS)) } else { Echo::Silent })
    }

    fn connections(&self, permit: &Permit) -> PortResult<Vec<ConnectionInfo>> {
        self.enter(Call::Connections, None, None)?;
        permit.require(Effect::ReadConnections, &Resource::Connections)?;
        Ok(self.lock().network.connections.clone())
    }
}
