//! Files by handle. A path is walked name by name below what is held; a link on it is read and its target walked in the
//! same way, so that nothing is asked of another machine and nothing that is swapped on the way is used.

mod entries;
mod nt;
mod reparse;
mod write;

use crate::identity::{failed, last_error};
use crate::security::OwnedHandle;
use crate::system::user_profile;
use nt::{How, open, told};
use portcullis_model::{Access, Cancel, Deadline, Effect, FileIdentity, FilePath, Source, Untrusted};
use portcullis_platform::{
    FileFacts, FileFault, FileKind, FilePlace, FilePort, FolderEntries, HeldFile, LastLink, NewFile, Permit, PortFault,
    PortResult, access_for,
};
use std::any::Any;
use std::cell::RefCell;
use std::ffi::c_void;
use std::os::windows::io::AsRawHandle;
use windows::Wdk::Storage::FileSystem::{
    FILE_DIRECTORY_FILE, FILE_NON_DIRECTORY_FILE, FILE_OPEN, NTCREATEFILE_CREATE_OPTIONS,
};
use windows::Win32::Foundation::{ERROR_HANDLE_EOF, ERROR_NOT_A_REPARSE_POINT, HANDLE};
use windows::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, FILE_ACCESS_RIGHTS, FILE_ATTRIBUTE_DIRECTORY, FILE_ATTRIBUTE_HIDDEN,
    FILE_ATTRIBUTE_READONLY, FILE_ATTRIBUTE_RECALL_ON_DATA_ACCESS, FILE_ATTRIBUTE_REPARSE_POINT, FILE_ATTRIBUTE_SYSTEM,
    FILE_ATTRIBUTE_TAG_INFO, FILE_BASIC_INFO, FILE_ID_INFO, FILE_LIST_DIRECTORY, FILE_NAME_NORMALIZED,
    FILE_READ_ATTRIBUTES, FILE_READ_DATA, FILE_STANDARD_INFO, FileAttributeTagInfo, FileBasicInfo, FileIdInfo,
    FileStandardInfo, GetDriveTypeW, GetFileInformationByHandle, GetFinalPathNameByHandleW, ReadFile,
};
use windows::Win32::System::IO::{DeviceIoControl, OVERLAPPED};
use windows::Win32::System::Ioctl::FSCTL_GET_REPARSE_POINT;
use windows::Win32::System::WindowsProgramming::{DRIVE_CDROM, DRIVE_FIXED, DRIVE_RAMDISK, DRIVE_REMOVABLE};
use windows::core::HSTRING;

/// Links followed on one way.
const LINK_CAP: usize = 16;
/// UTF-16 units of a path that the system tells.
const PATH_CAP: usize = 32_768;
/// Bytes of what a link says (`MAXIMUM_REPARSE_DATA_BUFFER_SIZE`).
const REPARSE_CAP: usize = 16 * 1024;
/// How the system begins a path that it tells.
const TOLD: &str = r"\\?\";

/// Files through the system.
pub(crate) struct Win32Files;

impl FilePort for Win32Files {
    fn profile(&self) -> PortResult<FilePath> {
        let folder = user_profile().ok_or(FileFault::Missing)?;
        let held = folder.to_str().and_then(|text| FilePath::parse(text).ok()).ok_or(FileFault::LeadsAway)?;
        // As it really lies, so that it is compared with what files are told by.
        Ok(walk(&held, LastLink::Followed)?.place()?.path)
    }

    fn resolve(&self, path: &FilePath, last: LastLink) -> PortResult<Box<dyn HeldFile>> {
        Ok(Box::new(Held::new(walk(path, last)?)?))
    }
}

/// Only who and where.
const LOOK: How = How { access: FILE_READ_ATTRIBUTES, disposition: FILE_OPEN, options: NTCREATEFILE_CREATE_OPTIONS(0) };

/// A way as far as it goes: the deepest thing that is there, held, and the names that are not.
struct Way {
    deepest: OwnedHandle,
    rest: Vec<String>,
}

