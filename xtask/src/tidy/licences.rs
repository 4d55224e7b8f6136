//! Which licences and sources a dependency may have. Every licence expression must be satisfiable with the allowed
//! ones, and every package comes from crates.io or from this workspace.

use super::Package;

const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "IJG",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub(super) fn check(packages: &[Package]) -> Vec<String> {
    let mut complaints = Vec::new();
    for package in packages {
        let name = &package.name;
        match package.licence.as_deref() {
            None => complaints.push(format!("{name}: it states no licence")),
            Some(licence) if !is_allowed(licence) => {
                complaints.push(format!("{name}: licence `{licence}` needs one that is not allowed"));
            }
            Some(_) => {}
        }
        if let Some(source) = package.source.as_deref().filter(|source| *source != CRATES_IO) {
            complaints.push(format!("{name}: it comes from {source}, and only crates.io and paths are allowed"));
        }
    }
    complaints
}

/// Evaluates an SPDX expression; anything that is not understood is not allowed.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut words = words.as_slice();
    either(&mut words) == Some(true) && words.is_empty()
}

fn either(words: &mut &[&str]) -> Option<bool> {
    let mut holds = both(words)?;
    while take(words, "OR") {
        let other = both(words)?;
        holds = holds || other;
    }
    Some(holds)
}

fn both(words: &mut &[&str]) -> Option<bool> {
    let mut holds = one(words)?;
    while take(words, "AND") {
        let other = one(words)?;
        holds = holds && other;
    }
    Some(holds)
}

fn one(words: &mut &[&str]) -> Option<bool> {
    if take(words, "(") {
        let holds = either(words)?;
        return take(words, ")").then_some(holds);
    }
    let mut licence = (*next(words)?).to_owned();
    if take(words, "WITH") {
        licence = format!("{licence} WITH {}", next(words)?);
    }
    Some(ALLOWED.contains(&licence.as_str()))
}

fn next<'a>(words: &mut &[&'a str]) -> Option<&'a str> {
    let (first, rest) = words.split_first()?;
    *words = rest;
    Some(first)
}

fn take(words: &mut &[&str], word: &str) -> bool {
    if words.first() == Some(&word) {
        next(words);
        return true;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_evaluated_and_not_searched() {
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
        ] {
            assert!(is_allowed(good), "{good}");
        }
        for bad in
            ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND (GPL-2.0 OR LGPL-2.1)", "", "MIT MIT", "(MIT", "MIT OR"]
        {
            assert!(!is_allowed(bad), "{bad}");
        }
    }

    #[test]
    fn a_missing_licence_a_refused_one_and_a_foreign_source_are_named() {
        let package = |name: &str, licence: Option<&str>, source: Option<&str>| Package {
            name: name.to_owned(),
            licence: licence.map(str::to_owned),
            source: source.map(str::to_owned),
            ..Package::default()
        };
        let complaints = check(&[
            package("fine", Some("MIT"), Some(CRATES_IO)),
            package("ours", Some("Apache-2.0 OR MIT"), None),
            package("silent", None, Some(CRATES_IO)),
            package("viral", Some("AGPL-3.0"), Some(CRATES_IO)),
            package("foreign", Some("MIT"), Some("git+https://example.org/x")),
        ]);
        let names: Vec<&str> = complaints.iter().filter_map(|c| c.split(':').next()).collect();
        assert_eq!(names, ["silent", "viral", "foreign"]);
    }
}
