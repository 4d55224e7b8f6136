//! What is said, by key, as the settings that it makes: of all and of single principals alike. Nothing is merged here.

use super::{
    ApprovalSetting, FileSettings, HostSettings, RateSettings, RegistrySettings, RestrictionSettings, ToolSettings,
};
use crate::layer::{Said, Value};
use portcullis_model::{Valued, WpfTarget};

/// Values by key, each of the kind that its key wants.
pub(super) struct Words<'said>(pub(super) &'said Said);

/// The value of a key, if it is said; every key has one kind.
macro_rules! said {
    ($words:expr, $key:expr, $kind:ident) => {
        match $words.0.get($key) {
            Some(Valued { value: Value::$kind(value), origin }) => Some(Valued::new(value.clone(), origin.clone())),
            _ => None,
        }
    };
}

/// The entries of a list, if it is said.
macro_rules! entries {
    ($words:expr, $key:expr, $kind:ident) => {
        said!($words, $key, $kind).map(|list| list.value).unwrap_or_default()
    };
}

impl Words<'_> {
    pub(super) fn bool(&self, key: &str) -> Option<Valued<bool>> {
        said!(self, key, Bool)
    }

    pub(super) fn text(&self, key: &str) -> Option<Valued<String>> {
        said!(self, key, Text)
    }

    pub(super) fn list(&self, key: &str) -> Option<Valued<Vec<Valued<String>>>> {
        said!(self, key, List)
    }

    pub(super) fn tools(&self) -> ToolSettings {
        ToolSettings {
            tier2: self.bool("tools.tier2"),
            tier3: self.bool("tools.tier3"),
            list: self.list("tools.list"),
            exclude: entries!(self, "tools.exclude", List),
        }
    }

    pub(super) fn restrictions(&self) -> RestrictionSettings {
        RestrictionSettings {
            capture: self.bool("capture.allowed"),
            hidden: entries!(self, "capture.exclude", Windows),
            clipboard_read: self.bool("clipboard.read"),
            no_input: entries!(self, "input.deny_programs", Programs),
            no_chords: entries!(self, "input.deny_chords", Chords),
            executables: self.list("executables.allow"),
            approval: self.text("approval.tier3").map(|said| {
                said.map(|word| if word == "never" { ApprovalSetting::Never } else { ApprovalSetting::Ask })
            }),
        }
    }

    pub(super) fn file_roots(&self) -> FileSettings {
        FileSettings {
            read: said!(self, "files.read", Paths),
            write: said!(self, "files.write", Paths),
            deny: entries!(self, "files.deny", Paths),
        }
    }

    pub(super) fn registry_roots(&self) -> RegistrySettings {
        RegistrySettings {
            read: said!(self, "registry.read", RegistryKeys),
            write: said!(self, "registry.write", RegistryKeys),
            deny: entries!(self, "registry.deny", RegistryKeys),
        }
    }

    pub(super) fn hosts(&self) -> HostSettings {
        HostSettings {
            fetch: said!(self, "hosts.fetch", Hosts),
            probe: said!(self, "hosts.probe", Hosts),
            deny: entries!(self, "hosts.deny", Hosts),
        }
    }

    pub(super) fn wpf_targets(&self) -> Option<Valued<Vec<Valued<WpfTarget>>>> {
        said!(self, "wpf.targets", WpfTargets)
    }

    pub(super) fn rates(&self) -> RateSettings {
        // The kind of these keys allows no larger number.
        let number =
            |key: &str| said!(self, key, Number).map(|said| said.map(|rate| u32::try_from(rate).unwrap_or(u32::MAX)));
        RateSettings { calls: number("rates.calls"), bytes: number("rates.bytes") }
    }
}
