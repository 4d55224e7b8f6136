//! The settings of HTTP: where it listens, with which certificate, and whom it believes. Every rule is kept before anything
//! is opened; a half of what belongs together is refused.

use super::{OAuthSettings, Settings};
use crate::certificates::ClientCertificate;
use crate::error::ConfigError;
use crate::keys::{DEFAULT_PORT, DEFAULT_RATE};
use crate::layer::Value;
use crate::network::{ForwardedHeader, Network, PublicHost};
use portcullis_model::{Origin, Valued};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

/// Where TLS has its certificate and key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, in PEM, the server's own certificate first.
    pub certificate: PathBuf,
    /// The private key, in PEM.
    pub key: PathBuf,
}

/// Whose certificates open the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificates {
    /// The authorities that vouch for them, in PEM.
    pub authorities: PathBuf,
    /// Their holders.
    pub holders: Vec<ClientCertificate>,
}

/// Proxies that may say for whom they ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxySettings {
    /// Their addresses.
    pub networks: Vec<Network>,
    /// The one header in which they say it.
    pub header: ForwardedHeader,
}

/// How HTTP is served, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpSettings {
    /// Where it listens.
    pub address: Valued<SocketAddr>,
    /// With which certificate; plain HTTP when there is none.
    pub tls: Option<TlsFiles>,
    /// Whose certificates open the server; nobody's when there is none.
    pub certificates: Option<ClientCertificates>,
    /// Whose tokens open the server; nobody's when there is none.
    pub oauth: Option<OAuthSettings>,
    /// From where alone clients may come; from anywhere when there is none.
    pub allowlist: Option<Vec<Network>>,
    /// Who may say for whom it asks; nobody when there are none.
    pub proxies: Option<ProxySettings>,
    /// By which name clients know the server beside its own addresses.
    pub public_host: Option<PublicHost>,
    /// Requests that each principal may send a minute.
    pub rate: u32,
}

impl Settings {
    /// The settings of HTTP, whatever the transport is.
    pub(super) fn http(&self) -> Result<HttpSettings, ConfigError> {
        let tls = self.tls_files()?;
        Ok(HttpSettings {
            address: self.address(tls.is_some())?,
            certificates: self.client_certificates()?,
            oauth: self.oauth()?,
            allowlist: self.networks("http.ip_allowlist").map(|said| said.value),
            proxies: self.proxies()?,
            public_host: self.parsed("http.public_host")?.map(|said| said.value),
            rate: self.number("http.rate").and_then(|rate| u32::try_from(rate).ok()).unwrap_or(DEFAULT_RATE),
            tls,
        })
    }

