//! The registry as tools use it: keys by handle, judged by the name that the kernel gives them, which is asked again when
//! the key is used. The ports' own facts are read in `registry`.

mod data;
mod names;
mod write;

use crate::registry::Key;
use crate::security::user_sid;
use portcullis_model::{Cancel, Effect, Hive, RegistryKey, RegistryView, Source, Untrusted};
use portcullis_platform::{
    HeldKey, KeyEntries, KeyNames, KeyPlace, Permit, PortFault, PortResult, Put, RegistryData, RegistryFault,
    RegistryPort, RegistryValue,
};
use windows::Wdk::System::Registry::{KeyNameInformation, NtQueryKey};
use windows::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_FILE_NOT_FOUND, ERROR_MORE_DATA, ERROR_NO_MORE_ITEMS, ERROR_SUCCESS, HANDLE,
    STATUS_KEY_DELETED, STATUS_SUCCESS, WIN32_ERROR,
};
use windows::Win32::System::Registry::{
    HKEY, HKEY_CLASSES_ROOT, HKEY_CURRENT_CONFIG, HKEY_CURRENT_USER, HKEY_LOCAL_MACHINE, HKEY_USERS, KEY_READ,
    KEY_WOW64_32KEY, KEY_WOW64_64KEY, REG_OPTION_OPEN_LINK, REG_SAM_FLAGS, REG_VALUE_TYPE, RegEnumKeyExW,
    RegEnumValueW, RegOpenKeyExW, RegQueryValueExW,
};
use windows::core::{HSTRING, PWSTR};

/// 8-byte words of a key's name as the kernel tells it: 32,767 UTF-16 units and their count.
const NAME_WORDS: usize = 8_200;
/// UTF-16 units of a key's name (255 and the NUL) and of a value's (16,383 and the NUL).
const KEY_UNITS: usize = 256;
const VALUE_UNITS: usize = 16_384;
/// Bytes of a value.
const DATA_CAP: usize = 1024 * 1024;

/// The registry through the system.
pub(crate) struct Win32Registry;

impl RegistryPort for Win32Registry {
    fn resolve(&self, key: &RegistryKey, view: RegistryView) -> PortResult<Box<dyn HeldKey>> {
        let names: Vec<&str> = key.path().split('\\').filter(|name| !name.is_empty()).collect();
        for count in (0..=names.len()).rev() {
            let (above, below) = names.split_at_checked(count).unwrap_or_default();
            let opened = match open(key.hive(), &above.join("\\"), view) {
                Ok(opened) => opened,
                // The key above it says where it would be.
                Err(ERROR_FILE_NOT_FOUND | ERROR_ACCESS_DENIED) if count > 0 => continue,
                Err(error) => return Err(fault(error, "RegOpenKeyExW")),
            };
            // A hive that is opened by itself is no handle that the kernel knows, and the hive is its own name.
            let named = if count == 0 { None } else { Some(real_key(&opened)?) };
            let real = named.clone().or_else(|| RegistryKey::below(key.hive(), "").ok()).ok_or(RegistryFault::NoKey)?;
            let path = [real.path()].into_iter().filter(|path| !path.is_empty()).chain(below.iter().copied());
            let path: Vec<&str> = path.filter(|name| !names::is_view(name)).collect();
            let real = RegistryKey::below(real.hive(), &path.join("\\"))
                .map_err(|_| PortFault::Unsupported("read a key with such a name".to_owned()))?;
            let place = KeyPlace { key: real, view, found: below.is_empty() };
            let missing = below.iter().map(|name| (*name).to_owned()).collect();
            return Ok(Box::new(Held { opened, named, missing, place }));
        }
        Err(RegistryFault::NoKey.into())
    }
}

fn open(hive: Hive, path: &str, view: RegistryView) -> Result<Key, WIN32_ERROR> {
    let root = match hive {
        Hive::ClassesRoot => HKEY_CLASSES_ROOT,
        Hive::CurrentUser => HKEY_CURRENT_USER,
        Hive::LocalMachine => HKEY_LOCAL_MACHINE,
        Hive::Users => HKEY_USERS,
        Hive::CurrentConfig => HKEY_CURRENT_CONFIG,
    };
    open_below(root, path, KEY_READ | eyes(view), None)
}

