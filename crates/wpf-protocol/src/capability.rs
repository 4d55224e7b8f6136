//! What a session may do inside the application: the owner's gates as a mask that both sides hold. The server asks it last
//! before the pipe, the inspector again before it acts. Which tool needs which gate is not said here.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::BitOr;

/// A set of gates that are open. Without any, a session can be greeted, probed and ended, and windows counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Capabilities(u32);

impl Capabilities {
    /// No gate.
    pub const NONE: Self = Self(0);
    /// Structure, properties, bindings, styles, layout and events of the application.
    pub const SENSITIVE_READS: Self = Self(1);
    /// Pixels of the application.
    pub const SCREENSHOTS: Self = Self(2);
    /// What lies behind the elements: data contexts, view models, sources of bindings.
    pub const VIEWMODEL: Self = Self(4);
    /// Acts and writes.
    pub const DESTRUCTIVE: Self = Self(8);
    /// Every gate.
    pub const ALL: Self = Self(15);

    /// The set with these bits; a bit that means nothing is none.
    pub fn from_bits(bits: u32) -> Option<Self> {
        (bits & !Self::ALL.0 == 0).then_some(Self(bits))
    }

    /// The bits, as they travel.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// Whether all of `needed` are open.
    pub fn holds(self, needed: Self) -> bool {
        self.0 & needed.0 == needed.0
    }

    /// What of `needed` is shut.
    pub fn lacks(self, needed: Self) -> Self {
        Self(needed.0 & !self.0)
    }
}

impl BitOr for Capabilities {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (Self::SENSITIVE_READS, "sensitive_reads"),
            (Self::SCREENSHOTS, "screenshots"),
            (Self::VIEWMODEL, "viewmodel"),
            (Self::DESTRUCTIVE, "destructive"),
        ];
        let open: Vec<&str> = names.into_iter().filter(|(gate, _)| self.holds(*gate)).map(|(_, name)| name).collect();
        f.write_str(&if open.is_empty() { "none".to_owned() } else { open.join(", ") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_with_a_bit_that_means_nothing_is_none() {
        assert_eq!(Capabilities::from_bits(0), Some(Capabilities::NONE));
        assert_eq!(Capabilities::from_bits(15), Some(Capabilities::ALL));
        for bits in [16, 31, u32::MAX] {
            assert_eq!(Capabilities::from_bits(bits), None);
        }
    }

    #[test]
    fn what_is_lacking_is_named() {
        let open = Capabilities::SENSITIVE_READS | Capabilities::SCREENSHOTS;
        let needed = Capabilities::SENSITIVE_READS | Capabilities::VIEWMODEL | Capabilities::DESTRUCTIVE;
        assert!(!open.holds(needed));
        assert_eq!(open.lacks(needed).to_string(), "viewmodel, destructive");
        assert_eq!(open.lacks(open), Capabilities::NONE);
        assert_eq!(Capabilities::NONE.to_string(), "none");
    }
}
