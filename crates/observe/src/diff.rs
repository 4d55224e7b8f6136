//! What changed between two readings of a window, told in a few lines. Elements are compared by identity, rows by what
//! they say and not by where they stand; whether a change is the effect of an action is the caller's judgement.

use crate::line_text::{body, check_word, heading, plain};
use crate::refs::RefTable;
use crate::scene::{Hidden, Line, Scene};
use portcullis_model::{Check, ElementIdentity, ElementPath, Source, Untrusted, WindowIdentity};
use std::collections::{HashMap, HashSet};

/// Lines that a diff gives when nothing else is asked for.
const DEFAULT_LINES: usize = 12;
/// Characters of a text before or after that are shown.
const SIDE_LIMIT: usize = 60;
/// Characters from which on a part of what was typed is concealed inside longer texts.
const CONCEAL_PART: usize = 3;
/// Characters that both texts share and that are kept before the first difference.
const CONTEXT: usize = 10;

/// One fact that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Its name, from and to.
    Name(Untrusted, Untrusted),
    /// Its value, from and to.
    Value(Option<Untrusted>, Option<Untrusted>),
    /// Its check state, from and to.
    Check(Option<Check>, Option<Check>),
    /// Whether it takes input, now.
    Enabled(bool),
    /// Whether it is selected, now.
    Selected(bool),
    /// Whether it is expanded, now; `None`: it no longer says.
    Expanded(Option<bool>),
    /// Whether it is in view, now.
    InView(bool),
    /// Whether it has the keyboard, now.
    Focused(bool),
}

/// One element that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The element as it is now.
    pub line: Line,
    /// What changed, the keyboard last.
    pub facts: Vec<Fact>,
}

impl Change {
    fn is_only_focus(&self) -> bool {
        self.facts.iter().all(|fact| matches!(fact, Fact::Focused(_)))
    }
}

/// What changed in a window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diff {
    /// Elements that are in both readings and differ.
    pub changed: Vec<Change>,
    /// Elements that came.
    pub appeared: Vec<Line>,
    /// Elements that went.
    pub gone: Vec<Line>,
}

/// How a diff is told.
#[derive(Clone, Copy, Debug)]
pub struct DiffView<'call> {
    /// Lines at the most, the one that counts the rest included.
    pub cap: usize,
    /// The element that was acted on: its changes come first.
    pub about: Option<&'call ElementIdentity>,
    /// A text that the call typed: it is not repeated in the answer, its length stands for it.
    pub conceal: Option<&'call str>,
}

impl DiffView<'_> {
    /// A text as the answer may show it.
    pub fn text(&self, text: &Untrusted) -> Untrusted {
        conceal(text, *self)
    }

    /// A reading as the answer may show it. Of the element that was typed into only the length is told, since it may hold the
    /// text in parts.
    pub fn scene(&self, mut scene: Scene) -> Scene {
        if self.conceal.is_none() {
            return scene;
        }
        for line in &mut scene.lines {
            let is_own = self.about == Some(&line.identity);
            *line = concealed(line, *self);
            line.value = line.value.take().map(|value| {
                let count = value.raw().chars().count();
                if is_own { Untrusted::new(value.source(), format!("[{count} characters]")) } else { value }
            });
        }
        scene
    }
}

impl Default for DiffView<'_> {
    fn default() -> Self {
        Self { cap: DEFAULT_LINES, about: None, conceal: None }
    }
}

/// An element's identity; for a row whose exact identity is on one side only, without what merely tells its place: rows
/// that moved are the same rows.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key<'scene> {
    window: &'scene WindowIdentity,
    path: PathKey<'scene>,
    /// Rows may say the same; then they are told apart by their order.
    nth: usize,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum PathKey<'scene> {
    Item { handle: u64, class: &'scene str, control_id: i32, mark: u64 },
    Exact(&'scene ElementPath),
}

fn path_key<'scene>(identity: &'scene ElementIdentity, other: &HashSet<&ElementIdentity>) -> PathKey<'scene> {
    match &identity.path {
        ElementPath::Item { handle, class, control_id, mark, .. } if !other.contains(identity) => {
            PathKey::Item { handle: *handle, class, control_id: *control_id, mark: *mark }
        }
        path => PathKey::Exact(path),
    }
}