    fn address(&self, has_tls: bool) -> Result<Valued<SocketAddr>, ConfigError> {
        let port = self.number("serve.port").and_then(|port| u16::try_from(port).ok()).unwrap_or(DEFAULT_PORT);
        let Some(host) = self.text("serve.host") else {
            return Ok(Valued::new(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), Origin::Default));
        };
        let refuse = |rule: &str| ConfigError::new(host.origin.clone(), "serve.host", &host.value, rule);
        let ip: IpAddr = if host.value == "localhost" {
            Ipv4Addr::LOCALHOST.into()
        } else {
            host.value.parse().map_err(|_| refuse("it is an IP address or `localhost`; write 127.0.0.1 or ::1"))?
        };
        if !has_tls && !ip.to_canonical().is_loopback() {
            return Err(refuse(
                "beyond this machine HTTP is served with TLS alone: add --tls-cert and --tls-key (`portcullis tls \
                 self-signed` makes a pair), or use 127.0.0.1 or ::1",
            ));
        }
        Ok(Valued::new(SocketAddr::new(ip, port), host.origin))
    }

    /// Where TLS has its pair, whether HTTP is served or not. Half a pair is an error.
    pub fn tls_files(&self) -> Result<Option<TlsFiles>, ConfigError> {
        let path = |key: &str| self.text(key).map(|said| self.absolute(key, said)).transpose();
        match (path("tls.certificate")?, path("tls.key")?) {
            (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate: certificate.value, key: key.value })),
            (None, None) => Ok(None),
            (Some(half), None) => Err(other_half(&half, "tls.certificate", "tls.key", "--tls-key")),
            (None, Some(half)) => Err(other_half(&half, "tls.key", "tls.certificate", "--tls-cert")),
        }
    }

    /// Whose certificates open the server, whether HTTP is served or not. One half without the other is an error.
    pub fn client_certificates(&self) -> Result<Option<ClientCertificates>, ConfigError> {
        const KEYS: (&str, &str) = ("tls.client_ca", "tls.clients");
        let authorities = self.text(KEYS.0).map(|said| self.absolute(KEYS.0, said)).transpose()?;
        let holders = self.merged.0.get(KEYS.1).and_then(|said| match &said.value {
            Value::Certificates(list) => Some((list, &said.origin)),
            _ => None,
        });
        let (authorities, holders) = match (authorities, holders) {
            (None, None) => return Ok(None),
            (Some(authorities), Some((list, _))) => {
                (authorities, list.iter().map(|holder| holder.value.clone()).collect())
            }
            (Some(half), None) => {
                let rule = "no certificate is listed, so none could open anything: add `[[tls.clients]]` with `name` and \
                            `scopes`";
                return Err(ConfigError::new(half.origin, KEYS.0, &half.value.to_string_lossy(), rule));
            }
            (None, Some((_, origin))) => {
                let rule = "nobody vouches for these certificates: add `tls.client_ca`";
                return Err(ConfigError::new(origin.clone(), KEYS.1, "", rule));
            }
        };
        if self.text("tls.certificate").is_none() {
            let rule = "client certificates are shown over TLS alone: add `tls.certificate` and `tls.key`";
            return Err(ConfigError::new(authorities.origin, KEYS.0, &authorities.value.to_string_lossy(), rule));
        }
        Ok(Some(ClientCertificates { authorities: authorities.value, holders }))
    }

    fn proxies(&self) -> Result<Option<ProxySettings>, ConfigError> {
        let header: Option<Valued<ForwardedHeader>> = self.parsed("http.forwarded_header")?;
        match (self.networks("http.trusted_proxies"), header) {
            (Some(networks), Some(header)) => {
                Ok(Some(ProxySettings { networks: networks.value, header: header.value }))
            }
            (None, None) => Ok(None),
            (Some(networks), None) => {
                let rule = "it needs the header in which the proxies say from whom a request came: add \
                            `http.forwarded_header` (--forwarded-header), such as X-Forwarded-For";
                Err(ConfigError::new(networks.origin, "http.trusted_proxies", "", rule))
            }
            (None, Some(header)) => {
                let rule =
                    "nobody may set it: add `http.trusted_proxies` (--trusted-proxies) with your proxy's address";
                Err(ConfigError::new(header.origin, "http.forwarded_header", header.value.name(), rule))
            }
        }
    }

    /// A text, as the type that checks it.
    pub(super) fn parsed<T: FromStr<Err = String>>(&self, key: &str) -> Result<Option<Valued<T>>, ConfigError> {
        let Some(said) = self.text(key) else { return Ok(None) };
        match said.value.parse() {
            Ok(value) => Ok(Some(Valued::new(value, said.origin))),
            Err(rule) => Err(ConfigError::new(said.origin, key, &said.value, format!("it is {rule}"))),
        }
    }

    fn networks(&self, key: &str) -> Option<Valued<Vec<Network>>> {
        let said = self.merged.0.get(key)?;
        let Value::Networks(list) = &said.value else { return None };
        Some(Valued::new(list.iter().map(|item| item.value).collect(), said.origin.clone()))
    }

    fn number(&self, key: &str) -> Option<u64> {
        match self.merged.0.get(key)?.value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }
}

fn other_half(half: &Valued<PathBuf>, key: &str, missing: &str, flag: &str) -> ConfigError {
    let rule =
        format!("certificate and key belong together, and without both nothing is served: add `{missing}` ({flag})");
    ConfigError::new(half.origin.clone(), key, &half.value.to_string_lossy(), rule)
}
