//! What an entry of the start menu or a registered path starts, read through the shell in an apartment of its own. Nothing
//! is started and no link is changed.

use portcullis_model::ProgramName;
use std::path::Path;
use windows::Win32::System::Com::{
    CLSCTX_INPROC_SERVER, COINIT_APARTMENTTHREADED, COINIT_DISABLE_OLE1DDE, CoCreateInstance, CoInitializeEx,
    CoUninitialize, IPersistFile, STGM_READ,
};
use windows::Win32::System::Environment::ExpandEnvironmentStringsW;
use windows::Win32::UI::Shell::{IShellLinkDataList, IShellLinkW, SLDF_HAS_DARWINID, SLDF_RUNAS_USER, ShellLink};
use windows::core::{HSTRING, Interface};

/// Characters of a link's target and of its folder.
const PATH_CAP: usize = 1_024;
/// Characters of a link's arguments, as many as a command line has.
const ARGUMENTS_CAP: usize = 32_767;
/// Programs that `CreateProcessW` starts by itself. It hands batch files to a shell, which parses their arguments anew.
pub(super) const IMAGES: [&str; 2] = ["exe", "com"];

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
pub(crate) struct Apartment;

impl Apartment {
    /// Enters an apartment, for a thread that has none.
    pub(crate) fn enter() -> windows::core::Result<Self> {
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

/// A file, and what its owner gave with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct File {
    /// Absolute path.
    pub(super) path: String,
    /// The rest of the command line, as it stands in the link.
    pub(super) arguments: String,
    /// The working folder, when the link names one.
    pub(super) folder: Option<String>,
}

/// What an entry starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Leads {
    /// A program.
    Image(File),
    /// A script of the host.
    Script(&'static str, File),
    /// A place or a command of the shell, or a program that the installer looks up: no file can be named.
    Shell,
    /// Whatever program is registered for such a document.
    Document,
    /// A program that its owner wants to have more rights than we give.
    Elevated(Option<ProgramName>),
}

impl Leads {
    /// The program behind it, when that is certain.
    pub(super) fn program(&self) -> Option<ProgramName> {
        match self {
            Self::Image(file) => Some(ProgramName::from_image_path(&file.path)),
            Self::Script(host, _) => Some(ProgramName::from_image_path(host)),
            Self::Elevated(program) => program.clone(),
            Self::Shell | Self::Document => None,
        }
    }

