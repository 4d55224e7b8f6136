//! The command line as typed: flags and their help. Their meaning is checked in `config` and `policy`.

use crate::machine::WorkerKind;
use clap::{Args, Parser, Subcommand, ValueEnum};
use portcullis_config::{Dialect, HttpFlags, KeyLife, KeyName, ServeFlags, ToolFlags, TransportFlag};
use std::path::PathBuf;
use std::process::ExitCode;

/// An MCP server that lets an AI agent see and operate a Windows desktop, behind a gate.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version)]
pub(crate) struct Cli {
    /// How much to log on standard error
    #[arg(long, global = true, value_enum, default_value_t = LogLevel::Warn)]
    pub(crate) log: LogLevel,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    /// Faults of ours alone.
    Error,
    /// And what an owner should look at.
    Warn,
    /// And what happens.
    Info,
    /// And how.
    Debug,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve MCP to a client
    Serve(Box<ServeArgs>),
    /// List the tools: which are open, and what shuts the others
    Tools(ToolsArgs),
    /// Call one tool, once, through the same gate
    Call(CallArgs),
    /// Say what this machine can do and what is in the way
    Doctor(DoctorArgs),
    /// Say what is configured, and where
    Config(ConfigArgs),
    /// Look at the rules
    Policy(PolicyArgs),
    /// Stop all work of this user's servers, until `resume`
    Stop(ServersArgs),
    /// Let the servers work again
    Resume(ServersArgs),
    /// Let the servers read their policy again, and take it where it allows nothing more
    Reload(ServersArgs),
    /// Make, list and take away keys for HTTP
    Key(KeyArgs),
    /// Make a certificate for HTTPS
    Tls(TlsArgs),
    /// Look after what looks into WPF applications
    Wpf(WpfArgs),
    /// Check, read and export the record of all calls
    Audit(crate::audit::AuditArgs),
    /// Say which version this is
    Version,
    /// Work for a server that started this process
    #[command(hide = true)]
    Worker(WorkerArgs),
}

#[derive(Args, Clone, Debug)]
pub(crate) struct WorkerArgs {
    /// What to work at
    #[arg(value_enum)]
    pub(crate) kind: WorkerKind,
    /// What to run, which the worker takes from its command line as it stands
    #[arg(last = true, allow_hyphen_values = true)]
    pub(crate) line: Vec<std::ffi::OsString>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Transport {
    /// Standard input and output, for a client that starts the server
    Stdio,
    /// Streamable HTTP
    Http,
}

/// Where the policy comes from.
#[derive(Args, Clone, Debug)]
pub(crate) struct PolicyFileArgs {
    /// The policy file (default: portcullis.toml in this user's folder, if it is there)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct FilterArgs {
    /// Open exactly these tools (comma-separated)
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    tools: Vec<String>,
    /// Never open these, whatever else is said
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    exclude_tools: Vec<String>,
    /// Open every tool of every tier
    #[arg(long)]
    enable_all: bool,
    /// Open tier 3: tools that change the machine
    #[arg(long)]
    enable_tier3: bool,
    /// Shut tier 2: tools that operate programs
    #[arg(long)]
    disable_tier2: bool,
}

impl FilterArgs {
    pub(crate) fn flags(self) -> ToolFlags {
        ToolFlags {
            tools: self.tools,
            exclude_tools: self.exclude_tools,
            enable_all: self.enable_all,
            enable_tier3: self.enable_tier3,
            disable_tier2: self.disable_tier2,
        }
    }
}

/// How HTTP is served.
#[derive(Args, Clone, Debug)]
struct HttpArgs {
    /// The address to listen on (default 127.0.0.1; beyond this machine it needs TLS)
    #[arg(long)]
    host: Option<String>,
    /// The port to listen on (default 8090; 0 takes a free one)
    #[arg(long)]
    port: Option<u16>,
    /// The certificate chain for TLS, in PEM
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// The private key for TLS, in PEM
    #[arg(long, value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// The only addresses and networks that clients may come from (comma-separated)
    #[arg(long, value_delimiter = ',', value_name = "NETWORKS")]
    ip_allowlist: Vec<String>,
    /// Proxies that may say from whom a request came (comma-separated), with --forwarded-header
    #[arg(long, value_delimiter = ',', value_name = "NETWORKS")]
    trusted_proxies: Vec<String>,
    /// The one header in which they say it, such as X-Forwarded-For
    #[arg(long, value_name = "NAME")]
    forwarded_header: Option<String>,
    /// The host by which clients know this server beside its own addresses
    #[arg(long, value_name = "HOST[:PORT]")]
    public_host: Option<String>,
    /// Requests that each principal may send a minute (default 6000)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000_000))]
    rate: Option<u32>,
}

impl HttpArgs {
    fn flags(self) -> HttpFlags {
        HttpFlags {
            host: self.host,
            port: self.port,
            tls_cert: self.tls_cert,
            tls_key: self.tls_key,
            ip_allowlist: self.ip_allowlist,
            trusted_proxies: self.trusted_proxies,
            forwarded_header: self.forwarded_header,
            public_host: self.public_host,
            rate: self.rate,
        }
    }
}

/// In whose names tools are listed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DialectWord {
    /// Ours
    Portcullis,
    /// Those of Windows-MCP
    WindowsMcp,
}

