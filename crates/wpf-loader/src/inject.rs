//! The steps that start the inspector in another process: its library is loaded by a thread of that process, its one function
//! is called by another, and the library is let go of again. What was written into the process is wiped before it is freed.

use crate::payload::Payload;
use crate::request::{LoadAnswer, LoadRequest};
use object::{ExportTarget, NameOrOrdinal, Object};
use portcullis_model::LoadStage;
use portcullis_wpf_protocol::StartCode;
use std::ffi::{OsStr, c_void};
use std::os::windows::ffi::OsStrExt;
use std::path::Path;
use std::time::Instant;
use windows::Win32::Foundation::{CloseHandle, ERROR_INVALID_PARAMETER, FILETIME, HANDLE, HMODULE, WAIT_OBJECT_0};
use windows::Win32::System::Diagnostics::Debug::WriteProcessMemory;
use windows::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};
use windows::Win32::System::Memory::{
    MEM_COMMIT, MEM_RELEASE, MEM_RESERVE, PAGE_READWRITE, VirtualAllocEx, VirtualFreeEx,
};
use windows::Win32::System::ProcessStatus::{EnumProcessModulesEx, GetMappedFileNameW, LIST_MODULES_ALL};
use windows::Win32::System::SystemInformation::{IMAGE_FILE_MACHINE, IMAGE_FILE_MACHINE_UNKNOWN};
use windows::Win32::System::Threading::{
    CreateRemoteThread, GetExitCodeThread, GetProcessTimes, IsWow64Process2, LPTHREAD_START_ROUTINE, OpenProcess,
    PROCESS_CREATE_THREAD, PROCESS_QUERY_INFORMATION, PROCESS_SYNCHRONIZE, PROCESS_VM_OPERATION, PROCESS_VM_READ,
    PROCESS_VM_WRITE, WaitForSingleObject,
};
use windows::core::{PCSTR, s, w};

/// Modules of a process that are looked through.
const MODULE_CAP: usize = 2_048;
/// Characters of a module's path.
const PATH_CAP: usize = 32_768;
/// The function of the library that starts the inspector.
const ENTRY: &[u8] = b"portcullis_start";
/// What the bootstrap says when there is no runtime, or none with a way in.
const NO_RUNTIME: [u32; 2] = [0x2000_0001, 0x2000_0002];

type Step<T> = Result<T, LoadAnswer>;

fn failed(stage: LoadStage) -> impl Fn(windows::core::Error) -> LoadAnswer {
    move |error| LoadAnswer::failed(stage, u32::from_ne_bytes(error.code().0.to_ne_bytes()))
}

/// A handle that closes itself.
struct Owned(HANDLE);

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: the handle is ours and is closed once. A failure leaves nothing to do.
        let _ = unsafe { CloseHandle(self.0) };
    }
}

/// Starts the inspector in the process of the request, by the library that lies at `bootstrap`.
pub(crate) fn inject(
    request: &LoadRequest,
    library: &Payload,
    bootstrap: &Path,
    inspector: &Path,
    limit: Instant,
) -> Step<()> {
    let process = open(request)?;
    same_architecture(&process)?;
    let path = wide(bootstrap.as_os_str());
    let kernel = export(w!("kernel32.dll"), s!("LoadLibraryW"))?;
    let unload = export(w!("kernel32.dll"), s!("FreeLibrary"))?;
    let written = Written::new(&process, &path)?;
    let end = run(&process, kernel, written.address, limit);
    let half = written.used_by(end)?;
    if half == 0 {
        return Err(LoadAnswer::failed(LoadStage::Library, 0));
    }
    let base = module(&process, half, bootstrap)?;
    let mut parameter = wide(inspector.as_os_str());
    parameter.extend(wide(OsStr::new(&request.block)));
    let written = Written::new(&process, &parameter)?;
    let start = base.wrapping_add(entry_offset(library)?);
    // SAFETY: the address is that of the export, which the library there has at the same offset as here.
    let start: LPTHREAD_START_ROUTINE = unsafe { std::mem::transmute::<*const c_void, LPTHREAD_START_ROUTINE>(start) };
    let end = run(&process, start, written.address, limit);
    let code = written.used_by(end);
    // The library has done its part either way; only one that still runs must stay.
    if code.is_ok() {
        run(&process, unload, base.cast_mut(), limit).ok();
    }
    match code? {
        code if code == StartCode::Proved.number() => Ok(()),
        code => Err(LoadAnswer::failed(stage(code), code)),
    }
}

