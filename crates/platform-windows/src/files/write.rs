//! Making, filling, moving and deleting by handle. A new file is written beside its place and takes it in one step; what
//! is deleted or moved is what is held, whatever its name leads to by then.

use super::nt::{How, check, open};
use super::{Held, LOOK, Way, final_path, halves, identity, kind, told, walk};
use crate::helper::Helpers;
use crate::identity::failed;
use crate::security::{OwnedHandle, own_process};
use portcullis_model::{Access, Cancel, Deadline, Effect, FilePath};
use portcullis_platform::{FileFault, FileKind, FilePlace, HeldFile, LastLink, NewFile, Permit, PortFault, PortResult};
use std::ffi::c_void;
use std::mem::offset_of;
use std::sync::atomic::{AtomicU32, Ordering};
use windows::Wdk::Storage::FileSystem::{
    FILE_CREATE, FILE_DIRECTORY_FILE, FILE_INFORMATION_CLASS, FILE_NON_DIRECTORY_FILE, FILE_RENAME_INFORMATION,
    FILE_RENAME_POSIX_SEMANTICS, FILE_RENAME_REPLACE_IF_EXISTS, FileRenameInformation, FileRenameInformationEx,
    NtSetInformationFile,
};
use windows::Win32::Foundation::{ERROR_ACCESS_DENIED, ERROR_DISK_FULL};
use windows::Win32::Storage::FileSystem::{
    DELETE, FILE_APPEND_DATA, FILE_DISPOSITION_FLAG_DELETE, FILE_DISPOSITION_FLAG_IGNORE_READONLY_ATTRIBUTE,
    FILE_DISPOSITION_FLAG_POSIX_SEMANTICS, FILE_DISPOSITION_INFO, FILE_DISPOSITION_INFO_EX,
    FILE_DISPOSITION_INFO_EX_FLAGS, FILE_READ_ATTRIBUTES, FILE_STANDARD_INFO, FILE_WRITE_DATA, FileDispositionInfo,
    FileDispositionInfoEx, FileStandardInfo, FlushFileBuffers, GetDriveTypeW, SetFileInformationByHandle, WriteFile,
};
use windows::Win32::System::IO::{IO_STATUS_BLOCK, OVERLAPPED};
use windows::Win32::System::WindowsProgramming::DRIVE_FIXED;
use windows::Win32::UI::Shell::{
    FO_DELETE, FOF_ALLOWUNDO, FOF_NOCONFIRMATION, FOF_NOERRORUI, FOF_NORECURSEREPARSE, FOF_SILENT, SHFILEOPSTRUCTW,
    SHFileOperationW, SHQUERYRBINFO, SHQueryRecycleBinW,
};
use windows::core::{HSTRING, PCWSTR};

/// Deletions by the shell that are under way.
static SHELL: Helpers = Helpers::new();
/// Makes the names of files in the making differ within this process.
static NEXT: AtomicU32 = AtomicU32::new(1);

/// A place for something new: a folder that is held and a name in it.
struct Slot {
    folder: OwnedHandle,
    name: String,
    /// What lies there now.
    place: FilePlace,
}

impl Held {
    /// Where something may be put, when the permit covers what lies there now. Only a file is replaced.
    fn slot(&self, permit: &Permit, replace: bool) -> PortResult<Slot> {
        let now = self.now()?;
        let name = now.path.name().ok_or(FileFault::NotFile)?.to_owned();
        let folder = match self.way.rest.as_slice() {
            [_] => open(Some(&self.way.deepest), "", LOOK)?,
            [] => folder_of(&now.path)?,
            _ => return Err(FileFault::Missing.into()),
        };
        slot_in(folder, name, permit, replace)
    }
}

fn slot_in(folder: OwnedHandle, name: String, permit: &Permit, replace: bool) -> PortResult<Slot> {
    if kind(&folder)? != FileKind::Folder {
        return Err(FileFault::NotFolder.into());
    }
    let path = final_path(&folder)?.join(&name).map_err(|_| FileFault::LeadsAway)?;
    let found = match open(Some(&folder), &name, LOOK) {
        Ok(there) => Some((kind(&there)?, identity(&there)?)),
        Err(PortFault::File(FileFault::Missing)) => None,
        Err(fault) => return Err(fault),
    };
    let place = FilePlace { path, found };
    permit.require(Effect::WriteFiles, &place.one(Access::Write))?;
    match place.kind() {
        None => {}
        Some(FileKind::File) if replace => {}
        Some(FileKind::File) => return Err(FileFault::Exists.into()),
        Some(_) if replace => return Err(FileFault::NotFile.into()),
        Some(_) => return Err(FileFault::Exists.into()),
    }
    Ok(Slot { folder, name, place })
}

