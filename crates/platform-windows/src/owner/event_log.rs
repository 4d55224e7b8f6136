//! Our events in the system's Application log. The source needs no registration to be written from; without one the
//! system's viewer shows the text below a line that says so. Nothing is read here.

use crate::identity::failed;
use portcullis_platform::{EventGravity, EventLogPort, PortResult};
use windows::Win32::Foundation::HANDLE;
use windows::Win32::System::EventLog::{
    DeregisterEventSource, EVENTLOG_ERROR_TYPE, EVENTLOG_INFORMATION_TYPE, EVENTLOG_WARNING_TYPE, REPORT_EVENT_TYPE,
    RegisterEventSourceW, ReportEventW,
};
use windows::core::{HSTRING, PCWSTR, w};

/// UTF-16 units of an event's text: the system takes 31,839 and fails above (`ReportEventW`).
const TEXT_CAP: usize = 31_000;

/// The Application log, written to as the source `Portcullis`.
pub(crate) struct Win32EventLog;

/// A source that is open for writing.
struct Source(HANDLE);

impl Drop for Source {
    fn drop(&mut self) {
        // SAFETY: the handle came from RegisterEventSourceW and is closed here alone. A failure leaves nothing to do.
        let _ = unsafe { DeregisterEventSource(self.0) };
    }
}

fn event_type(gravity: EventGravity) -> REPORT_EVENT_TYPE {
    match gravity {
        EventGravity::Information => EVENTLOG_INFORMATION_TYPE,
        EventGravity::Warning => EVENTLOG_WARNING_TYPE,
        EventGravity::Error => EVENTLOG_ERROR_TYPE,
    }
}

/// The text as the system takes it: ended by a zero, without another one, and no longer than it may be.
fn event_text(text: &str) -> HSTRING {
    let units: Vec<u16> = text.encode_utf16().filter(|unit| *unit != 0).take(TEXT_CAP).collect();
    HSTRING::from_wide(&units)
}

impl EventLogPort for Win32EventLog {
    fn write(&self, number: u32, gravity: EventGravity, text: &str) -> PortResult<()> {
        let text = event_text(text);
        // SAFETY: both strings end with a zero and live through the call; no name means this machine.
        let source = unsafe { RegisterEventSourceW(PCWSTR::null(), w!("Portcullis")) };
        let source = Source(source.map_err(failed("RegisterEventSourceW"))?);
        let strings = [PCWSTR(text.as_ptr())];
        // SAFETY: the source is open; the one string ends with a zero and outlives the call; there are no raw data and no
        // user, whose pointers may be null then.
        let written = unsafe { ReportEventW(source.0, event_type(gravity), 0, number, None, 0, Some(&strings), None) };
        written.map_err(failed("ReportEventW"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_no_zero_and_stays_within_what_the_system_takes() {
        let text = event_text(&format!("a\0b{}", "ü".repeat(TEXT_CAP)));
        assert_eq!(text.len(), TEXT_CAP);
        assert_eq!(text.to_string().chars().take(3).collect::<String>(), "abü");
    }

    /// What the lab shows is that the call is taken; it keeps no events.
    #[test]
    fn an_event_of_each_gravity_is_taken() {
        for gravity in [EventGravity::Information, EventGravity::Warning, EventGravity::Error] {
            Win32EventLog.write(1, gravity, "a test of the source").unwrap();
        }
    }
}
