//! The clipboard's text through the clipboard API. Text crosses unchanged, line ends included; what is too long is
//! refused and never cut, because a cut text would pass for the whole.

mod lend;

use crate::helper::{Helpers, Missed};
use crate::identity::failed;
use portcullis_model::{Cancel, Deadline, Effect, Resource, Source, Untrusted};
use portcullis_platform::{ClipboardContent, ClipboardPort, LentClipboard, Permit, PortFault, PortResult};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use windows::Win32::Foundation::{GlobalFree, HANDLE, HGLOBAL, HWND, LPARAM, WPARAM};
use windows::Win32::System::DataExchange::{
    CloseClipboard, EmptyClipboard, EnumClipboardFormats, GetClipboardData, GetClipboardFormatNameW, GetClipboardOwner,
    GetClipboardSequenceNumber, IsClipboardFormatAvailable, OpenClipboard, RegisterClipboardFormatW, SetClipboardData,
};
use windows::Win32::System::Memory::{GMEM_MOVEABLE, GlobalAlloc, GlobalLock, GlobalSize, GlobalUnlock};
use windows::Win32::System::Ole::CF_UNICODETEXT;
use windows::Win32::UI::WindowsAndMessaging::{
    CreateWindowExW, DestroyWindow, HWND_MESSAGE, IsWindow, SMTO_ABORTIFHUNG, SendMessageTimeoutW, WINDOW_EX_STYLE,
    WINDOW_STYLE, WM_NULL,
};
use windows::core::{PCWSTR, w};

/// UTF-16 units of the longest text that is read or written.
const TEXT_CAP: usize = 8 * 1024 * 1024;
/// Formats that are named when the clipboard holds no text.
const FORMAT_CAP: usize = 20;
/// Characters of a registered format's name.
const FORMAT_NAME_CAP: usize = 128;
/// How long the program that copied may take to show that it answers.
const OWNER_WAIT_MS: u32 = 200;
/// How long to wait before asking again for a clipboard that somebody else has open.
const OPEN_POLL: Duration = Duration::from_millis(2);

/// Formats by which a program, such as a password manager, asks that nobody but the pasting program reads what it copied.
const MARKS: [PCWSTR; 2] = [w!("ExcludeClipboardContentFromMonitorProcessing"), w!("Clipboard Viewer Ignore")];

/// Formats by which a program says with a DWORD of 0 that what it copied shall not be kept: browsers mark copied passwords
/// with these alone. Another number is no mark. Source: "Clipboard Formats", cloud clipboard and clipboard history.
const KEPT_NOWHERE: [PCWSTR; 2] = [w!("CanIncludeInClipboardHistory"), w!("CanUploadToCloudClipboard")];

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
        HELPERS.run(deadline, &Cancel::new(), move || read(deadline))?
    }

    fn write(&self, permit: &Permit, text: &str, deadline: Deadline) -> PortResult<()> {
        permit.require(Effect::WriteClipboard, &Resource::Clipboard)?;
        let units = units_of(text)?;
        changed(deadline, move |turn| write(&units, deadline, turn))
    }

    fn lend(&self, permit: &Permit, text: &str, deadline: Deadline) -> PortResult<Box<dyn LentClipboard>> {
        permit.require(Effect::ReadClipboard, &Resource::Clipboard)?;
        permit.require(Effect::WriteClipboard, &Resource::Clipboard)?;
        let units = units_of(text)?;
        let lent = changed(deadline, move |turn| lend::lend(&HELPERS, &units, deadline, turn))?;
        Ok(Box::new(lent))
    }
}

/// A text as the clipboard holds it.
fn units_of(text: &str) -> PortResult<Vec<u16>> {
    if text.contains('\0') {
        return Err(PortFault::NotOperable(
            "hold a text with a NUL character: readers would take it for the end".to_owned(),
        ));
    }
    let mut units: Vec<u16> = text.encode_utf16().collect();
    check_size(units.len())?;
    units.push(0);
    Ok(units)
}

/// Changes the clipboard on a helper. After `Hung` it was not changed and will not be.
fn changed<T: Send + 'static>(
    deadline: Deadline,
    change: impl FnOnce(&Turn) -> PortResult<T> + Send + 'static,
) -> PortResult<T> {
    let turn = Turn::default();
    let theirs = turn.clone();
    match HELPERS.run(deadline, &Cancel::new(), move || change(&theirs)) {
        Err(Missed::Left(interrupted)) if !turn.take() => Err(interrupted.into()),
        other => other?,
    }
}

/// Who comes first: the helper that begins to change the clipboard, or the caller that gives up waiting for it.
#[derive(Clone, Default)]
struct Turn(Arc<AtomicBool>);

