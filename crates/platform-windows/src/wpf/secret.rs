//! The user's secret for applications that open themselves: a file in the user's own folder, sealed by the system for this user.
//! What it proves is not known here.

use crate::identity::failed;
use crate::security::{Local, UserOnly};
use crate::system::known_folder;
use portcullis_platform::{PortFault, PortResult};
use std::fs;
use std::path::PathBuf;
use windows::Win32::Foundation::ERROR_ALREADY_EXISTS;
use windows::Win32::Security::Cryptography::{
    BCRYPT_USE_SYSTEM_PREFERRED_RNG, BCryptGenRandom, CRYPT_INTEGER_BLOB, CRYPTPROTECT_UI_FORBIDDEN, CryptProtectData,
    CryptUnprotectData,
};
use windows::Win32::Storage::FileSystem::CreateDirectoryW;
use windows::Win32::UI::Shell::FOLDERID_LocalAppData;
use windows::core::{HSTRING, PCWSTR};

/// The file, and what it is sealed with besides (`SECRET_FILE` and `SECRET_ENTROPY` of the protocol).
const FILE: &str = "wpf-sdk.secret";
const ENTROPY: &[u8] = b"portcullis wpf sdk 1";
/// Bytes of a new secret.
const SECRET_BYTES: usize = 32;
/// Bytes of the file.
const FILE_CAP: u64 = 4_096;

fn folder() -> PortResult<PathBuf> {
    let local = known_folder(&FOLDERID_LocalAppData);
    Ok(local.ok_or(PortFault::System { call: "SHGetKnownFolderPath", code: 0 })?.join("Portcullis"))
}

fn blob(bytes: &[u8]) -> CRYPT_INTEGER_BLOB {
    CRYPT_INTEGER_BLOB { cbData: u32::try_from(bytes.len()).unwrap_or(0), pbData: bytes.as_ptr().cast_mut() }
}

/// What the system gave, as bytes of our own.
fn taken(made: CRYPT_INTEGER_BLOB) -> Vec<u8> {
    let _memory = Local(made.pbData.cast());
    let length = usize::try_from(made.cbData).unwrap_or(0);
    if made.pbData.is_null() {
        return Vec::new();
    }
    // SAFETY: the system gave a block of that length, which is freed after this.
    unsafe { std::slice::from_raw_parts(made.pbData, length) }.to_vec()
}

/// The secret; none when nobody has made one. One that cannot be opened is a fault.
pub(crate) fn read() -> PortResult<Option<Vec<u8>>> {
    let path = folder()?.join(FILE);
    let fault = |_| PortFault::System { call: "ReadFile", code: 0 };
    match fs::metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fault(error)),
        Ok(facts) if facts.len() > FILE_CAP => return Err(PortFault::System { call: "CryptUnprotectData", code: 0 }),
        Ok(_) => {}
    }
    let sealed = fs::read(&path).map_err(fault)?;
    let (from, with) = (blob(&sealed), blob(ENTROPY));
    let mut made = CRYPT_INTEGER_BLOB::default();
    // SAFETY: both blobs point to living bytes, which are read; the third is filled.
    unsafe { CryptUnprotectData(&from, None, Some(&with), None, None, CRYPTPROTECT_UI_FORBIDDEN, &mut made) }
        .map_err(failed("CryptUnprotectData"))?;
    Ok(Some(taken(made)))
}

/// Makes a new secret in the place of the old one, and says where it is. Applications that were started before know the old one.
pub(crate) fn rotate() -> PortResult<PathBuf> {
    let mut secret = [0; SECRET_BYTES];
    // SAFETY: the buffer is a local that outlives the call.
    let made = unsafe { BCryptGenRandom(None, &mut secret, BCRYPT_USE_SYSTEM_PREFERRED_RNG) };
    made.ok().map_err(failed("BCryptGenRandom"))?;
    let (from, with) = (blob(&secret), blob(ENTROPY));
    let mut sealed = CRYPT_INTEGER_BLOB::default();
    // SAFETY: both blobs point to living bytes, which are read; the third is filled.
    unsafe { CryptProtectData(&from, PCWSTR::null(), Some(&with), None, None, CRYPTPROTECT_UI_FORBIDDEN, &mut sealed) }
        .map_err(failed("CryptProtectData"))?;
    let folder = folder()?;
    let admitted = UserOnly::folder()?;
    let attributes = admitted.attributes();
    // SAFETY: the path ends in NUL and the attributes outlive the call.
    let made = unsafe { CreateDirectoryW(&HSTRING::from(folder.as_os_str()), Some(&attributes)) };
    match made {
        Err(error) if error.code() != ERROR_ALREADY_EXISTS.to_hresult() => {
            return Err(failed("CreateDirectoryW")(error));
        }
        _ => {}
    }
    let fault = |_| PortFault::System { call: "WriteFile", code: 0 };
    let (path, part) = (folder.join(FILE), folder.join(format!("{FILE}.new")));
    fs::write(&part, taken(sealed)).map_err(fault)?;
    fs::rename(&part, &path).map_err(fault)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_secret_is_read_back_and_another_each_time() {
        let path = rotate().unwrap();
        let first = read().unwrap().unwrap();
        assert_eq!(first.len(), SECRET_BYTES);
        let file = fs::read(&path).unwrap();
        assert!(!file.windows(8).any(|window| first.windows(8).any(|part| part == window)), "it lies there open");
        rotate().unwrap();
        assert_ne!(read().unwrap().unwrap(), first);
        fs::write(&path, b"no sealed secret").unwrap();
        assert!(read().is_err());
        fs::remove_file(path).unwrap();
        assert_eq!(read().unwrap(), None);
    }
}
