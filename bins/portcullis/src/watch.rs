//! What an owner is told while a server runs: alerts, on standard error and in the system's log of events; numbers, for
//! `/metrics`; and once at the start whether the chains that lie there are whole. What makes an alert is decided in `audit`.

use crate::cli::AnchorFlags;
use crate::machine::Machine;
use portcullis_audit::{
    Alert, AlertKind, AlertSink, AlertingLedger, Anchor, AnchorPlace, AuditKey, CountingLedger, FileLedger,
    verify_folder_until,
};
use portcullis_config::DataFolder;
use portcullis_model::{Cancel, CancelReason, Ledger, visible};
use portcullis_platform::{EventGravity, EventLogPort};
use portcullis_server::{Number, Numbers};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Findings that one check of the chains tells.
const FINDING_CAP: usize = 5;
/// Characters of what is said of one.
const FINDING_LENGTH: usize = 300;
/// After what time a finding is looked at again: another server may have been in the middle of its line.
const SECOND_LOOK: Duration = Duration::from_secs(2);

/// A ledger with all that watches it.
pub(crate) struct Watched {
    /// What the gate writes to.
    pub(crate) ledger: Arc<dyn Ledger>,
    alerts: Arc<AlertingLedger>,
    /// What `/metrics` says of it.
    pub(crate) numbers: Numbers,
    checking: Option<Checking>,
}

/// The thread that looks at the chains, and the word that ends it.
struct Checking(Cancel, JoinHandle<()>);

/// Standard error, as every warning.
struct Logged;

impl AlertSink for Logged {
    fn raise(&self, alert: &Alert) {
        tracing::warn!(kind = alert.kind.word(), "alert: {alert}");
    }
}

/// The system's log of events.
struct Evented {
    events: Arc<dyn EventLogPort>,
    failed: AtomicBool,
}

impl AlertSink for Evented {
    fn raise(&self, alert: &Alert) {
        let gravity = match alert.kind {
            AlertKind::Unrecorded | AlertKind::Broken => EventGravity::Error,
            AlertKind::Denials | AlertKind::Stopped => EventGravity::Warning,
            AlertKind::Alter => EventGravity::Information,
        };
        if let Err(fault) = self.events.write(alert.kind.event_id(), gravity, &alert.to_string())
            && !self.failed.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(%fault, "alerts do not reach the system's log of events; standard error has them");
        }
    }
}

impl Watched {
    /// Watches what is written to the ledger. A machine without a log of events has standard error alone.
    pub(crate) fn new(machine: &dyn Machine, ledger: FileLedger) -> Self {
        let mut sinks: Vec<Box<dyn AlertSink>> = vec![Box::new(Logged)];
        if let Ok(owner) = machine.owner_ports() {
            sinks.push(Box::new(Evented { events: owner.events, failed: AtomicBool::new(false) }));
        }
        let alerts = Arc::new(AlertingLedger::new(Arc::new(ledger), sinks));
        let counting = Arc::new(CountingLedger::new(alerts.clone()));
        let (counted, alerted) = (Arc::clone(&counting), alerts.counts());
        let numbers: Numbers = Arc::new(move || {
            let calls = counted.counts();
            let number = |name, help, labels, value| Number { name, help, labels, value };
            let granted = calls.granted.into_iter().map(|(tool, value)| {
                number("calls_granted", "Calls that were let through", vec![("tool", tool)], value)
            });
            let denied = calls.denied.into_iter().map(|((tool, code), value)| {
                number("calls_denied", "Calls that were refused", vec![("tool", tool), ("code", code)], value)
            });
            let finished = calls.finished.into_iter().map(|(result, value)| {
                number("calls_finished", "How calls that were let through ended", vec![("result", result)], value)
            });
            let alerts = alerted.all().map(|(kind, value)| {
                number("alerts", "What an owner should look at", vec![("kind", kind.word().to_owned())], value)
            });
            granted.chain(denied).chain(finished).chain(alerts).collect()
        });
        Self { ledger: counting, alerts, numbers, checking: None }
    }

