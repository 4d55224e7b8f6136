//! `cargo xtask build`: the Windows programs, cross-compiled.

use anyhow::{Context, Result, bail};
use portcullis_testkit::lab::{Profile, WindowsBuild, built_exe, built_inspector, built_library};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// What is built for Windows: packages and their programs.
const PROGRAMS: &[(&str, &str)] = &[
    ("portcullis", "portcullis"),
    ("portcullis-testkit", "portcullis-fake"),
    ("portcullis-fixture-desktop", "portcullis-fixture-desktop"),
    ("portcullis-fixture-baseline", "portcullis-fixture-baseline"),
    ("portcullis-fixture-shell", "portcullis-fixture-shell"),
    ("portcullis-fixture-shell", "portcullis-fixture-tesseract"),
];

/// The library that starts the inspector in an application.
const BOOTSTRAP: &str = "portcullis-wpf-bootstrap";
/// Where the compiler is told that the payloads lie, and the feature that takes them in.
const PAYLOADS_VARIABLE: &str = "PORTCULLIS_PAYLOADS";
const PAYLOADS_FEATURE: &str = "portcullis/payloads";

pub(crate) fn run(release: bool) -> Result<()> {
    let profile = if release { Profile::Release } else { Profile::Lab };
    let build = WindowsBuild::find()?;
    let payloads = payloads(&build, profile)?;
    let mut cargo = build.cargo("build", profile);
    for (package, program) in PROGRAMS {
        cargo.args(["-p", package, "--bin", program]);
    }
    done(cargo.args(["--features", PAYLOADS_FEATURE]).env(PAYLOADS_VARIABLE, payloads), "the Windows build")?;
    for (_, program) in PROGRAMS {
        eprintln!("{}", built_exe(program, profile).display());
    }
    Ok(())
}

/// Builds what the exe takes in, and gives the folder that all of it lies in.
fn payloads(build: &WindowsBuild, profile: Profile) -> Result<PathBuf> {
    crate::inspector::run()?;
    done(build.cargo("build", profile).args(["-p", BOOTSTRAP]), "the build of the bootstrap library")?;
    let bootstrap = built_library("portcullis_bootstrap", profile);
    let folder = bootstrap.with_file_name("payloads");
    fs::create_dir_all(&folder)?;
    for file in [bootstrap, built_inspector().join("netcoreapp3.1").join("Portcullis.Inspector.dll")] {
        let copy = folder.join(file.file_name().context("a payload has a name")?);
        let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        // One that did not change keeps its time, so that the exe is not linked again for it.
        if fs::read(&copy).ok().as_ref() != Some(&bytes) {
            fs::write(&copy, bytes).with_context(|| format!("cannot write {}", copy.display()))?;
        }
    }
    Ok(folder)
}

fn done(cargo: &mut Command, what: &str) -> Result<()> {
    let status = cargo.status().context("cannot start cargo")?;
    if status.success() { Ok(()) } else { bail!("{what} failed ({status})") }
}
