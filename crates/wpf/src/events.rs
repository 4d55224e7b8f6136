//! Events: traces of routed events, values that are watched or waited for, and what happened since it was last read. Waits are
//! told by push; what happens between asking and waiting is not lost, since the subscription is there first.

use crate::ask::{AppText, Asker, shown, text_of, utc};
use crate::props;
use crate::session::Waited;
use portcullis_model::{Fault, FaultCode};
use portcullis_wpf_protocol::{Event, EventKind, EventsParams, Handle, SubscribeParams, UnsubscribeParams, Val};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::time::{Duration, Instant, SystemTime};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Events of a trace.
const TRACE_RING: u32 = 4_096;
/// Events that a drain tells where nothing is said.
const DRAIN_DEFAULT: u32 = 50;
/// Milliseconds that a trace goes on at least when it was started to be read later.
const START_LEAST_MS: u32 = 30_000;
/// How long a watch lives.
const WATCH_MS: u32 = SubscribeParams::TTL_CAP_MS;
/// Watches of a session.
const WATCH_CAP: usize = 64;

/// A trace that is remembered.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    id: String,
    subscription: u64,
    event: String,
    began: Instant,
    began_at: SystemTime,
    lasts: Duration,
    element: Option<String>,
}

/// Which part of tracing is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceMode {
    /// Listens, waits, and tells.
    Capture,
    /// Begins to listen.
    Start,
    /// Tells what came since the start.
    Get,
}

/// What is traced.
#[derive(Clone, Debug)]
pub struct TraceAsk {
    /// The element; none for the main window.
    pub element: Option<String>,
    /// The routed event; not for [`TraceMode::Get`].
    pub event: Option<String>,
    /// Which part.
    pub mode: TraceMode,
    /// For how long.
    pub ms: u32,
    /// Whether a short time is kept to when it was started to be read later.
    pub short: bool,
    /// Events that are told.
    pub max: u32,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TraceEvent {
    /// 100 ns units since 1601.
    timestamp: u64,
    sequence: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_name: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    element_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_name: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    routing_strategy: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_source: Option<AppText>,
}

/// A trace.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Traced {
    session_id: String,
    mode: &'static str,
    event_name: AppText,
    requested_duration: u32,
    effective_duration: u32,
    short_duration_override_used: bool,
    is_tracing: bool,
    event_count: usize,
    total_event_count: usize,
    returned_event_count: usize,
    events_truncated: bool,
    events: Vec<TraceEvent>,
    /// Of all that came, on whatever element.
    handler_invocation_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_started_at_utc: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_element_id: Option<String>,
}

fn id_of(asker: &Asker<'_>, event: &Event) -> Option<String> {
    event.handle.map(|handle| asker.name(handle, event.type_name.as_deref().unwrap_or("Element")))
}

fn trace_event(asker: &Asker<'_>, event: &Event) -> TraceEvent {
    TraceEvent {
        timestamp: event.at,
        sequence: event.seq,
        sender: AppText::some(event.type_name.as_ref()),
        sender_name: AppText::some(event.element_name.as_ref()),
        element_id: id_of(asker, event),
        event_name: AppText::some(event.name.as_ref()),
        routing_strategy: AppText::some(event.detail.as_ref()),
        handled: event.flag,
        original_source: AppText::some(event.source_type.as_ref()),
    }
}

fn subscribe(
    asker: &Asker<'_>,
    kind: EventKind,
    handle: Option<Handle>,
    name: &str,
    ttl_ms: u32,
) -> Result<portcullis_wpf_protocol::SubscribeResult, Fault> {
    asker.call(&SubscribeParams {
        kind,
        handle,
        names: vec![name.to_owned()],
        handled_too: true,
        with_preview: kind == EventKind::Routed,
        ring: TRACE_RING,
        ttl_ms: ttl_ms.clamp(1, SubscribeParams::TTL_CAP_MS),
    })
}

fn unsubscribe(asker: &Asker<'_>, subscription: u64) {
    // It ends by itself when this is not heard.
    asker.call(&UnsubscribeParams { subscriptions: vec![subscription] }).ok();
}

