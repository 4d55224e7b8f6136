//! A registry in memory: keys with values, and other names for keys as HKCR and links are.

use crate::desktop::{Call, FakeDesktop};
use crate::places::untrusted;
use portcullis_model::{Cancel, Effect, RegistryKey, RegistryView, Source, fold};
use portcullis_platform::{
    HeldKey, KeyEntries, KeyNames, KeyPlace, Permit, PortResult, Put, RegistryData, RegistryFault, RegistryPort,
    RegistryValue,
};

/// One key with its values, in the order in which they were put.
#[derive(Clone, Debug)]
pub(crate) struct FakeKey {
    pub(crate) key: RegistryKey,
    pub(crate) view: RegistryView,
    pub(crate) values: Vec<RegistryValue>,
}

/// Every key, and names that stand for other keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registry {
    keys: Vec<FakeKey>,
    aliases: Vec<(RegistryKey, RegistryKey)>,
}

impl Registry {
    pub(crate) fn keys(&self) -> &[FakeKey] {
        &self.keys
    }

    fn real(&self, key: &RegistryKey) -> RegistryKey {
        let alias = self.aliases.iter().find(|(alias, _)| key.is_within(alias));
        let replaced = alias.and_then(|(alias, target)| {
            let below = key.path().get(alias.path().len()..)?;
            let names = target.path().split('\\').chain(below.split('\\')).filter(|name| !name.is_empty());
            RegistryKey::below(target.hive(), &names.collect::<Vec<_>>().join("\\")).ok()
        });
        replaced.unwrap_or_else(|| key.clone())
    }
}

impl FakeDesktop {
    /// Puts a text value, and its key when that is not there. A text that is no key puts nothing.
    pub fn put_value(&self, key: &str, view: RegistryView, name: &str, text: &str) {
        let Ok(key) = RegistryKey::parse(key) else { return };
        let keys = &mut self.lock().registry.keys;
        let data = RegistryData::Text(untrusted(Source::System, text));
        let value = RegistryValue { name: untrusted(Source::System, name), data };
        match keys.iter_mut().find(|known| known.key == key && known.view == view) {
            Some(known) => known.values.push(value),
            None => keys.push(FakeKey { key, view, values: vec![value] }),
        }
    }

    /// Makes `alias` another name for `target`, as a link does.
    pub fn put_key_alias(&self, alias: &str, target: &str) {
        let (Ok(alias), Ok(target)) = (RegistryKey::parse(alias), RegistryKey::parse(target)) else { return };
        self.lock().registry.aliases.push((alias, target));
    }
}

impl RegistryPort for FakeDesktop {
    fn resolve(&self, key: &RegistryKey, view: RegistryView) -> PortResult<Box<dyn HeldKey>> {
        let registry = &self.lock().registry;
        let key = registry.real(key);
        let found = registry.keys.iter().any(|known| known.view == view && known.key.is_within(&key));
        Ok(Box::new(Held { desktop: self.clone(), place: KeyPlace { key, view, found } }))
    }
}

struct Held {
    desktop: FakeDesktop,
    place: KeyPlace,
}

impl Held {
    /// Enters the desktop when the permit covers the key and the key is there.
    fn enter(&self, call: Call, permit: &Permit, effect: Effect, cancel: Option<&Cancel>) -> PortResult<()> {
        self.desktop.enter(call, None, cancel)?;
        permit.require(effect, &self.place.needed_for(effect))?;
        if self.place.found { Ok(()) } else { Err(RegistryFault::NoKey.into()) }
    }

    fn is_own(&self, known: &FakeKey) -> bool {
        known.key == self.place.key && known.view == self.place.view
    }

    fn is_below(&self, known: &FakeKey) -> bool {
        known.view == self.place.view && known.key != self.place.key && known.key.is_within(&self.place.key)
    }

    fn find(&self, name: &str) -> Option<RegistryData> {
        let keys = &self.desktop.lock().registry.keys;
        let own = keys.iter().find(|known| self.is_own(known))?;
        own.values.iter().find(|value| fold(value.name.raw()) == fold(name)).map(|value| value.data.clone())
    }
}

impl HeldKey for Held {
    fn place(&self) -> &KeyPlace {
        &self.place
    }

    fn value(&self, permit: &Permit, name: &str) -> PortResult<RegistryData> {
        self.enter(Call::ReadRegistry, permit, Effect::ReadRegistry, None)?;
        self.find(name).ok_or_else(|| RegistryFault::NoValue.into())
    }