/// The key of this path below an open one; that very key when the path is empty.
fn open_below(above: HKEY, path: &str, rights: REG_SAM_FLAGS, options: Option<u32>) -> Result<Key, WIN32_ERROR> {
    let mut opened = HKEY::default();
    // SAFETY: the key above is open or a hive; the text ends in NUL and outlives the call; the out-pointer is a local.
    let told = unsafe { RegOpenKeyExW(above, &HSTRING::from(path), options, rights, &mut opened) };
    if told == ERROR_SUCCESS { Ok(Key(opened)) } else { Err(told) }
}

fn eyes(view: RegistryView) -> REG_SAM_FLAGS {
    match view {
        RegistryView::Bits64 => KEY_WOW64_64KEY,
        RegistryView::Bits32 => KEY_WOW64_32KEY,
    }
}

/// The key that is open, by the name that the kernel has for it: no alias, link or view stands in that.
fn real_key(key: &Key) -> PortResult<RegistryKey> {
    let mut answer = vec![0_u64; NAME_WORDS];
    let mut length = 0;
    let size = u32::try_from(size_of_val(answer.as_slice())).unwrap_or(0);
    let out = Some(answer.as_mut_ptr().cast());
    // SAFETY: the key is open; the buffer is as large as said, aligned, and outlives the call.
    let told = unsafe { NtQueryKey(HANDLE(key.0.0), KeyNameInformation, out, size, &mut length) };
    if told == STATUS_KEY_DELETED {
        return Err(RegistryFault::NoKey.into());
    }
    if told != STATUS_SUCCESS {
        return Err(PortFault::System { call: "NtQueryKey", code: told.0.cast_unsigned() });
    }
    let bytes: Vec<u8> = answer.iter().flat_map(|word| word.to_le_bytes()).collect();
    let user = user_sid().map_err(crate::identity::failed("the user's SID"))?;
    let name = names::of_answer(&bytes).ok_or(RegistryFault::NoKey)?;
    names::key(&name, &user).ok_or_else(|| PortFault::Unsupported("read a key outside of the hives".to_owned()))
}

fn fault(error: WIN32_ERROR, call: &'static str) -> PortFault {
    match error {
        ERROR_FILE_NOT_FOUND => RegistryFault::NoKey.into(),
        ERROR_ACCESS_DENIED => RegistryFault::AccessDenied.into(),
        WIN32_ERROR(code) => PortFault::System { call, code },
    }
}

struct Held {
    /// The key, or the lowest one above it that is there.
    opened: Key,
    /// What the kernel called that when it was opened; none of a hive.
    named: Option<RegistryKey>,
    /// Names below it that are not there.
    missing: Vec<String>,
    place: KeyPlace,
}

impl Held {
    fn covered(&self, permit: &Permit, effect: Effect) -> PortResult<&Key> {
        permit.require(effect, &self.place.needed_for(effect))?;
        if !self.place.found {
            return Err(RegistryFault::NoKey.into());
        }
        self.require_same(&self.opened)?;
        Ok(&self.opened)
    }

    /// Fails when the handle's key is not called as it was: a key can be renamed while it is open.
    fn require_same(&self, key: &Key) -> PortResult<()> {
        match &self.named {
            Some(named) if real_key(key)? != *named => Err(RegistryFault::Changed.into()),
            _ => Ok(()),
        }
    }

    /// The same key with further rights.
    fn reopened(&self, rights: REG_SAM_FLAGS) -> PortResult<Key> {
        let rights = KEY_READ | rights | eyes(self.place.view);
        // Also when it is a link: what is held is the link itself then.
        let options = Some(REG_OPTION_OPEN_LINK.0);
        let key = open_below(self.opened.0, "", rights, options).map_err(|error| fault(error, "RegOpenKeyExW"))?;
        self.require_same(&key)?;
        Ok(key)
    }
}

impl HeldKey for Held {
    fn place(&self) -> &KeyPlace {
        &self.place
    }

    fn value(&self, permit: &Permit, name: &str) -> PortResult<RegistryData> {
        let (kind, bytes) = raw(self.covered(permit, Effect::ReadRegistry)?, name)?;
        Ok(data::of(kind, bytes))
    }

