//! The one crate that calls Win32 and COM.
