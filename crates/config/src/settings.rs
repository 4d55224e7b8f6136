//! The configuration as merged from files and flags, each value with where it came from, and the settings of `serve`,
//! whose rules are kept before anything is opened.

use crate::environment::{Environment, data_folder};
use crate::error::ConfigError;
use crate::keys::{DEFAULT_STOP_KEY, KEYS, NO_STOP_KEY, PRINCIPALS};
use crate::layer::{Layer, Value, in_our_names};
use crate::merge::{narrow, require_narrower};
use crate::places::{Looked, PolicyFiles, Trust};
use crate::principal::PrincipalName;
use portcullis_model::{
    Chord, FilePath, HostPattern, Origin, ProgramName, RegistryKey, Valued, WindowPattern, WpfTarget,
};
use std::path::PathBuf;

mod http;
mod oauth;
mod words;

use words::Words;

pub use http::{ClientCertificates, HttpSettings, ProxySettings, TlsFiles};
pub use oauth::{JwksPlace, OAuthSettings, TokenAlgorithm};

/// How clients connect, as asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportFlag {
    /// Standard input and output.
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

/// How HTTP is served, as asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpFlags {
    /// `--host`.
    pub host: Option<String>,
    /// `--port`.
    pub port: Option<u16>,
    /// `--tls-cert`.
    pub tls_cert: Option<PathBuf>,
    /// `--tls-key`.
    pub tls_key: Option<PathBuf>,
    /// `--ip-allowlist`.
    pub ip_allowlist: Vec<String>,
    /// `--trusted-proxies`.
    pub trusted_proxies: Vec<String>,
    /// `--forwarded-header`.
    pub forwarded_header: Option<String>,
    /// `--public-host`.
    pub public_host: Option<String>,
    /// `--rate`.
    pub rate: Option<u32>,
}

impl HttpFlags {
    fn add_to(self, layer: &mut Layer) -> Result<(), ConfigError> {
        let mut set = |path, value, flag| layer.set(path, value, Origin::Flag(flag));
        let texts = [
            ("serve.host", self.host, "--host"),
            ("tls.certificate", self.tls_cert.map(|path| text_of(path, "--tls-cert")).transpose()?, "--tls-cert"),
            ("tls.key", self.tls_key.map(|path| text_of(path, "--tls-key")).transpose()?, "--tls-key"),
            ("http.forwarded_header", self.forwarded_header, "--forwarded-header"),
            ("http.public_host", self.public_host, "--public-host"),
        ];
        for (path, text, flag) in texts {
            if let Some(text) = text {
                set(path, Value::Text(text), flag);
            }
        }
        let numbers =
            [("serve.port", self.port.map(u64::from), "--port"), ("http.rate", self.rate.map(u64::from), "--rate")];
        for (path, number, flag) in numbers {
            if let Some(number) = number {
                set(path, Value::Number(number), flag);
            }
        }
        for (path, list, flag) in [
            ("http.ip_allowlist", self.ip_allowlist, "--ip-allowlist"),
            ("http.trusted_proxies", self.trusted_proxies, "--trusted-proxies"),
        ] {
            let network = |text: String| match text.trim().parse() {
                Ok(network) => Ok(Valued::new(network, Origin::Flag(flag))),
                Err(rule) => Err(ConfigError::new(Origin::Flag(flag), path, &text, format!("it is {rule}"))),
            };
            if !list.is_empty() {
                set(path, Value::Networks(list.into_iter().map(network).collect::<Result<_, _>>()?), flag);
            }
        }
        Ok(())
    }
}

/// A path as text, as a file would have it.
fn text_of(path: PathBuf, flag: &'static str) -> Result<String, ConfigError> {
    path.into_os_string().into_string().map_err(|path| {
        let rule = "the path is not Unicode; choose another folder";
        ConfigError::new(Origin::Flag(flag), flag, &path.to_string_lossy(), rule)
    })
}

