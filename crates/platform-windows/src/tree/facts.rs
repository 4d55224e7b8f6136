//! What the system tells about a window without asking the window's thread: style, place, parent, kernel's copy of the
//! text. All of it is safe on a hung window. No message is sent from here.

use crate::identity::from_win32;
use portcullis_model::{Point, Rect};
use std::collections::HashSet;
use windows::Win32::Foundation::{HWND, LPARAM, NO_ERROR, POINT, RECT, SetLastError};
use windows::Win32::Graphics::Dwm::{DWMWA_CLOAKED, DwmGetWindowAttribute};
use windows::Win32::Graphics::Gdi::{EnumDisplayMonitors, HDC, HMONITOR, MapWindowPoints};
use windows::Win32::UI::HiDpi::{
    DPI_AWARENESS_CONTEXT, DPI_AWARENESS_PER_MONITOR_AWARE, GetAwarenessFromDpiAwarenessContext,
    GetWindowDpiAwarenessContext, SetThreadDpiAwarenessContext,
};
use windows::Win32::UI::Input::KeyboardAndMouse::IsWindowEnabled;
use windows::Win32::UI::WindowsAndMessaging::{
    EnumChildWindows, EnumWindows, FindWindowExW, GA_PARENT, GET_WINDOW_CMD, GUITHREADINFO, GW_HWNDNEXT, GW_OWNER,
    GWL_EXSTYLE, GWL_STYLE, GetAncestor, GetClientRect, GetDesktopWindow, GetDlgCtrlID, GetGUIThreadInfo, GetTopWindow,
    GetWindow, GetWindowLongW, GetWindowRect, InternalGetWindowText, IsHungAppWindow, IsIconic, IsWindowVisible,
    IsZoomed, RealGetWindowClassW, WINDOW_LONG_PTR_INDEX, WS_VISIBLE,
};
use windows::core::{BOOL, HSTRING, PCWSTR};

/// Characters of a name or title that are read.
pub(crate) const NAME_CAP: usize = 1024;
/// Child windows of one window that are looked at.
const DESCENDANT_CAP: usize = 4096;
/// Top-level windows that are looked at, hidden ones included.
const TOP_LEVEL_CAP: usize = 4096;
/// Walks along the windows, when one of them goes away under way.
const WALKS: usize = 3;
/// Displays that are looked at.
const DISPLAY_CAP: usize = 64;
/// Characters of a class name.
const CLASS_CAP: usize = 257;

/// A list that a callback of Win32 fills up to its cap.
struct Gathered<T> {
    items: Vec<T>,
    cap: usize,
}

impl<T> Gathered<T> {
    fn new(cap: usize) -> Self {
        Self { items: Vec::new(), cap }
    }

    /// The address under which the callback finds it.
    fn address(&mut self) -> LPARAM {
        LPARAM(std::ptr::from_mut(self).expose_provenance().cast_signed())
    }

    /// Takes one more; `FALSE`, which ends the enumeration, at the cap.
    fn take(&mut self, item: T) -> BOOL {
        if self.items.len() < self.cap {
            self.items.push(item);
        }
        (self.items.len() < self.cap).into()
    }
}

unsafe extern "system" fn gather_window(window: HWND, list: LPARAM) -> BOOL {
    let list: *mut Gathered<HWND> = std::ptr::with_exposed_provenance_mut(list.0.cast_unsigned());
    // SAFETY: the address is that of a list which its only user lends to the enumeration while this runs.
    unsafe { &mut *list }.take(window)
}

unsafe extern "system" fn gather_display(_: HMONITOR, _: HDC, rect: *mut RECT, list: LPARAM) -> BOOL {
    // SAFETY: the system passes a rectangle that lives through the callback.
    let rect = unsafe { *rect };
    let list: *mut Gathered<Rect> = std::ptr::with_exposed_provenance_mut(list.0.cast_unsigned());
    // SAFETY: the address is that of a list which its only user lends to the enumeration while this runs.
    unsafe { &mut *list }.take(from_win32(rect))
}

/// All child windows below `window`, front first, and whether there may be more than the cap.
pub(crate) fn descendants(window: HWND) -> (Vec<HWND>, bool) {
    let mut list = Gathered::new(DESCENDANT_CAP);
    let address = list.address();
    // SAFETY: the callback gets the list's address, and the list outlives the call.
    let _ = unsafe { EnumChildWindows(Some(window), Some(gather_window), address) };
    let full = list.items.len() >= list.cap;
    (list.items, full)
}

