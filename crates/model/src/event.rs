//! Channels of the event log, and which of their events are meant: a name and a filter whose constructors are the checks. The
//! filter becomes a query in the log's own language here, with every text in it a literal that it cannot leave.

use serde::Serialize;
use std::fmt::{self, Write as _};

/// The name of a channel: `System`, `Microsoft-Windows-TaskScheduler/Operational`. Compared by Windows, in any case; never a
/// file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct EventChannel(String);

impl EventChannel {
    /// Characters of a name (channels of manifests have at most 255).
    pub const CAP: usize = 255;

    /// Reads a name.
    pub fn parse(text: &str) -> Result<Self, BadEventFilter> {
        let length = text.chars().count();
        if length == 0 || length > Self::CAP {
            return Err(BadEventFilter("the name of a channel has 1 to 255 characters"));
        }
        // Such a text would be a query, a file or a pattern (`EvtQuery`).
        if text.chars().any(|sign| "<>&\"'|\\:`*?".contains(sign) || sign.is_control()) || text.trim() != text {
            return Err(BadEventFilter(
                "a channel is named whole: no path of a file, quote, wildcard or control character, no space at its ends",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How grave an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EventLevel {
    /// 1.
    Critical,
    /// 2.
    Error,
    /// 3.
    Warning,
    /// 4, and 0, which is logged at every level.
    Information,
    /// 5.
    Verbose,
}

impl EventLevel {
    /// Every level with its numbers ("Event levels" of the log's schema).
    pub const ALL: [(Self, &'static [u8]); 5] = [
        (Self::Critical, &[1]),
        (Self::Error, &[2]),
        (Self::Warning, &[3]),
        (Self::Information, &[4, 0]),
        (Self::Verbose, &[5]),
    ];

    /// The level of this number, where it has a name.
    pub fn of(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, numbers)| numbers.contains(&number)).map(|(level, _)| level)
    }

    fn numbers(self) -> &'static [u8] {
        Self::ALL.into_iter().find(|(level, _)| *level == self).map_or(&[], |(_, numbers)| numbers)
    }
}

/// The provider that logged an event, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventProvider(String);

impl EventProvider {
    /// Characters of a name.
    pub const CAP: usize = 255;

    /// Reads a name.
    pub fn parse(text: &str) -> Result<Self, BadEventFilter> {
        let length = text.chars().count();
        if length == 0 || length > Self::CAP || text.chars().any(char::is_control) {
            return Err(BadEventFilter("the name of a provider has 1 to 255 characters and no control character"));
        }
        // A literal of the log's language ends at its own quote and knows no way to write one in it.
        if text.contains('\'') && text.contains('"') {
            return Err(BadEventFilter("the name of a provider has quotes of one kind at most"));
        }
        Ok(Self(text.to_owned()))
    }

    fn literal(&self) -> String {
        let quote = if self.0.contains('\'') { '"' } else { '\'' };
        format!("{quote}{}{quote}", self.0)
    }
}

/// A moment in UTC, in the log's form, as its constructor was given it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventTime(String);

impl EventTime {
    /// Takes `2026-01-31T12:00:00.123Z`: digits, in these places.
    pub fn parse(text: &str) -> Result<Self, BadEventFilter> {
        const FORM: &str = "0000-00-00T00:00:00.000Z";
        let fits = text.len() == FORM.len()
            && text.bytes().zip(FORM.bytes()).all(|(found, wanted)| match wanted {
                b'0' => found.is_ascii_digit(),
                other => found == other,
            });
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadEventFilter("a moment is written 2026-01-31T12:00:00.000Z"))
        }
    }
}

/// Which events of a channel are meant. What is not said lets all pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of this gravity.
    pub level: Option<EventLevel>,
    /// Logged by this provider.
    pub provider: Option<EventProvider>,
    /// With one of these numbers.
    pub ids: Vec<u16>,
    /// From this moment on.
    pub since: Option<EventTime>,
    /// Until this moment.
    pub until: Option<EventTime>,
}

