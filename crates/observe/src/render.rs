//! Writes a folded window as text within a budget of tokens: a header, one line an element, and what was left out. What
//! counts as an element was decided by `fold`; how one reads is `line_text`'s.

use crate::line_text::{NAME_LIMIT, body, plain, quoted};
use crate::refs::{Label, RefTable};
use crate::scene::{Hidden, Line, Scene};
use portcullis_model::{ElementIdentity, Reader, Rect, Role, Source, Untrusted, WindowIdentity};

/// Bytes of text that make a token.
pub const TOKEN_BYTES: usize = 4;
/// Bytes kept for the line that says what was cut.
const CUT_LINE_BYTES: usize = 128;
/// The budget named in that line is rounded up to a multiple of so many tokens, with as many to spare.
const TOKEN_STEP: usize = 50;

/// What is left of an answer's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    bytes: usize,
}

impl Budget {
    /// A budget of so many tokens.
    pub fn tokens(tokens: usize) -> Self {
        Self { bytes: tokens.saturating_mul(TOKEN_BYTES) }
    }

    /// Whole tokens that are left.
    pub fn left(self) -> usize {
        self.bytes / TOKEN_BYTES
    }

    /// Takes what a text costs, down to nothing.
    pub fn spend(&mut self, text: &str) {
        self.bytes = self.bytes.saturating_sub(text.len());
    }
}

/// Choices about the form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Say where each element is.
    pub with_rects: bool,
}

/// What the line of a window says.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowHeader {
    /// Who it is.
    pub identity: WindowIdentity,
    /// Its title.
    pub title: Untrusted,
    /// The file name of the program that shows it.
    pub program: String,
    /// Its frame.
    pub rect: Rect,
    /// Whether it is the foreground window.
    pub front: bool,
    /// Whether it blocks its owner.
    pub modal: bool,
    /// Whether it is minimised.
    pub minimised: bool,
    /// Whether it is maximised.
    pub maximised: bool,
    /// Whether its thread does not answer.
    pub hung: bool,
    /// Whether it takes input.
    pub enabled: bool,
    /// The modal window that it waits for, when it takes none.
    pub behind: Option<WindowIdentity>,
}

impl WindowHeader {
    /// The line, without a line end: `e1 window "Untitled - Notepad" notepad.exe 640x480 at 100,80 front`.
    pub fn line(&self, refs: &mut RefTable) -> String {
        let identity = ElementIdentity::of_window(self.identity.clone());
        let label = Label { role: Role::Window, name: plain(&self.title, NAME_LIMIT) };
        let own = refs.give(&identity, label);
        let program = plain(&Untrusted::new(Source::System, self.program.as_str()), NAME_LIMIT);
        let mut out = format!(
            "{own} window {} {program} {}x{} at {},{}",
            quoted(&self.title, NAME_LIMIT),
            self.rect.width(),
            self.rect.height(),
            self.rect.left,
            self.rect.top
        );
        let words = [
            (self.front, " front"),
            (self.modal, " modal"),
            (self.minimised, " minimised"),
            (self.maximised, " maximised"),
            (self.hung, " hung"),
        ];
        for (applies, word) in words {
            if applies {
                out.push_str(word);
            }
        }
        if !self.enabled {
            out.push_str(" disabled");
            if let Some(front) = &self.behind {
                let front = ElementIdentity::of_window(front.clone());
                let label = Label { role: Role::Window, name: String::new() };
                let other = refs.known(&front).unwrap_or_else(|| refs.give(&front, label));
                out.push_str(&format!(" (behind {other})"));
            }
        }
        out
    }
}

/// One element of a scene as text, ready but for its ref.
struct Draft<'scene> {
    line: &'scene Line,
    body: String,
    cost: usize,
    kept: bool,
}

impl Draft<'_> {
    /// What goes first when the budget ends: rows, then static text, then the rest.
    fn rank(&self) -> usize {
        let marked = self.line.states.focused || self.line.states.selected;
        match self.line.role {
            Role::ListItem | Role::DataItem | Role::TreeItem if !marked => 0,
            Role::Text | Role::Image | Role::ToolTip if !marked => 1,
            _ => 2,
        }
    }
}