/// All top-level windows, front first. `EnumWindows` leaves the shell's own out since Windows 8: toasts, Start, Search; they
/// are met by going from window to window and lie before all others. That they are met is not verified on real Windows.
pub(crate) fn top_levels() -> Vec<HWND> {
    let mut list = Gathered::new(TOP_LEVEL_CAP);
    let address = list.address();
    // SAFETY: the callback gets the list's address, and the list outlives the call. It fails only by ending early.
    let _ = unsafe { EnumWindows(Some(gather_window), address) };
    let known: HashSet<isize> = list.items.iter().map(number).collect();
    let mut met = Vec::new();
    for _ in 0..WALKS {
        let (mut walked, mut seen) = (Vec::new(), HashSet::new());
        // SAFETY: no preconditions.
        let mut next = unsafe { GetTopWindow(None) }.ok();
        while let Some(window) = next.filter(|window| seen.len() < TOP_LEVEL_CAP && seen.insert(number(window))) {
            walked.push(window);
            next = neighbour(window, GW_HWNDNEXT).ok().flatten();
        }
        met.extend(walked.into_iter().filter(|window| !known.contains(&number(window))));
        // A window that went away under way ended the walk there.
        if known.iter().all(|known| seen.contains(known)) {
            break;
        }
    }
    let mut found = HashSet::new();
    met.retain(|window| found.insert(number(window)));
    met.append(&mut list.items);
    met.truncate(TOP_LEVEL_CAP);
    met
}

fn number(window: &HWND) -> isize {
    window.0.expose_provenance().cast_signed()
}

