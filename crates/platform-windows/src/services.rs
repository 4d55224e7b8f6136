//! Services through the service control manager. Each handle has no more rights than what it is opened for; what a service is
//! to us is asked anew before it is touched.

use crate::helper::Helpers;
use crate::identity::failed;
use crate::processes::Win32Processes;
use portcullis_model::{Cancel, Deadline, Effect, Resource, ServiceName, Source, Standing, Untrusted};
use portcullis_platform::{
    HeldService, Permit, PortFault, PortResult, ServiceFault, ServiceInfo, ServiceListing, ServicePlace, ServicePort,
    ServiceStartType, ServiceState, ServiceStatus,
};
use std::sync::Arc;
use windows::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_DEPENDENT_SERVICES_RUNNING, ERROR_FILE_NOT_FOUND, ERROR_INVALID_NAME,
    ERROR_INVALID_SERVICE_CONTROL, ERROR_MORE_DATA, ERROR_PATH_NOT_FOUND, ERROR_SERVICE_ALREADY_RUNNING,
    ERROR_SERVICE_CANNOT_ACCEPT_CTRL, ERROR_SERVICE_DEPENDENCY_FAIL, ERROR_SERVICE_DISABLED,
    ERROR_SERVICE_DOES_NOT_EXIST, ERROR_SERVICE_LOGON_FAILED, ERROR_SERVICE_NOT_ACTIVE, ERROR_SERVICE_REQUEST_TIMEOUT,
    WIN32_ERROR,
};
use windows::Win32::System::Services::{
    CloseServiceHandle, ControlService, ENUM_SERVICE_STATUS_PROCESSW, ENUM_SERVICE_STATUSW, EnumDependentServicesW,
    EnumServicesStatusExW, OpenSCManagerW, OpenServiceW, QUERY_SERVICE_CONFIGW, QueryServiceConfigW,
    QueryServiceStatusEx, SC_ENUM_PROCESS_INFO, SC_HANDLE, SC_MANAGER_CONNECT, SC_MANAGER_ENUMERATE_SERVICE,
    SC_STATUS_PROCESS_INFO, SERVICE_ACCEPT_STOP, SERVICE_ACTIVE, SERVICE_AUTO_START, SERVICE_BOOT_START,
    SERVICE_CONTINUE_PENDING, SERVICE_CONTROL_STOP, SERVICE_DEMAND_START, SERVICE_DISABLED,
    SERVICE_ENUMERATE_DEPENDENTS, SERVICE_PAUSE_PENDING, SERVICE_PAUSED, SERVICE_QUERY_CONFIG, SERVICE_QUERY_STATUS,
    SERVICE_RUNNING, SERVICE_START, SERVICE_START_PENDING, SERVICE_STATE_ALL, SERVICE_STATUS, SERVICE_STATUS_PROCESS,
    SERVICE_STOP, SERVICE_STOP_PENDING, SERVICE_STOPPED, SERVICE_SYSTEM_START, SERVICE_WIN32, StartServiceW,
};
use windows::core::{HSTRING, PCWSTR, PWSTR};

/// 8-byte words of one part of the list (the system fills at most 256 KiB).
const LIST_WORDS: usize = 32 * 1024;
/// Parts of the list that are asked for.
const LIST_PARTS: usize = 64;
/// 8-byte words of a service's settings (`QueryServiceConfigW` gives at most 8 KiB).
const CONFIG_WORDS: usize = 1024;

/// Starting waits for the service's program, stopping for its answer; either may take longer than a call.
static HELPERS: Helpers = Helpers::new();

/// A handle of the manager or of a service; closed when dropped.
struct Handle(SC_HANDLE);

// SAFETY: handles of the manager belong to the process, not to a thread.
unsafe impl Send for Handle {}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is ours and is closed once. A failure leaves nothing to do.
        let _ = unsafe { CloseServiceHandle(self.0) };
    }
}

/// Why a service's program does not come up.
const DID_NOT_START: [WIN32_ERROR; 5] = [
    ERROR_FILE_NOT_FOUND,
    ERROR_PATH_NOT_FOUND,
    ERROR_SERVICE_DEPENDENCY_FAIL,
    ERROR_SERVICE_LOGON_FAILED,
    ERROR_SERVICE_REQUEST_TIMEOUT,
];