/// The folder that holds a path that was told by the system, and so has no link on it.
fn folder_of(path: &FilePath) -> PortResult<OwnedHandle> {
    let above = path.parent().ok_or(FileFault::NotFile)?;
    let Way { deepest, rest } = walk(&above, LastLink::Itself)?;
    if rest.is_empty() && final_path(&deepest)? == above { Ok(deepest) } else { Err(FileFault::Missing.into()) }
}

/// Makes the folder.
pub(super) fn make_folder(held: &Held, permit: &Permit) -> PortResult<()> {
    let slot = held.slot(permit, false)?;
    let how = How { access: FILE_READ_ATTRIBUTES, disposition: FILE_CREATE, options: FILE_DIRECTORY_FILE };
    open(Some(&slot.folder), &slot.name, how).map(drop)
}

/// A file in the making, beside the place that it will take.
struct Filling {
    slot: Slot,
    file: OwnedHandle,
    replace: bool,
    size: u64,
    finished: bool,
}

/// Begins a file for this place.
pub(super) fn fill(held: Held, permit: &Permit, replace: bool) -> PortResult<Box<dyn NewFile>> {
    let slot = held.slot(permit, replace)?;
    let name = format!("~portcullis-{}-{}.tmp", own_process(), NEXT.fetch_add(1, Ordering::Relaxed));
    let how = How {
        access: FILE_WRITE_DATA | FILE_READ_ATTRIBUTES | DELETE,
        disposition: FILE_CREATE,
        options: FILE_NON_DIRECTORY_FILE,
    };
    let file = open(Some(&slot.folder), &name, how)?;
    Ok(Box::new(Filling { slot, file, replace, size: 0, finished: false }))
}

