//! Rows of list views (`SysListView32`), with the cells of a table as one value. Their messages take pointers, so the
//! questions are put into scratch memory of the target, many at a time.

use super::super::ask::Asker;
use super::super::class;
use super::super::control::Control;
use super::super::facts::{self, Plane};
use super::super::remote::{Answer, Reached, Scratch, TEXT_UNITS};
use super::{Extent, Item, in_groups, shows};
use portcullis_model::{Check, Rect, Role};
use portcullis_platform::{PortFault, PortResult};
use windows::Win32::Foundation::HWND;
use windows::Win32::UI::Controls::{
    HDM_GETITEMCOUNT, LVIF_STATE, LVIF_TEXT, LVIR_BOUNDS, LVIS_FOCUSED, LVIS_SELECTED, LVIS_STATEIMAGEMASK,
    LVM_GETEXTENDEDLISTVIEWSTYLE, LVM_GETHEADER, LVM_GETITEMCOUNT, LVM_GETITEMRECT, LVM_GETITEMW, LVM_GETTOPINDEX,
    LVM_ISGROUPVIEWENABLED, LVM_SETITEMSTATE, LVS_EX_CHECKBOXES,
};

/// Columns of a table that are read.
const COLUMN_CAP: usize = 32;
/// What stands between the cells of a row.
const CELL_SEPARATOR: &str = " | ";
/// Where the check state begins among the bits of an item's state.
const STATE_IMAGE_SHIFT: u32 = 12;

pub(super) fn extent(asker: &Asker<'_>, control: &Control) -> PortResult<Extent> {
    let count = asker.count(control.window, LVM_GETITEMCOUNT)?;
    Ok(Extent { count, top: asker.count(control.window, LVM_GETTOPINDEX)? })
}

/// Columns of a table; one for every other view.
fn columns(asker: &Asker<'_>, control: &Control) -> PortResult<usize> {
    if !class::is_report(control.style) {
        return Ok(1);
    }
    let header = asker.send(control.window, LVM_GETHEADER, 0, 0)?;
    let header = HWND(std::ptr::with_exposed_provenance_mut(header.cast_unsigned()));
    if header.is_invalid() {
        return Ok(1);
    }
    Ok(asker.count(header, HDM_GETITEMCOUNT)?.clamp(1, COLUMN_CAP))
}

pub(super) fn rows(asker: &Asker<'_>, control: &Control, first: usize, count: usize) -> (Vec<Item>, Option<PortFault>) {
    match prepare(asker, control) {
        Ok(view) => {
            // Known before any text is asked for, and for every group.
            let even = view.even(asker, control, first, count);
            in_groups(count, |from, count| view.rows(asker, control, even, first + from, count))
        }
        Err(fault) => (Vec::new(), Some(fault)),
    }
}

struct View {
    scratch: Scratch,
    columns: usize,
    checks: bool,
}

/// Rows of one height, by the place of the first.
#[derive(Clone, Copy, Debug)]
struct Even {
    first: usize,
    place: Rect,
    step: i32,
}

impl Even {
    fn at(self, row: usize) -> Rect {
        let Self { first, place, step } = self;
        let down = step.saturating_mul(i32::try_from(row.saturating_sub(first)).unwrap_or(i32::MAX));
        Rect::new(place.left, place.top.saturating_add(down), place.right, place.bottom.saturating_add(down))
    }
}

fn prepare(asker: &Asker<'_>, control: &Control) -> PortResult<View> {
    let columns = columns(asker, control)?;
    let extended = asker.send32(control.window, LVM_GETEXTENDEDLISTVIEWSTYLE, 0, 0)?.cast_unsigned();
    Ok(View { scratch: Scratch::beside(control.window)?, columns, checks: extended & LVS_EX_CHECKBOXES != 0 })
}

