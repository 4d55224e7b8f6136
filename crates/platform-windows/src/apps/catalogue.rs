//! What programs the machine's owner installed, by name: the start menu's links, `App Paths`, and programs that come with
//! Windows. Names and paths only; what a link starts is looked up elsewhere.

use crate::registry;
use crate::system::known_folder;
use std::path::{Path, PathBuf};
use windows::Win32::System::Registry::{HKEY_CURRENT_USER, HKEY_LOCAL_MACHINE};
use windows::Win32::System::SystemInformation::{GetSystemDirectoryW, GetWindowsDirectoryW};
use windows::Win32::UI::Shell::{FOLDERID_CommonPrograms, FOLDERID_Programs};

/// Links that are read from one start menu.
const LINK_CAP: usize = 2_000;
/// Entries of the start menu's folders that are looked at, links or not.
const ENTRY_CAP: usize = 10_000;
/// Folders within folders of the start menu.
const DEPTH_CAP: usize = 6;
/// Entries of one `App Paths` key.
const APP_PATHS_CAP: u32 = 2_000;
/// Characters of a system folder's path.
const FOLDER_CAP: usize = 520;
/// Where programs register the name by which they are started.
const APP_PATHS: &str = r"Software\Microsoft\Windows\CurrentVersion\App Paths";

/// Programs that come with Windows: the file, then the names by which people know it.
const BUILT_IN: [(&str, &[&str]); 16] = [
    ("calc.exe", &["calc", "Calculator"]),
    ("charmap.exe", &["charmap", "Character Map"]),
    ("cmd.exe", &["cmd", "Command Prompt"]),
    ("control.exe", &["control", "Control Panel"]),
    ("explorer.exe", &["explorer", "File Explorer", "Windows Explorer"]),
    ("magnify.exe", &["magnify", "Magnifier"]),
    ("mmc.exe", &["mmc", "Management Console"]),
    ("msinfo32.exe", &["msinfo32", "System Information"]),
    ("mspaint.exe", &["mspaint", "Paint"]),
    ("notepad.exe", &["notepad", "Editor"]),
    ("osk.exe", &["osk", "On-Screen Keyboard"]),
    ("regedit.exe", &["regedit", "Registry Editor"]),
    ("snippingtool.exe", &["snippingtool", "Snipping Tool"]),
    ("taskmgr.exe", &["taskmgr", "Task Manager"]),
    ("winver.exe", &["winver", "About Windows"]),
    ("write.exe", &["write", "WordPad"]),
];

/// A name and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The name as its source gives it.
    pub(super) name: String,
    /// Absolute path of a program or a link.
    pub(super) target: String,
}

/// Every entry, the user's own before the machine's, links before registered paths before what Windows brings.
pub(super) fn entries() -> Vec<Entry> {
    let mut entries = Vec::new();
    for folder in [&FOLDERID_Programs, &FOLDERID_CommonPrograms] {
        if let Some(folder) = known_folder(folder) {
            entries.extend(links(&folder));
        }
    }
    for root in [HKEY_CURRENT_USER, HKEY_LOCAL_MACHINE] {
        for key in registry::subkeys(root, APP_PATHS, APP_PATHS_CAP) {
            let path = registry::text(root, &format!(r"{APP_PATHS}\{key}"), "");
            if let Some(target) = path.and_then(|path| existing_program(&path)) {
                entries.push(Entry { name: without_extension(&key, "exe").to_owned(), target });
            }
        }
    }
    for (file, names) in BUILT_IN {
        let place = system_folders().into_iter().map(|folder| folder.join(file)).find(|path| path.is_file());
        if let Some(target) = place.and_then(|path| path.to_str().map(str::to_owned)) {
            entries.extend(names.iter().map(|name| Entry { name: (*name).to_owned(), target: target.clone() }));
        }
    }
    entries
}

/// Entries whose name is `wanted` in any case and with or without `.exe`; when there are none, those whose name contains
/// it, shortest first, and then those that look alike. At most `cap`, each name once.
pub(super) fn find(entries: &[Entry], wanted: &str, cap: usize) -> Vec<Entry> {
    let wanted = wanted.trim().to_lowercase();
    let wanted = without_extension(without_extension(&wanted, "exe"), "lnk");
    if wanted.is_empty() {
        return Vec::new();
    }
    let exact: Vec<&Entry> = entries.iter().filter(|entry| entry.name.to_lowercase() == wanted).collect();
    if !exact.is_empty() {
        // A name that stands in several sources is one application to its user: the first source comes first.
        return exact.into_iter().take(cap).cloned().collect();
    }
    let mut within: Vec<&Entry> = entries.iter().filter(|entry| entry.name.to_lowercase().contains(wanted)).collect();
    within.sort_by_key(|entry| entry.name.chars().count());
    let alike = portcullis_model::nearest(wanted, entries.iter().map(|entry| entry.name.as_str()));
    let alike = alike.iter().filter_map(|name| entries.iter().find(|entry| entry.name == *name));
    let mut near: Vec<Entry> = Vec::new();
    for entry in within.into_iter().chain(alike) {
        let known = near.iter().any(|other| other.name.eq_ignore_ascii_case(&entry.name));
        if near.len() < cap && !known {
            near.push(entry.clone());
        }
    }
    near
}