/// The command line, as given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServeFlags {
    /// `--transport`.
    pub transport: Option<TransportFlag>,
    /// How HTTP is served.
    pub http: HttpFlags,
    /// `--data`.
    pub data: Option<PathBuf>,
    /// Which tools are open.
    pub tools: ToolFlags,
    /// `--dialect`.
    pub dialect: Option<Dialect>,
    /// `--stop-key`.
    pub stop_key: Option<String>,
    /// `--allow-elevated`.
    pub allow_elevated: bool,
    /// `--log-files`.
    pub log_files: bool,
    /// `--call-rate`.
    pub call_rate: Option<u32>,
}

impl ServeFlags {
    fn layer(self) -> Result<Layer, ConfigError> {
        let mut layer = Layer::default();
        let mut set = |path, value, flag| layer.set(path, value, Origin::Flag(flag));
        let list = |names: Vec<String>, flag| {
            Value::List(in_our_names(names.into_iter().map(|name| Valued::new(name, Origin::Flag(flag))).collect()))
        };
        if self.tools.disable_tier2 {
            set("tools.tier2", Value::Bool(false), "--disable-tier2");
        }
        if self.tools.enable_tier3 {
            set("tools.tier3", Value::Bool(true), "--enable-tier3");
        }
        if self.tools.enable_all {
            set("tools.enable_all", Value::Bool(true), "--enable-all");
        }
        if !self.tools.tools.is_empty() {
            set("tools.list", list(self.tools.tools, "--tools"), "--tools");
        }
        if !self.tools.exclude_tools.is_empty() {
            set("tools.exclude", list(self.tools.exclude_tools, "--exclude-tools"), "--exclude-tools");
        }
        if let Some(transport) = self.transport {
            let word = match transport {
                TransportFlag::Stdio => "stdio",
                TransportFlag::Http => "http",
            };
            set("serve.transport", Value::Text(word.to_owned()), "--transport");
        }
        if let Some(data) = self.data {
            set("serve.data", Value::Text(text_of(data, "--data")?), "--data");
        }
        if let Some(dialect) = self.dialect {
            set("serve.dialect", Value::Text(dialect.word().to_owned()), "--dialect");
        }
        if let Some(keys) = self.stop_key {
            set("serve.stop_key", Value::Text(keys), "--stop-key");
        }
        if self.allow_elevated {
            set("serve.allow_elevated", Value::Bool(true), "--allow-elevated");
        }
        if self.log_files {
            set("serve.log_files", Value::Bool(true), "--log-files");
        }
        if let Some(calls) = self.call_rate {
            set("rates.calls", Value::Number(u64::from(calls)), "--call-rate");
        }
        self.http.add_to(&mut layer)?;
        Ok(layer)
    }
}

/// Which tools are open, with where each word came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolSettings {
    /// Whether tier 2 is open, when that is said.
    pub tier2: Option<Valued<bool>>,
    /// Whether tier 3 is open, when that is said.
    pub tier3: Option<Valued<bool>>,
    /// Exactly these tools, when a list is said.
    pub list: Option<Valued<Vec<Valued<String>>>>,
    /// Never these.
    pub exclude: Vec<Valued<String>>,
}

/// In whose names tools are listed. Calls are taken in all of them, whichever is listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Ours.
    #[default]
    Portcullis,
    /// Those of Windows-MCP.
    WindowsMcp,
}

impl Dialect {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Portcullis, Self::WindowsMcp];
    /// Their words.
    pub(crate) const WORDS: &[&str] = &[Self::Portcullis.word(), Self::WindowsMcp.word()];

    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Portcullis => "portcullis",
            Self::WindowsMcp => "windows-mcp",
        }
    }
}

/// When the owner is asked before an effect of tier 3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApprovalSetting {
    /// Opening the tier is the consent.
    #[default]
    Never,
    /// The owner is asked.
    Ask,
}