impl EventFilter {
    /// The filter as a query of the event log (XPath 1.0, of which the log knows a part).
    pub fn xpath(&self) -> String {
        let any = |name: &str, numbers: Vec<String>| {
            let parts: Vec<String> = numbers.into_iter().map(|number| format!("{name}={number}")).collect();
            format!("({})", parts.join(" or "))
        };
        let mut parts = Vec::new();
        if let Some(level) = self.level {
            parts.push(any("Level", level.numbers().iter().map(u8::to_string).collect()));
        }
        if let Some(provider) = &self.provider {
            parts.push(format!("Provider[@Name={}]", provider.literal()));
        }
        if !self.ids.is_empty() {
            parts.push(any("EventID", self.ids.iter().map(u16::to_string).collect()));
        }
        let mut times = Vec::new();
        if let Some(EventTime(since)) = &self.since {
            times.push(format!("@SystemTime>='{since}'"));
        }
        if let Some(EventTime(until)) = &self.until {
            times.push(format!("@SystemTime<='{until}'"));
        }
        if !times.is_empty() {
            parts.push(format!("TimeCreated[{}]", times.join(" and ")));
        }
        let mut query = "*".to_owned();
        if !parts.is_empty() {
            // Writing into a text does not fail.
            let _ = write!(query, "[System[{}]]", parts.join(" and "));
        }
        query
    }
}

/// A text that is no such name or moment: the rule that it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadEventFilter(&'static str);

impl BadEventFilter {
    /// The rule in words.
    pub fn rule(self) -> &'static str {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn moment(text: &str) -> Option<EventTime> {
        Some(EventTime::parse(text).unwrap())
    }

    #[test]
    fn a_filter_is_a_query_of_the_log() {
        let provider = |name: &str| Some(EventProvider::parse(name).unwrap());
        let all = EventFilter {
            level: Some(EventLevel::Information),
            provider: provider("Service Control Manager"),
            ids: vec![7_036, 7_040],
            since: moment("2026-01-31T12:00:00.000Z"),
            until: moment("2026-02-01T00:00:00.999Z"),
        };
        let queries = [
            EventFilter::default().xpath(),
            EventFilter { level: Some(EventLevel::Error), ..EventFilter::default() }.xpath(),
            EventFilter { provider: provider("O'Brien"), ..EventFilter::default() }.xpath(),
            EventFilter { until: moment("2026-01-31T12:00:00.000Z"), ..EventFilter::default() }.xpath(),
            all.xpath(),
        ];
        insta::assert_snapshot!(queries.join("\n"));
    }

    #[test]
    fn names_and_moments_are_whole_or_refused() {
        for text in ["System", "Microsoft-Windows-TaskScheduler/Operational", "Key Management Service"] {
            assert_eq!(EventChannel::parse(text).unwrap().as_str(), text);
        }
        let longest = "x".repeat(EventChannel::CAP);
        assert!(EventChannel::parse(&longest).is_ok() && EventProvider::parse(&longest).is_ok());
        let longer = format!("{longest}x");
        for text in ["", " System", "System*", r"C:\x.evtx", r"\\host\x", "<QueryList>", "a'b", "a\nb", longer.as_str()]
        {
            assert!(EventChannel::parse(text).is_err(), "{text:?}");
        }
        for text in ["", "a\0b", "both ' and \"", longer.as_str()] {
            assert!(EventProvider::parse(text).is_err(), "{text:?}");
        }
        for text in ["2026-01-31", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000z", "2026-01-31T12:00:00.00'Z"] {
            assert!(EventTime::parse(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        /// A literal ends at its own quote alone, and what stands in it is what was named.
        #[test]
        fn no_name_leaves_its_literal(name in "[a-z'\"\\[\\]() =*@<>&|/]{1,40}") {
            let Ok(provider) = EventProvider::parse(&name) else { return Ok(()) };
            let query = EventFilter { provider: Some(provider), ..EventFilter::default() }.xpath();
            let literal = query.strip_prefix("*[System[Provider[@Name=").and_then(|rest| rest.strip_suffix("]]]")).unwrap();
            let quote = literal.chars().next().unwrap();
            let inside = literal.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)).unwrap();
            prop_assert!(matches!(quote, '\'' | '"') && !inside.contains(quote));
            prop_assert_eq!(inside, name);
        }
    }
}
