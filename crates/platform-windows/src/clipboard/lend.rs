//! A text on the clipboard for the length of one paste, and what was there before put back in every format. What cannot be
//! kept whole is not touched; nothing here decides when to paste.

use super::{Block, KEPT_NOWHERE, Locked, MARKS, Open, OwnerWindow, Turn, filled, format_name, holds, is_secret};
use crate::helper::Helpers;
use crate::identity::failed;
use portcullis_model::{Cancel, Deadline};
use portcullis_platform::{LentClipboard, PortFault, PortResult};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use windows::Win32::Foundation::{HANDLE, HGLOBAL};
use windows::Win32::System::DataExchange::{
    EmptyClipboard, EnumClipboardFormats, GetClipboardData, IsClipboardFormatAvailable, RegisterClipboardFormatW,
    SetClipboardData,
};
use windows::Win32::System::Memory::GlobalSize;
use windows::Win32::System::Ole::CF_UNICODETEXT;
use windows::core::{PCWSTR, w};

/// Bytes of all formats that are kept.
const KEPT_CAP: usize = 64 * 1024 * 1024;
/// Formats that are kept.
const KEPT_FORMATS: usize = 200;
/// How long putting back may take when nobody asked for it.
const DROP_LIMIT: Duration = Duration::from_secs(1);

/// The format whose number says that the text is still the lent one.
const LENT: PCWSTR = w!("Portcullis.Lent");
/// The format that says that the marks of [`KEPT_NOWHERE`] are ours: what was put back is no secret, but no history needs it
/// a second time.
pub(super) const PUT_BACK: PCWSTR = w!("Portcullis.PutBack");

/// Formats of OLE's own bookkeeping, which name a window that no longer stands behind the content.
const BOOKKEEPING: [&str; 2] = ["DataObject", "Ole Private Data"];
/// Formats that Windows makes out of others: a bitmap and its palette out of a device-independent one.
const CF_BITMAP: u32 = 2;
const CF_PALETTE: u32 = 9;
const CF_DIB: u32 = 8;
const CF_DIBV5: u32 = 17;
/// Formats whose content is no block of memory: metafiles, what its owner draws, and those of single programs.
const NO_BLOCKS: [std::ops::RangeInclusive<u32>; 5] = [3..=3, 14..=14, 0x80..=0x80, 0x81..=0x8e, 0x200..=0x3ff];

static NUMBERS: AtomicU32 = AtomicU32::new(0);

/// One format with its bytes.
type Kept = (u32, Vec<u8>);

/// What was there before, and by which number the text that stands in for it is known.
pub(super) struct Lent {
    helpers: &'static Helpers,
    kept: Option<Vec<Kept>>,
    number: [u8; 8],
}

impl LentClipboard for Lent {
    fn put_back(&mut self, deadline: Deadline) -> PortResult<bool> {
        let Some(kept) = self.kept.take() else { return Ok(false) };
        let number = self.number;
        self.helpers.run(deadline, &Cancel::new(), move || put_back(&kept, number, deadline))?
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // Whoever lent it was cut short. A failure leaves the text that was lent, which no history has.
        let _ = self.put_back(Deadline::after(DROP_LIMIT));
    }
}

/// Keeps what is there and puts the text in its place, unless the caller gave up first.
pub(super) fn lend(helpers: &'static Helpers, units: &[u16], deadline: Deadline, turn: &Turn) -> PortResult<Lent> {
    let text = filled(units)?;
    let number = own_number();
    let mut marks = marks(LENT, &number)?;
    for name in MARKS {
        marks.push((format(name)?, filled(&[0u8; 4])?));
    }
    let owner = OwnerWindow::create()?;
    let open = Open::wait(&owner, deadline)?;
    super::require_owner_answers()?;
    if is_secret() {
        return Err(PortFault::Secret("the program that copied it marked it as not to be read by others".to_owned()));
    }
    let kept = keep_all()?;
    if !turn.take() {
        // The caller was told that nothing was changed.
        return Err(PortFault::Hung);
    }
    // From here on what is kept is put back, however this ends.
    let lent = Lent { helpers, kept: Some(kept), number };
    // The number first, so that even a text that could not be given is known as ours.
    let given = replace(marks.into_iter().chain([(u32::from(CF_UNICODETEXT.0), text)]));
    drop(open);
    given.map(|()| lent)
}

