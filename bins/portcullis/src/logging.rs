//! The log: standard error, never standard output, which belongs to the protocol; and, where the owner says so, files. Every
//! line passes here, so that secrets are masked in one place.

mod files;

use crate::cli::LogLevel;
use files::LogFiles;
use portcullis_gate::Redactor;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How the names of our crates begin.
const OURS: &str = "portcullis";

/// What is masked, from the moment on when the secrets are known.
static MASKED: OnceLock<Redactor> = OnceLock::new();
/// The files, once there are any.
static FILES: Mutex<Option<LogFiles>> = Mutex::new(None);

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
    let lines = tracing_subscriber::fmt::layer().with_writer(|| Lines).with_ansi(false);
    tracing_subscriber::registry().with(lines).with(ours).init();
    std::panic::set_hook(Box::new(|panic| {
        // A panic's message may hold data of a call; its place alone is safe to write down.
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        tracing::error!(place, "panic");
    }));
}

/// Masks these secrets in every line from now on. The first call counts; a process serves one configuration.
pub(crate) fn mask(secrets: Redactor) {
    let _ = MASKED.set(secrets);
}

/// Keeps every line from now on in files in this folder as well.
pub(crate) fn keep(folder: PathBuf) -> std::io::Result<()> {
    let files = LogFiles::open(folder)?;
    *FILES.lock().unwrap_or_else(PoisonError::into_inner) = Some(files);
    Ok(())
}

/// One plain line: for a start that fails, and for what an owner at the console wants to know.
pub(crate) fn complain(message: &str) {
    write(&format!("portcullis: {message}\n"));
}

/// One JSON line on standard error alone: for programs that start the server and wait for it.
pub(crate) fn announce(value: &serde_json::Value) {
    let _ = writeln!(std::io::stderr(), "{value}");
}

/// What the formatter writes an event to, whole.
struct Lines;

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        write(&String::from_utf8_lossy(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn write(line: &str) {
    // Before the secrets are known, keys are masked by their form.
    let line = MASKED.get().unwrap_or(&Redactor::default()).line(line);
    // When standard error is closed there is nobody to tell; the exit code and the files say it.
    let _ = std::io::stderr().write_all(line.as_bytes());
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(failed) = files.as_mut().and_then(|files| files.append(line.as_bytes()).err()) else { return };
    *files = None;
    let _ = writeln!(std::io::stderr(), "portcullis: the log is kept in files no longer: {failed}");
}
