//! Facts about the machine and its processes, from the system's own tables. Processor shares are differences between two
//! questions, so that no question waits for a sample; no performance counters and no console programs are asked.

use crate::helper::Helpers;
use crate::identity::{ProcessHandle, failed, filetime};
use crate::processes::entries;
use crate::registry;
use crate::security::{own_process, token_of};
use portcullis_model::{Cancel, Deadline, Effect, Resource, Source, Untrusted};
use portcullis_platform::{Drive, Permit, PortResult, ProcessInfo, SystemInfo, SystemPort};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use windows::Wdk::System::SystemServices::RtlGetVersion;
use windows::Win32::Foundation::{FILETIME, NO_ERROR};
use windows::Win32::Globalization::{GetUserDefaultUILanguage, LCIDToLocaleName};
use windows::Win32::NetworkManagement::IpHelper::{
    FreeMibTable, GetIfTable2, IF_TYPE_SOFTWARE_LOOPBACK, MIB_IF_ROW2, MIB_IF_TABLE2,
};
use windows::Win32::Storage::FileSystem::{GetDiskFreeSpaceExW, GetDriveTypeW, GetLogicalDrives};
use windows::Win32::System::Com::CoTaskMemFree;
use windows::Win32::System::Diagnostics::ToolHelp::PROCESSENTRY32W;
use windows::Win32::System::LibraryLoader::{LOAD_LIBRARY_SEARCH_SYSTEM32, SetDefaultDllDirectories};
use windows::Win32::System::ProcessStatus::{K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS};
use windows::Win32::System::Registry::HKEY_LOCAL_MACHINE;
use windows::Win32::System::SystemInformation::{
    ComputerNameDnsHostname, GetComputerNameExW, GetNativeSystemInfo, GetTickCount64, GlobalMemoryStatusEx,
    MEMORYSTATUSEX, OSVERSIONINFOW, PROCESSOR_ARCHITECTURE, PROCESSOR_ARCHITECTURE_AMD64, PROCESSOR_ARCHITECTURE_ARM,
    PROCESSOR_ARCHITECTURE_ARM64, PROCESSOR_ARCHITECTURE_INTEL, SYSTEM_INFO,
};
use windows::Win32::System::Threading::GetSystemTimes;
use windows::Win32::System::WindowsProgramming::{DRIVE_FIXED, DRIVE_REMOTE, DRIVE_REMOVABLE, GetUserNameW};
use windows::Win32::UI::Shell::{GetUserProfileDirectoryW, KF_FLAG_DEFAULT, SHGetKnownFolderPath};
use windows::core::{GUID, HSTRING, PWSTR};

/// Characters of a computer's or a user's name.
const NAME_CAP: usize = 257;
/// Characters of the path of a user's folder, and the NUL.
const PROFILE_CAP: usize = 32_768;
/// Characters of a locale's name (`LOCALE_NAME_MAX_LENGTH`).
const LOCALE_CAP: usize = 85;
/// Network adapters that are summed.
const ADAPTER_CAP: usize = 4_096;
/// How long all drives together have to answer.
const DRIVE_WAIT: Duration = Duration::from_millis(200);
/// The first build that is called Windows 11; its registry still says 10.
const WINDOWS_11_BUILD: u32 = 22_000;
/// 100 ns units in a millisecond.
const UNITS_PER_MS: u64 = 10_000;
/// Where the system's product name stands.
const VERSION_KEY: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion";

static HELPERS: Helpers = Helpers::new();

/// Processor time of the whole machine, in 100 ns units, and the share in use up to then.
#[derive(Clone, Copy)]
struct MachineTimes {
    idle: u64,
    /// Kernel (which contains idle) and user.
    all: u64,
    share: Option<f64>,
}

/// Processor time of each process at the last listing.
struct Listing {
    at: Instant,
    times: HashMap<(u32, u64), u64>,
}

/// The machine, with the readings that the next question is compared with.
pub(crate) struct Win32System {
    machine: Mutex<Option<MachineTimes>>,
    listing: Mutex<Option<Listing>>,
}

impl Default for Win32System {
    fn default() -> Self {
        Self { machine: Mutex::new(machine_times()), listing: Mutex::new(None) }
    }
}

impl SystemPort for Win32System {
    fn info(&self, permit: &Permit) -> PortResult<SystemInfo> {
        permit.require(Effect::ReadSystem, &Resource::System)?;
        let (memory_total, memory_free) = memory()?;
        let native = native_system();
        Ok(SystemInfo {
            computer: Untrusted::new(Source::System, computer_name().unwrap_or_default()),
            user: Untrusted::new(Source::System, user_name().unwrap_or_default()),
            os: product(),
            architecture: architecture(&native),
            language: language().unwrap_or_default(),
            processors: native.dwNumberOfProcessors,
            cpu_percent: self.cpu_percent(),
            memory_total,
            memory_free,
            drives: drives(),
            network: network(),
            // SAFETY: no preconditions.
            uptime_seconds: unsafe { GetTickCount64() } / 1_000,
        })
    }

