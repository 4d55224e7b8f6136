//! The settings of `serve`, each with where it came from, and the rules that they must keep before anything is opened.

use crate::environment::Environment;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// The environment.
    Environment(&'static str),
    /// The command line.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// A value and its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Valued<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

/// A setting that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{origin} `{key}` = `{value}`: {rule}")]
pub struct ConfigError {
    /// Where it came from.
    pub origin: Origin,
    /// Which setting.
    pub key: &'static str,
    /// The value at fault.
    pub value: String,
    /// The rule, and what to do.
    pub rule: String,
}

/// How clients connect, as asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TransportFlag {
    /// Standard input and output.
    #[default]
    Stdio,
    /// Streamable HTTP.
    Http,
}

/// Which tools are open, as asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolFlags {
    /// `--tools`.
    pub tools: Vec<String>,
    /// `--exclude-tools`.
    pub exclude_tools: Vec<String>,
    /// `--enable-all`.
    pub enable_all: bool,
    /// `--enable-tier3`.
    pub enable_tier3: bool,
    /// `--disable-tier2`.
    pub disable_tier2: bool,
}

/// The command line of `serve`, as given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServeFlags {
    /// `--transport`.
    pub transport: TransportFlag,
    /// `--host`.
    pub host: Option<String>,
    /// `--port`.
    pub port: Option<u16>,
    /// `--data`.
    pub data: Option<PathBuf>,
    /// Which tools are open.
    pub tools: ToolFlags,
}

/// How clients connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportSettings {
    /// Standard input and output.
    Stdio,
    /// Streamable HTTP on this loopback address.
    Http(Valued<SocketAddr>),
}

/// The settings of `serve`, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServeSettings {
    /// How clients connect.
    pub transport: TransportSettings,
    /// Where keys and audit lie.
    pub data: Valued<PathBuf>,
    /// Which tools are open.
    pub tools: ToolFlags,
}

/// The port when none is said.
const DEFAULT_PORT: u16 = 8090;

impl ServeSettings {
    /// Checks flags and environment and fills in what they leave open.
    pub fn resolve(flags: ServeFlags, environment: &Environment) -> Result<Self, ConfigError> {
        let transport = match flags.transport {
            TransportFlag::Stdio => {
                let unused =
                    flags.host.map(|host| ("--host", host)).or(flags.port.map(|port| ("--port", port.to_string())));
                if let Some((key, value)) = unused {
                    return Err(ConfigError {
                        origin: Origin::Flag(key),
                        key,
                        value,
                        rule: "it means something only with --transport http; add that or leave it out".to_owned(),
                    });
                }
                TransportSettings::Stdio
            }
            TransportFlag::Http => TransportSettings::Http(address(flags.host, flags.port)?),
        };
        let data = match (flags.data, &environment.local_data) {
            (Some(path), _) => Valued { value: path, origin: Origin::Flag("--data") },
            (None, Some(local)) => {
                Valued { value: local.join("Portcullis"), origin: Origin::Environment("local application data") }
            }
            (None, None) => {
                return Err(ConfigError {
                    origin: Origin::Default,
                    key: "data",
                    value: String::new(),
                    rule: "the environment names no folder for local data; give one with --data".to_owned(),
                });
            }
        };
        Ok(Self { transport, data, tools: flags.tools })
    }
}

fn address(host: Option<String>, port: Option<u16>) -> Result<Valued<SocketAddr>, ConfigError> {
    let port = port.unwrap_or(DEFAULT_PORT);
    let Some(host) = host else {
        return Ok(Valued { value: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), origin: Origin::Default });
    };
    let origin = Origin::Flag("--host");
    let refuse = |rule: &str| ConfigError { origin, key: "host", value: host.clone(), rule: rule.to_owned() };
    let ip: IpAddr = if host == "localhost" {
        Ipv4Addr::LOCALHOST.into()
    } else {
        host.parse().map_err(|_| refuse("it is an IP address or `localhost`; write 127.0.0.1 or ::1"))?
    };
    if !ip.to_canonical().is_loopback() {
        return Err(refuse(
            "this version serves HTTP on loopback addresses alone, because it has no TLS yet; use 127.0.0.1 or ::1",
        ));
    }
    Ok(Valued { value: SocketAddr::new(ip, port), origin })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(host: Option<&str>) -> Result<TransportSettings, ConfigError> {
        let flags =
            ServeFlags { transport: TransportFlag::Http, host: host.map(str::to_owned), ..ServeFlags::default() };
        let environment = Environment { local_data: Some("/x".into()) };
        ServeSettings::resolve(flags, &environment).map(|settings| settings.transport)
    }

    #[test]
    fn http_is_served_on_loopback_alone() {
        for (host, address) in [
            (None, "127.0.0.1:8090"),
            (Some("localhost"), "127.0.0.1:8090"),
            (Some("127.0.0.2"), "127.0.0.2:8090"),
            (Some("::1"), "[::1]:8090"),
        ] {
            let TransportSettings::Http(bound) = resolve(host).unwrap() else { panic!("not HTTP") };
            assert_eq!(bound.value.to_string(), address);
        }
        for host in ["0.0.0.0", "::", "192.168.1.2", "::ffff:10.0.0.1", "example.com", "", "127.0.0.1 ", "[::1]"] {
            let error = resolve(Some(host)).unwrap_err();
            assert_eq!((error.key, error.origin), ("host", Origin::Flag("--host")), "{host}");
        }
    }

    #[test]
    fn a_flag_without_meaning_is_refused() {
        let flags = ServeFlags { port: Some(1), ..ServeFlags::default() };
        let error = ServeSettings::resolve(flags, &Environment { local_data: Some("/x".into()) }).unwrap_err();
        assert_eq!(error.key, "--port");
    }

    #[test]
    fn without_a_place_for_data_nothing_starts() {
        assert_eq!(ServeSettings::resolve(ServeFlags::default(), &Environment::default()).unwrap_err().key, "data");
    }
}
