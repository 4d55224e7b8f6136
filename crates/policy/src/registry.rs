//! Which keys of the registry may be read and written: roots that the owner names, keys that he keeps back, the places of
//! credentials, and those by which programs are started. Keys arrive here as they really are, whatever name or view they
//! were asked by.

use crate::decision::Denial;
use crate::roots::{Root, Roots, refused, root};
use portcullis_model::{Access, Hive, Principal, RegistryKey, Resource, Valued};

/// The principal that has roots by default.
const LOCAL: &str = "local";
/// What `local` reads when nobody says anything.
const DEFAULTS: [&str; 2] = [r"HKCU\Software", r"HKLM\SOFTWARE"];

/// Where credentials lie, by names after one another anywhere in a key: the hives of accounts and secrets, saved logons and
/// sessions with passwords. All are ASCII.
const CREDENTIALS: &[&[&str]] = &[
    &["SAM"],
    &["SECURITY"],
    &["Control", "Lsa"],
    &["Windows NT", "CurrentVersion", "Winlogon"],
    &["Internet Explorer", "IntelliForms"],
    &["Protected Storage System Provider"],
    &["OpenSSH", "Agent", "Keys"],
    &["SimonTatham", "PuTTY", "Sessions"],
    &["Martin Prikryl", "WinSCP 2"],
    &["ORL", "WinVNC3"],
    &["RealVNC"],
    &["TightVNC"],
    &["SNMP", "Parameters", "ValidCommunities"],
    &["IdentityCRL"],
];

/// Our own keys, which no configuration opens for writing.
const OWN: &[&[&str]] = &[
    &["Software", "Portcullis"],
    &["Software", "Policies", "Portcullis"],
    // The name by which the owner's notifications know us.
    &["AppUserModelId", "Portcullis"],
];

/// Where Windows, the shell and other programs learn what to start or to load, by names after one another anywhere in a key.
/// Who writes there runs a program, also as somebody else, so a root around such a place does not open it. Whole keys and not
/// single values: a hook is often a value beside harmless ones. All are ASCII.
const STARTS: &[&[&str]] = &[
    // At logon and at the start of the system.
    &["Run"],
    &["RunOnce"],
    &["RunOnceEx"],
    &["RunServices"],
    &["RunServicesOnce"],
    &["Windows NT", "CurrentVersion", "Winlogon"],
    &["Windows NT", "CurrentVersion", "Windows"],
    &["Windows NT", "CurrentVersion", "Schedule"],
    &["Active Setup", "Installed Components"],
    &["Explorer", "Shell Folders"],
    &["Explorer", "User Shell Folders"],
    &["System", "Scripts"],
    &["Environment"],
    &["Volatile Environment"],
    &["Control Panel", "Desktop"],
    &["Services"],
    &["Control", "Session Manager"],
    &["Control", "SafeBoot"],
    &["Control", "Print"],
    &["Control", "NetworkProvider"],
    &["Control", "SecurityProviders"],
    &["Control", "Terminal Server"],
    // In the place of a program, or into it.
    &["Image File Execution Options"],
    &["SilentProcessExit"],
    &["AppCompatFlags"],
    &["AeDebug"],
    &["App Paths"],
    &["Command Processor"],
    &[".NETFramework"],
    &["Cryptography"],
    &["NetSh"],
    &["Authentication"],
    &["NativeMessagingHosts"],
    &["Addins"],
    // COM servers, verbs and extensions of the shell.
    &["CLSID"],
    &["AppID"],
    &["TypeLib"],
    &["InprocServer32"],
    &["LocalServer32"],
    &["shell"],
    &["shellex"],
    &["ShellServiceObjects"],
    &["ShellServiceObjectDelayLoad"],
    &["SharedTaskScheduler"],
    &["ShellExecuteHooks"],
    &["ShellIconOverlayIdentifiers"],
    &["Browser Helper Objects"],
    // Whether Windows asks before a program takes more rights.
    &["Policies", "System"],
];

/// The rules about keys of the registry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistryRules {
    /// Keys that may be read, when that is said.
    pub read: Roots<RegistryKey>,
    /// Keys that may be written, when that is said.
    pub write: Roots<RegistryKey>,
    /// What is refused also inside a root.
    pub deny: Vec<Valued<RegistryKey>>,
}

