//! The clipboard's text through the clipboard API. Text crosses unchanged, line ends included; what is too long is
//! refused and never cut, because a cut text would pass for the whole.

use crate::helper::Helpers;
use crate::identity::failed;
use portcullis_model::{Cancel, Deadline, Effect, Resource, Source, Untrusted};
use portcullis_platform::{ClipboardContent, ClipboardPort, Permit, PortFault, PortResult};
use std::time::Duration;
use windows::Win32::Foundation::{GlobalFree, HANDLE, HGLOBAL, HWND};
use windows::Win32::System::DataExchange::{
    CloseClipboard, EmptyClipboard, EnumClipboardFormats, GetClipboardData, GetClipboardFormatNameW,
    GetClipboardSequenceNumber, IsClipboardFormatAvailable, OpenClipboard, SetClipboardData,
};
use windows::Win32::System::Memory::{GMEM_MOVEABLE, GlobalAlloc, GlobalLock, GlobalSize, GlobalUnlock};
use windows::Win32::System::Ole::CF_UNICODETEXT;
use windows::Win32::UI::WindowsAndMessaging::{
    CreateWindowExW, DestroyWindow, HWND_MESSAGE, WINDOW_EX_STYLE, WINDOW_STYLE,
};
use windows::core::{PCWSTR, w};

/// UTF-16 units of the longest text that is read or written.
const TEXT_CAP: usize = 8 * 1024 * 1024;
/// Formats that are named when the clipboard holds no text.
const FORMAT_CAP: usize = 20;
/// Characters of a registered format's name.
const FORMAT_NAME_CAP: usize = 128;
/// How long to wait before asking again for a clipboard that somebody else has open.
const OPEN_POLL: Duration = Duration::from_millis(2);

static HELPERS: Helpers = Helpers::new();

/// The predefined formats, by their names in `winuser.h`.
const STANDARD_FORMATS: [(u32, &str); 18] = [
    (1, "CF_TEXT"),
    (2, "CF_BITMAP"),
    (3, "CF_METAFILEPICT"),
    (4, "CF_SYLK"),
    (5, "CF_DIF"),
    (6, "CF_TIFF"),
    (7, "CF_OEMTEXT"),
    (8, "CF_DIB"),
    (9, "CF_PALETTE"),
    (10, "CF_PENDATA"),
    (11, "CF_RIFF"),
    (12, "CF_WAVE"),
    (13, "CF_UNICODETEXT"),
    (14, "CF_ENHMETAFILE"),
    (15, "CF_HDROP"),
    (16, "CF_LOCALE"),
    (17, "CF_DIBV5"),
    (0x80, "CF_OWNERDISPLAY"),
];

/// The session's clipboard.
#[derive(Default)]
pub(crate) struct Win32Clipboard;

impl ClipboardPort for Win32Clipboard {
    fn sequence(&self) -> u32 {
        // SAFETY: no preconditions.
        unsafe { GetClipboardSequenceNumber() }
    }

    fn read(&self, permit: &Permit, deadline: Deadline) -> PortResult<ClipboardContent> {
        permit.require(Effect::ReadClipboard, &Resource::Clipboard)?;
        // The owner of the clipboard may render its text only now, and may hang: hence the helper.
        HELPERS.run(deadline, move || read(deadline))?
    }

    fn write(&self, permit: &Permit, text: &str, deadline: Deadline) -> PortResult<()> {
        permit.require(Effect::WriteClipboard, &Resource::Clipboard)?;
        if text.contains('\0') {
            return Err(PortFault::NotOperable(
                "hold a text with a NUL character: readers would take it for the end".to_owned(),
            ));
        }
        let mut units: Vec<u16> = text.encode_utf16().collect();
        check_size(units.len())?;
        units.push(0);
        HELPERS.run(deadline, move || write(&units, deadline))?
    }
}

fn check_size(units: usize) -> PortResult<()> {
    if units > TEXT_CAP {
        return Err(PortFault::NotOperable(format!(
            "pass a text of {units} UTF-16 units through the clipboard; the most is {TEXT_CAP}"
        )));
    }
    Ok(())
}

/// The open clipboard; closed when dropped.
struct Open;

impl Open {
    /// Opens it, waiting for whoever has it open.
    fn wait(owner: &OwnerWindow, deadline: Deadline) -> PortResult<Self> {
        let clock = Cancel::new();
        loop {
            // SAFETY: the owner is a window of this thread.
            match unsafe { OpenClipboard(Some(owner.0)) } {
                Ok(()) => return Ok(Self),
                Err(error) if deadline.passed() => return Err(failed("OpenClipboard")(error)),
                Err(_) => clock.wait(OPEN_POLL)?,
            }
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // SAFETY: this thread opened it. A failure leaves nothing to do.
        let _ = unsafe { CloseClipboard() };
    }
}

fn read(deadline: Deadline) -> PortResult<ClipboardContent> {
    let owner = OwnerWindow::create()?;
    let _open = Open::wait(&owner, deadline)?;
    let text = u32::from(CF_UNICODETEXT.0);
    // SAFETY: any number may be asked.
    if unsafe { IsClipboardFormatAvailable(text) }.is_ok() {
        // SAFETY: the clipboard is open; the handle stays the clipboard's and is used only while it is open.
        let data = unsafe { GetClipboardData(text) }.map_err(failed("GetClipboardData"))?;
        let units = Locked::of(HGLOBAL(data.0))?.text()?;
        let text = String::from_utf16_lossy(&units);
        return Ok(ClipboardContent::Text(Untrusted::new(Source::Clipboard, text)));
    }
    let names = format_names();
    Ok(if names.is_empty() { ClipboardContent::Empty } else { ClipboardContent::Other(names) })
}

/// A global memory block, locked.
struct Locked {
    block: HGLOBAL,
    start: *mut core::ffi::c_void,
}

impl Locked {
    fn of(block: HGLOBAL) -> PortResult<Self> {
        // SAFETY: the block is the clipboard's or ours, and alive.
        let start = unsafe { GlobalLock(block) };
        if start.is_null() {
            return Err(crate::identity::last_error("GlobalLock"));
        }
        Ok(Self { block, start })
    }

