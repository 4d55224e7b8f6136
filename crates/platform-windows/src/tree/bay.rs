//! A landing place for texts that the system copies without being told a size (`LB_GETTEXT`, `CB_GETLBTEXT`): what it
//! copies is as long as the target says at that moment, so unmapped memory follows: a text without end makes the message
//! fail instead of writing over our own data, and lengths need not be asked for beforehand.

use crate::identity;
use portcullis_platform::PortResult;
use windows::Win32::System::Memory::{MEM_COMMIT, MEM_RELEASE, MEM_RESERVE, PAGE_READWRITE, VirtualAlloc, VirtualFree};

/// UTF-16 units of the longest text that is taken.
const BAY_UNITS: usize = 1024 * 1024;
const BAY_BYTES: usize = 2 * BAY_UNITS;
/// Address space behind it that is never mapped.
const GUARD_BYTES: usize = 16 * 1024 * 1024;

/// Memory with a guard behind it, freed with the value.
#[derive(Debug)]
pub(super) struct Bay {
    base: *mut u16,
}

impl Bay {
    /// Reserves the place with its guard.
    pub(super) fn new() -> PortResult<Self> {
        // SAFETY: the system chooses the place.
        let reserved = unsafe { VirtualAlloc(None, BAY_BYTES + GUARD_BYTES, MEM_RESERVE, PAGE_READWRITE) };
        if reserved.is_null() {
            return Err(identity::last_error("VirtualAlloc"));
        }
        let bay = Self { base: reserved.cast() };
        // SAFETY: maps the beginning of what was just reserved.
        let mapped = unsafe { VirtualAlloc(Some(reserved), BAY_BYTES, MEM_COMMIT, PAGE_READWRITE) };
        if mapped.is_null() { Err(identity::last_error("VirtualAlloc")) } else { Ok(bay) }
    }

    /// The address, as a message parameter.
    pub(super) fn address(&self) -> isize {
        self.base.expose_provenance().cast_signed()
    }

    /// The first `units` UTF-16 units.
    pub(super) fn text(&self, units: usize) -> String {
        let units = units.min(BAY_UNITS);
        // SAFETY: so much is mapped and was zero when it was; only the message that has ended wrote to it.
        let units = unsafe { std::slice::from_raw_parts(self.base, units) };
        String::from_utf16_lossy(super::ask::up_to_nul(units))
    }
}

impl Drop for Bay {
    fn drop(&mut self) {
        // SAFETY: reserved by `new` and freed once.
        let _ = unsafe { VirtualFree(self.base.cast(), 0, MEM_RELEASE) };
    }
}
