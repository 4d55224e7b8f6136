//! Starting programs: installed ones by the name that their owner knows, executables by exact path. Programs are started
//! by `CreateProcessW`, which never asks for more rights. No text of a caller is ever given to the shell.

mod catalogue;
mod command_line;
mod first_window;
mod link;

pub(crate) use link::Apartment;

use crate::helper::{Helpers, Missed};
use crate::security::OwnedHandle;
use command_line::{Unquotable, command_line, command_line_as_it_stands};
use first_window::{Before, Started};
use link::{File, IMAGES, Leads};
use portcullis_model::{Cancel, Deadline, Effect, ProgramName, Resource};
use portcullis_platform::{AppPort, InstalledApp, Launch, LaunchRequest, Permit, PortFault, PortResult};
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsRawHandle;
use std::path::Path;
use std::time::Duration;
use windows::Win32::Foundation::{ERROR_ELEVATION_REQUIRED, HANDLE};
use windows::Win32::Storage::FileSystem::{
    FILE_NAME_NORMALIZED, FILE_SHARE_READ, GETFINALPATHNAMEBYHANDLE_FLAGS, GetFinalPathNameByHandleW, VOLUME_NAME_DOS,
};
use windows::Win32::System::Threading::{
    CREATE_NEW_CONSOLE, CREATE_UNICODE_ENVIRONMENT, CreateProcessW, GetProcessId, PROCESS_INFORMATION, STARTUPINFOW,
};
use windows::Win32::UI::Shell::{
    SEE_MASK_FLAG_NO_UI, SEE_MASK_NOASYNC, SEE_MASK_NOCLOSEPROCESS, SHELLEXECUTEINFOW, ShellExecuteExW,
};
use windows::Win32::UI::WindowsAndMessaging::SW_SHOWNORMAL;
use windows::core::{HSTRING, PCWSTR, PWSTR, w};

/// Applications that one search gives.
const FOUND_CAP: usize = 5;
/// How long the shell has to tell what links lead to.
const RESOLVE_WAIT: Duration = Duration::from_secs(2);
/// The host of management consoles, in the system folder.
const CONSOLE_HOST: &str = "mmc.exe";
/// UTF-16 units of a path (the longest that the file system knows).
const PATH_CAP: usize = 32_768;

static RESOLVERS: Helpers = Helpers::new();
static STARTERS: Helpers = Helpers::new();

/// Programs of this machine.
#[derive(Default)]
pub(crate) struct Win32Apps;

impl AppPort for Win32Apps {
    fn find(&self, name: &str) -> PortResult<Vec<InstalledApp>> {
        let wanted = name.to_owned();
        let found = RESOLVERS.run(Deadline::after(RESOLVE_WAIT), &Cancel::new(), move || {
            let found = catalogue::find(&catalogue::entries(), &wanted, FOUND_CAP);
            // Without an apartment links stay unresolved; the program is then not known.
            let _apartment = Apartment::enter();
            let mut apps: Vec<InstalledApp> = found
                .into_iter()
                .map(|entry| InstalledApp {
                    program: link::follow(&entry.target).program(),
                    name: entry.name,
                    target: entry.target,
                })
                .collect();
            // Of several things with one name the program is meant rather than a place of the shell.
            apps.sort_by_key(|app| app.program.is_none());
            apps
        })?;
        Ok(found)
    }