/// What is taken away beside tools and tiers, with where each word came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RestrictionSettings {
    /// `capture.allowed`.
    pub capture: Option<Valued<bool>>,
    /// `capture.exclude`.
    pub hidden: Vec<Valued<WindowPattern>>,
    /// `clipboard.read`.
    pub clipboard_read: Option<Valued<bool>>,
    /// `input.deny_programs`.
    pub no_input: Vec<Valued<ProgramName>>,
    /// `input.deny_chords`.
    pub no_chords: Vec<Valued<Chord>>,
    /// `executables.allow`.
    pub executables: Option<Valued<Vec<Valued<String>>>>,
    /// `approval.tier3`.
    pub approval: Option<Valued<ApprovalSetting>>,
}

/// Which files are open, with where each word came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileSettings {
    /// `files.read`.
    pub read: Option<Valued<Vec<Valued<FilePath>>>>,
    /// `files.write`.
    pub write: Option<Valued<Vec<Valued<FilePath>>>>,
    /// `files.deny`.
    pub deny: Vec<Valued<FilePath>>,
}

/// Which keys of the registry are open, with where each word came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistrySettings {
    /// `registry.read`.
    pub read: Option<Valued<Vec<Valued<RegistryKey>>>>,
    /// `registry.write`.
    pub write: Option<Valued<Vec<Valued<RegistryKey>>>>,
    /// `registry.deny`.
    pub deny: Vec<Valued<RegistryKey>>,
}

/// Which hosts are open, with where each word came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostSettings {
    /// `hosts.fetch`.
    pub fetch: Option<Valued<Vec<Valued<HostPattern>>>>,
    /// `hosts.probe`.
    pub probe: Option<Valued<Vec<Valued<HostPattern>>>>,
    /// `hosts.deny`.
    pub deny: Vec<Valued<HostPattern>>,
}

/// How much a principal may ask for a minute, with where each word came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RateSettings {
    /// `rates.calls`.
    pub calls: Option<Valued<u32>>,
    /// `rates.bytes`.
    pub bytes: Option<Valued<u32>>,
}

/// The rules of one principal alone, with where each word came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrincipalSettings {
    /// Which tools are left to it.
    pub tools: ToolSettings,
    /// What is taken away beside tools and tiers.
    pub restrictions: RestrictionSettings,
    /// Its roots.
    pub files: FileSettings,
    /// Its keys of the registry.
    pub registry: RegistrySettings,
    /// Its hosts.
    pub hosts: HostSettings,
    /// How much it may ask for.
    pub rates: RateSettings,
}

/// The merged configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    merged: Layer,
    files: Vec<Looked>,
}

/// One row of the listing: a key, its value and its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The key, of a single principal with its section.
    pub key: String,
    /// The value as text.
    pub value: String,
    /// Where it came from: one place, or one for each entry of a list that several places made.
    pub origins: Vec<Origin>,
}

impl Settings {
    /// Reads the files, puts the flags over them and refuses what widens.
    pub fn load(files: &PolicyFiles, flags: ServeFlags, trust: Trust<'_>) -> Result<Self, ConfigError> {
        let mut merged = Layer::default();
        let mut looked = Vec::new();
        let mut add = |mut layer: Layer| -> Result<(), ConfigError> {
            layer.spread_enable_all();
            merged = narrow(std::mem::take(&mut merged), layer)?;
            Ok(())
        };
        for (path, layer) in files.read(trust)? {
            looked.push(Looked { path, found: layer.is_some() });
            layer.map_or(Ok(()), &mut add)?;
        }
        add(flags.layer()?)?;
        require_narrower(&merged)?;
        Ok(Self { merged, files: looked })
    }

    /// Where files were looked for, the machine's first.
    pub fn files(&self) -> &[Looked] {
        &self.files
    }

