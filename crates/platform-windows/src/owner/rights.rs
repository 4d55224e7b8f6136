//! The rights that this process was started with, as far as they are more than a signed-in user's. Only questions about
//! our own token live here; nothing is changed.

use crate::identity::{ProcessHandle, failed, last_error};
use crate::security::{ask_token, last_subauthority, own_process, token_of, user_sid};
use crate::session::own_session;
use portcullis_platform::{OwnRights, PortResult};
use windows::Win32::Security::{TOKEN_ELEVATION, TOKEN_MANDATORY_LABEL, TokenElevation, TokenIntegrityLevel};

/// The SID of the system's own account.
const SYSTEM_SID: &str = "S-1-5-18";
/// `SECURITY_MANDATORY_HIGH_RID`: the integrity of an elevated process, and the least that is too much.
const HIGH_INTEGRITY: u32 = 0x3000;

/// The rights of this process. A question that is not answered is an error: nobody may take it for "none".
pub(crate) fn own_rights() -> PortResult<OwnRights> {
    let process = ProcessHandle::query(own_process()).map_err(failed("OpenProcess"))?;
    let token = token_of(&process).map_err(failed("OpenProcessToken"))?;
    let answer = ask_token(&token, TokenElevation).map_err(failed("GetTokenInformation"))?;
    // SAFETY: a successful answer of this class is a TOKEN_ELEVATION, and the buffer is larger than one.
    let elevation: TOKEN_ELEVATION = unsafe { answer.as_ptr().cast::<TOKEN_ELEVATION>().read() };
    let answer = ask_token(&token, TokenIntegrityLevel).map_err(failed("GetTokenInformation"))?;
    // SAFETY: a successful answer of this class begins with a TOKEN_MANDATORY_LABEL, and the buffer is larger than one.
    let label: TOKEN_MANDATORY_LABEL = unsafe { answer.as_ptr().cast::<TOKEN_MANDATORY_LABEL>().read() };
    // SAFETY: the SID is valid and lies in the answer, which lives to the end of this function.
    let level = unsafe { last_subauthority(label.Label.Sid) };
    let integrity = level.ok_or_else(|| last_error("GetSidSubAuthority"))?;
    Ok(OwnRights {
        elevated: elevation.TokenIsElevated != 0 || integrity >= HIGH_INTEGRITY,
        system: user_sid().map_err(failed("GetTokenInformation"))? == SYSTEM_SID,
        service_session: own_session().ok_or_else(|| last_error("ProcessIdToSessionId"))? == 0,
    })
}
