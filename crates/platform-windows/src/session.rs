//! Whether the session's desktop can be seen and operated. Cheap enough to be asked before every input; a question that
//! this machine cannot answer never counts as "locked".

use crate::identity::failed;
use portcullis_model::{Effect, Resource};
use portcullis_platform::{
    Permit, PortFault, PortResult, SessionLink, SessionPort, SessionState, SessionUser, UserSession,
};
use windows::Win32::Foundation::{ERROR_ACCESS_DENIED, ERROR_CALL_NOT_IMPLEMENTED, ERROR_NOT_SUPPORTED, HANDLE};
use windows::Win32::System::RemoteDesktop::{
    ProcessIdToSessionId, WTS_CONNECTSTATE_CLASS, WTS_CURRENT_SESSION, WTS_INFO_CLASS, WTS_SESSION_INFOW, WTSActive,
    WTSConnectSessionW, WTSConnectState, WTSDisconnected, WTSDomainName, WTSEnumerateSessionsW, WTSFreeMemory,
    WTSGetActiveConsoleSessionId, WTSINFOEXW, WTSQuerySessionInformationW, WTSSessionInfoEx, WTSUserName,
};
use windows::Win32::System::Shutdown::LockWorkStation;
use windows::Win32::System::StationsAndDesktops::{
    CloseDesktop, DESKTOP_CONTROL_FLAGS, DESKTOP_READOBJECTS, GetUserObjectInformationW, HDESK, OpenInputDesktop,
    UOI_NAME,
};
use windows::Win32::System::Threading::GetCurrentProcessId;
use windows::core::{PWSTR, w};

/// `SessionFlags` of a locked session (`WTS_SESSIONSTATE_LOCK`); before Windows 8 the two values were swapped, and we do
/// not run there.
const SESSION_LOCKED: i32 = 0;
/// Sessions that are looked at.
const SESSION_CAP: usize = 256;
/// Characters of a desktop's name; those that exist are `Default`, `Winlogon`, `Screen-saver`, `Disconnect`.
const DESKTOP_NAME_CAP: usize = 64;

/// The session that this process belongs to.
#[derive(Default)]
pub(crate) struct Win32Session;

impl SessionPort for Win32Session {
    fn state(&self) -> SessionState {
        state()
    }

    fn lock(&self, permit: &Permit) -> PortResult<()> {
        permit.require(Effect::LockSession, &Resource::Session)?;
        // SAFETY: no preconditions.
        unsafe { LockWorkStation() }.map_err(|error| {
            if [ERROR_CALL_NOT_IMPLEMENTED, ERROR_NOT_SUPPORTED].iter().any(|no| error.code() == no.to_hresult()) {
                return PortFault::Unsupported("lock the session: this system has no such function".to_owned());
            }
            failed("LockWorkStation")(error)
        })
    }

    fn sessions(&self) -> PortResult<Vec<UserSession>> {
        let own = own_account()?;
        let facts = |id: u32, state: WTS_CONNECTSTATE_CLASS| {
            let is_console = id == console_session();
            UserSession {
                id,
                link: link(state, is_console),
                user: whose(&account_of(id), &own),
                is_ours: own_session() == Some(id),
            }
        };
        Ok(all_sessions()?.into_iter().map(|(id, state)| facts(id, state)).collect())
    }

    fn connect_to_console(&self, permit: &Permit, session: u32) -> PortResult<()> {
        // Looked at again: the number may have come to be another user's.
        let now = self.sessions()?.into_iter().find(|known| known.id == session).ok_or(PortFault::Gone)?;
        permit.require(Effect::ConnectSession, &now.resource())?;
        // SAFETY: the password is an empty text, as it is for a session of one's own; nothing is kept of it. The call returns when
        // the request is taken.
        unsafe { WTSConnectSessionW(session, console_session(), w!(""), false) }.map_err(|error| {
            if error.code() == ERROR_ACCESS_DENIED.to_hresult() {
                PortFault::NeedsAdministrator
            } else {
                failed("WTSConnectSessionW")(error)
            }
        })
    }
}

/// The state now.
pub(crate) fn state() -> SessionState {
    let facts = session_facts();
    if facts.connect == Some(WTSDisconnected) {
        return SessionState::Disconnected;
    }
    if facts.locked {
        return SessionState::Locked;
    }
    match input_desktop() {
        InputDesktop::Named(name) if name.eq_ignore_ascii_case("Default") => SessionState::Active,
        InputDesktop::Named(name) if name.eq_ignore_ascii_case("Disconnect") => SessionState::Disconnected,
        InputDesktop::Named(_) | InputDesktop::Denied => SessionState::SecureDesktop,
        InputDesktop::NotTold => SessionState::Active,
        // Session 0 has no interactive window station; elsewhere a desktop that cannot be opened is not ours to use.
        InputDesktop::Failed if own_session() == Some(0) => SessionState::ServiceSession,
        InputDesktop::Failed => SessionState::SecureDesktop,
    }
}

