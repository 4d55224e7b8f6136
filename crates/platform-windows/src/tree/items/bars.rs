//! Controls that hold their items in a bar: tabs, column headers, tool buttons, the parts of a status bar; and the two
//! pickers whose value is a structure. All of them need scratch memory in the target.

use super::super::ask::{Asker, low};
use super::super::class;
use super::super::control::Control;
use super::super::facts::{self, Plane};
use super::super::remote::{Answer, Scratch, TEXT_UNITS, u16_at, u32_at, utf16};
use super::{Extent, Item, in_groups, shows};
use portcullis_model::{Check, Role};
use portcullis_platform::{PortFault, PortResult};
use windows::Win32::UI::Controls::{
    BTNS_CHECK, BTNS_SEP, DTM_GETSYSTEMTIME, HDI_TEXT, HDM_GETITEMCOUNT, HDM_GETITEMRECT, HDM_GETITEMW, MCM_GETCURSEL,
    SB_GETPARTS, SB_GETTEXTLENGTHW, SB_GETTEXTW, SB_ISSIMPLE, SB_SIMPLEID, TB_BUTTONCOUNT, TB_GETBUTTONINFOW,
    TB_GETITEMRECT, TBIF_BYINDEX, TBIF_COMMAND, TBIF_STATE, TBIF_STYLE, TBIF_TEXT, TBSTATE_CHECKED, TBSTATE_ENABLED,
    TBSTATE_HIDDEN, TCIF_TEXT, TCM_GETCURSEL, TCM_GETITEMCOUNT, TCM_GETITEMRECT, TCM_GETITEMW, UDM_GETRANGE32,
};

/// Parts of a status bar that are read (the control itself allows 256).
const PART_CAP: usize = 32;
/// UTF-16 units of a part's text that are read.
const PART_UNITS: usize = 1024;
/// The low word of an answer is a length.
const LENGTH_MASK: i32 = 0xFFFF;

fn text_room() -> i32 {
    i32::try_from(TEXT_UNITS).unwrap_or(0)
}

pub(super) fn tab_extent(asker: &Asker<'_>, control: &Control) -> PortResult<Extent> {
    Ok(Extent { count: asker.count(control.window, TCM_GETITEMCOUNT)?, top: 0 })
}

pub(super) fn header_extent(asker: &Asker<'_>, control: &Control) -> PortResult<Extent> {
    Ok(Extent { count: asker.count(control.window, HDM_GETITEMCOUNT)?, top: 0 })
}

pub(super) fn tool_extent(asker: &Asker<'_>, control: &Control) -> PortResult<Extent> {
    Ok(Extent { count: asker.count(control.window, TB_BUTTONCOUNT)?, top: 0 })
}

/// The places of items, by the message that writes one rectangle.
fn places(
    scratch: &Scratch,
    asker: &Asker<'_>,
    control: &Control,
    message: u32,
    first: usize,
    count: usize,
) -> (Vec<Answer>, Option<PortFault>) {
    scratch.ask_all(asker, control.window, message, count, |question, _| (first + question, scratch.record().rect(0)))
}

/// Joins items with their places, as far as both were answered.
fn placed(control: &Control, items: Vec<Item>, places: &[Answer]) -> Vec<Item> {
    let (inside, plane) = (facts::client_rect(control.window), Plane::of(control.window));
    let place = |(mut item, place): (Item, &Answer)| {
        item.rect = plane.to_screen(place.rect());
        item.states.offscreen = !shows(item.rect, inside);
        item
    };
    items.into_iter().zip(places).map(place).collect()
}

/// Reads the items of a bar with scratch memory, group by group.
fn grouped(
    control: &Control,
    first: usize,
    count: usize,
    read: impl Fn(&Scratch, usize, usize) -> (Vec<Item>, Option<PortFault>),
) -> (Vec<Item>, Option<PortFault>) {
    match Scratch::beside(control.window) {
        Ok(scratch) => in_groups(count, |from, count| read(&scratch, first + from, count)),
        Err(fault) => (Vec::new(), Some(fault)),
    }
}

