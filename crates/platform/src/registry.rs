//! Keys and values of the registry. A key is resolved once to the one that it really is, whatever alias, link or view
//! named it, and is held from then on.

use crate::{Permit, PortResult};
use portcullis_model::{Access, Cancel, Effect, RegistryKey, RegistryView, Resource, Untrusted};

/// What a value holds, by its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistryData {
    /// `REG_SZ`.
    Text(Untrusted),
    /// `REG_EXPAND_SZ`, not expanded.
    ExpandText(Untrusted),
    /// `REG_MULTI_SZ`.
    Texts(Vec<Untrusted>),
    /// `REG_DWORD` or `REG_DWORD_BIG_ENDIAN`.
    Number(u32),
    /// `REG_QWORD`.
    LongNumber(u64),
    /// `REG_BINARY`.
    Binary(Vec<u8>),
    /// Any other type, or data that are not what their type says: the type's number and the bytes.
    Other(u32, Vec<u8>),
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryValue {
    /// Its name; empty for the default value.
    pub name: Untrusted,
    /// What it holds.
    pub data: RegistryData,
}

/// What a key holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyEntries {
    /// Names of the keys below, in the order of the registry.
    pub keys: Vec<Untrusted>,
    /// Values.
    pub values: Vec<RegistryValue>,
    /// Keys that a rule keeps back.
    pub withheld: usize,
    /// Whether there are more keys or values than were asked for.
    pub more: bool,
}

/// Where a key really lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPlace {
    /// The key itself: HKCR, HKCC, the user's own SID, links and the folder of the 32-bit view are replaced.
    pub key: RegistryKey,
    /// The view.
    pub view: RegistryView,
    /// Whether it is there, and we may look.
    pub found: bool,
}

impl KeyPlace {
    /// As a resource.
    pub fn resource(&self, access: Access) -> Resource {
        Resource::RegistryKey { key: self.key.clone(), view: self.view, access }
    }

    /// As the resource that this effect needs.
    pub fn needed_for(&self, effect: Effect) -> Resource {
        self.resource(if effect.changes() { Access::Write } else { Access::Read })
    }

    /// The place of a key directly below; none when the name is none of a key.
    pub fn child(&self, name: &str) -> Option<RegistryKey> {
        let path = [self.key.path(), name].join("\\");
        let one = !name.is_empty() && !name.contains('\\');
        one.then(|| RegistryKey::below(self.key.hive(), path.trim_start_matches('\\')).ok()).flatten()
    }
}

/// Names of the keys directly below a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyNames {
    /// The names, in the order of the registry.
    pub names: Vec<Untrusted>,
    /// Keys that a rule keeps back.
    pub withheld: usize,
    /// Whether there are more than were asked for.
    pub more: bool,
}

/// What became of a value that was set, by its type and bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It was so before; nothing was written.
    Already,
    /// It was written, and reads back so.
    Stands,
    /// It was written, and reads back otherwise.
    Differs,
}

/// The registry.
pub trait RegistryPort: Send + Sync {
    /// Which key a name stands for, held. Tells identities, so no permit. Where no key is, or we may not look, the place is
    /// told that it would have.
    fn resolve(&self, key: &RegistryKey, view: RegistryView) -> PortResult<Box<dyn HeldKey>>;
}

/// A key that is held.
pub trait HeldKey: Send {
    /// Which it is.
    fn place(&self) -> &KeyPlace;

    /// One value; the default one when the name is empty. Needs `ReadRegistry`.
    fn value(&self, permit: &Permit, name: &str) -> PortResult<RegistryData>;

    /// What the key holds, at most `cap` keys and as many values. Needs `ReadRegistry`; a key below that the rules keep
    /// back is counted and not told.
    fn entries(&self, permit: &Permit, cap: usize, cancel: &Cancel) -> PortResult<KeyEntries>;

    /// Names of the keys directly below, at most `cap`. Needs `effect` on each that is told.
    fn names(&self, permit: &Permit, effect: Effect, cap: usize, cancel: &Cancel) -> PortResult<KeyNames>;

    /// The key of this name directly below, held: a link itself and not what it leads to. Tells identities, so no permit.
    fn child(&self, name: &str) -> PortResult<Box<dyn HeldKey>>;

    /// Makes the key where none is, with those above it that are missing, and holds it. Needs `WriteRegistry`.
    fn create(&self, permit: &Permit) -> PortResult<Box<dyn HeldKey>>;

    /// Sets one value, the default one when the name is empty, and reads it back. What is replaced is compared first, which
    /// tells no more than whether it was the same. Needs `WriteRegistry`.
    fn put(&self, permit: &Permit, name: &str, data: &RegistryData) -> PortResult<Put>;

    /// Deletes one value, and looks whether it is gone. Needs `DeleteRegistry`.
    fn remove_value(&self, permit: &Permit, name: &str) -> PortResult<bool>;

    /// Deletes the key with its values; fails while keys lie below. Needs `DeleteRegistry`.
    fn remove(&self, permit: &Permit) -> PortResult<()>;
}

/// Why a key could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryFault {
    /// There is no such key.
    #[error("there is no such key")]
    NoKey,
    /// The key has no such value.
    #[error("the key has no such value")]
    NoValue,
    /// Keys lie below.
    #[error("keys lie below this key")]
    HasKeys,
    /// What is open is not what was looked at before.
    #[error("the key changed in the meantime")]
    Changed,
    /// The user that runs the server may not.
    #[error("Windows refuses the key to the user that runs the server")]
    AccessDenied,
    /// A value is larger than one that is told.
    #[error("the value is larger than 1 MiB")]
    TooLarge,
}
