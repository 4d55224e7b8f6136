//! Displays and pixels through GDI. Pixels are handed out raw, top row first; scaling, encoding and
//! coordinates for clients belong elsewhere.

use crate::helper::Helpers;
use crate::identity::{as_window, failed, from_win32, hwnd, is_alive, permitted, window_rect};
use crate::tree::facts;
use portcullis_model::{Cancel, Deadline, Effect, Rect, Resource, WindowIdentity};
use portcullis_platform::{Bitmap, CaptureMethod, Display, Permit, PortFault, PortResult, ScreenPort, rgb_of};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;
use windows::Win32::Foundation::{HMODULE, HWND, LPARAM, RECT, WPARAM};
use windows::Win32::Graphics::Dwm::{DWMWA_EXTENDED_FRAME_BOUNDS, DwmGetWindowAttribute};
use windows::Win32::Graphics::Gdi::{
    BI_RGB, BITMAPINFO, BITMAPINFOHEADER, BitBlt, CAPTUREBLT, CreateCompatibleDC, CreateDIBSection, DIB_RGB_COLORS,
    DeleteDC, DeleteObject, EnumDisplayMonitors, GdiFlush, GetDC, GetMonitorInfoW, HBITMAP, HDC, HGDIOBJ, HMONITOR,
    MONITORINFOEXW, ReleaseDC, SRCCOPY, SelectObject,
};
use windows::Win32::Storage::Xps::{PRINT_WINDOW_FLAGS, PrintWindow};
use windows::Win32::System::LibraryLoader::{GetProcAddress, LOAD_LIBRARY_SEARCH_SYSTEM32, LoadLibraryExW};
use windows::Win32::UI::WindowsAndMessaging::{
    GW_HWNDPREV, MONITORINFOF_PRIMARY, PW_RENDERFULLCONTENT, SMTO_ABORTIFHUNG, SendMessageTimeoutW, WM_NULL,
};
use windows::core::{BOOL, HRESULT, s, w};

/// Displays that are listed.
const DISPLAY_CAP: usize = 64;
/// Pixels along one edge of a capture.
const EDGE_CAP: u32 = 16_384;
/// Pixels of one capture.
const PIXEL_CAP: u64 = 64 * 1024 * 1024;
/// Bytes of a pixel.
const PIXEL_BYTES: usize = 4;
/// Bytes of the largest bitmap that is kept for the next capture: enough for 2,560 x 1,440 pixels.
const SPARE_CAP: usize = 16 * 1024 * 1024;
/// Dots per inch of a display that is not scaled.
const DPI_BASE: u32 = 96;
/// Windows above one that are looked at before it counts as covered.
const ABOVE_CAP: usize = 1_000;
/// How long a window may take to answer before it is not asked to draw itself.
const ANSWER_WAIT: Duration = Duration::from_millis(200);

static HELPERS: Helpers = Helpers::new();

/// The displays of the session.
#[derive(Default)]
pub(crate) struct Win32Screen {
    /// The bitmap of the last capture: one of the same size finds its memory ready.
    spare: Mutex<Option<Dib>>,
}

impl ScreenPort for Win32Screen {
    fn displays(&self) -> PortResult<Vec<Display>> {
        displays()
    }

    fn capture(&self, permit: &Permit, area: Rect, deadline: Deadline) -> PortResult<Bitmap> {
        permit.require(Effect::ReadPixels, &Resource::Desktop)?;
        check_time(deadline)?;
        capture_screen(area, &self.spare)
    }

    fn capture_window(&self, permit: &Permit, window: &WindowIdentity, deadline: Deadline) -> PortResult<Bitmap> {
        let handle = permitted(permit, Effect::ReadPixels, window, as_window)?;
        check_time(deadline)?;
        if facts::is_iconic(handle) {
            return Err(PortFault::NotOperable("be captured while it is minimised".to_owned()));
        }
        let frame = window_rect(handle)?;
        let visible = seen_frame(handle).unwrap_or(frame);
        check_size(visible)?;
        // The screen shows this window alone only when nothing hides it, before the copy and after it.
        let shows_it_alone = || {
            let place = seen_frame(handle).or_else(|| window_rect(handle).ok());
            is_alive(window) && place == Some(visible) && is_in_sight(handle, visible)
        };
        let from_screen = || -> PortResult<Option<Bitmap>> {
            if !shows_it_alone() {
                return Ok(None);
            }
            let bitmap = capture_screen(visible, &self.spare)?;
            Ok(shows_it_alone().then_some(bitmap))
        };
        if is_on_displays(visible)?
            && let Some(shown) = from_screen()?
        {
            return Ok(shown);
        }
        if answers(handle, deadline)
            && let Some(drawn) = draw_window(window.handle, frame, visible, deadline)
        {
            // The handle may have passed to another window meanwhile.
            return if is_alive(window) { Ok(drawn) } else { Err(PortFault::Gone) };
        }
        if let Some(shown) = from_screen()? {
            return Ok(shown);
        }
        // What is left is the screen as it is there, with other programs' pixels in it.
        if permit.require(Effect::ReadPixels, &Resource::Desktop).is_err() {
            let why = "be captured: another window hides it, and it does not draw itself";
            return Err(if is_alive(window) { PortFault::NotOperable(why.to_owned()) } else { PortFault::Gone });
        }
        capture_screen(visible, &self.spare)
    }
}

