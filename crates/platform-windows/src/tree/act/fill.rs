//! Filling in: the text of edits and combo boxes, positions of sliders and spinners, and selecting text. A control that
//! would not take the value from a person does not get it from here.

use super::{Operation, Told, not_operable, posted};
use crate::tree::ask;
use crate::tree::class::{self, Kind};
use crate::tree::describe::{self, TBM_GETPOS};
use crate::tree::items;
use crate::tree::text::{self, Units, is_same_text, windows_lines};
use portcullis_platform::{Delivered, PortFault, PortResult};
use windows::Win32::UI::Controls::{
    EM_GETLIMITTEXT, EM_SCROLLCARET, EM_SETMODIFY, EM_SETSEL, TB_ENDTRACK, TB_THUMBPOSITION, TBM_SETPOS, TBS_VERT,
    UDM_GETPOS32, UDM_SETPOS32, UDS_HORZ,
};
use windows::Win32::UI::WindowsAndMessaging::{
    CBN_EDITCHANGE, EN_CHANGE, ES_MULTILINE, ES_NUMBER, SB_ENDSCROLL, SB_THUMBPOSITION, WM_HSCROLL, WM_SETTEXT,
    WM_VSCROLL,
};

/// The limit that an edit has when its program sets none; it holds for typing alone.
const DEFAULT_LIMIT: usize = 0x7FFE;

