//! The text of one control, in characters, with its selection. Windows counts in UTF-16 units and rich edits count a line
//! end as one; both are turned into positions in the text as it is given.

use super::ask::Asker;
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
/// cannot, what can be chosen.
pub(super) fn of_control(
    asker: &Asker<'_>,
    control: &Control,
    name: &str,
    from: usize,
    max_chars: usize,
) -> PortResult<ElementText> {
    if let Some(edit) = control.edit() {
        return of_control(asker, &edit, name, from, max_chars);
    }
    refuse_password(asker, control)?;
    match control.kind {
        Kind::Edit | Kind::RichEdit => {
            let text = whole(asker, control)?;
            let (start, end) = selection(asker, control)?;
            let units = Units::of(control.kind);
            let selection = (units.char_of(&text, start), units.char_of(&text, end));
            Ok(part(&text, from, max_chars, Some(selection)))
        }
        kind if items::has_items(kind) => Ok(part(&rows(asker, control)?.join("\n"), from, max_chars, None)),
        Kind::StatusBar => Ok(part(&items::status_texts(asker, control)?.join("\n"), from, max_chars, None)),
        _ => Ok(part(name, from, max_chars, None)),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

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