impl View {
    fn rows(
        &self,
        asker: &Asker<'_>,
        control: &Control,
        even: Option<Even>,
        first: usize,
        count: usize,
    ) -> (Vec<Item>, Option<PortFault>) {
        let scratch = &self.scratch;
        let number = |value: usize| i32::try_from(value).unwrap_or(i32::MAX);
        // LVITEMW: mask, item, sub-item, state, state mask, text, room for it, then fields that no mask bit asks for.
        let before_text = || scratch.record().u32(0).i32(0).i32(0).u32(0).u32(0);
        let (state_at, text_at) = (12, before_text().next_pointer());
        let wanted = LVIS_SELECTED.0 | LVIS_FOCUSED.0 | LVIS_STATEIMAGEMASK.0;
        let (cells, fault) = scratch.ask_all(
            asker,
            control.window,
            LVM_GETITEMW,
            count.saturating_mul(self.columns),
            |question, slot| {
                let (row, column) = (first + question / self.columns, question % self.columns);
                let mask = if column == 0 { LVIF_TEXT.0 | LVIF_STATE.0 } else { LVIF_TEXT.0 };
                let record = scratch
                    .record()
                    .u32(mask)
                    .i32(number(row))
                    .i32(number(column))
                    .u32(0)
                    .u32(wanted)
                    .pointer(slot.text)
                    .i32(number(TEXT_UNITS))
                    .i32(0)
                    .pointer(0)
                    .i32(0)
                    .i32(0)
                    .u32(0)
                    .pointer(0)
                    .pointer(0)
                    .i32(0);
                (0, record)
            },
        );
        // A row whose cells were not all answered is not told.
        let whole = cells.len() / self.columns;
        let (rects, rect_fault) = self.places(asker, control, even, first, whole);
        let (inside, plane) = (facts::client_rect(control.window), Plane::of(control.window));
        let role = if class::is_report(control.style) { Role::DataItem } else { Role::ListItem };
        let mut items = Vec::with_capacity(whole);
        for (position, (row, place)) in cells.chunks_exact(self.columns).zip(&rects).enumerate() {
            let mut texts =
                row.iter().map(|cell| if cell.result == 0 { String::new() } else { scratch.text_of(cell, text_at) });
            let mut item = Item::new(vec![super::counted(first + position)], role, texts.next().unwrap_or_default());
            let rest: Vec<String> = texts.collect();
            if rest.iter().any(|text| !text.is_empty()) {
                item.value = Some(rest.join(CELL_SEPARATOR));
            }
            let state = row.first().map_or(0, |cell| cell.u32(state_at));
            item.states.selected = state & LVIS_SELECTED.0 != 0;
            item.states.check = self.checks.then(|| check(state));
            item.rect = plane.to_screen(*place);
            item.states.offscreen = !shows(item.rect, inside);
            items.push(item);
        }
        (items, fault.or(rect_fault))
    }
}

impl View {
    /// Where rows are, in client coordinates, asked one by one.
    fn ask_places(
        &self,
        asker: &Asker<'_>,
        control: &Control,
        first: usize,
        count: usize,
    ) -> (Vec<Rect>, Option<PortFault>) {
        let (answers, fault) = self.scratch.ask_all(asker, control.window, LVM_GETITEMRECT, count, |question, _| {
            (first + question, self.scratch.record().rect(LVIR_BOUNDS))
        });
        (answers.iter().map(Answer::rect).collect(), fault)
    }

    /// The rows of a table without groups have one height and no gaps, so two of them tell of all.
    fn even(&self, asker: &Asker<'_>, control: &Control, first: usize, count: usize) -> Option<Even> {
        let even = count > 1
            && class::is_report(control.style)
            && asker.send32(control.window, LVM_ISGROUPVIEWENABLED, 0, 0).is_ok_and(|grouped| grouped == 0);
        if !even {
            return None;
        }
        match self.ask_places(asker, control, first, 2).0.as_slice() {
            [one, two] => Some(Even { first, place: *one, step: two.top.saturating_sub(one.top) }),
            _ => None,
        }
    }

    fn places(
        &self,
        asker: &Asker<'_>,
        control: &Control,
        even: Option<Even>,
        first: usize,
        count: usize,
    ) -> (Vec<Rect>, Option<PortFault>) {
        match even {
            Some(even) => ((first..first + count).map(|row| even.at(row)).collect(), None),
            None => self.ask_places(asker, control, first, count),
        }
    }
}

/// Sets bits of a row's state; the control tells its program itself.
fn set_state(asker: &Asker<'_>, control: &Control, row: usize, state: u32, mask: u32) -> PortResult<Reached> {
    let scratch = Scratch::beside(control.window)?;
    // The fields up to the text; the message looks at state and mask alone, and copies no more than the whole structure.
    let record = scratch.record().u32(0).i32(0).i32(0).u32(state).u32(mask).pointer(0).i32(0).i32(0).pointer(0);
    let record = record.i32(0).i32(0).u32(0).pointer(0).pointer(0).i32(0);
    scratch.tell(asker, control.window, LVM_SETITEMSTATE, row, &record)
}

/// Selects a row and moves the focus within the list to it.
pub(in super::super) fn select_row(asker: &Asker<'_>, control: &Control, row: usize) -> PortResult<Reached> {
    let bits = LVIS_SELECTED.0 | LVIS_FOCUSED.0;
    set_state(asker, control, row, bits, bits)
}

/// Checks or unchecks the box of a row.
pub(super) fn set_check(asker: &Asker<'_>, control: &Control, row: usize, on: bool) -> PortResult<Reached> {
    let image = if on { 2 } else { 1 };
    set_state(asker, control, row, image << STATE_IMAGE_SHIFT, LVIS_STATEIMAGEMASK.0)
}

/// The check box of an item: image 1 is the empty box, 2 the checked one.
fn check(state: u32) -> Check {
    match (state & LVIS_STATEIMAGEMASK.0) >> STATE_IMAGE_SHIFT {
        0 | 1 => Check::Off,
        2 => Check::On,
        _ => Check::Mixed,
    }
}
