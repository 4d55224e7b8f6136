//! Who is calling. A principal is made by authentication alone; nothing that a client says about itself is in it.

use crate::{Digest, Tier, foreign_tools, nearest, visible};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

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
    /// Files and folders, beside the tier of what is done to them.
    Files,
    /// The WPF gate for values that may be secret.
    SensitiveReads,
    /// The WPF gate for pictures of elements.
    Screenshots,
    /// The WPF gate for view models.
    Viewmodel,
    /// The WPF gate for what changes an application's state.
    Destructive,
    /// The WPF gate for loading the inspector.
    Injection,
}

impl Scope {
    /// Every scope that is a word, in order.
    pub const ALL: [Self; 9] = [
        Self::Observe,
        Self::Interact,
        Self::Alter,
        Self::Files,
        Self::SensitiveReads,
        Self::Screenshots,
        Self::Viewmodel,
        Self::Destructive,
        Self::Injection,
    ];

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
            Self::Files => "files",
            Self::SensitiveReads => "sensitive_reads",
            Self::Screenshots => "screenshots",
            Self::Viewmodel => "viewmodel",
            Self::Destructive => "destructive",
            Self::Injection => "injection",
        }
    }
}

/// A gate of what goes through WPF's inspector, beside the tier of what is done there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WpfGate {
    /// Values that may be secret.
    SensitiveReads,
    /// Pictures of elements.
    Screenshots,
    /// View models.
    Viewmodel,
    /// What changes an application's state.
    Destructive,
    /// Loading the inspector.
    Injection,
}

impl WpfGate {
    /// Every gate.
    pub const ALL: [Self; 5] =
        [Self::SensitiveReads, Self::Screenshots, Self::Viewmodel, Self::Destructive, Self::Injection];

    /// The scope without which nobody goes through.
    pub fn scope(self) -> Scope {
        match self {
            Self::SensitiveReads => Scope::SensitiveReads,
            Self::Screenshots => Scope::Screenshots,
            Self::Viewmodel => Scope::Viewmodel,
            Self::Destructive => Scope::Destructive,
            Self::Injection => Scope::Injection,
        }
    }

    /// The name as written in configurations.
    pub fn name(self) -> &'static str {
        self.scope().name()
    }
}

/// Characters of a tool's name in a scope.
const NAME_CAP: usize = 64;
/// Characters of a principal's name: a subject of OpenID Connect has as many (Core 1.0, 2).
pub const PRINCIPAL_NAME_CAP: usize = 255;
/// How the scope of one tool begins: `tool:Click`.
const TOOL_PREFIX: &str = "tool:";

/// The rights of one principal: words, and single tools. `tool:NAME` gives the effects that the tool has at its own tier, and
/// none of another: what it also looks at needs `observe`, what it does in a place of a higher tier the scope of that tier.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scopes {
    words: BTreeSet<Scope>,
    tools: BTreeSet<String>,
}

/// A text that is no scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is no scope; there are {}, and `tool:NAME`{}", names(), hint(.nearest))]
pub struct UnknownScope {
    word: String,
    nearest: Vec<String>,
}

fn names() -> String {
    Scope::ALL.map(|scope| format!("`{}`", scope.name())).join(", ")
}

fn hint(nearest: &[String]) -> String {
    if nearest.is_empty() { String::new() } else { format!("; nearest: {}", nearest.join(", ")) }
}

impl Scopes {
    /// Every word: what the owner's own process tree holds.
    pub fn all() -> Self {
        Scope::ALL.into_iter().collect()
    }

