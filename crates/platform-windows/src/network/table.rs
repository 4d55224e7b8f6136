//! The machine's table of connections, by IP Helper, with the programs that have them. Rows are read as bytes at the offsets
//! that Windows documents; nothing is decided or left out here.

use crate::processes;
use crate::system::until_nul;
use portcullis_model::{Source, Untrusted};
use portcullis_platform::{Carrier, ConnectionInfo, PortFault, PortResult};
use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use windows::Win32::Foundation::{ERROR_INSUFFICIENT_BUFFER, NO_ERROR};
use windows::Win32::NetworkManagement::IpHelper::{
    GetExtendedTcpTable, GetExtendedUdpTable, TCP_TABLE_OWNER_PID_ALL, UDP_TABLE_OWNER_PID,
};
use windows::Win32::Networking::WinSock::{AF_INET, AF_INET6};

/// Bytes of one table; a machine with more connections than fit here is told so.
const TABLE_CAP: usize = 16 * 1024 * 1024;
/// How often a table that grew meanwhile is asked for again.
const TRIES: u32 = 4;

/// States of TCP, from 1 (`MIB_TCP_STATE`).
const STATES: [&str; 12] = [
    "closed",
    "listening",
    "syn_sent",
    "syn_received",
    "established",
    "fin_wait_1",
    "fin_wait_2",
    "close_wait",
    "closing",
    "last_ack",
    "time_wait",
    "delete_tcb",
];

/// Where the fields of a row lie, of each kind of table.
struct Layout {
    carrier: Carrier,
    is_six: bool,
    size: usize,
    local: usize,
    local_port: usize,
    remote: Option<(usize, usize)>,
    state: Option<usize>,
    process: usize,
}

/// `MIB_TCPROW_OWNER_PID`, `MIB_TCP6ROW_OWNER_PID`, `MIB_UDPROW_OWNER_PID` and `MIB_UDP6ROW_OWNER_PID`.
const LAYOUTS: [Layout; 4] = [
    Layout {
        carrier: Carrier::Tcp,
        is_six: false,
        size: 24,
        local: 4,
        local_port: 8,
        remote: Some((12, 16)),
        state: Some(0),
        process: 20,
    },
    Layout {
        carrier: Carrier::Tcp,
        is_six: true,
        size: 56,
        local: 0,
        local_port: 20,
        remote: Some((24, 44)),
        state: Some(48),
        process: 52,
    },
    Layout {
        carrier: Carrier::Udp,
        is_six: false,
        size: 12,
        local: 0,
        local_port: 4,
        remote: None,
        state: None,
        process: 8,
    },
    Layout {
        carrier: Carrier::Udp,
        is_six: true,
        size: 28,
        local: 0,
        local_port: 20,
        remote: None,
        state: None,
        process: 24,
    },
];

/// Every connection of this machine.
pub(super) fn connections() -> PortResult<Vec<ConnectionInfo>> {
    let names = programs()?;
    let mut all = Vec::new();
    for layout in &LAYOUTS {
        let bytes = table(layout)?;
        let count = bytes.first_chunk().map_or(0, |count| u32::from_ne_bytes(*count));
        let rows = bytes.get(4..).unwrap_or_default().chunks_exact(layout.size);
        let rows = rows.take(usize::try_from(count).unwrap_or(0));
        all.extend(rows.filter_map(|row| layout.read(row, &names)));
    }
    Ok(all)
}

impl Layout {
    fn read(&self, row: &[u8], names: &HashMap<u32, String>) -> Option<ConnectionInfo> {
        let state = match self.state {
            Some(offset) => Some(state_name(number(row, offset)?)),
            None => None,
        };
        let local = self.place(row, self.local, self.local_port)?;
        let is_listening = state == Some("listening");
        let remote = match self.remote.filter(|_| !is_listening) {
            Some((address, port)) => Some(self.place(row, address, port)?),
            None => None,
        };
        let process = number(row, self.process)?;
        let program = names.get(&process).map(|name| Untrusted::new(Source::System, name.clone()));
        Some(ConnectionInfo { carrier: self.carrier, local, remote, state, process, program })
    }

    /// Address and port, both of which stand in the network's order; the port in the first two of its four bytes.
    fn place(&self, row: &[u8], address: usize, port: usize) -> Option<SocketAddr> {
        let ip = if self.is_six {
            Ipv6Addr::from(*row.get(address..)?.first_chunk::<16>()?).into()
        } else {
            Ipv4Addr::from(*row.get(address..)?.first_chunk::<4>()?).into()
        };
        Some(SocketAddr::new(ip, u16::from_be_bytes(*row.get(port..)?.first_chunk()?)))
    }
}

fn number(row: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*row.get(offset..)?.first_chunk()?))
}

fn state_name(number: u32) -> &'static str {
    let index = number.checked_sub(1).and_then(|index| usize::try_from(index).ok());
    index.and_then(|index| STATES.get(index)).copied().unwrap_or("unknown")
}

