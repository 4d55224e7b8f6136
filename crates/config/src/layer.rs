//! What one place says: the machine's file, the owner's file or the command line. A file is read strictly: what is not a
//! key of the table, or not the value that the table wants, is refused with its line.

use crate::certificates::ClientCertificate;
use crate::error::ConfigError;
use crate::keys::{KEYS, Key, Kind, OF_PRINCIPALS, PRINCIPALS, VERSION, VERSION_KEY, key};
use crate::network::Network;
use crate::principal::PrincipalName;
use portcullis_model::{
    Chord, FilePath, HostPattern, Key as KeyOfChord, Origin, ProgramName, RegistryKey, Valued, WindowPattern,
    WpfTarget, is_image, nearest, tools_named, visible,
};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The machine's, a ceiling over all.
    Machine,
    /// The owner's.
    User,
}

/// A value of the file, of the kind that its key wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// Of [`Kind::Bool`].
    Bool(bool),
    /// Of [`Kind::Number`].
    Number(u64),
    /// Of [`Kind::Text`] and [`Kind::Choice`].
    Text(String),
    /// Of [`Kind::List`] and [`Kind::Executables`], each entry with its own line.
    List(Vec<Valued<String>>),
    /// Of [`Kind::Networks`], each entry with its own line.
    Networks(Vec<Valued<Network>>),
    /// Of [`Kind::Paths`], each entry with its own line.
    Paths(Vec<Valued<FilePath>>),
    /// Of [`Kind::RegistryKeys`], each entry with its own line.
    RegistryKeys(Vec<Valued<RegistryKey>>),
    /// Of [`Kind::Hosts`], each entry with its own line.
    Hosts(Vec<Valued<HostPattern>>),
    /// Of [`Kind::Programs`], each entry with its own line.
    Programs(Vec<Valued<ProgramName>>),
    /// Of [`Kind::Chords`], each entry with its own line.
    Chords(Vec<Valued<Chord>>),
    /// Of [`Kind::Windows`], each entry with its own line.
    Windows(Vec<Valued<WindowPattern>>),
    /// Of [`Kind::Certificates`], each entry with its own line.
    Certificates(Vec<Valued<ClientCertificate>>),
    /// Of [`Kind::WpfTargets`], each entry with its own line.
    WpfTargets(Vec<Valued<WpfTarget>>),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(value) => write!(f, "{value}"),
            Self::List(list) => joined(f, list),
            Self::Networks(list) => joined(f, list),
            Self::Paths(list) => joined(f, list),
            Self::RegistryKeys(list) => joined(f, list),
            Self::Hosts(list) => joined(f, list),
            Self::Programs(list) => joined(f, list),
            Self::Chords(list) => joined(f, list),
            Self::Windows(list) => joined(f, list),
            Self::Certificates(list) => joined(f, list),
            Self::WpfTargets(list) => joined(f, list),
        }
    }
}

fn joined<T: ToString>(f: &mut std::fmt::Formatter<'_>, list: &[Valued<T>]) -> std::fmt::Result {
    let items: Vec<String> = list.iter().map(|item| item.value.to_string()).collect();
    f.write_str(&items.join(", "))
}

/// Values by key.
pub(crate) type Said = BTreeMap<&'static str, Valued<Value>>;

/// What one place says: of all by key, and of single principals by their names and by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layer(pub(crate) Said, pub(crate) BTreeMap<PrincipalName, Said>);