    /// Reads scopes as they are written, one a text. What is no scope is refused; nothing is passed over. A foreign name of
    /// a tool is every tool that it can come to.
    pub fn parse<'words>(written: impl IntoIterator<Item = &'words str>) -> Result<Self, UnknownScope> {
        let mut scopes = Self::default();
        for word in written {
            if let Some((_, tools)) = word.strip_prefix(TOOL_PREFIX).and_then(foreign_tools) {
                scopes.tools.extend(tools.iter().map(|tool| (*tool).to_owned()));
            } else if let Some(tool) = word.strip_prefix(TOOL_PREFIX).filter(|tool| is_tool_name(tool)) {
                scopes.tools.insert(tool.to_owned());
            } else if let Some(scope) = Scope::ALL.into_iter().find(|scope| scope.name() == word) {
                scopes.words.insert(scope);
            } else {
                let near = nearest(word, Scope::ALL.map(Scope::name));
                return Err(UnknownScope { word: visible(word, NAME_CAP), nearest: near });
            }
        }
        Ok(scopes)
    }

    /// The scopes among these words; what is none is passed over, since a token speaks to others as well.
    pub fn known<'words>(words: impl IntoIterator<Item = &'words str>) -> Self {
        let mut all = Self::default();
        for known in words.into_iter().filter_map(|word| Self::parse([word]).ok()) {
            all.words.extend(known.words);
            all.tools.extend(known.tools);
        }
        all
    }

    /// Whether each of these is among `others`, a tool by its own name.
    pub fn is_within(&self, others: &Self) -> bool {
        self.words.is_subset(&others.words) && self.tools().all(|tool| others.names_tool(tool))
    }

    /// Those that are among `ceiling`, a tool by its own name.
    pub fn within(mut self, ceiling: &Self) -> Self {
        self.words.retain(|word| ceiling.holds(*word));
        self.tools.retain(|tool| ceiling.names_tool(tool));
        self
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.tools.is_empty()
    }

    /// Whether the word is among them.
    pub fn holds(&self, scope: Scope) -> bool {
        self.words.contains(&scope)
    }

    /// Whether the tool is named by itself, in any case of letters.
    pub fn names_tool(&self, tool: &str) -> bool {
        self.tools.iter().any(|named| named.eq_ignore_ascii_case(tool))
    }

    /// The tools that are named by themselves.
    pub fn tools(&self) -> impl Iterator<Item = &str> {
        self.tools.iter().map(String::as_str)
    }

    /// As they are written, words first.
    pub fn written(&self) -> Vec<String> {
        let words = self.words.iter().map(|scope| scope.name().to_owned());
        words.chain(self.tools.iter().map(|tool| format!("{TOOL_PREFIX}{tool}"))).collect()
    }
}

/// What every tool's name is made of.
fn is_tool_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= NAME_CAP && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(words: I) -> Self {
        Self { words: words.into_iter().collect(), tools: BTreeSet::new() }
    }
}

impl FromStr for Scopes {
    type Err = UnknownScope;

    /// Separated by commas or spaces, as on a command line or in a token.
    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::parse(text.split([',', ' ']).filter(|word| !word.is_empty()))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written().join(", "))
    }
}

/// How a principal's name begins, by the way in which it was authenticated. No two ways share a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authenticated {
    /// By an HTTP key.
    Key,
    /// By an OAuth token.
    Token,
    /// By a client certificate.
    Certificate,
}

impl Authenticated {
    fn prefix(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Token => "oauth",
            Self::Certificate => "cert",
        }
    }
}

/// By what a caller is known besides its name, which may come to be another's: two callers of one name are the same caller only
/// when they are known by the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KnownBy {
    /// A key of ours, by the digest of its text.
    Key(Digest),
    /// A subject of an issuer, with the client that got the token where it names one: the tokens themselves come and go.
    Subject(Digest),
    /// A certificate, by the digest of its public key: one that is renewed for the same key is the same caller's.
    PublicKey(Digest),
}

impl KnownBy {
    /// The subject of an issuer, through this client. The parts are kept apart, so that no two sets of them are one.
    pub fn subject(issuer: &str, subject: &str, client: Option<&str>) -> Self {
        let mut all = Vec::new();
        for part in [issuer, subject].into_iter().chain(client) {
            all.extend(part.len().to_le_bytes());
            all.extend(part.as_bytes());
        }
        Self::Subject(Digest::of(&all))
    }
}

/// An authenticated caller: `local` over stdio and on the command line; `key:NAME`, `oauth:SUBJECT` or `cert:NAME` over
/// HTTP. Cloning one is cheap, since each call carries it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal {
    name: Arc<str>,
    scopes: Arc<Scopes>,
    /// By what it is known besides, when it is by more than its name.
    known_by: Option<KnownBy>,
}

impl Principal {
    /// The owner's own process tree: stdio and the command line. It holds every scope; tiers still narrow it.
    pub fn local() -> Self {
        Self { name: "local".into(), scopes: Arc::new(Scopes::all()), known_by: None }
    }

    /// Who was authenticated in this way under this name, which stands in records in visible form.
    pub fn remote(by: Authenticated, name: &str, scopes: Scopes) -> Self {
        let name = format!("{}:{}", by.prefix(), visible(name, PRINCIPAL_NAME_CAP)).into();
        Self { name, scopes: Arc::new(scopes), known_by: None }
    }

    /// The same, known by this. What is kept for it is kept for nobody else of its name: who gets a new key of an old name, or
    /// comes by that name from another issuer or with another certificate, begins anew.
    pub fn known_by(self, known_by: KnownBy) -> Self {
        Self { known_by: Some(known_by), ..self }
    }

    /// The holder of an HTTP key.
    pub fn key(name: &str, scopes: impl IntoIterator<Item = Scope>) -> Self {
        Self::remote(Authenticated::Key, name, scopes.into_iter().collect())
    }