impl Turn {
    /// Whether it was still there to take. The helper then changes the clipboard; the caller knows that it never will.
    fn take(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
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
    require_owner_answers()?;
    if is_secret() {
        return Err(PortFault::Secret("the program that copied it marked it as not to be read by others".to_owned()));
    }
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

/// Whether the program that copied asked that nobody else reads it. What was put back here is kept by no history, and is no
/// secret for that.
fn is_secret() -> bool {
    MARKS.into_iter().any(|name| holds(name).is_some())
        || (holds(lend::PUT_BACK).is_none() && KEPT_NOWHERE.into_iter().any(is_zero))
}

/// Fails when the program that copied does not answer. It may be asked to render its text now, for which there is no time
/// limit, and as long as that lasts nobody in the session could copy or paste.
fn require_owner_answers() -> PortResult<()> {
    // SAFETY: no preconditions.
    let Ok(owner) = (unsafe { GetClipboardOwner() }) else { return Ok(()) };
    let mut answer = 0;
    // SAFETY: the out-pointer is a local that outlives the call, which ends within its limit.
    let told = unsafe {
        SendMessageTimeoutW(owner, WM_NULL, WPARAM(0), LPARAM(0), SMTO_ABORTIFHUNG, OWNER_WAIT_MS, Some(&mut answer))
    };
    // SAFETY: any handle value may be asked.
    let there = unsafe { IsWindow(Some(owner)) }.as_bool();
    if told.0 == 0 && there { Err(PortFault::Hung) } else { Ok(()) }
}

/// The number of the format of that name, when the clipboard holds it.
fn holds(name: PCWSTR) -> Option<u32> {
    // SAFETY: the name ends in NUL.
    let format = unsafe { RegisterClipboardFormatW(name) };
    // SAFETY: any number may be asked.
    (format != 0 && unsafe { IsClipboardFormatAvailable(format) }.is_ok()).then_some(format)
}

/// Whether the clipboard holds a format of that name with the number 0 in it. What cannot be read counts as 0.
fn is_zero(name: PCWSTR) -> bool {
    let Some(format) = holds(name) else { return false };
    // SAFETY: the clipboard is open; the handle stays the clipboard's and is used only while it is open.
    let data = unsafe { GetClipboardData(format) };
    let number = data.ok().and_then(|data| Locked::of(HGLOBAL(data.0)).ok()).and_then(|block| block.number());
    number.unwrap_or(0) == 0
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

    /// The DWORD at the start of the block, when it is long enough.
    fn number(&self) -> Option<u32> {
        // SAFETY: the block is alive.
        if unsafe { GlobalSize(self.block) } < size_of::<u32>() {
            return None;
        }
        // SAFETY: the block is locked and holds at least a DWORD; no alignment is asked for.
        Some(unsafe { self.start.cast::<u32>().read_unaligned() })
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

fn write(units: &[u16], deadline: Deadline, turn: &Turn) -> PortResult<()> {
    let block = filled(units)?;
    let owner = OwnerWindow::create()?;
    let open = Open::wait(&owner, deadline)?;
    if !turn.take() {
        // The caller was told that nothing was written.
        return Err(PortFault::Hung);
    }
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

/// A block of units or bytes. A block of nothing cannot be locked, so it has a byte.
fn filled<T: Copy>(units: &[T]) -> PortResult<Block> {
    // SAFETY: no pointers; the block is owned by the value that is returned.
    let block = unsafe { GlobalAlloc(GMEM_MOVEABLE, size_of_val(units).max(1)) }.map_err(failed("GlobalAlloc"))?;
    let block = Block(block);
    let locked = Locked::of(block.0)?;
    // SAFETY: the block is locked, as long as `units` and aligned as every heap block; the two do not overlap.
    unsafe { std::ptr::copy_nonoverlapping(units.as_ptr(), locked.start.cast(), units.len()) };
    drop(locked);
    Ok(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tests of the one clipboard of the session take turns.
    static ONE_CLIPBOARD: std::sync::Mutex<()> = std::sync::Mutex::new(());

    fn soon() -> Deadline {
        Deadline::after(Duration::from_secs(9))
    }

    fn units(text: &str) -> Vec<u16> {
        text.encode_utf16().chain([0]).collect()
    }

    #[test]
    fn a_caller_that_gave_up_finds_the_clipboard_as_it_was() {
        let _one = ONE_CLIPBOARD.lock().unwrap();
        write(&units("before"), soon(), &Turn::default()).unwrap();
        let late = Turn::default();
        assert!(late.take());
        assert_eq!(write(&units("late"), soon(), &late), Err(PortFault::Hung));
        let kept = ClipboardContent::Text(Untrusted::new(Source::Clipboard, "before".to_owned()));
        assert_eq!(read(soon()), Ok(kept));
    }

    #[test]
    fn a_text_that_is_marked_as_a_secret_is_not_read() {
        let _one = ONE_CLIPBOARD.lock().unwrap();
        // A format's units, and whether the text beside it is a secret.
        let marks = MARKS.map(|mark| (mark, vec![0_u16], true)).into_iter();
        let kept = KEPT_NOWHERE.into_iter().flat_map(|name| {
            [(vec![0, 0], true), (vec![1, 0], false), (vec![0, 1], false), (vec![0], true)]
                .map(|(number, secret)| (name, number, secret))
        });
        for (mark, content, secret) in marks.chain(kept) {
            write(&units("canary"), soon(), &Turn::default()).unwrap();
            {
                let owner = OwnerWindow::create().unwrap();
                let _open = Open::wait(&owner, soon()).unwrap();
                // SAFETY: the name ends in NUL.
                let format = unsafe { RegisterClipboardFormatW(mark) };
                let block = filled(&content).unwrap();
                // SAFETY: the clipboard is open; the block is movable, unlocked and ours, and then the clipboard's.
                unsafe { SetClipboardData(format, Some(HANDLE(block.0.0))) }.unwrap();
                std::mem::forget(block);
            }
            assert_eq!(matches!(read(soon()), Err(PortFault::Secret(_))), secret, "{content:?}");
        }
        write(&units(""), soon(), &Turn::default()).unwrap();
    }

    fn text() -> PortResult<ClipboardContent> {
        read(soon())
    }

    fn plain(text: &str) -> PortResult<ClipboardContent> {
        Ok(ClipboardContent::Text(Untrusted::new(Source::Clipboard, text.to_owned())))
    }

    /// A format of a program's own, beside the text.
    fn add(name: PCWSTR, content: &[u8]) -> u32 {
        let owner = OwnerWindow::create().unwrap();
        let _open = Open::wait(&owner, soon()).unwrap();
        // SAFETY: the name ends in NUL.
        let format = unsafe { RegisterClipboardFormatW(name) };
        let block = filled(content).unwrap();
        // SAFETY: the clipboard is open; the block is movable, unlocked and ours, and then the clipboard's.
        unsafe { SetClipboardData(format, Some(HANDLE(block.0.0))) }.unwrap();
        std::mem::forget(block);
        format
    }

    fn holds_bytes(format: u32, content: &[u8]) -> bool {
        let owner = OwnerWindow::create().unwrap();
        let _open = Open::wait(&owner, soon()).unwrap();
        // SAFETY: the clipboard is open; the handle is used only while it is.
        let Ok(data) = (unsafe { GetClipboardData(format) }) else { return false };
        let block = Locked::of(HGLOBAL(data.0)).unwrap();
        block.bytes().starts_with(content)
    }

    #[test]
    fn what_was_there_is_put_back_in_every_format_and_the_lent_text_is_marked() {
        let _one = ONE_CLIPBOARD.lock().unwrap();
        for round in 0..2 {
            if round == 0 {
                write(&units("before"), soon(), &Turn::default()).unwrap();
                add(w!("HTML Format"), b"<b>before</b>");
            }
            // What was put back once can be kept again.
            let mut lent = lend::lend(&HELPERS, &units("lent"), soon(), &Turn::default()).unwrap();
            assert!(matches!(text(), Err(PortFault::Secret(_))), "no program that watches the clipboard keeps it");
            // SAFETY: the name ends in NUL.
            let html = unsafe { RegisterClipboardFormatW(w!("HTML Format")) };
            assert!(!holds_bytes(html, b"<b>"), "nothing of what was there stands beside it");
            assert_eq!(lent.put_back(soon()), Ok(true));
            assert_eq!(text(), plain("before"));
            assert!(holds_bytes(html, b"<b>before</b>"));
            let owner = OwnerWindow::create().unwrap();
            let _open = Open::wait(&owner, soon()).unwrap();
            assert!(KEPT_NOWHERE.into_iter().all(is_zero), "no history gets it a second time");
        }
        // Dropped in the middle of a call.
        drop(lend::lend(&HELPERS, &units("lent"), soon(), &Turn::default()).unwrap());
        assert_eq!(text(), plain("before"));
        // Somebody copied meanwhile.
        let mut lent = lend::lend(&HELPERS, &units("lent"), soon(), &Turn::default()).unwrap();
        write(&units("theirs"), soon(), &Turn::default()).unwrap();
        assert_eq!(lent.put_back(soon()), Ok(false));
        assert_eq!(text(), plain("theirs"));
    }

    #[test]
    fn what_cannot_be_kept_or_is_secret_is_not_touched() {
        let _one = ONE_CLIPBOARD.lock().unwrap();
        write(&units("before"), soon(), &Turn::default()).unwrap();
        let late = Turn::default();
        assert!(late.take());
        let refused = |turn: &Turn| lend::lend(&HELPERS, &units("lent"), soon(), turn).err();
        assert_eq!(refused(&late), Some(PortFault::Hung));
        {
            let owner = OwnerWindow::create().unwrap();
            let _open = Open::wait(&owner, soon()).unwrap();
            // A format of one program, of which nobody else knows what it is.
            let block = filled(&[1u8]).unwrap();
            // SAFETY: the clipboard is open; the block is movable, unlocked and ours, and then the clipboard's.
            unsafe { SetClipboardData(0x201, Some(HANDLE(block.0.0))) }.unwrap();
            std::mem::forget(block);
        }
        assert!(matches!(refused(&Turn::default()), Some(PortFault::NotOperable(_))));
        assert_eq!(text(), plain("before"));
        write(&units("canary"), soon(), &Turn::default()).unwrap();
        add(MARKS[0], &[0]);
        assert!(matches!(refused(&Turn::default()), Some(PortFault::Secret(_))));
        write(&units(""), soon(), &Turn::default()).unwrap();
    }
}