pub(super) fn tabs(asker: &Asker<'_>, control: &Control, first: usize, count: usize) -> (Vec<Item>, Option<PortFault>) {
    let selected = asker.send32(control.window, TCM_GETCURSEL, 0, 0).unwrap_or(-1);
    grouped(control, first, count, |scratch, first, count| some_tabs(scratch, asker, control, selected, first, count))
}

fn some_tabs(
    scratch: &Scratch,
    asker: &Asker<'_>,
    control: &Control,
    selected: i32,
    first: usize,
    count: usize,
) -> (Vec<Item>, Option<PortFault>) {
    // TCITEMW: mask, state, state mask, text, room for it, image, parameter.
    let text_at = scratch.record().u32(0).u32(0).u32(0).next_pointer();
    let (answers, fault) = scratch.ask_all(asker, control.window, TCM_GETITEMW, count, |question, slot| {
        let record =
            scratch.record().u32(TCIF_TEXT.0).u32(0).u32(0).pointer(slot.text).i32(text_room()).i32(0).pointer(0);
        (first + question, record)
    });
    let items = answers.iter().enumerate().map(|(number, answer)| {
        let name = class::without_mark(&scratch.text_of(answer, text_at));
        let mut item = Item::new(vec![super::counted(first + number)], Role::TabItem, name);
        item.states.selected = usize::try_from(selected) == Ok(first + number);
        item
    });
    let items = items.collect();
    let (rects, rect_fault) = places(scratch, asker, control, TCM_GETITEMRECT, first, answers.len());
    (placed(control, items, &rects), fault.or(rect_fault))
}

pub(super) fn header_items(
    asker: &Asker<'_>,
    control: &Control,
    first: usize,
    count: usize,
) -> (Vec<Item>, Option<PortFault>) {
    grouped(control, first, count, |scratch, first, count| some_header_items(scratch, asker, control, first, count))
}

fn some_header_items(
    scratch: &Scratch,
    asker: &Asker<'_>,
    control: &Control,
    first: usize,
    count: usize,
) -> (Vec<Item>, Option<PortFault>) {
    // HDITEMW: mask, width, text, bitmap, room for the text, format, parameter, image, order, type, filter, state.
    let text_at = scratch.record().u32(0).i32(0).next_pointer();
    let (answers, fault) = scratch.ask_all(asker, control.window, HDM_GETITEMW, count, |question, slot| {
        let record = scratch.record().u32(HDI_TEXT.0).i32(0).pointer(slot.text).pointer(0).i32(text_room()).i32(0);
        (first + question, record.pointer(0).i32(0).i32(0).u32(0).pointer(0).u32(0))
    });
    let items = answers.iter().enumerate().map(|(number, answer)| {
        Item::new(vec![super::counted(first + number)], Role::HeaderItem, scratch.text_of(answer, text_at))
    });
    let items = items.collect();
    let (rects, rect_fault) = places(scratch, asker, control, HDM_GETITEMRECT, first, answers.len());
    (placed(control, items, &rects), fault.or(rect_fault))
}

pub(super) fn tools(
    asker: &Asker<'_>,
    control: &Control,
    first: usize,
    count: usize,
) -> (Vec<Item>, Option<PortFault>) {
    grouped(control, first, count, |scratch, first, count| some_tools(scratch, asker, control, first, count))
}