/// A failed call as what it means of a service.
fn fault(call: &'static str) -> impl FnOnce(windows::core::Error) -> PortFault {
    move |error| {
        let is = |code: WIN32_ERROR| error.code() == code.to_hresult();
        let known = if is(ERROR_SERVICE_DOES_NOT_EXIST) || is(ERROR_INVALID_NAME) {
            ServiceFault::NoService
        } else if is(ERROR_ACCESS_DENIED) {
            ServiceFault::AccessDenied
        } else if is(ERROR_SERVICE_DISABLED) {
            ServiceFault::Disabled
        } else if is(ERROR_SERVICE_ALREADY_RUNNING) {
            ServiceFault::Running
        } else if is(ERROR_SERVICE_NOT_ACTIVE) {
            ServiceFault::NotRunning
        } else if is(ERROR_DEPENDENT_SERVICES_RUNNING) {
            ServiceFault::HasDependents
        } else if is(ERROR_SERVICE_CANNOT_ACCEPT_CTRL) || is(ERROR_INVALID_SERVICE_CONTROL) {
            ServiceFault::TakesNoStop
        } else if let Some(code) = DID_NOT_START.into_iter().find(|code| is(*code)) {
            ServiceFault::DidNotStart(code.0)
        } else {
            return failed(call)(error);
        };
        known.into()
    }
}

fn manager(rights: u32) -> PortResult<Handle> {
    // SAFETY: no texts: this machine, and its only database.
    unsafe { OpenSCManagerW(PCWSTR::null(), PCWSTR::null(), rights) }.map(Handle).map_err(fault("OpenSCManagerW"))
}

fn open(manager: &Handle, name: &str, rights: u32) -> PortResult<Handle> {
    // SAFETY: the manager's handle is open; the text ends in NUL and outlives the call.
    unsafe { OpenServiceW(manager.0, &HSTRING::from(name), rights) }.map(Handle).map_err(fault("OpenServiceW"))
}

/// Bytes of words, for calls that take them so.
fn bytes(words: &mut [u64]) -> &mut [u8] {
    let length = size_of_val(words);
    // SAFETY: the words are plain numbers, and as many bytes lie there as the length says, borrowed as long as they are.
    unsafe { std::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), length) }
}

fn size(words: &[u64]) -> u32 {
    u32::try_from(size_of_val(words)).unwrap_or(0)
}

/// A text in an answer of the manager.
fn text(pointer: PWSTR) -> String {
    if pointer.is_null() {
        return String::new();
    }
    // SAFETY: the manager gave a text that ends in NUL, in a buffer that the caller holds.
    let units = unsafe { pointer.as_wide() };
    String::from_utf16_lossy(units)
}

fn state(status: &SERVICE_STATUS_PROCESS) -> ServiceState {
    match status.dwCurrentState {
        SERVICE_STOPPED => ServiceState::Stopped,
        SERVICE_START_PENDING => ServiceState::StartPending,
        SERVICE_STOP_PENDING => ServiceState::StopPending,
        SERVICE_RUNNING => ServiceState::Running,
        SERVICE_CONTINUE_PENDING => ServiceState::ContinuePending,
        SERVICE_PAUSE_PENDING => ServiceState::PausePending,
        SERVICE_PAUSED => ServiceState::Paused,
        other => ServiceState::Other(other.0),
    }
}

fn told(status: &SERVICE_STATUS_PROCESS) -> ServiceStatus {
    ServiceStatus {
        state: state(status),
        process: status.dwProcessId,
        accepts_stop: status.dwControlsAccepted & SERVICE_ACCEPT_STOP != 0,
        exit_code: status.dwWin32ExitCode,
        own_exit_code: status.dwServiceSpecificExitCode,
    }
}

fn status(service: &Handle) -> PortResult<ServiceStatus> {
    let mut words = [0u64; size_of::<SERVICE_STATUS_PROCESS>().div_ceil(8)];
    let mut needed = 0;
    let buffer = Some(bytes(&mut words));
    // SAFETY: the handle is open with the right to ask; the buffer is larger than the structure.
    unsafe { QueryServiceStatusEx(service.0, SC_STATUS_PROCESS_INFO, buffer, &mut needed) }
        .map_err(fault("QueryServiceStatusEx"))?;
    // SAFETY: the call succeeded, so the buffer begins with the structure, whose members are plain numbers.
    let status: SERVICE_STATUS_PROCESS = unsafe { words.as_ptr().cast::<SERVICE_STATUS_PROCESS>().read() };
    Ok(told(&status))
}

