//! Who we are and who others are to the security subsystem: the user's SID, descriptors that admit this user alone,
//! integrity levels. Only questions and descriptors live here; no token is ever changed.

use crate::identity::{ProcessHandle, failed};
use portcullis_platform::PortResult;
use windows::Win32::Foundation::{CloseHandle, ERROR_ACCESS_DENIED, HANDLE, HLOCAL, LocalFree};
use windows::Win32::Security::Authorization::{
    ConvertSidToStringSidW, ConvertStringSecurityDescriptorToSecurityDescriptorW, ConvertStringSidToSidW,
    SDDL_REVISION_1,
};
use windows::Win32::Security::{
    GetSidSubAuthority, GetSidSubAuthorityCount, GetTokenInformation, LookupAccountSidW, PSECURITY_DESCRIPTOR, PSID,
    SECURITY_ATTRIBUTES, SID_NAME_USE, TOKEN_INFORMATION_CLASS, TOKEN_MANDATORY_LABEL, TOKEN_QUERY, TOKEN_USER,
    TokenIntegrityLevel, TokenUser,
};
use windows::Win32::System::Threading::{GetCurrentProcessId, OpenProcessToken};
use windows::core::{HSTRING, PCWSTR, PWSTR};

/// 8-byte words of a token answer: a SID has at most 68 bytes, the structure before it 16.
const TOKEN_ANSWER_WORDS: usize = 32;

/// Characters of an account's name or its domain (`UNLEN` and `DNLEN` are less).
const ACCOUNT_NAME_CAP: usize = 260;

/// What the SIDs of one machine's or domain's accounts begin with (`SECURITY_NT_NON_UNIQUE`).
const OF_ONE_DOMAIN: &str = "S-1-5-21-";

/// A kernel handle that closes itself.
#[derive(Debug)]
pub(crate) struct OwnedHandle(HANDLE);

// SAFETY: kernel handles belong to the process, not to a thread; what is bound to a thread (a mutex) says so itself.
unsafe impl Send for OwnedHandle {}

impl OwnedHandle {
    /// Takes a handle that the caller owns.
    pub(crate) fn new(handle: HANDLE) -> Self {
        Self(handle)
    }

    /// The raw handle, valid while `self` lives.
    pub(crate) fn raw(&self) -> HANDLE {
        self.0
    }
}

impl Drop for OwnedHandle {
    fn drop(&mut self) {
        // SAFETY: the handle is ours and is closed once. A failure leaves nothing to do.
        let _ = unsafe { CloseHandle(self.0) };
    }
}

/// Memory that an API gave us to free with `LocalFree`.
pub(crate) struct Local(pub(crate) *mut core::ffi::c_void);

impl Drop for Local {
    fn drop(&mut self) {
        // SAFETY: the block came from an API that documents `LocalFree`, and is freed once.
        let _ = unsafe { LocalFree(Some(HLOCAL(self.0))) };
    }
}

/// One answer of a token, aligned for the structures that it may hold.
pub(crate) type TokenAnswer = [u64; TOKEN_ANSWER_WORDS];

pub(crate) fn ask_token(
    token: &OwnedHandle,
    class: TOKEN_INFORMATION_CLASS,
) -> windows::core::Result<Box<TokenAnswer>> {
    let mut answer = Box::new([0; TOKEN_ANSWER_WORDS]);
    let size = u32::try_from(size_of::<TokenAnswer>()).unwrap_or(0);
    let mut length = 0;
    // SAFETY: the buffer is as large as said and outlives the call.
    unsafe { GetTokenInformation(token.raw(), class, Some(answer.as_mut_ptr().cast()), size, &mut length) }?;
    Ok(answer)
}

pub(crate) fn token_of(process: &ProcessHandle) -> windows::core::Result<OwnedHandle> {
    let mut token = HANDLE::default();
    // SAFETY: the process handle is open and the out-pointer is a local that outlives the call.
    unsafe { OpenProcessToken(process.raw(), TOKEN_QUERY, &mut token) }?;
    Ok(OwnedHandle::new(token))
}

