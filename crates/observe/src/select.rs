//! Finds elements by what they are and say. A selector is an argument of a call, never text from a screen; several
//! matches are the caller's to report.

use crate::cells::CELL_MARK;
use crate::scene::{Hidden, Line, Scene};
use portcullis_model::{Role, UiNode};

/// A description of an element. What is absent fits everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// What it is.
    pub role: Option<Role>,
    /// What it is called: the whole name first, a part of it when nothing has that name. Case and white space at the
    /// ends and between words do not matter.
    pub name: Option<String>,
    /// Its automation id or control id, exactly.
    pub automation_id: Option<String>,
    /// Which of several, from 1, in the order of the tree.
    pub nth: Option<usize>,
}

/// How well a name fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Part,
    Whole,
}

/// Lower case, one space between words: names compare as people read them.
fn normal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.extend(word.chars().flat_map(char::to_lowercase));
    }
    out
}

fn fit(wanted: &str, name: &str) -> Option<Fit> {
    let name = normal(name);
    if name == wanted {
        Some(Fit::Whole)
    } else if !wanted.is_empty() && name.contains(wanted) {
        Some(Fit::Part)
    } else {
        None
    }
}

impl Selector {
    /// Whether a node fits by itself, its name wholly or in part; `nth` is not looked at.
    pub fn matches(&self, node: &UiNode) -> bool {
        let wanted = self.name.as_deref().map(normal);
        self.fits(node.role, node.automation_id.as_deref())
            && wanted.is_none_or(|wanted| fit(&wanted, node.name.raw()).is_some())
    }

    fn fits(&self, role: Role, automation_id: Option<&str>) -> bool {
        self.role.is_none_or(|wanted| wanted == role)
            && self.automation_id.as_deref().is_none_or(|wanted| automation_id == Some(wanted))
    }
}

/// How well a line fits: a row fits wholly when one of its cells does.
fn line_fit(selector: &Selector, wanted: Option<&str>, line: &Line) -> Option<Fit> {
    if !selector.fits(line.role, line.automation_id.as_deref()) {
        return None;
    }
    let Some(wanted) = wanted else { return Some(Fit::Whole) };
    let name = line.name.raw();
    let joined = matches!(line.role, Role::DataItem | Role::ListItem | Role::TreeItem | Role::StatusBar);
    if joined && name.split(CELL_MARK).any(|cell| fit(wanted, cell) == Some(Fit::Whole)) {
        return Some(Fit::Whole);
    }
    fit(wanted, name)
}

/// Whether another line stands for this element, so that it is looked at only when nothing else fits.
fn stands_in_another(line: &Line) -> bool {
    matches!(line.hidden, Some(Hidden::Folded | Hidden::Cell | Hidden::Part | Hidden::Structure | Hidden::Invisible))
}

/// Every element that fits, shown or not, in the order of the tree. Whole names come before parts of names, elements
/// with a place of their own before labels and cells; the first kind that has any is the answer.
pub fn find<'scene>(scene: &'scene Scene, selector: &Selector) -> Vec<&'scene Line> {
    let wanted = selector.name.as_deref().map(normal);
    let mut groups: [Vec<&Line>; 4] = Default::default();
    for line in &scene.lines {
        let Some(fit) = line_fit(selector, wanted.as_deref(), line) else { continue };
        let group = match (stands_in_another(line), fit) {
            (false, Fit::Whole) => 0,
            (false, Fit::Part) => 1,
            (true, Fit::Whole) => 2,
            (true, Fit::Part) => 3,
        };
        if let Some(group) = groups.get_mut(group) {
            group.push(line);
        }
    }
    let found = groups.into_iter().find(|group| !group.is_empty()).unwrap_or_default();
    match selector.nth {
        None => found,
        Some(nth) => found.into_iter().skip(nth.saturating_sub(1)).take(usize::from(nth > 0)).collect(),
    }
}