/// When a service is started; none where we may not know it.
fn start_type(manager: &Handle, name: &str) -> Option<ServiceStartType> {
    let service = open(manager, name, SERVICE_QUERY_CONFIG).ok()?;
    let mut words = vec![0u64; CONFIG_WORDS];
    let length = size(&words);
    let mut needed = 0;
    let out = Some(words.as_mut_ptr().cast::<QUERY_SERVICE_CONFIGW>());
    // SAFETY: the handle is open with the right to ask; the buffer is as large as said and outlives the call.
    unsafe { QueryServiceConfigW(service.0, out, length, &mut needed) }.ok()?;
    // SAFETY: the call succeeded, so the buffer begins with the structure; its pointers are not followed.
    let config: QUERY_SERVICE_CONFIGW = unsafe { words.as_ptr().cast::<QUERY_SERVICE_CONFIGW>().read() };
    match config.dwStartType {
        SERVICE_BOOT_START => Some(ServiceStartType::Boot),
        SERVICE_SYSTEM_START => Some(ServiceStartType::System),
        SERVICE_AUTO_START => Some(ServiceStartType::Auto),
        SERVICE_DEMAND_START => Some(ServiceStartType::Manual),
        SERVICE_DISABLED => Some(ServiceStartType::Disabled),
        _ => None,
    }
}

/// The services of this machine.
pub(crate) struct Win32Services {
    processes: Arc<Win32Processes>,
}

impl Win32Services {
    /// With those that tell what a process is to us.
    pub(crate) fn new(processes: Arc<Win32Processes>) -> Self {
        Self { processes }
    }
}

impl ServicePort for Win32Services {
    fn list(&self, permit: &Permit, cap: usize, cancel: &Cancel) -> PortResult<ServiceListing> {
        permit.require(Effect::ReadServices, &Resource::Services)?;
        let manager = manager(SC_MANAGER_CONNECT | SC_MANAGER_ENUMERATE_SERVICE)?;
        let mut words = vec![0u64; LIST_WORDS];
        let mut listing = ServiceListing::default();
        let mut resume = 0;
        for _ in 0..LIST_PARTS {
            cancel.check()?;
            let (mut needed, mut count) = (0, 0);
            // SAFETY: the handle is open with the right to list; the buffer and the out-pointers outlive the call.
            let told = unsafe {
                EnumServicesStatusExW(
                    manager.0,
                    SC_ENUM_PROCESS_INFO,
                    SERVICE_WIN32,
                    SERVICE_STATE_ALL,
                    Some(bytes(&mut words)),
                    &mut needed,
                    &mut count,
                    Some(&mut resume),
                    PCWSTR::null(),
                )
            };
            let more = told.as_ref().is_err_and(|error| error.code() == ERROR_MORE_DATA.to_hresult());
            if !more {
                told.map_err(fault("EnumServicesStatusExW"))?;
            }
            let count = usize::try_from(count).unwrap_or(0);
            let room = size_of_val(words.as_slice()) / size_of::<ENUM_SERVICE_STATUS_PROCESSW>();
            // SAFETY: the buffer begins with as many rows as the call said, no more than fit, and lives to the loop's end.
            let rows = unsafe {
                std::slice::from_raw_parts(words.as_ptr().cast::<ENUM_SERVICE_STATUS_PROCESSW>(), count.min(room))
            };
            for row in rows {
                if listing.services.len() >= cap {
                    listing.more = true;
                    return Ok(listing);
                }
                let name = text(row.lpServiceName);
                listing.services.push(ServiceInfo {
                    start: start_type(&manager, &name),
                    name: Untrusted::new(Source::System, name),
                    display_name: Untrusted::new(Source::System, text(row.lpDisplayName)),
                    status: told_of(row),
                });
            }
            if !more {
                return Ok(listing);
            }
        }
        listing.more = true;
        Ok(listing)
    }

