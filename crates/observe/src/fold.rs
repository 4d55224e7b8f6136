//! Folds a tree into a [`Scene`]: one line for each actionable or informative element, labels and cells folded in,
//! wrappers gone, and everything else counted. No element is ever lost; nothing here renders or asks a reader.

use crate::cells::{caption, choices, is_cell, is_wrapper, row_name, unread_choices};
use crate::labels::{as_name, is_blank, labels, static_text};
use crate::scene::{Counts, Hidden, Line, Scene};
use portcullis_model::{Role, Source, TreeReading, UiNode, Untrusted};

/// Rows of one list, tree or table that have a line.
pub const ROWS_SHOWN: usize = 20;
/// Choices of a closed combo box that stand in its line.
pub const CHOICES_SHOWN: usize = 8;
/// Levels of a tree that are folded; what lies deeper counts as unread.
pub const LEVEL_CAP: usize = 128;
/// Selected or focused rows outside the shown stretch that are shown nevertheless.
const MARKED_ROWS: usize = 3;

/// Folds what was read of a window.
pub fn fold(reading: &TreeReading) -> Scene {
    let mut folder = Folder {
        lines: Vec::with_capacity(64),
        counts: Counts::default(),
        picks: Vec::new(),
        title: reading.root.name.raw(),
        partial: reading.cut,
    };
    folder.visit(&reading.root, Place::root(), None);
    Scene {
        lines: folder.lines,
        counts: folder.counts,
        readers: reading.readers.clone(),
        cut: reading.cut,
        partial: folder.partial,
    }
}

/// Which elements at a place are rows of the list around it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rows {
    /// None.
    No,
    /// Items of whatever kind.
    Items,
    /// Items of an open combo box, whose inner list is not a list of its own.
    Choices,
    /// Inside a row: tree items only.
    Branches,
}

impl Rows {
    fn take(self, role: Role) -> bool {
        match self {
            Self::No => false,
            Self::Items | Self::Choices => is_row(role),
            Self::Branches => role == Role::TreeItem,
        }
    }

    /// Whether the node holds rows of its own.
    fn opens_in(self, node: &UiNode) -> bool {
        match node.role {
            Role::List | Role::Tree | Role::DataGrid | Role::Table => self != Self::Choices,
            Role::ComboBox => node.states.expanded == Some(true),
            _ => false,
        }
    }

    /// What holds for the children of a node at such a place.
    fn below(self, node: &UiNode) -> Self {
        match node.role {
            Role::ComboBox if node.states.expanded == Some(true) => Self::Choices,
            Role::ComboBox | Role::ScrollBar | Role::Separator | Role::Thumb => Self::No,
            role if self.take(role) && self != Self::Choices => Self::Branches,
            role if self.take(role) => Self::No,
            _ if self.opens_in(node) => Self::Items,
            _ => self,
        }
    }
}

fn is_row(role: Role) -> bool {
    matches!(role, Role::ListItem | Role::DataItem | Role::TreeItem)
}

/// Which rows of one list are shown: a stretch of [`ROWS_SHOWN`] from the first on screen, and the marked ones.
struct Pick {
    shown: Vec<bool>,
    next: usize,
}

struct Row {
    on_screen: bool,
    marked: bool,
}

impl Pick {
    fn of(list: &UiNode, rows: Rows, level: usize, hidden: bool) -> Self {
        let mut found = Vec::new();
        collect_rows(list, rows, level, &mut found);
        let mut shown = vec![false; found.len()];
        if !hidden {
            let first = found.iter().position(|row| row.on_screen).unwrap_or(0);
            let start = first.min(found.len().saturating_sub(ROWS_SHOWN));
            let stretch = start..start.saturating_add(ROWS_SHOWN).min(found.len());
            let marked: Vec<usize> = found
                .iter()
                .enumerate()
                .filter(|(index, row)| row.marked && !stretch.contains(index))
                .map(|(index, _)| index)
                .take(MARKED_ROWS)
                .collect();
            let stretch = stretch.start..stretch.end.saturating_sub(marked.len());
            for index in stretch.chain(marked) {
                if let Some(shows) = shown.get_mut(index) {
                    *shows = true;
                }
            }
        }
        Self { shown, next: 0 }
    }

