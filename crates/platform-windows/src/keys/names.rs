//! The kernel's names of keys as the ones that people use. Pure: the inverse of what aliases and views do.

use portcullis_model::{Hive, RegistryKey};

/// The key in which the 32-bit view keeps its own.
const VIEW: &str = "WOW6432Node";

/// Whether a name stands for the 32-bit view.
pub(super) fn is_view(name: &str) -> bool {
    name.eq_ignore_ascii_case(VIEW)
}

/// The name in a `KEY_NAME_INFORMATION`: its bytes are counted, then follow.
pub(super) fn of_answer(bytes: &[u8]) -> Option<String> {
    let length = usize::try_from(u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?)).ok()?;
    let units = bytes.get(4..length.checked_add(4)?)?.chunks_exact(2);
    let units: Vec<u16> = units.filter_map(|pair| Some(u16::from_le_bytes(pair.try_into().ok()?))).collect();
    String::from_utf16(&units).ok()
}

/// `\REGISTRY\USER\SID\Software` as `HKCU\Software`; keys of the 32-bit view as those that they are the view of.
pub(super) fn key(kernel: &str, user: &str) -> Option<RegistryKey> {
    let mut names = kernel.split('\\').filter(|name| !name.is_empty() && !is_view(name));
    if !names.next()?.eq_ignore_ascii_case("REGISTRY") {
        return None;
    }
    let top = names.next()?;
    let mut path: Vec<&str> = names.collect();
    let hive = if top.eq_ignore_ascii_case("MACHINE") {
        Hive::LocalMachine
    } else if top.eq_ignore_ascii_case("USER") {
        match path.first().copied() {
            Some(sid) if sid.eq_ignore_ascii_case(user) => {
                path.remove(0);
                Hive::CurrentUser
            }
            Some(sid) if sid.eq_ignore_ascii_case(&format!("{user}_Classes")) => {
                path.splice(0..1, ["Software", "Classes"]);
                Hive::CurrentUser
            }
            _ => Hive::Users,
        }
    } else {
        return None;
    };
    RegistryKey::below(hive, &path.join("\\")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_aliases_and_views_are_the_key_behind_them() {
        for (kernel, name) in [
            (r"\REGISTRY\MACHINE\SOFTWARE\X", Some(r"HKLM\SOFTWARE\X")),
            (r"\Registry\Machine\Software\WOW6432Node\X", Some(r"HKLM\Software\X")),
            (r"\REGISTRY\MACHINE\SOFTWARE\wow6432node\Classes\wow6432node\X", Some(r"HKLM\SOFTWARE\Classes\X")),
            (r"\REGISTRY\MACHINE\SYSTEM\ControlSet001\Control\Lsa", Some(r"HKLM\SYSTEM\ControlSet001\Control\Lsa")),
            (r"\REGISTRY\USER\S-1-5-21-7\Software\X", Some(r"HKCU\Software\X")),
            (r"\REGISTRY\USER\S-1-5-21-7_Classes\.txt", Some(r"HKCU\Software\Classes\.txt")),
            (r"\REGISTRY\USER\S-1-5-21-77\Software", Some(r"HKU\S-1-5-21-77\Software")),
            (r"\REGISTRY\USER", Some("HKU")),
            (r"\REGISTRY\A\x", None),
            (r"\Device\x", None),
            ("", None),
        ] {
            let found = key(kernel, "S-1-5-21-7").map(|key| key.to_string());
            assert_eq!(found.as_deref(), name, "{kernel}");
        }
    }
}