    fn of_file(file: File) -> Self {
        let extension = extension(&file.path).unwrap_or_default();
        if IMAGES.contains(&extension.as_str()) {
            return Self::Image(file);
        }
        match SCRIPTS.iter().find(|(script, _)| *script == extension) {
            Some((_, host)) => Self::Script(host, file),
            None => Self::Document,
        }
    }
}

/// Where a path leads: itself, or what a link names. To be called in an apartment when the path is a link; a link that
/// cannot be read leads to the unknown.
pub(super) fn follow(path: &str) -> Leads {
    if extension(path).as_deref() == Some("lnk") {
        read_link(path).unwrap_or(Leads::Shell)
    } else {
        Leads::of_file(File { path: path.to_owned(), ..File::default() })
    }
}

fn read_link(link: &str) -> windows::core::Result<Leads> {
    // SAFETY: the thread is in an apartment; the class is the shell's own.
    let shell_link: IShellLinkW = unsafe { CoCreateInstance(&ShellLink, None, CLSCTX_INPROC_SERVER) }?;
    let file: IPersistFile = shell_link.cast()?;
    // SAFETY: the path ends in NUL and outlives the call.
    unsafe { file.Load(&HSTRING::from(link), STGM_READ) }?;
    let has_flag = |flag: u32| {
        let data: windows::core::Result<IShellLinkDataList> = shell_link.cast();
        // SAFETY: the link is loaded.
        data.and_then(|data| unsafe { data.GetFlags() }).is_ok_and(|flags| flags & flag != 0)
    };
    // The path of a program that the installer looks up is that of its icon.
    if has_flag(SLDF_HAS_DARWINID.0.cast_unsigned()) {
        return Ok(Leads::Shell);
    }
    let mut path = [0u16; PATH_CAP];
    // SAFETY: the buffer goes with its length; no file data are asked for.
    unsafe { shell_link.GetPath(&mut path, std::ptr::null_mut(), 0) }?;
    let path = until_nul(&path);
    if path.is_empty() {
        return Ok(Leads::Shell);
    }
    let mut folder = [0u16; PATH_CAP];
    // SAFETY: the buffer goes with its length.
    unsafe { shell_link.GetWorkingDirectory(&mut folder) }?;
    let folder = Some(expanded(&until_nul(&folder))).filter(|folder| !folder.is_empty());
    let mut arguments = vec![0u16; ARGUMENTS_CAP];
    // SAFETY: the buffer goes with its length.
    unsafe { shell_link.GetArguments(&mut arguments) }?;
    let arguments = expanded(&until_nul(&arguments));
    let leads = Leads::of_file(File { path, arguments, folder });
    let elevated = has_flag(SLDF_RUNAS_USER.0.cast_unsigned());
    Ok(if elevated { Leads::Elevated(leads.program()) } else { leads })
}

fn until_nul(units: &[u16]) -> String {
    String::from_utf16_lossy(units.split(|unit| *unit == 0).next().unwrap_or_default())
}

/// A text with its `%variables%` replaced, as the shell does for links; as it is when that is too long.
fn expanded(text: &str) -> String {
    let mut buffer = vec![0u16; ARGUMENTS_CAP];
    // SAFETY: the text ends in NUL, the buffer goes with its length, and both outlive the call.
    let length = unsafe { ExpandEnvironmentStringsW(&HSTRING::from(text), Some(&mut buffer)) };
    let whole = usize::try_from(length).is_ok_and(|length| (1..=buffer.len()).contains(&length));
    if whole { until_nul(&buffer) } else { text.to_owned() }
}

/// The extension that Windows sees, in lower case: it ignores dots and spaces at the end of a name.
pub(super) fn extension(path: &str) -> Option<String> {
    let path = path.trim_end_matches(['.', ' ']);
    Path::new(path).extension().and_then(|extension| extension.to_str()).map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use windows::Win32::System::Com::IPersistFile;

    #[test]
    fn a_script_stands_for_its_host_and_a_document_for_nothing_certain() {
        for (path, program) in [
            (r"C:\a\b.EXE", Some("b.exe")),
            (r"C:\a\b.com", Some("b.com")),
            (r"C:\a\run.bat", Some("cmd.exe")),
            (r"C:\a\run.CMD. ", Some("cmd.exe")),
            (r"C:\a\x.ps1", Some("powershell.exe")),
            (r"C:\a\services.msc", Some("mmc.exe")),
            (r"C:\a\setup.reg", None),
            (r"C:\a\x.cpl", None),
            (r"C:\a\x.msi", None),
            (r"C:\a\x.wsh", None),
            (r"C:\a\x.scr", None),
            (r"C:\a\x.pif", None),
            (r"C:\a\x.url", None),
            (r"C:\a\x.jar", None),
            (r"C:\a\readme.txt", None),
            (r"C:\a\readme", None),
            (r"C:\no such\link.lnk", None),
        ] {
            assert_eq!(follow(path).program().as_ref().map(ProgramName::as_str), program, "{path}");
        }
    }

    #[test]
    fn a_link_is_followed_with_what_its_owner_gave_it() {
        let _apartment = Apartment::enter().unwrap();
        let folder = std::env::temp_dir();
        let link = folder.join(format!("portcullis-{}.lnk", std::process::id()));
        // SAFETY: the thread is in an apartment; the class is the shell's own.
        let made: IShellLinkW = unsafe { CoCreateInstance(&ShellLink, None, CLSCTX_INPROC_SERVER) }.unwrap();
        let image = r"c:\windows\system32\notepad.exe";
        // SAFETY: the texts end in NUL and outlive the calls.
        unsafe { made.SetPath(&HSTRING::from(image)) }.unwrap();
        // SAFETY: as above.
        unsafe { made.SetArguments(&HSTRING::from(r#""a b" %SystemDrive%\c"#)) }.unwrap();
        // SAFETY: as above.
        unsafe { made.SetWorkingDirectory(&HSTRING::from(r"%SystemDrive%\windows")) }.unwrap();
        let file: IPersistFile = made.cast().unwrap();
        // SAFETY: as above.
        unsafe { file.Save(&HSTRING::from(link.as_os_str()), true) }.unwrap();
        let Leads::Image(found) = follow(link.to_str().unwrap()) else { panic!("a program") };
        std::fs::remove_file(&link).unwrap();
        assert_eq!(found.path.to_lowercase(), image);
        assert_eq!(found.arguments.to_lowercase(), r#""a b" c:\c"#);
        assert_eq!(found.folder.unwrap().to_lowercase(), r"c:\windows");
    }
}