impl RegistryRules {
    /// The real name behind a key that is never itself: rules are asked about real names, so a root by such a name would
    /// open nothing. `None` for any other key.
    pub fn alias(key: &RegistryKey) -> Option<&'static str> {
        let current = RegistryKey::parse(r"HKLM\SYSTEM\CurrentControlSet");
        match key.hive() {
            Hive::ClassesRoot => Some(r"HKCU\Software\Classes or HKLM\SOFTWARE\Classes"),
            Hive::CurrentConfig => Some(r"HKLM\SYSTEM\ControlSet001\Hardware Profiles\Current"),
            _ if current.is_ok_and(|current| key.is_within(&current)) => Some(r"HKLM\SYSTEM\ControlSet001"),
            _ => None,
        }
    }

    /// Refuses a key that the caller may not touch so; says which rule lets the caller touch it.
    pub(crate) fn check(
        &self,
        principal: &Principal,
        own: Option<&Self>,
        key: &RegistryKey,
        access: Access,
    ) -> Result<String, Denial> {
        if access == Access::Write && OWN.iter().any(|own| holds(own, key)) {
            let rule = "our own keys are refused to every tool; no configuration lifts this".to_owned();
            return Err(refused("the key is one of Portcullis itself", rule, None));
        }
        let root = self.root(principal, own, key, access);
        let starts = if access == Access::Write { STARTS } else { &[] };
        let places =
            [("the key is a place of credentials", CREDENTIALS), ("programs are started from the key", starts)];
        for (message, places) in places {
            for place in places.iter().filter(|place| holds(place, key)) {
                // Only a root that itself lies in the place was meant for it.
                if matches!(&root, Ok(Root { place: Some(root), .. }) if holds(place, root)) {
                    continue;
                }
                let place = place.join("\\");
                return Err(refused(
                    message,
                    format!(
                        "{place} is refused to all, also inside a root, unless the policy file names that very key"
                    ),
                    Some(format!("the owner can name the exact key in `{}`", list(access))),
                ));
            }
        }
        let mut kept = self.deny.iter().chain(own.iter().flat_map(|own| &own.deny));
        if let Some(kept) = kept.find(|kept| key.is_within(&kept.value)) {
            return Err(refused(
                "the key is one that the owner keeps back",
                format!("{} names {} in `registry.deny`", kept.origin, kept.value),
                Some("the owner can take it from `registry.deny` there".to_owned()),
            ));
        }
        root.map(|root| root.rule)
    }

    /// The same for what a call touches.
    pub(crate) fn check_resource(
        &self,
        principal: &Principal,
        own: Option<&Self>,
        resource: &Resource,
    ) -> Result<Option<String>, Denial> {
        match resource {
            Resource::RegistryKey { key, access, .. } => self.check(principal, own, key, *access).map(Some),
            _ => Ok(None),
        }
    }

    /// The list of roots for this access.
    pub(crate) fn roots(&self, access: Access) -> &Roots<RegistryKey> {
        match access {
            Access::Read => &self.read,
            Access::Write => &self.write,
        }
    }

    pub(crate) fn root<'rules>(
        &'rules self,
        principal: &Principal,
        own: Option<&'rules Self>,
        key: &RegistryKey,
        access: Access,
    ) -> Result<Root<'rules, RegistryKey>, Denial> {
        root(self.roots(access), own.map(|own| own.roots(access)), key, list(access), || {
            if let Some(root) = defaults(principal, access).into_iter().find(|root| key.is_within(root)) {
                return Ok(format!("by default `local` reads {root}"));
            }
            Err(match access {
                Access::Read => {
                    "nobody says `registry.read`: `local` reads HKCU\\Software and HKLM\\SOFTWARE, others read nothing"
                }
                Access::Write => "nobody says `registry.write`: nothing is written",
            }
            .to_owned())
        })
    }
}

/// The key of the policy file that gives the roots.
pub(crate) fn list(access: Access) -> &'static str {
    match access {
        Access::Read => "registry.read",
        Access::Write => "registry.write",
    }
}

