//! Gives the Windows exe its manifest: what Windows must know before the first line of the program runs. And says which
//! libraries it is to load when it first calls them and not at its start. Nothing else happens at build time.

use embed_manifest::manifest::{ActiveCodePage, DpiAwareness, ExecutionLevel, MaxVersionTested, Setting, SupportedOS};
use embed_manifest::{embed_manifest, new_manifest};
use std::error::Error;
use std::path::PathBuf;
use std::process::Command;

/// System libraries that few calls need, with the functions of theirs that the program calls. A function that is missing here
/// brings its library back to the start, which a test of the exe sees.
const LATE: &[(&str, &[&str])] = &[
    (
        "user32",
        &[
            "AttachThreadInput",
            "CloseClipboard",
            "CloseDesktop",
            "CreateWindowExW",
            "DefWindowProcW",
            "DestroyWindow",
            "DispatchMessageW",
            "EmptyClipboard",
            "EnumChildWindows",
            "EnumClipboardFormats",
            "EnumDisplayMonitors",
            "EnumWindows",
            "FindWindowExW",
            "GetAncestor",
            "GetAsyncKeyState",
            "GetAwarenessFromDpiAwarenessContext",
            "GetClassNameW",
            "GetClientRect",
            "GetClipboardData",
            "GetClipboardFormatNameW",
            "GetClipboardOwner",
            "GetClipboardSequenceNumber",
            "GetCursorPos",
            "GetDC",
            "GetDesktopWindow",
            "GetDlgCtrlID",
            "GetForegroundWindow",
            "GetGUIThreadInfo",
            "GetKeyboardLayout",
            "GetMenu",
            "GetMenuItemCount",
            "GetMenuItemID",
            "GetMenuItemRect",
            "GetMenuState",
            "GetMenuStringW",
            "GetMonitorInfoW",
            "GetShellWindow",
            "GetSubMenu",
            "GetSystemMetrics",
            "GetTopWindow",
            "GetUserObjectInformationW",
            "GetWindow",
            "GetWindowDpiAwarenessContext",
            "GetWindowLongPtrW",
            "GetWindowLongW",
            "GetWindowRect",
            "GetWindowThreadProcessId",
            "InternalGetWindowText",
            "IsClipboardFormatAvailable",
            "IsHungAppWindow",
            "IsIconic",
            "IsWindow",
            "IsWindowEnabled",
            "IsWindowVisible",
            "IsZoomed",
            "LoadIconW",
            "LockWorkStation",
            "MapVirtualKeyExW",
            "MapWindowPoints",
            "MonitorFromPoint",
            "MsgWaitForMultipleObjectsEx",
            "OpenClipboard",
            "OpenInputDesktop",
            "PeekMessageW",
            "PostMessageW",
            "PostThreadMessageW",
            "PrintWindow",
            "RealGetWindowClassW",
            "RegisterClassW",
            "RegisterClipboardFormatW",
            "RegisterHotKey",
            "ReleaseDC",
            "SendInput",
            "SendMessageTimeoutW",
            "SetClipboardData",
            "SetCursorPos",
            "SetFocus",
            "SetForegroundWindow",
            "SetThreadDpiAwarenessContext",
            "SetWindowLongPtrW",
            "SetWindowPos",
            "ShowWindowAsync",
            "SystemParametersInfoW",
            "ToUnicodeEx",
            "UnregisterHotKey",
            "VkKeyScanExW",
            "WindowFromPoint",
        ],
    ),
    (
        "gdi32",
        &["BitBlt", "CreateCompatibleDC", "CreateDIBSection", "DeleteDC", "DeleteObject", "GdiFlush", "SelectObject"],
    ),
    ("bcrypt", &["BCryptGenRandom"]),
    ("combase", &["CoCreateFreeThreadedMarshaler", "CoIncrementMTAUsage", "CoTaskMemFree"]),
    (
        "ws2_32",
        &[
            "WSACleanup",
            "WSAGetLastError",
            "WSAIoctl",
            "WSASend",
            "WSASocketW",
            "WSAStartup",
            "accept",
            "bind",
            "closesocket",
            "connect",
            "freeaddrinfo",
            "getaddrinfo",
            "getsockname",
            "getsockopt",
            "ioctlsocket",
            "listen",
            "recv",
            "select",
            "send",
            "setsockopt",
            "shutdown",
        ],
    ),
    ("api-ms-win-core-winrt-l1-1-0", &["RoGetActivationFactory"]),
    (
        "shell32",
        &[
            "SHFileOperationW",
            "SHGetFileInfoW",
            "SHGetKnownFolderPath",
            "SHQueryRecycleBinW",
            "ShellExecuteExW",
            "Shell_NotifyIconW",
        ],
    ),
    (
        "wintrust",
        &[
            "WTHelperGetProvCertFromChain",
            "WTHelperGetProvSignerFromChain",
            "WTHelperProvDataFromStateData",
            "WinVerifyTrust",
        ],
    ),
    (
        "crypt32",
        &[
            "CertCloseStore",
            "CertDuplicateCertificateContext",
            "CertEnumCertificatesInStore",
            "CertFreeCertificateContext",
            "CertGetEnhancedKeyUsage",
            "CertNameToStrW",
            "CertOpenStore",
            "CertVerifyTimeValidity",
            "CryptProtectData",
            "CryptUnprotectData",
        ],
    ),
    (
        "winmm",
        &[
            "PlaySoundW",
            "waveOutClose",
            "waveOutGetNumDevs",
            "waveOutGetPosition",
            "waveOutOpen",
            "waveOutPrepareHeader",
            "waveOutReset",
            "waveOutUnprepareHeader",
            "waveOutWrite",
        ],
    ),
    ("version", &["GetFileVersionInfoSizeW", "GetFileVersionInfoW", "VerQueryValueW"]),
    (
        "wevtapi",
        &[
            "EvtClose",
            "EvtFormatMessage",
            "EvtGetExtendedStatus",
            "EvtNext",
            "EvtNextChannelPath",
            "EvtOpenChannelEnum",
            "EvtOpenPublisherMetadata",
            "EvtQuery",
            "EvtRender",
            "EvtSeek",
        ],
    ),
    ("wtsapi32", &["WTSConnectSessionW", "WTSEnumerateSessionsW", "WTSFreeMemory", "WTSQuerySessionInformationW"]),
    ("userenv", &["CreateEnvironmentBlock", "DestroyEnvironmentBlock", "GetUserProfileDirectoryW"]),
    ("dwmapi", &["DwmGetWindowAttribute"]),
    (
        "iphlpapi",
        &[
            "FreeMibTable",
            "GetExtendedTcpTable",
            "GetExtendedUdpTable",
            "GetIfTable2",
            "Icmp6CreateFile",
            "Icmp6SendEcho2",
            "IcmpCloseHandle",
            "IcmpCreateFile",
            "IcmpSendEcho2Ex",
        ],
    ),
    ("psapi", &["EnumProcessModulesEx", "GetMappedFileNameW", "GetModuleFileNameExW", "GetProcessMemoryInfo"]),
    ("ole32", &["CoCreateInstance", "CoInitializeEx", "CoUninitialize"]),
    (
        "oleaut32",
        &[
            "GetErrorInfo",
            "SysAllocStringLen",
            "SysFreeString",
            "SysStringLen",
            "VariantClear",
            "VariantTimeToSystemTime",
        ],
    ),
];
/// What makes import libraries, as Debian and as MSYS2 call it.
const DLLTOOL: [&str; 2] = ["x86_64-w64-mingw32-dlltool", "dlltool"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_CFG_WINDOWS").is_none() {
        return Ok(());
    }
    if std::env::var("CARGO_CFG_TARGET_ENV").as_deref() == Ok("gnu") {
        // Sections that begin on a page in the file are mapped when they are needed; others are read in whole.
        println!("cargo::rustc-link-arg-bins=-Wl,--file-alignment=4096");
        load_late_by_libraries()?;
    } else {
        println!("cargo::rustc-link-lib=delayimp");
        LATE.iter().for_each(|(library, _)| println!("cargo::rustc-link-arg-bins=/DELAYLOAD:{library}.dll"));
    }
    embed_manifest(
        new_manifest("Portcullis")
            // Never elevated by itself: rights come from whoever starts it.
            .requested_execution_level(ExecutionLevel::AsInvoker)
            // Every rectangle is in physical pixels.
            .dpi_awareness(DpiAwareness::PerMonitorV2)
            .long_path_aware(Setting::Enabled)
            .active_code_page(ActiveCodePage::Utf8)
            .supported_os(SupportedOS::Windows10..=SupportedOS::Windows10)
            .max_version_tested(MaxVersionTested::Windows11Version22H2),
    )?;
    Ok(())
}

/// GNU's linker has no word for it: import libraries that load late are made, and stand before those of the crates.
fn load_late_by_libraries() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    println!("cargo::rustc-link-search=native={}", folder.display());
    for (library, functions) in LATE {
        let definition = folder.join(format!("{library}.def"));
        std::fs::write(&definition, format!("LIBRARY {library}.dll\nEXPORTS\n{}\n", functions.join("\n")))?;
        let made = DLLTOOL.iter().find_map(|tool| {
            let mut tool = Command::new(tool);
            tool.args(["--machine", "i386:x86-64", "--input-def"]).arg(&definition).arg("--output-delaylib");
            tool.arg(folder.join(format!("lib{library}_late.a"))).status().ok()
        });
        if !made.is_some_and(|status| status.success()) {
            return Err(format!("no import library was made for {library}.dll: it takes dlltool of binutils").into());
        }
        println!("cargo::rustc-link-lib=static:+whole-archive,-bundle={library}_late");
    }
    println!("cargo::rustc-link-lib=dylib=delayimp");
    Ok(())
}
