//! The machine's own connections, with the programs that have them.

use crate::args::{Int, Text};
use crate::context::{ApplyContext, PlanContext};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::schema;
use crate::tool::{Planned, Tool, data};
use portcullis_model::{Effect, Fault, Reply, Resource, Tier};
use portcullis_platform::{Carrier, ConnectionInfo};
use portcullis_policy::Permit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// Connections that one answer lists.
const LIST_CAP: i64 = 1_000;
/// Connections listed when nothing is said.
const LIST_DEFAULT: usize = 50;
/// Connections that are passed over.
const OFFSET_CAP: i64 = 1_000_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NetConnectionsArgs {
    /// Part of an address with its port, a state, a program or `pid N`, any case
    filter: Option<Text<200>>,
    /// Default 50
    limit: Option<Int<1, LIST_CAP>>,
    /// Pass over so many, to see those after them
    offset: Option<Int<0, OFFSET_CAP>>,
}

#[derive(Serialize, JsonSchema)]
struct Told {
    /// `tcp` or `udp`.
    protocol: &'static str,
    local: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote: Option<String>,
    /// Of TCP: `listening`, `established`, `time_wait` and others.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    pid: u32,
    /// Absent where the process is gone or not ours to see.
    #[serde(skip_serializing_if = "Option::is_none")]
    program: Option<String>,
}

impl Told {
    fn of(connection: &ConnectionInfo) -> Self {
        Self {
            protocol: match connection.carrier {
                Carrier::Tcp => "tcp",
                Carrier::Udp => "udp",
            },
            local: connection.local.to_string(),
            remote: connection.remote.map(|remote| remote.to_string()),
            state: connection.state,
            pid: connection.process,
            program: connection.program.as_ref().map(ToString::to_string),
        }
    }

    fn fits(&self, wanted: &str) -> bool {
        let process = format!("pid {}", self.pid);
        let texts = [Some(self.local.as_str()), self.remote.as_deref(), self.state, self.program.as_deref()];
        let has = |text: &str| text.to_lowercase().contains(wanted);
        self.protocol == wanted || process == wanted || texts.into_iter().flatten().any(has)
    }
}

#[derive(Serialize, JsonSchema)]
struct Listing {
    connections: Vec<Told>,
    /// Connections that fit the filter, listed or not.
    matching: usize,
    /// All connections.
    total: usize,
}

/// Lists connections.
pub(super) struct NetConnections;

impl Tool for NetConnections {
    type Args = NetConnectionsArgs;
    type Bound = NetConnectionsArgs;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "NetConnections",
        title: "List network connections",
        description: "This machine's TCP and UDP connections and listening ports, with the process and program of each.",
        tier: Tier::Observe,
        effects: &[Effect::ReadConnections],
        annotations: Annotations::READS,
        shape: Shape::Data,
        lane: Lane::Read,
        deadline: Duration::from_secs(5),
        needs_administrator: false,
        gates: &[],
        answer_cap: 400_000,
        secret_arguments: &[],
        examples: [
            (r#"{"filter": "listening"}"#, "Which programs wait for connections"),
            (r#"{"filter": ":443", "limit": 200}"#, "Connections to HTTPS"),
        ],
    };

    fn plan(args: NetConnectionsArgs, _cx: &PlanContext<'_>) -> Result<Planned<NetConnectionsArgs>, Fault> {
        Ok(Planned::disclosure(Effect::ReadConnections, Resource::Connections, args))
    }

    fn apply(args: NetConnectionsArgs, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let mut all = cx.ports.network.connections(permit)?;
        let total = all.len();
        all.sort_by_key(|found| (found.carrier == Carrier::Udp, found.local, found.remote, found.process));
        let wanted = args.filter.map(|Text(text)| text.to_lowercase()).unwrap_or_default();
        let fitting = all.iter().map(Told::of).filter(|told| wanted.is_empty() || told.fits(&wanted));
        let fitting: Vec<Told> = fitting.collect();
        let matching = fitting.len();
        let from = args.offset.map_or(0, Int::size);
        let connections = fitting.into_iter().skip(from).take(args.limit.map_or(LIST_DEFAULT, Int::size)).collect();
        data(&Listing { connections, matching, total })
    }

    fn output_schema() -> Option<Value> {
        Some(schema::output::<Listing>())
    }
}
