//! The way to what a URL names: each host on it is looked up once, asked of the rules and recorded before it is connected to.
//! What is made of the bytes is for the tools.

use super::fetch::{Answer, Page, fetch};
use super::url::WebUrl;
use super::{Found, LOOKUP_WAIT};
use crate::context::{ApplyContext, PlanContext};
use portcullis_model::{Deadline, Effect, Fault, FaultCode, HostAccess, Resource, visible};
use portcullis_platform::{NetworkFault, PortFault};
use portcullis_policy::Permit;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use std::net::TcpStream;
use std::time::Duration;

/// Pages that lead on to another, one after another.
const REDIRECT_CAP: usize = 5;
/// Addresses of one host that are tried.
const TRIED_CAP: usize = 4;
/// How long one address has to take the connection.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// How long all requests together may take.
const WAIT: Duration = Duration::from_secs(20);
/// Characters of a URL in an error.
const SHOWN: usize = 300;

/// A URL as an argument.
pub(crate) struct UrlArg(WebUrl);

impl<'de> Deserialize<'de> for UrlArg {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        WebUrl::parse(&String::deserialize(deserializer)?).map(Self).map_err(D::Error::custom)
    }
}

impl JsonSchema for UrlArg {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Url".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// What a URL names, its host looked up.
pub(crate) struct WebPlace {
    url: WebUrl,
    found: Found,
    /// The variable that says who vouches for hosts, if one does.
    replaced: Option<&'static str>,
}

/// What was read.
pub(crate) struct Fetched {
    /// Where it really is.
    pub(super) url: WebUrl,
    /// What led there, the first one first.
    pub(super) redirected_from: Vec<String>,
    /// What came.
    pub(crate) page: Page,
}

impl WebPlace {
    /// Looks the host up, when the rules let its name be asked for.
    pub(crate) fn look_up(url: UrlArg, cx: &PlanContext<'_>) -> Result<Self, Fault> {
        let UrlArg(url) = url;
        let found = Found::look_up(url.host().clone(), Some(url.port()), HostAccess::Fetch, cx)?;
        Ok(Self { url, found, replaced: cx.names.replaced_roots() })
    }

    /// What the permit must name, for `FetchHosts`.
    pub(crate) fn resource(&self) -> Resource {
        self.found.resource()
    }

    /// Reads it, at most `cap` bytes, and follows where the rules let it.
    pub(crate) fn read(self, permit: &Permit, cx: &ApplyContext<'_>, cap: usize) -> Result<Fetched, Fault> {
        let deadline = cx.deadline.slice(WAIT);
        let Self { mut url, mut found, replaced } = self;
        let mut redirected_from = Vec::new();
        loop {
            require_own_roots(&url, replaced)?;
            let stream = connect(&found, permit, cx, deadline)?;
            match fetch(stream, &url, cap, deadline, cx.cancel)? {
                Answer::Page(page) => return Ok(Fetched { url, redirected_from, page }),
                Answer::Elsewhere(location) => {
                    let refused = |fault: Fault| leads_on(&url, &location, fault);
                    if redirected_from.len() >= REDIRECT_CAP {
                        return Err(refused(
                            Fault::new(FaultCode::TooLarge, "the page leads on too often")
                                .rule(format!("at most {REDIRECT_CAP} redirects are followed"))
                                .remedy("name the page itself"),
                        ));
                    }
                    let next = url.join(&location).map_err(|bad| {
                        refused(
                            Fault::new(FaultCode::Denied, "the page leads on to what is not fetched")
                                .rule(bad.to_string()),
                        )
                    })?;
                    found = follow(&next, permit, cx, deadline).map_err(refused)?;
                    redirected_from.push(url.to_string());
                    url = next;
                }
            }
        }
    }
}

/// Refuses https while a variable says who vouches for hosts: libraries of TLS take its word for the system's.
fn require_own_roots(url: &WebUrl, replaced: Option<&'static str>) -> Result<(), Fault> {
    let Some(name) = replaced.filter(|_| url.is_https()) else { return Ok(()) };
    Err(Fault::new(FaultCode::Unsupported, "no page is read over https: this server cannot ask the system's own roots")
        .rule(format!("{name} is set, and what it names would vouch for hosts in their place"))
        .remedy(format!("the owner starts the server without {name}; a page over http can be read")))
}

/// Looks up where a page leads, and has the permit cover it: by the same rules as the first host, and recorded.
fn follow(next: &WebUrl, permit: &Permit, cx: &ApplyContext<'_>, deadline: Deadline) -> Result<Found, Fault> {
    let host = next.host().clone();
    permit.check_name(&host, HostAccess::Fetch)?;
    let addresses = cx.ports.network.resolve(&host, deadline.slice(LOOKUP_WAIT), cx.cancel)?;
    let found = Found { host, port: Some(next.port()), addresses, access: HostAccess::Fetch };
    permit.follow(Effect::FetchHosts, found.resource())?;
    Ok(found)
}

/// A refusal of where a page leads, with both URLs.
fn leads_on(url: &WebUrl, location: &str, fault: Fault) -> Fault {
    let message = format!(
        "{} leads on to {}, which is not followed: {}",
        visible(url.as_str(), SHOWN),
        visible(location, SHOWN),
        fault.message
    );
    Fault { message, ..fault }
}

/// A connection to the first of the host's addresses that takes one.
fn connect(found: &Found, permit: &Permit, cx: &ApplyContext<'_>, deadline: Deadline) -> Result<TcpStream, Fault> {
    let mut last = PortFault::from(NetworkFault::UnknownHost);
    for address in found.addresses.iter().take(TRIED_CAP) {
        let wait = deadline.slice(CONNECT_WAIT);
        match cx.ports.network.connect(permit, &found.target(*address), wait, cx.cancel) {
            Ok(stream) => return Ok(stream),
            Err(fault @ PortFault::Network(_)) => last = fault,
            Err(fault) => return Err(fault.into()),
        }
    }
    Err(last.into())
}
