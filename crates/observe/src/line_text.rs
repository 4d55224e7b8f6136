//! How one element reads: its names and values in visible, quoted, cut form, and its states as words. Every text from a
//! window passes through here before it is shown; where lines go and how many there are is decided elsewhere.

use crate::scene::Line;
use portcullis_model::{Check, Role, UiNode, Untrusted};

/// Characters of a name that are shown.
pub const NAME_LIMIT: usize = 80;
/// Characters of a value, of a static text or of joined cells that are shown.
pub const VALUE_LIMIT: usize = 120;
/// Characters of one choice of a combo box that are shown.
const CHOICE_LIMIT: usize = 30;

/// Text on one line in visible form, cut to `limit` characters. Tabs become spaces, since they only align.
pub(crate) fn plain(text: &Untrusted, limit: usize) -> String {
    let line = text.one_line(limit);
    if line.contains('\t') { line.replace('\t', " ") } else { line }
}

/// The same in quotation marks. A quotation mark inside is doubled, so that no name can end its own quotation.
pub(crate) fn quoted(text: &Untrusted, limit: usize) -> String {
    let line = plain(text, limit);
    if line.contains('"') { format!("\"{}\"", line.replace('"', "\"\"")) } else { format!("\"{line}\"") }
}

/// Characters of this role's names that are shown: what is read rather than called gets the longer limit.
fn name_limit(role: Role) -> usize {
    match role {
        Role::Text | Role::DataItem | Role::ListItem | Role::StatusBar | Role::ToolTip => VALUE_LIMIT,
        _ => NAME_LIMIT,
    }
}

/// `button "Save"`, `text "Hello"`, `list`.
pub(crate) fn heading(line: &Line) -> String {
    let mut out = line.role.word().to_owned();
    if !line.name.is_empty() {
        out.push(' ');
        out.push_str(&quoted(&line.name, name_limit(line.role)));
    }
    out
}

/// Everything on an element's line after its ref.
pub(crate) fn body(line: &Line, with_rect: bool) -> String {
    let mut out = heading(line);
    if let Some(value) = &line.value
        && !line.states.password
    {
        out.push_str(" = ");
        out.push_str(&quoted(value, VALUE_LIMIT));
        // What the reader left out nobody has counted.
        if value.raw().encode_utf16().count() >= UiNode::TEXT_CAP {
            out.push_str(" and more");
        }
    }
    push_states(&mut out, line);
    push_choices(&mut out, line);
    if line.more_rows > 0 {
        out.push_str(&format!(" +{} more rows", line.more_rows));
    }
    if with_rect {
        out.push_str(&format!(" @{}", rect(line)));
    }
    out
}

fn rect(line: &Line) -> String {
    format!("{},{} {}x{}", line.rect.left, line.rect.top, line.rect.width(), line.rect.height())
}

/// The word for a check state.
pub(crate) fn check_word(check: Check) -> &'static str {
    match check {
        Check::Off => "off",
        Check::On => "on",
        Check::Mixed => "mixed",
    }
}

fn push_states(out: &mut String, line: &Line) {
    let states = &line.states;
    if let Some(check) = states.check {
        out.push(' ');
        out.push_str(check_word(check));
    }
    let opens = !matches!(line.role, Role::ComboBox | Role::MenuItem | Role::DateTime);
    let editable = matches!(line.role, Role::Edit | Role::Document);
    let words = [
        (states.password, " password"),
        (states.selected, " selected"),
        (states.expanded == Some(true), " expanded"),
        (states.expanded == Some(false) && opens, " collapsed"),
        (states.read_only && editable, " readonly"),
        (!states.enabled, " disabled"),
        (states.focused, " focused"),
        (states.modal, " modal"),
        (states.hung, " hung"),
    ];
    for (applies, word) in words {
        if applies {
            out.push_str(word);
        }
    }
}

fn push_choices(out: &mut String, line: &Line) {
    if line.choices.is_empty() {
        return;
    }
    let choices: Vec<String> = line.choices.iter().map(|choice| quoted(choice, CHOICE_LIMIT)).collect();
    out.push_str(" choices: ");
    out.push_str(&choices.join(", "));
    if line.more_choices > 0 {
        out.push_str(&format!(" (+{})", line.more_choices));
    }
}
