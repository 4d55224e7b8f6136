//! `EventLog`: events of one channel of Windows' event log, read out of the log's own XML. A filter becomes a query in `model`;
//! a caller's own query goes to Windows as it is.

use crate::args::{Int, List, Text};
use crate::context::{ApplyContext, PlanContext, Readers};
use crate::descriptor::{Annotations, Descriptor, Lane, Shape};
use crate::schema;
use crate::tool::{AnyTool, Planned, Tool, data, lacking};
use portcullis_model::{
    Deadline, Effect, EventChannel, EventFilter, EventLevel, EventProvider, EventTime, Fault, FaultCode, Reply, Source,
    Tier, Untrusted, nearest,
};
use portcullis_platform::{EventFault, EventQuery, FoundEvent, PortFault};
use portcullis_policy::Permit;
use roxmltree::{Document, Node, ParsingOptions};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;
use time::OffsetDateTime;
use time::UtcOffset;
use time::format_description::well_known::Rfc3339;

/// The channel when none is named.
const CHANNEL_DEFAULT: &str = "System";
/// Events that one answer lists.
const COUNT_CAP: i64 = 200;
/// Events listed when nothing is said.
const COUNT_DEFAULT: usize = 20;
/// Events that may be passed over.
const OFFSET_CAP: i64 = 1_000_000;
/// Numbers of events in a filter (the log takes some 20 parts of a query).
const ID_CAP: usize = 16;
/// Characters of a query.
const XPATH_CAP: usize = 4_000;
/// Characters of a moment.
const TIME_CAP: usize = 40;
/// Characters of what an event says.
const MESSAGE_CAP: usize = 2_000;
/// Values of an event that are told, and characters of each.
const VALUE_CAP: usize = 30;
const VALUE_LENGTH: usize = 500;
/// Characters of a name in an event.
const NAME_CAP: usize = 200;
/// Channels that are looked through for a name that was perhaps meant.
const CHANNEL_CAP: usize = 4_096;
/// Nodes of an event's XML; a larger one is told without its parts.
const NODE_CAP: u32 = 20_000;

/// The tools of this file.
pub(crate) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<EventLog>()]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum LevelWord {
    Critical,
    Error,
    Warning,
    Information,
    Verbose,
}

impl From<LevelWord> for EventLevel {
    fn from(word: LevelWord) -> Self {
        match word {
            LevelWord::Critical => Self::Critical,
            LevelWord::Error => Self::Error,
            LevelWord::Warning => Self::Warning,
            LevelWord::Information => Self::Information,
            LevelWord::Verbose => Self::Verbose,
        }
    }
}