impl NewFile for Filling {
    fn write(&mut self, bytes: &[u8]) -> PortResult<()> {
        write_at(&self.file, Some(self.size), bytes)?;
        self.size = self.size.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    fn finish(mut self: Box<Self>, permit: &Permit) -> PortResult<u64> {
        // SAFETY: the handle is open for writing.
        unsafe { FlushFileBuffers(self.file.raw()) }.map_err(failed("FlushFileBuffers"))?;
        let again = open(Some(&self.slot.folder), "", LOOK)?;
        let now = slot_in(again, self.slot.name.clone(), permit, self.replace)?;
        if now.place != self.slot.place {
            permit.require(Effect::WriteFiles, &now.place.one(Access::Write))?;
        }
        rename(&self.file, &now.folder, &now.name, self.replace)?;
        self.finished = true;
        size(&self.file)
    }
}

impl Drop for Filling {
    fn drop(&mut self) {
        if !self.finished {
            // What was begun goes; a failure leaves a file with a telling name.
            let _ = delete(&self.file);
        }
    }
}

fn size(file: &OwnedHandle) -> PortResult<u64> {
    // SAFETY: the structure is the one of this class, numbers and two flags that the system sets to 0 or 1.
    let standard: FILE_STANDARD_INFO = unsafe { told(file, FileStandardInfo) }?;
    Ok(standard.EndOfFile.unsigned_abs())
}

/// Adds to the end of a file.
pub(super) fn append(held: &Held, permit: &Permit, bytes: &[u8]) -> PortResult<u64> {
    held.covered(permit, Effect::WriteFiles, Access::Write, false)?;
    if held.place.kind() != Some(FileKind::File) {
        return Err(FileFault::NotFile.into());
    }
    let file = held.reopened(FILE_APPEND_DATA | FILE_READ_ATTRIBUTES, FILE_NON_DIRECTORY_FILE)?;
    write_at(&file, None, bytes)?;
    size(&file)
}

/// Writes all bytes: from `at` on, or at the end (`WriteFile` with both halves of the offset at their highest).
fn write_at(file: &OwnedHandle, at: Option<u64>, bytes: &[u8]) -> PortResult<()> {
    let (mut rest, mut at) = (bytes, at);
    while !rest.is_empty() {
        let mut place = OVERLAPPED::default();
        let [low, high] = halves(at.unwrap_or(u64::MAX));
        place.Anonymous.Anonymous.Offset = low;
        place.Anonymous.Anonymous.OffsetHigh = high;
        let mut written = 0;
        // SAFETY: the bytes go with their length; the handle is open for synchronous use, so all of it outlives the call.
        unsafe { WriteFile(file.raw(), Some(rest), Some(&mut written), Some(&mut place)) }.map_err(|error| {
            if error.code() == ERROR_DISK_FULL.to_hresult() {
                PortFault::File(FileFault::Full)
            } else {
                failed("WriteFile")(error)
            }
        })?;
        let count = usize::try_from(written).unwrap_or(0);
        if count == 0 {
            return Err(FileFault::Full.into());
        }
        rest = rest.get(count..).unwrap_or_default();
        at = at.map(|at| at.saturating_add(written.into()));
    }
    Ok(())
}

/// Gives an open file another place, by handle. What other programs have open, and let be deleted, is replaced where the
/// system can do that (`FileRenameInformationEx`, [MS-FSCC] 2.4.43); else what is open nowhere (2.4.42).
fn rename(file: &OwnedHandle, folder: &OwnedHandle, name: &str, replace: bool) -> PortResult<()> {
    let newer = FILE_RENAME_REPLACE_IF_EXISTS | FILE_RENAME_POSIX_SEMANTICS;
    if replace && rename_as(file, folder, name, newer, FileRenameInformationEx).is_ok() {
        return Ok(());
    }
    rename_as(file, folder, name, u32::from(replace), FileRenameInformation)
}

fn rename_as(
    file: &OwnedHandle,
    folder: &OwnedHandle,
    name: &str,
    flags: u32,
    class: FILE_INFORMATION_CLASS,
) -> PortResult<()> {
    let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let start = offset_of!(FILE_RENAME_INFORMATION, FileName);
    let length = start.saturating_add(name.len()).max(size_of::<FILE_RENAME_INFORMATION>());
    let mut bytes = vec![0_u8; length];
    let mut put = |at: usize, what: &[u8]| {
        if let Some(room) = bytes.get_mut(at..at.saturating_add(what.len())) {
            room.copy_from_slice(what);
        }
    };
    put(0, &flags.to_le_bytes());
    put(offset_of!(FILE_RENAME_INFORMATION, RootDirectory), &folder.raw().0.expose_provenance().to_le_bytes());
    put(offset_of!(FILE_RENAME_INFORMATION, FileNameLength), &u32::try_from(name.len()).unwrap_or(0).to_le_bytes());
    put(start, &name);
    // In words, so that it is aligned as the structure is.
    let words: Vec<u64> = bytes.chunks(8).map(word).collect();
    let mut status = IO_STATUS_BLOCK::default();
    // SAFETY: the buffer holds the structure with its name, is aligned and at least as long as said; both handles are open.
    let told = unsafe {
        NtSetInformationFile(
            file.raw(),
            &mut status,
            words.as_ptr().cast::<c_void>(),
            u32::try_from(length).unwrap_or(0),
            class,
        )
    };
    check(told, "FileRenameInformation")
}

fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, byte| (word << 8) | u64::from(*byte))
}

/// Moves what is held to the place of another.
pub(super) fn move_to(held: &Held, permit: &Permit, to: Box<dyn HeldFile>, replace: bool) -> PortResult<()> {
    held.covered(permit, Effect::RemoveFiles, Access::Write, false)?;
    let file = held.itself(DELETE | FILE_READ_ATTRIBUTES)?;
    let slot = to.as_any().downcast_ref::<Held>().ok_or(FileFault::OtherDrive)?.slot(permit, replace)?;
    // What is open is not replaced.
    drop(to);
    rename(&file, &slot.folder, &slot.name, slot.place.found.is_some())
}

/// Deletes what is held for good.
pub(super) fn remove(held: Held, permit: &Permit) -> PortResult<()> {
    held.covered(permit, Effect::RemoveFiles, Access::Write, false)?;
    delete(&held.itself(DELETE | FILE_READ_ATTRIBUTES)?)
    // Both handles are closed here; with the last of them the name is free.
}

