//! The text of one control, in characters, with its selection. Windows counts in UTF-16 units and rich edits count a line
//! end as one; both are turned into positions in the text as it is given.

use super::ask::{Asker, TEXT_UNITS_CAP};
use super::class::{self, Kind};
use super::control::Control;
use super::items::{self, Items};
use portcullis_model::{Source, Untrusted};
use portcullis_platform::{ElementText, PortFault, PortResult};
use windows::Win32::UI::Controls::{EM_GETPASSWORDCHAR, EM_GETSEL};

/// Rows of a list that make up its text.
const ROW_CAP: usize = 2000;

/// Refuses a password field, by its style before anything is asked of it.
pub(super) fn refuse_password(asker: &Asker<'_>, control: &Control) -> PortResult<()> {
    let hides = class::is_edit(control.kind)
        && (class::is_password(control.kind, control.style)
            || asker.send(control.window, EM_GETPASSWORDCHAR, 0, 0)? != 0);
    if hides { Err(PortFault::NotOperable("be read: it is a password field".to_owned())) } else { Ok(()) }
}

/// The whole text of an edit.
pub(super) fn whole(asker: &Asker<'_>, control: &Control) -> PortResult<String> {
    let length = asker.text_length(control.window)?;
    asker.text(control.window, length)
}

/// The text of a control, whatever kind it is: of a combo box that can be typed into, what stands in it; of one that
/// cannot, what can be chosen; of one that holds no text, what is `shown` of it.
pub(super) fn of_control(
    asker: &Asker<'_>,
    control: &Control,
    shown: impl FnOnce() -> String,
    from: usize,
    max_chars: usize,
) -> PortResult<ElementText> {
    if let Some(edit) = control.edit() {
        return of_field(asker, &edit, from, max_chars);
    }
    match control.kind {
        Kind::Edit | Kind::RichEdit => of_field(asker, control, from, max_chars),
        kind if items::has_items(kind) => Ok(part(&rows(asker, control)?.join("\n"), from, max_chars, None)),
        Kind::StatusBar => Ok(part(&items::status_texts(asker, control)?.join("\n"), from, max_chars, None)),
        _ => Ok(part(&shown(), from, max_chars, None)),
    }
}

/// The text of an edit with its selection.
fn of_field(asker: &Asker<'_>, control: &Control, from: usize, max_chars: usize) -> PortResult<ElementText> {
    refuse_password(asker, control)?;
    let length = asker.text_length(control.window)?;
    let text = asker.text(control.window, length)?;
    let (start, end) = selection(asker, control)?;
    let units = Units::of(control.kind);
    let selection = (units.char_of(&text, start), units.char_of(&text, end));
    let mut read = part(&text, from, max_chars, Some(selection));
    if length > TEXT_UNITS_CAP {
        // What lies beyond was not fetched, so nobody knows how long it is in characters.
        read.total_chars = None;
    }
    Ok(read)
}

fn rows(asker: &Asker<'_>, control: &Control) -> PortResult<Vec<String>> {
    fn flatten(items: Vec<items::Item>, into: &mut Vec<String>) {
        for item in items {
            into.push(match item.value {
                Some(value) => format!("{} | {value}", item.name),
                None => item.name,
            });
            flatten(item.children, into);
        }
    }
    let Items { items, fault, .. } = items::read(asker, control, ROW_CAP);
    let mut rows = Vec::new();
    flatten(items, &mut rows);
    match fault {
        Some(fault) if rows.is_empty() => Err(fault),
        _ => Ok(rows),
    }
}

/// The selection of an edit, in its own units.
pub(super) fn selection(asker: &Asker<'_>, control: &Control) -> PortResult<(usize, usize)> {
    let (mut start, mut end) = (0_u32, 0_u32);
    // The system knows this message and carries the two numbers back; the answer itself is too narrow for long texts.
    let first = std::ptr::from_mut(&mut start).expose_provenance();
    let second = std::ptr::from_mut(&mut end).expose_provenance().cast_signed();
    asker.send(control.window, EM_GETSEL, first, second)?;
    Ok((usize::try_from(start).unwrap_or(0), usize::try_from(end).unwrap_or(0)))
}

/// A stretch of `text` in characters.
pub(super) fn part(text: &str, from: usize, max_chars: usize, selection: Option<(usize, usize)>) -> ElementText {
    ElementText {
        text: Untrusted::new(Source::Window, text.chars().skip(from).take(max_chars).collect::<String>()),
        total_chars: Some(text.chars().count()),
        selection,
    }
}

/// How a control counts positions in its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Units {
    /// UTF-16 units of the text as it is given.
    Plain,
    /// As rich edits do: a line end is one unit, though the text has two characters there.
    LineEndIsOne,
}

impl Units {
    /// How a kind of control counts.
    pub(super) fn of(kind: Kind) -> Self {
        if kind == Kind::RichEdit { Self::LineEndIsOne } else { Self::Plain }
    }

    /// The control's position after each character.
    fn ends(self, text: &str) -> impl Iterator<Item = usize> + '_ {
        let mut characters = text.chars().peekable();
        let mut at = 0;
        std::iter::from_fn(move || {
            let character = characters.next()?;
            let swallowed = self == Self::LineEndIsOne && character == '\r' && characters.peek() == Some(&'\n');
            at += if swallowed { 0 } else { character.len_utf16() };
            Some(at)
        })
    }

    /// The character position of a control's position.
    pub(super) fn char_of(self, text: &str, position: usize) -> usize {
        self.ends(text).take_while(|end| *end <= position).count()
    }

    /// The control's position of a character position; the end for anything beyond.
    pub(super) fn unit_of(self, text: &str, chars: usize) -> usize {
        self.ends(text).take(chars).last().unwrap_or(0)
    }
}

/// The text with Windows' line ends, whatever ends it came with.
pub(super) fn windows_lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n")
}

/// Whether a control shows the text that it was given: it may end lines its own way.
pub(crate) fn is_same_text(shown: &str, given: &str) -> bool {
    shown == given || windows_lines(shown) == windows_lines(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_windows_ends_them() {
        assert_eq!(windows_lines("a\nb\r\nc\rd"), "a\r\nb\r\nc\r\nd");
        assert!(is_same_text("a\rb", "a\r\nb"));
        assert!(!is_same_text("a b", "a\r\nb"));
    }

    #[test]
    fn positions_are_characters_and_not_units() {
        let text = "a🙂b\r\nc";
        assert_eq!(Units::Plain.char_of(text, 3), 2);
        assert_eq!(Units::Plain.unit_of(text, 2), 3);
        assert_eq!(Units::Plain.unit_of(text, usize::MAX), 7);
        assert_eq!(Units::Plain.char_of(text, 7), 6);
    }

    #[test]
    fn rich_edits_count_a_line_end_once() {
        let text = "ab\r\ncd";
        assert_eq!(Units::LineEndIsOne.unit_of(text, 4), 3);
        assert_eq!(Units::LineEndIsOne.char_of(text, 3), 4);
        assert_eq!(Units::LineEndIsOne.unit_of(text, 6), 5);
    }

    #[test]
    fn a_part_says_how_much_there_is() {
        let text = part("äöü🙂", 1, 2, None);
        assert_eq!(text.text.raw(), "öü");
        assert_eq!(text.total_chars, Some(4));
    }
}
