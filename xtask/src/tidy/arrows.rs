//! Who may depend on whom: the table in ARCHITECTURE.md against what cargo says, and the crates that alone may name
//! the protocol's libraries.

use super::Package;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;

const BEGIN: &str = "<!-- arrows -->";
const END: &str = "<!-- /arrows -->";
/// Libraries of the transport, which must not leak inwards.
const PROTOCOL_LIBRARIES: &[&str] = &["tokio", "tokio-util", "tokio-rustls", "rmcp", "axum", "hyper", "hyper-util"];
const PROTOCOL_CRATES: &[&str] = &["server", "portcullis", "floor"];

/// What one crate may use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Allowed {
    always: Vec<String>,
    in_tests: Vec<String>,
}

/// The rows between the two marks, by crate.
pub(super) fn table(text: &str) -> Result<BTreeMap<String, Allowed>> {
    let inside = text
        .split_once(BEGIN)
        .and_then(|(_, rest)| rest.split_once(END))
        .with_context(|| format!("ARCHITECTURE.md lacks the marks {BEGIN} and {END}"))?
        .0;
    let names = |cell: Option<&str>| -> Vec<String> {
        let cell = cell.unwrap_or_default();
        cell.split(',').map(|name| name.trim().trim_matches('`').to_owned()).filter(|n| !n.is_empty()).collect()
    };
    let mut rows = BTreeMap::new();
    for line in inside.lines().map(str::trim).filter(|line| line.starts_with('|')).skip(2) {
        let mut cells = line.trim_matches('|').split('|');
        let name = names(cells.next()).join(" ");
        let allowed = Allowed { always: names(cells.next()), in_tests: names(cells.next()) };
        ensure!(rows.insert(name.clone(), allowed).is_none(), "ARCHITECTURE.md has two rows for {name}");
    }
    ensure!(!rows.is_empty(), "ARCHITECTURE.md has no rows between {BEGIN} and {END}");
    Ok(rows)
}

/// The name that the table uses.
fn short(name: &str) -> &str {
    name.strip_prefix("portcullis-").unwrap_or(name)
}

pub(super) fn check(table: &BTreeMap<String, Allowed>, packages: &[Package]) -> Vec<String> {
    let ours = |name: &str| packages.iter().any(|p| p.source.is_none() && p.name == name);
    let mut complaints = Vec::new();
    for package in packages.iter().filter(|p| p.source.is_none()) {
        let name = short(&package.name);
        let Some(allowed) = table.get(name) else {
            complaints.push(format!("ARCHITECTURE.md: crate `{name}` has no row in the table of arrows"));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|d| ours(&d.name)) {
            let used = short(&dependency.name).to_owned();
            let in_tests = dependency.only_for_tests && allowed.in_tests.contains(&used);
            if !allowed.always.contains(&used) && !in_tests && used != name {
                let may = allowed.always.join(", ");
                complaints.push(format!("{name}: must not depend on `{used}` (it may use: {may})"));
            }
        }
    }
    complaints
}

pub(super) fn check_protocol_crates(packages: &[Package]) -> Vec<String> {
    let inner = packages.iter().filter(|p| p.source.is_none() && !PROTOCOL_CRATES.contains(&short(&p.name)));
    inner
        .flat_map(|package| package.dependencies.iter().map(move |dependency| (package, dependency)))
        .filter(|(_, dependency)| PROTOCOL_LIBRARIES.contains(&dependency.name.as_str()))
        .map(|(p, d)| format!("{}: only {} may depend on `{}`", short(&p.name), PROTOCOL_CRATES.join(", "), d.name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::Dependency;
    use super::*;

    const TABLE: &str = "words\n<!-- arrows -->\n| crate | may use | tests |\n|---|---|---|\n| `model` | | |\n\
                         | gate | model | fake |\n| fake | model |\n<!-- /arrows -->\n| other | table |\n";

    fn package(name: &str, uses: &[(&str, bool)]) -> Package {
        let dependencies = uses
            .iter()
            .map(|(name, only_for_tests)| Dependency { name: (*name).to_owned(), only_for_tests: *only_for_tests })
            .collect();
        Package { name: name.to_owned(), dependencies, ..Package::default() }
    }

    #[test]
    fn an_arrow_that_the_table_has_is_fine() {
        let packages = [
            package("portcullis-model", &[]),
            package("portcullis-fake", &[("portcullis-model", false)]),
            package("portcullis-gate", &[("portcullis-model", false), ("portcullis-fake", true), ("serde", false)]),
        ];
        assert_eq!(check(&table(TABLE).unwrap(), &packages), Vec::<String>::new());
    }

    #[test]
    fn an_arrow_that_the_table_lacks_a_test_arrow_in_the_product_and_a_missing_row_are_named() {
        let packages = [
            package("portcullis-model", &[("portcullis-gate", false)]),
            package("portcullis-fake", &[]),
            package("portcullis-gate", &[("portcullis-fake", false)]),
            package("portcullis-new", &[]),
        ];
        let complaints = check(&table(TABLE).unwrap(), &packages);
        assert_eq!(complaints.len(), 3, "{complaints:?}");
        assert!(complaints[0].starts_with("model: must not depend on `gate`"));
        assert!(complaints[1].starts_with("gate: must not depend on `fake`"));
        assert!(complaints[2].contains("`new` has no row"));
    }

    #[test]
    fn a_text_without_marks_or_with_a_row_twice_is_refused() {
        assert!(table("| a | b |").is_err());
        assert!(table(&TABLE.replace("| fake |", "| gate |")).is_err());
    }

    #[test]
    fn the_protocols_libraries_stay_outside() {
        let packages =
            [package("portcullis-server", &[("tokio", false)]), package("portcullis-gate", &[("rmcp", true)])];
        let complaints = check_protocol_crates(&packages);
        assert_eq!(complaints.len(), 1);
        assert!(complaints[0].starts_with("gate: only server"), "{complaints:?}");
    }
}
