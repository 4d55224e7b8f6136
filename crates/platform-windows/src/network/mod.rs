//! Hosts and connections on Windows: names by the system's resolver, connections by the standard library, echoes and the
//! table of connections by IP Helper. Only an address that the permit names is reached; no proxy is asked.

mod echo;
mod table;

use crate::helper::{Helpers, Missed};
use portcullis_model::{Cancel, CancelReason, Deadline, Effect, Host, Interrupted, Resource};
use portcullis_platform::{
    ADDRESS_CAP, ConnectionInfo, Echo, HostTarget, NetworkFault, NetworkPort, Permit, PortFault, PortResult, Reach,
};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};

/// Look-ups of names, which the system may not end for a long time.
static LOOKUPS: Helpers = Helpers::new();
/// Connections that are being made, and echoes that are waited for.
static REACHING: Helpers = Helpers::new();

/// The network of this machine.
pub(crate) struct Win32Network;

/// Fails unless the permit covers the target; its address and port.
fn require(permit: &Permit, target: &HostTarget) -> PortResult<SocketAddr> {
    permit.require(target.effect(), &target.resource())?;
    Ok(SocketAddr::new(target.address, target.port.unwrap_or_default()))
}

/// Runs what may block; nothing when the deadline passed.
fn within<T: Send + 'static>(
    helpers: &'static Helpers,
    deadline: Deadline,
    cancel: &Cancel,
    work: impl FnOnce() -> T + Send + 'static,
) -> PortResult<Option<T>> {
    match helpers.run(deadline, cancel, work) {
        Ok(done) => Ok(Some(done)),
        Err(Missed::Left(Interrupted(CancelReason::Deadline))) => Ok(None),
        Err(missed) => Err(missed.into()),
    }
}

/// Connects to the address; else how the host answers.
fn connect(address: SocketAddr, deadline: Deadline, cancel: &Cancel) -> PortResult<Result<TcpStream, Reach>> {
    let span = deadline.remaining();
    if span.is_zero() {
        return Ok(Err(Reach::Silent));
    }
    let connected = within(&REACHING, deadline, cancel, move || TcpStream::connect_timeout(&address, span))?;
    match connected {
        None => Ok(Err(Reach::Silent)),
        Some(Ok(stream)) => Ok(Ok(stream)),
        Some(Err(error)) => reach_of(&error).map(Err),
    }
}

/// What an error of a connection says of the host; a fault when it says something of this machine.
fn reach_of(error: &io::Error) -> PortResult<Reach> {
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => Ok(Reach::Closed),
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Ok(Reach::Silent),
        ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable
        | ErrorKind::NetworkDown
        | ErrorKind::AddrNotAvailable => Ok(Reach::Unreachable),
        _ => Err(PortFault::System { call: "connect", code: code_of(error) }),
    }
}

fn code_of(error: &io::Error) -> u32 {
    error.raw_os_error().and_then(|code| u32::try_from(code).ok()).unwrap_or_default()
}

impl NetworkPort for Win32Network {
    fn resolve(&self, host: &Host, deadline: Deadline, cancel: &Cancel) -> PortResult<Vec<IpAddr>> {
        let Some(name) = host.as_name().map(str::to_owned) else {
            return Ok(host.as_address().into_iter().collect());
        };
        let looked = within(&LOOKUPS, deadline, cancel, move || (name.as_str(), 0).to_socket_addrs())?;
        let found = looked.ok_or(NetworkFault::NameLate)?.map_err(|_| NetworkFault::UnknownHost)?;
        let mut addresses = Vec::new();
        for address in found.map(|found| found.ip().to_canonical()) {
            if !addresses.contains(&address) && addresses.len() < ADDRESS_CAP {
                addresses.push(address);
            }
        }
        if addresses.is_empty() { Err(NetworkFault::UnknownHost.into()) } else { Ok(addresses) }
    }

    fn connect(
        &self,
        permit: &Permit,
        target: &HostTarget,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<TcpStream> {
        let address = require(permit, target)?;
        connect(address, deadline, cancel)?.map_err(|reach| reach.fault().unwrap_or(NetworkFault::Silent).into())
    }

    fn probe(&self, permit: &Permit, target: &HostTarget, deadline: Deadline, cancel: &Cancel) -> PortResult<Reach> {
        let address = require(permit, target)?;
        Ok(match connect(address, deadline, cancel)? {
            Ok(_closed_unused) => Reach::Open,
            Err(reach) => reach,
        })
    }

    fn echo(&self, permit: &Permit, target: &HostTarget, deadline: Deadline, cancel: &Cancel) -> PortResult<Echo> {
        let address = require(permit, target)?.ip();
        let span = deadline.remaining();
        if span.is_zero() {
            return Ok(Echo::Silent);
        }
        within(&REACHING, deadline, cancel, move || echo::ask(address, span))?.unwrap_or(Ok(Echo::Silent))
    }

    fn connections(&self, permit: &Permit) -> PortResult<Vec<ConnectionInfo>> {
        permit.require(Effect::ReadConnections, &Resource::Connections)?;
        table::connections()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_of_a_connection_is_told_apart() {
        // WSAECONNREFUSED, WSAETIMEDOUT, WSAENETUNREACH, WSAEHOSTUNREACH, WSAEADDRNOTAVAIL.
        for (code, reach) in [
            (10_061, Reach::Closed),
            (10_060, Reach::Silent),
            (10_051, Reach::Unreachable),
            (10_065, Reach::Unreachable),
            (10_049, Reach::Unreachable),
        ] {
            assert_eq!(reach_of(&io::Error::from_raw_os_error(code)), Ok(reach), "{code}");
        }
        // WSAEACCES says something of this machine.
        let denied = reach_of(&io::Error::from_raw_os_error(10_013));
        assert_eq!(denied, Err(PortFault::System { call: "connect", code: 10_013 }));
    }
}