/// The window just above or below another one; nothing beyond the last one, and an error when the other one is gone
/// meanwhile. Asked in this way and not by `FindWindowExW` with the other one, which a window that is just going away can
/// send round in circles.
pub(crate) fn neighbour(window: HWND, side: GET_WINDOW_CMD) -> windows::core::Result<Option<HWND>> {
    // SAFETY: no preconditions. The call below tells the last one by NULL and leaves the thread's error alone.
    unsafe { SetLastError(NO_ERROR) };
    // SAFETY: any handle value may be asked.
    match unsafe { GetWindow(window, side) } {
        Ok(next) => Ok(Some(next)),
        Err(error) if error.code().is_ok() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Where the displays are.
pub(crate) fn displays() -> Vec<Rect> {
    let mut list = Gathered::new(DISPLAY_CAP);
    let address = list.address();
    // SAFETY: the callback gets the list's address, and the list outlives the call.
    let _ = unsafe { EnumDisplayMonitors(None, None, Some(gather_display), address) };
    list.items
}

fn long(window: HWND, index: WINDOW_LONG_PTR_INDEX) -> u32 {
    // SAFETY: reads a field of the window; a wrong handle gives zero.
    unsafe { GetWindowLongW(window, index) }.cast_unsigned()
}

/// `GWL_STYLE`.
pub(crate) fn style(window: HWND) -> u32 {
    long(window, GWL_STYLE)
}

/// `GWL_EXSTYLE`.
pub(crate) fn extended_style(window: HWND) -> u32 {
    long(window, GWL_EXSTYLE)
}

/// Whether a style says that the window itself is shown, whatever its parents are.
pub(crate) fn shows(style: u32) -> bool {
    style & WS_VISIBLE.0 != 0
}

/// Whether the window and all its parents are shown.
pub(crate) fn is_visible(window: HWND) -> bool {
    // SAFETY: reads a field of the window.
    unsafe { IsWindowVisible(window) }.as_bool()
}

/// Whether it takes input.
pub(crate) fn is_enabled(window: HWND) -> bool {
    // SAFETY: reads a field of the window.
    unsafe { IsWindowEnabled(window) }.as_bool()
}

/// Whether it is minimised.
pub(crate) fn is_iconic(window: HWND) -> bool {
    // SAFETY: reads a field of the window.
    unsafe { IsIconic(window) }.as_bool()
}

/// Whether it is maximised.
pub(crate) fn is_zoomed(window: HWND) -> bool {
    // SAFETY: reads a field of the window.
    unsafe { IsZoomed(window) }.as_bool()
}

/// Whether its thread has not taken a message for five seconds.
pub(crate) fn is_hung(window: HWND) -> bool {
    // SAFETY: reads a field of the window's queue.
    unsafe { IsHungAppWindow(window) }.as_bool()
}

/// Whether the compositor hides the window although it is shown: another virtual desktop, a suspended app. A system that
/// cannot tell hides none.
pub(crate) fn is_cloaked(window: HWND) -> bool {
    let mut cloaked = 0_u32;
    let size = u32::try_from(size_of_val(&cloaked)).unwrap_or(0);
    let out = std::ptr::from_mut(&mut cloaked).cast();
    // SAFETY: the out-pointer is a local of the size that is said.
    unsafe { DwmGetWindowAttribute(window, DWMWA_CLOAKED, out, size) }.is_ok() && cloaked != 0
}

/// The control id of a child window, zero when it has none.
pub(crate) fn control_id(window: HWND) -> i32 {
    // SAFETY: reads a field of the window.
    unsafe { GetDlgCtrlID(window) }
}

/// The parent in the tree of windows, never the owner; invalid for a window that is gone.
pub(crate) fn parent(window: HWND) -> HWND {
    // SAFETY: any handle value may be asked; a wrong one gives NULL.
    unsafe { GetAncestor(window, GA_PARENT) }
}

/// The front-most child window of a class.
pub(crate) fn child_of_class(window: HWND, class: &str) -> Option<HWND> {
    let class = HSTRING::from(class);
    // SAFETY: the class name lives through the call; any handle value may be asked.
    unsafe { FindWindowExW(Some(window), None, &class, PCWSTR::null()) }.ok().filter(|child| !child.is_invalid())
}

/// The window that owns a top-level window.
pub(crate) fn owner(window: HWND) -> Option<HWND> {
    // SAFETY: any handle value may be asked.
    unsafe { GetWindow(window, GW_OWNER) }.ok().filter(|owner| !owner.is_invalid())
}

/// The desktop's own window.
pub(crate) fn desktop() -> HWND {
    // SAFETY: no arguments.
    unsafe { GetDesktopWindow() }
}

/// The frame on the virtual desktop, empty when the window is gone.
pub(crate) fn rect(window: HWND) -> Rect {
    let mut rect = RECT::default();
    // SAFETY: the out-pointer is a local that outlives the call; on failure the rectangle stays empty.
    let _ = unsafe { GetWindowRect(window, &mut rect) };
    from_win32(rect)
}

/// The client area on the virtual desktop.
pub(crate) fn client_rect(window: HWND) -> Rect {
    on_screen(window, client_area(window))
}

/// The client area in its own coordinates, in the pixels of the calling thread.
fn client_area(window: HWND) -> Rect {
    let mut rect = RECT::default();
    // SAFETY: the out-pointer is a local that outlives the call; on failure the rectangle stays empty.
    let _ = unsafe { GetClientRect(window, &mut rect) };
    from_win32(rect)
}

/// The calling thread sees a window's pixels as the window does, while this lives.
struct AsSeenBy(DPI_AWARENESS_CONTEXT);

impl AsSeenBy {
    /// `None` when the window's pixels are those of the display, as for us.
    fn window(window: HWND) -> Option<Self> {
        // SAFETY: any handle value may be asked; a wrong one gives NULL.
        let theirs = unsafe { GetWindowDpiAwarenessContext(window) };
        // SAFETY: any value may be asked; a wrong one is of no known awareness.
        let awareness = unsafe { GetAwarenessFromDpiAwarenessContext(theirs) };
        if theirs.0.is_null() || awareness == DPI_AWARENESS_PER_MONITOR_AWARE {
            return None;
        }
        // SAFETY: the value came from the system; a wrong one changes nothing and gives NULL.
        let before = unsafe { SetThreadDpiAwarenessContext(theirs) };
        (!before.0.is_null()).then_some(Self(before))
    }
}

impl Drop for AsSeenBy {
    fn drop(&mut self) {
        // SAFETY: the value is what this thread had before.
        let _ = unsafe { SetThreadDpiAwarenessContext(self.0) };
    }
}

/// The client area of a window as its program tells places in it. A program that does not know of scaling counts in
/// pixels of its own, which the display shows larger; the two sizes of its client area say by how much.
///
/// Not verified on real Windows: the lab has one display of 96 dpi.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plane {
    window: HWND,
    /// The client area in the program's pixels and in the display's, where they differ.
    areas: Option<(Rect, Rect)>,
}

impl Plane {
    pub(crate) fn of(window: HWND) -> Self {
        let own = AsSeenBy::window(window).map(|_seen| client_area(window));
        let areas = own.map(|own| (own, client_area(window))).filter(|(own, shown)| own != shown);
        Self { window, areas }
    }

    /// Whether the display shows the program's pixels in another size.
    pub(crate) fn is_scaled(self) -> bool {
        self.areas.is_some()
    }

    /// A rectangle that the program told, on the virtual desktop.
    pub(crate) fn to_screen(self, told: Rect) -> Rect {
        on_screen(self.window, self.areas.map_or(told, |(own, shown)| scaled(told, own, shown)))
    }
}

/// A rectangle within one client area as it lies in the same area measured otherwise.
fn scaled(rect: Rect, from: Rect, to: Rect) -> Rect {
    let scale = |value: i32, from: u32, to: u32| {
        if from == to || from == 0 {
            return value;
        }
        let product = i64::from(value) * i64::from(to);
        i32::try_from(product.div_euclid(i64::from(from))).unwrap_or(value)
    };
    let across = |value| scale(value, from.width(), to.width());
    let down = |value| scale(value, from.height(), to.height());
    Rect::new(across(rect.left), down(rect.top), across(rect.right), down(rect.bottom))
}

/// A rectangle of a window's client coordinates on the virtual desktop. Right-to-left windows are mirrored, so the
/// corners are put in order afterwards.
fn on_screen(window: HWND, rect: Rect) -> Rect {
    let mut corners = [POINT { x: rect.left, y: rect.top }, POINT { x: rect.right, y: rect.bottom }];
    // SAFETY: the points live through the call and their number goes with them.
    unsafe { MapWindowPoints(Some(window), None, &mut corners) };
    let [a, b] = corners;
    Rect::new(a.x.min(b.x), a.y.min(b.y), a.x.max(b.x), a.y.max(b.y))
}

/// The text that the system keeps for a window: a title or a caption. An edit's content is not kept there.
pub(crate) fn kernel_text(window: HWND) -> String {
    let mut buffer = [0_u16; NAME_CAP];
    // SAFETY: the buffer lives through the call and its length goes with it.
    let length = unsafe { InternalGetWindowText(window, &mut buffer) };
    let length = usize::try_from(length).unwrap_or(0);
    String::from_utf16_lossy(buffer.get(..length).unwrap_or_default())
}

/// The class that a window's class was made from, where the system knows: `Edit` for a toolkit's own kind of edit.
pub(crate) fn base_class(window: HWND) -> String {
    let mut buffer = [0_u16; CLASS_CAP];
    // SAFETY: the buffer lives through the call and its length goes with it.
    let length = unsafe { RealGetWindowClassW(window, &mut buffer) };
    let length = usize::try_from(length).unwrap_or(0);
    String::from_utf16_lossy(buffer.get(..length).unwrap_or_default())
}

/// What a thread's input queue holds: the focus, the active window, the owner of an open menu. Nothing for no thread,
/// which to the system would mean the one in the foreground.
pub(crate) fn queue(thread: u32) -> GUITHREADINFO {
    let size = u32::try_from(size_of::<GUITHREADINFO>()).unwrap_or(0);
    let mut info = GUITHREADINFO { cbSize: size, ..Default::default() };
    if thread == 0 {
        return info;
    }
    // SAFETY: the structure says its own size and outlives the call; on failure its handles stay NULL.
    let _ = unsafe { GetGUIThreadInfo(thread, &mut info) };
    info
}

/// A point as Win32 wants it.
pub(crate) fn point(point: Point) -> POINT {
    POINT { x: point.x, y: point.y }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_that_knows_no_scaling_tells_is_scaled_to_the_display() {
        let (own, shown) = (Rect::new(0, 0, 400, 300), Rect::new(0, 0, 600, 450));
        // Row 10 at 16 pixels a row: on a display of 150 % it begins at 240 and not at 160.
        let row = Rect::new(0, 160, 400, 176);
        for (told, from, to, expected) in [
            (row, own, shown, Rect::new(0, 240, 600, 264)),
            (row, own, own, row),
            (row, Rect::default(), shown, row),
            (Rect::new(-10, -16, 5, 0), own, shown, Rect::new(-15, -24, 7, 0)),
            (Rect::new(0, 0, i32::MAX, 1), own, shown, Rect::new(0, 0, i32::MAX, 1)),
        ] {
            assert_eq!(scaled(told, from, to), expected, "{told:?}");
        }
    }

    #[test]
    fn an_enumeration_ends_at_its_cap() {
        let mut list = Gathered::new(2);
        assert!(list.take(1).as_bool());
        assert!(!list.take(2).as_bool());
        assert!(!list.take(3).as_bool());
        assert_eq!(list.items, [1, 2]);
    }
}
