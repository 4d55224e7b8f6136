//! The edition of Windows and its firewall, asked of the system's own functions. Not verified on real Windows.

use crate::apps::Apartment;
use crate::identity::failed;
use portcullis_platform::{Edition, Firewall, FirewallRule, HostPort, PortFault, PortResult};
use windows::Wdk::System::SystemServices::RtlGetVersion;
use windows::Win32::NetworkManagement::WindowsFirewall::{
    INetFwPolicy2, INetFwRule, NET_FW_ACTION_ALLOW, NET_FW_PROFILE_TYPE2, NET_FW_RULE_DIR_IN, NetFwPolicy2,
};
use windows::Win32::System::Com::{CLSCTX_INPROC_SERVER, CoCreateInstance};
use windows::Win32::System::SystemInformation::{GetProductInfo, OS_PRODUCT_TYPE, OSVERSIONINFOEXW};
use windows::core::BSTR;

/// `VER_NT_WORKSTATION`.
const WORKSTATION: u8 = 1;
/// `PRODUCT_SERVERRDSH`: a workstation for several people at once.
const MULTI_SESSION: OS_PRODUCT_TYPE = OS_PRODUCT_TYPE(0xAF);
/// `NET_FW_PROFILE2_DOMAIN`, `_PRIVATE` and `_PUBLIC`: bits of the networks that the machine is in.
const PROFILES: [i32; 3] = [1, 2, 4];
/// `HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND)`: what the firewall says of a name that no rule has.
const NO_SUCH_RULE: u32 = 0x8007_0002;

/// This machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Win32Host;

impl HostPort for Win32Host {
    fn edition(&self) -> PortResult<Edition> {
        let mut version = OSVERSIONINFOEXW {
            dwOSVersionInfoSize: u32::try_from(size_of::<OSVERSIONINFOEXW>()).unwrap_or(0),
            ..OSVERSIONINFOEXW::default()
        };
        let pointer: *mut OSVERSIONINFOEXW = &mut version;
        // SAFETY: the structure says its size, by which the function knows the longer form, and outlives the call.
        let _ = unsafe { RtlGetVersion(pointer.cast()) };
        if version.wProductType != WORKSTATION {
            return Ok(Edition::Server);
        }
        let mut product = OS_PRODUCT_TYPE::default();
        // SAFETY: the out-pointer is a local that outlives the call.
        let known = unsafe { GetProductInfo(version.dwMajorVersion, version.dwMinorVersion, 0, 0, &mut product) };
        known.ok().map_err(failed("GetProductInfo"))?;
        Ok(if product == MULTI_SESSION { Edition::MultiUser } else { Edition::Workstation })
    }

    fn firewall(&self, rule: &str) -> PortResult<Firewall> {
        let rule = rule.to_owned();
        // The thread that asks may have an apartment of another kind, so that one of its own is entered.
        let asked = std::thread::spawn(move || ask(&rule)).join();
        match asked {
            Ok(answer) => answer.map_err(failed("INetFwPolicy2")),
            Err(_) => Err(PortFault::Unsupported("ask the firewall: the question broke off".to_owned())),
        }
    }
}

fn ask(name: &str) -> windows::core::Result<Firewall> {
    let _apartment = Apartment::enter()?;
    // SAFETY: the thread is in an apartment; the class is the system's own.
    let policy: INetFwPolicy2 = unsafe { CoCreateInstance(&NetFwPolicy2, None, CLSCTX_INPROC_SERVER) }?;
    // SAFETY: the object lives through the call.
    let current = unsafe { policy.CurrentProfileTypes() }?;
    let mut on = true;
    for profile in PROFILES.into_iter().filter(|profile| current & profile != 0) {
        // SAFETY: as above; the profile is one of those that there are.
        on &= unsafe { policy.get_FirewallEnabled(NET_FW_PROFILE_TYPE2(profile)) }?.as_bool();
    }
    // SAFETY: the object lives through the call.
    let rules = unsafe { policy.Rules() }?;
    // SAFETY: the object and the name live through the call.
    let rule = match unsafe { rules.Item(&BSTR::from(name)) } {
        Ok(rule) => Some(of_rule(&rule)?),
        Err(error) if error.code().0.cast_unsigned() == NO_SUCH_RULE => None,
        Err(error) => return Err(error),
    };
    Ok(Firewall { on, rule })
}

fn of_rule(rule: &INetFwRule) -> windows::core::Result<FirewallRule> {
    // SAFETY: the object lives through the call.
    let enabled = unsafe { rule.Enabled() }?.as_bool();
    // SAFETY: as above.
    let inbound = unsafe { rule.Direction() }? == NET_FW_RULE_DIR_IN;
    // SAFETY: as above.
    let allows = unsafe { rule.Action() }? == NET_FW_ACTION_ALLOW;
    // SAFETY: as above.
    let addresses = unsafe { rule.RemoteAddresses() }?.to_string();
    Ok(FirewallRule { lets_in: enabled && inbound && allows, from_anywhere: addresses.is_empty() || addresses == "*" })
}