/// The session that the machine's own screen shows; `u32::MAX` while it changes.
fn console_session() -> u32 {
    // SAFETY: no preconditions.
    unsafe { WTSGetActiveConsoleSessionId() }
}

/// What a state of the terminal services comes to.
fn link(state: WTS_CONNECTSTATE_CLASS, is_console: bool) -> SessionLink {
    if state == WTSDisconnected {
        SessionLink::Disconnected
    } else if state != WTSActive {
        SessionLink::NoUser
    } else if is_console {
        SessionLink::Console
    } else {
        SessionLink::Remote
    }
}

/// An account by domain and name; both empty where nobody is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Account {
    domain: String,
    name: String,
}

/// Whose a session of this account is. Names compare as Windows compares them, without case.
fn whose(account: &Option<Account>, own: &Account) -> SessionUser {
    match account {
        // One that is not told may be anybody's.
        None => SessionUser::Other,
        Some(account) if account.name.is_empty() => SessionUser::Nobody,
        Some(account) => {
            let same = |one: &str, other: &str| one.to_lowercase() == other.to_lowercase();
            let is_own = same(&account.name, &own.name) && same(&account.domain, &own.domain);
            if is_own { SessionUser::Own } else { SessionUser::Other }
        }
    }
}

/// The account that this process runs as.
fn own_account() -> PortResult<Account> {
    let (domain, name) = crate::security::user_account().map_err(failed("LookupAccountSidW"))?;
    Ok(Account { domain, name })
}

/// The account that is signed in to a session, when both its names are told.
fn account_of(session: u32) -> Option<Account> {
    let (domain, name) = (session_text(session, WTSDomainName)?, session_text(session, WTSUserName)?);
    Some(Account { domain, name })
}

/// Every session with its state.
fn all_sessions() -> PortResult<Vec<(u32, WTS_CONNECTSTATE_CLASS)>> {
    let (mut list, mut count) = (std::ptr::null_mut::<WTS_SESSION_INFOW>(), 0);
    // SAFETY: both out-pointers are locals that outlive the call; no server handle means this machine, version 1 is the only one.
    unsafe { WTSEnumerateSessionsW(None, 0, 1, &mut list, &mut count) }.map_err(failed("WTSEnumerateSessionsW"))?;
    if list.is_null() {
        return Ok(Vec::new());
    }
    let count = usize::try_from(count).unwrap_or(0).min(SESSION_CAP);
    // SAFETY: the call gave so many entries at this address, which stay until they are freed below.
    let entries = unsafe { std::slice::from_raw_parts(list, count) };
    let sessions = entries.iter().map(|entry| (entry.SessionId, entry.State)).collect();
    // SAFETY: the block came from the call above, is freed once and not used any more.
    unsafe { WTSFreeMemory(list.cast()) };
    Ok(sessions)
}

/// A text that the terminal services tell of a session.
fn session_text(session: u32, question: WTS_INFO_CLASS) -> Option<String> {
    let (mut text, mut length) = (PWSTR::null(), 0);
    // SAFETY: both out-pointers are locals that outlive the call; no server handle means this machine.
    unsafe { WTSQuerySessionInformationW(None, session, question, &mut text, &mut length) }.ok()?;
    if text.is_null() {
        return None;
    }
    // SAFETY: the answer to these questions is a text that ends in NUL.
    let told = unsafe { text.to_string() }.ok();
    // SAFETY: the block came from the call above and is freed once.
    unsafe { WTSFreeMemory(text.0.cast()) };
    told
}

/// The number of the session that this process belongs to.
pub(crate) fn own_session() -> Option<u32> {
    // SAFETY: no preconditions.
    let process = unsafe { GetCurrentProcessId() };
    let mut session = 0;
    // SAFETY: the out-pointer is a local that outlives the call.
    unsafe { ProcessIdToSessionId(process, &mut session) }.ok()?;
    Some(session)
}

/// What the terminal services tell; everything may be unknown.
#[derive(Default)]
struct SessionFacts {
    connect: Option<WTS_CONNECTSTATE_CLASS>,
    locked: bool,
}