    /// Every key, said or not, in the order of the table, and what is said of single principals.
    pub fn rows(&self) -> Vec<Row> {
        let said =
            |key: String, said: &Valued<Value>| Row { key, value: said.value.to_string(), origins: origins(said) };
        let row = |key: &'static str, default: &str| match self.merged.0.get(key) {
            Some(found) => said(key.to_owned(), found),
            None => Row { key: key.to_owned(), value: default.to_owned(), origins: vec![Origin::Default] },
        };
        let own = self.merged.1.iter().flat_map(|(name, all)| {
            all.iter().map(move |(key, found)| said(format!("{PRINCIPALS}.\"{name}\".{key}"), found))
        });
        KEYS.iter().map(|key| row(key.path, key.default)).chain(own).collect()
    }

    /// Which tools are open.
    pub fn tools(&self) -> ToolSettings {
        Words(&self.merged.0).tools()
    }

    /// What is taken away beside tools and tiers.
    pub fn restrictions(&self) -> RestrictionSettings {
        Words(&self.merged.0).restrictions()
    }

    /// Which files are open.
    pub fn file_roots(&self) -> FileSettings {
        Words(&self.merged.0).file_roots()
    }

    /// Which keys of the registry are open.
    pub fn registry_roots(&self) -> RegistrySettings {
        Words(&self.merged.0).registry_roots()
    }

    /// Which hosts are open.
    pub fn hosts(&self) -> HostSettings {
        Words(&self.merged.0).hosts()
    }

    /// How much each may ask for.
    pub fn rates(&self) -> RateSettings {
        Words(&self.merged.0).rates()
    }

    /// Which gates of WPF are said to be open or shut, by their names.
    pub fn gates(&self) -> Vec<(&'static str, Valued<bool>)> {
        let names = KEYS.iter().filter_map(|key| Some((key.path, key.path.strip_prefix("gates.")?)));
        names.filter_map(|(path, name)| Some((name, self.bool(path)?))).collect()
    }

    /// The WPF applications that may be connected to.
    pub fn wpf_targets(&self) -> Option<Valued<Vec<Valued<WpfTarget>>>> {
        Words(&self.merged.0).wpf_targets()
    }

    /// The rules of single principals, by their names.
    pub fn principals(&self) -> Vec<(PrincipalName, PrincipalSettings)> {
        let of = |said| {
            let words = Words(said);
            PrincipalSettings {
                tools: words.tools(),
                restrictions: words.restrictions(),
                files: words.file_roots(),
                registry: words.registry_roots(),
                hosts: words.hosts(),
                rates: words.rates(),
            }
        };
        self.merged.1.iter().map(|(name, said)| (name.clone(), of(said))).collect()
    }

    /// Where keys and the audit lie.
    pub fn data(&self, environment: &Environment) -> Result<Valued<PathBuf>, ConfigError> {
        if let Some(said) = self.text("serve.data") {
            return self.absolute("serve.data", said);
        }
        match data_folder(environment) {
            Some(folder) => Ok(Valued::new(folder, Origin::Environment("local application data"))),
            None => {
                let rule = "the environment names no folder for local data; give one with --data";
                Err(ConfigError::new(Origin::Default, "data", "", rule))
            }
        }
    }

    /// The program of Tesseract, for machines whose Windows does not read text off pixels.
    pub fn tesseract(&self) -> Result<Option<Valued<PathBuf>>, ConfigError> {
        self.text("ocr.tesseract").map(|said| self.absolute("ocr.tesseract", said)).transpose()
    }

    /// A path. A flag is typed where one knows the working directory; a file is read from anywhere.
    fn absolute(&self, key: &str, said: Valued<String>) -> Result<Valued<PathBuf>, ConfigError> {
        let path = PathBuf::from(&said.value);
        if !path.is_absolute() && !matches!(said.origin, Origin::Flag(_)) {
            let rule = "the path is absolute, because the working directory is whoever's starts the server";
            return Err(ConfigError::new(said.origin, key, &said.value, rule));
        }
        Ok(said.map(|_| path))
    }

    /// The key by which the owner stops all work, as text; none when there shall be none.
    pub fn stop_key(&self) -> Valued<Option<String>> {
        let said = self.text("serve.stop_key");
        let said = said.unwrap_or_else(|| Valued::new(DEFAULT_STOP_KEY.to_owned(), Origin::Default));
        said.map(|text| (!text.eq_ignore_ascii_case(NO_STOP_KEY)).then_some(text))
    }

    /// Whether the server may run with more rights than a signed-in user has.
    pub fn allow_elevated(&self) -> Valued<bool> {
        self.bool("serve.allow_elevated").unwrap_or_else(|| Valued::new(false, Origin::Default))
    }

    /// In whose names tools are listed.
    pub fn dialect(&self) -> Dialect {
        let said = self.text("serve.dialect");
        said.and_then(|said| Dialect::ALL.into_iter().find(|one| one.word() == said.value)).unwrap_or_default()
    }

    /// Whether the log is also kept in files.
    pub fn log_files(&self) -> Valued<bool> {
        self.bool("serve.log_files").unwrap_or_else(|| Valued::new(false, Origin::Default))
    }

    /// How clients connect and where data lie.
    pub fn serve(&self, environment: &Environment) -> Result<ServeSettings, ConfigError> {
        let transport = self.text("serve.transport");
        let is_http = transport.as_ref().is_some_and(|said| said.value == "http");
        let http = self.http()?;
        let data = self.data(environment)?;
        if is_http {
            return Ok(ServeSettings { transport: TransportSettings::Http(Box::new(http)), data });
        }
        let told = transport.map_or(Origin::Default, |said| said.origin);
        let of_http = |path: &str| ["http.", "tls.", "oauth."].iter().any(|section| path.starts_with(section));
        let keys = KEYS.iter().filter(|key| of_http(key.path) || matches!(key.path, "serve.host" | "serve.port"));
        // What a file says for HTTP waits while the command line asks for stdio.
        let mut said = keys.filter_map(|key| self.merged.0.get(key.path).map(|said| (key.path, said)));
        if let Some((key, Valued { value, origin })) = said.find(|(_, said)| !said.origin.is_before(&told)) {
            let rule = "it means something only with --transport http; add that or leave it out";
            let key = if let Origin::Flag(flag) = origin { flag } else { key };
            return Err(ConfigError::new(origin.clone(), key, &value.to_string(), rule));
        }
        Ok(ServeSettings { transport: TransportSettings::Stdio, data })
    }

    fn bool(&self, key: &str) -> Option<Valued<bool>> {
        Words(&self.merged.0).bool(key)
    }

    fn text(&self, key: &str) -> Option<Valued<String>> {
        Words(&self.merged.0).text(key)
    }

    fn list(&self, key: &str) -> Option<Valued<Vec<Valued<String>>>> {
        Words(&self.merged.0).list(key)
    }
}

