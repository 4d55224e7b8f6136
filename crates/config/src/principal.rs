//! Whom a rule of its own is for, as a policy file names it. Whether there is such a key or certificate is not asked: it may be
//! made later.

use crate::http_keys::KeyName;
use portcullis_model::{PRINCIPAL_NAME_CAP, visible};
use std::fmt;

/// How names begin, but for `local`.
const PREFIXES: [&str; 3] = ["key:", "oauth:", "cert:"];

/// The name of a principal: `local`, `key:NAME`, `oauth:SUBJECT` or `cert:NAME`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PrincipalName(String);

/// A text that is the name of no principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadName {
    pub(crate) rule: &'static str,
    pub(crate) nearest: Vec<String>,
}

impl PrincipalName {
    /// Reads the name.
    pub(crate) fn parse(text: &str) -> Result<Self, BadName> {
        let rule = "a principal is `local`, `key:NAME`, `oauth:SUBJECT` or `cert:NAME`";
        let plain = |name: &str| {
            !name.is_empty()
                && name.chars().count() <= PRINCIPAL_NAME_CAP
                && name.trim() == name
                && visible(name, PRINCIPAL_NAME_CAP) == name
        };
        let good = match text.split_once(':') {
            None => text == "local",
            Some(("key", name)) => name.parse::<KeyName>().is_ok(),
            Some(("oauth" | "cert", name)) => plain(name),
            Some(_) => false,
        };
        if good {
            return Ok(Self(text.to_owned()));
        }
        let name = text.rsplit(':').next().unwrap_or_default().to_lowercase();
        let nearest = match (text.eq_ignore_ascii_case("local"), name.parse::<KeyName>()) {
            (true, _) => vec!["local".to_owned()],
            (false, Ok(name)) => PREFIXES.iter().map(|prefix| format!("{prefix}{name}")).collect(),
            (false, Err(_)) => Vec::new(),
        };
        Err(BadName { rule, nearest })
    }

    /// Its text, as principals are called everywhere.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PrincipalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_is_named_as_everywhere() {
        for text in ["local", "key:ci", "key:default", "oauth:user@host", "oauth:a:b", "cert:CN=me"] {
            assert_eq!(PrincipalName::parse(text).unwrap().as_str(), text);
        }
        for (text, nearest) in [
            ("ci", vec!["key:ci", "oauth:ci", "cert:ci"]),
            ("Local", vec!["local"]),
            ("key:CI", vec!["key:ci", "oauth:ci", "cert:ci"]),
            ("key:", vec![]),
            ("keys:ci", vec!["key:ci", "oauth:ci", "cert:ci"]),
            ("oauth:", vec![]),
            ("cert:\u{202e}x", vec![]),
            ("*", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(PrincipalName::parse(text).unwrap_err().nearest, nearest, "{text:?}");
        }
    }
}
