//! The library that is loaded into a WPF application: one exported function, which asks the application's own runtime to start
//! the inspector, and says how far that came. It opens nothing, keeps nothing and begins no thread; it is unloaded again
//! when the function has returned.
#![cfg(windows)]

use std::ffi::c_void;
use windows::Win32::Foundation::{HMODULE, S_OK};
use windows::Win32::System::ClrHosting::{CLSID_CLRMetaHost, ICLRMetaHost, ICLRRuntimeHost, ICLRRuntimeInfo};
use windows::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};
use windows::core::{GUID, HRESULT, Interface, PCWSTR, s, w};

/// No runtime is in the process.
const NO_RUNTIME: u32 = 0x2000_0001;
/// The runtime has no way in.
const NO_HOST: u32 = 0x2000_0002;
/// The parameter is none.
const NO_PARAMETER: u32 = 0x2000_0003;
/// `ICLRRuntimeHost4`, which the runtime of .NET Core and since gives out; it begins as `ICLRRuntimeHost` does.
const ICLR_RUNTIME_HOST_4: GUID = GUID::from_u128(0x64F6D366_D7C2_4F1F_B4B2_E8160CAC43AF);
/// The class `CLRRuntimeHost` of mscoree.h.
const CLSID_CLR_RUNTIME_HOST: GUID = GUID::from_u128(0x90F1A06E_7712_4762_86B5_7A5EBA6BDB02);
/// The version of the runtime of .NET Framework 4, whatever its update.
const FRAMEWORK: PCWSTR = w!("v4.0.30319");
/// What is started. The method takes one text and gives one number.
const TYPE: PCWSTR = w!("Portcullis.Inspector.Bootstrap");
const METHOD: PCWSTR = w!("Start");
/// Characters of each of the two texts of the parameter.
const TEXT_CAP: usize = 32_768;

/// `GetCLRRuntimeHost` of coreclr.dll.
type GetRuntimeHost = unsafe extern "system" fn(*const GUID, *mut *mut c_void) -> HRESULT;

/// `CLRCreateInstance` of mscoree.dll.
type CreateInstance = unsafe extern "system" fn(*const GUID, *const GUID, *mut *mut c_void) -> HRESULT;

/// Starts the inspector. The parameter is two texts in UTF-16, each with its NUL: the path of the assembly, and its parameter
/// block. The answer is what the inspector gives, an HRESULT of the runtime, or one of the numbers above.
///
/// # Safety
///
/// The parameter is null or points to two such texts in memory that nobody changes while this runs.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn portcullis_start(parameter: *const u16) -> u32 {
    if parameter.is_null() {
        return NO_PARAMETER;
    }
    // SAFETY: the caller vouches for the first text.
    let Some(length) = (unsafe { text_length(parameter) }) else { return NO_PARAMETER };
    // SAFETY: the second text begins behind the first one's NUL.
    let block = unsafe { parameter.add(length.saturating_add(1)) };
    // SAFETY: the caller vouches for the second text.
    if unsafe { text_length(block) }.is_none() {
        return NO_PARAMETER;
    }
    let host = match runtime_host() {
        Ok(host) => host,
        Err(code) => return code,
    };
    // SAFETY: all four texts end in NUL and outlive the call.
    let started = unsafe { host.ExecuteInDefaultAppDomain(PCWSTR(parameter), TYPE, METHOD, PCWSTR(block)) };
    started.unwrap_or_else(|error| u32::from_ne_bytes(error.code().0.to_ne_bytes()))
}

/// The characters before the NUL; none when there is none within the cap.
///
/// # Safety
///
/// `text` points to memory that can be read up to its NUL, or for [`TEXT_CAP`] characters.
unsafe fn text_length(text: *const u16) -> Option<usize> {
    (0..TEXT_CAP).find(|at| {
        // SAFETY: no NUL came before this character.
        let here = unsafe { text.add(*at) };
        // SAFETY: as above.
        unsafe { *here == 0 }
    })
}

/// The runtime that is in the process already. None is brought in.
fn runtime_host() -> Result<ICLRRuntimeHost, u32> {
    // SAFETY: a constant text; the handle is not kept, and the module stays as long as the runtime runs.
    if let Ok(core) = unsafe { GetModuleHandleW(w!("coreclr.dll")) } {
        return core_host(core);
    }
    // SAFETY: as above.
    match unsafe { GetModuleHandleW(w!("clr.dll")) } {
        Ok(_) => framework_host(),
        Err(_) => Err(NO_RUNTIME),
    }
}

fn core_host(core: HMODULE) -> Result<ICLRRuntimeHost, u32> {
    // SAFETY: the module is loaded and the name is a constant.
    let way = unsafe { GetProcAddress(core, s!("GetCLRRuntimeHost")) }.ok_or(NO_HOST)?;
    // SAFETY: this export has had this signature since .NET Core 2.0; `coreclr` documents it in mscoree.h.
    let way: GetRuntimeHost = unsafe { std::mem::transmute(way) };
    let mut host = std::ptr::null_mut();
    // SAFETY: both pointers are valid for the call.
    let given = unsafe { way(&ICLR_RUNTIME_HOST_4, &mut host) };
    // SAFETY: the runtime gave one reference to an interface that begins with the methods of this one.
    unsafe { taken(given, host) }
}

/// The interface behind an out-pointer, when the function that filled it succeeded.
///
/// # Safety
///
/// A pointer that came with success is one reference to the interface.
unsafe fn taken<T: Interface>(given: HRESULT, pointer: *mut c_void) -> Result<T, u32> {
    if given != S_OK || pointer.is_null() {
        return Err(if given.is_err() { u32::from_ne_bytes(given.0.to_ne_bytes()) } else { NO_HOST });
    }
    // SAFETY: the caller vouches for it.
    Ok(unsafe { T::from_raw(pointer) })
}

/// Not verified on real Windows: the lab has no .NET Framework.
fn framework_host() -> Result<ICLRRuntimeHost, u32> {
    let code = |error: windows::core::Error| u32::from_ne_bytes(error.code().0.to_ne_bytes());
    // What started this runtime. Were it named as a library of this one's, an application of .NET Core would be brought it.
    // SAFETY: a constant text; the handle is not kept, and the module stays as long as the runtime runs.
    let shim = unsafe { GetModuleHandleW(w!("mscoree.dll")) }.map_err(code)?;
    // SAFETY: the module is loaded and the name is a constant.
    let way = unsafe { GetProcAddress(shim, s!("CLRCreateInstance")) }.ok_or(NO_HOST)?;
    // SAFETY: metahost.h declares this function so.
    let way: CreateInstance = unsafe { std::mem::transmute(way) };
    let mut meta = std::ptr::null_mut();
    // SAFETY: all three pointers are valid for the call.
    let given = unsafe { way(&CLSID_CLRMetaHost, &ICLRMetaHost::IID, &mut meta) };
    // SAFETY: the class gave one reference to the interface that was asked for.
    let meta: ICLRMetaHost = unsafe { taken(given, meta) }?;
    // SAFETY: the version is a constant text.
    let runtime: ICLRRuntimeInfo = unsafe { meta.GetRuntime(FRAMEWORK) }.map_err(code)?;
    // SAFETY: a constant class; the interface is asked for by its own type.
    unsafe { runtime.GetInterface(&CLSID_CLR_RUNTIME_HOST) }.map_err(code)
}
