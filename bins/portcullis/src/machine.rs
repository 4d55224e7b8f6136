//! Which machine the ports belong to. The only place outside the platform crates that asks which system this is.

use portcullis_platform::Ports;

/// The ports of this machine, where it has a desktop that can be operated.
#[cfg(windows)]
pub(crate) fn ports() -> anyhow::Result<Ports> {
    Ok(portcullis_platform_windows::ports())
}

/// There is no desktop here.
#[cfg(not(windows))]
pub(crate) fn ports() -> anyhow::Result<Ports> {
    anyhow::bail!(
        "unsupported_platform: this system has no Windows desktop. Run the server on Windows, or in the lab: \
         `cargo xtask lab serve` and `cargo xtask lab stdio`"
    )
}
