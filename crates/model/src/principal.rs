//! Who is calling. A principal is made by authentication alone; nothing that a client says about itself is in it.

use crate::Tier;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

/// A right that a principal may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Tier 1 effects.
    Observe,
    /// Tier 2 effects.
    Interact,
    /// Tier 3 effects.
    Alter,
}

impl Scope {
    /// The scope that a tier asks for.
    pub fn for_tier(tier: Tier) -> Self {
        match tier {
            Tier::Observe => Self::Observe,
            Tier::Interact => Self::Interact,
            Tier::Alter => Self::Alter,
        }
    }

    /// The name as written in configurations and challenges.
    pub fn name(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Interact => "interact",
            Self::Alter => "alter",
        }
    }
}

/// An authenticated caller: `local` over stdio and on the command line, `key:NAME` over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal {
    name: String,
    scopes: BTreeSet<Scope>,
}

impl Principal {
    /// The owner's own process tree: stdio and the command line. It holds every scope; tiers still narrow it.
    pub fn local() -> Self {
        Self { name: "local".to_owned(), scopes: [Scope::Observe, Scope::Interact, Scope::Alter].into() }
    }

    /// The holder of an HTTP key.
    pub fn key(name: &str, scopes: impl IntoIterator<Item = Scope>) -> Self {
        Self { name: format!("key:{name}"), scopes: scopes.into_iter().collect() }
    }

    /// The name under which tables are kept and records are written.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the principal holds `scope`.
    pub fn holds(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// The scopes held, in order.
    pub fn scopes(&self) -> impl Iterator<Item = Scope> {
        self.scopes.iter().copied()
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
