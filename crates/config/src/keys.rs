//! Every key of the policy file, as data: its kind, how a later place may change it, and what it says. The reader, the
//! merger, the listing and the documentation all come from this table; no key is known anywhere else.

use crate::settings::Dialect;
use portcullis_model::HostPattern;

/// What a value must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number from the first to the second.
    Number(u64, u64),
    /// Text that is not empty.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list of texts.
    List,
    /// A list of IP addresses and networks.
    Networks,
    /// A list of files and folders.
    Paths,
    /// A list of keys of the registry.
    RegistryKeys,
    /// A list of hosts: names, networks, kinds of addresses.
    Hosts,
    /// A list of programs by their image names.
    Programs,
    /// A list of programs by their exact paths.
    Executables,
    /// A list of keys that are pressed together.
    Chords,
    /// A list of windows: tables of one key, `program` or `title_part`.
    Windows,
    /// A list of holders of certificates: tables with `name` and `scopes`.
    Certificates,
    /// A list of WPF applications: tables with `path`, and perhaps `sha256` or `signer`, and `load`.
    WpfTargets,
}

/// How a later place may change what an earlier one says: the machine's file, then the owner's, then the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// `true` may become `false`.
    OnlyOff,
    /// The list may lose entries; of paths, also name what lies below an earlier one.
    OnlyFewer,
    /// Each entry must lie within one that was said.
    OnlyWithin,
    /// The number may become smaller.
    OnlyLess,
    /// Entries may be added: the list forbids.
    OnlyMore,
    /// Of the words of its kind, a later one may take its place.
    OnlyStricter,
    /// It stays as it is.
    Fixed,
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Section and name: `tools.tier2`.
    pub path: &'static str,
    /// What a value must be.
    pub kind: Kind,
    /// How a later place may change it.
    pub merge: Merge,
    /// What holds when nobody says anything.
    pub default: &'static str,
    /// The flag that says the same, when there is one.
    pub flag: Option<&'static str>,
    /// What it says.
    pub what: &'static str,
}

impl Key {
    /// What the path has before its point, and after it.
    fn parts(&self) -> (&'static str, &'static str) {
        self.path.split_once('.').unwrap_or((self.path, ""))
    }

    /// Its section: `tools`.
    pub fn section(&self) -> &'static str {
        self.parts().0
    }

    /// Its name there: `tier2`.
    pub fn name(&self) -> &'static str {
        self.parts().1
    }
}

/// The one version of the file that this build reads.
pub(crate) const VERSION: u64 = 1;
/// The port when none is said.
pub(crate) const DEFAULT_PORT: u16 = 8090;
/// Weighted calls a minute when nothing is said.
pub(crate) const DEFAULT_CALLS: u64 = 300;
/// Requests a minute when nothing is said.
pub(crate) const DEFAULT_RATE: u32 = 6_000;
/// The key that every file begins with.
pub(crate) const VERSION_KEY: &str = "version";

/// The stop key when none is said.
pub(crate) const DEFAULT_STOP_KEY: &str = "ctrl+alt+shift+q";
/// The word for no stop key.
pub(crate) const NO_STOP_KEY: &str = "none";

/// The sections that say how a server runs: they are read at the start alone. All others are rules, which may be replaced.
pub const READ_AT_START: [&str; 5] = ["serve", "tls", "http", "oauth", "ocr"];