/// Traces a routed event.
pub fn trace(asker: &Asker<'_>, ask: &TraceAsk) -> Result<Traced, Fault> {
    if ask.mode == TraceMode::Get {
        let known = asker.session.memory().traces.back().cloned();
        let trace = known.ok_or_else(|| {
            Fault::new(FaultCode::NotFound, "no trace was started")
                .field("mode")
                .remedy("start one with mode \"start\"")
                .source_code("OperationFailed")
        })?;
        return told(asker, &trace, ask, "get");
    }
    let event = ask.event.as_deref().ok_or_else(|| {
        Fault::new(FaultCode::BadArgument, "no event is named")
            .field("eventName")
            .rule("a trace that begins names its routed event")
            .remedy("give `eventName`, for example \"Click\"")
            .source_code("MissingRequiredParameter")
    })?;
    let start = ask.mode == TraceMode::Start;
    let lasts = if start && !ask.short { ask.ms.max(START_LEAST_MS) } else { ask.ms };
    let handle = asker.handle("elementId", ask.element.as_deref())?;
    let begun =
        subscribe(asker, EventKind::Routed, handle, event, if start { WATCH_MS } else { lasts.saturating_add(2_000) })?;
    let element = begun.handle.map(|handle| asker.name(handle, "Element"));
    let number = asker.session.memory().number();
    let trace = Trace {
        id: format!("trace_{number}"),
        subscription: begun.subscription,
        event: event.to_owned(),
        began: Instant::now(),
        began_at: SystemTime::now(),
        lasts: Duration::from_millis(lasts.into()),
        element,
    };
    if start {
        let oldest = asker.session.memory().keep_trace(trace.clone());
        if let Some(oldest) = oldest {
            unsubscribe(asker, oldest.subscription);
        }
        return told(asker, &trace, ask, "start");
    }
    let waited = asker.cancel.wait(trace.lasts.min(asker.deadline.remaining()));
    let answer = told(asker, &trace, ask, "capture");
    unsubscribe(asker, trace.subscription);
    waited?;
    Ok(Traced { is_tracing: false, ..answer? })
}

fn told(asker: &Asker<'_>, trace: &Trace, ask: &TraceAsk, mode: &'static str) -> Result<Traced, Fault> {
    let found = asker.call(&EventsParams {
        subscriptions: vec![trace.subscription],
        after: 0,
        max: ask.max.min(EventsParams::CAP),
    })?;
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let events: Vec<TraceEvent> = found.events.iter().map(|event| trace_event(asker, event)).collect();
    let total = events.len().saturating_add(count(found.more)).saturating_add(count(found.dropped));
    let millis = |span: Duration| u32::try_from(span.as_millis()).unwrap_or(u32::MAX);
    Ok(Traced {
        session_id: trace.id.clone(),
        mode,
        event_name: AppText::new(&trace.event),
        requested_duration: ask.ms,
        effective_duration: millis(trace.lasts),
        short_duration_override_used: ask.short,
        is_tracing: trace.began.elapsed() < trace.lasts,
        event_count: events.len(),
        total_event_count: total,
        returned_event_count: events.len(),
        events_truncated: total > events.len(),
        events,
        handler_invocation_count: total,
        trace_started_at_utc: OffsetDateTime::from(trace.began_at).format(&Rfc3339).ok(),
        resolved_element_id: trace.element.clone(),
    })
}

/// A watch.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Watching {
    property_name: AppText,
    element_id: String,
    current_value: Option<Value>,
    message: &'static str,
}

