//! Scratch memory inside a target, for the controls whose messages take pointers that the system does not carry across:
//! list and tree views, tabs, headers, tool and status bars, pickers. It holds questions and the target's own answers;
//! no code is ever put there.

use super::ask::Asker;
use crate::identity::{self, ProcessHandle};
use portcullis_model::{CancelReason, Rect};
use portcullis_platform::{PortFault, PortResult};
use std::cell::Cell;
use std::sync::{Mutex, PoisonError};
use windows::Win32::Foundation::HWND;
use windows::Win32::System::Diagnostics::Debug::{ReadProcessMemory, WriteProcessMemory};
use windows::Win32::System::Memory::{
    MEM_COMMIT, MEM_RELEASE, MEM_RESERVE, PAGE_READWRITE, VirtualAllocEx, VirtualFreeEx,
};
use windows::Win32::System::Threading::{
    IsWow64Process, PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_VM_OPERATION, PROCESS_VM_READ, PROCESS_VM_WRITE,
};

/// Bytes of the scratch memory: a status bar's longest text, which is copied without regard to any size, fits whole.
const SCRATCH_BYTES: usize = 132 * 1024;
/// Where a slot's text begins, behind the largest structure that is sent.
const TEXT_OFFSET: usize = 128;
/// UTF-16 units of one item's text, the terminator included.
pub(super) const TEXT_UNITS: usize = 260;
/// Bytes of one slot: a structure and its text.
const SLOT_BYTES: usize = TEXT_OFFSET + 2 * TEXT_UNITS;
/// Messages whose structures fit the scratch memory: so many are prepared with one write and fetched with one read.
const GROUP: usize = SCRATCH_BYTES / SLOT_BYTES;

/// Pieces of memory that may be left behind in one process. One that times out so often is not asked any more.
const LEFT_CAP: usize = 8;
/// Processes of which it is known how many pieces were left in them; above, the count of the one left to longest ago is
/// forgotten.
const PROCESS_CAP: usize = 64;

/// How many pieces were left in which process, told by its id and its start; the one left to last at the end.
static LEFT: Mutex<Vec<((u32, u64), usize)>> = Mutex::new(Vec::new());

fn left_in(process: (u32, u64)) -> usize {
    let left = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
    left.iter().find(|(known, _)| *known == process).map_or(0, |(_, count)| *count)
}

fn note_left(process: (u32, u64)) {
    let mut left = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
    let before = left.iter().position(|(known, _)| *known == process).map_or(0, |at| left.remove(at).1);
    if left.len() >= PROCESS_CAP {
        left.remove(0);
    }
    left.push((process, before + 1));
}

/// Whether a message that was sent was also answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// The target has done it.
    Answered,
    /// It was sent, and the target may do it later.
    Pending,
}

/// Memory in another process, freed with the value.
#[derive(Debug)]
pub(super) struct Scratch {
    process: ProcessHandle,
    /// Whose memory it is: the process and its start.
    whose: (u32, u64),
    base: usize,
    /// Whether pointers of the target are 64 bits wide.
    wide: bool,
    /// A message that timed out may still be answered later, into this memory: then it is left to the target, because
    /// freeing it would bring the target down.
    left: Cell<bool>,
}

