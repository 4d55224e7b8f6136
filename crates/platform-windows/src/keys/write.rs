//! What changes keys and values. Each step goes by the handle of a key whose name was just asked again; a link is made and
//! deleted never through what it leads to.

use super::{Held, data, eyes, fault, names, open_below, raw, real_key, subkey};
use crate::registry::Key;
use portcullis_model::{Effect, RegistryView};
use portcullis_platform::{HeldKey, KeyPlace, Permit, PortFault, PortResult, Put, RegistryData, RegistryFault};
use windows::Wdk::System::Registry::NtDeleteKey;
use windows::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_FILE_NOT_FOUND, ERROR_SUCCESS, HANDLE, STATUS_CANNOT_DELETE, STATUS_SUCCESS,
};
use windows::Win32::Storage::FileSystem::DELETE;
use windows::Win32::System::Registry::{
    HKEY, KEY_CREATE_SUB_KEY, KEY_READ, KEY_SET_VALUE, REG_CREATED_NEW_KEY, REG_OPTION_NON_VOLATILE,
    REG_OPTION_OPEN_LINK, REG_SAM_FLAGS, REG_VALUE_TYPE, RegCreateKeyExW, RegDeleteValueW, RegSetValueExW,
};
use windows::core::{HSTRING, PCWSTR};

impl Held {
    /// The key directly below, a link itself.
    pub(super) fn child_itself(&self, name: &str) -> PortResult<Box<dyn HeldKey>> {
        let key = self.place.child(name).ok_or(RegistryFault::NoKey)?;
        if names::is_view(name) {
            return Err(PortFault::Unsupported("touch the key of the 32-bit view itself; say `view`".to_owned()));
        }
        let view = self.place.view;
        let options = Some(REG_OPTION_OPEN_LINK.0);
        let opened = if self.place.found {
            open_below(self.opened.0, name, KEY_READ | eyes(view), options)
        } else {
            Err(ERROR_FILE_NOT_FOUND)
        };
        match opened {
            Ok(opened) => {
                let named = real_key(&opened)?;
                if named != key {
                    return Err(RegistryFault::Changed.into());
                }
                let place = KeyPlace { key, view, found: true };
                Ok(Box::new(Self { opened, named: Some(named), missing: Vec::new(), place }))
            }
            // As with names that are resolved: the place is told where it is not, or where we may not look.
            Err(ERROR_FILE_NOT_FOUND | ERROR_ACCESS_DENIED) => {
                let missing = self.missing.iter().cloned().chain([name.to_owned()]).collect();
                let opened = self.reopened(REG_SAM_FLAGS(0))?;
                let place = KeyPlace { key, view, found: false };
                Ok(Box::new(Self { opened, named: self.named.clone(), missing, place }))
            }
            Err(error) => Err(fault(error, "RegOpenKeyExW")),
        }
    }

    /// Makes what is missing, one key below the other, each of which must be new: a key or a link that somebody else puts
    /// there meanwhile is not gone through.
    pub(super) fn made(&self, permit: &Permit) -> PortResult<Box<dyn HeldKey>> {
        permit.require(Effect::WriteRegistry, &self.place.needed_for(Effect::WriteRegistry))?;
        if self.missing.iter().any(|name| names::is_view(name)) {
            return Err(PortFault::Unsupported("make a key of the 32-bit view by its name; say `view`".to_owned()));
        }
        let rights = if self.place.found { REG_SAM_FLAGS(0) } else { KEY_CREATE_SUB_KEY };
        let mut opened = self.reopened(rights)?;
        for name in &self.missing {
            opened = create_below(opened.0, name, self.place.view)?;
        }
        let named = if self.missing.is_empty() { self.named.clone() } else { Some(real_key(&opened)?) };
        if named.as_ref().is_some_and(|named| *named != self.place.key) {
            return Err(RegistryFault::Changed.into());
        }
        let place = KeyPlace { found: true, ..self.place.clone() };
        Ok(Box::new(Self { opened, named, missing: Vec::new(), place }))
    }

