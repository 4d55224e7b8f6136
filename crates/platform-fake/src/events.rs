//! An event log in memory: channels with events, the newest first. It keeps the queries that it was asked and understands
//! none: every event of a channel fits.

use crate::desktop::{Call, FakeDesktop};
use crate::places::untrusted;
use portcullis_model::{Cancel, Deadline, Effect, EventChannel, Source};
use portcullis_platform::{EventFault, EventQuery, EventsPort, FoundEvent, FoundEvents, Permit, PortResult};

/// A query with this in it is refused, as Windows would refuse one that it does not understand.
const NONSENSE: &str = "nonsense";

#[derive(Default)]
pub(crate) struct Events {
    /// Name of the channel, XML and message, the oldest first.
    logged: Vec<(String, String, Option<String>)>,
    asked: Vec<EventQuery>,
}

impl FakeDesktop {
    /// Logs an event in a channel, which is there from then on.
    pub fn log_event(&self, channel: &str, xml: &str, message: Option<&str>) {
        let logged = (channel.to_owned(), xml.to_owned(), message.map(str::to_owned));
        self.lock().events.logged.push(logged);
    }

    /// What was asked of the log, the first query first.
    pub fn event_queries(&self) -> Vec<EventQuery> {
        self.lock().events.asked.clone()
    }
}

fn is(channel: &EventChannel, name: &str) -> bool {
    channel.as_str().eq_ignore_ascii_case(name)
}

impl EventsPort for FakeDesktop {
    fn channels(&self, cap: usize) -> PortResult<Vec<String>> {
        self.enter(Call::QueryEvents, None, None)?;
        let mut names: Vec<String> = self.lock().events.logged.iter().map(|(name, ..)| name.clone()).collect();
        names.sort();
        names.dedup();
        names.truncate(cap);
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
        self.enter(Call::QueryEvents, Some(deadline), Some(cancel))?;
        let mut state = self.lock();
        state.events.asked.push(query.clone());
        if !state.events.logged.iter().any(|(name, ..)| is(&query.channel, name)) {
            return Err(EventFault::NoChannel.into());
        }
        if query.xpath.contains(NONSENSE) {
            return Err(EventFault::BadQuery("an invalid query".to_owned()).into());
        }
        let own = state.events.logged.iter().rev().filter(|(name, ..)| is(&query.channel, name));
        let mut from = own.skip(usize::try_from(query.offset).unwrap_or(usize::MAX));
        let one = |(_, xml, message): &(String, String, Option<String>)| FoundEvent {
            xml: untrusted(Source::System, xml),
            message: message.as_ref().map(|text| untrusted(Source::System, text)),
        };
        let events = from.by_ref().take(query.most).map(one).collect();
        Ok(FoundEvents { events, more: from.next().is_some() })
    }
}
