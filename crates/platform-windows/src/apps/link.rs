//! What a shell link starts, read through the shell in an apartment of its own. Nothing is started and no link is changed.

use portcullis_model::ProgramName;
use std::path::Path;
use windows::Win32::System::Com::{
    CLSCTX_INPROC_SERVER, COINIT_APARTMENTTHREADED, COINIT_DISABLE_OLE1DDE, CoCreateInstance, CoInitializeEx,
    CoUninitialize, IPersistFile, STGM_READ,
};
use windows::Win32::UI::Shell::{IShellLinkW, ShellLink};
use windows::core::{HSTRING, Interface};

/// Characters of a link's target.
const TARGET_CAP: usize = 1_024;

/// Files that a script host carries out, by extension: the program that they stand for is the host.
const SCRIPTS: [(&str, &str); 10] = [
    ("bat", "cmd.exe"),
    ("cmd", "cmd.exe"),
    ("hta", "mshta.exe"),
    ("js", "wscript.exe"),
    ("jse", "wscript.exe"),
    ("msc", "mmc.exe"),
    ("ps1", "powershell.exe"),
    ("vbe", "wscript.exe"),
    ("vbs", "wscript.exe"),
    ("wsf", "wscript.exe"),
];

/// COM for the current thread, as the shell wants it.
pub(super) struct Apartment;

impl Apartment {
    /// Enters an apartment, for a thread that has none.
    pub(super) fn enter() -> windows::core::Result<Self> {
        // SAFETY: left in `drop` on the same thread, since callers keep the value on their stack.
        unsafe { CoInitializeEx(None, COINIT_APARTMENTTHREADED | COINIT_DISABLE_OLE1DDE) }.ok().map(|()| Self)
    }
}

impl Drop for Apartment {
    fn drop(&mut self) {
        // SAFETY: balances the successful call of `enter`.
        unsafe { CoUninitialize() };
    }
}

/// The file that a link leads to, when it leads to one. To be called in an apartment.
fn link_target(link: &str) -> windows::core::Result<String> {
    // SAFETY: the thread is in an apartment; the class is the shell's own.
    let shell_link: IShellLinkW = unsafe { CoCreateInstance(&ShellLink, None, CLSCTX_INPROC_SERVER) }?;
    let file: IPersistFile = shell_link.cast()?;
    // SAFETY: the path ends in NUL and outlives the call.
    unsafe { file.Load(&HSTRING::from(link), STGM_READ) }?;
    let mut target = [0u16; TARGET_CAP];
    // SAFETY: the buffer goes with its length; no file data are asked for.
    unsafe { shell_link.GetPath(&mut target, std::ptr::null_mut(), 0) }?;
    Ok(String::from_utf16_lossy(target.split(|unit| *unit == 0).next().unwrap_or_default()))
}

/// The program behind a path: the path's own, the host of a script, or what a link leads to. To be called in an
/// apartment when the path is a link.
pub(super) fn program_of(path: &str) -> Option<ProgramName> {
    if extension(path).as_deref() != Some("lnk") {
        return Some(program_of_file(path));
    }
    let target = link_target(path).ok().filter(|target| !target.is_empty())?;
    Some(program_of_file(&target))
}

fn program_of_file(path: &str) -> ProgramName {
    let extension = extension(path);
    match SCRIPTS.iter().find(|(script, _)| extension.as_deref() == Some(*script)) {
        Some((_, host)) => ProgramName::from_image_path(host),
        None => ProgramName::from_image_path(path),
    }
}

/// The extension that Windows sees: it ignores dots and spaces at the end of a name.
pub(super) fn extension(path: &str) -> Option<String> {
    let path = path.trim_end_matches(['.', ' ']);
    Path::new(path).extension().and_then(|extension| extension.to_str()).map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_stands_for_its_host() {
        for (path, program) in [
            (r"C:\a\b.EXE", "b.exe"),
            (r"C:\a\run.bat", "cmd.exe"),
            (r"C:\a\run.CMD. ", "cmd.exe"),
            (r"C:\a\x.ps1", "powershell.exe"),
        ] {
            assert_eq!(program_of(path).unwrap().as_str(), program, "{path}");
        }
    }
}
