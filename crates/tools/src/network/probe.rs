//! Whether a host is there: by an echo, and by a connection to a port that is closed without a word.

use super::{Found, HostArg, millis};
use crate::args::{Int, Seconds};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::schema;
use crate::tool::{Planned, Tool, data};
use portcullis_model::{Deadline, Effect, Fault, HostAccess, Reply, Tier};
use portcullis_platform::{Echo, NetworkFault, PortFault, Reach};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::{Duration, Instant};

/// Echoes that one call asks for.
const ECHO_CAP: i64 = 10;
/// Echoes when nothing is said.
const ECHO_DEFAULT: usize = 4;
/// How long one echo is waited for.
const ECHO_WAIT: Duration = Duration::from_secs(2);
/// How long lies between two echoes.
const ECHO_GAP: Duration = Duration::from_millis(250);
/// What a call has beyond what it waits for.
const SPARE: Duration = Duration::from_secs(2);
/// Seconds that a port is waited for, at most and when nothing is said.
const PORT_WAIT_CAP: u32 = 30;
const PORT_WAIT: Duration = Duration::from_secs(5);
/// Addresses of one host whose port is looked at.
const TRIED_CAP: usize = 8;

/// For a tool that asks a host and changes nothing.
const ASKS: Annotations = Annotations { open_world: true, ..Annotations::READS };

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PingArgs {
    /// A name or an address, IPv4 or IPv6
    host: HostArg,
    /// Default 4
    count: Option<Int<1, ECHO_CAP>>,
}

#[derive(Serialize, JsonSchema)]
struct EchoTold {
    /// `answered`, `silent` or `unreachable`.
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ms: Option<f64>,
    /// Hops that were left, of IPv4.
    #[serde(skip_serializing_if = "Option::is_none")]
    hops_left: Option<u8>,
}

#[derive(Serialize, JsonSchema)]
struct Pinged {
    host: String,
    /// Which address was asked: the first of the host for whose kind the system has echoes.
    address: String,
    sent: usize,
    answered: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_ms: Option<f64>,
    echoes: Vec<EchoTold>,
}

/// Asks a host for echoes.
pub(super) struct Ping;

impl Tool for Ping {
    type Args = PingArgs;
    type Bound = (Found, usize);

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "Ping",
        title: "Ping a host",
        description: "Asks a host for echoes (ICMP) and tells which came and how fast. Many hosts never answer one; PortCheck \
                      tells more of those.",
        tier: Tier::Observe,
        effects: &[Effect::ProbeHosts],
        annotations: ASKS,
        shape: Shape::Data,
        lane: Lane::Long,
        deadline: Duration::from_secs(10),
        needs_administrator: false,
        gates: &[],
        answer_cap: 4_000,
        secret_arguments: &[],
        examples: [
            (r#"{"host": "192.168.1.1"}"#, "Whether the router is there"),
            (r#"{"host": "fd00::7", "count": 1}"#, "One echo over IPv6"),
        ],
    };

    fn plan(args: PingArgs, cx: &PlanContext<'_>) -> Result<Planned<Self::Bound>, Fault> {
        let count = args.count.map_or(ECHO_DEFAULT, Int::size);
        let found = Found::look_up(args.host.0, None, HostAccess::Probe, cx)?;
        let (resource, times) = (found.resource(), u32::try_from(count).unwrap_or(u32::MAX));
        let mut planned = Planned::disclosure(Effect::ProbeHosts, resource, (found, count));
        planned.deadline = Some((ECHO_WAIT + ECHO_GAP).saturating_mul(times) + SPARE);
        Ok(planned)
    }

    fn apply((found, count): Self::Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let network = &cx.ports.network;
        let ask = |address| network.echo(permit, &found.target(address), cx.deadline.slice(ECHO_WAIT), cx.cancel);
        let asked = found.addresses.iter().map(|address| (*address, ask(*address)));
        // An address whose kind the system has no echoes for leaves it to the next.
        let mut last = Err(NetworkFault::UnknownHost.into());
        for (address, echo) in asked {
            let is_lacking = matches!(echo, Err(PortFault::Unsupported(_)));
            last = echo.map(|echo| (address, echo));
            if !is_lacking {
                break;
            }
        }
        let (address, first) = last?;
        let mut begun = Some(first);
        let (mut echoes, mut times) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let echo = match begun.take() {
                Some(first) => first,
                None => {
                    cx.cancel.wait(ECHO_GAP)?;
                    ask(address)?
                }
            };
            echoes.push(match echo {
                Echo::Answered(took, hops_left) => {
                    times.push(took);
                    EchoTold { result: "answered", ms: Some(millis(took)), hops_left }
                }
                Echo::Silent => EchoTold { result: "silent", ms: None, hops_left: None },
                Echo::Unreachable => EchoTold { result: "unreachable", ms: None, hops_left: None },
            });
        }
        let answered = times.len();
        let mean = u32::try_from(answered).ok().filter(|count| *count > 0);
        let mean = mean.map(|count| times.iter().sum::<Duration>() / count);
        data(&Pinged {
            host: found.host.to_string(),
            address: address.to_string(),
            sent: count,
            answered,
            mean_ms: mean.map(millis),
            echoes,
        })
    }

