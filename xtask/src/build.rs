//! `cargo xtask build`: the Windows programs, cross-compiled.

use anyhow::{Context, Result, bail};
use portcullis_testkit::lab::{Profile, WindowsBuild, built_exe};

/// What is built for Windows, by package; each package's program has the package's name.
const PROGRAMS: &[&str] = &["portcullis", "portcullis-fixture-desktop"];

pub(crate) fn run(release: bool) -> Result<()> {
    let profile = if release { Profile::Release } else { Profile::Lab };
    let mut cargo = WindowsBuild::find()?.cargo("build", profile);
    for program in PROGRAMS {
        cargo.args(["-p", program]);
    }
    let status = cargo.status().context("cannot start cargo")?;
    if !status.success() {
        bail!("the Windows build failed ({status})");
    }
    for program in PROGRAMS {
        eprintln!("{}", built_exe(program, profile).display());
    }
    Ok(())
}