/// The keys that are open when nobody says anything.
pub(crate) fn defaults(principal: &Principal, access: Access) -> Vec<RegistryKey> {
    if access == Access::Write || principal.name() != LOCAL {
        return Vec::new();
    }
    DEFAULTS.iter().filter_map(|root| RegistryKey::parse(root).ok()).collect()
}

/// Whether `root` lies in no protected place that `by`, which holds it, was not meant for.
pub(crate) fn opens_the_same_places(root: &RegistryKey, by: Option<&RegistryKey>, access: Access) -> bool {
    let starts = if access == Access::Write { STARTS } else { &[] };
    let mut places = CREDENTIALS.iter().chain(starts);
    places.all(|place| !holds(place, root) || by.is_some_and(|by| holds(place, by)))
}

/// Whether the key is the place or lies below it.
fn holds(place: &[&str], key: &RegistryKey) -> bool {
    let names: Vec<&str> = key.folded_names().collect();
    let same = |found: &[&str]| found.iter().zip(place).all(|(found, wanted)| found.eq_ignore_ascii_case(wanted));
    names.windows(place.len()).any(same)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roots::roots;
    use portcullis_model::{Origin, Scope};
    use std::path::Path;

    fn key(text: &str) -> RegistryKey {
        RegistryKey::parse(text).unwrap()
    }

    fn verdict(rules: &RegistryRules, who: &Principal, text: &str) -> String {
        rules.check(who, None, &key(text), Access::Read).unwrap_or_else(|denial| denial.rule)
    }

    fn written(rules: &RegistryRules, text: &str) -> String {
        rules.check(&Principal::local(), None, &key(text), Access::Write).unwrap_or_else(|denial| denial.rule)
    }

    #[test]
    fn a_key_is_open_below_a_root_and_nowhere_else() {
        let at = |line| Origin::File { path: Path::new("p.toml").into(), line };
        let (local, remote) = (Principal::local(), Principal::key("k", Scope::ALL));
        let none = RegistryRules::default();
        assert_eq!(verdict(&none, &local, r"hkcu\SOFTWARE\x"), r"by default `local` reads HKCU\Software");
        assert!(verdict(&none, &local, r"HKLM\SYSTEM\x").starts_with("nobody says"));
        assert!(verdict(&none, &local, r"HKCU\Softwares").starts_with("nobody says"));
        assert!(verdict(&none, &remote, r"HKCU\Software\x").starts_with("nobody says"));
        let some = RegistryRules {
            read: roots([key(r"HKLM\SYSTEM"), key(r"HKLM\SAM\SAM\Domains")], &at(3)),
            deny: vec![Valued::new(key(r"HKLM\SYSTEM\Private"), at(4))],
            ..RegistryRules::default()
        };
        assert_eq!(verdict(&some, &remote, r"HKLM\System\x"), "p.toml:3 opens it in `registry.read`");
        assert_eq!(verdict(&some, &local, r"HKCU\Software\x"), "p.toml:3 leaves it out of `registry.read`");
        assert_eq!(
            verdict(&some, &local, r"HKLM\SYSTEM\private\x"),
            r"p.toml:4 names HKLM\SYSTEM\Private in `registry.deny`"
        );
        assert_eq!(verdict(&some, &local, r"HKLM\SAM\SAM\Domains\x"), "p.toml:3 opens it in `registry.read`");
        assert!(verdict(&some, &local, r"HKLM\SAM\SAM").contains("refused to all"));
    }

    /// winremote-mcp and Windows-MCP read every one of these.
    #[test]
    fn attack_places_of_credentials_are_refused_below_a_root() {
        let all = ["HKLM", "HKCU", "HKU"].map(key);
        let open = RegistryRules { read: roots(all, &Origin::Default), ..RegistryRules::default() };
        for text in [
            r"HKLM\SAM\SAM\Domains\Account\Users",
            r"HKLM\security\Policy\Secrets",
            r"HKLM\SYSTEM\ControlSet001\Control\Lsa\JD",
            r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon",
            r"HKCU\Software\SimonTatham\PuTTY\Sessions\x",
            r"HKU\S-1-5-21-1\Software\OpenSSH\Agent\Keys",
        ] {
            assert!(verdict(&open, &Principal::local(), text).contains("refused to all"), "{text}");
        }
        assert!(verdict(&open, &Principal::local(), r"HKLM\SOFTWARE\Sample\x").contains("opens it"));
    }

    #[test]
    fn nothing_is_written_but_below_its_own_roots() {
        let at = |line| Origin::File { path: Path::new("p.toml").into(), line };
        let read = roots(["HKCU", "HKLM"].map(key), &at(3));
        let none = RegistryRules { read: read.clone(), ..RegistryRules::default() };
        assert_eq!(written(&none, r"HKCU\Software\x"), "nobody says `registry.write`: nothing is written");
        let some = RegistryRules {
            read,
            write: roots([key(r"HKCU\Software\Sample")], &at(4)),
            deny: vec![Valued::new(key(r"HKCU\Software\Sample\Private"), at(5))],
        };
        assert_eq!(written(&some, r"hkcu\software\sample\x"), "p.toml:4 opens it in `registry.write`");
        assert_eq!(written(&some, r"HKCU\Software\Samples"), "p.toml:4 leaves it out of `registry.write`");
        assert!(written(&some, r"HKCU\Software\Sample\private\x").starts_with("p.toml:5 names"));
    }

    /// winremote-mcp and Windows-MCP write every one of these.
    #[test]
    fn attack_a_root_around_a_place_that_starts_programs_does_not_open_it() {
        let all = ["HKLM", "HKCU", "HKU"].map(key);
        let open = RegistryRules { write: roots(all, &Origin::Default), ..RegistryRules::default() };
        for text in [
            r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run",
            r"HKCU\software\microsoft\windows\currentversion\RUNONCE\x",
            r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\Explorer\Run",
            r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon",
            r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Windows",
            r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Image File Execution Options\sethc.exe",
            r"HKLM\SYSTEM\ControlSet001\Services\Spooler",
            r"HKLM\SYSTEM\ControlSet002\Control\Session Manager",
            r"HKCU\Software\Classes\CLSID\{0}\InprocServer32",
            r"HKCU\Software\Classes\ms-settings\shell\open\command",
            r"HKLM\SOFTWARE\Classes\Folder\shellex",
            r"HKCU\Environment",
            r"HKU\S-1-5-21-1\Environment",
            r"HKCU\Software\Microsoft\Command Processor",
            r"HKCU\Software\Google\Chrome\NativeMessagingHosts\x",
            r"HKLM\SAM\SAM",
            r"HKCU\Software\SimonTatham\PuTTY\Sessions\x",
        ] {
            assert!(written(&open, text).contains("refused to all"), "{text}: {}", written(&open, text));
        }
        assert!(written(&open, r"HKCU\Software\Sample\Runner").contains("opens it"));
        let run = key(r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run");
        let named = RegistryRules { write: roots([key("HKCU"), run], &Origin::Default), ..RegistryRules::default() };
        assert!(written(&named, r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run").contains("opens it"));
        assert!(written(&named, r"HKCU\Software\Microsoft\Windows\CurrentVersion\RunOnce").contains("refused"));
    }

    #[test]
    fn attack_no_root_opens_our_own_keys() {
        for root in ["HKCU", r"HKCU\Software\Portcullis", r"HKCU\Software\Portcullis\x"] {
            let open = RegistryRules { write: roots([key(root)], &Origin::Default), ..RegistryRules::default() };
            for text in
                [r"HKCU\Software\PORTCULLIS", r"HKCU\Software\Portcullis\x", r"HKLM\SOFTWARE\Policies\Portcullis"]
            {
                assert!(written(&open, text).contains("no configuration lifts this"), "{root} {text}");
            }
        }
    }

    #[test]
    fn names_that_are_never_a_key_itself_are_known() {
        for (text, alias) in [
            ("HKCR", true),
            (r"HKCR\.txt", true),
            ("HKCC", true),
            (r"HKLM\SYSTEM\currentcontrolset\Services", true),
            (r"HKLM\SYSTEM\ControlSet001", false),
            (r"HKLM\SYSTEM", false),
            ("HKCU", false),
        ] {
            assert_eq!(RegistryRules::alias(&key(text)).is_some(), alias, "{text}");
        }
    }
}
