//! What a link says: the layout of `REPARSE_DATA_BUFFER` ([MS-FSCC] 2.1.2), read from its bytes. Pure; nothing is followed
//! here.

use portcullis_model::FilePath;
use portcullis_platform::FileFault;

/// `IO_REPARSE_TAG_SYMLINK`.
const SYMLINK: u32 = 0xA000_000C;
/// `IO_REPARSE_TAG_MOUNT_POINT`: a junction.
const JUNCTION: u32 = 0xA000_0003;
/// The bit of tags whose files stand for another name (`IsReparseTagNameSurrogate`).
const SURROGATE: u32 = 0x2000_0000;
/// `SYMLINK_FLAG_RELATIVE`.
const RELATIVE: u32 = 1;
/// How a local path begins for the object manager.
const LOCAL: &str = r"\??\";

/// Whether a file with this tag stands for another one.
pub(super) fn is_link(tag: u32) -> bool {
    tag & SURROGATE != 0
}

/// Where a link in `folder` leads. What is no drive of this machine is refused here, before anything there is asked.
pub(super) fn target(buffer: &[u8], folder: &FilePath) -> Result<FilePath, FileFault> {
    let (text, relative) = substitute(buffer).ok_or(FileFault::LeadsAway)?;
    if !relative {
        let local = text.strip_prefix(LOCAL).ok_or(FileFault::LeadsAway)?;
        return FilePath::parse(local).map_err(|_| FileFault::LeadsAway);
    }
    let rooted = text.starts_with('\\');
    // Only one: two would be a share.
    if text.starts_with(r"\\") {
        return Err(FileFault::LeadsAway);
    }
    let mut names: Vec<&str> = if rooted { Vec::new() } else { folder.names().collect() };
    for name in text.split(['\\', '/']).filter(|name| !name.is_empty()) {
        match name {
            "." => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    FilePath::parse(&format!("{}:\\{}", folder.drive(), names.join("\\"))).map_err(|_| FileFault::LeadsAway)
}

/// The substitute name, and whether it is relative.
fn substitute(buffer: &[u8]) -> Option<(String, bool)> {
    let short = |at: usize| Some(u16::from_le_bytes(buffer.get(at..at.checked_add(2)?)?.try_into().ok()?));
    let long = |at: usize| Some(u32::from_le_bytes(buffer.get(at..at.checked_add(4)?)?.try_into().ok()?));
    let (names, relative) = match long(0)? {
        SYMLINK => (20, long(16)? & RELATIVE != 0),
        JUNCTION => (16, false),
        _ => return None,
    };
    let from = usize::from(short(8)?).checked_add(names)?;
    let bytes = buffer.get(from..from.checked_add(usize::from(short(10)?))?)?;
    let units = bytes
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair.first().copied().unwrap_or(0), pair.last().copied().unwrap_or(0)]));
    char::decode_utf16(units).collect::<Result<String, _>>().ok().map(|text| (text, relative))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffer(tag: u32, flags: Option<u32>, text: &str) -> Vec<u8> {
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let length = u16::try_from(units.len()).unwrap();
        let mut all = tag.to_le_bytes().to_vec();
        all.extend([0; 4]);
        for number in [0, length, length, 0] {
            all.extend(number.to_le_bytes());
        }
        all.extend(flags.into_iter().flat_map(u32::to_le_bytes));
        all.extend(units);
        all
    }

    #[test]
    fn attack_a_link_that_leads_off_this_machines_drives_is_known_before_it_is_followed() {
        let folder = FilePath::parse(r"C:\a\b").unwrap();
        for (tag, flags, text, leads) in [
            (SYMLINK, Some(0), r"\??\C:\x\y", Some(r"C:\x\y")),
            (SYMLINK, Some(RELATIVE), r"..\c.txt", Some(r"C:\a\c.txt")),
            (SYMLINK, Some(RELATIVE), r"..\..\..\..\x", Some(r"C:\x")),
            (SYMLINK, Some(RELATIVE), r"\x", Some(r"C:\x")),
            (JUNCTION, None, r"\??\D:\x\", Some(r"D:\x")),
            (SYMLINK, Some(0), r"\??\UNC\attacker\share", None),
            (SYMLINK, Some(RELATIVE), r"\\attacker\share", None),
            (JUNCTION, None, r"\??\Volume{6c5a6f4e-0000-0000-0000-100000000000}\", None),
            (SYMLINK, Some(0), r"\??\GLOBALROOT\Device\HarddiskVolumeShadowCopy1", None),
            (SYMLINK, Some(0), r"\??\pipe\x", None),
            (SYMLINK, Some(RELATIVE), "x:stream", None),
            (0xA000_001D, None, "/etc/passwd", None),
        ] {
            let found = target(&buffer(tag, flags, text), &folder);
            assert_eq!(found.as_ref().ok().map(FilePath::as_str), leads, "{text}");
        }
        let whole = buffer(SYMLINK, Some(0), r"\??\C:\x");
        for length in 0..whole.len() {
            assert!(target(&whole[..length], &folder).is_err(), "cut at {length}");
        }
    }

    #[test]
    fn a_file_that_is_only_kept_elsewhere_is_no_link() {
        assert!(is_link(SYMLINK) && is_link(JUNCTION));
        // `IO_REPARSE_TAG_CLOUD_6`, `IO_REPARSE_TAG_DEDUP`.
        assert!(!is_link(0x9000_601A) && !is_link(0x8000_0013));
    }
}