/// How far the inspector came, by its own code or the bootstrap's.
fn stage(code: u32) -> LoadStage {
    match StartCode::of(code) {
        Some(StartCode::BadBlock) => LoadStage::Parameters,
        Some(StartCode::NoPipe | StartCode::WrongServer) => LoadStage::Pipe,
        Some(StartCode::Tls | StartCode::Proof) => LoadStage::Proof,
        Some(StartCode::Full) => LoadStage::Full,
        Some(StartCode::Late) => LoadStage::Late,
        Some(StartCode::Proved | StartCode::Internal) => LoadStage::Internal,
        None if NO_RUNTIME.contains(&code) => LoadStage::NoRuntime,
        None => LoadStage::Hosting,
    }
}

/// Opens the process that is meant, with the rights that the steps take and no more.
fn open(request: &LoadRequest) -> Step<Owned> {
    let rights = PROCESS_CREATE_THREAD
        | PROCESS_QUERY_INFORMATION
        | PROCESS_VM_OPERATION
        | PROCESS_VM_WRITE
        | PROCESS_VM_READ
        | PROCESS_SYNCHRONIZE;
    // SAFETY: no pointers; the handle is owned below.
    let opened = unsafe { OpenProcess(rights, false, request.process) }.map_err(|error| {
        // That is what a number fails with that is no process's.
        let gone = error.code() == ERROR_INVALID_PARAMETER.to_hresult();
        failed(if gone { LoadStage::Identity } else { LoadStage::Open })(error)
    })?;
    let process = Owned(opened);
    let [mut created, mut exited, mut kernel, mut user] = [FILETIME::default(); 4];
    // SAFETY: the handle is open and the four out-pointers are locals that outlive the call.
    unsafe { GetProcessTimes(process.0, &mut created, &mut exited, &mut kernel, &mut user) }
        .map_err(failed(LoadStage::Identity))?;
    let started = (u64::from(created.dwHighDateTime) << 32) | u64::from(created.dwLowDateTime);
    if started == request.started { Ok(process) } else { Err(LoadAnswer::failed(LoadStage::Identity, 0)) }
}

/// Fails unless the process runs the instructions that this program and its library are built of.
fn same_architecture(process: &Owned) -> Step<()> {
    let machine = |process: HANDLE| -> Step<(IMAGE_FILE_MACHINE, IMAGE_FILE_MACHINE)> {
        let (mut guest, mut native) = (IMAGE_FILE_MACHINE::default(), IMAGE_FILE_MACHINE::default());
        // SAFETY: the handle is open, or the pseudo handle of this process; the out-pointers are locals.
        unsafe { IsWow64Process2(process, &mut guest, Some(&mut native)) }.map_err(failed(LoadStage::Architecture))?;
        Ok((guest, native))
    };
    let (guest, native) = machine(process.0)?;
    let is_native = guest == IMAGE_FILE_MACHINE_UNKNOWN;
    if is_native == cfg!(target_pointer_width = "64") {
        Ok(())
    } else {
        Err(LoadAnswer::failed(LoadStage::Architecture, u32::from(native.0)))
    }
}

fn wide(text: &OsStr) -> Vec<u16> {
    text.encode_wide().chain([0]).collect()
}

/// The address of a system function. System libraries lie at one address in all processes of a session.
fn export(library: windows::core::PCWSTR, name: PCSTR) -> Step<LPTHREAD_START_ROUTINE> {
    // SAFETY: a constant name of a library that every process has.
    let module = unsafe { GetModuleHandleW(library) }.map_err(failed(LoadStage::Internal))?;
    // SAFETY: the module stays loaded; the name is a constant.
    let found = unsafe { GetProcAddress(module, name) };
    let found = found.ok_or(LoadAnswer::failed(LoadStage::Internal, 0))?;
    // SAFETY: both functions that are asked for here take one pointer and give a number, as a thread's start does.
    Ok(unsafe { std::mem::transmute::<unsafe extern "system" fn() -> isize, LPTHREAD_START_ROUTINE>(found) })
}

/// Where the library's function lies in it. The library is read and not loaded: it names libraries that this process has no use for.
fn entry_offset(library: &Payload) -> Step<usize> {
    let broken = LoadAnswer::failed(LoadStage::Library, 0);
    let file = object::File::parse(library.bytes).map_err(|_| broken)?;
    let mut exports = file.exports().map_err(|_| broken)?.flatten();
    let entry = exports.find(|export| matches!(export.name(), NameOrOrdinal::Name(ENTRY))).ok_or(broken)?;
    let ExportTarget::Address { address } = entry.target() else { return Err(broken) };
    let offset = address.checked_sub(file.relative_address_base());
    offset.and_then(|offset| usize::try_from(offset).ok()).ok_or(broken)
}

/// Text in the memory of the process. It is wiped and freed when this is dropped.
struct Written<'process> {
    process: &'process Owned,
    address: *mut c_void,
    bytes: usize,
}

