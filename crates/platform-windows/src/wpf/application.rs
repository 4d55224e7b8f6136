//! What is known of a process that may be a WPF application, asked of the handle that holds it. The rules are asked before any of
//! it is told; what they are asked of is the file that the process really runs.

use super::signer::signer_of;
use crate::files::lies_at;
use crate::identity::ProcessHandle;
use crate::processes::has_ended;
use crate::security::is_elevated_over_us;
use portcullis_model::{Digest, Effect, ProcessId, ProgramName, Resource, RunningProgram};
use portcullis_platform::{
    Architecture, ClrKind, HeldApplication, Permit, PortFault, PortResult, WpfFacts, program_name,
};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::Read;
use std::os::windows::fs::OpenOptionsExt;
use windows::Win32::Foundation::HMODULE;
use windows::Win32::Storage::FileSystem::{
    FILE_SHARE_READ, GetFileVersionInfoSizeW, GetFileVersionInfoW, VS_FIXEDFILEINFO, VerQueryValueW,
};
use windows::Win32::System::ProcessStatus::{
    EnumProcessModulesEx, GetMappedFileNameW, GetModuleFileNameExW, GetProcessMemoryInfo, LIST_MODULES_ALL,
    PROCESS_MEMORY_COUNTERS,
};
use windows::Win32::System::SystemInformation::{
    IMAGE_FILE_MACHINE, IMAGE_FILE_MACHINE_AMD64, IMAGE_FILE_MACHINE_ARM64, IMAGE_FILE_MACHINE_I386,
    IMAGE_FILE_MACHINE_UNKNOWN,
};
use windows::Win32::System::Threading::{
    IsWow64Process2, PROCESS_QUERY_INFORMATION, PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SYNCHRONIZE, PROCESS_VM_READ,
};
use windows::core::{HSTRING, w};

/// Modules of a process that are looked through.
const MODULE_CAP: usize = 2_048;
/// How often a list of modules is asked for that changes while it is made.
const LIST_TRIES: usize = 10;
/// Characters of a file's path.
const PATH_CAP: usize = 32_768;
/// Bytes of a program whose hash is made.
const HASH_CAP: u64 = 512 * 1024 * 1024;
/// Bytes that are hashed at once.
const HASH_PIECE: usize = 256 * 1024;

/// A process that is held.
pub(crate) struct Held {
    handle: ProcessHandle,
    process: ProcessId,
}

// SAFETY: the handle of a process belongs to this process, not to a thread.
unsafe impl Send for Held {}
// SAFETY: as above; what is asked of it may be asked by any thread.
unsafe impl Sync for Held {}

impl Held {
    /// Opens the process; none when it has ended or its number is another's.
    pub(crate) fn open(process: ProcessId) -> PortResult<Option<Self>> {
        let rights = PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_SYNCHRONIZE;
        let Ok(handle) = ProcessHandle::open(process.number, rights) else { return Ok(None) };
        let same = handle.times().is_some_and(|(started, _)| started == process.started);
        Ok((same && !has_ended(&handle)).then_some(Self { handle, process }))
    }

    fn image(&self) -> PortResult<String> {
        self.handle.image_path().ok_or(PortFault::System { call: "QueryFullProcessImageNameW", code: 0 })
    }
}

impl HeldApplication for Held {
    fn process(&self) -> ProcessId {
        self.process
    }

    fn program(&self, sha256: bool, signer: bool) -> PortResult<RunningProgram> {
        let image = self.image()?;
        // Held against writing and renaming while it is asked about. The process itself keeps others from writing its file.
        let file = File::options().read(true).share_mode(FILE_SHARE_READ.0).open(image);
        let file = file.map_err(|_| PortFault::System { call: "CreateFileW", code: 0 })?;
        let path = lies_at(&file)?;
        let sha256 = if sha256 { Some(hash(&file)?) } else { None };
        let signer = if signer { signer_of(&path) } else { None };
        Ok(RunningProgram { path: Some(path), sha256, signer })
    }

    fn facts(&self, permit: &Permit, program: &RunningProgram) -> PortResult<WpfFacts> {
        let effect =
            [Effect::ReadApplications, Effect::ConnectApplications].into_iter().find(|effect| permit.names(*effect));
        let target =
            Resource::WpfTarget { process: self.process, program: program.clone(), load: false, through: Vec::new() };
        permit.require(effect.unwrap_or(Effect::ReadApplications), &target)?;
        let image = self.image()?;
        let modules = Modules::of(self.process.number);
        let runtime = modules.as_ref().and_then(Modules::runtime);
        Ok(WpfFacts {
            name: program_name(&image),
            architecture: architecture(&self.handle),
            runtime: runtime.as_ref().map(|(kind, _)| *kind),
            is_elevated: is_elevated_over_us(self.process.number),
            // Windows of WPF without a runtime among the modules: the runtime is a part of the program's own file.
            is_single_file: modules.is_some() && runtime.is_none(),
            runtime_file: runtime.and_then(|(_, file)| file),
            working_set: working_set(&self.handle).unwrap_or(0),
        })
    }

    fn is_alive(&self) -> bool {
        !has_ended(&self.handle)
    }
}

/// The SHA-256 of the file, whole.
fn hash(mut file: &File) -> PortResult<Digest> {
    let fault = |_| PortFault::System { call: "ReadFile", code: 0 };
    if file.metadata().map_err(fault)?.len() > HASH_CAP {
        return Err(PortFault::Unsupported(format!("a program of more than {HASH_CAP} bytes is not hashed")));
    }
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; HASH_PIECE]);
    loop {
        match file.read(&mut buffer).map_err(fault)? {
            0 => return Ok(Digest::new(hash.finalize().into())),
            count => hash.update(buffer.get(..count).unwrap_or_default()),
        }
    }
}

