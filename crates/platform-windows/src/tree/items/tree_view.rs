//! Items of tree views (`SysTreeView32`): only what is expanded, beginning with what shows. Positions are counted from
//! the root down, because an item's handle would name another item once it is reused.

use super::super::ask::Asker;
use super::super::control::Control;
use super::super::facts::{self, Plane};
use super::super::remote::{Reached, Scratch, TEXT_UNITS};
use super::{Item, Items, in_groups, shows};
use portcullis_model::{CancelReason, Check, Deadline, Role};
use portcullis_platform::{PortFault, PortResult};
use windows::Win32::UI::Controls::{
    TVGN_CARET, TVGN_CHILD, TVGN_FIRSTVISIBLE, TVGN_NEXT, TVGN_PARENT, TVGN_PREVIOUS, TVGN_ROOT, TVIF_CHILDREN,
    TVIF_STATE, TVIF_TEXT, TVIS_EXPANDED, TVIS_SELECTED, TVIS_STATEIMAGEMASK, TVM_GETCOUNT, TVM_GETITEMRECT,
    TVM_GETITEMW, TVM_GETNEXTITEM, TVM_SETITEMW, TVS_CHECKBOXES,
};

/// `TVM_GETITEMSTATE`: answers the state itself, so it needs no memory.
const TVM_GETITEMSTATE: u32 = 0x1100 + 39;
/// Siblings that are counted to tell an item's position.
const SIBLING_CAP: u32 = 4096;
/// Levels that are followed.
const DEPTH_CAP: usize = 64;
/// Where the check state begins among the bits of an item's state.
const STATE_IMAGE_SHIFT: u32 = 12;

/// One item, before its text is known.
#[derive(Debug)]
struct Found {
    handle: isize,
    index: Vec<u32>,
}

struct Walk<'ask> {
    asker: &'ask Asker<'ask>,
    control: &'ask Control,
    rows: usize,
    /// The rest of the time is for texts and places, without which a row is none.
    until: Deadline,
    found: Vec<Found>,
    cut: bool,
}

fn next(asker: &Asker<'_>, control: &Control, which: u32, from: isize) -> PortResult<Option<isize>> {
    let which = usize::try_from(which).unwrap_or(0);
    asker.send(control.window, TVM_GETNEXTITEM, which, from).map(|item| (item != 0).then_some(item))
}

/// The position of an item among its siblings.
fn position(asker: &Asker<'_>, control: &Control, item: isize) -> PortResult<u32> {
    let (mut item, mut steps) = (item, 0);
    while let Some(before) = next(asker, control, TVGN_PREVIOUS, item)? {
        (item, steps) = (before, steps + 1);
        if steps >= SIBLING_CAP {
            return Err(PortFault::Unsupported(format!("{} has too many items in one level", control.noun())));
        }
    }
    Ok(steps)
}

/// The first item that shows and those above it, outermost first.
fn first_shown(asker: &Asker<'_>, control: &Control) -> PortResult<Vec<isize>> {
    let mut chain = Vec::new();
    let mut item = next(asker, control, TVGN_FIRSTVISIBLE, 0)?;
    while let Some(handle) = item {
        chain.insert(0, handle);
        if chain.len() > DEPTH_CAP {
            break;
        }
        item = next(asker, control, TVGN_PARENT, handle)?;
    }
    Ok(chain)
}

impl Walk<'_> {
    /// Takes the items of one level, beginning with the chain's first where there is one, and what is expanded in them.
    fn level(&mut self, first: Option<isize>, above: &[u32], chain: &[isize]) -> PortResult<()> {
        if above.len() >= DEPTH_CAP {
            self.cut = true;
            return Ok(());
        }
        let (mut item, mut index) = match chain.first() {
            Some(start) => (Some(*start), position(self.asker, self.control, *start)?),
            None => (first, 0),
        };
        let mut deeper = chain.get(1..).unwrap_or_default();
        self.cut |= index > 0;
        while let Some(handle) = item {
            if self.found.len() >= self.rows {
                self.cut = true;
                return Ok(());
            }
            if self.until.passed() {
                return Err(CancelReason::Deadline.into());
            }
            let mut path = above.to_vec();
            path.push(index);
            self.found.push(Found { handle, index: path.clone() });
            let state = self.asker.send32(
                self.control.window,
                TVM_GETITEMSTATE,
                handle.cast_unsigned(),
                mask(TVIS_EXPANDED.0),
            )?;
            if state.cast_unsigned() & TVIS_EXPANDED.0 != 0 {
                let child = next(self.asker, self.control, TVGN_CHILD, handle)?;
                self.level(child, &path, deeper)?;
            }
            deeper = &[];
            item = next(self.asker, self.control, TVGN_NEXT, handle)?;
            index = index.saturating_add(1);
        }
        Ok(())
    }
}

