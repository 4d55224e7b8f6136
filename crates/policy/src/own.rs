//! The rules of one principal alone, beside those of all. They take away; they give only roots of files and keys, and hosts, where the
//! rules of all name none. Nothing here is shown to another principal.

use crate::files::FileRules;
use crate::filter::ToolFilter;
use crate::hosts::HostRules;
use crate::rates::RateWords;
use crate::registry::RegistryRules;
use crate::restrict::Restrictions;

/// What holds for one principal besides what holds for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnRules {
    /// Which tools and tiers are left to it.
    pub filter: ToolFilter,
    /// What is taken away beside tools and tiers. `asked_by` means nothing here.
    pub restrictions: Restrictions,
    /// Its roots, and what is kept back in them. `profile` and `own` mean nothing here.
    pub files: FileRules,
    /// Its keys of the registry, and what is kept back below them.
    pub registry: RegistryRules,
    /// Its hosts, and what is kept back of them. Our own places mean nothing here.
    pub hosts: HostRules,
    /// How much it may ask for.
    pub rates: RateWords,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{Approval, Rules, ToolRow};
    use crate::filter::ToolWords;
    use crate::roots::roots;
    use crate::view::View;
    use portcullis_model::{Access, Effect, FilePath, Origin, Principal, RegistryKey, Resource, Scope, Tier, Valued};
    use std::path::Path;

    const KNOWN: &[(&str, Tier)] = &[("Click", Tier::Interact), ("SetClipboard", Tier::Alter)];
    const CLICK: ToolRow<'_> =
        ToolRow { name: "Click", tier: Tier::Interact, effects: &[Effect::SendInput], gates: &[] };
    const SET: ToolRow<'_> =
        ToolRow { name: "SetClipboard", tier: Tier::Alter, effects: &[Effect::WriteClipboard], gates: &[] };

    fn at(line: usize) -> Origin {
        Origin::File { path: Path::new("p.toml").into(), line }
    }

    fn said<T>(value: T, line: usize) -> Valued<T> {
        Valued::new(value, at(line))
    }

    fn path(text: &str) -> FilePath {
        FilePath::parse(text).unwrap()
    }

    fn own() -> OwnRules {
        OwnRules {
            filter: ToolFilter::narrowing(&ToolWords::default(), KNOWN).unwrap(),
            restrictions: Restrictions::default(),
            files: FileRules::default(),
            registry: RegistryRules::default(),
            hosts: HostRules::default(),
            rates: RateWords::default(),
        }
    }

    fn rules(own: OwnRules) -> Rules {
        let words = ToolWords { tier3: Some(said(true, 2)), ..ToolWords::default() };
        Rules::new(ToolFilter::of_words(&words, KNOWN).unwrap(), Approval::Never, 1)
            .with_own([("key:ci".to_owned(), own)])
    }

    fn told(rules: &Rules, who: &Principal, tool: ToolRow<'_>) -> String {
        rules.admit(who, tool).map_or_else(|denial| denial.rule, |()| "open".to_owned())
    }

    #[test]
    fn the_rules_of_one_key_take_from_it_and_are_not_told_to_another() {
        let (ci, other) = (Principal::key("ci", Scope::ALL), Principal::key("other", Scope::ALL));
        for (words, click, set) in [
            (ToolWords::default(), "open", "open"),
            (
                ToolWords { tier3: Some(said(false, 7)), ..ToolWords::default() },
                "open",
                "p.toml:7 says `tools.tier3 = false`; the effect is write_clipboard",
            ),
            (
                ToolWords { exclude: vec![said("click".to_owned(), 8)], ..ToolWords::default() },
                "p.toml:8 names it in `tools.exclude`",
                "open",
            ),
            (
                ToolWords { list: Some(said(vec![said("Click".to_owned(), 9)], 9)), ..ToolWords::default() },
                "open",
                "p.toml:9 leaves it out of `tools.list`",
            ),
        ] {
            let rules = rules(OwnRules { filter: ToolFilter::narrowing(&words, KNOWN).unwrap(), ..own() });
            assert_eq!((told(&rules, &ci, CLICK).as_str(), told(&rules, &ci, SET).as_str()), (click, set));
            for principal in [&other, &Principal::local()] {
                assert_eq!(told(&rules, principal, CLICK), "open");
                assert_eq!(told(&rules, principal, SET), "open");
            }
        }
    }

    fn opened(view: &View, text: &str, access: Access) -> String {
        let file = Resource::File { path: path(text), identity: None, access };
        view.check_place(&file).map_or_else(|denial| denial.rule, |rule| rule.unwrap())
    }

    #[test]
    fn roots_of_one_key_are_given_where_there_are_none_and_lie_within_those_of_all() {
        let files = FileRules {
            read: roots([path(r"D:\ci"), path(r"D:\shared\.ssh")], &at(7)),
            deny: vec![said(path(r"D:\ci\private"), 8)],
            ..FileRules::default()
        };
        let registry = RegistryRules {
            read: roots([RegistryKey::parse(r"HKLM\SYSTEM").unwrap()], &at(9)),
            ..RegistryRules::default()
        };
        let given = rules(OwnRules { files, registry, ..own() });
        let (ci, other) = (Principal::key("ci", Scope::ALL), Principal::key("other", Scope::ALL));
        let view = given.view(&ci);
        assert_eq!(opened(&view, r"D:\ci\a", Access::Read), "p.toml:7 opens it in `files.read`");
        assert_eq!(opened(&view, r"D:\shared\.ssh\a", Access::Read), "p.toml:7 opens it in `files.read`");
        assert_eq!(opened(&view, r"D:\ci\private\a", Access::Read), r"p.toml:8 names D:\ci\private in `files.deny`");
        assert_eq!(opened(&view, r"D:\x", Access::Read), "p.toml:7 leaves it out of `files.read`");
        assert!(opened(&view, r"D:\ci\a", Access::Write).starts_with("nobody says `files.write`"));
        assert!(opened(&given.view(&other), r"D:\ci\a", Access::Read).starts_with("nobody says `files.read`"));
        let key = Resource::RegistryKey {
            key: RegistryKey::parse(r"HKLM\SYSTEM\x").unwrap(),
            view: portcullis_model::RegistryView::Bits64,
            access: Access::Read,
        };
        assert_eq!(view.check_place(&key).unwrap().unwrap(), "p.toml:9 opens it in `registry.read`");
        assert!(given.view(&other).check_place(&key).is_err());
        // What all have is a ceiling for each.
        let all = FileRules { read: roots([path(r"D:\ci\inner")], &at(3)), ..FileRules::default() };
        let view = given.with_files(all).view(&ci);
        assert_eq!(opened(&view, r"D:\ci\inner\a", Access::Read), "p.toml:7 opens it in `files.read`");
        assert_eq!(opened(&view, r"D:\ci\a", Access::Read), "p.toml:3 leaves it out of `files.read`");
    }
}