pub(crate) fn own_process() -> u32 {
    // SAFETY: no preconditions.
    unsafe { GetCurrentProcessId() }
}

/// The user's SID as text.
pub(crate) fn user_sid() -> windows::core::Result<String> {
    let process = ProcessHandle::query(own_process())?;
    let answer = ask_token(&token_of(&process)?, TokenUser)?;
    // SAFETY: a successful answer of this class begins with a TOKEN_USER, and the buffer is larger than one.
    let user: TOKEN_USER = unsafe { answer.as_ptr().cast::<TOKEN_USER>().read() };
    // SAFETY: the SID is valid and lies in the answer, which lives to the end of this function.
    unsafe { sid_text(user.User.Sid) }
}

/// Domain and name of the account that this process runs as.
pub(crate) fn user_account() -> windows::core::Result<(String, String)> {
    let process = ProcessHandle::query(own_process())?;
    let answer = ask_token(&token_of(&process)?, TokenUser)?;
    // SAFETY: a successful answer of this class begins with a TOKEN_USER, and the buffer is larger than one.
    let user: TOKEN_USER = unsafe { answer.as_ptr().cast::<TOKEN_USER>().read() };
    // SAFETY: the SID is valid and lies in the answer, which lives to the end of this function.
    unsafe { account(user.User.Sid) }
}

/// The name of a group or account that every machine has, such as Everyone, in this machine's language. None for those of one
/// machine or domain, since a domain may have to be asked for them.
pub(crate) fn common_name(sid: &str) -> Option<String> {
    if sid.starts_with(OF_ONE_DOMAIN) {
        return None;
    }
    let mut parsed = PSID::default();
    // SAFETY: the text ends in NUL and outlives the call; the out-pointer is a local.
    unsafe { ConvertStringSidToSidW(&HSTRING::from(sid), &mut parsed) }.ok()?;
    let _memory = Local(parsed.0);
    // SAFETY: the API gave a valid SID, which is freed after this.
    let (_, name) = unsafe { account(parsed) }.ok()?;
    (!name.is_empty()).then_some(name)
}

/// Domain and name of an account.
///
/// # Safety
///
/// `sid` points to a valid SID in memory that is alive and does not change during the call.
unsafe fn account(sid: PSID) -> windows::core::Result<(String, String)> {
    let (mut name, mut domain) = ([0u16; ACCOUNT_NAME_CAP], [0u16; ACCOUNT_NAME_CAP]);
    let room = u32::try_from(ACCOUNT_NAME_CAP).unwrap_or(0);
    let (mut name_room, mut domain_room, mut kind) = (room, room, SID_NAME_USE::default());
    // SAFETY: the caller vouches for the SID; both buffers are as large as said.
    unsafe {
        LookupAccountSidW(
            PCWSTR::null(),
            sid,
            Some(PWSTR(name.as_mut_ptr())),
            &mut name_room,
            Some(PWSTR(domain.as_mut_ptr())),
            &mut domain_room,
            &mut kind,
        )
    }?;
    let text = |units: &[u16]| String::from_utf16_lossy(units.split(|unit| *unit == 0).next().unwrap_or_default());
    Ok((text(&domain), text(&name)))
}

/// A SID as text.
///
/// # Safety
///
/// `sid` points to a valid SID, such as the system gives, in memory that is alive and does not change during the call.
pub(crate) unsafe fn sid_text(sid: PSID) -> windows::core::Result<String> {
    let mut text = PWSTR::null();
    // SAFETY: the caller vouches for the SID; the out-pointer is a local.
    unsafe { ConvertSidToStringSidW(sid, &mut text) }?;
    let _text_memory = Local(text.0.cast());
    // SAFETY: the API gave a string that ends in NUL; it is freed after this.
    let sid = unsafe { text.to_string() };
    sid.map_err(|_| windows::core::Error::from(ERROR_ACCESS_DENIED))
}

/// A security descriptor that admits this user, and the system where files need it.
pub(crate) struct UserOnly {
    descriptor: Local,
}

impl UserOnly {
    /// For kernel objects: this user alone.
    pub(crate) fn object() -> PortResult<Self> {
        Self::from_pattern("D:P(A;;GA;;;{user})")
    }