/// Where what was seen in a window's pixels is now; gone when the window has another size or other pixels are there. Nothing of
/// the pixels is told, so it needs no permit.
pub(crate) fn locate_pixels(window: HWND, place: Rect, size: (u32, u32), mark: u64) -> PortResult<Rect> {
    let frame = window_rect(window)?;
    let area = place.moved(frame.left, frame.top);
    if (frame.width(), frame.height()) != size || frame.intersect(area) != area || facts::is_iconic(window) {
        return Err(PortFault::Gone);
    }
    let bitmap = capture_screen(area, &Mutex::default())?;
    if bitmap.mark(area) == Some(mark) { Ok(area) } else { Err(PortFault::Gone) }
}

fn check_time(deadline: Deadline) -> PortResult<()> {
    if deadline.passed() { Err(portcullis_model::CancelReason::Deadline.into()) } else { Ok(()) }
}

fn check_size(area: Rect) -> PortResult<()> {
    let (width, height) = (area.width(), area.height());
    if area.is_empty() {
        return Err(PortFault::NotOperable("be captured: it has no pixel on a display".to_owned()));
    }
    if width > EDGE_CAP || height > EDGE_CAP || u64::from(width) * u64::from(height) > PIXEL_CAP {
        return Err(PortFault::NotOperable(format!(
            "be captured: {width}x{height} pixels are more than {PIXEL_CAP} in all or {EDGE_CAP} along an edge"
        )));
    }
    Ok(())
}

/// Every display, the primary one first, then in the system's order.
pub(crate) fn displays() -> PortResult<Vec<Display>> {
    let mut monitors: Vec<HMONITOR> = Vec::new();
    let context = LPARAM(std::ptr::from_mut(&mut monitors).expose_provenance().cast_signed());
    // SAFETY: the callback runs only during the call, on this thread, and gets the vector that lives through it.
    let listed = unsafe { EnumDisplayMonitors(None, None, Some(collect_monitor), context) };
    if !listed.as_bool() && monitors.is_empty() {
        return Err(PortFault::Unsupported("no display is connected to the session".to_owned()));
    }
    let mut displays: Vec<Display> = monitors.into_iter().filter_map(describe).collect();
    displays.sort_by_key(|display| !display.primary);
    for (index, display) in displays.iter_mut().enumerate() {
        display.index = index;
    }
    Ok(displays)
}

unsafe extern "system" fn collect_monitor(monitor: HMONITOR, _: HDC, _: *mut RECT, context: LPARAM) -> BOOL {
    let list: *mut Vec<HMONITOR> = std::ptr::with_exposed_provenance_mut(context.0.cast_unsigned());
    // SAFETY: `displays` passes its own vector, which nothing else touches during the enumeration.
    let list = unsafe { &mut *list };
    list.push(monitor);
    (list.len() < DISPLAY_CAP).into()
}

fn describe(monitor: HMONITOR) -> Option<Display> {
    let mut info = MONITORINFOEXW::default();
    info.monitorInfo.cbSize = u32::try_from(size_of::<MONITORINFOEXW>()).unwrap_or(0);
    // SAFETY: the structure says its size and outlives the call; MONITORINFOEXW begins with a MONITORINFO.
    if !unsafe { GetMonitorInfoW(monitor, std::ptr::from_mut(&mut info).cast()) }.as_bool() {
        return None;
    }
    let name = info.szDevice.split(|unit| *unit == 0).next().unwrap_or_default();
    Some(Display {
        index: 0,
        device: String::from_utf16_lossy(name),
        primary: info.monitorInfo.dwFlags & MONITORINFOF_PRIMARY != 0,
        bounds: from_win32(info.monitorInfo.rcMonitor),
        work_area: from_win32(info.monitorInfo.rcWork),
        dpi: monitor_dpi(monitor),
    })
}