/// One table as bytes.
fn table(layout: &Layout) -> PortResult<Vec<u8>> {
    let (call, family) = match layout.carrier {
        Carrier::Tcp => ("GetExtendedTcpTable", if layout.is_six { AF_INET6 } else { AF_INET }),
        Carrier::Udp => ("GetExtendedUdpTable", if layout.is_six { AF_INET6 } else { AF_INET }),
    };
    let family = u32::from(family.0);
    let mut buffer: Vec<u8> = Vec::new();
    for _ in 0..TRIES {
        let mut size = u32::try_from(buffer.len()).unwrap_or(0);
        let out = (!buffer.is_empty()).then(|| buffer.as_mut_ptr().cast());
        let code = match layout.carrier {
            // SAFETY: the buffer, if there is one, has `size` bytes and outlives the call, as does `size`.
            Carrier::Tcp => unsafe { GetExtendedTcpTable(out, &mut size, false, family, TCP_TABLE_OWNER_PID_ALL, 0) },
            // SAFETY: as above.
            Carrier::Udp => unsafe { GetExtendedUdpTable(out, &mut size, false, family, UDP_TABLE_OWNER_PID, 0) },
        };
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if code == NO_ERROR.0 {
            buffer.truncate(size);
            return Ok(buffer);
        }
        if code != ERROR_INSUFFICIENT_BUFFER.0 {
            return Err(PortFault::System { call, code });
        }
        if size > TABLE_CAP {
            return Err(PortFault::Unsupported("it has more connections than are told".to_owned()));
        }
        // Connections come and go between two questions.
        buffer.resize(size.saturating_add(size / 4).saturating_add(64), 0);
    }
    Err(PortFault::System { call, code: ERROR_INSUFFICIENT_BUFFER.0 })
}

/// The image names of processes.
fn programs() -> PortResult<HashMap<u32, String>> {
    let all = processes::entries()?;
    Ok(all.iter().map(|entry| (entry.th32ProcessID, until_nul(&entry.szExeFile))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::mem::offset_of;
    use windows::Win32::NetworkManagement::IpHelper::{
        MIB_TCP6ROW_OWNER_PID, MIB_TCPROW_OWNER_PID, MIB_UDP6ROW_OWNER_PID, MIB_UDPROW_OWNER_PID,
    };

    #[test]
    fn rows_lie_where_windows_has_them() {
        let [tcp, tcp_six, udp, udp_six] = &LAYOUTS;
        assert_eq!(tcp.size, size_of::<MIB_TCPROW_OWNER_PID>());
        assert_eq!(tcp.local, offset_of!(MIB_TCPROW_OWNER_PID, dwLocalAddr));
        assert_eq!(tcp.local_port, offset_of!(MIB_TCPROW_OWNER_PID, dwLocalPort));
        assert_eq!(tcp.process, offset_of!(MIB_TCPROW_OWNER_PID, dwOwningPid));
        let remote = (offset_of!(MIB_TCPROW_OWNER_PID, dwRemoteAddr), offset_of!(MIB_TCPROW_OWNER_PID, dwRemotePort));
        assert_eq!(tcp.remote, Some(remote));
        assert_eq!(tcp_six.size, size_of::<MIB_TCP6ROW_OWNER_PID>());
        assert_eq!(tcp_six.local_port, offset_of!(MIB_TCP6ROW_OWNER_PID, dwLocalPort));
        let remote = (offset_of!(MIB_TCP6ROW_OWNER_PID, ucRemoteAddr), offset_of!(MIB_TCP6ROW_OWNER_PID, dwRemotePort));
        assert_eq!(tcp_six.remote, Some(remote));
        assert_eq!(tcp_six.state, Some(offset_of!(MIB_TCP6ROW_OWNER_PID, dwState)));
        assert_eq!(tcp_six.process, offset_of!(MIB_TCP6ROW_OWNER_PID, dwOwningPid));
        assert_eq!((udp.size, udp_six.size), (size_of::<MIB_UDPROW_OWNER_PID>(), size_of::<MIB_UDP6ROW_OWNER_PID>()));
        assert_eq!(udp.process, offset_of!(MIB_UDPROW_OWNER_PID, dwOwningPid));
        assert_eq!(udp_six.local_port, offset_of!(MIB_UDP6ROW_OWNER_PID, dwLocalPort));
        assert_eq!(udp_six.process, offset_of!(MIB_UDP6ROW_OWNER_PID, dwOwningPid));
    }

    #[test]
    fn a_row_is_read_as_it_is_documented() {
        let mut row = [0_u8; 24];
        row[..4].copy_from_slice(&5_u32.to_ne_bytes());
        row[4..8].copy_from_slice(&[127, 0, 0, 1]);
        row[8..10].copy_from_slice(&8443_u16.to_be_bytes());
        row[12..16].copy_from_slice(&[10, 0, 0, 7]);
        row[16..18].copy_from_slice(&50_000_u16.to_be_bytes());
        row[20..].copy_from_slice(&77_u32.to_ne_bytes());
        let names = HashMap::from([(77, "one.exe".to_owned())]);
        let read = LAYOUTS[0].read(&row, &names).unwrap();
        assert_eq!((read.local.to_string().as_str(), read.state), ("127.0.0.1:8443", Some("established")));
        assert_eq!(read.remote.map(|remote| remote.to_string()).as_deref(), Some("10.0.0.7:50000"));
        assert_eq!((read.process, read.program.as_ref().map(Untrusted::raw)), (77, Some("one.exe")));
        assert!(LAYOUTS[0].read(&row[..20], &names).is_none());
    }
}
