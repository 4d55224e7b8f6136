//! Opening by handle: every name is opened below a folder that is held, and no link is followed by the system. Win32's
//! own calls take whole paths and follow what lies on them, so this is the one place that uses `NtCreateFile`.

use crate::identity::failed;
use crate::security::OwnedHandle;
use portcullis_platform::{FileFault, PortFault, PortResult};
use std::ffi::c_void;
use windows::Wdk::Foundation::OBJECT_ATTRIBUTES;
use windows::Wdk::Storage::FileSystem::{
    FILE_OPEN_FOR_BACKUP_INTENT, FILE_OPEN_REPARSE_POINT, FILE_SYNCHRONOUS_IO_NONALERT,
    NTCREATEFILE_CREATE_DISPOSITION, NTCREATEFILE_CREATE_OPTIONS, NtCreateFile,
};
use windows::Win32::Foundation::{
    HANDLE, NTSTATUS, OBJ_CASE_INSENSITIVE, STATUS_ACCESS_DENIED, STATUS_DELETE_PENDING, STATUS_DISK_FULL,
    STATUS_FILE_IS_A_DIRECTORY, STATUS_NO_SUCH_FILE, STATUS_NOT_A_DIRECTORY, STATUS_OBJECT_NAME_COLLISION,
    STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_NAME_NOT_FOUND, STATUS_OBJECT_PATH_NOT_FOUND, STATUS_SHARING_VIOLATION,
    STATUS_SUCCESS, UNICODE_STRING,
};
use windows::Win32::Storage::FileSystem::{
    FILE_ACCESS_RIGHTS, FILE_ATTRIBUTE_NORMAL, FILE_INFO_BY_HANDLE_CLASS, FILE_SHARE_DELETE, FILE_SHARE_READ,
    FILE_SHARE_WRITE, GetFileInformationByHandleEx, SYNCHRONIZE,
};
use windows::Win32::System::IO::IO_STATUS_BLOCK;
use windows::core::PWSTR;

/// How something is opened. Links are opened themselves, always.
#[derive(Clone, Copy)]
pub(super) struct How {
    pub(super) access: FILE_ACCESS_RIGHTS,
    pub(super) disposition: NTCREATEFILE_CREATE_DISPOSITION,
    pub(super) options: NTCREATEFILE_CREATE_OPTIONS,
}

/// What every opening asks for: answers in order, no rights but the user's own over folders, links themselves.
pub(super) fn options(more: NTCREATEFILE_CREATE_OPTIONS) -> NTCREATEFILE_CREATE_OPTIONS {
    more | FILE_SYNCHRONOUS_IO_NONALERT | FILE_OPEN_FOR_BACKUP_INTENT | FILE_OPEN_REPARSE_POINT
}

/// Opens `name`: a name below `folder`, the folder itself when the name is empty, or a name of the object manager.
pub(super) fn open(folder: Option<&OwnedHandle>, name: &str, how: How) -> PortResult<OwnedHandle> {
    let mut units: Vec<u16> = name.encode_utf16().collect();
    let bytes = u16::try_from(units.len().saturating_mul(size_of::<u16>())).map_err(|_| FileFault::Missing)?;
    let text = UNICODE_STRING { Length: bytes, MaximumLength: bytes, Buffer: PWSTR(units.as_mut_ptr()) };
    let attributes = OBJECT_ATTRIBUTES {
        Length: u32::try_from(size_of::<OBJECT_ATTRIBUTES>()).unwrap_or(0),
        RootDirectory: folder.map_or(HANDLE::default(), OwnedHandle::raw),
        ObjectName: &text,
        Attributes: OBJ_CASE_INSENSITIVE,
        ..OBJECT_ATTRIBUTES::default()
    };
    let (mut handle, mut status) = (HANDLE::default(), IO_STATUS_BLOCK::default());
    // SAFETY: the attributes, the text that they name and the out-structures are locals that outlive the call; the folder's
    // handle is open.
    let told = unsafe {
        NtCreateFile(
            &mut handle,
            how.access | SYNCHRONIZE,
            &attributes,
            &mut status,
            None,
            FILE_ATTRIBUTE_NORMAL,
            FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
            how.disposition,
            options(how.options),
            None,
            0,
        )
    };
    check(told, "NtCreateFile").map(|()| OwnedHandle::new(handle))
}

/// A status of the system's as a fault.
pub(super) fn check(status: NTSTATUS, call: &'static str) -> PortResult<()> {
    Err(match status {
        STATUS_SUCCESS => return Ok(()),
        STATUS_OBJECT_NAME_NOT_FOUND
        | STATUS_OBJECT_PATH_NOT_FOUND
        | STATUS_NO_SUCH_FILE
        | STATUS_OBJECT_NAME_INVALID
        | STATUS_DELETE_PENDING => FileFault::Missing.into(),
        STATUS_OBJECT_NAME_COLLISION => FileFault::Exists.into(),
        STATUS_NOT_A_DIRECTORY => FileFault::NotFolder.into(),
        STATUS_FILE_IS_A_DIRECTORY => FileFault::NotFile.into(),
        STATUS_ACCESS_DENIED => FileFault::AccessDenied.into(),
        STATUS_SHARING_VIOLATION => FileFault::InUse.into(),
        STATUS_DISK_FULL => FileFault::Full.into(),
        NTSTATUS(code) => PortFault::System { call, code: code.cast_unsigned() },
    })
}

/// A structure that the system tells about an open file.
///
/// # Safety
///
/// `T` is the structure that this class answers, and any bytes are a value of it.
pub(super) unsafe fn told<T: Default>(file: &OwnedHandle, class: FILE_INFO_BY_HANDLE_CLASS) -> PortResult<T> {
    let mut answer = T::default();
    let size = u32::try_from(size_of::<T>()).unwrap_or(0);
    let out: *mut c_void = std::ptr::from_mut(&mut answer).cast();
    // SAFETY: the structure is as large as said and outlives the call; the handle is open.
    unsafe { GetFileInformationByHandleEx(file.raw(), class, out, size) }
        .map_err(failed("GetFileInformationByHandleEx"))?;
    Ok(answer)
}
