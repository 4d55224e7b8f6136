//! What is counted, for Prometheus. Labels are statuses and words of ours: no name, address or key of a caller is in them.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::Arc;

/// The form of the answer (OpenMetrics 1.0).
const FORM: HeaderValue = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Status {
    status: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Why {
    why: &'static str,
}

/// One number that somebody else counts, such as how many calls a tool was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// Its name, without the prefix and the ending that all counters have.
    pub name: &'static str,
    /// What it is.
    pub help: &'static str,
    /// Names and values of its labels: words of ours.
    pub labels: Vec<(&'static str, String)>,
    /// How many since the server began.
    pub value: u64,
}

/// Says all such numbers by now, those of one name one after another.
pub type Numbers = Arc<dyn Fn() -> Vec<Number> + Send + Sync>;

/// The numbers of others, as the registry asks for them.
struct Others(Numbers);

impl std::fmt::Debug for Others {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Others")
    }
}

impl Collector for Others {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let numbers = (self.0)();
        for same in numbers.chunk_by(|one, next| one.name == next.name) {
            let Some(first) = same.first() else { continue };
            let mut metric = encoder.encode_descriptor(first.name, first.help, None, MetricType::Counter)?;
            for number in same {
                ConstCounter::new(number.value).encode(metric.encode_family(&number.labels)?)?;
            }
        }
        Ok(())
    }
}

/// Counters and gauges of one server.
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Status, Counter>,
    refused: Family<Why, Counter>,
    connections: Gauge,
    sessions: Gauge,
}

impl Metrics {
    pub(super) fn new(others: Numbers) -> Self {
        let mut all = Registry::with_prefix("portcullis");
        all.register_collector(Box::new(Others(others)));
        let registry = all.sub_registry_with_prefix("http");
        let requests = Family::<Status, Counter>::default();
        registry.register("requests", "Answers, by status", requests.clone());
        let refused = Family::<Why, Counter>::default();
        registry.register("refused", "Requests that never reached the gate, by what refused them", refused.clone());
        let (connections, sessions) = (Gauge::default(), Gauge::default());
        registry.register("connections", "Open connections", connections.clone());
        registry.register("sessions", "Open sessions of the older protocol", sessions.clone());
        Self { registry: all, requests, refused, connections, sessions }
    }

    /// A request was answered so.
    pub(super) fn answered(&self, status: StatusCode) {
        self.requests.get_or_create(&Status { status: status.as_u16().into() }).inc();
    }

    /// A request was refused at the door.
    pub(super) fn refused(&self, why: &'static str) {
        self.refused.get_or_create(&Why { why }).inc();
    }

    /// All of it as text.
    pub(super) fn page(&self, connections: usize, sessions: usize) -> Response {
        self.connections.set(i64::try_from(connections).unwrap_or(i64::MAX));
        self.sessions.set(i64::try_from(sessions).unwrap_or(i64::MAX));
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => ([(header::CONTENT_TYPE, FORM)], text).into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_page_says_what_was_counted() {
        let number = |tool: &str, value| Number {
            name: "calls_granted",
            help: "Calls that were let through",
            labels: vec![("tool", tool.to_owned())],
            value,
        };
        let metrics = Metrics::new(Arc::new(move || vec![number("Click", 3), number("Type", 4)]));
        metrics.answered(StatusCode::OK);
        metrics.answered(StatusCode::OK);
        metrics.refused("key");
        let page = metrics.page(3, 2).into_body();
        let text = axum::body::to_bytes(page, 10_000).await.unwrap();
        let text = String::from_utf8(text.to_vec()).unwrap();
        for line in [
            "portcullis_http_requests_total{status=\"200\"} 2",
            "portcullis_http_refused_total{why=\"key\"} 1",
            "portcullis_http_connections 3",
            "portcullis_http_sessions 2",
            "portcullis_calls_granted_total{tool=\"Click\"} 3",
            "portcullis_calls_granted_total{tool=\"Type\"} 4",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