    fn next(&mut self) -> bool {
        let shows = self.shown.get(self.next).copied().unwrap_or(false);
        self.next += 1;
        shows
    }

    fn hidden_count(&self) -> usize {
        self.shown.iter().filter(|shows| !**shows).count()
    }
}

/// The rows of a list in the order in which the folding meets them.
fn collect_rows(node: &UiNode, rows: Rows, level: usize, out: &mut Vec<Row>) {
    for child in node.children.iter().filter(|child| child.states.visible) {
        if level + 1 >= LEVEL_CAP {
            return;
        }
        if rows.take(child.role) {
            out.push(Row { on_screen: !child.states.offscreen, marked: child.states.selected || child.states.focused });
        }
        if !rows.opens_in(child) {
            collect_rows(child, rows.below(child), level + 1, out);
        }
    }
}

fn unread_rows(node: &UiNode, rows: Rows, level: usize) -> usize {
    let own = usize::try_from(node.unread_children).unwrap_or(usize::MAX);
    if level + 1 >= LEVEL_CAP {
        return own;
    }
    node.children
        .iter()
        .filter(|child| child.states.visible && rows.below(child) != Rows::No && !rows.opens_in(child))
        .map(|child| unread_rows(child, rows.below(child), level + 1))
        .fold(own, usize::saturating_add)
}

/// Where an element stands.
#[derive(Clone, Copy)]
struct Place<'name> {
    depth: usize,
    level: usize,
    /// What hides everything here.
    hide: Option<Hidden>,
    rows: Rows,
    /// Inside a row, a status bar: texts are cells.
    cells: bool,
    /// Inside a password field: texts are never taken.
    secret: bool,
    /// Inside a title bar: the system's buttons are decoration.
    title_bar: bool,
    /// Inside a slider: its buttons are decoration.
    slider: bool,
    /// The name or value that already shows the texts here.
    told: Option<&'name str>,
    /// Only a text that is the whole of it counts as shown: a page lies in its tab.
    told_whole: bool,
}

impl Place<'_> {
    fn tells(&self, text: &str) -> bool {
        self.told.is_some_and(|told| if self.told_whole { told.trim() == text } else { told.contains(text) })
    }

    fn root() -> Self {
        Self {
            depth: 0,
            level: 0,
            hide: None,
            rows: Rows::No,
            cells: false,
            secret: false,
            title_bar: false,
            slider: false,
            told: None,
            told_whole: false,
        }
    }
}

struct Folder<'tree> {
    lines: Vec<Line>,
    counts: Counts,
    picks: Vec<Pick>,
    title: &'tree str,
    partial: bool,
}