/// Whether the element's own state is told by its own line, by the header, or not at all though it is there.
fn speaks(line: &Line) -> bool {
    matches!(line.hidden, None | Some(Hidden::Window | Hidden::OffScreen | Hidden::Row))
}

type Keyed<'scene> = Vec<(Key<'scene>, &'scene Line)>;

fn identities(scene: &Scene) -> HashSet<&ElementIdentity> {
    present(scene).map(|line| &line.identity).collect()
}

fn present(scene: &Scene) -> impl Iterator<Item = &Line> {
    scene.lines.iter().filter(|line| line.hidden != Some(Hidden::Invisible))
}

fn keyed<'scene>(scene: &'scene Scene, other: &HashSet<&ElementIdentity>) -> Keyed<'scene> {
    let mut seen: HashMap<(&WindowIdentity, PathKey<'_>), usize> = HashMap::new();
    let mut order = Vec::new();
    for line in present(scene) {
        let window = &line.identity.window;
        let path = path_key(&line.identity, other);
        let nth = seen.entry((window, path.clone())).or_default();
        let key = Key { window, path, nth: *nth };
        *nth += 1;
        order.push((key, line));
    }
    order
}

/// Compares two readings of the same window.
pub fn diff(before: &Scene, after: &Scene) -> Diff {
    let old_order = keyed(before, &identities(after));
    let new_order = keyed(after, &identities(before));
    let old: HashMap<&Key<'_>, &Line> = old_order.iter().map(|(key, line)| (key, *line)).collect();
    let new: HashSet<&Key<'_>> = new_order.iter().map(|(key, _)| key).collect();
    let mut result = Diff::default();
    for (key, line) in &new_order {
        match old.get(key) {
            Some(earlier) if speaks(line) || speaks(earlier) => {
                let facts = facts(earlier, line);
                if !facts.is_empty() {
                    result.changed.push(Change { line: (*line).clone(), facts });
                }
            }
            Some(_) => {}
            None if speaks(line) => result.appeared.push((*line).clone()),
            None => {}
        }
    }
    for (key, line) in &old_order {
        if speaks(line) && !new.contains(key) {
            result.gone.push((*line).clone());
        }
    }
    pair_renamed(&mut result);
    if result.changed.iter().any(|change| !change.is_only_focus())
        || !result.appeared.is_empty()
        || !result.gone.is_empty()
    {
        result.changed.retain(|change| !change.is_only_focus());
    }
    result
}

/// A row that went and one that came at the same place of the same control are one row that says something else now.
fn pair_renamed(result: &mut Diff) {
    let place = |line: &Line| match &line.identity.path {
        ElementPath::Item { handle, control_id, index, .. } => Some((*handle, *control_id, index.clone(), line.role)),
        _ => None,
    };
    let mut went: HashMap<_, usize> = HashMap::new();
    for (position, line) in result.gone.iter().enumerate() {
        if let Some(place) = place(line) {
            went.insert(place, position);
        }
    }
    let mut paired = Vec::new();
    let mut came = Vec::new();
    for line in std::mem::take(&mut result.appeared) {
        let earlier = place(&line).and_then(|place| went.remove(&place));
        match earlier.and_then(|position| result.gone.get(position).map(|earlier| (position, earlier))) {
            Some((position, earlier)) => {
                paired.push(position);
                let facts = facts(earlier, &line);
                result.changed.push(Change { line, facts });
            }
            None => came.push(line),
        }
    }
    result.appeared = came;
    let mut position = 0;
    result.gone.retain(|_| {
        position += 1;
        !paired.contains(&(position - 1))
    });
    result.changed.retain(|change| !change.facts.is_empty());
}