    fn entries(&self, permit: &Permit, cap: usize, cancel: &Cancel) -> PortResult<KeyEntries> {
        let KeyNames { names, withheld, more } = self.names(permit, Effect::ReadRegistry, cap, cancel)?;
        let mut found = KeyEntries { keys: names, values: Vec::new(), withheld, more };
        let key = self.covered(permit, Effect::ReadRegistry)?;
        for index in 0.. {
            cancel.check()?;
            if found.values.len() >= cap {
                found.more |= value_name(key, index)?.is_some();
                break;
            }
            let Some(name) = value_name(key, index)? else { break };
            match raw(key, &name) {
                Ok((kind, bytes)) => {
                    let name = Untrusted::new(Source::System, name);
                    found.values.push(RegistryValue { name, data: data::of(kind, bytes) });
                }
                // Gone meanwhile, or too large to be told in a list.
                Err(PortFault::Registry(_)) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(found)
    }

    fn names(&self, permit: &Permit, effect: Effect, cap: usize, cancel: &Cancel) -> PortResult<KeyNames> {
        let key = self.covered(permit, effect)?;
        let mut found = KeyNames::default();
        for index in 0.. {
            cancel.check()?;
            let Some(name) = subkey(key, index)? else { break };
            let shown = self.place.child(&name).is_some_and(|key| {
                let place = KeyPlace { key, view: self.place.view, found: true };
                permit.require(effect, &place.needed_for(effect)).is_ok()
            });
            if !shown {
                found.withheld = found.withheld.saturating_add(1);
            } else if found.names.len() >= cap {
                found.more = true;
                break;
            } else {
                found.names.push(Untrusted::new(Source::System, name));
            }
        }
        Ok(found)
    }

    fn child(&self, name: &str) -> PortResult<Box<dyn HeldKey>> {
        self.child_itself(name)
    }

    fn create(&self, permit: &Permit) -> PortResult<Box<dyn HeldKey>> {
        self.made(permit)
    }

    fn put(&self, permit: &Permit, name: &str, data: &RegistryData) -> PortResult<Put> {
        self.set(permit, name, data)
    }

    fn remove_value(&self, permit: &Permit, name: &str) -> PortResult<bool> {
        self.delete_value(permit, name)
    }

    fn remove(&self, permit: &Permit) -> PortResult<()> {
        self.delete(permit)
    }
}

/// A value's type and bytes.
fn raw(key: &Key, name: &str) -> PortResult<(u32, Vec<u8>)> {
    let (mut bytes, mut kind) = (vec![0_u8; DATA_CAP], REG_VALUE_TYPE::default());
    let mut length = u32::try_from(bytes.len()).unwrap_or(0);
    // SAFETY: the key is open; the name ends in NUL; the buffer is as large as said; all outlive the call.
    let told = unsafe {
        let out = Some(bytes.as_mut_ptr());
        RegQueryValueExW(key.0, &HSTRING::from(name), None, Some(&mut kind), out, Some(&mut length))
    };
    match told {
        ERROR_SUCCESS => {}
        ERROR_FILE_NOT_FOUND => return Err(RegistryFault::NoValue.into()),
        ERROR_MORE_DATA => return Err(RegistryFault::TooLarge.into()),
        error => return Err(fault(error, "RegQueryValueExW")),
    }
    bytes.truncate(usize::try_from(length).unwrap_or(0));
    Ok((kind.0, bytes))
}

fn subkey(key: &Key, index: u32) -> PortResult<Option<String>> {
    let mut buffer = [0_u16; KEY_UNITS];
    let mut length = u32::try_from(buffer.len()).unwrap_or(0);
    let out = Some(PWSTR(buffer.as_mut_ptr()));
    // SAFETY: the key is open; the buffer is as long as said and outlives the call.
    match unsafe { RegEnumKeyExW(key.0, index, out, &mut length, None, None, None, None) } {
        ERROR_SUCCESS => Ok(text(&buffer, length)),
        ERROR_NO_MORE_ITEMS => Ok(None),
        error => Err(fault(error, "RegEnumKeyExW")),
    }
}

fn value_name(key: &Key, index: u32) -> PortResult<Option<String>> {
    let mut buffer = vec![0_u16; VALUE_UNITS];
    let mut length = u32::try_from(buffer.len()).unwrap_or(0);
    let out = Some(PWSTR(buffer.as_mut_ptr()));
    // SAFETY: the key is open; the buffer is as long as said and outlives the call; no data are asked for.
    match unsafe { RegEnumValueW(key.0, index, out, &mut length, None, None, None, None) } {
        ERROR_SUCCESS => Ok(text(&buffer, length)),
        ERROR_NO_MORE_ITEMS => Ok(None),
        error => Err(fault(error, "RegEnumValueW")),
    }
}

fn text(buffer: &[u16], length: u32) -> Option<String> {
    usize::try_from(length).ok().and_then(|length| buffer.get(..length)).map(String::from_utf16_lossy)
}