/// Hands the blocks to the clipboard, which is open with our window, in place of what is there.
fn replace(blocks: impl IntoIterator<Item = (u32, Block)>) -> PortResult<()> {
    // SAFETY: the clipboard is open with our window.
    unsafe { EmptyClipboard() }.map_err(failed("EmptyClipboard"))?;
    for (format, block) in blocks {
        // SAFETY: the clipboard is open; the block is movable, unlocked and ours; on success it is the clipboard's.
        unsafe { SetClipboardData(format, Some(HANDLE(block.0.0))) }.map_err(failed("SetClipboardData"))?;
        std::mem::forget(block);
    }
    Ok(())
}

/// A number that no other text on the clipboard has.
fn own_number() -> [u8; 8] {
    let mut number = [0; 8];
    let (process, count) = number.split_at_mut(4);
    process.copy_from_slice(&std::process::id().to_le_bytes());
    count.copy_from_slice(&NUMBERS.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    number
}

/// A content's own mark, and those by which no history and no other computer gets it.
fn marks(own: PCWSTR, number: &[u8]) -> PortResult<Vec<(u32, Block)>> {
    let mut marks = vec![(format(own)?, filled(number)?)];
    for name in KEPT_NOWHERE {
        marks.push((format(name)?, filled(&[0u8; 4])?));
    }
    Ok(marks)
}

fn format(name: PCWSTR) -> PortResult<u32> {
    // SAFETY: the name ends in NUL.
    match unsafe { RegisterClipboardFormatW(name) } {
        0 => Err(crate::identity::last_error("RegisterClipboardFormatW")),
        format => Ok(format),
    }
}

/// Every format that is there with its bytes, or why one cannot be kept.
fn keep_all() -> PortResult<Vec<Kept>> {
    // SAFETY: any number may be asked.
    let there = |format: u32| unsafe { IsClipboardFormatAvailable(format) }.is_ok();
    let (mut kept, mut bytes, mut format): (Vec<Kept>, usize, u32) = (Vec::new(), 0, 0);
    loop {
        // SAFETY: the clipboard is open; 0 or the format before.
        format = unsafe { EnumClipboardFormats(format) };
        if format == 0 {
            return Ok(kept);
        }
        let made_of_others = matches!(format, CF_BITMAP | CF_PALETTE) && (there(CF_DIB) || there(CF_DIBV5));
        let name = format_name(format);
        if made_of_others || BOOKKEEPING.contains(&name.as_str()) {
            continue;
        }
        let refuse = |why: &str| PortFault::NotOperable(format!("keep what is on the clipboard: {name} {why}"));
        if NO_BLOCKS.iter().any(|range| range.contains(&format)) || matches!(format, CF_BITMAP | CF_PALETTE) {
            return Err(refuse("is no block of memory"));
        }
        let content = content(format).ok_or_else(|| refuse("cannot be read"))?;
        bytes = bytes.saturating_add(content.len());
        if bytes > KEPT_CAP || kept.len() >= KEPT_FORMATS {
            return Err(refuse(&format!("is beyond {KEPT_CAP} bytes or {KEPT_FORMATS} formats")));
        }
        kept.push((format, content));
    }
}

/// The bytes of a format that is a block of memory.
fn content(format: u32) -> Option<Vec<u8>> {
    // SAFETY: the clipboard is open; the handle stays the clipboard's and is used only while it is open.
    let data = unsafe { GetClipboardData(format) }.ok()?;
    Some(Locked::of(HGLOBAL(data.0)).ok()?.bytes().to_vec())
}

impl Locked {
    /// All bytes of the block.
    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: the block is alive.
        let length = unsafe { GlobalSize(self.block) };
        // SAFETY: the block is locked and holds `length` bytes; nobody writes to it while the clipboard is open.
        unsafe { std::slice::from_raw_parts(self.start.cast::<u8>(), length) }
    }
}

/// Puts back what was kept, unless somebody has replaced the lent text.
fn put_back(kept: &[Kept], number: [u8; 8], deadline: Deadline) -> PortResult<bool> {
    let marks = if kept.is_empty() { Vec::new() } else { marks(PUT_BACK, &[0])? };
    let mut blocks = Vec::with_capacity(kept.len());
    for (format, content) in kept {
        blocks.push((*format, filled(content)?));
    }
    // What was kept may have been put back once before, and has the marks already.
    blocks.extend(marks.into_iter().filter(|(format, _)| !kept.iter().any(|(known, _)| known == format)));
    let owner = OwnerWindow::create()?;
    let _open = Open::wait(&owner, deadline)?;
    let is_lent = holds(LENT).and_then(content).is_some_and(|content| content.starts_with(&number));
    if !is_lent {
        return Ok(false);
    }
    replace(blocks).map(|()| true)
}