impl Scratch {
    /// Makes room in the process that owns `window`.
    pub(super) fn beside(window: HWND) -> PortResult<Self> {
        let (_, process) = identity::owner(window);
        let whose = (process, identity::process_start(process).unwrap_or_default());
        if left_in(whose) >= LEFT_CAP {
            return Err(PortFault::Unsupported(
                "the program answers its lists too slowly to be asked again; they are not read any more".to_owned(),
            ));
        }
        let rights = PROCESS_VM_OPERATION | PROCESS_VM_READ | PROCESS_VM_WRITE | PROCESS_QUERY_LIMITED_INFORMATION;
        let process = ProcessHandle::open(process, rights)?;
        let wide = is_wide(&process)?;
        if wide && size_of::<usize>() < 8 {
            return Err(PortFault::Unsupported("a 32-bit server cannot read a 64-bit program's lists".to_owned()));
        }
        let kind = MEM_COMMIT | MEM_RESERVE;
        // SAFETY: the process handle is open; the system chooses the place.
        let memory = unsafe { VirtualAllocEx(process.raw(), None, SCRATCH_BYTES, kind, PAGE_READWRITE) };
        if memory.is_null() {
            return Err(identity::last_error("VirtualAllocEx"));
        }
        let scratch = Self { process, whose, base: memory.expose_provenance(), wide, left: Cell::new(false) };
        if !wide && u32::try_from(scratch.base + SCRATCH_BYTES).is_err() {
            return Err(PortFault::Unsupported("the 32-bit program has no memory in its own reach".to_owned()));
        }
        Ok(scratch)
    }

    /// The address of a slot, in the target.
    pub(super) fn slot(&self, number: usize) -> usize {
        self.base + number * SLOT_BYTES
    }

    /// An empty structure in the target's own layout.
    pub(super) fn record(&self) -> Record {
        Record { bytes: Vec::with_capacity(TEXT_OFFSET), wide: self.wide }
    }

    fn write(&self, address: usize, bytes: &[u8]) -> PortResult<()> {
        let from = bytes.as_ptr().cast();
        let to = std::ptr::without_provenance(address);
        // SAFETY: the source is a slice of the length given; the destination is checked by the system in its process.
        unsafe { WriteProcessMemory(self.process.raw(), to, from, bytes.len(), None) }
            .map_err(identity::failed("WriteProcessMemory"))
    }

    fn read(&self, address: usize, length: usize) -> PortResult<Vec<u8>> {
        let mut bytes = vec![0_u8; length];
        let from = std::ptr::without_provenance(address);
        let to = bytes.as_mut_ptr().cast();
        // SAFETY: the destination has the length given; the source is checked by the system in its process.
        unsafe { ReadProcessMemory(self.process.raw(), from, to, length, None) }
            .map_err(identity::failed("ReadProcessMemory"))?;
        Ok(bytes)
    }

    /// Asks many questions of one control: `questions` are first parameter and structure, in order, with one write and
    /// one read for each group. Gives what was answered before the first failure, and that failure.
    pub(super) fn ask_all(
        &self,
        asker: &Asker<'_>,
        control: HWND,
        message: u32,
        questions: usize,
        mut question: impl FnMut(usize, Slot) -> (usize, Record),
    ) -> (Vec<Answer>, Option<PortFault>) {
        let mut answers = Vec::with_capacity(questions);
        let mut first = 0;
        while first < questions {
            let group = GROUP.min(questions - first);
            match self.ask_group(asker, control, message, first, group, &mut question) {
                (mut some, None) => answers.append(&mut some),
                (mut some, fault) => {
                    answers.append(&mut some);
                    return (answers, fault);
                }
            }
            first += group;
        }
        (answers, None)
    }

    fn ask_group(
        &self,
        asker: &Asker<'_>,
        control: HWND,
        message: u32,
        first: usize,
        group: usize,
        question: &mut impl FnMut(usize, Slot) -> (usize, Record),
    ) -> (Vec<Answer>, Option<PortFault>) {
        let mut image = vec![0_u8; group * SLOT_BYTES];
        let mut parameters = Vec::with_capacity(group);
        for (number, place) in image.chunks_mut(SLOT_BYTES).enumerate() {
            let slot = Slot { text: self.slot(number) + TEXT_OFFSET };
            let (parameter, record) = question(first + number, slot);
            for (to, from) in place.iter_mut().zip(&record.bytes) {
                *to = *from;
            }
            parameters.push(parameter);
        }
        if let Err(fault) = self.write(self.base, &image) {
            return (Vec::new(), Some(fault));
        }
        let mut results = Vec::with_capacity(group);
        let mut fault = None;
        for (number, parameter) in parameters.into_iter().enumerate() {
            match self.send(asker, control, message, parameter, self.slot(number)) {
                Ok(result) => results.push(result),
                Err(why) => {
                    fault = Some(why);
                    break;
                }
            }
        }
        let bytes = match self.read(self.base, results.len() * SLOT_BYTES) {
            Ok(bytes) => bytes,
            Err(why) => return (Vec::new(), Some(why)),
        };
        let answers = results
            .into_iter()
            .zip(bytes.chunks(SLOT_BYTES))
            .enumerate()
            .map(|(number, (result, slot))| Answer {
                result,
                bytes: slot.to_vec(),
                text: self.slot(number) + TEXT_OFFSET,
                wide: self.wide,
            })
            .collect();
        (answers, fault)
    }

