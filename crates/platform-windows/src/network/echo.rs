//! One echo request by IP Helper, which needs no right of an administrator. What may be asked is decided elsewhere.

use portcullis_platform::{Echo, PortFault, PortResult};
use std::mem::offset_of;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};
use windows::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_CALL_NOT_IMPLEMENTED, ERROR_NOT_SUPPORTED, GetLastError, HANDLE, WIN32_ERROR,
};
use windows::Win32::NetworkManagement::IpHelper::{
    ICMP_ECHO_REPLY, ICMPV6_ECHO_REPLY_LH, IP_OPTION_INFORMATION, Icmp6CreateFile, Icmp6SendEcho2, IcmpCloseHandle,
    IcmpCreateFile, IcmpSendEcho2Ex,
};
use windows::Win32::Networking::WinSock::{AF_INET6, IN6_ADDR, IN6_ADDR_0, SOCKADDR_IN6};

/// What is sent along: as much as Windows' own `ping` sends, and nothing of this machine.
const PAYLOAD: [u8; 32] = [0x61; 32];
/// Bytes of a reply: its head, what was sent, an error's 8 bytes and the block of the call's own state.
const REPLY_CAP: usize = 256;
/// `IP_SUCCESS`.
const SUCCESS: u32 = 0;
/// `IP_REQ_TIMED_OUT`.
const TIMED_OUT: u32 = 11_010;
/// `IP_DEST_NET_UNREACHABLE` to `IP_DEST_PORT_UNREACHABLE`.
const UNREACHABLE: std::ops::RangeInclusive<u32> = 11_002..=11_005;
/// `IP_TTL_EXPIRED_TRANSIT`, `IP_BAD_ROUTE`, `IP_BAD_DESTINATION` and, of IPv6, `IP_DEST_UNREACHABLE`,
/// `IP_DEST_SCOPE_MISMATCH`: there is no way either.
const NO_WAY: [u32; 5] = [11_013, 11_012, 11_018, 11_040, 11_045];
/// Errors by which Windows says that this machine has no way to the address: `ERROR_NETWORK_UNREACHABLE`,
/// `ERROR_HOST_UNREACHABLE`.
const NO_ROUTE: [u32; 2] = [1_231, 1_232];

/// A handle of IP Helper; closed when dropped.
struct IcmpHandle(HANDLE);

impl Drop for IcmpHandle {
    fn drop(&mut self) {
        // SAFETY: the handle came from `IcmpCreateFile` or `Icmp6CreateFile` and is closed once.
        let _ = unsafe { IcmpCloseHandle(self.0) };
    }
}

/// Asks once, and waits so long.
pub(super) fn ask(address: IpAddr, span: Duration) -> PortResult<Echo> {
    let millis = u32::try_from(span.as_millis()).unwrap_or(u32::MAX).max(1);
    match address {
        IpAddr::V4(four) => ask_four(four, millis),
        IpAddr::V6(six) => ask_six(six, millis),
    }
}

fn ask_four(address: Ipv4Addr, millis: u32) -> PortResult<Echo> {
    // SAFETY: no pointers; the handle is owned below.
    let handle = unsafe { IcmpCreateFile() }.map_err(opened("IcmpCreateFile"))?;
    let handle = IcmpHandle(handle);
    let mut reply = [0_u64; REPLY_CAP / 8];
    let began = Instant::now();
    // SAFETY: payload and reply outlive the call, which ends before it returns since it has neither event nor routine; their
    // sizes go with them, and the reply's buffer is aligned as the structure in it wants.
    let replies = unsafe {
        IcmpSendEcho2Ex(
            handle.0,
            None,
            None,
            None,
            u32::from(Ipv4Addr::UNSPECIFIED),
            u32::from_ne_bytes(address.octets()),
            PAYLOAD.as_ptr().cast(),
            size_of_payload(),
            None,
            reply.as_mut_ptr().cast(),
            size_of_reply(),
            millis,
        )
    };
    let failure = (replies == 0).then(last_error);
    let bytes = bytes_of(&reply);
    let status = failure.unwrap_or_else(|| number(&bytes, offset_of!(ICMP_ECHO_REPLY, Status)));
    let hops = offset_of!(ICMP_ECHO_REPLY, Options) + offset_of!(IP_OPTION_INFORMATION, Ttl);
    told(status, "IcmpSendEcho2Ex", began.elapsed(), bytes.get(hops).copied().filter(|hops| *hops > 0))
}