    fn launch(
        &self,
        permit: &Permit,
        request: &LaunchRequest,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<Launch> {
        cancel.check()?;
        let before = Before::now();
        let started = match request {
            LaunchRequest::Installed(app) => start_installed(permit, app, deadline, cancel)?,
            LaunchRequest::Executable { path, args, cwd } => {
                permit.require(Effect::StartExecutable, &Resource::Executable { path: path.clone() })?;
                let start = Start::executable(path, args, cwd.as_deref())?;
                let path = path.clone();
                started(deadline, cancel, move || {
                    // Held until the program runs: nobody puts another file in its place.
                    let _image = open_exact(&path)?;
                    start.start()
                })?
            }
        };
        started.wait(&before, deadline, cancel)
    }
}

/// What a helper started. When it does not answer (a slow disk, a program that is examined first) the program may still
/// start, and this call does not wait for it.
fn started(
    deadline: Deadline,
    cancel: &Cancel,
    start: impl FnOnce() -> PortResult<Started> + Send + 'static,
) -> PortResult<Started> {
    STARTERS.run(deadline, cancel, start).map_err(|missed| match missed {
        Missed::NotBegun(fault) => fault,
        Missed::Left(interrupted) => interrupted.into(),
    })?
}

fn start_installed(permit: &Permit, app: &InstalledApp, deadline: Deadline, cancel: &Cancel) -> PortResult<Started> {
    let target = app.target.clone();
    // What the permit speaks of is what the target stands for now, not what it stood for when it was found.
    let leads = RESOLVERS.run(deadline.slice(RESOLVE_WAIT), cancel, move || {
        let _apartment = Apartment::enter();
        link::follow(&target)
    })?;
    let resource = Resource::InstalledApp { name: app.name.clone(), program: leads.program() };
    permit.require(Effect::StartInstalledApp, &resource)?;
    let target = app.target.clone();
    started(deadline, cancel, move || match leads {
        Leads::Image(file) => Start::installed(&file)?.start(),
        // Opened through the shell, a console would ask for more rights, or get them unasked.
        Leads::Script(CONSOLE_HOST, file) => Start::console(&file)?.start(),
        Leads::Script(host, file) => shell_start(&file, Some(ProgramName::from_image_path(host))),
        Leads::Shell => shell_start(&File { path: target, ..File::default() }, None),
        Leads::Document => Err(PortFault::Unsupported(
            "an installed application that is a document, which opens with whatever is registered for it".to_owned(),
        )),
        Leads::Elevated(_) => Err(PortFault::Elevated),
    })
}

/// Opens a script, or a link to a place of the shell, as a double click does. Programs are never started in this way: the
/// shell would ask for the rights that they want.
fn shell_start(file: &File, program: Option<ProgramName>) -> PortResult<Started> {
    let _apartment = Apartment::enter().map_err(fault("CoInitializeEx"))?;
    if !Path::new(&file.path).is_absolute() {
        return Err(PortFault::Unsupported("an installed application without an absolute path".to_owned()));
    }
    let folder = folder_of(file).map(HSTRING::from);
    let arguments = HSTRING::from(&file.arguments);
    let file = HSTRING::from(&file.path);
    let mut info = SHELLEXECUTEINFOW {
        cbSize: u32::try_from(size_of::<SHELLEXECUTEINFOW>()).unwrap_or(0),
        fMask: SEE_MASK_NOCLOSEPROCESS | SEE_MASK_NOASYNC | SEE_MASK_FLAG_NO_UI,
        lpVerb: w!("open"),
        lpFile: PCWSTR(file.as_ptr()),
        lpParameters: PCWSTR(arguments.as_ptr()),
        lpDirectory: folder.as_ref().map_or(PCWSTR::null(), |folder| PCWSTR(folder.as_ptr())),
        nShow: SW_SHOWNORMAL.0,
        ..SHELLEXECUTEINFOW::default()
    };
    // SAFETY: the structure says its size; its texts end in NUL and outlive the call.
    unsafe { ShellExecuteExW(&mut info) }.map_err(fault("ShellExecuteExW"))?;
    let handle = (!info.hProcess.is_invalid()).then(|| OwnedHandle::new(info.hProcess));
    let process = handle.as_ref().map_or(0, |handle| {
        // SAFETY: the handle is open.
        unsafe { GetProcessId(handle.raw()) }
    });
    Ok(Started { process, handle, image: None, program })
}

/// The working folder of a file: the one that its owner gave it, else its own.
fn folder_of(file: &File) -> Option<String> {
    let own = || Path::new(&file.path).parent()?.to_str().map(str::to_owned);
    file.folder.clone().filter(|folder| Path::new(folder).is_dir()).or_else(own)
}

/// A program, ready to be started.
struct Start {
    image: String,
    line: Vec<u16>,
    folder: Option<String>,
}

impl Start {
    /// A program that a caller names, with a caller's arguments.
    fn executable(path: &str, args: &[String], cwd: Option<&str>) -> PortResult<Self> {
        check_image(path)?;
        let line = command_line(path, args).map_err(unquotable)?;
        let folder = match cwd {
            Some(cwd) if Path::new(cwd).is_absolute() => Some(cwd.to_owned()),
            Some(_) => return Err(PortFault::Unsupported("a working folder that is no absolute path".to_owned())),
            None => Path::new(path).parent().and_then(|folder| folder.to_str()).map(str::to_owned),
        };
        Ok(Self { image: path.to_owned(), line, folder })
    }

