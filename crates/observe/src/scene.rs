//! A window as folded: every element of the tree in its order, each either shown or hidden for a stated reason, and the
//! counts of what is not listed. How elements get there is `fold`'s business, how they look `render`'s.

use crate::refs::Label;
use portcullis_model::{ElementIdentity, ReaderReport, Rect, Role, States, UiNode, Untrusted};

/// Why an element has no line of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hidden {
    /// It is the window; its line is the header.
    Window,
    /// Its text stands in another element's line: a label, a caption.
    Folded,
    /// It only holds others.
    Structure,
    /// It tells nothing: a separator, a scroll bar, a picture without a name.
    Decorative,
    /// It belongs to a combo box: its edit, its button, a choice.
    Part,
    /// It is a cell; the row shows its text.
    Cell,
    /// It is a row beyond those shown, or lies in one.
    Row,
    /// It lies outside what the window shows.
    OffScreen,
    /// The program does not show it.
    Invisible,
}

/// One element.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Who it is.
    pub identity: ElementIdentity,
    /// What it is.
    pub role: Role,
    /// What it is called: its own name, its label, or its cells joined by ` | `.
    pub name: Untrusted,
    /// Its value; never of a password field.
    pub value: Option<Untrusted>,
    /// UI Automation's AutomationId or the control id.
    pub automation_id: Option<String>,
    /// What is true of it.
    pub states: States,
    /// Where it is.
    pub rect: Rect,
    /// How deep it stands among the shown elements; the window is 0.
    pub depth: usize,
    /// Why it is not shown, when it is not.
    pub hidden: Option<Hidden>,
    /// The first choices of a closed combo box.
    pub choices: Vec<Untrusted>,
    /// Choices beyond those.
    pub more_choices: usize,
    /// Rows of a list, tree or table that are not shown, read or unread.
    pub more_rows: usize,
}

impl Line {
    /// A line of what a node says by itself, before any folding. A password's value is dropped, whoever read it.
    pub fn of_node(node: &UiNode) -> Self {
        Self {
            identity: node.identity.clone(),
            role: node.role,
            name: node.name.clone(),
            value: if node.states.password { None } else { node.value.clone() },
            automation_id: node.automation_id.clone(),
            states: node.states,
            rect: node.rect,
            depth: 0,
            hidden: None,
            choices: Vec::new(),
            more_choices: 0,
            more_rows: 0,
        }
    }

    /// Whether it has a line of its own.
    pub fn shown(&self) -> bool {
        self.hidden.is_none()
    }

    /// What a table of refs remembers of it.
    pub fn label(&self) -> Label {
        Label { role: self.role, name: crate::line_text::plain(&self.name, crate::line_text::NAME_LIMIT) }
    }
}

/// What has no line, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Actionable or informative, but scrolled or moved away.
    pub off_screen: usize,
    /// Separators, scroll bars, title bars, empty panes and what lies in them.
    pub decorative: usize,
    /// Cells that could be operated by themselves, joined into their rows.
    pub cells: usize,
    /// Elements in rows that are not shown, the rows included.
    pub rows: usize,
    /// Parts of combo boxes.
    pub parts: usize,
    /// Elements that exist but were not read, rows apart.
    pub unread: usize,
}

/// One window, folded.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// Every element that was read, in the tree's order; the window itself first.
    pub lines: Vec<Line>,
    /// What has no line.
    pub counts: Counts,
    /// Who read the tree.
    pub readers: Vec<ReaderReport>,
    /// Whether a cap or the deadline cut the reading.
    pub cut: bool,
    /// Whether elements exist that were not read, because of a cut or as rows beyond those asked for: what is not here may be
    /// there.
    pub partial: bool,
}

impl Scene {
    /// The elements that have a line, in order.
    pub fn shown(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.shown())
    }

    /// The element of this identity, shown or not.
    pub fn line(&self, identity: &ElementIdentity) -> Option<&Line> {
        self.lines.iter().find(|line| line.identity == *identity)
    }

    /// Who spoke and how they fared: `read by native (133); automation gave 0: timed out`.
    pub fn readers_line(&self) -> String {
        let reports: Vec<String> = self
            .readers
            .iter()
            .map(|report| match &report.trouble {
                None => format!("{} ({})", report.reader.word(), report.elements),
                Some(trouble) => {
                    let trouble = Untrusted::new(portcullis_model::Source::System, trouble.as_str());
                    format!(
                        "{} gave {}: {}",
                        report.reader.word(),
                        report.elements,
                        crate::line_text::plain(&trouble, crate::line_text::VALUE_LIMIT)
                    )
                }
            })
            .collect();
        if reports.is_empty() { String::new() } else { format!("read by {}", reports.join("; ")) }
    }
}