    fn processes(&self, permit: &Permit) -> PortResult<Vec<ProcessInfo>> {
        permit.require(Effect::ReadProcesses, &Resource::Processes)?;
        let processors = native_system().dwNumberOfProcessors.max(1);
        let mut processes = snapshot()?;
        let now = Listing {
            at: Instant::now(),
            times: processes.iter().map(|(process, used)| ((process.id, process.started), *used)).collect(),
        };
        let mut last = self.listing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = last.as_ref() {
            let span = now.at.duration_since(last.at).as_secs_f64() * f64::from(processors);
            for (process, used) in &mut processes {
                let before = last.times.get(&(process.id, process.started));
                process.cpu_percent = before.and_then(|before| share(used.saturating_sub(*before), span));
            }
        }
        *last = Some(now);
        Ok(processes.into_iter().map(|(process, _)| process).collect())
    }
}

/// Used 100 ns units as a percentage of `span` seconds; nothing when no time has passed.
fn share(used: u64, span: f64) -> Option<f64> {
    let used = Duration::from_micros(used / 10).as_secs_f64();
    (span > 0.0).then(|| (used / span * 100.0).clamp(0.0, 100.0))
}

impl Win32System {
    /// The share since the last question; the last answer when the system's clock has not moved on since.
    fn cpu_percent(&self) -> Option<f64> {
        let mut now = machine_times()?;
        let mut last = self.machine.lock().unwrap_or_else(PoisonError::into_inner);
        now.share = last.as_ref().and_then(|before| {
            let all = now.all.checked_sub(before.all).filter(|all| *all > 0)?;
            let idle = now.idle.saturating_sub(before.idle).min(all);
            share(all - idle, Duration::from_micros(all / 10).as_secs_f64())
        });
        if now.share.is_none() {
            return last.and_then(|before| before.share);
        }
        *last = Some(now);
        now.share
    }
}

fn machine_times() -> Option<MachineTimes> {
    let [mut idle, mut kernel, mut user] = [FILETIME::default(); 3];
    // SAFETY: the out-pointers are locals that outlive the call.
    unsafe { GetSystemTimes(Some(&mut idle), Some(&mut kernel), Some(&mut user)) }.ok()?;
    Some(MachineTimes { idle: filetime(idle), all: filetime(kernel).saturating_add(filetime(user)), share: None })
}

fn computer_name() -> Option<String> {
    let mut buffer = [0u16; NAME_CAP];
    let mut length = u32::try_from(buffer.len()).unwrap_or(0);
    // SAFETY: the buffer lives through the call and `length` holds its size in characters.
    unsafe { GetComputerNameExW(ComputerNameDnsHostname, Some(PWSTR(buffer.as_mut_ptr())), &mut length) }.ok()?;
    Some(until_nul(&buffer))
}

fn user_name() -> Option<String> {
    let mut buffer = [0u16; NAME_CAP];
    let mut length = u32::try_from(buffer.len()).unwrap_or(0);
    // SAFETY: the buffer lives through the call and `length` holds its size in characters.
    unsafe { GetUserNameW(Some(PWSTR(buffer.as_mut_ptr())), &mut length) }.ok()?;
    Some(until_nul(&buffer))
}

pub(crate) fn until_nul(units: &[u16]) -> String {
    String::from_utf16_lossy(units.split(|unit| *unit == 0).next().unwrap_or_default())
}

/// Product and version: `Windows 10 Pro 10.0.19043`.
fn product() -> String {
    let mut version = OSVERSIONINFOW {
        dwOSVersionInfoSize: u32::try_from(size_of::<OSVERSIONINFOW>()).unwrap_or(0),
        ..OSVERSIONINFOW::default()
    };
    // SAFETY: the structure says its size and outlives the call. It cannot fail with a right size.
    let _ = unsafe { RtlGetVersion(&mut version) };
    let name = registry::text(HKEY_LOCAL_MACHINE, VERSION_KEY, "ProductName").unwrap_or_else(|| "Windows".to_owned());
    let build = version.dwBuildNumber;
    let name = if build >= WINDOWS_11_BUILD { name.replacen("Windows 10", "Windows 11", 1) } else { name };
    format!("{name} {}.{}.{build}", version.dwMajorVersion, version.dwMinorVersion)
}

fn native_system() -> SYSTEM_INFO {
    let mut info = SYSTEM_INFO::default();
    // SAFETY: the out-pointer is a local that outlives the call.
    unsafe { GetNativeSystemInfo(&mut info) };
    info
}