    /// Looks once, on a thread of its own, whether the chains of the folder are whole.
    pub(crate) fn check_chains(&mut self, folder: PathBuf, key: AuditKey) -> std::io::Result<()> {
        let (alerts, ended) = (Arc::clone(&self.alerts), Cancel::new());
        let until = ended.clone();
        let look = move || {
            let first = findings(&folder, &key, &until);
            if first.is_empty() || until.wait(SECOND_LOOK).is_err() {
                return;
            }
            let again = findings(&folder, &key, &until);
            for finding in first.iter().filter(|finding| again.contains(finding)).take(FINDING_CAP) {
                alerts.broken(finding.clone());
            }
        };
        let thread = std::thread::Builder::new().name("audit-check".to_owned()).spawn(look)?;
        self.checking = Some(Checking(ended, thread));
        Ok(())
    }

    /// Ends what still looks, since no thread may be at work when the process ends.
    pub(crate) fn end(self) {
        if let Some(Checking(ended, thread)) = self.checking {
            ended.cancel(CancelReason::Shutdown);
            // A look that panicked has nothing more to tell.
            let _ = thread.join();
        }
    }
}

/// The system's log of events as a place of the anchor.
struct AnchorEvents(Arc<dyn EventLogPort>);

/// The number of an event that is a line of the anchor; alerts have those below.
const ANCHOR_EVENT: u32 = 100;

impl AnchorPlace for AnchorEvents {
    fn append(&mut self, line: &str) -> std::io::Result<()> {
        let written = self.0.write(ANCHOR_EVENT, EventGravity::Information, line.trim_end());
        written.map_err(|fault| std::io::Error::other(fault.to_string()))
    }
}

/// The anchor in the places that the flags name; it may have none.
pub(crate) fn anchor(machine: &dyn Machine, data: &DataFolder, flags: &AnchorFlags) -> anyhow::Result<Anchor> {
    let mut anchor = Anchor::default();
    if let Some(path) = &flags.audit_anchor {
        anchor = anchor.also(data.open_anchor(path)?);
    }
    if flags.audit_anchor_events {
        anchor = anchor.also(AnchorEvents(machine.owner_ports()?.events));
    }
    Ok(anchor)
}

/// What is wrong with the chains of a folder, one line each.
fn findings(folder: &Path, key: &AuditKey, until: &Cancel) -> Vec<String> {
    match verify_folder_until(folder, key, until) {
        Err(_) if until.check().is_err() => Vec::new(),
        Err(error) => vec![visible(&format!("the record cannot be read: {error}"), FINDING_LENGTH)],
        Ok(reports) => reports
            .into_iter()
            .filter_map(|report| {
                let finding = report.finding?;
                Some(visible(&format!("{}, line {}: {}", report.file, finding.line, finding.problem), FINDING_LENGTH))
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_audit::verify_anchored;
    use portcullis_config::create_for_owner;
    use portcullis_model::ServerStarted;
    use portcullis_platform_fake::FakeOwner;

    #[test]
    fn what_the_log_of_events_holds_is_an_anchor_to_verify_with() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path().join("data")).unwrap();
        let owner = FakeOwner::default();
        let key_file = data.ensure_audit_key().unwrap();
        let started = ServerStarted {
            version: "0".to_owned(),
            process: 1,
            transport: "stdio".to_owned(),
            policy: portcullis_model::Digest::of(b""),
            predecessors: Vec::new(),
            excess_rights: None,
        };
        let anchor = Anchor::default().also(AnchorEvents(owner.ports().events));
        let key = AuditKey::read(&key_file).unwrap();
        drop(FileLedger::open_anchored(&data.audit(), key, started, create_for_owner, anchor).unwrap());
        let events = owner.events();
        assert!(events.iter().all(|(number, gravity, _)| (*number, *gravity) == (100, EventGravity::Information)));
        let lines: Vec<String> = events.into_iter().map(|(_, _, line)| line + "\n").collect();
        let copied = folder.path().join("copied");
        std::fs::write(&copied, lines.concat()).unwrap();
        let key = AuditKey::read(&key_file).unwrap();
        assert!(verify_anchored(&data.audit(), &key, Some(&copied)).unwrap().is_whole());
        for chain in std::fs::read_dir(data.audit()).unwrap() {
            std::fs::remove_file(chain.unwrap().path()).unwrap();
        }
        assert!(!verify_anchored(&data.audit(), &key, Some(&copied)).unwrap().is_whole(), "the chain is gone");
    }
}
