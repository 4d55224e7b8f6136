//! The Debian system that Wine runs in: found on the host when it has Wine 10, else made by debootstrap in a chroot.
//! Only this file knows which packages are in it.

use super::cache::{self, Cache, Draft};
use super::progress::{Progress, timed};
use super::{command, enter, host, run_within};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const BOOTSTRAP_LIMIT: Duration = Duration::from_secs(600);
const PACKAGES_LIMIT: Duration = Duration::from_secs(900);
const STRIP_LIMIT: Duration = Duration::from_secs(300);
const VERSION_LIMIT: Duration = Duration::from_secs(20);

/// Raised when the recipe below changes in a way that its inputs do not show.
const RECIPE: u32 = 1;
const SUITE: &str = "trixie";
const MIRROR: &str = "http://deb.debian.org/debian";
const PACKAGES: &[&str] = &["wine64", "fonts-wine", "fonts-liberation", "fonts-dejavu-core", "fonts-droid-fallback"];
/// The Wine that the tests were written against; others show other windows.
const WINE_MAJOR: &str = "wine-10.";
/// Where distributions put the 64-bit loader, and its server beside it.
const LOADERS: &[(&str, &str)] = &[
    ("/usr/lib/wine/wine64", "/usr/lib/wine/wineserver64"),
    ("/usr/bin/wine64", "/usr/bin/wineserver"),
    ("/opt/wine-stable/bin/wine", "/opt/wine-stable/bin/wineserver"),
    ("/usr/bin/wine", "/usr/bin/wineserver"),
];
/// The font that has the glyphs for Chinese, Japanese and Korean.
pub(super) const CJK_FONT: &str = "usr/share/fonts-droid-fallback/truetype/DroidSansFallbackFull.ttf";
const CJK_FONT_OTHER: &str = "usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf";

/// A Wine and the file tree that it lives in.
#[derive(Debug, Clone)]
pub(super) struct Wine {
    /// `/` when it is the host's own.
    pub(super) rootfs: PathBuf,
    /// As seen from inside the tree.
    pub(super) loader: PathBuf,
    pub(super) server: PathBuf,
}

impl Wine {
    fn in_tree(rootfs: &Path) -> Option<Wine> {
        let inside = |path: &str| rootfs.join(path.trim_start_matches('/'));
        LOADERS.iter().find(|(loader, server)| inside(loader).exists() && inside(server).exists()).map(
            |(loader, server)| Wine {
                rootfs: rootfs.to_owned(),
                loader: PathBuf::from(loader),
                server: PathBuf::from(server),
            },
        )
    }

    pub(super) fn version(&self) -> Result<String> {
        let loader = self.loader.to_string_lossy();
        let said = in_tree(&self.rootfs, "exec \"$1\" --version", &[&loader], VERSION_LIMIT)?;
        Ok(said.stdout.trim().to_owned())
    }

    /// The CJK font of the tree, when it has one.
    pub(super) fn cjk_font(&self) -> Option<PathBuf> {
        [CJK_FONT, CJK_FONT_OTHER].map(|font| self.rootfs.join(font)).into_iter().find(|font| font.exists())
    }
}

/// The host's own Wine, when it is of the version that the lab wants.
fn of_host() -> Option<Wine> {
    wanted(Path::new("/"), Wine::version)
}

/// The Wine of a tree, when it says that it is of the version that the lab wants.
fn wanted(tree: &Path, version: impl Fn(&Wine) -> Result<String>) -> Option<Wine> {
    Wine::in_tree(tree).filter(|wine| version(wine).is_ok_and(|version| version.starts_with(WINE_MAJOR)))
}

fn stamp() -> String {
    format!("rootfs recipe {RECIPE}\n{SUITE} {MIRROR}\n{}\n", PACKAGES.join(" "))
}

/// The Wine to use, when one is there.
pub(super) fn find(cache: &Cache) -> Result<Wine> {
    if cache::is_stamped(&cache.rootfs(), &stamp())
        && let Some(wine) = Wine::in_tree(&cache.rootfs())
    {
        return Ok(wine);
    }
    of_host().context("the lab's chroot with Wine 10 is missing or of an older recipe")
}

