//! Who signed a file: the subject of the certificate, when the signature is good by what this machine has. No network is asked.
//!
//! Not verified on real Windows: nothing in the lab is signed.

use portcullis_model::FilePath;
use windows::Win32::Foundation::{HANDLE, HWND};
use windows::Win32::Security::Cryptography::{CERT_X500_NAME_STR, CertNameToStrW, X509_ASN_ENCODING};
use windows::Win32::Security::WinTrust::{
    WINTRUST_ACTION_GENERIC_VERIFY_V2, WINTRUST_DATA, WINTRUST_DATA_0, WINTRUST_FILE_INFO,
    WTD_CACHE_ONLY_URL_RETRIEVAL, WTD_CHOICE_FILE, WTD_REVOKE_NONE, WTD_STATEACTION_CLOSE, WTD_STATEACTION_VERIFY,
    WTD_UI_NONE, WTHelperGetProvCertFromChain, WTHelperGetProvSignerFromChain, WTHelperProvDataFromStateData,
    WinVerifyTrust,
};
use windows::core::{HSTRING, PCWSTR};

/// Characters of a subject.
const SUBJECT_CAP: usize = 1_024;

/// The signer of the file; none when it has none or its signature is not good.
pub(super) fn signer_of(path: &FilePath) -> Option<String> {
    let path = HSTRING::from(path.as_str());
    let mut file = WINTRUST_FILE_INFO {
        cbStruct: u32::try_from(size_of::<WINTRUST_FILE_INFO>()).ok()?,
        pcwszFilePath: PCWSTR(path.as_ptr()),
        ..WINTRUST_FILE_INFO::default()
    };
    let mut data = WINTRUST_DATA {
        cbStruct: u32::try_from(size_of::<WINTRUST_DATA>()).ok()?,
        dwUIChoice: WTD_UI_NONE,
        fdwRevocationChecks: WTD_REVOKE_NONE,
        dwUnionChoice: WTD_CHOICE_FILE,
        Anonymous: WINTRUST_DATA_0 { pFile: &raw mut file },
        dwStateAction: WTD_STATEACTION_VERIFY,
        dwProvFlags: WTD_CACHE_ONLY_URL_RETRIEVAL,
        ..WINTRUST_DATA::default()
    };
    let verdict = trust(&mut data);
    let found = if verdict == 0 { subject(data.hWVTStateData) } else { None };
    data.dwStateAction = WTD_STATEACTION_CLOSE;
    trust(&mut data);
    found
}

fn trust(data: &mut WINTRUST_DATA) -> i32 {
    let mut action = WINTRUST_ACTION_GENERIC_VERIFY_V2;
    // SAFETY: the action is a constant of the system's, and the structure, the file's and the path outlive the call.
    unsafe { WinVerifyTrust(HWND::default(), &mut action, (&raw mut *data).cast()) }
}

/// The subject of the certificate that signed, out of the state of a verdict that was good and is not closed.
fn subject(state: HANDLE) -> Option<String> {
    // SAFETY: the state is that of an open verdict; null is answered with null.
    let provider = unsafe { WTHelperProvDataFromStateData(state) };
    if provider.is_null() {
        return None;
    }
    // SAFETY: the provider's data is alive until the state is closed.
    let signer = unsafe { WTHelperGetProvSignerFromChain(provider, 0, false, 0) };
    if signer.is_null() {
        return None;
    }
    // SAFETY: as above; the first certificate of the chain is the signer's own.
    let certificate = unsafe { WTHelperGetProvCertFromChain(signer, 0) };
    if certificate.is_null() {
        return None;
    }
    // SAFETY: the pointer is into the living state.
    let context = unsafe { (*certificate).pCert };
    if context.is_null() {
        return None;
    }
    // SAFETY: as above.
    let info = unsafe { (*context).pCertInfo };
    if info.is_null() {
        return None;
    }
    // SAFETY: as above; the name's bytes lie in the context.
    let name = unsafe { &raw const (*info).Subject };
    let mut buffer = vec![0; SUBJECT_CAP];
    // SAFETY: the name is alive; the buffer goes with its length.
    let length = unsafe { CertNameToStrW(X509_ASN_ENCODING, name, CERT_X500_NAME_STR, Some(&mut buffer)) };
    let length = usize::try_from(length).ok()?.checked_sub(1)?;
    String::from_utf16(buffer.get(..length)?).ok().filter(|subject| !subject.is_empty())
}
