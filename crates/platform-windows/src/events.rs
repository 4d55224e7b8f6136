//! The event log through `wevtapi`: one query on one channel, the newest event first. Everything runs on a helper thread, since
//! the log's service and the texts of providers take the time that they take. Not verified on real Windows: the lab has no log
//! that can be read.

use crate::helper::Helpers;
use crate::identity::failed;
use portcullis_model::{Cancel, Deadline, Effect, Source, Untrusted};
use portcullis_platform::{EventFault, EventQuery, EventsPort, FoundEvent, FoundEvents, Permit, PortFault, PortResult};
use std::collections::HashMap;
use windows::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_EVT_CHANNEL_NOT_FOUND, ERROR_EVT_INVALID_CHANNEL_PATH, ERROR_EVT_INVALID_QUERY,
    ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_HANDLE, ERROR_NO_MORE_ITEMS, WIN32_ERROR,
};
use windows::Win32::System::EventLog::{
    EVT_HANDLE, EvtClose, EvtFormatMessage, EvtFormatMessageEvent, EvtGetExtendedStatus, EvtNext, EvtNextChannelPath,
    EvtOpenChannelEnum, EvtOpenPublisherMetadata, EvtQuery, EvtQueryChannelPath, EvtQueryReverseDirection, EvtRender,
    EvtRenderEventXml, EvtSeek, EvtSeekRelativeToFirst,
};
use windows::core::{HSTRING, PCWSTR};

/// A channel is asked and never a file, and the newest event comes first.
const QUERY_FLAGS: u32 = EvtQueryChannelPath.0 | EvtQueryReverseDirection.0;
/// Bytes of one event's XML (an event has at most 64 KiB, some of which doubles when it is written out).
const XML_CAP: u32 = 512 * 1024;
/// UTF-16 units of one event's text.
const MESSAGE_CAP: usize = 64 * 1024;
/// UTF-16 units of Windows' words about a query, and of a channel's name.
const WORDS_CAP: usize = 1_024;
/// How long one part of the list may take, in milliseconds.
const NEXT_CAP: u128 = 2_000;

static HELPERS: Helpers = Helpers::new();

/// The event log of this machine.
pub(crate) struct Win32Events;

/// A handle of the log; closed when dropped.
struct Handle(EVT_HANDLE);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is ours and is closed once. A failure leaves nothing to do.
        let _ = unsafe { EvtClose(self.0) };
    }
}

fn is(error: &windows::core::Error, code: WIN32_ERROR) -> bool {
    error.code() == code.to_hresult()
}

/// A query that failed, as what it means; `words` asks Windows what it says of it.
fn query_fault(words: impl FnOnce() -> Option<String>) -> impl FnOnce(windows::core::Error) -> PortFault {
    move |error| meaning(&error, words)
}

fn meaning(error: &windows::core::Error, words: impl FnOnce() -> Option<String>) -> PortFault {
    if is(error, ERROR_EVT_CHANNEL_NOT_FOUND) || is(error, ERROR_EVT_INVALID_CHANNEL_PATH) {
        EventFault::NoChannel.into()
    } else if is(error, ERROR_ACCESS_DENIED) {
        EventFault::AccessDenied.into()
    } else if is(error, ERROR_EVT_INVALID_QUERY) {
        EventFault::BadQuery(words().unwrap_or_else(|| "it is not valid".to_owned())).into()
    } else if error.code().is_ok() || is(error, ERROR_INVALID_HANDLE) {
        // No handle and no error that says why.
        PortFault::Unsupported("read its event log: this system has none".to_owned())
    } else {
        failed("EvtQuery")(error.clone())
    }
}

/// What Windows says of the last query that it refused. The lab's system lacks the call, and never refuses one.
fn words() -> Option<String> {
    let mut buffer = vec![0u16; WORDS_CAP];
    let mut used = 0;
    // SAFETY: the buffer goes with its length; the out-pointer is a local.
    let code = unsafe { EvtGetExtendedStatus(Some(&mut buffer), &mut used) };
    let said = text(&buffer, used).trim().to_owned();
    (code == 0 && !said.is_empty()).then_some(said)
}

