//! `cargo xtask inspector`: what is written in C#, built by the .NET SDK on a desktop of its own: in the lab, or on Windows by
//! the machine's own `dotnet`. Which projects there are is a table here; where their files are afterwards the testkit says.

use crate::progress::Steps;
use anyhow::{Context, Result, ensure};
use portcullis_testkit::lab::{
    self, Lab, Run, built_app, built_inspector, built_inspector_tests, timed, workspace_top,
};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One project takes 3 to 6 seconds on two cores.
const BUILD_LIMIT: Duration = Duration::from_secs(180);
/// What every project depends on: properties, where packages come from, and which SDK it is.
const COMMON: &[&str] = &["inspector/Directory.Build.props", "inspector/NuGet.Config", "lab/dotnet/package-lock.json"];
/// What a project reads that has the inspector in it.
const INSPECTOR: &[&str] = &["inspector", "lab/dotnet/package-lock.json"];
/// What every fixture application reads besides.
const FIXTURES: &[&str] = &["lab/fixtures/wpf/Directory.Build.props", "lab/fixtures/wpf/Shared"];
/// What an earlier `dotnet build` in the working folder left there.
const LEFT_OVERS: &[&str] = &["bin", "obj"];
/// Raised when the recipe below changes in a way that its inputs do not show.
const RECIPE: u32 = 1;
/// The file in an output that says what it was made of.
const STAMP: &str = ".inputs";

/// A project, by its file and by what it reads, from the workspace's top, and the folder that its output becomes.
struct Project {
    file: &'static str,
    sources: &'static [&'static [&'static str]],
    output: fn() -> PathBuf,
}

const PROJECTS: &[Project] = &[
    Project { file: "inspector/Portcullis.Inspector.csproj", sources: &[INSPECTOR], output: built_inspector },
    Project {
        file: "inspector/tests/Portcullis.Inspector.Tests.csproj",
        sources: &[INSPECTOR, &["fuzz/corpus/wpf_channel"]],
        output: built_inspector_tests,
    },
    Project {
        file: "lab/fixtures/wpf/Form/Fixture.Form.csproj",
        sources: &[COMMON, FIXTURES, &["lab/fixtures/wpf/Form"]],
        output: || built_app("Fixture.Form"),
    },
    Project {
        file: "lab/fixtures/wpf/Plain/Fixture.Plain.csproj",
        sources: &[COMMON, FIXTURES, &["lab/fixtures/wpf/Plain"]],
        output: || built_app("Fixture.Plain"),
    },
    Project {
        file: "lab/fixtures/wpf/Open/Fixture.Open.csproj",
        sources: &[INSPECTOR, FIXTURES, &["lab/fixtures/wpf/Open"]],
        output: || built_app("Fixture.Open"),
    },
    Project {
        file: "lab/fixtures/wpf/Liar/Fixture.Liar.csproj",
        sources: &[INSPECTOR, FIXTURES, &["lab/fixtures/wpf/Liar"]],
        output: || built_app("Fixture.Liar"),
    },
];

/// A file's path from the top, and what is in it.
type Source = (String, Vec<u8>);

/// Builds the projects, but those that were built from the same sources.
pub(crate) fn run() -> Result<()> {
    let top = workspace_top();
    let mut stale = Vec::new();
    for project in PROJECTS {
        let sources = sources(&top, project)?;
        let found = fs::read_to_string((project.output)().join(STAMP));
        if found.is_ok_and(|found| found == stamp(&sources)) {
            eprintln!("{}: built already", project.file);
        } else {
            stale.push((project, sources));
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    let lab = Lab::ready()?;
    let dotnet = lab.dotnet()?;
    let desktop = lab.start(None)?;
    for (project, sources) in stale {
        timed(&Steps::default(), project.file, || build(&desktop, &dotnet, project, &sources))?;
    }
    desktop.end()
}

fn build(desktop: &Run, dotnet: &lab::Dotnet, project: &Project, sources: &[Source]) -> Result<()> {
    // The working folder is read-only to what runs on the desktop, and a build beside the sources would litter it.
    let folder = desktop.share().join("build");
    for (path, bytes) in sources {
        let copy = folder.join(path);
        fs::create_dir_all(copy.parent().context("a source lies in a folder")?)?;
        fs::write(&copy, bytes)?;
    }
    let file = folder.join(project.file);
    // A compiler that stays to be quicker the next time would hold our pipes.
    let alone = "-p:UseSharedCompilation=false";
    // So would a helper that it starts for a project that is referred to.
    let words = ["build", &desktop.windows_path(&file), "-c", "Release", "-nologo", "-v:m", "-m:1", alone];
    let said = lab::run_within(&mut dotnet.command(desktop, &words)?, BUILD_LIMIT)?;
    for line in said.stdout.lines().filter(|line| line.contains("left out")) {
        eprintln!("{}", line.trim());
    }
    let made = file.with_file_name("bin").join("Release");
    ensure!(made.is_dir(), "dotnet made no {}:\n{}", made.display(), said.stdout);
    fs::write(made.join(STAMP), stamp(sources))?;
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

/// What a project reads, sorted.
fn sources(top: &Path, project: &Project) -> Result<Vec<Source>> {
    let mut found = Vec::new();
    for part in project.sources.iter().copied().flatten() {
        let part = top.join(part);
        let paths = if part.is_dir() { files(&part, LEFT_OVERS)? } else { vec![part] };
        for path in paths {
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
fn stamp(sources: &[Source]) -> String {
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
    fn a_project_reads_its_own_files_and_what_all_share_and_no_left_overs() {
        for project in PROJECTS {
            let names: Vec<String> =
                sources(&workspace_top(), project).unwrap().into_iter().map(|source| source.0).collect();
            assert!(names.iter().any(|name| name == project.file), "{}", project.file);
            assert!(COMMON.iter().all(|common| names.iter().any(|name| name == common)), "{}", project.file);
        }
        let top = tempfile::tempdir().unwrap();
        let lock = "lab/dotnet/package-lock.json";
        for file in ["inspector/a.cs", "inspector/obj/b.cs", "inspector/bin/c.dll", "lab/d.cs", lock] {
            let file = top.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "x").unwrap();
        }
        let inspector = PROJECTS.first().unwrap();
        let names: Vec<String> = sources(top.path(), inspector).unwrap().into_iter().map(|source| source.0).collect();
        assert_eq!(names, ["inspector/a.cs", lock]);
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
