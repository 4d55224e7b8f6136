//! What is the owner's alone: the session's stop signal, the stop key, the rights that this process was started with,
//! and the system's log of events.
//! Nothing here is handed to a tool.

mod event_log;
mod rights;
mod stop_key;
mod stop_signal;

pub(crate) use event_log::Win32EventLog;
pub(crate) use rights::own_rights;
pub(crate) use stop_key::Win32StopKey;
pub(crate) use stop_signal::StopEvent;