/// Every key but [`VERSION_KEY`], section by section.
pub const KEYS: &[Key] = &[
    Key {
        path: "tools.tier2",
        kind: Kind::Bool,
        merge: Merge::OnlyOff,
        default: "true",
        flag: Some("--disable-tier2"),
        what: "Whether effects of tier 2 (interact) are open.",
    },
    Key {
        path: "tools.tier3",
        kind: Kind::Bool,
        merge: Merge::OnlyOff,
        default: "false",
        flag: Some("--enable-tier3"),
        what: "Whether effects of tier 3 (alter) are open.",
    },
    Key {
        path: "tools.enable_all",
        kind: Kind::Bool,
        merge: Merge::OnlyOff,
        default: "false",
        flag: Some("--enable-all"),
        what: "Opens every tier. It does not stand beside `tier2 = false` or `tier3 = false` in one file.",
    },
    Key {
        path: "tools.list",
        kind: Kind::List,
        merge: Merge::OnlyFewer,
        default: "every tool",
        flag: Some("--tools"),
        what: "Exactly these tools, each open at its own tier. Effects above that still need their tier. A name of Windows-MCP \
               stands for all that it can come to. An unknown name is refused.",
    },
    Key {
        path: "tools.exclude",
        kind: Kind::List,
        merge: Merge::OnlyMore,
        default: "none",
        flag: Some("--exclude-tools"),
        what: "Never these tools, whatever else is said.",
    },
    Key {
        path: "serve.transport",
        kind: Kind::Choice(&["stdio", "http"]),
        merge: Merge::Fixed,
        default: "stdio",
        flag: Some("--transport"),
        what: "How clients connect.",
    },
    Key {
        path: "serve.host",
        kind: Kind::Text,
        merge: Merge::Fixed,
        default: "127.0.0.1",
        flag: Some("--host"),
        what: "The address to listen on, with `transport = \"http\"` alone. Beyond this machine it needs TLS.",
    },
    Key {
        path: "serve.port",
        kind: Kind::Number(0, 65_535),
        merge: Merge::Fixed,
        default: "8090",
        flag: Some("--port"),
        what: "The port to listen on, with `transport = \"http\"` alone; 0 takes a free one.",
    },
    Key {
        path: "serve.data",
        kind: Kind::Text,
        merge: Merge::Fixed,
        default: "`Portcullis` in this user's local application data",
        flag: Some("--data"),
        what: "The absolute path of the folder in which keys and the audit lie.",
    },
    Key {
        path: "serve.stop_key",
        kind: Kind::Text,
        merge: Merge::Fixed,
        default: DEFAULT_STOP_KEY,
        flag: Some("--stop-key"),
        what: "The key that stops all work, which no caller may press: Ctrl, Alt or Win with one other key, or `none`.",
    },
    Key {
        path: "serve.dialect",
        kind: Kind::Choice(Dialect::WORDS),
        merge: Merge::Fixed,
        default: "portcullis",
        flag: Some("--dialect"),
        what: "In whose names tools are listed: ours, or the twenty of Windows-MCP as far as this build has them. Calls are taken \
               in both, and rules hold for what a call comes to.",
    },
    Key {
        path: "serve.allow_elevated",
        kind: Kind::Bool,
        merge: Merge::OnlyOff,
        default: "false",
        flag: Some("--allow-elevated"),
        what: "Whether the server starts also when elevated, as SYSTEM or in session 0. What an agent does is then done \
               with those rights.",
    },
    Key {
        path: "serve.log_files",
        kind: Kind::Bool,
        merge: Merge::OnlyOff,
        default: "false",
        flag: Some("--log-files"),
        what: "Whether the log, which goes to standard error, is also kept in files in `log` in the data folder: at most 16, \
               of 4 MiB each, the oldest deleted first.",
    },
    Key {
        path: "tls.certificate",
        kind: Kind::Text,
        merge: Merge::Fixed,
        default: "none: plain HTTP",
        flag: Some("--tls-cert"),
        what: "The absolute path of the certificate chain in PEM, the server's own first. It is read again when it changes.",
    },
    Key {
        path: "tls.key",
        kind: Kind::Text,
        merge: Merge::Fixed,
        default: "none",
        flag: Some("--tls-key"),
        what: "The absolute path of the private key in PEM, which nobody but this user may read or write.",
    },
    Key {
        path: "tls.client_ca",
        kind: Kind::Text,
        merge: Merge::Fixed,
        default: "none: no certificate is asked for",
        flag: None,
        what: "The absolute path of the authorities in PEM whose client certificates are taken, together with `clients`. It is \
               read again when it changes; what came in by the old ones ends.",
    },
    Key {
        path: "tls.clients",
        kind: Kind::Certificates,
        merge: Merge::OnlyWithin,
        default: "none",
        flag: None,
        what: "The client certificates that open the server, by the name of their holder: the one DNS name, e-mail address or \
               URI among the alternative names, else the one common name. One that is not listed opens nothing.",
    },
    Key {
        path: "http.ip_allowlist",
        kind: Kind::Networks,
        merge: Merge::OnlyWithin,
        default: "every address",
        flag: Some("--ip-allowlist"),
        what: "The only addresses that clients may come from, whatever key they have.",
    },
    Key {
        path: "http.trusted_proxies",
        kind: Kind::Networks,
        merge: Merge::OnlyWithin,
        default: "none",
        flag: Some("--trusted-proxies"),
        what: "The proxies that are believed when they say from whom a request came, together with `forwarded_header`.",
    },
    Key {
        path: "http.forwarded_header",
        kind: Kind::Text,
        merge: Merge::Fixed,
        default: "none: forwarded headers are passed over",
        flag: Some("--forwarded-header"),
        what: "The one header in which a listed proxy says it. It must hold exactly one address: the proxy sets it anew and \
               does not append to what the client sent.",
    },
    Key {
        path: "http.public_host",
        kind: Kind::Text,
        merge: Merge::Fixed,
        default: "none",
        flag: Some("--public-host"),
        what: "The host, perhaps with its port, by which clients know the server beside its own addresses: what Host and \
               Origin may name.",
    },
    Key {
        path: "http.rate",
        kind: Kind::Number(1, 1_000_000_000),
        merge: Merge::OnlyLess,
        default: "6000",
        flag: Some("--rate"),
        what: "How many requests each principal may send a minute; a tenth of them at once.",
    },
    Key {
        path: "oauth.issuer",
        kind: Kind::Text,
        merge: Merge::Fixed,
        default: "none: no token opens the server",
        flag: None,
        what: "The authorization server whose tokens open this server: an https URL, or http on this machine, exactly as its \
               tokens name it.",
    },
    Key {
        path: "oauth.audience",
        kind: Kind::Text,
        merge: Merge::Fixed,
        default: "none",
        flag: None,
        what: "The URL by which clients know this server, such as `https://desk.example.org/mcp`. A token for another \
               audience opens nothing.",
    },
    Key {
        path: "oauth.jwks",
        kind: Kind::Text,
        merge: Merge::Fixed,
        default: "what the issuer's metadata name",
        flag: None,
        what: "Where the issuer's public keys are: a URL of the same rules, or the absolute path of a file, which is read again \
               when it changes.",
    },
    Key {
        path: "oauth.scope_prefix",
        kind: Kind::Text,
        merge: Merge::Fixed,
        default: "none",
        flag: None,
        what: "What stands before our scopes in a token: with `desk:` a token says `desk:observe`. Words without it are \
               passed over.",
    },
    Key {
        path: "oauth.scopes",
        kind: Kind::List,
        merge: Merge::OnlyFewer,
        default: "every scope",
        flag: None,
        what: "The only scopes that a token can give, whatever it says. Without the prefix.",
    },
    Key {
        path: "oauth.algorithms",
        kind: Kind::List,
        merge: Merge::OnlyFewer,
        default: "RS256, PS256, ES256, EdDSA",
        flag: None,
        what: "The only algorithms of signatures that are taken: of these and RS384, RS512, PS384, PS512, ES384. There is no \
               `none`, and none with a shared secret.",
    },
    Key {
        path: "capture.allowed",
        kind: Kind::Bool,
        merge: Merge::OnlyOff,
        default: "true",
        flag: None,
        what: "Whether pixels and text of windows are shown at all. Tools that look at windows, and actions that look at \
               what they brought about, are refused without it.",
    },
    Key {
        path: "capture.exclude",
        kind: Kind::Windows,
        merge: Merge::OnlyMore,
        default: "none",
        flag: None,
        what: "Windows that are not shown: not listed, not read, not operated, and black in pictures of the screen. \
               Letters are compared in any case.",
    },
    Key {
        path: "clipboard.read",
        kind: Kind::Bool,
        merge: Merge::OnlyOff,
        default: "true",
        flag: None,
        what: "Whether the clipboard's text may be read.",
    },
    Key {
        path: "ocr.tesseract",
        kind: Kind::Text,
        merge: Merge::Fixed,
        default: "none",
        flag: None,
        what: "The absolute path of Tesseract's program, which OCR runs where Windows does not read text off pixels. A program \
               that others can write stops the start.",
    },
    Key {
        path: "input.deny_programs",
        kind: Kind::Programs,
        merge: Merge::OnlyMore,
        default: "none",
        flag: None,
        what: "Image names of programs that get no input, and whose controls and windows are not operated, closed, moved or \
               brought to the front. Their processes are not ended; starting one is not refused by this.",
    },
    Key {
        path: "input.deny_chords",
        kind: Kind::Chords,
        merge: Merge::OnlyMore,
        default: "none",
        flag: None,
        what: "Keys that no caller presses together, also with others besides. A sign that is neither letter nor digit may lie on \
               any key of a layout, and counts as each of them. Chords that lead to the Run dialog, Start, \
               search, the menu with the terminals or Task Manager need tier 3 without being named here.",
    },
    Key {
        path: "executables.allow",
        kind: Kind::Executables,
        merge: Merge::OnlyFewer,
        default: "every path, once tier 3 is open",
        flag: None,
        what: "The only programs that `App` starts by path, each by its exact path. Tier 3 must be open as well.",
    },
    Key {
        path: "files.read",
        kind: Kind::Paths,
        merge: Merge::OnlyFewer,
        default: "for `local` the user's profile, for others nothing",
        flag: None,
        what: "Files and folders that may be listed and, with tier 3, read, with all below them. Each is named as it really \
               lies, without links. Stores of credentials (SSH, cloud tools, browsers, Credential Manager, SAM, SECURITY) \
               stay shut unless the very path is named here.",
    },
    Key {
        path: "files.write",
        kind: Kind::Paths,
        merge: Merge::OnlyFewer,
        default: "nothing",
        flag: None,
        what: "Files and folders that may be made, changed, moved and deleted, with all below them. Tier 3 must be open as \
               well. What is copied is also read.",
    },
    Key {
        path: "files.deny",
        kind: Kind::Paths,
        merge: Merge::OnlyMore,
        default: "none",
        flag: None,
        what: "Files and folders that are refused also inside of those above, with all below them.",
    },
    Key {
        path: "registry.read",
        kind: Kind::RegistryKeys,
        merge: Merge::OnlyFewer,
        default: "for `local` HKCU\\Software and HKLM\\SOFTWARE, for others nothing",
        flag: None,
        what: "Keys of the registry that may be read, with all below them, in both views. Each is named as it really is: HKLM, \
               HKCU or HKU, `ControlSet001` and not `CurrentControlSet`. Places of credentials (SAM, SECURITY, LSA, Winlogon, \
               saved sessions) stay shut unless the very key is named here.",
    },
    Key {
        path: "registry.write",
        kind: Kind::RegistryKeys,
        merge: Merge::OnlyFewer,
        default: "nothing",
        flag: None,
        what: "Keys of the registry in which keys and values may be made, changed and deleted, with all below them, in both \
               views. Tier 3 must be open as well. Named as in `read`. Places from which programs are started or loaded (Run, \
               Winlogon, Image File Execution Options, Services, CLSID, shell and more) and places of credentials stay shut \
               unless the very key is named here.",
    },
    Key {
        path: "registry.deny",
        kind: Kind::RegistryKeys,
        merge: Merge::OnlyMore,
        default: "none",
        flag: None,
        what: "Keys that are refused also below those above, with all below them, in both views.",
    },
    Key {
        path: "hosts.fetch",
        kind: Kind::Hosts,
        merge: Merge::OnlyFewer,
        default: "for `local` public hosts, for others nothing",
        flag: None,
        what: "Hosts that may be fetched from. A name opens its public addresses; a private one is opened by its address or \
               network, by `private` or by `loopback`. `*.example.org` is every name below, and not the name itself. \
               Metadata services of clouds and what this server serves itself are refused whatever is named.",
    },
    Key {
        path: "hosts.probe",
        kind: Kind::Hosts,
        merge: Merge::OnlyFewer,
        default: "for `local` private hosts and this machine, for others nothing",
        flag: None,
        what: "Hosts that may be asked whether they are there, by Ping and PortCheck. Named as in `fetch`; an entry with a port \
               opens no Ping.",
    },
    Key {
        path: "hosts.deny",
        kind: Kind::Hosts,
        merge: Merge::OnlyMore,
        default: "none",
        flag: None,
        what: "Hosts that are neither fetched from nor asked although they are open. A network holds an address also where it \
               is hidden in another, as those of 6to4 and NAT64 are.",
    },
    Key {
        path: "rates.calls",
        kind: Kind::Number(1, 1_000_000_000),
        merge: Merge::OnlyLess,
        default: "300",
        flag: Some("--call-rate"),
        what: "How many calls each principal may make a minute, by weight: a look or an act is 1, a picture or a program that is \
               started by name 2, what needs tier 3 is 3. A fifth of them may come at once. Calls over stdio count, too.",
    },
    Key {
        path: "rates.bytes",
        kind: Kind::Number(65_536, 4_000_000_000),
        merge: Merge::OnlyLess,
        default: "as many as there are",
        flag: None,
        what: "How many bytes of answers each principal may have a minute. An answer that is over it is given, and the next \
               call waits.",
    },
    Key {
        path: "gates.sensitive_reads",
        kind: Kind::Bool,
        merge: Merge::OnlyOff,
        default: "false",
        flag: None,
        what: "The gate for values of a WPF application that may be secret. No tier, list of tools or `enable_all` opens a gate.",
    },
    Key {
        path: "gates.screenshots",
        kind: Kind::Bool,
        merge: Merge::OnlyOff,
        default: "false",
        flag: None,
        what: "The gate for pictures of elements of a WPF application.",
    },
    Key {
        path: "gates.viewmodel",
        kind: Kind::Bool,
        merge: Merge::OnlyOff,
        default: "false",
        flag: None,
        what: "The gate for view models of a WPF application.",
    },
    Key {
        path: "gates.destructive",
        kind: Kind::Bool,
        merge: Merge::OnlyOff,
        default: "false",
        flag: None,
        what: "The gate for what changes the state of a WPF application.",
    },
    Key {
        path: "gates.injection",
        kind: Kind::Bool,
        merge: Merge::OnlyOff,
        default: "false",
        flag: None,
        what: "The gate for loading the inspector into a WPF application that does not ask for it.",
    },
    Key {
        path: "wpf.targets",
        kind: Kind::WpfTargets,
        merge: Merge::OnlyWithin,
        default: "none: no application is connected to",
        flag: None,
        what: "The WPF applications that may be connected to, each by the exact path of its program, best with the `sha256` of \
               its file or the `signer` that Windows names. Nothing is told of others but their number. The inspector is loaded \
               into one that says `load = true`, once `gates.injection` is open. Written as `[[wpf.targets]]`.",
    },
    Key {
        path: "approval.tier3",
        kind: Kind::Choice(&["never", "ask", "always"]),
        merge: Merge::OnlyStricter,
        default: "never",
        flag: None,
        what: "Whether the owner is asked before an effect of tier 3: `never`, since opening the tier is the consent, \
               `ask`, or `always`. This version has no way to ask its owner, so `ask` and `always` refuse.",
    },
];