type GetDpiForMonitor = unsafe extern "system" fn(HMONITOR, i32, *mut u32, *mut u32) -> HRESULT;

/// `GetDpiForMonitor`, found when it is first asked: `shcore.dll` would otherwise be loaded at every start.
fn get_dpi_for_monitor() -> Option<GetDpiForMonitor> {
    static FOUND: OnceLock<Option<GetDpiForMonitor>> = OnceLock::new();
    *FOUND.get_or_init(|| {
        // SAFETY: a system library by its name, searched in the system folder alone; it stays loaded.
        let library: HMODULE = unsafe { LoadLibraryExW(w!("shcore.dll"), None, LOAD_LIBRARY_SEARCH_SYSTEM32) }.ok()?;
        // SAFETY: the module is loaded and the name ends in NUL.
        let function = unsafe { GetProcAddress(library, s!("GetDpiForMonitor")) }?;
        // SAFETY: the exported function of this name has this signature.
        Some(unsafe { std::mem::transmute::<unsafe extern "system" fn() -> isize, GetDpiForMonitor>(function) })
    })
}

fn monitor_dpi(monitor: HMONITOR) -> u32 {
    const MDT_EFFECTIVE_DPI: i32 = 0;
    let (mut x, mut y) = (0, 0);
    let Some(ask) = get_dpi_for_monitor() else { return DPI_BASE };
    // SAFETY: the out-pointers are locals that outlive the call.
    let told = unsafe { ask(monitor, MDT_EFFECTIVE_DPI, &mut x, &mut y) };
    if told.is_ok() && x != 0 { x } else { DPI_BASE }
}

/// Whether no pixel of `area` lies beside the displays.
fn is_on_displays(area: Rect) -> PortResult<bool> {
    let pixels = |rect: Rect| u64::from(rect.width()) * u64::from(rect.height());
    let shown: u64 = displays()?.iter().map(|display| pixels(display.bounds.intersect(area))).sum();
    Ok(shown >= pixels(area))
}

/// The window's frame as it is seen: without the invisible border that Windows 10 adds for the mouse.
fn seen_frame(window: HWND) -> Option<Rect> {
    let mut rect = RECT::default();
    let size = u32::try_from(size_of::<RECT>()).unwrap_or(0);
    let out = std::ptr::from_mut(&mut rect).cast();
    // SAFETY: the out-pointer is a local of the size that is said.
    unsafe { DwmGetWindowAttribute(window, DWMWA_EXTENDED_FRAME_BOUNDS, out, size) }.ok()?;
    let rect = from_win32(rect);
    (!rect.is_empty()).then_some(rect)
}

/// Whether the screen shows the window's own pixels wherever it lies on a display: it is shown, the compositor does not
/// hide it, and nothing lies over it.
fn is_in_sight(window: HWND, area: Rect) -> bool {
    facts::is_visible(window) && !facts::is_cloaked(window) && !is_covered(window, area)
}

/// Whether another visible window lies over part of `area`. What cannot be told counts as covered.
fn is_covered(window: HWND, area: Rect) -> bool {
    let mut above = window;
    for _ in 0..ABOVE_CAP {
        above = match facts::neighbour(above, GW_HWNDPREV) {
            Ok(Some(next)) => next,
            Ok(None) => return false,
            Err(_) => return true,
        };
        let place = seen_frame(above).or_else(|| window_rect(above).ok());
        let covers = place.is_some_and(|place| !place.intersect(area).is_empty());
        if covers && facts::is_visible(above) && !facts::is_cloaked(above) {
            return true;
        }
    }
    true
}

/// Whether the window's thread answers messages.
fn answers(window: HWND, deadline: Deadline) -> bool {
    // A time-out of 0 has no documented meaning.
    let wait = u32::try_from(deadline.slice(ANSWER_WAIT).remaining().as_millis()).unwrap_or(0).max(1);
    // SAFETY: a message without pointers; the call returns within `wait`.
    let result = unsafe { SendMessageTimeoutW(window, WM_NULL, WPARAM(0), LPARAM(0), SMTO_ABORTIFHUNG, wait, None) };
    result.0 != 0
}

/// A device context of the whole screen.
struct ScreenDc(HDC);

impl ScreenDc {
    fn get() -> PortResult<Self> {
        // SAFETY: no window means the whole screen; released in `drop`.
        let dc = unsafe { GetDC(None) };
        if dc.is_invalid() { Err(crate::identity::last_error("GetDC")) } else { Ok(Self(dc)) }
    }
}

impl Drop for ScreenDc {
    fn drop(&mut self) {
        // SAFETY: the context came from `GetDC(None)` on this thread and is released once.
        unsafe { ReleaseDC(None, self.0) };
    }
}

