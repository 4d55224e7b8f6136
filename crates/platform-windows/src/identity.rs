//! Identities of windows and programs, shared by the ports. Functions here read handles, process ids and class names
//! only; titles and contents belong to the ports, which ask for a permit first.

use portcullis_model::{ProgramName, Rect, WindowIdentity};
use portcullis_platform::{PortFault, PortResult};
use windows::Win32::Foundation::{CloseHandle, ERROR_ACCESS_DENIED, FILETIME, HANDLE, HWND, RECT};
use windows::Win32::System::Threading::{
    GetProcessTimes, OpenProcess, PROCESS_ACCESS_RIGHTS, PROCESS_NAME_WIN32, PROCESS_QUERY_LIMITED_INFORMATION,
    QueryFullProcessImageNameW,
};
use windows::Win32::UI::HiDpi::{DPI_AWARENESS_CONTEXT_PER_MONITOR_AWARE_V2, SetProcessDpiAwarenessContext};
use windows::Win32::UI::WindowsAndMessaging::{
    GA_ROOT, GetAncestor, GetClassNameW, GetWindowRect, GetWindowThreadProcessId, IsWindow,
};
use windows::core::PWSTR;

/// Characters of a window class name (`WNDCLASSEX.lpszClassName` allows 256).
const CLASS_NAME_CAP: usize = 257;
/// Characters of an image path (the longest that the file system knows).
const IMAGE_PATH_CAP: usize = 32_768;

/// A process handle that closes itself.
#[derive(Debug)]
pub(crate) struct ProcessHandle(HANDLE);

impl ProcessHandle {
    /// Opens a process for questions that need no rights over it.
    pub(crate) fn query(process: u32) -> Option<Self> {
        // SAFETY: no pointers; the handle is owned by the value that is returned.
        unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, false, process) }.ok().map(Self)
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
}

impl Drop for ProcessHandle {
    fn drop(&mut self) {
        // SAFETY: the handle is ours and is closed once. A failure leaves nothing to do.
        let _ = unsafe { CloseHandle(self.0) };
    }
}

/// Makes the process per-monitor-v2 aware. It fails harmlessly when the manifest has done so already.
pub(crate) fn become_dpi_aware() {
    // SAFETY: a constant is passed; the call has no other preconditions.
    let _ = unsafe { SetProcessDpiAwarenessContext(DPI_AWARENESS_CONTEXT_PER_MONITOR_AWARE_V2) };
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

/// When a process started, in 100 ns units since 1601; `None` when it is gone or may not be asked.
pub(crate) fn process_start(process: u32) -> Option<u64> {
    let handle = ProcessHandle::query(process)?;
    let [mut created, mut exited, mut kernel, mut user] = [FILETIME::default(); 4];
    // SAFETY: the handle is open and the four out-pointers are locals that outlive the call.
    unsafe { GetProcessTimes(handle.raw(), &mut created, &mut exited, &mut kernel, &mut user) }.ok()?;
    Some(filetime(created))
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

/// The path of a process's image.
pub(crate) fn image_path(process: u32) -> Option<String> {
    let handle = ProcessHandle::query(process)?;
    let mut buffer = vec![0u16; IMAGE_PATH_CAP];
    let mut length = u32::try_from(buffer.len()).unwrap_or(0);
    // SAFETY: the buffer lives through the call and `length` holds its size in characters.
    let asked = unsafe {
        QueryFullProcessImageNameW(handle.raw(), PROCESS_NAME_WIN32, PWSTR(buffer.as_mut_ptr()), &mut length)
    };
    asked.ok()?;
    let length = usize::try_from(length).ok()?;
    Some(String::from_utf16_lossy(buffer.get(..length)?))
}

/// The program of a process, for policy. A process that may not be asked has an empty name, which no rule allows by name.
pub(crate) fn program(process: u32) -> ProgramName {
    ProgramName::from_image_path(&image_path(process).unwrap_or_default())
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
