//! `cargo xtask build`: the Windows programs, cross-compiled.

use anyhow::{Context, Result, bail};
use portcullis_testkit::lab::{Profile, WindowsBuild, built_exe};

/// What is built for Windows: packages and their programs.
const PROGRAMS: &[(&str, &str)] = &[
    ("portcullis", "portcullis"),
    ("portcullis-testkit", "portcullis-fake"),
    ("portcullis-fixture-desktop", "portcullis-fixture-desktop"),
    ("portcullis-fixture-baseline", "portcullis-fixture-baseline"),
    ("portcullis-fixture-shell", "portcullis-fixture-shell"),
];

pub(crate) fn run(release: bool) -> Result<()> {
    let profile = if release { Profile::Release } else { Profile::Lab };
    let mut cargo = WindowsBuild::find()?.cargo("build", profile);
    for (package, program) in PROGRAMS {
        cargo.args(["-p", package, "--bin", program]);
    }
    let status = cargo.status().context("cannot start cargo")?;
    if !status.success() {
        bail!("the Windows build failed ({status})");
    }
    crate::inspector::run()?;
    for (_, program) in PROGRAMS {
        eprintln!("{}", built_exe(program, profile).display());
    }
    Ok(())
}
