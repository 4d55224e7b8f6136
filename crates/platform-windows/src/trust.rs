//! Who can write a file, by its owner and its access list, and where the machine keeps what only administrators write.
//! Rights are only read here, never changed.

use crate::registry;
use crate::security::{Local, common_name, sid_text, user_sid};
use crate::system::known_folder;
use portcullis_platform::{Distrust, FileTrustPort, Keepers};
use std::ffi::c_void;
use std::path::{Path, PathBuf};
use windows::Win32::Foundation::ERROR_SUCCESS;
use windows::Win32::Security::Authorization::{GetNamedSecurityInfoW, SE_FILE_OBJECT};
use windows::Win32::Security::{
    ACCESS_ALLOWED_ACE, ACE_HEADER, ACL, DACL_SECURITY_INFORMATION, GetAce, OWNER_SECURITY_INFORMATION,
    PSECURITY_DESCRIPTOR, PSID,
};
use windows::Win32::System::Registry::HKEY_LOCAL_MACHINE;
use windows::Win32::System::SystemInformation::GetSystemWindowsDirectoryW;
use windows::Win32::UI::Shell::FOLDERID_ProgramData;
use windows::core::HSTRING;

/// The system's own account.
const SYSTEM: &str = "S-1-5-18";
/// The administrators' group.
const ADMINISTRATORS: &str = "S-1-5-32-544";
/// The rights by which a file, or what a folder holds, can be changed: write and append data, delete a child, delete,
/// change rights, take over, and the generic rights that hold these.
const WRITES: u32 = 0x2 | 0x4 | 0x40 | 0x1_0000 | 0x4_0000 | 0x8_0000 | 0x1000_0000 | 0x4000_0000;
/// The rights by which a file's content can be read: read data, and the generic right that holds it.
const READS: u32 = 0x1 | 0x8000_0000;
/// Entries that deny (`ACCESS_DENIED*_ACE_TYPE`).
const DENYING: [u8; 4] = [1, 6, 10, 12];
/// Entries that allow and are laid out as `ACCESS_ALLOWED_ACE` (`ACCESS_ALLOWED_ACE_TYPE` and its callback form).
const ALLOWING: [u8; 2] = [0, 9];
/// An entry that holds for what is made inside alone (`INHERIT_ONLY_ACE`).
const INHERIT_ONLY: u8 = 0x8;

/// Where Windows keeps where profiles lie, and the value for the data of all users' programs.
const PROFILES: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList";
const PROGRAM_DATA: &str = "ProgramData";
/// The one variable that the value is written with.
const SYSTEM_DRIVE: &str = "%systemdrive%";

/// The machine's folder for all users' program data: of the registry, where administrators alone write and from which the system
/// makes all other words for it; what the shell would tell costs the loading of the shell.
pub fn program_data() -> Option<PathBuf> {
    let written = registry::text_unexpanded(HKEY_LOCAL_MACHINE, PROFILES, PROGRAM_DATA);
    let absolute = |path: &PathBuf| path.is_absolute();
    let plain = written.and_then(|written| without_variable(&written, system_drive));
    let plain = plain.map(PathBuf::from).filter(absolute);
    plain.or_else(|| known_folder(&FOLDERID_ProgramData).filter(absolute))
}

/// The path as it is meant; none when it has another variable.
fn without_variable(written: &str, drive: impl FnOnce() -> Option<String>) -> Option<String> {
    let head = written.get(..SYSTEM_DRIVE.len()).filter(|head| head.eq_ignore_ascii_case(SYSTEM_DRIVE));
    let plain = match head {
        Some(head) => format!("{}{}", drive()?, written.get(head.len()..)?),
        None => written.to_owned(),
    };
    (!plain.contains('%')).then_some(plain)
}

/// The drive that Windows lies on, such as `C:`, as the system knows it.
fn system_drive() -> Option<String> {
    let mut path = [0_u16; 260];
    // SAFETY: the buffer is a local that outlives the call.
    let length = usize::try_from(unsafe { GetSystemWindowsDirectoryW(Some(&mut path)) }).ok()?;
    let text = String::from_utf16(path.get(..length)?).ok()?;
    text.get(..2).filter(|drive| drive.ends_with(':')).map(str::to_owned)
}