/// Where the audit's last codes are written besides, so that a cut tail can be found.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct AnchorFlags {
    /// A file elsewhere to which the audit's last codes are written, so that a cut tail can be found
    #[arg(long, value_name = "PATH")]
    pub(crate) audit_anchor: Option<PathBuf>,
    /// Write them to the system's log of events as well
    #[arg(long)]
    pub(crate) audit_anchor_events: bool,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct ServeArgs {
    /// How clients connect (default stdio)
    #[arg(long, value_enum)]
    transport: Option<Transport>,
    #[command(flatten)]
    http: HttpArgs,
    /// Where keys and the audit lie (default: this user's local application data)
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) anchor: AnchorFlags,
    /// Refused: a key on the command line is seen by every program
    #[arg(long, hide = true, value_name = "VALUE")]
    auth_key: Option<String>,
    /// In whose names tools are listed (default portcullis)
    #[arg(long, value_enum)]
    dialect: Option<DialectWord>,
    /// The key that stops all work (default ctrl+alt+shift+q), or `none`
    #[arg(long, value_name = "KEYS")]
    stop_key: Option<String>,
    /// Start also when elevated, as SYSTEM or in session 0
    #[arg(long)]
    allow_elevated: bool,
    /// Keep the log, which goes to standard error, in files too: in `log` in the data folder
    #[arg(long)]
    log_files: bool,
    /// Calls that each principal may make a minute, by weight (default 300)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000_000))]
    call_rate: Option<u32>,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    pub(crate) policy: PolicyFileArgs,
}

impl ServeArgs {
    pub(crate) fn flags(self) -> anyhow::Result<ServeFlags> {
        anyhow::ensure!(
            self.auth_key.is_none(),
            "--auth-key is not taken: a key on the command line is seen by every program of this user. \
             `portcullis key new NAME` makes one and prints it, and the first start makes one in the file `http.key`"
        );
        Ok(ServeFlags {
            transport: self.transport.map(|transport| match transport {
                Transport::Stdio => TransportFlag::Stdio,
                Transport::Http => TransportFlag::Http,
            }),
            http: self.http.flags(),
            data: self.data,
            tools: self.filter.flags(),
            dialect: self.dialect.map(|word| match word {
                DialectWord::Portcullis => Dialect::Portcullis,
                DialectWord::WindowsMcp => Dialect::WindowsMcp,
            }),
            stop_key: self.stop_key,
            allow_elevated: self.allow_elevated,
            log_files: self.log_files,
            call_rate: self.call_rate,
        })
    }
}