/// A top-down 32-bit bitmap whose bytes can be read.
struct Dib {
    bitmap: HBITMAP,
    bits: *mut core::ffi::c_void,
    width: u32,
    height: u32,
}

// SAFETY: a bitmap belongs to the process; it may be used by any thread, and by one at a time since it is not `Sync`.
unsafe impl Send for Dib {}

impl Dib {
    fn new(screen: &ScreenDc, width: u32, height: u32) -> PortResult<Self> {
        let signed = |edge: u32| i32::try_from(edge).unwrap_or(0);
        let info = BITMAPINFO {
            bmiHeader: BITMAPINFOHEADER {
                biSize: u32::try_from(size_of::<BITMAPINFOHEADER>()).unwrap_or(0),
                biWidth: signed(width),
                biHeight: -signed(height),
                biPlanes: 1,
                biBitCount: 32,
                biCompression: BI_RGB.0,
                ..BITMAPINFOHEADER::default()
            },
            ..BITMAPINFO::default()
        };
        let mut bits = std::ptr::null_mut();
        // SAFETY: the header describes itself; the out-pointer is a local.
        let bitmap = unsafe { CreateDIBSection(Some(screen.0), &info, DIB_RGB_COLORS, &mut bits, None, 0) };
        let bitmap = bitmap.map_err(failed("CreateDIBSection"))?;
        let dib = Self { bitmap, bits, width, height };
        if bits.is_null() { Err(crate::identity::last_error("CreateDIBSection")) } else { Ok(dib) }
    }

    fn length(&self) -> usize {
        let edge = |edge: u32| usize::try_from(edge).unwrap_or(0);
        edge(self.width) * edge(self.height) * PIXEL_BYTES
    }
}

impl Drop for Dib {
    fn drop(&mut self) {
        // SAFETY: the bitmap is ours, selected nowhere, and is deleted once.
        let _ = unsafe { DeleteObject(self.bitmap.into()) };
    }
}

/// A memory context that draws into a bitmap.
struct Canvas {
    dc: HDC,
    before: HGDIOBJ,
}

impl Canvas {
    fn new(screen: &ScreenDc, dib: &mut Dib) -> PortResult<Self> {
        // SAFETY: the screen's context is alive.
        let dc = unsafe { CreateCompatibleDC(Some(screen.0)) };
        if dc.is_invalid() {
            return Err(crate::identity::last_error("CreateCompatibleDC"));
        }
        // SAFETY: both objects are alive, and the bitmap is selected into no other context.
        let before = unsafe { SelectObject(dc, dib.bitmap.into()) };
        Ok(Self { dc, before })
    }
}

impl Drop for Canvas {
    fn drop(&mut self) {
        // SAFETY: puts the context's own bitmap back; a wrong handle is refused.
        unsafe { SelectObject(self.dc, self.before) };
        // SAFETY: the context is ours and is deleted once.
        let _ = unsafe { DeleteDC(self.dc) };
    }
}

impl Dib {
    /// Draws, and gives the bytes once the drawing has ended.
    fn draw<T>(&mut self, screen: &ScreenDc, draw: impl FnOnce(HDC) -> PortResult<T>) -> PortResult<(T, &[u8])> {
        let canvas = Canvas::new(screen, self)?;
        let drawn = draw(canvas.dc)?;
        drop(canvas);
        // SAFETY: ends this thread's drawing; no preconditions.
        let _ = unsafe { GdiFlush() };
        // SAFETY: a 32-bit DIB section has rows of `width * 4` bytes without padding, `height` of them, alive as long
        // as the bitmap, which `self` owns; nothing draws into it while `self` is borrowed.
        Ok((drawn, unsafe { std::slice::from_raw_parts(self.bits.cast::<u8>(), self.length()) }))
    }
}

/// The screen's pixels of `area`, cut to the displays.
fn capture_screen(area: Rect, spare: &Mutex<Option<Dib>>) -> PortResult<Bitmap> {
    let desktop = displays()?.iter().fold(Rect::default(), |all, display| all.union(display.bounds));
    let rect = area.intersect(desktop);
    check_size(rect)?;
    let screen = ScreenDc::get()?;
    let kept = spare.lock().unwrap_or_else(PoisonError::into_inner).take();
    let mut dib = match kept.filter(|dib| (dib.width, dib.height) == (rect.width(), rect.height())) {
        Some(dib) => dib,
        None => Dib::new(&screen, rect.width(), rect.height())?,
    };
    let (width, height) = (rect.right - rect.left, rect.bottom - rect.top);
    let (_, bytes) = dib.draw(&screen, |dc| {
        // SAFETY: both contexts are alive; the bitmap is as large as the area.
        let copied =
            unsafe { BitBlt(dc, 0, 0, width, height, Some(screen.0), rect.left, rect.top, SRCCOPY | CAPTUREBLT) };
        copied.map_err(failed("BitBlt"))
    })?;
    let bitmap = Bitmap { rect, rgb: rgb_of(bytes), method: CaptureMethod::Screen };
    if dib.length() <= SPARE_CAP {
        *spare.lock().unwrap_or_else(PoisonError::into_inner) = Some(dib);
    }
    Ok(bitmap)
}