impl Layer {
    /// Reads the text of a policy file.
    pub(crate) fn parse(text: &str, path: &Path, place: Place) -> Result<Self, ConfigError> {
        let source = Text { text, path: path.into(), place };
        let root = DeTable::parse(text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            source.refuse(span, "", "", error.message().trim().replace('\n', "; "), Vec::new())
        })?;
        let mut layer = Self::default();
        let mut version = None;
        for (name, value) in root.get_ref() {
            let name_text = name.get_ref().as_ref();
            if name_text == VERSION_KEY {
                version = Some(source.version(value)?);
            } else if name_text == PRINCIPALS {
                source.principals(value, &mut layer)?;
            } else if let DeValue::Table(table) = value.get_ref() {
                source.section(name_text, name.span(), table, &mut layer)?;
            } else if sections().any(|section| section == name_text) {
                let rule = format!("it is a section; write `[{name_text}]` and its keys below");
                return Err(source.refuse(value.span(), name_text, source.shown(&value.span()), rule, Vec::new()));
            } else {
                return Err(source.unknown(name_text, name_text, name.span(), &top()));
            }
        }
        if version.is_none() {
            let rule = format!("the file says for which version it is written; begin it with `version = {VERSION}`");
            return Err(source.refuse(0..0, VERSION_KEY, "", rule, Vec::new()));
        }
        layer.require_no_contradiction()?;
        Ok(layer)
    }

    pub(crate) fn set(&mut self, path: &'static str, value: Value, origin: Origin) {
        self.0.insert(path, Valued::new(value, origin));
    }

    /// What `enable_all` says of the tiers, said of the tiers. Within one place it stands above their own keys.
    pub(crate) fn spread_enable_all(&mut self) {
        let Some(Valued { value: Value::Bool(true), origin }) = self.0.get("tools.enable_all").cloned() else { return };
        for tier in ["tools.tier2", "tools.tier3"] {
            self.set(tier, Value::Bool(true), origin.clone());
        }
    }

    fn require_no_contradiction(&self) -> Result<(), ConfigError> {
        let Some(Valued { value: Value::Bool(true), origin }) = self.0.get("tools.enable_all") else { return Ok(()) };
        for tier in ["tools.tier2", "tools.tier3"] {
            if let Some(Valued { value: Value::Bool(false), origin: other }) = self.0.get(tier) {
                let rule = format!("{other} says `{tier} = false`, which it contradicts; leave one of them out");
                return Err(ConfigError::new(origin.clone(), "tools.enable_all", "true", rule));
            }
        }
        Ok(())
    }
}

/// The keys whose lists name tools.
const TOOL_LISTS: [&str; 2] = ["tools.list", "tools.exclude"];

/// A list of tools without foreign names: each stands for all that it can come to, in the place where it was said.
pub(crate) fn in_our_names(list: Vec<Valued<String>>) -> Vec<Valued<String>> {
    let mut all: Vec<Valued<String>> = Vec::new();
    for item in list {
        for name in tools_named(&item.value) {
            if !all.iter().any(|earlier| earlier.value.eq_ignore_ascii_case(name)) {
                all.push(Valued::new(name.to_owned(), item.origin.clone()));
            }
        }
    }
    all
}

/// Whether a text is a policy file by itself: what a reader would refuse of it. Nothing is merged or resolved.
pub fn check_policy_text(text: &str) -> Result<(), ConfigError> {
    Layer::parse(text, Path::new("portcullis.toml"), Place::User).map(drop)
}

/// The names of all sections, each once.
fn sections() -> impl Iterator<Item = &'static str> {
    let mut last = "";
    KEYS.iter().filter_map(move |key| {
        let section = key.section();
        let new = section != last;
        last = section;
        new.then_some(section)
    })
}

/// What may stand at the top of the file.
fn top() -> Vec<&'static str> {
    sections().chain([PRINCIPALS, VERSION_KEY]).collect()
}

/// A file's text and who it is, to turn spans into lines.
struct Text<'file> {
    text: &'file str,
    path: Arc<Path>,
    place: Place,
}

