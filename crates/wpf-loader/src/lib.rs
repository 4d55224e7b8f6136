//! Loads the inspector into a WPF application that its owner named: the files that this build brings along, and the steps that
//! start them in another process. Whether an application may be loaded into is decided elsewhere; nothing here is asked of the
//! environment, and rights are never raised.

#[cfg(windows)]
mod files;
#[cfg(windows)]
mod inject;
#[cfg(windows)]
mod payload;
mod request;
#[cfg(windows)]
mod worker;

#[cfg(windows)]
pub use payload::is_here;
pub use request::{LoadAnswer, LoadRequest};
#[cfg(windows)]
pub use worker::run_worker;