/// The section of rules for single principals: `[principals."key:NAME"]`.
pub const PRINCIPALS: &str = "principals";

/// The keys that may stand in a principal's own section, by their paths. They take away from what holds for all; roots of
/// files and keys, and hosts, they also give, where nothing is said for all.
pub const OF_PRINCIPALS: &[&str] = &[
    "tools.tier2",
    "tools.tier3",
    "tools.list",
    "tools.exclude",
    "capture.allowed",
    "capture.exclude",
    "clipboard.read",
    "input.deny_programs",
    "input.deny_chords",
    "executables.allow",
    "files.read",
    "files.write",
    "files.deny",
    "registry.read",
    "registry.write",
    "registry.deny",
    "hosts.fetch",
    "hosts.probe",
    "hosts.deny",
    "rates.calls",
    "rates.bytes",
];

/// The key of this path.
pub(crate) fn key(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

impl Kind {
    /// The rule in words, for errors and for the documentation.
    pub fn rule(self) -> String {
        match self {
            Self::Bool => "`true` or `false`".to_owned(),
            Self::Number(least, most) => format!("a whole number from {least} to {most}"),
            Self::Text => "text that is not empty".to_owned(),
            Self::Choice(words) => format!("one of `\"{}\"`", words.join("\"`, `\"")),
            Self::List => "a list of texts that are not empty, each at most once".to_owned(),
            Self::Networks => "a list of at least one IP address or network, such as `192.168.1.0/24`".to_owned(),
            Self::Paths => {
                "a list of absolute paths on drives, such as `'C:\\Users\\me\\Documents'`, each at most once; no share, device, \
                 stream or `..`"
                    .to_owned()
            }
            Self::RegistryKeys => {
                "a list of registry keys, such as `'HKLM\\SOFTWARE\\Example'`, each at most once; no `*` and `?`"
                    .to_owned()
            }
            Self::Hosts => format!("a list of hosts, each at most once: {}", HostPattern::RULE),
            Self::Certificates => {
                "a list of `{ name = \"NAME\", scopes = [\"SCOPE\"] }`, each name at most once".to_owned()
            }
            Self::WpfTargets => {
                "a list of `[[wpf.targets]]`, each with `path = 'C:\\Apps\\One.exe'`, at most one of `sha256` and `signer`, and \
                 perhaps `load = true`; each path at most once"
                    .to_owned()
            }
            Self::Programs => "a list of image names with their extension, such as `\"notepad.exe\"`, each at most once".to_owned(),
            Self::Executables => {
                "a list of exact absolute paths of programs, such as `'C:\\Tools\\One.exe'`, each at most once".to_owned()
            }
            Self::Chords => "a list of keys joined by `+`, such as `\"alt+f4\"`, each at most once".to_owned(),
            Self::Windows => "a list of `{ program = \"NAME.EXE\" }` and `{ title_part = \"TEXT\" }`".to_owned(),
        }
    }
}

impl Merge {
    /// What a later place may do, in words.
    pub fn rule(self) -> &'static str {
        match self {
            Self::OnlyOff => "may only turn it off",
            Self::OnlyFewer => "may only leave entries out",
            Self::OnlyWithin => "may only name parts of it",
            Self::OnlyLess => "may only lower it",
            Self::OnlyMore => "may only add entries",
            Self::OnlyStricter => "may only make it stricter",
            Self::Fixed => "may not change it",
        }
    }
}