/// Walks from the drive down. Where we may not look, the way ends as where nothing is.
fn walk(path: &FilePath, last: LastLink) -> PortResult<Way> {
    let (mut path, mut links) = (path.clone(), 0_usize);
    'again: loop {
        let mut deepest = open_drive(path.drive())?;
        let names: Vec<&str> = path.names().collect();
        for (index, name) in names.iter().enumerate() {
            let next = match open(Some(&deepest), name, LOOK) {
                Ok(next) => next,
                Err(PortFault::File(_)) => {
                    let rest = names.iter().skip(index).map(|name| (*name).to_owned()).collect();
                    return Ok(Way { deepest, rest });
                }
                Err(fault) => return Err(fault),
            };
            let is_last = index.saturating_add(1) == names.len();
            if kind(&next)? == FileKind::Link && !(is_last && last == LastLink::Itself) {
                links = links.saturating_add(1);
                if links > LINK_CAP {
                    return Err(FileFault::TooManyLinks.into());
                }
                let mut to = reparse::target(&link_says(&next)?.unwrap_or_default(), &final_path(&deepest)?)?;
                for name in names.iter().skip(index.saturating_add(1)) {
                    to = to.join(name).map_err(|_| FileFault::LeadsAway)?;
                }
                path = to;
                continue 'again;
            }
            deepest = next;
        }
        return Ok(Way { deepest, rest: Vec::new() });
    }
}

