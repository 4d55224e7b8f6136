//! Rows of list views (`SysListView32`), with the cells of a table as one value. Their messages take pointers, so the
//! questions are put into scratch memory of the target, many at a time.

use super::super::ask::Asker;
use super::super::class;
use super::super::control::Control;
use super::super::facts;
use super::super::remote::{Scratch, TEXT_UNITS};
use super::{Extent, Item, shows};
use portcullis_model::{Check, Role};
use portcullis_platform::{PortFault, PortResult};
use windows::Win32::Foundation::HWND;
use windows::Win32::UI::Controls::{
    HDM_GETITEMCOUNT, LVIF_STATE, LVIF_TEXT, LVIR_BOUNDS, LVIS_FOCUSED, LVIS_SELECTED, LVIS_STATEIMAGEMASK,
    LVM_GETEXTENDEDLISTVIEWSTYLE, LVM_GETHEADER, LVM_GETITEMCOUNT, LVM_GETITEMRECT, LVM_GETITEMW, LVM_GETTOPINDEX,
    LVS_EX_CHECKBOXES,
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
        Ok(view) => view.rows(asker, control, first, count),
        Err(fault) => (Vec::new(), Some(fault)),
    }
}

struct View {
    scratch: Scratch,
    columns: usize,
    checks: bool,
}

fn prepare(asker: &Asker<'_>, control: &Control) -> PortResult<View> {
    let columns = columns(asker, control)?;
    let extended = asker.send32(control.window, LVM_GETEXTENDEDLISTVIEWSTYLE, 0, 0)?.cast_unsigned();
    Ok(View { scratch: Scratch::beside(control.window)?, columns, checks: extended & LVS_EX_CHECKBOXES != 0 })
}

impl View {
    fn rows(&self, asker: &Asker<'_>, control: &Control, first: usize, count: usize) -> (Vec<Item>, Option<PortFault>) {
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
        let (rects, rect_fault) = scratch.ask_all(asker, control.window, LVM_GETITEMRECT, whole, |question, _| {
            (first + question, scratch.record().rect(LVIR_BOUNDS))
        });
        let inside = facts::client_rect(control.window);
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
            item.rect = facts::to_screen(control.window, place.rect());
            item.states.offscreen = !shows(item.rect, inside);
            items.push(item);
        }
        (items, fault.or(rect_fault))
    }
}

/// The check box of an item: image 1 is the empty box, 2 the checked one.
fn check(state: u32) -> Check {
    match (state & LVIS_STATEIMAGEMASK.0) >> STATE_IMAGE_SHIFT {
        0 | 1 => Check::Off,
        2 => Check::On,
        _ => Check::Mixed,
    }
}