/// Watches a property; what happens is told by drain_events.
pub fn watch(asker: &Asker<'_>, element: Option<&str>, property: &str) -> Result<Watching, Fault> {
    let handle = asker.element(element)?;
    {
        let memory = asker.session.memory();
        let same = |(of, name, _): &(u64, String, u64)| *of == handle.0 && name == property;
        if memory.watched.iter().any(same) {
            return Err(Fault::new(FaultCode::BadArgument, "the property is watched already")
                .field("propertyName")
                .value(property)
                .remedy("read what happened with drain_events")
                .source_code("InvalidArgument"));
        }
        if memory.watched.len() >= WATCH_CAP {
            return Err(Fault::new(FaultCode::TooLarge, "too many properties are watched")
                .rule(format!("a session watches at most {WATCH_CAP}"))
                .remedy("connect again to begin anew"));
        }
    }
    let begun = subscribe(asker, EventKind::Property, Some(handle), property, WATCH_MS)?;
    asker.session.memory().watched.push((handle.0, property.to_owned(), begun.subscription));
    Ok(Watching {
        property_name: AppText::new(property),
        element_id: asker.name(handle, "Element"),
        current_value: begun.values.first().map(shown),
        message: "drain_events tells its changes; it is watched for half an hour",
    })
}

/// Which events are drained.
#[derive(Clone, Debug, Default)]
pub struct DrainAsk {
    /// At most so many.
    pub max: Option<u32>,
    /// Of these kinds; none for all.
    pub kinds: Vec<DrainKind>,
    /// Of this element.
    pub element: Option<String>,
}

/// A kind of event that is drained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrainKind {
    /// A property changed.
    DpChange,
    /// A routed event.
    RoutedEvent,
    /// A binding failed.
    BindingError,
    /// An error of validation came or went.
    ValidationChange,
}