    /// The same, with the label of a program that is not elevated, so that an elevated one's object is open to all of this
    /// user's. A program with fewer rights than that may not give it.
    pub(crate) fn shared_object() -> PortResult<Self> {
        Self::from_pattern("D:P(A;;GA;;;{user})S:(ML;;NW;;;ME)")
    }

    /// For folders and what is made in them: this user, and the system for backups and the search for malware.
    pub(crate) fn folder() -> PortResult<Self> {
        Self::from_pattern("D:P(A;OICI;FA;;;{user})(A;OICI;FA;;;SY)")
    }

    fn from_pattern(pattern: &str) -> PortResult<Self> {
        let user = user_sid().map_err(failed("GetTokenInformation"))?;
        let text = HSTRING::from(pattern.replace("{user}", &user));
        let mut descriptor = PSECURITY_DESCRIPTOR::default();
        // SAFETY: the text ends in NUL and outlives the call; the out-pointer is a local.
        let made = unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(&text, SDDL_REVISION_1, &mut descriptor, None)
        };
        made.map_err(failed("ConvertStringSecurityDescriptorToSecurityDescriptorW"))?;
        Ok(Self { descriptor: Local(descriptor.0) })
    }

    /// Attributes that point into `self`; handles made with them are not inherited.
    pub(crate) fn attributes(&self) -> SECURITY_ATTRIBUTES {
        SECURITY_ATTRIBUTES {
            nLength: u32::try_from(size_of::<SECURITY_ATTRIBUTES>()).unwrap_or(0),
            lpSecurityDescriptor: self.descriptor.0,
            bInheritHandle: false.into(),
        }
    }
}

/// The integrity level of a process, or why it is not known.
enum Integrity {
    /// The RID of its mandatory label.
    Level(u32),
    /// We may not ask.
    Denied,
    /// It is gone, or the system has no such thing.
    Unknown,
}

fn integrity(process: u32) -> Integrity {
    let token = ProcessHandle::query(process).and_then(|handle| token_of(&handle));
    let answer = match token.and_then(|token| ask_token(&token, TokenIntegrityLevel)) {
        Ok(answer) => answer,
        Err(error) if error.code() == ERROR_ACCESS_DENIED.to_hresult() => return Integrity::Denied,
        Err(_) => return Integrity::Unknown,
    };
    // SAFETY: a successful answer of this class begins with a TOKEN_MANDATORY_LABEL, and the buffer is larger than one.
    let label: TOKEN_MANDATORY_LABEL = unsafe { answer.as_ptr().cast::<TOKEN_MANDATORY_LABEL>().read() };
    // SAFETY: the SID is valid and lies in the answer, which lives to the end of this function.
    let level = unsafe { last_subauthority(label.Label.Sid) };
    level.map_or(Integrity::Unknown, Integrity::Level)
}

/// The last number of a SID, by which those of one authority differ. None of a null pointer.
///
/// # Safety
///
/// `sid` is null or points to a valid SID in memory that is alive and does not change during the call.
pub(crate) unsafe fn last_subauthority(sid: PSID) -> Option<u32> {
    if sid.is_invalid() {
        return None;
    }
    // SAFETY: the caller vouches for the SID; the answer points into it.
    let count = unsafe { GetSidSubAuthorityCount(sid) };
    // SAFETY: the pointer is into the living SID.
    let count = unsafe { *count };
    let last = count.checked_sub(1)?;
    // SAFETY: the index is below the count.
    let rid = unsafe { GetSidSubAuthority(sid, u32::from(last)) };
    // SAFETY: the pointer is into the living SID.
    Some(unsafe { *rid })
}

/// Whether a process runs with more rights than we do, so that Windows would drop input for it (UIPI). A process that we
/// may not even ask counts as one.
pub(crate) fn is_elevated_over_us(process: u32) -> bool {
    if process == own_process() {
        return false;
    }
    match integrity(process) {
        Integrity::Denied => true,
        Integrity::Unknown => false,
        Integrity::Level(theirs) => matches!(integrity(own_process()), Integrity::Level(ours) if theirs > ours),
    }
}