impl Text<'_> {
    /// Line and column of a place in the text, from 1.
    fn position(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }

    fn origin(&self, span: &Range<usize>) -> Origin {
        let (path, line) = (Arc::clone(&self.path), self.position(span.start).0);
        match self.place {
            Place::Machine => Origin::Machine { path, line },
            Place::User => Origin::File { path, line },
        }
    }

    fn refuse(&self, span: Range<usize>, key: &str, value: &str, rule: String, nearest: Vec<String>) -> ConfigError {
        let column = self.position(span.start).1;
        let mut error = ConfigError::new(self.origin(&span), key, value, rule);
        error.column = Some(column);
        error.nearest = nearest;
        error
    }

    /// Of a key at this place whose own name is none of those known there.
    fn unknown(&self, place: &str, name: &str, span: Range<usize>, known: &[&str]) -> ConfigError {
        let rule = format!("there is no such key; known here: {}", known.join(", "));
        self.refuse(span, place, "", rule, nearest(name, known.iter().copied()))
    }

    fn version(&self, value: &Spanned<DeValue<'_>>) -> Result<u64, ConfigError> {
        match number(value.get_ref()) {
            Some(VERSION) => Ok(VERSION),
            _ => {
                let rule = format!("this build reads version {VERSION} of the file alone");
                Err(self.refuse(value.span(), VERSION_KEY, self.shown(&value.span()), rule, Vec::new()))
            }
        }
    }

    fn section(
        &self,
        name: &str,
        span: Range<usize>,
        table: &DeTable<'_>,
        layer: &mut Layer,
    ) -> Result<(), ConfigError> {
        if !sections().any(|section| section == name) {
            return Err(self.unknown(name, name, span, &top()));
        }
        let inside: Vec<&str> = KEYS.iter().filter_map(|key| key.path.strip_prefix(name)?.strip_prefix('.')).collect();
        for (key_name, value) in table {
            let path = format!("{name}.{}", key_name.get_ref());
            let Some(key) = key(&path) else {
                return Err(self.unknown(&path, key_name.get_ref(), key_name.span(), &inside));
            };
            let found = self.value(key, value)?;
            layer.set(key.path, found, self.origin(&key_name.span()));
        }
        Ok(())
    }

    /// `[principals."key:NAME"]` and its sections.
    fn principals(&self, value: &Spanned<DeValue<'_>>, layer: &mut Layer) -> Result<(), ConfigError> {
        let rule = "it is a table for each principal; write `[principals.\"key:NAME\"]` and its keys below".to_owned();
        let Some(table) = value.get_ref().as_table() else {
            return Err(self.refuse(value.span(), PRINCIPALS, self.shown(&value.span()), rule, Vec::new()));
        };
        for (name, value) in table {
            let text = name.get_ref().as_ref();
            let place = format!("{PRINCIPALS}.\"{text}\"");
            let parsed = PrincipalName::parse(text)
                .map_err(|bad| self.refuse(name.span(), &place, "", bad.rule.to_owned(), bad.nearest))?;
            let Some(sections) = value.get_ref().as_table() else {
                let rule = rule.clone();
                return Err(self.refuse(value.span(), &place, self.shown(&value.span()), rule, Vec::new()));
            };
            let mut said = Said::new();
            for (section, value) in sections {
                let known: Vec<&str> = OF_PRINCIPALS.iter().filter_map(|path| Some(path.split_once('.')?.0)).collect();
                let (section_text, place) = (section.get_ref().as_ref(), format!("{place}.{}", section.get_ref()));
                let inner = value.get_ref().as_table().filter(|_| known.contains(&section_text));
                let Some(inner) = inner else {
                    let mut known = known;
                    known.dedup();
                    return Err(self.unknown(&place, section_text, section.span(), &known));
                };
                for (key_name, value) in inner {
                    let path = format!("{section_text}.{}", key_name.get_ref());
                    let Some(key) = key(&path).filter(|key| OF_PRINCIPALS.contains(&key.path)) else {
                        let inside =
                            OF_PRINCIPALS.iter().filter_map(|path| path.strip_prefix(section_text)?.strip_prefix('.'));
                        let inside: Vec<&str> = inside.collect();
                        let place = format!("{place}.{}", key_name.get_ref());
                        return Err(self.unknown(&place, key_name.get_ref(), key_name.span(), &inside));
                    };
                    let found = self.value(key, value)?;
                    said.insert(key.path, Valued::new(found, self.origin(&key_name.span())));
                }
            }
            layer.1.insert(parsed, said);
        }
        Ok(())
    }

    fn value(&self, key: &Key, value: &Spanned<DeValue<'_>>) -> Result<Value, ConfigError> {
        let found = match (key.kind, value.get_ref()) {
            (Kind::Bool, DeValue::Boolean(value)) => Some(Value::Bool(*value)),
            (Kind::Number(least, most), value) => {
                number(value).filter(|number| (least..=most).contains(number)).map(Value::Number)
            }
            (Kind::Text, DeValue::String(text)) if !text.trim().is_empty() => Some(Value::Text(text.to_string())),
            (Kind::Choice(words), DeValue::String(text)) if words.contains(&text.as_ref()) => {
                Some(Value::Text(text.to_string()))
            }
            (Kind::List, DeValue::Array(array)) => Some(Value::List(self.list(key, array)?)),
            (Kind::Networks, DeValue::Array(array)) if !array.is_empty() => {
                Some(Value::Networks(self.networks(key, array)?))
            }
            (Kind::Paths, DeValue::Array(array)) => {
                let parse = |text: &str| FilePath::parse(text).map_err(|bad| Bad::of(bad.rule()));
                Some(Value::Paths(self.entries(key, array, parse)?))
            }
            (Kind::RegistryKeys, DeValue::Array(array)) => {
                let parse = |text: &str| RegistryKey::parse(text).map_err(|bad| Bad::of(bad.rule()));
                Some(Value::RegistryKeys(self.entries(key, array, parse)?))
            }
            (Kind::Hosts, DeValue::Array(array)) => {
                let parse = |text: &str| text.trim().parse().map_err(|rule: String| Bad::of(&rule));
                Some(Value::Hosts(self.entries(key, array, parse)?))
            }
            (Kind::Programs, DeValue::Array(array)) => Some(Value::Programs(self.entries(key, array, program)?)),
            (Kind::Executables, DeValue::Array(array)) => Some(Value::List(self.entries(key, array, executable)?)),
            (Kind::Chords, DeValue::Array(array)) => Some(Value::Chords(self.entries(key, array, chord)?)),
            (Kind::Windows, DeValue::Array(array)) => Some(Value::Windows(self.windows(key, array)?)),
            (Kind::Certificates, DeValue::Array(array)) => Some(Value::Certificates(self.certificates(key, array)?)),
            (Kind::WpfTargets, DeValue::Array(array)) => Some(Value::WpfTargets(self.wpf_targets(key, array)?)),
            _ => None,
        };
        found.ok_or_else(|| {
            let near = match (key.kind, value.get_ref()) {
                (Kind::Choice(words), DeValue::String(text)) => nearest(text, words.iter().copied()),
                _ => Vec::new(),
            };
            let rule = format!("it is {}", key.kind.rule());
            self.refuse(value.span(), key.path, self.shown(&value.span()), rule, near)
        })
    }

    fn list(&self, key: &Key, array: &DeArray<'_>) -> Result<Vec<Valued<String>>, ConfigError> {
        let mut list: Vec<Valued<String>> = Vec::new();
        for item in array.iter() {
            let text = item.get_ref().as_str().map(str::trim).filter(|text| !text.is_empty());
            let text = text.filter(|text| !list.iter().any(|earlier| earlier.value.eq_ignore_ascii_case(text)));
            let Some(text) = text else {
                let rule = format!("it is {}", key.kind.rule());
                return Err(self.refuse(item.span(), key.path, self.shown(&item.span()), rule, Vec::new()));
            };
            list.push(Valued::new(text.to_owned(), self.origin(&item.span())));
        }
        Ok(if TOOL_LISTS.contains(&key.path) { in_our_names(list) } else { list })
    }

    fn networks(&self, key: &Key, array: &DeArray<'_>) -> Result<Vec<Valued<Network>>, ConfigError> {
        let one = |item: &Spanned<DeValue<'_>>| {
            let rule = format!("it is {}", key.kind.rule());
            let found = item
                .get_ref()
                .as_str()
                .ok_or(rule)
                .and_then(|text| text.trim().parse().map_err(|rule| format!("it is {rule}")));
            found
                .map(|network| Valued::new(network, self.origin(&item.span())))
                .map_err(|rule| self.refuse(item.span(), key.path, self.shown(&item.span()), rule, Vec::new()))
        };
        array.iter().map(one).collect()
    }

    /// A list of things of one kind, each read by `parse`.
    fn entries<T: PartialEq>(
        &self,
        key: &Key,
        array: &DeArray<'_>,
        parse: impl Fn(&str) -> Result<T, Bad>,
    ) -> Result<Vec<Valued<T>>, ConfigError> {
        let mut list: Vec<Valued<T>> = Vec::new();
        for item in array.iter() {
            let refuse = |bad: Bad| self.refuse(item.span(), key.path, self.shown(&item.span()), bad.rule, bad.nearest);
            let text = item.get_ref().as_str().ok_or_else(|| refuse(Bad::kind(key)))?;
            let found = seen(text).and_then(|()| parse(text)).map_err(refuse)?;
            if list.iter().any(|earlier| earlier.value == found) {
                return Err(refuse(Bad::kind(key)));
            }
            list.push(Valued::new(found, self.origin(&item.span())));
        }
        Ok(list)
    }

    fn windows(&self, key: &Key, array: &DeArray<'_>) -> Result<Vec<Valued<WindowPattern>>, ConfigError> {
        let pattern = |item: &Spanned<DeValue<'_>>| -> Option<Result<WindowPattern, Bad>> {
            let mut entries = item.get_ref().as_table()?.iter();
            let (name, value) = entries.next()?;
            let text = value.get_ref().as_str().map(str::trim).filter(|text| !text.is_empty())?;
            match (name.get_ref().as_ref(), entries.next()) {
                ("program", None) => Some(seen(text).and_then(|()| program(text)).map(WindowPattern::Program)),
                // A title is what a window says, and windows say such characters, too.
                ("title_part", None) => Some(Ok(WindowPattern::TitlePart(text.to_owned()))),
                _ => None,
            }
        };
        let one = |item: &Spanned<DeValue<'_>>| {
            let found = pattern(item).unwrap_or_else(|| Err(Bad::kind(key)));
            found
                .map(|found| Valued::new(found, self.origin(&item.span())))
                .map_err(|bad| self.refuse(item.span(), key.path, self.shown(&item.span()), bad.rule, bad.nearest))
        };
        array.iter().map(one).collect()
    }

    fn certificates(&self, key: &Key, array: &DeArray<'_>) -> Result<Vec<Valued<ClientCertificate>>, ConfigError> {
        let mut list: Vec<Valued<ClientCertificate>> = Vec::new();
        for item in array.iter() {
            let refuse = |rule: String| self.refuse(item.span(), key.path, self.shown(&item.span()), rule, Vec::new());
            let malformed = || refuse(format!("it is {}", key.kind.rule()));
            let table = item.get_ref().as_table().ok_or_else(malformed)?;
            let (mut name, mut scopes) = (None, None);
            for (field, value) in table {
                match (field.get_ref().as_ref(), value.get_ref()) {
                    ("name", DeValue::String(text)) => name = Some(text.trim()),
                    ("scopes", DeValue::Array(words)) => {
                        let words: Option<Vec<&str>> = words.iter().map(|word| word.get_ref().as_str()).collect();
                        scopes = Some(words.ok_or_else(malformed)?);
                    }
                    _ => return Err(malformed()),
                }
            }
            let (name, scopes) = name.zip(scopes).ok_or_else(malformed)?;
            let found = ClientCertificate::new(name, &scopes).map_err(|rule| refuse(format!("it is {rule}")))?;
            if list.iter().any(|earlier| earlier.value.name == found.name) {
                return Err(malformed());
            }
            list.push(Valued::new(found, self.origin(&item.span())));
        }
        Ok(list)
    }

    fn wpf_targets(&self, key: &Key, array: &DeArray<'_>) -> Result<Vec<Valued<WpfTarget>>, ConfigError> {
        const FIELDS: [&str; 4] = ["load", "path", "sha256", "signer"];
        let mut list: Vec<Valued<WpfTarget>> = Vec::new();
        for item in array.iter() {
            let refuse = |rule: String| self.refuse(item.span(), key.path, self.shown(&item.span()), rule, Vec::new());
            let kind = || format!("it is {}", key.kind.rule());
            let table = item.get_ref().as_table().ok_or_else(|| refuse(kind()))?;
            let (mut texts, mut load) = (BTreeMap::new(), false);
            for (name, value) in table {
                let (field, place) = (name.get_ref().as_ref(), format!("{}.{}", key.path, name.get_ref()));
                match (field, value.get_ref()) {
                    ("load", DeValue::Boolean(word)) => load = *word,
                    ("path" | "sha256" | "signer", DeValue::String(text)) => {
                        seen(text).map_err(|bad| {
                            self.refuse(value.span(), &place, self.shown(&value.span()), bad.rule, bad.nearest)
                        })?;
                        texts.insert(field, (text.as_ref(), value.span()));
                    }
                    _ if FIELDS.contains(&field) => {
                        let rule = if field == "load" { Kind::Bool.rule() } else { "text".to_owned() };
                        let rule = format!("it is {rule}");
                        return Err(self.refuse(value.span(), &place, self.shown(&value.span()), rule, Vec::new()));
                    }
                    _ => return Err(self.unknown(&place, field, name.span(), &FIELDS)),
                }
            }
            let text = |field: &str| texts.get(field).map(|(text, _)| *text);
            let path = text("path").ok_or_else(|| refuse(format!("it has no `path`; {}", kind())))?;
            let found = WpfTarget::new(path, text("sha256"), text("signer"), load).map_err(|bad| {
                let span = texts.get(bad.field).map_or_else(|| item.span(), |(_, span)| span.clone());
                let near = bad.nearest.into_iter().collect();
                self.refuse(span.clone(), &format!("{}.{}", key.path, bad.field), self.shown(&span), bad.rule, near)
            })?;
            if list.iter().any(|earlier| earlier.value.path() == found.path()) {
                return Err(refuse(format!("{} is named twice; each path at most once", found.path())));
            }
            list.push(Valued::new(found, self.origin(&item.span())));
        }
        Ok(list)
    }

    /// A value as it stands in the file.
    fn shown(&self, span: &Range<usize>) -> &str {
        self.text.get(span.clone()).unwrap_or_default()
    }
}

