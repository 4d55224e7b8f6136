//! The name of a service, checked when it is made. Compared in any case, never run and never part of a path.

use serde::Serialize;
use std::fmt;

/// The name of a service as the system keeps it (not the one that people are shown), in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ServiceName(String);

impl ServiceName {
    /// Characters of a name (`SC_MAX_NAME_LEN` less the end).
    pub const CAP: usize = 256;

    /// Reads a name: whole, without wildcards, and no path.
    pub fn parse(text: &str) -> Result<Self, BadServiceName> {
        let length = text.chars().count();
        if length == 0 || length > Self::CAP {
            return Err(BadServiceName("a service's name has 1 to 256 characters"));
        }
        if text.chars().any(|sign| "/\\*?".contains(sign) || sign.is_control()) {
            return Err(BadServiceName("a service is named whole: no slash, wildcard or control character"));
        }
        if text.trim() != text {
            return Err(BadServiceName("a service's name neither begins nor ends with a space"));
        }
        Ok(Self(text.to_lowercase()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that names no service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadServiceName(&'static str);

impl BadServiceName {
    /// The rule that it breaks.
    pub fn rule(self) -> &'static str {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_named_whole() {
        let long = "x".repeat(ServiceName::CAP);
        for text in ["Spooler", "a", "My Service.1$x", "MSSQL$SQLEXPRESS", long.as_str()] {
            assert_eq!(ServiceName::parse(text).unwrap().as_str(), text.to_lowercase());
        }
        let longer = format!("{long}x");
        for text in ["", "Spool*", "?", "a/b", r"a\b", "a\0b", "a\nb", " a", "a ", longer.as_str()] {
            assert!(ServiceName::parse(text).is_err(), "{text:?}");
        }
    }
}
