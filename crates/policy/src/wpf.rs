//! Which WPF applications may be connected to, and into which of them the inspector may be loaded: the owner's one list, asked
//! before anything of an application is told. Facts about a program arrive here; nothing is asked of a process or a file.

use crate::decision::Denial;
use crate::roots::{Roots, refused};
use portcullis_model::{FilePath, Pin, Resource, RunningProgram, Valued, WpfTarget};

/// The key of the policy file that names them.
const KEY: &str = "wpf.targets";
/// What is said of every application that no entry names, so that nothing can be learnt of it.
const OUTSIDE: &str = "the application is none of those that may be connected to";

/// By what entries know a program beside its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WpfPins {
    /// Some entry has a hash.
    pub sha256: bool,
    /// Some entry has a signer.
    pub signer: bool,
}

/// The applications that may be connected to. Without a list there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WpfTargets(pub Roots<WpfTarget>);

impl WpfTargets {
    /// Every entry.
    pub fn entries(&self) -> &[Valued<WpfTarget>] {
        self.0.as_ref().map(|list| list.value.as_slice()).unwrap_or_default()
    }

    /// The rule that lets a running program be connected to, or, with `load`, be loaded into. A refusal says the same of every
    /// program that is not named: whoever lists applications counts those, and tells nothing else of them.
    pub fn check(&self, program: &RunningProgram, load: bool) -> Result<String, Denial> {
        let Some(entry) = self.entries().iter().find(|entry| entry.value.fits(program)) else {
            let rule = match &self.0 {
                Some(list) => format!("{} leaves it out of `{KEY}`", list.origin),
                None => format!("nobody says `{KEY}`: no application is connected to"),
            };
            let remedy = "the owner can add an entry to the policy file: its program's exact path, and the `sha256` or \
                          `signer` that it has now";
            return Err(refused(OUTSIDE, rule, Some(format!("{remedy}, in `[[{KEY}]]`"))));
        };
        if load && !entry.value.loads() {
            return Err(refused(
                "the inspector is not loaded into this application",
                format!("{} admits it in `{KEY}` without `load = true`", entry.origin),
                Some(
                    "the owner can say `load = true` there, or the application can take the inspector in by itself"
                        .to_owned(),
                ),
            ));
        }
        Ok(format!("{} admits it in `{KEY}`", entry.origin))
    }

    /// What must be found out of the program at this path before [`Self::check`] can say anything of it: its hash, and its
    /// signer. None when no entry names the path, so that nothing at all needs to be found out.
    pub fn asks_of(&self, path: &FilePath) -> Option<WpfPins> {
        let mut entries = self.entries().iter().filter(|entry| entry.value.path() == path).peekable();
        entries.peek()?;
        let mut pins = WpfPins::default();
        for entry in entries {
            match entry.value.pin() {
                Some(Pin::Sha256(_)) => pins.sha256 = true,
                Some(Pin::Signer(_)) => pins.signer = true,
                None => {}
            }
        }
        Some(pins)
    }

    /// The rule that lets what is touched be touched; nothing when it is no application.
    pub(crate) fn check_resource(&self, resource: &Resource) -> Result<Option<String>, Denial> {
        match resource {
            Resource::WpfTarget { program, load, .. } => self.check(program, *load).map(Some),
            _ => Ok(None),
        }
    }

