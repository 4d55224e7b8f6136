//! The command line as typed: flags and their help. Their meaning is checked in `config` and `policy`.

use clap::{Args, Parser, Subcommand, ValueEnum};
use portcullis_config::{ServeFlags, ToolFlags, TransportFlag};
use std::path::PathBuf;
use std::process::ExitCode;

/// An MCP server that lets an AI agent see and operate a Windows desktop, behind a gate.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, disable_version_flag = true)]
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
    Serve(ServeArgs),
    /// List the tools that are open
    Tools(ToolsArgs),
    /// Call one tool, once, through the same gate
    Call(CallArgs),
    /// Say what this machine can do and what is in the way
    Doctor(DoctorArgs),
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
}

/// What a worker process works at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WorkerKind {
    /// Reading and operating controls through UI Automation
    Automation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Transport {
    /// Standard input and output, for a client that starts the server
    Stdio,
    /// Streamable HTTP on a loopback address
    Http,
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

#[derive(Args, Clone, Debug)]
pub(crate) struct ServeArgs {
    /// How clients connect
    #[arg(long, value_enum, default_value_t = Transport::Stdio)]
    transport: Transport,
    /// The loopback address to listen on (default 127.0.0.1)
    #[arg(long)]
    host: Option<String>,
    /// The port to listen on (default 8090; 0 takes a free one)
    #[arg(long)]
    port: Option<u16>,
    /// Where keys and the audit lie (default: this user's local application data)
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Refused: a key on the command line is seen by every program
    #[arg(long, hide = true, value_name = "VALUE")]
    auth_key: Option<String>,
    #[command(flatten)]
    filter: FilterArgs,
}

impl ServeArgs {
    pub(crate) fn flags(self) -> anyhow::Result<ServeFlags> {
        anyhow::ensure!(
            self.auth_key.is_none(),
            "--auth-key is not taken: a key on the command line is seen by every program of this user. The server makes \
             a key at its first start, in the file `http.key` of its data folder; write your own key there instead"
        );
        Ok(ServeFlags {
            transport: match self.transport {
                Transport::Stdio => TransportFlag::Stdio,
                Transport::Http => TransportFlag::Http,
            },
            host: self.host,
            port: self.port,
            data: self.data,
            tools: self.filter.flags(),
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
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct DoctorArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Where keys and the audit lie (default: this user's local application data)
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
}

/// What clap could not parse, on the right stream with the right code.
pub(crate) fn refuse(error: &clap::Error) -> ExitCode {
    // Help goes to standard output, mistakes to standard error; a closed stream leaves nothing to say.
    let _ = error.print();
    if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS }
}