    /// The name under which records are written, rules are looked up and what it may use is counted.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same, to be kept.
    pub fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    /// By what it is known besides its name.
    pub fn proof(&self) -> Option<KnownBy> {
        self.known_by
    }

    /// The digest of the key by which it is known, when it is known by one of ours.
    pub fn key_digest(&self) -> Option<Digest> {
        match self.known_by {
            Some(KnownBy::Key(key)) => Some(key),
            _ => None,
        }
    }

    /// Whether what is kept for the one is the other's: the same name, known by the same.
    pub fn is_same(&self, other: &Self) -> bool {
        self.name == other.name && self.known_by == other.known_by
    }

    /// Whether the principal holds `scope`.
    pub fn holds(&self, scope: Scope) -> bool {
        self.scopes.holds(scope)
    }

    /// What it holds.
    pub fn scopes(&self) -> &Scopes {
        &self.scopes
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_as_they_are_written() {
        for text in ["observe", "observe, interact, alter, files", "interact, tool:Click, tool:get_visual_tree", ""] {
            assert_eq!(text.parse::<Scopes>().unwrap().to_string(), text);
        }
        let foreign = "tool:clipboard tool:Powershell-Tool".parse::<Scopes>().unwrap();
        assert_eq!(foreign.to_string(), "tool:GetClipboard, tool:SetClipboard, tool:Shell");
        assert_eq!("alter observe,observe".parse::<Scopes>().unwrap().to_string(), "observe, alter");
    }

    #[test]
    fn what_is_no_scope_is_refused_with_the_nearest() {
        for wrong in ["Observe", "observ", "tool:", "tool:a b", "tool:*", "*", "all", "tool:\u{202e}x"] {
            let refused = Scopes::parse([wrong]).unwrap_err().to_string();
            assert!(refused.contains("is no scope; there are `observe`"), "{refused}");
        }
        let refused = Scopes::parse(["observ"]).unwrap_err().to_string();
        assert!(refused.ends_with("nearest: observe"), "{refused}");
    }

    #[test]
    fn words_of_a_token_that_are_no_scopes_are_passed_over_and_a_ceiling_holds() {
        let scopes = |text: &str| text.parse::<Scopes>().unwrap();
        let known = Scopes::known(["openid", "observe", "Alter", "tool:Click", "tool:*", ""]);
        assert_eq!(known, scopes("observe, tool:Click"));
        for (some, ceiling, left) in [
            ("observe, alter, tool:Click", "observe", "observe"),
            ("observe, tool:click", "interact, tool:Click", "tool:click"),
            ("observe", "", ""),
            ("", "observe", ""),
        ] {
            let within = scopes(some).within(&scopes(ceiling));
            assert_eq!(within, scopes(left), "{some} within {ceiling}");
            assert!(within.is_within(&scopes(ceiling)));
            assert_eq!(scopes(some).is_within(&scopes(ceiling)), some == left, "{some} within {ceiling}");
            assert_eq!(within.is_empty(), left.is_empty());
        }
    }

    #[test]
    fn one_way_of_authentication_cannot_take_the_name_of_another() {
        let none = Scopes::default;
        let names = [
            Principal::local(),
            Principal::remote(Authenticated::Key, "local", none()),
            Principal::remote(Authenticated::Token, "local", none()),
            Principal::remote(Authenticated::Certificate, "local", none()),
        ]
        .map(|principal| principal.name().to_owned());
        assert_eq!(names, ["local", "key:local", "oauth:local", "cert:local"]);
    }

    #[test]
    fn a_name_is_another_callers_when_it_is_known_by_something_else() {
        let ids = [
            KnownBy::subject("https://a", "me", None),
            KnownBy::subject("https://b", "me", None),
            KnownBy::subject("https://a", "me", Some("")),
            KnownBy::subject("https://a", "me", Some("app")),
            KnownBy::subject("https://am", "e", None),
            KnownBy::Key(Digest::of(b"x")),
            KnownBy::PublicKey(Digest::of(b"x")),
        ];
        let of = |id: KnownBy| Principal::remote(Authenticated::Token, "me", Scopes::default()).known_by(id);
        for (at, one) in ids.into_iter().enumerate() {
            for (place, other) in ids.into_iter().enumerate() {
                assert_eq!(of(one).is_same(&of(other)), at == place, "{one:?} {other:?}");
            }
            assert!(!of(one).is_same(&Principal::remote(Authenticated::Token, "me", Scopes::default())));
            assert_eq!(of(one).key_digest().is_some(), matches!(one, KnownBy::Key(_)));
        }
    }
}