/// Trust by owner and access list.
pub struct AccessLists;

impl FileTrustPort for AccessLists {
    fn check(&self, path: &Path, keepers: Keepers) -> Result<(), Distrust> {
        let unknown = |why: String| unknown(path, &why);
        let trusted = trusted(path, keepers)?;
        let file = std::fs::canonicalize(path).map_err(|error| unknown(error.to_string()))?;
        let link = std::path::absolute(path).map_err(|error| unknown(error.to_string()))?;
        let folders = [file.parent(), link.parent()];
        for one in std::iter::once(file.as_path()).chain(folders.into_iter().flatten()) {
            if let Some(who) = stranger(one, &trusted, WRITES).map_err(&unknown)? {
                return Err(distrust(one, keepers, who, "write"));
            }
        }
        Ok(())
    }

    fn check_secret(&self, path: &Path, keepers: Keepers) -> Result<(), Distrust> {
        self.check(path, keepers)?;
        let trusted = trusted(path, keepers)?;
        match stranger(path, &trusted, WRITES | READS).map_err(|why| unknown(path, &why))? {
            Some(who) => Err(distrust(path, keepers, who, "read")),
            None => Ok(()),
        }
    }
}

fn unknown(path: &Path, why: &str) -> Distrust {
    Distrust {
        path: path.to_owned(),
        why: format!("its access rights cannot be read: {why}"),
        remedy: "make it readable for this user".to_owned(),
    }
}

/// Whose rights count for nothing.
fn trusted(path: &Path, keepers: Keepers) -> Result<Vec<String>, Distrust> {
    let mut trusted = vec![SYSTEM.to_owned(), ADMINISTRATORS.to_owned()];
    if keepers == Keepers::User {
        trusted.push(user_sid().map_err(|error| unknown(path, &error.to_string()))?);
    }
    Ok(trusted)
}

fn distrust(path: &Path, keepers: Keepers, stranger: Stranger, verb: &str) -> Distrust {
    let named = |sid: String| common_name(&sid).map_or(sid.clone(), |name| format!("{name} ({sid})"));
    let why = match stranger {
        Stranger::Owner(sid) => format!("it belongs to {}", named(sid)),
        Stranger::Everybody => format!("it has no access list, so everybody can {verb} it"),
        Stranger::Entry(sid) => format!("{} can {verb} it", named(sid)),
    };
    let who = if keepers == Keepers::User { "you, SYSTEM and Administrators" } else { "Administrators" };
    let remedy = format!("let nobody but {who} own and {verb} it, in Properties > Security or with icacls");
    Distrust { path: path.to_owned(), why, remedy }
}

/// Who else has a right to a file.
enum Stranger {
    /// Its owner, by SID.
    Owner(String),
    /// All, because it has no access list.
    Everybody,
    /// Who an entry of its access list names, by SID.
    Entry(String),
}