#[derive(Args, Clone, Debug)]
pub(crate) struct ToolsArgs {
    /// Print JSON as clients see it
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    #[command(flatten)]
    pub(crate) policy: PolicyFileArgs,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct CallArgs {
    /// The tool
    pub(crate) tool: String,
    /// Its arguments: JSON, @FILE, or - for standard input
    #[arg(long, default_value = "{}")]
    pub(crate) args: String,
    /// Print the whole answer as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Where keys and the audit lie (default: this user's local application data)
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
    /// Call also when elevated, as SYSTEM or in session 0
    #[arg(long)]
    pub(crate) allow_elevated: bool,
    #[command(flatten)]
    pub(crate) anchor: AnchorFlags,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    #[command(flatten)]
    pub(crate) policy: PolicyFileArgs,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct DoctorArgs {
    /// Look at what makes the server safe instead: pass, warn or fail, each with its fix
    #[arg(long)]
    pub(crate) security: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Where keys and the audit lie (default: this user's local application data)
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) policy: PolicyFileArgs,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print every key with its value and where it came from
    Show(ConfigShowArgs),
}

#[derive(Args, Clone, Debug)]
pub(crate) struct ConfigShowArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    pub(crate) policy: PolicyFileArgs,
}

impl ConfigShowArgs {
    pub(crate) fn flags(&self) -> ServeFlags {
        ServeFlags { tools: self.filter.clone().flags(), ..ServeFlags::default() }
    }
}

#[derive(Args, Clone, Debug)]
pub(crate) struct PolicyArgs {
    #[command(subcommand)]
    pub(crate) command: PolicyCommand,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Say whether a server would start with this file, or what is wrong and where
    Check(PolicyCheckArgs),
    /// Say what the rules would say of a call, and which of them decides; the call is not made
    Explain(Box<PolicyExplainArgs>),
}

#[derive(Args, Clone, Debug)]
pub(crate) struct PolicyExplainArgs {
    /// The tool
    #[arg(required_unless_present = "wpf_target")]
    pub(crate) tool: Option<String>,
    /// Instead of a tool: the exact path of a WPF application's program, and whether it may be connected to
    #[arg(long, value_name = "PATH", conflicts_with_all = ["tool", "args", "principal"])]
    pub(crate) wpf_target: Option<String>,
    /// The SHA-256 of that program's file
    #[arg(long, value_name = "HEX", requires = "wpf_target")]
    pub(crate) sha256: Option<String>,
    /// Who signed that program
    #[arg(long, value_name = "SUBJECT", requires = "wpf_target")]
    pub(crate) signer: Option<String>,
    /// Its arguments: JSON, @FILE, or - for standard input
    #[arg(long, default_value = "{}")]
    pub(crate) args: String,
    /// Who would call: `local`, or the name of an HTTP key
    #[arg(long = "as", value_name = "KEY", default_value = "local")]
    pub(crate) principal: String,
    /// Where keys lie (default: this user's local application data)
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    #[command(flatten)]
    pub(crate) policy: PolicyFileArgs,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct PolicyCheckArgs {
    /// The policy file (default: portcullis.toml in this user's folder, if it is there)
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct KeyArgs {
    /// Where keys and the audit lie (default: this user's local application data)
    #[arg(long, value_name = "FOLDER", global = true)]
    pub(crate) data: Option<PathBuf>,
    /// The policy file (default: portcullis.toml in this user's folder, if it is there)
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: KeyCommand,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key and print it, this once
    New(KeyNewArgs),
    /// Print every key's name, scopes and end
    List,
    /// Take a key away; `default` is the one in http.key
    Revoke(KeyNamedArgs),
    /// Give a key a new text and print it, this once; it keeps name, scopes and length of life
    Rotate(KeyNamedArgs),
}

#[derive(Args, Clone, Debug)]
pub(crate) struct KeyNewArgs {
    /// What its holder is called in rules and in the record
    pub(crate) name: KeyName,
    /// What it opens (comma-separated): observe, interact, alter, files, the gates of WPF, tool:NAME
    #[arg(long, default_value = "observe")]
    pub(crate) scopes: String,
    /// When it ends: 90d, 12h, a time such as 2027-01-31T00:00:00Z, or never
    #[arg(long, default_value = "90d", allow_hyphen_values = true)]
    pub(crate) expires: KeyLife,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct KeyNamedArgs {
    /// Its name
    pub(crate) name: KeyName,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct TlsArgs {
    #[command(subcommand)]
    pub(crate) command: TlsCommand,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum TlsCommand {
    /// Make a certificate that vouches for itself, with its key, and print its fingerprint
    SelfSigned(SelfSignedArgs),
}

#[derive(Args, Clone, Debug)]
pub(crate) struct WpfArgs {
    #[command(subcommand)]
    pub(crate) command: WpfCommand,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum WpfCommand {
    /// The secret that servers and applications with `InspectorSdk.Initialize()` know
    Secret(WpfSecretArgs),
}

#[derive(Args, Clone, Debug)]
pub(crate) struct WpfSecretArgs {
    #[command(subcommand)]
    pub(crate) command: WpfSecretCommand,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum WpfSecretCommand {
    /// Make a new secret in the place of the old one; applications that run go on with the old one until they are started again
    Rotate(WpfRotateArgs),
}

#[derive(Args, Clone, Debug)]
pub(crate) struct WpfRotateArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct SelfSignedArgs {
    /// The folder to make `portcullis.crt` and `portcullis.key` in; files that are there are not replaced
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
    /// The names and addresses by which clients know the server
    #[arg(long, value_name = "NAME", required = true, num_args = 1..)]
    pub(crate) host: Vec<String>,
    /// How long it holds
    #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub(crate) days: u16,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct ServersArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// The data folder of servers that have another than this user's
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) policy: PolicyFileArgs,
}

/// What clap could not parse, on the right stream with the right code.
pub(crate) fn refuse(error: &clap::Error) -> ExitCode {
    // Help goes to standard output, mistakes to standard error; a closed stream leaves nothing to say.
    let _ = error.print();
    if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS }
}