/// The modules of a process, in the order in which they were loaded, by their addresses: what is known of each is asked of it
/// alone. A list of all their paths takes several readings of the process for each module.
struct Modules {
    process: ProcessHandle,
    bases: Vec<HMODULE>,
}

impl Modules {
    /// None when the process does not let us look.
    fn of(process: u32) -> Option<Self> {
        let process = ProcessHandle::open(process, PROCESS_QUERY_INFORMATION | PROCESS_VM_READ).ok()?;
        let mut bases = vec![HMODULE::default(); MODULE_CAP];
        let size = u32::try_from(size_of_val(bases.as_slice())).ok()?;
        let mut needed = 0;
        (0..LIST_TRIES).find_map(|_| {
            // SAFETY: the buffer is as large as said and outlives the call, like the out-pointer.
            unsafe { EnumProcessModulesEx(process.raw(), bases.as_mut_ptr(), size, &mut needed, LIST_MODULES_ALL) }.ok()
        })?;
        bases.truncate(usize::try_from(needed).ok()? / size_of::<HMODULE>());
        let modules = Self { process, bases };
        // The program's own file is the first of them; who cannot be asked for that tells nothing by the rest.
        modules.mapped(*modules.bases.first()?).is_some().then_some(modules)
    }

    /// The runtime among them, and its file.
    fn runtime(&self) -> Option<(ClrKind, Option<String>)> {
        let kind = |base: &HMODULE| runtime_of(&self.mapped(*base)?);
        let (kind, base) = self.bases.iter().find_map(|base| Some((kind(base)?, *base)))?;
        Some((kind, self.path(base)))
    }

    /// The file that lies at the address, by the name that the kernel has for it.
    fn mapped(&self, base: HMODULE) -> Option<String> {
        let mut buffer = vec![0; PATH_CAP];
        // SAFETY: any address may be asked; the buffer lives through the call and its length goes with it.
        let length = unsafe { GetMappedFileNameW(self.process.raw(), base.0, &mut buffer) };
        text(&buffer, length)
    }

    /// The file that a module was loaded from.
    fn path(&self, base: HMODULE) -> Option<String> {
        let mut buffer = vec![0; PATH_CAP];
        // SAFETY: the buffer lives through the call and its length goes with it.
        let length = unsafe { GetModuleFileNameExW(Some(self.process.raw()), Some(base), &mut buffer) };
        text(&buffer, length)
    }
}

/// What a call wrote into a buffer; none when it wrote nothing.
fn text(buffer: &[u16], length: u32) -> Option<String> {
    let written = buffer.get(..usize::try_from(length).ok()?)?;
    (!written.is_empty()).then(|| String::from_utf16_lossy(written))
}

/// The runtime that a module is.
fn runtime_of(module: &str) -> Option<ClrKind> {
    match ProgramName::from_image_path(module).as_str() {
        "coreclr.dll" => Some(ClrKind::Core),
        "clr.dll" => Some(ClrKind::Framework),
        _ => None,
    }
}

/// The version of a file: four numbers.
pub(super) fn version(path: &str) -> Option<String> {
    let path = HSTRING::from(path);
    // SAFETY: the path ends in NUL and outlives the call.
    let size = unsafe { GetFileVersionInfoSizeW(&path, None) };
    let mut block = vec![0_u8; usize::try_from(size).ok().filter(|size| *size > 0)?];
    // SAFETY: the block is as large as said and outlives the call.
    unsafe { GetFileVersionInfoW(&path, None, size, block.as_mut_ptr().cast()) }.ok()?;
    let (mut found, mut length) = (std::ptr::null_mut(), 0);
    // SAFETY: the block was filled by the call above; the out-pointers are locals.
    let has = unsafe { VerQueryValueW(block.as_ptr().cast(), w!("\\"), &mut found, &mut length) };
    if !has.as_bool() || usize::try_from(length).ok()? < size_of::<VS_FIXEDFILEINFO>() {
        return None;
    }
    // SAFETY: the answer points into the block and is as long as the structure; it may be unaligned.
    let facts = unsafe { found.cast::<VS_FIXEDFILEINFO>().read_unaligned() };
    let halves = |number: u32| (number >> 16, number & 0xFFFF);
    let ((a, b), (c, d)) = (halves(facts.dwFileVersionMS), halves(facts.dwFileVersionLS));
    Some(format!("{a}.{b}.{c}.{d}"))
}

/// What a process is built for.
fn architecture(process: &ProcessHandle) -> Option<Architecture> {
    let (mut guest, mut native) = (IMAGE_FILE_MACHINE::default(), IMAGE_FILE_MACHINE::default());
    // SAFETY: the handle is open; the out-pointers are locals.
    unsafe { IsWow64Process2(process.raw(), &mut guest, Some(&mut native)) }.ok()?;
    match if guest == IMAGE_FILE_MACHINE_UNKNOWN { native } else { guest } {
        IMAGE_FILE_MACHINE_AMD64 => Some(Architecture::X64),
        IMAGE_FILE_MACHINE_I386 => Some(Architecture::X86),
        IMAGE_FILE_MACHINE_ARM64 => Some(Architecture::Arm64),
        _ => None,
    }
}

fn working_set(process: &ProcessHandle) -> Option<u64> {
    let mut counters = PROCESS_MEMORY_COUNTERS::default();
    let size = u32::try_from(size_of::<PROCESS_MEMORY_COUNTERS>()).ok()?;
    // SAFETY: the handle is open; the structure is as large as said and outlives the call.
    unsafe { GetProcessMemoryInfo(process.raw(), &mut counters, size) }.ok()?;
    u64::try_from(counters.WorkingSetSize).ok()
}