fn session_facts() -> SessionFacts {
    if let Some(info) = ask_session::<WTSINFOEXW>(WTSSessionInfoEx)
        && info.Level == 1
    {
        // SAFETY: level 1 says that this member of the union is the one that was written.
        let info = unsafe { info.Data.WTSInfoExLevel1 };
        return SessionFacts { connect: Some(info.SessionState), locked: info.SessionFlags == SESSION_LOCKED };
    }
    SessionFacts { connect: ask_session::<WTS_CONNECTSTATE_CLASS>(WTSConnectState), locked: false }
}

/// One question about our session, when it is answered with at least a whole `T`. `T` must be one of the plain structures
/// that the question's documentation names.
fn ask_session<T: Copy>(question: WTS_INFO_CLASS) -> Option<T> {
    let mut buffer = PWSTR::null();
    let mut length = 0;
    // SAFETY: both out-pointers are locals that outlive the call; no server handle means this machine.
    unsafe { WTSQuerySessionInformationW(None, WTS_CURRENT_SESSION, question, &mut buffer, &mut length) }.ok()?;
    if buffer.is_null() {
        return None;
    }
    let whole = usize::try_from(length).is_ok_and(|length| length >= size_of::<T>());
    // SAFETY: the buffer holds at least a `T` when `whole`, which is plain data and is read unaligned.
    let answer = whole.then(|| unsafe { buffer.0.cast::<T>().read_unaligned() });
    // SAFETY: the block came from the call above and is freed once.
    unsafe { WTSFreeMemory(buffer.0.cast()) };
    answer
}

/// The desktop that receives input.
enum InputDesktop {
    Named(String),
    /// It exists, and we may not open it: it belongs to the logon process.
    Denied,
    /// This machine has no such question.
    NotTold,
    Failed,
}

fn input_desktop() -> InputDesktop {
    // SAFETY: no pointers; the handle is closed below.
    let desktop = match unsafe { OpenInputDesktop(DESKTOP_CONTROL_FLAGS(0), false, DESKTOP_READOBJECTS) } {
        Ok(desktop) => Desktop(desktop),
        Err(error) if error.code() == ERROR_ACCESS_DENIED.to_hresult() => return InputDesktop::Denied,
        Err(error)
            if [ERROR_CALL_NOT_IMPLEMENTED, ERROR_NOT_SUPPORTED].iter().any(|no| error.code() == no.to_hresult()) =>
        {
            return InputDesktop::NotTold;
        }
        Err(_) => return InputDesktop::Failed,
    };
    let mut name = [0u16; DESKTOP_NAME_CAP];
    let size = u32::try_from(size_of_val(&name)).unwrap_or(0);
    let object = HANDLE(desktop.0.0);
    // SAFETY: the buffer is as large as said and outlives the call; the desktop is open.
    let told = unsafe { GetUserObjectInformationW(object, UOI_NAME, Some(name.as_mut_ptr().cast()), size, None) };
    if told.is_err() {
        return InputDesktop::NotTold;
    }
    let name = name.split(|unit| *unit == 0).next().unwrap_or_default();
    InputDesktop::Named(String::from_utf16_lossy(name))
}

/// A desktop handle that closes itself.
struct Desktop(HDESK);

impl Drop for Desktop {
    fn drop(&mut self) {
        // SAFETY: the handle is ours and is closed once. A failure leaves nothing to do.
        let _ = unsafe { CloseDesktop(self.0) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windows::Win32::System::RemoteDesktop::{WTSConnected, WTSListen};

    #[test]
    fn a_session_is_ones_own_by_domain_and_name_and_of_nobody_without_a_name() {
        let account = |domain: &str, name: &str| Account { domain: domain.to_owned(), name: name.to_owned() };
        let own = account("PC", "Ada");
        for (told, user) in [
            (Some(account("pc", "ADA")), SessionUser::Own),
            (Some(account("OTHER", "Ada")), SessionUser::Other),
            (Some(account("PC", "Adam")), SessionUser::Other),
            (Some(account("", "Ada")), SessionUser::Other),
            (Some(account("PC", "")), SessionUser::Nobody),
            (None, SessionUser::Other),
        ] {
            assert_eq!(whose(&told, &own), user, "{told:?}");
        }
    }

    #[test]
    fn a_state_is_a_link() {
        for (state, is_console, expected) in [
            (WTSActive, true, SessionLink::Console),
            (WTSActive, false, SessionLink::Remote),
            (WTSDisconnected, true, SessionLink::Disconnected),
            (WTSConnected, true, SessionLink::NoUser),
            (WTSListen, false, SessionLink::NoUser),
        ] {
            assert_eq!(link(state, is_console), expected, "{state:?}");
        }
    }
}
