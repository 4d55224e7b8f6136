//! Starting programs: installed ones by the name that their owner knows, executables by exact path. No text of a caller
//! is ever given to the shell; a caller's arguments reach only `CreateProcessW`, quoted.

mod catalogue;
mod command_line;
mod first_window;
mod link;

use crate::helper::Helpers;
use crate::security::OwnedHandle;
use command_line::{Unquotable, command_line};
use first_window::{Before, Started};
use portcullis_model::{Cancel, Deadline, Effect, Interrupted, ProgramName, Resource};
use portcullis_platform::{AppPort, InstalledApp, Launch, LaunchRequest, Permit, PortFault, PortResult};
use std::path::Path;
use std::time::Duration;
use windows::Win32::Foundation::ERROR_ELEVATION_REQUIRED;
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
/// Programs that `CreateProcessW` starts by itself. It hands batch files to a shell, which parses their arguments anew.
const IMAGE_EXTENSIONS: [&str; 2] = ["exe", "com"];

static RESOLVERS: Helpers = Helpers::new();
static STARTERS: Helpers = Helpers::new();

/// Programs of this machine.
#[derive(Default)]
pub(crate) struct Win32Apps;

impl AppPort for Win32Apps {
    fn find(&self, name: &str) -> PortResult<Vec<InstalledApp>> {
        let wanted = name.to_owned();
        RESOLVERS.run(Deadline::after(RESOLVE_WAIT), move || {
            let found = catalogue::find(&catalogue::entries(), &wanted, FOUND_CAP);
            // Without an apartment links stay unresolved; the program is then not known.
            let _apartment = link::Apartment::enter();
            found
                .into_iter()
                .map(|entry| InstalledApp {
                    program: link::program_of(&entry.target),
                    name: entry.name,
                    target: entry.target,
                })
                .collect()
        })
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
            LaunchRequest::Installed(app) => start_installed(permit, app, deadline)?,
            LaunchRequest::Executable { path, args, cwd } => start_executable(permit, path, args, cwd.as_deref())?,
        };
        started.wait(&before, deadline, cancel)
    }
}

fn start_installed(permit: &Permit, app: &InstalledApp, deadline: Deadline) -> PortResult<Started> {
    let target = app.target.clone();
    // What the permit speaks of is what the target stands for now, not what it stood for when it was found.
    let program = RESOLVERS.run(deadline.slice(RESOLVE_WAIT), move || {
        let _apartment = link::Apartment::enter();
        link::program_of(&target)
    })?;
    let resource = Resource::InstalledApp { name: app.name.clone(), program: program.clone() };
    permit.require(Effect::StartInstalledApp, &resource)?;
    let target = app.target.clone();
    let started = STARTERS.run(deadline, move || shell_start(&target, program));
    // A consent prompt or a slow share: the program may still start, and this call does not wait for it.
    started.map_err(|_| PortFault::from(Interrupted(portcullis_model::CancelReason::Deadline)))?
}

/// Opens a program or a link as a double click does. No arguments: a link has those that its owner gave it.
fn shell_start(target: &str, program: Option<ProgramName>) -> PortResult<Started> {
    let _apartment = link::Apartment::enter().map_err(fault("CoInitializeEx"))?;
    let path = Path::new(target);
    if !path.is_absolute() {
        return Err(PortFault::Unsupported("an installed application without an absolute path".to_owned()));
    }
    let is_link = link::extension(target).as_deref() == Some("lnk");
    let folder = path.parent().filter(|_| !is_link).map(|folder| HSTRING::from(folder.as_os_str()));
    let file = HSTRING::from(target);
    let mut info = SHELLEXECUTEINFOW {
        cbSize: u32::try_from(size_of::<SHELLEXECUTEINFOW>()).unwrap_or(0),
        fMask: SEE_MASK_NOCLOSEPROCESS | SEE_MASK_NOASYNC | SEE_MASK_FLAG_NO_UI,
        lpVerb: w!("open"),
        lpFile: PCWSTR(file.as_ptr()),
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
    Ok(Started { process, handle, program })
}

fn start_executable(permit: &Permit, path: &str, args: &[String], cwd: Option<&str>) -> PortResult<Started> {
    permit.require(Effect::StartExecutable, &Resource::Executable { path: path.to_owned() })?;
    check_image(path)?;
    let mut line = command_line(path, args).map_err(|why| match why {
        Unquotable::Character => PortFault::Unsupported("a path with a quote or an argument with a NUL".to_owned()),
        Unquotable::Length => PortFault::Unsupported("a command line of more than 32,766 characters".to_owned()),
    })?;
    let folder = match cwd {
        Some(cwd) if Path::new(cwd).is_absolute() => Some(cwd.to_owned()),
        Some(_) => return Err(PortFault::Unsupported("a working folder that is no absolute path".to_owned())),
        None => Path::new(path).parent().and_then(|folder| folder.to_str()).map(str::to_owned),
    };
    let folder = folder.map(HSTRING::from);
    let image = HSTRING::from(path);
    let startup = STARTUPINFOW { cb: u32::try_from(size_of::<STARTUPINFOW>()).unwrap_or(0), ..STARTUPINFOW::default() };
    let mut info = PROCESS_INFORMATION::default();
    // A console program gets a console of its own: otherwise Windows would hand it our standard output, on which the
    // protocol is spoken. No handle is inherited.
    let flags = CREATE_UNICODE_ENVIRONMENT | CREATE_NEW_CONSOLE;
    // SAFETY: all texts end in NUL and outlive the call; the command line is writable, as the call demands.
    let made = unsafe {
        CreateProcessW(
            &image,
            Some(PWSTR(line.as_mut_ptr())),
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
        program: Some(ProgramName::from_image_path(path)),
    })
}

/// Fails unless the path is an absolute one of a program that needs no shell.
fn check_image(path: &str) -> PortResult<()> {
    if !Path::new(path).is_absolute() {
        return Err(PortFault::Unsupported("a program that is not named by an absolute path".to_owned()));
    }
    let known = Path::new(path).extension().and_then(|extension| extension.to_str());
    if known.is_some_and(|known| IMAGE_EXTENSIONS.iter().any(|image| image.eq_ignore_ascii_case(known))) {
        return Ok(());
    }
    Err(PortFault::Unsupported(match link::extension(path).as_deref() {
        Some("bat" | "cmd") => {
            "a batch file, because it parses its command line anew; start a shell instead".to_owned()
        }
        _ => "a file that is no .exe or .com program".to_owned(),
    }))
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
        for path in [r"C:\a b\x.exe", r"C:\x.COM", r"\\server\share\x.exe"] {
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
            "",
        ] {
            assert!(matches!(check_image(path), Err(PortFault::Unsupported(_))), "{path}");
        }
    }
}