fn ask_six(address: Ipv6Addr, millis: u32) -> PortResult<Echo> {
    // SAFETY: no pointers; the handle is owned below.
    let handle = unsafe { Icmp6CreateFile() }.map_err(opened("Icmp6CreateFile"))?;
    let handle = IcmpHandle(handle);
    let (source, target) = (place(Ipv6Addr::UNSPECIFIED), place(address));
    let mut reply = [0_u64; REPLY_CAP / 8];
    let began = Instant::now();
    // SAFETY: both places, payload and reply outlive the call, which ends before it returns since it has neither event nor
    // routine; the sizes go with them.
    let replies = unsafe {
        Icmp6SendEcho2(
            handle.0,
            None,
            None,
            None,
            &source,
            &target,
            PAYLOAD.as_ptr().cast(),
            size_of_payload(),
            None,
            reply.as_mut_ptr().cast(),
            size_of_reply(),
            millis,
        )
    };
    let failure = (replies == 0).then(last_error);
    let status = failure.unwrap_or_else(|| number(&bytes_of(&reply), offset_of!(ICMPV6_ECHO_REPLY_LH, Status)));
    told(status, "Icmp6SendEcho2", began.elapsed(), None)
}

fn place(address: Ipv6Addr) -> SOCKADDR_IN6 {
    let sin6_addr = IN6_ADDR { u: IN6_ADDR_0 { Byte: address.octets() } };
    SOCKADDR_IN6 { sin6_family: AF_INET6, sin6_addr, ..SOCKADDR_IN6::default() }
}

fn size_of_payload() -> u16 {
    u16::try_from(PAYLOAD.len()).unwrap_or(0)
}

fn size_of_reply() -> u32 {
    u32::try_from(REPLY_CAP).unwrap_or(0)
}

fn last_error() -> u32 {
    // SAFETY: no preconditions; the failed call was the last one on this thread.
    unsafe { GetLastError() }.0
}

fn bytes_of(reply: &[u64]) -> Vec<u8> {
    reply.iter().flat_map(|part| part.to_ne_bytes()).collect()
}

/// The number at an offset of a reply.
fn number(bytes: &[u8], offset: usize) -> u32 {
    let four = bytes.get(offset..).and_then(<[u8]>::first_chunk);
    four.copied().map_or(u32::MAX, u32::from_ne_bytes)
}

fn told(status: u32, call: &'static str, took: Duration, hops: Option<u8>) -> PortResult<Echo> {
    match status {
        SUCCESS => Ok(Echo::Answered(took, hops)),
        TIMED_OUT => Ok(Echo::Silent),
        code if UNREACHABLE.contains(&code) || NO_WAY.contains(&code) || NO_ROUTE.contains(&code) => {
            Ok(Echo::Unreachable)
        }
        code => Err(PortFault::System { call, code }),
    }
}

fn opened(call: &'static str) -> impl FnOnce(windows::core::Error) -> PortFault {
    move |error| {
        if error.code() == ERROR_ACCESS_DENIED.to_hresult() {
            return PortFault::Unsupported("the system lets this user send no echo requests".to_owned());
        }
        if [ERROR_CALL_NOT_IMPLEMENTED, ERROR_NOT_SUPPORTED].map(WIN32_ERROR::to_hresult).contains(&error.code()) {
            return PortFault::Unsupported("the system sends no echo requests of this kind".to_owned());
        }
        PortFault::System { call, code: error.code().0.cast_unsigned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_is_told_apart() {
        let took = Duration::from_millis(2);
        for (status, echo) in [
            (0, Ok(Echo::Answered(took, Some(64)))),
            (11_010, Ok(Echo::Silent)),
            (11_003, Ok(Echo::Unreachable)),
            (11_018, Ok(Echo::Unreachable)),
            (11_050, Err(PortFault::System { call: "x", code: 11_050 })),
        ] {
            assert_eq!(told(status, "x", took, Some(64)), echo, "{status}");
        }
    }

    #[test]
    fn the_structures_lie_where_windows_has_them() {
        assert_eq!((offset_of!(ICMP_ECHO_REPLY, Status), offset_of!(ICMP_ECHO_REPLY, RoundTripTime)), (4, 8));
        assert_eq!(offset_of!(ICMP_ECHO_REPLY, Options), 24);
        assert_eq!(offset_of!(ICMPV6_ECHO_REPLY_LH, Status), 28);
        // The structure, the payload, 8 bytes of an error, and `IO_STATUS_BLOCK`.
        assert!(
            size_of::<ICMP_ECHO_REPLY>().max(size_of::<ICMPV6_ECHO_REPLY_LH>()) + PAYLOAD.len() + 8 + 16 <= REPLY_CAP
        );
    }

    #[test]
    fn this_machine_answers_itself_or_says_why_not() {
        match ask(Ipv4Addr::LOCALHOST.into(), Duration::from_secs(2)) {
            Ok(Echo::Answered(took, _)) => assert!(took < Duration::from_secs(2)),
            Err(PortFault::Unsupported(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}