fn facts(before: &Line, after: &Line) -> Vec<Fact> {
    let mut facts = Vec::new();
    let (old, new) = (&before.states, &after.states);
    let secret = old.password || new.password;
    if before.value != after.value && !secret {
        facts.push(Fact::Value(before.value.clone(), after.value.clone()));
    }
    if old.check != new.check {
        facts.push(Fact::Check(old.check, new.check));
    }
    if before.name != after.name {
        facts.push(Fact::Name(before.name.clone(), after.name.clone()));
    }
    if old.enabled != new.enabled {
        facts.push(Fact::Enabled(new.enabled));
    }
    if old.selected != new.selected {
        facts.push(Fact::Selected(new.selected));
    }
    if old.expanded != new.expanded {
        facts.push(Fact::Expanded(new.expanded));
    }
    let (was_off, is_off) = (before.hidden == Some(Hidden::OffScreen), after.hidden == Some(Hidden::OffScreen));
    if was_off != is_off && (before.shown() || after.shown()) {
        facts.push(Fact::InView(!is_off));
    }
    if old.focused != new.focused {
        facts.push(Fact::Focused(new.focused));
    }
    facts
}

impl Diff {
    /// Whether nothing changed at all.
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.appeared.is_empty() && self.gone.is_empty()
    }

    /// Whether the keyboard moved and nothing else changed: what a click on an inert control does.
    pub fn only_focus(&self) -> bool {
        !self.is_empty()
            && self.appeared.is_empty()
            && self.gone.is_empty()
            && self.changed.iter().all(Change::is_only_focus)
    }

    /// How many elements changed, came or went.
    pub fn len(&self) -> usize {
        self.changed.len() + self.appeared.len() + self.gone.len()
    }

    /// The diff in lines, the most important first: changes of the element acted on, other changes, what came, what
    /// went, and rows that are not shown last.
    pub fn lines(&self, refs: &mut RefTable, view: DiffView<'_>) -> Vec<String> {
        let acted_on = |line: &Line| view.about == Some(&line.identity);
        let rank = |line: &Line, kind: usize| {
            if acted_on(line) {
                0
            } else if line.hidden == Some(Hidden::Row) {
                4
            } else {
                kind
            }
        };
        let changed = self.changed.iter().map(|change| (rank(&change.line, 1), Told::Changed(change)));
        let came = self.appeared.iter().map(|line| (rank(line, 2), Told::Appeared(line)));
        let went = self.gone.iter().map(|line| (rank(line, 3), Told::Gone(line)));
        let mut all: Vec<_> = changed.chain(came).chain(went).collect();
        all.sort_by_key(|(rank, _)| *rank);
        let fits = if all.len() > view.cap { view.cap.saturating_sub(1) } else { all.len() };
        let mut out: Vec<String> = all.iter().take(fits).map(|(_, told)| told.line(refs, view)).collect();
        if all.len() > fits && view.cap > 0 {
            out.push(format!("(+{} more changes)", all.len() - fits));
        }
        out
    }
}