    pub(super) fn set(&self, permit: &Permit, name: &str, value: &RegistryData) -> PortResult<Put> {
        let (kind, bytes) = data::bytes(value);
        let same = |key: &Key| match raw(key, name) {
            Ok(found) => Ok(found == (kind, bytes.clone())),
            Err(PortFault::Registry(RegistryFault::NoValue | RegistryFault::TooLarge)) => Ok(false),
            Err(fault) => Err(fault),
        };
        if same(self.covered(permit, Effect::WriteRegistry)?)? {
            return Ok(Put::Already);
        }
        let key = self.reopened(KEY_SET_VALUE)?;
        // The address of no bytes is none, which the system would look at all the same.
        let data = Some(bytes.as_slice()).filter(|bytes| !bytes.is_empty());
        // SAFETY: the key is open; the name ends in NUL; the bytes are passed with their length; all outlive the call.
        let told = unsafe { RegSetValueExW(key.0, &HSTRING::from(name), None, REG_VALUE_TYPE(kind), data) };
        if told != ERROR_SUCCESS {
            return Err(fault(told, "RegSetValueExW"));
        }
        Ok(if same(&key)? { Put::Stands } else { Put::Differs })
    }

    pub(super) fn delete_value(&self, permit: &Permit, name: &str) -> PortResult<bool> {
        self.covered(permit, Effect::DeleteRegistry)?;
        let key = self.reopened(KEY_SET_VALUE)?;
        // SAFETY: the key is open; the name ends in NUL and outlives the call.
        match unsafe { RegDeleteValueW(key.0, &HSTRING::from(name)) } {
            ERROR_SUCCESS => Ok(matches!(raw(&key, name), Err(PortFault::Registry(RegistryFault::NoValue)))),
            ERROR_FILE_NOT_FOUND => Err(RegistryFault::NoValue.into()),
            error => Err(fault(error, "RegDeleteValueW")),
        }
    }

    /// By handle: no name is looked up between the check and the act.
    pub(super) fn delete(&self, permit: &Permit) -> PortResult<()> {
        let key = self.covered(permit, Effect::DeleteRegistry)?;
        if self.named.is_none() {
            return Err(RegistryFault::AccessDenied.into());
        }
        if subkey(key, 0)?.is_some() {
            return Err(RegistryFault::HasKeys.into());
        }
        let key = self.reopened(REG_SAM_FLAGS(DELETE.0))?;
        // SAFETY: the key is open with the right to delete it; the handle stays ours and is closed once.
        match unsafe { NtDeleteKey(HANDLE(key.0.0)) } {
            STATUS_SUCCESS => Ok(()),
            STATUS_CANNOT_DELETE => Err(RegistryFault::HasKeys.into()),
            told => Err(PortFault::System { call: "NtDeleteKey", code: told.0.cast_unsigned() }),
        }
    }
}

fn create_below(above: HKEY, name: &str, view: RegistryView) -> PortResult<Key> {
    let (mut made, mut disposition) = (HKEY::default(), REG_CREATED_NEW_KEY);
    let rights = KEY_READ | KEY_CREATE_SUB_KEY | eyes(view);
    // SAFETY: the key above is open; the name ends in NUL and outlives the call; the out-pointers are locals.
    let told = unsafe {
        let (out, how) = (&raw mut made, Some(&raw mut disposition));
        let name = HSTRING::from(name);
        RegCreateKeyExW(above, &name, None, PCWSTR::null(), REG_OPTION_NON_VOLATILE, rights, None, out, how)
    };
    if told != ERROR_SUCCESS {
        return Err(fault(told, "RegCreateKeyExW"));
    }
    let made = Key(made);
    if disposition == REG_CREATED_NEW_KEY { Ok(made) } else { Err(RegistryFault::Changed.into()) }
}