/// The text in a buffer, up to its NUL.
fn text(buffer: &[u16], used: u32) -> String {
    let units = buffer.get(..usize::try_from(used).unwrap_or(0)).unwrap_or(buffer);
    let end = units.iter().position(|unit| *unit == 0).unwrap_or(units.len());
    String::from_utf16_lossy(units.get(..end).unwrap_or(units))
}

fn xml(event: &Handle) -> PortResult<String> {
    let mut buffer = vec![0u16; usize::try_from(XML_CAP / 2).unwrap_or(0)];
    let (mut used, mut count) = (0, 0);
    let out = Some(buffer.as_mut_ptr().cast());
    // SAFETY: the event's handle is open; the buffer is as large as said and outlives the call, as the out-pointers do.
    unsafe { EvtRender(None, event.0, EvtRenderEventXml.0, XML_CAP, out, &mut used, &mut count) }
        .map_err(failed("EvtRender"))?;
    Ok(text(&buffer, used / 2))
}

/// The name of the provider in an event's XML, which the log itself wrote: `<Provider Name='…'`.
fn provider(xml: &str) -> Option<String> {
    let (_, rest) = xml.split_once("<Provider Name=")?;
    let quote = rest.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let name = rest.strip_prefix(quote)?.split(quote).next()?;
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    Some(entities.into_iter().fold(name.to_owned(), |name, (entity, sign)| name.replace(entity, sign)))
}

/// The texts of providers, opened once for each.
#[derive(Default)]
struct Providers(HashMap<String, Option<Handle>>);

impl Providers {
    fn message(&mut self, event: &Handle, xml: &str) -> Option<String> {
        let name = provider(xml)?;
        let texts = self.0.entry(name).or_insert_with_key(|name| {
            // SAFETY: no session means this machine; the name ends in NUL and outlives the call; no file is named.
            unsafe { EvtOpenPublisherMetadata(None, &HSTRING::from(name), PCWSTR::null(), 0, 0) }.ok().map(Handle)
        });
        let texts = texts.as_ref()?;
        let mut buffer = vec![0u16; MESSAGE_CAP];
        let mut used = 0;
        let (texts, out) = (Some(texts.0), Some(buffer.as_mut_slice()));
        // SAFETY: both handles are open; the buffer goes with its length; the out-pointer is a local.
        let told = unsafe { EvtFormatMessage(texts, Some(event.0), 0, None, EvtFormatMessageEvent.0, out, &mut used) };
        match told {
            Ok(()) => Some(text(&buffer, used).trim_end().to_owned()),
            Err(error) if is(&error, ERROR_INSUFFICIENT_BUFFER) => None,
            // A part of the text could not be put in, and the rest was written.
            Err(_) => Some(text(&buffer, used).trim_end().to_owned()).filter(|text| !text.is_empty()),
        }
    }
}

fn run(query: &EventQuery, deadline: Deadline, cancel: &Cancel) -> PortResult<FoundEvents> {
    let (channel, xpath) = (HSTRING::from(query.channel.as_str()), HSTRING::from(&query.xpath));
    // SAFETY: no session means this machine; both texts end in NUL and outlive the call.
    let results = unsafe { EvtQuery(None, &channel, &xpath, QUERY_FLAGS) }.map(Handle).map_err(query_fault(words))?;
    if query.offset > 0 {
        // SAFETY: the handle is open; there is no bookmark.
        unsafe { EvtSeek(results.0, i64::from(query.offset), None, None, EvtSeekRelativeToFirst.0) }
            .map_err(failed("EvtSeek"))?;
    }
    let (mut found, mut providers) = (FoundEvents::default(), Providers::default());
    loop {
        cancel.check()?;
        let wait = deadline.remaining().as_millis().min(NEXT_CAP);
        let (mut one, mut count) = ([0isize; 1], 0);
        // SAFETY: the handle is open; the array goes with its length; the out-pointer is a local.
        match unsafe { EvtNext(results.0, &mut one, u32::try_from(wait).unwrap_or(0), 0, &mut count) } {
            Ok(()) if count == 0 => return Ok(found),
            Ok(()) => {}
            Err(error) if is(&error, ERROR_NO_MORE_ITEMS) => return Ok(found),
            Err(_) if deadline.passed() => return Err(PortFault::Hung),
            Err(error) => return Err(failed("EvtNext")(error)),
        }
        let [event] = one;
        let event = Handle(EVT_HANDLE(event));
        if found.events.len() >= query.most {
            found.more = true;
            return Ok(found);
        }
        let xml = xml(&event)?;
        let message = providers.message(&event, &xml);
        found.events.push(FoundEvent {
            message: message.map(|text| Untrusted::new(Source::System, text)),
            xml: Untrusted::new(Source::System, xml),
        });
    }
}

