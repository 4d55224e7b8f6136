//! Identities of windows and programs, shared by the ports, and the one check of a permit against what a window is now.
//! Functions here read handles, process ids and class names only; titles and contents belong to the ports.

use crate::tree::facts;
use portcullis_model::{Effect, ProgramName, Rect, Resource, WindowIdentity};
use portcullis_platform::{Permit, PortFault, PortResult};
use windows::Win32::Foundation::{CloseHandle, ERROR_ACCESS_DENIED, FILETIME, HANDLE, HWND, RECT};
use windows::Win32::System::Threading::{
    GetProcessTimes, OpenProcess, PROCESS_ACCESS_RIGHTS, PROCESS_NAME_WIN32, PROCESS_QUERY_LIMITED_INFORMATION,
    QueryFullProcessImageNameW,
};
use windows::Win32::UI::WindowsAndMessaging::{
    FindWindowExW, GA_ROOT, GetAncestor, GetClassNameW, GetShellWindow, GetWindowRect, GetWindowThreadProcessId,
    IsWindow,
};
use windows::core::{PCWSTR, PWSTR, w};

/// Characters of a window class name (`WNDCLASSEX.lpszClassName` allows 256).
const CLASS_NAME_CAP: usize = 257;
/// Characters of an image path (the longest that the file system knows).
const IMAGE_PATH_CAP: usize = 32_768;

/// A process handle that closes itself.
#[derive(Debug)]
pub(crate) struct ProcessHandle(HANDLE);

impl ProcessHandle {
    /// Opens a process for questions that need no rights over it.
    pub(crate) fn query(process: u32) -> windows::core::Result<Self> {
        // SAFETY: no pointers; the handle is owned by the value that is returned.
        unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, false, process) }.map(Self)
    }

    /// Opens a process with the rights given; a refusal means that it has more rights than we do.
    pub(crate) fn open(process: u32, rights: PROCESS_ACCESS_RIGHTS) -> PortResult<Self> {
        // SAFETY: no pointers; the handle is owned by the value that is returned.
        unsafe { OpenProcess(rights, false, process) }.map(Self).map_err(|error| {
            if error.code() == ERROR_ACCESS_DENIED.to_hresult() {
                PortFault::Elevated
            } else {
                failed("OpenProcess")(error)
            }
        })
    }

    /// The raw handle, valid while `self` lives.
    pub(crate) fn raw(&self) -> HANDLE {
        self.0
    }

    /// When the process started, in 100 ns units since 1601, and the processor time that it used, in 100 ns units.
    pub(crate) fn times(&self) -> Option<(u64, u64)> {
        let [mut created, mut exited, mut kernel, mut user] = [FILETIME::default(); 4];
        // SAFETY: the handle is open and the four out-pointers are locals that outlive the call.
        unsafe { GetProcessTimes(self.0, &mut created, &mut exited, &mut kernel, &mut user) }.ok()?;
        Some((filetime(created), filetime(kernel).saturating_add(filetime(user))))
    }

    /// The path of the process's image.
    pub(crate) fn image_path(&self) -> Option<String> {
        let mut buffer = vec![0u16; IMAGE_PATH_CAP];
        let mut length = u32::try_from(buffer.len()).unwrap_or(0);
        let out = PWSTR(buffer.as_mut_ptr());
        // SAFETY: the buffer lives through the call and `length` holds its size in characters.
        unsafe { QueryFullProcessImageNameW(self.0, PROCESS_NAME_WIN32, out, &mut length) }.ok()?;
        let length = usize::try_from(length).ok()?;
        Some(String::from_utf16_lossy(buffer.get(..length)?))
    }
}

impl Drop for ProcessHandle {
    fn drop(&mut self) {
        // SAFETY: the handle is ours and is closed once. A failure leaves nothing to do.
        let _ = unsafe { CloseHandle(self.0) };
    }
}