impl Operation<'_> {
    pub(super) fn set_value(&self, value: &str) -> PortResult<Delivered> {
        if self.item.is_some() {
            return not_operable("be given a text: it is an item, not a field");
        }
        if let Some(edit) = self.on_edit() {
            let delivered = edit.set_edit(value)?;
            let by = with_note(&delivered.by, &self.notify(CBN_EDITCHANGE));
            return Ok(Delivered { by, ..delivered });
        }
        match self.control.kind {
            Kind::Edit | Kind::RichEdit => self.set_edit(value),
            Kind::ComboBox => self.choose_text(value),
            Kind::TrackBar => self.set_slider(value),
            Kind::UpDown => self.set_spinner(value),
            Kind::DatePicker | Kind::MonthCalendar => {
                not_operable("be set through its messages, because its program would not be told: focus it and type")
            }
            _ => not_operable("be given a value"),
        }
    }

    fn set_edit(&self, value: &str) -> PortResult<Delivered> {
        let Self { control, asker, .. } = self;
        if class::is_read_only(control.kind, control.style) {
            return not_operable("be edited: it is read-only");
        }
        let plain = control.kind == Kind::Edit;
        let many_lines = !plain || class::has(control.style, ES_MULTILINE);
        if !many_lines && value.contains(['\r', '\n']) {
            return not_operable("hold more than one line");
        }
        if plain && class::has(control.style, ES_NUMBER) && !value.chars().all(|digit| digit.is_ascii_digit()) {
            return not_operable("take that text: it takes digits alone");
        }
        let value = if many_lines { windows_lines(value) } else { value.to_owned() };
        let limit = asker.count(self.window(), EM_GETLIMITTEXT)?;
        if limit > 0 && limit < DEFAULT_LIMIT && value.encode_utf16().count() > limit {
            return not_operable(format!("hold more than {limit} characters"));
        }
        let password = text::refuse_password(asker, control).is_err();
        let told = self.tell_text(WM_SETTEXT, 0, &value)?;
        // A person's typing would leave this mark, by which programs ask whether to save. The text is set already, so a
        // fault from here on is a part of the answer and not the whole.
        let mut notes = self.tell(EM_SETMODIFY, 1, 0).map(drop);
        if plain && many_lines {
            // An edit of several lines keeps a text that it was sent to itself.
            notes = notes.and(self.notify(EN_CHANGE));
        }
        let by = with_note("WM_SETTEXT", &notes);
        if password {
            // Reading a secret back, even to compare it, is out of the question.
            return Ok(match told {
                Told::Answered(_) => posted(&by),
                Told::Pending => self.delivered(&by, told, || Ok(false)),
            });
        }
        let same = || Ok(is_same_text(&text::whole(asker, control)?, &value));
        Ok(self.delivered(&by, told, same))
    }

    /// The same act on the edit inside a combo box. What a person types there the combo box tells its program; of a text
    /// that was sent it says nothing.
    fn on_edit(&self) -> Option<Self> {
        let edit = self.control.edit()?;
        Some(Self { asker: self.asker, root: self.root, control: edit, item: None })
    }

    /// A whole number within a control's range.
    fn number(&self, value: &str, (low, high): (i32, i32)) -> PortResult<i32> {
        match value.trim().parse::<i32>() {
            Ok(number) if (low..=high).contains(&number) => Ok(number),
            _ => not_operable(format!("take that position: it goes from {low} to {high}")),
        }
    }

    /// Posts to the parent where the control stands, as it would have done in a person's hand.
    fn notify_scroll(&self, vertical: bool, code: u32, position: i32) -> PortResult<()> {
        let message = if vertical { WM_VSCROLL } else { WM_HSCROLL };
        let position = usize::try_from(position & 0xFFFF).unwrap_or(0);
        let code = usize::try_from(code).unwrap_or(0);
        ask::post(self.parent(), message, code | (position << 16), ask::handle(self.window()))
    }

    fn set_slider(&self, value: &str) -> PortResult<Delivered> {
        let position = self.number(value, describe::slider_range(self.asker, self.window())?)?;
        let told = self.tell(TBM_SETPOS, 1, isize::try_from(position).unwrap_or(0))?;
        let vertical = self.control.style & TBS_VERT != 0;
        self.notify_scroll(vertical, TB_THUMBPOSITION, position)?;
        self.notify_scroll(vertical, TB_ENDTRACK, 0)?;
        let there = || Ok(self.asker.send32(self.window(), TBM_GETPOS, 0, 0)? == position);
        Ok(self.delivered("TBM_SETPOS", told, there))
    }

    fn set_spinner(&self, value: &str) -> PortResult<Delivered> {
        let position = self.number(value, items::spinner_range(self.asker, &self.control)?)?;
        let told = self.tell(UDM_SETPOS32, 0, isize::try_from(position).unwrap_or(0))?;
        let vertical = self.control.style & UDS_HORZ == 0;
        self.notify_scroll(vertical, SB_THUMBPOSITION.0.cast_unsigned(), position)?;
        self.notify_scroll(vertical, SB_ENDSCROLL.0.cast_unsigned(), position)?;
        let there = || Ok(self.asker.send32(self.window(), UDM_GETPOS32, 0, 0)? == position);
        Ok(self.delivered("UDM_SETPOS32", told, there))
    }

    pub(super) fn select_text(&self, from: usize, to: usize) -> PortResult<Delivered> {
        if self.item.is_some() {
            return not_operable("have a part of its text selected");
        }
        if let Some(edit) = self.on_edit() {
            return edit.select_in_edit(from, to);
        }
        if !class::is_edit(self.control.kind) {
            return not_operable("have a part of its text selected");
        }
        self.select_in_edit(from, to)
    }

    fn select_in_edit(&self, from: usize, to: usize) -> PortResult<Delivered> {
        let Self { control, asker, .. } = self;
        if text::refuse_password(asker, control).is_err() {
            // Everything can be selected without knowing what it is; positions inside would tell of its length.
            if from != 0 || to != usize::MAX {
                return not_operable("have a part of its text selected: it is a password field");
            }
            self.tell(EM_SETSEL, 0, -1)?;
            return Ok(posted("EM_SETSEL"));
        }
        let text = text::whole(asker, control)?;
        let (start, end) = positions(Units::of(control.kind), &text, from, to);
        let told = self.tell(EM_SETSEL, start, isize::try_from(end).map_err(|_| PortFault::Gone)?)?;
        self.tell(EM_SCROLLCARET, 0, 0)?;
        let there = || Ok(text::selection(asker, control)? == (start, end));
        Ok(self.delivered("EM_SETSEL", told, there))
    }
}

/// The way of an act whose program could not be told of it, or could.
fn with_note(by: &str, told: &PortResult<()>) -> String {
    match told {
        Ok(()) => by.to_owned(),
        Err(fault) => format!("{by}, of which the program was not told: {fault}"),
    }
}

/// The control's positions of a stretch of characters, in order and within the text.
fn positions(units: Units, text: &str, from: usize, to: usize) -> (usize, usize) {
    let start = units.unit_of(text, from);
    (start, units.unit_of(text, to).max(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_set_stays_set_when_its_program_cannot_be_told() {
        assert_eq!(with_note("WM_SETTEXT", &Ok(())), "WM_SETTEXT");
        let note = with_note("WM_SETTEXT", &Err(PortFault::Gone));
        assert!(note.starts_with("WM_SETTEXT, of which the program was not told: "), "{note}");
    }

    #[test]
    fn a_stretch_beyond_the_end_is_the_end() {
        assert_eq!(positions(Units::Plain, "ab", 5, 9), (2, 2));
        assert_eq!(positions(Units::Plain, "a🙂b", 1, usize::MAX), (1, 4));
        assert_eq!(positions(Units::Plain, "abc", 2, 1), (2, 2));
    }
}
