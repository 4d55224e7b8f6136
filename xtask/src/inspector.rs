//! `cargo xtask inspector`: what is written in C#, built by the .NET SDK on a desktop of its own: in the lab, or on Windows by
//! the machine's own `dotnet`. Which projects there are is a table here; where their files are afterwards the testkit says.

use crate::progress::Steps;
use anyhow::{Context, Result, ensure};
use portcullis_testkit::lab::{self, Lab, Run, built_app, built_inspector, timed, workspace_top};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One project takes 3 to 6 seconds on two cores.
const BUILD_LIMIT: Duration = Duration::from_secs(180);
/// The folders that the projects lie in, which are all that a build reads.
const SOURCES: &[&str] = &["inspector", "lab/fixtures/wpf"];
/// What an earlier `dotnet build` in the working folder left there.
const LEFT_OVERS: &[&str] = &["bin", "obj"];
/// Raised when the recipe below changes in a way that its inputs do not show.
const RECIPE: u32 = 1;
/// The file beside the inspector that says what all of it was made of.
const STAMP: &str = ".inputs";

/// A project file from the workspace's top, and the folder that its output becomes.
struct Project {
    file: &'static str,
    output: fn() -> PathBuf,
}

const PROJECTS: &[Project] = &[
    Project { file: "inspector/Portcullis.Inspector.csproj", output: built_inspector },
    Project { file: "lab/fixtures/wpf/Form/Fixture.Form.csproj", output: || built_app("Fixture.Form") },
    Project { file: "lab/fixtures/wpf/Plain/Fixture.Plain.csproj", output: || built_app("Fixture.Plain") },
];

/// Builds all projects unless they were built from the same sources.
pub(crate) fn run() -> Result<()> {
    let top = workspace_top();
    let sources = sources(&top)?;
    let stamp = stamp(&sources);
    let stamp_file = built_inspector().join(STAMP);
    let is_there = PROJECTS.iter().all(|project| (project.output)().is_dir());
    if is_there && fs::read_to_string(&stamp_file).is_ok_and(|found| found == stamp) {
        eprintln!("inspector and WPF fixtures: built already");
        return Ok(());
    }
    let lab = Lab::ready()?;
    let dotnet = lab.dotnet()?;
    let desktop = lab.start(None)?;
    // The working folder is read-only to what runs on the desktop, and a build beside the sources would litter it.
    let folder = desktop.share().join("build");
    for (path, bytes) in &sources {
        let copy = folder.join(path);
        fs::create_dir_all(copy.parent().context("a source lies in a folder")?)?;
        fs::write(&copy, bytes)?;
    }
    // Half a change must not look whole: what says that all is built goes first and comes last.
    if stamp_file.exists() {
        fs::remove_file(&stamp_file)?;
    }
    for project in PROJECTS {
        timed(&Steps::default(), project.file, || build(&desktop, &dotnet, &folder, project))?;
    }
    fs::write(&stamp_file, stamp)?;
    desktop.end()
}

fn build(desktop: &Run, dotnet: &lab::Dotnet, folder: &Path, project: &Project) -> Result<()> {
    let file = folder.join(project.file);
    // A compiler that stays to be quicker the next time would hold our pipes.
    let alone = "-p:UseSharedCompilation=false";
    let words = ["build", &desktop.windows_path(&file), "-c", "Release", "-nologo", "-v:m", alone];
    let said = lab::run_within(&mut dotnet.command(desktop, &words)?, BUILD_LIMIT)?;
    for line in said.stdout.lines().filter(|line| line.contains("left out")) {
        eprintln!("{}", line.trim());
    }
    let made = file.with_file_name("bin").join("Release");
    ensure!(made.is_dir(), "dotnet made no {}:\n{}", made.display(), said.stdout);
    replace(&(project.output)(), &made)
}

/// Puts a copy of a folder in the place of another, which is never seen half written.
fn replace(target: &Path, from: &Path) -> Result<()> {
    let mut partial = target.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    for old in [&partial, target] {
        if old.exists() {
            fs::remove_dir_all(old).with_context(|| format!("cannot replace {}", old.display()))?;
        }
    }
    for path in files(from, &[])? {
        let copy = partial.join(path.strip_prefix(from)?);
        fs::create_dir_all(copy.parent().context("a file lies in a folder")?)?;
        fs::copy(&path, copy)?;
    }
    fs::rename(&partial, target).with_context(|| format!("cannot make {}", target.display()))
}

/// Every source by its path from the top, sorted.
fn sources(top: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    for folder in SOURCES {
        for path in files(&top.join(folder), LEFT_OVERS)? {
            let name = path.strip_prefix(top)?.to_string_lossy().replace('\\', "/");
            found.push((name, fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?));
        }
    }
    found.sort();
    Ok(found)
}

fn files(top: &Path, skipped: &[&str]) -> Result<Vec<PathBuf>> {
    let mut folders = vec![top.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("no folder {}", folder.display()))? {
            let entry = entry?;
            if !entry.file_type()?.is_dir() {
                found.push(entry.path());
            } else if !skipped.iter().any(|name| entry.file_name() == *name) {
                folders.push(entry.path());
            }
        }
    }
    Ok(found)
}

/// What the outputs depend on, as one line: names and contents, each with its length so that none runs into the next.
fn stamp(sources: &[(String, Vec<u8>)]) -> String {
    let mut digest = Sha256::new();
    for (name, bytes) in sources {
        for part in [name.as_bytes(), bytes] {
            digest.update(part.len().to_le_bytes());
            digest.update(part);
        }
    }
    let digest: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("recipe {RECIPE} {digest}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stamp_sees_names_contents_and_where_one_ends() {
        let of = |files: &[(&str, &str)]| {
            stamp(&files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect::<Vec<_>>())
        };
        let one = of(&[("a.cs", "x"), ("b.cs", "y")]);
        assert_eq!(one, of(&[("a.cs", "x"), ("b.cs", "y")]));
        for other in [&[("a.cs", "x"), ("b.cs", "z")][..], &[("a.cs", "x"), ("c.cs", "y")], &[("a.cs", "xb.csy")]] {
            assert_ne!(one, of(other), "{other:?}");
        }
    }

    #[test]
    fn every_project_is_among_the_sources_and_left_overs_are_not() {
        let sources = sources(&workspace_top()).unwrap();
        for project in PROJECTS {
            assert!(sources.iter().any(|(name, _)| name == project.file), "{}", project.file);
        }
        let top = tempfile::tempdir().unwrap();
        for file in ["inspector/a.cs", "inspector/obj/b.cs", "lab/fixtures/wpf/Form/bin/c.dll"] {
            let file = top.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "x").unwrap();
        }
        let names: Vec<String> = super::sources(top.path()).unwrap().into_iter().map(|source| source.0).collect();
        assert_eq!(names, ["inspector/a.cs"]);
    }

    #[test]
    fn an_output_takes_the_place_of_an_older_one() {
        let top = tempfile::tempdir().unwrap();
        let (from, target) = (top.path().join("from"), top.path().join("t/target"));
        for (file, text) in [(from.join("netcoreapp3.1/new"), "new"), (target.join("old"), "old")] {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        replace(&target, &from).unwrap();
        assert_eq!(fs::read_to_string(target.join("netcoreapp3.1/new")).unwrap(), "new");
        assert!(!target.join("old").exists());
    }
}