/// The handle that a number names. It may be stale: every use must check.
pub(crate) fn hwnd(handle: u64) -> HWND {
    // The value came from an HWND of this session, whose significant bits fit a pointer on every Windows.
    HWND(std::ptr::with_exposed_provenance_mut(usize::try_from(handle).unwrap_or(0)))
}

/// The number under which a handle is kept.
pub(crate) fn handle_number(window: HWND) -> u64 {
    u64::try_from(window.0.expose_provenance()).unwrap_or(0)
}

/// The window class, empty when the window is gone.
pub(crate) fn class_name(window: HWND) -> String {
    let mut buffer = [0u16; CLASS_NAME_CAP];
    // SAFETY: the buffer lives through the call and its length goes with it.
    let length = unsafe { GetClassNameW(window, &mut buffer) };
    let length = usize::try_from(length).unwrap_or(0);
    String::from_utf16_lossy(buffer.get(..length).unwrap_or_default())
}

/// The thread and process that own a window, zeros when it is gone.
pub(crate) fn owner(window: HWND) -> (u32, u32) {
    let mut process = 0;
    // SAFETY: the out-pointer is a local that outlives the call.
    let thread = unsafe { GetWindowThreadProcessId(window, Some(&mut process)) };
    (thread, process)
}

/// What tells an element from its neighbours, as one number: its texts, and a number of its own where it has one. FNV-1a, 64
/// bits: stable between runs and versions, which `std`'s hasher does not promise.
pub(crate) fn mark<'text>(texts: impl Iterator<Item = &'text str>, number: Option<u32>) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let number = number.map(u32::to_le_bytes).unwrap_or_default();
    let texts = texts.flat_map(|text| text.bytes().chain([0]));
    texts.chain(number).fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

/// When a process started, in 100 ns units since 1601; `None` when it is gone or may not be asked.
pub(crate) fn process_start(process: u32) -> Option<u64> {
    Some(ProcessHandle::query(process).ok()?.times()?.0)
}

/// A `FILETIME` as one number.
pub(crate) fn filetime(time: FILETIME) -> u64 {
    (u64::from(time.dwHighDateTime) << 32) | u64::from(time.dwLowDateTime)
}

/// Who a top-level window is; `None` when there is no such window.
pub(crate) fn identify(window: HWND) -> Option<WindowIdentity> {
    let (thread, process) = owner(window);
    if thread == 0 {
        return None;
    }
    Some(WindowIdentity {
        handle: handle_number(window),
        process,
        process_start: process_start(process).unwrap_or(0),
        thread,
        class: class_name(window),
    })
}

/// The top-level window that holds `window`, itself when it is one.
pub(crate) fn root(window: HWND) -> HWND {
    // SAFETY: any handle value may be asked; a wrong one gives NULL.
    unsafe { GetAncestor(window, GA_ROOT) }
}

/// Whether the identity still names the same living window.
pub(crate) fn is_alive(identity: &WindowIdentity) -> bool {
    let window = hwnd(identity.handle);
    // SAFETY: any handle value may be asked.
    let exists = unsafe { IsWindow(Some(window)) }.as_bool();
    exists && identify(window).as_ref() == Some(identity)
}

/// The handle behind an identity, once it is checked; `Gone` otherwise.
pub(crate) fn live(identity: &WindowIdentity) -> PortResult<HWND> {
    if is_alive(identity) { Ok(hwnd(identity.handle)) } else { Err(PortFault::Gone) }
}

/// The program of a process, for policy. A process that may not be asked has an empty name, which no rule allows by name.
pub(crate) fn program(process: u32) -> ProgramName {
    let path = ProcessHandle::query(process).ok().and_then(|handle| handle.image_path());
    ProgramName::from_image_path(&path.unwrap_or_default())
}

/// The class of the frames that the system draws around apps from the store, and that of the window of the app inside.
const APP_FRAME_CLASS: &str = "ApplicationFrameWindow";
const APP_CLASS: PCWSTR = w!("Windows.UI.Core.CoreWindow");

