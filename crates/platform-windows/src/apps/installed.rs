//! Which applications are installed: the start menu's links, `App Paths`, and programs that come with Windows. Names are
//! compared as a whole; what is near is only ever offered.

use crate::registry;
use portcullis_model::{ProgramName, nearest};
use portcullis_platform::InstalledApp;
use std::path::{Path, PathBuf};
use windows::Win32::System::Com::{
    CLSCTX_INPROC_SERVER, COINIT_APARTMENTTHREADED, CoCreateInstance, CoInitializeEx, CoUninitialize,
};
use windows::Win32::System::Com::{CoTaskMemFree, IPersistFile, STGM_READ};
use windows::Win32::System::Registry::{HKEY, HKEY_CURRENT_USER, HKEY_LOCAL_MACHINE};
use windows::Win32::System::SystemInformation::{GetSystemDirectoryW, GetSystemWindowsDirectoryW};
use windows::Win32::UI::Shell::{
    FOLDERID_CommonPrograms, FOLDERID_Programs, IShellLinkW, KF_FLAG_DEFAULT, SHGetKnownFolderPath, ShellLink,
};
use windows::core::{GUID, HSTRING, Interface};

/// Where installers name their programs.
const APP_PATHS: &str = "Software\\Microsoft\\Windows\\CurrentVersion\\App Paths";
/// Names taken from one place.
const NAME_CAP: usize = 2_000;
/// Folders below a start menu's root.
const DEPTH_CAP: usize = 6;
/// Characters of a path that is resolved.
const PATH_CAP: usize = 1_024;
/// Programs that come with Windows and may have no link.
const BUILT_IN: &[&str] = &[
    "calc",
    "charmap",
    "cmd",
    "control",
    "explorer",
    "magnify",
    "mspaint",
    "notepad",
    "osk",
    "regedit",
    "snippingtool",
    "taskmgr",
    "winefile",
    "winver",
    "wordpad",
    "write",
];

/// Where one name leads.
struct Entry {
    name: String,
    target: PathBuf,
}

/// Applications of exactly this name, with or without `.exe`; otherwise the nearest, at most five.
pub(crate) fn find(name: &str) -> Vec<InstalledApp> {
    let all = entries();
    let wanted = plain(name);
    let exact: Vec<&Entry> = all.iter().filter(|entry| plain(&entry.name) == wanted).collect();
    if let Some(entry) = exact.first() {
        return vec![resolve(entry)];
    }
    nearest(name, all.iter().map(|entry| entry.name.as_str()))
        .iter()
        .filter_map(|near| all.iter().find(|entry| entry.name == *near))
        .map(resolve)
        .collect()
}

fn plain(name: &str) -> String {
    let lower = name.trim().to_lowercase();
    lower.strip_suffix(".exe").unwrap_or(&lower).to_owned()
}

fn entries() -> Vec<Entry> {
    let mut all = Vec::new();
    for folder in [&FOLDERID_Programs, &FOLDERID_CommonPrograms] {
        if let Some(root) = known_folder(folder) {
            collect_links(&root, DEPTH_CAP, &mut all);
        }
    }
    for root in [HKEY_CURRENT_USER, HKEY_LOCAL_MACHINE] {
        all.extend(app_paths(root));
    }
    let folders = [windows_folder(false), windows_folder(true)];
    for name in BUILT_IN {
        let file = format!("{name}.exe");
        let found = folders.iter().flatten().map(|folder| folder.join(&file)).find(|path| path.is_file());
        all.extend(found.map(|target| Entry { name: (*name).to_owned(), target }));
    }
    all
}

fn app_paths(root: HKEY) -> Vec<Entry> {
    let cap = u32::try_from(NAME_CAP).unwrap_or(u32::MAX);
    registry::subkeys(root, APP_PATHS, cap)
        .into_iter()
        .filter_map(|key| {
            let target = registry::text(root, &format!("{APP_PATHS}\\{key}"), "")?;
            let target = PathBuf::from(target.trim_matches('"'));
            target.is_absolute().then(|| Entry { name: plain(&key), target })
        })
        .collect()
}

fn collect_links(folder: &Path, depth: usize, all: &mut Vec<Entry>) {
    let Ok(children) = std::fs::read_dir(folder) else { return };
    for child in children.flatten() {
        if all.len() >= NAME_CAP {
            return;
        }
        let path = child.path();
        let is_link = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("lnk"));
        if is_link {
            let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            all.push(Entry { name, target: path });
        } else if depth > 0 && child.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect_links(&path, depth - 1, all);
        }
    }
}

fn resolve(entry: &Entry) -> InstalledApp {
    let is_link = entry.target.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("lnk"));
    let image = if is_link { link_target(&entry.target) } else { Some(entry.target.to_string_lossy().into_owned()) };
    InstalledApp {
        name: entry.name.clone(),
        program: image.as_deref().map(ProgramName::from_image_path),
        target: entry.target.to_string_lossy().into_owned(),
    }
}

fn known_folder(id: &GUID) -> Option<PathBuf> {
    // SAFETY: the identifier is a constant; the answer is ours to free.
    let path = unsafe { SHGetKnownFolderPath(id, KF_FLAG_DEFAULT, None) }.ok()?;
    // SAFETY: the call gave a text that ends in NUL.
    let text = unsafe { path.to_string() }.ok();
    // SAFETY: the memory came from the call above and is freed once.
    unsafe { CoTaskMemFree(Some(path.as_ptr().cast())) };
    text.map(PathBuf::from)
}

/// The system folder, or the Windows folder above it.
fn windows_folder(above: bool) -> Option<PathBuf> {
    let mut buffer = [0u16; PATH_CAP];
    let length = if above {
        // SAFETY: the buffer outlives the call and its length goes with it.
        unsafe { GetSystemWindowsDirectoryW(Some(&mut buffer)) }
    } else {
        // SAFETY: as above.
        unsafe { GetSystemDirectoryW(Some(&mut buffer)) }
    };
    let length = usize::try_from(length).ok()?;
    buffer.get(..length).filter(|text| !text.is_empty()).map(|text| PathBuf::from(String::from_utf16_lossy(text)))
}

/// COM on this thread, while the value lives.
struct Apartment;

impl Apartment {
    fn enter() -> Option<Self> {
        // SAFETY: no pointers; every success is paired with the drop below.
        unsafe { CoInitializeEx(None, COINIT_APARTMENTTHREADED) }.is_ok().then_some(Self)
    }
}

impl Drop for Apartment {
    fn drop(&mut self) {
        // SAFETY: paired with the successful `CoInitializeEx`.
        unsafe { CoUninitialize() };
    }
}

/// The program that a link leads to.
fn link_target(link: &Path) -> Option<String> {
    let _apartment = Apartment::enter();
    // SAFETY: the class and the interface belong together.
    let shell_link: IShellLinkW = unsafe { CoCreateInstance(&ShellLink, None, CLSCTX_INPROC_SERVER) }.ok()?;
    let file: IPersistFile = shell_link.cast().ok()?;
    let path = HSTRING::from(link.as_os_str());
    // SAFETY: the text ends in NUL and outlives the call.
    unsafe { file.Load(&path, STGM_READ) }.ok()?;
    let mut buffer = [0u16; PATH_CAP];
    // SAFETY: the buffer outlives the call and its length goes with it; the find data is optional.
    unsafe { shell_link.GetPath(&mut buffer, std::ptr::null_mut(), 0) }.ok()?;
    let text = String::from_utf16_lossy(buffer.split(|unit| *unit == 0).next().unwrap_or_default());
    (!text.is_empty()).then_some(text)
}