    /// Sends one message that carries an address of this memory.
    fn send(
        &self,
        asker: &Asker<'_>,
        control: HWND,
        message: u32,
        parameter: usize,
        address: usize,
    ) -> PortResult<isize> {
        // What was not sent is not answered later either.
        asker.ready(control)?;
        let answer = asker.send_now(control, message, parameter, address.cast_signed());
        if matches!(answer, Err(PortFault::Hung | PortFault::Interrupted(_))) {
            self.left.set(true);
        }
        answer
    }

    /// Asks one question whose structure is `record`, and gives the memory from there on, `length` bytes of it.
    pub(super) fn ask(
        &self,
        asker: &Asker<'_>,
        control: HWND,
        message: u32,
        parameter: usize,
        record: &Record,
        length: usize,
    ) -> PortResult<(isize, Vec<u8>)> {
        self.write(self.base, &record.bytes)?;
        let result = self.send(asker, control, message, parameter, self.base)?;
        let bytes = if length == 0 { Vec::new() } else { self.read(self.base, length.min(SCRATCH_BYTES))? };
        Ok((result, bytes))
    }

    /// Sends one message whose structure is `record`, for what it does. One that was sent and not answered in time may take
    /// effect later, so that it is no failure.
    pub(super) fn tell(
        &self,
        asker: &Asker<'_>,
        control: HWND,
        message: u32,
        parameter: usize,
        record: &Record,
    ) -> PortResult<Reached> {
        match self.ask(asker, control, message, parameter, record, 0) {
            Ok(_) => Ok(Reached::Answered),
            Err(PortFault::Hung) if self.left.get() => Ok(Reached::Pending),
            Err(PortFault::Interrupted(interrupted)) if self.left.get() && interrupted.0 == CancelReason::Deadline => {
                Ok(Reached::Pending)
            }
            Err(fault) => Err(fault),
        }
    }

    /// The text of an answer whose structure points to it at `pointer`: most controls copy it to where they were told,
    /// some point to their own.
    pub(super) fn text_of(&self, answer: &Answer, pointer: usize) -> String {
        let at = answer.pointer(pointer);
        if at == answer.text {
            return utf16(answer.bytes.get(TEXT_OFFSET..).unwrap_or_default());
        }
        if at == 0 || at == usize::MAX {
            return String::new();
        }
        self.read(at, 2 * TEXT_UNITS).map(|bytes| utf16(&bytes)).unwrap_or_default()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.left.get() {
            note_left(self.whose);
            return;
        }
        let memory = std::ptr::with_exposed_provenance_mut(self.base);
        // SAFETY: the memory is ours in that process and is freed once; a process that is gone has freed it itself.
        let _ = unsafe { VirtualFreeEx(self.process.raw(), memory, 0, MEM_RELEASE) };
    }
}