fn architecture(info: &SYSTEM_INFO) -> String {
    // SAFETY: `GetNativeSystemInfo` writes this member of the union.
    let described = unsafe { info.Anonymous.Anonymous };
    match described.wProcessorArchitecture {
        PROCESSOR_ARCHITECTURE_AMD64 => "x86_64".to_owned(),
        PROCESSOR_ARCHITECTURE_ARM64 => "aarch64".to_owned(),
        PROCESSOR_ARCHITECTURE_INTEL => "x86".to_owned(),
        PROCESSOR_ARCHITECTURE_ARM => "arm".to_owned(),
        PROCESSOR_ARCHITECTURE(number) => format!("architecture {number}"),
    }
}

/// The user's interface language: `en-US`.
fn language() -> Option<String> {
    // SAFETY: no preconditions.
    let language = unsafe { GetUserDefaultUILanguage() };
    let mut buffer = [0u16; LOCALE_CAP];
    // SAFETY: the buffer lives through the call and its length goes with it. A language is a locale with default order.
    let length = unsafe { LCIDToLocaleName(u32::from(language), Some(&mut buffer), 0) };
    (length > 0).then(|| until_nul(&buffer))
}

/// Bytes of memory in all and free.
fn memory() -> PortResult<(u64, u64)> {
    let mut status = MEMORYSTATUSEX {
        dwLength: u32::try_from(size_of::<MEMORYSTATUSEX>()).unwrap_or(0),
        ..MEMORYSTATUSEX::default()
    };
    // SAFETY: the structure says its size and outlives the call.
    unsafe { GlobalMemoryStatusEx(&mut status) }.map_err(failed("GlobalMemoryStatusEx"))?;
    Ok((status.ullTotalPhys, status.ullAvailPhys))
}

/// Drives that hold data. One that does not answer in time, such as a removable one without a medium, a disk that has to
/// wake up or a share whose server is away, is left out.
fn drives() -> Vec<Drive> {
    // SAFETY: no preconditions.
    let present = unsafe { GetLogicalDrives() };
    let letters = ('A'..='Z').enumerate().filter(|(index, _)| present >> index & 1 == 1).map(|(_, letter)| letter);
    let mut kinds: Vec<(char, u32)> = letters.map(|letter| (letter, kind(letter))).collect();
    // Those that are likely to answer come first, so that one that is away does not use up their time.
    kinds.sort_by_key(|(letter, kind)| (*kind != DRIVE_FIXED, *letter));
    let deadline = Deadline::after(DRIVE_WAIT);
    let mut drives: Vec<Drive> = kinds
        .into_iter()
        .filter(|(_, kind)| [DRIVE_FIXED, DRIVE_REMOTE, DRIVE_REMOVABLE].contains(kind))
        .filter_map(|(letter, _)| {
            let (free, total) = HELPERS.run(deadline, &Cancel::new(), move || space(&root(letter))).ok()??;
            Some(Drive { name: format!("{letter}:"), total, free })
        })
        .collect();
    drives.sort_by(|one, other| one.name.cmp(&other.name));
    drives
}