impl Folder<'_> {
    fn visit(&mut self, node: &UiNode, place: Place<'_>, label: Option<&Untrusted>) {
        if place.level >= LEVEL_CAP {
            self.counts.unread += count(node);
            self.partial = true;
            return;
        }
        self.partial |= node.unread_children > 0;
        let mut line = Line::of_node(node);
        if !place.secret {
            name_line(&mut line, node, label);
        } else if !matches!(node.role, Role::Button | Role::CheckBox) {
            line.name = Untrusted::new(Source::Window, "");
            line.value = None;
        }
        line.depth = place.depth;
        line.hidden = self.why_hidden(node, &line, &place);
        self.count(&line);
        let shown = line.shown() || line.hidden == Some(Hidden::Window);

        let opens = place.rows.opens_in(node);
        let rows = place.rows.below(node);
        if opens {
            let pick = Pick::of(node, rows, place.level, !shown);
            line.more_rows = pick.hidden_count().saturating_add(unread_rows(node, rows, place.level));
            self.picks.push(pick);
        } else if node.role == Role::ComboBox && !place.secret && !line.states.password {
            fill_choices(&mut line, node);
        } else if place.rows == Rows::No && !line.states.password {
            self.counts.unread += usize::try_from(node.unread_children).unwrap_or(usize::MAX);
        }

        if node.role == Role::ComboBox {
            line.states.focused |= node.children.iter().any(|part| part.states.visible && part.states.focused);
        }
        let row = is_row(node.role) || node.role == Role::StatusBar;
        let cell = is_cell(node.role) || is_wrapper(node.role);
        let told = told_by(&line);
        let below = Place {
            depth: if shown { place.depth + 1 } else { place.depth },
            level: place.level + 1,
            hide: match (line.hidden, node.role) {
                (Some(hidden @ (Hidden::Invisible | Hidden::Row | Hidden::Part)), _) => Some(hidden),
                (_, Role::ScrollBar | Role::Separator | Role::Thumb) => Some(Hidden::Decorative),
                (_, Role::ComboBox) => Some(Hidden::Part),
                // A shown branch below a hidden one.
                (None, _) if place.hide == Some(Hidden::Row) => None,
                _ => place.hide,
            },
            rows,
            cells: row || place.cells && cell && !opens,
            secret: place.secret || node.states.password,
            title_bar: place.title_bar || node.role == Role::TitleBar,
            slider: node.role == Role::Slider,
            told: told.as_deref().or(place.told),
            told_whole: if told.is_some() { node.role == Role::TabItem } else { place.told_whole },
        };
        self.lines.push(line);
        self.visit_children(node, below);
        if opens {
            self.picks.pop();
        }
    }

    fn visit_children(&mut self, node: &UiNode, below: Place<'_>) {
        let mut label: Option<&Untrusted> = None;
        for (index, child) in node.children.iter().enumerate() {
            let own_label = label.take();
            if below.hide.is_none() && child.role == Role::Text && child.states.visible && !below.cells {
                let rest = node.children.iter().skip(index + 1);
                let next = rest.into_iter().find(|next| next.states.visible && !stands_between(next));
                if next.is_some_and(|next| labels(child, next)) {
                    label = Some(static_text(child));
                    self.visit(child, Place { hide: Some(Hidden::Folded), ..below }, None);
                    continue;
                }
            }
            if !child.states.visible || stands_between(child) {
                label = own_label;
                self.visit(child, below, None);
            } else {
                self.visit(child, below, own_label);
            }
        }
    }

    fn why_hidden(&mut self, node: &UiNode, line: &Line, place: &Place<'_>) -> Option<Hidden> {
        if place.level == 0 {
            return Some(Hidden::Window);
        }
        if !node.states.visible || place.hide == Some(Hidden::Invisible) {
            return Some(Hidden::Invisible);
        }
        if place.rows.take(node.role) {
            let picked = self.picks.last_mut().is_some_and(Pick::next);
            // The parts of an open combo box are hidden, its items are not.
            if matches!(place.hide, None | Some(Hidden::Row)) || place.rows == Rows::Choices {
                return (!picked).then_some(Hidden::Row);
            }
        }
        if place.hide.is_some() {
            return place.hide;
        }
        if node.states.focused {
            return None;
        }
        if place.cells && is_cell(node.role) && (!line.name.is_empty() || line.value.is_some()) {
            return Some(Hidden::Cell);
        }
        if place.title_bar && is_of_title_bar(node.role) || place.slider && node.role == Role::Button {
            return Some(Hidden::Decorative);
        }
        if node.role == Role::Text && !line.name.is_empty() && place.tells(line.name.raw().trim()) {
            return Some(Hidden::Folded);
        }
        self.worth(node, line).or_else(|| node.states.offscreen.then_some(Hidden::OffScreen))
    }

    /// Whether the element says or does anything.
    fn worth(&self, node: &UiNode, line: &Line) -> Option<Hidden> {
        let nameless = is_blank(&line.name) && line.value.as_ref().is_none_or(is_blank);
        let wrapper = if node.children.is_empty() { Hidden::Decorative } else { Hidden::Structure };
        match node.role {
            Role::ScrollBar | Role::Separator | Role::Thumb | Role::TitleBar => Some(Hidden::Decorative),
            Role::Image | Role::Text | Role::ToolTip => nameless.then_some(Hidden::Decorative),
            Role::MenuBar | Role::Header => Some(wrapper),
            Role::Pane | Role::Group => {
                (nameless || node.name.raw() == self.title && line.value.is_none()).then_some(wrapper)
            }
            Role::Unknown | Role::ToolBar | Role::Menu | Role::Tab | Role::StatusBar => nameless.then_some(wrapper),
            _ => None,
        }
    }

    fn count(&mut self, line: &Line) {
        let counts = &mut self.counts;
        match line.hidden {
            Some(Hidden::OffScreen) => counts.off_screen += 1,
            Some(Hidden::Decorative) => counts.decorative += 1,
            Some(Hidden::Cell) if line.role.is_actionable() => counts.cells += 1,
            Some(Hidden::Row) => counts.rows += 1,
            Some(Hidden::Part) => counts.parts += 1,
            _ => {}
        }
    }
}