impl EventsPort for Win32Events {
    fn channels(&self, cap: usize) -> PortResult<Vec<String>> {
        // SAFETY: no session means this machine.
        let channels = unsafe { EvtOpenChannelEnum(None, 0) }.map(Handle).map_err(query_fault(words))?;
        let mut names = Vec::new();
        let mut buffer = vec![0u16; WORDS_CAP];
        while names.len() < cap {
            let mut used = 0;
            // SAFETY: the handle is open; the buffer goes with its length; the out-pointer is a local.
            if unsafe { EvtNextChannelPath(channels.0, Some(&mut buffer), &mut used) }.is_err() {
                break;
            }
            names.push(text(&buffer, used));
        }
        Ok(names)
    }

    fn query(
        &self,
        permit: &Permit,
        query: &EventQuery,
        deadline: Deadline,
        cancel: &Cancel,
    ) -> PortResult<FoundEvents> {
        permit.require(Effect::ReadEvents, &query.resource())?;
        let (query, inner) = (query.clone(), cancel.clone());
        HELPERS.run(deadline, cancel, move || run(&query, deadline, &inner))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_model::EventChannel;
    use std::time::Duration;
    use windows::Win32::System::EventLog::{EvtQueryFilePath, EvtQueryForwardDirection, EvtQueryTolerateQueryErrors};

    #[test]
    fn a_channel_is_asked_newest_first_and_errors_are_not_passed_over() {
        assert_eq!(QUERY_FLAGS, 0x201);
        let none = EvtQueryFilePath.0 | EvtQueryForwardDirection.0 | EvtQueryTolerateQueryErrors.0;
        assert_eq!(QUERY_FLAGS & none, 0);
    }

    #[test]
    fn the_providers_name_is_read_out_of_the_xml_of_the_log() {
        for (xml, name) in [
            ("<Event><System><Provider Name='Service Control Manager' Guid='{1}'/>", Some("Service Control Manager")),
            ("<Provider Name=\"a&amp;lt;b\"/>", Some("a&lt;b")),
            ("<Provider Name='", Some("")),
            ("<Provider/>", None),
            ("", None),
        ] {
            assert_eq!(provider(xml).as_deref(), name, "{xml}");
        }
        assert_eq!(text(&[97, 98, 0, 99], 4), "ab");
        assert_eq!(text(&[97, 98], 9), "ab");
    }

    #[test]
    fn what_a_failed_query_means() {
        let fault = |code: WIN32_ERROR| query_fault(|| Some("its words".to_owned()))(code.to_hresult().into());
        assert_eq!(fault(ERROR_EVT_CHANNEL_NOT_FOUND), EventFault::NoChannel.into());
        assert_eq!(fault(ERROR_EVT_INVALID_CHANNEL_PATH), EventFault::NoChannel.into());
        assert_eq!(fault(ERROR_ACCESS_DENIED), EventFault::AccessDenied.into());
        assert_eq!(fault(ERROR_EVT_INVALID_QUERY), EventFault::BadQuery("its words".to_owned()).into());
        assert!(matches!(fault(WIN32_ERROR(0)), PortFault::Unsupported(_)));
        assert!(matches!(fault(WIN32_ERROR(1_722)), PortFault::System { call: "EvtQuery", .. }));
    }

    /// The lab has no log to read, which is told and is no empty answer.
    #[test]
    fn a_system_without_a_log_says_so_and_does_not_crash() {
        let channel = EventChannel::parse("System").unwrap();
        let query = EventQuery { channel, xpath: "*".to_owned(), offset: 0, most: 5 };
        match run(&query, Deadline::after(Duration::from_secs(9)), &Cancel::new()) {
            Ok(found) => assert!(found.events.len() <= 5),
            Err(fault) => assert!(matches!(fault, PortFault::Unsupported(_)), "{fault:?}"),
        }
    }
}