    fn output_schema() -> Option<Value> {
        Some(schema::output::<Pinged>())
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PortCheckArgs {
    /// A name or an address, IPv4 or IPv6
    host: HostArg,
    port: Int<1, 65_535>,
    /// Seconds for all addresses of the host together, default 5
    timeout: Option<Seconds<PORT_WAIT_CAP>>,
}

#[derive(Serialize, JsonSchema)]
struct PortTold {
    address: String,
    /// `open`, `closed` (the host says so), `silent` (nobody answered: a firewall, or no host) or `unreachable`.
    state: &'static str,
    ms: f64,
}

#[derive(Serialize, JsonSchema)]
struct PortState {
    host: String,
    port: u16,
    /// Whether it is open at one of the addresses.
    open: bool,
    addresses: Vec<PortTold>,
    /// Addresses of the host that were not looked at.
    #[serde(skip_serializing_if = "is_zero")]
    not_tried: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Looks whether a port is open.
pub(super) struct PortCheck;

impl Tool for PortCheck {
    type Args = PortCheckArgs;
    type Bound = (Found, Duration);

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "PortCheck",
        title: "Check a TCP port",
        description: "Whether something listens at a TCP port, at each IPv4 and IPv6 address of the host: open, closed, silent or \
                      unreachable. Nothing is sent.",
        tier: Tier::Observe,
        effects: &[Effect::ProbeHosts],
        annotations: ASKS,
        shape: Shape::Data,
        lane: Lane::Long,
        deadline: Duration::from_secs(10),
        needs_administrator: false,
        gates: &[],
        answer_cap: 4_000,
        secret_arguments: &[],
        examples: [
            (r#"{"host": "localhost", "port": 3389}"#, "Whether this machine takes remote desktops"),
            (r#"{"host": "nas", "port": 445, "timeout": 2}"#, "Whether the file server answers"),
        ],
    };

    fn plan(args: PortCheckArgs, cx: &PlanContext<'_>) -> Result<Planned<Self::Bound>, Fault> {
        let wait = args.timeout.map_or(PORT_WAIT, Seconds::span);
        let port = u16::try_from(args.port.get()).ok();
        let found = Found::look_up(args.host.0, port, HostAccess::Probe, cx)?;
        let mut planned = Planned::disclosure(Effect::ProbeHosts, found.resource(), (found, wait));
        planned.deadline = Some(wait + SPARE);
        Ok(planned)
    }

    fn apply((found, wait): Self::Bound, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let whole = Deadline::after(cx.left_of("timeout", wait)?);
        let tried = found.addresses.iter().take(TRIED_CAP);
        let mut left = u32::try_from(tried.len()).unwrap_or(1);
        let mut addresses = Vec::new();
        for address in tried {
            // One that is silent leaves each of the others its share.
            let share = Deadline::after(whole.remaining() / left.max(1));
            left = left.saturating_sub(1);
            let began = Instant::now();
            let reach = cx.ports.network.probe(permit, &found.target(*address), share, cx.cancel)?;
            let state = match reach {
                Reach::Open => "open",
                Reach::Closed => "closed",
                Reach::Silent => "silent",
                Reach::Unreachable => "unreachable",
            };
            addresses.push(PortTold { address: address.to_string(), state, ms: millis(began.elapsed()) });
        }
        data(&PortState {
            host: found.host.to_string(),
            port: found.port.unwrap_or_default(),
            open: addresses.iter().any(|told| told.state == "open"),
            not_tried: found.addresses.len().saturating_sub(addresses.len()),
            addresses,
        })
    }

    fn output_schema() -> Option<Value> {
        Some(schema::output::<PortState>())
    }
}
