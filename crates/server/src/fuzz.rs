//! Doors for the fuzz targets: what is decided of a stranger's bytes before anything that opens the server is looked at, as
//! pure functions of the settings. Nothing is decided here; each door leads to the very code that a request passes.

pub use crate::auth::oauth::fuzz::{Issuer, Opened};

use crate::auth::certificates::Certificates;
use crate::auth::{Head, Shown};
use crate::http::addressing::Names;
use crate::http::client::Clients;
use crate::http::only;
use axum::http::{HeaderMap, HeaderName, Uri};
use portcullis_config::{ClientCertificate, HttpSettings};
use std::net::{IpAddr, SocketAddr};
use std::time::SystemTime;

/// What is known of a head that is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Whose request it is.
    pub client: IpAddr,
    /// The key or token that it shows, if it shows one.
    pub bearer: Option<String>,
}

/// One address that is listened on.
pub struct Listener {
    clients: Clients,
    public_hosts: Vec<String>,
    scheme: &'static str,
    local: SocketAddr,
    authority: String,
}

impl Listener {
    /// By these settings, at their address.
    pub fn new(settings: HttpSettings) -> Result<Self, String> {
        let local = settings.address.value;
        Ok(Self {
            clients: Clients::new(settings.allowlist, settings.proxies)?,
            public_hosts: settings.public_host.map(|host| host.authorities()).unwrap_or_default(),
            scheme: if settings.tls.is_some() { "https" } else { "http" },
            local,
            authority: local.to_string(),
        })
    }

    /// Nothing when the head is refused before a key is looked at.
    pub fn take(&self, peer: IpAddr, uri: &Uri, headers: &HeaderMap) -> Option<Taken> {
        let names = Names {
            scheme: self.scheme,
            local: self.local,
            authority: &self.authority,
            public_hosts: &self.public_hosts,
        };
        names.check(uri, headers).ok()?;
        let client = self.clients.client(peer, headers).ok().filter(|client| self.clients.may_come(*client))?;
        let bearer = match (Head { headers, client, certificate: None }).shown() {
            Shown::Bearer(text) => Some(text.to_owned()),
            Shown::Nothing => None,
            Shown::Unclear => return None,
        };
        Some(Taken { client, bearer })
    }
}

/// The holders of certificates that a server lets in.
pub struct Holders(Certificates);

impl Holders {
    /// Those that the owner lists.
    pub fn new(holders: Vec<ClientCertificate>) -> Self {
        Self(Certificates::new(holders))
    }

    /// Whose certificate in DER it is, and when it ends, when it opens at this time. That somebody vouches for it was found
    /// out before, in the handshake of TLS.
    pub fn open(&self, der: &[u8], now: SystemTime) -> Option<(String, SystemTime)> {
        let (principal, ends) = self.0.open(der, now).ok()?;
        Some((principal.name().to_owned(), ends))
    }
}

/// The one value of a header, as everything that reads one takes it.
pub fn only_value<'headers>(headers: &'headers HeaderMap, name: &HeaderName) -> Option<&'headers str> {
    only(headers, name).ok().flatten()
}
