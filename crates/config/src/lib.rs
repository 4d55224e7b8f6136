//! Files, environment and flags become one validated configuration with the origin of each value. This is the only reader
//! of the environment and the only maker of key files; nothing is relaxed here, and what is wrong stops the start.

mod certificates;
mod environment;
mod error;
mod files;
mod http_keys;
mod keys;
mod layer;
mod merge;
mod network;
mod places;
mod principal;
mod reload;
mod settings;
mod stop;
mod url;
mod watch;

pub use certificates::ClientCertificate;
pub use environment::Environment;
pub use error::ConfigError;
pub use files::{DataFolder, FileError, Secret, create_for_owner};
pub use http_keys::{KEY_CAP, KeyError, KeyLife, KeyName, KeyStore, StoredKey};
pub use keys::{KEYS, Key, Kind, Merge, OF_PRINCIPALS, PRINCIPALS, READ_AT_START};
pub use layer::{Place, check_policy_text};
pub use network::{ForwardedHeader, Network, PublicHost};
pub use places::{Looked, POLICY_FILE, PolicyFiles, Trust};
pub use principal::PrincipalName;
pub use reload::{Presence, Question, ReloadFiles};
pub use settings::{
    ApprovalSetting, ClientCertificates, Dialect, FileSettings, HostSettings, HttpFlags, HttpSettings, JwksPlace,
    OAuthSettings, PrincipalSettings, ProxySettings, RateSettings, RegistrySettings, RestrictionSettings, Row,
    ServeFlags, ServeSettings, Settings, TlsFiles, TokenAlgorithm, ToolFlags, ToolSettings, TransportFlag,
    TransportSettings,
};
pub use stop::StopFiles;
pub use url::ServiceUrl;
pub use watch::WatchedFiles;
