//! Logs go to standard error, never to standard output, which belongs to the protocol.

use crate::cli::LogLevel;
use std::io::Write;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How the names of our crates begin.
const OURS: &str = "portcullis";

/// Starts logging, and turns panics into log lines.
pub(crate) fn start(level: LogLevel) {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    // Libraries write down what they carry, which holds typed and read text; only what we say ourselves is logged.
    let ours = Targets::new().with_target(OURS, level);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    tracing_subscriber::registry().with(lines).with(ours).init();
    std::panic::set_hook(Box::new(|panic| {
        // A panic's message may hold data of a call; its place alone is safe to write down.
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        tracing::error!(place, "panic");
    }));
}

/// One plain line on standard error: for a start that fails.
pub(crate) fn complain(message: &str) {
    // When standard error is closed there is nobody to tell; the exit code says it.
    let _ = writeln!(std::io::stderr(), "portcullis: {message}");
}

/// One JSON line on standard error: for programs that start the server and wait for it.
pub(crate) fn announce(value: &serde_json::Value) {
    let _ = writeln!(std::io::stderr(), "{value}");
}