/// Appends a window to `out`. Elements that do not fit are left out, rows first, then static text, then the rest from
/// the end, and the last line says how many and how to get them. At most that last line goes beyond the budget.
pub fn render_window(
    out: &mut String,
    header: &WindowHeader,
    scene: &Scene,
    refs: &mut RefTable,
    budget: &mut Budget,
    style: Style,
) {
    let head = header.line(refs);
    let mut drafts = drafts(scene, refs, style);
    let tail = tail(scene);
    let body_cost: usize = drafts.iter().map(|draft| draft.cost).sum();
    let fixed = head.len() + 1 + tail.len();
    let whole = body_cost.saturating_add(fixed);
    let before = out.len();
    if whole <= budget.bytes {
        push_all(out, &head, &drafts, refs, &tail);
    } else {
        let room = budget.bytes.saturating_sub(CUT_LINE_BYTES);
        let own = refs.known(&ElementIdentity::of_window(header.identity.clone()));
        let own = own.map_or_else(String::new, |own| own.to_string());
        let tokens = whole.div_ceil(TOKEN_BYTES).div_ceil(TOKEN_STEP).saturating_add(1).saturating_mul(TOKEN_STEP);
        if fixed > room {
            let title = quoted(&header.title, NAME_LIMIT);
            let count = drafts.len();
            out.push_str(&format!(
                "cut: window {title} with {count} elements; Snapshot with window={own}, max_tokens={tokens} shows it\n"
            ));
        } else {
            let dropped = drop_until_it_fits(&mut drafts, body_cost, room.saturating_sub(fixed));
            push_all(out, &head, &drafts, refs, &tail);
            out.push_str(&format!(
                "cut: {dropped} elements not shown; Snapshot with window={own}, max_tokens={tokens} or FindElement shows them\n"
            ));
        }
    }
    budget.bytes = budget.bytes.saturating_sub(out.len() - before);
}

fn drafts<'scene>(scene: &'scene Scene, refs: &RefTable, style: Style) -> Vec<Draft<'scene>> {
    // A ref that is not given yet is at most as long as the last one that this rendering could give.
    let most = refs.last_number().saturating_add(u64::try_from(scene.lines.len()).unwrap_or(u64::MAX));
    let ref_bytes = 2 + most.to_string().len();
    scene
        .shown()
        .map(|line| {
            let body = body(line, style.with_rects);
            let cost = 2 * line.depth + ref_bytes + body.len() + 1;
            Draft { line, body, cost, kept: true }
        })
        .collect()
}

/// Drops drafts by rank, each rank from the end, and answers how many.
fn drop_until_it_fits(drafts: &mut [Draft<'_>], cost: usize, room: usize) -> usize {
    let mut cost = cost;
    let mut dropped = 0;
    for rank in 0..=2 {
        for draft in drafts.iter_mut().rev().filter(|draft| draft.rank() == rank) {
            if cost <= room {
                return dropped;
            }
            draft.kept = false;
            cost = cost.saturating_sub(draft.cost);
            dropped += 1;
        }
    }
    dropped
}

fn push_all(out: &mut String, head: &str, drafts: &[Draft<'_>], refs: &mut RefTable, tail: &str) {
    out.push_str(head);
    out.push('\n');
    for draft in drafts.iter().filter(|draft| draft.kept) {
        for _ in 0..draft.line.depth {
            out.push_str("  ");
        }
        let own = refs.give(&draft.line.identity, draft.line.label());
        out.push_str(&format!("{own} {}\n", draft.body));
    }
    out.push_str(tail);
}

/// One element's line, with its ref: for lists of candidates and search results, where hidden elements stand too.
pub fn summary(line: &Line, refs: &mut RefTable, style: Style) -> String {
    let own = refs.give(&line.identity, line.label());
    let place = match line.hidden {
        Some(Hidden::Invisible) => " invisible",
        Some(_) if line.states.offscreen => " off screen",
        _ => "",
    };
    format!("{own} {}{place}", body(line, style.with_rects))
}

/// What stands at the end of every window: what is not listed, and readers that fared badly.
fn tail(scene: &Scene) -> String {
    let counts = &scene.counts;
    let facts = [
        (counts.off_screen, "off screen"),
        (counts.decorative, "decorative"),
        (counts.cells, "cells in rows"),
        (counts.unread, "unread"),
    ];
    let listed: Vec<String> =
        facts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("+{count} {what}")).collect();
    let mut out = String::new();
    if !listed.is_empty() {
        out.push_str(&format!("  ({})\n", listed.join(", ")));
    }
    let trouble = scene.readers.iter().any(|report| report.trouble.is_some());
    // Whose elements they are decides which tools take their refs.
    let inside = scene.readers.iter().any(|report| report.reader == Reader::Wpf);
    if trouble || inside || scene.cut {
        let readers = scene.readers_line();
        let cut = if scene.cut { "the reading was cut short" } else { "" };
        let between = if readers.is_empty() || cut.is_empty() { "" } else { "; " };
        out.push_str(&format!("  ({readers}{between}{cut})\n"));
    }
    out
}
