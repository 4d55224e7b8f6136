//! The standard library's source, for the cross-build on a machine whose toolchain lacks the Windows target. It must be
//! of exactly the compiler's version, so the lab asks Debian for that one and keeps it in its own cache; the
//! toolchain's folders stay as they are.

use super::build::rustc_version;
use super::cache::{self, Cache, Draft};
use super::linux::BUILD_TARGET as TARGET;
use super::progress::{Progress, timed};
use super::rootfs::{self, Wine};
use super::{command, run_within};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const RUSTC_LIMIT: Duration = Duration::from_secs(20);
const APT_LIMIT: Duration = Duration::from_secs(300);
const UNPACK_LIMIT: Duration = Duration::from_secs(120);

/// Where the build finds a standard library for Windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Std {
    /// The toolchain has the target ready-made.
    Installed,
    /// The toolchain has the source in the place where cargo looks.
    SourceInToolchain,
    /// The source is here.
    Source(PathBuf),
}

impl Std {
    /// Tells cargo of it.
    pub(super) fn prepare(&self, cargo: &mut Command) {
        if *self != Std::Installed {
            cargo.env("RUSTC_BOOTSTRAP", "1").arg("-Zbuild-std=std,panic_unwind");
        }
        if let Std::Source(library) = self {
            // Cargo reads this in place of the toolchain's own folder, so no link into the toolchain is needed.
            cargo.env("__CARGO_TESTS_ONLY_SRC_ROOT", library);
        }
    }
}

fn stamp(version: &str) -> String {
    format!("rust-src recipe 1\n{version}\n")
}

fn rustlib() -> Result<PathBuf> {
    let said = run_within(Command::new("rustc").args(["--print", "sysroot"]), RUSTC_LIMIT)?.stdout;
    Ok(Path::new(said.trim()).join("lib/rustlib"))
}

/// What the toolchain brings, by its folder `lib/rustlib`.
fn of_toolchain(rustlib: &Path) -> Option<Std> {
    if rustlib.join(TARGET).join("lib").is_dir() {
        return Some(Std::Installed);
    }
    rustlib.join("src/rust/library/std/Cargo.toml").exists().then_some(Std::SourceInToolchain)
}

/// The standard library to build with, or an error that says how to get one.
pub(super) fn find(cache: &Cache) -> Result<Std> {
    if let Some(found) = of_toolchain(&rustlib()?) {
        return Ok(found);
    }
    let version = rustc_version()?;
    let folder = cache.rust_src(&version);
    if !cache::is_stamped(&folder, &stamp(&version)) {
        bail!("no standard library source for rustc {version}: run `cargo xtask lab up`");
    }
    Ok(Std::Source(folder.join("library")))
}

/// Fetches the source unless the build can do without.
pub(super) fn make(cache: &Cache, wine: &Wine, progress: &dyn Progress) -> Result<()> {
    if find(cache).is_ok() {
        return Ok(());
    }
    let version = rustc_version()?;
    timed(progress, &format!("standard library source {version}"), || {
        let draft = Draft::start(&cache.rust_src(&version))?;
        let package = command::with_retry(command::NETWORK_TRIES, || download(wine, &version))?;
        let unpacked = draft.path().join("unpacked");
        run_within(Command::new("dpkg-deb").arg("-x").arg(&package).arg(&unpacked), UNPACK_LIMIT)?;
        fs::remove_file(&package)?;
        let library = unpacked.join("usr/src").join(format!("rustc-{version}")).join("library");
        fs::rename(&library, draft.path().join("library"))
            .with_context(|| format!("package rust-src {version} has no library folder where it used to be"))?;
        super::remove::tree(&unpacked)?;
        draft.publish(&stamp(&version))
    })
}

/// Has apt download the package of that version; answers where the file is.
fn download(wine: &Wine, version: &str) -> Result<PathBuf> {
    let offers = rootfs::in_tree(&wine.rootfs, "apt-get -q update >&2; apt-cache madison rust-src", &[], APT_LIMIT)?;
    let package = matching(&offers.stdout, version).with_context(|| {
        format!(
            "rustc is {version}, but Debian offers rust-src only as: {}. Use a rustc of one of these versions, or \
             install the target: `rustup target add {TARGET}`",
            offered(&offers.stdout).collect::<Vec<_>>().join(", ")
        )
    })?;
    let script = "mkdir -p /tmp/rust-src; cd /tmp/rust-src; rm -f ./*.deb; apt-get -q download \"rust-src=$1\"";
    rootfs::in_tree(&wine.rootfs, script, &[package], APT_LIMIT).context("downloading rust-src")?;
    let folder = wine.rootfs.join("tmp/rust-src");
    let file = fs::read_dir(&folder)?.next().context("apt said that it downloaded rust-src, but no file came")??;
    Ok(file.path())
}

fn offered(madison: &str) -> impl Iterator<Item = &str> {
    madison.lines().filter_map(|line| line.split('|').nth(1)).map(str::trim)
}

/// The package version whose upstream part is the compiler's.
fn matching<'a>(madison: &'a str, version: &str) -> Option<&'a str> {
    offered(madison).find(|offer| offer.split(['+', '-', '~']).next() == Some(version))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFERS: &str = "  rust-src | 1.96.1+dfsg1-2~bpo13+1 | http://deb.debian.org/debian trixie-backports/main\n  \
                          rust-src | 1.95.0+dfsg1-2~bpo13+1 | http://deb.debian.org/debian trixie-backports/main\n  \
                          rust-src | 1.85.1+dfsg1-1+deb13u1 | http://deb.debian.org/debian trixie/main\n";

    #[test]
    fn a_target_of_the_toolchain_comes_before_its_source_and_that_before_a_download() {
        let rustlib = tempfile::tempdir().unwrap();
        let top = rustlib.path();
        assert_eq!(of_toolchain(top), None);
        let source = top.join("src/rust/library/std");
        fs::create_dir_all(&source).unwrap();
        fs::write(source.join("Cargo.toml"), "").unwrap();
        assert_eq!(of_toolchain(top), Some(Std::SourceInToolchain));
        fs::create_dir_all(top.join("x86_64-pc-windows-gnu/lib")).unwrap();
        assert_eq!(of_toolchain(top), Some(Std::Installed));
    }

    #[test]
    fn only_without_the_target_the_standard_library_is_built() {
        let rows = [
            (Std::Installed, false, None),
            (Std::SourceInToolchain, true, None),
            (Std::Source(PathBuf::from("/s")), true, Some("/s")),
        ];
        for (std, builds, root) in rows {
            let mut cargo = Command::new("cargo");
            std.prepare(&mut cargo);
            assert_eq!(cargo.get_args().any(|word| word == "-Zbuild-std=std,panic_unwind"), builds, "{std:?}");
            let found = cargo.get_envs().find(|(name, _)| *name == "__CARGO_TESTS_ONLY_SRC_ROOT");
            assert_eq!(found.and_then(|(_, value)| value), root.map(std::ffi::OsStr::new), "{std:?}");
        }
    }

    #[test]
    fn the_compilers_own_version_is_picked_and_no_neighbour() {
        assert_eq!(matching(OFFERS, "1.95.0"), Some("1.95.0+dfsg1-2~bpo13+1"));
        assert_eq!(matching(OFFERS, "1.95.1"), None);
        assert_eq!(matching(OFFERS, "1.9"), None);
    }
}