fn some_tools(
    scratch: &Scratch,
    asker: &Asker<'_>,
    control: &Control,
    first: usize,
    count: usize,
) -> (Vec<Item>, Option<PortFault>) {
    let wanted = (TBIF_BYINDEX | TBIF_COMMAND | TBIF_STATE | TBIF_STYLE | TBIF_TEXT).0;
    // TBBUTTONINFOW: its size, mask, command, image, state, style, width, parameter, text, room for it.
    let head = |size: u32| scratch.record().u32(size).u32(wanted).i32(0).i32(0).u8(0).u8(0).u16(0).pointer(0);
    let text_at = head(0).next_pointer();
    let size = head(0).pointer(0).i32(0).next_pointer();
    let size = u32::try_from(size).unwrap_or(0);
    let (command_at, state_at, style_at) = (8, 16, 17);
    let (answers, fault) = scratch.ask_all(asker, control.window, TB_GETBUTTONINFOW, count, |question, slot| {
        (first + question, head(size).pointer(slot.text).i32(text_room()))
    });
    let (rects, rect_fault) = places(scratch, asker, control, TB_GETITEMRECT, first, answers.len());
    let items = answers.iter().enumerate().map(|(number, answer)| {
        let (state, style) = (u32::from(answer.u8(state_at)), u32::from(answer.u8(style_at)));
        let role = if style & BTNS_SEP != 0 { Role::Separator } else { Role::Button };
        let name = if low(answer.result) < 0 { String::new() } else { scratch.text_of(answer, text_at) };
        let mut item = Item::new(vec![super::counted(first + number)], role, class::without_mark(&name));
        item.command = Some(answer.u32(command_at));
        item.states.enabled = state & TBSTATE_ENABLED != 0;
        item.states.visible = state & TBSTATE_HIDDEN == 0;
        if style & BTNS_CHECK != 0 {
            item.states.check = Some(if state & TBSTATE_CHECKED != 0 { Check::On } else { Check::Off });
        }
        item
    });
    let items = placed(control, items.collect(), &rects);
    // What separates buttons and what is hidden is nobody's target; the positions of the others do not change by that.
    let shown = items.into_iter().filter(|item| item.states.visible && item.role != Role::Separator);
    (shown.collect(), fault.or(rect_fault))
}

/// The texts of a status bar's parts.
pub(in super::super) fn status_texts(asker: &Asker<'_>, control: &Control) -> PortResult<Vec<String>> {
    let scratch = Scratch::beside(control.window)?;
    let simple = asker.send32(control.window, SB_ISSIMPLE, 0, 0)? != 0;
    let parts: Vec<usize> = if simple {
        vec![usize::try_from(SB_SIMPLEID).unwrap_or(0)]
    } else {
        (0..asker.count(control.window, SB_GETPARTS)?.min(PART_CAP)).collect()
    };
    let mut texts = Vec::with_capacity(parts.len());
    for part in parts {
        let length = asker.send32(control.window, SB_GETTEXTLENGTHW, part, 0)? & LENGTH_MASK;
        // The text is copied without regard to a size; the scratch memory holds the longest that a word can count.
        let bytes = usize::try_from(length).unwrap_or(0).min(PART_UNITS).saturating_add(1).saturating_mul(2);
        let (_, text) = scratch.ask(asker, control.window, SB_GETTEXTW, part, &scratch.record().u32(0), bytes)?;
        texts.push(utf16(text.get(..bytes).unwrap_or_default()));
    }
    Ok(texts)
}

/// The date of a date picker or a month calendar, as ISO 8601 writes it; `None` when none is chosen.
pub(in super::super) fn picker_date(asker: &Asker<'_>, control: &Control) -> PortResult<Option<String>> {
    const SYSTEMTIME_BYTES: usize = 16;
    let scratch = Scratch::beside(control.window)?;
    let picker = control.kind == class::Kind::DatePicker;
    let message = if picker { DTM_GETSYSTEMTIME } else { MCM_GETCURSEL };
    let empty = scratch.record().rect(0);
    let (answer, bytes) = scratch.ask(asker, control.window, message, 0, &empty, SYSTEMTIME_BYTES)?;
    // The two messages disagree on what success is: `GDT_VALID` is 0, `TRUE` is 1.
    let valid = if picker { answer == 0 } else { answer != 0 };
    let (year, month, day) = (u16_at(&bytes, 0), u16_at(&bytes, 2), u16_at(&bytes, 6));
    Ok((valid && year != 0).then(|| format!("{year:04}-{month:02}-{day:02}")))
}

/// The lowest and the highest position of a spinner.
pub(in super::super) fn spinner_range(asker: &Asker<'_>, control: &Control) -> PortResult<(i32, i32)> {
    let scratch = Scratch::beside(control.window)?;
    let empty = scratch.record().rect(0);
    let low = scratch.slot(0);
    // Two pointers: the first parameter is the lowest, the second, which `ask` fills in, the highest.
    let (_, bytes) = scratch.ask(asker, control.window, UDM_GETRANGE32, low + 8, &empty, 12)?;
    let (high, low) = (u32_at(&bytes, 0).cast_signed(), u32_at(&bytes, 8).cast_signed());
    // A spinner whose range is given backwards counts down.
    Ok((low.min(high), low.max(high)))
}