/// Elements of the tree, without recursion: it may be deep.
fn count(node: &UiNode) -> usize {
    let mut total = 0;
    let mut open = vec![node];
    while let Some(next) = open.pop() {
        total += 1;
        open.extend(&next.children);
    }
    total
}

/// Whether an element may stand between a label and its control without parting them.
fn stands_between(node: &UiNode) -> bool {
    match node.role {
        Role::ScrollBar | Role::Separator | Role::Thumb => true,
        Role::Image => is_blank(&node.name),
        _ => false,
    }
}

fn is_of_title_bar(role: Role) -> bool {
    matches!(role, Role::Button | Role::Image | Role::Menu | Role::MenuBar | Role::MenuItem | Role::Text)
}

/// Gives the line the name that an agent would call it by.
fn name_line(line: &mut Line, node: &UiNode, label: Option<&Untrusted>) {
    match node.role {
        // What lies in a password field may be its text.
        _ if node.states.password => {}
        Role::ListItem | Role::DataItem | Role::TreeItem | Role::StatusBar => {
            if let Some(joined) = row_name(node) {
                line.name = joined;
            }
        }
        Role::Button
        | Role::CheckBox
        | Role::RadioButton
        | Role::Link
        | Role::MenuItem
        | Role::HeaderItem
        | Role::TabItem => {
            if is_blank(&line.name)
                && let Some(caption) = caption(node)
            {
                line.name = caption;
            }
        }
        Role::Text => {
            if is_blank(&line.name)
                && let Some(value) = line.value.take()
            {
                line.name = value;
            }
        }
        _ => {}
    }
    if let Some(label) = label
        && is_blank(&line.name)
    {
        line.name = as_name(label);
    }
    if line.value.as_ref().is_some_and(|value| value.raw() == line.name.raw() && line.role != Role::Edit) {
        line.value = None;
    }
}

/// The text that a shown line already tells, so that texts inside it need no line.
fn told_by(line: &Line) -> Option<String> {
    let text = match line.role {
        Role::Button
        | Role::CheckBox
        | Role::RadioButton
        | Role::Link
        | Role::MenuItem
        | Role::HeaderItem
        | Role::TabItem => &line.name,
        Role::Edit | Role::Document => line.value.as_ref()?,
        _ => return None,
    };
    (line.shown() && !text.is_empty()).then(|| text.raw().to_owned())
}

/// What a combo box shows of its choices while it is closed.
fn fill_choices(line: &mut Line, node: &UiNode) {
    let all = choices(node);
    if line.value.is_none() {
        line.value = all.iter().find(|(_, selected)| *selected).map(|(name, _)| (*name).clone());
    }
    line.choices = all.iter().take(CHOICES_SHOWN).map(|(name, _)| (*name).clone()).collect();
    line.more_choices = all.len().saturating_sub(CHOICES_SHOWN).saturating_add(unread_choices(node));
}
