//! The files that this build brings along. Without the feature there are none, and loading is unsupported.

/// One file.
pub(crate) struct Payload {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it holds.
    pub(crate) bytes: &'static [u8],
}

/// The library that starts the inspector.
#[cfg(feature = "payloads")]
pub(crate) const BOOTSTRAP: Option<Payload> = Some(Payload {
    name: "portcullis_bootstrap.dll",
    bytes: include_bytes!(concat!(env!("PORTCULLIS_PAYLOADS"), "/portcullis_bootstrap.dll")),
});
#[cfg(not(feature = "payloads"))]
pub(crate) const BOOTSTRAP: Option<Payload> = None;

/// The inspector for .NET Core 3.1 and later.
#[cfg(feature = "payloads")]
pub(crate) const INSPECTOR: Option<Payload> = Some(Payload {
    name: "Portcullis.Inspector.dll",
    bytes: include_bytes!(concat!(env!("PORTCULLIS_PAYLOADS"), "/Portcullis.Inspector.dll")),
});
#[cfg(not(feature = "payloads"))]
pub(crate) const INSPECTOR: Option<Payload> = None;

/// Whether this build has an inspector to load.
pub fn is_here() -> bool {
    BOOTSTRAP.is_some() && INSPECTOR.is_some()
}
