//! List boxes and combo boxes. The system carries their texts across processes, so no memory in the target is needed.

use super::super::ask::{Asker, low};
use super::super::bay::Bay;
use super::super::class;
use super::super::control::Control;
use super::super::facts::{self, Plane};
use super::{Extent, Item, shows};
use crate::identity::from_win32;
use portcullis_model::{Rect, Role};
use portcullis_platform::{PortFault, PortResult};
use windows::Win32::Foundation::{HWND, RECT};
use windows::Win32::UI::Controls::COMBOBOXINFO;
use windows::Win32::UI::WindowsAndMessaging::{
    CB_GETCOMBOBOXINFO, CB_GETCOUNT, CB_GETCURSEL, CB_GETDROPPEDSTATE, CB_GETLBTEXT, LB_GETCOUNT, LB_GETCURSEL,
    LB_GETITEMHEIGHT, LB_GETITEMRECT, LB_GETSEL, LB_GETTEXT, LB_GETTOPINDEX, LBS_EXTENDEDSEL, LBS_MULTICOLUMN,
    LBS_MULTIPLESEL, LBS_OWNERDRAWVARIABLE,
};

pub(super) fn list_extent(asker: &Asker<'_>, control: &Control) -> PortResult<Extent> {
    let count = asker.count(control.window, LB_GETCOUNT)?;
    Ok(Extent { count, top: asker.count(control.window, LB_GETTOPINDEX)? })
}

pub(super) fn combo_extent(asker: &Asker<'_>, control: &Control) -> PortResult<Extent> {
    let count = asker.count(control.window, CB_GETCOUNT)?;
    let top = match combo_list(asker, control)? {
        Some(list) => asker.count(list, LB_GETTOPINDEX)?,
        None => 0,
    };
    Ok(Extent { count, top })
}

/// Whether the list of a combo box is open.
pub(in super::super) fn dropped(asker: &Asker<'_>, control: &Control) -> PortResult<bool> {
    Ok(class::is_simple_combo(control.style) || asker.send32(control.window, CB_GETDROPPEDSTATE, 0, 0)? != 0)
}

/// The list of a combo box while it shows.
pub(in super::super) fn combo_list(asker: &Asker<'_>, control: &Control) -> PortResult<Option<HWND>> {
    if !dropped(asker, control)? {
        return Ok(None);
    }
    let size = u32::try_from(size_of::<COMBOBOXINFO>()).unwrap_or(0);
    let mut info = COMBOBOXINFO { cbSize: size, ..Default::default() };
    // The system knows this message and carries the structure across.
    let address = std::ptr::from_mut(&mut info).expose_provenance().cast_signed();
    asker.send(control.window, CB_GETCOMBOBOXINFO, 0, address)?;
    Ok((!info.hwndList.is_invalid()).then_some(info.hwndList))
}

/// The texts of items, by the message that copies one. Where such a text may land is guarded, so its length is not asked
/// for: the system does that itself on the way, and a third question for each row would be the slowest part of all.
struct Texts<'ask> {
    asker: &'ask Asker<'ask>,
    window: HWND,
    message: u32,
    bay: Bay,
}

impl Texts<'_> {
    fn at(&self, position: usize) -> PortResult<String> {
        let copied = self.asker.send32(self.window, self.message, position, self.bay.address())?;
        // A list that has become shorter has no such item any more.
        usize::try_from(copied).map(|units| self.bay.text(units)).map_err(|_| PortFault::Gone)
    }
}

/// Where rows are: asked once where all rows have one height, else row by row.
struct Places {
    list: HWND,
    inside: Rect,
    plane: Plane,
    /// The first row asked for, its place and the height of every row, in the list's own coordinates.
    even: Option<(usize, Rect, i32)>,
}

impl Places {
    fn of(asker: &Asker<'_>, list: HWND, style: u32, first: usize) -> PortResult<Self> {
        let inside = facts::client_rect(list);
        let uneven = class::has(style, LBS_OWNERDRAWVARIABLE) || class::has(style, LBS_MULTICOLUMN);
        let even = if uneven {
            None
        } else {
            Some((first, item_rect(asker, list, first)?, asker.send32(list, LB_GETITEMHEIGHT, 0, 0)?))
        };
        Ok(Self { list, inside, plane: Plane::of(list), even })
    }