impl DrainKind {
    fn of(kind: EventKind) -> Option<Self> {
        match kind {
            EventKind::Property => Some(Self::DpChange),
            EventKind::Routed => Some(Self::RoutedEvent),
            EventKind::Binding => Some(Self::BindingError),
            EventKind::Validation => Some(Self::ValidationChange),
            _ => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::DpChange => "DpChange",
            Self::RoutedEvent => "RoutedEvent",
            Self::BindingError => "BindingError",
            Self::ValidationChange => "ValidationChange",
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PendingEvent {
    event_type: &'static str,
    sequence: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp_utc: Option<String>,
    /// The element and the property or event, the same for all that is of one source.
    source_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    element_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    property_name: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_name: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_value: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_type: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_type: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_name: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    routing_strategy: Option<AppText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_source_type: Option<AppText>,
}

/// What happened since the last drain.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Drained {
    pending_event_count: usize,
    dropped_event_count: u32,
    remaining_event_count: u32,
    pending_events: Vec<PendingEvent>,
}

/// Tells what happened since the last drain. Subscriptions go on.
pub fn drain(asker: &Asker<'_>, ask: &DrainAsk) -> Result<Drained, Fault> {
    let element = asker.handle("elementId", ask.element.as_deref())?;
    let after = asker.session.memory().drained;
    let max = ask.max.unwrap_or(DRAIN_DEFAULT).min(EventsParams::CAP);
    let found = asker.call(&EventsParams { subscriptions: Vec::new(), after, max: EventsParams::CAP })?;
    let (mut told, mut read, mut left) = (Vec::new(), after, 0_u32);
    for event in &found.events {
        let kind = DrainKind::of(event.kind);
        let wanted = kind.filter(|kind| ask.kinds.is_empty() || ask.kinds.contains(kind));
        let there = element.is_none() || event.handle == element;
        let Some(kind) = wanted.filter(|_| there) else { continue };
        if told.len() >= usize::try_from(max).unwrap_or(usize::MAX) {
            left = left.saturating_add(1);
            continue;
        }
        read = event.seq;
        let routed = kind == DrainKind::RoutedEvent;
        let of = id_of(asker, event).unwrap_or_else(|| "none".to_owned());
        let name = AppText::new(event.name.as_deref().unwrap_or_default());
        told.push(PendingEvent {
            event_type: kind.word(),
            sequence: event.seq,
            timestamp_utc: utc(event.at),
            source_key: format!("{of}.{}", name.as_str()),
            element_id: id_of(asker, event),
            property_name: AppText::some(event.name.as_ref()).filter(|_| !routed),
            event_name: AppText::some(event.name.as_ref()).filter(|_| routed),
            new_value: event.value.as_ref().map(shown),
            value_type: event.value.as_ref().and_then(|value| serde_json::to_value(value.k).ok()),
            sender_type: AppText::some(event.type_name.as_ref()),
            sender_name: AppText::some(event.element_name.as_ref()),
            routing_strategy: AppText::some(event.detail.as_ref()).filter(|_| routed),
            handled: event.flag.filter(|_| routed),
            original_source_type: AppText::some(event.source_type.as_ref()).filter(|_| routed),
        });
    }
    if left == 0
        && let Some(last) = found.events.last()
    {
        read = last.seq;
    }
    asker.session.memory().drained = read;
    Ok(Drained {
        pending_event_count: told.len(),
        dropped_event_count: found.dropped,
        remaining_event_count: left.saturating_add(found.more),
        pending_events: told,
    })
}

/// What waiting for a property came to.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DpWaited {
    property_name: AppText,
    changed: bool,
    timed_out: bool,
    observed_change: bool,
    matched_expected_value_at_start: bool,
    completion_reason: &'static str,
    initial_value: Value,
    initial_base_value_source: AppText,
    current_value: Value,
    base_value_source: AppText,
    elapsed_ms: u64,
    /// Changes that were told while it waited.
    change_count: u32,
}

/// What is waited for.
#[derive(Clone, Debug)]
pub struct WaitAsk {
    /// The element; none for the main window.
    pub element: Option<String>,
    /// The property.
    pub property: String,
    /// The value that ends the wait; none for any change.
    pub expected: Option<Value>,
    /// For how long.
    pub wait: Duration,
}

/// Whether a value is the one that is expected, compared as it is shown.
fn is_expected(value: &Val, expected: &Value) -> bool {
    let text = match expected {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let (found, text) = (text_of(value), AppText::new(&text));
    found == text.as_str()
        || matches!((found.parse::<f64>(), text.as_str().parse::<f64>()), (Ok(one), Ok(other)) if one == other)
        || matches!(found.as_str(), "true" | "false") && found.eq_ignore_ascii_case(text.as_str())
}

/// Waits for a property to change, or to come to a value. `trigger` is done once the listening has begun.
pub fn wait_for<T>(
    asker: &Asker<'_>,
    ask: &WaitAsk,
    trigger: impl FnOnce() -> Result<T, Fault>,
) -> Result<(DpWaited, T), Fault> {
    let began = Instant::now();
    let handle = asker.element(ask.element.as_deref())?;
    let after = asker.session.last_event();
    let ttl = u32::try_from(ask.wait.as_millis()).unwrap_or(u32::MAX).saturating_add(2_000);
    let begun = subscribe(asker, EventKind::Property, Some(handle), &ask.property, ttl)?;
    let waited = waited(asker, ask, &begun, after, began, trigger, handle);
    unsubscribe(asker, begun.subscription);
    waited
}

fn waited<T>(
    asker: &Asker<'_>,
    ask: &WaitAsk,
    begun: &portcullis_wpf_protocol::SubscribeResult,
    after: u64,
    began: Instant,
    trigger: impl FnOnce() -> Result<T, Fault>,
    handle: Handle,
) -> Result<(DpWaited, T), Fault> {
    let first = begun.values.first().cloned().unwrap_or_else(|| Val::text(""));
    let first_source = begun.sources.first().map_or("", String::as_str);
    let at_start = ask.expected.as_ref().is_some_and(|expected| is_expected(&first, expected));
    let done = trigger()?;
    let mut changes = 0_u32;
    let mut last: Option<Val> = None;
    let met = if at_start {
        true
    } else {
        let look = |event: &Event| {
            if event.subscription != begun.subscription || event.kind != EventKind::Property {
                return None;
            }
            changes = changes.saturating_add(1);
            last.clone_from(&event.value);
            let value = event.value.as_ref()?;
            ask.expected.as_ref().is_none_or(|expected| is_expected(value, expected)).then_some(())
        };
        let deadline = asker.deadline.slice(ask.wait);
        matches!(asker.session.wait_event(after, deadline, asker.cancel, look)?, Waited::Met(()))
    };
    let now = props::read_one(asker, handle, &ask.property);
    let (value, source) = match now {
        Ok(row) => (shown(&row.value), AppText::new(&row.source)),
        // The element may be gone by now; what was told last holds.
        Err(_) => (last.as_ref().map_or(Value::Null, shown), AppText::new("Unknown")),
    };
    let reason = match (at_start, met, &ask.expected) {
        (true, ..) => "ExpectedValueAlreadySatisfied",
        (_, true, Some(_)) => "ExpectedValueReached",
        (_, true, None) => "ValueChanged",
        (_, false, _) => "TimedOut",
    };
    let answer = DpWaited {
        property_name: AppText::new(&ask.property),
        changed: changes > 0,
        timed_out: !met,
        observed_change: changes > 0,
        matched_expected_value_at_start: at_start,
        completion_reason: reason,
        initial_value: shown(&first),
        initial_base_value_source: AppText::new(first_source),
        current_value: value,
        base_value_source: source,
        elapsed_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        change_count: changes,
    };
    Ok((answer, done))
}

/// How many frames a second are drawn.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RenderStats {
    is_warmed_up: bool,
    confidence: &'static str,
    sample_count: usize,
    frame_rate: f64,
    average_frame_time: f64,
    min_frame_time: f64,
    max_frame_time: f64,
    total_frames: usize,
    monitoring_duration: u64,
    visual_count: u32,
    visual_count_limit: u32,
    visual_count_truncated: bool,
    sample_guidance: &'static str,
}

/// Frames of at least this many are a measure.
const WARM: usize = 30;

/// Listens to frames for `span`. Listening itself has WPF draw without pause.
pub fn render_stats(asker: &Asker<'_>, span: Duration) -> Result<RenderStats, Fault> {
    let began = Instant::now();
    let params = SubscribeParams {
        kind: EventKind::Frame,
        handle: None,
        names: Vec::new(),
        handled_too: false,
        with_preview: false,
        ring: TRACE_RING,
        ttl_ms: u32::try_from(span.as_millis()).unwrap_or(u32::MAX).saturating_add(2_000),
    };
    let subscription = asker.call(&params)?.subscription;
    let waited = asker.cancel.wait(span.min(asker.deadline.remaining()));
    let kept = asker.call(&EventsParams { subscriptions: vec![subscription], after: 0, max: EventsParams::CAP });
    unsubscribe(asker, subscription);
    waited?;
    let times: Vec<f64> = kept?.events.iter().filter_map(|event| event.frame_ms).collect();
    let count = crate::tree::visual_count(asker, None)?;
    let (visual_count, visual_count_truncated) = count.parts();
    let total: f64 = times.iter().sum();
    let frames = u32::try_from(times.len()).unwrap_or(u32::MAX);
    let average = if frames > 0 { total / f64::from(frames) } else { 0.0 };
    Ok(RenderStats {
        is_warmed_up: times.len() >= WARM,
        confidence: if times.len() >= WARM { "high" } else { "low" },
        sample_count: times.len(),
        frame_rate: if average > 0.0 { 1_000.0 / average } else { 0.0 },
        average_frame_time: average,
        min_frame_time: times.iter().copied().reduce(f64::min).unwrap_or(0.0),
        max_frame_time: times.iter().copied().reduce(f64::max).unwrap_or(0.0),
        total_frames: times.len(),
        monitoring_duration: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        visual_count,
        visual_count_limit: crate::tree::COUNT_CAP,
        visual_count_truncated,
        sample_guidance: "30 frames and more are a measure; warmUp listens longer",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_wpf_protocol::ValKind;

    #[test]
    fn a_value_is_expected_as_it_is_shown_or_as_a_number() {
        let number = Val { v: Some(1.0.into()), ..Val::of(ValKind::Float) };
        let truth = Val { v: Some(true.into()), ..Val::of(ValKind::Bool) };
        for (value, expected, is) in [
            (Val::text("Ada"), Value::from("Ada"), true),
            (Val::text("Ada"), Value::from("ada"), false),
            (number.clone(), Value::from(1), true),
            (number.clone(), Value::from("1"), true),
            (number, Value::from(2), false),
            (truth.clone(), Value::from(true), true),
            (truth, Value::from("True"), true),
        ] {
            assert_eq!(is_expected(&value, &expected), is, "{value:?} {expected}");
        }
    }
}