/// The program that shows a window. Of an app from the store it is the app's own, not the one that draws the frame of all of
/// them; a frame without its app, as when the app sleeps, has an empty name, as a process that may not be asked has.
///
/// Not verified on real Windows: the lab has no such apps.
pub(crate) fn program_of(window: &WindowIdentity) -> ProgramName {
    if window.class != APP_FRAME_CLASS {
        return own_program_of(window);
    }
    // SAFETY: any handle value may be asked; the class is a constant text.
    let app = unsafe { FindWindowExW(Some(hwnd(window.handle)), None, APP_CLASS, None) };
    let process = app.map_or(window.process, |app| owner(app).1);
    if process == window.process { ProgramName::from_image_path("") } else { program(process) }
}

/// The program of the process that owns the window. Start and image come from one handle: when the number of the process has
/// passed to another one the name is empty, as that of a process that may not be asked.
fn own_program_of(window: &WindowIdentity) -> ProgramName {
    let path = ProcessHandle::query(window.process).ok().and_then(|handle| {
        let (start, _) = handle.times()?;
        (start == window.process_start).then(|| handle.image_path())?
    });
    ProgramName::from_image_path(&path.unwrap_or_default())
}

/// The handle behind an identity, once it is checked and the permit has `effect` on the `resource` that it is now.
pub(crate) fn permitted(
    permit: &Permit,
    effect: Effect,
    window: &WindowIdentity,
    resource: impl FnOnce(WindowIdentity, ProgramName) -> Resource,
) -> PortResult<HWND> {
    let handle = live(window)?;
    permit.require(effect, &resource(window.clone(), program_of(window)))?;
    Ok(handle)
}

/// A window and what lies in it, as a permit names it.
pub(crate) fn as_window(window: WindowIdentity, program: ProgramName) -> Resource {
    Resource::Window { window, program }
}

/// A window as the place that input goes to, as a permit names it.
pub(crate) fn as_target(window: WindowIdentity, program: ProgramName) -> Resource {
    Resource::InputTarget { window, program }
}

/// Classes of the windows behind the desktop's icons, when they belong to the shell.
const SHELL_CLASSES: [&str; 2] = ["Progman", "WorkerW"];

/// Whether the window is the bare desktop: the desktop window, or what the shell shows behind all others. A program that
/// borrows the shell's class names is none.
pub(crate) fn is_desktop(window: HWND) -> bool {
    // SAFETY: no preconditions.
    let shell = unsafe { GetShellWindow() };
    window == facts::desktop()
        || window == shell
        || (!shell.is_invalid()
            && SHELL_CLASSES.contains(&class_name(window).as_str())
            && owner(window).1 == owner(shell).1)
}

/// A window's frame.
pub(crate) fn window_rect(window: HWND) -> PortResult<Rect> {
    let mut rect = RECT::default();
    // SAFETY: the out-pointer is a local that outlives the call.
    unsafe { GetWindowRect(window, &mut rect) }.map_err(|_| PortFault::Gone)?;
    Ok(from_win32(rect))
}

/// A Win32 rectangle as ours.
pub(crate) fn from_win32(rect: RECT) -> Rect {
    Rect::new(rect.left, rect.top, rect.right, rect.bottom)
}

/// A failed call as a fault, with the thread's last error.
pub(crate) fn last_error(call: &'static str) -> PortFault {
    PortFault::System {
        call,
        code: std::io::Error::last_os_error().raw_os_error().and_then(|code| u32::try_from(code).ok()).unwrap_or(0),
    }
}

/// A failed call of the `windows` crate as a fault.
pub(crate) fn failed(call: &'static str) -> impl FnOnce(windows::core::Error) -> PortFault {
    move |error| PortFault::System { call, code: u32::from_ne_bytes(error.code().0.to_ne_bytes()) }
}
