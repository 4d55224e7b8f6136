//! Where policy files are looked for, and reading them whole. Never the working directory: what starts the server there
//! could be a project's own file.

use crate::environment::Environment;
use crate::error::ConfigError;
use crate::layer::{Layer, Place};
use portcullis_model::Origin;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file's name in the owner's and the machine's folder.
pub const POLICY_FILE: &str = "portcullis.toml";
/// Bytes of a policy file.
const FILE_CAP: u64 = 1024 * 1024;

/// Says why a file cannot be trusted, when others than its keepers can write it.
pub type Trust<'check> = &'check dyn Fn(&Path, Place) -> Result<(), String>;

/// Where to look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyFiles {
    /// The machine's folder, which only administrators can write.
    pub machine: Option<PathBuf>,
    /// The file of `--config`; it must be there.
    pub named: Option<PathBuf>,
    /// The owner's folder, looked at when no file is named.
    pub folder: Option<PathBuf>,
}

/// A place where a policy file was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The file's path.
    pub path: PathBuf,
    /// Whether it is there, and was read.
    pub found: bool,
}

impl PolicyFiles {
    /// The files of this machine and user; `named` stands in place of the user's.
    pub fn new(machine: Option<PathBuf>, named: Option<PathBuf>, environment: &Environment) -> Self {
        Self { machine, named, folder: environment.policy_folder.clone() }
    }

    /// Each place that is looked at, the machine's first, with what stands there. A file that is there and cannot be read, trusted or understood
    /// stops the start.
    pub(crate) fn read(&self, trust: Trust<'_>) -> Result<Vec<(PathBuf, Option<Layer>)>, ConfigError> {
        let machine = self.machine.as_ref().map(|folder| (folder.join(POLICY_FILE), Place::Machine, false));
        let user = match (&self.named, &self.folder) {
            (Some(file), _) => Some((file.clone(), Place::User, true)),
            (None, Some(folder)) => Some((folder.join(POLICY_FILE), Place::User, false)),
            (None, None) => None,
        };
        let mut layers = Vec::new();
        for (path, place, needed) in machine.into_iter().chain(user) {
            let layer = read(&path, place, needed, trust)?;
            layers.push((path, layer));
        }
        Ok(layers)
    }
}

fn read(path: &Path, place: Place, needed: bool, trust: Trust<'_>) -> Result<Option<Layer>, ConfigError> {
    let refuse = |rule: String| {
        let path: Arc<Path> = path.into();
        let origin = match place {
            Place::Machine => Origin::Machine { path, line: 0 },
            Place::User => Origin::File { path, line: 0 },
        };
        ConfigError::new(origin, "", "", rule)
    };
    let mut text = String::new();
    // A pipe or a device would be waited for at its opening, perhaps for ever.
    match std::fs::metadata(path) {
        Ok(found) if !found.is_file() => {
            return Err(refuse("the policy file is no plain file; name one that holds the policy".to_owned()));
        }
        _ => {}
    }
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound && !needed => return Ok(None),
        Err(error) => return Err(refuse(format!("the policy file cannot be opened: {error}"))),
    };
    trust(path, place).map_err(refuse)?;
    file.take(FILE_CAP + 1)
        .read_to_string(&mut text)
        .map_err(|error| refuse(format!("the policy file cannot be read: {error}; it is UTF-8 text")))?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > FILE_CAP {
        return Err(refuse(format!("the policy file has more than {FILE_CAP} bytes; a policy is shorter")));
    }
    Layer::parse(&text, path, place).map(Some)
}