    fn resolve(&self, name: &ServiceName) -> PortResult<Box<dyn HeldService>> {
        let manager = manager(SC_MANAGER_CONNECT)?;
        let rights = SERVICE_QUERY_STATUS | SERVICE_ENUMERATE_DEPENDENTS;
        let service = open(&manager, name.as_str(), rights)?;
        let standing = self.processes.standing_of(status(&service)?.process);
        let place = ServicePlace { name: name.clone(), standing };
        Ok(Box::new(Held { service, place, processes: Arc::clone(&self.processes) }))
    }
}

fn told_of(row: &ENUM_SERVICE_STATUS_PROCESSW) -> ServiceStatus {
    told(&row.ServiceStatusProcess)
}

/// A service by its open handle, which has the rights to ask alone.
struct Held {
    service: Handle,
    place: ServicePlace,
    processes: Arc<Win32Processes>,
}

impl Held {
    /// Its state, once the permit covers what it is to us now.
    fn permitted(&self, permit: &Permit) -> PortResult<ServiceStatus> {
        let status = status(&self.service)?;
        let standing: Standing = self.processes.standing_of(status.process);
        let now = ServicePlace { standing, ..self.place.clone() };
        permit.require(Effect::ControlServices, &now.resource())?;
        Ok(status)
    }

    /// Does something with the service on a thread of its own, with a handle of its own.
    fn told<T: Send + 'static>(
        &self,
        rights: u32,
        deadline: Deadline,
        cancel: &Cancel,
        tell: impl FnOnce(&Handle) -> PortResult<T> + Send + 'static,
    ) -> PortResult<T> {
        let service = open(&manager(SC_MANAGER_CONNECT)?, self.place.name.as_str(), rights)?;
        HELPERS.run(deadline, cancel, move || tell(&service))?
    }
}

impl HeldService for Held {
    fn place(&self) -> &ServicePlace {
        &self.place
    }

    fn dependents(&self) -> PortResult<Vec<ServiceName>> {
        let mut words = vec![0u64; LIST_WORDS / 4];
        let length = size(&words);
        let (mut needed, mut count) = (0, 0);
        let out = Some(words.as_mut_ptr().cast::<ENUM_SERVICE_STATUSW>());
        // SAFETY: the handle is open with the right to ask; the buffer is as large as said and outlives the call.
        unsafe { EnumDependentServicesW(self.service.0, SERVICE_ACTIVE, out, length, &mut needed, &mut count) }
            .map_err(fault("EnumDependentServicesW"))?;
        let room = size_of_val(words.as_slice()) / size_of::<ENUM_SERVICE_STATUSW>();
        let count = usize::try_from(count).unwrap_or(0).min(room);
        // SAFETY: the call succeeded, so the buffer begins with as many rows as it said, no more than fit.
        let rows = unsafe { std::slice::from_raw_parts(words.as_ptr().cast::<ENUM_SERVICE_STATUSW>(), count) };
        let names = rows.iter().map(|row| ServiceName::parse(&text(row.lpServiceName)));
        // A name that is none of ours to use cannot be told to stop, and so not be passed over either.
        names.collect::<Result<_, _>>().map_err(|bad| PortFault::Unsupported(bad.to_string()))
    }

    fn status(&self, permit: &Permit) -> PortResult<ServiceStatus> {
        self.permitted(permit)
    }

    fn start(&self, permit: &Permit, deadline: Deadline, cancel: &Cancel) -> PortResult<()> {
        self.permitted(permit)?;
        self.told(SERVICE_START, deadline, cancel, |service| {
            // SAFETY: the handle is open with the right to start; there are no arguments.
            unsafe { StartServiceW(service.0, None) }.map_err(fault("StartServiceW"))
        })
    }

    fn stop(&self, permit: &Permit, deadline: Deadline, cancel: &Cancel) -> PortResult<()> {
        self.permitted(permit)?;
        self.told(SERVICE_STOP, deadline, cancel, |service| {
            let mut status = SERVICE_STATUS::default();
            // SAFETY: the handle is open with the right to stop; the out-pointer is a local that outlives the call.
            unsafe { ControlService(service.0, SERVICE_CONTROL_STOP, &mut status) }.map_err(fault("ControlService"))
        })
    }
}

#[cfg(test)]
mod tests;
