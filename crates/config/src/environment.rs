//! The environment variables that are read, and nothing else of the environment. No variable turns a check off.

use std::path::PathBuf;

/// What the environment says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// Where this user's local application data lies: `%LOCALAPPDATA%` on Windows, `$XDG_STATE_HOME` or
    /// `~/.local/state` elsewhere.
    pub local_data: Option<PathBuf>,
    /// Where this user's policy file lies: `Portcullis` in `%APPDATA%` on Windows, `portcullis` in `$XDG_CONFIG_HOME` or
    /// `~/.config` elsewhere.
    pub policy_folder: Option<PathBuf>,
}

impl Environment {
    /// Every variable that is read, and what for: for the documentation.
    pub const VARIABLES: &[(&str, &str)] = &[
        ("LOCALAPPDATA", "Windows: the folder below which `Portcullis`, with keys and the audit, lies."),
        ("APPDATA", "Windows: the folder below which `Portcullis\\portcullis.toml` lies."),
        ("XDG_STATE_HOME", "Elsewhere, as LOCALAPPDATA; when unset, `~/.local/state`."),
        ("XDG_CONFIG_HOME", "Elsewhere, as APPDATA, with the folder `portcullis`; when unset, `~/.config`."),
        ("HOME", "Elsewhere: the folder that `~` stands for."),
        (
            "SSL_CERT_FILE",
            "Nothing is read from it. While it is set, a server that fetches the keys of `oauth.issuer` over https does not \
             start, and Scrape reads no page over https: libraries of TLS put what it names in place of the system's roots.",
        ),
        ("SSL_CERT_DIR", "As SSL_CERT_FILE."),
    ];

    /// The variable that would put other roots in place of the system's, when one is set.
    pub fn replaces_roots() -> Option<&'static str> {
        ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().find(|name| std::env::var_os(name).is_some())
    }

    /// Reads the process's environment.
    pub fn read() -> Self {
        let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home =
            |below: [&str; 2]| absolute("HOME").map(|home| below.iter().fold(home, |path, part| path.join(part)));
        let local_data =
            absolute("LOCALAPPDATA").or_else(|| absolute("XDG_STATE_HOME")).or_else(|| home([".local", "state"]));
        let policy_folder = absolute("APPDATA").map(|folder| folder.join("Portcullis")).or_else(|| {
            let folder = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")));
            folder.map(|folder| folder.join("portcullis"))
        });
        Self { local_data, policy_folder }
    }
}

/// The data folder when nobody names one.
pub(crate) fn data_folder(environment: &Environment) -> Option<PathBuf> {
    environment.local_data.as_ref().map(|local| local.join("Portcullis"))
}