/// `name` without this extension, in any case of letters.
fn without_extension<'name>(name: &'name str, extension: &str) -> &'name str {
    match name.rsplit_once('.') {
        Some((stem, last)) if last.eq_ignore_ascii_case(extension) && !stem.is_empty() => stem,
        _ => name,
    }
}

/// The links of a start menu, with the name that each has there.
fn links(folder: &Path) -> Vec<Entry> {
    let mut links = Vec::new();
    let mut looked_at = 0;
    let mut folders = vec![(folder.to_path_buf(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let Ok(listing) = std::fs::read_dir(&folder) else { continue };
        for file in listing.flatten() {
            looked_at += 1;
            if looked_at > ENTRY_CAP || links.len() >= LINK_CAP {
                return links;
            }
            let path = file.path();
            // Links of the file system are not followed: `file_type` tells of the entry itself.
            let is_folder = file.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder {
                if depth < DEPTH_CAP {
                    folders.push((path, depth + 1));
                }
            } else if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("lnk"))
                && let (Some(name), Some(target)) = (path.file_stem().and_then(|stem| stem.to_str()), path.to_str())
            {
                links.push(Entry { name: name.to_owned(), target: target.to_owned() });
            }
        }
    }
    links
}

/// The program that an `App Paths` value names, when it is an absolute path and there.
fn existing_program(value: &str) -> Option<String> {
    let path = value.trim().trim_matches('"').trim();
    let there = Path::new(path).is_absolute() && Path::new(path).is_file();
    there.then(|| path.to_owned())
}

/// The folder of the programs that belong to Windows.
pub(super) fn system_folder() -> Option<String> {
    let mut buffer = [0u16; FOLDER_CAP];
    // SAFETY: the buffer goes with its length.
    let length = unsafe { GetSystemDirectoryW(Some(&mut buffer)) };
    told(&buffer, length)
}

/// `System32` and the folder above it.
fn system_folders() -> Vec<PathBuf> {
    let mut buffer = [0u16; FOLDER_CAP];
    // SAFETY: the buffer goes with its length.
    let length = unsafe { GetWindowsDirectoryW(Some(&mut buffer)) };
    [system_folder(), told(&buffer, length)].into_iter().flatten().map(PathBuf::from).collect()
}

/// The text that was written into a buffer, when it fitted and is not empty.
fn told(buffer: &[u16], length: u32) -> Option<String> {
    let path = buffer.get(..usize::try_from(length).ok()?)?;
    (!path.is_empty()).then(|| String::from_utf16_lossy(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(wanted: &str) -> Vec<String> {
        let entry = |name: &str, target: &str| Entry { name: name.to_owned(), target: target.to_owned() };
        let entries = [
            entry("Google Chrome", r"C:\Menu\Google Chrome.lnk"),
            entry("Chrome Remote Desktop", r"C:\Menu\Chrome Remote Desktop.lnk"),
            entry("Notepad", r"C:\Menu\Notepad.lnk"),
            entry("notepad", r"C:\Windows\System32\notepad.exe"),
            entry("Notepad++", r"C:\Menu\Notepad++.lnk"),
        ];
        find(&entries, wanted, 3).into_iter().map(|entry| entry.target).collect()
    }

    #[test]
    fn an_exact_name_wins_whatever_its_case_or_ending() {
        for wanted in ["notepad", "NOTEPAD", " Notepad.exe ", "notepad.lnk"] {
            assert_eq!(names(wanted), [r"C:\Menu\Notepad.lnk", r"C:\Windows\System32\notepad.exe"], "{wanted}");
        }
        assert_eq!(names("notepad++"), [r"C:\Menu\Notepad++.lnk"]);
    }

    #[test]
    fn else_the_nearest_are_given() {
        let expected = [r"C:\Menu\Google Chrome.lnk", r"C:\Menu\Chrome Remote Desktop.lnk"];
        assert_eq!(names("chrome"), expected);
        assert_eq!(names("notpad")[0], r"C:\Menu\Notepad.lnk");
        assert!(names("zzz").is_empty());
        assert!(names(" ").is_empty());
    }
}
