//! The ledger of decisions and outcomes: JSON lines in a keyed hash chain, one file for each server process, and the
//! verifier that finds what was changed, taken out, put in or moved. What may be written is decided by the record types
//! of `model`; nothing here sees an argument or a reply.

mod chain;
mod file;
mod key;
mod verify;

pub use chain::FORMAT_VERSION;
pub use file::{FileLedger, LedgerError};
pub use key::AuditKey;
pub use verify::{FileReport, Finding, verify_file, verify_folder};