/// Marks an open file as deleted. Windows before 1809 has no newer form, and read-only files refuse the older one.
fn delete(file: &OwnedHandle) -> PortResult<()> {
    let flags = FILE_DISPOSITION_FLAG_DELETE.0
        | FILE_DISPOSITION_FLAG_POSIX_SEMANTICS.0
        | FILE_DISPOSITION_FLAG_IGNORE_READONLY_ATTRIBUTE.0;
    let newer = FILE_DISPOSITION_INFO_EX { Flags: FILE_DISPOSITION_INFO_EX_FLAGS(flags) };
    let size = u32::try_from(size_of::<FILE_DISPOSITION_INFO_EX>()).unwrap_or(0);
    // SAFETY: the structure is that of the class, as large as said, and outlives the call; the handle is open.
    if unsafe { SetFileInformationByHandle(file.raw(), FileDispositionInfoEx, (&raw const newer).cast(), size) }.is_ok()
    {
        return Ok(());
    }
    let older = FILE_DISPOSITION_INFO { DeleteFile: true };
    let size = u32::try_from(size_of::<FILE_DISPOSITION_INFO>()).unwrap_or(0);
    // SAFETY: as above.
    unsafe { SetFileInformationByHandle(file.raw(), FileDispositionInfo, (&raw const older).cast(), size) }.map_err(
        |error| {
            if error.code() == ERROR_ACCESS_DENIED.to_hresult() {
                PortFault::File(FileFault::AccessDenied)
            } else {
                PortFault::System { call: "FileDispositionInfo", code: error.code().0.cast_unsigned() }
            }
        },
    )
}

/// Puts what is held into the recycle bin. The shell takes a path; the folders on it cannot be moved while the thing is
/// held, and what could be put in its place lies in the same folder.
pub(super) fn recycle(held: Held, permit: &Permit, deadline: Deadline, cancel: &Cancel) -> PortResult<bool> {
    held.covered(permit, Effect::RemoveFiles, Access::Write, true)?;
    let path = final_path(&held.way.deepest)?;
    // SAFETY: the text ends in NUL and outlives the call, which asks no medium.
    let drive = unsafe { GetDriveTypeW(&HSTRING::from(format!(r"{}:\", path.drive()))) };
    if drive != DRIVE_FIXED {
        return Err(PortFault::Unsupported("use a recycle bin on this drive; say `permanent: true`".to_owned()));
    }
    let pinned = folder_of(&path)?;
    let (code, grown) = SHELL.run(deadline, cancel, move || {
        // Held until the shell is done.
        let _pinned = pinned;
        let _held = held;
        let before = in_bin(&path);
        let code = shell_delete(&path);
        (code, before.zip(in_bin(&path)).is_some_and(|(before, after)| after > before))
    })?;
    match code {
        0 => Ok(grown),
        2 | 3 => Err(FileFault::Missing.into()),
        5 | 0x78 => Err(FileFault::AccessDenied.into()),
        32 => Err(FileFault::InUse.into()),
        code => Err(PortFault::System { call: "SHFileOperationW", code: code.cast_unsigned() }),
    }
}

/// How many things the recycle bin of the path's drive holds.
fn in_bin(path: &FilePath) -> Option<i64> {
    let mut told =
        SHQUERYRBINFO { cbSize: u32::try_from(size_of::<SHQUERYRBINFO>()).unwrap_or(0), ..SHQUERYRBINFO::default() };
    // SAFETY: the structure says its size; the text ends in NUL; both outlive the call.
    unsafe { SHQueryRecycleBinW(&HSTRING::from(format!(r"{}:\", path.drive())), &mut told) }.ok()?;
    Some(told.i64NumItems)
}

/// Without questions and windows; links themselves.
fn shell_delete(path: &FilePath) -> i32 {
    // A list of one name, which ends in an empty one.
    let names: Vec<u16> = path.as_str().encode_utf16().chain([0, 0]).collect();
    let flags = FOF_ALLOWUNDO | FOF_NOCONFIRMATION | FOF_SILENT | FOF_NOERRORUI | FOF_NORECURSEREPARSE;
    let mut operation = SHFILEOPSTRUCTW {
        wFunc: FO_DELETE,
        pFrom: PCWSTR(names.as_ptr()),
        fFlags: u16::try_from(flags.0).unwrap_or(0),
        ..SHFILEOPSTRUCTW::default()
    };
    // SAFETY: the list ends in two NULs and outlives the call.
    let code = unsafe { SHFileOperationW(&mut operation) };
    if code == 0 && operation.fAnyOperationsAborted.as_bool() { 5 } else { code }
}
