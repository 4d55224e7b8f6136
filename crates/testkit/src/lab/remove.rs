//! Removes folder trees without ever leaving their file system. The one place of the lab that deletes.

use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A cache of a few gigabytes goes in seconds; a minute means that something is wrong.
const REMOVE_LIMIT: Duration = Duration::from_secs(120);

/// Removes a tree, or does nothing when it is not there. Refuses when anything is mounted inside: a bind mount has
/// the same device number as its parent, so `--one-file-system` alone would not notice it.
pub(super) fn tree(path: &Path) -> Result<()> {
    if fs::symlink_metadata(path).is_err() {
        return Ok(());
    }
    let real = fs::canonicalize(path).with_context(|| format!("cannot look at {}", path.display()))?;
    if let Some(mount) = mounts_below(&real, &fs::read_to_string("/proc/self/mountinfo")?).first() {
        bail!("{} is mounted inside {}: unmount it, then try again", mount.display(), real.display());
    }
    let mut rm = Command::new("rm");
    rm.arg("-rf").arg("--one-file-system").arg("--").arg(path);
    super::run_within(&mut rm, REMOVE_LIMIT).with_context(|| format!("cannot remove {}", path.display()))?;
    Ok(())
}

/// The mount points at or below a path, out of the text of `mountinfo`.
fn mounts_below(path: &Path, mountinfo: &str) -> Vec<PathBuf> {
    let unescape = |field: &str| field.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\");
    mountinfo
        .lines()
        .filter_map(|line| line.split(' ').nth(4))
        .map(|field| PathBuf::from(unescape(field)))
        .filter(|mount| mount.starts_with(path))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_inside_are_found_and_neighbours_are_not() {
        let text = "29 1 254:0 / / rw - ext4 /dev/vda rw\n30 29 0:5 / /a/b\\040c/proc rw - proc proc rw\n\
                    31 29 0:6 / /a/bc rw - tmpfs t rw\n";
        assert_eq!(mounts_below(Path::new("/a/b c"), text), [PathBuf::from("/a/b c/proc")]);
        assert!(mounts_below(Path::new("/a/b"), text).is_empty());
        assert_eq!(mounts_below(Path::new("/a/bc"), text).len(), 1);
    }

    #[test]
    fn a_link_out_of_the_tree_is_removed_and_its_target_stays() {
        let top = tempfile::tempdir().unwrap();
        let outside = top.path().join("outside");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("kept"), "x").unwrap();
        let inside = top.path().join("inside");
        fs::create_dir(&inside).unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("z:")).unwrap();
        tree(&inside).unwrap();
        assert!(!inside.exists());
        assert!(outside.join("kept").exists());
        tree(&inside).unwrap();
    }
}