    /// An installed program, with the arguments of its owner.
    fn installed(file: &File) -> PortResult<Self> {
        let line = command_line_as_it_stands(&file.path, &file.arguments).map_err(unquotable)?;
        Ok(Self { image: file.path.clone(), line, folder: folder_of(file) })
    }

    /// A management console, with the host that belongs to Windows.
    fn console(file: &File) -> PortResult<Self> {
        let folder = catalogue::system_folder()
            .ok_or_else(|| PortFault::Unsupported("the system folder has no path".to_owned()))?;
        let host = format!(r"{folder}\{CONSOLE_HOST}");
        let line = command_line(&host, std::slice::from_ref(&file.path)).map_err(unquotable)?;
        Ok(Self { image: host, line, folder: folder_of(file) })
    }

    fn start(mut self) -> PortResult<Started> {
        let folder = self.folder.map(HSTRING::from);
        let image = HSTRING::from(&self.image);
        let startup =
            STARTUPINFOW { cb: u32::try_from(size_of::<STARTUPINFOW>()).unwrap_or(0), ..STARTUPINFOW::default() };
        let mut info = PROCESS_INFORMATION::default();
        // A console program gets a console of its own: otherwise Windows would hand it our standard output, on which the
        // protocol is spoken. No handle is inherited.
        let flags = CREATE_UNICODE_ENVIRONMENT | CREATE_NEW_CONSOLE;
        // SAFETY: all texts end in NUL and outlive the call; the command line is writable, as the call demands.
        let made = unsafe {
            CreateProcessW(
                &image,
                Some(PWSTR(self.line.as_mut_ptr())),
                None,
                None,
                false,
                flags,
                None,
                folder.as_ref().map_or(PCWSTR::null(), |folder| PCWSTR(folder.as_ptr())),
                &startup,
                &mut info,
            )
        };
        made.map_err(fault("CreateProcessW"))?;
        let _thread = OwnedHandle::new(info.hThread);
        Ok(Started {
            process: info.dwProcessId,
            handle: Some(OwnedHandle::new(info.hProcess)),
            program: Some(ProgramName::from_image_path(&self.image)),
            image: Some(self.image),
        })
    }
}

fn unquotable(why: Unquotable) -> PortFault {
    PortFault::Unsupported(match why {
        Unquotable::Character => "a path with a quote or an argument with a NUL".to_owned(),
        Unquotable::Length => "a command line of more than 32,766 characters".to_owned(),
    })
}

/// Fails unless the path is an absolute one, on a drive, of a program that needs no shell.
fn check_image(path: &str) -> PortResult<()> {
    if !Path::new(path).is_absolute() {
        return Err(PortFault::Unsupported("a program that is not named by an absolute path".to_owned()));
    }
    if !is_on_a_drive(path) {
        return Err(PortFault::Unsupported(
            "a program on a share, by a device's name or in a file's stream; name one on a drive".to_owned(),
        ));
    }
    let known = Path::new(path).extension().and_then(|extension| extension.to_str());
    if known.is_some_and(|known| IMAGES.iter().any(|image| image.eq_ignore_ascii_case(known))) {
        return Ok(());
    }
    Err(PortFault::Unsupported(match link::extension(path).as_deref() {
        Some("bat" | "cmd") => {
            "a batch file, because it parses its command line anew; start a shell instead".to_owned()
        }
        _ => "a file that is no .exe or .com program".to_owned(),
    }))
}

/// Whether the path begins with a drive and has no further colon, which would begin a stream's name.
fn is_on_a_drive(path: &str) -> bool {
    let mut characters = path.chars();
    characters.next().is_some_and(|letter| letter.is_ascii_alphabetic())
        && characters.next() == Some(':')
        && !characters.as_str().contains(':')
}

/// Opens the file that the path names, which nobody may write, move or delete while it is open. Fails when the path leads
/// to another file: the permit speaks of the path.
fn open_exact(path: &str) -> PortResult<std::fs::File> {
    let opened = std::fs::OpenOptions::new().read(true).share_mode(FILE_SHARE_READ.0).open(path);
    let file = opened.map_err(|error| PortFault::System {
        call: "CreateFileW",
        code: error.raw_os_error().map_or(0, i32::cast_unsigned),
    })?;
    let mut buffer = vec![0u16; PATH_CAP];
    let flags = GETFINALPATHNAMEBYHANDLE_FLAGS(FILE_NAME_NORMALIZED.0 | VOLUME_NAME_DOS.0);
    // SAFETY: the handle is open and the buffer goes with its length.
    let length = unsafe { GetFinalPathNameByHandleW(HANDLE(file.as_raw_handle()), &mut buffer, flags) };
    let real = usize::try_from(length).ok().and_then(|length| buffer.get(..length)).unwrap_or_default();
    if real.is_empty() {
        return Err(crate::identity::last_error("GetFinalPathNameByHandleW"));
    }
    if is_same_path(&String::from_utf16_lossy(real), path) {
        return Ok(file);
    }
    Err(PortFault::Unsupported(
        "a path that leads elsewhere: name the file itself, without links, `..`, `/` and short names".to_owned(),
    ))
}

/// Whether the system's final path is the one asked for, in any case of letters.
fn is_same_path(real: &str, asked: &str) -> bool {
    real.strip_prefix(r"\\?\").is_some_and(|real| real.to_lowercase() == asked.to_lowercase())
}

fn fault(call: &'static str) -> impl FnOnce(windows::core::Error) -> PortFault {
    move |error| {
        if error.code() == ERROR_ELEVATION_REQUIRED.to_hresult() {
            PortFault::Elevated
        } else {
            crate::identity::failed(call)(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_programs_that_need_no_shell_are_started_by_path() {
        for path in [r"C:\a b\x.exe", r"c:\x.COM"] {
            assert!(check_image(path).is_ok(), "{path}");
        }
        for path in [
            "x.exe",
            r"\x.exe",
            r"C:x.exe",
            r"C:\x.bat",
            r"C:\x.CMD",
            r"C:\x.bat.",
            r"C:\x.cmd ",
            r"C:\x.exe.bat",
            r"C:\x",
            r"\\server\share\x.exe",
            r"\\?\C:\x.exe",
            r"\\.\C:\x.exe",
            r"C:\readme.txt:x.exe",
            "",
        ] {
            assert!(matches!(check_image(path), Err(PortFault::Unsupported(_))), "{path}");
        }
    }

    #[test]
    fn a_path_is_the_files_own_or_none() {
        for (real, asked, same) in [
            (r"\\?\C:\Windows\notepad.exe", r"c:\windows\Notepad.exe", true),
            (r"\\?\C:\Windows\notepad.exe", r"C:\Windows\System32\..\notepad.exe", false),
            (r"\\?\C:\Windows\notepad.exe", "C:/Windows/notepad.exe", false),
            (r"\\?\UNC\server\share\x.exe", r"Z:\x.exe", false),
            (r"\\?\D:\real\x.exe", r"C:\link\x.exe", false),
        ] {
            assert_eq!(is_same_path(real, asked), same, "{asked}");
        }
    }

    #[test]
    fn a_file_is_opened_by_its_own_path_and_kept_as_it_is() {
        let file = r"C:\windows\system32\notepad.exe";
        assert!(open_exact(file).is_ok());
        assert!(matches!(open_exact(r"C:\windows\system32\..\system32\notepad.exe"), Err(PortFault::Unsupported(_))));
        assert!(matches!(open_exact(r"C:\no such.exe"), Err(PortFault::System { .. })));
        let copy = std::env::temp_dir().join(format!("portcullis-{}.exe", std::process::id()));
        std::fs::copy(file, &copy).unwrap();
        let copy = std::fs::canonicalize(copy).unwrap();
        let path = copy.to_str().unwrap().trim_start_matches(r"\\?\").to_owned();
        let held = open_exact(&path).unwrap();
        assert!(std::fs::rename(&path, format!("{path}.old")).is_err());
        assert!(std::fs::write(&path, "another").is_err());
        drop(held);
        std::fs::remove_file(path).unwrap();
    }
}