/// The root of a drive of this machine. A mapped drive is another machine's.
fn open_drive(drive: char) -> PortResult<OwnedHandle> {
    // SAFETY: the text ends in NUL and outlives the call, which asks no medium.
    let kind = unsafe { GetDriveTypeW(&HSTRING::from(format!(r"{drive}:\"))) };
    if ![DRIVE_FIXED, DRIVE_REMOVABLE, DRIVE_CDROM, DRIVE_RAMDISK].contains(&kind) {
        return Err(FileFault::LeadsAway.into());
    }
    let how = How { options: FILE_DIRECTORY_FILE, ..LOOK };
    open(None, &format!(r"\??\{drive}:\"), how)
}

/// What an open handle is of. A mount of another file system may look like a link and say nothing: it is a folder.
fn kind(file: &OwnedHandle) -> PortResult<FileKind> {
    let (attributes, tag) = tag(file)?;
    Ok(if attributes & FILE_ATTRIBUTE_REPARSE_POINT.0 != 0 && reparse::is_link(tag) && link_says(file)?.is_some() {
        FileKind::Link
    } else if attributes & FILE_ATTRIBUTE_DIRECTORY.0 != 0 {
        FileKind::Folder
    } else {
        FileKind::File
    })
}

fn tag(file: &OwnedHandle) -> PortResult<(u32, u32)> {
    // SAFETY: the structure is the one of this class, two numbers.
    let tag: FILE_ATTRIBUTE_TAG_INFO = unsafe { told(file, FileAttributeTagInfo) }?;
    Ok((tag.FileAttributes, tag.ReparseTag))
}

/// What a link says; none of what is no reparse point.
fn link_says(link: &OwnedHandle) -> PortResult<Option<Vec<u8>>> {
    let mut buffer = vec![0_u8; REPARSE_CAP];
    let mut length = 0;
    let (out, size) = (buffer.as_mut_ptr().cast::<c_void>(), u32::try_from(buffer.len()).unwrap_or(0));
    // SAFETY: the buffer is as large as said, the handle is open for synchronous use, and both outlive the call.
    let told = unsafe {
        DeviceIoControl(link.raw(), FSCTL_GET_REPARSE_POINT, None, 0, Some(out), size, Some(&mut length), None)
    };
    match told {
        Ok(()) => {}
        Err(error) if error.code() == ERROR_NOT_A_REPARSE_POINT.to_hresult() => return Ok(None),
        Err(error) => return Err(failed("FSCTL_GET_REPARSE_POINT")(error)),
    }
    buffer.truncate(usize::try_from(length).unwrap_or(0));
    Ok(Some(buffer))
}

/// Where an open file lies now, with every link and short name replaced.
pub(crate) fn lies_at(file: &std::fs::File) -> PortResult<FilePath> {
    final_path_of(HANDLE(file.as_raw_handle()))
}

fn final_path(file: &OwnedHandle) -> PortResult<FilePath> {
    final_path_of(file.raw())
}

/// See `GetFinalPathNameByHandleW`. The handle is open.
fn final_path_of(file: HANDLE) -> PortResult<FilePath> {
    let mut buffer = vec![0_u16; PATH_CAP];
    // SAFETY: the handle is open; the buffer goes with its length and outlives the call.
    let length = unsafe { GetFinalPathNameByHandleW(file, &mut buffer, FILE_NAME_NORMALIZED) };
    if length == 0 {
        // It tells nothing of where the file lies, so that it leads away is not known either.
        return Err(last_error("GetFinalPathNameByHandleW"));
    }
    let units = usize::try_from(length).ok().and_then(|length| buffer.get(..length)).unwrap_or_default();
    let text = String::from_utf16(units).map_err(|_| FileFault::LeadsAway)?;
    let local = text.strip_prefix(TOLD).ok_or(FileFault::LeadsAway)?;
    FilePath::parse(local).map_err(|_| FileFault::LeadsAway.into())
}

fn identity(file: &OwnedHandle) -> PortResult<FileIdentity> {
    // SAFETY: the structure is the one of this class, numbers.
    if let Ok(id) = unsafe { told::<FILE_ID_INFO>(file, FileIdInfo) } {
        let file = u128::from_le_bytes(id.FileId.Identifier);
        return Ok(FileIdentity { volume: id.VolumeSerialNumber, file });
    }
    // FAT has no such answer; its numbers are 64 bits.
    let mut id = BY_HANDLE_FILE_INFORMATION::default();
    // SAFETY: the handle is open and the out-structure is a local.
    unsafe { GetFileInformationByHandle(file.raw(), &mut id) }.map_err(failed("GetFileInformationByHandle"))?;
    let number = (u128::from(id.nFileIndexHigh) << 32) | u128::from(id.nFileIndexLow);
    Ok(FileIdentity { volume: id.dwVolumeSerialNumber.into(), file: number })
}

impl Way {
    /// Where it leads at this moment.
    fn place(&self) -> PortResult<FilePlace> {
        let mut path = final_path(&self.deepest)?;
        for name in &self.rest {
            path = path.join(name).map_err(|_| FileFault::LeadsAway)?;
        }
        let found = if self.rest.is_empty() { Some((kind(&self.deepest)?, identity(&self.deepest)?)) } else { None };
        Ok(FilePlace { path, found })
    }
}

/// What a path led to.
struct Held {
    way: Way,
    place: FilePlace,
    /// Opened for reading once something is read.
    reader: RefCell<Option<OwnedHandle>>,
}

impl Held {
    fn new(way: Way) -> PortResult<Self> {
        Ok(Self { place: way.place()?, way, reader: RefCell::new(None) })
    }

    /// Where what is held lies at this moment. When its path leads to something else by now, it is that which is told: what
    /// the system says of a handle may be the name under which it was opened.
    fn now(&self) -> PortResult<FilePlace> {
        walk(&self.way.place()?.path, LastLink::Itself)?.place()
    }

    /// The handle, when the permit covers what it is of where that lies now.
    fn covered(&self, permit: &Permit, effect: Effect, access: Access, tree: bool) -> PortResult<&OwnedHandle> {
        let now = self.now()?;
        permit.require(effect, &if tree { now.tree(access) } else { now.one(access) })?;
        if now.found.is_some() {
            return Ok(&self.way.deepest);
        }
        // Nothing lies there, or we may not look: opening it says which.
        match self.way.rest.as_slice() {
            [name] => open(Some(&self.way.deepest), name, LOOK).and(Err(FileFault::Missing.into())),
            _ => Err(FileFault::Missing.into()),
        }
    }

    /// The same thing, opened for more. What has become a link meanwhile is not used.
    fn reopened(&self, access: FILE_ACCESS_RIGHTS, options: NTCREATEFILE_CREATE_OPTIONS) -> PortResult<OwnedHandle> {
        let file = open(Some(&self.way.deepest), "", How { access, disposition: FILE_OPEN, options })?;
        if kind(&file)? == FileKind::Link || Some(identity(&file)?) != self.place.found.map(|(_, id)| id) {
            return Err(FileFault::NotFile.into());
        }
        Ok(file)
    }

    /// The thing itself, a link too, opened for more.
    fn itself(&self, access: FILE_ACCESS_RIGHTS) -> PortResult<OwnedHandle> {
        open(Some(&self.way.deepest), "", How { access, disposition: FILE_OPEN, ..LOOK })
    }
}

impl HeldFile for Held {
    fn place(&self) -> &FilePlace {
        &self.place
    }

    fn facts(&self, permit: &Permit) -> PortResult<FileFacts> {
        let file = self.covered(permit, Effect::ListFiles, Access::Read, false)?;
        // SAFETY: the structure is the one of this class, numbers.
        let basic: FILE_BASIC_INFO = unsafe { told(file, FileBasicInfo) }?;
        // SAFETY: the structure is the one of this class, numbers and two flags that the system sets to 0 or 1.
        let standard: FILE_STANDARD_INFO = unsafe { told(file, FileStandardInfo) }?;
        let kind = kind(file)?;
        let name = self.place.path.name().unwrap_or(self.place.path.as_str());
        let has = |bit: u32| basic.FileAttributes & bit != 0;
        Ok(FileFacts {
            name: Untrusted::new(Source::File, name),
            kind,
            size: if kind == FileKind::File { standard.EndOfFile.unsigned_abs() } else { 0 },
            created: basic.CreationTime.unsigned_abs(),
            modified: basic.LastWriteTime.unsigned_abs(),
            accessed: basic.LastAccessTime.unsigned_abs(),
            read_only: has(FILE_ATTRIBUTE_READONLY.0),
            hidden: has(FILE_ATTRIBUTE_HIDDEN.0),
            system: has(FILE_ATTRIBUTE_SYSTEM.0),
        })
    }

    fn entries(&self, permit: &Permit, effect: Effect, cap: usize, cancel: &Cancel) -> PortResult<FolderEntries> {
        self.covered(permit, effect, access_for(effect), true)?;
        if self.place.kind() != Some(FileKind::Folder) {
            return Err(FileFault::NotFolder.into());
        }
        let folder = self.reopened(FILE_LIST_DIRECTORY, FILE_DIRECTORY_FILE)?;
        entries::read(&folder, &self.place.path, (permit, effect), cap, cancel)
    }

    fn child(&self, name: &str) -> PortResult<Box<dyn HeldFile>> {
        if !self.way.rest.is_empty() {
            let rest = self.way.rest.iter().cloned().chain([name.to_owned()]).collect();
            return Ok(Box::new(Self::new(Way { deepest: self.reopened(FILE_READ_ATTRIBUTES, LOOK.options)?, rest })?));
        }
        let way = match open(Some(&self.way.deepest), name, LOOK) {
            Ok(deepest) => Way { deepest, rest: Vec::new() },
            Err(PortFault::File(_)) => {
                let deepest = open(Some(&self.way.deepest), "", LOOK)?;
                Way { deepest, rest: vec![name.to_owned()] }
            }
            Err(fault) => return Err(fault),
        };
        Ok(Box::new(Self::new(way)?))
    }

    fn make_folder(&self, permit: &Permit) -> PortResult<()> {
        write::make_folder(self, permit)
    }

    fn fill(self: Box<Self>, permit: &Permit, replace: bool) -> PortResult<Box<dyn NewFile>> {
        write::fill(*self, permit, replace)
    }

    fn append(&self, permit: &Permit, bytes: &[u8]) -> PortResult<u64> {
        write::append(self, permit, bytes)
    }

    fn move_to(&self, permit: &Permit, to: Box<dyn HeldFile>, replace: bool) -> PortResult<()> {
        write::move_to(self, permit, to, replace)
    }

    fn remove(self: Box<Self>, permit: &Permit) -> PortResult<()> {
        write::remove(*self, permit)
    }

    fn recycle(self: Box<Self>, permit: &Permit, deadline: Deadline, cancel: &Cancel) -> PortResult<bool> {
        write::recycle(*self, permit, deadline, cancel)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn read(&self, permit: &Permit, offset: u64, limit: usize) -> PortResult<Vec<u8>> {
        let file = self.covered(permit, Effect::ReadFiles, Access::Read, false)?;
        if self.place.kind() != Some(FileKind::File) {
            return Err(FileFault::NotFile.into());
        }
        if tag(file)?.0 & FILE_ATTRIBUTE_RECALL_ON_DATA_ACCESS.0 != 0 {
            return Err(PortFault::Unsupported(
                "read a file that lies only in the cloud; keep it on this device first, in Explorer".to_owned(),
            ));
        }
        let mut reader = self.reader.borrow_mut();
        if reader.is_none() {
            *reader = Some(self.reopened(FILE_READ_DATA, FILE_NON_DIRECTORY_FILE)?);
        }
        match reader.as_ref() {
            Some(reader) => read_at(reader.raw(), offset, limit),
            None => Err(FileFault::Missing.into()),
        }
    }
}

/// At most `limit` bytes from `offset` on.
fn read_at(file: HANDLE, offset: u64, limit: usize) -> PortResult<Vec<u8>> {
    let mut bytes = vec![0_u8; limit];
    let mut length = 0;
    let mut at = OVERLAPPED::default();
    let [low, high] = halves(offset);
    at.Anonymous.Anonymous.Offset = low;
    at.Anonymous.Anonymous.OffsetHigh = high;
    // SAFETY: the buffer goes with its length; the handle is open for synchronous use, so all of it outlives the call.
    match unsafe { ReadFile(file, Some(&mut bytes), Some(&mut length), Some(&mut at)) } {
        Ok(()) => {}
        Err(error) if error.code() == ERROR_HANDLE_EOF.to_hresult() => length = 0,
        Err(error) => return Err(failed("ReadFile")(error)),
    }
    bytes.truncate(usize::try_from(length).unwrap_or(0));
    Ok(bytes)
}

/// The low and the high half of a number.
fn halves(number: u64) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = number.to_le_bytes();
    [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])]
}

#[cfg(test)]
mod tests;