fn root(letter: char) -> String {
    format!(r"{letter}:\")
}

fn kind(letter: char) -> u32 {
    // SAFETY: the text ends in NUL and outlives the call, which asks no medium.
    unsafe { GetDriveTypeW(&HSTRING::from(root(letter))) }
}

/// Bytes free to us and bytes in all.
fn space(root: &str) -> Option<(u64, u64)> {
    let (mut free, mut total) = (0, 0);
    // SAFETY: the text and the out-pointers outlive the call.
    unsafe { GetDiskFreeSpaceExW(&HSTRING::from(root), Some(&mut free), Some(&mut total), None) }.ok()?;
    Some((free, total))
}

/// The adapters' table; freed when dropped.
struct AdapterTable(*mut MIB_IF_TABLE2);

impl Drop for AdapterTable {
    fn drop(&mut self) {
        // SAFETY: the table came from `GetIfTable2` and is freed once.
        unsafe { FreeMibTable(self.0.cast_const().cast()) };
    }
}

/// Bytes received and sent by all adapters but the loopback one.
fn network() -> Option<(u64, u64)> {
    let mut table = std::ptr::null_mut();
    // SAFETY: the out-pointer is a local that outlives the call.
    let told = unsafe { GetIfTable2(&mut table) };
    if told != NO_ERROR || table.is_null() {
        return None;
    }
    let table = AdapterTable(table);
    // SAFETY: the call succeeded, so the table begins with its count.
    let count = unsafe { (*table.0).NumEntries };
    let count = usize::try_from(count).ok()?.min(ADAPTER_CAP);
    // SAFETY: the member lies within the table; no reference is made to it.
    let first = unsafe { &raw const (*table.0).Table }.cast();
    // SAFETY: the table holds `count` rows from its member `Table` on, and lives as long as `table`.
    let rows: &[MIB_IF_ROW2] = unsafe { std::slice::from_raw_parts(first, count) };
    let counted = rows
        .iter()
        .filter(|row| row.Type != IF_TYPE_SOFTWARE_LOOPBACK && !is_filter(row.InterfaceAndOperStatusFlags._bitfield));
    Some(counted.fold((0, 0), |(received, sent), row| {
        (row.InOctets.saturating_add(received), row.OutOctets.saturating_add(sent))
    }))
}

/// Whether a row is a filter over an adapter, whose bytes the adapter's own row counts already (`FilterInterface`).
fn is_filter(flags: u8) -> bool {
    flags & 0b10 != 0
}

/// Every process, with its processor time in 100 ns units.
fn snapshot() -> PortResult<Vec<(ProcessInfo, u64)>> {
    Ok(entries()?.iter().map(describe).collect())
}

fn describe(entry: &PROCESSENTRY32W) -> (ProcessInfo, u64) {
    let id = entry.th32ProcessID;
    let handle = ProcessHandle::query(id).ok();
    let (started, used) = handle.as_ref().and_then(ProcessHandle::times).unwrap_or_default();
    let path = handle.as_ref().and_then(ProcessHandle::image_path);
    let process = ProcessInfo {
        id,
        parent: entry.th32ParentProcessID,
        name: Untrusted::new(Source::System, until_nul(&entry.szExeFile)),
        path: path.map(|path| Untrusted::new(Source::System, path)),
        started,
        cpu_ms: used / UNITS_PER_MS,
        cpu_percent: None,
        memory: handle.as_ref().and_then(working_set).unwrap_or_default(),
        threads: entry.cntThreads,
    };
    (process, used)
}

fn working_set(process: &ProcessHandle) -> Option<u64> {
    let mut counters = PROCESS_MEMORY_COUNTERS::default();
    let size = u32::try_from(size_of::<PROCESS_MEMORY_COUNTERS>()).unwrap_or(0);
    // SAFETY: the handle is open and the structure is as large as said.
    let told = unsafe { K32GetProcessMemoryInfo(process.raw(), &mut counters, size) };
    told.as_bool().then(|| u64::try_from(counters.WorkingSetSize).unwrap_or(u64::MAX))
}

/// From now on this process finds a library by its name in the system's folder alone (`SetDefaultDllDirectories`): one that
/// lies beside the program, where whoever can write there put it, is not loaded.
pub fn search_system_folder_alone() -> PortResult<()> {
    // SAFETY: the flag is a constant.
    unsafe { SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32) }.map_err(failed("SetDefaultDllDirectories"))
}

/// The folder of the signed-in user. The shell is not loaded for it.
pub(crate) fn user_profile() -> Option<PathBuf> {
    let token = token_of(&ProcessHandle::query(own_process()).ok()?).ok()?;
    let mut path = vec![0_u16; PROFILE_CAP];
    let mut size = u32::try_from(path.len()).ok()?;
    // SAFETY: the token is open, and the buffer is as large as is told; both outlive the call.
    unsafe { GetUserProfileDirectoryW(token.raw(), Some(PWSTR(path.as_mut_ptr())), &mut size) }.ok()?;
    let text = path.split(|unit| *unit == 0).next()?;
    String::from_utf16(text).ok().map(PathBuf::from).filter(|path| path.is_absolute())
}

/// The folder of the signed-in user for what this product keeps for itself, wherever its data lies.
pub fn own_folder() -> Option<PathBuf> {
    Some(user_profile()?.join(r"AppData\Local\Portcullis"))
}

/// Where a folder of the current user, or of the machine, lies.
pub(crate) fn known_folder(folder: &GUID) -> Option<PathBuf> {
    // SAFETY: a folder's id that outlives the call, and no token; the answer is freed below.
    let path = unsafe { SHGetKnownFolderPath(folder, KF_FLAG_DEFAULT, None) }.ok()?;
    // SAFETY: the API gave a string that ends in NUL.
    let text = unsafe { path.to_string() };
    // SAFETY: the block came from the call above and is freed once.
    unsafe { CoTaskMemFree(Some(path.0.cast_const().cast())) };
    text.ok().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use windows::Win32::UI::Shell::FOLDERID_Profile;

    #[test]
    fn the_users_folder_is_what_the_shell_calls_so() {
        assert_eq!(user_profile(), known_folder(&FOLDERID_Profile));
    }

    #[test]
    fn a_share_needs_time_and_stays_in_its_range() {
        assert_eq!(share(10_000_000, 2.0), Some(50.0));
        assert_eq!(share(90_000_000, 2.0), Some(100.0));
        assert_eq!(share(1, 0.0), None);
    }
}
