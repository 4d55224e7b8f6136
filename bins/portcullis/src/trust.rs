//! Who can write a file where files have mode bits: the owner is this user or root, and no one else may write it or the
//! folder that holds it.

use portcullis_platform::{Distrust, FileTrustPort, Keepers};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Others than the owner may write: group and everybody.
const OTHERS_WRITE: u32 = 0o022;
/// Others than the owner may read or write.
const OTHERS_ANYTHING: u32 = 0o066;
/// The administrator.
const ROOT: u32 = 0;

/// Trust by owner and mode bits.
pub(crate) struct ModeBits;

impl FileTrustPort for ModeBits {
    fn check(&self, path: &Path, keepers: Keepers) -> Result<(), Distrust> {
        let unknown = |error: std::io::Error| Distrust {
            path: path.to_owned(),
            why: format!("its rights cannot be read: {error}"),
            remedy: "make it readable for this user".to_owned(),
        };
        // Links are followed to the file that is read; the link's own folder decides where it leads, so it counts too.
        let file = fs::canonicalize(path).map_err(unknown)?;
        let mut all = vec![file.clone()];
        all.extend([path, file.as_path()].iter().filter_map(|path| folder(path)));
        for one in all {
            let found = fs::metadata(&one).map_err(unknown)?;
            let user = rustix::process::geteuid().as_raw();
            let owned = found.uid() == ROOT || (keepers == Keepers::User && found.uid() == user);
            if !owned {
                return Err(Distrust {
                    why: format!("it belongs to user {}", found.uid()),
                    remedy: format!("chown it to {}", if keepers == Keepers::User { "yourself" } else { "root" }),
                    path: one,
                });
            }
            if found.mode() & OTHERS_WRITE != 0 {
                return Err(Distrust {
                    why: format!("others can write it (mode {:o})", found.mode() & 0o7777),
                    remedy: "chmod go-w it".to_owned(),
                    path: one,
                });
            }
        }
        Ok(())
    }

    fn check_secret(&self, path: &Path, keepers: Keepers) -> Result<(), Distrust> {
        self.check(path, keepers)?;
        let mode = fs::metadata(path).map_or(OTHERS_ANYTHING, |found| found.mode());
        if mode & OTHERS_ANYTHING != 0 {
            return Err(Distrust {
                path: path.to_owned(),
                why: format!("others can read it (mode {:o})", mode & 0o7777),
                remedy: "chmod 600 it".to_owned(),
            });
        }
        Ok(())
    }
}

fn folder(path: &Path) -> Option<PathBuf> {
    let parent = path.parent()?;
    Some(if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_others_can_write_is_not_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("portcullis.toml");
        fs::write(&file, "version = 1").unwrap();
        // (mode of the file, mode of its folder, whose fault it is).
        for (of_file, of_folder, fault) in [
            (0o600, 0o700, None),
            (0o644, 0o755, None),
            (0o664, 0o755, Some("portcullis.toml")),
            (0o606, 0o755, Some("portcullis.toml")),
            (0o600, 0o775, Some("")),
            (0o600, 0o777, Some("")),
        ] {
            mode(&file, of_file);
            mode(folder.path(), of_folder);
            let found = ModeBits.check(&file, Keepers::User).err().map(|distrust| distrust.path);
            let wanted = fault.map(|name| if name.is_empty() { folder.path().to_owned() } else { file.clone() });
            assert_eq!(found, wanted, "{of_file:o} in {of_folder:o}");
        }
    }

    #[test]
    fn a_secret_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key.pem");
        fs::write(&file, "secret").unwrap();
        for (bits, is_good) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o620, false)] {
            mode(&file, bits);
            assert_eq!(ModeBits.check_secret(&file, Keepers::User).is_ok(), is_good, "{bits:o}");
        }
        assert!(ModeBits.check_secret(&folder.path().join("absent"), Keepers::User).is_err());
    }

    #[test]
    fn a_link_is_worth_no_more_than_the_folder_it_lies_in() {
        let (kept, open) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let file = kept.path().join("portcullis.toml");
        fs::write(&file, "version = 1").unwrap();
        mode(&file, 0o600);
        let link = open.path().join("portcullis.toml");
        symlink(&file, &link).unwrap();
        assert!(ModeBits.check(&link, Keepers::User).is_ok());
        mode(open.path(), 0o777);
        assert_eq!(ModeBits.check(&link, Keepers::User).unwrap_err().path, open.path());
        assert!(ModeBits.check(&open.path().join("absent"), Keepers::User).is_err());
    }
}