    fn entries(&self, permit: &Permit, cap: usize, cancel: &Cancel) -> PortResult<KeyEntries> {
        let KeyNames { names, withheld, more } = self.names(permit, Effect::ReadRegistry, cap, cancel)?;
        let mut found = KeyEntries { keys: names, values: Vec::new(), withheld, more };
        for known in self.desktop.lock().registry.keys.iter().filter(|known| self.is_own(known)) {
            found.values.extend(known.values.iter().take(cap).cloned());
        }
        Ok(found)
    }

    fn names(&self, permit: &Permit, effect: Effect, cap: usize, cancel: &Cancel) -> PortResult<KeyNames> {
        self.enter(Call::ReadRegistry, permit, effect, Some(cancel))?;
        let mut found = KeyNames::default();
        let mut seen: Vec<RegistryKey> = Vec::new();
        for known in self.desktop.lock().registry.keys.iter().filter(|known| self.is_below(known)) {
            let below = known.key.path().get(self.place.key.path().len()..).unwrap_or_default();
            let name = below.split('\\').find(|name| !name.is_empty()).unwrap_or_default();
            let Some(key) = self.place.child(name).filter(|key| !seen.contains(key)) else { continue };
            let place = KeyPlace { key: key.clone(), view: self.place.view, found: true };
            seen.push(key);
            if permit.require(effect, &place.needed_for(effect)).is_err() {
                found.withheld += 1;
            } else if found.names.len() < cap {
                found.names.push(untrusted(Source::System, name));
            } else {
                found.more = true;
            }
        }
        Ok(found)
    }

    fn child(&self, name: &str) -> PortResult<Box<dyn HeldKey>> {
        let key = self.place.child(name).ok_or(RegistryFault::NoKey)?;
        let view = self.place.view;
        let registry = &self.desktop.lock().registry;
        let is_link = registry.aliases.iter().any(|(alias, _)| *alias == key);
        let found = is_link || registry.keys.iter().any(|known| known.view == view && known.key.is_within(&key));
        Ok(Box::new(Self { desktop: self.desktop.clone(), place: KeyPlace { key, view, found } }))
    }

    fn create(&self, permit: &Permit) -> PortResult<Box<dyn HeldKey>> {
        self.desktop.enter(Call::WriteRegistry, None, None)?;
        permit.require(Effect::WriteRegistry, &self.place.needed_for(Effect::WriteRegistry))?;
        let place = KeyPlace { found: true, ..self.place.clone() };
        if !self.place.found {
            let made = FakeKey { key: place.key.clone(), view: place.view, values: Vec::new() };
            self.desktop.lock().registry.keys.push(made);
        }
        Ok(Box::new(Self { desktop: self.desktop.clone(), place }))
    }

    fn put(&self, permit: &Permit, name: &str, data: &RegistryData) -> PortResult<Put> {
        self.enter(Call::WriteRegistry, permit, Effect::WriteRegistry, None)?;
        if self.find(name).as_ref() == Some(data) {
            return Ok(Put::Already);
        }
        let keys = &mut self.desktop.lock().registry.keys;
        let value = RegistryValue { name: untrusted(Source::System, name), data: data.clone() };
        match keys.iter_mut().find(|known| self.is_own(known)) {
            Some(own) => {
                own.values.retain(|value| fold(value.name.raw()) != fold(name));
                own.values.push(value);
            }
            None => {
                let (key, view) = (self.place.key.clone(), self.place.view);
                keys.push(FakeKey { key, view, values: vec![value] });
            }
        }
        Ok(Put::Stands)
    }

    fn remove_value(&self, permit: &Permit, name: &str) -> PortResult<bool> {
        self.enter(Call::WriteRegistry, permit, Effect::DeleteRegistry, None)?;
        self.find(name).ok_or(RegistryFault::NoValue)?;
        for own in self.desktop.lock().registry.keys.iter_mut().filter(|known| self.is_own(known)) {
            own.values.retain(|value| fold(value.name.raw()) != fold(name));
        }
        Ok(self.find(name).is_none())
    }

    fn remove(&self, permit: &Permit) -> PortResult<()> {
        self.enter(Call::WriteRegistry, permit, Effect::DeleteRegistry, None)?;
        let registry = &mut self.desktop.lock().registry;
        if registry.keys.iter().any(|known| self.is_below(known)) {
            return Err(RegistryFault::HasKeys.into());
        }
        registry.aliases.retain(|(alias, _)| *alias != self.place.key);
        registry.keys.retain(|known| !self.is_own(known));
        Ok(())
    }
}