    /// The units up to the first NUL or the end of the block.
    fn text(&self) -> PortResult<Vec<u16>> {
        // SAFETY: the block is alive.
        let bytes = unsafe { GlobalSize(self.block) };
        // SAFETY: the block is locked, holds `bytes` bytes and is aligned as every heap block; nobody writes to it while
        // the clipboard is open.
        let units = unsafe { std::slice::from_raw_parts(self.start.cast::<u16>(), bytes / size_of::<u16>()) };
        let length = units.iter().position(|unit| *unit == 0).unwrap_or(units.len());
        check_size(length)?;
        Ok(units.get(..length).unwrap_or_default().to_vec())
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // SAFETY: the block was locked by us. The last unlock reports an "error" of 0, which says nothing.
        let _ = unsafe { GlobalUnlock(self.block) };
    }
}

fn format_names() -> Vec<String> {
    let mut names = Vec::new();
    let mut format = 0;
    while names.len() < FORMAT_CAP {
        // SAFETY: the clipboard is open; 0 or the format before.
        format = unsafe { EnumClipboardFormats(format) };
        if format == 0 {
            break;
        }
        names.push(format_name(format));
    }
    names
}

fn format_name(format: u32) -> String {
    if let Some((_, name)) = STANDARD_FORMATS.iter().find(|(number, _)| *number == format) {
        return (*name).to_owned();
    }
    let mut buffer = [0u16; FORMAT_NAME_CAP];
    // SAFETY: the buffer lives through the call and its length goes with it.
    let length = unsafe { GetClipboardFormatNameW(format, &mut buffer) };
    match usize::try_from(length).ok().and_then(|length| buffer.get(..length)) {
        // A program chooses the name: what could disguise itself is made visible.
        Some(name) if !name.is_empty() => {
            Untrusted::new(Source::Clipboard, String::from_utf16_lossy(name)).one_line(FORMAT_NAME_CAP)
        }
        _ => format!("format {format:#06x}"),
    }
}

/// A message-only window. `EmptyClipboard` makes it the owner of the new content; and a clipboard opened without any
/// window can be opened a second time by whoever has none either, so readers bring one too.
struct OwnerWindow(HWND);

impl OwnerWindow {
    fn create() -> PortResult<Self> {
        // SAFETY: a predefined class and constants; the window belongs to this thread and is destroyed by it.
        let made = unsafe {
            CreateWindowExW(
                WINDOW_EX_STYLE(0),
                w!("STATIC"),
                PCWSTR::null(),
                WINDOW_STYLE(0),
                0,
                0,
                0,
                0,
                Some(HWND_MESSAGE),
                None,
                None,
                None,
            )
        };
        made.map(Self).map_err(failed("CreateWindowExW"))
    }
}

impl Drop for OwnerWindow {
    fn drop(&mut self) {
        // SAFETY: this thread created it. The clipboard's content stays without an owner.
        let _ = unsafe { DestroyWindow(self.0) };
    }
}

fn write(units: &[u16], deadline: Deadline) -> PortResult<()> {
    let block = filled(units)?;
    let owner = OwnerWindow::create()?;
    let open = Open::wait(&owner, deadline)?;
    // SAFETY: the clipboard is open with our window.
    unsafe { EmptyClipboard() }.map_err(failed("EmptyClipboard"))?;
    // SAFETY: the block is movable, unlocked and ours; on success it is the clipboard's.
    let given = unsafe { SetClipboardData(u32::from(CF_UNICODETEXT.0), Some(HANDLE(block.0.0))) };
    given.map_err(failed("SetClipboardData"))?;
    std::mem::forget(block);
    drop(open);
    Ok(())
}

/// A movable block that is freed unless it was given away.
struct Block(HGLOBAL);

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: the block is ours and is freed once.
        let _ = unsafe { GlobalFree(Some(self.0)) };
    }
}

fn filled(units: &[u16]) -> PortResult<Block> {
    // SAFETY: no pointers; the block is owned by the value that is returned.
    let block = unsafe { GlobalAlloc(GMEM_MOVEABLE, size_of_val(units)) }.map_err(failed("GlobalAlloc"))?;
    let block = Block(block);
    let locked = Locked::of(block.0)?;
    // SAFETY: the block is locked and as long as `units`; the two do not overlap.
    unsafe { std::ptr::copy_nonoverlapping(units.as_ptr(), locked.start.cast(), units.len()) };
    drop(locked);
    Ok(block)
}