/// Whether the process' pointers are as wide as a 64-bit server's.
fn is_wide(process: &ProcessHandle) -> PortResult<bool> {
    let wow64 = |handle| {
        let mut answer = windows::core::BOOL::default();
        // SAFETY: the handle is open and the out-pointer is a local that outlives the call.
        unsafe { IsWow64Process(handle, &mut answer) }.map_err(identity::failed("IsWow64Process"))?;
        Ok::<bool, PortFault>(answer.as_bool())
    };
    if wow64(process.raw())? {
        return Ok(false);
    }
    // Not under WOW64 means as wide as the system; the system is 64 bits wide unless we are 32 and native.
    // SAFETY: no arguments; a constant that stands for this process.
    let own = unsafe { windows::Win32::System::Threading::GetCurrentProcess() };
    Ok(size_of::<usize>() == 8 || wow64(own)?)
}

/// Where a question's text may be put.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// The address of the text, in the target.
    pub(super) text: usize,
}

/// A structure in the making, in the target's layout: every field goes to its natural alignment.
#[derive(Debug)]
pub(super) struct Record {
    bytes: Vec<u8>,
    wide: bool,
}

impl Record {
    fn align(&mut self, to: usize) {
        let length = self.bytes.len().next_multiple_of(to);
        self.bytes.resize(length, 0);
    }

    /// A 32-bit field.
    pub(super) fn u32(mut self, value: u32) -> Self {
        self.align(4);
        self.bytes.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// A signed 32-bit field.
    pub(super) fn i32(self, value: i32) -> Self {
        self.u32(value.cast_unsigned())
    }

    /// An 8-bit field.
    pub(super) fn u8(mut self, value: u8) -> Self {
        self.bytes.push(value);
        self
    }

    /// A 16-bit field.
    pub(super) fn u16(mut self, value: u16) -> Self {
        self.align(2);
        self.bytes.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// A field as wide as a pointer.
    pub(super) fn pointer(mut self, value: usize) -> Self {
        let value = u64::try_from(value).unwrap_or(0);
        if self.wide {
            self.align(8);
            self.bytes.extend_from_slice(&value.to_le_bytes());
            self
        } else {
            let [a, b, c, d, ..] = value.to_le_bytes();
            self.u32(u32::from_le_bytes([a, b, c, d]))
        }
    }

    /// A rectangle whose left edge carries a code, as several messages want it.
    pub(super) fn rect(self, code: u32) -> Self {
        self.u32(code).u32(0).u32(0).u32(0)
    }

    /// Where the next field of the width of a pointer would lie.
    pub(super) fn next_pointer(&self) -> usize {
        self.bytes.len().next_multiple_of(if self.wide { 8 } else { 4 })
    }

    /// Where the next 32-bit field would lie.
    pub(super) fn next_u32(&self) -> usize {
        self.bytes.len().next_multiple_of(4)
    }
}

/// A structure as the target left it.
#[derive(Debug)]
pub(super) struct Answer {
    /// What the message answered.
    pub(super) result: isize,
    bytes: Vec<u8>,
    /// Where the question had told it to put a text.
    text: usize,
    wide: bool,
}

impl Answer {
    /// The 32-bit field at `offset`.
    pub(super) fn u32(&self, offset: usize) -> u32 {
        u32_at(&self.bytes, offset)
    }

    /// The byte at `offset`.
    pub(super) fn u8(&self, offset: usize) -> u8 {
        self.bytes.get(offset).copied().unwrap_or(0)
    }

    fn pointer(&self, offset: usize) -> usize {
        if !self.wide {
            return usize::try_from(self.u32(offset)).unwrap_or(0);
        }
        let low = u64::from(self.u32(offset));
        let high = u64::from(self.u32(offset + 4));
        usize::try_from(low | (high << 32)).unwrap_or(0)
    }

    /// The rectangle at the beginning.
    pub(super) fn rect(&self) -> Rect {
        rect_at(&self.bytes, 0)
    }
}

/// The 32-bit field at `offset`, zero beyond the end.
pub(super) fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    let field = bytes.get(offset..).and_then(|rest| rest.first_chunk::<4>());
    field.copied().map_or(0, u32::from_le_bytes)
}

/// The rectangle at `offset`.
pub(super) fn rect_at(bytes: &[u8], offset: usize) -> Rect {
    let edge = |number: usize| u32_at(bytes, offset + 4 * number).cast_signed();
    Rect::new(edge(0), edge(1), edge(2), edge(3))
}

/// The 16-bit field at `offset`, zero beyond the end.
pub(super) fn u16_at(bytes: &[u8], offset: usize) -> u16 {
    let field = bytes.get(offset..).and_then(|rest| rest.first_chunk::<2>());
    field.copied().map_or(0, u16::from_le_bytes)
}

/// UTF-16 up to its terminator.
pub(super) fn utf16(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16_at(pair, 0)).take_while(|unit| *unit != 0).collect();
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_model::{Cancel, Deadline};
    use std::time::Duration;
    use windows::Win32::UI::WindowsAndMessaging::{
        CreateWindowExW, DestroyWindow, HWND_MESSAGE, WINDOW_EX_STYLE, WINDOW_STYLE, WM_NULL,
    };
    use windows::core::w;