/// One place, or that of each entry where several places made the list.
fn of_entries<T>(list: &[Valued<T>], origin: &Origin) -> Vec<Origin> {
    if list.iter().all(|item| item.origin.is_beside(origin)) {
        vec![origin.clone()]
    } else {
        list.iter().map(|item| item.origin.clone()).collect()
    }
}

fn origins(said: &Valued<Value>) -> Vec<Origin> {
    match &said.value {
        Value::List(list) => of_entries(list, &said.origin),
        Value::Networks(list) => of_entries(list, &said.origin),
        Value::Paths(list) => of_entries(list, &said.origin),
        Value::RegistryKeys(list) => of_entries(list, &said.origin),
        Value::Hosts(list) => of_entries(list, &said.origin),
        Value::Programs(list) => of_entries(list, &said.origin),
        Value::Chords(list) => of_entries(list, &said.origin),
        Value::Windows(list) => of_entries(list, &said.origin),
        Value::Certificates(list) => of_entries(list, &said.origin),
        _ => vec![said.origin.clone()],
    }
}

/// How clients connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportSettings {
    /// Standard input and output.
    Stdio,
    /// Streamable HTTP.
    Http(Box<HttpSettings>),
}

/// The settings of `serve`, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServeSettings {
    /// How clients connect.
    pub transport: TransportSettings,
    /// Where keys and audit lie.
    pub data: Valued<PathBuf>,
}

#[cfg(test)]
mod tests;