/// Who else has one of the rights to the file.
fn stranger(path: &Path, trusted: &[String], rights: u32) -> Result<Option<Stranger>, String> {
    let name = HSTRING::from(path.as_os_str());
    let (mut owner, mut list) = (PSID::default(), std::ptr::null_mut::<ACL>());
    let mut descriptor = PSECURITY_DESCRIPTOR::default();
    // SAFETY: the name ends in NUL and outlives the call; the out-pointers are locals. Owner and list point into the
    // descriptor, which is ours to free.
    let done = unsafe {
        GetNamedSecurityInfoW(
            &name,
            SE_FILE_OBJECT,
            OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
            Some(&mut owner),
            None,
            Some(&mut list),
            None,
            &mut descriptor,
        )
    };
    if done != ERROR_SUCCESS {
        return Err(format!("error {}", done.0));
    }
    let _memory = Local(descriptor.0);
    // SAFETY: the answer's owner lies in the living descriptor.
    let owner = unsafe { sid_text(owner) }.map_err(|error| error.to_string())?;
    if !trusted.contains(&owner) {
        return Ok(Some(Stranger::Owner(owner)));
    }
    if list.is_null() {
        return Ok(Some(Stranger::Everybody));
    }
    // SAFETY: the list is not null and lies in the living descriptor.
    let count = unsafe { (*list).AceCount };
    for index in 0..u32::from(count) {
        let mut entry = std::ptr::null_mut::<c_void>();
        // SAFETY: the list is valid, the index below its count, and the out-pointer is a local.
        unsafe { GetAce(list, index, &mut entry) }.map_err(|error| error.to_string())?;
        // SAFETY: `GetAce` gave an entry of the list, which lies in the living descriptor.
        let holder = unsafe { holder(entry, rights) }?;
        if let Some(sid) = holder.filter(|sid| !trusted.contains(sid)) {
            return Ok(Some(Stranger::Entry(sid)));
        }
    }
    Ok(None)
}

/// The SID to which an entry gives one of the rights, if it does.
///
/// # Safety
///
/// `entry` points to an entry of a valid access list in memory that is alive and does not change during the call.
unsafe fn holder(entry: *const c_void, rights: u32) -> Result<Option<String>, String> {
    // SAFETY: an entry begins with a header, and lists are aligned to 4 bytes; the caller vouches for the rest.
    let header: ACE_HEADER = unsafe { entry.cast::<ACE_HEADER>().read() };
    if DENYING.contains(&header.AceType) || header.AceFlags & INHERIT_ONLY != 0 {
        return Ok(None);
    }
    if !ALLOWING.contains(&header.AceType) {
        return Err(format!("an entry of its list has the unknown type {}", header.AceType));
    }
    // SAFETY: an entry of these types is laid out as ACCESS_ALLOWED_ACE and is at least as large.
    let allowed: ACCESS_ALLOWED_ACE = unsafe { entry.cast::<ACCESS_ALLOWED_ACE>().read() };
    if allowed.Mask & rights == 0 {
        return Ok(None);
    }
    let offset = std::mem::offset_of!(ACCESS_ALLOWED_ACE, SidStart);
    // SAFETY: the SID begins inside the entry, at this offset.
    let sid = unsafe { entry.byte_add(offset) };
    // SAFETY: the SID of an entry of a valid list is valid; its memory is the entry's.
    let text = unsafe { sid_text(PSID(sid.cast_mut())) };
    text.map(Some).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_all_users_is_what_the_shell_calls_so() {
        assert_eq!(program_data(), known_folder(&FOLDERID_ProgramData));
    }

    #[test]
    fn who_can_write_has_a_name_where_every_machine_has_one() {
        let why = |sid: &str| distrust(Path::new("x"), Keepers::User, Stranger::Entry(sid.to_owned()), "write").why;
        let everyone = why("S-1-1-0");
        assert!(everyone.ends_with(" (S-1-1-0) can write it") && !everyone.starts_with(' '), "{everyone}");
        for other in ["S-1-5-21-1-2-3-1001", "S-1-5-99-7"] {
            assert_eq!(why(other), format!("{other} can write it"));
        }
    }

    /// A variable of this process is whatever its starter made it.
    #[test]
    fn the_systems_drive_alone_is_put_in_for_a_variable() {
        let drive = || Some("D:".to_owned());
        for (written, plain) in [
            (r"%SystemDrive%\ProgramData", Some(r"D:\ProgramData")),
            (r"%systemdrive%\Data", Some(r"D:\Data")),
            (r"E:\Data", Some(r"E:\Data")),
            (r"%ProgramData%", None),
            (r"%SystemDrive%\%OTHER%", None),
            (r"C:\%SystemDrive%", None),
            ("%System", None),
            ("", Some("")),
        ] {
            assert_eq!(without_variable(written, drive).as_deref(), plain, "{written}");
        }
        assert_eq!(without_variable(r"%SystemDrive%\x", || None), None);
    }
}
