//! Which tools and tiers are open, by winremote-mcp's precedence: an explicit list, else everything, else the tiers;
//! an exclusion always subtracts. Names are resolved here once, at the start, and an unknown one stops the start.

use portcullis_model::{Effect, Origin, Tier, Valued, nearest, visible};
use std::collections::{BTreeMap, BTreeSet};

/// Characters of a wrong name that an error repeats.
const NAME_LIMIT: usize = 80;

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

/// Which tools are open, with the place of each word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolWords {
    /// Whether tier 2 is open; it is when nobody says.
    pub tier2: Option<Valued<bool>>,
    /// Whether tier 3 is open; it is not when nobody says.
    pub tier3: Option<Valued<bool>>,
    /// Exactly these tools, when there is a list.
    pub list: Option<Valued<Vec<Valued<String>>>>,
    /// Never these, whatever else is said.
    pub exclude: Vec<Valued<String>>,
}

impl From<&FilterSpec> for ToolWords {
    fn from(spec: &FilterSpec) -> Self {
        let names = |list: &[String], flag| -> Vec<Valued<String>> {
            list.iter().map(|name| Valued::new(name.clone(), Origin::Flag(flag))).collect()
        };
        let tier = |said: bool, open: bool, flag| said.then_some(Valued::new(open, Origin::Flag(flag)));
        let all = tier(spec.enable_all, true, "--enable-all");
        Self {
            tier2: all.clone().or(tier(spec.disable_tier2, false, "--disable-tier2")),
            tier3: all.or(tier(spec.enable_tier3, true, "--enable-tier3")),
            list: (!spec.tools.is_empty()).then(|| Valued::new(names(&spec.tools, "--tools"), Origin::Flag("--tools"))),
            exclude: names(&spec.exclude_tools, "--exclude-tools"),
        }
    }
}

/// A filter that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// A name that is no tool's.
    #[error("{}: there is no tool `{name}`{}", place(.origin, .key), hint(.nearest))]
    Unknown {
        /// Where it was named.
        origin: Origin,
        /// The key that named it.
        key: &'static str,
        /// The name as given.
        name: String,
        /// What was perhaps meant.
        nearest: Vec<String>,
    },
    /// A list names a tool of a tier that an earlier place shut.
    #[error(
        "{}: `{name}` is a tool of {tier}, which {shut} shuts; a later place may narrow that, never widen it. Change it \
         there, or leave the tool out here",
        place(.origin, "tools.list")
    )]
    Widens {
        /// Where it was named.
        origin: Origin,
        /// The tool.
        name: String,
        /// Its tier.
        tier: Tier,
        /// Where the tier was shut.
        shut: Origin,
    },
}

/// `--tools`; `C:\x\portcullis.toml:4 `tools.list``.
fn place(origin: &Origin, key: &str) -> String {
    match origin {
        Origin::Flag(flag) => (*flag).to_owned(),
        other => format!("{other} `{key}`"),
    }
}

fn hint(nearest: &[String]) -> String {
    if nearest.is_empty() {
        "; `portcullis tools` lists them all".to_owned()
    } else {
        format!("; nearest: {}", nearest.join(", "))
    }
}

/// What shuts an effect of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shut<'filter> {
    /// An exclusion names the tool.
    Excluded(&'filter Origin),
    /// A list leaves the tool out.
    Unlisted(&'filter Origin),
    /// The effect's tier is closed: by default, or by this word.
    Tier(Option<&'filter Origin>),
}

/// One tier as said, and whether that also binds what a list opens: a list stands above the tiers of its own place, not
/// above a tier that another place shut.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TierWord {
    open: bool,
    said: Option<Origin>,
    binds_list: bool,
}

/// A resolved filter: every name in it is a tool's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolFilter {
    list: Option<(BTreeSet<String>, Origin)>,
    excluded: BTreeMap<String, Origin>,
    tier2: TierWord,
    tier3: TierWord,
}

impl ToolFilter {
    /// Resolves the names of `spec` against `known`, in any case of letters.
    pub fn resolve(spec: &FilterSpec, known: &[&str]) -> Result<Self, FilterError> {
        // All words of flags come from one place, so no tool's tier is asked for.
        let known: Vec<(&str, Tier)> = known.iter().map(|name| (*name, Tier::Observe)).collect();
        Self::of_words(&spec.into(), &known)
    }

    /// Resolves the names against the known tools and their own tiers, in any case of letters.
    pub fn of_words(words: &ToolWords, known: &[(&str, Tier)]) -> Result<Self, FilterError> {
        Self::resolved(words, known, false)
    }

    /// The same of words that only take away from another filter: what is not said, a tier of its own too, is left to that.
    pub fn narrowing(words: &ToolWords, known: &[(&str, Tier)]) -> Result<Self, FilterError> {
        Self::resolved(words, known, true)
    }