fn mask(bits: u32) -> isize {
    isize::try_from(bits).unwrap_or(0)
}

pub(super) fn read(asker: &Asker<'_>, control: &Control, rows: usize) -> Items {
    let mut walk = Walk { asker, control, rows, until: asker.half_time(), found: Vec::new(), cut: false };
    let walked = first_shown(asker, control).and_then(|chain| walk.level(None, &[], &chain));
    let (flat, described) = describe(asker, control, &walk.found);
    let fault = walked.err().or(described);
    let unread = if walk.cut || fault.is_some() {
        let total = asker.count(control.window, TVM_GETCOUNT).unwrap_or(0);
        super::counted(total.saturating_sub(flat.len()))
    } else {
        0
    };
    Items { items: nest(flat), unread, fault }
}

/// Texts, states and places of items, in the same order; those before the first failure.
fn describe(asker: &Asker<'_>, control: &Control, found: &[Found]) -> (Vec<Item>, Option<PortFault>) {
    if found.is_empty() {
        return (Vec::new(), None);
    }
    let scratch = match Scratch::beside(control.window) {
        Ok(scratch) => scratch,
        Err(fault) => return (Vec::new(), Some(fault)),
    };
    let caret = next(asker, control, TVGN_CARET, 0).ok().flatten();
    in_groups(found.len(), |first, count| {
        let group = found.get(first..first + count).unwrap_or_default();
        describe_group(asker, control, &scratch, caret, group)
    })
}

fn describe_group(
    asker: &Asker<'_>,
    control: &Control,
    scratch: &Scratch,
    caret: Option<isize>,
    found: &[Found],
) -> (Vec<Item>, Option<PortFault>) {
    // The handle lies in the first field of the width of a pointer; `found` is as long as the questions are many.
    let handle_of = |question: usize| found.get(question).map_or(0, |item| item.handle).cast_unsigned();
    let before_state = || scratch.record().u32(0).pointer(0);
    let state_at = before_state().next_u32();
    let text_at = before_state().u32(0).u32(0).next_pointer();
    let children_at = before_state().u32(0).u32(0).pointer(0).i32(0).i32(0).i32(0).next_u32();
    let bits = TVIS_SELECTED.0 | TVIS_EXPANDED.0 | TVIS_STATEIMAGEMASK.0;
    let (answers, fault) = scratch.ask_all(asker, control.window, TVM_GETITEMW, found.len(), |question, slot| {
        let record = scratch
            .record()
            .u32((TVIF_TEXT | TVIF_STATE | TVIF_CHILDREN).0)
            .pointer(handle_of(question))
            .u32(0)
            .u32(bits)
            .pointer(slot.text)
            .i32(i32::try_from(TEXT_UNITS).unwrap_or(0))
            .i32(0)
            .i32(0)
            .i32(0)
            .pointer(0);
        (0, record)
    });
    let (rects, rect_fault) = scratch.ask_all(asker, control.window, TVM_GETITEMRECT, answers.len(), |question, _| {
        // The message reads the handle from where it then writes the rectangle; 1 asks for the text's part of it.
        (1, scratch.record().pointer(handle_of(question)).u32(0).u32(0).u32(0))
    });
    let (inside, plane) = (facts::client_rect(control.window), Plane::of(control.window));
    let checks = control.style & TVS_CHECKBOXES != 0;
    let items = found.iter().zip(answers.iter().zip(&rects)).map(|(found, (answer, place))| {
        let mut item = Item::new(found.index.clone(), Role::TreeItem, scratch.text_of(answer, text_at));
        let state = answer.u32(state_at);
        item.states.selected = caret == Some(found.handle) || state & TVIS_SELECTED.0 != 0;
        let has_children = answer.u32(children_at) != 0;
        item.states.expanded = has_children.then_some(state & TVIS_EXPANDED.0 != 0);
        item.states.check = checks.then(|| check(state));
        if place.result != 0 {
            item.rect = plane.to_screen(place.rect());
        }
        item.states.offscreen = !shows(item.rect, inside);
        item
    });
    (items.collect(), fault.or(rect_fault))
}

