//! `cargo xtask tidy`: the rules of this repository that no compiler checks. Each rule is a function from facts to
//! complaints, so that each has a test with facts that break it; only this file reads the disk and asks cargo.

mod arrows;
mod documents;
mod files;
mod licences;
mod source;
pub(crate) mod workflows;

use anyhow::{Context, Result, ensure};
use portcullis_testkit::lab::{run_within, workspace_top};
use serde_json::Value;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const METADATA_LIMIT: Duration = Duration::from_secs(120);
/// Where the workflows are.
pub(crate) const WORKFLOWS: &str = ".github/workflows";
/// Folders in which there is nothing of ours.
const SKIPPED: &[&str] = &["target", ".git", "node_modules", "obj"];
/// The endings of files that have rules of their own.
const LANGUAGES: &[&str] = &["rs", "cs", "xaml"];

/// One package of `cargo metadata`, as far as the rules ask.
#[derive(Debug, Clone, Default)]
struct Package {
    name: String,
    licence: Option<String>,
    /// `None` for a path in this workspace.
    source: Option<String>,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Clone, Default)]
struct Dependency {
    name: String,
    only_for_tests: bool,
}

/// Prints every complaint; an error when there is one.
pub(crate) fn run() -> Result<()> {
    let (complaints, rules) = complaints()?;
    for complaint in &complaints {
        println!("{complaint}");
    }
    ensure!(complaints.is_empty(), "{} complaint(s) of tidy, see above", complaints.len());
    println!("tidy: {rules} rules hold");
    Ok(())
}

/// All complaints, sorted, and how many rules were asked.
fn complaints() -> Result<(Vec<String>, usize)> {
    let top = workspace_top();
    let packages = packages(&metadata(&top)?)?;
    let table = fs::read_to_string(top.join("ARCHITECTURE.md")).context("ARCHITECTURE.md has the table of arrows")?;
    let mut all = arrows::check(&arrows::table(&table)?, &packages);
    all.extend(arrows::check_protocol_crates(&packages));
    all.extend(licences::check(&packages));
    let mut names = HashSet::new();
    for path in sources(&top)? {
        let text = fs::read_to_string(top.join(&path)).with_context(|| format!("cannot read {}", path.display()))?;
        let rules = if path.extension().is_some_and(|e| e == "rs") { files::RULES } else { files::RULES_OF_CSHARP };
        let path = path.to_string_lossy().replace('\\', "/");
        all.extend(rules.iter().flat_map(|rule| rule(&path, &text)));
        names.extend(documents::names(&text).map(str::to_owned));
    }
    for page in pages(&top)? {
        let text = fs::read_to_string(top.join(&page)).with_context(|| format!("cannot read {page}"))?;
        all.extend(documents::check(&page, &text, &names, &|path| top.join(path).exists()));
    }
    let readme = fs::read_to_string(top.join("README.md")).context("README.md has the commands")?;
    let commands = workflows::commands(&readme);
    for name in files_of(&top, WORKFLOWS)? {
        let text = fs::read_to_string(top.join(&name)).with_context(|| format!("cannot read {name}"))?;
        all.extend(workflows::check(&name, &text, &commands));
    }
    all.sort();
    // Arrows, protocol crates, licences, documents and workflows are rules too.
    Ok((all, files::RULES.len().saturating_add(5)))
}

fn metadata(top: &Path) -> Result<Value> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(top).args(["metadata", "--format-version", "1", "--locked"]);
    serde_json::from_str(&run_within(&mut cargo, METADATA_LIMIT)?.stdout).context("the output of cargo metadata")
}

fn packages(metadata: &Value) -> Result<Vec<Package>> {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let list = |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let packages = list(metadata, "packages");
    packages
        .iter()
        .map(|package| {
            let dependencies = list(package, "dependencies")
                .iter()
                .filter_map(|dependency| {
                    let only_for_tests = text(dependency, "kind").as_deref() == Some("dev");
                    Some(Dependency { name: text(dependency, "name")?, only_for_tests })
                })
                .collect();
            Ok(Package {
                name: text(package, "name").context("a package has a name")?,
                licence: text(package, "license"),
                source: text(package, "source"),
                dependencies,
            })
        })
        .collect()
}

/// Every file of a folder, relative to the workspace's top.
pub(crate) fn files_of(top: &Path, folder: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(top.join(folder)).with_context(|| format!("no folder {folder}"))? {
        found.push(format!("{folder}/{}", entry?.file_name().to_string_lossy()));
    }
    found.sort();
    Ok(found)
}

/// Every page for people: those at the top, and those of `docs`.
fn pages(top: &Path) -> Result<Vec<String>> {
    let mut found = files_of(top, "docs")?;
    for entry in fs::read_dir(top)? {
        found.push(entry?.file_name().to_string_lossy().into_owned());
    }
    // What has changed names things that may be gone by now.
    found.retain(|name| name.ends_with(".md") && name != "CHANGELOG.md");
    found.sort();
    Ok(found)
}

/// Every file of the workspace that is written in a language with rules, relative to its top.
fn sources(top: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = vec![top.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            let name = entry.file_name();
            if kind.is_dir() && !SKIPPED.iter().any(|skipped| name == *skipped) {
                folders.push(path);
            } else if kind.is_file()
                && path.extension().is_some_and(|e| LANGUAGES.iter().any(|language| e == *language))
            {
                found.push(path.strip_prefix(top)?.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_repository_is_tidy() {
        let (all, _) = complaints().unwrap();
        assert!(all.is_empty(), "{}", all.join("\n"));
    }

    #[test]
    fn packages_are_read_with_kinds_of_dependencies() {
        let metadata = serde_json::json!({ "packages": [{ "name": "a", "license": "MIT", "source": null, "dependencies": [
            { "name": "b", "kind": null }, { "name": "c", "kind": "dev" }, { "name": "d", "kind": "build" } ] }] });
        let packages = packages(&metadata).unwrap();
        let tests: Vec<bool> = packages[0].dependencies.iter().map(|d| d.only_for_tests).collect();
        assert_eq!(tests, [false, true, false]);
    }
}