    fn resolved(words: &ToolWords, known: &[(&str, Tier)], tier3: bool) -> Result<Self, FilterError> {
        let mut list = None;
        if let Some(said) = &words.list {
            let mut names = BTreeSet::new();
            for item in &said.value {
                let (name, tier) = resolve_name("tools.list", item, known)?;
                let word = match tier {
                    Tier::Observe => None,
                    Tier::Interact => words.tier2.as_ref(),
                    Tier::Alter => words.tier3.as_ref(),
                };
                if let Some(shut) = word.filter(|word| !word.value && word.origin.is_before(&item.origin)) {
                    let (origin, shut) = (item.origin.clone(), shut.origin.clone());
                    return Err(FilterError::Widens { origin, name, tier, shut });
                }
                names.insert(name);
            }
            list = Some((names, said.origin.clone()));
        }
        let mut excluded = BTreeMap::new();
        for item in &words.exclude {
            excluded.insert(resolve_name("tools.exclude", item, known)?.0, item.origin.clone());
        }
        let tier = |word: &Option<Valued<bool>>, default: bool| TierWord {
            open: word.as_ref().map_or(default, |word| word.value),
            said: word.as_ref().map(|word| word.origin.clone()),
            binds_list: matches!((word, &list), (Some(word), Some((_, place))) if !word.origin.is_beside(place)),
        };
        Ok(Self { tier2: tier(&words.tier2, true), tier3: tier(&words.tier3, tier3), list, excluded })
    }

    /// What shuts this effect of this tool, if anything does. `own` is the tool's own tier: a list opens a tool at its
    /// own tier, and an effect above that still needs its tier.
    pub(crate) fn shut(&self, tool: &str, own: Tier, effect: Effect) -> Option<Shut<'_>> {
        if let Some(origin) = self.excluded.get(tool) {
            return Some(Shut::Excluded(origin));
        }
        let listed = match &self.list {
            Some((list, origin)) if !list.contains(tool) => return Some(Shut::Unlisted(origin)),
            list => list.is_some(),
        };
        let word = match effect.tier() {
            Tier::Observe => return None,
            Tier::Interact => &self.tier2,
            Tier::Alter => &self.tier3,
        };
        let by_list = listed && effect.tier() <= own && !word.binds_list;
        (!word.open && !by_list).then_some(Shut::Tier(word.said.as_ref()))
    }

    /// The word that opened an effect which is open: the list that names the tool, else what was said of the tier.
    pub(crate) fn opened_by(&self, tool: &str, effect: Effect) -> Option<&Origin> {
        let word = match effect.tier() {
            Tier::Observe => None,
            Tier::Interact => Some(&self.tier2),
            Tier::Alter => Some(&self.tier3),
        };
        let list = self.list.as_ref().filter(|(list, _)| list.contains(tool)).map(|(_, origin)| origin);
        word.filter(|word| word.open).and_then(|word| word.said.as_ref()).or(list)
    }

    /// Whether this effect of this tool is open.
    pub fn is_open(&self, tool: &str, own: Tier, effect: Effect) -> bool {
        self.shut(tool, own, effect).is_none()
    }
}

fn resolve_name(
    key: &'static str,
    item: &Valued<String>,
    known: &[(&str, Tier)],
) -> Result<(String, Tier), FilterError> {
    let wanted = item.value.trim();
    let found = known.iter().find(|(tool, _)| tool.eq_ignore_ascii_case(wanted));
    found.map(|(tool, tier)| ((*tool).to_owned(), *tier)).ok_or_else(|| FilterError::Unknown {
        origin: item.origin.clone(),
        key,
        name: visible(wanted, NAME_LIMIT),
        nearest: nearest(wanted, known.iter().map(|(tool, _)| *tool)),
    })
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

    /// (machine's words, owner's words) as (tier2, tier3, list), and what is open or refused.
    #[test]
    fn words_of_several_places_only_narrow() {
        let known = [("Snapshot", Tier::Observe), ("Click", Tier::Interact), ("SetClipboard", Tier::Alter)];
        let at = |name: &'static str| Origin::File { path: std::path::Path::new(name).into(), line: 7 };
        let names = |names: &[&str], origin: Origin| {
            let list = names.iter().map(|name| Valued::new((*name).to_owned(), origin.clone())).collect();
            Some(Valued::new(list, origin))
        };
        let (file, flag) = (at("p.toml"), Origin::Flag("--x"));
        let open = |words: &ToolWords| match ToolFilter::of_words(words, &known) {
            Err(error) => error.to_string(),
            Ok(filter) => {
                let effects = [Effect::ReadWindows, Effect::SendInput, Effect::WriteClipboard];
                let open =
                    known.iter().zip(effects).filter(|((name, own), effect)| filter.is_open(name, *own, *effect));
                open.map(|((name, _), _)| *name).collect::<Vec<_>>().join(" ")
            }
        };
        let both = names(&["Click", "SetClipboard"], file.clone());
        let words = ToolWords { list: both.clone(), ..ToolWords::default() };
        assert_eq!(open(&words), "Click SetClipboard", "a list opens its tools");
        let words = ToolWords { tier2: Some(Valued::new(false, file.clone())), list: both.clone(), ..words };
        assert_eq!(open(&words), "Click SetClipboard", "and stands above the tiers of its own place");
        let words = ToolWords { tier2: Some(Valued::new(false, flag.clone())), list: both, ..words };
        assert_eq!(open(&words), "SetClipboard", "but a later place shuts the tier for it too");
        let list = names(&["Click"], Origin::Flag("--tools"));
        let words = ToolWords { tier2: Some(Valued::new(false, file)), list, ..ToolWords::default() };
        assert_eq!(
            open(&words),
            "--tools: `Click` is a tool of tier 2 (interact), which p.toml:7 shuts; a later place may narrow that, never \
             widen it. Change it there, or leave the tool out here"
        );
    }
}
