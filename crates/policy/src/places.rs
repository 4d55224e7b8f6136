//! Places that are protected wherever they lie: stores of credentials, and the files by which MCP clients start servers.
//! Only data and its matching; which rule a place belongs to is decided in `files`.

use portcullis_model::FilePath;

/// A place by its names, from any folder downwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// These names after one another anywhere in the path: the place and all below it.
    Within(&'static [&'static str]),
    /// The path ends in these names.
    Tail(&'static [&'static str]),
    /// The last name begins with this.
    NameBegins(&'static [&'static str]),
}

impl Pattern {
    /// Whether the path is the place or lies below it.
    pub(crate) fn holds(&self, path: &FilePath) -> bool {
        let names: Vec<&str> = path.folded_names().collect();
        let wanted = self.names();
        // The path is folded and these names are ASCII.
        let same = |found: &[&str]| found.iter().zip(wanted).all(|(found, wanted)| found.eq_ignore_ascii_case(wanted));
        match self {
            Self::Within(_) => names.windows(wanted.len()).any(same),
            Self::Tail(_) => {
                let from = names.len().checked_sub(wanted.len());
                from.and_then(|from| names.get(from..)).is_some_and(same)
            }
            Self::NameBegins(_) => {
                let last = names.last().copied().unwrap_or_default();
                let begins =
                    |wanted: &&str| last.get(..wanted.len()).is_some_and(|start| start.eq_ignore_ascii_case(wanted));
                wanted.iter().any(begins)
            }
        }
    }

    /// The names that it is made of.
    pub(crate) fn names(&self) -> &'static [&'static str] {
        match self {
            Self::Within(names) | Self::Tail(names) | Self::NameBegins(names) => names,
        }
    }
}

/// Where programs keep what opens other doors: keys of SSH, GnuPG and cloud tools, browsers' profiles with cookies and
/// passwords, Windows' Credential Manager, DPAPI, and the hives SAM and SECURITY.
pub(crate) const CREDENTIALS: &[Pattern] = &[
    Pattern::Within(&[".ssh"]),
    Pattern::Within(&[".gnupg"]),
    Pattern::Within(&["AppData", "Roaming", "gnupg"]),
    Pattern::Within(&[".aws"]),
    Pattern::Within(&[".azure"]),
    Pattern::Within(&[".kube"]),
    Pattern::Within(&[".docker"]),
    Pattern::Within(&[".oci"]),
    Pattern::Within(&[".terraform.d"]),
    Pattern::Within(&[".config", "gcloud"]),
    Pattern::Within(&[".config", "gh"]),
    Pattern::Within(&["AppData", "Roaming", "gcloud"]),
    Pattern::Within(&["AppData", "Roaming", "GitHub CLI"]),
    Pattern::Tail(&[".git-credentials"]),
    Pattern::Tail(&[".netrc"]),
    Pattern::Tail(&["_netrc"]),
    Pattern::Tail(&[".npmrc"]),
    Pattern::Tail(&[".pypirc"]),
    Pattern::Tail(&[".pgpass"]),
    Pattern::Tail(&["pgpass.conf"]),
    Pattern::Within(&["Google", "Chrome", "User Data"]),
    Pattern::Within(&["Chromium", "User Data"]),
    Pattern::Within(&["Microsoft", "Edge", "User Data"]),
    Pattern::Within(&["BraveSoftware", "Brave-Browser", "User Data"]),
    Pattern::Within(&["Vivaldi", "User Data"]),
    Pattern::Within(&["Opera Software"]),
    Pattern::Within(&["Mozilla", "Firefox"]),
    Pattern::Within(&["AppData", "Roaming", "Thunderbird"]),
    Pattern::Within(&["Microsoft", "Credentials"]),
    Pattern::Within(&["Microsoft", "Vault"]),
    Pattern::Within(&["Microsoft", "Protect"]),
    Pattern::Within(&["Microsoft", "Crypto"]),
    Pattern::Within(&["Microsoft", "SystemCertificates"]),
    Pattern::Within(&["Windows", "System32", "config"]),
    Pattern::Within(&["Windows", "SysWOW64", "config"]),
    Pattern::Within(&["Windows", "repair"]),
    Pattern::Within(&["Windows", "NTDS"]),
    Pattern::Within(&["Windows", "ServiceProfiles"]),
    Pattern::Within(&["System Volume Information"]),
    Pattern::NameBegins(&["NTUSER.DAT", "UsrClass.dat"]),
];

/// The files in which MCP clients say what they start, in a project as in a profile: who writes one starts a program, or
/// this server without its rules.
pub(crate) const CLIENT_FILES: &[Pattern] = &[
    Pattern::Tail(&["claude_desktop_config.json"]),
    Pattern::Tail(&[".mcp.json"]),
    Pattern::Tail(&[".claude.json"]),
    Pattern::Tail(&[".claude", "settings.json"]),
    Pattern::Tail(&[".claude", "settings.local.json"]),
    Pattern::Tail(&[".cursor", "mcp.json"]),
    Pattern::Tail(&[".vscode", "mcp.json"]),
    Pattern::Tail(&["Code", "User", "mcp.json"]),
    Pattern::Tail(&[".codeium", "windsurf", "mcp_config.json"]),
    Pattern::Tail(&[".codex", "config.toml"]),
    Pattern::Tail(&[".gemini", "settings.json"]),
    Pattern::Within(&["ProgramData", "gemini-cli"]),
];
