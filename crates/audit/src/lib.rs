//! The ledger of decisions and outcomes: JSON lines in a keyed hash chain, one file for each server process, and the
//! verifier that finds what was changed, taken out, put in or moved. What may be written is decided by the record types
//! of `model`; nothing here sees an argument or a reply.

mod alert;
mod anchor;
mod chain;
mod count;
mod export;
mod file;
mod folder;
mod follow;
mod key;
mod report;
mod rows;
mod verify;

pub use alert::{Alert, AlertCounts, AlertKind, AlertSink, AlertingLedger, DENIALS_IN_A_ROW, QUIET, WATCHED_CAP};
pub use anchor::{ANCHOR_EVERY, ANCHOR_LINES, Anchor, AnchorPlace, AnchorReport};
pub use chain::FORMAT_VERSION;
pub use count::{CallCounts, CountingLedger};
pub use export::{export_csv, export_jsonl};
pub use file::{FILE_SIZE, FileLedger, LedgerError};
pub use follow::{Follower, POLL_CAP};
pub use key::AuditKey;
pub use report::{REPORT_ROWS, report_html};
pub use rows::{LIST_CAP, OPEN_CALLS_CAP, RESULTS, Row, RowFilter, Rows, TEXT_CAP, read_rows, visible};
pub use verify::{
    Continued, FileReport, Finding, FolderReport, verify_anchored, verify_file, verify_folder, verify_folder_until,
};
