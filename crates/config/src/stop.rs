//! The stop files: what keeps a stop beyond the session and beyond every server. Where they lie and how they come and go
//! is here; what they mean is the gate's.

use crate::environment::{Environment, data_folder};
use crate::files::{DataFolder, FileError, create_for_owner};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

/// A stop file's name in its folder.
const NAME: &str = "stopped";
/// What stands in one, for who finds it.
const TEXT: &[u8] = b"The owner stopped the work of Portcullis. `portcullis resume` lets it go on.\n";

/// The stop files that hold for a server: that of the user's own folder, which holds for all servers of the user, and that
/// of the server's data folder when it is another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopFiles(Vec<PathBuf>);

impl StopFiles {
    /// Those of a server with this data folder.
    pub fn of(data: &DataFolder, environment: &Environment) -> Self {
        let mut files: Vec<PathBuf> = data_folder(environment).map(|folder| folder.join(NAME)).into_iter().collect();
        let own = data.path().join(NAME);
        if !files.contains(&own) {
            files.push(own);
        }
        Self(files)
    }

    /// Where they are or would be.
    pub fn paths(&self) -> &[PathBuf] {
        &self.0
    }

    /// Whether one is there. One that cannot be looked at counts as there.
    pub fn any(&self) -> bool {
        self.0.iter().any(|path| path.try_exists().unwrap_or(true))
    }

    /// Makes all.
    pub fn make(&self) -> Result<(), FileError> {
        for path in &self.0 {
            let failed = |source| FileError::Io { path: path.clone(), source };
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(failed)?;
            }
            match create_for_owner(path) {
                // What stands in it is for people alone; that it is there is what counts.
                Ok(mut file) => file.write_all(TEXT).and_then(|()| file.sync_all()).map_err(failed)?,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(())
    }

    /// Removes all.
    pub fn remove(&self) -> Result<(), FileError> {
        for path in &self.0 {
            match std::fs::remove_file(path) {
                Err(source) if source.kind() != ErrorKind::NotFound => {
                    return Err(FileError::Io { path: path.clone(), source });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_file_of_either_folder_counts_and_both_come_and_go_together() {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment { local_data: Some(folder.path().to_owned()), policy_folder: None };
        let data = DataFolder::open(folder.path().join("other")).unwrap();
        let files = StopFiles::of(&data, &environment);
        let expected = [folder.path().join("Portcullis").join("stopped"), folder.path().join("other").join("stopped")];
        assert_eq!(files.paths(), expected);
        assert!(!files.any());
        for _ in 0..2 {
            files.make().unwrap();
            assert!(files.any() && expected.iter().all(|path| path.exists()));
        }
        for path in &expected {
            std::fs::remove_file(path).unwrap();
            assert_eq!(files.any(), path == &expected[0]);
        }
        for _ in 0..2 {
            files.remove().unwrap();
            assert!(!files.any());
        }
    }

    #[test]
    fn the_users_own_folder_has_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment { local_data: Some(folder.path().to_owned()), policy_folder: None };
        let data = DataFolder::open(folder.path().join("Portcullis")).unwrap();
        assert_eq!(StopFiles::of(&data, &environment).paths().len(), 1);
    }
}