/// The check box of an item: image 1 is the empty box, 2 the checked one.
fn check(state: u32) -> Check {
    match (state & TVIS_STATEIMAGEMASK.0) >> STATE_IMAGE_SHIFT {
        0 | 1 => Check::Off,
        2 => Check::On,
        _ => Check::Mixed,
    }
}

/// Puts items in display order under those that they belong to.
fn nest(flat: Vec<Item>) -> Vec<Item> {
    fn put(level: &mut Vec<Item>, mut item: Item, depth: usize) {
        // An item follows the one that it lies in, so that one is the last of its level.
        match level.last_mut() {
            Some(last) if depth > 1 => {
                item.above.push(last.name.clone());
                put(&mut last.children, item, depth - 1);
            }
            _ => level.push(item),
        }
    }
    let mut roots = Vec::new();
    for item in flat {
        let depth = item.index.len();
        put(&mut roots, item, depth);
    }
    roots
}

/// The handle of the item at a position, for messages; `Gone` when there is none.
pub(in super::super) fn handle_at(asker: &Asker<'_>, control: &Control, index: &[u32]) -> PortResult<isize> {
    handles_to(asker, control, index)?.pop().ok_or(PortFault::Gone)
}

/// The handles of the items on the way to a position, outermost first, its own last.
fn handles_to(asker: &Asker<'_>, control: &Control, index: &[u32]) -> PortResult<Vec<isize>> {
    let mut way = Vec::with_capacity(index.len());
    for (level, steps) in index.iter().enumerate() {
        let first = match way.last() {
            None => next(asker, control, TVGN_ROOT, 0)?,
            Some(above) => next(asker, control, TVGN_CHILD, *above)?,
        };
        let mut at = first.ok_or(PortFault::Gone)?;
        if *steps > SIBLING_CAP || level >= DEPTH_CAP {
            return Err(PortFault::Gone);
        }
        for _ in 0..*steps {
            at = next(asker, control, TVGN_NEXT, at)?.ok_or(PortFault::Gone)?;
        }
        way.push(at);
    }
    Ok(way)
}

pub(super) fn one(asker: &Asker<'_>, control: &Control, index: &[u32]) -> PortResult<Item> {
    let way = handles_to(asker, control, index)?;
    let depths = way.iter().enumerate();
    let found: Vec<Found> = depths
        .map(|(depth, handle)| Found { handle: *handle, index: index.iter().take(depth + 1).copied().collect() })
        .collect();
    let (mut items, fault) = describe(asker, control, &found);
    if items.len() < found.len() {
        return Err(fault.unwrap_or(PortFault::Gone));
    }
    let mut item = items.pop().ok_or(PortFault::Gone)?;
    item.above = items.into_iter().map(|above| above.name).collect();
    Ok(item)
}

/// Checks or unchecks the box of an item.
pub(super) fn set_check(asker: &Asker<'_>, control: &Control, index: &[u32], on: bool) -> PortResult<Reached> {
    let handle = handle_at(asker, control, index)?.cast_unsigned();
    let scratch = Scratch::beside(control.window)?;
    let image = if on { 2 } else { 1 };
    let record = scratch.record().u32(TVIF_STATE.0).pointer(handle).u32(image << STATE_IMAGE_SHIFT);
    let record = record.u32(TVIS_STATEIMAGEMASK.0).pointer(0).i32(0).i32(0).i32(0).i32(0).pointer(0);
    scratch.tell(asker, control.window, TVM_SETITEMW, 0, &record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_go_under_those_that_they_lie_in() {
        let item = |index: &[u32]| Item::new(index.to_vec(), Role::TreeItem, String::new());
        let roots = nest(vec![item(&[3]), item(&[3, 0]), item(&[3, 0, 1]), item(&[3, 1]), item(&[4])]);
        assert_eq!(roots.len(), 2);
        assert_eq!(roots[0].children.len(), 2);
        assert_eq!(roots[0].children[0].children[0].index, [3, 0, 1]);
    }
}