    #[test]
    fn memory_is_left_behind_only_for_a_message_that_was_sent() {
        let (ex_style, style) = (WINDOW_EX_STYLE(0), WINDOW_STYLE(0));
        // SAFETY: a class of the system, constant texts, and no parameter.
        let window = unsafe {
            CreateWindowExW(ex_style, w!("STATIC"), w!(""), style, 0, 0, 0, 0, Some(HWND_MESSAGE), None, None, None)
        };
        let window = window.unwrap();
        let cancel = Cancel::new();
        let scratch = Scratch::beside(window).unwrap();
        for (span, silent) in [(Duration::ZERO, false), (Duration::from_secs(60), true)] {
            let asker = Asker::new(Deadline::after(span), &cancel);
            if silent {
                asker.silence(window, PortFault::Hung);
            }
            assert!(scratch.ask(&asker, window, WM_NULL, 0, &scratch.record().u32(0), 0).is_err());
            assert!(!scratch.left.get(), "silent: {silent}");
        }
        let asker = Asker::new(Deadline::after(Duration::from_secs(60)), &cancel);
        scratch.ask(&asker, window, WM_NULL, 0, &scratch.record().u32(0), 4).unwrap();
        assert!(!scratch.left.get());
        // SAFETY: the window is ours.
        unsafe { DestroyWindow(window) }.unwrap();
    }

    #[test]
    fn what_was_left_is_counted_by_process_and_for_so_many_alone() {
        // Numbers that no process of this system has.
        let process = |number: u32| (u32::MAX - 1 - number, 1);
        for _ in 0..LEFT_CAP {
            note_left(process(0));
        }
        assert_eq!(left_in(process(0)), LEFT_CAP);
        assert_eq!(left_in((process(0).0, 2)), 0, "a process that got the number later");
        (1..=u32::try_from(PROCESS_CAP).unwrap()).for_each(|number| note_left(process(number)));
        assert_eq!((left_in(process(0)), left_in(process(1))), (0, 1));
    }

    #[test]
    fn a_structure_has_the_layout_of_its_target() {
        let record = |wide| Record { bytes: Vec::new(), wide }.u32(1).i32(-1).u32(3).pointer(0x11).i32(5);
        let wide = record(true);
        assert_eq!(wide.bytes.len(), 28);
        assert_eq!(u32_at(&wide.bytes, 16), 0x11);
        let narrow = record(false);
        assert_eq!(narrow.bytes.len(), 20);
        assert_eq!(u32_at(&narrow.bytes, 12), 0x11);
        assert_eq!(u32_at(&narrow.bytes, 16), 5);
    }

    #[test]
    fn what_lies_beyond_the_end_is_zero() {
        assert_eq!(u32_at(&[1, 2], 0), 0);
        assert_eq!(rect_at(&[], 0), Rect::default());
        assert_eq!(utf16(&[65, 0, 66, 0, 0, 0, 67, 0, 9]), "AB");
    }
}
