//! What a folder holds, in one enumeration by its handle: the layout of `FILE_ID_BOTH_DIR_INFO`, read from its bytes.

use super::reparse;
use crate::identity::failed;
use crate::security::OwnedHandle;
use portcullis_model::{Cancel, Effect, FilePath, Resource, Source, Untrusted};
use portcullis_platform::{FileFacts, FileKind, FolderEntries, Permit, PortResult, access_for};
use std::ffi::c_void;
use windows::Win32::Foundation::{ERROR_FILE_NOT_FOUND, ERROR_NO_MORE_FILES};
use windows::Win32::Storage::FileSystem::{
    FILE_ATTRIBUTE_DIRECTORY, FILE_ATTRIBUTE_HIDDEN, FILE_ATTRIBUTE_READONLY, FILE_ATTRIBUTE_REPARSE_POINT,
    FILE_ATTRIBUTE_SYSTEM, FileIdBothDirectoryInfo, FileIdBothDirectoryRestartInfo, GetFileInformationByHandleEx,
};

/// 8-byte words of one answer, which is laid out as structures that are aligned so.
const ANSWER_WORDS: usize = 16 * 1024;

/// Offsets in `FILE_ID_BOTH_DIR_INFO`.
const CREATED: usize = 8;
const ACCESSED: usize = 16;
const MODIFIED: usize = 24;
const END_OF_FILE: usize = 40;
const ATTRIBUTES: usize = 56;
const NAME_LENGTH: usize = 60;
/// `EaSize`, which is the tag of a reparse point.
const TAG: usize = 64;
const NAME: usize = 104;

/// The entries of a folder that is open for listing and lies at `path`.
pub(super) fn read(
    folder: &OwnedHandle,
    path: &FilePath,
    (permit, effect): (&Permit, Effect),
    cap: usize,
    cancel: &Cancel,
) -> PortResult<FolderEntries> {
    let mut answer = vec![0_u64; ANSWER_WORDS];
    let mut found = FolderEntries::default();
    let mut class = FileIdBothDirectoryRestartInfo;
    loop {
        cancel.check()?;
        let out: *mut c_void = answer.as_mut_ptr().cast();
        let size = u32::try_from(size_of_val(answer.as_slice())).unwrap_or(0);
        // SAFETY: the buffer is as large as said, aligned as the structures are, and outlives the call.
        match unsafe { GetFileInformationByHandleEx(folder.raw(), class, out, size) } {
            Ok(()) => {}
            Err(error)
                if [ERROR_NO_MORE_FILES, ERROR_FILE_NOT_FOUND].iter().any(|end| error.code() == end.to_hresult()) =>
            {
                return Ok(found);
            }
            Err(error) => return Err(failed("FileIdBothDirectoryInfo")(error)),
        }
        class = FileIdBothDirectoryInfo;
        let bytes: Vec<u8> = answer.iter().flat_map(|word| word.to_le_bytes()).collect();
        let mut at = 0_usize;
        while let Some(entry) = bytes.get(at..) {
            if let Some(facts) = facts(entry) {
                // A name that is no name here cannot be said again, so nothing could be done with it.
                let child = path.join(facts.name.raw()).ok();
                let shown = child.is_some_and(|path| {
                    let resource = Resource::File { path, identity: None, access: access_for(effect) };
                    permit.require(effect, &resource).is_ok()
                });
                if !shown {
                    found.withheld = found.withheld.saturating_add(1);
                } else if found.entries.len() >= cap {
                    found.more = true;
                    return Ok(found);
                } else {
                    found.entries.push(facts);
                }
            }
            match number(entry, 0).and_then(|next| usize::try_from(next).ok()) {
                Some(next) if next > 0 => at = at.saturating_add(next),
                _ => break,
            }
        }
    }
}

fn number(entry: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(entry.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn long(entry: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(entry.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

/// One entry; none of the folder itself and the one above.
fn facts(entry: &[u8]) -> Option<FileFacts> {
    let length = usize::try_from(number(entry, NAME_LENGTH)?).ok()?;
    let units = entry.get(NAME..NAME.checked_add(length)?)?.chunks_exact(2);
    let units: Vec<u16> = units.filter_map(|pair| Some(u16::from_le_bytes(pair.try_into().ok()?))).collect();
    let name = String::from_utf16_lossy(&units);
    if name == "." || name == ".." {
        return None;
    }
    let attributes = number(entry, ATTRIBUTES)?;
    let has = |bit: u32| attributes & bit != 0;
    let kind = if has(FILE_ATTRIBUTE_REPARSE_POINT.0) && reparse::is_link(number(entry, TAG)?) {
        FileKind::Link
    } else if has(FILE_ATTRIBUTE_DIRECTORY.0) {
        FileKind::Folder
    } else {
        FileKind::File
    };
    Some(FileFacts {
        name: Untrusted::new(Source::File, name),
        kind,
        size: if kind == FileKind::File { long(entry, END_OF_FILE)? } else { 0 },
        created: long(entry, CREATED)?,
        modified: long(entry, MODIFIED)?,
        accessed: long(entry, ACCESSED)?,
        read_only: has(FILE_ATTRIBUTE_READONLY.0),
        hidden: has(FILE_ATTRIBUTE_HIDDEN.0),
        system: has(FILE_ATTRIBUTE_SYSTEM.0),
    })
}