    /// What `new` admits and this does not, in words.
    pub(crate) fn widened_by(&self, new: &Self) -> Vec<String> {
        let held = |entry: &WpfTarget| self.entries().iter().any(|known| entry.is_within(&known.value));
        let more = new.entries().iter().map(|entry| &entry.value).filter(|entry| !held(entry));
        more.map(|entry| format!("{entry} in `{KEY}`")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{Approval, Ask, Decision, Rules, ToolRow};
    use crate::filter::{FilterSpec, ToolFilter};
    use crate::roots::roots;
    use portcullis_model::{
        CallId, Digest, Effect, FaultCode, Origin, Principal, ProcessId, Reversibility, Scope, Tier, WpfGate,
    };
    use std::path::Path;

    const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    const OWN: u32 = 7;

    fn entry(path: &str, hash: Option<&str>, signer: Option<&str>, load: bool) -> WpfTarget {
        WpfTarget::new(path, hash, signer, load).unwrap()
    }

    fn targets(entries: Vec<WpfTarget>) -> WpfTargets {
        WpfTargets(roots(entries, &Origin::File { path: Path::new("p.toml").into(), line: 4 }))
    }

    fn list() -> WpfTargets {
        targets(vec![
            entry(r"C:\Apps\Plain.exe", None, None, false),
            entry(r"C:\Apps\Hashed.exe", Some(HASH), None, true),
            entry(r"C:\Apps\Signed.exe", None, Some("CN=Example"), true),
        ])
    }

    fn program(path: &str, hash: Option<&[u8]>, signer: Option<&str>) -> RunningProgram {
        RunningProgram {
            path: FilePath::parse(path).ok(),
            sha256: hash.map(Digest::of),
            signer: signer.map(str::to_owned),
        }
    }

    const TOOL: ToolRow<'_> =
        ToolRow { name: "connect", tier: Tier::Observe, effects: &[Effect::ReadWindows], gates: &[] };

    fn decided(targets: WpfTargets, who: &Principal, process: u32, program: &RunningProgram, load: bool) -> String {
        let filter = ToolFilter::resolve(&FilterSpec::default(), &["connect"]).unwrap();
        let rules = Rules::new(filter, Approval::Never, OWN).with_wpf_targets(targets);
        let process = ProcessId { number: process, started: 1 };
        let ask = Ask {
            call: CallId::new(1),
            principal: who,
            tool: TOOL,
            asked_as: None,
            arguments: Digest::of(b""),
            effects: vec![Effect::ReadWindows],
            resources: vec![Resource::WpfTarget { process, program: program.clone(), load, through: Vec::new() }],
            reversibility: Reversibility::Nothing,
        };
        match rules.decide(ask) {
            Decision::Allow(grant) => grant.rule().to_owned(),
            Decision::Deny(denial) => format!("{}: {}", denial.message, denial.rule),
            Decision::Approve(_) => "ask".to_owned(),
        }
    }

    /// wpf-devtools-mcp has two lists by path alone: a program that is put in the place of one is admitted there.
    #[test]
    fn attack_a_program_is_admitted_by_all_that_its_entry_says_or_not_at_all() {
        let key = Principal::key("k", Scope::ALL);
        let opened = "the tier is open; p.toml:4 admits it in `wpf.targets`";
        let outside = format!("{OUTSIDE}: p.toml:4 leaves it out of `wpf.targets`");
        let unloaded = "the inspector is not loaded into this application: p.toml:4 admits it in `wpf.targets` without `load = true`";
        for (path, hash, signer, load, said) in [
            (r"C:\Apps\Plain.exe", None, None, false, opened),
            (r"c:\apps\PLAIN.EXE", Some(b"x".as_slice()), Some("CN=Whoever"), false, opened),
            (r"C:\Apps\Plain.exe", None, None, true, unloaded),
            (r"C:\Apps\Hashed.exe", Some(b"test"), None, true, opened),
            (r"C:\Apps\Hashed.exe", Some(b"tested"), None, false, outside.as_str()),
            (r"C:\Apps\Hashed.exe", None, Some("CN=Example"), false, outside.as_str()),
            (r"C:\Apps\Signed.exe", None, Some("CN=Example"), true, opened),
            (r"C:\Apps\Signed.exe", Some(b"test"), Some("CN=Example, O=X"), true, outside.as_str()),
            (r"C:\Apps\Signed.exe", Some(b"test"), None, false, outside.as_str()),
            (r"C:\Apps\sub\Plain.exe", None, None, false, outside.as_str()),
            (r"C:\Apps", None, None, false, outside.as_str()),
            ("", Some(b"test"), Some("CN=Example"), false, outside.as_str()),
        ] {
            let facts = program(path, hash, signer);
            for who in [&Principal::local(), &key] {
                assert_eq!(decided(list(), who, 9, &facts, load), said, "{facts:?} {load}");
            }
        }
    }

    #[test]
    fn without_a_list_and_with_an_empty_one_nothing_is_connected_to() {
        let facts = program(r"C:\Apps\Plain.exe", None, None);
        let nobody = format!("{OUTSIDE}: nobody says `wpf.targets`: no application is connected to");
        assert_eq!(decided(WpfTargets::default(), &Principal::local(), 9, &facts, false), nobody);
        let empty = format!("{OUTSIDE}: p.toml:4 leaves it out of `wpf.targets`");
        assert_eq!(decided(targets(Vec::new()), &Principal::local(), 9, &facts, false), empty);
    }

    #[test]
    fn what_no_entry_names_is_not_looked_into() {
        let path = |text: &str| FilePath::parse(text).unwrap();
        let pins = |sha256, signer| Some(WpfPins { sha256, signer });
        assert_eq!(list().asks_of(&path(r"C:\Apps\Plain.exe")), pins(false, false));
        assert_eq!(list().asks_of(&path(r"c:\apps\HASHED.exe")), pins(true, false));
        assert_eq!(list().asks_of(&path(r"C:\Apps\Signed.exe")), pins(false, true));
        assert_eq!(list().asks_of(&path(r"C:\Apps\Other.exe")), None);
        assert_eq!(WpfTargets::default().asks_of(&path(r"C:\Apps\Plain.exe")), None);
    }

    #[test]
    fn our_own_process_is_no_target_whatever_is_named() {
        let facts = program(r"C:\Apps\Plain.exe", None, None);
        let said = decided(list(), &Principal::local(), OWN, &facts, false);
        assert!(said.starts_with("the application is Portcullis itself: "), "{said}");
    }

    /// What a refusal says must not tell two programs apart that no entry names.
    #[test]
    fn a_refusal_says_the_same_of_every_program_that_is_not_named() {
        let denials = [
            program(r"C:\Apps\Hashed.exe", Some(b"other"), None),
            program(r"C:\Secret\Bank.exe", Some(b"test"), Some("CN=Bank")),
            RunningProgram::default(),
        ]
        .map(|facts| list().check(&facts, true).unwrap_err());
        let [first, rest @ ..] = &denials;
        assert!(rest.iter().all(|denial| denial == first), "{denials:?}");
    }

    #[test]
    fn a_program_is_gone_into_when_it_is_named_and_each_gate_is_open() {
        let filter = ToolFilter::resolve(&FilterSpec::default(), &["connect"]).unwrap();
        let open = Valued::new(true, Origin::File { path: Path::new("p.toml").into(), line: 2 });
        let gates = [(WpfGate::SensitiveReads, open)].into_iter().collect();
        let rules = Rules::new(filter, Approval::Never, OWN).with_wpf_targets(list()).with_gates(gates);
        let (reads, models) = (WpfGate::SensitiveReads, WpfGate::Viewmodel);
        for (path, through, wanted) in [
            (r"C:\Apps\Plain.exe", &[][..], None),
            (r"C:\Apps\Plain.exe", &[reads], None),
            (r"C:\Apps\Plain.exe", &[reads, models], Some(FaultCode::NotEnabled)),
            (r"C:\Apps\Other.exe", &[reads], Some(FaultCode::Denied)),
        ] {
            let found = rules.check_application(&Principal::local(), &program(path, None, None), through);
            assert_eq!(found.err().map(|denial| denial.code), wanted, "{path} {through:?}");
        }
    }

    #[test]
    fn an_entry_that_says_less_is_wider() {
        let rules = |targets| {
            let filter = ToolFilter::resolve(&FilterSpec::default(), &["connect"]).unwrap();
            Rules::new(filter, Approval::Never, OWN).with_wpf_targets(targets)
        };
        let path = r"C:\Apps\One.exe";
        let plain = || entry(path, None, None, false);
        let pinned = || entry(path, Some(HASH), None, false);
        let loaded = || entry(path, None, None, true);
        for (old, new, wider) in [
            (vec![], vec![], vec![]),
            (vec![plain()], vec![], vec![]),
            (vec![plain()], vec![pinned()], vec![]),
            (vec![loaded()], vec![plain()], vec![]),
            (vec![], vec![plain()], vec![r"everybody: C:\Apps\One.exe in `wpf.targets`"]),
            (vec![pinned()], vec![plain()], vec![r"everybody: C:\Apps\One.exe in `wpf.targets`"]),
            (vec![plain()], vec![loaded()], vec![r"everybody: C:\Apps\One.exe, load in `wpf.targets`"]),
        ] {
            let (old, new) = (rules(targets(old)), rules(targets(new)));
            let found: Vec<String> = old.widened_by(&new, &[TOOL]).iter().map(ToString::to_string).collect();
            assert_eq!(found, wider);
            assert_eq!(
                old.digest() == new.digest(),
                old.widened_by(&new, &[]).is_empty() && new.widened_by(&old, &[]).is_empty()
            );
        }
    }
}