    fn at(&self, asker: &Asker<'_>, position: usize) -> PortResult<Rect> {
        let told = match self.even {
            None => item_rect(asker, self.list, position)?,
            Some((first, place, height)) => {
                let steps = i32::try_from(position.saturating_sub(first)).unwrap_or(i32::MAX);
                let down = height.saturating_mul(steps);
                Rect::new(place.left, place.top.saturating_add(down), place.right, place.bottom.saturating_add(down))
            }
        };
        Ok(self.plane.to_screen(told))
    }
}

fn item_rect(asker: &Asker<'_>, list: HWND, position: usize) -> PortResult<Rect> {
    let mut rect = RECT::default();
    // The system knows this message and carries the rectangle across.
    let address = std::ptr::from_mut(&mut rect).expose_provenance().cast_signed();
    asker.send(list, LB_GETITEMRECT, position, address)?;
    Ok(from_win32(rect))
}

fn row(position: usize, name: String) -> Item {
    Item::new(vec![super::counted(position)], Role::ListItem, name)
}

/// Whether several rows of a list box may be selected.
pub(in super::super) fn is_multiple(style: u32) -> bool {
    class::has(style, LBS_MULTIPLESEL) || class::has(style, LBS_EXTENDEDSEL)
}

fn no_texts(control: &Control) -> PortFault {
    PortFault::Unsupported(format!("{} draws its own items and keeps no texts", control.noun()))
}

pub(super) fn list_rows(
    asker: &Asker<'_>,
    control: &Control,
    first: usize,
    count: usize,
) -> (Vec<Item>, Option<PortFault>) {
    let mut items = Vec::new();
    let fault = list_rows_into(asker, control, first, count, &mut items).err();
    (items, fault)
}

fn list_rows_into(
    asker: &Asker<'_>,
    control: &Control,
    first: usize,
    count: usize,
    items: &mut Vec<Item>,
) -> PortResult<()> {
    if !class::list_has_texts(control.style) {
        return Err(no_texts(control));
    }
    let texts = Texts { asker, window: control.window, message: LB_GETTEXT, bay: Bay::new()? };
    let places = Places::of(asker, control.window, control.style, first)?;
    let multiple = is_multiple(control.style);
    let current = if multiple { -1 } else { asker.send32(control.window, LB_GETCURSEL, 0, 0)? };
    for position in first..first.saturating_add(count) {
        let mut item = row(position, texts.at(position)?);
        item.rect = places.at(asker, position)?;
        item.states.offscreen = !shows(item.rect, places.inside);
        item.states.selected = if multiple {
            asker.send(control.window, LB_GETSEL, position, 0).map(low)? > 0
        } else {
            usize::try_from(current) == Ok(position)
        };
        items.push(item);
    }
    Ok(())
}

pub(super) fn combo_rows(
    asker: &Asker<'_>,
    control: &Control,
    first: usize,
    count: usize,
) -> (Vec<Item>, Option<PortFault>) {
    let mut items = Vec::new();
    let fault = combo_rows_into(asker, control, first, count, &mut items).err();
    (items, fault)
}

fn combo_rows_into(
    asker: &Asker<'_>,
    control: &Control,
    first: usize,
    count: usize,
    items: &mut Vec<Item>,
) -> PortResult<()> {
    if !class::combo_has_texts(control.style) {
        return Err(no_texts(control));
    }
    let texts = Texts { asker, window: control.window, message: CB_GETLBTEXT, bay: Bay::new()? };
    let places = match combo_list(asker, control)? {
        Some(list) => Some(Places::of(asker, list, facts::style(list), first)?),
        None => None,
    };
    let current = asker.send32(control.window, CB_GETCURSEL, 0, 0)?;
    for position in first..first.saturating_add(count) {
        let mut item = row(position, texts.at(position)?);
        item.states.selected = usize::try_from(current) == Ok(position);
        if let Some(places) = &places {
            item.rect = places.at(asker, position)?;
            item.states.offscreen = !shows(item.rect, places.inside);
        } else {
            item.states.visible = false;
            item.states.offscreen = true;
        }
        items.push(item);
    }
    Ok(())
}
