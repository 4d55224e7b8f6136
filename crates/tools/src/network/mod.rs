//! Hosts and connections. A host is looked up once, while planning; what is reached afterwards is an address that the permit
//! names. Which hosts may be reached is for policy to say.

mod connections;
mod fetch;
mod page;
mod probe;
mod scrape;
mod url;
mod web;

pub(crate) use web::{Fetched, UrlArg, WebPlace};

use crate::context::PlanContext;
use crate::tool::AnyTool;
use portcullis_model::{Fault, Host, HostAccess, Resource};
use portcullis_platform::HostTarget;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

/// How long a name may take to be looked up.
const LOOKUP_WAIT: Duration = Duration::from_secs(5);

/// The tools of this family.
pub(crate) fn tools() -> Vec<AnyTool> {
    vec![
        AnyTool::of::<connections::NetConnections>(),
        AnyTool::of::<probe::Ping>(),
        AnyTool::of::<probe::PortCheck>(),
        AnyTool::of::<scrape::Scrape>(),
    ]
}

/// A host as an argument.
struct HostArg(Host);

impl<'de> Deserialize<'de> for HostArg {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Host::parse(&text).map(Self).map_err(|bad| D::Error::custom(format!("{bad}; {}", bad.remedy())))
    }
}

impl JsonSchema for HostArg {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Host".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// A host with the addresses that it was found to have.
struct Found {
    host: Host,
    port: Option<u16>,
    addresses: Vec<IpAddr>,
    access: HostAccess,
}

impl Found {
    /// Looks the host up, when the rules let its name be asked for.
    fn look_up(host: Host, port: Option<u16>, access: HostAccess, cx: &PlanContext<'_>) -> Result<Self, Fault> {
        let addresses = cx.resolve_host(&host, access, LOOKUP_WAIT)?;
        Ok(Self { host, port, addresses, access })
    }

    fn resource(&self) -> Resource {
        let (host, addresses) = (self.host.clone(), self.addresses.clone());
        Resource::Host { host, port: self.port, addresses, access: self.access }
    }

    fn target(&self, address: IpAddr) -> HostTarget {
        HostTarget { host: self.host.clone(), port: self.port, address, access: self.access }
    }
}

/// Milliseconds with one decimal.
fn millis(span: Duration) -> f64 {
    (span.as_secs_f64() * 10_000.0).round() / 10.0
}
