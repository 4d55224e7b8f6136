//! The Wine prefix that every run starts from: made once, with the registry and fonts that the tests rely on.
//! Nothing of a single run may get in here.

use super::cache::{self, Cache, Draft};
use super::enter;
use super::progress::{Progress, timed};
use super::rootfs::{self, Wine};
use super::run_within;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;
use std::time::Duration;

const PREFIX_LIMIT: Duration = Duration::from_secs(180);
/// Raised when the recipe below changes in a way that its inputs do not show.
const RECIPE: u32 = 1;
/// What the tests rely on: see the comments in the file.
const REGISTRY: &str = include_str!("template.reg");

/// The values that `lab doctor` looks for, as key and name, out of the registry file itself.
pub(super) fn expected_values() -> Vec<(&'static str, &'static str)> {
    let mut key = "";
    let mut values = Vec::new();
    for line in REGISTRY.lines() {
        if let Some(named) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            key = named;
        } else if let Some((name, _)) = line.strip_prefix('"').and_then(|l| l.split_once("\"=")) {
            values.push((key, name));
        }
    }
    values
}

/// No display is needed: Wine's null driver serves `wineboot` and `regedit`. The prefix has its final path only in a
/// run, so nothing here may write the path into it.
const MAKE_SH: &str = r#"
PREFIX=$1 ROOTFS=$2 ROOT=$3 LOADER=$4 SERVER=$5
assemble "$ROOTFS" "$ROOT"
show "$ROOT" "$PREFIX" rw
inside() {
    chroot "$ROOT" /usr/bin/env -i PATH="$(dirname "$LOADER"):/usr/bin:/bin" HOME=/root WINEPREFIX="$PREFIX" \
        WINEARCH=win64 WINEDEBUG=-all LANG=C.UTF-8 "$@" < /dev/null
}
inside "$LOADER" wineboot -i
inside "$LOADER" regedit /S 'C:\lab.reg'
inside "$SERVER" -k || true
inside "$SERVER" -w
"#;

fn stamp(wine: &Wine) -> Result<String> {
    Ok(format!("prefix recipe {RECIPE}\n{}\n{}\n{REGISTRY}\n{MAKE_SH}", wine.version()?, wine.cjk_font().is_some()))
}

pub(super) fn is_current(cache: &Cache, wine: &Wine) -> Result<bool> {
    Ok(cache::is_stamped(&cache.template(), &stamp(wine)?))
}

/// Makes the template unless it is there already.
pub(super) fn make(cache: &Cache, wine: &Wine, progress: &dyn Progress) -> Result<()> {
    if is_current(cache, wine)? {
        return Ok(());
    }
    rootfs::refuse_beside_live_runs(cache, "the Wine prefix")?;
    timed(progress, "Wine prefix (about 10 s)", || {
        let draft = Draft::start(&cache.template())?;
        make_in(draft.path(), &cache.top().join("template-root.partial"), wine)?;
        draft.publish(&stamp(wine)?)
    })
}

fn make_in(prefix: &Path, root: &Path, wine: &Wine) -> Result<()> {
    fs::create_dir_all(root)?;
    let windows = prefix.join("drive_c");
    fs::create_dir_all(&windows)?;
    fs::write(windows.join("lab.reg"), REGISTRY)?;
    let mut command = enter::step(MAKE_SH);
    command.arg(prefix).arg(&wine.rootfs).arg(root).arg(&wine.loader).arg(&wine.server);
    run_within(&mut command, PREFIX_LIMIT).context("making the Wine prefix")?;
    fs::remove_file(windows.join("lab.reg"))?;
    if let Some(font) = wine.cjk_font() {
        let fonts = windows.join("windows/Fonts");
        fs::create_dir_all(&fonts)?;
        fs::copy(&font, fonts.join("DroidSansFallbackFull.ttf"))?;
    }
    super::remove::tree(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_file_sets_desktop_debugger_font_and_fallbacks() {
        let names: Vec<&str> = expected_values().into_iter().map(|v| v.1).collect();
        assert_eq!(names, ["Desktop", "Default", "Debugger", "lfFaceName", "iPointSize", "696e6168", "616e616b"]);
        assert!(expected_values().iter().all(|(key, _)| key.starts_with("HKEY_")));
    }
}
