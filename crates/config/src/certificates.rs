//! A client certificate that the owner lists, as a type whose constructor is the check. What a certificate really says is
//! read by the server; nothing of X.509 is here.

use portcullis_model::Scopes;
use std::fmt;

/// Bytes of a holder's name: those of a host's longest name.
const NAME_CAP: usize = 253;

/// Who holds a certificate, and what that opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The holder's name, as the certificate has it: visible ASCII.
    pub name: String,
    /// What it opens.
    pub scopes: Scopes,
}

impl ClientCertificate {
    /// Fails with the rule that is broken.
    pub fn new(name: &str, scopes: &[&str]) -> Result<Self, String> {
        if name.is_empty() || name.len() > NAME_CAP || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!("a name of 1 to {NAME_CAP} visible ASCII characters without spaces"));
        }
        let scopes = Scopes::parse(scopes.iter().copied()).map_err(|unknown| format!("a list of scopes: {unknown}"))?;
        if scopes.is_empty() {
            return Err("a certificate with at least one scope; leave it out to shut it out".to_owned());
        }
        Ok(Self { name: name.to_owned(), scopes })
    }

    /// Whether this is the same holder with no more than `other` opens.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self.name == other.name && self.scopes.is_within(&other.scopes)
    }
}

impl fmt::Display for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.scopes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_certificate_has_a_visible_name_and_scopes() {
        let one = ClientCertificate::new("ci.example.org", &["observe", "tool:Click"]).unwrap();
        assert_eq!(one.to_string(), "ci.example.org (observe, tool:Click)");
        assert!(ClientCertificate::new(&"n".repeat(NAME_CAP), &["observe"]).is_ok());
        for (name, scopes) in [
            ("", ["observe"].as_slice()),
            ("a b", &["observe"]),
            ("\u{202e}x", &["observe"]),
            ("x", &[]),
            ("x", &["everything"]),
        ] {
            assert!(ClientCertificate::new(name, scopes).is_err(), "{name} {scopes:?}");
        }
        assert!(ClientCertificate::new(&"n".repeat(NAME_CAP + 1), &["observe"]).is_err());
        let less = ClientCertificate::new("ci.example.org", &["observe"]).unwrap();
        assert!(less.is_within(&one) && !one.is_within(&less));
    }
}