/// Makes the chroot unless it, or a Wine 10 of the host, is there already.
pub(super) fn make(cache: &Cache, progress: &dyn Progress) -> Result<Wine> {
    if let Ok(wine) = find(cache) {
        return Ok(wine);
    }
    refuse_beside_live_runs(cache, "the chroot")?;
    let draft = timed(progress, "chroot: Debian trixie (about 25 s)", || {
        // A failed attempt leaves a half-made tree, so each try starts from an empty one.
        command::with_retry(command::NETWORK_TRIES, || {
            let draft = Draft::start(&cache.rootfs())?;
            bootstrap(draft.path())?;
            Ok(draft)
        })
    })?;
    timed(progress, "chroot: Wine 10 and fonts (about 25 s)", || install(draft.path()))?;
    timed(progress, "chroot: strip Wine's debug information", || strip(draft.path()))?;
    draft.publish(&stamp())?;
    let wine = find(cache)?;
    let version = wine.version()?;
    if !version.starts_with(WINE_MAJOR) {
        bail!("the chroot has {version}, but the lab is written for {WINE_MAJOR}x: the Debian suite has moved on");
    }
    Ok(wine)
}

/// A part that live runs stand on is not replaced under them.
pub(super) fn refuse_beside_live_runs(cache: &Cache, what: &str) -> Result<()> {
    let live = super::live_runs(cache)?;
    if !live.is_empty() {
        bail!("{what} must be made anew, but these runs stand on it: {}. Run `cargo xtask lab down`", live.join(" "));
    }
    Ok(())
}

fn bootstrap(tree: &Path) -> Result<()> {
    let mut make = enter::step("mount -t proc proc /proc; exec debootstrap --variant=minbase \"$1\" \"$2\" \"$3\"");
    make.arg(SUITE).arg(tree).arg(MIRROR);
    run_within(&mut make, BOOTSTRAP_LIMIT).context("debootstrap")?;
    let hosts = "127.0.0.1 localhost\n::1 localhost\n";
    fs::write(tree.join("etc/hosts"), hosts)?;
    fs::write(
        tree.join("etc/apt/sources.list"),
        format!("deb {MIRROR} {SUITE} main\ndeb {MIRROR} {SUITE}-backports main\n"),
    )?;
    // No service may start inside the chroot.
    let policy = tree.join("usr/sbin/policy-rc.d");
    fs::write(&policy, "#!/bin/sh\nexit 101\n")?;
    run_within(Command::new("chmod").arg("755").arg(&policy), VERSION_LIMIT)?;
    Ok(())
}

/// Runs a script as root of the tree, with network and its own proc and dev.
pub(super) fn in_tree(tree: &Path, body: &str, arguments: &[&str], limit: Duration) -> Result<super::Finished> {
    let enter = "T=$1; shift; mount -t proc proc \"$T/proc\"; mount --rbind /dev \"$T/dev\"; \
                 exec chroot \"$T\" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
                 DEBIAN_FRONTEND=noninteractive /bin/sh -eu -c \"$@\"";
    let mut command = enter::step(enter);
    command.arg(tree).arg(body).arg("lab").args(arguments);
    run_within(&mut command, limit)
}

fn install(tree: &Path) -> Result<()> {
    command::with_retry(command::NETWORK_TRIES, || {
        let script = "dpkg --configure -a; apt-get -q update; \
                      apt-get -q install -y --no-install-recommends \"$@\"; apt-get clean";
        in_tree(tree, script, PACKAGES, PACKAGES_LIMIT).map(drop)
    })
    .context("installing Wine in the chroot")
}

/// Wine's programs are nine tenths debug information; without it prefixes are smaller and made in half the time.
fn strip(tree: &Path) -> Result<()> {
    let folder = tree.join("usr/lib/x86_64-linux-gnu/wine/x86_64-windows");
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("no {}", folder.display()))? {
        files.push(entry?.path());
    }
    for chunk in files.chunks(64) {
        // Some are import libraries or text, which strip refuses; that is no failure.
        command::finish_within(host::command("x86_64-w64-mingw32-strip").arg("-g").args(chunk), STRIP_LIMIT)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hosts_wine_is_taken_when_it_is_whole_and_of_the_wanted_version() {
        let says = |version: &'static str| move |_: &Wine| Ok(version.to_owned());
        let place = |tree: &Path, file: &str| {
            let file = tree.join(file.trim_start_matches('/'));
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        };
        for (loader, server) in LOADERS {
            let tree = tempfile::tempdir().unwrap();
            assert!(wanted(tree.path(), says("wine-10.0")).is_none(), "no Wine");
            place(tree.path(), loader);
            assert!(wanted(tree.path(), says("wine-10.0")).is_none(), "{loader} without a server");
            place(tree.path(), server);
            let found = wanted(tree.path(), says("wine-10.0 (Debian 10.0~repack-6)")).unwrap();
            assert_eq!((found.loader, found.server), (PathBuf::from(loader), PathBuf::from(server)));
            assert!(wanted(tree.path(), says("wine-9.22")).is_none());
            assert!(wanted(tree.path(), says("wine-1.0")).is_none());
            assert!(wanted(tree.path(), |_| bail!("it does not start")).is_none());
        }
    }
}