enum Told<'diff> {
    Changed(&'diff Change),
    Appeared(&'diff Line),
    Gone(&'diff Line),
}

impl Told<'_> {
    fn line(&self, refs: &mut RefTable, view: DiffView<'_>) -> String {
        match self {
            Self::Changed(change) => {
                let own = refs.give(&change.line.identity, change.line.label());
                let facts: Vec<String> = change.facts.iter().map(|fact| fact_text(fact, view)).collect();
                let renamed = change.facts.iter().any(|fact| matches!(fact, Fact::Name(..)));
                let head =
                    if renamed { change.line.role.word().to_owned() } else { heading(&concealed(&change.line, view)) };
                format!("{own} {head}: {}", facts.join("; "))
            }
            Self::Appeared(line) => {
                let own = refs.give(&line.identity, line.label());
                format!("+ {own} {}", body(&concealed(line, view), false))
            }
            Self::Gone(line) => match refs.known(&line.identity) {
                Some(own) => format!("- {own} {}", heading(&concealed(line, view))),
                None => format!("- {}", heading(&concealed(line, view))),
            },
        }
    }
}

/// A text as an answer may show it: what the call typed is counted and not repeated, nor are its parts between tabs and
/// line ends, which went to other fields. A part of few characters counts only when it is the whole text.
fn conceal(text: &Untrusted, view: DiffView<'_>) -> Untrusted {
    let mut shown = text.clone();
    let typed = view.conceal.unwrap_or_default();
    for part in std::iter::once(typed).chain(typed.split(['\t', '\r', '\n'])) {
        let count = part.chars().count();
        let told = count >= CONCEAL_PART && shown.raw().contains(part) || count > 0 && shown.raw() == part;
        if told {
            shown = Untrusted::new(text.source(), shown.raw().replace(part, &format!("[{count} typed]")));
        }
    }
    shown
}

fn concealed(line: &Line, view: DiffView<'_>) -> Line {
    let mut line = line.clone();
    if view.conceal.is_some() {
        line.name = conceal(&line.name, view);
        line.value = line.value.map(|value| conceal(&value, view));
        line.choices = line.choices.iter().map(|choice| conceal(choice, view)).collect();
    }
    line
}

fn fact_text(fact: &Fact, view: DiffView<'_>) -> String {
    let none = Untrusted::new(Source::Window, "");
    match fact {
        Fact::Name(from, to) => {
            let (from, to) = sides(&conceal(from, view), &conceal(to, view));
            format!("name {from} -> {to}")
        }
        // While text is typed, the fields that take it hold parts of it; their lengths say enough.
        Fact::Value(from, to) if view.conceal.is_some() => {
            let count = |text: &Option<Untrusted>| text.as_ref().map_or(0, |text| text.raw().chars().count());
            format!("value {} -> {} characters", count(from), count(to))
        }
        Fact::Value(from, to) => {
            let (from, to) = (from.as_ref().unwrap_or(&none), to.as_ref().unwrap_or(&none));
            let (from, to) = sides(&conceal(from, view), &conceal(to, view));
            format!("value {from} -> {to}")
        }
        Fact::Check(from, to) => {
            let word = |check: &Option<Check>| check.map_or("none", check_word);
            format!("{} -> {}", word(from), word(to))
        }
        Fact::Enabled(now) => if *now { "enabled" } else { "disabled" }.to_owned(),
        Fact::Selected(now) => if *now { "selected" } else { "no longer selected" }.to_owned(),
        Fact::Expanded(now) => match now {
            Some(true) => "expanded",
            Some(false) => "collapsed",
            None => "no longer expandable",
        }
        .to_owned(),
        Fact::InView(now) => if *now { "came into view" } else { "went off screen" }.to_owned(),
        Fact::Focused(now) => if *now { "focused" } else { "lost focus" }.to_owned(),
    }
}

/// Two texts, each cut; of long ones, the part from shortly before they begin to differ.
fn sides(before: &Untrusted, after: &Untrusted) -> (String, String) {
    let long = |text: &Untrusted| text.raw().chars().count() > SIDE_LIMIT;
    let shared = before.raw().chars().zip(after.raw().chars()).take_while(|(a, b)| a == b).count();
    let skip = if long(before) || long(after) { shared.saturating_sub(CONTEXT) } else { 0 };
    let side = |text: &Untrusted| {
        let rest: String = text.raw().chars().skip(skip).collect();
        let shown = plain(&Untrusted::new(text.source(), rest), SIDE_LIMIT).replace('"', "\"\"");
        if skip > 0 { format!("\"…{shown}\"") } else { format!("\"{shown}\"") }
    };
    (side(before), side(after))
}
