//! Reading single texts and names of subkeys from the registry, for the ports' own facts. Nothing is written here, and
//! no caller's text becomes a key: the registry tools have a port of their own.

use windows::Win32::Foundation::ERROR_SUCCESS;
use windows::Win32::System::Registry::{
    HKEY, KEY_READ, KEY_WOW64_64KEY, REG_ROUTINE_FLAGS, RRF_NOEXPAND, RRF_RT_REG_EXPAND_SZ, RRF_RT_REG_SZ, RegCloseKey,
    RegEnumKeyExW, RegGetValueW, RegOpenKeyExW,
};
use windows::core::{HSTRING, PWSTR};

/// UTF-16 units of a text that is read.
const TEXT_CAP: usize = 4_096;
/// Characters of a key's name (255 and the NUL).
const KEY_NAME_CAP: usize = 256;

/// A text value, with variables expanded (`RRF_RT_REG_SZ` alone takes both kinds and expands); the default value when
/// `name` is empty.
pub(crate) fn text(root: HKEY, key: &str, name: &str) -> Option<String> {
    value(root, key, name, RRF_RT_REG_SZ)
}

/// A text value as it is written. Variables are those of this process, which whoever starts it makes.
pub(crate) fn text_unexpanded(root: HKEY, key: &str, name: &str) -> Option<String> {
    value(root, key, name, RRF_RT_REG_SZ | RRF_RT_REG_EXPAND_SZ | RRF_NOEXPAND)
}

fn value(root: HKEY, key: &str, name: &str, kinds: REG_ROUTINE_FLAGS) -> Option<String> {
    let mut buffer = vec![0u16; TEXT_CAP];
    let mut size = u32::try_from(TEXT_CAP * size_of::<u16>()).ok()?;
    let (key, name) = (HSTRING::from(key), HSTRING::from(name));
    // SAFETY: all texts end in NUL; the buffer is as large as `size` says in bytes, and all outlive the call.
    let told = unsafe {
        let out = Some(buffer.as_mut_ptr().cast());
        RegGetValueW(root, &key, &name, kinds, None, out, Some(&mut size))
    };
    if told != ERROR_SUCCESS {
        return None;
    }
    Some(String::from_utf16_lossy(buffer.split(|unit| *unit == 0).next().unwrap_or_default()))
}

/// An open key that closes itself.
pub(crate) struct Key(pub(crate) HKEY);

// SAFETY: keys belong to the process, not to a thread.
unsafe impl Send for Key {}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: the key is ours and is closed once. A failure leaves nothing to do.
        let _ = unsafe { RegCloseKey(self.0) };
    }
}

/// Names of the keys directly under `key`, at most `cap`; none when there is no such key.
pub(crate) fn subkeys(root: HKEY, key: &str, cap: u32) -> Vec<String> {
    let key = HSTRING::from(key);
    let mut opened = HKEY::default();
    // SAFETY: the text ends in NUL and the out-pointer is a local.
    let told = unsafe { RegOpenKeyExW(root, &key, None, KEY_READ | KEY_WOW64_64KEY, &mut opened) };
    if told != ERROR_SUCCESS {
        return Vec::new();
    }
    let opened = Key(opened);
    (0..cap).map_while(|index| subkey(&opened, index)).collect()
}

fn subkey(key: &Key, index: u32) -> Option<String> {
    let mut buffer = [0u16; KEY_NAME_CAP];
    let mut length = u32::try_from(KEY_NAME_CAP).ok()?;
    let out = Some(PWSTR(buffer.as_mut_ptr()));
    // SAFETY: the key is open; the buffer is as long as `length` says and outlives the call.
    let told = unsafe { RegEnumKeyExW(key.0, index, out, &mut length, None, None, None, None) };
    if told != ERROR_SUCCESS {
        return None;
    }
    buffer.get(..usize::try_from(length).ok()?).map(String::from_utf16_lossy)
}