impl<'process> Written<'process> {
    fn new(process: &'process Owned, text: &[u16]) -> Step<Self> {
        let bytes = size_of_val(text);
        // SAFETY: the system chooses the address; nothing is passed that it could write to.
        let address = unsafe { VirtualAllocEx(process.0, None, bytes, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE) };
        if address.is_null() {
            return Err(failed(LoadStage::Allocate)(windows::core::Error::from_thread()));
        }
        let written = Self { process, address, bytes };
        written.put(text.as_ptr().cast()).map_err(failed(LoadStage::Write))?;
        Ok(written)
    }

    /// Writes as many bytes as there is room for.
    fn put(&self, from: *const c_void) -> windows::core::Result<()> {
        // SAFETY: the source has `bytes` bytes, and the target was allocated with as many.
        unsafe { WriteProcessMemory(self.process.0, self.address, from, self.bytes, None) }
    }
}

impl Written<'_> {
    /// Lets go of the text after a thread of the process has used it, and hands its end on. A thread that still runs may still
    /// read: its text is wiped and left there.
    fn used_by(self, end: Step<u32>) -> Step<u32> {
        if matches!(end, Err(LoadAnswer { failed: Some(LoadStage::Late), .. })) {
            self.wipe();
            std::mem::forget(self);
        }
        end
    }

    fn wipe(&self) {
        let nothing = vec![0_u8; self.bytes];
        // A process that has ended takes its memory with it.
        self.put(nothing.as_ptr().cast()).ok();
    }
}

impl Drop for Written<'_> {
    fn drop(&mut self) {
        self.wipe();
        // SAFETY: the address came from `VirtualAllocEx` in this process and is freed once; no thread that was begun here
        // reads it any more.
        unsafe { VirtualFreeEx(self.process.0, self.address, 0, MEM_RELEASE) }.ok();
    }
}

/// Runs a function in the process and gives what it gives.
fn run(process: &Owned, start: LPTHREAD_START_ROUTINE, parameter: *mut c_void, limit: Instant) -> Step<u32> {
    // SAFETY: the start is a function of the process that takes one pointer; the parameter is memory of the process.
    let thread = unsafe { CreateRemoteThread(process.0, None, 0, start, Some(parameter), 0, None) };
    let thread = Owned(thread.map_err(failed(LoadStage::Thread))?);
    let left = limit.saturating_duration_since(Instant::now()).as_millis();
    // SAFETY: the handle is open.
    let waited = unsafe { WaitForSingleObject(thread.0, u32::try_from(left).unwrap_or(0)) };
    if waited != WAIT_OBJECT_0 {
        return Err(LoadAnswer::failed(LoadStage::Late, waited.0));
    }
    let mut code = 0;
    // SAFETY: the handle is open and the out-pointer is a local.
    unsafe { GetExitCodeThread(thread.0, &mut code) }.map_err(failed(LoadStage::Thread))?;
    Ok(code)
}

/// The library's address in the process: a thread's end tells its lower half alone.
fn module(process: &Owned, half: u32, bootstrap: &Path) -> Step<*const c_void> {
    let mut modules = vec![HMODULE::default(); MODULE_CAP];
    let size = u32::try_from(size_of_val(modules.as_slice())).unwrap_or(0);
    let mut needed = 0;
    // SAFETY: the buffer is as large as said and outlives the call.
    unsafe { EnumProcessModulesEx(process.0, modules.as_mut_ptr(), size, &mut needed, LIST_MODULES_ALL) }
        .map_err(failed(LoadStage::Library))?;
    let count = usize::try_from(needed).unwrap_or(0) / size_of::<HMODULE>();
    let found = modules.into_iter().take(count).find(|module| {
        let low = module.0.addr() & 0xFFFF_FFFF;
        u32::try_from(low).is_ok_and(|low| low == half) && lies_at(process, *module, bootstrap)
    });
    found.map(|module| module.0.cast_const()).ok_or(LoadAnswer::failed(LoadStage::Library, half))
}

/// Whether it is the library that lies at the address, by its file's name and its folder's, which is made of what the library
/// holds. The kernel names its device and not its drive; the loader's own name of a module takes a reading of the process for
/// each module before it.
fn lies_at(process: &Owned, module: HMODULE, library: &Path) -> bool {
    let mut buffer = vec![0; PATH_CAP];
    // SAFETY: any address may be asked; the buffer lives through the call and its length goes with it.
    let length = unsafe { GetMappedFileNameW(process.0, module.0, &mut buffer) };
    let length = usize::try_from(length).unwrap_or(0);
    let mapped = String::from_utf16_lossy(buffer.get(..length).unwrap_or_default()).to_lowercase();
    let library = library.to_string_lossy().to_lowercase();
    let mut names = mapped.rsplit('\\').zip(library.rsplit('\\'));
    names.by_ref().take(2).all(|(mapped, own)| mapped == own && !own.is_empty()) && names.next().is_some()
}
