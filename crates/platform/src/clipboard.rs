//! The clipboard's text.

use crate::{Permit, PortResult};
use portcullis_model::{Deadline, Untrusted};

/// What the clipboard holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClipboardContent {
    /// Text.
    Text(Untrusted),
    /// Nothing.
    Empty,
    /// Something else; the names of its formats.
    Other(Vec<String>),
}

/// The clipboard.
pub trait ClipboardPort: Send + Sync {
    /// A number that changes with every change of the clipboard. No content, so no permit.
    fn sequence(&self) -> u32;

    /// What it holds. Needs `ReadClipboard`. Waits for another holder until the deadline. What its owner marked as not to
    /// be read by others, as password managers do, is `Secret`.
    fn read(&self, permit: &Permit, deadline: Deadline) -> PortResult<ClipboardContent>;

    /// Replaces it by text. Needs `WriteClipboard`. After `Hung` it was not replaced and will not be; after `Interrupted`
    /// it may still be.
    fn write(&self, permit: &Permit, text: &str, deadline: Deadline) -> PortResult<()>;
}