/// The window's own drawing of `visible`, or nothing when it does not draw or draws one colour only.
fn draw_window(handle: u64, frame: Rect, visible: Rect, deadline: Deadline) -> Option<Bitmap> {
    check_size(frame).ok()?;
    if facts::Plane::of(hwnd(handle)).is_scaled() {
        // It would draw itself in its own, smaller pixels, and places in the picture would be wrong.
        return None;
    }
    let drawn = HELPERS.run(deadline, &Cancel::new(), move || -> PortResult<Option<Bitmap>> {
        let screen = ScreenDc::get()?;
        let mut dib = Dib::new(&screen, frame.width(), frame.height())?;
        let (drawn, bytes) = dib.draw(&screen, |dc| {
            let flags = PRINT_WINDOW_FLAGS(PW_RENDERFULLCONTENT);
            // SAFETY: the context is ours and alive; a stale window is refused. It may block: this is a helper thread.
            Ok(unsafe { PrintWindow(hwnd(handle), dc, flags) }.as_bool())
        })?;
        if !drawn || is_one_colour(bytes) {
            return Ok(None);
        }
        let visible = visible.intersect(frame);
        let cut = cut(bytes, frame, visible);
        Ok(cut.map(|rgb| Bitmap { rect: visible, rgb, method: CaptureMethod::Window }))
    });
    drawn.ok()?.ok()?
}

/// Whether all pixels have one colour, whatever their alpha: what a window that does not draw leaves behind.
fn is_one_colour(bytes: &[u8]) -> bool {
    let (pixels, _) = bytes.as_chunks::<PIXEL_BYTES>();
    let colour = |[blue, green, red, _]: &[u8; PIXEL_BYTES]| [*blue, *green, *red];
    let first = pixels.first().map(colour);
    pixels.iter().all(|pixel| Some(colour(pixel)) == first)
}

/// The pixels of the part of a bitmap of `frame` that shows `part`, which lies inside it.
fn cut(bytes: &[u8], frame: Rect, part: Rect) -> Option<Vec<u8>> {
    let length = |from: i32, to: i32| usize::try_from(to - from).ok();
    let stride = length(frame.left, frame.right)? * PIXEL_BYTES;
    let left = length(frame.left, part.left)? * PIXEL_BYTES;
    let right = length(frame.left, part.right)? * PIXEL_BYTES;
    let rows = bytes.chunks_exact(stride);
    let wanted = rows.skip(length(frame.top, part.top)?).take(length(part.top, part.bottom)?);
    let mut cut = Vec::with_capacity((right - left) * length(part.top, part.bottom)?);
    for row in wanted {
        cut.extend_from_slice(row.get(left..right)?);
    }
    Some(rgb_of(&cut))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_that_is_gone_counts_as_covered() {
        assert!(is_covered(hwnd(0x00DE_ADBE), Rect::new(0, 0, 9, 9)));
        assert!(!is_in_sight(hwnd(0x00DE_ADBE), Rect::new(0, 0, 9, 9)));
    }

    #[test]
    fn a_part_is_cut_out() {
        let frame = Rect::new(-1, 10, 2, 12);
        let bytes: Vec<u8> = (0..6u8).flat_map(|pixel| [pixel, pixel, pixel, 0]).collect();
        let part = cut(&bytes, frame, Rect::new(0, 11, 2, 12)).unwrap();
        assert_eq!(part, [4, 4, 4, 5, 5, 5]);
        assert!(!is_one_colour(&bytes));
        assert!(is_one_colour(&[7, 7, 7, 0, 7, 7, 7, 255]));
    }

    #[test]
    fn what_is_too_large_is_refused() {
        assert!(check_size(Rect::new(0, 0, 16_384, 4_096)).is_ok());
        assert!(check_size(Rect::new(0, 0, 16_385, 1)).is_err());
        assert!(check_size(Rect::new(0, 0, 16_384, 4_097)).is_err());
        assert!(check_size(Rect::default()).is_err());
    }
}