/// Why an entry of a list is none, and what was perhaps meant.
struct Bad {
    rule: String,
    nearest: Vec<String>,
}

impl Bad {
    fn of(rule: &str) -> Self {
        Self { rule: rule.to_owned(), nearest: Vec::new() }
    }

    fn kind(key: &Key) -> Self {
        Self { rule: format!("it is {}", key.kind.rule()), nearest: Vec::new() }
    }
}

/// Fails for a text with a character that nobody sees: the rule would not be about what its reader takes it for.
fn seen(text: &str) -> Result<(), Bad> {
    if visible(text, usize::MAX) == text {
        return Ok(());
    }
    Err(Bad::of(
        "what a rule is about has no character that is invisible or turns the direction of others; write it anew",
    ))
}

fn program(text: &str) -> Result<ProgramName, Bad> {
    ProgramName::parse(text)
        .map_err(|bad| Bad { rule: format!("{}, or it fits none", bad.rule), nearest: vec![bad.nearest] })
}

/// A program's own path, as `App` compares it: what is written, if it is one.
fn executable(text: &str) -> Result<String, Bad> {
    let path =
        FilePath::parse(text).map_err(|bad| Bad::of(&format!("{}; a program without it fits none", bad.rule())))?;
    if path.name().is_some_and(is_image) {
        return Ok(path.as_str().to_owned());
    }
    let rule = "a program is named with its extension, or it fits none".to_owned();
    Err(Bad { rule, nearest: vec![format!("{path}.exe")] })
}

fn chord(text: &str) -> Result<Chord, Bad> {
    Chord::parse(text).map_err(|part| Bad {
        rule: "keys are joined by `+`, each a name (ctrl, shift, alt, win, enter, f5) or one character".to_owned(),
        nearest: nearest(&part, KeyOfChord::names()),
    })
}

/// A whole number that is not negative.
fn number(value: &DeValue<'_>) -> Option<u64> {
    let number = value.as_integer()?;
    u64::from_str_radix(number.as_str(), number.radix()).ok()
}

#[cfg(test)]
mod tests;