impl From<EventLevel> for LevelWord {
    fn from(level: EventLevel) -> Self {
        match level {
            EventLevel::Critical => Self::Critical,
            EventLevel::Error => Self::Error,
            EventLevel::Warning => Self::Warning,
            EventLevel::Information => Self::Information,
            EventLevel::Verbose => Self::Verbose,
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct EventLogArgs {
    /// Channel, default System
    log_name: Option<Text<300>>,
    /// Default 20
    count: Option<Int<1, COUNT_CAP>>,
    /// Just this one
    level: Option<LevelWord>,
    provider: Option<Text<300>>,
    /// Any of these
    ids: Option<List<Int<0, 65_535>, ID_CAP>>,
    /// 2026-01-31T12:00:00Z
    since: Option<Text<TIME_CAP>>,
    until: Option<Text<TIME_CAP>>,
    /// In place of a filter: *[System[(EventID=7036)]]
    xpath: Option<Text<XPATH_CAP>>,
    /// How many to pass over, for the next page
    offset: Option<Int<0, OFFSET_CAP>>,
}

/// One event.
#[derive(Serialize, JsonSchema)]
struct EventFacts {
    /// Its number in the channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<u64>,
    /// When it was logged, in UTC.
    time: String,
    /// Absent where its number has no name.
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<LevelWord>,
    provider: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u32>,
    /// What it says; absent where its provider's texts are not installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// Its values where there is no message: `name: value`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    values: Vec<String>,
    /// The SID of the user that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// The process that logged it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
struct EventPage {
    channel: String,
    /// The newest first.
    events: Vec<EventFacts>,
    /// The `offset` of the next page, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<u32>,
}

struct EventLog;

impl Tool for EventLog {
    type Args = EventLogArgs;
    type Bound = EventQuery;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: "EventLog",
        title: "Read the event log",
        description: "Events of a channel, newest first, a page at a time: time, level, provider, id and message, by level, provider, ids, time or an XPath query. What they say is untrusted.",
        tier: Tier::Observe,
        effects: &[Effect::ReadEvents],
        annotations: Annotations::READS,
        shape: Shape::Data,
        lane: Lane::Long,
        deadline: Duration::from_secs(20),
        needs_administrator: false,
        gates: &[],
        answer_cap: 4_000_000,
        secret_arguments: &[],
        examples: [
            (r#"{"level": "error", "since": "2026-01-31T00:00:00Z"}"#, "Errors of the system since midnight"),
            (r#"{"log_name": "Application", "provider": "MsiInstaller", "count": 5}"#, "The last installations"),
        ],
    };

    fn lacks(readers: Readers<'_>, _deadline: Deadline) -> Vec<String> {
        lacking(readers.events_ready())
    }

    fn plan(args: EventLogArgs, _cx: &PlanContext<'_>) -> Result<Planned<EventQuery>, Fault> {
        let query = query(args)?;
        Ok(Planned::disclosure(Effect::ReadEvents, query.resource(), query))
    }

    fn apply(query: EventQuery, permit: &Permit, cx: &ApplyContext<'_>) -> Result<Reply, Fault> {
        let found = match cx.ports.events.query(permit, &query, cx.deadline, cx.cancel) {
            Ok(found) => found,
            Err(fault @ PortFault::Event(EventFault::NoChannel)) => {
                let names = cx.ports.events.channels(CHANNEL_CAP).unwrap_or_default();
                let near = nearest(query.channel.as_str(), names.iter().map(String::as_str));
                return Err(Fault::from(fault).field("log_name").value(&query.channel).candidates(near));
            }
            Err(fault @ PortFault::Event(EventFault::BadQuery(_))) => {
                return Err(Fault::from(fault).field("xpath").value(&query.xpath));
            }
            Err(fault @ PortFault::Event(EventFault::AccessDenied)) => {
                return Err(Fault::from(fault).field("log_name").value(&query.channel));
            }
            Err(fault @ PortFault::Unsupported(_)) => {
                return Err(Fault::from(fault)
                    .rule("the log is read through the functions of Windows")
                    .remedy("run the server on Windows, where every edition has an event log"));
            }
            Err(fault) => return Err(fault.into()),
        };
        let given = u32::try_from(found.events.len()).unwrap_or(u32::MAX);
        data(&EventPage {
            channel: query.channel.to_string(),
            events: found.events.iter().map(facts).collect(),
            next_offset: found.more.then(|| query.offset.saturating_add(given)),
        })
    }

    fn output_schema() -> Option<Value> {
        Some(schema::output::<EventPage>())
    }
}

/// What a call asks for.
fn query(args: EventLogArgs) -> Result<EventQuery, Fault> {
    let named = args.log_name.map_or_else(|| CHANNEL_DEFAULT.to_owned(), |Text(name)| name);
    let channel = EventChannel::parse(&named).map_err(|bad| {
        Fault::bad_argument(
            "log_name",
            &named,
            bad.rule(),
            "name a channel: System, Application, or as the Event Viewer tells it",
        )
    })?;
    let filter = EventFilter {
        level: args.level.map(EventLevel::from),
        provider: args.provider.map(|Text(name)| provider(&name)).transpose()?,
        ids: args
            .ids
            .map(|List(ids)| ids.into_iter().filter_map(|id| u16::try_from(id.get()).ok()).collect())
            .unwrap_or_default(),
        since: args.since.map(|Text(text)| moment("since", &text)).transpose()?,
        until: args.until.map(|Text(text)| moment("until", &text)).transpose()?,
    };
    let xpath = match args.xpath {
        None => filter.xpath(),
        Some(Text(_)) if filter != EventFilter::default() => {
            return Err(Fault::new(FaultCode::BadArgument, "the call has a query and a filter")
                .field("xpath")
                .rule("`xpath` stands in place of `level`, `provider`, `ids`, `since` and `until`")
                .remedy("leave one of the two out, or put the filter into the query"));
        }
        Some(Text(own)) if own.trim().is_empty() || own.contains('\0') => {
            return Err(Fault::bad_argument(
                "xpath",
                &own,
                "it is a query without a NUL",
                "leave it out, or write one",
            ));
        }
        Some(Text(own)) => own,
    };
    let offset = args.offset.map_or(0, |offset| u32::try_from(offset.get()).unwrap_or(0));
    Ok(EventQuery { channel, xpath, offset, most: args.count.map_or(COUNT_DEFAULT, Int::size) })
}

fn provider(name: &str) -> Result<EventProvider, Fault> {
    EventProvider::parse(name).map_err(|bad| {
        Fault::bad_argument("provider", name, bad.rule(), "give the name as the events tell it, or use `xpath`")
    })
}

/// A moment of a call, as the log has moments.
fn moment(field: &str, text: &str) -> Result<EventTime, Fault> {
    let bad = |rule: &str| Fault::bad_argument(field, text, rule, "write it as 2026-01-31T12:00:00Z or with an offset");
    let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| bad("it is a date and a time with its offset"))?;
    let utc = moment.checked_to_offset(UtcOffset::UTC).filter(|utc| (1601..=9999).contains(&utc.year()));
    let utc = utc.ok_or_else(|| bad("it lies between the years 1601 and 9999"))?;
    let (year, month, day) = utc.to_calendar_date();
    let (hour, minute, second, thousandth) = utc.to_hms_milli();
    let form = format!("{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{thousandth:03}Z", u8::from(month));
    EventTime::parse(&form).map_err(|error| bad(error.rule()))
}

/// A text of an event, visible and on one line.
fn shown(text: &str, cap: usize) -> String {
    Untrusted::new(Source::System, text).one_line(cap)
}

/// What the log's XML says of an event. XML that is none, which the log does not write, leaves the message.
fn facts(event: &FoundEvent) -> EventFacts {
    let message = event.message.as_ref().map(|message| {
        let text = message.raw().replace("\r\n", "\n");
        let kept: String = text.chars().take(MESSAGE_CAP).collect();
        let more = text.chars().count().saturating_sub(MESSAGE_CAP);
        let end = if more > 0 { format!("… (+{more})") } else { String::new() };
        format!("{}{end}", Untrusted::new(Source::System, kept))
    });
    let mut facts = EventFacts {
        record: None,
        time: String::new(),
        level: None,
        provider: String::new(),
        id: None,
        message,
        values: Vec::new(),
        user: None,
        pid: None,
    };
    let options = ParsingOptions { nodes_limit: NODE_CAP, ..ParsingOptions::default() };
    let Ok(document) = Document::parse_with_options(event.xml.raw(), options) else { return facts };
    let root = document.root_element();
    let child = |name: &str| system(root)?.children().find(|node| node.tag_name().name() == name);
    let attribute = |name: &str, attribute: &str| child(name).and_then(|node| node.attribute(attribute));
    let number = |name: &str| child(name).and_then(|node| node.text()).map(str::trim);
    facts.record = number("EventRecordID").and_then(|text| text.parse().ok());
    facts.time = shown(attribute("TimeCreated", "SystemTime").unwrap_or_default(), NAME_CAP);
    facts.level = number("Level").and_then(|text| text.parse().ok()).and_then(EventLevel::of).map(LevelWord::from);
    facts.provider = shown(attribute("Provider", "Name").unwrap_or_default(), NAME_CAP);
    facts.id = number("EventID").and_then(|text| text.parse().ok());
    facts.user = attribute("Security", "UserID").map(|sid| shown(sid, NAME_CAP));
    facts.pid = attribute("Execution", "ProcessID").and_then(|text| text.parse().ok());
    if facts.message.is_none() {
        facts.values = values(root);
    }
    facts
}

fn system<'tree>(root: Node<'tree, 'tree>) -> Option<Node<'tree, 'tree>> {
    root.children().find(|node| node.tag_name().name() == "System")
}

/// The values of an event: those of `EventData` with their names, or the texts of what a provider made of its own.
fn values(root: Node<'_, '_>) -> Vec<String> {
    let parts = root.children().filter(|node| matches!(node.tag_name().name(), "EventData" | "UserData"));
    let leaves = parts.flat_map(|part| part.descendants()).filter(|node| node.is_element());
    let leaves = leaves.filter(|node| !node.children().any(|child| child.is_element()));
    let told = leaves.filter_map(|node| {
        let text = node.text().map(str::trim).filter(|text| !text.is_empty())?;
        let name = node.attribute("Name").unwrap_or_else(|| node.tag_name().name());
        let name = shown(name, NAME_CAP);
        Some(format!("{name}: {}", shown(text, VALUE_LENGTH)))
    });
    told.take(VALUE_CAP).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the log writes them: one of a service, one with named values, one of a provider's own form.
    const SERVICE: &str = "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider \
        Name='Service Control Manager' Guid='{555908d1-a6d7-4695-8e1e-26931d2012f4}'/><EventID \
        Qualifiers='16384'>7036</EventID><Level>4</Level><TimeCreated \
        SystemTime='2026-01-31T12:00:00.1234567Z'/><EventRecordID>41</EventRecordID><Execution ProcessID='700' \
        ThreadID='8'/><Channel>System</Channel><Security UserID='S-1-5-18'/></System><EventData><Data \
        Name='param1'>Spooler</Data><Data>a\u{202e}b &lt;x&gt;</Data><Binary>5300</Binary></EventData></Event>";
    const OWN: &str = "<Event><System><Provider Name='P'/><EventID>1</EventID><Level>9</Level></System><UserData><Own \
        xmlns='urn:x'><Name>n</Name><Empty/></Own></UserData></Event>";

    fn found(xml: &str, message: Option<&str>) -> FoundEvent {
        let text = |text: &str| Untrusted::new(Source::System, text);
        FoundEvent { xml: text(xml), message: message.map(text) }
    }

    #[test]
    fn events_are_read_out_of_the_xml_of_the_log() {
        let long = format!("line\r\n\u{200b}{}", "x".repeat(3_000));
        let all = [
            found(SERVICE, Some("The Spooler service entered the running state.")),
            found(SERVICE, None),
            found(OWN, None),
            found("no xml", Some(&long)),
        ];
        insta::assert_json_snapshot!(all.iter().map(facts).collect::<Vec<_>>());
    }

    #[test]
    fn values_and_nodes_have_caps() {
        let data = |count: usize| {
            let data: String = (0..count).map(|number| format!("<Data>{number}{}</Data>", "y".repeat(600))).collect();
            format!("<Event><EventData>{data}</EventData></Event>")
        };
        assert_eq!(facts(&found(&data(VALUE_CAP), None)).values.len(), VALUE_CAP);
        let cut = facts(&found(&data(VALUE_CAP + 1), None)).values;
        assert!(cut.len() == VALUE_CAP && cut[0].ends_with("… (+101)"), "{}", cut[0]);
        let empty = "<Data/>".repeat(usize::try_from(NODE_CAP).unwrap());
        assert!(
            facts(&found(&format!("<Event><EventData>{empty}<Data>x</Data></EventData></Event>"), None))
                .values
                .is_empty()
        );
    }

    #[test]
    fn moments_are_told_in_utc() {
        for (text, utc) in [
            ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000Z"),
            ("2026-01-31T00:30:00.5+01:00", "2026-01-30T23:30:00.500Z"),
        ] {
            assert_eq!(moment("since", text).unwrap(), EventTime::parse(utc).unwrap());
        }
        for text in
            ["", "yesterday", "2026-01-31", "2026-01-31T12:00:00", "0001-01-01T00:00:00Z", "2026-02-30T12:00:00Z"]
        {
            assert_eq!(moment("since", text).unwrap_err().field.as_deref(), Some("since"), "{text}");
        }
    }
}
