//! The payloads on disk: in a folder of the user's own that is named by what they hold, compared with what was built, and held
//! so that nobody can write, replace or move them while they are loaded.

use crate::payload::Payload;
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// `FILE_SHARE_READ`: others may read the file, and neither write nor delete nor rename it.
const SHARE_READ: u32 = 1;
/// Digits of the hash that names the folder.
const NAME_DIGITS: usize = 16;

/// Payloads that lie on disk as they were built, and stay so while this lives.
pub(crate) struct LaidOut {
    folder: PathBuf,
    _held: Vec<File>,
}

impl LaidOut {
    /// Where a payload lies.
    pub(crate) fn path(&self, payload: &Payload) -> PathBuf {
        self.folder.join(payload.name)
    }
}

/// Lays the payloads out in a folder below `own`.
pub(crate) fn lay_out(own: &Path, payloads: &[&Payload]) -> std::io::Result<LaidOut> {
    let mut all = Sha256::new();
    for payload in payloads {
        all.update(payload.name);
        all.update(payload.bytes);
    }
    let name: String = all.finalize().iter().map(|byte| format!("{byte:02x}")).take(NAME_DIGITS / 2).collect();
    let folder = own.join("inspector").join(name);
    fs::create_dir_all(&folder)?;
    let held = payloads.iter().map(|payload| hold(&folder.join(payload.name), payload.bytes));
    Ok(LaidOut { _held: held.collect::<std::io::Result<_>>()?, folder })
}

/// Opens the file so that nobody else can change it, and compares it as it then is.
fn hold(path: &Path, bytes: &[u8]) -> std::io::Result<File> {
    let open = || OpenOptions::new().read(true).share_mode(SHARE_READ).open(path);
    if let Ok(mut file) = open()
        && holds(&mut file, bytes)?
    {
        return Ok(file);
    }
    let mut made = OpenOptions::new().write(true).create(true).truncate(true).share_mode(0).open(path)?;
    made.write_all(bytes)?;
    made.sync_all()?;
    drop(made);
    let mut file = open()?;
    if holds(&mut file, bytes)? { Ok(file) } else { Err(std::io::Error::other("the file is not what was written")) }
}

fn holds(file: &mut File, bytes: &[u8]) -> std::io::Result<bool> {
    let mut found = Vec::new();
    let cap = u64::try_from(bytes.len()).unwrap_or(u64::MAX).saturating_add(1);
    file.take(cap).read_to_end(&mut found)?;
    Ok(found == bytes)
}
