//! Which tools and tiers are open, by winremote-mcp's precedence: an explicit list, else everything, else the tiers;
//! an exclusion always subtracts. Names are resolved here once, at the start, and an unknown one stops the start.

use portcullis_model::{Effect, Tier, nearest};
use std::collections::BTreeSet;

/// What the owner asked for, before names are resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterSpec {
    /// Exactly these tools, when not empty.
    pub tools: Vec<String>,
    /// Never these, whatever else is said.
    pub exclude_tools: Vec<String>,
    /// Every tool of every tier.
    pub enable_all: bool,
    /// Opens tier 3.
    pub enable_tier3: bool,
    /// Shuts tier 2.
    pub disable_tier2: bool,
}

/// A name in the filter that is no tool's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: there is no tool `{name}`{}", hint(.nearest))]
pub struct FilterError {
    /// The flag or key that named it.
    pub origin: &'static str,
    /// The name as given.
    pub name: String,
    /// What was perhaps meant.
    pub nearest: Vec<String>,
}

fn hint(nearest: &[String]) -> String {
    if nearest.is_empty() {
        "; `portcullis tools` lists them all".to_owned()
    } else {
        format!("; nearest: {}", nearest.join(", "))
    }
}

/// A resolved filter: every name in it is a tool's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolFilter {
    explicit: Option<BTreeSet<String>>,
    excluded: BTreeSet<String>,
    enable_all: bool,
    tier2: bool,
    tier3: bool,
}

impl ToolFilter {
    /// Resolves the names of `spec` against `known`, in any case of letters.
    pub fn resolve(spec: &FilterSpec, known: &[&str]) -> Result<Self, FilterError> {
        let names = |origin, list: &[String]| -> Result<BTreeSet<String>, FilterError> {
            list.iter().map(|name| resolve_name(origin, name, known)).collect()
        };
        let explicit = names("--tools", &spec.tools)?;
        Ok(Self {
            explicit: if spec.tools.is_empty() { None } else { Some(explicit) },
            excluded: names("--exclude-tools", &spec.exclude_tools)?,
            enable_all: spec.enable_all,
            tier2: !spec.disable_tier2,
            tier3: spec.enable_tier3,
        })
    }

    /// Whether this effect of this tool is open. `own` is the tool's own tier: an explicit list opens a tool at its own
    /// tier, and an effect above that still needs its tier.
    pub fn is_open(&self, tool: &str, own: Tier, effect: Effect) -> bool {
        if self.excluded.contains(tool) {
            return false;
        }
        if let Some(explicit) = &self.explicit {
            return explicit.contains(tool) && (effect.tier() <= own || self.is_tier_open(effect.tier()));
        }
        self.is_tier_open(effect.tier())
    }

    /// Whether the filter names the tool at all (an unnamed tool is shut by the list, not by its tier).
    pub fn is_listed(&self, tool: &str) -> bool {
        !self.excluded.contains(tool) && self.explicit.as_ref().is_none_or(|list| list.contains(tool))
    }

    fn is_tier_open(&self, tier: Tier) -> bool {
        self.enable_all
            || match tier {
                Tier::Observe => true,
                Tier::Interact => self.tier2,
                Tier::Alter => self.tier3,
            }
    }
}

fn resolve_name(origin: &'static str, name: &str, known: &[&str]) -> Result<String, FilterError> {
    let wanted = name.trim();
    known
        .iter()
        .find(|tool| tool.eq_ignore_ascii_case(wanted))
        .map(|tool| (*tool).to_owned())
        .ok_or_else(|| FilterError { origin, name: wanted.to_owned(), nearest: nearest(wanted, known.iter().copied()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["Snapshot", "Click", "App", "SetClipboard"];

    fn spec(change: impl FnOnce(&mut FilterSpec)) -> FilterSpec {
        let mut spec = FilterSpec::default();
        change(&mut spec);
        spec
    }

    /// (what was asked, effects open as `tool/effect`).
    fn open(spec: &FilterSpec) -> String {
        let filter = ToolFilter::resolve(spec, KNOWN).unwrap();
        let cells = [
            ("Snapshot", Tier::Observe, Effect::ReadWindows, "s"),
            ("Click", Tier::Interact, Effect::SendInput, "c"),
            ("Click", Tier::Interact, Effect::OperateCommandHost, "h"),
            ("App", Tier::Interact, Effect::StartInstalledApp, "a"),
            ("App", Tier::Interact, Effect::StartExecutable, "x"),
            ("SetClipboard", Tier::Alter, Effect::WriteClipboard, "w"),
        ];
        cells.iter().filter(|(tool, own, effect, _)| filter.is_open(tool, *own, *effect)).map(|cell| cell.3).collect()
    }

    #[test]
    fn precedence_is_list_then_all_then_tiers_and_exclusion_subtracts() {
        let cases = [
            (spec(|_| {}), "sca"),
            (spec(|s| s.disable_tier2 = true), "s"),
            (spec(|s| s.enable_tier3 = true), "schaxw"),
            (spec(|s| s.enable_all = true), "schaxw"),
            (
                spec(|s| {
                    s.enable_all = true;
                    s.disable_tier2 = true;
                }),
                "schaxw",
            ),
            (spec(|s| s.tools = vec!["click".into()]), "c"),
            (spec(|s| s.tools = vec!["SETCLIPBOARD".into(), "App".into()]), "aw"),
            (
                spec(|s| {
                    s.tools = vec!["Click".into()];
                    s.enable_tier3 = true;
                }),
                "ch",
            ),
            (
                spec(|s| {
                    s.tools = vec!["Click".into(), "App".into()];
                    s.exclude_tools = vec!["app".into()];
                }),
                "c",
            ),
            (
                spec(|s| {
                    s.enable_all = true;
                    s.exclude_tools = vec!["Click".into()];
                }),
                "saxw",
            ),
        ];
        for (spec, expected) in cases {
            assert_eq!(open(&spec), expected, "{spec:?}");
        }
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_nearest() {
        let error = ToolFilter::resolve(&spec(|s| s.exclude_tools = vec!["Snapshoot".into()]), KNOWN).unwrap_err();
        assert_eq!(error.to_string(), "--exclude-tools: there is no tool `Snapshoot`; nearest: Snapshot");
    }
}
